/* Statements as the console and EXPLAIN ROUTE read them: which command it is, and what its operand is. */
#include "console/console_command.h"
#include "session/private.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tn_str           sql = tn_str_n((const char *)data, size), operand = {NULL, 0};
    enum tn_console_command command = tn_console_command_find(sql, &operand);
    bool                    asked = tn_explain_is_asked(sql);

    if (command != TN_CONSOLE_COMMANDS && operand.len > 0 && (operand.ptr < sql.ptr || operand.ptr + operand.len > sql.ptr + sql.len))
        abort(); /* the operand is a part of the statement */
    if (tn_console_is_command(sql) != (command != TN_CONSOLE_COMMANDS) || (asked && command != TN_CONSOLE_COMMANDS))
        abort();
    return 0;
}
