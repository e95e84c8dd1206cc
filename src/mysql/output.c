/* What waits to be written to a client: a list of chunks, ours (small packets gathered) and the engine's (rows). */
#include "mysql/private.h"

#include "base/alloc.h"
#include "frontend/mysql/my_error.h"

#include <stdarg.h>

enum { OURS_MAX = 1024 * 1024 * 1024, OURS_TARGET = 32 * 1024, PARTS = 32, FULL = 512 * 1024 };

static void append(struct tn_my_session *s, struct tn_chunk *chunk)
{
    chunk->next = NULL;
    if (s->out_last != NULL)
        s->out_last->next = chunk;
    else
        s->out_first = chunk;
    s->out_last = chunk;
}

/* Small packets go into the last chunk, be it the engine's: one write for rows and their end. */
static struct tn_buf *out_buffer(struct tn_my_session *s)
{
    static _Thread_local struct tn_buf nowhere; /* max 0: takes nothing, stays failed */
    struct tn_chunk                   *last = s->out_last;

    if (last != NULL && last->bytes.len < OURS_TARGET && !last->bytes.failed)
        return &last->bytes;
    last = tn_chunk_new(OURS_MAX);
    if (last == NULL) {
        s->out_failed = true;
        return &nowhere;
    }
    append(s, last);
    return &last->bytes;
}

struct tn_my_out tn_my_out(struct tn_my_session *s)
{
    return (struct tn_my_out){.buf = out_buffer(s), .sequence = &s->sequence, .capabilities = s->capabilities};
}

void tn_my_send_chunk(struct tn_my_session *s, struct tn_chunk *chunk)
{
    tn_my_number_frames(chunk->bytes.data, chunk->bytes.len, &s->sequence);
    append(s, chunk);
}

/* Takes what is written off the list before anything is credited: a credit may bring the next chunk at once. */
static void written(struct tn_my_session *s, size_t n)
{
    struct tn_chunk *done = NULL, **tail = &done;

    s->bytes_out += n;
    tn_count(&s->runtime->counters, TN_COUNTER_client_bytes_sent, n);
    while (s->out_first != NULL) {
        struct tn_chunk *chunk = s->out_first;
        size_t           rest = chunk->bytes.len - chunk->sent;

        if (n < rest) {
            chunk->sent += n;
            break;
        }
        n -= rest;
        s->out_first = chunk->next;
        chunk->next = NULL;
        *tail = chunk;
        tail = &chunk->next;
    }
    if (s->out_first == NULL)
        s->out_last = NULL;
    while (done != NULL) {
        struct tn_chunk *next = done->next;
        struct tn_run   *run = done->run;

        tn_chunk_free(done);
        if (run != NULL)
            tn_run_credit(run);
        done = next;
    }
}

static int gather(struct tn_my_session *s, struct iovec parts[PARTS], bool *failed)
{
    int count = 0;

    for (struct tn_chunk *chunk = s->out_first; chunk != NULL && count < PARTS; chunk = chunk->next) {
        *failed = *failed || chunk->bytes.failed;
        if (chunk->bytes.len > chunk->sent)
            parts[count++] = (struct iovec){chunk->bytes.data + chunk->sent, chunk->bytes.len - chunk->sent};
    }
    return count;
}

void tn_my_flush(struct tn_my_session *s)
{
    while (s->out_first != NULL && s->state != TN_MY_CLOSING) {
        struct iovec parts[PARTS];
        bool         failed = s->out_failed;
        int          count = gather(s, parts, &failed);
        size_t       n = 0;
        enum tn_io   result = count > 0 ? tn_transport_writev(&s->transport, parts, count, &n) : TN_IO_OK;

        if (failed) {
            tn_my_close(s, "no memory for an answer");
            return;
        }
        if (result == TN_IO_AGAIN)
            break;
        if (result != TN_IO_OK) {
            s->client_gone = true;
            tn_my_close(s, "client does not take its answer");
            return;
        }
        written(s, n);
    }
    tn_my_watch(s);
}

bool tn_my_output_full(const struct tn_my_session *s)
{
    size_t bytes = 0;

    for (const struct tn_chunk *chunk = s->out_first; chunk != NULL; chunk = chunk->next)
        bytes += chunk->bytes.len - chunk->sent;
    return bytes > FULL;
}

void tn_my_forget_run(struct tn_my_session *s, struct tn_run *run)
{
    for (struct tn_chunk *chunk = s->out_first; chunk != NULL; chunk = chunk->next)
        if (chunk->run == run)
            chunk->run = NULL;
}

void tn_my_free_output(struct tn_my_session *s)
{
    while (s->out_first != NULL) {
        struct tn_chunk *next = s->out_first->next;

        tn_chunk_free(s->out_first);
        s->out_first = next;
    }
    s->out_last = NULL;
}

/* ---- answers ---- */

uint16_t tn_my_status(const struct tn_my_session *s)
{
    uint16_t status = 0;

    if (s->autocommit)
        status |= TN_MY_STATUS_AUTOCOMMIT;
    if (s->in_tx)
        status |= TN_MY_STATUS_IN_TRANSACTION;
    if (s->in_tx && s->tx.read_only)
        status |= TN_MY_STATUS_IN_READ_ONLY;
    if (s->more)
        status |= TN_MY_STATUS_MORE_RESULTS;
    if (s->mode.no_backslash)
        status |= TN_MY_STATUS_NO_BACKSLASH_ESCAPES;
    if (s->out_params)
        status |= TN_MY_STATUS_PS_OUT_PARAMS;
    return status;
}

static uint16_t warnings(const struct tn_my_session *s)
{
    return (uint16_t)TN_MIN(s->warning_count, (size_t)UINT16_MAX);
}

static void put_ok(struct tn_my_session *s, uint64_t affected, uint64_t insert_id, struct tn_str info, bool ends_rows)
{
    struct tn_my_out out = tn_my_out(s);
    struct tn_my_ok  ok = {.affected = affected, .insert_id = insert_id, .status = tn_my_status(s), .warnings = warnings(s),
                           .info = info, .ends_rows = ends_rows, .variable_count = s->changed_count / 2, .variables = s->changed};

    if (s->schema_changed)
        ok.schema = tn_str(s->database);
    s->schema_changed = false;
    s->changed_count = 0;
    tn_my_put_ok(&out, &ok);
}

void tn_my_ok(struct tn_my_session *s, uint64_t affected, uint64_t insert_id)
{
    put_ok(s, affected, insert_id, TN_STR(""), false);
}

void tn_my_ok_with(struct tn_my_session *s, uint64_t affected, uint64_t insert_id, struct tn_str info)
{
    put_ok(s, affected, insert_id, info, false);
}

void tn_my_end_columns(struct tn_my_session *s)
{
    struct tn_my_out out = tn_my_out(s);

    if ((s->capabilities & TN_MY_CAP_DEPRECATE_EOF) == 0)
        tn_my_put_eof(&out, tn_my_status(s), warnings(s));
}

void tn_my_end_rows(struct tn_my_session *s)
{
    struct tn_my_out out = tn_my_out(s);

    if ((s->capabilities & TN_MY_CAP_DEPRECATE_EOF) != 0)
        put_ok(s, 0, 0, TN_STR(""), true);
    else
        tn_my_put_eof(&out, tn_my_status(s), warnings(s));
}

void tn_my_warn(struct tn_my_session *s, const char *level, uint16_t code, const char *message)
{
    struct tn_my_warning *warning;

    if (s->warnings == NULL)
        s->warnings = tn_calloc(TN_MY_WARNINGS, sizeof *s->warnings);
    if (s->warnings == NULL || s->warning_count >= TN_MY_WARNINGS)
        return;
    warning = &s->warnings[s->warning_count++];
    warning->level = level;
    warning->code = code;
    tn_str_copy(warning->message, sizeof warning->message, tn_str(message));
}

static void put_error(struct tn_my_session *s, uint16_t code, const char *sqlstate, const char *message)
{
    struct tn_my_out out = tn_my_out(s);

    tn_my_put_error(&out, code, sqlstate, tn_str(message));
    tn_my_warn(s, "Error", code, message);
}

void tn_my_error(struct tn_my_session *s, const struct tn_error *err)
{
    struct tn_my_error error = err->own_code != 0 ? (struct tn_my_error){err->own_code, err->own_sqlstate} : tn_my_error_of(err->sqlstate);
    char               message[sizeof err->message + sizeof err->hint + 8];

    snprintf(message, sizeof message, "%s%s%s", err->message, err->hint[0] != '\0' ? "; hint: " : "", err->hint);
    put_error(s, error.code, error.sqlstate, message);
}

void tn_my_fail(struct tn_my_session *s, uint16_t code, const char *sqlstate, const char *fmt, ...)
{
    char    message[1024];
    va_list args;

    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    put_error(s, code, sqlstate, message);
}

/* ---- results of our own ---- */

static struct tn_my_definition definition_of(const struct tn_my_session *s, const struct tn_my_table *table, size_t i)
{
    struct tn_column column = {.type = table->types != NULL && table->types[i] == TN_MY_TYPE_LONGLONG ? TN_TYPE_INT64 : TN_TYPE_TEXT, .pg_typmod = -1};

    return (struct tn_my_definition){.name = table->heads != NULL ? table->heads[i] : tn_str(table->names[i]), .schema = TN_STR(""),
                                     .table = TN_STR(""), .original_table = TN_STR(""), .original = TN_STR(""),
                                     .column = tn_my_column_of(&column, s->charset)};
}

void tn_my_put_table(struct tn_my_session *s, const struct tn_my_table *table)
{
    struct tn_my_out out = tn_my_out(s);

    s->columns_told = true;
    s->column_count = table->count;
    s->found_rows = 0;
    tn_my_put_column_count(&out, table->count);
    for (size_t i = 0; i < table->count; i++) {
        struct tn_my_definition definition = definition_of(s, table, i);

        tn_my_put_definition(&out, &definition);
    }
    tn_my_end_columns(s);
}

void tn_my_put_row(struct tn_my_session *s, const struct tn_my_table *table, const struct tn_str *values)
{
    struct tn_my_out out = tn_my_out(s);

    s->found_rows++;
    tn_my_put_texts(&out, values, table->types, table->count, s->binary);
}
