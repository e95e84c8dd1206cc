#include "engine/mysql/mysql_words.h"

#include "stats/lexer.h"

static bool is_word(const struct tn_token *token, const char *word)
{
    return token->kind == TN_TOKEN_WORD && tn_str_ieq_c(token->text, word);
}

/* BEGIN and START TRANSACTION. MySQL takes READ ONLY here, the isolation level before; a mode of its own (WITH CONSISTENT SNAPSHOT) leaves
 * the statement as it is. */
static void put_begin(struct tn_buf *out, struct tn_buf *before, struct tn_str sql)
{
    struct tn_lexer lexer;
    struct tn_token token;
    const char     *access = "";

    tn_lexer_init(&lexer, sql, TN_DIALECT_MYSQL);
    while (tn_lexer_next(&lexer, &token)) {
        if (is_word(&token, "with")) {
            tn_buf_put_str(out, sql);
            return;
        }
        if (is_word(&token, "read") && tn_lexer_next(&lexer, &token))
            access = is_word(&token, "only") ? " READ ONLY" : " READ WRITE";
        if (!is_word(&token, "isolation") || !tn_lexer_next(&lexer, &token))
            continue;
        tn_buf_puts(before, "SET TRANSACTION ISOLATION LEVEL");
        for (int words = 2; words > 0 && tn_lexer_next(&lexer, &token); words--) {
            tn_buf_put_u8(before, ' ');
            tn_buf_put_str(before, token.text);
            if (is_word(&token, "serializable"))
                break;
        }
        tn_buf_put_u8(before, '\0');
    }
    tn_buf_puts(out, "START TRANSACTION");
    tn_buf_puts(out, access);
}

static bool is_number(struct tn_str text)
{
    bool digit = false;

    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] >= '0' && text.ptr[i] <= '9')
            digit = true;
        else if (text.ptr[i] != '.' && !(i == 0 && text.ptr[i] == '-'))
            return false;
    }
    return digit;
}

/* SET SESSION name TO 'value', as Turnout says it for a name that is the engine's: with = and, where it is one, a number. */
static bool put_set(struct tn_buf *out, struct tn_str sql)
{
    struct tn_lexer lexer;
    struct tn_token scope, name, to, value, end;

    tn_lexer_init(&lexer, sql, TN_DIALECT_MYSQL);
    if (!tn_lexer_next(&lexer, &scope) || !tn_lexer_next(&lexer, &scope) || !tn_lexer_next(&lexer, &name) || !tn_lexer_next(&lexer, &to) ||
        !tn_lexer_next(&lexer, &value) || tn_lexer_next(&lexer, &end))
        return false;
    if ((!is_word(&scope, "session") && !is_word(&scope, "local")) || !is_word(&to, "to"))
        return false;
    tn_buf_printf(out, "SET SESSION " TN_STR_FMT " = ", TN_STR_ARG(name.text));
    if (value.kind == TN_TOKEN_STRING && value.text.len > 2 && is_number(tn_str_n(value.text.ptr + 1, value.text.len - 2)))
        tn_buf_append(out, value.text.ptr + 1, value.text.len - 2);
    else
        tn_buf_put_str(out, value.text);
    return true;
}

/* RELEASE s is RELEASE SAVEPOINT s. */
static void put_release(struct tn_buf *out, struct tn_str sql)
{
    struct tn_lexer lexer;
    struct tn_token token;

    tn_lexer_init(&lexer, sql, TN_DIALECT_MYSQL);
    tn_lexer_next(&lexer, &token);
    if (!tn_lexer_next(&lexer, &token) || is_word(&token, "savepoint"))
        tn_buf_put_str(out, sql);
    else
        tn_buf_printf(out, "RELEASE SAVEPOINT " TN_STR_FMT, TN_STR_ARG(token.text));
}

void tn_mysql_words(struct tn_buf *out, struct tn_buf *before, struct tn_str sql, const struct tn_features *features)
{
    enum tn_verb verb = features == NULL ? TN_VERB_OTHER : features->verb;

    if (verb == TN_VERB_BEGIN || verb == TN_VERB_START)
        put_begin(out, before, sql);
    else if (verb == TN_VERB_END)
        tn_buf_puts(out, "COMMIT");
    else if (verb == TN_VERB_ABORT)
        tn_buf_puts(out, "ROLLBACK");
    else if (verb == TN_VERB_RELEASE)
        put_release(out, sql);
    else if (verb != TN_VERB_SET || !put_set(out, sql))
        tn_buf_put_str(out, sql);
}

bool tn_mysql_asks_to_write(struct tn_str sql, const struct tn_features *features)
{
    struct tn_lexer lexer;
    struct tn_token token;

    if (features == NULL || features->class != TN_CLASS_UTILITY || features->verb == TN_VERB_SHOW)
        return false;
    tn_lexer_init(&lexer, sql, TN_DIALECT_MYSQL);
    while (tn_lexer_next(&lexer, &token)) {
        static const char *const variables[] = {"write", "transaction_read_only", "tx_read_only"};

        while (token.text.len > 0 && token.text.ptr[0] == '@') /* @@session.x is one word or several, as it is written */
            token.text = tn_str_n(token.text.ptr + 1, token.text.len - 1);
        for (size_t i = 0; i < TN_ARRAY_LEN(variables); i++) {
            size_t len = strlen(variables[i]);

            if (token.text.len >= len && tn_str_ieq_c(tn_str_n(token.text.ptr + token.text.len - len, len), variables[i]))
                return true;
        }
    }
    return false;
}

static bool ends_name(char c)
{
    char lower = tn_ascii_lower(c);

    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '@';
}

/* @x, which := or INTO may set; not someone@example, nor @@x. Inside of a string it costs a reset and no more. */
static bool names_variable(struct tn_str sql)
{
    for (const char *at = sql.ptr, *end = sql.ptr + sql.len; (at = memchr(at, '@', (size_t)(end - at))) != NULL; at++)
        if ((at == sql.ptr || !ends_name(at[-1])) && at + 1 < end && at[1] != '@')
            return true;
    return false;
}

bool tn_mysql_may_hide_state(struct tn_str sql)
{
    return sql.len > 0 && (tn_str_has(sql, TN_STR("/*!")) || tn_str_has(sql, TN_STR("/*M!")) || names_variable(sql));
}
