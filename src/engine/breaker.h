/* breaker.h - passive health of one cluster: opens after failures that were the engine's fault, half-opens after a pause.
 * Numbers: reference of the options circuitBreaker.* (5 in a row, or 50 % of at least 20 in 10 s; 30 s times k, at most
 * 300 s, +-20 %); after Envoy's outlier detection. A clock that jumps back starts the wait anew. Thread-safe (own lock, never held while calling out). */
#ifndef TN_ENGINE_BREAKER_H
#define TN_ENGINE_BREAKER_H

#include "base/rand.h"
#include "config/config.h"

#include <pthread.h>
#include <stdint.h>

enum tn_breaker_state { TN_BREAKER_CLOSED, TN_BREAKER_OPEN, TN_BREAKER_HALF_OPEN };

struct tn_breaker {
    pthread_mutex_t       lock;
    enum tn_breaker_state state;
    unsigned              consecutive;
    unsigned              openings;     /* k of the back-off; back to 0 after a good trial */
    uint64_t              opened_us, open_until_us;
    uint64_t              trial_us;     /* last trial while half open: one a second */
    uint64_t              bucket_start_us;
    struct {
        uint32_t ok, failed;
    } buckets[10];                      /* the window in ten parts */
    struct tn_rand        rand;
};

void tn_breaker_init(struct tn_breaker *breaker);
void tn_breaker_destroy(struct tn_breaker *breaker);
/* One outcome that says something about the engine. True when this opened the breaker. While it is open outcomes of
 * queries that began before say nothing new and are ignored; half open, the first one decides. */
bool tn_breaker_record(struct tn_breaker *breaker, const struct tn_cluster_conf *conf, bool ok, uint64_t now_us);
/* May a query go there now? Half open: yes once a second, and that yes uses up the trial: ask once per query. */
bool tn_breaker_allows(struct tn_breaker *breaker, uint64_t now_us);
enum tn_breaker_state tn_breaker_state(struct tn_breaker *breaker, uint64_t now_us);

#endif
