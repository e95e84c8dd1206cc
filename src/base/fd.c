#include "base/fd.h"

#include <errno.h>
#include <unistd.h>

int tn_fd_write(int fd, struct tn_str text)
{
    while (text.len > 0) {
        ssize_t n = write(fd, text.ptr, text.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        text = tn_str_n(text.ptr + n, text.len - (size_t)n);
    }
    return 0;
}
