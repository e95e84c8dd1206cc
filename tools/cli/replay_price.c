#include "tools/cli/replay_price.h"

#include "base/alloc.h"

#include <stdlib.h>

enum { KEEP = 2048 }; /* bills of an engine; more say nothing new */

static const double MICRO = 1e6;

struct seen {
    size_t              count[TN_OUTCOME_ENGINES];
    struct tn_bill_seen bills[TN_OUTCOME_ENGINES][KEEP];
};

static int by_bytes(const void *a, const void *b)
{
    const struct tn_bill_seen *x = a, *y = b;

    return (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Middle of the rates, and how far apart the middle four fifths of them are (1 = alike). */
static double middle(double *rates, size_t count, double *apart)
{
    qsort(rates, count, sizeof *rates, by_number);
    *apart = rates[count * 9 / 10] / rates[count / 10];
    return rates[count / 2];
}

void tn_price_fit(struct tn_price *out, struct tn_bill_seen *bills, size_t count)
{
    double rates[KEEP], per_query, per_second, per_byte = 0, apart[3] = {0, 0, 1e300};
    size_t from, known = 0;

    count = count < KEEP ? count : KEEP;
    for (size_t i = 0; i < count; i++)
        rates[i] = bills[i].usd;
    per_query = middle(rates, count, &apart[0]);
    for (size_t i = 0; i < count; i++)
        rates[i] = bills[i].usd / bills[i].seconds;
    per_second = middle(rates, count, &apart[1]);
    qsort(bills, count, sizeof *bills, by_bytes);
    for (from = 0; from < count && bills[from].bytes <= 0; from++)
        ;
    from += (count - from) / 2; /* the larger ones: a least bill hides the rate of the others */
    for (size_t i = from; i < count; i++)
        rates[known++] = bills[i].usd / bills[i].bytes;
    if (known > 0)
        per_byte = middle(rates, known, &apart[2]);
    if (apart[2] <= apart[1] && apart[2] <= apart[0] * 1.000001) {
        double least = bills[0].usd;

        for (size_t i = 1; i < count; i++)
            least = bills[i].usd < least ? bills[i].usd : least;
        *out = (struct tn_price){.type = TN_PRICE_PER_SCAN, .slots = 1, .usd_per_byte = per_byte / MICRO, .min_bytes = least / per_byte};
    } else if (apart[1] <= apart[0]) {
        *out = (struct tn_price){.type = TN_PRICE_PER_SECOND, .slots = 1, .usd_per_second = per_second / MICRO};
    } else {
        *out = (struct tn_price){.type = TN_PRICE_PER_QUERY, .slots = 1, .usd_per_query = per_query / MICRO};
    }
}

static enum tn_status see(struct seen *seen, struct tn_outcomes *outcomes, struct tn_error *err)
{
    for (;;) {
        struct tn_outcome_line line;

        TN_TRY(tn_outcomes_next(outcomes, &line, err));
        if (line.sql.ptr == NULL)
            return TN_OK;
        for (size_t i = 0; i < line.count; i++) {
            const struct tn_outcome *outcome = &line.list[i];
            size_t                  *count = &seen->count[outcome->engine];

            if (outcome->usd > 0 && outcome->latency_s > 0 && outcome->ok && *count < KEEP)
                seen->bills[outcome->engine][(*count)++] = (struct tn_bill_seen){outcome->usd, outcome->latency_s, outcome->bytes};
        }
    }
}

enum tn_status tn_price_guess(struct tn_price_guesses *out, const char *path, struct tn_error *err)
{
    struct seen        *seen = tn_calloc(1, sizeof *seen);
    struct tn_outcomes *outcomes = NULL;
    enum tn_status      status;

    out->count = 0;
    if (seen == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "out of memory");
    status = tn_outcomes_open(&outcomes, path, err);
    if (status == TN_OK)
        status = see(seen, outcomes, err);
    for (size_t e = 0; status == TN_OK && e < tn_outcomes_engine_count(outcomes); e++) {
        if (seen->count[e] == 0)
            continue;
        tn_str_copy(out->list[out->count].name, TN_OUTCOME_NAME, tn_str(tn_outcomes_names(outcomes)[e]));
        tn_price_fit(&out->list[out->count++].price, seen->bills[e], seen->count[e]);
    }
    tn_outcomes_close(outcomes);
    tn_free(seen);
    return status;
}

bool tn_price_guessed(const struct tn_price_guesses *guesses, const char *engine, struct tn_price *out)
{
    for (size_t i = 0; i < guesses->count; i++)
        if (strcmp(guesses->list[i].name, engine) == 0) {
            *out = guesses->list[i].price;
            return true;
        }
    return false;
}
