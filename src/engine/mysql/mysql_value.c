/* Values of rows, text and binary (MySQL source documentation, "Text Resultset", "Binary Protocol Value"). */
#include "base/civil.h"
#include "engine/mysql/mysql_column.h"

#define DAY_US INT64_C(86400000000)

struct moment {
    int64_t  year;
    unsigned month, day;
    int64_t  time_us; /* of the day, or of an interval; with its sign */
};

static enum tn_status misread(struct tn_error *err, const char *what, struct tn_str text)
{
    size_t shown = tn_utf8_valid_prefix(text.ptr, TN_MIN(text.len, (size_t)40));

    return tn_fail(err, TN_E_ENGINE, "08P01", "the server sent a %s that cannot be read: \"%.*s\"", what, (int)shown, text.ptr);
}

static enum tn_status not_a_row(struct tn_error *err)
{
    return tn_fail(err, TN_E_CONNECTION, "08P01", "the server sent a row that does not have the columns it announced");
}

/* ---- dates and times ---- */

/* A zero in a date stands for no date at all. */
static enum tn_status put_moment(struct tn_mysql_values *v, size_t i, const struct moment *m, struct tn_error *err)
{
    enum tn_type type = v->schema->columns[i].type;
    int64_t      days, us;

    if (m->month == 0 || m->day == 0 || m->month > 12 || m->day > 31) {
        v->zero_date = true;
        return tn_builder_null(v->builder, i, err);
    }
    days = tn_civil_to_days(m->year, m->month, m->day);
    if (type == TN_TYPE_DATE)
        return tn_builder_i64(v->builder, i, days, err);
    us = days * DAY_US + m->time_us;
    if (type == TN_TYPE_TIMESTAMPTZ && v->tz != NULL)
        us -= (int64_t)tn_tz_local_offset(v->tz, tn_floor_div(us, 1000000)) * 1000000;
    return tn_builder_i64(v->builder, i, us, err);
}

static enum tn_status put_interval(struct tn_mysql_values *v, size_t i, int64_t us, struct tn_error *err)
{
    struct tn_value value = {.type = TN_TYPE_INTERVAL, .as.interval = {.nanoseconds = us * 1000}};

    return tn_builder_value(v->builder, i, &value, err);
}

static bool get_number(const char **at, const char *end, int64_t *out)
{
    const char *start = *at;

    for (*out = 0; *at < end && **at >= '0' && **at <= '9' && *at - start < 9; (*at)++)
        *out = *out * 10 + (**at - '0');
    return *at > start;
}

static bool get_char(const char **at, const char *end, char c)
{
    if (*at >= end || **at != c)
        return false;
    (*at)++;
    return true;
}

/* [-]H:MM:SS[.ffffff] */
static bool read_time(const char **at, const char *end, int64_t *us)
{
    bool    minus = get_char(at, end, '-');
    int64_t hours, minutes, seconds, unit = 100000;

    if (!get_number(at, end, &hours) || !get_char(at, end, ':') || !get_number(at, end, &minutes) || !get_char(at, end, ':') ||
        !get_number(at, end, &seconds))
        return false;
    if (hours > 10000 || minutes > 59 || seconds > 59)
        return false;
    *us = ((hours * 60 + minutes) * 60 + seconds) * 1000000;
    if (get_char(at, end, '.'))
        for (; *at < end && **at >= '0' && **at <= '9'; (*at)++, unit /= 10)
            *us += (**at - '0') * unit;
    *us = minus ? -*us : *us;
    return true;
}

static bool read_moment(struct tn_str text, struct moment *m)
{
    const char *at = text.ptr, *end = text.ptr + text.len;
    int64_t     month, day;

    *m = (struct moment){.time_us = 0};
    if (!get_number(&at, end, &m->year) || !get_char(&at, end, '-') || !get_number(&at, end, &month) || !get_char(&at, end, '-') ||
        !get_number(&at, end, &day) || m->year > 9999)
        return false;
    m->month = (unsigned)month;
    m->day = (unsigned)day;
    if (at == end)
        return true;
    return get_char(&at, end, ' ') && read_time(&at, end, &m->time_us) && at == end;
}

/* ---- text ---- */

static enum tn_status put_bits(struct tn_mysql_values *v, size_t i, struct tn_str text, struct tn_error *err)
{
    uint64_t bits = 0;

    if (text.len > 8)
        return misread(err, "BIT", tn_str("?"));
    for (size_t n = 0; n < text.len; n++)
        bits = bits << 8 | (uint8_t)text.ptr[n];
    if (v->schema->columns[i].type == TN_TYPE_BOOL)
        return tn_builder_bool(v->builder, i, bits != 0, err);
    return tn_builder_u64(v->builder, i, bits, err);
}

static enum tn_status put_text(struct tn_mysql_values *v, size_t i, struct tn_str text, struct tn_error *err)
{
    if (tn_utf8_valid_prefix(text.ptr, text.len) == text.len)
        return tn_builder_bytes(v->builder, i, text, err);
    return tn_fail(err, TN_E_ENGINE, "22021", "column \"" TN_STR_FMT "\" holds text that is not UTF-8", TN_STR_ARG(v->schema->columns[i].name));
}

/* [-]digits[.digits]: others read it as a number. */
static bool is_decimal(struct tn_str text)
{
    size_t digits = 0, points = 0;

    for (size_t i = text.len > 0 && text.ptr[0] == '-' ? 1 : 0; i < text.len; i++) {
        bool digit = text.ptr[i] >= '0' && text.ptr[i] <= '9';

        if (!digit && text.ptr[i] != '.')
            return false;
        digits += digit ? 1 : 0;
        points += digit ? 0 : 1;
    }
    return digits > 0 && points <= 1;
}

static enum tn_status put_integer(struct tn_mysql_values *v, size_t i, struct tn_str text, struct tn_error *err)
{
    int64_t  number;
    uint64_t large;

    if (v->kinds[i].is_unsigned) {
        if (!tn_str_to_u64(text, UINT64_MAX, &large))
            return misread(err, "number", text);
        return tn_builder_u64(v->builder, i, large, err);
    }
    if (!tn_str_to_i64(text, INT64_MIN, INT64_MAX, &number))
        return misread(err, "number", text);
    return tn_builder_i64(v->builder, i, number, err);
}

static enum tn_status put_time(struct tn_mysql_values *v, size_t i, struct tn_str text, struct tn_error *err)
{
    const char *at = text.ptr, *end = text.ptr + text.len;
    int64_t     us;

    if (!read_time(&at, end, &us) || at != end)
        return misread(err, "time", text);
    return put_interval(v, i, us, err);
}

static enum tn_status put_text_value(struct tn_mysql_values *v, size_t i, struct tn_str text, struct tn_error *err)
{
    struct moment m;
    double        number;

    switch (v->schema->columns[i].type) {
    case TN_TYPE_BYTES:
        return tn_builder_bytes(v->builder, i, text, err);
    case TN_TYPE_NUMERIC:
        return is_decimal(text) ? tn_builder_bytes(v->builder, i, text, err) : misread(err, "number", text);
    case TN_TYPE_TEXT:
    case TN_TYPE_JSON:
        return put_text(v, i, text, err);
    case TN_TYPE_FLOAT32:
    case TN_TYPE_FLOAT64:
        if (!tn_str_to_double(text, &number))
            return misread(err, "number", text);
        return tn_builder_f64(v->builder, i, number, err);
    case TN_TYPE_DATE:
    case TN_TYPE_TIMESTAMP:
    case TN_TYPE_TIMESTAMPTZ:
        if (!read_moment(text, &m))
            return misread(err, "date", text);
        return put_moment(v, i, &m, err);
    case TN_TYPE_INTERVAL:
        return put_time(v, i, text, err);
    default:
        return v->kinds[i].type == TN_MY_TYPE_BIT ? put_bits(v, i, text, err) : put_integer(v, i, text, err);
    }
}

enum tn_status tn_mysql_text_row(struct tn_mysql_values *v, struct tn_str message, struct tn_error *err)
{
    struct tn_my_cursor in = tn_my_cursor_of(message);

    tn_builder_begin(v->builder);
    for (size_t i = 0; i < v->schema->count; i++) {
        bool          is_null = false;
        struct tn_str text = tn_my_get_lenenc_str(&in, &is_null);

        if (in.failed)
            return not_a_row(err);
        if (is_null)
            TN_TRY(tn_builder_null(v->builder, i, err));
        else
            TN_TRY(put_text_value(v, i, text, err));
    }
    return tn_my_left(&in) > 0 ? not_a_row(err) : tn_builder_end(v->builder, err);
}

/* ---- binary ---- */

static enum tn_status put_binary_moment(struct tn_mysql_values *v, size_t i, struct tn_my_cursor *in, struct tn_error *err)
{
    uint8_t       len = tn_my_get_u8(in);
    struct moment m = {.time_us = 0};

    if (len != 0 && len != 4 && len != 7 && len != 11)
        return not_a_row(err);
    if (len >= 4) {
        m.year = tn_my_get_u16(in);
        m.month = tn_my_get_u8(in);
        m.day = tn_my_get_u8(in);
    }
    if (len >= 7) {
        int64_t hours = tn_my_get_u8(in), minutes = tn_my_get_u8(in), seconds = tn_my_get_u8(in);

        m.time_us = ((hours * 60 + minutes) * 60 + seconds) * 1000000;
    }
    if (len == 11)
        m.time_us += tn_my_get_u32(in);
    return in->failed ? not_a_row(err) : put_moment(v, i, &m, err);
}

static enum tn_status put_binary_time(struct tn_mysql_values *v, size_t i, struct tn_my_cursor *in, struct tn_error *err)
{
    uint8_t len = tn_my_get_u8(in);
    bool    minus = false;
    int64_t us = 0;

    if (len != 0 && len != 8 && len != 12)
        return not_a_row(err);
    if (len >= 8) {
        int64_t days, hours, minutes, seconds;

        minus = tn_my_get_u8(in) != 0;
        days = tn_my_get_u32(in) % 100000;
        hours = tn_my_get_u8(in);
        minutes = tn_my_get_u8(in);
        seconds = tn_my_get_u8(in);
        us = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000000;
    }
    if (len == 12)
        us += tn_my_get_u32(in);
    return in->failed ? not_a_row(err) : put_interval(v, i, minus ? -us : us, err);
}

static enum tn_status put_binary_integer(struct tn_mysql_values *v, size_t i, struct tn_my_cursor *in, struct tn_error *err)
{
    bool    is_unsigned = v->kinds[i].is_unsigned || v->kinds[i].type == TN_MY_TYPE_YEAR;
    int64_t number;

    switch (v->kinds[i].type) {
    case TN_MY_TYPE_TINY:
        number = is_unsigned ? tn_my_get_u8(in) : (int8_t)tn_my_get_u8(in);
        break;
    case TN_MY_TYPE_SHORT:
    case TN_MY_TYPE_YEAR:
        number = is_unsigned ? tn_my_get_u16(in) : (int16_t)tn_my_get_u16(in);
        break;
    case TN_MY_TYPE_LONG:
    case TN_MY_TYPE_INT24:
        number = is_unsigned ? (int64_t)tn_my_get_u32(in) : (int64_t)(int32_t)tn_my_get_u32(in);
        break;
    default:
        if (is_unsigned) {
            uint64_t large = tn_my_get_u64(in);

            return in->failed ? not_a_row(err) : tn_builder_u64(v->builder, i, large, err);
        }
        number = (int64_t)tn_my_get_u64(in);
    }
    return in->failed ? not_a_row(err) : tn_builder_i64(v->builder, i, number, err);
}

static enum tn_status put_binary_float(struct tn_mysql_values *v, size_t i, struct tn_my_cursor *in, struct tn_error *err)
{
    double   number;
    float    single;
    uint32_t four;
    uint64_t eight;

    if (v->kinds[i].type == TN_MY_TYPE_FLOAT) {
        four = tn_my_get_u32(in);
        memcpy(&single, &four, sizeof single);
        number = (double)single;
    } else {
        eight = tn_my_get_u64(in);
        memcpy(&number, &eight, sizeof number);
    }
    return in->failed ? not_a_row(err) : tn_builder_f64(v->builder, i, number, err);
}

static enum tn_status put_binary_value(struct tn_mysql_values *v, size_t i, struct tn_my_cursor *in, struct tn_error *err)
{
    struct tn_str text;

    switch (v->kinds[i].type) {
    case TN_MY_TYPE_TINY: case TN_MY_TYPE_SHORT: case TN_MY_TYPE_YEAR: case TN_MY_TYPE_LONG: case TN_MY_TYPE_INT24:
    case TN_MY_TYPE_LONGLONG:
        return put_binary_integer(v, i, in, err);
    case TN_MY_TYPE_FLOAT: case TN_MY_TYPE_DOUBLE:
        return put_binary_float(v, i, in, err);
    case TN_MY_TYPE_DATE: case TN_MY_TYPE_DATETIME: case TN_MY_TYPE_TIMESTAMP:
        return put_binary_moment(v, i, in, err);
    case TN_MY_TYPE_TIME:
        return put_binary_time(v, i, in, err);
    case TN_MY_TYPE_NULL:
        return tn_builder_null(v->builder, i, err);
    default:
        text = tn_my_get_lenenc_str(in, NULL);
        return in->failed ? not_a_row(err) : put_text_value(v, i, text, err);
    }
}

/* A zero, the nulls as bits from bit 2 on, the values that are not null. */
enum tn_status tn_mysql_binary_row(struct tn_mysql_values *v, struct tn_str message, struct tn_error *err)
{
    struct tn_my_cursor in = tn_my_cursor_of(message);
    struct tn_str       nulls;

    tn_my_get_u8(&in);
    nulls = tn_my_get_bytes(&in, (v->schema->count + 9) / 8);
    if (in.failed)
        return not_a_row(err);
    tn_builder_begin(v->builder);
    for (size_t i = 0; i < v->schema->count; i++) {
        if (tn_bit_get((const uint8_t *)nulls.ptr, (int64_t)i + 2))
            TN_TRY(tn_builder_null(v->builder, i, err));
        else
            TN_TRY(put_binary_value(v, i, &in, err));
    }
    return tn_my_left(&in) > 0 ? not_a_row(err) : tn_builder_end(v->builder, err);
}
