/* harness.h - runs statements on an engine and collects what comes, for the engines' unit tests.
 *
 *   struct tn_test_env env;                      the calling thread is the worker
 *   tn_test_env_init(&env);
 *   struct tn_cluster *cluster = tn_test_cluster(&env, "engine: sqlite, databasePath: /tmp/x.db");
 *   struct tn_conn *conn = tn_test_connect(&env, cluster, NULL);
 *   char *text = tn_test_sql(&env, conn, "SELECT 1, 'a'");  "1|a\n" (free it), or "ERROR 42P01: no such table: t"
 *
 * For more than the rows: tn_test_run_init(), set fields of `run`, tn_test_start(), tn_test_wait(), look, tn_test_run_reset(). */
#ifndef TN_TESTS_HARNESS_H
#define TN_TESTS_HARNESS_H

#include "base/alloc.h"
#include "base/buf.h"
#include "base/civil.h"
#include "base/clock.h"
#include "engine/blocking.h"
#include "engine/cluster.h"
#include "engine/engine.h"
#include "loop/offload.h"
#include "loop/worker.h"

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct tn_test_env {
    struct tn_worker  *worker;
    struct tn_offload *pool;
    ev_timer           tick; /* so that waiting has an end */
};

struct tn_test_run {
    struct tn_run      run;
    struct tn_features features;
    struct tn_encoder  encoder;
    struct tn_buf      rows;        /* one line per row: values separated by `|`, null as NULL */
    struct tn_buf      events;      /* p params, c columns, k chunk, n notice, d done */
    char               columns[2048]; /* "a:bigint b:text"; "none" for columns(NULL) */
    char               params[256];  /* OIDs "0 23 25" */
    bool               done;
    bool               hold;         /* do not credit chunks: tn_test_credit() does */
    bool               keep;         /* false: rows are counted, not kept */
    unsigned           chunks, most_uncredited;
    uint64_t           columns_us;   /* when they came */
    size_t             most_bytes;   /* of one chunk */
};

/* ---- values as text ---- */

static inline void tn_test_put_date(struct tn_buf *out, int64_t days)
{
    struct tn_civil c = tn_civil_from_days(days);

    tn_buf_printf(out, "%04d-%02u-%02u", (int)c.year, c.month, c.day);
}

static inline void tn_test_put_time(struct tn_buf *out, int64_t us)
{
    tn_buf_printf(out, "%02d:%02d:%02d", (int)(us / 3600000000), (int)(us / 60000000 % 60), (int)(us / 1000000 % 60));
    if (us % 1000000 != 0)
        tn_buf_printf(out, ".%06d", (int)(us % 1000000));
}

static inline void tn_test_put_timestamp(struct tn_buf *out, int64_t us)
{
    int64_t days = tn_floor_div(us, INT64_C(86400000000));

    if (us == INT64_MAX || us == INT64_MIN) {
        tn_buf_puts(out, us > 0 ? "infinity" : "-infinity");
        return;
    }
    tn_test_put_date(out, days);
    tn_buf_puts(out, " ");
    tn_test_put_time(out, us - days * INT64_C(86400000000));
}

static inline void tn_test_put_decimal(struct tn_buf *out, const void *value, size_t size, int scale)
{
    char     digits[64];
    size_t   n = 0;
    uint64_t low, high = 0;
    bool     negative;

    if (size == 16) {
        memcpy(&low, value, 8);
        memcpy(&high, (const char *)value + 8, 8);
        negative = (int64_t)high < 0;
    } else {
        int64_t narrow = 0;

        if (size == 8) {
            memcpy(&narrow, value, 8);
        } else {
            int32_t n32;

            memcpy(&n32, value, 4);
            narrow = n32;
        }
        low = (uint64_t)narrow;
        high = narrow < 0 ? UINT64_MAX : 0;
        negative = narrow < 0;
    }
    if (negative) {
        low = ~low + 1;
        high = ~high + (low == 0 ? 1 : 0);
    }
    do { /* 128-bit by ten, in four 32-bit parts */
        uint32_t parts[4] = {(uint32_t)(high >> 32), (uint32_t)high, (uint32_t)(low >> 32), (uint32_t)low};
        uint64_t rest = 0;

        for (int i = 0; i < 4; i++) {
            uint64_t cur = rest << 32 | parts[i];

            parts[i] = (uint32_t)(cur / 10);
            rest = cur % 10;
        }
        high = (uint64_t)parts[0] << 32 | parts[1];
        low = (uint64_t)parts[2] << 32 | parts[3];
        digits[n++] = (char)('0' + rest);
        if ((int)n == scale)
            digits[n++] = '.';
    } while (high != 0 || low != 0 || (scale > 0 && (int)n < scale + 2));
    if (negative)
        tn_buf_puts(out, "-");
    while (n > 0)
        tn_buf_put_u8(out, (uint8_t)digits[--n]);
}

#define TN_TEST_READ(type, var) \
    type var;                   \
    memcpy(&var, (const char *)values + (size_t)row * sizeof var, sizeof var)

static inline void tn_test_put_fixed(struct tn_buf *out, const struct tn_column *column, const void *values, int64_t row)
{
    switch (column->type) {
    case TN_TYPE_BOOL: tn_buf_puts(out, tn_bit_get(values, row) ? "t" : "f"); break;
    case TN_TYPE_INT8: { TN_TEST_READ(int8_t, v); tn_buf_printf(out, "%d", v); break; }
    case TN_TYPE_INT16: { TN_TEST_READ(int16_t, v); tn_buf_printf(out, "%d", v); break; }
    case TN_TYPE_INT32: { TN_TEST_READ(int32_t, v); tn_buf_printf(out, "%" PRId32, v); break; }
    case TN_TYPE_INT64: { TN_TEST_READ(int64_t, v); tn_buf_printf(out, "%" PRId64, v); break; }
    case TN_TYPE_UINT8: { TN_TEST_READ(uint8_t, v); tn_buf_printf(out, "%u", v); break; }
    case TN_TYPE_UINT16: { TN_TEST_READ(uint16_t, v); tn_buf_printf(out, "%u", v); break; }
    case TN_TYPE_UINT32: { TN_TEST_READ(uint32_t, v); tn_buf_printf(out, "%" PRIu32, v); break; }
    case TN_TYPE_UINT64: { TN_TEST_READ(uint64_t, v); tn_buf_printf(out, "%" PRIu64, v); break; }
    case TN_TYPE_FLOAT32: { TN_TEST_READ(float, v); tn_buf_printf(out, "%.9g", (double)v); break; }
    case TN_TYPE_FLOAT64: { TN_TEST_READ(double, v); tn_buf_printf(out, "%.17g", v); break; }
    case TN_TYPE_DECIMAL32: tn_test_put_decimal(out, (const char *)values + row * 4, 4, column->scale); break;
    case TN_TYPE_DECIMAL64: tn_test_put_decimal(out, (const char *)values + row * 8, 8, column->scale); break;
    case TN_TYPE_DECIMAL128: tn_test_put_decimal(out, (const char *)values + row * 16, 16, column->scale); break;
    case TN_TYPE_DATE: { TN_TEST_READ(int32_t, v); tn_test_put_date(out, v); break; }
    case TN_TYPE_TIME: { TN_TEST_READ(int64_t, v); tn_test_put_time(out, v); break; }
    case TN_TYPE_TIMESTAMP: { TN_TEST_READ(int64_t, v); tn_test_put_timestamp(out, v); break; }
    case TN_TYPE_TIMESTAMPTZ: { TN_TEST_READ(int64_t, v); tn_test_put_timestamp(out, v); tn_buf_puts(out, "+00"); break; }
    case TN_TYPE_TIMETZ: {
        int64_t us;
        int32_t east;

        memcpy(&us, (const char *)values + row * 12, 8);
        memcpy(&east, (const char *)values + row * 12 + 8, 4);
        tn_test_put_time(out, us);
        tn_buf_printf(out, "%+d", (int)east);
        break;
    }
    case TN_TYPE_INTERVAL: {
        struct tn_interval v;

        memcpy(&v.months, (const char *)values + row * 16, 4);
        memcpy(&v.days, (const char *)values + row * 16 + 4, 4);
        memcpy(&v.nanoseconds, (const char *)values + row * 16 + 8, 8);
        tn_buf_printf(out, "%dm%dd%" PRId64 "ns", (int)v.months, (int)v.days, v.nanoseconds);
        break;
    }
    case TN_TYPE_UUID:
        for (int i = 0; i < 16; i++)
            tn_buf_printf(out, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
                          ((const uint8_t *)values)[row * 16 + i]);
        break;
    default: tn_buf_puts(out, "?"); break;
    }
}

static inline void tn_test_put_value(struct tn_buf *out, const struct tn_column *column, const struct ArrowArray *array,
                                     int64_t row)
{
    const uint8_t *valid = array->n_buffers > 0 ? array->buffers[0] : NULL;

    row += array->offset;
    if (column->type == TN_TYPE_NULL || (valid != NULL && !tn_bit_get(valid, row))) {
        tn_buf_puts(out, "NULL");
    } else if (tn_type_is_text(column->type)) {
        const int32_t *offsets = array->buffers[1];
        const char    *data = (const char *)array->buffers[2] + offsets[row];

        if (column->type == TN_TYPE_BYTES) {
            tn_buf_puts(out, "\\x");
            for (int32_t i = 0; i < offsets[row + 1] - offsets[row]; i++)
                tn_buf_printf(out, "%02x", (unsigned)(unsigned char)data[i]);
        } else {
            tn_buf_append(out, data, (size_t)(offsets[row + 1] - offsets[row]));
        }
    } else {
        tn_test_put_fixed(out, column, array->buffers[1], row);
    }
}

static inline enum tn_status tn_test_encode(const struct tn_encoder *encoder, const struct tn_batch *batch, int64_t *row,
                                            size_t target, struct tn_buf *out, struct tn_error *err)
{
    (void)encoder;
    (void)err;
    do {
        for (size_t i = 0; i < batch->schema->count; i++) {
            if (i > 0)
                tn_buf_puts(out, "|");
            tn_test_put_value(out, &batch->schema->columns[i], batch->columns[i], *row);
        }
        tn_buf_puts(out, "\n");
    } while (++*row < batch->rows && out->len < target);
    return TN_OK;
}

static const struct tn_encoder_ops tn_test_encoder_ops = {.name = "test", .batch = tn_test_encode};

/* ---- events ---- */

static inline void tn_test_on_params(struct tn_run *run, size_t count, const uint32_t *oids)
{
    struct tn_test_run *r = run->owner;
    size_t              at = 0;

    tn_buf_puts(&r->events, "p");
    for (size_t i = 0; i < count && at < sizeof r->params; i++)
        at += (size_t)snprintf(r->params + at, sizeof r->params - at, "%s%" PRIu32, i > 0 ? " " : "", oids[i]);
}

static inline void tn_test_on_columns(struct tn_run *run, const struct tn_schema *schema)
{
    struct tn_test_run *r = run->owner;
    size_t              at = 0;

    r->columns_us = tn_clock_us();
    tn_buf_puts(&r->events, "c");
    if (schema == NULL)
        snprintf(r->columns, sizeof r->columns, "none");
    for (size_t i = 0; schema != NULL && i < schema->count && at < sizeof r->columns; i++)
        at += (size_t)snprintf(r->columns + at, sizeof r->columns - at, "%s" TN_STR_FMT ":%s", i > 0 ? " " : "",
                               TN_STR_ARG(schema->columns[i].name), tn_type_name(schema->columns[i].type));
}

static inline void tn_test_on_chunk(struct tn_run *run, struct tn_chunk *chunk)
{
    struct tn_test_run *r = run->owner;

    r->chunks++;
    tn_buf_puts(&r->events, "k");
    r->most_uncredited = TN_MAX(r->most_uncredited, run->uncredited);
    r->most_bytes = TN_MAX(r->most_bytes, chunk->bytes.len);
    if (r->keep)
        tn_buf_append(&r->rows, chunk->bytes.data, chunk->bytes.len);
    tn_chunk_free(chunk);
    if (!r->hold)
        tn_run_credit(run);
}

static inline void tn_test_on_notice(struct tn_run *run, const char *fields, size_t len)
{
    struct tn_test_run *r = run->owner;

    (void)fields;
    (void)len;
    tn_buf_puts(&r->events, "n");
}

static inline void tn_test_on_done(struct tn_run *run)
{
    struct tn_test_run *r = run->owner;

    tn_buf_puts(&r->events, "d");
    r->done = true;
}

static const struct tn_run_events tn_test_events = {
    .params = tn_test_on_params,
    .columns = tn_test_on_columns,
    .chunk = tn_test_on_chunk,
    .notice = tn_test_on_notice,
    .done = tn_test_on_done,
};

/* ---- the worker ---- */

static inline void tn_test_on_tick(struct ev_loop *loop, ev_timer *timer, int revents)
{
    (void)loop;
    (void)timer;
    (void)revents;
}

static inline void tn_test_env_init(struct tn_test_env *env)
{
    if (tn_worker_new(&env->worker, 0, NULL) != TN_OK || tn_offload_new(&env->pool, 8, NULL) != TN_OK)
        abort(); /* may be called outside of a test, where CUnit cannot fail */
    tn_blocking_use(env->pool);
    ev_timer_init(&env->tick, tn_test_on_tick, 0.005, 0.005);
    ev_timer_start(env->worker->loop, &env->tick);
}

/* One turn of the loop, 5 ms at most. */
static inline void tn_test_turn(struct tn_test_env *env)
{
    ev_run(env->worker->loop, EVRUN_ONCE);
}

static inline bool tn_test_until(struct tn_test_env *env, const bool *flag, unsigned timeout_ms)
{
    uint64_t end = tn_clock_us() + timeout_ms * UINT64_C(1000);

    while (!*flag && tn_clock_us() < end)
        tn_test_turn(env);
    return *flag;
}

static inline void tn_test_sleep(struct tn_test_env *env, unsigned ms)
{
    const bool never = false;

    tn_test_until(env, &never, ms);
}

/* Turns until CONDITION holds, and says so; a minute at most: machines may be busy. */
#define TN_TEST_WAIT(env, condition)                             \
    do {                                                         \
        uint64_t tn_until_us = tn_clock_us() + UINT64_C(60000000); \
        while (!(condition) && tn_clock_us() < tn_until_us)      \
            tn_test_turn(env);                                   \
        CU_ASSERT(condition);                                    \
    } while (0)

/* All connections must have been disconnected, all clusters given back. */
static inline void tn_test_env_free(struct tn_test_env *env)
{
    tn_test_sleep(env, 20);
    tn_offload_free(env->pool);
    ev_timer_stop(env->worker->loop, &env->tick);
    tn_worker_free(env->worker);
}

/* BODY: the options of one cluster, comma separated, in YAML's flow style. NULL, and ERR, when it cannot be opened. */
static inline struct tn_cluster *tn_test_open(const char *body, struct tn_error *err)
{
    char               yaml[4096];
    struct tn_config  *config;
    struct tn_problems problems;
    struct tn_cluster *cluster = NULL;

    snprintf(yaml, sizeof yaml,
             "clusters:\n  c1: { %s }\nclusterGroups:\n  g: { members: [c1] }\nroutingFallback: g\n", body);
    tn_problems_init(&problems, "test");
    if (tn_config_parse(&config, "test", tn_str(yaml), &problems) != TN_OK) {
        for (size_t i = 0; i < problems.count; i++)
            fprintf(stderr, "config: %s: %s\n", problems.items[i].path, problems.items[i].text);
        abort();
    }
    tn_problems_reset(&problems);
    if (tn_cluster_new(&cluster, config, &config->clusters[0], err) != TN_OK && cluster != NULL)
        abort();
    tn_config_unref(config);
    return cluster;
}

static inline struct tn_cluster *tn_test_cluster(const char *body)
{
    struct tn_error    err = TN_ERROR_INIT;
    struct tn_cluster *cluster = tn_test_open(body, &err);

    if (cluster == NULL)
        fprintf(stderr, "open: %s %s\n", err.sqlstate, err.message);
    if (cluster == NULL)
        abort();
    tn_error_reset(&err);
    return cluster;
}

struct tn_test_connecting {
    bool             done;
    bool             ok;
    struct tn_error *err;
};

static inline void tn_test_on_connected(struct tn_conn *conn, const struct tn_error *err, void *owner)
{
    struct tn_test_connecting *c = owner;

    (void)conn;
    c->done = true;
    c->ok = err == NULL;
    if (err != NULL && c->err != NULL) {
        *c->err = *err;
        c->err->fields = NULL;
        c->err->fields_len = 0;
    }
}

/* NULL when it was refused: ERR (may be NULL) says why. */
static inline struct tn_conn *tn_test_connect(struct tn_test_env *env, struct tn_cluster *cluster, struct tn_error *err)
{
    struct tn_test_connecting c = {.err = err};
    struct tn_conn *conn = cluster->ops->connect(cluster, env->worker, tn_test_on_connected, &c);

    if (conn == NULL || !tn_test_until(env, &c.done, 120000))
        abort();
    if (!c.ok) {
        cluster->ops->disconnect(conn);
        return NULL;
    }
    return conn;
}

static inline void tn_test_disconnect(struct tn_conn *conn)
{
    conn->cluster->ops->disconnect(conn);
}

/* ---- runs ---- */

static inline void tn_test_run_init(struct tn_test_run *r, const char *sql)
{
    memset(r, 0, sizeof *r);
    tn_buf_init(&r->rows, (size_t)1 << 30);
    tn_buf_init(&r->events, (size_t)1 << 20);
    r->encoder.ops = &tn_test_encoder_ops;
    r->keep = true;
    r->run.sql = tn_str(sql);
    tn_features_read(&r->features, r->run.sql, TN_DIALECT_POSTGRES);
    r->run.features = &r->features;
    r->run.encoder = &r->encoder;
    r->run.events = &tn_test_events;
    r->run.owner = r;
}

static inline void tn_test_run_reset(struct tn_test_run *r)
{
    tn_buf_reset(&r->rows);
    tn_buf_reset(&r->events);
    tn_error_reset(&r->run.error);
}

static inline void tn_test_start(struct tn_test_run *r, struct tn_conn *conn)
{
    tn_run_start(&r->run, conn);
}

static inline void tn_test_wait(struct tn_test_env *env, struct tn_test_run *r)
{
    if (!tn_test_until(env, &r->done, 600000))
        abort();
}

/* Until COUNT chunks have come, and then some time in which no more should. */
static inline void tn_test_wait_chunks(struct tn_test_env *env, struct tn_test_run *r, unsigned count, unsigned more_ms)
{
    uint64_t end = tn_clock_us() + UINT64_C(60000000);

    while (r->chunks < count && !r->done && tn_clock_us() < end)
        tn_test_turn(env);
    tn_test_sleep(env, more_ms);
}

/* With `hold`: one chunk was consumed. */
static inline void tn_test_credit(struct tn_test_run *r)
{
    tn_run_credit(&r->run);
}

static inline char *tn_test_result(const struct tn_test_run *r)
{
    char  *text;
    size_t size;

    if (r->run.error.status == TN_OK)
        return tn_strndup(r->rows.len > 0 ? r->rows.data : "", r->rows.len);
    size = strlen(r->run.error.message) + 64;
    text = tn_malloc(size);
    if (text != NULL)
        snprintf(text, size, "ERROR %s: %s", r->run.error.sqlstate, r->run.error.message);
    return text;
}

static inline char *tn_test_sql_params(struct tn_test_env *env, struct tn_conn *conn, const char *sql,
                                       const struct tn_param *params, size_t count)
{
    struct tn_test_run r;
    char              *text;

    tn_test_run_init(&r, sql);
    r.run.params = (struct tn_params){.count = count, .items = params};
    r.run.extended = count > 0;
    tn_test_start(&r, conn);
    tn_test_wait(env, &r);
    text = tn_test_result(&r);
    tn_test_run_reset(&r);
    return text;
}

static inline char *tn_test_sql(struct tn_test_env *env, struct tn_conn *conn, const char *sql)
{
    return tn_test_sql_params(env, conn, sql, NULL, 0);
}

/* Runs and compares; on a difference prints both. */
static inline bool tn_test_same(struct tn_test_env *env, struct tn_conn *conn, const char *sql, const char *expected)
{
    char *got = tn_test_sql(env, conn, sql);
    bool  same = got != NULL && strcmp(got, expected) == 0;

    if (!same)
        fprintf(stderr, "\n%s\n  expected: %s\n  got:      %s\n", sql, expected, got != NULL ? got : "(no memory)");
    tn_free(got);
    return same;
}

#define TN_TEST_SQL(env, conn, sql, expected) CU_ASSERT(tn_test_same((env), (conn), (sql), (expected)))

#endif
