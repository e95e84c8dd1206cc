/* http_answer.h - bytes to answers of HTTP/1.x (RFC 9112), the other side of http_parser.h: by llhttp in its strict mode and with
 * checks of our own that leave no doubt where an answer ends: lines end in CR LF and nothing else, no folded lines, one
 * Content-Length or one `chunked` and never both.
 *
 *   begin -> feed -> MORE* HEAD (MORE | BODY)* END     or BAD at any point: ->bad_reason; then the connection is of no use
 *
 * Answers of 1xx are skipped. Knows no socket. Takes memory only for the head (bounded). Single owner. */
#ifndef TN_NET_HTTP_ANSWER_H
#define TN_NET_HTTP_ANSWER_H

#include "net/http_parser.h"

enum tn_http_answer_state {
    TN_HTTP_ANSWER_HEAD, TN_HTTP_ANSWER_LENGTH, TN_HTTP_ANSWER_CHUNKS, TN_HTTP_ANSWER_REST, TN_HTTP_ANSWER_OVER, TN_HTTP_ANSWER_BAD,
};

struct tn_http_answer {
    /* valid from HEAD on, until begin */
    unsigned      status;     /* 200 to 599 */
    bool          keep_alive; /* the server takes another request after this one */
    bool          chunked;
    uint64_t      left;       /* neither chunked nor up to the end of the connection: bytes of the body that are to come */
    /* BODY */
    struct tn_str body;       /* a part of it, inside the bytes that were fed */
    /* BAD */
    const char   *bad_reason;
    bool          too_long;   /* the head: more than `head_max` bytes with those of 1xx before it */
    bool          no_memory;

    /* private */
    enum tn_http_answer_state state;
    bool                      to_head, head_complete, message_complete;
    struct tn_buf             head;        /* raw, so far */
    size_t                    line_start;  /* of the line that is being read, in `head` */
    size_t                    skipped;     /* bytes of heads of 1xx */
    uint64_t                  body_bytes, frame_bytes; /* chunked: data, and what is around it */
    llhttp_t                  llhttp;
};

void tn_http_answer_init(struct tn_http_answer *answer, size_t head_max);
void tn_http_answer_reset(struct tn_http_answer *answer); /* frees */

/* The next answer, to a HEAD if TO_HEAD: then it has no body. */
void tn_http_answer_begin(struct tn_http_answer *answer, bool to_head);
/* Reads from DATA; *USED says how much of it. Call again with the rest, also when there is none left and the event was HEAD or
 * BODY. MORE: all was used and more bytes are needed. */
enum tn_http_event tn_http_answer_feed(struct tn_http_answer *answer, const char *data, size_t len, size_t *used);
/* N bytes of the body, at most ->left, were read past this parser. */
void tn_http_answer_took(struct tn_http_answer *answer, size_t n);
/* The server has finished sending: END for a body that goes up to there, else BAD. */
enum tn_http_event tn_http_answer_closed(struct tn_http_answer *answer);
/* No byte of it has come. */
bool tn_http_answer_is_fresh(const struct tn_http_answer *answer);

/* The head's fields in their order. Start with *AT = 0; false at the end. */
bool tn_http_answer_field(const struct tn_http_answer *answer, size_t *at, struct tn_str *name, struct tn_str *value);

#endif
