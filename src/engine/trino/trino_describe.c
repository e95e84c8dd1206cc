/* DESCRIBE INPUT and DESCRIBE OUTPUT of a statement that goes with the request, in the header of prepared statements. */
#include "engine/trino/trino_conn.h"
#include "engine/trino/trino_literal.h"

#define NAME "turnout_described"
enum { HEADER_MAX = 100 * 1024 }; /* Trino's limit of a request's head is 128 KiB */

static bool gives_rows(const struct tn_run *run)
{
    return run->features != NULL && (run->features->class == TN_CLASS_READ || run->features->verb == TN_VERB_SHOW);
}

static enum tn_status count_params(struct tn_trino_conn *c, struct tn_error *err)
{
    const struct tn_run *run = c->run;
    size_t               given = run->param_oid_count, highest = given;

    c->marks = tn_arena_zalloc(&c->run_arena, TN_TRINO_PARAMS_MAX * sizeof *c->marks);
    if (c->marks == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a description");
    tn_buf_clear(&c->scratch);
    TN_TRY(tn_trino_marks(&c->scratch, run->sql, c->marks, TN_TRINO_PARAMS_MAX, &c->mark_count, err));
    for (size_t i = 0; i < c->mark_count; i++)
        highest = TN_MAX(highest, (size_t)c->marks[i] + 1);
    c->param_count = highest;
    c->param_oids = tn_arena_zalloc(&c->run_arena, (highest + 1) * sizeof *c->param_oids);
    if (c->param_oids == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a description");
    for (size_t i = 0; i < given; i++)
        c->param_oids[i] = run->param_oids[i];
    return TN_OK;
}

static void ask(struct tn_trino_conn *c, enum tn_trino_sink sink, const char *text)
{
    tn_buf_clear(&c->text);
    tn_buf_puts(&c->text, text);
    tn_trino_ask(c, sink);
}

void tn_trino_describe_start(struct tn_trino_conn *c)
{
    struct tn_error err = TN_ERROR_INIT;

    c->described = 0;
    c->columns = (struct tn_trino_columns){.types = NULL};
    if (count_params(c, &err) == TN_OK && c->run->sql.len > HEADER_MAX) {
        tn_fail(&err, TN_E_LIMIT, "54000", "a statement of %zu bytes is too long to be described by Trino", c->run->sql.len);
        tn_error_hint(&err, "run it without Describe: with parameters' types given, or as a simple query");
    }
    if (err.status != TN_OK) {
        tn_error_blame(&err, TN_FAULT_QUERY, false);
        c->sink = TN_TRINO_SINK_INPUT;
        tn_trino_ask_ended(c, &err);
    } else {
        ask(c, TN_TRINO_SINK_INPUT, "DESCRIBE INPUT " NAME);
    }
}

void tn_trino_describe_put(struct tn_trino_conn *c, struct tn_buf *prepared)
{
    struct tn_buf   marked;
    size_t          count;

    tn_buf_init(&marked, TN_TRINO_TEXT_MAX);
    if (tn_trino_marks(&marked, c->run->sql, NULL, 0, &count, NULL) != TN_OK || marked.failed)
        prepared->failed = true;
    else
        tn_trino_item_put(prepared, TN_STR(NAME), tn_buf_str(&marked));
    tn_buf_reset(&marked);
}

/* The cells FROM and TO of a row whose cells are texts or numbers; false: it is no such row. */
static bool read_row(struct tn_trino_conn *c, struct tn_trino_json *in, struct tn_str *cells, size_t count)
{
    size_t i = 0;

    if (!tn_trino_json_enter(in, '['))
        return false;
    for (; tn_trino_json_item(in); i++) {
        struct tn_str ignored, *cell = i < count ? &cells[i] : &ignored;
        bool          text = tn_trino_json_peek(in) == TN_TRINO_JSON_STRING;

        if (text ? !tn_trino_json_text(in, &c->run_arena, cell) : !tn_trino_json_skip(in, cell))
            return false;
    }
    return i >= count && !in->failed;
}

/* Position, type. */
static bool input_row(struct tn_trino_conn *c, const struct tn_str *cells)
{
    struct tn_trino_type type;
    struct tn_column     column = {.name = TN_STR("")};
    uint64_t             position;
    size_t               param;

    if (!tn_str_to_u64(cells[0], TN_TRINO_PARAMS_MAX, &position))
        return false;
    if (position >= c->mark_count)
        return true;
    param = c->marks[position];
    tn_trino_type_parse(&type, cells[1]);
    if (param >= c->param_count || c->param_oids[param] != 0 || type.kind == TN_TRINO_UNKNOWN || type.kind == TN_TRINO_OTHER)
        return true;
    tn_trino_type_column(&column, &type);
    c->param_oids[param] = column.pg_oid;
    return true;
}

static bool grow_columns(struct tn_trino_conn *c)
{
    struct tn_column *columns;

    if ((c->described & (c->described - 1)) != 0 && c->described != 0)
        return true; /* room up to the next power of two */
    columns = tn_arena_zalloc(&c->run_arena, TN_MAX(c->described * 2, (size_t)1) * sizeof *columns);
    if (columns == NULL)
        return false;
    for (size_t i = 0; i < c->described; i++)
        columns[i] = c->columns.schema.columns[i];
    c->columns.schema.columns = columns;
    return true;
}

/* Name, catalog, schema, table, type. */
static bool output_row(struct tn_trino_conn *c, const struct tn_str *cells)
{
    struct tn_trino_type type;
    struct tn_column    *column;
    struct tn_str        name;

    if (c->described >= TN_TRINO_COLUMNS_MAX || !grow_columns(c) || !tn_arena_str(&c->run_arena, cells[0], &name))
        return false;
    column = &c->columns.schema.columns[c->described++];
    tn_trino_type_parse(&type, cells[4]);
    column->name = name;
    tn_trino_type_column(column, &type);
    c->columns.schema.count = c->described;
    return true;
}

bool tn_trino_describe_page(struct tn_trino_conn *c, struct tn_error *err)
{
    struct tn_str        cells[5] = {{NULL, 0}};
    struct tn_trino_json in;
    bool                 input = c->sink == TN_TRINO_SINK_INPUT, good = true;

    if (c->page.data.ptr == NULL)
        return true;
    tn_trino_json_begin(&in, c->page.data);
    if (!tn_trino_json_enter(&in, '['))
        return true;
    while (good && tn_trino_json_item(&in))
        good = read_row(c, &in, cells, input ? 2 : 5) && (input ? input_row(c, cells) : output_row(c, cells));
    if (!good || in.failed) {
        tn_fail(err, TN_E_ENGINE, "08P01", "the description of a statement cannot be read");
        return false;
    }
    return true;
}

bool tn_trino_describe_next(struct tn_trino_conn *c)
{
    struct tn_run *run = c->run;

    if (c->sink == TN_TRINO_SINK_INPUT) {
        run->events->params(run, c->param_count, c->param_oids);
        if (gives_rows(run) && !run->cancelled) {
            ask(c, TN_TRINO_SINK_OUTPUT, "DESCRIBE OUTPUT " NAME);
            return true;
        }
    }
    tn_run_columns(run, gives_rows(run) ? &c->columns.schema : NULL);
    return false;
}
