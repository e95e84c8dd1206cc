/* compare_break_even.h - at which load one engine becomes cheaper than another, and what an hour that users do not wait costs. From
 * the price models of the configuration and the figures of a comparison, for the mix of queries that was compared. */
#ifndef TN_CLI_COMPARE_BREAK_EVEN_H
#define TN_CLI_COMPARE_BREAK_EVEN_H

#include "tools/cli/compare_figures.h"

/* What an engine costs in an hour with N queries of the mix, evenly spread: FIXED whatever N is, up to CAPACITY queries; or
 * PER_QUERY for each. autoSuspend: PER_QUERY while it suspends between them, and never more than FIXED. */
struct tn_hourly {
    double fixed;     /* NAN: there is none */
    double per_query; /* NAN: not known, or there is none */
    double capacity;  /* queries an hour that one such cluster can do; infinite: no limit is known */
};
bool   tn_hourly_of(const struct tn_price *price, const struct tn_figures *figures, struct tn_hourly *out);
double tn_hourly_usd(const struct tn_hourly *hourly, double queries); /* as many clusters as they need */

/* Queries an hour above which A is cheaper than B, which is cheaper below: NAN where there is no such number, or A cannot do so many. */
double tn_break_even(const struct tn_hourly *a, const struct tn_hourly *b);

/* Both are paid by the hour whatever runs, A less: queries an hour up to which it is cheaper than B, as many A as that takes beside each
 * other; infinite: at every load. NAN where that is not the case. */
double tn_cheaper_up_to(const struct tn_hourly *a, const struct tn_hourly *b);

/* Sentences, each a line. */
void tn_compare_put_break_even(struct tn_buf *out, const struct tn_compare_report *report);

#endif
