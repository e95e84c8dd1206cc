#include "net/tls_inside.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sslerr.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- files ---- */

struct loading {
    struct tn_tls            *tls;
    const struct tn_tls_conf *conf;
    const char               *wrong; /* option */
    struct tn_error          *err;
};

static const char *reason(void)
{
    const char *text = ERR_reason_error_string(ERR_peek_last_error());

    return text == NULL ? "no memory" : text;
}

/* It is there and can be read: OpenSSL's own words for that are none, and for a pipe it would wait for ever. */
static enum tn_status check_file(struct loading *l, const char *option, const char *path)
{
    int         fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat is;
    bool        regular;

    l->wrong = option;
    if (fd < 0)
        return tn_fail(l->err, TN_E_IO, "58P01", "cannot read %s: %s", path, strerror(errno));
    regular = fstat(fd, &is) == 0 && S_ISREG(is.st_mode);
    close(fd);
    if (!regular)
        return tn_fail(l->err, TN_E_IO, "58P01", "cannot read %s: it is no file", path);
    ERR_clear_error();
    return TN_OK;
}

static enum tn_status load_certificate(struct loading *l)
{
    const char *path = l->conf->cert_file;

    TN_TRY(check_file(l, "certFile", path));
    if (SSL_CTX_use_certificate_chain_file(l->tls->ctx, path) == 1)
        return TN_OK;
    return tn_fail(l->err, TN_E_INVALID, "F0000", "%s: no certificate in PEM form that can be used: %s", path, reason());
}

/* Nobody is there to type one. */
static int no_passphrase(char *buf, int size, int rw, void *arg)
{
    (void)buf;
    (void)size;
    (void)rw;
    *(bool *)arg = true;
    return 0;
}

/* A key of another kind than the certificate's is one that no certificate was given for. */
static bool is_mismatch(unsigned long error)
{
    if (ERR_GET_LIB(error) == ERR_LIB_X509)
        return ERR_GET_REASON(error) == X509_R_KEY_VALUES_MISMATCH || ERR_GET_REASON(error) == X509_R_KEY_TYPE_MISMATCH;
    return ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_NO_CERTIFICATE_ASSIGNED;
}

static enum tn_status load_key(struct loading *l)
{
    const char *path = l->conf->key_file != NULL ? l->conf->key_file : l->conf->cert_file;
    bool        encrypted = false;

    TN_TRY(check_file(l, l->conf->key_file != NULL ? "keyFile" : "certFile", path));
    SSL_CTX_set_default_passwd_cb(l->tls->ctx, no_passphrase);
    SSL_CTX_set_default_passwd_cb_userdata(l->tls->ctx, &encrypted);
    if (SSL_CTX_use_PrivateKey_file(l->tls->ctx, path, SSL_FILETYPE_PEM) == 1 && SSL_CTX_check_private_key(l->tls->ctx) == 1) {
        SSL_CTX_set_default_passwd_cb_userdata(l->tls->ctx, NULL);
        return TN_OK;
    }
    if (encrypted)
        return tn_fail(l->err, TN_E_INVALID, "F0000", "%s: the private key has a passphrase; store it without one, readable to this user only", path);
    if (is_mismatch(ERR_peek_last_error()))
        return tn_fail(l->err, TN_E_INVALID, "F0000", "%s: the private key does not fit the certificate of %s", path, l->conf->cert_file);
    return tn_fail(l->err, TN_E_INVALID, "F0000", "%s: no private key in PEM form that can be used: %s", path, reason());
}

static enum tn_status load_client_ca(struct loading *l)
{
    const char          *path = l->conf->client_ca_file;
    STACK_OF(X509_NAME) *names;

    if (path == NULL)
        return TN_OK;
    TN_TRY(check_file(l, "clientCaFile", path));
    names = SSL_load_client_CA_file(path);
    if (names == NULL || SSL_CTX_load_verify_locations(l->tls->ctx, path, NULL) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return tn_fail(l->err, TN_E_INVALID, "F0000", "%s: no certificates in PEM form that can be used: %s", path, reason());
    }
    SSL_CTX_set_client_CA_list(l->tls->ctx, names);
    SSL_CTX_set_verify(l->tls->ctx, SSL_VERIFY_PEER | (l->conf->client_cert_required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), NULL);
    return TN_OK;
}

/* ---- what is known of the certificate ---- */

/* RFC 5929, 4.1: the hash of its signature, but SHA-256 for MD5 and SHA-1. */
static void hash_certificate(struct tn_tls *tls, X509 *cert)
{
    const EVP_MD *md;
    unsigned int  len = 0;
    int           nid = NID_undef;

    if (X509_get_signature_info(cert, &nid, NULL, NULL, NULL) != 1 || nid == NID_undef)
        return;
    md = nid == NID_md5 || nid == NID_sha1 ? EVP_sha256() : EVP_get_digestbynid(nid);
    if (md != NULL && EVP_MD_get_size(md) <= TN_TLS_END_POINT_MAX && X509_digest(cert, md, tls->end_point, &len) == 1)
        tls->end_point_len = len;
}

static void know_certificate(struct tn_tls *tls)
{
    X509     *cert = SSL_CTX_get0_certificate(tls->ctx);
    struct tm tm;

    if (cert == NULL)
        return;
    hash_certificate(tls, cert);
    if (ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) == 1)
        tls->expires = timegm(&tm);
}

/* ---- the context ---- */

/* A client that names protocols must name ours: so nobody can have a browser talk to a listener of another protocol. */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in, unsigned int in_len, void *arg)
{
    const struct tn_tls *tls = arg;
    size_t               len = strlen(tls->alpn);

    (void)ssl;
    for (unsigned int i = 0; i < in_len; i += 1u + in[i])
        if (in[i] == len && in_len - i > len && memcmp(in + i + 1, tls->alpn, len) == 0) {
            *out = in + i + 1;
            *out_len = in[i];
            return SSL_TLSEXT_ERR_OK;
        }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static bool set_up(struct tn_tls *tls, const struct tn_tls_conf *conf)
{
    static const unsigned char id[] = "turnout";

    tls->required = conf->required || (conf->client_ca_file != NULL && conf->client_cert_required);
    tn_str_copy(tls->alpn, sizeof tls->alpn, tn_str(conf->alpn));
    tls->socket = tn_tls_socket_method();
    tls->ctx = SSL_CTX_new(TLS_server_method());
    if (tls->ctx == NULL || tls->socket == NULL)
        return false;
    SSL_CTX_set_options(tls->ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF |
                                      SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(tls->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(tls->ctx, 1);
    SSL_CTX_set_session_cache_mode(tls->ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(tls->ctx, 1);
    if (tls->alpn[0] != '\0')
        SSL_CTX_set_alpn_select_cb(tls->ctx, on_alpn, tls);
    return SSL_CTX_set_min_proto_version(tls->ctx, conf->only_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_session_id_context(tls->ctx, id, sizeof id - 1) == 1;
}

enum tn_status tn_tls_new(struct tn_tls **out, const struct tn_tls_conf *conf, const char **wrong, struct tn_error *err)
{
    struct loading l = {.tls = tn_calloc(1, sizeof *l.tls), .conf = conf, .wrong = "certFile", .err = err};
    enum tn_status status;

    *out = NULL;
    if (l.tls == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for TLS");
    atomic_init(&l.tls->refs, 1);
    status = set_up(l.tls, conf) ? TN_OK : tn_fail(err, TN_E_NOMEM, "53200", "TLS cannot be set up: %s", reason());
    if (status == TN_OK)
        status = load_certificate(&l);
    if (status == TN_OK)
        status = load_key(&l);
    if (status == TN_OK)
        status = load_client_ca(&l);
    ERR_clear_error();
    if (wrong != NULL)
        *wrong = l.wrong;
    if (status != TN_OK) {
        tn_tls_unref(l.tls);
        return status;
    }
    know_certificate(l.tls);
    *out = l.tls;
    return TN_OK;
}

struct tn_tls *tn_tls_ref(struct tn_tls *tls)
{
    atomic_fetch_add_explicit(&tls->refs, 1, memory_order_relaxed);
    return tls;
}

void tn_tls_unref(struct tn_tls *tls)
{
    if (tls == NULL || atomic_fetch_sub_explicit(&tls->refs, 1, memory_order_acq_rel) != 1)
        return;
    SSL_CTX_free(tls->ctx);
    BIO_meth_free(tls->socket);
    tn_free(tls);
}

bool tn_tls_is_required(const struct tn_tls *tls)
{
    return tls != NULL && tls->required;
}

time_t tn_tls_expires(const struct tn_tls *tls)
{
    return tls->expires;
}
