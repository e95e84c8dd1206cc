/* shape_cast.h - to which types literals are cast, as '1'::int and CAST('1' AS int): a fingerprint looks past such a cast, and past its
 * type. Casts of anything else are in the fingerprint. Internal to stats/shape*.c. No allocation. */
#ifndef TN_STATS_SHAPE_CAST_H
#define TN_STATS_SHAPE_CAST_H

#include "stats/shape_stream.h"

enum { TN_CASTS_MOST = 16 }; /* types of one statement; further ones are not told apart */

struct tn_casts {
    enum { TN_CAST_NONE, TN_CAST_OPERAND, TN_CAST_TYPE } state; /* OPERAND: what follows CAST( */
    bool     call, literal; /* the token before was CAST; the last operand is a literal, in brackets perhaps */
    bool     name, args;    /* the token before was one; the innermost bracket is that of a function */
    bool     named;         /* it was $x: SQLite's go on, as $x::y(z) */
    bool     dotted;        /* the name of the type goes on */
    unsigned depth;         /* brackets of the type: varchar(10) */
    uint64_t type;          /* hash of its name so far; 0 = none */
    size_t   count;
    uint64_t seen[TN_CASTS_MOST];
};

/* The next token (of kind END behind the last one). The hash of a type that was not met before, when its name has ended; else 0. */
uint64_t tn_casts_token(struct tn_casts *casts, const struct tn_stream_token *now);

#endif
