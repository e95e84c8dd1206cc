#include "base/base64.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t tn_base64_encode(const void *data, size_t len, char *out)
{
    const unsigned char *from = data;
    char                *to = out;

    for (size_t i = 0; i < len; i += 3) {
        size_t   have = TN_MIN(len - i, (size_t)3);
        uint32_t bits = (uint32_t)from[i] << 16 | (have > 1 ? (uint32_t)from[i + 1] << 8 : 0) | (have > 2 ? from[i + 2] : 0);

        *to++ = letters[bits >> 18];
        *to++ = letters[bits >> 12 & 63];
        *to++ = have > 1 ? letters[bits >> 6 & 63] : '=';
        *to++ = have > 2 ? letters[bits & 63] : '=';
    }
    *to = '\0';
    return (size_t)(to - out);
}

static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool tn_base64_decode(struct tn_str text, void *out, size_t size, size_t *len)
{
    unsigned char *to = out;
    size_t         pad = 0, n = 0;
    uint32_t       bits = 0;

    *len = 0;
    if (text.len % 4 != 0)
        return false;
    while (pad < 2 && pad < text.len && text.ptr[text.len - 1 - pad] == '=')
        pad++;
    if (text.len / 4 * 3 - pad > size)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        int value = i >= text.len - pad ? 0 : value_of(text.ptr[i]);

        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        if (i % 4 != 3)
            continue;
        for (unsigned k = 0; k < 3; k++)
            if (n < text.len / 4 * 3 - pad)
                to[n++] = (unsigned char)(bits >> (16 - 8 * k));
            else if ((bits >> (16 - 8 * k) & 0xFF) != 0) /* bits that no text of ours has */
                return false;
        bits = 0;
    }
    *len = n;
    return true;
}

void tn_base64_put(struct tn_buf *out, struct tn_str bytes)
{
    if (tn_buf_reserve(out, TN_BASE64_TEXT(bytes.len) + 1))
        out->len += tn_base64_encode(bytes.ptr, bytes.len, out->data + out->len);
}

void tn_base64_put_json(struct tn_buf *out, struct tn_str bytes)
{
    tn_buf_put_u8(out, '"');
    tn_base64_put(out, bytes);
    tn_buf_put_u8(out, '"');
}

bool tn_base64_take(struct tn_buf *out, struct tn_str text)
{
    size_t most = text.len / 4 * 3, len;

    if (!tn_buf_reserve(out, most) || !tn_base64_decode(text, out->data + out->len, most, &len))
        return false;
    out->len += len;
    return true;
}
