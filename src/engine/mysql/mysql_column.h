/* mysql_column.h - the server's column definitions as Turnout's types, and its values, text and binary, into a builder. Pure functions.
 *
 * Decisions where the two worlds differ: TINYINT(1) stays a number; BIT(1) is a boolean, a wider BIT a number; TIMESTAMP is a moment
 * (timestamptz) read in the session's zone, DATETIME is not; TIME is an interval, as it goes to 838 hours and below zero;
 * dates with a zero in them ('0000-00-00', '2024-05-00') are null. */
#ifndef TN_ENGINE_MYSQL_COLUMN_H
#define TN_ENGINE_MYSQL_COLUMN_H

#include "base/tz.h"
#include "frontend/mysql/my_types.h"
#include "result/builder.h"

struct tn_mysql_column {
    uint8_t  type; /* enum tn_my_type */
    bool     is_unsigned;
    uint16_t flags, charset;
    uint32_t length;
    uint8_t  decimals;
    bool     is_json; /* MariaDB says so of a text */
};

/* A column definition (protocol 4.1); EXTENDED: with MariaDB's extended metadata. The name is a view into MESSAGE. 08P01 when it is none. */
TN_MUST_USE enum tn_status tn_mysql_column_read(struct tn_str message, bool extended, struct tn_mysql_column *kind, struct tn_column *column,
                                                struct tn_error *err);

struct tn_mysql_values {
    const struct tn_schema       *schema;
    const struct tn_mysql_column *kinds;
    const struct tn_tz           *tz;        /* the session's; NULL = UTC */
    struct tn_builder            *builder;
    struct tn_buf                *scratch;
    bool                          zero_date; /* one was met */
};

/* One row, begun and ended in the builder. TN_AGAIN as tn_builder has it. 08P01 when MESSAGE is no such row. */
TN_MUST_USE enum tn_status tn_mysql_text_row(struct tn_mysql_values *values, struct tn_str message, struct tn_error *err);
TN_MUST_USE enum tn_status tn_mysql_binary_row(struct tn_mysql_values *values, struct tn_str message, struct tn_error *err);

/* ---- the other way ---- */

/* A date, time, timestamp or interval that MySQL has, too: years 1 to 9999, no months, at most 838 hours. True for other types. */
bool tn_mysql_fits(const struct tn_value *value);
/* It in binary, with its length; a moment in the session's zone TZ. */
void tn_mysql_put_moment(struct tn_buf *out, const struct tn_value *value, const struct tn_tz *tz);

#endif
