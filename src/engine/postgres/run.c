/* The order of a run's flights, its cancel and its end. */
#include "base/alloc.h"
#include "engine/postgres/postgres_conn.h"

static const double AGAIN_S = 0.25; /* a cancel that the server got before the statement was ignored: it is sent again */
enum {
    AGAIN_MAX = 40,                 /* a cancelled run ends by then: the server does not answer, its connection goes */
    SETTINGS_KEPT = 200,            /* names once set on a connection; beyond that it is cleaned by a reset */
    SCRATCH_KEPT = 1024 * 1024,     /* bytes of scratch memory */
};

/* Makes the server's transaction fail, so that it agrees with what the client is told. */
#define FAIL_SQL "ROLLBACK TO SAVEPOINT \"turnout: the result was not delivered\""

/* What a statement that fails in it goes back to. It is not released when the statement has succeeded, but together with the next one's,
 * which costs no message of its own. */
#define GUARD_NAME "\"turnout: before the statement\""
#define BACK_SQL   "ROLLBACK TO SAVEPOINT " GUARD_NAME

static bool in_transaction(const struct tn_postgres_conn *c)
{
    PGTransactionStatusType status = PQtransactionStatus(c->pg);

    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

static enum tn_verb verb_of(const struct tn_run *run)
{
    return run->features == NULL ? TN_VERB_OTHER : run->features->verb;
}

/* SET of something that outlives the transaction. */
static bool sets_session(const struct tn_run *run)
{
    static const char *const passing[] = {"local", "transaction", "constraints"};
    struct tn_str            rest = run->sql;

    if (verb_of(run) != TN_VERB_SET)
        return verb_of(run) == TN_VERB_RESET;
    rest = tn_str_trim(rest);
    if (rest.len < 4 || !tn_str_ieq_c(tn_str_n(rest.ptr, 3), "set"))
        return true; /* behind a comment: say the worse */
    rest = tn_str_trim(tn_str_n(rest.ptr + 3, rest.len - 3));
    for (size_t i = 0; i < TN_ARRAY_LEN(passing); i++) {
        size_t len = strlen(passing[i]);

        if (rest.len > len && tn_str_ieq(tn_str_n(rest.ptr, len), tn_str_n(passing[i], len)))
            return false;
    }
    return true;
}

/* Until a reset, not only until the end of a transaction. */
static void mark_dirty(struct tn_postgres_conn *c)
{
    c->base.dirty = true;
    c->dirty_by_transaction = false;
}

/* A transaction that set something was rolled back, to a savepoint or as a whole, perhaps by a COMMIT that failed. */
static bool undid_settings(const struct tn_postgres_conn *c, const struct tn_run *run)
{
    return c->set_in_transaction && (strcmp(run->tag, "ROLLBACK") == 0 ||
                                     (run->error.status != TN_OK && PQtransactionStatus(c->pg) == PQTRANS_IDLE));
}

/* Scratch memory that one large statement needed is not kept for ever. */
static void shrink(struct tn_postgres_conn *c)
{
    if (c->text.capacity > SCRATCH_KEPT)
        tn_buf_reset(&c->text);
    if (c->values.capacity > SCRATCH_KEPT)
        tn_buf_reset(&c->values);
    if (c->insert.capacity > SCRATCH_KEPT)
        tn_buf_reset(&c->insert);
    if (c->fields.capacity > SCRATCH_KEPT)
        tn_buf_reset(&c->fields);
}

/* What the statement left behind on its connection. */
static void note_leftovers(struct tn_postgres_conn *c, const struct tn_run *run)
{
    enum tn_verb verb = verb_of(run);

    if (run->error.status == TN_OK && run->kind == TN_RUN_EXECUTE && (verb == TN_VERB_ROLLBACK || verb == TN_VERB_RELEASE))
        c->guard = false; /* the client's savepoint, which ours was set after */
    if (run->features != NULL && run->features->needs_session)
        mark_dirty(c);
    if (verb == TN_VERB_DEALLOCATE || verb == TN_VERB_DISCARD) {
        tn_postgres_statements_reset(&c->statements);
        tn_buf_clear(&c->stale);
        c->now.statement = NULL;
    }
    if (verb == TN_VERB_DO || verb == TN_VERB_DISCARD || sets_session(run) || c->settings.count > SETTINGS_KEPT || c->swollen)
        mark_dirty(c);
    if (verb == TN_VERB_DISCARD || sets_session(run) || undid_settings(c, run)) {
        tn_postgres_settings_doubt(&c->settings);
        c->base.settings_hash = TN_POSTGRES_SETTINGS_UNKNOWN;
    }
}

static void note_transaction(struct tn_postgres_conn *c)
{
    bool open = PQtransactionStatus(c->pg) != PQTRANS_IDLE;

    if (open && !c->base.dirty) {
        c->base.dirty = c->dirty_by_transaction = true;
    } else if (!open) {
        if (c->dirty_by_transaction)
            c->base.dirty = false;
        c->dirty_by_transaction = c->set_in_transaction = c->guard = false;
    }
}

static void finish(struct tn_postgres_conn *c)
{
    struct tn_run *run = c->run;
    PGresult      *first = c->first;

    ev_timer_stop(c->base.worker->loop, &c->grace);
    if (PQstatus(c->pg) == CONNECTION_BAD)
        c->lost = true;
    if (c->lost)
        tn_postgres_cancel_forget(c);
    note_leftovers(c, run);
    note_transaction(c);
    shrink(c);
    tn_postgres_batch_free(c); /* its schema goes */
    tn_chunk_free(c->chunk);   /* not empty only after a failure of ours */
    c->chunk = NULL;
    c->first = NULL;
    c->run = NULL;
    c->phase = TN_POSTGRES_IDLE;
    c->paused = false;
    if (c->lost)
        tn_postgres_watch_stop(c);
    else
        ev_io_start(c->base.worker->loop, &c->read);
    c->base.state = c->lost ? TN_CONN_BROKEN : TN_CONN_IDLE;
    tn_run_done(run);
    PQclear(first); /* the column names lived there until now */
}

/* The savepoint is the client's, not only the way back of one who asks for an id. */
static bool undoes(const struct tn_postgres_conn *c)
{
    return c->run->guarded && c->now.guarded;
}

/* MySQL, too, gives up the whole transaction for a deadlock. */
static bool may_undo(const struct tn_postgres_conn *c)
{
    const struct tn_error *error = &c->run->error;

    return !c->lost && undoes(c) && !c->now.undo_sent && error->status != TN_OK && in_transaction(c) && strncmp(error->sqlstate, "40", 2) != 0;
}

static void undo_ended(struct tn_postgres_conn *c, const PGresult *failure)
{
    if (!c->now.goes_back)
        c->run->undone = failure == NULL && PQtransactionStatus(c->pg) == PQTRANS_INTRANS;
    else if (failure != NULL)
        tn_postgres_error(c, failure, &c->run->error);
    c->now.goes_back = false;
}

/* All flights of the run have come back. */
static void end(struct tn_postgres_conn *c)
{
    struct tn_run *run = c->run;
    bool           must_fail;

    if (run->error.status == TN_OK && c->lost)
        tn_postgres_error_lost(c, &run->error);
    if (run->error.status == TN_OK && run->cancelled && c->now.dropped)
        tn_postgres_error_cancelled(&run->error);
    if (!c->lost && c->cancel != NULL) {
        c->phase = TN_POSTGRES_CANCELLING;
        return;
    }
    must_fail = run->error.status != TN_OK && PQtransactionStatus(c->pg) == PQTRANS_INTRANS && !undoes(c);
    if (!c->lost && !c->now.absorbed && (c->now.cancel_sent || must_fail)) {
        c->now.absorbed = true;
        if (tn_postgres_send_text(c, TN_POSTGRES_ABSORB, must_fail ? TN_STR(FAIL_SQL) : TN_STR("")))
            return;
        c->lost = true;
    }
    if (may_undo(c)) {
        c->now.undo_sent = true;
        if (tn_postgres_send_text(c, TN_POSTGRES_UNDO, TN_STR(BACK_SQL)))
            return;
        c->lost = true;
    }
    finish(c);
}

static void fail_lost(struct tn_postgres_conn *c)
{
    c->lost = true;
    end(c);
}

static bool is_stoppable(const struct tn_postgres_conn *c)
{
    return !c->lost && (c->phase == TN_POSTGRES_PREPARE || c->phase == TN_POSTGRES_DESCRIBE || c->phase == TN_POSTGRES_EXECUTE);
}

static void on_grace(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_postgres_conn *c = timer->data;

    (void)loop;
    (void)revents;
    if (c->run == NULL)
        return;
    if (++c->now.cancels < AGAIN_MAX) {
        if (is_stoppable(c) && c->cancel == NULL && c->now.cancel_sent)
            (void)tn_postgres_cancel_send(c);
        return;
    }
    ev_timer_stop(loop, timer);
    if (c->run->error.status == TN_OK)
        tn_postgres_error_cancelled(&c->run->error);
    fail_lost(c);
}

static void grace_start(struct tn_postgres_conn *c)
{
    if (ev_is_active(&c->grace))
        return;
    ev_timer_init(&c->grace, on_grace, AGAIN_S, AGAIN_S);
    c->grace.data = c;
    ev_timer_start(c->base.worker->loop, &c->grace);
}

/* Stops what the server computes for the run and drops what it has sent. */
static void stop(struct tn_postgres_conn *c)
{
    c->now.discard = true;
    grace_start(c);
    if (is_stoppable(c) && !c->now.cancel_sent)
        c->now.cancel_sent = tn_postgres_cancel_send(c);
    if (c->paused)
        tn_postgres_resume(c);
}

void tn_postgres_cancel(struct tn_run *run)
{
    struct tn_postgres_conn *c = tn_postgres_conn(run->conn);

    if (c->run == run)
        stop(c);
}

void tn_postgres_abort(struct tn_postgres_conn *c, struct tn_error *err)
{
    if (c->run->error.status == TN_OK)
        tn_error_move(&c->run->error, err);
    else
        tn_error_reset(err);
    stop(c);
}

void tn_postgres_cancel_ended(struct tn_postgres_conn *c)
{
    if (c->phase == TN_POSTGRES_CANCELLING)
        end(c);
}

/* Puts what makes the session's settings those in force into c->values; false = nothing to do. */
static bool settings_differ(struct tn_postgres_conn *c)
{
    const struct tn_session_settings *wanted = c->run->settings;
    uint64_t                          hash = wanted == NULL ? 0 : wanted->hash;

    if (c->now.settings_done || c->base.settings_hash == hash || PQtransactionStatus(c->pg) == PQTRANS_INERROR)
        return false;
    tn_buf_clear(&c->values);
    tn_postgres_settings_write(&c->settings, wanted, c->base.cluster->conf->read_only, tn_buf_str(&c->base_settings),
                               &c->values);
    if (c->values.len > 0 || c->values.failed)
        return true;
    c->base.settings_hash = hash;
    return false;
}

/* What stands before the statement; empty: nothing. A savepoint of the client's must not be inside of ours. */
static struct tn_str guard_text(const struct tn_postgres_conn *c)
{
    if (c->now.guard_done || !(c->run->guarded || c->now.asks_column) || PQtransactionStatus(c->pg) != PQTRANS_INTRANS)
        return TN_STR("");
    if (c->run->kind == TN_RUN_EXECUTE && verb_of(c->run) == TN_VERB_SAVEPOINT)
        return c->guard ? TN_STR("RELEASE SAVEPOINT " GUARD_NAME) : TN_STR("");
    return c->guard ? TN_STR("RELEASE SAVEPOINT " GUARD_NAME "; SAVEPOINT " GUARD_NAME) : TN_STR("SAVEPOINT " GUARD_NAME);
}

static void guard_ended(struct tn_postgres_conn *c, const PGresult *failure)
{
    c->now.guard_done = true;
    c->guard = c->now.guarded = failure == NULL && !(c->run->kind == TN_RUN_EXECUTE && verb_of(c->run) == TN_VERB_SAVEPOINT);
    if (failure != NULL)
        tn_postgres_error(c, failure, &c->run->error);
}

/* Which flight is next? */
static bool send_next(struct tn_postgres_conn *c)
{
    struct tn_postgres_run *now = &c->now;
    bool                    mixed = !now->simple && !now->asks_id && tn_postgres_formats_mixed(c->run->encoder);
    bool                    describe = mixed || c->run->kind == TN_RUN_DESCRIBE;

    if (c->stale.len > 0 && now->was_idle)
        return tn_postgres_send_text(c, TN_POSTGRES_STALE, tn_buf_str(&c->stale));
    if (settings_differ(c))
        return !c->values.failed && tn_postgres_send_text(c, TN_POSTGRES_SETTINGS, tn_buf_str(&c->values));
    if (now->goes_back)
        return tn_postgres_send_text(c, TN_POSTGRES_UNDO, TN_STR(BACK_SQL));
    if (guard_text(c).len > 0)
        return tn_postgres_send_text(c, TN_POSTGRES_GUARD, guard_text(c));
    if (now->statement != NULL ? !now->statement->ready : describe && !now->prepared)
        return tn_postgres_send_prepare(c);
    if (describe && !now->described)
        return tn_postgres_send_describe(c);
    return tn_postgres_send_execute(c);
}

static void step(struct tn_postgres_conn *c)
{
    if (c->run->cancelled && c->run->error.status == TN_OK)
        tn_postgres_error_cancelled(&c->run->error);
    if (c->lost || c->run->error.status != TN_OK)
        end(c);
    else if (!send_next(c))
        fail_lost(c);
}

/* The statement's entry in the cache; inside a transaction a full cache stays as it is: making room there could fail the
 * transaction. */
static void choose_statement(struct tn_postgres_conn *c)
{
    size_t         count = tn_postgres_param_oids(c);
    struct tn_buf *going = c->now.was_idle ? &c->stale : NULL;

    c->now.statement = tn_postgres_statement_find(&c->statements, c->now.sql, c->params.types, count);
    if (c->now.statement == NULL)
        c->now.statement = tn_postgres_statement_add(&c->statements, c->now.sql, c->params.types, count, going);
}

void tn_postgres_begin(struct tn_postgres_conn *c)
{
    const struct tn_run     *run = c->run;
    const struct tn_encoder *encoder = run->encoder;
    TN_ERROR_LOCAL(err);

    c->now.was_idle = PQtransactionStatus(c->pg) == PQTRANS_IDLE;
    c->now.simple = run->kind == TN_RUN_EXECUTE && ((!run->extended && !run->prepare) || run->several_made) && run->params.count == 0;
    c->now.fetch_format = !c->now.simple && encoder != NULL && encoder->pg_rows && encoder->pg_format_count > 0 &&
                          encoder->pg_formats[0] == 1;
    tn_postgres_ask_id(c);
    if (tn_postgres_check_run(c, &err) != TN_OK) {
        if (err.fault == TN_FAULT_TURNOUT && err.status == TN_E_INVALID)
            tn_error_blame(&err, TN_FAULT_QUERY, false);
        tn_error_move(&c->run->error, &err);
    } else if (run->prepare) {
        choose_statement(c);
    }
    step(c);
}

void tn_postgres_start(struct tn_run *run)
{
    struct tn_postgres_conn *c = tn_postgres_conn(run->conn);

    c->run = run;
    c->now = (struct tn_postgres_run){.simple = false};
    c->paused = false;
    if (c->phase != TN_POSTGRES_RESET)
        tn_postgres_begin(c);
}

void tn_postgres_credit(struct tn_run *run)
{
    struct tn_postgres_conn *c = tn_postgres_conn(run->conn);

    if (c->run != run || !c->paused || tn_run_is_full(run))
        return;
    c->paused = false;
    ev_io_start(c->base.worker->loop, &c->read);
    tn_postgres_pump(c);
}

static void settings_ended(struct tn_postgres_conn *c, const PGresult *failure)
{
    const struct tn_session_settings *wanted = c->run->settings;
    bool                              known = false;

    c->now.settings_done = true;
    if (failure != NULL)
        tn_postgres_error(c, failure, &c->run->error);
    else
        known = tn_postgres_settings_take(&c->settings, wanted, c->base.cluster->conf->read_only);
    if (in_transaction(c))
        c->set_in_transaction = true;
    c->base.settings_hash = wanted == NULL ? 0 : wanted->hash;
    if (known)
        return;
    tn_postgres_settings_doubt(&c->settings);
    c->base.settings_hash = TN_POSTGRES_SETTINGS_UNKNOWN;
}

/* The server does not have the statement any more, or its result has other columns now: once more with a new one. */
static bool try_again(struct tn_postgres_conn *c, const PGresult *failure)
{
    struct tn_postgres_run *now = &c->now;
    const char             *sqlstate = PQresultErrorField(failure, PG_DIAG_SQLSTATE);
    const char             *routine = PQresultErrorField(failure, PG_DIAG_SOURCE_FUNCTION);
    const char             *message = PQresultErrorField(failure, PG_DIAG_MESSAGE_PRIMARY);
    bool                    gone, changed;

    if (now->statement == NULL || !now->statement->ready || sqlstate == NULL || message == NULL)
        return false;
    gone = strcmp(sqlstate, "26000") == 0 && strstr(message, now->statement->name) != NULL;
    changed = strcmp(sqlstate, "0A000") == 0 && routine != NULL && strcmp(routine, "RevalidateCachedQuery") == 0;
    if (!gone && !changed)
        return false;
    now->statement->ready = !gone;
    tn_postgres_statement_drop(&c->statements, now->statement, &c->stale);
    now->statement = NULL;
    if (!now->was_idle || now->retried || now->columns_told || c->run->cancelled)
        return false;
    now->retried = true;
    now->prepared = now->result_ended = false;
    now->described = now->asks_id;
    choose_statement(c);
    return true;
}

/* The statement failed only because an id was asked for: once more without. */
static bool try_without_id(struct tn_postgres_conn *c, const PGresult *failure)
{
    struct tn_postgres_run *now = &c->now;

    if (!tn_postgres_give_up_id(c, failure)) {
        tn_postgres_without_id_failed(c);
        return false;
    }
    if (now->statement != NULL) {
        if (!now->statement->ready)
            tn_postgres_statement_drop(&c->statements, now->statement, NULL);
        choose_statement(c);
    }
    now->prepared = now->described = now->result_ended = false;
    return true;
}

static void prepare_ended(struct tn_postgres_conn *c, const PGresult *failure)
{
    struct tn_postgres_statement *statement = c->now.statement;

    c->now.prepared = true;
    if (statement != NULL)
        statement->ready = failure == NULL && !c->lost;
    if (failure == NULL)
        return;
    if (statement != NULL)
        tn_postgres_statement_drop(&c->statements, statement, NULL);
    c->now.statement = NULL;
    tn_postgres_error(c, failure, &c->run->error);
}

static void tell_description(struct tn_postgres_conn *c)
{
    struct tn_run *run = c->run;
    int            count = PQnparams(c->first);
    bool           no_rows = c->schema.count == 0 && (verb_of(run) != TN_VERB_SELECT || run->features->has_into);

    for (int i = 0; i < count; i++) /* as many as were given, or the server found more */
        c->params.types[i] = PQparamtype(c->first, i);
    run->events->params(run, (size_t)count, c->params.types);
    tn_run_columns(run, no_rows ? NULL : &c->schema);
}

static void describe_ended(struct tn_postgres_conn *c, const PGresult *failure)
{
    struct tn_error err = TN_ERROR_INIT;

    c->now.described = true;
    if (failure != NULL) {
        tn_postgres_error(c, failure, &c->run->error);
    } else if (c->first == NULL || tn_postgres_columns(c, c->first, &err) != TN_OK ||
               !tn_postgres_params_room(c, (size_t)PQnparams(c->first))) {
        if (err.status == TN_OK)
            tn_fail(&err, TN_E_NOMEM, "53200", "out of memory for a description");
        tn_error_move(&c->run->error, &err);
    } else if (c->run->kind == TN_RUN_DESCRIBE) {
        tell_description(c);
    } else if (c->schema.count > 0 && tn_postgres_choose_format(c, &err) != TN_OK) {
        tn_error_move(&c->run->error, &err);
    }
}

static void execute_ended(struct tn_postgres_conn *c, const PGresult *failure)
{
    if (failure != NULL && c->run->error.status == TN_OK)
        tn_postgres_error(c, failure, &c->run->error);
    if (!c->now.discard)
        tn_postgres_flush(c);
}

/* A late signal hit the empty query: the transaction has failed, whatever the statement itself said. */
static void absorb_ended(struct tn_postgres_conn *c, const PGresult *failure)
{
    if (failure != NULL && c->run->error.status == TN_OK && PQtransactionStatus(c->pg) == PQTRANS_INERROR)
        tn_postgres_error(c, failure, &c->run->error);
}

static void run_flight_ended(struct tn_postgres_conn *c, const PGresult *failure)
{
    enum tn_postgres_phase phase = c->phase;
    bool                   ran = phase == TN_POSTGRES_DESCRIBE || phase == TN_POSTGRES_EXECUTE;
    bool                   again = failure != NULL && (ran || phase == TN_POSTGRES_PREPARE) && (try_without_id(c, failure) || (ran && try_again(c, failure)));
    bool                   back = phase == TN_POSTGRES_UNDO && c->now.goes_back;

    if (phase == TN_POSTGRES_STALE)
        tn_buf_clear(&c->stale);
    else if (phase == TN_POSTGRES_SETTINGS)
        settings_ended(c, failure);
    else if (phase == TN_POSTGRES_GUARD)
        guard_ended(c, failure);
    else if (phase == TN_POSTGRES_PREPARE && !again)
        prepare_ended(c, failure);
    else if (phase == TN_POSTGRES_DESCRIBE && !again)
        describe_ended(c, failure);
    else if (phase == TN_POSTGRES_EXECUTE && !again)
        execute_ended(c, failure);
    else if (phase == TN_POSTGRES_ABSORB)
        absorb_ended(c, failure);
    else if (phase == TN_POSTGRES_UNDO)
        undo_ended(c, failure);
    if (c->closed)
        return;
    if (!again && !back && (phase == TN_POSTGRES_EXECUTE || phase == TN_POSTGRES_ABSORB || phase == TN_POSTGRES_UNDO ||
                   (phase == TN_POSTGRES_DESCRIBE && c->run->kind == TN_RUN_DESCRIBE)))
        end(c);
    else
        step(c);
}

void tn_postgres_flight_ended(struct tn_postgres_conn *c)
{
    PGresult *failure = c->failure;

    c->failure = NULL;
    if (c->phase == TN_POSTGRES_INIT)
        tn_postgres_init_ended(c, failure);
    else if (c->phase == TN_POSTGRES_RESET)
        tn_postgres_reset_ended(c, failure);
    else if (c->run != NULL)
        run_flight_ended(c, failure);
    PQclear(failure);
}
