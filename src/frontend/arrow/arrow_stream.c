#include "frontend/arrow/arrow_inside.h"

#ifdef TN_HAVE_NANOARROW
#include "base/alloc.h"
#include "frontend/pgwire/pg_column.h"
#include "frontend/pgwire/pg_decimal.h"

enum { SCRATCH = 512, ARENA_MAX = 16 * 1024 * 1024 };

bool tn_arrow_available(void)
{
    return true;
}

enum tn_status tn_arrow_status(int code, const struct ArrowError *reason, struct tn_error *err)
{
    if (code == NANOARROW_OK)
        return TN_OK;
    if (code == ENOMEM)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for an Arrow message");
    return tn_fail(err, TN_E_INVALID, "22023", "Arrow: %.200s", reason != NULL && reason->message[0] != '\0' ? reason->message : strerror(code));
}

static enum tn_status misfit(const struct tn_column *column, struct tn_error *err)
{
    tn_fail(err, TN_E_INVALID, "22003", "column \"" TN_STR_FMT "\": a value that its Arrow type cannot hold", TN_STR_ARG(column->name));
    tn_error_hint(err, "Cast the column to varchar, or take the rows in another form (Accept: application/x-ndjson).");
    return TN_E_INVALID;
}

/* ---- messages ---- */

static enum tn_status put_message(struct ArrowIpcEncoder *encoder, const struct ArrowBuffer *body, struct tn_buf *out, struct tn_error *err)
{
    struct ArrowBuffer head;
    int                code;

    ArrowBufferInit(&head);
    code = ArrowIpcEncoderFinalizeBuffer(encoder, 1, &head);
    if (code == NANOARROW_OK) {
        tn_buf_append(out, head.data, (size_t)head.size_bytes);
        if (body->size_bytes > 0)
            tn_buf_append(out, body->data, (size_t)body->size_bytes);
        code = out->failed ? ENOMEM : NANOARROW_OK;
    }
    ArrowBufferReset(&head);
    return tn_arrow_status(code, NULL, err);
}

static enum tn_status put_schema(const struct ArrowSchema *schema, struct tn_buf *out, struct tn_error *err)
{
    struct ArrowError      reason = {.message = ""};
    struct ArrowIpcEncoder encoder;
    struct ArrowBuffer     none;
    enum tn_status         status = tn_arrow_status(ArrowIpcEncoderInit(&encoder), NULL, err);

    if (status != TN_OK)
        return status;
    ArrowBufferInit(&none);
    status = tn_arrow_status(ArrowIpcEncoderEncodeSchema(&encoder, schema, &reason), &reason, err);
    if (status == TN_OK)
        status = put_message(&encoder, &none, out, err);
    ArrowIpcEncoderReset(&encoder);
    return status;
}

static enum tn_status encode_array(struct ArrowIpcEncoder *encoder, const struct ArrowSchema *schema, const struct ArrowArray *array, struct tn_buf *out,
                                   struct tn_error *err)
{
    struct ArrowError     reason = {.message = ""};
    struct ArrowArrayView view;
    struct ArrowBuffer    body;
    int                   code = ArrowArrayViewInitFromSchema(&view, schema, &reason);

    ArrowBufferInit(&body);
    if (code == NANOARROW_OK)
        code = ArrowArrayViewSetArray(&view, array, &reason);
    if (code == NANOARROW_OK)
        code = ArrowIpcEncoderEncodeSimpleRecordBatch(encoder, &view, &body, &reason);
    if (code == NANOARROW_OK)
        code = put_message(encoder, &body, out, err) == TN_OK ? NANOARROW_OK : ENOMEM;
    ArrowBufferReset(&body);
    ArrowArrayViewReset(&view);
    return tn_arrow_status(code, &reason, err);
}

/* ARRAY, which was begun, and is released in any case. */
static enum tn_status put_array(const struct ArrowSchema *schema, struct ArrowArray *array, struct tn_buf *out, struct tn_error *err)
{
    struct ArrowError      reason = {.message = ""};
    struct ArrowIpcEncoder encoder;
    int                    code = ArrowArrayFinishBuilding(array, NANOARROW_VALIDATION_LEVEL_MINIMAL, &reason);
    enum tn_status         status = tn_arrow_status(code, &reason, err);

    if (status == TN_OK)
        status = tn_arrow_status(ArrowIpcEncoderInit(&encoder), NULL, err);
    if (status == TN_OK) {
        status = encode_array(&encoder, schema, array, out, err);
        ArrowIpcEncoderReset(&encoder);
    }
    ArrowArrayRelease(array);
    return status;
}

static enum tn_status begin_array(const struct ArrowSchema *schema, struct ArrowArray *out, struct tn_error *err)
{
    struct ArrowError reason = {.message = ""};
    int               code = ArrowArrayInitFromSchema(out, schema, &reason);

    if (code == NANOARROW_OK && (code = ArrowArrayStartAppending(out)) != NANOARROW_OK)
        ArrowArrayRelease(out);
    return tn_arrow_status(code, &reason, err);
}

/* ---- columns ---- */

struct piece {
    const struct tn_column   *column;
    const struct ArrowArray  *in;
    const struct ArrowSchema *schema;
    int64_t                   from, count;
    struct ArrowArray        *out;
};

static bool is_null(const struct piece *p, int64_t row)
{
    const uint8_t *bits = p->in->buffers[0];

    return bits != NULL && !tn_bit_get(bits, p->in->offset + row);
}

static struct tn_str text_at(const struct piece *p, int64_t row)
{
    const int32_t *offsets = (const int32_t *)p->in->buffers[1] + p->in->offset + row;

    return tn_str_n((const char *)p->in->buffers[2] + offsets[0], (size_t)(offsets[1] - offsets[0]));
}

static tn_i128 integer_at(const struct piece *p, int64_t row)
{
    const char *values = p->in->buffers[1];
    int64_t     at = p->in->offset + row;
    tn_i128     wide;

    if (p->column->type == TN_TYPE_DECIMAL32)
        return ((const int32_t *)(const void *)values)[at];
    if (p->column->type == TN_TYPE_DECIMAL64)
        return ((const int64_t *)(const void *)values)[at];
    memcpy(&wide, values + at * (int64_t)sizeof wide, sizeof wide);
    return wide;
}

static enum tn_status add_decimals(struct piece *p, struct tn_error *err)
{
    struct ArrowBuffer *values = ArrowArrayBuffer(p->out, 1);
    tn_i128             end = 1, value;
    int                 code = tn_arrow_copy_validity(p->out, p->in, p->in->offset + p->from, p->count);

    for (int i = 0; i < TN_ARROW_DIGITS_MAX; i++)
        end *= 10;
    if (code == NANOARROW_OK)
        code = ArrowBufferReserve(values, p->count * (int64_t)sizeof value);
    for (int64_t row = p->from; row < p->from + p->count && code == NANOARROW_OK; row++) {
        value = is_null(p, row) ? 0 : integer_at(p, row);
        if (value >= end || value <= -end)
            return misfit(p->column, err);
        ArrowBufferAppendUnsafe(values, &value, sizeof value);
    }
    return tn_arrow_status(code, NULL, err);
}

/* Values that are made one by one: JSON into its parts, numbers out of text. */
static enum tn_status add_parsed(struct piece *p, struct tn_error *err)
{
    struct tn_arena      arena;
    struct tn_arrow_node node;
    enum tn_status       status;

    tn_arena_init(&arena, ARENA_MAX);
    status = tn_arrow_node_init(&node, p->schema, p->out, &arena, err);
    for (int64_t row = p->from; row < p->from + p->count && status == TN_OK; row++) {
        bool ok = is_null(p, row)             ? ArrowArrayAppendNull(p->out, 1) == NANOARROW_OK
                  : p->column->nested != NULL ? tn_arrow_add_json(&node, text_at(p, row))
                                              : tn_arrow_add_decimal(&node, text_at(p, row));

        if (!ok)
            status = misfit(p->column, err);
    }
    tn_arena_reset(&arena);
    return status;
}

static int add_text(struct ArrowArray *out, struct tn_str text)
{
    struct ArrowBufferView view = {.data.data = text.ptr, .size_bytes = (int64_t)text.len};

    return ArrowArrayAppendBytes(out, view);
}

/* Times with zone. */
static enum tn_status add_written(struct piece *p, struct tn_error *err)
{
    static const struct tn_pg_style style = TN_PG_STYLE_INIT;
    struct tn_column                own = *p->column;
    struct tn_pg_column             column;
    char                            scratch[SCRATCH], *end;
    enum tn_status                  status;
    int                             code = NANOARROW_OK;

    tn_column_set_pg(&own);
    status = tn_pg_column_init(&column, &own, p->in, (struct tn_pg_range){p->from, p->from + p->count}, 0, &style, err);
    for (int64_t row = p->from; row < p->from + p->count && status == TN_OK && code == NANOARROW_OK; row++) {
        if (tn_pg_column_is_null(&column, row)) {
            code = ArrowArrayAppendNull(p->out, 1);
            continue;
        }
        end = column.room <= SCRATCH ? column.put(scratch, &column, row) : NULL;
        if (end == NULL)
            status = misfit(p->column, err);
        else
            code = add_text(p->out, tn_str_n(scratch, (size_t)(end - scratch)));
    }
    tn_pg_column_reset(&column);
    return status == TN_OK ? tn_arrow_status(code, NULL, err) : status;
}

static bool is_utf8(const struct piece *p)
{
    struct tn_str first = text_at(p, p->from), last = text_at(p, p->from + p->count - 1);
    size_t        len = (size_t)(last.ptr + last.len - first.ptr);

    return len == 0 || tn_utf8_valid_prefix(first.ptr, len) == len;
}

/* Arrow's text is UTF-8, whatever an engine keeps: what is not becomes U+FFFD. */
static enum tn_status add_mended(struct piece *p, struct tn_error *err)
{
    struct tn_buf text;
    int           code = NANOARROW_OK;

    tn_buf_init(&text, (size_t)1 << 30);
    for (int64_t row = p->from; row < p->from + p->count && code == NANOARROW_OK; row++) {
        struct tn_str rest = is_null(p, row) ? TN_STR("") : text_at(p, row);

        tn_buf_clear(&text);
        while (rest.len > 0) {
            size_t good = tn_utf8_valid_prefix(rest.ptr, rest.len);

            tn_buf_append(&text, rest.ptr, good);
            if (good < rest.len)
                tn_buf_puts(&text, "\xEF\xBF\xBD");
            good += good < rest.len;
            rest = tn_str_n(rest.ptr + good, rest.len - good);
        }
        code = is_null(p, row) ? ArrowArrayAppendNull(p->out, 1) : text.failed ? ENOMEM : add_text(p->out, tn_buf_str(&text));
    }
    tn_buf_reset(&text);
    return tn_arrow_status(code, NULL, err);
}

/* Arrow's time of a day ends before 24:00, which SQL has. */
static enum tn_status check_times(const struct piece *p, struct tn_error *err)
{
    const int64_t *values = (const int64_t *)p->in->buffers[1] + p->in->offset;

    for (int64_t row = p->from; row < p->from + p->count; row++)
        if (!is_null(p, row) && values[row] >= TN_ARROW_DAY_US)
            return misfit(p->column, err);
    return TN_OK;
}

static enum tn_status add_column(struct piece *p, struct tn_error *err)
{
    if (p->column->nested != NULL || tn_arrow_is_exact(p->column))
        return add_parsed(p, err);
    switch ((int)p->column->type) {
    case TN_TYPE_DECIMAL32:
    case TN_TYPE_DECIMAL64:
    case TN_TYPE_DECIMAL128: return add_decimals(p, err);
    case TN_TYPE_TIMETZ: return add_written(p, err);
    case TN_TYPE_TIME: TN_TRY(check_times(p, err)); break;
    case TN_TYPE_TEXT:
    case TN_TYPE_JSON:
        if (!is_utf8(p))
            return add_mended(p, err);
        break;
    default: break;
    }
    return tn_arrow_status(tn_arrow_copy(p->out, p->in, p->schema, p->from, p->count), NULL, err);
}

enum tn_status tn_arrow_put_schema(const struct tn_schema *schema, struct tn_buf *out, struct tn_error *err)
{
    struct ArrowSchema made;
    enum tn_status     status = tn_arrow_make_schema(schema, &made, err);

    if (status == TN_OK)
        status = put_schema(&made, out, err);
    ArrowSchemaRelease(&made);
    return status;
}

static enum tn_status put_rows(const struct tn_batch *batch, const struct ArrowSchema *schema, int64_t from, int64_t count, struct tn_buf *out,
                               struct tn_error *err)
{
    struct ArrowArray array;
    enum tn_status    status;

    TN_TRY(begin_array(schema, &array, err));
    status = TN_OK;
    for (size_t i = 0; i < batch->schema->count && status == TN_OK; i++) {
        struct piece piece = {.column = &batch->schema->columns[i], .in = batch->columns[i], .schema = schema->children[i], .from = from, .count = count,
                              .out = array.children[i]};

        status = add_column(&piece, err);
    }
    array.length = count;
    if (status == TN_OK)
        return put_array(schema, &array, out, err);
    ArrowArrayRelease(&array);
    return status;
}

enum tn_status tn_arrow_put_rows(const struct tn_batch *batch, int64_t from, int64_t count, struct tn_buf *out, struct tn_error *err)
{
    struct ArrowSchema schema;
    enum tn_status     status = tn_arrow_make_schema(batch->schema, &schema, err);

    if (status == TN_OK && count > 0)
        status = put_rows(batch, &schema, from, count, out, err);
    ArrowSchemaRelease(&schema);
    return status;
}

/* ---- messages, read ---- */

/* The header of MESSAGE, checked; rows need their SCHEMA for it. The caller ends DECODER, also after an error. */
static int read_head(struct ArrowIpcDecoder *decoder, const struct ArrowSchema *schema, struct tn_str message, struct ArrowError *reason)
{
    struct ArrowBufferView view = {.data.data = message.ptr, .size_bytes = (int64_t)message.len};
    int                    code = ArrowIpcDecoderInit(decoder);

    if (code == NANOARROW_OK && schema != NULL)
        code = ArrowIpcDecoderSetSchema(decoder, schema, reason);
    if (code == NANOARROW_OK)
        code = ArrowIpcDecoderVerifyHeader(decoder, view, reason);
    return code == NANOARROW_OK ? ArrowIpcDecoderDecodeHeader(decoder, view, reason) : code;
}

/* OUT is released by the caller, also after an error. */
static enum tn_status read_schema(struct tn_str message, struct ArrowSchema *out, struct tn_error *err)
{
    struct ArrowError      reason = {.message = ""};
    struct ArrowIpcDecoder decoder = {.private_data = NULL};
    int                    code = read_head(&decoder, NULL, message, &reason);

    memset(out, 0, sizeof *out);
    if (code == NANOARROW_OK && decoder.message_type != NANOARROW_IPC_MESSAGE_TYPE_SCHEMA)
        code = EINVAL;
    if (code == NANOARROW_OK)
        code = ArrowIpcDecoderDecodeSchema(&decoder, out, &reason);
    if (decoder.private_data != NULL)
        ArrowIpcDecoderReset(&decoder);
    return tn_arrow_status(code, &reason, err);
}

static void release_schema(struct ArrowSchema *schema)
{
    if (schema->release != NULL)
        ArrowSchemaRelease(schema);
}

static int read_array(const struct ArrowSchema *schema, struct tn_str message, struct ArrowArray *out, struct ArrowError *reason)
{
    struct ArrowIpcDecoder decoder = {.private_data = NULL};
    struct ArrowBufferView body;
    int                    code = read_head(&decoder, schema, message, reason);

    if (code == NANOARROW_OK && (size_t)decoder.header_size_bytes > message.len)
        code = EINVAL;
    if (code == NANOARROW_OK) {
        body.data.data = message.ptr + decoder.header_size_bytes;
        body.size_bytes = (int64_t)message.len - decoder.header_size_bytes;
        code = ArrowIpcDecoderDecodeArray(&decoder, body, -1, out, NANOARROW_VALIDATION_LEVEL_DEFAULT, reason);
    }
    if (decoder.private_data != NULL)
        ArrowIpcDecoderReset(&decoder);
    return code;
}

static enum tn_status cut(const struct ArrowSchema *schema, struct tn_str message, int64_t from, int64_t count, struct tn_buf *out, struct tn_error *err)
{
    struct ArrowError reason = {.message = ""};
    struct ArrowArray whole, part;
    enum tn_status    status = tn_arrow_status(read_array(schema, message, &whole, &reason), &reason, err);

    if (status != TN_OK)
        return status;
    if (from > whole.length || count > whole.length - from)
        status = tn_fail(err, TN_E_INVALID, "22023", "Arrow: there are only %lld rows", (long long)whole.length);
    if (status == TN_OK)
        status = begin_array(schema, &part, err);
    if (status == TN_OK) {
        int code = tn_arrow_copy(&part, &whole, schema, from, count);

        status = tn_arrow_status(code, NULL, err);
        if (code == NANOARROW_OK)
            status = put_array(schema, &part, out, err);
        else
            ArrowArrayRelease(&part);
    }
    ArrowArrayRelease(&whole);
    return status;
}

enum tn_status tn_arrow_cut(struct tn_str schema, struct tn_str message, int64_t from, int64_t count, struct tn_buf *out, struct tn_error *err)
{
    struct ArrowSchema read;
    enum tn_status     status = read_schema(schema, &read, err);

    if (status == TN_OK && count > 0)
        status = cut(&read, message, from, count, out, err);
    release_schema(&read);
    return status;
}

/* ---- kept rows ---- */

struct tn_arrow_rows {
    struct ArrowSchema   schema;
    struct ArrowArray    array; /* release NULL: none is begun */
    struct tn_arena      arena;
    struct tn_arrow_node node;
};

enum tn_status tn_arrow_rows_new(struct tn_arrow_rows **out, struct tn_str schema, struct tn_error *err)
{
    struct tn_arrow_rows *rows = tn_calloc(1, sizeof *rows);
    enum tn_status        status;

    *out = NULL;
    if (rows == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for rows");
    tn_arena_init(&rows->arena, ARENA_MAX);
    status = read_schema(schema, &rows->schema, err);
    if (status != TN_OK)
        tn_arrow_rows_free(rows);
    else
        *out = rows;
    return status;
}

void tn_arrow_rows_free(struct tn_arrow_rows *rows)
{
    if (rows == NULL)
        return;
    if (rows->array.release != NULL)
        ArrowArrayRelease(&rows->array);
    release_schema(&rows->schema);
    tn_arena_reset(&rows->arena);
    tn_free(rows);
}

enum tn_status tn_arrow_rows_add(struct tn_arrow_rows *rows, struct tn_str row, struct tn_error *err)
{
    if (rows->array.release == NULL) {
        TN_TRY(begin_array(&rows->schema, &rows->array, err));
        tn_arena_reset(&rows->arena);
        TN_TRY(tn_arrow_node_init(&rows->node, &rows->schema, &rows->array, &rows->arena, err));
    }
    if (tn_arrow_add_row(&rows->node, row))
        return TN_OK;
    return tn_fail(err, TN_E_INVALID, "22003", "a row that its Arrow types cannot hold");
}

enum tn_status tn_arrow_rows_put(struct tn_arrow_rows *rows, struct tn_buf *out, struct tn_error *err)
{
    enum tn_status status;

    if (rows->array.release == NULL)
        return TN_OK;
    status = put_array(&rows->schema, &rows->array, out, err);
    rows->array.release = NULL;
    return status;
}

void tn_arrow_put_end(struct tn_buf *out)
{
    tn_buf_append(out, "\xFF\xFF\xFF\xFF\0\0\0\0", 8);
}

#endif
