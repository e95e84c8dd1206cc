/* scope.h - where in a statement the reader of features is: a level per open bracket, names of WITH, and the relation name
 * that is being read. Internal to features.c and scope.c; no allocation. */
#ifndef TN_STATS_SCOPE_H
#define TN_STATS_SCOPE_H

#include "stats/lexer.h"
#include "stats/word.h"

enum {
    TN_SCOPE_LEVELS = 12288, /* deeper brackets are counted, but not looked into */
    TN_SCOPE_CTES = 64
};

enum tn_level_flag {
    LEVEL_FIRST = 1u << 0,     /* nothing but opening brackets yet */
    LEVEL_FROM = 1u << 1,      /* in a list of tables: a comma is followed by one */
    LEVEL_EXPECT = 1u << 2,    /* a relation name comes next */
    LEVEL_TARGET = 1u << 3,    /* and it cannot be a function */
    LEVEL_WITH = 1u << 4,      /* between WITH and the statement proper */
    LEVEL_CTE_NAME = 1u << 5,  /* the name of a WITH query comes next */
    LEVEL_CTE_BODY = 1u << 6,  /* the query of a WITH query */
    LEVEL_RECURSIVE = 1u << 7, /* WITH RECURSIVE */
    LEVEL_PLAIN = 1u << 8,     /* brackets around a whole statement or an arm of a set operation */
    LEVEL_OPTIONS = 1u << 9    /* EXPLAIN ( .. ) */
};

struct tn_level {
    uint8_t  verb; /* enum tn_verb of the statement at this level, TN_VERB_OTHER in an expression */
    uint16_t flags;
};

struct tn_cte {
    struct tn_str name;
    size_t        depth;
    bool          quoted, visible;
};

struct tn_scope {
    struct tn_features *features;
    struct tn_level    *levels; /* TN_SCOPE_LEVELS, only those up to depth are valid */
    size_t              depth;  /* may exceed TN_SCOPE_LEVELS */
    struct tn_cte       ctes[TN_SCOPE_CTES];
    size_t              cte_count;
    const char         *name_start, *name_end; /* relation name being read; NULL = none */
    unsigned            name_parts;
    bool                name_quoted, name_dotted, name_target;
    bool                quoted[TN_FEATURES_TABLES];
};

void tn_scope_init(struct tn_scope *scope, struct tn_features *features, struct tn_level *levels);

/* The innermost level, or NULL when it is too deep. */
struct tn_level *tn_scope_top(struct tn_scope *scope);
struct tn_level *tn_scope_push(struct tn_scope *scope); /* the new level, or NULL */
void             tn_scope_pop(struct tn_scope *scope);

void tn_scope_cte(struct tn_scope *scope, const struct tn_token *name, bool visible);

void tn_scope_name_begin(struct tn_scope *scope, const struct tn_token *token, bool target);
/* Gives TOKEN to the name that is being read. True when it belongs to it; otherwise the name has ended and, unless it is a
 * function's, stands in the features. */
bool tn_scope_name_token(struct tn_scope *scope, const struct tn_token *token);
void tn_scope_name_end(struct tn_scope *scope); /* at the end of the text */

#endif
