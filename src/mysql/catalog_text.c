#include "mysql/catalog_text.h"

#include "mysql/evaluate.h"
#include "mysql/plain.h"

enum { CALLS = 64 };

struct text {
    struct tn_my_session *s;
    struct tn_arena      *arena;
    struct tn_buf        *out;
    struct tn_words    words;
    size_t                end;        /* of the token before, in the text */
    unsigned              params;
    unsigned              depth;      /* of parentheses */
    unsigned              calls[CALLS]; /* depths at which a group_concat( or convert( is open */
    bool                  converts[CALLS];
    unsigned              call_count;
    bool                  ordering;   /* ORDER BY in a group_concat is left out */
};

static size_t place(const struct text *t)
{
    return (size_t)(t->words.token.text.ptr - t->words.sql.ptr);
}

/* White space where there was some, or a comment. */
static void put_gap(struct text *t)
{
    if (place(t) > t->end)
        tn_buf_put_u8(t->out, ' ');
}

static void step(struct text *t)
{
    t->end = place(t) + t->words.token.text.len;
    tn_words_next(&t->words);
}

static void put_as(struct text *t, const char *text)
{
    put_gap(t);
    tn_buf_puts(t->out, text);
    step(t);
}

static bool in_call(const struct text *t, bool converts)
{
    return t->call_count > 0 && t->calls[t->call_count - 1] == t->depth && t->converts[t->call_count - 1] == converts;
}

/* A word that means nothing to SQLite, or another thing. NULL: it stays; "": it goes. */
static const char *word_of(const struct text *t)
{
    static const struct {
        const char *word, *becomes;
    } words[] = {{"rlike", "REGEXP"}, {"div", "/"}, {"sql_no_cache", ""}, {"sql_cache", ""}, {"sql_calc_found_rows", ""}, {"high_priority", ""},
                 {"sql_big_result", ""}, {"sql_small_result", ""}, {"straight_join", ""}, {"binary", ""}};

    for (size_t i = 0; i < TN_ARRAY_LEN(words); i++)
        if (tn_words_at(&t->words, words[i].word))
            return words[i].becomes;
    return NULL;
}

/* A function whose name SQLite reads as something else; NULL: it stays. */
static const char *function_of(struct tn_str name)
{
    static const struct {
        const char *name, *becomes;
    } functions[] = {{"left", "tn_left"}, {"right", "tn_right"}, {"isnull", "tn_isnull"}, {"least", "min"}, {"greatest", "max"}, {"if", "iif"},
                     {"schema", "database"}, {"session_user", "user"}, {"system_user", "user"}, {"convert", ""}, {"character_length", "char_length"}};

    for (size_t i = 0; i < TN_ARRAY_LEN(functions); i++)
        if (tn_str_ieq_c(name, functions[i].name))
            return functions[i].becomes;
    return NULL;
}

/* _utf8mb4'text' */
static bool introduces(const struct text *t)
{
    struct tn_str word = t->words.token.text;
    const char   *behind = word.ptr + word.len, *end = t->words.sql.ptr + t->words.sql.len;

    return word.len > 1 && word.ptr[0] == '_' && behind < end && (*behind == '\'' || *behind == '"');
}

static bool put_value(struct text *t, const struct tn_my_value *value)
{
    if (value->text.ptr == NULL)
        tn_buf_puts(t->out, "NULL");
    else if (value->number)
        tn_buf_put_str(t->out, value->text);
    else
        tn_buf_put_quoted(t->out, value->text, '\'');
    return true;
}

/* @a, @@b, current_user */
static bool put_own(struct text *t)
{
    struct tn_my_value value;
    struct tn_words before = t->words;
    struct tn_error    err = TN_ERROR_INIT;
    bool               about = false, ok;
    const char        *end;

    if (t->s == NULL)
        return false;
    ok = tn_my_evaluate(t->s, &t->words, t->arena, &value, &about, &err) == TN_MY_VALUE;
    tn_error_reset(&err);
    if (!ok) {
        t->words = before;
        return false;
    }
    end = t->words.token.text.ptr;
    while (end > t->words.sql.ptr && (end[-1] == ' ' || end[-1] == '\n' || end[-1] == '\t' || end[-1] == '\r'))
        end--;
    if (before.token.text.ptr > t->words.sql.ptr + t->end)
        tn_buf_put_u8(t->out, ' ');
    t->end = (size_t)(end - t->words.sql.ptr);
    return put_value(t, &value);
}

/* NAME( */
static bool put_call(struct text *t, const struct tn_token *name)
{
    bool        converts = tn_str_ieq_c(name->text, "convert"), gathers = tn_str_ieq_c(name->text, "group_concat");
    const char *becomes = function_of(name->text);

    if (becomes == NULL && !gathers)
        return false;
    tn_buf_puts(t->out, becomes != NULL ? becomes : "group_concat");
    if ((converts || gathers) && t->call_count < CALLS) {
        t->converts[t->call_count] = converts;
        t->calls[t->call_count++] = t->depth + 1;
    }
    return true;
}

/* USING utf8mb4; CHARACTER SET utf8mb4; SEPARATOR ','; ORDER BY in a group_concat. True: dealt with. */
static bool put_clause(struct text *t)
{
    if (in_call(t, true) && tn_words_accept(&t->words, "using")) {
        step(t);
        return true;
    }
    if (!in_call(t, false))
        return false;
    if (tn_words_at(&t->words, "order")) {
        t->ordering = true;
        step(t);
        return true;
    }
    if (!tn_words_at(&t->words, "separator"))
        return false;
    t->ordering = false;
    step(t);
    if (t->words.token.kind == TN_TOKEN_STRING && tn_str_eq(tn_my_unquote(t->words.token.text, t->arena), TN_STR(",")))
        step(t); /* what it is without one: SQLite takes none beside DISTINCT */
    else
        tn_buf_puts(t->out, ", ");
    return true;
}

/* CAST(x AS BINARY) */
static bool ends_cast(const struct text *t)
{
    const char *behind = t->words.token.text.ptr + t->words.token.text.len, *end = t->words.sql.ptr + t->words.sql.len;

    return behind < end && (*behind == ')' || *behind == '(');
}

static void put_word(struct text *t)
{
    const struct tn_token name = t->words.token;
    const char           *becomes = word_of(t);

    if (put_clause(t))
        return;
    if (introduces(t)) {
        put_gap(t);
        step(t);
        return;
    }
    if (becomes != NULL && !ends_cast(t)) {
        put_as(t, becomes);
        return;
    }
    if ((name.text.ptr[0] == '@' || tn_str_ieq_c(name.text, "current_user")) && put_own(t))
        return;
    if (tn_words_at(&t->words, "character")) {
        struct tn_words before = t->words;

        tn_words_next(&t->words);
        if (tn_words_accept(&t->words, "set")) {
            step(t);
            return;
        }
        t->words = before;
    }
    put_gap(t);
    step(t);
    if (t->words.token.punct != '(' || !put_call(t, &name))
        tn_buf_put_str(t->out, name.text);
}

/* Of an operator the first LEN bytes are written already. */
static void put_instead(struct text *t, size_t len, const char *text)
{
    t->out->len -= TN_MIN(len, t->out->len);
    put_as(t, text);
}

/* CONVERT(x, UNSIGNED INTEGER): SQLite's values have types of their own. */
static void skip_type(struct text *t)
{
    unsigned open = 0;

    while (!tn_words_at_end(&t->words) && (open > 0 || t->words.token.punct != ')')) {
        open += t->words.token.punct == '(';
        open -= t->words.token.punct == ')';
        step(t);
    }
}

static void put_punct(struct text *t)
{
    static const struct {
        const char *text, *becomes;
    } operators[] = {{"||", " OR "}, {"!", " NOT "}};
    struct tn_str text = t->words.token.text;

    for (size_t i = 0; i < TN_ARRAY_LEN(operators); i++)
        if (tn_str_eq_c(text, operators[i].text)) {
            put_as(t, operators[i].becomes);
            return;
        }
    if (t->words.token.punct == ',' && in_call(t, true)) {
        skip_type(t);
        return;
    }
    t->depth += t->words.token.punct == '(';
    if (t->words.token.punct == ')') {
        if (t->call_count > 0 && t->calls[t->call_count - 1] == t->depth) {
            t->call_count--;
            t->ordering = false;
        }
        t->depth -= t->depth > 0;
    }
    put_gap(t);
    tn_buf_put_str(t->out, text);
    step(t);
    if (place(t) != t->end)
        return;
    if (tn_str_eq_c(text, "<=") && t->words.token.punct == '>') /* <=>, in two tokens */
        put_instead(t, 2, " IS ");
    else if (tn_str_eq_c(text, "&") && t->words.token.punct == '&')
        put_instead(t, 1, " AND ");
}

static bool put_token(struct text *t)
{
    struct tn_str content;

    switch (t->words.token.kind) {
    case TN_TOKEN_WORD: put_word(t); return true;
    case TN_TOKEN_PUNCT: put_punct(t); return true;
    case TN_TOKEN_PARAM:
        put_gap(t);
        tn_buf_printf(t->out, "?%u", ++t->params);
        step(t);
        return true;
    case TN_TOKEN_STRING:
    case TN_TOKEN_IDENT:
        if (t->words.token.unterminated || (t->words.token.kind == TN_TOKEN_STRING && t->words.token.text.ptr[0] != '\'' && t->words.token.text.ptr[0] != '"'))
            break;
        content = tn_my_unquote(t->words.token.text, t->arena);
        if (content.ptr == NULL)
            return false;
        put_gap(t);
        tn_buf_put_quoted(t->out, content, t->words.token.kind == TN_TOKEN_STRING ? '\'' : '"');
        step(t);
        return true;
    default: break;
    }
    put_gap(t);
    tn_buf_put_str(t->out, t->words.token.text);
    step(t);
    return true;
}

static bool put_all(struct text *t, struct tn_str sql, struct tn_buf *out)
{
    t->out = out;
    t->depth = t->call_count = 0;
    t->ordering = false;
    tn_words_init(&t->words, sql, TN_DIALECT_MYSQL);
    t->end = place(t);
    while (!tn_words_at_end(&t->words)) {
        unsigned depth = t->depth;

        if (t->ordering && !tn_words_at(&t->words, "separator") && !(t->words.token.punct == ')' && in_call(t, false))) {
            t->depth += t->words.token.punct == '(';
            t->depth -= t->words.token.punct == ')' && depth > 0;
            step(t);
        } else if (!put_token(t)) {
            return false;
        }
    }
    return !out->failed;
}

/* ---- HAVING without groups: MySQL's filter of the result, by its own names ---- */

struct parts {
    struct tn_str head, having, order, rest; /* in the order of the text */
};

static bool is_aggregate(const struct tn_words *words)
{
    static const char *const names[] = {"count", "sum", "min", "max", "avg", "group_concat", "group", "union"};

    for (size_t i = 0; i < TN_ARRAY_LEN(names); i++)
        if (tn_words_at(words, names[i]))
            return true;
    return false;
}

static bool find_having(struct tn_str sql, struct parts *out)
{
    struct tn_words words;
    struct tn_str     *part = &out->head;
    const char        *from = sql.ptr, *end;
    unsigned           depth = 0;

    *out = (struct parts){.head = {NULL, 0}};
    for (tn_words_init(&words, sql, TN_DIALECT_MYSQL); !tn_words_at_end(&words); tn_words_next(&words)) {
        struct tn_str *next = part;

        depth += words.token.punct == '(';
        depth -= words.token.punct == ')' && depth > 0;
        if (depth > 0)
            continue;
        if (part == &out->head && is_aggregate(&words))
            return false;
        if (part == &out->head && tn_words_at(&words, "having"))
            next = &out->having;
        else if (part != &out->head && tn_words_at(&words, "order"))
            next = &out->order;
        else if (part != &out->head && tn_words_at(&words, "limit"))
            next = &out->rest;
        if (next == part)
            continue;
        *part = tn_str_n(from, (size_t)(words.token.text.ptr - from));
        from = words.token.text.ptr + (next == &out->having ? words.token.text.len : 0);
        part = next;
    }
    end = words.token.text.ptr;
    *part = tn_str_n(from, (size_t)(end - from));
    return out->having.len > 0;
}

static bool put_having(struct text *t, const struct parts *parts, struct tn_buf *out)
{
    struct tn_buf having, order, rest;
    bool          ok;

    tn_buf_init(&having, out->max);
    tn_buf_init(&order, out->max);
    tn_buf_init(&rest, out->max);
    tn_buf_puts(out, "SELECT * FROM (");
    ok = put_all(t, parts->head, out) && put_all(t, parts->having, &having) && (parts->order.len == 0 || put_all(t, parts->order, &order)) &&
         (parts->rest.len == 0 || put_all(t, parts->rest, &rest));
    tn_buf_put_u8(out, ' ');
    tn_buf_put_str(out, tn_buf_str(&order));
    tn_buf_puts(out, ") WHERE ");
    tn_buf_put_str(out, tn_buf_str(&having));
    tn_buf_put_u8(out, ' ');
    tn_buf_put_str(out, tn_buf_str(&rest));
    tn_buf_reset(&having);
    tn_buf_reset(&order);
    tn_buf_reset(&rest);
    return ok && !out->failed;
}

bool tn_my_catalog_text(struct tn_my_session *s, struct tn_str sql, struct tn_arena *arena, struct tn_buf *out)
{
    struct text  t = {.s = s, .arena = arena};
    struct parts parts;

    return find_having(sql, &parts) ? put_having(&t, &parts, out) : put_all(&t, sql, out);
}
