/* translator.h - translates statements: from the cache at once, else by Python processes that nobody waits for.
 *
 *   tn_translator_find() --known--> tn_translated
 *        | not known
 *   tn_translator_ask() -> a thread of the translator asks its process -> wait->done() on the worker that asked
 *
 * One translation of a template at a time: who comes meanwhile is told to look again. Threads (one per process) are made when
 * they are needed; the processes are restarted when they die or do not answer. A statement that a process died of is not given
 * to another one for a minute. Without Python, or without sqlglot in it, every answer is UNAVAILABLE and says what is missing.
 * Thread-safe. */
#ifndef TN_TRANSLATE_TRANSLATOR_H
#define TN_TRANSLATE_TRANSLATOR_H

#include "config/config.h"
#include "loop/worker.h"
#include "translate/cache.h"
#include "translate/dialect.h"
#include "translate/scripts.h"

/* The version that translations were tested with. */
#define TN_SQLGLOT_VERSION "30.30.0"

struct tn_translator;

struct tn_translator_counts {
    struct tn_translations_counts cache;
    uint64_t translated, failed, timeouts, restarts; /* by processes; they died or were ended */
    unsigned threads, waiting;
    char     version[32];  /* of sqlglot; empty = no process has been there yet */
    char     missing[512]; /* why translation is not available just now; empty = it is, as far as is known */
};

/* What is to be translated. SCRIPTS may be NULL. */
struct tn_translation {
    struct tn_str      sql;
    enum tn_dialect    from, to;
    uint64_t           types;       /* hash of `columns`, or of what they would be; 0 = no column's type is known */
    struct tn_str      columns;     /* for asking: rows of table, column and type as TO's engine names it, 0x1f between, a line each */
    bool               plain_texts; /* TO is MySQL's, and a backslash is nothing but itself there */
    struct tn_scripts *scripts;
};

/* Somebody who waits. Made by tn_translator_ask(), freed after done() returns. */
struct tn_translator_wait {
    struct tn_message       message;
    struct tn_list          node;
    struct tn_worker       *worker;
    void (*done)(struct tn_translator_wait *wait); /* on WORKER's thread */
    void                   *owner; /* NULL: nobody any more, and done() is not called */
    bool                    again; /* another statement of the template was translated: look again */
    struct tn_translated    result; /* unless again; lives until done() returns */
    struct tn_buf           text;
};

/* SETTINGS: python, workers, memory and so on, as at the start. FILE (may be NULL): where the cache outlives a restart. */
TN_MUST_USE enum tn_status tn_translator_new(struct tn_translator **out, const struct tn_settings *settings, const char *file, struct tn_error *err);
/* Ends threads and processes; all who wait are told UNAVAILABLE, by messages. Nothing may be asked any more. */
void tn_translator_stop(struct tn_translator *translator);
void tn_translator_free(struct tn_translator *translator); /* NULL is fine */

/* Whether anything has been met yet that a dialect has no words for: if not, none need be looked for. */
bool tn_translator_lacked(const struct tn_translator *translator);
/* True: known at once, also that it is refused. Texts are in ARENA. */
bool tn_translator_find(struct tn_translator *translator, const struct tn_translation *what, struct tn_arena *arena, struct tn_translated *out);
/* NULL: no memory, or too many wait. WHAT is copied. TIMEOUT_US: of the translation alone. */
struct tn_translator_wait *tn_translator_ask(struct tn_translator *translator, const struct tn_translation *what, uint64_t timeout_us,
                                             struct tn_worker *worker, void (*done)(struct tn_translator_wait *), void *owner);
/* On this thread, blocking, without cache: for the command line. Texts are in ARENA. */
void tn_translator_run(struct tn_translator *translator, const struct tn_translation *what, uint64_t timeout_us, struct tn_arena *arena,
                       struct tn_translated *out);

void tn_translator_count(struct tn_translator *translator, struct tn_translator_counts *out);

/* What the processes of SETTINGS would be: MISSING = the interpreter does not run; UNFIT = it does, and WHY says what is wrong with its
 * sqlglot. Starts one and ends it; blocks. */
enum tn_translator_python { TN_PYTHON_FIT, TN_PYTHON_UNFIT, TN_PYTHON_MISSING };
enum tn_translator_python tn_translator_probe(const struct tn_settings *settings, char *why, size_t size);

#endif
