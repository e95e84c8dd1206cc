#include "tools/cli/replay_run.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "engine/breaker.h"
#include "policies/strategy/trainer.h"
#include "tools/cli/replay_heap.h"

#include <math.h>
#include <stdlib.h>

enum { ENGINES = TN_OUTCOME_ENGINES };

struct engine {
    char                   name[TN_OUTCOME_NAME];
    uint8_t                cluster;
    unsigned               running;   /* as the policy may know: started, end not told */
    struct tn_time_heap    busy;      /* ends of what runs there: the load law */
    struct tn_breaker      breaker;
    bool                   trial;     /* half open: one query is under way */
    struct tn_price        price;
    bool                   priced;
    bool                   listed;    /* by a configuration: its bills are by that price */
};

struct query { /* lives until its last end was told */
    struct tn_decide_request   request;
    struct tn_decide_candidate candidates[ENGINES];
    struct tn_shape            shape;
    struct tn_shape_about      about;
    struct tn_features         features;
    struct tn_plan             plan;
    unsigned                   engines[ENGINES]; /* of each candidate */
    unsigned                   running[ENGINES]; /* there when it was decided */
    unsigned                   pending;          /* ends to be told */
    unsigned                   user_pending;     /* of them, those that its user waits for */
    double                     began_s, took_s;
    bool                       answered;
    char                      *sql;
    uint64_t                   text;
};

struct tn_replay {
    struct tn_replay_options options;
    struct tn_store         *store;
    struct tn_learner       *learner;
    struct tn_group_account *account;
    struct tn_shaper        *shaper;
    size_t                   engine_count;
    struct engine            engines[ENGINES];
    struct tn_event_heap     events;
    uint64_t                 sequence, query;
    bool                     count_planned; /* a fallback counts as running from the decision on: as an older simulation had it */
    double                   clock_s;   /* arrival of the last query, or what was told since of streams without a time */
    double                   offset_s;  /* what the policy's clock is ahead: the history */
    struct tn_replay_totals  totals;
    struct tn_cluster_conf   breaker_conf;
};

/* ---- the object ---- */

static enum tn_status set_constants(struct tn_replay *replay, struct tn_error *err)
{
    for (size_t i = 0; i < replay->options.constant_count; i++) {
        const char *text = replay->options.constants[i], *equals = strchr(text, '=');
        char        name[64];
        double      value;

        if (equals == NULL || !tn_str_to_double(tn_str(equals + 1), &value) || !isfinite(value))
            return tn_fail(err, TN_E_INVALID, "22023", "expected NAME=NUMBER; got %s", text);
        tn_str_copy(name, sizeof name, tn_str_n(text, (size_t)(equals - text)));
        if (strcmp(name, "count_planned") == 0)
            replay->count_planned = value != 0;
        else if (!tn_learner_set(replay->learner, name, value))
            return tn_fail(err, TN_E_INVALID, "22023", "there is no constant `%s`; they are in stats/constants.def", name);
    }
    return TN_OK;
}

enum tn_status tn_replay_new(struct tn_replay **out, const struct tn_replay_options *options, struct tn_error *err)
{
    struct tn_store_options store = TN_STORE_OPTIONS_DEFAULT;
    struct tn_replay       *replay = tn_calloc(1, sizeof *replay);
    enum tn_status          status;

    *out = NULL;
    if (replay == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "out of memory");
    replay->options = *options;
    replay->breaker_conf = (struct tn_cluster_conf){
        .breaker_consecutive = 5, .breaker_rate = 50, .breaker_min_requests = 20, .breaker_window = 10000000,
        .breaker_backoff = 30000000, .breaker_max_backoff = 300000000}; /* the defaults of options.def */
    store.max_new_shapes_per_minute = 0;
    status = tn_store_open(&replay->store, &store, err);
    if (status == TN_OK)
        status = tn_learner_new(&replay->learner, replay->store, options->seed, err);
    if (status == TN_OK && options->model && options->player == NULL)
        status = tn_trainer_open(replay->learner, err);
    if (status == TN_OK)
        status = set_constants(replay, err);
    if (status == TN_OK && ((replay->shaper = tn_shaper_new(4096)) == NULL ||
                            (replay->account = tn_learner_group(replay->learner, TN_STR("replay"))) == NULL))
        status = tn_fail(err, TN_E_NOMEM, "53200", "out of memory");
    if (status != TN_OK) {
        tn_replay_free(replay);
        return status;
    }
    *out = replay;
    return TN_OK;
}

static void free_query(struct query *q)
{
    tn_free(q->sql);
    tn_free(q);
}

void tn_replay_free(struct tn_replay *replay)
{
    struct tn_event event;

    if (replay == NULL)
        return;
    while (tn_event_heap_pop(&replay->events, &event)) {
        struct query *q = event.query;

        if (!event.begins && --q->pending == 0)
            free_query(q);
    }
    tn_event_heap_reset(&replay->events);
    for (size_t e = 0; e < replay->engine_count; e++) {
        tn_time_heap_reset(&replay->engines[e].busy);
        tn_breaker_destroy(&replay->engines[e].breaker);
    }
    tn_replay_totals_reset(&replay->totals);
    tn_shaper_free(replay->shaper);
    tn_store_close(replay->store);
    tn_learner_free(replay->learner);
    tn_free(replay);
}

const struct tn_replay_totals *tn_replay_totals(const struct tn_replay *replay)
{
    return &replay->totals;
}

size_t tn_replay_engine_count(const struct tn_replay *replay)
{
    return replay->engine_count;
}

const char *tn_replay_engine(const struct tn_replay *replay, size_t at)
{
    return replay->engines[at].name;
}

/* ---- engines ---- */

static struct engine *engine_of(struct tn_replay *replay, const char *name)
{
    struct engine *engine;

    for (size_t e = 0; e < replay->engine_count; e++)
        if (strcmp(replay->engines[e].name, name) == 0)
            return &replay->engines[e];
    if (replay->engine_count == ENGINES)
        return NULL;
    engine = &replay->engines[replay->engine_count++];
    tn_str_copy(engine->name, sizeof engine->name, tn_str(name));
    engine->cluster = (uint8_t)tn_store_cluster(replay->store, tn_str(name), NULL, 0, 0);
    tn_breaker_init(&engine->breaker);
    engine->breaker.rand.state = replay->options.seed + replay->engine_count; /* its jitter repeats */
    if (replay->options.price != NULL)
        engine->priced = replay->options.price(replay->options.price_arg, name, &engine->price, &engine->listed);
    return engine;
}

static double bill(const struct engine *engine, const struct tn_outcome *outcome, double seconds, double whole_s, bool cut)
{
    struct tn_run_bill run = {.seconds = seconds, .bytes = outcome->bytes, .cut = cut};
    struct tn_cost     cost;

    if (outcome->usd >= 0 && !engine->listed)
        return cut && whole_s > 0 ? outcome->usd * seconds / whole_s : outcome->usd;
    if (!engine->priced)
        return -1;
    tn_price_bill(&engine->price, &run, &cost);
    return cost.average;
}

/* ---- what is learned when the clock has passed an end ---- */

static uint64_t clock_us(const struct tn_replay *replay, double t_s)
{
    return (uint64_t)((replay->offset_s + t_s) * 1e6);
}

static void tell_learner(struct tn_replay *replay, struct query *q, const struct tn_event *event)
{
    struct engine           *engine = &replay->engines[event->engine];
    struct tn_attempt_result result = {
        .end = event->end, .seconds = event->seconds, .running = q->running[event->engine], .bytes = event->bytes, .usd = event->usd,
        .now_us = clock_us(replay, event->when_s)};

    if (event->end == TN_ATTEMPT_DONE || event->end == TN_ATTEMPT_ERROR) {
        result.breaker_open = tn_breaker_state(&engine->breaker, result.now_us) != TN_BREAKER_CLOSED;
        result.breaker_opened = tn_breaker_record(&engine->breaker, &replay->breaker_conf, event->end == TN_ATTEMPT_DONE, result.now_us);
    }
    engine->trial = false;
    tn_decide_attempt_ended(replay->learner, &q->request, &q->plan, event->attempt, event->shadow, &result);
    if (!event->shadow && --q->user_pending == 0) {
        struct tn_query_result ended = {.ok = q->answered, .seconds = q->took_s, .now_us = result.now_us};

        tn_decide_query_ended(replay->learner, &q->request, &q->plan, &ended);
    }
}

static void tell(struct tn_replay *replay, const struct tn_event *event)
{
    struct query  *q = event->query;
    struct engine *engine = &replay->engines[event->engine];

    if (event->begins) { /* only now: that an earlier attempt failed was not known before */
        q->running[event->engine] = engine->running++;
        return;
    }
    engine->running--;
    if (replay->options.player == NULL)
        tell_learner(replay, q, event);
    else if (!event->shadow && event->end != TN_ATTEMPT_CUT)
        tn_player_ended(replay->options.player, q->text, event->engine, event->seconds, event->end == TN_ATTEMPT_DONE);
    if (--q->pending == 0)
        free_query(q);
}

static void tell_until(struct tn_replay *replay, double t_s)
{
    struct tn_event event;

    while (tn_event_heap_pop_until(&replay->events, t_s, &event))
        tell(replay, &event);
}

/* ---- one query ---- */

static enum tn_status make_query(struct tn_replay *replay, const struct tn_outcome_line *line, const char (*names)[TN_OUTCOME_NAME],
                                 struct query **out, struct tn_error *err)
{
    struct tn_shape_context context = {.dialect = line->dialect};
    struct query           *q = tn_calloc(1, sizeof *q);

    *out = NULL;
    if (q == NULL || (q->sql = tn_strndup(line->sql.ptr, line->sql.len)) == NULL) {
        tn_free(q);
        return tn_fail(err, TN_E_NOMEM, "53200", "out of memory");
    }
    q->began_s = line->t_s;
    q->about = (struct tn_shape_about){.text = tn_str_n(q->sql, line->sql.len), .dialect = line->dialect, .group = TN_STR("replay"),
                                       .features = &q->features, .now_us = clock_us(replay, line->t_s)};
    q->text = tn_hash_str(q->about.text);
    if (replay->options.player == NULL)
        tn_shaper_find(replay->shaper, q->about.text, &context, NULL, 0, &q->shape, &q->features);
    for (size_t i = 0; i < line->count; i++) {
        struct engine *engine = engine_of(replay, names[line->list[i].engine]);

        if (engine == NULL) {
            free_query(q);
            return tn_fail(err, TN_E_LIMIT, "54000", "there are more than %d engines", ENGINES);
        }
        q->engines[i] = (unsigned)(engine - replay->engines);
        q->running[q->engines[i]] = engine->running;
        q->candidates[i] = (struct tn_decide_candidate){
            .cluster = engine->cluster, .slots = line->list[i].slots, .running = engine->running, .price = engine->priced ? &engine->price : NULL};
    }
    q->request = (struct tn_decide_request){
        .shape = &q->shape, .about = &q->about, .account = replay->account, .policy = &replay->options.policy, .candidates = q->candidates,
        .count = line->count, .query = ++replay->query, .now_us = q->about.now_us, .timeout_s = TN_OUTCOME_TIMEOUT_S,
        .may_cut = true, .may_explore = true};
    *out = q;
    return TN_OK;
}

static void look_at_breakers(struct tn_replay *replay, struct query *q)
{
    for (size_t i = 0; i < q->request.count; i++) {
        struct engine        *engine = &replay->engines[q->engines[i]];
        enum tn_breaker_state state = tn_breaker_state(&engine->breaker, q->request.now_us);

        q->candidates[i].spare = state == TN_BREAKER_OPEN || (state == TN_BREAKER_HALF_OPEN && engine->trial);
    }
}

static void start_trials(struct tn_replay *replay, struct query *q)
{
    for (size_t i = 0; i < q->plan.shadow_count + 1; i++) {
        const struct tn_attempt *attempt = i == 0 ? &q->plan.attempts[0] : &q->plan.shadows[i - 1];
        struct engine           *engine = &replay->engines[q->engines[attempt->candidate]];

        if (tn_breaker_state(&engine->breaker, q->request.now_us) == TN_BREAKER_HALF_OPEN)
            engine->trial = true;
    }
}

struct run {
    double              seconds, usd;
    enum tn_attempt_end end;
};

/* Runs one attempt that starts at T_S. */
static struct run run_attempt(struct engine *engine, const struct tn_outcome *outcome, double deadline_s, double t_s)
{
    double     whole = outcome->latency_s;
    bool       ok = outcome->ok;
    struct run run;

    if (outcome->slots > 0) {
        whole *= fmax(1, ((double)tn_time_heap_count(&engine->busy, t_s) + 1) / outcome->slots);
        if (whole >= TN_OUTCOME_TIMEOUT_S) {
            whole = TN_OUTCOME_TIMEOUT_S;
            ok = false;
        }
    }
    run = (struct run){.seconds = whole, .end = ok ? TN_ATTEMPT_DONE : whole >= .9 * TN_OUTCOME_TIMEOUT_S ? TN_ATTEMPT_TIMEOUT : TN_ATTEMPT_ERROR};
    if (deadline_s > 0 && whole > deadline_s) {
        run.seconds = deadline_s;
        run.end = TN_ATTEMPT_CUT;
    }
    run.usd = bill(engine, outcome, run.seconds, whole, run.end == TN_ATTEMPT_CUT);
    if (outcome->slots > 0)
        tn_time_heap_push(&engine->busy, t_s + run.seconds);
    return run;
}

static enum tn_status begin_attempt(struct tn_replay *replay, struct query *q, const struct tn_outcome_line *line, size_t index, bool shadow,
                                    double t_s, struct run *run, struct tn_error *err)
{
    const struct tn_attempt *attempt = shadow ? &q->plan.shadows[index] : &q->plan.attempts[index];
    struct engine           *engine = &replay->engines[q->engines[attempt->candidate]];
    struct tn_event          event;

    *run = run_attempt(engine, &line->list[attempt->candidate], attempt->deadline_s, t_s);
    replay->totals.engine_s += shadow ? 0 : run->seconds;
    event = (struct tn_event){.when_s = t_s + run->seconds, .sequence = replay->sequence++, .query = q, .engine = q->engines[attempt->candidate],
                              .attempt = index, .shadow = shadow, .end = run->end, .seconds = run->seconds, .usd = run->usd,
                              .bytes = run->end == TN_ATTEMPT_DONE ? line->list[attempt->candidate].bytes : -1};
    if (!tn_event_heap_push(&replay->events, &event))
        return tn_fail(err, TN_E_NOMEM, "53200", "out of memory");
    if (shadow || index == 0 || replay->count_planned) {
        engine->running++;
    } else {
        event.begins = true;
        event.when_s = t_s;
        event.sequence = replay->sequence++;
        if (!tn_event_heap_push(&replay->events, &event)) {
            engine->running++; /* its end will be told */
            return tn_fail(err, TN_E_NOMEM, "53200", "out of memory");
        }
    }
    q->pending++;
    q->user_pending += !shadow;
    return TN_OK;
}

static void add_usd(double *sum, double usd)
{
    *sum = usd < 0 || *sum < 0 ? -1 : *sum + usd;
}

static enum tn_status run_plan(struct tn_replay *replay, struct query *q, const struct tn_outcome_line *line, struct tn_error *err)
{
    struct tn_replay_totals *totals = &replay->totals;
    struct run               run;

    for (size_t i = 0; i < q->plan.count && !q->answered; i++) {
        TN_TRY(begin_attempt(replay, q, line, i, false, q->began_s + q->took_s, &run, err));
        q->took_s += run.seconds;
        q->answered = run.end == TN_ATTEMPT_DONE;
        totals->cut_attempts += run.end == TN_ATTEMPT_CUT;
        totals->cut_s += run.end == TN_ATTEMPT_CUT ? run.seconds : 0;
        add_usd(&totals->usd, run.usd);
    }
    for (size_t i = 0; i < q->plan.shadow_count; i++) {
        TN_TRY(begin_attempt(replay, q, line, i, true, q->began_s, &run, err));
        totals->shadows++;
        totals->shadow_s += run.seconds;
        add_usd(&totals->shadow_usd, run.usd);
    }
    return TN_OK;
}

/* ---- decisions and totals ---- */

static void put_attempts(FILE *file, const struct tn_replay *replay, const struct query *q, const struct tn_attempt *attempts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fprintf(file, "%s%s", i > 0 ? "," : "", replay->engines[q->engines[attempts[i].candidate]].name);
        if (attempts[i].deadline_s > 0)
            fprintf(file, "@%.3f", attempts[i].deadline_s * 1000);
    }
}

static void put_decision(FILE *file, const struct tn_replay *replay, const struct query *q)
{
    if (file == NULL)
        return;
    put_attempts(file, replay, q, q->plan.attempts, q->plan.count);
    fprintf(file, "\t%s\t", q->plan.explore ? "explore" : "");
    put_attempts(file, replay, q, q->plan.shadows, q->plan.shadow_count);
    fprintf(file, "\t%s\t%s\t%.3f\n", tn_reason_text(q->plan.reason), tn_rung_text(q->plan.rung), q->plan.predicted_s * 1000);
}

struct alone {
    const struct tn_replay       *replay;
    const struct query           *query;
    const struct tn_outcome_line *line;
};

/* By the same price as the attempts. */
static double listed_usd(void *arg, size_t at, double seconds)
{
    const struct alone  *alone = arg;
    const struct engine *engine = &alone->replay->engines[alone->query->engines[at]];

    return engine->listed ? bill(engine, &alone->line->list[at], seconds, seconds, false) : -1;
}

static enum tn_status add_totals(struct tn_replay *replay, const struct query *q, const struct tn_outcome_line *line, struct tn_error *err)
{
    struct alone          alone = {replay, q, line};
    struct tn_replay_done done = {.seconds = q->answered ? q->took_s : fmax(q->took_s, TN_OUTCOME_TIMEOUT_S), .answered = q->answered,
                                  .explored = q->plan.explore, .first = q->engines[q->plan.attempts[0].candidate],
                                  .listed_usd = listed_usd, .arg = &alone};

    done.late = replay->options.policy.max_p95_s > 0 && (done.seconds > replay->options.policy.max_p95_s || !done.answered);
    return tn_replay_totals_add(&replay->totals, line, q->engines, &done) ? TN_OK : tn_fail(err, TN_E_NOMEM, "53200", "out of memory");
}

/* Deadlines as they are written: to the microsecond. */
static void round_deadlines(struct tn_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        plan->attempts[i].deadline_s = plan->attempts[i].deadline_s > 0 ? fmax(rint(plan->attempts[i].deadline_s * 1e6), 1) / 1e6 : 0;
    for (size_t i = 0; i < plan->shadow_count; i++)
        plan->shadows[i].deadline_s = fmax(rint(plan->shadows[i].deadline_s * 1e6), 1) / 1e6;
}

static void decide(struct tn_replay *replay, struct query *q)
{
    look_at_breakers(replay, q);
    tn_decide(replay->learner, &q->request, &q->plan);
    round_deadlines(&q->plan);
    start_trials(replay, q);
}

static void ask_player(struct tn_replay *replay, const struct tn_outcome_line *line, struct query *q)
{
    struct tn_player_view view = {.t_s = line->t_s, .text = q->text, .line = line};

    for (size_t i = 0; i < line->count; i++) {
        struct engine *engine = &replay->engines[q->engines[i]];
        double         slots = line->list[i].slots;

        view.engines[i] = q->engines[i];
        view.names[i] = engine->name;
        view.running[i] = engine->running;
        view.factor[i] = slots > 0 ? fmax(1, ((double)tn_time_heap_count(&engine->busy, line->t_s) + 1) / slots) : 1;
    }
    tn_player_choose(replay->options.player, &view, &q->plan);
}

/* Without a time each query comes when all before it has ended, a second later than the one before at least. */
static void pass_time(struct tn_replay *replay, struct tn_outcome_line *line)
{
    struct tn_event event;

    if (line->timed) {
        line->t_s = fmax(line->t_s, replay->clock_s);
        tell_until(replay, line->t_s);
    } else {
        line->t_s = replay->totals.queries > 0 ? replay->clock_s + 1 : replay->clock_s;
        while (tn_event_heap_pop(&replay->events, &event)) {
            line->t_s = fmax(line->t_s, event.when_s);
            tell(replay, &event);
        }
    }
    replay->clock_s = line->t_s;
}

/* What the server's thread does, here and now: as if it took no time. */
static enum tn_status train(struct tn_replay *replay, struct tn_error *err)
{
    enum tn_status status = tn_trainer_train(replay->learner, NULL, NULL, err);

    if (status != TN_E_NOT_FOUND) /* too little is known yet */
        return status;
    tn_error_reset(err);
    return TN_OK;
}

enum tn_status tn_replay_line(struct tn_replay *replay, struct tn_outcome_line *line, const char (*names)[TN_OUTCOME_NAME], struct tn_error *err)
{
    struct query  *q;
    enum tn_status status;

    pass_time(replay, line);
    if (tn_trainer_due(replay->learner))
        TN_TRY(train(replay, err));
    TN_TRY(make_query(replay, line, names, &q, err));
    if (replay->options.player == NULL)
        decide(replay, q);
    else
        ask_player(replay, line, q);
    put_decision(replay->options.decisions, replay, q);
    status = run_plan(replay, q, line, err);
    if (status == TN_OK)
        return add_totals(replay, q, line, err);
    if (q->pending == 0)
        free_query(q);
    return status;
}

void tn_replay_end(struct tn_replay *replay)
{
    tell_until(replay, HUGE_VAL);
}

enum tn_status tn_replay_stream(struct tn_replay *replay, struct tn_outcomes *outcomes, struct tn_replay_key *key, struct tn_error *err)
{
    for (;;) {
        struct tn_outcome_line line;

        TN_TRY(tn_outcomes_next(outcomes, &line, err));
        if (line.sql.ptr == NULL)
            break;
        if (key != NULL)
            tn_replay_key_next(key, &line, tn_outcomes_names(outcomes));
        TN_TRY(tn_replay_line(replay, &line, tn_outcomes_names(outcomes), err));
    }
    tn_replay_end(replay);
    return TN_OK;
}

/* ---- history ---- */

static enum tn_status observe_line(struct tn_replay *replay, struct tn_outcomes *outcomes, const struct tn_outcome_line *line, struct tn_error *err)
{
    struct query *q;

    TN_TRY(make_query(replay, line, tn_outcomes_names(outcomes), &q, err));
    for (size_t i = 0; i < line->count; i++) {
        struct tn_decide_request request = q->request;
        struct tn_plan           plan;
        const struct tn_outcome *outcome = &line->list[i];
        struct tn_attempt_result result = {
            .end = outcome->ok ? TN_ATTEMPT_DONE : outcome->latency_s >= .9 * TN_OUTCOME_TIMEOUT_S ? TN_ATTEMPT_TIMEOUT : TN_ATTEMPT_ERROR,
            .seconds = outcome->latency_s, .engine_time = true, .bytes = outcome->bytes, .usd = outcome->usd, .now_us = request.now_us};
        struct tn_query_result ended = {.ok = outcome->ok, .seconds = outcome->latency_s, .now_us = request.now_us};

        request.candidates = &q->candidates[i];
        request.count = 1;
        request.may_explore = request.may_cut = false;
        tn_decide(replay->learner, &request, &plan);
        tn_decide_attempt_ended(replay->learner, &request, &plan, 0, false, &result);
        tn_decide_query_ended(replay->learner, &request, &plan, &ended);
    }
    free_query(q);
    return TN_OK;
}

enum tn_status tn_replay_learn(struct tn_replay *replay, const char *path, struct tn_error *err)
{
    struct tn_outcomes *outcomes;
    double              last_s = 0;
    enum tn_status      status;

    TN_TRY(tn_outcomes_open(&outcomes, path, err));
    do {
        struct tn_outcome_line line;

        status = tn_outcomes_next(outcomes, &line, err);
        if (status != TN_OK || line.sql.ptr == NULL)
            break;
        line.t_s = line.timed ? line.t_s : last_s + 1;
        last_s = fmax(last_s, line.t_s);
        status = observe_line(replay, outcomes, &line, err);
    } while (status == TN_OK);
    tn_outcomes_close(outcomes);
    replay->offset_s += last_s + TN_OUTCOME_TIMEOUT_S;
    if (status == TN_OK && replay->options.model && replay->options.player == NULL)
        status = train(replay, err);
    return status;
}
