/* store.h - the shapes and their cells: in memory, sharded, and in a SQLite file that one writer thread keeps up to date.
 *
 *   worker: tn_store_acquire -> change header and cells -> tn_store_release(dirty)
 *   writer thread: every 2 s the dirty shapes in the order of their ids, 2,000 rows a transaction; blobs last
 *
 * A shard (one of 64) has a mutex; it is held for the work on one shape (microseconds) and never while waiting for a disk.
 * Reports copy. A killed process loses at most what was learned in the last 2 s; the file is never half written. */
#ifndef TN_STATS_STORE_H
#define TN_STATS_STORE_H

#include "base/status.h"
#include "base/str.h"
#include "stats/cell.h"
#include "stats/counters.h"
#include "stats/shape.h"

enum { TN_STORE_CLUSTERS = 250, TN_STORE_REUSE_S = 3600, TN_STORE_INLINE = 5, TN_STORE_APPLICATION_ID = 0x54726e73, TN_STORE_FORMAT = 2 };

struct tn_store;

struct tn_store_options {
    const char *path;          /* NULL = in memory only */
    uint64_t    max_shapes;    /* resident; the least useful go to the file and come back when asked for */
    uint64_t    max_new_shapes_per_minute; /* of one client (tn_store_acquire's CLIENT); 0 = no limit */
    uint64_t    flush_us;
    uint64_t    half_life_us;  /* of counts while nobody looks, 7 days */
};
#define TN_STORE_OPTIONS_DEFAULT                                                                                      \
    {                                                                                                                 \
        .path = NULL, .max_shapes = 1000000, .max_new_shapes_per_minute = 3000, .flush_us = 2000000,                  \
        .half_life_us = UINT64_C(604800000000)                                                                        \
    }

/* An attempt that is under way, or planned for later (start_us in the future). Embedded in a plan; linked in its shape. */
struct tn_flight {
    struct tn_flight *next, **prev; /* NULL prev = not linked */
    uint64_t          query;   /* the plan's id */
    uint64_t          start_us;
    uint8_t           cluster;
    bool              shadow;
};

/* As it lies in memory. Everything but flights and id is kept in the file. Valid between acquire and release only. */
struct tn_shape_entry {
    uint64_t          key[2];
    uint32_t          id;       /* row in the file */
    uint32_t          visits;   /* decisions */
    uint32_t          first_s, last_s; /* wall clock, seconds */
    struct tn_flight *flights;
    uint32_t          text32;   /* of the exact text that was seen first */
    uint32_t          parent;   /* id of the shape that this is a band of, 0 = none */
    uint8_t           class;
    uint8_t           band;
    uint8_t           flags;    /* TN_SHAPE_* */
    uint8_t           incumbent; /* cluster of the last choice, 255 = none */
    uint32_t          more;     /* further cells: place in the shard's pool, 0 = none */
    uint8_t           who[TN_STORE_INLINE]; /* cluster of each cell, 255 = free */
    uint8_t           reserved[3];
    struct tn_cell    cells[TN_STORE_INLINE];
};
enum { TN_SHAPE_MANY_TEXTS = 1, TN_SHAPE_BANDS_OPEN = 2, TN_SHAPE_PINNED = 4, TN_SHAPE_SIZED = 8 /* came in another band than 0 */ };

/* On TN_OK the caller owns *OUT; the file's statistics are loaded and the writer runs. Older formats are migrated; TN_E_INVALID
 * for a newer one, a damaged one or another program's, which is left untouched. */
TN_MUST_USE enum tn_status tn_store_open(struct tn_store **out, const struct tn_store_options *options, struct tn_error *err);
void tn_store_close(struct tn_store *store); /* writes what is dirty; NULL is fine */
void tn_store_flush(struct tn_store *store); /* waits until all is written, or could not be; not from a loop thread */

/* The number of the cluster NAME, kept over restarts; a new one when neither NAME nor one of ALIASES is known (a known alias
 * is renamed). SIGNATURE is a hash of what makes old figures wrong (endpoint, size, version): when it differs from the one
 * kept, the cluster's cells are discounted. 255 when there are TN_STORE_CLUSTERS already: nothing can be learned of it. */
/* Before them, at the start and at each reload: NAMES are the COUNT of the configuration, then their EARLIER ones (aliases). The others
 * keep their figures, but their numbers may be given to new ones, those that were gone longest first, when all are taken; not within
 * TN_STORE_REUSE_S, while their last queries may run. */
void          tn_store_configure(struct tn_store *store, const struct tn_str *names, size_t count, size_t earlier);
/* True once after NUMBER was given to a new name: what was learned elsewhere of the one that had it before is to be forgotten. */
bool          tn_store_cluster_is_new(struct tn_store *store, unsigned cluster);
unsigned      tn_store_cluster(struct tn_store *store, struct tn_str name, const struct tn_str *aliases, size_t alias_count,
                               uint64_t signature);
struct tn_str tn_store_cluster_name(const struct tn_store *store, unsigned cluster); /* empty: none; lives with the store */
unsigned      tn_store_cluster_find(const struct tn_store *store, struct tn_str name); /* 255: none */

/* Locks the shard of SHAPE and gives its entry, a new one when there is none and CREATE (then TEXT in DIALECT, GROUP and
 * FEATURES are kept for reports). NULL, and nothing locked: not there, or no room, or CLIENT (a hash; 0 = nobody) makes new
 * shapes too fast. NOW_US is any growing clock. */
struct tn_shape_about {
    struct tn_str             text;
    enum tn_dialect           dialect;
    struct tn_str             group;
    const struct tn_features *features;
    uint64_t                  client;
    uint64_t                  tenant; /* who teaches (a hash; 0 = nobody in particular): tn_store_may_teach() */
    uint64_t                  now_us;
};
struct tn_shape_entry *tn_store_acquire(struct tn_store *store, const struct tn_shape *shape, bool create,
                                        const struct tn_shape_about *about);
/* The shape of KEY will be acquired soon: what is known of it comes into the caches meanwhile. Takes no lock and does not wait. */
void                   tn_store_expect(const struct tn_store *store, const uint64_t key[2]);
/* The same for who only looks: that is no use of the shape (last seen, ageing, what goes to the file first). NULL: not in memory. */
struct tn_shape_entry *tn_store_peek(struct tn_store *store, const uint64_t key[2]);
/* BAND of SHAPE: the child entry; the same rules. The parent must not be held. */
struct tn_shape_entry *tn_store_acquire_band(struct tn_store *store, const struct tn_shape *shape, bool create,
                                             const struct tn_shape_about *about);
void                   tn_store_release(struct tn_store *store, struct tn_shape_entry *entry, bool dirty);

/* The cell of CLUSTER; CREATE makes an empty one (NULL: no memory). While the entry is held. */
struct tn_cell *tn_store_cell(struct tn_store *store, struct tn_shape_entry *entry, unsigned cluster, bool create);
/* Calls FN for every cell of ENTRY. */
void tn_store_cells(struct tn_store *store, struct tn_shape_entry *entry, void (*fn)(void *arg, unsigned cluster, struct tn_cell *cell),
                    void *arg);
/* SECONDS into the cell's histogram once it is hot (n >= 64), and p50, p95 anew now and then. */
void tn_store_sample(struct tn_store *store, struct tn_cell *cell, double seconds, double weight);

/* May TENANT teach one thing more of the shape of KEY in this minute? At most the share MOST (1: all) of what is learned of it, where
 * others teach, too. A little: it asks far more often than the others, so what is far from what is believed counts as less far.
 * TEACH: it does, if it may; false: only asked. Any thread. */
enum tn_teach { TN_TEACH_NOT, TN_TEACH_LITTLE, TN_TEACH };
enum tn_teach tn_store_may_teach(struct tn_store *store, const uint64_t key[2], uint64_t tenant, double most, uint64_t now_us, bool teach);

void tn_flight_link(struct tn_shape_entry *entry, struct tn_flight *flight);
void tn_flight_unlink(struct tn_flight *flight); /* entry held; harmless when not linked */

/* Report: a copy of every resident shape (and, with EVICTED, of those in the file only); not from a loop thread. Counts as
 * they would be if somebody looked now. FN may use the store. */
struct tn_shape_report {
    struct tn_shape_entry entry; /* flights is NULL */
    size_t                cell_count;
    uint8_t               clusters[64];
    struct tn_cell        cells[64];
    struct tn_str         names[64];   /* of the clusters; all texts live until the return */
    struct tn_str         text, group; /* the template; empty where it is not known, of a band that of its shape */
    struct tn_str         class, tables; /* tn_class_name() of the statement; names of its tables with spaces between them */
};
typedef bool tn_shape_report_fn(void *arg, const struct tn_shape_report *report); /* false stops */
TN_MUST_USE enum tn_status tn_store_each(struct tn_store *store, bool evicted, tn_shape_report_fn *fn, void *arg, struct tn_error *err);
/* The same from the file at PATH, read-only, while a server writes or not; numbers of clusters are then of no use, names are.
 * Not in the process that has the file open as a store. */
TN_MUST_USE enum tn_status tn_store_each_file(const char *path, tn_shape_report_fn *fn, void *arg, struct tn_error *err);

/* Something is known of the shape of KEY, in memory or of an evicted one in the file. Waits for the disk: not from a loop thread. */
bool tn_store_knows(struct tn_store *store, const uint64_t key[2]);
/* Forget what is known: one shape (KEY) and its bands, or every shape (KEY NULL). */
void tn_store_reset(struct tn_store *store, const uint64_t key[2]);

/* Named bytes that live with the statistics (engine effects, accounts, models). READ (may be NULL) is called at once when there are
 * bytes. WRITE is called by the writer thread with each flush, also the last one in tn_store_close(), and gives malloc()ed bytes,
 * or NULL = unchanged; a WRITE of NULL takes it back: when that returns it is not running any more. */
TN_MUST_USE enum tn_status tn_store_blob(struct tn_store *store, const char *name, void (*read)(void *arg, const void *bytes, size_t size),
                                         void *(*write)(void *arg, size_t *size), void *arg, struct tn_error *err);

struct tn_store_counts {
    uint64_t shapes, cells, evicted, lost, refused_limit, refused_client, refused_tenant, singletons, dirty, flushed, flush_failures, files_lost, bytes;
};
void tn_store_counts(struct tn_store *store, struct tn_store_counts *out); /* any thread */

#endif
