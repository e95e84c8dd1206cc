/* Who asks: HTTP Basic, a bearer token or a client certificate, as src/auth has it. Decided at the head of a request, before its body. */
#include "auth/authenticate.h"
#include "net/http_origin.h"
#include "rest/private.h"

static void end_login(struct tn_http_exchange *x)
{
    tn_identity_unref(x->user);
    x->user = NULL;
    x->gone = NULL;
}

static bool on_login(struct tn_http_exchange *x, struct tn_auth_answer *answer, void *arg)
{
    (void)arg;
    if (answer->identity != NULL) {
        x->user = answer->identity;
        x->gone = end_login;
        return true;
    }
    tn_count(&tn_runtime_of(x->worker)->counters, TN_COUNTER_http_requests_denied, 1);
    tn_auth_refuse(x, answer);
    tn_http_problem(x, answer->http_status, "%s", answer->error.message);
    return false;
}

void tn_rest_login_begin(struct tn_rest *rest, struct tn_http_exchange *x)
{
    const struct tn_settings   *settings = &rest->config->settings;
    const struct tn_http_field *field = tn_http_field(x, "authorization");
    struct tn_auth_request      request = {.listener = "restHttp", .peer = tn_str(x->peer), .authorization = field == NULL ? tn_str_n(NULL, 0) : field->value,
                                           .certificate = tn_http_certified(x, tn_str_n(NULL, 0))};

    if (!tn_auth_is_asked(rest->server->auth) && !settings->auth_force && !tn_http_host_is_local(x)) {
        tn_http_problem(x, 403, "where nobody is asked for a log-in only localhost, 127.0.0.1 and [::1] may be the Host");
        return;
    }
    tn_auth_http_head(rest->server->auth, x, &request, on_login, rest);
}

bool tn_rest_login_end(struct tn_rest *rest, struct tn_http_exchange *x, struct tn_rest_caller *out)
{
    struct tn_identity *identity = x->user;
    struct tn_str      *groups;
    bool                ok;

    groups = tn_arena_alloc(&x->arena, sizeof *groups * (identity->group_count + 1));
    ok = groups != NULL && tn_arena_str(&x->arena, identity->user.len > 0 ? identity->user : TN_STR("anonymous"), &out->user);
    for (size_t i = 0; ok && i < identity->group_count; i++)
        ok = tn_arena_str(&x->arena, identity->groups[i], &groups[i]);
    out->groups = groups;
    out->group_count = identity->group_count;
    out->is_proved = identity->proof != TN_PROOF_NONE;
    out->sees_all = !tn_auth_is_asked(rest->server->auth) || identity->admin;
    end_login(x);
    if (!ok)
        tn_http_problem(x, 503, "no memory");
    return ok;
}
