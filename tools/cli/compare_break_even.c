#include "base/buf.h"
#include "tools/cli/compare_break_even.h"
#include "tools/cli/compare_text.h"

#include <math.h>

bool tn_hourly_of(const struct tn_price *price, const struct tn_figures *f, struct tn_hourly *out)
{
    double mean_s = f->ms[TN_FIGURE_MEAN].value / 1e3, hour = price->usd_per_second * 3600;

    *out = (struct tn_hourly){.fixed = NAN, .per_query = NAN, .capacity = INFINITY};
    if (f->ok == 0 || isnan(mean_s))
        return false;
    switch (price->type) {
    case TN_PRICE_FREE:
        out->fixed = 0;
        return true;
    case TN_PRICE_PER_SECOND:
        out->fixed = hour;
        out->capacity = mean_s > 0 ? price->slots * 3600 / mean_s : INFINITY;
        return true;
    case TN_PRICE_AUTO_SUSPEND:
        out->fixed = hour;
        out->per_query = price->usd_per_second * fmax(price->min_seconds, mean_s + price->idle_seconds);
        out->capacity = mean_s > 0 ? price->slots * 3600 / mean_s : INFINITY;
        return true;
    case TN_PRICE_PER_SCAN:
    case TN_PRICE_PER_QUERY:
        out->per_query = f->usd.value;
        return !isnan(out->per_query);
    }
    return false;
}

double tn_hourly_usd(const struct tn_hourly *h, double queries)
{
    double clusters = isfinite(h->capacity) ? fmax(1, ceil(queries / h->capacity)) : 1;

    if (isnan(h->fixed))
        return h->per_query * queries;
    return isnan(h->per_query) ? h->fixed * clusters : fmin(h->fixed * clusters, h->per_query * queries);
}

double tn_break_even(const struct tn_hourly *a, const struct tn_hourly *b)
{
    double queries;

    if (isnan(a->fixed) || isnan(b->per_query) || !(b->per_query > 0) || !(a->fixed > 0))
        return NAN;
    if (!isnan(a->per_query) && !isnan(b->fixed))
        return NAN; /* both suspend: the one with the lower price is cheaper at every load */
    queries = a->fixed / b->per_query;
    if (!isnan(a->per_query) && a->per_query <= b->per_query)
        return NAN; /* cheaper from the first query on */
    if (!isnan(b->fixed) && a->fixed >= b->fixed)
        return NAN; /* b never costs more than its own hour */
    return queries <= a->capacity ? queries : NAN;
}

double tn_cheaper_up_to(const struct tn_hourly *a, const struct tn_hourly *b)
{
    if (!(a->fixed > 0) || !(b->fixed > a->fixed) || !isnan(a->per_query) || !isnan(b->per_query) || !isfinite(a->capacity) || !isfinite(b->capacity))
        return NAN;
    if (a->fixed / a->capacity <= b->fixed / b->capacity)
        return INFINITY;
    return floor(b->fixed / a->fixed) * a->capacity;
}

/* What is about so many, in three digits. */
static double about(double queries)
{
    double unit = queries < 1000 ? 1 : pow(10, floor(log10(queries)) - 2);

    return floor(queries / unit) * unit;
}

static void put_by_the_hour(struct tn_buf *out, const char *a_name, const struct tn_hourly *a, const char *b_name, const struct tn_hourly *b)
{
    double queries = tn_cheaper_up_to(a, b), clusters = floor(b->fixed / a->fixed);

    if (isinf(queries))
        tn_buf_printf(out, "%s is cheaper than %s at every load, also where it takes several of them.\n", a_name, b_name);
    else if (!isnan(queries))
        tn_buf_printf(out, "%s is cheaper than %s up to about %.0f queries per hour%s; above, %s is.\n", a_name, b_name, about(queries),
                      clusters > 1 ? ", with several of them beside each other" : "", b_name);
}

static void put_price(struct tn_buf *out, const char *name, const struct tn_hourly *h)
{
    char fixed[32], each[32];

    tn_compare_format_usd(fixed, sizeof fixed, h->fixed);
    tn_compare_format_usd(each, sizeof each, h->per_query);
    if (isnan(h->fixed))
        tn_buf_printf(out, "%s costs %s USD for a query of this mix.\n", name, each);
    else if (!isnan(h->per_query))
        tn_buf_printf(out, "%s costs %s USD for a query that wakes it, and at most %s USD per hour.\n", name, each, fixed);
    else if (h->fixed == 0)
        tn_buf_printf(out, "%s costs nothing (price.type free).\n", name);
    else
        tn_buf_printf(out, "%s costs %s USD per hour whatever runs; it can do about %.0f queries of this mix in an hour.\n", name, fixed, about(h->capacity));
}

/* A has a price by the hour, B one by the query. */
static void put_pair(struct tn_buf *out, const char *a_name, const struct tn_hourly *a, const char *b_name, const struct tn_hourly *b)
{
    double queries = tn_break_even(a, b);

    if (!isnan(queries)) {
        tn_buf_printf(out, "Above %.0f queries per hour %s is cheaper than %s; below, %s is.\n", ceil(queries), a_name, b_name, b_name);
        return;
    }
    if (!(a->fixed > 0) || isnan(b->per_query) || !isnan(b->fixed) || !isnan(a->per_query))
        return;
    if (b->per_query > 0)
        tn_buf_printf(out, "%s would be cheaper than %s above %.0f queries per hour, more than it can do: %s is cheaper at any load that one %s can carry.\n",
                      a_name, b_name, ceil(a->fixed / b->per_query), b_name, a_name);
}

/* Time bought with money: from the cheapest by the query to each faster one. */
static void put_exchange(struct tn_buf *out, const struct tn_compare_report *report)
{
    size_t engines = report->compare->engine_count;
    long   cheap = -1;

    for (size_t e = 0; e < engines; e++) {
        const struct tn_figures *f = &report->engines[e].f;

        if (f->ok > 0 && !isnan(f->usd.value) && (cheap < 0 || f->usd.value < report->engines[cheap].f.usd.value))
            cheap = (long)e;
    }
    for (size_t e = 0; cheap >= 0 && e < engines; e++) {
        const struct tn_figures *fast = &report->engines[e].f, *slow = &report->engines[cheap].f;
        double                   seconds = (slow->ms[TN_FIGURE_MEAN].value - fast->ms[TN_FIGURE_MEAN].value) / 1e3, usd = fast->usd.value - slow->usd.value;
        char                     hour[32], second[32];

        if (fast->ok == 0 || isnan(fast->usd.value) || !(seconds > 0) || !(usd > 0))
            continue;
        tn_compare_format_usd(hour, sizeof hour, usd / seconds * 3600);
        tn_compare_format_usd(second, sizeof second, usd / seconds);
        tn_buf_printf(out, "All on %s instead of %s: an hour less of waiting costs %s USD (a group with strategy balanced and usdPerSecond above %s buys it).\n",
                      report->compare->engines[e].name, report->compare->engines[cheap].name, hour, second);
    }
}

void tn_compare_put_break_even(struct tn_buf *out, const struct tn_compare_report *report)
{
    const struct tn_compare *compare = report->compare;
    struct tn_hourly         hourly[TN_COMPARE_ENGINES];
    bool                     known[TN_COMPARE_ENGINES];
    size_t                   count = 0, priced = 0;

    for (size_t e = 0; e < compare->engine_count; e++) {
        known[e] = compare->engines[e].priced && tn_hourly_of(&compare->engines[e].price, &report->engines[e].f, &hourly[e]);
        count += known[e];
        priced += compare->engines[e].priced;
    }
    if (count == 0) {
        tn_buf_puts(out, priced > 0 ? "No engine with a price has finished a run: nothing can be said of a break-even.\n"
                                    : "Prices are not known: --config FILE has them, and tells the break-even.\n");
        return;
    }
    for (size_t e = 0; e < compare->engine_count; e++)
        if (known[e])
            put_price(out, compare->engines[e].name, &hourly[e]);
    for (size_t a = 0; a < compare->engine_count; a++)
        for (size_t b = 0; b < compare->engine_count; b++)
            if (a != b && known[a] && known[b]) {
                put_pair(out, compare->engines[a].name, &hourly[a], compare->engines[b].name, &hourly[b]);
                put_by_the_hour(out, compare->engines[a].name, &hourly[a], compare->engines[b].name, &hourly[b]);
            }
    put_exchange(out, report);
}
