#include "frontend/pgwire/pg_interval.h"

#include "frontend/pgwire/pg_message.h"

#include <math.h>

enum { MONTHS_PER_YEAR = 12, DAYS_PER_MONTH = 30, DAYS_PER_WEEK = 7, DIGITS_MAX = 18 };

#define SECOND_US INT64_C(1000000)
#define MINUTE_US (60 * SECOND_US)
#define HOUR_US (60 * MINUTE_US)
#define DAY_US (24 * HOUR_US)

enum field { FIELD_US, FIELD_DAYS, FIELD_MONTHS };

/* Places in the table below. */
enum { UNIT_SECOND = 2, UNIT_MINUTE = 3, UNIT_HOUR = 4, UNIT_DAY = 5, UNIT_MONTH = 7, UNIT_YEAR = 8 };
enum { SEEN_CLOCK = 1 << UNIT_SECOND | 1 << UNIT_MINUTE | 1 << UNIT_HOUR };

static const struct unit {
    const char *names; /* blank between names */
    enum field  field;
    int64_t     scale;
} units[] = {
    {"microsecond microseconds us usec usecs useconds usecond microsecon", FIELD_US, 1},
    {"millisecond milliseconds ms msec msecs mseconds msecond millisecon", FIELD_US, 1000},
    {"s sec secs second seconds", FIELD_US, SECOND_US},
    {"m min mins minute minutes", FIELD_US, MINUTE_US},
    {"h hr hrs hour hours", FIELD_US, HOUR_US},
    {"d day days", FIELD_DAYS, 1},
    {"w week weeks", FIELD_DAYS, DAYS_PER_WEEK},
    {"mon mons month months", FIELD_MONTHS, 1},
    {"y yr yrs year years", FIELD_MONTHS, MONTHS_PER_YEAR},
    {"dec decs decade decades", FIELD_MONTHS, 10 * MONTHS_PER_YEAR},
    {"c cent century centuries", FIELD_MONTHS, 100 * MONTHS_PER_YEAR},
    {"mil mils millennium millennia", FIELD_MONTHS, 1000 * MONTHS_PER_YEAR},
};

struct reader {
    const char *at, *end;
    int64_t     months, days, us;
    bool        overflow;
    bool        some;     /* a field was read */
    bool        negative; /* one sign for all */
    unsigned    seen;     /* units, by their place in the table */
};

/* [sign]digits[.digits] */
struct number {
    bool    negative, fractional;
    int64_t whole;    /* without sign */
    double  fraction; /* 0 <= fraction < 1 */
};

static bool is_digit(const struct reader *r)
{
    return r->at < r->end && *r->at >= '0' && *r->at <= '9';
}

static bool is_letter(const struct reader *r)
{
    return r->at < r->end && tn_ascii_lower(*r->at) >= 'a' && tn_ascii_lower(*r->at) <= 'z';
}

static bool take(struct reader *r, char c)
{
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

static void skip_blanks(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || (*r->at >= '\t' && *r->at <= '\r')))
        r->at++;
}

static bool take_whole(struct reader *r, int64_t *out)
{
    unsigned digits = 0;

    for (*out = 0; is_digit(r); digits++) {
        if (digits >= DIGITS_MAX) {
            r->overflow = true;
            return false;
        }
        *out = *out * 10 + (*r->at++ - '0');
    }
    return digits > 0;
}

/* .digits; up to 30 of them count. */
static double take_fraction(struct reader *r)
{
    char   copy[32] = ".";
    size_t len = 1;

    while (is_digit(r)) {
        if (len < sizeof copy - 1)
            copy[len++] = *r->at;
        r->at++;
    }
    copy[len] = '\0';
    return len > 1 ? strtod(copy, NULL) : 0;
}

static bool take_number(struct reader *r, struct number *out)
{
    bool whole;

    *out = (struct number){.negative = take(r, '-') || r->negative};
    if (!out->negative)
        take(r, '+');
    whole = take_whole(r, &out->whole);
    if (r->overflow)
        return false;
    if (take(r, '.')) {
        out->fractional = true;
        whole = whole || is_digit(r);
        out->fraction = take_fraction(r);
    }
    return whole;
}

static void add(struct reader *r, int64_t *field, int64_t value, int64_t scale)
{
    int64_t product;

    r->some = true;
    if (__builtin_mul_overflow(value, scale, &product) || __builtin_add_overflow(*field, product, field))
        r->overflow = true;
}

/* FRACTION of SCALE microseconds, to the nearest one. */
static void add_fraction_us(struct reader *r, double fraction, double scale)
{
    int64_t us = (int64_t)(fraction * scale);
    double  rest = fraction * scale - (double)us;

    if (rest > 0.5)
        us++;
    else if (rest < -0.5)
        us--;
    add(r, &r->us, us, 1);
}

static void add_fraction_days(struct reader *r, double fraction, int scale)
{
    double days = fraction * scale;

    add(r, &r->days, (int64_t)days, 1);
    add_fraction_us(r, days - (double)(int64_t)days, (double)DAY_US);
}

static void add_unit(struct reader *r, const struct number *n, enum field field, int64_t scale)
{
    double fraction = n->negative ? -n->fraction : n->fraction;

    switch (field) {
    case FIELD_US:
        add(r, &r->us, n->negative ? -n->whole : n->whole, scale);
        add_fraction_us(r, fraction, (double)scale);
        return;
    case FIELD_DAYS:
        add(r, &r->days, n->negative ? -n->whole : n->whole, scale);
        if (scale == 1)
            add_fraction_us(r, fraction, (double)DAY_US);
        else
            add_fraction_days(r, fraction, DAYS_PER_WEEK);
        return;
    case FIELD_MONTHS:
        add(r, &r->months, n->negative ? -n->whole : n->whole, scale);
        if (scale == 1)
            add_fraction_days(r, fraction, DAYS_PER_MONTH);
        else
            add(r, &r->months, (int64_t)rint(fraction * (double)scale), 1);
        return;
    }
}

static const struct unit *find_unit(struct tn_str name)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(units); i++) {
        const char *at = units[i].names;

        while (*at != '\0') {
            size_t len = strcspn(at, " ");

            if (tn_str_ieq(tn_str_n(at, len), name))
                return &units[i];
            at += len + (at[len] == ' ');
        }
    }
    return NULL;
}

static struct tn_str take_word(struct reader *r)
{
    const char *start = r->at;

    while (is_letter(r))
        r->at++;
    return tn_str_n(start, (size_t)(r->at - start));
}

/* No unit may come twice. */
static bool see(struct reader *r, unsigned bits)
{
    bool again = (r->seen & bits) != 0;

    r->seen |= bits;
    return !again;
}

/* Behind the first number of hh:mm[:ss[.f]] or mm:ss.f */
static bool take_clock(struct reader *r, const struct number *first)
{
    int64_t high = first->whole, low, seconds = 0, sign = first->negative ? -1 : 1;
    double  fraction = 0;
    bool    minutes_first = false;

    if (first->fractional || !see(r, SEEN_CLOCK) || !take(r, ':') || !take_whole(r, &low))
        return false;
    if (take(r, ':')) {
        if (!take_whole(r, &seconds))
            return false;
        if (take(r, '.'))
            fraction = take_fraction(r);
    } else if (take(r, '.')) {
        minutes_first = true;
        fraction = take_fraction(r);
    }
    if (minutes_first) {
        seconds = low;
        low = high;
        high = 0;
    }
    if (low > 59 || seconds > 60)
        r->overflow = true;
    if (r->overflow)
        return false;
    add(r, &r->us, sign * high, HOUR_US);
    add(r, &r->us, sign * (low * MINUTE_US + seconds * SECOND_US), 1);
    add(r, &r->us, sign * (int64_t)rint(fraction * (double)SECOND_US), 1);
    return true;
}

/* years-months of the standard */
static bool take_year_month(struct reader *r, const struct number *years)
{
    int64_t months;

    if (years->fractional || !see(r, 1u << UNIT_YEAR | 1u << UNIT_MONTH) || !take(r, '-') || !take_whole(r, &months))
        return false;
    if (months >= MONTHS_PER_YEAR) {
        r->overflow = true;
        return false;
    }
    add(r, &r->months, years->negative ? -years->whole : years->whole, MONTHS_PER_YEAR);
    add(r, &r->months, years->negative ? -months : months, 1);
    return true;
}

static bool take_item(struct reader *r)
{
    const struct unit *unit;
    struct number      number;

    if (!take_number(r, &number))
        return false;
    if (r->at < r->end && *r->at == ':')
        return take_clock(r, &number);
    if (r->at < r->end && *r->at == '-')
        return take_year_month(r, &number);
    skip_blanks(r);
    if (is_letter(r)) {
        unit = find_unit(take_word(r));
        if (unit == NULL || !see(r, 1u << (unit - units)))
            return false;
        add_unit(r, &number, unit->field, unit->scale);
        return true;
    }
    if (r->at == r->end) {
        add_unit(r, &number, FIELD_US, SECOND_US);
        return see(r, 1u << UNIT_SECOND);
    }
    add_unit(r, &number, FIELD_DAYS, 1); /* "1 02:03:04": days before a time */
    return see(r, 1u << UNIT_DAY);
}

static bool take_ago(struct reader *r)
{
    const char *start = r->at;

    if (tn_str_ieq_c(take_word(r), "ago"))
        return true;
    r->at = start;
    return false;
}

static void negate(struct reader *r)
{
    add(r, &r->months, r->months, -2);
    add(r, &r->days, r->days, -2);
    add(r, &r->us, r->us, -2);
}

static bool read_words(struct reader *r)
{
    take(r, '@');
    for (skip_blanks(r); r->at < r->end; skip_blanks(r)) {
        if (r->some && take_ago(r)) {
            negate(r);
            skip_blanks(r);
            return r->at == r->end;
        }
        if (!take_item(r))
            return false;
    }
    return r->some;
}

/* Behind the P of ISO 8601 with designators. */
static bool read_iso(struct reader *r)
{
    static const struct {
        char       letter;
        bool       time;
        enum field field;
        int64_t    scale;
    } letters[] = {
        {'Y', false, FIELD_MONTHS, MONTHS_PER_YEAR}, {'M', false, FIELD_MONTHS, 1},
        {'W', false, FIELD_DAYS, DAYS_PER_WEEK},     {'D', false, FIELD_DAYS, 1},
        {'H', true, FIELD_US, HOUR_US},              {'M', true, FIELD_US, MINUTE_US},
        {'S', true, FIELD_US, SECOND_US},
    };
    bool time = false;

    if (r->end - r->at == 1 && *r->at == 'T') /* PostgreSQL takes "PT" for nothing */
        return true;
    while (r->at < r->end) {
        struct number number;
        size_t        i = 0;

        if (!time && take(r, 'T')) {
            time = true;
            continue;
        }
        if (!take_number(r, &number) || r->at == r->end)
            return false;
        while (i < TN_ARRAY_LEN(letters) && (letters[i].letter != *r->at || letters[i].time != time))
            i++;
        if (i == TN_ARRAY_LEN(letters))
            return false;
        r->at++;
        add_unit(r, &number, letters[i].field, letters[i].scale);
    }
    return r->some;
}

/* Whether a sign in front is the only one, which the standard applies to all fields. */
static bool one_sign(struct tn_str text)
{
    if (text.len == 0 || text.ptr[0] != '-')
        return false;
    for (size_t i = 1; i < text.len; i++)
        if ((text.ptr[i] == '-' || text.ptr[i] == '+') && (text.ptr[i - 1] == ' ' || text.ptr[i - 1] == '\t'))
            return false;
    return true;
}

enum tn_status tn_pg_interval_parse(struct tn_str text, enum tn_pg_interval_style style, struct tn_interval *out,
                                    struct tn_error *err)
{
    struct tn_str trim = tn_str_trim(text);
    struct reader r = {.at = trim.ptr, .end = trim.ptr + trim.len};
    bool          ok;

    r.negative = style == TN_PG_INTERVAL_SQL_STANDARD && one_sign(trim);
    ok = trim.len > 0 && (take(&r, 'P') ? read_iso(&r) : read_words(&r));
    *out = (struct tn_interval){0};
    if (!ok && !r.overflow)
        return tn_pg_bad_datetime(err, "interval", text);
    if (r.overflow || r.months != (int32_t)r.months || r.days != (int32_t)r.days ||
        __builtin_mul_overflow(r.us, 1000, &out->nanoseconds))
        return tn_pg_datetime_range(err, "interval", text);
    out->months = (int32_t)r.months;
    out->days = (int32_t)r.days;
    return TN_OK;
}
