/* compare_state.c - JSON Lines: a header that says which run it is, then a line for each item that is done, in any order. A last
 * line that was cut short by a crash is dropped. */
#include "tools/cli/compare_run.h"

#include "base/alloc.h"
#include "base/fd.h"
#include "base/json.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STATE_FORMAT = 1, STATE_MAX = 512 * 1024 * 1024, PART = 65536 };

/* ---- the header ---- */

static void put_header(struct tn_buf *out, const struct tn_compare_run *run)
{
    const struct tn_run_options *o = run->options;
    struct tn_json               json = {.buf = out};
    char                         sql[20];

    snprintf(sql, sizeof sql, "%016" PRIx64, run->script->hash);
    tn_json_open(&json, NULL, '{');
    tn_json_text(&json, "turnout", "compare");
    tn_json_u64(&json, "format", STATE_FORMAT);
    tn_json_text(&json, "run", run->id);
    tn_json_u64(&json, "startedUs", run->started_us);
    tn_json_text(&json, "sql", sql);
    tn_json_open(&json, "clusters", '[');
    for (size_t e = 0; e < run->compare->engine_count; e++)
        tn_json_text(&json, NULL, run->compare->engines[e].name);
    tn_json_close(&json, ']');
    tn_json_text(&json, "group", o->group == NULL ? "" : o->group);
    tn_json_u64(&json, "repeat", o->repeat);
    tn_json_u64(&json, "warmup", o->warmup);
    tn_json_u64(&json, "concurrency", o->lanes);
    tn_json_u64(&json, "timeoutMs", o->timeout_ms);
    tn_json_u64(&json, "seed", o->seed);
    tn_json_close(&json, '}');
    tn_buf_put_u8(out, '\n');
}

static const cJSON *member(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

static const char *text_of(const cJSON *object, const char *key)
{
    const cJSON *item = member(object, key);

    return cJSON_IsString(item) ? item->valuestring : "";
}

static double number_of(const cJSON *object, const char *key)
{
    const cJSON *item = member(object, key);

    return cJSON_IsNumber(item) ? item->valuedouble : NAN;
}

/* What of the header is not as it is now: every member but those that differ by themselves. NULL = nothing. */
static const char *difference(const cJSON *there, const cJSON *here)
{
    static const char *const names[][2] = {{"sql", "SQL file"}, {"clusters", "--clusters"}, {"group", "--group"}, {"repeat", "--repeat"},
                                           {"warmup", "--warmup"}, {"concurrency", "--concurrency"}, {"timeoutMs", "--timeout"}, {"seed", "--seed"}};

    for (size_t i = 0; i < TN_ARRAY_LEN(names); i++)
        if (!cJSON_Compare(member(there, names[i][0]), member(here, names[i][0]), true))
            return names[i][1];
    return NULL;
}

/* It goes into the tags of every query, between quotes. */
static bool is_run_id(const char *id)
{
    return strlen(id) == TN_COMPARE_RUN_ID - 1 && strspn(id, "0123456789abcdef") == TN_COMPARE_RUN_ID - 1;
}

static enum tn_status check_header(struct tn_compare_run *run, const cJSON *there, struct tn_error *err)
{
    const char   *path = run->options->state, *what;
    struct tn_buf now;
    cJSON        *here;

    if (strcmp(text_of(there, "turnout"), "compare") != 0)
        return tn_fail(err, TN_E_INVALID, "22023", "%s is no state of `turnout compare`; --state names another file", path);
    if (number_of(there, "format") != STATE_FORMAT)
        return tn_fail(err, TN_E_INVALID, "22023", "%s is of another version of Turnout; remove it to begin anew", path);
    tn_buf_init(&now, 65536);
    put_header(&now, run);
    here = now.failed ? NULL : cJSON_ParseWithLength(now.data, now.len);
    tn_buf_reset(&now);
    if (here == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for the state");
    what = difference(there, here);
    cJSON_Delete(here);
    if (what != NULL) {
        tn_fail(err, TN_E_INVALID, "22023", "%s is of an unfinished run with another %s", path, what);
        tn_error_hint(err, "Finish that run with what it was begun with, remove the file to begin anew, or name another with --state");
        return TN_E_INVALID;
    }
    if (!is_run_id(text_of(there, "run")))
        return tn_fail(err, TN_E_INVALID, "22023", "%s is damaged; remove it to begin anew", path);
    tn_str_copy(run->id, sizeof run->id, tn_str(text_of(there, "run")));
    if (number_of(there, "startedUs") > 0 && number_of(there, "startedUs") < 9e18)
        run->started_us = (uint64_t)number_of(there, "startedUs");
    return TN_OK;
}

/* ---- items ---- */

static void put_number(struct tn_json *json, const char *key, double value)
{
    if (!isnan(value))
        tn_json_f64(json, key, value);
}

static void put_item(struct tn_buf *out, const struct tn_compare_run *run, size_t index)
{
    const struct tn_compare_sample *s = &run->items[index].sample;
    struct tn_json                  json = {.buf = out};
    char                            hash[40];

    tn_json_open(&json, NULL, '{');
    tn_json_u64(&json, "item", index);
    tn_json_u64(&json, "outcome", s->outcome);
    tn_json_f64(&json, "tMs", s->t_ms);
    tn_json_f64(&json, "ms", s->ms);
    put_number(&json, "rows", s->rows);
    if (s->has_hash) {
        snprintf(hash, sizeof hash, "%016" PRIx64 "%016" PRIx64, s->hash[0], s->hash[1]);
        tn_json_text(&json, "hash", hash);
    }
    tn_json_close(&json, '}');
    tn_buf_put_u8(out, '\n');
}

static bool read_item(struct tn_compare_run *run, const cJSON *line)
{
    double              index = number_of(line, "item"), outcome = number_of(line, "outcome");
    struct tn_run_item *item;

    if (!(index >= 0 && index < (double)run->item_count) || !(outcome >= 0 && outcome <= TN_COMPARE_TIMEOUT) || !(number_of(line, "ms") >= 0))
        return false;
    item = &run->items[(size_t)index];
    run->done_count += !item->done;
    item->done = true;
    item->sample = (struct tn_compare_sample){.query = item->query, .engine = item->engine, .outcome = (uint8_t)outcome, .t_ms = number_of(line, "tMs"),
                                              .ms = number_of(line, "ms"), .rows = number_of(line, "rows"), .usd = NAN, .bytes = NAN, .sent = NAN};
    item->sample.has_hash = sscanf(text_of(line, "hash"), "%16" SCNx64 "%16" SCNx64, &item->sample.hash[0], &item->sample.hash[1]) == 2;
    return true;
}

/* ---- the file ---- */

static enum tn_status fail_file(const struct tn_compare_run *run, struct tn_error *err)
{
    return tn_fail(err, TN_E_IO, "58030", "%s: %s", run->options->state, strerror(errno));
}

static enum tn_status load(const struct tn_compare_run *run, struct tn_buf *text, struct tn_error *err)
{
    ssize_t got = 1;

    while (got > 0) {
        if (!tn_buf_reserve(text, PART))
            return tn_fail(err, TN_E_NOMEM, "53200", "%s is too large", run->options->state);
        got = read(run->state_fd, text->data + text->len, PART);
        if (got < 0)
            return fail_file(run, err);
        text->len += (size_t)got;
    }
    return TN_OK;
}

static enum tn_status append(const struct tn_compare_run *run, struct tn_buf *text, struct tn_error *err)
{
    if (text->failed)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for the state");
    errno = tn_fd_write(run->state_fd, tn_buf_str(text));
    return errno == 0 ? TN_OK : fail_file(run, err);
}

/* LINES up to the last whole one; GOOD: bytes that are fine. */
static enum tn_status read_lines(struct tn_compare_run *run, struct tn_str text, size_t *good, struct tn_error *err)
{
    bool first = true;

    *good = 0;
    while (*good < text.len) {
        const char    *at = text.ptr + *good, *end = memchr(at, '\n', text.len - *good);
        cJSON         *line = end == NULL ? NULL : cJSON_ParseWithLength(at, (size_t)(end - at));
        enum tn_status status = first && line != NULL ? check_header(run, line, err) : TN_OK;
        bool           fine = line != NULL && (first || read_item(run, line));

        cJSON_Delete(line);
        if (status != TN_OK)
            return status;
        if (!fine && end == NULL && !first)
            return TN_OK; /* cut short */
        if (!fine)
            return tn_fail(err, TN_E_INVALID, "22023", "%s is no state of `turnout compare`, or it is damaged; remove it to begin anew", run->options->state);
        *good += (size_t)(end - at) + 1;
        first = false;
    }
    return TN_OK;
}

static enum tn_status go_on(struct tn_compare_run *run, struct tn_buf *text, struct tn_error *err)
{
    size_t good = 0;

    TN_TRY(load(run, text, err));
    if (text->len > 0)
        TN_TRY(read_lines(run, tn_buf_str(text), &good, err));
    if (good < text->len && (ftruncate(run->state_fd, (off_t)good) != 0 || lseek(run->state_fd, 0, SEEK_END) < 0))
        return fail_file(run, err);
    tn_buf_clear(text);
    if (good == 0)
        put_header(text, run);
    return append(run, text, err);
}

/* It is removed in the end: nothing but a file may be meant, and no device. */
static enum tn_status open_file(struct tn_compare_run *run, struct tn_error *err)
{
    struct stat about;

    run->state_fd = open(run->options->state, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);
    if (run->state_fd >= 0 && fstat(run->state_fd, &about) == 0 && S_ISREG(about.st_mode))
        return TN_OK;
    if (run->state_fd < 0)
        fail_file(run, err);
    else
        tn_fail(err, TN_E_INVALID, "58030", "%s is no file", run->options->state);
    tn_error_hint(err, "--state names another file");
    return err->status;
}

enum tn_status tn_run_state_open(struct tn_compare_run *run, struct tn_error *err)
{
    struct tn_buf  text;
    enum tn_status status;

    TN_TRY(open_file(run, err));
    if (flock(run->state_fd, LOCK_EX | LOCK_NB) != 0)
        return tn_fail(err, TN_E_INVALID, "55006", "%s is in use: another `turnout compare` runs with it", run->options->state);
    tn_buf_init(&text, STATE_MAX);
    status = go_on(run, &text, err);
    tn_buf_reset(&text);
    return status;
}

enum tn_status tn_run_state_put(struct tn_compare_run *run, size_t index, struct tn_error *err)
{
    struct tn_buf  text;
    enum tn_status status;

    tn_buf_init(&text, 4096);
    put_item(&text, run, index);
    status = append(run, &text, err);
    tn_buf_reset(&text);
    return status;
}

void tn_run_state_close(struct tn_compare_run *run)
{
    if (run->state_fd >= 0)
        close(run->state_fd);
    run->state_fd = -1;
}
