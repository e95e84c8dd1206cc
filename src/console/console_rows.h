/* console_rows.h - the rows of one table as they were when a statement first needed them. One thread at a time. */
#ifndef TN_CONSOLE_CONSOLE_ROWS_H
#define TN_CONSOLE_CONSOLE_ROWS_H

#include "base/arena.h"
#include "base/status.h"

enum { TN_CELL_NULL, TN_CELL_INTEGER, TN_CELL_DOUBLE, TN_CELL_TEXT };

struct tn_console_cell { /* 16 bytes: there may be millions */
    union {
        int64_t     i64;
        double      f64;
        const char *text; /* in the rows' arena */
    } as;
    uint32_t len; /* of the text */
    uint8_t  kind;
};

struct tn_console_rows {
    struct tn_console_cell *cells; /* row after row */
    size_t                  count, capacity; /* of cells */
    struct tn_arena         texts;
    bool                    failed; /* no memory, or more than a statement may have */
};

void tn_rows_init(struct tn_console_rows *rows);
void tn_rows_reset(struct tn_console_rows *rows); /* frees; usable again */

/* The next cell. Columns in their order; errors stick to `failed`. */
void tn_rows_null(struct tn_console_rows *rows);
void tn_rows_u64(struct tn_console_rows *rows, uint64_t value); /* beyond INT64_MAX: that */
void tn_rows_f64(struct tn_console_rows *rows, double value);   /* no number: NULL */
void tn_rows_bool(struct tn_console_rows *rows, bool value);
void tn_rows_text(struct tn_console_rows *rows, struct tn_str text); /* ptr NULL: NULL; copied, made valid UTF-8 */
void tn_rows_c(struct tn_console_rows *rows, const char *text);      /* NULL: NULL */
void tn_rows_hex(struct tn_console_rows *rows, const uint64_t key[2]); /* as in every report: 32 digits */
void tn_rows_time(struct tn_console_rows *rows, uint64_t wall_us);   /* 0: NULL */
void tn_rows_ms(struct tn_console_rows *rows, uint64_t us);

#endif
