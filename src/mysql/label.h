/* label.h - names of databases that clients may say although no engine has a schema of that name: then it is a name for the engine's own.
 * They are the database of the log-in, those of frontends.mysqlWire.databases, and what the configuration calls things: groups, clusters,
 * the member's database, file or catalog. */
#ifndef TN_MYSQL_LABEL_H
#define TN_MYSQL_LABEL_H

#include "base/str.h"

struct tn_cluster_conf;
struct tn_my_session;

bool tn_my_is_label(const struct tn_my_session *s, const struct tn_cluster_conf *member, struct tn_str name);
bool tn_my_is_listed(const struct tn_my_session *s, struct tn_str name); /* of frontends.mysqlWire.databases */

#endif
