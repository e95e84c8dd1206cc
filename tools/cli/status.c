/* status.c - what a running server does, for people in three tables, for programs as one JSON object. */
#include "tools/cli/remote.h"
#include "tools/cli/table.h"

enum { PARTS = 4 };

static void put_summary(struct tn_buf *out, const cJSON *status)
{
    const cJSON *config = cJSON_GetObjectItemCaseSensitive(status, "config");
    unsigned     up = (unsigned)tn_cli_json_number(status, "uptimeSeconds");

    tn_buf_printf(out, "turnout " TN_STR_FMT ", " TN_STR_FMT " (pid %.0f), up %ud %02u:%02u:%02u\n",
                  TN_STR_ARG(tn_cli_json_str(status, "version")), TN_STR_ARG(tn_cli_json_str(status, "state")),
                  tn_cli_json_number(status, "pid"), up / 86400, up / 3600 % 24, up / 60 % 60, up % 60);
    tn_buf_printf(out, "%.0f workers, %.0f sessions, %.0f queries\n", tn_cli_json_number(status, "workers"),
                  tn_cli_json_number(status, "sessions"), tn_cli_json_number(status, "queries"));
    tn_buf_printf(out, "configuration " TN_STR_FMT ", loaded " TN_STR_FMT ", %.0f reloads, %.0f refused\n",
                  TN_STR_ARG(tn_cli_json_str(config, "path")), TN_STR_ARG(tn_cli_json_str(config, "loadedAt")),
                  tn_cli_json_number(config, "reloads"), tn_cli_json_number(config, "failedReloads"));
}

/* "3/8", or "3" when there is no limit. */
static void put_of(struct tn_table *table, const cJSON *object, const char *key, const char *max_key)
{
    double n = tn_cli_json_number(object, key), max = tn_cli_json_number(object, max_key);

    if (max > 0)
        tn_table_cellf(table, "%.0f/%.0f", n, max);
    else
        tn_table_cellf(table, "%.0f", n);
}

static void put_clusters(struct tn_buf *out, const cJSON *clusters)
{
    static const char *const headers[] = {"CLUSTER", "ENGINE", "STATE", ">RUNNING", ">QUERIES", ">FAILURES", "NOTE", NULL};
    struct tn_table          table;
    const cJSON             *cluster;

    tn_table_init(&table, headers);
    cJSON_ArrayForEach(cluster, clusters)
    {
        bool usable = tn_cli_json_bool(cluster, "usable");

        tn_table_cell(&table, tn_cli_json_str(cluster, "name"));
        tn_table_cell(&table, tn_cli_json_str(cluster, "engine"));
        tn_table_cell(&table, usable ? tn_cli_json_str(cluster, "health") : tn_cli_json_str(cluster, "reason"));
        put_of(&table, cluster, "running", "maxRunning");
        tn_table_cellf(&table, "%.0f", tn_cli_json_number(cluster, "queries"));
        tn_table_cellf(&table, "%.0f", tn_cli_json_number(cluster, "failures"));
        tn_table_cell(&table, tn_cli_json_str(cluster, "note"));
    }
    tn_buf_puts(out, "\n");
    tn_table_print(&table, out);
    tn_table_reset(&table);
}

static void put_members(struct tn_table *table, const cJSON *group)
{
    char         text[400] = "";
    size_t       at = 0;
    const cJSON *member;

    cJSON_ArrayForEach(member, cJSON_GetObjectItemCaseSensitive(group, "members"))
        if (cJSON_IsString(member) && at < sizeof text)
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", at > 0 ? ", " : "", member->valuestring);
    tn_table_cell(table, tn_str(text));
}

static void put_groups(struct tn_buf *out, const cJSON *groups)
{
    static const char *const headers[] = {"GROUP", "STRATEGY", ">RUNNING", ">QUEUED", ">ADMITTED", ">REFUSED", "MEMBERS", NULL};
    struct tn_table          table;
    const cJSON             *group;

    tn_table_init(&table, headers);
    cJSON_ArrayForEach(group, groups)
    {
        tn_table_cell(&table, tn_cli_json_str(group, "name"));
        tn_table_cell(&table, tn_cli_json_str(group, "strategy"));
        put_of(&table, group, "running", "maxRunning");
        put_of(&table, group, "queued", "maxQueued");
        tn_table_cellf(&table, "%.0f", tn_cli_json_number(group, "admitted"));
        tn_table_cellf(&table, "%.0f", tn_cli_json_number(group, "refused"));
        put_members(&table, group);
    }
    tn_buf_puts(out, "\n");
    tn_table_print(&table, out);
    tn_table_reset(&table);
}

static void put_queries(struct tn_buf *out, const cJSON *answer)
{
    static const char *const headers[] = {">ID", "STATE", ">AGE ms", "USER", "CLIENT", "GROUP", "CLUSTER", "TEXT", NULL};
    struct tn_table          table;
    const cJSON             *query;

    tn_table_init(&table, headers);
    cJSON_ArrayForEach(query, cJSON_GetObjectItemCaseSensitive(answer, "queries"))
    {
        struct tn_str text = tn_cli_json_str(query, "text");

        tn_table_cellf(&table, "%.0f", tn_cli_json_number(query, "id"));
        tn_table_cell(&table, tn_cli_json_str(query, "state"));
        tn_table_cellf(&table, "%.1f", tn_cli_json_number(query, "ageMs"));
        tn_table_cell(&table, tn_cli_json_str(query, "user"));
        tn_table_cell(&table, tn_cli_json_str(query, "client"));
        tn_table_cell(&table, tn_cli_json_str(query, "group"));
        tn_table_cell(&table, tn_cli_json_str(query, "cluster"));
        text.len = tn_utf8_valid_prefix(text.ptr, TN_MIN(text.len, (size_t)100));
        tn_table_cell(&table, text);
    }
    tn_buf_puts(out, "\n");
    tn_table_print(&table, out);
    tn_table_reset(&table);
}

static void put_all(struct tn_cli *cli, const struct tn_cli_reply replies[PARTS], int count)
{
    static const char *const keys[PARTS] = {"status", "clusters", "groups", "running"};

    if (!tn_cli_has(cli, "json")) {
        put_summary(&cli->out, replies[0].json);
        put_clusters(&cli->out, replies[1].json);
        put_groups(&cli->out, replies[2].json);
        if (count > 3)
            put_queries(&cli->out, replies[3].json);
        return;
    }
    for (int i = 0; i < count; i++) {
        tn_buf_printf(&cli->out, "%s\"%s\":", i == 0 ? "{" : ",", keys[i]);
        tn_buf_put_str(&cli->out, tn_str_trim(tn_buf_str(&replies[i].body)));
    }
    tn_buf_puts(&cli->out, "}\n");
}

static int run(struct tn_cli *cli)
{
    static const char *const paths[PARTS] = {"/admin/status", "/admin/clusters", "/admin/groups", "/admin/queries?text=1"};
    struct tn_cli_reply      replies[PARTS] = {{.status = 0}};
    int                      count = tn_cli_has(cli, "queries") ? PARTS : PARTS - 1, status = TN_CLI_OK;

    for (int i = 0; i < count && status == TN_CLI_OK; i++) {
        status = tn_cli_call(cli, "GET", paths[i], &replies[i]);
        if (status == TN_CLI_OK)
            status = tn_cli_check_reply(&replies[i]);
    }
    if (status == TN_CLI_OK)
        put_all(cli, replies, count);
    for (int i = 0; i < PARTS; i++)
        tn_cli_reply_reset(&replies[i]);
    return status;
}

static const struct tn_cli_option options[] = {
    TN_CLI_REMOTE_OPTIONS,
    {"queries", NULL, "also the queries that run or wait now, with their text"},
    {"json", NULL, "print JSON"},
    {NULL, NULL, NULL},
};

const struct tn_cli_command tn_cli_status_command = {
    .name = "status",
    .operands = "",
    .summary = "show what a running server does",
    .text = "Prints version, uptime and totals, then every cluster and every group with its load.\n",
    .examples = "  turnout status\n  turnout status --queries\n  turnout status --json | jq .clusters\n",
    .options = options,
    .run = run,
};
