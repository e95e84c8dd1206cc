/* buf.h - a growing byte buffer with a mandatory maximum and a sticky error: write freely, check once. */
#ifndef TN_BASE_BUF_H
#define TN_BASE_BUF_H

#include "base/compiler.h"
#include "base/status.h"
#include "base/str.h"

#include <stdint.h>
#include <string.h>

struct tn_buf {
    char  *data;
    size_t len;      /* bytes written */
    size_t capacity;
    size_t max;      /* never grows beyond */
    bool   failed;   /* an append did not fit (no memory, or max); later appends do nothing */
};

void tn_buf_init(struct tn_buf *buf, size_t max); /* allocates nothing */
void tn_buf_reset(struct tn_buf *buf);            /* frees; usable again */
void tn_buf_clear(struct tn_buf *buf);            /* keeps the memory, clears the error */
void tn_buf_consume(struct tn_buf *buf, size_t n);/* drops the first N bytes (moves the rest) */

/* Room for N more bytes; false sets `failed`. */
bool tn_buf_reserve(struct tn_buf *buf, size_t n);

void tn_buf_append(struct tn_buf *buf, const void *data, size_t len);
void tn_buf_printf(struct tn_buf *buf, const char *fmt, ...) TN_PRINTF(2, 3);
void tn_buf_put_quoted(struct tn_buf *buf, struct tn_str text, char quote); /* in QUOTEs, those in it twice: SQL, CSV */
void tn_buf_put_json(struct tn_buf *buf, struct tn_str text); /* quoted, escaped; invalid UTF-8 becomes U+FFFD */

static inline void tn_buf_puts(struct tn_buf *buf, const char *text) /* here, so that a literal's length is known where it is put */
{
    size_t len = strlen(text);

    if (TN_LIKELY(!buf->failed && buf->capacity - buf->len > len)) {
        memcpy(buf->data + buf->len, text, len);
        buf->len += len;
    } else {
        tn_buf_append(buf, text, len);
    }
}

static inline void tn_buf_put_str(struct tn_buf *buf, struct tn_str text)
{
    tn_buf_append(buf, text.ptr, text.len);
}

static inline void tn_buf_put_u8(struct tn_buf *buf, uint8_t v)
{
    if (TN_LIKELY(buf->capacity - buf->len >= 1 || tn_buf_reserve(buf, 1)))
        buf->data[buf->len++] = (char)v;
}

static inline void tn_buf_put_be16(struct tn_buf *buf, uint16_t v)
{
    uint16_t be = __builtin_bswap16(v);
    tn_buf_append(buf, &be, sizeof be);
}

static inline void tn_buf_put_be32(struct tn_buf *buf, uint32_t v)
{
    uint32_t be = __builtin_bswap32(v);
    tn_buf_append(buf, &be, sizeof be);
}

static inline struct tn_str tn_buf_str(const struct tn_buf *buf)
{
    return (struct tn_str){buf->data, buf->len};
}

#endif
