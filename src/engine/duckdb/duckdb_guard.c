#include "engine/duckdb/duckdb_guard.h"

#include "stats/lexer.h"

enum { TEXTS_MAX = 8 }; /* query('query(''...'')') and so on */

static bool is_name(const struct tn_token *token, const char *const *names, size_t count)
{
    struct tn_str name = tn_token_name(token);

    if (token->kind != TN_TOKEN_WORD && token->kind != TN_TOKEN_IDENT)
        return false;
    for (size_t i = 0; i < count; i++)
        if (tn_str_ieq_c(name, names[i]))
            return true;
    return false;
}

static bool switches_logs(const struct tn_token *token)
{
    static const char *const names[] = {"enable_logging", "disable_logging", "truncate_duckdb_logs"};

    return is_name(token, names, TN_ARRAY_LEN(names));
}

/* They run what a text says, or what is made of one. */
static bool runs_texts(const struct tn_token *token)
{
    static const char *const names[] = {"query", "json_execute_serialized_sql"};

    return is_name(token, names, TN_ARRAY_LEN(names));
}

/* What follows is the name of a table with its columns, not a call. */
static bool names_table(const struct tn_token *token)
{
    static const char *const words[] = {"table", "into", "exists", "with", "recursive", "references", "on"};

    return token->kind == TN_TOKEN_WORD && is_name(token, words, TN_ARRAY_LEN(words));
}

static enum tn_status refuse(struct tn_error *err, const char *what)
{
    tn_fail(err, TN_E_DENIED, "42501", "%s", what);
    tn_error_hint(err, "What holds for the database belongs into the cluster's configuration (initSql).");
    tn_error_blame(err, TN_FAULT_QUERY, false);
    return TN_E_DENIED;
}

/* The content of 'a ''text''' or of $$a text$$ at TOKEN; ptr NULL: it is another kind of token, or there is no memory. */
static struct tn_str content(const struct tn_token *token, struct tn_arena *arena)
{
    struct tn_str text = token->text;
    size_t        mark = 1, len = 0;
    char         *out;

    if (token->kind != TN_TOKEN_STRING || token->unterminated || text.len < 2 || (text.ptr[0] != '\'' && text.ptr[0] != '$'))
        return tn_str_n(NULL, 0);
    if (text.ptr[0] == '$')
        mark = (size_t)((const char *)memchr(text.ptr + 1, '$', text.len - 1) - text.ptr) + 1;
    text = tn_str_n(text.ptr + mark, text.len - 2 * mark);
    if (token->text.ptr[0] == '$')
        return text;
    out = tn_arena_alloc(arena, text.len + 1);
    for (size_t i = 0; out != NULL && i < text.len; i++) {
        out[len++] = text.ptr[i];
        if (text.ptr[i] == '\'')
            i++;
    }
    return tn_str_n(out, len);
}

/* query( was read: all of its arguments, which must be one text. */
static enum tn_status read_argument(struct tn_lexer *lexer, struct tn_arena *arena, struct tn_str *text, struct tn_error *err)
{
    struct tn_token argument, end;

    *text = tn_str_n(NULL, 0);
    if (tn_lexer_next(lexer, &argument))
        *text = content(&argument, arena);
    if (text->ptr == NULL || !tn_lexer_next(lexer, &end) || end.punct != ')' || memchr(text->ptr, '\\', text->len) != NULL)
        return refuse(err, "query() and json_execute_serialized_sql() take a text as it is, not one that is worked out");
    return TN_OK;
}

static enum tn_status look_at(struct tn_str sql, struct tn_arena *arena, struct tn_str *texts, size_t *count, struct tn_error *err)
{
    struct tn_lexer lexer;
    struct tn_token token, before = {.kind = TN_TOKEN_END}, lead = before; /* lead: what stands before a name with its schema */

    tn_lexer_init(&lexer, sql, TN_DIALECT_DUCKDB);
    while (tn_lexer_next(&lexer, &token)) {
        if (token.punct != '(' && token.punct != '.' && before.punct != '.')
            lead = before;
        if (token.punct == '(' && !names_table(&lead) && switches_logs(&before))
            return refuse(err, "logs of statements are the database's: a client cannot switch them");
        if (token.punct == '(' && !names_table(&lead) && runs_texts(&before)) {
            if (*count == TEXTS_MAX)
                return refuse(err, "query() is called too often in one statement");
            TN_TRY(read_argument(&lexer, arena, &texts[*count], err));
            ++*count;
        }
        before = token;
    }
    return TN_OK;
}

enum tn_status tn_duckdb_guard(struct tn_str sql, struct tn_arena *arena, struct tn_error *err)
{
    struct tn_str texts[TEXTS_MAX];
    size_t        count = 0;

    TN_TRY(look_at(sql, arena, texts, &count, err));
    for (size_t i = 0; i < count; i++)
        TN_TRY(look_at(texts[i], arena, texts, &count, err));
    return TN_OK;
}
