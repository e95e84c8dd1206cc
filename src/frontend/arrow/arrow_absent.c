/* In place of all others of this folder where nanoarrow is not there. */
#include "frontend/arrow/arrow.h"

#ifndef TN_HAVE_NANOARROW
static enum tn_status absent(struct tn_error *err)
{
    return tn_fail(err, TN_E_UNSUPPORTED, "0A000", "this program was built without nanoarrow");
}

bool tn_arrow_available(void)
{
    return false;
}

enum tn_status tn_arrow_put_schema(const struct tn_schema *schema, struct tn_buf *out, struct tn_error *err)
{
    (void)schema;
    (void)out;
    return absent(err);
}

enum tn_status tn_arrow_put_rows(const struct tn_batch *batch, int64_t from, int64_t count, struct tn_buf *out, struct tn_error *err)
{
    (void)batch;
    (void)from;
    (void)count;
    (void)out;
    return absent(err);
}

void tn_arrow_put_end(struct tn_buf *out)
{
    (void)out;
}

enum tn_status tn_arrow_cut(struct tn_str schema, struct tn_str message, int64_t from, int64_t count, struct tn_buf *out, struct tn_error *err)
{
    (void)schema;
    (void)message;
    (void)from;
    (void)count;
    (void)out;
    return absent(err);
}

enum tn_status tn_arrow_rows_new(struct tn_arrow_rows **out, struct tn_str schema, struct tn_error *err)
{
    (void)schema;
    *out = NULL;
    return absent(err);
}

void tn_arrow_rows_free(struct tn_arrow_rows *rows)
{
    (void)rows;
}

enum tn_status tn_arrow_rows_add(struct tn_arrow_rows *rows, struct tn_str row, struct tn_error *err)
{
    (void)rows;
    (void)row;
    return absent(err);
}

enum tn_status tn_arrow_rows_put(struct tn_arrow_rows *rows, struct tn_buf *out, struct tn_error *err)
{
    (void)rows;
    (void)out;
    return absent(err);
}
#endif
