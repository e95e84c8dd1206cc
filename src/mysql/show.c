/* SHOW and DESCRIBE: in the words of a SELECT over information_schema (catalog_ask.h), which an engine of MySQL's kind answers itself. */
#include "mysql/catalog_ask.h"
#include "mysql/catalog_text.h"
#include "mysql/plain.h"
#include "mysql/private.h"
#include "session/words.h"

enum { TEXT_MAX = 256 * 1024 };

/* What a SHOW names. */
struct show {
    struct tn_str table, database; /* ptr NULL: not named */
    struct tn_str like;            /* ptr NULL: none */
    struct tn_str where;           /* as it was written; len 0: none */
    bool          full;
};

static const struct list {
    const char *words;
    bool        own;
    const char *scope, *select, *filter, *order;
} lists[] = {
#define LIST(words, own, scope, select, filter, order) {words, own, scope, select, filter, order},
#include "mysql/show.def"
#undef LIST
};

/* ---- what is said ---- */

/* [a.]b */
static bool read_table(struct tn_my_session *s, struct tn_words *words, struct show *show)
{
    do {
        if (words->token.kind != TN_TOKEN_WORD && words->token.kind != TN_TOKEN_IDENT)
            return false;
        show->database = show->table;
        show->table = words->token.kind == TN_TOKEN_IDENT ? tn_my_unquote(words->token.text, &s->arena) : words->token.text;
        tn_words_next(words);
    } while (tn_words_accept_punct(words, '.'));
    return show->table.ptr != NULL;
}

static bool accept_from(struct tn_words *words)
{
    return tn_words_accept(words, "from") || tn_words_accept(words, "in");
}

/* [FROM db] [LIKE 'p' | WHERE ..]; false: something else follows. */
static bool read_rest(struct tn_my_session *s, struct tn_words *words, struct show *show)
{
    if (accept_from(words) && !tn_my_read_name(s, words, &show->database))
        return false;
    if (tn_words_accept(words, "like")) {
        if (words->token.kind != TN_TOKEN_STRING)
            return false;
        show->like = tn_my_unquote(words->token.text, &s->arena);
        tn_words_next(words);
        if (show->like.ptr == NULL)
            return false;
    } else if (tn_words_accept(words, "where")) {
        show->where = tn_words_rest(words);
        return show->where.len > 0;
    }
    return tn_words_at_end(words);
}

/* ---- the SELECT ---- */

static void put_name(struct tn_buf *sql, struct tn_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"')
            tn_buf_put_u8(sql, '"');
        tn_buf_put_u8(sql, (uint8_t)text.ptr[i]);
    }
}

/* The database that is meant: named (also as the engine has it, where the session has another name for it), the session's, or the engine's own. */
static void put_database(struct tn_buf *sql, const struct show *show)
{
    if (show->database.ptr != NULL) {
        tn_buf_puts(sql, "coalesce((SELECT database() FROM tn_label WHERE s = ");
        tn_buf_put_quoted(sql, show->database, '\'');
        tn_buf_puts(sql, "), ");
        tn_buf_put_quoted(sql, show->database, '\'');
        tn_buf_puts(sql, ")");
        return;
    }
    tn_buf_puts(sql, "coalesce(database(), (SELECT s FROM tn_schemata WHERE is_default = 1 LIMIT 1))");
}

/* {like}: " (pattern)"; {database}: its name; {full..}: only of a SHOW FULL. */
static void put_template(const struct tn_my_session *s, const struct show *show, const char *text, struct tn_buf *sql)
{
    for (const char *open; (open = strchr(text, '{')) != NULL;) {
        const char   *close = strchr(open, '}');
        struct tn_str inside = tn_str_n(open + 1, (size_t)(close - open) - 1);

        tn_buf_append(sql, text, (size_t)(open - text));
        text = close + 1;
        if (tn_str_starts(inside, TN_STR("full"))) {
            if (show->full)
                tn_buf_append(sql, inside.ptr + 4, inside.len - 4);
        } else if (tn_str_eq_c(inside, "database")) {
            put_name(sql, show->database.ptr != NULL ? show->database : tn_str(s->database));
        } else if (show->like.ptr != NULL) {
            tn_buf_puts(sql, " (");
            put_name(sql, show->like);
            tn_buf_puts(sql, ")");
        }
    }
    tn_buf_puts(sql, text);
}

static bool put_filter(struct tn_my_session *s, const struct show *show, const char *filter, struct tn_buf *sql)
{
    if (show->like.ptr != NULL) {
        tn_buf_puts(sql, " WHERE ");
        put_template(s, show, filter, sql);
        tn_buf_puts(sql, " LIKE ");
        tn_buf_put_quoted(sql, show->like, '\'');
    } else if (show->where.len > 0) {
        tn_buf_puts(sql, " WHERE ");
        return tn_my_catalog_text(s, show->where, &s->arena, sql);
    }
    return !sql->failed;
}

static void no_memory(struct tn_my_session *s)
{
    tn_my_fail(s, 1153, "08S01", "a SHOW statement is longer than %d bytes", (int)TEXT_MAX);
    tn_my_statement_done(s, true);
}

/* SQL and EXISTS are texts over information_schema; EXISTS may be empty. */
static void ask(struct tn_my_session *s, const struct show *show, struct tn_buf *sql, struct tn_buf *exists, bool own, void (*missing)(struct tn_my_session *s))
{
    uint64_t names_of_databases = show->database.ptr == NULL ? 0 : tn_my_catalog_mentions(TN_STR("information_schema.SCHEMATA"), TN_STR(""));
    struct tn_my_catalog_statement statement = {.relations = tn_my_catalog_mentions(tn_buf_str(sql), TN_STR("")) | names_of_databases, .sql = tn_buf_str(sql), .exists = tn_buf_str(exists),
                                                .missing = missing, .table = show->table.ptr == NULL ? TN_STR("") : show->table, .own = own};

    if (sql->failed || exists->failed)
        no_memory(s);
    else
        tn_my_catalog_start(s, &statement);
    tn_buf_reset(sql);
    tn_buf_reset(exists);
}

/* ---- lists ---- */

static bool accept_words(struct tn_words *words, const char *list)
{
    struct tn_words before = *words;
    char               word[32];

    while (*list != '\0') {
        size_t len = strcspn(list, " ");

        tn_str_copy(word, sizeof word, tn_str_n(list, len));
        if (!tn_words_accept(words, word)) {
            *words = before;
            return false;
        }
        list += len + (list[len] == ' ');
    }
    return true;
}

static const struct list *find_list(struct tn_words *words)
{
    static const char *const aliases[][2] = {{"schemas", "databases"}, {"character set", "charset"}, {"storage engines", "engines"}};

    for (size_t i = 0; i < TN_ARRAY_LEN(aliases); i++)
        if (accept_words(words, aliases[i][0]))
            for (size_t l = 0; l < TN_ARRAY_LEN(lists); l++)
                if (strcmp(lists[l].words, aliases[i][1]) == 0)
                    return &lists[l];
    for (size_t l = 0; l < TN_ARRAY_LEN(lists); l++)
        if (accept_words(words, lists[l].words))
            return &lists[l];
    return NULL;
}

/* One that is named must be there. */
static bool keep_database(struct tn_my_session *s, const struct show *show, struct tn_buf *exists)
{
    return show->database.ptr == NULL || (tn_my_put_has_database(exists, show->database) && tn_arena_str(&s->arena, show->database, &s->show_name));
}

static bool show_list(struct tn_my_session *s, struct tn_words *words, const struct list *list, bool full)
{
    struct show   show = {.full = full};
    struct tn_buf sql, exists;

    if (!read_rest(s, words, &show) || (show.database.ptr != NULL && list->scope[0] == '\0'))
        return false;
    tn_buf_init(&sql, TEXT_MAX);
    tn_buf_init(&exists, TEXT_MAX);
    tn_buf_puts(&sql, "SELECT * FROM (SELECT ");
    put_template(s, &show, list->select, &sql);
    if (list->scope[0] != '\0') {
        tn_buf_printf(&sql, " WHERE %s = ", list->scope);
        put_database(&sql, &show);
    }
    tn_buf_printf(&sql, " ORDER BY %s)", list->order);
    if (put_filter(s, &show, list->filter, &sql) && keep_database(s, &show, &exists)) {
        ask(s, &show, &sql, &exists, list->own, tn_my_no_such_database);
        return true;
    }
    tn_buf_reset(&exists);
    tn_buf_reset(&sql);
    no_memory(s);
    return true;
}

/* ---- of one table ---- */

static void put_where_table(struct tn_buf *sql, const struct show *show, const char *schema, const char *table)
{
    tn_buf_printf(sql, " WHERE %s = ", table);
    tn_buf_put_quoted(sql, show->table, '\'');
    tn_buf_printf(sql, " AND %s = ", schema);
    put_database(sql, show);
}

static bool keep_name(struct tn_my_session *s, const struct show *show)
{
    s->show_full = show->full;
    s->show_like = show->like;
    return tn_arena_str(&s->arena, show->table, &s->show_name);
}

static void no_such_table(struct tn_my_session *s)
{
    tn_my_fail(s, 1146, "42S02", "Table '%.64s.%.*s' doesn't exist", s->database, (int)TN_MIN(s->show_name.len, (size_t)64), s->show_name.ptr);
    tn_my_statement_done(s, true);
}

static void ask_table(struct tn_my_session *s, const struct show *show, struct tn_buf *sql, const char *from, void (*missing)(struct tn_my_session *s))
{
    struct tn_buf exists;

    tn_buf_init(&exists, TEXT_MAX);
    tn_buf_printf(&exists, "SELECT 1 FROM %s", from);
    put_where_table(&exists, show, "s", "t");
    sql->failed = sql->failed || !keep_name(s, show);
    ask(s, show, sql, &exists, false, missing);
}

/* FROM t [FROM db] [LIKE 'p' | WHERE ..] */
static bool read_of_table(struct tn_my_session *s, struct tn_words *words, struct show *show)
{
    return accept_from(words) && read_table(s, words, show) && read_rest(s, words, show);
}

static void ask_columns(struct tn_my_session *s, const struct show *show)
{
    struct tn_buf sql;

    tn_buf_init(&sql, TEXT_MAX);
    tn_buf_printf(&sql, "SELECT * FROM (SELECT COLUMN_NAME AS \"Field\", COLUMN_TYPE AS \"Type\", %sIS_NULLABLE AS \"Null\", COLUMN_KEY AS \"Key\", COLUMN_DEFAULT AS \"Default\", "
                        "EXTRA AS \"Extra\"%s FROM information_schema.COLUMNS", show->full ? "COLLATION_NAME AS \"Collation\", " : "",
                  show->full ? ", PRIVILEGES AS \"Privileges\", COLUMN_COMMENT AS \"Comment\"" : "");
    put_where_table(&sql, show, "TABLE_SCHEMA", "TABLE_NAME");
    tn_buf_puts(&sql, " ORDER BY ORDINAL_POSITION)");
    if (put_filter(s, show, "\"Field\"", &sql)) {
        ask_table(s, show, &sql, "tn_columns", tn_my_show_columns);
        return;
    }
    tn_buf_reset(&sql);
    no_memory(s);
}

static bool columns(struct tn_my_session *s, struct tn_words *words, bool full)
{
    struct show show = {.full = full};

    if (!read_of_table(s, words, &show))
        return false;
    ask_columns(s, &show);
    return true;
}

/* DESCRIBE t [column | 'pattern'] */
bool tn_my_describe(struct tn_my_session *s, struct tn_words *words)
{
    struct show show = {.full = false};

    if (!read_table(s, words, &show))
        return false;
    if (words->token.kind == TN_TOKEN_STRING || words->token.kind == TN_TOKEN_IDENT) {
        show.like = tn_my_unquote(words->token.text, &s->arena);
        tn_words_next(words);
    } else if (words->token.kind == TN_TOKEN_WORD) {
        show.like = words->token.text;
        tn_words_next(words);
    }
    if (!tn_words_at_end(words))
        return false;
    ask_columns(s, &show);
    return true;
}

static bool indexes(struct tn_my_session *s, struct tn_words *words)
{
    struct show   show = {.full = false};
    struct tn_buf sql;

    if (!read_of_table(s, words, &show) || show.like.ptr != NULL)
        return false;
    tn_buf_init(&sql, TEXT_MAX);
    tn_buf_puts(&sql, "SELECT * FROM (SELECT TABLE_NAME AS \"Table\", NON_UNIQUE AS \"Non_unique\", INDEX_NAME AS \"Key_name\", SEQ_IN_INDEX AS \"Seq_in_index\", COLUMN_NAME AS \"Column_name\", COLLATION AS \"Collation\", "
                      "CARDINALITY AS \"Cardinality\", SUB_PART AS \"Sub_part\", PACKED AS \"Packed\", NULLABLE AS \"Null\", INDEX_TYPE AS \"Index_type\", COMMENT AS \"Comment\", INDEX_COMMENT AS \"Index_comment\", "
                      "IS_VISIBLE AS \"Visible\", EXPRESSION AS \"Expression\" FROM information_schema.STATISTICS");
    put_where_table(&sql, &show, "TABLE_SCHEMA", "TABLE_NAME");
    tn_buf_puts(&sql, " ORDER BY INDEX_NAME <> 'PRIMARY', NON_UNIQUE, INDEX_NAME, SEQ_IN_INDEX)");
    if (put_filter(s, &show, "", &sql)) {
        ask_table(s, &show, &sql, "tn_tables", no_such_table);
        return true;
    }
    tn_buf_reset(&sql);
    no_memory(s);
    return true;
}

/* ---- SHOW CREATE ---- */

#define NAME(column) "'`' || replace(" column ", '`', '``') || '`'"

static void put_create_table(struct tn_buf *sql, const struct show *show)
{
    tn_buf_puts(sql, "SELECT ");
    tn_buf_put_quoted(sql, show->table, '\'');
    tn_buf_puts(sql, " AS \"Table\", coalesce((SELECT 'CREATE VIEW ' || " NAME("TABLE_NAME") " || ' AS ' || VIEW_DEFINITION FROM information_schema.VIEWS"); /* of a view its own */
    put_where_table(sql, show, "TABLE_SCHEMA", "TABLE_NAME");
    tn_buf_puts(sql, "), 'CREATE TABLE `' || ");
    tn_buf_put_quoted(sql, show->table, '\'');
    tn_buf_puts(sql, " || '` (' || char(10) || group_concat(line, ',' || char(10)) || char(10) || ') ENGINE=Turnout DEFAULT CHARSET=utf8mb4') AS \"Create Table\" FROM (SELECT line FROM ("
                     "SELECT 1 AS part, ORDINAL_POSITION AS n, '' AS k, '  ' || " NAME("COLUMN_NAME") " || ' ' || COLUMN_TYPE || CASE IS_NULLABLE WHEN 'NO' THEN ' NOT NULL' ELSE '' END || "
                     "CASE WHEN COLUMN_DEFAULT IS NULL THEN CASE WHEN IS_NULLABLE = 'YES' AND EXTRA = '' THEN ' DEFAULT NULL' ELSE '' END WHEN EXTRA = 'DEFAULT_GENERATED' THEN ' DEFAULT (' || COLUMN_DEFAULT || ')' "
                     "WHEN EXTRA LIKE '%GENERATED' THEN '' ELSE ' DEFAULT ''' || replace(COLUMN_DEFAULT, '''', '''''') || '''' END || "
                     "CASE EXTRA WHEN 'auto_increment' THEN ' AUTO_INCREMENT' ELSE '' END || CASE COLUMN_COMMENT WHEN '' THEN '' ELSE ' COMMENT ''' || replace(COLUMN_COMMENT, '''', '''''') || '''' END AS line FROM information_schema.COLUMNS");
    put_where_table(sql, show, "TABLE_SCHEMA", "TABLE_NAME");
    tn_buf_puts(sql, " UNION ALL SELECT 2, min(INDEX_NAME <> 'PRIMARY'), INDEX_NAME, CASE WHEN INDEX_NAME = 'PRIMARY' THEN '  PRIMARY KEY (' WHEN max(NON_UNIQUE) = 0 THEN '  UNIQUE KEY ' || " NAME("INDEX_NAME") " || ' (' "
                     "ELSE '  KEY ' || " NAME("INDEX_NAME") " || ' (' END || group_concat(" NAME("COLUMN_NAME") ", ',') || ')' FROM (SELECT * FROM information_schema.STATISTICS");
    put_where_table(sql, show, "TABLE_SCHEMA", "TABLE_NAME");
    tn_buf_puts(sql, " AND COLUMN_NAME IS NOT NULL ORDER BY INDEX_NAME, SEQ_IN_INDEX) GROUP BY INDEX_NAME"
                     " UNION ALL SELECT 3, 0, CONSTRAINT_NAME, '  CONSTRAINT ' || " NAME("CONSTRAINT_NAME") " || ' FOREIGN KEY (' || group_concat(" NAME("COLUMN_NAME") ", ', ') || ') REFERENCES ' || "
                     NAME("max(REFERENCED_TABLE_NAME)") " || ' (' || group_concat(" NAME("REFERENCED_COLUMN_NAME") ", ', ') || ')' || coalesce(max(rules), '') FROM (SELECT *, (SELECT "
                     "CASE WHEN DELETE_RULE IN ('CASCADE', 'SET NULL', 'SET DEFAULT') THEN ' ON DELETE ' || DELETE_RULE ELSE '' END || CASE WHEN UPDATE_RULE IN ('CASCADE', 'SET NULL', 'SET DEFAULT') THEN ' ON UPDATE ' || UPDATE_RULE ELSE '' END "
                     "FROM information_schema.REFERENTIAL_CONSTRAINTS r WHERE r.CONSTRAINT_NAME = k.CONSTRAINT_NAME AND r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.TABLE_NAME = k.TABLE_NAME) AS rules FROM information_schema.KEY_COLUMN_USAGE k");
    put_where_table(sql, show, "TABLE_SCHEMA", "TABLE_NAME");
    tn_buf_puts(sql, " AND REFERENCED_TABLE_NAME IS NOT NULL ORDER BY CONSTRAINT_NAME, ORDINAL_POSITION) GROUP BY CONSTRAINT_NAME) ORDER BY part, n, k)");
}

static void put_create_view(struct tn_buf *sql, const struct show *show)
{
    tn_buf_puts(sql, "SELECT TABLE_NAME AS \"View\", 'CREATE VIEW ' || " NAME("TABLE_NAME") " || ' AS ' || VIEW_DEFINITION AS \"Create View\", CHARACTER_SET_CLIENT AS \"character_set_client\", "
                     "COLLATION_CONNECTION AS \"collation_connection\" FROM information_schema.VIEWS");
    put_where_table(sql, show, "TABLE_SCHEMA", "TABLE_NAME");
}

static void no_such_view(struct tn_my_session *s)
{
    tn_my_fail(s, 1347, "HY000", "'%.64s.%.*s' is not VIEW", s->database, (int)TN_MIN(s->show_name.len, (size_t)64), s->show_name.ptr);
    tn_my_statement_done(s, true);
}

static void create_database(struct tn_my_session *s, const struct show *show)
{
    struct tn_buf sql, exists;

    tn_buf_init(&sql, TEXT_MAX);
    tn_buf_init(&exists, TEXT_MAX);
    tn_buf_puts(&sql, "SELECT SCHEMA_NAME AS \"Database\", 'CREATE DATABASE ' || " NAME("SCHEMA_NAME") " || ' /*!40100 DEFAULT CHARACTER SET utf8mb4 */' AS \"Create Database\" FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ");
    tn_buf_put_quoted(&sql, show->table, '\'');
    tn_buf_puts(&exists, "SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ");
    tn_buf_put_quoted(&exists, show->table, '\'');
    sql.failed = sql.failed || !keep_name(s, show);
    ask(s, show, &sql, &exists, false, tn_my_no_such_database);
}

static bool create(struct tn_my_session *s, struct tn_words *words)
{
    struct show   show = {.full = false};
    struct tn_buf sql;
    bool          view = tn_words_accept(words, "view"), database = !view && (tn_words_accept(words, "database") || tn_words_accept(words, "schema"));

    if (!view && !database && tn_words_at(words, "user")) {
        tn_my_fail(s, 1235, "42000", "SHOW CREATE USER is not supported by Turnout: it would show the engine's account and its password's hash");
        tn_my_statement_done(s, true);
        return true;
    }
    if (!view && !database && !tn_words_accept(words, "table"))
        return false;
    while (database && (tn_words_accept(words, "if") || tn_words_accept(words, "not") || tn_words_accept(words, "exists")))
        continue;
    if (!read_table(s, words, &show) || !tn_words_at_end(words))
        return false;
    if (database) {
        create_database(s, &show);
        return true;
    }
    tn_buf_init(&sql, TEXT_MAX);
    if (view)
        put_create_view(&sql, &show);
    else
        put_create_table(&sql, &show);
    ask_table(s, &show, &sql, view ? "tn_views" : "tn_columns", view ? no_such_view : tn_my_show_create);
    return true;
}

/* ---- what Turnout knows ---- */

static void done(struct tn_my_session *s)
{
    tn_my_end_rows(s);
    tn_my_statement_done(s, false);
}

static void show_warnings(struct tn_my_session *s, struct tn_words *words, bool errors_only)
{
    static const char *const names[] = {"Level", "Code", "Message"};
    static const uint8_t     types[] = {253, 8, 253};
    struct tn_my_table       table = {.count = 3, .names = names, .types = types};
    uint64_t                 skip = 0, limit = UINT64_MAX, shown = 0;

    tn_words_next(words);
    if (tn_words_accept(words, "limit") && tn_str_to_u64(words->token.text, UINT64_MAX, &limit)) {
        tn_words_next(words);
        if (tn_words_accept_punct(words, ',')) {
            skip = limit;
            (void)tn_str_to_u64(words->token.text, UINT64_MAX, &limit);
        }
    }
    tn_my_put_table(s, &table);
    for (size_t i = 0; i < s->warning_count && shown < limit; i++) {
        char          code[8];
        struct tn_str row[3] = {tn_str(s->warnings[i].level), {NULL, 0}, tn_str(s->warnings[i].message)};

        snprintf(code, sizeof code, "%u", s->warnings[i].code);
        row[1] = tn_str(code);
        if (errors_only && strcmp(s->warnings[i].level, "Error") != 0)
            continue;
        if (skip > 0) {
            skip--;
            continue;
        }
        shown++;
        tn_my_put_row(s, &table, row);
    }
    done(s);
}

static void show_count(struct tn_my_session *s, bool errors)
{
    const char        *name = errors ? "@@session.error_count" : "@@session.warning_count";
    uint8_t            type = TN_MY_TYPE_LONGLONG;
    struct tn_my_table table = {.count = 1, .names = &name, .types = &type};
    char               text[24];
    struct tn_str      row;

    snprintf(text, sizeof text, "%zu", errors ? tn_my_error_count(s) : s->warning_count);
    row = tn_str(text);
    tn_my_put_table(s, &table);
    tn_my_put_row(s, &table, &row);
    done(s);
}

/* Of the client's own account, which is Turnout's; an engine's would be the one that Turnout has there. */
static void show_grants(struct tn_my_session *s)
{
    char               head[256], grant[256];
    const char        *name = head;
    struct tn_my_table table = {.count = 1, .names = &name};
    struct tn_str      row;

    snprintf(head, sizeof head, "Grants for %.100s@%%", s->user);
    snprintf(grant, sizeof grant, "GRANT USAGE ON *.* TO `%.100s`@`%%`", s->user);
    row = tn_str(grant);
    tn_my_put_table(s, &table);
    tn_my_put_row(s, &table, &row);
    done(s);
}

/* COUNT(*) WARNINGS */
static bool counts(struct tn_my_session *s, struct tn_words *words)
{
    while (words->token.kind == TN_TOKEN_PUNCT)
        tn_words_next(words);
    if (!tn_words_at(words, "warnings") && !tn_words_at(words, "errors"))
        return false;
    show_count(s, tn_words_at(words, "errors"));
    return true;
}

bool tn_my_show(struct tn_my_session *s, struct tn_words *words)
{
    const struct list *list;
    struct tn_words    scope = *words;
    bool               full = false, global = tn_words_accept(words, "global");

    if (!global && !tn_words_accept(words, "session"))
        tn_words_accept(words, "local");
    if (global && tn_words_at(words, "variables")) /* a list of its own */
        *words = scope;
    tn_words_accept(words, "extended");
    full = tn_words_accept(words, "full");
    if (tn_words_accept(words, "processlist"))
        tn_my_show_processes(s, full);
    else if (tn_words_at(words, "warnings") || tn_words_at(words, "errors"))
        show_warnings(s, words, tn_words_at(words, "errors"));
    else if (tn_words_accept(words, "grants"))
        show_grants(s);
    else if (tn_words_accept(words, "count"))
        return counts(s, words);
    else if (tn_words_accept(words, "columns") || tn_words_accept(words, "fields"))
        return columns(s, words, full);
    else if (tn_words_accept(words, "index") || tn_words_accept(words, "indexes") || tn_words_accept(words, "keys"))
        return indexes(s, words);
    else if (tn_words_accept(words, "create"))
        return create(s, words);
    else
        return (list = find_list(words)) != NULL && show_list(s, words, list, full);
    return true;
}
