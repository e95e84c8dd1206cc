/* tz_rule.h - the POSIX TZ rule ("CET-1CEST,M3.5.0,M10.5.0/3"), with the extensions of RFC 9636 section 3.3.1: the
 * footer of a zone file and what SET TIME ZONE takes beside names. */
#ifndef TN_BASE_TZ_RULE_H
#define TN_BASE_TZ_RULE_H

#include "base/str.h"
#include "base/tz.h"

enum tn_tz_day_kind {
    TN_TZ_DAY_JULIAN,   /* Jn: 1..365, 29 February never counted */
    TN_TZ_DAY_ZERO,     /* n: 0..365, it is counted */
    TN_TZ_DAY_OF_MONTH, /* Mm.w.d: day d (0 = Sunday) of week w (5 = last) */
};

struct tn_tz_change {
    enum tn_tz_day_kind kind;
    uint16_t            day;    /* JULIAN, ZERO: the day; OF_MONTH: the week day */
    uint8_t             month, week;
    int32_t             time_s; /* local time of the change, may be negative or over a day */
};

struct tn_tz_rule {
    int32_t             std_s, dst_s; /* seconds east */
    bool                has_dst;
    struct tn_tz_change to_dst, to_std;
};

/* False when TEXT is not a whole rule. A rule with a summer time must say when it begins and ends. */
TN_MUST_USE bool tn_tz_rule_parse(struct tn_str text, struct tn_tz_rule *out);

/* Fills RANGE with the stretch around UNIX_S in which the offset stays the same. */
void tn_tz_rule_range(const struct tn_tz_rule *rule, int64_t unix_s, struct tn_tz_range *range);

#endif
