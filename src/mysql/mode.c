#include "mysql/mode.h"

#include "stats/lexer.h"

enum { MODES_MAX = 4096 };

/* In the order in which servers show them. */
static const char *const known[] = {
    "REAL_AS_FLOAT", "PIPES_AS_CONCAT", "ANSI_QUOTES", "IGNORE_SPACE", "IGNORE_BAD_TABLE_OPTIONS", "ONLY_FULL_GROUP_BY", "NO_UNSIGNED_SUBTRACTION", "NO_DIR_IN_CREATE",
    "NO_KEY_OPTIONS", "NO_TABLE_OPTIONS", "NO_FIELD_OPTIONS", "MYSQL323", "MYSQL40", "ANSI", "NO_AUTO_VALUE_ON_ZERO", "NO_BACKSLASH_ESCAPES", "STRICT_TRANS_TABLES",
    "STRICT_ALL_TABLES", "NO_ZERO_IN_DATE", "NO_ZERO_DATE", "ALLOW_INVALID_DATES", "ERROR_FOR_DIVISION_BY_ZERO", "TRADITIONAL", "NO_AUTO_CREATE_USER",
    "HIGH_NOT_PRECEDENCE", "NO_ENGINE_SUBSTITUTION", "PAD_CHAR_TO_FULL_LENGTH", "EMPTY_STRING_IS_NULL", "SIMULTANEOUS_ASSIGNMENT", "TIME_ROUND_FRACTIONAL",
    "TIME_TRUNCATE_FRACTIONAL",
};

static void put_mode(struct tn_buf *out, struct tn_str mode)
{
    if (out->len > 0)
        tn_buf_put_u8(out, ',');
    tn_buf_put_str(out, mode);
}

static bool is_foreign(struct tn_str mode)
{
    static const char *const foreign[] = {"DB2", "MAXDB", "MSSQL", "ORACLE", "POSTGRESQL"};

    for (size_t i = 0; i < TN_ARRAY_LEN(foreign); i++)
        if (tn_str_ieq_c(mode, foreign[i]))
            return true;
    return false;
}

/* The next of a list with commas; false: it is at its end. */
static bool next_mode(struct tn_str modes, size_t *at, struct tn_str *mode)
{
    const char *comma;
    size_t      end;

    if (*at >= modes.len)
        return false;
    comma = memchr(modes.ptr + *at, ',', modes.len - *at);
    end = comma == NULL ? modes.len : (size_t)(comma - modes.ptr);
    *mode = tn_str_trim(tn_str_n(modes.ptr + *at, end - *at));
    *at = end + 1;
    return true;
}

static bool holds(struct tn_str modes, const char *name)
{
    struct tn_str mode;
    size_t        at = 0;

    while (next_mode(modes, &at, &mode))
        if (tn_str_ieq_c(mode, name))
            return true;
    return false;
}

static bool is_known(struct tn_str mode)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(known); i++)
        if (tn_str_ieq_c(mode, known[i]))
            return true;
    return mode.len == 0 || tn_str_eq_c(mode, "0"); /* as a number: none */
}

/* As a server shows them: each once. */
static void put_in_order(struct tn_buf *out, struct tn_str modes)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(known); i++)
        if (holds(modes, known[i]))
            put_mode(out, tn_str(known[i]));
}

static enum tn_status read_one(struct tn_str mode, struct tn_my_mode *out, struct tn_buf *shown, struct tn_buf *told, struct tn_error *err)
{
    if (is_foreign(mode))
        return tn_fail(err, TN_E_UNSUPPORTED, "0A000", "sql_mode " TN_STR_FMT " is not supported: statements are read as MySQL's", TN_STR_ARG(mode));
    if (!is_known(mode))
        return tn_fail(err, TN_E_INVALID, "22023", "Variable 'sql_mode' can't be set to the value of '%.*s'", (int)TN_MIN(mode.len, (size_t)100), mode.ptr);
    if (tn_str_ieq_c(mode, "TRADITIONAL"))
        put_mode(shown, TN_STR("STRICT_TRANS_TABLES,STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"));
    if (tn_str_ieq_c(mode, "ANSI")) {
        out->ansi_quotes = true;
        put_mode(shown, TN_STR("REAL_AS_FLOAT,PIPES_AS_CONCAT,ANSI_QUOTES,IGNORE_SPACE"));
        put_mode(told, TN_STR("REAL_AS_FLOAT,PIPES_AS_CONCAT,IGNORE_SPACE"));
    } else if (tn_str_ieq_c(mode, "ANSI_QUOTES")) {
        out->ansi_quotes = true;
    } else if (tn_str_ieq_c(mode, "NO_BACKSLASH_ESCAPES")) {
        out->no_backslash = true;
    } else if (mode.len > 0) {
        put_mode(told, mode);
    }
    if (mode.len > 0)
        put_mode(shown, mode);
    return TN_OK;
}

enum tn_status tn_my_mode_read(struct tn_str modes, struct tn_arena *arena, struct tn_my_mode *mode, struct tn_str *shown, struct tn_str *told,
                               struct tn_error *err)
{
    struct tn_buf  all, to_show, to_tell;
    enum tn_status status = TN_OK;
    struct tn_str  one;

    *mode = (struct tn_my_mode){.ansi_quotes = false};
    tn_buf_init(&all, MODES_MAX);
    tn_buf_init(&to_show, MODES_MAX);
    tn_buf_init(&to_tell, MODES_MAX);
    for (size_t at = 0; status == TN_OK && next_mode(modes, &at, &one);)
        status = read_one(one, mode, &all, &to_tell, err);
    put_in_order(&to_show, tn_buf_str(&all));
    to_show.failed = to_show.failed || all.failed;
    if (status == TN_OK && (to_show.failed || to_tell.failed || !tn_arena_str(arena, tn_buf_str(&to_show), shown) ||
                            !tn_arena_str(arena, tn_buf_str(&to_tell), told)))
        status = tn_fail(err, TN_E_LIMIT, "54000", "sql_mode is longer than %d bytes", (int)MODES_MAX);
    tn_buf_reset(&all);
    tn_buf_reset(&to_show);
    tn_buf_reset(&to_tell);
    return status;
}

/* "a""b" to `a"b`. */
static void put_name(struct tn_buf *out, struct tn_str token)
{
    tn_buf_put_u8(out, '`');
    for (size_t i = 1; i + 1 < token.len; i++) {
        if (token.ptr[i] == '`')
            tn_buf_put_u8(out, '`');
        tn_buf_put_u8(out, (uint8_t)token.ptr[i]);
        i += token.ptr[i] == '"' ? 1 : 0;
    }
    tn_buf_put_u8(out, '`');
}

static void put_doubled(struct tn_buf *out, struct tn_str token)
{
    for (size_t i = 0; i < token.len; i++) {
        if (token.ptr[i] == '\\')
            tn_buf_put_u8(out, '\\');
        tn_buf_put_u8(out, (uint8_t)token.ptr[i]);
    }
}

/* @`name`, which is @name: NAME has nothing but what that may have. */
static bool is_variable(const struct tn_token *before, const struct tn_token *token)
{
    bool plain = before->text.len == 1 && before->text.ptr[0] == '@' && token->kind == TN_TOKEN_IDENT && token->text.ptr[0] == '`' &&
                 token->text.ptr == before->text.ptr + 1 && token->text.len > 2 && !token->unterminated;

    for (size_t i = 1; plain && i + 1 < token->text.len; i++) {
        char c = token->text.ptr[i];

        plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
                (c == '.' && i > 1 && i + 2 < token->text.len && token->text.ptr[i - 1] != '.');
    }
    return plain;
}

void tn_my_mode_put(struct tn_buf *out, struct tn_str sql, struct tn_my_mode mode)
{
    struct tn_lexer lexer;
    struct tn_token token, before = {.text = TN_STR("")};
    size_t          copied = 0;

    tn_lexer_init_mysql(&lexer, sql, mode.ansi_quotes, mode.no_backslash);
    for (; tn_lexer_next(&lexer, &token); before = token) {
        size_t at = (size_t)(token.text.ptr - sql.ptr);
        bool   name = mode.ansi_quotes && token.kind == TN_TOKEN_IDENT && token.text.ptr[0] == '"' && !token.unterminated;
        bool   text = mode.no_backslash && token.kind == TN_TOKEN_STRING && memchr(token.text.ptr, '\\', token.text.len) != NULL;
        bool   variable = is_variable(&before, &token);

        if (!name && !text && !variable)
            continue;
        tn_buf_append(out, sql.ptr + copied, at - copied);
        if (variable)
            tn_buf_append(out, token.text.ptr + 1, token.text.len - 2);
        else if (name)
            put_name(out, token.text);
        else
            put_doubled(out, token.text);
        copied = at + token.text.len;
    }
    tn_buf_append(out, sql.ptr + copied, sql.len - copied);
}
