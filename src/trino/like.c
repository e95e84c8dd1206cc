#include "trino/like.h"

#include "stats/lexer.h"

static void put_meant(struct tn_buf *out, char c, bool glob)
{
    if (glob && (c == '*' || c == '?' || c == '['))
        tn_buf_printf(out, "[%c]", c);
    else if (!glob && (c == '%' || c == '_' || c == '!'))
        tn_buf_printf(out, "!%c", c);
    else
        tn_buf_put_u8(out, (uint8_t)c);
}

void tn_trino_like_put(struct tn_buf *out, struct tn_str pattern, struct tn_str escape, bool glob)
{
    for (size_t i = 0; i < pattern.len; i++) {
        struct tn_str rest = tn_str_n(pattern.ptr + i, pattern.len - i);
        bool          meant = escape.len > 0 && rest.len > escape.len && tn_str_starts(rest, escape);
        char          at = pattern.ptr[i += meant ? escape.len : 0];

        if (!meant && (at == '%' || at == '_'))
            tn_buf_put_u8(out, (uint8_t)(!glob ? at : at == '%' ? '*' : '?'));
        else
            put_meant(out, at, glob);
    }
}

/* ---- those in a statement ---- */

struct written {
    struct tn_str pattern, escape; /* with their quotes; escape.ptr NULL: there is none */
    const char   *end;
};

/* The pattern is more than the text before LEXER: 'a' || '%'. */
static bool goes_on(struct tn_lexer lexer)
{
    struct tn_token token;

    return tn_lexer_next(&lexer, &token) && tn_str_eq_c(token.text, "||");
}

/* LEXER stands behind LIKE; it goes on behind what belongs to it. False: a pattern that is not written there as a text. */
static bool next_written(struct tn_lexer *lexer, struct written *out)
{
    struct tn_token token, word;
    struct tn_lexer before;

    tn_lexer_next(lexer, &token);
    if (token.kind != TN_TOKEN_STRING || token.text.ptr[0] != '\'' || token.unterminated)
        return false;
    *out = (struct written){.pattern = token.text, .end = token.text.ptr + token.text.len};
    before = *lexer;
    if (tn_lexer_next(lexer, &word) && tn_str_ieq_c(word.text, "ESCAPE") && tn_lexer_next(lexer, &token) && token.kind == TN_TOKEN_STRING &&
        token.text.ptr[0] == '\'' && !token.unterminated) {
        out->escape = token.text;
        out->end = token.text.ptr + token.text.len;
        return !goes_on(*lexer);
    }
    *lexer = before;
    if (goes_on(before))
        return false;
    return !tn_str_ieq_c(word.text, "ESCAPE");
}

/* What the quotes are about. */
static void put_text(struct tn_buf *out, struct tn_str quoted)
{
    for (size_t i = 1; i + 1 < quoted.len; i++) {
        tn_buf_put_u8(out, (uint8_t)quoted.ptr[i]);
        i += quoted.ptr[i] == '\'';
    }
}

static void put_glob(struct tn_buf *out, const struct written *like)
{
    struct tn_buf pattern, escape, glob;

    tn_buf_init(&pattern, out->max);
    tn_buf_init(&escape, out->max);
    tn_buf_init(&glob, out->max);
    put_text(&pattern, like->pattern);
    put_text(&escape, like->escape.ptr != NULL ? like->escape : TN_STR("''"));
    tn_trino_like_put(&glob, tn_buf_str(&pattern), tn_buf_str(&escape), true);
    tn_buf_puts(out, "GLOB ");
    tn_buf_put_quoted(out, tn_buf_str(&glob), '\'');
    out->failed = out->failed || pattern.failed || escape.failed || glob.failed;
    tn_buf_reset(&pattern);
    tn_buf_reset(&escape);
    tn_buf_reset(&glob);
}

void tn_trino_like_exact(struct tn_buf *out, struct tn_str sql, enum tn_cfg_engine engine)
{
    const char     *copied = sql.ptr;
    struct tn_lexer lexer;
    struct tn_token token;
    struct written  like;

    tn_lexer_init(&lexer, sql, TN_DIALECT_TRINO);
    while ((engine == TN_CFG_ENGINE_SQLITE || engine == TN_CFG_ENGINE_MYSQL) && tn_lexer_next(&lexer, &token)) {
        struct tn_lexer behind = lexer;

        if (token.kind != TN_TOKEN_WORD || !tn_str_ieq_c(token.text, "LIKE") || !next_written(&behind, &like))
            continue;
        tn_buf_append(out, copied, (size_t)(token.text.ptr - copied));
        if (engine == TN_CFG_ENGINE_SQLITE)
            put_glob(out, &like);
        else
            tn_buf_puts(out, "LIKE BINARY ");
        copied = engine == TN_CFG_ENGINE_SQLITE ? like.end : like.pattern.ptr;
        lexer = behind;
    }
    tn_buf_append(out, copied, (size_t)(sql.ptr + sql.len - copied));
}
