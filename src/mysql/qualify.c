#include "mysql/qualify.h"

#include "base/buf.h"
#include "session/words.h"

enum { TEXT_MAX = 1024 * 1024 * 1024 };

static bool is_name(const struct tn_token *token)
{
    return token->kind == TN_TOKEN_WORD || token->kind == TN_TOKEN_IDENT;
}

static bool precedes_table(const struct tn_token *token)
{
    static const char *const words[] = {"from", "join", "into", "update", "table", "view", "exists", "references", "ignore", "truncate"};

    if (token->kind != TN_TOKEN_WORD)
        return false;
    for (size_t i = 0; i < TN_ARRAY_LEN(words); i++)
        if (tn_str_ieq_c(token->text, words[i]))
            return true;
    return false;
}

/* database . name, at WORDS, which then stand behind the dot. */
static bool accept_qualifier(struct tn_words *words, struct tn_str database)
{
    struct tn_words before = *words;

    if (is_name(&words->token) && tn_str_ieq(tn_token_name(&words->token), database)) {
        tn_words_next(words);
        if (tn_words_accept_punct(words, '.') && (is_name(&words->token) || words->token.punct == '*'))
            return true;
        *words = before;
    }
    return false;
}

bool tn_my_qualifies(struct tn_str sql, struct tn_str database)
{
    struct tn_words words;
    bool               table = false;

    if (!tn_str_holds(sql, database)) /* most statements do not, and are not read */
        return false;
    for (tn_words_init(&words, sql, TN_DIALECT_MYSQL); words.token.kind != TN_TOKEN_END; tn_words_next(&words)) {
        if (table && accept_qualifier(&words, database))
            return true;
        table = precedes_table(&words.token);
    }
    return false;
}

bool tn_my_unqualify(struct tn_str sql, struct tn_str database, struct tn_arena *arena, struct tn_str *out)
{
    struct tn_words words;
    struct tn_buf      text;
    size_t             copied = 0;
    bool               behind_dot = false, ok;

    tn_buf_init(&text, TEXT_MAX);
    tn_words_init(&words, sql, TN_DIALECT_MYSQL);
    while (words.token.kind != TN_TOKEN_END) {
        size_t at = (size_t)(words.token.text.ptr - sql.ptr);

        if (!behind_dot && accept_qualifier(&words, database)) {
            tn_buf_append(&text, sql.ptr + copied, at - copied);
            copied = (size_t)(words.token.text.ptr - sql.ptr);
        }
        behind_dot = words.token.punct == '.';
        tn_words_next(&words);
    }
    tn_buf_append(&text, sql.ptr + copied, sql.len - copied);
    ok = !text.failed && tn_arena_str(arena, tn_buf_str(&text), out);
    tn_buf_reset(&text);
    return ok;
}
