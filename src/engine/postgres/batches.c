/* Rows for encoders that do not speak PostgreSQL's protocol: fetched as text, parsed by type, built into batches. */
#include "base/alloc.h"
#include "engine/postgres/postgres_conn.h"
#include "frontend/pgwire/pg_value.h"
#include "result/builder.h"

struct tn_postgres_batch {
    struct tn_builder *builder;
    struct tn_arena    arena; /* decoded values of the batch */
};

void tn_postgres_batch_free(struct tn_postgres_conn *c)
{
    struct tn_postgres_batch *batch = c->batch;

    c->batch = NULL;
    if (batch == NULL)
        return;
    tn_builder_free(batch->builder);
    tn_arena_reset(&batch->arena);
    tn_free(batch);
}

static enum tn_status ensure_batch(struct tn_postgres_conn *c, struct tn_error *err)
{
    if (c->batch == NULL)
        c->batch = tn_calloc(1, sizeof *c->batch);
    if (c->batch == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "out of memory for rows");
    if (c->batch->builder != NULL)
        return TN_OK;
    tn_arena_init(&c->batch->arena, 0);
    return tn_builder_new(&c->batch->builder, &c->schema, TN_CHUNK_MAX, err); /* one value may be so large */
}

static enum tn_status put_value(struct tn_postgres_conn *c, const PGresult *result, int row, int column,
                                struct tn_error *err)
{
    static const struct tn_pg_style utc = TN_PG_STYLE_INIT; /* the server writes its offset: the zone does not matter */
    struct tn_builder              *builder = c->batch->builder;
    const struct tn_column         *of = &c->schema.columns[column];
    struct tn_str   text = tn_str_n(PQgetvalue(result, row, column), (size_t)PQgetlength(result, row, column));
    struct tn_value value;

    if (PQgetisnull(result, row, column) != 0)
        return tn_builder_null(builder, (size_t)column, err);
    if (of->type == TN_TYPE_TEXT || of->type == TN_TYPE_JSON || of->type == TN_TYPE_NUMERIC)
        return tn_builder_bytes(builder, (size_t)column, text, err);
    TN_TRY(tn_pg_value_decode(of->pg_oid, 0, text, &utc, &c->batch->arena, &value, err));
    return tn_builder_value(builder, (size_t)column, &value, err);
}

static enum tn_status put_row(struct tn_postgres_conn *c, const PGresult *result, int row, struct tn_error *err)
{
    int columns = PQnfields(result);

    TN_TRY(ensure_batch(c, err));
    tn_builder_begin(c->batch->builder);
    for (int i = 0; i < columns; i++)
        TN_TRY(put_value(c, result, row, i, err));
    return tn_builder_end(c->batch->builder, err);
}

static enum tn_status encode(struct tn_postgres_conn *c, struct tn_error *err)
{
    const struct tn_encoder *encoder = c->run->encoder;
    struct tn_batch          batch = {.rows = 0};
    uint64_t                 rows = (uint64_t)tn_builder_rows(c->batch->builder);
    enum tn_status           status = TN_OK;

    if (rows == 0)
        return TN_OK;
    if (c->chunk == NULL)
        c->chunk = tn_chunk_new(TN_CHUNK_MAX);
    if (c->chunk == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "out of memory for rows");
    TN_TRY(tn_builder_finish(c->batch->builder, &batch, err));
    for (int64_t row = 0; row < batch.rows && status == TN_OK;)
        status = encoder->ops->batch(encoder, &batch, &row, TN_CHUNK_MAX, &c->chunk->bytes, err);
    tn_batch_release(&batch);
    tn_arena_reset(&c->batch->arena);
    TN_TRY(status);
    if (c->chunk->bytes.failed)
        return tn_fail(err, TN_E_NOMEM, "53200", "out of memory for rows");
    c->chunk->rows += rows;
    return TN_OK;
}

bool tn_postgres_batch_flush(struct tn_postgres_conn *c)
{
    TN_ERROR_LOCAL(err);

    if (c->batch == NULL || c->batch->builder == NULL || encode(c, &err) == TN_OK)
        return true;
    tn_postgres_abort(c, &err);
    return false;
}

size_t tn_postgres_batch_row(struct tn_postgres_conn *c, const PGresult *result, int row)
{
    struct tn_error err = TN_ERROR_INIT;
    enum tn_status  status = put_row(c, result, row, &err);
    size_t          bytes = 0;

    if (status == TN_AGAIN) { /* the batch is full */
        if (!tn_postgres_batch_flush(c))
            return 0;
        status = put_row(c, result, row, &err);
    }
    if (status != TN_OK) {
        tn_postgres_abort(c, &err);
        return 0;
    }
    for (int i = 0; i < PQnfields(result); i++)
        bytes += (size_t)PQgetlength(result, row, i);
    if (tn_builder_bytes_used(c->batch->builder) >= TN_CHUNK_TARGET)
        (void)tn_postgres_batch_flush(c);
    return 4 * bytes; /* costs more than copying */
}
