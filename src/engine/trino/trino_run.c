/* A run from its start to its end: what is asked for it, and what becomes of the answers. */
#include "engine/trino/trino_error.h"
#include "engine/trino/trino_conn.h"
#include "engine/trino/trino_literal.h"

static const double GRACE_S = 5; /* a cancelled run whose POST is not answered ends by then */
enum { SCRATCH_KEPT = 1024 * 1024 };

static void shrink(struct tn_trino_conn *c)
{
    if (c->text.capacity > SCRATCH_KEPT)
        tn_buf_reset(&c->text);
    if (c->scratch.capacity > SCRATCH_KEPT)
        tn_buf_reset(&c->scratch);
    if (c->decoder.text.capacity > SCRATCH_KEPT)
        tn_buf_reset(&c->decoder.text);
    tn_arena_reset(&c->page_arena);
    tn_http_call_abort(c->call);
    tn_http_call_shrink(c->call);
}

static bool broke(const struct tn_error *err)
{
    return err->status == TN_E_CONNECTION || (err->fault == TN_FAULT_ENGINE && !err->from_engine);
}

static void finish(struct tn_trino_conn *c, bool broken)
{
    struct tn_run  *run = c->run;
    struct ev_loop *loop = c->base.worker->loop;
    struct tn_arena told = c->run_arena; /* the columns live in it until done returns, and another run may begin before */

    ev_timer_stop(loop, &c->kick);
    ev_timer_stop(loop, &c->retry);
    ev_timer_stop(loop, &c->grace);
    ev_timer_stop(loop, &c->stall);
    tn_http_call_abort(c->side);
    tn_trino_rows_free(c);
    tn_trino_stream_reset(&c->stream);
    shrink(c);
    tn_arena_init(&c->run_arena, TN_TRINO_BODY_MAX);
    c->run = NULL;
    c->phase = TN_TRINO_IDLE;
    if (c->session.changed || c->session.transaction != NULL)
        c->base.dirty = true;
    c->base.state = broken || c->session.failed ? TN_CONN_BROKEN : TN_CONN_IDLE;
    tn_run_done(run); /* another run may have begun when it returns */
    tn_arena_reset(&told);
}

static void fail_cancelled(struct tn_trino_conn *c)
{
    if (c->run->error.status != TN_OK)
        return;
    tn_fail(&c->run->error, TN_E_CANCELLED, "57014", "canceling statement due to user request");
    tn_error_blame(&c->run->error, TN_FAULT_CANCEL, false);
}

static void on_kick(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_trino_conn *c = timer->data;

    (void)loop;
    (void)revents;
    if (c->run == NULL)
        return;
    if (c->phase == TN_TRINO_CANCELLING) {
        tn_trino_stopped(c, true);
    } else if (c->phase == TN_TRINO_ROWS) {
        tn_trino_rows_pump(c);
    }
}

void tn_trino_kick(struct tn_trino_conn *c)
{
    ev_timer_stop(c->base.worker->loop, &c->kick);
    ev_timer_init(&c->kick, on_kick, 0., 0.);
    c->kick.data = c;
    ev_timer_start(c->base.worker->loop, &c->kick);
}

/* ---- start ---- */

/* Its client speaks as it does, and means it. */
static bool is_as_said(const struct tn_trino_conn *c, enum tn_verb verb)
{
    return tn_trino_relays(c) && (verb == TN_VERB_SET || verb == TN_VERB_RESET);
}

static enum tn_status put_text(struct tn_trino_conn *c, struct tn_error *err)
{
    struct tn_run *run = c->run;
    enum tn_verb   verb = run->features == NULL ? TN_VERB_OTHER : run->features->verb;

    tn_buf_clear(&c->text);
    if (run->params.count > 0)
        TN_TRY(tn_trino_execute_put(&c->text, run->sql, &run->params, err));
    else if (is_as_said(c, verb))
        tn_buf_put_str(&c->text, run->sql);
    else
        tn_trino_statement_put(&c->text, run->sql, verb);
    if (c->text.failed)
        return tn_fail(err, TN_E_LIMIT, "54000", "a statement of more than %d MiB, or no memory for it", TN_TRINO_TEXT_MAX / 1024 / 1024);
    return TN_OK;
}

void tn_trino_start(struct tn_run *run)
{
    struct tn_trino_conn *c = tn_trino_conn(run->conn);
    struct tn_error       err;

    tn_error_init(&err);
    c->run = run;
    c->columns_told = false;
    tn_buf_clear(&c->told);
    tn_arena_reset(&c->page_arena);
    tn_arena_reset(&c->run_arena);
    c->sink = TN_TRINO_SINK_RUN;
    if (!tn_trino_check_login(c, &err)) {
        tn_trino_ask_ended(c, &err);
    } else if (run->kind == TN_RUN_DESCRIBE) {
        tn_trino_describe_start(c);
    } else if (put_text(c, &err) == TN_OK) {
        tn_trino_ask(c, TN_TRINO_SINK_RUN);
    } else {
        tn_error_blame(&err, err.status == TN_E_UNSUPPORTED ? TN_FAULT_UNSUPPORTED : TN_FAULT_QUERY, false);
        tn_trino_ask_ended(c, &err);
    }
}

/* ---- pages ---- */

static uint64_t in_us(uint64_t ms)
{
    return TN_MIN(ms, (uint64_t)INT64_MAX / 1000) * 1000;
}

static void note_stats(struct tn_run *run, const struct tn_trino_stats *stats)
{
    run->rows_read = stats->rows;
    run->bytes_read = stats->physical_bytes > 0 ? stats->physical_bytes : stats->bytes;
    run->cpu_us = in_us(stats->cpu_ms);
    run->queued_us = in_us(stats->queued_ms);
    run->peak_memory = stats->peak_memory;
    run->analysis_us = in_us(stats->analysis_ms);
    run->planning_us = in_us(stats->planning_ms);
    run->splits = stats->splits;
    run->over_there = stats->finished;
}

bool tn_trino_tell_columns(struct tn_trino_conn *c, struct tn_error *err)
{
    struct tn_str json; /* the columns' names point into it, and the next page replaces the body */

    if (c->columns_told || c->page.columns.ptr == NULL)
        return true;
    if (!tn_arena_str(&c->run_arena, c->page.columns, &json)) {
        tn_fail(err, TN_E_NOMEM, "53200", "no memory for columns");
        return false;
    }
    if (tn_trino_columns_read(&c->columns, json, &c->run_arena, err) != TN_OK)
        return false;
    if (c->columns.schema.count == 0)
        return true; /* of a statement that gives no rows */
    c->columns_told = true;
    tn_run_columns(c->run, &c->columns.schema);
    return true;
}

/* A statement that changes something answers a row with their number, too; the client is told it in the command's tag. */
static bool is_update(const struct tn_trino_conn *c)
{
    return c->page.update_type.ptr != NULL && !c->columns_told;
}

void tn_trino_note_page(struct tn_trino_conn *c)
{
    note_stats(c->run, &c->page.stats);
    if (c->page.has_update_count)
        c->run->affected = c->page.update_count;
}

static void relay_page(struct tn_trino_conn *c)
{
    struct tn_error err;

    tn_error_init(&err);
    tn_trino_note_page(c);
    if (!tn_trino_tell_columns(c, &err) || (c->phase != TN_TRINO_CANCELLING && !tn_trino_relay_page(c, &err))) {
        tn_trino_name_error(c, &err);
        tn_trino_abort(c, &err);
    } else if (c->phase != TN_TRINO_CANCELLING) { /* else the owner has seen enough */
        tn_trino_page_over(c);
    }
}

static void run_page(struct tn_trino_conn *c)
{
    struct tn_error err;

    tn_error_init(&err);
    if (tn_trino_relays(c)) {
        relay_page(c);
        return;
    }
    note_stats(c->run, &c->page.stats);
    if (is_update(c)) {
        if (c->page.has_update_count)
            c->run->affected = c->page.update_count;
        tn_trino_page_over(c);
        return;
    }
    if (!tn_trino_tell_columns(c, &err)) {
        tn_trino_name_error(c, &err);
        tn_trino_abort(c, &err);
        return;
    }
    if (c->run == NULL || c->phase == TN_TRINO_CANCELLING)
        return; /* the owner did not want them */
    if (c->page.data.ptr == NULL) {
        tn_trino_page_over(c);
    } else if (!c->columns_told || !tn_trino_rows_begin(c, &err)) {
        if (err.status == TN_OK)
            tn_fail(&err, TN_E_ENGINE, "08P01", "rows came before the description of their columns");
        tn_trino_name_error(c, &err);
        tn_trino_abort(c, &err);
    } else {
        c->phase = TN_TRINO_ROWS;
        tn_trino_rows_pump(c);
    }
}

void tn_trino_page_came(struct tn_trino_conn *c)
{
    struct tn_error err;

    tn_error_init(&err);
    if (c->run->cancelled) {
        fail_cancelled(c);
        tn_trino_ask_stop(c);
    } else if (c->sink == TN_TRINO_SINK_RUN) {
        run_page(c);
    } else if (tn_trino_describe_page(c, &err)) {
        tn_trino_ask_next(c);
    } else {
        tn_trino_name_error(c, &err);
        tn_trino_abort(c, &err);
    }
}

/* The window is full for long: a HEAD of the link tells Trino that its client is still there. */
static void on_stall(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_trino_conn *c = timer->data;

    (void)loop;
    (void)revents;
    if (c->run == NULL || (c->phase != TN_TRINO_ROWS && !c->stream.begun) || c->url.len == 0 || tn_http_call_active(c->side))
        return;
    if (!tn_trino_put_common(c, c->side) ||
        tn_http_call_start(c->side, TN_HTTP_CLIENT_HEAD, c->url.data, tn_str(NULL), TN_TRINO_CANCEL_US, NULL) != TN_OK)
        tn_http_call_abort(c->side); /* at the next time */
}

void tn_trino_watch_stall(struct tn_trino_conn *c)
{
    if (ev_is_active(&c->stall))
        return;
    ev_timer_init(&c->stall, on_stall, (double)TN_TRINO_STALL_US / 1e6, (double)TN_TRINO_STALL_US / 1e6);
    c->stall.data = c;
    ev_timer_start(c->base.worker->loop, &c->stall);
}

/* Each page when the client asks for it: what Trino has given last it gives again, so that nothing is lost with us. Nobody goes
 * on with a transaction after our end, and there its next statement may come before this one's last page was fetched. */
static bool waits_for_client(const struct tn_trino_conn *c)
{
    return tn_trino_relays(c) && c->session.transaction == NULL;
}

void tn_trino_page_over(struct tn_trino_conn *c)
{
    if (c->url.len > 0 && (tn_run_is_full(c->run) || (waits_for_client(c) && c->run->uncredited > 0))) {
        c->phase = TN_TRINO_ROWS; /* nothing to decode, a credit to wait for */
        c->rows_over = true;
        tn_trino_watch_stall(c);
        return;
    }
    tn_trino_ask_next(c);
}

void tn_trino_credit(struct tn_run *run)
{
    struct tn_trino_conn *c = tn_trino_conn(run->conn);

    if (c->run != run || tn_run_is_full(run))
        return;
    if (c->phase == TN_TRINO_ROWS)
        tn_trino_rows_pump(c);
    else if (c->stream.begun)
        tn_http_call_resume(c->call);
}

/* ---- ends ---- */

void tn_trino_ask_ended(struct tn_trino_conn *c, struct tn_error *err)
{
    struct tn_run *run = c->run;

    if (run->error.status == TN_OK && err->status != TN_OK)
        tn_error_move(&run->error, err);
    else
        tn_error_reset(err);
    if (run->error.status == TN_OK && run->cancelled && c->submitted && c->sink != TN_TRINO_SINK_RUN)
        fail_cancelled(c);
    if (run->error.status == TN_OK && run->kind == TN_RUN_DESCRIBE && tn_trino_describe_next(c))
        return;
    finish(c, broke(&run->error));
}

static void on_grace(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_trino_conn *c = timer->data;

    (void)loop;
    (void)revents;
    if (c->run != NULL)
        tn_trino_stopped(c, false);
}

void tn_trino_stopped(struct tn_trino_conn *c, bool answered)
{
    fail_cancelled(c);
    finish(c, !answered || broke(&c->run->error));
}

/* Before the POST is answered nobody knows the query's name, and Trino does not begin it before it is asked for. */
void tn_trino_cancel(struct tn_run *run)
{
    struct tn_trino_conn *c = tn_trino_conn(run->conn);

    if (c->run != run || c->phase == TN_TRINO_CANCELLING)
        return;
    if (c->phase == TN_TRINO_SUBMIT) {
        ev_timer_init(&c->grace, on_grace, GRACE_S, 0.);
        c->grace.data = c;
        ev_timer_start(c->base.worker->loop, &c->grace);
        return;
    }
    fail_cancelled(c);
    if (run->left && tn_trino_relays(c))
        tn_buf_clear(&c->url); /* its client has a link to go on with */
    tn_trino_ask_stop(c);
}

void tn_trino_abort(struct tn_trino_conn *c, struct tn_error *err)
{
    if (c->run->error.status == TN_OK)
        tn_error_move(&c->run->error, err);
    else
        tn_error_reset(err);
    if (c->phase != TN_TRINO_CANCELLING)
        tn_trino_ask_stop(c);
}
