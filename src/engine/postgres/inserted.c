/* What a column that counts gave the first row of an INSERT, which clients of MySQL are told with its end: RETURNING brings it. */
#include "base/hash.h"
#include "engine/postgres/postgres_conn.h"
#include "stats/lexer.h"

/* Both are of the first time: the name of the column, and its value in whatever row. Then the column is named. */
#define COLUMN_SQL                                                                                                                          \
    "(SELECT a.attname FROM pg_catalog.pg_attribute a LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum "   \
    "WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid = "
#define IS_COUNTED_SQL "::pg_catalog.regclass AND (a.attidentity <> '' OR pg_catalog.pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%') LIMIT 1)"

static const double KNOWN_S = 60;

static bool is_word(const struct tn_token *token, const char *word)
{
    return token->kind == TN_TOKEN_WORD && tn_str_ieq_c(token->text, word);
}

static bool is_name(const struct tn_token *token)
{
    return (token->kind == TN_TOKEN_WORD || token->kind == TN_TOKEN_IDENT) && !token->unterminated;
}

/* The name behind INSERT INTO, as written, and its last part; TOKEN is what stands behind it. */
static bool read_name(struct tn_lexer *lexer, struct tn_token *token, struct tn_str *name, struct tn_str *last)
{
    if (!tn_lexer_next(lexer, token) || !is_word(token, "insert") || !tn_lexer_next(lexer, token) || !is_word(token, "into"))
        return false;
    if (!tn_lexer_next(lexer, token) || !is_name(token))
        return false;
    *name = *last = token->text;
    while (tn_lexer_next(lexer, token) && token->punct == '.') {
        if (!tn_lexer_next(lexer, token) || !is_name(token))
            return false;
        *last = token->text;
        name->len = (size_t)(last->ptr + last->len - name->ptr);
    }
    return true;
}

static bool can_return(struct tn_str sql, struct tn_str *name, struct tn_str *last, bool *upserts)
{
    struct tn_lexer lexer;
    struct tn_token token;

    tn_lexer_init(&lexer, sql, TN_DIALECT_POSTGRES);
    if (!read_name(&lexer, &token, name, last) || is_word(&token, "as") || memchr(name->ptr, '\\', name->len) != NULL)
        return false;
    do {
        if (token.unterminated || token.punct == ';' || is_word(&token, "returning"))
            return false;
        *upserts |= is_word(&token, "conflict");
    } while (tn_lexer_next(&lexer, &token));
    return true;
}

/* ---- what is known of tables ---- */

static struct tn_postgres_id *find(struct tn_postgres_ids *ids, uint64_t table)
{
    for (size_t i = 0; i < TN_POSTGRES_IDS_KNOWN; i++)
        if (ids->known[i].table == table)
            return &ids->known[i];
    return NULL;
}

/* NULL: nothing, any more. */
static const struct tn_postgres_id *known(struct tn_postgres_conn *c)
{
    unsigned               definitions = atomic_load(&c->base.cluster->definitions);
    struct tn_postgres_id *id;

    if (c->ids.definitions != definitions)
        c->ids = (struct tn_postgres_ids){.definitions = definitions};
    id = find(&c->ids, c->now.table);
    return id != NULL && id->until > ev_now(c->base.worker->loop) ? id : NULL;
}

/* COLUMN NULL: it cannot be asked for. */
static void remember(struct tn_postgres_conn *c, const char *column)
{
    struct tn_postgres_id *id = find(&c->ids, c->now.table);

    if (column != NULL && strlen(column) >= TN_POSTGRES_NAME_MAX)
        return; /* it is asked for each time */
    if (id == NULL)
        id = &c->ids.known[c->ids.next++ % TN_POSTGRES_IDS_KNOWN];
    *id = (struct tn_postgres_id){.table = c->now.table, .until = ev_now(c->base.worker->loop) + KNOWN_S, .refused = column == NULL};
    if (column != NULL)
        memcpy(id->column, column, strlen(column));
}

/* The next one asks anew, with a way back. */
static void forget(struct tn_postgres_conn *c)
{
    struct tn_postgres_id *id = find(&c->ids, c->now.table);

    if (id != NULL)
        *id = (struct tn_postgres_id){.table = 0};
}

/* ---- the statement ---- */

static void put_question(struct tn_buf *out, struct tn_str name, struct tn_str last)
{
    tn_buf_puts(out, "pg_catalog.to_json(");
    tn_buf_put_str(out, last);
    tn_buf_puts(out, ".*) ->> " COLUMN_SQL);
    tn_buf_put_quoted(out, name, '\'');
    tn_buf_puts(out, IS_COUNTED_SQL ", " COLUMN_SQL);
    tn_buf_put_quoted(out, name, '\'');
    tn_buf_puts(out, IS_COUNTED_SQL);
}

static void write_statement(struct tn_postgres_conn *c, const struct tn_postgres_id *id, struct tn_str name, struct tn_str last)
{
    struct tn_buf *out = &c->insert;

    tn_buf_clear(out);
    tn_buf_put_str(out, c->run->sql);
    tn_buf_puts(out, "\nRETURNING ");
    if (id == NULL)
        put_question(out, name, last);
    else if (id->column[0] == '\0')
        tn_buf_puts(out, "NULL");
    else
        tn_buf_put_quoted(out, tn_str(id->column), '"');
    if (c->now.upserts)
        tn_buf_puts(out, ", xmax <> 0");
}

void tn_postgres_ask_id(struct tn_postgres_conn *c)
{
    const struct tn_run         *run = c->run;
    const struct tn_postgres_id *id;
    struct tn_str                name, last;

    c->now.sql = run->several_made && run->kind == TN_RUN_DESCRIBE ? TN_STR("") : run->sql; /* definitions: neither parameters nor columns */
    if (!run->wants_id || run->kind != TN_RUN_EXECUTE || run->features == NULL || (run->features->verb != TN_VERB_INSERT && run->features->verb != TN_VERB_REPLACE) ||
        !can_return(run->sql, &name, &last, &c->now.upserts))
        return;
    c->now.table = tn_hash_seeded(name.ptr, name.len, (run->settings == NULL ? 0 : run->settings->hash) + c->now.upserts) | 1;
    id = known(c);
    if (id != NULL && (id->refused || (id->column[0] == '\0' && !c->now.upserts)))
        return;
    write_statement(c, id, name, last);
    if (c->insert.failed)
        return;
    c->now.sql = tn_buf_str(&c->insert);
    c->now.asks_id = c->now.described = true; /* its column is none of the client's */
    c->now.asks_column = id == NULL;
    c->now.fetch_format = 0;
}

void tn_postgres_take_id(struct tn_postgres_conn *c, const PGresult *result)
{
    for (int row = 0; row < PQntuples(result) && c->now.upserts; row++)
        c->now.met += PQgetvalue(result, row, PQnfields(result) - 1)[0] == 't';
    if (PQntuples(result) == 0 || c->now.took_id)
        return;
    c->now.took_id = true; /* of the first row */
    if (c->now.asks_column)
        remember(c, PQgetvalue(result, 0, 1)); /* "" of NULL */
    if (!PQgetisnull(result, 0, 0) && !tn_str_to_u64(tn_str(PQgetvalue(result, 0, 0)), UINT64_MAX, &c->run->insert_id))
        c->run->insert_id = 0; /* below zero */
}

bool tn_postgres_give_up_id(struct tn_postgres_conn *c, const PGresult *failure)
{
    /* No right to read, a view with rules, a name that regclass does not read, a column that is gone. */
    static const char *const reasons[] = {"42501", "0A000", "42602", "42703"};
    const char *sqlstate = PQresultErrorField(failure, PG_DIAG_SQLSTATE);
    bool        ours = false, failed = PQtransactionStatus(c->pg) == PQTRANS_INERROR;

    for (size_t i = 0; i < TN_ARRAY_LEN(reasons); i++)
        ours |= sqlstate != NULL && strcmp(sqlstate, reasons[i]) == 0;
    if (!c->now.asks_id || !ours)
        return false;
    if (c->run->cancelled || (failed && !c->now.guarded)) {
        forget(c);
        return false;
    }
    remember(c, NULL);
    c->now.sql = c->run->sql;
    c->now.asks_id = c->now.asks_column = false;
    c->now.gave_up_id = true;
    c->now.goes_back = failed;
    return true;
}

void tn_postgres_without_id_failed(struct tn_postgres_conn *c)
{
    if (c->now.gave_up_id)
        forget(c);
}
