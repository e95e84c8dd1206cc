#include "frontend/trino/trino_nested.h"

#include "base/base64.h"
#include "base/json_scan.h"
#include "frontend/pgwire/pg_interval.h"
#include "frontend/trino/trino_text.h"

enum { MAX_DEPTH = 200, BYTES_MAX = 1 << 30 };

struct reader {
    struct tn_json_scan scan;
    unsigned            depth;
    unsigned            digits; /* of seconds */
    struct tn_buf      *out;
};

/* ---- scalars ---- */

static int hex_digit(char c)
{
    char l = tn_ascii_lower(c);

    return c >= '0' && c <= '9' ? c - '0' : l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

/* Bytes as DuckDB writes them inside JSON: printable ASCII, and \\xHH for the rest. */
static void put_bytes(struct reader *r, struct tn_str text)
{
    struct tn_buf bytes;

    tn_buf_init(&bytes, BYTES_MAX);
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\\' && i + 4 < text.len && text.ptr[i + 1] == '\\' && text.ptr[i + 2] == 'x' && hex_digit(text.ptr[i + 3]) >= 0 &&
            hex_digit(text.ptr[i + 4]) >= 0) {
            tn_buf_put_u8(&bytes, (uint8_t)(hex_digit(text.ptr[i + 3]) * 16 + hex_digit(text.ptr[i + 4])));
            i += 4;
            continue;
        }
        i += text.ptr[i] == '\\' && i + 1 < text.len;
        tn_buf_put_u8(&bytes, (uint8_t)text.ptr[i]);
    }
    r->out->failed = r->out->failed || bytes.failed;
    tn_base64_put_json(r->out, tn_buf_str(&bytes));
    tn_buf_reset(&bytes);
}

enum zone { NO_ZONE, OFFSET, UTC };

static size_t without_zone(struct tn_str text, enum zone zone)
{
    for (size_t i = text.len; zone != NO_ZONE && i-- > 0;) /* its sign, behind the clock */
        if (text.ptr[i] == '+' || text.ptr[i] == '-')
            return i;
    return text.len;
}

/* "..12:34:56.7+00": the seconds with all their digits, and the zone as Trino has it. */
static void put_time(struct reader *r, struct tn_str text, enum zone zone)
{
    size_t   end = without_zone(text, zone);
    unsigned digits = 0;

    tn_buf_put_u8(r->out, '"');
    for (size_t i = 0; i < end; i++) {
        if (digits > 0 || text.ptr[i] == '.')
            digits++;
        if (digits <= r->digits + 1 && !(digits == 1 && r->digits == 0))
            tn_buf_put_u8(r->out, (uint8_t)text.ptr[i]);
    }
    if (digits == 0 && r->digits > 0) {
        tn_buf_put_u8(r->out, '.');
        digits = 1;
    }
    for (; digits < r->digits + 1 && digits > 0; digits++)
        tn_buf_put_u8(r->out, '0');
    if (zone == UTC)
        tn_buf_puts(r->out, " UTC");
    if (zone == OFFSET)
        tn_buf_append(r->out, text.ptr + end, TN_MIN(text.len - end, (size_t)6));
    if (zone == OFFSET && text.len - end == 3)
        tn_buf_puts(r->out, ":00");
    tn_buf_put_u8(r->out, '"');
}

static bool put_interval(struct reader *r, struct tn_str text)
{
    struct tn_interval value;
    char              *end;

    if (tn_pg_interval_parse(text, TN_PG_INTERVAL_POSTGRES, &value, NULL) != TN_OK || !tn_buf_reserve(r->out, TN_TRINO_ROOM))
        return false;
    end = tn_trino_put_interval(r->out->data + r->out->len, &value);
    if (end == NULL)
        return false;
    r->out->len = (size_t)(end - r->out->data);
    return true;
}

/* RAW: of JSON, as it stands there. */
static bool put_raw(struct reader *r, const struct tn_column *column, struct tn_str raw)
{
    switch ((int)column->type) {
    case TN_TYPE_UINT64:
    case TN_TYPE_DECIMAL32:
    case TN_TYPE_DECIMAL64:
    case TN_TYPE_DECIMAL128:
    case TN_TYPE_NUMERIC: tn_trino_put_text(r->out, tn_json_inside(raw)); return true;
    case TN_TYPE_JSON: tn_trino_put_text(r->out, raw); return true;
    case TN_TYPE_BYTES: put_bytes(r, tn_json_inside(raw)); return true;
    case TN_TYPE_TIME:
    case TN_TYPE_TIMESTAMP: put_time(r, tn_json_inside(raw), NO_ZONE); return true;
    case TN_TYPE_TIMETZ: put_time(r, tn_json_inside(raw), OFFSET); return true;
    case TN_TYPE_TIMESTAMPTZ: put_time(r, tn_json_inside(raw), UTC); return true;
    case TN_TYPE_INTERVAL: return put_interval(r, tn_json_inside(raw));
    default: tn_buf_put_str(r->out, raw); return true;
    }
}

static bool put_scalar(struct reader *r, const struct tn_column *column)
{
    struct tn_str raw;

    if (!tn_json_take_any(&r->scan, &raw))
        return false;
    if (!tn_str_eq_c(raw, "null"))
        return put_raw(r, column, raw);
    tn_buf_put_str(r->out, raw);
    return true;
}

/* KEY of a map, a JSON string whatever its type is: numbers stay so. */
static bool put_key(struct reader *r, const struct tn_column *column, struct tn_str key)
{
    if (column->nested == NULL && column->type != TN_TYPE_JSON)
        return put_raw(r, column, key);
    tn_buf_put_str(r->out, key);
    return true;
}

/* ---- nested ---- */

static bool put_part(struct reader *r, const struct tn_column *column);

static bool put_list(struct reader *r, const struct tn_nested *nested)
{
    if (!tn_json_take(&r->scan, '['))
        return false;
    tn_buf_put_u8(r->out, '[');
    for (size_t i = 0; !tn_json_take(&r->scan, ']'); i++) {
        if (i > 0 && !tn_json_take(&r->scan, ','))
            return false;
        if (i > 0)
            tn_buf_put_u8(r->out, ',');
        if (!put_part(r, &nested->parts[0]))
            return false;
    }
    tn_buf_put_u8(r->out, ']');
    return true;
}

static bool put_record(struct reader *r, const struct tn_nested *nested)
{
    bool          named = tn_json_peek(&r->scan) == '{';
    struct tn_str name;

    if (!tn_json_take(&r->scan, '{') && !tn_json_take(&r->scan, '['))
        return false;
    tn_buf_put_u8(r->out, '[');
    for (size_t i = 0; i < nested->count; i++) {
        if (i > 0 && !tn_json_take(&r->scan, ','))
            return false;
        if (i > 0)
            tn_buf_put_u8(r->out, ',');
        if ((named && !(tn_json_take_string(&r->scan, &name) && tn_json_take(&r->scan, ':'))) || !put_part(r, &nested->parts[i]))
            return false;
    }
    tn_buf_put_u8(r->out, ']');
    return tn_json_take(&r->scan, named ? '}' : ']');
}

static bool put_map(struct reader *r, const struct tn_nested *nested)
{
    struct tn_str key;

    if (!tn_json_take(&r->scan, '{'))
        return false;
    tn_buf_put_u8(r->out, '{');
    for (size_t i = 0; !tn_json_take(&r->scan, '}'); i++) {
        if (i > 0 && !tn_json_take(&r->scan, ','))
            return false;
        if (i > 0)
            tn_buf_put_u8(r->out, ',');
        if (!tn_json_take_string(&r->scan, &key) || !tn_json_take(&r->scan, ':') || !put_key(r, &nested->parts[0], key))
            return false;
        tn_buf_put_u8(r->out, ':');
        if (!put_part(r, &nested->parts[1]))
            return false;
    }
    tn_buf_put_u8(r->out, '}');
    return true;
}

static bool put_part(struct reader *r, const struct tn_column *column)
{
    const struct tn_nested *nested = column->nested;
    bool                    ok;

    if (nested == NULL || tn_json_peek(&r->scan) == 'n')
        return put_scalar(r, column);
    if (r->depth == MAX_DEPTH || r->out->failed)
        return false;
    r->depth++;
    ok = nested->nesting == TN_NESTING_LIST     ? put_list(r, nested)
         : nested->nesting == TN_NESTING_RECORD ? put_record(r, nested)
                                                : put_map(r, nested);
    r->depth--;
    return ok;
}

enum tn_status tn_trino_put_nested(struct tn_buf *out, const struct tn_column *column, struct tn_str json, bool parametric,
                                   struct tn_error *err)
{
    struct reader r = {.scan = {.text = json}, .digits = parametric ? 6 : 3, .out = out};

    if (put_part(&r, column) || out->failed)
        return TN_OK; /* out->failed is the caller's to see */
    tn_fail(err, TN_E_INVALID, "22003", "column \"" TN_STR_FMT "\": a value that Trino's type cannot hold", TN_STR_ARG(column->name));
    tn_error_hint(err, "Cast the column to varchar to see it.");
    return TN_E_INVALID;
}
