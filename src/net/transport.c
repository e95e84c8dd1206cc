#include "net/transport.h"

#include "base/str.h"

#include <assert.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static enum tn_io failed(struct tn_transport *transport, int want)
{
    int error = errno;

    if (error == EAGAIN || error == EWOULDBLOCK) {
        transport->wants = want;
        return TN_IO_AGAIN;
    }
    transport->error = error;
    if (error == ECONNRESET || error == EPIPE)
        return TN_IO_EOF;
    return TN_IO_ERROR;
}

static enum tn_io plain_read(struct tn_transport *transport, void *buf, size_t len, size_t *n)
{
    ssize_t got;

    do {
        got = recv(transport->fd, buf, len, 0);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return failed(transport, TN_IO_WANT_READ);
    if (got == 0 && len > 0) {
        transport->error = 0;
        return TN_IO_EOF;
    }
    *n = (size_t)got;
    return TN_IO_OK;
}

static enum tn_io plain_writev(struct tn_transport *transport, const struct iovec *iov, int count, size_t *n)
{
    union {
        const struct iovec *given;
        struct iovec       *wanted;
    } parts = {iov}; /* sendmsg does not change the parts, but its struct has no const */
    struct msghdr message = {.msg_iov = parts.wanted, .msg_iovlen = (size_t)count};
    ssize_t       sent;

    do {
        if (count == 1) /* the usual case has a cheaper call */
            sent = send(transport->fd, iov->iov_base, iov->iov_len, MSG_NOSIGNAL);
        else
            sent = sendmsg(transport->fd, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0)
        return failed(transport, TN_IO_WANT_WRITE);
    *n = (size_t)sent;
    return TN_IO_OK;
}

static void plain_finish(struct tn_transport *transport)
{
    shutdown(transport->fd, SHUT_WR);
}

static void plain_close(struct tn_transport *transport)
{
    close(transport->fd);
}

static const struct tn_transport_ops plain_ops = {
    .name = "plain",
    .read = plain_read,
    .writev = plain_writev,
    .finish = plain_finish,
    .close = plain_close,
};

void tn_transport_init(struct tn_transport *transport, int fd)
{
    *transport = (struct tn_transport){.ops = &plain_ops, .fd = fd};
}

enum tn_io tn_transport_read(struct tn_transport *transport, void *buf, size_t len, size_t *n)
{
    assert(transport->fd >= 0);
    *n = 0;
    return transport->ops->read(transport, buf, len, n);
}

enum tn_io tn_transport_writev(struct tn_transport *transport, const struct iovec *iov, int count, size_t *n)
{
    assert(transport->fd >= 0);
    *n = 0;
    return transport->ops->writev(transport, iov, count, n);
}

enum tn_io tn_transport_write(struct tn_transport *transport, const void *buf, size_t len, size_t *n)
{
    struct iovec part = {.iov_len = len};

    memcpy(&part.iov_base, &buf, sizeof buf); /* drops the const that struct iovec lacks; nobody writes there */
    return tn_transport_writev(transport, &part, 1, n);
}

void tn_transport_finish(struct tn_transport *transport)
{
    if (transport->fd >= 0)
        transport->ops->finish(transport);
}

void tn_transport_close(struct tn_transport *transport)
{
    if (transport->fd < 0)
        return;
    transport->ops->close(transport);
    transport->fd = -1;
}
