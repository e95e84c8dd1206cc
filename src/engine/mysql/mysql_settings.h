/* mysql_settings.h - the session settings in force on one server connection, and the statements that change them into those of the
 * session that runs next. PostgreSQL's names are translated where MySQL has the like (mysql_setting.def); others are set only
 * where they were set on an engine of this kind. Own worker's thread only. */
#ifndef TN_ENGINE_MYSQL_SETTINGS_H
#define TN_ENGINE_MYSQL_SETTINGS_H

#include "base/buf.h"
#include "base/tz.h"
#include "engine/engine.h"

struct tn_mysql_setting {
    char *name;  /* owned; the session's */
    char *value; /* owned; NULL = not known */
};

enum { TN_MYSQL_DATABASE = 64 * 4 + 1 };

struct tn_mysql_settings {
    size_t                   count, capacity;
    struct tn_mysql_setting *items;
    const char              *home;  /* the cluster's own database; NULL: none */
    char                     absent[TN_MYSQL_DATABASE]; /* a session's, which the server does not have: home is used instead; empty: none */
    bool                     moved; /* what was written changes the database; for the owner to clear, who sets: */
    bool                     astray; /* nobody knows yet whether it did */
};

void tn_mysql_settings_reset(struct tn_mysql_settings *settings); /* frees; nothing is in force, `home` and `absent` stay */
struct tn_str tn_mysql_settings_get(const struct tn_mysql_settings *settings, struct tn_str name); /* in force; ptr NULL: none, or it is not known */
void tn_mysql_settings_doubt(struct tn_mysql_settings *settings); /* the values in force are not known any more */

/* Appends to SCRIPT the statements, each with a NUL, that make WANTED (NULL = none) of the settings in force. BASE: the statement
 * that every session begins with. READ_ONLY: the cluster is, and no session may change that. BY_OFFSET: the server knows no zones
 * by name; it gets the offset that the zone has now. */
void tn_mysql_settings_write(struct tn_mysql_settings *settings, const struct tn_session_settings *wanted, bool read_only,
                             bool by_offset, const char *base, struct tn_buf *script);
/* The server has executed that. False: no memory, the settings are in doubt. */
TN_MUST_USE bool tn_mysql_settings_take(struct tn_mysql_settings *settings, const struct tn_session_settings *wanted, bool read_only);
/* The time zone that WANTED asks for, as the server has it then; NULL = UTC, or one that only the server knows. The caller owns a count. */
struct tn_tz *tn_mysql_settings_zone(const struct tn_session_settings *wanted, bool by_offset);

/* TEXT as an SQL literal, right whether \ is an escape or not. */
void tn_mysql_put_literal(struct tn_buf *sql, struct tn_str text);

#endif
