/* cluster.h - one configured instance of an engine while the program runs. Shared by all workers; counted. A reload keeps
 * the object when its configuration is unchanged, else it is replaced and the old one ends with its last query. */
#ifndef TN_ENGINE_CLUSTER_H
#define TN_ENGINE_CLUSTER_H

#include "engine/awake.h"
#include "engine/breaker.h"
#include "engine/engine.h"
#include "loop/offload.h"
#include "stats/price.h"

#include <stdatomic.h>

enum tn_health { TN_HEALTH_UNKNOWN, TN_HEALTH_UP, TN_HEALTH_DOWN };

struct tn_cluster {
    _Atomic unsigned              refs;
    unsigned                      id;        /* unique while the program runs, never reused */
    struct tn_config             *config;    /* counted; owns conf */
    const struct tn_cluster_conf *conf;
    const struct tn_engine_ops   *ops;
    void                         *engine;    /* the engine's own shared state */
    bool                          opened;    /* false: disabled by configuration, no connection may be made */
    unsigned                      max_running; /* from conf or the engine's default */
    struct tn_price               price;     /* of conf */
    _Atomic unsigned              running;   /* slots held by clients' queries; changed by src/admission under its lock only */
    _Atomic unsigned              resting;   /* transactions that are open here and have no slot: tn_lease_rest() */
    _Atomic unsigned              copies;    /* slots held by copies in the background; the same */
    _Atomic int                   health;    /* enum tn_health, by probes; UNKNOWN may be used */
    _Atomic bool                  maintenance; /* no new queries; set by the admin API, kept over a reload */
    _Atomic bool                  removed;   /* not in the configuration any more: drains */
    _Atomic unsigned              stat_id;     /* number in the statistics, TN_STORE_CLUSTERS or more = none */
    _Atomic unsigned              asleep_id;   /* the same of what it shows while it is asleep, for tn_cluster_number() */
    _Atomic uint64_t              crowded_until_us; /* who came for a slot lately waited longer than going elsewhere takes */
    struct tn_awake              *awake;     /* price autoSuspend; kept over a reload */
    struct tn_breaker             breaker;
    _Atomic uint64_t              queries, failures, probes_failed; /* since start */
    _Atomic unsigned              definitions; /* statements through us that may have created, altered or dropped something there */
    struct tn_job                 end;       /* closes it, when its last user is a worker */
    pthread_mutex_t               note_lock;
    char                          note[256]; /* why it is down: last probe's error, under note_lock */
};

/* It goes to sleep by itself: a run that finds it so wakes it up (awake.h). */
static inline bool tn_cluster_suspends(const struct tn_cluster *cluster)
{
    return cluster->conf->price_type == TN_CFG_PRICE_TYPE_AUTO_SUSPEND;
}
/* Its number in the statistics as it is now. To who learns, a cluster that has to start first is another one, whose runs take the start
 * in addition; where there is no number for that, nothing is learned of them. */
unsigned tn_cluster_number(const struct tn_cluster *cluster);
/* A run for NUMBER found it so: does what it took tell of that number? */
bool     tn_cluster_fits(const struct tn_cluster *cluster, unsigned number, enum tn_found found);
double   tn_cluster_awake_s(const struct tn_cluster *cluster); /* until it would, from now on; 0: it is asleep, or never does */

/* Opens CONF's engine (not that of a disabled cluster, whose library or file may be missing); a refused open has cleaned
 * up after itself and close is not called. May block. On TN_OK the caller owns one reference. */
TN_MUST_USE enum tn_status tn_cluster_new(struct tn_cluster **out, const struct tn_config *config,
                                          const struct tn_cluster_conf *conf, struct tn_error *err);
struct tn_cluster *tn_cluster_ref(struct tn_cluster *cluster);
void               tn_cluster_unref(struct tn_cluster *cluster); /* NULL is fine; the last one closes the engine: on a
                                                            worker's thread by a job of the offload pool, as it may block */

/* Why a cluster may not get a query now; OK = it may. Room (slots) is not looked at here.
 * tn_cluster_usable() is for choosing: the OK of a half-open breaker is given once a second. tn_cluster_look() is for
 * showing and changes nothing. */
enum tn_usable { TN_USABLE_OK, TN_USABLE_DISABLED, TN_USABLE_MAINTENANCE, TN_USABLE_REMOVED, TN_USABLE_DOWN, TN_USABLE_BREAKER };
enum tn_usable tn_cluster_usable(struct tn_cluster *cluster, uint64_t now_us);
enum tn_usable tn_cluster_look(struct tn_cluster *cluster, uint64_t now_us);
const char    *tn_usable_text(enum tn_usable usable); /* "in maintenance" */

void tn_cluster_note(struct tn_cluster *cluster, const char *text);              /* thread-safe */
void tn_cluster_get_note(struct tn_cluster *cluster, char *out, size_t size);

#endif
