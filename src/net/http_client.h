/* http_client.h - HTTP/1.1 requests from a worker's loop. It knows nothing of who asks.
 *
 *   client (kept connections to one origin) --- call (one request at a time, used again and again)
 *
 * Own worker's thread only. Nothing blocks: names are looked up and certificates read in the offload pool. Every answer is bounded:
 * bytes of its head, bytes of its body as it arrives and as it is after gzip, how much larger gzip may make it, and time. Redirects
 * are not followed (they are answers like any other), and there are no proxies.
 *
 * A request on a kept connection that its server closes before a byte of the answer is sent once more on a new one, a POST, too: who
 * asks must be able to stand that. (Trino begins a statement when its first link is asked for.) */
#ifndef TN_NET_HTTP_CLIENT_H
#define TN_NET_HTTP_CLIENT_H

#include "base/buf.h"
#include "base/status.h"
#include "loop/offload.h"
#include "loop/worker.h"

enum {
    TN_HTTP_CLIENT_HEAD_MAX = 256 * 1024,      /* bytes of an answer's head */
    TN_HTTP_CLIENT_BODY_KEPT = 4 * 1024 * 1024, /* a larger body's memory is not kept for the next answer */
};

struct tn_http_client;
struct tn_http_call;

/* Texts live as long as the client; NULL = not given. */
struct tn_http_client_options {
    const char        *origin;  /* http://HOST:PORT or https://, without a path */
    struct tn_offload *pool;    /* for names and certificates */
    const char        *ca_file; /* NULL: the system's certificates */
    const char        *cert_file, *key_file; /* to prove who we are */
    bool               verify;  /* the server's certificate and its name; false: any */
    bool               uncoded; /* gzip is not asked for unless a call says so: the way is shorter than the work. Decoded it is anyway */
    uint64_t           connect_timeout_us; /* with the handshake of TLS */
    size_t             max_body;           /* bytes after gzip */
};

enum tn_http_client_method { TN_HTTP_CLIENT_GET, TN_HTTP_CLIENT_POST, TN_HTTP_CLIENT_DELETE, TN_HTTP_CLIENT_HEAD };

struct tn_http_client_answer {
    long           status;  /* 0: there is none, ERROR says why */
    struct tn_buf *body;    /* stays as it is until the call's next start; the owner may take it and leave an initialised one */
    bool           unsent;  /* no connection was made: the server has seen nothing */
    struct tn_error error;  /* status 0: 08001 not connected, 08006 lost or out of time, 08P01 not HTTP (TN_E_CONNECTION)
                             or not the coding it is said to have (TN_E_ENGINE), 54000 a limit, 53200 */
};

struct tn_http_client_events {
    /* One line of the answer's head; NULL = nobody wants them. No call may be made from here. */
    void (*header)(struct tn_http_call *call, struct tn_str name, struct tn_str value, void *owner);
    /* Bytes of the body have come, and are not its last; tn_http_call_body() has them: who takes them away need not hold the whole, which
     * has no limit then. The call may be paused or aborted from here, not freed. NULL: the body is wanted whole. */
    void (*part)(struct tn_http_call *call, void *owner);
    /* The end, once per start, never from inside of it. ANSWER is valid until this returns; its error is freed after. The
     * call may be started again from here. Its client must not be freed from here: tn_worker_bury() that. */
    void (*done)(struct tn_http_call *call, struct tn_http_client_answer *answer, void *owner);
};

/* TN_E_INVALID 22023: the origin is none. */
TN_MUST_USE enum tn_status tn_http_client_new(struct tn_http_client **out, struct tn_worker *worker,
                                              const struct tn_http_client_options *options, struct tn_error *err);
void tn_http_client_free(struct tn_http_client *client); /* its calls are freed before; NULL is fine */

struct tn_http_call *tn_http_call_new(struct tn_http_client *client, const struct tn_http_client_events *events, void *owner);
void tn_http_call_free(struct tn_http_call *call); /* under way or not; NULL is fine */

/* A header of the next request; gone with its end. A name or value that could end its line is refused, since it could
 * smuggle in another one: false, and the start will fail. */
bool tn_http_call_header(struct tn_http_call *call, const char *name, struct tn_str value);
void tn_http_call_gzip(struct tn_http_call *call, bool wanted); /* of the next answer, whatever the client's options say */

/* PATH: "/v1/info?x=1". BODY (of a POST) lives until done. Fails, without done, for want of memory (53200), after a refused header or
 * for a path that is none (22023), or when too many calls are under way (54000). */
TN_MUST_USE enum tn_status tn_http_call_start(struct tn_http_call *call, enum tn_http_client_method method, const char *path,
                                              struct tn_str body, uint64_t timeout_us, struct tn_error *err);
/* Ends it without done; what was sent is sent. Its connection is closed. When nothing is under way: only drops the headers of a
 * request that was not started. */
void tn_http_call_abort(struct tn_http_call *call);
bool tn_http_call_active(const struct tn_http_call *call);
struct tn_buf *tn_http_call_body(struct tn_http_call *call); /* what is there and was not taken: tn_buf_clear(), or its memory */
unsigned       tn_http_call_status(const struct tn_http_call *call); /* in `part` */
/* No more is read until it is resumed, and no time runs: its server waits. Resuming calls nothing from inside. */
void tn_http_call_pause(struct tn_http_call *call);
void tn_http_call_resume(struct tn_http_call *call);
void tn_http_call_shrink(struct tn_http_call *call); /* a large body of the last answer is not kept; nothing is under way */

#endif
