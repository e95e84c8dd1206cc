/* Which statements Turnout answers itself, and the small ones of them. */
#include "mysql/catalog_ask.h"
#include "mysql/evaluate.h"
#include "mysql/member.h"
#include "mysql/plain.h"
#include "mysql/private.h"

enum { SELECT_MAX = 256 };

static void told(struct tn_my_session *s)
{
    s->row_count = 0;
    tn_my_ok(s, 0, 0);
    tn_my_statement_done(s, false);
}

static void refuse(struct tn_my_session *s, struct tn_error *err)
{
    tn_my_error(s, err);
    tn_error_reset(err);
    tn_my_statement_done(s, true);
}

bool tn_my_read_name(struct tn_my_session *s, struct tn_words *words, struct tn_str *name)
{
    do {
        if (words->token.kind != TN_TOKEN_WORD && words->token.kind != TN_TOKEN_IDENT)
            return false;
        *name = words->token.kind == TN_TOKEN_IDENT ? tn_my_unquote(words->token.text, &s->arena) : words->token.text;
        tn_words_next(words);
    } while (tn_words_accept_punct(words, '.'));
    return name->ptr != NULL;
}

/* ---- SELECT of what the session knows ---- */

struct selection {
    size_t             count;
    struct tn_str      heads[SELECT_MAX];
    struct tn_my_value values[SELECT_MAX];
};

static bool read_alias(struct tn_my_session *s, struct tn_words *words, struct tn_str *head)
{
    bool as = tn_words_accept(words, "as");

    if (words->token.kind == TN_TOKEN_IDENT || words->token.kind == TN_TOKEN_STRING)
        *head = tn_my_unquote(words->token.text, &s->arena);
    else if (words->token.kind == TN_TOKEN_WORD && (as || (!tn_words_at(words, "from") && !tn_words_at(words, "limit"))))
        *head = words->token.text;
    else
        return !as;
    tn_words_next(words);
    return head->ptr != NULL;
}

static enum tn_my_evaluated read_selection(struct tn_my_session *s, struct tn_words *words, struct selection *out, struct tn_error *err)
{
    bool about = false;

    out->count = 0;
    do {
        const char          *from = words->token.text.ptr, *end;
        enum tn_my_evaluated result;

        if (out->count == SELECT_MAX)
            return TN_MY_NOT_OURS;
        result = tn_my_evaluate(s, words, &s->arena, &out->values[out->count], &about, err);
        if (result != TN_MY_VALUE)
            return result;
        end = words->token.text.ptr;
        out->heads[out->count] = tn_str_trim(tn_str_n(from, (size_t)(end - from)));
        if (!read_alias(s, words, &out->heads[out->count++]))
            return TN_MY_NOT_OURS;
    } while (tn_words_accept_punct(words, ','));
    if (tn_words_accept(words, "from") && !tn_words_accept(words, "dual"))
        return TN_MY_NOT_OURS;
    if (tn_words_accept(words, "limit"))
        tn_words_next(words);
    return about && tn_words_at_end(words) ? TN_MY_VALUE : TN_MY_NOT_OURS;
}

static void tell_selection(struct tn_my_session *s, const struct selection *selection)
{
    struct tn_str      row[SELECT_MAX];
    uint8_t            types[SELECT_MAX];
    struct tn_my_table table = {.count = selection->count, .heads = selection->heads, .types = types};
    int64_t            number;

    for (size_t i = 0; i < selection->count; i++) {
        row[i] = selection->values[i].text;
        types[i] = selection->values[i].number && (row[i].ptr == NULL || tn_str_to_i64(row[i], INT64_MIN, INT64_MAX, &number)) ? TN_MY_TYPE_LONGLONG
                                                                                                                           : TN_MY_TYPE_VAR_STRING;
    }
    tn_my_put_table(s, &table);
    tn_my_put_row(s, &table, row);
    tn_my_end_rows(s);
    tn_my_statement_done(s, false);
}

/* Does it look as if it were ours? Most statements do not, and are not read. */
static bool may_be_ours(struct tn_str sql)
{
    const struct tn_str calls[] = {TN_STR("version"), TN_STR("database"), TN_STR("schema"), TN_STR("user"), TN_STR("connection_id"), TN_STR("last_insert_id"),
                                   TN_STR("row_count"), TN_STR("found_rows"), TN_STR("role")};

    if (sql.len > 16 * 1024)
        return false;
    return memchr(sql.ptr, '@', sql.len) != NULL || tn_str_holds_any(sql, calls, TN_ARRAY_LEN(calls));
}

static bool select_own(struct tn_my_session *s, struct tn_words *words)
{
    struct selection selection;
    TN_ERROR_LOCAL(err);

    if (!may_be_ours(words->sql))
        return false;
    switch (read_selection(s, words, &selection, &err)) {
    case TN_MY_VALUE: tell_selection(s, &selection); return true;
    case TN_MY_WRONG:
        if (err.status == TN_E_NOT_FOUND && tn_my_member_is_mysql(s, words->sql))
            break; /* a variable that its server may have */
        refuse(s, &err);
        return true;
    default: break;
    }
    tn_error_reset(&err);
    return false;
}

/* ---- transactions ---- */

/* XA transactions end by XA alone, as servers say it. */
static bool refuse_in_xa(struct tn_my_session *s)
{
    if (!tn_my_in_xa(s))
        return false;
    tn_my_fail(s, 1399, "XAE07", "XAER_RMFAIL: The command cannot be executed when global transaction is in the ACTIVE or IDLE state");
    tn_my_statement_done(s, true);
    return true;
}

static void begin_now(struct tn_my_session *s)
{
    tn_my_begin(s, tn_str(s->begin_modes), s->begin_read_only);
    told(s);
}

static bool begin(struct tn_my_session *s, struct tn_words *words, bool start)
{
    bool snapshot = false, reads = false, writes = false;

    if (start && !tn_words_accept(words, "transaction"))
        return false;
    if (tn_words_at(words, "not")) { /* ATOMIC: no transaction, but statements */
        tn_my_fail(s, 1235, "42000", "BEGIN NOT ATOMIC is not supported by Turnout: say its statements one by one, or make a procedure of them");
        tn_my_statement_done(s, true);
        return true;
    }
    if (refuse_in_xa(s))
        return true;
    tn_words_accept(words, "work");
    while (!tn_words_at_end(words)) {
        reads = reads || tn_words_at(words, "only");
        writes = writes || tn_words_at(words, "write");
        snapshot = snapshot || tn_words_at(words, "snapshot");
        tn_words_next(words);
    }
    s->begin_read_only = reads;
    snprintf(s->begin_modes, sizeof s->begin_modes, "%s%s%s", snapshot ? " WITH CONSISTENT SNAPSHOT" : "", snapshot && (reads || writes) ? "," : "",
             reads ? " READ ONLY" : writes ? " READ WRITE" : "");
    tn_my_end_transaction(s, TN_ASK_COMMIT, begin_now); /* the one before ends with it */
    return true;
}

static void begin_again(struct tn_my_session *s)
{
    tn_my_begin(s, TN_STR(""), false);
    told(s);
}

static bool lacks_savepoints(struct tn_my_session *s, struct tn_str sql)
{
    struct tn_cluster       *member = NULL;
    struct tn_settings_list *settings = NULL;
    struct tn_error          err = TN_ERROR_INIT;
    bool                     lacks = tn_my_member_find(s, sql, &member, &settings, &err) == TN_OK && member != NULL &&
                   member->conf->engine == TN_CFG_ENGINE_DUCKDB;

    tn_error_reset(&err);
    tn_settings_list_unref(settings);
    return lacks;
}

/* Outside of a transaction each statement is its own: there is nothing to go back to. */
static bool savepoint(struct tn_my_session *s, struct tn_words *words, bool makes)
{
    struct tn_str name = TN_STR("");
    bool          inside = s->in_tx || !s->autocommit;

    if (inside && !lacks_savepoints(s, words->sql))
        return false;
    tn_words_accept(words, "work");
    tn_words_accept(words, "to");
    tn_words_accept(words, "savepoint");
    if (!tn_my_read_name(s, words, &name) || !tn_words_at_end(words))
        return false;
    if (inside && s->tx_wrote) { /* by us: its engine would give up the transaction */
        tn_my_fail(s, 1235, "42000", "the transaction's engine (DuckDB) has no savepoints, and something was changed already");
        tn_my_statement_done(s, true);
        return true;
    }
    if (makes || inside) { /* nothing was changed: there is nothing to go back to */
        told(s);
        return true;
    }
    tn_my_fail(s, 1305, "42000", "SAVEPOINT %.*s does not exist", (int)TN_MIN(name.len, (size_t)64), name.ptr);
    tn_my_statement_done(s, true);
    return true;
}

static void ended_and_gone(struct tn_my_session *s)
{
    tn_my_ok(s, 0, 0);
    s->stop_after = true;
    tn_my_statement_done(s, false);
}

static bool end(struct tn_my_session *s, struct tn_words *words, enum tn_ask_end how)
{
    void (*after)(struct tn_my_session *) = told;

    tn_words_accept(words, "work");
    if (tn_words_at(words, "to"))
        return savepoint(s, words, false);
    if (refuse_in_xa(s))
        return true;
    if (tn_words_accept(words, "and")) {
        if (tn_words_accept(words, "chain"))
            after = begin_again;
        tn_words_next(words);
        tn_words_next(words);
    }
    if (tn_words_accept(words, "release"))
        after = ended_and_gone;
    tn_my_end_transaction(s, how, after);
    return true;
}

/* ---- others ---- */

static bool use_database(struct tn_my_session *s, struct tn_words *words)
{
    struct tn_str name;

    if (!tn_my_read_name(s, words, &name))
        return false;
    tn_my_use(s, name);
    return true;
}

/* A number of the server's own would be another one's connection there: whatever is killed is one of ours. */
static bool kill_other(struct tn_my_session *s, struct tn_words *words)
{
    struct tn_my_value value = {.text = tn_str_n(NULL, 0)};
    struct tn_error    err = TN_ERROR_INIT;
    bool               about, query_only, known;
    uint64_t           id;

    if (!tn_words_accept(words, "hard"))
        tn_words_accept(words, "soft");
    query_only = tn_words_accept(words, "query");
    if (!query_only)
        tn_words_accept(words, "connection");
    known = tn_my_evaluate(s, words, &s->arena, &value, &about, &err) == TN_MY_VALUE && tn_words_at_end(words) && value.text.ptr != NULL &&
            tn_str_to_u64(value.text, UINT64_MAX, &id);
    tn_error_reset(&err);
    if (known) {
        tn_my_kill(s, id, query_only);
        return true;
    }
    tn_my_fail(s, 1235, "42000", "KILL of anything but a connection's number is not supported by Turnout");
    tn_my_statement_done(s, true);
    return true;
}

static bool load(struct tn_my_session *s, struct tn_words *words)
{
    bool local = false;

    for (unsigned i = 0; i < 6 && !tn_words_at_end(words); i++, tn_words_next(words))
        local = local || tn_words_at(words, "local");
    if (!local)
        return false;
    tn_my_fail(s, 3948, "42000", "Loading local data is disabled: Turnout does not take files from clients (LOAD DATA LOCAL INFILE)");
    tn_my_statement_done(s, true);
    return true;
}

/* DESCRIBE t [column]; DESCRIBE SELECT .. is EXPLAIN. EXPLAIN ROUTE and EXPLAIN TRANSLATION are written so only: there are tables of that name. */
static bool describe(struct tn_my_session *s, struct tn_words *words, bool explain)
{
    static const char *const statements[] = {"select", "with", "insert", "update", "delete", "replace", "table", "values", "format", "analyze", "extended", "partitions"};

    for (size_t i = 0; i < TN_ARRAY_LEN(statements); i++)
        if (tn_words_at(words, statements[i]))
            return false;
    if (explain && (tn_words_at(words, "route") || tn_words_at(words, "translation")))
        return false;
    return tn_my_describe(s, words);
}

static bool unlock(struct tn_my_session *s, struct tn_words *words)
{
    if (!tn_words_accept(words, "tables") && !tn_words_accept(words, "table"))
        return false;
    if (s->bond.lease != NULL)
        return false;
    told(s); /* nothing was locked */
    return true;
}

/* Others have no such locks, and a dump that thinks it has them is not one of one moment. */
static bool lock(struct tn_my_session *s, struct tn_words *words)
{
    if ((!tn_words_at(words, "tables") && !tn_words_at(words, "table")) || tn_my_member_is_mysql(s, words->sql))
        return false;
    tn_my_fail(s, 1235, "42000", "LOCK TABLES is not supported by the engine that this is routed to: use a transaction (mysqldump --single-transaction, or --skip-lock-tables)");
    tn_my_statement_done(s, true);
    return true;
}

/* ALTER USER CURRENT_USER() .. */
static bool alters_self(struct tn_words words)
{
    static const char *const names[] = {"user", "current_user", "session_user", "system_user"};

    if (!tn_words_accept(&words, "alter") || !tn_words_accept(&words, "user"))
        return false;
    while (tn_words_accept(&words, "if") || tn_words_accept(&words, "exists"))
        continue;
    for (size_t i = 0; i < TN_ARRAY_LEN(names); i++)
        if (tn_words_at(&words, names[i]))
            return true;
    return false;
}

/* There it is Turnout's account, which others use, too. */
static bool refuse_self(struct tn_my_session *s)
{
    tn_my_fail(s, 1235, "42000", "ALTER USER of oneself is not supported by Turnout, whose users are in its configuration: the engine's account is not the client's");
    tn_my_statement_done(s, true);
    return true;
}

/* QUERY CACHE, MASTER, SLAVE: of the whole server. */
static bool refuse_reset(struct tn_my_session *s)
{
    tn_my_fail(s, 1235, "42000", "RESET is not supported by Turnout: it is for all clients of a server. COM_RESET_CONNECTION makes the session new");
    tn_my_statement_done(s, true);
    return true;
}

bool tn_my_own(struct tn_my_session *s, struct tn_str sql)
{
    struct tn_words words;

    tn_words_init(&words, sql, TN_DIALECT_MYSQL);
    if (tn_words_accept(&words, "select"))
        return select_own(s, &words) || tn_my_catalog_select(s, sql, false);
    if (tn_words_at(&words, "with") || words.token.punct == '(')
        return tn_my_catalog_select(s, sql, false);
    if (tn_words_accept(&words, "set")) {
        tn_my_set(s, &words);
        return true;
    }
    if (tn_words_accept(&words, "show"))
        return tn_my_show(s, &words);
    if (tn_words_accept(&words, "begin"))
        return begin(s, &words, false);
    if (tn_words_accept(&words, "start"))
        return begin(s, &words, true);
    if (tn_words_accept(&words, "commit"))
        return end(s, &words, TN_ASK_COMMIT);
    if (tn_words_accept(&words, "rollback"))
        return end(s, &words, TN_ASK_ROLLBACK);
    if (tn_words_accept(&words, "use"))
        return use_database(s, &words);
    if (tn_words_accept(&words, "kill"))
        return kill_other(s, &words);
    if (tn_words_accept(&words, "load"))
        return load(s, &words);
    if (tn_words_accept(&words, "lock"))
        return lock(s, &words);
    if (tn_words_accept(&words, "unlock"))
        return unlock(s, &words);
    if (tn_words_accept(&words, "savepoint"))
        return savepoint(s, &words, true);
    if (tn_words_accept(&words, "release"))
        return savepoint(s, &words, false);
    if (tn_words_accept(&words, "describe") || tn_words_accept(&words, "desc"))
        return describe(s, &words, false);
    if (tn_words_accept(&words, "explain"))
        return describe(s, &words, true);
    if (tn_words_at(&words, "reset") && tn_my_speaks_mysql(s))
        return refuse_reset(s);
    return alters_self(words) && refuse_self(s);
}

bool tn_my_own_is(struct tn_my_session *s, struct tn_str sql)
{
    static const char *const verbs[] = {"set", "show", "begin", "start", "commit", "use", "kill", "unlock"};
    struct tn_words       words;
    struct selection         selection;
    struct tn_str            name;
    struct tn_error          err = TN_ERROR_INIT;
    enum tn_my_evaluated     result = TN_MY_NOT_OURS;

    tn_words_init(&words, sql, TN_DIALECT_MYSQL);
    for (size_t i = 0; i < TN_ARRAY_LEN(verbs); i++)
        if (tn_words_at(&words, verbs[i]))
            return true;
    if (alters_self(words))
        return true;
    if (tn_words_accept(&words, "rollback"))
        return !tn_words_at(&words, "to");
    if (tn_words_accept(&words, "describe") || tn_words_accept(&words, "desc"))
        return tn_my_read_name(s, &words, &name) && tn_words_at_end(&words);
    if (tn_words_accept(&words, "select") && may_be_ours(sql))
        result = read_selection(s, &words, &selection, &err);
    if (result == TN_MY_WRONG && err.status == TN_E_NOT_FOUND && tn_my_member_is_mysql(s, sql))
        result = TN_MY_NOT_OURS;
    tn_error_reset(&err);
    return result != TN_MY_NOT_OURS;
}
