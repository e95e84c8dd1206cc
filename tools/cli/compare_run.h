/* compare_run.h - a fresh run: every statement of a file, several times, on every cluster, through a running Turnout.
 *
 * The session says where a statement goes (SET turnout.cluster), so that its text stays what a client would send, and the server's
 * own statistics learn from it. What the engines' time, bytes and bills were, the server's history tells afterwards
 * (compare_history.h); until then the times are those from sending to the last row. */
#ifndef TN_CLI_COMPARE_RUN_H
#define TN_CLI_COMPARE_RUN_H

#include "tools/cli/compare_data.h"
#include "tools/cli/compare_script.h"

enum { TN_COMPARE_LANES = 64, TN_COMPARE_REPEATS = 1000, TN_COMPARE_ITEMS = 1000 * 1000, TN_COMPARE_RUN_ID = 17, TN_COMPARE_ERROR_SHOWN = 200 };

struct tn_run_options {
    const char *connect;        /* libpq: of the running Turnout */
    const char *group;          /* NULL = wherever the cluster is a member */
    const char *state;          /* path of the file that a later run goes on from */
    unsigned    repeat, warmup, lanes;
    uint64_t    timeout_ms;     /* of a query; 0 = none */
    uint64_t    seed;
    bool        force;          /* writes may be among them */
};

/* One run of one statement on one cluster: item I of the whole, in the order of the plan. */
struct tn_run_item {
    uint32_t query;
    uint8_t  engine;
    bool     warmup;
    bool     done;
    bool     waited;  /* it ended before it reached the engine, which is not to blame: in a queue, say */
    struct tn_compare_sample sample; /* when done */
};

struct tn_compare_run {
    const struct tn_run_options *options;
    const struct tn_script      *script;
    struct tn_compare           *compare; /* its engines are the clusters, its query i is statement_query[i] */
    uint32_t                    *statement_query;
    struct tn_run_item          *items;
    size_t                       item_count, done_count, resumed; /* resumed: done by an earlier run */
    char                         id[TN_COMPARE_RUN_ID];           /* in the tags of its queries */
    uint64_t                     started_us;                      /* wall clock, of the first part */
    bool                         interrupted;
    char                         error[TN_COMPARE_NAME + TN_COMPARE_ERROR_SHOWN + 2];   /* the first error that an engine gave */
    int                          state_fd;
};

/* COMPARE has the engines already. Plans, reads the state file and runs what is left. An interruption (SIGINT, SIGTERM) is no error. */
TN_MUST_USE enum tn_status tn_compare_run(struct tn_compare_run *run, const struct tn_run_options *options, const struct tn_script *script,
                                          struct tn_compare *compare, struct tn_error *err);
/* Adds the samples of all that is done, without warm-ups, to the comparison. */
TN_MUST_USE enum tn_status tn_compare_run_collect(struct tn_compare_run *run, struct tn_error *err);
void tn_compare_run_reset(struct tn_compare_run *run);

/* ---- compare_state.c: the file that a run goes on from ---- */

/* Opens and locks it; what it has done is marked in RUN->items. TN_E_INVALID: it is of another run. */
TN_MUST_USE enum tn_status tn_run_state_open(struct tn_compare_run *run, struct tn_error *err);
/* Item INDEX is done: a line more. */
TN_MUST_USE enum tn_status tn_run_state_put(struct tn_compare_run *run, size_t index, struct tn_error *err);
void tn_run_state_close(struct tn_compare_run *run);

/* ---- compare_lane.c: connections ---- */

/* Runs the items that are not done. */
TN_MUST_USE enum tn_status tn_run_lanes(struct tn_compare_run *run, struct tn_error *err);

#endif
