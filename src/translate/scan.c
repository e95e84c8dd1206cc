#include "translate/scan.h"

#include "base/hash.h"

enum { BLOCK = 64 };

struct block {
    uint64_t items[BLOCK];
    size_t   count;
    uint64_t key[2];
};

static void flush(struct block *b)
{
    uint64_t out[2];

    tn_hash_128(b->items, b->count * sizeof b->items[0], b->key[0] ^ b->key[1] * UINT64_C(0x9e3779b97f4a7c15), out);
    b->key[0] = out[0];
    b->key[1] = out[1];
    b->count = 0;
}

static void put(struct block *b, uint64_t item)
{
    b->items[b->count++] = item;
    if (b->count == BLOCK)
        flush(b);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The kind of a plain literal, 0 = not plain. */
static char plain_number(struct tn_str text)
{
    size_t points = 0;

    if (text.len > 18 || !is_digit(text.ptr[0]) || !is_digit(text.ptr[text.len - 1]))
        return 0;
    if (text.len > 1 && text.ptr[0] == '0' && text.ptr[1] != '.')
        return 0; /* 0x1f, 007 */
    for (size_t i = 0; i < text.len; i++) {
        points += text.ptr[i] == '.';
        if (text.ptr[i] != '.' && !is_digit(text.ptr[i]))
            return 0;
    }
    if (points > 1)
        return 0;
    return points == 1 ? 'd' : text.len <= 9 ? 'i' : 'l';
}

static char plain_string(const struct tn_token *token)
{
    struct tn_str text = token->text;

    if (token->unterminated || text.len < 3 || text.ptr[0] != '\'' || text.ptr[text.len - 1] != '\'')
        return 0;
    for (size_t i = 1; i + 1 < text.len; i++)
        if (text.ptr[i] == '\'' || text.ptr[i] == '\\' || (unsigned char)text.ptr[i] < 32 || (text.ptr[i] == '?' && text.ptr[i - 1] == '('))
            return 0; /* (?=..) of a pattern: not every engine has it */
    return tn_utf8_valid_prefix(text.ptr, text.len) == text.len ? 's' : 0;
}

enum { TIME_MAX = 64 };

/* 'YYYY-MM-DD and anything behind it. */
static bool begins_with_day(struct tn_str text)
{
    return text.len >= sizeof "'2020-01-01'" - 1 && text.ptr[5] == '-' && text.ptr[8] == '-';
}

/* What else of a string a translation may go by: '2020-01-01' beside a column is a date, and the type of
 * '2020-01-01 10:00:00.5 UTC' has a zone and one digit of seconds. So the digits are what may change in a day or a time of day; 0 =
 * it is none. */
static uint64_t shape_of(struct tn_str text, uint64_t secret)
{
    char   shape[TIME_MAX];
    size_t colons = 0;

    if (text.len > TIME_MAX || !is_digit(text.ptr[1]))
        return 0;
    for (size_t i = 0; i < text.len; i++) {
        colons += text.ptr[i] == ':' && is_digit(text.ptr[i - 1]) && is_digit(text.ptr[i + 1]);
        shape[i] = is_digit(text.ptr[i]) ? '0' : text.ptr[i];
    }
    return colons > 0 || begins_with_day(text) ? tn_hash_seeded(shape, text.len, secret + 's') : 0;
}

/* A text without letters, and without a blank at its end, is the same in every collation. */
static bool has_letters(struct tn_str text)
{
    if (text.len > 2 && text.ptr[text.len - 2] == ' ')
        return true;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];

        if (c >= 0x80 || ((c | 32) >= 'a' && (c | 32) <= 'z'))
            return true;
    }
    return false;
}

/* Of a plain literal, what the key has of it. */
static uint64_t kind_of(char plain, struct tn_str text, uint64_t secret)
{
    return plain != 's' ? (uint64_t)plain : (uint64_t)plain ^ shape_of(text, secret) ^ (uint64_t)has_letters(text) << 8;
}

void tn_scan_read(struct tn_scan *out, struct tn_str sql, enum tn_dialect dialect, uint64_t secret)
{
    struct tn_lexer lexer;
    struct tn_token token;
    struct block    block;

    block.count = 0;
    block.key[0] = secret;
    block.key[1] = (uint64_t)dialect + 1;
    out->secret = secret;
    out->count = 0;
    tn_lexer_init(&lexer, sql, dialect);
    while (tn_lexer_next(&lexer, &token)) {
        char plain = 0;

        if (out->count < TN_SCAN_LITERALS && token.kind == TN_TOKEN_NUMBER)
            plain = plain_number(token.text);
        else if (out->count < TN_SCAN_LITERALS && token.kind == TN_TOKEN_STRING)
            plain = plain_string(&token);
        if (plain != 0)
            out->literals[out->count++] = token.text;
        put(&block, plain != 0 ? kind_of(plain, token.text, secret)
                               : tn_hash_seeded(token.text.ptr, token.text.len, secret + (uint64_t)token.kind + 1000));
    }
    put(&block, UINT64_MAX);
    if (block.count > 0)
        flush(&block);
    out->key[0] = block.key[0];
    out->key[1] = block.key[1];
}

/* What stands between two tokens: white space as it is, a space for each byte of a comment. */
static void put_gap(struct tn_buf *out, const char *from, const char *to)
{
    for (; from < to; from++)
        tn_buf_put_u8(out, *from == '\n' || *from == '\r' || *from == '\t' ? (uint8_t)*from : ' ');
}

void tn_scan_spell(struct tn_buf *out, struct tn_str sql, enum tn_dialect dialect, const struct tn_scan *scan, uint32_t at[TN_SCAN_LITERALS])
{
    struct tn_lexer lexer;
    struct tn_token token;
    const char     *end = sql.ptr;
    size_t          next = 0;

    tn_lexer_init(&lexer, sql, dialect);
    while (tn_lexer_next(&lexer, &token)) {
        put_gap(out, end, token.text.ptr);
        if (token.text.ptr == end && end > sql.ptr && end[-1] == '-' && token.text.ptr[0] == '-')
            tn_buf_put_u8(out, ' ');
        if (next < scan->count && scan->literals[next].ptr == token.text.ptr)
            at[next++] = (uint32_t)out->len;
        tn_buf_put_str(out, token.text);
        end = token.text.ptr + token.text.len;
    }
}
