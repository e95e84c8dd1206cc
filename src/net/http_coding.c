#include "net/http_coding.h"

#include "base/alloc.h"
#include "base/compiler.h"

#include <zlib.h>
#include <zstd.h>

enum { GZIP_LEVEL = 1, ZSTD_LEVEL = 1, GZIP_WINDOW = 15 + 16 /* with a gzip header */, STEP = 16 * 1024, WEIGHT_ONE = 1000 };

struct tn_http_coder {
    enum tn_http_coding coding;
    z_stream            gzip;
    ZSTD_CCtx          *zstd;
};

const char *tn_http_coding_name(enum tn_http_coding coding)
{
    static const char *const names[] = {[TN_HTTP_CODING_NONE] = "identity", [TN_HTTP_CODING_GZIP] = "gzip", [TN_HTTP_CODING_ZSTD] = "zstd"};

    return names[coding];
}

/* ---- Accept-Encoding ---- */

/* "0.75" in thousandths; what cannot be read is 0: nothing that the client may not want is sent. */
static int weight_of(struct tn_str text)
{
    int weight = 0, place = 100;

    if (text.len == 0 || (text.ptr[0] != '0' && text.ptr[0] != '1'))
        return 0;
    weight = text.ptr[0] == '1' ? WEIGHT_ONE : 0;
    for (size_t i = 1; i < text.len; i++) {
        if (i == 1 && text.ptr[i] == '.')
            continue;
        if (i < 2 || text.ptr[i] < '0' || text.ptr[i] > '9')
            return 0;
        weight += (text.ptr[i] - '0') * place;
        place /= 10;
    }
    return weight > WEIGHT_ONE ? WEIGHT_ONE : weight;
}

/* "gzip;q=0.5" */
static int read_item(struct tn_str item, struct tn_str *name)
{
    const char   *semicolon = memchr(item.ptr, ';', item.len);
    struct tn_str rest;

    *name = tn_str_trim(semicolon == NULL ? item : tn_str_n(item.ptr, (size_t)(semicolon - item.ptr)));
    if (semicolon == NULL)
        return WEIGHT_ONE;
    rest = tn_str_trim(tn_str_n(semicolon + 1, item.len - (size_t)(semicolon - item.ptr) - 1));
    if (rest.len < 2 || (rest.ptr[0] != 'q' && rest.ptr[0] != 'Q') || rest.ptr[1] != '=')
        return 0;
    return weight_of(tn_str_trim(tn_str_n(rest.ptr + 2, rest.len - 2)));
}

struct wishes {
    int gzip, zstd, identity, other; /* thousandths; -1 = not named */
};

static struct wishes read_wishes(struct tn_str accept)
{
    struct wishes wishes = {-1, -1, -1, -1};
    size_t        at = 0;

    while (at < accept.len) {
        const char   *comma = memchr(accept.ptr + at, ',', accept.len - at);
        size_t        len = comma == NULL ? accept.len - at : (size_t)(comma - accept.ptr) - at;
        struct tn_str name;
        int           weight = read_item(tn_str_n(accept.ptr + at, len), &name);

        if (tn_str_ieq_c(name, "gzip") || tn_str_ieq_c(name, "x-gzip"))
            wishes.gzip = weight;
        else if (tn_str_ieq_c(name, "zstd"))
            wishes.zstd = weight;
        else if (tn_str_ieq_c(name, "identity"))
            wishes.identity = weight;
        else if (tn_str_eq_c(name, "*"))
            wishes.other = weight;
        at += len + 1;
    }
    wishes.gzip = wishes.gzip < 0 ? wishes.other : wishes.gzip;
    wishes.zstd = wishes.zstd < 0 ? wishes.other : wishes.zstd;
    if (wishes.identity < 0 && wishes.other == 0)
        wishes.identity = 0;
    return wishes;
}

enum tn_http_coding tn_http_coding_choose(struct tn_str accept)
{
    struct wishes wishes = read_wishes(accept);
    int           best = TN_MAX(wishes.gzip, wishes.zstd);

    if (best <= 0 || wishes.identity > best)
        return TN_HTTP_CODING_NONE;
    return wishes.zstd == best ? TN_HTTP_CODING_ZSTD : TN_HTTP_CODING_GZIP;
}

bool tn_http_coding_must(struct tn_str accept)
{
    return read_wishes(accept).identity == 0;
}

/* ---- coding ---- */

struct tn_http_coder *tn_http_coder_new(enum tn_http_coding coding)
{
    struct tn_http_coder *coder = coding != TN_HTTP_CODING_NONE ? tn_calloc(1, sizeof *coder) : NULL;
    bool                  ok;

    if (coder == NULL)
        return NULL;
    coder->coding = coding;
    if (coding == TN_HTTP_CODING_GZIP) {
        ok = deflateInit2(&coder->gzip, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) == Z_OK;
    } else {
        coder->zstd = ZSTD_createCCtx();
        ok = coder->zstd != NULL && !ZSTD_isError(ZSTD_CCtx_setParameter(coder->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL));
    }
    if (ok)
        return coder;
    coder->coding = TN_HTTP_CODING_NONE; /* nothing to end */
    ZSTD_freeCCtx(coder->zstd);
    tn_free(coder);
    return NULL;
}

void tn_http_coder_free(struct tn_http_coder *coder)
{
    if (coder == NULL)
        return;
    if (coder->coding == TN_HTTP_CODING_GZIP)
        deflateEnd(&coder->gzip);
    ZSTD_freeCCtx(coder->zstd);
    tn_free(coder);
}

static bool put_gzip(struct tn_http_coder *coder, struct tn_str data, bool last, struct tn_buf *out)
{
    z_stream *stream = &coder->gzip;
    int       result;

    stream->next_in = (Bytef *)(uintptr_t)data.ptr;
    stream->avail_in = (uInt)data.len;
    do {
        if (!tn_buf_reserve(out, STEP))
            return false;
        stream->next_out = (Bytef *)out->data + out->len;
        stream->avail_out = STEP;
        result = deflate(stream, last ? Z_FINISH : Z_SYNC_FLUSH);
        if (result == Z_STREAM_ERROR)
            return false;
        out->len += STEP - stream->avail_out;
    } while (stream->avail_out == 0 || (last && result != Z_STREAM_END));
    return true;
}

static bool put_zstd(struct tn_http_coder *coder, struct tn_str data, bool last, struct tn_buf *out)
{
    ZSTD_inBuffer in = {data.ptr, data.len, 0};
    size_t        left;

    do {
        ZSTD_outBuffer to;

        if (!tn_buf_reserve(out, STEP))
            return false;
        to = (ZSTD_outBuffer){out->data + out->len, STEP, 0};
        left = ZSTD_compressStream2(coder->zstd, &to, &in, last ? ZSTD_e_end : ZSTD_e_flush);
        if (ZSTD_isError(left))
            return false;
        out->len += to.pos;
    } while (left != 0);
    return true;
}

bool tn_http_coder_put(struct tn_http_coder *coder, struct tn_str data, bool last, struct tn_buf *out)
{
    if (data.len > UINT32_MAX)
        return false;
    return coder->coding == TN_HTTP_CODING_GZIP ? put_gzip(coder, data, last, out) : put_zstd(coder, data, last, out);
}
