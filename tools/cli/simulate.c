/* simulate.c - policies beside each other in worlds where something happens. */
#include "base/alloc.h"
#include "config/config.h"
#include "tools/cli/cli.h"
#include "tools/cli/replay_options.h"
#include "tools/cli/simulate_stream.h"
#include "tools/cli/table.h"

#include <inttypes.h>
#include <math.h>

enum { QUERIES = 20000, QUERIES_MOST = 10000000, ROWS = 24, ROW_NAME = TN_OUTCOME_NAME + 16 };

struct row { /* what one policy came to */
    char     name[ROW_NAME];
    double   seconds, mean_s, to_oracle, last_half, to_static, to_exact, p50_s, p95_s, explored, cut, usd, late;
    uint64_t failed;
};

struct simulation {
    struct tn_cli                  *cli;
    const struct tn_replay_options *options;
    struct tn_sim_world            *world;
    enum tn_scenario                scenario;
    uint64_t                        queries;
    double                          exact_s; /* of the policy exactLoad; 0 = not run */
    char                            best[TN_OUTCOME_NAME];
    size_t                          count;
    struct row                      rows[ROWS];
};

/* ---- one policy ---- */

static bool price_of(void *arg, const char *engine, struct tn_price *out, bool *listed)
{
    const struct tn_sim_world *world = arg;

    *listed = false; /* the stream's bills are by this price anyway */
    for (size_t e = 0; e < world->engine_count; e++)
        if (strcmp(world->engines[e], engine) == 0 && world->priced[e]) {
            *out = world->prices[e];
            return true;
        }
    return false;
}

static void fill_row(struct simulation *sim, struct row *row, const struct tn_replay *replay)
{
    const struct tn_replay_totals *t = tn_replay_totals(replay);
    size_t                         best = tn_replay_best_static(t, tn_replay_engine_count(replay));
    double                         n = (double)t->queries;

    if (sim->exact_s <= 0 && strcmp(row->name, "exactLoad") == 0)
        sim->exact_s = t->seconds;
    tn_str_copy(sim->best, sizeof sim->best, tn_str(tn_replay_engine(replay, best)));
    row->seconds = t->seconds;
    row->mean_s = t->seconds / n;
    row->to_oracle = t->seconds / tn_replay_reference_s(t);
    row->last_half = tn_replay_last(t, TN_REPLAY_PARTS / 2);
    row->to_static = t->seconds / tn_replay_static_s(t, best);
    row->to_exact = sim->exact_s > 0 ? t->seconds / sim->exact_s : 0;
    row->p50_s = tn_replay_quantile(t, .5);
    row->p95_s = tn_replay_quantile(t, .95);
    row->explored = 100 * (double)t->explored / n;
    row->cut = 100 * t->cut_s / t->seconds;
    row->late = 100 * (double)t->late / n;
    row->usd = t->usd < 0 ? -1 : (t->usd + fmax(t->shadow_usd, 0)) / 1e6;
    row->failed = t->failed;
}

static enum tn_status play(struct simulation *sim, struct tn_replay *replay, struct tn_error *err)
{
    struct tn_sim_stream  *stream;
    struct tn_outcome_line line;
    enum tn_status         status;

    TN_TRY(tn_sim_stream_new(&stream, sim->world, sim->scenario, sim->options->seed, sim->queries, err));
    status = TN_OK;
    while (status == TN_OK && tn_sim_stream_next(stream, &line))
        status = tn_replay_line(replay, &line, (const char (*)[TN_OUTCOME_NAME])sim->world->engines, err);
    tn_replay_end(replay);
    tn_sim_stream_free(stream);
    return status;
}

/* NAME: a policy to compare with, or one of the program's strategies. */
static enum tn_status run_policy(struct simulation *sim, const char *name, double max_p95_s, struct tn_error *err)
{
    static const char *const own[] = {"latency", "cost", "throughput", "balanced"};
    struct tn_replay_options options = *sim->options;
    struct tn_replay        *replay = NULL;
    struct row              *row = &sim->rows[sim->count];
    enum tn_status           status;

    options.price = price_of;
    options.price_arg = sim->world;
    options.policy.max_p95_s = max_p95_s;
    for (size_t i = 0; i < TN_ARRAY_LEN(own); i++)
        if (strcmp(name, own[i]) == 0)
            options.policy.objective = (enum tn_objective)i;
    if (tn_player_known(name) && (options.player = tn_player_new(name, options.seed)) == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "out of memory");
    tn_str_copy(row->name, sizeof row->name, tn_str(name));
    status = tn_replay_new(&replay, &options, err);
    if (status == TN_OK)
        status = play(sim, replay, err);
    if (status == TN_OK) {
        fill_row(sim, row, replay);
        sim->count++;
    }
    tn_replay_free(replay);
    tn_player_free(options.player);
    return status;
}

static bool has_prices(const struct tn_sim_world *world)
{
    bool all = true;

    for (size_t e = 0; e < world->engine_count; e++)
        all = all && world->priced[e];
    return all;
}

static enum tn_status run_all(struct simulation *sim, struct tn_error *err)
{
    static const char *const simple[] = {"random", "roundRobin", "leastLoaded", "rule20total", "rule20each", "eps5", "lcb", "latency"};
    bool   slots = tn_scenarios[sim->scenario].slots;
    char   best[TN_OUTCOME_NAME + 8] = "static:";
    double promise = sim->options->policy.max_p95_s;

    TN_TRY(run_policy(sim, "oracle", 0, err));
    if (slots) {
        TN_TRY(run_policy(sim, "greedyLoad", 0, err));
        TN_TRY(run_policy(sim, "exactLoad", 0, err));
    }
    tn_str_copy(best + 7, sizeof best - 7, tn_str(sim->best));
    TN_TRY(run_policy(sim, best, 0, err));
    promise = promise > 0 ? promise : sim->rows[sim->count - 1].p95_s;
    for (size_t i = 0; i < TN_ARRAY_LEN(simple); i++)
        if (slots || strcmp(simple[i], "leastLoaded") != 0)
            TN_TRY(run_policy(sim, simple[i], promise, err));
    if (slots)
        TN_TRY(run_policy(sim, "throughput", promise, err));
    if (!has_prices(sim->world))
        return TN_OK;
    TN_TRY(run_policy(sim, "balanced", promise, err));
    return run_policy(sim, "cost", promise, err);
}

/* ---- what it came to ---- */

static void put_table(const struct simulation *sim, struct tn_buf *out)
{
    static const char *const headers[] = {"policy", ">mean s", ">P50 s", ">P95 s", ">over oracle", ">last half", ">over best alone", ">over exact",
                                          ">failed", ">explored", ">cut", ">late", ">USD", NULL};
    struct tn_table table;
    char            usd[TN_USD_TEXT];

    tn_buf_printf(out, "%s: %s; world %s, %" PRIu64 " queries, seed %" PRIu64 "\n", tn_scenarios[sim->scenario].name, tn_scenarios[sim->scenario].help,
                  sim->world->name, sim->queries, sim->options->seed);
    tn_table_init(&table, headers);
    for (size_t i = 0; i < sim->count; i++) {
        const struct row *r = &sim->rows[i];

        tn_table_cell(&table, tn_str(r->name));
        tn_table_cellf(&table, "%.3f", r->mean_s);
        tn_table_cellf(&table, "%.3f", r->p50_s);
        tn_table_cellf(&table, "%.3f", r->p95_s);
        tn_table_cellf(&table, "%.3f", r->to_oracle);
        tn_table_cellf(&table, "%.3f", r->last_half);
        tn_table_cellf(&table, "%.3f", r->to_static);
        if (r->to_exact > 0)
            tn_table_cellf(&table, "%.3f", r->to_exact);
        else
            tn_table_cell(&table, TN_STR(""));
        tn_table_cellf(&table, "%" PRIu64, r->failed);
        tn_table_cellf(&table, "%.1f %%", r->explored);
        tn_table_cellf(&table, "%.1f %%", r->cut);
        tn_table_cellf(&table, "%.1f %%", r->late);
        if (r->usd >= 0)
            tn_table_cell(&table, tn_str(tn_usd_text(usd, r->usd)));
        else
            tn_table_cell(&table, TN_STR(""));
    }
    tn_table_print(&table, out);
    tn_table_reset(&table);
    tn_buf_puts(out, "\n");
}

static void put_optional(struct tn_buf *out, const char *format_before, double value, bool known, const char *otherwise)
{
    tn_buf_puts(out, format_before);
    if (known)
        tn_buf_printf(out, "%.12g", value);
    else
        tn_buf_puts(out, otherwise);
}

static void put_json(const struct simulation *sim, struct tn_buf *out)
{
    tn_buf_printf(out, "{\"scenario\":\"%s\",\"world\":", tn_scenarios[sim->scenario].name);
    tn_buf_put_json(out, tn_str(sim->world->name));
    tn_buf_printf(out, ",\"queries\":%" PRIu64 ",\"seed\":%" PRIu64 ",\"policies\":[", sim->queries, sim->options->seed);
    for (size_t i = 0; i < sim->count; i++) {
        const struct row *r = &sim->rows[i];

        tn_buf_puts(out, i > 0 ? ",{\"policy\":" : "{\"policy\":");
        tn_buf_put_json(out, tn_str(r->name));
        tn_buf_printf(out, ",\"seconds\":%.6f,\"meanSeconds\":%.6f,\"p50Seconds\":%.6f,\"p95Seconds\":%.6f,\"toOracle\":%.6f,\"lastHalf\":%.6f,"
                           "\"toBestStatic\":%.6f,\"failed\":%" PRIu64 ",\"exploredPercent\":%.4f,\"cutPercent\":%.4f,\"latePercent\":%.4f",
                      r->seconds, r->mean_s, r->p50_s, r->p95_s, r->to_oracle, r->last_half, r->to_static, r->failed, r->explored, r->cut, r->late);
        put_optional(out, ",\"toExactLoad\":", r->to_exact, r->to_exact > 0, "null");
        put_optional(out, ",\"usd\":", r->usd, r->usd >= 0, "null");
        tn_buf_puts(out, "}");
    }
    tn_buf_puts(out, "]}\n");
}

static void put_csv(const struct simulation *sim, struct tn_buf *out)
{
    for (size_t i = 0; i < sim->count; i++) {
        const struct row *r = &sim->rows[i];

        tn_buf_printf(out, "%s,%" PRIu64 ",%s,%.6f,%.6f,%.6f,%.6f,%.6f,%.6f,%.6f,%" PRIu64 ",%.4f,%.4f,%.4f", tn_scenarios[sim->scenario].name,
                      sim->options->seed, r->name, r->seconds, r->mean_s, r->p50_s, r->p95_s, r->to_oracle, r->last_half, r->to_static, r->failed,
                      r->explored, r->cut, r->late);
        put_optional(out, ",", r->to_exact, r->to_exact > 0, "");
        put_optional(out, ",", r->usd, r->usd >= 0, "");
        tn_buf_puts(out, "\n");
    }
}

/* ---- the command ---- */

static void price_by_config(struct tn_sim_world *world, const struct tn_config *config)
{
    for (size_t e = 0; e < world->engine_count; e++) {
        long at = tn_config_find_cluster(config, tn_str(world->engines[e]));

        if (at >= 0) {
            tn_price_init(&world->prices[e], &config->clusters[at]);
            world->priced[e] = true;
        }
    }
}

static enum tn_status simulate(struct tn_cli *cli, enum tn_scenario scenario, const struct tn_replay_options *options, uint64_t queries,
                               const struct tn_config *config, struct tn_error *err)
{
    const char        *path = tn_cli_value(cli, "outcomes"), *world = tn_cli_value(cli, "world");
    struct simulation *sim = tn_calloc(1, sizeof *sim);
    enum tn_status     status;

    if (sim == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "out of memory");
    sim->cli = cli;
    sim->options = options;
    sim->scenario = scenario;
    sim->queries = queries;
    if (path != NULL)
        status = tn_sim_world_read(&sim->world, path, err);
    else
        status = tn_sim_world_make(&sim->world, world != NULL ? world : tn_scenarios[scenario].world, options->seed, err);
    if (status == TN_OK && config != NULL)
        price_by_config(sim->world, config);
    if (status == TN_OK)
        status = run_all(sim, err);
    if (status == TN_OK && tn_cli_has(cli, "json"))
        put_json(sim, &cli->out);
    else if (status == TN_OK && tn_cli_has(cli, "csv"))
        put_csv(sim, &cli->out);
    else if (status == TN_OK)
        put_table(sim, &cli->out);
    tn_sim_world_free(sim->world);
    tn_free(sim);
    return status;
}

static int simulate_named(struct tn_cli *cli, const struct tn_replay_options *options, uint64_t queries, const struct tn_config *config)
{
    struct tn_error err = TN_ERROR_INIT;
    enum tn_status  status = TN_OK;
    bool            all = strcmp(cli->operands[0], "all") == 0;

    if (tn_cli_has(cli, "csv"))
        tn_buf_puts(&cli->out, "scenario,seed,policy,seconds,meanSeconds,p50Seconds,p95Seconds,toOracle,lastHalf,toBestStatic,failed,exploredPercent,"
                               "cutPercent,latePercent,toExactLoad,usd\n");
    for (size_t i = 0; i < TN_SCENARIO_COUNT && status == TN_OK; i++)
        if (all || strcmp(cli->operands[0], tn_scenarios[i].name) == 0) {
            status = simulate(cli, (enum tn_scenario)i, options, queries, config, &err);
            if (status == TN_OK && !tn_cli_flush(cli))
                break;
        }
    if (status != TN_OK)
        (void)tn_cli_fail("%s%s%s", err.message, err.hint[0] != '\0' ? "; " : "", err.hint);
    tn_error_reset(&err);
    return status == TN_OK ? TN_CLI_OK : TN_CLI_FAILED;
}

static int check_scenario(struct tn_cli *cli)
{
    const char *names[TN_SCENARIO_COUNT + 1] = {"all"}, *near;

    for (size_t i = 0; i < TN_SCENARIO_COUNT; i++)
        names[i + 1] = tn_scenarios[i].name;
    for (size_t i = 0; i < TN_SCENARIO_COUNT + 1; i++)
        if (strcmp(names[i], cli->operands[0]) == 0)
            return TN_CLI_OK;
    near = tn_cli_suggest(cli->operands[0], names, TN_SCENARIO_COUNT + 1);
    if (near != NULL)
        return tn_cli_usage(cli, "there is no scenario %s; did you mean %s?", cli->operands[0], near);
    return tn_cli_usage(cli, "there is no scenario %s", cli->operands[0]);
}

static int run(struct tn_cli *cli)
{
    struct tn_replay_options options = {.policy = TN_DECIDE_POLICY_DEFAULT, .seed = 1};
    struct tn_problems       problems;
    struct tn_config        *config = NULL;
    const char              *path = tn_cli_value(cli, "config");
    double                   queries = QUERIES;
    int                      status = check_scenario(cli);

    if (status == TN_CLI_OK)
        status = tn_replay_read_options(cli, &options);
    options.model = options.model && tn_cli_has(cli, "outcomes");
    if (status == TN_CLI_OK)
        status = tn_replay_read_number(cli, "queries", 1, &queries);
    if (status != TN_CLI_OK)
        return status;
    if (!(queries >= 10 && queries <= QUERIES_MOST))
        return tn_cli_usage(cli, "--queries: from 10 to %d", QUERIES_MOST);
    if (tn_cli_has(cli, "outcomes") && tn_cli_has(cli, "world"))
        return tn_cli_usage(cli, "--outcomes or --world, not both");
    if (tn_cli_has(cli, "json") && tn_cli_has(cli, "csv"))
        return tn_cli_usage(cli, "--json or --csv, not both");
    if (path == NULL)
        return simulate_named(cli, &options, (uint64_t)queries, NULL);
    tn_problems_init(&problems, path);
    if (tn_config_load(&config, path, &problems) != TN_OK)
        status = tn_cli_fail("%s is no good configuration; `turnout check %s` says why", path, path);
    else
        status = simulate_named(cli, &options, (uint64_t)queries, config);
    tn_config_unref(config);
    tn_problems_reset(&problems);
    return status;
}

static const struct tn_cli_option options[] = {
    {"outcomes", "FILE", "run times come from these outcomes (.jsonl or .tsv, also .gz): each text is a shape"},
    {"world", "NAME", "run times are made up: bimodal, scales, onebest, specialist, even, classes, pool, mixed"},
    {"queries", "N", "how many (default 20000)"},
    {"seed", "N", "of world, stream and policies (default 1)"},
    {"config", "FILE", "prices of the clusters that have the engines' names"},
    {"max-p95-ms", "N", "cost: at most 5 % of the queries may take longer (default: the P95 of the best engine alone)"},
    {"usd-per-second", "X", "balanced: value of a second"},
    {"explore", "MODE", "off, inline (default), shadow or both"},
    {"uniform-percent", "X", "reads that go where the lot says (default 1)"},
    {"model", "MODE", "of the text of statements: auto (default; only with --outcomes, made-up worlds have no texts to learn from) or off"},
    {"set", "NAME=X,...", "constants of the policy (stats/constants.def)"},
    {"json", NULL, "one object per scenario"},
    {"csv", NULL, "one line per scenario and policy"},
    {NULL, NULL, NULL},
};

const struct tn_cli_command tn_cli_simulate_command = {
    .name = "simulate",
    .operands = "SCENARIO",
    .summary = "policies beside each other in worlds where something happens",
    .text = "Makes a stream of queries from run times, lets something happen in it, and plays it to the program's strategies and to simple\n"
            "ones: the best engine before chance (oracle), the best engine alone, random, round robin, twenty runs and a gap of 25 %\n"
            "(rule20), epsilon-greedy, a lower confidence bound (lcb); where engines have slots also greedily with exact times and\n"
            "load (greedyLoad knows chance too, exactLoad does not). Scenarios, or `all`:\n\n"
#define SCENARIO(id, name, world, slots, help) "  " name ": " help ".\n"
#include "tools/cli/scenarios.def"
#undef SCENARIO
            "\nThe victim is the engine that is right for most queries. Chance is a log-normal factor, Zipf's law says how often a shape\n"
            "comes. Of engines of unknown kind it is assumed how their time follows the size of the data, and that they have 8 slots.\n",
    .examples = "  turnout simulate slow5x\n"
                "  turnout simulate dies --outcomes runtimes.tsv.gz --seed 7 --json\n"
                "  turnout simulate load85 --queries 50000\n",
    .options = options,
    .operands_min = 1,
    .operands_max = 1,
    .run = run,
};
