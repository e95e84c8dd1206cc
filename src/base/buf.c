#include "base/buf.h"

#include "base/alloc.h"

#include <stdarg.h>
#include <stdio.h>

void tn_buf_init(struct tn_buf *buf, size_t max)
{
    *buf = (struct tn_buf){.max = max};
}

void tn_buf_reset(struct tn_buf *buf)
{
    tn_free(buf->data);
    tn_buf_init(buf, buf->max);
}

void tn_buf_clear(struct tn_buf *buf)
{
    buf->len = 0;
    buf->failed = false;
}

void tn_buf_consume(struct tn_buf *buf, size_t n)
{
    if (n < buf->len)
        memmove(buf->data, buf->data + n, buf->len - n);
    buf->len -= TN_MIN(n, buf->len);
}

bool tn_buf_reserve(struct tn_buf *buf, size_t n)
{
    size_t need, capacity;
    char  *data;

    if (buf->failed)
        return false;
    if (buf->capacity - buf->len >= n)
        return true;
    need = buf->len + n;
    if (need < n || need > buf->max) {
        buf->failed = true;
        return false;
    }
    capacity = TN_MAX(buf->capacity + buf->capacity / 2, (size_t)256);
    capacity = TN_MIN(TN_MAX(capacity, need), buf->max);
    data = tn_realloc(buf->data, capacity);
    if (data == NULL) {
        buf->failed = true;
        return false;
    }
    buf->data = data;
    buf->capacity = capacity;
    return true;
}

void tn_buf_append(struct tn_buf *buf, const void *data, size_t len)
{
    if (len == 0 || ((buf->failed || buf->capacity - buf->len < len) && !tn_buf_reserve(buf, len)))
        return;
    memcpy(buf->data + buf->len, data, len);
    buf->len += len;
}

void tn_buf_put_quoted(struct tn_buf *buf, struct tn_str text, char quote)
{
    tn_buf_put_u8(buf, (uint8_t)quote);
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == quote)
            tn_buf_put_u8(buf, (uint8_t)quote);
        tn_buf_put_u8(buf, (uint8_t)text.ptr[i]);
    }
    tn_buf_put_u8(buf, (uint8_t)quote);
}

void tn_buf_printf(struct tn_buf *buf, const char *fmt, ...)
{
    va_list args;
    int     need;

    size_t  room = buf->failed ? 0 : buf->capacity - buf->len; /* mostly enough: then it is made once */

    va_start(args, fmt);
    need = vsnprintf(room > 0 ? buf->data + buf->len : NULL, room, fmt, args);
    va_end(args);
    if (need >= 0 && (size_t)need < room) {
        buf->len += (size_t)need;
        return;
    }
    if (need < 0 || !tn_buf_reserve(buf, (size_t)need + 1))
        return;
    va_start(args, fmt);
    vsnprintf(buf->data + buf->len, (size_t)need + 1, fmt, args);
    va_end(args);
    buf->len += (size_t)need;
}

static bool is_json_plain(unsigned char c)
{
    return c >= 0x20 && c != '"' && c != '\\' && c != 0x7f;
}

static void put_json_escape(struct tn_buf *buf, unsigned char c)
{
    switch (c) {
    case '"':  tn_buf_puts(buf, "\\\""); break;
    case '\\': tn_buf_puts(buf, "\\\\"); break;
    case '\n': tn_buf_puts(buf, "\\n"); break;
    case '\r': tn_buf_puts(buf, "\\r"); break;
    case '\t': tn_buf_puts(buf, "\\t"); break;
    default: tn_buf_printf(buf, "\\u%04x", c);
    }
}

/* TEXT is well-formed. */
static void put_json_runs(struct tn_buf *buf, struct tn_str text)
{
    size_t from = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (is_json_plain((unsigned char)text.ptr[i]))
            continue;
        tn_buf_append(buf, text.ptr + from, i - from);
        put_json_escape(buf, (unsigned char)text.ptr[i]);
        from = i + 1;
    }
    tn_buf_append(buf, text.ptr + from, text.len - from);
}

void tn_buf_put_json(struct tn_buf *buf, struct tn_str text)
{
    tn_buf_put_u8(buf, '"');
    while (text.len > 0) {
        size_t valid = tn_utf8_valid_prefix(text.ptr, text.len);

        put_json_runs(buf, tn_str_n(text.ptr, valid));
        text.ptr += valid;
        text.len -= valid;
        if (text.len > 0) {
            tn_buf_puts(buf, "\xEF\xBF\xBD");
            text.ptr++;
            text.len--;
        }
    }
    tn_buf_put_u8(buf, '"');
}
