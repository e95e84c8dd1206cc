/* pgwire_parse.h - what a PostgreSQL client sends, protocol 3.0 and 3.2: bytes -> messages. Pure: no socket, no state, no
 * allocation; every length is checked before it is used. Source: PostgreSQL documentation, "Message Formats". */
#ifndef TN_FRONTEND_PGWIRE_PARSE_H
#define TN_FRONTEND_PGWIRE_PARSE_H

#include "base/status.h"
#include "base/str.h"

#include <stdint.h>

enum {
    TN_PG_PROTOCOL_30 = 196608,
    TN_PG_PROTOCOL_32 = 196610,
    TN_PG_CANCEL_CODE = 80877102,
    TN_PG_SSL_CODE = 80877103,
    TN_PG_GSSENC_CODE = 80877104,
    TN_PG_STARTUP_MAX = 10000, /* bytes of a start-up packet, as in PostgreSQL */
};

/* A bounds-checked reader. A read beyond the end sets `failed` and gives zeros. */
struct tn_pg_cursor {
    const char *at, *end;
    bool        failed;
};

int16_t       tn_pg_get_i16(struct tn_pg_cursor *cursor);
int32_t       tn_pg_get_i32(struct tn_pg_cursor *cursor);
struct tn_str tn_pg_get_text(struct tn_pg_cursor *cursor);             /* NUL-terminated; the NUL is not part of it */
struct tn_str tn_pg_get_bytes(struct tn_pg_cursor *cursor, size_t len);

/* First packet of a connection (no type byte). TN_AGAIN: more bytes are needed. TN_E_INVALID: not a client of ours. On
 * TN_OK *SIZE bytes are used. */
struct tn_pg_startup {
    uint32_t      code;       /* a protocol version or one of the codes above */
    struct tn_str parameters; /* pairs of NUL-terminated texts; see tn_pg_startup_next */
    uint32_t      cancel_pid;
    struct tn_str cancel_key;
};
TN_MUST_USE enum tn_status tn_pg_parse_startup(const char *data, size_t len, struct tn_pg_startup *out, size_t *size,
                                               struct tn_error *err);
/* The next name and value; false at the end. PARAMETERS moves on. */
bool tn_pg_startup_next(struct tn_str *parameters, struct tn_str *name, struct tn_str *value);

/* A later message: type byte, length, body. TN_AGAIN: *SIZE is how many bytes the message needs in all, 0 = not known yet.
 * TN_E_LIMIT: longer than MAX (nothing but its header was looked at). TN_E_INVALID: impossible length. */
struct tn_pg_message {
    char          type;
    struct tn_str body;
};
TN_MUST_USE enum tn_status tn_pg_parse_message(const char *data, size_t len, size_t max, struct tn_pg_message *out,
                                               size_t *size, struct tn_error *err);

/* Bodies. TN_E_INVALID (08P01) names the message. Views into the body. */
struct tn_pg_parse {
    struct tn_str       name, sql;
    size_t              oid_count;
    struct tn_pg_cursor oids; /* oid_count i32 to read */
};
struct tn_pg_bind {
    struct tn_str       portal, statement;
    size_t              param_format_count;
    struct tn_pg_cursor param_formats;
    size_t              param_count;
    struct tn_pg_cursor params;          /* per parameter: i32 length (-1 = null), bytes; checked as a whole */
    size_t              result_format_count;
    struct tn_pg_cursor result_formats;
};
struct tn_pg_target { /* Describe and Close */
    char          kind; /* 'S' or 'P' */
    struct tn_str name;
};
struct tn_pg_execute {
    struct tn_str portal;
    int32_t       max_rows; /* <= 0: all */
};
TN_MUST_USE enum tn_status tn_pg_parse_query(struct tn_str body, struct tn_str *sql, struct tn_error *err);
TN_MUST_USE enum tn_status tn_pg_parse_parse(struct tn_str body, struct tn_pg_parse *out, struct tn_error *err);
TN_MUST_USE enum tn_status tn_pg_parse_bind(struct tn_str body, struct tn_pg_bind *out, struct tn_error *err);
TN_MUST_USE enum tn_status tn_pg_parse_target(struct tn_str body, struct tn_pg_target *out, struct tn_error *err);
TN_MUST_USE enum tn_status tn_pg_parse_execute(struct tn_str body, struct tn_pg_execute *out, struct tn_error *err);

#endif
