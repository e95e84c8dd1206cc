/* One connection of a client: opened when it is needed, kept while its server keeps it. What is known to be there is read without
 * asking the loop again, and nothing is asked of the kernel twice: reading is watched for as long as it is open. */
#include "net/http_wire.h"

enum { SCRATCH = 64 * 1024, TURN = 1024 * 1024 /* bytes; then others have theirs */, DIRECT_LEAST = 16 * 1024, DIRECT_MOST = 1024 * 1024 };

static _Thread_local char scratch[SCRATCH];

static void on_io(struct ev_loop *loop, ev_io *io, int revents);

void tn_http_wire_init(struct tn_http_wire *wire, struct tn_http_client *client)
{
    wire->client = client;
    wire->transport.fd = -1;
    ev_init(&wire->readable, on_io);
    ev_init(&wire->writable, on_io);
    wire->readable.data = wire->writable.data = wire;
    tn_http_answer_init(&wire->answer, TN_HTTP_CLIENT_HEAD_MAX);
}

void tn_http_wire_close(struct tn_http_wire *wire)
{
    struct ev_loop *loop = wire->client->worker->loop;

    tn_dial_stop(wire->dial);
    wire->dial = NULL;
    ev_io_stop(loop, &wire->readable);
    ev_io_stop(loop, &wire->writable);
    tn_transport_close(&wire->transport);
    wire->kept = false;
}

void tn_http_wire_free(struct tn_http_wire *wire)
{
    tn_http_wire_close(wire);
    tn_http_answer_reset(&wire->answer);
}

/* ---- sending ---- */

static bool is_sent(const struct tn_http_call *call)
{
    return call->sent == call->head.len + call->text.len;
}

static enum tn_io send_out(struct tn_http_wire *wire)
{
    struct tn_http_call *call = wire->call;
    struct ev_loop      *loop = wire->client->worker->loop;

    while (!is_sent(call)) {
        size_t       in_head = TN_MIN(call->sent, call->head.len), in_text = call->sent - in_head, n;
        struct iovec parts[2] = {{call->head.data + in_head, call->head.len - in_head},
                                 {(char *)(uintptr_t)call->text.ptr + in_text, call->text.len - in_text}};
        bool         headless = parts[0].iov_len == 0;
        enum tn_io   io = tn_transport_writev(&wire->transport, parts + headless, parts[1].iov_len == 0 || headless ? 1 : 2, &n);

        if (io == TN_IO_AGAIN && (wire->transport.wants & TN_IO_WANT_WRITE) != 0)
            ev_io_start(loop, &wire->writable);
        if (io != TN_IO_OK)
            return io;
        call->sent += n;
    }
    ev_io_stop(loop, &wire->writable);
    return TN_IO_OK;
}

/* ---- receiving ---- */

static void finish(struct tn_http_wire *wire, bool nothing_behind)
{
    struct tn_http_call *call = wire->call;

    wire->call = NULL;
    call->wire = NULL;
    wire->kept = nothing_behind && wire->answer.keep_alive && is_sent(call);
    if (!wire->kept)
        tn_http_wire_close(wire);
    tn_http_call_ended(call, &wire->answer);
}

static void fail_answer(struct tn_http_wire *wire)
{
    const struct tn_http_answer *answer = &wire->answer;

    if (answer->too_long)
        tn_http_call_failed(wire->call, TN_E_LIMIT, "54000", false, "the head of the answer is longer than 256 KiB");
    else if (answer->no_memory)
        tn_http_call_failed(wire->call, TN_E_NOMEM, "53200", false, "no memory for an answer");
    else
        tn_http_call_failed(wire->call, TN_E_CONNECTION, "08P01", false, answer->bad_reason);
}

/* True: the answer is over, one way or the other, and perhaps another request is on its way. */
static bool feed(struct tn_http_wire *wire, const char *data, size_t len)
{
    struct tn_http_answer *answer = &wire->answer;
    size_t                 at = 0;

    for (;;) {
        size_t             used;
        enum tn_http_event event = tn_http_answer_feed(answer, data + at, len - at, &used);

        at += used;
        switch (event) {
        case TN_HTTP_MORE: return false;
        case TN_HTTP_HEAD:
            if (tn_http_call_head_came(wire->call, answer) == TN_HTTP_TAKE_FAILED)
                return true;
            break;
        case TN_HTTP_BODY:
            if (tn_http_call_part_came(wire->call, answer->body) == TN_HTTP_TAKE_FAILED)
                return true;
            break;
        case TN_HTTP_END: finish(wire, at == len); return true;
        case TN_HTTP_BAD: fail_answer(wire); return true;
        }
    }
}

/* A long body of a known length goes where it is to lie. */
static enum tn_io read_direct(struct tn_http_wire *wire, char *room, size_t len, size_t *n)
{
    enum tn_io io = tn_transport_read(&wire->transport, room, len, n);

    if (io != TN_IO_OK)
        return io;
    wire->call->body.len += *n;
    tn_http_answer_took(&wire->answer, *n);
    return TN_IO_OK;
}

static bool open_wire(struct tn_http_wire *wire);

/* Its server may have closed it while it was kept: such a request was never looked at. */
static bool send_again(struct tn_http_wire *wire)
{
    struct tn_http_call *call = wire->call;

    if (!wire->kept || call->again || !tn_http_answer_is_fresh(&wire->answer))
        return false;
    call->again = true;
    tn_http_wire_close(wire);
    call->sent = 0;
    if (!open_wire(wire))
        tn_http_call_failed(call, TN_E_NOMEM, "53200", true, "no memory for a connection");
    else
        tn_http_call_moved(call);
    return true;
}

static void lost(struct tn_http_wire *wire, enum tn_io io)
{
    const char *why = tn_tls_why(&wire->transport);
    bool        unsent = tn_tls_is_beginning(&wire->transport);
    bool        ended = wire->transport.error == 0 && !tn_tls_is_cut(&wire->transport); /* a reset ends no body, nor may anybody between the two */

    if (send_again(wire))
        return;
    if (io == TN_IO_EOF && ended && tn_http_answer_closed(&wire->answer) == TN_HTTP_END) {
        finish(wire, false);
        return;
    }
    if (why == NULL)
        why = wire->transport.error != 0 ? strerror(wire->transport.error) : "the server closed the connection before the end of its answer";
    tn_http_call_failed(wire->call, TN_E_CONNECTION, unsent ? "08001" : "08006", unsent, why);
}

/* What is there. The wire is not to be touched after it: its call may have ended, and another begun. */
static void receive(struct tn_http_wire *wire)
{
    for (size_t budget = TURN;;) {
        size_t     left = TN_MIN(wire->answer.left, (uint64_t)DIRECT_MOST), n;
        char      *room = left >= DIRECT_LEAST ? tn_http_call_room(wire->call, left) : NULL;
        size_t     asked = room != NULL ? left : SCRATCH;
        enum tn_io io = room != NULL ? read_direct(wire, room, left, &n) : tn_transport_read(&wire->transport, scratch, SCRATCH, &n);

        if (io == TN_IO_AGAIN) {
            if ((wire->transport.wants & TN_IO_WANT_WRITE) != 0)
                ev_io_start(wire->client->worker->loop, &wire->writable);
            return;
        }
        if (io != TN_IO_OK) {
            lost(wire, io);
            return;
        }
        if ((room != NULL ? feed(wire, "", 0) : feed(wire, scratch, n)) || !tn_http_call_more_came(wire->call))
            return;
        if (n < asked && !wire->transport.more)
            return; /* all that there was */
        if (n >= budget) {
            ev_feed_event(wire->client->worker->loop, &wire->readable, EV_READ);
            return;
        }
        budget -= n;
    }
}

/* Why a request could not be sent may stand in an answer, or the end of the connection is found there. */
static void go_on(struct tn_http_wire *wire)
{
    enum tn_io io = is_sent(wire->call) ? TN_IO_OK : send_out(wire);

    if ((io == TN_IO_AGAIN && tn_tls_is_beginning(&wire->transport)) || wire->call->paused)
        return;
    if (io == TN_IO_EOF || io == TN_IO_ERROR)
        ev_io_stop(wire->client->worker->loop, &wire->writable);
    receive(wire);
}

static void on_io(struct ev_loop *loop, ev_io *io, int revents)
{
    struct tn_http_wire *wire = io->data;
    size_t               n;

    (void)loop;
    (void)revents;
    if (wire->call != NULL)
        go_on(wire);
    else if (tn_transport_read(&wire->transport, scratch, SCRATCH, &n) != TN_IO_AGAIN) /* tickets of TLS are no answers */
        tn_http_wire_close(wire);
}

/* ---- opening ---- */

static void start_sending(struct tn_http_wire *wire)
{
    enum tn_io io = send_out(wire);

    if (io == TN_IO_EOF || io == TN_IO_ERROR)
        lost(wire, io);
}

static void on_dialled(struct tn_dialled *dialled, void *owner)
{
    struct tn_http_wire   *wire = owner;
    struct tn_http_client *client = wire->client;

    wire->dial = NULL;
    if (dialled->fd < 0) {
        tn_http_call_failed(wire->call, TN_E_CONNECTION, "08001", true, dialled->why);
        return;
    }
    if (dialled->tls != NULL) {
        tn_tls_unref(client->tls);
        client->tls = dialled->tls;
    }
    tn_transport_init(&wire->transport, dialled->fd);
    ev_io_set(&wire->readable, dialled->fd, EV_READ);
    ev_io_set(&wire->writable, dialled->fd, EV_WRITE);
    ev_io_start(client->worker->loop, &wire->readable);
    if (client->secure && !tn_tls_connect(&wire->transport, client->tls, client->host, client->options.verify))
        tn_http_call_failed(wire->call, TN_E_NOMEM, "53200", true, "no memory for TLS");
    else
        start_sending(wire);
}

static bool open_wire(struct tn_http_wire *wire)
{
    const struct tn_http_client         *client = wire->client;
    const struct tn_http_client_options *o = &client->options;
    struct tn_tls_client_conf            tls = {.ca_file = o->ca_file, .cert_file = o->cert_file, .key_file = o->key_file, .verify = o->verify};

    tn_http_answer_begin(&wire->answer, wire->call->method == TN_HTTP_CLIENT_HEAD);
    wire->dial = tn_dial_start(&(struct tn_dial_request){.worker = client->worker, .pool = o->pool, .host = client->host, .port = client->port,
                                                         .tls = client->secure && client->tls == NULL ? &tls : NULL,
                                                         .timeout_us = o->connect_timeout_us, .done = on_dialled, .owner = wire});
    return wire->dial != NULL;
}

bool tn_http_wire_send(struct tn_http_wire *wire, struct tn_http_call *call)
{
    enum tn_io io;

    wire->call = call;
    call->wire = wire;
    call->sent = 0;
    call->again = false;
    if (wire->transport.fd >= 0) {
        tn_http_answer_begin(&wire->answer, call->method == TN_HTTP_CLIENT_HEAD);
        io = send_out(wire);
        if (io == TN_IO_OK || io == TN_IO_AGAIN)
            return true;
        tn_http_wire_close(wire);
        call->again = true;
        call->sent = 0;
    }
    if (open_wire(wire))
        return true;
    wire->call = NULL;
    call->wire = NULL;
    return false;
}
