/* Tables and their columns, asked of the engine that has them. */
#include "mysql/member.h"
#include "mysql/private.h"

enum { SQL_MAX = 64 * 1024, TYPE_TEXT = 64, NAME_MAX_BYTES = 256 };

/* ---- SHOW TABLES ---- */

/* What each engine is asked; %1 is the name of the column, the table's type is the second one. */
static const struct {
    enum tn_cfg_engine engine;
    const char        *sql, *name, *type;
} lists[] = {
    {TN_CFG_ENGINE_DUCKDB, "FROM information_schema.tables WHERE table_schema NOT IN ('information_schema', 'pg_catalog')", "table_name",
     "CASE table_type WHEN 'VIEW' THEN 'VIEW' ELSE 'BASE TABLE' END"},
    {TN_CFG_ENGINE_POSTGRES, "FROM information_schema.tables WHERE table_schema !~ '^pg_' AND table_schema <> 'information_schema'", "table_name::text",
     "table_type::text"},
    {TN_CFG_ENGINE_SQLITE, "FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'", "name",
     "CASE type WHEN 'view' THEN 'VIEW' ELSE 'BASE TABLE' END"},
    {TN_CFG_ENGINE_TRINO, "FROM information_schema.tables WHERE table_schema <> 'information_schema'", "table_name", "table_type"},
};

static void no_memory(struct tn_my_session *s)
{
    tn_my_fail(s, 1037, "HY001", "no memory for a list of tables");
    tn_my_statement_done(s, true);
}

static void put_list(struct tn_buf *sql, const struct tn_my_session *s, size_t list, bool full, struct tn_str like)
{
    char head[NAME_MAX_BYTES + 32];

    snprintf(head, sizeof head, "Tables_in_%.200s%s", s->database, like.ptr != NULL ? " (LIKE)" : "");
    tn_buf_printf(sql, "SELECT %s AS ", lists[list].name);
    tn_buf_put_quoted(sql, tn_str(head), '"');
    if (full)
        tn_buf_printf(sql, ", %s AS \"Table_type\"", lists[list].type);
    tn_buf_printf(sql, " %s", lists[list].sql);
    if (like.ptr != NULL) {
        tn_buf_printf(sql, " AND %s LIKE ", lists[list].name);
        tn_buf_put_quoted(sql, like, '\'');
        if (memchr(like.ptr, '\\', like.len) != NULL)
            tn_buf_puts(sql, " ESCAPE '\\'");
    }
    tn_buf_puts(sql, " ORDER BY 1");
}

/* As it was said: an engine of MySQL's kind knows it, and what nobody knows is answered by an error. */
static void run_as_said(struct tn_my_session *s, struct tn_settings_list *settings)
{
    struct tn_my_run run = {.sql = s->statement, .kind = TN_RUN_EXECUTE, .settings = settings};

    tn_my_run(s, &run);
}

void tn_my_show_tables(struct tn_my_session *s, bool full, struct tn_str like)
{
    struct tn_cluster       *member;
    struct tn_settings_list *settings;
    struct tn_error          err = TN_ERROR_INIT;
    struct tn_my_run         run = {.kind = TN_RUN_EXECUTE};
    struct tn_buf            sql;
    size_t                   list = 0;

    if (tn_my_member_find(s, TN_STR("SHOW TABLES"), &member, &settings, &err) != TN_OK) {
        tn_settings_list_unref(settings);
        tn_my_error(s, &err);
        tn_error_reset(&err);
        tn_my_statement_done(s, true);
        return;
    }
    while (member != NULL && list < TN_ARRAY_LEN(lists) && lists[list].engine != member->conf->engine)
        list++;
    tn_buf_init(&sql, SQL_MAX);
    if (member != NULL && list < TN_ARRAY_LEN(lists)) {
        put_list(&sql, s, list, full, like);
        run.sql = tn_buf_str(&sql);
        run.settings = settings;
        if (sql.failed)
            no_memory(s);
        else
            tn_my_run(s, &run);
    } else {
        run_as_said(s, settings);
    }
    tn_buf_reset(&sql);
    tn_settings_list_unref(settings);
}

/* ---- columns ---- */

static void put_type(const struct tn_column *column, char out[TYPE_TEXT])
{
    struct tn_my_column told = tn_my_column_of(column, TN_MY_CHARSET_UTF8MB4);
    const char         *name = tn_my_type_name(told.type);
    char                lower[TYPE_TEXT - sizeof "(6) unsigned"];
    size_t              len = 0;

    for (; name != NULL && name[len] != '\0' && len + 1 < sizeof lower; len++)
        lower[len] = tn_ascii_lower(name[len]);
    lower[len] = '\0';
    if (column->type == TN_TYPE_BOOL)
        snprintf(out, TYPE_TEXT, "tinyint(1)");
    else if (told.type == TN_MY_TYPE_NEWDECIMAL)
        snprintf(out, TYPE_TEXT, "decimal(%u,%u)", told.length - 1 - (told.decimals > 0), told.decimals);
    else if (told.type == TN_MY_TYPE_VAR_STRING && (column->type != TN_TYPE_TEXT || column->pg_typmod > 4))
        snprintf(out, TYPE_TEXT, "varchar(%u)", told.length / 4);
    else if (told.type == TN_MY_TYPE_VAR_STRING)
        snprintf(out, TYPE_TEXT, "text");
    else
        snprintf(out, TYPE_TEXT, "%s%s%s", lower, told.decimals == 6 ? "(6)" : "", (told.flags & TN_MY_FLAG_UNSIGNED) != 0 ? " unsigned" : "");
}

static void tell_columns(struct tn_my_session *s, const struct tn_schema *schema)
{
    static const char *const brief[] = {"Field", "Type", "Null", "Key", "Default", "Extra"};
    static const char *const full[] = {"Field", "Type", "Collation", "Null", "Key", "Default", "Extra", "Privileges", "Comment"};
    struct tn_my_table       table = {.count = s->show_full ? TN_ARRAY_LEN(full) : TN_ARRAY_LEN(brief), .names = s->show_full ? full : brief};
    struct tn_str            none = {NULL, 0}, empty = TN_STR("");

    tn_my_put_table(s, &table);
    for (size_t i = 0; schema != NULL && i < schema->count; i++) {
        const struct tn_column *c = &schema->columns[i];
        char                    type[TYPE_TEXT];
        bool                    text = tn_my_column_of(c, TN_MY_CHARSET_UTF8MB4).charset == TN_MY_CHARSET_UTF8MB4;

        if (!tn_my_like(s->show_like, c->name))
            continue;
        put_type(c, type);
        if (s->show_full)
            tn_my_put_row(s, &table, (const struct tn_str[]){c->name, tn_str(type), text ? TN_STR("utf8mb4_general_ci") : none, TN_STR("YES"), empty, none, empty,
                                                             TN_STR("select"), empty});
        else
            tn_my_put_row(s, &table, (const struct tn_str[]){c->name, tn_str(type), TN_STR("YES"), empty, none, empty});
    }
    tn_my_end_rows(s);
}

static void tell_create(struct tn_my_session *s, const struct tn_schema *schema)
{
    static const char *const names[] = {"Table", "Create Table"};
    struct tn_my_table       table = {.count = 2, .names = names};
    struct tn_buf            text;

    tn_buf_init(&text, 1024 * 1024);
    tn_buf_puts(&text, "CREATE TABLE ");
    tn_buf_put_quoted(&text, s->show_name, '`');
    tn_buf_puts(&text, " (\n");
    for (size_t i = 0; schema != NULL && i < schema->count; i++) {
        char type[TYPE_TEXT];

        put_type(&schema->columns[i], type);
        tn_buf_puts(&text, "  ");
        tn_buf_put_quoted(&text, schema->columns[i].name, '`');
        tn_buf_printf(&text, " %s%s\n", type, i + 1 < schema->count ? "," : "");
    }
    tn_buf_puts(&text, ")");
    tn_my_put_table(s, &table);
    tn_my_put_row(s, &table, (const struct tn_str[]){s->show_name, tn_buf_str(&text)});
    tn_my_end_rows(s);
    tn_buf_reset(&text);
}

/* The definitions alone, as COM_FIELD_LIST wants them. */
static void tell_fields(struct tn_my_session *s, const struct tn_schema *schema)
{
    for (size_t i = 0; schema != NULL && i < schema->count; i++) {
        struct tn_my_out        out = tn_my_out(s);
        struct tn_buf          *buf = out.buf;
        size_t                  begun, len;
        struct tn_my_definition definition = {.name = schema->columns[i].name, .original = schema->columns[i].name, .table = s->show_name,
                                              .original_table = s->show_name, .schema = tn_str(s->database),
                                              .column = tn_my_column_of(&schema->columns[i], s->charset)};

        if (!tn_my_like(s->show_like, definition.name))
            continue;
        begun = buf->len;
        tn_my_put_definition(&out, &definition);
        if (buf->failed)
            return;
        tn_buf_put_u8(buf, 0xfb); /* its default, which is not known */
        len = buf->len - begun - TN_MY_HEADER;
        buf->data[begun] = (char)(len & 0xff);
        buf->data[begun + 1] = (char)(len >> 8 & 0xff);
        buf->data[begun + 2] = (char)(len >> 16 & 0xff);
    }
    tn_my_end_rows(s);
}

static void describe(struct tn_my_session *s, struct tn_str table, void (*tell)(struct tn_my_session *, const struct tn_schema *))
{
    struct tn_my_run run = {.kind = TN_RUN_DESCRIBE};
    struct tn_buf    sql, native;

    tn_buf_init(&sql, SQL_MAX);
    tn_buf_init(&native, SQL_MAX);
    tn_buf_puts(&sql, "SELECT * FROM ");
    tn_buf_put_quoted(&sql, table, '"');
    tn_buf_puts(&native, "SELECT * FROM ");
    tn_buf_put_quoted(&native, table, '`');
    if (sql.failed || native.failed || !tn_arena_str(&s->arena, table, &s->show_name)) {
        no_memory(s);
    } else {
        run.sql = tn_buf_str(&sql);
        run.native = tn_buf_str(&native);
        s->on_schema = tell;
        tn_my_wait(s);
        tn_my_run(s, &run);
    }
    tn_buf_reset(&sql);
    tn_buf_reset(&native);
}

void tn_my_show_columns(struct tn_my_session *s, struct tn_str table, bool full, struct tn_str like)
{
    s->show_full = full;
    s->show_like = like;
    describe(s, table, tell_columns);
}

void tn_my_show_create(struct tn_my_session *s, struct tn_str table)
{
    describe(s, table, tell_create);
}

void tn_my_field_list(struct tn_my_session *s, struct tn_str body)
{
    struct tn_my_cursor cursor = tn_my_cursor_of(body);
    struct tn_str       table = tn_my_get_text(&cursor), like = tn_my_get_rest(&cursor);

    tn_arena_reset(&s->arena);
    if (cursor.failed || tn_utf8_valid_prefix(table.ptr, table.len) < table.len || table.len == 0) {
        tn_my_fail(s, 1146, "42S02", "COM_FIELD_LIST names no table");
        return;
    }
    s->show_like = tn_str_n(NULL, 0);
    if (like.len > 0 && !tn_arena_str(&s->arena, like, &s->show_like)) {
        no_memory(s);
        return;
    }
    describe(s, table, tell_fields);
}
