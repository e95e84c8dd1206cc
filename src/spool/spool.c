/* Old files go, and when there are too many bytes of them, the oldest. Now and then, in the offload pool. */
#include "spool/spool.h"

#include "base/alloc.h"
#include "spool/spool_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SWEEP_SECONDS = 30, FILES_MAX = 100000 };

struct file {
    char     name[TN_SPOOL_NAME];
    uint64_t seconds, bytes; /* seconds: of its last change */
};

struct files {
    size_t       count, room;
    struct file *items;
    uint64_t     bytes;
};

bool tn_spool_path(const struct tn_spool *spool, const char *id, const char *end, char *out, size_t size)
{
    int len = snprintf(out, size, "%s/%s.%s", spool->folder, id, end);

    return len > 0 && (size_t)len < size;
}

/* ---- sweeping ---- */

static void add(struct files *files, const struct tn_spool *spool, int folder, const char *name)
{
    struct stat  about;
    struct file *items;

    if (strlen(name) >= TN_SPOOL_NAME || !spool->owns(name) || fstatat(folder, name, &about, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(about.st_mode))
        return;
    files->bytes += (uint64_t)about.st_size;
    if (files->count == files->room) {
        size_t room = files->room == 0 ? 256 : files->room * 2;

        items = files->count < FILES_MAX ? tn_realloc(files->items, room * sizeof *items) : NULL;
        if (items == NULL)
            return;
        files->items = items;
        files->room = room;
    }
    tn_str_copy(files->items[files->count].name, TN_SPOOL_NAME, tn_str(name));
    files->items[files->count].seconds = (uint64_t)about.st_mtime;
    files->items[files->count++].bytes = (uint64_t)about.st_size;
}

static void read_folder(struct tn_spool *spool, DIR *folder, struct files *out)
{
    struct dirent *entry;

    *out = (struct files){.count = 0};
    while (folder != NULL && (entry = readdir(folder)) != NULL)
        add(out, spool, dirfd(folder), entry->d_name);
}

static void give_back(struct tn_spool *spool, uint64_t bytes)
{
    uint64_t now = atomic_load(&spool->bytes);

    while (spool->passing && !atomic_compare_exchange_weak(&spool->bytes, &now, now > bytes ? now - bytes : 0))
        ;
}

static bool take_away(struct tn_spool *spool, DIR *folder, const struct file *file)
{
    if (unlinkat(dirfd(folder), file->name, 0) != 0)
        return false;
    give_back(spool, file->bytes);
    return true;
}

static int by_age(const void *a, const void *b)
{
    const struct file *x = a, *y = b;

    return (x->seconds > y->seconds) - (x->seconds < y->seconds);
}

static void run(struct tn_job *job)
{
    struct tn_spool       *spool = TN_CONTAINER_OF(job, struct tn_spool, sweep);
    struct tn_spool_limits limits = spool->limits(spool);
    uint64_t               now = (uint64_t)time(NULL);
    DIR                   *folder = opendir(spool->folder);
    struct files           files;

    read_folder(spool, folder, &files);
    if (files.count > 1)
        qsort(files.items, files.count, sizeof *files.items, by_age);
    for (size_t i = 0; i < files.count; i++) {
        bool old = files.items[i].seconds + limits.max_age_s < now;
        bool too_much = !spool->passing && files.bytes > limits.max_bytes && files.items[i].bytes > 0;

        if ((old || too_much) && take_away(spool, folder, &files.items[i]))
            files.bytes -= files.items[i].bytes;
    }
    if (spool->passing && folder != NULL) /* others make and remove files here, too */
        atomic_store(&spool->bytes, files.bytes);
    if (folder != NULL)
        closedir(folder);
    tn_free(files.items);
}

static void done(struct tn_job *job, struct tn_worker *worker)
{
    (void)worker;
    TN_CONTAINER_OF(job, struct tn_spool, sweep)->busy = false;
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_spool *spool = timer->data;

    (void)loop;
    (void)revents;
    if (spool->busy)
        return;
    spool->busy = true;
    spool->sweep.run = run;
    spool->sweep.done = done;
    tn_offload_submit(spool->offload, &spool->sweep, spool->worker);
}

/* Timers are the worker's: it starts this one itself. */
static void on_start(struct tn_message *message, struct tn_worker *worker)
{
    struct tn_spool *spool = TN_CONTAINER_OF(message, struct tn_spool, start);

    ev_timer_init(&spool->timer, on_timer, 1., SWEEP_SECONDS);
    spool->timer.data = spool;
    ev_timer_start(worker->loop, &spool->timer);
}

void tn_spool_start(struct tn_spool *spool)
{
    spool->start.run = on_start;
    tn_worker_post(spool->worker, &spool->start);
}

/* ---- a passing spool ---- */

/* Whoever uses the folder holds a shared lock on it; who can have the exclusive one is alone. */
static void clear_if_alone(struct tn_spool *spool)
{
    DIR         *folder = flock(spool->claim, LOCK_EX | LOCK_NB) == 0 ? opendir(spool->folder) : NULL;
    struct files files;

    read_folder(spool, folder, &files);
    for (size_t i = 0; i < files.count; i++)
        take_away(spool, folder, &files.items[i]);
    tn_free(files.items);
    if (folder != NULL)
        closedir(folder);
}

static void claim(struct tn_spool *spool)
{
    pthread_mutex_lock(&spool->lock);
    if (spool->claim < 0 && (spool->claim = open(spool->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0) {
        clear_if_alone(spool);
        flock(spool->claim, LOCK_SH);
    }
    pthread_mutex_unlock(&spool->lock);
}

int tn_spool_make(struct tn_spool *spool)
{
    if (mkdir(spool->folder, 0700) != 0 && errno != EEXIST)
        return errno;
    if (spool->passing)
        claim(spool);
    return 0;
}

int tn_spool_put(struct tn_spool *spool, const char *id, const char *end, struct tn_str text)
{
    char path[TN_SPOOL_PATH];
    int  error = tn_spool_path(spool, id, end, path, sizeof path) ? tn_spool_make(spool) : ENAMETOOLONG;

    if (error != 0)
        return error;
    if (atomic_fetch_add(&spool->bytes, text.len) + text.len > spool->limits(spool).max_bytes)
        error = EDQUOT;
    if (error == 0)
        error = tn_spool_file_write(path, path, text); /* nobody knows its name yet */
    if (error != 0)
        give_back(spool, text.len);
    return error;
}

int tn_spool_drop(struct tn_spool *spool, const char *id, const char *end)
{
    struct stat about;
    char        path[TN_SPOOL_PATH];

    if (!tn_spool_path(spool, id, end, path, sizeof path))
        return ENAMETOOLONG;
    if (stat(path, &about) != 0 || unlink(path) != 0)
        return errno;
    give_back(spool, (uint64_t)about.st_size);
    return 0;
}

/* ---- life ---- */

void tn_spool_open(struct tn_spool *spool)
{
    pthread_mutex_init(&spool->lock, NULL);
    spool->claim = -1;
    if (spool->passing)
        claim(spool);
}

void tn_spool_close(struct tn_spool *spool)
{
    ev_timer_stop(spool->worker->loop, &spool->timer);
    if (spool->claim >= 0) {
        clear_if_alone(spool);
        close(spool->claim);
    }
    pthread_mutex_destroy(&spool->lock);
}
