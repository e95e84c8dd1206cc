/* duckdb_bind.h - a client's parameters as DuckDB values. Text whose type the client left open goes as VARCHAR; DuckDB
 * casts it to the type that it found for the parameter. */
#ifndef TN_ENGINE_DUCKDB_BIND_H
#define TN_ENGINE_DUCKDB_BIND_H

#include "engine/duckdb/duckdb_library.h"
#include "result/value.h"

/* VALUE, parameter number NUMBER (for messages), as a DuckDB value that the caller destroys.
 * NUMERIC goes as DECIMAL with just its digits; NaN and infinities as DOUBLE; more than 38 digits are error 22003. */
TN_MUST_USE enum tn_status tn_duckdb_value_make(const struct tn_duckdb_api *api, const struct tn_value *value, size_t number,
                                                tn_duckdb_value *out, struct tn_error *err);

/* DuckDB's name for a PostgreSQL type, for CAST; NULL when the type is not given, unknown or has none. */
const char *tn_duckdb_type_of_oid(uint32_t oid);

#endif
