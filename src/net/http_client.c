#include "net/http_wire.h"

#include "base/alloc.h"
#include "base/clock.h"

#include <stdio.h>

enum { FIELDS_MAX = 8 * 1024 * 1024, TEXT_IN_HEAD = 4096, HEAD_KEPT = 64 * 1024 };

/* ---- the client ---- */

static bool copy_part(char *out, size_t size, struct tn_str part)
{
    if (part.len == 0 || part.len >= size)
        return false;
    tn_str_copy(out, size, part);
    return true;
}

/* "http://HOST:PORT", "https://[::1]" */
static bool read_origin(struct tn_http_client *client, struct tn_str origin)
{
    struct tn_str rest, port;
    const char   *end, *colon;
    uint64_t      number;

    client->secure = tn_str_starts(origin, TN_STR("https://"));
    if (!client->secure && !tn_str_starts(origin, TN_STR("http://")))
        return false;
    rest = tn_str_n(origin.ptr + 7 + client->secure, origin.len - 7 - client->secure);
    for (size_t i = 0; i < rest.len; i++)
        if (rest.ptr[i] <= ' ' || rest.ptr[i] >= 0x7f || strchr("/@?#\\", rest.ptr[i]) != NULL)
            return false;
    end = rest.len > 0 && rest.ptr[0] == '[' ? memchr(rest.ptr, ']', rest.len) : rest.ptr;
    if (end == NULL || !copy_part(client->authority, sizeof client->authority, rest))
        return false;
    colon = memchr(end, ':', (size_t)(rest.ptr + rest.len - end));
    port = colon == NULL ? client->secure ? TN_STR("443") : TN_STR("80") : tn_str_n(colon + 1, (size_t)(rest.ptr + rest.len - colon - 1));
    rest.len = colon == NULL ? rest.len : (size_t)(colon - rest.ptr);
    if (rest.len > 2 && rest.ptr[0] == '[' && rest.ptr[rest.len - 1] == ']')
        rest = tn_str_n(rest.ptr + 1, rest.len - 2);
    return copy_part(client->host, sizeof client->host, rest) && tn_str_to_u64(port, 65535, &number) && copy_part(client->port, sizeof client->port, port);
}

enum tn_status tn_http_client_new(struct tn_http_client **out, struct tn_worker *worker, const struct tn_http_client_options *options,
                                  struct tn_error *err)
{
    struct tn_http_client *client = tn_calloc(1, sizeof *client);

    *out = NULL;
    if (client == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for an HTTP client");
    client->worker = worker;
    client->options = *options;
    if (!read_origin(client, tn_str(options->origin))) {
        tn_free(client);
        return tn_fail(err, TN_E_INVALID, "22023", "an origin is http://HOST:PORT or https://HOST:PORT");
    }
    for (size_t i = 0; i < TN_HTTP_WIRES; i++)
        tn_http_wire_init(&client->wires[i], client);
    *out = client;
    return TN_OK;
}

void tn_http_client_free(struct tn_http_client *client)
{
    if (client == NULL)
        return;
    for (size_t i = 0; i < TN_HTTP_WIRES; i++)
        tn_http_wire_free(&client->wires[i]);
    tn_tls_unref(client->tls);
    tn_free(client);
}

/* One that is open, else one that can be opened; NULL: all have a call. */
static struct tn_http_wire *find_wire(struct tn_http_client *client)
{
    struct tn_http_wire *found = NULL;

    for (size_t i = 0; i < TN_HTTP_WIRES; i++) {
        struct tn_http_wire *wire = &client->wires[i];

        if (wire->call == NULL && wire->transport.fd >= 0)
            return wire;
        if (wire->call == NULL && found == NULL)
            found = wire;
    }
    return found;
}

/* ---- time ---- */

static bool is_connecting(const struct tn_http_call *call)
{
    return call->wire->dial != NULL || tn_tls_is_beginning(&call->wire->transport);
}

static uint64_t limit_of(const struct tn_http_call *call)
{
    return is_connecting(call) ? TN_MIN(call->connect_by_us, call->deadline_us) : call->deadline_us;
}

/* A timer that would fire too early is left alone: it looks at the limit when it does. */
static void arm(struct tn_http_call *call)
{
    struct ev_loop *loop = call->client->worker->loop;
    uint64_t        now, limit = limit_of(call);

    if (ev_is_active(&call->timer) && call->timer_at_us <= limit)
        return;
    now = tn_clock_us();
    call->timer_at_us = limit;
    ev_timer_stop(loop, &call->timer);
    ev_timer_set(&call->timer, limit > now ? (double)(limit - now) / 1e6 : 0., 0.);
    ev_timer_start(loop, &call->timer);
}

void tn_http_call_moved(struct tn_http_call *call)
{
    call->connect_by_us = tn_clock_us() + call->client->options.connect_timeout_us;
    arm(call);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_http_call *call = timer->data;

    (void)loop;
    (void)revents;
    if (call->wire == NULL || call->paused)
        return;
    if (tn_clock_us() < limit_of(call))
        arm(call);
    else if (is_connecting(call))
        tn_http_call_failed(call, TN_E_CONNECTION, "08001", true, "the server could not be reached in time");
    else
        tn_http_call_failed(call, TN_E_CONNECTION, "08006", false, "the server did not answer in time");
}

/* ---- one call ---- */

struct tn_http_call *tn_http_call_new(struct tn_http_client *client, const struct tn_http_client_events *events, void *owner)
{
    struct tn_http_call *call = tn_calloc(1, sizeof *call);

    if (call == NULL)
        return NULL;
    call->client = client;
    call->events = events;
    call->owner = owner;
    call->gzip = !client->options.uncoded;
    tn_buf_init(&call->fields, FIELDS_MAX);
    tn_buf_init(&call->head, FIELDS_MAX + 64 * 1024);
    tn_buf_init(&call->body, client->options.max_body);
    ev_timer_init(&call->timer, on_timer, 0., 0.);
    call->timer.data = call;
    return call;
}

static void drop_fields(struct tn_http_call *call)
{
    if (call->fields.capacity > HEAD_KEPT)
        tn_buf_reset(&call->fields);
    tn_buf_clear(&call->fields);
    call->refused = TN_OK;
    call->gzip = !call->client->options.uncoded;
}

static void leave_wire(struct tn_http_call *call)
{
    if (call->wire != NULL) {
        tn_http_wire_close(call->wire);
        call->wire->call = NULL;
    }
    call->wire = NULL;
    call->paused = false;
}

void tn_http_call_abort(struct tn_http_call *call)
{
    leave_wire(call);
    drop_fields(call);
}

void tn_http_call_shrink(struct tn_http_call *call)
{
    if (call->wire == NULL && call->body.capacity > TN_HTTP_CLIENT_BODY_KEPT)
        tn_buf_reset(&call->body);
}

bool tn_http_call_active(const struct tn_http_call *call)
{
    return call->wire != NULL;
}

void tn_http_call_free(struct tn_http_call *call)
{
    if (call == NULL)
        return;
    tn_http_call_abort(call);
    ev_timer_stop(call->client->worker->loop, &call->timer);
    tn_http_inflater_free(call->inflater);
    tn_buf_reset(&call->fields);
    tn_buf_reset(&call->head);
    tn_buf_reset(&call->body);
    tn_free(call);
}

/* Eight bytes of ASCII, none below a space, none that is DEL. */
static bool are_visible(const char *at)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
    uint64_t       word, del;

    memcpy(&word, at, 8);
    del = word ^ ones * 0x7f;
    return (((word - ones * ' ') | (del - ones) | word) & highs) == 0;
}

static bool is_one_line(struct tn_str text)
{
    size_t start = 0;

    while (text.len - start >= 8 && are_visible(text.ptr + start))
        start += 8;
    for (size_t i = start; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < ' ' ? text.ptr[i] != '\t' : text.ptr[i] == 0x7f)
            return false;
    return true;
}

bool tn_http_call_header(struct tn_http_call *call, const char *name, struct tn_str value)
{
    if (!is_one_line(value) || !is_one_line(tn_str(name))) {
        call->refused = TN_E_INVALID;
        return false;
    }
    tn_buf_puts(&call->fields, name);
    tn_buf_puts(&call->fields, ": ");
    tn_buf_put_str(&call->fields, value);
    tn_buf_puts(&call->fields, "\r\n");
    if (call->fields.failed && call->refused == TN_OK)
        call->refused = TN_E_NOMEM;
    return !call->fields.failed;
}

void tn_http_call_gzip(struct tn_http_call *call, bool wanted)
{
    call->gzip = wanted;
}

static bool is_path(struct tn_str path)
{
    for (size_t i = 0; i < path.len; i++)
        if (path.ptr[i] <= ' ' || path.ptr[i] >= 0x7f)
            return false;
    return path.len > 0 && path.ptr[0] == '/';
}

static bool put_head(struct tn_http_call *call, enum tn_http_client_method method, struct tn_str path, struct tn_str text)
{
    static const char *const names[] = {[TN_HTTP_CLIENT_GET] = "GET ", [TN_HTTP_CLIENT_POST] = "POST ", [TN_HTTP_CLIENT_DELETE] = "DELETE ",
                                        [TN_HTTP_CLIENT_HEAD] = "HEAD "};
    struct tn_buf           *out = &call->head;

    if (out->capacity > HEAD_KEPT)
        tn_buf_reset(out);
    tn_buf_clear(out);
    tn_buf_puts(out, names[method]);
    tn_buf_put_str(out, path);
    tn_buf_puts(out, " HTTP/1.1\r\nHost: ");
    tn_buf_puts(out, call->client->authority);
    tn_buf_puts(out, call->gzip ? "\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n" : "\r\nAccept: */*\r\nAccept-Encoding: identity\r\n");
    tn_buf_put_str(out, tn_buf_str(&call->fields));
    if (method == TN_HTTP_CLIENT_POST)
        tn_buf_printf(out, "Content-Length: %zu\r\n", text.len);
    tn_buf_puts(out, "\r\n");
    if (text.len <= TEXT_IN_HEAD) { /* in one piece */
        tn_buf_put_str(out, text);
        text = tn_str_n("", 0);
    }
    call->text = text;
    call->method = method;
    return !out->failed;
}

static enum tn_status begin(struct tn_http_call *call, struct tn_http_wire *wire, uint64_t timeout_us, struct tn_error *err)
{
    uint64_t now = tn_clock_us();

    tn_http_call_shrink(call);
    tn_buf_clear(&call->body);
    call->timeout_us = timeout_us;
    call->deadline_us = now + timeout_us;
    call->connect_by_us = now + call->client->options.connect_timeout_us;
    call->coded = false;
    if (!tn_http_wire_send(wire, call))
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a request");
    arm(call);
    return TN_OK;
}

enum tn_status tn_http_call_start(struct tn_http_call *call, enum tn_http_client_method method, const char *path, struct tn_str body,
                                  uint64_t timeout_us, struct tn_error *err)
{
    struct tn_http_wire *wire = find_wire(call->client);
    enum tn_status       status = call->refused;

    if (status == TN_E_INVALID || !is_path(tn_str(path)))
        status = tn_fail(err, TN_E_INVALID, "22023", status == TN_OK ? "the path of a request is none" : "a header of a request holds a control character");
    else if (status != TN_OK || !put_head(call, method, tn_str(path), method == TN_HTTP_CLIENT_POST ? body : tn_str_n("", 0)))
        status = tn_fail(err, TN_E_NOMEM, "53200", "no memory for a request");
    else if (wire == NULL)
        status = tn_fail(err, TN_E_LIMIT, "54000", "more than %d requests at once", TN_HTTP_WIRES);
    else
        status = begin(call, wire, timeout_us, err);
    if (status != TN_OK)
        drop_fields(call);
    return status;
}

/* ---- its answer ---- */

char *tn_http_call_room(struct tn_http_call *call, size_t n)
{
    return call->coded || n > call->body.max - call->body.len || !tn_buf_reserve(&call->body, n) ? NULL : call->body.data + call->body.len;
}

static enum tn_http_taken take_failed(struct tn_http_call *call, enum tn_status status, const char *sqlstate, const char *why)
{
    tn_http_call_failed(call, status, sqlstate, false, why);
    return TN_HTTP_TAKE_FAILED;
}

static enum tn_http_taken too_long(struct tn_http_call *call)
{
    return take_failed(call, TN_E_LIMIT, "54000", "the body of the answer is longer than is allowed");
}

static enum tn_http_taken no_memory(struct tn_http_call *call)
{
    return take_failed(call, TN_E_NOMEM, "53200", "no memory for the body of the answer");
}

static enum tn_http_taken begin_coded(struct tn_http_call *call)
{
    if (call->inflater == NULL)
        call->inflater = tn_http_inflater_new();
    if (call->inflater == NULL)
        return no_memory(call);
    tn_http_inflater_begin(call->inflater);
    call->coded = true;
    return TN_HTTP_TAKEN;
}

enum tn_http_taken tn_http_call_head_came(struct tn_http_call *call, const struct tn_http_answer *answer)
{
    struct tn_str name, value;
    size_t        at = 0;

    if (answer->left > call->body.max && call->events->part == NULL)
        return too_long(call);
    while (tn_http_answer_field(answer, &at, &name, &value)) {
        if (call->events->header != NULL)
            call->events->header(call, name, value, call->owner);
        if (name.len != sizeof "content-encoding" - 1 || !tn_str_ieq_c(name, "content-encoding") || tn_str_ieq_c(value, "identity") || call->method == TN_HTTP_CLIENT_HEAD)
            continue;
        if (call->coded || !(tn_str_ieq_c(value, "gzip") || tn_str_ieq_c(value, "x-gzip")))
            return take_failed(call, TN_E_ENGINE, "08P01", "the answer has a Content-Encoding that was not asked for");
        if (begin_coded(call) != TN_HTTP_TAKEN)
            return TN_HTTP_TAKE_FAILED;
    }
    return TN_HTTP_TAKEN;
}

enum tn_http_taken tn_http_call_part_came(struct tn_http_call *call, struct tn_str part)
{
    if (call->coded) {
        switch (tn_http_inflate(call->inflater, part, &call->body)) {
        case TN_HTTP_INFLATED: return TN_HTTP_TAKEN;
        case TN_HTTP_INFLATE_BAD: return take_failed(call, TN_E_ENGINE, "08P01", "the body of the answer is not gzip");
        case TN_HTTP_INFLATE_TOO_LONG: return too_long(call);
        case TN_HTTP_INFLATE_BOMB: return take_failed(call, TN_E_LIMIT, "54000", "the body of the answer was compressed too much to be believed");
        case TN_HTTP_INFLATE_NO_MEMORY: return no_memory(call);
        }
    }
    if (part.len > call->body.max - call->body.len)
        return too_long(call);
    tn_buf_put_str(&call->body, part);
    return call->body.failed ? no_memory(call) : TN_HTTP_TAKEN;
}

bool tn_http_call_more_came(struct tn_http_call *call)
{
    struct tn_http_wire *wire = call->wire;

    if (call->events->part == NULL || call->body.len == 0)
        return true;
    call->deadline_us = tn_clock_us() + call->timeout_us;
    call->events->part(call, call->owner);
    return call->wire == wire && !call->paused;
}

struct tn_buf *tn_http_call_body(struct tn_http_call *call)
{
    return &call->body;
}

unsigned tn_http_call_status(const struct tn_http_call *call)
{
    return call->wire == NULL ? 0 : call->wire->answer.status;
}

void tn_http_call_pause(struct tn_http_call *call)
{
    if (call->wire == NULL || call->paused)
        return;
    call->paused = true;
    ev_io_stop(call->client->worker->loop, &call->wire->readable);
}

void tn_http_call_resume(struct tn_http_call *call)
{
    struct ev_loop *loop = call->client->worker->loop;

    if (call->wire == NULL || !call->paused)
        return;
    call->paused = false;
    ev_io_start(loop, &call->wire->readable);
    ev_feed_event(loop, &call->wire->readable, EV_READ); /* something may be there that the socket does not tell of */
    call->deadline_us = tn_clock_us() + call->timeout_us;
    arm(call);
}

static void tell(struct tn_http_call *call, struct tn_http_client_answer *answer)
{
    drop_fields(call);
    call->events->done(call, answer, call->owner);
    tn_error_reset(&answer->error);
}

void tn_http_call_ended(struct tn_http_call *call, const struct tn_http_answer *answer)
{
    struct tn_http_client_answer told;

    told.status = (long)answer->status;
    told.body = &call->body;
    told.unsent = false;
    tn_error_init(&told.error);
    if (call->coded && !tn_http_inflater_is_whole(call->inflater) && answer->status != 204 && answer->status != 304) {
        told.status = 0;
        tn_fail(&told.error, TN_E_ENGINE, "08P01", "the body of the answer is not the whole of its gzip");
    }
    tell(call, &told);
}

void tn_http_call_failed(struct tn_http_call *call, enum tn_status status, const char *sqlstate, bool unsent, const char *why)
{
    struct tn_http_client_answer told = {.body = &call->body, .unsent = unsent, .error = TN_ERROR_INIT};

    tn_fail(&told.error, status, sqlstate, "%s", why);
    leave_wire(call);
    tell(call, &told);
}
