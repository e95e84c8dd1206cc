/* Bytes that are taken for the schema of a kept result, or for a message to cut, and rows of JSON for a schema of ours: whatever they
 * are, an answer or an error. The first byte says which. */
#include "frontend/arrow/arrow.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_row(struct tn_str schema, struct tn_str row)
{
    struct tn_error       err = TN_ERROR_INIT;
    struct tn_arrow_rows *rows;
    struct tn_buf         out;

    tn_buf_init(&out, 1 << 20);
    if (tn_arrow_rows_new(&rows, schema, &err) == TN_OK) {
        if (tn_arrow_rows_add(rows, row, &err) == TN_OK && tn_arrow_rows_put(rows, &out, &err) == TN_OK && out.len == 0)
            abort();
        tn_arrow_rows_free(rows);
    }
    tn_error_reset(&err);
    tn_buf_reset(&out);
}

static void cut(struct tn_str schema, struct tn_str message)
{
    struct tn_error err = TN_ERROR_INIT;
    struct tn_buf   out;

    tn_buf_init(&out, 1 << 20);
    if (tn_arrow_cut(schema, message, 0, 1, &out, &err) == TN_OK && out.len == 0)
        abort();
    tn_error_reset(&err);
    tn_buf_reset(&out);
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
    struct tn_str input = size > 0 ? tn_str_n((const char *)data + 1, size - 1) : TN_STR("");
    struct tn_buf schema, copy;

    if (size == 0)
        return 0;
    tn_buf_init(&schema, 1 << 20);
    tn_buf_init(&copy, 1 << 20); /* aligned, as what is read from a file is */
    make_schema(&schema);
    tn_buf_put_str(&copy, input);
    if (data[0] % 3 == 0)
        add_row(tn_buf_str(&copy), TN_STR("[1]"));
    else if (data[0] % 3 == 1)
        cut(tn_buf_str(&schema), tn_buf_str(&copy));
    else
        add_row(tn_buf_str(&schema), input);
    tn_buf_reset(&schema);
    tn_buf_reset(&copy);
    return 0;
}
