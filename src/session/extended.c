/* Parse, Bind, Close, Sync, and the end of portals. Execute is portal.c, Describe describe.c. */
#include "session/extended.h"

void tn_extended_fail(struct tn_session *s, struct tn_error *err)
{
    tn_named_refused(&s->names);
    tn_session_error(s, err);
    tn_error_reset(err);
    s->skip_to_sync = true;
    tn_transaction_failed(s);
}

/* ---- the end of a portal whose query runs ---- */

static void credit_held(struct tn_portal *portal)
{
    for (struct tn_chunk *chunk = portal->held_first; chunk != NULL; chunk = chunk->next)
        if (chunk->run != NULL) {
            struct tn_run *run = chunk->run;

            chunk->run = NULL;
            tn_run_credit(run);
            if (portal->query == NULL)
                return; /* it ended meanwhile */
        }
}

void tn_extended_end_query(struct tn_portal *portal, bool cancel)
{
    portal->drain = TN_DRAIN_DISCARD;
    if (cancel)
        tn_query_cancel(portal->query, TN_CANCEL_USER);
    else
        credit_held(portal);
}

/* False: it must end first; the present message comes again then. */
static bool free_portal(struct tn_session *s, struct tn_portal *portal)
{
    if (portal != NULL && portal->query != NULL) /* in a transaction a cancel would spoil it */
        tn_extended_end_query(portal, s->tx.state == TN_TX_IDLE);
    if (portal != NULL && portal->query != NULL) {
        s->redo = true;
        s->deferred = TN_DEFERRED_MESSAGE;
        s->client.busy = true;
        return false;
    }
    tn_portal_free(s, portal);
    return true;
}

typedef bool (*portal_test)(const struct tn_session *s, const struct tn_portal *portal, enum tn_cancel why);

/* A suspended portal that passes TEST. */
static struct tn_portal *find_suspended(struct tn_session *s, portal_test test, enum tn_cancel why)
{
    struct tn_portal    *portal = s->unnamed_portal;
    struct tn_map_entry *entry;
    size_t               at = 0;

    if (portal != NULL && portal->query != NULL && portal != s->active && test(s, portal, why))
        return portal;
    while ((entry = tn_map_next(&s->portals, &at)) != NULL) {
        portal = entry->value;
        if (portal->query != NULL && portal != s->active && test(s, portal, why))
            return portal;
    }
    return NULL;
}

static bool is_any(const struct tn_session *s, const struct tn_portal *portal, enum tn_cancel why)
{
    (void)s;
    (void)portal;
    (void)why;
    return true;
}

/* Outside of a transaction each has its own connection, but for the one that the session keeps. */
static bool is_in_the_way(const struct tn_session *s, const struct tn_portal *portal, enum tn_cancel why)
{
    (void)why;
    return s->tx.state != TN_TX_IDLE || (s->lease != NULL && portal->query->lease == s->lease);
}

static bool is_cancellable(const struct tn_session *s, const struct tn_portal *portal, enum tn_cancel why)
{
    (void)s;
    return !portal->query->finished && portal->query->stage < TN_STAGE_record && portal->query->cancel < why;
}

struct tn_portal *tn_extended_suspended(struct tn_session *s)
{
    return find_suspended(s, is_any, TN_CANCEL_NONE);
}

struct tn_portal *tn_extended_in_the_way(struct tn_session *s)
{
    return find_suspended(s, is_in_the_way, TN_CANCEL_NONE);
}

void tn_extended_cancel_suspended(struct tn_session *s, enum tn_cancel why)
{
    struct tn_portal *portal;

    while (s->grave.free_fn == NULL && (portal = find_suspended(s, is_cancellable, why)) != NULL)
        tn_query_cancel(portal->query, why);
}

void tn_extended_drain(struct tn_session *s, struct tn_portal *portal)
{
    (void)s;
    if (portal->drain == TN_DRAIN_NO)
        portal->drain = TN_DRAIN_KEEP;
    credit_held(portal);
}

void tn_extended_orphan(struct tn_session *s)
{
    struct tn_portal *portal;

    while ((portal = tn_extended_suspended(s)) != NULL) {
        struct tn_query *q = portal->query;

        portal->query = NULL;
        if (q->lease == s->lease)
            s->lease = NULL;
        tn_query_orphan(q);
    }
}

static struct tn_portal *any_portal(struct tn_session *s)
{
    struct tn_map_entry *entry;
    size_t               at = 0;

    if (s->unnamed_portal != NULL)
        return s->unnamed_portal;
    entry = tn_map_next(&s->portals, &at);
    return entry != NULL ? entry->value : NULL;
}

/* Portals end with their transaction; the one that is being executed (COMMIT itself) is left to its Execute. */
void tn_extended_end_transaction(struct tn_session *s)
{
    struct tn_map_entry *entry;
    size_t               at = 0;

    if (s->unnamed_portal != NULL && s->unnamed_portal != s->active && s->unnamed_portal->query == NULL)
        tn_portal_free(s, s->unnamed_portal);
    while ((entry = tn_map_next(&s->portals, &at)) != NULL) {
        struct tn_portal *portal = entry->value;

        if (portal == s->active || portal->query != NULL)
            continue;
        tn_portal_free(s, portal);
        at = 0;
    }
}

void tn_extended_drop_unnamed(struct tn_session *s)
{
    if (s->unnamed_portal != NULL && s->unnamed_portal->query == NULL)
        tn_portal_free(s, s->unnamed_portal);
    tn_prepared_forget(s, TN_STR(""));
}

void tn_extended_free(struct tn_session *s)
{
    struct tn_portal *portal;

    s->active = NULL;
    while ((portal = any_portal(s)) != NULL)
        tn_portal_free(s, portal);
    tn_prepared_forget_all(s);
    tn_prepared_unref(s->describing);
    s->describing = NULL;
    tn_error_reset(&s->describe_error);
}

/* ---- Parse, Bind, Close, Sync ---- */

static void on_parse(struct tn_session *s, struct tn_str body)
{
    struct tn_pg_parse parse;
    TN_ERROR_LOCAL(err);

    if (tn_pg_parse_parse(body, &parse, &err) != TN_OK || tn_prepared_new(s, &parse, &err) != TN_OK)
        tn_extended_fail(s, &err);
    else
        tn_pg_put_simple(tn_session_out(s), '1');
}

static bool binary_param_of_unknown_type(const struct tn_prepared *statement, const struct tn_pg_bind *bind)
{
    struct tn_pg_cursor formats = bind->param_formats;
    int16_t             one = 0;

    if (bind->param_format_count == 0)
        return false;
    if (bind->param_format_count == 1)
        one = tn_pg_get_i16(&formats);
    for (size_t i = 0; i < bind->param_count; i++) {
        int16_t  format = bind->param_format_count > 1 ? tn_pg_get_i16(&formats) : one;
        uint32_t oid = i < statement->oid_count ? statement->oids[i] : 0;

        if (format == 1 && oid == 0)
            return true;
    }
    return false;
}

static enum tn_status check_bind(struct tn_session *s, const struct tn_pg_bind *bind, struct tn_prepared **statement,
                                 struct tn_error *err)
{
    size_t needed;

    *statement = tn_prepared_find(s, bind->statement);
    if (*statement == NULL)
        return tn_fail(err, TN_E_NOT_FOUND, "26000", "prepared statement \"%.*s\" does not exist",
                       (int)TN_MIN(bind->statement.len, 200), bind->statement.ptr);
    needed = TN_MAX((*statement)->oid_count, (size_t)(*statement)->features.param_count);
    if (bind->param_count != needed)
        return tn_fail(err, TN_E_INVALID, "08P01", "bind message supplies %zu parameters, but prepared statement \"%s\" requires %zu",
                       bind->param_count, (*statement)->name, needed);
    if (bind->portal.len > 0 && tn_map_get(&s->portals, bind->portal) != NULL)
        return tn_fail(err, TN_E_INVALID, "42P03", "cursor \"%.*s\" already exists", (int)TN_MIN(bind->portal.len, 200),
                       bind->portal.ptr);
    if (s->tx.state == TN_TX_FAILED && !tn_transaction_is_control((*statement)->text, &(*statement)->features))
        return tn_fail(err, TN_E_DENIED, "25P02", "current transaction is aborted, commands ignored until end of transaction block");
    return TN_OK;
}

static void on_bind(struct tn_session *s, struct tn_str body)
{
    struct tn_pg_bind   bind;
    struct tn_prepared *statement;
    TN_ERROR_LOCAL(err);

    if (tn_pg_parse_bind(body, &bind, &err) != TN_OK || check_bind(s, &bind, &statement, &err) != TN_OK) {
        tn_extended_fail(s, &err);
        return;
    }
    if (bind.portal.len == 0 && s->unnamed_portal != NULL && !free_portal(s, s->unnamed_portal))
        return;
    if (!statement->described && !tn_explain_is_asked(statement->text) && binary_param_of_unknown_type(statement, &bind)) {
        s->redo = true;
        s->describe_then_redo = true;
        tn_extended_describe_statement(s, statement, NULL);
        return;
    }
    if (tn_portal_new(s, statement, &bind, &err) != TN_OK)
        tn_extended_fail(s, &err);
    else
        tn_pg_put_simple(tn_session_out(s), '2');
}

static void on_close(struct tn_session *s, struct tn_str body)
{
    struct tn_pg_target target;
    TN_ERROR_LOCAL(err);

    if (tn_pg_parse_target(body, &target, &err) != TN_OK) {
        tn_extended_fail(s, &err);
        return;
    }
    if (target.kind == 'S')
        tn_prepared_forget(s, target.name);
    else if (!free_portal(s, tn_portal_find(s, target.name)))
        return;
    tn_pg_put_simple(tn_session_out(s), '3');
}

static void on_synced(struct tn_session *s, struct tn_reply *reply)
{
    if (reply->error != NULL)
        tn_session_error(s, reply->error);
    if (s->tx.state == TN_TX_IDLE)
        tn_extended_end_transaction(s);
    s->skip_to_sync = false;
    tn_pg_put_ready(tn_session_out(s), tn_transaction_status(s));
    tn_session_go_on(s);
}

static void on_sync(struct tn_session *s)
{
    struct tn_portal *suspended;

    while ((s->tx.state == TN_TX_IDLE || s->tx.implicit) && (suspended = tn_extended_suspended(s)) != NULL)
        if (!free_portal(s, suspended))
            return;
    s->client.busy = true;
    tn_transaction_end_implicit(s, s->skip_to_sync, on_synced);
}

void tn_extended_message(struct tn_session *s, const struct tn_pg_message *message)
{
    switch (message->type) {
    case 'P': on_parse(s, message->body); break;
    case 'B': on_bind(s, message->body); break;
    case 'D': tn_extended_describe(s, message->body); break;
    case 'E': tn_extended_execute(s, message->body); break;
    case 'C': on_close(s, message->body); break;
    default:  on_sync(s); break;
    }
}
