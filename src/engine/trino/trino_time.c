/* Dates and times as Trino writes them. */
#include "base/civil.h"
#include "engine/trino/trino_value.h"

enum { DAY_S = 86400, HOUR_S = 3600 };
#define SECOND_US INT64_C(1000000)
#define DAY_US (DAY_S * SECOND_US)

/* LEAST to MOST digits at *AT, which moves behind them. */
static bool digits(struct tn_str text, size_t *at, size_t least, size_t most, int64_t *out)
{
    size_t start = *at;

    *out = 0;
    while (*at < text.len && *at - start < most && text.ptr[*at] >= '0' && text.ptr[*at] <= '9')
        *out = *out * 10 + (text.ptr[(*at)++] - '0');
    return *at - start >= least;
}

static bool take(struct tn_str text, size_t *at, char c)
{
    if (*at >= text.len || text.ptr[*at] != c)
        return false;
    (*at)++;
    return true;
}

bool tn_trino_date(struct tn_str text, int32_t *days)
{
    size_t  at = 0;
    bool    negative = take(text, &at, '-');
    int64_t year, month, day, number;

    if (!negative)
        take(text, &at, '+');
    if (!digits(text, &at, 4, 7, &year) || !take(text, &at, '-') || !digits(text, &at, 2, 2, &month) || !take(text, &at, '-') ||
        !digits(text, &at, 2, 2, &day) || at != text.len || month < 1 || month > 12 || day < 1)
        return false;
    if (negative)
        year = -year;
    if (year > 5800000 || year < -5800000 || day > tn_civil_month_days(year, (unsigned)month))
        return false;
    number = tn_civil_to_days(year, (unsigned)month, (unsigned)day);
    if (number >= INT32_MAX || number <= INT32_MIN)
        return false;
    *days = (int32_t)number;
    return true;
}

/* The digits behind the point in microseconds, half up. */
static bool fraction(struct tn_str text, size_t *at, int64_t *us)
{
    size_t  start = *at;
    int64_t value, next = 0;

    if (!digits(text, at, 1, 6, &value))
        return false;
    for (size_t n = *at - start; n < 6; n++)
        value *= 10;
    if (*at < text.len && text.ptr[*at] >= '5' && text.ptr[*at] <= '9')
        value++;
    *us = value;
    return !(*at < text.len && text.ptr[*at] >= '0' && text.ptr[*at] <= '9') || (digits(text, at, 1, 6, &next) && next >= 0);
}

/* hh:mm:ss[.fraction] at *AT. */
static bool clock_at(struct tn_str text, size_t *at, int64_t *us)
{
    int64_t hour, minute, second, part = 0;

    if (!digits(text, at, 2, 2, &hour) || !take(text, at, ':') || !digits(text, at, 2, 2, &minute) || !take(text, at, ':') ||
        !digits(text, at, 2, 2, &second) || hour > 23 || minute > 59 || second > 59)
        return false;
    if (take(text, at, '.') && !fraction(text, at, &part))
        return false;
    *us = (hour * HOUR_S + minute * 60 + second) * SECOND_US + part;
    return true;
}

bool tn_trino_time(struct tn_str text, int64_t *us)
{
    size_t at = 0;

    if (!clock_at(text, &at, us) || at != text.len)
        return false;
    *us %= DAY_US; /* rounded up to midnight */
    return true;
}

static bool offset(struct tn_str text, int32_t *east_s)
{
    size_t  at = 1;
    int64_t hour, minute = 0;

    if (text.len == 0 || (text.ptr[0] != '+' && text.ptr[0] != '-'))
        return false;
    if (!digits(text, &at, 2, 2, &hour) || hour > 18 || (take(text, &at, ':') && !digits(text, &at, 2, 2, &minute)) || at != text.len || minute > 59)
        return false;
    *east_s = (int32_t)(hour * HOUR_S + minute * 60) * (text.ptr[0] == '-' ? -1 : 1);
    return true;
}

bool tn_trino_time_tz(struct tn_str text, int64_t *us, int32_t *east_s)
{
    size_t at = 0;

    if (!clock_at(text, &at, us) || !offset(tn_str_n(text.ptr + at, text.len - at), east_s))
        return false;
    *us %= DAY_US;
    return true;
}

bool tn_trino_timestamp(struct tn_str text, int64_t *us)
{
    const char *blank = text.len == 0 ? NULL : memchr(text.ptr, ' ', text.len);
    size_t      at;
    int32_t     days;

    if (blank == NULL || !tn_trino_date(tn_str_n(text.ptr, (size_t)(blank - text.ptr)), &days))
        return false;
    at = (size_t)(blank - text.ptr) + 1;
    if (!clock_at(text, &at, us) || at != text.len || days > INT64_MAX / DAY_US - 1 || days < INT64_MIN / DAY_US + 1)
        return false;
    *us += days * DAY_US;
    return true;
}

/* The zone NAME, from those met lately or from the system. */
static const struct tn_tz *zone_of(struct tn_trino_decoder *decoder, struct tn_str name, bool *known)
{
    unsigned      at = decoder->next_zone;
    struct tn_tz *tz;

    *known = true;
    for (size_t i = 0; i < TN_TRINO_ZONES; i++)
        if (decoder->zones[i].tz != NULL && tn_str_eq_c(name, decoder->zones[i].name))
            return decoder->zones[i].tz;
    *known = name.len < sizeof decoder->zones[0].name && tn_tz_load(&tz, name, NULL) == TN_OK;
    if (!*known)
        return NULL;
    tn_tz_free(decoder->zones[at].tz);
    decoder->zones[at].tz = tz;
    tn_str_copy(decoder->zones[at].name, sizeof decoder->zones[at].name, name);
    decoder->next_zone = (at + 1) % TN_TRINO_ZONES;
    return tz;
}

bool tn_trino_timestamp_tz(struct tn_trino_decoder *decoder, struct tn_str text, int64_t *us)
{
    size_t              blank = text.len;
    struct tn_str       zone;
    const struct tn_tz *tz;
    int32_t             east_s = 0;
    bool                known;

    while (blank > 0 && text.ptr[blank - 1] != ' ')
        blank--;
    if (blank == 0 || !tn_trino_timestamp(tn_str_n(text.ptr, blank - 1), us))
        return false;
    zone = tn_str_n(text.ptr + blank, text.len - blank);
    if (!tn_str_eq_c(zone, "UTC") && !offset(zone, &east_s)) {
        tz = zone_of(decoder, zone, &known);
        if (!known)
            return false;
        east_s = tn_tz_local_offset(tz, tn_floor_div(*us, SECOND_US));
    }
    *us -= east_s * SECOND_US;
    return true;
}

bool tn_trino_year_to_month(struct tn_str text, struct tn_interval *out)
{
    size_t  at = 0;
    bool    negative = take(text, &at, '-');
    int64_t years, months;

    *out = (struct tn_interval){.months = 0};
    if (!digits(text, &at, 1, 9, &years) || !take(text, &at, '-') || !digits(text, &at, 1, 2, &months) || at != text.len)
        return false;
    months += years * 12;
    if (months > INT32_MAX)
        return false;
    out->months = (int32_t)(negative ? -months : months);
    return true;
}

bool tn_trino_day_to_second(struct tn_str text, struct tn_interval *out)
{
    size_t  at = 0;
    bool    negative = take(text, &at, '-');
    int64_t days, us;

    *out = (struct tn_interval){.months = 0};
    if (!digits(text, &at, 1, 9, &days) || !take(text, &at, ' ') || !clock_at(text, &at, &us) || at != text.len)
        return false;
    out->days = (int32_t)(negative ? -days : days);
    out->nanoseconds = (negative ? -us : us) * 1000;
    return true;
}
