/* duckdb_json.h - a nested value as JSON text: LIST and ARRAY [..], STRUCT {"a":..}, MAP {"key":..} (keys as text), UNION
 * {"member":..}. Numbers as numbers with all their digits (decimals with their scale), NaN and infinities as the strings
 * "NaN", "Infinity", "-Infinity" (JSON has no such numbers), dates, times, intervals, UUIDs, blobs and bits as the
 * strings that DuckDB's cast to VARCHAR gives (time zone UTC), JSON inside as it is. */
#ifndef TN_ENGINE_DUCKDB_JSON_H
#define TN_ENGINE_DUCKDB_JSON_H

#include "base/buf.h"
#include "engine/duckdb/duckdb_schema.h"

/* Appends row ROW of VECTOR. An error is for a value that cannot be written (BIGNUM beyond its limit); no memory is
 * told by out->failed. */
TN_MUST_USE enum tn_status tn_duckdb_put_json(struct tn_buf *out, struct tn_duckdb_plan *plan, struct tn_duckdb_shape *shape,
                                              tn_duckdb_vector vector, uint64_t row, struct tn_error *err);

static inline bool tn_duckdb_is_valid(const uint64_t *validity, uint64_t row)
{
    return validity == NULL || (validity[row / 64] >> row % 64 & 1) != 0;
}

static inline struct tn_str tn_duckdb_string(const struct tn_duckdb_string *s)
{
    uint32_t len = s->as.inlined.length;

    return tn_str_n(len <= TN_DUCKDB_INLINE_LENGTH ? s->as.inlined.bytes : s->as.pointer.ptr, len);
}

/* Text of an ENUM value, kept in the plan's arena; ptr NULL: no memory or no such value. */
struct tn_str tn_duckdb_enum_word(struct tn_duckdb_plan *plan, struct tn_duckdb_shape *shape, const void *data, uint64_t row);

#endif
