/* my_params.h - COM_STMT_EXECUTE: the parameters of a prepared statement. Pure. Source: MySQL Internals Manual, "COM_STMT_EXECUTE",
 * "Binary Protocol Value". */
#ifndef TN_FRONTEND_MY_PARAMS_H
#define TN_FRONTEND_MY_PARAMS_H

#include "base/arena.h"
#include "frontend/mysql/my_types.h"
#include "frontend/pgwire/pg_types.h"
#include "result/value.h"

enum { TN_MY_PARAM_UNSIGNED = 0x8000, TN_MY_CURSOR_READ_ONLY = 1 };

struct tn_my_execute {
    uint32_t            statement;
    uint8_t             flags;  /* cursor */
    struct tn_my_cursor rest;   /* what tn_my_read_params() reads */
};
TN_MUST_USE enum tn_status tn_my_parse_execute(struct tn_str body, struct tn_my_execute *out, struct tn_error *err);

/* COM_STMT_BULK_EXECUTE of MariaDB: one statement for many rows of parameters. Source: MariaDB Server Documentation, "COM_STMT_BULK_EXECUTE". */
enum { TN_MY_BULK_UNIT_RESULTS = 64, TN_MY_BULK_TYPES = 128 };
enum tn_my_indicator { TN_MY_INDICATOR_NONE, TN_MY_INDICATOR_NULL, TN_MY_INDICATOR_DEFAULT, TN_MY_INDICATOR_IGNORE };

struct tn_my_bulk_execute {
    uint32_t            statement;
    uint16_t            flags;  /* UNIT_RESULTS: a result for each row; TYPES: they stand first in `rest` */
    struct tn_my_cursor rest;   /* what tn_my_read_bulk_types() and tn_my_read_bulk_row() read */
};
TN_MUST_USE enum tn_status tn_my_parse_bulk(struct tn_str body, struct tn_my_bulk_execute *out, struct tn_error *err);

/* COUNT parameters at REST, of TYPES, which the packet may bring along anew (type number, TN_MY_PARAM_UNSIGNED): *TYPES_KNOWN says
 * whether TYPES holds those of an execution before. LONG_DATA (NULL: none; of COUNT, ptr NULL: not sent in pieces) are values that
 * came before. STYLE's zone is the one of times. INTEGRAL_DOUBLES: a DOUBLE without a fraction is meant as an integer.
 * Values point into ARENA and the packet. TN_E_INVALID 08S01 malformed, 22007 a date that there is none of; TN_E_NOMEM. */
struct tn_my_param_source {
    size_t                    count;
    uint16_t                 *types;
    bool                     *types_known;
    const struct tn_str      *long_data;
    const struct tn_pg_style *style;
    bool                      integral_doubles;
    const struct tn_my_charset *charset; /* of texts; NULL: UTF-8 */
};
TN_MUST_USE enum tn_status tn_my_read_params(struct tn_my_cursor *rest, const struct tn_my_param_source *source, struct tn_arena *arena,
                                             struct tn_param *out, struct tn_error *err);

/* TYPES of COUNT parameters at REST. TN_E_INVALID 08S01: they are not there. */
TN_MUST_USE enum tn_status tn_my_read_bulk_types(struct tn_my_cursor *rest, uint16_t *types, size_t count, struct tn_error *err);
/* The next row at REST: values as above, and of each parameter what it is meant for (enum tn_my_indicator); those that have no value are null. */
TN_MUST_USE enum tn_status tn_my_read_bulk_row(struct tn_my_cursor *rest, const struct tn_my_param_source *source, struct tn_arena *arena,
                                               struct tn_param *out, uint8_t *indicators, struct tn_error *err);

#endif
