/* query_shape.h - the shape and the features of a client's statement: read once, where the text comes in (Query, Parse), and kept
 * with it. Worker's thread only. */
#ifndef TN_QUERY_SHAPE_H
#define TN_QUERY_SHAPE_H

#include "query.h"

struct tn_runtime;

/* FEATURES of TEXT (they point into it) and its SHAPE; key[0] is 0 where this program keeps no statistics. */
void tn_query_shape_read(struct tn_runtime *runtime, struct tn_str text, struct tn_str database, const struct tn_session_settings *settings,
                         struct tn_shape *shape, struct tn_features *features);

/* q->shape, found now if the session has none that holds, with the values of its parameters. False: this program keeps no
 * statistics. */
bool tn_query_shape_bind(struct tn_query *q);

#endif
