/* postgres_fixture.h - an engine connection without the rest of the program: one worker whose loop the test turns, one
 * cluster made by hand, and runs that are waited for. */
#ifndef TN_TESTS_POSTGRES_FIXTURE_H
#define TN_TESTS_POSTGRES_FIXTURE_H

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "engine/blocking.h"
#include "engine/cluster.h"
#include "loop/offload.h"

#include "postgres_server.h"

extern const struct tn_engine_ops tn_engine_postgres;

struct fixture {
    struct pg_server       server;
    struct tn_worker      *worker;
    struct tn_offload     *pool;
    struct tn_cluster_conf conf;
    struct tn_cluster      cluster;
    char                   endpoint[200];
};

/* What came of one run. */
struct outcome {
    struct tn_run    run;
    struct tn_encoder encoder;
    struct tn_features features;
    bool             done, described, no_rows;
    bool             hold;       /* credits are not given */
    bool             count_only; /* bytes are not kept */
    size_t           column_count;
    struct { char name[64]; uint32_t oid; int32_t typmod; int16_t len; uint32_t table; int16_t attr; enum tn_type type; } columns[24];
    size_t           param_count;
    uint32_t         params[8];
    struct tn_buf    rows;
    struct tn_buf    notices;
    unsigned         chunks, held, most_uncredited;
    void           (*on_chunk)(struct outcome *o);
};

struct connect_result {
    bool            answered;
    bool            ok;
    struct tn_error error;
};

static inline void turn(struct fixture *f)
{
    ev_run(f->worker->loop, EVRUN_ONCE);
}

/* Turns the loop until *FLAG; false after LIMIT_S. */
static inline void on_tick(struct ev_loop *loop, ev_timer *timer, int revents)
{
    (void)loop;
    (void)timer;
    (void)revents;
}

static inline bool wait_for(struct fixture *f, const bool *flag, double limit_s)
{
    uint64_t until = tn_clock_us() + (uint64_t)(limit_s * 1e6);
    ev_timer tick;

    ev_now_update(f->worker->loop);
    ev_timer_init(&tick, on_tick, TN_MIN(limit_s, 0.05), 0.05);
    ev_timer_start(f->worker->loop, &tick);
    while (!*flag && tn_clock_us() < until)
        turn(f);
    ev_timer_stop(f->worker->loop, &tick);
    return *flag;
}

static inline void pause_for(struct fixture *f, double s)
{
    bool never = false;

    (void)wait_for(f, &never, s);
}

static inline void on_params(struct tn_run *run, size_t count, const uint32_t *oids)
{
    struct outcome *o = run->owner;

    o->param_count = count;
    for (size_t i = 0; i < count && i < 8; i++)
        o->params[i] = oids[i];
}

static inline void on_columns(struct tn_run *run, const struct tn_schema *schema)
{
    struct outcome *o = run->owner;

    o->described = true;
    o->no_rows = schema == NULL;
    o->column_count = schema == NULL ? 0 : schema->count;
    for (size_t i = 0; i < o->column_count && i < 24; i++) {
        const struct tn_column *c = &schema->columns[i];

        tn_str_copy(o->columns[i].name, 64, c->name);
        o->columns[i].oid = c->pg_oid;
        o->columns[i].typmod = c->pg_typmod;
        o->columns[i].len = c->pg_len;
        o->columns[i].table = c->pg_table;
        o->columns[i].attr = c->pg_attr;
        o->columns[i].type = c->type;
    }
}

static inline void on_chunk(struct tn_run *run, struct tn_chunk *chunk)
{
    struct outcome *o = run->owner;

    o->chunks++;
    o->most_uncredited = TN_MAX(o->most_uncredited, run->uncredited);
    if (!o->count_only)
        tn_buf_append(&o->rows, chunk->bytes.data, chunk->bytes.len);
    tn_chunk_free(chunk);
    if (o->on_chunk != NULL)
        o->on_chunk(o);
    if (o->hold)
        o->held++;
    else
        tn_run_credit(run);
}

static inline void on_notice(struct tn_run *run, const char *fields, size_t len)
{
    struct outcome *o = run->owner;

    tn_buf_append(&o->notices, fields, len);
}

static inline void on_done(struct tn_run *run)
{
    struct outcome *o = run->owner;

    o->done = true;
}

static const struct tn_run_events fixture_events = {on_params, on_columns, on_chunk, on_notice, on_done, NULL};

static inline void outcome_reset(struct outcome *o)
{
    tn_error_reset(&o->run.error);
    tn_buf_reset(&o->rows);
    tn_buf_reset(&o->notices);
}

/* A run of SQL with all-text results, not started. */
static inline void outcome_init(struct outcome *o, const char *sql)
{
    memset(o, 0, sizeof *o);
    tn_buf_init(&o->rows, SIZE_MAX / 2);
    tn_buf_init(&o->notices, 1024 * 1024);
    o->encoder.pg_rows = true;
    o->run.sql = tn_str(sql);
    tn_features_read(&o->features, o->run.sql, TN_DIALECT_POSTGRES);
    o->run.features = &o->features;
    o->run.encoder = &o->encoder;
    o->run.events = &fixture_events;
    o->run.owner = o;
}

static inline bool finish_run(struct fixture *f, struct tn_conn *conn, struct outcome *o)
{
    tn_run_start(&o->run, conn);
    return wait_for(f, &o->done, 120);
}

/* Runs SQL; the outcome is the caller's to reset. */
static inline bool execute(struct fixture *f, struct tn_conn *conn, struct outcome *o, const char *sql)
{
    outcome_init(o, sql);
    return finish_run(f, conn, o) && o->run.error.status == TN_OK;
}

/* Runs SQL for its effect. */
static inline bool run_sql(struct fixture *f, struct tn_conn *conn, const char *sql)
{
    struct outcome o;
    bool           ok = execute(f, conn, &o, sql);

    if (!ok)
        fprintf(stderr, "%s: %s %s\n", sql, o.run.error.sqlstate, o.run.error.message);
    outcome_reset(&o);
    return ok;
}

/* Value (ROW, COLUMN) of the DataRow messages; ptr NULL for a null and for what is not there. */
static inline struct tn_str value_at(const struct outcome *o, size_t row, size_t column)
{
    const unsigned char *p = (const unsigned char *)o->rows.data, *end = p + o->rows.len;

    for (size_t r = 0; p + 7 <= end && *p == 'D'; r++) {
        uint32_t len = (uint32_t)p[1] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 8 | p[4];

        if (r == row) {
            size_t               count = (size_t)(p[5] << 8 | p[6]);
            const unsigned char *v = p + 7;

            for (size_t c = 0; c < count; c++) {
                uint32_t n = (uint32_t)v[0] << 24 | (uint32_t)v[1] << 16 | (uint32_t)v[2] << 8 | v[3];

                if (c == column)
                    return n == UINT32_MAX ? tn_str(NULL) : tn_str_n((const char *)v + 4, n);
                v += 4 + (n == UINT32_MAX ? 0 : n);
            }
            return tn_str(NULL);
        }
        p += 1 + len;
    }
    return tn_str(NULL);
}

static inline bool value_is(const struct outcome *o, size_t row, size_t column, const char *text)
{
    return tn_str_eq_c(value_at(o, row, column), text);
}

/* The one value of a query, as text in a static buffer; "" on an error. */
static inline const char *scalar(struct fixture *f, struct tn_conn *conn, const char *sql)
{
    static char    text[512];
    struct outcome o;

    text[0] = '\0';
    if (execute(f, conn, &o, sql))
        tn_str_copy(text, sizeof text, value_at(&o, 0, 0));
    else
        fprintf(stderr, "%s: %s %s\n", sql, o.run.error.sqlstate, o.run.error.message);
    outcome_reset(&o);
    return text;
}

/* Field CODE of notice or error fields; NULL = absent. */
static inline const char *field_of(const char *fields, size_t len, char code)
{
    for (size_t at = 0; at + 1 < len;) {
        if (fields[at] == code)
            return fields + at + 1;
        at += 1 + strlen(fields + at + 1) + 1;
    }
    return NULL;
}

static inline void on_connected(struct tn_conn *conn, const struct tn_error *err, void *owner)
{
    struct connect_result *r = owner;

    (void)conn;
    r->answered = true;
    r->ok = err == NULL;
    if (err != NULL) {
        r->error = *err;
        r->error.fields = NULL;
    }
}

static inline struct tn_conn *try_connect(struct fixture *f, struct connect_result *r)
{
    struct tn_conn *conn;

    memset(r, 0, sizeof *r);
    conn = tn_engine_postgres.connect(&f->cluster, f->worker, on_connected, r);
    if (conn != NULL)
        (void)wait_for(f, &r->answered, 120);
    return conn;
}

/* NULL with the reason on standard error. */
static inline struct tn_conn *connect_now(struct fixture *f)
{
    struct connect_result r;
    struct tn_conn       *conn = try_connect(f, &r);

    if (r.ok)
        return conn;
    fprintf(stderr, "connect: %s %s\n", r.error.sqlstate, r.error.message);
    if (conn != NULL)
        tn_engine_postgres.disconnect(conn);
    return NULL;
}

static inline void hang_up(struct fixture *f, struct tn_conn *conn)
{
    tn_engine_postgres.disconnect(conn);
    pause_for(f, 0.001);
}

/* Opens the cluster again, with the endpoint's tail (database, options) and the other settings of f->conf. */
static inline enum tn_status reopen(struct fixture *f, int port, const char *tail, struct tn_error *err)
{
    if (f->cluster.engine != NULL)
        tn_engine_postgres.close(&f->cluster);
    snprintf(f->endpoint, sizeof f->endpoint, "postgresql://127.0.0.1:%d/%s", port, tail);
    f->conf.endpoint = tn_str(f->endpoint);
    return tn_engine_postgres.open(&f->cluster, err);
}

static inline bool fixture_start(struct fixture *f, const char **why)
{
    struct tn_error err = TN_ERROR_INIT;

    memset(f, 0, sizeof *f);
    if (!pg_server_start(&f->server, why))
        return false;
    *why = "fixture: no worker, pool or cluster";
    if (tn_worker_new(&f->worker, 0, &err) != TN_OK || tn_offload_new(&f->pool, 4, &err) != TN_OK)
        return false;
    tn_blocking_use(f->pool);
    f->conf.name = tn_str("pg-1");
    f->conf.ssl_mode = TN_CFG_SSL_MODE_DISABLE;
    f->conf.auth_type = TN_CFG_CLUSTER_AUTH_BASIC;
    f->conf.auth_username = tn_str(PG_USER);
    f->conf.auth_password = tn_str(PG_PASSWORD);
    atomic_store(&f->cluster.refs, 1); /* never the last: the cluster is the fixture's */
    f->cluster.conf = &f->conf;
    f->cluster.ops = &tn_engine_postgres;
    return reopen(f, f->server.port, "postgres", &err) == TN_OK;
}

static inline void fixture_stop(struct fixture *f)
{
    if (f->worker != NULL)
        pause_for(f, 0.01);
    if (f->cluster.engine != NULL)
        tn_engine_postgres.close(&f->cluster);
    tn_offload_free(f->pool);
    tn_worker_free(f->worker);
    pg_server_stop(&f->server);
}

#endif
