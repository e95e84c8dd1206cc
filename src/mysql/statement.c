/* Prepared statements: COM_STMT_PREPARE, EXECUTE, SEND_LONG_DATA, RESET, CLOSE. Cursors: rows.c. */
#include "mysql/private.h"
#include "mysql/versioned.h"

#include "base/alloc.h"
#include "frontend/mysql/my_params.h"
#include "mysql/catalog_ask.h"
#include "mysql/heads.h"
#include "mysql/plain.h"

#define LAST_PREPARED UINT32_MAX /* MariaDB's clients send an execution behind its PREPARE without waiting for the number */

enum { PARAMS_MAX = 65535, PIECE_COST = 256 }; /* PIECE_COST: memory of a parameter in pieces beside its bytes, about */

static struct tn_str key_of(const uint32_t *id)
{
    return tn_str_n((const char *)id, sizeof *id);
}

struct tn_my_prepared *tn_my_statement_find(struct tn_my_session *s, uint32_t id)
{
    if (id == LAST_PREPARED)
        id = s->last_prepared;
    return tn_map_get(&s->prepared, key_of(&id));
}

static void drop_long_data(struct tn_my_session *s, struct tn_my_prepared *p)
{
    if (p->long_data == NULL)
        return;
    for (size_t i = 0; i < p->params; i++) {
        s->kept_bytes -= p->long_data[i].len + (p->long_data[i].max > 0 ? PIECE_COST : 0);
        tn_buf_reset(&p->long_data[i]);
    }
    s->kept_bytes -= p->params * sizeof *p->long_data;
    tn_free(p->long_data);
    p->long_data = NULL;
}

static void free_prepared(struct tn_my_session *s, struct tn_my_prepared *p)
{
    if (p == NULL)
        return;
    tn_my_rows_close(p->rows);
    drop_long_data(s, p);
    s->kept_bytes -= p->kept;
    tn_free((char *)(uintptr_t)p->text.ptr);
    tn_free((char *)(uintptr_t)p->plain.ptr);
    tn_free(p->types);
    tn_free(p);
}

void tn_my_statements_forget(struct tn_my_session *s)
{
    struct tn_map_entry *entry;
    size_t               at = 0;

    while ((entry = tn_map_next(&s->prepared, &at)) != NULL)
        free_prepared(s, entry->value);
    tn_map_reset(&s->prepared);
    s->preparing = NULL;
}

/* ---- PREPARE ---- */

static void fail(struct tn_my_session *s, uint16_t code, const char *sqlstate, const char *message)
{
    tn_my_fail(s, code, sqlstate, "%s", message);
    tn_my_statement_done(s, true);
}

static bool copy_str(struct tn_str from, struct tn_str *to)
{
    char *copy = tn_strndup(from.ptr, from.len);

    *to = tn_str_n(copy, from.len);
    return copy != NULL;
}

static struct tn_my_prepared *new_prepared(struct tn_my_session *s, struct tn_str sql)
{
    struct tn_my_prepared *p = tn_calloc(1, sizeof *p);
    struct tn_str          plain;

    if (p == NULL)
        return NULL;
    if (!tn_my_plain(sql, &s->arena, &plain, &p->params) || !copy_str(sql, &p->text) || !copy_str(plain, &p->plain)) {
        free_prepared(s, p);
        return NULL;
    }
    p->kept = sizeof *p + p->text.len + p->plain.len + p->params * sizeof *p->types;
    s->kept_bytes += p->kept;
    p->types = tn_calloc(p->params + 1, sizeof *p->types);
    p->own = (p->params == 0 ? tn_my_own_is(s, p->text) : tn_my_set_is(p->text)) || tn_my_catalog_is(s, p->text);
    p->assigns = !p->own && tn_my_assign_is(s, p->text);
    do
        p->id = ++s->next_statement;
    while (p->id == 0 || p->id == LAST_PREPARED || tn_my_statement_find(s, p->id) != NULL);
    if (p->types == NULL || !tn_map_put(&s->prepared, key_of(&p->id), p, NULL)) {
        free_prepared(s, p);
        return NULL;
    }
    return p;
}

static void put_param_definitions(struct tn_my_session *s, unsigned count)
{
    struct tn_my_definition definition = {.name = TN_STR("?"), .schema = TN_STR(""), .table = TN_STR(""), .original_table = TN_STR(""), .original = TN_STR(""),
                                          .column = {.type = TN_MY_TYPE_VAR_STRING, .charset = TN_MY_CHARSET_BINARY, .flags = TN_MY_FLAG_BINARY}};

    for (unsigned i = 0; i < count; i++) {
        struct tn_my_out out = tn_my_out(s);

        tn_my_put_definition(&out, &definition);
    }
    if (count > 0)
        tn_my_end_columns(s);
}

static void tell_prepared(struct tn_my_session *s, const struct tn_schema *schema, const struct tn_my_told *told)
{
    struct tn_my_prepared *p = s->preparing;
    struct tn_my_out       out = tn_my_out(s);
    size_t                 columns = schema == NULL ? 0 : schema->count;

    s->last_prepared = p->id;
    tn_my_put_prepared(&out, p->id, (uint16_t)columns, (uint16_t)p->params);
    put_param_definitions(s, p->params);
    if (columns == 0)
        return;
    out = tn_my_out(s);
    if (told != NULL && told->packets.len > 0)
        tn_my_put_told(&out, told, s->results_charset);
    else
        tn_my_put_asked(s, schema, p->text, told == NULL ? TN_STR("") : told->known);
    tn_my_end_columns(s);
}

static void on_described(struct tn_my_session *s, const struct tn_schema *schema, const struct tn_my_told *told)
{
    if (s->columns_told)
        return;
    s->columns_told = true;
    tell_prepared(s, schema, told);
}

void tn_my_prepare_done(struct tn_my_session *s, bool failed)
{
    struct tn_my_prepared *p = s->preparing;

    if (p == NULL)
        return;
    if (!failed && !s->columns_told)
        tell_prepared(s, NULL, NULL);
    s->preparing = NULL;
    if (failed)
        free_prepared(s, tn_map_remove(&s->prepared, key_of(&p->id)));
}

/* s->statement is what is prepared. */
static void prepare_it(struct tn_my_session *s)
{
    struct tn_my_run run = {.kind = TN_RUN_DESCRIBE};

    s->preparing = new_prepared(s, s->statement);
    if (s->preparing == NULL || s->preparing->params > PARAMS_MAX) {
        bool many = s->preparing != NULL;

        tn_my_prepare_done(s, true);
        fail(s, many ? 1390 : 1037, "HY000", many ? "Prepared statement contains too many placeholders" : "no memory for a statement");
        return;
    }
    if (s->preparing->own || s->preparing->assigns) {
        s->statement = s->preparing->text;
        s->on_schema = on_described;
        if (s->preparing->own && tn_my_catalog_select(s, s->preparing->text, true))
            return;
        s->on_schema = NULL;
        tell_prepared(s, NULL, NULL);
        s->preparing = NULL;
        tn_my_statement_done(s, false);
        return;
    }
    if (!tn_my_state_fill(s, s->preparing->text, s->preparing->plain, &run)) {
        tn_my_prepare_done(s, true);
        fail(s, 1037, "HY001", "no memory for a statement");
        return;
    }
    s->on_schema = on_described;
    tn_my_run(s, &run);
}

void tn_my_prepare(struct tn_my_session *s, struct tn_str sql)
{
    struct tn_str statement, second;
    size_t        at = 0;

    tn_arena_reset(&s->arena);
    tn_my_count_statement(s);
    s->last_prepared = 0;
    if ((!tn_my_mode_is_usual(s->mode) || tn_str_has(sql, TN_STR("@`"))) && !tn_my_usual(s, &sql)) {
        fail(s, 1037, "HY001", "no memory for a statement");
        return;
    }
    if (tn_utf8_valid_prefix(sql.ptr, sql.len) < sql.len || (sql.len > 0 && memchr(sql.ptr, '\0', sql.len) != NULL)) {
        fail(s, 1300, "HY000", "the statement is no UTF-8 text");
        return;
    }
    if (!tn_statement_next(sql, TN_DIALECT_MYSQL, &at, &statement)) {
        fail(s, 1065, "42000", "Query was empty");
        return;
    }
    if (tn_statement_next(sql, TN_DIALECT_MYSQL, &at, &second)) {
        fail(s, 1064, "42000", "a prepared statement is one statement");
        return;
    }
    if (!tn_my_versions_agree(statement)) {
        fail(s, 1235, "42000", TN_MY_VERSIONS_DIFFER);
        return;
    }
    if (s->prepared.count >= TN_MY_STATEMENTS || s->kept_bytes + 2 * sql.len > TN_MY_KEPT_BYTES) {
        fail(s, 1461, "42000", "Can't create more prepared statements in this session: close some");
        return;
    }
    s->statement = statement;
    tn_my_place(s, prepare_it);
}

/* ---- EXECUTE ---- */

static enum tn_status read_params(struct tn_my_session *s, struct tn_my_prepared *p, struct tn_my_cursor *rest, struct tn_params *out, struct tn_error *err)
{
    struct tn_param          *params = tn_arena_zalloc(&s->arena, (p->params + 1) * sizeof *params);
    struct tn_str            *pieces = p->long_data == NULL ? NULL : tn_arena_zalloc(&s->arena, p->params * sizeof *pieces);
    struct tn_my_param_source source = {.count = p->params, .types = p->types, .types_known = &p->types_known, .long_data = pieces,
                                        .style = &s->settings->style, .integral_doubles = s->doubles_are_numbers,
                                        .charset = tn_my_charset_of_client(s)};

    if (params == NULL || (p->long_data != NULL && pieces == NULL))
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for parameters");
    for (size_t i = 0; pieces != NULL && i < p->params; i++)
        if (p->long_data[i].max > 0)
            pieces[i] = p->long_data[i].len > 0 ? tn_buf_str(&p->long_data[i]) : TN_STR("");
    *out = (struct tn_params){.count = p->params, .items = params};
    return p->params == 0 ? TN_OK : tn_my_read_params(rest, &source, &s->arena, params, err);
}

static void answer(struct tn_my_session *s)
{
    if (!tn_my_own(s, s->statement))
        tn_my_query_run(s, s->statement);
}

void tn_my_statement_unknown(struct tn_my_session *s, uint32_t id, const char *what)
{
    tn_my_fail(s, 1243, "HY000", "Unknown prepared statement handler (%u) given to %s", id, what);
    tn_my_statement_done(s, true);
}

static bool is_parametric_set(const struct tn_my_prepared *p)
{
    return p->own && p->params > 0 && tn_my_set_is(p->text);
}

/* SET x = ?: as if it had been said with its values. */
static void execute_set(struct tn_my_session *s, struct tn_my_prepared *p, struct tn_my_execute *execution)
{
    struct tn_params params = {.count = 0};
    struct tn_error  err = TN_ERROR_INIT;

    if (read_params(s, p, &execution->rest, &params, &err) != TN_OK) {
        tn_my_error(s, &err);
        tn_error_reset(&err);
        tn_my_statement_done(s, true);
    } else if (!tn_my_set_text(s, p->text, &params, &s->statement)) {
        fail(s, 1037, "HY001", "no memory for a statement");
    } else if (!tn_my_theirs_ask(s, s->statement, answer)) {
        answer(s);
    }
}

static void execute(struct tn_my_session *s, struct tn_my_prepared *p, struct tn_my_execute *execution)
{
    struct tn_my_run run = {.kind = TN_RUN_EXECUTE};
    enum tn_status   status;
    TN_ERROR_LOCAL(err);

    s->binary = true;
    tn_my_wait(s);
    if (is_parametric_set(p)) {
        execute_set(s, p, execution);
        return;
    }
    if (p->own) {
        s->statement = p->text;
        if (p->params > 0 && read_params(s, p, &execution->rest, &s->params, &err) != TN_OK) {
            tn_my_error(s, &err);
            tn_error_reset(&err);
            tn_my_statement_done(s, true);
            return;
        }
        if (p->params == 0 && (tn_my_found_ask(s, p->text, answer) || tn_my_theirs_ask(s, p->text, answer)))
            return;
        if (tn_my_own(s, p->text))
            return;
        if (p->params > 0) {
            fail(s, 1235, "42000", "This command is not supported in the prepared statement protocol yet");
            return;
        }
    }
    status = read_params(s, p, &execution->rest, &run.params, &err);
    s->params = status == TN_OK && p->assigns ? run.params : s->params;
    if (status == TN_OK && p->assigns && tn_my_assign(s, p->text))
        return;
    if (status == TN_OK && !tn_my_state_fill(s, p->text, p->plain, &run))
        status = tn_fail(&err, TN_E_NOMEM, "53200", "no memory for a statement");
    if (status != TN_OK) {
        tn_my_error(s, &err);
        tn_error_reset(&err);
        tn_my_statement_done(s, true);
        return;
    }
    if ((execution->flags & TN_MY_CURSOR_READ_ONLY) != 0)
        tn_my_rows_open(s, p, &run);
    else
        tn_my_run(s, &run);
}

void tn_my_execute(struct tn_my_session *s, struct tn_str body)
{
    struct tn_my_execute   execution;
    struct tn_my_prepared *p;
    TN_ERROR_LOCAL(err);

    tn_arena_reset(&s->arena);
    tn_my_count_statement(s);
    if (tn_my_parse_execute(body, &execution, &err) != TN_OK) {
        tn_my_fatal(s, &err, "malformed packet");
        return;
    }
    p = tn_my_statement_find(s, execution.statement);
    if (p == NULL) {
        tn_my_statement_unknown(s, execution.statement, "mysqld_stmt_execute");
        return;
    }
    tn_my_rows_close(p->rows);
    if (p->long_refused) {
        p->long_refused = false;
        fail(s, 1105, "HY000", "Parameter of prepared statement which is set through mysql_send_long_data() is too long: a session keeps 256 MiB");
        return;
    }
    execute(s, p, &execution);
    p = tn_my_statement_find(s, execution.statement);
    if (p != NULL) /* its values are copied by now; they are of this execution, whatever became of it */
        drop_long_data(s, p);
}

/* ---- the others ---- */

/* The place of a parameter that comes in pieces, and room for LEN more bytes of it. False: too much, or no memory. */
static bool keep_piece(struct tn_my_session *s, struct tn_my_prepared *p, uint16_t param, size_t len)
{
    size_t table = p->long_data == NULL ? p->params * sizeof *p->long_data : 0;

    if (s->kept_bytes + table + PIECE_COST + len > TN_MY_KEPT_BYTES)
        return false;
    if (p->long_data == NULL && (p->long_data = tn_calloc(p->params, sizeof *p->long_data)) == NULL)
        return false;
    s->kept_bytes += table;
    if (p->long_data[param].max == 0) {
        tn_buf_init(&p->long_data[param], TN_MY_KEPT_BYTES);
        s->kept_bytes += PIECE_COST;
    }
    return true;
}

void tn_my_long_data(struct tn_my_session *s, struct tn_str body)
{
    struct tn_my_cursor    cursor = tn_my_cursor_of(body);
    uint32_t               id = tn_my_get_u32(&cursor);
    uint16_t               param = tn_my_get_u16(&cursor);
    struct tn_str          data = tn_my_get_rest(&cursor);
    struct tn_my_prepared *p = cursor.failed ? NULL : tn_my_statement_find(s, id);
    struct tn_error        err = TN_ERROR_INIT;

    if (p == NULL || param >= p->params) /* there is no answer to it, not even to a wrong one */
        return;
    if (p->long_refused)
        return;
    if (!keep_piece(s, p, param, data.len)) {
        drop_long_data(s, p);
        p->long_refused = true;
        return;
    }
    tn_buf_put_str(&p->long_data[param], data);
    if (p->long_data[param].failed) {
        tn_fail(&err, TN_E_NOMEM, "53200", "no memory for a parameter");
        tn_my_fatal(s, &err, "no memory for a parameter");
        return;
    }
    s->kept_bytes += data.len;
}

void tn_my_statement_close(struct tn_my_session *s, struct tn_str body)
{
    struct tn_my_cursor cursor = tn_my_cursor_of(body);
    uint32_t            id = tn_my_get_u32(&cursor);

    if (!cursor.failed)
        free_prepared(s, tn_map_remove(&s->prepared, key_of(&id)));
}

void tn_my_statement_reset(struct tn_my_session *s, struct tn_str body)
{
    struct tn_my_cursor    cursor = tn_my_cursor_of(body);
    uint32_t               id = tn_my_get_u32(&cursor);
    struct tn_my_prepared *p = cursor.failed ? NULL : tn_my_statement_find(s, id);

    if (p == NULL) {
        tn_my_statement_unknown(s, id, "mysqld_stmt_reset");
        return;
    }
    tn_my_rows_close(p->rows);
    drop_long_data(s, p);
    p->long_refused = false;
    tn_my_ok(s, 0, 0);
}
