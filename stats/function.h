/* function.h - what is known about a function by its name (functions.def): does calling it change anything? */
#ifndef TN_STATS_FUNCTION_H
#define TN_STATS_FUNCTION_H

#include "stats/features.h"

enum tn_function {
    TN_FUNCTION_UNKNOWN,   /* perhaps a user's own */
    TN_FUNCTION_PURE,      /* changes nothing; types and constructs that look like calls are here too */
    TN_FUNCTION_VOLATILE,  /* changes nothing, and says something else each time */
    TN_FUNCTION_AGGREGATE, /* changes nothing and aggregates */
    TN_FUNCTION_CHANGES,   /* changes data, a sequence, another session or the server */
    TN_FUNCTION_SESSION    /* the same, and leaves something behind on its connection */
};

enum tn_function tn_function_find(struct tn_str name); /* the last part of the name, ASCII case folded */

#endif
