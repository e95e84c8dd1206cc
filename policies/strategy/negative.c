#include "policies/strategy/negative.h"

#include "base/str.h"

#include <stdatomic.h>
#include <string.h>

void tn_negative_init(struct tn_negative *negative)
{
    memset(negative, 0, sizeof *negative);
    pthread_mutex_init(&negative->lock, NULL);
}

void tn_negative_destroy(struct tn_negative *negative)
{
    pthread_mutex_destroy(&negative->lock);
}

static size_t place(const uint64_t key[2], uint8_t cluster)
{
    return (size_t)((key[0] ^ key[1] * 0x9e3779b97f4a7c15u) + cluster * UINT64_C(0x2545f4914f6cdd1d)) % TN_NEGATIVE_FACTS;
}

void tn_negative_learn(struct tn_negative *negative, const uint64_t key[2], uint8_t cluster, const char *sqlstate, uint64_t until_us)
{
    size_t at = place(key, cluster);

    pthread_mutex_lock(&negative->lock);
    negative->facts[at].key[0] = key[0];
    negative->facts[at].key[1] = key[1];
    negative->facts[at].cluster = cluster;
    negative->facts[at].until_us = until_us;
    tn_str_copy(negative->facts[at].sqlstate, sizeof negative->facts[at].sqlstate, tn_str(sqlstate));
    atomic_fetch_add_explicit(&negative->count, 1, memory_order_release);
    pthread_mutex_unlock(&negative->lock);
}

void tn_negative_forget(struct tn_negative *negative, uint8_t cluster)
{
    pthread_mutex_lock(&negative->lock);
    for (size_t i = 0; i < TN_NEGATIVE_FACTS; i++)
        if (negative->facts[i].cluster == cluster)
            negative->facts[i].until_us = 0;
    pthread_mutex_unlock(&negative->lock);
}

void tn_negative_reset(struct tn_negative *negative, const uint64_t key[2])
{
    pthread_mutex_lock(&negative->lock);
    for (size_t i = 0; i < TN_NEGATIVE_FACTS; i++)
        if (key == NULL || negative->facts[i].key[0] == key[0])
            negative->facts[i].until_us = 0;
    pthread_mutex_unlock(&negative->lock);
}

bool tn_negative_knows(struct tn_negative *negative, const uint64_t key[2], uint8_t cluster, uint64_t now_us)
{
    size_t at = place(key, cluster);
    bool   knows;

    if (!tn_negative_any(negative))
        return false;
    pthread_mutex_lock(&negative->lock);
    knows = negative->facts[at].key[0] == key[0] && negative->facts[at].key[1] == key[1] && negative->facts[at].cluster == cluster &&
            negative->facts[at].until_us > now_us;
    pthread_mutex_unlock(&negative->lock);
    return knows;
}
