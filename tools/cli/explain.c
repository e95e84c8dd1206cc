/* explain.c - asks a running Turnout what would become of a statement. */
#include "tools/cli/remote.h"

#include <stdio.h>
#include <unistd.h>

enum { SQL_MAX = 1024 * 1024 };

static const char *const passed[] = {"user", "database", "application", "group", "cluster", "tags", "strategy", "protocol"};

/* `--as-user`: `--user` is the admin API's. */
static const char *option_of(const char *parameter)
{
    return strcmp(parameter, "user") == 0 ? "as" : parameter;
}

static void put_path(struct tn_cli *cli, struct tn_buf *path)
{
    tn_buf_puts(path, "/admin/explain?format=");
    tn_buf_puts(path, tn_cli_has(cli, "json") ? "json" : "text");
    for (size_t i = 0; i < TN_ARRAY_LEN(passed); i++) {
        const char *value = tn_cli_value(cli, option_of(passed[i]));

        if (value == NULL)
            continue;
        tn_buf_printf(path, "&%s=", passed[i]);
        tn_cli_put_segment(path, value);
    }
    tn_buf_put_u8(path, '\0');
}

/* `-`: from standard input. */
static bool read_sql(const char *operand, struct tn_buf *sql)
{
    char   part[8192];
    size_t got;

    if (strcmp(operand, "-") != 0) {
        tn_buf_puts(sql, operand);
        return !sql->failed;
    }
    while ((got = fread(part, 1, sizeof part, stdin)) > 0)
        tn_buf_append(sql, part, got);
    return !sql->failed && ferror(stdin) == 0;
}

static int ask(struct tn_cli *cli, struct tn_str sql, struct tn_cli_reply *reply)
{
    struct tn_buf path;
    int           status;

    tn_buf_init(&path, 65536);
    put_path(cli, &path);
    if (path.failed)
        status = tn_cli_fail("the options are too long");
    else
        status = tn_cli_send(cli, "POST", path.data, sql, reply);
    tn_buf_reset(&path);
    return status;
}

static int run(struct tn_cli *cli)
{
    struct tn_cli_reply reply = {.status = 0};
    struct tn_buf       sql;
    int                 status;

    tn_buf_init(&sql, SQL_MAX);
    if (!read_sql(cli->operands[0], &sql))
        status = tn_cli_fail("the statement cannot be read, or is longer than %d bytes", SQL_MAX);
    else
        status = ask(cli, tn_buf_str(&sql), &reply);
    if (status == TN_CLI_OK && reply.status != 200)
        status = tn_cli_check_reply(&reply);
    if (status == TN_CLI_OK)
        tn_buf_put_str(&cli->out, tn_buf_str(&reply.body));
    tn_cli_reply_reset(&reply);
    tn_buf_reset(&sql);
    return status;
}

static const struct tn_cli_option options[] = {
    TN_CLI_REMOTE_OPTIONS,
    {"as", "NAME", "as if this user had sent it"},
    {"database", "NAME", "to this database"},
    {"application", "NAME", "with this application_name"},
    {"tags", "TAGS", "with these tags: team:bi,nightly"},
    {"group", "NAME", "with a hint for this group"},
    {"cluster", "NAME", "with a hint for this cluster"},
    {"strategy", "NAME", "with a hint for this strategy"},
    {"protocol", "NAME", "through this protocol (default postgresWire)"},
    {"json", NULL, "print JSON"},
    {NULL, NULL, NULL},
};

const struct tn_cli_command tn_cli_explain_command = {
    .name = "explain",
    .operands = "SQL",
    .summary = "show where a statement would go, and why",
    .text = "Asks the running server what it would do with the statement: the routers that were asked, the group, its members\n"
            "with what is known of them, those that are refused with the reason, and the choice. Nothing runs, nothing is\n"
            "learned. SQL `-` is read from standard input. Clients of SQL get the same with EXPLAIN ROUTE statement.\n",
    .examples = "  turnout explain 'SELECT count(*) FROM orders'\n"
                "  turnout explain --as etl --tags etl --json - < query.sql\n",
    .options = options,
    .operands_min = 1,
    .operands_max = 1,
    .run = run,
};
