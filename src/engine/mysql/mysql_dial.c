/* The socket: the server's name is looked up in the offload pool, then its addresses are tried one after the other. */
#include "base/alloc.h"
#include "engine/blocking.h"
#include "engine/mysql/mysql_conn.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct tn_mysql_look_up {
    struct tn_job         job;
    struct tn_mysql_conn *conn;    /* worker only; NULL: it went away meanwhile */
    struct tn_cluster    *cluster; /* counted */
    struct addrinfo      *found;
    int                   error;
};

static void on_look_up(struct tn_job *job)
{
    struct tn_mysql_look_up       *look_up = TN_CONTAINER_OF(job, struct tn_mysql_look_up, job);
    const struct tn_mysql_cluster *engine = look_up->cluster->engine;
    struct addrinfo                hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};

    look_up->error = getaddrinfo(engine->host, engine->port, &hints, &look_up->found);
}

static void take_addresses(struct tn_mysql_conn *c, const struct addrinfo *found)
{
    for (; found != NULL && c->address_count < TN_MYSQL_ADDRESSES; found = found->ai_next) {
        if (found->ai_addrlen > sizeof c->addresses[0].bytes)
            continue;
        memcpy(c->addresses[c->address_count].bytes, found->ai_addr, found->ai_addrlen);
        c->addresses[c->address_count++].len = (unsigned)found->ai_addrlen;
    }
}

static void on_looked_up(struct tn_job *job, struct tn_worker *worker)
{
    struct tn_mysql_look_up *look_up = TN_CONTAINER_OF(job, struct tn_mysql_look_up, job);
    struct tn_mysql_conn    *c = look_up->conn;
    char                     why[160] = "the server's name has no address";

    (void)worker;
    if (look_up->error != 0)
        snprintf(why, sizeof why, "the server's name was not found: %s", gai_strerror(look_up->error));
    if (c != NULL) {
        c->look_up = NULL;
        take_addresses(c, look_up->error == 0 ? look_up->found : NULL);
        tn_mysql_dial_next(c, why);
    }
    if (look_up->error == 0)
        freeaddrinfo(look_up->found);
    tn_cluster_unref(look_up->cluster);
    tn_free(look_up);
}

static void take_socket(struct tn_mysql_conn *c, const char *path)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX};

    tn_str_copy(local.sun_path, sizeof local.sun_path, tn_str(path));
    memcpy(c->addresses[0].bytes, &local, sizeof local);
    c->addresses[0].len = sizeof local;
    c->address_count = 1;
}

static void on_dial_soon(struct ev_loop *loop, ev_timer *timer, int revents)
{
    (void)loop;
    (void)revents;
    tn_mysql_watch_init(timer->data);
    tn_mysql_dial_next(timer->data, "no address");
}

enum tn_status tn_mysql_dial(struct tn_mysql_conn *c, struct tn_error *err)
{
    struct tn_mysql_look_up *look_up;

    _Static_assert(sizeof(struct sockaddr_un) <= sizeof c->addresses[0].bytes, "a socket's path has room");
    if (tn_mysql_engine(c)->socket != NULL) {
        take_socket(c, tn_mysql_engine(c)->socket);
        ev_timer_init(&c->kick, on_dial_soon, 0., 0.);
        c->kick.data = c;
        ev_timer_start(c->base.worker->loop, &c->kick);
        return TN_OK;
    }
    look_up = tn_blocking_pool() == NULL ? NULL : tn_calloc(1, sizeof *look_up);
    if (look_up == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a connection");
    look_up->conn = c;
    look_up->cluster = tn_cluster_ref(c->base.cluster);
    look_up->job.run = on_look_up;
    look_up->job.done = on_looked_up;
    c->look_up = look_up;
    tn_offload_submit(tn_blocking_pool(), &look_up->job, c->base.worker);
    return TN_OK;
}

void tn_mysql_dial_forget(struct tn_mysql_conn *c)
{
    if (c->look_up != NULL)
        c->look_up->conn = NULL;
    c->look_up = NULL;
}

/* A server that vanished is noticed in 90 s, not in two hours. */
static void set_options(int fd)
{
    static const struct {
        int level, name, value;
    } options[] = {{SOL_SOCKET, SO_KEEPALIVE, 1}, {IPPROTO_TCP, TCP_NODELAY, 1}, {IPPROTO_TCP, TCP_KEEPIDLE, 60},
                   {IPPROTO_TCP, TCP_KEEPINTVL, 10}, {IPPROTO_TCP, TCP_KEEPCNT, 3}, {IPPROTO_TCP, TCP_USER_TIMEOUT, 90000}};

    for (size_t i = 0; i < TN_ARRAY_LEN(options); i++)
        (void)setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof options[i].value);
}

void tn_mysql_dial_next(struct tn_mysql_conn *c, const char *why)
{
    struct tn_error err = TN_ERROR_INIT;
    char            text[160];

    tn_str_copy(text, sizeof text, tn_str(why));
    tn_mysql_watch_stop(c);
    tn_transport_close(&c->wire.transport);
    while (c->address_next < c->address_count) {
        size_t                 at = c->address_next++;
        const struct sockaddr *address = (const void *)c->addresses[at].bytes;
        int                    fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        if (fd >= 0)
            set_options(fd);
        if (fd >= 0 && (connect(fd, address, c->addresses[at].len) == 0 || errno == EINPROGRESS)) {
            tn_transport_init(&c->wire.transport, fd);
            c->phase = TN_MYSQL_DIAL;
            tn_mysql_watch_socket(c, fd);
            ev_io_start(c->base.worker->loop, &c->write);
            return;
        }
        snprintf(text, sizeof text, "%s", strerror(errno));
        if (fd >= 0)
            close(fd);
    }
    tn_fail(&err, TN_E_CONNECTION, "08001", "cluster " TN_STR_FMT ": cannot connect: %s", TN_STR_ARG(c->base.cluster->conf->name), text);
    tn_error_hint(&err, "check that the server runs and that the cluster's endpoint is right");
    tn_mysql_connect_failed(c, &err);
}
