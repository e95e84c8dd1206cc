/* One command: the first byte of a packet says which. */
#include "mysql/private.h"

#include "base/alloc.h"
#include "base/clock.h"

/* Settings, variables, prepared statements and the transaction are as after the log-in. */
void tn_my_reset(struct tn_my_session *s)
{
    struct tn_settings_list *fresh = tn_settings_list_new();

    tn_my_rows_drop(s);
    tn_my_transaction_drop(s);
    tn_my_statements_forget(s);
    tn_my_variables_forget(s);
    if (fresh != NULL) {
        tn_settings_list_unref(s->settings);
        s->settings = fresh;
    }
    s->mode = (struct tn_my_mode){.ansi_quotes = false};
    s->told_state[0] = '\0';
    tn_my_charset_begin(s);
    s->autocommit = true;
    s->read_only = s->once_read_only = false;
    s->isolation[0] = s->once_isolation[0] = '\0';
    s->last_insert_id = 0;
    tn_my_found_take(s, 0);
    tn_my_warnings_forget(s);
    s->row_count = 0;
    tn_my_database_settings(s);
}

static void good_bye(struct tn_my_session *s)
{
    tn_client_finish(&s->client);
    tn_my_close(s, "client said good-bye");
}

static void statistics(struct tn_my_session *s)
{
    struct tn_buf *out = tn_my_out(s).buf;
    size_t         begun = tn_my_begin_packet(out);
    uint64_t       uptime = (tn_clock_us() - s->runtime->server->started_us) / 1000000;
    uint64_t       questions = atomic_load(&s->mysql->statements);

    tn_buf_printf(out, "Uptime: %llu  Threads: %u  Questions: %llu  Slow queries: 0  Opens: 0  Open tables: 0  Queries per second avg: %.3f",
                  (unsigned long long)uptime, tn_places_taken(&s->mysql->places), (unsigned long long)questions,
                  uptime == 0 ? 0. : (double)questions / (double)uptime);
    tn_my_end_packet(out, begun, &s->sequence);
}

static void set_option(struct tn_my_session *s, struct tn_str body)
{
    struct tn_my_cursor cursor = tn_my_cursor_of(body);
    uint16_t            option = tn_my_get_u16(&cursor);

    if (cursor.failed || option > 1) {
        tn_my_fail(s, 1047, "08S01", "Unknown option of COM_SET_OPTION");
        return;
    }
    if (option == 0)
        s->capabilities |= TN_MY_CAP_MULTI_STATEMENTS;
    else
        s->capabilities &= ~TN_MY_CAP_MULTI_STATEMENTS;
    tn_my_end_rows(s);
}

static void kill_process(struct tn_my_session *s, struct tn_str body)
{
    struct tn_my_cursor cursor = tn_my_cursor_of(body);
    uint32_t            id = tn_my_get_u32(&cursor);

    if (cursor.failed)
        tn_my_fail(s, 1047, "08S01", "malformed COM_PROCESS_KILL");
    else
        tn_my_kill(s, id, false);
}

/* FLUSH in an old way: mariadb-dump --flush-logs, mysqladmin flush-tables. */
static void refresh(struct tn_my_session *s, struct tn_str body)
{
    static const char *const names[] = {"PRIVILEGES", "LOGS", "TABLES", "HOSTS", "STATUS"};
    uint8_t                  what = body.len > 0 ? (uint8_t)body.ptr[0] : 0;
    char                     sql[24];

    for (size_t i = 0; i < TN_ARRAY_LEN(names); i++)
        if (what == 1u << i) {
            snprintf(sql, sizeof sql, "FLUSH %s", names[i]);
            tn_my_query(s, tn_str(sql));
            return;
        }
    tn_my_fail(s, 1235, "42000", "COM_REFRESH of several things at once is not supported by Turnout: say FLUSH ..");
}

static void unknown(struct tn_my_session *s, uint8_t command)
{
    const char *name = tn_my_command_name(command);

    tn_count(&s->runtime->counters, TN_COUNTER_messages_invalid, 1);
    if (name != NULL)
        tn_my_fail(s, 1235, "42000", "%s is not supported by Turnout", name);
    else
        tn_my_fail(s, 1047, "08S01", "Unknown command %u", command);
}

static bool has_text(uint8_t command)
{
    return command == TN_MY_COM_QUERY || command == TN_MY_COM_STMT_PREPARE || command == TN_MY_COM_INIT_DB || command == TN_MY_COM_FIELD_LIST;
}

static void dispatch(struct tn_my_session *s, uint8_t command, struct tn_str body)
{
    if (has_text(command) && !tn_my_to_utf8(s, command == TN_MY_COM_QUERY || command == TN_MY_COM_STMT_PREPARE, &body))
        return;
    switch (command) {
    case TN_MY_COM_QUIT:                good_bye(s); break;
    case TN_MY_COM_INIT_DB:             tn_my_use(s, body); break;
    case TN_MY_COM_QUERY:               tn_my_query(s, body); break;
    case TN_MY_COM_FIELD_LIST:          tn_my_field_list(s, body); break;
    case TN_MY_COM_REFRESH:             refresh(s, body); break;
    case TN_MY_COM_STATISTICS:          statistics(s); break;
    case TN_MY_COM_PROCESS_INFO:        tn_my_show_processes(s, false); break;
    case TN_MY_COM_PROCESS_KILL:        kill_process(s, body); break;
    case TN_MY_COM_PING:                tn_my_ok(s, 0, 0); break;
    case TN_MY_COM_CHANGE_USER:         tn_my_change_user(s, body); break;
    case TN_MY_COM_STMT_PREPARE:        tn_my_prepare(s, body); break;
    case TN_MY_COM_STMT_EXECUTE:        tn_my_execute(s, body); break;
    case TN_MY_COM_STMT_BULK_EXECUTE:   tn_my_bulk_execute(s, body); break;
    case TN_MY_COM_STMT_SEND_LONG_DATA: tn_my_long_data(s, body); break;
    case TN_MY_COM_STMT_CLOSE:          tn_my_statement_close(s, body); break;
    case TN_MY_COM_STMT_RESET:          tn_my_statement_reset(s, body); break;
    case TN_MY_COM_STMT_FETCH:          tn_my_fetch(s, body); break;
    case TN_MY_COM_SET_OPTION:          set_option(s, body); break;
    case TN_MY_COM_RESET_CONNECTION:
        tn_my_reset(s);
        tn_my_ok(s, 0, 0);
        break;
    default: unknown(s, command); break;
    }
}

void tn_my_command(struct tn_my_session *s, struct tn_str body)
{
    uint8_t         command = body.len > 0 ? (uint8_t)body.ptr[0] : 0;
    TN_ERROR_LOCAL(err);

    if (body.len == 0) {
        tn_fail(&err, TN_E_INVALID, "08S01", "a packet without a command");
        tn_my_fatal(s, &err, "malformed packet");
        return;
    }
    s->binary = s->columns_told = s->more = s->whole = false;
    s->changed_count = 0;
    s->params = (struct tn_params){.count = 0};
    dispatch(s, command, tn_str_n(body.ptr + 1, body.len - 1));
}
