/* The rows of a page: its JSON, row by row, into batches, and those through the encoder into chunks; as far as credits go and
 * no longer than about a millisecond at a time. */
#include "base/alloc.h"
#include "engine/trino/trino_conn.h"

enum { BYTES_PER_TURN = 256 * 1024 }; /* of JSON: about 1 ms */

void tn_trino_rows_free(struct tn_trino_conn *c)
{
    tn_batch_release(&c->batch);
    c->batch = (struct tn_batch){.rows = 0};
    c->batch_row = 0;
    tn_builder_free(c->builder);
    c->builder = NULL;
}

bool tn_trino_rows_begin(struct tn_trino_conn *c, struct tn_error *err)
{
    c->rows_over = false;
    tn_trino_json_begin(&c->data, c->page.data);
    if (c->builder == NULL && tn_builder_new(&c->builder, &c->columns.schema, TN_CHUNK_MAX, err) != TN_OK) /* one row may be long */
        return false;
    return tn_trino_json_enter(&c->data, '[') ||
           tn_fail(err, TN_E_ENGINE, "08P01", "rows of a result cannot be read") == TN_OK;
}

/* The row at IN; TN_AGAIN: it did not fit any more. */
static enum tn_status put_row(struct tn_trino_conn *c, struct tn_trino_json *in, struct tn_error *err)
{
    const struct tn_schema *schema = &c->columns.schema;
    size_t                  i = 0;

    tn_builder_begin(c->builder);
    if (tn_trino_json_enter(in, '['))
        for (; i < schema->count && tn_trino_json_item(in); i++)
            TN_TRY(tn_trino_value_put(&c->decoder, c->builder, i, &schema->columns[i], &c->columns.types[i], in, err));
    if (in->failed || i < schema->count || tn_trino_json_item(in))
        return tn_fail(err, TN_E_ENGINE, "08P01", "a row has not as many values as the result has columns");
    return tn_builder_end(c->builder, err);
}

static enum tn_status finish_batch(struct tn_trino_conn *c, struct tn_error *err)
{
    if (c->builder == NULL || tn_builder_rows(c->builder) == 0)
        return TN_OK;
    TN_TRY(tn_builder_finish(c->builder, &c->batch, err));
    c->batch_row = 0;
    return TN_OK;
}

/* Rows until the batch is full, the page ends or it is somebody else's turn. */
static enum tn_status fill_batch(struct tn_trino_conn *c, struct tn_error *err)
{
    const char *start = c->data.at;

    while ((size_t)(c->data.at - start) < BYTES_PER_TURN) {
        struct tn_trino_json here = c->data;
        enum tn_status       status;

        if (!tn_trino_json_item(&c->data)) {
            c->rows_over = true;
            if (c->data.failed)
                return tn_fail(err, TN_E_ENGINE, "08P01", "rows of a result cannot be read");
            return finish_batch(c, err);
        }
        status = put_row(c, &c->data, err);
        if (status == TN_AGAIN) {
            c->data = here; /* the whole row once more */
            return finish_batch(c, err);
        }
        TN_TRY(status);
        if (tn_builder_bytes_used(c->builder) >= TN_CHUNK_TARGET)
            return finish_batch(c, err);
    }
    return TN_OK;
}

static enum tn_status deliver(struct tn_trino_conn *c, struct tn_error *err)
{
    struct tn_chunk *chunk = tn_chunk_new(TN_CHUNK_MAX);
    int64_t          from = c->batch_row;
    enum tn_status   status;

    if (chunk == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "out of memory for rows");
    status = c->run->encoder->ops->batch(c->run->encoder, &c->batch, &c->batch_row, TN_CHUNK_TARGET, &chunk->bytes, err);
    if (status == TN_OK && chunk->bytes.failed)
        status = tn_fail(err, TN_E_NOMEM, "53200", "out of memory for rows");
    if (status != TN_OK) {
        tn_chunk_free(chunk);
        return status;
    }
    chunk->rows = (uint64_t)(c->batch_row - from);
    if (c->batch_row >= c->batch.rows) {
        tn_batch_release(&c->batch);
        c->batch = (struct tn_batch){.rows = 0};
        c->batch_row = 0;
    }
    tn_run_chunk(c->run, chunk);
    return TN_OK;
}

/* One step; true: there may be another one now. */
static bool step(struct tn_trino_conn *c, size_t *work, struct tn_error *err)
{
    const char *start = c->data.at;

    if (tn_run_is_full(c->run))
        return false;
    if (c->batch.rows > 0) {
        *work += TN_CHUNK_TARGET / 2;
        return deliver(c, err) == TN_OK;
    }
    if (c->rows_over) {
        c->pumping = false;
        tn_trino_page_over(c); /* the run may be over and the connection another's */
        return false;
    }
    if (fill_batch(c, err) != TN_OK)
        return false;
    *work += (size_t)(c->data.at - start);
    return true;
}

void tn_trino_rows_pump(struct tn_trino_conn *c)
{
    struct tn_error err;
    size_t          work = 0;

    tn_error_init(&err);
    if (c->pumping)
        return;
    c->pumping = true;
    while (c->phase == TN_TRINO_ROWS && step(c, &work, &err))
        if (work >= BYTES_PER_TURN && c->phase == TN_TRINO_ROWS) {
            tn_trino_kick(c);
            break;
        }
    if (err.status != TN_OK) {
        c->pumping = false;
        tn_trino_abort(c, &err);
        return;
    }
    c->pumping = false;
}
