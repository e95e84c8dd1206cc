#include "tools/cli/simulate_stream.h"

#include "base/alloc.h"

#include <math.h>

static const double IN_FLIGHT = 4;
static const double CALM = .4, BURST = 1.6;             /* use of the busiest engine's slots */
static const double CALM_LENGTH = .08, BURST_LENGTH = .02; /* mean, of the run: a fifth of the queries come in bursts */
static const double REFUSED_S = .02, LOST_S = 5, REFUSED_SHARE = .7;

const struct tn_scenario_info tn_scenarios[TN_SCENARIO_COUNT] = {
#define SCENARIO(id, text, place, has_slots, what) [TN_SCENARIO_##id] = {.name = text, .world = place, .help = what, .slots = has_slots},
#include "tools/cli/scenarios.def"
#undef SCENARIO
};

struct tn_sim_stream {
    const struct tn_sim_world *world;
    enum tn_scenario           scenario;
    uint64_t                   count, at;
    struct tn_rand             rand;
    double                     t_s, gap_s, calm_gap_s, burst_gap_s, burst_left;
    bool                       burst;
    size_t                     ranks;  /* shapes that an engine answers */
    size_t                    *shape;  /* by rank */
    double                    *sums;   /* of the weights up to a rank */
    size_t                     victim;
};

static bool answers(double seconds)
{
    return seconds < TN_OUTCOME_TIMEOUT_S;
}

static size_t best_of(const struct tn_sim_world *world, size_t shape)
{
    size_t best = 0;

    for (size_t e = 1; e < world->engine_count; e++)
        if (tn_sim_cell(world, shape, e)->seconds < tn_sim_cell(world, shape, best)->seconds)
            best = e;
    return best;
}

static double weight_of(const struct tn_sim_stream *s, size_t rank)
{
    return (s->sums[rank] - (rank > 0 ? s->sums[rank - 1] : 0)) / s->sums[s->ranks - 1];
}

static void rank_shapes(struct tn_sim_stream *s)
{
    double sum = 0;

    for (size_t shape = 0; shape < s->world->shape_count; shape++)
        if (answers(tn_sim_cell(s->world, shape, best_of(s->world, shape))->seconds))
            s->shape[s->ranks++] = shape;
    for (size_t i = s->ranks; i > 1; i--) {
        size_t other = (size_t)tn_rand_below(&s->rand, i), moved = s->shape[i - 1];

        s->shape[i - 1] = s->shape[other];
        s->shape[other] = moved;
    }
    for (size_t rank = 0; rank < s->ranks; rank++)
        s->sums[rank] = sum += pow((double)rank + 1, -s->world->zipf);
}

/* ---- rates ---- */

static double value_of(const struct tn_sim_world *world, const double *share, const double *price)
{
    double slots = 0, work = 0;

    for (size_t e = 0; e < world->engine_count; e++)
        slots += price[e] * world->slots[e];
    for (size_t s = 0; s < world->shape_count; s++) {
        double least = HUGE_VAL;

        if (share[s] <= 0)
            continue;
        for (size_t e = 0; e < world->engine_count; e++)
            least = fmin(least, price[e] * tn_sim_cell(world, s, e)->seconds);
        work += share[s] * least;
    }
    return slots / work / exp(world->sigma * world->sigma / 2); /* the mean of a run is above its median */
}

double tn_sim_capacity(const struct tn_sim_world *world, const double *share)
{
    enum { STEPS = 4000 };
    struct tn_rand rand = {.state = 1};
    double         price[TN_OUTCOME_ENGINES], tried[TN_OUTCOME_ENGINES], best;

    for (size_t e = 0; e < world->engine_count; e++)
        price[e] = 1;
    best = value_of(world, share, price);
    for (int step = 0; step < STEPS; step++) {
        double wide = 1.5 * pow(.002, (double)step / STEPS), value; /* from e^1.5 to a third of a per cent */

        for (size_t e = 0; e < world->engine_count; e++)
            tried[e] = price[e] * exp(wide * tn_rand_normal(&rand));
        value = value_of(world, share, tried);
        if (value < best) {
            best = value;
            memcpy(price, tried, sizeof price);
        }
    }
    return best;
}

static double load_of(enum tn_scenario scenario)
{
    switch (scenario) {
    case TN_SCENARIO_LOAD30: return .3;
    case TN_SCENARIO_LOAD60: return .6;
    case TN_SCENARIO_MIXED80: return .8;
    case TN_SCENARIO_LOAD85: return .85;
    case TN_SCENARIO_MIXED90: return .9;
    case TN_SCENARIO_LOAD95: return .95;
    case TN_SCENARIO_MIXED97: return .97;
    default: return 0;
    }
}

static enum tn_status set_rate(struct tn_sim_stream *s, struct tn_error *err)
{
    const struct tn_sim_world *world = s->world;
    double                     mean = 0, right[TN_OUTCOME_ENGINES] = {0}, work[TN_OUTCOME_ENGINES] = {0}, busiest = 0;
    double                    *share;

    for (size_t rank = 0; rank < s->ranks; rank++) {
        size_t best = best_of(world, s->shape[rank]);
        double seconds = tn_sim_cell(world, s->shape[rank], best)->seconds, weight = weight_of(s, rank);

        mean += weight * seconds;
        right[best] += weight;
        work[best] += weight * seconds / world->slots[best];
    }
    for (size_t e = 0; e < world->engine_count; e++) {
        s->victim = right[e] > right[s->victim] ? e : s->victim;
        busiest = fmax(busiest, work[e]);
    }
    s->gap_s = mean / IN_FLIGHT;
    s->calm_gap_s = busiest / CALM;
    s->burst_gap_s = busiest / BURST;
    if (load_of(s->scenario) <= 0)
        return TN_OK;
    share = tn_calloc(world->shape_count, sizeof *share);
    if (share == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "out of memory");
    for (size_t rank = 0; rank < s->ranks; rank++)
        share[s->shape[rank]] = weight_of(s, rank);
    s->gap_s = 1 / (load_of(s->scenario) * tn_sim_capacity(world, share));
    tn_free(share);
    return TN_OK;
}

/* ---- the object ---- */

enum tn_status tn_sim_stream_new(struct tn_sim_stream **out, const struct tn_sim_world *world, enum tn_scenario scenario, uint64_t seed,
                                 uint64_t queries, struct tn_error *err)
{
    struct tn_sim_stream *s = tn_calloc(1, sizeof *s);
    enum tn_status        status;

    *out = NULL;
    if (s == NULL || (s->shape = tn_calloc(world->shape_count, sizeof *s->shape)) == NULL ||
        (s->sums = tn_calloc(world->shape_count, sizeof *s->sums)) == NULL) {
        tn_sim_stream_free(s);
        return tn_fail(err, TN_E_NOMEM, "53200", "out of memory");
    }
    s->world = world;
    s->scenario = scenario;
    s->count = queries;
    s->rand.state = seed * 1000 + scenario;
    rank_shapes(s);
    status = s->ranks == 0 ? tn_fail(err, TN_E_INVALID, "22000", "no engine answers any of these queries") : set_rate(s, err);
    if (status != TN_OK) {
        tn_sim_stream_free(s);
        return status;
    }
    *out = s;
    return TN_OK;
}

void tn_sim_stream_free(struct tn_sim_stream *s)
{
    if (s == NULL)
        return;
    tn_free(s->shape);
    tn_free(s->sums);
    tn_free(s);
}

/* ---- a line ---- */

static double exponential(struct tn_rand *rand, double mean)
{
    return -mean * log(1 - tn_rand_unit(rand));
}

static void arrive(struct tn_sim_stream *s)
{
    if (s->scenario == TN_SCENARIO_BURSTY) {
        if (s->burst_left <= 0) {
            s->burst = !s->burst && s->at > 0;
            s->burst_left = exponential(&s->rand, (s->burst ? BURST_LENGTH : CALM_LENGTH) * (double)s->count);
        }
        s->burst_left--;
        s->gap_s = s->burst ? s->burst_gap_s : s->calm_gap_s;
    }
    s->t_s += exponential(&s->rand, s->gap_s);
}

static size_t draw(struct tn_sim_stream *s)
{
    double at = tn_rand_unit(&s->rand) * s->sums[s->ranks - 1];
    size_t low = 0, high = s->ranks - 1;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (s->sums[middle] < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Median of the shape of RANK on engine E at part X of the run; what its data has grown to. */
static double median_at(const struct tn_sim_stream *s, size_t rank, size_t e, double x, double *size)
{
    size_t shape = s->shape[rank], best = best_of(s->world, shape);
    double median = tn_sim_cell(s->world, shape, e)->seconds;
    bool   second = rank % 2 == 0, later = x >= .5;

    *size = 1;
    switch (s->scenario) {
    case TN_SCENARIO_SLOW5X: return e == s->victim && x >= .4 && x < .6 ? 5 * median : median;
    case TN_SCENARIO_INCIDENT: return e == s->victim && x >= .45 && x < .55 ? 5 * median : median;
    case TN_SCENARIO_GROWTH:
        *size = second ? pow(10, x) : 1;
        return median * pow(*size, s->world->growth[e]);
    case TN_SCENARIO_DEGRADES: return second && later && e == best ? 3 * median : median;
    case TN_SCENARIO_IMPROVES:
        return second && later && e == (best + 1) % s->world->engine_count ? tn_sim_cell(s->world, shape, best)->seconds / 2 : median;
    default: return median;
    }
}

static double chance(struct tn_sim_stream *s)
{
    double factor = exp(s->world->sigma * tn_rand_normal(&s->rand)), tail = tn_rand_unit(&s->rand), how = tn_rand_unit(&s->rand);

    return tail < s->world->tails ? factor * (3 + 12 * how) : factor;
}

static void fill_outcome(struct tn_sim_stream *s, struct tn_outcome *out, size_t rank, size_t e, double x)
{
    const struct tn_sim_cell *cell = tn_sim_cell(s->world, s->shape[rank], e);
    double                    size, median = median_at(s, rank, e, x, &size), seconds = median * chance(s), coin = tn_rand_unit(&s->rand);
    struct tn_run_bill        run;
    struct tn_cost            cost;

    *out = (struct tn_outcome){.engine = (unsigned)e, .ok = answers(seconds), .latency_s = fmin(seconds, TN_OUTCOME_TIMEOUT_S), .bytes = -1,
                               .usd = -1, .usual_s = median, .slots = tn_scenarios[s->scenario].slots ? s->world->slots[e] : 0};
    if (s->scenario == TN_SCENARIO_DIES && e == s->victim && x >= .4 && x < .55) {
        out->latency_s = coin < REFUSED_SHARE ? REFUSED_S : LOST_S;
        out->usual_s = TN_OUTCOME_TIMEOUT_S;
        out->ok = false;
    }
    if (cell->bytes >= 0)
        out->bytes = cell->bytes * size;
    if (!s->world->priced[e])
        return;
    run = (struct tn_run_bill){.seconds = out->latency_s, .bytes = out->bytes};
    tn_price_bill(&s->world->prices[e], &run, &cost);
    out->usd = !out->ok && tn_price_by_bytes(&s->world->prices[e]) ? 0 : cost.average;
}

bool tn_sim_stream_next(struct tn_sim_stream *s, struct tn_outcome_line *line)
{
    double x = (double)s->at / (double)s->count, least = HUGE_VAL;
    size_t rank;

    if (s->at == s->count)
        return false;
    arrive(s);
    rank = draw(s);
    line->t_s = s->t_s;
    line->timed = true;
    line->sql = tn_str(s->world->texts[s->shape[rank]]);
    line->dialect = TN_DIALECT_POSTGRES;
    line->count = 0;
    line->oracle = -1;
    for (size_t e = 0; e < s->world->engine_count; e++) {
        struct tn_outcome outcome;

        fill_outcome(s, &outcome, rank, e, x);
        if (s->scenario == TN_SCENARIO_NEWENGINE && e == s->victim && x < .4 && s->world->engine_count > 1)
            continue;
        if (outcome.usual_s < least) {
            least = outcome.usual_s;
            line->oracle = (long)line->count;
        }
        line->list[line->count++] = outcome;
    }
    line->oracle = line->oracle < 0 ? 0 : line->oracle;
    s->at++;
    return true;
}
