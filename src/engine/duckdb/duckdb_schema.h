/* duckdb_schema.h - what a DuckDB result's columns are here: the schema that clients see, and the shapes that the batch
 * maker walks.
 *
 *   DuckDB                              here          note
 *   BOOLEAN                             BOOL
 *   TINYINT..BIGINT, UTINYINT..UBIGINT  INT8..UINT64
 *   HUGEINT                             DECIMAL128    precision 39, scale 0
 *   UHUGEINT, BIGNUM                    NUMERIC       text
 *   FLOAT, DOUBLE                       FLOAT32/64
 *   DECIMAL(w,s)                        DECIMAL32 (w <= 9), DECIMAL64 (w <= 18), DECIMAL128
 *   VARCHAR                             TEXT          JSON when it is DuckDB's JSON
 *   BLOB                                BYTES
 *   BIT                                 TEXT          of 0 and 1
 *   ENUM                                TEXT
 *   UUID                                UUID
 *   DATE, TIME, TIME WITH TIME ZONE     DATE, TIME, TIMETZ
 *   TIME_NS                             TIME          nanoseconds are cut off
 *   TIMESTAMP, _S, _MS, _NS             TIMESTAMP     nanoseconds are cut off (towards the past)
 *   TIMESTAMP WITH TIME ZONE            TIMESTAMPTZ
 *   INTERVAL                            INTERVAL      more than 292 years of microseconds: error 22015
 *   LIST, ARRAY, STRUCT, MAP, UNION     JSON          text, see duckdb_json.h; `nested` says what is inside, but for UNION
 *   "NULL" (an untyped NULL)            TEXT
 *   VARIANT, and nested types with VARIANT or GEOMETRY in them    JSON, made by DuckDB's cast to JSON (see duckdb_prepare.c)
 *   GEOMETRY and any other type         TEXT, made by DuckDB's cast to VARCHAR (see duckdb_prepare.c)
 */
#ifndef TN_ENGINE_DUCKDB_SCHEMA_H
#define TN_ENGINE_DUCKDB_SCHEMA_H

#include "base/arena.h"
#include "engine/duckdb/duckdb_library.h"
#include "result/batch.h"

enum { TN_DUCKDB_MAX_DEPTH = 200 }; /* of nested types */

/* How to get a column that the batch maker cannot read itself. */
enum tn_duckdb_cast { TN_DUCKDB_CAST_NONE, TN_DUCKDB_CAST_TEXT, TN_DUCKDB_CAST_JSON };

/* One type, nested ones with their children. In the run's arena, but for the handles of enums. */
struct tn_duckdb_shape {
    enum tn_duckdb_type     id;
    enum tn_duckdb_type     storage; /* DECIMAL, ENUM: type of the vector's values */
    uint8_t                 width, scale;
    bool                    json;        /* VARCHAR that holds JSON text */
    bool                    opaque;      /* this type, or one inside, cannot be read from a vector */
    uint64_t                array_size;  /* ARRAY */
    size_t                  child_count; /* LIST, ARRAY: 1; MAP: key and value; STRUCT; UNION: its members */
    struct tn_duckdb_shape *children;
    struct tn_str          *names;       /* STRUCT, UNION */
    uint32_t                word_count;  /* ENUM */
    struct tn_str          *words;       /* ENUM: filled as values are met; ptr NULL = not yet */
    tn_duckdb_logical       logical;     /* ENUM: owned */
    struct tn_duckdb_shape *next_enum;
};

struct tn_duckdb_plan {
    const struct tn_duckdb_api *api;
    struct tn_arena            *arena; /* of the run */
    struct tn_schema            schema;
    struct tn_duckdb_shape     *shapes; /* schema.count */
    struct tn_duckdb_shape     *enums;  /* those that own a handle */
    enum tn_duckdb_cast        *casts;  /* schema.count */
    bool                        needs_cast;
};

void tn_duckdb_plan_init(struct tn_duckdb_plan *plan, const struct tn_duckdb_api *api, struct tn_arena *arena);
void tn_duckdb_plan_reset(struct tn_duckdb_plan *plan); /* frees handles; arena memory stays the arena's */

/* Columns of a prepared statement or of a result. The plan may be filled only once. */
TN_MUST_USE enum tn_status tn_duckdb_plan_prepared(struct tn_duckdb_plan *plan, tn_duckdb_prepared prepared, struct tn_error *err);
TN_MUST_USE enum tn_status tn_duckdb_plan_result(struct tn_duckdb_plan *plan, struct tn_duckdb_result *result, struct tn_error *err);

/* The PostgreSQL type of a parameter of DuckDB type ID; 0 = any. */
uint32_t tn_duckdb_param_oid(int id);

#endif
