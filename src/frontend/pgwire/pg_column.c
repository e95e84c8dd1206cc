#include "frontend/pgwire/pg_column.h"

#include "base/alloc.h"
#include "frontend/pgwire/pg_convert.h"
#include "frontend/pgwire/pg_message.h"
#include "frontend/pgwire/pg_text.h"
#include "frontend/pgwire/pg_value.h"

#include <limits.h>

enum {
    STAGE_MAX = 1 << 30,
    NARROW_DECIMAL = 24, /* sign, 19 digits and point; or header and six groups of digits */
};

static bool is_ascii(const char *data, size_t len)
{
    uint64_t any = 0, word = 0;
    size_t   at = 0;

    for (; at + 8 <= len; at += 8) {
        memcpy(&word, data + at, 8);
        any |= word;
    }
    for (; at < len; at++)
        any |= (uint64_t)(unsigned char)data[at] << 56;
    return (any & UINT64_C(0x8080808080808080)) == 0;
}

/* All values at once: one pass over their bytes, and no value begins inside a character. */
static bool all_clean(const struct tn_pg_column *c, struct tn_pg_range rows)
{
    const char *data = c->data + c->offsets[rows.first];
    size_t      len = (size_t)(c->offsets[rows.end] - c->offsets[rows.first]);

    if (len == 0)
        return true;
    if (memchr(data, '\0', len) != NULL)
        return false;
    if (is_ascii(data, len))
        return true;
    if (tn_utf8_valid_prefix(data, len) != len)
        return false;
    for (int64_t i = rows.first + 1; i < rows.end; i++)
        if (c->offsets[i] < c->offsets[rows.end] && ((unsigned char)c->data[c->offsets[i]] & 0xC0u) == 0x80)
            return false;
    return true;
}

static enum tn_status broken(const struct tn_column *column, const char *why, struct tn_error *err)
{
    return tn_fail(err, TN_E_INTERNAL, "XX000", "column \"" TN_STR_FMT "\" of a batch %s", TN_STR_ARG(column->name),
                   why);
}

/* Points at the buffers of ARRAY. */
static enum tn_status take_buffers(struct tn_pg_column *self, const struct ArrowArray *array, int64_t rows,
                                   struct tn_error *err)
{
    enum tn_type type = self->column->type;
    int64_t      wanted = tn_type_is_text(type) ? 3 : 2;

    if (array->length < rows || array->offset < 0 || array->n_buffers < wanted || array->buffers == NULL)
        return broken(self->column, "has too few values or buffers", err);
    if (array->buffers[1] == NULL)
        return rows == 0 ? TN_OK : broken(self->column, "has no values", err);
    self->offset = array->offset;
    self->validity = array->null_count == 0 ? NULL : array->buffers[0];
    if (tn_type_is_text(type)) {
        self->offsets = (const int32_t *)array->buffers[1] + array->offset;
        self->data = array->buffers[2] == NULL ? "" : array->buffers[2];
    } else {
        self->values = (const char *)array->buffers[1] + (size_t)array->offset * tn_type_size(type);
    }
    return TN_OK;
}

/* The writer of the type's own form in FORMAT. */
static void choose_native(struct tn_pg_column *self, struct tn_pg_range rows, int16_t format)
{
    enum tn_type               type = self->column->type;
    const struct tn_pg_writer *writer = &tn_pg_writers[type];

    self->put = format == 0 ? writer->text : writer->binary;
    self->room = format == 0 ? writer->text_room : writer->binary_room;
    self->factor = 1;
    if (type == TN_TYPE_BYTES && format == 0) {
        self->factor = self->style->bytea_escape ? 4 : 2;
        self->put = self->style->bytea_escape ? tn_pg_column_put_bytea_escape : self->put;
    } else if (type == TN_TYPE_TEXT || type == TN_TYPE_JSON || type == TN_TYPE_NUMERIC) {
        bool clean = all_clean(self, rows);

        self->factor = clean ? 1 : 3;
        self->put = clean ? tn_pg_column_put_text_clean : tn_pg_column_put_text_dirty;
    } else if ((type == TN_TYPE_DECIMAL64 || type == TN_TYPE_DECIMAL32) && self->scale >= 0 && self->scale <= 18) {
        self->room = NARROW_DECIMAL;
        if (type == TN_TYPE_DECIMAL64 && self->scale == 2 && format == 0)
            self->put = tn_pg_column_put_money;
    }
}

/* Whether the announced type is written without a stage; *FORMAT becomes 0 when its binary form is its text. */
static bool is_direct(const struct tn_column *column, int16_t *format)
{
    struct tn_column own = *column;
    bool             text = column->type == TN_TYPE_TEXT || column->type == TN_TYPE_JSON;

    if (column->type == TN_TYPE_NUMERIC)
        return false;
    tn_column_set_pg(&own);
    if (text && (column->pg_oid == TN_PG_JSONB || *format == 0))
        return tn_pg_type_is_text(column->pg_oid) || column->pg_oid == TN_PG_JSONB || !tn_pg_type_known(column->pg_oid);
    if (tn_pg_type_is_text(column->pg_oid)) {
        *format = 0;
        return true;
    }
    return own.pg_oid == column->pg_oid || (*format == 0 && !tn_pg_type_known(column->pg_oid));
}

static char *put_staged(char *out, struct tn_pg_column *c, int64_t row)
{
    (void)row;
    if (c->stage->bytes.len > 0)
        memcpy(out, c->stage->bytes.data, c->stage->bytes.len);
    return out + c->stage->bytes.len;
}

static enum tn_status add_stage(struct tn_pg_column *self, struct tn_pg_range rows, int16_t format, struct tn_error *err)
{
    const struct tn_column *column = self->column;
    struct tn_pg_stage     *stage;

    if (format != 0 && !tn_pg_type_known(column->pg_oid))
        return tn_fail(err, TN_E_UNSUPPORTED, "0A000", "column \"" TN_STR_FMT "\": no binary format for type OID %u",
                       TN_STR_ARG(column->name), column->pg_oid);
    stage = tn_calloc(1, sizeof *stage);
    if (stage == NULL)
        return tn_pg_no_memory(err);
    choose_native(self, rows, 0);
    stage->native = *self;
    stage->format = format;
    tn_buf_init(&stage->text, STAGE_MAX);
    tn_buf_init(&stage->bytes, STAGE_MAX);
    self->stage = stage;
    self->put = put_staged;
    self->room = 0;
    return TN_OK;
}

enum tn_status tn_pg_column_init(struct tn_pg_column *self, const struct tn_column *column,
                                 const struct ArrowArray *array, struct tn_pg_range rows, int16_t format,
                                 const struct tn_pg_style *style, struct tn_error *err)
{
    *self = (struct tn_pg_column){.column = column, .style = style, .scale = column->scale};
    if (column->type == TN_TYPE_NULL)
        return TN_OK;
    if ((size_t)column->type >= TN_TYPE_COUNT)
        return broken(column, "has an unknown type", err);
    TN_TRY(take_buffers(self, array, rows.end, err));
    if (rows.first >= rows.end)
        return TN_OK;
    if (!is_direct(column, &format))
        return add_stage(self, rows, format, err);
    choose_native(self, rows, format);
    if (column->pg_oid == TN_PG_JSONB && format != 0) {
        self->put = tn_pg_column_put_jsonb;
        self->room = 1;
    }
    return TN_OK;
}

void tn_pg_column_reset(struct tn_pg_column *self)
{
    if (self->stage == NULL)
        return;
    tn_buf_reset(&self->stage->text);
    tn_buf_reset(&self->stage->bytes);
    tn_free(self->stage);
    self->stage = NULL;
}

enum tn_status tn_pg_column_out_of_range(const struct tn_pg_column *self, struct tn_error *err)
{
    const struct tn_pg_type *type = tn_pg_type_find(self->column->pg_oid);

    return tn_fail(err, TN_E_INVALID, "22003", "column \"" TN_STR_FMT "\": a value is out of range for type %s",
                   TN_STR_ARG(self->column->name), type == NULL ? tn_type_name(self->column->type) : type->sql_name);
}

/* Puts the column's name before the message. */
static enum tn_status name_column(const struct tn_pg_column *self, enum tn_status status, struct tn_error *err)
{
    char message[sizeof err->message];

    if (err == NULL)
        return status;
    tn_str_copy(message, sizeof message, tn_str(err->message));
    snprintf(err->message, sizeof err->message, "column \"%.*s\": %.800s",
             (int)TN_MIN(self->column->name.len, (size_t)128),
             self->column->name.ptr == NULL ? "" : self->column->name.ptr, message);
    return status;
}

/* Reads the text as the announced type and writes it in the wanted format. */
static enum tn_status convert(const struct tn_pg_column *self, struct tn_error *err)
{
    struct tn_pg_stage *stage = self->stage;
    struct tn_str       text = tn_str_n(stage->text.data == NULL ? "" : stage->text.data, stage->text.len);
    struct tn_arena     arena;
    struct tn_value     value;
    enum tn_status      status;

    if (!tn_pg_type_known(self->column->pg_oid)) { /* a NUMERIC with an OID of its own, as text */
        tn_buf_put_str(&stage->bytes, text);
        return stage->bytes.failed ? tn_pg_no_room(err, &stage->bytes, text.len) : TN_OK;
    }
    tn_arena_init(&arena, 0);
    status = tn_pg_value_decode(self->column->pg_oid, 0, text, self->style, &arena, &value, err);
    if (status == TN_OK)
        status = tn_pg_value_encode(&value, self->column->pg_oid, stage->format, self->style, &stage->bytes, err);
    tn_arena_reset(&arena);
    return status;
}

enum tn_status tn_pg_column_stage(struct tn_pg_column *self, int64_t row, struct tn_error *err)
{
    struct tn_pg_stage *stage = self->stage;
    size_t              data = self->offsets == NULL ? 0 : tn_pg_column_data_len(self, row), need;
    enum tn_status      status;
    char               *end;

    tn_buf_clear(&stage->text);
    tn_buf_clear(&stage->bytes);
    need = stage->native.room + data * stage->native.factor;
    if (!tn_buf_reserve(&stage->text, need))
        return tn_pg_no_room(err, &stage->text, need);
    end = stage->native.put(stage->text.data, &stage->native, row);
    if (end == NULL)
        return tn_pg_column_out_of_range(self, err);
    stage->text.len = (size_t)(end - stage->text.data);
    status = convert(self, err);
    return status == TN_OK ? TN_OK : name_column(self, status, err);
}
