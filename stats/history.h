/* history.h - one record per query, kept in a SQLite file (WAL, synchronous=NORMAL) by one writer thread.
 *
 *   any thread: tn_history_add -> bounded list -> writer thread: one transaction per second at most -> file
 *
 * Adding never waits: neither for the disk nor for another thread; when the list is full the record is dropped and
 * counted. A killed process loses at most 2 s. A file that cannot be written (full disk, read-only, locked) is tried again
 * with every flush: for five of them the records wait, then they are dropped and counted; one line is logged when it
 * begins and one when it ends. Old records go by age and size, a bounded number with each flush, and the file shrinks.
 * Time comes from the monotonic clock where it counts: a jump of the wall clock removes nothing.
 *
 * The file: PRAGMA application_id and user_version say what it is; one of another program, damaged, or of a newer format
 * is refused and not touched. The columns are in history.def; text is valid UTF-8 without NUL (other bytes are U+FFFD). */
#ifndef TN_STATS_HISTORY_H
#define TN_STATS_HISTORY_H

#include "base/status.h"
#include "base/str.h"
#include "stats/counters.h"

enum { TN_HISTORY_APPLICATION_ID = 0x54726e74, TN_HISTORY_FORMAT = 4 };

enum tn_history_outcome {
    TN_HISTORY_OK,
    TN_HISTORY_ERROR,     /* an engine's error */
    TN_HISTORY_CANCELLED,
    TN_HISTORY_TIMEOUT,
    TN_HISTORY_DENIED,    /* by a router or guard */
    TN_HISTORY_REFUSED,   /* queue full, no member, not routable */
    TN_HISTORY_OUTCOMES
};
const char *tn_history_outcome_name(uint64_t outcome); /* "ok"; "unknown" for what is none */
bool        tn_history_outcome_parse(struct tn_str name, enum tn_history_outcome *out);

struct tn_history_record {
    uint64_t      id;         /* from tn_history_next_id() */
    uint64_t      started_us; /* wall clock */
    struct tn_str client;     /* address */
    struct tn_str user, database, application, protocol;
    struct tn_str text;      /* cut at the limit of the options */
    uint64_t      text_size; /* bytes of the whole text; 0 = those of `text` */
    struct tn_str group, router, rule, cluster, engine;
    struct tn_str reason; /* why this member */
    struct tn_str trace;  /* which routers were asked, and why they matched or not */
    struct tn_str class;  /* tn_class_name() */
    uint64_t      template_hash;
    uint64_t      queue_us, first_byte_us, engine_us, total_us;
    uint64_t      rows, bytes;
    uint64_t      outcome; /* enum tn_history_outcome */
    struct tn_str sqlstate, error;
    uint64_t      attempts; /* members tried */
    struct tn_str tags;

    /* of groups that learn; empty and 0 elsewhere, and of records of format 1 */
    uint64_t      usd_micros;     /* the average bill as it was settled, of all attempts, in millionths of a dollar: its share of the clusters */
    uint64_t      marginal_usd_micros; /* the marginal one: what was paid more because of it; 0 in records before format 4 */
    struct tn_str shape;          /* its key: 32 hex digits, as RESET SHAPE takes it */
    uint64_t      band;           /* size class of the literals, 0 = none */
    struct tn_str rung;           /* what the belief came from: exact, band, shape, similar, class, prior */
    struct tn_str plan;           /* attempts in order, "duckdb-1@120,sqlite-1": cut after 120 ms, then the next */
    uint64_t      explored;       /* 1: the first attempt was not the believed best */
    uint64_t      shadow;         /* 1: a copy whose result nobody saw */
    uint64_t      propensity_ppm; /* probability of the first cluster in millionths; 1000000 = chance had no say, 0 = not known */
    uint64_t      predicted_us, predicted_usd_micros; /* of the plan; where another strategy chose, of its cluster */
    struct tn_str advised;        /* mode advise: the cluster that would have been taken */
    uint64_t      advised_us, advised_usd_micros; /* of the plan that was advised: the estimated difference is to predicted_* */
    uint64_t      rows_read, bytes_read; /* by the engine, as it reports; 0 = not known */
    uint64_t      engine_queue_us;       /* of engine_us, in the engine's own queue, as it reports */
    uint64_t      peak_memory;           /* bytes, as the engine reports; 0 = not known */
    uint64_t      cuts, cancels;  /* attempts that were cut at their deadline; that were cancelled on an engine */
};

struct tn_history_options {
    const char *path;          /* NULL = in memory */
    uint64_t    max_age_us;    /* 0 = no limit */
    uint64_t    max_size;      /* bytes of the file, without its WAL; 0 = no limit */
    uint64_t    max_text;      /* bytes of a statement */
    uint64_t    max_records;   /* that wait for the writer */
    uint64_t    max_bytes;     /* of them */
    uint64_t    flush_us;      /* time between flushes */
};

#define TN_HISTORY_OPTIONS_DEFAULT                                                                                    \
    {                                                                                                                 \
        .path = NULL, .max_age_us = UINT64_C(2592000000000), .max_size = UINT64_C(1) << 30, .max_text = 16384,        \
        .max_records = 65536, .max_bytes = UINT64_C(64) << 20, .flush_us = 1000000                                    \
    }

struct tn_history;

/* On TN_OK the caller owns *OUT; its writer thread runs. A full disk is no error here, a file that is not ours is. */
TN_MUST_USE enum tn_status tn_history_open(struct tn_history **out, const struct tn_history_options *options,
                                           struct tn_error *err);
/* Writes what waits (one attempt), ends the thread, closes. Nobody may add any more. NULL is fine. */
void tn_history_close(struct tn_history *history);

/* New limits, from any thread; they hold from the next record and flush on. */
void tn_history_limit(struct tn_history *history, uint64_t max_age_us, uint64_t max_size, uint64_t max_text);

uint64_t tn_history_next_id(struct tn_history *history); /* any thread; above every id in the file */
/* Copies RECORD. False when it was dropped. Any thread. */
bool tn_history_add(struct tn_history *history, const struct tn_history_record *record);
/* Waits until what was added before has been written, or could not be. Not from a loop thread. */
void tn_history_flush(struct tn_history *history);

/* history_* of counters.def; a block of its own, shared by threads. */
const struct tn_counters *tn_history_counters(const struct tn_history *history);
bool                      tn_history_failing(const struct tn_history *history); /* the file could not be written lately */

/* Empty or zero members do not filter. Times are of the start. */
struct tn_history_filter {
    uint64_t      since_us, until_us; /* [since, until) */
    uint64_t      id;
    uint64_t      before_id; /* paging: the last id of the page before */
    struct tn_str user, group, cluster;
    struct tn_str tag;      /* "name:value", or "name" of any value */
    struct tn_str text;     /* part of the statement, ASCII case folded */
    bool          outcome_set;
    enum tn_history_outcome outcome;
    unsigned      limit; /* 0 = 100 */
    uint64_t      offset; /* records to leave out first */
};

/* RECORD and its texts live until the return. False stops. */
typedef bool tn_history_row_fn(void *ctx, const struct tn_history_record *record);

/* Newest (greatest id) first, from the file at PATH, opened read-only, while a server writes or not; of format 1
 * too. Not in the process that has the file open as a history: there, tn_history_query(). */
TN_MUST_USE enum tn_status tn_history_query_file(const char *path, const struct tn_history_filter *filter,
                                                 tn_history_row_fn *row, void *ctx, struct tn_error *err);
/* The same from a running history, in memory too. Blocks on the disk: not from a loop thread. */
TN_MUST_USE enum tn_status tn_history_query(const struct tn_history *history, const struct tn_history_filter *filter,
                                            tn_history_row_fn *row, void *ctx, struct tn_error *err);

#endif
