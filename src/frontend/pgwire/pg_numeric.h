/* pg_numeric.h - numeric: decimal text and PostgreSQL's base-10000 binary form, exactly.
 * Limits are PostgreSQL's: 131072 digits before the point, 16383 after it. */
#ifndef TN_FRONTEND_PG_NUMERIC_H
#define TN_FRONTEND_PG_NUMERIC_H

#include "base/status.h"
#include "base/str.h"

#include <stdint.h>

enum tn_pg_numeric_kind { TN_PG_NUMERIC_FINITE, TN_PG_NUMERIC_NAN, TN_PG_NUMERIC_INF, TN_PG_NUMERIC_NEG_INF };

/* A number as it stands in a text (views), measured. Digits are those of whole and fraction in a row; `point` is where
 * the decimal point lies among them (the exponent is in it: below 0 or behind the last digit is possible). */
struct tn_pg_numeric {
    enum tn_pg_numeric_kind kind;
    bool                    negative; /* never for zero */
    struct tn_str           whole, fraction;
    int64_t                 point;
    int64_t                 first, last; /* first and last digit that is not 0; first = -1: the number is zero */
    int64_t                 dscale;      /* digits after the point */
};

/* TN_E_INVALID 22P02, or 22003 beyond the limits. */
enum tn_status tn_pg_numeric_parse(struct tn_str text, struct tn_pg_numeric *out, struct tn_error *err);

/* [-]digits[.digits] without needless zeros before the point; NaN, Infinity, -Infinity. */
size_t tn_pg_numeric_text_len(const struct tn_pg_numeric *number);
char  *tn_pg_put_numeric(char *out, const struct tn_pg_numeric *number);
size_t tn_pg_numeric_binary_len(const struct tn_pg_numeric *number);
char  *tn_pg_put_numeric_binary(char *out, const struct tn_pg_numeric *number);

/* The binary form: checked, and the most bytes that its text needs. */
enum tn_status tn_pg_numeric_check(struct tn_str binary, size_t *text_max, struct tn_error *err);
char          *tn_pg_put_numeric_text(char *out, struct tn_str binary); /* checked before */

#endif
