/* The session's database: of the log-in, of USE and COM_INIT_DB. An engine of MySQL's kind is asked whether it has it; to others it is
 * the schema that names without one belong to, where they have such, and else no more than a name for theirs (label.h). */
#include "mysql/private.h"

#include "base/alloc.h"
#include "mysql/catalog_ask.h"
#include "mysql/label.h"
#include "mysql/member.h"
#include "mysql/qualify.h"

enum { LOOKED_AT = 1024 * 1024, SQL_MAX = 1024, PATH_MAX_BYTES = 2 * TN_USER_NAME_MAX + 64 };

static enum tn_status set(struct tn_my_session *s, const char *name, struct tn_str value, enum tn_cfg_engine only, struct tn_error *err)
{
    return tn_settings_change(&s->settings, tn_str(name), value, only, false, true, s->runtime->snapshot, err);
}

/* PostgreSQL and DuckDB leave out schemas that are not there. */
static enum tn_status set_path(struct tn_my_session *s, struct tn_error *err)
{
    struct tn_buf  path;
    enum tn_status status;

    if (s->database[0] == '\0')
        return set(s, "search_path", tn_str_n(NULL, 0), TN_CFG_ENGINE_UNSET, err);
    tn_buf_init(&path, PATH_MAX_BYTES);
    tn_buf_put_quoted(&path, tn_str(s->database), '"');
    tn_buf_puts(&path, ", \"$user\", public");
    status = path.failed ? tn_fail(err, TN_E_NOMEM, "53200", "no memory for a setting") : set(s, "search_path", tn_buf_str(&path), TN_CFG_ENGINE_UNSET, err);
    tn_buf_reset(&path);
    return status;
}

void tn_my_database_settings(struct tn_my_session *s)
{
    struct tn_str   none = {NULL, 0}, name = s->database[0] == '\0' ? none : tn_str(s->database);
    struct tn_error err = TN_ERROR_INIT;

    if (set(s, "login_database", s->database_is_there ? none : name, TN_CFG_ENGINE_MYSQL, &err) != TN_OK ||
        set(s, "database", s->database_is_there ? name : none, TN_CFG_ENGINE_MYSQL, &err) != TN_OK || set_path(s, &err) != TN_OK)
        tn_my_warn(s, "Warning", 1105, err.message);
    tn_error_reset(&err);
}

static bool take(struct tn_my_session *s, struct tn_str name, bool is_there)
{
    char *copy = tn_strndup(name.ptr, name.len);

    if (copy == NULL)
        return false;
    tn_free(s->database);
    s->database = copy;
    s->theirs_known = false; /* some are of the database */
    s->database_is_there = is_there;
    s->database_kind = TN_MY_DATABASE_UNKNOWN;
    s->schema_changed = true;
    tn_my_database_settings(s);
    return true;
}

void tn_my_used(struct tn_my_session *s, bool failed)
{
    char *name = s->using;

    s->using = NULL;
    if (name != NULL && !failed)
        (void)take(s, tn_str(name), true); /* without memory the old one stays, and the client is told of no change */
    tn_free(name);
}

/* DROP DATABASE of the session's own: it has none then. */
void tn_my_dropped(struct tn_my_session *s, struct tn_str sql)
{
    struct tn_words words;
    struct tn_str   name;

    if (!s->database_is_there)
        return;
    tn_words_behind_verb(&words, sql, TN_DIALECT_MYSQL);
    if (!tn_words_accept(&words, "database") && !tn_words_accept(&words, "schema"))
        return;
    if (tn_words_accept(&words, "if"))
        tn_words_accept(&words, "exists");
    if (tn_my_read_name(s, &words, &name) && tn_str_eq_c(name, s->database))
        (void)take(s, TN_STR(""), false);
}

static void done(struct tn_my_session *s, bool failed)
{
    s->row_count = 0;
    if (!failed)
        tn_my_ok(s, 0, 0);
    tn_my_statement_done(s, failed);
}

static void no_memory(struct tn_my_session *s)
{
    tn_my_fail(s, 1037, "HY001", "no memory for a name");
    done(s, true);
}

static void ask(struct tn_my_session *s, struct tn_str name, struct tn_settings_list *settings)
{
    struct tn_my_run run = {.kind = TN_RUN_EXECUTE, .settings = settings};
    struct tn_buf    sql;

    tn_buf_init(&sql, SQL_MAX);
    tn_buf_puts(&sql, "USE ");
    tn_buf_put_quoted(&sql, name, '`');
    s->using = tn_strndup(name.ptr, name.len);
    run.sql = tn_buf_str(&sql);
    if (sql.failed || s->using == NULL)
        no_memory(s);
    else
        tn_my_run(s, &run);
    tn_buf_reset(&sql);
}

static void found(struct tn_my_session *s)
{
    if (take(s, s->show_name, false))
        done(s, false);
    else
        no_memory(s);
}

void tn_my_no_such_database(struct tn_my_session *s)
{
    tn_my_fail(s, 1049, "42000", "Unknown database '%.*s'", (int)TN_MIN(s->show_name.len, (size_t)64), s->show_name.ptr);
    tn_my_statement_done(s, true);
}

bool tn_my_put_has_database(struct tn_buf *sql, struct tn_str name)
{
    static const char *const texts[] = {"SELECT 1 FROM tn_schemata WHERE s = ", " UNION ALL SELECT 1 FROM tn_label WHERE s = "};

    for (size_t i = 0; i < TN_ARRAY_LEN(texts); i++) {
        tn_buf_puts(sql, texts[i]);
        tn_buf_put_quoted(sql, name, '\'');
    }
    tn_buf_puts(sql, tn_my_catalog_is_schema(name) ? " UNION ALL SELECT 1" : "");
    return !sql->failed;
}

/* Is it a schema of the engine's? */
static void ask_catalog(struct tn_my_session *s)
{
    struct tn_my_catalog_statement statement = {.found = found, .missing = tn_my_no_such_database,
                                                .relations = tn_my_catalog_mentions(TN_STR("information_schema.SCHEMATA"), TN_STR(""))};
    struct tn_buf                  sql;

    tn_buf_init(&sql, SQL_MAX);
    s->statement = TN_STR("USE x");
    if (tn_my_put_has_database(&sql, s->show_name)) {
        statement.exists = tn_buf_str(&sql);
        tn_my_catalog_start(s, &statement);
    } else {
        no_memory(s);
    }
    tn_buf_reset(&sql);
}

static bool is_a_name(struct tn_str name)
{
    return name.len > 0 && name.len <= TN_USER_NAME_MAX && tn_utf8_valid_prefix(name.ptr, name.len) == name.len && memchr(name.ptr, '\0', name.len) == NULL;
}

void tn_my_use(struct tn_my_session *s, struct tn_str name)
{
    struct tn_cluster       *member = NULL;
    struct tn_settings_list *settings = NULL;
    struct tn_error          err = TN_ERROR_INIT;
    bool                     has_member;

    if (name.len == 0) {
        tn_my_fail(s, 1046, "3D000", "No database selected");
        done(s, true);
        return;
    }
    if (!is_a_name(name)) {
        tn_my_fail(s, 1102, "42000", "Incorrect database name");
        done(s, true);
        return;
    }
    tn_free(s->using);
    s->using = NULL;
    has_member = tn_my_member_find(s, TN_STR("USE x"), &member, &settings, &err) == TN_OK && member != NULL;
    if (has_member && member->ops->dialect == TN_DIALECT_MYSQL)
        ask(s, name, settings);
    else if (!tn_arena_str(&s->arena, name, &s->show_name))
        no_memory(s);
    else if (!has_member || tn_my_is_label(s, member->conf, name))
        found(s);
    else
        ask_catalog(s);
    tn_error_reset(&err);
    tn_settings_list_unref(settings);
}

/* ---- shop.orders, where the engine knows no shop ---- */

static void go_on(struct tn_my_session *s)
{
    void (*then)(struct tn_my_session *s) = s->placed;

    s->placed = NULL;
    if (s->database_kind == TN_MY_DATABASE_LABEL && !tn_my_unqualify(s->statement, tn_str(s->database), &s->arena, &s->statement)) {
        tn_my_fail(s, 1037, "HY001", "no memory for a statement");
        tn_my_prepare_done(s, true);
        tn_my_statement_done(s, true);
        return;
    }
    then(s);
}

static void is_label(struct tn_my_session *s)
{
    s->database_kind = TN_MY_DATABASE_LABEL;
    go_on(s);
}

static void is_schema(struct tn_my_session *s)
{
    s->database_kind = TN_MY_DATABASE_SCHEMA;
    go_on(s);
}

void tn_my_place(struct tn_my_session *s, void (*then)(struct tn_my_session *s))
{
    struct tn_my_catalog_statement statement = {.exists = TN_STR("SELECT 1 FROM tn_label"), .found = is_label, .missing = is_schema};

    s->placed = then;
    if (s->database[0] == '\0' || s->statement.len > LOOKED_AT || !tn_my_qualifies(s->statement, tn_str(s->database)) ||
        !tn_my_catalog_serves(s, s->statement)) {
        s->placed = NULL;
        then(s);
    } else if (s->database_kind != TN_MY_DATABASE_UNKNOWN) {
        go_on(s);
    } else if (tn_arena_str(&s->arena, s->statement, &s->statement)) { /* what it was read from may be gone by then */
        statement.relations = tn_my_catalog_mentions(TN_STR("information_schema.SCHEMATA"), TN_STR(""));
        tn_my_catalog_start(s, &statement);
    } else {
        no_memory(s);
    }
}
