/* The results of the EXECUTE flight: rows straight from libpq into DataRow messages, or into batches. */
#include "base/alloc.h"
#include "engine/postgres/postgres_conn.h"
#include "frontend/pgwire/pg_convert.h"

enum { ROW_FIXED = 1 + 4 + 2, WORK_ROW = 5, WORK_BYTES = 512, LATER_CHUNK = 64 * 1024 };

static bool ensure_chunk(struct tn_postgres_conn *c)
{
    TN_ERROR_LOCAL(err);

    if (c->chunk != NULL)
        return true;
    c->chunk = tn_chunk_new(TN_CHUNK_MAX);
    if (c->chunk != NULL && (!c->run->delivered || tn_buf_reserve(&c->chunk->bytes, LATER_CHUNK)))
        return true; /* the first one may be all there is; the others grow large */
    tn_chunk_free(c->chunk);
    c->chunk = NULL;
    tn_fail(&err, TN_E_NOMEM, "53200", "out of memory for rows");
    tn_postgres_abort(c, &err);
    return false;
}

static void row_failed(struct tn_postgres_conn *c, size_t need)
{
    struct tn_error err = TN_ERROR_INIT;

    if (need >= TN_CHUNK_MAX || c->chunk->bytes.len >= TN_CHUNK_MAX / 2)
        tn_fail(&err, TN_E_LIMIT, "54000", "a row is larger than %d bytes", TN_CHUNK_MAX);
    else
        tn_fail(&err, TN_E_NOMEM, "53200", "out of memory for a row");
    tn_postgres_abort(c, &err);
}

static void put_be32(char *at, uint32_t value)
{
    value = __builtin_bswap32(value);
    memcpy(at, &value, sizeof value);
}

static char *put_head(char *at, size_t len, int columns)
{
    uint16_t count = __builtin_bswap16((uint16_t)columns);

    *at = 'D';
    put_be32(at + 1, (uint32_t)(len - 1));
    memcpy(at + 5, &count, sizeof count);
    return at + ROW_FIXED;
}

/* Bytes of the message of row ROW. */
static size_t row_len(const PGresult *result, int row, int columns)
{
    size_t len = ROW_FIXED + 4 * (size_t)columns;

    for (int i = 0; i < columns; i++)
        len += (size_t)PQgetlength(result, row, i); /* 0 for a null */
    return len;
}

/* All values as they came. */
static size_t put_row(struct tn_postgres_conn *c, const PGresult *result, int row)
{
    struct tn_buf *out = &c->chunk->bytes;
    int            columns = PQnfields(result);
    size_t         len = row_len(result, row, columns);
    char          *at;

    if (!tn_buf_reserve(out, len)) {
        row_failed(c, len);
        return len;
    }
    at = put_head(out->data + out->len, len, columns);
    for (int i = 0; i < columns; i++) {
        size_t bytes = (size_t)PQgetlength(result, row, i);
        bool   is_null = bytes == 0 && PQgetisnull(result, row, i) != 0;

        put_be32(at, is_null ? UINT32_MAX : (uint32_t)bytes);
        at += 4;
        if (bytes > 0) {
            memcpy(at, PQgetvalue(result, row, i), bytes);
            at += bytes;
        }
    }
    out->len += len;
    c->chunk->rows++;
    c->swollen |= len > TN_POSTGRES_SWOLLEN;
    return len;
}

static void put_length(struct tn_buf *out, size_t at, size_t len)
{
    if (!out->failed)
        put_be32(out->data + at, (uint32_t)len);
}

static enum tn_status convert_value(struct tn_postgres_conn *c, const PGresult *result, int row, int column,
                                    const struct tn_pg_style *style, struct tn_error *err)
{
    struct tn_buf *out = &c->chunk->bytes;
    struct tn_str  bytes = tn_str_n(PQgetvalue(result, row, column), (size_t)PQgetlength(result, row, column));
    int16_t        wanted = c->run->encoder->pg_formats[column];
    size_t         at = out->len;

    tn_buf_put_be32(out, UINT32_MAX);
    if (PQgetisnull(result, row, column) != 0)
        return TN_OK;
    if (wanted == c->now.fetch_format)
        tn_buf_append(out, bytes.ptr, bytes.len);
    else
        TN_TRY(tn_pg_convert(PQftype(result, column), (int16_t)c->now.fetch_format, bytes, wanted, style, out, err));
    put_length(out, at, out->len - at - 4);
    return TN_OK;
}

static enum tn_pg_interval_style interval_style(const struct tn_postgres_conn *c)
{
    static const char *const names[] = {"postgres", "postgres_verbose", "sql_standard", "iso_8601"};
    const char              *has = PQparameterStatus(c->pg, "IntervalStyle");

    for (size_t i = 0; has != NULL && i < TN_ARRAY_LEN(names); i++)
        if (strcmp(has, names[i]) == 0)
            return (enum tn_pg_interval_style)i;
    return TN_PG_INTERVAL_POSTGRES;
}

static size_t convert_row(struct tn_postgres_conn *c, const PGresult *result, int row)
{
    struct tn_pg_style style = {.tz = c->tz, .extra_float_digits = 1, .interval = interval_style(c)};
    struct tn_buf     *out = &c->chunk->bytes;
    size_t             start = out->len;
    int                columns = PQnfields(result);
    TN_ERROR_LOCAL(err);

    tn_buf_put_u8(out, 'D');
    tn_buf_put_be32(out, 0);
    tn_buf_put_be16(out, (uint16_t)columns);
    for (int i = 0; i < columns; i++) {
        if (convert_value(c, result, row, i, &style, &err) == TN_OK)
            continue;
        out->len = start;
        tn_postgres_abort(c, &err);
        return 0;
    }
    if (out->failed) {
        row_failed(c, 0);
        return 0;
    }
    put_length(out, start + 1, out->len - start - 1);
    c->chunk->rows++;
    return 4 * (out->len - start); /* costs more than copying */
}

static void deliver(struct tn_postgres_conn *c)
{
    struct tn_chunk *chunk = c->chunk;

    c->chunk = NULL;
    tn_run_chunk(c->run, chunk);
    if (!c->closed && c->run != NULL && tn_run_is_full(c->run) && !c->now.discard) {
        c->paused = true;
        ev_io_stop(c->base.worker->loop, &c->read);
    }
}

void tn_postgres_flush(struct tn_postgres_conn *c)
{
    if (c->run == NULL || c->now.discard || !tn_postgres_batch_flush(c))
        return;
    if (c->chunk != NULL && c->chunk->rows > 0)
        deliver(c);
}

static size_t take_rows(struct tn_postgres_conn *c, const PGresult *result)
{
    size_t bytes = 0;
    int    rows = PQntuples(result);

    for (int row = 0; row < rows; row++) {
        if (c->now.discard) {
            c->now.dropped = true;
            break;
        }
        if (c->run->encoder == NULL) {
            c->run->rows++;
            continue;
        }
        if (!c->run->encoder->pg_rows) {
            bytes += tn_postgres_batch_row(c, result, row);
            continue;
        }
        if (!ensure_chunk(c))
            break;
        bytes += c->now.convert ? convert_row(c, result, row) : put_row(c, result, row);
    }
    if (c->chunk != NULL && c->chunk->bytes.len >= TN_CHUNK_TARGET && !c->now.discard)
        deliver(c);
    return WORK_ROW + (size_t)PQnfields(result) + bytes / WORK_BYTES;
}

static void fail_query(struct tn_postgres_conn *c, const char *sqlstate, const char *message, const char *hint)
{
    struct tn_error err = TN_ERROR_INIT;

    tn_fail(&err, TN_E_UNSUPPORTED, sqlstate, "%s", message);
    tn_error_hint(&err, "%s", hint);
    tn_error_blame(&err, TN_FAULT_UNSUPPORTED, false);
    if (c->run->error.status == TN_OK)
        tn_error_move(&c->run->error, &err);
    tn_error_reset(&err);
    c->now.discard = true;
}

/* Before the first row: RESULT is kept, its column names are the schema's. */
static void tell_columns(struct tn_postgres_conn *c, PGresult *result)
{
    const struct tn_encoder *encoder = c->run->encoder;
    TN_ERROR_LOCAL(err);

    if (tn_postgres_columns(c, result, &err) != TN_OK) {
        tn_postgres_abort(c, &err);
        return;
    }
    if (!c->now.simple && encoder != NULL && encoder->pg_rows && encoder->pg_format_count > 1 &&
        encoder->pg_format_count != c->schema.count) {
        tn_fail(&err, TN_E_INVALID, "08P01", "bind message has %zu result formats but query has %zu columns",
                encoder->pg_format_count, c->schema.count);
        tn_postgres_abort(c, &err);
        return;
    }
    PQclear(c->first);
    c->first = result;
    c->now.columns_told = true;
    tn_run_columns(c->run, &c->schema);
}

static void take_tag(struct tn_postgres_conn *c, PGresult *result)
{
    struct tn_run *run = c->run;
    struct tn_str  affected = tn_str(PQcmdTuples(result));
    const char    *tag = PQcmdStatus(result);

    c->now.result_ended = true;
    tn_str_copy(run->tag, sizeof run->tag, tn_str(tag));
    if (c->now.columns_told && strchr("IUDM", tag[0]) == NULL) /* rows read, not changed */
        return;
    if (!tn_str_to_u64(affected, UINT64_MAX, &run->affected))
        run->affected = 0;
}

static size_t take_tuples(struct tn_postgres_conn *c, PGresult *result)
{
    size_t work;

    if (c->now.result_ended)
        fail_query(c, "0A000", "the statement gave more than one result", "send its statements one by one");
    else if (!c->now.columns_told && c->now.discard)
        c->now.dropped = true; /* without its columns even no rows are not the result */
    else if (!c->now.columns_told)
        tell_columns(c, result);
    if (c->closed)
        return 1;
    work = take_rows(c, result);
    if (PQresultStatus(result) == PGRES_TUPLES_OK && !c->now.result_ended && !c->closed)
        take_tag(c, result);
    return work;
}

static void keep_failure(struct tn_postgres_conn *c, PGresult *result)
{
    if (c->failure != NULL) {
        PQclear(result);
        return;
    }
    c->failure = result;
}

static void refuse_copy(struct tn_postgres_conn *c)
{
    if (c->run != NULL)
        fail_query(c, "0A000", "COPY is not supported yet", "use INSERT, or SELECT, through Turnout");
    c->lost = true; /* the protocol is in another state now: simplest to leave it */
    PQclear(c->failure);
    c->failure = NULL;
    tn_postgres_flight_ended(c);
}

static size_t execute_result(struct tn_postgres_conn *c, PGresult *result, ExecStatusType status)
{
    size_t work = 1;

    if (c->now.asks_id && (status == PGRES_SINGLE_TUPLE || status == PGRES_TUPLES_OK)) {
        tn_postgres_take_id(c, result);
        if (status == PGRES_TUPLES_OK && !c->now.result_ended) {
            take_tag(c, result);
            c->run->affected += c->now.met;
        }
    } else if (status == PGRES_SINGLE_TUPLE || status == PGRES_TUPLES_OK)
        work = take_tuples(c, result);
    else if (status == PGRES_COMMAND_OK && !c->now.result_ended)
        take_tag(c, result);
    if (result != c->first)
        PQclear(result);
    return work;
}

size_t tn_postgres_result(struct tn_postgres_conn *c, PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);

    if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE) {
        keep_failure(c, result);
        return 1;
    }
    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
        PQclear(result);
        refuse_copy(c);
        return 1;
    }
    if (c->phase == TN_POSTGRES_EXECUTE)
        return execute_result(c, result, status);
    if (c->phase == TN_POSTGRES_DESCRIBE && c->first == NULL) {
        c->first = result;
        return 1;
    }
    PQclear(result);
    return 1;
}
