/* replay_totals.h - what a stream came to: users' time, bills, and what each engine alone and an oracle would have taken.
 * The definitions are those of an exact judge: a query without an answer counts as the time-out at least; an engine that is not
 * there fails the query; the load law of replay_run.h holds for engines alone too. */
#ifndef TN_CLI_REPLAY_TOTALS_H
#define TN_CLI_REPLAY_TOTALS_H

#include "tools/cli/outcomes.h"
#include "tools/cli/replay_heap.h"

enum { TN_REPLAY_PARTS = 10 };

struct tn_replay_totals {
    uint64_t queries, failed, explored, cut_attempts, shadows, late;
    double   seconds, cut_s, shadow_s;   /* users' time; of cut attempts; of shadows */
    double   engine_s;                   /* of all attempts, without shadows */
    double   usd, shadow_usd;            /* micro-dollars; < 0 = not known */
    double   least_s;                    /* the lowest realised time of each query: no router can know it */
    double   oracle_s;                   /* of the engine that is best before chance, each time; < 0 = not known */
    double   greedy_s;                   /* exact times and exact load, greedily; 0 where no slots are known */
    double   static_s[TN_OUTCOME_ENGINES];   /* where it was there; see tn_replay_static_s() */
    double   static_usd[TN_OUTCOME_ENGINES]; /* -1: of some line neither the file nor a price list says it */
    uint64_t static_there[TN_OUTCOME_ENGINES]; /* queries at which that engine was there */
    uint64_t first[TN_OUTCOME_ENGINES];  /* how often it was the first attempt */
    size_t   count;                      /* of the two below */
    double  *each_s;                     /* users' seconds of each query */
    double  *oracle_each_s;              /* of the oracle, of the lowest time where there is none */
    /* the same stream with one engine alone, and greedily */
    struct tn_time_heap alone[TN_OUTCOME_ENGINES], greedy[TN_OUTCOME_ENGINES];
};

struct tn_replay_done { /* of one query, told by replay_run.c */
    double   seconds;
    bool     answered, explored, late;
    unsigned first; /* engine of the first attempt */
    /* What the run at AT of the line costs on an engine whose price is listed, in micro-dollars; < 0: it is not, the file says what it cost. */
    double (*listed_usd)(void *arg, size_t at, double seconds);
    void    *arg;
};

void tn_replay_totals_reset(struct tn_replay_totals *totals);
/* ENGINES[i] is the number of line->list[i].engine here. False: no memory. */
bool tn_replay_totals_add(struct tn_replay_totals *totals, const struct tn_outcome_line *line, const unsigned *engines,
                          const struct tn_replay_done *done);

/* Of the users' seconds, by rank (q = .5: the least value that half of the queries do not exceed). */
double tn_replay_quantile(const struct tn_replay_totals *totals, double q);
double tn_replay_static_s(const struct tn_replay_totals *totals, size_t engine); /* that engine alone; where it is not, queries fail */
size_t tn_replay_best_static(const struct tn_replay_totals *totals, size_t engine_count);
double tn_replay_reference_s(const struct tn_replay_totals *totals); /* of the oracle, else of the lowest times */
/* Geometric mean over the last PARTS tenths of users' time over that reference. */
double tn_replay_last(const struct tn_replay_totals *totals, unsigned parts);

#endif
