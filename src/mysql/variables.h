/* variables.h - MySQL's system variables of one session (table: variables.def) and its user variables (@name). */
#ifndef TN_MYSQL_VARIABLES_H
#define TN_MYSQL_VARIABLES_H

#include "base/arena.h"
#include "base/status.h"

struct tn_my_session;

/* A value of MySQL: a text, a number as text, or NULL (ptr NULL). */
struct tn_my_value {
    struct tn_str text;
    bool          number;
    bool          is_default; /* the word DEFAULT; ptr NULL */
};

int           tn_my_variable_find(struct tn_str name); /* row, -1 = none; the case does not matter */
size_t        tn_my_variable_rows(void);
const char   *tn_my_variable_name(int row);
/* In the session. SHOWN: as SHOW VARIABLES writes it (ON, OFF). In ARENA or static. */
struct tn_str tn_my_variable_text(struct tn_my_session *s, int row, bool shown, struct tn_arena *arena);
bool          tn_my_variable_is_number(int row);
bool          tn_my_variable_is_theirs(int row); /* a server of MySQL's kind has a value of its own */
/* Of @@global.name. */
struct tn_str tn_my_variable_global(struct tn_my_session *s, int row, bool shown, struct tn_arena *arena);
bool          tn_my_variable_is_on(struct tn_my_session *s, const char *name); /* a switch */

/* SET [SESSION] name = value; ptr NULL: DEFAULT. Whatever stands behind it (autocommit, time zone, time-outs) follows. GLOBAL is
 * refused but for what it is already. 42704 unknown (1193), 55P02 read only, 22023 a value it cannot have. Ending a transaction
 * by SET autocommit = 1 is the caller's. */
TN_MUST_USE enum tn_status tn_my_variable_set(struct tn_my_session *s, struct tn_str name, const struct tn_my_value *value, bool global,
                                              struct tn_error *err);
/* They have changed: told with the next OK to a client that tracks them (session_track_system_variables). */
void tn_my_isolation_track(struct tn_my_session *s);
void tn_my_read_only_track(struct tn_my_session *s);
/* @name; those that begin with turnout_ steer the routing: @turnout_group = SET turnout.group. */
TN_MUST_USE enum tn_status tn_my_user_variable_set(struct tn_my_session *s, struct tn_str name, const struct tn_my_value *value, struct tn_error *err);
void tn_my_user_variable_forget(struct tn_my_session *s, struct tn_str name); /* it is its connection's from now on */
bool tn_my_user_variable_is_kept(struct tn_my_session *s, struct tn_str name); /* here, NULL or not */
struct tn_my_value tn_my_user_variable(struct tn_my_session *s, struct tn_str name, struct tn_arena *arena);

#endif
