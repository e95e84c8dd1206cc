#include "net/http_parser.h"

#include "base/alloc.h"

enum {
    GAP_MAX = 64,               /* bytes of empty lines before a request */
    FRAME_FREE = 16 * 1024,     /* chunk framing that costs nothing ... */
    FRAME_PER_BODY_BYTE = 16,   /* ... and what a byte of data may bring with it */
    KEEP_HEAD = 2 * 1024,       /* head buffers up to this size are kept for the next request */
};

static const char *const method_names[] = {
#define METHOD(name) #name,
#include "net/http_method.def"
#undef METHOD
};

const char *tn_http_method_name(enum tn_http_method method)
{
    return method_names[method];
}

static enum tn_http_event bad(struct tn_http_parser *parser, int status, const char *reason)
{
    parser->state = TN_HTTP_IS_BAD;
    parser->bad_status = status;
    parser->bad_reason = reason;
    return TN_HTTP_BAD;
}

/* ---- what llhttp calls while it reads a whole head ---- */

static int on_url(llhttp_t *llhttp, const char *at, size_t len)
{
    struct tn_http_parser *parser = llhttp->data;

    parser->target = tn_str_n(at, len);
    return 0;
}

static int add_field(struct tn_http_parser *parser)
{
    if (parser->field_count == TN_HTTP_FIELDS_MAX) {
        bad(parser, 431, "too many header fields (at most 128)");
        return -1;
    }
    if (parser->field_count == parser->field_room) {
        size_t                room = parser->field_room == 0 ? 16 : parser->field_room * 2;
        struct tn_http_field *fields = tn_realloc(parser->fields, room * sizeof *fields);

        if (fields == NULL) {
            bad(parser, 500, "no memory");
            return -1;
        }
        parser->fields = fields;
        parser->field_room = room;
    }
    parser->fields[parser->field_count++] = (struct tn_http_field){{NULL, 0}, {NULL, 0}};
    return 0;
}

/* ---- the trailer: nobody reads it, and it changes nothing ---- */

static void add_trailer_name(struct tn_http_parser *parser, const char *at, size_t len)
{
    for (size_t i = 0; i < len && parser->trailer_len < sizeof parser->trailer; i++)
        parser->trailer[parser->trailer_len++] = tn_ascii_lower(at[i]);
}

/* What would say where a message ends, or whose it is, stands in its head. */
static int on_header_field_complete(llhttp_t *llhttp)
{
    struct tn_http_parser *parser = llhttp->data;
    struct tn_str          name = tn_str_n(parser->trailer, parser->trailer_len);

    parser->trailer_len = 0;
    if (!parser->head_complete || !(tn_str_eq_c(name, "content-length") || tn_str_eq_c(name, "transfer-encoding") || tn_str_eq_c(name, "host")))
        return 0;
    bad(parser, 400, "a trailer field that belongs into the head");
    return -1;
}

static int on_header_field(llhttp_t *llhttp, const char *at, size_t len)
{
    struct tn_http_parser *parser = llhttp->data;

    if (parser->head_complete) {
        add_trailer_name(parser, at, len);
        return 0;
    }
    if (add_field(parser) != 0)
        return -1;
    parser->fields[parser->field_count - 1].name = tn_str_n(at, len);
    return 0;
}

static int on_header_value(llhttp_t *llhttp, const char *at, size_t len)
{
    struct tn_http_parser *parser = llhttp->data;

    if (parser->head_complete)
        return 0;
    if (parser->field_count == 0)
        return -1;
    parser->fields[parser->field_count - 1].value = tn_str_trim(tn_str_n(at, len));
    return 0;
}

static int on_headers_complete(llhttp_t *llhttp)
{
    struct tn_http_parser *parser = llhttp->data;

    parser->head_complete = true;
    llhttp->upgrade = 0; /* we never change protocols: the request is read as if it had not asked */
    return HPE_PAUSED;
}

static int on_body(llhttp_t *llhttp, const char *at, size_t len)
{
    struct tn_http_parser *parser = llhttp->data;

    parser->body = tn_str_n(at, len);
    return HPE_PAUSED;
}

static int on_message_complete(llhttp_t *llhttp)
{
    struct tn_http_parser *parser = llhttp->data;

    parser->message_complete = true;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_url = on_url,
    .on_header_field = on_header_field,
    .on_header_field_complete = on_header_field_complete,
    .on_header_value = on_header_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

void tn_http_parser_init(struct tn_http_parser *parser)
{
    *parser = (struct tn_http_parser){.state = TN_HTTP_IN_GAP, .head_max = TN_HTTP_HEAD_MAX};
    tn_buf_init(&parser->head, TN_HTTP_HEAD_MAX);
    llhttp_init(&parser->llhttp, HTTP_REQUEST, &settings);
    parser->llhttp.data = parser;
}

void tn_http_parser_reset(struct tn_http_parser *parser)
{
    tn_buf_reset(&parser->head);
    tn_free(parser->fields);
    parser->fields = NULL;
    parser->field_count = parser->field_room = 0;
}

/* Forgets the last request. */
static void begin(struct tn_http_parser *parser)
{
    if (parser->head.capacity > KEEP_HEAD)
        tn_http_parser_reset(parser);
    else
        tn_buf_clear(&parser->head);
    parser->state = TN_HTTP_IN_GAP;
    parser->field_count = 0;
    parser->line_start = parser->gap_bytes = 0;
    parser->head_complete = parser->message_complete = false;
    parser->expect_continue = parser->chunked = false;
    parser->content_length = parser->body_left = parser->body_bytes = parser->frame_bytes = 0;
    llhttp_reset(&parser->llhttp);
    parser->llhttp.data = parser;
}

/* ---- checks of a complete head ---- */

static int count_fields(const struct tn_http_parser *parser, struct tn_str name, const struct tn_http_field **last)
{
    int n = 0;

    for (size_t i = 0; i < parser->field_count; i++)
        if (tn_str_eq(parser->fields[i].name, name)) {
            *last = &parser->fields[i];
            n++;
        }
    return n;
}

const struct tn_http_field *tn_http_parser_field(const struct tn_http_parser *parser, struct tn_str name)
{
    for (size_t i = 0; i < parser->field_count; i++)
        if (tn_str_eq(parser->fields[i].name, name))
            return &parser->fields[i];
    return NULL;
}

/* How long the body is, beyond any doubt (RFC 9112 section 6.3, and stricter). */
static enum tn_http_event check_length(struct tn_http_parser *parser)
{
    const struct tn_http_field *length = NULL, *coding = NULL;
    int                         lengths = count_fields(parser, TN_STR("content-length"), &length);
    int                         codings = count_fields(parser, TN_STR("transfer-encoding"), &coding);

    if (lengths > 1)
        return bad(parser, 400, "more than one Content-Length");
    if (lengths > 0 && codings > 0)
        return bad(parser, 400, "both Content-Length and Transfer-Encoding");
    if (lengths == 1 && !tn_str_to_u64(length->value, INT64_MAX, &parser->content_length))
        return bad(parser, 400, "Content-Length is not a number of bytes");
    if (codings == 0)
        return TN_HTTP_HEAD;
    if (parser->minor == 0)
        return bad(parser, 400, "Transfer-Encoding in HTTP/1.0");
    if (codings > 1)
        return bad(parser, 400, "more than one Transfer-Encoding");
    if (!tn_str_ieq_c(coding->value, "chunked"))
        return bad(parser, 501, "a Transfer-Encoding other than chunked");
    parser->chunked = true;
    return TN_HTTP_HEAD;
}

/* "METHOD SP target SP HTTP/1.x", and no field without a name: where llhttp is kinder than RFC 9112. */
static enum tn_http_event check_shape(struct tn_http_parser *parser)
{
    size_t      at = strlen(tn_http_method_name(parser->method)) + 1;
    const char *target = parser->head.data + at, *behind = target + parser->target.len;

    if (parser->target.ptr != target || target[-1] != ' ' || memcmp(behind, " HTTP/1.", 8) != 0 ||
        memcmp(behind + 9, "\r\n", 2) != 0)
        return bad(parser, 400, "the request line is not `METHOD target HTTP/1.1`");
    for (size_t i = 0; i < parser->field_count; i++)
        if (parser->fields[i].name.len == 0)
            return bad(parser, 400, "a header field without a name");
    return TN_HTTP_HEAD;
}

static bool is_in_no_host(char c)
{
    return c == ' ' || c == ',' || c == '/' || c == '?' || c == '#' || c == '@' || c == '\\';
}

static enum tn_http_event check_host(struct tn_http_parser *parser)
{
    const struct tn_http_field *host = NULL;
    int                         hosts = count_fields(parser, TN_STR("host"), &host);

    if (hosts > 1)
        return bad(parser, 400, "more than one Host");
    if (hosts == 0 && parser->minor >= 1)
        return bad(parser, 400, "no Host");
    if (host != NULL)
        for (size_t i = 0; i < host->value.len; i++)
            if (host->value.ptr[i] == '\0' || is_in_no_host(host->value.ptr[i]))
                return bad(parser, 400, "Host is not a host name");
    return TN_HTTP_HEAD;
}

/* Every field NAME is VALUE, or empty. */
static bool is_only(const struct tn_http_parser *parser, struct tn_str name, const char *value)
{
    for (size_t i = 0; i < parser->field_count; i++)
        if (tn_str_eq(parser->fields[i].name, name) && parser->fields[i].value.len > 0 && !tn_str_ieq_c(parser->fields[i].value, value))
            return false;
    return true;
}

static enum tn_http_event check_expect(struct tn_http_parser *parser)
{
    const struct tn_http_field *expect = tn_http_parser_field(parser, TN_STR("expect"));

    if (expect == NULL || parser->minor == 0)
        return TN_HTTP_HEAD;
    if (!is_only(parser, expect->name, "100-continue"))
        return bad(parser, 417, "an Expect other than 100-continue");
    parser->expect_continue = parser->chunked || parser->content_length > 0;
    return TN_HTTP_HEAD;
}

/* Bodies are not decoded here; one that is taken for what it is not would be worse than none. */
static enum tn_http_event check_coding(struct tn_http_parser *parser)
{
    return is_only(parser, TN_STR("content-encoding"), "identity") ? TN_HTTP_HEAD : bad(parser, 415, "a Content-Encoding of the request");
}

/* Who is in front of us may have looked at the other one. */
static enum tn_http_event check_authorization(struct tn_http_parser *parser)
{
    const struct tn_http_field *first = NULL;

    return count_fields(parser, TN_STR("authorization"), &first) > 1 ? bad(parser, 400, "more than one Authorization") : TN_HTTP_HEAD;
}

static bool known_method(struct tn_http_parser *parser)
{
    const char *name = llhttp_method_name((llhttp_method_t)parser->llhttp.method);

    for (size_t i = 0; i < TN_ARRAY_LEN(method_names); i++)
        if (strcmp(method_names[i], name) == 0) {
            parser->method = (enum tn_http_method)i;
            return true;
        }
    return false;
}

static void lower_names(struct tn_http_parser *parser)
{
    for (size_t i = 0; i < parser->field_count; i++) {
        struct tn_str *name = &parser->fields[i].name;
        char          *at = parser->head.data + (name->ptr - parser->head.data); /* ours, without const */

        for (size_t k = 0; k < name->len; k++)
            at[k] = tn_ascii_lower(at[k]);
    }
}

static enum tn_http_event llhttp_refused(struct tn_http_parser *parser, llhttp_errno_t error)
{
    if (parser->state == TN_HTTP_IS_BAD)
        return TN_HTTP_BAD; /* one of our own callbacks said so already */
    if (error == HPE_INVALID_VERSION)
        return bad(parser, 505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
    if (error == HPE_INVALID_METHOD && parser->head.len > 6 && memcmp(parser->head.data, "QUERY ", 6) == 0)
        return bad(parser, 405, "QUERY is not served"); /* a registered method that llhttp does not know yet */
    if (error == HPE_INVALID_METHOD)
        return bad(parser, 501, "unknown request method");
    if (parser->llhttp.reason != NULL && parser->llhttp.reason[0] != '\0')
        return bad(parser, 400, parser->llhttp.reason);
    return bad(parser, 400, "not an HTTP request");
}

static enum tn_http_event read_head(struct tn_http_parser *parser)
{
    const char    *data = parser->head.data;
    size_t         len = parser->head.len;
    llhttp_errno_t error = llhttp_execute(&parser->llhttp, data, len);

    if (error != HPE_PAUSED || !parser->head_complete)
        return error == HPE_OK || error == HPE_PAUSED ? bad(parser, 400, "not an HTTP request") : llhttp_refused(parser, error);
    if (llhttp_get_error_pos(&parser->llhttp) != data + len)
        return bad(parser, 400, "the header ends where no empty line is");
    if (parser->llhttp.http_major != 1 || parser->llhttp.http_minor > 1)
        return bad(parser, 505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
    parser->minor = parser->llhttp.http_minor;
    if (!known_method(parser))
        return bad(parser, 501, "this request method is not served");
    lower_names(parser);
    if (check_shape(parser) == TN_HTTP_BAD || check_length(parser) == TN_HTTP_BAD || check_host(parser) == TN_HTTP_BAD ||
        check_expect(parser) == TN_HTTP_BAD || check_coding(parser) == TN_HTTP_BAD || check_authorization(parser) == TN_HTTP_BAD)
        return TN_HTTP_BAD;
    parser->keep_alive = llhttp_should_keep_alive(&parser->llhttp) != 0;
    parser->body_left = parser->content_length;
    if (parser->chunked)
        parser->state = TN_HTTP_IN_CHUNKS;
    else
        parser->state = TN_HTTP_IN_LENGTH;
    return TN_HTTP_HEAD;
}

/* ---- finding the end of a head ---- */

/* The line [line_start, end) of `head` has its LF at end - 1. HEAD: it was the empty one at the end. */
static enum tn_http_event check_line(struct tn_http_parser *parser)
{
    const char *line = parser->head.data + parser->line_start;
    size_t      len = parser->head.len - parser->line_start;

    if (len < 2 || line[len - 2] != '\r')
        return bad(parser, 400, "a line that does not end in CR LF");
    if (memchr(line, '\r', len - 2) != NULL)
        return bad(parser, 400, "a CR inside a line");
    if (len == 2)
        return TN_HTTP_HEAD;
    if (parser->line_start > 0 && (line[0] == ' ' || line[0] == '\t'))
        return bad(parser, 400, "a folded header line");
    parser->line_start = parser->head.len;
    return TN_HTTP_MORE;
}

static enum tn_http_event too_long(struct tn_http_parser *parser)
{
    parser->too_long = true;
    if (parser->line_start == 0)
        return bad(parser, 414, "the request line is too long");
    return bad(parser, 431, "the header is too long");
}

static enum tn_http_event feed_head(struct tn_http_parser *parser, const char *data, size_t len, size_t *used)
{
    while (*used < len) {
        const char *from = data + *used, *lf = memchr(from, '\n', len - *used);
        size_t      n = lf == NULL ? len - *used : (size_t)(lf - from) + 1;

        if (n > parser->head_max || parser->head.len > parser->head_max - n)
            return too_long(parser);
        tn_buf_append(&parser->head, from, n);
        if (parser->head.failed)
            return bad(parser, 500, "no memory");
        *used += n;
        if (lf != NULL) {
            enum tn_http_event event = check_line(parser);

            if (event != TN_HTTP_MORE)
                return event == TN_HTTP_HEAD ? read_head(parser) : event;
        }
    }
    return TN_HTTP_MORE;
}

/* Empty lines before a request are skipped (RFC 9112 section 2.2). */
static enum tn_http_event feed_gap(struct tn_http_parser *parser, const char *data, size_t len, size_t *used)
{
    while (*used < len && (data[*used] == '\r' || data[*used] == '\n')) {
        if (++parser->gap_bytes > GAP_MAX)
            return bad(parser, 400, "empty lines instead of a request");
        ++*used;
    }
    if (*used == len)
        return TN_HTTP_MORE;
    if (data[*used] < 'A' || data[*used] > 'Z')
        return bad(parser, 400, "not an HTTP request");
    parser->state = TN_HTTP_IN_HEAD;
    parser->head.max = parser->head_max;
    return feed_head(parser, data, len, used);
}

/* ---- bodies ---- */

static enum tn_http_event feed_length(struct tn_http_parser *parser, const char *data, size_t len, size_t *used)
{
    if (parser->body_left == 0) {
        parser->state = TN_HTTP_AT_END;
        return TN_HTTP_END;
    }
    if (len == 0)
        return TN_HTTP_MORE;
    *used = len < parser->body_left ? len : (size_t)parser->body_left;
    parser->body = tn_str_n(data, *used);
    parser->body_left -= *used;
    return TN_HTTP_BODY;
}

/* Lines of chunks and of the trailer end in CR LF, too, where llhttp is kinder. LAST is the byte before BYTES. */
static bool are_lines(struct tn_str bytes, char last)
{
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.ptr[i] == '\n' && last != '\r')
            return false;
        last = bytes.ptr[i];
    }
    return true;
}

/* What is around the data of a chunk in the first USED bytes of DATA. */
static bool is_framed(const struct tn_http_parser *parser, const char *data, size_t used)
{
    struct tn_str body = parser->body;
    size_t        before = body.len == 0 ? used : (size_t)(body.ptr - data);

    return are_lines(tn_str_n(data, before), parser->last) &&
           (body.len == 0 || are_lines(tn_str_n(body.ptr + body.len, used - before - body.len), '\0'));
}

static enum tn_http_event feed_chunks(struct tn_http_parser *parser, const char *data, size_t len, size_t *used)
{
    llhttp_errno_t error;

    if (len == 0)
        return TN_HTTP_MORE;
    parser->body = tn_str_n(NULL, 0);
    if (llhttp_get_errno(&parser->llhttp) == HPE_PAUSED)
        llhttp_resume(&parser->llhttp);
    error = llhttp_execute(&parser->llhttp, data, len);
    if (error != HPE_OK && error != HPE_PAUSED)
        return llhttp_refused(parser, error);
    *used = error == HPE_OK ? len : (size_t)(llhttp_get_error_pos(&parser->llhttp) - data);
    parser->body_bytes += parser->body.len;
    parser->frame_bytes += *used - parser->body.len;
    if (parser->frame_bytes > FRAME_FREE && (parser->frame_bytes - FRAME_FREE) / FRAME_PER_BODY_BYTE > parser->body_bytes)
        return bad(parser, 400, "chunks with more framing than data");
    if (!is_framed(parser, data, *used) || (parser->message_complete && (*used == 0 || data[*used - 1] != '\n')))
        return bad(parser, 400, "chunks whose lines do not end in CR LF");
    if (parser->message_complete) {
        parser->state = TN_HTTP_AT_END;
        return TN_HTTP_END;
    }
    if (*used > 0)
        parser->last = data[*used - 1];
    return parser->body.len > 0 ? TN_HTTP_BODY : TN_HTTP_MORE;
}

void tn_http_parser_skip(struct tn_http_parser *parser)
{
    if (parser->state == TN_HTTP_IN_LENGTH && parser->body_left == 0)
        parser->state = TN_HTTP_AT_END;
}

enum tn_http_event tn_http_parser_feed(struct tn_http_parser *parser, const char *data, size_t len, size_t *used)
{
    *used = 0;
    if (parser->state == TN_HTTP_AT_END)
        begin(parser);
    switch (parser->state) {
    case TN_HTTP_IN_GAP:
        return feed_gap(parser, data, len, used);
    case TN_HTTP_IN_HEAD:
        return feed_head(parser, data, len, used);
    case TN_HTTP_IN_LENGTH:
        return feed_length(parser, data, len, used);
    case TN_HTTP_IN_CHUNKS:
        return feed_chunks(parser, data, len, used);
    case TN_HTTP_AT_END:
    case TN_HTTP_IS_BAD:
        break;
    }
    return TN_HTTP_BAD;
}
