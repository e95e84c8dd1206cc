/* places.h - who may be connected to a listener at the same time: so many in all, so many from one address (of IPv6: from one
 * /64 network), so many of one user. Each listener counts its own. Any thread. */
#ifndef TN_NET_PLACES_H
#define TN_NET_PLACES_H

#include "net/tally.h"

#include <stdatomic.h>

struct tn_places {
    _Atomic unsigned connections;
    struct tn_tally *addresses, *users;
};

enum tn_place { TN_PLACE_FREE, TN_PLACE_NONE, TN_PLACE_NONE_OF_ADDRESS };

TN_MUST_USE bool tn_places_init(struct tn_places *places); /* false: no memory; reset it in any case */
void             tn_places_reset(struct tn_places *places);

/* One more at PEER ("127.0.0.1:5000"), unless there are MAX, or MAX_PER_ADDRESS of its address (0 = no limit). */
TN_MUST_USE enum tn_place tn_places_take(struct tn_places *places, const char *peer, uint64_t max, uint64_t max_per_address);
void                      tn_places_give_back(struct tn_places *places, const char *peer);
/* The option whose limit it is, without the listener's name before it. */
const char *tn_place_option(enum tn_place place);

/* One of them is USER's from now on, unless that one has MAX (0 = no limit). */
TN_MUST_USE bool tn_places_take_user(struct tn_places *places, struct tn_str user, uint64_t max);
void             tn_places_give_back_user(struct tn_places *places, struct tn_str user);

unsigned tn_places_taken(const struct tn_places *places);

#endif
