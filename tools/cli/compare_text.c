#include "tools/cli/compare_text.h"

#include "tools/cli/compare_break_even.h"
#include "tools/cli/table.h"

#include <math.h>

enum { TEXT_SHOWN = 56 };

/* ---- figures ---- */

void tn_compare_format_ms(char *out, size_t size, double ms)
{
    if (isnan(ms))
        snprintf(out, size, "-");
    else if (ms < 1)
        snprintf(out, size, "%.3f ms", ms);
    else if (ms < 1e3)
        snprintf(out, size, ms < 10 ? "%.2f ms" : ms < 100 ? "%.1f ms" : "%.0f ms", ms);
    else
        snprintf(out, size, ms < 1e4 ? "%.2f s" : ms < 1e5 ? "%.1f s" : "%.0f s", ms / 1e3);
}

double tn_compare_money_unit(const struct tn_compare_report *report)
{
    double most = 0;

    for (size_t e = 0; e < report->compare->engine_count; e++)
        if (!isnan(report->engines[e].f.usd.value))
            most = fmax(most, report->engines[e].f.usd.value);
    return most > 0 && most < .001 ? 1e6 : 1;
}

const char *tn_compare_money_name(const struct tn_compare_report *report)
{
    return tn_compare_money_unit(report) > 1 ? "million queries" : "query";
}

/* Three digits that count. */
void tn_compare_format_usd(char *out, size_t size, double usd)
{
    int places;

    if (isnan(usd)) {
        snprintf(out, size, "-");
        return;
    }
    places = usd <= 0 ? 0 : 2 - (int)floor(log10(usd));
    places = places < 2 ? 2 : places > 12 ? 12 : places;
    snprintf(out, size, usd == 0 ? "0" : "%.*f", places, usd);
}

void tn_compare_format_bytes(char *out, size_t size, double bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    size_t                   unit = 0;

    if (isnan(bytes)) {
        snprintf(out, size, "-");
        return;
    }
    while (bytes >= 999.5 && unit + 1 < TN_ARRAY_LEN(units)) {
        bytes /= 1e3;
        unit++;
    }
    snprintf(out, size, unit == 0 || bytes >= 100 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
}

void tn_compare_warning_text(struct tn_buf *out, const struct tn_compare_report *report, const struct tn_answer_warning *w)
{
    const struct tn_compare_engine *engines = report->compare->engines;

    switch (w->what) {
    case TN_DIFFER_ROWS:
        tn_buf_printf(out, "%s gives %.0f rows, %s gives %.0f", engines[w->engine].name, w->rows, engines[w->other].name, w->other_rows);
        return;
    case TN_DIFFER_VALUES:
        tn_buf_printf(out, "%s and %s give %.0f rows each, with other values", engines[w->engine].name, engines[w->other].name, w->rows);
        return;
    case TN_DIFFER_UNSTABLE:
        tn_buf_printf(out, "%s gives another answer each time; not compared", engines[w->engine].name);
        return;
    }
}

/* ---- tables ---- */

/* Milliseconds, three digits that count. */
static void number_ms(char out[32], double ms)
{
    snprintf(out, 32, isnan(ms) ? "-" : ms < 1 ? "%.3f" : ms < 10 ? "%.2f" : ms < 100 ? "%.1f" : "%.0f", ms);
}

static void put_ms(struct tn_table *table, const struct tn_figures *f, enum tn_figure figure, bool interval)
{
    char value[32], low[32], high[32];

    number_ms(value, f->ms[figure].value);
    number_ms(low, f->ms[figure].low);
    number_ms(high, f->ms[figure].high);
    if (interval && !isnan(f->ms[figure].low))
        tn_table_cellf(table, "%s%s [%s, %s]", f->at_least[figure] ? ">" : "", value, low, high);
    else
        tn_table_cellf(table, "%s%s", f->at_least[figure] ? ">" : "", value);
}

static void put_share(struct tn_table *table, size_t part, size_t whole)
{
    if (whole == 0)
        tn_table_cell(table, TN_STR(""));
    else
        tn_table_cellf(table, "%.0f %%", 100 * (double)part / (double)whole);
}

static void put_engines(struct tn_buf *out, const struct tn_compare_report *report)
{
    double                   unit = tn_compare_money_unit(report);
    const char *const        headers[] = {"ENGINE", ">RUNS", ">SUCCESS", unit > 1 ? ">USD/MILLION" : ">USD/QUERY", ">P50 ms", ">P95 ms", ">P99 ms", ">MEAN ms",
                                          report->reads ? ">READ" : ">SENT", ">FASTEST", ">CHEAPEST", NULL};
    struct tn_table          table;

    tn_table_init(&table, headers);
    for (size_t e = 0; e < report->compare->engine_count; e++) {
        const struct tn_engine_figures *engine = &report->engines[e];
        const struct tn_figures        *f = &engine->f;
        char                            usd[32], bytes[32];

        tn_compare_format_usd(usd, sizeof usd, f->usd.value * unit);
        tn_compare_format_bytes(bytes, sizeof bytes, report->reads ? f->bytes : f->sent);
        tn_table_cell(&table, tn_str(report->compare->engines[e].name));
        tn_table_cellf(&table, "%zu", f->runs);
        if (f->runs == 0)
            tn_table_cell(&table, TN_STR(""));
        else
            tn_table_cellf(&table, "%.1f %%", 100 * (double)f->ok / (double)f->runs);
        tn_table_cell(&table, tn_str(f->runs == 0 ? "" : usd));
        put_ms(&table, f, TN_FIGURE_P50, true);
        put_ms(&table, f, TN_FIGURE_P95, true);
        put_ms(&table, f, TN_FIGURE_P99, false);
        put_ms(&table, f, TN_FIGURE_MEAN, true);
        tn_table_cell(&table, tn_str(f->runs == 0 ? "" : bytes));
        put_share(&table, engine->fastest, report->compared);
        put_share(&table, isnan(f->usd.value) ? 0 : engine->cheapest, isnan(f->usd.value) ? 0 : report->compared);
    }
    tn_table_print(&table, out);
    tn_table_reset(&table);
}

static const char *engine_name(const struct tn_compare_report *report, long engine)
{
    return engine < 0 ? "" : report->compare->engines[engine].name;
}

static void put_shape(struct tn_table *table, const struct tn_compare_report *report, uint32_t index)
{
    const struct tn_shape_figures *shape = &report->shapes[index];
    struct tn_str                  text = tn_str_trim(tn_str(report->compare->shapes[index].text));

    for (size_t e = 0; e < report->compare->engine_count; e++)
        if (shape->cell[e].f.runs == 0)
            tn_table_cell(table, TN_STR(""));
        else if (shape->cell[e].f.ok == 0)
            tn_table_cell(table, shape->cell[e].f.timeouts > 0 ? TN_STR("timed out") : TN_STR("failed"));
        else
            put_ms(table, &shape->cell[e].f, TN_FIGURE_P50, false);
    tn_table_cellf(table, "%s%s", engine_name(report, shape->fastest), shape->fastest >= 0 && !shape->cell[shape->fastest].clear ? "?" : "");
    tn_table_cell(table, tn_str(engine_name(report, shape->cheapest)));
    text.len = tn_utf8_valid_prefix(text.ptr, TN_MIN(text.len, (size_t)TEXT_SHOWN));
    tn_table_cell(table, text);
}

/* A table has so many columns only: with more engines the winners must do. */
static void put_shapes(struct tn_buf *out, const struct tn_compare_report *report)
{
    const char     *headers[TN_TABLE_COLUMNS + 1];
    char            names[TN_COMPARE_ENGINES][TN_COMPARE_NAME + 1];
    size_t          engines = report->compare->engine_count, columns = 0, shown = 0;
    struct tn_table table;

    if (engines + 3 > TN_TABLE_COLUMNS)
        return;
    for (size_t e = 0; e < engines; e++) {
        snprintf(names[e], sizeof names[e], ">%s", report->compare->engines[e].name);
        headers[columns++] = names[e];
    }
    headers[columns++] = "FASTEST";
    headers[columns++] = "CHEAPEST";
    headers[columns++] = "SHAPE (P50 in ms on each; ?: too close to call)";
    headers[columns] = NULL;
    tn_table_init(&table, headers);
    for (size_t i = 0; i < report->compare->shape_count && shown < TN_COMPARE_SHAPES_SHOWN; i++)
        if (report->shapes[report->order[i]].runs > 0) {
            put_shape(&table, report, report->order[i]);
            shown++;
        }
    tn_buf_puts(out, "\n");
    tn_table_print(&table, out);
    tn_table_reset(&table);
    if (report->compare->shape_count > shown)
        tn_buf_printf(out, "and %zu more shapes: --json, --csv and --html have them\n", report->compare->shape_count - shown);
}

/* ---- the whole ---- */

static void put_clean(struct tn_buf *out, struct tn_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];

        tn_buf_put_u8(out, c < 0x20 || c == 0x7f ? ' ' : c);
    }
}

static void put_warnings(struct tn_buf *out, const struct tn_compare_report *report)
{
    for (size_t i = 0; i < report->warning_count && i < TN_COMPARE_SHAPES_SHOWN; i++) {
        struct tn_str text = tn_str_trim(tn_str(report->compare->queries[report->warnings[i].query].text));

        text.len = tn_utf8_valid_prefix(text.ptr, TN_MIN(text.len, (size_t)TEXT_SHOWN));
        tn_buf_puts(out, i == 0 ? "\nwarning: answers differ: " : "warning: answers differ: ");
        tn_compare_warning_text(out, report, &report->warnings[i]);
        tn_buf_puts(out, ": ");
        put_clean(out, text);
        tn_buf_puts(out, "\n");
    }
    if (report->warning_count > TN_COMPARE_SHAPES_SHOWN)
        tn_buf_printf(out, "and %zu more warnings\n", report->warning_count - TN_COMPARE_SHAPES_SHOWN);
    if (report->answers > 0)
        tn_buf_printf(out, "\nAnswers of %zu queries were compared %s.\n", report->answers,
                      report->hashed ? "by number of rows and by a hash of their values that the order of rows and the way of writing a value do not change"
                                     : "by number of rows only: history keeps no rows, and data may have changed between the runs");
}

void tn_compare_put_text(struct tn_buf *out, const struct tn_compare_report *report, const struct tn_compare_about *about)
{
    struct tn_buf sentences;

    tn_buf_printf(out, "%s\n", about->source);
    if (about->partial)
        tn_buf_printf(out, "Interrupted: %zu of %zu runs are done. The same command goes on from there.\n", about->done, about->planned);
    tn_buf_puts(out, "\n");
    put_engines(out, report);
    put_shapes(out, report);
    put_warnings(out, report);
    tn_buf_init(&sentences, out->max);
    tn_compare_put_break_even(&sentences, report);
    if (sentences.len > 0)
        tn_buf_puts(out, "\n");
    tn_buf_put_str(out, tn_buf_str(&sentences));
    tn_buf_reset(&sentences);
    if (about->notes.len > 0)
        tn_buf_puts(out, "\n");
    tn_buf_put_str(out, about->notes);
}
