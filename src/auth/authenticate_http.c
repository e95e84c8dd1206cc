/* One HTTP request: Basic and Bearer credentials, client certificates, or nobody is asked. */
#include "auth/authenticate.h"

#include "auth/http_inside.h"
#include "base/alloc.h"
#include "base/base64.h"
#include "net/http.h"
#include "net/listener.h"

#include <stdarg.h>
#include <sys/resource.h>

enum {
    CREDENTIALS_MAX = 8192, /* bytes of a header value */
    WAITING_MAX = 1000,     /* passwords to look at */
};

/* A password that another thread looks at. */
struct look {
    struct tn_job            job;
    struct tn_auth          *auth;
    struct tn_http_exchange *x; /* NULL: gone */
    struct tn_auth_request   request;
    tn_auth_then            *then;
    void                    *arg;
    struct tn_login          login;
    struct tn_str            password;
    struct tn_identity      *identity;
    char                     peer[TN_PEER_TEXT];
    char                     text[]; /* user and password */
};

struct asking {
    struct tn_auth               *auth;
    const struct tn_auth_request *request;
    struct tn_auth_answer        *answer;
    struct tn_http_exchange      *x; /* NULL: the password is looked at here */
    tn_auth_then                 *then;
    void                         *arg;
    bool                          later; /* by another thread: there is no answer yet */
};

static void refuse(struct asking *a, int status, const char *sqlstate, const char *fmt, ...) TN_PRINTF(4, 5);

static void refuse(struct asking *a, int status, const char *sqlstate, const char *fmt, ...)
{
    char    text[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    a->answer->http_status = status;
    tn_fail(&a->answer->error, TN_E_DENIED, sqlstate, "%s", text);
}

static void challenge(struct asking *a, const char *scheme)
{
    snprintf(a->answer->challenge, sizeof a->answer->challenge, "%s realm=\"turnout %.32s\"%s", scheme, a->request->listener,
             strcmp(scheme, "Basic") == 0 ? ", charset=\"UTF-8\"" : ", error=\"invalid_token\"");
}

static void no_memory(struct asking *a)
{
    refuse(a, 503, "53200", "no memory for a log-in");
}

/* ---- the two schemes ---- */

static bool scheme_is(struct tn_str authorization, struct tn_str scheme, struct tn_str *rest)
{
    if (authorization.len <= scheme.len || !tn_str_ieq(tn_str_n(authorization.ptr, scheme.len), scheme) ||
        authorization.ptr[scheme.len] != ' ')
        return false;
    *rest = tn_str_trim(tn_str_n(authorization.ptr + scheme.len, authorization.len - scheme.len));
    return true;
}

/* "user:password" of base64, in TEXT. */
static bool split_basic(struct tn_str coded, char text[CREDENTIALS_MAX], struct tn_str *user, struct tn_str *password)
{
    char   padded[CREDENTIALS_MAX + 4];
    char  *colon;
    size_t len;
    bool   ok;

    if (coded.len == 0 || coded.len > CREDENTIALS_MAX)
        return false;
    tn_str_copy(padded, sizeof padded, coded);
    while (coded.len % 4 != 0) /* some clients leave the padding off */
        padded[coded.len++] = '=';
    ok = tn_base64_decode(tn_str_n(padded, coded.len), text, CREDENTIALS_MAX, &len);
    explicit_bzero(padded, sizeof padded);
    colon = ok ? memchr(text, ':', len) : NULL;
    if (colon == NULL)
        return false;
    *user = tn_str_n(text, (size_t)(colon - text));
    *password = tn_str_n(colon + 1, len - user->len - 1);
    return true;
}

/* In the same time whatever GIVEN is (its length may leak). */
static unsigned same_secret(struct tn_str given, struct tn_str expected)
{
    unsigned    same_len = given.len == expected.len;
    const char *text = same_len ? given.ptr : expected.ptr;

    return (unsigned)(expected.len > 0 && tn_secret_eq(text, expected.ptr, expected.len)) & same_len;
}

static struct tn_identity *own_admin(const struct asking *a, struct tn_str user, struct tn_str password)
{
    static const struct tn_str role = {"admin", 5};
    struct tn_identity_parts   parts = {.user = user, .proof = TN_PROOF_PASSWORD, .admin = true, .role_count = 1, .roles = &role};
    unsigned                   right = same_secret(user, a->request->own_user);

    right &= same_secret(password, a->request->own_password); /* both always compared */
    return right != 0 && a->request->own_user.len > 0 ? tn_identity_new(&parts) : NULL;
}

static void failed(struct asking *a, struct tn_login *login, const char *why)
{
    tn_auth_failed(a->auth, login, why, &a->answer->delay_ms, &a->answer->error);
    a->answer->http_status = 401;
}

static bool may_try(struct asking *a, struct tn_login *login)
{
    if (tn_auth_begin(a->auth, login, &a->answer->error) == TN_OK)
        return true;
    a->answer->http_status = 429;
    a->answer->retry_after_s = (unsigned)TN_MIN(login->wait_us / 1000000 + 1, (uint64_t)86400);
    return false;
}

/* answer->identity says whether it was the right one. */
static void end_password(struct asking *a, struct tn_login *login)
{
    if (a->answer->identity != NULL)
        tn_auth_succeeded(a->auth, login);
    else
        failed(a, login, a->request->wrong != NULL ? a->request->wrong : "wrong user or password");
}

static void look_elsewhere(struct asking *a, struct tn_login *login, struct tn_str password);

static void ask_password(struct asking *a, struct tn_str user, struct tn_str password)
{
    struct tn_login login = {.listener = a->request->listener, .peer = a->request->peer, .user = user};

    a->answer->identity = tn_auth_seen_password(a->auth, &login, password);
    if (a->answer->identity != NULL || !may_try(a, &login))
        return;
    a->answer->identity = own_admin(a, user, password);
    if (a->answer->identity == NULL && a->x != NULL) {
        look_elsewhere(a, &login, password);
        return;
    }
    if (a->answer->identity == NULL)
        a->answer->identity = tn_auth_by_password(a->auth, &login, password);
    end_password(a, &login);
}

static void ask_token(struct asking *a, struct tn_str token)
{
    struct tn_login login = {.listener = a->request->listener, .peer = a->request->peer, .user = TN_STR("(token)")};

    a->answer->identity = token.len == 0 ? NULL : tn_auth_by_token(a->auth, token);
    if (a->answer->identity != NULL || !may_try(a, &login))
        return;
    failed(a, &login, "unknown token");
    refuse(a, 401, "28000", "the token is not known");
    challenge(a, "Bearer");
}

static void ask(struct asking *a)
{
    char          text[CREDENTIALS_MAX];
    struct tn_str rest, user, password;

    if (scheme_is(a->request->authorization, TN_STR("Bearer"), &rest)) {
        ask_token(a, rest);
    } else if (!scheme_is(a->request->authorization, TN_STR("Basic"), &rest)) {
        refuse(a, 401, "28000", "this Authorization is not understood; Basic (user and password) and Bearer (token) are");
    } else if (!split_basic(rest, text, &user, &password)) {
        refuse(a, 401, "28000", "the Basic credentials are malformed");
    } else {
        ask_password(a, user, password);
        explicit_bzero(text, sizeof text);
    }
}

/* ---- who may do without ---- */

/* The name is taken from wherever one is. */
static void believe(struct asking *a)
{
    char          text[CREDENTIALS_MAX];
    struct tn_str user = a->request->claimed, rest, password;

    if (user.ptr == NULL && a->request->certificate.ptr != NULL)
        user = a->request->certificate;
    if (user.ptr == NULL && scheme_is(a->request->authorization, TN_STR("Basic"), &rest) &&
        split_basic(rest, text, &user, &password))
        explicit_bzero((void *)(uintptr_t)password.ptr, password.len);
    if (user.ptr == NULL || tn_user_name_check(user) != NULL)
        user = tn_str_n(user.ptr, TN_MIN(user.len, (size_t)TN_USER_NAME_MAX));
    if (a->request->certificate.ptr != NULL && tn_str_eq(user, a->request->certificate))
        a->answer->identity = tn_auth_certified(a->auth, user);
    else
        a->answer->identity = tn_auth_believe(user);
    if (a->answer->identity == NULL)
        no_memory(a);
}

static void conclude(struct asking *a)
{
    struct tn_identity *identity = a->answer->identity;
    struct tn_str       claimed = a->request->claimed;

    if (identity == NULL && a->answer->http_status == 401 && a->answer->challenge[0] == '\0')
        challenge(a, "Basic");
    if (identity == NULL || claimed.ptr == NULL || tn_str_eq(claimed, identity->user))
        return;
    refuse(a, 403, "42501", "user " TN_STR_FMT " cannot act as user %.*s", TN_STR_ARG(identity->user),
           (int)TN_MIN(claimed.len, (size_t)100), claimed.ptr);
    a->answer->identity = NULL;
    tn_identity_unref(identity);
}

static void begin(struct asking *a)
{
    const struct tn_auth_request *request = a->request;

    *a->answer = (struct tn_auth_answer){.http_status = 401};
    if (!tn_auth_is_asked(a->auth) && request->own_user.len == 0) {
        believe(a);
        return;
    }
    if (request->authorization.ptr == NULL && request->certificate.ptr != NULL)
        a->answer->identity = tn_auth_certified(a->auth, request->certificate);
    if (a->answer->identity == NULL && request->authorization.ptr != NULL)
        ask(a);
    else if (a->answer->identity == NULL)
        refuse(a, 401, "28000", "user and password are needed (HTTP Basic), or a token (Bearer)");
    if (!a->later)
        conclude(a);
}

void tn_auth_http(struct tn_auth *auth, const struct tn_auth_request *request, struct tn_auth_answer *answer)
{
    struct asking a = {.auth = auth, .request = request, .answer = answer};

    begin(&a);
}

/* ---- by another thread ---- */

/* The answer is there: true: the request goes on. */
static bool deliver(struct asking *a)
{
    struct tn_identity *identity = a->answer->identity;
    bool                goes_on = false;

    if (identity != NULL && !tn_http_take_user(a->x, identity->user))
        tn_identity_unref(identity);
    else
        goes_on = a->then(a->x, a->answer, a->arg);
    tn_error_reset(&a->answer->error);
    return goes_on;
}

/* Below the loops: who guesses must not slow down who is in already. */
enum { NICE = 10 };

static void look_run(struct tn_job *job)
{
    static _Thread_local bool nice_already;
    struct look              *look = TN_CONTAINER_OF(job, struct look, job);

    if (!nice_already)
        (void)setpriority(PRIO_PROCESS, 0, NICE); /* of this thread only, on Linux */
    nice_already = true;
    look->identity = tn_auth_by_password(look->auth, &look->login, look->password);
}

static void free_look(struct look *look)
{
    explicit_bzero(look->text, look->login.user.len + look->password.len);
    tn_free(look);
}

static void on_looked(struct tn_job *job, struct tn_worker *worker)
{
    struct look             *look = TN_CONTAINER_OF(job, struct look, job);
    struct tn_http_exchange *x = look->x;
    struct tn_auth_answer    answer = {.http_status = 401, .identity = look->identity};
    struct asking            a = {look->auth, &look->request, &answer, x, look->then, look->arg, false};
    bool                     goes_on = false;

    (void)worker;
    end_password(&a, &look->login);
    if (x == NULL) {
        tn_identity_unref(answer.identity);
        tn_error_reset(&answer.error);
    } else {
        x->user = NULL;
        x->gone = NULL;
        conclude(&a);
        goes_on = deliver(&a);
    }
    free_look(look);
    if (goes_on)
        tn_http_go_on(x);
}

static void on_gone(struct tn_http_exchange *x)
{
    struct look *look = x->user;

    look->x = NULL;
}

static struct look *look_new(const struct asking *a, const struct tn_login *login, struct tn_str password)
{
    struct look *look = tn_malloc(sizeof *look + login->user.len + password.len);

    if (look == NULL)
        return NULL;
    *look = (struct look){.job = {.run = look_run, .done = on_looked}, .auth = a->auth, .x = a->x, .request = *a->request, .then = a->then, .arg = a->arg};
    memcpy(look->text, login->user.ptr, login->user.len);
    memcpy(look->text + login->user.len, password.ptr, password.len);
    tn_str_copy(look->peer, sizeof look->peer, login->peer);
    look->login = *login;
    look->login.user = tn_str_n(look->text, login->user.len);
    look->login.peer = tn_str(look->peer);
    look->password = tn_str_n(look->text + login->user.len, password.len);
    return look;
}

static void look_elsewhere(struct asking *a, struct tn_login *login, struct tn_str password)
{
    struct tn_offload *threads = tn_auth_threads(a->auth);
    struct look       *look = tn_offload_waiting(threads) < WAITING_MAX ? look_new(a, login, password) : NULL;

    if (look == NULL) {
        tn_auth_forget(a->auth, login);
        refuse(a, 503, "53300", "too many log-ins at once");
        a->answer->retry_after_s = 1;
        return;
    }
    a->later = true;
    a->x->user = look;
    a->x->gone = on_gone;
    tn_http_defer(a->x);
    tn_offload_submit(threads, &look->job, a->x->worker);
}

void tn_auth_http_head(struct tn_auth *auth, struct tn_http_exchange *x, const struct tn_auth_request *request, tn_auth_then *then, void *arg)
{
    struct tn_auth_answer answer;
    struct asking         a = {auth, request, &answer, x, then, arg, false};

    begin(&a);
    if (!a.later)
        (void)deliver(&a);
}

void tn_auth_refuse(struct tn_http_exchange *x, const struct tn_auth_answer *answer)
{
    char seconds[16];

    if (answer->challenge[0] != '\0')
        tn_http_set_field(x, "WWW-Authenticate", answer->challenge);
    if (answer->retry_after_s > 0) {
        snprintf(seconds, sizeof seconds, "%u", answer->retry_after_s);
        tn_http_set_field(x, "Retry-After", seconds);
    }
    tn_http_hold(x, answer->delay_ms);
}
