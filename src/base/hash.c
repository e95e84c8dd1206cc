#define XXH_INLINE_ALL
#include "base/hash.h"

#include <xxhash.h>

uint64_t tn_hash(const void *data, size_t len)
{
    return XXH3_64bits(data, len);
}

uint64_t tn_hash_seeded(const void *data, size_t len, uint64_t seed)
{
    return XXH3_64bits_withSeed(data, len, seed);
}

void tn_hash_128(const void *data, size_t len, uint64_t seed, uint64_t out[2])
{
    XXH128_hash_t hash = XXH3_128bits_withSeed(data, len, seed);

    out[0] = hash.low64;
    out[1] = hash.high64;
}
