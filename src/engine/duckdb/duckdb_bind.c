#include "engine/duckdb/duckdb_bind.h"

#include "base/alloc.h"

#include <math.h>

__extension__ typedef __int128 wide;

enum { MAX_DIGITS = 38, MAX_LIST = 1000000 };

static enum tn_status bad(struct tn_error *err, const char *sqlstate, size_t number, const char *why)
{
    tn_fail(err, TN_E_INVALID, sqlstate, "duckDb: parameter $%zu %s", number, why);
    tn_error_blame(err, TN_FAULT_QUERY, false);
    return TN_E_INVALID;
}

/* Text of a decimal number, taken apart. */
struct decimal {
    wide     value;
    unsigned digits; /* without leading zeros */
    unsigned scale;
    bool     fits;   /* in 38 digits */
};

/* "[-]digits[.digits]"; false for anything else. Zeros behind the point count: 1.50 has scale 2. */
static bool read_decimal(struct tn_str text, struct decimal *out)
{
    size_t at = 0, seen = 0;
    bool   negative = false, point = false;

    *out = (struct decimal){.fits = true};
    if (at < text.len && (text.ptr[at] == '-' || text.ptr[at] == '+'))
        negative = text.ptr[at++] == '-';
    for (; at < text.len; at++) {
        char c = text.ptr[at];
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (c < '0' || c > '9')
            return false;
        seen++;
        out->digits += out->digits > 0 || c != '0';
        out->scale += point;
        if (out->digits > MAX_DIGITS || out->scale > MAX_DIGITS)
            out->fits = false;
        else
            out->value = out->value * 10 + (c - '0');
    }
    if (negative)
        out->value = -out->value;
    return seen > 0;
}

static tn_duckdb_value decimal_value(const struct tn_duckdb_api *api, const struct decimal *d)
{
    struct tn_duckdb_decimal decimal = {.width = (uint8_t)TN_MAX(TN_MAX(d->digits, d->scale), 1u), .scale = (uint8_t)d->scale};

    decimal.value.lower = (uint64_t)d->value;
    decimal.value.upper = (int64_t)(d->value >> 64);
    return api->create_decimal(decimal);
}

static enum tn_status make_numeric(const struct tn_duckdb_api *api, struct tn_str text, size_t number, tn_duckdb_value *out,
                                   struct tn_error *err)
{
    struct decimal d;
    double         real;

    if (read_decimal(text, &d)) {
        if (!d.fits)
            return bad(err, "22003", number, "has more than the 38 digits that a DuckDB DECIMAL holds");
        *out = decimal_value(api, &d);
        return TN_OK;
    }
    if (!tn_str_to_double(text, &real))
        return bad(err, "22P02", number, "is not a number");
    *out = api->create_double(real);
    return TN_OK;
}

static tn_duckdb_value make_uuid(const struct tn_duckdb_api *api, const uint8_t bytes[16])
{
    struct tn_duckdb_uhugeint value;

    memcpy(&value.upper, bytes, 8);
    memcpy(&value.lower, bytes + 8, 8);
    value.upper = __builtin_bswap64(value.upper);
    value.lower = __builtin_bswap64(value.lower);
    return api->create_uuid(value);
}

static struct tn_duckdb_micros micros_of(int64_t us)
{
    return (struct tn_duckdb_micros){us == INT64_MIN ? -INT64_MAX : us};
}

static enum tn_status make_temporal(const struct tn_duckdb_api *api, const struct tn_value *value, size_t number,
                                    tn_duckdb_value *out, struct tn_error *err)
{
    int64_t days = value->as.i64;
    int64_t offset;

    switch ((int)value->type) {
    case TN_TYPE_DATE:
        if (days < INT32_MIN || days > INT32_MAX)
            return bad(err, "22008", number, "is a date out of range");
        *out = api->create_date((struct tn_duckdb_date){days == INT32_MIN ? -INT32_MAX : (int32_t)days});
        return TN_OK;
    case TN_TYPE_TIME:      *out = api->create_time((struct tn_duckdb_micros){value->as.i64}); return TN_OK;
    case TN_TYPE_TIMESTAMP: *out = api->create_timestamp(micros_of(value->as.i64)); return TN_OK;
    case TN_TYPE_TIMESTAMPTZ: *out = api->create_timestamp_tz(micros_of(value->as.i64)); return TN_OK;
    case TN_TYPE_INTERVAL:
        *out = api->create_interval((struct tn_duckdb_interval){value->as.interval.months, value->as.interval.days,
                                                               value->as.interval.nanoseconds / 1000});
        return TN_OK;
    default:
        offset = INT64_C(57599) - value->as.timetz.offset_s;
        if (offset < 0 || offset > 2 * INT64_C(57599) || value->as.timetz.time_us < 0 || value->as.timetz.time_us > INT64_C(86400000000))
            return bad(err, "22009", number, "is a time whose zone or value is out of range");
        *out = api->create_time_tz_value((struct tn_duckdb_time_tz){(uint64_t)value->as.timetz.time_us << 24 | (uint64_t)offset});
        return TN_OK;
    }
}

static enum tn_status make_scalar(const struct tn_duckdb_api *api, const struct tn_value *value, size_t number,
                                  tn_duckdb_value *out, struct tn_error *err)
{
    switch (value->type) {
    case TN_TYPE_NULL:    *out = api->create_null_value(); return TN_OK;
    case TN_TYPE_BOOL:    *out = api->create_bool(value->as.boolean); return TN_OK;
    case TN_TYPE_INT8:    *out = api->create_int8((int8_t)value->as.i64); return TN_OK;
    case TN_TYPE_INT16:   *out = api->create_int16((int16_t)value->as.i64); return TN_OK;
    case TN_TYPE_INT32:   *out = api->create_int32((int32_t)value->as.i64); return TN_OK;
    case TN_TYPE_INT64:   *out = api->create_int64(value->as.i64); return TN_OK;
    case TN_TYPE_UINT8:   *out = api->create_uint8((uint8_t)value->as.u64); return TN_OK;
    case TN_TYPE_UINT16:  *out = api->create_uint16((uint16_t)value->as.u64); return TN_OK;
    case TN_TYPE_UINT32:  *out = api->create_uint32((uint32_t)value->as.u64); return TN_OK;
    case TN_TYPE_UINT64:  *out = api->create_uint64(value->as.u64); return TN_OK;
    case TN_TYPE_FLOAT32: *out = api->create_float((float)value->as.f64); return TN_OK;
    case TN_TYPE_FLOAT64: *out = api->create_double(value->as.f64); return TN_OK;
    case TN_TYPE_NUMERIC: return make_numeric(api, value->as.text, number, out, err);
    case TN_TYPE_TEXT:
    case TN_TYPE_JSON:    *out = api->create_varchar_length(value->as.text.ptr == NULL ? "" : value->as.text.ptr, value->as.text.len); return TN_OK;
    case TN_TYPE_BYTES:
        *out = api->create_blob((const uint8_t *)(value->as.text.ptr == NULL ? "" : value->as.text.ptr), value->as.text.len);
        return TN_OK;
    case TN_TYPE_UUID: *out = make_uuid(api, value->as.uuid); return TN_OK;
    case TN_TYPE_DATE:
    case TN_TYPE_TIME:
    case TN_TYPE_TIMETZ:
    case TN_TYPE_TIMESTAMP:
    case TN_TYPE_TIMESTAMPTZ:
    case TN_TYPE_INTERVAL: return make_temporal(api, value, number, out, err);
    default:               return bad(err, "0A000", number, "has a type that cannot be sent to DuckDB");
    }
}

/* DuckDB's type of the items of a list, by what they are. */
static int item_type(enum tn_type type)
{
    static const uint8_t ids[TN_TYPE_COUNT] = {
        [TN_TYPE_BOOL] = TN_DUCKDB_BOOLEAN,       [TN_TYPE_INT8] = TN_DUCKDB_TINYINT,
        [TN_TYPE_INT16] = TN_DUCKDB_SMALLINT,     [TN_TYPE_INT32] = TN_DUCKDB_INTEGER,
        [TN_TYPE_INT64] = TN_DUCKDB_BIGINT,       [TN_TYPE_UINT8] = TN_DUCKDB_UTINYINT,
        [TN_TYPE_UINT16] = TN_DUCKDB_USMALLINT,   [TN_TYPE_UINT32] = TN_DUCKDB_UINTEGER,
        [TN_TYPE_UINT64] = TN_DUCKDB_UBIGINT,     [TN_TYPE_FLOAT32] = TN_DUCKDB_FLOAT,
        [TN_TYPE_FLOAT64] = TN_DUCKDB_DOUBLE,     [TN_TYPE_BYTES] = TN_DUCKDB_BLOB,
        [TN_TYPE_DATE] = TN_DUCKDB_DATE,          [TN_TYPE_TIME] = TN_DUCKDB_TIME,
        [TN_TYPE_TIMETZ] = TN_DUCKDB_TIME_TZ,     [TN_TYPE_TIMESTAMP] = TN_DUCKDB_TIMESTAMP,
        [TN_TYPE_TIMESTAMPTZ] = TN_DUCKDB_TIMESTAMP_TZ, [TN_TYPE_INTERVAL] = TN_DUCKDB_INTERVAL,
        [TN_TYPE_UUID] = TN_DUCKDB_UUID,
    };

    return ids[type] != 0 ? ids[type] : TN_DUCKDB_VARCHAR;
}

/* How many digits before and behind the point hold all items of a NUMERIC list. False: one of them has none, NaN, and DOUBLE must do. */
static bool measure(const struct tn_value *list, unsigned *whole, unsigned *scale)
{
    *whole = 1;
    *scale = 0;
    for (size_t i = 0; i < list->as.list.count; i++) {
        const struct tn_value *item = &list->as.list.items[i];
        struct decimal         d;
        if (item->type == TN_TYPE_NULL)
            continue;
        if (!read_decimal(item->as.text, &d) || !d.fits)
            return false;
        *whole = TN_MAX(*whole, d.digits > d.scale ? d.digits - d.scale : 0);
        *scale = TN_MAX(*scale, d.scale);
    }
    return true;
}

/* NULL: no one DECIMAL holds the items of a NUMERIC list, and as DOUBLE they would be others. */
static tn_duckdb_logical list_item_type(const struct tn_duckdb_api *api, const struct tn_value *list)
{
    enum tn_type type = list->type;
    unsigned     whole, scale;

    for (size_t i = 0; type == TN_TYPE_NULL && i < list->as.list.count; i++)
        type = list->as.list.items[i].type;
    if (type != TN_TYPE_NUMERIC)
        return api->create_logical_type(item_type(type));
    if (!measure(list, &whole, &scale))
        return api->create_logical_type(TN_DUCKDB_DOUBLE);
    return whole + scale > MAX_DIGITS ? NULL : api->create_decimal_type((uint8_t)(whole + scale), (uint8_t)scale);
}

static enum tn_status make_list(const struct tn_duckdb_api *api, const struct tn_value *list, size_t number, tn_duckdb_value *out,
                                struct tn_error *err)
{
    size_t            count = list->as.list.count, made = 0;
    tn_duckdb_value  *items;
    tn_duckdb_logical type;
    enum tn_status    status = TN_OK;

    if (count > MAX_LIST)
        return bad(err, "54000", number, "is an array of more than 1000000 items");
    items = tn_calloc(count + 1, sizeof *items);
    if (items == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "duckDb: no memory for parameter $%zu", number);
    while (made < count && status == TN_OK) {
        status = list->as.list.items[made].is_list ? bad(err, "0A000", number, "is an array of arrays")
                                                   : make_scalar(api, &list->as.list.items[made], number, &items[made], err);
        made += status == TN_OK;
    }
    if (status == TN_OK) {
        type = list_item_type(api, list);
        if (type == NULL)
            status = bad(err, "22003", number, "is an array of numbers that no one DECIMAL of 38 digits holds");
        else
            *out = api->create_list_value(type, items, count);
        api->destroy_logical_type(&type);
    }
    for (size_t i = 0; i < made; i++)
        api->destroy_value(&items[i]);
    tn_free(items);
    return status;
}

enum tn_status tn_duckdb_value_make(const struct tn_duckdb_api *api, const struct tn_value *value, size_t number,
                                    tn_duckdb_value *out, struct tn_error *err)
{
    *out = NULL;
    TN_TRY(value->is_list ? make_list(api, value, number, out, err) : make_scalar(api, value, number, out, err));
    return *out != NULL ? TN_OK : bad(err, "22023", number, "cannot be made a DuckDB value");
}

const char *tn_duckdb_type_of_oid(uint32_t oid)
{
    static const struct {
        uint32_t    oid, array_oid;
        const char *name, *array_name;
    } names[] = {
        {16, 1000, "BOOLEAN", "BOOLEAN[]"},       {17, 1001, "BLOB", "BLOB[]"},
        {20, 1016, "BIGINT", "BIGINT[]"},         {21, 1005, "SMALLINT", "SMALLINT[]"},
        {23, 1007, "INTEGER", "INTEGER[]"},       {26, 1028, "UINTEGER", "UINTEGER[]"},
        {700, 1021, "FLOAT", "FLOAT[]"},          {701, 1022, "DOUBLE", "DOUBLE[]"},
        {1700, 1231, "DECIMAL(38,10)", "DECIMAL(38,10)[]"},
        {25, 1009, "VARCHAR", "VARCHAR[]"},       {1043, 1015, "VARCHAR", "VARCHAR[]"},
        {1042, 1014, "VARCHAR", "VARCHAR[]"},     {19, 1003, "VARCHAR", "VARCHAR[]"},
        {114, 199, "JSON", "JSON[]"},             {3802, 3807, "JSON", "JSON[]"},
        {1082, 1182, "DATE", "DATE[]"},           {1083, 1183, "TIME", "TIME[]"},
        {1266, 1270, "TIMETZ", "TIMETZ[]"},       {1114, 1115, "TIMESTAMP", "TIMESTAMP[]"},
        {1184, 1185, "TIMESTAMPTZ", "TIMESTAMPTZ[]"},
        {1186, 1187, "INTERVAL", "INTERVAL[]"},   {2950, 2951, "UUID", "UUID[]"},
    };

    for (size_t i = 0; oid != 0 && i < TN_ARRAY_LEN(names); i++)
        if (names[i].oid == oid || names[i].array_oid == oid)
            return names[i].oid == oid ? names[i].name : names[i].array_name;
    return NULL;
}
