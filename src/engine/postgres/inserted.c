/* What a column that counts gave the first row of an INSERT, which clients of MySQL are told with its end: RETURNING brings it. */
#include "base/hash.h"
#include "engine/postgres/postgres_conn.h"
#include "stats/lexer.h"

/* The column is looked up once for the statement; its value is the row's own, whoever gave it. */
#define COLUMN_SQL                                                                                                                          \
    "(SELECT a.attname FROM pg_catalog.pg_attribute a LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum "   \
    "WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid = "
#define IS_COUNTED_SQL "::pg_catalog.regclass AND (a.attidentity <> '' OR pg_catalog.pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%') LIMIT 1)"

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

static void put_literal(struct tn_buf *out, struct tn_str text)
{
    tn_buf_put_u8(out, '\'');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\'')
            tn_buf_put_u8(out, '\'');
        tn_buf_put_u8(out, (uint8_t)text.ptr[i]);
    }
    tn_buf_put_u8(out, '\'');
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
        *upserts = *upserts || is_word(&token, "conflict");
    } while (tn_lexer_next(&lexer, &token));
    return true;
}

/* Where the table stands among those that are known; -1 = it does not. */
static int find(const struct tn_postgres_ids *ids, uint64_t table)
{
    for (int i = 0; i < TN_POSTGRES_IDS_KNOWN; i++)
        if (ids->tables[i] == table)
            return i;
    return -1;
}

static void remember(struct tn_postgres_ids *ids, uint64_t table, bool refused)
{
    int at = find(ids, table);

    if (at < 0)
        at = (int)(ids->next++ % TN_POSTGRES_IDS_KNOWN);
    ids->tables[at] = table;
    ids->refused[at] = refused;
}

static void write_statement(struct tn_buf *out, struct tn_str sql, struct tn_str name, struct tn_str last, bool upserts)
{
    tn_buf_clear(out);
    tn_buf_put_str(out, sql);
    tn_buf_puts(out, upserts ? "\nRETURNING xmax <> 0, pg_catalog.to_json(" : "\nRETURNING false, pg_catalog.to_json(");
    tn_buf_put_str(out, last);
    tn_buf_puts(out, ".*) ->> " COLUMN_SQL);
    put_literal(out, name);
    tn_buf_puts(out, IS_COUNTED_SQL);
}

void tn_postgres_ask_id(struct tn_postgres_conn *c)
{
    const struct tn_run *run = c->run;
    struct tn_str        name, last;
    int                  known;
    bool                 upserts = false;

    c->now.sql = run->sql;
    if (!run->wants_id || run->kind != TN_RUN_EXECUTE || run->features == NULL || run->features->verb != TN_VERB_INSERT ||
        !can_return(run->sql, &name, &last, &upserts))
        return;
    c->now.table = tn_hash_seeded(name.ptr, name.len, run->settings == NULL ? 0 : run->settings->hash) | 1; /* 0 = a free place */
    known = find(&c->ids, c->now.table);
    if (known >= 0 && c->ids.refused[known])
        return;
    write_statement(&c->insert, run->sql, name, last, upserts);
    if (c->insert.failed)
        return;
    c->now.sql = tn_buf_str(&c->insert);
    c->now.asks_id = c->now.described = true; /* its column is none of the client's */
    c->now.asks_first = known < 0;
    c->now.fetch_format = 0;
}

void tn_postgres_take_id(struct tn_postgres_conn *c, const PGresult *result)
{
    if (PQresultStatus(result) == PGRES_TUPLES_OK)
        remember(&c->ids, c->now.table, false);
    for (int row = 0; row < PQntuples(result); row++)
        c->now.met += PQgetvalue(result, row, 0)[0] == 't';
    if (PQntuples(result) == 0 || c->run->insert_id != 0 || PQgetisnull(result, 0, 1))
        return;
    if (!tn_str_to_u64(tn_str(PQgetvalue(result, 0, 1)), UINT64_MAX, &c->run->insert_id))
        c->run->insert_id = 0; /* below zero */
}

bool tn_postgres_give_up_id(struct tn_postgres_conn *c, const PGresult *failure)
{
    const char *sqlstate = PQresultErrorField(failure, PG_DIAG_SQLSTATE);
    bool        failed = PQtransactionStatus(c->pg) == PQTRANS_INERROR;

    if (!c->now.asks_id || sqlstate == NULL || (strcmp(sqlstate, "42501") != 0 && strcmp(sqlstate, "0A000") != 0))
        return false;
    remember(&c->ids, c->now.table, true);
    if (c->run->cancelled || (failed && !c->now.guarded))
        return false;
    c->now.sql = c->run->sql;
    c->now.asks_id = c->now.asks_first = false;
    c->now.goes_back = failed;
    return true;
}
