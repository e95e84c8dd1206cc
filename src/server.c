#include "server.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "engine/blocking.h"
#include "learning.h"
#include "reload.h"
#include "shadow.h"
#include "translate/scripter.h"
#include "translating.h"

#include <unistd.h>

enum { SWEEP_SECONDS = 5, SETTLE_US = 500 };

static void on_sweep(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_runtime *runtime = timer->data;

    (void)loop;
    (void)revents;
    tn_pool_sweep(runtime->pool);
}

static enum tn_status runtime_init(struct tn_server *server, size_t index, struct tn_error *err)
{
    struct tn_runtime *runtime = &server->runtimes[index];
    struct tn_worker  *worker;

    TN_TRY(tn_worker_new(&worker, (unsigned)index, err));
    server->workers[index] = worker;
    runtime->server = server;
    runtime->worker = worker;
    runtime->snapshot = tn_snapshot_ref(server->snapshot);
    tn_list_init(&runtime->queries);
    tn_list_init(&runtime->spare_queries);
    runtime->shaper = tn_shaper_new(TN_LEARNING_TEXTS);
    worker->module[TN_WORKER_RUNTIME] = runtime;
    TN_TRY(tn_pool_new(&runtime->pool, worker, err));
    worker->module[TN_WORKER_POOLS] = runtime->pool;
    if (server->table_types != NULL && (runtime->lister = tn_table_lister_new(worker, runtime->pool, server->table_types, &runtime->counters)) == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a worker");
    ev_timer_init(&runtime->sweep, on_sweep, SWEEP_SECONDS, SWEEP_SECONDS);
    runtime->sweep.data = runtime;
    ev_timer_start(worker->loop, &runtime->sweep);
    return TN_OK;
}

static size_t worker_count(const struct tn_settings *settings)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    if (settings->workers != 0)
        return settings->workers;
    return cores > 0 ? (size_t)cores : 1;
}

static enum tn_status open_history(struct tn_server *server, const struct tn_settings *settings, struct tn_error *err)
{
    struct tn_history_options options = TN_HISTORY_OPTIONS_DEFAULT;

    if (settings->persistence_type == TN_CFG_PERSISTENCE_SQLITE)
        options.path = settings->persistence_path.ptr;
    options.max_age_us = settings->history_max_age;
    options.max_size = settings->history_max_size;
    options.max_text = settings->history_max_text;
    return settings->history_enabled ? tn_history_open(&server->history, &options, err) : TN_OK;
}

static enum tn_status build_shared(struct tn_server *server, struct tn_config *config, struct tn_problems *problems,
                                   struct tn_error *err)
{
    TN_TRY(tn_offload_new(&server->offload, (unsigned)config->settings.offload_threads, err));
    tn_blocking_use(server->offload);
    TN_TRY(tn_admission_new(&server->admission, err));
    TN_TRY(open_history(server, &config->settings, err));
    TN_TRY(tn_learning_open(server, &config->settings, err));
    TN_TRY(tn_translating_open(&server->translator, &config->settings, err));
    if (server->translator != NULL && (server->table_types = tn_table_types_new()) == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory to start");
    TN_TRY(tn_scripter_new(&server->scripter, &config->settings, err));
    TN_TRY(tn_freeze_new(&server->freeze, server->store, err));
    TN_TRY(tn_snapshot_build(&server->snapshot, config, NULL, server->admission, problems, err));
    TN_TRY(tn_auth_new(&server->auth, &config->settings, server->snapshot->security.users, err));
    tn_learning_number(server, server->snapshot->topology);
    if (!tn_places_init(&server->places))
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory to start");
    return TN_OK;
}

static enum tn_status build_workers(struct tn_server *server, const struct tn_settings *settings, struct tn_error *err)
{
    size_t count = worker_count(settings);

    server->workers = tn_calloc(count, sizeof *server->workers);
    server->runtimes = NULL;
    if (server->workers != NULL)
        server->runtimes = aligned_alloc(64, (count * sizeof *server->runtimes + 63) & ~(size_t)63);
    if (server->runtimes == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for %zu workers", count);
    memset(server->runtimes, 0, count * sizeof *server->runtimes);
    for (size_t i = 0; i < count; i++) {
        server->worker_count = i + 1;
        TN_TRY(runtime_init(server, i, err));
    }
    TN_TRY(tn_prober_new(&server->prober, server->workers[0], server->runtimes[0].pool, server->admission, err));
    tn_prober_count(server->prober, &server->runtimes[0].counters);
    tn_prober_watch(server->prober, server->snapshot->topology);
    return TN_OK;
}

enum tn_status tn_server_new(struct tn_server **out, struct tn_config *config, const char *config_path,
                             struct tn_problems *problems, struct tn_error *err)
{
    struct tn_server *server = tn_calloc(1, sizeof *server);
    enum tn_status    status;

    *out = NULL;
    if (server == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory to start");
    pthread_mutex_init(&server->reload_lock, NULL);
    pthread_mutex_init(&server->snapshot_lock, NULL);
    server->config_path = config_path;
    server->started_with = tn_config_ref(config);
    server->started_us = tn_clock_us();
    server->started_wall_us = tn_clock_wall_us();
    atomic_store(&server->next_query_id, 1);
    status = build_shared(server, config, problems, err);
    if (status == TN_OK)
        status = build_workers(server, &config->settings, err);
    if (status != TN_OK) {
        tn_server_free(server);
        return status;
    }
    *out = server;
    return TN_OK;
}

enum tn_status tn_server_start(struct tn_server *server, struct tn_error *err)
{
    for (; server->threads < server->worker_count; server->threads++)
        TN_TRY(tn_worker_start(server->workers[server->threads], err));
    if (server->snapshot->asks)
        tn_scripter_warm(server->scripter);
    return TN_OK;
}

static void cancel_all(struct tn_runtime *runtime, void *arg)
{
    struct tn_list *node = runtime->queries.next;

    (void)arg;
    while (node != &runtime->queries) {
        struct tn_query *q = TN_CONTAINER_OF(node, struct tn_query, node);

        if (q->cancel == TN_CANCEL_SHUTDOWN) {
            node = node->next;
            continue;
        }
        tn_query_cancel(q, TN_CANCEL_SHUTDOWN);
        node = q->cancel == TN_CANCEL_SHUTDOWN ? runtime->queries.next : node->next; /* its end may have ended others */
    }
}

static unsigned running_queries(struct tn_server *server)
{
    return atomic_load(&server->queries);
}

/* A session with several statements to run has no query for a moment between two of them. */
static bool is_quiet(struct tn_server *server)
{
    return running_queries(server) == 0 && atomic_load(&server->sessions) == 0;
}

static void wait_for_quiet(struct tn_server *server, uint64_t timeout_us)
{
    uint64_t until = tn_clock_us() + timeout_us;

    while (!is_quiet(server) && tn_clock_us() < until)
        usleep(10000);
}

/* Again and again: the end of a query may let its session begin another, of a text that came before. */
static void cancel_until_quiet(struct tn_server *server)
{
    enum { PASS_US = 100000, PASSES = 50 };

    for (int i = 0; i < PASSES && !is_quiet(server); i++) {
        if (tn_server_each_worker(server, server->workers[0], cancel_all, NULL, NULL) != TN_OK)
            return;
        wait_for_quiet(server, PASS_US);
    }
}

void tn_server_drain(struct tn_server *server, uint64_t timeout_us)
{
    atomic_store(&server->state, TN_SERVER_STOPPING);
    tn_shadow_stop(server, NULL, NULL);
    wait_for_quiet(server, timeout_us);
    if (is_quiet(server))
        return;
    tn_log(TN_LOG_WARN, "cancelling queries at shutdown", TN_LOG_U64("running", running_queries(server)));
    cancel_until_quiet(server);
}

static bool run_messages(struct tn_server *server)
{
    bool any = true, some = false;

    while (any) {
        any = false;
        for (size_t i = 0; i < server->worker_count; i++)
            any = (server->workers[i] != NULL && tn_worker_run_messages(server->workers[i])) || any;
        some = some || any;
    }
    return some;
}

void tn_server_stop_workers(struct tn_server *server)
{
    for (size_t i = 0; i < server->threads; i++)
        tn_worker_stop(server->workers[i]);
    for (size_t i = 0; i < server->threads; i++)
        tn_worker_join(server->workers[i]);
    server->threads = 0;
    run_messages(server);
}

/* Ends of embedded connections are jobs of the pool, and such a job may be submitted by the message of the one before. */
void tn_server_settle(struct tn_server *server)
{
    do {
        while ((server->offload != NULL && !tn_offload_idle(server->offload)) || (server->auth != NULL && !tn_auth_is_quiet(server->auth)))
            usleep(SETTLE_US);
    } while (run_messages(server));
}

static void free_runtime(struct tn_runtime *runtime)
{
    if (runtime->worker == NULL)
        return;
    ev_timer_stop(runtime->worker->loop, &runtime->sweep);
    tn_table_lister_free(runtime->lister);
    runtime->lister = NULL;
    tn_pool_free(runtime->pool);
    runtime->pool = NULL; /* a lease that ends later ends its connection */
    tn_shaper_free(runtime->shaper);
    runtime->shaper = NULL;
}

void tn_server_free(struct tn_server *server)
{
    if (server == NULL)
        return;
    tn_server_stop_workers(server);
    if (server->translator != NULL)
        tn_translator_stop(server->translator); /* who waits there is told by messages */
    if (server->scripter != NULL)
        tn_scripter_stop(server->scripter);
    tn_prober_free(server->prober);
    for (size_t i = 0; i < server->worker_count; i++)
        free_runtime(&server->runtimes[i]);
    tn_server_settle(server);
    tn_offload_free(server->offload);
    for (size_t i = 0; i < server->worker_count; i++) {
        tn_snapshot_unref(server->runtimes[i].snapshot);
        if (server->workers[i] == NULL)
            continue;
        tn_worker_free(server->workers[i]); /* frees what is buried: queries among it */
        tn_query_free_spares(&server->runtimes[i]);
    }
    tn_translator_free(server->translator);
    tn_table_types_free(server->table_types);
    tn_scripter_free(server->scripter);
    tn_snapshot_unref(server->snapshot);
    tn_auth_free(server->auth);
    tn_places_reset(&server->places);
    tn_config_unref(server->started_with);
    tn_history_close(server->history);
    tn_learning_close(server);
    if (server->catalog != NULL)
        server->free_catalog(server->catalog);
    if (server->console != NULL)
        server->console->free(server->console);
    tn_freeze_free(server->freeze);
    tn_admission_free(server->admission);
    pthread_mutex_destroy(&server->reload_lock);
    pthread_mutex_destroy(&server->snapshot_lock);
    free(server->runtimes);
    tn_free(server->workers);
    tn_free(server);
}

struct tn_snapshot *tn_server_snapshot(struct tn_server *server)
{
    struct tn_snapshot *snapshot;

    pthread_mutex_lock(&server->snapshot_lock);
    snapshot = tn_snapshot_ref(server->snapshot);
    pthread_mutex_unlock(&server->snapshot_lock);
    return snapshot;
}

/* One message that goes from worker to worker and last of all home. */
struct round {
    struct tn_message message;
    struct tn_server *server;
    struct tn_worker *home;
    size_t            next;
    void (*fn)(struct tn_runtime *runtime, void *arg);
    void (*done)(struct tn_worker *worker, void *arg);
    void *arg;
};

static void on_round(struct tn_message *message, struct tn_worker *worker)
{
    struct round *round = TN_CONTAINER_OF(message, struct round, message);

    if (round->next < round->server->worker_count) {
        round->fn(tn_runtime_of(worker), round->arg);
        round->next++;
        tn_worker_post(round->next < round->server->worker_count ? round->server->workers[round->next] : round->home,
                       message);
        return;
    }
    if (round->done != NULL)
        round->done(worker, round->arg);
    tn_free(round);
}

enum tn_status tn_server_each_worker(struct tn_server *server, struct tn_worker *worker,
                                     void (*fn)(struct tn_runtime *runtime, void *arg),
                                     void (*done)(struct tn_worker *worker, void *arg), void *arg)
{
    struct round *round = tn_malloc(sizeof *round);

    if (round == NULL)
        return TN_E_NOMEM;
    *round = (struct round){.message.run = on_round, .server = server, .home = worker, .fn = fn, .done = done, .arg = arg};
    tn_worker_post(server->workers[0], &round->message);
    return TN_OK;
}

void tn_server_counters(const struct tn_server *server, uint64_t sums[TN_COUNTER_COUNT])
{
    memset(sums, 0, TN_COUNTER_COUNT * sizeof *sums);
    for (size_t i = 0; i < server->worker_count; i++)
        tn_counters_add(sums, &server->runtimes[i].counters);
    if (server->history != NULL)
        tn_counters_add(sums, tn_history_counters(server->history));
    sums[TN_COUNTER_allocations_failed] = tn_alloc_refused();
    sums[TN_COUNTER_config_reloads_ok] = TN_MAX(sums[TN_COUNTER_config_reloads_ok], atomic_load(&server->reloads_ok));
    sums[TN_COUNTER_config_reloads_failed] = TN_MAX(sums[TN_COUNTER_config_reloads_failed], atomic_load(&server->reloads_failed));
}
