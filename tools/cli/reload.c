#include "tools/cli/remote.h"

static void put_problems(struct tn_buf *out, const cJSON *answer)
{
    struct tn_str file = tn_cli_json_str(answer, "file");
    const cJSON  *problem;

    cJSON_ArrayForEach(problem, cJSON_GetObjectItemCaseSensitive(answer, "problems"))
    {
        struct tn_str kind = tn_cli_json_str(problem, "kind"), path = tn_cli_json_str(problem, "path");
        double        line = tn_cli_json_number(problem, "line");

        tn_buf_put_str(out, file);
        if (line > 0)
            tn_buf_printf(out, ":%.0f", line);
        tn_buf_printf(out, ": " TN_STR_FMT ": ", TN_STR_ARG(kind));
        if (path.len > 0)
            tn_buf_printf(out, TN_STR_FMT ": ", TN_STR_ARG(path));
        tn_buf_put_str(out, tn_cli_json_str(problem, "text"));
        tn_buf_puts(out, "\n");
    }
}

static void put_restart_keys(struct tn_buf *out, const cJSON *answer)
{
    const cJSON *key;

    cJSON_ArrayForEach(key, cJSON_GetObjectItemCaseSensitive(answer, "needsRestart"))
        if (cJSON_IsString(key))
            tn_buf_printf(out, "needs a restart: %s\n", key->valuestring);
}

static int show(struct tn_cli *cli, const struct tn_cli_reply *reply)
{
    bool known = (reply->status == 200 || reply->status == 422) && reply->json != NULL;

    if (!known)
        return tn_cli_check_reply(reply);
    if (tn_cli_has(cli, "json")) {
        tn_buf_put_str(&cli->out, tn_buf_str(&reply->body));
        return reply->status == 200 ? TN_CLI_OK : TN_CLI_FAILED;
    }
    put_problems(&cli->out, reply->json);
    if (reply->status != 200)
        return tn_cli_fail(TN_STR_FMT, TN_STR_ARG(tn_cli_json_str(reply->json, "detail")));
    tn_buf_printf(&cli->out, "reloaded " TN_STR_FMT "\n", TN_STR_ARG(tn_cli_json_str(reply->json, "file")));
    put_restart_keys(&cli->out, reply->json);
    return TN_CLI_OK;
}

static int run(struct tn_cli *cli)
{
    struct tn_cli_reply reply;
    int                 status = tn_cli_call(cli, "POST", "/admin/reload", &reply);

    if (status == TN_CLI_OK)
        status = show(cli, &reply);
    tn_cli_reply_reset(&reply);
    return status;
}

static const struct tn_cli_option options[] = {
    TN_CLI_REMOTE_OPTIONS,
    {"json", NULL, "print JSON"},
    {NULL, NULL, NULL},
};

const struct tn_cli_command tn_cli_reload_command = {
    .name = "reload",
    .operands = "",
    .summary = "have a running server read its configuration again",
    .text = "The server checks all of its file first; when something is wrong with it nothing changes, the problems are\n"
            "printed and the exit status is 1. Options that only a restart can change are named.\n",
    .examples = "  turnout reload\n",
    .options = options,
    .run = run,
};
