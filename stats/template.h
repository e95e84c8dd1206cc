/* template.h - the text of a statement without what changes between runs, as a 64-bit hash; no allocation.
 *
 * Fed with the tokens in order. Words are folded to lower case, quoted identifiers taken as they are, comments and white
 * space never arrive here. A literal or parameter is `?`, its sign is dropped, TRUE FALSE NULL are literals but after IS
 * and NOT. `IN (1, 2, 3)` and `ARRAY[1, 2]` count as one element, rows of VALUES (and of IN) that hold only literals as the
 * first of them. Everything else counts: `SELECT 1` and `SELECT 1, 2` differ. */
#ifndef TN_STATS_TEMPLATE_H
#define TN_STATS_TEMPLATE_H

#include "stats/lexer.h"
#include "stats/word.h"

enum tn_template_hold {
    TN_HOLD_NONE,
    TN_HOLD_LIST,   /* inside IN ( or ARRAY [, only literals so far */
    TN_HOLD_COMMA,  /* comma behind a row */
    TN_HOLD_ROW     /* inside a later row, only literals so far */
};

struct tn_template {
    uint64_t              hash, hash2; /* the second one makes it 128 bits where that matters */
    size_t                len;        /* bytes in block */
    enum tn_template_hold hold;
    bool                  after_row;  /* a row of literals has just ended */
    bool                  after_comma; /* held back: the last was a comma */
    size_t                held;       /* literals held back */
    size_t                depth;      /* of brackets */
    size_t                row_depth;  /* where rows of VALUES open; SIZE_MAX = nowhere */
    char                  sign;       /* + or - that may belong to a literal, 0 = none */
    struct tn_token       last;
    enum tn_word          last_word;
    char                  block[448];
};

void tn_template_init(struct tn_template *tpl);
/* WORD is tn_word_find() of a TN_TOKEN_WORD, TN_WORD_NONE for the rest. */
void     tn_template_add(struct tn_template *tpl, const struct tn_token *token, enum tn_word word);
uint64_t tn_template_end(struct tn_template *tpl); /* 0 when there was no token */

#endif
