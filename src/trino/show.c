/* SHOW: what every engine tells differently, and what Turnout knows itself. */
#include "trino/reply.h"

#include "trino/like.h"

enum { SQL_MAX = 65536 };

static void put_session_row(struct tn_trino_table *t, struct tn_str name, struct tn_str value)
{
    tn_json_open(&t->json, NULL, '[');
    tn_json_str(&t->json, NULL, name);
    tn_json_str(&t->json, NULL, value.ptr == NULL ? TN_STR("") : value);
    tn_json_text(&t->json, NULL, "");
    tn_json_text(&t->json, NULL, "varchar");
    tn_json_text(&t->json, NULL, "");
    tn_json_close(&t->json, ']');
}

/* LIKE: % any run, _ any one byte; what stands behind ESCAPE is meant as it is written. */
static bool is_like(struct tn_str text, struct tn_str pattern, int escape)
{
    size_t t = 0, p = 0, star = SIZE_MAX, from = 0;

    while (t < text.len) {
        bool meant = p + 1 < pattern.len && pattern.ptr[p] == escape;

        if (meant && pattern.ptr[p + 1] == text.ptr[t]) {
            p += 2;
            t++;
        } else if (!meant && p < pattern.len && pattern.ptr[p] == '%') {
            star = p++;
            from = t;
        } else if (!meant && p < pattern.len && (pattern.ptr[p] == '_' || pattern.ptr[p] == text.ptr[t])) {
            p++;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++from;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.ptr[p] == '%')
        p++;
    return p == pattern.len;
}

static bool is_shown(const struct tn_trino_command *c, struct tn_str name)
{
    return c->like.ptr == NULL || is_like(name, c->like, c->escape.len == 1 ? c->escape.ptr[0] : -1);
}

/* Something of Turnout's own is asked for. */
static bool is_ours(const struct tn_trino_command *c)
{
    for (size_t i = 0; c->like.ptr != NULL && i < tn_setting_rows(); i++)
        if (tn_str_starts(tn_setting_name((int)i), TN_STR("turnout.")) && is_shown(c, tn_setting_name((int)i)))
            return true;
    return false;
}

static void show_session(struct tn_trino_query *q, const struct tn_trino_command *c)
{
    static const struct tn_trino_field fields[] = {{"Name", TN_TYPE_TEXT}, {"Value", TN_TYPE_TEXT}, {"Default", TN_TYPE_TEXT},
                                          {"Type", TN_TYPE_TEXT}, {"Description", TN_TYPE_TEXT}};
    const struct tn_trino_pairs *session = &q->request.session;
    struct tn_trino_table                 t;

    if (!is_ours(c) && tn_trino_reply_by_trino(q)) { /* it has many more */
        tn_trino_run(q);
        return;
    }
    if (!tn_trino_table_begin(&t, q, fields, TN_ARRAY_LEN(fields))) {
        tn_trino_no_memory(q);
        return;
    }
    for (size_t i = 0; i < tn_setting_rows(); i++)
        if (tn_str_starts(tn_setting_name((int)i), TN_STR("turnout.")) && is_shown(c, tn_setting_name((int)i)))
            put_session_row(&t, tn_setting_name((int)i), tn_settings_get(q->settings, tn_setting_name((int)i)));
    for (size_t i = 0; i < session->count; i++)
        if (!tn_str_starts(session->items[i].name, TN_STR("turnout.")) && is_shown(c, session->items[i].name))
            put_session_row(&t, session->items[i].name, session->items[i].value);
    tn_trino_table_end(&t);
    tn_trino_query_done(q);
}

/* Of what there is none here: roles and privileges are the engines' own, and Turnout's are not said in SQL. */
static void show_nothing(struct tn_trino_query *q, enum tn_trino_command_kind kind)
{
    static const struct tn_trino_field roles[] = {{"Role", TN_TYPE_TEXT}}, role_grants[] = {{"Role Grants", TN_TYPE_TEXT}};
    static const struct tn_trino_field grants[] = {{"Grantor", TN_TYPE_TEXT}, {"Grantor Type", TN_TYPE_TEXT}, {"Grantee", TN_TYPE_TEXT},
                                                   {"Grantee Type", TN_TYPE_TEXT}, {"Catalog", TN_TYPE_TEXT}, {"Schema", TN_TYPE_TEXT},
                                                   {"Table", TN_TYPE_TEXT}, {"Privilege", TN_TYPE_TEXT}, {"Grantable", TN_TYPE_TEXT}};
    struct tn_trino_table t;
    bool                  ok = kind == TN_TRINO_SHOW_GRANTS ? tn_trino_table_begin(&t, q, grants, TN_ARRAY_LEN(grants))
                               : tn_trino_table_begin(&t, q, kind == TN_TRINO_SHOW_ROLE_GRANTS ? role_grants : roles, 1);

    if (!ok) {
        tn_trino_no_memory(q);
        return;
    }
    tn_trino_table_end(&t);
    tn_trino_query_done(q);
}

struct show {
    const char *select, *like; /* the column that LIKE is about */
    const char *order;
    const char *told;          /* of struct tn_trino_encoder */
};

static const struct show *show_of(const struct tn_trino_command *c)
{
    static const struct show catalogs = {"SELECT catalog_name AS \"Catalog\" FROM system.metadata.catalogs", "catalog_name", "1", "v"};
    static const struct show schemas = {"SELECT DISTINCT schema_name AS \"Schema\" FROM information_schema.schemata", "schema_name", "1", "v"};
    static const struct show tables = {"SELECT table_name AS \"Table\" FROM information_schema.tables", "table_name", "1", "v"};
    static const struct show columns = {"SELECT column_name AS \"Column\", data_type AS \"Type\", '' AS \"Extra\", coalesce(\"comment\", '') AS \"Comment\" FROM information_schema.columns",
                                        "column_name", "ordinal_position", "vvvv"};
    static const struct show create_table = {"SELECT statement AS \"Create Table\" FROM turnout.created", NULL, "1", "v"};
    static const struct show create_view = {"SELECT 'CREATE VIEW ' || table_catalog || '.' || table_schema || '.' || table_name || ' AS ' || definition AS \"Create View\" FROM turnout.views", NULL, "1", "v"};
    static const struct show create_schema = {"SELECT DISTINCT 'CREATE SCHEMA ' || catalog_name || '.' || schema_name AS \"Create Schema\" FROM information_schema.schemata", NULL, "1", "v"};
    static const struct show stats = {"SELECT column_name, data_size, distinct_values_count, nulls_fraction, row_count, low_value, high_value FROM ("
        "SELECT table_catalog, table_schema, table_name, column_name, CAST(NULL AS double precision) AS data_size, CAST(NULL AS double precision) AS distinct_values_count, "
        "CAST(NULL AS double precision) AS nulls_fraction, CAST(NULL AS double precision) AS row_count, CAST(NULL AS varchar) AS low_value, CAST(NULL AS varchar) AS high_value, ordinal_position AS place FROM information_schema.columns c "
        "UNION ALL SELECT table_catalog, table_schema, table_name, NULL, NULL, NULL, NULL, row_count, NULL, NULL, 100000 FROM turnout.estimates e) s", NULL, "place", "vddddvv"};
    static const struct show functions = {"SELECT name AS \"Function\", result AS \"Return Type\", arguments AS \"Argument Types\", kind AS \"Function Type\", \"deterministic\" AS \"Deterministic\", remark AS \"Description\" FROM turnout.functions",
                                          "name", "1, 3", "vvvvbv"};

    switch ((int)c->kind) {
    case TN_TRINO_SHOW_CATALOGS: return &catalogs;
    case TN_TRINO_SHOW_SCHEMAS: return &schemas;
    case TN_TRINO_SHOW_TABLES: return &tables;
    case TN_TRINO_SHOW_COLUMNS: return &columns;
    case TN_TRINO_SHOW_CREATE_TABLE: return &create_table;
    case TN_TRINO_SHOW_CREATE_VIEW: return &create_view;
    case TN_TRINO_SHOW_CREATE_SCHEMA: return &create_schema;
    case TN_TRINO_SHOW_STATS: return &stats;
    default: return &functions;
    }
}

struct show_text {
    struct tn_buf    sql;
    struct tn_param *items;
    size_t           count;
};

static void add_value(struct show_text *t, struct tn_str value)
{
    t->items[t->count].pg_bytes = value;
    t->items[t->count].value = (struct tn_value){.type = TN_TYPE_TEXT, .untyped = true, .as.text = value};
    t->count++;
}

/* COLUMN OPERATOR $n, VALUE being the n-th. */
static void add_condition(struct show_text *t, const char *column, const char *operator, struct tn_str value)
{
    if (value.ptr == NULL)
        return;
    add_value(t, value);
    tn_buf_printf(&t->sql, " %s %s %s $%zu", t->count == 1 ? "WHERE" : "AND", column, operator, t->count);
}

/* The catalog that the statement names, if it does: the client's own may be one that only Turnout's routers know. */
static struct tn_str catalog_of(const struct tn_trino_command *c)
{
    switch ((int)c->kind) {
    case TN_TRINO_SHOW_SCHEMAS: return c->catalog;
    case TN_TRINO_SHOW_TABLES:
    case TN_TRINO_SHOW_CREATE_SCHEMA: return c->schema; /* catalog.schema */
    default: return c->catalog;
    }
}

static bool is_about_schemas(const struct tn_trino_command *c)
{
    return c->kind == TN_TRINO_SHOW_SCHEMAS || c->kind == TN_TRINO_SHOW_CREATE_SCHEMA;
}

static struct tn_str pattern_of(struct tn_trino_query *q, const struct tn_trino_command *c, bool glob)
{
    struct tn_str out = {NULL, 0};
    struct tn_buf text;

    tn_buf_init(&text, SQL_MAX);
    tn_trino_like_put(&text, c->like, c->escape, glob);
    if (text.failed || !tn_arena_str(&q->arena, tn_buf_str(&text), &out))
        out = TN_STR("");
    tn_buf_reset(&text);
    return out;
}

/* Case matters, as it does at Trino. SQLite's LIKE does not tell, its GLOB does. */
static void add_like(struct show_text *t, struct tn_trino_query *q, const struct tn_trino_command *c, const char *column)
{
    enum tn_cfg_engine engine = c->like.ptr == NULL ? TN_CFG_ENGINE_UNSET : tn_trino_reply_engine(q);
    bool               glob = engine == TN_CFG_ENGINE_SQLITE;

    if (c->like.ptr == NULL)
        return;
    if (engine == TN_CFG_ENGINE_STAR_ROCKS && c->escape.ptr == NULL) { /* not every version of it knows ESCAPE */
        add_condition(t, column, "LIKE", c->like);
        return;
    }
    add_condition(t, column, glob ? "GLOB" : engine == TN_CFG_ENGINE_MYSQL ? "LIKE BINARY" : "LIKE", pattern_of(q, c, glob));
    if (!glob)
        tn_buf_puts(&t->sql, " ESCAPE '!'");
}

/* Of the client's own catalog, if it is one that the engine has. */
static void add_own_catalog(struct show_text *t, const char *column, struct tn_str catalog)
{
    if (catalog.len == 0)
        return;
    add_value(t, catalog);
    add_value(t, catalog);
    tn_buf_printf(&t->sql, " %s (%s = $%zu OR NOT EXISTS (SELECT 1 FROM system.metadata.catalogs WHERE catalog_name = $%zu))",
                  t->count == 2 ? "WHERE" : "AND", column, t->count - 1, t->count);
}

static void add_conditions(struct show_text *t, struct tn_trino_query *q, const struct tn_trino_command *c, const struct show *show)
{
    const char   *catalog_column = is_about_schemas(c) ? "catalog_name" : "table_catalog";
    struct tn_str schema = q->request.schema.len > 0 ? q->request.schema : tn_str_n(NULL, 0);
    bool          any = c->name.ptr == NULL && schema.ptr == NULL; /* a Trino would refuse it; engines have a schema of their own accord */

    switch ((int)c->kind) {
    case TN_TRINO_SHOW_TABLES: add_condition(t, "table_schema", any ? "<>" : "=", any ? TN_STR("information_schema") : c->name.ptr != NULL ? c->name : schema); break;
    case TN_TRINO_SHOW_CREATE_SCHEMA: add_condition(t, "schema_name", "=", c->name); break;
    case TN_TRINO_SHOW_COLUMNS:
    case TN_TRINO_SHOW_STATS:
    case TN_TRINO_SHOW_CREATE_TABLE:
    case TN_TRINO_SHOW_CREATE_VIEW:
        add_condition(t, "table_name", "=", c->name);
        add_condition(t, "table_schema", "=", c->schema.ptr != NULL ? c->schema : schema);
        break;
    default: break;
    }
    if (catalog_of(c).ptr != NULL)
        add_condition(t, catalog_column, "=", catalog_of(c));
    else if (c->kind != TN_TRINO_SHOW_CATALOGS && c->kind != TN_TRINO_SHOW_FUNCTIONS)
        add_own_catalog(t, catalog_column, q->request.catalog);
    add_like(t, q, c, show->like);
    tn_buf_printf(&t->sql, " ORDER BY %s", show->order);
}

/* The catalog `system` has an information_schema of its own. */
static void put_select(struct tn_buf *sql, const char *select, bool system)
{
    const char *from = system ? strstr(select, "information_schema.") : NULL;

    tn_buf_append(sql, select, from == NULL ? strlen(select) : (size_t)(from - select));
    if (from != NULL)
        tn_buf_printf(sql, "system.%s", from);
}

static bool is_one_character(struct tn_str text)
{
    size_t characters = 0;

    for (size_t i = 0; i < text.len; i++)
        characters += ((unsigned char)text.ptr[i] & 0xC0u) != 0x80u;
    return characters == 1 && tn_utf8_valid_prefix(text.ptr, text.len) == text.len;
}

/* What stands behind an escape is one, or what LIKE means something by. */
static bool is_escaped_well(const struct tn_trino_command *c)
{
    struct tn_str like = c->like, escape = c->escape;
    size_t        at = 0;

    while (escape.len > 0 && at + escape.len <= like.len) {
        if (memcmp(like.ptr + at, escape.ptr, escape.len) != 0) {
            at++;
            continue;
        }
        at += escape.len;
        if (at < like.len && (like.ptr[at] == '%' || like.ptr[at] == '_'))
            at++;
        else if (at + escape.len <= like.len && memcmp(like.ptr + at, escape.ptr, escape.len) == 0)
            at += escape.len;
        else
            return false;
    }
    return true;
}

static enum tn_status check_escape(const struct tn_trino_command *c, struct tn_error *err)
{
    if (c->escape.ptr != NULL && !is_one_character(c->escape))
        return tn_fail(err, TN_E_INVALID, "22023", "Escape string must be a single character");
    if (!is_escaped_well(c))
        return tn_fail(err, TN_E_INVALID, "22023", "Escape character must be followed by '%%', '_' or the escape character itself");
    return TN_OK;
}

/* Nothing found is an error. */
static bool wants_one(const struct tn_trino_command *c)
{
    int kind = (int)c->kind;

    return (kind == TN_TRINO_SHOW_SCHEMAS && c->catalog.ptr != NULL) || kind == TN_TRINO_SHOW_COLUMNS || kind == TN_TRINO_SHOW_STATS || kind == TN_TRINO_SHOW_CREATE_TABLE ||
           kind == TN_TRINO_SHOW_CREATE_VIEW || kind == TN_TRINO_SHOW_CREATE_SCHEMA;
}

static void expect_one(struct tn_trino_query *q, const struct tn_trino_command *c)
{
    bool schema = c->kind == TN_TRINO_SHOW_CREATE_SCHEMA, catalog = c->kind == TN_TRINO_SHOW_SCHEMAS;

    q->missing = catalog ? c->catalog : c->name;
    q->missing_what = catalog ? "Catalog" : schema ? "Schema" : c->kind == TN_TRINO_SHOW_CREATE_VIEW ? "View" : "Table";
    q->missing_says = catalog ? "not found" : "does not exist";
    q->missing_sqlstate = catalog ? "3D000" : schema ? "3F000" : "42P01";
}

static void show_rows(struct tn_trino_query *q, const struct tn_trino_command *c)
{
    const struct show *show = show_of(c);
    struct show_text   t = {.items = tn_arena_zalloc(&q->arena, 6 * sizeof *t.items)};
    struct tn_error    err = TN_ERROR_INIT;
    bool               ok;

    if (check_escape(c, &err) != TN_OK) {
        tn_trino_query_fail(q, &err);
        return;
    }
    tn_buf_init(&t.sql, SQL_MAX);
    if (t.items != NULL) {
        put_select(&t.sql, show->select, tn_str_eq_c(catalog_of(c), "system"));
        add_conditions(&t, q, c, show);
    }
    ok = t.items != NULL && !t.sql.failed && tn_arena_str(&q->arena, tn_buf_str(&t.sql), &q->text);
    tn_buf_reset(&t.sql);
    if (!ok) {
        tn_trino_no_memory(q);
        return;
    }
    if (wants_one(c) && c->like.ptr == NULL)
        expect_one(q, c);
    q->encoder.told = show->told;
    tn_trino_reply_rows(q, (struct tn_params){.count = t.count, .items = t.items}, TN_RUN_EXECUTE);
}

void tn_trino_reply_show(struct tn_trino_query *q, const struct tn_trino_command *c)
{
    if (c->kind != TN_TRINO_SHOW_SESSION && tn_trino_reply_engines_own(q)) {
        tn_trino_run(q);
        return;
    }
    switch ((int)c->kind) {
    case TN_TRINO_SHOW_SESSION: show_session(q, c); return;
    case TN_TRINO_SHOW_ROLES:
    case TN_TRINO_SHOW_ROLE_GRANTS:
    case TN_TRINO_SHOW_GRANTS: show_nothing(q, c->kind); return;
    default: show_rows(q, c);
    }
}

/* One row for each schema of the catalog, [1] for the one that is meant. */
void tn_trino_reply_use(struct tn_trino_query *q, const struct tn_trino_command *c)
{
    struct show_text         t = {.items = tn_arena_zalloc(&q->arena, 2 * sizeof *t.items)};
    struct tn_trino_command *own = tn_arena_zalloc(&q->arena, sizeof *own);
    bool                     ok = t.items != NULL && own != NULL;

    tn_buf_init(&t.sql, SQL_MAX);
    if (ok) {
        *own = *c;
        tn_buf_puts(&t.sql, "SELECT DISTINCT CASE WHEN schema_name = $1 THEN 1 ELSE 0 END AS hit FROM ");
        tn_buf_puts(&t.sql, tn_str_eq_c(c->schema, "system") ? "system.information_schema.schemata" : "information_schema.schemata");
        add_value(&t, c->name);
        if (c->schema.ptr != NULL) {
            add_value(&t, c->schema);
            tn_buf_puts(&t.sql, " WHERE catalog_name = $2");
            q->missing = c->schema;
            q->missing_what = "Catalog";
            q->missing_says = "not found";
            q->missing_sqlstate = "3D000";
        }
        ok = !t.sql.failed && tn_arena_str(&q->arena, tn_buf_str(&t.sql), &q->text);
    }
    tn_buf_reset(&t.sql);
    if (!ok) {
        tn_trino_no_memory(q);
        return;
    }
    q->use = own;
    tn_trino_reply_rows(q, (struct tn_params){.count = t.count, .items = t.items}, TN_RUN_EXECUTE);
}

void tn_trino_reply_use_there(struct tn_trino_query *q, const struct tn_trino_command *c)
{
    struct tn_trino_command *own = tn_arena_zalloc(&q->arena, sizeof *own);
    struct tn_buf            sql;
    bool                     ok;

    tn_buf_init(&sql, SQL_MAX);
    tn_buf_puts(&sql, "SELECT DISTINCT CASE WHEN schema_name = ");
    tn_buf_put_quoted(&sql, c->name, '\'');
    tn_buf_puts(&sql, " THEN 1 ELSE 0 END AS hit FROM ");
    if (q->request.catalog.len > 0) {
        tn_buf_put_quoted(&sql, q->request.catalog, '"');
        tn_buf_put_u8(&sql, '.');
    }
    tn_buf_puts(&sql, "information_schema.schemata"); /* of the cluster's own catalog, if the client names none */
    ok = own != NULL && !sql.failed && tn_arena_str(&q->arena, tn_buf_str(&sql), &q->text);
    tn_buf_reset(&sql);
    if (!ok) {
        tn_trino_no_memory(q);
        return;
    }
    *own = *c;
    q->use = own;
    q->encoder.base.trino_pages = false; /* rows for us, not pages for the client */
    tn_trino_run(q);
}
