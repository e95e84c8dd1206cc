/* check.c - everything that is wrong with a configuration file, in one run. */
#include "tools/cli/cli.h"

#include "auth/security.h"
#include "base/json.h"
#include "config/config.h"
#include "policies/route/route.h"
#include "translate/script_check.h"
#include "translate/translator.h"

/* As a statement would start it: what is wrong here is found by the first that waits for it otherwise. */
static void check_python(const struct tn_config *draft, struct tn_problems *problems)
{
    struct tn_str python = draft->settings.translation_python;
    char          why[512];

    if (!draft->settings.translation_enabled)
        return;
    switch (tn_translator_probe(&draft->settings, why, sizeof why)) {
    case TN_PYTHON_FIT: break;
    case TN_PYTHON_UNFIT:
        tn_config_settings_problem(draft, problems, TN_PROBLEM_WARNING, "translation.python",
                                   "SQL will not be translated as tested: %s; `" TN_STR_FMT " -m pip install sqlglot==" TN_SQLGLOT_VERSION "`", why, TN_STR_ARG(python));
        break;
    case TN_PYTHON_MISSING:
        tn_config_settings_problem(draft, problems, TN_PROBLEM_ERROR, "translation.python",
                                   "does not run as Python: %s; name an interpreter that has sqlglot " TN_SQLGLOT_VERSION, why);
    }
}

static void check_router(void *check, struct tn_script *script, unsigned line, const char *path)
{
    tn_script_check_one(check, script, "route", line, path);
}

static void check_parts(const struct tn_config *draft, struct tn_problems *problems, void *arg)
{
    struct tn_script_book  book;
    struct tn_script_check check;

    tn_script_check_begin(&check, &draft->settings, problems);
    tn_routes_check_scripts(draft, problems, check_router, &check);
    if (tn_script_book_read(&book, draft, problems) == TN_OK)
        tn_script_check_book(&check, draft, &book);
    tn_script_book_reset(&book);
    tn_script_check_end(&check);
    tn_security_check(draft, problems, arg);
    check_python(draft, problems);
}

static void put_json(struct tn_buf *out, const char *file, bool ok, const struct tn_problems *problems)
{
    struct tn_json json = {.buf = out};

    tn_json_open(&json, NULL, '{');
    tn_json_text(&json, "file", file);
    tn_json_bool(&json, "ok", ok);
    tn_json_u64(&json, "errors", problems->errors);
    tn_json_u64(&json, "warnings", problems->warnings);
    tn_json_open(&json, "problems", '[');
    for (size_t i = 0; i < problems->count; i++) {
        tn_json_open(&json, NULL, '{');
        tn_json_text(&json, "kind", problems->items[i].kind == TN_PROBLEM_ERROR ? "error" : "warning");
        tn_json_u64(&json, "line", problems->items[i].line);
        tn_json_text(&json, "path", problems->items[i].path);
        tn_json_text(&json, "text", problems->items[i].text);
        tn_json_close(&json, '}');
    }
    tn_json_close(&json, ']');
    tn_json_close(&json, '}');
    tn_buf_puts(out, "\n");
}

static void put_count(struct tn_buf *out, const char *before, size_t n, const char *what)
{
    tn_buf_printf(out, "%s %zu %s%s", before, n, what, n == 1 ? "" : "s");
}

static void put_counts(struct tn_buf *out, const struct tn_config *config)
{
    put_count(out, "", config->cluster_count, "cluster");
    put_count(out, ",", config->group_count, "group");
    put_count(out, ",", config->routers != NULL ? config->routers->count : 0, "router");
}

static void put_text(struct tn_buf *out, const char *file, const struct tn_config *config,
                     const struct tn_problems *problems)
{
    tn_problems_print(problems, out);
    tn_buf_printf(out, "%s:%s", file, config != NULL ? " ok:" : "");
    if (config != NULL)
        put_counts(out, config);
    else
        put_count(out, "", problems->errors, "error");
    if (problems->warnings > 0)
        put_count(out, ",", problems->warnings, "warning");
    tn_buf_puts(out, "\n");
}

static int run(struct tn_cli *cli)
{
    const char        *file = tn_cli_value(cli, "config");
    struct tn_problems problems;
    struct tn_config  *config;
    bool               ok;

    if (file != NULL && cli->operand_count > 0)
        return tn_cli_usage(cli, "check: the file is given twice");
    if (cli->operand_count > 0)
        file = cli->operands[0];
    if (file == NULL)
        return tn_cli_usage(cli, "check needs FILE");
    tn_problems_init(&problems, file);
    ok = tn_config_load_checked(&config, file, &problems, check_parts, NULL) == TN_OK;
    tn_problems_sort(&problems);
    if (tn_cli_has(cli, "json"))
        put_json(&cli->out, file, ok, &problems);
    else
        put_text(&cli->out, file, ok ? config : NULL, &problems);
    if (problems.no_memory)
        tn_cli_fail("no memory for all the problems");
    tn_problems_reset(&problems);
    if (ok)
        tn_config_unref(config);
    return ok ? TN_CLI_OK : TN_CLI_FAILED;
}

static const struct tn_cli_option options[] = {
    {"config", "FILE", "the same as FILE"},
    {"json", NULL, "print JSON"},
    {NULL, NULL, NULL},
};

const struct tn_cli_command tn_cli_check_command = {
    .name = "check",
    .operands = "FILE",
    .summary = "say everything that is wrong with a configuration file",
    .text = "Reads FILE, compiles its routers and scripts, reads its certificates and users, starts its translation.python, and prints\n"
            "every problem with its line, its key and what to do.\n"
            "Opens no engine and no port. The exit status is 1 when there are errors, 0 when there are none or only\n"
            "warnings.\n",
    .examples = "  turnout check turnout.yaml\n  turnout check --json turnout.yaml\n",
    .options = options,
    .operands_max = 1,
    .run = run,
};
