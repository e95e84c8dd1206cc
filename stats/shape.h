/* shape.h - which statements are "the same": the identity under which statistics are kept.
 *
 *   L0 exact text      128-bit XXH3 of text and context -> per-worker cache -> shape and features
 *   outline            stats/outline.h: the text without its literals, by its bytes alone -> per-worker cache -> the same
 *   L1 template        stats/template.h, 128 bits, literals and comments gone, aliases renamed where they can be nothing else
 *   L2 fingerprint     libpg_query where its grammar fits, of the template (not of the text: a list of 5,000 is one element, and
 *                      the key does not depend on which text came first), with salts for what it merges wrongly; else L1 is
 *                      the shape. The rules: tests/golden/shapes.cases
 *
 * A shape also holds the context that changes a query's meaning (dialect, catalog, search path, role). PREPARE .. AS has the
 * shape of the statement inside; who runs EXECUTE asks for the shape of that text (features.inner) with its parameters.
 *
 * Bands tell sizes of literals inside a shape: LIMIT (100, 10000), the longest list or VALUES (1, 10, 100, 1000), the widest range
 * (features.range_class). Which of them there are is a matter of the shape, so the 15 bands of a shape are its own. */
#ifndef TN_STATS_SHAPE_H
#define TN_STATS_SHAPE_H

#include "stats/features.h"

enum { TN_SHAPE_CLASSES = 96, TN_SHAPE_BANDS_MOST = 15 }; /* classes: joins 0..5 x GROUP BY x LIKE x DISTINCT x WHERE */

/* What is part of a shape besides its text. Names as the client gave them. */
struct tn_shape_context {
    enum tn_dialect dialect;
    struct tn_str   database;    /* catalog */
    struct tn_str   search_path;
    struct tn_str   role;
};

enum tn_shape_level { TN_SHAPE_TEMPLATE, TN_SHAPE_FINGERPRINT };

struct tn_shape {
    uint64_t            key[2];      /* identity; key[0] is never 0 */
    uint64_t            text[2];     /* of the exact text with its context and parameter values */
    uint64_t            tmpl[2];     /* L1 */
    uint8_t             class;       /* < TN_SHAPE_CLASSES */
    uint8_t             band;        /* size class of the literals, 0 .. TN_SHAPE_BANDS_MOST; 0 = none */
    enum tn_shape_level level;
};

struct tn_shaper;

/* Caches of one thread. ENTRIES of L0 (at least 4, rounded up to a power of two), some 0.7 KB each, for texts that came twice;
 * besides, 0.4 MB of known templates and 0.2 MB of tokens. NULL when there is no memory. */
struct tn_shaper *tn_shaper_new(unsigned entries);
void              tn_shaper_free(struct tn_shaper *shaper);

/* The shape of TEXT, one statement, and its FEATURES (out; they point into TEXT). PARAMS (may be NULL) are the texts of the
 * parameter values that choose the band, PARAM_COUNT of them; ptr NULL = NULL or binary. On a known template: no allocation,
 * no libpg_query. Never fails: what nobody can parse is known by its L1. */
void tn_shaper_find(struct tn_shaper *shaper, struct tn_str text, const struct tn_shape_context *context,
                    const struct tn_str *params, unsigned param_count, struct tn_shape *shape, struct tn_features *features);

/* The features alone of TEXT, in PostgreSQL's dialect: as tn_features_read(), from the same caches. */
void tn_shaper_features(struct tn_shaper *shaper, struct tn_str text, struct tn_features *features);

/* Gives SHAPE, found without parameters for TEXT, the values that its parameters have this time (as above): what it counts as
 * exact text, and where their sizes matter (features->sized_by_params) its band and what FEATURES says of sizes. */
void tn_shaper_bind(struct tn_shaper *shaper, struct tn_str text, enum tn_dialect dialect, const struct tn_str *params,
                    unsigned param_count, struct tn_shape *shape, struct tn_features *features);

/* The template as text, for reports: literals and parameters are `?`, lists of them one, comments gone, one space between tokens
 * where needed, names as written. As tn_text_without_literals() in size and cutting. */
size_t tn_shape_text(char *out, size_t size, struct tn_str text, enum tn_dialect dialect);

struct tn_shaper_counts {
    uint64_t l0_hits, outline_hits, l1_hits, fingerprints, fingerprints_failed; /* since made */
};
void tn_shaper_counts(const struct tn_shaper *shaper, struct tn_shaper_counts *out); /* any thread */

#endif
