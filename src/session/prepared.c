/* Prepared statements and portals of one session: made, found, ended. */
#include "session/prepared.h"

#include "base/alloc.h"
#include "frontend/pgwire/pg_message.h"

struct tn_prepared *tn_prepared_find(struct tn_session *s, struct tn_str name)
{
    return name.len == 0 ? s->unnamed : tn_map_get(&s->prepared, name);
}

void tn_prepared_unref(struct tn_prepared *statement)
{
    if (statement == NULL || --statement->refs > 0)
        return;
    if (statement->session != NULL)
        statement->session->kept_bytes -= statement->kept_bytes;
    tn_arena_reset(&statement->arena);
    tn_settings_list_unref(statement->shaped_with);
    tn_free(statement->oids);
    tn_free(statement->name);
    tn_free(statement->sql);
    tn_free(statement->meant);
    tn_free(statement);
}

/* What one client may keep here is bounded. */
static enum tn_status keep_bytes(struct tn_session *s, size_t bytes, struct tn_error *err)
{
    if (s->kept_bytes + bytes > TN_SESSION_KEPT_BYTES)
        return tn_fail(err, TN_E_LIMIT, "54000", "more than %d MiB of prepared statements and parameters in one session",
                       TN_SESSION_KEPT_BYTES >> 20);
    s->kept_bytes += bytes;
    return TN_OK;
}

/* The text as one statement: its views must stay inside the copy. */
static enum tn_status single_statement(struct tn_str text, struct tn_str *out, struct tn_error *err)
{
    struct tn_str second;
    size_t        at = 0;

    *out = tn_str_n(text.ptr, 0);
    if (!tn_statement_next(text, TN_DIALECT_POSTGRES, &at, out))
        return TN_OK;
    if (tn_statement_next(text, TN_DIALECT_POSTGRES, &at, &second))
        return tn_fail(err, TN_E_INVALID, "42601", "cannot insert multiple commands into a prepared statement");
    return TN_OK;
}

static struct tn_prepared *new_statement(const struct tn_pg_parse *parse)
{
    struct tn_prepared *statement = tn_calloc(1, sizeof *statement);

    if (statement == NULL)
        return NULL;
    statement->refs = 1;
    tn_arena_init(&statement->arena, 0);
    statement->name = tn_strndup(parse->name.ptr, parse->name.len);
    statement->sql = tn_strndup(parse->sql.ptr, parse->sql.len);
    statement->oids = tn_calloc(parse->oid_count + 1, sizeof *statement->oids);
    if (statement->name == NULL || statement->sql == NULL || statement->oids == NULL) {
        tn_prepared_unref(statement);
        return NULL;
    }
    return statement;
}

static enum tn_status keep_statement(struct tn_session *s, struct tn_prepared *statement, struct tn_str name,
                                     struct tn_error *err)
{
    if (name.len == 0) {
        tn_prepared_unref(s->unnamed);
        s->unnamed = statement;
        return TN_OK;
    }
    if (s->prepared.count >= TN_SESSION_STATEMENTS)
        return tn_fail(err, TN_E_LIMIT, "54000", "more than %d prepared statements in one session", TN_SESSION_STATEMENTS);
    return tn_map_put(&s->prepared, name, statement, NULL) ? TN_OK : tn_fail(err, TN_E_NOMEM, "53200", "no memory for a statement");
}

static void note_meant(struct tn_session *s, struct tn_prepared *statement)
{
    struct tn_str      meant = tn_named_meant(&s->names, statement->text, statement->features.verb);
    struct tn_features features;

    if (meant.len == 0 || (statement->meant = tn_strndup(meant.ptr, meant.len)) == NULL)
        return;
    tn_query_shape_read(s->runtime, meant, tn_str(s->database), &s->settings->replay, &statement->shape, &features);
}

enum tn_status tn_prepared_make(struct tn_session *s, struct tn_prepared **out, struct tn_pg_parse *parse, struct tn_error *err)
{
    struct tn_prepared *statement;

    if (tn_utf8_valid_prefix(parse->sql.ptr, parse->sql.len) < parse->sql.len)
        return tn_pg_bad_utf8(err, parse->sql.ptr, parse->sql.len);
    statement = new_statement(parse);
    if (statement == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a prepared statement");
    if (single_statement(tn_str_n(statement->sql, parse->sql.len), &statement->text, err) != TN_OK) {
        tn_prepared_unref(statement);
        return TN_E_INVALID;
    }
    tn_query_shape_read(s->runtime, statement->text, tn_str(s->database), &s->settings->replay, &statement->shape, &statement->features);
    note_meant(s, statement);
    statement->shaped_with = tn_settings_list_ref(s->settings);
    statement->oid_count = parse->oid_count;
    for (size_t i = 0; i < parse->oid_count; i++)
        statement->oids[i] = (uint32_t)tn_pg_get_i32(&parse->oids);
    *out = statement;
    return TN_OK;
}

enum tn_status tn_prepared_new(struct tn_session *s, struct tn_pg_parse *parse, struct tn_error *err)
{
    struct tn_prepared *statement;
    enum tn_status      status;
    size_t              size;

    if (parse->name.len > 0 && tn_map_get(&s->prepared, parse->name) != NULL)
        return tn_fail(err, TN_E_INVALID, "42P05", "prepared statement \"%.*s\" already exists",
                       (int)TN_MIN(parse->name.len, 200), parse->name.ptr);
    TN_TRY(tn_prepared_make(s, &statement, parse, err));
    size = parse->sql.len + tn_str(statement->meant).len;
    status = keep_bytes(s, size, err);
    if (status == TN_OK) {
        statement->session = s;
        statement->kept_bytes = size;
        status = keep_statement(s, statement, parse->name, err);
    }
    if (status != TN_OK)
        tn_prepared_unref(statement);
    return status;
}

enum tn_status tn_prepared_param_types(struct tn_prepared *statement, size_t count, const uint32_t *oids, struct tn_error *err)
{
    uint32_t *all;
    size_t    total = TN_MAX(count, statement->oid_count); /* a client may give types of parameters that are not there */

    all = tn_realloc(statement->oids, (total + 1) * sizeof *all);
    if (all == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for parameter types");
    statement->oids = all;
    for (size_t i = 0; i < total; i++)
        if (i >= statement->oid_count || all[i] == 0)
            all[i] = i < count && oids[i] != 0 ? oids[i] : TN_PG_TEXT; /* as PostgreSQL: what nothing decides is text */
    statement->oid_count = total;
    return TN_OK;
}

bool tn_prepared_forget(struct tn_session *s, struct tn_str name)
{
    struct tn_prepared *statement;

    if (name.len == 0) {
        statement = s->unnamed;
        s->unnamed = NULL;
    } else {
        statement = tn_map_remove(&s->prepared, name);
    }
    tn_prepared_unref(statement);
    return statement != NULL;
}

void tn_prepared_forget_all(struct tn_session *s)
{
    struct tn_map_entry *entry;
    size_t               at = 0;

    while ((entry = tn_map_next(&s->prepared, &at)) != NULL)
        tn_prepared_unref(entry->value);
    tn_map_reset(&s->prepared);
    tn_prepared_unref(s->unnamed);
    s->unnamed = NULL;
}

struct tn_portal *tn_portal_find(struct tn_session *s, struct tn_str name)
{
    return name.len == 0 ? s->unnamed_portal : tn_map_get(&s->portals, name);
}

static void free_held(struct tn_portal *portal)
{
    while (portal->held_first != NULL) {
        struct tn_chunk *next = portal->held_first->next;

        tn_chunk_free(portal->held_first);
        portal->held_first = next;
    }
    portal->held_last = NULL;
    portal->session->held_bytes -= portal->held_bytes;
    portal->held_bytes = 0;
}

void tn_portal_free(struct tn_session *s, struct tn_portal *portal)
{
    if (portal == NULL)
        return;
    if (s->unnamed_portal == portal)
        s->unnamed_portal = NULL;
    else if (portal->kept)
        tn_map_remove(&s->portals, tn_str(portal->name));
    free_held(portal);
    s->kept_bytes -= portal->kept_bytes;
    tn_error_reset(&portal->error);
    tn_prepared_unref(portal->statement);
    tn_settings_list_unref(portal->settings);
    tn_settings_list_unref(portal->running);
    tn_arena_reset(&portal->arena);
    tn_free(portal->name);
    tn_free(portal);
}

static enum tn_status copy_formats(struct tn_portal *portal, struct tn_pg_bind *bind, struct tn_error *err)
{
    portal->format_count = bind->result_format_count;
    portal->formats = tn_arena_alloc(&portal->arena, (bind->result_format_count + 1) * sizeof *portal->formats);
    if (portal->formats == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a portal");
    for (size_t i = 0; i < bind->result_format_count; i++) {
        portal->formats[i] = tn_pg_get_i16(&bind->result_formats);
        if (portal->formats[i] != 0 && portal->formats[i] != 1)
            return tn_fail(err, TN_E_INVALID, "22023", "unsupported format code: %d", portal->formats[i]);
    }
    tn_pg_encoder_init(&portal->encoder, &portal->settings->style, portal->formats, portal->format_count);
    return TN_OK;
}

static enum tn_status copy_param(struct tn_portal *portal, struct tn_pg_bind *bind, struct tn_param *param, size_t i,
                                 int16_t format, struct tn_error *err)
{
    int32_t        len = tn_pg_get_i32(&bind->params);
    struct tn_str  bytes = {NULL, 0};
    enum tn_status status;

    if (format != 0 && format != 1)
        return tn_fail(err, TN_E_INVALID, "22023", "unsupported format code: %d", format);
    if (len >= 0 && !tn_arena_str(&portal->arena, tn_pg_get_bytes(&bind->params, (size_t)len), &bytes))
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for parameters");
    param->pg_oid = i < portal->statement->oid_count ? portal->statement->oids[i] : 0;
    param->pg_format = format;
    param->pg_bytes = bytes;
    status = tn_pg_value_decode(param->pg_oid, format, bytes, &portal->settings->style, &portal->arena, &param->value, err);
    if (status == TN_E_UNSUPPORTED) { /* a type of the engine's own: only an engine of this protocol can take it */
        portal->params.raw_only = true;
        tn_error_reset(err);
        return TN_OK;
    }
    if (status != TN_OK)
        tn_error_detail(err, "parameter $%zu", i + 1);
    return status;
}

static enum tn_status copy_params(struct tn_portal *portal, struct tn_pg_bind *bind, struct tn_error *err)
{
    struct tn_param *items = tn_arena_zalloc(&portal->arena, (bind->param_count + 1) * sizeof *items);
    int16_t          one = 0;

    if (items == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for parameters");
    if (bind->param_format_count == 1)
        one = tn_pg_get_i16(&bind->param_formats);
    for (size_t i = 0; i < bind->param_count; i++)
        TN_TRY(copy_param(portal, bind, &items[i], i, bind->param_format_count > 1 ? tn_pg_get_i16(&bind->param_formats) : one,
                          err));
    portal->params.count = bind->param_count;
    portal->params.items = items;
    return TN_OK;
}

static enum tn_status fill_portal(struct tn_session *s, struct tn_portal *portal, struct tn_pg_bind *bind, struct tn_error *err)
{
    if (portal->name == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a portal");
    TN_TRY(keep_bytes(s, (size_t)(bind->params.end - bind->params.at), err));
    portal->kept_bytes = (size_t)(bind->params.end - bind->params.at);
    TN_TRY(copy_params(portal, bind, err));
    TN_TRY(copy_formats(portal, bind, err));
    if (bind->portal.len == 0) {
        s->unnamed_portal = portal;
        return TN_OK;
    }
    if (s->portals.count >= TN_SESSION_STATEMENTS)
        return tn_fail(err, TN_E_LIMIT, "54000", "more than %d portals in one session", TN_SESSION_STATEMENTS);
    if (!tn_map_put(&s->portals, bind->portal, portal, NULL))
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a portal");
    portal->kept = true;
    return TN_OK;
}

/* One comes and goes with every execution: all zero, but for the texts of its error. */
static struct tn_portal *new_portal(void)
{
    struct tn_portal *portal = tn_malloc(sizeof *portal);

    if (portal == NULL)
        return NULL;
    memset(portal, 0, offsetof(struct tn_portal, error));
    tn_error_init(&portal->error);
    return portal;
}

enum tn_status tn_portal_new(struct tn_session *s, struct tn_prepared *statement, struct tn_pg_bind *bind, struct tn_error *err)
{
    struct tn_portal *portal = new_portal();
    enum tn_status    status;

    if (portal == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a portal");
    tn_arena_init(&portal->arena, 0);
    portal->session = s;
    portal->name = tn_strndup(bind->portal.ptr, bind->portal.len);
    portal->statement = statement;
    statement->refs++;
    portal->settings = tn_settings_list_ref(s->settings);
    status = fill_portal(s, portal, bind, err);
    if (status != TN_OK)
        tn_portal_free(s, portal);
    return status;
}
