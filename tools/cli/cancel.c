#include "tools/cli/remote.h"

static int run(struct tn_cli *cli)
{
    struct tn_cli_reply reply;
    uint64_t            id;
    char                path[64];
    int                 status;

    if (!tn_str_to_u64(tn_str(cli->operands[0]), UINT64_MAX, &id))
        return tn_cli_usage(cli, "cancel: a query's id is a number, not `%s`", cli->operands[0]);
    snprintf(path, sizeof path, "/admin/queries/%llu/cancel", (unsigned long long)id);
    status = tn_cli_call(cli, "POST", path, &reply);
    if (status == TN_CLI_OK)
        status = tn_cli_check_reply(&reply);
    if (status == TN_CLI_OK) {
        if (tn_cli_has(cli, "json"))
            tn_buf_put_str(&cli->out, tn_buf_str(&reply.body));
        else
            tn_buf_printf(&cli->out, "query %llu: %s\n", (unsigned long long)id,
                          tn_cli_json_bool(reply.json, "cancelled") ? "cancelled" : "had just ended");
    }
    tn_cli_reply_reset(&reply);
    return status;
}

static const struct tn_cli_option options[] = {
    TN_CLI_REMOTE_OPTIONS,
    {"json", NULL, "print JSON"},
    {NULL, NULL, NULL},
};

const struct tn_cli_command tn_cli_cancel_command = {
    .name = "cancel",
    .operands = "ID",
    .summary = "end a running or queued query",
    .text = "ID is the number that `turnout status --queries` shows. The client sees error 57014.\n",
    .examples = "  turnout cancel 4711\n",
    .options = options,
    .operands_min = 1,
    .operands_max = 1,
    .run = run,
};
