/* The socket in the loop: what is to be read and written, and when. */
#include "engine/mysql/mysql_conn.h"

enum {
    WORK_PER_TURN = 8192, /* units of tn_mysql_message(): about 1 ms */
    READS_PER_TURN = 8,
    LOGIN_MAX = 64 * 1024, /* bytes of a message before the server has let us in: anybody may be there */
};

static bool logging_in(const struct tn_mysql_conn *c)
{
    return c->phase <= TN_MYSQL_LOGIN;
}

static bool in_exchange(const struct tn_mysql_conn *c)
{
    return c->phase != TN_MYSQL_DIAL && c->phase != TN_MYSQL_IDLE && c->phase != TN_MYSQL_CANCELLING;
}

/* While it logs in, that fails; while it is idle, the pool finds it broken; else its run fails. */
void tn_mysql_lose(struct tn_mysql_conn *c, const char *why, const char *detail)
{
    if (c->lost)
        return;
    c->lost = true;
    if (why != NULL) {
        tn_fail(&c->broken, TN_E_CONNECTION, "08006", "cluster " TN_STR_FMT ": %s", TN_STR_ARG(c->base.cluster->conf->name), why);
        if (detail != NULL && detail[0] != '\0')
            tn_error_detail(&c->broken, "%s", detail);
    }
    ev_io_stop(c->base.worker->loop, &c->read);
    ev_io_stop(c->base.worker->loop, &c->write);
    if (c->phase == TN_MYSQL_IDLE)
        c->base.state = TN_CONN_BROKEN;
}

static const char *why_of(const struct tn_mysql_conn *c, enum tn_io io)
{
    const char *tls = tn_tls_why(&c->wire.transport);

    if (tls != NULL)
        return tls;
    return io == TN_IO_EOF || c->wire.transport.error == 0 ? "the server closed it" : strerror(c->wire.transport.error);
}

static void lost_by(struct tn_mysql_conn *c, enum tn_io io)
{
    tn_mysql_lose(c, "connection to the server was lost", why_of(c, io));
}

void tn_mysql_flush_output(struct tn_mysql_conn *c)
{
    struct ev_loop *loop = c->base.worker->loop;
    enum tn_io      io = c->lost ? TN_IO_OK : tn_mysql_wire_flush(&c->wire);

    if (io == TN_IO_AGAIN && (c->wire.transport.wants & TN_IO_WANT_WRITE) != 0) {
        ev_io_start(loop, &c->write);
    } else {
        ev_io_stop(loop, &c->write);
        if (io == TN_IO_EOF || io == TN_IO_ERROR) { /* what the server said before is still read: perhaps why */
            if (c->wire.taken == c->wire.in.len && tn_mysql_wire_read(&c->wire) != TN_IO_OK)
                lost_by(c, io);
            c->wire.sent = c->wire.out.len;
            tn_mysql_resume(c);
        }
    }
}

static void on_writable(struct ev_loop *loop, ev_io *io, int revents)
{
    struct tn_mysql_conn *c = io->data;

    (void)loop;
    (void)revents;
    tn_mysql_flush_output(c);
    tn_mysql_login_go_on(c);
    if (!c->closed && c->wire.transport.more)
        tn_mysql_resume(c);
}

/* What TLS held back until it had read something: the end of its handshake, which the last read may have been, and after which the
 * server waits for us. */
static void send_rest(struct tn_mysql_conn *c)
{
    if (c->wire.sent < c->wire.out.len && !ev_is_active(&c->write))
        tn_mysql_flush_output(c);
}

/* A message, reading when none is here. False: nothing more for now. */
static bool next_message(struct tn_mysql_conn *c, struct tn_str *message)
{
    enum tn_status  status;
    int             reads = 0;
    size_t          max = logging_in(c) ? (size_t)LOGIN_MAX : SIZE_MAX;
    TN_ERROR_LOCAL(err);

    while ((status = tn_mysql_wire_next(&c->wire, max, message, &err)) == TN_AGAIN) {
        enum tn_io io = reads++ < READS_PER_TURN ? tn_mysql_wire_read(&c->wire) : TN_IO_AGAIN;

        if (reads > READS_PER_TURN)
            tn_mysql_resume(c); /* a long message: others have their turn */
        if (io == TN_IO_AGAIN) {
            send_rest(c);
            return false;
        }
        if (io != TN_IO_OK) {
            lost_by(c, io);
            return false;
        }
    }
    if (status != TN_OK)
        tn_mysql_lose(c, "what the server sends is not MySQL's protocol", err.message);
    tn_error_reset(&err);
    return status == TN_OK;
}

/* Nothing was asked: the server says why it ends, or it ended. */
static void idle_input(struct tn_mysql_conn *c)
{
    struct tn_str message;

    if (next_message(c, &message))
        tn_mysql_lose(c, "the server ended the connection", NULL);
}

static void on_readable(struct ev_loop *loop, ev_io *io, int revents)
{
    struct tn_mysql_conn *c = io->data;

    (void)loop;
    (void)revents;
    if (ev_is_active(&c->kick))
        return; /* what is here comes first */
    send_rest(c);
    if (c->phase == TN_MYSQL_IDLE || c->phase == TN_MYSQL_CANCELLING)
        idle_input(c);
    else
        tn_mysql_pump(c);
}

static void on_kick(struct ev_loop *loop, ev_timer *timer, int revents)
{
    (void)loop;
    (void)revents;
    tn_mysql_pump(timer->data);
}

void tn_mysql_watch_init(struct tn_mysql_conn *c)
{
    ev_io_init(&c->read, on_readable, -1, EV_READ);
    ev_io_init(&c->write, on_writable, -1, EV_WRITE);
    ev_timer_init(&c->kick, on_kick, 0., 0.);
    c->read.data = c->write.data = c->kick.data = c;
}

void tn_mysql_watch_socket(struct tn_mysql_conn *c, int fd)
{
    ev_io_set(&c->read, fd, EV_READ);
    ev_io_set(&c->write, fd, EV_WRITE);
}

void tn_mysql_watch_stop(struct tn_mysql_conn *c)
{
    struct ev_loop *loop = c->base.worker->loop;

    ev_io_stop(loop, &c->read);
    ev_io_stop(loop, &c->write);
    ev_timer_stop(loop, &c->kick);
    ev_timer_stop(loop, &c->grace);
}

void tn_mysql_resume(struct tn_mysql_conn *c)
{
    if (c->closed)
        return;
    c->paused = false;
    if (!c->lost && c->wire.transport.fd >= 0)
        ev_io_start(c->base.worker->loop, &c->read);
    if (ev_is_active(&c->kick))
        return;
    ev_timer_set(&c->kick, 0., 0.);
    ev_timer_start(c->base.worker->loop, &c->kick);
}

static void tell_lost(struct tn_mysql_conn *c)
{
    struct tn_error err = TN_ERROR_INIT;

    if (!logging_in(c)) {
        tn_mysql_exchange_ended(c);
        return;
    }
    tn_error_move(&err, &c->broken);
    memcpy(err.sqlstate, "08001", sizeof "08001");
    tn_mysql_connect_failed(c, &err);
}

static size_t take(struct tn_mysql_conn *c, struct tn_str message)
{
    if (!logging_in(c))
        return tn_mysql_message(c, message);
    tn_mysql_login_message(c, message);
    return 1;
}

void tn_mysql_pump(struct tn_mysql_conn *c)
{
    struct tn_str message;
    size_t        work = 0;

    if (c->pumping || c->closed)
        return;
    c->pumping = true;
    while (!c->closed && !c->paused && in_exchange(c)) {
        if (c->lost) {
            tell_lost(c);
        } else if (next_message(c, &message)) {
            work += take(c, message);
        } else if (!c->lost) {
            tn_mysql_flush_rows(c);
            break;
        }
        if (work >= WORK_PER_TURN && !c->closed && !c->paused && in_exchange(c)) {
            tn_mysql_resume(c);
            break;
        }
    }
    c->pumping = false;
    if (!c->closed && !c->lost && c->phase == TN_MYSQL_IDLE && c->wire.taken != c->wire.in.len)
        tn_mysql_lose(c, "the server said more than was asked", NULL);
}
