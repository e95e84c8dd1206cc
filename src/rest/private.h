/* private.h - what the files of this folder share. Nobody else includes it. */
#ifndef TN_REST_PRIVATE_H
#define TN_REST_PRIVATE_H

#include "base/json.h"
#include "base/map.h"
#include "frontend/rest/rest_encode.h"
#include "frontend/rest/rest_request.h"
#include "loop/errand.h"
#include "net/http_endpoint.h"
#include "rest/rest.h"
#include "session/ask.h"
#include "spool/spool.h"

enum {
    TN_REST_ID = 37,               /* a UUID with its NUL */
    TN_REST_ENGINE = 32,           /* "DUCKDB" and its NUL */
    TN_REST_DOCUMENT_MAX = 32 * 1024 * 1024,
    TN_REST_KEPT_JOBS = 1000,      /* per worker: ended ones that are still known */
};

enum tn_rest_state {
#define STATE(name) TN_REST_##name,
#include "rest/rest_state.def"
#undef STATE
};

struct tn_rest_worker {
    struct tn_map  jobs;   /* by id */
    struct tn_list list;   /* the same, oldest first */
    struct tn_list rounds; /* struct tn_rest_round: not back yet */
    size_t         ended;
};

struct tn_rest {
    struct tn_server      *server;
    struct tn_config      *config;  /* counted: as it was at the start */
    struct tn_http_server *http;
    size_t                 worker_count;
    struct tn_rest_worker *workers;
    char                   boot[TN_REST_ID]; /* of this run of the program */
    _Atomic unsigned       async_live;
    struct tn_spool        spool;   /* of kept results */
};

/* ---- a request ---- */

/* Who asks. Texts live as long as the exchange. */
struct tn_rest_caller {
    struct tn_str        user;
    size_t               group_count;
    const struct tn_str *groups;
    bool                 is_proved; /* it has logged in: current_user is its name */
    bool                 sees_all; /* queries of others too: an administrator, or where nobody is asked who he is */
};

struct tn_rest_args {
    struct tn_rest_caller caller;
    struct tn_http_args   query; /* its capture is the id */
};
typedef void tn_rest_endpoint(struct tn_rest *rest, struct tn_http_exchange *x, const struct tn_rest_args *args);

#define ENDPOINT(method, path, function, body, params, answer, summary) tn_rest_endpoint tn_rest_##function;
#include "rest/rest_endpoints.def"
#undef ENDPOINT

/* rest_lookup.c: how the query ID goes that an Idempotency-Key began before; 409 where its result was removed. */
void tn_rest_status_of_key(struct tn_rest *rest, struct tn_http_exchange *x, const char *id, struct tn_str user);

/* rest_login.c. Begin: at the head; answers when it refuses. End: with the whole request; false: no memory, and answered. */
void tn_rest_login_begin(struct tn_rest *rest, struct tn_http_exchange *x);
bool tn_rest_login_end(struct tn_rest *rest, struct tn_http_exchange *x, struct tn_rest_caller *out);

/* rest_args.c. False: wrong, and answered. */
/* From parameter `format`, else Accept. */
bool tn_rest_param_format(struct tn_http_exchange *x, const struct tn_rest_args *args, enum tn_rest_format *out);

/* rest_problem.c: RFC 9457 documents. */
struct tn_rest_error {
    enum tn_status status; /* TN_OK: none */
    enum tn_fault  fault;
    bool           from_engine;
    int            position;
    char           sqlstate[6];
    struct tn_str  message, detail, hint;
};
int  tn_rest_http_status(enum tn_status status, enum tn_fault fault, const char *sqlstate);
void tn_rest_put_error(struct tn_json *json, const char *key, const struct tn_rest_error *error); /* NULL key: its members alone */
void tn_rest_problem(struct tn_http_exchange *x, const struct tn_error *err);
/* With the members of an ended query. */
void tn_rest_problem_of(struct tn_http_exchange *x, const struct tn_rest_error *error, const char *id, const char *engine);
void tn_rest_reply_json(struct tn_http_exchange *x, int status, struct tn_buf *body);

/* rest_question.c: BODY of X into a question that asks. Texts live as long as the exchange. */
struct tn_rest_query {
    struct tn_rest_request   request;
    struct tn_question       question;  /* settings: one reference, the caller's: tn_rest_query_reset() */
    struct tn_features      *features;  /* of question.sql */
};
TN_MUST_USE enum tn_status tn_rest_query_read(struct tn_http_exchange *x, const struct tn_rest_caller *caller, struct tn_rest_query *out,
                                              struct tn_error *err);
void tn_rest_query_reset(struct tn_rest_query *query);
/* rest_bind.c: parameters by name to $1, $2. */
TN_MUST_USE enum tn_status tn_rest_bind(const struct tn_rest_request *request, struct tn_str sql, struct tn_arena *arena, struct tn_str *out,
                                        struct tn_params *params, struct tn_error *err);

/* ---- a query and what became of it ---- */

struct tn_rest_column {
    struct tn_str name;
    char          type[TN_REST_TYPE_TEXT];
};

/* As it was last seen. Texts in the job's arena. */
struct tn_rest_outcome {
    uint64_t             query_id;
    enum tn_rest_state   state;
    char                 engine[TN_REST_ENGINE];
    struct tn_str        cluster, group, router, reason, trace;
    int                  rule;      /* 1-based; 0 = none */
    uint64_t             submitted_us, completed_us; /* wall clock */
    uint64_t             total_us, queue_us, cpu_us, rows_read, bytes_read, peak_memory;
    uint64_t             analysis_us, planning_us, splits; /* of struct tn_run */
    uint64_t             rows, bytes; /* that the engine returned */
    uint64_t             affected;
    bool                 has_columns;
    size_t               column_count;
    struct tn_rest_column *columns;
    struct tn_rest_error error;
};

struct tn_rest_spool;

struct tn_rest_job {
    struct tn_list           node;
    struct tn_rest          *rest;
    struct tn_worker        *worker;
    char                     id[TN_REST_ID];
    struct tn_arena          arena;
    struct tn_ask           *ask;      /* NULL: ended */
    struct tn_http_exchange *x;        /* synchronous: who waits; NULL: nobody (any more) */
    enum tn_rest_format      format;
    uint64_t                 limit, offset; /* of the request */
    uint64_t                 seen, taken;   /* rows that came, and that were taken of them */
    bool                     more;     /* there are rows beyond the limit */
    bool                     enough;   /* ... and the engine was told so */
    bool                     begun;    /* the answer's head is out */
    bool                     may_stop; /* a read: what is not wanted need not be computed */
    unsigned                 owed;     /* synchronous: chunks to credit when the client has room again */
    struct tn_rest_spool    *spool;    /* asynchronous */
    struct tn_str            arrow;    /* the message with the schema, if it may be wanted; empty: none was made */
    struct tn_str            user;
    size_t                   params;   /* of a statement that was described: as many as its engine found */
    struct tn_rest_outcome   outcome;
};

/* rest_id.c */
void   tn_rest_id_make(char out[TN_REST_ID], unsigned worker);
void   tn_rest_id_of_key(char out[TN_REST_ID], unsigned workers, struct tn_str user, struct tn_str key); /* the same for the same key */
bool   tn_rest_id_valid(struct tn_str id); /* as it was made: in lower case, as files are named */
bool   tn_rest_id_read(struct tn_str text, char out[TN_REST_ID]); /* as a client writes it, in whatever case; false: it is none */
unsigned tn_rest_id_worker(const char *id, unsigned workers);

/* rest_job.c */
void tn_rest_engine_type(char out[TN_REST_ENGINE], struct tn_str name); /* "duckDb" as this API says it: "DUCKDB" */
struct tn_rest_job *tn_rest_job_new(struct tn_rest *rest, struct tn_worker *worker, const char *id, struct tn_str user); /* NULL: no memory */
void tn_rest_job_free(struct tn_rest_job *job);
struct tn_rest_job *tn_rest_job_find(struct tn_rest *rest, struct tn_worker *worker, struct tn_str id);
void tn_rest_job_look(struct tn_rest_job *job);  /* brings outcome up to date while it runs */
void tn_rest_job_ended(struct tn_rest_job *job); /* counts it, and forgets the oldest */
void tn_rest_job_forget(struct tn_rest_job *job); /* one that has ended; freed */
void tn_rest_job_columns(struct tn_rest_job *job, const struct tn_schema *schema);
void tn_rest_job_finish(struct tn_rest_job *job, struct tn_ask *ask); /* from done: outcome as it is now for good */
/* The part of CHUNK that offset and limit leave, and its number of rows. */
struct tn_str tn_rest_job_take(struct tn_rest_job *job, const struct tn_chunk *chunk, uint64_t *rows);

/* The same of format ARROW, as messages appended to OUT. False: they cannot be cut, or no memory. */
TN_MUST_USE bool tn_rest_job_take_arrow(struct tn_rest_job *job, const struct tn_chunk *chunk, uint64_t *rows, struct tn_buf *out);

/* rest_document.c: members of the documents. */
const char *tn_rest_state_name(enum tn_rest_state state);
void tn_rest_put_head(struct tn_json *json, const char *id, const struct tn_rest_outcome *outcome);
void tn_rest_put_tail(struct tn_json *json, const struct tn_rest_outcome *outcome);
void tn_rest_put_status(struct tn_buf *out, const struct tn_rest_job *job); /* the whole document */
void tn_rest_tell_status(struct tn_buf *out, struct tn_rest_job *job);      /* the same to a client: it has not ended while its result is not all kept */

/* rest_spool.c: rows of an asynchronous query to its file. */
TN_MUST_USE bool tn_rest_spool_new(struct tn_rest_job *job);
void tn_rest_spool_begin(struct tn_rest_job *job);  /* the file that says that the query exists */
/* What a document on the disk ends with; its closing brace must be off. */
void tn_rest_put_own(struct tn_buf *out, const struct tn_rest *rest, bool final, struct tn_str user, struct tn_str arrow);
void tn_rest_spool_chunk(struct tn_rest_job *job, struct tn_chunk *chunk);
void tn_rest_spool_end(struct tn_rest_job *job);    /* the query has ended */
bool tn_rest_spool_busy(const struct tn_rest_job *job);
void tn_rest_spool_free(struct tn_rest_job *job);
void tn_rest_spool_drop(struct tn_rest_job *job);   /* its files go */
void tn_rest_spool_init(struct tn_rest *rest);

/* rest_kept.c: a result's description as it lies on the disk; in the offload pool. */
struct tn_rest_kept {
    struct tn_buf              text; /* the document */
    const struct tn_json_node *root;
    struct tn_str              user;
    bool                       found, interrupted; /* interrupted: the program ended before the query did */
};
void tn_rest_kept_read(const struct tn_rest *rest, const char *id, struct tn_arena *arena, struct tn_rest_kept *out);
void tn_rest_kept_reset(struct tn_rest_kept *kept);
/* Its text as an answer: without what only we need. */
void tn_rest_kept_document(const struct tn_rest_kept *kept, struct tn_buf *out);

/* rest_round.c: work that leaves the exchange's worker, to another or to the offload pool, and comes back to answer. Embedded in the
 * work's own object. */
struct tn_rest_round {
    struct tn_list           node;
    struct tn_rest          *rest;
    struct tn_worker        *home;
    struct tn_http_exchange *x;   /* NULL: nobody waits any more; home's */
    struct tn_errand         errand;
    struct tn_job            job;
    void (*there)(struct tn_rest_round *round);  /* on the other worker */
    void (*work)(struct tn_rest_round *round);   /* in the pool */
    void (*finish)(struct tn_rest_round *round); /* at home; answers if x is not NULL; may send it out again */
    void (*free)(struct tn_rest_round *round);
    bool again;                                  /* finish has sent it out again */
};
void tn_rest_round_begin(struct tn_rest_round *round, struct tn_rest *rest, struct tn_http_exchange *x);
void tn_rest_round_visit(struct tn_rest_round *round, unsigned worker); /* there(), then finish() */
void tn_rest_round_work(struct tn_rest_round *round);                   /* work(), then finish() */

#endif
