/* compare_data.h - runs of queries on engines, as `turnout compare` gathers them: from a fresh run, or from history.
 *
 * Engines, queries (exact texts) and shapes (texts without their literals) are numbered in the order in which they were first
 * named. A figure that is not known is NAN. Times in milliseconds, money in dollars. Not thread-safe. */
#ifndef TN_CLI_COMPARE_DATA_H
#define TN_CLI_COMPARE_DATA_H

#include "base/map.h"
#include "stats/price.h"
#include "stats/shape.h"

enum { TN_COMPARE_ENGINES = 16, TN_COMPARE_NAME = 256, TN_COMPARE_SHAPE_TEXT = 2048 };

enum tn_compare_outcome {
    TN_COMPARE_OK,
    TN_COMPARE_ERROR,
    TN_COMPARE_TIMEOUT /* it takes longer than its `ms`: never dropped, never counted as fast */
};

struct tn_compare_sample {
    uint32_t query;
    uint8_t  engine;
    uint8_t  outcome;   /* enum tn_compare_outcome */
    bool     has_hash;
    double   t_ms;      /* when it began, since the first */
    double   ms, usd;   /* on the engine */
    double   bytes;     /* that the engine read */
    double   sent;      /* bytes of the answer */
    double   rows;
    uint64_t hash[2];   /* of the answer, see compare_digest.h */
};

struct tn_compare_engine {
    char            name[TN_COMPARE_NAME];
    bool            priced; /* `price` is from a configuration */
    struct tn_price price;
};

struct tn_compare_query {
    char    *text; /* owned */
    uint32_t shape;
};

struct tn_compare_shape {
    char *text; /* owned: without literals */
};

struct tn_compare {
    size_t                    engine_count, query_count, shape_count, sample_count;
    struct tn_compare_engine  engines[TN_COMPARE_ENGINES];
    struct tn_compare_query  *queries;
    struct tn_compare_shape  *shapes;
    struct tn_compare_sample *samples;
    size_t                    query_room, shape_room, sample_room;
    struct tn_map             query_of, shape_of; /* number + 1 as a pointer */
    struct tn_shaper         *shaper;
};

void tn_compare_init(struct tn_compare *compare);
void tn_compare_reset(struct tn_compare *compare);

/* The number of an engine or a query, new where it was not there; -1: no memory, or too many engines. SHAPE: its key as the
 * server told it, 32 hex digits; empty = found here. */
long tn_compare_engine(struct tn_compare *compare, struct tn_str name);
long tn_compare_query(struct tn_compare *compare, struct tn_str text, struct tn_str shape);
bool tn_compare_add(struct tn_compare *compare, const struct tn_compare_sample *sample); /* false: no memory */

/* Prices of CONFIG for the engines that are there; an engine that it does not name stays unpriced. Where
 * there is a price, samples are billed anew: exactly, not rounded to millionths of a dollar as in history. */
void tn_compare_price(struct tn_compare *compare, const struct tn_config *config);

#endif
