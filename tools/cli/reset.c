/* reset.c - forgets what was learned of a shape. */
#include "tools/cli/remote.h"

static int run(struct tn_cli *cli)
{
    struct tn_cli_reply reply = {.status = 0};
    struct tn_buf       path;
    int                 status;

    tn_buf_init(&path, 65536);
    tn_buf_puts(&path, "/admin/shapes/");
    tn_cli_put_segment(&path, cli->operands[0]);
    tn_buf_puts(&path, "/reset");
    tn_buf_put_u8(&path, '\0');
    status = path.failed ? tn_cli_fail("the shape's key is too long") : tn_cli_call(cli, "POST", path.data, &reply);
    if (status == TN_CLI_OK)
        status = tn_cli_check_reply(&reply);
    if (status == TN_CLI_OK && tn_cli_has(cli, "json"))
        tn_buf_put_str(&cli->out, tn_buf_str(&reply.body));
    else if (status == TN_CLI_OK)
        tn_buf_printf(&cli->out, "%s: forgotten\n", cli->operands[0]);
    tn_cli_reply_reset(&reply);
    tn_buf_reset(&path);
    return status;
}

static const struct tn_cli_option options[] = {
    TN_CLI_REMOTE_OPTIONS,
    {"json", NULL, "print JSON"},
    {NULL, NULL, NULL},
};

const struct tn_cli_command tn_cli_reset_command = {
    .name = "reset",
    .operands = "SHAPE",
    .summary = "forget what was learned of a shape, or of all",
    .text = "SHAPE is the key that `turnout shapes` and EXPLAIN ROUTE show, or `all`. The next queries of it are as at first\n"
            "sight, also on clusters that could not do it. What was learned across shapes (how fast a cluster is on the whole, the\n"
            "model of the text) stays. There is no way back.\n",
    .examples = "  turnout reset 3f2a9c5be0d11c7743c0ffee00112233\n  turnout reset all\n",
    .options = options,
    .operands_min = 1,
    .operands_max = 1,
    .run = run,
};
