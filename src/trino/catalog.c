#include "trino/catalog.h"

#include "base/buf.h"
#include "stats/lexer.h"

enum { TEXT_MAX = 64 * 1024 * 1024 };

static const struct {
    enum tn_cfg_engine engine;
    const char        *name, *sql;
} cores[] = {
#define CORE(engine, name, sql) {TN_CFG_ENGINE_##engine, name, sql},
#define RELATION(qualifier, name, sql)
#include "trino/catalog.def"
#undef CORE
#undef RELATION
};

static const struct relation {
    const char *qualifier, *name, *sql;
} relations[] = {
#define CORE(engine, name, sql)
#define RELATION(qualifier, name, sql) {qualifier, name, sql},
#include "trino/catalog.def"
#undef CORE
#undef RELATION
};

/* ---- names in the text ---- */

struct name {
    const struct relation *relation; /* NULL: the name is none of ours, or there is none */
    size_t                 from, to; /* bytes of the whole name in the text */
    bool                   in_sqlite; /* sqlite.SCHEMA.NAME, as the metadata of SQLite say it */
    size_t                 schema;    /* where SCHEMA begins */
    bool                   has_alias;
};

enum { PARTS = 4 };

#define SQLITE_CATALOG "sqlite" /* as catalog.def calls it */

struct scan {
    struct tn_lexer lexer;
    struct tn_token token; /* the next one */
    struct tn_str   text;
    size_t          end;   /* of the token before */
};

static void advance(struct scan *s)
{
    if (s->token.text.ptr != NULL)
        s->end = (size_t)(s->token.text.ptr - s->text.ptr) + s->token.text.len;
    tn_lexer_next(&s->lexer, &s->token);
}

static bool is_name(const struct tn_token *token)
{
    return token->kind == TN_TOKEN_WORD || token->kind == TN_TOKEN_IDENT;
}

static bool is(const struct tn_token *token, const char *name)
{
    return tn_str_ieq_c(tn_token_name(token), name);
}

/* Words that may follow a table and are no alias of it. */
static bool follows_table(const struct tn_token *token)
{
    static const char *const words[] = {"where", "order", "group", "having", "limit", "offset", "fetch", "union", "except", "intersect",
                                        "join", "left", "right", "inner", "outer", "full", "cross", "natural", "on", "using", "window", "tablesample"};

    if (token->kind != TN_TOKEN_WORD)
        return token->kind != TN_TOKEN_IDENT;
    for (size_t i = 0; i < TN_ARRAY_LEN(words); i++)
        if (tn_str_ieq_c(token->text, words[i]))
            return true;
    return false;
}

/* [catalog.]information_schema.NAME, system.SCHEMA.NAME, turnout.NAME */
static const struct relation *find_relation(const struct tn_token *parts, size_t count)
{
    const struct tn_token *last = &parts[count - 1];

    if (count < 2)
        return NULL;
    for (size_t i = 0; i < TN_ARRAY_LEN(relations); i++) {
        const char *qualifier = relations[i].qualifier;
        bool        system = strncmp(qualifier, "system.", 7) == 0;

        if (!is(last, relations[i].name))
            continue;
        if (system ? count == 3 && is(&parts[0], "system") && is(&parts[1], qualifier + 7)
                   : (count == 2 || count == 3) && is(&parts[count - 2], qualifier))
            return &relations[i];
    }
    return NULL;
}

/* The next qualified name; false at the end of the text. */
static bool next_name(struct scan *s, struct name *out)
{
    struct tn_token parts[PARTS];
    size_t          count = 0;

    while (s->token.kind != TN_TOKEN_END && !is_name(&s->token))
        advance(s);
    if (s->token.kind == TN_TOKEN_END)
        return false;
    out->from = (size_t)(s->token.text.ptr - s->text.ptr);
    for (;;) {
        if (count < PARTS)
            parts[count] = s->token;
        count++;
        advance(s);
        if (s->token.punct != '.')
            break;
        out->to = s->end;
        advance(s);
        if (!is_name(&s->token))
            break;
    }
    out->to = s->end;
    out->has_alias = !follows_table(&s->token);
    out->relation = count < PARTS ? find_relation(parts, count) : NULL;
    out->in_sqlite = count >= 3 && out->relation == NULL && is(&parts[0], SQLITE_CATALOG);
    out->schema = count >= 2 ? (size_t)(parts[1].text.ptr - s->text.ptr) : out->from;
    return true;
}

static void begin(struct scan *s, struct tn_str sql)
{
    *s = (struct scan){.text = sql};
    tn_lexer_init(&s->lexer, sql, TN_DIALECT_TRINO);
    advance(s);
}

bool tn_trino_catalog_mentions(struct tn_str sql)
{
    struct scan scan;
    struct name name;

    begin(&scan, sql);
    while (next_name(&scan, &name))
        if (name.relation != NULL || name.in_sqlite)
            return true;
    return false;
}

/* ---- the new text ---- */

static const char *core_of(enum tn_cfg_engine engine, struct tn_str name)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(cores); i++)
        if (cores[i].engine == engine && tn_str_eq_c(name, cores[i].name))
            return cores[i].sql;
    return NULL;
}

bool tn_trino_catalog_has(enum tn_cfg_engine engine)
{
    return core_of(engine, TN_STR("catalogs")) != NULL;
}

/* The relation's query with {names} of cores replaced; false: the engine has none such. */
static bool put_query(struct tn_buf *out, const char *sql, enum tn_cfg_engine engine)
{
    for (const char *open; (open = strchr(sql, '{')) != NULL;) {
        const char *close = strchr(open, '}');
        const char *core = core_of(engine, tn_str_n(open + 1, (size_t)(close - open) - 1));

        if (core == NULL)
            return false;
        tn_buf_append(out, sql, (size_t)(open - sql));
        tn_buf_puts(out, core);
        sql = close + 1;
    }
    tn_buf_puts(out, sql);
    return true;
}

static enum tn_status rewrite(struct tn_str sql, enum tn_cfg_engine engine, struct tn_buf *text, struct tn_error *err)
{
    struct scan scan;
    struct name name;
    size_t      copied = 0;

    begin(&scan, sql);
    while (next_name(&scan, &name)) {
        if (name.relation == NULL && !(name.in_sqlite && engine == TN_CFG_ENGINE_SQLITE))
            continue;
        tn_buf_append(text, sql.ptr + copied, name.from - copied);
        copied = name.relation == NULL ? name.schema : name.to; /* SQLite itself has no catalogs */
        if (name.relation == NULL)
            continue;
        tn_buf_put_u8(text, '(');
        if (!put_query(text, name.relation->sql, engine))
            return tn_fail(err, TN_E_UNSUPPORTED, "0A000", "%s.%s is not known of this engine", name.relation->qualifier, name.relation->name);
        tn_buf_put_u8(text, ')');
        if (!name.has_alias)
            tn_buf_printf(text, " AS %s", name.relation->name);
    }
    tn_buf_append(text, sql.ptr + copied, sql.len - copied);
    return TN_OK;
}

enum tn_status tn_trino_catalog_rewrite(struct tn_str sql, enum tn_cfg_engine engine, struct tn_arena *arena, struct tn_str *out,
                                        struct tn_error *err)
{
    struct tn_buf  text;
    enum tn_status status;

    *out = sql;
    if (!tn_trino_catalog_has(engine) || !tn_trino_catalog_mentions(sql))
        return TN_OK;
    tn_buf_init(&text, TEXT_MAX);
    status = rewrite(sql, engine, &text, err);
    if (status == TN_OK && (text.failed || !tn_arena_str(arena, tn_buf_str(&text), out)))
        status = tn_fail(err, TN_E_NOMEM, "53200", "no memory for a statement about tables");
    tn_buf_reset(&text);
    return status;
}
