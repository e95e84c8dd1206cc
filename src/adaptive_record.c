/* What a record keeps of a decision. */
#include "adaptive.h"
#include "base/digits.h"

#include <math.h>

static const double MS_MOST = 1e15; /* nobody waits longer */

static char *put(char *at, struct tn_str text)
{
    if (text.len > 0)
        memcpy(at, text.ptr, text.len);
    return at + text.len;
}

static struct tn_str name_of(const struct tn_adaptive *a, const struct tn_attempt *attempt)
{
    return a->group->members[a->member[attempt->candidate]]->conf->name;
}

static size_t plan_size(const struct tn_adaptive *a)
{
    size_t size = 0;

    for (size_t i = 0; i < a->plan.count; i++)
        size += name_of(a, &a->plan.attempts[i]).len + TN_DIGITS_SIZE + 2;
    return size;
}

static char *put_plan(char *at, const struct tn_adaptive *a)
{
    for (size_t i = 0; i < a->plan.count; i++) {
        const struct tn_attempt *attempt = &a->plan.attempts[i];

        if (i > 0)
            *at++ = ',';
        at = put(at, name_of(a, attempt));
        if (attempt->deadline_s > 0) {
            *at++ = '@';
            at = tn_digits_put(at, (uint64_t)fmin(ceil(attempt->deadline_s * 1e3), MS_MOST));
        }
    }
    return at;
}

static char *put_advice(char *at, const struct tn_adaptive *advice)
{
    at = put(at, TN_STR("; "));
    at = put(at, tn_str(tn_reason_text(advice->plan.reason)));
    at = put(at, TN_STR(" advises "));
    at = put(at, advice->advised->conf->name);
    at = put(at, TN_STR(", "));
    at = tn_digits_put_tenths(at, advice->plan.predicted_s * 1e3);
    return put(at, TN_STR(" ms expected"));
}

/* The reason for people, which holds the plan: *PLAN. Both are in the query's arena. */
static struct tn_str reason_text(struct tn_query *q, struct tn_str *plan)
{
    enum { WORDS = 128 };
    const struct tn_adaptive *a = q->adaptive != NULL && q->adaptive->acts ? q->adaptive : NULL, *advice = q->advice;
    struct tn_str             reason = tn_str(q->reason != NULL ? q->reason : "");
    char                     *text, *at;

    if (a == NULL && advice == NULL)
        return tn_str(q->reason);
    text = tn_arena_alloc(&q->arena, reason.len + (a != NULL ? plan_size(a) + WORDS : 0) + (advice != NULL ? advice->advised->conf->name.len + WORDS : 0));
    if (text == NULL)
        return tn_str(q->reason);
    at = put(text, reason);
    if (a != NULL) {
        at = put(put(put(at, TN_STR(" (")), tn_str(tn_rung_text(a->plan.rung))), TN_STR("): "));
        plan->ptr = at;
        at = put_plan(at, a);
        plan->len = (size_t)(at - plan->ptr);
        at = put(tn_digits_put_tenths(put(at, TN_STR("; ")), a->plan.predicted_s * 1e3), TN_STR(" ms expected"));
    }
    if (advice != NULL)
        at = put_advice(at, advice);
    return tn_str_n(text, (size_t)(at - text));
}

static struct tn_str shape_text(struct tn_query *q, const struct tn_shape *shape)
{
    enum { DIGITS = 32 };
    char *text = tn_arena_alloc(&q->arena, DIGITS);

    if (text != NULL)
        (void)tn_digits_put_hex(tn_digits_put_hex(text, shape->key[0]), shape->key[1]);
    return tn_str_n(text, text != NULL ? DIGITS : 0);
}

/* What was expected of the plan; where another strategy chose, of its cluster as the advice saw it. */
static void put_predicted(const struct tn_query *q, const struct tn_adaptive *a, struct tn_history_record *record)
{
    const struct tn_plan *plan = q->advice != NULL ? &q->advice->plan : NULL;
    double                seconds = a->plan.predicted_s, usd = a->plan.predicted_usd;

    for (size_t i = 0; plan != NULL && i < plan->outlook_count; i++)
        if (plan->outlook[i].cluster == a->plan.attempts[0].cluster && plan->outlook[i].told) {
            seconds = plan->outlook[i].mean_s;
            usd = plan->outlook[i].usd;
        }
    record->predicted_us = (uint64_t)(seconds * 1e6);
    record->predicted_usd_micros = tn_price_whole(usd, q->id);
}

void tn_adaptive_record(struct tn_query *q, struct tn_history_record *record)
{
    const struct tn_adaptive *a = q->adaptive;

    record->reason = reason_text(q, &record->plan);
    record->rows_read = q->run.rows_read;
    record->bytes_read = q->run.bytes_read;
    if (q->advice != NULL) {
        record->advised = q->advice->advised->conf->name;
        record->advised_us = (uint64_t)(q->advice->plan.predicted_s * 1e6);
        record->advised_usd_micros = tn_price_whole(q->advice->plan.predicted_usd, q->id);
    }
    if (a == NULL)
        return;
    record->shape = shape_text(q, &q->shape);
    record->band = q->shape.band;
    record->usd_micros = tn_price_whole(a->settled.average, q->id);
    record->marginal_usd_micros = tn_price_whole(a->settled.marginal, q->id);
    record->rung = tn_str(tn_rung_text(a->plan.rung));
    put_predicted(q, a, record);
    record->cuts = a->cuts;
    if (a->acts) {
        record->explored = a->plan.explore;
        record->propensity_ppm = (uint64_t)(a->plan.propensity * 1e6 + .5);
    }
}
