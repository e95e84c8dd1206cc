/* session.h - PostgreSQL clients: one struct tn_session per connection, on the worker that accepted it, for life.
 *
 *   accept -> STARTUP -> READY <-> (busy with a statement) -> CLOSING -> freed at the end of the loop turn
 *
 * bytes in -> protocol.c (one message at a time, stops while busy or while output is not taken)
 *          -> simple.c (Query) or extended.c (Parse, Bind, Describe, Execute, Close, Sync)
 *          -> execute.c: the session's own statements (command.c, transaction.c), all others through the pipeline
 * rows     -> output.c: chunks are written as they come; the engine waits while the client does not read. */
#ifndef TN_SESSION_SESSION_H
#define TN_SESSION_SESSION_H

#include "base/status.h"
#include "net/listener.h"
#include "server.h"

/* tn_accept_fn; ARG is the struct tn_server. */
void tn_session_accept(struct tn_worker *worker, int fd, const char *peer, void *arg);

TN_MUST_USE enum tn_status tn_sessions_init(struct tn_worker *worker, struct tn_error *err); /* before the worker runs */
void tn_sessions_free(struct tn_worker *worker); /* loop stopped */

/* Ends idle sessions now and the others when their statement is through (57P01). */
void tn_sessions_stop(struct tn_server *server);

/* For lists of what goes on; texts live until the return of the function that is given it. */
struct tn_session_info {
    const char   *protocol;    /* "postgresWire": as protocolBased has it */
    uint32_t      pid;         /* as the client knows it; 0 = it has none */
    const char   *peer, *user, *database; /* user, database: NULL before the start-up */
    struct tn_str application;
    const char   *state;       /* session_state.def */
    char          transaction; /* 'I', 'T', 'E', as PostgreSQL tells it */
    uint64_t      query;       /* id of the one that runs, 0 = none */
    uint64_t      statements, bytes_in, bytes_out;
    size_t        prepared;
    unsigned      worker;
};
/* Of every protocol; own thread. */
void tn_sessions_each(struct tn_worker *worker, void (*fn)(void *arg, const struct tn_session_info *info), void *arg);

#endif
