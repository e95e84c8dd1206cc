/* trino_prepared.h - prepared statements as they travel in headers: long ones compressed, as Trino's own coordinators do ("$zstd:" and
 * base64 in its alphabet for URLs), since clients and proxies take no long headers. */
#ifndef TN_FRONTEND_TRINO_PREPARED_H
#define TN_FRONTEND_TRINO_PREPARED_H

#include "base/arena.h"
#include "base/status.h"
#include "base/str.h"

enum { TN_TRINO_PREPARED_MAX = 16 * 1024 * 1024 };

/* The value of the header (before it is coded as part of one), TEXT itself where it is short. False: no memory. */
TN_MUST_USE bool tn_trino_prepared_put(struct tn_arena *arena, struct tn_str text, struct tn_str *out);
/* And back. TN_E_INVALID 22023: it is not what its beginning says. TN_E_LIMIT, TN_E_NOMEM. */
TN_MUST_USE enum tn_status tn_trino_prepared_read(struct tn_arena *arena, struct tn_str value, struct tn_str *out, struct tn_error *err);

#endif
