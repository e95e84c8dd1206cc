#include "policies/route/route.h"

#include <stdarg.h>

struct line {
    char  *out;
    size_t size, len; /* LEN grows beyond SIZE as snprintf's does */
};

static void put(struct line *line, const char *fmt, ...) TN_PRINTF(2, 3);

static void put(struct line *line, const char *fmt, ...)
{
    size_t  at = TN_MIN(line->len, line->size == 0 ? 0 : line->size - 1);
    va_list args;
    int     n;

    va_start(args, fmt);
    n = vsnprintf(line->size == 0 ? NULL : line->out + at, line->size - at, fmt, args);
    va_end(args);
    line->len += n > 0 ? (size_t)n : 0;
}

static void put_text(struct line *line, struct tn_str text)
{
    size_t at = TN_MIN(line->len, line->size == 0 ? 0 : line->size - 1);
    size_t fits = line->size == 0 ? 0 : TN_MIN(text.len, line->size - 1 - at);

    if (fits > 0)
        memcpy(line->out + at, text.ptr, fits);
    if (line->size > 0)
        line->out[at + fits] = '\0';
    line->len += text.len;
}

void tn_route_tell_denial(const struct tn_route_result *result, struct tn_error *err)
{
    if (result->hint != NULL)
        tn_error_hint(err, "%s", result->hint);
    else if (result->rule >= 0)
        tn_error_detail(err, "denied by router %s, rule %d", result->router, result->rule + 1);
    else
        tn_error_detail(err, "denied by router %s", result->router);
}

size_t tn_route_trace_text(const struct tn_route_result *result, char *out, size_t size)
{
    struct line line = {.out = out, .size = size};
    size_t      written;

    if (size > 0)
        out[0] = '\0';
    for (size_t i = 0; i < result->step_count; i++) {
        const struct tn_route_step *step = &result->steps[i];

        put_text(&line, i == 0 ? TN_STR("") : TN_STR("; "));
        put_text(&line, tn_str(step->router));
        if (step->rule >= 0)
            put(&line, "#%d", step->rule + 1);
        put_text(&line, TN_STR(": "));
        put_text(&line, step->why);
    }
    if (result->denied) {
        put(&line, " -> denied %s", result->sqlstate);
    } else if (result->group != NULL) {
        put_text(&line, TN_STR(" -> "));
        put_text(&line, result->group->name);
    }
    written = size == 0 ? 0 : TN_MIN(line.len, size - 1);
    if (written < line.len) { /* not in the middle of a character */
        written = tn_utf8_valid_prefix(out, written);
        if (size > 0)
            out[written] = '\0';
    }
    return written;
}
