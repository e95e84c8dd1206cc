/* shapes.c - recurring statements and what each cluster showed on them: from a running server, or from the file. */
#include "tools/cli/remote.h"
#include "tools/cli/table.h"

#include "base/clock.h"
#include "stats/history_text.h"
#include "stats/price.h"
#include "stats/shape_list.h"

enum { TEXT_SHOWN = 60 };

/* ---- where from ---- */

static int read_list(struct tn_cli *cli, struct tn_shape_list *list)
{
    struct tn_history_filter filter = {.limit = 0};
    const char              *sort = tn_cli_value(cli, "sort"), *since = tn_cli_value(cli, "since"), *limit = tn_cli_value(cli, "limit");
    uint64_t                 number = 20;
    char                     why[TN_HISTORY_WHY];

    if (sort != NULL && !tn_shape_sort_parse(tn_str(sort), &list->sort))
        return tn_cli_usage(cli, "--sort is total_time, cost, regret or calls, not `%s`", sort);
    if (since != NULL && !tn_history_filter_set(&filter, "since", tn_str(since), tn_clock_wall_us(), why))
        return tn_cli_usage(cli, "--%s", why);
    if (limit != NULL && (!tn_str_to_u64(tn_str(limit), TN_SHAPE_LIST_MAX, &number) || number == 0))
        return tn_cli_usage(cli, "--limit is a number from 1 to %d, not `%s`", (int)TN_SHAPE_LIST_MAX, limit);
    list->since_s = filter.since_us / 1000000;
    list->group = tn_str(tn_cli_value(cli, "group"));
    list->bands = tn_cli_has(cli, "bands");
    list->limit = number;
    return TN_CLI_OK;
}

/* The file's shapes as the server would tell them. */
static int from_file(const char *path, struct tn_shape_list *list, struct tn_cli_reply *reply)
{
    struct tn_error err = TN_ERROR_INIT;
    struct tn_json  json = {.buf = &reply->body};
    enum tn_status  status = tn_store_each_file(path, tn_shape_list_add, list, &err);
    int             result = TN_CLI_OK;

    tn_buf_init(&reply->body, TN_CLI_OUTPUT_MAX);
    tn_shape_list_end(list);
    if (status == TN_OK && list->failed)
        status = tn_fail(&err, TN_E_NOMEM, "53200", "no memory for so many shapes");
    if (status == TN_OK && list->group.len > 0 && !list->group_seen)
        status = tn_fail(&err, TN_E_NOT_FOUND, "42704", "%s has no shape of a cluster group `" TN_STR_FMT "`", path, TN_STR_ARG(list->group));
    if (status != TN_OK)
        result = tn_cli_fail("%s%s%s", err.message, err.hint[0] != '\0' ? "\n  " : "", err.hint);
    tn_shape_list_json(list, &json);
    tn_buf_puts(&reply->body, "\n");
    if (result == TN_CLI_OK)
        reply->json = cJSON_ParseWithLength(reply->body.data, reply->body.len);
    tn_error_reset(&err);
    return result;
}

static int from_server(struct tn_cli *cli, const struct tn_shape_list *list, struct tn_cli_reply *reply)
{
    static const char *const passed[] = {"sort", "group", "since"};
    struct tn_buf            path;
    int                      status;

    tn_buf_init(&path, 65536);
    tn_buf_printf(&path, "/admin/shapes?limit=%zu&bands=%s", list->limit, list->bands ? "true" : "false");
    for (size_t i = 0; i < TN_ARRAY_LEN(passed); i++) {
        const char *value = tn_cli_value(cli, passed[i]);

        if (value == NULL)
            continue;
        tn_buf_printf(&path, "&%s=", passed[i]);
        tn_cli_put_segment(&path, value);
    }
    tn_buf_put_u8(&path, '\0');
    status = path.failed ? tn_cli_fail("the options are too long") : tn_cli_call(cli, "GET", path.data, reply);
    tn_buf_reset(&path);
    return status != TN_CLI_OK ? status : tn_cli_check_reply(reply);
}

/* ---- as a table: a line for the shape, a line for each cluster ---- */

static bool has(const cJSON *object, const char *key)
{
    return cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(object, key));
}

static void put_ms(struct tn_table *table, const cJSON *object, const char *key)
{
    double ms = tn_cli_json_number(object, key);

    if (!has(object, key))
        tn_table_cell(table, TN_STR(""));
    else
        tn_table_cellf(table, ms < 10 ? "%.2f" : ms < 100 ? "%.1f" : "%.0f", ms);
}

static void put_usd(struct tn_table *table, const cJSON *object)
{
    char text[TN_USD_TEXT];

    if (!has(object, "usd") || (tn_cli_json_number(object, "usd") == 0 && !has(object, "n")))
        tn_table_cell(table, TN_STR(""));
    else
        tn_table_cellf(table, "%s%s", tn_cli_json_bool(object, "usdAtLeast") ? ">" : "", tn_usd_text(text, tn_cli_json_number(object, "usd")));
}

static void put_cluster(struct tn_table *table, const cJSON *cluster, struct tn_str present)
{
    struct tn_str name = tn_cli_json_str(cluster, "cluster");

    tn_table_cell(table, TN_STR(" "));
    tn_table_cellf(table, "%.0f", tn_cli_json_number(cluster, "n"));
    tn_table_cellf(table, "%s " TN_STR_FMT, tn_str_eq(name, present) ? "->" : "  ", TN_STR_ARG(name));
    if (has(cluster, "longerThanMs")) {
        tn_table_cellf(table, ">%.0f", tn_cli_json_number(cluster, "longerThanMs"));
        tn_table_cell(table, TN_STR(""));
    } else {
        put_ms(table, cluster, "p50Ms");
        put_ms(table, cluster, "p95Ms");
    }
    put_usd(table, cluster);
    if (has(cluster, "success"))
        tn_table_cellf(table, "%.1f %%", tn_cli_json_number(cluster, "success") * 100);
    else
        tn_table_cell(table, TN_STR(""));
    tn_table_cell(table, TN_STR(" "));
    tn_table_cell(table, TN_STR(" "));
    tn_table_cell(table, TN_STR(" "));
}

static void put_shape(struct tn_table *table, const cJSON *shape)
{
    struct tn_str text = tn_str_trim(tn_cli_json_str(shape, "text"));
    const cJSON  *cluster;

    text.len = tn_utf8_valid_prefix(text.ptr, TN_MIN(text.len, (size_t)TEXT_SHOWN));
    tn_table_cell(table, tn_str_n(tn_cli_json_str(shape, "shape").ptr, TN_MIN(tn_cli_json_str(shape, "shape").len, (size_t)32)));
    tn_table_cellf(table, "%.0f", tn_cli_json_number(shape, "calls"));
    tn_table_cell(table, tn_cli_json_bool(shape, "pinned") ? TN_STR("(pinned)") : TN_STR(" "));
    for (int i = 0; i < 4; i++)
        tn_table_cell(table, TN_STR(" "));
    put_ms(table, shape, "totalMs");
    put_ms(table, shape, "regretMs");
    tn_table_cell(table, text);
    cJSON_ArrayForEach(cluster, cJSON_GetObjectItemCaseSensitive(shape, "clusters"))
        put_cluster(table, cluster, tn_cli_json_str(shape, "cluster"));
}

static void put_table(struct tn_cli *cli, const cJSON *root)
{
    static const char *const headers[] = {"SHAPE", ">CALLS", "CLUSTER", ">P50 ms", ">P95 ms", ">USD", ">SUCCESS",
                                          ">TOTAL ms", ">REGRET ms", "TEXT", NULL};
    const cJSON             *shapes = cJSON_GetObjectItemCaseSensitive(root, "shapes"), *shape;
    struct tn_table          table;
    char                     usd[TN_USD_TEXT];

    tn_table_init(&table, headers);
    cJSON_ArrayForEach(shape, shapes)
        put_shape(&table, shape);
    tn_table_print(&table, &cli->out);
    tn_table_reset(&table);
    tn_buf_printf(&cli->out, "%d of %.0f shapes; all of them: %.0f ms on engines, about %s USD, regret %.0f ms\n", cJSON_GetArraySize(shapes),
                  tn_cli_json_number(root, "seen"), tn_cli_json_number(root, "totalMs"), tn_usd_text(usd, tn_cli_json_number(root, "usd")),
                  tn_cli_json_number(root, "regretMs"));
}

/* ---- as CSV: a line for each shape and cluster ---- */

static void put_csv_numbers(struct tn_buf *out, const cJSON *object, const char *const *keys)
{
    for (; *keys != NULL; keys++) {
        tn_buf_put_u8(out, ',');
        if (has(object, *keys))
            tn_buf_printf(out, "%.9g", tn_cli_json_number(object, *keys));
    }
}

static void put_csv(struct tn_buf *out, const cJSON *root)
{
    static const char *const of_shape[] = {"calls", "totalMs", "regretMs", NULL};
    static const char *const of_cluster[] = {"n", "p50Ms", "p95Ms", "usd", "success", "longerThanMs", NULL};
    const cJSON             *shape, *cluster;

    tn_buf_puts(out, "shape,group,calls,total_ms,regret_ms,cluster,present,n,p50_ms,p95_ms,usd,success,longer_than_ms,text\n");
    cJSON_ArrayForEach(shape, cJSON_GetObjectItemCaseSensitive(root, "shapes"))
        cJSON_ArrayForEach(cluster, cJSON_GetObjectItemCaseSensitive(shape, "clusters")) {
            struct tn_str name = tn_cli_json_str(cluster, "cluster");

            tn_buf_put_str(out, tn_cli_json_str(shape, "shape"));
            tn_buf_put_u8(out, ',');
            tn_buf_put_quoted(out, tn_cli_json_str(shape, "group"), '"');
            put_csv_numbers(out, shape, of_shape);
            tn_buf_put_u8(out, ',');
            tn_buf_put_quoted(out, name, '"');
            tn_buf_puts(out, tn_str_eq(name, tn_cli_json_str(shape, "cluster")) ? ",true" : ",false");
            put_csv_numbers(out, cluster, of_cluster);
            tn_buf_put_u8(out, ',');
            tn_buf_put_quoted(out, tn_cli_json_str(shape, "text"), '"');
            tn_buf_put_u8(out, '\n');
        }
}

static int run(struct tn_cli *cli)
{
    struct tn_shape_list list = {.count = 0};
    struct tn_cli_reply  reply = {.status = 0};
    const char          *file = tn_cli_value(cli, "file");
    int                  status = read_list(cli, &list);

    if (status == TN_CLI_OK && tn_cli_has(cli, "json") && tn_cli_has(cli, "csv"))
        status = tn_cli_usage(cli, "shapes: --json or --csv, not both");
    if (status == TN_CLI_OK)
        status = file != NULL ? from_file(file, &list, &reply) : from_server(cli, &list, &reply);
    if (status == TN_CLI_OK && tn_cli_has(cli, "json"))
        tn_buf_put_str(&cli->out, tn_buf_str(&reply.body));
    else if (status == TN_CLI_OK && tn_cli_has(cli, "csv"))
        put_csv(&cli->out, reply.json);
    else if (status == TN_CLI_OK)
        put_table(cli, reply.json);
    tn_shape_list_reset(&list);
    tn_cli_reply_reset(&reply);
    return status;
}

static const struct tn_cli_option options[] = {
    TN_CLI_REMOTE_OPTIONS,
    {"file", "PATH", "read the statistics' file (turnout.db.stats) instead of asking a server"},
    {"sort", "BY", "total_time (default), cost, regret or calls"},
    {"group", "NAME", "of this cluster group"},
    {"since", "TIME", "seen at or after: 90s, 1h, 7d ago, or 2026-11-26T01:02:03Z"},
    {"limit", "N", "at most so many (default 20)"},
    {"bands", NULL, "their size classes too"},
    {"json", NULL, "print JSON"},
    {"csv", NULL, "print CSV, a line for each shape and cluster"},
    {NULL, NULL, NULL},
};

const struct tn_cli_command tn_cli_shapes_command = {
    .name = "shapes",
    .operands = "",
    .summary = "show recurring statements and what each cluster showed on them",
    .text = "A shape is what is left of a statement without its literals. For each: how often it came, and per cluster the\n"
            "completed runs, P50, P95, the cost of a run and the share that succeeded; `->` is the present choice, `>` before a\n"
            "time says that no run there was ever finished: it takes longer. Regret is the time that went into runs on other\n"
            "clusters than the one that is best as it looks now.\n",
    .examples = "  turnout shapes --sort regret --limit 5\n"
                "  turnout shapes --group dashboards --since 1d --csv > shapes.csv\n"
                "  turnout shapes --file ./turnout.db.stats --sort calls\n",
    .options = options,
    .run = run,
};
