#include "stats/database_place.h"

#include "base/str.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

static const char *const endings[] = {"-wal", "-shm"};

/* 0: there is none. */
static ino_t find_beside(char name[PATH_MAX], const char *path, size_t which)
{
    struct stat about;

    return snprintf(name, PATH_MAX, "%s%s", path, endings[which]) < PATH_MAX && stat(name, &about) == 0 ? about.st_ino : 0;
}

void tn_database_place_note(struct tn_database_place *place, const char *path)
{
    char name[PATH_MAX];

    for (size_t i = 0; i < TN_ARRAY_LEN(endings); i++)
        place->beside[i] = find_beside(name, path, i);
}

bool tn_database_is_moved(sqlite3 *db)
{
    int moved = 0;

    return db != NULL && sqlite3_file_control(db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved != 0;
}

static enum tn_status copy(sqlite3 *from, sqlite3 *to, const struct tn_database_kind *kind, struct tn_error *err)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");

    if (backup != NULL) {
        (void)sqlite3_backup_step(backup, -1);
        if (sqlite3_backup_finish(backup) == SQLITE_OK)
            return TN_OK;
    }
    return tn_database_fail(kind, to, "cannot write all of it", err);
}

enum tn_status tn_database_move_back(sqlite3 *db, const struct tn_database_place *place, const struct tn_database_kind *kind, const char *path,
                                     struct tn_error *err)
{
    char           name[PATH_MAX];
    sqlite3       *next = NULL;
    enum tn_status status;

    for (size_t i = 0; i < TN_ARRAY_LEN(endings); i++)
        if (place->beside[i] != 0 && find_beside(name, path, i) == place->beside[i])
            unlink(name); /* DB has it open, and nobody else needs its name */
    TN_TRY(tn_database_open(&next, kind, path, 0, err));
    status = copy(db, next, kind, err);
    sqlite3_close(next);
    return status;
}
