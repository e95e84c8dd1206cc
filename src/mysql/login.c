/* From the greeting to who the client is: nobody is asked, its TLS certificate says so, or its password by caching_sha2_password,
 * by mysql_clear_password over TLS, by mysql_native_password where the configuration lets it. */
#include "mysql/private.h"

#include "base/alloc.h"
#include "base/rand.h"
#include "frontend/mysql/my_recode.h"
#include "mysql/catalog.h"
#include "mysql/label.h"
#include "net/tls.h"

enum { USER_SHOWN = 100, VALUE_KEPT = 256 };

static struct tn_tls *tls_of(const struct tn_my_session *s)
{
    return s->runtime->snapshot->security.tls[TN_LISTENER_MYSQL_WIRE];
}

/* ---- the greeting ---- */

static void make_nonce(unsigned char nonce[TN_MY_NONCE])
{
    tn_rand_secret(nonce, TN_MY_NONCE);
    for (size_t i = 0; i < TN_MY_NONCE; i++) { /* some clients read it as a text */
        nonce[i] &= 0x7f;
        if (nonce[i] == '\0' || nonce[i] == '$')
            nonce[i]++;
    }
}

void tn_my_greet(struct tn_my_session *s)
{
    struct tn_my_greeting greeting = {.version = s->runtime->snapshot->config->settings.mysql_version.ptr, .plugin = TN_MY_PLUGIN_SHA2,
                                      .connection_id = s->id, .charset = TN_MY_CHARSET_UTF8MB4, .status = TN_MY_STATUS_AUTOCOMMIT};

    /* without LONG_PASSWORD, as MariaDB: else its clients do not read the upper half */
    s->offered = TN_MY_CAP_MARIADB_EXTENDED_TYPES | TN_MY_CAP_MARIADB_BULK | TN_MY_CAP_FOUND_ROWS | TN_MY_CAP_LONG_FLAG | TN_MY_CAP_CONNECT_WITH_DB | TN_MY_CAP_ODBC |
                 TN_MY_CAP_IGNORE_SPACE | TN_MY_CAP_PROTOCOL_41 | TN_MY_CAP_INTERACTIVE | TN_MY_CAP_IGNORE_SIGPIPE | TN_MY_CAP_TRANSACTIONS |
                 TN_MY_CAP_RESERVED | TN_MY_CAP_SECURE_CONNECTION | TN_MY_CAP_MULTI_STATEMENTS | TN_MY_CAP_MULTI_RESULTS |
                 TN_MY_CAP_PS_MULTI_RESULTS | TN_MY_CAP_PLUGIN_AUTH | TN_MY_CAP_CONNECT_ATTRS | TN_MY_CAP_PLUGIN_AUTH_LENENC |
                 TN_MY_CAP_SESSION_TRACK | TN_MY_CAP_DEPRECATE_EOF;
    if (tls_of(s) != NULL)
        s->offered |= TN_MY_CAP_SSL;
    s->capabilities = TN_MY_CAP_PROTOCOL_41; /* until the client has answered */
    make_nonce(s->nonce);
    memcpy(greeting.nonce, s->nonce, sizeof s->nonce);
    greeting.capabilities = s->offered;
    tn_my_put_greeting(tn_my_out(s).buf, &greeting, &s->sequence);
    tn_my_flush(s);
}

/* ---- let in ---- */

/* Who left when what it knows had been looked at has failed; before that it has not. */
void tn_my_login_forget(struct tn_my_session *s)
{
    tn_my_key_forget(s);
    if (s->step != TN_MY_STEP_NONE && !s->proof_seen)
        tn_auth_forget(s->runtime->server->auth, &s->attempt);
    s->step = TN_MY_STEP_NONE;
    s->proof_seen = false;
}

static bool take_place(struct tn_my_session *s, const char *user)
{
    struct tn_error err = TN_ERROR_INIT;

    if (tn_client_take_user(&s->client, user, s->runtime->snapshot->config->settings.mysql_max_per_user))
        return true;
    tn_fail(&err, TN_E_LIMIT, "53300", "User '%.100s' has too many connections (frontends.mysqlWire.maxConnectionsPerUser)", user);
    tn_my_fatal(s, &err, "too many connections of this user");
    return false;
}

/* Where the configuration lists databases, others are an engine's, which is asked. */
static bool is_database_asked(const struct tn_my_session *s)
{
    struct tn_str name = tn_str(s->new_database);

    return name.len > 0 && s->runtime->snapshot->config->settings.mysql_databases.count > 0 && !tn_my_is_listed(s, name) && !tn_my_catalog_is_schema(name);
}

/* False: no memory. A database that is asked for stays new_database. */
static bool take_database(struct tn_my_session *s)
{
    char *database = s->entering ? tn_strdup("") : s->new_database, *label = tn_strdup(s->entering ? "" : s->new_database);

    if (!s->entering)
        s->new_database = NULL;
    tn_free(s->database);
    tn_free(s->label);
    s->database = database;
    s->label = label;
    s->database_is_there = false;
    s->theirs_known = false; /* some are of the database */
    s->database_kind = TN_MY_DATABASE_UNKNOWN;
    return database != NULL && label != NULL;
}

static void no_memory(struct tn_my_session *s)
{
    struct tn_error err = TN_ERROR_INIT;

    tn_fail(&err, TN_E_NOMEM, "53200", "no memory for a log-in");
    tn_my_fatal(s, &err, "no memory");
}

/* IDENTITY is taken. */
static void let_in(struct tn_my_session *s, struct tn_identity *identity)
{
    tn_my_login_forget(s);
    if (identity == NULL) {
        no_memory(s);
        return;
    }
    if (!take_place(s, s->new_user)) {
        tn_identity_unref(identity);
        return;
    }
    if (s->changing)
        tn_my_reset(s);
    tn_identity_unref(s->identity);
    s->identity = identity;
    tn_free(s->user);
    s->user = s->new_user;
    s->new_user = NULL;
    s->entering = is_database_asked(s);
    if (!take_database(s)) {
        no_memory(s);
        return;
    }
    tn_my_database_settings(s);
    tn_my_charset_begin(s);
    s->state = TN_MY_READY;
    tn_log(TN_LOG_INFO, s->changing ? "session user" : "session start", TN_LOG_TEXT("listener", "mysqlWire"), TN_LOG_U64("session", s->id),
           TN_LOG_TEXT("peer", s->client.peer), TN_LOG_TEXT("user", s->user), TN_LOG_TEXT("database", s->database),
           TN_LOG_TEXT("proof", tn_proof_name(identity->proof)), TN_LOG_TEXT("tls", tn_tls_version(&s->client.transport)),
           TN_LOG_STR("application", s->application));
    s->changing = false;
    if (s->entering)
        tn_my_use(s, tn_str(s->new_database));
    else
        tn_my_ok(s, 0, 0);
}

/* ---- refused ---- */

/* Wrong: told after a while, so that guessing takes its time. Nothing more is read. */
static void fail_later(struct tn_my_session *s, const char *why, bool with_password)
{
    unsigned delay_ms;

    tn_count(&s->runtime->counters, TN_COUNTER_logins_failed, 1);
    tn_auth_failed(s->runtime->server->auth, &s->attempt, why, &delay_ms, &s->login_error);
    tn_fail(&s->login_error, TN_E_DENIED, "28P01", "Access denied for user '%.*s'@'" TN_STR_FMT "' (using password: %s)",
            (int)TN_MIN(s->attempt.user.len, (size_t)USER_SHOWN), s->attempt.user.ptr, TN_STR_ARG(tn_peer_address(tn_str(s->client.peer))),
            with_password ? "YES" : "NO");
    s->step = TN_MY_STEP_FAILING;
    if (delay_ms == 0) {
        tn_my_login_timer(s);
        return;
    }
    tn_my_wait(s);
    tn_client_set_timer(&s->client, (uint64_t)delay_ms * 1000);
}

void tn_my_login_timer(struct tn_my_session *s)
{
    struct tn_error err = TN_ERROR_INIT;

    if (s->step == TN_MY_STEP_FAILING) {
        s->client.busy = false;
        tn_error_move(&err, &s->login_error);
        tn_my_fatal(s, &err, "log-in failed");
        return;
    }
    tn_count(&s->runtime->counters, TN_COUNTER_logins_timed_out, 1);
    tn_my_close(s, "log-in took too long");
}

static void refuse(struct tn_my_session *s, struct tn_error *err, const char *reason)
{
    tn_count(&s->runtime->counters, TN_COUNTER_logins_failed, 1);
    tn_log(TN_LOG_WARN, "log-in failed", TN_LOG_TEXT("listener", "mysqlWire"), TN_LOG_TEXT("peer", s->client.peer),
           TN_LOG_TEXT("user", s->new_user != NULL ? s->new_user : ""), TN_LOG_TEXT("why", err->message));
    tn_my_fatal(s, err, reason);
}

/* ---- proofs ---- */

static bool begin_attempt(struct tn_my_session *s)
{
    struct tn_error err = TN_ERROR_INIT;

    if (s->proof_seen || tn_auth_begin(s->runtime->server->auth, &s->attempt, &err) == TN_OK)
        return true;
    tn_count(&s->runtime->counters, TN_COUNTER_logins_failed, 1);
    tn_my_fatal(s, &err, "log-in refused");
    return false;
}

static void proved(struct tn_my_session *s, struct tn_identity *identity)
{
    tn_auth_succeeded(s->runtime->server->auth, &s->attempt);
    let_in(s, identity);
}

static void check_password(struct tn_my_session *s, struct tn_str password)
{
    struct tn_identity *identity;

    if (!begin_attempt(s))
        return;
    s->proof_seen = true;
    identity = tn_sha2_whole(s->mysql->proof, s->runtime->server->auth, &s->attempt, password);
    if (identity != NULL)
        proved(s, identity);
    else
        fail_later(s, "wrong password, or no such user", password.len > 0);
}

/* A text that ends in its NUL; wiped when it was looked at. */
static void check_clear(struct tn_my_session *s, struct tn_str body)
{
    struct tn_str   password = tn_str_n(body.ptr, body.len > 0 ? body.len - 1 : 0);
    struct tn_error err = TN_ERROR_INIT;

    if (body.len == 0 || body.ptr[body.len - 1] != '\0') {
        tn_fail(&err, TN_E_INVALID, "08S01", "malformed password packet");
        refuse(s, &err, "malformed password packet");
        return;
    }
    check_password(s, password);
    explicit_bzero((char *)(uintptr_t)body.ptr, body.len);
}

static void put_more(struct tn_my_session *s, const char *byte)
{
    tn_my_put_auth_more(tn_my_out(s).buf, tn_str_n(byte, 1), &s->sequence);
}

/* RESPONSE answers s->nonce by caching_sha2_password. */
static void check_sha2(struct tn_my_session *s, struct tn_str response)
{
    struct tn_auth     *auth = s->runtime->server->auth;
    struct tn_identity *identity = NULL;

    if (response.len == 0 || (response.len == 1 && response.ptr[0] == '\0')) {
        if (begin_attempt(s))
            fail_later(s, "no password", false);
        return;
    }
    if (response.len == TN_SHA2_PROOF && tn_sha2_knows(s->mysql->proof, auth, s->attempt.user)) {
        if (!begin_attempt(s))
            return;
        s->proof_seen = true;
        identity = tn_sha2_quick(s->mysql->proof, auth, &s->attempt, s->nonce, sizeof s->nonce, response);
    }
    if (identity != NULL) {
        put_more(s, "\x03");
        proved(s, identity);
        return;
    }
    put_more(s, "\x04");
    s->step = TN_MY_STEP_SHA2_WHOLE;
}

/* Whose key it is nobody can tell: beyond this machine it may be somebody's who stands between. */
static bool may_have_key(const struct tn_my_session *s)
{
    char address[TN_PEER_TEXT];

    tn_str_copy(address, sizeof address, tn_peer_address(tn_str(s->client.peer)));
    return s->runtime->snapshot->config->settings.mysql_public_key || tn_net_is_loopback(address);
}

/* The whole password: over TLS as it is; without it the client asks for a key first. */
static void check_sha2_whole(struct tn_my_session *s, struct tn_str body)
{
    unsigned char   password[TN_SHA2_RSA_BYTES];
    size_t          len;
    struct tn_error err = TN_ERROR_INIT;

    if (tn_tls_is_on(&s->client.transport)) {
        check_clear(s, body);
        return;
    }
    if (s->step == TN_MY_STEP_SHA2_WHOLE && body.len == 1 && body.ptr[0] == 2 && !may_have_key(s)) {
        tn_fail(&err, TN_E_DENIED, "28000", "Authentication requires secure connection: connect with TLS (--ssl, sslMode=REQUIRED); the server's public key "
                                            "is not given beyond loopback (frontends.mysqlWire.publicKeyBeyondLoopback)");
        refuse(s, &err, "password without TLS");
        return;
    }
    if (s->step == TN_MY_STEP_SHA2_WHOLE && body.len == 1 && body.ptr[0] == 2) {
        s->step = TN_MY_STEP_RSA;
        tn_my_public_key(s);
        return;
    }
    if (body.len != TN_SHA2_RSA_BYTES) {
        explicit_bzero((char *)(uintptr_t)body.ptr, body.len);
        tn_fail(&err, TN_E_DENIED, "28000", "Authentication requires secure connection: use TLS, or let the client ask for the server's public key "
                                            "(allowPublicKeyRetrieval, get-server-public-key)");
        refuse(s, &err, "password without TLS");
        return;
    }
    if (!begin_attempt(s))
        return;
    s->proof_seen = true;
    if (tn_sha2_decrypt(s->mysql->proof, body, s->nonce, sizeof s->nonce, password, &len))
        check_password(s, tn_str_n((const char *)password, len));
    else
        fail_later(s, "a password that cannot be decrypted", true);
    explicit_bzero(password, sizeof password);
}

/* RESPONSE answers s->nonce by mysql_native_password. */
static void check_native(struct tn_my_session *s, struct tn_str response)
{
    struct tn_identity *identity;

    if (!begin_attempt(s))
        return;
    s->proof_seen = true;
    identity = tn_auth_by_native(s->runtime->server->auth, &s->attempt, s->nonce, sizeof s->nonce, response);
    if (identity != NULL)
        proved(s, identity);
    else
        fail_later(s, response.len == 0 ? "no password" : "wrong password, or no such user", response.len > 0);
}

static void switch_to(struct tn_my_session *s, bool native)
{
    make_nonce(s->nonce);
    tn_my_put_auth_switch(tn_my_out(s).buf, native ? TN_MY_PLUGIN_NATIVE : TN_MY_PLUGIN_SHA2, s->nonce, &s->sequence);
    s->step = native ? TN_MY_STEP_NATIVE : TN_MY_STEP_SHA2;
}

/* The user can, and the client says that it would rather, or there is no other way. */
static bool is_native(const struct tn_my_session *s, const struct tn_my_hello *hello)
{
    bool plugins = (hello->capabilities & TN_MY_CAP_PLUGIN_AUTH) != 0, only;

    return s->runtime->snapshot->config->settings.mysql_native_password && tn_auth_has_native(s->runtime->server->auth, s->attempt.user, &only) &&
           (only || !plugins || tn_str_eq_c(hello->plugin, TN_MY_PLUGIN_NATIVE));
}

static bool is_by_native(const struct tn_my_hello *hello)
{
    return (hello->capabilities & TN_MY_CAP_PLUGIN_AUTH) != 0 && tn_str_eq_c(hello->plugin, TN_MY_PLUGIN_NATIVE);
}

/* A client that could not load its plugin names one that nobody has (libmariadb: dummy_fallback_auth), and goes on only when it is asked
 * for another one; so does libmariadb that was told to use mysql_native_password, which has answered nothing yet. */
static bool knows_a_plugin(const struct tn_my_hello *hello)
{
    if (is_by_native(hello))
        return hello->response.len > 0;
    return (hello->capabilities & TN_MY_CAP_PLUGIN_AUTH) == 0 || tn_str_eq_c(hello->plugin, TN_MY_PLUGIN_SHA2) || tn_str_eq_c(hello->plugin, TN_MY_PLUGIN_CLEAR);
}

/* RESPONSE is looked at by nobody. To one of caching_sha2_password libmariadb wants to be told that it is right before the OK. */
static void let_in_unproved(struct tn_my_session *s, struct tn_identity *identity, bool by_sha2, struct tn_str response)
{
    if (by_sha2 && response.len == TN_SHA2_PROOF)
        put_more(s, "\x03");
    let_in(s, identity);
}

static void believe(struct tn_my_session *s, const struct tn_my_hello *hello)
{
    if (s->changing || knows_a_plugin(hello)) {
        let_in_unproved(s, tn_auth_believe(hello->user), tn_str_eq_c(hello->plugin, TN_MY_PLUGIN_SHA2), hello->response);
        return;
    }
    switch_to(s, is_by_native(hello));
    s->step = TN_MY_STEP_ANYTHING;
    s->proof_seen = true; /* there is none to wait for */
    s->state = TN_MY_AUTH;
}

/* Which way: the client names one it likes. */
static void ask(struct tn_my_session *s, const struct tn_my_hello *hello)
{
    struct tn_error err = TN_ERROR_INIT;

    s->attempt = (struct tn_login){.listener = "mysqlWire", .peer = tn_str(s->client.peer), .user = tn_str(s->new_user)};
    s->proof_seen = false;
    s->step = TN_MY_STEP_SHA2;
    if (!s->changing)
        s->state = TN_MY_AUTH;
    if (tn_auth_check(s->runtime->server->auth, &s->attempt, &err) != TN_OK) {
        tn_count(&s->runtime->counters, TN_COUNTER_logins_failed, 1);
        tn_my_fatal(s, &err, "log-in refused");
    } else if (tn_str_eq_c(hello->plugin, TN_MY_PLUGIN_CLEAR) && tn_tls_is_on(&s->client.transport)) {
        check_clear(s, hello->response);
    } else if (is_native(s, hello)) {
        bool answered = tn_str_eq_c(hello->plugin, TN_MY_PLUGIN_NATIVE) && hello->response.len == TN_NATIVE_HASH && !s->changing;

        if (answered || (hello->capabilities & TN_MY_CAP_PLUGIN_AUTH) == 0)
            check_native(s, hello->response);
        else /* libmariadb does not use what it was told for another plugin */
            switch_to(s, true);
    } else if (tn_str_eq_c(hello->plugin, TN_MY_PLUGIN_SHA2) && !s->changing) {
        check_sha2(s, hello->response);
    } else if ((hello->capabilities & TN_MY_CAP_PLUGIN_AUTH) == 0) {
        tn_fail(&err, TN_E_UNSUPPORTED, "28000", "Client does not support authentication protocol requested by server; it must know "
                                                 "caching_sha2_password");
        refuse(s, &err, "client without authentication plugins");
    } else {
        switch_to(s, false);
    }
}

/* ---- the client's answer ---- */

static bool keep_attribute(struct tn_my_session *s, struct tn_str name, struct tn_str value)
{
    struct tn_tag *header = &s->headers[s->header_count];
    char          *lower = tn_arena_strdup(&s->hello_arena, name);

    if (lower == NULL || !tn_arena_str(&s->hello_arena, tn_str_n(value.ptr, TN_MIN(value.len, (size_t)VALUE_KEPT)), &header->value))
        return false;
    for (size_t i = 0; i < name.len; i++)
        lower[i] = tn_ascii_lower(lower[i]);
    header->key = tn_str_n(lower, name.len);
    s->header_count++;
    if (tn_str_eq_c(header->key, "program_name") || (tn_str_eq_c(header->key, "_client_name") && s->application.len == 0))
        s->application = header->value;
    if (tn_str_eq_c(header->key, "_client_name") && tn_str_starts(value, TN_STR("Node-MySQL-2")))
        s->doubles_are_numbers = true;
    return true;
}

static bool keep_hello(struct tn_my_session *s, const struct tn_my_hello *hello)
{
    struct tn_str attributes = hello->attributes, name, value;
    bool          ok;

    tn_arena_reset(&s->hello_arena);
    s->header_count = 0;
    s->application = TN_STR("");
    s->doubles_are_numbers = false;
    s->headers = tn_arena_alloc(&s->hello_arena, TN_MY_HEADERS * sizeof *s->headers);
    tn_free(s->new_user);
    tn_free(s->new_database);
    s->new_user = tn_strndup(hello->user.ptr, hello->user.len);
    s->new_database = tn_strndup(hello->database.ptr, hello->database.len);
    ok = s->headers != NULL && s->new_user != NULL && s->new_database != NULL;
    while (ok && s->header_count < TN_MY_HEADERS && tn_my_next_attribute(&attributes, &name, &value))
        if (name.len <= VALUE_KEPT && tn_utf8_valid_prefix(name.ptr, name.len) == name.len && tn_utf8_valid_prefix(value.ptr, value.len) == value.len)
            ok = keep_attribute(s, name, value);
    return ok;
}

static const char *check_names(const struct tn_my_hello *hello)
{
    if (hello->user.len > TN_USER_NAME_MAX || tn_utf8_valid_prefix(hello->user.ptr, hello->user.len) < hello->user.len)
        return "the user's name is too long or no UTF-8";
    if (hello->database.len > TN_USER_NAME_MAX || tn_utf8_valid_prefix(hello->database.ptr, hello->database.len) < hello->database.len)
        return "the database's name is too long or no UTF-8";
    return NULL;
}

static void find_out(struct tn_my_session *s, const struct tn_my_hello *hello)
{
    struct tn_auth     *auth = s->runtime->server->auth;
    struct tn_error     err = TN_ERROR_INIT;
    const char         *wrong = check_names(hello);
    struct tn_identity *identity;

    if (wrong != NULL || !keep_hello(s, hello)) {
        tn_fail(&err, wrong != NULL ? TN_E_INVALID : TN_E_NOMEM, wrong != NULL ? "28000" : "53200", "%s", wrong != NULL ? wrong : "no memory for a log-in");
        refuse(s, &err, "bad log-in");
        return;
    }
    if (tn_my_charset_find(hello->charset) != NULL && tn_my_charset_is_known(tn_my_charset_find(hello->charset)))
        s->login_charset = hello->charset;
    identity = tn_tls_names(&s->client.transport, hello->user) ? tn_auth_certified(auth, hello->user) : NULL;
    if (identity != NULL)
        let_in_unproved(s, identity, tn_str_eq_c(hello->plugin, TN_MY_PLUGIN_SHA2), hello->response);
    else if (!tn_auth_is_asked(auth))
        believe(s, hello);
    else
        ask(s, hello);
}

static void begin_tls(struct tn_my_session *s)
{
    if (tn_client_input(&s->client).len > 0) /* bytes behind the request were not sent under TLS: whose are they? */
        tn_my_close(s, "data behind an SSLRequest");
    else if (!tn_tls_accept(&s->client.transport, tls_of(s)))
        tn_my_close(s, "no memory for TLS");
}

static void read_hello(struct tn_my_session *s, struct tn_str body)
{
    struct tn_my_hello hello;
    struct tn_error    err = TN_ERROR_INIT;

    if (tn_my_parse_hello(body, s->offered, &hello, &err) != TN_OK) {
        refuse(s, &err, "bad handshake response");
        return;
    }
    s->capabilities = hello.capabilities;
    if (hello.wants_tls && tls_of(s) != NULL && !tn_tls_is_on(&s->client.transport)) {
        begin_tls(s);
    } else if (hello.wants_tls) {
        tn_fail(&err, TN_E_INVALID, "08S01", "TLS was not offered");
        refuse(s, &err, "TLS was not offered");
    } else if (!tn_tls_is_on(&s->client.transport) && tn_tls_is_required(tls_of(s))) {
        tn_fail(&err, TN_E_DENIED, "28000", "Connections using insecure transport are prohibited: connect with TLS (--ssl, sslMode=REQUIRED)");
        refuse(s, &err, "TLS is required");
    } else {
        find_out(s, &hello);
    }
}

bool tn_my_login_packet(struct tn_my_session *s, const struct tn_my_packet *packet)
{
    if (s->step == TN_MY_STEP_NONE)
        read_hello(s, packet->body);
    else if (s->step == TN_MY_STEP_ANYTHING)
        let_in_unproved(s, tn_auth_believe(tn_str(s->new_user)), true, packet->body);
    else if (s->step == TN_MY_STEP_SHA2)
        check_sha2(s, packet->body);
    else if (s->step == TN_MY_STEP_NATIVE)
        check_native(s, packet->body);
    else
        check_sha2_whole(s, packet->body);
    return true;
}

void tn_my_change_user(struct tn_my_session *s, struct tn_str body)
{
    struct tn_my_hello hello;
    struct tn_error    err = TN_ERROR_INIT;

    if (tn_my_parse_change_user(body, s->capabilities, &hello, &err) != TN_OK) {
        tn_my_fatal(s, &err, "malformed COM_CHANGE_USER");
        return;
    }
    s->changing = true;
    find_out(s, &hello);
}
