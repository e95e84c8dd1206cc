/* Old results go, and when there are too many bytes of them, the oldest. Now and then, in the offload pool. */
#include "rest/private.h"

#include "base/alloc.h"
#include "base/clock.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SWEEP_SECONDS = 30, FILES_MAX = 100000, NAME = 64 };

struct file {
    char     name[NAME];
    uint64_t seconds, bytes; /* seconds: of its last change */
};

struct files {
    size_t       count, room;
    struct file *items;
    uint64_t     bytes;
};

/* "UUID.rows" and so on: what is not ours stays. */
static bool is_ours(const char *name)
{
    static const char *const ends[] = {".rows", ".json", ".tmp", ".key", ".claim"};
    size_t                   len = strlen(name);

    if (len < TN_REST_ID || len >= NAME || !tn_rest_id_valid(tn_str_n(name, TN_REST_ID - 1)))
        return false;
    for (size_t i = 0; i < TN_ARRAY_LEN(ends); i++)
        if (strcmp(name + TN_REST_ID - 1, ends[i]) == 0)
            return true;
    return false;
}

static void add(struct files *files, int folder, const char *name)
{
    struct stat  about;
    struct file *items;

    if (!is_ours(name) || fstatat(folder, name, &about, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(about.st_mode))
        return;
    if (files->count == files->room) {
        size_t room = files->room == 0 ? 256 : files->room * 2;

        items = files->count < FILES_MAX ? tn_realloc(files->items, room * sizeof *items) : NULL;
        if (items == NULL)
            return;
        files->items = items;
        files->room = room;
    }
    tn_str_copy(files->items[files->count].name, NAME, tn_str(name));
    files->items[files->count].seconds = (uint64_t)about.st_mtime;
    files->items[files->count++].bytes = (uint64_t)about.st_size;
    files->bytes += (uint64_t)about.st_size;
}

static int by_age(const void *a, const void *b)
{
    const struct file *x = a, *y = b;

    return (x->seconds > y->seconds) - (x->seconds < y->seconds);
}

static void sweep(struct tn_job *job)
{
    struct tn_rest           *rest = TN_CONTAINER_OF(job, struct tn_rest, sweep);
    struct tn_snapshot       *snapshot = tn_server_snapshot(rest->server);
    const struct tn_settings *settings = &snapshot->config->settings;
    uint64_t                  now = (uint64_t)time(NULL), age = settings->rest_result_max_age / 1000000;
    DIR                      *folder = opendir(rest->config->settings.rest_result_path.ptr);
    struct dirent            *entry;
    struct files              files = {.count = 0};

    while (folder != NULL && (entry = readdir(folder)) != NULL)
        add(&files, dirfd(folder), entry->d_name);
    if (files.count > 1)
        qsort(files.items, files.count, sizeof *files.items, by_age);
    for (size_t i = 0; i < files.count; i++) {
        bool old = files.items[i].seconds + age < now, too_much = files.bytes > settings->rest_max_results && files.items[i].bytes > 0;

        if (!old && !too_much)
            continue;
        if (unlinkat(dirfd(folder), files.items[i].name, 0) == 0)
            files.bytes -= files.items[i].bytes;
    }
    if (folder != NULL)
        closedir(folder);
    tn_free(files.items);
    tn_snapshot_unref(snapshot);
}

static void swept(struct tn_job *job, struct tn_worker *worker)
{
    (void)worker;
    TN_CONTAINER_OF(job, struct tn_rest, sweep)->sweep_busy = false;
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_rest *rest = timer->data;

    (void)loop;
    (void)revents;
    if (rest->sweep_busy)
        return;
    rest->sweep_busy = true;
    rest->sweep.run = sweep;
    rest->sweep.done = swept;
    tn_offload_submit(rest->server->offload, &rest->sweep, rest->server->workers[0]);
}

/* Timers are the worker's: it starts this one itself. */
static void on_start(struct tn_message *message, struct tn_worker *worker)
{
    struct tn_rest *rest = TN_CONTAINER_OF(message, struct tn_rest, sweep_start);

    ev_timer_init(&rest->sweep_timer, on_timer, 1., SWEEP_SECONDS);
    rest->sweep_timer.data = rest;
    ev_timer_start(worker->loop, &rest->sweep_timer);
}

void tn_rest_sweep_start(struct tn_rest *rest)
{
    rest->sweep_start.run = on_start;
    tn_worker_post(rest->server->workers[0], &rest->sweep_start);
}

void tn_rest_sweep_stop(struct tn_rest *rest)
{
    ev_timer_stop(rest->server->workers[0]->loop, &rest->sweep_timer);
}
