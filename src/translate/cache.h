/* cache.h - translations by template: the text that an engine gets, with the places where literals of the client's go.
 *
 *   scan -> head: which literals changed the text elsewhere than at a place of their own (a format, an interval): those are
 *           part of the second key
 *        -> body: the text, and its places
 *
 * A body is believed for another literal than the one it was made with only after a second statement with another one there,
 * translated whole, was the same byte for byte as the body with that statement's literals: each literal by itself, as one that
 * was the same in both tells nothing. Where it was not, all literals of that head are part of the key. What a dialect cannot say
 * is kept for a while, too: for other literals after a second refusal for the same reason, and not where a literal may be the cause, or if the
 * template was translated before. Bounded in bytes, least recently used out first. Thread-safe: shards with a lock each, held for the copying of one text. */
#ifndef TN_TRANSLATE_CACHE_H
#define TN_TRANSLATE_CACHE_H

#include "base/arena.h"
#include "translate/frame.h"
#include "translate/scan.h"

struct tn_translations;

/* What is known of a statement in another dialect. Texts are in the arena that was given. */
#define TN_TRANSLATED_SEVERAL "/* several */ " /* what a translation into several statements begins with */

struct tn_translated {
    enum tn_verdict verdict;
    struct tn_str   text;    /* OK: to be sent */
    struct tn_str   why;     /* OK: what the dialect has no word for, one a line, mostly empty; else the reason */
    bool            late;    /* SCRIPT_FAILED: its time was up */
    bool            of_literal; /* CANNOT_PARSE, CANNOT_EXPRESS: with another literal in its place, it might be */
    uint32_t        touched; /* OK, fresh from a process: scripts that changed it, as bits; a remembered one does not know */
};

struct tn_translations_counts {
    uint64_t hits, misses, learned, verified, different, evicted, refused, entries, bytes;
};

TN_MUST_USE struct tn_translations *tn_translations_new(size_t max_bytes); /* NULL: no memory */
void tn_translations_free(struct tn_translations *cache);

/* All scans of a cache are of one secret. SALT: of everything besides the text (dialects, version, scripts). False: it has to be translated. A failed allocation is
 * "not known". */
bool tn_translations_find(struct tn_translations *cache, const struct tn_scan *scan, uint64_t salt, uint64_t now_us, struct tn_arena *arena,
                          struct tn_translated *out);
/* The statement of SCAN was translated: TEXT with PLACES (as in frame.h) and warnings. ROWS (may be NULL) gets what is worth
 * keeping beyond a restart: see tn_translations_load(). */
void tn_translations_learn(struct tn_translations *cache, const struct tn_scan *scan, uint64_t salt, struct tn_str text, struct tn_str places,
                           struct tn_str warnings, struct tn_buf *rows);
/* It cannot be, as RESULT says; that is believed until UNTIL_US. */
void tn_translations_refuse(struct tn_translations *cache, const struct tn_scan *scan, uint64_t salt, const struct tn_translated *result,
                            uint64_t until_us);

/* Rows of learn(): each u32 length, then the row. A row is foreign bytes: false = it is none. No literal that has a place is in it. */
bool tn_translations_load(struct tn_translations *cache, struct tn_str row);

void tn_translations_count(struct tn_translations *cache, struct tn_translations_counts *out);

/* The key under which only one translation is made at a time. */
uint64_t tn_translations_flight(const struct tn_scan *scan, uint64_t salt);

#endif
