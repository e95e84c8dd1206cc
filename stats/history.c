#include "stats/history.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "stats/clean.h"
#include "stats/file_lock.h"
#include "stats/history_file.h"

#include <pthread.h>

enum {
    FAILURES_KEPT = 5,        /* flushes that may fail before waiting records are dropped */
    LEAST_PRUNE = 4096,       /* records removed per flush, at most; more when more were written */
    PRUNE_EVERY_US = 10000000 /* when nothing is written */
};

/* The wall clock must be ahead for so long before its jump is believed. */
#define BELIEVE_AFTER_US UINT64_C(3600000000)

struct entry {
    struct entry            *next;
    size_t                   bytes;
    struct tn_history_record record; /* its texts are in data */
    char                     data[];
};

struct tn_history {
    /* any thread */
    _Atomic(struct entry *) pending; /* newest first */
    _Atomic uint64_t        records, bytes; /* waiting, the writer's batch included */
    _Atomic uint64_t        next_id;
    _Atomic uint64_t        max_age_us, max_size, max_text;
    _Atomic bool            failing, woken; /* woken: before its time, since the last flush */
    struct tn_counters      counters;
    uint64_t                max_records, max_bytes, flush_us;
    bool                    in_memory;
    char                   *name;
    struct tn_file_lock     lock;

    /* under the mutex */
    pthread_mutex_t mutex;
    pthread_cond_t  wake, done;
    bool            stop;
    uint64_t        flush_wanted, flush_done;

    /* the writer */
    pthread_t              thread;
    struct tn_history_file file;
    sqlite3               *keeper; /* in memory: holds the database when the file object is closed */
    struct entry          *batch, **batch_end;
    unsigned               failures;
    bool                   prune_failing;
    uint64_t               lost_before; /* dropped records when the failing began */
    uint64_t               wall_base_us, clock_base_us, ahead_since_us, pruned_at_us;
};

static const char *const outcome_names[TN_HISTORY_OUTCOMES] = {"ok", "error", "cancelled", "timeout", "denied", "refused"};

const char *tn_history_outcome_name(uint64_t outcome)
{
    return outcome < TN_HISTORY_OUTCOMES ? outcome_names[outcome] : "unknown";
}

bool tn_history_outcome_parse(struct tn_str name, enum tn_history_outcome *out)
{
    for (size_t i = 0; i < TN_HISTORY_OUTCOMES; i++)
        if (tn_str_ieq_c(name, outcome_names[i])) {
            *out = (enum tn_history_outcome)i;
            return true;
        }
    return false;
}

enum {
#define NUMBER(member, column, type)
#define TEXT(member, column, most) +1
    TEXTS = 0
#include "stats/history.def"
#undef NUMBER
#undef TEXT
};

static size_t limit_of(const struct tn_history *history, size_t most)
{
    return most > 0 ? most : (size_t)atomic_load_explicit(&history->max_text, memory_order_relaxed);
}

static struct entry *copy_record(struct tn_history *history, const struct tn_history_record *record)
{
    size_t        text_limit = limit_of(history, 0), bytes = sizeof(struct entry), rooms[TEXTS], i = 0;
    bool          plain[TEXTS];
    struct entry *entry;
    char         *at;

#define NUMBER(member, column, type)
#define TEXT(member, column, most)                                                                                    \
    rooms[i] = tn_clean_bound(record->member, (most) > 0 ? (size_t)(most) : text_limit, &plain[i]);                      \
    bytes += rooms[i++];
#include "stats/history.def"
#undef TEXT
    entry = tn_malloc(bytes);
    if (entry == NULL)
        return NULL;
    entry->bytes = bytes;
    entry->record = *record;
    at = entry->data;
    i = 0;
#define TEXT(member, column, most)                                                                                    \
    entry->record.member = tn_str_n(at, tn_clean_copy(at, rooms[i], record->member, plain[i]));                           \
    at += rooms[i++];
#include "stats/history.def"
#undef NUMBER
#undef TEXT
    if (entry->record.text_size == 0)
        entry->record.text_size = record->text.len;
    return entry;
}

static void drop(struct tn_history *history, uint64_t records)
{
    tn_count_shared(&history->counters, TN_COUNTER_history_records_dropped, records);
}

/* Room for one more of BYTES? Reserves it. */
static bool reserve(struct tn_history *history, size_t bytes)
{
    if (atomic_fetch_add_explicit(&history->records, 1, memory_order_relaxed) >= history->max_records) {
        atomic_fetch_sub_explicit(&history->records, 1, memory_order_relaxed);
        return false;
    }
    if (atomic_fetch_add_explicit(&history->bytes, bytes, memory_order_relaxed) + bytes > history->max_bytes) {
        atomic_fetch_sub_explicit(&history->bytes, bytes, memory_order_relaxed);
        atomic_fetch_sub_explicit(&history->records, 1, memory_order_relaxed);
        return false;
    }
    return true;
}

bool tn_history_add(struct tn_history *history, const struct tn_history_record *record)
{
    struct entry *entry = NULL, *head;

    if (atomic_load_explicit(&history->records, memory_order_relaxed) < history->max_records)
        entry = copy_record(history, record);
    if (entry == NULL || !reserve(history, entry->bytes)) {
        tn_free(entry);
        drop(history, 1);
        return false;
    }
    if (entry->record.id == 0)
        entry->record.id = tn_history_next_id(history);
    head = atomic_load_explicit(&history->pending, memory_order_relaxed);
    do {
        entry->next = head;
    } while (!atomic_compare_exchange_weak_explicit(&history->pending, &head, entry, memory_order_release,
                                                    memory_order_relaxed));
    if (atomic_load_explicit(&history->records, memory_order_relaxed) > history->max_records / 2 &&
        !atomic_exchange_explicit(&history->woken, true, memory_order_relaxed))
        pthread_cond_signal(&history->wake); /* a lost signal only means the usual time */
    return true;
}

uint64_t tn_history_next_id(struct tn_history *history)
{
    return atomic_fetch_add_explicit(&history->next_id, 1, memory_order_relaxed);
}

/* Appends what came to the batch, oldest first. */
static void take_pending(struct tn_history *history)
{
    struct entry *taken = atomic_exchange_explicit(&history->pending, NULL, memory_order_acquire), *oldest = NULL;
    struct entry *newest = taken;

    while (taken != NULL) {
        struct entry *next = taken->next;

        taken->next = oldest;
        oldest = taken;
        taken = next;
    }
    *history->batch_end = oldest;
    if (newest != NULL)
        history->batch_end = &newest->next;
}

static uint64_t free_batch(struct tn_history *history)
{
    uint64_t records = 0, bytes = 0;

    while (history->batch != NULL) {
        struct entry *entry = history->batch;

        history->batch = entry->next;
        records++;
        bytes += entry->bytes;
        tn_free(entry);
    }
    history->batch_end = &history->batch;
    atomic_fetch_sub_explicit(&history->records, records, memory_order_relaxed);
    atomic_fetch_sub_explicit(&history->bytes, bytes, memory_order_relaxed);
    return records;
}

/* Somebody removed the file, or put another one in its place. */
static enum tn_status find_again(struct tn_history *history, struct tn_error *err)
{
    if (history->in_memory || !tn_database_is_moved(history->file.db))
        return TN_OK;
    TN_TRY(tn_history_file_move_back(&history->file, history->name, err));
    tn_count_shared(&history->counters, TN_COUNTER_history_files_lost, 1);
    tn_log(TN_LOG_WARN, "the history was removed or replaced: it is written anew as a whole", TN_LOG_TEXT("file", history->name));
    return TN_OK;
}

static enum tn_status write_batch(struct tn_history *history, struct tn_error *err)
{
    struct tn_history_file *file = &history->file;

    TN_TRY(find_again(history, err));
    if (file->db == NULL)
        TN_TRY(tn_history_file_open(file, history->name,
                                    TN_HISTORY_FILE_KNOWN | (history->in_memory ? TN_HISTORY_FILE_IN_MEMORY : 0u), err));
    TN_TRY(tn_history_file_begin(file, err));
    for (struct entry *entry = history->batch; entry != NULL; entry = entry->next)
        TN_TRY(tn_history_file_insert(file, &entry->record, err));
    return tn_history_file_commit(file, err);
}

static void note_failure(struct tn_history *history, const struct tn_error *err)
{
    tn_count_shared(&history->counters, TN_COUNTER_history_flushes_failed, 1);
    history->failures++;
    if (history->failures > 1)
        return;
    history->lost_before = tn_counters_get(&history->counters, TN_COUNTER_history_records_dropped);
    atomic_store(&history->failing, true);
    tn_log(TN_LOG_ERROR, "history cannot be written", TN_LOG_TEXT("file", history->name), TN_LOG_TEXT("error", err->message),
           TN_LOG_TEXT("effect", "queries run on; records wait for a few seconds and are then dropped"));
}

static void note_success(struct tn_history *history)
{
    uint64_t lost = tn_counters_get(&history->counters, TN_COUNTER_history_records_dropped) - history->lost_before;

    if (history->failures == 0)
        return;
    history->failures = 0;
    atomic_store(&history->failing, false);
    tn_log(TN_LOG_INFO, "history is written again", TN_LOG_TEXT("file", history->name), TN_LOG_U64("dropped", lost));
}

static bool handle(struct tn_history *history, enum tn_status status, struct tn_error *err)
{
    if (status == TN_OK) {
        note_success(history);
        tn_error_reset(err);
        return true;
    }
    tn_history_file_rollback(&history->file);
    if (history->in_memory || !tn_database_is_moved(history->file.db)) /* else only this one still knows all of it */
        tn_history_file_close(&history->file); /* opened anew next time: whatever was wrong may be over */
    note_failure(history, err);
    tn_error_reset(err);
    return false;
}

/* What the wall clock would say without jumps forward that did not last. */
static uint64_t trusted_wall_us(struct tn_history *history)
{
    uint64_t now = tn_clock_us(), wall = tn_clock_wall_us();
    uint64_t expected = history->wall_base_us + (now - history->clock_base_us);

    if (wall <= expected + 60000000u) {
        history->ahead_since_us = 0;
    } else if (history->ahead_since_us == 0) {
        history->ahead_since_us = now;
    } else if (now - history->ahead_since_us > BELIEVE_AFTER_US) {
        history->wall_base_us = wall;
        history->clock_base_us = now;
        history->ahead_since_us = 0;
        expected = wall;
    }
    return TN_MIN(wall, expected);
}

static void prune(struct tn_history *history, uint64_t written)
{
    uint64_t        max_age = atomic_load(&history->max_age_us), now = trusted_wall_us(history), pruned = 0;
    struct tn_error err = TN_ERROR_INIT;
    unsigned        most = (unsigned)TN_MIN(TN_MAX(2 * written, (uint64_t)LEAST_PRUNE), (uint64_t)1000000);

    bool            ok;

    if (history->file.db == NULL)
        return;
    history->pruned_at_us = tn_clock_us();
    ok = tn_history_file_prune(&history->file, max_age > 0 && now > max_age ? now - max_age : 0,
                               atomic_load(&history->max_size), most, &pruned, &err) == TN_OK;
    if (!ok)
        tn_history_file_rollback(&history->file);
    if (ok == history->prune_failing) {
        history->prune_failing = !ok;
        tn_log(ok ? TN_LOG_INFO : TN_LOG_WARN, ok ? "history is pruned again" : "history cannot be pruned",
               TN_LOG_TEXT("file", history->name), TN_LOG_TEXT("error", err.message));
    }
    tn_error_reset(&err);
    tn_count_shared(&history->counters, TN_COUNTER_history_records_pruned, pruned);
}

static void flush(struct tn_history *history)
{
    struct tn_error err = TN_ERROR_INIT;
    uint64_t        written;

    atomic_store_explicit(&history->woken, false, memory_order_relaxed);
    take_pending(history);
    if (history->batch == NULL) {
        if (tn_clock_us() - history->pruned_at_us >= PRUNE_EVERY_US)
            prune(history, 0);
        return;
    }
    if (handle(history, write_batch(history, &err), &err)) {
        written = free_batch(history);
        tn_count_shared(&history->counters, TN_COUNTER_history_records_written, written);
        prune(history, written);
    } else if (history->failures >= FAILURES_KEPT) {
        drop(history, free_batch(history));
    }
}

static void add_us(struct timespec *at, uint64_t us)
{
    uint64_t nanoseconds = (uint64_t)at->tv_nsec + us % 1000000 * 1000;

    at->tv_sec += (time_t)(us / 1000000 + nanoseconds / 1000000000);
    at->tv_nsec = (long)(nanoseconds % 1000000000);
}

/* Sleeps until it is time, or somebody wants a flush. Called and left with the mutex held. */
static void wait_for_work(struct tn_history *history)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    add_us(&until, history->flush_us);
    if (!history->stop && history->flush_wanted == history->flush_done)
        pthread_cond_timedwait(&history->wake, &history->mutex, &until);
}

static void *run_writer(void *arg)
{
    struct tn_history *history = arg;
    bool               stop = false;

    pthread_mutex_lock(&history->mutex);
    while (!stop) {
        uint64_t wanted;

        wait_for_work(history);
        wanted = history->flush_wanted;
        stop = history->stop;
        pthread_mutex_unlock(&history->mutex);
        flush(history);
        pthread_mutex_lock(&history->mutex);
        history->flush_done = wanted;
        pthread_cond_broadcast(&history->done);
    }
    pthread_mutex_unlock(&history->mutex);
    return NULL;
}

void tn_history_flush(struct tn_history *history)
{
    uint64_t mine;

    pthread_mutex_lock(&history->mutex);
    mine = ++history->flush_wanted;
    pthread_cond_signal(&history->wake);
    while (history->flush_done < mine)
        pthread_cond_wait(&history->done, &history->mutex);
    pthread_mutex_unlock(&history->mutex);
}

void tn_history_limit(struct tn_history *history, uint64_t max_age_us, uint64_t max_size, uint64_t max_text)
{
    atomic_store(&history->max_age_us, max_age_us);
    atomic_store(&history->max_size, max_size);
    atomic_store(&history->max_text, max_text);
}

const struct tn_counters *tn_history_counters(const struct tn_history *history)
{
    return &history->counters;
}

bool tn_history_failing(const struct tn_history *history)
{
    return atomic_load(&history->failing);
}

enum tn_status tn_history_query(const struct tn_history *history, const struct tn_history_filter *filter,
                                tn_history_row_fn *row, void *ctx, struct tn_error *err)
{
    unsigned flags = TN_HISTORY_FILE_KNOWN | (history->in_memory ? TN_HISTORY_FILE_IN_MEMORY : 0u);

    return tn_history_query_name(history->name, flags, filter, row, ctx, err);
}

static void init_locks(struct tn_history *history)
{
    pthread_condattr_t attr;

    pthread_mutex_init(&history->mutex, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&history->wake, &attr);
    pthread_condattr_destroy(&attr);
    pthread_cond_init(&history->done, NULL);
}

static struct tn_history *new_history(const struct tn_history_options *options)
{
    struct tn_history *history = tn_calloc(1, sizeof *history);
    char               uri[TN_HISTORY_URI];

    if (history == NULL)
        return NULL;
    snprintf(uri, sizeof uri, "file:turnout-history-%p?mode=memory&cache=shared", (void *)history);
    history->in_memory = options->path == NULL;
    history->lock = (struct tn_file_lock)TN_FILE_LOCK_NONE;
    history->name = tn_strdup(options->path == NULL ? uri : options->path);
    if (history->name == NULL) {
        tn_free(history);
        return NULL;
    }
    tn_history_limit(history, options->max_age_us, options->max_size, options->max_text);
    history->max_records = options->max_records;
    history->max_bytes = options->max_bytes;
    history->flush_us = options->flush_us;
    history->batch_end = &history->batch;
    history->wall_base_us = tn_clock_wall_us();
    history->clock_base_us = history->pruned_at_us = tn_clock_us();
    init_locks(history);
    return history;
}

static void free_history(struct tn_history *history)
{
    tn_history_file_close(&history->file);
    sqlite3_close(history->keeper);
    tn_file_lock_end(&history->lock);
    pthread_cond_destroy(&history->wake);
    pthread_cond_destroy(&history->done);
    pthread_mutex_destroy(&history->mutex);
    tn_free(history->name);
    tn_free(history);
}

/* A file that cannot be used now is tried again by the writer; one that is not ours, or has no folder, is an error. */
static enum tn_status open_first(struct tn_history *history, struct tn_error *err)
{
    enum tn_status status;

    if (history->in_memory &&
        sqlite3_open_v2(history->name, &history->keeper,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        return tn_history_file_fail(history->keeper, "cannot open", err);
    if (!history->in_memory)
        TN_TRY(tn_file_lock_take(&history->lock, "history", history->name, err));
    status = tn_history_file_open(&history->file, history->name, history->in_memory ? TN_HISTORY_FILE_IN_MEMORY : 0u, err);
    if (status == TN_E_IO) {
        note_failure(history, err);
        tn_error_reset(err);
        atomic_store(&history->next_id, tn_clock_wall_us()); /* above whatever counted ids are in there */
        return TN_OK;
    }
    if (status == TN_OK)
        atomic_store(&history->next_id, tn_history_file_last_id(&history->file) + 1);
    return status;
}

enum tn_status tn_history_open(struct tn_history **out, const struct tn_history_options *options, struct tn_error *err)
{
    struct tn_history *history = new_history(options);
    struct tn_error    local = TN_ERROR_INIT;
    enum tn_status     status;

    *out = NULL;
    if (history == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "history: no memory");
    atomic_store(&history->next_id, 1);
    status = open_first(history, &local);
    if (status == TN_OK && pthread_create(&history->thread, NULL, run_writer, history) != 0)
        status = tn_fail(&local, TN_E_NOMEM, "53200", "history: cannot start a thread");
    if (status != TN_OK) {
        free_history(history);
        if (err != NULL)
            tn_error_move(err, &local);
        else
            tn_error_reset(&local);
        return status;
    }
    *out = history;
    return TN_OK;
}

void tn_history_close(struct tn_history *history)
{
    if (history == NULL)
        return;
    pthread_mutex_lock(&history->mutex);
    history->stop = true;
    pthread_cond_signal(&history->wake);
    pthread_mutex_unlock(&history->mutex);
    pthread_join(history->thread, NULL);
    take_pending(history);
    drop(history, free_batch(history)); /* what the last attempt could not write */
    free_history(history);
}
