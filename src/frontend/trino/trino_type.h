/* trino_type.h - what a column is called on the Trino protocol: the type's name, which Python reads, and its signature
 * (rawType and arguments), which the Java clients read.
 *
 * Where Trino has no such type: unsigned integers become the next larger signed one, UINT64 decimal(20,0); integers of 128
 * bits decimal(38,0); a NUMERIC without precision decimal(38,18), its values with all the digits that they have; an
 * INTERVAL is of days and seconds (a value with months is an error that says so) unless PostgreSQL says that it is of years and months; MySQL's
 * TIME is a time (a value that is not within a day is an error that says so); a one-dimensional array of PostgreSQL is array(type), and any other type of its own is varchar; lists, records and maps of DuckDB are array, row and map. */
#ifndef TN_FRONTEND_TRINO_TYPE_H
#define TN_FRONTEND_TRINO_TYPE_H

#include "base/json.h"
#include "frontend/pgwire/pg_types.h"
#include "result/batch.h"

struct tn_trino_type {
    const char  *name, *suffix;
    bool         char_n;         /* fixed length: values are padded by the engine already */
    enum tn_type type;           /* of the column, or of the array's elements */
    bool         is_array;
    bool         months;         /* an interval of years and months */
    bool         of_day;         /* an interval that is a time: MySQL's TIME */
    uint8_t      digits;         /* of the second: time and timestamp */
    unsigned     argument_count;
    bool         named;          /* the arguments stand in the name, too */
    int64_t      arguments[2];
};

/* PARAMETRIC: the client said PARAMETRIC_DATETIME; without it times have three digits and no parameter. */
struct tn_trino_type tn_trino_type_of(const struct tn_column *column, bool parametric);

/* Nested types with all that is inside; put: as in the protocol's columns, show: as DESCRIBE tells people. */
void tn_trino_put_type_name(struct tn_buf *out, const struct tn_column *column, bool parametric);
void tn_trino_show_type_name(struct tn_buf *out, const struct tn_column *column, bool parametric);
/* {"rawType":..,"arguments":[..]} as the value of KEY. */
void tn_trino_put_signature(struct tn_json *json, const char *key, const struct tn_column *column, bool parametric);
/* "columns":[{"name":..,"type":..,"typeSignature":..},..] */
void tn_trino_put_columns(struct tn_json *json, const struct tn_schema *schema, bool parametric, bool presto);

#endif
