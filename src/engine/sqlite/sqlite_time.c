#include "engine/sqlite/sqlite_time.h"

#include "base/civil.h"

static const int64_t SECOND_US = 1000000;
static const int64_t DAY_US = INT64_C(86400000000);

/* What is left to read; `ok` falls and stays down. */
struct reader {
    struct tn_str text;
    bool          ok;
};

static int64_t read_digits(struct reader *r, size_t count)
{
    int64_t value = 0;

    if (r->text.len < count)
        r->ok = false;
    for (size_t i = 0; r->ok && i < count; i++) {
        char c = r->text.ptr[i];

        r->ok = c >= '0' && c <= '9';
        value = value * 10 + (c - '0');
    }
    if (r->ok)
        r->text = tn_str_n(r->text.ptr + count, r->text.len - count);
    return r->ok ? value : 0;
}

static bool skip(struct reader *r, char c)
{
    if (!r->ok || r->text.len == 0 || r->text.ptr[0] != c)
        return false;
    r->text = tn_str_n(r->text.ptr + 1, r->text.len - 1);
    return true;
}

static int64_t read_days(struct reader *r)
{
    int64_t year = read_digits(r, 4), month, day;

    r->ok = r->ok && skip(r, '-');
    month = read_digits(r, 2);
    r->ok = r->ok && skip(r, '-');
    day = read_digits(r, 2);
    r->ok = r->ok && month >= 1 && month <= 12 && day >= 1 && day <= tn_civil_month_days(year, (unsigned)month);
    return r->ok ? tn_civil_to_days(year, (unsigned)month, (unsigned)day) : 0;
}

static int64_t read_fraction(struct reader *r)
{
    int64_t us = 0, unit = SECOND_US / 10;
    size_t  digits = 0;

    while (r->text.len > 0 && r->text.ptr[0] >= '0' && r->text.ptr[0] <= '9') {
        int64_t digit = read_digits(r, 1);

        r->ok = r->ok && (unit > 0 || digit == 0);
        us += digit * unit;
        unit /= 10;
        digits++;
    }
    r->ok = r->ok && digits > 0;
    return us;
}

static int64_t read_clock(struct reader *r)
{
    int64_t hours = read_digits(r, 2), minutes, seconds = 0, us = 0;

    r->ok = r->ok && skip(r, ':');
    minutes = read_digits(r, 2);
    if (skip(r, ':')) {
        seconds = read_digits(r, 2);
        if (skip(r, '.'))
            us = read_fraction(r);
    }
    r->ok = r->ok && hours <= 23 && minutes <= 59 && seconds <= 59;
    return ((hours * 60 + minutes) * 60 + seconds) * SECOND_US + us;
}

static int32_t read_offset(struct reader *r)
{
    int64_t hours, minutes;
    bool    west;

    while (skip(r, ' '))
        ;
    if (skip(r, 'Z') || r->text.len == 0)
        return 0;
    west = skip(r, '-');
    r->ok = r->ok && (west || skip(r, '+'));
    hours = read_digits(r, 2);
    minutes = skip(r, ':') || r->text.len > 0 ? read_digits(r, 2) : 0;
    r->ok = r->ok && hours <= 15 && minutes <= 59;
    return (int32_t)((hours * 60 + minutes) * (west ? -60 : 60));
}

bool tn_sqlite_read_date(struct tn_str text, int32_t *days)
{
    struct reader r = {text, true};

    *days = (int32_t)read_days(&r);
    return r.ok && r.text.len == 0;
}

bool tn_sqlite_read_time(struct tn_str text, int64_t *us)
{
    struct reader r = {text, true};

    *us = read_clock(&r);
    return r.ok && r.text.len == 0;
}

bool tn_sqlite_read_timestamp(struct tn_str text, int64_t *us, int32_t *offset_s)
{
    struct reader r = {text, true};

    *us = read_days(&r) * DAY_US;
    *offset_s = 0;
    if (r.ok && r.text.len > 0) {
        r.ok = skip(&r, ' ') || skip(&r, 'T');
        *us += read_clock(&r);
        *offset_s = read_offset(&r);
        *us -= *offset_s * SECOND_US;
    }
    return r.ok && r.text.len == 0;
}

static int write_days(char out[TN_SQLITE_TIME_TEXT], int64_t days)
{
    struct tn_civil c = tn_civil_from_days(days);

    return snprintf(out, TN_SQLITE_TIME_TEXT, "%04d-%02u-%02u", (int)c.year, c.month, c.day);
}

static void write_clock(char *out, size_t size, int64_t us)
{
    int seconds = (int)(us / SECOND_US), fraction = (int)(us % SECOND_US);
    int n = snprintf(out, size, "%02d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);

    if (fraction != 0)
        snprintf(out + n, size - (size_t)n, ".%06d", fraction);
}

void tn_sqlite_write_date(char out[TN_SQLITE_TIME_TEXT], int32_t days)
{
    if (days == INT32_MAX || days == INT32_MIN)
        snprintf(out, TN_SQLITE_TIME_TEXT, "%s", days > 0 ? "infinity" : "-infinity");
    else
        write_days(out, days);
}

void tn_sqlite_write_time(char out[TN_SQLITE_TIME_TEXT], int64_t us)
{
    write_clock(out, TN_SQLITE_TIME_TEXT, us);
}

void tn_sqlite_write_timestamp(char out[TN_SQLITE_TIME_TEXT], int64_t us)
{
    int64_t days = tn_floor_div(us, DAY_US);
    int     n;

    if (us == INT64_MAX || us == INT64_MIN) {
        snprintf(out, TN_SQLITE_TIME_TEXT, "%s", us > 0 ? "infinity" : "-infinity");
        return;
    }
    n = write_days(out, days);
    out[n] = ' ';
    write_clock(out + n + 1, TN_SQLITE_TIME_TEXT - (size_t)n - 1, us - days * DAY_US);
}
