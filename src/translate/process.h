/* process.h - one Python process that translates: started, asked, ended. Everything here blocks up to a deadline; for threads of
 * the translator only. The process is the leader of its own session, has /dev/null and a socket and no other descriptor, an
 * environment of two variables, and limits of memory and time that it cannot raise. What it answers is foreign bytes. */
#ifndef TN_TRANSLATE_PROCESS_H
#define TN_TRANSLATE_PROCESS_H

#include "translate/frame.h"

#include <stdatomic.h>
#include <sys/types.h>

struct tn_process_conf {
    char     python[512]; /* interpreter */
    size_t   memory;      /* RLIMIT_AS */
    uint64_t timeout_us;  /* of one answer */
    size_t   max_frame;
    bool     plain;       /* for scripts alone: it need not have sqlglot */
};

struct tn_process {
    int           fd;       /* -1: not running */
    pid_t         pid;
    uint64_t      asked;    /* id of the last request */
    char          version[32]; /* of sqlglot; of Python where it is plain */
    char          made_by[64]; /* the version, and a hash of our own words about dialects: what a translation that is kept was made by */
    bool          answered;    /* tn_process_start() was told something by it, if only what it lacks */
    struct tn_buf answer;
    char          why[512]; /* the last failure, for people */
};

void tn_process_init(struct tn_process *process);
/* Starts it and hears its version. False: WHY. */
bool tn_process_start(struct tn_process *process, const struct tn_process_conf *conf, const _Atomic bool *stop);
/* REQUEST has been begun with tn_process_next_id() as its id and ended. OK: OUT points into process->answer until the next call.
 * TIMEOUT, BROKEN: the process has been ended, WHY says why. */
enum tn_verdict tn_process_ask(struct tn_process *process, const struct tn_process_conf *conf, const struct tn_buf *request, uint64_t timeout_us,
                               const _Atomic bool *stop, struct tn_frame_answer *out);
uint64_t tn_process_next_id(struct tn_process *process);
void     tn_process_end(struct tn_process *process); /* kills it and what it started; harmless when it does not run */
void     tn_process_free(struct tn_process *process);

#endif
