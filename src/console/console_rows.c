#include "console/console_rows.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "console/console.h"

#include <math.h>
#include <stdio.h>

enum { TEXT_MAX = 16 * 1024 * 1024 };

void tn_rows_init(struct tn_console_rows *rows)
{
    *rows = (struct tn_console_rows){.cells = NULL};
    tn_arena_init(&rows->texts, TN_CONSOLE_ROWS_MEMORY);
}

void tn_rows_reset(struct tn_console_rows *rows)
{
    tn_free(rows->cells);
    tn_arena_reset(&rows->texts);
    tn_rows_init(rows);
}

static void put(struct tn_console_rows *rows, struct tn_console_cell cell)
{
    if (rows->count == rows->capacity && !rows->failed) {
        size_t                  capacity = TN_MAX(rows->capacity * 2, (size_t)256);
        struct tn_console_cell *cells = NULL;

        if (capacity * sizeof *cells + rows->texts.total <= TN_CONSOLE_ROWS_MEMORY)
            cells = tn_realloc(rows->cells, capacity * sizeof *cells);
        rows->failed = cells == NULL;
        if (cells != NULL) {
            rows->cells = cells;
            rows->capacity = capacity;
        }
    }
    if (!rows->failed)
        rows->cells[rows->count++] = cell;
}

void tn_rows_null(struct tn_console_rows *rows)
{
    put(rows, (struct tn_console_cell){.kind = TN_CELL_NULL});
}

static void put_i64(struct tn_console_rows *rows, int64_t value)
{
    put(rows, (struct tn_console_cell){.kind = TN_CELL_INTEGER, .as.i64 = value});
}

void tn_rows_u64(struct tn_console_rows *rows, uint64_t value)
{
    put_i64(rows, value > INT64_MAX ? INT64_MAX : (int64_t)value);
}

void tn_rows_f64(struct tn_console_rows *rows, double value)
{
    if (isfinite(value))
        put(rows, (struct tn_console_cell){.kind = TN_CELL_DOUBLE, .as.f64 = value});
    else
        tn_rows_null(rows);
}

void tn_rows_bool(struct tn_console_rows *rows, bool value)
{
    put_i64(rows, value ? 1 : 0);
}

/* What came from a client may be any bytes: a NUL or a broken character would break the result of whoever looks at it. */
static void make_valid(char *text, size_t len)
{
    size_t at = 0;

    while (at < len) {
        at += tn_utf8_valid_prefix(text + at, len - at);
        if (at < len)
            text[at++] = '?';
    }
    for (at = 0; at < len; at++)
        text[at] = text[at] == '\0' ? '?' : text[at];
}

void tn_rows_text(struct tn_console_rows *rows, struct tn_str text)
{
    struct tn_console_cell cell = {.kind = TN_CELL_TEXT};
    char                  *copy;

    if (text.ptr == NULL) {
        tn_rows_null(rows);
        return;
    }
    text.len = TN_MIN(text.len, (size_t)TEXT_MAX);
    copy = tn_arena_strdup(&rows->texts, text);
    if (copy == NULL) {
        rows->failed = true;
        return;
    }
    make_valid(copy, text.len);
    cell.as.text = copy;
    cell.len = (uint32_t)text.len;
    put(rows, cell);
}

void tn_rows_c(struct tn_console_rows *rows, const char *text)
{
    tn_rows_text(rows, tn_str(text));
}

void tn_rows_hex(struct tn_console_rows *rows, const uint64_t key[2])
{
    char text[33];

    snprintf(text, sizeof text, "%016llx%016llx", (unsigned long long)key[0], (unsigned long long)key[1]);
    tn_rows_c(rows, text);
}

void tn_rows_time(struct tn_console_rows *rows, uint64_t wall_us)
{
    char text[TN_CLOCK_TEXT];

    if (wall_us == 0) {
        tn_rows_null(rows);
        return;
    }
    tn_clock_format(wall_us, text);
    tn_rows_c(rows, text);
}

void tn_rows_ms(struct tn_console_rows *rows, uint64_t us)
{
    tn_rows_f64(rows, (double)us / 1000.);
}
