#include "engine/table_lister.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"

enum { SQL_MAX = 1024 * 1024, ROWS_MAX = 8 * 1024 * 1024, DRAIN_US = 2000000 };
static const double TIME_MAX_S = 10.0, RETRY_TICK_S = 0.05;

enum listing_state { WANTED, CONNECTING, RUNNING };

/* One question. */
struct listing {
    struct tn_list          node;
    struct tn_list          waits;
    struct tn_table_lister *lister;
    struct tn_cluster      *cluster; /* counted */
    uint64_t                key;     /* of cluster and tables */
    enum listing_state      state;
    ev_timer                timeout;
    struct tn_pool_wait     pool_wait;
    struct tn_run           run;
    struct tn_features      features;       /* of the question */
    struct tn_features      of;             /* its tables; they point into `names` */
    struct tn_buf           names, sql, rows;
    struct tn_grave         grave;
};

struct tn_table_lister {
    struct tn_worker      *worker;
    struct tn_pool        *pool;
    struct tn_table_types *types;
    struct tn_counters    *counters;
    struct tn_list         listings;
};

struct tn_table_lister *tn_table_lister_new(struct tn_worker *worker, struct tn_pool *pool, struct tn_table_types *types, struct tn_counters *counters)
{
    struct tn_table_lister *lister = tn_calloc(1, sizeof *lister);

    if (lister == NULL)
        return NULL;
    lister->worker = worker;
    lister->pool = pool;
    lister->types = types;
    lister->counters = counters;
    tn_list_init(&lister->listings);
    return lister;
}

/* ---- rows ---- */

/* Each row is one text, and a line of what comes out; one that has a line feed in it names nothing that a statement asks for. */
static enum tn_status encode_lines(const struct tn_encoder *encoder, const struct tn_batch *batch, int64_t *row, size_t target, struct tn_buf *out,
                                   struct tn_error *err)
{
    const struct ArrowArray *array = batch->columns[0];
    const int32_t           *offsets = (const int32_t *)array->buffers[1] + array->offset;
    const uint8_t           *valid = array->buffers[0];

    (void)encoder;
    (void)target;
    if (batch->schema->count != 1 || !tn_type_is_text(batch->schema->columns[0].type))
        return tn_fail(err, TN_E_INTERNAL, "XX000", "a list of columns that is none");
    for (; *row < batch->rows; (*row)++) {
        struct tn_str text = tn_str_n((const char *)array->buffers[2] + offsets[*row], (size_t)(offsets[*row + 1] - offsets[*row]));

        if ((valid != NULL && !tn_bit_get(valid, array->offset + *row)) || memchr(text.ptr, '\n', text.len) != NULL)
            continue;
        tn_buf_put_str(out, text);
        tn_buf_put_u8(out, '\n');
    }
    return TN_OK;
}

static const struct tn_encoder_ops line_ops = {.name = "lines", .batch = encode_lines};
static const struct tn_encoder     line_encoder = {.ops = &line_ops};

/* ---- the end of a question ---- */

static void free_listing(struct tn_grave *grave)
{
    struct listing *l = TN_CONTAINER_OF(grave, struct listing, grave);

    tn_error_reset(&l->run.error);
    tn_buf_reset(&l->names);
    tn_buf_reset(&l->sql);
    tn_buf_reset(&l->rows);
    tn_cluster_unref(l->cluster);
    tn_free(l);
}

static void finish(struct listing *l, bool failed, const char *why)
{
    struct tn_list *node;

    tn_count(l->lister->counters, TN_COUNTER_column_types_asked, 1);
    tn_count(l->lister->counters, TN_COUNTER_column_types_failed, failed ? 1 : 0);
    if (failed)
        tn_log(TN_LOG_DEBUG, "types of columns are not known", TN_LOG_STR("cluster", l->cluster->conf->name), TN_LOG_TEXT("why", why));
    ev_timer_stop(l->lister->worker->loop, &l->timeout);
    tn_list_remove(&l->node);
    tn_table_types_learn(l->lister->types, l->cluster->id, &l->of, tn_buf_str(&l->rows), failed, tn_clock_us());
    while ((node = tn_list_first(&l->waits)) != NULL) {
        struct tn_table_wait *wait = TN_CONTAINER_OF(node, struct tn_table_wait, node);

        tn_list_remove(node);
        wait->done(wait);
    }
    tn_worker_bury(l->lister->worker, &l->grave, free_listing);
}

/* ---- its run ---- */

static void on_columns(struct tn_run *run, const struct tn_schema *schema)
{
    (void)run;
    (void)schema;
}

static void on_chunk(struct tn_run *run, struct tn_chunk *chunk)
{
    struct listing *l = run->owner;

    tn_buf_append(&l->rows, chunk->bytes.data, chunk->bytes.len);
    tn_chunk_free(chunk);
    if (l->rows.failed)
        tn_run_cancel(run);
    tn_run_credit(run);
}

static void on_notice(struct tn_run *run, const char *fields, size_t len)
{
    (void)run;
    (void)fields;
    (void)len;
}

static void on_done(struct tn_run *run)
{
    struct listing *l = run->owner;

    tn_pool_release(l->lister->pool, run->conn);
    finish(l, run->error.status != TN_OK || l->rows.failed, run->error.message);
}

static const struct tn_run_events run_events = {.columns = on_columns, .chunk = on_chunk, .notice = on_notice, .done = on_done};

static void start_run(struct listing *l, struct tn_conn *conn)
{
    l->state = RUNNING;
    tn_features_read(&l->features, tn_buf_str(&l->sql), conn->cluster->ops->dialect);
    l->run = (struct tn_run){.kind = TN_RUN_EXECUTE, .sql = tn_buf_str(&l->sql), .features = &l->features, .encoder = &line_encoder, .events = &run_events, .owner = l};
    tn_run_start(&l->run, conn);
}

static void on_ready(struct tn_pool_wait *wait, struct tn_conn *conn, const struct tn_error *err)
{
    struct listing *l = wait->owner;

    if (conn != NULL)
        start_run(l, conn);
    else
        finish(l, true, err->message);
}

static void end(struct listing *l, const char *why)
{
    if (l->state == RUNNING) {
        tn_run_cancel(&l->run); /* done follows */
        return;
    }
    if (l->state == CONNECTING)
        tn_pool_abandon(&l->pool_wait);
    finish(l, true, why);
}

static void on_timeout(struct ev_loop *loop, ev_timer *timer, int revents)
{
    (void)loop;
    (void)revents;
    end(timer->data, "no connection in time");
}

/* Never from inside ask(): its caller is not ready for events. */
static void on_begin(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct listing *l = timer->data;
    struct tn_conn *conn;

    (void)revents;
    ev_now_update(loop);
    ev_timer_init(&l->timeout, on_timeout, TIME_MAX_S, 0.);
    ev_timer_start(loop, &l->timeout);
    l->state = CONNECTING;
    l->pool_wait.ready = on_ready;
    l->pool_wait.owner = l;
    conn = tn_pool_acquire(l->lister->pool, l->cluster, 0, &l->pool_wait);
    if (conn != NULL)
        start_run(l, conn);
}

/* ---- its beginning ---- */

static uint64_t key_of(const struct tn_cluster *cluster, const struct tn_features *features)
{
    uint64_t key = cluster->id;

    for (unsigned i = 0; i < features->table_count; i++)
        key = tn_hash_mix(key ^ tn_hash_str(features->tables[i]));
    return key;
}

static struct listing *find(const struct tn_table_lister *lister, uint64_t key)
{
    TN_LIST_FOR_EACH (node, &lister->listings) {
        struct listing *l = TN_CONTAINER_OF(node, struct listing, node);

        if (l->key == key)
            return l;
    }
    return NULL;
}

/* The names point into a text that may be gone before the answer comes. */
static bool keep_tables(struct listing *l, const struct tn_features *features)
{
    l->of.table_count = features->table_count;
    for (unsigned i = 0; i < features->table_count; i++)
        tn_buf_put_str(&l->names, features->tables[i]);
    if (l->names.failed)
        return false;
    for (size_t i = 0, at = 0; i < features->table_count; at += features->tables[i++].len)
        l->of.tables[i] = tn_str_n(l->names.data + at, features->tables[i].len);
    return true;
}

static struct listing *begin(struct tn_table_lister *lister, struct tn_cluster *cluster, const struct tn_features *features, uint64_t key)
{
    struct listing *l = tn_calloc(1, sizeof *l);

    if (l == NULL)
        return NULL;
    tn_list_init(&l->waits);
    tn_buf_init(&l->names, SQL_MAX);
    tn_buf_init(&l->sql, SQL_MAX);
    tn_buf_init(&l->rows, ROWS_MAX);
    l->lister = lister;
    l->cluster = tn_cluster_ref(cluster);
    l->key = key;
    ev_timer_init(&l->timeout, on_begin, 0., 0.);
    l->timeout.data = l;
    if (!keep_tables(l, features) || !tn_table_types_sql(&l->sql, cluster->conf->engine, features) || l->sql.failed) {
        free_listing(&l->grave);
        return NULL;
    }
    tn_list_append(&lister->listings, &l->node);
    ev_timer_start(lister->worker->loop, &l->timeout);
    return l;
}

bool tn_table_lister_ask(struct tn_table_lister *lister, struct tn_cluster *cluster, const struct tn_features *features, struct tn_table_wait *wait)
{
    uint64_t        key = key_of(cluster, features);
    struct listing *l = find(lister, key);

    if (l == NULL && cluster->conf->auth_type != TN_CFG_CLUSTER_AUTH_PASS_THROUGH) /* else nobody's log-in is here to ask with */
        l = begin(lister, cluster, features, key);
    if (l == NULL) {
        tn_table_types_learn(lister->types, cluster->id, features, TN_STR(""), true, tn_clock_us());
        return false;
    }
    if (wait != NULL)
        tn_list_append(&l->waits, &wait->node);
    return true;
}

void tn_table_lister_leave(struct tn_table_wait *wait)
{
    tn_list_remove(&wait->node);
}

/* ---- the end ---- */

static void on_tick(struct ev_loop *loop, ev_timer *timer, int revents)
{
    (void)timer;
    (void)revents;
    ev_break(loop, EVBREAK_ONE);
}

void tn_table_lister_free(struct tn_table_lister *lister)
{
    uint64_t until = tn_clock_us() + DRAIN_US;
    ev_timer tick;

    if (lister == NULL)
        return;
    TN_LIST_FOR_EACH_SAFE (node, &lister->listings)
        end(TN_CONTAINER_OF(node, struct listing, node), "Turnout is shutting down");
    ev_timer_init(&tick, on_tick, RETRY_TICK_S, RETRY_TICK_S);
    ev_timer_start(lister->worker->loop, &tick);
    while (!tn_list_empty(&lister->listings) && tn_clock_us() < until)
        ev_run(lister->worker->loop, EVRUN_ONCE);
    ev_timer_stop(lister->worker->loop, &tick);
    if (tn_list_empty(&lister->listings)) /* else an engine's library hangs, and would come back to it */
        tn_free(lister);
}
