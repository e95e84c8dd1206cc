#include "tools/cli/cli.h"

#include "base/fd.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <unistd.h>

static const struct tn_cli_command *const commands[] = {
#define COMMAND(name) &tn_cli_##name##_command,
#include "tools/cli/commands.def"
#undef COMMAND
};

static const char *const command_names[] = {
#define COMMAND(name) #name,
#include "tools/cli/commands.def"
#undef COMMAND
};

const struct tn_cli_command *tn_cli_find(const char *name)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(commands); i++)
        if (strcmp(command_names[i], name) == 0)
            return commands[i];
    return NULL;
}

const char *tn_cli_suggest(const char *name, const char *const *names, size_t count)
{
    const char *best = NULL;
    unsigned    limit = strlen(name) < 4 ? 1 : 2, best_distance = limit + 1;

    for (size_t i = 0; i < count; i++) {
        unsigned distance = tn_str_distance(tn_str(name), tn_str(names[i]), limit);

        if (distance < best_distance) {
            best = names[i];
            best_distance = distance;
        }
    }
    return best;
}

/* ---- messages and output ---- */

static void complain(const char *fmt, va_list args) TN_PRINTF(1, 0);

static void complain(const char *fmt, va_list args)
{
    fputs("turnout: ", stderr);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
}

int tn_cli_fail(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    complain(fmt, args);
    va_end(args);
    return TN_CLI_FAILED;
}

int tn_cli_usage(const struct tn_cli *cli, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    complain(fmt, args);
    va_end(args);
    if (cli->command != NULL)
        fprintf(stderr, "Try `turnout help %s`.\n", cli->command->name);
    else
        fputs("Try `turnout help`.\n", stderr);
    return TN_CLI_USAGE;
}

bool tn_cli_flush(struct tn_cli *cli)
{
    int error = tn_fd_write(STDOUT_FILENO, tn_buf_str(&cli->out));

    tn_buf_clear(&cli->out);
    if (error == 0)
        return true;
    if (error != EPIPE) { /* `turnout history | head`: nothing to complain of */
        tn_cli_fail("cannot write the output: %s", strerror(error));
        cli->output_failed = true;
    }
    return false;
}

/* ---- arguments ---- */

const char *tn_cli_value(const struct tn_cli *cli, const char *option)
{
    for (size_t i = 0; cli->command->options[i].name != NULL; i++)
        if (strcmp(cli->command->options[i].name, option) == 0)
            return cli->values[i];
    return NULL;
}

const char *tn_cli_again(const struct tn_cli *cli, const char *option, size_t *at)
{
    while (*at < cli->again_count) {
        size_t place = (*at)++;

        if (strcmp(cli->command->options[cli->again_option[place]].name, option) == 0)
            return cli->again[place];
    }
    return NULL;
}

bool tn_cli_has(const struct tn_cli *cli, const char *option)
{
    return tn_cli_value(cli, option) != NULL;
}

static int unknown_option(const struct tn_cli *cli, const char *arg, size_t name_len)
{
    const char *names[TN_CLI_OPTIONS + 1] = {"help"}, *near;
    char        name[64];
    size_t      count = 1;

    for (const struct tn_cli_option *o = cli->command->options; o->name != NULL; o++)
        names[count++] = o->name;
    tn_str_copy(name, sizeof name, tn_str_n(arg + 2, name_len));
    near = tn_cli_suggest(name, names, count);
    if (near == NULL)
        return tn_cli_usage(cli, "%s has no option --%s", cli->command->name, name);
    return tn_cli_usage(cli, "%s has no option --%s; did you mean --%s?", cli->command->name, name, near);
}

static bool may_repeat(const struct tn_cli_option *option)
{
    size_t len = option->arg == NULL ? 0 : strlen(option->arg);

    return len > 3 && strcmp(option->arg + len - 3, "...") == 0;
}

static int read_again(struct tn_cli *cli, const struct tn_cli_option *option, const char *equals, int argc, char **argv, int *at)
{
    if (cli->again_count == TN_CLI_AGAIN)
        return tn_cli_usage(cli, "--%s is given too often", option->name);
    if (equals == NULL && *at + 1 == argc)
        return tn_cli_usage(cli, "--%s needs a value (%s)", option->name, option->arg);
    cli->again_option[cli->again_count] = (size_t)(option - cli->command->options);
    cli->again[cli->again_count++] = equals != NULL ? equals + 1 : argv[++*at];
    return 0;
}

/* ARGV[*AT] begins with two dashes. 0, or the exit status. */
static int read_option(struct tn_cli *cli, int argc, char **argv, int *at)
{
    const char *arg = argv[*at], *equals = strchr(arg, '=');
    size_t      len = equals == NULL ? strlen(arg) - 2 : (size_t)(equals - arg) - 2;

    for (size_t i = 0; cli->command->options[i].name != NULL; i++) {
        const struct tn_cli_option *option = &cli->command->options[i];

        if (!tn_str_eq_c(tn_str_n(arg + 2, len), option->name))
            continue;
        if (cli->values[i] != NULL && !may_repeat(option))
            return tn_cli_usage(cli, "--%s is given twice", option->name);
        if (cli->values[i] != NULL)
            return read_again(cli, option, equals, argc, argv, at);
        if (option->arg == NULL) {
            if (equals != NULL)
                return tn_cli_usage(cli, "--%s takes no value", option->name);
            cli->values[i] = "";
        } else if (equals != NULL) {
            cli->values[i] = equals + 1;
        } else if (*at + 1 < argc) {
            cli->values[i] = argv[++*at];
        } else {
            return tn_cli_usage(cli, "--%s needs a value (%s)", option->name, option->arg);
        }
        return 0;
    }
    return unknown_option(cli, arg, len);
}

/* ARGV without program and command. Operands are gathered at its front. 0, or the exit status. */
static int read_arguments(struct tn_cli *cli, int argc, char **argv)
{
    bool only_operands = false;

    cli->operands = argv;
    for (int i = 0; i < argc; i++) {
        int status = 0;

        if (!only_operands && strcmp(argv[i], "--") == 0)
            only_operands = true;
        else if (!only_operands && strncmp(argv[i], "--", 2) == 0)
            status = read_option(cli, argc, argv, &i);
        else if (!only_operands && argv[i][0] == '-' && argv[i][1] != '\0')
            status = tn_cli_usage(cli, "%s has no option %s", cli->command->name, argv[i]);
        else if (cli->operand_count == cli->command->operands_max)
            status = tn_cli_usage(cli, "%s: one argument too many: %s", cli->command->name, argv[i]);
        else
            cli->operands[cli->operand_count++] = argv[i];
        if (status != 0)
            return status;
    }
    if (cli->operand_count < cli->command->operands_min)
        return tn_cli_usage(cli, "%s needs %s", cli->command->name, cli->command->operands);
    return 0;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

/* ---- dispatch ---- */

static int unknown_command(const struct tn_cli *cli, const char *name)
{
    const char *near = tn_cli_suggest(name, command_names, TN_ARRAY_LEN(command_names));

    if (name[0] == '-')
        return tn_cli_usage(cli, "unknown option %s", name);
    if (near == NULL)
        return tn_cli_usage(cli, "unknown command `%s`", name);
    return tn_cli_usage(cli, "unknown command `%s`; did you mean `%s`?", name, near);
}

static int run_command(struct tn_cli *cli, int argc, char **argv)
{
    int status;

    if (argc < 2) {
        struct tn_buf text;

        tn_buf_init(&text, TN_CLI_OUTPUT_MAX);
        tn_cli_help(&text, NULL);
        fprintf(stderr, TN_STR_FMT, TN_STR_ARG(tn_buf_str(&text)));
        tn_buf_reset(&text);
        return TN_CLI_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        tn_cli_help(&cli->out, NULL);
        return TN_CLI_OK;
    }
    cli->command = tn_cli_find(strcmp(argv[1], "--version") == 0 ? "version" : argv[1]);
    if (cli->command == NULL)
        return unknown_command(cli, argv[1]);
    if (asks_for_help(argc - 2, argv + 2)) {
        tn_cli_help(&cli->out, cli->command);
        return TN_CLI_OK;
    }
    status = read_arguments(cli, argc - 2, argv + 2);
    return status != 0 ? status : cli->command->run(cli);
}

int tn_cli_run(int argc, char **argv, int (*serve)(const struct tn_serve_options *options))
{
    struct tn_cli cli = {.serve = serve};
    int           status;

    signal(SIGPIPE, SIG_IGN);
    tn_buf_init(&cli.out, TN_CLI_OUTPUT_MAX);
    status = run_command(&cli, argc, argv);
    if (cli.out.failed)
        status = tn_cli_fail("the output is too large, or there is no memory for it");
    else
        (void)tn_cli_flush(&cli);
    if (cli.output_failed && status == TN_CLI_OK)
        status = TN_CLI_FAILED;
    tn_buf_reset(&cli.out);
    return status;
}
