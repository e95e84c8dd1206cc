/* entry.h - what the cache of translations holds (cache.c), and a body with literals put into it. */
#ifndef TN_TRANSLATE_ENTRY_H
#define TN_TRANSLATE_ENTRY_H

#include "base/list.h"
#include "translate/frame.h"
#include "translate/scan.h"

enum { FIXED_WORDS = TN_SCAN_LITERALS / 64 };
enum kind { HEAD = 1, REFUSAL = 3, BODY = 4 }; /* 2 was a body that other literals than the seen ones were put into */

struct place {
    uint32_t at;     /* in the text, which is without literals that have a place */
    uint32_t number; /* of the literal */
};

struct entry {
    struct entry   *next;  /* of its bucket */
    struct tn_list  used;  /* of its shard, the least recently used first */
    uint64_t        key[2];
    size_t          bytes;
    enum kind       kind;
    bool            exact;             /* HEAD: every literal is part of the key */
    bool            trusted;           /* BODY: every literal with a place was seen to be another; REFUSAL: it is not of the literals */
    uint64_t        varied[FIXED_WORDS]; /* BODY: literals that were seen to be others */
    uint64_t        fixed[FIXED_WORDS]; /* HEAD: literals that are */
    uint64_t        literals;          /* REFUSAL: hash of those it was made with */
    uint64_t        until_us;          /* REFUSAL */
    enum tn_verdict verdict;
    uint32_t        text_len, why_len, place_count, made_count;
    uint64_t       *made;              /* BODY: hash of each literal that it was made with */
    struct place   *places;
    char           *text, *why;        /* all in the block that begins with this struct */
};

/* NULL: no memory. */
TN_MUST_USE struct entry *tn_translation_entry(enum kind kind, const uint64_t key[2], size_t text_len, size_t why_len, size_t place_count,
                                               size_t made_count);

uint64_t tn_translation_literal_hash(const struct tn_scan *scan, size_t i);
uint64_t tn_translation_literals_hash(const struct tn_scan *scan); /* of all */

/* BODY with the literals of SCAN: whether it has a literal for each place, its length, the text, whether it is TEXT. */
bool   tn_translation_fits(const struct entry *body, const struct tn_scan *scan);
size_t tn_translation_len(const struct entry *body, const struct tn_scan *scan);
void   tn_translation_write(const struct entry *body, const struct tn_scan *scan, char *out);
bool   tn_translation_equals(const struct entry *body, const struct tn_scan *scan, struct tn_str text);

/* Whether it may be used for SCAN, whether SCAN has another literal than it was made with, and that it was right for SCAN. */
bool tn_translation_believed(const struct entry *body, const struct tn_scan *scan);
bool tn_translation_has_others(const struct entry *body, const struct tn_scan *scan);
void tn_translation_believe(struct entry *body, const struct tn_scan *scan);

#endif
