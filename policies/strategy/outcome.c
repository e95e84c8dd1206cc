/* outcome.c - what an ended attempt and an ended query teach. */
#include "policies/strategy/entry.h"
#include "policies/strategy/relate.h"
#include "policies/strategy/trainer.h"
#include "policies/strategy/view.h"
#include "stats/learn.h"

#include <math.h>
#include <string.h>

static const double BILL_WEIGHT = .3; /* of the newest bill in a cell's mean (cost routing 1) */

/* A run that started while others of ours ran there took longer for it; what is kept is the time without them. */
static double without_load(const struct tn_decide_candidate *candidate, const struct tn_attempt_result *result)
{
    double u = candidate->slots > 0 ? (result->running + 1) / candidate->slots : 0;

    return result->engine_time || u <= 1 ? 0 : log(u);
}

static double ln_seconds(const struct tn_constants *k, const struct tn_decide_candidate *candidate, const struct tn_attempt_result *result)
{
    return log(fmax(k->floor_s, result->seconds)) - without_load(candidate, result);
}

static void let_go(struct tn_group_account *account, struct tn_attempt *shadow)
{
    account->held_s = fmax(0, account->held_s - shadow->held_s);
    account->held_usd = fmax(0, account->held_usd - shadow->held_usd);
    shadow->held_s = shadow->held_usd = 0;
}

static void account_attempt(const struct tn_decide_request *request, const struct tn_plan *plan, bool shadow,
                            const struct tn_attempt_result *result)
{
    struct tn_account_numbers *n = &request->account->n;
    double                     day = floor((double)result->now_us / 86400e6);

    if (shadow) {
        n->shadow_s += result->seconds;
    } else {
        n->engine_s += result->seconds;
        n->served_s += result->seconds;
        if (result->end == TN_ATTEMPT_CUT && plan->baseline_s > 0)
            n->cut_s += result->seconds;
    }
    if (day > n->day) {
        n->day = day;
        n->day_usd = 0;
    }
    if (result->usd > 0) {
        n->usd += result->usd;
        if (shadow || (result->end == TN_ATTEMPT_CUT && plan->baseline_s > 0))
            n->day_usd += result->usd;
    }
    if (result->end == TN_ATTEMPT_DONE)
        n->usd_n += 1;
}

static void learn_bill(struct tn_world *world, struct tn_side *side, const struct tn_attempt_result *result)
{
    struct tn_effect *effect = &world->effect[side->cluster];
    double           *cost = &side->cell.cost;

    if (result->usd < 0)
        return;
    if (result->end == TN_ATTEMPT_DONE) {
        effect->usd_n += 1;
        effect->usd += (result->usd - effect->usd) / fmin(200, effect->usd_n);
        *cost = *cost > 0 ? *cost + BILL_WEIGHT * (result->usd - *cost) : result->usd;
    } else if (result->end == TN_ATTEMPT_CUT && *cost <= 0) {
        *cost = fmin(*cost, -result->usd);
    }
}

static void remember_streak(struct tn_effect *effect, const uint64_t key[2])
{
    if (effect->streak_count < TN_STREAK) {
        memcpy(effect->streak[effect->streak_count], key, sizeof effect->streak[0]);
        effect->streak_count++;
    }
}

/* By how much a known cell moved. Y: ln_seconds(). */
static double learn_attempt(struct tn_world *world, struct tn_view *view, struct tn_side *side, const uint64_t key[2],
                          const struct tn_decide_candidate *candidate, const struct tn_attempt_result *result, double y)
{
    struct tn_belief before = side->cell;
    double           moved = 0, T = view->k->timeout_s;

    switch (result->end) {
    case TN_ATTEMPT_DONE:
        world->effect[side->cluster].streak_count = 0;
        tn_learn_answer(world, side);
        moved = tn_learn_run(world, view, side, y, false);
        break;
    case TN_ATTEMPT_TIMEOUT:
        tn_learn_late(world, view, side, y, result->seconds);
        if (result->seconds >= .9 * T)
            moved = tn_learn_run(world, view, side, y + .5, true);
        else
            tn_learn_cut(world, view, side, y);
        break;
    case TN_ATTEMPT_CUT:
        tn_learn_late(world, view, side, y, result->seconds);
        __attribute__((fallthrough));
    case TN_ATTEMPT_GIVEN_UP:
        tn_learn_cut(world, view, side, y);
        break;
    case TN_ATTEMPT_ERROR:
        if (result->breaker_open) { /* known already */
            side->cell.last = (uint16_t)view->visits;
            break;
        }
        tn_learn_error(world, view, side, result->seconds);
        remember_streak(&world->effect[side->cluster], key);
        break;
    case TN_ATTEMPT_UNSUPPORTED:
    case TN_ATTEMPT_NOT_LEARNED:
        return 0;
    }
    learn_bill(world, side, result);
    tn_relate_learn(world, view, side, &before, candidate->price, result);
    return moved;
}

static bool learns(const struct tn_decide_request *request, const struct tn_attempt_result *result)
{
    return !request->policy->frozen && result->end != TN_ATTEMPT_NOT_LEARNED && result->end != TN_ATTEMPT_UNSUPPORTED &&
           !result->other_state;
}

/* What made one cluster slower on this shape (more data, mostly) made the others slower too, until they are looked at: what a cluster is
 * known to take longer than as well, or it would be looked at again and again while the data grows. */
static void follow(struct tn_learner *learner, struct tn_shape_entry *entry, const struct tn_view *view, const struct tn_side *moved_side, double moved)
{
    double by = learner->world.k.follow * moved;

    if (fabs(by) < 1e-4)
        return;
    for (size_t i = 0; i < view->count; i++) {
        struct tn_cell *cell;

        if (&view->sides[i] == moved_side || (view->sides[i].cell.n == 0 && !view->sides[i].cell.bounded))
            continue;
        cell = tn_store_cell(learner->store, entry, view->sides[i].cluster, false);
        if (cell != NULL)
            tn_cell_move(cell, by);
    }
}

/* What a look at a known cluster was for. Errors say nothing. */
static void settle_look(struct tn_learner *learner, struct tn_plan *plan, const struct tn_side *side, const struct tn_attempt_result *result)
{
    double seconds;

    if (plan->gain <= 0 || side->cluster != plan->attempts[0].cluster || result->end == TN_ATTEMPT_ERROR)
        return;
    seconds = exp(tn_side_mean(side) + (side->cell.P + side->effect->s2) / 2);
    tn_world_looked(&learner->world, plan->gain, fmax(0, 1 - seconds / plan->baseline_s));
    plan->gain = 0;
}

/* What is learned of one attempt; the learner's lock is held from the look at the world to the change of it. */
struct lesson {
    struct tn_learner              *learner;
    const struct tn_decide_request *request;
    struct tn_plan                 *plan;
    struct tn_attempt              *attempt;
    const struct tn_attempt_result *result;
    bool                            shadow, little;
};

/* The lock is held. */
static void settle_account(const struct lesson *lesson)
{
    if (lesson->shadow)
        let_go(lesson->request->account, lesson->attempt);
    else if (lesson->attempt == &lesson->plan->attempts[0])
        tn_gain_count(&lesson->request->account->gain, lesson->plan, lesson->result, &lesson->learner->world.k);
    account_attempt(lesson->request, lesson->plan, lesson->shadow, lesson->result);
}

/* A lesson of a user who is far louder than the others: no further from what is believed of a known cell than a run usually is, and no word
 * of lateness. Cuts and time-outs say that it is slower, which counts as such a run. */
static bool temper(const struct tn_view *view, const struct tn_side *side, const struct tn_attempt_result *result, double *y)
{
    double m = tn_side_mean(side), usual = sqrt(tn_side_variance(view, side) + side->effect->s2);

    if (result->end == TN_ATTEMPT_ERROR || side->cell.n < 2)
        return false;
    if (result->end != TN_ATTEMPT_DONE && *y < m + usual)
        return false;
    *y = fmax(m - usual, fmin(m + usual, *y));
    return true;
}

/* By how much a known cell moved, and before that what its run deviated from it. The lock is held, and let go while a model is asked. */
static double learn_side(const struct lesson *lesson, struct tn_shape_entry *entry, struct tn_view *view, struct tn_side *side, double *deviation)
{
    struct tn_learner                *learner = lesson->learner;
    const struct tn_decide_candidate *candidate = &lesson->request->candidates[lesson->attempt->candidate];
    double                            moved, y = ln_seconds(&learner->world.k, candidate, lesson->result);

    if (side->cell.n == 0) {
        pthread_mutex_unlock(&learner->lock);
        tn_trainer_notice(learner, entry, lesson->request->about);
        tn_view_predict(view, learner, lesson->request->about);
        pthread_mutex_lock(&learner->lock);
    }
    *deviation = lesson->result->end == TN_ATTEMPT_DONE && side->cell.n >= 2 ? y - tn_side_mean(side) : NAN;
    if (lesson->little && temper(view, side, lesson->result, &y) && lesson->result->end != TN_ATTEMPT_DONE)
        moved = tn_learn_run(&learner->world, view, side, y, false);
    else
        moved = learn_attempt(&learner->world, view, side, entry->key, candidate, lesson->result, y);
    settle_look(learner, lesson->plan, side, lesson->result);
    return moved;
}

/* Of this thread, and not on its stack, for the reason told at own_decision() of decide.c. */
static struct tn_view *own_view(void)
{
    static _Thread_local struct tn_view view;

    return &view;
}

/* Of a cell that is known well enough one user teaches no more than a share. */
static enum tn_teach may_teach(const struct lesson *lesson, struct tn_shape_entry *entry)
{
    const struct tn_shape_about *about = lesson->request->about;
    const struct tn_constants   *k = &lesson->learner->world.k;
    struct tn_cell              *cell = tn_store_cell(lesson->learner->store, entry, lesson->attempt->cluster, false);
    double                       most = cell == NULL || cell->n < k->tenant_runs ? 1 : k->tenant_share;

    return tn_store_may_teach(lesson->learner->store, lesson->request->shape->key, about == NULL ? 0 : about->tenant, most,
                              lesson->result->now_us, true);
}

static void update_entry(const struct lesson *lesson, struct tn_shape_entry *entry)
{
    struct tn_learner *learner = lesson->learner;
    uint8_t            cluster = lesson->attempt->cluster;
    struct tn_cell    *cell = tn_store_cell(learner->store, entry, cluster, true);
    struct tn_view    *view = own_view();
    struct tn_side    *side = NULL;
    double             moved = 0, deviation = NAN;

    pthread_mutex_lock(&learner->lock);
    if (cell != NULL) {
        tn_view_take(view, learner, entry, lesson->request->shape->class);
        side = tn_view_take_side(view, learner, cluster);
    }
    if (side != NULL) {
        side->cell.M2 = tn_log_decode(cell->M2); /* a view leaves it out */
        if (side->cell.n == 0)
            tn_view_take_offsets(view, learner);
        moved = learn_side(lesson, entry, view, side, &deviation);
    }
    settle_account(lesson);
    pthread_mutex_unlock(&learner->lock);
    if (side == NULL)
        return;
    if (!isnan(deviation))
        tn_entry_watch(learner, lesson->request, lesson->plan, entry, deviation);
    tn_cell_store(cell, &side->cell);
    follow(learner, entry, view, side, moved);
    if (lesson->result->end == TN_ATTEMPT_DONE)
        tn_store_sample(learner->store, cell, lesson->result->seconds, 1);
}

static void land(struct tn_attempt *attempt)
{
    tn_flight_unlink(&attempt->flight);
    attempt->flying = false;
}

static void land_of_query(struct tn_plan *plan, struct tn_attempt *attempt, bool shadow, const struct tn_attempt_result *result)
{
    land(attempt);
    for (size_t i = 0; i < plan->count && !shadow; i++) {
        const struct tn_flight *flight = &plan->attempts[i].flight;

        if (flight->cluster == attempt->cluster || (result->end == TN_ATTEMPT_DONE && flight->start_us >= result->now_us))
            land(&plan->attempts[i]);
    }
}

/* The engine was down, not these shapes on it: when the breaker opens the cells of the streak are forgiven. */
static void forgive(struct tn_learner *learner, uint8_t cluster)
{
    struct tn_effect *effect = &learner->world.effect[cluster];
    uint64_t          keys[TN_STREAK][2];
    unsigned          count;

    pthread_mutex_lock(&learner->lock);
    count = effect->streak_count;
    memcpy(keys, effect->streak, sizeof keys);
    effect->streak_count = 0;
    effect->pe = fmax(effect->pe, .95);
    pthread_mutex_unlock(&learner->lock);
    for (unsigned i = 0; i < count; i++) {
        struct tn_shape        shape = {.key = {keys[i][0], keys[i][1]}};
        struct tn_shape_entry *entry = tn_store_acquire(learner->store, &shape, false, NULL);
        struct tn_cell        *cell = entry != NULL ? tn_store_cell(learner->store, entry, cluster, false) : NULL;

        if (cell != NULL)
            cell->fail = 0;
        if (entry != NULL)
            tn_store_release(learner->store, entry, true);
    }
}

void tn_decide_refused(struct tn_learner *learner, const struct tn_decide_request *request, uint8_t cluster, const char *sqlstate, uint64_t now_us)
{
    uint64_t key[2] = {request->shape->key[0], request->shape->key[1] ^ request->described};

    if (!request->policy->frozen)
        tn_negative_learn(&learner->negative, key, cluster, sqlstate,
                          now_us + (uint64_t)(learner->world.k.unsupported_s * 1e6));
}

void tn_decide_attempt_ended(struct tn_learner *learner, const struct tn_decide_request *request, struct tn_plan *plan, size_t index,
                             bool shadow, const struct tn_attempt_result *result)
{
    struct tn_attempt     *attempt = shadow ? &plan->shadows[index] : &plan->attempts[index];
    struct lesson          lesson = {learner, request, plan, attempt, result, shadow, false};
    struct tn_shape_entry *entry = tn_entry_of_plan(learner, request, plan);
    bool                   passed_on = tn_learner_passed_on(learner, attempt->cluster, plan->numbers_given);
    enum tn_teach          teach;
    bool                   learned = entry != NULL && !passed_on && learns(request, result);

    if (entry != NULL) {
        land_of_query(plan, attempt, shadow, result);
        teach = learned ? may_teach(&lesson, entry) : TN_TEACH_NOT;
        learned = teach != TN_TEACH_NOT;
        lesson.little = teach == TN_TEACH_LITTLE;
        if (learned)
            update_entry(&lesson, entry);
        tn_store_release(learner->store, entry, learned);
    }
    if (!learned) {
        pthread_mutex_lock(&learner->lock);
        settle_account(&lesson);
        pthread_mutex_unlock(&learner->lock);
    }
    if (result->end == TN_ATTEMPT_UNSUPPORTED && !passed_on)
        tn_decide_refused(learner, request, attempt->cluster, result->sqlstate, result->now_us);
    if (result->breaker_opened && !passed_on)
        forgive(learner, attempt->cluster);
}

void tn_decide_query_ended(struct tn_learner *learner, const struct tn_decide_request *request, struct tn_plan *plan,
                           const struct tn_query_result *result)
{
    struct tn_shape_entry *entry;
    bool                   flying = false;

    tn_cost_settle(learner, request, plan, result);
    for (size_t i = 0; i < plan->count; i++)
        flying = flying || plan->attempts[i].flying;
    if (!flying || (entry = tn_entry_of_plan(learner, request, plan)) == NULL)
        return;
    for (size_t i = 0; i < plan->count; i++)
        land(&plan->attempts[i]);
    tn_store_release(learner->store, entry, false);
}
