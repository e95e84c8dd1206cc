#include "translate/translator.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/rand.h"
#include "translate/entry.h"
#include "translate/file.h"
#include "translate/process.h"

enum {
    THREADS_MAX = 32, QUEUE_MAX = 1024, FRAME_SPARE = 1 << 20,
    MISSING_US = 30 * 1000 * 1000,  /* before Python is looked for again */
    REFUSED_US = 600 * 1000 * 1000, /* that a dialect has no word for it */
    POISON_US = 60 * 1000 * 1000,   /* that a process died of it */
};

/* One template under way. */
struct job {
    struct tn_list      node;
    struct tn_list      waits;
    uint64_t            flight;
    struct tn_translation what; /* sql and columns are copies behind this struct */
    uint64_t            timeout_us;
};

struct lane {
    struct tn_translator *translator;
    pthread_t             thread;
    struct tn_process     process;
};

struct tn_translator {
    struct tn_process_conf  process;
    size_t                  max_text, workers;
    struct tn_translations *cache;
    struct tn_translation_file *file; /* NULL: none, or it cannot be used */
    uint64_t                secret; /* of scans; the file's, where there is one */

    pthread_mutex_t         lock;  /* guards the rest */
    pthread_cond_t          wake;
    struct tn_list          queue, running; /* of jobs */
    struct lane             lanes[THREADS_MAX];
    size_t                  threads, idle, queued;
    uint64_t                missing_until_us;
    struct tn_translator_counts counts;
    bool                    loaded; /* what the file has; under file_lock, as all that is done with it */
    pthread_mutex_t         file_lock;
    _Atomic uint64_t        version; /* hash; 0 = not known yet */
    _Atomic bool            lacked;  /* a dialect had no words for something */
    _Atomic bool            stop;
};

static void set_process(struct tn_process_conf *process, const struct tn_settings *settings)
{
    *process = (struct tn_process_conf){.memory = settings->translation_memory};
    process->timeout_us = settings->translation_timeout_ms * 1000;
    process->max_frame = settings->translation_max_text * 4 + FRAME_SPARE + TN_SCRIPTS_MAX * TN_SCRIPT_MAX;
    tn_str_copy(process->python, sizeof process->python, settings->translation_python);
}

enum tn_translator_python tn_translator_probe(const struct tn_settings *settings, char *why, size_t size)
{
    static const _Atomic bool never = false;
    enum tn_translator_python found = TN_PYTHON_FIT;
    struct tn_process_conf    conf;
    struct tn_process         process;

    set_process(&conf, settings);
    tn_process_init(&process);
    if (!tn_process_start(&process, &conf, &never)) {
        found = process.answered ? TN_PYTHON_UNFIT : TN_PYTHON_MISSING;
        snprintf(why, size, "%s", process.why);
    } else if (strcmp(process.version, TN_SQLGLOT_VERSION) != 0) {
        found = TN_PYTHON_UNFIT;
        snprintf(why, size, "its sqlglot is %s; translations were tested with " TN_SQLGLOT_VERSION, process.version);
    }
    tn_process_free(&process);
    return found;
}

enum tn_status tn_translator_new(struct tn_translator **out, const struct tn_settings *settings, const char *file, struct tn_error *err)
{
    struct tn_translator *t = tn_calloc(1, sizeof *t);

    if (t == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for translating");
    t->max_text = settings->translation_max_text;
    t->workers = TN_MIN(settings->translation_workers, (uint64_t)THREADS_MAX);
    set_process(&t->process, settings);
    t->cache = tn_translations_new(settings->translation_cache);
    tn_rand_secret(&t->secret, sizeof t->secret);
    pthread_mutex_init(&t->lock, NULL);
    pthread_mutex_init(&t->file_lock, NULL);
    pthread_cond_init(&t->wake, NULL);
    tn_list_init(&t->queue);
    tn_list_init(&t->running);
    if (t->cache == NULL) {
        tn_translator_free(t);
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for translating");
    }
    t->file = file == NULL ? NULL : tn_translation_file_open(file);
    if (t->file != NULL)
        t->secret = tn_translation_file_secret(t->file);
    *out = t;
    return TN_OK;
}

/* A script may go by any literal, so what it has made is of a whole text, not of a template. */
static uint64_t salt_of(struct tn_translator *t, const struct tn_translation *what, const struct tn_scan *scan)
{
    return tn_hash_mix(atomic_load_explicit(&t->version, memory_order_acquire) + (uint64_t)what->plain_texts * 10000 + (uint64_t)what->from * 100 + (uint64_t)what->to) ^ what->types ^
           (what->scripts != NULL ? tn_hash_mix(what->scripts->hash + tn_translation_literals_hash(scan)) : 0);
}

static void free_job(struct job *job)
{
    tn_scripts_unref(job->what.scripts);
    tn_free(job);
}

/* ---- those who wait ---- */

static void on_message(struct tn_message *message, struct tn_worker *worker)
{
    struct tn_translator_wait *wait = TN_CONTAINER_OF(message, struct tn_translator_wait, message);

    (void)worker;
    if (wait->owner != NULL)
        wait->done(wait);
    tn_buf_reset(&wait->text);
    tn_free(wait);
}

static void tell(struct tn_translator_wait *wait)
{
    tn_list_remove(&wait->node);
    tn_worker_post(wait->worker, &wait->message);
}

/* The first of JOB asked for just this text; the others look again. The lock is held. */
static void tell_all(struct job *job, const struct tn_translated *result)
{
    struct tn_list *node;
    bool            first = true;

    while ((node = tn_list_first(&job->waits)) != NULL) {
        struct tn_translator_wait *wait = TN_CONTAINER_OF(node, struct tn_translator_wait, node);

        wait->again = !first && result->verdict != TN_VERDICT_UNAVAILABLE;
        if (!wait->again) {
            struct tn_str text = result->text, why = result->why;

            tn_buf_init(&wait->text, text.len + why.len + 1);
            tn_buf_put_str(&wait->text, text);
            tn_buf_put_str(&wait->text, why);
            wait->result.touched = result->touched;
            wait->result.verdict = wait->text.failed ? TN_VERDICT_UNAVAILABLE : result->verdict;
            if (!wait->text.failed) {
                wait->result.text = tn_str_n(wait->text.data, text.len);
                wait->result.why = why.len == 0 ? TN_STR("") : tn_str_n(wait->text.data + text.len, why.len);
            }
        }
        first = false;
        tell(wait);
    }
}

/* ---- a thread and its process ---- */

static void load_file(struct tn_translator *t, const char *version)
{
    if (t->loaded || t->file == NULL)
        return;
    t->loaded = true;
    atomic_store(&t->lacked, tn_translation_file_load(t->file, version, 100000, t->cache) > 0);
}

static void set_missing(struct tn_translator *t, const char *why)
{
    pthread_mutex_lock(&t->lock);
    if (t->counts.missing[0] == '\0')
        tn_log(TN_LOG_WARN, "SQL cannot be translated", TN_LOG_TEXT("why", why));
    tn_str_copy(t->counts.missing, sizeof t->counts.missing, tn_str(why));
    t->missing_until_us = tn_clock_us() + MISSING_US;
    pthread_mutex_unlock(&t->lock);
}

static bool ready(struct tn_translator *t, struct tn_process *process)
{
    if (process->fd >= 0)
        return true;
    if (!tn_process_start(process, &t->process, &t->stop)) {
        if (!atomic_load(&t->stop))
            set_missing(t, process->why);
        return false;
    }
    pthread_mutex_lock(&t->file_lock);
    load_file(t, process->made_by);
    pthread_mutex_unlock(&t->file_lock);
    pthread_mutex_lock(&t->lock);
    t->counts.missing[0] = '\0';
    tn_str_copy(t->counts.version, sizeof t->counts.version, tn_str(process->version));
    pthread_mutex_unlock(&t->lock);
    atomic_store_explicit(&t->version, tn_hash_str(tn_str(process->made_by)) | 1, memory_order_release);
    return true;
}

static void put_statement(struct tn_buf *out, const struct tn_translation *what, const struct tn_scan *scan)
{
    uint32_t      at[TN_SCAN_LITERALS] = {0};
    struct tn_buf sql;

    tn_buf_init(&sql, what->sql.len * 2);
    tn_scan_spell(&sql, what->sql, what->from, scan, at);
    tn_frame_field(out, tn_buf_str(&sql));
    tn_frame_put_u32(out, (uint32_t)scan->count * 8);
    for (size_t i = 0; i < scan->count; i++) {
        tn_frame_put_u32(out, at[i]);
        tn_frame_put_u32(out, (uint32_t)scan->literals[i].len);
    }
    out->failed = out->failed || sql.failed;
    tn_buf_reset(&sql);
}

static void put_request(struct tn_buf *out, uint64_t id, const struct tn_translation *what, const struct tn_scan *scan)
{
    tn_frame_begin(out, id, TN_WORKER_TRANSLATE);
    tn_frame_field(out, tn_str(tn_dialect_sqlglot(what->from)));
    tn_frame_field(out, tn_str(what->plain_texts ? "mysqlplain" : tn_dialect_sqlglot(what->to)));
    put_statement(out, what, scan);
    tn_frame_field(out, what->columns);
    for (size_t i = 0; what->scripts != NULL && i < what->scripts->count; i++) {
        tn_frame_field(out, tn_str(what->scripts->items[i]->name));
        tn_frame_field(out, tn_str_n(what->scripts->items[i]->text, what->scripts->items[i]->len));
    }
    tn_frame_end(out);
}

static bool is_translation(const struct tn_frame_answer *answer)
{
    return answer->verdict == TN_VERDICT_OK ? answer->count == 4 && answer->fields[3].len == 4 && answer->fields[0].len > 0 && tn_utf8_valid_prefix(answer->fields[0].ptr, answer->fields[0].len) == answer->fields[0].len &&
           memchr(answer->fields[0].ptr, '\0', answer->fields[0].len) == NULL : answer->count == 1 || answer->count == 2;
}

/* Asks the process. RESULT points into its answer. */
static void ask_process(struct tn_translator *t, struct tn_process *process, const struct tn_translation *what, const struct tn_scan *scan,
                        uint64_t timeout_us, struct tn_translated *result, struct tn_frame_answer *answer)
{
    struct tn_buf request;

    *result = (struct tn_translated){.verdict = TN_VERDICT_UNAVAILABLE};
    if (!ready(t, process)) {
        result->why = tn_str(process->why);
        return;
    }
    tn_buf_init(&request, t->process.max_frame);
    put_request(&request, tn_process_next_id(process), what, scan);
    if (request.failed) {
        result->verdict = TN_VERDICT_TOO_LONG;
    } else {
        result->verdict = tn_process_ask(process, &t->process, &request, timeout_us, &t->stop, answer);
        result->why = tn_str(process->why);
        if (result->verdict == TN_VERDICT_OK && !is_translation(answer)) {
            tn_process_end(process);
            result->verdict = TN_VERDICT_BROKEN;
            result->why = TN_STR("the worker answered with something else than a translation");
        } else if (result->verdict == TN_VERDICT_OK) {
            result->verdict = answer->verdict;
            result->text = answer->verdict == TN_VERDICT_OK ? answer->fields[0] : TN_STR("");
            result->touched = answer->verdict == TN_VERDICT_OK ? tn_frame_u32(answer->fields[3].ptr) : 0;
            result->late = answer->verdict == TN_VERDICT_SCRIPT_FAILED && answer->count == 2;
            result->of_literal = (answer->verdict == TN_VERDICT_CANNOT_EXPRESS || answer->verdict == TN_VERDICT_CANNOT_PARSE) && answer->count == 2;
            result->why = answer->fields[answer->verdict == TN_VERDICT_OK ? 2 : 0];
        }
    }
    tn_buf_reset(&request);
}

static void keep(struct tn_translator *t, const struct tn_process *process, const struct tn_translation *what, const struct tn_scan *scan,
                 const struct tn_translated *result, const struct tn_frame_answer *answer)
{
    uint64_t      salt = salt_of(t, what, scan), now = tn_clock_us();
    struct tn_buf rows;

    if (result->verdict == TN_VERDICT_CANNOT_EXPRESS || (result->verdict == TN_VERDICT_OK && result->why.len > 0))
        atomic_store(&t->lacked, true);
    if (result->verdict == TN_VERDICT_OK) {
        tn_buf_init(&rows, 8 << 20);
        tn_translations_learn(t->cache, scan, salt, result->text, answer->fields[1], result->why, t->file != NULL ? &rows : NULL);
        if (rows.len > 0 && !rows.failed) {
            pthread_mutex_lock(&t->file_lock);
            tn_translation_file_add(t->file, process->made_by, tn_buf_str(&rows));
            pthread_mutex_unlock(&t->file_lock);
        }
        tn_buf_reset(&rows);
    } else if (result->verdict == TN_VERDICT_TIMEOUT || result->verdict == TN_VERDICT_BROKEN) {
        if (!atomic_load(&t->stop))
            tn_translations_refuse(t->cache, scan, salt, result, now + POISON_US);
    } else if (result->verdict != TN_VERDICT_UNAVAILABLE) {
        tn_translations_refuse(t->cache, scan, salt, result,
                               now + (result->late ? POISON_US : result->verdict == TN_VERDICT_SCRIPT_FAILED ? 1000000 : REFUSED_US));
    }
}

static void count(struct tn_translator *t, enum tn_verdict verdict)
{
    t->counts.translated += verdict == TN_VERDICT_OK;
    t->counts.failed += verdict != TN_VERDICT_OK;
    t->counts.timeouts += verdict == TN_VERDICT_TIMEOUT;
    t->counts.restarts += verdict == TN_VERDICT_TIMEOUT || verdict == TN_VERDICT_BROKEN;
}

/* worker.py makes several statements of one of these, and marks it; a comment of the client's or of a script's is in no translation. */
static bool is_definition(enum tn_verb verb)
{
    return verb == TN_VERB_CREATE || verb == TN_VERB_ALTER || verb == TN_VERB_DROP || verb == TN_VERB_OTHER;
}

/* Routers, limits and read-only members went by what the client wrote: a translation that does something else - of a script, say -
 * is none. Once per template: a plain literal cannot change what a statement is. */
static void check_class(const struct tn_translation *what, struct tn_translated *result)
{
    struct tn_features before, after;

    if (result->verdict != TN_VERDICT_OK)
        return;
    tn_features_read(&before, what->sql, what->from);
    tn_features_read(&after, result->text, what->to);
    if (after.class == TN_CLASS_MULTI && is_definition(before.verb) && tn_str_starts(result->text, TN_STR(TN_TRANSLATED_SEVERAL)))
        return;
    if (after.class != TN_CLASS_MULTI && (before.class != TN_CLASS_READ || after.class == TN_CLASS_READ))
        return;
    *result = (struct tn_translated){.verdict = TN_VERDICT_CANNOT_EXPRESS, .why = after.class == TN_CLASS_MULTI
                                                                                       ? TN_STR("the translation would be several statements")
                                                                                       : TN_STR("the translation of a read would be none")};
}

static void work(struct lane *lane, struct job *job)
{
    struct tn_translator  *t = lane->translator;
    struct tn_frame_answer answer = {0};
    struct tn_translated   result;
    struct tn_scan         scan;

    tn_scan_read(&scan, job->what.sql, job->what.from, t->secret);
    ask_process(t, &lane->process, &job->what, &scan, job->timeout_us, &result, &answer);
    check_class(&job->what, &result);
    keep(t, &lane->process, &job->what, &scan, &result, &answer);
    if (result.verdict == TN_VERDICT_TIMEOUT || result.verdict == TN_VERDICT_BROKEN)
        tn_log(TN_LOG_WARN, "a translation's worker was ended", TN_LOG_STR("why", result.why));
    pthread_mutex_lock(&t->lock);
    count(t, result.verdict);
    tn_list_remove(&job->node);
    tell_all(job, &result);
    pthread_mutex_unlock(&t->lock);
    free_job(job);
}

static void *run_lane(void *arg)
{
    struct lane          *lane = arg;
    struct tn_translator *t = lane->translator;

    pthread_mutex_lock(&t->lock);
    while (!atomic_load(&t->stop)) {
        struct tn_list *node = tn_list_first(&t->queue);

        if (node == NULL) {
            t->idle++;
            pthread_cond_wait(&t->wake, &t->lock);
            t->idle--;
            continue;
        }
        tn_list_remove(node);
        tn_list_append(&t->running, node);
        t->queued--;
        pthread_mutex_unlock(&t->lock);
        work(lane, TN_CONTAINER_OF(node, struct job, node));
        pthread_mutex_lock(&t->lock);
    }
    pthread_mutex_unlock(&t->lock);
    tn_process_end(&lane->process);
    return NULL;
}

/* The lock is held. */
static void want_thread(struct tn_translator *t)
{
    struct lane *lane = &t->lanes[t->threads];

    if (t->queued <= t->idle || t->threads >= t->workers) {
        pthread_cond_signal(&t->wake);
        return;
    }
    lane->translator = t;
    tn_process_init(&lane->process);
    if (pthread_create(&lane->thread, NULL, run_lane, lane) == 0)
        t->threads++;
}

/* ---- for the query path ---- */

bool tn_translator_lacked(const struct tn_translator *t)
{
    return atomic_load_explicit(&t->lacked, memory_order_relaxed);
}

bool tn_translator_find(struct tn_translator *t, const struct tn_translation *what, struct tn_arena *arena, struct tn_translated *out)
{
    struct tn_scan scan;
    uint64_t       now = tn_clock_us();

    *out = (struct tn_translated){.verdict = TN_VERDICT_TOO_LONG, .why = TN_STR("longer than translation.maxTextBytes")};
    if (what->sql.len > t->max_text)
        return true;
    if (tn_utf8_valid_prefix(what->sql.ptr, what->sql.len) != what->sql.len) {
        *out = (struct tn_translated){.verdict = TN_VERDICT_CANNOT_PARSE, .why = TN_STR("not UTF-8")};
        return true;
    }
    if (atomic_load_explicit(&t->version, memory_order_acquire) != 0) {
        tn_scan_read(&scan, what->sql, what->from, t->secret);
        if (tn_translations_find(t->cache, &scan, salt_of(t, what, &scan), now, arena, out))
            return true;
    }
    pthread_mutex_lock(&t->lock);
    if (t->counts.missing[0] != '\0' && t->missing_until_us > now) {
        *out = (struct tn_translated){.verdict = TN_VERDICT_UNAVAILABLE};
        if (!tn_arena_str(arena, tn_str(t->counts.missing), &out->why))
            out->why = TN_STR("no memory");
        pthread_mutex_unlock(&t->lock);
        return true;
    }
    pthread_mutex_unlock(&t->lock);
    return false;
}

static struct job *job_new(const struct tn_translation *what, uint64_t flight, uint64_t timeout_us)
{
    struct job *job = tn_calloc(1, sizeof *job + what->sql.len + what->columns.len + 1);
    char       *copy = (char *)(job + 1);

    if (job == NULL)
        return NULL;
    memcpy(copy, what->sql.ptr, what->sql.len);
    job->what = *what;
    job->what.sql.ptr = copy;
    if (what->columns.len > 0)
        job->what.columns.ptr = memcpy(copy + what->sql.len, what->columns.ptr, what->columns.len);
    if (what->scripts != NULL)
        job->what.scripts = tn_scripts_ref(what->scripts);
    job->flight = flight;
    job->timeout_us = timeout_us;
    tn_list_init(&job->waits);
    return job;
}

static struct job *find_job(struct tn_list *jobs, uint64_t flight)
{
    TN_LIST_FOR_EACH(node, jobs) {
        struct job *job = TN_CONTAINER_OF(node, struct job, node);

        if (job->flight == flight)
            return job;
    }
    return NULL;
}

static struct job *queue_job(struct tn_translator *t, const struct tn_translation *what, uint64_t flight, uint64_t timeout_us)
{
    struct job *job = find_job(&t->running, flight);

    if (job == NULL)
        job = find_job(&t->queue, flight);
    if (job != NULL || t->queued == QUEUE_MAX || atomic_load(&t->stop))
        return atomic_load(&t->stop) ? NULL : job;
    job = job_new(what, flight, timeout_us);
    if (job == NULL)
        return NULL;
    tn_list_append(&t->queue, &job->node);
    t->queued++;
    want_thread(t);
    return job;
}

struct tn_translator_wait *tn_translator_ask(struct tn_translator *t, const struct tn_translation *what, uint64_t timeout_us, struct tn_worker *worker,
                                             void (*done)(struct tn_translator_wait *), void *owner)
{
    struct tn_translator_wait *wait = tn_calloc(1, sizeof *wait);
    struct tn_scan             scan;
    struct job                *job;

    if (wait == NULL)
        return NULL;
    wait->message.run = on_message;
    wait->worker = worker;
    wait->done = done;
    wait->owner = owner;
    tn_buf_init(&wait->text, 0);
    tn_scan_read(&scan, what->sql, what->from, t->secret);
    pthread_mutex_lock(&t->lock);
    job = queue_job(t, what, tn_translations_flight(&scan, salt_of(t, what, &scan)), timeout_us);
    if (job != NULL)
        tn_list_append(&job->waits, &wait->node);
    pthread_mutex_unlock(&t->lock);
    if (job != NULL)
        return wait;
    tn_free(wait);
    return NULL;
}

void tn_translator_run(struct tn_translator *t, const struct tn_translation *what, uint64_t timeout_us, struct tn_arena *arena, struct tn_translated *out)
{
    struct lane           *lane = &t->lanes[0];
    struct tn_frame_answer answer = {0};
    struct tn_scan         scan;

    if (t->threads == 0 && lane->translator == NULL) {
        lane->translator = t;
        tn_process_init(&lane->process);
    }
    tn_scan_read(&scan, what->sql, what->from, t->secret);
    ask_process(t, &lane->process, what, &scan, timeout_us, out, &answer);
    if (!tn_arena_str(arena, out->text, &out->text) || !tn_arena_str(arena, out->why, &out->why))
        *out = (struct tn_translated){.verdict = TN_VERDICT_UNAVAILABLE, .why = TN_STR("no memory")};
}

/* ---- end ---- */

static void refuse_queue(struct tn_translator *t)
{
    const struct tn_translated gone = {.verdict = TN_VERDICT_UNAVAILABLE, .why = TN_STR("Turnout is shutting down")};
    struct tn_list            *node;

    pthread_mutex_lock(&t->lock);
    while ((node = tn_list_first(&t->queue)) != NULL) {
        struct job *job = TN_CONTAINER_OF(node, struct job, node);

        tn_list_remove(node);
        tell_all(job, &gone);
        free_job(job);
    }
    pthread_mutex_unlock(&t->lock);
}

void tn_translator_stop(struct tn_translator *t)
{
    pthread_mutex_lock(&t->lock);
    atomic_store(&t->stop, true);
    pthread_cond_broadcast(&t->wake);
    pthread_mutex_unlock(&t->lock);
    for (size_t i = 0; i < t->threads; i++)
        pthread_join(t->lanes[i].thread, NULL);
    t->threads = 0;
    refuse_queue(t);
}

void tn_translator_free(struct tn_translator *t)
{
    if (t == NULL)
        return;
    tn_translator_stop(t);
    for (size_t i = 0; i < THREADS_MAX; i++)
        if (t->lanes[i].translator != NULL)
            tn_process_free(&t->lanes[i].process);
    tn_translation_file_close(t->file);
    tn_translations_free(t->cache);
    pthread_mutex_destroy(&t->lock);
    pthread_mutex_destroy(&t->file_lock);
    pthread_cond_destroy(&t->wake);
    tn_free(t);
}

void tn_translator_count(struct tn_translator *t, struct tn_translator_counts *out)
{
    pthread_mutex_lock(&t->lock);
    *out = t->counts;
    out->threads = (unsigned)t->threads;
    out->waiting = (unsigned)t->queued;
    pthread_mutex_unlock(&t->lock);
    tn_translations_count(t->cache, &out->cache);
}
