/* console_psql.h - what psql asks for \d, \dt and \d TABLE is PostgreSQL's catalog through and through; the console's answer to it
 * is simple. The queries are known by their words (psql 9.5 to 17, describe.c). */
#ifndef TN_CONSOLE_CONSOLE_PSQL_H
#define TN_CONSOLE_CONSOLE_PSQL_H

#include "base/arena.h"

/* What to run instead of SQL; false: it is none of psql's, or there is no memory. */
bool tn_console_psql(struct tn_str sql, struct tn_arena *arena, struct tn_str *instead);

#endif
