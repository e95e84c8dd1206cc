/* undo.h - what a SET changes of its session, to go back to when a part of it is wrong, or its server does not take it: MySQL then
 * changes nothing. */
#ifndef TN_MYSQL_UNDO_H
#define TN_MYSQL_UNDO_H

#include "base/map.h"
#include "mysql/mode.h"
#include "session/settings.h"

struct tn_my_session;
struct tn_my_undone;

struct tn_my_undo {
    struct tn_settings_list *settings; /* NULL: no SET is under way */
    struct tn_my_mode        mode;
    uint16_t                 charset, client_charset, results_charset;
    bool                     autocommit, read_only, once_read_only;
    char                     isolation[24], once_isolation[24];
    struct tn_my_undone     *values;   /* the last one first */
};

void tn_my_undo_begin(struct tn_my_session *s);
void tn_my_undo_end(struct tn_my_session *s, bool failed); /* FAILED: all is as before; harmless when no SET is under way */
/* Before NAME of MAP (s->variables, s->user_variables) becomes another: its value is out of MAP. False: no memory, it is as it was. */
bool tn_my_undo_take(struct tn_my_session *s, struct tn_map *map, struct tn_str name);

#endif
