/* template.h - the text of a statement without what changes between runs, as a 128-bit XXH3; no allocation.
 *
 * Fed with the tokens in order. Words are folded to lower case, quoted identifiers taken as they are, comments and white
 * space never arrive here. A literal or parameter is `?`, its sign is dropped, TRUE FALSE NULL are literals but after IS
 * and NOT. `IN (1, 2, 3)` and `ARRAY[1, 2]` count as one element, rows of VALUES (and of IN) that hold only literals as the
 * first of them. Everything else counts: `SELECT 1` and `SELECT 1, 2` differ.
 *
 * The same, as text: with `text` set, the template is also written out, for people (`?` for literals) or as SQL that a
 * parser takes (a literal of the same kind, so that the SQL depends on nothing but the template). */
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

/* Where the text of a template goes. Zero-initialise, set out, max and sql. */
struct tn_template_text {
    char    *out;
    size_t   len, max; /* no NUL is written */
    bool     sql;
    bool     full;     /* something did not fit: nothing came behind it */
    bool     some, last_punct;
    char     last;     /* the last byte */
    unsigned operators, longest; /* in a row, for the depth of the tree that they make; who feeds sets operators to 0 */
};

struct tn_template {
    uint64_t              hash, hash2; /* the two halves */
    size_t                len;        /* bytes in block */
    enum tn_template_hold hold;
    bool                  after_row;  /* a row of literals has just ended */
    bool                  after_comma; /* held back: the last was a comma */
    size_t                held;       /* literals held back */
    size_t                depth;      /* of brackets */
    size_t                row_depth;  /* where rows of VALUES open; SIZE_MAX = nowhere */
    char                  sign;       /* + or - that may belong to a literal, 0 = none */
    bool                  sign_gap;   /* white space before it */
    bool                  gap;        /* before the present token */
    enum tn_token_kind    literal;    /* the last one */
    const char           *end;        /* of the last token */
    struct tn_template_text *text;    /* NULL = nowhere */
    struct tn_token       last;
    enum tn_word          last_word;
    char                  block[448];
};

void tn_template_init(struct tn_template *tpl);
/* WORD is tn_word_find() of a TN_TOKEN_WORD, TN_WORD_NONE for the rest. */
void     tn_template_add(struct tn_template *tpl, const struct tn_token *token, enum tn_word word);
uint64_t tn_template_end(struct tn_template *tpl); /* 0 when there was no token */
/* That of TEXT under SECRET, for what is kept by it: nobody can write two texts of one hash who does not know it. */
uint64_t tn_template_keyed(struct tn_str text, enum tn_dialect dialect, uint64_t secret);

/* Internal to template*.c: appends one token; GAP: white space stands before it. */
void tn_template_text_put(struct tn_template_text *text, struct tn_str token, enum tn_token_kind kind, bool literal, bool gap);

#endif
