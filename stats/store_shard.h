/* store_shard.h - how the store lies in memory. Internal to stats/store*.c.
 *
 * A shard owns its shapes: an open-addressing index (fixed size, linear probing) of entries that never move, blocks of further
 * cells and histograms in pools of fixed size. All of it is reserved at once and costs memory only where it is used. */
#ifndef TN_STATS_STORE_SHARD_H
#define TN_STATS_STORE_SHARD_H

#include "base/hash.h"
#include "base/rand.h"
#include "stats/store.h"
#include "stats/store_hot.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    TN_STORE_SHARDS = 64,
    TN_STORE_NONE = 255,       /* no cluster */
    TN_STORE_BLOCK_CELLS = 4,
    TN_STORE_HOT_RUNS = 64,    /* a cell with so many runs gets a histogram */
    TN_STORE_TEXT = 8192,      /* bytes of a template, and of a statement kept for one */
    TN_STORE_SINGLE_MINUTES = 60,
    TN_STORE_CLIENTS = 4096,
    TN_STORE_SHARES = 4096, TN_STORE_SHARE_TENANTS = 8, TN_STORE_SHARE_LOUD = 4,
    TN_STORE_TEXT_BYTES = 256 * 1024 * 1024 /* of statements in memory, all together; later shapes stay without */
};
#define TN_STORE_PROVISIONAL 0x80000000u /* ids from here on are of shapes made before the file could be read */
#define TN_STORE_CHANGED_FACTOR 0.1 /* what a changed cluster's old runs are worth */
#define TN_STORE_CHANGED_P 0.25     /* and how sure their mean is at most: a factor of 1.6 either way */

/* A place of the index: low 32 bits the tag (low bits of the key's hash: where it belongs, and most of a comparison), high ones the
 * slot + 1; 0 = free. Atomic only for tn_store_expect(), which reads it without the shard. */
typedef _Atomic uint64_t tn_store_place;

struct tn_store_block { /* cells beyond TN_STORE_INLINE */
    uint32_t       next; /* place + 1 in the shard's pool, 0 = none */
    uint32_t       slot; /* of the entry */
    uint8_t        who[TN_STORE_BLOCK_CELLS];
    struct tn_cell cells[TN_STORE_BLOCK_CELLS];
};

struct tn_store_hist {
    uint32_t      slot;     /* of the entry it belongs to; when free: the next free one + 1 */
    uint8_t       who;      /* its cluster; TN_STORE_NONE = free */
    uint8_t       recent;   /* looked at since the hand passed */
    uint8_t       fresh;    /* values since p50 and p95 were computed */
    uint8_t       reserved;
    struct tn_hot hot;
};

struct tn_store_text { /* what is known of a shape's statement until it is in the file */
    uint32_t text_len, group_len;
    uint8_t  dialect;
    char     data[]; /* text, then group */
};

enum tn_store_state { /* of a slot */
    TN_STATE_USES = 3,    /* CLOCK: 0 is the first to go */
    TN_STATE_USED = 4,
    TN_STATE_SINGLE = 8,  /* counted as seen once */
};

struct tn_store_evicted { /* on its way to the file */
    struct tn_store_evicted *next;
    struct tn_store_text    *text;
    struct tn_shape_entry    entry; /* header only */
    uint32_t                 size;
    bool                     alone; /* the file may know more of it: both belong together */
    unsigned char            cells[];
};

struct tn_shard {
    _Alignas(64) pthread_mutex_t mutex;
    tn_store_place        *index;
    struct tn_shape_entry *entries;
    struct tn_store_text **texts;
    uint8_t               *states;
    uint64_t              *dirty, *fetch; /* a bit per slot: to be written; the file may know more of it */
    struct tn_store_block *blocks;
    struct tn_store_hist  *hists;
    uint32_t               index_mask, capacity, high, free, count, hand; /* free: slot + 1 */
    uint32_t               block_capacity, block_high, block_free;
    uint32_t               hist_capacity, hist_high, hist_free, hist_count, hist_hand;
    uint64_t               cells;
    struct tn_rand         rand;
    struct tn_store_evicted *evicted, **evicted_end;
};

struct tn_store_client {
    uint64_t hash, at_us;
    double   tokens;
};

struct tn_store_single { /* a minute's shapes that were seen once */
    uint32_t minute;
    uint32_t count;
};

struct tn_store_limits {
    pthread_mutex_t         mutex;
    struct tn_store_client *clients;
    struct tn_store_single  singles[TN_STORE_SINGLE_MINUTES];
};

struct tn_store_share { /* of a shape's lessons of a minute */
    uint64_t key;
    uint32_t minute, learned;
    uint16_t tenants, before; /* how many taught in this minute, and in the one before */
    struct {
        uint64_t tenant;
        uint32_t learned;
    } who[TN_STORE_SHARE_TENANTS];
    struct {
        uint64_t tenant;
        uint32_t came;
    } loud[TN_STORE_SHARE_LOUD]; /* who came most often, learned of or not, over the last minutes: halved with each */
};

struct tn_store_shares {
    pthread_mutex_t        mutex;
    struct tn_store_share *list;
};

struct tn_store_cluster { /* a number in memory; the file has numbers of its own, which are never used again */
    _Atomic(char *)   name; /* NULL = free */
    _Atomic uint32_t  file; /* number in the file, 0 = none yet */
    _Atomic uint32_t  epoch; /* grows when the cluster changes; cells of an older one are discounted */
    uint64_t          signature;
    uint32_t          seen_s;
    uint32_t          gone_s;     /* when it went out of the configuration; 0 = it was not in one of this process */
    bool              configured; /* registered by this process */
    bool              named;      /* in the configuration, perhaps by an earlier name; it need not be registered yet */
    bool              given;      /* to a new name, and nobody asked yet */
    bool              changed;    /* to be written */
};

struct tn_store_clusters {
    pthread_mutex_t         mutex;
    struct tn_store_cluster list[TN_STORE_CLUSTERS];
    char                  **old_names; /* kept until the end: a reader may hold them */
    size_t                  old_count;
    uint32_t                next_file;
    _Atomic uint8_t         from_file[65536]; /* number in memory + 1 by number in the file, 0 = none */
};

struct tn_store_blobs {
    pthread_mutex_t       mutex; /* held while a caller's function runs */
    struct tn_store_blob *first;
};

struct tn_store_writer;

struct tn_store {
    struct tn_store_options  options;
    char                    *path; /* NULL = in memory only */
    unsigned                 shard_bits;
    struct tn_shard         *shards;
    void                    *region; /* one mapping that all of the above lies in */
    size_t                   region_size;
    struct tn_shape_entry   *first_entry;
    struct tn_store_block   *first_block;
    _Atomic uint32_t         next_id;
    _Atomic uint64_t         resident, waiting; /* waiting: evicted ones that are not in the file yet */
    _Atomic bool             cold; /* the file may hold shapes that are not resident */
    _Atomic bool             loaded;  /* what the file holds is here; until then nothing is written or evicted */
    _Atomic bool             failing; /* the file could not be written lately */
    _Atomic bool             called;  /* the writer has something to do before its time */
    _Atomic uint64_t         evicted, lost, refused_limit, refused_client, refused_tenant, flushed, flush_failures, files_lost, text_bytes;
    struct tn_store_limits   limits;
    struct tn_store_shares   shares;
    struct tn_store_clusters clusters;
    struct tn_store_blobs    blobs;
    struct tn_store_writer  *writer; /* NULL in memory */
};

static inline bool tn_bit(const uint64_t *bits, uint32_t at)
{
    return (bits[at / 64] >> (at % 64) & 1) != 0;
}

static inline void tn_bit_set(uint64_t *bits, uint32_t at)
{
    bits[at / 64] |= UINT64_C(1) << (at % 64);
}

static inline void tn_bit_clear(uint64_t *bits, uint32_t at)
{
    bits[at / 64] &= ~(UINT64_C(1) << (at % 64));
}

static inline uint64_t tn_store_hash(const uint64_t key[2])
{
    return tn_hash_mix(key[0] ^ (key[1] * UINT64_C(0x9e3779b97f4a7c15)));
}

static inline struct tn_shard *tn_store_shard(const struct tn_store *store, uint64_t hash)
{
    return &store->shards[store->shard_bits == 0 ? 0 : hash >> (64 - store->shard_bits)];
}

static inline unsigned tn_store_shard_count(const struct tn_store *store)
{
    return 1u << store->shard_bits;
}

uint32_t tn_store_now_s(void); /* wall clock */
void     tn_store_large_pages(struct tn_store *store); /* it is, or will be, half full */

/* ---- store_index.c; the shard is held ---- */
struct tn_shape_entry *tn_shard_find(struct tn_shard *shard, const uint64_t key[2], uint64_t hash);
/* An empty entry for KEY, which is not there; NULL: no room and nothing to evict. */
struct tn_shape_entry *tn_shard_insert(struct tn_store *store, struct tn_shard *shard, const uint64_t key[2], uint64_t hash);
static inline uint32_t tn_shard_slot(const struct tn_shard *shard, const struct tn_shape_entry *entry)
{
    return (uint32_t)(entry - shard->entries);
}

/* ---- store_cell.c; the shard is held ---- */
struct tn_cell *tn_shard_cell(struct tn_shard *shard, struct tn_shape_entry *entry, unsigned cluster, bool create);
void            tn_shard_cells(struct tn_shard *shard, struct tn_shape_entry *entry,
                               void (*fn)(void *arg, unsigned cluster, struct tn_cell *cell), void *arg);
bool            tn_shard_has_cells(const struct tn_shape_entry *entry);
void            tn_shard_drop_cells(struct tn_shard *shard, struct tn_shape_entry *entry); /* all of them */
void            tn_shard_drop_cell(struct tn_shard *shard, struct tn_shape_entry *entry, unsigned cluster);
struct tn_hot  *tn_shard_hot(struct tn_shard *shard, const struct tn_cell *cell); /* NULL = none */
/* A histogram for CELL, of another one when there is none left; NULL: there is no pool. */
struct tn_hot *tn_shard_hot_new(struct tn_shard *shard, struct tn_shape_entry *entry, unsigned cluster, struct tn_cell *cell);
bool            tn_shard_hot_left(const struct tn_shard *shard); /* without taking another cell's */
void            tn_shard_discount(struct tn_shard *shard, struct tn_shape_entry *entry, double factor, unsigned most);
/* What counts are worth at NOW_S that were last looked at at THEN_S; 1 within an hour. STORE NULL: the default half-life. */
double          tn_store_fading(const struct tn_store *store, uint32_t then_s, uint32_t now_s);

/* ---- store_limit.c ---- */
bool tn_limits_init(struct tn_store_limits *limits);
void tn_limits_reset(struct tn_store_limits *limits);
bool tn_limits_client(struct tn_store *store, uint64_t client, uint64_t now_us); /* may it make one more? */
void tn_limits_single(struct tn_store *store, uint32_t first_s, int change);     /* seen first at FIRST_S: one more or less */
uint64_t tn_limits_singles(struct tn_store *store, uint32_t now_s);

/* ---- store_share.c ---- */
bool tn_shares_init(struct tn_store_shares *shares);
void tn_shares_reset(struct tn_store_shares *shares);

/* ---- store_cluster.c ---- */
void tn_clusters_init(struct tn_store_clusters *clusters);
void tn_clusters_reset(struct tn_store_clusters *clusters);
static inline unsigned tn_clusters_from_file(const struct tn_store *store, unsigned number)
{
    unsigned known = number < 65536 ? atomic_load_explicit(&store->clusters.from_file[number], memory_order_relaxed) : 0;

    return known == 0 ? TN_STORE_NONE : known - 1;
}
/* A cluster as the file has it (FILE: its number there, NAME); one that was registered before gets that number, another one its
 * PLACE in memory again (negative: any). The mutex is held. */
void tn_clusters_known(struct tn_store *store, const struct tn_store_cluster *row, struct tn_str name, int place);
void tn_clusters_number(struct tn_store *store, uint32_t next_file); /* after the last of them: numbers for the others */

/* ---- store_row.c: cells as bytes ---- */
/* At most so many bytes; the shard is held. Returns the size. */
size_t tn_row_bound(struct tn_shard *shard, struct tn_shape_entry *entry);
size_t tn_row_encode(struct tn_store *store, struct tn_shard *shard, struct tn_shape_entry *entry, unsigned char *out);

#endif
