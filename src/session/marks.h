/* marks.h - savepoints before a transaction's first statement, of an engine that has none: their names, the oldest first. Pure; one owner. */
#ifndef TN_SESSION_MARKS_H
#define TN_SESSION_MARKS_H

#include "base/buf.h"
#include "base/str.h"

struct tn_marks {
    unsigned      count;
    struct tn_buf names; /* each behind its length, two bytes */
};

void tn_marks_init(struct tn_marks *marks); /* allocates nothing */
void tn_marks_reset(struct tn_marks *marks);

/* The name in SAVEPOINT name, RELEASE [SAVEPOINT] name, ROLLBACK .. TO [SAVEPOINT] name, folded as PostgreSQL does, in OUT; false: there is none. */
bool tn_marks_name(struct tn_str sql, struct tn_buf *out);

bool tn_marks_push(struct tn_marks *marks, struct tn_str name); /* false: no memory, or too many */
void tn_marks_pop(struct tn_marks *marks);
/* What was set after the latest of NAME is gone, and with RELEASE that as well. False: there is none of that name. */
bool tn_marks_end(struct tn_marks *marks, struct tn_str name, bool release);

#endif
