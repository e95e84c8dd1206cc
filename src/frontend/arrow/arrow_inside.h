/* arrow_inside.h - what the files of this folder share, where nanoarrow is there. Included first: it brings struct ArrowArray. */
#ifndef TN_FRONTEND_ARROW_INSIDE_H
#define TN_FRONTEND_ARROW_INSIDE_H

#ifdef TN_HAVE_NANOARROW
#include <nanoarrow/nanoarrow.h>
#include <nanoarrow/nanoarrow_ipc.h>
#endif

#include "frontend/arrow/arrow.h"

#ifdef TN_HAVE_NANOARROW
enum { TN_ARROW_DIGITS_MAX = 38, TN_ARROW_DEPTH_MAX = 60 };

#define TN_ARROW_DAY_US INT64_C(86400000000) /* a time of a day is less */

/* CODE, of nanoarrow (an errno), as an error of ours; TN_OK of 0. */
enum tn_status tn_arrow_status(int code, const struct ArrowError *reason, struct tn_error *err);

/* arrow_schema.c: the caller releases *OUT, also after an error. */
TN_MUST_USE enum tn_status tn_arrow_make_schema(const struct tn_schema *schema, struct ArrowSchema *out, struct tn_error *err);
/* A NUMERIC that is decimal128. */
bool tn_arrow_is_exact(const struct tn_column *column);

/* arrow_copy.c: rows of IN, of type SCHEMA, to the empty OUT; an errno. */
TN_MUST_USE int tn_arrow_copy(struct ArrowArray *out, const struct ArrowArray *in, const struct ArrowSchema *schema, int64_t from, int64_t count);
TN_MUST_USE int tn_arrow_copy_validity(struct ArrowArray *out, const struct ArrowArray *in, int64_t from, int64_t count);

/* arrow_value.c: an array that values are written to, and its parts. */
struct tn_arrow_node {
    enum ArrowType        type;
    int                   precision, scale;
    bool                  zoned;  /* a timestamp with zone */
    size_t                count;
    struct tn_arrow_node *parts;
    struct ArrowArray    *array;
};
TN_MUST_USE enum tn_status tn_arrow_node_init(struct tn_arrow_node *out, const struct ArrowSchema *schema, struct ArrowArray *array,
                                              struct tn_arena *arena, struct tn_error *err);

/* False: no such value, or no memory. */
TN_MUST_USE bool tn_arrow_add_decimal(struct tn_arrow_node *node, struct tn_str text);
/* JSON of a nested column, as engines give it (struct tn_nested). */
TN_MUST_USE bool tn_arrow_add_json(struct tn_arrow_node *node, struct tn_str json);
/* A row as rest_encode.h has it in format ARRAYS; NODE is the struct of all columns. */
TN_MUST_USE bool tn_arrow_add_row(struct tn_arrow_node *node, struct tn_str row);
#endif

#endif
