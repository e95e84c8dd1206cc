#include "adaptive.h"

#include "base/clock.h"
#include "base/hash.h"
#include "pipeline.h"
#include "query_shape.h"
#include "server.h"
#include "shadow.h"

/* ---- what a decision is made from ---- */

bool tn_adaptive_learns(enum tn_cfg_strategy strategy)
{
    return strategy >= TN_CFG_STRATEGY_LATENCY && strategy <= TN_CFG_STRATEGY_BALANCED;
}

enum tn_cfg_strategy tn_adaptive_strategy(const struct tn_group_conf *conf, struct tn_str hint)
{
    if (hint.len == 0 || !conf->strategy_override)
        return conf->strategy;
    for (enum tn_cfg_strategy s = TN_CFG_STRATEGY_LATENCY; s <= TN_CFG_STRATEGY_BALANCED; s++)
        if (tn_str_eq_c(hint, tn_config_enum_text("STRATEGY", (unsigned)s)))
            return s;
    return tn_strategy_find(hint) != NULL ? TN_CFG_STRATEGY_ROUND_ROBIN : conf->strategy;
}

_Static_assert((int)TN_CFG_EXPLORE_MODE_OFF == (int)TN_EXPLORE_OFF && (int)TN_CFG_EXPLORE_MODE_INLINE == (int)TN_EXPLORE_INLINE &&
               (int)TN_CFG_EXPLORE_MODE_SHADOW == (int)TN_EXPLORE_SHADOW && (int)TN_CFG_EXPLORE_MODE_BOTH == (int)TN_EXPLORE_BOTH,
               "modes of the configuration are those of the policy");

void tn_adaptive_policy(struct tn_decide_policy *policy, const struct tn_group_conf *conf, enum tn_cfg_strategy strategy, bool frozen)
{
    static const enum tn_objective objectives[] = {
        [TN_CFG_STRATEGY_LATENCY] = TN_OBJECTIVE_LATENCY, [TN_CFG_STRATEGY_COST] = TN_OBJECTIVE_COST,
        [TN_CFG_STRATEGY_THROUGHPUT] = TN_OBJECTIVE_THROUGHPUT, [TN_CFG_STRATEGY_BALANCED] = TN_OBJECTIVE_BALANCED,
    };

    *policy = (struct tn_decide_policy)TN_DECIDE_POLICY_DEFAULT;
    policy->objective = tn_adaptive_learns(strategy) ? objectives[strategy] : TN_OBJECTIVE_LATENCY;
    policy->p95 = conf->objective == TN_CFG_OBJECTIVE_P95;
    policy->max_p95_s = (double)conf->max_p95_ms / 1e3;
    policy->usd_per_second = conf->usd_per_second;
    policy->explore = (enum tn_explore_mode)conf->explore_mode;
    policy->budget = conf->explore_budget / 100;
    policy->shadow_share = conf->explore_shadow / 100;
    policy->max_s = (double)conf->explore_max_ms / 1e3;
    policy->max_usd_per_day = conf->explore_max_usd;
    policy->uniform = conf->explore_uniform / 100;
    policy->frozen = frozen;
    if (frozen)
        policy->explore = TN_EXPLORE_OFF;
}

size_t tn_adaptive_candidates(const struct tn_group *group, const struct tn_member_view *views, struct tn_decide_candidate *candidates, uint8_t *member)
{
    size_t count = 0;

    for (size_t m = 0; m < group->member_count; m++) {
        const struct tn_cluster *cluster = group->members[m];
        unsigned                 number = tn_cluster_number(cluster);

        if ((views[m].refusal != TN_REFUSAL_NONE && views[m].refusal != TN_REFUSAL_NO_ROOM) || number >= TN_STORE_CLUSTERS)
            continue;
        candidates[count] = (struct tn_decide_candidate){
            .cluster = (uint8_t)number, .spare = views[m].usable != TN_USABLE_OK, .no_room = views[m].refusal == TN_REFUSAL_NO_ROOM,
            .slots = cluster->max_running, .running = views[m].running, .awake_s = tn_cluster_awake_s(cluster), .price = &cluster->price,
        };
        member[count++] = (uint8_t)m;
    }
    return count;
}

/* One plain read in autocommit that leaves nothing behind, calls nothing volatile (exploration 8), and that nobody has tied to a member. */
bool tn_adaptive_may_try(const struct tn_query *q)
{
    return q->kind == TN_RUN_EXECUTE && tn_features_repeatable(&q->features) && !q->features.calls_volatile && !q->features.needs_session && !q->pinned &&
           !q->keep_lease && q->prelude.len == 0 && q->route.cluster.len == 0 && (q->affinity == NULL || q->told != NULL);
}

bool tn_adaptive_may_cut(const struct tn_query *q, const struct tn_group *group)
{
    return group->conf->explore_hold_back && tn_adaptive_may_try(q);
}

double tn_adaptive_timeout_s(const struct tn_query *q, const struct tn_group *group)
{
    return (double)tn_query_timeout_us(q, group->conf) / 1e6;
}

static struct tn_adaptive *make(struct tn_query *q, struct tn_group *group, size_t members, uint64_t now_us)
{
    struct tn_adaptive *a = tn_arena_alloc(&q->arena, sizeof *a + (sizeof *a->candidates + 1) * members);
    struct tn_features *meant = NULL;

    if (a == NULL || !tn_query_shape_bind(q))
        return NULL;
    memset(a, 0, offsetof(struct tn_adaptive, plan));
    a->candidates = (struct tn_decide_candidate *)(void *)(a + 1);
    a->member = (uint8_t *)(a->candidates + members);
    memset(a->member, 0, members);
    a->query = q;
    a->group = group;
    if (q->meant.len > 0 && (meant = tn_arena_zalloc(&q->arena, sizeof *meant)) != NULL)
        tn_features_read(meant, q->meant, TN_DIALECT_POSTGRES);
    a->about = (struct tn_shape_about){.text = meant != NULL ? q->meant : q->text, .dialect = TN_DIALECT_POSTGRES, .group = group->conf->name, .features = meant != NULL ? meant : &q->features,
                                       .client = tn_hash_str(q->client.client_address), .now_us = now_us,
                                       .tenant = tn_hash_str(q->client.user.len > 0 ? q->client.user : q->client.client_address)};
    return a;
}

/* Accounts stay for good, so each group asks for its own once. */
static struct tn_group_account *account_of(struct tn_learner *learner, struct tn_group *group)
{
    struct tn_group_account *account = atomic_load_explicit(&group->account, memory_order_acquire);

    if (account == NULL) {
        account = tn_learner_group(learner, group->conf->name);
        atomic_store_explicit(&group->account, account, memory_order_release);
    }
    return account;
}

static bool fill_request(struct tn_adaptive *a)
{
    struct tn_query *q = a->query;

    a->request.shape = &q->shape;
    a->request.about = &a->about;
    a->request.account = account_of(tn_runtime_of(q->worker)->server->learner, a->group);
    a->request.policy = &a->policy;
    a->request.candidates = a->candidates;
    a->request.query = q->id;
    a->request.now_us = a->about.now_us;
    a->request.timeout_s = tn_adaptive_timeout_s(q, a->group);
    return a->request.account != NULL;
}

bool tn_adaptive_is_for_learning(const struct tn_query *q)
{
    return tn_runtime_of(q->worker)->server->learner != NULL && tn_runtime_of(q->worker)->shaper != NULL && !q->internal && !q->about_tables &&
           (q->features.class == TN_CLASS_READ || q->features.class == TN_CLASS_WRITE || q->meant.len > 0);
}

/* ---- choosing ---- */

static bool is_frozen(const struct tn_query *q, const struct tn_group *group)
{
    return tn_freeze_has(tn_runtime_of(q->worker)->server->freeze, group->conf->name);
}

/* Outlooks are kept of the first few candidates only; an index of 0 is one that may not run it. */
static bool worth_waiting_for(const struct tn_plan *plan, size_t at, size_t chosen)
{
    return at < plan->outlook_count && chosen < plan->outlook_count && plan->outlook[at].index > 0 &&
           plan->outlook[at].index <= 2 * plan->outlook[chosen].index;
}

bool tn_adaptive_tried(const struct tn_query *q, const struct tn_cluster *cluster)
{
    for (size_t i = 0; i < q->attempts && i < TN_ARRAY_LEN(q->tried); i++)
        if (q->tried[i] == cluster)
            return true;
    return false;
}

static void take(struct tn_query *q, struct tn_adaptive *a)
{
    const struct tn_attempt *attempt = &a->plan.attempts[a->next];

    q->group = a->group;
    q->cluster = a->group->members[a->member[attempt->candidate]];
    q->reason = tn_reason_text(a->plan.reason);
    q->eligible = 0;
    for (size_t i = 0; i < a->request.count; i++) /* whom to wait for, should that one be full: who is not twice as slow */
        if (i == attempt->candidate || (worth_waiting_for(&a->plan, i, attempt->candidate) && !tn_adaptive_tried(q, a->group->members[a->member[i]])))
            q->eligible |= UINT64_C(1) << a->member[i];
}

bool tn_adaptive_has_next(const struct tn_query *q)
{
    return q->adaptive != NULL && q->adaptive->acts && q->adaptive->next < q->adaptive->plan.count;
}

bool tn_adaptive_moved(const struct tn_query *q)
{
    return q->adaptive != NULL && q->adaptive->acts && q->told != NULL && q->affinity != NULL && q->cluster != q->affinity;
}

/* What is wrong with a statement for one engine may be right for another: names and syntax, not values and rights. */
bool tn_adaptive_is_of_dialect(const struct tn_error *error)
{
    return (strncmp(error->sqlstate, "42", 2) == 0 && strcmp(error->sqlstate, "42501") != 0) || strncmp(error->sqlstate, "0A", 2) == 0;
}

bool tn_adaptive_refused(const struct tn_query *q)
{
    const struct tn_error *error = &q->run.error;

    if (error->status == TN_OK || !tn_adaptive_has_next(q) || !q->adaptive->request.may_cut)
        return false;
    return error->fault == TN_FAULT_UNSUPPORTED ||
           (error->fault == TN_FAULT_QUERY && (tn_adaptive_is_of_dialect(error) || tn_adaptive_moved(q)));
}

/* The plan goes on: past members that failed with it, or that may not be used any more. */
static bool take_next(struct tn_query *q, const struct tn_choose_request *request, bool *room)
{
    struct tn_adaptive *a = q->adaptive;

    for (; a->next < a->plan.count; a->next++) {
        struct tn_cluster *cluster = a->group->members[a->member[a->plan.attempts[a->next].candidate]];

        if (!tn_adaptive_tried(q, cluster) && tn_cluster_look(cluster, tn_clock_us()) == TN_USABLE_OK) {
            take(q, a);
            *room = request->room(request->room_arg, request->group, q->cluster) > 0;
            return true;
        }
    }
    return false;
}

static void advise(struct tn_query *q, struct tn_adaptive *a)
{
    a->request.dry = true;
    tn_decide(tn_runtime_of(q->worker)->server->learner, &a->request, &a->plan);
    a->request.dry = false;
    a->advised = a->group->members[a->member[a->plan.attempts[0].candidate]];
}

static void count_decision(const struct tn_query *q, enum tn_reason reason)
{
    _Atomic uint64_t *count = &tn_runtime_of(q->worker)->decisions[reason];

    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + 1, memory_order_relaxed);
}

/* Of what the client was told when the statement was described: who gives other columns is not asked again for these. */
static uint64_t told_hash(const struct tn_query *q)
{
    uint64_t hash = 1;

    if (q->affinity == NULL || q->told == NULL)
        return 0;
    for (size_t i = 0; i < q->told->count; i++)
        hash = tn_hash_mix(hash + q->told->columns[i].pg_oid);
    for (size_t i = 0; i < q->run.param_oid_count; i++)
        hash = tn_hash_mix(hash ^ q->run.param_oids[i]);
    return hash | 1;
}

/* Whatever the others say to it: where it was described it can run. */
static void end_where_described(const struct tn_query *q, struct tn_adaptive *a)
{
    struct tn_plan *plan = &a->plan;

    if (q->affinity == NULL || plan->count == TN_PLAN_ATTEMPTS)
        return;
    for (size_t i = 0; i < a->request.count; i++)
        if (a->group->members[a->member[i]] == q->affinity && plan->attempts[plan->count - 1].candidate != i) {
            plan->attempts[plan->count++] = (struct tn_attempt){.candidate = (uint8_t)i, .cluster = a->candidates[i].cluster};
            return;
        }
}

bool tn_adaptive_choose(struct tn_query *q, struct tn_group *group, const struct tn_choose_request *request, bool *room)
{
    static _Thread_local struct tn_member_view views[TN_GROUP_MEMBERS]; /* large: not on the stack; nobody else is asked meanwhile */
    enum tn_cfg_strategy                       strategy = tn_adaptive_strategy(group->conf, q->client.hint_strategy);
    struct tn_adaptive                        *a;

    if (q->adaptive != NULL && q->adaptive->acts && q->adaptive->group == group)
        return take_next(q, request, room);
    if (request->strategy_hint.len > 0 && tn_strategy_find(request->strategy_hint) == NULL)
        return false; /* the static way refuses it, and says so */
    if (q->adaptive != NULL || !tn_adaptive_learns(strategy) || group->conf->strategy_mode == TN_CFG_STRATEGY_MODE_OFF || !tn_adaptive_is_for_learning(q))
        return false;
    if ((a = make(q, group, group->member_count, request->now_us)) == NULL)
        return false;
    tn_adaptive_policy(&a->policy, group->conf, strategy, is_frozen(q, group));
    tn_strategy_look(request, views);
    a->request.count = tn_adaptive_candidates(group, views, a->candidates, a->member);
    if (a->request.count == 0 || !fill_request(a))
        return false;
    a->request.may_cut = tn_adaptive_may_cut(q, group);
    a->request.may_explore = tn_adaptive_may_try(q);
    a->request.dry = q->kind != TN_RUN_EXECUTE;
    if (group->conf->strategy_mode == TN_CFG_STRATEGY_MODE_ADVISE) {
        advise(q, a);
        q->advice = a;
        return false;
    }
    if (request->affinity != NULL && !a->request.may_cut)
        return false; /* it runs where it was described; that is learned */
    a->request.described = told_hash(q);
    tn_decide(tn_runtime_of(q->worker)->server->learner, &a->request, &a->plan);
    end_where_described(q, a);
    a->acts = true;
    take(q, a);
    *room = !a->candidates[a->plan.attempts[0].candidate].no_room; /* as it was just now, which is good enough: admission counts anew */
    if (a->request.dry)
        return true; /* describing: nothing is counted, nothing will be learned */
    q->adaptive = a;
    count_decision(q, a->plan.reason);
    return true;
}

void tn_adaptive_observe(struct tn_query *q, struct tn_group *group, uint64_t now_us)
{
    unsigned            number = tn_cluster_number(q->cluster);
    struct tn_adaptive *a;

    if (q->adaptive != NULL || q->kind != TN_RUN_EXECUTE || !tn_adaptive_is_for_learning(q) || number >= TN_STORE_CLUSTERS || (a = make(q, group, 1, now_us)) == NULL)
        return;
    for (size_t m = 0; m < group->member_count; m++)
        if (group->members[m] == q->cluster)
            a->member[0] = (uint8_t)m;
    a->candidates[0] = (struct tn_decide_candidate){.cluster = (uint8_t)number, .slots = q->cluster->max_running,
                                                    .running = atomic_load(&q->cluster->running), .price = &q->cluster->price};
    a->request.count = 1;
    a->request.given = true;
    tn_adaptive_policy(&a->policy, group->conf, group->conf->strategy, is_frozen(q, group));
    if (!fill_request(a))
        return;
    tn_decide(tn_runtime_of(q->worker)->server->learner, &a->request, &a->plan);
    q->adaptive = a;
}

/* ---- attempts ---- */

static void on_deadline(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_adaptive *a = TN_CONTAINER_OF(timer, struct tn_adaptive, timer);

    (void)loop;
    (void)revents;
    a->cutting = true;
    tn_run_cancel(&a->query->run);
}

static bool is_number_of(const struct tn_cluster *cluster, unsigned number)
{
    return number == atomic_load_explicit(&cluster->stat_id, memory_order_relaxed) || number == atomic_load_explicit(&cluster->asleep_id, memory_order_relaxed);
}

/* The queue may have given it a slot elsewhere: that is the attempt then. */
static void match_cluster(struct tn_query *q, struct tn_adaptive *a)
{
    size_t at = a->next < a->plan.count ? a->next : a->plan.count - 1;

    if (a->next < a->plan.count && is_number_of(q->cluster, a->plan.attempts[a->next].cluster))
        return;
    for (size_t i = 0; i < a->request.count; i++)
        if (is_number_of(q->cluster, a->candidates[i].cluster)) {
            a->plan.attempts[at].candidate = (uint8_t)i;
            a->plan.attempts[at].cluster = a->candidates[i].cluster;
            a->plan.attempts[at].deadline_s = 0;
            a->next = at;
            return;
        }
    a->next = a->plan.count; /* of another group: not ours to learn */
}

void tn_adaptive_begin(struct tn_query *q)
{
    struct tn_adaptive *a = q->adaptive;

    if (a == NULL || q->kind != TN_RUN_EXECUTE)
        return;
    match_cluster(q, a);
    if (a->next >= a->plan.count)
        return;
    a->running = true;
    a->cutting = a->dropped = false;
    a->others = TN_MAX(atomic_load(&q->cluster->running) + atomic_load(&q->cluster->copies), 1u) - 1;
    if (a->plan.attempts[a->next].deadline_s > 0) {
        ev_timer_init(&a->timer, on_deadline, a->plan.attempts[a->next].deadline_s, 0.);
        ev_now_update(q->worker->loop);
        ev_timer_start(q->worker->loop, &a->timer);
    }
}

/* Also one that has expired in this turn of the loop and was not called yet: it is not active any more, and would cut whoever
 * runs next. */
static void stop_timer(struct tn_query *q, struct tn_adaptive *a)
{
    ev_timer_stop(q->worker->loop, &a->timer);
}

void tn_adaptive_answered(struct tn_query *q)
{
    if (q->adaptive != NULL && q->adaptive->running)
        stop_timer(q, q->adaptive);
}

bool tn_adaptive_drops(struct tn_query *q)
{
    struct tn_adaptive *a = q->adaptive;

    if (a == NULL || !a->running || !a->cutting)
        return false;
    a->dropped = true;
    return true;
}

bool tn_adaptive_dropped(const struct tn_query *q)
{
    return q->adaptive != NULL && q->adaptive->running && q->adaptive->dropped;
}

/* It was faster than the cancel, but its rows are gone: it counts as cut, or as cancelled if somebody wants no more. */
static void settle_dropped(struct tn_query *q, const struct tn_adaptive *a)
{
    if (!a->dropped || q->run.error.status != TN_OK)
        return;
    tn_fail(&q->run.error, TN_E_CANCELLED, "57014", "cancelled");
    tn_error_blame(&q->run.error, TN_FAULT_CANCEL, false);
}

static enum tn_attempt_end end_of(const struct tn_query *q, const struct tn_adaptive *a)
{
    const struct tn_error *error = &q->run.error;

    if (error->status == TN_OK)
        return TN_ATTEMPT_DONE;
    switch (error->fault) {
    case TN_FAULT_CANCEL:
    case TN_FAULT_TIMEOUT:
        if (a->cutting && q->cancel == TN_CANCEL_NONE)
            return TN_ATTEMPT_CUT;
        return q->cancel == TN_CANCEL_TIMEOUT ? TN_ATTEMPT_TIMEOUT : TN_ATTEMPT_GIVEN_UP;
    case TN_FAULT_ENGINE:
        return TN_ATTEMPT_ERROR;
    case TN_FAULT_UNSUPPORTED:
        return TN_ATTEMPT_UNSUPPORTED;
    default:
        return TN_ATTEMPT_NOT_LEARNED;
    }
}

/* On the engine: without the time in which it waited for a client that did not read, or in the engine's own queue: that says
 * how busy it is, not how fast. */
static double engine_seconds(const struct tn_run *run)
{
    uint64_t took = run->ended_us > run->started_us ? run->ended_us - run->started_us : 0;

    return (double)(took - TN_MIN(took, run->stalled_us + run->queued_us)) / 1e6;
}

static struct tn_cost bill_of(const struct tn_query *q, const struct tn_adaptive *a, size_t index, double seconds, bool cut)
{
    const struct tn_decide_candidate *candidate = &a->candidates[a->plan.attempts[index].candidate];
    struct tn_run_bill                run = {.seconds = seconds, .bytes = q->run.bytes_read > 0 ? (double)q->run.bytes_read : -1,
                                             .utilisation = candidate->slots > 0 ? a->others / candidate->slots : 0,
                                             .awake = q->found != TN_FOUND_ASLEEP, .awake_s = q->awake_s, .cut = cut};
    struct tn_cost                    cost;

    tn_price_bill(candidate->price, &run, &cost);
    return cost;
}

static void note_refusal(struct tn_query *q, struct tn_adaptive *a, size_t index)
{
    if (a->refused_count == TN_ARRAY_LEN(a->refused))
        return;
    a->refused[a->refused_count].attempt = (uint8_t)index;
    tn_str_copy(a->refused[a->refused_count].sqlstate, sizeof a->refused[0].sqlstate, tn_str(q->run.error.sqlstate));
    a->refused_count++;
}

/* Another member could: the statement was not at fault. */
static void learn_refusals(struct tn_query *q, struct tn_adaptive *a, uint64_t now_us)
{
    for (unsigned i = 0; i < a->refused_count; i++)
        tn_decide_refused(tn_runtime_of(q->worker)->server->learner, &a->request, a->plan.attempts[a->refused[i].attempt].cluster, a->refused[i].sqlstate, now_us);
    a->refused_count = 0;
}

bool tn_adaptive_end(struct tn_query *q, bool breaker_was_open, bool breaker_opened)
{
    struct tn_adaptive      *a = q->adaptive;
    struct tn_attempt_result result;
    struct tn_cost           bill = {0, 0};
    size_t                   index;

    if (a == NULL || !a->running)
        return false;
    stop_timer(q, a);
    settle_dropped(q, a);
    a->running = false;
    index = a->next++;
    result = (struct tn_attempt_result){.end = end_of(q, a), .seconds = engine_seconds(&q->run), .running = a->others,
                                        .other_state = !tn_cluster_fits(q->cluster, a->plan.attempts[index].cluster, q->found),
                                        .bytes = q->run.bytes_read > 0 ? (double)q->run.bytes_read : -1, .breaker_open = breaker_was_open,
                                        .breaker_opened = breaker_opened, .now_us = q->run.ended_us > 0 ? q->run.ended_us : tn_clock_us()};
    if (q->run.started_us == 0)
        result.end = TN_ATTEMPT_NOT_LEARNED; /* it never reached the engine */
    if (tn_adaptive_refused(q)) {
        note_refusal(q, a, index);
        result.end = TN_ATTEMPT_NOT_LEARNED;
    }
    tn_str_copy(result.sqlstate, sizeof result.sqlstate, tn_str(q->run.error.sqlstate));
    if (q->run.started_us != 0)
        bill = bill_of(q, a, index, result.seconds, result.end == TN_ATTEMPT_CUT);
    result.usd = bill.average;
    a->settled.average += bill.average;
    a->settled.marginal += bill.marginal;
    tn_decide_attempt_ended(tn_runtime_of(q->worker)->server->learner, &a->request, &a->plan, index, false, &result);
    if (result.end == TN_ATTEMPT_DONE)
        learn_refusals(q, a, result.now_us);
    if (result.end != TN_ATTEMPT_CUT)
        return false;
    a->cuts++;
    return a->next < a->plan.count;
}

void tn_adaptive_finish(struct tn_query *q)
{
    struct tn_adaptive    *a = q->adaptive;
    struct tn_query_result result = {.ok = q->error.status == TN_OK, .seconds = (double)(q->ended_us - q->started_us) / 1e6, .now_us = q->ended_us};

    if (a == NULL || a->plan.query == 0)
        return;
    stop_timer(q, a);
    if (a->plan.shadow_count > 0)
        tn_shadow_offer(q, a);
    tn_decide_query_ended(tn_runtime_of(q->worker)->server->learner, &a->request, &a->plan, &result);
    a->plan.query = 0;
}
