/* console_command.h - what the console does besides SELECT (console_commands.def). */
#ifndef TN_CONSOLE_CONSOLE_COMMAND_H
#define TN_CONSOLE_CONSOLE_COMMAND_H

#include "base/buf.h"
#include "server.h"

enum tn_console_command {
#define CONSOLE_COMMAND(name, words, usage, help) TN_CONSOLE_COMMAND_##name,
#include "console/console_commands.def"
#undef CONSOLE_COMMAND
    TN_CONSOLE_COMMANDS
};

const char *tn_console_command_usage(enum tn_console_command command);
const char *tn_console_command_help(enum tn_console_command command);
void        tn_console_command_tag(enum tn_console_command command, char *out, size_t size); /* "RELOAD" */

/* Which command SQL is, its operand (without quotes; empty = none given) in *OPERAND; TN_CONSOLE_COMMANDS: none. */
enum tn_console_command tn_console_command_find(struct tn_str sql, struct tn_str *operand);
bool                    tn_console_is_command(struct tn_str sql);

/* Does it; RESULT gets a line that says what was done. Offload pool: may block. */
TN_MUST_USE enum tn_status tn_console_command_run(struct tn_server *server, enum tn_console_command command, struct tn_str operand,
                                                  const _Atomic bool *interrupted, struct tn_buf *result, struct tn_error *err);

#endif
