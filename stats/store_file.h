/* store_file.h - the SQLite side of the store: one file, its tables, its rows. Internal to stats/store*.c. A file object belongs
 * to one thread at a time.
 *
 *   shape    what is resident, one row each, written in the order of ids; small, so that a start reads little
 *   cold     what was evicted, found by key; a shape is in one of the two (a left-over here, after a crash, is ignored)
 *   text     statement and group by id; written once, read for reports only
 *   cluster  numbers of clusters, never used again; blob: bytes by name; meta: numbers by name */
#ifndef TN_STATS_STORE_FILE_H
#define TN_STATS_STORE_FILE_H

#include "stats/database_place.h"
#include "stats/store_shard.h"

enum tn_store_statement {
    TN_PUT_SHAPE, TN_PUT_COLD, TN_DROP_SHAPE, TN_DROP_COLD, TN_GET_COLD, TN_CHILL, TN_PUT_TEXT, TN_PUT_CLUSTER, TN_PUT_BLOB,
    TN_PUT_META, TN_SOME_COLD, TN_DROP_TEXT, TN_STORE_STATEMENTS
};

struct tn_store_file {
    sqlite3      *db; /* NULL = closed */
    sqlite3_stmt *statements[TN_STORE_STATEMENTS];
    struct tn_database_place place;
};

struct tn_store_row {
    struct tn_shape_entry entry;     /* header only; incumbent is not set */
    unsigned              incumbent; /* number in the file, 0 = none */
    const unsigned char  *cells;
    size_t                size;
};

extern const struct tn_database_kind tn_store_kind;

TN_MUST_USE enum tn_status tn_store_file_open(struct tn_store_file *file, const char *path, unsigned flags, struct tn_error *err);
void tn_store_file_close(struct tn_store_file *file);
/* It was removed or replaced: all of it is written there again, see tn_database_move_back(). When that fails it is as before. */
TN_MUST_USE enum tn_status tn_store_file_move_back(struct tn_store_file *file, const char *path, struct tn_error *err);

TN_MUST_USE enum tn_status tn_store_file_run(struct tn_store_file *file, const char *sql, struct tn_error *err);
/* Runs the statement with what was bound to it. */
TN_MUST_USE enum tn_status tn_store_file_step(struct tn_store_file *file, enum tn_store_statement which, struct tn_error *err);
/* WHICH is TN_PUT_SHAPE or TN_PUT_COLD. */
TN_MUST_USE enum tn_status tn_store_file_put(struct tn_store_file *file, enum tn_store_statement which, const struct tn_store_row *row,
                                             struct tn_error *err);
TN_MUST_USE enum tn_status tn_store_file_put_text(struct tn_store_file *file, uint32_t id, const struct tn_store_text *text,
                                                  struct tn_error *err);
TN_MUST_USE enum tn_status tn_store_file_put_meta(struct tn_store_file *file, const char *name, int64_t value, struct tn_error *err);
TN_MUST_USE enum tn_status tn_store_file_meta(struct tn_store_file *file, const char *name, int64_t *out, struct tn_error *err);

/* Columns of a row in the order of this list, from column AT on; the cells live until the next step. False: not well-formed. */
#define TN_STORE_COLUMNS "id, key, visits, first, last, text32, parent, class, band, flags, incumbent, cells"
enum { TN_STORE_COLUMN_COUNT = 12 };
bool tn_store_file_row(sqlite3_stmt *stmt, struct tn_store_row *row);

/* The names of the tables with a space between them, those that fit; the written length. */
size_t tn_store_tables(char *out, size_t size, const struct tn_features *features);

int tn_bind_key(sqlite3_stmt *stmt, int at, const uint64_t key[2], unsigned char bytes[16]); /* BYTES live until the step */

/* Each cell of a row, its numbers as in the file; false stops. The result is false when the bytes are not well-formed. */
typedef bool tn_row_cell_fn(void *arg, unsigned file_cluster, unsigned epoch, const struct tn_cell *cell, const struct tn_hot *hot);
bool tn_row_decode(const unsigned char *bytes, size_t size, tn_row_cell_fn *fn, void *arg);

/* ---- store_load.c ---- */
/* What the file says about a shape into ENTRY, which is new (counts at most MOST) or was learned meanwhile (both together; its
 * id becomes the file's). The shard is held. */
void tn_store_join(struct tn_store *store, struct tn_shard *shard, struct tn_shape_entry *entry, const struct tn_store_row *row,
                   unsigned most);

/* ---- store_writer.c ---- */
TN_MUST_USE enum tn_status tn_writer_open(struct tn_store *store, struct tn_error *err);
void                       tn_writer_close(struct tn_store *store);
void                       tn_writer_call(struct tn_store *store); /* something is to be done soon; any thread, never waits */
void                       tn_writer_reset(struct tn_store *store, const uint64_t key[2]);

/* ---- store_flush.c: the writer's work, all in its thread ---- */
struct tn_flush {
    struct tn_store         *store;
    struct tn_store_file    *file;
    struct tn_store_evicted *evicted, **evicted_end; /* taken from the shards, not yet in the file */
    unsigned char           *scratch;
    size_t                   scratch_size;
    struct tn_joint         *joint; /* where two rows become one */
    uint32_t                *excess; /* ids of rows that had no room when the file was loaded */
    size_t                   excess_count, excess_done;
    int64_t                  cold_count; /* evicted shapes in the file, nearly */
    struct tn_rand           rand;
    bool                     named[TN_STORE_CLUSTERS]; /* written in the present transaction */
};
/* All that is in the file, into a store that may hold shapes already (store_load.c). */
TN_MUST_USE enum tn_status tn_store_load(struct tn_flush *flush, struct tn_error *err);
/* Its shapes alone, of which there are about SHAPES (store_read.c). *LAST_ID: the highest id. What has no room is noted as excess. */
TN_MUST_USE enum tn_status tn_store_read(struct tn_flush *flush, int64_t shapes, uint32_t *last_id, struct tn_error *err);
/* A transaction: FINISH commits when STATUS is TN_OK, else rolls back; it returns what came of it. */
enum { TN_FLUSH_ROWS = 2000 /* in one */ };
TN_MUST_USE enum tn_status tn_flush_begin(struct tn_flush *flush, struct tn_error *err);
TN_MUST_USE enum tn_status tn_flush_finish(struct tn_flush *flush, enum tn_status status, struct tn_error *err);
/* ENTRY as a row in the scratch buffer, without its incumbent; false: no memory. The shard is held. */
bool tn_flush_row(struct tn_flush *flush, struct tn_shard *shard, struct tn_shape_entry *entry, struct tn_store_row *row);
void tn_flush_incumbent(const struct tn_store *store, struct tn_store_row *row);
/* store_cold.c: evicted shapes to the file, those that are asked for again from there. */
TN_MUST_USE enum tn_status tn_flush_evicted_and_fetched(struct tn_flush *flush, struct tn_error *err);
TN_MUST_USE enum tn_status tn_flush_dirty(struct tn_flush *flush, struct tn_error *err);
void                       tn_flush_drop_evicted(struct tn_flush *flush);

/* ---- store_blob.c ---- */
struct tn_store_blob;
TN_MUST_USE enum tn_status tn_blobs_load(struct tn_store *store, struct tn_store_file *file, struct tn_error *err);
TN_MUST_USE enum tn_status tn_blobs_write(struct tn_store *store, struct tn_store_file *file, struct tn_error *err);
void                       tn_blobs_free(struct tn_store *store);

#endif
