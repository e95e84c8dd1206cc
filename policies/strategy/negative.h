/* negative.h - which clusters cannot do which shapes, for a while. A fixed table: a newer fact may push out an older one.
 * Thread-safe. */
#ifndef TN_POLICIES_STRATEGY_NEGATIVE_H
#define TN_POLICIES_STRATEGY_NEGATIVE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { TN_NEGATIVE_FACTS = 8192 };

struct tn_negative {
    pthread_mutex_t  lock;
    _Atomic unsigned count; /* facts ever learned; 0: nobody needs to look */
    struct {
        uint64_t key[2];
        uint64_t until_us;
        uint8_t  cluster;
        char     sqlstate[6];
    } facts[TN_NEGATIVE_FACTS];
};

void tn_negative_init(struct tn_negative *negative);
void tn_negative_destroy(struct tn_negative *negative);
void tn_negative_learn(struct tn_negative *negative, const uint64_t key[2], uint8_t cluster, const char *sqlstate, uint64_t until_us);
void tn_negative_forget(struct tn_negative *negative, uint8_t cluster); /* all of it */
/* Of one shape, whatever was asked about its text (the second half of such a key differs); KEY NULL: all of every shape. */
void tn_negative_reset(struct tn_negative *negative, const uint64_t key[2]);
/* False: it knows nothing at all, as mostly. */
static inline bool tn_negative_any(struct tn_negative *negative)
{
    return atomic_load_explicit(&negative->count, memory_order_acquire) != 0;
}
bool tn_negative_knows(struct tn_negative *negative, const uint64_t key[2], uint8_t cluster, uint64_t now_us);

#endif
