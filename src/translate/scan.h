/* scan.h - a statement's text as the cache of translations sees it: a key of everything but plain literals, and the literals.
 *
 * Plain is a string without quotes, backslashes and control characters inside, and a number of digits (with one point at
 * most): such a literal is written alike in every dialect, so that its bytes can be put into a translation. Any other literal
 * is part of the key. The kind of a literal (string, integer of up to 9 or 18 digits, decimal, of a day or
 * a time of day everything but its digits, and whether a string has letters) is, too. Words stay as written: they name columns. White space and comments do not count. Linear, no allocation.
 *
 * Keys are hashes under a secret, as other hashes of a scan's literals are (entry.h): without it nobody can write two texts of one key. */
#ifndef TN_TRANSLATE_SCAN_H
#define TN_TRANSLATE_SCAN_H

#include "base/buf.h"
#include "stats/lexer.h"

enum { TN_SCAN_LITERALS = 256 }; /* further ones are part of the key */

struct tn_scan {
    uint64_t      secret;
    uint64_t      key[2];
    size_t        count;
    struct tn_str literals[TN_SCAN_LITERALS]; /* as written, with quotes; they point into the text */
};

void tn_scan_read(struct tn_scan *out, struct tn_str sql, enum tn_dialect dialect, uint64_t secret);

/* SQL with nothing in it but what the key is of, so that who reads it cannot see another statement in it: without comments and
 * hints, with what stands in executable comments of MySQL, with a space in MySQL's "5--1". AT: where the literals of SCAN stand
 * in OUT (OUT->failed: no memory, or too long). */
void tn_scan_spell(struct tn_buf *out, struct tn_str sql, enum tn_dialect dialect, const struct tn_scan *scan, uint32_t at[TN_SCAN_LITERALS]);

#endif
