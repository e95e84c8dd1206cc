/* sqlite_run.h - one statement on one connection: struct tn_blocking_ops' start, next and finish. */
#ifndef TN_ENGINE_SQLITE_RUN_H
#define TN_ENGINE_SQLITE_RUN_H

#include "engine/blocking.h"

enum tn_status tn_sqlite_start(void *conn, const struct tn_run *run, struct tn_arena *arena,
                               struct tn_blocking_result *out, struct tn_error *err);
enum tn_status tn_sqlite_next(void *conn, struct tn_batch *batch, struct tn_blocking_result *out, struct tn_error *err);
void           tn_sqlite_finish(void *conn);

#endif
