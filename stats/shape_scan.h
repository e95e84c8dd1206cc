/* shape_scan.h - one statement read for its shape: features, template with aliases renamed, the same as SQL for a parser, and
 * salts. Internal to stats/shape*.c. The lexer reads the text once; no allocation. */
#ifndef TN_STATS_SHAPE_SCAN_H
#define TN_STATS_SHAPE_SCAN_H

#include "stats/shape.h"
#include "stats/shape_place.h"

enum {
    TN_SCAN_ALIASES = 32, /* more of them keep their names */
    TN_SCAN_SQL = 16384   /* a longer template has no fingerprint: parsing must stay below a millisecond */
};

struct tn_scan_alias {
    struct tn_str name;
    bool          quoted; /* compared as it is */
    bool          kept;   /* its name must stay: it is used where it may be something else */
};

struct tn_scan_aliases {
    size_t               count;
    uint64_t             filter; /* of the names; most words are told apart by it */
    struct tn_scan_alias list[TN_SCAN_ALIASES];
};

struct tn_shape_scan {
    uint64_t               tmpl[2];  /* L1 */
    uint64_t               salt;     /* of what a fingerprint merges and must not */
    bool                   red_flag; /* a word that libpg_query may read as something else */
    bool                   deep;     /* a fingerprint would not look at all of it */
    bool                   reads;    /* names of tables stand only where a query has them */
    bool                   valued;   /* all of it might be another if a literal were another one: tn_features_valued() */
    uint64_t               hints;    /* of the engine, in comments */
    size_t                 sql_len;  /* of the template as SQL with aliases renamed; 0 = longer than TN_SCAN_SQL */
    char                   sql[TN_SCAN_SQL + 1];
    struct tn_scan_aliases tables, columns;
    struct tn_place        place;
    struct tn_stream       stream;
};

/* Fills all but salt, deep and SQL, which only a template that is not known needs: those come from the second one. */
void tn_shape_scan(struct tn_shape_scan *scan, struct tn_str text, enum tn_dialect dialect, const struct tn_str *params,
                   unsigned param_count, struct tn_features *features);
void tn_shape_scan_sql(struct tn_shape_scan *scan);

/* Aliases (shape_alias.c): those that are declared are noted, then the stream is gone over to see which may be renamed;
 * COLUMNS: those of columns may be. */
void tn_scan_note_alias(struct tn_shape_scan *scan, enum tn_role role, const struct tn_token *token);
void tn_scan_check_aliases(struct tn_shape_scan *scan, bool columns);
/* Puts the name that an alias has in the template in the TOKEN's place; false: it is none. */
bool tn_scan_renamed(const struct tn_shape_scan *scan, enum tn_role role, struct tn_token *token, bool after_dot, bool before_dot);

/* libpg_query's fingerprint; false: its grammar does not fit. Allocates; thread-safe. */
bool tn_shape_fingerprint(const char *sql, uint64_t *out);

#endif
