/* list.h - the statements of Trino clients on one worker, for struct tn_server.list_trino. */
#ifndef TN_TRINO_LIST_H
#define TN_TRINO_LIST_H

#include "loop/worker.h"
#include "session/session.h"

void tn_trino_sessions_each(struct tn_worker *worker, void (*fn)(void *arg, const struct tn_session_info *info), void *arg);

#endif
