/* pg_text.h - text forms as PostgreSQL 15 prints them (DateStyle ISO). Each writer puts its bytes at OUT, which has the
 * room that is named, and gives the end; values are in range (pg_binary.h checks). */
#ifndef TN_FRONTEND_PG_TEXT_H
#define TN_FRONTEND_PG_TEXT_H

#include "base/tz.h"
#include "frontend/pgwire/pg_types.h"

enum {
    TN_PG_DATE_TEXT = 20,      /* "5874897-12-31", "4714-11-24 BC", "-infinity" */
    TN_PG_TIME_TEXT = 16,      /* "24:00:00.123456" */
    TN_PG_TIMETZ_TEXT = 26,    /* + "+15:59:59" */
    TN_PG_TIMESTAMP_TEXT = 48, /* date, blank, time, zone, " BC" */
    TN_PG_UUID_TEXT = 36,
};

char *tn_pg_put_date(char *out, int32_t days);           /* since 1970-01-01 */
char *tn_pg_put_time(char *out, int64_t us);
char *tn_pg_put_timetz(char *out, int64_t us, int32_t east_s);
char *tn_pg_put_timestamp(char *out, int64_t unix_us);
char *tn_pg_put_timestamptz(char *out, int64_t unix_us, const struct tn_tz *tz, struct tn_tz_range *range);
char *tn_pg_put_uuid(char *out, const void *uuid);

/* Room: 2 + 2 * len for hex, 4 * len for escape. */
char *tn_pg_put_bytea_hex(char *out, const void *data, size_t len);
char *tn_pg_put_bytea_escape(char *out, const void *data, size_t len);

/* Text made fit for a UTF8 client: U+FFFD for each NUL byte and for each byte that starts no valid sequence.
 * Room: 3 * len. */
char *tn_pg_put_clean_text(char *out, const char *data, size_t len);
bool  tn_pg_text_is_clean(const char *data, size_t len);

#endif
