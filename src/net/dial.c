#include "net/dial.h"

#include "base/alloc.h"
#include "base/clock.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { ADDRESSES = 8, HOST = 256, PORT = 8, FILES = 3, WHY = 256, LOOK_UPS = 4 /* of one name at once */ };

/* Another thread's, so it has everything of its own. */
struct look_up {
    struct tn_job    job;
    struct tn_list   node; /* in one of `lists` */
    struct tn_offload *pool;
    struct tn_worker *worker;
    _Atomic bool     left; /* nobody waits for it any more */
    struct tn_dial  *dial; /* worker only; NULL: it was stopped meanwhile */
    char             host[HOST], port[PORT];
    char            *files[FILES];
    bool             wants_tls, verify;
    struct addrinfo *found;
    int              error;
    struct tn_tls   *tls;
    char             why[WHY];
};

struct tn_dial {
    struct tn_dial_request request;
    struct look_up        *look_up; /* under way */
    struct tn_tls         *tls;
    size_t                 count, next;
    struct {
        struct sockaddr_storage bytes;
        socklen_t               len;
    } addresses[ADDRESSES];
    uint64_t               deadline_us;
    int                    fd;
    ev_io                  writable;
    ev_timer               timer;
    char                   why[WHY];
};

static void free_dial(struct tn_dial *dial)
{
    struct ev_loop *loop = dial->request.worker->loop;

    ev_io_stop(loop, &dial->writable);
    ev_timer_stop(loop, &dial->timer);
    if (dial->look_up != NULL) {
        dial->look_up->dial = NULL;
        atomic_store(&dial->look_up->left, true);
    }
    if (dial->fd >= 0)
        close(dial->fd);
    tn_tls_unref(dial->tls);
    tn_free(dial);
}

void tn_dial_stop(struct tn_dial *dial)
{
    if (dial != NULL)
        free_dial(dial);
}

static void tell(struct tn_dial *dial, int fd)
{
    struct tn_dial_request request = dial->request;
    char                   why[WHY];
    struct tn_dialled      dialled = {.fd = fd, .why = why};

    tn_str_copy(why, sizeof why, tn_str(dial->why));
    if (fd >= 0) {
        dialled.tls = dial->tls;
        dial->tls = NULL;
    }
    free_dial(dial);
    request.done(&dialled, request.owner);
}

/* ---- addresses, one after the other ---- */

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

static void wait_for(struct tn_dial *dial, int fd)
{
    struct ev_loop *loop = dial->request.worker->loop;
    uint64_t        now = tn_clock_us(), left = dial->deadline_us > now ? dial->deadline_us - now : 0;

    dial->fd = fd;
    ev_io_set(&dial->writable, fd, EV_WRITE);
    ev_io_start(loop, &dial->writable);
    ev_timer_stop(loop, &dial->timer);
    ev_now_update(loop);
    ev_timer_set(&dial->timer, (double)left / (double)(dial->count - dial->next + 1) / 1e6, 0.);
    ev_timer_start(loop, &dial->timer);
}

static void try_next(struct tn_dial *dial)
{
    if (dial->fd >= 0) {
        ev_io_stop(dial->request.worker->loop, &dial->writable);
        close(dial->fd);
        dial->fd = -1;
    }
    while (dial->next < dial->count) {
        const struct sockaddr *address = (const void *)&dial->addresses[dial->next].bytes;
        socklen_t              len = dial->addresses[dial->next++].len;
        int                    fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        if (fd >= 0)
            set_options(fd);
        if (fd >= 0 && (connect(fd, address, len) == 0 || errno == EINPROGRESS)) {
            wait_for(dial, fd);
            return;
        }
        snprintf(dial->why, sizeof dial->why, "cannot connect: %s", strerror(errno));
        if (fd >= 0)
            close(fd);
    }
    tell(dial, -1);
}

static void on_writable(struct ev_loop *loop, ev_io *io, int revents)
{
    struct tn_dial *dial = io->data;
    int             error = 0, fd = dial->fd;
    socklen_t       len = sizeof error;

    (void)revents;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
        error = errno;
    if (error != 0) {
        snprintf(dial->why, sizeof dial->why, "cannot connect: %s", strerror(error));
        try_next(dial);
        return;
    }
    ev_io_stop(loop, io);
    dial->fd = -1;
    tell(dial, fd);
}

/* An address has had its time; or there is none to wait for. */
static void on_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_dial *dial = timer->data;

    (void)loop;
    (void)revents;
    if (dial->fd >= 0)
        snprintf(dial->why, sizeof dial->why, "cannot connect: no answer in time");
    try_next(dial);
}

static void take_addresses(struct tn_dial *dial, const struct addrinfo *found)
{
    for (; found != NULL && dial->count < ADDRESSES; found = found->ai_next) {
        if (found->ai_addrlen > sizeof dial->addresses[0].bytes)
            continue;
        memcpy(&dial->addresses[dial->count].bytes, found->ai_addr, found->ai_addrlen);
        dial->addresses[dial->count++].len = found->ai_addrlen;
    }
}

static int find(const char *host, const char *port, int flags, struct addrinfo **found)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | flags};

    return getaddrinfo(host, port, &hints, found);
}

/* ---- look-ups of the same name ---- */

/* A name whose servers do not answer keeps a thread for many seconds, and the pool's threads have other work: engines, files. So a
 * few of them at most look for the same one; the others stand in line outside the pool. */
static struct {
    pthread_mutex_t lock;
    struct tn_list  running, waiting;
} lists = {PTHREAD_MUTEX_INITIALIZER, {&lists.running, &lists.running}, {&lists.waiting, &lists.waiting}};

/* False: it waits. */
static bool enter(struct look_up *look_up)
{
    unsigned same = 0;

    pthread_mutex_lock(&lists.lock);
    TN_LIST_FOR_EACH(node, &lists.running)
        same += strcmp(TN_CONTAINER_OF(node, struct look_up, node)->host, look_up->host) == 0;
    tn_list_append(same < LOOK_UPS ? &lists.running : &lists.waiting, &look_up->node);
    pthread_mutex_unlock(&lists.lock);
    return same < LOOK_UPS;
}

/* In the pool, whose work goes on without a gap: who waits for it to be idle waits for those in line, too. */
static void leave(struct look_up *look_up)
{
    struct look_up *next = NULL;

    pthread_mutex_lock(&lists.lock);
    tn_list_remove(&look_up->node);
    TN_LIST_FOR_EACH_SAFE(node, &lists.waiting)
    {
        struct look_up *other = TN_CONTAINER_OF(node, struct look_up, node);

        if (next == NULL && strcmp(other->host, look_up->host) == 0) {
            next = other;
            tn_list_remove(node);
            tn_list_append(&lists.running, node);
        }
    }
    pthread_mutex_unlock(&lists.lock);
    if (next != NULL)
        tn_offload_submit(next->pool, &next->job, next->worker);
}

/* ---- the pool's thread ---- */

static void look(struct look_up *look_up)
{
    struct tn_tls_client_conf tls = {.ca_file = look_up->files[0], .cert_file = look_up->files[1], .key_file = look_up->files[2], .verify = look_up->verify};
    struct tn_error           err = TN_ERROR_INIT;

    look_up->error = find(look_up->host, look_up->port, 0, &look_up->found);
    if (look_up->error != 0)
        snprintf(look_up->why, sizeof look_up->why, "the server's name was not found: %s", gai_strerror(look_up->error));
    else if (look_up->wants_tls && tn_tls_client_new(&look_up->tls, &tls, &err) != TN_OK)
        tn_str_copy(look_up->why, sizeof look_up->why, tn_str(err.message));
    tn_error_reset(&err);
}

static void on_look_up(struct tn_job *job)
{
    struct look_up *look_up = TN_CONTAINER_OF(job, struct look_up, job);

    if (!atomic_load(&look_up->left))
        look(look_up);
    leave(look_up);
}

static void free_look_up(struct look_up *look_up)
{
    if (look_up->found != NULL)
        freeaddrinfo(look_up->found);
    tn_tls_unref(look_up->tls);
    for (size_t i = 0; i < FILES; i++)
        tn_free(look_up->files[i]);
    tn_free(look_up);
}

static void on_looked_up(struct tn_job *job, struct tn_worker *worker)
{
    struct look_up *look_up = TN_CONTAINER_OF(job, struct look_up, job);
    struct tn_dial *dial = look_up->dial;

    (void)worker;
    if (dial != NULL) {
        dial->look_up = NULL;
        dial->tls = look_up->tls;
        look_up->tls = NULL;
        tn_str_copy(dial->why, sizeof dial->why, tn_str(look_up->why[0] != '\0' ? look_up->why : "the server's name has no address"));
        if (look_up->why[0] == '\0')
            take_addresses(dial, look_up->found);
        try_next(dial);
    }
    free_look_up(look_up);
}

static bool copy_file(const char *path, char **out)
{
    *out = path == NULL ? NULL : tn_strdup(path);
    return path == NULL || *out != NULL;
}

static bool start_look_up(struct tn_dial *dial)
{
    const struct tn_dial_request *request = &dial->request;
    struct look_up               *look_up = request->pool == NULL ? NULL : tn_calloc(1, sizeof *look_up);
    bool                          ok;

    if (look_up == NULL)
        return false;
    tn_str_copy(look_up->host, sizeof look_up->host, tn_str(request->host));
    tn_str_copy(look_up->port, sizeof look_up->port, tn_str(request->port));
    ok = request->tls == NULL || (copy_file(request->tls->ca_file, &look_up->files[0]) && copy_file(request->tls->cert_file, &look_up->files[1]) &&
                                  copy_file(request->tls->key_file, &look_up->files[2]));
    if (!ok) {
        free_look_up(look_up);
        return false;
    }
    look_up->wants_tls = request->tls != NULL;
    look_up->verify = request->tls != NULL && request->tls->verify;
    look_up->dial = dial;
    look_up->job.run = on_look_up;
    look_up->job.done = on_looked_up;
    look_up->pool = request->pool;
    look_up->worker = request->worker;
    dial->look_up = look_up;
    if (enter(look_up))
        tn_offload_submit(look_up->pool, &look_up->job, look_up->worker);
    return true;
}

static bool take_socket(struct tn_dial *dial)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX};

    _Static_assert(sizeof local <= sizeof dial->addresses[0].bytes, "a socket's path has room");
    if (dial->request.socket == NULL || dial->request.tls != NULL)
        return false;
    tn_str_copy(local.sun_path, sizeof local.sun_path, tn_str(dial->request.socket));
    memcpy(&dial->addresses[0].bytes, &local, sizeof local);
    dial->addresses[0].len = sizeof local;
    dial->count = 1;
    return true;
}

/* In figures: nobody need be asked. */
static bool take_figures(struct tn_dial *dial)
{
    struct addrinfo *found = NULL;

    if (dial->request.tls != NULL || find(dial->request.host, dial->request.port, AI_NUMERICHOST, &found) != 0)
        return false;
    take_addresses(dial, found);
    freeaddrinfo(found);
    return true;
}

struct tn_dial *tn_dial_start(const struct tn_dial_request *request)
{
    struct tn_dial *dial = tn_calloc(1, sizeof *dial);

    if (dial == NULL)
        return NULL;
    dial->request = *request;
    dial->fd = -1;
    dial->deadline_us = tn_clock_us() + request->timeout_us;
    ev_init(&dial->writable, on_writable);
    ev_timer_init(&dial->timer, on_timer, 0., 0.);
    dial->writable.data = dial->timer.data = dial;
    if (take_socket(dial) || take_figures(dial)) {
        ev_timer_start(request->worker->loop, &dial->timer); /* from the loop, as everything */
        return dial;
    }
    if (start_look_up(dial))
        return dial;
    free_dial(dial);
    return NULL;
}
