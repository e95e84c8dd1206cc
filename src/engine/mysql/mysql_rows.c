/* Rows on their way to the client: as they came, for one that speaks MySQL's protocol, or through batches. */
#include "base/alloc.h"
#include "engine/mysql/mysql_conn.h"

enum { LATER_CHUNK = 64 * 1024 };

static bool columns_room(struct tn_mysql_conn *c, size_t count)
{
    void *columns, *kinds;

    if (count <= c->column_capacity)
        return true;
    if ((columns = tn_realloc(c->columns, count * sizeof *c->columns)) != NULL)
        c->columns = columns;
    if ((kinds = tn_realloc(c->kinds, count * sizeof *c->kinds)) != NULL)
        c->kinds = kinds;
    if (columns == NULL || kinds == NULL)
        return false;
    c->column_capacity = count;
    return true;
}

/* The names point into c->definitions, which stays as it is until the run's end. */
enum tn_status tn_mysql_make_schema(struct tn_mysql_conn *c, struct tn_error *err)
{
    struct tn_str rest = tn_buf_str(&c->definitions);

    if (!columns_room(c, c->column_count))
        return tn_fail(err, TN_E_NOMEM, "53200", "out of memory for columns");
    c->schema = (struct tn_schema){.count = c->column_count, .columns = c->columns};
    for (size_t i = 0; i < c->column_count; i++) {
        struct tn_my_packet packet;
        size_t              used = 0;

        if (tn_my_parse_packet((char *)(uintptr_t)rest.ptr, rest.len, TN_CHUNK_MAX, &packet, &used, err) != TN_OK)
            return tn_fail(err, TN_E_CONNECTION, "08P01", "the server described fewer columns than it announced");
        TN_TRY(tn_mysql_column_read(packet.body, tn_mysql_tells_types(c), &c->kinds[i], &c->columns[i], err));
        rest = tn_str_n(rest.ptr + used, rest.len - used);
    }
    return TN_OK;
}

void tn_mysql_give_definitions(struct tn_mysql_conn *c)
{
    c->run->my_columns = tn_buf_str(&c->definitions);
    c->run->my_extended = tn_mysql_tells_types(c);
}

void tn_mysql_rows_free(struct tn_mysql_conn *c)
{
    tn_builder_free(c->builder);
    c->builder = NULL;
    tn_chunk_free(c->chunk);
    c->chunk = NULL;
}

void tn_mysql_tell_columns(struct tn_mysql_conn *c)
{
    const struct tn_encoder *encoder = c->run->encoder;
    TN_ERROR_LOCAL(err);

    if (c->now.discard) {
        c->now.dropped = true; /* without its columns even no rows are not the result */
        return;
    }
    if (tn_mysql_make_schema(c, &err) != TN_OK) {
        tn_mysql_abort(c, &err);
        return;
    }
    if (encoder != NULL && encoder->pg_rows && encoder->pg_format_count > 1 && encoder->pg_format_count != c->schema.count) {
        tn_fail(&err, TN_E_INVALID, "08P01", "bind message has %zu result formats but query has %zu columns", encoder->pg_format_count,
                c->schema.count);
        tn_mysql_abort(c, &err);
        return;
    }
    c->now.relay = encoder != NULL && encoder->my_rows && encoder->my_binary == c->now.binary;
    if (c->now.relay)
        tn_mysql_give_definitions(c);
    c->now.columns_told = true;
    tn_run_columns(c->run, &c->schema);
}

static bool ensure_chunk(struct tn_mysql_conn *c, struct tn_error *err)
{
    if (c->chunk != NULL)
        return true;
    c->chunk = tn_chunk_new(TN_CHUNK_MAX);
    if (c->chunk != NULL && (!c->run->delivered || tn_buf_reserve(&c->chunk->bytes, LATER_CHUNK)))
        return true; /* the first one may be all there is; the others grow large */
    tn_chunk_free(c->chunk);
    c->chunk = NULL;
    tn_fail(err, TN_E_NOMEM, "53200", "out of memory for rows");
    return false;
}

static void deliver(struct tn_mysql_conn *c)
{
    struct tn_chunk *chunk = c->chunk;

    c->chunk = NULL;
    tn_run_chunk(c->run, chunk);
    if (!c->closed && c->run != NULL && tn_run_is_full(c->run) && !c->now.discard) {
        c->paused = true;
        ev_io_stop(c->base.worker->loop, &c->read);
    }
}

static enum tn_status too_large(size_t need, struct tn_error *err)
{
    if (need >= TN_CHUNK_MAX / 2)
        return tn_fail(err, TN_E_LIMIT, "54000", "a row is larger than %d bytes", TN_CHUNK_MAX);
    return tn_fail(err, TN_E_NOMEM, "53200", "out of memory for rows");
}

/* The client could take it for the end of its result, and what follows for answers to its next commands. */
static bool is_row(const struct tn_mysql_conn *c, struct tn_str message)
{
    uint8_t first = message.len == 0 ? TN_MY_EOF : (uint8_t)message.ptr[0];

    return c->now.binary ? first == 0 && message.len > (c->column_count + 9) / 8 : first != TN_MY_EOF || message.len >= TN_MY_FRAME_MAX;
}

static enum tn_status relay_row(struct tn_mysql_conn *c, struct tn_str message, struct tn_error *err)
{
    uint8_t sequence = 0;
    size_t  begun;

    if (!is_row(c, message))
        return tn_fail(err, TN_E_CONNECTION, "08P01", "the server sent a row that is none");
    if (!ensure_chunk(c, err))
        return TN_E_NOMEM;
    begun = tn_my_begin_packet(&c->chunk->bytes);
    tn_buf_put_str(&c->chunk->bytes, message);
    tn_my_end_packet(&c->chunk->bytes, begun, &sequence);
    if (c->chunk->bytes.failed)
        return too_large(message.len, err);
    c->chunk->rows++;
    return TN_OK;
}

/* What the builder holds, into c->chunk. */
static enum tn_status encode(struct tn_mysql_conn *c, struct tn_error *err)
{
    const struct tn_encoder *encoder = c->run->encoder;
    struct tn_batch          batch = {.rows = 0};
    uint64_t                 rows = c->builder == NULL ? 0 : (uint64_t)tn_builder_rows(c->builder);
    enum tn_status           status = TN_OK;

    if (rows == 0)
        return TN_OK;
    if (!ensure_chunk(c, err))
        return TN_E_NOMEM;
    TN_TRY(tn_builder_finish(c->builder, &batch, err));
    for (int64_t row = 0; row < batch.rows && status == TN_OK;)
        status = encoder->ops->batch(encoder, &batch, &row, TN_CHUNK_MAX, &c->chunk->bytes, err);
    tn_batch_release(&batch);
    TN_TRY(status);
    if (c->chunk->bytes.failed)
        return too_large(c->chunk->bytes.len, err);
    c->chunk->rows += rows;
    return TN_OK;
}

static enum tn_status decode_row(struct tn_mysql_conn *c, struct tn_str message, struct tn_error *err)
{
    struct tn_mysql_values values = {.schema = &c->schema, .kinds = c->kinds, .tz = c->tz, .scratch = &c->decoded};
    enum tn_status         status;

    if (c->builder == NULL)
        TN_TRY(tn_builder_new(&c->builder, &c->schema, TN_CHUNK_MAX, err)); /* one value may be so large */
    values.builder = c->builder;
    status = c->now.binary ? tn_mysql_binary_row(&values, message, err) : tn_mysql_text_row(&values, message, err);
    if (status == TN_AGAIN) { /* the batch is full */
        TN_TRY(encode(c, err));
        status = c->now.binary ? tn_mysql_binary_row(&values, message, err) : tn_mysql_text_row(&values, message, err);
    }
    if (values.zero_date && !c->now.zero_told && status == TN_OK) {
        c->now.zero_told = true;
        tn_mysql_notice(c, "WARNING", "22007", 0, TN_STR("dates with a zero in them, such as 0000-00-00, are null here"));
    }
    TN_TRY(status);
    return tn_builder_bytes_used(c->builder) >= TN_CHUNK_TARGET ? encode(c, err) : TN_OK;
}

void tn_mysql_flush_rows(struct tn_mysql_conn *c)
{
    TN_ERROR_LOCAL(err);

    if (c->run == NULL || c->now.discard || c->phase != TN_MYSQL_EXECUTE)
        return;
    if (encode(c, &err) != TN_OK)
        tn_mysql_abort(c, &err);
    else if (c->chunk != NULL && c->chunk->rows > 0)
        deliver(c);
}

size_t tn_mysql_row(struct tn_mysql_conn *c, struct tn_str message)
{
    enum tn_status  status;
    TN_ERROR_LOCAL(err);

    if (c->now.discard) {
        c->now.dropped = true;
        return message.len; /* it was read */
    }
    if (c->run->encoder == NULL) {
        c->run->rows++;
        return message.len;
    }
    status = c->now.relay ? relay_row(c, message, &err) : decode_row(c, message, &err);
    if (status != TN_OK) {
        tn_mysql_abort(c, &err);
        return message.len;
    }
    if (c->chunk != NULL && c->chunk->bytes.len >= TN_CHUNK_TARGET)
        deliver(c);
    return c->now.relay ? message.len : 4 * message.len;
}
