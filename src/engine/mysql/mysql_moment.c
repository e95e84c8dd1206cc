/* Dates and times of parameters in binary. */
#include "base/civil.h"
#include "engine/mysql/mysql_column.h"

#define SECOND_US INT64_C(1000000)
#define DAY_US (INT64_C(86400) * SECOND_US)
#define TIME_MOST_US ((INT64_C(838) * 3600 + 59 * 60 + 59) * SECOND_US)
enum { FIRST_DAY = -719162, LAST_DAY = 2932896 }; /* 0001-01-01, 9999-12-31 */

static int64_t time_us(const struct tn_value *value)
{
    if (value->type == TN_TYPE_TIME)
        return value->as.i64;
    return value->as.interval.days * DAY_US + value->as.interval.nanoseconds / 1000;
}

bool tn_mysql_fits(const struct tn_value *value)
{
    switch (value->type) {
    case TN_TYPE_DATE:
        return value->as.i64 >= FIRST_DAY && value->as.i64 <= LAST_DAY;
    case TN_TYPE_TIMESTAMP:
    case TN_TYPE_TIMESTAMPTZ: /* a zone must not move it out of the range */
        return value->as.i64 >= (FIRST_DAY + 1) * DAY_US && value->as.i64 < LAST_DAY * DAY_US;
    case TN_TYPE_INTERVAL:
        return value->as.interval.months == 0 && value->as.interval.days >= -40 && value->as.interval.days <= 40 &&
               time_us(value) >= -TIME_MOST_US && time_us(value) <= TIME_MOST_US;
    default:
        return true;
    }
}

static void put_clock(struct tn_buf *out, int64_t us)
{
    int64_t seconds = us / SECOND_US;

    tn_buf_put_u8(out, (uint8_t)(seconds / 3600 % 24));
    tn_buf_put_u8(out, (uint8_t)(seconds / 60 % 60));
    tn_buf_put_u8(out, (uint8_t)(seconds % 60));
    tn_my_put_u32(out, (uint32_t)(us % SECOND_US));
}

static void put_time(struct tn_buf *out, int64_t us)
{
    uint64_t much = us < 0 ? (uint64_t)-us : (uint64_t)us;

    tn_buf_put_u8(out, 12);
    tn_buf_put_u8(out, us < 0);
    tn_my_put_u32(out, (uint32_t)(much / (uint64_t)DAY_US));
    put_clock(out, (int64_t)(much % (uint64_t)DAY_US));
}

static void put_day(struct tn_buf *out, int64_t days)
{
    struct tn_civil date = tn_civil_from_days(days);

    tn_my_put_u16(out, (uint16_t)date.year);
    tn_buf_put_u8(out, (uint8_t)date.month);
    tn_buf_put_u8(out, (uint8_t)date.day);
}

void tn_mysql_put_moment(struct tn_buf *out, const struct tn_value *value, const struct tn_tz *tz)
{
    struct tn_tz_range range = TN_TZ_RANGE_INIT;
    int64_t            us = value->as.i64;

    if (value->type == TN_TYPE_TIME || value->type == TN_TYPE_INTERVAL) {
        put_time(out, time_us(value));
    } else if (value->type == TN_TYPE_DATE) {
        tn_buf_put_u8(out, 4);
        put_day(out, us);
    } else {
        if (value->type == TN_TYPE_TIMESTAMPTZ && tz != NULL)
            us += (int64_t)tn_tz_offset(tz, tn_floor_div(us, SECOND_US), &range) * SECOND_US;
        tn_buf_put_u8(out, 11);
        put_day(out, tn_floor_div(us, DAY_US));
        put_clock(out, us - tn_floor_div(us, DAY_US) * DAY_US);
    }
}
