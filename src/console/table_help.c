/* The tables and commands, and the tables' columns. */
#include "console/console_command.h"
#include "console/console_table.h"

enum tn_status tn_console_help(struct tn_console_source *source, struct tn_console_rows *rows, struct tn_error *err)
{
    (void)source;
    (void)err;
    for (size_t i = 0; i < TN_CONSOLE_TABLES; i++) {
        tn_rows_c(rows, "table");
        tn_rows_c(rows, tn_console_table((enum tn_console_table_id)i)->name);
        tn_rows_c(rows, tn_console_table((enum tn_console_table_id)i)->help);
    }
    for (size_t i = 0; i < TN_CONSOLE_COMMANDS; i++) {
        tn_rows_c(rows, "command");
        tn_rows_c(rows, tn_console_command_usage((enum tn_console_command)i));
        tn_rows_c(rows, tn_console_command_help((enum tn_console_command)i));
    }
    return TN_OK;
}

enum tn_status tn_console_table_columns(struct tn_console_source *source, struct tn_console_rows *rows, struct tn_error *err)
{
    (void)source;
    (void)err;
    for (size_t i = 0; i < TN_CONSOLE_TABLES; i++) {
        size_t                          count;
        const struct tn_console_column *columns = tn_console_columns_of((enum tn_console_table_id)i, &count);

        for (size_t c = 0; c < count; c++) {
            tn_rows_c(rows, tn_console_table((enum tn_console_table_id)i)->name);
            tn_rows_u64(rows, c + 1);
            tn_rows_c(rows, columns[c].name);
            tn_rows_c(rows, columns[c].type);
            tn_rows_c(rows, columns[c].help);
        }
    }
    return TN_OK;
}
