#include "policies/route/time_window.h"

enum { DAY = 86400, ALL_DAYS = 0x7F };

static const char *const day_names[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};

/* "fri", "Friday"; -1 = no day. */
static int day_of(struct tn_str text)
{
    for (int i = 0; i < 7; i++)
        if (tn_str_ieq_c(text, day_names[i]) || (text.len == 3 && tn_str_ieq(text, tn_str_n(day_names[i], 3))))
            return i;
    return -1;
}

/* "mon", "mon-fri", "fri-mon", "weekdays", "weekend", "daily"; 0 = none of them. */
static unsigned days_of(struct tn_str text)
{
    const char *dash = memchr(text.ptr, '-', text.len);
    int         from, to;
    unsigned    days = 0;

    if (tn_str_ieq_c(text, "weekdays") || tn_str_ieq_c(text, "weekday"))
        return 0x1F;
    if (tn_str_ieq_c(text, "weekend") || tn_str_ieq_c(text, "weekends"))
        return 0x60;
    if (tn_str_ieq_c(text, "daily"))
        return ALL_DAYS;
    if (dash == NULL) {
        from = day_of(text);
        return from < 0 ? 0 : 1u << from;
    }
    from = day_of(tn_str_trim(tn_str_n(text.ptr, (size_t)(dash - text.ptr))));
    to = day_of(tn_str_trim(tn_str_n(dash + 1, text.len - (size_t)(dash + 1 - text.ptr))));
    if (from < 0 || to < 0)
        return 0;
    for (int day = from;; day = (day + 1) % 7) {
        days |= 1u << day;
        if (day == to)
            return days;
    }
}

static bool two_digits(const char *at, unsigned max, unsigned *out)
{
    if (at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9')
        return false;
    *out = (unsigned)(at[0] - '0') * 10 + (unsigned)(at[1] - '0');
    return *out <= max;
}

/* "H:MM", "HH:MM", "HH:MM:SS", "24:00". */
static bool time_of(struct tn_str text, uint32_t *out)
{
    char     full[9] = "00:00:00";
    unsigned h, m, s;

    if (text.len > 1 && text.ptr[1] == ':' && text.len <= 7)
        memcpy(full + 1, text.ptr, text.len);
    else if (text.len == 5 || text.len == 8)
        memcpy(full, text.ptr, text.len);
    else
        return false;
    if (full[2] != ':' || full[5] != ':' || !two_digits(full, 24, &h) || !two_digits(full + 3, 59, &m) ||
        !two_digits(full + 6, 59, &s) || (h == 24 && m + s > 0))
        return false;
    *out = h * 3600 + m * 60 + s;
    return true;
}

static bool read_time(struct tn_compiler *c, const struct tn_node *map, const char *path, const char *key, uint32_t *out)
{
    struct tn_str text;
    char          shown[128];

    if (!tn_node_text(map, path, key, NULL, &text, c->problems))
        return false;
    if (time_of(text, out))
        return true;
    tn_compile_error(c, map, path, key, "expected a time of day such as 08:00 or 17:30:00, found %s",
                     tn_node_describe(tn_node_get(map, key), shown, sizeof shown));
    return false;
}

static bool read_days(struct tn_compiler *c, const struct tn_node *map, const char *path, unsigned *out)
{
    struct tn_texts texts;
    bool            good = tn_compile_texts(c, map, path, "days", false, &texts);

    *out = texts.count == 0 ? ALL_DAYS : 0;
    for (size_t i = 0; i < texts.count; i++) {
        unsigned days = days_of(texts.items[i]);

        if (days == 0) {
            tn_compile_error(c, map, path, "days", "expected mon, tue, wed, thu, fri, sat, sun, a range such as mon-fri, weekdays or weekend");
            good = false;
        }
        *out |= days;
    }
    return good;
}

bool tn_time_window_compile(struct tn_compiler *c, const struct tn_node *map, const char *path, struct tn_time_window *out)
{
    bool has_from = tn_node_get(map, "from") != NULL, has_to = tn_node_get(map, "to") != NULL;
    bool good;

    *out = (struct tn_time_window){.from = 0, .to = DAY};
    good = read_days(c, map, path, &out->days);
    if (!has_from && !has_to)
        return good;
    if (has_from != has_to) {
        tn_compile_error(c, map, path, NULL, "`%s` needs `%s` beside it", has_from ? "from" : "to", has_from ? "to" : "from");
        return false;
    }
    good = read_time(c, map, path, "from", &out->from) && good;
    good = read_time(c, map, path, "to", &out->to) && good;
    if (good && out->from % DAY == out->to % DAY && !(out->from == 0 && out->to == DAY)) {
        tn_compile_error(c, map, path, "to", "equal to `from`: an empty time; leave both out for the whole day");
        good = false;
    }
    return good;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

bool tn_time_window_holds(const struct tn_time_window *window, int64_t local_s)
{
    int64_t  day = floor_div(local_s, DAY);
    uint32_t second = (uint32_t)(local_s - day * DAY);
    unsigned today = (unsigned)(((day + 3) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
    unsigned yesterday = (today + 6) % 7;

    if (window->from < window->to)
        return (window->days & 1u << today) != 0 && second >= window->from && second < window->to;
    if (second >= window->from)
        return (window->days & 1u << today) != 0;
    return second < window->to && (window->days & 1u << yesterday) != 0;
}

static void free_zone(void *zone)
{
    tn_tz_free(zone);
}

bool tn_time_zone_compile(struct tn_compiler *c, const struct tn_node *map, const char *path, const struct tn_tz **out)
{
    struct tn_str   name;
    struct tn_tz   *zone;
    struct tn_error err = TN_ERROR_INIT;

    *out = NULL;
    if (tn_node_get(map, "timeZone") == NULL)
        return true;
    if (!tn_node_text(map, path, "timeZone", NULL, &name, c->problems))
        return false;
    if (tn_tz_load(&zone, name, &err) != TN_OK) {
        tn_compile_error(c, map, path, "timeZone", "%s; expected a zone such as Europe/Berlin or UTC", err.message);
        tn_error_reset(&err);
        return false;
    }
    *out = zone;
    return tn_compile_keep(c, zone, free_zone);
}

int64_t tn_time_local(const struct tn_tz *zone, uint64_t wall_us)
{
    struct tn_tz_range range = TN_TZ_RANGE_INIT;
    int64_t            now = (int64_t)(wall_us / 1000000);

    return now + tn_tz_offset(zone, now, &range);
}
