#include "tools/cli/cli.h"

static int run(struct tn_cli *cli)
{
    struct tn_serve_options options = {.config_path = tn_cli_value(cli, "config")};

    if (options.config_path != NULL && cli->operand_count > 0)
        return tn_cli_usage(cli, "serve: the file is given twice");
    if (cli->operand_count > 0)
        options.config_path = cli->operands[0];
    if (options.config_path == NULL)
        return tn_cli_usage(cli, "serve needs FILE");
    return cli->serve(&options);
}

static const struct tn_cli_option options[] = {
    {"config", "FILE", "the same as FILE"},
    {NULL, NULL, NULL},
};

const struct tn_cli_command tn_cli_serve_command = {
    .name = "serve",
    .operands = "FILE",
    .summary = "run the server",
    .text = "Reads the configuration FILE, opens the engines and serves clients until it is told to stop.\n"
            "It stays in the foreground and logs to standard error.\n\n"
            "Signals:\n"
            "  SIGTERM, SIGINT       stop: no new clients; running queries may take shutdownTimeout\n"
            "  SIGHUP                read the configuration again; on an error nothing changes\n",
    .examples = "  turnout serve --config /etc/turnout/turnout.yaml\n",
    .options = options,
    .operands_max = 1,
    .run = run,
};
