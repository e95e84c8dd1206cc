#include "net/tls_inside.h"

#include "base/alloc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RECORD = 16384, WRITE_MAX = 1024 * 1024 /* bytes of one call: others have their turn */ };

struct connection {
    SSL           *ssl;
    struct tn_tls *tls; /* counted */
    const char    *why;
    bool           broken; /* nothing may be sent any more, not even a farewell */
};

static const struct tn_transport_ops tls_ops;

static struct connection *connection_of(const struct tn_transport *transport)
{
    return transport->ops == &tls_ops ? transport->state : NULL;
}

/* ---- the socket, without SIGPIPE ---- */

static int fd_of(BIO *bio)
{
    return (int)(intptr_t)BIO_get_data(bio);
}

static int moved(BIO *bio, ssize_t n, int retry)
{
    BIO_clear_retry_flags(bio);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        BIO_set_flags(bio, retry | BIO_FLAGS_SHOULD_RETRY);
    return (int)n;
}

static int socket_read(BIO *bio, char *buf, int len)
{
    ssize_t n;

    do {
        n = recv(fd_of(bio), buf, (size_t)len, 0);
    } while (n < 0 && errno == EINTR);
    if (n == 0)
        errno = 0;
    return moved(bio, n, BIO_FLAGS_READ);
}

static int socket_write(BIO *bio, const char *buf, int len)
{
    ssize_t n;

    do {
        n = send(fd_of(bio), buf, (size_t)len, MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    return moved(bio, n, BIO_FLAGS_WRITE);
}

static long socket_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
    (void)bio;
    (void)num;
    (void)ptr;
    return cmd == BIO_CTRL_FLUSH;
}

BIO_METHOD *tn_tls_socket_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "turnout socket");

    if (method == NULL)
        return NULL;
    BIO_meth_set_read(method, socket_read);
    BIO_meth_set_write(method, socket_write);
    BIO_meth_set_ctrl(method, socket_ctrl);
    return method;
}

/* ---- reading and writing ---- */

static enum tn_io fail(struct tn_transport *transport, struct connection *c, int rc)
{
    int error = errno, kind = SSL_get_error(c->ssl, rc);

    switch (kind) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        transport->wants = kind == SSL_ERROR_WANT_READ ? TN_IO_WANT_READ : TN_IO_WANT_WRITE;
        return TN_IO_AGAIN;
    case SSL_ERROR_ZERO_RETURN:
        transport->error = 0;
        return TN_IO_EOF;
    case SSL_ERROR_SYSCALL:
        c->broken = true;
        transport->error = error;
        return error == 0 || error == ECONNRESET || error == EPIPE ? TN_IO_EOF : TN_IO_ERROR;
    default:
        c->broken = true;
        c->why = ERR_reason_error_string(ERR_peek_error());
        transport->error = EPROTO;
        return TN_IO_ERROR;
    }
}

static enum tn_io tls_read(struct tn_transport *transport, void *buf, size_t len, size_t *n)
{
    struct connection *c = transport->state;

    if (len == 0)
        return TN_IO_OK;
    ERR_clear_error();
    errno = 0;
    transport->more = false;
    if (SSL_read_ex(c->ssl, buf, len, n) != 1) {
        enum tn_io io = fail(transport, c, 0);

        ERR_clear_error();
        return io;
    }
    transport->more = SSL_has_pending(c->ssl) == 1;
    return TN_IO_OK;
}

/* The next bytes behind SKIP: as they lie there when they are enough for a record, else gathered in SCRATCH. After a refusal
 * the same bytes come again, and not fewer of them, as OpenSSL demands. */
static const void *next_record(const struct iovec *iov, int count, size_t skip, char scratch[RECORD], size_t *len)
{
    const char *part;

    *len = 0;
    while (count > 0 && skip >= iov->iov_len) {
        skip -= iov->iov_len;
        iov++;
        count--;
    }
    if (count == 0)
        return scratch;
    part = (const char *)iov->iov_base + skip;
    if (count == 1 || iov->iov_len - skip >= RECORD) {
        *len = TN_MIN(iov->iov_len - skip, (size_t)RECORD);
        return part;
    }
    for (; count > 0 && *len < RECORD; count--, iov++, skip = 0) {
        size_t take = TN_MIN(iov->iov_len - skip, RECORD - *len);

        if (take > 0)
            memcpy(scratch + *len, (const char *)iov->iov_base + skip, take);
        *len += take;
    }
    return scratch;
}

static enum tn_io tls_writev(struct tn_transport *transport, const struct iovec *iov, int count, size_t *n)
{
    static _Thread_local char scratch[RECORD];
    struct connection        *c = transport->state;
    enum tn_io                io = TN_IO_OK;

    while (*n < WRITE_MAX) {
        size_t      len, done;
        const void *data = next_record(iov, count, *n, scratch, &len);

        if (len == 0)
            break;
        ERR_clear_error();
        errno = 0;
        if (SSL_write_ex(c->ssl, data, len, &done) != 1) {
            io = fail(transport, c, 0);
            ERR_clear_error();
            break;
        }
        *n += done;
    }
    return *n > 0 ? TN_IO_OK : io;
}

static void say_good_bye(struct connection *c)
{
    if (!c->broken && SSL_is_init_finished(c->ssl))
        (void)SSL_shutdown(c->ssl);
    ERR_clear_error();
    c->broken = true;
}

static void tls_finish(struct tn_transport *transport)
{
    say_good_bye(transport->state);
    shutdown(transport->fd, SHUT_WR);
}

static void tls_close(struct tn_transport *transport)
{
    struct connection *c = transport->state;

    say_good_bye(c);
    SSL_free(c->ssl);
    tn_tls_unref(c->tls);
    tn_free(c);
    transport->state = NULL;
    close(transport->fd);
}

static const struct tn_transport_ops tls_ops = {
    .name = "tls",
    .read = tls_read,
    .writev = tls_writev,
    .finish = tls_finish,
    .close = tls_close,
};

/* ---- beginning ---- */

/* NULL: no memory. */
static struct connection *begin(struct tn_transport *transport, struct tn_tls *tls)
{
    struct connection *c = tn_calloc(1, sizeof *c);
    BIO               *bio = c == NULL ? NULL : BIO_new(tls->socket);

    if (bio == NULL || (c->ssl = SSL_new(tls->ctx)) == NULL) {
        BIO_free(bio);
        tn_free(c);
        return NULL;
    }
    BIO_set_data(bio, (void *)(intptr_t)transport->fd);
    BIO_set_init(bio, 1);
    SSL_set_bio(c->ssl, bio, bio);
    c->tls = tn_tls_ref(tls);
    transport->state = c;
    transport->ops = &tls_ops;
    return c;
}

bool tn_tls_accept(struct tn_transport *transport, struct tn_tls *tls)
{
    struct connection *c = begin(transport, tls);

    if (c != NULL)
        SSL_set_accept_state(c->ssl);
    return c != NULL;
}

bool tn_tls_connect(struct tn_transport *transport, struct tn_tls *tls, const char *host, bool check_host)
{
    struct connection *c = begin(transport, tls);
    unsigned char      address[16];
    char               name[256]; /* OpenSSL's macro takes no constant */
    bool               is_address = inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;

    if (c == NULL)
        return false;
    SSL_set_connect_state(c->ssl);
    tn_str_copy(name, sizeof name, tn_str(host));
    if (!is_address && SSL_set_tlsext_host_name(c->ssl, name) != 1)
        return false;
    if (!check_host)
        return true;
    return is_address ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(c->ssl), host) == 1 : SSL_set1_host(c->ssl, host) == 1;
}

enum tn_tls_look tn_tls_look(const struct tn_transport *transport)
{
    unsigned char first;
    ssize_t       n;

    do {
        n = recv(transport->fd, &first, 1, MSG_PEEK);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return TN_TLS_LOOK_NOTHING;
    return n == 1 && first == 0x16 ? TN_TLS_LOOK_TLS : TN_TLS_LOOK_PLAIN; /* an end or an error is for the reader */
}

/* ---- what is known of the connection ---- */

bool tn_tls_is_beginning(const struct tn_transport *transport)
{
    struct connection *c = connection_of(transport);

    return c != NULL && SSL_in_init(c->ssl);
}

bool tn_tls_is_on(const struct tn_transport *transport)
{
    return connection_of(transport) != NULL;
}

bool tn_tls_is_cut(const struct tn_transport *transport)
{
    struct connection *c = connection_of(transport);

    return c != NULL && c->broken;
}

const char *tn_tls_why(const struct tn_transport *transport)
{
    struct connection *c = connection_of(transport);

    return c == NULL ? NULL : c->why;
}

const char *tn_tls_version(const struct tn_transport *transport)
{
    struct connection *c = connection_of(transport);

    return c == NULL ? "" : SSL_get_version(c->ssl);
}

bool tn_tls_has_alpn(const struct tn_transport *transport)
{
    struct connection   *c = connection_of(transport);
    const unsigned char *name = NULL;
    unsigned int         len = 0;

    if (c != NULL)
        SSL_get0_alpn_selected(c->ssl, &name, &len);
    return len > 0;
}

size_t tn_tls_end_point(const struct tn_transport *transport, unsigned char out[TN_TLS_END_POINT_MAX])
{
    struct connection *c = connection_of(transport);

    if (c == NULL)
        return 0;
    memcpy(out, c->tls->end_point, sizeof c->tls->end_point);
    return c->tls->end_point_len;
}

/* ---- the client's certificate ---- */

/* Not counted; NULL = none, or it was not verified. */
static X509 *peer_certificate(const struct tn_transport *transport)
{
    struct connection *c = connection_of(transport);

    if (c == NULL || SSL_get_verify_mode(c->ssl) == SSL_VERIFY_NONE || SSL_get_verify_result(c->ssl) != X509_V_OK)
        return NULL;
    return SSL_get0_peer_certificate(c->ssl);
}

/* Goes over the names until FN says true. A name with a NUL in it is none. */
static bool each_name(X509 *cert, bool (*fn)(struct tn_str name, void *arg), void *arg)
{
    const X509_NAME *subject = X509_get_subject_name(cert);
    GENERAL_NAMES   *others = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    bool             found = false;

    for (int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1); at >= 0 && !found;
         at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) {
        unsigned char *text = NULL;
        int            len = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));

        found = len > 0 && memchr(text, 0, (size_t)len) == NULL && fn(tn_str_n((const char *)text, (size_t)len), arg);
        OPENSSL_free(text);
    }
    for (int i = 0; i < sk_GENERAL_NAME_num(others) && !found; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(others, i);
        const ASN1_STRING  *text = NULL;

        if (name->type == GEN_EMAIL || name->type == GEN_DNS || name->type == GEN_URI)
            text = name->d.ia5;
        if (text != NULL && ASN1_STRING_length(text) > 0 &&
            memchr(ASN1_STRING_get0_data(text), 0, (size_t)ASN1_STRING_length(text)) == NULL)
            found = fn(tn_str_n((const char *)ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text)), arg);
    }
    GENERAL_NAMES_free(others);
    return found;
}

static bool is_same(struct tn_str name, void *arg)
{
    return tn_str_eq(name, *(const struct tn_str *)arg);
}

bool tn_tls_names(const struct tn_transport *transport, struct tn_str user)
{
    X509 *cert = peer_certificate(transport);

    return cert != NULL && each_name(cert, is_same, &user);
}

static bool keep(struct tn_str name, void *arg)
{
    if (name.len >= TN_TLS_NAME_MAX)
        return false;
    tn_str_copy(arg, TN_TLS_NAME_MAX, name);
    return true;
}

size_t tn_tls_peer_name(const struct tn_transport *transport, char out[TN_TLS_NAME_MAX])
{
    X509 *cert = peer_certificate(transport);

    out[0] = '\0';
    return cert != NULL && each_name(cert, keep, out) ? strlen(out) : 0;
}
