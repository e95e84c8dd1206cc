#include "net/http_inflate.h"

#include "base/alloc.h"

#include <zlib.h>

enum { WINDOW = 15 + 16 /* gzip, nothing else */, STEP = 64 * 1024 };

struct tn_http_inflater {
    z_stream stream;
    bool     at_end;
    uint64_t came; /* bytes so far */
};

struct tn_http_inflater *tn_http_inflater_new(void)
{
    struct tn_http_inflater *inflater = tn_calloc(1, sizeof *inflater);

    if (inflater == NULL || inflateInit2(&inflater->stream, WINDOW) == Z_OK)
        return inflater;
    tn_free(inflater);
    return NULL;
}

void tn_http_inflater_free(struct tn_http_inflater *inflater)
{
    if (inflater == NULL)
        return;
    inflateEnd(&inflater->stream);
    tn_free(inflater);
}

void tn_http_inflater_begin(struct tn_http_inflater *inflater)
{
    (void)inflateReset(&inflater->stream);
    inflater->at_end = false;
    inflater->came = 0;
}

bool tn_http_inflater_is_whole(const struct tn_http_inflater *inflater)
{
    return inflater->at_end || inflater->came == 0;
}

static enum tn_http_inflated judge(const struct tn_http_inflater *inflater, int result, const struct tn_buf *out)
{
    if (result == Z_MEM_ERROR)
        return TN_HTTP_INFLATE_NO_MEMORY;
    if (result != Z_OK && result != Z_STREAM_END && (result != Z_BUF_ERROR || inflater->stream.avail_in > 0))
        return TN_HTTP_INFLATE_BAD;
    if (out->len > TN_HTTP_RATIO_FROM && out->len / TN_HTTP_RATIO_MAX > inflater->came)
        return TN_HTTP_INFLATE_BOMB;
    return TN_HTTP_INFLATED;
}

/* Several of them one behind the other are one text (RFC 1952, section 2.2). */
enum tn_http_inflated tn_http_inflate(struct tn_http_inflater *inflater, struct tn_str part, struct tn_buf *out)
{
    z_stream *stream = &inflater->stream;

    inflater->came += part.len;
    stream->next_in = (Bytef *)(uintptr_t)part.ptr;
    stream->avail_in = (uInt)part.len;
    for (;;) {
        size_t                room = TN_MIN((size_t)STEP, out->max - out->len);
        enum tn_http_inflated judged;
        int                   result;

        if (inflater->at_end && stream->avail_in > 0) {
            (void)inflateReset(stream);
            inflater->at_end = false;
        }
        if (room == 0)
            return TN_HTTP_INFLATE_TOO_LONG;
        if (!tn_buf_reserve(out, room))
            return TN_HTTP_INFLATE_NO_MEMORY;
        stream->next_out = (Bytef *)(out->data + out->len);
        stream->avail_out = (uInt)room;
        result = inflate(stream, Z_NO_FLUSH);
        out->len += room - stream->avail_out;
        inflater->at_end = result == Z_STREAM_END;
        judged = judge(inflater, result, out);
        if (judged != TN_HTTP_INFLATED)
            return judged;
        if (stream->avail_in == 0 && (stream->avail_out > 0 || inflater->at_end))
            return TN_HTTP_INFLATED;
    }
}
