/* replay.c - what a strategy would have done with recorded outcomes. */
#include "config/config.h"
#include "tools/cli/cli.h"
#include "tools/cli/replay_run.h"
#include "tools/cli/table.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

static bool price_of(void *arg, const char *engine, struct tn_price *out)
{
    const struct tn_config *config = arg;
    long                    at = tn_config_find_cluster(config, tn_str(engine));

    if (at < 0)
        return false;
    tn_price_init(out, &config->clusters[at]);
    return true;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double quantile(const struct tn_replay_totals *totals, double q)
{
    size_t at = (size_t)ceil(q * (double)totals->second_count);

    return totals->second_count == 0 ? 0 : totals->each_s[at > 0 ? at - 1 : 0];
}

static size_t best_static(const struct tn_replay *replay)
{
    const struct tn_replay_totals *totals = tn_replay_totals(replay);
    size_t                         best = 0;

    for (size_t e = 1; e < tn_replay_engine_count(replay); e++)
        if (totals->static_s[e] < totals->static_s[best])
            best = e;
    return best;
}

static void put_text(struct tn_buf *out, const struct tn_replay *replay, double max_p95_s)
{
    const struct tn_replay_totals *t = tn_replay_totals(replay);
    size_t                         best = best_static(replay);
    double                         n = (double)(t->queries > 0 ? t->queries : 1);

    tn_buf_printf(out, "queries            %" PRIu64 ", %" PRIu64 " failed, %.1f %% explored\n", t->queries, t->failed, 100 * (double)t->explored / n);
    tn_buf_printf(out, "users waited       %.1f s; P50 %.3f s, P95 %.3f s\n", t->seconds, quantile(t, .5), quantile(t, .95));
    tn_buf_printf(out, "cut at a deadline  %" PRIu64 " attempts, %.1f s\n", t->cut_attempts, t->cut_s);
    tn_buf_printf(out, "shadow copies      %" PRIu64 ", %.1f s\n", t->shadows, t->shadow_s);
    if (t->usd >= 0)
        tn_buf_printf(out, "cost               %.4f USD, shadows %.4f USD\n", t->usd / 1e6, fmax(t->shadow_usd, 0) / 1e6);
    tn_buf_printf(out, "over the lowest realised times (no router can know them)  %.3f\n", t->seconds / fmax(t->least_s, 1e-9));
    if (tn_replay_engine_count(replay) > 0)
        tn_buf_printf(out, "over the best engine alone (%s, %.1f s)  %.3f\n", tn_replay_engine(replay, best), t->static_s[best],
                      t->seconds / fmax(t->static_s[best], 1e-9));
    if (max_p95_s > 0)
        tn_buf_printf(out, "above %.3f s      %.2f %% of the queries\n", max_p95_s, 100 * (double)t->late / n);
    for (size_t e = 0; e < tn_replay_engine_count(replay); e++)
        tn_buf_printf(out, "%-18s first for %.1f %%; alone %.1f s, %.4f USD%s\n", tn_replay_engine(replay, e), 100 * (double)t->first[e] / n,
                      t->static_s[e], t->static_usd[e] / 1e6, t->static_missing[e] > 0 ? ", not always there" : "");
}

static void put_json(struct tn_buf *out, const struct tn_replay *replay)
{
    const struct tn_replay_totals *t = tn_replay_totals(replay);
    size_t                         best = best_static(replay), count = tn_replay_engine_count(replay);

    tn_buf_printf(out, "{\"queries\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"explored\":%" PRIu64 ",\"seconds\":%.6f,\"p50Seconds\":%.6f,\"p95Seconds\":%.6f,"
                       "\"cutAttempts\":%" PRIu64 ",\"cutSeconds\":%.6f,\"shadows\":%" PRIu64 ",\"shadowSeconds\":%.6f,\"usd\":",
                  t->queries, t->failed, t->explored, t->seconds, quantile(t, .5), quantile(t, .95), t->cut_attempts, t->cut_s, t->shadows, t->shadow_s);
    if (t->usd >= 0)
        tn_buf_printf(out, "%.9f,\"shadowUsd\":%.9f", t->usd / 1e6, fmax(t->shadow_usd, 0) / 1e6);
    else
        tn_buf_puts(out, "null,\"shadowUsd\":null");
    tn_buf_printf(out, ",\"leastSeconds\":%.6f,\"late\":%" PRIu64 ",\"bestStatic\":", t->least_s, t->late);
    tn_buf_put_json(out, count > 0 ? tn_str(tn_replay_engine(replay, best)) : TN_STR(""));
    tn_buf_puts(out, ",\"engines\":{");
    for (size_t e = 0; e < count; e++) {
        tn_buf_puts(out, e > 0 ? "," : "");
        tn_buf_put_json(out, tn_str(tn_replay_engine(replay, e)));
        tn_buf_printf(out, ":{\"first\":%" PRIu64 ",\"aloneSeconds\":%.6f,\"aloneUsd\":%.9f}", t->first[e], t->static_s[e], t->static_usd[e] / 1e6);
    }
    tn_buf_puts(out, "}}\n");
}

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

static int read_number(struct tn_cli *cli, const char *option, double scale, double *out)
{
    const char *text = tn_cli_value(cli, option);

    if (text == NULL)
        return TN_CLI_OK;
    if (!tn_str_to_double(tn_str(text), out) || !(*out >= 0))
        return tn_cli_usage(cli, "--%s: expected a number, 0 or more; got %s", option, text);
    *out *= scale;
    return TN_CLI_OK;
}

static int read_options(struct tn_cli *cli, struct tn_replay_options *options)
{
    const char *set = tn_cli_value(cli, "set");
    double      seed = 1;
    static char constants[1024];

    if (!objective_of(tn_cli_value(cli, "strategy") != NULL ? tn_cli_value(cli, "strategy") : "latency", &options->policy.objective))
        return tn_cli_usage(cli, "--strategy: expected latency, cost, throughput or balanced; got %s", tn_cli_value(cli, "strategy"));
    if (tn_cli_has(cli, "explore") && !mode_of(tn_cli_value(cli, "explore"), &options->policy.explore))
        return tn_cli_usage(cli, "--explore: expected off, inline, shadow or both; got %s", tn_cli_value(cli, "explore"));
    if (read_number(cli, "seed", 1, &seed) != TN_CLI_OK || read_number(cli, "max-p95-ms", .001, &options->policy.max_p95_s) != TN_CLI_OK ||
        read_number(cli, "uniform-percent", .01, &options->policy.uniform) != TN_CLI_OK ||
        read_number(cli, "usd-per-second", 1, &options->policy.usd_per_second) != TN_CLI_OK)
        return TN_CLI_USAGE;
    options->seed = (uint64_t)seed;
    tn_str_copy(constants, sizeof constants, tn_str(set != NULL ? set : ""));
    for (char *save = NULL, *word = strtok_r(constants, ",", &save); word != NULL && options->constant_count < TN_ARRAY_LEN(options->constants);
         word = strtok_r(NULL, ",", &save))
        options->constants[options->constant_count++] = word;
    return TN_CLI_OK;
}

static int fail(const struct tn_error *err)
{
    return tn_cli_fail("%s%s%s", err->message, err->hint[0] != '\0' ? "; " : "", err->hint);
}

static int play(struct tn_cli *cli, const struct tn_replay_options *options)
{
    struct tn_error     err = TN_ERROR_INIT;
    struct tn_replay   *replay = NULL;
    struct tn_outcomes *outcomes = NULL;
    const char         *history = tn_cli_value(cli, "history");
    enum tn_status      status = tn_replay_new(&replay, options, &err);

    if (status == TN_OK && history != NULL)
        status = tn_replay_learn(replay, history, &err);
    if (status == TN_OK)
        status = tn_outcomes_open(&outcomes, tn_cli_value(cli, "outcomes"), &err);
    if (status == TN_OK)
        status = tn_replay_stream(replay, outcomes, &err);
    if (status == TN_OK) {
        const struct tn_replay_totals *totals = tn_replay_totals(replay);

        if (totals->second_count > 0)
            qsort(totals->each_s, totals->second_count, sizeof *totals->each_s, by_value);
        if (tn_cli_has(cli, "json"))
            put_json(&cli->out, replay);
        else
            put_text(&cli->out, replay, options->policy.max_p95_s);
    }
    tn_outcomes_close(outcomes);
    tn_replay_free(replay);
    if (status != TN_OK)
        (void)fail(&err);
    tn_error_reset(&err);
    return status == TN_OK ? TN_CLI_OK : TN_CLI_FAILED;
}

static int with_config(struct tn_cli *cli, struct tn_replay_options *options)
{
    struct tn_problems problems;
    struct tn_config  *config = NULL;
    const char        *path = tn_cli_value(cli, "config");
    int                status;

    if (path == NULL)
        return play(cli, options);
    tn_problems_init(&problems, path);
    if (tn_config_load(&config, path, &problems) != TN_OK) {
        tn_problems_reset(&problems);
        return tn_cli_fail("%s is no good configuration; `turnout check %s` says why", path, path);
    }
    options->price = price_of;
    options->price_arg = config;
    status = play(cli, options);
    tn_config_unref(config);
    tn_problems_reset(&problems);
    return status;
}

static int run(struct tn_cli *cli)
{
    struct tn_replay_options options = {.policy = TN_DECIDE_POLICY_DEFAULT, .seed = 1};
    const char              *path = tn_cli_value(cli, "decisions");
    int                      status;

    if (!tn_cli_has(cli, "outcomes"))
        return tn_cli_usage(cli, "--outcomes FILE is missing");
    status = read_options(cli, &options);
    if (status != TN_CLI_OK)
        return status;
    if (path != NULL && (options.decisions = fopen(path, "w")) == NULL)
        return tn_cli_fail("%s: %s", path, strerror(errno));
    status = with_config(cli, &options);
    if (options.decisions != NULL && fclose(options.decisions) != 0 && status == TN_CLI_OK)
        status = tn_cli_fail("%s: %s", path, strerror(errno));
    return status;
}

static const struct tn_cli_option options[] = {
    {"outcomes", "FILE", "recorded outcomes: .jsonl or .tsv, also .gz"},
    {"history", "FILE", "outcomes that are observed first, as after `turnout compare --run`"},
    {"strategy", "NAME", "latency (default), cost, throughput or balanced"},
    {"config", "FILE", "prices come from the clusters of this configuration that have the engines' names"},
    {"max-p95-ms", "N", "cost: at most 5 % of the queries may take longer"},
    {"usd-per-second", "X", "balanced: value of a second"},
    {"explore", "MODE", "off, inline (default), shadow or both"},
    {"uniform-percent", "X", "reads that go where the lot says (default 1)"},
    {"set", "NAME=X,...", "constants of the policy (stats/constants.def)"},
    {"seed", "N", "of what is left to chance (default 1)"},
    {"decisions", "FILE", "writes a line a query: attempts, explore, shadows, reason, rung, predicted ms"},
    {"json", NULL, "totals as JSON"},
    {NULL, NULL, NULL},
};

const struct tn_cli_command tn_cli_replay_command = {
    .name = "replay",
    .operands = "",
    .summary = "what a strategy would have done with recorded outcomes",
    .text = "Drives the program's own decision code over a file that says what each engine did with each query, with a simulated\n"
            "clock. The code learns only from the attempts that it makes, when their time has passed. Totals tell what users waited\n"
            "for, what was paid, and how that compares with the best engine alone.\n",
    .examples = "  turnout replay --outcomes stream.jsonl --decisions decisions.tsv\n"
                "  turnout replay --outcomes stream.jsonl.gz --strategy cost --max-p95-ms 8000 --config turnout.yaml\n",
    .options = options,
    .operands_min = 0,
    .operands_max = 0,
    .run = run,
};
