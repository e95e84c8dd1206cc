#include "frontend/pgwire/pgwire_write.h"

size_t tn_pg_begin(struct tn_buf *out, char type)
{
    tn_buf_put_u8(out, (uint8_t)type);
    tn_buf_put_be32(out, 0);
    return out->len - 4;
}

void tn_pg_end(struct tn_buf *out, size_t begun)
{
    uint32_t be;

    if (out->failed)
        return;
    be = __builtin_bswap32((uint32_t)(out->len - begun));
    memcpy(out->data + begun, &be, sizeof be);
}

/* Up to its first NUL, which would end it anyway and be followed by what the client takes for the next field: engines may have names with one. */
static void put_text(struct tn_buf *out, struct tn_str text)
{
    tn_buf_append(out, text.ptr, text.len == 0 ? 0 : strnlen(text.ptr, text.len));
    tn_buf_put_u8(out, 0);
}

void tn_pg_put_auth_ok(struct tn_buf *out)
{
    size_t begun = tn_pg_begin(out, 'R');

    tn_buf_put_be32(out, 0);
    tn_pg_end(out, begun);
}

void tn_pg_put_negotiate(struct tn_buf *out, uint32_t newest, const struct tn_str *options, size_t count)
{
    size_t begun = tn_pg_begin(out, 'v');

    tn_buf_put_be32(out, newest);
    tn_buf_put_be32(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        put_text(out, options[i]);
    tn_pg_end(out, begun);
}

void tn_pg_put_parameter_status(struct tn_buf *out, struct tn_str name, struct tn_str value)
{
    size_t begun = tn_pg_begin(out, 'S');

    put_text(out, name);
    put_text(out, value);
    tn_pg_end(out, begun);
}

void tn_pg_put_backend_key(struct tn_buf *out, uint32_t pid, const void *key, size_t key_len)
{
    size_t begun = tn_pg_begin(out, 'K');

    tn_buf_put_be32(out, pid);
    tn_buf_append(out, key, key_len);
    tn_pg_end(out, begun);
}

void tn_pg_put_ready(struct tn_buf *out, char status)
{
    const char message[6] = {'Z', 0, 0, 0, 5, status};

    tn_buf_append(out, message, sizeof message);
}

void tn_pg_put_simple(struct tn_buf *out, char type)
{
    const char message[5] = {type, 0, 0, 0, 4};

    tn_buf_append(out, message, sizeof message);
}

void tn_pg_put_command_complete(struct tn_buf *out, const char *tag)
{
    size_t begun = tn_pg_begin(out, 'C');

    put_text(out, tn_str(tag));
    tn_pg_end(out, begun);
}

void tn_pg_put_parameter_description(struct tn_buf *out, const uint32_t *oids, size_t count)
{
    size_t begun = tn_pg_begin(out, 't');

    tn_buf_put_be16(out, (uint16_t)count);
    for (size_t i = 0; i < count; i++)
        tn_buf_put_be32(out, oids[i]);
    tn_pg_end(out, begun);
}

void tn_pg_put_row_description(struct tn_buf *out, const struct tn_schema *schema, const int16_t *formats,
                               size_t format_count)
{
    size_t begun = tn_pg_begin(out, 'T');

    tn_buf_put_be16(out, (uint16_t)schema->count);
    for (size_t i = 0; i < schema->count; i++) {
        const struct tn_column *column = &schema->columns[i];
        int16_t                 format = format_count == 0 ? 0 : formats[format_count == 1 ? 0 : i];

        put_text(out, column->name);
        tn_buf_put_be32(out, column->pg_table);
        tn_buf_put_be16(out, (uint16_t)column->pg_attr);
        tn_buf_put_be32(out, column->pg_oid);
        tn_buf_put_be16(out, (uint16_t)column->pg_len);
        tn_buf_put_be32(out, (uint32_t)column->pg_typmod);
        tn_buf_put_be16(out, (uint16_t)format);
    }
    tn_pg_end(out, begun);
}

void tn_pg_put_text_row(struct tn_buf *out, const struct tn_str *values, size_t count)
{
    size_t begun = tn_pg_begin(out, 'D');

    tn_buf_put_be16(out, (uint16_t)count);
    for (size_t i = 0; i < count; i++) {
        tn_buf_put_be32(out, values[i].ptr == NULL ? UINT32_MAX : (uint32_t)values[i].len);
        tn_buf_put_str(out, values[i]);
    }
    tn_pg_end(out, begun);
}

static void put_field(struct tn_buf *out, char code, const char *text)
{
    if (text[0] == '\0')
        return;
    tn_buf_put_u8(out, (uint8_t)code);
    put_text(out, tn_str(text));
}

/* The engine's own fields as they came, but for the position: it may count from elsewhere by now. */
static void put_engine_fields(struct tn_buf *out, const struct tn_error *err, const char *position)
{
    const char *field = err->fields, *end = err->fields + err->fields_len;

    while (field < end) {
        size_t len = strnlen(field, (size_t)(end - field));

        if (*field == 'P' && err->position > 0)
            put_field(out, 'P', position);
        else
            put_text(out, tn_str_n(field, len));
        field += len + 1;
    }
}

void tn_pg_put_error(struct tn_buf *out, const struct tn_error *err, const char *severity)
{
    size_t begun = tn_pg_begin(out, 'E');
    char   position[16];

    snprintf(position, sizeof position, "%d", err->position);
    if (err->fields != NULL && strcmp(severity, "ERROR") == 0) {
        put_engine_fields(out, err, position);
    } else {
        put_field(out, 'S', severity);
        put_field(out, 'V', severity);
        put_field(out, 'C', err->sqlstate[0] != '\0' ? err->sqlstate : "XX000");
        put_field(out, 'M', err->message[0] != '\0' ? err->message : tn_status_text(err->status));
        put_field(out, 'D', err->detail);
        put_field(out, 'H', err->hint);
        if (err->position > 0)
            put_field(out, 'P', position);
    }
    tn_buf_put_u8(out, 0);
    tn_pg_end(out, begun);
}

void tn_pg_put_notice(struct tn_buf *out, const char *severity, const char *sqlstate, const char *message)
{
    size_t begun = tn_pg_begin(out, 'N');

    put_field(out, 'S', severity);
    put_field(out, 'V', severity);
    put_field(out, 'C', sqlstate);
    put_field(out, 'M', message);
    tn_buf_put_u8(out, 0);
    tn_pg_end(out, begun);
}

void tn_pg_put_notice_fields(struct tn_buf *out, const char *fields, size_t len)
{
    size_t begun = tn_pg_begin(out, 'N');

    tn_buf_append(out, fields, len);
    tn_buf_put_u8(out, 0);
    tn_pg_end(out, begun);
}
