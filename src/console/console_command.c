#include "console/console_command.h"

#include "console/console_visit.h"
#include "learning.h"
#include "shadow.h"
#include "stats/lexer.h"
#include "stats/shape_list.h"

static const struct {
    const char *words, *usage, *help;
} commands[] = {
#define CONSOLE_COMMAND(name, words, usage, help) {words, usage, help},
#include "console/console_commands.def"
#undef CONSOLE_COMMAND
};

const char *tn_console_command_usage(enum tn_console_command command)
{
    return commands[command].usage;
}

const char *tn_console_command_help(enum tn_console_command command)
{
    return commands[command].help;
}

void tn_console_command_tag(enum tn_console_command command, char *out, size_t size)
{
    tn_str_copy(out, size, tn_str(commands[command].words));
}

/* The words at the beginning of SQL; *REST is what follows them. */
static bool begins_with(struct tn_str sql, const char *words, struct tn_str *rest)
{
    struct tn_lexer lexer;
    struct tn_token token;

    tn_lexer_init(&lexer, sql, TN_DIALECT_POSTGRES);
    while (*words != '\0') {
        size_t len = strcspn(words, " ");

        if (!tn_lexer_next(&lexer, &token) || token.kind != TN_TOKEN_WORD || !tn_str_ieq(token.text, tn_str_n(words, len)))
            return false;
        words += len + (words[len] == ' ' ? 1 : 0);
    }
    *rest = tn_str_n(sql.ptr + lexer.at, sql.len - lexer.at);
    return true;
}

/* pg-1, 'pg-1', "pg-1": from the first token of REST to the last. Comments around it and semicolons at its end are none of it. */
static struct tn_str plain(struct tn_str rest)
{
    const char     *first = NULL, *end = NULL;
    size_t          count = 0;
    bool            quoted = false;
    struct tn_lexer lexer;
    struct tn_token token;

    tn_lexer_init(&lexer, rest, TN_DIALECT_POSTGRES);
    while (tn_lexer_next(&lexer, &token)) {
        if (token.punct == ';')
            continue;
        first = first == NULL ? token.text.ptr : first;
        end = token.text.ptr + token.text.len;
        quoted = count++ == 0 && !token.unterminated && (token.text.ptr[0] == '\'' || token.text.ptr[0] == '"');
    }
    if (first == NULL)
        return tn_str_n(rest.ptr, 0);
    return quoted ? tn_str_n(first + 1, (size_t)(end - first) - 2) : tn_str_n(first, (size_t)(end - first));
}

/* RESET key: SHAPE may be left out, as nothing else looks like a key. */
static bool is_short_reset(struct tn_str sql, struct tn_str *operand)
{
    uint64_t key[2];

    if (!begins_with(sql, "RESET", operand))
        return false;
    *operand = plain(*operand);
    return tn_shape_key_parse(*operand, key);
}

enum tn_console_command tn_console_command_find(struct tn_str sql, struct tn_str *operand)
{
    if (is_short_reset(sql, operand))
        return TN_CONSOLE_COMMAND_RESET_SHAPE;
    for (size_t i = 0; i < TN_CONSOLE_COMMANDS; i++)
        if (begins_with(sql, commands[i].words, operand)) {
            *operand = plain(*operand);
            return (enum tn_console_command)i;
        }
    return TN_CONSOLE_COMMANDS;
}

bool tn_console_is_command(struct tn_str sql)
{
    struct tn_str operand;

    return tn_console_command_find(sql, &operand) != TN_CONSOLE_COMMANDS;
}

static enum tn_status fail_query(struct tn_error *err, const char *sqlstate, const char *what, struct tn_str name)
{
    enum tn_status status = tn_fail(err, TN_E_INVALID, sqlstate, "there is no %s `%.*s`", what, (int)TN_MIN(name.len, (size_t)100), name.ptr);

    tn_error_blame(err, TN_FAULT_QUERY, false);
    return status;
}

static void log_command(const char *action, struct tn_str target, const char *result)
{
    tn_log(TN_LOG_INFO, "operator", TN_LOG_TEXT("through", "console"), TN_LOG_TEXT("action", action), TN_LOG_STR("target", target),
           TN_LOG_TEXT("result", result));
}

static enum tn_status reload(struct tn_server *server, struct tn_buf *result, struct tn_error *err)
{
    struct tn_problems problems;
    char               keys[512];
    enum tn_status     status;

    tn_problems_init(&problems, server->config_path);
    status = tn_server_reload(server, &problems, keys, sizeof keys, err);
    log_command("reload", tn_str(server->config_path), status == TN_OK ? "ok" : "refused");
    if (status == TN_OK) {
        tn_buf_printf(result, "reloaded %s", server->config_path);
        if (keys[0] != '\0')
            tn_buf_printf(result, "; a restart is needed for %s", keys);
    } else {
        tn_error_blame(err, TN_FAULT_QUERY, false);
        if (problems.count > 0)
            tn_error_detail(err, "line %u: %s: %.300s", problems.items[0].line, problems.items[0].path, problems.items[0].text);
        tn_error_hint(err, "`turnout check %.300s` shows every mistake.", server->config_path);
    }
    tn_problems_reset(&problems);
    return status;
}

static enum tn_status maintenance(struct tn_server *server, struct tn_str name, bool on, struct tn_buf *result, struct tn_error *err)
{
    struct tn_snapshot *snapshot = tn_server_snapshot(server);
    struct tn_cluster  *cluster = tn_topology_cluster(snapshot->topology, name);
    enum tn_status      status = TN_OK;

    if (cluster == NULL) {
        status = fail_query(err, "42704", "cluster", name);
    } else {
        atomic_store(&cluster->maintenance, on);
        if (on)
            tn_shadow_stop(server, NULL, cluster);
        else
            tn_admission_kick(server->admission);
        log_command("maintenance", name, on ? "on" : "off");
        tn_buf_printf(result, TN_STR_FMT ": %s, %u queries running", TN_STR_ARG(name), on ? "in maintenance" : "in service",
                      atomic_load(&cluster->running));
    }
    tn_snapshot_unref(snapshot);
    return status;
}

static enum tn_status freeze(struct tn_server *server, struct tn_str name, bool on, struct tn_buf *result, struct tn_error *err)
{
    struct tn_snapshot *snapshot = tn_server_snapshot(server);
    bool                there = tn_topology_group(snapshot->topology, name) != NULL;

    tn_snapshot_unref(snapshot);
    if (!there)
        return fail_query(err, "42704", "group", name);
    TN_TRY(tn_freeze_set(server->freeze, name, on, err));
    if (on)
        tn_shadow_stop(server, &name, NULL);
    log_command("freeze", name, on ? "on" : "off");
    tn_buf_printf(result, TN_STR_FMT ": %s", TN_STR_ARG(name), on ? "frozen" : "learns again");
    return TN_OK;
}

static void visit_kill(struct tn_runtime *runtime, struct tn_console_visit *visit)
{
    struct tn_query *q = visit->found ? NULL : tn_query_find(runtime, visit->id);

    if (q == NULL)
        return;
    visit->found = true;
    tn_query_cancel(q, TN_CANCEL_ADMIN); /* may end it here and now */
}

static enum tn_status kill_query(struct tn_server *server, struct tn_str operand, const _Atomic bool *interrupted,
                                 struct tn_buf *result, struct tn_error *err)
{
    struct tn_console_visit *visit;
    uint64_t                 id;
    bool                     found;

    if (!tn_str_to_u64(operand, UINT64_MAX, &id)) {
        (void)fail_query(err, "22023", "query", operand);
        tn_error_hint(err, "The id of a query is a number: SELECT id, text FROM queries");
        return TN_E_INVALID;
    }
    TN_TRY(tn_console_visit(&visit, server, id, visit_kill, interrupted, err));
    found = visit->found;
    tn_console_visit_free(visit);
    log_command("kill", operand, found ? "told" : "not found");
    if (!found)
        return fail_query(err, "42704", "running or queued query", operand);
    tn_buf_printf(result, "query " TN_STR_FMT " was told to end", TN_STR_ARG(operand));
    return TN_OK;
}

static enum tn_status reset_shape(struct tn_server *server, struct tn_str operand, struct tn_buf *result, struct tn_error *err)
{
    bool     all = tn_str_ieq_c(operand, "all"), found;
    uint64_t key[2];

    if (!all && !tn_shape_key_parse(operand, key)) {
        (void)fail_query(err, "22023", "shape", operand);
        tn_error_hint(err, "A shape's key has 32 hexadecimal digits: SELECT shape, text FROM shapes; RESET SHAPE ALL forgets every one.");
        return TN_E_INVALID;
    }
    if (server->store == NULL) {
        (void)tn_fail(err, TN_E_INVALID, "55000", "there are no statistics: nothing is learned");
        tn_error_blame(err, TN_FAULT_QUERY, false);
        return TN_E_INVALID;
    }
    found = tn_learning_reset(server, all ? NULL : key);
    log_command("reset shape", operand, found ? "forgotten" : "not known");
    if (!found) {
        (void)fail_query(err, "42704", "shape", operand);
        tn_error_hint(err, "Nothing is known of it. SELECT shape, text FROM shapes has those that are.");
        return TN_E_INVALID;
    }
    tn_buf_printf(result, "forgotten: %s" TN_STR_FMT, all ? "every shape" : "shape ", all ? 0 : (int)operand.len, operand.ptr);
    return TN_OK;
}

enum tn_status tn_console_command_run(struct tn_server *server, enum tn_console_command command, struct tn_str operand,
                                      const _Atomic bool *interrupted, struct tn_buf *result, struct tn_error *err)
{
    bool wants = strpbrk(commands[command].usage, "abcdefghijklmnopqrstuvwxyz") != NULL;

    if (wants != (operand.len > 0)) {
        (void)tn_fail(err, TN_E_INVALID, "42601", wants ? "%s: the name is missing" : "%s takes no more words", commands[command].words);
        tn_error_blame(err, TN_FAULT_QUERY, false);
        tn_error_hint(err, "It is written: %s", commands[command].usage);
        return TN_E_INVALID;
    }
    switch (command) {
    case TN_CONSOLE_COMMAND_RELOAD:          return reload(server, result, err);
    case TN_CONSOLE_COMMAND_MAINTENANCE_ON:  return maintenance(server, operand, true, result, err);
    case TN_CONSOLE_COMMAND_MAINTENANCE_OFF: return maintenance(server, operand, false, result, err);
    case TN_CONSOLE_COMMAND_FREEZE:          return freeze(server, operand, true, result, err);
    case TN_CONSOLE_COMMAND_UNFREEZE:        return freeze(server, operand, false, result, err);
    case TN_CONSOLE_COMMAND_RESET_SHAPE:     return reset_shape(server, operand, result, err);
    case TN_CONSOLE_COMMAND_KILL:            return kill_query(server, operand, interrupted, result, err);
    default:                                 return TN_OK; /* answered by a SELECT */
    }
}
