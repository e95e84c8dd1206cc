#include "tools/cli/compare_chart.h"
#include "tools/cli/compare_html.h"
#include "tools/cli/compare_label.h"

#include <math.h>

enum { WIDTH = 360, LEFT = 8, RIGHT = 14, ROW = 50, TOP = 8, BOTTOM = 34, TICKS = 12, HEIGHT = 220, POINTS = TN_COMPARE_ENGINES * 4, NAME_SHOWN = 30 };

#define NAME_WIDTH 7.2 /* of a letter, about */

/* ---- axes ---- */

void tn_axis_fit(struct tn_axis *axis, const double *values, size_t count, bool from_zero)
{
    double low = INFINITY, high = 0;

    for (size_t i = 0; i < count; i++)
        if (isfinite(values[i])) {
            low = fmin(low, values[i]);
            high = fmax(high, values[i]);
        }
    *axis = (struct tn_axis){0, high > 0 ? high * 1.08 : 1, false};
    if (from_zero || !(low > 0) || high <= 10 * low)
        return;
    *axis = (struct tn_axis){low / 1.35, high * 1.35, true};
}

double tn_axis_place(const struct tn_axis *axis, double value)
{
    double place = axis->logarithmic ? log(fmax(value, axis->low) / axis->low) / log(axis->high / axis->low) : (value - axis->low) / (axis->high - axis->low);

    return fmin(fmax(place, 0), 1);
}

static size_t logarithmic_ticks(const struct tn_axis *axis, double *ticks, size_t size)
{
    static const double steps[] = {1, 2, 5};
    double              decades = log10(axis->high / axis->low);
    size_t              count = 0, each = decades > 2.2 ? 1 : TN_ARRAY_LEN(steps);
    int                 skip = (int)ceil(decades / 5.);

    for (int power = (int)floor(log10(axis->low)); count < size && power < 400; power++) {
        if (pow(10, power) > axis->high)
            break;
        for (size_t i = 0; i < each && count < size; i++) {
            double tick = steps[i] * pow(10, power);

            if (tick >= axis->low && tick <= axis->high && (skip <= 1 || power % skip == 0))
                ticks[count++] = tick;
        }
    }
    return count;
}

size_t tn_axis_ticks(const struct tn_axis *axis, double *ticks, size_t size)
{
    double span = axis->high - axis->low, step;
    size_t count = 0;

    if (axis->logarithmic)
        return logarithmic_ticks(axis, ticks, size);
    step = pow(10, floor(log10(span / 4)));
    step *= span / step > 20 ? 5 : span / step > 8 ? 2 : 1;
    for (size_t i = 0; count < size && axis->low + (double)i * step <= axis->high; i++)
        ticks[count++] = axis->low + (double)i * step;
    return count;
}

/* ---- what the charts have in common ---- */

static void begin(struct tn_buf *out, int height, const char *name)
{
    tn_buf_printf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">", WIDTH, height, name);
}

static double x_of(const struct tn_axis *axis, double value)
{
    return LEFT + tn_axis_place(axis, value) * (WIDTH - LEFT - RIGHT);
}

typedef void format_fn(char *out, size_t size, double value);

/* Steps are round: no digits that say nothing. */
static void tick_ms(char *out, size_t size, double ms)
{
    snprintf(out, size, ms >= 1000 ? "%.4g s" : ms > 0 ? "%.4g ms" : "%.4g", ms >= 1000 ? ms / 1e3 : ms);
}

static void tick_usd(char *out, size_t size, double usd)
{
    size_t len;

    if (usd <= 0 || usd >= 1e-4) {
        snprintf(out, size, "$%.4g", usd);
        return;
    }
    snprintf(out, size, "$%.*f", 1 + (int)ceil(-log10(usd)), usd); /* no powers of ten either */
    for (len = strlen(out); out[len - 1] == '0'; len--)
        out[len - 1] = '\0';
}

static void put_axis(struct tn_buf *out, const struct tn_axis *axis, int height, format_fn *format, const char *name)
{
    double ticks[TICKS], last = -100;
    size_t count = tn_axis_ticks(axis, ticks, TICKS), before = 0;

    for (size_t i = 0; i < count; i++) {
        double x = x_of(axis, ticks[i]);
        char   text[32];

        tn_buf_printf(out, "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>", x, x, TOP, height - BOTTOM);
        format(text, sizeof text, ticks[i]);
        if (x - last < 3.1 * (double)(strlen(text) + before) + 6)
            continue; /* it would run into the one before */
        before = strlen(text);
        last = x < LEFT + 12 ? x + 3.1 * (double)strlen(text) : x;
        tn_buf_printf(out, "<text class=\"tick\" x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">%s</text>", x, height - BOTTOM + 13,
                      x < LEFT + 12 ? "start" : x > WIDTH - 30 ? "end" : "middle", text);
    }
    tn_buf_printf(out, "<text class=\"tick\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s%s</text>", WIDTH / 2, height - 4, name,
                  axis->logarithmic ? " (logarithmic)" : "");
}

static void put_name(struct tn_buf *out, const struct tn_compare_report *report, size_t engine, double x, double y, const char *anchor)
{
    struct tn_str name = tn_str(report->compare->engines[engine].name);
    bool          cut = name.len > NAME_SHOWN;

    name.len = tn_utf8_valid_prefix(name.ptr, TN_MIN(name.len, (size_t)NAME_SHOWN));
    tn_buf_printf(out, "<text class=\"name\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
    tn_html_put(out, name);
    tn_buf_puts(out, cut ? "…</text>" : "</text>");
}

static void put_title(struct tn_buf *out, const struct tn_compare_report *report, size_t engine, const char *text)
{
    tn_buf_puts(out, "<title>");
    tn_html_put(out, tn_str(report->compare->engines[engine].name));
    tn_buf_printf(out, ": %s</title>", text);
}

static void put_interval(char *out, size_t size, const char *what, const struct tn_interval *interval, format_fn *format)
{
    char value[32], low[32], high[32];

    format(value, sizeof value, interval->value);
    format(low, sizeof low, interval->low);
    format(high, sizeof high, interval->high);
    snprintf(out, size, "%s %s (95 %%: %s to %s)", what, value, low, high);
}

static size_t shown_engines(const struct tn_compare_report *report, enum tn_figure figure)
{
    size_t count = 0;

    for (size_t e = 0; e < report->compare->engine_count; e++)
        count += isfinite(report->engines[e].f.ms[figure].value) ? 1 : 0;
    return count;
}

/* ---- latency ---- */

static void put_latency_row(struct tn_buf *out, const struct tn_compare_report *report, const struct tn_axis *axis, size_t engine, double y)
{
    static const struct {
        enum tn_figure figure;
        const char    *name, *class;
        double         radius;
    } marks[] = {{TN_FIGURE_P99, "P99", "p99", 4}, {TN_FIGURE_P95, "P95", "p95", 5}, {TN_FIGURE_P50, "P50", "p50", 6}};
    const struct tn_figures *f = &report->engines[engine].f;
    char                     text[160], value[32];

    put_name(out, report, engine, LEFT, y - 12, "start");
    tn_compare_format_ms(value, sizeof value, f->ms[TN_FIGURE_P50].value);
    tn_buf_printf(out, "<text class=\"value\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s%s", WIDTH - RIGHT, y - 12, f->at_least[TN_FIGURE_P50] ? "&gt;" : "", value);
    tn_compare_format_ms(value, sizeof value, f->ms[TN_FIGURE_P95].value);
    tn_buf_printf(out, " · %s%s</text>", f->at_least[TN_FIGURE_P95] ? "&gt;" : "", value);
    tn_buf_printf(out, "<line class=\"span\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>", x_of(axis, f->ms[TN_FIGURE_P50].value),
                  x_of(axis, f->ms[TN_FIGURE_P99].value), y, y);
    for (size_t i = 0; i < TN_ARRAY_LEN(marks); i++) {
        put_interval(text, sizeof text, marks[i].name, &f->ms[marks[i].figure], tn_compare_format_ms);
        tn_buf_printf(out, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.0f\">", marks[i].class, x_of(axis, f->ms[marks[i].figure].value), y, marks[i].radius);
        put_title(out, report, engine, text);
        tn_buf_puts(out, "</circle>");
    }
}

void tn_chart_latency(struct tn_buf *out, const struct tn_compare_report *report)
{
    int            rows = (int)shown_engines(report, TN_FIGURE_P50), height = TOP + TN_MAX(rows, 1) * ROW + BOTTOM;
    double         values[POINTS], y = TOP + ROW - 12;
    size_t         count = 0;
    struct tn_axis axis;

    for (size_t e = 0; e < report->compare->engine_count; e++) {
        values[count++] = report->engines[e].f.ms[TN_FIGURE_P50].value;
        values[count++] = report->engines[e].f.ms[TN_FIGURE_P99].value;
    }
    tn_axis_fit(&axis, values, count, false);
    begin(out, height, "Latency of each engine");
    put_axis(out, &axis, height, tick_ms, "time on the engine");
    for (size_t e = 0; e < report->compare->engine_count; e++)
        if (isfinite(report->engines[e].f.ms[TN_FIGURE_P50].value)) {
            put_latency_row(out, report, &axis, e, y);
            y += ROW;
        }
    tn_buf_puts(out, "</svg>");
}

/* ---- cost ---- */

static struct tn_interval money_of(const struct tn_compare_report *report, size_t engine)
{
    const struct tn_interval *usd = &report->engines[engine].f.usd;
    double                    unit = tn_compare_money_unit(report);

    return (struct tn_interval){usd->value * unit, usd->low * unit, usd->high * unit};
}

static void put_cost_row(struct tn_buf *out, const struct tn_compare_report *report, const struct tn_axis *axis, size_t engine, double y)
{
    struct tn_interval money = money_of(report, engine), *usd = &money;
    char               text[160], value[32];

    put_name(out, report, engine, LEFT, y - 12, "start");
    tn_compare_format_usd(value, sizeof value, usd->value);
    tn_buf_printf(out, "<text class=\"value\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">$%s</text>", WIDTH - RIGHT, y - 12, value);
    put_interval(text, sizeof text, "mean cost", usd, tn_compare_format_usd);
    tn_buf_printf(out, "<rect class=\"bar\" x=\"%d\" y=\"%.1f\" width=\"%.1f\" height=\"12\" rx=\"2\">", LEFT, y - 6, fmax(x_of(axis, usd->value) - LEFT, 1));
    put_title(out, report, engine, text);
    tn_buf_puts(out, "</rect>");
    if (isfinite(usd->low) && usd->high > usd->low)
        tn_buf_printf(out, "<line class=\"whisker\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>", x_of(axis, usd->low), x_of(axis, usd->high), y, y);
}

void tn_chart_cost(struct tn_buf *out, const struct tn_compare_report *report)
{
    double         values[POINTS], y = TOP + ROW - 12;
    size_t         count = 0;
    int            rows = 0, height;
    struct tn_axis axis;

    for (size_t e = 0; e < report->compare->engine_count; e++) {
        values[count++] = money_of(report, e).value;
        values[count++] = money_of(report, e).high;
        rows += isfinite(report->engines[e].f.usd.value) ? 1 : 0;
    }
    if (rows == 0) {
        tn_buf_puts(out, "<p class=\"none\">Prices are not known.</p>");
        return;
    }
    height = TOP + rows * ROW + BOTTOM;
    tn_axis_fit(&axis, values, count, true); /* bars begin at nothing */
    begin(out, height, "Cost of a query on each engine");
    put_axis(out, &axis, height, tick_usd, tn_compare_money_unit(report) > 1 ? "US dollars for a million queries" : "US dollars for a query");
    for (size_t e = 0; e < report->compare->engine_count; e++)
        if (isfinite(report->engines[e].f.usd.value)) {
            put_cost_row(out, report, &axis, e, y);
            y += ROW;
        }
    tn_buf_puts(out, "</svg>");
}

/* ---- scatter ---- */

static double y_of(const struct tn_axis *axis, double value)
{
    return HEIGHT - BOTTOM - tn_axis_place(axis, value) * (HEIGHT - BOTTOM - TOP);
}

static void put_up_axis(struct tn_buf *out, const struct tn_axis *axis)
{
    double ticks[TICKS];
    size_t count = tn_axis_ticks(axis, ticks, TICKS);

    for (size_t i = 0; i < count; i++) {
        double y = y_of(axis, ticks[i]);
        char   text[32];

        tick_usd(text, sizeof text, ticks[i]);
        tn_buf_printf(out, "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/><text class=\"tick\" x=\"%d\" y=\"%.1f\">%s</text>", LEFT, WIDTH - RIGHT,
                      y, y, LEFT, y - 3, text);
    }
}

static void put_point(struct tn_buf *out, const struct tn_compare_report *report, size_t engine, const struct tn_label *label)
{
    char ms[32], usd[32], text[160];

    tn_compare_format_ms(ms, sizeof ms, report->engines[engine].f.ms[TN_FIGURE_P50].value);
    tn_compare_format_usd(usd, sizeof usd, money_of(report, engine).value);
    snprintf(text, sizeof text, "P50 %s, $%s for a %s", ms, usd, tn_compare_money_name(report));
    tn_buf_printf(out, "<circle class=\"p50\" cx=\"%.1f\" cy=\"%.1f\" r=\"7\">", label->x, label->y);
    put_title(out, report, engine, text);
    tn_buf_puts(out, "</circle>");
}

/* With a line from the point where it is not beside it. */
static void put_label(struct tn_buf *out, const struct tn_compare_report *report, size_t engine, const struct tn_label *label)
{
    double edge = label->x + (label->left ? -TN_LABEL_GAP : TN_LABEL_GAP);

    if (!label->shown)
        return;
    if (fabs(label->base - label->y) > 2 * TN_LABEL_POINT)
        tn_buf_printf(out, "<line class=\"lead\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>", label->x, label->y, edge, label->base - 4);
    put_name(out, report, engine, edge, label->base, label->left ? "end" : "start");
}

static void put_points(struct tn_buf *out, const struct tn_compare_report *report, const struct tn_axis *across, const struct tn_axis *up)
{
    static const struct tn_label_room room = {2, WIDTH - 2, 0, HEIGHT - BOTTOM + 2};
    struct tn_label                   labels[TN_COMPARE_ENGINES];
    size_t                            engines[TN_COMPARE_ENGINES], count = 0;

    for (size_t e = 0; e < report->compare->engine_count; e++) {
        double ms = report->engines[e].f.ms[TN_FIGURE_P50].value, usd = money_of(report, e).value;
        size_t shown = TN_MIN(strlen(report->compare->engines[e].name), (size_t)NAME_SHOWN + 1);

        if (!isfinite(ms) || !isfinite(usd))
            continue;
        labels[count] = (struct tn_label){.x = x_of(across, ms), .y = y_of(up, usd), .width = NAME_WIDTH * (double)shown};
        engines[count++] = e;
    }
    tn_labels_place(labels, count, &room);
    for (size_t i = 0; i < count; i++)
        put_label(out, report, engines[i], &labels[i]);
    for (size_t i = 0; i < count; i++)
        put_point(out, report, engines[i], &labels[i]);
}

void tn_chart_scatter(struct tn_buf *out, const struct tn_compare_report *report)
{
    double         ms[TN_COMPARE_ENGINES], usd[TN_COMPARE_ENGINES];
    size_t         count = report->compare->engine_count, known = 0;
    struct tn_axis across, up;

    for (size_t e = 0; e < count; e++) {
        ms[e] = report->engines[e].f.ms[TN_FIGURE_P50].value;
        usd[e] = money_of(report, e).value;
        known += isfinite(ms[e]) && isfinite(usd[e]) ? 1 : 0;
    }
    if (known == 0) {
        tn_buf_puts(out, "<p class=\"none\">Prices are not known.</p>");
        return;
    }
    tn_axis_fit(&across, ms, count, false);
    tn_axis_fit(&up, usd, count, false);
    begin(out, HEIGHT, "Latency and cost of each engine");
    put_axis(out, &across, HEIGHT, tick_ms, "P50");
    put_up_axis(out, &up);
    put_points(out, report, &across, &up);
    tn_buf_puts(out, "</svg>");
}
