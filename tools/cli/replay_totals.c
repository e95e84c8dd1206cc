#include "tools/cli/replay_totals.h"

#include "base/alloc.h"

#include <math.h>
#include <stdlib.h>

enum { KEEP = 65536 };

void tn_replay_totals_reset(struct tn_replay_totals *totals)
{
    for (size_t e = 0; e < TN_OUTCOME_ENGINES; e++) {
        tn_time_heap_reset(&totals->alone[e]);
        tn_time_heap_reset(&totals->greedy[e]);
    }
    tn_free(totals->each_s);
    tn_free(totals->oracle_each_s);
    *totals = (struct tn_replay_totals){.queries = 0};
}

static bool keep(struct tn_replay_totals *totals, double seconds, double oracle_s)
{
    if (totals->count % KEEP == 0) {
        double *each = tn_realloc(totals->each_s, (totals->count + KEEP) * sizeof *each), *oracle;

        if (each == NULL)
            return false;
        totals->each_s = each;
        oracle = tn_realloc(totals->oracle_each_s, (totals->count + KEEP) * sizeof *oracle);
        if (oracle == NULL)
            return false;
        totals->oracle_each_s = oracle;
    }
    totals->each_s[totals->count] = seconds;
    totals->oracle_each_s[totals->count++] = oracle_s;
    return true;
}

struct alone {
    double took_s, counts_s; /* of the run; of its user: a failure counts as the time-out at least */
};

/* One run at T_S where what runs there is in HEAP. */
static struct alone run_alone(struct tn_time_heap *heap, const struct tn_outcome *outcome, double t_s)
{
    double seconds = outcome->latency_s;
    bool   ok = outcome->ok;

    if (outcome->slots > 0) {
        seconds *= fmax(1, ((double)tn_time_heap_count(heap, t_s) + 1) / outcome->slots);
        ok = ok && seconds < TN_OUTCOME_TIMEOUT_S;
        seconds = fmin(seconds, TN_OUTCOME_TIMEOUT_S);
        tn_time_heap_push(heap, t_s + seconds);
    }
    return (struct alone){seconds, ok ? seconds : fmax(seconds, TN_OUTCOME_TIMEOUT_S)};
}

static void add_statics(struct tn_replay_totals *totals, const struct tn_outcome_line *line, const unsigned *engines, const struct tn_replay_done *done)
{
    for (size_t i = 0; i < line->count; i++) {
        unsigned     e = engines[i];
        struct alone run = run_alone(&totals->alone[e], &line->list[i], line->t_s);
        double       usd = done->listed_usd(done->arg, i, run.took_s);

        totals->static_s[e] += run.counts_s;
        usd = usd >= 0 ? usd : line->list[i].usd;
        if (usd < 0)
            totals->static_usd[e] = -1;
        else if (totals->static_usd[e] >= 0)
            totals->static_usd[e] += usd;
        totals->static_there[e]++;
    }
}

static void add_greedy(struct tn_replay_totals *totals, const struct tn_outcome_line *line, const unsigned *engines)
{
    size_t best = SIZE_MAX;
    double least = 0;

    for (size_t i = 0; i < line->count; i++) {
        const struct tn_outcome *outcome = &line->list[i];
        double seconds;

        if (outcome->slots <= 0)
            return;
        seconds = outcome->latency_s * fmax(1, ((double)tn_time_heap_count(&totals->greedy[engines[i]], line->t_s) + 1) / outcome->slots);
        if (outcome->ok && (best == SIZE_MAX || seconds < least)) {
            best = i;
            least = seconds;
        }
    }
    best = best == SIZE_MAX && line->oracle >= 0 ? (size_t)line->oracle : best;
    if (best != SIZE_MAX)
        totals->greedy_s += run_alone(&totals->greedy[engines[best]], &line->list[best], line->t_s).counts_s;
    else
        totals->greedy_s += TN_OUTCOME_TIMEOUT_S;
}

static double lowest(const struct tn_outcome_line *line)
{
    double least = HUGE_VAL;

    for (size_t i = 0; i < line->count; i++)
        if (line->list[i].ok)
            least = fmin(least, line->list[i].latency_s);
    return least < HUGE_VAL ? least : TN_OUTCOME_TIMEOUT_S;
}

bool tn_replay_totals_add(struct tn_replay_totals *totals, const struct tn_outcome_line *line, const unsigned *engines,
                          const struct tn_replay_done *done)
{
    double least = lowest(line), oracle = least;

    if (line->oracle >= 0)
        oracle = line->list[line->oracle].ok ? line->list[line->oracle].latency_s : TN_OUTCOME_TIMEOUT_S;
    else
        totals->oracle_s = -1;
    if (totals->oracle_s >= 0)
        totals->oracle_s += oracle;
    add_statics(totals, line, engines, done);
    add_greedy(totals, line, engines);
    totals->queries++;
    totals->failed += !done->answered;
    totals->explored += done->explored;
    totals->late += done->late;
    totals->seconds += done->seconds;
    totals->least_s += least;
    totals->first[done->first]++;
    return keep(totals, done->seconds, oracle);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double tn_replay_quantile(const struct tn_replay_totals *totals, double q)
{
    size_t  at = (size_t)ceil(q * (double)totals->count);
    double *sorted = tn_malloc(totals->count * sizeof *sorted), value;

    if (totals->count == 0 || sorted == NULL) {
        tn_free(sorted);
        return 0;
    }
    memcpy(sorted, totals->each_s, totals->count * sizeof *sorted);
    qsort(sorted, totals->count, sizeof *sorted, by_value);
    value = sorted[at > 0 ? at - 1 : 0];
    tn_free(sorted);
    return value;
}

double tn_replay_static_s(const struct tn_replay_totals *totals, size_t engine)
{
    return totals->static_s[engine] + TN_OUTCOME_TIMEOUT_S * (double)(totals->queries - totals->static_there[engine]);
}

size_t tn_replay_best_static(const struct tn_replay_totals *totals, size_t engine_count)
{
    size_t best = 0;

    for (size_t e = 1; e < engine_count; e++)
        if (tn_replay_static_s(totals, e) < tn_replay_static_s(totals, best))
            best = e;
    return best;
}

double tn_replay_reference_s(const struct tn_replay_totals *totals)
{
    return totals->oracle_s >= 0 ? totals->oracle_s : totals->least_s;
}

double tn_replay_last(const struct tn_replay_totals *totals, unsigned parts)
{
    double logs = 0;

    for (unsigned part = TN_REPLAY_PARTS - parts; part < TN_REPLAY_PARTS; part++) {
        double seconds = 0, oracle = 0;

        for (size_t i = totals->count * part / TN_REPLAY_PARTS; i < totals->count * (part + 1) / TN_REPLAY_PARTS; i++) {
            seconds += totals->each_s[i];
            oracle += totals->oracle_each_s[i];
        }
        logs += log(fmax(seconds, 1e-9) / fmax(oracle, 1e-9));
    }
    return exp(logs / parts);
}
