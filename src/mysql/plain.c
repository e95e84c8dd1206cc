#include "mysql/plain.h"

#include "base/buf.h"
#include "session/words.h"

enum { TEXT_MAX = 1024 * 1024 * 1024 };

static char unescaped(char c)
{
    switch (c) {
    case '0': return '\0';
    case 'b': return '\b';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'Z': return 26;
    default:  return c;
    }
}

struct tn_str tn_my_unquote(struct tn_str quoted, struct tn_arena *arena)
{
    char  *to = tn_arena_alloc(arena, quoted.len + 1);
    char   quote = quoted.len > 0 ? quoted.ptr[0] : '\0';
    size_t len = 0, end = quoted.len > 1 && quoted.ptr[quoted.len - 1] == quote ? quoted.len - 1 : quoted.len;

    if (to == NULL)
        return tn_str_n(NULL, 0);
    for (size_t i = 1; i < end; i++) {
        char c = quoted.ptr[i];

        if (c == '\\' && quote != '`' && i + 1 < end) {
            c = quoted.ptr[++i];
            if (c == '%' || c == '_') /* they mean something in a LIKE only, with the backslash */
                to[len++] = '\\';
            c = unescaped(c);
        } else if (c == quote && i + 1 < end && quoted.ptr[i + 1] == quote) {
            i++;
        }
        to[len++] = c;
    }
    to[len] = '\0';
    return tn_str_n(to, len);
}

/* As others read it: marks of comments that MySQL executes are none; # is none, nor does a carriage return go on with one, and where comments
 * nest, one with the begin of another in it would not end. */
static void put_comment(struct tn_buf *out, struct tn_str comment)
{
    bool line = comment.ptr[0] == '-' || comment.ptr[0] == '#';
    bool mark = tn_str_starts(comment, TN_STR("/*!")) || tn_str_starts(comment, TN_STR("/*M!")) || tn_str_starts(comment, TN_STR("*/"));

    if (mark || comment.ptr[0] == '#' || (line ? memchr(comment.ptr, '\r', comment.len) != NULL : tn_str_has(tn_str_n(comment.ptr + 2, comment.len - 2), TN_STR("/*"))))
        tn_buf_put_u8(out, ' ');
    else
        tn_buf_put_str(out, comment);
}

/* White space and comments between two tokens. */
static void put_gap(struct tn_buf *out, struct tn_str gap)
{
    struct tn_lexer lexer;
    struct tn_str   comment;
    size_t          end = 0;

    tn_lexer_init(&lexer, gap, TN_DIALECT_MYSQL);
    lexer.in_versioned = true; /* as far as this gap knows */
    for (; tn_lexer_comment(&lexer, &comment); lexer.in_versioned = true) {
        size_t at = (size_t)(comment.ptr - gap.ptr);

        tn_buf_append(out, gap.ptr + end, at - end);
        put_comment(out, comment);
        end = at + comment.len;
    }
    tn_buf_append(out, gap.ptr + end, gap.len - end);
}

static bool put_token(struct tn_buf *out, const struct tn_token *token, struct tn_arena *arena, unsigned *params)
{
    struct tn_str text = token->text;
    char          first = text.len > 0 ? text.ptr[0] : '\0';
    bool          name = token->kind == TN_TOKEN_IDENT && first == '`';
    bool          dollar = token->kind == TN_TOKEN_WORD && first == '$'; /* the begin of a text elsewhere */
    bool          string = token->kind == TN_TOKEN_STRING && (first == '"' || (first == '\'' && memchr(text.ptr, '\\', text.len) != NULL));

    if (token->kind == TN_TOKEN_PARAM && first == '?' && params != NULL) {
        tn_buf_printf(out, "$%u", ++*params);
    } else if ((name || string) && !token->unterminated) {
        struct tn_str content = tn_my_unquote(text, arena);

        if (content.ptr == NULL)
            return false;
        tn_buf_put_quoted(out, content, name ? '"' : '\'');
    } else if (dollar) {
        tn_buf_put_quoted(out, text, '"');
    } else {
        tn_buf_put_str(out, text);
    }
    return true;
}

static bool is_minus_minus(struct tn_str sql, size_t at)
{
    return at + 1 < sql.len && sql.ptr[at] == '-' && sql.ptr[at + 1] == '-';
}

/* AT a star: it begins a comment that is none, or may hold another. */
static bool is_strange_comment(struct tn_str sql, size_t at)
{
    struct tn_str behind = tn_str_n(sql.ptr + at + 1, sql.len - at - 1);

    if (at == 0 || sql.ptr[at - 1] != '/')
        return false;
    return tn_str_starts(behind, TN_STR("!")) || tn_str_starts(behind, TN_STR("M!")) || tn_str_has(behind, TN_STR("/*"));
}

static bool is_plain(struct tn_str sql, bool with_params)
{
    static const bool looked_at[256] = {['-'] = true, ['d'] = true, ['D'] = true, ['s'] = true, ['S'] = true, ['`'] = true, ['"'] = true,
                                        ['\\'] = true, ['#'] = true, ['?'] = true, ['!'] = true, ['$'] = true, ['*'] = true};

    for (size_t i = 0; i < sql.len; i++) {
        char c = sql.ptr[i];

        if (!looked_at[(unsigned char)c])
            continue;
        if (is_minus_minus(sql, i))
            return false;
        if ((c == 's' || c == 'S') && tn_str_ieq(tn_str_n(sql.ptr + i, TN_MIN(sql.len - i, (size_t)4)), TN_STR("sql_")))
            return false;
        if ((c == 'd' || c == 'D') && tn_str_ieq(tn_str_n(sql.ptr + i, TN_MIN(sql.len - i, (size_t)4)), TN_STR("dual")))
            return false;
        if (c == '`' || c == '"' || c == '\\' || c == '#' || c == '$' || (c == '?' && with_params) || (c == '*' && is_strange_comment(sql, i)))
            return false;
    }
    return true;
}

/* FROM dual: from no table. Others have no such, and need no FROM. */
static bool is_dual(const struct tn_token *token, struct tn_str sql)
{
    const char *behind = token->text.ptr + token->text.len;

    return token->kind == TN_TOKEN_WORD && tn_str_ieq_c(token->text, "dual") && (behind == sql.ptr + sql.len || *behind != '.');
}

/* SELECT SQL_NO_CACHE: how a server of MySQL's kind is to do it. */
static bool is_advice(const struct tn_token *token, bool behind_select)
{
    static const char *const words[] = {"sql_no_cache", "sql_cache", "sql_small_result", "sql_big_result", "sql_buffer_result", "sql_calc_found_rows"};

    for (size_t i = 0; behind_select && token->kind == TN_TOKEN_WORD && i < TN_ARRAY_LEN(words); i++)
        if (tn_str_ieq_c(token->text, words[i]))
            return true;
    return false;
}

/* The name of SAVEPOINT, RELEASE SAVEPOINT, ROLLBACK TO; false: SQL is none of them. */
static bool read_savepoint(struct tn_str sql, struct tn_token *name)
{
    struct tn_words words;
    bool            back;

    tn_words_init(&words, sql, TN_DIALECT_MYSQL);
    back = tn_words_accept(&words, "rollback");
    if (back)
        (void)tn_words_accept(&words, "work");
    else
        (void)tn_words_accept(&words, "release");
    if (back && !tn_words_accept(&words, "to"))
        return false;
    if (!tn_words_accept(&words, "savepoint") && !back)
        return false;
    *name = words.token;
    tn_words_next(&words);
    return (name->kind == TN_TOKEN_WORD || name->kind == TN_TOKEN_IDENT) && tn_words_at_end(&words);
}

/* Any word is a name there, whatever its case. */
static bool put_savepoint(struct tn_str sql, const struct tn_token *name, struct tn_arena *arena, struct tn_str *out)
{
    struct tn_str text = name->kind == TN_TOKEN_IDENT ? tn_my_unquote(name->text, arena) : name->text;
    struct tn_buf put;
    bool          ok;

    if (text.ptr == NULL)
        return false;
    tn_buf_init(&put, TEXT_MAX);
    tn_buf_append(&put, sql.ptr, (size_t)(name->text.ptr - sql.ptr));
    tn_buf_put_quoted(&put, text, '"');
    for (size_t i = 0; i < put.len; i++)
        put.data[i] = tn_ascii_lower(put.data[i]);
    ok = !put.failed && tn_arena_str(arena, tn_buf_str(&put), out);
    tn_buf_reset(&put);
    return ok;
}

bool tn_my_plain(struct tn_str sql, struct tn_arena *arena, struct tn_str *out, unsigned *params)
{
    struct tn_lexer lexer;
    struct tn_token token;
    struct tn_buf   text;
    size_t          end = 0, before_from = SIZE_MAX; /* what was written before a FROM that was the last token */
    bool            ok = true, behind_select = false;

    *out = sql;
    if (params != NULL)
        *params = 0;
    if (read_savepoint(sql, &token))
        return put_savepoint(sql, &token, arena, out);
    if (is_plain(sql, params != NULL))
        return true;
    tn_buf_init(&text, TEXT_MAX);
    tn_lexer_init(&lexer, sql, TN_DIALECT_MYSQL);
    while (ok && tn_lexer_next(&lexer, &token)) {
        size_t from = (size_t)(token.text.ptr - sql.ptr), written = text.len;

        if (before_from != SIZE_MAX && is_dual(&token, sql)) {
            text.len = before_from;
            before_from = SIZE_MAX;
            end = from + token.text.len;
            continue;
        }
        if (is_advice(&token, behind_select)) {
            end = from + token.text.len;
            continue;
        }
        behind_select = token.kind == TN_TOKEN_WORD && tn_str_ieq_c(token.text, "select");
        before_from = token.kind == TN_TOKEN_WORD && tn_str_ieq_c(token.text, "from") ? written : SIZE_MAX;
        if (from > end)
            put_gap(&text, tn_str_n(sql.ptr + end, from - end));
        ok = put_token(&text, &token, arena, params);
        end = from + token.text.len;
        if (end < sql.len && is_minus_minus(sql, end - 1)) /* two minus signs here, the begin of a comment elsewhere */
            tn_buf_put_u8(&text, ' ');
    }
    if (ok && end < sql.len)
        put_gap(&text, tn_str_n(sql.ptr + end, sql.len - end));
    ok = ok && !text.failed && tn_arena_str(arena, tn_buf_str(&text), out);
    tn_buf_reset(&text);
    return ok;
}
