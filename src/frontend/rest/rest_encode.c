#include "frontend/rest/rest_encode.h"

#include "base/alloc.h"
#include "base/base64.h"
#include "base/json_read.h"
#include "frontend/arrow/arrow.h"
#include "frontend/pgwire/pg_column.h"
#include "frontend/rest/rest_row.h"

enum how { HOW_TEXT, HOW_QUOTED, HOW_TIME, HOW_PLAIN, HOW_FLOAT, HOW_NUMERIC, HOW_BOOL, HOW_BASE64 };

static const struct {
    const char *name;
    enum how    how;
} types[TN_TYPE_COUNT] = {
#define REST_TYPE(type, name, how) [TN_TYPE_##type] = {name, HOW_##how},
#include "frontend/rest/rest_type.def"
#undef REST_TYPE
};

enum { LENGTH = 4, SCRATCH = 512 };

static const struct tn_pg_style style = {.tz = NULL, .extra_float_digits = 1, .interval = TN_PG_INTERVAL_ISO_8601};

struct plan {
    size_t               count;
    struct tn_pg_column *columns;
    struct tn_column    *own;    /* the batch's columns with the type's own PostgreSQL type: nothing is converted to another */
    const char         **keys;
    struct tn_buf        key_bytes;
    struct tn_buf        row;    /* JSON of one row, or of one value of CSV */
};

void tn_rest_type_text(const struct tn_column *column, char out[TN_REST_TYPE_TEXT])
{
    bool scaled = column->type >= TN_TYPE_DECIMAL32 && column->type <= TN_TYPE_DECIMAL128;

    if (scaled || (column->type == TN_TYPE_NUMERIC && column->precision > 0))
        snprintf(out, TN_REST_TYPE_TEXT, "%s(%u,%d)", types[column->type].name, column->precision, column->scale);
    else
        snprintf(out, TN_REST_TYPE_TEXT, "%s", types[column->type].name);
}

/* ---- values ---- */

static void put_quoted(struct tn_buf *out, const char *text, size_t len)
{
    tn_buf_put_u8(out, '"');
    tn_buf_append(out, text, len);
    tn_buf_put_u8(out, '"');
}

/* "2026-01-31 10:00:00+00" as ISO 8601 has it. */
static void put_time(struct tn_buf *out, char *text, size_t len)
{
    char *blank = memchr(text, ' ', len);

    if (blank != NULL && blank[1] >= '0' && blank[1] <= '9')
        *blank = 'T';
    if (blank != NULL && len > 3 && memcmp(text + len - 3, "+00", 3) == 0) {
        len -= 2;
        text[len - 1] = 'Z';
    }
    put_quoted(out, text, len);
}

/* A type of variable length, or one whose text is made first. */
static enum tn_status put_value(struct tn_buf *out, struct tn_pg_column *c, int64_t row, struct tn_error *err)
{
    enum how      how = types[c->column->type].how;
    char          scratch[SCRATCH], *end;
    struct tn_str text;

    if (c->offsets != NULL) {
        text = tn_str_n(c->data + c->offsets[row], tn_pg_column_data_len(c, row));
    } else {
        if (c->room > SCRATCH)
            return tn_fail(err, TN_E_INTERNAL, "XX000", "a value of type %s needs %u bytes", tn_type_name(c->column->type), c->room);
        end = c->put(scratch, c, row);
        if (end == NULL)
            return tn_pg_column_out_of_range(c, err);
        text = tn_str_n(scratch, (size_t)(end - scratch));
    }
    if (how == HOW_TEXT)
        tn_buf_put_json(out, text);
    else if (how == HOW_BASE64)
        tn_base64_put_json(out, text);
    else if (how == HOW_BOOL)
        tn_buf_puts(out, text.ptr[0] == 't' ? "true" : "false");
    else if (how == HOW_TIME)
        put_time(out, scratch, text.len);
    else if (how == HOW_QUOTED || (how != HOW_PLAIN && !tn_json_is_number(text)))
        put_quoted(out, text.ptr, text.len);
    else
        tn_buf_put_str(out, text);
    return TN_OK;
}

static enum tn_status put_cell(struct tn_buf *out, struct tn_pg_column *c, int64_t row, struct tn_error *err)
{
    if (!tn_pg_column_is_null(c, row))
        return put_value(out, c, row, err);
    tn_buf_append(out, "null", 4);
    return TN_OK;
}

/* ---- rows ---- */

static enum tn_status put_json_row(struct plan *plan, enum tn_rest_format format, int64_t row, struct tn_buf *out, struct tn_error *err)
{
    bool objects = format != TN_REST_ARRAYS;

    tn_buf_put_u8(out, objects ? '{' : '[');
    for (size_t i = 0; i < plan->count; i++) {
        if (i > 0)
            tn_buf_put_u8(out, ',');
        if (objects) {
            tn_buf_puts(out, plan->keys[i]);
            tn_buf_put_u8(out, ':');
        }
        TN_TRY(put_cell(out, &plan->columns[i], row, err));
    }
    tn_buf_put_u8(out, objects ? '}' : ']');
    return TN_OK;
}

static enum tn_status put_csv_row(struct plan *plan, int64_t row, struct tn_buf *out, struct tn_error *err)
{
    for (size_t i = 0; i < plan->count; i++) {
        tn_buf_clear(&plan->row);
        TN_TRY(put_cell(&plan->row, &plan->columns[i], row, err));
        if (i > 0)
            tn_buf_put_u8(out, ',');
        tn_rest_csv_value(tn_buf_str(&plan->row), out);
    }
    return plan->row.failed ? tn_fail(err, TN_E_NOMEM, "53200", "no memory for a row") : TN_OK;
}

static enum tn_status put_row(struct plan *plan, enum tn_rest_format format, int64_t row, struct tn_buf *out, struct tn_error *err)
{
    size_t   start = out->len, len;
    uint32_t length;

    tn_buf_append(out, "\0\0\0\0", LENGTH);
    TN_TRY(format == TN_REST_CSV ? put_csv_row(plan, row, out, err) : put_json_row(plan, format, row, out, err));
    if (out->failed)
        return out->len > out->max / 2 ? tn_fail(err, TN_E_LIMIT, "54000", "a row is too large") : tn_fail(err, TN_E_NOMEM, "53200", "no memory for a row");
    len = out->len - start - LENGTH;
    length = (uint32_t)len; /* a chunk's maximum is below */
    memcpy(out->data + start, &length, LENGTH);
    return TN_OK;
}

static enum tn_status make_keys(struct plan *plan, const struct tn_schema *schema, struct tn_error *err)
{
    struct tn_str *names = tn_malloc((plan->count + 1) * sizeof *names);
    const char    *key;

    if (names == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a row");
    for (size_t i = 0; i < plan->count; i++)
        names[i] = schema->columns[i].name;
    tn_rest_keys(names, plan->count, &plan->key_bytes);
    tn_free(names);
    if (plan->key_bytes.failed)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a row");
    key = plan->key_bytes.data;
    for (size_t i = 0; i < plan->count; i++) {
        plan->keys[i] = key;
        key += strlen(key) + 1;
    }
    return TN_OK;
}

static enum tn_status make_plan(struct plan *plan, const struct tn_batch *batch, struct tn_pg_range rows, enum tn_rest_format format,
                                struct tn_error *err)
{
    for (size_t i = 0; i < plan->count; i++) {
        plan->own[i] = batch->schema->columns[i];
        tn_column_set_pg(&plan->own[i]);
        TN_TRY(tn_pg_column_init(&plan->columns[i], &plan->own[i], batch->columns[i], rows, 0, &style, err));
    }
    return format == TN_REST_OBJECTS || format == TN_REST_NDJSON ? make_keys(plan, batch->schema, err) : TN_OK;
}

static enum tn_status encode(struct plan *plan, enum tn_rest_format format, const struct tn_batch *batch, int64_t *row, size_t target,
                             struct tn_buf *out, struct tn_error *err)
{
    int64_t first = *row;

    TN_TRY(make_plan(plan, batch, (struct tn_pg_range){first, batch->rows}, format, err));
    while (*row < batch->rows && (*row == first || out->len < target)) {
        TN_TRY(put_row(plan, format, *row, out, err));
        ++*row;
    }
    return TN_OK;
}

static enum tn_status encode_batch(const struct tn_encoder *base, const struct tn_batch *batch, int64_t *row, size_t target, struct tn_buf *out,
                                   struct tn_error *err)
{
    const struct tn_rest_encoder *encoder = (const struct tn_rest_encoder *)(const void *)base;
    struct plan                   plan = {.count = batch->schema->count};
    size_t                        room = plan.count + 1;
    enum tn_status                status = TN_OK;

    plan.columns = tn_calloc(room, sizeof *plan.columns);
    plan.own = tn_malloc(room * sizeof *plan.own);
    plan.keys = tn_malloc(room * sizeof *plan.keys);
    tn_buf_init(&plan.key_bytes, (size_t)64 << 20);
    tn_buf_init(&plan.row, out->max);
    if (plan.columns == NULL || plan.own == NULL || plan.keys == NULL)
        status = tn_fail(err, TN_E_NOMEM, "53200", "no memory for rows");
    if (status == TN_OK)
        status = encode(&plan, encoder->format, batch, row, target, out, err);
    for (size_t i = 0; plan.columns != NULL && i < plan.count; i++)
        tn_pg_column_reset(&plan.columns[i]);
    tn_free(plan.columns);
    tn_free(plan.own);
    tn_free(plan.keys);
    tn_buf_reset(&plan.key_bytes);
    tn_buf_reset(&plan.row);
    return status;
}

/* ---- Arrow ---- */

/* Rows that make about TARGET bytes; at least one. */
static int64_t rows_for(const struct tn_batch *batch, int64_t row, size_t target)
{
    size_t bytes = 1;

    for (size_t i = 0; i < batch->schema->count; i++) {
        const struct ArrowArray *array = batch->columns[i];
        const int32_t           *offsets = array->n_buffers == 3 ? (const int32_t *)array->buffers[1] + array->offset : NULL;

        bytes += offsets != NULL ? (size_t)(offsets[batch->rows] - offsets[row]) : (size_t)(batch->rows - row) * (tn_type_size(batch->schema->columns[i].type) + 1);
    }
    if (bytes <= target)
        return batch->rows - row;
    return TN_MAX(1, (int64_t)((double)(batch->rows - row) * ((double)target / (double)bytes)));
}

static enum tn_status encode_arrow(const struct tn_encoder *encoder, const struct tn_batch *batch, int64_t *row, size_t target, struct tn_buf *out,
                                   struct tn_error *err)
{
    size_t               start = out->len;
    struct tn_rest_piece piece = {.rows = 0};

    (void)encoder;
    piece.rows = (uint64_t)rows_for(batch, *row, target > start ? target - start : 1);
    tn_buf_append(out, &piece, sizeof piece);
    TN_TRY(tn_arrow_put_rows(batch, *row, (int64_t)piece.rows, out, err));
    piece.bytes = out->len - start - sizeof piece;
    memcpy(out->data + start, &piece, sizeof piece);
    *row += (int64_t)piece.rows;
    return TN_OK;
}

static const struct tn_encoder_ops arrow_ops = {.name = "arrow", .batch = encode_arrow};
static const struct tn_encoder_ops ops = {.name = "rest", .batch = encode_batch};

const struct tn_rest_encoder *tn_rest_encoder(enum tn_rest_format format)
{
    static const struct tn_rest_encoder encoders[TN_REST_FORMATS] = {
#define FORMAT(NAME, word, type, help) [TN_REST_##NAME] = {.base = {.ops = TN_REST_##NAME == TN_REST_ARROW ? &arrow_ops : &ops}, .format = TN_REST_##NAME},
#include "frontend/rest/rest_format.def"
#undef FORMAT
    };

    return &encoders[format];
}
