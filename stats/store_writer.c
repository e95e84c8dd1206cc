#include "stats/store_file.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "stats/file_lock.h"

/* A flush begins at half the time that may be lost: what it takes itself is lost time too. GATHER_US: who is asked for again
 * waits so long for others before they are fetched together. */
enum { FLUSHES_PER_PROMISE = 2, GATHER_US = 3000, RESET_KEYS = 1024 };

struct tn_store_writer {
    /* under the mutex */
    pthread_mutex_t mutex;
    pthread_cond_t  wake, done;
    bool            stop, reset_all;
    uint64_t        flush_wanted, flush_done;
    uint64_t        reset_keys[RESET_KEYS][2];
    unsigned        reset_count;

    /* the thread's */
    pthread_t            thread;
    struct tn_file_lock  lock;
    struct tn_store_file file;
    struct tn_flush      flush;
    unsigned             failures;
};

static void note_failure(struct tn_store *store, const struct tn_error *err)
{
    atomic_fetch_add_explicit(&store->flush_failures, 1, memory_order_relaxed);
    atomic_store_explicit(&store->failing, true, memory_order_relaxed);
    if (++store->writer->failures > 1)
        return;
    tn_log(TN_LOG_ERROR, "statistics cannot be written", TN_LOG_TEXT("file", store->path), TN_LOG_TEXT("error", err->message),
           TN_LOG_TEXT("effect", "learning goes on in memory; writing is tried again"));
}

static void note_success(struct tn_store *store)
{
    if (store->writer->failures == 0)
        return;
    tn_log(TN_LOG_INFO, "statistics are written again", TN_LOG_TEXT("file", store->path),
           TN_LOG_U64("failures", store->writer->failures));
    store->writer->failures = 0;
    atomic_store_explicit(&store->failing, false, memory_order_relaxed);
}

/* Somebody removed the file, or put another one in its place. */
static enum tn_status find_again(struct tn_store *store, struct tn_error *err)
{
    struct tn_store_writer *writer = store->writer;

    if (!tn_database_is_moved(writer->file.db))
        return TN_OK;
    TN_TRY(tn_store_file_move_back(&writer->file, store->path, err));
    atomic_fetch_add_explicit(&store->files_lost, 1, memory_order_relaxed);
    tn_log(TN_LOG_WARN, "the file of statistics was removed or replaced: it is written anew as a whole", TN_LOG_TEXT("file", store->path));
    return TN_OK;
}

static enum tn_status open_again(struct tn_store *store, struct tn_error *err)
{
    struct tn_store_writer *writer = store->writer;

    if (writer->file.db != NULL)
        return find_again(store, err);
    TN_TRY(tn_store_file_open(&writer->file, store->path, TN_DATABASE_KNOWN, err));
    if (atomic_load(&store->loaded))
        return TN_OK;
    TN_TRY(tn_store_load(&writer->flush, err)); /* it could not be read when the program began */
    return tn_blobs_load(store, &writer->file, err);
}

static enum tn_status forget_key(struct tn_store_file *file, const uint64_t key[2], struct tn_error *err)
{
    unsigned char bytes[16];

    tn_bind_key(file->statements[TN_DROP_COLD], 1, key, bytes);
    return tn_store_file_step(file, TN_DROP_COLD, err);
}

/* Evicted shapes that are to be forgotten. */
static enum tn_status forget(struct tn_store *store, struct tn_error *err)
{
    struct tn_store_writer *writer = store->writer;
    enum tn_status          status = TN_OK;
    unsigned                done = 0, count;
    bool                    all;

    pthread_mutex_lock(&writer->mutex);
    all = writer->reset_all;
    count = writer->reset_count;
    pthread_mutex_unlock(&writer->mutex);
    if (all) {
        tn_flush_drop_evicted(&writer->flush);
        TN_TRY(tn_store_file_run(&writer->file, "DELETE FROM cold", err));
        writer->flush.cold_count = 0;
    }
    for (; status == TN_OK && done < count; done += status == TN_OK)
        status = forget_key(&writer->file, writer->reset_keys[done], err); /* only this thread takes from the list */
    pthread_mutex_lock(&writer->mutex);
    if (all)
        writer->reset_all = false;
    memmove(writer->reset_keys, writer->reset_keys + done, (writer->reset_count - done) * sizeof writer->reset_keys[0]);
    writer->reset_count -= done;
    pthread_mutex_unlock(&writer->mutex);
    return status;
}

static enum tn_status write_all(struct tn_store *store, bool dirty_too, struct tn_error *err)
{
    struct tn_store_writer *writer = store->writer;

    atomic_store_explicit(&store->called, false, memory_order_relaxed);
    TN_TRY(open_again(store, err));
    TN_TRY(forget(store, err));
    TN_TRY(tn_flush_evicted_and_fetched(&writer->flush, err));
    if (!dirty_too)
        return TN_OK;
    TN_TRY(tn_flush_dirty(&writer->flush, err));
    return tn_blobs_write(store, &writer->file, err);
}

static void work(struct tn_store *store, bool dirty_too)
{
    struct tn_error err = TN_ERROR_INIT;

    if (write_all(store, dirty_too, &err) == TN_OK) {
        note_success(store);
    } else {
        tn_database_rollback(store->writer->file.db);
        if (!tn_database_is_moved(store->writer->file.db)) /* else only this one still knows all of it */
            tn_store_file_close(&store->writer->file); /* opened anew next time: whatever was wrong may be over */
        note_failure(store, &err);
    }
    tn_error_reset(&err);
}

static struct timespec after(uint64_t us)
{
    struct timespec at;
    uint64_t        nanoseconds;

    clock_gettime(CLOCK_MONOTONIC, &at);
    nanoseconds = (uint64_t)at.tv_nsec + us % 1000000 * 1000;
    at.tv_sec += (time_t)(us / 1000000 + nanoseconds / 1000000000);
    at.tv_nsec = (long)(nanoseconds % 1000000000);
    return at;
}

/* Until it is time, or somebody wants a flush, or something is called for: false then. The mutex is held. */
static bool wait_for_work(struct tn_store *store, uint64_t due_us)
{
    struct tn_store_writer *writer = store->writer;
    bool                    gathered = false;

    while (!writer->stop && writer->flush_wanted == writer->flush_done) {
        uint64_t        now_us = tn_clock_us();
        bool            called = atomic_load_explicit(&store->called, memory_order_relaxed) && writer->failures == 0;
        struct timespec until;

        if (now_us >= due_us)
            break;
        if (called && gathered)
            return false;
        gathered = called;
        until = after(called ? TN_MIN((uint64_t)GATHER_US, due_us - now_us) : due_us - now_us);
        pthread_cond_timedwait(&writer->wake, &writer->mutex, &until);
    }
    return true;
}

static void *run_writer(void *arg)
{
    struct tn_store        *store = arg;
    struct tn_store_writer *writer = store->writer;
    uint64_t                period_us = TN_MAX(store->options.flush_us / FLUSHES_PER_PROMISE, (uint64_t)1000);
    uint64_t                due_us = tn_clock_us() + period_us;
    bool                    stop = false;

    pthread_mutex_lock(&writer->mutex);
    while (!stop) {
        bool     all = wait_for_work(store, due_us);
        uint64_t wanted = writer->flush_wanted;

        stop = writer->stop;
        pthread_mutex_unlock(&writer->mutex);
        if (all)
            due_us = tn_clock_us() + period_us;
        work(store, all);
        pthread_mutex_lock(&writer->mutex);
        if (all)
            writer->flush_done = wanted;
        pthread_cond_broadcast(&writer->done);
    }
    pthread_mutex_unlock(&writer->mutex);
    return NULL;
}

void tn_store_flush(struct tn_store *store)
{
    struct tn_store_writer *writer = store->writer;
    uint64_t                mine;

    if (writer == NULL)
        return;
    pthread_mutex_lock(&writer->mutex);
    mine = ++writer->flush_wanted;
    pthread_cond_signal(&writer->wake);
    while (writer->flush_done < mine)
        pthread_cond_wait(&writer->done, &writer->mutex);
    pthread_mutex_unlock(&writer->mutex);
}

void tn_writer_call(struct tn_store *store)
{
    if (!atomic_exchange_explicit(&store->called, true, memory_order_relaxed))
        pthread_cond_signal(&store->writer->wake); /* a lost signal only means the usual time */
}

void tn_writer_reset(struct tn_store *store, const uint64_t key[2])
{
    struct tn_store_writer *writer = store->writer;

    pthread_mutex_lock(&writer->mutex);
    if (key != NULL && writer->reset_count == RESET_KEYS) {
        pthread_mutex_unlock(&writer->mutex);
        tn_store_flush(store); /* they are done then; if the file cannot be written, this one comes too late */
        pthread_mutex_lock(&writer->mutex);
    }
    if (key == NULL) {
        writer->reset_all = true;
    } else if (writer->reset_count < RESET_KEYS) {
        writer->reset_keys[writer->reset_count][0] = key[0];
        writer->reset_keys[writer->reset_count++][1] = key[1];
    }
    pthread_mutex_unlock(&writer->mutex);
}

/* A file that cannot be used now is tried again by the writer; one that is not ours, or has no folder, is an error. */
static enum tn_status open_first(struct tn_store *store, struct tn_error *err)
{
    struct tn_store_writer *writer = store->writer;
    enum tn_status          status;

    TN_TRY(tn_file_lock_take(&writer->lock, "statistics", store->path, err));
    status = tn_store_file_open(&writer->file, store->path, 0, err);
    if (status == TN_E_IO) {
        note_failure(store, err);
        tn_error_reset(err);
        return TN_OK;
    }
    TN_TRY(status);
    TN_TRY(tn_store_load(&writer->flush, err));
    return tn_blobs_load(store, &writer->file, err);
}

static void free_writer(struct tn_store *store)
{
    struct tn_store_writer *writer = store->writer;

    tn_flush_drop_evicted(&writer->flush);
    tn_free(writer->flush.scratch);
    tn_free(writer->flush.excess);
    tn_free(writer->flush.joint);
    tn_store_file_close(&writer->file);
    tn_file_lock_end(&writer->lock);
    pthread_cond_destroy(&writer->wake);
    pthread_cond_destroy(&writer->done);
    pthread_mutex_destroy(&writer->mutex);
    tn_free(writer);
    store->writer = NULL;
}

enum tn_status tn_writer_open(struct tn_store *store, struct tn_error *err)
{
    struct tn_store_writer *writer = tn_calloc(1, sizeof *writer);
    pthread_condattr_t      attr;
    enum tn_status          status;

    if (writer == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "statistics: no memory");
    store->writer = writer;
    writer->lock = (struct tn_file_lock)TN_FILE_LOCK_NONE;
    writer->flush = (struct tn_flush){.store = store, .file = &writer->file, .rand = {.state = tn_clock_wall_us()}};
    writer->flush.evicted_end = &writer->flush.evicted;
    pthread_mutex_init(&writer->mutex, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&writer->wake, &attr);
    pthread_condattr_destroy(&attr);
    pthread_cond_init(&writer->done, NULL);
    atomic_store(&store->next_id, TN_STORE_PROVISIONAL);
    status = open_first(store, err);
    if (status == TN_OK && pthread_create(&writer->thread, NULL, run_writer, store) != 0)
        status = tn_fail(err, TN_E_NOMEM, "53200", "statistics: cannot start a thread");
    if (status != TN_OK)
        free_writer(store);
    return status;
}

void tn_writer_close(struct tn_store *store)
{
    struct tn_store_writer *writer = store->writer;

    if (writer == NULL)
        return;
    pthread_mutex_lock(&writer->mutex);
    writer->stop = true;
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->mutex);
    pthread_join(writer->thread, NULL);
    free_writer(store);
}
