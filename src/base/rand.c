#include "base/rand.h"

#include "base/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

uint64_t tn_rand_next(struct tn_rand *rand)
{
    rand->state += TN_RAND_STEP;
    return tn_hash_mix(rand->state);
}

uint64_t tn_rand_below(struct tn_rand *rand, uint64_t bound)
{
    uint64_t limit = UINT64_MAX - UINT64_MAX % bound, value;

    do
        value = tn_rand_next(rand);
    while (value >= limit);
    return value % bound;
}

double tn_rand_unit(struct tn_rand *rand)
{
    return (double)(tn_rand_next(rand) >> 11) * 0x1p-53;
}

void tn_rand_secret(void *out, size_t len)
{
    unsigned char *at = out;

    while (len > 0) {
        ssize_t got = getrandom(at, len, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            abort();
        at += got;
        len -= (size_t)got;
    }
}
