#include "frontend/pgwire/pg_interval.h"

#include "frontend/pgwire/pg_digits.h"

/* PostgreSQL's EncodeInterval() decides every blank and sign here. */
struct parts {
    int64_t year, mon, day, hour, min, sec, us;
};

static struct parts split(const struct tn_interval *value)
{
    int64_t us = value->nanoseconds / 1000;

    return (struct parts){
        .year = value->months / 12,
        .mon = value->months % 12,
        .day = value->days,
        .hour = us / 3600000000,
        .min = us / 60000000 % 60,
        .sec = us / 1000000 % 60,
        .us = us % 1000000,
    };
}

static char *put_literal(char *out, const char *text)
{
    size_t len = strlen(text);

    memcpy(out, text, len);
    return out + len;
}

static uint64_t magnitude(int64_t v)
{
    return v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
}

/* ss[.ffffff] without sign. */
static char *put_seconds(char *out, const struct parts *p, bool fill)
{
    uint64_t sec = magnitude(p->sec), us = magnitude(p->us);

    out = fill && sec < 10 ? tn_pg_put_digits(out, sec, 2) : tn_pg_put_u64(out, sec);
    if (us == 0)
        return out;
    *out = '.';
    out = tn_pg_put_digits(out + 1, us, 6);
    while (out[-1] == '0')
        out--;
    return out;
}

static bool time_negative(const struct parts *p)
{
    return p->hour < 0 || p->min < 0 || p->sec < 0 || p->us < 0;
}

static bool time_zero(const struct parts *p)
{
    return p->hour == 0 && p->min == 0 && p->sec == 0 && p->us == 0;
}

/* [hh]:mm:ss; at least HOUR_DIGITS digits of hours. */
static char *put_clock(char *out, const struct parts *p, unsigned hour_digits)
{
    uint64_t hour = magnitude(p->hour);

    out = tn_pg_put_digits(out, hour, TN_MAX(tn_pg_count_digits(hour), hour_digits));
    *out++ = ':';
    out = tn_pg_put_digits(out, magnitude(p->min), 2);
    *out++ = ':';
    return put_seconds(out, p, true);
}

struct state {
    bool zero, before;
};

static char *put_part(char *out, int64_t value, const char *unit, struct state *state)
{
    if (value == 0)
        return out;
    if (!state->zero)
        *out++ = ' ';
    if (state->before && value > 0)
        *out++ = '+';
    out = put_literal(tn_pg_put_i64(out, value), unit);
    if (value != 1)
        *out++ = 's';
    *state = (struct state){.zero = false, .before = value < 0};
    return out;
}

static char *put_postgres(char *out, const struct parts *p)
{
    struct state state = {.zero = true, .before = false};

    out = put_part(out, p->year, " year", &state);
    out = put_part(out, p->mon, " mon", &state);
    out = put_part(out, p->day, " day", &state);
    if (!state.zero && time_zero(p))
        return out;
    if (!state.zero)
        *out++ = ' ';
    if (time_negative(p))
        *out++ = '-';
    else if (state.before)
        *out++ = '+';
    return put_clock(out, p, 2);
}

static char *put_verbose_part(char *out, int64_t value, const char *unit, struct state *state)
{
    if (value == 0)
        return out;
    if (state->zero) {
        state->before = value < 0;
        value = value < 0 ? -value : value;
    } else if (state->before) {
        value = -value;
    }
    *out++ = ' ';
    out = put_literal(tn_pg_put_i64(out, value), unit);
    if (value != 1)
        *out++ = 's';
    state->zero = false;
    return out;
}

static char *put_verbose(char *out, const struct parts *p)
{
    struct state state = {.zero = true, .before = false};

    *out++ = '@';
    out = put_verbose_part(out, p->year, " year", &state);
    out = put_verbose_part(out, p->mon, " mon", &state);
    out = put_verbose_part(out, p->day, " day", &state);
    out = put_verbose_part(out, p->hour, " hour", &state);
    out = put_verbose_part(out, p->min, " min", &state);
    if (p->sec != 0 || p->us != 0) {
        bool negative = p->sec < 0 || (p->sec == 0 && p->us < 0);

        *out++ = ' ';
        if (negative && state.zero)
            state.before = true;
        else if (negative != state.before)
            *out++ = '-';
        out = put_literal(put_seconds(out, p, false), " sec");
        if (magnitude(p->sec) != 1 || p->us != 0)
            *out++ = 's';
        state.zero = false;
    }
    if (state.zero)
        out = put_literal(out, " 0");
    return state.before ? put_literal(out, " ago") : out;
}

/* What the standard has no form for: all three groups with their signs. */
static char *put_sql_mixed(char *out, const struct parts *p)
{
    *out++ = p->year < 0 || p->mon < 0 ? '-' : '+';
    out = tn_pg_put_u64(out, magnitude(p->year));
    *out++ = '-';
    out = tn_pg_put_u64(out, magnitude(p->mon));
    *out++ = ' ';
    *out++ = p->day < 0 ? '-' : '+';
    out = tn_pg_put_u64(out, magnitude(p->day));
    *out++ = ' ';
    *out++ = time_negative(p) ? '-' : '+';
    return put_clock(out, p, 1);
}

static char *put_sql(char *out, const struct parts *p)
{
    bool negative = p->year < 0 || p->mon < 0 || p->day < 0 || time_negative(p);
    bool positive = p->year > 0 || p->mon > 0 || p->day > 0 || p->hour > 0 || p->min > 0 || p->sec > 0 || p->us > 0;
    bool months = p->year != 0 || p->mon != 0;

    if (!negative && !positive)
        return put_literal(out, "0");
    if ((negative && positive) || (months && (p->day != 0 || !time_zero(p))))
        return put_sql_mixed(out, p);
    if (negative)
        *out++ = '-';
    if (months) {
        out = tn_pg_put_u64(out, magnitude(p->year));
        *out++ = '-';
        return tn_pg_put_u64(out, magnitude(p->mon));
    }
    if (p->day != 0) {
        out = tn_pg_put_u64(out, magnitude(p->day));
        *out++ = ' ';
    }
    return put_clock(out, p, 1);
}

static char *put_iso_part(char *out, int64_t value, char unit)
{
    if (value == 0)
        return out;
    out = tn_pg_put_i64(out, value);
    *out++ = unit;
    return out;
}

static char *put_iso(char *out, const struct parts *p)
{
    if (p->year == 0 && p->mon == 0 && p->day == 0 && time_zero(p))
        return put_literal(out, "PT0S");
    *out++ = 'P';
    out = put_iso_part(out, p->year, 'Y');
    out = put_iso_part(out, p->mon, 'M');
    out = put_iso_part(out, p->day, 'D');
    if (time_zero(p))
        return out;
    *out++ = 'T';
    out = put_iso_part(out, p->hour, 'H');
    out = put_iso_part(out, p->min, 'M');
    if (p->sec == 0 && p->us == 0)
        return out;
    if (p->sec < 0 || p->us < 0)
        *out++ = '-';
    out = put_seconds(out, p, false);
    *out++ = 'S';
    return out;
}

char *tn_pg_put_interval(char *out, const struct tn_interval *value, enum tn_pg_interval_style style)
{
    struct parts parts = split(value);

    switch (style) {
    case TN_PG_INTERVAL_POSTGRES_VERBOSE:
        return put_verbose(out, &parts);
    case TN_PG_INTERVAL_SQL_STANDARD:
        return put_sql(out, &parts);
    case TN_PG_INTERVAL_ISO_8601:
        return put_iso(out, &parts);
    case TN_PG_INTERVAL_POSTGRES:
        break;
    }
    return put_postgres(out, &parts);
}
