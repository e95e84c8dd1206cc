/* help.c - the help texts. tools/gen_man turns the very same into man pages: a heading stands at the start of a line and
 * ends in a colon, an entry is indented by two spaces, its explanation stands behind at least two more. */
#include "tools/cli/cli.h"

enum { COLUMN = 24 };

static const struct tn_cli_command *const commands[] = {
#define COMMAND(name) &tn_cli_##name##_command,
#include "tools/cli/commands.def"
#undef COMMAND
};

static void put_entry(struct tn_buf *out, const char *term, const char *help)
{
    size_t len = strlen(term);

    if (len + 4 > COLUMN)
        tn_buf_printf(out, "  %s\n%*s%s\n", term, COLUMN, "", help);
    else
        tn_buf_printf(out, "  %s%*s%s\n", term, (int)(COLUMN - 2 - len), "", help);
}

static void put_program(struct tn_buf *out)
{
    tn_buf_puts(out, "turnout - one SQL front door for many query engines\n\n"
                     "Usage: turnout COMMAND [OPTIONS]\n\n"
                     "Clients connect with the protocol they speak; rules, groups, capacity and health decide which engine\n"
                     "runs each query.\n\n"
                     "Commands:\n");
    for (size_t i = 0; i < TN_ARRAY_LEN(commands); i++)
        put_entry(out, commands[i]->name, commands[i]->summary);
    tn_buf_puts(out, "\nOptions:\n");
    put_entry(out, "-h, --help", "show this help; after a command, the command's");
    put_entry(out, "--version", "show the version");
    tn_buf_puts(out, "\nEnvironment:\n");
    put_entry(out, "TURNOUT_ADMIN", "address of the admin API (default http://127.0.0.1:7000)");
    put_entry(out, "TURNOUT_ADMIN_USER", "its user");
    put_entry(out, "TURNOUT_ADMIN_PASSWORD", "its password");
    put_entry(out, "TURNOUT_ADMIN_CA", "https: authorities to believe (PEM)");
    put_entry(out, "TURNOUT_LIBDUCKDB", "the DuckDB library to load, instead of looking for it");
    tn_buf_puts(out, "\nExit status:\n");
    put_entry(out, "0", "done");
    put_entry(out, "1", "failed; the message says why");
    put_entry(out, "2", "used wrongly");
    tn_buf_puts(out, "\nExamples:\n  turnout serve --config turnout.yaml\n  turnout check turnout.yaml\n"
                     "  turnout history --since 1h --outcome error\n");
}

static void put_options(struct tn_buf *out, const struct tn_cli_command *command)
{
    tn_buf_puts(out, "\nOptions:\n");
    for (const struct tn_cli_option *option = command->options; option->name != NULL; option++) {
        char term[64];

        snprintf(term, sizeof term, "--%s%s%s", option->name, option->arg != NULL ? " " : "",
                 option->arg != NULL ? option->arg : "");
        put_entry(out, term, option->help);
    }
    put_entry(out, "-h, --help", "show this help");
}

void tn_cli_help(struct tn_buf *out, const struct tn_cli_command *command)
{
    if (command == NULL) {
        put_program(out);
        return;
    }
    tn_buf_printf(out, "turnout %s - %s\n\n", command->name, command->summary);
    tn_buf_printf(out, "Usage: turnout %s [OPTIONS]%s%s\n\n%s", command->name, command->operands[0] != '\0' ? " " : "",
                  command->operands, command->text);
    put_options(out, command);
    if (command->examples != NULL)
        tn_buf_printf(out, "\nExamples:\n%s", command->examples);
}

static int run_help(struct tn_cli *cli)
{
    const struct tn_cli_command *command = NULL;

    if (cli->operand_count > 0) {
        command = tn_cli_find(cli->operands[0]);
        if (command == NULL)
            return tn_cli_usage(cli, "there is no command `%s`", cli->operands[0]);
    }
    tn_cli_help(&cli->out, command);
    return TN_CLI_OK;
}

static const struct tn_cli_option options[] = {{NULL, NULL, NULL}};

const struct tn_cli_command tn_cli_help_command = {
    .name = "help",
    .operands = "[COMMAND]",
    .summary = "show how a command is used",
    .text = "Shows the help of COMMAND, or without one the list of commands.\n",
    .options = options,
    .operands_max = 1,
    .run = run_help,
};
