/* spool.h - a folder of files that hold results until somebody fetches them. Files are made, read and removed in the offload pool
 * (src/loop/offload.h); now and then those that are too old go, and where the folder has a size, the oldest when there are more
 * bytes. Only files that `owns` knows by their name are counted and removed: the folder may hold others.
 *
 * The owner's object holds it, zeroed, with the members above the line set. Names of files are "ID.END". */
#ifndef TN_SPOOL_SPOOL_H
#define TN_SPOOL_SPOOL_H

#include "base/str.h"
#include "loop/offload.h"

#include <stdatomic.h>

enum { TN_SPOOL_PATH = 512, TN_SPOOL_NAME = 64 };

struct tn_spool_limits {
    uint64_t max_age_s;
    uint64_t max_bytes;
};

struct tn_spool {
    const char        *folder;
    struct tn_offload *offload;
    struct tn_worker  *worker; /* whose timer it is */
    bool (*owns)(const char *name); /* shorter than TN_SPOOL_NAME */
    struct tn_spool_limits (*limits)(struct tn_spool *spool); /* as they are now; in the pool */
    bool               passing; /* its files end with the program, and none is made that would be too much; else the oldest go */
    /* private */
    struct tn_job     sweep;
    ev_timer          timer;
    struct tn_message start;
    bool              busy;
    _Atomic uint64_t  bytes;   /* passing: of the files that are there, whoever made them; counted anew by each sweep */
    pthread_mutex_t   lock;    /* guards the next */
    int               claim;   /* passing: the folder, locked as in use; -1: not yet */
};

/* Of a passing spool the files go that an earlier program left, unless another one uses the folder now. Main thread, before
 * anything else is done with it. */
void tn_spool_open(struct tn_spool *spool);
/* Any thread; sweeping begins a second later. */
void tn_spool_start(struct tn_spool *spool);
/* When the worker has been joined and the pool is idle. Of a passing spool all files go, unless another program uses the folder. */
void tn_spool_close(struct tn_spool *spool);

/* False: too long. */
TN_MUST_USE bool tn_spool_path(const struct tn_spool *spool, const char *id, const char *end, char *out, size_t size);

/* In the pool, and an errno, 0 = done: */
TN_MUST_USE int tn_spool_make(struct tn_spool *spool); /* the folder is there */
/* TEXT as a file of a passing spool. EDQUOT: there would be more bytes than its limit. */
TN_MUST_USE int tn_spool_put(struct tn_spool *spool, const char *id, const char *end, struct tn_str text);
int             tn_spool_drop(struct tn_spool *spool, const char *id, const char *end); /* such a file goes */

#endif
