/* pg_types.h - the PostgreSQL types that Turnout knows, by OID (table: pg_types.def). */
#ifndef TN_FRONTEND_PG_TYPES_H
#define TN_FRONTEND_PG_TYPES_H

#include "result/batch.h"

enum tn_pg_oid {
#define PG(NAME, oid, array, name, sql, len, type) TN_PG_##NAME = oid,
#include "frontend/pgwire/pg_types.def"
#undef PG
};

struct tn_pg_type {
    uint32_t     oid;
    uint32_t     array_oid; /* 0 = none */
    const char  *name;      /* "int4" */
    const char  *sql_name;  /* "integer": as PostgreSQL's messages say it */
    int16_t      len;       /* as pg_type.typlen: -1 variable, -2 C string */
    enum tn_type type;      /* what a parameter of it becomes */
};

const struct tn_pg_type *tn_pg_type_at(size_t i);               /* all of them, by OID; NULL behind the last */
const struct tn_pg_type *tn_pg_type_find(uint32_t oid);         /* a scalar type; NULL when unknown */
const struct tn_pg_type *tn_pg_type_element(uint32_t array_oid); /* the element of an array type; NULL otherwise */
bool                     tn_pg_type_known(uint32_t oid);        /* scalar or array */
bool                     tn_pg_type_is_text(uint32_t oid);      /* its binary form is its text: text, varchar, json... */

/* How values are written for one session; immutable while a query runs. */
struct tn_tz;

enum tn_pg_interval_style {
    TN_PG_INTERVAL_POSTGRES,
    TN_PG_INTERVAL_POSTGRES_VERBOSE,
    TN_PG_INTERVAL_SQL_STANDARD,
    TN_PG_INTERVAL_ISO_8601,
};

struct tn_pg_style {
    const struct tn_tz       *tz;                 /* session zone; NULL = UTC; outlives the style */
    int                       extra_float_digits; /* -15..3; above 0 = shortest that reads back equal */
    bool                      bytea_escape;       /* bytea_output: false = hex */
    enum tn_pg_interval_style interval;
};

#define TN_PG_STYLE_INIT {.tz = NULL, .extra_float_digits = 1}

#endif
