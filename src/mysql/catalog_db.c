#include "mysql/catalog_db.h"

#include "base/clock.h"
#include "frontend/mysql/my_reply.h"

#include <stdarg.h>

enum {
    ER_NOT_SUPPORTED_YET = 1235,
    STEPS = 2000, /* of SQLite's machine between two looks at the limits: some 50 us */
    MEMORY = 256 * 1024 * 1024,
    ANSWER_MAX = 64 * 1024 * 1024,
    LENGTH_MAX = 16 * 1024 * 1024,
    CHUNK_TARGET = 256 * 1024,
    SQL_MAX = 1024 * 1024,
    COLUMNS = 32, /* of a core */
};

struct work {
    const struct tn_my_catalog_question *q;
    struct tn_my_catalog_answer         *a;
    sqlite3                             *db;
    int64_t                              memory_before;
    uint64_t                             until_us;
    size_t                               bytes;
    enum { WITHIN, TOO_LONG, TOO_LARGE, CANCELLED } limit;
    bool                                 guarded;
};

void tn_my_catalog_answer_init(struct tn_my_catalog_answer *answer)
{
    *answer = (struct tn_my_catalog_answer){.code = 0};
    tn_arena_init(&answer->arena, 1024 * 1024);
}

void tn_my_catalog_answer_reset(struct tn_my_catalog_answer *answer)
{
    while (answer->first != NULL) {
        struct tn_chunk *chunk = answer->first;

        answer->first = chunk->next;
        tn_chunk_free(chunk);
    }
    tn_arena_reset(&answer->arena);
    tn_my_catalog_answer_init(answer);
}

static bool fail(struct work *w, uint16_t code, const char *sqlstate, const char *fmt, ...) TN_PRINTF(4, 5);
static bool fail(struct work *w, uint16_t code, const char *sqlstate, const char *fmt, ...)
{
    va_list args;

    w->a->code = code;
    w->a->sqlstate = sqlstate;
    va_start(args, fmt);
    vsnprintf(w->a->message, sizeof w->a->message, fmt, args);
    va_end(args);
    return false;
}

/* What SQLite says, as MySQL says it. */
static bool fail_as_mysql(struct work *w)
{
    const char *text = sqlite3_errmsg(w->db), *name = strchr(text, ':');

    name = name == NULL ? "" : name + 2;
    if (w->limit == CANCELLED)
        return fail(w, 1317, "70100", "Query execution was interrupted");
    if (w->limit == TOO_LONG)
        return fail(w, 3024, "HY000", "Query execution was interrupted, maximum statement execution time exceeded");
    if (w->limit == TOO_LARGE)
        return fail(w, 1104, "42000", "a statement about tables needs more than the %d MiB that it may have", MEMORY >> 20);
    if (strncmp(text, "no such column", 14) == 0)
        return fail(w, 1054, "42S22", "Unknown column '%s' in 'field list'", name);
    if (strncmp(text, "ambiguous column", 16) == 0)
        return fail(w, 1052, "23000", "Column '%s' in field list is ambiguous", name);
    if (strncasecmp(text, "no such table: information_schema.", 34) == 0)
        return fail(w, 1109, "42S02", "Unknown table '%s' in information_schema", text + 34);
    if (strncmp(text, "no such table", 13) == 0)
        return fail(w, ER_NOT_SUPPORTED_YET, "42000",
                    "one statement about both information_schema and '%s' is not supported: here Turnout itself answers what is asked of information_schema, and "
                    "cannot read the engine's tables with it. Ask information_schema first, and put what it says into the statement about '%s'", name, name);
    if (strncmp(text, "no such function", 16) == 0)
        return fail(w, 1305, "42000", "FUNCTION %s does not exist for statements about information_schema", name);
    if (strstr(text, "syntax error") != NULL || strstr(text, "incomplete input") != NULL || strstr(text, "unrecognized token") != NULL)
        return fail(w, 1064, "42000", "You have an error in your SQL syntax, or it is more than Turnout reads of statements about information_schema: %s", text);
    if (strstr(text, "not authorized") != NULL || strstr(text, "prohibited") != NULL)
        return fail(w, 1044, "42000", "Access denied to database 'information_schema'");
    return fail(w, 1105, "HY000", "%s", text);
}

/* ---- limits ---- */

static int authorize(void *arg, int action, const char *first, const char *second, const char *database, const char *trigger)
{
    const struct work *w = arg;

    (void)first;
    (void)database;
    (void)trigger;
    if (!w->guarded)
        return SQLITE_OK;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE: return SQLITE_OK;
    case SQLITE_FUNCTION:  return second != NULL && strcasecmp(second, "load_extension") == 0 ? SQLITE_DENY : SQLITE_OK;
    default:               return SQLITE_DENY;
    }
}

/* Memory is counted for all of SQLite in this process: what others take meanwhile may end a statement here. */
static int on_progress(void *arg)
{
    struct work *w = arg;

    if (atomic_load_explicit(w->q->interrupted, memory_order_relaxed))
        w->limit = CANCELLED;
    else if (tn_clock_us() > w->until_us)
        w->limit = TOO_LONG;
    else if (sqlite3_memory_used() - w->memory_before > MEMORY)
        w->limit = TOO_LARGE;
    return w->limit != WITHIN;
}

/* ---- the database ---- */

static bool run(struct work *w, const char *sql)
{
    return sqlite3_exec(w->db, sql, NULL, NULL, NULL) == SQLITE_OK || fail_as_mysql(w);
}

static bool open_db(struct work *w)
{
    int rc = sqlite3_open_v2(":memory:", &w->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX, NULL);

    if (rc != SQLITE_OK)
        return fail(w, 1037, "HY001", "no memory for a catalog");
    sqlite3_db_config(w->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(w->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_limit(w->db, SQLITE_LIMIT_LENGTH, LENGTH_MAX);
    sqlite3_limit(w->db, SQLITE_LIMIT_WORKER_THREADS, 0);
    sqlite3_set_authorizer(w->db, authorize, w);
    sqlite3_progress_handler(w->db, STEPS, on_progress, w);
    if (tn_my_catalog_functions(w->db, &w->q->asker) != SQLITE_OK)
        return fail_as_mysql(w);
    return run(w, "PRAGMA temp_store=MEMORY; PRAGMA journal_mode=OFF; ATTACH ':memory:' AS information_schema; ATTACH ':memory:' AS performance_schema; BEGIN");
}

/* ---- cores ---- */

static bool bind_field(sqlite3_stmt *insert, int column, struct tn_str value)
{
    int rc = value.ptr == NULL ? sqlite3_bind_null(insert, column) : sqlite3_bind_text(insert, column, value.ptr, (int)value.len, SQLITE_STATIC);

    return rc == SQLITE_OK;
}

/* Row packets: length in three bytes, number, length-encoded texts. */
static bool insert_rows(struct work *w, sqlite3_stmt *insert, struct tn_str packets)
{
    int columns = sqlite3_bind_parameter_count(insert);

    for (size_t at = 0; at + TN_MY_HEADER <= packets.len;) {
        const unsigned char *head = (const unsigned char *)packets.ptr + at;
        size_t               len = head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16;
        struct tn_my_cursor  in;
        bool                 ok = at + TN_MY_HEADER + len <= packets.len && len < 0xffffff;

        if (!ok)
            return fail(w, 1105, "HY000", "an engine's answer about its tables cannot be read");
        in = tn_my_cursor_of(tn_str_n(packets.ptr + at + TN_MY_HEADER, len));
        for (int i = 1; i <= columns && ok; i++) {
            bool          is_null = false;
            struct tn_str value = tn_my_get_lenenc_str(&in, &is_null);

            ok = !in.failed && bind_field(insert, i, is_null ? tn_str_n(NULL, 0) : value);
        }
        if (!ok || sqlite3_step(insert) != SQLITE_DONE)
            return in.failed ? fail(w, 1105, "HY000", "an engine's answer about its tables has another form than was expected") : fail_as_mysql(w);
        sqlite3_reset(insert);
        at += TN_MY_HEADER + len;
    }
    return true;
}

static bool make_core(struct work *w, enum tn_my_core core)
{
    const char   *table = tn_my_core_table(core), *columns = tn_my_core_columns(core);
    char          sql[1024];
    sqlite3_stmt *insert = NULL;
    size_t        count = 1;
    bool          ok;

    snprintf(sql, sizeof sql, "CREATE TABLE tn_%s(%s)", table, columns);
    if (!run(w, sql))
        return false;
    for (const char *at = columns; (at = strchr(at, ',')) != NULL; at++)
        count++;
    snprintf(sql, sizeof sql, "INSERT INTO tn_%s VALUES (?%.*s)", table, (int)(TN_MIN(count, (size_t)COLUMNS) - 1) * 2,
             ",?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?");
    if (sqlite3_prepare_v2(w->db, sql, -1, &insert, NULL) != SQLITE_OK)
        return fail_as_mysql(w);
    ok = w->q->rows[core].len == 0 || insert_rows(w, insert, tn_buf_str(&w->q->rows[core]));
    sqlite3_finalize(insert);
    return ok;
}

/* The session's database, where the engine has none of that name, is what it calls the schema of tables without one: tn_label has its own name. */
static bool name_database(struct work *w, unsigned needs)
{
    static const struct {
        enum tn_my_core core;
        const char     *column;
    } places[] = {{TN_MY_CORE_TABLES, "s"}, {TN_MY_CORE_COLUMNS, "s"}, {TN_MY_CORE_KEYS, "s"}, {TN_MY_CORE_KEYS, "ref_s"}, {TN_MY_CORE_INDEXES, "s"},
                  {TN_MY_CORE_VIEWS, "s"}, {TN_MY_CORE_ROUTINES, "s"}, {TN_MY_CORE_SCHEMATA, "s"}};
    struct tn_str database = w->q->asker.database;
    char          sql[512];

    if (!run(w, "CREATE TABLE tn_label(s TEXT COLLATE NOCASE)"))
        return false;
    if (database.len == 0 || tn_my_catalog_is_schema(database))
        return true;
    if (!run(w, "INSERT INTO tn_label SELECT s FROM tn_schemata WHERE is_default = 1 AND NOT EXISTS (SELECT 1 FROM tn_schemata o WHERE o.s = database())"))
        return false;
    for (size_t i = 0; i < TN_ARRAY_LEN(places); i++) {
        if ((needs & 1u << places[i].core) == 0)
            continue;
        snprintf(sql, sizeof sql, "UPDATE tn_%s SET %s = database() WHERE %s IN (SELECT s FROM tn_label)", tn_my_core_table(places[i].core), places[i].column,
                 places[i].column);
        if (!run(w, sql))
            return false;
    }
    return run(w, "INSERT INTO tn_schemata SELECT database(), 1 WHERE NOT EXISTS (SELECT 1 FROM tn_schemata o WHERE o.s = database())");
}

static bool make_cores(struct work *w, unsigned needs)
{
    for (int core = 0; core < TN_MY_CORE_COUNT; core++)
        if ((needs & 1u << core) != 0 && !make_core(w, (enum tn_my_core)core))
            return false;
    if ((needs & 1u << TN_MY_CORE_KEYS) != 0 && !run(w, "CREATE INDEX tn_keys_t ON tn_keys(t, s)"))
        return false;
    if ((needs & 1u << TN_MY_CORE_INDEXES) != 0 && !run(w, "CREATE INDEX tn_indexes_t ON tn_indexes(t, s)"))
        return false;
    return (needs & 1u << TN_MY_CORE_SCHEMATA) == 0 || name_database(w, needs);
}

/* Every column compares as MySQL's do there. */
static void put_columns(struct tn_buf *sql, const char *columns)
{
    for (const char *at = columns, *end; at != NULL; at = end == NULL ? NULL : end + 2) {
        end = strstr(at, ", ");
        tn_buf_append(sql, at, end == NULL ? strlen(at) : (size_t)(end - at));
        tn_buf_puts(sql, end == NULL ? " COLLATE NOCASE" : " COLLATE NOCASE, ");
    }
}

static bool make_relation(struct work *w, const struct tn_my_relation *relation)
{
    struct tn_buf sql;
    bool          ok;

    tn_buf_init(&sql, SQL_MAX);
    tn_buf_printf(&sql, "CREATE TABLE %s.\"%s\"(", relation->schema, relation->name);
    put_columns(&sql, relation->columns);
    tn_buf_puts(&sql, ");");
    if (relation->sql != NULL && !w->q->describes)
        tn_buf_printf(&sql, "INSERT INTO %s.\"%s\" %s;", relation->schema, relation->name, relation->sql);
    tn_buf_put_u8(&sql, '\0');
    ok = sql.failed ? fail(w, 1037, "HY001", "no memory for a catalog") : run(w, sql.data);
    tn_buf_reset(&sql);
    return ok;
}

static bool make_relations(struct work *w)
{
    for (size_t i = 0; i < tn_my_relation_count(); i++)
        if ((w->q->relations & UINT64_C(1) << i) != 0 && !make_relation(w, tn_my_relation_at(i)))
            return false;
    return true;
}

/* ---- the statement ---- */

static bool bind_params(struct work *w, sqlite3_stmt *statement)
{
    for (size_t i = 0; i < w->q->params.count; i++) {
        const struct tn_value *v = &w->q->params.items[i].value;
        int                    at = (int)i + 1, rc;

        switch (v->type) {
        case TN_TYPE_NULL: rc = sqlite3_bind_null(statement, at); break;
        case TN_TYPE_BOOL: rc = sqlite3_bind_int(statement, at, v->as.boolean); break;
        case TN_TYPE_INT8:
        case TN_TYPE_INT16:
        case TN_TYPE_INT32:
        case TN_TYPE_INT64: rc = sqlite3_bind_int64(statement, at, v->as.i64); break;
        case TN_TYPE_UINT8:
        case TN_TYPE_UINT16:
        case TN_TYPE_UINT32:
        case TN_TYPE_UINT64: rc = sqlite3_bind_int64(statement, at, (int64_t)v->as.u64); break;
        case TN_TYPE_FLOAT32:
        case TN_TYPE_FLOAT64: rc = sqlite3_bind_double(statement, at, v->as.f64); break;
        default: {
            struct tn_str text = v->type == TN_TYPE_TEXT || v->type == TN_TYPE_BYTES || v->type == TN_TYPE_NUMERIC || v->type == TN_TYPE_JSON
                                     ? v->as.text : w->q->params.items[i].pg_bytes;

            rc = sqlite3_bind_text64(statement, at, text.ptr == NULL ? "" : text.ptr, text.len, SQLITE_STATIC, SQLITE_UTF8);
        }
        }
        if (rc != SQLITE_OK && rc != SQLITE_RANGE)
            return fail_as_mysql(w);
    }
    return true;
}

static uint8_t type_of(sqlite3_stmt *statement, int column, bool has_row)
{
    const char *declared = sqlite3_column_decltype(statement, column);
    int         seen = has_row ? sqlite3_column_type(statement, column) : SQLITE_NULL;

    if (declared != NULL)
        return strstr(declared, "int") != NULL || strstr(declared, "INT") != NULL ? TN_MY_TYPE_LONGLONG : TN_MY_TYPE_VAR_STRING;
    return seen == SQLITE_INTEGER ? TN_MY_TYPE_LONGLONG : seen == SQLITE_FLOAT ? TN_MY_TYPE_NEWDECIMAL : TN_MY_TYPE_VAR_STRING;
}

static bool tell_columns(struct work *w, sqlite3_stmt *statement, bool has_row)
{
    struct tn_my_catalog_answer *a = w->a;

    a->count = (size_t)sqlite3_column_count(statement);
    a->heads = tn_arena_zalloc(&a->arena, (a->count + 1) * sizeof *a->heads);
    a->types = tn_arena_zalloc(&a->arena, a->count + 1);
    for (size_t i = 0; a->heads != NULL && a->types != NULL && i < a->count; i++) {
        const char *name = sqlite3_column_name(statement, (int)i);

        a->types[i] = type_of(statement, (int)i, has_row);
        if (!tn_arena_str(&a->arena, tn_str(name), &a->heads[i]))
            a->heads = NULL;
    }
    return (a->heads != NULL && a->types != NULL) || fail(w, 1037, "HY001", "no memory for an answer");
}

static struct tn_chunk *room(struct tn_my_catalog_answer *a)
{
    struct tn_chunk *chunk = a->last;

    if (chunk != NULL && chunk->bytes.len < CHUNK_TARGET)
        return chunk;
    chunk = tn_chunk_new(ANSWER_MAX);
    if (chunk == NULL)
        return NULL;
    chunk->next = NULL;
    if (a->last != NULL)
        a->last->next = chunk;
    else
        a->first = chunk;
    a->last = chunk;
    return chunk;
}

static bool tell_row(struct work *w, sqlite3_stmt *statement, struct tn_str *values)
{
    struct tn_chunk *chunk = room(w->a);
    uint8_t          sequence = 0;
    struct tn_my_out out = {.buf = chunk == NULL ? NULL : &chunk->bytes, .sequence = &sequence, .charset = w->q->charset};
    size_t           before = chunk == NULL ? 0 : chunk->bytes.len;

    if (chunk == NULL)
        return fail(w, 1037, "HY001", "no memory for an answer");
    for (size_t i = 0; i < w->a->count; i++) {
        const char *text = (const char *)sqlite3_column_text(statement, (int)i);

        values[i] = tn_str_n(text, text == NULL ? 0 : (size_t)sqlite3_column_bytes(statement, (int)i));
    }
    tn_my_put_texts(&out, values, w->a->types, w->a->count, w->q->binary);
    chunk->rows++;
    w->a->rows++;
    w->bytes += chunk->bytes.len - before;
    return (!chunk->bytes.failed && w->bytes <= ANSWER_MAX) ||
           fail(w, 1104, "42000", "an answer about tables is longer than %d MiB", ANSWER_MAX >> 20);
}

static bool tell(struct work *w, sqlite3_stmt *statement)
{
    int            rc = w->q->describes ? SQLITE_DONE : sqlite3_step(statement);
    struct tn_str *values;
    bool           ok = tell_columns(w, statement, rc == SQLITE_ROW);

    values = ok ? tn_arena_alloc(&w->a->arena, (w->a->count + 1) * sizeof *values) : NULL;
    if (ok && values == NULL)
        return fail(w, 1037, "HY001", "no memory for an answer");
    for (; ok && rc == SQLITE_ROW; rc = ok ? sqlite3_step(statement) : rc)
        ok = tell_row(w, statement, values);
    if (ok && rc != SQLITE_DONE)
        return fail_as_mysql(w);
    return ok;
}

/* False, and nothing failed: it gives no row. */
static bool exists(struct work *w)
{
    sqlite3_stmt *statement = NULL;
    int           rc = sqlite3_prepare_v2(w->db, w->q->exists.ptr, (int)w->q->exists.len, &statement, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_step(statement);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        fail_as_mysql(w);
    sqlite3_finalize(statement);
    w->a->missing = rc == SQLITE_DONE;
    return rc == SQLITE_ROW;
}

static bool evaluate(struct work *w)
{
    sqlite3_stmt *statement = NULL;
    const char   *tail;
    bool          ok;

    w->guarded = true;
    if (w->q->exists.len > 0 && !exists(w))
        return false;
    if (w->q->sql.len == 0)
        return true;
    if (sqlite3_prepare_v2(w->db, w->q->sql.ptr, (int)w->q->sql.len, &statement, &tail) != SQLITE_OK)
        return fail_as_mysql(w);
    if (statement == NULL || tn_str_trim(tn_str_n(tail, (size_t)(w->q->sql.ptr + w->q->sql.len - tail))).len > 0)
        ok = fail(w, 1064, "42000", "You have an error in your SQL syntax");
    else
        ok = bind_params(w, statement) && tell(w, statement);
    sqlite3_finalize(statement);
    return ok;
}

void tn_my_catalog_evaluate(const struct tn_my_catalog_question *question, struct tn_my_catalog_answer *answer)
{
    struct work w = {.q = question, .a = answer, .memory_before = sqlite3_memory_used(), .until_us = tn_clock_us() + question->time_us};

    if (open_db(&w) && make_cores(&w, tn_my_catalog_needs(question->relations)) && make_relations(&w))
        (void)evaluate(&w); /* the answer tells */
    sqlite3_close(w.db);
}
