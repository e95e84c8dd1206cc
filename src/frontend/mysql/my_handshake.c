#include "frontend/mysql/my_handshake.h"

enum { PROTOCOL = 10, NONCE_FIRST = 8, FILLER = 6, HELLO_FILLER = 19, NONCE_WITH_NUL = TN_MY_NONCE + 1 };

void tn_my_put_greeting(struct tn_buf *out, const struct tn_my_greeting *greeting, uint8_t *sequence)
{
    size_t begun = tn_my_begin_packet(out);

    tn_buf_put_u8(out, PROTOCOL);
    tn_my_put_text(out, tn_str(greeting->version));
    tn_my_put_u32(out, greeting->connection_id);
    tn_buf_append(out, greeting->nonce, NONCE_FIRST);
    tn_buf_put_u8(out, 0);
    tn_my_put_u16(out, (uint16_t)(greeting->capabilities & 0xffff));
    tn_buf_put_u8(out, (uint8_t)(greeting->charset & 0xff));
    tn_my_put_u16(out, greeting->status);
    tn_my_put_u16(out, (uint16_t)(greeting->capabilities >> 16 & 0xffff));
    tn_buf_put_u8(out, NONCE_WITH_NUL);
    for (size_t i = 0; i < FILLER; i++)
        tn_buf_put_u8(out, 0);
    tn_my_put_u32(out, (uint32_t)(greeting->capabilities >> 32));
    tn_buf_append(out, greeting->nonce + NONCE_FIRST, TN_MY_NONCE - NONCE_FIRST);
    tn_buf_put_u8(out, 0);
    tn_my_put_text(out, tn_str(greeting->plugin));
    tn_my_end_packet(out, begun, sequence);
}

/* A text that ends in a NUL or with the packet. */
static struct tn_str get_last_text(struct tn_my_cursor *cursor)
{
    const char *nul = tn_my_left(cursor) == 0 ? NULL : memchr(cursor->at, '\0', tn_my_left(cursor));

    return nul == NULL ? tn_my_get_rest(cursor) : tn_my_get_text(cursor);
}

static struct tn_str get_attributes(struct tn_my_cursor *cursor, uint64_t capabilities)
{
    if ((capabilities & TN_MY_CAP_CONNECT_ATTRS) == 0 || tn_my_left(cursor) == 0)
        return TN_STR("");
    return tn_my_get_lenenc_str(cursor, NULL);
}

static enum tn_status malformed(struct tn_error *err, const char *what)
{
    return tn_fail(err, TN_E_INVALID, "08S01", "malformed %s packet", what);
}

static void read_hello(struct tn_my_cursor *cursor, struct tn_my_hello *out)
{
    uint64_t capabilities = out->capabilities;

    out->user = tn_my_get_text(cursor);
    if ((capabilities & TN_MY_CAP_PLUGIN_AUTH_LENENC) != 0)
        out->response = tn_my_get_lenenc_str(cursor, NULL);
    else if ((capabilities & TN_MY_CAP_SECURE_CONNECTION) != 0)
        out->response = tn_my_get_bytes(cursor, tn_my_get_u8(cursor));
    else
        out->response = tn_my_get_text(cursor);
    if ((capabilities & TN_MY_CAP_CONNECT_WITH_DB) != 0 && tn_my_left(cursor) > 0)
        out->database = get_last_text(cursor);
    if ((capabilities & TN_MY_CAP_PLUGIN_AUTH) != 0 && tn_my_left(cursor) > 0)
        out->plugin = get_last_text(cursor);
    out->attributes = get_attributes(cursor, capabilities);
}

static void begin(struct tn_my_hello *out, uint64_t capabilities)
{
    struct tn_str none = TN_STR("");

    *out = (struct tn_my_hello){.capabilities = capabilities, .user = none, .response = none, .database = none, .plugin = none,
                                .attributes = none};
}

/* Who says LONG_PASSWORD has nothing to say in the bytes that are MariaDB's. */
static uint64_t upper_capabilities(uint64_t lower, uint32_t told)
{
    return (lower & TN_MY_CAP_LONG_PASSWORD) != 0 ? 0 : (uint64_t)told << 32;
}

enum tn_status tn_my_parse_hello(struct tn_str body, uint64_t offered, struct tn_my_hello *out, struct tn_error *err)
{
    struct tn_my_cursor cursor = tn_my_cursor_of(body);
    uint64_t            capabilities = tn_my_get_u32(&cursor);

    begin(out, capabilities & offered);
    if (cursor.failed)
        return malformed(err, "handshake response");
    if ((capabilities & TN_MY_CAP_PROTOCOL_41) == 0)
        return tn_fail(err, TN_E_UNSUPPORTED, "08S01", "the client speaks the protocol of before MySQL 4.1, which is not supported");
    out->max_packet = tn_my_get_u32(&cursor);
    out->charset = tn_my_get_u8(&cursor);
    tn_my_get_bytes(&cursor, HELLO_FILLER);
    out->capabilities |= upper_capabilities(capabilities, tn_my_get_u32(&cursor)) & offered;
    out->wants_tls = body.len == TN_MY_SSL_REQUEST && (capabilities & TN_MY_CAP_SSL) != 0;
    if (!out->wants_tls)
        read_hello(&cursor, out);
    return cursor.failed ? malformed(err, "handshake response") : TN_OK;
}

enum tn_status tn_my_parse_change_user(struct tn_str body, uint64_t capabilities, struct tn_my_hello *out, struct tn_error *err)
{
    struct tn_my_cursor cursor = tn_my_cursor_of(body);

    begin(out, capabilities);
    out->user = tn_my_get_text(&cursor);
    if ((capabilities & TN_MY_CAP_SECURE_CONNECTION) != 0)
        out->response = tn_my_get_bytes(&cursor, tn_my_get_u8(&cursor));
    else
        out->response = tn_my_get_text(&cursor);
    out->database = tn_my_get_text(&cursor);
    if (tn_my_left(&cursor) >= 2)
        out->charset = tn_my_get_u16(&cursor);
    if ((capabilities & TN_MY_CAP_PLUGIN_AUTH) != 0 && tn_my_left(&cursor) > 0)
        out->plugin = get_last_text(&cursor);
    out->attributes = get_attributes(&cursor, capabilities);
    return cursor.failed ? malformed(err, "COM_CHANGE_USER") : TN_OK;
}

bool tn_my_next_attribute(struct tn_str *attributes, struct tn_str *name, struct tn_str *value)
{
    struct tn_my_cursor cursor = tn_my_cursor_of(*attributes);

    if (attributes->len == 0)
        return false;
    *name = tn_my_get_lenenc_str(&cursor, NULL);
    *value = tn_my_get_lenenc_str(&cursor, NULL);
    *attributes = tn_my_get_rest(&cursor);
    return !cursor.failed;
}

void tn_my_put_auth_switch(struct tn_buf *out, const char *plugin, const unsigned char nonce[TN_MY_NONCE], uint8_t *sequence)
{
    size_t begun = tn_my_begin_packet(out);

    tn_buf_put_u8(out, TN_MY_AUTH_SWITCH);
    tn_my_put_text(out, tn_str(plugin));
    tn_buf_append(out, nonce, TN_MY_NONCE);
    tn_buf_put_u8(out, 0);
    tn_my_end_packet(out, begun, sequence);
}

void tn_my_put_auth_more(struct tn_buf *out, struct tn_str data, uint8_t *sequence)
{
    size_t begun = tn_my_begin_packet(out);

    tn_buf_put_u8(out, TN_MY_AUTH_MORE);
    tn_buf_put_str(out, data);
    tn_my_end_packet(out, begun, sequence);
}
