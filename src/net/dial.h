/* dial.h - a connection to a server, by its name or through a local socket. The name is looked up in the offload pool, where certificates are read, too, so
 * that the loop waits for neither; a few of the same name at once, so that one whose servers do not answer does not take the pool.
 * Then the addresses are tried one after the other, each for its share of the time that is left. Own worker's thread only. */
#ifndef TN_NET_DIAL_H
#define TN_NET_DIAL_H

#include "loop/offload.h"
#include "net/tls.h"

struct tn_dial;

struct tn_dialled {
    int            fd;  /* connected, non-blocking, the receiver's; -1: WHY */
    struct tn_tls *tls; /* made as `tls` said, the receiver's; NULL: none was wanted, or WHY */
    const char    *why; /* gone with the return */
};

/* Its texts need live no longer than the call. */
struct tn_dial_request {
    struct tn_worker                *worker;
    struct tn_offload               *pool;  /* NULL: only what needs none can be had, a socket or an address in figures without TLS */
    const char                      *host, *port;
    const char                      *socket; /* path of a local one, in place of host and port; NULL = none */
    const struct tn_tls_client_conf *tls;   /* NULL = none */
    uint64_t                         timeout_us;
    void (*done)(struct tn_dialled *dialled, void *owner); /* once, from the loop */
    void                            *owner;
};

/* NULL: no memory. It is gone when `done` is called. */
struct tn_dial *tn_dial_start(const struct tn_dial_request *request);
void            tn_dial_stop(struct tn_dial *dial); /* without done; NULL is fine */

#endif
