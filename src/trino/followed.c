#include "trino/followed.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/hash.h"
#include "engine/topology.h"
#include "engine/trino/trino_fetch.h"
#include "pipeline.h"
#include "server.h"
#include "shadow.h"

enum { FOLLOWED_MAX = 20000 }; /* of one worker, with those that are over */
#define TELL_US UINT64_C(30000000)  /* a Trino that does not answer is told so long of an end */
#define KEPT_US UINT64_C(900000000) /* at least, after an end that its client was not told of: so long a Trino knows of it, too */

enum state { RUNS, OVER /* as its Trino or its client knows */, ENDED /* here */, LEFT };

struct tn_trino_followed {
    struct tn_list         node;     /* the home's, the least lately used first */
    struct tn_trino_home  *home;
    struct tn_query       *query;    /* NULL: it runs no more, or its cluster is in no group */
    enum state             state;
    bool                   closing;  /* its client or its Trino ends it */
    bool                   failed;
    enum tn_cancel         why;      /* ENDED */
    bool                   untold;   /* ENDED, and its Trino has not said that it knows */
    struct tn_trino_fetch *ending;   /* tells it now; NULL: nothing is under way */
    struct tn_cluster     *cluster;  /* counted */
    struct tn_buf          path;     /* of the latest link of it there */
    struct tn_arena        login;    /* the client's own, of its last request, where the cluster has none (passThrough) */
    size_t                 header_count;
    struct tn_run_header  *headers;
    uint64_t               token;    /* of the latest page */
    uint64_t               last_used_us, ended_us;
    uint64_t               ticket;   /* of the home's activity */
    struct tn_str          user;     /* empty: nobody knows */
    char                   shown[TN_TRINO_SHOWN];
    char                   id[];
};

struct tn_worker *tn_trino_follower(const struct tn_trino *trino, struct tn_str id)
{
    return trino->homes[tn_hash_str(id) % trino->worker_count].worker;
}

static void drop(struct tn_trino_followed *f)
{
    if (f->query != NULL)
        f->query->owner = NULL;
    if (f->ending != NULL)
        tn_trino_fetch_stop(f->ending);
    tn_map_remove(&f->home->followed, tn_str(f->id));
    tn_list_remove(&f->node);
    tn_cluster_unref(f->cluster);
    tn_buf_reset(&f->path);
    tn_arena_reset(&f->login);
    tn_free(f);
}

/* ---- its end, told to its Trino ---- */

static bool is_heard(const struct tn_http_client_answer *answer)
{
    return answer->status != 0 && answer->status != 429 && answer->status < 500;
}

static void on_told(struct tn_http_client_answer *answer, const struct tn_buf *headers, void *owner)
{
    struct tn_trino_followed *f = owner;

    (void)headers;
    f->ending = NULL;
    f->untold = !is_heard(answer);
    if (answer->status >= 400 && answer->status < 500 && answer->status != 404 && answer->status != 410 && !f->untold)
        tn_log(TN_LOG_WARN, "a Trino does not let a query be ended", TN_LOG_TEXT("query", f->shown), TN_LOG_STR("cluster", f->cluster->conf->name),
               TN_LOG_U64("status", (uint64_t)answer->status));
}

static void tell(struct tn_trino_followed *f, uint64_t now)
{
    struct tn_trino_fetch_request request = {.cluster = f->cluster, .method = TN_HTTP_CLIENT_DELETE, .path = tn_buf_str(&f->path),
                                             .header_count = f->header_count, .headers = f->headers};

    if (!f->untold || f->ending != NULL)
        return;
    if (now - f->ended_us > TELL_US) {
        f->untold = false;
        tn_log(TN_LOG_WARN, "a Trino was not told of a query's end: it does not answer", TN_LOG_TEXT("query", f->shown), TN_LOG_STR("cluster", f->cluster->conf->name));
    } else if (tn_trino_fetch_start(&f->ending, f->home->worker, &request, on_told, f, NULL) != TN_OK) {
        f->ending = NULL; /* at the next sweep */
    }
}

/* ---- the query ---- */

/* It has come to its end: by its last page or its client (closing), or here: by KILL, a time limit, a shutdown ... */
static void on_done(struct tn_query *q)
{
    struct tn_trino_followed *f = q->owner;
    struct tn_trino_error     error = {.name = NULL};

    if (f != NULL) {
        if (q->error.status != TN_OK)
            error = tn_trino_error_of(&q->error);
        tn_trino_activity_end(f->home->activity, f->ticket, 0, &error);
        f->query = NULL;
        f->failed = q->error.status != TN_OK;
        f->ended_us = tn_clock_us();
        f->why = q->cancel;
        f->state = f->closing || f->why == TN_CANCEL_NONE ? OVER : f->why == TN_CANCEL_SHUTDOWN ? LEFT : ENDED;
        f->untold = f->state == ENDED;
        tell(f, f->ended_us);
    }
    tn_query_free(q);
}

static void on_nothing(struct tn_query *q)
{
    (void)q;
}

static const struct tn_query_events events = {.done = on_done, .next = on_nothing};

static struct tn_group *group_of(const struct tn_topology *topology, const struct tn_cluster *cluster)
{
    for (size_t g = 0; g < topology->group_count; g++)
        for (size_t m = 0; m < topology->groups[g].member_count; m++)
            if (topology->groups[g].members[m] == cluster)
                return &topology->groups[g];
    return NULL;
}

/* A slot. False: above the limit, or there is no memory for one. */
static bool take_slot(struct tn_query *q)
{
    struct tn_admission *admission = tn_runtime_of(q->worker)->server->admission;
    struct tn_lease     *lease = tn_lease_new(q);
    bool                 within;

    if (lease == NULL)
        return false;
    lease->group = q->group;
    lease->cluster = q->cluster;
    lease->ticket.group = q->group;
    lease->ticket.priority = q->priority;
    lease->ticket.user = tn_hash_str(q->client.user);
    lease->ticket.worker = q->worker;
    q->lease = lease;
    lease->has_slot = true;
    within = tn_admission_enter(admission, &lease->ticket, q->cluster) == TN_OK;
    if (!within)
        tn_admission_enter_anyway(admission, &lease->ticket, q->cluster);
    tn_shadow_make_room(q);
    return within;
}

/* As the pipeline would have left it while its statement runs. */
static struct tn_query *make_query(struct tn_trino_followed *f, struct tn_str peer)
{
    struct tn_runtime *runtime = tn_runtime_of(f->home->worker);
    struct tn_group   *group = group_of(runtime->snapshot->topology, f->cluster);
    struct tn_query   *q = group == NULL ? NULL : tn_query_new(runtime);

    if (q == NULL)
        return NULL;
    q->events = &events;
    q->owner = f;
    q->kind = TN_RUN_EXECUTE;
    q->text = TN_STR("");
    q->client = (struct tn_route_context){.protocol = "trinoHttp"};
    if (!tn_arena_str(&q->arena, peer, &q->client.client_address))
        q->client.client_address = TN_STR("");
    if (!tn_arena_str(&q->arena, f->user, &q->client.user))
        q->client.user = TN_STR("");
    q->route = (struct tn_route_result){.group = group->conf, .router = "link", .rule = -1};
    q->group = group;
    q->cluster = f->cluster;
    q->attempts = 1;
    q->reason = take_slot(q) ? "the link of a query that ran already" : "the link of a query that ran already, above the limit of the cluster or group";
    tn_pipeline_join(q);
    return q;
}

/* ---- entries ---- */

/* The id that its client knows it by: ours, or that of its Trino, which stands in the link. */
static void set_shown(struct tn_trino_followed *f, const struct tn_trino_link *link)
{
    static const char *const before[] = {"/executing/", "/queued/"};
    struct tn_str            shown = tn_str(f->id);

    for (size_t i = 0; i < TN_ARRAY_LEN(before) && !link->own_id; i++) {
        const char *at = memmem(link->path.ptr, link->path.len, before[i], strlen(before[i])), *from = at == NULL ? NULL : at + strlen(before[i]);
        const char *end = from == NULL ? NULL : memchr(from, '/', link->path.len - (size_t)(from - link->path.ptr));

        if (end != NULL && end > from && end - from < (ptrdiff_t)sizeof f->shown) {
            shown = tn_str_n(from, (size_t)(end - from));
            break;
        }
    }
    tn_str_copy(f->shown, sizeof f->shown, shown);
}

/* One that is over goes first. */
static bool make_room(struct tn_trino_home *home)
{
    TN_LIST_FOR_EACH_SAFE(node, &home->by_link)
    {
        struct tn_trino_followed *f = TN_CONTAINER_OF(node, struct tn_trino_followed, node);

        if (home->followed.count < FOLLOWED_MAX)
            break;
        if (f->state != RUNS)
            drop(f);
    }
    return home->followed.count < FOLLOWED_MAX;
}

/* FOLLOWED, its id and its user are one piece of memory. */
static struct tn_trino_followed *new_entry(struct tn_trino_home *home, struct tn_str id, const struct tn_trino_link *link)
{
    struct tn_trino_followed *f = make_room(home) ? tn_calloc(1, sizeof *f + id.len + 1 + link->user.len + 1) : NULL;

    if (f == NULL)
        return NULL;
    f->home = home;
    tn_list_init(&f->node);
    tn_buf_init(&f->path, TN_TRINO_NEXT_MAX);
    tn_arena_init(&f->login, 0);
    memcpy(f->id, id.ptr, id.len);
    memcpy(f->id + id.len + 1, link->user.len == 0 ? "" : link->user.ptr, link->user.len);
    f->user = tn_str_n(f->id + id.len + 1, link->user.len);
    if (!tn_map_put(&home->followed, tn_str(f->id), f, NULL)) {
        tn_free(f);
        return NULL;
    }
    tn_list_append(&home->by_link, &f->node);
    set_shown(f, link);
    return f;
}

static struct tn_trino_followed *new_one(struct tn_trino_home *home, const struct tn_trino_call *call, const struct tn_trino_link *link, struct tn_cluster *cluster)
{
    struct tn_trino_followed *f = new_entry(home, call->id, link);

    if (f == NULL)
        return NULL;
    f->cluster = tn_cluster_ref(cluster);
    f->ticket = tn_trino_activity_begin(home->activity, &(struct tn_trino_activity_query){.id = f->shown, .user = f->user, .source = TN_STR(""), .sql = TN_STR("")});
    f->query = make_query(f, call->peer);
    tn_trino_sweep_start(home);
    return f;
}

static void touch(struct tn_trino_followed *f)
{
    f->last_used_us = tn_clock_us();
    tn_list_remove(&f->node);
    tn_list_append(&f->home->by_link, &f->node);
}

static void keep_path(struct tn_trino_followed *f, struct tn_str path)
{
    tn_buf_clear(&f->path);
    tn_buf_put_str(&f->path, path);
}

/* What its end will need, which may come when no client does. */
static void keep_login(struct tn_trino_followed *f, const struct tn_trino_call *call)
{
    if (f->cluster->conf->auth_type != TN_CFG_CLUSTER_AUTH_PASS_THROUGH)
        return;
    tn_arena_reset(&f->login);
    f->header_count = 0;
    f->headers = tn_arena_alloc(&f->login, (call->own_count + 1) * sizeof *f->headers);
    for (size_t i = 0; f->headers != NULL && i < call->own_count; i++) {
        struct tn_run_header *to = &f->headers[f->header_count];

        if (tn_trino_fetch_is_login(call->own[i].name) && tn_arena_str(&f->login, call->own[i].value, &to->value)) {
            to->name = call->own[i].name;
            f->header_count++;
        }
    }
}

static enum tn_trino_follow answer_of(const struct tn_trino_followed *f)
{
    return f == NULL || f->state == RUNS || f->state == OVER ? TN_TRINO_FOLLOW_ON : f->state == LEFT ? TN_TRINO_FOLLOW_LEFT : TN_TRINO_FOLLOW_ENDED;
}

enum tn_trino_follow tn_trino_follow(struct tn_trino_home *home, const struct tn_trino_call *call, const struct tn_trino_link *link, struct tn_cluster *cluster)
{
    struct tn_trino_followed *f = tn_map_get(&home->followed, call->id);

    if (f == NULL)
        f = new_one(home, call, link, cluster);
    if (f == NULL)
        return TN_TRINO_FOLLOW_ON; /* no memory to say so: its client gets its pages all the same */
    touch(f);
    if (f->state == RUNS) {
        keep_path(f, link->path);
        keep_login(f, call);
    }
    return answer_of(f);
}

enum tn_trino_follow tn_trino_follow_now(const struct tn_trino_home *home, struct tn_str id)
{
    return answer_of(tn_map_get(&home->followed, id));
}

void tn_trino_follow_touch(struct tn_trino_home *home, struct tn_str id)
{
    struct tn_trino_followed *f = tn_map_get(&home->followed, id);

    if (f != NULL)
        touch(f);
}

void tn_trino_follow_page(struct tn_trino_home *home, const struct tn_trino_call *call, const struct tn_trino_followed_page *page)
{
    struct tn_trino_followed *f = tn_map_get(&home->followed, call->id);
    struct tn_query          *q = f == NULL ? NULL : f->query;

    if (q == NULL || call->token <= f->token)
        return;
    f->token = call->token;
    q->run.bytes += page->bytes;
    q->run.rows += page->rows;
    if (page->more) {
        keep_path(f, page->next);
        return;
    }
    if (page->failed) {
        tn_fail(&q->error, TN_E_ENGINE, "58000", "the query failed on its cluster, as its client was told");
        tn_error_blame(&q->error, TN_FAULT_ENGINE, false);
    }
    q->stage = TN_STAGE_record;
    tn_pipeline_resume(q);
}

static void end_as(struct tn_trino_followed *f, enum tn_cancel why)
{
    f->closing = true;
    if (f->query != NULL)
        tn_query_cancel(f->query, why); /* done at once */
    else if (f->state == RUNS)
        f->state = OVER;
}

void tn_trino_follow_end(struct tn_trino_home *home, struct tn_str id, bool by_client)
{
    struct tn_trino_followed *f = tn_map_get(&home->followed, id);

    if (f != NULL)
        end_as(f, by_client ? TN_CANCEL_USER : TN_CANCEL_CLIENT_GONE);
}

static bool is_forgotten(const struct tn_trino_followed *f, uint64_t now)
{
    uint64_t patience = f->home->trino->config->settings.trino_client_timeout;

    if (f->state == ENDED)
        return !f->untold && now - TN_MAX(f->last_used_us, f->ended_us) > TN_MAX(patience, KEPT_US);
    return now - f->last_used_us > patience;
}

bool tn_trino_follow_sweep(struct tn_trino_home *home, uint64_t now)
{
    TN_LIST_FOR_EACH_SAFE(node, &home->by_link)
    {
        struct tn_trino_followed *f = TN_CONTAINER_OF(node, struct tn_trino_followed, node);

        tell(f, now);
        if (is_forgotten(f, now)) {
            end_as(f, TN_CANCEL_CLIENT_GONE); /* not told there: its client may follow it by way of another Turnout */
            drop(f);
        }
    }
    return !tn_list_empty(&home->by_link);
}

void tn_trino_follow_free_all(struct tn_trino_home *home)
{
    TN_LIST_FOR_EACH_SAFE(node, &home->by_link)
    {
        struct tn_trino_followed *f = TN_CONTAINER_OF(node, struct tn_trino_followed, node);

        end_as(f, TN_CANCEL_SHUTDOWN);
        drop(f);
    }
    tn_map_reset(&home->followed);
}

/* ---- what is said of it ---- */

void tn_trino_follow_put_end(const struct tn_trino_home *home, const struct tn_trino_call *call, struct tn_buf *out)
{
    const struct tn_trino_followed *f = tn_map_get(&home->followed, call->id);
    struct tn_error                 err = TN_ERROR_INIT;

    if (f == NULL)
        return;
    tn_pipeline_cancel_error(&err, f->why);
    tn_trino_put_page(out, &(struct tn_trino_page){.id = tn_str(f->shown), .base = call->base, .stats = {.state = TN_TRINO_FAILED}, .error = &err});
    tn_error_reset(&err);
}

static struct tn_trino_followed *find(const struct tn_trino_home *home, struct tn_str id)
{
    struct tn_trino_followed *f = tn_map_get(&home->followed, id);

    if (f != NULL)
        return f;
    TN_LIST_FOR_EACH(node, &home->by_link) {
        f = TN_CONTAINER_OF(node, struct tn_trino_followed, node);
        if (tn_str_eq_c(id, f->shown))
            return f;
    }
    return NULL;
}

bool tn_trino_follow_by_id(struct tn_trino_home *home, struct tn_trino_call *call)
{
    struct tn_trino_followed *f = find(home, call->id);

    if (f == NULL || f->state == LEFT || call->identity == NULL || !(call->identity->admin || (f->user.len > 0 && tn_str_eq(call->identity->user, f->user))))
        return false;
    if (call->verb == TN_TRINO_INFO) {
        enum tn_trino_state state = f->state == RUNS ? TN_TRINO_RUNNING : f->failed ? TN_TRINO_FAILED : TN_TRINO_FINISHED;

        tn_trino_call_info(call, &(struct tn_trino_info){.id = tn_str(f->shown), .state = state, .user = f->user});
        return true;
    }
    if (f->query != NULL)
        tn_query_cancel(f->query, TN_CANCEL_USER);
    call->status = 204;
    tn_trino_call_end(call);
    return true;
}
