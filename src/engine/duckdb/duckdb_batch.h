/* duckdb_batch.h - one DuckDB chunk (up to 2048 rows) as a batch. Values whose layout is the same stay where they are; the
 * chunk lives as long as the batch. Vectors are never written to: they may be pages of the database itself. */
#ifndef TN_ENGINE_DUCKDB_BATCH_H
#define TN_ENGINE_DUCKDB_BATCH_H

#include "engine/duckdb/duckdb_schema.h"

/* CHUNK is taken, also on failure. On TN_OK *OUT owns it; PLAN must outlive the batch. */
TN_MUST_USE enum tn_status tn_duckdb_batch_make(struct tn_batch *out, struct tn_duckdb_plan *plan, tn_duckdb_chunk chunk,
                                                struct tn_error *err);

#endif
