/* freeze.h - groups that an operator has frozen: their strategy decides with what it knows, learns nothing and tries nothing
 * until they are thawed. Kept by name, over reloads, and with the statistics over restarts. Any thread. */
#ifndef TN_FREEZE_H
#define TN_FREEZE_H

#include "stats/store.h"

enum { TN_FREEZE_MAX = 1000 };

struct tn_freeze;

/* STORE NULL: not kept over restarts; else it must be closed before tn_freeze_free(). */
TN_MUST_USE enum tn_status tn_freeze_new(struct tn_freeze **out, struct tn_store *store, struct tn_error *err);
void tn_freeze_free(struct tn_freeze *freeze); /* NULL is fine */

bool           tn_freeze_has(struct tn_freeze *freeze, struct tn_str group); /* cheap while none is frozen */
enum tn_status tn_freeze_set(struct tn_freeze *freeze, struct tn_str group, bool on, struct tn_error *err); /* TN_E_LIMIT, TN_E_NOMEM */

#endif
