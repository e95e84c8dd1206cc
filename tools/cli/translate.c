/* translate.c - a statement in another dialect, on this machine, by the same worker as the server's. */
#include "base/arena.h"
#include "config/config.h"
#include "tools/cli/cli.h"
#include "translate/translator.h"

#include <stdio.h>

enum { SQL_MAX = 16 << 20, TIMEOUT_S = 60 };

/* `-`, or nothing: from standard input. */
static bool read_sql(const struct tn_cli *cli, struct tn_buf *sql)
{
    char   part[8192];
    size_t got;

    if (cli->operand_count > 0 && strcmp(cli->operands[0], "-") != 0) {
        tn_buf_puts(sql, cli->operands[0]);
        return !sql->failed;
    }
    while ((got = fread(part, 1, sizeof part, stdin)) > 0)
        tn_buf_append(sql, part, got);
    return !sql->failed && ferror(stdin) == 0;
}

static int dialect_of(struct tn_cli *cli, const char *option, enum tn_dialect *out)
{
    const char *name = tn_cli_value(cli, option);

    if (name == NULL)
        return tn_cli_usage(cli, "--%s is needed: %s", option, tn_dialect_names());
    if (!tn_dialect_parse(tn_str(name), out))
        return tn_cli_usage(cli, "--%s: there is no dialect \"%s\"; there are %s", option, name, tn_dialect_names());
    return TN_CLI_OK;
}

static int translate_one(struct tn_cli *cli, struct tn_translator *translator, const struct tn_translation *what)
{
    struct tn_translated result;
    struct tn_arena      arena;
    int                  status = TN_CLI_OK;

    tn_arena_init(&arena, 0);
    tn_translator_run(translator, what, (uint64_t)TIMEOUT_S * 1000000, &arena, &result);
    if (result.verdict != TN_VERDICT_OK) {
        status = tn_cli_fail("%s: %.*s", tn_verdict_name(result.verdict), (int)result.why.len, result.why.ptr);
    } else {
        tn_buf_put_str(&cli->out, result.text);
        tn_buf_puts(&cli->out, ";\n");
        tn_cli_flush(cli);
        if (result.why.len > 0)
            fprintf(stderr, "turnout: %s has no words for: %.*s\n", tn_dialect_name(what->to), (int)result.why.len, result.why.ptr);
        if (result.why.len > 0 && tn_cli_has(cli, "strict"))
            status = TN_CLI_FAILED;
    }
    tn_arena_reset(&arena);
    return status;
}

static int translate_all(struct tn_cli *cli, struct tn_translator *translator, struct tn_translation *what, struct tn_str text)
{
    size_t at = 0, count = 0;
    int    worst = TN_CLI_OK;

    while (tn_statement_next(text, what->from, &at, &what->sql)) {
        int status = translate_one(cli, translator, what);

        worst = status > worst ? status : worst;
        count++;
    }
    return count > 0 ? worst : tn_cli_fail("there is no statement to translate");
}

static int with_scripts(struct tn_cli *cli, struct tn_translator *translator, struct tn_translation *what, struct tn_str text)
{
    const struct tn_config here = {.folder = {"", 0}};
    const char            *path = tn_cli_value(cli, "script");
    struct tn_script      *script;
    struct tn_error        err = TN_ERROR_INIT;
    size_t                 at = 0;
    int                    status;

    what->scripts = tn_scripts_new();
    for (; what->scripts != NULL && path != NULL; path = tn_cli_again(cli, "script", &at))
        if (tn_script_open(&script, &here, tn_str(path), &err) != TN_OK || tn_scripts_add(what->scripts, script, &err) != TN_OK)
            break;
    status = err.status != TN_OK || what->scripts == NULL ? tn_cli_fail("%s", err.message) : translate_all(cli, translator, what, text);
    tn_scripts_unref(what->scripts);
    tn_error_reset(&err);
    return status;
}

static int run(struct tn_cli *cli)
{
    struct tn_settings     settings = {.translation_max_text = SQL_MAX, .translation_workers = 1, .translation_memory = (uint64_t)1 << 30,
                                       .translation_cache = 1 << 20, .translation_timeout_ms = (uint64_t)TIMEOUT_S * 1000};
    const char            *python = tn_cli_value(cli, "python");
    struct tn_translation  what = {.from = TN_DIALECT_POSTGRES};
    struct tn_translator  *translator;
    struct tn_error        err = TN_ERROR_INIT;
    struct tn_buf          sql;
    int                    status = dialect_of(cli, "from", &what.from);

    if (status == TN_CLI_OK)
        status = dialect_of(cli, "to", &what.to);
    if (status != TN_CLI_OK)
        return status;
    settings.translation_python = tn_str(python != NULL ? python : "python3");
    tn_buf_init(&sql, SQL_MAX);
    if (!read_sql(cli, &sql))
        status = tn_cli_fail("the statements cannot be read, or are longer than %d bytes", SQL_MAX);
    else if (tn_translator_new(&translator, &settings, NULL, &err) != TN_OK)
        status = tn_cli_fail("%s", err.message);
    else {
        status = with_scripts(cli, translator, &what, tn_buf_str(&sql));
        tn_translator_free(translator);
    }
    tn_buf_reset(&sql);
    return status;
}

static const struct tn_cli_option options[] = {
    {"from", "DIALECT", "what it is written in"},
    {"to", "DIALECT", "what it shall be in"},
    {"python", "FILE", "interpreter that has sqlglot (python3)"},
    {"script", "FILE...", "a script with transform(ast, src, dst); may be given again"},
    {"strict", NULL, "status 1 where the dialect has no words for something"},
    {NULL, NULL, NULL},
};

const struct tn_cli_command tn_cli_translate_command = {
    .name = "translate",
    .operands = "[SQL]",
    .summary = "translate statements from one SQL dialect to another",
    .text = "Writes what the server would send to an engine of the dialect --to for a statement in the dialect --from. Several\n"
            "statements are translated one by one; `-`, or no operand, reads them from standard input. No server is asked.\n"
            "\n"
            "Dialects: postgres, duckdb, sqlite, mysql (MariaDB, StarRocks), trino, clickhouse, bigquery, snowflake, spark.\n"
            "What the other dialect has no words for is told on standard error.\n",
    .examples = "  turnout translate --from postgres --to sqlite \"SELECT now() - interval '3 days'\"\n"
                "  turnout translate --from mysql --to trino < report.sql\n",
    .options = options,
    .operands_min = 0,
    .operands_max = 1,
    .run = run,
};
