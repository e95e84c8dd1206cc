/* Logging in. libpq does it in steps that never wait for the server, but a step may look up a host, read certificate and
 * password files and compute thousands of hashes (SCRAM): too long for the loop. So each step is a job of the offload
 * pool, and between two steps the loop waits for the socket:
 *
 *   pool: PQconnectStart  ->  loop: socket ready?  ->  pool: PQconnectPoll  ->  loop ...  ->  connected or failed */
#include "base/alloc.h"
#include "engine/blocking.h"
#include "engine/postgres/postgres_conn.h"

struct tn_postgres_login {
    struct tn_job             job;
    struct tn_worker         *worker;
    struct tn_postgres_conn  *conn;    /* worker only; NULL: it went away meanwhile */
    struct tn_cluster        *cluster; /* counted */
    PGconn                   *pg;      /* the job's while one is on its way, else the worker's */
    PostgresPollingStatusType status;
    bool                      busy;    /* a job is on its way; worker only */
    ev_io                     ready;
};

static void login_free(struct tn_postgres_login *login)
{
    ev_io_stop(login->worker->loop, &login->ready);
    PQfinish(login->pg);
    tn_cluster_unref(login->cluster);
    tn_free(login);
}

static void on_login_run(struct tn_job *job)
{
    struct tn_postgres_login         *login = TN_CONTAINER_OF(job, struct tn_postgres_login, job);
    const struct tn_postgres_cluster *engine = login->cluster->engine;

    if (login->pg != NULL) {
        login->status = PQconnectPoll(login->pg);
        return;
    }
    login->pg = PQconnectStartParams(engine->keys, engine->values, 0);
    login->status = login->pg == NULL || PQstatus(login->pg) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
    if (login->pg != NULL)
        PQsetErrorVerbosity(login->pg, PQERRORS_VERBOSE); /* the only way to the SQLSTATE of a refused login */
}

/* In "...: FATAL:  28P01: password authentication failed ..." the place of 28P01; NULL when the server said nothing. */
static const char *find_sqlstate(const char *text)
{
    for (const char *at = strstr(text, ":  "); at != NULL; at = strstr(at + 1, ":  ")) {
        const char *code = at + 3;
        size_t      len = strspn(code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");

        if (len == 5 && code[5] == ':' && code[6] == ' ')
            return code;
    }
    return NULL;
}

static void refused(const struct tn_postgres_login *login, struct tn_error *err)
{
    const char   *text = login->pg == NULL ? "out of memory" : PQerrorMessage(login->pg);
    const char   *code = find_sqlstate(text);
    struct tn_str name = login->cluster->conf->name, line;
    char          sqlstate[6] = "08001";

    if (code != NULL)
        tn_str_copy(sqlstate, sizeof sqlstate, tn_str_n(code, 5));
    line = tn_str(code != NULL ? code + 7 : text);
    line.len = strcspn(line.ptr, "\n");
    tn_fail(err, TN_E_CONNECTION, sqlstate, "cluster " TN_STR_FMT ": %s" TN_STR_FMT, TN_STR_ARG(name),
            code != NULL ? "login refused: " : "cannot connect: ", TN_STR_ARG(line));
    tn_error_blame(err, TN_FAULT_ENGINE, false);
    if (code == NULL)
        tn_error_hint(err, "check that the server runs and that the cluster's endpoint and sslMode are right");
    else if (sqlstate[0] == '2' && sqlstate[1] == '8')
        tn_error_hint(err, "check the cluster's auth.username and auth.password");
}

static void submit(struct tn_postgres_login *login)
{
    ev_io_stop(login->worker->loop, &login->ready);
    login->busy = true;
    tn_offload_submit(tn_blocking_pool(), &login->job, login->worker);
}

static void on_ready(struct ev_loop *loop, ev_io *io, int revents)
{
    (void)loop;
    (void)revents;
    submit(io->data);
}

static void login_end(struct tn_postgres_login *login)
{
    struct tn_postgres_conn *c = login->conn;
    struct tn_error          err = TN_ERROR_INIT;
    PGconn                  *pg = NULL;

    c->login = NULL;
    if (login->status == PGRES_POLLING_OK) {
        pg = login->pg;
        login->pg = NULL; /* ownership moved to the connection */
        PQsetErrorVerbosity(pg, PQERRORS_DEFAULT);
    } else {
        refused(login, &err);
    }
    login_free(login);
    tn_postgres_logged_in(c, pg, pg == NULL ? &err : NULL);
    tn_error_reset(&err);
}

static void on_login_done(struct tn_job *job, struct tn_worker *worker)
{
    struct tn_postgres_login *login = TN_CONTAINER_OF(job, struct tn_postgres_login, job);

    login->busy = false;
    if (login->conn == NULL) {
        login_free(login);
    } else if (login->status == PGRES_POLLING_READING || login->status == PGRES_POLLING_WRITING) {
        /* the socket may be another one than last time */
        ev_io_set(&login->ready, PQsocket(login->pg), login->status == PGRES_POLLING_READING ? EV_READ : EV_WRITE);
        ev_io_start(worker->loop, &login->ready);
    } else {
        login_end(login);
    }
}

enum tn_status tn_postgres_login_start(struct tn_postgres_conn *c, struct tn_error *err)
{
    struct tn_postgres_login *login = tn_blocking_pool() == NULL ? NULL : tn_calloc(1, sizeof *login);

    if (login == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a connection");
    login->conn = c;
    login->worker = c->base.worker;
    login->cluster = tn_cluster_ref(c->base.cluster);
    login->job.run = on_login_run;
    login->job.done = on_login_done;
    ev_io_init(&login->ready, on_ready, -1, EV_READ);
    login->ready.data = login;
    c->login = login;
    submit(login);
    return TN_OK;
}

void tn_postgres_login_forget(struct tn_postgres_conn *c)
{
    struct tn_postgres_login *login = c->login;

    if (login == NULL)
        return;
    c->login = NULL;
    login->conn = NULL;
    if (!login->busy)
        login_free(login);
}
