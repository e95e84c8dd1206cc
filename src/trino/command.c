#include "trino/command.h"

#include "session/words.h"

static const char *const update_types[] = {
    "",
#define COMMAND(name, update) update,
#include "trino/command.def"
#undef COMMAND
};

const char *tn_trino_command_update_type(enum tn_trino_command_kind kind)
{
    return update_types[kind];
}

/* ---- tokens ---- */

struct reader {
    struct tn_words          words; /* stand on the next one */
    struct tn_arena         *arena;
    struct tn_trino_command *out;
    struct tn_error         *err;
    enum tn_status           status;
};

static size_t place(const struct reader *r)
{
    return tn_words_at_end(&r->words) ? r->words.sql.len : (size_t)(r->words.token.text.ptr - r->words.sql.ptr);
}

/* Always false, for `return expected(..)`. */
static bool expected(struct reader *r, const char *what)
{
    int position = 1;

    if (r->status != TN_OK)
        return false;
    for (size_t i = 0; i < place(r); i++)
        position += ((unsigned char)r->words.sql.ptr[i] & 0xC0u) != 0x80u;
    if (tn_words_at_end(&r->words))
        tn_fail(r->err, TN_E_INVALID, "42601", "mismatched input '<EOF>'. Expecting: %s", what);
    else
        tn_fail(r->err, TN_E_INVALID, "42601", "mismatched input '%.*s'. Expecting: %s", (int)TN_MIN(r->words.token.text.len, (size_t)64),
                r->words.token.text.ptr, what);
    if (r->err != NULL) {
        r->err->position = position;
        tn_error_blame(r->err, TN_FAULT_QUERY, false);
    }
    r->status = TN_E_INVALID;
    return false;
}

static bool no_memory(struct reader *r)
{
    r->status = tn_fail(r->err, TN_E_NOMEM, "53200", "no memory for a statement");
    return false;
}

static bool end(struct reader *r)
{
    return tn_words_at_end(&r->words) || expected(r, "the end of the statement");
}

/* TEXT, whose QUOTEs are doubled, with single ones. */
static bool undouble(struct reader *r, struct tn_str text, char quote, struct tn_str *out)
{
    char  *to = tn_arena_alloc(r->arena, text.len + 1);
    size_t len = 0;

    if (to == NULL)
        return no_memory(r);
    for (size_t i = 0; i < text.len; i++) {
        to[len++] = text.ptr[i];
        if (text.ptr[i] == quote && i + 1 < text.len && text.ptr[i + 1] == quote)
            i++;
    }
    to[len] = '\0';
    *out = tn_str_n(to, len);
    return true;
}

static bool take_string(struct reader *r, struct tn_str *out)
{
    struct tn_str text = r->words.token.text;

    if (r->words.token.kind != TN_TOKEN_STRING || r->words.token.unterminated || text.len < 2 || text.ptr[0] != '\'')
        return expected(r, "a string");
    if (!undouble(r, tn_str_n(text.ptr + 1, text.len - 2), '\'', out))
        return false;
    tn_words_next(&r->words);
    return true;
}

/* Folded to lower case unless quoted. */
static bool take_name(struct reader *r, struct tn_str *out)
{
    if (r->words.token.kind == TN_TOKEN_IDENT && !r->words.token.unterminated) {
        if (!undouble(r, tn_token_name(&r->words.token), '"', out))
            return false;
    } else if (r->words.token.kind == TN_TOKEN_WORD) {
        char *copy = tn_arena_strdup(r->arena, r->words.token.text);

        if (copy == NULL)
            return no_memory(r);
        for (char *c = copy; *c != '\0'; c++)
            *c = tn_ascii_lower(*c);
        *out = tn_str_n(copy, r->words.token.text.len);
    } else {
        return expected(r, "an identifier");
    }
    tn_words_next(&r->words);
    return true;
}

/* [catalog.][schema.]name */
static bool take_qualified(struct reader *r)
{
    struct tn_trino_command *out = r->out;

    if (!take_name(r, &out->name))
        return false;
    for (unsigned parts = 1; r->words.token.punct == '.' && parts < 3; parts++) {
        tn_words_next(&r->words);
        out->catalog = out->schema;
        out->schema = out->name;
        if (!take_name(r, &out->name))
            return false;
    }
    return true;
}

static struct tn_str rest_of(const struct reader *r)
{
    size_t from = place(r);

    return tn_str_trim(tn_str_n(r->words.sql.ptr + from, r->words.sql.len - from));
}

/* ---- USING ---- */

/* They are as many as there is place for: none, or a power of two from 16 on. False: no memory. */
static bool grow_arguments(struct reader *r)
{
    struct tn_trino_command *out = r->out;
    size_t                   count = out->argument_count;
    struct tn_str           *more = tn_arena_alloc(r->arena, TN_MAX(count * 2, (size_t)16) * sizeof *more);

    if (more == NULL)
        return no_memory(r);
    if (count > 0)
        memcpy(more, out->arguments, count * sizeof *more);
    out->arguments = more;
    return true;
}

static bool add_argument(struct reader *r, struct tn_str text)
{
    struct tn_trino_command *out = r->out;
    size_t                   count = out->argument_count;

    text = tn_str_trim(text);
    if (text.len == 0)
        return expected(r, "an expression");
    if (count == TN_TRINO_ARGUMENTS) {
        r->status = tn_fail(r->err, TN_E_LIMIT, "54000", "EXECUTE with more than %d parameters", TN_TRINO_ARGUMENTS);
        return false;
    }
    if ((count == 0 || (count >= 16 && (count & (count - 1)) == 0)) && !grow_arguments(r))
        return false;
    out->arguments[out->argument_count++] = text;
    return true;
}

static bool take_arguments(struct reader *r)
{
    size_t   from = place(r);
    unsigned depth = 0;

    if (tn_words_at_end(&r->words))
        return expected(r, "an expression");
    for (; !tn_words_at_end(&r->words); tn_words_next(&r->words)) {
        char punct = r->words.token.punct;

        if (punct != '\0' && strchr("([{", punct) != NULL)
            depth++;
        else if (punct != '\0' && strchr(")]}", punct) != NULL && depth-- == 0)
            return expected(r, "',', <expression>");
        if (punct != ',' || depth > 0)
            continue;
        if (!add_argument(r, tn_str_n(r->words.sql.ptr + from, place(r) - from)))
            return false;
        from = place(r) + 1;
    }
    return depth > 0 ? expected(r, "')'") : add_argument(r, tn_str_n(r->words.sql.ptr + from, r->words.sql.len - from));
}

static bool take_using(struct reader *r)
{
    return tn_words_accept(&r->words, "USING") ? take_arguments(r) : end(r);
}

/* ---- statements ---- */

static bool read_use(struct reader *r)
{
    r->out->kind = TN_TRINO_USE;
    return take_qualified(r) && end(r);
}

/* A literal's value; any other expression as it is written. */
static bool take_value(struct reader *r, struct tn_str *out)
{
    struct tn_str rest = rest_of(r);

    if (rest.len == 0)
        return expected(r, "an expression");
    if (r->words.token.kind == TN_TOKEN_STRING && r->words.token.text.len == rest.len)
        return take_string(r, out);
    *out = rest;
    return true;
}

static bool signed_number(struct reader *r, bool negative, struct tn_str number, struct tn_str *out)
{
    char *text = tn_arena_alloc(r->arena, number.len + 2);

    if (text == NULL)
        return no_memory(r);
    *out = tn_str_n(text, (size_t)snprintf(text, number.len + 2, "%s" TN_STR_FMT, negative ? "-" : "", TN_STR_ARG(number)));
    return true;
}

/* A session property's value. Only a Trino could work out an expression, and it is not asked before the next statement. */
static bool take_setting(struct reader *r, struct tn_str *out)
{
    struct tn_words look = r->words;
    bool            is_word = look.token.kind == TN_TOKEN_WORD, is_signed = look.token.punct == '-' || look.token.punct == '+';
    struct tn_token number;

    if (look.token.kind == TN_TOKEN_STRING || tn_words_at_end(&look))
        return take_string(r, out) && end(r);
    if (is_word || is_signed)
        tn_words_next(&look);
    if (is_word && look.token.kind == TN_TOKEN_STRING) { /* DOUBLE '0.5' */
        r->words = look;
        return take_string(r, out) && end(r);
    }
    number = look.token;
    if (!is_word)
        tn_words_next(&look);
    if ((!is_word && number.kind != TN_TOKEN_NUMBER) || !tn_words_at_end(&look))
        return expected(r, "a literal (expressions are not worked out here)");
    return is_word ? take_value(r, out) : signed_number(r, r->words.token.punct == '-', number.text, out);
}

static bool read_set(struct reader *r)
{
    struct tn_trino_command *out = r->out;

    if (tn_words_accept(&r->words, "ROLE")) {
        out->kind = TN_TRINO_SET_ROLE;
        if (!take_name(r, &out->name))
            return false;
        return tn_words_accept(&r->words, "IN") ? take_name(r, &out->catalog) && end(r) : end(r);
    }
    if (tn_words_accept(&r->words, "PATH")) {
        out->kind = TN_TRINO_SET_PATH;
        return take_value(r, &out->value);
    }
    if (tn_words_accept(&r->words, "TIME")) {
        out->kind = TN_TRINO_SET_TIME_ZONE;
        return (tn_words_accept(&r->words, "ZONE") || expected(r, "'ZONE'")) && take_value(r, &out->value);
    }
    if (!tn_words_accept(&r->words, "SESSION"))
        return true;
    if (tn_words_accept(&r->words, "AUTHORIZATION")) {
        out->kind = TN_TRINO_SET_AUTHORIZATION;
        return r->words.token.kind == TN_TOKEN_STRING ? take_string(r, &out->name) && end(r) : take_name(r, &out->name) && end(r);
    }
    out->kind = TN_TRINO_SET_SESSION;
    if (!take_qualified(r))
        return false;
    if (r->words.token.punct != '=')
        return expected(r, "'='");
    tn_words_next(&r->words);
    return take_setting(r, &out->value);
}

static bool read_reset(struct reader *r)
{
    if (!tn_words_accept(&r->words, "SESSION"))
        return true;
    if (tn_words_accept(&r->words, "AUTHORIZATION")) {
        r->out->kind = TN_TRINO_RESET_AUTHORIZATION;
        return end(r);
    }
    r->out->kind = TN_TRINO_RESET_SESSION;
    return take_qualified(r) && end(r);
}

static bool read_prepare(struct reader *r)
{
    r->out->kind = TN_TRINO_PREPARE;
    if (!take_name(r, &r->out->name))
        return false;
    if (!tn_words_accept(&r->words, "FROM"))
        return expected(r, "'FROM'");
    r->out->statement = rest_of(r);
    return r->out->statement.len > 0 || expected(r, "a statement");
}

static bool read_execute(struct reader *r)
{
    if (tn_words_accept(&r->words, "IMMEDIATE")) {
        r->out->kind = TN_TRINO_EXECUTE_IMMEDIATE;
        r->out->statement_at = place(r) + 1;
        return take_string(r, &r->out->statement) && take_using(r);
    }
    r->out->kind = TN_TRINO_EXECUTE;
    return take_name(r, &r->out->name) && take_using(r);
}

static bool read_deallocate(struct reader *r)
{
    r->out->kind = TN_TRINO_DEALLOCATE;
    return (tn_words_accept(&r->words, "PREPARE") || expected(r, "'PREPARE'")) && take_name(r, &r->out->name) && end(r);
}

static bool read_describe(struct reader *r)
{
    struct tn_trino_command *out = r->out;

    out->kind = TN_TRINO_SHOW_COLUMNS;
    if (!take_qualified(r))
        return false;
    if (out->schema.ptr == NULL && (tn_str_eq_c(out->name, "input") || tn_str_eq_c(out->name, "output")) && !tn_words_at_end(&r->words)) {
        out->kind = tn_str_eq_c(out->name, "input") ? TN_TRINO_DESCRIBE_INPUT : TN_TRINO_DESCRIBE_OUTPUT;
        if (!take_name(r, &out->name))
            return false;
    }
    if (!tn_words_at_end(&r->words) && out->kind == TN_TRINO_SHOW_COLUMNS)
        out->kind = TN_TRINO_ENGINES; /* DESCRIBE of a statement: an engine's own */
    return out->kind == TN_TRINO_ENGINES || end(r);
}

static bool take_like(struct reader *r)
{
    if (!tn_words_accept(&r->words, "LIKE"))
        return end(r);
    if (!take_string(r, &r->out->like))
        return false;
    return tn_words_accept(&r->words, "ESCAPE") ? take_string(r, &r->out->escape) && end(r) : end(r);
}

static bool take_from(struct reader *r)
{
    return tn_words_accept(&r->words, "FROM") || tn_words_accept(&r->words, "IN");
}

static bool read_show_create(struct reader *r)
{
    r->out->kind = tn_words_accept(&r->words, "TABLE") ? TN_TRINO_SHOW_CREATE_TABLE : tn_words_accept(&r->words, "VIEW") ? TN_TRINO_SHOW_CREATE_VIEW
                   : tn_words_accept(&r->words, "SCHEMA") ? TN_TRINO_SHOW_CREATE_SCHEMA : TN_TRINO_ENGINES;
    if (r->out->kind == TN_TRINO_ENGINES)
        return true; /* of another kind: an engine's own */
    return take_qualified(r) && end(r);
}

static bool read_show_stats(struct reader *r)
{
    if (!tn_words_accept(&r->words, "FOR"))
        return expected(r, "'FOR'");
    if (r->words.token.punct == '(')
        return true; /* of a query: an engine's own */
    r->out->kind = TN_TRINO_SHOW_STATS;
    return take_qualified(r) && end(r);
}

static bool read_show_roles(struct reader *r)
{
    bool grants = tn_words_accept(&r->words, "ROLE");

    r->out->kind = grants ? TN_TRINO_SHOW_ROLE_GRANTS : TN_TRINO_SHOW_ROLES;
    if (grants ? !tn_words_accept(&r->words, "GRANTS") : !tn_words_accept(&r->words, "ROLES"))
        return expected(r, grants ? "'GRANTS'" : "'ROLES'");
    return tn_words_accept(&r->words, "FROM") || tn_words_accept(&r->words, "IN") ? take_name(r, &r->out->catalog) && end(r) : end(r);
}

static bool read_show_grants(struct reader *r)
{
    r->out->kind = TN_TRINO_SHOW_GRANTS;
    if (!tn_words_accept(&r->words, "ON"))
        return end(r);
    tn_words_accept(&r->words, "TABLE");
    return take_qualified(r) && end(r);
}

static bool read_show(struct reader *r)
{
    struct tn_trino_command *out = r->out;

    if (tn_words_accept(&r->words, "CREATE"))
        return read_show_create(r);
    if (tn_words_accept(&r->words, "STATS"))
        return read_show_stats(r);
    if (tn_words_accept(&r->words, "GRANTS"))
        return read_show_grants(r);
    if (tn_words_at(&r->words, "ROLE") || tn_words_at(&r->words, "ROLES") || tn_words_accept(&r->words, "CURRENT"))
        return read_show_roles(r);
    out->kind = tn_words_accept(&r->words, "CATALOGS") ? TN_TRINO_SHOW_CATALOGS : tn_words_accept(&r->words, "SCHEMAS") ? TN_TRINO_SHOW_SCHEMAS
                : tn_words_accept(&r->words, "TABLES") ? TN_TRINO_SHOW_TABLES : tn_words_accept(&r->words, "COLUMNS") ? TN_TRINO_SHOW_COLUMNS
                : tn_words_accept(&r->words, "FUNCTIONS") ? TN_TRINO_SHOW_FUNCTIONS : tn_words_accept(&r->words, "SESSION") ? TN_TRINO_SHOW_SESSION
                : TN_TRINO_ENGINES;
    switch (out->kind) {
    case TN_TRINO_ENGINES: return true; /* an engine's own */
    case TN_TRINO_SHOW_COLUMNS: return take_from(r) ? take_qualified(r) && take_like(r) : expected(r, "'FROM', 'IN'");
    case TN_TRINO_SHOW_SCHEMAS: return take_from(r) ? take_name(r, &out->catalog) && take_like(r) : take_like(r);
    default: return take_from(r) ? take_qualified(r) && take_like(r) : take_like(r);
    }
}

static bool read_start(struct reader *r)
{
    if (!tn_words_accept(&r->words, "TRANSACTION"))
        return expected(r, "'TRANSACTION'");
    r->out->kind = TN_TRINO_START;
    r->out->value = rest_of(r);
    return true;
}

static bool read_end_of_transaction(struct reader *r, enum tn_trino_command_kind kind)
{
    r->out->kind = kind;
    tn_words_accept(&r->words, "WORK");
    return end(r);
}

static bool read_commit(struct reader *r)
{
    return read_end_of_transaction(r, TN_TRINO_COMMIT);
}

static bool read_rollback(struct reader *r)
{
    return read_end_of_transaction(r, TN_TRINO_ROLLBACK);
}

static const struct {
    const char *word;
    bool (*read)(struct reader *r);
} statements[] = {
    {"USE", read_use},           {"SET", read_set},         {"RESET", read_reset},     {"PREPARE", read_prepare},
    {"EXECUTE", read_execute},   {"DEALLOCATE", read_deallocate}, {"DESCRIBE", read_describe}, {"DESC", read_describe},
    {"SHOW", read_show},         {"START", read_start},     {"COMMIT", read_commit},   {"ROLLBACK", read_rollback},
};

enum tn_status tn_trino_command_read(struct tn_trino_command *out, struct tn_str text, struct tn_arena *arena, struct tn_error *err)
{
    struct reader r = {.arena = arena, .out = out, .err = err};

    *out = (struct tn_trino_command){.kind = TN_TRINO_ENGINES};
    tn_words_init(&r.words, text, TN_DIALECT_TRINO);
    for (size_t i = 0; i < TN_ARRAY_LEN(statements); i++) {
        if (!tn_words_accept(&r.words, statements[i].word))
            continue;
        (void)statements[i].read(&r); /* r.status tells */
        if (r.status != TN_OK)
            out->kind = TN_TRINO_ENGINES;
        return r.status;
    }
    return TN_OK;
}
