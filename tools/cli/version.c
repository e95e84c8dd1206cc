#include "tools/cli/cli.h"

#include "base/json.h"

static int run(struct tn_cli *cli)
{
    struct tn_json json = {.buf = &cli->out};

    if (!tn_cli_has(cli, "json")) {
        tn_buf_puts(&cli->out, "turnout " TN_VERSION "\n");
        return TN_CLI_OK;
    }
    tn_json_open(&json, NULL, '{');
    tn_json_text(&json, "name", "turnout");
    tn_json_text(&json, "version", TN_VERSION);
    tn_json_text(&json, "compiler", __VERSION__);
    tn_json_close(&json, '}');
    tn_buf_puts(&cli->out, "\n");
    return TN_CLI_OK;
}

static const struct tn_cli_option options[] = {
    {"json", NULL, "print JSON"},
    {NULL, NULL, NULL},
};

const struct tn_cli_command tn_cli_version_command = {
    .name = "version",
    .operands = "",
    .summary = "show the version",
    .text = "Prints name and version of this program.\n",
    .options = options,
    .run = run,
};
