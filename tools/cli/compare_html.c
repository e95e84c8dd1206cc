#include "tools/cli/compare_html.h"

#include "base/clock.h"
#include "tools/cli/compare_break_even.h"
#include "tools/cli/compare_chart.h"

#include <math.h>

enum { SHAPES_SHOWN = 200, WARNINGS_SHOWN = 100, TEXT_SHOWN = 400, HEATS = 6 };

static const char style[] =
    ":root{color-scheme:light dark;--bg:#fbfbfa;--card:#fff;--ink:#1d2430;--soft:#5d6675;--line:#e3e6ea;--main:#1f5fae;--mid:#6f9fd4;--far:#b5cdea;"
    "--win:#0b6b4f;--warn:#8a4b00;--warnbg:#fff4e0;--h0:#d3ece2;--h1:#e6f0fa;--h2:#f3eef6;--h3:#fbe6e0;--h4:#f5cbc0;--h5:#e9a798}"
    "@media(prefers-color-scheme:dark){:root{--bg:#12161c;--card:#1a2029;--ink:#e6e9ee;--soft:#9aa4b2;--line:#2d3541;--main:#7ab8ff;--mid:#5688bd;--far:#42607f;"
    "--win:#6fd6ae;--warn:#ffc266;--warnbg:#33270f;--h0:#174535;--h1:#1d3147;--h2:#2b2a3d;--h3:#45282a;--h4:#5e2a2a;--h5:#7a2f2a}}"
    "*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}"
    "main{max-width:1240px;margin:0 auto;padding:28px 20px 60px}h1{font-size:26px;line-height:1.2;margin:0 0 4px}h2{font-size:18px;margin:34px 0 10px}"
    "h3{font-size:15px;margin:0}p{margin:4px 0}.soft,.none{color:var(--soft)}.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(300px,1fr));gap:16px}"
    "figure{margin:0;padding:14px 16px 8px;background:var(--card);border:1px solid var(--line);border-radius:10px;min-width:0}figure svg{display:block;width:100%;max-width:460px;height:auto}"
    "figcaption{margin-bottom:6px}figcaption span{color:var(--soft);font-size:13px}.scroll{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:10px}"
    "table{border-collapse:collapse;width:100%;font-size:14px}th,td{padding:8px;text-align:right;white-space:nowrap;border-bottom:1px solid var(--line);vertical-align:top}"
    "tr:last-child td,tr:last-child th{border-bottom:0}th{font-weight:600;color:var(--soft)}thead th{white-space:normal;vertical-align:bottom}th[scope=row],.left{text-align:left;color:var(--ink)}td small{display:block;color:var(--soft);white-space:normal}"
    "td,.value{font-variant-numeric:tabular-nums}code{font:12.5px/1.45 ui-monospace,SFMono-Regular,Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere}"
    "td.sql{white-space:normal;text-align:left;min-width:260px}td.heat{min-width:104px}td.heat small{color:var(--ink);opacity:.75}"
    ".h0{background:var(--h0)}.h1{background:var(--h1)}.h2{background:var(--h2)}.h3{background:var(--h3)}.h4{background:var(--h4)}.h5{background:var(--h5)}"
    "b.win{color:var(--win)}.key{display:inline-block;padding:0 8px;border-radius:4px;margin-right:4px}.warn{background:var(--warnbg);border-left:4px solid var(--warn);padding:10px 14px;border-radius:6px;margin:8px 0;overflow-wrap:anywhere}"
    "svg text{fill:var(--ink);font:11px system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}svg .name{font-size:12.5px;font-weight:600}svg .tick{fill:var(--soft);font-size:10.5px}"
    "svg .value{font-size:11.5px}svg .grid{stroke:var(--line)}svg .lead{stroke:var(--soft);stroke-width:.8}svg .span{stroke:var(--far);stroke-width:4;stroke-linecap:round}svg .p50{fill:var(--main)}svg .p95{fill:var(--mid)}"
    "svg .p99{fill:var(--far)}svg circle{stroke:var(--card);stroke-width:1.5}svg .bar{fill:var(--main)}svg .whisker{stroke:var(--ink);stroke-width:1.5}"
    ".dot{display:inline-block;width:9px;height:9px;border-radius:50%;margin:0 3px 0 8px}li{margin:3px 0}footer{margin-top:34px;color:var(--soft);font-size:13px}"
    ".on{display:none}@media(max-width:600px){main{padding:18px 12px 40px}h1{font-size:21px}th,td{padding:7px 9px}ul{padding-left:20px}.matrix thead{display:none}.matrix tr{display:flex;"
    "flex-wrap:wrap;border-bottom:8px solid var(--bg)}.matrix td{border-bottom:0}.matrix td.sql{order:-1;flex:0 0 100%}.matrix td.heat{flex:1 1 104px;text-align:left}.on{display:block;color:var(--ink);font-weight:600}}"
    "@media print{figure,.scroll{break-inside:avoid}}";

void tn_html_put(struct tn_buf *out, struct tn_str text)
{
    while (text.len > 0) {
        size_t good = tn_utf8_valid_prefix(text.ptr, text.len);

        for (size_t i = 0; i < good; i++) {
            unsigned char c = (unsigned char)text.ptr[i];

            if (c == '&')
                tn_buf_puts(out, "&amp;");
            else if (c == '<')
                tn_buf_puts(out, "&lt;");
            else if (c == '>')
                tn_buf_puts(out, "&gt;");
            else if (c == '"')
                tn_buf_puts(out, "&quot;");
            else if (c == '\'')
                tn_buf_puts(out, "&#39;");
            else
                tn_buf_put_u8(out, (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f ? ' ' : c);
        }
        text = tn_str_n(text.ptr + good, text.len - good);
        if (text.len > 0) {
            tn_buf_puts(out, "\xef\xbf\xbd");
            text = tn_str_n(text.ptr + 1, text.len - 1);
        }
    }
}

static void put_code(struct tn_buf *out, struct tn_str text)
{
    struct tn_str whole = tn_str_trim(text);

    text = whole;
    text.len = whole.len > TEXT_SHOWN ? tn_utf8_valid_prefix(whole.ptr, TEXT_SHOWN) : whole.len;
    tn_buf_puts(out, "<code>");
    tn_html_put(out, text);
    tn_buf_puts(out, text.len < whole.len ? " …</code>" : "</code>");
}

static void put_lines(struct tn_buf *out, const char *tag, struct tn_str text)
{
    struct tn_str line;

    while (tn_str_next_line(&text, &line)) {
        tn_buf_printf(out, "<%s>", tag);
        tn_html_put(out, line);
        tn_buf_printf(out, "</%s>", tag);
    }
}

/* ---- engines ---- */

static void put_ms(struct tn_buf *out, const struct tn_figures *f, enum tn_figure figure)
{
    char value[32], low[32], high[32];

    tn_compare_format_ms(value, sizeof value, f->ms[figure].value);
    tn_compare_format_ms(low, sizeof low, f->ms[figure].low);
    tn_compare_format_ms(high, sizeof high, f->ms[figure].high);
    tn_buf_printf(out, "<td>%s%s", f->at_least[figure] ? "&gt;" : "", value);
    if (isfinite(f->ms[figure].low))
        tn_buf_printf(out, "<small>%s – %s</small>", low, high);
    tn_buf_puts(out, "</td>");
}

static void put_share(struct tn_buf *out, size_t part, size_t whole, bool known)
{
    if (whole == 0 || !known)
        tn_buf_puts(out, "<td>–</td>");
    else
        tn_buf_printf(out, "<td>%.0f %%<small>%zu of %zu</small></td>", 100 * (double)part / (double)whole, part, whole);
}

static void put_engine(struct tn_buf *out, const struct tn_compare_report *report, size_t engine)
{
    const struct tn_engine_figures *e = &report->engines[engine];
    double                          unit = tn_compare_money_unit(report);
    char                            usd[32], low[32], high[32], bytes[32];

    tn_compare_format_usd(usd, sizeof usd, e->f.usd.value * unit);
    tn_compare_format_usd(low, sizeof low, e->f.usd.low * unit);
    tn_compare_format_usd(high, sizeof high, e->f.usd.high * unit);
    tn_compare_format_bytes(bytes, sizeof bytes, report->reads ? e->f.bytes : e->f.sent);
    tn_buf_puts(out, "<tr><th scope=\"row\">");
    tn_html_put(out, tn_str(report->compare->engines[engine].name));
    tn_buf_printf(out, "</th><td>%zu</td><td>", e->f.runs);
    if (e->f.runs > 0)
        tn_buf_printf(out, "%.1f %%", 100 * (double)e->f.ok / (double)e->f.runs);
    if (e->f.ok < e->f.runs)
        tn_buf_printf(out, "<small>%zu errors, %zu timed out</small>", e->f.errors, e->f.timeouts);
    tn_buf_printf(out, "</td><td>%s%s", isnan(e->f.usd.value) ? "" : "$", usd);
    if (isfinite(e->f.usd.low) && e->f.usd.high > e->f.usd.low)
        tn_buf_printf(out, "<small>%s – %s</small>", low, high);
    tn_buf_puts(out, "</td>");
    for (size_t i = 0; i < TN_FIGURES; i++)
        put_ms(out, &e->f, (enum tn_figure)i);
    tn_buf_printf(out, "<td>%s</td>", bytes);
    put_share(out, e->fastest, report->compared, true);
    put_share(out, e->cheapest, report->compared, !isnan(e->f.usd.value));
    tn_buf_puts(out, "</tr>");
}

static void put_engines(struct tn_buf *out, const struct tn_compare_report *report)
{
    tn_buf_printf(out, "<h2>Engines</h2><div class=\"scroll\"><table><thead><tr><th class=\"left\" scope=\"col\">Engine</th><th scope=\"col\">Runs</th><th scope=\"col\">Success</th>"
                     "<th scope=\"col\">Cost of a %s</th><th scope=\"col\">P50</th><th scope=\"col\">P95</th><th scope=\"col\">P99</th><th scope=\"col\">Mean</th>"
                     "<th scope=\"col\">Bytes %s</th><th scope=\"col\">Fastest on</th><th scope=\"col\">Cheapest on</th></tr></thead><tbody>",
                  tn_compare_money_name(report), report->reads ? "read" : "sent");
    for (size_t e = 0; e < report->compare->engine_count; e++)
        put_engine(out, report, e);
    tn_buf_puts(out, "</tbody></table></div>");
}

/* ---- shapes ---- */

/* 0 for the fastest, then by how many times longer it takes. */
static unsigned heat_of(double ratio)
{
    static const double limits[HEATS - 1] = {1.0001, 1.5, 3, 10, 30};
    unsigned            heat = 0;

    while (heat < HEATS - 1 && !(ratio <= limits[heat]))
        heat++;
    return heat;
}

static void put_name(struct tn_buf *out, const struct tn_compare_report *report, size_t engine)
{
    tn_buf_puts(out, "<small class=\"on\">"); /* on narrow screens, where the head of the table is gone */
    tn_html_put(out, tn_str(report->compare->engines[engine].name));
    tn_buf_puts(out, "</small>");
}

static void put_cell(struct tn_buf *out, const struct tn_compare_report *report, const struct tn_shape_figures *shape, size_t engine)
{
    const struct tn_cell_figures *cell = &shape->cell[engine];
    double                        best = shape->fastest < 0 ? NAN : shape->cell[shape->fastest].f.honest_p50, ratio = cell->f.honest_p50 / best;
    char                          value[32], usd[32];

    if (cell->f.runs == 0) {
        tn_buf_puts(out, "<td class=\"heat\">");
        put_name(out, report, engine);
        tn_buf_puts(out, "–</td>");
        return;
    }
    tn_compare_format_ms(value, sizeof value, cell->f.ms[TN_FIGURE_P50].value);
    tn_compare_format_usd(usd, sizeof usd, cell->f.usd.value * tn_compare_money_unit(report));
    if (isnan(best))
        tn_buf_puts(out, "<td class=\"heat\">");
    else
        tn_buf_printf(out, "<td class=\"heat h%u\">", heat_of(ratio));
    put_name(out, report, engine);
    if (cell->f.ok == 0)
        tn_buf_puts(out, cell->f.timeouts > 0 ? "timed out" : "failed");
    else if (cell->fastest)
        tn_buf_printf(out, "<b class=\"win\" title=\"fastest%s\">★ %s</b>", cell->clear ? "" : ", too close to call", value);
    else
        tn_buf_printf(out, "%s%s", cell->f.at_least[TN_FIGURE_P50] ? "&gt;" : "", value);
    tn_buf_puts(out, "<small>");
    if (cell->f.ok > 0 && cell->fastest)
        tn_buf_puts(out, cell->clear ? "fastest" : "close");
    else if (cell->f.ok > 0 && isfinite(ratio))
        tn_buf_printf(out, "%.*f×", ratio < 10 ? 1 : 0, ratio);
    if (!isnan(cell->f.usd.value))
        tn_buf_printf(out, "%s%s$%s", cell->f.ok > 0 && (cell->fastest || isfinite(ratio)) ? " · " : "", cell->cheapest ? "✓ " : "", usd);
    tn_buf_puts(out, "</small></td>");
}

static void put_matrix(struct tn_buf *out, const struct tn_compare_report *report)
{
    size_t shown = 0;

    tn_buf_printf(out, "<h2>Shapes</h2><p class=\"soft\">A shape is a statement without its literals; the one that took most time is first. P50 on each engine, and how many times the "
                     "fastest: <span class=\"key h0\">★ fastest</span><span class=\"key h1\">up to 1.5×</span><span class=\"key h2\">3×</span><span class=\"key h3\">10×</span>"
                     "<span class=\"key h4\">30×</span><span class=\"key h5\">more</span> ✓ cheapest; dollars are for a %s</p><div class=\"scroll\"><table class=\"matrix\"><thead><tr>", tn_compare_money_name(report));
    for (size_t e = 0; e < report->compare->engine_count; e++) {
        tn_buf_puts(out, "<th scope=\"col\">");
        tn_html_put(out, tn_str(report->compare->engines[e].name));
        tn_buf_puts(out, "</th>");
    }
    tn_buf_puts(out, "<th class=\"left\" scope=\"col\">Shape</th></tr></thead><tbody>");
    for (size_t i = 0; i < report->compare->shape_count && shown < SHAPES_SHOWN; i++) {
        const struct tn_shape_figures *shape = &report->shapes[report->order[i]];

        if (shape->runs == 0)
            continue;
        shown++;
        tn_buf_puts(out, "<tr>");
        for (size_t e = 0; e < report->compare->engine_count; e++)
            put_cell(out, report, shape, e);
        tn_buf_puts(out, "<td class=\"sql\">");
        put_code(out, tn_str(report->compare->shapes[report->order[i]].text));
        tn_buf_puts(out, "</td></tr>");
    }
    tn_buf_puts(out, "</tbody></table></div>");
    if (report->compare->shape_count > shown)
        tn_buf_printf(out, "<p class=\"soft\">and %zu more shapes</p>", report->compare->shape_count - shown);
}

/* ---- warnings ---- */

static void put_warnings(struct tn_buf *out, const struct tn_compare_report *report)
{
    struct tn_buf text;

    tn_buf_init(&text, 4096);
    tn_buf_puts(out, "<h2>Answers</h2>");
    for (size_t i = 0; i < report->warning_count && i < WARNINGS_SHOWN; i++) {
        tn_buf_clear(&text);
        tn_compare_warning_text(&text, report, &report->warnings[i]);
        tn_buf_puts(out, "<div class=\"warn\"><strong>");
        tn_html_put(out, tn_buf_str(&text));
        tn_buf_puts(out, "</strong><br>");
        put_code(out, tn_str(report->compare->queries[report->warnings[i].query].text));
        tn_buf_puts(out, "</div>");
    }
    tn_buf_reset(&text);
    if (report->warning_count > WARNINGS_SHOWN)
        tn_buf_printf(out, "<p class=\"soft\">and %zu more warnings</p>", report->warning_count - WARNINGS_SHOWN);
    if (report->answers == 0)
        tn_buf_puts(out, "<p class=\"soft\">No query was answered by two engines: there was nothing to compare.</p>");
    else
        tn_buf_printf(out, "<p class=\"soft\">%zu queries were compared by %s%s.</p>", report->answers,
                      report->hashed ? "number of rows and by a hash of their values, whatever the order of rows and the way of writing a value"
                                     : "number of rows only: history keeps no rows, and data may have changed between the runs",
                      report->warning_count == 0 ? "; no difference was found" : "");
}

/* ---- the page ---- */

static void put_chart(struct tn_buf *out, const char *title, const char *text, void (*draw)(struct tn_buf *, const struct tn_compare_report *),
                      const struct tn_compare_report *report)
{
    tn_buf_printf(out, "<figure><figcaption><h3>%s</h3><span>%s</span></figcaption>", title, text);
    draw(out, report);
    tn_buf_puts(out, "</figure>");
}

static void put_head(struct tn_buf *out, const struct tn_compare_about *about)
{
    char now[TN_CLOCK_TEXT];

    tn_clock_format(tn_clock_wall_us(), now);
    tn_buf_puts(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
                     "<title>Turnout: engines compared</title><style>");
    tn_buf_puts(out, style);
    tn_buf_puts(out, "</style></head>\n<body><main><h1>Engines compared</h1><p>");
    tn_html_put(out, tn_str(about->source));
    tn_buf_printf(out, "</p><p class=\"soft\">Made by Turnout " TN_VERSION " on %.10s at %.5s UTC.</p>", now, now + 11);
    if (about->partial)
        tn_buf_printf(out, "<div class=\"warn\"><strong>Interrupted:</strong> %zu of %zu runs are in this report.</div>", about->done, about->planned);
}

void tn_compare_put_html(struct tn_buf *out, const struct tn_compare_report *report, const struct tn_compare_about *about)
{
    struct tn_buf sentences;

    put_head(out, about);
    tn_buf_puts(out, "<h2>At a glance</h2><div class=\"charts\">");
    put_chart(out, "Latency",
              "<i class=\"dot\" style=\"background:var(--main)\"></i>P50<i class=\"dot\" style=\"background:var(--mid)\"></i>P95<i class=\"dot\" style=\"background:var(--far)\"></i>P99"
              "; numbers: P50 · P95",
              tn_chart_latency, report);
    put_chart(out, tn_compare_money_unit(report) > 1 ? "Cost of a million queries" : "Cost of a query", "mean, with its 95 % interval", tn_chart_cost, report);
    put_chart(out, "Latency and cost", "down and to the left is better", tn_chart_scatter, report);
    tn_buf_puts(out, "</div>");
    put_engines(out, report);
    tn_buf_init(&sentences, out->max);
    tn_compare_put_break_even(&sentences, report);
    tn_buf_puts(out, "<h2>Break-even</h2><ul>");
    put_lines(out, "li", tn_buf_str(&sentences));
    tn_buf_puts(out, "</ul>");
    tn_buf_reset(&sentences);
    put_matrix(out, report);
    put_warnings(out, report);
    tn_buf_puts(out, "<footer>");
    put_lines(out, "p", about->notes);
    tn_buf_puts(out, "</footer></main></body></html>\n");
}
