/* duckdb_batch.h - a DuckDB chunk (up to 2048 rows) as a batch, or as several when its texts are long. Values whose layout
 * is the same stay where they are; the chunk lives at least as long as the batch. Vectors are never written to: they may be
 * pages of the database itself. */
#ifndef TN_ENGINE_DUCKDB_BATCH_H
#define TN_ENGINE_DUCKDB_BATCH_H

#include "engine/duckdb/duckdb_schema.h"

/* Rows of *CHUNK from *ROW on, as many as make about a megabyte of text; moves *ROW behind them. The batch with the last
 * of them takes the chunk and sets *CHUNK to NULL; until then, and on failure, it is the caller's, who keeps it until the
 * batch is released. PLAN must outlive the batch. */
TN_MUST_USE enum tn_status tn_duckdb_batch_make(struct tn_batch *out, struct tn_duckdb_plan *plan, tn_duckdb_chunk *chunk,
                                                int64_t *row, struct tn_error *err);

#endif
