/* store_share.c - how much of what is learned of a shape within a minute comes from one tenant: no more than a share of it, so that
 * nobody alone can make an engine look fast or slow to everybody (adaptive G9). Who is alone has all; of two each may have half; and the
 * first few of a minute are learned of anybody, or an engine that changed would be found as late as the quietest user comes by.
 *
 * Few lessons that are far off still move a mean as far as many near ones. So of who asks far more often than the others, while they ask, too,
 * a lesson is believed only as far as is within the usual: see TN_TEACH_LITTLE in store.h.
 *
 * A bounded table of the shapes that are learned of just now. In a set of four the least busy one makes way and is counted anew. */
#include "stats/store_shard.h"

#include "base/alloc.h"

enum { WAYS = 4, MINUTE_US = 60000000, OF_ANYBODY = 8, OTHERS = 4 };

static const double LOUD = 1.5; /* times an equal share */

bool tn_shares_init(struct tn_store_shares *shares)
{
    shares->list = tn_calloc(TN_STORE_SHARES, sizeof *shares->list);
    pthread_mutex_init(&shares->mutex, NULL);
    return shares->list != NULL;
}

void tn_shares_reset(struct tn_store_shares *shares)
{
    tn_free(shares->list);
    pthread_mutex_destroy(&shares->mutex);
}

static void begin_minute(struct tn_store_share *share, uint32_t minute)
{
    uint32_t past = TN_MIN(minute - share->minute, 31u);

    for (unsigned i = 0; i < TN_STORE_SHARE_LOUD; i++)
        share->loud[i].came >>= past;
    share->before = share->minute + 1 == minute ? share->tenants : 0;
    share->minute = minute;
    share->learned = share->tenants = 0;
}

static struct tn_store_share *share_of(struct tn_store_shares *shares, const uint64_t key[2], uint32_t minute)
{
    struct tn_store_share *set = &shares->list[tn_hash_mix(key[0] ^ key[1]) % (TN_STORE_SHARES / WAYS) * WAYS], *least = set;

    for (unsigned i = 0; i < WAYS; i++) {
        if (set[i].key == key[0]) {
            if (set[i].minute != minute)
                begin_minute(&set[i], minute);
            return &set[i];
        }
        if (least->minute == minute && (set[i].minute != minute || set[i].learned < least->learned))
            least = &set[i];
    }
    *least = (struct tn_store_share){.key = key[0], .minute = minute};
    return least;
}

/* Its place in the share; of more than there are places the one that taught least makes way. */
static unsigned place_of(struct tn_store_share *share, uint64_t tenant)
{
    unsigned least = 0;

    for (unsigned i = 0; i < TN_MIN(share->tenants, TN_STORE_SHARE_TENANTS); i++) {
        if (share->who[i].tenant == tenant)
            return i;
        if (share->who[i].learned < share->who[least].learned)
            least = i;
    }
    if (share->tenants < TN_STORE_SHARE_TENANTS)
        least = share->tenants;
    if (share->tenants < UINT16_MAX)
        share->tenants++;
    share->who[least].tenant = tenant;
    share->who[least].learned = 0;
    return least;
}

/* TENANT came once more: far more often than the others that come? Who came least makes way to the next (Metwally et al. 2005). */
static bool is_loud(struct tn_store_share *share, uint64_t tenant, bool came)
{
    unsigned least = 0, count = 0, at = TN_STORE_SHARE_LOUD;
    uint64_t all = 0;

    for (unsigned i = 0; i < TN_STORE_SHARE_LOUD; i++) {
        all += share->loud[i].came;
        count += share->loud[i].came > 0;
        if (share->loud[i].came > 0 && share->loud[i].tenant == tenant)
            at = i;
        if (share->loud[i].came < share->loud[least].came)
            least = i;
    }
    if (at == TN_STORE_SHARE_LOUD && !came)
        return false;
    if (at == TN_STORE_SHARE_LOUD) {
        at = least;
        share->loud[at].tenant = tenant;
    }
    if (came && share->loud[at].came < UINT32_MAX)
        share->loud[at].came++;
    return count >= 2 && all - TN_MIN(all, share->loud[at].came) >= OTHERS && share->loud[at].came > LOUD / count * (double)all;
}

enum tn_teach tn_store_may_teach(struct tn_store *store, const uint64_t key[2], uint64_t tenant, double most, uint64_t now_us, bool teach)
{
    struct tn_store_share *share;
    unsigned               place, known;
    bool                   may, loud;

    if (tenant == 0)
        return TN_TEACH;
    pthread_mutex_lock(&store->shares.mutex);
    share = share_of(&store->shares, key, (uint32_t)(now_us / MINUTE_US));
    place = place_of(share, tenant);
    known = TN_MAX(share->tenants, share->before);
    may = known <= 1 || share->who[place].learned < OF_ANYBODY || share->who[place].learned < TN_MAX(most, 1.0 / known) * (share->learned + 1.0);
    share->who[place].learned += may && teach;
    share->learned += may && teach;
    loud = is_loud(share, tenant, teach) && most < 1;
    pthread_mutex_unlock(&store->shares.mutex);
    if (!may && teach)
        atomic_fetch_add_explicit(&store->refused_tenant, 1, memory_order_relaxed);
    return !may ? TN_TEACH_NOT : loud ? TN_TEACH_LITTLE : TN_TEACH;
}
