/* table.h - rows with aligned columns for people. Widths are those of the widest cell; the last column is not padded. */
#ifndef TN_CLI_TABLE_H
#define TN_CLI_TABLE_H

#include "base/buf.h"

enum { TN_TABLE_COLUMNS = 16 };

struct tn_table {
    size_t        columns;
    bool          right[TN_TABLE_COLUMNS]; /* numbers */
    struct tn_buf cells;                   /* NUL-terminated, one after the other, the header first */
    size_t        count;
};

/* HEADERS: column names, NULL at the end; one that begins with `>` is aligned to the right. */
void tn_table_init(struct tn_table *table, const char *const *headers);
void tn_table_reset(struct tn_table *table);
/* Control characters and line ends become spaces; an empty cell is shown as `-`. */
void tn_table_cell(struct tn_table *table, struct tn_str text);
void tn_table_cellf(struct tn_table *table, const char *fmt, ...) TN_PRINTF(2, 3);
void tn_table_print(const struct tn_table *table, struct tn_buf *out);

#endif
