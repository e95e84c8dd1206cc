/* shape_list.h - reports of shapes put in order: the ones that cost most time, most money, most regret. From a running store
 * or its file (tn_store_each, tn_store_each_file); at most LIMIT are kept, however many there are.
 *
 * Of a cell with runs the expected time is that of a log-normal: exp(m + M2 / 2). Regret of a shape: the sum over its
 * clusters of runs x (expected time there - expected time of its best cluster), time that another choice would have saved as
 * it looks now. Best: least expected time among those with a run. */
#ifndef TN_STATS_SHAPE_LIST_H
#define TN_STATS_SHAPE_LIST_H

#include "base/json.h"
#include "stats/store.h"

enum tn_shape_sort { TN_SHAPE_SORT_TOTAL_TIME, TN_SHAPE_SORT_COST, TN_SHAPE_SORT_REGRET, TN_SHAPE_SORT_CALLS };
bool tn_shape_sort_parse(struct tn_str name, enum tn_shape_sort *out); /* "total_time", "cost", "regret", "calls" */

bool tn_shape_key_parse(struct tn_str text, uint64_t key[2]); /* 32 hexadecimal digits */

enum { TN_SHAPE_LIST_TEXT = 4096, TN_SHAPE_LIST_MAX = 100000 };

/* One cluster's part, in numbers for people. */
struct tn_shape_cell {
    char     name[128];
    unsigned n;
    bool     known;   /* n > 0: expected_s, p50_s, p95_s mean something */
    double   expected_s, p50_s, p95_s;
    double   usd;     /* of a run, micro-dollars; < 0: not known */
    bool     at_least; /* usd is a lower bound */
    double   success; /* share of good ends; < 0: not known */
    bool     bounded; /* no complete run: it takes longer than bound_s */
    double   bound_s;
};

struct tn_shape_item {
    uint64_t             key[2];
    uint32_t             id, parent, calls, first_s, last_s;
    uint8_t              flags, band;
    char                *text; /* and group, class, tables: one allocation */
    const char          *group, *class, *tables;
    char                 present[128]; /* cluster of the last choice; empty = none */
    double               total_s, usd, regret_s; /* usd: micro-dollars */
    size_t               cell_count;
    struct tn_shape_cell *cells; /* owned */
};

/* Forgotten by a reset: its entry stays for whoever holds it. */
static inline bool tn_shape_report_is_empty(const struct tn_shape_report *report)
{
    return report->entry.visits == 0 && report->cell_count == 0;
}

/* False: no memory, and nothing to free. */
TN_MUST_USE bool tn_shape_item_make(struct tn_shape_item *item, const struct tn_shape_report *report);
void             tn_shape_item_free(struct tn_shape_item *item);

struct tn_shape_list {
    enum tn_shape_sort    sort;
    size_t                limit;  /* 1 .. TN_SHAPE_LIST_MAX */
    struct tn_str         group;  /* only of this one; empty = all */
    uint64_t              since_s; /* seen at or after, wall clock */
    bool                  bands;  /* the size classes of shapes too */
    size_t                count, capacity;
    struct tn_shape_item *items;  /* in order after tn_shape_list_end() */
    uint64_t              seen;   /* that passed the filters */
    double                total_s, usd, regret_s; /* of all those */
    bool                  group_seen; /* some shape is of that group, whatever the other filters say */
    bool                  failed; /* no memory */
};

/* The members up to `bands` are set, the rest is zero. */
bool tn_shape_list_add(void *list, const struct tn_shape_report *report); /* a tn_shape_report_fn */
void tn_shape_list_end(struct tn_shape_list *list);                       /* sorts; leaves LIMIT */
void tn_shape_list_reset(struct tn_shape_list *list);

/* {"shapes":[...],"seen":n,...}; keys are there to stay. */
void tn_shape_list_json(const struct tn_shape_list *list, struct tn_json *json);

#endif
