/* setting_call.h - SELECT set_config('name', 'value', is_local) and SELECT current_setting('name'), alone: SET and SHOW as drivers and frameworks say
 * them (Django's time zone; pgAdmin adds that pg_settings must have it). With more in the statement they are the engine's. Pure. */
#ifndef TN_SESSION_SETTING_CALL_H
#define TN_SESSION_SETTING_CALL_H

#include "base/arena.h"
#include "base/str.h"

struct tn_setting_call {
    struct tn_str name, value, column; /* the column of the answer */
    bool          sets, local;         /* set_config; of the transaction alone */
};

/* False: SQL is something else, or there is no memory. What is read is in ARENA or in SQL. */
bool tn_setting_call_read(struct tn_str sql, struct tn_arena *arena, struct tn_setting_call *out);

#endif
