/* TLS towards a server: whom we believe, what we show. The transport itself is tls_transport.c's. */
#include "base/alloc.h"
#include "net/tls_inside.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

static const char *reason(void)
{
    const char *text = ERR_reason_error_string(ERR_peek_last_error());

    return text == NULL ? "not usable" : text;
}

static enum tn_status unusable(struct tn_error *err, const char *option, const char *path)
{
    return tn_fail(err, TN_E_INVALID, "F0000", "%s: %s cannot be used: %s", option, path, reason());
}

static int no_passphrase(char *buf, int size, int rw, void *arg)
{
    (void)buf;
    (void)size;
    (void)rw;
    (void)arg;
    return 0; /* nobody is there to be asked */
}

static enum tn_status load_own(SSL_CTX *ctx, const struct tn_tls_client_conf *conf, struct tn_error *err)
{
    const char *key = conf->key_file != NULL ? conf->key_file : conf->cert_file;

    if (conf->cert_file == NULL)
        return TN_OK;
    SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
    if (SSL_CTX_use_certificate_chain_file(ctx, conf->cert_file) != 1)
        return unusable(err, "tls.certFile", conf->cert_file);
    if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(ctx) != 1)
        return unusable(err, "tls.keyFile", key);
    return TN_OK;
}

static enum tn_status load_trusted(SSL_CTX *ctx, const struct tn_tls_client_conf *conf, struct tn_error *err)
{
    if (!conf->verify)
        return TN_OK;
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    if (conf->ca_file != NULL && SSL_CTX_load_verify_locations(ctx, conf->ca_file, NULL) != 1)
        return unusable(err, "tls.caFile", conf->ca_file);
    if (conf->ca_file == NULL && SSL_CTX_set_default_verify_paths(ctx) != 1)
        return tn_fail(err, TN_E_INVALID, "F0000", "the system's certificates cannot be read: %s", reason());
    return TN_OK;
}

static bool set_up(struct tn_tls *tls)
{
    tls->socket = tn_tls_socket_method();
    tls->ctx = SSL_CTX_new(TLS_client_method());
    if (tls->ctx == NULL || tls->socket == NULL)
        return false;
    SSL_CTX_set_options(tls->ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(tls->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(tls->ctx, 1);
    SSL_CTX_set_session_cache_mode(tls->ctx, SSL_SESS_CACHE_OFF);
    return SSL_CTX_set_min_proto_version(tls->ctx, TLS1_2_VERSION) == 1;
}

enum tn_status tn_tls_client_new(struct tn_tls **out, const struct tn_tls_client_conf *conf, struct tn_error *err)
{
    struct tn_tls *tls = tn_calloc(1, sizeof *tls);
    enum tn_status status;

    *out = NULL;
    if (tls == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for TLS");
    atomic_init(&tls->refs, 1);
    status = set_up(tls) ? TN_OK : tn_fail(err, TN_E_NOMEM, "53200", "TLS cannot be set up: %s", reason());
    if (status == TN_OK)
        status = load_own(tls->ctx, conf, err);
    if (status == TN_OK)
        status = load_trusted(tls->ctx, conf, err);
    ERR_clear_error();
    if (status != TN_OK) {
        tn_tls_unref(tls);
        return status;
    }
    *out = tls;
    return TN_OK;
}
