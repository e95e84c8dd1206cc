/* From the server's greeting to its first OK (MySQL source documentation, "Connection Phase"). */
#include "base/alloc.h"
#include "config/endpoint.h"
#include "engine/mysql/mysql_conn.h"

#include <arpa/inet.h>
#include <unistd.h>

enum { PROTOCOL_VERSION = 10, STEPS_MAX = 12, MORE_FAST_OK = 3, MORE_FULL = 4, ASK_KEY = 2, UTF8MB4_GENERAL_CI = 45 };

static uint64_t wanted(const struct tn_mysql_conn *c)
{
    uint64_t caps = TN_MY_CAP_LONG_PASSWORD | TN_MY_CAP_LONG_FLAG | TN_MY_CAP_PROTOCOL_41 | TN_MY_CAP_TRANSACTIONS | TN_MY_CAP_SECURE_CONNECTION | TN_MY_CAP_MULTI_RESULTS |
                    TN_MY_CAP_PS_MULTI_RESULTS | TN_MY_CAP_PLUGIN_AUTH | TN_MY_CAP_CONNECT_ATTRS | TN_MY_CAP_PLUGIN_AUTH_LENENC |
                    TN_MY_CAP_SESSION_TRACK | TN_MY_CAP_DEPRECATE_EOF | TN_MY_CAP_MARIADB_EXTENDED_TYPES | TN_MY_CAP_MARIADB_BULK;

    if (tn_mysql_engine(c)->database != NULL)
        caps |= TN_MY_CAP_CONNECT_WITH_DB;
    return caps;
}

static void failed(struct tn_mysql_conn *c, const char *sqlstate, const char *why, const char *hint)
{
    struct tn_error err = TN_ERROR_INIT;

    tn_fail(&err, TN_E_CONNECTION, sqlstate, "cluster " TN_STR_FMT ": cannot connect: %s", TN_STR_ARG(c->base.cluster->conf->name), why);
    if (hint != NULL)
        tn_error_hint(&err, "%s", hint);
    tn_mysql_connect_failed(c, &err);
}

static void refused(struct tn_mysql_conn *c, struct tn_str message)
{
    struct tn_error err = TN_ERROR_INIT, told = TN_ERROR_INIT;

    tn_mysql_error(c, message, &told);
    tn_fail(&err, TN_E_CONNECTION, told.sqlstate, "cluster " TN_STR_FMT ": login refused: %s", TN_STR_ARG(c->base.cluster->conf->name),
            told.message);
    if (tn_str_eq_c(tn_str_n(told.sqlstate, 2), "28"))
        tn_error_hint(&err, "check the cluster's auth.username and auth.password");
    tn_error_reset(&told);
    tn_mysql_connect_failed(c, &err);
}

static void take_nonce(struct tn_mysql_conn *c, struct tn_str first, struct tn_str second)
{
    size_t n = TN_MIN(first.len, sizeof c->nonce);

    memcpy(c->nonce, first.ptr, n);
    memcpy(c->nonce + n, second.ptr, TN_MIN(second.len, sizeof c->nonce - n));
}

/* False: it is no greeting of a server that we can talk to. */
static bool read_greeting(struct tn_mysql_conn *c, struct tn_str message)
{
    struct tn_my_cursor in = tn_my_cursor_of(message);
    struct tn_str       first, second, plugin, version;
    uint32_t            extended;
    uint8_t             nonce_len;

    if (tn_my_get_u8(&in) != PROTOCOL_VERSION)
        return false;
    version = tn_my_get_text(&in);
    c->id = tn_my_get_u32(&in);
    first = tn_my_get_bytes(&in, 8);
    tn_my_get_u8(&in);
    c->offered = tn_my_get_u16(&in);
    c->charset = tn_my_get_u8(&in);
    c->status = tn_my_get_u16(&in);
    c->offered |= (uint64_t)tn_my_get_u16(&in) << 16;
    nonce_len = tn_my_get_u8(&in);
    tn_my_get_bytes(&in, 6);
    extended = tn_my_get_u32(&in);
    second = tn_my_get_bytes(&in, TN_MIN((size_t)TN_MAX(13, nonce_len - 8), tn_my_left(&in)));
    plugin = tn_my_left(&in) > 0 ? tn_str_n(in.at, strnlen(in.at, tn_my_left(&in))) : TN_STR("mysql_native_password");
    if (in.failed || version.ptr == NULL || second.len < 12 || (c->offered & TN_MY_CAP_PROTOCOL_41) == 0)
        return false;
    if ((c->offered & TN_MY_CAP_LONG_PASSWORD) == 0)
        c->offered |= (uint64_t)extended << 32;
    take_nonce(c, first, tn_str_n(second.ptr, 12));
    c->plugin = tn_mysql_plugin(plugin);
    tn_str_copy(c->version, sizeof c->version, version);
    c->maria = strstr(c->version, "MariaDB") != NULL;
    return true;
}

static bool is_private(const struct tn_mysql_conn *c)
{
    return tn_tls_is_on(&c->wire.transport) || tn_mysql_engine(c)->socket != NULL;
}

static void put_attribute(struct tn_buf *out, const char *name, const char *value)
{
    tn_my_put_lenenc_str(out, tn_str(name));
    tn_my_put_lenenc_str(out, tn_str(value));
}

static void put_attributes(struct tn_buf *out)
{
    struct tn_buf attributes;
    char          pid[24];

    snprintf(pid, sizeof pid, "%ld", (long)getpid());
    tn_buf_init(&attributes, 1024);
    put_attribute(&attributes, "_client_name", "turnout");
    put_attribute(&attributes, "program_name", "turnout");
    put_attribute(&attributes, "_os", "Linux");
    put_attribute(&attributes, "_pid", pid);
    tn_my_put_lenenc_str(out, tn_buf_str(&attributes));
    tn_buf_reset(&attributes);
}

static void put_head(struct tn_mysql_conn *c, uint64_t capabilities)
{
    static const char filler[19];
    bool              unicode = c->charset == 255 || (c->charset >= 224 && c->charset <= 247);

    tn_my_put_u32(&c->wire.out, (uint32_t)capabilities);
    tn_my_put_u32(&c->wire.out, TN_CHUNK_MAX);
    tn_buf_put_u8(&c->wire.out, unicode ? c->charset : UTF8MB4_GENERAL_CI); /* the server's own, where it is utf8mb4 */
    tn_buf_append(&c->wire.out, filler, sizeof filler);
    tn_my_put_u32(&c->wire.out, (uint32_t)(capabilities >> 32));
}

static void send_packet(struct tn_mysql_conn *c, size_t begun)
{
    if (!tn_mysql_wire_end(&c->wire, begun))
        failed(c, "53200", "no memory", NULL);
    else
        tn_mysql_flush_output(c);
}

static void send_response(struct tn_mysql_conn *c)
{
    const struct tn_mysql_cluster *engine = tn_mysql_engine(c);
    struct tn_buf                 *out = &c->wire.out;
    unsigned char                  proof[TN_MYSQL_PROOF_MAX];
    size_t                         len = tn_mysql_proof(c->plugin, tn_str(engine->password), c->nonce, proof);
    size_t                         begun = tn_my_begin_packet(out);

    put_head(c, c->capabilities);
    tn_my_put_text(out, tn_str(engine->user));
    tn_buf_put_u8(out, (uint8_t)len); /* as a length-encoded integer and as a byte it is the same */
    tn_buf_append(out, proof, len);
    if ((c->capabilities & TN_MY_CAP_CONNECT_WITH_DB) != 0)
        tn_my_put_text(out, tn_str(engine->database));
    if ((c->capabilities & TN_MY_CAP_PLUGIN_AUTH) != 0)
        tn_my_put_text(out, tn_str(c->plugin == TN_MYSQL_OTHER ? "mysql_native_password" : tn_mysql_plugin_name(c->plugin)));
    if ((c->capabilities & TN_MY_CAP_CONNECT_ATTRS) != 0)
        put_attributes(out);
    c->phase = TN_MYSQL_LOGIN;
    send_packet(c, begun);
}

static void start_tls(struct tn_mysql_conn *c)
{
    size_t begun = tn_my_begin_packet(&c->wire.out);

    c->capabilities |= TN_MY_CAP_SSL;
    put_head(c, c->capabilities);
    if (!tn_mysql_wire_end(&c->wire, begun) || c->wire.taken != c->wire.in.len) { /* bytes behind the greeting are nobody's */
        failed(c, "08P01", "the server said more than its greeting", NULL);
        return;
    }
    c->phase = TN_MYSQL_TLS;
    tn_mysql_flush_output(c);
    tn_mysql_login_go_on(c);
}

/* The request for TLS has gone out in the clear. */
void tn_mysql_login_go_on(struct tn_mysql_conn *c)
{
    const struct tn_mysql_cluster *engine = tn_mysql_engine(c);

    if (c->phase != TN_MYSQL_TLS || c->lost || c->wire.sent < c->wire.out.len)
        return;
    if (c->wire.taken != c->wire.in.len)
        failed(c, "08P01", "the server spoke before TLS began", NULL);
    else if (!tn_tls_connect(&c->wire.transport, engine->tls, engine->host, engine->tls_checks_host))
        failed(c, "53200", "no memory for TLS", NULL);
    else
        send_response(c);
}

static void take_greeting(struct tn_mysql_conn *c, struct tn_str message)
{
    const struct tn_mysql_cluster *engine = tn_mysql_engine(c);

    if (message.len > 0 && (uint8_t)message.ptr[0] == TN_MY_ERR) {
        refused(c, message);
        return;
    }
    if (!read_greeting(c, message)) {
        failed(c, "08P01", "what answers is no MySQL server that speaks protocol version 10", "check the cluster's endpoint");
        return;
    }
    c->capabilities = wanted(c) & (c->offered | TN_MY_CAP_LONG_PASSWORD | TN_MY_CAP_CONNECT_WITH_DB);
    if (c->capabilities >> 32 != 0) /* a server does not read the upper half of a client that says LONG_PASSWORD */
        c->capabilities &= ~TN_MY_CAP_LONG_PASSWORD;
    if (engine->tls != NULL && (c->offered & TN_MY_CAP_SSL) != 0)
        start_tls(c);
    else if (engine->tls_required)
        failed(c, "08001", "the server does not support TLS, but sslMode requires it", "switch TLS on at the server, or set sslMode: prefer");
    else
        send_response(c);
}

/* Encrypted by TLS, or within this machine, it goes as it is. */
static void send_password(struct tn_mysql_conn *c)
{
    size_t begun = tn_my_begin_packet(&c->wire.out);

    tn_my_put_text(&c->wire.out, tn_str(tn_mysql_engine(c)->password));
    send_packet(c, begun);
}

static void send_encrypted(struct tn_mysql_conn *c, struct tn_str pem)
{
    size_t begun = tn_my_begin_packet(&c->wire.out);

    c->key_wanted = false;
    if (tn_mysql_encrypt(tn_str(tn_mysql_engine(c)->password), c->nonce, pem, &c->wire.out))
        send_packet(c, begun);
    else
        failed(c, "08P01", "the server's public key cannot be used", "use TLS: sslMode: require");
}

static bool is_loopback(const struct tn_mysql_conn *c)
{
    struct sockaddr_storage address;
    socklen_t               len = sizeof address;
    char                    text[INET6_ADDRSTRLEN] = "";

    if (getpeername(c->wire.transport.fd, (struct sockaddr *)&address, &len) != 0)
        return false;
    if (address.ss_family == AF_INET)
        inet_ntop(AF_INET, &((struct sockaddr_in *)(void *)&address)->sin_addr, text, sizeof text);
    else if (address.ss_family == AF_INET6)
        inet_ntop(AF_INET6, &((struct sockaddr_in6 *)(void *)&address)->sin6_addr, text, sizeof text);
    return tn_host_is_loopback(tn_str(text));
}

/* Who stands between us and the server would give a key of its own, and read the password. */
static void ask_for_key(struct tn_mysql_conn *c)
{
    const struct tn_mysql_cluster *engine = tn_mysql_engine(c);
    size_t                         begun;

    if (engine->public_key != NULL) {
        send_encrypted(c, tn_str(engine->public_key));
        return;
    }
    if (!engine->key_retrieval && !is_loopback(c)) {
        failed(c, "28000", "the server wants the whole password, and nothing proves that it is this server",
               "use TLS (sslMode: require), or give its key (auth.serverPublicKeyFile), or take any (auth.allowPublicKeyRetrieval: true)");
        return;
    }
    begun = tn_my_begin_packet(&c->wire.out);
    tn_buf_put_u8(&c->wire.out, ASK_KEY);
    c->key_wanted = true;
    send_packet(c, begun);
}

static void take_more(struct tn_mysql_conn *c, struct tn_str data)
{
    int what = data.len == 0 ? 0 : (uint8_t)data.ptr[0];

    if (c->key_wanted)
        send_encrypted(c, data);
    else if (c->plugin != TN_MYSQL_CACHING_SHA2)
        failed(c, "08P01", "the server goes on with the login in a way that is not known", NULL);
    else if (what == MORE_FULL && is_private(c))
        send_password(c);
    else if (what == MORE_FULL)
        ask_for_key(c);
    else if (what != MORE_FAST_OK)
        failed(c, "08P01", "the server goes on with the login in a way that is not known", NULL);
}

static void switch_plugin(struct tn_mysql_conn *c, struct tn_str message)
{
    struct tn_my_cursor in = tn_my_cursor_of(tn_str_n(message.ptr + 1, message.len - 1));
    struct tn_str       name = tn_my_get_text(&in), nonce = tn_my_get_rest(&in);
    unsigned char       proof[TN_MYSQL_PROOF_MAX];
    size_t              begun, len;
    char                why[160];

    c->plugin = tn_mysql_plugin(name);
    if (c->plugin == TN_MYSQL_OTHER || in.failed) {
        snprintf(why, sizeof why, "the server wants the user to log in by %.*s, which is not supported", (int)(name.len == 0 ? sizeof "mysql_old_password" - 1 : TN_MIN(name.len, 60)),
                 name.len == 0 ? "mysql_old_password" : name.ptr);
        failed(c, "28000", why, "give the user mysql_native_password or caching_sha2_password");
        return;
    }
    if (c->plugin == TN_MYSQL_CLEAR) {
        if (is_private(c))
            send_password(c);
        else
            failed(c, "28000", "the server asks for the password in the clear", "use TLS: sslMode: require");
        return;
    }
    if (nonce.len < TN_MYSQL_NONCE) {
        failed(c, "08P01", "the server's login data is too short", NULL);
        return;
    }
    take_nonce(c, nonce, tn_str_n("", 0));
    len = tn_mysql_proof(c->plugin, tn_str(tn_mysql_engine(c)->password), c->nonce, proof);
    begun = tn_my_begin_packet(&c->wire.out);
    tn_buf_append(&c->wire.out, proof, len);
    send_packet(c, begun);
}

static void take_ok(struct tn_mysql_conn *c, struct tn_str message)
{
    struct tn_my_cursor in = tn_my_cursor_of(tn_str_n(message.ptr + 1, message.len - 1));

    tn_my_get_lenenc(&in, NULL);
    tn_my_get_lenenc(&in, NULL);
    c->status = tn_my_get_u16(&in);
    tn_mysql_logged_in(c);
}

void tn_mysql_login_message(struct tn_mysql_conn *c, struct tn_str message)
{
    if (c->phase == TN_MYSQL_GREETING) {
        take_greeting(c, message);
        return;
    }
    if (message.len == 0 || ++c->auth_steps > STEPS_MAX || c->phase == TN_MYSQL_TLS) {
        failed(c, "08P01", "the server does not come to an end with the login", NULL);
        return;
    }
    switch ((uint8_t)message.ptr[0]) {
    case TN_MY_OK:
        take_ok(c, message);
        break;
    case TN_MY_ERR:
        refused(c, message);
        break;
    case TN_MY_AUTH_SWITCH:
        switch_plugin(c, message);
        break;
    case TN_MY_AUTH_MORE:
        take_more(c, tn_str_n(message.ptr + 1, message.len - 1));
        break;
    default:
        failed(c, "08P01", "the server's answer to the login is not understood", NULL);
    }
}
