/* freeze.c - stops a group's learning, and lets it go on. */
#include "tools/cli/remote.h"

static int run(struct tn_cli *cli)
{
    bool                off = tn_cli_has(cli, "off");
    struct tn_cli_reply reply = {.status = 0};
    struct tn_buf       path;
    int                 status;

    tn_buf_init(&path, 65536);
    tn_buf_puts(&path, "/admin/groups/");
    tn_cli_put_segment(&path, cli->operands[0]);
    tn_buf_printf(&path, "/freeze?on=%s", off ? "false" : "true");
    tn_buf_put_u8(&path, '\0');
    status = path.failed ? tn_cli_fail("the group's name is too long") : tn_cli_call(cli, "POST", path.data, &reply);
    if (status == TN_CLI_OK)
        status = tn_cli_check_reply(&reply);
    if (status == TN_CLI_OK && tn_cli_has(cli, "json"))
        tn_buf_put_str(&cli->out, tn_buf_str(&reply.body));
    else if (status == TN_CLI_OK)
        tn_buf_printf(&cli->out, "%s: %s\n", cli->operands[0], off ? "learns again" : "frozen");
    tn_cli_reply_reset(&reply);
    tn_buf_reset(&path);
    return status;
}

static const struct tn_cli_option options[] = {
    TN_CLI_REMOTE_OPTIONS,
    {"off", NULL, "let it learn again"},
    {"json", NULL, "print JSON"},
    {NULL, NULL, NULL},
};

const struct tn_cli_command tn_cli_freeze_command = {
    .name = "freeze",
    .operands = "GROUP",
    .summary = "stop what a group learns and tries, or let it go on",
    .text = "The strategy of a frozen group decides with what it knows; it learns nothing and tries nothing. A group stays\n"
            "frozen over reloads and restarts, until --off.\n",
    .examples = "  turnout freeze dashboards\n  turnout freeze dashboards --off\n",
    .options = options,
    .operands_min = 1,
    .operands_max = 1,
    .run = run,
};
