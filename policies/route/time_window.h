/* time_window.h - hours of the day on days of the week in a time zone.
 *
 * `days` are the days on which a window begins: `days: [fri], from: "22:00", to: "06:00"` goes on until Saturday 06:00.
 * `from` is inside, `to` is not. Without `from` and `to` it is the whole day; without `days` every day. */
#ifndef TN_POLICIES_ROUTE_TIME_WINDOW_H
#define TN_POLICIES_ROUTE_TIME_WINDOW_H

#include "base/tz.h"
#include "policies/route/router.h"

struct tn_time_window {
    unsigned days;     /* bit 0 = Monday .. bit 6 = Sunday */
    uint32_t from, to; /* seconds of the day; to < from: over midnight */
};

#define TN_TIME_WINDOW_KEYS "days", "from", "to"

bool tn_time_window_compile(struct tn_compiler *c, const struct tn_node *map, const char *path, struct tn_time_window *out);
bool tn_time_window_holds(const struct tn_time_window *window, int64_t local_s);

/* The zone under `timeZone` of MAP; *OUT NULL when absent: UTC. Kept with the routes. False when wrong (reported). */
bool    tn_time_zone_compile(struct tn_compiler *c, const struct tn_node *map, const char *path, const struct tn_tz **out);
int64_t tn_time_local(const struct tn_tz *zone, uint64_t wall_us);

#endif
