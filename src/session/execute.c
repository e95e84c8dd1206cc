/* One statement of a session: its own commands here, all others through the pipeline. */
#include "session/private.h"
#include "session/self.h"
#include "session/wishes.h"

#include "stats/lexer.h"

static void reply_error(struct tn_session *s, tn_reply_fn fn, struct tn_error *err)
{
    struct tn_reply reply = {.error = err};

    tn_transaction_failed(s);
    fn(s, &reply);
    tn_error_reset(err);
}

/* ---- command tags ---- */

/* CREATE [OR REPLACE] [TEMP ...] [UNIQUE] [MATERIALIZED] thing, ALTER thing, DROP thing */
static void ddl_tag(char *tag, size_t size, const struct tn_query *q)
{
    static const char *const skipped[] = {"or", "replace", "temp", "temporary", "unlogged", "unique", "global", "local", "recursive",
                                          "persistent", "secret", "virtual"};
    struct tn_lexer lexer;
    struct tn_token token;
    const char     *verb = tn_verb_name(q->features.verb);
    bool            skip = true;

    tn_lexer_init(&lexer, q->text, TN_DIALECT_POSTGRES);
    tn_lexer_next(&lexer, &token); /* the verb */
    while (skip && tn_lexer_next(&lexer, &token)) {
        skip = false;
        for (size_t i = 0; i < TN_ARRAY_LEN(skipped); i++)
            skip = skip || tn_str_ieq_c(token.text, skipped[i]);
    }
    snprintf(tag, size, "%s %.*s", verb, (int)TN_MIN(token.text.len, 30), token.text.ptr == NULL ? "" : token.text.ptr);
    for (char *c = tag; *c != '\0'; c++)
        *c = *c >= 'a' && *c <= 'z' ? (char)(*c - 32) : *c;
}

static enum tn_verb effective_verb(const struct tn_features *features)
{
    return features->verb == TN_VERB_WITH && features->inner_verb != TN_VERB_OTHER ? features->inner_verb : features->verb;
}

void tn_execute_build_tag(char *tag, size_t size, const struct tn_query *q)
{
    const struct tn_run *run = &q->run;

    if (run->tag[0] != '\0') {
        tn_str_copy(tag, size, tn_str(run->tag));
        return;
    }
    switch (effective_verb(&q->features)) {
    case TN_VERB_INSERT:
    case TN_VERB_REPLACE:
        snprintf(tag, size, "INSERT 0 %llu", (unsigned long long)run->affected);
        break;
    case TN_VERB_UPDATE:
    case TN_VERB_DELETE:
    case TN_VERB_MERGE:
        snprintf(tag, size, "%s %llu", tn_verb_name(effective_verb(&q->features)), (unsigned long long)run->affected);
        break;
    case TN_VERB_CREATE:
    case TN_VERB_ALTER:
    case TN_VERB_DROP:
        ddl_tag(tag, size, q);
        break;
    case TN_VERB_EXPLAIN: snprintf(tag, size, "EXPLAIN"); break;
    case TN_VERB_TRUNCATE: snprintf(tag, size, "TRUNCATE TABLE"); break;
    default:
        if (run->rows > 0 || q->features.class == TN_CLASS_READ || q->features.verb == TN_VERB_OTHER)
            snprintf(tag, size, "SELECT %llu", (unsigned long long)run->rows);
        else
            snprintf(tag, size, "%s", tn_verb_name(q->features.verb));
    }
}

/* ---- what a query is given ---- */

static bool fill_client(struct tn_session *s, struct tn_query *q, struct tn_error *err)
{
    s->headers[0].value = s->settings->application;
    q->client.protocol = "postgresWire";
    q->client.several = s->run.several;
    q->client.user = tn_str(s->user);
    q->client.user_group_count = s->identity->group_count;
    q->client.user_groups = s->identity->groups;
    q->client.database = tn_str(s->database);
    q->client.application = s->headers[0].value;
    q->client.client_address = tn_str(s->client.peer);
    q->client.header_count = s->header_count;
    q->client.headers = s->headers;
    return tn_wishes_fill(q, s->settings, err) == TN_OK;
}

/* BEGIN with the modes that the client gave; without memory the statement must not run outside of its transaction. */
static bool fill_prelude(struct tn_session *s, struct tn_query *q, struct tn_error *err)
{
    struct tn_buf begin;
    bool          ok;

    tn_buf_init(&begin, 8192);
    tn_buf_printf(&begin, "BEGIN " TN_STR_FMT, TN_STR_ARG(s->tx.modes));
    ok = !begin.failed && tn_arena_str(&q->arena, tn_str_trim(tn_buf_str(&begin)), &q->prelude);
    tn_buf_reset(&begin);
    return ok || tn_fail(err, TN_E_NOMEM, "53200", "no memory for a transaction") == TN_OK;
}

static bool fill_transaction(struct tn_session *s, struct tn_query *q, struct tn_error *err)
{
    bool inside = s->tx.state != TN_TX_IDLE;

    if (q->own_member != NULL)
        return true;
    q->read_only = tn_transaction_read_only(s);
    if (s->lease != NULL) {
        q->lease = s->lease;
        q->pinned = true;
        tn_snapshot_unref(q->snapshot); /* the lease's group and cluster belong to its snapshot */
        q->snapshot = tn_snapshot_ref(s->lease->snapshot);
    }
    if (q->kind == TN_RUN_DESCRIBE) {
        q->keep_lease = q->pinned;
        return true;
    }
    q->keep_lease = inside || q->pinned || q->features.needs_session;
    q->needs_writable = (inside && !s->tx.read_only) || q->features.needs_session;
    return s->tx.state != TN_TX_LAZY || fill_prelude(s, q, err);
}

enum tn_status tn_execute_fill(struct tn_session *s, struct tn_query *q, struct tn_error *err)
{
    if (fill_client(s, q, err) && fill_transaction(s, q, err))
        return TN_OK;
    return err->status != TN_OK ? err->status : TN_E_NOMEM;
}

static void fill_run(struct tn_session *s, struct tn_query *q, const struct tn_statement_run *run)
{
    q->run.params = run->params;
    q->run.param_oids = run->param_oids;
    q->run.param_oid_count = run->param_oid_count;
    q->run.prepare = run->prepare;
    q->run.extended = run->extended;
    q->run.encoder = run->encoder;
    q->run.settings = &s->settings->replay;
    q->timeout_us = s->settings->statement_timeout_us;
    if (run->affinity.len > 0)
        q->affinity = tn_topology_cluster(q->snapshot->topology, run->affinity);
    q->told = run->told;
}

/* Engines know an account of ours, not who has logged in here. */
static enum tn_status fill_text(const struct tn_session *s, struct tn_query *q, struct tn_str sql, struct tn_error *err)
{
    struct tn_self self = {.user = s->identity->user};

    if (q->own_member != NULL)
        return tn_session_catalog_text(s, q, sql, err);
    q->text = sql;
    if (s->console || s->identity->proof == TN_PROOF_NONE || (q->features.class != TN_CLASS_READ && q->features.class != TN_CLASS_WRITE &&
                                                               q->features.class != TN_CLASS_DDL))
        return TN_OK;
    return tn_self_replace(sql, TN_DIALECT_POSTGRES, &self, &q->arena, &q->text, err);
}

static void fill_own(const struct tn_session *s, struct tn_query *q, const struct tn_statement_run *run)
{
    q->own = s->console ? s->runtime->server->console->group : run->own;
    if (run->own != NULL)
        q->own_member = tn_cluster_ref(run->own->members[0]);
}

/* A suspended portal has the connection that the statement will want: its rows are taken in first. */
static bool wait_for_suspended(struct tn_session *s)
{
    struct tn_portal *portal;

    while ((portal = tn_extended_in_the_way(s)) != NULL) {
        tn_extended_drain(s, portal);
        if (portal->query != NULL) {
            s->deferred = TN_DEFERRED_RUN;
            return true;
        }
    }
    return false;
}

void tn_execute_engine(struct tn_session *s, const struct tn_statement_run *run)
{
    struct tn_query *q;
    TN_ERROR_LOCAL(err);

    s->run = *run;
    s->reply = run->reply;
    if (run->own == NULL && (tn_session_catalog_serves(s, &s->run) || wait_for_suspended(s)))
        return;
    q = tn_query_new(s->runtime);
    if (q == NULL) {
        tn_fail(&err, TN_E_NOMEM, "53200", "no memory for a query");
        reply_error(s, run->reply, &err);
        return;
    }
    q->features = *run->features;
    if (run->shape != NULL)
        q->shape = *run->shape;
    if (run->meant.len > 0)
        (void)!tn_arena_str(&q->arena, run->meant, &q->meant); /* without memory it counts under the text of the EXECUTE */
    q->kind = run->kind;
    fill_own(s, q, run);
    q->events = run->events;
    q->owner = run->owner;
    if (fill_text(s, q, run->sql, &err) != TN_OK || tn_execute_fill(s, q, &err) != TN_OK) {
        tn_query_free(q);
        reply_error(s, run->reply, &err);
        return;
    }
    fill_run(s, q, &s->run);
    s->query = q;
    if (s->active != NULL && run->owner == s->active)
        s->active->query = q;
    tn_pipeline_start(q);
}

/* ---- its end ---- */

void tn_session_drop_lease(struct tn_session *s, bool dirty)
{
    struct tn_lease *lease = s->lease;

    s->sticky = false;
    if (lease != NULL && lease->query != NULL) { /* a suspended portal uses it: it goes with the portal's end */
        if (lease->conn != NULL && dirty)
            lease->conn->dirty = true;
        return;
    }
    s->lease = NULL;
    if (lease == NULL)
        return;
    if (lease->conn != NULL && dirty)
        lease->conn->dirty = true;
    tn_lease_release(lease);
}

/* What became of the connection: the transaction's, the session's, the pool's, or gone. A suspended portal outside of a
 * transaction may have one of its own beside the session's. */
static void settle_lease(struct tn_session *s, struct tn_query *q)
{
    struct tn_lease *lease = q->lease;

    q->lease = NULL;
    if (lease == NULL)
        return;
    if (s->lease != NULL && s->lease != lease) {
        if (lease->conn != NULL)
            lease->conn->dirty = true;
        tn_lease_release(lease);
        return;
    }
    s->lease = lease;
    if (q->prelude_done && s->tx.state == TN_TX_LAZY) {
        s->tx.state = TN_TX_OPEN;
        s->tx.engine_open = true;
    }
    if (q->error.status == TN_OK && q->features.needs_session)
        s->sticky = true;
    if (s->lease->conn == NULL || s->lease->conn->state == TN_CONN_BROKEN) {
        s->tx.engine_open = false;
        tn_session_drop_lease(s, true);
    } else if (s->tx.state == TN_TX_IDLE || (s->tx.state == TN_TX_LAZY && s->sticky)) {
        if (s->sticky)
            tn_lease_release_slot(s->lease);
        else
            tn_session_drop_lease(s, false);
    } else {
        tn_lease_rest(s->lease);
    }
}

/* The engine knew the setting: from now on every connection of its kind gets it. */
static void keep_engine_setting(struct tn_session *s, const struct tn_query *q)
{
    TN_ERROR_LOCAL(err);

    if (q->features.verb != TN_VERB_SET || !s->engine_set.pending)
        return;
    s->engine_set.pending = false;
    if (q->error.status == TN_OK && q->cluster != NULL &&
        tn_settings_change(&s->settings, s->engine_set.name, s->engine_set.value, q->cluster->conf->engine,
                           s->engine_set.local, false, NULL, &err) != TN_OK)
        tn_log(TN_LOG_ERROR, "setting not kept", TN_LOG_U64("session", s->pid), TN_LOG_TEXT("error", err.message));
}

void tn_execute_settle(struct tn_session *s, struct tn_query *q)
{
    tn_outbox_forget_run(&s->client.out, &q->run);
    keep_engine_setting(s, q);
    settle_lease(s, q);
    if (s->query == q)
        tn_transaction_over_there(s, q);
    if (q->error.status != TN_OK)
        tn_transaction_failed(s);
    if (s->query == q)
        s->query = NULL;
}

/* The portal that was waited for may have taken the transaction with it, and the connection: what was meant for inside must
 * not run outside. */
static void run_deferred(struct tn_session *s)
{
    struct tn_statement_run run = s->run;
    struct tn_error         err = TN_ERROR_INIT;

    if (s->tx.state != TN_TX_FAILED || tn_transaction_repairs(s, &run)) {
        tn_execute_engine(s, &run);
        return;
    }
    tn_fail(&err, TN_E_DENIED, "25P02", "current transaction is aborted, commands ignored until end of transaction block");
    reply_error(s, run.reply, &err);
}

void tn_execute_deferred(struct tn_session *s)
{
    int deferred = (int)s->deferred;

    s->deferred = TN_DEFERRED_NOTHING;
    if (s->state == TN_SESSION_CLOSING || deferred == TN_DEFERRED_MESSAGE)
        tn_session_go_on(s);
    else if (deferred == TN_DEFERRED_RUN)
        run_deferred(s);
    else if (deferred == TN_DEFERRED_ENDING)
        tn_transaction_end_deferred(s);
}

void tn_execute_done(struct tn_session *s, struct tn_query *q)
{
    struct tn_reply reply = {.error = q->error.status != TN_OK ? &q->error : NULL};
    tn_reply_fn     fn = s->reply;

    if (reply.error != NULL)
        tn_session_catalog_failed(q);
    tn_execute_settle(s, q);
    if (reply.error == NULL)
        tn_execute_build_tag(reply.tag, sizeof reply.tag, q);
    tn_query_free(q); /* its memory stays until the end of the turn */
    fn(s, &reply);
}

void tn_execute_cancel(struct tn_session *s, enum tn_cancel why)
{
    if (s->query != NULL)
        tn_query_cancel(s->query, why);
    tn_explain_cancel(s);
    tn_session_catalog_cancel(s, why);
    tn_extended_cancel_suspended(s, why);
}

void tn_execute_reply(struct tn_session *s, struct tn_reply *reply, struct tn_error *err)
{
    if (err->status != TN_OK)
        reply_error(s, s->reply, err);
    else
        s->reply(s, reply);
}

/* ---- the way of a statement ---- */

static void run_command_or_engine(struct tn_session *s, const struct tn_statement_run *run)
{
    struct tn_reply          reply = {0};
    struct tn_str            rewrite = {NULL, 0};
    struct tn_statement_run  changed = *run;
    struct tn_settings_list *before = tn_settings_list_ref(s->settings);
    TN_ERROR_LOCAL(err);

    if (!tn_command_run(s, run->sql, run->features, &reply, &err, &s->command_arena, &rewrite)) {
        tn_settings_list_unref(before);
        if (rewrite.ptr != NULL) {
            changed.sql = rewrite;
            changed.shape = NULL; /* of the text as it came */
        }
        tn_execute_engine(s, &changed);
        return;
    }
    if (s->explaining != NULL) { /* its answer comes later */
        tn_settings_list_unref(before);
        s->reply = run->reply;
        return;
    }
    if (err.status != TN_OK) {
        tn_settings_list_unref(before);
        reply_error(s, run->reply, &err);
        return;
    }
    tn_session_report(s, before);
    tn_settings_list_unref(before);
    run->reply(s, &reply);
}

void tn_session_report(struct tn_session *s, struct tn_settings_list *before)
{
    if (s->settings == before)
        return;
    for (size_t row = 0; row < tn_setting_rows(); row++) {
        struct tn_str name = tn_setting_name((int)row);
        struct tn_str now = tn_settings_get(s->settings, name);

        if (tn_setting_reported((int)row) && !tn_str_eq(now, tn_settings_get(before, name)))
            tn_pg_put_parameter_status(tn_session_out(s), name, now);
    }
}

void tn_execute(struct tn_session *s, const struct tn_statement_run *run)
{
    struct tn_reply empty = {0};
    TN_ERROR_LOCAL(err);

    s->statements++;
    if (run->features->class == TN_CLASS_EMPTY) {
        run->reply(s, &empty);
    } else if (tn_transaction_is_control(run->sql, run->features)) {
        tn_transaction_control(s, run);
    } else if (s->tx.state == TN_TX_FAILED) {
        tn_fail(&err, TN_E_DENIED, "25P02", "current transaction is aborted, commands ignored until end of transaction block");
        reply_error(s, run->reply, &err);
    } else {
        run_command_or_engine(s, run);
    }
}
