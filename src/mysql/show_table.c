/* Columns of whatever can be selected from, as the engine describes them: what is no table of the catalog (show.c), and COM_FIELD_LIST. */
#include "mysql/catalog_function.h"
#include "mysql/catalog_type.h"
#include "mysql/private.h"

enum { SQL_MAX = 64 * 1024, TYPE_TEXT = 64 };

static bool is_shown(const struct tn_my_session *s, struct tn_str name)
{
    return tn_my_like_escape(s->show_like, name, '\\');
}

static void no_memory(struct tn_my_session *s)
{
    tn_my_fail(s, 1037, "HY001", "no memory for a list of tables");
    tn_my_statement_done(s, true);
}

static void tell_columns(struct tn_my_session *s, const struct tn_schema *schema, const struct tn_my_told *told)
{
    static const char *const brief[] = {"Field", "Type", "Null", "Key", "Default", "Extra"};
    static const char *const full[] = {"Field", "Type", "Collation", "Null", "Key", "Default", "Extra", "Privileges", "Comment"};
    struct tn_my_table       table = {.count = s->show_full ? TN_ARRAY_LEN(full) : TN_ARRAY_LEN(brief), .names = s->show_full ? full : brief};
    struct tn_str            none = {NULL, 0}, empty = TN_STR("");

    (void)told;
    tn_my_put_table(s, &table);
    for (size_t i = 0; schema != NULL && i < schema->count; i++) {
        const struct tn_column *c = &schema->columns[i];
        char                    type[TYPE_TEXT];
        bool                    text = tn_my_column_of(c, TN_MY_CHARSET_UTF8MB4).charset == TN_MY_CHARSET_UTF8MB4;

        if (!is_shown(s, c->name))
            continue;
        tn_my_type_text(c, type, sizeof type);
        if (s->show_full)
            tn_my_put_row(s, &table, (const struct tn_str[]){c->name, tn_str(type), text ? TN_STR("utf8mb4_general_ci") : none, TN_STR("YES"), empty, none, empty,
                                                             TN_STR("select"), empty});
        else
            tn_my_put_row(s, &table, (const struct tn_str[]){c->name, tn_str(type), TN_STR("YES"), empty, none, empty});
    }
    tn_my_end_rows(s);
}

static void tell_create(struct tn_my_session *s, const struct tn_schema *schema, const struct tn_my_told *told)
{
    static const char *const names[] = {"Table", "Create Table"};
    struct tn_my_table       table = {.count = 2, .names = names};
    struct tn_buf            text;

    (void)told;
    tn_buf_init(&text, 1024 * 1024);
    tn_buf_puts(&text, "CREATE TABLE ");
    tn_buf_put_quoted(&text, s->show_name, '`');
    tn_buf_puts(&text, " (\n");
    for (size_t i = 0; schema != NULL && i < schema->count; i++) {
        char type[TYPE_TEXT];

        tn_my_type_text(&schema->columns[i], type, sizeof type);
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
static void tell_fields(struct tn_my_session *s, const struct tn_schema *schema, const struct tn_my_told *told)
{
    (void)told;
    for (size_t i = 0; schema != NULL && i < schema->count; i++) {
        struct tn_my_out        out = tn_my_out(s);
        struct tn_buf          *buf = out.buf;
        size_t                  begun, len;
        struct tn_my_definition definition = {.name = schema->columns[i].name, .original = schema->columns[i].name, .table = s->show_name,
                                              .original_table = s->show_name, .schema = tn_str(s->database),
                                              .column = tn_my_column_of(&schema->columns[i], tn_my_charset_told(s))};

        if (!is_shown(s, definition.name))
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

static void describe(struct tn_my_session *s, struct tn_str table, void (*tell)(struct tn_my_session *, const struct tn_schema *, const struct tn_my_told *))
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

void tn_my_show_columns(struct tn_my_session *s)
{
    describe(s, s->show_name, tell_columns);
}

void tn_my_show_create(struct tn_my_session *s)
{
    describe(s, s->show_name, tell_create);
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
