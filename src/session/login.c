/* From the start-up packet to who the client is: nobody is asked, its TLS certificate says so, or SCRAM. */
#include "session/private.h"

#include "auth/scram.h"
#include "base/alloc.h"
#include "net/tls.h"

enum { LOGIN_MESSAGE_MAX = 16384 };

struct tn_session_login {
    struct tn_login     attempt;
    struct tn_scram     scram;
    struct tn_identity *identity; /* should the proof be right; NULL: no such user */
    struct tn_error     error;    /* FAILING: to be told when the timer fires */
    enum { WANT_FIRST, WANT_FINAL, FAILING } step;
};

void tn_session_login_free(struct tn_session *s)
{
    if (s->login == NULL)
        return;
    tn_auth_forget(s->runtime->server->auth, &s->login->attempt);
    tn_scram_reset(&s->login->scram);
    tn_identity_unref(s->login->identity);
    tn_error_reset(&s->login->error);
    tn_free(s->login);
    s->login = NULL;
}

/* ---- let in ---- */

static bool take_place(struct tn_session *s, struct tn_error *err)
{
    if (tn_client_take_user(&s->client, s->user, s->runtime->snapshot->config->settings.pg_max_per_user))
        return true;
    tn_fail(err, TN_E_LIMIT, "53300", "too many connections of user \"%.100s\" (frontends.postgresWire.maxConnectionsPerUser)", s->user);
    return false;
}

/* IDENTITY is taken. */
static void let_in(struct tn_session *s, struct tn_identity *identity)
{
    struct tn_error err = TN_ERROR_INIT;

    tn_session_login_free(s);
    if (identity == NULL) {
        tn_fail(&err, TN_E_NOMEM, "53200", "no memory for a log-in");
        tn_session_fatal(s, &err, "no memory");
        return;
    }
    s->identity = identity;
    if (take_place(s, &err))
        tn_session_welcome(s);
    else
        tn_session_fatal(s, &err, "too many connections of this user");
}

/* ---- refused ---- */

/* Wrong: told after a while, so that guessing takes its time. Nothing more is read. */
static void fail_later(struct tn_session *s, const char *why)
{
    struct tn_session_login *login = s->login;
    unsigned                 delay_ms;

    tn_count(&s->runtime->counters, TN_COUNTER_logins_failed, 1);
    tn_auth_failed(s->runtime->server->auth, &login->attempt, why, &delay_ms, &login->error);
    login->step = FAILING;
    if (delay_ms == 0) {
        tn_session_login_timer(s);
        return;
    }
    s->client.busy = true;
    tn_client_set_timer(&s->client, (uint64_t)delay_ms * 1000);
}

void tn_session_login_timer(struct tn_session *s)
{
    struct tn_error err = TN_ERROR_INIT;

    if (s->login != NULL && s->login->step == FAILING) {
        s->client.busy = false;
        tn_error_move(&err, &s->login->error);
        tn_session_fatal(s, &err, "log-in failed");
        return;
    }
    tn_count(&s->runtime->counters, TN_COUNTER_logins_timed_out, 1);
    if (s->state == TN_SESSION_STARTUP) {
        tn_session_close(s, "log-in took too long");
        return;
    }
    tn_fail(&err, TN_E_TIMEOUT, "57014", "canceling authentication due to timeout (frontends.postgresWire.loginTimeout)");
    tn_session_fatal(s, &err, "log-in took too long");
}

/* Unseen, as too many were wrong before; ERR is logged. */
static void refuse(struct tn_session *s, struct tn_error *err)
{
    tn_count(&s->runtime->counters, TN_COUNTER_logins_failed, 1);
    tn_session_fatal(s, err, "log-in refused");
}

static void protocol_error(struct tn_session *s, struct tn_error *err)
{
    tn_count(&s->runtime->counters, TN_COUNTER_logins_failed, 1);
    tn_log(TN_LOG_WARN, "log-in failed", TN_LOG_TEXT("listener", "postgresWire"), TN_LOG_TEXT("peer", s->client.peer),
           TN_LOG_TEXT("user", s->user), TN_LOG_TEXT("why", err->message));
    tn_session_fatal(s, err, "log-in failed");
}

/* ---- SCRAM ---- */

static void put_mechanisms(struct tn_session *s, bool plus)
{
    struct tn_buf *out = tn_session_out(s);
    size_t         begun = tn_pg_begin(out, 'R');

    tn_buf_put_be32(out, 10);
    if (plus)
        tn_buf_append(out, TN_SCRAM_PLUS, sizeof TN_SCRAM_PLUS);
    tn_buf_append(out, TN_SCRAM_PLAIN, sizeof TN_SCRAM_PLAIN);
    tn_buf_put_u8(out, 0);
    tn_pg_end(out, begun);
}

static enum tn_status put_answer(struct tn_session *s, uint32_t code, const struct tn_buf *answer, struct tn_error *err)
{
    struct tn_buf *out = tn_session_out(s);
    size_t         begun = tn_pg_begin(out, 'R');

    if (answer->failed)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a log-in");
    tn_buf_put_be32(out, code);
    tn_buf_put_str(out, tn_buf_str(answer));
    tn_pg_end(out, begun);
    return TN_OK;
}

static enum tn_status ask(struct tn_session *s, struct tn_error *err)
{
    unsigned char            binding[TN_TLS_END_POINT_MAX];
    size_t                   binding_len = tn_tls_end_point(&s->client.transport, binding);
    struct tn_session_login *login = tn_calloc(1, sizeof *login);
    struct tn_verifier       verifier;

    s->login = login;
    if (login == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a log-in");
    login->attempt = (struct tn_login){.listener = "postgresWire", .peer = tn_str(s->client.peer), .user = tn_str(s->user)};
    TN_TRY(tn_auth_check(s->runtime->server->auth, &login->attempt, err));
    TN_TRY(tn_auth_look_up(s->runtime->server->auth, &login->attempt, TN_PROOF_SCRAM, &verifier, &login->identity, err));
    tn_scram_init(&login->scram, &verifier, login->identity == NULL, binding, binding_len);
    explicit_bzero(&verifier, sizeof verifier);
    put_mechanisms(s, binding_len > 0);
    s->state = TN_SESSION_AUTH;
    return TN_OK;
}

/* SASLInitialResponse: mechanism, length, data. */
static enum tn_status read_first(struct tn_session *s, struct tn_str body, struct tn_buf *answer, struct tn_error *err)
{
    struct tn_pg_cursor cursor = {.at = body.ptr, .end = body.ptr + body.len};
    struct tn_str       mechanism = tn_pg_get_text(&cursor);
    int32_t             len = tn_pg_get_i32(&cursor);
    struct tn_str       data = cursor.failed || len < 0 ? TN_STR("") : tn_pg_get_bytes(&cursor, (size_t)len);

    if (cursor.failed || cursor.at != cursor.end)
        return tn_fail(err, TN_E_INVALID, "08P01", "malformed SASLInitialResponse message");
    TN_TRY(tn_scram_first(&s->login->scram, mechanism, data, answer, err));
    s->login->step = WANT_FINAL;
    return put_answer(s, 11, answer, err);
}

static enum tn_status read_final(struct tn_session *s, struct tn_str body, struct tn_buf *answer, struct tn_error *err)
{
    struct tn_identity_parts parts;
    struct tn_identity      *identity = s->login->identity;

    TN_TRY(tn_auth_begin(s->runtime->server->auth, &s->login->attempt, err)); /* not before: log-ins at the same time are no failures */
    TN_TRY(tn_scram_final(&s->login->scram, body, answer, err));
    TN_TRY(put_answer(s, 12, answer, err));
    tn_auth_succeeded(s->runtime->server->auth, &s->login->attempt);
    s->login->identity = NULL;
    if (s->login->scram.bound) {
        parts = tn_identity_parts_of(identity);
        parts.proof = TN_PROOF_SCRAM_BOUND;
        s->login->identity = identity;
        identity = tn_identity_new(&parts);
    }
    let_in(s, identity);
    return TN_OK;
}

/* One message of a client that is being asked. */
static void read_message(struct tn_session *s, const struct tn_pg_message *message)
{
    struct tn_error err = TN_ERROR_INIT;
    struct tn_buf   answer;
    enum tn_status  status;

    tn_buf_init(&answer, TN_SCRAM_MESSAGE_MAX);
    if (message->type != 'p')
        status = tn_fail(&err, TN_E_INVALID, "08P01", "expected SASL response, got message type %d", (unsigned char)message->type);
    else if (s->login->step == WANT_FIRST)
        status = read_first(s, message->body, &answer, &err);
    else
        status = read_final(s, message->body, &answer, &err);
    tn_buf_reset(&answer);
    if (status == TN_E_DENIED && s->login->attempt.wait_us > 0)
        refuse(s, &err);
    else if (status == TN_E_DENIED)
        fail_later(s, s->login->identity != NULL ? "wrong password" : "no such user, or one without a password");
    else if (status != TN_OK)
        protocol_error(s, &err);
    tn_error_reset(&err);
}

bool tn_session_login_step(struct tn_session *s)
{
    struct tn_str        input = tn_client_input(&s->client);
    struct tn_pg_message message;
    struct tn_error      err = TN_ERROR_INIT;
    size_t               size;

    switch (tn_pg_parse_message(input.ptr, input.len, LOGIN_MESSAGE_MAX, &message, &size, &err)) {
    case TN_AGAIN: return false;
    case TN_OK:    break;
    default:       protocol_error(s, &err); return false;
    }
    s->client.in_at += size;
    if (message.type == 'X')
        tn_session_close(s, "client said good-bye");
    else
        read_message(s, &message);
    return true;
}

void tn_session_login_begin(struct tn_session *s)
{
    struct tn_auth     *auth = s->runtime->server->auth;
    struct tn_str       user = tn_str(s->user);
    struct tn_identity *identity = tn_tls_names(&s->client.transport, user) ? tn_auth_certified(auth, user) : NULL;
    struct tn_error     err = TN_ERROR_INIT;

    if (identity != NULL) {
        let_in(s, identity);
    } else if (!tn_auth_is_asked(auth)) {
        let_in(s, tn_auth_believe(user));
    } else if (ask(s, &err) != TN_OK) {
        refuse(s, &err);
    }
}
