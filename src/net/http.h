/* http.h - an HTTP/1.1 server (RFC 9110, 9112) on all workers: keep-alive, pipelining, bodies whole or in parts both ways,
 * limits and time-outs. Knows nothing of what is served: that is the handler's.
 *
 *   connection:  GAP -> HEAD (-> HANDLING: deferred) -> BODY -> HANDLING (-> HELD) -> WRITING -> GAP ...   (-> LINGER) -> closed
 *
 * One request of a connection is handled at a time; what a client sends ahead waits, at most 64 KiB of it, and then the
 * client is not read any more. A connection stays with its worker; so does everything below. */
#ifndef TN_NET_HTTP_H
#define TN_NET_HTTP_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/status.h"
#include "loop/worker.h"
#include "net/http_parser.h"

struct tn_http_server;
struct tn_tls;

/* One request and its answer. The handler must answer exactly once, now or later, on the worker's thread: tn_http_reply*(),
 * tn_http_problem(), or tn_http_begin() up to tn_http_end() or tn_http_abort(). After that, and after `gone`, it must not
 * touch the exchange. */
struct tn_http_exchange {
    struct tn_worker    *worker;
    const char          *peer;        /* "127.0.0.1:51234" */
    enum tn_http_method  method;
    struct tn_str        target;      /* as sent */
    struct tn_str        path;        /* tn_http_normalise(): begins with `/`; NUL-terminated */
    struct tn_str        query;       /* behind the `?`, not decoded */
    size_t               field_count;
    struct tn_http_field *fields;     /* names in lower case */
    struct tn_str        body;        /* whole, in `request` */
    size_t               body_max;    /* may be set in `head`; a longer body is answered with 413 */
    struct tn_arena      arena;       /* for what the handler needs until it has answered; at most 1 MiB */

    void *user;                       /* the handler's own */
    void (*gone)(struct tn_http_exchange *x); /* set by a handler that answers later, or keeps something from `head` to
                                                 `request`: the client is gone or was refused, nobody waits any more */
    void (*room)(struct tn_http_exchange *x); /* after tn_http_send() said false: the client has taken what was sent */
};

struct tn_http_handler {
    /* The head is complete, the body has not been read. May answer already (then the body is not read), or tn_http_defer().
     * NULL is fine. */
    void (*head)(struct tn_http_exchange *x, void *arg);
    /* The whole request is there. */
    void (*request)(struct tn_http_exchange *x, void *arg);
    void *arg;
};

/* What clients of a server may take. A limit of 0 is its default, of a number of connections (but all) none. */
struct tn_http_limits {
    const char *path;             /* of the options that set them, for messages ("adminApi"); NULL: none */
    const char *body_option;      /* the one of body_max; NULL = "maxBodySize" */
    uint64_t    max_connections;  /* more are answered with 503; 10000 */
    uint64_t    max_per_address;  /* more are answered with 429; tn_peer_network() says what an address is */
    uint64_t    max_per_user;     /* for tn_http_take_user() */
    size_t      head_max;         /* bytes of request line and fields; 64 KiB */
    size_t      body_max;         /* of exchange->body_max; 1 MiB */
    unsigned    idle_ms;          /* between requests; 60 s */
    unsigned    head_ms;          /* from the first byte of a head to its last, and for the handshake of TLS; 10 s */
    unsigned    body_ms;          /* the same of a body, begun again after a pause; 60 s */
    unsigned    write_ms;         /* without a byte of the answer being taken; 60 s */
};

struct tn_http_conf {
    const char            *host;
    uint16_t               port;            /* 0 = a free one */
    struct tn_http_handler handler;
    /* The certificates of a new connection, borrowed until the return; NULL (or the function NULL): plain only. ARG: handler's. */
    struct tn_tls *(*tls)(struct tn_worker *worker, void *arg);
    struct tn_http_limits  limits;
    /* Instead of `limits`, where they may change: asked each time, borrowed until the return. Every member is set. */
    const struct tn_http_limits *(*limits_now)(struct tn_worker *worker, void *arg);
    void (*refused)(struct tn_worker *worker, void *arg); /* a connection was, for a limit; NULL is fine */
};

/* WORKERS are all of the program's, in order of their index. Main thread. TN_E_IO: as tn_listener_open(). */
TN_MUST_USE enum tn_status tn_http_server_open(struct tn_http_server **out, struct tn_worker **workers, size_t count,
                                               const struct tn_http_conf *conf, struct tn_error *err);
uint16_t tn_http_server_port(const struct tn_http_server *server);
unsigned tn_http_server_connections(const struct tn_http_server *server); /* open now; any thread */
/* No new connections; idle ones end, others after their answer. Any thread; once. */
void tn_http_server_stop(struct tn_http_server *server);
/* Ends every connection and frees. Main thread, when the workers were joined and are not yet freed. NULL is fine. */
void tn_http_server_close(struct tn_http_server *server);

/* ---- request ---- */

const struct tn_http_field *tn_http_field(const struct tn_http_exchange *x, const char *name); /* lower case, the first one; NULL: none */
/* The values of all fields with this name, which hold lists, as one (RFC 9110, 5.3). Its `ptr` is NULL where there is none. */
struct tn_str tn_http_field_list(struct tn_http_exchange *x, const char *name);

/* From `head` only: what follows (the body, then `request`) waits until tn_http_go_on(), or an answer. The client may be gone
 * before. */
void tn_http_defer(struct tn_http_exchange *x);
void tn_http_go_on(struct tn_http_exchange *x); /* not from inside `head` */

/* This connection is USER's from now on. False: it has as many as it may; answered with 429. */
TN_MUST_USE bool tn_http_take_user(struct tn_http_exchange *x, struct tn_str user);

bool          tn_http_is_secure(const struct tn_http_exchange *x); /* it came by TLS */
/* The name in the client's verified certificate, in the exchange's arena: CLAIMED if it is one of them, else tn_tls_peer_name()'s; ptr NULL:
 * no such certificate. CLAIMED.ptr NULL: the client named nobody. */
struct tn_str tn_http_certified(struct tn_http_exchange *x, struct tn_str claimed);

/* ---- answer ---- */

/* A field of the answer to come. A value with control characters is cut before them. */
void tn_http_set_field(struct tn_http_exchange *x, const char *name, const char *value);
/* The answer to come is kept back so long (one whole, not in parts): guessing a password shall take its
 * time. A client that ends its side meanwhile gets none. */
void tn_http_hold(struct tn_http_exchange *x, unsigned ms);
/* TYPE NULL: no Content-Type. The body is copied. For HEAD its length is told and it is not sent. */
void tn_http_reply(struct tn_http_exchange *x, int status, const char *type, struct tn_str body);
/* The same without a copy: BODY's memory is taken and BODY is empty again. A failed buffer is answered with 500. */
void tn_http_reply_buf(struct tn_http_exchange *x, int status, const char *type, struct tn_buf *body);
/* The same; behind BODY comes what REST has from FROM on. A reference of REST is taken; NULL: nothing. */
void tn_http_reply_bytes(struct tn_http_exchange *x, int status, const char *type, struct tn_buf *body, struct tn_bytes *rest, size_t from);
/* An RFC 9457 problem document: {"type":"about:blank","title":"Not Found","status":404,"detail":"..."}. */
void tn_http_problem(struct tn_http_exchange *x, int status, const char *fmt, ...) TN_PRINTF(3, 4);

/* An answer in parts, not from `head`. Long bodies are coded (gzip, zstd) as the client likes, unless the handler has set
 * Content-Encoding itself; so are those of tn_http_reply*(). */
void tn_http_begin(struct tn_http_exchange *x, int status, const char *type);
/* Copies PART. False: no more is wanted until x->room is called (which must be set then). */
bool tn_http_send(struct tn_http_exchange *x, struct tn_str part);
void tn_http_end(struct tn_http_exchange *x);
/* What was sent is not the whole: the connection ends without the last chunk. x->gone is not called. */
void tn_http_abort(struct tn_http_exchange *x);

/* For answers that take long: from now on a client that has closed its side for sending is gone, too. (Without this it may
 * still wait for its answer.) x->gone comes later, not from inside. */
void tn_http_watch(struct tn_http_exchange *x);

const char *tn_http_status_text(int status); /* "Not Found"; "Unknown" for one that is not in http_status.def */

#endif
