/* tls.h - TLS (OpenSSL): certificates of one listener, or those used towards one server, as a counted object, and the transport that speaks
 * it. TLS 1.2 and 1.3; no renegotiation, no compression; sessions are resumed by tickets whose key lives as long as the object.
 *
 *   tn_tls_new() -> struct tn_tls (any thread, shared)      a reload makes a new one; connections keep theirs
 *   tn_tls_accept(&transport, tls)                          the transport is encrypted from its next byte on
 *
 * The handshake is part of reading and writing: TN_IO_AGAIN with transport->wants, which may be writing for a read. */
#ifndef TN_NET_TLS_H
#define TN_NET_TLS_H

#include "base/status.h"
#include "base/str.h"
#include "net/transport.h"

#include <time.h>

struct tn_tls_conf {
    const char *cert_file;      /* PEM: certificate, then those above it */
    const char *key_file;       /* PEM; NULL = in cert_file */
    const char *client_ca_file; /* PEM; NULL = clients are not asked for certificates */
    bool        client_cert_required; /* with client_ca_file; then TLS is required, too */
    bool        required;       /* a client without TLS is refused; the listener's business */
    bool        only_1_3;
    const char *alpn;           /* "postgresql", "http/1.1": what a client that names protocols must name among them */
};

enum { TN_TLS_END_POINT_MAX = 64, TN_TLS_NAME_MAX = 256 };

struct tn_tls;

/* TN_E_INVALID or TN_E_IO with ERR: which file, and what is wrong with it; *WRONG (may be NULL) is then "certFile", "keyFile"
 * or "clientCaFile". Reads files: not on a loop's thread. On TN_OK the caller owns one reference. */
TN_MUST_USE enum tn_status tn_tls_new(struct tn_tls **out, const struct tn_tls_conf *conf, const char **wrong,
                                      struct tn_error *err);
struct tn_tls *tn_tls_ref(struct tn_tls *tls);
void           tn_tls_unref(struct tn_tls *tls); /* NULL is fine */
bool           tn_tls_is_required(const struct tn_tls *tls); /* NULL: false */
time_t         tn_tls_expires(const struct tn_tls *tls);     /* its certificate; seconds since 1970 */

/* TRANSPORT (plain, nothing of TLS read yet) speaks TLS as a server from now on. False: no memory. */
TN_MUST_USE bool tn_tls_accept(struct tn_transport *transport, struct tn_tls *tls);

/* ---- towards a server ---- */

struct tn_tls_client_conf {
    const char *ca_file;   /* PEM: who may have signed the server's certificate; NULL = the system's */
    const char *cert_file; /* PEM: what is shown; NULL = nothing */
    const char *key_file;  /* PEM; NULL = in cert_file */
    bool        verify;    /* the server's certificate must be signed by one of them */
};

/* As tn_tls_new(), for the side that connects. */
TN_MUST_USE enum tn_status tn_tls_client_new(struct tn_tls **out, const struct tn_tls_client_conf *conf, struct tn_error *err);

/* TRANSPORT (plain) speaks TLS as a client from now on. HOST: what the server is called, a name or an address; with
 * CHECK_HOST its certificate must be for it. False: no memory. */
TN_MUST_USE bool tn_tls_connect(struct tn_transport *transport, struct tn_tls *tls, const char *host, bool check_host);

/* What the next byte of a plain connection is, which stays unread. */
enum tn_tls_look { TN_TLS_LOOK_NOTHING, TN_TLS_LOOK_PLAIN, TN_TLS_LOOK_TLS };
enum tn_tls_look tn_tls_look(const struct tn_transport *transport);

/* ---- of a transport; sensible answers for a plain one, too ---- */

bool        tn_tls_is_beginning(const struct tn_transport *transport); /* TLS whose handshake is not over: reading is dear */
bool        tn_tls_is_on(const struct tn_transport *transport);
/* It ended without TLS's farewell: anybody between the two can have done it. */
bool        tn_tls_is_cut(const struct tn_transport *transport);
const char *tn_tls_why(const struct tn_transport *transport);      /* after TN_IO_ERROR; NULL = nothing to say */
const char *tn_tls_version(const struct tn_transport *transport);  /* "TLSv1.3"; "" = plain */
bool        tn_tls_has_alpn(const struct tn_transport *transport); /* the client named our protocol */
/* RFC 5929, tls-server-end-point; 0 = the certificate has none (Ed25519), or plain. */
size_t      tn_tls_end_point(const struct tn_transport *transport, unsigned char out[TN_TLS_END_POINT_MAX]);
/* The client's certificate was verified and names USER: common name, or an e-mail, DNS or URI of its alternative names. */
bool        tn_tls_names(const struct tn_transport *transport, struct tn_str user);
/* Its common name, else the first alternative name, NUL-terminated; the length, 0 = no verified certificate or no such name. */
size_t      tn_tls_peer_name(const struct tn_transport *transport, char out[TN_TLS_NAME_MAX]);

#endif
