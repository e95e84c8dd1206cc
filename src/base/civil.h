/* civil.h - days since 1970-01-01 and the proleptic Gregorian calendar.
 * To a date: C. Neri and L. Schneider, "Euclidean affine functions and their application to calendar algorithms"
 * (2022); from a date: H. Hinnant, "chrono-compatible low-level date algorithms". Year 0 is 1 BC. */
#ifndef TN_BASE_CIVIL_H
#define TN_BASE_CIVIL_H

#include <stdbool.h>
#include <stdint.h>

struct tn_civil {
    int32_t  year;
    unsigned month, day; /* 1..12, 1..31 */
};

/* Any DAYS that fit an int32 and a little more (years -5,880,000 to 5,881,000). */
static inline struct tn_civil tn_civil_from_days(int64_t days)
{
    enum { ERAS = 15000, ERA_DAYS = 146097 };
    uint64_t n = (uint64_t)(days + 719468 + (int64_t)ERAS * ERA_DAYS);
    uint64_t n1 = 4 * n + 3;
    uint64_t century = n1 / ERA_DAYS;
    uint32_t n2 = (uint32_t)(n1 % ERA_DAYS) | 3;
    uint64_t p2 = UINT64_C(2939745) * n2;
    uint32_t year_of_century = (uint32_t)(p2 >> 32);
    uint32_t day_of_year = (uint32_t)p2 / 2939745 / 4;
    uint32_t n3 = 2141 * day_of_year + 197913;
    bool     next = day_of_year >= 306;

    return (struct tn_civil){
        .year = (int32_t)((int64_t)(100 * century + year_of_century) - 400 * (int64_t)ERAS + (next ? 1 : 0)),
        .month = (n3 >> 16) - (next ? 12 : 0),
        .day = (n3 & 0xffff) / 2141 + 1,
    };
}

static inline int64_t tn_civil_to_days(int64_t year, unsigned month, unsigned day)
{
    int64_t  y = month <= 2 ? year - 1 : year;
    int64_t  era = (y >= 0 ? y : y - 399) / 400;
    unsigned yoe = (unsigned)(y - era * 400);
    unsigned doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

    return era * 146097 + (int64_t)doe - 719468;
}

static inline bool tn_civil_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static inline unsigned tn_civil_month_days(int64_t year, unsigned month)
{
    return month == 2 ? (tn_civil_leap(year) ? 29u : 28u) : 30u + ((month + (month >> 3)) & 1u);
}

/* Rounds down, unlike `/`. */
static inline int64_t tn_floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0 ? 1 : 0);
}

#endif
