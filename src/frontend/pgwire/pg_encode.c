#include "frontend/pgwire/pg_encode.h"

#include "base/alloc.h"
#include "frontend/pgwire/pg_column.h"
#include "frontend/pgwire/pg_digits.h"
#include "frontend/pgwire/pg_message.h"

enum {
    ROW_HEADER = 7, /* 'D', length, columns */
    LENGTH = 4,
    ON_STACK = 32,
    COLUMNS_MAX = INT16_MAX,
};

/* Some rows of a batch made ready. */
struct plan {
    struct tn_pg_column *columns;
    size_t               count;
    size_t               fixed;    /* most bytes of a row beside those that depend on the values' lengths */
    uint16_t             variable[ON_STACK];
    size_t               variable_count; /* columns with offsets or a stage; above ON_STACK: look at all columns */
};

/* Data of the values of ROWS in a column with offsets; 0 for others, and for one that plan_columns() will refuse. */
static size_t data_bytes(const struct tn_batch *batch, size_t column, struct tn_pg_range rows)
{
    const struct ArrowArray *array = batch->columns[column];
    const int32_t           *offsets;

    if (!tn_type_is_text(batch->schema->columns[column].type) || array->n_buffers < 3 || array->buffers == NULL ||
        array->buffers[1] == NULL || array->offset < 0 || array->length < rows.end)
        return 0;
    offsets = (const int32_t *)array->buffers[1] + array->offset;
    return (size_t)(offsets[rows.end] - offsets[rows.first]);
}

/* Bytes that ROWS take at least. */
static size_t least_bytes(const struct tn_batch *batch, struct tn_pg_range rows)
{
    size_t bytes = (size_t)(rows.end - rows.first) * (ROW_HEADER + batch->schema->count * LENGTH);

    for (size_t i = 0; i < batch->schema->count; i++)
        bytes += data_bytes(batch, i, rows);
    return bytes;
}

/* From FIRST on as many rows as ROOM bytes may hold: what is made ready, and scanned, at once. */
static struct tn_pg_range fitting_rows(const struct tn_batch *batch, int64_t first, size_t room)
{
    struct tn_pg_range rows = {first, batch->rows};
    int64_t            low = first + 1, high = batch->rows;

    if (low >= high || least_bytes(batch, rows) <= room)
        return rows;
    while (low < high) {
        rows.end = low + (high - low) / 2;
        if (least_bytes(batch, rows) >= room)
            high = rows.end;
        else
            low = rows.end + 1;
    }
    rows.end = low;
    return rows;
}

static enum tn_status plan_columns(struct plan *plan, const struct tn_pg_encoder *encoder, const struct tn_batch *batch,
                                   struct tn_pg_range rows, struct tn_error *err)
{
    plan->fixed = ROW_HEADER + plan->count * LENGTH;
    for (size_t i = 0; i < plan->count; i++) {
        struct tn_pg_column *c = &plan->columns[i];
        int16_t              format = tn_pg_format_of(encoder->base.pg_formats, encoder->base.pg_format_count, i);

        TN_TRY(tn_pg_column_init(c, &batch->schema->columns[i], batch->columns[i], rows, format, &encoder->style, err));
        plan->fixed += c->room;
        if (c->offsets == NULL && c->stage == NULL)
            continue;
        if (plan->variable_count < ON_STACK)
            plan->variable[plan->variable_count] = (uint16_t)i;
        plan->variable_count++;
    }
    return TN_OK;
}

static enum tn_status add_staged_room(struct tn_pg_column *c, int64_t row, size_t *need, struct tn_error *err)
{
    if (tn_pg_column_is_null(c, row))
        return TN_OK;
    TN_TRY(tn_pg_column_stage(c, row, err));
    *need += c->stage->bytes.len;
    return TN_OK;
}

static inline enum tn_status add_room(struct tn_pg_column *c, int64_t row, size_t *need, struct tn_error *err)
{
    if (TN_UNLIKELY(c->stage != NULL))
        return add_staged_room(c, row, need, err);
    if (TN_LIKELY(c->offsets != NULL))
        *need += tn_pg_column_data_len(c, row) * c->factor;
    return TN_OK;
}

/* The most bytes that ROW needs. */
static enum tn_status room_for_row(struct plan *plan, int64_t row, size_t *need, struct tn_error *err)
{
    *need = plan->fixed;
    if (plan->variable_count > ON_STACK) {
        for (size_t i = 0; i < plan->count; i++)
            TN_TRY(add_room(&plan->columns[i], row, need, err));
        return TN_OK;
    }
    for (size_t i = 0; i < plan->variable_count; i++)
        TN_TRY(add_room(&plan->columns[plan->variable[i]], row, need, err));
    return TN_OK;
}

/* OUT has the room. The end, or NULL with *BAD the column whose value is out of range. */
static char *put_row(char *out, struct plan *plan, int64_t row, const struct tn_pg_column **bad)
{
    char *at = out + ROW_HEADER;

    for (struct tn_pg_column *c = plan->columns, *end = c + plan->count; c < end; c++) {
        char *value;

        if (tn_pg_column_is_null(c, row)) {
            at = tn_pg_put_be32(at, UINT32_MAX);
            continue;
        }
        value = c->put(at + LENGTH, c, row);
        if (TN_UNLIKELY(value == NULL)) {
            *bad = c;
            return NULL;
        }
        tn_pg_put_be32(at, (uint32_t)(value - at - LENGTH));
        at = value;
    }
    *out = 'D';
    tn_pg_put_be32(out + 1, (uint32_t)(at - out - 1));
    tn_pg_put_be16(out + 5, (uint16_t)plan->count);
    return at;
}

/* At least one row, up to END or until OUT holds TARGET bytes. */
static enum tn_status put_rows(struct plan *plan, int64_t *row, int64_t end_row, size_t target, struct tn_buf *out,
                               struct tn_error *err)
{
    const struct tn_pg_column *bad = NULL;
    int64_t                    at = *row;

    for (; at < end_row && (at == *row || out->len < target); at++) {
        size_t need;
        char  *end;

        TN_TRY(room_for_row(plan, at, &need, err));
        if (TN_UNLIKELY(need > INT32_MAX || !tn_buf_reserve(out, need)))
            return need > INT32_MAX ? tn_fail(err, TN_E_LIMIT, "54000", "a row of %zu bytes is too large", need)
                                    : tn_pg_no_room(err, out, need);
        end = put_row(out->data + out->len, plan, at, &bad);
        if (TN_UNLIKELY(end == NULL))
            return tn_pg_column_out_of_range(bad, err);
        out->len = (size_t)(end - out->data);
    }
    *row = at;
    return TN_OK;
}

static enum tn_status encode_rows(struct plan *plan, const struct tn_pg_encoder *encoder, const struct tn_batch *batch,
                                  int64_t *row, size_t target, struct tn_buf *out, struct tn_error *err)
{
    size_t             room = target > out->len ? target - out->len : 0;
    struct tn_pg_range rows = fitting_rows(batch, *row, room);

    TN_TRY(plan_columns(plan, encoder, batch, rows, err));
    return put_rows(plan, row, rows.end, target, out, err);
}

static enum tn_status encode_batch(const struct tn_encoder *base, const struct tn_batch *batch, int64_t *row, size_t target,
                                   struct tn_buf *out, struct tn_error *err)
{
    const struct tn_pg_encoder *encoder = (const struct tn_pg_encoder *)(const void *)base; /* first */
    struct tn_pg_column         few[ON_STACK];
    struct plan                 plan = {.columns = few, .count = batch->schema->count};
    enum tn_status              status;

    if (plan.count > COLUMNS_MAX)
        return tn_fail(err, TN_E_LIMIT, "54011", "a row of %zu columns is too wide; at most %d", plan.count,
                       (int)COLUMNS_MAX);
    if (plan.count > ON_STACK)
        plan.columns = tn_malloc(plan.count * sizeof *plan.columns);
    if (plan.columns == NULL)
        return tn_pg_no_memory(err);
    for (size_t i = 0; i < plan.count; i++)
        plan.columns[i].stage = NULL;
    status = encode_rows(&plan, encoder, batch, row, target, out, err);
    for (size_t i = 0; i < plan.count; i++)
        tn_pg_column_reset(&plan.columns[i]);
    if (plan.columns != few)
        tn_free(plan.columns);
    return status;
}

static const struct tn_encoder_ops encoder_ops = {.name = "postgres", .batch = encode_batch};

void tn_pg_encoder_init(struct tn_pg_encoder *encoder, const struct tn_pg_style *style, const int16_t *formats,
                        size_t count)
{
    *encoder = (struct tn_pg_encoder){
        .base = {.ops = &encoder_ops, .pg_rows = true, .pg_format_count = count, .pg_formats = formats},
        .style = *style,
    };
}

_Static_assert(offsetof(struct tn_pg_encoder, base) == 0, "an encoder is its options");
