#include "tools/cli/replay_options.h"

#include "base/alloc.h"
#include "stats/model_boost.h"

#include <math.h>

static bool objective_of(const char *name, enum tn_objective *out)
{
    static const char *const names[] = {"latency", "cost", "throughput", "balanced"};

    for (size_t i = 0; i < TN_ARRAY_LEN(names); i++)
        if (strcmp(name, names[i]) == 0) {
            *out = (enum tn_objective)i;
            return true;
        }
    return false;
}

static bool mode_of(const char *name, enum tn_explore_mode *out)
{
    static const char *const names[] = {"off", "inline", "shadow", "both"};

    for (size_t i = 0; i < TN_ARRAY_LEN(names); i++)
        if (strcmp(name, names[i]) == 0) {
            *out = (enum tn_explore_mode)i;
            return true;
        }
    return false;
}

int tn_replay_read_number(struct tn_cli *cli, const char *option, double scale, double *out)
{
    const char *text = tn_cli_value(cli, option);

    if (text == NULL)
        return TN_CLI_OK;
    if (!tn_str_to_double(tn_str(text), out) || !(*out >= 0) || isinf(*out))
        return tn_cli_usage(cli, "--%s: expected a number, 0 or more; got %s", option, text);
    *out *= scale;
    return TN_CLI_OK;
}

/* NAME=X,NAME=X of every --set, in their order. */
static int read_constants(struct tn_cli *cli, struct tn_replay_options *options)
{
    static char constants[16384];
    const char *set = tn_cli_value(cli, "set");
    size_t      used = 0, at = 0;

    for (; set != NULL; set = tn_cli_again(cli, "set", &at)) {
        char *text = constants + used;

        if (strlen(set) >= sizeof constants - used)
            return tn_cli_usage(cli, "--set: more than %zu bytes", sizeof constants - 1);
        tn_str_copy(text, sizeof constants - used, tn_str(set));
        used += strlen(set) + 1;
        for (char *save = NULL, *word = strtok_r(text, ",", &save); word != NULL; word = strtok_r(NULL, ",", &save)) {
            if (options->constant_count == TN_ARRAY_LEN(options->constants))
                return tn_cli_usage(cli, "--set: more than %zu constants", TN_ARRAY_LEN(options->constants));
            options->constants[options->constant_count++] = word;
        }
    }
    return TN_CLI_OK;
}

int tn_replay_read_options(struct tn_cli *cli, struct tn_replay_options *options)
{
    double      seed = 1;
    const char *strategy = tn_cli_value(cli, "strategy"), *objective = tn_cli_value(cli, "objective");
    const char *model = tn_cli_value(cli, "model");

    if (strategy != NULL && !objective_of(strategy, &options->policy.objective) && !tn_player_known(strategy))
        return tn_cli_usage(cli, "--strategy: expected latency, cost, throughput, balanced or one to compare with: roundRobin, leastLoaded, failover, "
                                 "random, static:ENGINE, rule20total, rule20each, eps5, lcb, oracle, greedyLoad; got %s", strategy);
    if (model != NULL && strcmp(model, "auto") != 0 && strcmp(model, "off") != 0)
        return tn_cli_usage(cli, "--model: expected auto or off; got %s", model);
    options->model = tn_boost_available() && (model == NULL || strcmp(model, "auto") == 0);
    if (objective != NULL && strcmp(objective, "p50") != 0 && strcmp(objective, "p95") != 0)
        return tn_cli_usage(cli, "--objective: expected p50 or p95; got %s", objective);
    options->policy.p95 = objective != NULL && strcmp(objective, "p95") == 0;
    if (tn_cli_has(cli, "explore") && !mode_of(tn_cli_value(cli, "explore"), &options->policy.explore))
        return tn_cli_usage(cli, "--explore: expected off, inline, shadow or both; got %s", tn_cli_value(cli, "explore"));
    if (tn_replay_read_number(cli, "seed", 1, &seed) != TN_CLI_OK || tn_replay_read_number(cli, "max-p95-ms", .001, &options->policy.max_p95_s) != TN_CLI_OK ||
        tn_replay_read_number(cli, "uniform-percent", .01, &options->policy.uniform) != TN_CLI_OK ||
        tn_replay_read_number(cli, "usd-per-second", 1, &options->policy.usd_per_second) != TN_CLI_OK)
        return TN_CLI_USAGE;
    if (options->policy.uniform > 1 || seed > 9e15)
        return tn_cli_usage(cli, "--uniform-percent is at most 100, --seed at most 9e15");
    options->seed = (uint64_t)seed;
    if (strategy != NULL && tn_player_known(strategy) && (options->player = tn_player_new(strategy, options->seed)) == NULL)
        return tn_cli_fail("out of memory");
    return read_constants(cli, options);
}
