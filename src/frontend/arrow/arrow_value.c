/* Values as JSON text into arrays. Recursion follows the schema, whose depth is bounded. */
#include "frontend/arrow/arrow_inside.h"

#ifdef TN_HAVE_NANOARROW
#include "base/base64.h"
#include "base/json_scan.h"
#include "frontend/pgwire/pg_datetime.h"
#include "frontend/pgwire/pg_decimal.h"
#include "frontend/pgwire/pg_interval.h"
#include "frontend/pgwire/pg_numeric.h"
#include "frontend/rest/rest_row.h"

#include <math.h>

enum { UUID_SIZE = 16, TEXT_MAX = 1 << 30 };

struct reader {
    struct tn_json_scan scan;
    struct tn_buf       text, bytes; /* of one value */
    bool                kept;        /* as rest_encode.h writes values, not as engines write nested ones */
};

enum tn_status tn_arrow_node_init(struct tn_arrow_node *out, const struct ArrowSchema *schema, struct ArrowArray *array, struct tn_arena *arena,
                                  struct tn_error *err)
{
    struct ArrowSchemaView view;
    struct ArrowError      reason = {.message = ""};
    int                    code = ArrowSchemaViewInit(&view, schema, &reason);

    if (code != NANOARROW_OK)
        return tn_arrow_status(code, &reason, err);
    *out = (struct tn_arrow_node){.type = view.type, .array = array, .count = (size_t)schema->n_children};
    if (view.type == NANOARROW_TYPE_DECIMAL128) { /* the view's other members are set where they mean something */
        out->precision = view.decimal_precision;
        out->scale = view.decimal_scale;
    }
    out->zoned = view.type == NANOARROW_TYPE_TIMESTAMP && view.timezone != NULL && view.timezone[0] != '\0';
    out->parts = tn_arena_alloc(arena, sizeof *out->parts * (out->count + 1));
    if (out->parts == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for rows");
    for (size_t i = 0; i < out->count; i++)
        TN_TRY(tn_arrow_node_init(&out->parts[i], schema->children[i], array->children[i], arena, err));
    return TN_OK;
}

/* ---- scalars ---- */

static tn_i128 ten_to(int digits)
{
    tn_i128 value = 1;

    while (digits-- > 0)
        value *= 10;
    return value;
}

/* NUMBER * 10^SCALE, if that is an integer of at most PRECISION digits. */
static bool scale_digits(const struct tn_pg_numeric *number, int precision, int scale, tn_i128 *out)
{
    tn_i128 value = 0, end = ten_to(precision);
    int64_t count = (int64_t)(number->whole.len + number->fraction.len), wanted = number->point + scale;

    for (int64_t i = TN_MAX(number->first, 0); i < TN_MAX(wanted, number->last + 1); i++) {
        char c = i >= count ? '0' : i < (int64_t)number->whole.len ? number->whole.ptr[i] : number->fraction.ptr[i - (int64_t)number->whole.len];

        if (value >= end / 10 || i >= wanted) /* before it is too much for 128 bits */
            return false;
        value = value * 10 + (c - '0');
    }
    *out = number->negative ? -value : value;
    return true;
}

bool tn_arrow_add_decimal(struct tn_arrow_node *node, struct tn_str text)
{
    struct tn_pg_numeric number;
    struct ArrowDecimal  decimal;
    tn_i128              value = 0;

    if (tn_pg_numeric_parse(text, &number, NULL) != TN_OK || number.kind != TN_PG_NUMERIC_FINITE)
        return false;
    if (number.first >= 0 && !scale_digits(&number, node->precision, node->scale, &value))
        return false;
    ArrowDecimalInit(&decimal, 128, node->precision, node->scale);
    ArrowDecimalSetBytes(&decimal, (const uint8_t *)&value);
    return ArrowArrayAppendDecimal(node->array, &decimal) == NANOARROW_OK;
}

static bool add_integer(struct ArrowArray *array, struct tn_str text)
{
    int64_t  value;
    uint64_t large;

    if (tn_str_to_i64(text, INT64_MIN, INT64_MAX, &value))
        return ArrowArrayAppendInt(array, value) == NANOARROW_OK;
    return tn_str_to_u64(text, UINT64_MAX, &large) && ArrowArrayAppendUInt(array, large) == NANOARROW_OK;
}

static bool add_float(struct ArrowArray *array, struct tn_str text)
{
    double value;

    if (tn_str_ieq_c(text, "nan"))
        value = NAN;
    else if (tn_str_ieq_c(text, "infinity") || tn_str_ieq_c(text, "-infinity"))
        value = text.ptr[0] == '-' ? -INFINITY : INFINITY;
    else if (!tn_str_to_double(text, &value))
        return false;
    return ArrowArrayAppendDouble(array, value) == NANOARROW_OK;
}

static int hex_digit(char c)
{
    char l = tn_ascii_lower(c);

    return c >= '0' && c <= '9' ? c - '0' : l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

static bool add_bytes(struct ArrowArray *array, struct tn_str bytes)
{
    struct ArrowBufferView view = {.data.data = bytes.ptr, .size_bytes = (int64_t)bytes.len};

    return ArrowArrayAppendBytes(array, view) == NANOARROW_OK;
}

static bool add_uuid(struct ArrowArray *array, struct tn_str text)
{
    unsigned char bytes[UUID_SIZE];
    size_t        digits = 0;

    for (size_t i = 0; i < text.len; i++) {
        int digit = hex_digit(text.ptr[i]);

        if (text.ptr[i] == '-')
            continue;
        if (digit < 0 || digits == 2 * UUID_SIZE)
            return false;
        bytes[digits / 2] = (unsigned char)(digits % 2 == 0 ? digit << 4 : bytes[digits / 2] | digit);
        digits++;
    }
    return digits == 2 * UUID_SIZE && add_bytes(array, tn_str_n((const char *)bytes, UUID_SIZE));
}

/* "\\xHH" for what is not printable, as DuckDB's cast to text has it; or base64. */
static bool add_binary(struct reader *r, struct ArrowArray *array, struct tn_str text)
{
    tn_buf_clear(&r->bytes);
    if (r->kept && !tn_base64_take(&r->bytes, text))
        return false;
    for (size_t i = 0; i < text.len && !r->kept; i++) {
        if (text.ptr[i] == '\\' && i + 3 < text.len && text.ptr[i + 1] == 'x' && hex_digit(text.ptr[i + 2]) >= 0 && hex_digit(text.ptr[i + 3]) >= 0) {
            tn_buf_put_u8(&r->bytes, (uint8_t)(hex_digit(text.ptr[i + 2]) * 16 + hex_digit(text.ptr[i + 3])));
            i += 3;
        } else {
            tn_buf_put_u8(&r->bytes, (uint8_t)text.ptr[i]);
        }
    }
    return !r->bytes.failed && add_bytes(array, tn_buf_str(&r->bytes));
}

static bool add_time(const struct tn_arrow_node *node, struct tn_str text)
{
    int32_t        days;
    int64_t        us;
    enum tn_status status;

    if (node->type == NANOARROW_TYPE_DATE32)
        return tn_pg_date_parse(text, &days, NULL) == TN_OK && ArrowArrayAppendInt(node->array, days) == NANOARROW_OK;
    if (node->type == NANOARROW_TYPE_TIME64)
        status = tn_pg_time_parse(text, &us, NULL) == TN_OK && us < TN_ARROW_DAY_US ? TN_OK : TN_E_INVALID;
    else
        status = node->zoned ? tn_pg_timestamptz_parse(text, NULL, &us, NULL) : tn_pg_timestamp_parse(text, &us, NULL);
    return status == TN_OK && ArrowArrayAppendInt(node->array, us) == NANOARROW_OK;
}

static bool add_interval(struct reader *r, struct ArrowArray *array, struct tn_str text)
{
    struct tn_interval   value;
    struct ArrowInterval interval;

    if (tn_pg_interval_parse(text, r->kept ? TN_PG_INTERVAL_ISO_8601 : TN_PG_INTERVAL_POSTGRES, &value, NULL) != TN_OK)
        return false;
    ArrowIntervalInit(&interval, NANOARROW_TYPE_INTERVAL_MONTH_DAY_NANO);
    interval.months = value.months;
    interval.days = value.days;
    interval.ns = value.nanoseconds;
    return ArrowArrayAppendInterval(array, &interval) == NANOARROW_OK;
}

/* What RAW says, without quotes and escapes; valid until the next call. */
static struct tn_str plain(struct reader *r, struct tn_str raw)
{
    struct tn_str inside = tn_json_inside(raw);

    if (inside.len == raw.len || memchr(inside.ptr, '\\', inside.len) == NULL)
        return inside;
    tn_buf_clear(&r->text);
    tn_rest_row_text(inside, &r->text);
    return tn_buf_str(&r->text);
}

static bool add_scalar(struct reader *r, struct tn_arrow_node *node, struct tn_str raw)
{
    struct tn_str text = plain(r, raw);

    if (r->text.failed)
        return false;
    switch ((int)node->type) {
    case NANOARROW_TYPE_NA: return ArrowArrayAppendNull(node->array, 1) == NANOARROW_OK;
    case NANOARROW_TYPE_BOOL: return ArrowArrayAppendInt(node->array, tn_str_eq_c(text, "true")) == NANOARROW_OK;
    case NANOARROW_TYPE_FLOAT:
    case NANOARROW_TYPE_DOUBLE: return add_float(node->array, text);
    case NANOARROW_TYPE_DECIMAL128: return tn_arrow_add_decimal(node, text);
    case NANOARROW_TYPE_STRING: return add_bytes(node->array, text);
    case NANOARROW_TYPE_BINARY: return add_binary(r, node->array, text);
    case NANOARROW_TYPE_FIXED_SIZE_BINARY: return add_uuid(node->array, text);
    case NANOARROW_TYPE_DATE32:
    case NANOARROW_TYPE_TIME64:
    case NANOARROW_TYPE_TIMESTAMP: return add_time(node, text);
    case NANOARROW_TYPE_INTERVAL_MONTH_DAY_NANO: return add_interval(r, node->array, text);
    default: return add_integer(node->array, text);
    }
}

/* ---- nested ---- */

static bool add_part(struct reader *r, struct tn_arrow_node *node);

static bool add_list(struct reader *r, struct tn_arrow_node *node)
{
    if (!tn_json_take(&r->scan, '['))
        return false;
    for (size_t i = 0; !tn_json_take(&r->scan, ']'); i++)
        if ((i > 0 && !tn_json_take(&r->scan, ',')) || !add_part(r, &node->parts[0]))
            return false;
    return true;
}

static bool add_record(struct reader *r, struct tn_arrow_node *node)
{
    bool          named = tn_json_peek(&r->scan) == '{';
    struct tn_str name;

    if (!tn_json_take(&r->scan, '{') && !tn_json_take(&r->scan, '['))
        return false;
    for (size_t i = 0; i < node->count; i++) {
        if (i > 0 && !tn_json_take(&r->scan, ','))
            return false;
        if ((named && !(tn_json_take_string(&r->scan, &name) && tn_json_take(&r->scan, ':'))) || !add_part(r, &node->parts[i]))
            return false;
    }
    return tn_json_take(&r->scan, named ? '}' : ']');
}

/* The key is a text whatever its type. */
static bool add_key(struct reader *r, struct tn_arrow_node *node, struct tn_str key)
{
    struct tn_json_scan outer = r->scan;
    struct tn_buf       text;
    bool                ok;

    if (node->count == 0)
        return add_scalar(r, node, key);
    tn_buf_init(&text, TEXT_MAX);
    tn_rest_row_text(tn_json_inside(key), &text);
    r->scan = (struct tn_json_scan){.text = tn_buf_str(&text)};
    ok = !text.failed && add_part(r, node);
    r->scan = outer;
    tn_buf_reset(&text);
    return ok;
}

static bool add_map(struct reader *r, struct tn_arrow_node *node)
{
    struct tn_arrow_node *entries = &node->parts[0];
    struct tn_str         key;

    if (!tn_json_take(&r->scan, '{'))
        return false;
    for (size_t i = 0; !tn_json_take(&r->scan, '}'); i++) {
        if (i > 0 && !tn_json_take(&r->scan, ','))
            return false;
        if (!tn_json_take_string(&r->scan, &key) || !tn_json_take(&r->scan, ':') || !add_key(r, &entries->parts[0], key) ||
            !add_part(r, &entries->parts[1]) || ArrowArrayFinishElement(entries->array) != NANOARROW_OK)
            return false;
    }
    return true;
}

static bool add_nested(struct reader *r, struct tn_arrow_node *node)
{
    bool ok = node->type == NANOARROW_TYPE_LIST ? add_list(r, node) : node->type == NANOARROW_TYPE_STRUCT ? add_record(r, node) : add_map(r, node);

    return ok && ArrowArrayFinishElement(node->array) == NANOARROW_OK;
}

static bool add_part(struct reader *r, struct tn_arrow_node *node)
{
    struct tn_str raw;

    if (node->count > 0 && tn_json_peek(&r->scan) != 'n')
        return add_nested(r, node);
    if (!tn_json_take_any(&r->scan, &raw))
        return false;
    if (tn_str_eq_c(raw, "null"))
        return ArrowArrayAppendNull(node->array, 1) == NANOARROW_OK;
    return node->count == 0 && add_scalar(r, node, raw);
}

static void end_reader(struct reader *r)
{
    tn_buf_reset(&r->text);
    tn_buf_reset(&r->bytes);
}

static void begin_reader(struct reader *r, struct tn_str text, bool kept)
{
    *r = (struct reader){.scan.text = text, .kept = kept};
    tn_buf_init(&r->text, TEXT_MAX);
    tn_buf_init(&r->bytes, TEXT_MAX);
}

bool tn_arrow_add_json(struct tn_arrow_node *node, struct tn_str json)
{
    struct reader r;
    bool          ok;

    begin_reader(&r, json, false);
    ok = add_part(&r, node);
    end_reader(&r);
    return ok;
}

/* ---- kept rows ---- */

/* One value of a row. Lists, records and maps stand in it as texts. */
static bool add_kept(struct reader *r, struct tn_arrow_node *node)
{
    struct tn_buf json;
    struct tn_str raw;
    bool          ok;

    if (node->count == 0 || tn_json_peek(&r->scan) == 'n')
        return add_part(r, node);
    if (!tn_json_take_string(&r->scan, &raw))
        return false;
    tn_buf_init(&json, TEXT_MAX);
    tn_rest_row_text(tn_json_inside(raw), &json);
    ok = !json.failed && tn_arrow_add_json(node, tn_buf_str(&json));
    tn_buf_reset(&json);
    return ok;
}

bool tn_arrow_add_row(struct tn_arrow_node *node, struct tn_str row)
{
    struct reader r;
    bool          ok;

    begin_reader(&r, row, true);
    ok = tn_json_take(&r.scan, '[');
    for (size_t i = 0; i < node->count && ok; i++)
        ok = (i == 0 || tn_json_take(&r.scan, ',')) && add_kept(&r, &node->parts[i]);
    ok = ok && tn_json_take(&r.scan, ']') && ArrowArrayFinishElement(node->array) == NANOARROW_OK;
    end_reader(&r);
    return ok;
}
#endif
