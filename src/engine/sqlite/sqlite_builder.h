/* sqlite_builder.h - rows of cells to a batch of columns. Belongs to one connection and keeps its memory from batch to
 * batch and from run to run; the batch it makes is valid until the next tn_sqlite_builder_clear(). */
#ifndef TN_ENGINE_SQLITE_BUILDER_H
#define TN_ENGINE_SQLITE_BUILDER_H

#include "engine/sqlite/sqlite_cell.h"

enum { TN_SQLITE_BATCH_ROWS = 1024 };

struct tn_sqlite_bytes {
    char  *data;
    size_t len, capacity;
};

struct tn_sqlite_column {
    struct tn_sqlite_type  type;
    struct tn_sqlite_bytes valid, values, text; /* `values`: of a text type the int32 offsets */
    int64_t                rows, nulls;
    struct ArrowArray      array;
    const void            *buffers[3];
};

struct tn_sqlite_builder {
    struct tn_sqlite_column *columns;
    struct ArrowArray      **arrays; /* as struct tn_batch wants them */
    size_t                   count, capacity;
};

/* Columns of no type and without rows. */
bool tn_sqlite_builder_begin(struct tn_sqlite_builder *builder, size_t columns);
void tn_sqlite_builder_clear(struct tn_sqlite_builder *builder); /* no rows; types stay */
void tn_sqlite_builder_free(struct tn_sqlite_builder *builder);

/* TN_E_INVALID: the cell is not of the column's type. TN_E_NOMEM, TN_E_LIMIT (more text than a batch may have). */
enum tn_status tn_sqlite_column_append(struct tn_sqlite_column *column, const struct tn_sqlite_cell *cell);
void           tn_sqlite_column_clear(struct tn_sqlite_column *column);

/* Bytes of values and texts. */
size_t tn_sqlite_builder_size(const struct tn_sqlite_builder *builder);

/* ROWS rows were appended to every column. */
void tn_sqlite_builder_batch(struct tn_sqlite_builder *builder, const struct tn_schema *schema, int64_t rows,
                             struct tn_batch *batch);

#endif
