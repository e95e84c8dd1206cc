/* compare_chart.h - the charts of the page, as SVG. Each is drawn for a width of 360 and grows with its place; colours are classes of
 * the page's style sheet. Each mark has a <title>, which browsers show as a tooltip. */
#ifndef TN_CLI_COMPARE_CHART_H
#define TN_CLI_COMPARE_CHART_H

#include "tools/cli/compare_text.h"

void tn_chart_latency(struct tn_buf *out, const struct tn_compare_report *report); /* P50, P95, P99 of each engine */
void tn_chart_cost(struct tn_buf *out, const struct tn_compare_report *report);    /* of a query, with its interval */
void tn_chart_scatter(struct tn_buf *out, const struct tn_compare_report *report); /* P50 by cost of each engine */

/* An axis from LOW to HIGH, both positive where LOGARITHMIC: round steps of 1, 2, 5; at most SIZE of them. Their number. */
struct tn_axis {
    double low, high;
    bool   logarithmic;
};
size_t tn_axis_ticks(const struct tn_axis *axis, double *ticks, size_t size);
double tn_axis_place(const struct tn_axis *axis, double value); /* 0 .. 1, cut there */
/* Around all VALUES; logarithmic where they are positive and the greatest is more than ten times the least. FROM_ZERO: never. */
void tn_axis_fit(struct tn_axis *axis, const double *values, size_t count, bool from_zero);

#endif
