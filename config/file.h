/* file.h - the whole of a small file, read once, wiped when done: it may hold secrets. */
#ifndef TN_CONFIG_FILE_H
#define TN_CONFIG_FILE_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

struct tn_file {
    char  *data;
    size_t len;
};

/* 0, or an errno: EFBIG = larger than MAX bytes, ENOMEM, EINVAL = REGULAR_ONLY and not a regular file (it might make us
 * wait), or what the system said. On 0 end it with tn_file_reset(). */
TN_MUST_USE int tn_file_read(struct tn_file *out, const char *path, size_t max, bool regular_only);
void tn_file_reset(struct tn_file *file); /* wipes and frees */

/* Text of an errno, for messages; any thread. */
const char *tn_file_error(int code, char *out, size_t size);

#endif
