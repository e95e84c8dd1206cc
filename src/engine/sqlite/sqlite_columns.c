#include "engine/sqlite/sqlite_columns.h"

#include "base/clock.h"
#include "base/hash.h"

enum { PROBE_US = 2000, PROBE_OPS = 500 };

static enum tn_status fail_nomem(struct tn_error *err)
{
    return tn_fail(err, TN_E_NOMEM, "53200", "out of memory for a result");
}

/* Text, parameter types and declarations: what the types of the columns depend on. */
static uint64_t memo_key(const struct tn_sqlite_conn *conn)
{
    const struct tn_run *run = conn->run;
    uint64_t             key = tn_hash_str(run->sql);

    if (run->param_oid_count > 0)
        key = tn_hash_seeded(run->param_oids, run->param_oid_count * sizeof *run->param_oids, key);
    for (size_t i = 0; i < conn->builder.count; i++) {
        const char *declared = sqlite3_column_decltype(conn->stmt, (int)i);

        key = declared != NULL ? tn_hash_seeded(declared, strlen(declared), key) : tn_hash_mix(key + 1);
    }
    return key != 0 ? key : 1;
}

static struct tn_sqlite_type *copy_types(struct tn_sqlite_conn *conn, struct tn_arena *arena)
{
    size_t                 count = conn->builder.count;
    struct tn_sqlite_type *types = tn_arena_alloc(arena, (count + 1) * sizeof *types);

    for (size_t i = 0; types != NULL && i < count; i++)
        types[i] = conn->builder.columns[i].type;
    return types;
}

static enum tn_status make_schema(struct tn_sqlite_conn *conn, struct tn_arena *arena, struct tn_error *err)
{
    size_t            count = conn->builder.count;
    struct tn_schema *schema = tn_arena_alloc(arena, sizeof *schema);
    struct tn_column *columns = tn_arena_zalloc(arena, (count + 1) * sizeof *columns);

    if (schema == NULL || columns == NULL)
        return fail_nomem(err);
    *schema = (struct tn_schema){.count = count, .columns = columns};
    for (size_t i = 0; i < count; i++) {
        const char *name = sqlite3_column_name(conn->stmt, (int)i);

        if (name == NULL || !tn_arena_str(arena, tn_str(name), &columns[i].name))
            return fail_nomem(err);
        columns[i].type = conn->builder.columns[i].type.type;
        columns[i].precision = conn->builder.columns[i].type.precision;
        columns[i].scale = conn->builder.columns[i].type.scale;
        tn_column_set_pg(&columns[i]);
    }
    conn->schema = schema;
    return TN_OK;
}

/* The type that the values of column COLUMN in conn->cells have in common. */
static struct tn_sqlite_type seen_type(const struct tn_sqlite_conn *conn, size_t column, size_t rows)
{
    unsigned classes = 0;
    bool     wide = false;

    for (size_t row = 0; row < rows; row++) {
        const struct tn_sqlite_cell *cell = &conn->cells[row * conn->builder.count + column];

        if (cell->class != SQLITE_NULL)
            classes |= 1u << cell->class;
        wide = wide || (cell->class == SQLITE_INTEGER && tn_sqlite_is_wide(cell->i64));
    }
    return tn_sqlite_seen_type(classes, wide);
}

/* TN_E_INVALID with *MISFIT, the first cell that is not of the column's type. */
static enum tn_status fill_column(struct tn_sqlite_conn *conn, size_t column, size_t rows,
                                  const struct tn_sqlite_cell **misfit)
{
    struct tn_sqlite_column *out = &conn->builder.columns[column];

    tn_sqlite_column_clear(out);
    for (size_t row = 0; row < rows; row++) {
        *misfit = &conn->cells[row * conn->builder.count + column];
        TN_TRY(tn_sqlite_column_append(out, *misfit));
    }
    return TN_OK;
}

/* A declaration, then the values, then a guess from the name. */
static struct tn_sqlite_type first_choice(const struct tn_sqlite_conn *conn, size_t column, size_t rows)
{
    struct tn_sqlite_type type = tn_sqlite_declared_type(sqlite3_column_decltype(conn->stmt, (int)column));

    if (type.type == TN_TYPE_NULL)
        type = seen_type(conn, column, rows);
    if (type.type == TN_TYPE_NULL)
        type = tn_sqlite_guessed_type(sqlite3_column_name(conn->stmt, (int)column));
    return type;
}

static enum tn_status decide_column(struct tn_sqlite_conn *conn, size_t column, size_t rows, struct tn_error *err)
{
    struct tn_sqlite_column     *out = &conn->builder.columns[column];
    const struct tn_sqlite_cell *misfit = NULL;
    enum tn_status               status;

    if (!conn->told && out->type.type == TN_TYPE_NULL)
        out->type = first_choice(conn, column, rows);
    status = fill_column(conn, column, rows, &misfit);
    if (status == TN_E_INVALID && conn->told)
        return tn_sqlite_columns_misfit(conn, column, misfit, err);
    if (status == TN_E_INVALID) { /* the values do not keep what the declaration promises */
        out->type = seen_type(conn, column, rows);
        status = fill_column(conn, column, rows, &misfit);
    }
    return status == TN_OK ? TN_OK : fail_nomem(err);
}

/* Types that were told to a client are kept; those only seen before are where deciding starts. */
static enum tn_status recall(struct tn_sqlite_conn *conn, struct tn_arena *arena, struct tn_error *err)
{
    size_t                 count = conn->builder.count;
    struct tn_sqlite_type *types = tn_arena_alloc(arena, (count + 1) * sizeof *types);

    if (types == NULL)
        return fail_nomem(err);
    if (tn_sqlite_memo_get(&conn->shared->memo, conn->key, types, count, &conn->told))
        for (size_t i = 0; i < count; i++)
            conn->builder.columns[i].type = types[i];
    return TN_OK;
}

static enum tn_status remember(struct tn_sqlite_conn *conn, bool described, struct tn_arena *arena, struct tn_error *err)
{
    const struct tn_sqlite_type *types = copy_types(conn, arena);

    if (types == NULL)
        return fail_nomem(err);
    tn_sqlite_memo_put(&conn->shared->memo, conn->key, types, conn->builder.count, described);
    if (conn->kept != NULL)
        conn->kept->remembered = true;
    return TN_OK;
}

enum tn_status tn_sqlite_columns_decide(struct tn_sqlite_conn *conn, size_t rows, struct tn_arena *arena,
                                        struct tn_error *err)
{
    bool extended = conn->run->extended;

    conn->told = false;
    if (extended || (rows > 0 && conn->run->params.count == 0 && conn->kept != NULL && !conn->kept->remembered)) {
        conn->key = memo_key(conn);
        if (extended)
            TN_TRY(recall(conn, arena, err));
    }
    for (size_t i = 0; i < conn->builder.count; i++)
        TN_TRY(decide_column(conn, i, rows, err));
    if (conn->key != 0 && rows > 0 && !conn->told)
        TN_TRY(remember(conn, false, arena, err));
    return make_schema(conn, arena, err);
}

/* ---- describe ---- */

struct budget {
    uint64_t end_us;
};

static int on_progress(void *arg)
{
    const struct budget *budget = arg;

    return tn_clock_us() >= budget->end_us;
}

static bool read_row(struct tn_sqlite_conn *conn)
{
    bool ok = true;

    for (size_t i = 0; i < conn->builder.count && ok; i++)
        ok = tn_sqlite_cell_read(&conn->cells[i], conn->stmt, (int)i);
    return ok;
}

/* True when there is a first row; its cells are valid until the statement is reset. */
static bool probe(struct tn_sqlite_conn *conn)
{
    struct budget budget = {.end_us = tn_clock_us() + PROBE_US};
    int           rc;

    if (conn->run->features == NULL || conn->run->features->class != TN_CLASS_READ || !sqlite3_stmt_readonly(conn->stmt))
        return false;
    sqlite3_progress_handler(conn->db, PROBE_OPS, on_progress, &budget);
    rc = sqlite3_step(conn->stmt);
    sqlite3_progress_handler(conn->db, 0, NULL, NULL);
    return rc == SQLITE_ROW && sqlite3_column_count(conn->stmt) == (int)conn->builder.count && read_row(conn);
}

/* A look at a row may tell more than the declarations do. */
static bool is_uncertain(const struct tn_sqlite_conn *conn)
{
    for (size_t i = 0; i < conn->builder.count; i++) {
        struct tn_sqlite_type type = tn_sqlite_declared_type(sqlite3_column_decltype(conn->stmt, (int)i));

        if (type.type != TN_TYPE_INT64 && type.type != TN_TYPE_TEXT && type.type != TN_TYPE_FLOAT64 &&
            type.type != TN_TYPE_BYTES && type.type != TN_TYPE_NUMERIC)
            return true;
    }
    return false;
}

enum tn_status tn_sqlite_columns_describe(struct tn_sqlite_conn *conn, struct tn_arena *arena, struct tn_error *err)
{
    size_t         rows = 0;
    enum tn_status status = TN_OK;

    conn->key = memo_key(conn);
    TN_TRY(recall(conn, arena, err));
    if (!conn->told && is_uncertain(conn))
        rows = probe(conn) ? 1 : 0;
    conn->told = false;
    for (size_t i = 0; i < conn->builder.count && status == TN_OK; i++)
        status = decide_column(conn, i, rows, err);
    sqlite3_reset(conn->stmt);
    tn_sqlite_builder_clear(&conn->builder);
    TN_TRY(status);
    TN_TRY(remember(conn, true, arena, err));
    return make_schema(conn, arena, err);
}

enum tn_status tn_sqlite_columns_misfit(struct tn_sqlite_conn *conn, size_t column, const struct tn_sqlite_cell *cell,
                                        struct tn_error *err)
{
    const char    *name = sqlite3_column_name(conn->stmt, (int)column);
    const char    *declared = sqlite3_column_decltype(conn->stmt, (int)column);
    enum tn_status status;

    if (conn->told) /* the next Describe looks anew */
        tn_sqlite_memo_forget(&conn->shared->memo, conn->key);
    status = tn_fail(err, TN_E_INVALID, "42804", "column \"%.200s\" was announced as %s, but a row holds %s in it",
                     name != NULL ? name : "?", tn_type_name(conn->builder.columns[column].type.type),
                     tn_sqlite_class_name(cell->class));
    tn_error_blame(err, TN_FAULT_QUERY, false);
    if (cell->class == SQLITE_TEXT)
        tn_error_detail(err, "Declared type: %.100s; value: \"%.*s\".", declared != NULL ? declared : "none (expression)",
                        (int)TN_MIN(cell->text.len, (size_t)60), cell->text.ptr);
    else
        tn_error_detail(err, "Declared type: %.100s.", declared != NULL ? declared : "none (expression)");
    tn_error_hint(err, "SQLite types each value by itself. Write CAST(... AS TEXT), or the type you need, around it.");
    return status;
}
