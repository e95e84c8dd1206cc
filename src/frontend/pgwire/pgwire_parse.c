#include "frontend/pgwire/pgwire_parse.h"

static uint32_t read_be32(const char *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof value);
    return __builtin_bswap32(value);
}

static bool take(struct tn_pg_cursor *cursor, size_t len)
{
    if (cursor->failed || (size_t)(cursor->end - cursor->at) < len) {
        cursor->failed = true;
        return false;
    }
    cursor->at += len;
    return true;
}

static uint8_t get_u8(struct tn_pg_cursor *cursor)
{
    return take(cursor, 1) ? (uint8_t)cursor->at[-1] : 0;
}

int16_t tn_pg_get_i16(struct tn_pg_cursor *cursor)
{
    uint16_t value;

    if (!take(cursor, 2))
        return 0;
    memcpy(&value, cursor->at - 2, sizeof value);
    return (int16_t)__builtin_bswap16(value);
}

int32_t tn_pg_get_i32(struct tn_pg_cursor *cursor)
{
    return take(cursor, 4) ? (int32_t)read_be32(cursor->at - 4) : 0;
}

struct tn_str tn_pg_get_text(struct tn_pg_cursor *cursor)
{
    const char *start = cursor->at;
    const char *nul = cursor->failed || start == cursor->end ? NULL : memchr(start, '\0', (size_t)(cursor->end - start));

    if (nul == NULL) {
        cursor->failed = true;
        return tn_str_n("", 0);
    }
    cursor->at = nul + 1;
    return tn_str_n(start, (size_t)(nul - start));
}

struct tn_str tn_pg_get_bytes(struct tn_pg_cursor *cursor, size_t len)
{
    return take(cursor, len) ? tn_str_n(cursor->at - len, len) : tn_str_n("", 0);
}

static struct tn_pg_cursor cursor_of(struct tn_str body)
{
    const char *at = body.ptr != NULL ? body.ptr : "";

    return (struct tn_pg_cursor){.at = at, .end = at + body.len};
}

static enum tn_status malformed(struct tn_error *err, const char *what)
{
    return tn_fail(err, TN_E_INVALID, "08P01", "invalid %s message: its length and its content do not agree", what);
}

/* A cursor that was read to its end without failing. */
static enum tn_status finished(const struct tn_pg_cursor *cursor, const char *what, struct tn_error *err)
{
    return cursor->failed || cursor->at != cursor->end ? malformed(err, what) : TN_OK;
}

enum tn_status tn_pg_parse_startup(const char *data, size_t len, struct tn_pg_startup *out, size_t *size,
                                   struct tn_error *err)
{
    uint32_t need;

    *out = (struct tn_pg_startup){0};
    *size = 0;
    if (len < 4)
        return TN_AGAIN;
    need = read_be32(data);
    if (need < 8 || need > TN_PG_STARTUP_MAX)
        return tn_fail(err, TN_E_INVALID, "08P01", "invalid length of startup packet");
    if (len < need)
        return TN_AGAIN;
    *size = need;
    out->code = read_be32(data + 4);
    if (out->code == TN_PG_CANCEL_CODE) {
        if (need < 16 || need > 12 + 256)
            return tn_fail(err, TN_E_INVALID, "08P01", "invalid length of cancel request");
        out->cancel_pid = read_be32(data + 8);
        out->cancel_key = tn_str_n(data + 12, need - 12);
    } else {
        out->parameters = tn_str_n(data + 8, need - 8);
    }
    return TN_OK;
}

bool tn_pg_startup_next(struct tn_str *parameters, struct tn_str *name, struct tn_str *value)
{
    struct tn_pg_cursor cursor = cursor_of(*parameters);

    *name = tn_pg_get_text(&cursor);
    if (cursor.failed || name->len == 0)
        return false;
    *value = tn_pg_get_text(&cursor);
    *parameters = tn_str_n(cursor.at, (size_t)(cursor.end - cursor.at));
    return !cursor.failed;
}

enum tn_status tn_pg_parse_message(const char *data, size_t len, size_t max, struct tn_pg_message *out, size_t *size,
                                   struct tn_error *err)
{
    uint32_t length;

    *size = 0;
    if (len < 5)
        return TN_AGAIN;
    length = read_be32(data + 1);
    if (length < 4 || length > INT32_MAX)
        return tn_fail(err, TN_E_INVALID, "08P01", "invalid message length %u", length);
    if (length > max)
        return tn_fail(err, TN_E_LIMIT, "54000", "message of %u bytes is longer than the %zu that are allowed "
                       "(frontends.postgresWire.maxMessageSize)", length, max);
    *size = (size_t)length + 1;
    if (len < *size)
        return TN_AGAIN;
    out->type = data[0];
    out->body = tn_str_n(data + 5, length - 4);
    return TN_OK;
}

enum tn_status tn_pg_parse_query(struct tn_str body, struct tn_str *sql, struct tn_error *err)
{
    struct tn_pg_cursor cursor = cursor_of(body);

    *sql = tn_pg_get_text(&cursor);
    return finished(&cursor, "Query", err);
}

/* COUNT (i16) items of WIDTH bytes; a negative count is malformed. */
static struct tn_pg_cursor get_items(struct tn_pg_cursor *cursor, size_t width, size_t *count)
{
    int16_t             n = tn_pg_get_i16(cursor);
    struct tn_pg_cursor items = {.at = cursor->at, .end = cursor->at};

    *count = 0;
    if (n < 0)
        cursor->failed = true;
    else if (take(cursor, (size_t)n * width)) {
        *count = (size_t)n;
        items.end = cursor->at;
    }
    return items;
}

enum tn_status tn_pg_parse_parse(struct tn_str body, struct tn_pg_parse *out, struct tn_error *err)
{
    struct tn_pg_cursor cursor = cursor_of(body);

    out->name = tn_pg_get_text(&cursor);
    out->sql = tn_pg_get_text(&cursor);
    out->oids = get_items(&cursor, 4, &out->oid_count);
    return finished(&cursor, "Parse", err);
}

static void skip_params(struct tn_pg_cursor *cursor, size_t count)
{
    for (size_t i = 0; i < count && !cursor->failed; i++) {
        int32_t len = tn_pg_get_i32(cursor);

        if (len < -1)
            cursor->failed = true;
        else if (len > 0)
            tn_pg_get_bytes(cursor, (size_t)len);
    }
}

enum tn_status tn_pg_parse_bind(struct tn_str body, struct tn_pg_bind *out, struct tn_error *err)
{
    struct tn_pg_cursor cursor = cursor_of(body);
    int16_t             count;

    out->portal = tn_pg_get_text(&cursor);
    out->statement = tn_pg_get_text(&cursor);
    out->param_formats = get_items(&cursor, 2, &out->param_format_count);
    count = tn_pg_get_i16(&cursor);
    if (count < 0)
        return malformed(err, "Bind");
    out->param_count = (size_t)count;
    out->params.at = cursor.at;
    out->params.failed = false;
    skip_params(&cursor, out->param_count);
    out->params.end = cursor.at;
    out->result_formats = get_items(&cursor, 2, &out->result_format_count);
    TN_TRY(finished(&cursor, "Bind", err));
    if (out->param_format_count > 1 && out->param_format_count != out->param_count)
        return tn_fail(err, TN_E_INVALID, "08P01", "bind message has %zu parameter formats but %zu parameters",
                       out->param_format_count, out->param_count);
    return TN_OK;
}

enum tn_status tn_pg_parse_target(struct tn_str body, struct tn_pg_target *out, struct tn_error *err)
{
    struct tn_pg_cursor cursor = cursor_of(body);

    out->kind = (char)get_u8(&cursor);
    out->name = tn_pg_get_text(&cursor);
    TN_TRY(finished(&cursor, "Describe or Close", err));
    if (out->kind != 'S' && out->kind != 'P')
        return tn_fail(err, TN_E_INVALID, "08P01", "invalid Describe or Close message subtype %d", out->kind);
    return TN_OK;
}

enum tn_status tn_pg_parse_execute(struct tn_str body, struct tn_pg_execute *out, struct tn_error *err)
{
    struct tn_pg_cursor cursor = cursor_of(body);

    out->portal = tn_pg_get_text(&cursor);
    out->max_rows = tn_pg_get_i32(&cursor);
    return finished(&cursor, "Execute", err);
}
