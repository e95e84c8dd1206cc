/* pg_digits.h - decimal digits of integers, two at a time. Writers put at OUT and give the end; no NUL, no check of room. */
#ifndef TN_FRONTEND_PG_DIGITS_H
#define TN_FRONTEND_PG_DIGITS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { TN_PG_U64_DIGITS = 20 };

extern const char     tn_pg_digit_pairs[200]; /* "000102...99" */
extern const uint64_t tn_pg_pow10_u64[20];    /* 10^0 .. 10^19 */

static inline unsigned tn_pg_count_digits(uint64_t v)
{
    unsigned guess = ((64u - (unsigned)__builtin_clzll(v | 1)) * 1233) >> 12; /* log10(2) = 1233 / 4096 */

    return guess + (v >= tn_pg_pow10_u64[guess]) + (v == 0 && guess == 0);
}

static inline void tn_pg_put2(char *out, uint32_t v) /* v < 100 */
{
    memcpy(out, tn_pg_digit_pairs + 2 * v, 2);
}

static inline void tn_pg_put4(char *out, uint32_t v) /* v < 10000 */
{
    tn_pg_put2(out, v / 100);
    tn_pg_put2(out + 2, v % 100);
}

/* Exactly COUNT digits of V, which has no more. */
static inline char *tn_pg_put_digits(char *out, uint64_t v, unsigned count)
{
    char *at = out + count;

    while (v > UINT32_MAX) {
        uint32_t low = (uint32_t)(v % 100000000);

        v /= 100000000;
        at -= 8;
        tn_pg_put4(at, low / 10000);
        tn_pg_put4(at + 4, low % 10000);
    }
    uint32_t w = (uint32_t)v;
    while (w >= 100) {
        at -= 2;
        tn_pg_put2(at, w % 100);
        w /= 100;
    }
    if (w >= 10)
        tn_pg_put2(at -= 2, w);
    else if (at > out)
        *--at = (char)('0' + w);
    while (at > out)
        *--at = '0';
    return out + count;
}

static inline char *tn_pg_put_u64(char *out, uint64_t v)
{
    if (v < 10) {
        *out = (char)('0' + v);
        return out + 1;
    }
    if (v < 100) {
        tn_pg_put2(out, (uint32_t)v);
        return out + 2;
    }
    return tn_pg_put_digits(out, v, tn_pg_count_digits(v));
}

static inline char *tn_pg_put_i64(char *out, int64_t v)
{
    *out = '-';
    return tn_pg_put_u64(out + (v < 0), v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

/* Big-endian words. */
static inline char *tn_pg_put_be16(char *out, uint16_t v)
{
    v = __builtin_bswap16(v);
    memcpy(out, &v, sizeof v);
    return out + sizeof v;
}

static inline char *tn_pg_put_be32(char *out, uint32_t v)
{
    v = __builtin_bswap32(v);
    memcpy(out, &v, sizeof v);
    return out + sizeof v;
}

static inline char *tn_pg_put_be64(char *out, uint64_t v)
{
    v = __builtin_bswap64(v);
    memcpy(out, &v, sizeof v);
    return out + sizeof v;
}

static inline uint16_t tn_pg_get_be16(const void *at)
{
    uint16_t v;

    memcpy(&v, at, sizeof v);
    return __builtin_bswap16(v);
}

static inline uint32_t tn_pg_get_be32(const void *at)
{
    uint32_t v;

    memcpy(&v, at, sizeof v);
    return __builtin_bswap32(v);
}

static inline uint64_t tn_pg_get_be64(const void *at)
{
    uint64_t v;

    memcpy(&v, at, sizeof v);
    return __builtin_bswap64(v);
}

#endif
