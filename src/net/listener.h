/* listener.h - accepts TCP connections on all workers.
 *
 * Every worker has a listening socket of its own on the same address (SO_REUSEPORT), so that the kernel spreads the
 * connections and no worker hands one over. A name with several addresses ("localhost") is listened to on all of them. */
#ifndef TN_NET_LISTENER_H
#define TN_NET_LISTENER_H

#include "base/status.h"
#include "loop/worker.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tn_listener;

/* "127.0.0.1:51234" or "[fe80::1%eth0]:51234" with its NUL. */
enum { TN_PEER_TEXT = 80 };

/* A new connection, on WORKER's thread. The callee owns FD (non-blocking, close-on-exec, TCP_NODELAY). */
typedef void (*tn_accept_fn)(struct tn_worker *worker, int fd, const char *peer, void *arg);

/* Binds HOST (address or name; "" or "*" = every address) and PORT (0 = a free one, the same for all workers) and begins
 * to accept. Main thread, before or after the workers run; looks names up, so may block. On TN_OK the caller owns *OUT.
 * TN_E_IO says which address failed and why; an address in use is an error even if the other program would share it. */
TN_MUST_USE enum tn_status tn_listener_open(struct tn_listener **out, struct tn_worker **workers, size_t count,
                                            const char *host, uint16_t port, tn_accept_fn on_accept, void *arg,
                                            struct tn_error *err);
uint16_t tn_listener_port(const struct tn_listener *listener);

/* No more connections: each worker closes its socket when it gets to it. Any thread; once. */
void tn_listener_stop(struct tn_listener *listener);
/* Closes what is still open and frees. Main thread, when the workers have been joined (or will never run) and are not yet
 * freed. NULL is fine. */
void tn_listener_close(struct tn_listener *listener);

/* Is HOST an address of this machine only: "localhost", 127.0.0.0/8, ::1? False for any other name. */
bool tn_net_is_loopback(const char *host);

#endif
