#include "stats/store_shard.h"

#include "base/alloc.h"

enum { WAYS = 4, MINUTE_S = 60 };

bool tn_limits_init(struct tn_store_limits *limits)
{
    limits->clients = tn_calloc(TN_STORE_CLIENTS, sizeof *limits->clients);
    pthread_mutex_init(&limits->mutex, NULL);
    return limits->clients != NULL;
}

void tn_limits_reset(struct tn_store_limits *limits)
{
    tn_free(limits->clients);
    pthread_mutex_destroy(&limits->mutex);
}

/* The client's bucket; of a set of four the one that was silent longest makes way, so that the table is bounded. A client that
 * comes back later begins with a full one. */
static struct tn_store_client *bucket_of(struct tn_store *store, uint64_t client, uint64_t now_us)
{
    struct tn_store_client *set = &store->limits.clients[tn_hash_mix(client) % (TN_STORE_CLIENTS / WAYS) * WAYS], *oldest = set;

    for (unsigned i = 0; i < WAYS; i++) {
        if (set[i].hash == client)
            return &set[i];
        if (set[i].at_us < oldest->at_us)
            oldest = &set[i];
    }
    *oldest = (struct tn_store_client){.hash = client, .at_us = now_us, .tokens = (double)store->options.max_new_shapes_per_minute};
    return oldest;
}

bool tn_limits_client(struct tn_store *store, uint64_t client, uint64_t now_us)
{
    double                  most = (double)store->options.max_new_shapes_per_minute;
    struct tn_store_client *bucket;
    bool                    may;

    if (client == 0 || store->options.max_new_shapes_per_minute == 0)
        return true;
    pthread_mutex_lock(&store->limits.mutex);
    bucket = bucket_of(store, client, now_us);
    if (now_us > bucket->at_us) {
        bucket->tokens = TN_MIN(bucket->tokens + (double)(now_us - bucket->at_us) * 1e-6 / MINUTE_S * most, most);
        bucket->at_us = now_us;
    }
    may = bucket->tokens >= 1.0;
    if (may)
        bucket->tokens -= 1.0;
    pthread_mutex_unlock(&store->limits.mutex);
    return may;
}

void tn_limits_single(struct tn_store *store, uint32_t first_s, int change)
{
    uint32_t                minute = first_s / MINUTE_S;
    struct tn_store_single *single = &store->limits.singles[minute % TN_STORE_SINGLE_MINUTES];

    if (change == 0)
        return;
    pthread_mutex_lock(&store->limits.mutex);
    if (single->minute != minute && change > 0)
        *single = (struct tn_store_single){.minute = minute};
    if (single->minute == minute && change > 0)
        single->count++;
    else if (single->minute == minute && single->count > 0)
        single->count--;
    pthread_mutex_unlock(&store->limits.mutex);
}

uint64_t tn_limits_singles(struct tn_store *store, uint32_t now_s)
{
    uint64_t count = 0;

    pthread_mutex_lock(&store->limits.mutex);
    for (unsigned i = 0; i < TN_STORE_SINGLE_MINUTES; i++)
        if (store->limits.singles[i].minute + TN_STORE_SINGLE_MINUTES > now_s / MINUTE_S)
            count += store->limits.singles[i].count;
    pthread_mutex_unlock(&store->limits.mutex);
    return count;
}
