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

/* Calls and pragmas that hold for the whole database; another parser reads other words than were judged. */
static bool switches_database(const struct tn_token *token)
{
    static const char *const names[] = {"enable_peg_parser", "disable_peg_parser", "enable_checkpoint_on_shutdown", "disable_checkpoint_on_shutdown", "add_parquet_key"};

    return is_name(token, names, TN_ARRAY_LEN(names));
}

/* What a session sets for itself and others meet all the same: logs of all users' statements, profiles and bars printed by the server,
 * a profile in a file (which fails every statement when there are no files), and a depth below which not even RESET works. */
static bool reaches_others(const struct tn_token *token)
{
    static const char *const names[] = {"enable_http_logging", "http_logging_output", "max_expression_depth", "enable_profiling", "disable_profiling",
                                        "enable_profile", "disable_profile", "profile_output", "profiling_output", "profiling_mode", "profiling_coverage",
                                        "custom_profiling_settings", "enable_progress_bar", "enable_progress_bar_print", "enable_print_progress_bar", "progress_bar_time"};

    return is_name(token, names, TN_ARRAY_LEN(names));
}

/* A setting for DuckDB's developers: sleep at every checkpoint, keep no file. */
static bool is_debugs(const struct tn_token *token)
{
    struct tn_str name = tn_token_name(token), debug = TN_STR("debug_");

    return name.len >= debug.len && tn_str_ieq(tn_str_n(name.ptr, debug.len), debug);
}

/* It runs what a text says. */
static bool runs_texts(const struct tn_token *token)
{
    static const char *const names[] = {"query"};

    return is_name(token, names, TN_ARRAY_LEN(names));
}

/* The same of a statement that was parsed before and is told as JSON. */
static bool runs_parsed(const struct tn_token *token)
{
    static const char *const names[] = {"json_execute_serialized_sql"};

    return is_name(token, names, TN_ARRAY_LEN(names));
}

/* What follows is the name of a table with its columns, not a call. */
static bool names_table(const struct tn_token *token)
{
    static const char *const words[] = {"table", "into", "exists", "with", "recursive", "references", "on", "view", "as"};

    return token->punct == ')' || (token->kind == TN_TOKEN_WORD && is_name(token, words, TN_ARRAY_LEN(words)));
}

static bool is_word(const struct tn_token *token, const char *word)
{
    return token->kind == TN_TOKEN_WORD && tn_str_ieq_c(token->text, word);
}

/* LEXER is behind `, name (`: is it one more query of a WITH, and no call? Its columns, AS, and in parentheses what only a query begins with. */
static bool names_with(struct tn_lexer lexer)
{
    struct tn_token token;

    do
        if (!tn_lexer_next(&lexer, &token) || (token.kind != TN_TOKEN_WORD && token.kind != TN_TOKEN_IDENT) || !tn_lexer_next(&lexer, &token))
            return false;
    while (token.punct == ',');
    if (token.punct != ')' || !tn_lexer_next(&lexer, &token) || !is_word(&token, "as") || !tn_lexer_next(&lexer, &token))
        return false;
    if (is_word(&token, "not") && !tn_lexer_next(&lexer, &token))
        return false;
    if (is_word(&token, "materialized") && !tn_lexer_next(&lexer, &token))
        return false;
    return token.punct == '(' && tn_lexer_next(&lexer, &token) && (is_word(&token, "select") || is_word(&token, "from") || is_word(&token, "with"));
}

/* DuckDB takes these for blanks, nobody else does: U+00A0, U+2000 to U+200D, U+202F, U+205F, U+2060, U+3000, U+FEFF. */
static bool has_odd_blank(struct tn_str text)
{
    const unsigned char *at = (const unsigned char *)text.ptr;

    for (size_t i = 0; i + 1 < text.len; i++) {
        unsigned char third = i + 2 < text.len ? at[i + 2] : 0;

        if ((at[i] == 0xc2 && at[i + 1] == 0xa0) || (at[i] == 0xe2 && at[i + 1] == 0x80 && ((third >= 0x80 && third <= 0x8d) || third == 0xaf)) ||
            (at[i] == 0xe2 && at[i + 1] == 0x81 && (third == 0x9f || third == 0xa0)) || (at[i] == 0xe3 && at[i + 1] == 0x80 && third == 0x80) ||
            (at[i] == 0xef && at[i + 1] == 0xbb && third == 0xbf))
            return true;
    }
    return false;
}

/* Of TOKEN, what is no content of quotes. */
static struct tn_str bare(const struct tn_token *token)
{
    const char *tag_end;

    if (token->kind == TN_TOKEN_IDENT || (token->kind == TN_TOKEN_STRING && token->text.ptr[0] != '$'))
        return tn_str_n("", 0);
    if (token->kind != TN_TOKEN_STRING)
        return token->text;
    tag_end = memchr(token->text.ptr + 1, '$', token->text.len - 1);
    return tn_str_n(token->text.ptr, tag_end != NULL ? (size_t)(tag_end - token->text.ptr) : token->text.len);
}

/* What was judged as one word would run as two: CALL enable_logging (), EXPLAIN ANALYZE DELETE, FROM a table that a rule names. */
static enum tn_status refuse_blank(struct tn_error *err)
{
    tn_fail(err, TN_E_INVALID, "42601", "a character that looks like a blank and is none stands outside of quotes");
    tn_error_hint(err, "It is a no-break space or its like, as texts have that were copied from a document: write a plain one.");
    tn_error_blame(err, TN_FAULT_QUERY, false);
    return TN_E_INVALID;
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
        return refuse(err, "query() takes a text as it is, not one that is worked out");
    return TN_OK;
}

/* Where a name was read. */
struct place {
    struct tn_token verb, lead, name; /* the statement's first word; what stands before the name with its schema */
    bool            called;
};

/* SET name, RESET SESSION name; in UPDATE it is a column's. */
static bool is_set(const struct place *at)
{
    static const char *const verbs[] = {"set", "reset"}, *const scopes[] = {"set", "reset", "session", "local", "global"};

    return at->verb.kind == TN_TOKEN_WORD && is_name(&at->verb, verbs, TN_ARRAY_LEN(verbs)) && at->lead.kind == TN_TOKEN_WORD &&
           is_name(&at->lead, scopes, TN_ARRAY_LEN(scopes));
}

static enum tn_status check_name(const struct place *at, struct tn_error *err)
{
    const struct tn_token *name = &at->name;
    bool                   pragma = is_word(&at->lead, "pragma");

    if (at->called && switches_logs(name))
        return refuse(err, "logs of statements are the database's: a client cannot switch them");
    if (at->called && runs_parsed(name))
        return refuse(err, "json_execute_serialized_sql() runs what cannot be looked at before");
    if ((at->called || pragma) && switches_database(name))
        return refuse(err, "this holds for the whole database and all its users: a client cannot switch it");
    if (((is_set(at) || at->called || pragma) && reaches_others(name)) || (is_set(at) && is_debugs(name)))
        return refuse(err, "this setting reaches other users or the server's own output: a client cannot change it");
    return TN_OK;
}

/* TOKEN follows the name. */
static void go_on(struct place *at, const struct tn_token *token)
{
    if (at->name.kind == TN_TOKEN_END || at->name.punct == ';')
        at->verb = *token;
    if (token->punct != '(' && token->punct != '.' && at->name.punct != '.')
        at->lead = at->name;
    at->name = *token;
}

static enum tn_status look_at(struct tn_str sql, struct tn_arena *arena, struct tn_str *texts, size_t *count, struct tn_error *err)
{
    struct tn_lexer lexer;
    struct tn_token token;
    struct place    at = {.verb = {.kind = TN_TOKEN_END}, .lead = {.kind = TN_TOKEN_END}, .name = {.kind = TN_TOKEN_END}};

    tn_lexer_init(&lexer, sql, TN_DIALECT_DUCKDB);
    while (tn_lexer_next(&lexer, &token)) {
        at.called = token.punct == '(' && !names_table(&at.lead);
        if (has_odd_blank(bare(&token)))
            return refuse_blank(err);
        TN_TRY(check_name(&at, err));
        if (at.called && runs_texts(&at.name) && !(at.lead.punct == ',' && names_with(lexer))) {
            if (*count == TEXTS_MAX)
                return refuse(err, "query() is called too often in one statement");
            TN_TRY(read_argument(&lexer, arena, &texts[*count], err));
            ++*count;
        }
        go_on(&at, &token);
    }
    at.called = false;
    return check_name(&at, err);
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
