/* An explanation for programs. Keys are there to stay. */
#include "explain.h"

#include "base/clock.h"

#include <math.h>
#include <stdio.h>

void tn_explain_features_json(const struct tn_features *f, struct tn_json *json)
{
    tn_json_open(json, "statement", '{');
    tn_json_text(json, "class", tn_class_name(f->class));
    tn_json_text(json, "verb", tn_verb_name(f->verb));
    tn_json_open(json, "tables", '[');
    for (unsigned i = 0; i < f->table_count && i < TN_FEATURES_TABLES; i++)
        tn_json_str(json, NULL, f->tables[i]);
    tn_json_close(json, ']');
    tn_json_u64(json, "joins", f->join_count);
    tn_json_u64(json, "setOperations", f->set_op_count);
    tn_json_u64(json, "parameters", f->param_count);
    tn_json_bool(json, "where", f->has_where);
    tn_json_bool(json, "groupBy", f->has_group_by);
    tn_json_bool(json, "aggregate", f->has_aggregate);
    tn_json_bool(json, "window", f->has_window);
    tn_json_bool(json, "distinct", f->has_distinct);
    tn_json_bool(json, "orderBy", f->has_order_by);
    tn_json_bool(json, "limit", f->has_limit);
    tn_json_bool(json, "subquery", f->has_subquery);
    tn_json_bool(json, "repeatable", tn_features_repeatable(f));
    tn_json_close(json, '}');
}

static void put_rule(struct tn_json *json, int rule)
{
    if (rule >= 0)
        tn_json_u64(json, "rule", (uint64_t)rule + 1);
    else
        tn_json_text(json, "rule", NULL);
}

static void put_routing(const struct tn_explanation *e, struct tn_json *json)
{
    const struct tn_route_result *route = e->route;

    tn_json_open(json, "routers", '[');
    for (size_t i = 0; route != NULL && i < route->step_count; i++) {
        const struct tn_route_step *step = &route->steps[i];

        tn_json_open(json, NULL, '{');
        tn_json_text(json, "router", step->router);
        put_rule(json, step->rule);
        tn_json_bool(json, "matched", step->matched);
        tn_json_str(json, "why", step->why);
        if (step->line > 0)
            tn_json_u64(json, "line", step->line);
        tn_json_close(json, '}');
    }
    tn_json_close(json, ']');
    tn_json_text(json, "router", route != NULL ? route->router : NULL);
    put_rule(json, route != NULL ? route->rule : -1);
    tn_json_bool(json, "denied", route != NULL && route->denied);
}

/* What is not known is null. */
static void put_outlook(const struct tn_outlook *o, struct tn_json *json)
{
    bool told = o != NULL && o->told;

    if (o == NULL)
        return;
    tn_json_f64(json, "p50Ms", told ? tn_outlook_p50_s(o) * 1e3 : NAN);
    tn_json_f64(json, "p95Ms", told ? tn_outlook_p95_s(o) * 1e3 : NAN);
    tn_json_f64(json, "usd", told ? o->usd / 1e6 : NAN);
    tn_json_f64(json, "success", told ? o->success : NAN);
    tn_json_u64(json, "n", o->n);
    tn_json_f64(json, "load", o->load);
    tn_json_f64(json, "index", told ? o->index : NAN);
    tn_json_text(json, "rung", tn_rung_text(o->rung));
    tn_json_f64(json, "longerThanMs", o->bounded ? o->bound_s * 1e3 : NAN);
}

/* How the cluster is paid for, and which of its two prices `usd` is; for one that suspends, when it will. */
static void put_price(const struct tn_cluster *cluster, struct tn_json *json)
{
    if (cluster->conf->price_type == TN_CFG_PRICE_TYPE_FREE)
        return;
    tn_json_text(json, "price", tn_config_enum_text("PRICE_TYPE", (unsigned)cluster->conf->price_type));
    tn_json_text(json, "usdIs", tn_explain_is_marginal(cluster) ? "marginal" : "average");
    if (tn_cluster_suspends(cluster))
        tn_json_f64(json, "awakeMs", tn_cluster_awake_s(cluster) * 1e3);
}

static void put_member(const struct tn_explained_group *at, size_t member, struct tn_json *json)
{
    const struct tn_member_view *view = &at->members[member];
    const struct tn_cluster     *cluster = at->group->members[member];
    bool                         eligible = view->refusal == TN_REFUSAL_NONE;

    tn_json_open(json, NULL, '{');
    tn_json_str(json, "cluster", cluster->conf->name);
    tn_json_text(json, "engine", cluster->ops->name);
    tn_json_bool(json, "eligible", eligible);
    tn_json_text(json, "refused", eligible ? NULL : view->why[0] != '\0' ? view->why : tn_member_text(view));
    tn_json_bool(json, "chosen", at->status == TN_OK && at->choice.member == member);
    tn_json_u64(json, "running", view->running);
    if (cluster->max_running > 0)
        tn_json_u64(json, "slots", cluster->max_running);
    put_price(cluster, json);
    put_outlook(tn_explain_outlook(at, member), json);
    tn_json_close(json, '}');
}

static void put_attempts(const struct tn_explained_group *at, const char *key, const struct tn_attempt *attempts, size_t count, struct tn_json *json)
{
    tn_json_open(json, key, '[');
    for (size_t i = 0; i < count; i++) {
        tn_json_open(json, NULL, '{');
        tn_json_str(json, "cluster", at->group->members[at->decision->member[attempts[i].candidate]]->conf->name);
        tn_json_f64(json, "deadlineMs", attempts[i].deadline_s > 0 ? attempts[i].deadline_s * 1e3 : NAN);
        tn_json_close(json, '}');
    }
    tn_json_close(json, ']');
}

static void put_shape(const struct tn_explained_decision *d, struct tn_json *json)
{
    char key[33];

    snprintf(key, sizeof key, "%016llx%016llx", (unsigned long long)d->shape.key[0], (unsigned long long)d->shape.key[1]);
    tn_json_open(json, "shape", '{');
    tn_json_text(json, "key", key);
    tn_json_text(json, "level", d->shape.level == TN_SHAPE_FINGERPRINT ? "fingerprint" : "template");
    tn_json_u64(json, "class", d->shape.class);
    tn_json_u64(json, "band", d->shape.band);
    tn_json_bool(json, "known", d->shape_known);
    tn_json_bool(json, "pinned", d->shape_pinned);
    tn_json_u64(json, "visits", d->visits);
    tn_json_close(json, '}');
}

static void put_decision(const struct tn_explained_group *at, struct tn_json *json)
{
    const struct tn_explained_decision *d = at->decision;

    if (d == NULL) {
        tn_json_text(json, "decision", NULL);
        return;
    }
    tn_json_open(json, "decision", '{');
    tn_json_text(json, "mode", tn_config_enum_text("STRATEGY_MODE", (unsigned)at->group->conf->strategy_mode));
    tn_json_bool(json, "advice", tn_explain_is_advice(at));
    tn_json_bool(json, "frozen", d->policy.frozen);
    put_shape(d, json);
    tn_json_text(json, "reason", tn_reason_text(d->plan.reason));
    tn_json_text(json, "rung", tn_rung_text(d->plan.rung));
    tn_json_text(json, "exploreMode", tn_config_enum_text("EXPLORE_MODE", (unsigned)d->policy.explore));
    tn_json_bool(json, "mayExplore", d->may_explore);
    tn_json_bool(json, "explore", d->plan.explore);
    tn_json_f64(json, "propensity", d->plan.propensity);
    tn_json_f64(json, "predictedMs", d->plan.predicted_s * 1e3);
    tn_json_f64(json, "predictedUsd", d->plan.predicted_usd / 1e6);
    put_attempts(at, "attempts", d->plan.attempts, d->plan.count, json);
    put_attempts(at, "shadows", d->plan.shadows, d->plan.shadow_count, json);
    tn_json_close(json, '}');
}

static void put_error(const char *key, const struct tn_error *error, struct tn_json *json)
{
    if (error->status == TN_OK || error->status == TN_AGAIN) {
        tn_json_text(json, key, NULL);
        return;
    }
    tn_json_open(json, key, '{');
    tn_json_text(json, "sqlstate", error->sqlstate);
    tn_json_text(json, "message", error->message);
    tn_json_text(json, "detail", error->detail[0] != '\0' ? error->detail : NULL);
    tn_json_text(json, "hint", error->hint[0] != '\0' ? error->hint : NULL);
    tn_json_close(json, '}');
}

static void put_groups(const struct tn_explanation *e, struct tn_json *json)
{
    tn_json_open(json, "groups", '[');
    for (size_t i = 0; i < e->group_count; i++) {
        const struct tn_explained_group *at = &e->groups[i];

        tn_json_open(json, NULL, '{');
        tn_json_str(json, "name", at->group->conf->name);
        tn_json_text(json, "strategy", at->strategy);
        tn_json_bool(json, "strategyHint", at->strategy_hint);
        tn_json_text(json, "fallbackGroup", at->group->fallback != NULL ? at->group->fallback->conf->name.ptr : NULL);
        tn_json_bool(json, "enabled", at->group->conf->enabled);
        tn_json_text(json, "outcome", at->status == TN_OK ? "chosen" : at->status == TN_AGAIN ? "full" : "refused");
        put_error("error", &at->error, json);
        tn_json_text(json, "script", at->script[0] != '\0' ? at->script : NULL);
        tn_json_open(json, "members", '[');
        for (size_t m = 0; m < at->member_count; m++)
            put_member(at, m, json);
        tn_json_close(json, ']');
        put_decision(at, json);
        tn_json_close(json, '}');
    }
    tn_json_close(json, ']');
}

static void put_choice(const struct tn_explanation *e, struct tn_json *json)
{
    const struct tn_explained_group *at = tn_explanation_at(e);
    struct tn_str                    none = {NULL, 0};
    bool                             chosen = at != NULL && at->status == TN_OK;

    tn_json_text(json, "outcome", e->own || e->catalog_of.len > 0 ? "own" : e->pinned ? "pinned" : e->error.status != TN_OK ? "refused" : chosen ? "runs" : "queued");
    tn_json_str(json, "group", at != NULL ? at->group->conf->name : none);
    tn_json_str(json, "cluster", e->pinned ? e->pinned_to->conf->name : chosen ? at->choice.cluster->conf->name : none);
    tn_json_text(json, "reason", e->pinned ? "pinned to the session" : !chosen ? NULL
                                 : at == &e->groups[0] ? at->choice.reason : "spilled to the fallback group");
    put_error("error", &e->error, json);
    if (e->catalog_of.len > 0)
        tn_json_str(json, "catalogOf", e->catalog_of);
}

void tn_explanation_json(const struct tn_explanation *e, struct tn_json *json, const char *key)
{
    tn_json_open(json, key, '{');
    tn_json_str(json, "text", e->text);
    if (e->translates)
        tn_json_str(json, e->sent.len > 0 ? "sent" : "untranslated", e->sent.len > 0 ? e->sent : e->untranslated);
    tn_json_text(json, "template", e->templated);
    if (e->meant[0] != '\0')
        tn_json_text(json, "prepared", e->meant);
    tn_explain_features_json(e->features, json);
    put_routing(e, json);
    put_groups(e, json);
    put_choice(e, json);
    tn_json_close(json, '}');
}
