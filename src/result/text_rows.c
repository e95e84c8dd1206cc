#include "result/text_rows.h"

#include "result/builder.h"

enum { TEXT_MAX = 64 * 1024 * 1024, CHUNK_MAX = 256 * 1024 * 1024 };

static enum tn_status put_row(struct tn_builder *builder, struct tn_str row, struct tn_error *err)
{
    tn_builder_begin(builder);
    TN_TRY(tn_builder_bytes(builder, 0, row, err));
    return tn_builder_end(builder, err);
}

static enum tn_status put_rows(struct tn_builder *builder, struct tn_str text, size_t whole_from, struct tn_error *err)
{
    const char   *begin = text.ptr;
    struct tn_str row;

    while (text.len > 0 && (size_t)(text.ptr - begin) < whole_from && tn_str_next_line(&text, &row))
        TN_TRY(put_row(builder, row, err));
    return text.len > 0 ? put_row(builder, text, err) : TN_OK;
}

static enum tn_status encode(struct tn_chunk *chunk, const struct tn_encoder *encoder, const struct tn_batch *batch, struct tn_error *err)
{
    int64_t row = 0;

    if (chunk == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for an answer");
    while (row < batch->rows)
        TN_TRY(encoder->ops->batch(encoder, batch, &row, SIZE_MAX, &chunk->bytes, err));
    chunk->rows = (uint64_t)batch->rows;
    return chunk->bytes.failed ? tn_fail(err, TN_E_NOMEM, "53200", "no memory for an answer") : TN_OK;
}

enum tn_status tn_text_rows_encode(struct tn_chunk **out, const struct tn_encoder *encoder, const struct tn_schema *schema, struct tn_str text,
                                   size_t whole_from, struct tn_error *err)
{
    struct tn_builder *builder TN_CLEANUP(tn_builder_freep) = NULL;
    struct tn_batch    batch;
    enum tn_status     status;

    *out = NULL;
    if (text.len > TEXT_MAX / 2)
        return tn_fail(err, TN_E_LIMIT, "54000", "an answer of %zu bytes is too long", text.len);
    TN_TRY(tn_builder_new(&builder, schema, TEXT_MAX, err));
    TN_TRY(put_rows(builder, text, whole_from, err));
    TN_TRY(tn_builder_finish(builder, &batch, err));
    *out = tn_chunk_new(CHUNK_MAX);
    status = encode(*out, encoder, &batch, err);
    tn_batch_release(&batch);
    if (status != TN_OK) {
        tn_chunk_free(*out);
        *out = NULL;
    }
    return status;
}
