/* named.h - what SQL's own PREPARE gave a name to, so that an EXECUTE of it counts for the statement itself, with its values. Only for the
 * statistics: the engine has the statement, and what it says to a name that is wrong is the answer. */
#ifndef TN_SESSION_NAMED_H
#define TN_SESSION_NAMED_H

#include "base/buf.h"
#include "session/words.h"
#include "stats/features.h"

enum { TN_NAMED_VALUES = 64 }; /* of one EXECUTE: more of them are not followed */

struct tn_named;

/* Of one session; all zero = empty. */
struct tn_names {
    struct tn_named *first;  /* the newest last */
    bool             fresh;  /* the statement before was a PREPARE that named the last of them */
    struct tn_buf    text;   /* and what the last EXECUTE meant */
};

/* Notes PREPARE, DEALLOCATE and DISCARD as PostgreSQL writes them; of an EXECUTE the statement that it means, with its values, until the
 * next one of the session; else empty. */
struct tn_str tn_named_meant(struct tn_names *names, struct tn_str sql, enum tn_verb verb);
void          tn_named_refused(struct tn_names *names); /* the statement that was noted last failed: what it named is not there */
void          tn_named_forget(struct tn_names *names);

/* What these are made of. PUT keeps copies; a name that is there stays as it is. MEANT: TEXT with VALUES for its $1, $2. */
void          tn_named_put(struct tn_names *names, struct tn_str name, struct tn_str text);
void          tn_named_drop(struct tn_names *names, struct tn_str name);
struct tn_str tn_named_text(const struct tn_names *names, struct tn_str name); /* empty: not there */
struct tn_str tn_named_fill(struct tn_names *names, struct tn_str text, const struct tn_str *values, unsigned count);
/* Values between commas, up to END or the end of the statement. Their number. */
unsigned      tn_named_values(struct tn_words *words, char end, struct tn_str values[TN_NAMED_VALUES]);

#endif
