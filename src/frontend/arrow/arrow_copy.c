/* Rows out of one array into another: Arrow's IPC has no arrays with an offset. */
#include "frontend/arrow/arrow_inside.h"

#ifdef TN_HAVE_NANOARROW
/* Bits FROM.. of IN to OUT, which is empty. */
static int copy_bits(struct ArrowBuffer *out, const uint8_t *in, int64_t from, int64_t count)
{
    int64_t  bytes = (count + 7) / 8, last = (from + count - 1) / 8;
    unsigned shift = (unsigned)(from % 8);
    int      code = ArrowBufferResize(out, bytes, 0);

    if (code != NANOARROW_OK || count == 0)
        return code;
    in += from / 8;
    last -= from / 8;
    if (shift == 0)
        memcpy(out->data, in, (size_t)bytes);
    for (int64_t i = 0; shift != 0 && i < bytes; i++)
        out->data[i] = (uint8_t)(in[i] >> shift | (i < last ? in[i + 1] << (8 - shift) : 0));
    if (count % 8 != 0)
        out->data[bytes - 1] &= (uint8_t)((1u << (count % 8)) - 1);
    return NANOARROW_OK;
}

int tn_arrow_copy_validity(struct ArrowArray *out, const struct ArrowArray *in, int64_t from, int64_t count)
{
    const uint8_t      *bits = in->n_buffers > 0 ? in->buffers[0] : NULL;
    struct ArrowBitmap *bitmap;
    int                 code;

    out->length = count;
    out->null_count = 0;
    if (bits == NULL || in->null_count == 0)
        return NANOARROW_OK;
    out->null_count = count - ArrowBitCountSet(bits, from, count);
    if (out->null_count == 0)
        return NANOARROW_OK;
    bitmap = ArrowArrayValidityBitmap(out);
    code = copy_bits(&bitmap->buffer, bits, from, count);
    bitmap->size_bits = code == NANOARROW_OK ? count : 0;
    return code;
}

/* Offsets begin with 0 again; *FIRST and *LEN: what they speak of. */
static int copy_offsets(struct ArrowArray *out, const struct ArrowArray *in, int64_t from, int64_t count, int64_t *first, int64_t *len)
{
    const int32_t      *offsets = (const int32_t *)in->buffers[1] + from;
    struct ArrowBuffer *to = ArrowArrayBuffer(out, 1);
    int                 code = ArrowBufferResize(to, (count + 1) * (int64_t)sizeof *offsets, 0);

    *first = offsets[0];
    *len = offsets[count] - offsets[0];
    for (int64_t i = 0; code == NANOARROW_OK && i <= count; i++)
        ((int32_t *)(void *)to->data)[i] = offsets[i] - offsets[0];
    return code;
}

static int copy_parts(struct ArrowArray *out, const struct ArrowArray *in, const struct ArrowSchema *schema, int64_t from, int64_t count)
{
    int code = NANOARROW_OK;

    for (int64_t i = 0; i < schema->n_children && code == NANOARROW_OK; i++)
        code = tn_arrow_copy(out->children[i], in->children[i], schema->children[i], from, count);
    return code;
}

static int copy_fixed(struct ArrowArray *out, const struct ArrowArray *in, const struct ArrowSchemaView *view, int64_t from, int64_t count)
{
    int64_t bits = view->layout.element_size_bits[1];

    if (bits == 1)
        return copy_bits(ArrowArrayBuffer(out, 1), in->buffers[1], from, count);
    return ArrowBufferAppend(ArrowArrayBuffer(out, 1), (const char *)in->buffers[1] + from * (bits / 8), count * (bits / 8));
}

static int copy_values(struct ArrowArray *out, const struct ArrowArray *in, const struct ArrowSchema *schema, const struct ArrowSchemaView *view,
                       int64_t from, int64_t count)
{
    int64_t first, len;
    int     code;

    switch (view->storage_type) {
    case NANOARROW_TYPE_STRUCT: return copy_parts(out, in, schema, from, count);
    case NANOARROW_TYPE_LIST:
    case NANOARROW_TYPE_MAP:
        code = copy_offsets(out, in, from, count, &first, &len);
        return code == NANOARROW_OK ? copy_parts(out, in, schema, first, len) : code;
    case NANOARROW_TYPE_STRING:
    case NANOARROW_TYPE_BINARY:
        code = copy_offsets(out, in, from, count, &first, &len);
        return code == NANOARROW_OK && len > 0 ? ArrowBufferAppend(ArrowArrayBuffer(out, 2), (const char *)in->buffers[2] + first, len) : code;
    default: return copy_fixed(out, in, view, from, count);
    }
}

int tn_arrow_copy(struct ArrowArray *out, const struct ArrowArray *in, const struct ArrowSchema *schema, int64_t from, int64_t count)
{
    struct ArrowSchemaView view;
    int                    code = ArrowSchemaViewInit(&view, schema, NULL);

    from += in->offset;
    if (code == NANOARROW_OK && view.storage_type == NANOARROW_TYPE_NA) {
        out->length = out->null_count = count;
        return code;
    }
    if (code == NANOARROW_OK)
        code = tn_arrow_copy_validity(out, in, from, count);
    if (code != NANOARROW_OK || count == 0)
        return code;
    return copy_values(out, in, schema, &view, from, count);
}
#endif
