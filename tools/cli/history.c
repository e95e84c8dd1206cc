/* history.c - searches and pages the file of recorded queries, read-only, whether a server writes to it or not. */
#include "tools/cli/cli.h"
#include "tools/cli/table.h"

#include "base/clock.h"
#include "config/config.h"
#include "stats/history_text.h"
#include "stats/price.h"

enum { TEXT_SHOWN = 80, PATH_SIZE = 4096 };

static const char *const filters[] = {"since", "until", "user", "group", "cluster", "tag", "outcome", "text", "id", "limit", "before"};

struct page {
    struct tn_cli  *cli;
    struct tn_json  json;
    struct tn_table table;
    bool            one; /* --id: everything of that record */
    uint64_t        count, last_id;
};

/* ---- output ---- */

/* What a client sent must not command the terminal of who reads it. */
static void put_line(struct tn_buf *out, const char *name, struct tn_str value)
{
    if (value.len == 0)
        return;
    tn_buf_printf(out, "%-12s ", name);
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        bool          control = (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f;

        tn_buf_put_u8(out, control ? '?' : c);
    }
    tn_buf_put_u8(out, '\n');
}

static void put_ms(struct tn_buf *out, const char *name, uint64_t us)
{
    tn_buf_printf(out, "%-12s %.3f ms\n", name, (double)us / 1000.);
}

/* "Advice: A would take 3 ms less": what mode advise is for. */
static void put_advice(struct tn_buf *out, const struct tn_history_record *r)
{
    double ms = ((double)r->predicted_us - (double)r->advised_us) / 1e3;
    double usd = ((double)r->predicted_usd_micros - (double)r->advised_usd_micros) / 1e6;
    char   text[TN_USD_TEXT];

    if (r->advised.len == 0)
        return;
    put_line(out, "advised", r->advised);
    if (r->predicted_us > 0)
        tn_buf_printf(out, "%-12s %.3f ms %s, %s USD %s (estimated)\n", "difference", ms < 0 ? -ms : ms, ms < 0 ? "slower" : "faster",
                      tn_usd_text(text, usd < 0 ? -usd : usd), usd < 0 ? "dearer" : "cheaper");
}

static void put_decision(struct tn_buf *out, const struct tn_history_record *r)
{
    char average[TN_USD_TEXT], marginal[TN_USD_TEXT];

    if (r->rows_read > 0 || r->bytes_read > 0)
        tn_buf_printf(out, "%-12s %llu rows, %llu bytes\n", "engine read", (unsigned long long)r->rows_read, (unsigned long long)r->bytes_read);
    if (r->shadow != 0)
        put_line(out, "shadow", TN_STR("a copy whose result nobody saw"));
    put_line(out, "shape", r->shape);
    if (r->shape.len == 0)
        return;
    if (r->band > 0)
        tn_buf_printf(out, "%-12s %llu\n", "band", (unsigned long long)r->band);
    tn_buf_printf(out, "%-12s %s USD on average, %s USD marginal\n", "cost", tn_usd_text(average, (double)r->usd_micros / 1e6),
                  tn_usd_text(marginal, (double)r->marginal_usd_micros / 1e6));
    put_line(out, "rung", r->rung);
    put_line(out, "plan", r->plan);
    if (r->explored != 0)
        put_line(out, "explored", TN_STR("yes"));
    if (r->cuts > 0)
        tn_buf_printf(out, "%-12s %llu\n", "cuts", (unsigned long long)r->cuts);
    if (r->cancels > 0)
        tn_buf_printf(out, "%-12s %llu\n", "cancels", (unsigned long long)r->cancels);
    if (r->propensity_ppm > 0)
        tn_buf_printf(out, "%-12s %.6f\n", "propensity", (double)r->propensity_ppm / 1e6);
    if (r->predicted_us > 0)
        put_ms(out, "predicted", r->predicted_us);
    put_advice(out, r);
}

static void put_record(struct tn_buf *out, const struct tn_history_record *r)
{
    char started[TN_CLOCK_TEXT];

    tn_clock_format(r->started_us, started);
    tn_buf_printf(out, "%-12s %llu\n", "id", (unsigned long long)r->id);
    put_line(out, "started", tn_str(started));
    put_line(out, "outcome", tn_str(tn_history_outcome_name(r->outcome)));
    put_line(out, "sqlstate", r->sqlstate);
    put_line(out, "error", r->error);
    put_line(out, "user", r->user);
    put_line(out, "client", r->client);
    put_line(out, "database", r->database);
    put_line(out, "application", r->application);
    put_line(out, "protocol", r->protocol);
    put_line(out, "tags", r->tags);
    put_line(out, "group", r->group);
    put_line(out, "router", r->router);
    put_line(out, "rule", r->rule);
    put_line(out, "trace", r->trace);
    put_line(out, "cluster", r->cluster);
    put_line(out, "engine", r->engine);
    put_line(out, "reason", r->reason);
    tn_buf_printf(out, "%-12s %llu\n", "attempts", (unsigned long long)r->attempts);
    put_ms(out, "queue", r->queue_us);
    put_ms(out, "first byte", r->first_byte_us);
    put_ms(out, "engine time", r->engine_us);
    put_ms(out, "total", r->total_us);
    tn_buf_printf(out, "%-12s %llu\n%-12s %llu\n", "rows", (unsigned long long)r->rows, "bytes", (unsigned long long)r->bytes);
    put_decision(out, r);
    put_line(out, "class", r->class);
    put_line(out, "text", r->text);
}

static void put_row(struct tn_table *table, const struct tn_history_record *r)
{
    struct tn_str text = tn_str_trim(r->text);
    char          started[TN_CLOCK_TEXT];

    tn_clock_format(r->started_us, started);
    text.len = tn_utf8_valid_prefix(text.ptr, TN_MIN(text.len, (size_t)TEXT_SHOWN));
    tn_table_cellf(table, "%llu", (unsigned long long)r->id);
    tn_table_cell(table, tn_str_n(started, 23)); /* to the millisecond */
    tn_table_cell(table, r->user);
    tn_table_cell(table, r->group);
    tn_table_cell(table, r->cluster);
    tn_table_cell(table, tn_str(tn_history_outcome_name(r->outcome)));
    tn_table_cell(table, r->sqlstate);
    tn_table_cellf(table, "%.3f", (double)r->total_us / 1000.);
    tn_table_cellf(table, "%llu", (unsigned long long)r->rows);
    tn_table_cell(table, text);
}

static bool on_row(void *ctx, const struct tn_history_record *record)
{
    struct page *page = ctx;

    page->count++;
    page->last_id = record->id;
    if (page->json.buf != NULL)
        tn_history_put_json(&page->json, NULL, record);
    else if (page->one)
        put_record(&page->cli->out, record);
    else
        put_row(&page->table, record);
    return !page->cli->out.failed;
}

/* ---- where the file is ---- */

/* From --config: the file that its server writes. 0, or the exit status. */
static int path_of_config(const char *config_path, char path[PATH_SIZE])
{
    struct tn_problems problems;
    struct tn_config  *config;
    int                status = TN_CLI_OK;

    tn_problems_init(&problems, config_path);
    if (tn_config_load(&config, config_path, &problems) != TN_OK) {
        status = tn_cli_fail("%s has %zu errors; `turnout check %s` shows them", config_path, problems.errors, config_path);
    } else {
        if (config->settings.persistence_type != TN_CFG_PERSISTENCE_SQLITE)
            status = tn_cli_fail("%s keeps its history in memory; GET /admin/history of the running server has it", config_path);
        tn_str_copy(path, PATH_SIZE, config->settings.persistence_path);
        tn_config_unref(config);
    }
    tn_problems_reset(&problems);
    return status;
}

static int find_file(struct tn_cli *cli, char path[PATH_SIZE])
{
    const char *file = tn_cli_value(cli, "file"), *config = tn_cli_value(cli, "config");

    if (file != NULL && config != NULL)
        return tn_cli_usage(cli, "history: --file or --config, not both");
    if (config != NULL)
        return path_of_config(config, path);
    tn_str_copy(path, PATH_SIZE, tn_str(file != NULL ? file : "./turnout.db"));
    return TN_CLI_OK;
}

/* ---- the command ---- */

static int read_filter(struct tn_cli *cli, struct tn_history_filter *filter)
{
    uint64_t now = tn_clock_wall_us();
    char     why[TN_HISTORY_WHY];

    filter->limit = 100;
    for (size_t i = 0; i < TN_ARRAY_LEN(filters); i++) {
        const char *value = tn_cli_value(cli, filters[i]);

        if (value != NULL && !tn_history_filter_set(filter, filters[i], tn_str(value), now, why))
            return tn_cli_usage(cli, "--%s", why);
    }
    return TN_CLI_OK;
}

static int show(struct page *page, const char *path, const struct tn_history_filter *filter)
{
    static const char *const headers[] = {">ID",     "STARTED (UTC)", "USER",       "GROUP", "CLUSTER", "OUTCOME",
                                          "SQLSTATE", ">TOTAL ms",     ">ROWS",      "TEXT",  NULL};
    struct tn_cli           *cli = page->cli;
    struct tn_error          err = TN_ERROR_INIT;
    enum tn_status           status;

    tn_table_init(&page->table, headers);
    if (page->json.buf != NULL)
        tn_json_open(&page->json, NULL, '[');
    status = tn_history_query_file(path, filter, on_row, page, &err);
    if (status != TN_OK)
        tn_cli_fail("%s%s%s", err.message, err.hint[0] != '\0' ? "\n  " : "", err.hint);
    else if (page->json.buf != NULL)
        tn_json_close(&page->json, ']');
    else if (!page->one)
        tn_table_print(&page->table, &cli->out);
    if (status == TN_OK && page->json.buf != NULL)
        tn_buf_puts(&cli->out, "\n");
    tn_table_reset(&page->table);
    tn_error_reset(&err);
    if (status != TN_OK)
        tn_buf_clear(&cli->out);
    return status == TN_OK ? TN_CLI_OK : TN_CLI_FAILED;
}

static int run(struct tn_cli *cli)
{
    struct tn_history_filter filter = {.limit = 0};
    struct page              page = {.cli = cli, .one = tn_cli_has(cli, "id")};
    char                     path[PATH_SIZE];
    int                      status = read_filter(cli, &filter);

    if (status == TN_CLI_OK)
        status = find_file(cli, path);
    if (status != TN_CLI_OK)
        return status;
    if (tn_cli_has(cli, "json"))
        page.json.buf = &cli->out;
    status = show(&page, path, &filter);
    if (status == TN_CLI_OK && page.one && page.count == 0)
        return tn_cli_fail("there is no record %s", tn_cli_value(cli, "id"));
    if (status == TN_CLI_OK && page.json.buf == NULL && !page.one && page.count == filter.limit && tn_cli_flush(cli))
        fprintf(stderr, "There may be more: --before %llu\n", (unsigned long long)page.last_id);
    return status;
}

static const struct tn_cli_option options[] = {
    {"file", "PATH", "the history's file (default ./turnout.db)"},
    {"config", "FILE", "take persistence.path from this configuration"},
    {"since", "TIME", "begun at or after: 90s, 1h, 7d ago, or 2026-11-26T01:02:03Z"},
    {"until", "TIME", "begun before"},
    {"user", "NAME", "of this user"},
    {"group", "NAME", "routed to this group"},
    {"cluster", "NAME", "run on this cluster"},
    {"tag", "NAME[:VALUE]", "with this tag, as clients and requests gave them"},
    {"outcome", "NAME", "ok, error, cancelled, timeout, denied or refused"},
    {"text", "PART", "with this in their text, upper or lower case"},
    {"id", "ID", "this one, with everything that is known of it"},
    {"limit", "N", "at most so many (default 100, at most 10000)"},
    {"before", "ID", "the page behind the one that ended with ID"},
    {"json", NULL, "print JSON"},
    {NULL, NULL, NULL},
};

const struct tn_cli_command tn_cli_history_command = {
    .name = "history",
    .operands = "",
    .summary = "search the recorded queries",
    .text = "Prints recorded queries, newest first. Reads the file without disturbing a server that writes to it; a path\n"
            "in the configuration is relative to the folder where the server was started. Times are in UTC.\n",
    .examples = "  turnout history --since 1h --outcome error\n"
                "  turnout history --text orders --limit 20 --before 4711\n"
                "  turnout history --id 4711\n"
                "  turnout history --config turnout.yaml --since 2026-11-26 --json\n",
    .options = options,
    .run = run,
};
