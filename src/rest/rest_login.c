/* Who asks: HTTP Basic, a bearer token or a client certificate, as src/auth has it. Decided at the head of a request; a refusal that
 * must wait (so that guessing takes long) is told after the body. */
#include "auth/authenticate.h"
#include "net/http_origin.h"
#include "rest/private.h"

struct login {
    struct tn_http_exchange *x;
    struct tn_identity      *identity; /* NULL: refused */
    struct tn_auth_answer    answer;
    ev_timer                 timer;
};

static void end_login(struct login *login)
{
    ev_timer_stop(login->x->worker->loop, &login->timer);
    tn_identity_unref(login->identity);
    tn_error_reset(&login->answer.error);
    login->x->user = NULL;
    login->x->gone = NULL;
}

static void on_gone(struct tn_http_exchange *x)
{
    end_login(x->user);
}

static void refuse(struct tn_http_exchange *x, const struct tn_auth_answer *answer)
{
    char seconds[16];

    tn_count(&tn_runtime_of(x->worker)->counters, TN_COUNTER_http_requests_denied, 1);
    if (answer->challenge[0] != '\0')
        tn_http_set_field(x, "WWW-Authenticate", answer->challenge);
    snprintf(seconds, sizeof seconds, "%u", answer->retry_after_s);
    if (answer->retry_after_s > 0)
        tn_http_set_field(x, "Retry-After", seconds);
    tn_http_problem(x, answer->http_status, "%s", answer->error.message);
}

static void on_late(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct login            *login = TN_CONTAINER_OF(timer, struct login, timer);
    struct tn_http_exchange *x = login->x;
    struct tn_auth_answer    answer = login->answer;

    (void)loop;
    (void)revents;
    login->answer.error = (struct tn_error)TN_ERROR_INIT;
    end_login(login);
    refuse(x, &answer);
    tn_error_reset(&answer.error);
}

void tn_rest_login_begin(struct tn_rest *rest, struct tn_http_exchange *x)
{
    const struct tn_settings   *settings = &rest->config->settings;
    const struct tn_http_field *field = tn_http_field(x, "authorization");
    struct tn_auth_request      request = {.listener = "restHttp", .peer = tn_str(x->peer), .authorization = field == NULL ? tn_str_n(NULL, 0) : field->value,
                                           .certificate = tn_http_certified(x)};
    struct login               *login;

    if (!tn_auth_is_asked(rest->server->auth) && !settings->auth_force && !tn_http_host_is_local(x)) {
        tn_http_problem(x, 403, "where nobody is asked for a log-in only localhost, 127.0.0.1 and [::1] may be the Host");
        return;
    }
    login = tn_arena_zalloc(&x->arena, sizeof *login);
    if (login == NULL) {
        tn_http_problem(x, 503, "no memory");
        return;
    }
    tn_auth_http(rest->server->auth, &request, &login->answer);
    login->x = x;
    login->identity = login->answer.identity;
    ev_init(&login->timer, on_late);
    x->user = login;
    x->gone = on_gone;
    if (login->identity != NULL || login->answer.delay_ms > 0)
        return;
    ev_timer_set(&login->timer, 0., 0.);
    on_late(x->worker->loop, &login->timer, 0);
}

bool tn_rest_login_end(struct tn_rest *rest, struct tn_http_exchange *x, struct tn_rest_caller *out)
{
    struct login       *login = x->user;
    struct tn_identity *identity = login != NULL ? login->identity : NULL;
    struct tn_str      *groups;
    bool                ok;

    if (identity == NULL) {
        ev_now_update(x->worker->loop);
        ev_timer_set(&login->timer, login->answer.delay_ms / 1e3, 0.);
        ev_timer_start(x->worker->loop, &login->timer);
        return false;
    }
    groups = tn_arena_alloc(&x->arena, sizeof *groups * (identity->group_count + 1));
    ok = groups != NULL && tn_arena_str(&x->arena, identity->user.len > 0 ? identity->user : TN_STR("anonymous"), &out->user);
    for (size_t i = 0; ok && i < identity->group_count; i++)
        ok = tn_arena_str(&x->arena, identity->groups[i], &groups[i]);
    out->groups = groups;
    out->group_count = identity->group_count;
    out->sees_all = !tn_auth_is_asked(rest->server->auth) || identity->admin;
    end_login(login);
    if (!ok)
        tn_http_problem(x, 503, "no memory");
    return ok;
}
