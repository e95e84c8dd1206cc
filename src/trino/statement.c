/* What a POST asks for: a change of the client's session, which is a header of the answer, or rows of an engine. */
#include "trino/private.h"

#include "frontend/trino/trino_prepared.h"
#include "session/self.h"
#include "trino/bind.h"
#include "trino/command.h"
#include "trino/reply.h"
#include "trino/transaction.h"
#include "trino/zone.h"

#define TIME_ZONE_PROPERTY "time_zone_id"

/* ---- the settings of a run ---- */

static enum tn_status change(struct tn_trino_query *q, const char *name, struct tn_str value, struct tn_error *err)
{
    const struct tn_snapshot *snapshot = tn_runtime_of(q->home->worker)->snapshot;

    return tn_settings_change(&q->settings, tn_str(name), value, TN_CFG_ENGINE_UNSET, false, false, snapshot, err);
}

/* The client's tags and those of SET SESSION turnout.tags. */
static enum tn_status set_tags(struct tn_trino_query *q, struct tn_error *err)
{
    struct tn_str own = tn_trino_pair(&q->request.session, TN_STR("turnout.tags")), item;
    struct tn_buf text;
    size_t        at = 0;
    enum tn_status status = TN_OK;

    tn_buf_init(&text, 65536);
    while (tn_trino_list_next(q->request.client_tags, &at, &item)) {
        if (text.len > 0)
            tn_buf_put_u8(&text, ',');
        tn_buf_put_str(&text, item);
    }
    if (own.len > 0)
        tn_buf_printf(&text, "%s" TN_STR_FMT, text.len > 0 ? "," : "", TN_STR_ARG(own));
    if (text.len > 0)
        status = change(q, "turnout.tags", tn_buf_str(&text), err);
    tn_buf_reset(&text);
    return status;
}

static bool is_tags(struct tn_str name)
{
    return tn_str_eq_c(name, "turnout.tags");
}

/* "30m", "1.5h", "500ms" as Trino writes durations; 0 = none such. */
static uint64_t duration_ms(struct tn_str text)
{
    static const struct {
        const char *unit;
        double      ms;
    } units[] = {{"ms", 1}, {"s", 1e3}, {"m", 6e4}, {"h", 36e5}, {"d", 864e5}};
    size_t len = 0;
    double value;

    while (len < text.len && ((text.ptr[len] >= '0' && text.ptr[len] <= '9') || text.ptr[len] == '.'))
        len++;
    if (!tn_str_to_double(tn_str_n(text.ptr, len), &value))
        return 0;
    for (size_t i = 0; i < TN_ARRAY_LEN(units); i++)
        if (tn_str_eq_c(tn_str_trim(tn_str_n(text.ptr + len, text.len - len)), units[i].unit))
            return value * units[i].ms < 1e15 ? (uint64_t)(value * units[i].ms) : 0;
    return 0;
}

static enum tn_status set_timeout(struct tn_trino_query *q, struct tn_error *err)
{
    static const char *const names[] = {"query_max_run_time", "query_max_execution_time"};
    uint64_t                 least = 0;
    char                     text[32];

    for (size_t i = 0; i < TN_ARRAY_LEN(names); i++) {
        uint64_t ms = duration_ms(tn_trino_pair(&q->request.session, tn_str(names[i])));

        if (ms > 0 && (least == 0 || ms < least))
            least = ms;
    }
    if (least == 0)
        return TN_OK;
    snprintf(text, sizeof text, "%llu", (unsigned long long)least);
    return change(q, "statement_timeout", tn_str(text), err);
}

/* To engines of MySQL's kind it is a database, which the server need not have: then names are of the cluster's own, as they are
 * elsewhere. */
static enum tn_status set_schema(struct tn_trino_query *q, struct tn_error *err)
{
    const struct tn_snapshot *snapshot = tn_runtime_of(q->home->worker)->snapshot;
    struct tn_buf             text;
    enum tn_status            status;

    if (q->request.schema.len == 0)
        return TN_OK;
    TN_TRY(tn_settings_change(&q->settings, TN_STR("login_database"), q->request.schema, TN_CFG_ENGINE_MYSQL, false, true, snapshot, err));
    tn_buf_init(&text, 4096);
    tn_buf_put_quoted(&text, q->request.schema, '"');
    status = change(q, "search_path", tn_buf_str(&text), err);
    tn_buf_reset(&text);
    return status;
}

/* "query_priority", "hive.some_property" */
static bool is_property(struct tn_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = tn_ascii_lower(name.ptr[i]);

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.'))
            return false;
    }
    return name.len > 0 && tn_setting_find(name) < 0 && !tn_str_starts(name, TN_STR("turnout.")) &&
           !tn_str_starts(name, TN_STR("x-trino-")) && !tn_str_ieq_c(name, TIME_ZONE_PROPERTY);
}

/* What is longer than any of Trino's properties is none: no reason to refuse the statement of another engine. */
static enum tn_status change_trinos(struct tn_trino_query *q, struct tn_str name, struct tn_str value, struct tn_error *err)
{
    const struct tn_snapshot *snapshot = tn_runtime_of(q->home->worker)->snapshot;
    enum tn_status            status = TN_OK;

    if (value.len > 0)
        status = tn_settings_change(&q->settings, name, value, TN_CFG_ENGINE_TRINO, false, false, snapshot, err);
    if (status != TN_E_LIMIT)
        return status;
    tn_error_reset(err);
    return TN_OK;
}

/* What a Trino is told as its own client would have told it, and no other engine. */
static enum tn_status set_trinos(struct tn_trino_query *q, struct tn_error *err)
{
    const struct tn_trino_pairs *session = &q->request.session;

    TN_TRY(change_trinos(q, TN_STR("x-trino-catalog"), q->request.catalog, err));
    TN_TRY(change_trinos(q, TN_STR("x-trino-schema"), q->request.schema, err));
    TN_TRY(change_trinos(q, TN_STR("x-trino-path"), q->request.path, err));
    for (size_t i = 0; i < session->count; i++)
        if (is_property(session->items[i].name))
            TN_TRY(change_trinos(q, session->items[i].name, session->items[i].value, err));
    return TN_OK;
}

static struct tn_str time_zone(const struct tn_trino_query *q)
{
    struct tn_str own = tn_trino_pair(&q->request.session, TN_STR(TIME_ZONE_PROPERTY)); /* SET TIME ZONE */

    return tn_trino_zone(own.len > 0 ? own : q->request.time_zone);
}

static enum tn_status make_settings(struct tn_trino_query *q, struct tn_error *err)
{
    const struct tn_trino_pairs *session = &q->request.session;
    struct tn_str                zone = time_zone(q);

    q->settings = tn_settings_list_new();
    if (q->settings == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a session's settings");
    if (zone.len > 0)
        TN_TRY(change(q, "TimeZone", zone, err));
    TN_TRY(set_schema(q, err));
    TN_TRY(set_timeout(q, err));
    TN_TRY(set_tags(q, err));
    TN_TRY(set_trinos(q, err));
    for (size_t i = 0; i < session->count; i++)
        if (tn_str_starts(session->items[i].name, TN_STR("turnout.")) && !is_tags(session->items[i].name))
            TN_TRY(change(q, session->items[i].name.ptr, session->items[i].value, err));
    tn_trino_encoder_init(&q->encoder, q->parametric, q->settings->tz);
    return TN_OK;
}

/* ---- changes of the session ---- */

static enum tn_status no_room(struct tn_error *err)
{
    return tn_fail(err, TN_E_NOMEM, "53200", "no memory for an answer");
}

static enum tn_status set_header(struct tn_trino_query *q, const char *name, struct tn_str value, struct tn_error *err)
{
    return tn_trino_set(q, name, value) ? TN_OK : no_room(err);
}

/* NAME=VALUE, both coded. */
static enum tn_status set_pair(struct tn_trino_query *q, const char *header, struct tn_str name, struct tn_str value, struct tn_error *err)
{
    struct tn_str coded_name, coded_value;
    struct tn_buf text;
    bool          ok = tn_trino_encode(&q->arena, name, &coded_name) && tn_trino_encode(&q->arena, value, &coded_value);

    if (!ok)
        return no_room(err);
    tn_buf_init(&text, 16 * 1024 * 1024);
    tn_buf_put_str(&text, coded_name);
    tn_buf_put_u8(&text, '=');
    tn_buf_put_str(&text, coded_value);
    ok = !text.failed && tn_trino_set(q, header, tn_buf_str(&text));
    tn_buf_reset(&text);
    return ok ? TN_OK : no_room(err);
}

static struct tn_str property_name(struct tn_trino_query *q, const struct tn_trino_command *c)
{
    struct tn_buf text;
    struct tn_str out = {NULL, 0};

    if (c->schema.ptr == NULL)
        return c->name;
    tn_buf_init(&text, 65536);
    tn_buf_put_str(&text, c->schema);
    tn_buf_put_u8(&text, '.');
    tn_buf_put_str(&text, c->name);
    if (text.failed || !tn_arena_str(&q->arena, tn_buf_str(&text), &out))
        out = tn_str_n(NULL, 0);
    tn_buf_reset(&text);
    return out;
}

/* Only names of turnout.* are checked where no Trino is asked (ask_there()): the others are an engine's, and which one it will be is not
 * known here. */
static enum tn_status set_session(struct tn_trino_query *q, const struct tn_trino_command *c, struct tn_error *err)
{
    struct tn_str name = property_name(q, c);

    if (name.ptr == NULL)
        return no_room(err);
    if (tn_str_starts(name, TN_STR("turnout.")))
        TN_TRY(change(q, name.ptr, c->value, err));
    return set_pair(q, "Set-Session", name, c->value, err);
}

static enum tn_status use(struct tn_trino_query *q, const struct tn_trino_command *c, struct tn_error *err)
{
    if (c->schema.ptr != NULL)
        TN_TRY(set_header(q, "Set-Catalog", c->schema, err));
    return set_header(q, "Set-Schema", c->name, err);
}

/* Routers shall see what the client will say from now on. */
static void set_client_header(struct tn_trino_query *q, const char *name, struct tn_str value)
{
    for (size_t i = 0; i < q->header_count; i++)
        if (tn_str_eq_c(q->headers[i].key, name))
            q->headers[i].value = value;
}

/* Only an engine knows its schemas. False: nobody need be asked. */
static bool ask_use(struct tn_trino_query *q, const struct tn_trino_command *c)
{
    if (c->schema.ptr != NULL) {
        q->request.catalog = c->schema;
        set_client_header(q, "x-trino-catalog", c->schema);
    }
    set_client_header(q, "x-trino-schema", c->name);
    if (q->transaction != NULL)
        return false;
    if (tn_trino_reply_by_trino(q))
        return tn_trino_reply_use_there(q, c);
    if (tn_trino_reply_engines_own(q))
        return false;
    tn_trino_reply_use(q, c);
    return true;
}

void tn_trino_use_end(struct tn_trino_query *q)
{
    const struct tn_trino_command *c = q->use;
    struct tn_str                  catalog = q->request.catalog; /* the one of USE, if it names one */

    if (!q->use_found)
        tn_fail(&q->error, TN_E_INVALID, "42704", "Schema does not exist: %.*s%s%.*s", (int)TN_MIN(catalog.len, (size_t)100),
                catalog.len > 0 ? catalog.ptr : "", catalog.len > 0 ? "." : "", (int)TN_MIN(c->name.len, (size_t)100), c->name.ptr);
    else
        (void)use(q, c, &q->error);
}

/* What a Trino checks and works out itself: properties that are none of ours, roles, paths, zones. Of a PREPARE it tells the text anew, without
 * comments, where hints may be. */
static bool is_trinos(struct tn_trino_query *q, const struct tn_trino_command *c)
{
    struct tn_str text = c->statement, name;

    switch ((int)c->kind) {
    case TN_TRINO_SET_SESSION:
    case TN_TRINO_RESET_SESSION:
        name = property_name(q, c);
        return name.ptr != NULL && !tn_str_starts(name, TN_STR("turnout."));
    case TN_TRINO_SET_TIME_ZONE: return !tn_str_ieq_c(c->value, "LOCAL");
    case TN_TRINO_PREPARE: return memmem(text.ptr, text.len, "/*", 2) == NULL && memmem(text.ptr, text.len, "--", 2) == NULL;
    case TN_TRINO_SET_ROLE:
    case TN_TRINO_SET_PATH: return true;
    default: return false;
    }
}

/* The Trino that the client's statements go to answers, with the header for the client's session. False: they go elsewhere, or nobody knows where. */
static bool ask_there(struct tn_trino_query *q, const struct tn_trino_command *c)
{
    if (!is_trinos(q, c) || !tn_trino_reply_by_trino(q))
        return false;
    q->as_said = true;
    tn_trino_run(q);
    return true;
}

/* Roles are Turnout's matter, not a statement's: the client's wish is remembered by the client. */
static enum tn_status set_role(struct tn_trino_query *q, const struct tn_trino_command *c, struct tn_error *err)
{
    struct tn_buf text;
    bool          ok;

    tn_buf_init(&text, 65536);
    if (tn_str_eq_c(c->name, "all") || tn_str_eq_c(c->name, "none"))
        tn_buf_puts(&text, tn_str_eq_c(c->name, "all") ? "ALL" : "NONE");
    else
        tn_buf_printf(&text, "ROLE{\"" TN_STR_FMT "\"}", TN_STR_ARG(c->name));
    ok = !text.failed;
    if (ok)
        ok = set_pair(q, "Set-Role", c->catalog.ptr != NULL ? c->catalog : TN_STR("system"), tn_buf_str(&text), err) == TN_OK;
    tn_buf_reset(&text);
    return ok ? TN_OK : no_room(err);
}

/* LOCAL: that of the client again. */
static enum tn_status set_time_zone(struct tn_trino_query *q, const struct tn_trino_command *c, struct tn_error *err)
{
    struct tn_str zone = c->value;
    char          offset[TN_TRINO_OFFSET];

    if (tn_str_ieq_c(zone, "LOCAL"))
        return set_header(q, "Clear-Session", TN_STR(TIME_ZONE_PROPERTY), err);
    if (tn_trino_zone_interval(zone, offset))
        zone = tn_str(offset);
    TN_TRY(change(q, "TimeZone", tn_trino_zone(zone), err));
    return set_pair(q, "Set-Session", TN_STR(TIME_ZONE_PROPERTY), zone, err);
}

static enum tn_status start_transaction(struct tn_trino_query *q, const struct tn_trino_command *c, struct tn_error *err)
{
    if (q->transaction != NULL)
        return tn_fail(err, TN_E_UNSUPPORTED, "0A000", "Nested transactions not supported");
    TN_TRY(tn_trino_check_modes(c->value, err));
    return tn_trino_transaction_start(q, c->value, err);
}

static enum tn_status prepare(struct tn_trino_query *q, const struct tn_trino_command *c, struct tn_error *err)
{
    struct tn_trino_command inner;
    struct tn_str           text;

    TN_TRY(tn_trino_command_read(&inner, c->statement, &q->arena, NULL) == TN_E_NOMEM ? no_room(err) : TN_OK);
    if (inner.kind == TN_TRINO_PREPARE || inner.kind == TN_TRINO_EXECUTE || inner.kind == TN_TRINO_EXECUTE_IMMEDIATE ||
        inner.kind == TN_TRINO_DEALLOCATE)
        return tn_fail(err, TN_E_UNSUPPORTED, "0A000", "Invalid statement type for prepared statement");
    return tn_trino_prepared_put(&q->arena, c->statement, &text) ? set_pair(q, "Added-Prepare", c->name, text, err) : no_room(err);
}

static enum tn_status not_prepared(struct tn_str name, struct tn_error *err)
{
    return tn_fail(err, TN_E_INVALID, "26000", "Prepared statement not found: %.*s", (int)TN_MIN(name.len, (size_t)128), name.ptr);
}

static enum tn_status deallocate(struct tn_trino_query *q, const struct tn_trino_command *c, struct tn_error *err)
{
    struct tn_str coded;

    if (tn_trino_pair(&q->request.prepared, c->name).ptr == NULL)
        return not_prepared(c->name, err);
    return tn_trino_encode(&q->arena, c->name, &coded) ? set_header(q, "Deallocated-Prepare", coded, err) : no_room(err);
}

static enum tn_status change_session(struct tn_trino_query *q, const struct tn_trino_command *c, struct tn_error *err)
{
    struct tn_str name;

    switch ((int)c->kind) {
    case TN_TRINO_USE: return use(q, c, err);
    case TN_TRINO_SET_SESSION: return set_session(q, c, err);
    case TN_TRINO_RESET_SESSION:
        name = property_name(q, c);
        return name.ptr != NULL ? set_header(q, "Clear-Session", name, err) : no_room(err);
    case TN_TRINO_SET_ROLE: return set_role(q, c, err);
    case TN_TRINO_SET_PATH: return set_header(q, "Set-Path", c->value, err);
    case TN_TRINO_SET_TIME_ZONE: return set_time_zone(q, c, err);
    case TN_TRINO_PREPARE: return prepare(q, c, err);
    case TN_TRINO_DEALLOCATE: return deallocate(q, c, err);
    case TN_TRINO_START: return start_transaction(q, c, err);
    default:
        return tn_fail(err, TN_E_UNSUPPORTED, "0A000", "%s is not supported", tn_trino_command_update_type(c->kind));
    }
}

/* ---- prepared statements ---- */

static void dispatch(struct tn_trino_query *q, const struct tn_trino_command *c);

static enum tn_status prepared_text(struct tn_trino_query *q, const struct tn_trino_command *c, struct tn_str *text, struct tn_error *err)
{
    if (c->kind == TN_TRINO_EXECUTE_IMMEDIATE) {
        *text = c->statement;
        return TN_OK;
    }
    *text = tn_trino_pair(&q->request.prepared, c->name);
    return text->ptr != NULL ? tn_trino_prepared_read(&q->arena, *text, text, err) : not_prepared(c->name, err);
}

static enum tn_status replace_self(struct tn_trino_query *q, struct tn_error *err)
{
    struct tn_self self = {.user = q->identity->user, .trino = true, .catalog = q->request.catalog, .schema = q->request.schema,
                           .time_zone = time_zone(q), .version = TN_STR(TN_TRINO_VERSION)};

    return tn_self_replace(q->text, TN_DIALECT_TRINO, &self, &q->arena, &q->text, err);
}

static void execute(struct tn_trino_query *q, const struct tn_trino_command *c)
{
    struct tn_error         err = TN_ERROR_INIT;
    struct tn_trino_command inner;
    struct tn_params        params = {.count = 0};
    struct tn_str           text;
    enum tn_status          status = prepared_text(q, c, &text, &err);

    if (status == TN_OK)
        q->text = text;
    if (status == TN_OK)
        status = tn_trino_bind(text, c->arguments, c->argument_count, tn_trino_reply_by_trino(q), &q->arena, &q->text, &params, &err);
    if (status == TN_OK)
        status = replace_self(q, &err);
    if (status == TN_OK)
        status = tn_trino_command_read(&inner, q->text, &q->arena, &err);
    if (status != TN_OK)
        tn_trino_query_fail(q, &err);
    else if (inner.kind == TN_TRINO_EXECUTE || inner.kind == TN_TRINO_EXECUTE_IMMEDIATE) {
        tn_fail(&err, TN_E_UNSUPPORTED, "0A000", "EXECUTE of an EXECUTE is not supported");
        tn_trino_query_fail(q, &err);
    } else if (inner.kind != TN_TRINO_ENGINES)
        dispatch(q, &inner);
    else
        tn_trino_reply_rows(q, params, TN_RUN_EXECUTE);
}

static void describe(struct tn_trino_query *q, const struct tn_trino_command *c)
{
    struct tn_error err = TN_ERROR_INIT;
    struct tn_str   text;
    bool            input = c->kind == TN_TRINO_DESCRIBE_INPUT;

    if (prepared_text(q, c, &text, &err) != TN_OK)
        tn_trino_query_fail(q, &err);
    else if (tn_trino_reply_described_there(q, text, input))
        return;
    else if (input)
        tn_trino_reply_input(q, text);
    else
        tn_trino_reply_output(q, text);
}

/* ---- all ---- */

static void end_transaction(struct tn_trino_query *q, const struct tn_trino_command *c)
{
    struct tn_error err = TN_ERROR_INIT;

    if (q->transaction == NULL) {
        tn_fail(&err, TN_E_INVALID, "25P01", "No transaction in progress");
        tn_trino_query_fail(q, &err);
        return;
    }
    if (set_header(q, "Clear-Transaction-Id", TN_STR("true"), &err) != TN_OK) {
        tn_trino_query_fail(q, &err);
        return;
    }
    q->end = c->kind == TN_TRINO_COMMIT ? TN_ASK_COMMIT : TN_ASK_ROLLBACK;
    snprintf(q->update_type, sizeof q->update_type, "%s", tn_trino_command_update_type(c->kind));
    tn_trino_run(q);
}

static void dispatch(struct tn_trino_query *q, const struct tn_trino_command *c)
{
    struct tn_error err = TN_ERROR_INIT;

    switch ((int)c->kind) {
    case TN_TRINO_ENGINES: tn_trino_reply_rows(q, (struct tn_params){.count = 0}, TN_RUN_EXECUTE); return;
    case TN_TRINO_EXECUTE:
    case TN_TRINO_EXECUTE_IMMEDIATE: execute(q, c); return;
    case TN_TRINO_DESCRIBE_INPUT:
    case TN_TRINO_DESCRIBE_OUTPUT: describe(q, c); return;
    case TN_TRINO_COMMIT:
    case TN_TRINO_ROLLBACK: end_transaction(q, c); return;
    default: break;
    }
    if (tn_trino_command_update_type(c->kind)[0] == '\0') {
        tn_trino_reply_show(q, c);
        return;
    }
    snprintf(q->update_type, sizeof q->update_type, "%s", tn_trino_command_update_type(c->kind));
    if (ask_there(q, c))
        return;
    tn_buf_puts(&q->columns, "\"columns\":[]");
    if (c->kind == TN_TRINO_USE && ask_use(q, c))
        return;
    if (change_session(q, c, &err) != TN_OK)
        tn_trino_query_fail(q, &err);
    else
        tn_trino_query_done(q);
}

static bool is_end(const struct tn_trino_command *c)
{
    return c->kind == TN_TRINO_ROLLBACK || c->kind == TN_TRINO_COMMIT;
}

/* As Trino reads it; or else as the engines that are asked in their own SQL do ($$ .. ; .. $$). */
static enum tn_status one_statement(struct tn_trino_query *q, struct tn_error *err)
{
    enum tn_status status = tn_ask_statement(q->sql, TN_DIALECT_TRINO, &q->text, err);

    if (status == TN_OK || tn_ask_statement(q->sql, TN_DIALECT_POSTGRES, &q->text, NULL) != TN_OK)
        return status;
    tn_error_reset(err);
    return TN_OK;
}

void tn_trino_statement_go_on(struct tn_trino_query *q)
{
    struct tn_trino_command command = {.kind = TN_TRINO_ENGINES};
    struct tn_error         err = TN_ERROR_INIT;
    enum tn_status          status = tn_trino_command_read(&command, q->text, &q->arena, &err);

    if (status == TN_E_INVALID && tn_trino_reply_by_trino(q)) { /* begun as one of ours: it may know more, or says in its words what is wrong */
        tn_error_reset(&err);
        status = TN_OK;
        q->as_said = true;
    }
    if (status == TN_OK && command.kind == TN_TRINO_ENGINES)
        status = replace_self(q, &err);
    if (status == TN_OK && !is_end(&command) && q->transaction != NULL && q->transaction->ask.failed)
        status = tn_fail(&err, TN_E_DENIED, "25P02", "Current transaction is aborted, commands ignored until end of transaction block");
    if (status != TN_OK)
        tn_trino_query_fail(q, &err);
    else
        dispatch(q, &command);
}

void tn_trino_statement(struct tn_trino_query *q)
{
    struct tn_error err = TN_ERROR_INIT;
    enum tn_status  status = one_statement(q, &err);

    q->sql = status == TN_OK ? q->text : q->sql;
    if (status == TN_OK)
        status = make_settings(q, &err);
    if (status == TN_OK)
        status = tn_trino_transaction_find(q, &err);
    if (status != TN_OK)
        tn_trino_query_fail(q, &err);
    else if (!tn_trino_transaction_wait(q))
        tn_trino_statement_go_on(q);
}
