/* endpoint.h - what the endpoints share; inside src/admin only. */
#ifndef TN_ADMIN_ENDPOINT_H
#define TN_ADMIN_ENDPOINT_H

#include "admin/admin.h"
#include "base/json.h"
#include "net/http_endpoint.h"

enum { TN_ADMIN_REPLY_MAX = 32 * 1024 * 1024 };

struct tn_admin {
    struct tn_server      *server;
    struct tn_config      *config;  /* counted; host, user and password are those of the start */
    struct tn_http_server *http;
    size_t                 worker_count;
    struct tn_list        *rounds;  /* one list per worker: struct tn_admin_round.node, begun and not finished */
};

typedef void tn_admin_endpoint(struct tn_admin *admin, struct tn_http_exchange *x, const struct tn_http_args *args);

#define ENDPOINT(method, path, function, access, params, help) tn_admin_endpoint tn_admin_##function;
#include "admin/endpoints.def"
#undef ENDPOINT

/* Answers with BODY (taken) as application/json. */
void tn_admin_reply_json(struct tn_http_exchange *x, int status, struct tn_buf *body);

/* Work that visits every worker and then answers. Embedded in the endpoint's own object, whose memory the round owns. */
struct tn_admin_round {
    struct tn_list           node;
    struct tn_admin         *admin;
    struct tn_http_exchange *x; /* NULL: the client is gone */
    void (*visit)(struct tn_runtime *runtime, struct tn_admin_round *round);        /* on each worker's thread, one after the other */
    void (*finish)(struct tn_http_exchange *x, struct tn_admin_round *round);       /* answers; on the exchange's worker */
    void (*free)(struct tn_admin_round *round);
};
/* ROUND's three functions are set; it is freed in the end, whatever happens. */
void tn_admin_round_start(struct tn_admin_round *round, struct tn_admin *admin, struct tn_http_exchange *x);

/* The same for work that is one job of the offload pool. The round's finish and free and the job's run are set. A program that exits meanwhile
 * does not free it: the pool still works with it. */
struct tn_admin_task {
    struct tn_admin_round round;
    struct tn_job         job;
    void (*free)(struct tn_admin_round *round); /* the round's, while the job is out */
};
void tn_admin_task_start(struct tn_admin_task *task, struct tn_admin *admin, struct tn_http_exchange *x);

/* One line in the log for what an operator did. */
void tn_admin_log(const struct tn_http_exchange *x, const char *action, struct tn_str target, const char *result);

#endif
