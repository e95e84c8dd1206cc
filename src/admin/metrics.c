/* metrics.c - GET /metrics. Only the pools must be asked on their own threads; all else may be read from anywhere. */
#include "admin/endpoint.h"
#include "admin/process.h"
#include "admin/prometheus.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "pipeline.h"
#include "translate/scripter.h"

struct scrape {
    struct tn_admin_round round;
    struct tn_snapshot   *snapshot;
    size_t               *idle; /* connections, per cluster of the snapshot */
};

enum metric {
#define METRIC(name, type, labels, help) TN_METRIC_##name,
#include "admin/metrics.def"
#undef METRIC
};

static const struct {
    const char *name, *type, *help;
} metrics[] = {
#define METRIC(name, type, labels, help) {#name, #type, help},
#include "admin/metrics.def"
#undef METRIC
};

#define LABEL(n, v) ((struct tn_label){(n), (v)})

static void put_family(struct tn_prometheus *p, enum metric metric)
{
    tn_prometheus_family(p, metrics[metric].name, metrics[metric].type, metrics[metric].help);
}

static void put_one(struct tn_prometheus *p, enum metric metric, uint64_t value)
{
    put_family(p, metric);
    tn_prometheus_u64(p, NULL, 0, value);
}

static void put_program(struct tn_prometheus *p, struct tn_admin *admin, const struct tn_snapshot *snapshot)
{
    struct tn_server *server = admin->server;

    put_family(p, TN_METRIC_turnout_build_info);
    tn_prometheus_u64(p, (struct tn_label[]){LABEL("version", TN_STR(TN_VERSION))}, 1, 1);
    put_one(p, TN_METRIC_turnout_ready, atomic_load(&server->state) == TN_SERVER_READY);
    put_one(p, TN_METRIC_turnout_workers, server->worker_count);
    put_one(p, TN_METRIC_turnout_sessions, atomic_load(&server->sessions));
    put_one(p, TN_METRIC_turnout_queries_in_flight, atomic_load(&server->queries));
    put_one(p, TN_METRIC_turnout_shadow_running, atomic_load(&server->shadows));
    put_one(p, TN_METRIC_turnout_shadow_bytes, atomic_load(&server->shadow_bytes));
    put_family(p, TN_METRIC_turnout_shadow_engine_seconds_total);
    tn_prometheus_double(p, NULL, 0, (double)atomic_load(&server->shadow_us) / 1e6);
    put_one(p, TN_METRIC_turnout_offload_waiting_jobs, tn_offload_waiting(server->offload));
    put_one(p, TN_METRIC_turnout_history_failing, server->history != NULL && tn_history_failing(server->history));
    put_one(p, TN_METRIC_turnout_admin_connections, tn_http_server_connections(admin->http));
    put_family(p, TN_METRIC_turnout_config_loaded_timestamp_seconds);
    tn_prometheus_double(p, NULL, 0, (double)snapshot->loaded_wall_us / 1e6);
}

static void put_process(struct tn_prometheus *p, const struct tn_server *server)
{
    struct tn_process process;

    tn_process_read(&process);
    put_one(p, TN_METRIC_process_resident_memory_bytes, process.resident_bytes);
    put_one(p, TN_METRIC_process_virtual_memory_bytes, process.virtual_bytes);
    put_one(p, TN_METRIC_process_open_fds, process.open_fds);
    put_one(p, TN_METRIC_process_max_fds, process.max_fds);
    put_one(p, TN_METRIC_process_threads, process.threads);
    put_family(p, TN_METRIC_process_cpu_seconds_total);
    tn_prometheus_double(p, NULL, 0, process.cpu_seconds);
    put_family(p, TN_METRIC_process_start_time_seconds);
    tn_prometheus_double(p, NULL, 0, (double)server->started_wall_us / 1e6);
}

static void put_counters(struct tn_prometheus *p, struct tn_server *server)
{
    static const struct {
        const char     *outcome;
        enum tn_counter counter;
    } outcomes[] = {
        {"ok", TN_COUNTER_queries_ok},           {"error", TN_COUNTER_queries_error},
        {"cancelled", TN_COUNTER_queries_cancelled}, {"timeout", TN_COUNTER_queries_timed_out},
        {"denied", TN_COUNTER_queries_denied},   {"refused", TN_COUNTER_queries_refused},
    };
    uint64_t sums[TN_COUNTER_COUNT];

    tn_server_counters(server, sums);
    for (unsigned i = 0; i < TN_COUNTER_COUNT; i++) {
        char name[128];

        snprintf(name, sizeof name, "turnout_%s_total", tn_counter_name((enum tn_counter)i));
        tn_prometheus_one(p, name, "counter", tn_counter_help((enum tn_counter)i), sums[i]);
    }
    put_family(p, TN_METRIC_turnout_queries_total);
    for (size_t i = 0; i < TN_ARRAY_LEN(outcomes); i++)
        tn_prometheus_u64(p, (struct tn_label[]){LABEL("outcome", tn_str(outcomes[i].outcome))}, 1, sums[outcomes[i].counter]);
}

static void put_decisions(struct tn_prometheus *p, const struct tn_server *server)
{
    put_family(p, TN_METRIC_turnout_decisions_total);
    for (unsigned r = 0; r < TN_REASON_COUNT; r++) {
        uint64_t sum = 0;

        for (size_t i = 0; i < server->worker_count; i++)
            sum += atomic_load_explicit(&server->runtimes[i].decisions[r], memory_order_relaxed);
        tn_prometheus_u64(p, (struct tn_label[]){LABEL("reason", tn_str(tn_reason_text((enum tn_reason)r)))}, 1, sum);
    }
}

static void put_statistics(struct tn_prometheus *p, struct tn_server *server)
{
    struct tn_store_counts counts;

    if (server->store == NULL)
        return;
    tn_store_counts(server->store, &counts);
    put_one(p, TN_METRIC_turnout_statistics_shapes, counts.shapes);
    put_one(p, TN_METRIC_turnout_statistics_unsaved_shapes, counts.dirty);
    put_one(p, TN_METRIC_turnout_statistics_single_shapes, counts.singletons);
    put_one(p, TN_METRIC_turnout_statistics_evicted_shapes_total, counts.evicted);
    put_one(p, TN_METRIC_turnout_statistics_refused_shapes_total, counts.refused_client + counts.refused_limit);
    put_one(p, TN_METRIC_turnout_statistics_refused_lessons_total, counts.refused_tenant);
    put_one(p, TN_METRIC_turnout_statistics_flushes_failed_total, counts.flush_failures);
    put_one(p, TN_METRIC_turnout_statistics_files_lost_total, counts.files_lost);
}

static void put_scripts(struct tn_prometheus *p, struct tn_server *server)
{
    struct tn_scripter_counts counts;

    tn_scripter_count(server->scripter, &counts);
    put_one(p, TN_METRIC_turnout_script_cache_hits_total, counts.kept);
    put_one(p, TN_METRIC_turnout_script_asked_total, counts.asked);
    put_one(p, TN_METRIC_turnout_script_failed_total, counts.failed);
    put_one(p, TN_METRIC_turnout_script_timeouts_total, counts.timeouts);
    put_one(p, TN_METRIC_turnout_script_restarts_total, counts.restarts);
    put_one(p, TN_METRIC_turnout_script_waiting, counts.waiting);
    put_one(p, TN_METRIC_turnout_script_available, counts.missing[0] == '\0');
}

static void put_translation(struct tn_prometheus *p, struct tn_server *server)
{
    struct tn_translator_counts counts;

    if (server->translator == NULL)
        return;
    tn_translator_count(server->translator, &counts);
    put_one(p, TN_METRIC_turnout_translation_cache_hits_total, counts.cache.hits);
    put_one(p, TN_METRIC_turnout_translation_cache_misses_total, counts.cache.misses);
    put_one(p, TN_METRIC_turnout_translation_cache_bytes, counts.cache.bytes);
    put_one(p, TN_METRIC_turnout_translation_cache_entries, counts.cache.entries);
    put_one(p, TN_METRIC_turnout_translation_cache_evicted_total, counts.cache.evicted);
    put_one(p, TN_METRIC_turnout_translation_verified_total, counts.cache.verified);
    put_one(p, TN_METRIC_turnout_translation_different_total, counts.cache.different);
    put_one(p, TN_METRIC_turnout_translation_made_total, counts.translated);
    put_one(p, TN_METRIC_turnout_translation_failed_total, counts.failed);
    put_one(p, TN_METRIC_turnout_translation_restarts_total, counts.restarts);
    put_one(p, TN_METRIC_turnout_translation_waiting, counts.waiting);
    put_one(p, TN_METRIC_turnout_translation_available, counts.missing[0] == '\0');
}

/* One histogram of every worker, summed; OFFSET is its place in struct tn_runtime. */
static void put_histogram(struct tn_prometheus *p, struct tn_server *server, size_t offset, const struct tn_label *labels,
                          size_t count)
{
    struct tn_histogram_view view = {0};

    for (size_t i = 0; i < server->worker_count; i++)
        tn_histogram_view_add(&view, (const struct tn_histogram *)(const void *)((const char *)&server->runtimes[i] + offset));
    tn_prometheus_histogram(p, labels, count, &view);
}

static void put_durations(struct tn_prometheus *p, struct tn_server *server)
{
    put_family(p, TN_METRIC_turnout_query_duration_seconds);
    put_histogram(p, server, offsetof(struct tn_runtime, query_us), NULL, 0);
    put_family(p, TN_METRIC_turnout_queue_duration_seconds);
    put_histogram(p, server, offsetof(struct tn_runtime, queue_us), NULL, 0);
    put_family(p, TN_METRIC_turnout_engine_duration_seconds);
    put_histogram(p, server, offsetof(struct tn_runtime, engine_us), NULL, 0);
    put_family(p, TN_METRIC_turnout_stage_duration_seconds);
    for (unsigned i = 0; i < TN_STAGE_COUNT; i++) {
        struct tn_label stage = LABEL("stage", tn_str(tn_stage_name((enum tn_stage)i)));

        put_histogram(p, server, offsetof(struct tn_runtime, stage_us) + i * sizeof(struct tn_histogram), &stage, 1);
    }
}

/* ---- clusters: one family after the other, each over all clusters ---- */

typedef uint64_t cluster_value(struct tn_cluster *cluster);

static uint64_t slots_of(struct tn_cluster *c) { return c->max_running; }
static uint64_t running_of(struct tn_cluster *c) { return atomic_load(&c->running); }
static uint64_t usable_of(struct tn_cluster *c) { return tn_cluster_look(c, tn_clock_us()) == TN_USABLE_OK; }
static uint64_t maintenance_of(struct tn_cluster *c) { return atomic_load(&c->maintenance); }
static uint64_t queries_of(struct tn_cluster *c) { return atomic_load(&c->queries); }
static uint64_t failures_of(struct tn_cluster *c) { return atomic_load(&c->failures); }
static uint64_t probes_failed_of(struct tn_cluster *c) { return atomic_load(&c->probes_failed); }

static const struct {
    enum metric    metric;
    cluster_value *value;
} cluster_families[] = {
    {TN_METRIC_turnout_cluster_slots, slots_of},
    {TN_METRIC_turnout_cluster_running_queries, running_of},
    {TN_METRIC_turnout_cluster_usable, usable_of},
    {TN_METRIC_turnout_cluster_maintenance, maintenance_of},
    {TN_METRIC_turnout_cluster_queries_total, queries_of},
    {TN_METRIC_turnout_cluster_failures_total, failures_of},
    {TN_METRIC_turnout_cluster_failed_probes_total, probes_failed_of},
};

/* One sample per state, 1 for the one that it is in. */
static void put_states(struct tn_prometheus *p, struct tn_cluster *cluster, const char *const *states, size_t count, unsigned now)
{
    for (unsigned i = 0; i < count; i++)
        tn_prometheus_u64(p, (struct tn_label[]){LABEL("cluster", cluster->conf->name), LABEL("state", tn_str(states[i]))}, 2,
                          i == now);
}

static void put_cluster_states(struct tn_prometheus *p, const struct tn_topology *topology)
{
    static const char *const health[] = {"unknown", "up", "down"}, *const breaker[] = {"closed", "open", "half_open"};

    put_family(p, TN_METRIC_turnout_cluster_health);
    for (size_t i = 0; i < topology->cluster_count; i++)
        put_states(p, topology->clusters[i], health, 3, (unsigned)atomic_load(&topology->clusters[i]->health));
    put_family(p, TN_METRIC_turnout_cluster_breaker);
    for (size_t i = 0; i < topology->cluster_count; i++)
        put_states(p, topology->clusters[i], breaker, 3,
                   (unsigned)tn_breaker_state(&topology->clusters[i]->breaker, tn_clock_us()));
}

static void put_clusters(struct tn_prometheus *p, const struct scrape *scrape)
{
    const struct tn_topology *topology = scrape->snapshot->topology;

    if (topology->cluster_count == 0)
        return;
    for (size_t f = 0; f < TN_ARRAY_LEN(cluster_families); f++) {
        put_family(p, cluster_families[f].metric);
        for (size_t i = 0; i < topology->cluster_count; i++) {
            struct tn_cluster *cluster = topology->clusters[i];

            tn_prometheus_u64(p, (struct tn_label[]){LABEL("cluster", cluster->conf->name), LABEL("engine", tn_str(cluster->ops->name))},
                              2, cluster_families[f].value(cluster));
        }
    }
    put_family(p, TN_METRIC_turnout_cluster_idle_connections);
    for (size_t i = 0; i < topology->cluster_count; i++)
        tn_prometheus_u64(p, (struct tn_label[]){LABEL("cluster", topology->clusters[i]->conf->name)}, 1, scrape->idle[i]);
    put_cluster_states(p, topology);
}

/* ---- groups ---- */

typedef uint64_t group_value(const struct tn_group *group, const struct tn_group_load *load);

static uint64_t group_running(const struct tn_group *g, const struct tn_group_load *l) { (void)g; return l->running; }
static uint64_t group_queued(const struct tn_group *g, const struct tn_group_load *l) { (void)g; return l->queued; }
static uint64_t group_max_running(const struct tn_group *g, const struct tn_group_load *l) { (void)l; return g->conf->max_running; }
static uint64_t group_max_queued(const struct tn_group *g, const struct tn_group_load *l) { (void)l; return g->conf->max_queued; }
static uint64_t group_admitted(const struct tn_group *g, const struct tn_group_load *l) { (void)g; return l->admitted; }
static uint64_t group_waited(const struct tn_group *g, const struct tn_group_load *l) { (void)g; return l->queued_total; }
static uint64_t group_refused(const struct tn_group *g, const struct tn_group_load *l) { (void)g; return l->refused; }
static uint64_t group_spilled(const struct tn_group *g, const struct tn_group_load *l) { (void)g; return l->spilled; }

static const struct {
    enum metric  metric;
    group_value *value;
} group_families[] = {
    {TN_METRIC_turnout_group_running_queries, group_running},
    {TN_METRIC_turnout_group_queued_queries, group_queued},
    {TN_METRIC_turnout_group_running_limit, group_max_running},
    {TN_METRIC_turnout_group_queued_limit, group_max_queued},
    {TN_METRIC_turnout_group_admitted_total, group_admitted},
    {TN_METRIC_turnout_group_waited_total, group_waited},
    {TN_METRIC_turnout_group_refused_total, group_refused},
    {TN_METRIC_turnout_group_spilled_total, group_spilled},
};

static void put_groups(struct tn_prometheus *p, struct tn_admission *admission, const struct tn_topology *topology)
{
    for (size_t f = 0; f < TN_ARRAY_LEN(group_families) && topology->group_count > 0; f++) {
        put_family(p, group_families[f].metric);
        for (size_t i = 0; i < topology->group_count; i++) {
            const struct tn_group *group = &topology->groups[i];
            struct tn_group_load   load = {0};

            tn_admission_load(admission, group, &load);
            tn_prometheus_u64(p, (struct tn_label[]){LABEL("group", group->conf->name)}, 1, group_families[f].value(group, &load));
        }
    }
}

/* ---- the scrape ---- */

static void visit(struct tn_runtime *runtime, struct tn_admin_round *round)
{
    struct scrape            *scrape = TN_CONTAINER_OF(round, struct scrape, round);
    const struct tn_topology *topology = scrape->snapshot->topology;

    for (size_t i = 0; i < topology->cluster_count; i++)
        scrape->idle[i] += tn_pool_idle(runtime->pool, topology->clusters[i]);
}

static void finish(struct tn_http_exchange *x, struct tn_admin_round *round)
{
    struct scrape       *scrape = TN_CONTAINER_OF(round, struct scrape, round);
    struct tn_admin     *admin = round->admin;
    struct tn_buf        body;
    struct tn_prometheus p = {.buf = &body};

    tn_buf_init(&body, TN_ADMIN_REPLY_MAX);
    put_program(&p, admin, scrape->snapshot);
    put_counters(&p, admin->server);
    put_decisions(&p, admin->server);
    put_statistics(&p, admin->server);
    put_scripts(&p, admin->server);
    put_translation(&p, admin->server);
    put_durations(&p, admin->server);
    put_clusters(&p, scrape);
    put_groups(&p, admin->server->admission, scrape->snapshot->topology);
    put_process(&p, admin->server);
    tn_http_reply_buf(x, 200, "text/plain; version=0.0.4; charset=utf-8", &body);
}

static void free_scrape(struct tn_admin_round *round)
{
    struct scrape *scrape = TN_CONTAINER_OF(round, struct scrape, round);

    tn_snapshot_unref(scrape->snapshot);
    tn_free(scrape->idle);
    tn_free(scrape);
}

void tn_admin_metrics(struct tn_admin *admin, struct tn_http_exchange *x, const struct tn_http_args *args)
{
    struct scrape *scrape = tn_calloc(1, sizeof *scrape);

    (void)args;
    if (scrape != NULL) {
        scrape->snapshot = tn_server_snapshot(admin->server);
        scrape->idle = tn_calloc(scrape->snapshot->topology->cluster_count + 1, sizeof *scrape->idle);
        scrape->round.visit = visit;
        scrape->round.finish = finish;
        scrape->round.free = free_scrape;
    }
    if (scrape == NULL || scrape->idle == NULL) {
        if (scrape != NULL)
            free_scrape(&scrape->round);
        tn_http_problem(x, 503, "no memory");
        return;
    }
    tn_admin_round_start(&scrape->round, admin, x);
}
