/* hash.h - 64-bit XXH3 (xxHash, Yann Collet); not for secrets. */
#ifndef TN_BASE_HASH_H
#define TN_BASE_HASH_H

#include "base/str.h"

#include <stdint.h>

uint64_t tn_hash(const void *data, size_t len);
uint64_t tn_hash_seeded(const void *data, size_t len, uint64_t seed);
void     tn_hash_128(const void *data, size_t len, uint64_t seed, uint64_t out[2]); /* 128-bit XXH3 */

static inline uint64_t tn_hash_str(struct tn_str text)
{
    return tn_hash(text.ptr, text.len);
}

static inline uint64_t tn_hash_mix(uint64_t x) /* splitmix64 finaliser */
{
    x ^= x >> 30;
    x *= UINT64_C(0xbf58476d1ce4e5b9);
    x ^= x >> 27;
    x *= UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

#endif
