#include "trino/operand.h"

#include "base/buf.h"
#include "stats/lexer.h"

enum { TOKENS = 4096, NESTING = 64, QUESTION_MAX = 1 << 20 };

/* A statement in tokens; inner: in a subquery; depth: of parentheses. */
struct statement {
    struct tn_token *tokens;
    uint8_t         *inner, *depth;
    size_t           count;
    size_t           from, to; /* tokens of its tables */
};

static bool is_word(const struct tn_token *token, const char *word)
{
    return token->kind == TN_TOKEN_WORD && tn_str_ieq_c(token->text, word);
}

static bool is_any(const struct tn_token *token, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_word(token, words[i]))
            return true;
    return false;
}

static bool is_mark(const struct tn_token *token)
{
    return token->kind == TN_TOKEN_PARAM && tn_str_eq_c(token->text, "?");
}

static bool is_name(const struct tn_token *token)
{
    return token->kind == TN_TOKEN_WORD || (token->kind == TN_TOKEN_IDENT && !token->unterminated);
}

static bool is_comparison(const struct tn_token *token)
{
    static const char *const operators[] = {"=", "<", ">", "<=", ">=", "<>", "!="};

    for (size_t i = 0; token->kind == TN_TOKEN_PUNCT && i < TN_ARRAY_LEN(operators); i++)
        if (tn_str_eq_c(token->text, operators[i]))
            return true;
    return false;
}

/* False: too long or too deep for us. */
static bool read_tokens(struct statement *s, struct tn_str sql)
{
    struct tn_lexer lexer;
    struct tn_token token;
    bool            is_query[NESTING] = {false};
    size_t          depth = 0, inner = 0;

    tn_lexer_init(&lexer, sql, TN_DIALECT_TRINO);
    while (tn_lexer_next(&lexer, &token)) {
        bool opened = s->count > 0 && s->tokens[s->count - 1].punct == '(';

        if (opened && (is_word(&token, "select") || is_word(&token, "with"))) {
            is_query[depth - 1] = true;
            inner++;
        }
        if (token.punct == ')' && depth > 0)
            inner -= is_query[--depth];
        if (s->count == TOKENS || (token.punct == '(' && depth == NESTING))
            return false;
        s->inner[s->count] = inner > 0;
        s->depth[s->count] = (uint8_t)depth;
        s->tokens[s->count++] = token;
        if (token.punct == '(')
            is_query[depth++] = false;
    }
    return true;
}

/* The first token from AT on that is one of WORDS and in no parenthesis, or the end. */
static size_t find(const struct statement *s, size_t at, const char *const *words, size_t count)
{
    while (at < s->count && (s->depth[at] > 0 || !is_any(&s->tokens[at], words, count)))
        at++;
    return at;
}

/* The tables that it reads or changes; false: we cannot tell. */
static bool find_tables(struct statement *s)
{
    static const char *const sets[] = {"union", "intersect", "except"}, *const from[] = {"from"}, *const set[] = {"set"};
    static const char *const behind[] = {"where", "group", "having", "order", "limit", "offset", "fetch", "window"};

    if (s->count < 2 || find(s, 0, sets, TN_ARRAY_LEN(sets)) < s->count)
        return false;
    if (is_word(&s->tokens[0], "update")) {
        s->from = 1;
        s->to = find(s, 1, set, 1);
        return s->from < s->to && s->to < s->count;
    }
    if (!is_word(&s->tokens[0], "select") && !is_word(&s->tokens[0], "delete"))
        return false;
    s->from = find(s, 1, from, 1) + 1;
    s->to = find(s, s->from, behind, TN_ARRAY_LEN(behind));
    return s->from < s->to;
}

/* A value may begin behind it: it is no operator of an expression. */
static bool opens(const struct statement *s, size_t at)
{
    static const char *const words[] = {"where", "and", "or", "not", "on", "set", "having", "when"};

    return s->tokens[at].punct == '(' || s->tokens[at].punct == ',' || is_any(&s->tokens[at], words, TN_ARRAY_LEN(words));
}

static bool closes(const struct statement *s, size_t at)
{
    return at >= s->count || s->tokens[at].kind == TN_TOKEN_WORD || s->tokens[at].punct == ')' || s->tokens[at].punct == ',' ||
           s->tokens[at].punct == ';';
}

/* The name whose last token is LAST, with nothing but OPENS before it. */
static bool name_before(const struct statement *s, size_t last, struct tn_str *out)
{
    size_t first = last;

    if (last == 0 || !is_name(&s->tokens[last]))
        return false;
    while (first >= 2 && s->tokens[first - 1].punct == '.' && is_name(&s->tokens[first - 2]))
        first -= 2;
    if (first == 0 || !opens(s, first - 1))
        return false;
    *out = tn_str_n(s->tokens[first].text.ptr, (size_t)(s->tokens[last].text.ptr - s->tokens[first].text.ptr) + s->tokens[last].text.len);
    return true;
}

static bool name_behind(const struct statement *s, size_t first, struct tn_str *out)
{
    size_t last = first;

    if (first >= s->count || !is_name(&s->tokens[first]))
        return false;
    while (last + 2 < s->count && s->tokens[last + 1].punct == '.' && is_name(&s->tokens[last + 2]))
        last += 2;
    if (!closes(s, last + 1))
        return false;
    *out = tn_str_n(s->tokens[first].text.ptr, (size_t)(s->tokens[last].text.ptr - s->tokens[first].text.ptr) + s->tokens[last].text.len);
    return true;
}

/* The name before [NOT] WORD, which is token AT. */
static bool name_before_word(const struct statement *s, size_t at, const char *word, struct tn_str *out)
{
    if (at < 2 || !is_word(&s->tokens[at], word))
        return false;
    at -= is_word(&s->tokens[at - 1], "not") ? 2 : 1;
    return name_before(s, at, out);
}

/* id IN (1, ?, AT */
static bool name_of_list(const struct statement *s, size_t at, struct tn_str *out)
{
    while (at > 0 && (s->tokens[at].punct == ',' || is_mark(&s->tokens[at]) || s->tokens[at].kind == TN_TOKEN_NUMBER ||
                      s->tokens[at].kind == TN_TOKEN_STRING))
        at--;
    return at > 0 && s->tokens[at].punct == '(' && name_before_word(s, at - 1, "in", out);
}

static bool find_column(const struct statement *s, size_t at, struct tn_str *out)
{
    if (!closes(s, at + 1))
        return at > 0 && opens(s, at - 1) && is_comparison(&s->tokens[at + 1]) && name_behind(s, at + 2, out);
    return at >= 2 && ((is_comparison(&s->tokens[at - 1]) && name_before(s, at - 2, out)) || name_before_word(s, at - 1, "between", out) ||
                       (at >= 4 && is_word(&s->tokens[at - 1], "and") && name_before_word(s, at - 3, "between", out)) ||
                       name_of_list(s, at - 1, out));
}

static struct tn_trino_operand operand_of(const struct statement *s, size_t at)
{
    static const char *const rows[] = {"limit", "offset", "first", "next"};
    struct tn_trino_operand  out = {.kind = TN_TRINO_OPERAND_UNKNOWN};

    if (at > 0 && is_any(&s->tokens[at - 1], rows, TN_ARRAY_LEN(rows)))
        out.kind = TN_TRINO_OPERAND_ROWS;
    else if (at > 0 && is_word(&s->tokens[at - 1], "like"))
        out.kind = TN_TRINO_OPERAND_TEXT;
    else if (s->inner[at] == 0 && find_column(s, at, &out.column))
        out.kind = TN_TRINO_OPERAND_COLUMN;
    return out;
}

/* SELECT columns FROM tables; nothing where a `?` is among the tables, or one has a type by CAST, which the engine knows. */
static bool ask(struct statement *s, const struct tn_trino_operand *operands, size_t count, struct tn_arena *arena, struct tn_str *out)
{
    struct tn_buf text;
    bool          can = find_tables(s), any = false, ok;

    for (size_t i = 0; can && i < s->count; i++)
        can = !is_mark(&s->tokens[i]) || ((i < s->from || i >= s->to) && (i < 2 || !is_word(&s->tokens[i - 2], "cast")));
    tn_buf_init(&text, QUESTION_MAX);
    tn_buf_puts(&text, "SELECT ");
    for (size_t i = 0; i < count; i++)
        if (operands[i].kind == TN_TRINO_OPERAND_COLUMN) {
            tn_buf_puts(&text, any ? ", " : "");
            tn_buf_put_str(&text, operands[i].column);
            any = true;
        }
    if (!can || !any) {
        tn_buf_reset(&text);
        return true;
    }
    tn_buf_puts(&text, " FROM ");
    tn_buf_put_str(&text, tn_str_n(s->tokens[s->from].text.ptr, (size_t)(s->tokens[s->to - 1].text.ptr - s->tokens[s->from].text.ptr) + s->tokens[s->to - 1].text.len));
    ok = !text.failed && tn_arena_str(arena, tn_buf_str(&text), out);
    tn_buf_reset(&text);
    return ok;
}

bool tn_trino_operands(struct tn_str sql, size_t count, struct tn_arena *arena, struct tn_trino_operand *out, struct tn_str *question)
{
    struct statement s = {.tokens = tn_arena_alloc(arena, TOKENS * sizeof *s.tokens), .inner = tn_arena_alloc(arena, TOKENS),
                          .depth = tn_arena_alloc(arena, TOKENS)};
    size_t           at = 0;

    *question = tn_str_n(NULL, 0);
    memset(out, 0, count * sizeof *out);
    if (s.tokens == NULL || s.inner == NULL || s.depth == NULL)
        return false;
    if (!read_tokens(&s, sql))
        return true;
    for (size_t i = 0; i < s.count && at < count; i++)
        if (is_mark(&s.tokens[i]))
            out[at++] = operand_of(&s, i);
    return ask(&s, out, count, arena, question);
}
