/* From the first byte to the first ReadyForQuery. */
#include "session/private.h"

#include "base/alloc.h"
#include "net/tls.h"

enum { UNKNOWN_OPTIONS = 32, HEADERS = 64 };

static bool refuse(struct tn_session *s, struct tn_error *err, const char *reason)
{
    tn_session_fatal(s, err, reason);
    return true;
}

static void answer_byte(struct tn_session *s, char byte)
{
    tn_buf_put_u8(tn_session_out(s), (uint8_t)byte);
    tn_client_flush(&s->client);
}

static bool keep_header(struct tn_session *s, struct tn_str name, struct tn_str value)
{
    struct tn_tag *header = &s->headers[s->header_count];
    char          *lower;

    if (s->header_count == HEADERS || tn_str_eq_c(name, "application_name"))
        return true;
    lower = tn_arena_strdup(&s->startup_arena, name);
    if (lower == NULL || !tn_arena_str(&s->startup_arena, value, &header->value))
        return false;
    for (size_t i = 0; i < name.len; i++)
        lower[i] = tn_ascii_lower(lower[i]);
    header->key = tn_str_n(lower, name.len);
    s->header_count++;
    return true;
}

static enum tn_status set(struct tn_session *s, struct tn_str name, struct tn_str value, struct tn_error *err)
{
    return tn_settings_change(&s->settings, name, value, TN_CFG_ENGINE_UNSET, false, false, s->runtime->snapshot, err);
}

/* One word of `options`, backslash escapes undone; false at the end. */
static bool next_word(struct tn_str *text, char *word, size_t size)
{
    size_t len = 0;

    *text = tn_str_trim(*text);
    if (text->len == 0)
        return false;
    while (text->len > 0 && text->ptr[0] != ' ' && text->ptr[0] != '\t' && text->ptr[0] != '\n') {
        if (text->ptr[0] == '\\' && text->len > 1)
            *text = tn_str_n(text->ptr + 1, text->len - 1);
        if (len + 1 < size)
            word[len++] = text->ptr[0];
        *text = tn_str_n(text->ptr + 1, text->len - 1);
    }
    word[len] = '\0';
    return true;
}

/* "-c name=value -cname=value --name=value" */
static enum tn_status apply_options(struct tn_session *s, struct tn_str text, struct tn_error *err)
{
    char word[4096];

    while (next_word(&text, word, sizeof word)) {
        char *pair = word, *equals;

        if (strcmp(word, "-c") == 0) {
            if (!next_word(&text, word, sizeof word))
                return tn_fail(err, TN_E_INVALID, "22023", "start-up option -c is not complete; use -c name=value");
        } else if (strncmp(word, "-c", 2) == 0 || strncmp(word, "--", 2) == 0) {
            pair = word + 2;
        } else {
            return tn_fail(err, TN_E_INVALID, "22023", "start-up option \"%.200s\" is not understood; use -c name=value", word);
        }
        equals = strchr(pair, '=');
        if (equals == NULL)
            return tn_fail(err, TN_E_INVALID, "22023", "start-up option \"%.200s\" has no value; use -c name=value", pair);
        *equals = '\0';
        for (char *c = pair; *c != '\0'; c++)
            *c = *c == '-' ? '_' : *c;
        TN_TRY(set(s, tn_str(pair), tn_str(equals + 1), err));
    }
    return TN_OK;
}

static enum tn_status apply(struct tn_session *s, struct tn_str name, struct tn_str value, struct tn_error *err)
{
    if (!keep_header(s, name, value))
        return tn_fail(err, TN_E_LIMIT, "54000", "start-up parameters are too long");
    if (tn_str_eq_c(name, "user")) {
        tn_free(s->user);
        s->user = tn_strndup(value.ptr, value.len);
        return s->user != NULL ? TN_OK : TN_E_NOMEM;
    }
    if (tn_str_eq_c(name, "database")) {
        tn_free(s->database);
        s->database = tn_strndup(value.ptr, value.len);
        return s->database != NULL ? TN_OK : TN_E_NOMEM;
    }
    if (tn_str_eq_c(name, "options"))
        return apply_options(s, value, err);
    if (tn_str_eq_c(name, "query_tags"))
        return set(s, TN_STR("turnout.tags"), value, err);
    if (tn_str_eq_c(name, "replication")) {
        if (tn_str_ieq_c(value, "false") || tn_str_ieq_c(value, "off") || tn_str_eq_c(value, "0"))
            return TN_OK;
        return tn_fail(err, TN_E_UNSUPPORTED, "0A000", "replication connections are not supported");
    }
    return set(s, name, value, err);
}

static void negotiate(struct tn_session *s, uint32_t asked, const struct tn_str *unknown, size_t count)
{
    if (asked > TN_PG_PROTOCOL_32 || count > 0)
        tn_pg_put_negotiate(tn_session_out(s), TN_MIN(asked, (uint32_t)TN_PG_PROTOCOL_32), unknown, count);
    s->protocol = TN_MIN(asked, (uint32_t)TN_PG_PROTOCOL_32);
    s->key_len = s->protocol >= TN_PG_PROTOCOL_32 ? TN_SESSION_KEY_MAX : 4;
}

static enum tn_status apply_parameters(struct tn_session *s, const struct tn_pg_startup *startup, struct tn_error *err)
{
    struct tn_str rest = startup->parameters, name, value, unknown[UNKNOWN_OPTIONS];
    size_t        count = 0;

    s->headers = tn_arena_zalloc(&s->startup_arena, sizeof *s->headers * HEADERS);
    if (s->headers == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a session");
    s->headers[s->header_count++] = (struct tn_tag){TN_STR("application_name"), TN_STR("")};
    while (tn_pg_startup_next(&rest, &name, &value)) {
        if (tn_str_starts(name, TN_STR("_pq_."))) {
            if (count < UNKNOWN_OPTIONS)
                unknown[count++] = name;
        } else {
            TN_TRY(apply(s, name, value, err));
        }
    }
    if (rest.len != 1 || rest.ptr[0] != '\0')
        return tn_fail(err, TN_E_INVALID, "08P01", "invalid startup packet layout: expected terminator as last byte");
    if (s->user == NULL || s->user[0] == '\0')
        return tn_fail(err, TN_E_INVALID, "28000", "no PostgreSQL user name specified in startup packet");
    if (s->database == NULL && (s->database = tn_strdup(s->user)) == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a session");
    negotiate(s, startup->code, unknown, count);
    return tn_settings_change(&s->settings, TN_STR("session_authorization"), tn_str(s->user), TN_CFG_ENGINE_UNSET, false, true,
                              NULL, err);
}

/* The database of the program itself. */
static enum tn_status enter_console(struct tn_session *s, struct tn_error *err)
{
    const struct tn_console *console = s->runtime->server->console;

    if (console == NULL || strcmp(s->database, TN_CONSOLE_DATABASE) != 0)
        return TN_OK;
    if (!console->admits(console, s->identity, tn_str(s->client.peer), err))
        return TN_E_DENIED;
    s->console = true;
    return TN_OK;
}

static void put_greeting(struct tn_session *s)
{
    tn_pg_put_auth_ok(tn_session_out(s));
    for (size_t row = 0; row < tn_setting_rows(); row++) {
        struct tn_str name = tn_setting_name((int)row);

        if (tn_setting_reported((int)row))
            tn_pg_put_parameter_status(tn_session_out(s), name, tn_settings_get(s->settings, name));
    }
    tn_pg_put_backend_key(tn_session_out(s), s->pid, s->key, s->key_len);
    tn_pg_put_ready(tn_session_out(s), 'I');
}

void tn_session_welcome(struct tn_session *s)
{
    struct tn_error err = TN_ERROR_INIT;

    if (enter_console(s, &err) != TN_OK) {
        tn_session_fatal(s, &err, "no administrator");
        return;
    }
    s->started = tn_settings_list_ref(s->settings);
    put_greeting(s);
    s->state = TN_SESSION_READY;
    tn_session_idle_timer(s);
    tn_log(TN_LOG_INFO, "session start", TN_LOG_U64("session", s->pid), TN_LOG_TEXT("peer", s->client.peer),
           TN_LOG_TEXT("user", s->user), TN_LOG_TEXT("database", s->database),
           TN_LOG_TEXT("proof", tn_proof_name(s->identity->proof)), TN_LOG_TEXT("tls", tn_tls_version(&s->client.transport)),
           TN_LOG_STR("application", s->settings->application));
}

/* ---- TLS ---- */

static struct tn_tls *tls_of(const struct tn_session *s)
{
    return s->runtime->snapshot->security.tls[TN_LISTENER_POSTGRES_WIRE];
}

static bool begin_tls(struct tn_session *s)
{
    if (tn_tls_accept(&s->client.transport, tls_of(s)))
        return true;
    tn_session_close(s, "no memory for TLS");
    return false;
}

bool tn_session_wants_tls(struct tn_session *s)
{
    if (tls_of(s) == NULL || tn_tls_is_on(&s->client.transport) || tn_tls_look(&s->client.transport) != TN_TLS_LOOK_TLS)
        return true;
    s->direct_tls = true;
    return begin_tls(s);
}

/* SSLRequest or GSSENCRequest. */
static void answer_encryption(struct tn_session *s, bool tls)
{
    struct tn_error err = TN_ERROR_INIT;

    if (tn_tls_is_on(&s->client.transport) && tls) {
        tn_fail(&err, TN_E_INVALID, "08P01", "SSLRequest inside of TLS");
        refuse(s, &err, "SSLRequest inside of TLS");
    } else if (tn_client_input(&s->client).len > 0) { /* bytes sent before our answer could be somebody else's (CVE-2021-23222) */
        tn_session_close(s, "data behind an encryption request");
    } else if (!tls || tls_of(s) == NULL) {
        answer_byte(s, 'N');
    } else {
        answer_byte(s, 'S');
        if (s->state != TN_SESSION_CLOSING)
            begin_tls(s);
    }
}

/* Before anything of it is believed: is the connection as safe as the configuration wants it? */
static bool refuse_unsafe(struct tn_session *s, struct tn_error *err)
{
    if (s->direct_tls && !tn_tls_has_alpn(&s->client.transport)) {
        tn_fail(err, TN_E_INVALID, "08P01", "received direct TLS connection request without ALPN protocol negotiation extension");
        tn_error_hint(err, "Name the protocol \"postgresql\", or begin with an SSLRequest.");
        return refuse(s, err, "direct TLS without ALPN");
    }
    if (tn_tls_is_on(&s->client.transport) || !tn_tls_is_required(tls_of(s)))
        return false;
    tn_fail(err, TN_E_DENIED, "28000", "this server takes connections with TLS only");
    tn_error_hint(err, "Connect with sslmode=require (or verify-full, with sslrootcert).");
    return refuse(s, err, "TLS is required");
}

static bool start(struct tn_session *s, const struct tn_pg_startup *startup)
{
    struct tn_error err = TN_ERROR_INIT;
    uint32_t        major = startup->code >> 16;

    if (refuse_unsafe(s, &err))
        return true;
    if (major != 3) {
        tn_fail(&err, TN_E_UNSUPPORTED, "0A000", "unsupported frontend protocol %u.%u: server supports 3.0 to 3.2", major,
                startup->code & 0xFFFF);
        return refuse(s, &err, "unsupported protocol version");
    }
    if (apply_parameters(s, startup, &err) != TN_OK)
        return refuse(s, &err, "bad start-up parameters");
    tn_session_login_begin(s);
    return true;
}

static bool use_packet(struct tn_session *s, const struct tn_pg_startup *startup)
{
    switch (startup->code) {
    case TN_PG_SSL_CODE:
    case TN_PG_GSSENC_CODE:
        answer_encryption(s, startup->code == TN_PG_SSL_CODE);
        return true;
    case TN_PG_CANCEL_CODE:
        tn_session_cancel_request(s->runtime->server, startup->cancel_pid, startup->cancel_key);
        tn_session_close(s, "cancel request");
        return true;
    default:
        return start(s, startup);
    }
}

bool tn_session_startup(struct tn_session *s)
{
    struct tn_pg_startup startup;
    struct tn_error      err = TN_ERROR_INIT;
    struct tn_str        input = tn_client_input(&s->client);
    size_t               size;

    if (input.len > 0 && (input.ptr[0] == 0x16 || (unsigned char)input.ptr[0] == 0x80)) {
        tn_session_close(s, "client speaks TLS, which is not configured");
        return true;
    }
    switch (tn_pg_parse_startup(input.ptr, input.len, &startup, &size, &err)) {
    case TN_AGAIN: return false;
    case TN_OK:
        s->client.in_at += size;
        return use_packet(s, &startup);
    default:
        return refuse(s, &err, "bad start-up packet");
    }
}
