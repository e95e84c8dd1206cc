/* pg_interval.h - intervals as PostgreSQL 15 prints and reads them. A tn_interval counts nanoseconds, PostgreSQL
 * microseconds: what is below a microsecond is cut. Hours beyond about 2.5 million do not fit a tn_interval: 22008. */
#ifndef TN_FRONTEND_PG_INTERVAL_H
#define TN_FRONTEND_PG_INTERVAL_H

#include "frontend/pgwire/pg_types.h"
#include "result/value.h"

enum { TN_PG_INTERVAL_TEXT = 128 };

/* Writes at OUT (TN_PG_INTERVAL_TEXT bytes), gives the end. */
char *tn_pg_put_interval(char *out, const struct tn_interval *value, enum tn_pg_interval_style style);

/* Reads what the four styles print, and units in any order: "1.5 days 2 hours ago". 22007 or 22008 otherwise. In style
 * SQL_STANDARD a sign in front that is the only one holds for all fields, as PostgreSQL reads it. */
enum tn_status tn_pg_interval_parse(struct tn_str text, enum tn_pg_interval_style style, struct tn_interval *out,
                                    struct tn_error *err);

#endif
