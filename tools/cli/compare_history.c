#include "tools/cli/compare_history.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "stats/history_text.h"
#include "tools/cli/remote.h"

#include <math.h>
#include <unistd.h>

enum { PAGE = 10000, WAIT_TRIES = 24, WAIT_US = 250 * 1000 };
static const uint64_t SKEW_US = 60 * 1000 * 1000; /* the server's clock may be a little behind ours */

/* ---- records, from the server ---- */

static uint64_t us_of(const cJSON *object, const char *key)
{
    double ms = tn_cli_json_number(object, key);

    return ms > 0 && ms < 1e15 ? (uint64_t)(ms * 1e3 + .5) : 0;
}

static uint64_t count_of(const cJSON *object, const char *key)
{
    double number = tn_cli_json_number(object, key);

    return number > 0 && number < 1e18 ? (uint64_t)number : 0;
}

static void read_record(const cJSON *json, struct tn_history_record *r)
{
    enum tn_history_outcome outcome = TN_HISTORY_OUTCOMES;

    (void)tn_history_outcome_parse(tn_cli_json_str(json, "outcome"), &outcome);
    *r = (struct tn_history_record){
        .id = count_of(json, "id"), .text = tn_cli_json_str(json, "text"), .text_size = count_of(json, "textSize"),
        .class = tn_cli_json_str(json, "class"), .tags = tn_cli_json_str(json, "tags"), .group = tn_cli_json_str(json, "group"),
        .cluster = tn_cli_json_str(json, "cluster"), .shape = tn_cli_json_str(json, "shape"), .plan = tn_cli_json_str(json, "plan"),
        .engine_us = us_of(json, "engineMs"),
        .rows = count_of(json, "rows"), .bytes = count_of(json, "bytes"), .bytes_read = count_of(json, "bytesRead"), .cuts = count_of(json, "cuts"), .attempts = count_of(json, "attempts"),
        .usd_micros = (uint64_t)llround(fmax(tn_cli_json_number(json, "usd"), 0) * 1e6), .outcome = outcome,
    };
    (void)tn_history_time_parse(tn_cli_json_str(json, "startedAt"), 0, &r->started_us);
}

/* One page; LAST: its last id, 0 when there is no further page. */
static int page(struct tn_cli *cli, const char *query, tn_history_row_fn *row, void *ctx, uint64_t *last)
{
    struct tn_cli_reply reply;
    const cJSON        *records, *item;
    int                 status = tn_cli_call(cli, "GET", query, &reply);

    *last = 0;
    if (status == TN_CLI_OK)
        status = tn_cli_check_reply(&reply);
    records = cJSON_GetObjectItemCaseSensitive(reply.json, "records");
    cJSON_ArrayForEach(item, records) {
        struct tn_history_record record;

        read_record(item, &record);
        if (status != TN_CLI_OK || !row(ctx, &record))
            break;
    }
    if (status == TN_CLI_OK && item == NULL)
        *last = count_of(reply.json, "before");
    tn_cli_reply_reset(&reply);
    return status;
}

static int each_of_server(struct tn_cli *cli, const struct tn_history_filter *filter, tn_history_row_fn *row, void *ctx)
{
    struct tn_buf query;
    char          since[TN_CLOCK_TEXT], group[TN_HISTORY_WHY * 4];
    uint64_t      before = 0;
    int           status = TN_CLI_OK;

    tn_str_copy(group, sizeof group, filter->group);
    tn_buf_init(&query, 65536);
    do {
        tn_buf_clear(&query);
        tn_buf_printf(&query, "/admin/history?limit=%d", (int)PAGE);
        if (filter->since_us > 0) {
            tn_clock_format(filter->since_us, since);
            tn_buf_printf(&query, "&since=%s", since);
        }
        if (before > 0)
            tn_buf_printf(&query, "&before=%llu", (unsigned long long)before);
        if (filter->group.len > 0) {
            tn_buf_puts(&query, "&group=");
            tn_cli_put_segment(&query, group);
        }
        tn_buf_put_u8(&query, '\0');
        status = query.failed ? tn_cli_fail("the options are too long") : page(cli, query.data, row, ctx, &before);
    } while (status == TN_CLI_OK && before > 0);
    tn_buf_reset(&query);
    return status;
}

/* Calls ROW for every record that FILTER lets through, newest first, from the file at PATH, or, when it is NULL, from the server
 * that the remote options name. The exit status; what went wrong was printed. */
static int each_record(struct tn_cli *cli, const char *path, struct tn_history_filter *filter, tn_history_row_fn *row, void *ctx)
{
    struct tn_error err = TN_ERROR_INIT;
    int             status = TN_CLI_OK;

    if (path == NULL)
        return each_of_server(cli, filter, row, ctx);
    filter->limit = UINT32_MAX;
    if (tn_history_query_file(path, filter, row, ctx, &err) != TN_OK)
        status = tn_cli_fail("%s%s%s", err.message, err.hint[0] != '\0' ? "\n  " : "", err.hint);
    tn_error_reset(&err);
    return status;
}

/* ---- as samples ---- */

struct gathering {
    struct tn_compare *compare;
    size_t             skipped;
    bool               failed, too_many;
};

static bool has_tag(struct tn_str tags, const char *tag)
{
    size_t len = strlen(tag);

    for (size_t at = 0; at + len <= tags.len; at++)
        if (memcmp(tags.ptr + at, tag, len) == 0 && (at == 0 || tags.ptr[at - 1] == ','))
            return true;
    return false;
}

static bool is_warmup(struct tn_str tags)
{
    return has_tag(tags, "compare:") && has_tag(tags, "warmup");
}

static bool add(struct gathering *g, struct tn_str cluster, const struct tn_history_record *r, struct tn_compare_sample *sample)
{
    long engine = tn_compare_engine(g->compare, cluster), query;

    if (engine < 0)
        g->too_many = true;
    query = engine < 0 ? -1 : tn_compare_query(g->compare, r->text, r->shape);
    if (query < 0 || g->compare->sample_count >= UINT32_MAX)
        return !(g->failed = true);
    sample->engine = (uint8_t)engine;
    sample->query = (uint32_t)query;
    g->failed = !tn_compare_add(g->compare, sample);
    return !g->failed;
}

/* "a@120,b": a was cut after 120 ms. Only where the attempts before the last are just those that were cut. */
static bool add_cuts(struct gathering *g, const struct tn_history_record *r)
{
    struct tn_str rest = r->plan;

    if (r->cuts == 0 || r->attempts != r->cuts + 1)
        return true;
    for (uint64_t i = 0; i < r->cuts && rest.len > 0; i++) {
        const char              *comma = memchr(rest.ptr, ',', rest.len);
        struct tn_str            attempt = comma == NULL ? rest : tn_str_n(rest.ptr, (size_t)(comma - rest.ptr));
        const char              *at = attempt.len == 0 ? NULL : memrchr(attempt.ptr, '@', attempt.len);
        struct tn_compare_sample sample = {.outcome = TN_COMPARE_TIMEOUT, .t_ms = (double)r->started_us / 1e3, .usd = NAN, .bytes = NAN, .sent = NAN, .rows = NAN};

        rest = comma == NULL ? TN_STR("") : tn_str_n(comma + 1, rest.len - attempt.len - 1);
        if (at == NULL || !tn_str_to_double(tn_str_n(at + 1, attempt.len - (size_t)(at - attempt.ptr) - 1), &sample.ms) ||
            !(sample.ms >= 0))
            return true;
        if (!add(g, tn_str_n(attempt.ptr, (size_t)(at - attempt.ptr)), r, &sample))
            return false;
    }
    return true;
}

static bool on_record(void *ctx, const struct tn_history_record *r)
{
    struct gathering        *g = ctx;
    struct tn_compare_sample sample = {.t_ms = (double)r->started_us / 1e3, .ms = (double)r->engine_us / 1e3, .usd = NAN, .bytes = NAN, .sent = NAN, .rows = NAN};

    if (!tn_str_eq_c(r->class, "read") || is_warmup(r->tags))
        return true;
    if (r->outcome > TN_HISTORY_TIMEOUT || (r->outcome != TN_HISTORY_OK && r->engine_us == 0) || r->outcome == TN_HISTORY_CANCELLED || r->cluster.len == 0 || r->text.len == 0 ||
        (r->text_size > r->text.len && r->shape.len == 0)) {
        g->skipped++;
        return true;
    }
    sample.outcome = r->outcome == TN_HISTORY_OK ? TN_COMPARE_OK : r->outcome == TN_HISTORY_TIMEOUT ? TN_COMPARE_TIMEOUT : TN_COMPARE_ERROR;
    if (r->shape.len > 0 && r->cuts == 0)
        sample.usd = (double)r->usd_micros / 1e6;
    if (r->bytes_read > 0)
        sample.bytes = (double)r->bytes_read;
    if (sample.outcome == TN_COMPARE_OK)
        sample.sent = (double)r->bytes;
    if (sample.outcome == TN_COMPARE_OK && r->text_size <= r->text.len)
        sample.rows = (double)r->rows;
    return add_cuts(g, r) && add(g, r->cluster, r, &sample);
}

int tn_compare_from_history(struct tn_cli *cli, const char *path, struct tn_history_filter *filter, struct tn_compare *compare, size_t *skipped)
{
    struct gathering g = {.compare = compare};
    int              status = each_record(cli, path, filter, on_record, &g);
    double           first = INFINITY;

    *skipped = g.skipped;
    if (status == TN_CLI_OK && g.too_many)
        return tn_cli_fail("the history names more than %d clusters; --group or --since leaves some out", (int)TN_COMPARE_ENGINES);
    if (status == TN_CLI_OK && g.failed)
        return tn_cli_fail("no memory for so many records; --since leaves some out");
    for (size_t i = 0; i < compare->sample_count; i++)
        first = fmin(first, compare->samples[i].t_ms);
    for (size_t i = 0; i < compare->sample_count; i++)
        compare->samples[i].t_ms -= first;
    return status;
}

/* ---- of a fresh run ---- */

struct settling {
    struct tn_compare_run *run;
    uint8_t               *found; /* by item */
    size_t                 count, waited;
};

/* "compare:ID,item:12": the item. */
static bool item_of(const struct tn_compare_run *run, struct tn_str tags, uint64_t *item)
{
    char   own[64];
    int    len = snprintf(own, sizeof own, "compare:%s,item:", run->id);
    size_t end;

    if (tags.len <= (size_t)len || memcmp(tags.ptr, own, (size_t)len) != 0)
        return false;
    for (end = (size_t)len; end < tags.len && tags.ptr[end] != ','; end++) {
    }
    return tn_str_to_u64(tn_str_n(tags.ptr + len, end - (size_t)len), run->item_count - 1, item);
}

/* It ended without its engine, which is not to blame: in a queue, or refused by us. One that cannot be reached, or is known to be down, has failed. */
static bool has_waited(const struct tn_history_record *r)
{
    return r->outcome != TN_HISTORY_OK && r->outcome != TN_HISTORY_ERROR && !tn_str_eq_c(r->sqlstate, "57P03");
}

/* The newest record of an item is the one that counts: an older one was interrupted. */
static bool on_own(void *ctx, const struct tn_history_record *r)
{
    struct settling    *s = ctx;
    struct tn_run_item *item;
    uint64_t            index;

    if (!item_of(s->run, r->tags, &index) || s->found[index] != 0 || !s->run->items[index].done)
        return true;
    item = &s->run->items[index];
    s->found[index] = 1;
    s->count++;
    if (r->cluster.len == 0 || r->engine_us == 0) {
        item->waited = has_waited(r);
        s->waited += item->waited && !item->warmup;
        return true;
    }
    item->sample.ms = (double)r->engine_us / 1e3;
    if (r->shape.len > 0)
        item->sample.usd = (double)r->usd_micros / 1e6;
    if (r->bytes_read > 0)
        item->sample.bytes = (double)r->bytes_read;
    if (r->outcome == TN_HISTORY_OK)
        item->sample.sent = (double)r->bytes;
    return true;
}

int tn_compare_settle(struct tn_cli *cli, const char *path, struct tn_compare_run *run, size_t *missing, size_t *waited)
{
    struct settling s = {.run = run, .found = tn_calloc(run->item_count + 1, 1)};
    size_t          before = 0;
    int             status = s.found == NULL ? tn_cli_fail("no memory for the records") : TN_CLI_OK;

    for (int tries = 0; status == TN_CLI_OK && tries < WAIT_TRIES; tries++) {
        struct tn_history_filter filter = {.since_us = run->started_us - TN_MIN(run->started_us, SKEW_US)};

        before = s.count;
        status = each_record(cli, path, &filter, on_own, &s);
        if (s.count == run->done_count || (tries >= WAIT_TRIES / 2 && s.count == before && s.count == 0))
            break;
        usleep(WAIT_US);
    }
    *missing = run->done_count - s.count;
    *waited = s.waited;
    tn_free(s.found);
    return status;
}
