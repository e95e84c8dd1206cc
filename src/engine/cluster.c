#include "engine/cluster.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "engine/blocking.h"

#include <limits.h>

static _Atomic unsigned last_id;

static void free_cluster(struct tn_cluster *cluster)
{
    if (cluster->opened)
        cluster->ops->close(cluster);
    tn_breaker_destroy(&cluster->breaker);
    pthread_mutex_destroy(&cluster->note_lock);
    tn_config_unref(cluster->config);
    tn_awake_unref(cluster->awake);
    tn_free(cluster);
}

static enum tn_status open_cluster(struct tn_cluster *cluster, struct tn_error *err)
{
    enum tn_status status;

    if (!cluster->conf->enabled)
        return TN_OK;
    status = cluster->ops->open(cluster, err);
    cluster->opened = status == TN_OK;
    if (status != TN_OK)
        tn_error_about(err, "cluster " TN_STR_FMT, TN_STR_ARG(cluster->conf->name));
    return status;
}

enum tn_status tn_cluster_new(struct tn_cluster **out, const struct tn_config *config,
                              const struct tn_cluster_conf *conf, struct tn_error *err)
{
    const struct tn_engine_ops *ops = tn_engine_find(conf->engine);
    struct tn_cluster          *cluster;
    enum tn_status              status;

    *out = NULL;
    if (ops == NULL)
        return tn_fail(err, TN_E_INVALID, "F0000", "cluster " TN_STR_FMT " has no engine", TN_STR_ARG(conf->name));
    cluster = tn_calloc(1, sizeof *cluster);
    if (cluster == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "cluster " TN_STR_FMT ": no memory", TN_STR_ARG(conf->name));
    cluster->refs = 1;
    cluster->id = atomic_fetch_add(&last_id, 1) + 1;
    atomic_init(&cluster->stat_id, UINT_MAX); /* none yet */
    atomic_init(&cluster->asleep_id, UINT_MAX);
    cluster->config = tn_config_ref(config);
    cluster->conf = conf;
    cluster->ops = ops;
    cluster->max_running = conf->max_running > 0 ? (unsigned)conf->max_running : ops->default_max_running;
    cluster->awake = tn_awake_new();
    tn_price_init(&cluster->price, conf);
    tn_breaker_init(&cluster->breaker);
    pthread_mutex_init(&cluster->note_lock, NULL);
    status = cluster->awake != NULL ? open_cluster(cluster, err) : tn_fail(err, TN_E_NOMEM, "53200", "cluster " TN_STR_FMT ": no memory", TN_STR_ARG(conf->name));
    if (status != TN_OK)
        free_cluster(cluster);
    else
        *out = cluster;
    return status;
}

struct tn_cluster *tn_cluster_ref(struct tn_cluster *cluster)
{
    atomic_fetch_add_explicit(&cluster->refs, 1, memory_order_relaxed);
    return cluster;
}

unsigned tn_cluster_number(const struct tn_cluster *cluster)
{
    unsigned asleep = atomic_load_explicit(&cluster->asleep_id, memory_order_relaxed);

    if (tn_cluster_suspends(cluster) && asleep != UINT_MAX && (tn_cluster_awake_s(cluster) <= 0 || tn_awake_is_starting(cluster->awake)))
        return asleep;
    return atomic_load_explicit(&cluster->stat_id, memory_order_relaxed);
}

bool tn_cluster_fits(const struct tn_cluster *cluster, unsigned number, enum tn_found found)
{
    bool for_asleep = number == atomic_load_explicit(&cluster->asleep_id, memory_order_relaxed);

    return !tn_cluster_suspends(cluster) || found == (for_asleep ? TN_FOUND_ASLEEP : TN_FOUND_AWAKE);
}

double tn_cluster_awake_s(const struct tn_cluster *cluster)
{
    return tn_cluster_suspends(cluster) ? tn_awake_left_s(cluster->awake, tn_clock_us(), cluster->conf->price_idle_seconds) : 0;
}

static void job_end(struct tn_job *job)
{
    free_cluster(TN_CONTAINER_OF(job, struct tn_cluster, end));
}

/* Closing an embedded engine writes its log into its file: seconds, perhaps. The pool outlives the workers' threads. */
void tn_cluster_unref(struct tn_cluster *cluster)
{
    struct tn_offload *pool = tn_blocking_pool();

    if (cluster == NULL || atomic_fetch_sub_explicit(&cluster->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (!cluster->opened || pool == NULL || !tn_worker_is_here()) {
        free_cluster(cluster);
        return;
    }
    cluster->end.run = job_end;
    tn_offload_submit(pool, &cluster->end, NULL);
}

static enum tn_usable without_breaker(struct tn_cluster *cluster)
{
    if (atomic_load(&cluster->removed))
        return TN_USABLE_REMOVED;
    if (!cluster->conf->enabled)
        return TN_USABLE_DISABLED;
    if (atomic_load(&cluster->maintenance))
        return TN_USABLE_MAINTENANCE;
    if (atomic_load(&cluster->health) == TN_HEALTH_DOWN)
        return TN_USABLE_DOWN;
    return TN_USABLE_OK;
}

enum tn_usable tn_cluster_usable(struct tn_cluster *cluster, uint64_t now_us)
{
    enum tn_usable usable = without_breaker(cluster);

    if (usable == TN_USABLE_OK && !tn_breaker_allows(&cluster->breaker, now_us))
        return TN_USABLE_BREAKER;
    return usable;
}

enum tn_usable tn_cluster_look(struct tn_cluster *cluster, uint64_t now_us)
{
    enum tn_usable usable = without_breaker(cluster);

    if (usable == TN_USABLE_OK && tn_breaker_state(&cluster->breaker, now_us) == TN_BREAKER_OPEN)
        return TN_USABLE_BREAKER;
    return usable;
}

const char *tn_usable_text(enum tn_usable usable)
{
    static const char *const texts[] = {
        [TN_USABLE_OK] = "usable",
        [TN_USABLE_DISABLED] = "disabled by configuration",
        [TN_USABLE_MAINTENANCE] = "in maintenance",
        [TN_USABLE_REMOVED] = "removed from the configuration",
        [TN_USABLE_DOWN] = "down: its health check fails",
        [TN_USABLE_BREAKER] = "circuit breaker open after failures",
    };

    return (size_t)usable < TN_ARRAY_LEN(texts) ? texts[usable] : "?";
}

void tn_cluster_note(struct tn_cluster *cluster, const char *text)
{
    pthread_mutex_lock(&cluster->note_lock);
    tn_str_copy(cluster->note, sizeof cluster->note, tn_str(text));
    pthread_mutex_unlock(&cluster->note_lock);
}

void tn_cluster_get_note(struct tn_cluster *cluster, char *out, size_t size)
{
    pthread_mutex_lock(&cluster->note_lock);
    tn_str_copy(out, size, tn_str(cluster->note));
    pthread_mutex_unlock(&cluster->note_lock);
}
