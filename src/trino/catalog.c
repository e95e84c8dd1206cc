#include "trino/catalog.h"

#include "base/buf.h"
#include "stats/lexer.h"
#include "trino/catalog_own.h"
#include "trino/like.h"

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
    enum tn_cfg_engine     in_engine; /* sqlite.SCHEMA.NAME, mysql.SCHEMA.NAME: as the metadata of such say it; UNSET: none of these */
    size_t                 schema;    /* where SCHEMA begins */
    bool                   has_alias;
    bool                   is_column; /* system.SCHEMA.NAME.COLUMN of such a relation: NAME.COLUMN is left of it, from `schema` on */
};

enum { PARTS = 4 };

/* Engines that have no catalogs, and what catalog.def calls theirs. */
static const struct {
    enum tn_cfg_engine engine;
    const char        *name;
} catalogs[] = {{TN_CFG_ENGINE_SQLITE, "sqlite"}, {TN_CFG_ENGINE_MYSQL, "mysql"}};

/* StarRocks tells of its tables as MySQL does. */
static enum tn_cfg_engine kind_of(enum tn_cfg_engine engine)
{
    return engine == TN_CFG_ENGINE_STAR_ROCKS ? TN_CFG_ENGINE_MYSQL : engine;
}

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

static enum tn_cfg_engine engine_of_catalog(const struct tn_token *catalog)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(catalogs); i++)
        if (is(catalog, catalogs[i].name))
            return catalogs[i].engine;
    return TN_CFG_ENGINE_UNSET;
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
    out->in_engine = count >= 3 && out->relation == NULL ? engine_of_catalog(&parts[0]) : TN_CFG_ENGINE_UNSET;
    out->is_column = count == PARTS && is(&parts[0], "system") && find_relation(parts, PARTS - 1) != NULL;
    out->schema = count >= 2 ? (size_t)(parts[out->is_column ? 2 : 1].text.ptr - s->text.ptr) : out->from;
    return true;
}

static void begin(struct scan *s, struct tn_str sql)
{
    *s = (struct scan){.text = sql};
    tn_lexer_init(&s->lexer, sql, TN_DIALECT_TRINO);
    advance(s);
}

/* What JDBC asks of keys, which Trino has none of: columns without a table, and no row. */
static bool is_of_no_table(struct tn_str sql)
{
    static const char head[] = "SELECT  CAST(NULL AS varchar) ", tail[] = " WHERE false";

    return sql.len > sizeof head + sizeof tail && tn_str_starts(sql, TN_STR(head)) &&
           tn_str_eq_c(tn_str_n(sql.ptr + sql.len - (sizeof tail - 1), sizeof tail - 1), tail) && memmem(sql.ptr, sql.len, " FROM ", 6) == NULL;
}

bool tn_trino_catalog_mentions(struct tn_str sql)
{
    struct scan scan;
    struct name name;

    if (is_of_no_table(sql))
        return true;
    begin(&scan, sql);
    while (next_name(&scan, &name))
        if (name.relation != NULL || name.in_engine != TN_CFG_ENGINE_UNSET)
            return true;
    return false;
}

/* ---- the new text ---- */

static const char *core_of(enum tn_cfg_engine engine, struct tn_str name)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(cores); i++)
        if (cores[i].engine == kind_of(engine) && tn_str_eq_c(name, cores[i].name))
            return cores[i].sql;
    return NULL;
}

bool tn_trino_catalog_has(enum tn_cfg_engine engine)
{
    return core_of(engine, TN_STR("catalogs")) != NULL;
}

struct rewriter {
    struct tn_str                         sql;
    enum tn_cfg_engine                    engine;
    const struct tn_trino_catalog_source *source; /* NULL: it knows nothing */
    struct tn_buf                        *text;
};

enum { SOURCE_MAX = 512 * 1024, DEPTH = 2 /* of cores in cores */ };

static void put_source(const struct rewriter *r)
{
    struct tn_buf json;

    tn_buf_init(&json, SOURCE_MAX);
    if (r->source != NULL)
        r->source->put(&json, r->source->arg);
    tn_buf_put_quoted(r->text, json.failed || json.len == 0 ? TN_STR("[]") : tn_buf_str(&json), '\'');
    tn_buf_reset(&json);
}

/* As the statement spells the column, in lower case when it does not name it. */
static void put_alias(const struct rewriter *r, struct tn_str alias)
{
    struct tn_lexer lexer;
    struct tn_token token;

    tn_lexer_init(&lexer, r->sql, TN_DIALECT_TRINO);
    while (tn_lexer_next(&lexer, &token))
        if (token.kind == TN_TOKEN_WORD && tn_str_ieq(token.text, alias)) {
            tn_buf_put_str(r->text, token.text);
            return;
        }
    for (size_t i = 0; i < alias.len; i++)
        tn_buf_put_u8(r->text, (unsigned char)tn_ascii_lower(alias.ptr[i]));
}

/* SQL up to END; columns whose names are written in capitals (AS TABLE_CAT) are spelled as the client does. */
static void put_part(const struct rewriter *r, const char *sql, const char *end)
{
    for (const char *as; sql < end && (as = strstr(sql, " AS ")) != NULL && as < end;) {
        const char *name = as + 4, *to = name;

        while (to < end && ((*to >= 'A' && *to <= 'Z') || *to == '_'))
            to++;
        tn_buf_append(r->text, sql, (size_t)(name - sql));
        if (to > name && to[-1] >= 'A' && (name[1] == '_' || (name[1] >= 'A' && name[1] <= 'Z')) && !(to < end && *to == '('))
            put_alias(r, tn_str_n(name, (size_t)(to - name)));
        else
            tn_buf_append(r->text, name, (size_t)(to - name));
        sql = to;
    }
    if (sql < end)
        tn_buf_append(r->text, sql, (size_t)(end - sql));
}

/* The relation's query with {names} of cores replaced, {source} by what Turnout knows; false: the engine has none such. */
static bool put_query(const struct rewriter *r, const char *sql, unsigned depth)
{
    for (const char *open; (open = strchr(sql, '{')) != NULL;) {
        const char   *close = strchr(open, '}');
        struct tn_str name = tn_str_n(open + 1, (size_t)(close - open) - 1);
        const char   *core = core_of(r->engine, name);

        if (depth == 0)
            put_part(r, sql, open);
        else
            tn_buf_append(r->text, sql, (size_t)(open - sql));
        sql = close + 1;
        if (tn_str_eq_c(name, "source"))
            put_source(r);
        else if (tn_trino_catalog_put_own(r->text, name, core_of(r->engine, TN_STR("catalogs"))))
            continue;
        else if (core == NULL || depth == DEPTH || !put_query(r, core, depth + 1))
            return false;
    }
    if (depth == 0)
        put_part(r, sql, sql + strlen(sql));
    else
        tn_buf_puts(r->text, sql);
    return true;
}

/* `user` is a word of its own on most engines, and a column of system.runtime.queries. */
static bool is_user(const struct scan *s, const struct name *name)
{
    return name->to - name->from == 4 && tn_str_ieq_c(tn_str_n(s->text.ptr + name->from, 4), "user") && s->token.punct != '(';
}

static enum tn_status rewrite(const struct rewriter *r, bool has_user, struct tn_error *err)
{
    struct tn_str sql = r->sql;
    struct scan   scan;
    struct name   name;
    size_t        copied = 0;

    begin(&scan, sql);
    while (next_name(&scan, &name)) {
        bool user = has_user && name.relation == NULL && is_user(&scan, &name);

        if (name.relation == NULL && !user && !name.is_column && (name.in_engine == TN_CFG_ENGINE_UNSET || name.in_engine != kind_of(r->engine)))
            continue;
        tn_buf_append(r->text, sql.ptr + copied, name.from - copied);
        copied = name.relation == NULL && !user ? name.schema : name.to; /* the engine itself has no catalogs */
        if (user)
            tn_buf_puts(r->text, "\"user\"");
        if (name.relation == NULL)
            continue;
        tn_buf_put_u8(r->text, '(');
        if (!put_query(r, name.relation->sql, 0))
            return tn_fail(err, TN_E_UNSUPPORTED, "0A000", "%s.%s is not known of this engine", name.relation->qualifier, name.relation->name);
        tn_buf_put_u8(r->text, ')');
        if (!name.has_alias)
            tn_buf_printf(r->text, " AS \"%s\"", name.relation->name);
    }
    tn_buf_append(r->text, sql.ptr + copied, sql.len - copied);
    return TN_OK;
}

/* A relation is named: NAME, or any (NULL). */
static bool mentions(struct tn_str sql, const char *relation)
{
    struct scan scan;
    struct name name;

    begin(&scan, sql);
    while (next_name(&scan, &name))
        if (name.relation != NULL && (relation == NULL || strcmp(name.relation->name, relation) == 0))
            return true;
    return false;
}

bool tn_trino_catalog_is_jdbc(struct tn_str sql)
{
    struct scan scan;
    struct name name;

    begin(&scan, sql);
    while (next_name(&scan, &name))
        if (name.relation != NULL && strcmp(name.relation->qualifier, "system.jdbc") == 0)
            return !tn_trino_catalog_renames(sql);
    return is_of_no_table(sql);
}

bool tn_trino_catalog_needs_standard(struct tn_str sql, enum tn_cfg_engine engine)
{
    return kind_of(engine) == TN_CFG_ENGINE_MYSQL && (mentions(sql, NULL) || is_of_no_table(sql));
}

/* MySQL casts to other names of types, and not to a double before 8.0.17; PRECISION is a word of its own. */
static void respell(struct tn_buf *text)
{
    static const char *const casts[][2] = {{"CAST(NULL AS double precision)", "(NULL + 0e0)"}, {"CAST(NULL AS varchar)", "CAST(NULL AS char)"},
                                           {" PRECISION,", " \"PRECISION\","}, {" precision,", " \"precision\","}, {" AS bigint)", " AS signed)"}, {" AS smallint)", " AS signed)"}, {"CAST(NULL AS timestamp with time zone)", "CAST(NULL AS datetime)"}};
    struct tn_buf  out;
    size_t         at = 0;
    bool           inside = false; /* of a text */

    tn_buf_init(&out, text->max);
    while (at < text->len) {
        struct tn_str rest = tn_str_n(text->data + at, text->len - at);
        size_t        i = inside ? TN_ARRAY_LEN(casts) : 0;

        inside ^= rest.ptr[0] == '\'';
        while (i < TN_ARRAY_LEN(casts) && !tn_str_starts(rest, tn_str(casts[i][0])))
            i++;
        if (i < TN_ARRAY_LEN(casts))
            tn_buf_puts(&out, casts[i][1]);
        else
            tn_buf_put_u8(&out, (uint8_t)rest.ptr[0]);
        at += i < TN_ARRAY_LEN(casts) ? strlen(casts[i][0]) : 1;
    }
    out.failed = out.failed || text->failed;
    tn_buf_reset(text);
    *text = out;
}

enum tn_status tn_trino_catalog_rewrite(struct tn_str sql, enum tn_cfg_engine engine, const struct tn_trino_catalog_source *source,
                                        struct tn_arena *arena, struct tn_str *out, struct tn_error *err)
{
    struct tn_buf  text, exact;
    enum tn_status status;

    *out = sql;
    if (!tn_trino_catalog_has(engine) || !tn_trino_catalog_mentions(sql))
        return TN_OK;
    tn_buf_init(&text, TEXT_MAX);
    tn_buf_init(&exact, TEXT_MAX);
    tn_trino_like_exact(&exact, sql, mentions(sql, NULL) ? engine : TN_CFG_ENGINE_UNSET); /* a table's own LIKE is the engine's */
    status = rewrite(&(struct rewriter){.sql = tn_buf_str(&exact), .engine = engine, .source = source, .text = &text}, mentions(sql, "queries"), err);
    if (status == TN_OK && tn_trino_catalog_needs_standard(sql, engine))
        respell(&text);
    if (status == TN_OK && (exact.failed || text.failed || !tn_arena_str(arena, tn_buf_str(&text), out)))
        status = tn_fail(err, TN_E_NOMEM, "53200", "no memory for a statement about tables");
    tn_buf_reset(&exact);
    tn_buf_reset(&text);
    return status;
}
