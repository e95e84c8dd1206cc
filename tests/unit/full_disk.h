/* full_disk.h - for tests of what is written when there is no room: in a child, which has its own limit and its own log. */
#ifndef TN_TESTS_FULL_DISK_H
#define TN_TESTS_FULL_DISK_H

#include "base/log.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* No file of this process grows beyond LIMIT; RLIM_INFINITY lifts that. */
static inline void limit_files(rlim_t limit)
{
    struct rlimit now;

    getrlimit(RLIMIT_FSIZE, &now);
    now.rlim_cur = limit == RLIM_INFINITY ? now.rlim_max : limit;
    setrlimit(RLIMIT_FSIZE, &now);
}

/* The log goes beside the file at PATH from here on, and a write that has no room is an error instead of the end. */
static inline int full_disk_begin(const char *path)
{
    char log_path[160];
    int  fd;

    snprintf(log_path, sizeof log_path, "%s.log", path);
    fd = open(log_path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    tn_log_to_fd(fd);
    signal(SIGXFSZ, SIG_IGN);
    return fd;
}

static inline int lines_with(const char *log, const char *part)
{
    int count = 0;

    for (const char *at = strstr(log, part); at != NULL; at = strstr(at + 1, part))
        count++;
    return count;
}

/* Both stand in the log, once: a full disk is told when it begins and when it is over. */
static inline bool full_disk_told(int log_fd, const char *begun, const char *over)
{
    static char log[65536];
    ssize_t     got = pread(log_fd, log, sizeof log - 1, 0);

    log[got > 0 ? got : 0] = '\0';
    if (lines_with(log, begun) == 1 && lines_with(log, over) == 1)
        return true;
    fprintf(stderr, "%s", log);
    return false;
}

#endif
