/* compare.c - engines beside each other: from what history recorded, or from a fresh run of a file of SQL. */
#include "tools/cli/compare_figures.h"
#include "tools/cli/compare_history.h"
#include "tools/cli/compare_html.h"
#include "tools/cli/compare_options.h"
#include "tools/cli/compare_text.h"
#include "tools/cli/remote.h"

#include <errno.h>
#include <unistd.h>

enum { SOURCE_SIZE = 4400, NOTES_MAX = 65536 };

struct comparison {
    struct tn_cli            *cli;
    struct tn_compare_options options;
    struct tn_compare         compare;
    struct tn_compare_about   about;
    char                      source[SOURCE_SIZE];
    struct tn_buf             notes;
};

static int fail(struct tn_error *err)
{
    int status = tn_cli_fail("%s%s%s", err->message, err->hint[0] != '\0' ? "\n  " : "", err->hint);

    tn_error_reset(err);
    return status;
}

/* ---- where the samples come from ---- */

static int settle(struct comparison *c, struct tn_compare_run *run)
{
    size_t missing, waited;
    int    status = tn_compare_settle(c->cli, c->options.history, run, &missing, &waited);

    if (status != TN_CLI_OK)
        tn_buf_puts(&c->notes, "The server's history cannot be read: times are those that the client saw, and bytes are not known.\n");
    else if (missing > 0)
        tn_buf_printf(&c->notes, "The server's history has no record of %zu of %zu runs: their times are those that the client saw.\n", missing, run->done_count);
    if (waited > 0)
        tn_buf_printf(&c->notes, "%zu runs never reached their engine (their group refused them, or they ran out of time in its queue) and are left out.\n", waited);
    return TN_CLI_OK;
}

static void describe_run(struct comparison *c, const struct tn_compare_run *run)
{
    const struct tn_run_options *o = run->options;

    snprintf(c->source, sizeof c->source, "A fresh run of %s: %zu statements on %zu engines, %u times after %u to warm up, %u at once.", c->options.script,
             run->script->count, run->compare->engine_count, o->repeat, o->warmup, o->lanes);
    c->about.source = c->source;
    c->about.partial = run->interrupted;
    c->about.done = run->done_count;
    c->about.planned = run->item_count;
    if (run->error[0] != '\0')
        tn_buf_printf(&c->notes, "The first error: %s\n", run->error);
}

static int run_script(struct comparison *c, const struct tn_script *script)
{
    struct tn_error       err = TN_ERROR_INIT;
    struct tn_compare_run run;
    enum tn_status        status = tn_compare_run(&run, &c->options.run, script, &c->compare, &err);
    int                   result = TN_CLI_OK;

    if (status == TN_OK && run.done_count > 0)
        result = settle(c, &run);
    if (status == TN_OK)
        status = tn_compare_run_collect(&run, &err);
    if (status != TN_OK)
        result = fail(&err);
    else
        describe_run(c, &run);
    tn_compare_run_reset(&run);
    return result;
}

static int from_run(struct comparison *c)
{
    struct tn_error  err = TN_ERROR_INIT;
    struct tn_script script;
    int              status = TN_CLI_OK;

    if (tn_script_read(&script, c->options.script, c->options.run.force, &err) != TN_OK)
        status = fail(&err);
    if (status == TN_CLI_OK)
        status = run_script(c, &script);
    tn_script_reset(&script);
    return status;
}

static int from_history(struct comparison *c)
{
    const char *since = tn_cli_value(c->cli, "since"), *group = tn_cli_value(c->cli, "group");
    int         status = tn_compare_from_history(c->cli, c->options.history, &c->options.filter, &c->compare, &c->about.skipped);

    snprintf(c->source, sizeof c->source, "From history%s%s%s%s: %zu runs of %zu queries.", since == NULL ? "" : ", since ", since == NULL ? "" : since,
             group == NULL ? "" : ", group ", group == NULL ? "" : group, c->compare.sample_count, c->compare.query_count);
    c->about.source = c->source;
    if (status == TN_CLI_OK && c->compare.sample_count == 0)
        return tn_cli_fail("there is no read in the history%s", since == NULL && group == NULL ? "" : " that --since and --group let through");
    tn_buf_puts(&c->notes, "Engines were given different queries: compare them shape by shape, not by their totals.\n");
    if (c->about.skipped > 0)
        tn_buf_printf(&c->notes, "%zu reads were left out: cancelled, refused, or their text was cut.\n", c->about.skipped);
    return status;
}

/* ---- where the report goes ---- */

static int write_file(const char *path, const struct tn_buf *text)
{
    FILE *file;
    bool  done;

    if (text->failed)
        return tn_cli_fail("%s would be too large, or there is no memory for it", path);
    file = fopen(path, "wbe");
    if (file == NULL)
        return tn_cli_fail("%s: %s", path, strerror(errno));
    done = text->len == 0 || fwrite(text->data, 1, text->len, file) == text->len;
    done = fclose(file) == 0 && done;
    return done ? TN_CLI_OK : tn_cli_fail("%s cannot be written: %s", path, strerror(errno));
}

static int put_files(struct comparison *c, const struct tn_compare_report *report)
{
    const char   *html = tn_cli_value(c->cli, "html"), *outcomes = tn_cli_value(c->cli, "outcomes");
    struct tn_buf text;
    int           status = TN_CLI_OK;

    tn_buf_init(&text, TN_CLI_OUTPUT_MAX);
    if (html != NULL) {
        tn_compare_put_html(&text, report, &c->about);
        status = write_file(html, &text);
    }
    tn_buf_clear(&text);
    if (outcomes != NULL && status == TN_CLI_OK) {
        tn_compare_put_outcomes(&text, &c->compare);
        status = write_file(outcomes, &text);
    }
    tn_buf_reset(&text);
    return status;
}

static int put_report(struct comparison *c)
{
    struct tn_compare_report report;
    int                      status = TN_CLI_OK;

    if (!tn_compare_report(&report, &c->compare, c->options.run.seed))
        status = tn_cli_fail("no memory for the report");
    else if (tn_cli_has(c->cli, "json"))
        tn_compare_put_json(&c->cli->out, &report, &c->about);
    else if (tn_cli_has(c->cli, "csv"))
        tn_compare_put_csv(&c->cli->out, &report);
    else
        tn_compare_put_text(&c->cli->out, &report, &c->about);
    if (status == TN_CLI_OK)
        status = put_files(c, &report);
    tn_compare_report_reset(&report);
    return status;
}

static void put_method(struct comparison *c)
{
    tn_buf_puts(&c->notes, "Latency is the time on the engine. In brackets: 95 % intervals, bootstrap over the runs. Runs that ran out of time count with the time "
                           "they had (`>`); errors count in success only.\n");
    if (c->options.config != NULL)
        tn_buf_puts(&c->notes, "Bills are of the prices in the configuration, each query's share of its cluster.\n");
    c->about.notes = tn_buf_str(&c->notes);
}

static int finish(struct comparison *c)
{
    int status;

    if (c->options.config != NULL)
        tn_compare_price(&c->compare, c->options.config);
    put_method(c);
    status = put_report(c);
    if (status == TN_CLI_OK && c->about.partial)
        return tn_cli_flush(c->cli) ? tn_cli_fail("interrupted after %zu of %zu runs; the same command goes on from there", c->about.done, c->about.planned)
                                    : TN_CLI_FAILED;
    if (c->options.script == NULL)
        return status;
    if (status == TN_CLI_OK && !c->cli->out.failed && tn_cli_flush(c->cli)) {
        (void)unlink(c->options.run.state); /* done and told: the next run is a new one */
        return TN_CLI_OK;
    }
    return tn_cli_fail("the report was not written, but nothing is lost: %s has what was measured. The same command reports it without running anything "
                       "again; remove the file to begin anew", c->options.run.state);
}

static int run(struct tn_cli *cli)
{
    struct comparison c = {.cli = cli};
    int               status;

    tn_compare_init(&c.compare);
    tn_buf_init(&c.notes, NOTES_MAX);
    status = tn_compare_options_read(cli, &c.options, &c.compare);
    if (status == TN_CLI_OK)
        status = c.options.script != NULL ? from_run(&c) : from_history(&c);
    if (status == TN_CLI_OK)
        status = finish(&c);
    tn_compare_options_reset(&c.options);
    tn_compare_reset(&c.compare);
    tn_buf_reset(&c.notes);
    return status;
}

static const struct tn_cli_option options[] = {
    TN_CLI_REMOTE_OPTIONS,
    {"config", "FILE", "prices, and where the server and its history are"},
    {"file", "PATH", "read the history's file (turnout.db) instead of asking a server"},
    {"since", "TIME", "from history: at or after 90s, 1h, 7d ago, or 2026-11-26T01:02:03Z"},
    {"group", "NAME", "of this cluster group"},
    {"run", "FILE", "run the statements of this file anew"},
    {"clusters", "A,B,C", "--run: on these clusters"},
    {"repeat", "N", "--run: each so many times (default 3)"},
    {"warmup", "N", "--run: and so many times before, not counted (default 1)"},
    {"concurrency", "N", "--run: so many at once (default 1)"},
    {"timeout", "TIME", "--run: of each, 500ms, 30s, 5m; 0 = none (default 60s)"},
    {"connect", "DSN", "--run: how libpq finds the server (default: as --config says, else 127.0.0.1:7432); what is learned counts for clients of the same database name (default: as psql)"},
    {"state", "PATH", "--run: file that an interrupted run goes on from (default FILE.compare-state)"},
    {"force", NULL, "--run: also statements that may change something"},
    {"seed", "N", "of the order and of the intervals (default 1)"},
    {"json", NULL, "print JSON"},
    {"csv", NULL, "print CSV, a line for each engine, and for each shape and engine"},
    {"html", "PATH", "write a page with charts, one file that can be sent on"},
    {"outcomes", "PATH", "write what `turnout replay --outcomes` reads"},
    {NULL, NULL, NULL},
};

const struct tn_cli_command tn_cli_compare_command = {
    .name = "compare",
    .operands = "",
    .summary = "compare engines by time, cost and answers, from history or by a fresh run",
    .text = "For each engine: runs, success, cost of a query, P50, P95, P99, bytes read, and the share of shapes (statements without\n"
            "their literals) on which it is the fastest or the cheapest; for each shape the winners; the load at which one engine\n"
            "becomes cheaper than another; and a warning where engines give different answers.\n\n"
            "With --run every statement of a file runs on every cluster, through the running server, in an order of chance; the\n"
            "server learns from it as from any query. Ctrl-C prints what there is, and the same command goes on later.\n",
    .examples = "  turnout compare --since 7d --group dashboards --config turnout.yaml\n"
                "  turnout compare --run report.sql --clusters duckdb-1,sqlite-1,pg-1 --repeat 5 --config turnout.yaml --html report.html\n"
                "  turnout compare --run report.sql --clusters duckdb-1,pg-1 --outcomes report.jsonl\n"
                "  turnout replay --outcomes report.jsonl --strategy cost\n",
    .options = options,
    .run = run,
};
