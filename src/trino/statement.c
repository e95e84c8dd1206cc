/* What a POST asks for: a change of the client's session, which is a header of the answer, or rows of an engine. */
#include "trino/private.h"

#include "frontend/trino/trino_prepared.h"
#include "session/route_plan.h"
#include "session/self.h"
#include "trino/bind.h"
#include "trino/command.h"
#include "trino/modes.h"
#include "trino/reply.h"
#include "trino/transaction.h"
#include "trino/zone.h"

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
        TN_TRY(tn_trino_settings_change(q, name.ptr, c->value, err));
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
    if (tn_trino_reply_by_trino(q)) {
        tn_trino_reply_use_there(q, c);
        return true;
    }
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
    case TN_TRINO_SET_AUTHORIZATION:
    case TN_TRINO_RESET_AUTHORIZATION: return !tn_auth_is_asked(q->home->trino->server->auth); /* else names are what was proved here */
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
    TN_TRY(tn_trino_settings_change(q, "TimeZone", tn_trino_zone(zone), err));
    return set_pair(q, "Set-Session", TN_STR(TIME_ZONE_PROPERTY), zone, err);
}

static enum tn_status start_transaction(struct tn_trino_query *q, const struct tn_trino_command *c, struct tn_error *err)
{
    if (q->request.transaction_id.ptr == NULL)
        return tn_fail(err, TN_E_INVALID, "0B000", "Client does not support transactions");
    if (q->transaction != NULL)
        return tn_fail(err, TN_E_UNSUPPORTED, "0A000", "Nested transactions not supported");
    TN_TRY(tn_trino_modes_check(c->value, q->text, err));
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

/* Whoever may call himself anything where nobody is asked may; else a name is what was proved. */
static enum tn_status set_authorization(struct tn_trino_query *q, const struct tn_trino_command *c, struct tn_error *err)
{
    if (q->transaction != NULL)
        return tn_fail(err, TN_E_INVALID, "42000", "Can't set authorization user in the middle of a transaction");
    if (tn_auth_is_asked(q->home->trino->server->auth) && !tn_str_eq(c->name, q->identity->user))
        return tn_fail(err, TN_E_DENIED, "42501", "Access Denied: User %.*s cannot impersonate user %.*s", (int)TN_MIN(q->identity->user.len, (size_t)128),
                       q->identity->user.ptr, (int)TN_MIN(c->name.len, (size_t)128), c->name.ptr);
    return set_header(q, "Set-Authorization-User", c->name, err);
}

static enum tn_status reset_authorization(struct tn_trino_query *q, struct tn_error *err)
{
    if (q->transaction != NULL)
        return tn_fail(err, TN_E_INVALID, "42000", "Can't reset authorization user in the middle of a transaction");
    return set_header(q, "Reset-Authorization-User", TN_STR("true"), err);
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
    case TN_TRINO_SET_AUTHORIZATION: return set_authorization(q, c, err);
    case TN_TRINO_RESET_AUTHORIZATION: return reset_authorization(q, err);
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
                           .time_zone = tn_trino_settings_zone(q), .version = TN_STR(TN_TRINO_VERSION)};

    struct tn_str  text = q->text;
    enum tn_status status = tn_self_replace(text, TN_DIALECT_TRINO, &self, &q->arena, &q->text, err);

    if (status != TN_OK || q->text.ptr == text.ptr || !tn_trino_reply_by_trino(q))
        return status;
    self.unnamed = true; /* as it names such columns */
    self.version = tn_str_n(NULL, 0); /* it has its own */
    return tn_self_replace(text, TN_DIALECT_TRINO, &self, &q->arena, &q->text, err);
}

static enum tn_status count_values(struct tn_str text, const struct tn_trino_command *c, struct tn_error *err)
{
    size_t wanted = tn_trino_count_params(text);

    if (wanted == c->argument_count)
        return TN_OK;
    tn_fail(err, TN_E_INVALID, "42P02", "Incorrect number of parameters: expected %zu but found %zu", wanted, c->argument_count);
    err->position = 1; /* of the EXECUTE */
    return TN_E_INVALID;
}

static void execute(struct tn_trino_query *q, const struct tn_trino_command *c)
{
    struct tn_error         err = TN_ERROR_INIT;
    struct tn_trino_command inner;
    struct tn_params        params = {.count = 0};
    struct tn_str           text;
    enum tn_status          status = prepared_text(q, c, &text, &err);

    if (status == TN_OK)
        status = count_values(text, c, &err);
    if (status == TN_OK) {
        q->text = text;
        q->place = c->kind == TN_TRINO_EXECUTE ? (struct tn_trino_place){.sql = text} : tn_trino_place_inner(&q->place, c->statement_at, text);
    }
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

/* EXPLAIN ROUTE EXECUTE ..: of the statement that would run. False: the text is something else. */
static bool explain_execute(struct tn_trino_query *q)
{
    struct tn_route_plan_asked asked;
    struct tn_trino_command    c;
    struct tn_error            err = TN_ERROR_INIT;
    struct tn_params           params = {.count = 0};
    struct tn_buf              whole;
    struct tn_str              text;
    enum tn_status             status;

    if (!tn_route_plan_asked(q->text, &asked) || tn_trino_command_read(&c, asked.sql, &q->arena, NULL) != TN_OK ||
        (c.kind != TN_TRINO_EXECUTE && c.kind != TN_TRINO_EXECUTE_IMMEDIATE))
        return false;
    status = prepared_text(q, &c, &text, &err);
    if (status == TN_OK)
        status = count_values(text, &c, &err);
    if (status == TN_OK)
        status = tn_trino_bind(text, c.arguments, c.argument_count, false, &q->arena, &text, &params, &err);
    tn_buf_init(&whole, TN_ROUTE_PLAN_TEXT_MAX * 2);
    tn_buf_put_str(&whole, tn_str_n(q->text.ptr, (size_t)(asked.sql.ptr - q->text.ptr)));
    tn_buf_put_str(&whole, text);
    if (status == TN_OK && (whole.failed || !tn_arena_str(&q->arena, tn_buf_str(&whole), &q->text)))
        status = no_room(&err);
    tn_buf_reset(&whole);
    if (status == TN_OK)
        tn_trino_reply_rows(q, params, TN_RUN_EXECUTE);
    else
        tn_trino_query_fail(q, &err);
    return true;
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
    case TN_TRINO_ENGINES:
        if (!explain_execute(q))
            tn_trino_reply_rows(q, (struct tn_params){.count = 0}, TN_RUN_EXECUTE);
        return;
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

    if (status == TN_OK)
        q->place = tn_trino_place_inner(&q->place, (size_t)(q->text.ptr - q->sql.ptr), q->text);
    q->sql = status == TN_OK ? q->text : q->sql;
    if (status == TN_OK)
        status = tn_trino_settings_make(q, &err);
    if (status == TN_OK)
        status = tn_trino_transaction_find(q, &err);
    if (status != TN_OK)
        tn_trino_query_fail(q, &err);
    else if (!tn_trino_transaction_wait(q))
        tn_trino_statement_go_on(q);
}
