#include "tools/cli/table.h"

#include <stdarg.h>

enum { GAP = 2 };

void tn_table_init(struct tn_table *table, const char *const *headers)
{
    *table = (struct tn_table){.columns = 0};
    tn_buf_init(&table->cells, (size_t)256 << 20);
    while (headers[table->columns] != NULL && table->columns < TN_TABLE_COLUMNS)
        table->columns++;
    for (size_t i = 0; i < table->columns; i++) {
        table->right[i] = headers[i][0] == '>';
        tn_table_cell(table, tn_str(headers[i] + (table->right[i] ? 1 : 0)));
    }
}

void tn_table_reset(struct tn_table *table)
{
    tn_buf_reset(&table->cells);
}

void tn_table_cell(struct tn_table *table, struct tn_str text)
{
    if (text.len == 0)
        text = TN_STR("-");
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];

        tn_buf_put_u8(&table->cells, c < 0x20 || c == 0x7f ? ' ' : c);
    }
    tn_buf_put_u8(&table->cells, '\0');
    table->count++;
}

void tn_table_cellf(struct tn_table *table, const char *fmt, ...)
{
    char    text[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    tn_table_cell(table, tn_str(text));
}

/* Characters, as far as UTF-8 tells; wide ones count as one. */
static size_t width_of(const char *cell)
{
    size_t n = 0;

    for (; *cell != '\0'; cell++)
        if (((unsigned char)*cell & 0xc0) != 0x80)
            n++;
    return n;
}

static void pad(struct tn_buf *out, size_t n)
{
    while (n-- > 0)
        tn_buf_put_u8(out, ' ');
}

void tn_table_print(const struct tn_table *table, struct tn_buf *out)
{
    size_t      width[TN_TABLE_COLUMNS] = {0};
    const char *cell = table->cells.data;

    if (table->cells.failed) {
        out->failed = true;
        return;
    }
    for (size_t i = 0; i < table->count; i++, cell += strlen(cell) + 1)
        width[i % table->columns] = TN_MAX(width[i % table->columns], width_of(cell));
    cell = table->cells.data;
    for (size_t i = 0; i < table->count; i++, cell += strlen(cell) + 1) {
        size_t column = i % table->columns, rest = width[column] - width_of(cell);
        bool   last = column + 1 == table->columns;

        pad(out, table->right[column] ? rest : 0);
        tn_buf_puts(out, cell);
        pad(out, last ? 0 : (table->right[column] ? 0 : rest) + GAP);
        if (last)
            tn_buf_puts(out, "\n");
    }
}
