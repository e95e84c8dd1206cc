/* reader.h - the state of tn_features_read() while it goes over the tokens. Internal to features.c and reader.c. */
#ifndef TN_STATS_READER_H
#define TN_STATS_READER_H

#include "stats/scope.h"
#include "stats/sizes.h"
#include "stats/statement.h"
#include "stats/template.h"

struct tn_reader {
    struct tn_features      *out;
    enum tn_dialect          dialect;
    struct tn_scope          scope;
    struct tn_statement_scan scan;
    struct tn_template       tpl;
    struct tn_sizes          sizes;
    unsigned                 unnumbered;   /* parameters without a number */
    struct tn_token          token, last;  /* this one and the one before */
    enum tn_word             word;         /* of the token, NONE behind a dot */
    enum tn_word             w1, w2;       /* of the one before and of the one before that */
    enum tn_word             first;        /* the leading keyword */
    enum tn_word             inner;        /* the keyword of the statement inside */
    enum tn_word             pending;      /* INSERT UPDATE DELETE .. where it may also be a column's name */
    size_t                   main_depth;   /* brackets around the statement */
    const char              *text_end;
    struct tn_str            pragma;       /* the name behind PRAGMA */
    size_t                   config_depth; /* of an open set_config(, 0 = none */
    bool                     seen;         /* there was a first word, or something else instead of it */
    bool                     want_inner;   /* EXPLAIN, PREPARE, DECLARE: the statement inside was not met yet */
    bool                     writes;       /* data-changing part, function or unreadable depth */
    bool                     on_table;     /* CREATE INDEX ..: ON names a table */
    bool                     to_stdout;    /* COPY .. TO STDOUT */
    bool                     assigns;      /* = outside brackets: PRAGMA x = y */
    bool                     calls;        /* brackets: PRAGMA x(y) */
    bool                     ended;        /* its semicolon was met */
    bool                     last_is_alias;
    bool                     named;        /* a string was the name of a table */
};

/* LEVELS: TN_SCOPE_LEVELS of them, need not be initialised. */
void tn_reader_init(struct tn_reader *reader, struct tn_features *out, struct tn_str text, enum tn_dialect dialect,
                    struct tn_level *levels);
void tn_reader_token(struct tn_reader *reader); /* token is set; the template was fed */

/* tn_features_read() in steps, for who goes over the tokens anyway (features.c). PARAMS: values that stand in for parameters
 * where sizes are read; WORD: tn_word_find() of a word that is not behind a dot. */
void tn_features_begin(struct tn_reader *reader, struct tn_features *out, struct tn_str text, enum tn_dialect dialect,
                       struct tn_level *levels, const struct tn_str *params, unsigned param_count);
void tn_features_token(struct tn_reader *reader, const struct tn_token *token, enum tn_word word);
void tn_features_end(struct tn_reader *reader);
/* After the end: would the features be others if one of the statement's numbers (but one right behind LIMIT) or strings were another one?
 * (When in doubt, they would.) */
static inline bool tn_features_valued(const struct tn_reader *reader)
{
    return reader->sizes.valued || reader->named || reader->out->inner.len > 0;
}
/* tn_features_read(), and that. */
bool tn_features_read_valued(struct tn_features *out, struct tn_str text, enum tn_dialect dialect);

#endif
