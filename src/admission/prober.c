#include "admission/prober.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"

enum { FAILURES_TO_DOWN = 2, FREE_WAIT_US = 2000000 };

enum probe_state { IDLE, CONNECTING, RUNNING };

/* One cluster's probes. */
struct probe {
    struct tn_list      node;
    struct tn_prober   *prober;
    struct tn_cluster  *cluster; /* counted */
    enum probe_state    state;
    bool                ended;   /* not watched any more: free it when it is idle */
    bool                timed_out;
    unsigned            failures; /* in a row */
    ev_timer            next, timeout;
    struct tn_conn     *conn;
    struct tn_features  features;
    struct tn_run       run;
    struct tn_grave     grave;
};

struct tn_prober {
    struct tn_worker    *worker;
    struct tn_pool      *pool;
    struct tn_admission *admission;
    struct tn_counters  *counters; /* its worker's; NULL = nobody counts */
    struct tn_list       probes;
};

static enum tn_status discard_rows(const struct tn_encoder *encoder, const struct tn_batch *batch, int64_t *row, size_t target,
                                   struct tn_buf *out, struct tn_error *err)
{
    (void)encoder;
    (void)target;
    (void)out;
    (void)err;
    *row = batch->rows;
    return TN_OK;
}

static const struct tn_encoder_ops discard_ops = {.name = "discard", .batch = discard_rows};
static const struct tn_encoder     discard_encoder = {.ops = &discard_ops};

static void free_probe(struct tn_grave *grave)
{
    struct probe *probe = TN_CONTAINER_OF(grave, struct probe, grave);

    tn_error_reset(&probe->run.error);
    tn_cluster_unref(probe->cluster);
    tn_free(probe);
}

/* Idle and not watched any more. */
static void end_probe(struct probe *probe)
{
    struct ev_loop *loop = probe->prober->worker->loop;

    ev_timer_stop(loop, &probe->next);
    ev_timer_stop(loop, &probe->timeout);
    tn_list_remove(&probe->node);
    tn_worker_bury(probe->prober->worker, &probe->grave, free_probe);
}

static void schedule(struct probe *probe)
{
    struct ev_loop *loop = probe->prober->worker->loop;
    double          jitter = 0.8 + 0.4 * tn_rand_unit(&probe->prober->worker->rand);

    ev_now_update(loop);
    ev_timer_set(&probe->next, (double)probe->cluster->conf->health_interval / 1e6 * jitter, 0.);
    ev_timer_start(loop, &probe->next);
}

static void log_change(const struct tn_cluster *cluster, const char *from, const char *to, const char *why)
{
    tn_log(to[0] == 'd' ? TN_LOG_WARN : TN_LOG_INFO, "cluster health", TN_LOG_STR("cluster", cluster->conf->name),
           TN_LOG_TEXT("was", from), TN_LOG_TEXT("now", to), TN_LOG_TEXT("why", why));
}

static const char *health_text(int health)
{
    return health == TN_HEALTH_UP ? "up" : health == TN_HEALTH_DOWN ? "down" : "unknown";
}

static void count(const struct tn_prober *prober, enum tn_counter counter)
{
    if (prober->counters != NULL)
        tn_count(prober->counters, counter, 1);
}

/* A good probe is the trial of a half open breaker. */
static bool close_breaker(const struct tn_prober *prober, struct tn_cluster *cluster)
{
    uint64_t now_us = tn_clock_us();

    if (tn_breaker_state(&cluster->breaker, now_us) != TN_BREAKER_HALF_OPEN ||
        !tn_breaker_allows(&cluster->breaker, now_us))
        return false;
    (void)tn_breaker_record(&cluster->breaker, cluster->conf, true, now_us);
    count(prober, TN_COUNTER_breakers_closed);
    tn_log(TN_LOG_INFO, "breaker closed", TN_LOG_STR("cluster", cluster->conf->name), TN_LOG_TEXT("why", "its probe succeeded"));
    return true;
}

static void on_good(struct probe *probe)
{
    struct tn_cluster *cluster = probe->cluster;
    int                before = atomic_exchange(&cluster->health, TN_HEALTH_UP);
    bool               closed = close_breaker(probe->prober, cluster);

    count(probe->prober, TN_COUNTER_probes_ok);
    probe->failures = 0;
    if (before != TN_HEALTH_UP) {
        tn_cluster_note(cluster, "");
        log_change(cluster, health_text(before), "up", "probe succeeded");
    }
    if (before == TN_HEALTH_DOWN || closed)
        tn_admission_kick(probe->prober->admission);
}

/* Nobody listens there: no need to ask twice. */
static bool is_refused(const struct tn_error *err)
{
    return err->status == TN_E_CONNECTION || strncmp(err->sqlstate, "08", 2) == 0;
}

static void on_bad(struct probe *probe, const struct tn_error *err, bool refused)
{
    struct tn_cluster *cluster = probe->cluster;
    int                before = atomic_load(&cluster->health);
    char               note[sizeof cluster->note];

    if (err->sqlstate[0] != '\0')
        snprintf(note, sizeof note, "%.230s (%s)", err->message, err->sqlstate);
    else
        snprintf(note, sizeof note, "%.250s", err->message);
    note[tn_utf8_valid_prefix(note, strlen(note))] = '\0';
    tn_cluster_note(cluster, note);
    atomic_fetch_add(&cluster->probes_failed, 1);
    count(probe->prober, TN_COUNTER_probes_failed);
    probe->failures++;
    if (before == TN_HEALTH_DOWN || (probe->failures < FAILURES_TO_DOWN && !refused && before == TN_HEALTH_UP))
        return;
    atomic_store(&cluster->health, TN_HEALTH_DOWN);
    log_change(cluster, health_text(before), "down", note);
}

static void timed_out_error(const struct probe *probe, struct tn_error *err)
{
    tn_fail(err, TN_E_TIMEOUT, "57014", "probe took longer than healthCheck.timeout of %.1f s",
            (double)probe->cluster->conf->health_timeout / 1e6);
}

/* ERR NULL = good. The probe may be gone afterwards. */
static void finish(struct probe *probe, const struct tn_error *err, bool refused)
{
    struct tn_error late = TN_ERROR_INIT;

    probe->state = IDLE;
    ev_timer_stop(probe->prober->worker->loop, &probe->timeout);
    if (probe->ended) {
        end_probe(probe);
        return;
    }
    if (probe->timed_out) {
        timed_out_error(probe, &late);
        on_bad(probe, &late, false);
        tn_error_reset(&late);
    } else if (err != NULL) {
        on_bad(probe, err, refused);
    } else {
        on_good(probe);
    }
    schedule(probe);
}

static void give_conn_back(struct probe *probe, bool good)
{
    struct tn_conn *conn = probe->conn;

    probe->conn = NULL;
    if (good && !probe->ended && conn->state == TN_CONN_IDLE && tn_pool_idle(probe->prober->pool, probe->cluster) == 0)
        tn_pool_release(probe->prober->pool, conn);
    else
        probe->cluster->ops->disconnect(conn);
}

static void on_run_columns(struct tn_run *run, const struct tn_schema *schema)
{
    (void)run;
    (void)schema;
}

static void on_run_params(struct tn_run *run, size_t count, const uint32_t *oids)
{
    (void)run;
    (void)count;
    (void)oids;
}

static void on_run_chunk(struct tn_run *run, struct tn_chunk *chunk)
{
    tn_chunk_free(chunk);
    tn_run_credit(run);
}

static void on_run_notice(struct tn_run *run, const char *fields, size_t len)
{
    (void)run;
    (void)fields;
    (void)len;
}

static void on_run_done(struct tn_run *run)
{
    struct probe *probe = run->owner;
    bool          good = run->error.status == TN_OK && !probe->timed_out;

    give_conn_back(probe, good);
    finish(probe, run->error.status == TN_OK ? NULL : &run->error, false);
}

static const struct tn_run_events run_events = {
    .params = on_run_params,
    .columns = on_run_columns,
    .chunk = on_run_chunk,
    .notice = on_run_notice,
    .done = on_run_done,
};

static void on_connected(struct tn_conn *conn, const struct tn_error *err, void *owner)
{
    struct probe *probe = owner;

    if (err != NULL) {
        bool refused = is_refused(err);

        probe->conn = NULL;
        finish(probe, err, refused);
        conn->cluster->ops->disconnect(conn); /* last: ERR may be its own */
        return;
    }
    if (probe->cluster->conf->auth_type == TN_CFG_CLUSTER_AUTH_PASS_THROUGH) { /* nobody's log-in is here to ask with */
        give_conn_back(probe, true);
        finish(probe, NULL, false);
        return;
    }
    probe->state = RUNNING;
    tn_features_read(&probe->features, probe->cluster->conf->health_query, probe->cluster->ops->dialect);
    tn_error_reset(&probe->run.error);
    probe->run = (struct tn_run){
        .kind = TN_RUN_EXECUTE,
        .sql = probe->cluster->conf->health_query,
        .features = &probe->features,
        .encoder = &discard_encoder,
        .events = &run_events,
        .owner = probe,
    };
    tn_run_start(&probe->run, conn);
}

static void on_timeout(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct probe *probe = timer->data;

    (void)loop;
    (void)revents;
    probe->timed_out = true;
    if (probe->state == RUNNING) {
        tn_run_cancel(&probe->run); /* done follows */
    } else if (probe->state == CONNECTING) {
        struct tn_conn *conn = probe->conn;

        probe->conn = NULL;
        probe->cluster->ops->disconnect(conn);
        finish(probe, NULL, false);
    }
}

static void on_next(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct probe   *probe = timer->data;
    struct tn_error err = TN_ERROR_INIT;

    (void)revents;
    probe->timed_out = false;
    probe->state = CONNECTING;
    probe->conn = probe->cluster->ops->connect(probe->cluster, probe->prober->worker, on_connected, probe);
    if (probe->conn == NULL) {
        tn_fail(&err, TN_E_NOMEM, "53200", "no memory for a probe");
        finish(probe, &err, false);
        tn_error_reset(&err);
        return;
    }
    ev_now_update(loop);
    ev_timer_set(&probe->timeout, (double)probe->cluster->conf->health_timeout / 1e6, 0.);
    ev_timer_start(loop, &probe->timeout);
}

enum tn_status tn_prober_new(struct tn_prober **out, struct tn_worker *worker, struct tn_pool *pool,
                             struct tn_admission *admission, struct tn_error *err)
{
    struct tn_prober *prober = tn_calloc(1, sizeof *prober);

    *out = prober;
    if (prober == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "prober: no memory");
    prober->worker = worker;
    prober->pool = pool;
    prober->admission = admission;
    tn_list_init(&prober->probes);
    return TN_OK;
}

void tn_prober_count(struct tn_prober *prober, struct tn_counters *counters)
{
    prober->counters = counters;
}

static struct probe *find_probe(struct tn_prober *prober, const struct tn_cluster *cluster)
{
    TN_LIST_FOR_EACH (node, &prober->probes) {
        struct probe *probe = TN_CONTAINER_OF(node, struct probe, node);

        if (probe->cluster == cluster && !probe->ended)
            return probe;
    }
    return NULL;
}

static void add_probe(struct tn_prober *prober, struct tn_cluster *cluster)
{
    struct probe *probe = tn_calloc(1, sizeof *probe);

    if (probe == NULL) {
        tn_log(TN_LOG_ERROR, "no memory to probe a cluster", TN_LOG_STR("cluster", cluster->conf->name));
        return;
    }
    probe->prober = prober;
    probe->cluster = tn_cluster_ref(cluster);
    ev_timer_init(&probe->next, on_next, 0., 0.);
    ev_timer_init(&probe->timeout, on_timeout, 0., 0.);
    probe->next.data = probe->timeout.data = probe;
    tn_list_append(&prober->probes, &probe->node);
    ev_timer_start(prober->worker->loop, &probe->next);
}

/* Ends it now, or as soon as its probe is over. */
static void stop_probe(struct probe *probe)
{
    probe->ended = true;
    if (probe->state == RUNNING) {
        tn_run_cancel(&probe->run);
        return;
    }
    if (probe->state == CONNECTING)
        probe->cluster->ops->disconnect(probe->conn);
    end_probe(probe);
}

static bool is_watched(const struct tn_topology *topology, const struct tn_cluster *cluster)
{
    for (size_t i = 0; i < topology->cluster_count; i++)
        if (topology->clusters[i] == cluster)
            return cluster->conf->enabled && cluster->conf->health_enabled;
    return false;
}

void tn_prober_watch(struct tn_prober *prober, struct tn_topology *topology)
{
    TN_LIST_FOR_EACH_SAFE (node, &prober->probes) {
        struct probe *probe = TN_CONTAINER_OF(node, struct probe, node);

        if (!probe->ended && !is_watched(topology, probe->cluster))
            stop_probe(probe);
    }
    for (size_t i = 0; i < topology->cluster_count; i++) {
        struct tn_cluster *cluster = topology->clusters[i];

        if (is_watched(topology, cluster) && find_probe(prober, cluster) == NULL)
            add_probe(prober, cluster);
    }
}

static void on_free_wait(struct ev_loop *loop, ev_timer *timer, int revents)
{
    (void)timer;
    (void)revents;
    ev_break(loop, EVBREAK_ONE);
}

/* Lets cancelled probes come to their end. */
static void drain(struct tn_prober *prober)
{
    struct ev_loop *loop = prober->worker->loop;
    uint64_t        until = tn_clock_us() + FREE_WAIT_US;
    ev_timer        tick;

    ev_timer_init(&tick, on_free_wait, 0.05, 0.05);
    ev_timer_start(loop, &tick);
    while (!tn_list_empty(&prober->probes) && tn_clock_us() < until)
        ev_run(loop, EVRUN_ONCE);
    ev_timer_stop(loop, &tick);
}

void tn_prober_free(struct tn_prober *prober)
{
    if (prober == NULL)
        return;
    TN_LIST_FOR_EACH_SAFE (node, &prober->probes) {
        struct probe *probe = TN_CONTAINER_OF(node, struct probe, node);

        if (!probe->ended)
            stop_probe(probe);
    }
    drain(prober);
    if (!tn_list_empty(&prober->probes)) { /* their engines hang; what they point to must stay */
        tn_log(TN_LOG_WARN, "probes did not end", TN_LOG_U64("waited_us", FREE_WAIT_US));
        return;
    }
    tn_free(prober);
}
