/* trino_text.h - values as the Trino protocol writes them inside JSON: numbers bare, all others as quoted text (times and
 * dates as java.time prints them, years beyond four digits with a sign; base64 for bytes). Each writer puts its bytes at
 * OUT, which has TN_TRINO_ROOM, and gives the end; NULL when Trino has no such value (infinite dates). */
#ifndef TN_FRONTEND_TRINO_TEXT_H
#define TN_FRONTEND_TRINO_TEXT_H

#include "base/buf.h"
#include "base/tz.h"
#include "result/value.h"

enum { TN_TRINO_ROOM = 256 };

char *tn_trino_put_double(char *out, double value);
char *tn_trino_put_real(char *out, float value);
char *tn_trino_put_date(char *out, int32_t days);
/* DIGITS of the second, 0 to 6: more are cut. */
char *tn_trino_put_time(char *out, int64_t us, unsigned digits);
char *tn_trino_put_timetz(char *out, int64_t us, int32_t east_s, unsigned digits);
char *tn_trino_put_timestamp(char *out, int64_t unix_us, unsigned digits);
/* Local time and name of TZ (NULL = UTC), a fixed offset as +hh:mm. */
char *tn_trino_put_timestamptz(char *out, int64_t unix_us, const struct tn_tz *tz, struct tn_tz_range *range, unsigned digits);
char *tn_trino_put_interval(char *out, const struct tn_interval *value); /* NULL: it has months */
char *tn_trino_put_months(char *out, const struct tn_interval *value);   /* NULL: it has more than months */
char *tn_trino_put_uuid(char *out, const void *uuid);

void tn_trino_put_text(struct tn_buf *out, struct tn_str text); /* what is not UTF-8 becomes U+FFFD */

#endif
