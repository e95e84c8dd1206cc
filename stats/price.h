/* price.h - what a run costs on a cluster, expected and settled. Money is integer micro-dollars in storage, double on the
 * way. */
#ifndef TN_STATS_PRICE_H
#define TN_STATS_PRICE_H

#include "config/config.h"

#include <stdint.h>

enum tn_price_type { TN_PRICE_FREE, TN_PRICE_PER_SECOND, TN_PRICE_PER_SCAN, TN_PRICE_PER_QUERY, TN_PRICE_AUTO_SUSPEND };

struct tn_price {
    enum tn_price_type type;
    double   usd_per_second; /* perSecond, autoSuspend: of the whole cluster */
    double   slots;          /* queries that share it, at least 1 */
    bool     marginal;       /* deciding counts what is paid more because of a query; else its share */
    double   usd_per_byte;   /* perScan */
    double   min_bytes, round_bytes;
    double   usd_per_query;  /* perQuery; with perScan in addition */
    double   min_seconds, idle_seconds; /* autoSuspend */
    bool     full_on_cancel; /* perScan: a cancelled run is charged in full */
};

/* From the options price.* of a cluster; all free when none is given. */
void tn_price_init(struct tn_price *price, const struct tn_cluster_conf *conf);

/* The bill of one run in micro-dollars: SECONDS on the engine, BYTES scanned (negative = not known: the least of a query
 * counts), UTILISATION (running / slots at the start, for marginal). Of a cluster that suspends: AWAKE: it was when the run began;
 * AWAKE_S: until when it is paid for without this run, in seconds from the run's beginning (of one that was asleep: 0 = nobody has
 * come since). CUT: it was cancelled. */
struct tn_run_bill {
    double seconds, bytes, utilisation, awake_s;
    bool   awake, cut;
};
struct tn_cost {
    double average;  /* micro-dollars: its share of what the cluster costs */
    double marginal; /* what is paid more because of it: of all runs together as much as the cluster's own bill */
};
void tn_price_bill(const struct tn_price *price, const struct tn_run_bill *run, struct tn_cost *out);

/* MICROS as a whole number, as records keep money. A query of a millisecond costs a fraction of a micro-dollar: it is rounded up with the
 * chance that the fraction is, by a hash of SEED (the query's number), so that sums over any group of records are right. 0 for what
 * is negative or no number. */
uint64_t tn_price_whole(double micros, uint64_t seed);

/* USD for people: six digits behind the point, and more where fewer than three of them would say something; never an exponent. A minus
 * stays. Returns OUT. */
enum { TN_USD_TEXT = 48 };
const char *tn_usd_text(char out[TN_USD_TEXT], double usd);

/* What is expected of a run of SECONDS, in micro-dollars, by what deciding counts (mode): a line over SECONDS. AWAKE_S: seconds until the
 * cluster would suspend, 0 = it is asleep; with UTILISATION above 0 it is awake. */
double tn_price_per_second(const struct tn_price *price, double utilisation, double awake_s);
double tn_price_at_once(const struct tn_price *price, double utilisation, double awake_s); /* however short it is: a start, usdPerQuery */
double tn_price_of_bytes(const struct tn_price *price, double bytes);                        /* micro-dollars */
bool   tn_price_by_bytes(const struct tn_price *price);

#endif
