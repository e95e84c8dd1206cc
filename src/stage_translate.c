/* The translate stage: the statement in the words of the chosen member's engine. What a template's translation is known of is
 * at hand at once; else the query waits for a Python process, and the loop does not.
 *
 *   NEW --(the types of columns are asked for: LISTING --> NEW)
 *    |--known--> NEXT
 *    |  `--not--> WAITING --> NEW (another one of the template was translated) or NEXT
 *    `--- TN_BACK to choose: this member's dialect has no words for it, and another's may have; nothing has run yet */
#include "adaptive.h"
#include "base/clock.h"
#include "base/log.h"
#include "pipeline.h"
#include "server.h"
#include "stages.h"
#include "translating.h"

enum { COLUMNS_MAX = 1024 * 1024 };

static void on_translated(struct tn_translator_wait *wait)
{
    struct tn_query *q = wait->owner;

    q->translation.again = wait->again;
    if (!wait->again) {
        q->translation.result.verdict = wait->result.verdict;
        q->translation.result.touched = wait->result.touched;
        if (!tn_arena_str(&q->arena, wait->result.text, &q->translation.result.text) ||
            !tn_arena_str(&q->arena, wait->result.why, &q->translation.result.why))
            q->translation.result = (struct tn_translated){.verdict = TN_VERDICT_UNAVAILABLE, .why = TN_STR("no memory")};
    }
    q->translation.wait = NULL;
    q->translation.answered = true;
    tn_pipeline_resume(q);
}

static void on_listed(struct tn_table_wait *wait)
{
    struct tn_query *q = wait->owner;

    q->translation.lists = false;
    q->translation.listed = true;
    tn_pipeline_resume(q);
}

/* Once for each member: what is changed all the time is not waited for again. */
static bool awaits_types(struct tn_query *q)
{
    if (q->translation.listed) {
        q->translation.listed = false;
        return false;
    }
    q->translation.table_wait.done = on_listed;
    q->translation.table_wait.owner = q;
    q->translation.lists = tn_translating_lists(q, q->cluster, &q->translation.table_wait);
    return q->translation.lists;
}

void tn_stage_translate_abandon(struct tn_query *q)
{
    if (q->translation.lists)
        tn_table_lister_leave(&q->translation.table_wait);
    q->translation.lists = false;
    if (q->translation.wait != NULL)
        q->translation.wait->owner = NULL;
    q->translation.wait = NULL;
}

/* Nothing has run: whatever the statement is, another member may take it. */
static enum tn_step refuse_member(struct tn_query *q)
{
    tn_translating_fail(&q->error, q->translation.from, q->cluster, &q->translation.result);
    if (q->pinned || q->attempts >= TN_ARRAY_LEN(q->tried) || q->translation.result.verdict == TN_VERDICT_SCRIPT_FAILED)
        return TN_STOP;
    q->tried[q->attempts++] = q->cluster;
    tn_lease_release(q->lease);
    q->lease = NULL;
    q->admit_stage = TN_ADMIT_NEW;
    q->back_to = TN_STAGE_choose;
    return TN_BACK;
}

static void tell_once(struct tn_query *q)
{
    const struct tn_translated *result = &q->translation.result;

    tn_count(&tn_runtime_of(q->worker)->counters, TN_COUNTER_translations_passed, 1);
    tn_log(TN_LOG_DEBUG, "sent as written", TN_LOG_U64("query", q->id), TN_LOG_TEXT("verdict", tn_verdict_name(result->verdict)),
           TN_LOG_STR("why", result->why));
}

/* This member's dialect has no words for it, as is known from now on: choose takes one that has, and none is lost by it. */
static enum tn_step look_elsewhere(struct tn_query *q)
{
    q->translation.moves++;
    tn_lease_release(q->lease);
    q->lease = NULL;
    q->admit_stage = TN_ADMIT_NEW;
    q->back_to = TN_STAGE_choose;
    return TN_BACK;
}

/* Rules that refuse by text or by what a statement is see what is sent, too. */
static bool is_denied(struct tn_query *q)
{
    struct tn_route_result denied;
    struct tn_features     features;

    if (q->own != NULL || !tn_routes_may_refuse(q->snapshot->routes))
        return false;
    tn_features_read(&features, q->translation.sent, q->cluster->ops->dialect);
    if (!tn_routes_refuse(q->snapshot->routes, &q->route, &q->client, &features, q->translation.sent, &q->arena, &denied))
        return false;
    tn_fail(&q->error, TN_E_DENIED, denied.sqlstate, TN_STR_FMT, TN_STR_ARG(denied.message));
    tn_error_detail(&q->error, "denied by router %s, rule %d, for its translation: %.*s", denied.router, denied.rule + 1,
                    (int)TN_MIN(q->translation.sent.len, (size_t)400), q->translation.sent.ptr);
    return true;
}

static enum tn_step use(struct tn_query *q)
{
    const struct tn_translated *result = &q->translation.result;
    bool                        strict = tn_translating_mode(q->snapshot, q->group->conf) == TN_CFG_TRANSLATION_MODE_STRICT;

    q->translation.answered = false;
    if (result->verdict == TN_VERDICT_SCRIPT_FAILED || tn_translating_forbids(result, strict))
        return refuse_member(q);
    if (tn_translating_lacks(result) && tn_translating_others(q))
        return look_elsewhere(q);
    if (result->verdict == TN_VERDICT_OK) {
        q->translation.sent = result->text;
        if (is_denied(q))
            return TN_STOP;
        tn_count(&tn_runtime_of(q->worker)->counters, TN_COUNTER_translations_used, 1);
    } else {
        tell_once(q);
    }
    return q->translation.explains ? tn_translation_answer(q, false) : TN_NEXT;
}

/* What scripts did is known of a fresh translation only, and EXPLAIN TRANSLATION tells it. */
static bool asks_anew(const struct tn_query *q, const struct tn_translation *what)
{
    return q->translation.explains && what->scripts != NULL && q->translation.result.verdict == TN_VERDICT_OK;
}

static enum tn_step ask(struct tn_query *q, struct tn_translator *translator, struct tn_translation *what)
{
    struct tn_buf columns;

    tn_buf_init(&columns, COLUMNS_MAX);
    tn_translating_columns(q, q->cluster, what, &columns);
    q->translation.wait = tn_translator_ask(translator, what, q->snapshot->config->settings.translation_timeout_ms * 1000, q->worker, on_translated, q);
    tn_buf_reset(&columns);
    if (q->translation.wait != NULL)
        return TN_WAIT;
    q->translation.result = (struct tn_translated){.verdict = TN_VERDICT_UNAVAILABLE, .why = TN_STR("too many statements wait to be translated")};
    return use(q);
}

enum tn_step tn_stage_translate(struct tn_query *q)
{
    struct tn_translator *translator = tn_runtime_of(q->worker)->server->translator;
    struct tn_translation what;

    if (q->translation.wait != NULL || q->translation.lists)
        return TN_WAIT;
    if (q->translation.answered && !q->translation.again)
        return use(q);
    q->translation.answered = q->translation.again = false;
    q->translation.sent = TN_STR("");
    q->translation.result = (struct tn_translated){.verdict = TN_VERDICT_OK};
    if (translator == NULL || q->translation.as_written || !tn_translating_what(q, q->group, q->cluster, &what))
        return q->translation.explains ? tn_translation_answer(q, true) : TN_NEXT;
    q->translation.from = what.from;
    if (awaits_types(q))
        return TN_WAIT;
    if (tn_translator_find(translator, &what, &q->arena, &q->translation.result) && !asks_anew(q, &what))
        return use(q);
    return ask(q, translator, &what);
}
