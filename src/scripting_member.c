/* A script that chooses a member: what it is told of the candidates, and what becomes of its answer. */
#include "adaptive.h"
#include "base/clock.h"
#include "query_shape.h"
#include "scripting.h"
#include "server.h"

/* What is known of the statement on each member, as a strategy that looks for latency would see it; nothing is counted. NULL:
 * nothing is known. MEMBER: whose outlook each is. */
static const struct tn_plan *look_ahead(struct tn_query *q, const struct tn_group *group, const struct tn_member_view *views, uint8_t member[TN_GROUP_MEMBERS])
{
    struct tn_server           *server = tn_runtime_of(q->worker)->server;
    struct tn_decide_candidate *candidates = tn_arena_zalloc(&q->arena, sizeof *candidates * TN_GROUP_MEMBERS);
    struct tn_plan             *plan = tn_arena_alloc(&q->arena, sizeof *plan);
    struct tn_decide_policy     policy;
    struct tn_shape_about       about = {.text = q->text, .dialect = TN_DIALECT_POSTGRES, .group = group->conf->name, .features = &q->features,
                                         .now_us = tn_clock_us()};
    struct tn_decide_request    request = {.shape = &q->shape, .about = &about, .policy = &policy, .candidates = candidates, .now_us = about.now_us,
                                           .timeout_s = tn_adaptive_timeout_s(q, group), .dry = true};

    if (candidates == NULL || plan == NULL || !tn_adaptive_is_for_learning(q) || !tn_query_shape_bind(q))
        return NULL;
    tn_adaptive_policy(&policy, group->conf, TN_CFG_STRATEGY_LATENCY, true);
    request.account = tn_learner_group(server->learner, group->conf->name);
    request.count = tn_adaptive_candidates(group, views, candidates, member);
    if (request.account == NULL || request.count == 0)
        return NULL;
    tn_decide(server->learner, &request, plan);
    return plan;
}

static void put_outlook(const struct tn_plan *plan, const uint8_t *member, size_t which, struct tn_json *json)
{
    const struct tn_outlook *outlook = NULL;

    for (size_t i = 0; plan != NULL && i < plan->outlook_count; i++)
        if (member[i] == which)
            outlook = &plan->outlook[i];
    if (outlook == NULL || !outlook->told) {
        for (size_t i = 0; i < 4; i++)
            tn_json_text(json, (const char *const[]){"estimatedMs", "p95Ms", "costUsd", "success"}[i], NULL);
    } else {
        tn_json_f64(json, "estimatedMs", tn_outlook_p50_s(outlook) * 1e3);
        tn_json_f64(json, "p95Ms", tn_outlook_p95_s(outlook) * 1e3);
        tn_json_f64(json, "costUsd", outlook->usd / 1e6);
        tn_json_f64(json, "success", outlook->success);
    }
    tn_json_u64(json, "runs", outlook != NULL ? outlook->n : 0);
}

static void put_candidate(const struct tn_group *group, size_t which, unsigned running, const struct tn_plan *plan, const uint8_t *member,
                          struct tn_json *json)
{
    const struct tn_cluster *cluster = group->members[which];

    tn_json_open(json, NULL, '{');
    tn_json_str(json, "name", cluster->conf->name);
    tn_json_text(json, "engineType", cluster->ops->name);
    tn_json_u64(json, "runningQueries", running);
    tn_json_u64(json, "maxRunningQueries", cluster->max_running);
    tn_json_f64(json, "load", cluster->max_running > 0 ? (double)running / cluster->max_running : 0);
    tn_json_bool(json, "readOnly", cluster->conf->read_only);
    put_outlook(plan, member, which, json);
    tn_json_close(json, '}');
}

void tn_scripting_candidates(struct tn_query *q, const struct tn_group *group, uint64_t members, struct tn_json *json)
{
    struct tn_member_view views[TN_GROUP_MEMBERS] = {{.refusal = TN_REFUSAL_NONE}};
    uint8_t               member[TN_GROUP_MEMBERS];
    const struct tn_plan *plan;

    for (size_t m = 0; m < group->member_count; m++) {
        views[m].refusal = (members >> m & 1) != 0 ? TN_REFUSAL_NONE : TN_REFUSAL_TRIED;
        views[m].usable = TN_USABLE_OK;
        views[m].running = atomic_load_explicit(&group->members[m]->running, memory_order_relaxed);
    }
    plan = look_ahead(q, group, views, member);
    tn_json_open(json, "candidates", '[');
    for (size_t m = 0; m < group->member_count; m++)
        if ((members >> m & 1) != 0)
            put_candidate(group, m, views[m].running, plan, member, json);
    tn_json_close(json, ']');
}

/* Who may take it and has a slot; 0 where there is nothing to choose. */
static uint64_t members_of(const struct tn_choose_request *request)
{
    struct tn_member_view views[TN_GROUP_MEMBERS];
    size_t                count = tn_strategy_look(request, views);
    uint64_t              bits = 0;

    for (size_t m = 0; m < count; m++) {
        if (views[m].refusal != TN_REFUSAL_NONE)
            continue;
        if (request->group->members[m] == request->affinity)
            return 0; /* it runs where it was described */
        bits |= UINT64_C(1) << m;
    }
    return (bits & (bits - 1)) != 0 ? bits : 0;
}

static struct tn_script *chooser(const struct tn_query *q, const struct tn_group *group, const struct tn_choose_request *request)
{
    struct tn_str hint = request->strategy_hint;
    bool          scripted = hint.len > 0 ? tn_str_eq_c(hint, "pythonScript") : group->conf->strategy == TN_CFG_STRATEGY_PYTHON_SCRIPT;

    return scripted && q->client.scripts != NULL && group->index < q->snapshot->scripts.group_count ? q->snapshot->scripts.choosers[group->index] : NULL;
}

bool tn_scripting_member(struct tn_query *q, const struct tn_group *group, struct tn_choose_request *request, struct tn_script_told *told)
{
    struct tn_script_question question = {.script = chooser(q, group, request), .timeout_us = group->conf->strategy_timeout_ms * 1000, .about = group};
    struct tn_script_answer   answer;

    if (question.script == NULL || (question.members = members_of(request)) == 0)
        return true;
    if (!q->client.scripts->find(q->client.scripts, &question, &answer))
        return false;
    if (told != NULL)
        *told = (struct tn_script_told){.script = question.script, .answer = answer};
    if (answer.said == TN_SCRIPT_NAMED)
        request->wanted = answer.name;
    else
        request->unwanted = answer.said == TN_SCRIPT_FAILED ? "pythonScript: the script failed; roundRobin" : "pythonScript: the script named nobody; roundRobin";
    return true;
}
