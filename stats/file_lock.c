#include "stats/file_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum tn_status tn_file_lock_take(struct tn_file_lock *lock, const char *subject, const char *path, struct tn_error *err)
{
    int         fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600), result; /* a pipe would be waited for */
    struct stat about;

    lock->fd = -1;
    if (fd < 0)
        return TN_OK;
    if (fstat(fd, &about) == 0 && !S_ISREG(about.st_mode)) {
        close(fd);
        return tn_fail(err, TN_E_INVALID, "58030", "%s: %s is no file", subject, path);
    }
    do
        result = flock(fd, LOCK_EX | LOCK_NB);
    while (result != 0 && errno == EINTR);
    if (result == 0) {
        lock->fd = fd;
        return TN_OK;
    }
    result = errno;
    close(fd);
    if (result != EWOULDBLOCK)
        return TN_OK; /* no locks here */
    (void)tn_fail(err, TN_E_INVALID, "55006", "%s: %s is in use by another Turnout", subject, path);
    tn_error_hint(err, "Give each server a file of its own (turnout.persistence.path, turnout.statistics.path), or wait until that one has ended.");
    return TN_E_INVALID;
}

void tn_file_lock_end(struct tn_file_lock *lock)
{
    if (lock->fd >= 0)
        close(lock->fd);
    lock->fd = -1;
}
