#include "spool/spool_send.h"

#include "base/alloc.h"
#include "spool/spool_file.h"

#include <errno.h>
#include <unistd.h>

enum { PIECE = 128 * 1024 };

struct sending {
    struct tn_job            job;
    struct tn_http_exchange *x; /* NULL: the client is gone */
    struct tn_offload       *offload;
    struct tn_worker        *worker;
    const char              *type, *missing;
    char                     path[TN_SPOOL_PATH];
    int                      fd;
    int                      error;   /* errno */
    bool                     begun, ended, waiting; /* waiting: for the client's room */
    size_t                   len;
    char                     piece[PIECE];
};

static void free_sending(struct sending *s)
{
    if (s->fd >= 0)
        close(s->fd);
    tn_free(s);
}

static void read_piece(struct tn_job *job)
{
    struct sending *s = TN_CONTAINER_OF(job, struct sending, job);

    s->len = 0;
    if (s->error == 0 && s->fd < 0 && (s->fd = tn_spool_file_open(s->path)) < 0)
        s->error = errno;
    while (s->error == 0 && s->len < sizeof s->piece && !s->ended) {
        ssize_t n = read(s->fd, s->piece + s->len, sizeof s->piece - s->len);

        if (n > 0)
            s->len += (size_t)n;
        else if (n == 0)
            s->ended = true;
        else if (errno != EINTR)
            s->error = errno;
    }
}

static void on_read(struct tn_job *job, struct tn_worker *worker);

static void go_on(struct sending *s)
{
    s->job.run = read_piece;
    s->job.done = on_read;
    tn_offload_submit(s->offload, &s->job, s->worker);
}

static void refuse(struct sending *s)
{
    if (s->begun)
        tn_http_abort(s->x); /* half a file must not look whole */
    else if (s->error == ENOENT)
        tn_http_reply(s->x, 410, "text/plain; charset=utf-8", tn_str(s->missing));
    else
        tn_http_reply(s->x, 500, "text/plain; charset=utf-8", TN_STR("the file cannot be read\n"));
}

static void on_read(struct tn_job *job, struct tn_worker *worker)
{
    struct sending *s = TN_CONTAINER_OF(job, struct sending, job);

    (void)worker;
    if (s->x == NULL || s->error != 0) {
        if (s->x != NULL) {
            s->x->gone = NULL;
            refuse(s);
        }
        free_sending(s);
        return;
    }
    if (!s->begun)
        tn_http_begin(s->x, 200, s->type);
    s->begun = true;
    s->waiting = s->len > 0 && !tn_http_send(s->x, tn_str_n(s->piece, s->len));
    if (s->ended) {
        s->x->gone = NULL;
        tn_http_end(s->x);
        free_sending(s);
    } else if (!s->waiting) {
        go_on(s);
    }
}

static void on_gone(struct tn_http_exchange *x)
{
    struct sending *s = x->user;

    s->x = NULL;
    if (s->waiting)
        free_sending(s); /* else the pool has it */
}

static void on_room(struct tn_http_exchange *x)
{
    struct sending *s = x->user;

    s->waiting = false;
    go_on(s);
}

void tn_spool_send(struct tn_spool *spool, struct tn_http_exchange *x, const char *id, const char *end, const char *type, const char *missing)
{
    struct sending *s = tn_malloc(sizeof *s);

    if (s == NULL) {
        tn_http_reply(x, 503, "text/plain; charset=utf-8", TN_STR("no memory for a request\n"));
        return;
    }
    memset(s, 0, offsetof(struct sending, piece));
    s->fd = -1;
    s->x = x;
    s->offload = spool->offload;
    s->worker = x->worker;
    s->type = type;
    s->missing = missing;
    if (!tn_spool_path(spool, id, end, s->path, sizeof s->path))
        s->error = ENAMETOOLONG;
    x->user = s;
    x->gone = on_gone;
    x->room = on_room;
    go_on(s);
}
