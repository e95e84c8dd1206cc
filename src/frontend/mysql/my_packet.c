#include "frontend/mysql/my_packet.h"

static uint32_t read_u24(const char *at)
{
    const unsigned char *p = (const unsigned char *)at;

    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
}

static void write_header(char *at, size_t len, uint8_t sequence)
{
    at[0] = (char)(len & 0xff);
    at[1] = (char)(len >> 8 & 0xff);
    at[2] = (char)(len >> 16 & 0xff);
    at[3] = (char)sequence;
}

const char *tn_my_command_name(uint8_t command)
{
    switch (command) {
#define COMMAND(NAME, number, text)                                                                                     \
    case number:                                                                                                        \
        return text;
#include "frontend/mysql/my_command.def"
#undef COMMAND
    default:
        return NULL;
    }
}

/* The bodies of the frames in DATA, one behind the other from TN_MY_HEADER on; their length. */
static size_t join_frames(char *data, size_t len)
{
    size_t at = 0, joined = 0;

    while (at < len) {
        size_t frame = read_u24(data + at);

        memmove(data + TN_MY_HEADER + joined, data + at + TN_MY_HEADER, frame);
        joined += frame;
        at += TN_MY_HEADER + frame;
    }
    return joined;
}

enum tn_status tn_my_parse_packet(char *data, size_t len, size_t max, struct tn_my_packet *out, size_t *size,
                                  struct tn_error *err)
{
    size_t at = 0, body = 0;

    for (;;) {
        size_t  frame;
        uint8_t sequence;

        if (len - at < TN_MY_HEADER) {
            *size = at + TN_MY_HEADER;
            return TN_AGAIN;
        }
        frame = read_u24(data + at);
        sequence = (uint8_t)data[at + 3];
        if (at > 0 && sequence != (uint8_t)(out->sequence + 1))
            return tn_fail(err, TN_E_INVALID, "08S01", "packets out of order: number %u follows %u", sequence, out->sequence);
        out->sequence = sequence;
        body += frame;
        if (body > max)
            return tn_fail(err, TN_E_LIMIT, "08S01", "a packet of more than %zu bytes is too large", max);
        if (len - at - TN_MY_HEADER < frame) {
            *size = at + TN_MY_HEADER + frame;
            return TN_AGAIN;
        }
        at += TN_MY_HEADER + frame;
        if (frame < TN_MY_FRAME_MAX)
            break;
    }
    *size = at;
    out->body = tn_str_n(data + TN_MY_HEADER, at == TN_MY_HEADER + body ? body : join_frames(data, at));
    return TN_OK;
}

uint8_t tn_my_first_sequence(const struct tn_my_packet *packet)
{
    return (uint8_t)(packet->sequence - packet->body.len / TN_MY_FRAME_MAX);
}

size_t tn_my_begin_packet(struct tn_buf *out)
{
    size_t begun = out->len;

    tn_buf_append(out, "\0\0\0", TN_MY_HEADER);
    return begun;
}

/* BODY bytes stand behind one header at BEGUN: more headers are put between them, from the last one on. */
static void split_packet(struct tn_buf *out, size_t begun, size_t body, uint8_t *sequence)
{
    size_t frames = body / TN_MY_FRAME_MAX + 1;
    char  *at;

    if (!tn_buf_reserve(out, (frames - 1) * TN_MY_HEADER))
        return;
    at = out->data + begun;
    for (size_t i = frames - 1; i > 0; i--) {
        size_t len = i == frames - 1 ? body % TN_MY_FRAME_MAX : (size_t)TN_MY_FRAME_MAX;
        char  *header = at + i * ((size_t)TN_MY_FRAME_MAX + TN_MY_HEADER);

        memmove(header + TN_MY_HEADER, at + TN_MY_HEADER + i * (size_t)TN_MY_FRAME_MAX, len);
        write_header(header, len, (uint8_t)(*sequence + i));
    }
    write_header(at, TN_MY_FRAME_MAX, *sequence);
    out->len += (frames - 1) * TN_MY_HEADER;
    *sequence = (uint8_t)(*sequence + frames);
}

void tn_my_end_packet(struct tn_buf *out, size_t begun, uint8_t *sequence)
{
    size_t body;

    if (out->failed)
        return;
    body = out->len - begun - TN_MY_HEADER;
    if (body >= TN_MY_FRAME_MAX)
        split_packet(out, begun, body, sequence);
    else
        write_header(out->data + begun, body, (*sequence)++);
}

void tn_my_number_frames(char *data, size_t len, uint8_t *sequence)
{
    for (size_t at = 0; len - at >= TN_MY_HEADER;) {
        size_t frame = TN_MY_HEADER + (size_t)read_u24(data + at);

        data[at + 3] = (char)(*sequence)++;
        if (len - at < frame)
            break;
        at += frame;
    }
}

static bool take(struct tn_my_cursor *cursor, size_t len)
{
    if (cursor->failed || (size_t)(cursor->end - cursor->at) < len) {
        cursor->failed = true;
        return false;
    }
    cursor->at += len;
    return true;
}

static uint64_t get_uint(struct tn_my_cursor *cursor, unsigned bytes)
{
    uint64_t value = 0;

    if (!take(cursor, bytes))
        return 0;
    for (unsigned i = 1; i <= bytes; i++)
        value = value << 8 | (unsigned char)cursor->at[-(int)i];
    return value;
}

uint8_t tn_my_get_u8(struct tn_my_cursor *cursor)
{
    return (uint8_t)get_uint(cursor, 1);
}

uint16_t tn_my_get_u16(struct tn_my_cursor *cursor)
{
    return (uint16_t)get_uint(cursor, 2);
}

uint32_t tn_my_get_u32(struct tn_my_cursor *cursor)
{
    return (uint32_t)get_uint(cursor, 4);
}

uint64_t tn_my_get_u64(struct tn_my_cursor *cursor)
{
    return get_uint(cursor, 8);
}

uint64_t tn_my_get_lenenc(struct tn_my_cursor *cursor, bool *is_null)
{
    uint8_t first = tn_my_get_u8(cursor);

    if (is_null != NULL)
        *is_null = false;
    switch (first) {
    case 0xfb:
        if (is_null == NULL)
            cursor->failed = true;
        else
            *is_null = true;
        return 0;
    case 0xfc:
        return get_uint(cursor, 2);
    case 0xfd:
        return get_uint(cursor, 3);
    case 0xfe:
        return get_uint(cursor, 8);
    case 0xff:
        cursor->failed = true;
        return 0;
    default:
        return first;
    }
}

struct tn_str tn_my_get_lenenc_str(struct tn_my_cursor *cursor, bool *is_null)
{
    bool     null = false;
    uint64_t len = tn_my_get_lenenc(cursor, is_null == NULL ? NULL : &null);

    if (is_null != NULL)
        *is_null = null;
    if (null)
        return tn_str_n(NULL, 0);
    if (cursor->failed || len > (uint64_t)(cursor->end - cursor->at)) {
        cursor->failed = true;
        return tn_str_n("", 0);
    }
    return tn_my_get_bytes(cursor, (size_t)len);
}

struct tn_str tn_my_get_text(struct tn_my_cursor *cursor)
{
    const char *start = cursor->at;
    const char *nul = tn_my_left(cursor) == 0 ? NULL : memchr(start, '\0', tn_my_left(cursor));

    if (nul == NULL) {
        cursor->failed = true;
        return tn_str_n("", 0);
    }
    cursor->at = nul + 1;
    return tn_str_n(start, (size_t)(nul - start));
}

struct tn_str tn_my_get_bytes(struct tn_my_cursor *cursor, size_t len)
{
    return take(cursor, len) ? tn_str_n(cursor->at - len, len) : tn_str_n("", 0);
}

struct tn_str tn_my_get_rest(struct tn_my_cursor *cursor)
{
    return tn_my_get_bytes(cursor, tn_my_left(cursor));
}

static void put_uint(struct tn_buf *out, uint64_t value, unsigned bytes)
{
    char le[8];

    for (unsigned i = 0; i < bytes; i++, value >>= 8)
        le[i] = (char)(value & 0xff);
    tn_buf_append(out, le, bytes);
}

void tn_my_put_u16(struct tn_buf *out, uint16_t value)
{
    put_uint(out, value, 2);
}

void tn_my_put_u32(struct tn_buf *out, uint32_t value)
{
    put_uint(out, value, 4);
}

void tn_my_put_u64(struct tn_buf *out, uint64_t value)
{
    put_uint(out, value, 8);
}

void tn_my_put_lenenc(struct tn_buf *out, uint64_t value)
{
    char bytes[TN_MY_LENENC_MAX];

    tn_buf_append(out, bytes, (size_t)(tn_my_write_lenenc(bytes, value) - bytes));
}

void tn_my_put_lenenc_str(struct tn_buf *out, struct tn_str text)
{
    tn_my_put_lenenc(out, text.len);
    tn_buf_put_str(out, text);
}

void tn_my_put_text(struct tn_buf *out, struct tn_str text)
{
    tn_buf_put_str(out, text);
    tn_buf_put_u8(out, 0);
}
