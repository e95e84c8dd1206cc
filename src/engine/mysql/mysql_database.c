/* The database that a client chose, on connections that everybody shares. */
#include "base/clock.h"
#include "engine/mysql/mysql_conn.h"

enum { ER_DBACCESS_DENIED = 1044, ER_BAD_DB = 1049, REFUSED_US = 5000000 };

static struct tn_str own_database(const struct tn_mysql_conn *c)
{
    const char *database = tn_mysql_engine(c)->database;

    return database != NULL ? tn_str(database) : TN_STR("");
}

void tn_mysql_database_is_own(struct tn_mysql_conn *c)
{
    tn_str_copy(c->database, sizeof c->database, own_database(c));
    c->used_other_database = false;
}

/* One that the server did not know a moment ago is not asked for again and again. */
static bool is_refused(const struct tn_mysql_conn *c, struct tn_str name)
{
    return !c->run->database_must_be && (c->now.database_refused || (tn_str_eq_c(name, c->refused_database) && tn_clock_us() < c->refused_until_us));
}

static struct tn_str wanted(const struct tn_mysql_conn *c)
{
    struct tn_str name = c->run->database;

    if (name.len == 0 || name.len >= sizeof c->database || is_refused(c, name))
        return own_database(c);
    return name;
}

static bool is_about_transaction(const struct tn_run *run)
{
    enum tn_verb verb = run->features == NULL ? TN_VERB_OTHER : run->features->verb;

    return verb == TN_VERB_BEGIN || verb == TN_VERB_START || verb == TN_VERB_COMMIT || verb == TN_VERB_END || verb == TN_VERB_ROLLBACK ||
           verb == TN_VERB_ABORT;
}

void tn_mysql_database_write(struct tn_mysql_conn *c)
{
    struct tn_str name = wanted(c);

    if (name.len == 0 || is_about_transaction(c->run) || (!c->used_other_database && tn_str_eq_c(name, c->database)))
        return;
    tn_buf_clear(&c->decoded);
    tn_buf_puts(&c->decoded, "USE ");
    tn_buf_put_quoted(&c->decoded, name, '`');
    tn_mysql_script_put(c, tn_buf_str(&c->decoded));
    tn_buf_clear(&c->decoded);
    c->now.database_asked = true;
}

bool tn_mysql_database_answered(struct tn_mysql_conn *c)
{
    bool asked = c->now.database_asked;

    c->now.database_asked = false;
    if (!asked || c->lost)
        return true;
    if (c->failure.status == TN_OK) {
        tn_str_copy(c->database, sizeof c->database, wanted(c));
        c->used_other_database = false;
        TN_LIST_FOR_EACH_SAFE(node, &c->statements.list) /* their names mean others now */
            tn_mysql_statement_drop(&c->statements, TN_CONTAINER_OF(node, struct tn_mysql_statement, node), &c->wire);
        return true;
    }
    c->used_other_database = true; /* or not: something behind it may have failed */
    if (c->run->database_must_be || c->now.database_refused || (c->failure.own_code != ER_BAD_DB && c->failure.own_code != ER_DBACCESS_DENIED))
        return true;
    tn_str_copy(c->refused_database, sizeof c->refused_database, c->run->database);
    c->refused_until_us = tn_clock_us() + REFUSED_US;
    c->now.database_refused = true;
    tn_error_reset(&c->failure);
    return false;
}
