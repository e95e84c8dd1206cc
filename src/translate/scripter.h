/* scripter.h - asks the operator's scripts: from the kept answers at once, else by Python processes that nobody waits for.
 *
 *   tn_scripter_find() --known--> answer
 *        | not known
 *   tn_scripter_ask() -> a thread asks its process, at most timeout_us -> wait->done() on the worker that asked
 *
 * Threads (one per process) are made when they are needed, the processes are the translator's kind (process.h), but others: a script
 * that hangs keeps no translation waiting. A process that does not answer in time, dies or talks nonsense is ended, and the script is
 * not asked again for that shape for half a minute. A question that no process had time for within timeout_us fails. Thread-safe. */
#ifndef TN_TRANSLATE_SCRIPTER_H
#define TN_TRANSLATE_SCRIPTER_H

#include "base/buf.h"
#include "config/config.h"
#include "loop/worker.h"
#include "translate/answers.h"

#include <stdatomic.h>

struct tn_scripter;

struct tn_scripter_counts {
    uint64_t kept, asked, failed, timeouts, restarts; /* answers at hand; questions to processes; of these without one of use */
    unsigned threads, waiting;
    char     missing[512]; /* why scripts cannot be asked just now; empty = they can, as far as is known */
};

enum tn_script_entry { TN_SCRIPT_ROUTE, TN_SCRIPT_CHOOSE };

struct tn_script_ask {
    enum tn_script_entry   entry;
    struct tn_script      *script;
    struct tn_str          sql;
    struct tn_buf         *context; /* JSON; taken over, empty again */
    struct tn_script_facts facts;   /* all of them */
    uint64_t               timeout_us;
};

/* Somebody who waits. Made by tn_scripter_ask(), freed after done() returns. */
struct tn_script_wait {
    struct tn_message       message;
    struct tn_worker       *worker;
    void (*done)(struct tn_script_wait *wait); /* on WORKER's thread */
    void                   *owner;  /* WORKER's; see tn_script_wait_leave() */
    _Atomic bool            left;   /* nobody waits any more, and done() is not called */
    struct tn_script_answer answer; /* lives until done() returns */
    struct tn_buf           text;
};

/* SETTINGS: translation.python, .workers, .memoryLimit, as at the start. */
TN_MUST_USE enum tn_status tn_scripter_new(struct tn_scripter **out, const struct tn_settings *settings, struct tn_error *err);
/* Ends threads and processes; all who wait get a failure, by messages. Nothing may be asked any more. */
void tn_scripter_stop(struct tn_scripter *scripter);
void tn_scripter_free(struct tn_scripter *scripter); /* NULL is fine */

/* Of this process: facts are hashes under it, so that no statement can be written that takes the answer of another. */
uint64_t tn_scripter_secret(const struct tn_scripter *scripter);

/* True: known at once. Of FACTS those that the script has declared are read, and SHAPE. Texts are in ARENA. */
bool tn_scripter_find(struct tn_scripter *scripter, struct tn_script *script, const struct tn_script_facts *facts, struct tn_arena *arena,
                      struct tn_script_answer *out);
/* NULL: no memory, or too many wait. */
struct tn_script_wait *tn_scripter_ask(struct tn_scripter *scripter, struct tn_script_ask *ask, struct tn_worker *worker,
                                       void (*done)(struct tn_script_wait *), void *owner);
/* On its worker's thread, before done(): nobody waits any more. The script is not asked if it has not been yet. */
void tn_script_wait_leave(struct tn_script_wait *wait);
/* An answer of SCRIPT was of no use, WHY: counted, and logged at most once a second. */
void tn_scripter_failed(struct tn_scripter *scripter, struct tn_script *script, struct tn_str why);
/* Starts a process, if none was yet, so that the first query does not wait for that, and the log says if it cannot be. */
void tn_scripter_warm(struct tn_scripter *scripter);

void tn_scripter_count(struct tn_scripter *scripter, struct tn_scripter_counts *out);

#endif
