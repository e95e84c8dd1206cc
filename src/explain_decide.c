/* The part of an explanation that a strategy which learns has to say: a dry decision. */
#include "adaptive.h"
#include "base/clock.h"
#include "explain.h"
#include "query_shape.h"
#include "server.h"

static void look_up(struct tn_store *store, struct tn_explained_decision *decision, const struct tn_shape_about *about)
{
    struct tn_shape_entry *entry = tn_store_acquire(store, &decision->shape, false, about);

    if (entry == NULL)
        return;
    decision->shape_known = true;
    decision->visits = entry->visits;
    decision->shape_pinned = (entry->flags & TN_SHAPE_PINNED) != 0;
    tn_store_release(store, entry, false);
}

static void follow(struct tn_explained_group *at)
{
    const struct tn_plan *plan = &at->decision->plan;
    unsigned              member;

    if (at->pinned || plan->count == 0 || at->group->conf->strategy_mode != TN_CFG_STRATEGY_MODE_ACT)
        return;
    member = at->decision->member[plan->attempts[0].candidate];
    at->status = TN_OK; /* perhaps there is no slot: it is waited for then */
    at->choice = (struct tn_choice){.cluster = at->group->members[member], .member = member, .reason = tn_reason_text(plan->reason)};
}

enum tn_status tn_explain_decide(struct tn_explanation *e, struct tn_explained_group *at, struct tn_query *q, struct tn_error *err)
{
    struct tn_server             *server = tn_runtime_of(q->worker)->server;
    enum tn_cfg_strategy          strategy = tn_adaptive_strategy(at->group->conf, q->client.hint_strategy);
    struct tn_explained_decision *decision = tn_arena_zalloc(&e->arena, sizeof *decision);
    struct tn_decide_candidate   *candidates = tn_arena_zalloc(&e->arena, sizeof *candidates * TN_GROUP_MEMBERS);
    struct tn_shape_about         about = {.text = q->meant.len > 0 ? q->meant : q->text, .dialect = TN_DIALECT_POSTGRES, .group = at->group->conf->name,
                                           .features = &q->features, .now_us = tn_clock_us()};
    struct tn_features           *meant = q->meant.len > 0 ? tn_arena_zalloc(&e->arena, sizeof *meant) : NULL;
    struct tn_decide_request      request;

    if (decision == NULL || candidates == NULL || (q->meant.len > 0 && meant == NULL))
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory to explain");
    if (meant != NULL) {
        tn_features_read(meant, q->meant, TN_DIALECT_POSTGRES);
        about.features = meant;
    }
    if (!tn_adaptive_learns(strategy) || !tn_adaptive_is_for_learning(q) || at->group->conf->strategy_mode == TN_CFG_STRATEGY_MODE_OFF)
        return TN_OK;
    decision->strategy = strategy;
    tn_adaptive_policy(&decision->policy, at->group->conf, strategy, tn_freeze_has(server->freeze, at->group->conf->name));
    if (!tn_query_shape_bind(q))
        return TN_OK;
    decision->shape = q->shape;
    decision->may_explore = tn_adaptive_may_cut(q, at->group) || (decision->policy.explore >= TN_EXPLORE_SHADOW && tn_adaptive_may_try(q));
    request = (struct tn_decide_request){
        .shape = &decision->shape, .about = &about, .account = tn_learner_group(server->learner, at->group->conf->name),
        .policy = &decision->policy, .candidates = candidates,
        .count = tn_adaptive_candidates(at->group, at->members, candidates, decision->member), .now_us = about.now_us,
        .timeout_s = tn_adaptive_timeout_s(q, at->group), .may_explore = tn_adaptive_may_try(q), .may_cut = tn_adaptive_may_cut(q, at->group), .dry = true,
    };
    if (request.count == 0 || request.account == NULL)
        return TN_OK;
    decision->count = request.count;
    look_up(server->store, decision, &about);
    tn_decide(server->learner, &request, &decision->plan);
    at->decision = decision;
    at->strategy = tn_config_enum_text("STRATEGY", (unsigned)strategy);
    at->strategy_hint = q->client.hint_strategy.len > 0;
    follow(at);
    return TN_OK;
}

const struct tn_outlook *tn_explain_outlook(const struct tn_explained_group *at, size_t member)
{
    const struct tn_explained_decision *decision = at->decision;

    for (size_t i = 0; decision != NULL && i < decision->count && i < decision->plan.outlook_count; i++)
        if (decision->member[i] == member)
            return &decision->plan.outlook[i];
    return NULL;
}

bool tn_explain_is_marginal(const struct tn_cluster *cluster)
{
    const struct tn_cluster_conf *conf = cluster->conf;

    return conf->price_mode == TN_CFG_PRICE_MODE_MARGINAL &&
           (conf->price_type == TN_CFG_PRICE_TYPE_PER_SECOND || conf->price_type == TN_CFG_PRICE_TYPE_AUTO_SUSPEND);
}

bool tn_explain_is_advice(const struct tn_explained_group *at)
{
    return at->decision != NULL && (at->pinned || at->group->conf->strategy_mode != TN_CFG_STRATEGY_MODE_ACT);
}
