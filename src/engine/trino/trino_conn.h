/* trino_conn.h - one connection to a Trino coordinator and the run on it; shared by the files of this folder.
 *
 * Trino's protocol is HTTP and the server keeps no session: a connection here is a keep-alive HTTP connection and the
 * session state that goes with every statement. A statement is a POST, then a GET of each answer's nextUri until there is
 * none; the answers are pages (trino_page.h). Nothing is asked for while the run's window is full: that is what stops Trino.
 *
 *   CONNECTING (/v1/info) -> INIT (initSql) -> IDLE --start--> [SUBMIT] [POLL <-> ROWS]* --> IDLE
 *                                                                 |         `- RETRY (50 to 100 ms after a 503)
 *                                                                 `--cancel--> CANCELLING (DELETE of nextUri) --> IDLE
 *
 * A client that speaks Trino's protocol itself gets the pages as they come (trino_relay.c), each when it asks for it.
 *
 * trino_ask.c is one statement's requests, trino_header.c what they say of whom, trino_rows.c a page's rows, trino_run.c their
 * order. Own worker's thread only. */
#ifndef TN_ENGINE_TRINO_CONN_H
#define TN_ENGINE_TRINO_CONN_H

#include "engine/cluster.h"
#include "engine/engine.h"
#include "engine/trino/trino_page.h"
#include "engine/trino/trino_session.h"
#include "engine/trino/trino_stream.h"
#include "engine/trino/trino_value.h"
#include "net/http_client.h"

enum { TN_TRINO_BODY_MAX = 256 * 1024 * 1024, TN_TRINO_TEXT_MAX = 64 * 1024 * 1024, TN_TRINO_CHALLENGE_SIZE = 480 };

/* Time limits of one request, and for how long one that failed in passing is made again. */
#define TN_TRINO_REQUEST_US UINT64_C(60000000)
#define TN_TRINO_CANCEL_US UINT64_C(3000000)
#define TN_TRINO_BUSY_US UINT64_C(30000000) /* 502, 503, 504 */
#define TN_TRINO_BUSY_SUBMIT_US UINT64_C(5000000) /* the same of a POST: then another member may have it */
#define TN_TRINO_LOST_US UINT64_C(2000000)  /* no connection: the coordinator is gone, not busy */
#define TN_TRINO_STALL_US UINT64_C(60000000) /* a client that reads slowly: Trino is told so often that we are still here */

enum tn_trino_phase {
    TN_TRINO_CONNECTING, TN_TRINO_IDLE, TN_TRINO_SUBMIT, TN_TRINO_POLL, TN_TRINO_RETRY, TN_TRINO_ROWS, TN_TRINO_CANCELLING,
};

/* Whose statement is asked. */
enum tn_trino_sink { TN_TRINO_SINK_INIT, TN_TRINO_SINK_RUN, TN_TRINO_SINK_INPUT, TN_TRINO_SINK_OUTPUT };

/* cluster->engine: the endpoint, read once. Immutable, any thread. */
struct tn_trino_cluster {
    char                         *origin;        /* http://HOST:PORT */
    char                         *prefix;        /* path before /v1, "" = none */
    char                         *authorization; /* value of the header, NULL = none */
    char                         *user;
    bool                          pass_through;  /* the client's own log-in instead, and no other */
    struct tn_http_client_options http;
};

struct tn_trino_conn {
    struct tn_conn           base; /* first */
    enum tn_trino_phase      phase;
    bool                     closed;   /* disconnected: freed at the end of the loop turn */
    bool                     pumping;
    struct tn_http_client   *http;
    struct tn_http_call     *call;     /* statements */
    struct tn_http_call     *side;     /* DELETE, and HEAD while a client is slow */
    struct tn_trino_session  session, first; /* now, and when the connection was new */
    struct tn_trino_decoder  decoder;
    size_t                   init_next;
    ev_timer                 kick;     /* 0 s: go on in the next turn */
    ev_timer                 retry, grace, stall;
    struct tn_grave          grave;

    /* one statement */
    enum tn_trino_sink       sink;
    struct tn_buf            text;      /* as sent */
    struct tn_buf            url;       /* path of the next request, NUL-terminated; empty = no more */
    struct tn_buf            scratch;
    uint64_t                 failing_since_us; /* 0 = the last answer was good */
    bool                     submitted;
    struct tn_arena          page_arena;
    struct tn_trino_page     page;
    struct tn_buf           *body;      /* of the page: the call's */
    struct tn_trino_stream   stream;    /* of a page that is passed on while it comes */
    size_t                   stream_at; /* bytes of it from which on it is looked at (again) */
    char                     challenge[TN_TRINO_CHALLENGE_SIZE]; /* how the server wants a client to log in, of the last answer; "" = it does not say */
    struct tn_buf            told;      /* relayed headers of the answers since the last page: struct tn_relay.headers */
    struct tn_trino_json     data;      /* ROWS: at the next row */
    bool                     rows_over; /* there is no next one */

    /* one run */
    struct tn_run           *run;
    struct tn_arena          run_arena; /* columns, description */
    struct tn_trino_columns  columns;
    bool                     columns_told;
    struct tn_builder       *builder;
    struct tn_batch          batch;     /* being encoded, from batch_row on */
    int64_t                  batch_row;
    size_t                   described; /* columns so far */
    uint32_t                *param_oids; /* DESCRIBE: of param_count parameters */
    size_t                   param_count;
    uint16_t                *marks;      /* which parameter the n-th mark stands for */
    size_t                   mark_count;
};

static inline struct tn_trino_conn *tn_trino_conn(struct tn_conn *conn)
{
    return TN_CONTAINER_OF(conn, struct tn_trino_conn, base);
}

/* trino_cluster.c */
enum tn_status tn_trino_open(struct tn_cluster *cluster, struct tn_error *err);
void           tn_trino_close(struct tn_cluster *cluster);
enum tn_status tn_trino_http_new(struct tn_http_client **out, const struct tn_cluster *cluster, struct tn_worker *worker, struct tn_error *err);

/* trino_connect.c */
struct tn_conn *tn_trino_connect(struct tn_cluster *cluster, struct tn_worker *worker,
                                 void (*connected)(struct tn_conn *, const struct tn_error *, void *), void *owner);
void tn_trino_disconnect(struct tn_conn *conn);
bool tn_trino_reset(struct tn_conn *conn);
void tn_trino_info_came(struct tn_trino_conn *c, struct tn_http_client_answer *answer); /* of /v1/info */
void tn_trino_init_ended(struct tn_trino_conn *c, struct tn_error *err); /* a statement of initSql; ERR OK or why not */

/* trino_ask.c: c->text is asked; answers come to tn_trino_page_came(), the end to tn_trino_ask_ended(). */
extern const struct tn_http_client_events tn_trino_ask_events, tn_trino_side_events;
void tn_trino_ask(struct tn_trino_conn *c, enum tn_trino_sink sink);
void tn_trino_ask_next(struct tn_trino_conn *c);   /* the next page, or the end */
/* The path that LINK, or a path, of the server's leads to at ENGINE's endpoint, into URL, NUL-terminated; false: it is no such. */
bool tn_trino_url(const struct tn_trino_cluster *engine, struct tn_str link, struct tn_buf *url);
void tn_trino_ask_stop(struct tn_trino_conn *c);   /* ends it at the server, then tn_trino_stopped() */
bool tn_trino_put_common(struct tn_trino_conn *c, struct tn_http_call *call);
/* "cluster NAME: MESSAGE", fault ENGINE. */
void tn_trino_name_error(struct tn_trino_conn *c, struct tn_error *err);

/* trino_run.c */
void tn_trino_start(struct tn_run *run);
void tn_trino_credit(struct tn_run *run);
void tn_trino_cancel(struct tn_run *run);
void tn_trino_page_came(struct tn_trino_conn *c);
void tn_trino_watch_stall(struct tn_trino_conn *c); /* its client may be slow */
bool tn_trino_tell_columns(struct tn_trino_conn *c, struct tn_error *err); /* of c->page, once */
void tn_trino_note_page(struct tn_trino_conn *c);                          /* what it says of the run's costs and changes */
void tn_trino_page_over(struct tn_trino_conn *c);  /* all its rows are delivered */
void tn_trino_ask_ended(struct tn_trino_conn *c, struct tn_error *err); /* ERR is moved */
void tn_trino_abort(struct tn_trino_conn *c, struct tn_error *err);     /* for a reason of ours; ERR is moved */
void tn_trino_stopped(struct tn_trino_conn *c, bool answered);
void tn_trino_kick(struct tn_trino_conn *c);

/* trino_header.c */
bool tn_trino_put_headers(struct tn_trino_conn *c); /* of a statement; false: refused, the start will tell */
/* What the client's own request says under NAME; ptr NULL: nothing, or it does not speak this protocol. */
struct tn_str tn_trino_said(const struct tn_trino_conn *c, const char *name);
/* Whose log-in a request needs and does not have: a client's own at a cluster of type passThrough. */
bool tn_trino_check_login(const struct tn_trino_conn *c, struct tn_error *err);

/* trino_relay.c */
static inline bool tn_trino_relays(const struct tn_trino_conn *c)
{
    return c->sink == TN_TRINO_SINK_RUN && c->run->encoder->trino_pages && c->run->kind == TN_RUN_EXECUTE;
}
bool tn_trino_relay_page(struct tn_trino_conn *c, struct tn_error *err); /* delivers c->page; false: it cannot be */

/* What has come of a long page is delivered, if it can be; the rest of it, at its end, with what c->page says then. False: ERR. */
bool tn_trino_relay_part(struct tn_trino_conn *c, struct tn_buf *body, struct tn_error *err);
bool tn_trino_relay_rest(struct tn_trino_conn *c, struct tn_buf *body, struct tn_error *err);

/* trino_rows.c */
bool tn_trino_rows_begin(struct tn_trino_conn *c, struct tn_error *err); /* of c->page.data */
void tn_trino_rows_pump(struct tn_trino_conn *c);
void tn_trino_rows_free(struct tn_trino_conn *c);

/* trino_describe.c */
void tn_trino_describe_start(struct tn_trino_conn *c);
bool tn_trino_describe_page(struct tn_trino_conn *c, struct tn_error *err);
bool tn_trino_describe_next(struct tn_trino_conn *c); /* true: another statement was asked */
void tn_trino_describe_put(struct tn_trino_conn *c, struct tn_buf *prepared); /* the statement, into its header */

#endif
