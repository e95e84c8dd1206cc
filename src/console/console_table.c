#include "console/console_table.h"

#include "base/alloc.h"

#include <stdio.h>

static const struct tn_console_table tables_of_console[] = {
#define CONSOLE_TABLE(name, help) {#name, help, tn_console_##name, TN_CONSOLE_##name == TN_CONSOLE_history || TN_CONSOLE_##name == TN_CONSOLE_decisions},
#define CONSOLE_COLUMN(table, name, type, help)
#include "console/console_tables.def"
#undef CONSOLE_TABLE
#undef CONSOLE_COLUMN
};

static const struct tn_console_column columns_of_console[] = {
#define CONSOLE_TABLE(name, help)
#define CONSOLE_COLUMN(table, name, type, help) {TN_CONSOLE_##table, #name, #type, help},
#include "console/console_tables.def"
#undef CONSOLE_TABLE
#undef CONSOLE_COLUMN
};

const struct tn_console_table *tn_console_table(enum tn_console_table_id id)
{
    return &tables_of_console[id];
}

const struct tn_console_column *tn_console_columns_of(enum tn_console_table_id id, size_t *count)
{
    size_t first = 0;

    while (columns_of_console[first].table != id)
        first++;
    for (*count = 0; first + *count < TN_ARRAY_LEN(columns_of_console) && columns_of_console[first + *count].table == id;)
        (*count)++;
    return &columns_of_console[first];
}

/* ---- one table on one connection ---- */

struct module {
    struct tn_console_tables *tables;
    enum tn_console_table_id  id;
};

struct vtab {
    sqlite3_vtab              base;
    struct tn_console_tables *tables;
    enum tn_console_table_id  id;
    size_t                    width;
};

struct cursor {
    sqlite3_vtab_cursor       base;
    struct tn_console_rows    own;  /* of a paged table: the present page */
    struct tn_console_rows   *rows; /* own, or what all cursors of the table share */
    size_t                    at;   /* first cell of the present row */
    uint64_t                  passed; /* rows, pages before included */
    struct tn_console_source  source;
    struct tn_arena           texts; /* of its filter */
};

static int do_connect(sqlite3 *db, void *arg, int argc, const char *const *argv, sqlite3_vtab **out, char **error)
{
    const struct module            *module = arg;
    size_t                          count;
    const struct tn_console_column *columns = tn_console_columns_of(module->id, &count);
    struct tn_buf                   sql;
    struct vtab                    *vtab;
    int                             rc;

    (void)argc;
    (void)argv;
    (void)error;
    tn_buf_init(&sql, 64 * 1024);
    tn_buf_puts(&sql, "CREATE TABLE x(");
    for (size_t i = 0; i < count; i++)
        tn_buf_printf(&sql, "%s\"%s\" %s", i > 0 ? ", " : "", columns[i].name, columns[i].type);
    tn_buf_append(&sql, ")", 2);
    module->tables->declaring = true;
    rc = sql.failed ? SQLITE_NOMEM : sqlite3_declare_vtab(db, sql.data);
    module->tables->declaring = false;
    tn_buf_reset(&sql);
    if (rc != SQLITE_OK)
        return rc;
    vtab = tn_calloc(1, sizeof *vtab);
    if (vtab == NULL)
        return SQLITE_NOMEM;
    vtab->tables = module->tables;
    vtab->id = module->id;
    vtab->width = count;
    sqlite3_vtab_config(db, SQLITE_VTAB_INNOCUOUS);
    *out = &vtab->base;
    return SQLITE_OK;
}

static int do_disconnect(sqlite3_vtab *base)
{
    tn_free(TN_CONTAINER_OF(base, struct vtab, base));
    return SQLITE_OK;
}

/* What a paged table's file can look for by itself; bits of idxNum, their values come in this order. SQLite checks again. */
enum { WANT_ID = 1, WANT_BELOW = 2, WANT_NOT_ABOVE = 4, WANT_GROUP = 8, WANT_CLUSTER = 16, WANT_USER = 32, WANTS = 6 };

static int wanted(const struct tn_console_column *column, int op)
{
    bool equal = op == SQLITE_INDEX_CONSTRAINT_EQ;

    if (strcmp(column->name, "id") == 0)
        return equal ? WANT_ID : op == SQLITE_INDEX_CONSTRAINT_LT ? WANT_BELOW : op == SQLITE_INDEX_CONSTRAINT_LE ? WANT_NOT_ABOVE : 0;
    if (!equal)
        return 0;
    return strcmp(column->name, "cluster_group") == 0 ? WANT_GROUP
           : strcmp(column->name, "cluster") == 0     ? WANT_CLUSTER
           : strcmp(column->name, "user") == 0        ? WANT_USER : 0;
}

static int do_best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
    const struct vtab              *vtab = TN_CONTAINER_OF(base, struct vtab, base);
    size_t                          count;
    const struct tn_console_column *columns = tn_console_columns_of(vtab->id, &count);
    int                             place[WANTS], args = 0;

    memset(place, -1, sizeof place);
    info->estimatedCost = 1e6;
    info->estimatedRows = 1000;
    if (!tn_console_table(vtab->id)->paged)
        return SQLITE_OK;
    for (int i = 0; i < info->nConstraint; i++) {
        const struct sqlite3_index_constraint *c = &info->aConstraint[i];
        int                                    want = c->usable && c->iColumn >= 0 ? wanted(&columns[c->iColumn], c->op) : 0;

        if (want == 0 || (info->idxNum & want) != 0)
            continue;
        info->idxNum |= want;
        place[__builtin_ctz((unsigned)want)] = i;
    }
    for (size_t i = 0; i < WANTS; i++)
        if (place[i] >= 0)
            info->aConstraintUsage[place[i]].argvIndex = ++args;
    info->estimatedCost = (info->idxNum & WANT_ID) != 0 ? 100 : info->idxNum != 0 ? 1e5 : 1e6;
    info->estimatedRows = (info->idxNum & WANT_ID) != 0 ? 1 : 10000;
    info->orderByConsumed = info->nOrderBy == 1 && info->aOrderBy[0].iColumn == 0 && info->aOrderBy[0].desc;
    return SQLITE_OK;
}

static int do_open(sqlite3_vtab *base, sqlite3_vtab_cursor **out)
{
    const struct vtab *vtab = TN_CONTAINER_OF(base, struct vtab, base);
    struct cursor     *cursor = tn_calloc(1, sizeof *cursor);

    if (cursor == NULL)
        return SQLITE_NOMEM;
    tn_rows_init(&cursor->own);
    tn_arena_init(&cursor->texts, 1024 * 1024);
    cursor->rows = tn_console_table(vtab->id)->paged ? &cursor->own : &vtab->tables->rows[vtab->id];
    *out = &cursor->base;
    return SQLITE_OK;
}

static int do_close(sqlite3_vtab_cursor *base)
{
    struct cursor *cursor = TN_CONTAINER_OF(base, struct cursor, base);

    tn_rows_reset(&cursor->own);
    tn_arena_reset(&cursor->texts);
    tn_free(cursor);
    return SQLITE_OK;
}

static int fill(const struct vtab *vtab, struct tn_console_source *source, struct tn_console_rows *rows)
{
    const struct tn_console_table *table = tn_console_table(vtab->id);
    struct tn_error               *err = &vtab->tables->error;
    enum tn_status                 status;

    source->server = vtab->tables->server;
    source->interrupted = vtab->tables->interrupted;
    source->last_id = 0;
    status = table->fill(source, rows, err);
    if (status == TN_OK && rows->failed) {
        status = tn_fail(err, TN_E_LIMIT, "54000", "table %s has more rows than a statement of the console may hold", table->name);
        tn_error_hint(err, "Of shapes, `turnout shapes --limit N` lists the first ones.");
    }
    if (status == TN_OK)
        return SQLITE_OK;
    return status == TN_E_CANCELLED ? SQLITE_INTERRUPT : SQLITE_ERROR;
}

static bool read_text(struct cursor *cursor, sqlite3_value *value, struct tn_str *out)
{
    const char *text = (const char *)sqlite3_value_text(value);

    return tn_arena_str(&cursor->texts, tn_str_n(text != NULL ? text : "", (size_t)sqlite3_value_bytes(value)), out);
}

/* False: no memory. *NOTHING: no row can be equal to what is wanted. */
static bool read_filter(struct cursor *cursor, int wants, sqlite3_value **values, bool *nothing)
{
    struct tn_history_filter *filter = &cursor->source.filter;
    struct tn_str            *texts[] = {&filter->group, &filter->cluster, &filter->user};
    uint64_t                  below = INT64_MAX;
    bool                      ok = true;

    *filter = (struct tn_history_filter){.limit = 1000};
    *nothing = false;
    for (unsigned bit = 0; bit < WANTS && ok; bit++) {
        sqlite3_value *value;

        if ((wants >> bit & 1) == 0)
            continue;
        value = *values++;
        if (bit >= 3) { /* an empty text is no filter there; SQLite compares it itself */
            if (sqlite3_value_type(value) == SQLITE_TEXT)
                ok = read_text(cursor, value, texts[bit - 3]);
        } else if (sqlite3_value_type(value) == SQLITE_INTEGER) {
            int64_t id = sqlite3_value_int64(value);

            *nothing = *nothing || id <= 0;
            if (1 << bit == WANT_ID)
                filter->id = (uint64_t)id;
            else
                below = TN_MIN(below, (uint64_t)id + (1 << bit == WANT_NOT_ABOVE && id < INT64_MAX ? 1 : 0));
        }
    }
    filter->before_id = below < INT64_MAX ? below : 0;
    return ok;
}

static int do_filter(sqlite3_vtab_cursor *base, int wants, const char *text, int argc, sqlite3_value **argv)
{
    struct cursor *cursor = TN_CONTAINER_OF(base, struct cursor, base);
    struct vtab   *vtab = TN_CONTAINER_OF(base->pVtab, struct vtab, base);
    bool           nothing = false;
    int            rc = SQLITE_OK;

    (void)text;
    (void)argc;
    cursor->at = 0;
    cursor->passed = 0;
    if (cursor->rows == &cursor->own) {
        tn_rows_reset(&cursor->own);
        tn_arena_reset(&cursor->texts);
        tn_arena_init(&cursor->texts, 1024 * 1024);
        if (!read_filter(cursor, wants, argv, &nothing))
            return SQLITE_NOMEM;
        return vtab->tables->describing || nothing ? SQLITE_OK : fill(vtab, &cursor->source, &cursor->own);
    }
    if (!vtab->tables->read[vtab->id] && !vtab->tables->describing) {
        rc = fill(vtab, &cursor->source, cursor->rows);
        vtab->tables->read[vtab->id] = rc == SQLITE_OK;
    }
    return rc;
}

static int do_next(sqlite3_vtab_cursor *base)
{
    struct cursor     *cursor = TN_CONTAINER_OF(base, struct cursor, base);
    const struct vtab *vtab = TN_CONTAINER_OF(base->pVtab, struct vtab, base);

    cursor->at += vtab->width;
    cursor->passed++;
    if (cursor->rows != &cursor->own || cursor->at < cursor->own.count || cursor->source.last_id == 0)
        return SQLITE_OK;
    cursor->source.filter.before_id = cursor->source.last_id;
    tn_rows_reset(&cursor->own);
    cursor->at = 0;
    return fill(vtab, &cursor->source, &cursor->own);
}

static int do_eof(sqlite3_vtab_cursor *base)
{
    const struct cursor *cursor = TN_CONTAINER_OF(base, struct cursor, base);
    const struct vtab   *vtab = TN_CONTAINER_OF(base->pVtab, struct vtab, base);

    return cursor->at + vtab->width > cursor->rows->count;
}

static int do_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
    const struct cursor          *cursor = TN_CONTAINER_OF(base, struct cursor, base);
    const struct tn_console_cell *cell = &cursor->rows->cells[cursor->at + (size_t)column];

    switch (cell->kind) {
    case TN_CELL_NULL:    sqlite3_result_null(context); break;
    case TN_CELL_INTEGER: sqlite3_result_int64(context, cell->as.i64); break;
    case TN_CELL_DOUBLE:  sqlite3_result_double(context, cell->as.f64); break;
    case TN_CELL_TEXT:
        sqlite3_result_text64(context, cell->as.text, cell->len, SQLITE_TRANSIENT, SQLITE_UTF8);
        break;
    }
    return SQLITE_OK;
}

static int do_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid)
{
    const struct cursor *cursor = TN_CONTAINER_OF(base, struct cursor, base);

    *rowid = (sqlite3_int64)cursor->passed + 1;
    return SQLITE_OK;
}

/* Without xCreate: the table is there by itself, and nobody can make another. */
static const sqlite3_module console_module = {
    .iVersion = 0,
    .xConnect = do_connect,
    .xBestIndex = do_best_index,
    .xDisconnect = do_disconnect,
    .xOpen = do_open,
    .xClose = do_close,
    .xFilter = do_filter,
    .xNext = do_next,
    .xEof = do_eof,
    .xColumn = do_column,
    .xRowid = do_rowid,
};

/* ---- all of a connection ---- */

void tn_console_tables_init(struct tn_console_tables *tables, struct tn_server *server, const _Atomic bool *interrupted)
{
    *tables = (struct tn_console_tables){.server = server, .interrupted = interrupted};
    for (size_t i = 0; i < TN_CONSOLE_TABLES; i++)
        tn_rows_init(&tables->rows[i]);
}

void tn_console_tables_clear(struct tn_console_tables *tables)
{
    for (size_t i = 0; i < TN_CONSOLE_TABLES; i++) {
        tn_rows_reset(&tables->rows[i]);
        tables->read[i] = false;
    }
    tn_error_reset(&tables->error);
}

int tn_console_tables_register(struct tn_console_tables *tables, sqlite3 *db)
{
    int rc = SQLITE_OK;

    for (size_t i = 0; i < TN_CONSOLE_TABLES && rc == SQLITE_OK; i++) {
        struct module *module = tn_malloc(sizeof *module);

        if (module == NULL)
            return SQLITE_NOMEM;
        *module = (struct module){tables, (enum tn_console_table_id)i};
        rc = sqlite3_create_module_v2(db, tables_of_console[i].name, &console_module, module, tn_free);
    }
    return rc;
}
