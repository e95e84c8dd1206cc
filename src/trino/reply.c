#include "trino/reply.h"

#include "base/clock.h"
#include "engine/topology.h"
#include "scripting.h"
#include "engine/trino/trino_session.h"
#include "frontend/pgwire/pg_types.h"
#include "stats/lexer.h"
#include "trino/bind.h"
#include "trino/catalog.h"
#include "trino/coordinator.h"

enum { OWN_MAX = 64 * 1024 * 1024, ACTIVITY_MAX = 384 * 1024 };

/* ---- which engine ---- */

/* The member whose catalog a statement about tables is asked: of the group that it is routed to. Members of several kinds
 * tell it in several ways, so it is sent to the one that its text was made for. */
static enum tn_status look_up(struct tn_trino_query *q, struct tn_cluster **out, struct tn_group **in, bool *unsure, struct tn_error *err)
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
    TN_TRY(tn_scripting_decide(tn_runtime_of(q->home->worker), &context, &features, q->text, &q->arena, &result, unsure, err));
    group = result.group == NULL ? NULL : tn_topology_group(snapshot->topology, result.group->name);
    *out = result.cluster.len > 0 ? tn_topology_cluster(snapshot->topology, result.cluster) : group != NULL ? tn_group_first_usable(group) : NULL;
    *in = group;
    return TN_OK;
}

static enum tn_status find_member(struct tn_trino_query *q, struct tn_cluster **out, struct tn_error *err)
{
    struct tn_snapshot *snapshot = tn_runtime_of(q->home->worker)->snapshot;
    struct tn_group    *group = NULL;
    bool                unsure;

    TN_TRY(look_up(q, out, &group, &unsure, err));
    if (*out == NULL || q->settings->cluster.len > 0 || group == NULL || (!tn_group_is_mixed(group) && !unsure))
        return TN_OK;
    return tn_settings_change(&q->settings, TN_STR("turnout.cluster"), (*out)->conf->name, TN_CFG_ENGINE_UNSET, false, false, snapshot, err);
}

static bool is_trinos(struct tn_trino_query *q, struct tn_group **group)
{
    struct tn_cluster *member = NULL;
    struct tn_error    err = TN_ERROR_INIT;
    bool               unsure, is = look_up(q, &member, group, &unsure, &err) == TN_OK && member != NULL && member->conf->engine == TN_CFG_ENGINE_TRINO;

    tn_error_reset(&err);
    return is && (q->settings->cluster.len > 0 || *group == NULL || !tn_group_is_mixed(*group));
}

bool tn_trino_reply_by_trino(struct tn_trino_query *q)
{
    struct tn_group *group = NULL;

    return is_trinos(q, &group);
}

enum tn_cfg_engine tn_trino_reply_engine(struct tn_trino_query *q)
{
    struct tn_cluster *member = NULL;
    struct tn_group   *group = NULL;
    struct tn_error    err = TN_ERROR_INIT;
    bool               unsure, found = look_up(q, &member, &group, &unsure, &err) == TN_OK && member != NULL;

    tn_error_reset(&err);
    return found ? member->conf->engine : TN_CFG_ENGINE_UNSET;
}

static void put_activity(struct tn_buf *out, void *arg)
{
    struct tn_trino_query *q = arg;
    struct tn_buf          items;

    tn_buf_init(&items, out->max);
    tn_trino_coordinator_queries(q->home->trino, q->identity, &(struct tn_trino_activity_wish){.base = NULL}, ACTIVITY_MAX, &items);
    tn_buf_put_u8(out, '[');
    tn_buf_put_str(out, tn_buf_str(&items));
    tn_buf_put_u8(out, ']');
    out->failed = out->failed || items.failed;
    tn_buf_reset(&items);
}

/* For this statement alone; what is rewritten is not translated again. */
static enum tn_status set_standard(struct tn_trino_query *q, enum tn_cfg_engine engine, struct tn_error *err)
{
    static const char *const settings[][2] = {{"sql_mode", "ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES"}, {"group_concat_max_len", "1000000"}};
    struct tn_snapshot      *snapshot = tn_runtime_of(q->home->worker)->snapshot;

    for (size_t i = 0; i < TN_ARRAY_LEN(settings); i++)
        TN_TRY(tn_settings_change(&q->settings, tn_str(settings[i][0]), tn_str(settings[i][1]), engine, false, true, snapshot, err));
    return tn_settings_change(&q->settings, TN_STR("turnout.dialect"), TN_STR("engine"), TN_CFG_ENGINE_UNSET, false, true, snapshot, err);
}

void tn_trino_reply_rows(struct tn_trino_query *q, struct tn_params params, enum tn_run_kind kind)
{
    const struct tn_trino_catalog_source source = {put_activity, q};
    struct tn_cluster *member = NULL;
    struct tn_error    err = TN_ERROR_INIT;
    enum tn_status     status = TN_OK;
    struct tn_str      text = q->text;

    if (!tn_trino_catalog_qualify(q->text, q->request.catalog, q->request.schema, &q->arena, &text))
        text = q->text;
    if (tn_trino_catalog_mentions(text)) {
        status = find_member(q, &member, &err);
        if (status == TN_OK && member != NULL && tn_trino_catalog_has(member->conf->engine)) {
            q->text = text;
            q->about_tables = true;
            q->encoder.letter = tn_trino_catalog_is_jdbc(text) ? tn_trino_catalog_letter : NULL;
        }
        if (status == TN_OK && member != NULL && tn_trino_catalog_needs_standard(q->text, member->conf->engine))
            status = set_standard(q, member->conf->engine, &err);
        if (status == TN_OK && member != NULL)
            status = tn_trino_catalog_rewrite(q->text, member->conf->engine, &source, &q->arena, &q->text, &err);
    }
    if (status != TN_OK)
        tn_trino_query_fail(q, &err);
    else
        tn_trino_run_params(q, params, kind);
}

/* ---- tables of our own ---- */

bool tn_trino_table_begin(struct tn_trino_table *t, struct tn_trino_query *q, const struct tn_trino_field *fields, size_t count)
{
    struct tn_column columns[TN_TRINO_FIELDS] = {{.pg_typmod = -1}};
    struct tn_schema schema = {count, columns};
    struct tn_json   json = {.buf = &q->columns};

    for (size_t i = 0; i < count; i++)
        columns[i] = (struct tn_column){.name = tn_str(fields[i].name), .type = fields[i].type, .pg_typmod = -1};
    *t = (struct tn_trino_table){.q = q, .chunk = tn_chunk_new(OWN_MAX)};
    if (t->chunk == NULL)
        return false;
    t->json.buf = &t->chunk->bytes;
    tn_buf_clear(&q->columns);
    tn_trino_put_columns(&json, &schema, q->parametric, q->request.presto);
    return true;
}

void tn_trino_table_end(struct tn_trino_table *t)
{
    struct tn_trino_query *q = t->q;

    t->chunk->next = NULL;
    q->first = q->last = t->chunk;
    q->chunk_count = 1;
    q->chunk_bytes = t->chunk->bytes.len;
}

void tn_trino_no_memory(struct tn_trino_query *q)
{
    struct tn_error err = TN_ERROR_INIT;

    tn_fail(&err, TN_E_NOMEM, "53200", "no memory for an answer");
    tn_trino_query_fail(q, &err);
}

/* ---- descriptions ---- */

enum { DESCRIBED_MAX = 64 * 1024 }; /* of a statement that goes with a request's head */

/* PREPARED goes with the request, under a name of ours. */
static bool send_along(struct tn_trino_query *q, struct tn_str prepared)
{
    struct tn_run_header *own = tn_arena_alloc(&q->arena, (q->own_count + 1) * sizeof *own);
    struct tn_buf         header;
    bool                  ok;

    if (own == NULL || prepared.len > DESCRIBED_MAX / 3)
        return false;
    tn_buf_init(&header, DESCRIBED_MAX + 64);
    tn_trino_item_put(&header, TN_STR("turnout_described"), prepared);
    if (q->own_count > 0)
        memcpy(own, q->own, q->own_count * sizeof *own);
    own[q->own_count].name = "x-trino-prepared-statement";
    ok = !header.failed && tn_arena_str(&q->arena, tn_buf_str(&header), &own[q->own_count].value);
    tn_buf_reset(&header);
    if (!ok)
        return false;
    q->own = own;
    q->own_count++;
    return true;
}

bool tn_trino_reply_described_there(struct tn_trino_query *q, struct tn_str prepared, bool input)
{
    struct tn_str    says = input ? TN_STR("DESCRIBE INPUT turnout_described") : TN_STR("DESCRIBE OUTPUT turnout_described"), before = q->text;
    struct tn_group *of_prepared = NULL, *of_says = NULL;
    bool             there;

    q->text = prepared; /* routers look at it, and must send both the same way */
    there = is_trinos(q, &of_prepared);
    q->text = says;
    there = there && is_trinos(q, &of_says) && of_prepared == of_says && send_along(q, prepared);
    if (there)
        tn_trino_run(q);
    else
        q->text = before;
    return there;
}

static void put_column_type(struct tn_trino_table *t, const struct tn_column *column)
{
    struct tn_buf name;

    tn_buf_init(&name, 1 << 20);
    tn_trino_show_type_name(&name, column, t->q->parametric);
    tn_json_str(&t->json, NULL, tn_buf_str(&name));
    tn_buf_reset(&name);
}

static void put_input_type(struct tn_trino_table *t, uint32_t oid, enum tn_trino_operand_kind kind)
{
    const struct tn_pg_type *type;
    struct tn_column         column = {.name = TN_STR(""), .pg_typmod = -1};

    if (oid == 0)
        oid = kind == TN_TRINO_OPERAND_TEXT ? TN_PG_VARCHAR : kind == TN_TRINO_OPERAND_ROWS ? TN_PG_INT8 : 0;
    type = tn_pg_type_find(oid);
    if (oid == 0 || type == NULL) {
        tn_json_text(&t->json, NULL, "unknown");
        return;
    }
    column.pg_oid = oid;
    column.type = type->type;
    put_column_type(t, &column);
}

void tn_trino_input_rows(struct tn_trino_query *q, const struct tn_schema *columns)
{
    static const struct tn_trino_field fields[] = {{"Position", TN_TYPE_INT64}, {"Type", TN_TYPE_TEXT}};
    struct tn_trino_table              t;
    size_t                             at = 0;

    if (!tn_trino_table_begin(&t, q, fields, TN_ARRAY_LEN(fields))) {
        tn_fail(&q->error, TN_E_NOMEM, "53200", "no memory for an answer");
        return;
    }
    for (size_t i = 0; i < q->input_count; i++) {
        enum tn_trino_operand_kind kind = q->operands != NULL ? q->operands[i].kind : TN_TRINO_OPERAND_UNKNOWN;

        tn_json_open(&t.json, NULL, '[');
        tn_json_u64(&t.json, NULL, i);
        if (kind == TN_TRINO_OPERAND_COLUMN && columns != NULL && at < columns->count)
            put_column_type(&t, &columns->columns[at++]);
        else
            put_input_type(&t, q->input_oids[i], kind);
        tn_json_close(&t.json, ']');
    }
    tn_trino_table_end(&t);
}

/* On an engine that has no types of parameters the statement's columns have them. False: no memory. */
static bool ask_columns(struct tn_trino_query *q, struct tn_str prepared)
{
    struct tn_cluster *member = NULL;
    struct tn_error    err = TN_ERROR_INIT;
    struct tn_str      question;
    bool               found = find_member(q, &member, &err) == TN_OK && member != NULL;

    tn_error_reset(&err);
    if (!found || (member->conf->engine != TN_CFG_ENGINE_MYSQL && member->conf->engine != TN_CFG_ENGINE_STAR_ROCKS &&
                   member->conf->engine != TN_CFG_ENGINE_SQLITE))
        return true;
    q->operands = tn_arena_zalloc(&q->arena, q->input_count * sizeof *q->operands);
    if (q->operands == NULL || !tn_trino_operands(prepared, q->input_count, &q->arena, q->operands, &question))
        return false;
    q->asks_columns = question.ptr != NULL;
    q->text = q->asks_columns ? question : q->text;
    return true;
}

void tn_trino_reply_input(struct tn_trino_query *q, struct tn_str prepared)
{
    size_t count = tn_trino_count_params(prepared);

    q->input_oids = tn_arena_zalloc(&q->arena, (count + 1) * sizeof *q->input_oids);
    q->input_count = count;
    q->describes_input = true;
    if (q->input_oids == NULL || !tn_trino_bind_nothing(prepared, &q->arena, &q->text) || (count > 0 && !ask_columns(q, prepared))) {
        tn_trino_no_memory(q);
        return;
    }
    if (count > 0) {
        tn_trino_reply_rows(q, (struct tn_params){.count = 0}, TN_RUN_DESCRIBE);
        return;
    }
    tn_trino_input_rows(q, NULL);
    tn_trino_query_done(q);
}

static void put_output_row(struct tn_trino_table *t, const struct tn_column *column)
{
    tn_json_open(&t->json, NULL, '[');
    tn_json_str(&t->json, NULL, column->name);
    for (unsigned i = 0; i < 3; i++)
        tn_json_text(&t->json, NULL, "");
    put_column_type(t, column);
    tn_json_u64(&t->json, NULL, tn_type_size(column->type));
    tn_json_bool(&t->json, NULL, false);
    tn_json_close(&t->json, ']');
}

void tn_trino_describe_rows(struct tn_trino_query *q, const struct tn_schema *schema)
{
    static const struct tn_trino_field fields[] = {{"Column Name", TN_TYPE_TEXT}, {"Catalog", TN_TYPE_TEXT}, {"Schema", TN_TYPE_TEXT},
                                          {"Table", TN_TYPE_TEXT},       {"Type", TN_TYPE_TEXT},    {"Type Size", TN_TYPE_INT64},
                                          {"Aliased", TN_TYPE_BOOL}};
    static const struct tn_column rows = {.name = {"rows", 4}, .type = TN_TYPE_INT64, .pg_typmod = -1};
    struct tn_trino_table                  t;

    if (q->columns.len > 0 || !tn_trino_table_begin(&t, q, fields, TN_ARRAY_LEN(fields)))
        return;
    for (size_t i = 0; schema != NULL && i < schema->count; i++)
        put_output_row(&t, &schema->columns[i]);
    if (schema == NULL)
        put_output_row(&t, &rows);
    tn_trino_table_end(&t);
}

void tn_trino_reply_output(struct tn_trino_query *q, struct tn_str prepared)
{
    struct tn_error  err = TN_ERROR_INIT;
    size_t           count = tn_trino_count_params(prepared);
    struct tn_str   *nulls = tn_arena_alloc(&q->arena, (count + 1) * sizeof *nulls);
    struct tn_params params = {.count = 0};

    if (nulls == NULL) {
        tn_trino_no_memory(q);
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

bool tn_trino_reply_engines_own(struct tn_trino_query *q)
{
    struct tn_cluster *member = NULL;
    struct tn_error    err = TN_ERROR_INIT;
    bool               own = find_member(q, &member, &err) == TN_OK && member != NULL && !tn_trino_catalog_has(member->conf->engine);

    tn_error_reset(&err);
    return own;
}
