/* GET and DELETE of /v1/queries/{id}: asked where the query is, else of what lies on the disk. */
#include "rest/private.h"

#include "base/alloc.h"

#include <unistd.h>

struct lookup {
    struct tn_rest_round round;
    char                 id[TN_REST_ID];
    bool                 cancel;
    bool                 keyed; /* asked by an Idempotency-Key that was used before */
    bool                 sees_all;
    struct tn_str        user;
    bool                 found, running, dropped;
    struct tn_buf        body;
    struct tn_arena      arena;
};

static void visit(struct tn_rest_round *round)
{
    struct lookup      *lookup = TN_CONTAINER_OF(round, struct lookup, round);
    struct tn_rest_job *job = tn_rest_job_find(round->rest, round->errand.there, tn_str(lookup->id));

    if (job == NULL || (!lookup->sees_all && !tn_str_eq(job->user, lookup->user)))
        return;
    lookup->found = true;
    lookup->running = job->ask != NULL;
    if (lookup->cancel && job->ask != NULL)
        tn_ask_cancel(job->ask, TN_CANCEL_USER);
    else if (lookup->cancel && job->spool != NULL && !tn_rest_spool_busy(job)) {
        tn_rest_spool_drop(job);
        lookup->dropped = true;
    }
    tn_rest_tell_status(&lookup->body, job);
    if (lookup->dropped)
        tn_rest_job_forget(job);
}

static void work(struct tn_rest_round *round)
{
    struct lookup      *lookup = TN_CONTAINER_OF(round, struct lookup, round);
    struct tn_rest_kept kept;
    char                path[TN_SPOOL_PATH];

    tn_rest_kept_read(round->rest, lookup->id, &lookup->arena, &kept);
    lookup->found = kept.found && (lookup->sees_all || tn_str_eq(kept.user, lookup->user));
    if (lookup->found) {
        tn_rest_kept_document(&kept, &lookup->body);
        if (lookup->cancel) {
            lookup->dropped = true;
            if (tn_spool_path(&round->rest->spool, lookup->id, "rows", path, sizeof path))
                unlink(path);
            if (tn_spool_path(&round->rest->spool, lookup->id, "json", path, sizeof path))
                unlink(path);
        }
    }
    tn_rest_kept_reset(&kept);
}

static void answer(struct lookup *lookup)
{
    struct tn_http_exchange *x = lookup->round.x;

    if (!lookup->found && lookup->keyed) { /* not begun again: what it did may not be done twice */
        tn_http_problem(x, 409, "the query of this Idempotency-Key (%s) has ended and its result was removed; to run it again, use another key", lookup->id);
        return;
    }
    if (!lookup->found) {
        tn_http_problem(x, 404, "there is no query %s, or it is known no more", lookup->id);
        return;
    }
    tn_http_set_field(x, "Cache-Control", "no-store");
    if (lookup->cancel && lookup->running)
        tn_rest_reply_json(x, 202, &lookup->body);
    else
        tn_rest_reply_json(x, 200, &lookup->body);
}

static void after_work(struct tn_rest_round *round)
{
    if (round->x != NULL)
        answer(TN_CONTAINER_OF(round, struct lookup, round));
}

static void after_visit(struct tn_rest_round *round)
{
    struct lookup *lookup = TN_CONTAINER_OF(round, struct lookup, round);

    if (round->x == NULL)
        return;
    if (lookup->found) {
        answer(lookup);
        return;
    }
    round->finish = after_work;
    tn_rest_round_work(round);
}

static void free_lookup(struct tn_rest_round *round)
{
    struct lookup *lookup = TN_CONTAINER_OF(round, struct lookup, round);

    tn_buf_reset(&lookup->body);
    tn_arena_reset(&lookup->arena);
    tn_free(lookup);
}

static void look_up(struct tn_rest *rest, struct tn_http_exchange *x, const struct tn_rest_args *args, bool cancel, bool keyed)
{
    struct lookup *lookup = tn_calloc(1, sizeof *lookup);

    if (lookup == NULL) {
        tn_http_problem(x, 503, "no memory");
        return;
    }
    tn_str_copy(lookup->id, sizeof lookup->id, args->query.capture);
    tn_buf_init(&lookup->body, TN_REST_DOCUMENT_MAX);
    tn_arena_init(&lookup->arena, TN_REST_DOCUMENT_MAX);
    lookup->cancel = cancel;
    lookup->keyed = keyed;
    lookup->sees_all = args->caller.sees_all;
    if (!tn_arena_str(&lookup->arena, args->caller.user, &lookup->user))
        lookup->user = TN_STR(""); /* nobody's */
    lookup->round.there = visit;
    lookup->round.work = work;
    lookup->round.finish = after_visit;
    lookup->round.free = free_lookup;
    tn_rest_round_begin(&lookup->round, rest, x);
    tn_rest_round_visit(&lookup->round, tn_rest_id_worker(lookup->id, (unsigned)rest->worker_count));
}

void tn_rest_status(struct tn_rest *rest, struct tn_http_exchange *x, const struct tn_rest_args *args)
{
    look_up(rest, x, args, false, false);
}

void tn_rest_cancel(struct tn_rest *rest, struct tn_http_exchange *x, const struct tn_rest_args *args)
{
    look_up(rest, x, args, true, false);
}

void tn_rest_status_of_key(struct tn_rest *rest, struct tn_http_exchange *x, const char *id, struct tn_str user)
{
    look_up(rest, x, &(struct tn_rest_args){.query.capture = tn_str(id), .caller.user = user}, false, true);
}
