#include "base/tz_rule.h"

#include "base/civil.h"

enum { MINUTE = 60, HOUR = 3600, DAY = 86400, MAX_HOURS = 167, MAX_OFFSET_HOURS = 24 };

struct cursor {
    const char *at, *end;
};

static bool take(struct cursor *c, char want)
{
    if (c->at == c->end || *c->at != want)
        return false;
    c->at++;
    return true;
}

static bool is_digit(const struct cursor *c)
{
    return c->at != c->end && *c->at >= '0' && *c->at <= '9';
}

static bool take_number(struct cursor *c, unsigned max, unsigned *out)
{
    unsigned value = 0, digits = 0;

    while (is_digit(c) && digits < 4) {
        value = value * 10 + (unsigned)(*c->at++ - '0');
        digits++;
    }
    *out = value;
    return digits > 0 && !is_digit(c) && value <= max;
}

/* [+-]h[hh][:mm[:ss]] */
static bool take_time(struct cursor *c, unsigned max_hours, int32_t *out)
{
    bool     negative = take(c, '-');
    unsigned hours, minutes = 0, seconds = 0;

    if (!negative)
        take(c, '+');
    if (!take_number(c, max_hours, &hours))
        return false;
    if (take(c, ':') && !take_number(c, 59, &minutes))
        return false;
    if (minutes != 0 || (c->at != c->end && *c->at == ':'))
        if (take(c, ':') && !take_number(c, 59, &seconds))
            return false;
    *out = (int32_t)(hours * HOUR + minutes * MINUTE + seconds);
    if (negative)
        *out = -*out;
    return true;
}

static bool is_alpha(char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z');
}

/* Three letters or more, or <letters, digits, signs>. */
static bool take_abbreviation(struct cursor *c)
{
    const char *start = c->at;

    if (take(c, '<')) {
        while (c->at != c->end && (is_alpha(*c->at) || is_digit(c) || *c->at == '+' || *c->at == '-' || *c->at == ':'))
            c->at++;
        return c->at - start > 1 && take(c, '>');
    }
    while (c->at != c->end && is_alpha(*c->at))
        c->at++;
    return c->at - start >= 3;
}

static bool take_change(struct cursor *c, struct tn_tz_change *out)
{
    unsigned month = 0, week = 0, day = 0;

    if (!take(c, ','))
        return false;
    if (take(c, 'M')) {
        out->kind = TN_TZ_DAY_OF_MONTH;
        if (!take_number(c, 12, &month) || month == 0 || !take(c, '.') || !take_number(c, 5, &week) || week == 0 ||
            !take(c, '.') || !take_number(c, 6, &day))
            return false;
    } else if (take(c, 'J')) {
        out->kind = TN_TZ_DAY_JULIAN;
        if (!take_number(c, 365, &day) || day == 0)
            return false;
    } else {
        out->kind = TN_TZ_DAY_ZERO;
        if (!take_number(c, 365, &day))
            return false;
    }
    out->month = (uint8_t)month;
    out->week = (uint8_t)week;
    out->day = (uint16_t)day;
    out->time_s = 2 * HOUR;
    return !take(c, '/') || take_time(c, MAX_HOURS, &out->time_s);
}

bool tn_tz_rule_parse(struct tn_str text, struct tn_tz_rule *out)
{
    struct cursor c = {text.ptr, text.ptr + text.len};
    int32_t       west;

    *out = (struct tn_tz_rule){.has_dst = false};
    if (text.len == 0 || !take_abbreviation(&c) || !take_time(&c, MAX_OFFSET_HOURS, &west))
        return false;
    out->std_s = -west;
    if (c.at == c.end)
        return true;
    if (!take_abbreviation(&c))
        return false;
    out->dst_s = out->std_s + HOUR;
    if (c.at != c.end && *c.at != ',') {
        if (!take_time(&c, MAX_OFFSET_HOURS, &west))
            return false;
        out->dst_s = -west;
    }
    out->has_dst = true;
    return take_change(&c, &out->to_dst) && take_change(&c, &out->to_std) && c.at == c.end;
}

/* The day of a change in YEAR, since 1970-01-01. */
static int64_t change_day(const struct tn_tz_change *change, int64_t year)
{
    int64_t  first = tn_civil_to_days(year, 1, 1), day;
    unsigned weekday, month_days;

    switch (change->kind) {
    case TN_TZ_DAY_JULIAN:
        return first + change->day - 1 + (tn_civil_leap(year) && change->day >= 60 ? 1 : 0);
    case TN_TZ_DAY_ZERO:
        return first + change->day;
    case TN_TZ_DAY_OF_MONTH:
        break;
    }
    first = tn_civil_to_days(year, change->month, 1);
    weekday = (unsigned)(first + 4 - 7 * tn_floor_div(first + 4, 7)); /* 1970-01-01 was a Thursday */
    month_days = tn_civil_month_days(year, change->month);
    day = (change->day + 7u - weekday) % 7u + 7u * (change->week - 1u);
    return first + (day >= (int64_t)month_days ? day - 7 : day);
}

struct event {
    int64_t at;
    int32_t offset_s; /* from then on */
};

static void sort_events(struct event *events, unsigned count)
{
    for (unsigned i = 1; i < count; i++) /* stable: an end and a start at one moment leave the start's offset */
        for (unsigned j = i; j > 0 && events[j - 1].at > events[j].at; j--) {
            struct event swap = events[j];

            events[j] = events[j - 1];
            events[j - 1] = swap;
        }
}

void tn_tz_rule_range(const struct tn_tz_rule *rule, int64_t unix_s, struct tn_tz_range *range)
{
    struct event events[8];
    unsigned     count = 0;
    int64_t      year;

    *range = (struct tn_tz_range){INT64_MIN, INT64_MAX, rule->std_s};
    if (!rule->has_dst)
        return;
    year = tn_civil_from_days(tn_floor_div(unix_s, DAY)).year;
    for (int64_t y = year - 2; y <= year + 1; y++) { /* a change may lie a week outside of its year */
        events[count++] =
            (struct event){change_day(&rule->to_dst, y) * DAY + rule->to_dst.time_s - rule->std_s, rule->dst_s};
        events[count++] =
            (struct event){change_day(&rule->to_std, y) * DAY + rule->to_std.time_s - rule->dst_s, rule->std_s};
    }
    sort_events(events, count);
    for (unsigned i = 0; i < count; i++) {
        if (events[i].at > unix_s) {
            range->until = events[i].at;
            break;
        }
        range->from = events[i].at;
        range->offset_s = events[i].offset_s;
    }
}
