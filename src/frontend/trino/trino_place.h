/* trino_place.h - lines and columns as Trino counts them, from 1, in characters: in what the client sent, of which a statement is a part. */
#ifndef TN_FRONTEND_TRINO_PLACE_H
#define TN_FRONTEND_TRINO_PLACE_H

#include "base/str.h"

struct tn_trino_place {
    struct tn_str sql;          /* ptr NULL = no places are told */
    uint64_t      line, column; /* lines before it; characters before it in the line that it begins in */
};

/* Of the character at POSITION, from 1. */
void tn_trino_place_find(const struct tn_trino_place *place, int position, uint64_t *line, uint64_t *column);
/* INNER begins at byte AT of OUTER's text. Of a literal's text Trino counts no quote that is doubled, and neither does this. */
struct tn_trino_place tn_trino_place_inner(const struct tn_trino_place *outer, size_t at, struct tn_str inner);

#endif
