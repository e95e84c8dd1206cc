/* history_file.h - the SQLite side of the history: opening, checking, writing and pruning one file. Internal to stats/.
 * A file object belongs to one thread at a time. */
#ifndef TN_STATS_HISTORY_FILE_H
#define TN_STATS_HISTORY_FILE_H

#include "stats/database_place.h"
#include "stats/history.h"

enum { TN_HISTORY_URI = 160 };

struct tn_history_file {
    sqlite3      *db; /* NULL = closed */
    sqlite3_stmt *insert, *prune_age, *prune_size;

    struct tn_history_record bound; /* what INSERT has: what a column holds already is not bound once more. Its texts are those of records before */
    bool                     is_bound;
    struct tn_database_place place;
};

enum tn_history_file_flag {
    TN_HISTORY_FILE_IN_MEMORY = TN_DATABASE_IN_MEMORY,
    TN_HISTORY_FILE_READ_ONLY = TN_DATABASE_READ_ONLY,
    TN_HISTORY_FILE_KNOWN = TN_DATABASE_KNOWN,
    TN_HISTORY_FILE_OLDER = TN_DATABASE_OLDER /* format 1, to be read */
};

/* TN_E_INVALID: not ours, damaged or newer, nothing was changed. TN_E_NOT_FOUND: the folder or (read-only) the file is
 * missing. TN_E_DENIED: no permission. TN_E_IO: cannot be used now, perhaps later. */
TN_MUST_USE enum tn_status tn_history_file_open(struct tn_history_file *file, const char *name, unsigned flags,
                                                struct tn_error *err);
void tn_history_file_close(struct tn_history_file *file);
/* It was removed or replaced: all of it is written there again, see tn_database_move_back(). When that fails it is as before. */
TN_MUST_USE enum tn_status tn_history_file_move_back(struct tn_history_file *file, const char *path, struct tn_error *err);

TN_MUST_USE enum tn_status tn_history_file_begin(struct tn_history_file *file, struct tn_error *err);
/* The texts of RECORD must live until the transaction ends. */
TN_MUST_USE enum tn_status tn_history_file_insert(struct tn_history_file *file, const struct tn_history_record *record,
                                                  struct tn_error *err);
TN_MUST_USE enum tn_status tn_history_file_commit(struct tn_history_file *file, struct tn_error *err);
void tn_history_file_rollback(struct tn_history_file *file);

/* Removes records that began before CUTOFF_US, and the oldest while the file is above MAX_SIZE (0 = no limit); at most about
 * MOST of them, and gives a bounded number of free pages back. *PRUNED is the number removed. */
TN_MUST_USE enum tn_status tn_history_file_prune(struct tn_history_file *file, uint64_t cutoff_us, uint64_t max_size,
                                                 unsigned most, uint64_t *pruned, struct tn_error *err);

TN_MUST_USE enum tn_status tn_history_file_format(struct tn_history_file *file, int64_t *out, struct tn_error *err);

uint64_t tn_history_file_last_id(struct tn_history_file *file); /* 0 when empty */

/* tn_history_query_file() by NAME as above. */
TN_MUST_USE enum tn_status tn_history_query_name(const char *name, unsigned flags, const struct tn_history_filter *filter,
                                                 tn_history_row_fn *row, void *ctx, struct tn_error *err);

/* TN_E_IO with the text of the last error of DB, or TN_E_INVALID when it says that the file is damaged. */
enum tn_status tn_history_file_fail(sqlite3 *db, const char *what, struct tn_error *err);

#endif
