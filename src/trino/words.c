#include "trino/words.h"

#include "base/buf.h"
#include "stats/lexer.h"

enum { TEXT_MAX = 256 * 1024 * 1024 };

/* The value of WORD; len 0 = none of ours. */
static struct tn_str value_of(const struct tn_token *token, const struct tn_trino_words *words)
{
    if (token->kind != TN_TOKEN_WORD || token->text.len < 7)
        return tn_str_n(NULL, 0);
    if (tn_str_ieq_c(token->text, "current_user"))
        return words->user;
    if (tn_str_ieq_c(token->text, "current_catalog"))
        return words->catalog;
    if (tn_str_ieq_c(token->text, "current_schema"))
        return words->schema;
    return tn_str_ieq_c(token->text, "version") ? TN_STR(TN_TRINO_VERSION) : tn_str_n(NULL, 0);
}

/* The bytes of SQL that are replaced: TOKEN, for version with its brackets behind it; false: it is a name here. */
static bool extent(struct tn_str sql, const struct tn_token *token, char before, size_t *end)
{
    struct tn_lexer lexer;
    struct tn_token open = {.punct = 0}, close = {.punct = 0};
    size_t          at = (size_t)(token->text.ptr - sql.ptr) + token->text.len;

    *end = at;
    if (before == '.')
        return false;
    tn_lexer_init(&lexer, tn_str_n(sql.ptr + at, sql.len - at), TN_DIALECT_TRINO);
    tn_lexer_next(&lexer, &open);
    if (!tn_str_ieq_c(token->text, "version"))
        return open.punct != '(' && open.punct != '.';
    tn_lexer_next(&lexer, &close);
    if (open.punct != '(' || close.punct != ')')
        return false;
    *end = (size_t)(close.text.ptr - sql.ptr) + 1;
    return true;
}

enum tn_status tn_trino_words_replace(struct tn_str sql, const struct tn_trino_words *words, struct tn_arena *arena,
                                      struct tn_str *out, struct tn_error *err)
{
    struct tn_lexer lexer;
    struct tn_token token;
    struct tn_buf   text;
    size_t          copied = 0, end;
    char            before = '\0';
    bool            ok;

    *out = sql;
    tn_buf_init(&text, TEXT_MAX);
    tn_lexer_init(&lexer, sql, TN_DIALECT_TRINO);
    for (; tn_lexer_next(&lexer, &token); before = token.punct) {
        struct tn_str value = value_of(&token, words);

        if (value.len == 0 || !extent(sql, &token, before, &end))
            continue;
        tn_buf_append(&text, sql.ptr + copied, (size_t)(token.text.ptr - sql.ptr) - copied);
        tn_buf_put_quoted(&text, value, '\'');
        copied = end;
    }
    if (copied == 0)
        return TN_OK;
    tn_buf_append(&text, sql.ptr + copied, sql.len - copied);
    ok = !text.failed && tn_arena_str(arena, tn_buf_str(&text), out);
    tn_buf_reset(&text);
    return ok ? TN_OK : tn_fail(err, TN_E_NOMEM, "53200", "no memory for a statement");
}
