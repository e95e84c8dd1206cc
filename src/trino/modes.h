/* modes.h - what stands behind START TRANSACTION. */
#ifndef TN_TRINO_MODES_H
#define TN_TRINO_MODES_H

#include "base/status.h"
#include "base/str.h"

/* MODES are a part of STATEMENT, in which the error's position is. TN_E_INVALID 42601: no modes of Trino's grammar, or an isolation level, or READ
 * ONLY and READ WRITE, said more than once. ERR is not NULL. */
enum tn_status tn_trino_modes_check(struct tn_str modes, struct tn_str statement, struct tn_error *err);

#endif
