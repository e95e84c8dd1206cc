/* The socket in the loop: what libpq needs to be called for, and when. */
#include "engine/postgres/postgres_conn.h"

#include <openssl/ssl.h>

enum { WORK_PER_TURN = 8192 }; /* units of tn_postgres_result(): about 1 ms */

static void drop_notifications(struct tn_postgres_conn *c)
{
    PGnotify *notification;

    while ((notification = PQnotifies(c->pg)) != NULL)
        PQfreemem(notification);
}

/* Nothing runs: a notice, a changed parameter, or the end of the server. */
static void idle_input(struct tn_postgres_conn *c)
{
    if (!c->lost) {
        drop_notifications(c);
        return;
    }
    tn_postgres_watch_stop(c);
    c->base.state = TN_CONN_BROKEN;
}

static void consume(struct tn_postgres_conn *c)
{
    if (PQconsumeInput(c->pg) == 0)
        c->lost = true;
}

static void on_readable(struct ev_loop *loop, ev_io *io, int revents)
{
    struct tn_postgres_conn *c = io->data;

    (void)loop;
    (void)revents;
    if (ev_is_active(&c->kick))
        return; /* what libpq holds comes first, else its buffer would grow */
    consume(c);
    if (c->phase == TN_POSTGRES_IDLE || c->phase == TN_POSTGRES_CANCELLING)
        idle_input(c);
    else
        tn_postgres_pump(c);
}

static void on_writable(struct ev_loop *loop, ev_io *io, int revents)
{
    struct tn_postgres_conn *c = io->data;

    (void)loop;
    (void)revents;
    tn_postgres_flush_output(c);
    if (c->lost)
        tn_postgres_resume(c);
}

static void on_kick(struct ev_loop *loop, ev_timer *timer, int revents)
{
    (void)loop;
    (void)revents;
    tn_postgres_pump(timer->data);
}

void tn_postgres_watch_init(struct tn_postgres_conn *c)
{
    ev_io_init(&c->read, on_readable, -1, EV_READ);
    ev_io_init(&c->write, on_writable, -1, EV_WRITE);
    ev_timer_init(&c->kick, on_kick, 0., 0.);
    c->read.data = c->write.data = c->kick.data = c;
}

void tn_postgres_watch_start(struct tn_postgres_conn *c)
{
    ev_io_set(&c->read, PQsocket(c->pg), EV_READ);
    ev_io_set(&c->write, PQsocket(c->pg), EV_WRITE);
    ev_io_start(c->base.worker->loop, &c->read);
}

void tn_postgres_watch_stop(struct tn_postgres_conn *c)
{
    struct ev_loop *loop = c->base.worker->loop;

    ev_io_stop(loop, &c->read);
    ev_io_stop(loop, &c->write);
    ev_timer_stop(loop, &c->kick);
    ev_timer_stop(loop, &c->grace);
}

void tn_postgres_flush_output(struct tn_postgres_conn *c)
{
    int left = PQflush(c->pg);

    if (left < 0)
        c->lost = true;
    if (left > 0)
        ev_io_start(c->base.worker->loop, &c->write);
    else if (ev_is_active(&c->write))
        ev_io_stop(c->base.worker->loop, &c->write);
}

void tn_postgres_resume(struct tn_postgres_conn *c)
{
    if (c->closed)
        return;
    c->paused = false;
    if (!c->lost)
        ev_io_start(c->base.worker->loop, &c->read);
    if (ev_is_active(&c->kick))
        return;
    ev_timer_set(&c->kick, 0., 0.);
    ev_timer_start(c->base.worker->loop, &c->kick);
}

/* OpenSSL may hold bytes that libpq has not taken and that the socket does not tell of any more. */
static bool holds_more(const struct tn_postgres_conn *c)
{
    return c->ssl != NULL && !c->lost && SSL_pending(c->ssl) > 0;
}

static bool in_flight(const struct tn_postgres_conn *c)
{
    return c->phase != TN_POSTGRES_CONNECTING && c->phase != TN_POSTGRES_IDLE && c->phase != TN_POSTGRES_CANCELLING;
}

/* True when there is a result to take, or the end of the flight. */
static bool is_ready(struct tn_postgres_conn *c)
{
    while (!c->lost && PQisBusy(c->pg) != 0) {
        if (!holds_more(c))
            return false;
        consume(c);
    }
    return true;
}

static size_t take_result(struct tn_postgres_conn *c)
{
    PGresult *result = PQgetResult(c->pg);

    if (result == NULL) {
        tn_postgres_flight_ended(c);
        return 1;
    }
    return tn_postgres_result(c, result);
}

void tn_postgres_pump(struct tn_postgres_conn *c)
{
    size_t work = 0;

    if (c->pumping || c->closed)
        return;
    c->pumping = true;
    while (!c->closed && !c->paused && in_flight(c)) {
        if (!is_ready(c)) {
            tn_postgres_flush(c);
            break;
        }
        work += take_result(c);
        if (work >= WORK_PER_TURN && !c->closed && !c->paused && in_flight(c)) {
            tn_postgres_resume(c);
            break;
        }
    }
    c->pumping = false;
    if (!c->closed && c->phase == TN_POSTGRES_IDLE && c->lost && c->base.state == TN_CONN_BROKEN)
        tn_postgres_watch_stop(c);
}
