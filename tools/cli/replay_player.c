#include "tools/cli/replay_player.h"

#include "base/alloc.h"
#include "base/map.h"
#include "base/rand.h"

#include <math.h>

static const double LN_FLOOR_S = .0001; /* as the policies have it: floor_s of stats/constants.def */
static const double EPSILON = .05;
static const double BOUND = .3;        /* of lcb: the best of .3 and 1 on measured streams */
static const double RULE_RUNS = 20, RULE_GAP = 1.25;

enum kind { ORACLE, GREEDY, EXACT, STATIC, RANDOM, ROUND_ROBIN, LEAST_LOADED, FAILOVER, RULE_TOTAL, RULE_EACH, EPS, LCB, KINDS };
static const char *const names[KINDS] = {"oracle", "greedyLoad", "exactLoad", "static:", "random", "roundRobin", "leastLoaded", "failover", "rule20total",
                                         "rule20each", "eps5", "lcb"};

struct seen { /* of one text on one engine */
    double n, sum, pending;
};

struct text {
    uint64_t    turn;
    struct seen seen[TN_OUTCOME_ENGINES];
};

struct tn_player {
    enum kind      kind;
    char           engine[TN_OUTCOME_NAME]; /* static: its name */
    struct tn_rand rand;
    uint64_t       turn;
    struct tn_map  texts;
};

const char *tn_player_engine(const struct tn_player *player)
{
    return player->kind == STATIC ? player->engine : NULL;
}

static enum kind kind_of(const char *name)
{
    enum kind kind = 0;

    while (kind < KINDS && strcmp(name, names[kind]) != 0 && !(kind == STATIC && strncmp(name, names[kind], strlen(names[kind])) == 0))
        kind++;
    return kind;
}

bool tn_player_known(const char *name)
{
    return kind_of(name) < KINDS;
}

struct tn_player *tn_player_new(const char *name, uint64_t seed)
{
    enum kind         kind = kind_of(name);
    struct tn_player *player = kind == KINDS ? NULL : tn_calloc(1, sizeof *player);

    if (player == NULL)
        return NULL;
    player->kind = kind;
    player->rand.state = seed;
    tn_map_init(&player->texts);
    if (kind == STATIC)
        tn_str_copy(player->engine, sizeof player->engine, tn_str(name + strlen(names[STATIC])));
    return player;
}

void tn_player_free(struct tn_player *player)
{
    struct tn_map_entry *entry;
    size_t               at = 0;

    if (player == NULL)
        return;
    while ((entry = tn_map_next(&player->texts, &at)) != NULL)
        tn_free(entry->value);
    tn_map_reset(&player->texts);
    tn_free(player);
}

static struct text *text_of(struct tn_player *player, uint64_t hash, bool make)
{
    struct tn_str key = tn_str_n((const char *)&hash, sizeof hash);
    struct text  *text = tn_map_get(&player->texts, key);

    if (text != NULL || !make)
        return text;
    text = tn_calloc(1, sizeof *text);
    if (text != NULL && !tn_map_put(&player->texts, key, text, NULL)) {
        tn_free(text);
        return NULL;
    }
    return text;
}

/* ---- orders of the engines ---- */

struct order {
    size_t count;
    size_t at[TN_OUTCOME_ENGINES]; /* places in the line, the first choice first */
};

static struct order in_turn(const struct tn_player_view *view, uint64_t turn)
{
    struct order order = {.count = view->line->count};

    for (size_t i = 0; i < order.count; i++)
        order.at[i] = (i + turn) % order.count;
    return order;
}

static struct order shuffled(const struct tn_player_view *view, struct tn_rand *rand)
{
    struct order order = in_turn(view, 0);

    for (size_t i = order.count; i > 1; i--) {
        size_t other = (size_t)tn_rand_below(rand, i), moved = order.at[i - 1];

        order.at[i - 1] = order.at[other];
        order.at[other] = moved;
    }
    return order;
}

static struct order least_first(const struct tn_player_view *view, const double *value)
{
    struct order order = {.count = view->line->count};

    for (size_t i = 0; i < order.count; i++) {
        size_t to = i;

        for (; to > 0 && value[i] < value[order.at[to - 1]]; to--)
            order.at[to] = order.at[to - 1];
        order.at[to] = i;
    }
    return order;
}

static void to_front(struct order *order, size_t place)
{
    size_t from = 0;

    while (order->at[from] != place)
        from++;
    for (; from > 0; from--)
        order->at[from] = order->at[from - 1];
    order->at[0] = place;
}

/* ---- policies ---- */

static struct order by_truth(const struct tn_player_view *view, bool load, bool usual)
{
    double       value[TN_OUTCOME_ENGINES] = {0};
    struct order order;

    for (size_t i = 0; i < view->line->count; i++) {
        const struct tn_outcome *outcome = &view->line->list[i];

        value[i] = (usual && outcome->usual_s > 0 ? outcome->usual_s : outcome->latency_s) * (load ? view->factor[i] : 1) + (outcome->ok ? 0 : 10 * TN_OUTCOME_TIMEOUT_S);
    }
    order = least_first(view, value);
    if (!load && view->line->oracle >= 0)
        to_front(&order, (size_t)view->line->oracle);
    order.count = 1;
    return order;
}

static struct order least_loaded(const struct tn_player_view *view)
{
    double value[TN_OUTCOME_ENGINES] = {0};

    for (size_t i = 0; i < view->line->count; i++)
        value[i] = view->running[i] / fmax(view->line->list[i].slots, 1);
    return least_first(view, value);
}

static bool is_pinned(const struct tn_player *player, const struct tn_player_view *view, const struct text *text, struct order *order)
{
    double value[TN_OUTCOME_ENGINES] = {0}, total = 0;
    size_t known = 0;

    for (size_t i = 0; i < view->line->count; i++) {
        const struct seen *seen = &text->seen[view->engines[i]];
        bool               counts = seen->n >= (player->kind == RULE_EACH ? RULE_RUNS : 1);

        total += seen->n;
        known += counts;
        value[i] = counts ? seen->sum / seen->n : HUGE_VAL;
    }
    if (known < 2 || (player->kind == RULE_TOTAL && total < RULE_RUNS))
        return false;
    *order = least_first(view, value);
    return value[order->at[1]] >= RULE_GAP * value[order->at[0]];
}

static struct order by_rule(struct tn_player *player, const struct tn_player_view *view, struct text *text, bool *explore)
{
    struct order order;

    if (is_pinned(player, view, text, &order))
        return order;
    *explore = true;
    return in_turn(view, text->turn++);
}

static size_t bound_choice(const struct tn_player_view *view, const struct text *text, const double *mean)
{
    double least = HUGE_VAL, total = 2;
    size_t best = 0;

    for (size_t i = 0; i < view->line->count; i++)
        total += text->seen[view->engines[i]].n;
    for (size_t i = 0; i < view->line->count; i++) {
        double index = mean[i] - BOUND * sqrt(2 * log(total) / fmax(1, text->seen[view->engines[i]].n));

        if (index < least) {
            least = index;
            best = i;
        }
    }
    return best;
}

static struct order by_bandit(struct tn_player *player, const struct tn_player_view *view, struct text *text, bool *explore)
{
    double       mean[TN_OUTCOME_ENGINES] = {0};
    size_t       fresh = SIZE_MAX, first;
    struct order order;

    for (size_t i = 0; i < view->line->count; i++) {
        const struct seen *seen = &text->seen[view->engines[i]];

        mean[i] = seen->n > 0 ? seen->sum / seen->n : 1e9;
        if (seen->n + seen->pending <= 0 && fresh == SIZE_MAX)
            fresh = i;
    }
    order = least_first(view, mean);
    first = order.at[0];
    if (fresh != SIZE_MAX)
        first = fresh;
    else if (player->kind == LCB)
        first = bound_choice(view, text, mean);
    else if (tn_rand_unit(&player->rand) < EPSILON)
        first = (size_t)tn_rand_below(&player->rand, view->line->count);
    *explore = fresh != SIZE_MAX || first != order.at[0];
    text->seen[view->engines[first]].pending++;
    to_front(&order, first);
    return order;
}

static struct order only(const struct tn_player *player, const struct tn_player_view *view)
{
    struct order order = in_turn(view, 0);

    for (size_t i = 0; i < order.count; i++)
        if (strcmp(view->names[i], player->engine) == 0) {
            to_front(&order, i);
            order.count = 1;
        }
    return order;
}

static struct order order_of(struct tn_player *player, const struct tn_player_view *view, bool *explore)
{
    struct text *text;

    switch (player->kind) {
    case ORACLE: return by_truth(view, false, true);
    case GREEDY: return by_truth(view, true, false);
    case EXACT: return by_truth(view, true, true);
    case STATIC: return only(player, view);
    case RANDOM: return shuffled(view, &player->rand);
    case ROUND_ROBIN: return in_turn(view, player->turn++);
    case LEAST_LOADED: return least_loaded(view);
    case FAILOVER: return in_turn(view, 0);
    default: break;
    }
    text = text_of(player, view->text, true);
    if (text == NULL)
        return in_turn(view, 0);
    return player->kind == RULE_TOTAL || player->kind == RULE_EACH ? by_rule(player, view, text, explore) : by_bandit(player, view, text, explore);
}

void tn_player_choose(struct tn_player *player, const struct tn_player_view *view, struct tn_plan *plan)
{
    bool         explore = false;
    struct order order = order_of(player, view, &explore);

    *plan = (struct tn_plan){.explore = explore, .reason = explore ? TN_REASON_EXPLORE : TN_REASON_STATIC, .rung = TN_RUNG_PRIOR, .propensity = 1};
    plan->count = order.count < TN_PLAN_ATTEMPTS ? order.count : TN_PLAN_ATTEMPTS;
    for (size_t i = 0; i < plan->count; i++)
        plan->attempts[i].candidate = (uint8_t)order.at[i];
}

void tn_player_ended(struct tn_player *player, uint64_t hash, unsigned engine, double seconds, bool ok)
{
    struct text *text = text_of(player, hash, false);
    struct seen *seen;

    if (text == NULL)
        return;
    seen = &text->seen[engine];
    seen->n++;
    seen->pending = fmax(seen->pending - 1, 0);
    if (player->kind == RULE_TOTAL || player->kind == RULE_EACH)
        seen->sum += ok ? seconds : TN_OUTCOME_TIMEOUT_S;
    else
        seen->sum += log(fmax(LN_FLOOR_S, ok ? seconds : fmax(seconds, TN_OUTCOME_TIMEOUT_S)));
}
