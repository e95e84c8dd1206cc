/* Links of queries that nobody here knows any more, as their Trino still does: begun before Turnout was started anew, or at
 * another one. The link says where the query runs (link.h); each request is one request there, and between two of them there is only what
 * makes it a query here (followed.h). So are the end of a stage and the segments of a spooled result, of whatever query. */
#include "trino/resume.h"

#include "base/alloc.h"
#include "engine/topology.h"
#include "trino/followed.h"

enum { SEGMENT_LEAST = 128 * 1024 }; /* shorter ones go whole */

void tn_trino_resumed_free(struct tn_trino_resumed *r)
{
    tn_list_remove(&r->node);
    tn_trino_stream_reset(&r->stream);
    tn_buf_reset(&r->left);
    tn_buf_reset(&r->next);
    tn_free(r);
}

static struct tn_trino_resumed *new_resumed(struct tn_trino_home *home, struct tn_trino_call *call)
{
    struct tn_trino_resumed *r = tn_calloc(1, sizeof *r);

    if (r == NULL)
        return NULL;
    *r = (struct tn_trino_resumed){.home = home, .call = call, .stream_at = TN_TRINO_STREAM_LEAST};
    tn_list_init(&r->node);
    tn_buf_init(&r->next, TN_TRINO_NEXT_MAX);
    return r;
}

static bool is_page(const struct tn_trino_resumed *r)
{
    return r->link.kind == TN_TRINO_LINK_PAGE;
}

static void answer(struct tn_trino_resumed *r, int status, const char *problem)
{
    struct tn_trino_call *call = r->call;

    tn_trino_resumed_free(r);
    call->problem = problem;
    call->status = status;
    tn_trino_call_end(call);
}

/* ---- a segment: as it comes, as fast as its client takes it ---- */

static void end_segment(struct tn_trino_resumed *r, bool whole)
{
    r->x->gone = NULL;
    if (whole)
        tn_http_end(r->x);
    else
        tn_http_abort(r->x); /* half a segment must not look whole */
    tn_trino_resumed_free(r);
}

static void on_segment_gone(struct tn_http_exchange *x)
{
    struct tn_trino_resumed *r = x->user;

    tn_trino_fetch_stop(r->fetch);
    tn_trino_resumed_free(r);
}

static void on_segment_room(struct tn_http_exchange *x)
{
    struct tn_trino_resumed *r = x->user;

    tn_http_call_resume(tn_trino_fetch_call(r->fetch));
}

/* It is not the call that answers from here on. */
static void begin_segment(struct tn_trino_resumed *r, int status)
{
    struct tn_trino_call *call = r->call;

    r->x = call->x;
    r->call = NULL;
    call->x = NULL;
    r->x->user = r;
    r->x->gone = on_segment_gone;
    r->x->room = on_segment_room;
    tn_http_set_field(r->x, "X-Content-Type-Options", "nosniff");
    tn_http_set_field(r->x, "Cache-Control", "no-store");
    tn_http_begin(r->x, status, "application/octet-stream");
    tn_trino_call_end(call);
}

static void on_segment_part(struct tn_http_call *fetched, void *owner)
{
    struct tn_trino_resumed *r = owner;
    struct tn_buf           *body = tn_http_call_body(fetched);
    unsigned                 status = tn_http_call_status(fetched);

    if (r->x == NULL && r->call->x == NULL) { /* nobody waits for it any more */
        tn_trino_fetch_stop(r->fetch);
        answer(r, 503, NULL);
        return;
    }
    if (status < 200 || status > 299 || (r->x == NULL && body->len < SEGMENT_LEAST))
        return; /* short: it goes whole */
    if (r->x == NULL)
        begin_segment(r, (int)status);
    if (!tn_http_send(r->x, tn_buf_str(body)))
        tn_http_call_pause(fetched);
    tn_buf_clear(body);
}

struct tn_trino_relayed tn_trino_resumed_relayed(const struct tn_trino_resumed *r)
{
    const struct tn_trino_call *call = r->call;

    return (struct tn_trino_relayed){.home = r->home, .base = call->base, .id = call->id, .slug = call->slug,
                                     .shown = r->link.own_id ? call->id : tn_str_n("", 0), .user = r->link.user, .cluster = r->link.cluster, .token = call->token};
}

bool tn_trino_resumed_ended(const struct tn_trino_resumed *r)
{
    return is_page(r) && tn_trino_follow_now(r->home, r->call->id) == TN_TRINO_FOLLOW_ENDED;
}

void tn_trino_resumed_note(struct tn_trino_resumed *r, const struct tn_chunk *chunk, uint64_t rows)
{
    struct tn_trino_followed_page page = {.bytes = r->bytes + chunk->bytes.len, .rows = rows, .more = chunk->relay->more, .failed = chunk->relay->failed};
    struct tn_buf                 behind;

    tn_buf_init(&behind, TN_TRINO_NEXT_MAX);
    tn_trino_relay_path(chunk, &behind);
    page.next = behind.len > 0 ? tn_buf_str(&behind) : tn_buf_str(&r->next);
    tn_trino_follow_page(r->home, r->call, &page);
    tn_buf_reset(&behind);
}

/* BODY is a page: the same with links of ours. */
static bool put_page(struct tn_trino_resumed *r, struct tn_buf *body, const struct tn_buf *headers)
{
    struct tn_trino_call   *call = r->call;
    struct tn_chunk        *chunk = tn_trino_relay_chunk(body, NULL);
    struct tn_trino_relayed relayed = tn_trino_resumed_relayed(r);

    if (chunk == NULL)
        return false;
    tn_trino_resumed_note(r, chunk, chunk->rows);
    tn_trino_relay_put(&relayed, chunk, &call->body, &call->rest, &call->rest_at);
    tn_buf_put_str(&call->told, tn_buf_str(headers));
    tn_chunk_free(chunk);
    return true;
}

/* The client has nothing to say to a coordinator that refuses our own log-in. */
static int status_of(const struct tn_trino_resumed *r, long status)
{
    return r->has_own_login && (status == 401 || status == 403) ? 500 : status >= 400 && status < 600 ? (int)status : 502;
}

static const char *problem_of(long status)
{
    return status == 404 || status == 410 ? "the cluster does not know this query, page or segment (any more)\n"
           : status == 401 || status == 403 ? "the cluster refuses the log-in\n"
                                            : "the cluster cannot be asked now\n";
}

/* Its query was ended here meanwhile. */
static void answer_ended(struct tn_trino_resumed *r)
{
    struct tn_trino_call *call = r->call;

    if (call->verb == TN_TRINO_GET)
        tn_trino_follow_put_end(r->home, call, &call->body);
    answer(r, call->verb == TN_TRINO_DELETE ? 204 : 200, NULL);
}

/* A coordinator may send those who fetch a segment straight to the store, or to the worker that has it (protocol.spooling.retrieval-mode). */
static bool is_sent_on(struct tn_trino_resumed *r, long status)
{
    struct tn_str location = r->link.kind != TN_TRINO_LINK_SEGMENT || status < 300 || status > 399 ? tn_str_n(NULL, 0) : tn_trino_fetch_location(r->fetch);

    if (!tn_str_starts(location, TN_STR("https://")) && !tn_str_starts(location, TN_STR("http://")))
        return false;
    r->call->location = tn_arena_strdup(&r->call->arena, location);
    return r->call->location != NULL;
}

/* Whoever does not know the question says nothing against the log-in. */
static void answer_validated(struct tn_trino_resumed *r, long status)
{
    struct tn_trino_call *call = r->call;
    struct tn_str         challenge = status == 401 ? tn_trino_fetch_challenge(r->fetch) : tn_str_n(NULL, 0);

    if (challenge.len > 0)
        tn_str_copy(call->refused.challenge, sizeof call->refused.challenge, challenge);
    if (status == 401 || status == 403)
        answer(r, (int)status, problem_of(status));
    else if (status == 0 || status >= 500)
        answer(r, 503, problem_of(503));
    else
        answer(r, 200, "");
}

static void on_fetched(struct tn_http_client_answer *got, const struct tn_buf *headers, void *owner)
{
    struct tn_trino_resumed *r = owner;
    struct tn_trino_call    *call = r->call;

    if (call != NULL && call->validates) {
        answer_validated(r, got->status);
        return;
    }
    if (r->x != NULL) {
        if (got->status != 0)
            (void)tn_http_send(r->x, tn_buf_str(got->body));
        end_segment(r, got->status != 0);
        return;
    }
    if (tn_trino_resume_page_over(r, got))
        return;
    if (tn_trino_resumed_ended(r)) {
        answer_ended(r);
    } else if (got->status == 0) {
        bool is_lost = got->error.status == TN_E_CONNECTION && strcmp(got->error.sqlstate, "08P01") != 0;

        answer(r, is_lost ? 503 : 500, is_lost ? problem_of(503) : "what the cluster answers is no page, or too long\n"); /* the protocol: 502 to 504 are to be asked again */
    } else if (is_sent_on(r, got->status)) {
        answer(r, (int)got->status, NULL);
    } else if (got->status < 200 || got->status >= 300) {
        if (is_page(r) && (got->status == 404 || got->status == 410))
            tn_trino_follow_end(r->home, call->id, false);
        answer(r, status_of(r, got->status), problem_of(got->status));
    } else if (call->verb != TN_TRINO_GET) {
        if (is_page(r) && call->verb == TN_TRINO_DELETE)
            tn_trino_follow_end(r->home, call->id, true);
        call->type = "application/octet-stream";
        call->body = *got->body;
        tn_buf_init(got->body, call->body.max);
        answer(r, call->body.len == 0 && call->verb != TN_TRINO_HEAD ? 204 : (int)got->status, NULL);
    } else if (!put_page(r, got->body, headers)) {
        answer(r, 500, "what the cluster answers is no page of Trino's\n");
    } else {
        answer(r, 200, NULL);
    }
}

static enum tn_http_client_method method_of(const struct tn_trino_call *call)
{
    switch ((int)call->verb) {
    case TN_TRINO_HEAD: return TN_HTTP_CLIENT_HEAD;
    case TN_TRINO_DELETE:
    case TN_TRINO_PARTIAL: return TN_HTTP_CLIENT_DELETE;
    default: return TN_HTTP_CLIENT_GET;
    }
}

static void ask(struct tn_trino_resumed *r, struct tn_cluster *cluster)
{
    struct tn_trino_call         *call = r->call;
    struct tn_trino_fetch_request request = {.cluster = cluster, .method = method_of(call), .path = r->link.path, .header_count = call->own_count, .headers = call->own,
                                             .part = r->link.kind == TN_TRINO_LINK_SEGMENT ? on_segment_part : call->verb == TN_TRINO_GET ? tn_trino_resume_part : NULL};
    struct tn_error               err = TN_ERROR_INIT;

    r->has_own_login = cluster->conf->auth_type != TN_CFG_CLUSTER_AUTH_PASS_THROUGH;
    if (tn_trino_fetch_start(&r->fetch, r->home->worker, &request, on_fetched, r, &err) != TN_OK)
        answer(r, err.status == TN_E_INVALID ? 400 : 503, "the query's cluster cannot be asked\n");
    tn_error_reset(&err);
}

static void follow(struct tn_trino_resumed *r, struct tn_cluster *cluster)
{
    switch (tn_trino_follow(r->home, r->call, &r->link, cluster)) {
    case TN_TRINO_FOLLOW_ON: ask(r, cluster); return;
    case TN_TRINO_FOLLOW_ENDED: answer_ended(r); return;
    case TN_TRINO_FOLLOW_LEFT: answer(r, 503, "the server is shutting down; ask again\n"); return;
    }
}

struct tn_cluster *tn_trino_login_judge(struct tn_worker *worker)
{
    const struct tn_group *group = tn_runtime_of(worker)->snapshot->topology->fallback;
    struct tn_cluster     *cluster = group != NULL ? tn_group_first_usable(group) : NULL;

    return cluster != NULL && cluster->conf->engine == TN_CFG_ENGINE_TRINO && cluster->conf->auth_type == TN_CFG_CLUSTER_AUTH_PASS_THROUGH ? cluster : NULL;
}

static void validate(struct tn_trino_resumed *r)
{
    struct tn_cluster *cluster = tn_trino_login_judge(r->home->worker);

    r->link = (struct tn_trino_link){.kind = TN_TRINO_LINK_STAGE /* no query is begun for it */, .path = TN_STR("/v1/statement")};
    if (cluster == NULL)
        answer(r, 200, "");
    else
        ask(r, cluster);
}

void tn_trino_resume(struct tn_trino_home *home, struct tn_trino_call *call)
{
    struct tn_trino_resumed *r;
    struct tn_cluster       *cluster;

    if (call->verb == TN_TRINO_MORE) {
        tn_trino_resume_more(home, call);
        return;
    }
    r = new_resumed(home, call);
    if (r == NULL) {
        tn_trino_call_refuse(call, 503, "no memory for a request\n");
        return;
    }
    if (call->validates) {
        tn_list_append(&home->resumed, &r->node);
        validate(r);
        return;
    }
    r->link.kind = call->verb == TN_TRINO_SEGMENT ? TN_TRINO_LINK_SEGMENT : call->verb == TN_TRINO_PARTIAL ? TN_TRINO_LINK_STAGE : TN_TRINO_LINK_PAGE;
    if (r->link.kind != TN_TRINO_LINK_SEGMENT)
        r->link.id = call->id;
    if (r->link.kind == TN_TRINO_LINK_PAGE)
        r->link.token = call->token;
    tn_list_append(&home->resumed, &r->node);
    if (!tn_trino_link_open(call->sealed, home, &r->link, &call->arena)) {
        answer(r, 404, "there is no such query (any more)\n");
        return;
    }
    cluster = tn_topology_cluster(tn_runtime_of(home->worker)->snapshot->topology, r->link.cluster);
    if (cluster == NULL || cluster->conf->engine != TN_CFG_ENGINE_TRINO)
        answer(r, 404, "the query's cluster is not configured any more\n");
    else if (is_page(r))
        follow(r, cluster);
    else
        ask(r, cluster);
}

void tn_trino_resume_again(struct tn_trino_query *q, struct tn_trino_call *call)
{
    struct tn_cluster       *cluster = tn_topology_cluster(tn_runtime_of(q->home->worker)->snapshot->topology, q->cluster);
    struct tn_trino_resumed *r = cluster == NULL ? NULL : new_resumed(q->home, call);

    if (r == NULL) {
        tn_trino_call_refuse(call, 410, "this page is gone\n");
        return;
    }
    call->resumes = true; /* what more it asks for comes here, too */
    r->link = (struct tn_trino_link){.kind = TN_TRINO_LINK_STAGE /* no query is begun for it */, .own_id = strcmp(q->shown, q->id) == 0};
    tn_list_append(&q->home->resumed, &r->node);
    if (!tn_arena_str(&call->arena, q->cluster, &r->link.cluster) || !tn_arena_str(&call->arena, q->identity->user, &r->link.user) ||
        !tn_arena_str(&call->arena, tn_buf_str(&q->before), &r->link.path)) {
        answer(r, 503, "no memory for a request\n");
        return;
    }
    call->own_count = q->own_count;
    call->own = q->own;
    ask(r, cluster);
}

void tn_trino_resume_free_all(struct tn_trino_home *home)
{
    TN_LIST_FOR_EACH_SAFE(node, &home->resumed)
    {
        struct tn_trino_resumed *r = TN_CONTAINER_OF(node, struct tn_trino_resumed, node);

        if (tn_trino_resume_page_cut(r))
            continue;
        tn_trino_fetch_stop(r->fetch);
        if (r->x != NULL)
            end_segment(r, false);
        else
            answer(r, 503, "the server is shutting down\n");
    }
}
