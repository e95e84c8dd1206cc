/* Rows of a kept result, as JSON, for a schema with nested columns: whatever they are, an Arrow message or an error; and what is one can
 * be cut. */
#include "frontend/arrow/arrow.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_row(struct tn_str schema, struct tn_str row)
{
    struct tn_error       err = TN_ERROR_INIT;
    struct tn_arrow_rows *rows;
    struct tn_buf         out, part;

    tn_buf_init(&out, 1 << 20);
    tn_buf_init(&part, 1 << 20);
    if (tn_arrow_rows_new(&rows, schema, &err) == TN_OK) {
        if (tn_arrow_rows_add(rows, row, &err) == TN_OK && tn_arrow_rows_put(rows, &out, &err) == TN_OK &&
            (tn_arrow_cut(schema, tn_buf_str(&out), 0, 1, &part, &err) != TN_OK || part.len != out.len))
            abort();
        tn_arrow_rows_free(rows);
    }
    tn_error_reset(&err);
    tn_buf_reset(&out);
    tn_buf_reset(&part);
}

/* A record, a list and a number. */
static void make_schema(struct tn_buf *out)
{
    static struct tn_column       columns[3];
    static const struct tn_column item = {.name = {"i", 1}, .type = TN_TYPE_DATE}, parts[] = {{.name = {"a", 1}, .type = TN_TYPE_INT32}, {.name = {"b", 1}, .type = TN_TYPE_TEXT}};
    static const struct tn_nested record = {.nesting = TN_NESTING_RECORD, .count = 2, .parts = parts}, list = {.nesting = TN_NESTING_LIST, .count = 1, .parts = &item};
    struct tn_schema              schema = {.count = 3, .columns = columns};

    columns[0] = (struct tn_column){.name = {"r", 1}, .type = TN_TYPE_JSON, .nested = &record};
    columns[1] = (struct tn_column){.name = {"l", 1}, .type = TN_TYPE_JSON, .nested = &list};
    columns[2] = (struct tn_column){.name = {"d", 1}, .type = TN_TYPE_DECIMAL64, .precision = 12, .scale = 2};
    if (tn_arrow_available() && tn_arrow_put_schema(&schema, out, NULL) != TN_OK)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tn_buf schema;

    tn_buf_init(&schema, 1 << 20);
    make_schema(&schema);
    add_row(tn_buf_str(&schema), tn_str_n((const char *)data, size));
    tn_buf_reset(&schema);
    return 0;
}
