/* postgres_settings.h - the session settings in force on one server connection, and the SQL that changes them into those
 * of the session that runs next. Only names that were ever set through here are looked at. Own worker's thread only. */
#ifndef TN_ENGINE_POSTGRES_SETTINGS_H
#define TN_ENGINE_POSTGRES_SETTINGS_H

#include "base/buf.h"
#include "engine/engine.h"

struct tn_postgres_setting {
    char *name;  /* owned */
    char *value; /* owned; NULL = not known: it may be anything */
    bool  is_set;/* false: was reset, so it has the server's value, unless `value` is not known */
};

struct tn_postgres_settings {
    size_t                      count, capacity;
    struct tn_postgres_setting *items;
};

void tn_postgres_settings_reset(struct tn_postgres_settings *settings); /* frees; nothing is in force */
/* The values in force are not known any more: a ROLLBACK has undone some. */
void tn_postgres_settings_doubt(struct tn_postgres_settings *settings);

/* Appends to SQL what makes WANTED (NULL = none) of the settings in force; nothing when they are equal. AFTER_RESET is
 * the SQL that must follow when something goes back to the server's own value. READ_ONLY: the cluster is, and no session
 * may change that. */
void tn_postgres_settings_write(const struct tn_postgres_settings *settings, const struct tn_session_settings *wanted,
                                bool read_only, struct tn_str after_reset, struct tn_buf *sql);
/* The server has executed that. False: no memory, the settings are in doubt. */
TN_MUST_USE bool tn_postgres_settings_take(struct tn_postgres_settings *settings, const struct tn_session_settings *wanted,
                                           bool read_only);

#endif
