/* tz.h - time zones from the system's TZif files (RFC 9636: version 2 and later, footer rule for what lies behind the
 * last transition) and from fixed offsets.
 *
 * A zone is immutable once made, so any thread may use it. Seconds are since 1970-01-01 UTC (without leap
 * seconds), offsets are seconds EAST of UTC. */
#ifndef TN_BASE_TZ_H
#define TN_BASE_TZ_H

#include "base/status.h"
#include "base/str.h"

#include <stdint.h>

struct tn_tz;

/* The range of time that the last answer holds for; the caller's own, one per thread. Begin with TN_TZ_RANGE_INIT. */
struct tn_tz_range {
    int64_t from, until; /* from <= t < until */
    int32_t offset_s;
};

#define TN_TZ_RANGE_INIT {.from = 0, .until = 0, .offset_s = 0}

/* NAME is a zone of /usr/share/zoneinfo in any case ("Europe/Berlin", "utc"), an offset east of UTC ("+02", "-03:30",
 * "2") or a POSIX rule ("UTC+3", "<+02>-02", "CET-1CEST,M3.5.0,M10.5.0/3": here west is positive).
 * TN_E_INVALID 22023 when it is none of them or its file is not sound. The caller owns *OUT. */
TN_MUST_USE enum tn_status tn_tz_load(struct tn_tz **out, struct tn_str name, struct tn_error *err);

/* The same from the bytes of a TZif file. */
TN_MUST_USE enum tn_status tn_tz_parse(struct tn_tz **out, struct tn_str name, const void *data, size_t len,
                                       struct tn_error *err);

void tn_tz_free(struct tn_tz *tz); /* NULL is fine */

/* As the zone files spell it, or as PostgreSQL shows a fixed offset: "<+02>-02". */
const char *tn_tz_name(const struct tn_tz *tz);

/* TZ NULL is UTC in all of these. */
int32_t tn_tz_offset_slow(const struct tn_tz *tz, int64_t unix_s, struct tn_tz_range *range);

static inline int32_t tn_tz_offset(const struct tn_tz *tz, int64_t unix_s, struct tn_tz_range *range)
{
    if (TN_LIKELY(unix_s >= range->from && unix_s < range->until))
        return range->offset_s;
    return tn_tz_offset_slow(tz, unix_s, range);
}

/* The offset of a local time (seconds as if it were UTC). As PostgreSQL has it: a time that a jump forward left out is
 * read with the offset before the jump, one that came twice with the offset after. */
int32_t tn_tz_local_offset(const struct tn_tz *tz, int64_t local_s);

#endif
