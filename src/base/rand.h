/* rand.h - SplitMix64 for choices that need no secrecy, getrandom(2) for those that do. */
#ifndef TN_BASE_RAND_H
#define TN_BASE_RAND_H

#include <stddef.h>
#include <stdint.h>

#define TN_RAND_STEP UINT64_C(0x9e3779b97f4a7c15) /* what each number adds to the state */

struct tn_rand {
    uint64_t state; /* any seed will do */
};

uint64_t tn_rand_next(struct tn_rand *rand);
uint64_t tn_rand_below(struct tn_rand *rand, uint64_t bound); /* uniform in [0, bound); bound > 0 */
double   tn_rand_unit(struct tn_rand *rand);                  /* [0, 1) */
void     tn_rand_secret(void *out, size_t len);               /* from the kernel; aborts when it cannot */

#endif
