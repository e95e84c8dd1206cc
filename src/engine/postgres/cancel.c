/* A cancel request, in the offload pool: libpq 15 sends it over a connection of its own and waits until the server
 * closes that one, which is when the signal has been sent. */
#include "base/alloc.h"
#include "engine/blocking.h"
#include "engine/postgres/postgres_conn.h"

struct tn_postgres_cancel {
    struct tn_job            job;
    struct tn_postgres_conn *conn; /* worker only; NULL: it went away meanwhile */
    PGcancel                *request;
};

static void on_cancel_run(struct tn_job *job)
{
    struct tn_postgres_cancel *cancel = TN_CONTAINER_OF(job, struct tn_postgres_cancel, job);
    char                       text[256];

    (void)PQcancel(cancel->request, text, (int)sizeof text); /* when it fails, the time limit of the run ends it */
}

static void on_cancel_done(struct tn_job *job, struct tn_worker *worker)
{
    struct tn_postgres_cancel *cancel = TN_CONTAINER_OF(job, struct tn_postgres_cancel, job);
    struct tn_postgres_conn   *c = cancel->conn;

    (void)worker;
    PQfreeCancel(cancel->request);
    tn_free(cancel);
    if (c == NULL)
        return;
    c->cancel = NULL;
    tn_postgres_cancel_ended(c);
}

bool tn_postgres_cancel_send(struct tn_postgres_conn *c)
{
    struct tn_offload         *pool = tn_blocking_pool();
    struct tn_postgres_cancel *cancel = pool == NULL ? NULL : tn_calloc(1, sizeof *cancel);

    if (cancel == NULL)
        return false;
    cancel->request = PQgetCancel(c->pg);
    if (cancel->request == NULL) {
        tn_free(cancel);
        return false;
    }
    cancel->conn = c;
    cancel->job.run = on_cancel_run;
    cancel->job.done = on_cancel_done;
    c->cancel = cancel;
    tn_offload_submit(pool, &cancel->job, c->base.worker);
    return true;
}

void tn_postgres_cancel_forget(struct tn_postgres_conn *c)
{
    if (c->cancel != NULL)
        c->cancel->conn = NULL;
    c->cancel = NULL;
}
