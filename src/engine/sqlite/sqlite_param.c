#include "engine/sqlite/sqlite_param.h"

#include "base/buf.h"
#include "engine/sqlite/sqlite_error.h"
#include "engine/sqlite/sqlite_time.h"

#include <inttypes.h>
#include <math.h>

enum { MOST_PARAMS = 65535, EXACT_DIGITS = 15 };

static const struct cast {
    const char  *name;
    enum tn_type type;
    uint32_t     oid;
} casts[] = {
    {"int", TN_TYPE_INT64, 23},       {"int4", TN_TYPE_INT64, 23},      {"integer", TN_TYPE_INT64, 23},
    {"bigint", TN_TYPE_INT64, 20},    {"int8", TN_TYPE_INT64, 20},      {"smallint", TN_TYPE_INT64, 21},
    {"int2", TN_TYPE_INT64, 21},      {"float8", TN_TYPE_FLOAT64, 701}, {"double", TN_TYPE_FLOAT64, 701},
    {"float4", TN_TYPE_FLOAT64, 700}, {"real", TN_TYPE_FLOAT64, 700},   {"numeric", TN_TYPE_NUMERIC, 1700},
    {"decimal", TN_TYPE_NUMERIC, 1700}, {"bool", TN_TYPE_BOOL, 16},     {"boolean", TN_TYPE_BOOL, 16},
    {"text", TN_TYPE_TEXT, 25},       {"varchar", TN_TYPE_TEXT, 1043},  {"date", TN_TYPE_TEXT, 1082},
    {"timestamp", TN_TYPE_TEXT, 1114}, {"uuid", TN_TYPE_TEXT, 2950},    {"json", TN_TYPE_TEXT, 114},
};

struct binder {
    sqlite3_stmt     *stmt;
    int               at; /* SQLite's index, from 1 */
    struct tn_arena  *arena;
    struct tn_error  *err;
};

static enum tn_status fail(struct tn_error *err, const char *sqlstate, const char *fmt, struct tn_str text)
{
    char           message[256];
    enum tn_status status;

    snprintf(message, sizeof message, "%s", fmt);
    status = tn_fail(err, TN_E_INVALID, sqlstate, "%s" TN_STR_FMT, message, (int)TN_MIN(text.len, (size_t)200), text.ptr);
    tn_error_blame(err, TN_FAULT_QUERY, false);
    return status;
}

static enum tn_status fail_nomem(struct tn_error *err)
{
    return tn_fail(err, TN_E_NOMEM, "53200", "out of memory while parameters were bound");
}

static const struct cast *find_cast(const char *name)
{
    size_t len = strcspn(name, "(");

    for (size_t i = 0; i < TN_ARRAY_LEN(casts); i++)
        if (tn_str_ieq_c(tn_str_n(name, len), casts[i].name))
            return &casts[i];
    return NULL;
}

/* Which of the client's parameters (from 1) SQLite's AT-th is: "$3", "?3", "?", "$3::int". */
static enum tn_status read_name(sqlite3_stmt *stmt, int at, size_t *number, const struct cast **cast, struct tn_error *err)
{
    const char *name = sqlite3_bind_parameter_name(stmt, at);
    size_t      digits = name != NULL ? strspn(name + 1, "0123456789") : 0;
    const char *rest = name != NULL ? name + 1 + digits : "";
    uint64_t    value;

    *number = (size_t)at;
    *cast = NULL;
    if (name == NULL)
        return TN_OK;
    if (strncmp(rest, "::", 2) == 0) {
        *cast = find_cast(rest + 2);
        if (*cast == NULL)
            return fail(err, "42704", "no such type to cast a parameter to: ", tn_str(rest + 2));
    } else if (rest[0] != '\0') {
        return fail(err, "42P02", "parameters are numbered ($1, $2, ...); there is no parameter ", tn_str(name));
    }
    if (!tn_str_to_u64(tn_str_n(name + 1, digits), MOST_PARAMS, &value) || value == 0)
        return fail(err, "42P02", "there is no parameter ", tn_str(name));
    *number = (size_t)value;
    return TN_OK;
}

enum tn_status tn_sqlite_param_count(sqlite3_stmt *stmt, size_t *count, uint32_t *oids, struct tn_error *err)
{
    int all = sqlite3_bind_parameter_count(stmt);

    *count = 0;
    for (int at = 1; at <= all; at++) {
        const struct cast *cast;
        size_t             number;

        TN_TRY(read_name(stmt, at, &number, &cast, err));
        *count = TN_MAX(*count, number);
        if (oids != NULL && cast != NULL)
            oids[number - 1] = cast->oid;
    }
    return TN_OK;
}

static enum tn_status check(struct binder *b, int rc)
{
    return rc == SQLITE_OK ? TN_OK : tn_sqlite_error(b->err, sqlite3_db_handle(b->stmt), rc, NULL);
}

static enum tn_status bind_text(struct binder *b, struct tn_str text)
{
    const char *ptr = text.ptr != NULL ? text.ptr : "";

    return check(b, sqlite3_bind_text64(b->stmt, b->at, ptr, text.len, SQLITE_STATIC, SQLITE_UTF8));
}

static enum tn_status bind_copy(struct binder *b, const char *text)
{
    const char *copy = tn_arena_strdup(b->arena, tn_str(text));

    return copy != NULL ? bind_text(b, tn_str(copy)) : fail_nomem(b->err);
}

static enum tn_status bind_i64(struct binder *b, int64_t value)
{
    return check(b, sqlite3_bind_int64(b->stmt, b->at, value));
}

static enum tn_status bind_f64(struct binder *b, double value)
{
    if (isnan(value)) /* SQLite would store null */
        return fail(b->err, "22003", "SQLite has no NaN; send NULL or a number", tn_str_n("", 0));
    return check(b, sqlite3_bind_double(b->stmt, b->at, value));
}

static size_t significant_digits(struct tn_str text)
{
    size_t digits = 0;

    for (size_t i = 0; i < text.len && text.ptr[i] != 'e' && text.ptr[i] != 'E'; i++)
        if (text.ptr[i] >= '0' && text.ptr[i] <= '9' && (digits > 0 || text.ptr[i] != '0'))
            digits++;
    return digits;
}

/* An integer when it is one, a double when it holds all digits, else the text (a column of NUMERIC affinity compares
 * and stores that as a number anyway). */
static enum tn_status bind_numeric(struct binder *b, struct tn_str text)
{
    int64_t integer;
    double  real;

    if (tn_str_ieq_c(text, "NaN"))
        return bind_f64(b, (double)NAN);
    if (tn_str_to_i64(text, INT64_MIN, INT64_MAX, &integer))
        return bind_i64(b, integer);
    if (significant_digits(text) <= EXACT_DIGITS && tn_str_to_double(text, &real))
        return bind_f64(b, real);
    return bind_text(b, text);
}

static enum tn_status bind_uuid(struct binder *b, const uint8_t uuid[16])
{
    char   text[37];
    size_t at = 0;

    for (int i = 0; i < 16; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
                               uuid[i]);
    return bind_copy(b, text);
}

/* Hours alone are as PostgreSQL writes them, and MySQL its times, which may be below zero: -01:02:03.5. */
static enum tn_status bind_hours(struct binder *b, const char *sign, uint64_t s, uint64_t us)
{
    char text[64], fraction[24] = "";

    if (us > 0)
        snprintf(fraction, sizeof fraction, ".%06" PRIu64, us);
    for (size_t len = strlen(fraction); len > 0 && fraction[len - 1] == '0'; len--)
        fraction[len - 1] = '\0';
    snprintf(text, sizeof text, "%s%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64 "%s", sign, s / 3600, s / 60 % 60, s % 60, fraction);
    return bind_copy(b, text);
}

static enum tn_status bind_interval(struct binder *b, const struct tn_interval *v)
{
    char        text[96];
    const char *sign = v->nanoseconds < 0 ? "-" : "";
    uint64_t    ns = v->nanoseconds < 0 ? UINT64_C(0) - (uint64_t)v->nanoseconds : (uint64_t)v->nanoseconds;
    uint64_t    s = ns / 1000000000, us = ns % 1000000000 / 1000;

    if (v->months == 0 && v->days == 0)
        return bind_hours(b, sign, s, us);
    snprintf(text, sizeof text, "%" PRId32 " mons %" PRId32 " days %s%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64 ".%06" PRIu64,
             v->months, v->days, sign, s / 3600, s / 60 % 60, s % 60, us);
    return bind_copy(b, text);
}

static void write_time(const struct tn_value *v, char text[TN_SQLITE_TIME_TEXT])
{
    if (v->type == TN_TYPE_DATE)
        tn_sqlite_write_date(text, (int32_t)v->as.i64);
    else if (v->type == TN_TYPE_TIME)
        tn_sqlite_write_time(text, v->as.i64);
    else
        tn_sqlite_write_timestamp(text, v->as.i64);
}

static enum tn_status bind_timetz(struct binder *b, const struct tn_value *v)
{
    char    text[TN_SQLITE_TIME_TEXT], zoned[TN_SQLITE_TIME_TEXT + 16];
    int32_t east = v->as.timetz.offset_s, minutes = (east < 0 ? -east : east) / 60;

    tn_sqlite_write_time(text, v->as.timetz.time_us);
    snprintf(zoned, sizeof zoned, "%s%c%02d:%02d", text, east < 0 ? '-' : '+', (int)(minutes / 60), (int)(minutes % 60));
    return bind_copy(b, zoned);
}

/* An item of a list, as JSON. */
static void put_json(struct tn_buf *out, const struct tn_value *v)
{
    char text[TN_SQLITE_TIME_TEXT];

    switch (v->type) {
    case TN_TYPE_NULL: tn_buf_puts(out, "null"); break;
    case TN_TYPE_BOOL: tn_buf_puts(out, v->as.boolean ? "true" : "false"); break;
    case TN_TYPE_INT8:
    case TN_TYPE_INT16:
    case TN_TYPE_INT32:
    case TN_TYPE_INT64: tn_buf_printf(out, "%" PRId64, v->as.i64); break;
    case TN_TYPE_FLOAT32:
    case TN_TYPE_FLOAT64:
        if (isfinite(v->as.f64))
            tn_buf_printf(out, "%.17g", v->as.f64);
        else
            tn_buf_puts(out, "null");
        break;
    case TN_TYPE_NUMERIC: /* NaN and Infinity are no numbers of JSON */
        if (v->as.text.len > 0 && strchr("NIi", v->as.text.ptr[v->as.text.ptr[0] == '-']) != NULL)
            tn_buf_put_json(out, v->as.text);
        else
            tn_buf_put_str(out, v->as.text);
        break;
    case TN_TYPE_JSON: tn_buf_put_str(out, v->as.text); break;
    case TN_TYPE_TEXT: tn_buf_put_json(out, v->as.text); break;
    case TN_TYPE_DATE:
    case TN_TYPE_TIME:
    case TN_TYPE_TIMESTAMP:
    case TN_TYPE_TIMESTAMPTZ: write_time(v, text); tn_buf_put_json(out, tn_str(text)); break;
    case TN_TYPE_UUID:
        tn_buf_puts(out, "\"");
        for (int i = 0; i < 16; i++)
            tn_buf_printf(out, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", v->as.uuid[i]);
        tn_buf_puts(out, "\"");
        break;
    default: out->failed = true; break;
    }
}

static enum tn_status bind_list(struct binder *b, const struct tn_value *v)
{
    enum { MOST_BYTES = 1 << 30 };
    struct tn_buf  json;
    enum tn_status status;
    struct tn_str  copy;

    tn_buf_init(&json, MOST_BYTES);
    tn_buf_puts(&json, "[");
    for (size_t i = 0; i < v->as.list.count; i++) {
        if (i > 0)
            tn_buf_puts(&json, ",");
        put_json(&json, &v->as.list.items[i]);
    }
    tn_buf_puts(&json, "]");
    if (json.failed)
        status = fail(b->err, "0A000", "SQLite cannot take an array of this type as a parameter", tn_str_n("", 0));
    else if (!tn_arena_str(b->arena, tn_buf_str(&json), &copy))
        status = fail_nomem(b->err);
    else
        status = bind_text(b, copy);
    tn_buf_reset(&json);
    return status;
}

static enum tn_status bind_value(struct binder *b, const struct tn_value *v)
{
    char text[TN_SQLITE_TIME_TEXT];

    if (v->is_list)
        return bind_list(b, v);
    switch (v->type) {
    case TN_TYPE_NULL: return check(b, sqlite3_bind_null(b->stmt, b->at));
    case TN_TYPE_BOOL: return bind_i64(b, v->as.boolean ? 1 : 0);
    case TN_TYPE_INT8:
    case TN_TYPE_INT16:
    case TN_TYPE_INT32:
    case TN_TYPE_INT64: return bind_i64(b, v->as.i64);
    case TN_TYPE_UINT8:
    case TN_TYPE_UINT16:
    case TN_TYPE_UINT32: return bind_i64(b, (int64_t)v->as.u64);
    case TN_TYPE_UINT64:
        if (v->as.u64 <= INT64_MAX)
            return bind_i64(b, (int64_t)v->as.u64);
        snprintf(text, sizeof text, "%" PRIu64, v->as.u64);
        return bind_copy(b, text);
    case TN_TYPE_FLOAT32:
    case TN_TYPE_FLOAT64: return bind_f64(b, v->as.f64);
    case TN_TYPE_NUMERIC: return bind_numeric(b, v->as.text);
    case TN_TYPE_TEXT:
    case TN_TYPE_JSON: return bind_text(b, v->as.text);
    case TN_TYPE_BYTES: {
        const char *ptr = v->as.text.ptr != NULL ? v->as.text.ptr : "";

        return check(b, sqlite3_bind_blob64(b->stmt, b->at, ptr, v->as.text.len, SQLITE_STATIC));
    }
    case TN_TYPE_UUID: return bind_uuid(b, v->as.uuid);
    case TN_TYPE_INTERVAL: return bind_interval(b, &v->as.interval);
    case TN_TYPE_TIMETZ: return bind_timetz(b, v);
    case TN_TYPE_DATE:
    case TN_TYPE_TIME:
    case TN_TYPE_TIMESTAMP:
    case TN_TYPE_TIMESTAMPTZ: write_time(v, text); return bind_copy(b, text);
    default: return fail(b->err, "0A000", "SQLite cannot take a parameter of type ", tn_str(tn_type_name(v->type)));
    }
}

static enum tn_status bind_cast(struct binder *b, const struct tn_value *v, const struct cast *cast)
{
    struct tn_str text = v->type == TN_TYPE_TEXT ? tn_str_trim(v->as.text) : tn_str_n(NULL, 0);
    int64_t       integer;
    double        real;

    if (v->type != TN_TYPE_TEXT || v->is_list || cast->type == TN_TYPE_TEXT)
        return bind_value(b, v);
    if (cast->type == TN_TYPE_INT64 && tn_str_to_i64(text, INT64_MIN, INT64_MAX, &integer))
        return bind_i64(b, integer);
    if (cast->type == TN_TYPE_FLOAT64 && tn_str_to_double(text, &real))
        return bind_f64(b, real);
    if (cast->type == TN_TYPE_NUMERIC && tn_str_to_double(text, &real))
        return bind_numeric(b, text);
    if (cast->type == TN_TYPE_BOOL && text.len > 0 && strchr("tTyY1", text.ptr[0]) != NULL)
        return bind_i64(b, 1);
    if (cast->type == TN_TYPE_BOOL && text.len > 0 && strchr("fFnN0", text.ptr[0]) != NULL)
        return bind_i64(b, 0);
    return fail(b->err, "22P02", "invalid input for the type that a parameter is cast to: ", text);
}

enum tn_status tn_sqlite_bind(sqlite3_stmt *stmt, const struct tn_params *params, struct tn_arena *arena,
                              struct tn_error *err)
{
    struct binder b = {.stmt = stmt, .arena = arena, .err = err};
    int           all = sqlite3_bind_parameter_count(stmt);
    size_t        needed;

    if (all == 0)
        return TN_OK;
    TN_TRY(tn_sqlite_param_count(stmt, &needed, NULL, err));
    if (needed > params->count) {
        enum tn_status status = tn_fail(err, TN_E_INVALID, "08P01", "the statement needs %zu parameters, %zu were bound",
                                        needed, params->count);

        tn_error_blame(err, TN_FAULT_QUERY, false);
        return status;
    }
    for (b.at = 1; b.at <= all; b.at++) {
        const struct cast *cast;
        size_t             number;

        TN_TRY(read_name(stmt, b.at, &number, &cast, err));
        if (cast != NULL)
            TN_TRY(bind_cast(&b, &params->items[number - 1].value, cast));
        else
            TN_TRY(bind_value(&b, &params->items[number - 1].value));
    }
    return TN_OK;
}
