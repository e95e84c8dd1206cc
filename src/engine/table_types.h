/* table_types.h - the types of columns of clusters' tables, as far as anybody asked for them (table_lister.h). Translation reads them:
 * `d + 7` is another thing for a date than for a number.
 *
 * A table is known by its name as statements write it, without its schema when they do so, then as the union of all that are called so:
 * who reads the rows must expect a column twice, with different types. That there is no such table is known, too. Bounded; thread-safe. */
#ifndef TN_ENGINE_TABLE_TYPES_H
#define TN_ENGINE_TABLE_TYPES_H

#include "base/buf.h"
#include "config/config.h"
#include "stats/features.h"

enum { TN_TABLE_TYPES_SEPARATOR = 0x1f };

struct tn_table_types;

struct tn_table_known {
    uint64_t hash;    /* of all that is known of the tables; 0 = nothing */
    bool     missing; /* of one of them it is not even known whether it is there */
    bool     old;     /* one should be asked for again */
};

TN_MUST_USE struct tn_table_types *tn_table_types_new(void); /* NULL: no memory */
void tn_table_types_free(struct tn_table_types *types);      /* NULL is fine */

/* Of the tables of FEATURES in cluster CLUSTER (its id). */
void tn_table_types_look(struct tn_table_types *types, unsigned cluster, const struct tn_features *features, uint64_t max_age_us, uint64_t now_us,
                         struct tn_table_known *out);
/* The same hash, and the rows themselves into ROWS (empty): "table 0x1f column 0x1f type" and a line feed, each; none when it is 0. */
uint64_t tn_table_types_rows(struct tn_table_types *types, unsigned cluster, const struct tn_features *features, struct tn_buf *rows);

/* ROWS, as above, are all that the engine told when it was asked for the tables of FEATURES. FAILED: it could not be asked; what was
 * known stays, what was not is nothing for ten seconds. */
void tn_table_types_learn(struct tn_table_types *types, unsigned cluster, const struct tn_features *features, struct tn_str rows, bool failed, uint64_t now_us);
/* A statement of FEATURES has created, altered or dropped something in the cluster: the tables that it names, or nobody knows what. */
void tn_table_types_forget(struct tn_table_types *types, unsigned cluster, const struct tn_features *features);

/* The question for the tables of FEATURES, in the words of ENGINE; false: it has none, or none of the names can be asked for. OUT->failed as ever. */
bool tn_table_types_sql(struct tn_buf *out, enum tn_cfg_engine engine, const struct tn_features *features);

#endif
