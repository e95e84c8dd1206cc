/* What a record keeps of a decision. */
#include "adaptive.h"

#include <math.h>

static void put_plan(struct tn_buf *out, const struct tn_adaptive *a)
{
    for (size_t i = 0; i < a->plan.count; i++) {
        const struct tn_attempt *attempt = &a->plan.attempts[i];

        tn_buf_printf(out, "%s" TN_STR_FMT, i > 0 ? "," : "", TN_STR_ARG(a->group->members[a->member[attempt->candidate]]->conf->name));
        if (attempt->deadline_s > 0)
            tn_buf_printf(out, "@%.0f", ceil(attempt->deadline_s * 1e3));
    }
}

/* What OUT holds, in the query's arena; OTHERWISE when there is no memory. OUT is freed. */
static struct tn_str keep_text(struct tn_query *q, struct tn_buf *out, struct tn_str otherwise)
{
    struct tn_str text;

    if (out->failed || !tn_arena_str(&q->arena, tn_buf_str(out), &text))
        text = otherwise;
    tn_buf_reset(out);
    return text;
}

static struct tn_str reason_text(struct tn_query *q)
{
    const struct tn_adaptive *a = q->adaptive;
    struct tn_buf             out;

    if ((a == NULL || !a->acts) && q->advice == NULL)
        return tn_str(q->reason);
    tn_buf_init(&out, 8192);
    tn_buf_puts(&out, q->reason != NULL ? q->reason : "");
    if (a != NULL && a->acts) {
        tn_buf_printf(&out, " (%s): ", tn_rung_text(a->plan.rung));
        put_plan(&out, a);
        tn_buf_printf(&out, "; %.1f ms expected", a->plan.predicted_s * 1e3);
    }
    if (q->advice != NULL)
        tn_buf_printf(&out, "; %s advises " TN_STR_FMT ", %.1f ms expected", tn_reason_text(q->advice->plan.reason),
                      TN_STR_ARG(q->advice->advised->conf->name), q->advice->plan.predicted_s * 1e3);
    return keep_text(q, &out, tn_str(q->reason));
}

static struct tn_str shape_text(struct tn_query *q, const struct tn_shape *shape)
{
    enum { DIGITS = 32 };
    char *text = tn_arena_alloc(&q->arena, DIGITS);

    for (unsigned i = 0; text != NULL && i < DIGITS; i++)
        text[i] = "0123456789abcdef"[shape->key[i / 16] >> (60 - i % 16 * 4) & 15];
    return tn_str_n(text, text != NULL ? DIGITS : 0);
}

void tn_adaptive_record(struct tn_query *q, struct tn_history_record *record)
{
    const struct tn_adaptive *a = q->adaptive;

    record->reason = reason_text(q);
    record->rows_read = q->run.rows_read;
    record->bytes_read = q->run.bytes_read;
    if (q->advice != NULL) {
        record->advised = q->advice->advised->conf->name;
        record->advised_us = (uint64_t)(q->advice->plan.predicted_s * 1e6);
        record->advised_usd_micros = (uint64_t)q->advice->plan.predicted_usd;
    }
    if (a == NULL)
        return;
    record->shape = shape_text(q, &q->shape);
    record->band = q->shape.band;
    record->usd_micros = (uint64_t)(a->settled_usd + .5);
    record->rung = tn_str(tn_rung_text(a->plan.rung));
    record->predicted_us = (uint64_t)(a->plan.predicted_s * 1e6);
    record->predicted_usd_micros = (uint64_t)a->plan.predicted_usd;
    record->cuts = a->cuts;
    if (a->acts) {
        struct tn_buf out;

        tn_buf_init(&out, 8192);
        put_plan(&out, a);
        record->plan = keep_text(q, &out, TN_STR(""));
        record->explored = a->plan.explore;
        record->propensity_ppm = (uint64_t)(a->plan.propensity * 1e6 + .5);
    }
}
