#include "tools/cli/compare_figures.h"

#include "base/alloc.h"

#include <math.h>
#include <stdlib.h>

/* Samples by shape, then engine: one run through them gives every cell. */
struct sorted {
    struct tn_compare *compare;
    uint32_t                *at;
    double                  *values; /* room for as many as there are samples */
    double                  *money;
};



static const struct tn_compare_sample *sample_of(const struct sorted *s, size_t i)
{
    return &s->compare->samples[s->at[i]];
}

static uint32_t shape_of(const struct tn_compare *compare, const struct tn_compare_sample *sample)
{
    return compare->queries[sample->query].shape;
}

static int by_number(size_t a, size_t b)
{
    return (a > b) - (a < b);
}

static int by_shape(const void *a, const void *b, void *arg)
{
    const struct tn_compare *compare = arg;
    const struct tn_compare_sample *x = &compare->samples[*(const uint32_t *)a], *y = &compare->samples[*(const uint32_t *)b];
    int                             order = by_number(shape_of(compare, x), shape_of(compare, y));

    return order != 0 ? order : x->engine != y->engine ? by_number(x->engine, y->engine) : by_number(*(const uint32_t *)a, *(const uint32_t *)b);
}

static int by_engine(const void *a, const void *b, void *arg)
{
    const struct tn_compare *compare = arg;
    const struct tn_compare_sample *x = &compare->samples[*(const uint32_t *)a], *y = &compare->samples[*(const uint32_t *)b];

    return x->engine != y->engine ? by_number(x->engine, y->engine) : by_number(*(const uint32_t *)a, *(const uint32_t *)b);
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* ---- figures of a list of runs ---- */

static double honest_p50(const struct sorted *s, size_t from, size_t to)
{
    size_t n = 0;

    for (size_t i = from; i < to; i++)
        s->values[n++] = sample_of(s, i)->outcome == TN_COMPARE_OK ? sample_of(s, i)->ms : INFINITY;
    qsort(s->values, n, sizeof *s->values, by_value);
    return tn_percentile(s->values, n, .5);
}

static size_t money_of(const struct sorted *s, size_t from, size_t to, double *total)
{
    size_t n = 0;

    *total = 0;
    for (size_t i = from; i < to; i++)
        if (!isnan(sample_of(s, i)->usd)) {
            s->money[n++] = sample_of(s, i)->usd;
            *total += sample_of(s, i)->usd;
        }
    return n;
}

static double bytes_read(const struct tn_compare_sample *sample)
{
    return sample->bytes;
}

static double bytes_sent(const struct tn_compare_sample *sample)
{
    return sample->sent;
}

static double mean_of(const struct sorted *s, size_t from, size_t to, double (*get)(const struct tn_compare_sample *))
{
    double sum = 0;
    size_t n = 0;

    for (size_t i = from; i < to; i++)
        if (!isnan(get(sample_of(s, i)))) {
            sum += get(sample_of(s, i));
            n++;
        }
    return n == 0 ? NAN : sum / (double)n;
}

/* Latencies into s->values; the least time of those that ran out of it, infinite when none did. */
static size_t latencies(const struct sorted *s, size_t from, size_t to, struct tn_figures *f, double *least_late)
{
    size_t n = 0;

    *least_late = INFINITY;
    for (size_t i = from; i < to; i++) {
        const struct tn_compare_sample *sample = sample_of(s, i);

        f->runs++;
        f->ok += sample->outcome == TN_COMPARE_OK;
        f->errors += sample->outcome == TN_COMPARE_ERROR;
        f->timeouts += sample->outcome == TN_COMPARE_TIMEOUT;
        if (sample->outcome == TN_COMPARE_ERROR)
            continue;
        s->values[n++] = sample->ms;
        if (sample->outcome == TN_COMPARE_TIMEOUT)
            *least_late = fmin(*least_late, sample->ms);
    }
    return n;
}

static bool measure(const struct sorted *s, size_t from, size_t to, uint64_t seed, struct tn_figures *f)
{
    struct tn_interval money[TN_FIGURES];
    double             least_late, total;
    size_t             n;
    bool               done;

    *f = (struct tn_figures){.honest_p50 = honest_p50(s, from, to), .bytes = mean_of(s, from, to, bytes_read),
                               .sent = mean_of(s, from, to, bytes_sent)};
    n = latencies(s, from, to, f, &least_late);
    done = tn_bootstrap(s->values, n, seed, f->ms);
    for (size_t i = 0; i < TN_FIGURES; i++)
        f->at_least[i] = f->timeouts > 0 && (i == TN_FIGURE_MEAN || tn_percentile_above(s->values, n, (enum tn_figure)i) >= least_late);
    n = money_of(s, from, to, &total);
    done = tn_bootstrap(s->money, n, seed + 1, money) && done;
    f->usd = f->ok > 0 ? money[TN_FIGURE_MEAN] : (struct tn_interval){NAN, NAN, NAN}; /* what never answered has no price */
    f->usd_per_ok = n == 0 || n < f->runs ? f->usd.value : f->ok == 0 ? NAN : total / (double)f->ok;
    return done;
}

/* Of an engine that ran nothing: a time of 0 would make it the fastest. */
static void know_nothing(struct tn_figures *f)
{
    *f = (struct tn_figures){.usd = {NAN, NAN, NAN}, .usd_per_ok = NAN, .bytes = NAN, .sent = NAN, .honest_p50 = NAN};
    for (size_t i = 0; i < TN_FIGURES; i++)
        f->ms[i] = (struct tn_interval){NAN, NAN, NAN};
}

static void begin_with_nothing(struct tn_compare_report *report)
{
    for (size_t e = 0; e < report->compare->engine_count; e++) {
        know_nothing(&report->engines[e].f);
        for (size_t s = 0; s < report->compare->shape_count; s++)
            know_nothing(&report->shapes[s].cell[e].f);
    }
}

/* ---- winners ---- */

static double rank_time(const struct tn_figures *f)
{
    return f->runs == 0 || f->ok == 0 || isnan(f->honest_p50) ? INFINITY : f->honest_p50;
}

static double rank_cost(const struct tn_figures *f)
{
    return f->runs == 0 || !isfinite(rank_time(f)) || isnan(f->usd_per_ok) ? INFINITY : f->usd_per_ok;
}

static bool is_clear(const struct tn_shape_figures *shape, size_t engines, size_t best)
{
    for (size_t e = 0; e < engines; e++)
        if (e != best && shape->cell[e].f.runs > 0 && isfinite(rank_time(&shape->cell[e].f)) &&
            !(shape->cell[best].f.ms[TN_FIGURE_P50].high < shape->cell[e].f.ms[TN_FIGURE_P50].low))
            return false;
    return true;
}

/* Among engines that ran it; at least two must have. Who costs the same as the cheapest is cheapest, too. */
static void find_winners(struct tn_compare_report *report, struct tn_shape_figures *shape)
{
    size_t engines = report->compare->engine_count, tried = 0;

    shape->fastest = shape->cheapest = -1;
    for (size_t e = 0; e < engines; e++) {
        const struct tn_figures *f = &shape->cell[e].f;

        tried += f->runs > 0;
        if (isfinite(rank_time(f)) && (shape->fastest < 0 || rank_time(f) < rank_time(&shape->cell[shape->fastest].f)))
            shape->fastest = (long)e;
        if (isfinite(rank_cost(f)) && (shape->cheapest < 0 || rank_cost(f) < rank_cost(&shape->cell[shape->cheapest].f)))
            shape->cheapest = (long)e;
    }
    if (tried < 2) {
        shape->fastest = shape->cheapest = -1;
        return;
    }
    report->compared++;
    if (shape->fastest >= 0) {
        shape->cell[shape->fastest].fastest = true;
        shape->cell[shape->fastest].clear = is_clear(shape, engines, (size_t)shape->fastest);
        report->engines[shape->fastest].fastest++;
    }
    for (size_t e = 0; shape->cheapest >= 0 && e < engines; e++)
        if (rank_cost(&shape->cell[e].f) == rank_cost(&shape->cell[shape->cheapest].f)) {
            shape->cell[e].cheapest = true;
            report->engines[e].cheapest++;
        }
}

static int by_total(const void *a, const void *b, void *arg)
{
    const struct tn_shape_figures *shapes = arg;
    double                         x = shapes[*(const uint32_t *)a].total_ms, y = shapes[*(const uint32_t *)b].total_ms;

    return x != y ? (x < y) - (x > y) : by_number(*(const uint32_t *)a, *(const uint32_t *)b);
}

/* ---- the whole ---- */

static bool measure_shapes(struct tn_compare_report *report, const struct sorted *s)
{
    size_t count = report->compare->sample_count, to;

    for (size_t from = 0; from < count; from = to) {
        uint32_t                 shape = shape_of(s->compare, sample_of(s, from));
        unsigned                 engine = sample_of(s, from)->engine;
        struct tn_shape_figures *out = &report->shapes[shape];

        for (to = from; to < count && shape_of(s->compare, sample_of(s, to)) == shape && sample_of(s, to)->engine == engine; to++)
            out->total_ms += sample_of(s, to)->ms;
        out->runs += to - from;
        if (!measure(s, from, to, report->seed + 97 * shape + engine, &out->cell[engine].f))
            return false;
    }
    for (size_t i = 0; i < report->compare->shape_count; i++) {
        report->order[i] = (uint32_t)i;
        find_winners(report, &report->shapes[i]);
    }
    qsort_r(report->order, report->compare->shape_count, sizeof *report->order, by_total, report->shapes);
    return true;
}

static bool measure_engines(struct tn_compare_report *report, const struct sorted *s)
{
    size_t count = report->compare->sample_count, to;

    for (size_t from = 0; from < count; from = to) {
        unsigned engine = sample_of(s, from)->engine;

        for (to = from; to < count && sample_of(s, to)->engine == engine; to++) {
        }
        if (!measure(s, from, to, report->seed + engine, &report->engines[engine].f))
            return false;
        report->reads = report->reads || !isnan(report->engines[engine].f.bytes);
    }
    return true;
}

bool tn_compare_report(struct tn_compare_report *report, struct tn_compare *compare, uint64_t seed)
{
    size_t        count = compare->sample_count + 1;
    struct sorted s = {.compare = compare, .at = tn_malloc(count * sizeof *s.at), .values = tn_malloc(count * sizeof *s.values),
                       .money = tn_malloc(count * sizeof *s.money)};
    bool          done;

    *report = (struct tn_compare_report){.compare = compare, .seed = seed,
                                         .shapes = tn_calloc(compare->shape_count + 1, sizeof *report->shapes),
                                         .order = tn_calloc(compare->shape_count + 1, sizeof *report->order)};
    done = s.at != NULL && s.values != NULL && s.money != NULL && report->shapes != NULL && report->order != NULL;
    for (size_t i = 0; done && i < compare->sample_count; i++)
        s.at[i] = (uint32_t)i;
    if (done)
        qsort_r(s.at, compare->sample_count, sizeof *s.at, by_shape, s.compare);
    if (done)
        begin_with_nothing(report);
    done = done && measure_shapes(report, &s);
    if (done)
        qsort_r(s.at, compare->sample_count, sizeof *s.at, by_engine, s.compare);
    done = done && measure_engines(report, &s) && tn_compare_answers(report);
    tn_free(s.at);
    tn_free(s.values);
    tn_free(s.money);
    return done;
}

void tn_compare_report_reset(struct tn_compare_report *report)
{
    tn_free(report->shapes);
    tn_free(report->order);
    tn_free(report->warnings);
    report->shapes = NULL;
    report->order = NULL;
    report->warnings = NULL;
}
