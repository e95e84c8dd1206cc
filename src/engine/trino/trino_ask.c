/* One statement at the server: its headers, the chain of nextUri, what is asked again, how it is ended early. */
#include "engine/trino/trino_conn.h"
#include "engine/trino/trino_error.h"
#include "engine/trino/trino_relay.h"

#include "base/clock.h"

static const double RETRY_MIN_S = 0.05, RETRY_SPREAD_S = 0.05; /* as the protocol says: 50 to 100 ms */

void tn_trino_name_error(struct tn_trino_conn *c, struct tn_error *err)
{
    char message[sizeof err->message];

    tn_str_copy(message, sizeof message, tn_str(err->message));
    snprintf(err->message, sizeof err->message, "cluster " TN_STR_FMT ": %.900s", TN_STR_ARG(c->base.cluster->conf->name), message);
    tn_error_blame(err, TN_FAULT_ENGINE, false);
}

static void ended(struct tn_trino_conn *c, struct tn_error *err)
{
    tn_buf_clear(&c->url);
    if (c->sink == TN_TRINO_SINK_INIT)
        tn_trino_init_ended(c, err);
    else
        tn_trino_ask_ended(c, err);
    tn_error_reset(err);
}

/* ---- requests ---- */

static void fail_start(struct tn_trino_conn *c, struct tn_error *err)
{
    if (err->status == TN_OK)
        tn_fail(err, TN_E_NOMEM, "53200", "no memory for a request");
    if (err->status == TN_E_INVALID)
        tn_error_blame(err, TN_FAULT_QUERY, false);
    ended(c, err);
}

/* Over a network, where Trino's own client, if it is one that asks, takes it, too. */
static void choose_coding(struct tn_trino_conn *c)
{
    if (tn_trino_relays(c))
        tn_http_call_gzip(c->call, !((const struct tn_trino_cluster *)c->base.cluster->engine)->http.uncoded && tn_trino_said(c, "accept-encoding").ptr != NULL);
}

static void submit(struct tn_trino_conn *c)
{
    const struct tn_trino_cluster *engine = c->base.cluster->engine;
    struct tn_error                err;

    tn_error_init(&err);
    c->phase = TN_TRINO_SUBMIT;
    c->challenge[0] = '\0';
    tn_buf_clear(&c->url);
    tn_buf_puts(&c->url, engine->prefix);
    tn_buf_puts(&c->url, "/v1/statement");
    tn_buf_put_u8(&c->url, '\0');
    (void)tn_trino_put_headers(c); /* what was refused is told by the start */
    choose_coding(c);
    if (c->url.failed || c->text.failed || c->scratch.failed ||
        tn_http_call_start(c->call, TN_HTTP_CLIENT_POST, c->url.data, tn_buf_str(&c->text), TN_TRINO_REQUEST_US, &err) != TN_OK)
        fail_start(c, &err);
}

static void poll_next(struct tn_trino_conn *c)
{
    struct tn_error err;

    tn_error_init(&err);
    c->phase = TN_TRINO_POLL;
    c->challenge[0] = '\0';
    c->stream_at = TN_TRINO_STREAM_LEAST;
    choose_coding(c);
    if (!tn_trino_put_common(c, c->call) ||
        tn_http_call_start(c->call, TN_HTTP_CLIENT_GET, c->url.data, tn_str(NULL), TN_TRINO_REQUEST_US, &err) != TN_OK)
        fail_start(c, &err);
}

static void on_retry(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_trino_conn *c = timer->data;

    (void)loop;
    (void)revents;
    if (c->submitted)
        poll_next(c);
    else
        submit(c);
}

void tn_trino_ask(struct tn_trino_conn *c, enum tn_trino_sink sink)
{
    c->sink = sink;
    c->submitted = false;
    c->failing_since_us = 0;
    submit(c);
}

/* The link's path at our own endpoint, whatever host it names: a server cannot send us, and our credentials, elsewhere. */
bool tn_trino_url(const struct tn_trino_cluster *engine, struct tn_str link, struct tn_buf *url)
{
    struct tn_str prefix = tn_str(engine->prefix);
    const char   *path = link.len > 0 && link.ptr[0] == '/' ? link.ptr : NULL;

    for (size_t i = 0, slashes = 0; i < link.len; i++) {
        if ((unsigned char)link.ptr[i] <= ' ' || (unsigned char)link.ptr[i] >= 0x7f)
            return false;
        if (link.ptr[i] == '/' && ++slashes == 3 && path == NULL)
            path = link.ptr + i;
    }
    if (path == NULL || (path != link.ptr && !tn_str_starts(link, TN_STR("http://")) && !tn_str_starts(link, TN_STR("https://"))))
        return false;
    link = tn_str_n(path, link.len - (size_t)(path - link.ptr));
    if (prefix.len > 0 && tn_str_starts(link, prefix))
        prefix = TN_STR("");
    tn_buf_clear(url);
    tn_buf_put_str(url, prefix);
    tn_buf_put_str(url, link);
    tn_buf_put_u8(url, '\0');
    return !url->failed;
}

/* ---- answers ---- */

/* Once more in a moment: while the server is busy, or a moment long when it seems to be gone. */
static bool try_again(struct tn_trino_conn *c, const struct tn_http_client_answer *answer)
{
    uint64_t now_us = tn_clock_us(), limit_us = TN_TRINO_LOST_US;
    bool     passing = tn_trino_is_passing(answer->status);

    if (answer->status != 0 && !passing)
        return false;
    if (answer->status == 0 && (answer->error.status != TN_E_CONNECTION || (!c->submitted && answer->unsent)))
        return false;
    if (passing)
        limit_us = c->submitted ? TN_TRINO_BUSY_US : TN_TRINO_BUSY_SUBMIT_US;
    if (c->failing_since_us == 0)
        c->failing_since_us = now_us;
    if (now_us - c->failing_since_us >= limit_us)
        return false;
    c->phase = TN_TRINO_RETRY;
    ev_timer_stop(c->base.worker->loop, &c->retry);
    ev_timer_init(&c->retry, on_retry, RETRY_MIN_S + RETRY_SPREAD_S * tn_rand_unit(&c->base.worker->rand), 0.);
    c->retry.data = c;
    ev_now_update(c->base.worker->loop);
    ev_timer_start(c->base.worker->loop, &c->retry);
    return true;
}

/* A page that cannot be gone on with: its query is ended by the link before it, if there is one. */
static void refuse_page(struct tn_trino_conn *c, struct tn_error *err)
{
    if (c->sink == TN_TRINO_SINK_INIT)
        ended(c, err);
    else
        tn_trino_abort(c, err);
}

static void take_page(struct tn_trino_conn *c)
{
    if (c->sink == TN_TRINO_SINK_INIT)
        tn_trino_ask_next(c);
    else
        tn_trino_page_came(c);
}

/* What the page's link leads to instead of the one before. False: to nothing. */
static bool take_link(struct tn_trino_conn *c)
{
    if (c->page.next_uri.ptr != NULL)
        return tn_trino_url(c->base.cluster->engine, c->page.next_uri, &c->url);
    tn_buf_clear(&c->url);
    return true;
}

static bool is_refused(const struct tn_trino_conn *c, struct tn_error *err)
{
    if (!c->session.failed)
        return false;
    tn_fail(err, TN_E_LIMIT, "54000", "the session at Trino holds more than %d KiB", TN_TRINO_SESSION_BYTES / 1024);
    return true;
}

/* A long page for a client that speaks as Trino does need not be whole to be passed on. */
static void on_part(struct tn_http_call *call, void *owner)
{
    struct tn_trino_conn *c = owner;
    struct tn_buf        *body = tn_http_call_body(call);
    struct tn_error       err = TN_ERROR_INIT;

    if (c->closed || c->phase != TN_TRINO_POLL || c->sink != TN_TRINO_SINK_RUN || !tn_trino_relays(c) || c->run->cancelled || c->session.failed ||
        tn_http_call_status(call) != 200 || body->len < (c->stream.begun ? (size_t)TN_CHUNK_TARGET : c->stream_at))
        return;
    if (!tn_trino_relay_part(c, body, &err)) {
        tn_trino_name_error(c, &err);
        tn_trino_abort(c, &err);
    } else if (c->run != NULL && c->stream.begun && c->phase == TN_TRINO_POLL && tn_run_is_full(c->run)) {
        tn_http_call_pause(call);
        tn_trino_watch_stall(c);
    }
}

/* The end of one. */
static void stream_ended(struct tn_trino_conn *c, struct tn_http_client_answer *answer)
{
    struct tn_error err = TN_ERROR_INIT;

    if (answer->status != 200) { /* its client has a part of it */
        tn_error_move(&err, &answer->error);
        tn_trino_name_error(c, &err);
        ended(c, &err);
        return;
    }
    tn_arena_reset(&c->page_arena);
    if (!tn_trino_relay_rest(c, answer->body, &err)) {
        tn_trino_name_error(c, &err);
        tn_trino_abort(c, &err);
    } else if (c->phase == TN_TRINO_CANCELLING) {
        return; /* the owner has seen enough */
    } else if (!take_link(c)) {
        tn_fail(&err, TN_E_ENGINE, "08P01", "the server's nextUri is no link of HTTP");
        tn_trino_name_error(c, &err);
        tn_trino_abort(c, &err);
    } else if (c->page.failed) {
        tn_trino_error(&err, &c->page.failure, c->page.id, c->run->sql, tn_buf_str(&c->text));
        ended(c, &err);
    } else if (is_refused(c, &err)) {
        tn_trino_abort(c, &err);
    } else {
        tn_trino_page_over(c);
    }
}

static void page_came(struct tn_trino_conn *c, struct tn_http_client_answer *answer)
{
    struct tn_error err;
    bool            first = !c->submitted;

    tn_error_init(&err);
    c->failing_since_us = 0;
    c->submitted = true;
    c->body = answer->body;
    tn_arena_reset(&c->page_arena);
    if (first)
        tn_buf_clear(&c->url); /* where statements are sent to is no link of one */
    if (tn_trino_page_read(&c->page, tn_buf_str(answer->body), &c->page_arena, &err) != TN_OK) {
        tn_trino_name_error(c, &err);
        refuse_page(c, &err);
    } else if (!take_link(c)) {
        tn_fail(&err, TN_E_ENGINE, "08P01", "the server's nextUri is no link of HTTP");
        tn_trino_name_error(c, &err);
        refuse_page(c, &err);
    } else if (c->page.failed) {
        if (c->sink == TN_TRINO_SINK_RUN)
            tn_str_copy(c->run->tag, sizeof c->run->tag, c->page.update_type);
        tn_trino_error(&err, &c->page.failure, c->page.id, c->sink == TN_TRINO_SINK_RUN ? c->run->sql : tn_buf_str(&c->text), tn_buf_str(&c->text));
        ended(c, &err);
    } else if (c->page.spooled.ptr != NULL && (c->sink == TN_TRINO_SINK_INIT || !tn_trino_relays(c) || tn_trino_said(c, "x-trino-query-data-encoding").len == 0)) {
        tn_fail(&err, TN_E_ENGINE, "08P01", "rows came in segments, which nobody asked for");
        tn_trino_name_error(c, &err);
        refuse_page(c, &err);
    } else if (is_refused(c, &err)) {
        refuse_page(c, &err);
    } else {
        take_page(c);
    }
}

void tn_trino_ask_next(struct tn_trino_conn *c)
{
    struct tn_error err;

    tn_error_init(&err);
    if (c->url.len > 0)
        poll_next(c);
    else
        ended(c, &err);
}

/* A log-in of the client's own that is refused says nothing about the cluster: 28P01 = it is not right (401), 28000 = it may not do this (403). */
static void blame_client(const struct tn_trino_conn *c, long status, struct tn_str body, struct tn_error *err)
{
    const struct tn_trino_cluster *engine = c->base.cluster->engine;
    int                            len = (int)tn_utf8_valid_prefix(body.ptr, TN_MIN(body.len, (size_t)1000));

    if (!engine->pass_through || (status != 401 && status != 403))
        return;
    tn_error_reset(err);
    if (len > 0) /* drivers show it behind words of their own */
        tn_fail(err, TN_E_DENIED, status == 401 ? "28P01" : "28000", "%.*s", len, body.ptr);
    else
        tn_fail(err, TN_E_DENIED, status == 401 ? "28P01" : "28000", "cluster " TN_STR_FMT ": Trino refuses the client's log-in (HTTP %ld)",
                TN_STR_ARG(c->base.cluster->conf->name), status);
    if (status == 401 && c->challenge[0] != '\0')
        tn_error_detail(err, TN_TRINO_CHALLENGE "%s", c->challenge);
    tn_error_blame(err, TN_FAULT_QUERY, len > 0);
}

static void on_done(struct tn_http_call *call, struct tn_http_client_answer *answer, void *owner)
{
    struct tn_trino_conn *c = owner;
    struct tn_error       err;

    tn_error_init(&err);
    (void)call;
    if (c->closed)
        return;
    if (c->phase == TN_TRINO_CONNECTING) {
        tn_trino_info_came(c, answer);
        return;
    }
    if (c->stream.begun && !c->run->cancelled) {
        stream_ended(c, answer);
        return;
    }
    if (c->sink != TN_TRINO_SINK_INIT && c->run->cancelled && (answer->status != 200 || c->stream.begun)) {
        tn_trino_stopped(c, false);
        return;
    }
    if (answer->status == 200) {
        page_came(c, answer);
        return;
    }
    if (try_again(c, answer))
        return;
    if (answer->status != 0) {
        tn_trino_error_status(&err, c->base.cluster->conf->name, answer->status, tn_buf_str(answer->body));
        blame_client(c, answer->status, tn_buf_str(answer->body), &err);
    } else {
        tn_error_move(&err, &answer->error);
        tn_trino_name_error(c, &err);
    }
    if (c->submitted && answer->status == 0 && err.status != TN_E_CONNECTION && c->sink != TN_TRINO_SINK_INIT)
        tn_trino_abort(c, &err); /* a page that is too large: the query goes on over there */
    else
        ended(c, &err);
}

static void on_header(struct tn_http_call *call, struct tn_str name, struct tn_str value, void *owner)
{
    struct tn_trino_conn *c = owner;

    (void)call;
    if (c->phase != TN_TRINO_SUBMIT && c->phase != TN_TRINO_POLL)
        return;
    if (tn_str_ieq_c(name, "WWW-Authenticate"))
        tn_trino_relay_challenge(c->challenge, sizeof c->challenge, value);
    if (tn_trino_relays(c))
        tn_trino_relay_header(&c->told, name, value);
    if (c->sink == TN_TRINO_SINK_RUN && (tn_str_ieq_c(name, "X-Trino-Set-Session") || tn_str_ieq_c(name, "X-Trino-Clear-Session")))
        return; /* the client's session keeps them, whatever connection it has, and gives them to every run */
    tn_trino_session_header(&c->session, name, value);
}

const struct tn_http_client_events tn_trino_ask_events = {.header = on_header, .part = on_part, .done = on_done};

/* ---- its early end ---- */

static void on_side_done(struct tn_http_call *call, struct tn_http_client_answer *answer, void *owner)
{
    struct tn_trino_conn *c = owner;

    (void)call;
    if (!c->closed && c->phase == TN_TRINO_CANCELLING)
        tn_trino_stopped(c, answer->status != 0);
}

const struct tn_http_client_events tn_trino_side_events = {.header = NULL, .done = on_side_done};

void tn_trino_ask_stop(struct tn_trino_conn *c)
{
    ev_timer_stop(c->base.worker->loop, &c->retry);
    tn_http_call_abort(c->call);
    tn_http_call_abort(c->side);
    c->phase = TN_TRINO_CANCELLING;
    if (c->url.len == 0 || !c->submitted || !tn_trino_put_common(c, c->side) ||
        tn_http_call_start(c->side, TN_HTTP_CLIENT_DELETE, c->url.data, tn_str(NULL), TN_TRINO_CANCEL_US, NULL) != TN_OK)
        tn_trino_kick(c); /* there is nothing to end, or no way to */
}
