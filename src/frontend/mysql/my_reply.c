#include "frontend/mysql/my_reply.h"

#include "frontend/mysql/my_recode.h"

enum { NAMES = 6 /* of a column: catalog, schema, table, original table, name, original name */, FIXED_FIELDS = 0x0c, MESSAGE_MAX = 2048, TEXT_MAX = 1024 * 1024 * 1024, BINARY_OFFSET = 2 };

static bool has(const struct tn_my_out *out, uint64_t capability)
{
    return (out->capabilities & capability) != 0;
}

/* With its length, in the client's character set. */
static void put_text(const struct tn_my_out *out, struct tn_str text)
{
    struct tn_buf recoded;

    if (out->charset == NULL || tn_my_is_ascii(text)) {
        tn_my_put_lenenc_str(out->buf, text);
        return;
    }
    tn_buf_init(&recoded, TEXT_MAX);
    tn_my_recode_text(out->charset, false, text, &recoded);
    tn_my_put_lenenc_str(out->buf, tn_buf_str(&recoded));
    out->buf->failed = out->buf->failed || recoded.failed;
    tn_buf_reset(&recoded);
}

/* ---- OK, EOF, ERR ---- */

static void put_tracked(struct tn_buf *out, uint8_t type, struct tn_str data)
{
    tn_buf_put_u8(out, type);
    tn_my_put_lenenc_str(out, data);
}

static void put_transaction(struct tn_buf *all, struct tn_buf *one, uint8_t type, struct tn_str text)
{
    if (text.ptr == NULL)
        return;
    tn_buf_clear(one);
    tn_my_put_lenenc_str(one, text);
    put_tracked(all, type, tn_buf_str(one));
}

static bool tells_changes(const struct tn_my_ok *ok)
{
    return ok->schema.ptr != NULL || ok->variable_count > 0 || ok->state_changed || ok->transaction.ptr != NULL || ok->characteristics.ptr != NULL;
}

static void put_changes(struct tn_buf *to, const struct tn_my_ok *ok)
{
    struct tn_buf all, one;

    tn_buf_init(&all, 1024 * 1024);
    tn_buf_init(&one, 1024 * 1024);
    for (size_t i = 0; i < ok->variable_count; i++) {
        tn_buf_clear(&one);
        tn_my_put_lenenc_str(&one, ok->variables[2 * i]);
        tn_my_put_lenenc_str(&one, ok->variables[2 * i + 1]);
        put_tracked(&all, TN_MY_TRACK_VARIABLES, tn_buf_str(&one));
    }
    if (ok->schema.ptr != NULL) {
        tn_buf_clear(&one);
        tn_my_put_lenenc_str(&one, ok->schema);
        put_tracked(&all, TN_MY_TRACK_SCHEMA, tn_buf_str(&one));
    }
    if (ok->state_changed)
        put_tracked(&all, TN_MY_TRACK_STATE, TN_STR("\0011")); /* a text of one byte: 1 */
    put_transaction(&all, &one, TN_MY_TRACK_TRANSACTION, ok->transaction);
    put_transaction(&all, &one, TN_MY_TRACK_CHARACTERISTICS, ok->characteristics);
    tn_my_put_lenenc_str(to, tn_buf_str(&all));
    tn_buf_reset(&one);
    tn_buf_reset(&all);
}

void tn_my_put_ok(const struct tn_my_out *out, const struct tn_my_ok *ok)
{
    size_t   begun = tn_my_begin_packet(out->buf);
    bool     changed = has(out, TN_MY_CAP_SESSION_TRACK) && tells_changes(ok);
    uint16_t status = ok->status;

    if (changed)
        status |= TN_MY_STATUS_SESSION_STATE_CHANGED;
    tn_buf_put_u8(out->buf, ok->ends_rows ? TN_MY_EOF : TN_MY_OK);
    tn_my_put_lenenc(out->buf, ok->affected);
    tn_my_put_lenenc(out->buf, ok->insert_id);
    tn_my_put_u16(out->buf, status);
    tn_my_put_u16(out->buf, ok->warnings);
    if (ok->info.len > 0 || changed) /* with its length for all, whatever the manual says: so servers do it, and Connector/J reads it */
        put_text(out, ok->info);
    if (changed)
        put_changes(out->buf, ok);
    tn_my_end_packet(out->buf, begun, out->sequence);
}

void tn_my_put_eof(const struct tn_my_out *out, uint16_t status, uint16_t warnings)
{
    size_t begun = tn_my_begin_packet(out->buf);

    tn_buf_put_u8(out->buf, TN_MY_EOF);
    tn_my_put_u16(out->buf, warnings);
    tn_my_put_u16(out->buf, status);
    tn_my_end_packet(out->buf, begun, out->sequence);
}

void tn_my_put_error(const struct tn_my_out *out, uint16_t code, const char *sqlstate, struct tn_str message)
{
    size_t begun = tn_my_begin_packet(out->buf);

    tn_buf_put_u8(out->buf, TN_MY_ERR);
    tn_my_put_u16(out->buf, code);
    if (has(out, TN_MY_CAP_PROTOCOL_41)) {
        tn_buf_put_u8(out->buf, '#');
        tn_buf_append(out->buf, sqlstate, 5);
    }
    tn_my_recode_text(out->charset, false, tn_str_n(message.ptr, TN_MIN(message.len, (size_t)MESSAGE_MAX)), out->buf);
    tn_my_end_packet(out->buf, begun, out->sequence);
}

/* ---- columns ---- */

void tn_my_put_column_count(const struct tn_my_out *out, uint64_t count)
{
    size_t begun = tn_my_begin_packet(out->buf);

    tn_my_put_lenenc(out->buf, count);
    tn_my_end_packet(out->buf, begun, out->sequence);
}

enum { METADATA_NAME, METADATA_FORMAT }; /* MariaDB's documentation, "Column Definition Packet" */

static void put_metadata(struct tn_buf *out, uint8_t kind, const char *text)
{
    if (text == NULL)
        return;
    tn_buf_put_u8(out, kind);
    tn_my_put_lenenc_str(out, tn_str(text));
}

/* A text of pairs; each is shorter than 120 bytes. */
static void put_extended(const struct tn_my_out *out, const char *name, const char *format)
{
    size_t at = out->buf->len;

    if (!has(out, TN_MY_CAP_MARIADB_EXTENDED_TYPES))
        return;
    tn_buf_put_u8(out->buf, 0);
    put_metadata(out->buf, METADATA_NAME, name);
    put_metadata(out->buf, METADATA_FORMAT, format);
    if (!out->buf->failed)
        out->buf->data[at] = (char)(out->buf->len - at - 1);
}

/* A server's numbers are BINARY, and NUM is for its clients' libraries to set. */
static uint16_t flags_of(const struct tn_my_column *column)
{
    unsigned rest = column->flags & ~(unsigned)TN_MY_FLAG_NUM;

    return (uint16_t)(rest != column->flags ? rest | TN_MY_FLAG_BINARY : rest);
}

void tn_my_put_definition(const struct tn_my_out *out, const struct tn_my_definition *definition)
{
    size_t begun = tn_my_begin_packet(out->buf);

    tn_my_put_lenenc_str(out->buf, TN_STR("def"));
    put_text(out, definition->schema);
    put_text(out, definition->table);
    put_text(out, definition->original_table);
    put_text(out, definition->name);
    put_text(out, definition->original);
    put_extended(out, definition->column.name, definition->column.format);
    tn_my_put_lenenc(out->buf, FIXED_FIELDS);
    tn_my_put_u16(out->buf, definition->column.charset);
    tn_my_put_u32(out->buf, definition->column.length);
    tn_buf_put_u8(out->buf, definition->column.type);
    tn_my_put_u16(out->buf, flags_of(&definition->column));
    tn_buf_put_u8(out->buf, definition->column.decimals);
    tn_my_put_u16(out->buf, 0);
    tn_my_end_packet(out->buf, begun, out->sequence);
}

/* One that is asked for, of the collation that its set has by itself, or a set of which nothing is known. */
static bool is_ours(uint16_t was, uint16_t charset)
{
    const struct tn_my_charset *known = tn_my_charset_find(was), *asked = tn_my_charset_find(charset);

    if (charset == TN_MY_CHARSET_BINARY || charset == TN_MY_CHARSET_NONE) /* as they are there */
        return false;
    return known == NULL || tn_my_charset_is_utf8(known) || (asked != NULL && strcmp(known->charset, asked->charset) == 0);
}

static void put_told(const struct tn_my_out *out, struct tn_str body, bool extended, uint16_t charset)
{
    struct tn_my_cursor in = tn_my_cursor_of(body);
    struct tn_str       metadata = TN_STR("");
    uint32_t            length;
    uint16_t            was;
    uint8_t             type;

    for (int i = 0; i < NAMES; i++)
        tn_my_get_lenenc_str(&in, NULL);
    tn_buf_append(out->buf, body.ptr, (size_t)(in.at - body.ptr));
    if (extended)
        metadata = tn_my_get_lenenc_str(&in, NULL);
    tn_my_get_lenenc(&in, NULL);
    was = tn_my_get_u16(&in);
    length = tn_my_get_u32(&in);
    type = tn_my_get_u8(&in);
    if (!extended)
        put_extended(out, NULL, type == TN_MY_TYPE_JSON ? "json" : NULL);
    else if (has(out, TN_MY_CAP_MARIADB_EXTENDED_TYPES))
        tn_my_put_lenenc_str(out->buf, metadata);
    tn_my_put_lenenc(out->buf, FIXED_FIELDS);
    tn_my_put_u16(out->buf, is_ours(was, charset) ? charset : was);
    tn_my_put_u32(out->buf, length);
    tn_buf_put_u8(out->buf, type);
    tn_buf_put_str(out->buf, tn_my_get_rest(&in));
}

void tn_my_put_told(const struct tn_my_out *out, const struct tn_my_told *told, uint16_t charset)
{
    struct tn_my_cursor in = tn_my_cursor_of(told->packets);

    while (tn_my_left(&in) >= TN_MY_HEADER && !out->buf->failed) {
        uint32_t head = tn_my_get_u32(&in);
        size_t   begun = tn_my_begin_packet(out->buf);

        put_told(out, tn_my_get_bytes(&in, head & TN_MY_FRAME_MAX), told->extended, charset);
        tn_my_end_packet(out->buf, begun, out->sequence);
    }
}

void tn_my_put_schema(const struct tn_my_out *out, const struct tn_schema *schema, const struct tn_my_origin *origins, struct tn_str database, uint16_t charset)
{
    const struct tn_my_origin none = {database, TN_STR(""), TN_STR(""), TN_STR("")};

    for (size_t i = 0; i < schema->count; i++) {
        const struct tn_my_origin *origin = origins == NULL ? &none : &origins[i];
        struct tn_my_definition    definition = {.schema = origin->schema, .name = schema->columns[i].name, .table = origin->table,
                                                 .original_table = origin->original_table, .original = origin->original,
                                                 .column = tn_my_column_of(&schema->columns[i], charset)};

        tn_my_put_definition(out, &definition);
    }
}

/* ---- rows and statements ---- */

void tn_my_put_texts(const struct tn_my_out *out, const struct tn_str *values, const uint8_t *types, size_t count, bool binary)
{
    size_t  begun = tn_my_begin_packet(out->buf), bits = out->buf->len + 1;
    int64_t number;

    if (binary) {
        for (size_t i = 0; i < 1 + (count + 7 + BINARY_OFFSET) / 8; i++)
            tn_buf_put_u8(out->buf, 0);
        for (size_t i = 0; i < count && !out->buf->failed; i++)
            if (values[i].ptr == NULL)
                tn_bit_set((uint8_t *)out->buf->data + bits, (int64_t)i + BINARY_OFFSET);
    }
    for (size_t i = 0; i < count; i++) {
        if (values[i].ptr == NULL) {
            if (!binary)
                tn_buf_put_u8(out->buf, 0xfb);
        } else if (binary && types != NULL && types[i] == TN_MY_TYPE_LONGLONG) {
            tn_my_put_u64(out->buf, tn_str_to_i64(values[i], INT64_MIN, INT64_MAX, &number) ? (uint64_t)number : 0);
        } else {
            put_text(out, values[i]);
        }
    }
    tn_my_end_packet(out->buf, begun, out->sequence);
}

void tn_my_put_prepared(const struct tn_my_out *out, uint32_t id, uint16_t columns, uint16_t params)
{
    size_t begun = tn_my_begin_packet(out->buf);

    tn_buf_put_u8(out->buf, TN_MY_OK);
    tn_my_put_u32(out->buf, id);
    tn_my_put_u16(out->buf, columns);
    tn_my_put_u16(out->buf, params);
    tn_buf_put_u8(out->buf, 0);
    tn_my_put_u16(out->buf, 0); /* warnings */
    tn_my_end_packet(out->buf, begun, out->sequence);
}
