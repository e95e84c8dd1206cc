#include "net/tally.h"

#include "base/alloc.h"
#include "base/map.h"

#include <arpa/inet.h>
#include <pthread.h>

struct tn_tally {
    pthread_mutex_t lock;
    struct tn_map   counts; /* name -> uint64_t, owned */
};

struct tn_tally *tn_tally_new(void)
{
    struct tn_tally *tally = tn_calloc(1, sizeof *tally);

    if (tally == NULL)
        return NULL;
    pthread_mutex_init(&tally->lock, NULL);
    tn_map_init(&tally->counts);
    return tally;
}

void tn_tally_free(struct tn_tally *tally)
{
    struct tn_map_entry *entry;
    size_t               at = 0;

    if (tally == NULL)
        return;
    while ((entry = tn_map_next(&tally->counts, &at)) != NULL)
        tn_free(entry->value);
    tn_map_reset(&tally->counts);
    pthread_mutex_destroy(&tally->lock);
    tn_free(tally);
}

/* The count of NAME, made when there is none. NULL: no memory. */
static uint64_t *count_of(struct tn_tally *tally, struct tn_str name)
{
    uint64_t *count = tn_map_get(&tally->counts, name);

    if (count != NULL)
        return count;
    count = tn_calloc(1, sizeof *count);
    if (count != NULL && tn_map_put(&tally->counts, name, count, NULL))
        return count;
    tn_free(count);
    return NULL;
}

bool tn_tally_add(struct tn_tally *tally, struct tn_str name, uint64_t max)
{
    uint64_t *count;
    bool      added;

    pthread_mutex_lock(&tally->lock);
    count = count_of(tally, name);
    added = count != NULL && (max == 0 || *count < max);
    if (added)
        ++*count;
    pthread_mutex_unlock(&tally->lock);
    return added;
}

void tn_tally_remove(struct tn_tally *tally, struct tn_str name)
{
    uint64_t *count;

    pthread_mutex_lock(&tally->lock);
    count = tn_map_get(&tally->counts, name);
    if (count != NULL && --*count == 0)
        tn_free(tn_map_remove(&tally->counts, name));
    pthread_mutex_unlock(&tally->lock);
}

struct tn_str tn_peer_address(struct tn_str peer)
{
    size_t len = peer.len;

    while (len > 0 && peer.ptr[len - 1] != ':')
        len--;
    peer.len = len > 0 ? len - 1 : 0;
    if (peer.len >= 2 && peer.ptr[0] == '[' && peer.ptr[peer.len - 1] == ']')
        peer = tn_str_n(peer.ptr + 1, peer.len - 2);
    return peer;
}

struct tn_str tn_peer_network(struct tn_str address, char out[TN_NETWORK_TEXT])
{
    static const unsigned char ipv4[12] = {[10] = 0xff, [11] = 0xff};
    unsigned char              bytes[16];
    const char                *zone = address.len == 0 ? NULL : memchr(address.ptr, '%', address.len);
    size_t                     len = zone == NULL ? address.len : (size_t)(zone - address.ptr);

    tn_str_copy(out, TN_NETWORK_TEXT, tn_str_n(address.ptr, len));
    if (len == 0 || memchr(address.ptr, ':', len) == NULL || inet_pton(AF_INET6, out, bytes) != 1)
        return tn_str_n(out, strlen(out));
    if (memcmp(bytes, ipv4, sizeof ipv4) == 0) {
        inet_ntop(AF_INET, bytes + sizeof ipv4, out, TN_NETWORK_TEXT);
    } else {
        memset(bytes + 8, 0, 8);
        inet_ntop(AF_INET6, bytes, out, TN_NETWORK_TEXT - 3);
        memcpy(out + strlen(out), "/64", 4);
    }
    return tn_str_n(out, strlen(out));
}
