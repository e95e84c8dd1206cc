/* private.h - the objects of this folder.
 *
 *   exchange (worker A) -> call --- errand ---> query (worker B, its owner) --- errand ---> answer (worker A)
 *
 * A query belongs to the worker that its POST came to, or to that of its transaction; its id says which, so a GET that
 * comes in anywhere finds it. What a client said at the POST is kept with the query: GETs need not say it again. */
#ifndef TN_TRINO_PRIVATE_H
#define TN_TRINO_PRIVATE_H

#include "auth/authenticate.h"
#include "base/map.h"
#include "base/spares.h"
#include "engine/engine.h"
#include "frontend/trino/trino_encode.h"
#include "frontend/trino/trino_page.h"
#include "frontend/trino/trino_request.h"
#include "loop/errand.h"
#include "net/http.h"
#include "session/ask.h"
#include "spool/spool.h"
#include "trino/activity.h"
#include "trino/operand.h"
#include "trino/trino.h"

#define TN_TRINO_VERSION "476" /* whose protocol and metadata clients may count on */

enum {
    TN_TRINO_ID = 32,              /* yyyymmdd_hhmmss_nnnnn_wwxxx and its NUL */
    TN_TRINO_SLUG = 34,            /* y and 32 hex digits */
    TN_TRINO_SHOWN = 64,           /* a query's id as its client knows it, and its NUL */
    TN_TRINO_HEADERS = 5,          /* of one answer, but for those that are relayed */
    TN_TRINO_PAGE_BYTES = 1024 * 1024, /* a page is full then; one row may be longer */
    TN_TRINO_PAGE_MAX = 1536 * 1024 * 1024,
    TN_TRINO_POLL_MS = 1000,       /* a GET waits so long for something to tell; a POST for the first answer of a Trino */
    TN_TRINO_RELAY_MS = 3000,      /* the same for a page of a Trino, which itself waits a second */
    TN_TRINO_ROWS_MS = 100,        /* and so long for more when there are rows */
    TN_TRINO_NEXT_MAX = 8192,      /* of a link's path at a Trino */
    TN_TRINO_TOLD_MAX = 1024 * 1024, /* of an answer's relayed headers */
    TN_TRINO_QUERIES = 20000,      /* of one worker, with those that ended and are kept for a repeated GET */
    TN_TRINO_KEPT_BYTES = 16 * 1024 * 1024, /* of ended queries and their last pages, per worker */
    TN_TRINO_HELD_BYTES = 1024 * 1024 * 1024, /* of all queries' statements, per worker; then a POST is told to come again */
};

struct tn_trino_query;
struct tn_trino_command;

/* One worker's part. */
struct tn_trino_home {
    struct tn_trino  *trino;
    struct tn_worker *worker;
    struct tn_map     queries;      /* id -> struct tn_trino_query */
    struct tn_list    by_use;       /* struct tn_trino_query.node, the least lately used first */
    struct tn_list    transactions; /* struct tn_trino_transaction.node */
    struct tn_list    resumed;      /* struct tn_trino_resumed.node */
    struct tn_map     followed;     /* id -> struct tn_trino_followed */
    struct tn_list    by_link;      /* struct tn_trino_followed.node, the least lately used first */
    size_t            kept_bytes, held_bytes;
    uint8_t           random[512];   /* secret, each byte used once */
    size_t            random_left;
    time_t            moment_at;
    char              moment[20];    /* of ids */
    struct evp_mac_ctx_st *mac;      /* with the key of links (link.h) */
    struct tn_spares  calls;         /* struct tn_trino_call */
    struct tn_trino_activity *activity; /* NULL: no memory for it */
    ev_timer          sweep;
    bool              sweeping;
};

struct tn_trino {
    struct tn_server      *server;
    struct tn_config      *config;  /* counted */
    struct tn_http_server *http;
    size_t                 worker_count;
    struct tn_trino_home  *homes;
    char                   suffix[4]; /* of the ids of this start */
    uint8_t                key[32];   /* link.h */
    _Atomic uint64_t       next_id;
    struct tn_spool        spool;     /* segments.h */
};

enum tn_trino_verb {
    TN_TRINO_POST, TN_TRINO_GET, TN_TRINO_HEAD, TN_TRINO_DELETE, TN_TRINO_PARTIAL, TN_TRINO_INFO,
    TN_TRINO_TELL,                   /* of the coordinator and all its queries (coordinator.h) */
    TN_TRINO_MORE,                   /* of a long page that is passed on while it comes (long_page.h) */
    TN_TRINO_SEGMENT,                /* of a Trino */
    TN_TRINO_DOWNLOAD, TN_TRINO_ACK, /* of ours */
};

struct tn_trino_header {
    const char *name; /* "Set-Catalog"; X-Trino- or X-Presto- comes before it */
    const char *value;
};

/* One request on its way to the query and back. */
struct tn_trino_call {
    struct tn_errand         errand;
    struct tn_trino         *trino;
    struct tn_trino_home    *home;     /* of the worker that it came to, whose call it is in the end */
    struct tn_http_exchange *x;      /* read by its own worker only; NULL: the client is gone */
    struct tn_arena          arena;
    enum tn_trino_verb       verb;
    struct tn_str            id, slug; /* of the path */
    bool                     free_to_all; /* what a query is, by the path of a Trino's web interface, where nobody has to say who he is */
    bool                     resumes;  /* a link that holds all there is to know: resume.c */
    unsigned                 asks;     /* so many more workers, whether the id is that of a Trino's own for a query of theirs */
    struct tn_str            sealed;   /* behind the slug, or instead of both; ptr NULL = none (link.h) */
    uint64_t                 token;
    struct tn_str            base;     /* of links */
    struct tn_trino_request  request;
    struct tn_str            sql, peer; /* POST */
    struct tn_identity      *identity; /* POST; counted */
    size_t                   header_count;
    struct tn_tag           *headers;
    size_t                   own_count;
    struct tn_run_header    *own;      /* for an engine that speaks this protocol; secrets! */
    struct tn_list           node;     /* waits for a page */
    /* the answer */
    int                      status;
    const char              *problem;  /* plain text instead of a body */
    const char              *allow;    /* methods of the path, for 405 */
    struct tn_buf            body;
    struct tn_bytes         *rest;     /* behind it, from rest_at on; counted; NULL: nothing */
    size_t                   rest_at;
    bool                     more;     /* the body goes on: it is fetched as the client takes it */
    bool                     cut;      /* it does not, and should: the answer is broken off */
    bool                     begun, waits; /* home's: some of it was sent; the client takes no more now */
    bool                     presto;
    bool                     validates; /* HEAD /v1/statement: is the log-in right? */
    size_t                   set_count;
    struct tn_trino_header   set[TN_TRINO_HEADERS];
    struct tn_buf            told;     /* relayed: struct tn_relay.headers */
    const char              *type;     /* of the body; NULL = JSON */
    const char              *location; /* elsewhere; NULL = here */
    struct tn_auth_answer    refused;  /* the last, and most of the bytes */
};

/* START TRANSACTION .. COMMIT; a client names it by its id in every statement. */
struct tn_trino_transaction {
    struct tn_list            node;
    struct tn_ask_transaction ask;
    uint64_t                  last_used_us;
    char                      id[40];
    char                      user_text[128]; /* whose it is */
    struct tn_trino_home     *home;
    struct tn_list            line;          /* struct tn_trino_query.in_line: for the end of the statement before them */
    ev_timer                  next;          /* whose turn is it? */
};

struct tn_trino_query {
    struct tn_list            node;
    struct tn_trino_home     *home;
    char                      id[TN_TRINO_ID], slug[TN_TRINO_SLUG];
    struct tn_arena           arena;   /* of the POST: request, sql and what is made of them */
    struct tn_trino_request   request;
    struct tn_str             sql, text; /* as the client sent it; what the engine is asked */
    struct tn_trino_place     place;   /* of what places of errors are told in: `sql`, or the statement that it EXECUTEs */
    struct tn_str             peer;
    struct tn_str             base;    /* of the links of all its pages: a page is kept, and whoever asked for it first shall not say where it leads others */
    struct tn_identity       *identity; /* counted */
    size_t                    header_count;
    struct tn_tag            *headers;
    size_t                    own_count;
    struct tn_run_header     *own;
    bool                      parametric;
    enum tn_trino_encoding    encoding; /* of rows, as the client wishes */
    uint64_t                  row_offset; /* rows of the pages and segments so far */
    struct tn_trino_segments *segments; /* segments.h; NULL: all rows go in pages */
    struct tn_settings_list  *settings;
    struct tn_trino_encoder   encoder;
    struct tn_trino_transaction *transaction;
    enum tn_ask_end           end;     /* of the transaction */
    struct tn_list            in_line; /* the transaction's last statement still runs */
    bool                      given_up; /* so did this one, whose client does not come for its rows: they are thrown away */
    bool                      describes; /* the engine's columns become rows: DESCRIBE OUTPUT */
    bool                      describes_input; /* what the engine says of parameters does: DESCRIBE INPUT */
    size_t                    input_count;
    uint32_t                 *input_oids; /* of PostgreSQL's; 0 = not known */
    struct tn_trino_operand  *operands;   /* what they are compared with, where the engine does not tell more; NULL: it does */
    bool                      asks_columns; /* it is asked what the operands' columns are, in their order */
    struct tn_str             missing; /* no rows: an error about this name; empty = there may be none */
    const char               *missing_what, *missing_says, *missing_sqlstate; /* "Table", "does not exist", "42P01" */
    bool                      about_tables; /* it asks an engine of another kind for its tables (of tn_query) */
    bool                      as_said;   /* a session's statement that a Trino is to have: it says itself what it does not know */
    const struct tn_trino_command *use; /* USE: the rows tell whether there is such a schema; NULL: another statement */
    bool                      use_found;

    struct tn_ask            *ask;     /* NULL before and after */
    bool                      done, cancelled, partial;
    struct tn_error           error;
    bool                      trino_said; /* a Trino says where its error is, or does not */
    struct tn_buf             columns; /* `"columns":[..]` */
    bool                      has_rows; /* the engine told columns */
    struct tn_chunk          *first, *last;
    unsigned                  chunk_count;
    size_t                    chunk_bytes;
    struct tn_trino_stats     stats;
    uint64_t                  started_us, last_used_us;
    uint64_t                  ticket;  /* of the home's activity */

    char                      update_type[64];
    bool                      has_update_count;
    uint64_t                  update_count;
    const char               *warning;
    size_t                    set_count;
    struct tn_trino_header    set[TN_TRINO_HEADERS];

    /* a Trino's pages as they come (relay.c) */
    bool                      relays;    /* there was one */
    bool                      left;      /* we are ending, it is not: the next one to come here goes on with it */
    bool                      owes;      /* the next one is not asked for before the client does */
    char                      shown[TN_TRINO_SHOWN]; /* the id that the client was told; empty = none yet */
    struct tn_str             cluster;   /* where it runs */
    struct tn_buf             next;      /* path of the next page there */
    struct tn_buf             told;      /* headers of the page below */
    struct tn_trino_call     *post;      /* waits for the first of them */

    uint64_t                  token;     /* of the page below; the POST's own answer is 0 */
    struct tn_buf             page;
    struct tn_bytes          *rest;    /* behind it, from rest_at on, as its Trino sent it; NULL: nothing */
    size_t                    rest_at;
    bool                      has_page, page_is_last;
    bool                      is_long;  /* it is not here: what has come of it was passed on (long_page.h) */
    bool                      is_open;  /* so is the rest to be */
    bool                      was_open; /* when those who wait came */
    bool                      drained;  /* nobody takes it any more: it is thrown away */
    unsigned                  lent;     /* chunks of it whose bytes are on their way, not credited */
    struct tn_trino_call     *reader;   /* waits for more of it */
    struct tn_buf             before;   /* path of it there */
    char                     *texts;     /* what is still wanted of the arena's: tn_trino_query_settle() */
    size_t                    kept, held; /* what it has of the home's kept_bytes and held_bytes */
    struct tn_list            waiters;   /* struct tn_trino_call.node */
    ev_timer                  wait;
};

/* call.c */
void tn_trino_call_begin(struct tn_trino *trino, struct tn_http_exchange *x); /* answers, now or later */
void tn_trino_call_end(struct tn_trino_call *call);                          /* on the query's worker: the answer is set */
void tn_trino_call_refuse(struct tn_trino_call *call, int status, const char *problem);

/* path.c: CALL's verb, and what its path names. 0: understood; else the status to refuse with. */
int tn_trino_path_read(struct tn_trino_call *call, const struct tn_http_exchange *x);

/* info.c: what GET /v1/query/ID tells. */
struct tn_trino_info {
    struct tn_str          id, user, source, catalog, schema, tags;
    enum tn_trino_state    state;
    struct tn_str          sql;   /* ptr NULL: not known */
    const struct tn_error *error; /* NULL: none */
};
void tn_trino_call_info(struct tn_trino_call *call, const struct tn_trino_info *info);

/* query.c: on the worker that owns it */
void tn_trino_query_post(struct tn_trino_home *home, struct tn_trino_call *call);
void tn_trino_query_call(struct tn_trino_home *home, struct tn_trino_call *call); /* GET, HEAD, DELETE */
void tn_trino_query_done(struct tn_trino_query *q);      /* all is known that there will be */
void tn_trino_query_fail(struct tn_trino_query *q, struct tn_error *err); /* takes ERR; done */
/* After its last page was built: nothing stays but what a repeated request needs. Texts of its statement are gone. */
void tn_trino_query_settle(struct tn_trino_query *q);
void tn_trino_home_init(struct tn_trino_home *home, struct tn_trino *trino, struct tn_worker *worker);
void tn_trino_home_free(struct tn_trino_home *home);
void tn_trino_sweep_start(struct tn_trino_home *home); /* once a second, while there is anything that may be given up */
/* The worker that an id of query or transaction names; NULL: none of this program's. */
struct tn_worker *tn_trino_owner(const struct tn_trino *trino, struct tn_str id);

/* page.c */
bool tn_trino_page_ready(const struct tn_trino_query *q); /* no GET need wait */
void tn_trino_page_answer(struct tn_trino_query *q, struct tn_trino_call *call); /* the present or the next page */
void tn_trino_page_first(struct tn_trino_query *q, struct tn_trino_call *call);  /* what a POST is told */

/* relay.c: pages of a Trino as they came, with links of ours */
struct tn_trino_relayed {
    struct tn_trino_home  *home;
    struct tn_str          base, id, slug; /* of links; the id is ours */
    struct tn_str          shown;          /* the id that the client was told; empty: as the page has it */
    struct tn_str          user;           /* whose query it is; empty: nobody here knows */
    struct tn_str          cluster;
    uint64_t               token;          /* of this page */
};
/* The page's beginning into OUT; what is long behind its last link stays where it is: *REST, which takes the chunk's memory, from
 * *REST_AT on. */
void tn_trino_relay_put(const struct tn_trino_relayed *r, struct tn_chunk *chunk, struct tn_buf *out, struct tn_bytes **rest, size_t *rest_at);
void tn_trino_relay_build(struct tn_trino_query *q, struct tn_chunk *chunk, struct tn_str base, struct tn_buf *out, struct tn_bytes **rest, size_t *rest_at);
void tn_trino_relay_more(struct tn_trino_query *q, struct tn_chunk *chunk, struct tn_trino_call *call); /* what follows it, into CALL's body */
void tn_trino_relay_next(struct tn_trino_query *q, uint64_t token, struct tn_buf *out); /* path of page TOKEN's link */
void tn_trino_relay_path(const struct tn_chunk *chunk, struct tn_buf *out); /* of its link to the next page, there; without a link: empty */
bool tn_trino_relay_waits(const struct tn_trino_query *q); /* the statement goes to a Trino, whose first answer is awaited */

/* resume.c: links that nobody here knows, on the worker that they came to */
void tn_trino_resume(struct tn_trino_home *home, struct tn_trino_call *call);
/* Who is asked whether a log-in is right: the Trino that log-ins are passed on to where no router matches. NULL: there is none. */
struct tn_cluster *tn_trino_login_judge(struct tn_worker *worker);
/* Q's page, which is not kept, is fetched once more for CALL. */
void tn_trino_resume_again(struct tn_trino_query *q, struct tn_trino_call *call);
void tn_trino_resume_free_all(struct tn_trino_home *home);

/* run.c */
void tn_trino_run(struct tn_trino_query *q); /* a statement for an engine: q->text; done comes, maybe at once */
void tn_trino_run_params(struct tn_trino_query *q, struct tn_params params, enum tn_run_kind kind);
void tn_trino_run_give_up(struct tn_trino_query *q); /* its rows so far and all that come; it is run to its end */
void tn_trino_wake(struct tn_trino_query *q); /* there may be something for who waits */
bool tn_trino_set(struct tn_trino_query *q, const char *name, struct tn_str value); /* a header of the answer; false: no memory */

/* settings.c */
#define TIME_ZONE_PROPERTY "time_zone_id" /* SET TIME ZONE, in a client's session */
enum tn_status tn_trino_settings_make(struct tn_trino_query *q, struct tn_error *err); /* q->settings and the encoder, of what the client says */
enum tn_status tn_trino_settings_change(struct tn_trino_query *q, const char *name, struct tn_str value, struct tn_error *err); /* checks it, too */
struct tn_str  tn_trino_settings_zone(const struct tn_trino_query *q); /* the session's time zone; empty: none is said */

/* statement.c: what a statement wants, ours or the engine's */
void tn_trino_statement(struct tn_trino_query *q);
void tn_trino_statement_go_on(struct tn_trino_query *q); /* its transaction has no other any more */
void tn_trino_use_end(struct tn_trino_query *q); /* all is known that the engine says of q->use */

#endif
