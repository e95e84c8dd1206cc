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

#define LABEL(n, v) ((struct tn_label){(n), (v)})

static void put_program(struct tn_prometheus *p, struct tn_admin *admin, const struct tn_snapshot *snapshot)
{
    struct tn_server *server = admin->server;

    tn_prometheus_family(p, "turnout_build_info", "gauge", "Always 1; the version is in the label.");
    tn_prometheus_u64(p, (struct tn_label[]){LABEL("version", TN_STR(TN_VERSION))}, 1, 1);
    tn_prometheus_one(p, "turnout_ready", "gauge", "1 when started and not stopping.",
                      atomic_load(&server->state) == TN_SERVER_READY);
    tn_prometheus_one(p, "turnout_workers", "gauge", "Threads that serve clients.", server->worker_count);
    tn_prometheus_one(p, "turnout_sessions", "gauge", "Client sessions that are open.", atomic_load(&server->sessions));
    tn_prometheus_one(p, "turnout_queries_in_flight", "gauge", "Queries between their start and their record.",
                      atomic_load(&server->queries));
    tn_prometheus_one(p, "turnout_shadow_running", "gauge", "Copies in the background that are prepared or run.", atomic_load(&server->shadows));
    tn_prometheus_one(p, "turnout_shadow_bytes", "gauge", "Text, parameters and settings that they hold.", atomic_load(&server->shadow_bytes));
    tn_prometheus_family(p, "turnout_shadow_engine_seconds_total", "counter", "Time that copies in the background ran on their engines.");
    tn_prometheus_double(p, NULL, 0, (double)atomic_load(&server->shadow_us) / 1e6);
    tn_prometheus_one(p, "turnout_offload_waiting_jobs", "gauge", "Jobs that wait for a thread of the offload pool.",
                      tn_offload_waiting(server->offload));
    tn_prometheus_one(p, "turnout_history_failing", "gauge", "1 when the history file could not be written lately.",
                      server->history != NULL && tn_history_failing(server->history));
    tn_prometheus_one(p, "turnout_admin_connections", "gauge", "Open connections to the admin API.",
                      tn_http_server_connections(admin->http));
    tn_prometheus_family(p, "turnout_config_loaded_timestamp_seconds", "gauge",
                         "When the configuration in force was loaded, since 1970.");
    tn_prometheus_double(p, NULL, 0, (double)snapshot->loaded_wall_us / 1e6);
}

static void put_process(struct tn_prometheus *p, const struct tn_server *server)
{
    struct tn_process process;

    tn_process_read(&process);
    tn_prometheus_one(p, "process_resident_memory_bytes", "gauge", "Resident memory size in bytes.", process.resident_bytes);
    tn_prometheus_one(p, "process_virtual_memory_bytes", "gauge", "Virtual memory size in bytes.", process.virtual_bytes);
    tn_prometheus_one(p, "process_open_fds", "gauge", "Number of open file descriptors.", process.open_fds);
    tn_prometheus_one(p, "process_max_fds", "gauge", "Maximum number of open file descriptors.", process.max_fds);
    tn_prometheus_one(p, "process_threads", "gauge", "Number of threads.", process.threads);
    tn_prometheus_family(p, "process_cpu_seconds_total", "counter", "User and system CPU time spent in seconds.");
    tn_prometheus_double(p, NULL, 0, process.cpu_seconds);
    tn_prometheus_family(p, "process_start_time_seconds", "gauge", "Start time of the process since 1970 in seconds.");
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
    tn_prometheus_family(p, "turnout_queries_total", "counter", "Queries that ended, by outcome.");
    for (size_t i = 0; i < TN_ARRAY_LEN(outcomes); i++)
        tn_prometheus_u64(p, (struct tn_label[]){LABEL("outcome", tn_str(outcomes[i].outcome))}, 1, sums[outcomes[i].counter]);
}

static void put_decisions(struct tn_prometheus *p, const struct tn_server *server)
{
    tn_prometheus_family(p, "turnout_decisions_total", "counter", "Plans that were followed in groups that learn, by the reason for their first attempt.");
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
    tn_prometheus_one(p, "turnout_statistics_shapes", "gauge", "Shapes in memory.", counts.shapes);
    tn_prometheus_one(p, "turnout_statistics_unsaved_shapes", "gauge", "Shapes that changed since they were written.", counts.dirty);
    tn_prometheus_one(p, "turnout_statistics_single_shapes", "gauge", "Shapes seen once in the last hour: many tell of texts that do not fold.",
                      counts.singletons);
    tn_prometheus_one(p, "turnout_statistics_evicted_shapes_total", "counter", "Shapes that left memory for the file.", counts.evicted);
    tn_prometheus_one(p, "turnout_statistics_refused_shapes_total", "counter", "New shapes that were not kept: a limit of one client, or no room.",
                      counts.refused_client + counts.refused_limit);
    tn_prometheus_one(p, "turnout_statistics_flushes_failed_total", "counter", "Times the file of statistics could not be written.",
                      counts.flush_failures);
}

static void put_scripts(struct tn_prometheus *p, struct tn_server *server)
{
    struct tn_scripter_counts counts;

    tn_scripter_count(server->scripter, &counts);
    tn_prometheus_one(p, "turnout_script_cache_hits_total", "counter", "Questions to scripts whose answer was in the cache.", counts.kept);
    tn_prometheus_one(p, "turnout_script_asked_total", "counter", "Questions that a process ran a script for.", counts.asked);
    tn_prometheus_one(p, "turnout_script_failed_total", "counter", "Questions without an answer of use: an error, no time, no such group.", counts.failed);
    tn_prometheus_one(p, "turnout_script_timeouts_total", "counter", "Scripts that did not come to an end in time.", counts.timeouts);
    tn_prometheus_one(p, "turnout_script_restarts_total", "counter", "Processes of scripts that died or were ended.", counts.restarts);
    tn_prometheus_one(p, "turnout_script_waiting", "gauge", "Questions that wait for a process.", counts.waiting);
    tn_prometheus_one(p, "turnout_script_available", "gauge", "Whether scripts can be run, as far as is known.", counts.missing[0] == '\0');
}

static void put_translation(struct tn_prometheus *p, struct tn_server *server)
{
    struct tn_translator_counts counts;

    if (server->translator == NULL)
        return;
    tn_translator_count(server->translator, &counts);
    tn_prometheus_one(p, "turnout_translation_cache_hits_total", "counter", "Translations that were at hand, refusals among them.", counts.cache.hits);
    tn_prometheus_one(p, "turnout_translation_cache_misses_total", "counter", "Look-ups of translations that were not.", counts.cache.misses);
    tn_prometheus_one(p, "turnout_translation_cache_bytes", "gauge", "Memory of remembered translations.", counts.cache.bytes);
    tn_prometheus_one(p, "turnout_translation_cache_entries", "gauge", "Remembered translations and their heads.", counts.cache.entries);
    tn_prometheus_one(p, "turnout_translation_cache_evicted_total", "counter", "Translations that left memory for others.", counts.cache.evicted);
    tn_prometheus_one(p, "turnout_translation_verified_total", "counter", "Templates that a second statement confirmed.", counts.cache.verified);
    tn_prometheus_one(p, "turnout_translation_different_total", "counter", "Templates whose literals change the rest of the translation.",
                      counts.cache.different);
    tn_prometheus_one(p, "turnout_translation_made_total", "counter", "Translations that a process made.", counts.translated);
    tn_prometheus_one(p, "turnout_translation_failed_total", "counter", "Statements that a process could not translate.", counts.failed);
    tn_prometheus_one(p, "turnout_translation_restarts_total", "counter", "Processes that died or were ended.", counts.restarts);
    tn_prometheus_one(p, "turnout_translation_waiting", "gauge", "Templates that wait for a process.", counts.waiting);
    tn_prometheus_one(p, "turnout_translation_available", "gauge", "Whether statements can be translated, as far as is known.", counts.missing[0] == '\0');
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
    tn_prometheus_family(p, "turnout_query_duration_seconds", "histogram", "Whole queries, from receipt to record.");
    put_histogram(p, server, offsetof(struct tn_runtime, query_us), NULL, 0);
    tn_prometheus_family(p, "turnout_queue_duration_seconds", "histogram", "Time that queries waited for a slot.");
    put_histogram(p, server, offsetof(struct tn_runtime, queue_us), NULL, 0);
    tn_prometheus_family(p, "turnout_engine_duration_seconds", "histogram", "Time that queries ran on their engine.");
    put_histogram(p, server, offsetof(struct tn_runtime, engine_us), NULL, 0);
    tn_prometheus_family(p, "turnout_stage_duration_seconds", "histogram", "Time spent in each stage of a query's way.");
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
    const char    *name, *type, *help;
    cluster_value *value;
} cluster_families[] = {
    {"turnout_cluster_slots", "gauge", "Queries that may run at once on the cluster.", slots_of},
    {"turnout_cluster_running_queries", "gauge", "Slots of the cluster that are taken.", running_of},
    {"turnout_cluster_usable", "gauge", "1 when the cluster may be chosen for a query.", usable_of},
    {"turnout_cluster_maintenance", "gauge", "1 when the cluster is in maintenance.", maintenance_of},
    {"turnout_cluster_queries_total", "counter", "Queries run on the cluster.", queries_of},
    {"turnout_cluster_failures_total", "counter", "Queries that failed for the engine's fault.", failures_of},
    {"turnout_cluster_failed_probes_total", "counter", "Health probes of the cluster that failed.", probes_failed_of},
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

    tn_prometheus_family(p, "turnout_cluster_health", "gauge", "State of the health checks: 1 for the present one.");
    for (size_t i = 0; i < topology->cluster_count; i++)
        put_states(p, topology->clusters[i], health, 3, (unsigned)atomic_load(&topology->clusters[i]->health));
    tn_prometheus_family(p, "turnout_cluster_breaker", "gauge", "State of the circuit breaker: 1 for the present one.");
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
        tn_prometheus_family(p, cluster_families[f].name, cluster_families[f].type, cluster_families[f].help);
        for (size_t i = 0; i < topology->cluster_count; i++) {
            struct tn_cluster *cluster = topology->clusters[i];

            tn_prometheus_u64(p, (struct tn_label[]){LABEL("cluster", cluster->conf->name), LABEL("engine", tn_str(cluster->ops->name))},
                              2, cluster_families[f].value(cluster));
        }
    }
    tn_prometheus_family(p, "turnout_cluster_idle_connections", "gauge", "Connections to the cluster that wait in the pools.");
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
    const char  *name, *type, *help;
    group_value *value;
} group_families[] = {
    {"turnout_group_running_queries", "gauge", "Queries of the group that run.", group_running},
    {"turnout_group_queued_queries", "gauge", "Queries of the group that wait for a slot.", group_queued},
    {"turnout_group_running_limit", "gauge", "maxRunningQueries of the group; 0 = as many as its members take.", group_max_running},
    {"turnout_group_queued_limit", "gauge", "maxQueuedQueries of the group.", group_max_queued},
    {"turnout_group_admitted_total", "counter", "Queries of the group that got a slot.", group_admitted},
    {"turnout_group_waited_total", "counter", "Queries of the group that had to wait for a slot.", group_waited},
    {"turnout_group_refused_total", "counter", "Queries of the group refused because its queue was full.", group_refused},
    {"turnout_group_spilled_total", "counter", "Queries that went to the group's fallback group.", group_spilled},
};

static void put_groups(struct tn_prometheus *p, struct tn_admission *admission, const struct tn_topology *topology)
{
    for (size_t f = 0; f < TN_ARRAY_LEN(group_families) && topology->group_count > 0; f++) {
        tn_prometheus_family(p, group_families[f].name, group_families[f].type, group_families[f].help);
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
