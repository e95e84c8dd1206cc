/* session_fixture.h - a server without threads of its own but the offload pool's: the calling thread is its only worker. A
 * client is the other end of a socket pair. For the session's unit test and its fuzzer. */
#ifndef TN_TESTS_SESSION_FIXTURE_H
#define TN_TESTS_SESSION_FIXTURE_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "frontend/pgwire/pgwire_write.h"
#include "policies/route/route.h"
#include "server.h"
#include "session/session.h"
#include "loop_engine.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct session_fixture {
    struct tn_config  *config;
    struct tn_server  *server;
    struct tn_problems problems;
    ev_timer           tick;
};

struct test_client {
    int           fd;
    struct tn_buf got; /* everything that came */
    bool          ended;
};

#ifndef FIXTURE_MEMBERS /* clusters and the group's members, for a test that needs more of them */
#define FIXTURE_CLUSTERS "clusters: { lite: { engine: sqlite, healthCheck: { enabled: false } } }\n"
#define FIXTURE_MEMBERS "lite"
#endif

static const char fixture_config[] =
    "turnout: { workers: 1, adminApi: { enabled: false }, persistence: { type: inMemory }, log: { level: error },\n"
    "  frontends: { postgresWire: { maxMessageSize: 1MiB, maxBuffered: 64KiB } } }\n"
    FIXTURE_CLUSTERS
    "clusterGroups: { all: { members: [" FIXTURE_MEMBERS "] } }\n"
    "routers: [ { type: queryRegex, rules: [ { regex: '(?i)forbidden', action: deny, error: 'not here' } ] } ]\n"
    "routingFallback: all\n";

static inline void on_fixture_tick(struct ev_loop *loop, ev_timer *timer, int revents)
{
    (void)loop;
    (void)timer;
    (void)revents;
}

static inline void fixture_start_with(struct session_fixture *f, struct tn_str config)
{
    struct tn_error err = TN_ERROR_INIT;
    struct tn_buf   out;

    tn_log_configure(TN_LOG_ERROR, TN_LOG_FORMAT_TEXT);
    tn_problems_init(&f->problems, "fixture");
    if (tn_config_parse_checked(&f->config, "fixture", config, &f->problems, tn_routes_check, NULL) != TN_OK ||
        tn_server_new(&f->server, f->config, "fixture", &f->problems, &err) != TN_OK ||
        tn_sessions_init(f->server->workers[0], &err) != TN_OK) {
        tn_buf_init(&out, 1 << 20);
        tn_problems_print(&f->problems, &out);
        fprintf(stderr, "fixture: %s\n%.*s", err.message, (int)out.len, out.data == NULL ? "" : out.data);
        abort();
    }
    atomic_store(&f->server->state, TN_SERVER_READY);
    ev_timer_init(&f->tick, on_fixture_tick, 0.002, 0.002); /* so that a wait has an end */
}

/* LOOP: queries go to loop_engine.h instead of SQLite. */
static inline void fixture_start(struct session_fixture *f, bool loop)
{
    fixture_start_with(f, TN_STR(fixture_config));
    if (loop)
        f->server->snapshot->topology->clusters[0]->ops = &loop_engine;
}

static inline void fixture_stop(struct session_fixture *f)
{
    tn_sessions_free(f->server->workers[0]);
    tn_server_free(f->server);
    tn_config_unref(f->config);
    tn_problems_reset(&f->problems);
}

static inline struct ev_loop *fixture_loop(struct session_fixture *f)
{
    return f->server->workers[0]->loop;
}

static inline bool client_open(struct session_fixture *f, struct test_client *client)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0)
        abort();
    client->fd = pair[0];
    client->ended = false;
    tn_buf_init(&client->got, 64 << 20);
    tn_session_accept(f->server->workers[0], pair[1], "test", f->server);
    return true;
}

static inline void client_close(struct test_client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    client->fd = -1;
    tn_buf_reset(&client->got);
}

static inline void client_read(struct test_client *client)
{
    char    part[65536];
    ssize_t n;

    while (!client->ended && (n = read(client->fd, part, sizeof part)) >= 0) {
        client->ended = n == 0;
        tn_buf_append(&client->got, part, (size_t)n);
    }
}

/* One turn of the loop; waits up to 2 ms for something when WAIT. */
static inline void fixture_turn(struct session_fixture *f, bool wait)
{
    if (wait && !ev_is_active(&f->tick))
        ev_timer_again(fixture_loop(f), &f->tick);
    else if (!wait && ev_is_active(&f->tick))
        ev_timer_stop(fixture_loop(f), &f->tick);
    ev_run(fixture_loop(f), wait ? EVRUN_ONCE : EVRUN_NOWAIT);
}

/* Turns until no query runs and nothing new comes to the client, a minute at most. */
static inline void fixture_settle(struct session_fixture *f, struct test_client *client)
{
    uint64_t until = tn_clock_us() + 60000000;
    size_t   before;

    do {
        before = client->got.len;
        fixture_turn(f, atomic_load(&f->server->queries) > 0);
        client_read(client);
    } while ((client->got.len != before || atomic_load(&f->server->queries) > 0) && tn_clock_us() < until);
}

#endif
