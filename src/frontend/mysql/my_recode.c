#include "frontend/mysql/my_recode.h"

#include <errno.h>
#include <iconv.h>

enum { PIECE = 1024, MARK = 0x10fe00 /* a private character, of the byte that it adds */, MARK_LEN = 4 };

static const struct {
    const char *charset, *encoding;
} encodings[] = {
#define ENCODING(charset, encoding) {charset, encoding},
#include "frontend/mysql/my_encoding.def"
#undef ENCODING
};

static const char *encoding_of(const struct tn_my_charset *charset)
{
    for (size_t i = 0; charset != NULL && !tn_my_charset_is_utf8(charset) && i < TN_ARRAY_LEN(encodings); i++)
        if (strcmp(encodings[i].charset, charset->charset) == 0)
            return encodings[i].encoding;
    return NULL;
}

bool tn_my_is_recoded(const struct tn_my_charset *charset)
{
    return encoding_of(charset) != NULL;
}

bool tn_my_charset_is_known(const struct tn_my_charset *charset)
{
    struct tn_my_recode in;
    bool                known = tn_my_recode_init(&in, charset, true);

    tn_my_recode_reset(&in);
    return known;
}

bool tn_my_recode_init(struct tn_my_recode *recode, const struct tn_my_charset *charset, bool to_utf8)
{
    const char *encoding = encoding_of(charset);
    iconv_t     handle;

    *recode = (struct tn_my_recode){.to_utf8 = to_utf8};
    if (encoding == NULL)
        return true;
    handle = to_utf8 ? iconv_open("UTF-8", encoding) : iconv_open(encoding, "UTF-8");
    if (handle == (iconv_t)-1)
        return false;
    recode->handle = handle;
    recode->is_latin1 = strcmp(charset->charset, "latin1") == 0;
    recode->is_sjis = strcmp(charset->charset, "sjis") == 0;
    return true;
}

void tn_my_recode_reset(struct tn_my_recode *recode)
{
    if (recode->handle != NULL)
        iconv_close(recode->handle);
    recode->handle = NULL;
}

static bool is_free_in_1252(unsigned byte)
{
    return byte == 0x81 || byte == 0x8d || byte == 0x8f || byte == 0x90 || byte == 0x9d;
}

static void put_mark(unsigned byte, struct tn_buf *out)
{
    unsigned c = MARK + byte;

    tn_buf_put_u8(out, (uint8_t)(0xf0 | c >> 18));
    tn_buf_put_u8(out, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
    tn_buf_put_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
    tn_buf_put_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
}

/* 0: TEXT does not begin with a mark. */
static unsigned mark_at(struct tn_str text)
{
    const unsigned char *at = (const unsigned char *)text.ptr;

    if (text.len < MARK_LEN || at[0] != 0xf4 || at[1] != 0x8f || (at[2] != 0xba && at[2] != 0xbb))
        return 0;
    return (at[2] & 3u) << 6 | (at[3] & 0x3fu);
}

/* Where iconv knows no further; the bytes that were read. */
static size_t put_unknown(const struct tn_my_recode *recode, struct tn_str rest, struct tn_buf *out)
{
    unsigned first = (unsigned char)rest.ptr[0], second = rest.len > 1 ? (unsigned char)rest.ptr[1] : 0;
    size_t   len = 1;

    if (recode->to_utf8) {
        if (recode->is_latin1 && is_free_in_1252(first))
            tn_buf_append(out, (const char[]){'\xc2', (char)first}, 2);
        else
            put_mark(first, out);
        return 1;
    }
    if (recode->is_latin1 && first == 0xc2 && is_free_in_1252(second)) {
        tn_buf_put_u8(out, (uint8_t)second);
        return 2;
    }
    if (first < 0x80) { /* SJIS of iconv has a yen and an overline in place of \ and ~ */
        tn_buf_put_u8(out, (uint8_t)first);
        return 1;
    }
    while (len < rest.len && ((unsigned char)rest.ptr[len] & 0xc0) == 0x80)
        len++;
    tn_buf_put_u8(out, mark_at(rest) != 0 ? (uint8_t)mark_at(rest) : '?');
    return len;
}

/* UTF-8 that iconv made: MySQL's sjis has \ and ~ where that of iconv has a yen and an overline, which stand nowhere else in it. */
static void put_piece(const struct tn_my_recode *recode, struct tn_str piece, struct tn_buf *out)
{
    static const struct tn_str yen = {"\xc2\xa5", 2}, overline = {"\xe2\x80\xbe", 3};

    for (size_t i = 0; recode->is_sjis && recode->to_utf8 && i < piece.len; i++) {
        struct tn_str rest = tn_str_n(piece.ptr + i, piece.len - i);
        bool          is_yen = tn_str_starts(rest, yen);

        if (!is_yen && !tn_str_starts(rest, overline))
            continue;
        tn_buf_append(out, piece.ptr, i);
        tn_buf_put_u8(out, is_yen ? '\\' : '~');
        i += is_yen ? yen.len : overline.len;
        piece = tn_str_n(piece.ptr + i, piece.len - i);
        i = (size_t)-1;
    }
    tn_buf_put_str(out, piece);
}

void tn_my_recode_put(struct tn_my_recode *recode, struct tn_str text, struct tn_buf *out)
{
    char  piece[PIECE];
    char *from = (char *)(uintptr_t)text.ptr;
    size_t left = text.len;

    if (recode->handle == NULL || tn_my_is_ascii(text)) {
        tn_buf_put_str(out, text);
        return;
    }
    while (left > 0 && !out->failed) {
        char  *to = piece;
        size_t room = sizeof piece, used, went = iconv(recode->handle, &from, &left, &to, &room);
        int    why = went == (size_t)-1 ? errno : 0;

        put_piece(recode, tn_str_n(piece, sizeof piece - room), out);
        if (why == 0 || why == E2BIG)
            continue;
        used = put_unknown(recode, tn_str_n(from, left), out);
        from += used;
        left -= used;
    }
}

bool tn_my_recode_text(const struct tn_my_charset *charset, bool to_utf8, struct tn_str text, struct tn_buf *out)
{
    struct tn_my_recode recode;
    bool                known = tn_my_recode_init(&recode, charset, to_utf8);

    tn_my_recode_put(&recode, text, out);
    tn_my_recode_reset(&recode);
    return known && !out->failed;
}

bool tn_my_has_mark(struct tn_str text)
{
    for (const char *at = text.ptr, *end = text.ptr + text.len; at < end && (at = memchr(at, '\xf4', (size_t)(end - at))) != NULL; at++)
        if (mark_at(tn_str_n(at, (size_t)(end - at))) != 0)
            return true;
    return false;
}

bool tn_my_is_ascii(struct tn_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] >= 0x80)
            return false;
    return true;
}
