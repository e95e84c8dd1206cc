#include "tools/cli/compare_options.h"

#include "base/clock.h"
#include "config/node.h"
#include "stats/history_text.h"

#include <inttypes.h>
#include <math.h>
#include <unistd.h>

static const char *const of_run[] = {"clusters", "repeat", "warmup", "concurrency", "timeout", "state", "force", "connect"};

static int number(struct tn_cli *cli, const char *option, uint64_t least, uint64_t most, uint64_t otherwise, uint64_t *out)
{
    const char *value = tn_cli_value(cli, option);

    *out = otherwise;
    if (value != NULL && (!tn_str_to_u64(tn_str(value), most, out) || *out < least))
        return tn_cli_usage(cli, "--%s is a number from %" PRIu64 " to %" PRIu64 ", not `%s`", option, least, most, value);
    return TN_CLI_OK;
}

/* "1500ms", "30s", "5m"; "0" = none. */
static bool parse_timeout(struct tn_str text, uint64_t *ms)
{
    static const struct {
        const char *suffix;
        double      ms;
    } units[] = {{"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}};
    double value = 0;

    for (size_t i = 0; i < TN_ARRAY_LEN(units); i++) {
        size_t len = strlen(units[i].suffix);

        if (text.len <= len || !tn_str_eq_c(tn_str_n(text.ptr + text.len - len, len), units[i].suffix) ||
            !tn_str_to_double(tn_str_n(text.ptr, text.len - len), &value))
            continue;
        if (!(value >= 0) || value * units[i].ms > 86400e3)
            return false;
        *ms = (uint64_t)ceil(value * units[i].ms);
        return true;
    }
    *ms = 0;
    return tn_str_eq_c(text, "0");
}

static int read_clusters(struct tn_cli *cli, const char *list, struct tn_compare *compare)
{
    struct tn_str rest = tn_str(list);

    for (;;) {
        const char   *comma = memchr(rest.ptr, ',', rest.len);
        struct tn_str name = tn_str_trim(comma == NULL ? rest : tn_str_n(rest.ptr, (size_t)(comma - rest.ptr)));
        size_t        before = compare->engine_count;

        if (name.len == 0)
            return tn_cli_usage(cli, "--clusters is a list of names with commas between: a,b,c");
        if (tn_compare_engine(compare, name) < 0)
            return tn_cli_usage(cli, "--clusters: at most %d, of at most %d bytes", (int)TN_COMPARE_ENGINES, TN_COMPARE_NAME - 1);
        if (compare->engine_count == before)
            return tn_cli_usage(cli, "--clusters names " TN_STR_FMT " twice", TN_STR_ARG(name));
        if (comma == NULL)
            return TN_CLI_OK;
        rest = tn_str_n(comma + 1, rest.len - (size_t)(comma - rest.ptr) - 1);
    }
}

static int load_config(struct tn_compare_options *options, const char *path)
{
    struct tn_problems problems;
    struct tn_config  *config = NULL;
    int                status = TN_CLI_OK;

    tn_problems_init(&problems, path);
    if (tn_config_load(&config, path, &problems) != TN_OK)
        status = tn_cli_fail("%s has %zu errors; `turnout check %s` shows them", path, problems.errors, path);
    else
        options->config = config;
    tn_problems_reset(&problems);
    return status;
}

/* An address to listen on, as one to connect to. */
static const char *host_of(struct tn_str host, char out[256])
{
    tn_str_copy(out, 256, host);
    return host.len == 0 || tn_str_eq_c(host, "0.0.0.0") || tn_str_eq_c(host, "*") || tn_str_eq_c(host, "::") ? "127.0.0.1" : out;
}

/* Where the running server is: what was said, else what the configuration says, else where one listens by default. */
static void find_server(struct tn_cli *cli, struct tn_compare_options *options)
{
    const struct tn_settings *settings = options->config == NULL ? NULL : &options->config->settings;
    const char               *connect = tn_cli_value(cli, "connect"), *admin = getenv("TURNOUT_ADMIN");
    char                      host[256];

    if (connect != NULL)
        options->run.connect = connect;
    else if (settings != NULL && settings->pg_port != 0)
        snprintf(options->connect, sizeof options->connect, "host=%s port=%u", host_of(settings->pg_host, host), (unsigned)settings->pg_port);
    else
        snprintf(options->connect, sizeof options->connect, "host=127.0.0.1 port=7432");
    if (connect == NULL)
        options->run.connect = options->connect;
    if (settings == NULL || settings->admin_port == 0 || tn_cli_has(cli, "admin") || (admin != NULL && admin[0] != '\0'))
        return;
    snprintf(options->admin, sizeof options->admin, "http://%s:%u", host_of(settings->admin_host, host), (unsigned)settings->admin_port);
    for (size_t i = 0; cli->command->options[i].name != NULL; i++)
        if (strcmp(cli->command->options[i].name, "admin") == 0)
            cli->values[i] = options->admin;
}

/* --file; else, without an address of the server, the file of the configuration where it is here; else the server is asked. */
static void find_history(struct tn_cli *cli, struct tn_compare_options *options)
{
    const struct tn_settings *settings = options->config == NULL ? NULL : &options->config->settings;
    const char               *admin = getenv("TURNOUT_ADMIN");

    options->history = tn_cli_value(cli, "file");
    if (options->history != NULL || tn_cli_has(cli, "admin") || (admin != NULL && admin[0] != '\0') || settings == NULL ||
        settings->persistence_type != TN_CFG_PERSISTENCE_SQLITE)
        return;
    tn_str_copy(options->path, sizeof options->path, settings->persistence_path);
    if (access(options->path, R_OK) == 0)
        options->history = options->path;
}

static int read_run(struct tn_cli *cli, struct tn_compare_options *options, struct tn_compare *compare)
{
    const char *clusters = tn_cli_value(cli, "clusters"), *timeout = tn_cli_value(cli, "timeout"), *state = tn_cli_value(cli, "state");
    uint64_t    repeat, warmup, lanes;
    int         status = number(cli, "repeat", 1, TN_COMPARE_REPEATS, 3, &repeat);

    if (clusters == NULL)
        return tn_cli_usage(cli, "--run needs --clusters a,b,c: where the statements are run");
    if (status == TN_CLI_OK)
        status = number(cli, "warmup", 0, TN_COMPARE_REPEATS, 1, &warmup);
    if (status == TN_CLI_OK)
        status = number(cli, "concurrency", 1, TN_COMPARE_LANES, 1, &lanes);
    if (status == TN_CLI_OK)
        status = read_clusters(cli, clusters, compare);
    if (status != TN_CLI_OK)
        return status;
    options->run.timeout_ms = 60 * 1000;
    if (timeout != NULL && !parse_timeout(tn_str(timeout), &options->run.timeout_ms))
        return tn_cli_usage(cli, "--timeout is a time such as 500ms, 30s or 5m, at most 24h, or 0 for none, not `%s`", timeout);
    options->run.repeat = (unsigned)repeat;
    options->run.warmup = (unsigned)warmup;
    options->run.lanes = (unsigned)lanes;
    options->run.force = tn_cli_has(cli, "force");
    options->run.group = tn_cli_value(cli, "group");
    if (state == NULL && (size_t)snprintf(options->state, sizeof options->state, "%s.compare-state", options->script) >= sizeof options->state)
        return tn_cli_usage(cli, "--run: the path is too long");
    options->run.state = state != NULL ? state : options->state;
    return TN_CLI_OK;
}

static int read_history(struct tn_cli *cli, struct tn_compare_options *options)
{
    char why[TN_HISTORY_WHY];

    for (size_t i = 0; i < TN_ARRAY_LEN(of_run); i++)
        if (tn_cli_has(cli, of_run[i]))
            return tn_cli_usage(cli, "--%s goes with --run FILE.sql", of_run[i]);
    if (tn_cli_has(cli, "since") && !tn_history_filter_set(&options->filter, "since", tn_str(tn_cli_value(cli, "since")), tn_clock_wall_us(), why))
        return tn_cli_usage(cli, "--%s", why);
    options->filter.group = tn_str(tn_cli_value(cli, "group"));
    return TN_CLI_OK;
}

int tn_compare_options_read(struct tn_cli *cli, struct tn_compare_options *options, struct tn_compare *compare)
{
    const char *config = tn_cli_value(cli, "config");
    int         status;

    *options = (struct tn_compare_options){.script = tn_cli_value(cli, "run")};
    if (tn_cli_has(cli, "json") && tn_cli_has(cli, "csv"))
        return tn_cli_usage(cli, "compare: --json or --csv, not both");
    if (options->script != NULL && tn_cli_has(cli, "since"))
        return tn_cli_usage(cli, "compare: --since is for reports from history, --run runs anew");
    status = number(cli, "seed", 0, UINT64_C(1) << 53, 1, &options->run.seed);
    if (status == TN_CLI_OK)
        status = options->script != NULL ? read_run(cli, options, compare) : read_history(cli, options);
    if (status == TN_CLI_OK && config != NULL)
        status = load_config(options, config);
    if (status != TN_CLI_OK)
        return status;
    find_history(cli, options);
    find_server(cli, options);
    return TN_CLI_OK;
}

void tn_compare_options_reset(struct tn_compare_options *options)
{
    if (options->config != NULL)
        tn_config_unref(options->config);
    options->config = NULL;
}
