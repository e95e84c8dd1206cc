/* compare_figures.h - what a comparison comes to: per engine, per shape and engine, winners, answers that differ. */
#ifndef TN_CLI_COMPARE_FIGURES_H
#define TN_CLI_COMPARE_FIGURES_H

#include "tools/cli/compare_data.h"
#include "tools/cli/compare_sample.h"

/* Of an engine, or of an engine on one shape. Latency is of runs that were finished and of those that ran out of time, with the time
 * that they had; errors are in `success` only. */
struct tn_figures {
    size_t             runs, ok, errors, timeouts;
    struct tn_interval ms[TN_FIGURES];
    bool               at_least[TN_FIGURES]; /* runs that ran out of time are in it: it is more than that */
    struct tn_interval usd;   /* mean of all runs with a known bill */
    double             usd_per_ok; /* all that was paid over the runs that succeeded: failures cost, too */
    double             bytes; /* read, mean, as the engine reports; NAN: it does not */
    double             sent;  /* bytes of the answer, mean */
    double             honest_p50; /* ms, failures as never finished; infinite when half of the runs failed */
};

struct tn_cell_figures {
    struct tn_figures f;
    bool              fastest, cheapest; /* of those on the shape */
    bool              clear;             /* fastest, and the interval of its P50 is below that of the second */
};

struct tn_shape_figures {
    size_t runs;
    double total_ms;
    long   fastest, cheapest; /* engines; -1: nobody, or only one was tried */
    struct tn_cell_figures cell[TN_COMPARE_ENGINES];
};

struct tn_engine_figures {
    struct tn_figures f;
    size_t            fastest, cheapest; /* shapes; ties of cost count for each */
};

enum tn_difference { TN_DIFFER_ROWS, TN_DIFFER_VALUES, TN_DIFFER_UNSTABLE /* the same engine differs from itself */ };

struct tn_answer_warning {
    uint32_t           query;
    enum tn_difference what;
    unsigned           engine, other; /* UNSTABLE: engine only */
    double             rows, other_rows;
};

struct tn_compare_report {
    struct tn_compare        *compare;
    struct tn_engine_figures  engines[TN_COMPARE_ENGINES];
    struct tn_shape_figures  *shapes;   /* compare->shape_count */
    uint32_t                 *order;    /* shapes by total time, the longest first */
    size_t                    compared; /* shapes that at least two engines ran: of them the shares are */
    struct tn_answer_warning *warnings;
    size_t                    warning_count;
    size_t                    answers;  /* queries whose answers of at least two engines could be compared */
    bool                      reads;    /* some engine reports the bytes that it read */
    bool                      hashed;   /* by their values; else by the number of rows only */
    uint64_t                  seed;
};

/* False: no memory. REPORT is ended with tn_compare_report_reset() in any case, before COMPARE. */
bool tn_compare_report(struct tn_compare_report *report, struct tn_compare *compare, uint64_t seed);
/* The warnings of REPORT; the whole report has them already. */
bool tn_compare_answers(struct tn_compare_report *report);
void tn_compare_report_reset(struct tn_compare_report *report);

#endif
