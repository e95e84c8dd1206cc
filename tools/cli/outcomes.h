/* outcomes.h - reads recorded outcomes: what every engine did, or would do, with each query of a stream.
 *
 * JSON Lines (.jsonl), a query a line in the order of arrival:
 *   {"t_ms":115,"sql":"SELECT ...","dialect":"postgres","outcomes":{"pg":{"latency_ms":12.5,"ok":true,"bytes":null,"usd":1e-6,"slots":4}}}
 * or a table (.tsv) with a header: columns NAME_s (seconds, empty = time-out), NAME_bytes, sql. Both also gzipped (.gz).
 * Every mistake is an error with its line. */
#ifndef TN_CLI_OUTCOMES_H
#define TN_CLI_OUTCOMES_H

#include "base/status.h"
#include "stats/features.h"

enum { TN_OUTCOME_ENGINES = 64, TN_OUTCOME_NAME = 129 /* as a cluster's */, TN_OUTCOME_LINE_MAX = 64 * 1024 * 1024 };
#define TN_OUTCOME_TIMEOUT_S 200.0 /* an outcome that took so long is a time-out */

struct tn_outcome {
    unsigned engine;    /* place in the reader's names */
    double   latency_s;
    bool     ok;
    double   bytes, usd; /* usd in micro-dollars; < 0 = not known */
    double   slots;      /* 0 = not known */
    double   usual_s;    /* before chance; 0 = not known (a file never says) */
};

struct tn_outcome_line {
    double            t_s;
    bool              timed;   /* false: a table; each query comes when the one before has ended */
    struct tn_str     sql;     /* until the next read */
    enum tn_dialect   dialect;
    size_t            count;
    long              oracle; /* place in the list of the engine that is best before chance; -1 = not known */
    struct tn_outcome list[TN_OUTCOME_ENGINES];
};

struct tn_outcomes;

TN_MUST_USE enum tn_status tn_outcomes_open(struct tn_outcomes **out, const char *path, struct tn_error *err);
/* The same from memory, for tests and fuzzing: NAME tells the form by its ending. */
TN_MUST_USE enum tn_status tn_outcomes_parse(struct tn_outcomes **out, const char *name, struct tn_str text, struct tn_error *err);
void tn_outcomes_close(struct tn_outcomes *outcomes);
/* TN_OK with LINE filled in, or at the end with line->sql.ptr NULL; or an error. */
TN_MUST_USE enum tn_status tn_outcomes_next(struct tn_outcomes *outcomes, struct tn_outcome_line *line, struct tn_error *err);
size_t      tn_outcomes_engine_count(const struct tn_outcomes *outcomes); /* met so far; all of them for a table */
const char (*tn_outcomes_names(const struct tn_outcomes *outcomes))[TN_OUTCOME_NAME]; /* by number; grow with the lines */

#endif
