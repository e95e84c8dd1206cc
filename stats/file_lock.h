/* file_lock.h - one program at a time writes a file of ours: two of them would give the same numbers to different things, and what one
 * learned would be gone with the next line of the other. An advisory lock of the kernel (flock) that ends with the process, however it
 * ends; file systems that have none are not guarded. */
#ifndef TN_STATS_FILE_LOCK_H
#define TN_STATS_FILE_LOCK_H

#include "base/status.h"

struct tn_file_lock {
    int fd; /* -1: none is held */
};
#define TN_FILE_LOCK_NONE {-1}

/* Locks the file at PATH, which is made when it is not there. TN_E_INVALID: another holds it, and nothing was changed; SUBJECT begins the
 * message. A file that cannot be opened is not locked, and no error: opening it for use says what is wrong. */
TN_MUST_USE enum tn_status tn_file_lock_take(struct tn_file_lock *lock, const char *subject, const char *path, struct tn_error *err);
/* After every use of the file in this process: closing it releases the locks that SQLite holds on it. Harmless when none is held. */
void tn_file_lock_end(struct tn_file_lock *lock);

#endif
