#include "net/places.h"

bool tn_places_init(struct tn_places *places)
{
    atomic_init(&places->connections, 0);
    places->addresses = tn_tally_new();
    places->users = tn_tally_new();
    return places->addresses != NULL && places->users != NULL;
}

void tn_places_reset(struct tn_places *places)
{
    tn_tally_free(places->addresses);
    tn_tally_free(places->users);
    places->addresses = places->users = NULL;
}

enum tn_place tn_places_take(struct tn_places *places, const char *peer, uint64_t max, uint64_t max_per_address)
{
    char network[TN_NETWORK_TEXT];

    if (atomic_fetch_add(&places->connections, 1) >= max) {
        atomic_fetch_sub(&places->connections, 1);
        return TN_PLACE_NONE;
    }
    if (tn_tally_add(places->addresses, tn_peer_network(tn_peer_address(tn_str(peer)), network), max_per_address))
        return TN_PLACE_FREE;
    atomic_fetch_sub(&places->connections, 1);
    return TN_PLACE_NONE_OF_ADDRESS;
}

void tn_places_give_back(struct tn_places *places, const char *peer)
{
    char network[TN_NETWORK_TEXT];

    atomic_fetch_sub(&places->connections, 1);
    tn_tally_remove(places->addresses, tn_peer_network(tn_peer_address(tn_str(peer)), network));
}

const char *tn_place_option(enum tn_place place)
{
    return place == TN_PLACE_NONE_OF_ADDRESS ? "maxConnectionsPerAddress" : "maxConnections";
}

bool tn_places_take_user(struct tn_places *places, struct tn_str user, uint64_t max)
{
    return tn_tally_add(places->users, user, max);
}

void tn_places_give_back_user(struct tn_places *places, struct tn_str user)
{
    tn_tally_remove(places->users, user);
}

unsigned tn_places_taken(const struct tn_places *places)
{
    return atomic_load_explicit(&places->connections, memory_order_relaxed);
}
