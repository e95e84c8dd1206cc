#include "frontend/pgwire/pg_datetime.h"

#include "base/civil.h"
#include "base/clock.h"
#include "base/tz.h"
#include "frontend/pgwire/pg_binary.h"
#include "frontend/pgwire/pg_message.h"

#include <math.h>

#define SECOND_US INT64_C(1000000)
#define DAY_US (86400 * SECOND_US)

enum { MINUTE = 60, HOUR = 3600, MAX_ZONE_HOURS = 15, YEAR_MAX = 5874898 };

enum special { SPECIAL_NONE, SPECIAL_INFINITY, SPECIAL_NEG_INFINITY, SPECIAL_EPOCH };
enum zone { ZONE_NONE, ZONE_OFFSET, ZONE_NAME };

/* What a text says, before it becomes a number. */
struct moment {
    enum special  special;
    bool          has_date, has_time, bad_range;
    int64_t       year; /* 0 = 1 BC */
    unsigned      month, day;
    int64_t       time_us;
    enum zone     zone;
    int32_t       east_s;
    struct tn_str zone_name;
};

struct reader {
    const char *at, *end;
};

static bool is_digit(const struct reader *r)
{
    return r->at < r->end && *r->at >= '0' && *r->at <= '9';
}

static bool is_letter(const struct reader *r)
{
    return r->at < r->end && tn_ascii_lower(*r->at) >= 'a' && tn_ascii_lower(*r->at) <= 'z';
}

static bool peek(const struct reader *r, char c)
{
    return r->at < r->end && *r->at == c;
}

static bool take(struct reader *r, char c)
{
    if (!peek(r, c))
        return false;
    r->at++;
    return true;
}

static void skip_blanks(struct reader *r)
{
    while (peek(r, ' '))
        r->at++;
}

/* LEAST to MOST digits. */
static bool take_digits(struct reader *r, unsigned least, unsigned most, unsigned *out)
{
    unsigned digits = 0;

    for (*out = 0; digits < most && is_digit(r); digits++)
        *out = *out * 10 + (unsigned)(*r->at++ - '0');
    return digits >= least && !is_digit(r);
}

/* year-month-day, or yyyymmdd. */
static bool take_date(struct reader *r, struct moment *m)
{
    const char *start = r->at;
    unsigned    year;

    if (!take_digits(r, 4, 8, &year))
        return false;
    if (r->at - start == 8 && !peek(r, '-')) {
        m->day = year % 100;
        m->month = year / 100 % 100;
        year /= 10000;
    } else if (!take(r, '-') || !take_digits(r, 1, 2, &m->month) || !take(r, '-') || !take_digits(r, 1, 2, &m->day)) {
        return false;
    }
    m->year = year;
    m->has_date = true;
    m->bad_range = year == 0 || year > YEAR_MAX || m->month < 1 || m->month > 12 || m->day < 1 || m->day > 31;
    return true;
}

/* .digits in microseconds, rounded as PostgreSQL does. */
static int64_t take_fraction(struct reader *r)
{
    char   copy[40] = ".";
    size_t len = 1;

    while (is_digit(r)) {
        if (len < sizeof copy - 1)
            copy[len++] = *r->at;
        r->at++;
    }
    copy[len] = '\0';
    return len > 1 ? (int64_t)rint(strtod(copy, NULL) * 1000000.0) : 0;
}

static bool take_time(struct reader *r, struct moment *m)
{
    unsigned hour, minute, second = 0;
    int64_t  us = 0;

    if (!take_digits(r, 1, 2, &hour) || !take(r, ':') || !take_digits(r, 1, 2, &minute))
        return false;
    if (take(r, ':')) {
        if (!take_digits(r, 1, 2, &second))
            return false;
        if (take(r, '.'))
            us = take_fraction(r);
    }
    m->has_time = true;
    m->time_us = (int64_t)(hour * HOUR + minute * MINUTE + second) * SECOND_US + us;
    if (hour > 24 || minute > 59 || second > 60 || (hour == 24 && m->time_us > DAY_US))
        m->bad_range = true;
    return true;
}

/* [+-]hh, hhmm, hh:mm, hh:mm:ss, hhmmss */
static bool take_offset(struct reader *r, struct moment *m)
{
    bool        west = peek(r, '-');
    const char *start = ++r->at;
    unsigned    hour, minute = 0, second = 0, digits;

    if (!take_digits(r, 1, 6, &hour))
        return false;
    digits = (unsigned)(r->at - start);
    if (digits == 3 || digits == 4) {
        minute = hour % 100;
        hour /= 100;
    } else if (digits > 4) {
        second = hour % 100;
        minute = hour / 100 % 100;
        hour /= 10000;
    } else if (take(r, ':') && (!take_digits(r, 2, 2, &minute) || (take(r, ':') && !take_digits(r, 2, 2, &second)))) {
        return false;
    }
    if (hour > MAX_ZONE_HOURS || minute > 59 || second > 59)
        m->bad_range = true;
    else
        m->east_s = (int32_t)(hour * HOUR + minute * MINUTE + second) * (west ? -1 : 1);
    m->zone = ZONE_OFFSET;
    return true;
}

static struct tn_str take_word(struct reader *r)
{
    const char *start = r->at;

    while (is_letter(r) || is_digit(r) || peek(r, '_') || peek(r, '/') || peek(r, '+') || peek(r, '-') || peek(r, ':'))
        r->at++;
    return tn_str_n(start, (size_t)(r->at - start));
}

/* Z, the name of a zone, BC or AD. */
static bool take_suffix(struct reader *r, struct moment *m, bool *era)
{
    struct tn_str word = take_word(r);

    if (word.len == 0 || *era)
        return false;
    if (m->has_date && (tn_str_ieq_c(word, "bc") || tn_str_ieq_c(word, "ad"))) {
        if (tn_ascii_lower(word.ptr[0]) == 'b')
            m->year = 1 - m->year;
        *era = true;
        return true;
    }
    if (m->zone != ZONE_NONE)
        return false;
    m->zone = tn_str_ieq_c(word, "z") ? ZONE_OFFSET : ZONE_NAME;
    m->zone_name = word;
    return true;
}

static bool take_special(struct tn_str text, struct moment *m)
{
    static const struct {
        const char  *word;
        enum special special;
    } words[] = {{"infinity", SPECIAL_INFINITY},
                 {"-infinity", SPECIAL_NEG_INFINITY},
                 {"epoch", SPECIAL_EPOCH}};

    for (size_t i = 0; i < TN_ARRAY_LEN(words); i++)
        if (tn_str_ieq_c(text, words[i].word))
            m->special = words[i].special;
    return m->special != SPECIAL_NONE;
}

static bool read_moment(struct tn_str text, bool wants_date, struct moment *m)
{
    struct tn_str trim = tn_str_trim(text);
    struct reader r = {trim.ptr, trim.ptr + trim.len};
    bool          era = false, date = trim.len > 4 && memchr(trim.ptr, '-', TN_MIN(trim.len, (size_t)8)) != NULL;

    *m = (struct moment){.special = SPECIAL_NONE};
    if (trim.len == 0)
        return false;
    if (wants_date && take_special(trim, m))
        return true;
    if (wants_date || (date && trim.ptr[2] != ':' && trim.ptr[1] != ':')) {
        if (!take_date(&r, m))
            return false;
        if (!take(&r, 'T') && !take(&r, 't'))
            skip_blanks(&r);
    }
    if (is_digit(&r) && !take_time(&r, m))
        return false;
    for (skip_blanks(&r); r.at < r.end; skip_blanks(&r)) {
        if (m->zone == ZONE_NONE && (peek(&r, '+') || peek(&r, '-'))) {
            if (!take_offset(&r, m))
                return false;
        } else if (!take_suffix(&r, m, &era)) {
            return false;
        }
    }
    if (m->has_date && !m->bad_range && m->day > tn_civil_month_days(m->year, m->month))
        m->bad_range = true;
    return wants_date || m->has_time;
}

/* Local seconds of M; its date must be in range. */
static int64_t local_seconds(const struct moment *m)
{
    return tn_civil_to_days(m->year, m->month, m->day) * 86400 + tn_floor_div(m->time_us, SECOND_US);
}

/* The offset that M's zone name has at its local time. */
static enum tn_status named_offset(const struct moment *m, const char *type, struct tn_str text, int32_t *east_s,
                                   struct tn_error *err)
{
    struct tn_tz  *tz;
    enum tn_status status = tn_tz_load(&tz, m->zone_name, err);

    if (status == TN_E_INVALID)
        return tn_pg_bad_datetime(err, type, text);
    TN_TRY(status);
    *east_s = tn_tz_local_offset(tz, local_seconds(m));
    tn_tz_free(tz);
    return TN_OK;
}

/* A zone that does not matter must still be one. */
static bool zone_is_known(const struct moment *m)
{
    struct tn_tz  *tz;
    enum tn_status status;

    if (m->zone != ZONE_NAME)
        return true;
    status = tn_tz_load(&tz, m->zone_name, NULL);
    tn_tz_free(tz);
    return status != TN_E_INVALID;
}

enum tn_status tn_pg_date_parse(struct tn_str text, int32_t *unix_days, struct tn_error *err)
{
    struct moment m;
    int64_t       days;
    int32_t       pg;

    if (!read_moment(text, true, &m) || !zone_is_known(&m))
        return tn_pg_bad_datetime(err, "date", text);
    if (m.bad_range)
        return tn_pg_datetime_range(err, "date", text);
    *unix_days = m.special == SPECIAL_INFINITY ? INT32_MAX : m.special == SPECIAL_NEG_INFINITY ? INT32_MIN : 0;
    if (m.special != SPECIAL_NONE)
        return TN_OK;
    days = tn_civil_to_days(m.year, m.month, m.day);
    *unix_days = (int32_t)days;
    if (days >= INT32_MAX || days <= INT32_MIN || !tn_pg_date_to_pg((int32_t)days, &pg))
        return tn_pg_datetime_range(err, "date", text);
    return TN_OK;
}

enum tn_status tn_pg_time_parse(struct tn_str text, int64_t *us, struct tn_error *err)
{
    struct moment m;

    if (!read_moment(text, false, &m) || !zone_is_known(&m))
        return tn_pg_bad_datetime(err, "time", text);
    if (m.bad_range || m.time_us > DAY_US)
        return tn_pg_datetime_range(err, "time", text);
    *us = m.time_us;
    return TN_OK;
}

enum tn_status tn_pg_timetz_parse(struct tn_str text, const struct tn_tz *tz, int64_t *us, int32_t *east_s,
                                  struct tn_error *err)
{
    static const char  type[] = "time with time zone";
    struct tn_tz_range range = TN_TZ_RANGE_INIT;
    struct moment      m;

    if (!read_moment(text, false, &m) || (m.zone == ZONE_NAME && !m.has_date))
        return tn_pg_bad_datetime(err, type, text);
    if (m.bad_range || m.time_us > DAY_US)
        return tn_pg_datetime_range(err, type, text);
    *us = m.time_us;
    *east_s = m.east_s;
    if (m.zone == ZONE_NAME)
        return named_offset(&m, type, text, east_s, err);
    if (m.zone == ZONE_NONE)
        *east_s = m.has_date ? tn_tz_local_offset(tz, local_seconds(&m))
                             : tn_tz_offset(tz, (int64_t)(tn_clock_wall_us() / 1000000), &range);
    return TN_OK;
}

/* Microseconds as if local time were UTC, moved by EAST_S; false when out of range. */
static bool moment_us(const struct moment *m, int32_t east_s, int64_t *unix_us)
{
    int64_t days = tn_civil_to_days(m->year, m->month, m->day), us, pg;

    if (__builtin_mul_overflow(days, DAY_US, &us) ||
        __builtin_add_overflow(us, m->time_us - (int64_t)east_s * SECOND_US, &us))
        return false;
    *unix_us = us;
    return us < INT64_MAX && us > -INT64_MAX && tn_pg_timestamp_to_pg(us, &pg);
}

static bool special_us(const struct moment *m, int64_t *unix_us)
{
    *unix_us = m->special == SPECIAL_INFINITY ? INT64_MAX : m->special == SPECIAL_NEG_INFINITY ? INT64_MIN : 0;
    return m->special != SPECIAL_NONE;
}

enum tn_status tn_pg_timestamp_parse(struct tn_str text, int64_t *unix_us, struct tn_error *err)
{
    struct moment m;

    if (!read_moment(text, true, &m) || !zone_is_known(&m))
        return tn_pg_bad_datetime(err, "timestamp", text);
    if (!m.bad_range && special_us(&m, unix_us))
        return TN_OK;
    if (m.bad_range || !moment_us(&m, 0, unix_us))
        return tn_pg_datetime_range(err, "timestamp", text);
    return TN_OK;
}

enum tn_status tn_pg_timestamptz_parse(struct tn_str text, const struct tn_tz *tz, int64_t *unix_us,
                                       struct tn_error *err)
{
    static const char type[] = "timestamp with time zone";
    struct moment     m;
    int32_t           east_s;

    if (!read_moment(text, true, &m))
        return tn_pg_bad_datetime(err, type, text);
    if (!m.bad_range && special_us(&m, unix_us))
        return TN_OK;
    if (m.bad_range)
        return tn_pg_datetime_range(err, type, text);
    east_s = m.east_s;
    if (m.zone == ZONE_NAME)
        TN_TRY(named_offset(&m, type, text, &east_s, err));
    else if (m.zone == ZONE_NONE)
        east_s = tn_tz_local_offset(tz, local_seconds(&m));
    if (!moment_us(&m, east_s, unix_us))
        return tn_pg_datetime_range(err, type, text);
    return TN_OK;
}
