#include "net/listener.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    ACCEPT_BUDGET = 64, /* connections taken in one go; the rest wait for the next turn of the loop */
    BACKLOG = 4096,     /* cut to net.core.somaxconn by the kernel */
};

#define PAUSE_S 0.1 /* out of descriptors: look again after so long */

/* One listening socket: one worker, one address. */
struct acceptor {
    struct tn_listener *listener;
    struct tn_worker   *worker;
    struct tn_message   start, stop;
    ev_io               readable;
    ev_timer            pause;
    int                 fd;
    int                 spare;     /* given up to accept (and end) a connection when there is no descriptor left */
    bool                exhausted; /* logged already; until a connection is accepted again */
};

struct tn_listener {
    tn_accept_fn     on_accept;
    void            *arg;
    uint16_t         port;
    size_t           count;
    struct acceptor *acceptors;
};

static void peer_text(const struct sockaddr_storage *address, socklen_t len, char out[TN_PEER_TEXT])
{
    char host[64], port[8];

    if (getnameinfo((const struct sockaddr *)(const void *)address, len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        tn_str_copy(out, TN_PEER_TEXT, TN_STR("unknown"));
    else
        snprintf(out, TN_PEER_TEXT, address->ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

static int open_spare(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* No descriptor left: end the connection in front of the line, so that its client learns of it, and rest for a while. */
static void on_exhausted(struct acceptor *acceptor, int error)
{
    if (!acceptor->exhausted)
        tn_log(TN_LOG_ERROR, "accept failed", TN_LOG_U64("port", acceptor->listener->port),
               TN_LOG_TEXT("why", strerror(error)), TN_LOG_TEXT("hint", "raise the limit of open files"));
    acceptor->exhausted = true;
    if (acceptor->spare >= 0) {
        int fd;

        close(acceptor->spare);
        fd = accept4(acceptor->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0)
            close(fd);
        acceptor->spare = open_spare();
    }
    ev_io_stop(acceptor->worker->loop, &acceptor->readable);
    ev_timer_set(&acceptor->pause, PAUSE_S, 0.);
    ev_timer_start(acceptor->worker->loop, &acceptor->pause);
}

/* False: stop for this turn. */
static bool accept_one(struct acceptor *acceptor)
{
    struct sockaddr_storage address = {0};
    socklen_t               len = sizeof address;
    char                    peer[TN_PEER_TEXT];
    int                     fd, on = 1;

    fd = accept4(acceptor->fd, (struct sockaddr *)(void *)&address, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        int error = errno;

        if (error == EINTR || error == ECONNABORTED || error == EPROTO || error == EPERM)
            return true; /* that one connection's trouble */
        if (error != EAGAIN && error != EWOULDBLOCK)
            on_exhausted(acceptor, error);
        return false;
    }
    acceptor->exhausted = false;
    if (acceptor->spare < 0)
        acceptor->spare = open_spare();
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    peer_text(&address, len, peer);
    acceptor->listener->on_accept(acceptor->worker, fd, peer, acceptor->listener->arg);
    return true;
}

static void on_readable(struct ev_loop *loop, ev_io *io, int revents)
{
    struct acceptor *acceptor = io->data;

    (void)loop;
    (void)revents;
    for (int i = 0; i < ACCEPT_BUDGET && acceptor->fd >= 0; i++)
        if (!accept_one(acceptor))
            break;
}

static void on_pause_over(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct acceptor *acceptor = timer->data;

    (void)revents;
    if (acceptor->fd >= 0)
        ev_io_start(loop, &acceptor->readable);
}

static void on_start(struct tn_message *message, struct tn_worker *worker)
{
    struct acceptor *acceptor = TN_CONTAINER_OF(message, struct acceptor, start);

    ev_io_start(worker->loop, &acceptor->readable);
}

static void acceptor_close(struct acceptor *acceptor)
{
    if (acceptor->worker != NULL) {
        ev_io_stop(acceptor->worker->loop, &acceptor->readable);
        ev_timer_stop(acceptor->worker->loop, &acceptor->pause);
    }
    if (acceptor->fd >= 0)
        close(acceptor->fd);
    if (acceptor->spare >= 0)
        close(acceptor->spare);
    acceptor->fd = acceptor->spare = -1;
}

static void on_stop(struct tn_message *message, struct tn_worker *worker)
{
    (void)worker;
    acceptor_close(TN_CONTAINER_OF(message, struct acceptor, stop));
}

static void acceptor_init(struct acceptor *acceptor, struct tn_listener *listener, struct tn_worker *worker, int fd)
{
    *acceptor = (struct acceptor){.listener = listener, .worker = worker, .fd = fd, .spare = open_spare()};
    acceptor->start.run = on_start;
    acceptor->stop.run = on_stop;
    ev_io_init(&acceptor->readable, on_readable, fd, EV_READ);
    acceptor->readable.data = acceptor;
    ev_timer_init(&acceptor->pause, on_pause_over, PAUSE_S, 0.);
    acceptor->pause.data = acceptor;
}

static void set_port(struct addrinfo *address, uint16_t port)
{
    if (address->ai_family == AF_INET6)
        ((struct sockaddr_in6 *)(void *)address->ai_addr)->sin6_port = htons(port);
    else
        ((struct sockaddr_in *)(void *)address->ai_addr)->sin_port = htons(port);
}

static uint16_t bound_port(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t               len = sizeof address;

    (void)getsockname(fd, (struct sockaddr *)(void *)&address, &len);
    if (address.ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)(const void *)&address)->sin6_port);
    return ntohs(((const struct sockaddr_in *)(const void *)&address)->sin_port);
}

/* A bound socket, or -1 with errno. SHARED: other sockets of ours will be bound to the same address. */
static int bind_one(const struct addrinfo *address, bool shared)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1, error;

    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address->ai_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if ((!shared || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0) &&
        bind(fd, address->ai_addr, address->ai_addrlen) == 0)
        return fd;
    error = errno;
    close(fd);
    errno = error;
    return -1;
}

static enum tn_status bind_failed(const struct addrinfo *address, int error, struct tn_error *err)
{
    struct sockaddr_storage storage = {0};
    char                    text[TN_PEER_TEXT];

    memcpy(&storage, address->ai_addr, TN_MIN(sizeof storage, (size_t)address->ai_addrlen));
    peer_text(&storage, address->ai_addrlen, text);
    tn_fail(err, TN_E_IO, "58000", "cannot listen on %s: %s", text, strerror(error));
    if (error == EADDRINUSE)
        tn_error_hint(err, "Another program uses this port: end it, or choose another port.");
    else if (error == EACCES)
        tn_error_hint(err, "Ports below 1024 need the capability CAP_NET_BIND_SERVICE.");
    return TN_E_IO;
}

/* A listening socket for every worker on ADDRESS. */
static enum tn_status listen_on(struct tn_listener *listener, struct tn_worker **workers, size_t count,
                                struct addrinfo *address, struct tn_error *err)
{
    if (listener->port != 0) { /* SO_REUSEPORT would share the port with another program of ours without a word */
        int probe;

        set_port(address, listener->port);
        probe = bind_one(address, false);
        if (probe < 0)
            return bind_failed(address, errno, err);
        close(probe);
    }
    for (size_t i = 0; i < count; i++) {
        int fd = bind_one(address, true);

        if (fd < 0)
            return bind_failed(address, errno, err);
        if (listen(fd, BACKLOG) != 0) {
            int error = errno;

            close(fd);
            return bind_failed(address, error, err);
        }
        if (listener->port == 0) {
            listener->port = bound_port(fd);
            set_port(address, listener->port);
        }
        acceptor_init(&listener->acceptors[listener->count++], listener, workers[i], fd);
    }
    return TN_OK;
}

static enum tn_status look_up(struct addrinfo **out, const char *host, struct tn_error *err)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    bool            any = host[0] == '\0' || strcmp(host, "*") == 0;
    int             rc = getaddrinfo(any ? NULL : host, "0", &hints, out);

    if (rc == 0)
        return TN_OK;
    *out = NULL;
    return tn_fail(err, TN_E_IO, "58000", "cannot listen on %s: %s", host, gai_strerror(rc));
}

static bool same_address(const struct addrinfo *a, const struct addrinfo *b) /* whatever the port */
{
    if (a->ai_family != b->ai_family)
        return false;
    if (a->ai_family == AF_INET6) {
        const struct sockaddr_in6 *x = (const void *)a->ai_addr, *y = (const void *)b->ai_addr;

        return IN6_ARE_ADDR_EQUAL(&x->sin6_addr, &y->sin6_addr) && x->sin6_scope_id == y->sin6_scope_id;
    }
    return ((const struct sockaddr_in *)(const void *)a->ai_addr)->sin_addr.s_addr ==
           ((const struct sockaddr_in *)(const void *)b->ai_addr)->sin_addr.s_addr;
}

/* Name look-up may give the same address twice. */
static bool seen_before(const struct addrinfo *first, const struct addrinfo *address)
{
    for (; first != address; first = first->ai_next)
        if (same_address(first, address))
            return true;
    return false;
}

/* All addresses that exist here; one that does not (no IPv6, ...) is left out as long as there is another. */
static enum tn_status listen_on_all(struct tn_listener *listener, struct tn_worker **workers, size_t count,
                                    struct addrinfo *addresses, struct tn_error *err)
{
    enum tn_status status = TN_OK;

    for (struct addrinfo *address = addresses; address != NULL; address = address->ai_next) {
        int probe;

        if (seen_before(addresses, address))
            continue;
        probe = bind_one(address, false);
        if (probe < 0 && (errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT)) {
            status = bind_failed(address, errno, err);
            continue;
        }
        if (probe >= 0)
            close(probe);
        TN_TRY(listen_on(listener, workers, count, address, err));
    }
    if (listener->count == 0)
        return status;
    tn_error_reset(err);
    return TN_OK;
}

static enum tn_status open_all(struct tn_listener *listener, struct tn_worker **workers, size_t count, const char *host,
                               struct tn_error *err)
{
    struct addrinfo *addresses = NULL;
    size_t           address_count = 0;
    enum tn_status   status;

    TN_TRY(look_up(&addresses, host, err));
    for (struct addrinfo *address = addresses; address != NULL; address = address->ai_next)
        address_count++;
    listener->acceptors = tn_calloc(address_count * count, sizeof *listener->acceptors);
    if (listener->acceptors == NULL)
        status = tn_fail(err, TN_E_NOMEM, "53200", "listener: no memory");
    else
        status = listen_on_all(listener, workers, count, addresses, err);
    freeaddrinfo(addresses);
    return status;
}

enum tn_status tn_listener_open(struct tn_listener **out, struct tn_worker **workers, size_t count, const char *host,
                                uint16_t port, tn_accept_fn on_accept, void *arg, struct tn_error *err)
{
    struct tn_listener *listener = tn_calloc(1, sizeof *listener);
    enum tn_status      status;

    *out = NULL;
    if (listener == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "listener: no memory");
    listener->on_accept = on_accept;
    listener->arg = arg;
    listener->port = port;
    status = open_all(listener, workers, count, host, err);
    if (status != TN_OK) {
        tn_listener_close(listener);
        return status;
    }
    for (size_t i = 0; i < listener->count; i++)
        tn_worker_post(listener->acceptors[i].worker, &listener->acceptors[i].start);
    *out = listener;
    return TN_OK;
}

uint16_t tn_listener_port(const struct tn_listener *listener)
{
    return listener->port;
}

void tn_listener_stop(struct tn_listener *listener)
{
    for (size_t i = 0; i < listener->count; i++)
        tn_worker_post(listener->acceptors[i].worker, &listener->acceptors[i].stop);
}

void tn_listener_close(struct tn_listener *listener)
{
    if (listener == NULL)
        return;
    for (size_t i = 0; i < listener->count; i++)
        acceptor_close(&listener->acceptors[i]);
    tn_free(listener->acceptors);
    tn_free(listener);
}

bool tn_net_is_loopback(const char *host)
{
    struct in_addr  v4;
    struct in6_addr v6;

    if (strcasecmp(host, "localhost") == 0)
        return true;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return (ntohl(v4.s_addr) >> 24) == 127;
    if (inet_pton(AF_INET6, host, &v6) != 1)
        return false;
    return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}
