/* replay.c - what a strategy would have done with recorded outcomes. */
#include "config/config.h"
#include "tools/cli/cli.h"
#include "tools/cli/replay_options.h"
#include "tools/cli/replay_price.h"
#include "tools/cli/replay_report.h"

#include <errno.h>
#include <stdlib.h>

struct prices {
    const struct tn_config *config; /* NULL = none */
    struct tn_price_guesses guesses;
};

/* A price of the configuration, else what the bills say. */
static bool price_of(void *arg, const char *engine, struct tn_price *out, bool *listed)
{
    const struct prices *prices = arg;
    long                 at = prices->config == NULL ? -1 : tn_config_find_cluster(prices->config, tn_str(engine));

    if (at >= 0)
        tn_price_init(out, &prices->config->clusters[at]);
    *listed = at >= 0 && out->type != TN_PRICE_FREE;
    return *listed || tn_price_guessed(&prices->guesses, engine, out);
}

static int fail(const struct tn_error *err)
{
    return tn_cli_fail("%s%s%s", err->message, err->hint[0] != '\0' ? "; " : "", err->hint);
}

static enum tn_status learn(struct tn_cli *cli, struct tn_replay *replay, struct tn_error *err)
{
    const char *more;
    size_t      at = 0;

    if (!tn_cli_has(cli, "history"))
        return TN_OK;
    TN_TRY(tn_replay_learn(replay, tn_cli_value(cli, "history"), err));
    while ((more = tn_cli_again(cli, "history", &at)) != NULL)
        TN_TRY(tn_replay_learn(replay, more, err));
    return TN_OK;
}

/* An engine that no line has would be every other one, without a word. */
static enum tn_status check_engine(const struct tn_replay *replay, const char *engine, const char *path, struct tn_error *err)
{
    for (size_t e = 0; e < tn_replay_engine_count(replay); e++)
        if (strcmp(tn_replay_engine(replay, e), engine) == 0)
            return TN_OK;
    return tn_fail(err, TN_E_NOT_FOUND, "42704", "--strategy static:%s: no line of %s has that engine", engine, path);
}

static enum tn_status stream(struct tn_cli *cli, const struct tn_replay_options *options, struct tn_replay *replay, struct tn_error *err)
{
    const char *engine = options->player != NULL ? tn_player_engine(options->player) : NULL;
    const char           *path = tn_cli_value(cli, "outcomes");
    struct tn_outcomes   *outcomes;
    struct tn_replay_key *key;
    enum tn_status        status;

    TN_TRY(tn_outcomes_open(&outcomes, path, err));
    key = tn_replay_key_open(path);
    status = tn_replay_stream(replay, outcomes, key, err);
    if (status == TN_OK && tn_replay_totals(replay)->queries == 0) {
        status = tn_fail(err, TN_E_INVALID, "22000", "%s: there is no query in it", path);
        tn_error_hint(err, "A line a query is wanted: {\"t_ms\":0,\"sql\":\"SELECT 1\",\"outcomes\":{\"a\":{\"latency_ms\":12.5}}}.");
    }
    if (status == TN_OK && engine != NULL)
        status = check_engine(replay, engine, path, err);
    tn_replay_key_close(key);
    tn_outcomes_close(outcomes);
    return status;
}

static int play(struct tn_cli *cli, struct tn_replay_options *options, struct prices *prices)
{
    struct tn_error   err = TN_ERROR_INIT;
    struct tn_replay *replay = NULL;
    enum tn_status    status = tn_price_guess(&prices->guesses, tn_cli_value(cli, "outcomes"), &err);

    options->price = price_of;
    options->price_arg = prices;
    if (status == TN_OK)
        status = tn_replay_new(&replay, options, &err);
    if (status == TN_OK)
        status = learn(cli, replay, &err);
    if (status == TN_OK)
        status = stream(cli, options, replay, &err);
    if (status == TN_OK && tn_cli_has(cli, "json"))
        tn_replay_put_json(&cli->out, replay);
    else if (status == TN_OK)
        tn_replay_put_text(&cli->out, replay, options->policy.max_p95_s);
    tn_replay_free(replay);
    if (status != TN_OK)
        (void)fail(&err);
    tn_error_reset(&err);
    return status == TN_OK ? TN_CLI_OK : TN_CLI_FAILED;
}

static int with_prices(struct tn_cli *cli, struct tn_replay_options *options)
{
    struct tn_problems problems;
    struct tn_config  *config = NULL;
    struct prices      prices = {.config = NULL};
    const char        *path = tn_cli_value(cli, "config");
    int                status;

    if (path == NULL)
        return play(cli, options, &prices);
    tn_problems_init(&problems, path);
    if (tn_config_load(&config, path, &problems) != TN_OK) {
        tn_problems_reset(&problems);
        return tn_cli_fail("%s is no good configuration; `turnout check %s` says why", path, path);
    }
    prices.config = config;
    status = play(cli, options, &prices);
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
    status = tn_replay_read_options(cli, &options);
    if (status != TN_CLI_OK)
        return status;
    if (path != NULL && (options.decisions = fopen(path, "w")) == NULL)
        status = tn_cli_fail("%s: %s", path, strerror(errno));
    else
        status = with_prices(cli, &options);
    if (options.decisions != NULL && fclose(options.decisions) != 0 && status == TN_CLI_OK)
        status = tn_cli_fail("%s: %s", path, strerror(errno));
    tn_player_free(options.player);
    return status;
}

static const struct tn_cli_option options[] = {
    {"outcomes", "FILE", "recorded outcomes: .jsonl or .tsv, also .gz"},
    {"history", "FILE...", "outcomes that are observed first, as after `turnout compare --run`; may be given again"},
    {"strategy", "NAME", "latency (default), cost, throughput or balanced; or one to compare with: roundRobin, lcb ..."},
    {"config", "FILE", "prices of the clusters that have the engines' names; without, what the bills in FILE say"},
    {"max-p95-ms", "N", "cost: at most 5 % of the queries may take longer"},
    {"objective", "P", "latency: p50 (default) or p95"},
    {"usd-per-second", "X", "balanced: value of a second"},
    {"explore", "MODE", "off, inline (default), shadow or both"},
    {"uniform-percent", "X", "reads that go where the lot says (default 1)"},
    {"model", "MODE", "of the text of statements: auto (default) or off"},
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
            "for, what was paid, and how that compares with the best engine alone, with the fastest run of each query, and, where\n"
            "FILE.key.gz is beside the file (first word of each line: the engine that is best before chance), with an oracle.\n"
            "A query that nobody answered counts as 200 s.\n"
            "The first three columns of the decisions are attempts, `explore` and shadow copies; an attempt is ENGINE or\n"
            "ENGINE@DEADLINE_MS.\n",
    .examples = "  turnout replay --outcomes stream.jsonl --decisions decisions.tsv\n"
                "  turnout replay --outcomes stream.jsonl.gz --strategy cost --max-p95-ms 8000 --config turnout.yaml\n",
    .options = options,
    .operands_min = 0,
    .operands_max = 0,
    .run = run,
};
