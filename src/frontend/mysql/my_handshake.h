/* my_handshake.h - the first packets of a MySQL connection: the server's greeting, the client's answer, COM_CHANGE_USER. Pure.
 * Source: MySQL Internals Manual, "Connection Phase". */
#ifndef TN_FRONTEND_MY_HANDSHAKE_H
#define TN_FRONTEND_MY_HANDSHAKE_H

#include "frontend/mysql/my_packet.h"

enum { TN_MY_NONCE = 20, TN_MY_SSL_REQUEST = 32 };

#define TN_MY_PLUGIN_SHA2 "caching_sha2_password"
#define TN_MY_PLUGIN_NATIVE "mysql_native_password"
#define TN_MY_PLUGIN_CLEAR "mysql_clear_password"

struct tn_my_greeting {
    const char   *version, *plugin;
    uint32_t      connection_id;
    uint64_t      capabilities; /* those of MariaDB are read where LONG_PASSWORD is not among them */
    uint16_t      charset, status;
    unsigned char nonce[TN_MY_NONCE]; /* without a NUL in it */
};
void tn_my_put_greeting(struct tn_buf *out, const struct tn_my_greeting *greeting, uint8_t *sequence);

/* The client's answer, or a COM_CHANGE_USER behind its first byte. Views into the packet. */
struct tn_my_hello {
    bool          wants_tls;    /* an SSLRequest: nothing else is set but capabilities; the real one comes over TLS */
    uint64_t      capabilities; /* the client's, of those that were offered */
    uint32_t      max_packet;
    uint16_t      charset;
    struct tn_str user, response, database, plugin;
    struct tn_str attributes;   /* pairs; see tn_my_next_attribute() */
};
/* TN_E_INVALID 08S01 for what is no such packet, TN_E_UNSUPPORTED for a client of before 4.1. OFFERED: the server's. */
TN_MUST_USE enum tn_status tn_my_parse_hello(struct tn_str body, uint64_t offered, struct tn_my_hello *out, struct tn_error *err);
/* CAPABILITIES: what was agreed on when the connection began. */
TN_MUST_USE enum tn_status tn_my_parse_change_user(struct tn_str body, uint64_t capabilities, struct tn_my_hello *out, struct tn_error *err);
/* The next name and value; false at the end. ATTRIBUTES moves on. */
bool tn_my_next_attribute(struct tn_str *attributes, struct tn_str *name, struct tn_str *value);

void tn_my_put_auth_switch(struct tn_buf *out, const char *plugin, const unsigned char nonce[TN_MY_NONCE], uint8_t *sequence);
void tn_my_put_auth_more(struct tn_buf *out, struct tn_str data, uint8_t *sequence);

#endif
