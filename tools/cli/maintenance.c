#include "tools/cli/remote.h"

#include <unistd.h>

enum { POLL_US = 500000 };

static int ask(struct tn_cli *cli, const char *cluster, bool on, struct tn_cli_reply *reply)
{
    struct tn_buf path;
    int           status;

    tn_buf_init(&path, 65536);
    tn_buf_puts(&path, "/admin/clusters/");
    tn_cli_put_segment(&path, cluster);
    tn_buf_puts(&path, on ? "/maintenance?on=true" : "/maintenance?on=false");
    tn_buf_put_u8(&path, '\0');
    if (path.failed) {
        *reply = (struct tn_cli_reply){.status = 0};
        status = tn_cli_fail("the cluster's name is too long");
    } else {
        status = tn_cli_call(cli, "POST", path.data, reply);
    }
    tn_buf_reset(&path);
    return status != TN_CLI_OK ? status : tn_cli_check_reply(reply);
}

static bool is_used(const cJSON *answer)
{
    return tn_cli_json_number(answer, "running") > 0 || tn_cli_json_number(answer, "openTransactions") > 0;
}

static int run(struct tn_cli *cli)
{
    bool                on = strcmp(cli->operands[0], "on") == 0, wait = tn_cli_has(cli, "wait");
    struct tn_cli_reply reply;
    int                 status;

    if (!on && strcmp(cli->operands[0], "off") != 0)
        return tn_cli_usage(cli, "maintenance: `on` or `off`, not `%s`", cli->operands[0]);
    if (wait && !on)
        return tn_cli_usage(cli, "maintenance: --wait goes with `on`");
    status = ask(cli, cli->operands[1], on, &reply);
    while (status == TN_CLI_OK && wait && is_used(reply.json)) {
        tn_cli_reply_reset(&reply);
        usleep(POLL_US);
        status = ask(cli, cli->operands[1], on, &reply);
    }
    if (status == TN_CLI_OK) {
        if (tn_cli_has(cli, "json"))
            tn_buf_put_str(&cli->out, tn_buf_str(&reply.body));
        else
            tn_buf_printf(&cli->out, "%s: %s, %.0f queries running\n", cli->operands[1],
                          on ? "in maintenance" : "in service", tn_cli_json_number(reply.json, "running"));
    }
    tn_cli_reply_reset(&reply);
    return status;
}

static const struct tn_cli_option options[] = {
    TN_CLI_REMOTE_OPTIONS,
    {"wait", NULL, "with on: return when no query runs there any more, and no transaction is open there"},
    {"json", NULL, "print JSON"},
    {NULL, NULL, NULL},
};

const struct tn_cli_command tn_cli_maintenance_command = {
    .name = "maintenance",
    .operands = "on|off CLUSTER",
    .summary = "take a cluster out of service, or put it back",
    .text = "A cluster in maintenance gets no new queries; those that run there go on. It stays so over a reload, until\n"
            "`off` or a restart.\n",
    .examples = "  turnout maintenance on pg-1 --wait\n  turnout maintenance off pg-1\n",
    .options = options,
    .operands_min = 2,
    .operands_max = 2,
    .run = run,
};
