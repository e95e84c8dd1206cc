#include "config/file.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_fd(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

void tn_file_reset(struct tn_file *file)
{
    if (file->data != NULL)
        explicit_bzero(file->data, file->len);
    tn_free(file->data);
    *file = (struct tn_file){.data = NULL};
}

/* realloc() would leave an unwiped copy behind. */
static int grow(struct tn_file *file, size_t *capacity)
{
    size_t         wanted = *capacity * 2;
    struct tn_file bigger = {.data = tn_malloc(wanted), .len = file->len};

    if (bigger.data == NULL)
        return ENOMEM;
    memcpy(bigger.data, file->data, file->len);
    tn_file_reset(file);
    *file = bigger;
    *capacity = wanted;
    return 0;
}

static int read_all(int fd, struct tn_file *file, size_t capacity, size_t max)
{
    for (;;) {
        ssize_t got = read(fd, file->data + file->len, capacity - file->len);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno;
        if (got == 0)
            return 0;
        file->len += (size_t)got;
        if (file->len > max)
            return EFBIG;
        if (file->len == capacity) {
            int code = grow(file, &capacity);

            if (code != 0)
                return code;
        }
    }
}

int tn_file_read(struct tn_file *out, const char *path, size_t max, bool regular_only)
{
    TN_CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (regular_only ? O_NONBLOCK : 0));
    struct stat              info;
    size_t                   capacity = 4096;
    int                      code;

    *out = (struct tn_file){.data = NULL};
    if (fd < 0 || fstat(fd, &info) != 0)
        return errno;
    if (regular_only && !S_ISREG(info.st_mode))
        return S_ISDIR(info.st_mode) ? EISDIR : EINVAL;
    if (S_ISREG(info.st_mode) && (uintmax_t)info.st_size > max)
        return EFBIG;
    if (S_ISREG(info.st_mode)) /* one more than its size, so that it is read without growing */
        capacity = TN_MAX(capacity, (size_t)info.st_size + 1);
    out->data = tn_malloc(capacity);
    if (out->data == NULL)
        return ENOMEM;
    code = read_all(fd, out, capacity, max);
    if (code != 0)
        tn_file_reset(out);
    return code;
}

const char *tn_file_error(int code, char *out, size_t size)
{
    return strerror_r(code, out, size); /* the GNU form: may answer a constant instead of filling OUT */
}
