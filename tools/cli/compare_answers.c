/* compare_answers.c - do the engines give the same answers? By number of rows and, where there are any, by digest; only where an
 * engine agrees with itself: random() and now() prove nothing. */
#include "tools/cli/compare_figures.h"

#include "base/alloc.h"

#include <math.h>

struct answer {
    bool     seen, hashed, unstable;
    double   rows;
    uint64_t hash[2];
};

static bool same(const struct answer *a, double rows, bool hashed, const uint64_t hash[2])
{
    return a->rows == rows && (!a->hashed || !hashed || (a->hash[0] == hash[0] && a->hash[1] == hash[1]));
}

static void gather(const struct tn_compare *compare, struct answer *answers)
{
    for (size_t i = 0; i < compare->sample_count; i++) {
        const struct tn_compare_sample *sample = &compare->samples[i];
        struct answer                  *a = &answers[sample->query * TN_COMPARE_ENGINES + sample->engine];

        if (sample->outcome != TN_COMPARE_OK || isnan(sample->rows))
            continue;
        if (a->seen) {
            a->unstable = a->unstable || !same(a, sample->rows, sample->has_hash, sample->hash);
            continue;
        }
        *a = (struct answer){.seen = true, .hashed = sample->has_hash, .rows = sample->rows, .hash = {sample->hash[0], sample->hash[1]}};
    }
}

static bool warn(struct tn_compare_report *report, size_t *room, const struct tn_answer_warning *warning)
{
    struct tn_answer_warning *more;

    if (report->warning_count == *room) {
        *room = *room == 0 ? 16 : *room * 2;
        more = tn_realloc(report->warnings, *room * sizeof *more);
        if (more == NULL)
            return false;
        report->warnings = more;
    }
    report->warnings[report->warning_count++] = *warning;
    return true;
}

/* Against the first engine that has an answer to rely on. */
static bool judge(struct tn_compare_report *report, size_t *room, uint32_t query, const struct answer *answers)
{
    long   first = -1;
    size_t others = 0;

    for (unsigned e = 0; e < report->compare->engine_count; e++) {
        struct tn_answer_warning warning = {.query = query, .engine = e};

        report->hashed = report->hashed || answers[e].hashed;
        if (!answers[e].seen)
            continue;
        if (answers[e].unstable) {
            warning.what = TN_DIFFER_UNSTABLE;
            if (!warn(report, room, &warning))
                return false;
            continue;
        }
        if (first < 0) {
            first = e;
            continue;
        }
        others++;
        if (same(&answers[first], answers[e].rows, answers[e].hashed, answers[e].hash))
            continue;
        warning = (struct tn_answer_warning){.query = query, .engine = (unsigned)first, .other = e, .rows = answers[first].rows, .other_rows = answers[e].rows,
                                             .what = answers[first].rows != answers[e].rows ? TN_DIFFER_ROWS : TN_DIFFER_VALUES};
        if (!warn(report, room, &warning))
            return false;
    }
    report->answers += others > 0;
    return true;
}

bool tn_compare_answers(struct tn_compare_report *report)
{
    struct answer *answers = tn_calloc(report->compare->query_count + 1, sizeof *answers * TN_COMPARE_ENGINES);
    size_t         room = 0;
    bool           done = answers != NULL;

    if (done)
        gather(report->compare, answers);
    for (size_t q = 0; done && q < report->compare->query_count; q++)
        done = judge(report, &room, (uint32_t)q, answers + q * TN_COMPARE_ENGINES);
    tn_free(answers);
    return done;
}
