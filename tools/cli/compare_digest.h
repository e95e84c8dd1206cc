/* compare_digest.h - a digest of an answer that does not depend on the order of its rows, nor on how an engine writes a value.
 *
 * Equal are: 1, 1.0 and 1.00; t and 1 in a boolean column; numbers with a fraction that agree in their first eight digits; whole
 * numbers of more than 15 digits that agree in their first twelve; a date and its midnight, with or without +00; texts but for
 * blanks at their end. NULL equals nothing but NULL. Rows are a multiset: hashes of rows (128-bit XXH3) are added up. */
#ifndef TN_CLI_COMPARE_DIGEST_H
#define TN_CLI_COMPARE_DIGEST_H

#include "base/buf.h"

struct tn_digest {
    uint64_t      sum[2];
    uint64_t      rows;
    struct tn_buf row; /* of the one that is being read */
};

void tn_digest_init(struct tn_digest *digest);
void tn_digest_reset(struct tn_digest *digest);
void tn_digest_clear(struct tn_digest *digest); /* for the next answer */

/* One value in text format; ptr NULL = NULL. */
void tn_digest_value(struct tn_digest *digest, struct tn_str value, bool boolean);
void tn_digest_row(struct tn_digest *digest); /* the row ends */

/* VALUE in the one way in which it is hashed, into OUT of SIZE bytes, or VALUE itself (shortened) when it is a text. */
struct tn_str tn_digest_normal(struct tn_str value, bool boolean, char *out, size_t size);

#endif
