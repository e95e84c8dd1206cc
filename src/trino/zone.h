/* zone.h - time zones as Trino's clients say them. Pure functions. */
#ifndef TN_TRINO_ZONE_H
#define TN_TRINO_ZONE_H

#include "base/str.h"

enum { TN_TRINO_OFFSET = 8 }; /* "+05:30" and its NUL */

/* "UTC+3" is east of Greenwich to Java, as "+3" is; to what reads it as POSIX has it, it were west. */
struct tn_str tn_trino_zone(struct tn_str name);
/* TEXT, INTERVAL [-]'2' HOUR, '90' MINUTE or '5:30' HOUR TO MINUTE, as an offset. False: none of these, or beyond 14 hours. */
bool tn_trino_zone_interval(struct tn_str text, char out[TN_TRINO_OFFSET]);

#endif
