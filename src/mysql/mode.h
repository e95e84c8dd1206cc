/* mode.h - sql_mode, as far as it says how texts are read. ANSI_QUOTES and NO_BACKSLASH_ESCAPES stay between the client and Turnout: its
 * statements are written in MySQL's usual spelling as they come in, and no engine hears of these modes. Pure. */
#ifndef TN_MYSQL_MODE_H
#define TN_MYSQL_MODE_H

#include "base/arena.h"
#include "base/buf.h"

struct tn_my_mode {
    bool ansi_quotes;  /* "x" is a name */
    bool no_backslash; /* \ is a character like any other */
};

/* MODES, as SET sql_mode has them: *MODE, what the client is shown, and what a server is told, in ARENA or static.
 * TN_E_UNSUPPORTED 0A000: one that changes more than that; TN_E_NOMEM. */
TN_MUST_USE enum tn_status tn_my_mode_read(struct tn_str modes, struct tn_arena *arena, struct tn_my_mode *mode, struct tn_str *shown,
                                           struct tn_str *told, struct tn_error *err);
/* Appends SQL, read in MODE, in MySQL's usual spelling; @`x` becomes @x. */
void tn_my_mode_put(struct tn_buf *out, struct tn_str sql, struct tn_my_mode mode);

static inline bool tn_my_mode_is_usual(struct tn_my_mode mode)
{
    return !mode.ansi_quotes && !mode.no_backslash;
}

#endif
