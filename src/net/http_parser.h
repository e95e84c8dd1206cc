/* http_parser.h - bytes to requests of HTTP/1.x (RFC 9112), by llhttp in its strict mode and with checks of our own that
 * leave no doubt where a request ends: lines end in CR LF and nothing else, no folded lines, one Content-Length or one
 * `chunked` and never both, exactly one Host, none of these in a trailer, whose other fields are read over.
 *
 *   feed -> MORE* HEAD (MORE | BODY)* END     or BAD at any point: answer parser->bad_status and end the connection
 *
 * Knows no socket. Takes memory only for the head (bounded) and its list of fields. After END the next feed begins the
 * next request; what HEAD gave stays valid until then. Single owner. */
#ifndef TN_NET_HTTP_PARSER_H
#define TN_NET_HTTP_PARSER_H

#include "base/buf.h"
#include "base/str.h"

#include <llhttp.h>
#include <stdint.h>

enum {
    TN_HTTP_HEAD_MAX = 64 * 1024, /* bytes of request line and fields, unless parser->head_max says another number */
    TN_HTTP_FIELDS_MAX = 128,     /* header fields */
};

enum tn_http_method {
#define METHOD(name) TN_HTTP_METHOD_##name,
#include "net/http_method.def"
#undef METHOD
    TN_HTTP_METHOD_COUNT
};
const char *tn_http_method_name(enum tn_http_method method);

struct tn_http_field {
    struct tn_str name;  /* in lower case */
    struct tn_str value; /* no white space at either end */
};

enum tn_http_event { TN_HTTP_MORE, TN_HTTP_HEAD, TN_HTTP_BODY, TN_HTTP_END, TN_HTTP_BAD };

enum tn_http_parse_state { TN_HTTP_IN_GAP, TN_HTTP_IN_HEAD, TN_HTTP_IN_LENGTH, TN_HTTP_IN_CHUNKS, TN_HTTP_AT_END, TN_HTTP_IS_BAD };

struct tn_http_parser {
    /* valid from HEAD on */
    enum tn_http_method   method;
    struct tn_str         target;         /* as sent */
    unsigned              minor;          /* HTTP/1.minor */
    size_t                field_count;
    struct tn_http_field *fields;
    bool                  keep_alive;     /* the client wants to send more requests */
    bool                  expect_continue;
    bool                  chunked;
    uint64_t              content_length; /* 0 when chunked */
    /* BODY */
    struct tn_str         body;           /* a part of it, inside the bytes that were fed */
    /* BAD */
    int                   bad_status;     /* 400, 405, 414, 417, 431, 501, 505; 500 = no memory */
    const char           *bad_reason;
    bool                  too_long;       /* the request line or the header */
    /* may be set between requests */
    size_t                head_max;

    /* private */
    enum tn_http_parse_state state;
    struct tn_buf            head;        /* the raw head so far */
    size_t                   line_start;  /* of the line that is being read, in `head` */
    size_t                   field_room;
    uint64_t                 body_left;
    uint64_t                 body_bytes, frame_bytes; /* chunked: data, and what is around it */
    size_t                   gap_bytes;
    bool                     head_complete, message_complete;
    char                     last;       /* byte that was read; chunked */
    char                     trailer[20]; /* name of the field that is read, the beginning of a longer one */
    size_t                   trailer_len;
    llhttp_t                 llhttp;
};

void tn_http_parser_init(struct tn_http_parser *parser);
void tn_http_parser_reset(struct tn_http_parser *parser); /* frees */

/* Reads from DATA; *USED says how much of it. Call again with the rest, also when there is none left and the event was
 * HEAD or BODY. MORE: all was used and more bytes are needed. */
enum tn_http_event tn_http_parser_feed(struct tn_http_parser *parser, const char *data, size_t len, size_t *used);

/* A request whose head was answered, and that has no body, is over. */
void tn_http_parser_skip(struct tn_http_parser *parser);

/* Between two requests: no byte of the next one has come. */
static inline bool tn_http_parser_idle(const struct tn_http_parser *parser)
{
    return parser->state == TN_HTTP_IN_GAP || parser->state == TN_HTTP_AT_END;
}

/* First field of that name (in lower case), or NULL. */
const struct tn_http_field *tn_http_parser_field(const struct tn_http_parser *parser, struct tn_str name);

#endif
