/* The client's character set: what it sends becomes UTF-8, what it gets is told to the encoders. */
#include "frontend/mysql/my_recode.h"
#include "mysql/private.h"

enum { ER_INVALID_CHARACTER_STRING = 1300, TEXT_MAX = 1024 * 1024 * 1024 };

static const struct tn_my_charset *recoded(uint16_t number)
{
    const struct tn_my_charset *charset = number == TN_MY_CHARSET_UTF8MB4 ? NULL : tn_my_charset_find(number);

    return tn_my_is_recoded(charset) ? charset : NULL;
}

const struct tn_my_charset *tn_my_charset_of_client(const struct tn_my_session *s)
{
    return recoded(s->client_charset);
}

const struct tn_my_charset *tn_my_charset_of_results(const struct tn_my_session *s)
{
    return recoded(s->results_charset);
}

uint16_t tn_my_charset_told(const struct tn_my_session *s)
{
    const struct tn_my_charset *own = tn_my_charset_find(s->charset);

    if (s->results_charset != TN_MY_CHARSET_NONE)
        return s->results_charset;
    return own != NULL && own->max_bytes == 4 && tn_my_charset_is_utf8(own) ? own->number : (uint16_t)TN_MY_CHARSET_UTF8MB4;
}

/* Bytes behind an introducer (_binary'..', _latin1'..') are of its set, not of the client's: they stay as they came. */
static void put_introduced(struct tn_my_session *s, const struct tn_my_charset *charset, struct tn_str text, struct tn_buf *out)
{
    struct tn_lexer lexer;
    struct tn_token token, before = {.kind = TN_TOKEN_END};
    size_t          copied = 0;

    tn_lexer_init_mysql(&lexer, text, s->mode.ansi_quotes, s->mode.no_backslash);
    for (; tn_lexer_next(&lexer, &token); before = token) {
        size_t at = (size_t)(token.text.ptr - text.ptr);

        if (token.kind != TN_TOKEN_STRING || before.kind != TN_TOKEN_WORD || before.text.ptr[0] != '_' || tn_my_is_ascii(token.text))
            continue;
        tn_buf_append(out, text.ptr + copied, at - copied);
        tn_my_recode_text(charset, false, token.text, out);
        copied = at + token.text.len;
    }
    tn_buf_append(out, text.ptr + copied, text.len - copied);
}

static void fail(struct tn_my_session *s, uint16_t code, const char *sqlstate, const char *message)
{
    tn_my_fail(s, code, sqlstate, "%s", message);
    tn_my_statement_done(s, true);
}

bool tn_my_to_utf8(struct tn_my_session *s, bool is_sql, struct tn_str *text)
{
    const struct tn_my_charset *charset = tn_my_charset_of_client(s);
    struct tn_buf               whole;
    char                        message[64];

    tn_buf_reset(&s->recoded);
    if (charset == NULL || tn_my_is_ascii(*text))
        return true;
    tn_buf_init(&whole, TEXT_MAX);
    tn_buf_init(&s->recoded, TEXT_MAX);
    tn_my_recode_text(charset, true, *text, &whole);
    if (is_sql)
        put_introduced(s, charset, tn_buf_str(&whole), &s->recoded);
    else
        tn_buf_put_str(&s->recoded, tn_buf_str(&whole));
    tn_buf_reset(&whole);
    *text = tn_buf_str(&s->recoded);
    snprintf(message, sizeof message, "Invalid %s character string", charset->charset);
    if (s->recoded.failed)
        fail(s, 1037, "HY001", "no memory for a statement");
    else if (tn_my_has_mark(*text))
        fail(s, ER_INVALID_CHARACTER_STRING, "HY000", message);
    else
        return true;
    return false;
}

bool tn_my_results_to_utf8(struct tn_my_session *s, struct tn_str *text)
{
    const struct tn_my_charset *charset = s->results_charset == TN_MY_CHARSET_NONE ? recoded(s->charset) : tn_my_charset_of_results(s);
    struct tn_buf               recoded_text;
    bool                        ok;

    if (charset == NULL || text->ptr == NULL || tn_my_is_ascii(*text))
        return true;
    tn_buf_init(&recoded_text, TEXT_MAX);
    ok = tn_my_recode_text(charset, true, *text, &recoded_text) && tn_arena_str(&s->arena, tn_buf_str(&recoded_text), text);
    tn_buf_reset(&recoded_text);
    return ok;
}
