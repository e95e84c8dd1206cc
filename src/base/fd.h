/* fd.h - file descriptors: what one write(2) may leave undone. Blocking. */
#ifndef TN_BASE_FD_H
#define TN_BASE_FD_H

#include "base/compiler.h"
#include "base/str.h"

/* All of TEXT, over interruptions and short writes; 0, or the errno (what was written until then stays). */
TN_MUST_USE int tn_fd_write(int fd, struct tn_str text);

#endif
