#include "auth/throttle.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/rand.h"
#include "net/tally.h"

#include <pthread.h>

enum { WAYS = 8, SETS = TN_THROTTLE_ENTRIES / WAYS, FREE_FAILURES = 2, FIRST_DELAY_MS = 50 };

#define KNOWN_US (UINT64_C(7) * 24 * 3600 * 1000000)

struct entry {
    uint64_t key[2]; /* of a keyed hash, so that nobody can aim at another's place */
    uint64_t until_us, seen_us;
    uint32_t count;
};

struct tn_throttle {
    pthread_mutex_t lock;
    uint64_t        seed;
    struct entry    entries[SETS][WAYS];
};

struct tn_throttle *tn_throttle_new(void)
{
    struct tn_throttle *throttle = tn_calloc(1, sizeof *throttle);

    if (throttle == NULL)
        return NULL;
    pthread_mutex_init(&throttle->lock, NULL);
    tn_rand_secret(&throttle->seed, sizeof throttle->seed);
    return throttle;
}

void tn_throttle_free(struct tn_throttle *throttle)
{
    if (throttle == NULL)
        return;
    pthread_mutex_destroy(&throttle->lock);
    tn_free(throttle);
}

/* What an entry is about. */
enum kind { PAIR, ADDRESS, USER, KNOWN /* the pair was right lately */, KINDS };

struct keys {
    uint64_t of[KINDS][2];
};

static void keys_of(const struct tn_throttle *throttle, struct tn_str address, struct tn_str user, struct keys *out)
{
    char          text[TN_NETWORK_TEXT];
    struct tn_str network = tn_peer_network(address, text);
    uint64_t      from = tn_hash_seeded(network.ptr, network.len, throttle->seed), who = tn_hash_seeded(user.ptr, user.len, throttle->seed);

    for (uint64_t kind = 0; kind < KINDS; kind++) {
        uint64_t parts[3] = {kind == USER ? 0 : from, kind == ADDRESS ? 0 : who, kind};

        tn_hash_128(parts, sizeof parts, throttle->seed, out->of[kind]);
    }
}

/* The entry of KEY, a new one where MAKE. An entry whose window is over is as good as none. */
static struct entry *find(struct tn_throttle *throttle, const uint64_t key[2], bool make)
{
    struct entry *set = throttle->entries[key[0] % SETS], *oldest = &set[0];
    uint64_t      now = tn_clock_us();

    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].key[0] == key[0] && set[i].key[1] == key[1] && set[i].until_us > now)
            return &set[i];
        if (set[i].until_us <= now)
            set[i].seen_us = 0;
        if (set[i].seen_us < oldest->seen_us)
            oldest = &set[i];
    }
    if (!make)
        return NULL;
    *oldest = (struct entry){.key = {key[0], key[1]}};
    return oldest;
}

static uint64_t left(const struct entry *entry, uint64_t max)
{
    uint64_t now = tn_clock_us();

    return entry != NULL && entry->count >= max && entry->until_us > now ? entry->until_us - now : 0;
}

static void add(struct tn_throttle *throttle, const uint64_t key[2], uint64_t window_us)
{
    struct entry *entry = find(throttle, key, true);

    if (entry->count == 0)
        entry->until_us = tn_clock_us() + window_us;
    entry->count++;
    entry->seen_us = tn_clock_us();
}

/* Until the next attempt may be made. */
static uint64_t wait_of(struct tn_throttle *throttle, const struct keys *keys, uint64_t max)
{
    uint64_t wait = left(find(throttle, keys->of[PAIR], false), max);

    wait = TN_MAX(wait, left(find(throttle, keys->of[ADDRESS], false), max * TN_THROTTLE_PER_ADDRESS));
    if (find(throttle, keys->of[KNOWN], false) == NULL)
        wait = TN_MAX(wait, left(find(throttle, keys->of[USER], false), max * TN_THROTTLE_PER_USER));
    return wait;
}

uint64_t tn_throttle_wait(struct tn_throttle *throttle, struct tn_str address, struct tn_str user, uint64_t max, bool alone)
{
    struct keys keys;
    uint64_t    wait;

    keys_of(throttle, address, user, &keys);
    pthread_mutex_lock(&throttle->lock);
    wait = alone ? left(find(throttle, keys.of[PAIR], false), max) : wait_of(throttle, &keys, max);
    pthread_mutex_unlock(&throttle->lock);
    return wait;
}

uint64_t tn_throttle_begin(struct tn_throttle *throttle, struct tn_str address, struct tn_str user, uint64_t max,
                           uint64_t window_us)
{
    struct keys keys;
    uint64_t    wait;

    keys_of(throttle, address, user, &keys);
    pthread_mutex_lock(&throttle->lock);
    wait = wait_of(throttle, &keys, max);
    if (wait == 0) {
        add(throttle, keys.of[PAIR], window_us);
        add(throttle, keys.of[ADDRESS], window_us);
        add(throttle, keys.of[USER], window_us);
    }
    pthread_mutex_unlock(&throttle->lock);
    return wait;
}

static void take(struct tn_throttle *throttle, const uint64_t key[2], bool all)
{
    struct entry *entry = find(throttle, key, false);

    if (entry == NULL)
        return;
    entry->count = all || entry->count == 0 ? 0 : entry->count - 1;
    if (entry->count == 0)
        *entry = (struct entry){.until_us = 0};
}

static void end(struct tn_throttle *throttle, struct tn_str address, struct tn_str user, bool right)
{
    struct keys keys;

    keys_of(throttle, address, user, &keys);
    pthread_mutex_lock(&throttle->lock);
    take(throttle, keys.of[PAIR], right);
    take(throttle, keys.of[ADDRESS], false);
    take(throttle, keys.of[USER], false);
    if (right) {
        take(throttle, keys.of[KNOWN], true);
        add(throttle, keys.of[KNOWN], KNOWN_US);
    }
    pthread_mutex_unlock(&throttle->lock);
}

void tn_throttle_succeeded(struct tn_throttle *throttle, struct tn_str address, struct tn_str user)
{
    end(throttle, address, user, true);
}

void tn_throttle_forget(struct tn_throttle *throttle, struct tn_str address, struct tn_str user)
{
    end(throttle, address, user, false);
}

unsigned tn_throttle_delay_ms(struct tn_throttle *throttle, struct tn_str address, struct tn_str user)
{
    struct keys   keys;
    struct entry *entry;
    uint32_t      count;

    keys_of(throttle, address, user, &keys);
    pthread_mutex_lock(&throttle->lock);
    entry = find(throttle, keys.of[PAIR], false);
    count = entry == NULL ? 0 : entry->count;
    pthread_mutex_unlock(&throttle->lock);
    if (count <= FREE_FAILURES)
        return 0;
    count = TN_MIN(count - FREE_FAILURES - 1, 10u);
    return TN_MIN((unsigned)FIRST_DELAY_MS << count, (unsigned)TN_THROTTLE_DELAY_MS);
}
