#include "trino/command.h"

#include "stats/lexer.h"



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
    struct tn_lexer          lexer;
    struct tn_token          token; /* the next one */
    struct tn_str            text;
    struct tn_arena         *arena;
    struct tn_trino_command *out;
    struct tn_error         *err;
    enum tn_status           status;
};

static void advance(struct reader *r)
{
    tn_lexer_next(&r->lexer, &r->token);
}

static bool at_word(const struct reader *r, const char *word)
{
    return r->token.kind == TN_TOKEN_WORD && tn_str_ieq_c(r->token.text, word);
}

static bool take_word(struct reader *r, const char *word)
{
    bool is = at_word(r, word);

    if (is)
        advance(r);
    return is;
}

static bool at_end(const struct reader *r)
{
    return r->token.kind == TN_TOKEN_END;
}

static size_t place(const struct reader *r)
{
    return at_end(r) ? r->text.len : (size_t)(r->token.text.ptr - r->text.ptr);
}

/* Always false, for `return expected(..)`. */
static bool expected(struct reader *r, const char *what)
{
    int position = 1;

    if (r->status != TN_OK)
        return false;
    for (size_t i = 0; i < place(r); i++)
        position += ((unsigned char)r->text.ptr[i] & 0xC0u) != 0x80u;
    if (at_end(r))
        tn_fail(r->err, TN_E_INVALID, "42601", "mismatched input '<EOF>'. Expecting: %s", what);
    else
        tn_fail(r->err, TN_E_INVALID, "42601", "mismatched input '%.*s'. Expecting: %s", (int)TN_MIN(r->token.text.len, (size_t)64),
                r->token.text.ptr, what);
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
    return at_end(r) || expected(r, "the end of the statement");
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
    struct tn_str text = r->token.text;

    if (r->token.kind != TN_TOKEN_STRING || r->token.unterminated || text.len < 2 || text.ptr[0] != '\'')
        return expected(r, "a string");
    if (!undouble(r, tn_str_n(text.ptr + 1, text.len - 2), '\'', out))
        return false;
    advance(r);
    return true;
}

/* Folded to lower case unless quoted. */
static bool take_name(struct reader *r, struct tn_str *out)
{
    if (r->token.kind == TN_TOKEN_IDENT && !r->token.unterminated) {
        if (!undouble(r, tn_token_name(&r->token), '"', out))
            return false;
    } else if (r->token.kind == TN_TOKEN_WORD) {
        char *copy = tn_arena_strdup(r->arena, r->token.text);

        if (copy == NULL)
            return no_memory(r);
        for (char *c = copy; *c != '\0'; c++)
            *c = tn_ascii_lower(*c);
        *out = tn_str_n(copy, r->token.text.len);
    } else {
        return expected(r, "an identifier");
    }
    advance(r);
    return true;
}

/* [catalog.][schema.]name */
static bool take_qualified(struct reader *r)
{
    struct tn_trino_command *out = r->out;

    if (!take_name(r, &out->name))
        return false;
    for (unsigned parts = 1; r->token.punct == '.' && parts < 3; parts++) {
        advance(r);
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

    return tn_str_trim(tn_str_n(r->text.ptr + from, r->text.len - from));
}

/* ---- USING ---- */

static bool add_argument(struct reader *r, struct tn_str text)
{
    struct tn_trino_command *out = r->out;

    text = tn_str_trim(text);
    if (text.len == 0)
        return expected(r, "an expression");
    if (out->argument_count % 16 == 0) {
        struct tn_str *more = tn_arena_alloc(r->arena, (out->argument_count * 2 + 16) * sizeof *more);

        if (more == NULL)
            return no_memory(r);
        if (out->argument_count > 0)
            memcpy(more, out->arguments, out->argument_count * sizeof *more);
        out->arguments = more;
    }
    if (out->argument_count == TN_TRINO_ARGUMENTS)
        return expected(r, "fewer parameters");
    out->arguments[out->argument_count++] = text;
    return true;
}

static bool take_arguments(struct reader *r)
{
    size_t   from = place(r);
    unsigned depth = 0;

    if (at_end(r))
        return expected(r, "an expression");
    for (; !at_end(r); advance(r)) {
        char punct = r->token.punct;

        if (punct != '\0' && strchr("([{", punct) != NULL)
            depth++;
        else if (punct != '\0' && strchr(")]}", punct) != NULL && depth-- == 0)
            return expected(r, "',', <expression>");
        if (punct != ',' || depth > 0)
            continue;
        if (!add_argument(r, tn_str_n(r->text.ptr + from, place(r) - from)))
            return false;
        from = place(r) + 1;
    }
    return depth > 0 ? expected(r, "')'") : add_argument(r, tn_str_n(r->text.ptr + from, r->text.len - from));
}

static bool take_using(struct reader *r)
{
    return take_word(r, "USING") ? take_arguments(r) : end(r);
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
    if (r->token.kind == TN_TOKEN_STRING && r->token.text.len == rest.len)
        return take_string(r, out);
    *out = rest;
    return true;
}

static bool read_set(struct reader *r)
{
    struct tn_trino_command *out = r->out;

    if (take_word(r, "ROLE")) {
        out->kind = TN_TRINO_SET_ROLE;
        if (!take_name(r, &out->name))
            return false;
        return take_word(r, "IN") ? take_name(r, &out->catalog) && end(r) : end(r);
    }
    if (take_word(r, "PATH")) {
        out->kind = TN_TRINO_SET_PATH;
        return take_value(r, &out->value);
    }
    if (take_word(r, "TIME")) {
        out->kind = TN_TRINO_SET_TIME_ZONE;
        return (take_word(r, "ZONE") || expected(r, "'ZONE'")) && take_value(r, &out->value);
    }
    if (!take_word(r, "SESSION"))
        return true;
    if (take_word(r, "AUTHORIZATION")) {
        out->kind = TN_TRINO_SET_AUTHORIZATION;
        return r->token.kind == TN_TOKEN_STRING ? take_string(r, &out->name) && end(r) : take_name(r, &out->name) && end(r);
    }
    out->kind = TN_TRINO_SET_SESSION;
    if (!take_qualified(r))
        return false;
    if (r->token.punct != '=')
        return expected(r, "'='");
    advance(r);
    return take_value(r, &out->value);
}

static bool read_reset(struct reader *r)
{
    if (!take_word(r, "SESSION"))
        return true;
    if (take_word(r, "AUTHORIZATION")) {
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
    if (!take_word(r, "FROM"))
        return expected(r, "'FROM'");
    r->out->statement = rest_of(r);
    return r->out->statement.len > 0 || expected(r, "a statement");
}

static bool read_execute(struct reader *r)
{
    if (take_word(r, "IMMEDIATE")) {
        r->out->kind = TN_TRINO_EXECUTE_IMMEDIATE;
        return take_string(r, &r->out->statement) && take_using(r);
    }
    r->out->kind = TN_TRINO_EXECUTE;
    return take_name(r, &r->out->name) && take_using(r);
}

static bool read_deallocate(struct reader *r)
{
    r->out->kind = TN_TRINO_DEALLOCATE;
    return (take_word(r, "PREPARE") || expected(r, "'PREPARE'")) && take_name(r, &r->out->name) && end(r);
}

static bool read_describe(struct reader *r)
{
    struct tn_trino_command *out = r->out;

    out->kind = TN_TRINO_SHOW_COLUMNS;
    if (!take_qualified(r))
        return false;
    if (out->schema.ptr == NULL && (tn_str_eq_c(out->name, "input") || tn_str_eq_c(out->name, "output")) && !at_end(r)) {
        out->kind = tn_str_eq_c(out->name, "input") ? TN_TRINO_DESCRIBE_INPUT : TN_TRINO_DESCRIBE_OUTPUT;
        if (!take_name(r, &out->name))
            return false;
    }
    if (!at_end(r) && out->kind == TN_TRINO_SHOW_COLUMNS)
        out->kind = TN_TRINO_ENGINES; /* DESCRIBE of a statement: an engine's own */
    return out->kind == TN_TRINO_ENGINES || end(r);
}

static bool take_like(struct reader *r)
{
    if (!take_word(r, "LIKE"))
        return end(r);
    if (!take_string(r, &r->out->like))
        return false;
    return take_word(r, "ESCAPE") ? take_string(r, &r->out->escape) && end(r) : end(r);
}

static bool take_from(struct reader *r)
{
    return take_word(r, "FROM") || take_word(r, "IN");
}

static bool read_show_create(struct reader *r)
{
    r->out->kind = take_word(r, "TABLE") ? TN_TRINO_SHOW_CREATE_TABLE : take_word(r, "VIEW") ? TN_TRINO_SHOW_CREATE_VIEW
                   : take_word(r, "SCHEMA") ? TN_TRINO_SHOW_CREATE_SCHEMA : TN_TRINO_ENGINES;
    if (r->out->kind == TN_TRINO_ENGINES)
        return true; /* of another kind: an engine's own */
    return take_qualified(r) && end(r);
}

static bool read_show_stats(struct reader *r)
{
    if (!take_word(r, "FOR"))
        return expected(r, "'FOR'");
    if (r->token.punct == '(')
        return true; /* of a query: an engine's own */
    r->out->kind = TN_TRINO_SHOW_STATS;
    return take_qualified(r) && end(r);
}

static bool read_show_roles(struct reader *r)
{
    bool grants = take_word(r, "ROLE");

    r->out->kind = grants ? TN_TRINO_SHOW_ROLE_GRANTS : TN_TRINO_SHOW_ROLES;
    if (grants ? !take_word(r, "GRANTS") : !take_word(r, "ROLES"))
        return expected(r, grants ? "'GRANTS'" : "'ROLES'");
    return take_word(r, "FROM") || take_word(r, "IN") ? take_name(r, &r->out->catalog) && end(r) : end(r);
}

static bool read_show_grants(struct reader *r)
{
    r->out->kind = TN_TRINO_SHOW_GRANTS;
    if (!take_word(r, "ON"))
        return end(r);
    take_word(r, "TABLE");
    return take_qualified(r) && end(r);
}

static bool read_show(struct reader *r)
{
    struct tn_trino_command *out = r->out;

    if (take_word(r, "CREATE"))
        return read_show_create(r);
    if (take_word(r, "STATS"))
        return read_show_stats(r);
    if (take_word(r, "GRANTS"))
        return read_show_grants(r);
    if (at_word(r, "ROLE") || at_word(r, "ROLES") || take_word(r, "CURRENT"))
        return read_show_roles(r);
    out->kind = take_word(r, "CATALOGS") ? TN_TRINO_SHOW_CATALOGS : take_word(r, "SCHEMAS") ? TN_TRINO_SHOW_SCHEMAS
                : take_word(r, "TABLES") ? TN_TRINO_SHOW_TABLES : take_word(r, "COLUMNS") ? TN_TRINO_SHOW_COLUMNS
                : take_word(r, "FUNCTIONS") ? TN_TRINO_SHOW_FUNCTIONS : take_word(r, "SESSION") ? TN_TRINO_SHOW_SESSION
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
    if (!take_word(r, "TRANSACTION"))
        return expected(r, "'TRANSACTION'");
    r->out->kind = TN_TRINO_START;
    r->out->value = rest_of(r);
    return true;
}

static bool read_end_of_transaction(struct reader *r, enum tn_trino_command_kind kind)
{
    r->out->kind = kind;
    take_word(r, "WORK");
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
    struct reader r = {.text = text, .arena = arena, .out = out, .err = err};

    *out = (struct tn_trino_command){.kind = TN_TRINO_ENGINES};
    tn_lexer_init(&r.lexer, text, TN_DIALECT_TRINO);
    advance(&r);
    for (size_t i = 0; i < TN_ARRAY_LEN(statements); i++) {
        if (!take_word(&r, statements[i].word))
            continue;
        (void)statements[i].read(&r); /* r.status tells */
        if (r.status != TN_OK)
            out->kind = TN_TRINO_ENGINES;
        return r.status;
    }
    return TN_OK;
}
