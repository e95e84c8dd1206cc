/* What is written to a client: answers of our own, and the numbers of packets. */
#include "mysql/private.h"

#include "base/alloc.h"
#include "frontend/mysql/my_error.h"
#include "mysql/variables.h"

#include <stdarg.h>

enum { ER_DUP_ENTRY = 1062, ER_QUERY_TIMEOUT = 3024 };

struct tn_my_out tn_my_out(struct tn_my_session *s)
{
    return (struct tn_my_out){.buf = tn_outbox_buffer(&s->client.out), .sequence = &s->sequence, .capabilities = s->capabilities,
                               .charset = tn_my_charset_of_results(s)};
}

void tn_my_send_chunk(struct tn_my_session *s, struct tn_chunk *chunk)
{
    tn_my_number_frames(chunk->bytes.data + chunk->sent, chunk->bytes.len - chunk->sent, &s->sequence);
    tn_outbox_put(&s->client.out, chunk);
}

/* ---- answers ---- */

static uint16_t status_flags(const struct tn_my_session *s)
{
    uint16_t status = s->cursor_status;

    if (s->autocommit)
        status |= TN_MY_STATUS_AUTOCOMMIT;
    if (s->in_tx || tn_my_in_xa(s))
        status |= TN_MY_STATUS_IN_TRANSACTION;
    if (s->in_tx && s->tx.read_only)
        status |= TN_MY_STATUS_IN_READ_ONLY;
    if (s->more)
        status |= TN_MY_STATUS_MORE_RESULTS;
    if (s->mode.no_backslash)
        status |= TN_MY_STATUS_NO_BACKSLASH_ESCAPES;
    return status | s->result_status;
}

static uint16_t warnings(const struct tn_my_session *s)
{
    return (uint16_t)TN_MIN(s->warning_count - s->warnings_before, (size_t)UINT16_MAX);
}

static void put_ok(struct tn_my_session *s, uint64_t affected, uint64_t insert_id, struct tn_str info, bool ends_rows)
{
    struct tn_my_out out = tn_my_out(s);
    struct tn_my_ok  ok = {.affected = affected, .insert_id = insert_id, .status = status_flags(s), .warnings = warnings(s),
                           .info = info, .ends_rows = ends_rows, .variable_count = s->changed_count / 2, .variables = s->changed};

    if (s->schema_changed && tn_my_variable_is_on(s, "session_track_schema"))
        ok.schema = tn_str(s->database);
    ok.state_changed = (s->state_changed || s->schema_changed || s->changed_count > 0) && tn_my_variable_is_on(s, "session_track_state_change");
    s->schema_changed = s->state_changed = false;
    s->changed_count = 0;
    tn_my_track_tell(s, &ok);
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
        tn_my_put_eof(&out, status_flags(s), warnings(s));
}

void tn_my_end_rows(struct tn_my_session *s)
{
    struct tn_my_out out = tn_my_out(s);

    if ((s->capabilities & TN_MY_CAP_DEPRECATE_EOF) != 0)
        put_ok(s, 0, 0, TN_STR(""), true);
    else
        tn_my_put_eof(&out, status_flags(s), warnings(s));
}

/* What was cut to its room may have lost half a character, and clients read nothing of a text that is no UTF-8. */
static void put_right(char *text)
{
    for (char *at = text + tn_utf8_valid_prefix(text, strlen(text)); *at != '\0'; at += tn_utf8_valid_prefix(at, strlen(at)))
        *at++ = '?';
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
    put_right(warning->message);
}

size_t tn_my_error_count(const struct tn_my_session *s)
{
    size_t count = 0;

    for (size_t i = 0; i < s->warning_count; i++)
        count += strcmp(s->warnings[i].level, "Error") == 0;
    return count;
}

static void put_error(struct tn_my_session *s, uint16_t code, const char *sqlstate, char *message)
{
    struct tn_my_out out = tn_my_out(s);

    put_right(message);
    tn_my_put_error(&out, code, sqlstate, tn_str(message));
    tn_my_warn(s, "Error", code, message);
}

void tn_my_error(struct tn_my_session *s, const struct tn_error *err)
{
    struct tn_my_error error = err->own_code != 0                ? (struct tn_my_error){err->own_code, err->own_sqlstate}
                               : err->status == TN_E_TIMEOUT ? (struct tn_my_error){ER_QUERY_TIMEOUT, "HY000"}
                                                             : tn_my_error_of(err->sqlstate);
    bool               interrupted = err->own_code == 0 && strcmp(err->message, "canceling statement due to user request") == 0;
    char               message[sizeof err->message + sizeof err->hint + 800];

    snprintf(message, sizeof message, "%s%s%s", interrupted ? "Query execution was interrupted" : err->message, err->hint[0] != '\0' ? "; hint: " : "", err->hint);
    if (err->own_code == 0 && error.code == ER_DUP_ENTRY)
        tn_my_duplicate_put(err, message, sizeof message);
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
    struct tn_column    column = {.type = table->types != NULL && table->types[i] == TN_MY_TYPE_LONGLONG ? TN_TYPE_INT64 : TN_TYPE_TEXT, .pg_typmod = -1};
    struct tn_my_column told = tn_my_column_of(&column, tn_my_charset_told(s));

    if (column.type == TN_TYPE_TEXT)
        told.charset = tn_my_charset_told(s); /* also of bytes: so do servers */
    return (struct tn_my_definition){.name = table->heads != NULL ? table->heads[i] : tn_str(table->names[i]), .schema = TN_STR(""),
                                     .table = TN_STR(""), .original_table = TN_STR(""), .original = TN_STR(""), .column = told};
}

void tn_my_put_table(struct tn_my_session *s, const struct tn_my_table *table)
{
    struct tn_my_out out = tn_my_out(s);

    s->columns_told = true;
    s->track.sent = s->in_tx && (s->track.sent || s->track.is_explicit);
    s->column_count = table->count;
    tn_my_found_take(s, 0);
    s->row_count = -1;
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
