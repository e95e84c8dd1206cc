/* Requests: paths, headers, the way to the query and back. */
#include "trino/private.h"

#include "base/alloc.h"
#include "net/http_coding.h"
#include "net/http_origin.h"
#include "trino/coordinator.h"
#include "trino/followed.h"
#include "trino/segments.h"
#include "trino/transaction.h"

enum { ARENA_MAX = 1024 * 1024 * 1024, SPARES = 64 };

void tn_trino_call_refuse(struct tn_trino_call *call, int status, const char *problem)
{
    call->status = status;
    call->problem = problem;
    tn_trino_call_end(call);
}

static void free_call(struct tn_trino_call *call)
{
    tn_identity_unref(call->identity);
    tn_error_reset(&call->refused.error);
    tn_arena_reset(&call->arena);
    tn_buf_reset(&call->body);
    tn_bytes_unref(call->rest);
    tn_buf_reset(&call->told);
    tn_spares_give(&call->home->calls, call, SPARES);
}

/* All of it is as it was made but for the error's texts. */
static struct tn_trino_call *new_call(struct tn_trino_home *home)
{
    struct tn_trino_call *call = tn_spares_take(&home->calls);

    if (call == NULL)
        call = tn_malloc(sizeof *call);
    if (call == NULL)
        return NULL;
    memset(call, 0, offsetof(struct tn_trino_call, refused));
    call->refused.identity = NULL;
    call->refused.http_status = 0;
    call->refused.delay_ms = call->refused.retry_after_s = 0;
    call->refused.challenge[0] = '\0';
    tn_error_init(&call->refused.error);
    call->home = home;
    call->trino = home->trino;
    return call;
}

static void set_field(struct tn_trino_call *call, const char *name, const char *value)
{
    char whole[128];

    if (snprintf(whole, sizeof whole, "X-%s-%s", call->presto ? "Presto" : "Trino", name) < (int)sizeof whole)
        tn_http_set_field(call->x, whole, value);
}

static void set_fields(struct tn_trino_call *call)
{
    struct tn_http_exchange *x = call->x;

    for (size_t i = 0; i < call->set_count; i++)
        set_field(call, call->set[i].name, call->set[i].value);
    for (size_t at = 0; at < call->told.len; at += strlen(call->told.data + at) + 1) {
        const char *told = call->told.data + at;

        at += strlen(told) + 1;
        set_field(call, told, call->told.data + at);
    }
    tn_http_set_field(x, "Cache-Control", "no-store");
    if (call->location != NULL)
        tn_http_set_field(x, "Location", call->location);
}

/* Home again. */
static void reply(struct tn_trino_call *call)
{
    struct tn_http_exchange *x = call->x;

    x->gone = NULL;
    tn_http_set_field(x, "X-Content-Type-Options", "nosniff");
    tn_auth_refuse(x, &call->refused); /* of none: nothing */
    if (call->status == 401 && call->refused.challenge[0] == '\0')
        tn_http_set_field(x, "WWW-Authenticate", "Basic realm=\"Trino\"");
    if (call->status == 405)
        tn_http_set_field(x, "Allow", call->allow);
    if (call->problem != NULL) {
        tn_http_reply(x, call->status, "text/plain; charset=utf-8", tn_str(call->problem));
        return;
    }
    set_fields(call);
    tn_http_reply_bytes(x, call->status, call->status == 204 ? NULL : call->type != NULL ? call->type : "application/json", &call->body, call->rest, call->rest_at);
}

/* ---- a long page, while it comes (long_page.h) ---- */

static void ask_more(struct tn_trino_call *call)
{
    call->verb = TN_TRINO_MORE;
    call->status = 0;
    tn_errand_send(&call->errand, call->errand.home, call->errand.there);
}

static void on_room(struct tn_http_exchange *x)
{
    struct tn_trino_call *call = x->user;

    call->waits = false;
    ask_more(call);
}

/* False: the client takes no more now. */
static bool send_part(struct tn_trino_call *call)
{
    bool room = tn_http_send(call->x, tn_buf_str(&call->body));

    if (call->rest != NULL)
        room = tn_http_send(call->x, tn_str_n(call->rest->buf.data + call->rest_at, call->rest->buf.len - call->rest_at));
    tn_bytes_unref(call->rest);
    call->rest = NULL;
    tn_buf_reset(&call->body);
    return room;
}

static void begin_long(struct tn_trino_call *call)
{
    call->begun = true;
    call->x->room = on_room;
    tn_http_set_field(call->x, "X-Content-Type-Options", "nosniff");
    set_fields(call);
    tn_http_begin(call->x, call->status, "application/json");
}

/* What was sent must not look whole. */
static void break_off(struct tn_trino_call *call)
{
    call->x->gone = NULL;
    tn_http_abort(call->x);
    call->x = NULL;
}

/* Nobody takes the rest: its query is told, if it is still there. */
static void leave_long(struct tn_trino_call *call)
{
    if (!call->more || call->problem != NULL) {
        free_call(call);
        return;
    }
    call->cut = true;
    ask_more(call);
}

static void end_long(struct tn_trino_call *call)
{
    call->x->gone = NULL;
    tn_http_end(call->x);
    free_call(call);
}

static void go_on_long(struct tn_trino_call *call)
{
    if (call->x != NULL && (call->cut || call->problem != NULL || call->body.failed))
        break_off(call);
    if (call->x == NULL) {
        leave_long(call);
        return;
    }
    if (!call->begun)
        begin_long(call);
    call->waits = !send_part(call) && call->more;
    if (!call->more)
        end_long(call);
    else if (!call->waits)
        ask_more(call);
}

static void on_back(struct tn_errand *errand)
{
    struct tn_trino_call *call = TN_CONTAINER_OF(errand, struct tn_trino_call, errand);

    if (call->more || call->begun) {
        go_on_long(call);
        return;
    }

    if (call->x != NULL && call->status == 404 && call->asks > 0) {
        struct tn_trino *trino = call->trino;

        call->asks--;
        call->problem = NULL;
        tn_errand_send(errand, errand->home, trino->homes[(errand->there->index + 1) % trino->worker_count].worker);
        return;
    }
    if (call->x != NULL)
        reply(call);
    free_call(call);
}

void tn_trino_call_end(struct tn_trino_call *call)
{
    tn_errand_return(&call->errand);
}

/* Of ours: any worker answers. */
static bool is_segment(const struct tn_trino_call *call)
{
    return call->verb == TN_TRINO_DOWNLOAD || call->verb == TN_TRINO_ACK;
}

static void on_there(struct tn_errand *errand)
{
    struct tn_trino_call *call = TN_CONTAINER_OF(errand, struct tn_trino_call, errand);
    struct tn_trino_home *home = &call->trino->homes[errand->there->index];

    if (call->verb == TN_TRINO_POST)
        tn_trino_query_post(home, call);
    else if (is_segment(call))
        tn_trino_segments_call(home, call);
    else if (call->resumes)
        tn_trino_resume(home, call);
    else
        tn_trino_query_call(home, call);
}

static void on_gone(struct tn_http_exchange *x)
{
    struct tn_trino_call *call = x->user;

    call->x = NULL;
    if (!call->waits)
        return;
    call->waits = false;
    call->cut = true;
    ask_more(call);
}

/* ---- headers ---- */

static bool is_secret(struct tn_str name)
{
    return tn_str_eq_c(name, "authorization") || tn_str_eq_c(name, "proxy-authorization") || tn_str_eq_c(name, "cookie") ||
           tn_str_eq_c(name, "x-trino-extra-credential") || tn_str_eq_c(name, "x-presto-extra-credential");
}

/* What routers may look at: all but secrets. */
static void keep_header(struct tn_trino_call *call, struct tn_str name, struct tn_str value)
{
    if (!is_secret(name))
        call->headers[call->header_count++] = (struct tn_tag){name, value};
}

/* What an engine that speaks this protocol is told as it was said. A request for a segment says what the segment's own list of
 * headers has, whatever their names. */
static bool keep_own(struct tn_trino_call *call, struct tn_str name, struct tn_str value)
{
    static const char *const names[] = {
        "authorization", "x-trino-user", "x-trino-original-user", "x-trino-role", "x-trino-client-info", "x-trino-source", "x-trino-trace-token",
        "x-trino-language", "x-trino-resource-estimate", "x-trino-extra-credential", "x-trino-query-data-encoding", "x-trino-client-capabilities",
    };
    const char *found = NULL;
    bool        presto = tn_str_starts(name, TN_STR("x-presto-"));
    struct tn_str rest = tn_str_n(name.ptr + (presto ? 9 : 0), name.len - (presto ? 9 : 0));

    for (size_t i = 0; i < TN_ARRAY_LEN(names) && found == NULL; i++)
        if (tn_str_eq_c(rest, presto && names[i][0] == 'x' ? names[i] + 8 : names[i]) && !(presto && names[i][0] != 'x'))
            found = names[i];
    if (tn_str_eq_c(name, "accept-encoding") && call->verb != TN_TRINO_SEGMENT && tn_http_coding_choose(value) != TN_HTTP_CODING_NONE)
        found = "accept-encoding";
    if (found == NULL && call->verb == TN_TRINO_SEGMENT && tn_str_starts(name, TN_STR("x-")) && !tn_str_starts(name, TN_STR("x-forwarded-")))
        found = tn_arena_strdup(&call->arena, name);
    else if (found == NULL)
        return true;
    if (found == NULL || !tn_arena_str(&call->arena, value, &value))
        return false;
    call->own[call->own_count++] = (struct tn_run_header){found, value};
    return true;
}

static enum tn_status read_headers(struct tn_trino_call *call, const struct tn_http_exchange *x, struct tn_error *err)
{
    bool post = call->verb == TN_TRINO_POST;

    tn_trino_request_init(&call->request, &call->arena);
    call->headers = post ? tn_arena_alloc(&call->arena, (x->field_count + 1) * sizeof *call->headers) : NULL;
    call->own = post || call->resumes ? tn_arena_alloc(&call->arena, (x->field_count + 2) * sizeof *call->own) : NULL;
    if ((post && call->headers == NULL) || ((post || call->resumes) && call->own == NULL))
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a request");
    if (call->resumes && !tn_arena_str(&call->arena, tn_str(x->peer), &call->peer))
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a request");
    for (size_t i = 0; i < x->field_count; i++) {
        struct tn_str name = x->fields[i].name, value = x->fields[i].value;

        if (post && (!tn_arena_str(&call->arena, name, &name) || !tn_arena_str(&call->arena, value, &value)))
            return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a request");
        if (call->own != NULL && !keep_own(call, name, value))
            return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a request");
        if (post)
            keep_header(call, name, value);
        if (post || call->slug.ptr == NULL || tn_str_starts(name, TN_STR("x-forwarded-")) || tn_str_eq_c(name, "host") || tn_str_starts(name, TN_STR("x-presto-")))
            TN_TRY(tn_trino_request_field(&call->request, name, value, err));
    }
    call->base = tn_trino_request_base(&call->request, tn_http_is_secure(x), &call->arena);
    call->presto = call->request.presto;
    return TN_OK;
}

enum { ANSWERED = -1 };

/* Who a client certificate may prove: whom X-Trino-User names, or whose the segment is that is asked for; empty: its first name. */
static struct tn_str named(struct tn_trino_call *call, struct tn_http_exchange *x)
{
    struct tn_trino_link link = {.kind = call->verb == TN_TRINO_ACK ? TN_TRINO_LINK_ACK : TN_TRINO_LINK_DOWNLOAD};

    if (!is_segment(call) || !tn_trino_link_open(call->sealed, &call->trino->homes[x->worker->index], &link, &call->arena))
        return call->request.user;
    return link.user;
}

/* Who asks? The links of a query hold its secret and need no more; everything else does. Who says who he is where a segment of
 * ours is asked for must be right. 0: known. */
static int authenticate(struct tn_trino_call *call, struct tn_http_exchange *x)
{
    const struct tn_http_field *field = tn_http_field(x, "authorization");
    struct tn_str               none = {NULL, 0};
    struct tn_auth_request      request = {.listener = "trinoHttp",
                                           .peer = tn_str(x->peer),
                                           .authorization = field == NULL ? none : field->value,
                                           .claimed = call->request.user.len > 0 ? call->request.user : none,
                                           .certificate = tn_http_certified(x, named(call, x))};
    struct tn_auth             *auth = call->trino->server->auth;

    if (call->slug.ptr != NULL && !(is_segment(call) && tn_auth_is_asked(auth) && (field != NULL || request.certificate.ptr != NULL)))
        return 0;
    if (!tn_auth_is_asked(auth) && !call->trino->config->settings.auth_force &&
        (tn_http_is_cross_site(x) || (tn_http_is_browser(x) && !tn_http_host_is_local(x)))) {
        call->problem = "where nobody is asked for a log-in, web pages under other names than localhost and 127.0.0.1 are refused\n";
        return 403;
    }
    if (call->free_to_all)
        return 0;
    if (!tn_auth_is_asked(auth) && request.claimed.ptr == NULL && request.authorization.ptr == NULL && request.certificate.ptr == NULL &&
        tn_trino_login_judge(x->worker) == NULL) { /* who says itself how it wants to be asked */
        call->problem = "X-Trino-User must be set\n";
        return 401;
    }
    tn_auth_http(auth, &request, &call->refused);
    call->identity = call->refused.identity;
    call->refused.identity = NULL;
    if (call->identity != NULL)
        return tn_http_take_user(x, call->identity->user) ? 0 : ANSWERED;
    tn_count(&tn_runtime_of(x->worker)->counters, TN_COUNTER_http_requests_denied, 1);
    call->problem = call->refused.error.message;
    return call->refused.http_status;
}

/* The engine is told the name that was proved, once, whatever the headers of this protocol said in how many ways. */
static void add_user(struct tn_trino_call *call)
{
    size_t count = 0;

    if (call->own == NULL || call->identity == NULL || call->identity->user.len == 0)
        return;
    for (size_t i = 0; i < call->own_count; i++)
        if (strcmp(call->own[i].name, "x-trino-user") != 0)
            call->own[count++] = call->own[i];
    call->own[count++] = (struct tn_run_header){"x-trino-user", call->identity->user};
    call->own_count = count;
}

/* 0: fine. */
static int read_post(struct tn_trino_call *call, const struct tn_http_exchange *x)
{
    if (call->verb != TN_TRINO_POST)
        return 0;
    if (tn_str_trim(x->body).len == 0) {
        call->problem = "SQL statement is empty\n";
        return 400;
    }
    if (!tn_arena_str(&call->arena, x->body, &call->sql) || !tn_arena_str(&call->arena, tn_str(x->peer), &call->peer)) {
        call->problem = "no memory for a statement\n";
        return 503;
    }
    return 0;
}

static struct tn_worker *find_owner(struct tn_trino_call *call, struct tn_worker *here)
{
    struct tn_str transaction = call->request.transaction_id;

    if (call->validates)
        return here;
    if (call->resumes && call->verb != TN_TRINO_PARTIAL && call->verb != TN_TRINO_SEGMENT)
        return tn_trino_follower(call->trino, call->id);
    if (call->resumes || is_segment(call))
        return here;
    if (call->verb != TN_TRINO_POST) {
        struct tn_worker *owner = tn_trino_owner(call->trino, call->id);

        if (owner != NULL || call->slug.ptr != NULL)
            return owner;
        call->asks = (unsigned)call->trino->worker_count - 1;
        return here;
    }
    if (transaction.len > 0 && !tn_str_ieq_c(transaction, "NONE")) {
        struct tn_worker *owner = tn_trino_transaction_owner(call->trino, transaction);

        return owner != NULL ? owner : here; /* who says that it is unknown */
    }
    return here;
}

static const char *refusal(int status)
{
    return status == 404 ? "there is no such path, or no such query (any more)\n"
           : status == 405 ? "this path does not answer that method\n"
                           : "no memory for a request\n";
}

static void answer_now(struct tn_trino_call *call, struct tn_http_exchange *x, int status, const char *problem)
{
    call->status = status;
    call->problem = problem;
    call->x = x;
    reply(call);
    free_call(call);
}

/* resume.c answers it. */
static bool resumes(const struct tn_trino_call *call, struct tn_worker *here)
{
    if (call->validates)
        return tn_trino_login_judge(here) != NULL;
    return call->sealed.ptr != NULL && !is_segment(call) &&
           (call->verb == TN_TRINO_PARTIAL || call->verb == TN_TRINO_SEGMENT || tn_trino_owner(call->trino, call->id) == NULL);
}

void tn_trino_call_begin(struct tn_trino *trino, struct tn_http_exchange *x)
{
    struct tn_trino_call *call = new_call(&trino->homes[x->worker->index]);
    struct tn_error       err;
    struct tn_worker     *owner;
    int                   status;

    tn_error_init(&err);
    if (call == NULL) {
        tn_http_problem(x, 503, "no memory for a request");
        return;
    }
    call->errand.go = on_there;
    call->errand.back = on_back;
    tn_arena_init(&call->arena, ARENA_MAX);
    tn_buf_init(&call->body, TN_TRINO_PAGE_MAX);
    tn_list_init(&call->node);
    tn_buf_init(&call->told, TN_TRINO_TOLD_MAX);
    status = tn_trino_path_read(call, x);
    call->resumes = resumes(call, x->worker);
    if (status == 0 && read_headers(call, x, &err) != TN_OK) {
        answer_now(call, x, err.status == TN_E_NOMEM ? 503 : 400, err.message);
        return;
    }
    status = status == 0 ? authenticate(call, x) : status;
    if (status == 0)
        add_user(call);
    status = status == 0 ? read_post(call, x) : status;
    if (status == 0 && call->validates && !call->resumes) {
        answer_now(call, x, 200, "");
        return;
    }
    if (status == ANSWERED) {
        free_call(call);
        return;
    }
    if (status != 0) {
        answer_now(call, x, status, call->problem != NULL ? call->problem : refusal(status));
        return;
    }
    if (call->verb == TN_TRINO_TELL) {
        tn_trino_coordinator_tell(call, x);
        answer_now(call, x, call->status, NULL);
        return;
    }
    owner = find_owner(call, x->worker);
    if (owner == NULL) {
        answer_now(call, x, 404, refusal(404));
        return;
    }
    call->x = x;
    x->user = call;
    x->gone = on_gone;
    tn_errand_send(&call->errand, x->worker, owner);
}
