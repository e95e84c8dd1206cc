/* tally.h - how many of something each name has: connections of a user, of an address. Any thread. */
#ifndef TN_NET_TALLY_H
#define TN_NET_TALLY_H

#include "base/str.h"

#include <stdint.h>

struct tn_tally;

TN_MUST_USE struct tn_tally *tn_tally_new(void); /* NULL: no memory */
void tn_tally_free(struct tn_tally *tally);
/* One more of NAME, unless it has MAX (0 = as many as it likes) or there is no memory. */
TN_MUST_USE bool tn_tally_add(struct tn_tally *tally, struct tn_str name, uint64_t max);
void             tn_tally_remove(struct tn_tally *tally, struct tn_str name); /* one that was added */

/* The address in "127.0.0.1:5000" or "[::1]:5000"; empty when it is neither. */
struct tn_str tn_peer_address(struct tn_str peer);

/* What stands for one client where clients are counted: ADDRESS itself, but of IPv6 the /64 network in which a client can
 * have any address it likes: "2001:db8:0:1::/64". An IPv4 address in IPv6 (::ffff:192.0.2.1) is taken for what it is. */
enum { TN_NETWORK_TEXT = 80 };
struct tn_str tn_peer_network(struct tn_str address, char out[TN_NETWORK_TEXT]);

#endif
