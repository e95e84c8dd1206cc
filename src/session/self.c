#include "session/self.h"

#include "base/buf.h"
#include "stats/lexer.h"

enum { TEXT_MAX = 256 * 1024 * 1024 };

enum form { WORD, CALL }; /* current_user; version() */

struct found {
    const char   *name; /* NULL: none of ours */
    enum form     form;
    struct tn_str value;
};

static struct found look_up(const struct tn_token *token, const struct tn_self *self)
{
    const struct {
        struct found found;
        bool         known;
    } rows[] = {
        {{"current_user", WORD, self->user}, true},
        {{"session_user", WORD, self->user}, true},
        {{"current_role", WORD, self->user}, true},
        {{"current_catalog", WORD, self->catalog}, self->trino},
        {{"current_schema", WORD, self->schema}, self->trino},
        {{"current_timezone", CALL, self->time_zone}, self->trino && self->time_zone.len > 0},
        {{"version", CALL, self->version}, self->trino && self->version.len > 0},
    };

    if (token->kind == TN_TOKEN_WORD && token->text.len >= 7)
        for (size_t i = 0; i < TN_ARRAY_LEN(rows); i++)
            if (rows[i].known && tn_str_ieq_c(token->text, rows[i].found.name))
                return rows[i].found;
    return (struct found){.name = NULL};
}

struct scan {
    struct tn_lexer lexer;
    struct tn_token token, before, next;
    unsigned        depth;    /* of brackets */
    bool            changing; /* names are no definition's and no account's */
    bool            in_list;  /* of the columns of the outermost SELECT */
    bool            table;    /* CREATE TABLE: its query is all that is replaced */
};

static void advance(struct scan *s)
{
    s->before = s->token;
    s->token = s->next;
    tn_lexer_next(&s->lexer, &s->next);
}

static bool is_word(const struct tn_token *token, const char *word)
{
    return token->kind == TN_TOKEN_WORD && tn_str_ieq_c(token->text, word);
}

static bool is_any(const struct tn_token *token, const char *const *words)
{
    for (; *words != NULL; words++)
        if (is_word(token, *words))
            return true;
    return false;
}

/* By the statement's first words. */
static void begin(struct scan *s, struct tn_str sql, enum tn_dialect dialect)
{
    static const char *const plain[] = {"select", "with",  "values", "table",   "insert", "update", "delete", "merge",
                                        "from",   "explain", "replace", "prepare", "execute", "call", NULL};
    static const char *const skipped[] = {"or", "replace", "temp", "temporary", "unlogged", NULL};

    *s = (struct scan){.depth = 0};
    tn_lexer_init(&s->lexer, sql, dialect);
    tn_lexer_next(&s->lexer, &s->token);
    tn_lexer_next(&s->lexer, &s->next);
    s->changing = s->token.punct == '(' || is_any(&s->token, plain);
    if (!is_word(&s->token, "create"))
        return;
    advance(s);
    while (is_any(&s->token, skipped))
        advance(s);
    s->table = is_word(&s->token, "table");
}

static void follow(struct scan *s)
{
    static const char *const ends[] = {"from", "where", "group", "having", "order", "limit", "offset", "union", "except", "intersect", "window", "into", NULL};

    if (s->token.punct == '(')
        s->depth++;
    else if (s->token.punct == ')' && s->depth > 0)
        s->depth--;
    else if (s->depth == 0 && is_word(&s->token, "select"))
        s->in_list = true;
    else if (s->depth == 0 && is_any(&s->token, ends))
        s->in_list = false;
    if (s->table && (is_word(&s->token, "select") || is_word(&s->token, "values")))
        s->changing = true;
}

/* A column of its own: it keeps the name that it would have had. */
static bool is_column(const struct scan *s)
{
    static const char *const behind[] = {"from", "where", "union", "order", "limit", NULL};

    return s->in_list && s->depth == 0 && (s->before.punct == ',' || is_word(&s->before, "select")) &&
           (s->next.kind == TN_TOKEN_END || s->next.punct == ',' || s->next.punct == ';' || is_any(&s->next, behind));
}

/* Not a name of something else here; *END is where the text goes on behind it. */
static bool is_asked(struct scan *s, struct tn_str sql, const struct found *found, size_t *end)
{
    bool called = s->next.punct == '(';

    *end = (size_t)(s->token.text.ptr - sql.ptr) + s->token.text.len;
    if (!s->changing || s->before.punct == '.' || is_word(&s->before, "as") || s->next.punct == '.' || called != (found->form == CALL))
        return false;
    if (found->form == WORD)
        return true;
    advance(s);
    if (s->next.punct != ')') {
        s->depth++;
        return false;
    }
    advance(s);
    *end = (size_t)(s->token.text.ptr - sql.ptr) + 1;
    return true;
}

/* A bare literal would have no type, or one of its length, and types have other names on each engine: these give a text on all of them. */
static void put(struct tn_buf *text, const struct found *found, enum tn_dialect dialect)
{
    if (found->value.len == 0) {
        tn_buf_puts(text, "NULLIF('', '')");
        return;
    }
    tn_buf_puts(text, dialect == TN_DIALECT_TRINO ? "CONCAT(" : "COALESCE(");
    tn_buf_put_quoted(text, found->value, '\'');
    tn_buf_puts(text, ", '')");
}

/* Most statements hold none: one look for `_`, or for what a version begins with. */
static bool may_hold(struct tn_str sql, bool trino)
{
    return sql.len >= 7 && (memchr(sql.ptr, '_', sql.len) != NULL || (trino && memchr(sql.ptr, '(', sql.len) != NULL));
}

enum tn_status tn_self_replace(struct tn_str sql, enum tn_dialect dialect, const struct tn_self *self, struct tn_arena *arena,
                               struct tn_str *out, struct tn_error *err)
{
    struct scan   s;
    struct tn_buf text;
    size_t        copied = 0;
    bool          ok;

    *out = sql;
    if (!may_hold(sql, self->trino))
        return TN_OK;
    tn_buf_init(&text, TEXT_MAX);
    for (begin(&s, sql, dialect); s.token.kind != TN_TOKEN_END; advance(&s)) {
        struct found found = look_up(&s.token, self);
        size_t       from = (size_t)(s.token.text.ptr - sql.ptr), end;
        bool         column;

        follow(&s);
        column = is_column(&s);
        if (found.name == NULL || !is_asked(&s, sql, &found, &end))
            continue;
        tn_buf_append(&text, sql.ptr + copied, from - copied);
        put(&text, &found, dialect);
        if (column && found.form == WORD && !self->unnamed)
            tn_buf_printf(&text, " AS \"%s\"", found.name);
        copied = end;
    }
    if (copied == 0)
        return TN_OK;
    tn_buf_append(&text, sql.ptr + copied, sql.len - copied);
    ok = !text.failed && tn_arena_str(arena, tn_buf_str(&text), out);
    tn_buf_reset(&text);
    return ok ? TN_OK : tn_fail(err, TN_E_NOMEM, "53200", "no memory for a statement");
}
