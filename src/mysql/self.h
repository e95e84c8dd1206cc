/* self.h - what a MySQL client's statement asks of its own session: CURRENT_USER() and its like become the values that the client has, since
 * an engine would answer for the account, and the connection, that Turnout has there.
 *
 * Only what cannot be anything else is replaced: a call without arguments (CURRENT_USER also without its parentheses), never quoted, never behind or
 * before a dot, of a query or a change of rows. What a definition keeps to be asked later (a view, a trigger, DEFINER = ..) and what names an
 * account (GRANT, SHOW GRANTS FOR) is left as it is, like what a server is given as a text to be executed (PREPARE, EXECUTE IMMEDIATE); of CREATE TABLE the query behind it is replaced. A column that is not named keeps the
 * name that MySQL gives it. */
#ifndef TN_MYSQL_SELF_H
#define TN_MYSQL_SELF_H

#include "base/buf.h"
#include "mysql/variables.h"

/* Might SQL ask such a thing? Most statements do not, and are not read. */
bool tn_my_self_may_ask(struct tn_str sql);

/* SQL itself in *OUT when it asks nothing. OTHERS: for an engine that is not of MySQL's kind, which knows neither DATABASE(), VERSION(),
 * @@variables nor @variables. In the session's arena; false: no memory. */
TN_MUST_USE bool tn_my_self_answer(struct tn_my_session *s, struct tn_str sql, bool others, struct tn_str *out);

/* For a server of MySQL's kind, whatever it takes a backslash for. */
void tn_my_put_value(struct tn_buf *out, const struct tn_my_value *value);

#endif
