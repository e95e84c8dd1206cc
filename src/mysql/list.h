/* list.h - MySQL's sessions of one worker, for struct tn_server.list_mysql. */
#ifndef TN_MYSQL_LIST_H
#define TN_MYSQL_LIST_H

#include "loop/worker.h"
#include "session/session.h"

void tn_my_sessions_each(struct tn_worker *worker, void (*fn)(void *arg, const struct tn_session_info *info), void *arg);

#endif
