/* sqlite_memo.h - column types by statement, so that Execute announces what Describe did. Shared by all connections of a
 * cluster, thread-safe, at most TN_SQLITE_MEMO_SETS * TN_SQLITE_MEMO_WAYS statements. */
#ifndef TN_ENGINE_SQLITE_MEMO_H
#define TN_ENGINE_SQLITE_MEMO_H

#include "engine/sqlite/sqlite_type.h"

#include <pthread.h>

enum { TN_SQLITE_MEMO_SETS = 256, TN_SQLITE_MEMO_WAYS = 4, TN_SQLITE_MEMO_COLUMNS = 256 };

struct tn_sqlite_memo_entry {
    uint64_t               key; /* 0 = free place */
    uint64_t               used; /* tick of the last use */
    bool                   described; /* a client was told these types */
    size_t                 count;
    struct tn_sqlite_type *types;
};

struct tn_sqlite_memo {
    pthread_mutex_t             lock;
    uint64_t                    tick;
    struct tn_sqlite_memo_entry entries[TN_SQLITE_MEMO_SETS][TN_SQLITE_MEMO_WAYS];
};

void tn_sqlite_memo_init(struct tn_sqlite_memo *memo);
void tn_sqlite_memo_reset(struct tn_sqlite_memo *memo);

/* Copies the types of KEY's COUNT columns; false when they are not known. DESCRIBED (required) as above. */
bool tn_sqlite_memo_get(struct tn_sqlite_memo *memo, uint64_t key, struct tn_sqlite_type *types, size_t count,
                        bool *described);
/* Remembers them. Types that a client was told stay, unless it is told new ones. Not remembered when there are too many
 * columns or no memory: then Execute decides anew. */
void tn_sqlite_memo_put(struct tn_sqlite_memo *memo, uint64_t key, const struct tn_sqlite_type *types, size_t count,
                        bool described);
void tn_sqlite_memo_forget(struct tn_sqlite_memo *memo, uint64_t key);

#endif
