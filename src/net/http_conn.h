/* http_conn.h - one HTTP connection; inside src/net only. */
#ifndef TN_NET_HTTP_CONN_H
#define TN_NET_HTTP_CONN_H

#include "net/http.h"
#include "net/http_coding.h"
#include "net/http_text.h"
#include "net/listener.h"
#include "net/places.h"
#include "net/transport.h"

#include <stdatomic.h>

enum {
    TN_HTTP_PENDING_MAX = 64 * 1024, /* read ahead while a request is handled */
    TN_HTTP_READ_SIZE = 64 * 1024,   /* one read; the buffer is the worker's, shared by its connections */
    TN_HTTP_FIELDS_OUT_MAX = 16 * 1024,
    TN_HTTP_HEAD_OUT_MAX = 2 * TN_HTTP_FIELDS_OUT_MAX,
    TN_HTTP_REPLY_MAX = 64 * 1024 * 1024,
    TN_HTTP_STREAM_FULL = 256 * 1024, /* of an answer in parts that the client has not taken: no more is wanted */
    TN_HTTP_IN_HEAD_MAX = 4096,       /* of a body that is sent with the head as one text */
    TN_HTTP_CODE_LEAST = 1024,        /* shorter answers are not worth a coding */
    TN_HTTP_REFUSED_MAX = 64,         /* connections of a worker beyond the limits that are told so; further ones are closed */
};

enum tn_http_conn_state {
    TN_HTTP_CONN_GAP,      /* no byte of a request */
    TN_HTTP_CONN_HEAD,
    TN_HTTP_CONN_BODY,
    TN_HTTP_CONN_HANDLING, /* the handler has it */
    TN_HTTP_CONN_HELD,     /* answered, and not to be sent yet: tn_http_hold() */
    TN_HTTP_CONN_WRITING,  /* the answer did not go out at once */
    TN_HTTP_CONN_LINGER,   /* last answer sent; what still comes is thrown away for a while, so that the client can read it */
    TN_HTTP_CONN_CLOSED
};

/* One worker's part of a server. */
struct tn_http_worker {
    struct tn_http_server *server;
    struct tn_worker      *worker;
    struct tn_list         conns;
    struct tn_message      stop;
    char                  *scratch;   /* TN_HTTP_READ_SIZE */
    bool                   stopping;
    unsigned               refused;   /* connections that are there only to be told so */
    uint64_t               refusals;  /* not logged yet */
    uint64_t               refusal_logged_us;
    time_t                 date_at;
    char                   date[TN_HTTP_DATE];
};

struct tn_http_server {
    struct tn_http_conf    conf;
    struct tn_listener    *listener;
    size_t                 count;
    struct tn_http_worker *workers;
    struct tn_places       places;
};

struct tn_http_conn {
    struct tn_http_exchange x;        /* first: the handler's view */
    struct tn_http_worker  *home;
    struct tn_list          node;
    struct tn_transport     transport;
    ev_io                   readable, writable;
    ev_timer                timer;    /* fires at or before `deadline_us` */
    bool                    looked;      /* at the first byte: plain or TLS */
    struct tn_turn          turn;        /* while it waits for the next step of a handshake it is not read */
    bool                    tls_missing; /* plain, where only TLS is taken */
    ev_timer                resume;   /* goes on with `pending` in the next turn */
    uint64_t                deadline_us, timer_at_us; /* timer_at_us: when `timer` fires */
    enum tn_http_conn_state state;
    bool                    in_process; /* tn_http_conn_feed() is on the stack */
    bool                    answered;   /* the handler has replied */
    unsigned                hold_ms;    /* its answer is kept back so long */
    bool                    close_after, input_ended;
    bool                    deferred;   /* tn_http_defer() */
    int                     refused_status;
    const char             *refused;    /* option whose limit it is beyond; NULL: none. Its only request is answered so */
    struct tn_str           user;       /* in server->users, owned; empty: in none */
    bool                    streaming;  /* an answer in parts was begun and not ended */
    bool                    flush_due;  /* later in this turn */
    bool                    wants_room; /* the handler waits until its parts were taken */
    bool                    watched;    /* tn_http_watch() */
    bool                    own_coding; /* the handler has set Content-Encoding */
    bool                    read_wants_write; /* the transport cannot read before it has written */
    struct tn_http_coder   *coder;      /* of an answer in parts; NULL: none */
    struct tn_http_parser   parser;
    struct tn_buf           pending;    /* read and not yet parsed */
    struct tn_buf           body_in;
    uint64_t                body_bytes; /* of it so far, in parts or whole */
    struct tn_buf           fields_out; /* set by tn_http_set_field() */
    struct tn_buf           head_out, body_out;
    struct tn_bytes        *rest;       /* of the body, from rest_at on; NULL: none */
    size_t                  rest_at;
    size_t                  sent;       /* of head_out, body_out and rest together */
    struct tn_grave         grave;
    char                    peer[TN_PEER_TEXT];
};

static inline struct tn_http_conn *tn_http_conn_of(struct tn_http_exchange *x)
{
    return TN_CONTAINER_OF(x, struct tn_http_conn, x);
}

const struct tn_http_limits *tn_http_conn_limits(const struct tn_http_conn *conn);
void tn_http_conn_restart_time(struct tn_http_conn *conn); /* of its state */
void tn_http_conn_set_state(struct tn_http_conn *conn, enum tn_http_conn_state state);
void tn_http_conn_go_on(struct tn_http_conn *conn); /* with what the client has sent ahead; then back to the loop */

/* http_request.c: what the parser says about a request. MORE_IS_THERE: bytes behind its head. */
void tn_http_request_event(struct tn_http_conn *conn, enum tn_http_event event, bool more_is_there);
void tn_http_request_late(struct tn_http_conn *conn); /* a head or a body that took too long */

/* Looks at the first byte; TLS begins if it is one of TLS. False: not there yet, or closed. */
bool tn_http_conn_secure(struct tn_http_conn *conn);
/* A handshake takes the loop for some tenths of a millisecond. True: enough of them in this turn, it goes on in another. */
bool tn_http_conn_waits(struct tn_http_conn *conn);
void tn_http_conn_log_tls(const struct tn_http_conn *conn); /* why TLS failed, if it did */

struct tn_http_conn *tn_http_conn_open(struct tn_http_worker *home, int fd, const char *peer); /* NULL: no memory, FD is closed */
void tn_http_server_uncount(struct tn_http_conn *conn);
void tn_http_conn_close(struct tn_http_conn *conn); /* buried: freed at the end of the turn */
/* head_out and body_out hold the answer: send it. */
void tn_http_conn_answer(struct tn_http_conn *conn);

/* http_reply.c: the head into head_out. */
#define TN_HTTP_LENGTH_UNKNOWN SIZE_MAX
void tn_http_conn_put_head(struct tn_http_conn *conn, int status, const char *type, size_t body_len);
enum tn_http_coding tn_http_conn_coding(struct tn_http_conn *conn, const char *type); /* for an answer of that type */
/* The worker stops: ends an idle connection, makes any other end after its answer. */
/* A client that sends far ahead is not read: while X is watched it is looked at now and then, by on_timer. */
void tn_http_conn_look_out(struct tn_http_conn *conn);
bool tn_http_conn_is_gone(const struct tn_http_conn *conn);

#endif
