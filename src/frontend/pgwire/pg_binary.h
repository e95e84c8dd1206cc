/* pg_binary.h - PostgreSQL's binary forms: big-endian, dates and times since 2000-01-01, and the ranges of both sides.
 * Turnout counts from 1970-01-01, so timestamps of the years 294247 to 294276, which PostgreSQL has, are out of range. */
#ifndef TN_FRONTEND_PG_BINARY_H
#define TN_FRONTEND_PG_BINARY_H

#include "frontend/pgwire/pg_types.h"
#include "result/value.h"

#define TN_PG_EPOCH_DAYS 10957                       /* 2000-01-01 since 1970-01-01 */
#define TN_PG_EPOCH_US INT64_C(946684800000000)
#define TN_PG_TIME_MAX_US INT64_C(86400000000)       /* 24:00:00 is a time */
#define TN_PG_ZONE_LIMIT_S (16 * 3600)               /* offsets are below */

/* False when the value is out of range. The infinities of one side are those of the other. */
static inline bool tn_pg_date_to_pg(int32_t unix_days, int32_t *pg)
{
    enum { FIRST = -2440588 /* 4714-11-24 BC */, END = 2145042906 /* 5874898-01-01 */ };

    if (TN_LIKELY(unix_days >= FIRST && unix_days < END)) {
        *pg = unix_days - TN_PG_EPOCH_DAYS;
        return true;
    }
    *pg = unix_days == INT32_MAX ? INT32_MAX : INT32_MIN;
    return unix_days == INT32_MAX || unix_days <= -INT32_MAX;
}

static inline bool tn_pg_date_from_pg(int32_t pg, int32_t *unix_days)
{
    int32_t again;

    *unix_days = pg;
    if (pg == INT32_MAX || pg == INT32_MIN)
        return true;
    return !__builtin_add_overflow(pg, TN_PG_EPOCH_DAYS, unix_days) && *unix_days < INT32_MAX &&
           tn_pg_date_to_pg(*unix_days, &again);
}

static inline bool tn_pg_timestamp_to_pg(int64_t unix_us, int64_t *pg)
{
    const int64_t first = INT64_C(-210866803200000000); /* 4714-11-24 00:00:00 BC */

    if (TN_LIKELY(unix_us >= first && unix_us < INT64_MAX)) {
        *pg = unix_us - TN_PG_EPOCH_US;
        return true;
    }
    *pg = unix_us == INT64_MAX ? INT64_MAX : INT64_MIN;
    return unix_us == INT64_MAX || unix_us <= -INT64_MAX;
}

static inline bool tn_pg_timestamp_from_pg(int64_t pg, int64_t *unix_us)
{
    int64_t again;

    *unix_us = pg;
    if (pg == INT64_MAX || pg == INT64_MIN)
        return true;
    return !__builtin_add_overflow(pg, TN_PG_EPOCH_US, unix_us) && *unix_us < INT64_MAX &&
           tn_pg_timestamp_to_pg(*unix_us, &again);
}

static inline bool tn_pg_time_ok(int64_t us)
{
    return us >= 0 && us <= TN_PG_TIME_MAX_US;
}

static inline bool tn_pg_zone_ok(int32_t east_s)
{
    return east_s > -TN_PG_ZONE_LIMIT_S && east_s < TN_PG_ZONE_LIMIT_S;
}

/* Writes at OUT (16 bytes), gives the end. */
char *tn_pg_put_interval_binary(char *out, const struct tn_interval *value);

/* The binary form BYTES of the scalar TYPE; 22P03 when its length or content is wrong, 22008 out of range, 22021 when
 * text is not UTF-8. Text and bytes are views into BYTES; numeric becomes text in ARENA. */
enum tn_status tn_pg_binary_decode(const struct tn_pg_type *type, struct tn_str bytes, struct tn_arena *arena,
                                   struct tn_value *out, struct tn_error *err);

#endif
