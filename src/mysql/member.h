/* member.h - whose tables are meant: statements about tables are written for one member of the group that they are routed to. */
#ifndef TN_MYSQL_MEMBER_H
#define TN_MYSQL_MEMBER_H

#include "engine/cluster.h"
#include "session/settings.h"

struct tn_my_session;

/* The member for SQL; NULL: none, the run will say why. *SETTINGS is the session's (a new reference, the caller's); where the group
 * has members of several kinds, with that member asked for by name. */
TN_MUST_USE enum tn_status tn_my_member_find(struct tn_my_session *s, struct tn_str sql, struct tn_cluster **out, struct tn_settings_list **settings,
                                             struct tn_error *err);

bool tn_my_member_is_mysqls(const struct tn_cluster *member); /* it speaks MySQL's protocol; NULL: no */
/* Does it speak MySQL's dialect itself? */
bool tn_my_member_is_mysql(struct tn_my_session *s, struct tn_str sql);

#endif
