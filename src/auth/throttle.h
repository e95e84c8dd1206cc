/* throttle.h - who has failed to log in, how often, lately: per address, per user from one address, and per user from all
 * addresses where it has not been right lately (so that whoever guesses from everywhere cannot shut it out where it works).
 * An address is that of an IPv4 client, or the /64 network of an IPv6 client (tn_peer_network()). A bounded table of fixed
 * windows; when it is full the entry that has rested longest goes. Any thread; not on the way of a query. */
#ifndef TN_AUTH_THROTTLE_H
#define TN_AUTH_THROTTLE_H

#include "base/str.h"

enum {
    TN_THROTTLE_ENTRIES = 8192,
    TN_THROTTLE_PER_ADDRESS = 10, /* an address may fail so many times as often as one user from there */
    TN_THROTTLE_PER_USER = 10,    /* the same of a user, from everywhere */
    TN_THROTTLE_DELAY_MS = 2000,  /* at most */
};

struct tn_throttle;

TN_MUST_USE struct tn_throttle *tn_throttle_new(void);
void tn_throttle_free(struct tn_throttle *throttle);

/* As tn_throttle_begin(), but only asks: nothing is counted. ALONE: of this user, whatever else the address did. */
uint64_t tn_throttle_wait(struct tn_throttle *throttle, struct tn_str address, struct tn_str user, uint64_t max, bool alone);
/* Counts an attempt, which stays counted until tn_throttle_succeeded(); so attempts at the same time cannot outrun the count.
 * 0: it may be made. Else microseconds until the next may; this one is not counted. MAX failures within WINDOW_US. */
uint64_t tn_throttle_begin(struct tn_throttle *throttle, struct tn_str address, struct tn_str user, uint64_t max,
                           uint64_t window_us);
/* The attempt was right: the user's count from there is over, and the address has one less. */
void tn_throttle_succeeded(struct tn_throttle *throttle, struct tn_str address, struct tn_str user);
/* The attempt was neither (the client left before it proved anything it knew). */
void tn_throttle_forget(struct tn_throttle *throttle, struct tn_str address, struct tn_str user);
/* How long the answer to a wrong attempt is kept back: twice as long each time. */
unsigned tn_throttle_delay_ms(struct tn_throttle *throttle, struct tn_str address, struct tn_str user);

#endif
