#include "trino/reply.h"

#include "base/clock.h"
#include "engine/topology.h"
#include "stats/lexer.h"
#include "trino/bind.h"
#include "trino/catalog.h"

enum { OWN_MAX = 64 * 1024 * 1024, SQL_MAX = 65536 };

/* ---- which engine ---- */

static struct tn_cluster *usable_member(const struct tn_group *group)
{
    uint64_t now = tn_clock_us();

    for (size_t i = 0; i < group->member_count; i++)
        if (tn_cluster_look(group->members[i], now) == TN_USABLE_OK)
            return group->members[i];
    return group->member_count > 0 ? group->members[0] : NULL;
}

static bool is_mixed(const struct tn_group *group)
{
    for (size_t i = 1; i < group->member_count; i++)
        if (group->members[i]->conf->engine != group->members[0]->conf->engine)
            return true;
    return false;
}

/* The member whose catalog a statement about tables is asked: of the group that it is routed to. Members of several kinds
 * tell it in several ways, so it is sent to the one that its text was made for. */
static enum tn_status look_up(struct tn_trino_query *q, struct tn_cluster **out, struct tn_group **in, struct tn_error *err)
{
    struct tn_snapshot     *snapshot = tn_runtime_of(q->home->worker)->snapshot;
    struct tn_settings_list *s = q->settings;
    struct tn_features      features;
    struct tn_route_result  result;
    struct tn_route_context context = {
        .protocol = "trinoHttp", .user = q->identity->user, .user_group_count = q->identity->group_count,
        .user_groups = q->identity->groups, .database = q->request.catalog, .application = q->request.source,
        .client_address = q->peer, .header_count = q->header_count, .headers = q->headers, .tag_count = s->tag_count, .tags = s->tags,
        .hint_group = s->group, .hint_cluster = s->cluster, .hint_strategy = s->strategy, .hint_priority = s->priority,
        .wall_us = tn_clock_wall_us(),
    };
    struct tn_group *group;

    tn_features_read(&features, q->text, TN_DIALECT_TRINO);
    TN_TRY(tn_routes_decide(snapshot->routes, &context, &features, q->text, &q->arena, &result, err));
    group = result.group == NULL ? NULL : tn_topology_group(snapshot->topology, result.group->name);
    *out = result.cluster.len > 0 ? tn_topology_cluster(snapshot->topology, result.cluster) : group != NULL ? usable_member(group) : NULL;
    *in = group;
    return TN_OK;
}

static enum tn_status find_member(struct tn_trino_query *q, struct tn_cluster **out, struct tn_error *err)
{
    struct tn_snapshot *snapshot = tn_runtime_of(q->home->worker)->snapshot;
    struct tn_group    *group = NULL;

    TN_TRY(look_up(q, out, &group, err));
    if (*out == NULL || q->settings->cluster.len > 0 || group == NULL || !is_mixed(group))
        return TN_OK;
    return tn_settings_change(&q->settings, TN_STR("turnout.cluster"), (*out)->conf->name, TN_CFG_ENGINE_UNSET, false, false, snapshot, err);
}

bool tn_trino_reply_by_trino(struct tn_trino_query *q)
{
    struct tn_cluster *member = NULL;
    struct tn_group   *group = NULL;
    struct tn_error    err = TN_ERROR_INIT;
    bool               is = look_up(q, &member, &group, &err) == TN_OK && member != NULL && member->conf->engine == TN_CFG_ENGINE_TRINO;

    tn_error_reset(&err);
    return is && (q->settings->cluster.len > 0 || group == NULL || !is_mixed(group));
}

void tn_trino_reply_rows(struct tn_trino_query *q, struct tn_params params, enum tn_run_kind kind)
{
    struct tn_cluster *member = NULL;
    struct tn_error    err = TN_ERROR_INIT;
    enum tn_status     status = TN_OK;

    if (tn_trino_catalog_mentions(q->text)) {
        status = find_member(q, &member, &err);
        if (status == TN_OK && member != NULL)
            status = tn_trino_catalog_rewrite(q->text, member->conf->engine, &q->arena, &q->text, &err);
    }
    if (status != TN_OK)
        tn_trino_query_fail(q, &err);
    else
        tn_trino_run_params(q, params, kind);
}

/* ---- tables of our own ---- */

struct field {
    const char  *name;
    enum tn_type type;
};

struct table {
    struct tn_trino_query *q;
    struct tn_chunk       *chunk;
    struct tn_json         json;
};

static bool begin_table(struct table *t, struct tn_trino_query *q, const struct field *fields, size_t count)
{
    struct tn_column columns[8] = {{.pg_typmod = -1}};
    struct tn_schema schema = {count, columns};
    struct tn_json   json = {.buf = &q->columns};

    for (size_t i = 0; i < count; i++)
        columns[i] = (struct tn_column){.name = tn_str(fields[i].name), .type = fields[i].type, .pg_typmod = -1};
    *t = (struct table){.q = q, .chunk = tn_chunk_new(OWN_MAX)};
    if (t->chunk == NULL)
        return false;
    t->json.buf = &t->chunk->bytes;
    tn_buf_clear(&q->columns);
    tn_trino_put_columns(&json, &schema, q->parametric);
    return true;
}

static void end_table(struct table *t)
{
    struct tn_trino_query *q = t->q;

    t->chunk->next = NULL;
    q->first = q->last = t->chunk;
    q->chunk_count = 1;
    q->chunk_bytes = t->chunk->bytes.len;
}

static void no_memory(struct tn_trino_query *q)
{
    struct tn_error err = TN_ERROR_INIT;

    tn_fail(&err, TN_E_NOMEM, "53200", "no memory for an answer");
    tn_trino_query_fail(q, &err);
}

void tn_trino_reply_input(struct tn_trino_query *q, size_t params)
{
    static const struct field fields[] = {{"Position", TN_TYPE_INT64}, {"Type", TN_TYPE_TEXT}};
    struct table              t;

    if (!begin_table(&t, q, fields, TN_ARRAY_LEN(fields))) {
        no_memory(q);
        return;
    }
    for (size_t i = 0; i < params; i++) {
        tn_json_open(&t.json, NULL, '[');
        tn_json_u64(&t.json, NULL, i);
        tn_json_text(&t.json, NULL, "unknown");
        tn_json_close(&t.json, ']');
    }
    end_table(&t);
    tn_trino_query_done(q);
}

static void put_output_row(struct table *t, const struct tn_column *column)
{
    struct tn_buf name;

    tn_buf_init(&name, 1 << 20);
    tn_trino_show_type_name(&name, column, t->q->parametric);
    tn_json_open(&t->json, NULL, '[');
    tn_json_str(&t->json, NULL, column->name);
    for (unsigned i = 0; i < 3; i++)
        tn_json_text(&t->json, NULL, "");
    tn_json_str(&t->json, NULL, tn_buf_str(&name));
    tn_json_u64(&t->json, NULL, tn_type_size(column->type));
    tn_json_bool(&t->json, NULL, false);
    tn_json_close(&t->json, ']');
    tn_buf_reset(&name);
}

void tn_trino_describe_rows(struct tn_trino_query *q, const struct tn_schema *schema)
{
    static const struct field fields[] = {{"Column Name", TN_TYPE_TEXT}, {"Catalog", TN_TYPE_TEXT}, {"Schema", TN_TYPE_TEXT},
                                          {"Table", TN_TYPE_TEXT},       {"Type", TN_TYPE_TEXT},    {"Type Size", TN_TYPE_INT64},
                                          {"Aliased", TN_TYPE_BOOL}};
    static const struct tn_column rows = {.name = {"rows", 4}, .type = TN_TYPE_INT64, .pg_typmod = -1};
    struct table                  t;

    if (q->columns.len > 0 || !begin_table(&t, q, fields, TN_ARRAY_LEN(fields)))
        return;
    for (size_t i = 0; schema != NULL && i < schema->count; i++)
        put_output_row(&t, &schema->columns[i]);
    if (schema == NULL)
        put_output_row(&t, &rows);
    end_table(&t);
}

void tn_trino_reply_output(struct tn_trino_query *q, struct tn_str prepared)
{
    struct tn_error  err = TN_ERROR_INIT;
    size_t           count = tn_trino_count_params(prepared);
    struct tn_str   *nulls = tn_arena_alloc(&q->arena, (count + 1) * sizeof *nulls);
    struct tn_params params = {.count = 0};

    if (nulls == NULL) {
        no_memory(q);
        return;
    }
    for (size_t i = 0; i < count; i++)
        nulls[i] = TN_STR("NULL");
    if (tn_trino_bind(prepared, nulls, count, false, &q->arena, &q->text, &params, &err) != TN_OK) {
        tn_trino_query_fail(q, &err);
        return;
    }
    q->describes = true;
    tn_trino_reply_rows(q, (struct tn_params){.count = 0}, TN_RUN_DESCRIBE);
}

/* ---- SHOW ---- */

static void put_session_row(struct table *t, struct tn_str name, struct tn_str value)
{
    tn_json_open(&t->json, NULL, '[');
    tn_json_str(&t->json, NULL, name);
    tn_json_str(&t->json, NULL, value.ptr == NULL ? TN_STR("") : value);
    tn_json_text(&t->json, NULL, "");
    tn_json_text(&t->json, NULL, "varchar");
    tn_json_text(&t->json, NULL, "");
    tn_json_close(&t->json, ']');
}

/* LIKE: % any run, _ any one byte. */
static bool is_like(struct tn_str text, struct tn_str pattern)
{
    size_t t = 0, p = 0, star = SIZE_MAX, from = 0;

    while (t < text.len) {
        if (p < pattern.len && pattern.ptr[p] == '%') {
            star = p++;
            from = t;
        } else if (p < pattern.len && (pattern.ptr[p] == '_' || pattern.ptr[p] == text.ptr[t])) {
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
    return c->like.ptr == NULL || is_like(name, c->like);
}

static void show_session(struct tn_trino_query *q, const struct tn_trino_command *c)
{
    static const struct field fields[] = {{"Name", TN_TYPE_TEXT}, {"Value", TN_TYPE_TEXT}, {"Default", TN_TYPE_TEXT},
                                          {"Type", TN_TYPE_TEXT}, {"Description", TN_TYPE_TEXT}};
    const struct tn_trino_pairs *session = &q->request.session;
    struct table                 t;

    if (!begin_table(&t, q, fields, TN_ARRAY_LEN(fields))) {
        no_memory(q);
        return;
    }
    for (size_t i = 0; i < tn_setting_rows(); i++)
        if (tn_str_starts(tn_setting_name((int)i), TN_STR("turnout.")) && is_shown(c, tn_setting_name((int)i)))
            put_session_row(&t, tn_setting_name((int)i), tn_settings_get(q->settings, tn_setting_name((int)i)));
    for (size_t i = 0; i < session->count; i++)
        if (!tn_str_starts(session->items[i].name, TN_STR("turnout.")) && is_shown(c, session->items[i].name))
            put_session_row(&t, session->items[i].name, session->items[i].value);
    end_table(&t);
    tn_trino_query_done(q);
}

static void show_roles(struct tn_trino_query *q)
{
    static const struct field fields[] = {{"Role", TN_TYPE_TEXT}};
    struct table              t;

    if (!begin_table(&t, q, fields, TN_ARRAY_LEN(fields))) {
        no_memory(q);
        return;
    }
    end_table(&t);
    tn_trino_query_done(q);
}

struct show {
    const char *select, *like; /* the column that LIKE is about */
    const char *order;
};

static const struct show *show_of(const struct tn_trino_command *c)
{
    static const struct show catalogs = {"SELECT catalog_name AS \"Catalog\" FROM system.metadata.catalogs", "catalog_name", "1"};
    static const struct show schemas = {"SELECT DISTINCT schema_name AS \"Schema\" FROM information_schema.schemata", "schema_name", "1"};
    static const struct show tables = {"SELECT table_name AS \"Table\" FROM information_schema.tables", "table_name", "1"};
    static const struct show columns = {"SELECT column_name AS \"Column\", data_type AS \"Type\", '' AS \"Extra\", coalesce(\"comment\", '') AS \"Comment\" FROM information_schema.columns",
                                        "column_name", "ordinal_position"};
    static const struct show functions = {"SELECT name AS \"Function\", result AS \"Return Type\", arguments AS \"Argument Types\", kind AS \"Function Type\", deterministic AS \"Deterministic\", remark AS \"Description\" FROM turnout.functions",
                                          "name", "1, 3"};

    return c->kind == TN_TRINO_SHOW_CATALOGS ? &catalogs : c->kind == TN_TRINO_SHOW_SCHEMAS ? &schemas : c->kind == TN_TRINO_SHOW_TABLES ? &tables
           : c->kind == TN_TRINO_SHOW_COLUMNS ? &columns : &functions;
}

struct show_text {
    struct tn_buf    sql;
    struct tn_param *items;
    size_t           count;
};

/* COLUMN OPERATOR $n, VALUE being the n-th. */
static void add_condition(struct show_text *t, const char *column, const char *operator, struct tn_str value)
{
    if (value.ptr == NULL)
        return;
    t->items[t->count].pg_bytes = value;
    t->items[t->count].value = (struct tn_value){.type = TN_TYPE_TEXT, .untyped = true, .as.text = value};
    t->count++;
    tn_buf_printf(&t->sql, " %s %s %s $%zu", t->count == 1 ? "WHERE" : "AND", column, operator, t->count);
}

static void add_conditions(struct show_text *t, const struct tn_trino_query *q, const struct tn_trino_command *c, const struct show *show)
{
    struct tn_str schema = q->request.schema.len > 0 ? q->request.schema : tn_str_n(NULL, 0);

    switch ((int)c->kind) {
    case TN_TRINO_SHOW_TABLES:
        add_condition(t, "table_schema", "=", c->name.ptr != NULL ? c->name : schema);
        break;
    case TN_TRINO_SHOW_COLUMNS:
        add_condition(t, "table_name", "=", c->name);
        add_condition(t, "table_schema", "=", c->schema.ptr != NULL ? c->schema : schema);
        break;
    default: break;
    }
    add_condition(t, show->like, "LIKE", c->like);
    if (c->like.ptr != NULL && c->escape.len == 1 && c->escape.ptr[0] != '\'')
        tn_buf_printf(&t->sql, " ESCAPE '%c'", c->escape.ptr[0]);
    tn_buf_printf(&t->sql, " ORDER BY %s", show->order);
}

static void show_rows(struct tn_trino_query *q, const struct tn_trino_command *c)
{
    const struct show *show = show_of(c);
    struct show_text   t = {.items = tn_arena_zalloc(&q->arena, 4 * sizeof *t.items)};
    bool               ok;

    tn_buf_init(&t.sql, SQL_MAX);
    if (t.items != NULL) {
        tn_buf_puts(&t.sql, show->select);
        add_conditions(&t, q, c, show);
    }
    ok = t.items != NULL && !t.sql.failed && tn_arena_str(&q->arena, tn_buf_str(&t.sql), &q->text);
    tn_buf_reset(&t.sql);
    if (!ok) {
        no_memory(q);
        return;
    }
    if (c->kind == TN_TRINO_SHOW_COLUMNS && c->like.ptr == NULL)
        q->missing = c->name;
    tn_trino_reply_rows(q, (struct tn_params){.count = t.count, .items = t.items}, TN_RUN_EXECUTE);
}

/* An engine that speaks of its tables as Trino does is asked as it was said. */
static bool is_engines_own(struct tn_trino_query *q)
{
    struct tn_cluster *member = NULL;
    struct tn_error    err = TN_ERROR_INIT;
    bool               own = find_member(q, &member, &err) == TN_OK && member != NULL && !tn_trino_catalog_has(member->conf->engine);

    tn_error_reset(&err);
    return own;
}

void tn_trino_reply_show(struct tn_trino_query *q, const struct tn_trino_command *c)
{
    struct tn_error err = TN_ERROR_INIT;

    if (c->kind != TN_TRINO_SHOW_SESSION && is_engines_own(q)) {
        tn_trino_run(q);
        return;
    }
    switch ((int)c->kind) {
    case TN_TRINO_SHOW_SESSION: show_session(q, c); return;
    case TN_TRINO_SHOW_ROLES: show_roles(q); return;
    case TN_TRINO_SHOW_CREATE:
        tn_fail(&err, TN_E_UNSUPPORTED, "0A000", "SHOW CREATE is not supported");
        tn_trino_query_fail(q, &err);
        return;
    default: show_rows(q, c);
    }
}

/* ---- modes of a transaction ---- */

enum tn_status tn_trino_check_modes(struct tn_str modes, struct tn_error *err)
{
    static const char *const words[] = {"isolation", "level", "read", "uncommitted", "committed", "repeatable", "serializable", "only", "write"};
    struct tn_lexer          lexer;
    struct tn_token          token;

    tn_lexer_init(&lexer, modes, TN_DIALECT_TRINO);
    while (tn_lexer_next(&lexer, &token)) {
        bool known = token.punct == ',';

        for (size_t i = 0; i < TN_ARRAY_LEN(words); i++)
            known = known || (token.kind == TN_TOKEN_WORD && tn_str_ieq_c(token.text, words[i]));
        if (!known)
            return tn_fail(err, TN_E_INVALID, "42601", "mismatched input '%.*s'. Expecting: ISOLATION LEVEL .., READ ONLY, READ WRITE",
                           (int)TN_MIN(token.text.len, (size_t)64), token.text.ptr);
    }
    return modes.len < sizeof((struct tn_ask_transaction *)0)->modes
               ? TN_OK
               : tn_fail(err, TN_E_INVALID, "42601", "the modes of a transaction are too long");
}
