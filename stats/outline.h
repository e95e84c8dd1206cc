/* outline.h - a statement without its literals, at a glance, and what is remembered of such: texts that differ in nothing but the values
 * in them have the same shape and the same features, unless a value tells a size (LIMIT 10), a name or a place.
 *
 * Bytes are looked at, not tokens, so that it takes a tenth of what reading takes. A text has an outline only where its bytes leave no doubt
 * where a literal begins and ends: no comment, no dollar, no backslash outside of quotes ... Of two texts with one outline each token is the
 * same, as written, or a number in both, or a string in both. PostgreSQL's dialect. Internal to stats/shape*.c. */
#ifndef TN_STATS_OUTLINE_H
#define TN_STATS_OUTLINE_H

#include "stats/shape.h"

enum { TN_OUTLINE_MOST = 2048, TN_OUTLINE_LITERALS = 128 }; /* longer texts, and such with more, have none */

struct tn_outlines;

struct tn_outlines *tn_outlines_new(void); /* NULL: no memory */
void                tn_outlines_free(struct tn_outlines *outlines);

/* Takes the outline of TEXT; the calls below are about it. CONTEXT: what else belongs to it, and a secret, as rules go by what is kept. False: TEXT has none. */
bool tn_outlines_read(struct tn_outlines *outlines, struct tn_str text, uint64_t context);
/* What was kept of it; the features point into TEXT. False: nothing. SHAPE has no exact text. NULL: features alone were kept, and are wanted. */
bool tn_outlines_find(const struct tn_outlines *outlines, struct tn_str text, struct tn_shape *shape, struct tn_features *features);
/* Remembers it, when it came before: most come once, and an entry is nearly a kilobyte. Whoever reads TEXT whole has seen that no literal in
 * it tells more than that it is one. */
void tn_outlines_keep(struct tn_outlines *outlines, struct tn_str text, const struct tn_shape *shape, const struct tn_features *features);

#endif
