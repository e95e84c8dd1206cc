/* The order of a run's exchanges, its cancel and its end. */
#include "engine/mysql/mysql_conn.h"
#include "engine/mysql/mysql_describe.h"
#include "engine/mysql/mysql_words.h"
#include "stats/lexer.h"

static const double AGAIN_S = 0.25;
enum {
    AGAIN_MAX = 40, /* a cancelled run ends by then: the server does not answer, its connection goes */
    SCRATCH_KEPT = 1024 * 1024,
    ER_UNSUPPORTED_PS = 1295, ER_UNKNOWN_STMT_HANDLER = 1243, ER_NEED_REPREPARE = 1615,
    ER_UNKNOWN_TIME_ZONE = 1298, ER_SP_DOES_NOT_EXIST = 1305, ER_BAD_DB_ERROR = 1049,
};

static enum tn_verb verb_of(const struct tn_run *run)
{
    return run->features == NULL ? TN_VERB_OTHER : run->features->verb;
}

static bool is_write(const struct tn_run *run)
{
    return run->features != NULL && run->features->class == TN_CLASS_WRITE;
}

/* ---- the end ---- */

/* XA .., whose transactions stay on the connection, and are no open ones to the server between END and PREPARE. */
static bool is_xa(struct tn_str sql)
{
    struct tn_lexer lexer;
    struct tn_token token;

    tn_lexer_init(&lexer, sql, TN_DIALECT_MYSQL);
    return tn_lexer_next(&lexer, &token) && tn_str_ieq_c(token.text, "xa");
}

static void note_leftovers(struct tn_mysql_conn *c, const struct tn_run *run)
{
    enum tn_verb verb = verb_of(run);

    if ((run->features != NULL && run->features->needs_session) || verb == TN_VERB_SET || verb == TN_VERB_RESET || verb == TN_VERB_USE ||
        verb == TN_VERB_LOCK || tn_mysql_may_hide_state(run->sql) || is_xa(run->sql)) {
        c->base.dirty = true;
        c->dirty_by_transaction = false;
    }
    if (verb == TN_VERB_USE)
        c->used_other_database = true;
    if (verb == TN_VERB_CREATE && c->settings.absent[0] != '\0') { /* perhaps it is there by now */
        c->settings.absent[0] = '\0';
        c->settings.astray = true;
        c->base.settings_hash = TN_MYSQL_SETTINGS_UNKNOWN;
    }
    if (verb == TN_VERB_SET || verb == TN_VERB_RESET) {
        tn_mysql_settings_doubt(&c->settings);
        c->base.settings_hash = TN_MYSQL_SETTINGS_UNKNOWN;
    }
}

static void note_transaction(struct tn_mysql_conn *c)
{
    bool open = tn_mysql_in_transaction(c);

    if (open && !c->base.dirty) {
        c->base.dirty = c->dirty_by_transaction = true;
    } else if (!open) {
        if (c->dirty_by_transaction)
            c->base.dirty = false;
        c->dirty_by_transaction = false;
    }
}

static void shrink(struct tn_buf *buf)
{
    if (buf->capacity > SCRATCH_KEPT)
        tn_buf_reset(buf);
}

static void drop_once(struct tn_mysql_conn *c)
{
    struct tn_mysql_statement *s = c->now.statement;

    c->now.statement = NULL;
    if (s != NULL && (s->once || !s->ready))
        tn_mysql_statement_drop(&c->statements, s, c->lost ? NULL : &c->wire);
}

static void finish(struct tn_mysql_conn *c)
{
    struct tn_run *run = c->run;

    ev_timer_stop(c->base.worker->loop, &c->grace);
    tn_mysql_proc_end(c);
    if (c->wire.taken != c->wire.in.len) /* it would be taken for the answer to the next run, which may begin before done returns */
        tn_mysql_lose(c, "the server said more than was asked", NULL);
    if (c->lost && c->killer != NULL) {
        tn_mysql_disconnect(c->killer);
        c->killer = NULL;
    }
    drop_once(c);
    note_leftovers(c, run);
    note_transaction(c);
    tn_mysql_rows_free(c); /* the chunk is not empty only after a failure of ours */
    tn_error_reset(&c->failure);
    shrink(&c->text);
    shrink(&c->decoded);
    c->run = NULL;
    c->phase = TN_MYSQL_IDLE;
    c->paused = false;
    if (run->affected == 0 && c->now.columns_told && is_write(run))
        run->affected = run->rows; /* INSERT ... RETURNING */
    run->warnings = c->now.warnings;
    run->my_over = c->now.in_transaction_before && !tn_mysql_in_transaction(c);
    if (c->lost)
        tn_mysql_watch_stop(c);
    else
        ev_io_start(c->base.worker->loop, &c->read);
    c->base.state = c->lost ? TN_CONN_BROKEN : TN_CONN_IDLE;
    tn_run_done(run);
}

/* All exchanges of the run have come back. */
static void end(struct tn_mysql_conn *c)
{
    struct tn_run *run = c->run;

    if (c->lost && c->now.discard && run->cancelled && run->error.status == TN_OK)
        tn_mysql_error_cancelled(&run->error);
    if (run->error.status == TN_OK && c->lost)
        tn_mysql_error_lost(c, &run->error);
    if (run->error.status == TN_OK && run->cancelled && c->now.dropped)
        tn_mysql_error_cancelled(&run->error);
    if (!c->lost && c->killer != NULL) {
        c->phase = TN_MYSQL_CANCELLING;
        return;
    }
    if (!c->lost && c->now.kill_sent && !c->now.absorbed) {
        c->now.absorbed = true;
        if (tn_mysql_send_text(c, TN_MYSQL_ABSORB, TN_STR("SELECT 1")))
            return;
        c->lost = true;
    }
    finish(c);
}

/* ---- cancelling ---- */

static void kill_ended(struct tn_mysql_conn *c)
{
    if (c->phase == TN_MYSQL_CANCELLING && c->run != NULL)
        end(c);
}

static void on_killed(struct tn_conn *conn, const struct tn_error *err, void *owner)
{
    struct tn_mysql_conn *c = owner;

    (void)err; /* when it failed, the time limit of the run ends it */
    c->killer = NULL;
    tn_mysql_disconnect(conn);
    kill_ended(c);
}

static bool send_kill(struct tn_mysql_conn *c)
{
    char sql[48];
    int  len = snprintf(sql, sizeof sql, "KILL QUERY %lu", (unsigned long)c->id);

    c->killer = tn_mysql_connect_for(c->base.cluster, c->base.worker, tn_str_n(sql, (size_t)len), on_killed, c);
    return c->killer != NULL;
}

static bool is_stoppable(const struct tn_mysql_conn *c)
{
    return !c->lost && (c->phase == TN_MYSQL_PREPARE || c->phase == TN_MYSQL_EXECUTE);
}

static void on_grace(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_mysql_conn *c = timer->data;

    (void)revents;
    if (c->run == NULL)
        return;
    if (++c->now.looks < AGAIN_MAX) {
        if (is_stoppable(c) && c->killer == NULL && c->now.kill_sent)
            (void)send_kill(c);
        return;
    }
    ev_timer_stop(loop, timer);
    if (c->run->error.status == TN_OK)
        tn_mysql_error_cancelled(&c->run->error);
    tn_mysql_lose(c, NULL, NULL);
    end(c);
}

/* Stops what the server computes for the run and drops what it has sent. */
static void stop(struct tn_mysql_conn *c)
{
    c->now.discard = true;
    if (!ev_is_active(&c->grace)) {
        ev_timer_init(&c->grace, on_grace, AGAIN_S, AGAIN_S);
        c->grace.data = c;
        ev_timer_start(c->base.worker->loop, &c->grace);
    }
    if (is_stoppable(c) && !c->now.kill_sent)
        c->now.kill_sent = send_kill(c);
    if (c->paused)
        tn_mysql_resume(c);
}

void tn_mysql_cancel(struct tn_run *run)
{
    struct tn_mysql_conn *c = tn_mysql_conn(run->conn);

    if (c->run == run)
        stop(c);
}

/* Who sends what is no answer will hardly end it because it is asked to: such a connection goes at once. */
void tn_mysql_abort(struct tn_mysql_conn *c, struct tn_error *err)
{
    bool lies = err->status == TN_E_CONNECTION;

    if (lies)
        tn_error_blame(err, TN_FAULT_ENGINE, false);
    if (c->run->error.status == TN_OK)
        tn_error_move(&c->run->error, err);
    else
        tn_error_reset(err);
    if (lies)
        tn_mysql_lose(c, NULL, NULL);
    else
        stop(c);
}

/* ---- going on ---- */

/* What was prepared names tables of another database now. */
static void note_move(struct tn_mysql_conn *c)
{
    if (!c->settings.moved)
        return;
    c->settings.moved = false;
    c->settings.astray = true;
    c->used_other_database = true;
    TN_LIST_FOR_EACH_SAFE(node, &c->statements.list)
        tn_mysql_statement_drop(&c->statements, TN_CONTAINER_OF(node, struct tn_mysql_statement, node), &c->wire);
}

static bool settings_differ(struct tn_mysql_conn *c)
{
    const struct tn_session_settings *wanted = c->run->settings;
    uint64_t                          hash = wanted == NULL ? 0 : wanted->hash;

    if (c->now.settings_done)
        return false;
    c->now.settings_done = true;
    if (c->base.settings_hash != hash) {
        size_t before = c->script.len;

        tn_mysql_settings_write(&c->settings, wanted, c->base.cluster->conf->read_only, c->zones_by_offset,
                                tn_mysql_engine(c)->base, &c->script);
        note_move(c);
        if (c->script.len == before)
            c->base.settings_hash = hash;
    }
    return c->script.len > 0;
}

/* The statement in the cache, or a new one whose text for the server is in c->text then. */
static bool choose_statement(struct tn_mysql_conn *c, struct tn_error *err)
{
    if (c->now.statement != NULL)
        return true;
    c->now.statement = tn_mysql_statement_find(&c->statements, c->run->sql);
    if (c->now.statement != NULL)
        return true;
    c->now.statement = tn_mysql_statement_add(&c->statements, c->run->sql, &c->wire);
    if (c->now.statement == NULL)
        tn_fail(err, TN_E_NOMEM, "53200", "out of memory for a statement");
    return c->now.statement != NULL && tn_mysql_describe_marks(c, err) == TN_OK;
}

/* Which exchange is next? */
static bool send_next(struct tn_mysql_conn *c)
{
    TN_ERROR_LOCAL(err);

    if (settings_differ(c))
        return !c->script.failed && tn_mysql_script_next(c, TN_MYSQL_SETTINGS);
    if (!c->now.binary)
        return tn_mysql_send_text(c, TN_MYSQL_EXECUTE, tn_buf_str(&c->text));
    if (!choose_statement(c, &err)) {
        tn_error_move(&c->run->error, &err);
        end(c);
        return true;
    }
    if (!c->now.statement->ready)
        return tn_mysql_send_prepare(c);
    if (c->run->kind == TN_RUN_DESCRIBE) {
        tn_mysql_describe_tell(c);
        if (!c->closed)
            end(c);
        return true;
    }
    return c->run->bulk.ptr != NULL ? tn_mysql_send_bulk(c) : tn_mysql_send_execute(c);
}

static void step(struct tn_mysql_conn *c)
{
    if (c->run->cancelled && c->run->error.status == TN_OK)
        tn_mysql_error_cancelled(&c->run->error);
    if (c->lost || c->run->error.status != TN_OK) {
        end(c);
    } else if (!send_next(c)) {
        tn_mysql_lose(c, "no memory for a statement", NULL);
        end(c);
    }
}

/* What a MySQL client escaped with a backslash would end its string on a server that knows none. Where the cluster's sqlMode says so,
 * with ANSI_QUOTES, the text was written anew for it (translating.c). */
static bool may_be_misread(const struct tn_mysql_conn *c)
{
    const struct tn_run *run = c->run;
    struct tn_str        mode = c->base.cluster->conf->sql_mode;
    bool                 anew = mode.len > 0 && strcasestr(mode.ptr, "NO_BACKSLASH_ESCAPES") != NULL && strcasestr(mode.ptr, "ANSI_QUOTES") != NULL;

    return (c->status & TN_MY_STATUS_NO_BACKSLASH_ESCAPES) != 0 && run->encoder != NULL && run->encoder->my_rows &&
           !anew && memchr(run->sql.ptr, '\\', run->sql.len) != NULL;
}

static enum tn_status check(struct tn_mysql_conn *c, struct tn_error *err)
{
    const struct tn_run *run = c->run;

    if (c->base.cluster->conf->read_only && tn_mysql_asks_to_write(run->sql, run->features)) {
        tn_fail(err, TN_E_DENIED, "25006", "cluster " TN_STR_FMT " is read-only: a transaction there cannot be made read-write",
                TN_STR_ARG(c->base.cluster->conf->name));
        tn_error_blame(err, TN_FAULT_UNSUPPORTED, false);
        return TN_E_DENIED;
    }
    if (may_be_misread(c)) {
        tn_fail(err, TN_E_UNSUPPORTED, "0A000", "cluster " TN_STR_FMT ": the server's sql_mode has NO_BACKSLASH_ESCAPES, and the statement has a backslash",
                TN_STR_ARG(c->base.cluster->conf->name));
        tn_error_hint(err, "set the cluster's sqlMode to ANSI_QUOTES,NO_BACKSLASH_ESCAPES, or to a mode without it");
        tn_error_blame(err, TN_FAULT_UNSUPPORTED, false);
        return TN_E_UNSUPPORTED;
    }
    if (run->bulk.ptr != NULL && (c->capabilities & TN_MY_CAP_MARIADB_BULK) == 0) {
        c->run->no_bulk = true;
        tn_fail(err, TN_E_UNSUPPORTED, "0A000", "cluster " TN_STR_FMT ": the server does not take many rows of parameters at once (COM_STMT_BULK_EXECUTE)",
                TN_STR_ARG(c->base.cluster->conf->name));
        tn_error_blame(err, TN_FAULT_QUERY, false);
        return TN_E_UNSUPPORTED;
    }
    return tn_mysql_check_params(c, err);
}

void tn_mysql_begin(struct tn_mysql_conn *c)
{
    const struct tn_run     *run = c->run;
    const struct tn_encoder *encoder = run->encoder;
    TN_ERROR_LOCAL(err);

    c->now.in_transaction_before = tn_mysql_in_transaction(c);
    c->now.binary = run->kind == TN_RUN_DESCRIBE || run->params.count > 0 || run->bulk.ptr != NULL || run->prepare ||
                    (encoder != NULL && encoder->my_rows && encoder->my_binary);
    tn_mysql_script_begin(c);
    if (run->before.len > 0)
        tn_mysql_script_put(c, run->before);
    tn_buf_clear(&c->text);
    if (check(c, &err) == TN_OK) {
        if (!tn_mysql_engine(c)->flavour->binary && run->kind == TN_RUN_EXECUTE) {
            c->now.binary = false;
            if (tn_mysql_interpolate(&c->text, run->sql, &run->params, &err) != TN_OK)
                tn_buf_clear(&c->text);
        } else {
            tn_mysql_words(&c->text, &c->script, run->sql, run->features);
        }
    }
    if (err.status == TN_OK && c->text.failed)
        tn_fail(&err, TN_E_NOMEM, "53200", "out of memory for a statement");
    if (err.status != TN_OK) {
        if (err.fault == TN_FAULT_TURNOUT && err.status == TN_E_INVALID)
            tn_error_blame(&err, TN_FAULT_QUERY, false);
        tn_error_move(&c->run->error, &err);
    }
    step(c);
}

void tn_mysql_start(struct tn_run *run)
{
    struct tn_mysql_conn *c = tn_mysql_conn(run->conn);

    c->run = run;
    c->now = (struct tn_mysql_run){.binary = false};
    c->paused = false;
    tn_mysql_proc_begin(c);
    if (c->phase != TN_MYSQL_RESET)
        tn_mysql_begin(c);
}

void tn_mysql_credit(struct tn_run *run)
{
    struct tn_mysql_conn *c = tn_mysql_conn(run->conn);

    if (c->run != run || !c->paused || tn_run_is_full(run))
        return;
    c->paused = false;
    if (!c->lost)
        ev_io_start(c->base.worker->loop, &c->read);
    tn_mysql_pump(c);
}

/* ---- what came back ---- */

/* Most servers have no table of zones, and many clients name one: then they get the offset that it has now. */
static void use_offsets(struct tn_mysql_conn *c)
{
    c->zones_by_offset = true;
    tn_mysql_notice(c, "WARNING", "01000", c->failure.own_code,
                    TN_STR("the server knows no time zones by name: this session has the offset that its zone has now"));
    tn_error_reset(&c->failure);
    tn_mysql_settings_doubt(&c->settings);
    c->base.settings_hash = TN_MYSQL_SETTINGS_UNKNOWN;
    c->now.settings_done = false;
}

/* Clients name a database at their log-in that may be none of the server's: then the cluster's own is meant, as without a name. */
static bool stay_home(struct tn_mysql_conn *c)
{
    const struct tn_session_settings *wanted = c->run->settings;
    char                              text[TN_MYSQL_DATABASE + 64];

    for (size_t i = 0; wanted != NULL && i < wanted->count; i++)
        if (tn_str_eq_c(wanted->items[i].name, "login_database") && !tn_str_eq_c(wanted->items[i].value, c->settings.absent)) {
            tn_str_copy(c->settings.absent, sizeof c->settings.absent, wanted->items[i].value);
            snprintf(text, sizeof text, "Unknown database '%s': the cluster's own is used", c->settings.absent);
            tn_mysql_notice(c, "WARNING", "01000", ER_BAD_DB_ERROR, tn_str(text));
            tn_error_reset(&c->failure);
            tn_mysql_settings_doubt(&c->settings);
            c->base.settings_hash = TN_MYSQL_SETTINGS_UNKNOWN;
            c->now.settings_done = false;
            return true;
        }
    return false;
}

static void settings_ended(struct tn_mysql_conn *c)
{
    const struct tn_session_settings *wanted = c->run->settings;
    bool                              known = false;

    if (c->failure.own_code == ER_UNKNOWN_TIME_ZONE && !c->zones_by_offset && !c->lost) {
        use_offsets(c);
        return;
    }
    if (c->failure.own_code == ER_BAD_DB_ERROR && !c->lost && stay_home(c))
        return;
    if (c->failure.status != TN_OK)
        tn_error_move(&c->run->error, &c->failure);
    else
        known = tn_mysql_settings_take(&c->settings, wanted, c->base.cluster->conf->read_only);
    c->base.settings_hash = wanted == NULL ? 0 : wanted->hash;
    tn_tz_free(c->tz);
    c->tz = tn_mysql_settings_zone(wanted, c->zones_by_offset);
    if (known)
        return;
    tn_mysql_settings_doubt(&c->settings);
    c->base.settings_hash = TN_MYSQL_SETTINGS_UNKNOWN;
}

/* Some statements cannot be prepared: then, without parameters, as text. */
static bool prepare_otherwise(struct tn_mysql_conn *c)
{
    if (c->failure.own_code != ER_UNSUPPORTED_PS || c->run->params.count > 0)
        return false;
    drop_once(c);
    tn_error_reset(&c->failure);
    if (c->run->kind == TN_RUN_DESCRIBE) {
        c->run->events->params(c->run, 0, NULL);
        if (!c->closed)
            tn_run_columns(c->run, NULL);
        if (!c->closed)
            end(c);
        return true;
    }
    c->now.binary = false;
    tn_buf_clear(&c->text);
    tn_mysql_words(&c->text, &c->script, c->run->sql, c->run->features);
    step(c);
    return true;
}

/* What the server has prepared is not what was meant: it is not to be found again. */
static void forget_prepared(struct tn_mysql_conn *c, struct tn_error *err)
{
    tn_error_move(&c->run->error, err);
    tn_mysql_statement_drop(&c->statements, c->now.statement, &c->wire);
    c->now.statement = NULL;
}

static void prepare_ended(struct tn_mysql_conn *c)
{
    struct tn_error err = TN_ERROR_INIT;

    if (c->failure.status != TN_OK && prepare_otherwise(c))
        return;
    if (c->failure.status != TN_OK)
        tn_error_move(&c->run->error, &c->failure);
    else if (tn_mysql_describe_keep(c, &err) != TN_OK)
        forget_prepared(c, &err);
    step(c);
}

/* The server does not have the statement any more: once more with a new one. */
static bool try_again(struct tn_mysql_conn *c)
{
    unsigned code = c->failure.own_code;

    if (!c->now.binary || c->now.retried || c->now.columns_told || c->run->cancelled ||
        (code != ER_UNKNOWN_STMT_HANDLER && code != ER_NEED_REPREPARE))
        return false;
    c->now.retried = true;
    tn_error_reset(&c->failure);
    tn_mysql_statement_drop(&c->statements, c->now.statement, code == ER_NEED_REPREPARE ? &c->wire : NULL);
    c->now.statement = NULL;
    step(c);
    return true;
}

/* The server says of a savepoint what it says of a function: that there is none. */
static void name_savepoint(struct tn_mysql_conn *c)
{
    enum tn_verb verb = verb_of(c->run);

    if (c->failure.own_code == ER_SP_DOES_NOT_EXIST && (verb == TN_VERB_ROLLBACK || verb == TN_VERB_RELEASE))
        memcpy(c->failure.sqlstate, "3B001", sizeof "3B001");
}

static void execute_ended(struct tn_mysql_conn *c)
{
    if (c->failure.status != TN_OK && try_again(c))
        return;
    name_savepoint(c);
    if (c->failure.status != TN_OK && c->run->error.status == TN_OK)
        tn_error_move(&c->run->error, &c->failure);
    if (!c->now.discard)
        tn_mysql_flush_rows(c);
    if (!c->closed && !(c->run != NULL && !c->lost && tn_mysql_ask_behind(c)) && c->run != NULL)
        end(c);
}

void tn_mysql_exchange_ended(struct tn_mysql_conn *c)
{
    enum tn_mysql_phase phase = c->phase;
    bool                script = phase == TN_MYSQL_INIT || phase == TN_MYSQL_RESET || phase == TN_MYSQL_SETTINGS;

    if (script && c->failure.status == TN_OK && !c->lost && tn_mysql_script_next(c, phase))
        return;
    if (script)
        tn_mysql_script_begin(c);
    if (phase == TN_MYSQL_INIT) {
        tn_mysql_init_ended(c);
    } else if (phase == TN_MYSQL_RESET) {
        tn_mysql_reset_ended(c);
    } else if (c->run == NULL) {
        c->phase = TN_MYSQL_IDLE;
    } else if (phase == TN_MYSQL_SETTINGS) {
        settings_ended(c);
        step(c);
    } else if (phase == TN_MYSQL_PREPARE) {
        prepare_ended(c);
    } else if (phase == TN_MYSQL_EXECUTE) {
        execute_ended(c);
    } else {
        if (phase == TN_MYSQL_COST)
            tn_mysql_cost_take(c);
        tn_error_reset(&c->failure); /* of what was asked behind the statement, or the late KILL */
        if ((phase != TN_MYSQL_WARNINGS && phase != TN_MYSQL_FOUND) || c->lost || !tn_mysql_ask_behind(c))
            end(c);
    }
}
