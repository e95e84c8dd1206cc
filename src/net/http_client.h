/* http_client.h - HTTP/1.1 requests from a worker's loop, through libcurl's multi interface. It knows nothing of who asks.
 *
 *   client (keep-alive connections to one origin) --- call (one request at a time, used again and again)
 *
 * Own worker's thread only. Nothing blocks: names are resolved by libcurl's own thread. Every answer is bounded: bytes of
 * its head, bytes of its body as it arrives and as it is after gzip, how much larger gzip may make it, and time. Redirects
 * are not followed (they are answers like any other), the environment's proxies and netrc are not read, and only http and
 * https are spoken. */
#ifndef TN_NET_HTTP_CLIENT_H
#define TN_NET_HTTP_CLIENT_H

#include "base/buf.h"
#include "base/status.h"
#include "loop/worker.h"

enum {
    TN_HTTP_CLIENT_HEAD_MAX = 256 * 1024,      /* bytes of an answer's head */
    TN_HTTP_CLIENT_RATIO_FROM = 32 * 1024 * 1024, /* a body that gzip makes larger than this ... */
    TN_HTTP_CLIENT_RATIO_MAX = 200,            /* ... may not be more than so many times what came over the wire */
    TN_HTTP_CLIENT_BODY_KEPT = 4 * 1024 * 1024, /* a larger body's memory is not kept for the next answer */
};

struct tn_http_client;
struct tn_http_call;

/* Texts live as long as the client; NULL = not given. */
struct tn_http_client_options {
    const char *ca_file;             /* NULL: the system's certificates */
    const char *cert_file, *key_file; /* to prove who we are */
    bool        verify;              /* the server's certificate and its name; false: any */
    bool        uncoded;             /* gzip is not asked for: the way is shorter than the work. Decoded it is anyway */
    uint64_t    connect_timeout_us;
    size_t      max_body;            /* bytes after gzip */
};

enum tn_http_client_method { TN_HTTP_CLIENT_GET, TN_HTTP_CLIENT_POST, TN_HTTP_CLIENT_DELETE, TN_HTTP_CLIENT_HEAD };

struct tn_http_client_answer {
    long           status;  /* 0: there is none, ERROR says why */
    struct tn_buf *body;    /* stays as it is until the call's next start; the owner may take it and leave an initialised one */
    bool           unsent;  /* no connection was made: the server has seen nothing */
    struct tn_error error;  /* status 0: 08001 not connected, 08006 lost, 08P01 not HTTP, 54000 a limit, 57014 out of time */
};

struct tn_http_client_events {
    /* One line of the answer's head; NULL = nobody wants them. No call may be made from here. */
    void (*header)(struct tn_http_call *call, struct tn_str name, struct tn_str value, void *owner);
    /* The end, once per start, never from inside of it. ANSWER is valid until this returns; its error is freed after. The
     * call may be started again from here. Its client must not be freed from here: tn_worker_bury() that. */
    void (*done)(struct tn_http_call *call, struct tn_http_client_answer *answer, void *owner);
};

TN_MUST_USE enum tn_status tn_http_client_new(struct tn_http_client **out, struct tn_worker *worker,
                                              const struct tn_http_client_options *options, struct tn_error *err);
void tn_http_client_free(struct tn_http_client *client); /* its calls are freed before; NULL is fine */

struct tn_http_call *tn_http_call_new(struct tn_http_client *client, const struct tn_http_client_events *events, void *owner);
void tn_http_call_free(struct tn_http_call *call); /* under way or not; NULL is fine */

/* A header of the next request; gone with its end. A name or value that could end its line is refused, since it could
 * smuggle in another one: false, and the start will fail. */
bool tn_http_call_header(struct tn_http_call *call, const char *name, struct tn_str value);

/* BODY (of a POST) lives until done. Fails, without done, for want of memory (53200) or after a refused header (22023). */
TN_MUST_USE enum tn_status tn_http_call_start(struct tn_http_call *call, enum tn_http_client_method method, const char *url,
                                              struct tn_str body, uint64_t timeout_us, struct tn_error *err);
/* Ends it without done; what was sent is sent. Its connection is closed. When nothing is under way: only drops the headers of a
 * request that was not started. */
void tn_http_call_abort(struct tn_http_call *call);
bool tn_http_call_active(const struct tn_http_call *call);
void tn_http_call_shrink(struct tn_http_call *call); /* a large body of the last answer is not kept; nothing is under way */

#endif
