/* cli.h - the subcommands of the `turnout` program. Each is one file, one `const struct tn_cli_command`, one line in
 * commands.def; help, man pages and errors come from these tables.
 *
 * Exit status: 0 done, 1 failed (the message says why), 2 used wrongly. */
#ifndef TN_CLI_CLI_H
#define TN_CLI_CLI_H

#include "base/buf.h"
#include "base/str.h"

struct tn_serve_options {
    const char *config_path;
};

/* The whole program: runs the command that ARGV names; SERVE is called for `serve`. The exit status. */
int tn_cli_run(int argc, char **argv, int (*serve)(const struct tn_serve_options *options));

/* ---- for the commands ---- */

enum { TN_CLI_OK = 0, TN_CLI_FAILED = 1, TN_CLI_USAGE = 2 };
enum { TN_CLI_OPTIONS = 24, TN_CLI_AGAIN = 15, TN_CLI_OUTPUT_MAX = 256 * 1024 * 1024 };

struct tn_cli_option {
    const char *name; /* without the dashes; NULL ends the list */
    const char *arg;  /* "FILE"; NULL = a switch; "FILE..." = may be given again: tn_cli_again() */
    const char *help;
};

struct tn_cli;

struct tn_cli_command {
    const char                 *name;
    const char                 *operands; /* "FILE" or "[on|off] CLUSTER", for the usage line; "" = none */
    const char                 *summary;  /* one line, lower case, no full stop */
    const char                 *text;     /* paragraphs */
    const char                 *examples; /* lines, two spaces in front; NULL = none */
    const struct tn_cli_option *options;
    int                         operands_min, operands_max;
    int (*run)(struct tn_cli *cli);
};

struct tn_cli {
    const struct tn_cli_command *command;
    const char                  *values[TN_CLI_OPTIONS]; /* of command->options; "" for a switch that is on; NULL = absent */
    const char                  *again[TN_CLI_AGAIN];    /* further values of options that may be given again */
    size_t                       again_option[TN_CLI_AGAIN]; /* of which */
    size_t                       again_count;
    int                          operand_count;
    char                       **operands;
    struct tn_buf                out; /* what goes to standard output when the command is done */
    bool                         output_failed;
    int (*serve)(const struct tn_serve_options *options);
};

/* The value of an option of this command; NULL when it was not given. */
const char *tn_cli_value(const struct tn_cli *cli, const char *option);
/* Further values of an option that was given several times, in their order, from *AT = 0 on; NULL: no more. */
const char *tn_cli_again(const struct tn_cli *cli, const char *option, size_t *at);
bool        tn_cli_has(const struct tn_cli *cli, const char *option);

/* "turnout: ..." to standard error; returns TN_CLI_FAILED, so that `return tn_cli_fail(...)` reads as one line. */
int tn_cli_fail(const char *fmt, ...) TN_PRINTF(1, 2);
/* The same with a pointer to the command's help; TN_CLI_USAGE. */
int tn_cli_usage(const struct tn_cli *cli, const char *fmt, ...) TN_PRINTF(2, 3);

/* Writes cli->out and empties it; for commands whose output is long or comes in parts. False: nobody reads it any more. */
bool tn_cli_flush(struct tn_cli *cli);

/* The closest of COUNT names, or NULL when none is near. */
const char *tn_cli_suggest(const char *name, const char *const *names, size_t count);

/* Help text of COMMAND (NULL: of the program). */
void tn_cli_help(struct tn_buf *out, const struct tn_cli_command *command);

const struct tn_cli_command *tn_cli_find(const char *name);

#define COMMAND(name) extern const struct tn_cli_command tn_cli_##name##_command;
#include "tools/cli/commands.def"
#undef COMMAND

#endif
