#include "translate/scripter.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/rand.h"
#include "translate/process.h"

enum {
    THREADS_MAX = 32, QUEUE_MAX = 1024, QUEUE_BYTES = 64 << 20, ANSWERS = 4096, CONTEXT_MAX = 1 << 20,
    GRACE_US = 250 * 1000,         /* a script that is late is told so by its process; then the process is ended */
    TIMEOUT_MOST_US = 60 * 1000 * 1000,
    MISSING_US = 30 * 1000 * 1000, /* before Python is looked for again */
    SPOILT_US = 30 * 1000 * 1000,  /* that a shape brought a script to no end */
    WARN_US = 1000 * 1000,
};

static const char *const entry_names[] = {[TN_SCRIPT_ROUTE] = "route", [TN_SCRIPT_CHOOSE] = "choose"};

/* A question under way; SCRIPT NULL: a process is to be started, no more. */
struct job {
    struct tn_list         node;
    enum tn_script_entry   entry;
    struct tn_script      *script;
    struct tn_script_facts facts;
    struct tn_buf          sql, context;
    uint64_t               asked_us, timeout_us;
    struct tn_script_wait *wait;
};

struct lane {
    struct tn_scripter *scripter;
    pthread_t           thread;
    struct tn_process   process;
};

struct tn_scripter {
    struct tn_process_conf process;
    size_t                 max_sql, workers;
    uint64_t               secret;
    struct tn_answers     *answers;
    _Atomic uint64_t       kept, failed;

    pthread_mutex_t        lock; /* guards the rest */
    pthread_cond_t         wake;
    struct tn_list         queue; /* of jobs */
    struct lane            lanes[THREADS_MAX];
    size_t                 threads, idle, queued, queued_bytes;
    _Atomic uint64_t       missing_until_us;
    struct tn_scripter_counts counts;
    _Atomic bool           stop;
};

enum tn_status tn_scripter_new(struct tn_scripter **out, const struct tn_settings *settings, struct tn_error *err)
{
    struct tn_scripter *s = tn_calloc(1, sizeof *s);

    *out = NULL;
    if (s == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for scripts");
    s->max_sql = settings->translation_max_text;
    s->workers = TN_MIN(settings->translation_workers, (uint64_t)THREADS_MAX);
    s->process.memory = settings->translation_memory;
    s->process.timeout_us = TIMEOUT_MOST_US;
    s->process.max_frame = s->max_sql + CONTEXT_MAX + TN_SCRIPT_MAX + 4096;
    s->process.plain = true;
    tn_str_copy(s->process.python, sizeof s->process.python, settings->translation_python);
    tn_rand_secret(&s->secret, sizeof s->secret);
    s->answers = tn_answers_new(ANSWERS);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->wake, NULL);
    tn_list_init(&s->queue);
    if (s->answers == NULL) {
        tn_scripter_free(s);
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for scripts");
    }
    *out = s;
    return TN_OK;
}

static void free_job(struct job *job)
{
    tn_script_unref(job->script);
    tn_buf_reset(&job->sql);
    tn_buf_reset(&job->context);
    tn_free(job);
}

/* ---- who waits ---- */

static void on_message(struct tn_message *message, struct tn_worker *worker)
{
    struct tn_script_wait *wait = TN_CONTAINER_OF(message, struct tn_script_wait, message);

    (void)worker;
    if (!atomic_load_explicit(&wait->left, memory_order_relaxed))
        wait->done(wait);
    tn_buf_reset(&wait->text);
    tn_free(wait);
}

void tn_script_wait_leave(struct tn_script_wait *wait)
{
    atomic_store_explicit(&wait->left, true, memory_order_relaxed);
}

static void tell(struct job *job, const struct tn_script_answer *answer)
{
    struct tn_script_wait *wait = job->wait;

    if (wait == NULL)
        return;
    wait->answer = *answer;
    tn_buf_init(&wait->text, answer->name.len + answer->why.len + 1);
    tn_buf_put_str(&wait->text, answer->name);
    tn_buf_put_str(&wait->text, answer->why);
    wait->answer.name = wait->text.failed || answer->name.len == 0 ? TN_STR("") : tn_str_n(wait->text.data, answer->name.len);
    wait->answer.why = wait->text.failed || answer->why.len == 0 ? TN_STR("") : tn_str_n(wait->text.data + answer->name.len, answer->why.len);
    if (wait->text.failed)
        wait->answer = (struct tn_script_answer){.said = TN_SCRIPT_FAILED, .why = TN_STR("no memory")};
    tn_worker_post(wait->worker, &wait->message);
}

void tn_scripter_failed(struct tn_scripter *s, struct tn_script *script, struct tn_str why)
{
    uint64_t now = tn_clock_us(), before = atomic_load_explicit(&script->warned_us, memory_order_relaxed);

    atomic_fetch_add_explicit(&s->failed, 1, memory_order_relaxed);
    if (now - before >= WARN_US && atomic_compare_exchange_strong(&script->warned_us, &before, now))
        tn_log(TN_LOG_WARN, "a script failed", TN_LOG_TEXT("script", script->name), TN_LOG_STR("why", why));
}

/* ---- a thread and its process ---- */

static bool ready(struct tn_scripter *s, struct tn_process *process)
{
    bool ok = process->fd >= 0 || tn_process_start(process, &s->process, &s->stop);

    if (!ok && atomic_load(&s->stop))
        return false;
    pthread_mutex_lock(&s->lock);
    if (!ok && s->counts.missing[0] == '\0')
        tn_log(TN_LOG_WARN, "scripts cannot be run: queries go on as if they had failed", TN_LOG_TEXT("why", process->why));
    tn_str_copy(s->counts.missing, sizeof s->counts.missing, ok ? TN_STR("") : tn_str(process->why));
    atomic_store(&s->missing_until_us, ok ? 0 : tn_clock_us() + MISSING_US);
    pthread_mutex_unlock(&s->lock);
    return ok;
}

static void put_request(struct tn_buf *out, uint64_t id, const struct job *job)
{
    tn_frame_begin(out, id, TN_WORKER_ASK);
    tn_frame_field(out, tn_str(job->script->name));
    tn_frame_field(out, tn_str_n(job->script->text, job->script->len));
    tn_frame_field(out, tn_str(entry_names[job->entry]));
    tn_frame_field(out, tn_buf_str(&job->sql));
    tn_frame_field(out, tn_buf_str(&job->context));
    tn_frame_end(out);
}

/* Fields of an answer: name or message, why, and u8 kind, u32 what it depends on, u32 seconds, 5 bytes of SQLSTATE. */
static bool read_answer(const struct tn_frame_answer *frame, struct tn_script_answer *out, uint64_t *declared)
{
    enum { HEAD = 14 };
    struct tn_str head = frame->fields[2];

    if (frame->count != 3 || head.len != HEAD || (unsigned char)head.ptr[0] > TN_SCRIPT_DENIED)
        return false;
    for (size_t i = 0; i < 2; i++)
        if (tn_utf8_valid_prefix(frame->fields[i].ptr, frame->fields[i].len) != frame->fields[i].len)
            return false;
    *out = (struct tn_script_answer){.said = (enum tn_script_said)head.ptr[0], .name = frame->fields[0], .why = frame->fields[1]};
    *declared = tn_declared(tn_frame_u32(head.ptr + 1) & ((1u << TN_DEPENDS_COUNT) - 1), tn_frame_u32(head.ptr + 5));
    for (size_t i = 0; i < 5; i++)
        if ((head.ptr[9 + i] < '0' || head.ptr[9 + i] > '9') && (head.ptr[9 + i] < 'A' || head.ptr[9 + i] > 'Z'))
            return false;
    tn_str_copy(out->sqlstate, sizeof out->sqlstate, tn_str_n(head.ptr + 9, 5));
    return true;
}

static struct tn_script_answer failure(struct tn_str why)
{
    return (struct tn_script_answer){.said = TN_SCRIPT_FAILED, .why = why};
}

/* It comes to no end with this shape, or worse: that is not tried again for a while. */
static struct tn_script_answer spoil(struct tn_scripter *s, const struct job *job, struct tn_str why, bool late, bool ended)
{
    if (!atomic_load(&s->stop))
        tn_answers_spoil(s->answers, &job->facts, why, tn_clock_us() + SPOILT_US);
    pthread_mutex_lock(&s->lock);
    s->counts.timeouts += late;
    s->counts.restarts += ended;
    pthread_mutex_unlock(&s->lock);
    return failure(why);
}

/* The process had to be ended. TEXT is the caller's. */
static struct tn_script_answer spoil_ended(struct tn_scripter *s, const struct job *job, enum tn_verdict verdict, const char *why, char *text,
                                           size_t size)
{
    if (verdict == TN_VERDICT_TIMEOUT)
        snprintf(text, size, "%.80s: %s() did not come to an end within %llu ms", tn_script_short_name(job->script), entry_names[job->entry],
                 (unsigned long long)(job->timeout_us / 1000));
    else
        snprintf(text, size, "%.80s: %s() was the end of its process: %.80s", tn_script_short_name(job->script), entry_names[job->entry], why);
    text[tn_utf8_valid_prefix(text, strlen(text))] = '\0';
    return spoil(s, job, tn_str(text), verdict == TN_VERDICT_TIMEOUT, true);
}

/* An answer that is none. */
static struct tn_script_answer read_failure(struct tn_scripter *s, const struct job *job, const struct tn_frame_answer *frame)
{
    struct tn_str why = frame->fields[0];

    if (frame->count == 0 || tn_utf8_valid_prefix(why.ptr, why.len) != why.len)
        return failure(TN_STR("the worker said nothing that can be read"));
    return frame->count == 2 ? spoil(s, job, why, true, false) : failure(why);
}

static void ask_process(struct tn_scripter *s, struct tn_process *process, struct job *job)
{
    struct tn_frame_answer  frame = {0};
    struct tn_script_answer answer;
    struct tn_buf           request;
    enum tn_verdict         verdict;
    uint64_t                declared;
    char                    text[256];

    pthread_mutex_lock(&s->lock);
    s->counts.asked++;
    pthread_mutex_unlock(&s->lock);
    tn_buf_init(&request, s->process.max_frame);
    put_request(&request, tn_process_next_id(process), job);
    verdict = request.failed ? TN_VERDICT_TOO_LONG : tn_process_ask(process, &s->process, &request, job->timeout_us + GRACE_US, &s->stop, &frame);
    tn_buf_reset(&request);
    if (verdict == TN_VERDICT_TOO_LONG) {
        answer = failure(TN_STR("the statement and its context are too long for a script"));
    } else if (verdict != TN_VERDICT_OK) {
        answer = spoil_ended(s, job, verdict, process->why, text, sizeof text);
    } else if (frame.verdict != TN_VERDICT_OK) {
        answer = read_failure(s, job, &frame);
    } else if (!read_answer(&frame, &answer, &declared)) {
        tn_process_end(process);
        answer = spoil_ended(s, job, TN_VERDICT_BROKEN, "it answered with something else than an answer", text, sizeof text);
    } else {
        atomic_store_explicit(&job->script->declared, declared, memory_order_release);
        tn_answers_keep(s->answers, &job->facts, declared, tn_clock_us(), &answer);
    }
    if (answer.said == TN_SCRIPT_FAILED)
        tn_scripter_failed(s, job->script, answer.why);
    tell(job, &answer);
}

/* Somebody else's question has been answered meanwhile, and the answer is good for this one. */
static bool answer_kept(struct tn_scripter *s, struct job *job, struct tn_arena *arena)
{
    struct tn_script_answer answer;
    uint64_t                declared = atomic_load_explicit(&job->script->declared, memory_order_acquire);

    if (!tn_answers_find(s->answers, &job->facts, declared, tn_clock_us(), arena, &answer))
        return false;
    atomic_fetch_add_explicit(&s->kept, 1, memory_order_relaxed);
    tell(job, &answer);
    return true;
}

static void work(struct lane *lane, struct job *job)
{
    struct tn_scripter     *s = lane->scripter;
    struct tn_arena         arena;
    struct tn_script_answer answer;

    if (job->script == NULL) {
        (void)ready(s, &lane->process);
        return;
    }
    tn_arena_init(&arena, 0);
    if (atomic_load_explicit(&job->wait->left, memory_order_relaxed)) {
        answer = failure(TN_STR("nobody waits for it"));
        tell(job, &answer);
    } else if (!answer_kept(s, job, &arena)) {
        if (tn_clock_us() - job->asked_us > job->timeout_us) {
            answer = failure(TN_STR("no process had time for the script"));
            tn_scripter_failed(s, job->script, answer.why);
            tell(job, &answer);
        } else if (!ready(s, &lane->process)) {
            answer = failure(tn_str(lane->process.why));
            atomic_fetch_add_explicit(&s->failed, 1, memory_order_relaxed);
            tell(job, &answer);
        } else {
            ask_process(s, &lane->process, job);
        }
    }
    tn_arena_reset(&arena);
}

static size_t bytes_of(const struct job *job)
{
    return job->sql.capacity + job->context.capacity;
}

static void *run_lane(void *arg)
{
    struct lane        *lane = arg;
    struct tn_scripter *s = lane->scripter;

    pthread_mutex_lock(&s->lock);
    while (!atomic_load(&s->stop)) {
        struct tn_list *node = tn_list_first(&s->queue);
        struct job     *job;

        if (node == NULL) {
            s->idle++;
            pthread_cond_wait(&s->wake, &s->lock);
            s->idle--;
            continue;
        }
        tn_list_remove(node);
        job = TN_CONTAINER_OF(node, struct job, node);
        s->queued--;
        s->queued_bytes -= bytes_of(job);
        pthread_mutex_unlock(&s->lock);
        work(lane, job);
        free_job(job);
        pthread_mutex_lock(&s->lock);
    }
    pthread_mutex_unlock(&s->lock);
    tn_process_end(&lane->process);
    return NULL;
}

/* The lock is held. */
static void want_thread(struct tn_scripter *s)
{
    struct lane *lane = &s->lanes[s->threads];

    if (s->queued <= s->idle || s->threads >= s->workers) {
        pthread_cond_signal(&s->wake);
        return;
    }
    lane->scripter = s;
    tn_process_init(&lane->process);
    if (pthread_create(&lane->thread, NULL, run_lane, lane) == 0)
        s->threads++;
}

/* ---- for the query path ---- */

uint64_t tn_scripter_secret(const struct tn_scripter *s)
{
    return s->secret;
}

bool tn_scripter_find(struct tn_scripter *s, struct tn_script *script, const struct tn_script_facts *facts, struct tn_arena *arena,
                      struct tn_script_answer *out)
{
    uint64_t declared = atomic_load_explicit(&script->declared, memory_order_acquire), now = tn_clock_us();

    if (tn_answers_find(s->answers, facts, declared, now, arena, out)) {
        atomic_fetch_add_explicit(&s->kept, 1, memory_order_relaxed);
        return true;
    }
    if (atomic_load_explicit(&s->missing_until_us, memory_order_relaxed) <= now)
        return false;
    atomic_fetch_add_explicit(&s->failed, 1, memory_order_relaxed);
    *out = failure(TN_STR(""));
    pthread_mutex_lock(&s->lock);
    if (!tn_arena_str(arena, tn_str(s->counts.missing), &out->why))
        out->why = TN_STR("no memory");
    pthread_mutex_unlock(&s->lock);
    return true;
}

static struct job *job_new(const struct tn_script_ask *ask, size_t max_sql)
{
    struct job *job = tn_calloc(1, sizeof *job);

    if (job == NULL)
        return NULL;
    tn_buf_init(&job->sql, max_sql);
    tn_buf_put_str(&job->sql, tn_str_n(ask->sql.ptr, TN_MIN(ask->sql.len, max_sql)));
    if (job->sql.failed || ask->context->failed) {
        free_job(job);
        return NULL;
    }
    job->entry = ask->entry;
    job->script = tn_script_ref(ask->script);
    job->facts = ask->facts;
    job->context = *ask->context;
    tn_buf_init(ask->context, 0);
    job->asked_us = tn_clock_us();
    job->timeout_us = ask->timeout_us;
    return job;
}

/* False: the queue is full, or it is the end. */
static bool enqueue(struct tn_scripter *s, struct job *job)
{
    bool fits;

    pthread_mutex_lock(&s->lock);
    fits = s->queued < QUEUE_MAX && s->queued_bytes + bytes_of(job) <= QUEUE_BYTES && !atomic_load(&s->stop);
    if (fits) {
        tn_list_append(&s->queue, &job->node);
        s->queued++;
        s->queued_bytes += bytes_of(job);
        want_thread(s);
        fits = s->threads > 0;
        if (!fits) { /* not one could be made */
            tn_list_remove(&job->node);
            s->queued = s->queued_bytes = 0;
        }
    }
    pthread_mutex_unlock(&s->lock);
    return fits;
}

struct tn_script_wait *tn_scripter_ask(struct tn_scripter *s, struct tn_script_ask *ask, struct tn_worker *worker,
                                       void (*done)(struct tn_script_wait *), void *owner)
{
    struct tn_script_wait *wait = tn_calloc(1, sizeof *wait);
    struct job            *job = job_new(ask, s->max_sql);

    if (wait != NULL && job != NULL) {
        *wait = (struct tn_script_wait){.message.run = on_message, .worker = worker, .done = done, .owner = owner};
        atomic_init(&wait->left, false);
        job->wait = wait;
        if (enqueue(s, job))
            return wait;
    }
    if (job != NULL)
        free_job(job);
    tn_free(wait);
    return NULL;
}

void tn_scripter_warm(struct tn_scripter *s)
{
    struct job *job;
    bool        cold;

    pthread_mutex_lock(&s->lock);
    cold = s->threads == 0;
    pthread_mutex_unlock(&s->lock);
    job = cold ? tn_calloc(1, sizeof *job) : NULL;
    if (job != NULL && !enqueue(s, job))
        free_job(job);
}

/* ---- end ---- */

void tn_scripter_stop(struct tn_scripter *s)
{
    const struct tn_script_answer gone = failure(TN_STR("Turnout is shutting down"));
    struct tn_list               *node;

    pthread_mutex_lock(&s->lock);
    atomic_store(&s->stop, true);
    pthread_cond_broadcast(&s->wake);
    pthread_mutex_unlock(&s->lock);
    for (size_t i = 0; i < s->threads; i++)
        pthread_join(s->lanes[i].thread, NULL);
    s->threads = 0;
    pthread_mutex_lock(&s->lock);
    while ((node = tn_list_first(&s->queue)) != NULL) {
        struct job *job = TN_CONTAINER_OF(node, struct job, node);

        tn_list_remove(node);
        tell(job, &gone);
        free_job(job);
    }
    pthread_mutex_unlock(&s->lock);
}

void tn_scripter_free(struct tn_scripter *s)
{
    if (s == NULL)
        return;
    tn_scripter_stop(s);
    for (size_t i = 0; i < THREADS_MAX; i++)
        if (s->lanes[i].scripter != NULL)
            tn_process_free(&s->lanes[i].process);
    tn_answers_free(s->answers);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->wake);
    tn_free(s);
}

void tn_scripter_count(struct tn_scripter *s, struct tn_scripter_counts *out)
{
    pthread_mutex_lock(&s->lock);
    *out = s->counts;
    out->threads = (unsigned)s->threads;
    out->waiting = (unsigned)s->queued;
    pthread_mutex_unlock(&s->lock);
    out->kept = atomic_load_explicit(&s->kept, memory_order_relaxed);
    out->failed = atomic_load_explicit(&s->failed, memory_order_relaxed);
}
