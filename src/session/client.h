/* client.h - one connection of a client, whatever protocol it speaks: its socket, what came in and was not used yet, what waits to
 * be written, its timers, its place among the listener's connections. Embedded in a session, which fills in a tn_client_ops; on the
 * worker that accepted it, for life.
 *
 *   bytes in -> ops->step(), a message at a time -> outbox -> bytes out
 *
 * Messages wait while the session is busy with one, while the client does not take what was answered, and for a loop turn after a
 * slice of time, so that the worker's others have theirs. */
#ifndef TN_SESSION_CLIENT_H
#define TN_SESSION_CLIENT_H

#include "net/listener.h"
#include "net/places.h"
#include "server.h"
#include "session/outbox.h"

enum { TN_CLIENT_SLICE_US = 1000 };

struct tn_client;

/* What of it the configuration says, as it is now. */
struct tn_client_limits {
    uint64_t connections, per_address; /* at once; per_address 0 = as many */
    size_t   buffered;                 /* bytes kept for a client that reads slowly */
};

struct tn_client_ops {
    const char *listener; /* "postgresWire" */
    struct tn_client_limits (*limits)(const struct tn_settings *settings);
    bool (*readable)(struct tn_client *client);     /* before something is read; false: closed. NULL: nothing to look at */
    size_t (*room)(struct tn_client *client);       /* no more than this is read; NULL: as much as there is room for */
    bool (*step)(struct tn_client *client);         /* one message from in.data + in_at on; false: there is no whole one */
    void (*deliver)(struct tn_client *client);      /* what was answered goes out; NULL: tn_client_flush() */
    void (*settled)(struct tn_client *client);      /* nothing more can be used now: idle, busy, or told to stop */
    void (*resume)(struct tn_client *client);       /* it was `paused`, and its turn has come */
    void (*timeout)(struct tn_client *client);
    void (*lost)(struct tn_client *client, const char *reason); /* must call tn_client_close() */
};

struct tn_client {
    const struct tn_client_ops *ops;
    struct tn_worker           *worker;
    struct tn_runtime          *runtime;
    struct tn_places           *places;     /* of the listener */
    struct tn_transport         transport;
    ev_io                       read_ev, write_ev;
    ev_timer                    timer;      /* the session's: log-in, idle */
    ev_timer                    again;      /* messages or statements go on in the next loop turn */
    ev_timer                    gone_check; /* while nothing is read */
    struct tn_turn              turn;       /* a handshake waits for its next piece: nothing is read */
    bool                        closed;
    bool                        gone;       /* it closed, or cannot be written to */
    bool                        processing; /* inside the message loop */
    bool                        busy;       /* a message waits for its answer; the next ones wait for it */
    bool                        paused;     /* between two statements of one message: they go on in a later loop turn */
    bool                        stop_soon;  /* the program ends: close when idle */
    bool                        read_wants_write; /* TLS: what is to be read waits for something to be written */
    const char                 *user;       /* who is counted; the session's own text */
    const char                 *end_reason;
    char                        peer[TN_PEER_TEXT];
    struct tn_buf               in;
    size_t                      in_at;      /* bytes of `in` already used */
    uint64_t                    bytes_in;
    struct tn_outbox            out;
};

/* May one more be let in? Then it has a place, which tn_client_close() or tn_places_give_back() gives back. */
enum tn_place tn_client_place(struct tn_worker *worker, const struct tn_client_ops *ops, struct tn_places *places, const char *peer);
/* It may not: ANSWER, in its protocol, is sent whatever it was about to say; FD is closed. WHY for the log. */
void tn_client_refuse(struct tn_worker *worker, const struct tn_client_ops *ops, int fd, const char *peer, const struct tn_buf *answer,
                      const char *why);

/* Takes over FD and a place of PLACES. `client` is zeroed; nothing is read before tn_client_watch(). */
void tn_client_open(struct tn_client *client, struct tn_worker *worker, const struct tn_client_ops *ops, struct tn_places *places,
                    int fd, const char *peer, size_t chunk_max);
void tn_client_close(struct tn_client *client, const char *reason); /* at once; once. Its memory stays */
void tn_client_finish(struct tn_client *client);                    /* writes what goes, tells the end of it; the session closes then */
void tn_client_log_end(const struct tn_client *client, uint64_t id, const char *user, uint64_t statements);
void tn_client_reset(struct tn_client *client);                     /* closed: frees */

/* It is USER's from now on (and no other's); false: that one has MAX. USER lives as long as the client, or until the next call. */
TN_MUST_USE bool tn_client_take_user(struct tn_client *client, const char *user, uint64_t max);

void tn_client_process(struct tn_client *client); /* as many messages as may be */
void tn_client_flush(struct tn_client *client);   /* writes what goes; may close */
void tn_client_flush_soon(struct tn_client *client); /* later in this loop turn: what follows may go with it */
void tn_client_watch(struct tn_client *client);   /* read and write watchers as they should be */
void tn_client_again(struct tn_client *client);   /* the rest in the next loop turn: others have theirs first */
bool tn_client_full(const struct tn_client *client); /* it does not take what is answered: nothing more is begun */
void tn_client_set_timer(struct tn_client *client, uint64_t us); /* ops->timeout() then, once; 0 = never */

/* What came in and was not used yet. NULL: nothing ever came. */
static inline char *tn_client_unused(const struct tn_client *client)
{
    return client->in.data == NULL ? NULL : client->in.data + client->in_at;
}

static inline struct tn_str tn_client_input(const struct tn_client *client)
{
    return tn_str_n(tn_client_unused(client), client->in.len - client->in_at);
}

#endif
