#include "net/http_answer.h"

enum {
    FRAME_FREE = 16 * 1024,     /* chunk framing and trailers that cost nothing ... */
    FRAME_PER_BODY_BYTE = 16,   /* ... and what a byte of data may bring with it */
    KEEP_HEAD = 4 * 1024,       /* a larger head's memory is not kept for the next */
};

static enum tn_http_event bad(struct tn_http_answer *answer, const char *reason)
{
    answer->state = TN_HTTP_ANSWER_BAD;
    answer->bad_reason = reason;
    return TN_HTTP_BAD;
}

static int on_headers_complete(llhttp_t *llhttp)
{
    struct tn_http_answer *answer = llhttp->data;

    answer->head_complete = true;
    llhttp->upgrade = 0;
    return HPE_PAUSED;
}

static int on_body(llhttp_t *llhttp, const char *at, size_t len)
{
    struct tn_http_answer *answer = llhttp->data;

    answer->body = tn_str_n(at, len);
    return HPE_PAUSED;
}

static int on_message_complete(llhttp_t *llhttp)
{
    struct tn_http_answer *answer = llhttp->data;

    answer->message_complete = true;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

void tn_http_answer_init(struct tn_http_answer *answer, size_t head_max)
{
    *answer = (struct tn_http_answer){.state = TN_HTTP_ANSWER_OVER};
    tn_buf_init(&answer->head, head_max);
    llhttp_init(&answer->llhttp, HTTP_RESPONSE, &settings);
    answer->llhttp.data = answer;
}

void tn_http_answer_reset(struct tn_http_answer *answer)
{
    tn_buf_reset(&answer->head);
}

static void begin_head(struct tn_http_answer *answer)
{
    tn_buf_clear(&answer->head);
    answer->line_start = 0;
    answer->head_complete = false;
    llhttp_reset(&answer->llhttp);
    answer->llhttp.data = answer;
}

void tn_http_answer_begin(struct tn_http_answer *answer, bool to_head)
{
    if (answer->head.capacity > KEEP_HEAD)
        tn_buf_reset(&answer->head);
    begin_head(answer);
    answer->state = TN_HTTP_ANSWER_HEAD;
    answer->to_head = to_head;
    answer->message_complete = answer->chunked = answer->keep_alive = answer->too_long = answer->no_memory = false;
    answer->status = 0;
    answer->skipped = 0;
    answer->left = answer->body_bytes = answer->frame_bytes = 0;
    answer->bad_reason = NULL;
}

bool tn_http_answer_is_fresh(const struct tn_http_answer *answer)
{
    return answer->state == TN_HTTP_ANSWER_HEAD && answer->head.len == 0 && answer->skipped == 0;
}

/* ---- the head ---- */

bool tn_http_answer_field(const struct tn_http_answer *answer, size_t *at, struct tn_str *name, struct tn_str *value)
{
    const char *from = answer->head.data + *at, *end = answer->head.data + answer->head.len, *lf, *colon;

    if (*at == 0) { /* behind the line with the status */
        lf = memchr(from, '\n', (size_t)(end - from));
        from = lf + 1;
    }
    lf = memchr(from, '\n', (size_t)(end - from));
    if (lf == NULL || lf - from < 2)
        return false;
    *at = (size_t)(lf + 1 - answer->head.data);
    colon = memchr(from, ':', (size_t)(lf - from));
    if (colon == NULL)
        return false; /* the parser has seen to it that there is one */
    *name = tn_str_n(from, (size_t)(colon - from));
    *value = tn_str_trim(tn_str_n(colon + 1, (size_t)(lf - colon - 1)));
    return true;
}

/* How long the body is, beyond any doubt (RFC 9112 section 6.3, and stricter). */
static enum tn_http_event check_length(struct tn_http_answer *answer)
{
    struct tn_str name, value, length = {NULL, 0}, coding = {NULL, 0};
    size_t        at = 0;

    while (tn_http_answer_field(answer, &at, &name, &value)) {
        bool           is_length = tn_str_ieq_c(name, "content-length");
        struct tn_str *out = is_length ? &length : tn_str_ieq_c(name, "transfer-encoding") ? &coding : NULL;

        if (name.len == 0)
            return bad(answer, "a header field without a name");
        if (out == NULL)
            continue;
        if (out->ptr != NULL)
            return bad(answer, is_length ? "more than one Content-Length" : "more than one Transfer-Encoding");
        *out = value;
    }
    if (length.ptr != NULL && coding.ptr != NULL)
        return bad(answer, "both Content-Length and Transfer-Encoding");
    if (length.ptr != NULL && !tn_str_to_u64(length, INT64_MAX, &answer->left))
        return bad(answer, "Content-Length is not a number of bytes");
    if (coding.ptr != NULL && !tn_str_ieq_c(coding, "chunked"))
        return bad(answer, "a Transfer-Encoding other than chunked");
    answer->chunked = coding.ptr != NULL;
    if (answer->to_head || answer->status == 204 || answer->status == 304) {
        answer->chunked = false;
        answer->left = 0;
        answer->state = TN_HTTP_ANSWER_LENGTH;
    } else {
        answer->state = answer->chunked ? TN_HTTP_ANSWER_CHUNKS : length.ptr != NULL ? TN_HTTP_ANSWER_LENGTH : TN_HTTP_ANSWER_REST;
    }
    return TN_HTTP_HEAD;
}

static enum tn_http_event llhttp_refused(struct tn_http_answer *answer)
{
    const char *reason = answer->llhttp.reason;

    return bad(answer, reason != NULL && reason[0] != '\0' ? reason : "not an answer of HTTP");
}

static enum tn_http_event read_head(struct tn_http_answer *answer)
{
    const llhttp_t *llhttp = &answer->llhttp;
    const char     *data = answer->head.data;
    size_t          len = answer->head.len;
    llhttp_errno_t  error = llhttp_execute(&answer->llhttp, data, len);

    if (error != HPE_PAUSED || !answer->head_complete)
        return error == HPE_OK || error == HPE_PAUSED ? bad(answer, "not an answer of HTTP") : llhttp_refused(answer);
    if (llhttp_get_error_pos(llhttp) != data + len)
        return bad(answer, "the header ends where no empty line is");
    if (llhttp->http_major != 1 || llhttp->http_minor > 1 || llhttp->status_code < 100 || llhttp->status_code > 599 || llhttp->status_code == 101)
        return bad(answer, "neither HTTP/1.0 nor HTTP/1.1");
    if (llhttp->status_code < 200) { /* the answer is still to come */
        answer->skipped += len;
        begin_head(answer);
        return TN_HTTP_MORE;
    }
    answer->status = llhttp->status_code;
    answer->keep_alive = llhttp->http_minor == 1 ? (llhttp->flags & F_CONNECTION_CLOSE) == 0 : (llhttp->flags & F_CONNECTION_KEEP_ALIVE) != 0;
    if (check_length(answer) == TN_HTTP_BAD)
        return TN_HTTP_BAD;
    answer->keep_alive = answer->keep_alive && answer->state != TN_HTTP_ANSWER_REST;
    return TN_HTTP_HEAD;
}

/* The line [line_start, end) of `head` has its LF at end - 1. HEAD: it was the empty one at the end. */
static enum tn_http_event check_line(struct tn_http_answer *answer)
{
    const char *line = answer->head.data + answer->line_start;
    size_t      len = answer->head.len - answer->line_start;

    if (len < 2 || line[len - 2] != '\r')
        return bad(answer, "a line that does not end in CR LF");
    if (memchr(line, '\r', len - 2) != NULL)
        return bad(answer, "a CR inside a line");
    if (len == 2)
        return answer->line_start == 0 ? bad(answer, "an empty line instead of an answer") : TN_HTTP_HEAD;
    if (answer->line_start > 0 && (line[0] == ' ' || line[0] == '\t'))
        return bad(answer, "a folded header line");
    answer->line_start = answer->head.len;
    return TN_HTTP_MORE;
}

static enum tn_http_event append(struct tn_http_answer *answer, const char *data, size_t len)
{
    if (len > answer->head.max - answer->skipped || answer->head.len > answer->head.max - answer->skipped - len) {
        answer->too_long = true;
        return bad(answer, "the header is too long");
    }
    tn_buf_append(&answer->head, data, len);
    if (!answer->head.failed)
        return TN_HTTP_MORE;
    answer->no_memory = true;
    return bad(answer, "no memory for the header");
}

static enum tn_http_event feed_head(struct tn_http_answer *answer, const char *data, size_t len, size_t *used)
{
    while (*used < len) {
        const char        *from = data + *used, *lf = memchr(from, '\n', len - *used);
        size_t             n = lf == NULL ? len - *used : (size_t)(lf - from) + 1;
        enum tn_http_event event = append(answer, from, n);

        if (event != TN_HTTP_MORE)
            return event;
        *used += n;
        if (lf == NULL)
            break;
        event = check_line(answer);
        if (event == TN_HTTP_HEAD)
            event = read_head(answer);
        if (event != TN_HTTP_MORE)
            return event;
    }
    return TN_HTTP_MORE;
}

/* ---- the body ---- */

static enum tn_http_event over(struct tn_http_answer *answer)
{
    answer->state = TN_HTTP_ANSWER_OVER;
    return TN_HTTP_END;
}

static enum tn_http_event feed_length(struct tn_http_answer *answer, const char *data, size_t len, size_t *used)
{
    if (answer->left == 0)
        return over(answer);
    if (len == 0)
        return TN_HTTP_MORE;
    *used = len < answer->left ? len : (size_t)answer->left;
    answer->body = tn_str_n(data, *used);
    answer->left -= *used;
    return TN_HTTP_BODY;
}

static enum tn_http_event feed_chunks(struct tn_http_answer *answer, const char *data, size_t len, size_t *used)
{
    llhttp_errno_t error;

    if (len == 0)
        return TN_HTTP_MORE;
    answer->body = tn_str_n(NULL, 0);
    if (llhttp_get_errno(&answer->llhttp) == HPE_PAUSED)
        llhttp_resume(&answer->llhttp);
    error = llhttp_execute(&answer->llhttp, data, len);
    if (error != HPE_OK && error != HPE_PAUSED)
        return llhttp_refused(answer);
    *used = error == HPE_OK ? len : (size_t)(llhttp_get_error_pos(&answer->llhttp) - data);
    answer->body_bytes += answer->body.len;
    answer->frame_bytes += *used - answer->body.len;
    if (answer->frame_bytes > FRAME_FREE && (answer->frame_bytes - FRAME_FREE) / FRAME_PER_BODY_BYTE > answer->body_bytes)
        return bad(answer, "chunks with more framing than data");
    if (answer->message_complete)
        return over(answer);
    return answer->body.len > 0 ? TN_HTTP_BODY : TN_HTTP_MORE;
}

enum tn_http_event tn_http_answer_feed(struct tn_http_answer *answer, const char *data, size_t len, size_t *used)
{
    *used = 0;
    switch (answer->state) {
    case TN_HTTP_ANSWER_HEAD: return feed_head(answer, data, len, used);
    case TN_HTTP_ANSWER_LENGTH: return feed_length(answer, data, len, used);
    case TN_HTTP_ANSWER_CHUNKS: return feed_chunks(answer, data, len, used);
    case TN_HTTP_ANSWER_REST:
        *used = len;
        answer->body = tn_str_n(data, len);
        return len > 0 ? TN_HTTP_BODY : TN_HTTP_MORE;
    case TN_HTTP_ANSWER_OVER:
    case TN_HTTP_ANSWER_BAD: break;
    }
    return TN_HTTP_BAD;
}

void tn_http_answer_took(struct tn_http_answer *answer, size_t n)
{
    answer->left -= n;
}

enum tn_http_event tn_http_answer_closed(struct tn_http_answer *answer)
{
    return answer->state == TN_HTTP_ANSWER_REST ? over(answer) : bad(answer, "the server closed the connection before the answer's end");
}
