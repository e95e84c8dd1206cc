/* database_place.h - a file of ours that is removed or replaced while we have it open: without a look, everything from then on
 * would be written to what nobody finds. Internal to stats/. */
#ifndef TN_STATS_DATABASE_PLACE_H
#define TN_STATS_DATABASE_PLACE_H

#include "stats/database.h"

#include <sys/stat.h>

/* SQLite's files beside it, as they were when it was opened: those of a file that is gone must not be read as the next one's. */
struct tn_database_place {
    ino_t beside[2]; /* 0 = none */
};

void tn_database_place_note(struct tn_database_place *place, const char *path); /* once it is open */
/* What lies at its path is not it any more, or nothing is. One stat(); false for NULL and for one in memory. */
bool tn_database_is_moved(sqlite3 *db);
/* Writes all of DB, which was moved, to a file at PATH. One of the same kind that somebody put there is overwritten, any other is
 * refused and left as it is (TN_E_INVALID). DB stays open; when this is done the caller closes it, and opens PATH anew. */
TN_MUST_USE enum tn_status tn_database_move_back(sqlite3 *db, const struct tn_database_place *place, const struct tn_database_kind *kind,
                                                 const char *path, struct tn_error *err);

#endif
