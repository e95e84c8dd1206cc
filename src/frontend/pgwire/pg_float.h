/* pg_float.h - float4 and float8 as PostgreSQL 15 prints and reads them. */
#ifndef TN_FRONTEND_PG_FLOAT_H
#define TN_FRONTEND_PG_FLOAT_H

#include "base/status.h"
#include "base/str.h"

/* Room for any value with any extra_float_digits. */
enum { TN_PG_FLOAT_TEXT = 32 };

/* Writes at OUT, gives the end. EXTRA_DIGITS above 0: the shortest text that reads back equal, by R. Giulietti's
 * Schubfach ("The Schubfach way to render doubles", 2020) with the ends of the rounding interval left out, as
 * PostgreSQL's Ryu does (1e23 is 9.999999999999999e+22); otherwise %.*g with 15 (6) + EXTRA_DIGITS digits. */
char *tn_pg_put_float8(char *out, double value, int extra_digits);
char *tn_pg_put_float4(char *out, float value, int extra_digits);

/* Errors: TN_E_INVALID 22P02 or 22003. */
enum tn_status tn_pg_float8_parse(struct tn_str text, double *out, struct tn_error *err);
enum tn_status tn_pg_float4_parse(struct tn_str text, double *out, struct tn_error *err);

#endif
