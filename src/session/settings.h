/* settings.h - what SET, RESET, SHOW and start-up parameters of one session amount to: an immutable, counted list of values
 * that differ from the defaults. A change makes a new list, so a running query keeps the one it began with, and a rolled
 * back transaction gets its old one back. Own thread only. */
#ifndef TN_SESSION_SETTINGS_H
#define TN_SESSION_SETTINGS_H

#include "base/arena.h"
#include "engine/engine.h"
#include "frontend/pgwire/pg_types.h"
#include "policies/route/route.h"
#include "snapshot.h"

#define TN_SERVER_VERSION "15.20 (Turnout " TN_VERSION ")"
#define TN_SERVER_VERSION_NUM "150020"

struct tn_tz;

struct tn_setting_value {
    struct tn_str      name;   /* as reported or, for an engine's own, in lower case */
    struct tn_str      value;
    int                row;    /* in settings.def, -1 = not there */
    bool               local;  /* SET LOCAL: gone at the end of the transaction */
    enum tn_cfg_engine only;   /* for row -1 */
};

struct tn_settings_list {
    unsigned                   refs;
    struct tn_arena            arena;
    size_t                     count;
    struct tn_setting_value   *values;
    struct tn_session_settings replay;  /* what engines get */
    struct tn_tz              *tz;      /* counted; NULL = UTC */
    struct tn_pg_style         style;   /* for the encoder; points to tz */
    uint64_t                   statement_timeout_us, idle_in_transaction_us;
    size_t                     tag_count;
    struct tn_tag             *tags;
    struct tn_str              application, group, cluster, strategy, priority, dialect;
    bool                       read_only;  /* default_transaction_read_only */
};

TN_MUST_USE struct tn_settings_list *tn_settings_list_new(void); /* all defaults; NULL: no memory */
struct tn_settings_list *tn_settings_list_ref(struct tn_settings_list *list);
void                     tn_settings_list_unref(struct tn_settings_list *list); /* NULL is fine */

/* Row of settings.def by name in any case, -1 = none. */
int  tn_setting_find(struct tn_str name);
bool tn_setting_reported(int row);
struct tn_str tn_setting_name(int row);
size_t tn_setting_rows(void);
struct tn_str tn_setting_default(int row);

/* The value in force; ptr NULL when the name is neither in settings.def nor in the list. */
struct tn_str tn_settings_get(const struct tn_settings_list *list, struct tn_str name);

/* The value in the list itself; ptr NULL: the default is in force. */
struct tn_str tn_settings_get_own(const struct tn_settings_list *list, struct tn_str name);

/* *LIST becomes a list with the change; the old one is unreffed. VALUE.ptr NULL = back to the default. INTERNAL may also set
 * READONLY rows. SNAPSHOT checks group and cluster names. On an error *LIST is unchanged: 22023 a value, 42704 an unknown
 * name of group, cluster, strategy or turnout.*, 55P02 a READONLY one, 0A000 a value that Turnout does not serve. */
TN_MUST_USE enum tn_status tn_settings_change(struct tn_settings_list **list, struct tn_str name, struct tn_str value,
                                              enum tn_cfg_engine only, bool local, bool internal,
                                              const struct tn_snapshot *snapshot, struct tn_error *err);
/* Drops what SET LOCAL did (values of BEFORE come back), keeps the rest. */
TN_MUST_USE enum tn_status tn_settings_end_local(struct tn_settings_list **list, const struct tn_settings_list *before);

#endif
