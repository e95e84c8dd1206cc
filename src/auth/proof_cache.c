#include "auth/proof_cache.h"

#include "auth/verifier.h"
#include "base/alloc.h"
#include "base/rand.h"

#include <pthread.h>

enum { PLACES = 1024 };

struct place {
    unsigned char       key[TN_SCRAM_KEY];
    uint64_t            generation;
    struct tn_identity *identity; /* NULL: free */
};

struct tn_proof_cache {
    pthread_mutex_t lock;
    unsigned char   secret[TN_SCRAM_KEY];
    struct place    places[PLACES];
};

struct tn_proof_cache *tn_proof_cache_new(void)
{
    struct tn_proof_cache *cache = tn_calloc(1, sizeof *cache);

    if (cache == NULL)
        return NULL;
    pthread_mutex_init(&cache->lock, NULL);
    tn_rand_secret(cache->secret, sizeof cache->secret);
    return cache;
}

static void empty(struct place *place)
{
    tn_identity_unref(place->identity);
    explicit_bzero(place, sizeof *place);
}

void tn_proof_cache_clear(struct tn_proof_cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    for (size_t i = 0; i < PLACES; i++)
        empty(&cache->places[i]);
    pthread_mutex_unlock(&cache->lock);
}

void tn_proof_cache_free(struct tn_proof_cache *cache)
{
    if (cache == NULL)
        return;
    tn_proof_cache_clear(cache);
    pthread_mutex_destroy(&cache->lock);
    explicit_bzero(cache->secret, sizeof cache->secret);
    tn_free(cache);
}

/* The password under a key that only this process and this user have. */
static struct place *place_of(struct tn_proof_cache *cache, struct tn_str user, struct tn_str password,
                              unsigned char key[TN_SCRAM_KEY])
{
    unsigned char own[TN_SCRAM_KEY];
    size_t        at;

    tn_scram_hmac(cache->secret, user, own);
    tn_scram_hmac(own, password, key);
    memcpy(&at, key, sizeof at);
    return &cache->places[at % PLACES];
}

struct tn_identity *tn_proof_cache_get(struct tn_proof_cache *cache, struct tn_str user, struct tn_str password,
                                       uint64_t generation)
{
    unsigned char       key[TN_SCRAM_KEY];
    struct place       *place = place_of(cache, user, password, key);
    struct tn_identity *identity = NULL;

    pthread_mutex_lock(&cache->lock);
    if (place->identity != NULL && place->generation == generation && tn_secret_eq(place->key, key, sizeof key))
        identity = tn_identity_ref(place->identity);
    pthread_mutex_unlock(&cache->lock);
    return identity;
}

void tn_proof_cache_put(struct tn_proof_cache *cache, struct tn_str user, struct tn_str password, uint64_t generation,
                        const struct tn_identity *identity)
{
    unsigned char key[TN_SCRAM_KEY];
    struct place *place = place_of(cache, user, password, key);

    pthread_mutex_lock(&cache->lock);
    empty(place);
    memcpy(place->key, key, sizeof key);
    place->generation = generation;
    place->identity = tn_identity_ref(identity);
    pthread_mutex_unlock(&cache->lock);
}
