#include "stats/history_text.h"

#include "base/civil.h"
#include "config/node.h"

#include <inttypes.h>

static void put_usd(struct tn_json *json, const char *key, uint64_t micros)
{
    tn_json_f64(json, key, (double)micros / 1e6);
}

/* What is known only where a group learns: left out elsewhere. */
static void put_decision(struct tn_json *json, const struct tn_history_record *record)
{
    if (record->rows_read > 0)
        tn_json_u64(json, "rowsRead", record->rows_read);
    if (record->bytes_read > 0)
        tn_json_u64(json, "bytesRead", record->bytes_read);
    if (record->engine_queue_us > 0)
        tn_json_ms(json, "engineQueueMs", record->engine_queue_us);
    if (record->peak_memory > 0)
        tn_json_u64(json, "peakMemoryBytes", record->peak_memory);
    if (record->cancels > 0)
        tn_json_u64(json, "cancels", record->cancels);
    if (record->shadow != 0)
        tn_json_bool(json, "shadow", true);
    if (record->shape.len == 0)
        return;
    tn_json_str(json, "shape", record->shape);
    tn_json_u64(json, "band", record->band);
    put_usd(json, "usd", record->usd_micros);
    put_usd(json, "marginalUsd", record->marginal_usd_micros);
    tn_json_str(json, "rung", record->rung);
    tn_json_str(json, "plan", record->plan);
    tn_json_bool(json, "explored", record->explored != 0);
    tn_json_u64(json, "cuts", record->cuts);
    if (record->propensity_ppm > 0)
        tn_json_f64(json, "propensity", (double)record->propensity_ppm / 1e6);
    tn_json_ms(json, "predictedMs", record->predicted_us);
    put_usd(json, "predictedUsd", record->predicted_usd_micros);
    if (record->advised.len == 0)
        return;
    tn_json_str(json, "advised", record->advised);
    tn_json_ms(json, "advisedMs", record->advised_us);
    put_usd(json, "advisedUsd", record->advised_usd_micros);
}

void tn_history_put_json(struct tn_json *json, const char *key, const struct tn_history_record *record)
{
    char hash[20];

    snprintf(hash, sizeof hash, "%016" PRIx64, record->template_hash);
    tn_json_open(json, key, '{');
    tn_json_u64(json, "id", record->id);
    tn_json_time(json, "startedAt", record->started_us);
    tn_json_text(json, "outcome", tn_history_outcome_name(record->outcome));
    tn_json_str(json, "sqlstate", record->sqlstate);
    tn_json_str(json, "error", record->error);
    tn_json_str(json, "client", record->client);
    tn_json_str(json, "user", record->user);
    tn_json_str(json, "database", record->database);
    tn_json_str(json, "application", record->application);
    tn_json_str(json, "protocol", record->protocol);
    tn_json_str(json, "text", record->text);
    tn_json_u64(json, "textSize", record->text_size);
    tn_json_str(json, "class", record->class);
    tn_json_text(json, "templateHash", hash);
    tn_json_str(json, "tags", record->tags);
    tn_json_str(json, "group", record->group);
    tn_json_str(json, "router", record->router);
    tn_json_str(json, "rule", record->rule);
    tn_json_str(json, "trace", record->trace);
    tn_json_str(json, "cluster", record->cluster);
    tn_json_str(json, "engine", record->engine);
    tn_json_str(json, "reason", record->reason);
    tn_json_u64(json, "attempts", record->attempts);
    tn_json_ms(json, "queueMs", record->queue_us);
    tn_json_ms(json, "firstByteMs", record->first_byte_us);
    tn_json_ms(json, "engineMs", record->engine_us);
    tn_json_ms(json, "totalMs", record->total_us);
    tn_json_u64(json, "rows", record->rows);
    tn_json_u64(json, "bytes", record->bytes);
    put_decision(json, record);
    tn_json_close(json, '}');
}

struct page {
    struct tn_json *json;
    uint64_t        count, last_id;
};

static bool put_row(void *ctx, const struct tn_history_record *record)
{
    struct page *page = ctx;

    tn_history_put_json(page->json, NULL, record);
    page->count++;
    page->last_id = record->id;
    return !page->json->buf->failed;
}

enum tn_status tn_history_put_page(struct tn_json *json, const char *key, const struct tn_history *history,
                                   const struct tn_history_filter *filter, uint64_t *count, struct tn_error *err)
{
    struct page    page = {.json = json};
    enum tn_status status;

    tn_json_open(json, key, '[');
    status = tn_history_query(history, filter, put_row, &page, err);
    tn_json_close(json, ']');
    if (page.count == filter->limit)
        tn_json_u64(json, "before", page.last_id);
    *count = page.count;
    return status;
}

/* ---- times ---- */

struct cursor {
    const char *at, *end;
};

/* Exactly DIGITS digits, value at most MAX. */
static bool take_number(struct cursor *c, unsigned digits, unsigned max, unsigned *out)
{
    *out = 0;
    if ((size_t)(c->end - c->at) < digits)
        return false;
    for (unsigned i = 0; i < digits; i++, c->at++) {
        if (*c->at < '0' || *c->at > '9')
            return false;
        *out = *out * 10 + (unsigned)(*c->at - '0');
    }
    return *out <= max;
}

static bool take_char(struct cursor *c, const char *any_of)
{
    if (c->at == c->end || strchr(any_of, *c->at) == NULL || *c->at == '\0')
        return false;
    c->at++;
    return true;
}

static bool take_date(struct cursor *c, int64_t *days)
{
    unsigned year, month, day;

    if (!take_number(c, 4, 9999, &year) || !take_char(c, "-") || !take_number(c, 2, 12, &month) || !take_char(c, "-") ||
        !take_number(c, 2, 31, &day) || year < 1970 || month == 0 || day == 0)
        return false;
    *days = tn_civil_to_days((int64_t)year, month, day);
    return day <= tn_civil_month_days((int64_t)year, month);
}

/* "01:02", "01:02:03", "01:02:03.25" */
static bool take_time(struct cursor *c, int64_t *us)
{
    unsigned hour, minute, second = 0, digit;
    int64_t  unit = 100000;

    if (!take_number(c, 2, 23, &hour) || !take_char(c, ":") || !take_number(c, 2, 59, &minute))
        return false;
    if (take_char(c, ":") && !take_number(c, 2, 59, &second))
        return false;
    *us = ((int64_t)hour * 3600 + (int64_t)minute * 60 + second) * 1000000;
    if (!take_char(c, "."))
        return true;
    while (c->at < c->end && take_number(c, 1, 9, &digit)) {
        *us += digit * unit;
        unit /= 10;
    }
    return true;
}

/* "Z", "+02:00", "-0330", nothing */
static bool take_zone(struct cursor *c, int64_t *east_us)
{
    unsigned hour, minute = 0;
    bool     west;

    *east_us = 0;
    if (c->at == c->end || take_char(c, "Zz"))
        return true;
    west = *c->at == '-';
    if (!take_char(c, "+-") || !take_number(c, 2, 15, &hour))
        return false;
    (void)take_char(c, ":");
    if (c->at < c->end && !take_number(c, 2, 59, &minute))
        return false;
    *east_us = ((int64_t)hour * 3600 + (int64_t)minute * 60) * 1000000 * (west ? -1 : 1);
    return true;
}

bool tn_history_time_parse(struct tn_str text, uint64_t now_us, uint64_t *out)
{
    struct cursor c;
    uint64_t      ago;
    int64_t       days, us = 0, east = 0;

    text = tn_str_trim(text);
    c = (struct cursor){text.ptr, text.ptr + text.len};
    if (tn_parse_duration(text, &ago)) {
        *out = ago < now_us ? now_us - ago : 1;
        return true;
    }
    if (!take_date(&c, &days))
        return false;
    if (c.at < c.end && (!take_char(&c, "Tt ") || !take_time(&c, &us) || !take_zone(&c, &east)))
        return false;
    if (c.at != c.end)
        return false;
    us += days * INT64_C(86400000000) - east;
    *out = us > 0 ? (uint64_t)us : 1;
    return true;
}

/* ---- filters ---- */

static bool wrong(char why[TN_HISTORY_WHY], const char *name, const char *expected, struct tn_str value)
{
    snprintf(why, TN_HISTORY_WHY, "%s: %s, not `%.*s`", name, expected, (int)TN_MIN(value.len, (size_t)40), value.ptr);
    return false;
}

static bool set_time(uint64_t *out, const char *name, struct tn_str value, uint64_t now_us, char why[TN_HISTORY_WHY])
{
    return tn_history_time_parse(value, now_us, out) ||
           wrong(why, name, "so long ago (90s, 1h, 7d) or a time (2026-11-26T01:02:03Z)", value);
}

static bool set_id(uint64_t *out, const char *name, struct tn_str value, char why[TN_HISTORY_WHY])
{
    return (tn_str_to_u64(value, INT64_MAX, out) && *out > 0) || wrong(why, name, "a query's number", value);
}

bool tn_history_filter_set(struct tn_history_filter *filter, const char *name, struct tn_str value, uint64_t now_us,
                           char why[TN_HISTORY_WHY])
{
    uint64_t limit;

    if (strcmp(name, "since") == 0)
        return set_time(&filter->since_us, name, value, now_us, why);
    if (strcmp(name, "until") == 0)
        return set_time(&filter->until_us, name, value, now_us, why);
    if (strcmp(name, "id") == 0)
        return set_id(&filter->id, name, value, why);
    if (strcmp(name, "before") == 0)
        return set_id(&filter->before_id, name, value, why);
    if (strcmp(name, "limit") == 0) {
        if (!tn_str_to_u64(value, TN_HISTORY_PAGE_MAX, &limit) || limit == 0)
            return wrong(why, name, "a number from 1 to 10000", value);
        filter->limit = (unsigned)limit;
    } else if (strcmp(name, "offset") == 0) {
        if (!tn_str_to_u64(value, UINT64_C(9007199254740991), &filter->offset)) /* as JSON has integers */
            return wrong(why, name, "a number of records to leave out", value);
    } else if (strcmp(name, "outcome") == 0) {
        if (!tn_history_outcome_parse(value, &filter->outcome))
            return wrong(why, name, "ok, error, cancelled, timeout, denied or refused", value);
        filter->outcome_set = true;
    } else if (strcmp(name, "user") == 0) {
        filter->user = value;
    } else if (strcmp(name, "group") == 0) {
        filter->group = value;
    } else if (strcmp(name, "cluster") == 0) {
        filter->cluster = value;
    } else if (strcmp(name, "tag") == 0) {
        filter->tag = value;
    } else if (strcmp(name, "text") == 0) {
        filter->text = value;
    } else {
        return wrong(why, name, "there is no such filter", value);
    }
    return true;
}
