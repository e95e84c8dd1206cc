#include "admin/prometheus.h"

#include <inttypes.h>
#include <math.h>

static void put_escaped(struct tn_buf *buf, struct tn_str text, bool quotes)
{
    size_t valid = tn_utf8_valid_prefix(text.ptr, text.len);

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];

        if (c == '\\')
            tn_buf_puts(buf, "\\\\");
        else if (c == '\n')
            tn_buf_puts(buf, "\\n");
        else if (c == '"' && quotes)
            tn_buf_puts(buf, "\\\"");
        else
            tn_buf_put_u8(buf, i < valid ? (uint8_t)c : '?'); /* the format is UTF-8 */
    }
}

static void put_labels(struct tn_buf *buf, const struct tn_label *labels, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        tn_buf_printf(buf, "%s%s=\"", i == 0 ? "" : ",", labels[i].name);
        put_escaped(buf, labels[i].value, true);
        tn_buf_puts(buf, "\"");
    }
}

void tn_prometheus_family(struct tn_prometheus *p, const char *name, const char *type, const char *help)
{
    p->family = name;
    tn_buf_printf(p->buf, "# HELP %s ", name);
    put_escaped(p->buf, tn_str(help), false);
    tn_buf_printf(p->buf, "\n# TYPE %s %s\n", name, type);
}

static void put_name(struct tn_prometheus *p, const struct tn_label *labels, size_t count)
{
    tn_buf_puts(p->buf, p->family);
    if (count == 0)
        return;
    tn_buf_puts(p->buf, "{");
    put_labels(p->buf, labels, count);
    tn_buf_puts(p->buf, "}");
}

void tn_prometheus_u64(struct tn_prometheus *p, const struct tn_label *labels, size_t count, uint64_t value)
{
    put_name(p, labels, count);
    tn_buf_printf(p->buf, " %" PRIu64 "\n", value);
}

void tn_prometheus_double(struct tn_prometheus *p, const struct tn_label *labels, size_t count, double value)
{
    put_name(p, labels, count);
    tn_buf_printf(p->buf, " %.17g\n", isfinite(value) ? value : 0.);
}

static void put_bucket(struct tn_prometheus *p, const struct tn_label *labels, size_t count, const char *limit, uint64_t n)
{
    tn_buf_printf(p->buf, "%s_bucket{", p->family);
    put_labels(p->buf, labels, count);
    tn_buf_printf(p->buf, "%sle=\"%s\"} %" PRIu64 "\n", count > 0 ? "," : "", limit, n);
}

static void put_total(struct tn_prometheus *p, const struct tn_label *labels, size_t count, const char *suffix)
{
    tn_buf_printf(p->buf, "%s%s", p->family, suffix);
    if (count > 0) {
        tn_buf_puts(p->buf, "{");
        put_labels(p->buf, labels, count);
        tn_buf_puts(p->buf, "}");
    }
}

void tn_prometheus_histogram(struct tn_prometheus *p, const struct tn_label *labels, size_t count,
                             const struct tn_histogram_view *view)
{
    uint64_t below[TN_HISTOGRAM_LIMITS];

    tn_histogram_cumulative(view, below);
    for (size_t i = 0; i < TN_HISTOGRAM_LIMITS; i++)
        put_bucket(p, labels, count, tn_histogram_limits[i].label, below[i]);
    put_bucket(p, labels, count, "+Inf", view->count);
    put_total(p, labels, count, "_sum");
    tn_buf_printf(p->buf, " %" PRIu64 ".%06u\n", view->sum_us / 1000000, (unsigned)(view->sum_us % 1000000));
    put_total(p, labels, count, "_count");
    tn_buf_printf(p->buf, " %" PRIu64 "\n", view->count);
}

void tn_prometheus_one(struct tn_prometheus *p, const char *name, const char *type, const char *help, uint64_t value)
{
    tn_prometheus_family(p, name, type, help);
    tn_prometheus_u64(p, NULL, 0, value);
}
