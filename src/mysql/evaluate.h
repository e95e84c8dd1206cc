/* evaluate.h - expressions that Turnout can answer by itself: literals, @@variables, @variables, and functions about the session
 * (VERSION(), DATABASE(), USER(), CONNECTION_ID(), CONCAT(..) of such, ...). */
#ifndef TN_MYSQL_EVALUATE_H
#define TN_MYSQL_EVALUATE_H

#include "mysql/variables.h"
#include "session/words.h"

enum tn_my_evaluated {
    TN_MY_VALUE,   /* it is known, and WORDS stands behind it */
    TN_MY_NOT_OURS, /* an engine's business */
    TN_MY_WRONG    /* ERR says why */
};

/* The expression at WORDS. *ABOUT_SESSION becomes true when it asks about the session; a literal does not. In ARENA. */
enum tn_my_evaluated tn_my_evaluate(struct tn_my_session *s, struct tn_words *words, struct tn_arena *arena, struct tn_my_value *value,
                                    bool *about_session, struct tn_error *err);

/* What the function NAME says of the session (USER, CONNECTION_ID ..); false: it is none. In ARENA or static. */
bool tn_my_session_value(struct tn_my_session *s, struct tn_str name, struct tn_arena *arena, struct tn_my_value *value);

/* "@@session.name" and the like at WORDS: NAME and whether GLOBAL was said. False: it is none. */
bool tn_my_read_variable(struct tn_words *words, struct tn_str *name, bool *global);

#endif
