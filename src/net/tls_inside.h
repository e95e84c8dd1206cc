/* tls_inside.h - what the two files of TLS share; inside src/net only. */
#ifndef TN_NET_TLS_INSIDE_H
#define TN_NET_TLS_INSIDE_H

#include "net/tls.h"

#include <openssl/ssl.h>

#include <stdatomic.h>

struct tn_tls {
    _Atomic unsigned refs;
    SSL_CTX         *ctx;
    BIO_METHOD      *socket; /* tls_transport.c's */
    bool             required;
    char             alpn[32];
    size_t           end_point_len;
    unsigned char    end_point[TN_TLS_END_POINT_MAX];
    time_t           expires;
};

BIO_METHOD *tn_tls_socket_method(void); /* NULL: no memory */

#endif
