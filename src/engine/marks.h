/* marks.h - a statement with PostgreSQL's $n for engines that know ? only. Pure. */
#ifndef TN_ENGINE_MARKS_H
#define TN_ENGINE_MARKS_H

#include "base/buf.h"
#include "stats/features.h"

/* How the engine reads a text, and how many parameters it takes (at most UINT16_MAX). */
struct tn_marks_rules {
    enum tn_dialect dialect;
    unsigned        max;
};

/* SQL with a ? for each $n, into OUT; ORDER[i] is what the i-th mark stands for, counted from 0. At most CAPACITY of them are
 * written, *COUNT is how many there are. A ? of the text itself is the parameter of its own place. 42P02 for $0 or one beyond the
 * rules' max, 54000 for more marks than that. */
TN_MUST_USE enum tn_status tn_marks_put(struct tn_buf *out, struct tn_str sql, struct tn_marks_rules rules, uint16_t *order, size_t capacity,
                                        size_t *count, struct tn_error *err);

#endif
