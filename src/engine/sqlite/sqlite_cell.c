#include "engine/sqlite/sqlite_cell.h"

#include "engine/sqlite/sqlite_time.h"

#include <inttypes.h>
#include <math.h>

static const double TWO_63 = 9223372036854775808.0;

bool tn_sqlite_cell_read(struct tn_sqlite_cell *cell, sqlite3_stmt *stmt, int column)
{
    cell->class = sqlite3_column_type(stmt, column);
    cell->i64 = 0;
    switch (cell->class) {
    case SQLITE_INTEGER: cell->i64 = sqlite3_column_int64(stmt, column); break;
    case SQLITE_FLOAT: cell->f64 = sqlite3_column_double(stmt, column); break;
    case SQLITE_TEXT: cell->text.ptr = (const char *)sqlite3_column_text(stmt, column); break;
    case SQLITE_BLOB: cell->text.ptr = sqlite3_column_blob(stmt, column); break;
    default: return true;
    }
    if (cell->class != SQLITE_TEXT && cell->class != SQLITE_BLOB)
        return true;
    cell->text.len = (size_t)sqlite3_column_bytes(stmt, column);
    if (cell->text.ptr == NULL && cell->class == SQLITE_TEXT)
        return false;
    if (cell->text.ptr == NULL) { /* an empty blob has no address */
        cell->text.ptr = "";
        return cell->text.len == 0;
    }
    return true;
}

const char *tn_sqlite_class_name(int class)
{
    static const char *const names[] = {
        [SQLITE_INTEGER] = "an integer", [SQLITE_FLOAT] = "a real number", [SQLITE_TEXT] = "text",
        [SQLITE_BLOB] = "a blob",        [SQLITE_NULL] = "null",
    };

    return class >= SQLITE_INTEGER && class <= SQLITE_NULL ? names[class] : "?";
}

bool tn_sqlite_is_wide(sqlite3_int64 value)
{
    double as_double = (double)value;

    return as_double >= TWO_63 || (sqlite3_int64)as_double != value;
}

static bool put_number(struct tn_sqlite_value *out, int len)
{
    out->text = tn_str_n(out->number, (size_t)len);
    return len > 0 && len < (int)sizeof out->number;
}

/* The shortest digits that read back as VALUE, with SCALE decimals at least and no exponent. */
static bool write_plain(double value, int scale, struct tn_sqlite_value *out)
{
    char shortest[40], *end;
    int  digits = 15, exponent, decimals;

    if (isnan(value))
        return put_number(out, snprintf(out->number, sizeof out->number, "NaN"));
    if (isinf(value))
        return put_number(out, snprintf(out->number, sizeof out->number, value > 0 ? "Infinity" : "-Infinity"));
    do
        snprintf(shortest, sizeof shortest, "%.*e", digits - 1, value);
    while (strtod(shortest, NULL) != value && ++digits <= 17);
    end = strchr(shortest, 'e');
    exponent = (int)strtol(end + 1, NULL, 10);
    while (digits > 1 && end[-1] == '0') { /* zeros at the end of the fraction say nothing */
        end--;
        digits--;
    }
    decimals = TN_MAX(TN_MAX(digits - 1 - exponent, scale), 0);
    return put_number(out, snprintf(out->number, sizeof out->number, "%.*f", decimals, value));
}

/* Numbers as SQLite itself writes them: 15 digits, always with a point or an exponent. */
static bool write_as_sqlite(double value, struct tn_sqlite_value *out)
{
    if (isinf(value))
        return put_number(out, snprintf(out->number, sizeof out->number, value > 0 ? "Inf" : "-Inf"));
    sqlite3_snprintf((int)sizeof out->number, out->number, "%!.15g", value);
    return put_number(out, (int)strlen(out->number));
}

static bool to_text(const struct tn_sqlite_cell *cell, struct tn_sqlite_value *out)
{
    if (cell->class == SQLITE_INTEGER)
        return put_number(out, snprintf(out->number, sizeof out->number, "%" PRId64, (int64_t)cell->i64));
    if (cell->class == SQLITE_FLOAT)
        return write_as_sqlite(cell->f64, out);
    out->text = cell->text;
    return cell->class == SQLITE_TEXT;
}

static bool to_bytes(const struct tn_sqlite_cell *cell, struct tn_sqlite_value *out)
{
    if (cell->class != SQLITE_BLOB)
        return to_text(cell, out);
    out->text = cell->text;
    return true;
}

static bool to_numeric(const struct tn_sqlite_cell *cell, int scale, struct tn_sqlite_value *out)
{
    int len;

    if (cell->class == SQLITE_FLOAT)
        return write_plain(cell->f64, scale, out);
    if (cell->class != SQLITE_INTEGER)
        return false;
    len = snprintf(out->number, sizeof out->number, "%" PRId64, (int64_t)cell->i64);
    if (scale > 0)
        len += snprintf(out->number + len, sizeof out->number - (size_t)len, ".%0*d", scale, 0);
    return put_number(out, len);
}

static bool to_int64(const struct tn_sqlite_cell *cell, struct tn_sqlite_value *out)
{
    out->as.i64 = cell->i64;
    if (cell->class != SQLITE_FLOAT)
        return cell->class == SQLITE_INTEGER;
    if (!(cell->f64 >= -TWO_63 && cell->f64 < TWO_63) || cell->f64 != floor(cell->f64))
        return false;
    out->as.i64 = (int64_t)cell->f64;
    return true;
}

static bool to_float64(const struct tn_sqlite_cell *cell, struct tn_sqlite_value *out)
{
    out->as.f64 = cell->class == SQLITE_FLOAT ? cell->f64 : (double)cell->i64;
    return cell->class == SQLITE_FLOAT || (cell->class == SQLITE_INTEGER && !tn_sqlite_is_wide(cell->i64));
}

static bool to_bool(const struct tn_sqlite_cell *cell, struct tn_sqlite_value *out)
{
    static const char *const yes[] = {"true", "t"}, *const no[] = {"false", "f"};

    out->as.boolean = cell->i64 == 1;
    if (cell->class == SQLITE_INTEGER)
        return cell->i64 == 0 || cell->i64 == 1;
    for (size_t i = 0; cell->class == SQLITE_TEXT && i < TN_ARRAY_LEN(yes); i++) {
        out->as.boolean = tn_str_ieq_c(cell->text, yes[i]);
        if (out->as.boolean || tn_str_ieq_c(cell->text, no[i]))
            return true;
    }
    return false;
}

static int hex_digit(char c)
{
    c = tn_ascii_lower(c);
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 36 characters with hyphens, 32 without, or the 16 bytes. */
static bool to_uuid(const struct tn_sqlite_cell *cell, struct tn_sqlite_value *out)
{
    struct tn_str text = cell->text;
    size_t        digits = 0;

    if (cell->class == SQLITE_BLOB && text.len == sizeof out->as.bytes) {
        memcpy(out->as.bytes, text.ptr, sizeof out->as.bytes);
        return true;
    }
    if (cell->class != SQLITE_TEXT || (text.len != 36 && text.len != 32))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        bool hyphen = text.len == 36 && (i == 8 || i == 13 || i == 18 || i == 23);
        int  digit = hyphen ? 0 : hex_digit(text.ptr[i]);

        if (hyphen ? text.ptr[i] != '-' : digit < 0)
            return false;
        if (hyphen)
            continue;
        out->as.bytes[digits / 2] = (uint8_t)(digits % 2 == 0 ? digit << 4 : out->as.bytes[digits / 2] | digit);
        digits++;
    }
    return true;
}

static bool to_time(const struct tn_sqlite_cell *cell, enum tn_type type, struct tn_sqlite_value *out)
{
    int32_t offset_s;

    if (cell->class != SQLITE_TEXT)
        return false;
    if (type == TN_TYPE_DATE)
        return tn_sqlite_read_date(cell->text, &out->as.i32);
    if (type == TN_TYPE_TIME)
        return tn_sqlite_read_time(cell->text, &out->as.i64);
    return tn_sqlite_read_timestamp(cell->text, &out->as.i64, &offset_s) &&
           (type == TN_TYPE_TIMESTAMPTZ || offset_s == 0);
}

bool tn_sqlite_cell_convert(const struct tn_sqlite_cell *cell, struct tn_sqlite_type type, struct tn_sqlite_value *out)
{
    switch (type.type) {
    case TN_TYPE_BOOL: return to_bool(cell, out);
    case TN_TYPE_INT64: return to_int64(cell, out);
    case TN_TYPE_FLOAT64: return to_float64(cell, out);
    case TN_TYPE_NUMERIC: return to_numeric(cell, type.scale, out);
    case TN_TYPE_BYTES: return to_bytes(cell, out);
    case TN_TYPE_UUID: return to_uuid(cell, out);
    case TN_TYPE_DATE:
    case TN_TYPE_TIME:
    case TN_TYPE_TIMESTAMP:
    case TN_TYPE_TIMESTAMPTZ: return to_time(cell, type.type, out);
    case TN_TYPE_TEXT:
    case TN_TYPE_JSON: return to_text(cell, out);
    default: return false;
    }
}
