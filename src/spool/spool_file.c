#include "spool/spool_file.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int tn_spool_file_write(const char *temporary, const char *path, struct tn_str text)
{
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int error = fd < 0 ? errno : tn_fd_write(fd, text);

    if (fd >= 0)
        close(fd);
    if (error == 0 && rename(temporary, path) != 0)
        error = errno;
    if (error != 0)
        unlink(temporary);
    return error;
}

int tn_spool_file_open(const char *path)
{
    int         fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat about;

    if (fd >= 0 && (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode))) {
        close(fd);
        errno = EINVAL;
        return -1;
    }
    return fd;
}

int tn_spool_file_read(const char *path, struct tn_buf *out)
{
    enum { STEP = 65536 };
    int     fd = tn_spool_file_open(path), error = fd < 0 ? errno : 0;
    ssize_t n = 1;

    while (error == 0 && n != 0) {
        if (!tn_buf_reserve(out, STEP)) {
            error = EFBIG;
            break;
        }
        n = read(fd, out->data + out->len, STEP);
        if (n > 0)
            out->len += (size_t)n;
        else if (n < 0 && errno != EINTR)
            error = errno;
    }
    if (fd >= 0)
        close(fd);
    return error;
}
