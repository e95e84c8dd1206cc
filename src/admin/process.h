/* process.h - what the kernel says of this process (/proc/self). */
#ifndef TN_ADMIN_PROCESS_H
#define TN_ADMIN_PROCESS_H

#include <stdint.h>

struct tn_process {
    uint64_t resident_bytes, virtual_bytes;
    double   cpu_seconds;
    uint64_t open_fds, max_fds; /* 0 = unknown */
    uint64_t threads;
};

void tn_process_read(struct tn_process *process); /* zeros for what cannot be read */

#endif
