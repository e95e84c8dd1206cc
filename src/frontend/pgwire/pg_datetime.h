/* pg_datetime.h - dates and times from ISO 8601 text as drivers send it:
 *   [+-]year-month-day | yyyymmdd, then T or a blank, hour:minute[:second[.fraction]], then Z, [+-]hh[[:]mm[[:]ss]] or the
 *   name of a zone, then BC or AD; infinity, -infinity, epoch.
 * Errors: 22007 for any other text, 22008 for a field out of range. */
#ifndef TN_FRONTEND_PG_DATETIME_H
#define TN_FRONTEND_PG_DATETIME_H

#include "frontend/pgwire/pg_types.h"

enum tn_status tn_pg_date_parse(struct tn_str text, int32_t *unix_days, struct tn_error *err);
enum tn_status tn_pg_time_parse(struct tn_str text, int64_t *us, struct tn_error *err);
/* Without a zone in the text: the offset that TZ (NULL = UTC) has now. */
enum tn_status tn_pg_timetz_parse(struct tn_str text, const struct tn_tz *tz, int64_t *us, int32_t *east_s,
                                  struct tn_error *err);
enum tn_status tn_pg_timestamp_parse(struct tn_str text, int64_t *unix_us, struct tn_error *err); /* a zone is ignored */
enum tn_status tn_pg_timestamptz_parse(struct tn_str text, const struct tn_tz *tz, int64_t *unix_us,
                                       struct tn_error *err);

#endif
