/* transport.h - bytes of one connection: a small table, so that whoever reads and writes need not know whether they are
 * plain or encrypted. Never blocks (the descriptor is non-blocking), never raises SIGPIPE. Own thread only. */
#ifndef TN_NET_TRANSPORT_H
#define TN_NET_TRANSPORT_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

enum tn_io {
    TN_IO_OK,    /* *N bytes were moved, at least one unless nothing was asked for */
    TN_IO_AGAIN, /* nothing was moved; wait for transport->wants */
    TN_IO_EOF,   /* read: the peer has finished sending. write: the peer is gone */
    TN_IO_ERROR  /* transport->error has the errno */
};

/* The same bits as EV_READ and EV_WRITE of libev. */
enum tn_io_want { TN_IO_WANT_READ = 1, TN_IO_WANT_WRITE = 2 };

struct tn_transport;

struct tn_transport_ops {
    const char *name; /* "plain", "tls" */
    enum tn_io (*read)(struct tn_transport *transport, void *buf, size_t len, size_t *n);
    enum tn_io (*writev)(struct tn_transport *transport, const struct iovec *iov, int count, size_t *n);
    void (*finish)(struct tn_transport *transport);
    void (*close)(struct tn_transport *transport);
};

struct tn_transport {
    const struct tn_transport_ops *ops;
    int                            fd;    /* owned; -1 = closed */
    int                            wants; /* after TN_IO_AGAIN: enum tn_io_want bits */
    int                            error; /* after TN_IO_ERROR or an EOF of write: errno */
    bool                           more;  /* after a read: there is more to be had without the socket being readable */
    void                          *state; /* the table's own (TLS); NULL for plain */
};

/* Takes over FD, which must be non-blocking. */
void tn_transport_init(struct tn_transport *transport, int fd);

enum tn_io tn_transport_read(struct tn_transport *transport, void *buf, size_t len, size_t *n);
/* Writes as much as goes now: *N may be less than the whole. At most 1024 parts. */
enum tn_io tn_transport_writev(struct tn_transport *transport, const struct iovec *iov, int count, size_t *n);
enum tn_io tn_transport_write(struct tn_transport *transport, const void *buf, size_t len, size_t *n);
/* Tells the peer that nothing more is sent; reading goes on. For an orderly end after a last answer. */
void tn_transport_finish(struct tn_transport *transport);
void tn_transport_close(struct tn_transport *transport); /* harmless when closed */

#endif
