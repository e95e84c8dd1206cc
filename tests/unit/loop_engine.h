/* loop_engine.h - an engine without threads or files, for the session's fuzzer and its fault tests only: everything it does
 * follows from the statement's text, so a finding can be run again. The real engines have tests of their own.
 *
 * The hash of the text decides: rows and chunks, whether it answers from inside start() or later in the loop turn, an error
 * of the statement or of the engine, a lost connection. It keeps the contract of engine.h: window, credit, cancel, order. */
#ifndef TN_TESTS_LOOP_ENGINE_H
#define TN_TESTS_LOOP_ENGINE_H

#include "base/alloc.h"
#include "base/hash.h"
#include "engine/cluster.h"
#include "frontend/pgwire/pgwire_write.h"
#include "result/builder.h"

#include <math.h>

struct loop_conn {
    struct tn_conn    base;
    struct tn_message connected, turn;
    struct tn_run    *run;
    bool              posted, dead;
    uint64_t          hash;
    unsigned          chunks; /* still to come */
    unsigned          results; /* behind this one, where the owner wants several */
    bool              told;
    struct tn_schema  schema; /* of what runs now */
};

static struct tn_column loop_column = {.name = {"c", 1}, .type = TN_TYPE_TEXT, .pg_oid = 25, .pg_typmod = -1, .pg_len = -1};
static struct tn_schema loop_schema = {.count = 1, .columns = &loop_column};

/* For those that write no rows of PostgreSQL's: columns from the hash on, as many as it says. */
static struct tn_column loop_wide[] = {
    {.name = {"t", 1}, .type = TN_TYPE_TEXT},      {.name = {"i", 1}, .type = TN_TYPE_INT64},
    {.name = {"s", 1}, .type = TN_TYPE_INT16},     {.name = {"u", 1}, .type = TN_TYPE_UINT64},
    {.name = {"b", 1}, .type = TN_TYPE_BOOL},      {.name = {"f", 1}, .type = TN_TYPE_FLOAT64},
    {.name = {"n", 1}, .type = TN_TYPE_NUMERIC},   {.name = {"d", 1}, .type = TN_TYPE_DATE},
    {.name = {"h", 1}, .type = TN_TYPE_TIME},      {.name = {"w", 1}, .type = TN_TYPE_TIMESTAMP},
    {.name = {"z", 1}, .type = TN_TYPE_TIMESTAMPTZ}, {.name = {"x", 1}, .type = TN_TYPE_BYTES},
    {.name = {"j", 1}, .type = TN_TYPE_JSON},      {.name = {"", 0}, .type = TN_TYPE_TEXT},
};

static inline struct tn_schema loop_schema_of(const struct loop_conn *c)
{
    size_t first = (size_t)(c->hash >> 28) % TN_ARRAY_LEN(loop_wide);
    size_t count = 1 + (size_t)(c->hash >> 40) % (TN_ARRAY_LEN(loop_wide) - first);

    return c->run->encoder == NULL || c->run->encoder->ops == NULL || c->run->encoder->pg_rows ? loop_schema : (struct tn_schema){.count = count, .columns = loop_wide + first};
}

static inline enum tn_status loop_open(struct tn_cluster *cluster, struct tn_error *err)
{
    (void)cluster;
    (void)err;
    return TN_OK;
}

/* The cluster was opened by the engine that its configuration names. */
static inline void loop_close(struct tn_cluster *cluster)
{
    tn_engine_find(cluster->conf->engine)->close(cluster);
}

static inline void loop_free(struct loop_conn *c)
{
    struct tn_cluster *cluster = c->base.cluster;

    tn_free(c);
    tn_cluster_unref(cluster);
}

static inline void loop_end(struct loop_conn *c)
{
    struct tn_run *run = c->run;

    c->run = NULL;
    c->base.state = run->error.fault == TN_FAULT_ENGINE && (c->hash & 1) != 0 ? TN_CONN_BROKEN : TN_CONN_IDLE;
    tn_run_done(run);
}

static inline struct tn_chunk *loop_chunk(uint64_t rows)
{
    struct tn_chunk *chunk = tn_chunk_new(1 << 20);
    struct tn_str    value = TN_STR("row");

    if (chunk == NULL)
        return NULL;
    for (uint64_t i = 0; i < rows; i++)
        tn_pg_put_text_row(&chunk->bytes, &value, 1);
    chunk->rows = rows;
    return chunk;
}

static inline enum tn_status loop_set(struct tn_builder *builder, size_t column, enum tn_type type, uint64_t value)
{
    static const char *const texts[] = {"", "-1.50", "a\xff\xc3", "it's", "2024-02-29", "{\"a\":[1]}"};
    uint64_t                 pick = tn_hash_mix(value);

    if (pick % 5 == 0)
        return tn_builder_null(builder, column, NULL);
    if (tn_type_is_text(type))
        return tn_builder_bytes(builder, column, tn_str(texts[pick % TN_ARRAY_LEN(texts)]), NULL);
    if (type == TN_TYPE_BOOL)
        return tn_builder_bool(builder, column, pick % 2 == 0, NULL);
    if (type == TN_TYPE_FLOAT64)
        return tn_builder_f64(builder, column, pick % 7 == 1 ? HUGE_VAL : (double)pick / 3, NULL);
    if (type == TN_TYPE_UINT64)
        return tn_builder_u64(builder, column, pick, NULL);
    return tn_builder_i64(builder, column, (int64_t)(pick % 30000), NULL);
}

/* Rows of all those types, by whatever encoder the owner has. NULL: it cannot have them, or there is no memory. */
static inline struct tn_chunk *loop_encode(const struct loop_conn *c, uint64_t rows)
{
    const struct tn_schema *schema = &c->schema;
    struct tn_builder *builder = NULL;
    struct tn_batch    batch = {.release = NULL};
    struct tn_chunk   *chunk = tn_chunk_new(1 << 20);
    int64_t            row = 0;
    bool               ok = chunk != NULL && tn_builder_new(&builder, schema, 1 << 20, NULL) == TN_OK;

    for (uint64_t i = 0; ok && i < rows; i++) {
        tn_builder_begin(builder);
        for (size_t column = 0; ok && column < schema->count; column++)
            ok = loop_set(builder, column, schema->columns[column].type, c->hash + 31 * i + column + 97 * c->chunks) == TN_OK;
        ok = ok && tn_builder_end(builder, NULL) == TN_OK;
    }
    ok = ok && tn_builder_finish(builder, &batch, NULL) == TN_OK;
    while (ok && row < batch.rows)
        ok = c->run->encoder->ops->batch(c->run->encoder, &batch, &row, SIZE_MAX, &chunk->bytes, NULL) == TN_OK && !chunk->bytes.failed;
    tn_batch_release(&batch);
    tn_builder_free(builder);
    if (ok) {
        chunk->rows = rows;
        return chunk;
    }
    tn_chunk_free(chunk);
    return NULL;
}

static inline void loop_fail(struct loop_conn *c)
{
    if (c->run->cancelled) {
        (void)tn_fail(&c->run->error, TN_E_CANCELLED, "57014", "cancelled");
        tn_error_blame(&c->run->error, TN_FAULT_CANCEL, true);
    } else {
        (void)tn_fail(&c->run->error, TN_E_ENGINE, "42601", "no");
        tn_error_blame(&c->run->error, (c->hash >> 8 & 7) == 0 ? TN_FAULT_ENGINE : TN_FAULT_QUERY, true);
    }
}

/* Goes as far as the window lets it. */
static inline void loop_go(struct loop_conn *c)
{
    struct tn_run *run = c->run;

    while (c->run == run && (run->cancelled || run->uncredited < TN_RUN_WINDOW)) {
        if (run->cancelled || (c->chunks == 0 && (c->hash >> 4 & 7) == 0)) {
            loop_fail(c);
            loop_end(c);
            return;
        }
        if (!c->told && (c->hash >> 12 & 3) != 0) {
            c->told = true;
            tn_run_columns(run, &c->schema);
            continue;
        }
        if (c->chunks == 0 && c->told && c->results > 0) {
            c->results--;
            c->told = false;
            run->events->next(run);
            continue;
        }
        if (c->chunks == 0 || !c->told) {
            loop_end(c);
            return;
        }
        c->chunks--;
        struct tn_chunk *chunk = c->schema.columns == &loop_column ? loop_chunk(1 + (c->hash >> 16 & 3)) : loop_encode(c, 1 + (c->hash >> 16 & 3));
        if (chunk == NULL) {
            loop_fail(c);
            loop_end(c);
            return;
        }
        tn_run_chunk(run, chunk);
    }
}

static inline void on_loop_turn(struct tn_message *message, struct tn_worker *worker)
{
    struct loop_conn *c = TN_CONTAINER_OF(message, struct loop_conn, turn);

    (void)worker;
    c->posted = false;
    if (c->dead)
        loop_free(c);
    else if (c->run != NULL)
        loop_go(c);
}

static inline void loop_later(struct loop_conn *c)
{
    if (c->posted)
        return;
    c->posted = true;
    tn_worker_post(c->base.worker, &c->turn);
}

static inline void on_loop_connected(struct tn_message *message, struct tn_worker *worker)
{
    struct loop_conn *c = TN_CONTAINER_OF(message, struct loop_conn, connected);

    (void)worker;
    c->posted = false;
    if (c->dead) {
        loop_free(c);
        return;
    }
    c->base.state = TN_CONN_IDLE;
    c->base.connected(&c->base, NULL, c->base.owner);
}

static inline struct tn_conn *loop_connect(struct tn_cluster *cluster, struct tn_worker *worker,
                                           void (*connected)(struct tn_conn *, const struct tn_error *, void *), void *owner)
{
    struct loop_conn *c = tn_calloc(1, sizeof *c);

    if (c == NULL)
        return NULL;
    tn_conn_init(&c->base, cluster, worker, connected, owner);
    c->connected.run = on_loop_connected;
    c->turn.run = on_loop_turn;
    c->posted = true;
    tn_worker_post(worker, &c->connected);
    return &c->base;
}

static inline void loop_disconnect(struct tn_conn *conn)
{
    struct loop_conn *c = TN_CONTAINER_OF(conn, struct loop_conn, base);

    c->dead = true;
    if (!c->posted)
        loop_free(c);
}

static inline bool loop_reset(struct tn_conn *conn)
{
    (void)conn;
    return false;
}

static inline void loop_start(struct tn_run *run)
{
    struct loop_conn *c = TN_CONTAINER_OF(run->conn, struct loop_conn, base);
    static uint32_t   oids[4] = {25, 23, 0, 20};

    c->run = run;
    c->hash = tn_hash_str(run->sql);
    c->schema = loop_schema_of(c);
    c->told = false;
    c->chunks = (unsigned)(c->hash >> 20 & 15);
    c->results = run->several ? (unsigned)(c->hash >> 24 & 1) : 0;
    if (run->kind == TN_RUN_DESCRIBE) {
        run->events->params(run, TN_MIN(run->features->param_count, 4u), oids);
        tn_run_columns(run, (c->hash >> 12 & 3) != 0 ? &c->schema : NULL);
        c->chunks = 0;
        c->told = true;
        c->hash |= UINT64_C(7) << 4;
    }
    if ((c->hash >> 2 & 1) != 0)
        loop_go(c);
    else
        loop_later(c);
}

static inline void loop_credit(struct tn_run *run)
{
    loop_later(TN_CONTAINER_OF(run->conn, struct loop_conn, base));
}

static inline void loop_cancel(struct tn_run *run)
{
    loop_later(TN_CONTAINER_OF(run->conn, struct loop_conn, base));
}

static inline bool loop_can_run(const struct tn_cluster *cluster, const struct tn_features *features, struct tn_error *why)
{
    (void)cluster;
    (void)features;
    (void)why;
    return true;
}

static const struct tn_engine_ops loop_engine TN_UNUSED = {
    .name = "loop", .dialect = TN_DIALECT_POSTGRES, .default_max_running = 4, .open = loop_open, .close = loop_close,
    .connect = loop_connect, .disconnect = loop_disconnect, .reset = loop_reset, .start = loop_start, .credit = loop_credit,
    .cancel = loop_cancel, .can_run = loop_can_run,
};

/* Of MySQL's kind, for those that ask such servers more than others. */
static const struct tn_engine_ops loop_engine_mysql TN_UNUSED = {
    .name = "loop", .dialect = TN_DIALECT_MYSQL, .default_max_running = 4, .open = loop_open, .close = loop_close,
    .connect = loop_connect, .disconnect = loop_disconnect, .reset = loop_reset, .start = loop_start, .credit = loop_credit,
    .cancel = loop_cancel, .can_run = loop_can_run,
};

#endif
