/* Errors and notices of the server, its own fields unchanged. */
#include "base/alloc.h"
#include "engine/postgres/postgres_conn.h"

static const int field_codes[] = {
    PG_DIAG_SEVERITY, PG_DIAG_SEVERITY_NONLOCALIZED, PG_DIAG_SQLSTATE, PG_DIAG_MESSAGE_PRIMARY, PG_DIAG_MESSAGE_DETAIL,
    PG_DIAG_MESSAGE_HINT, PG_DIAG_STATEMENT_POSITION, PG_DIAG_INTERNAL_POSITION, PG_DIAG_INTERNAL_QUERY, PG_DIAG_CONTEXT,
    PG_DIAG_SCHEMA_NAME, PG_DIAG_TABLE_NAME, PG_DIAG_COLUMN_NAME, PG_DIAG_DATATYPE_NAME, PG_DIAG_CONSTRAINT_NAME,
    PG_DIAG_SOURCE_FILE, PG_DIAG_SOURCE_LINE, PG_DIAG_SOURCE_FUNCTION,
};

static void put_fields(struct tn_buf *out, const PGresult *result)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(field_codes); i++) {
        const char *text = PQresultErrorField(result, field_codes[i]);

        if (text == NULL)
            continue;
        tn_buf_put_u8(out, (uint8_t)field_codes[i]);
        tn_buf_append(out, text, strlen(text) + 1);
    }
}

static bool starts(const char *sqlstate, const char *class)
{
    return strncmp(sqlstate, class, strlen(class)) == 0;
}

/* By RAISE of PL/pgSQL: its SQLSTATE is what a client chose, and five of a kind must not take the cluster from all others. */
static bool is_raised(const PGresult *result)
{
    const char *routine = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);

    return routine != NULL && strcmp(routine, "exec_stmt_raise") == 0;
}

/* Whose fault: decides whether another member may try and whether the breaker counts it. */
static enum tn_fault fault_of(const struct tn_postgres_conn *c, const PGresult *result, const char *sqlstate)
{
    static const char *const engine[] = {"08", "53", "57P01", "57P02", "57P03", "57P05", "58", "XX", "F0"};

    if (strcmp(sqlstate, "57014") == 0 && c->run != NULL && c->run->cancelled)
        return TN_FAULT_CANCEL;
    if (is_raised(result))
        return TN_FAULT_QUERY;
    if (strcmp(sqlstate, "53400") == 0) /* configuration limit: the statement asked for more than it may have */
        return TN_FAULT_QUERY;
    for (size_t i = 0; i < TN_ARRAY_LEN(engine); i++)
        if (starts(sqlstate, engine[i]))
            return TN_FAULT_ENGINE;
    return TN_FAULT_QUERY;
}

static void take_fields(struct tn_error *err, const PGresult *result)
{
    struct tn_buf fields;

    tn_buf_init(&fields, TN_CHUNK_MAX);
    put_fields(&fields, result);
    if (fields.failed || fields.len == 0) {
        tn_buf_reset(&fields);
        return; /* message, detail and hint are kept all the same */
    }
    err->fields = fields.data; /* ownership moved: tn_buf and tn_error use the same allocator */
    err->fields_len = fields.len;
}

void tn_postgres_error(struct tn_postgres_conn *c, const PGresult *result, struct tn_error *err)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    const char *hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
    const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
    int64_t     character = 0;

    if (sqlstate == NULL || strlen(sqlstate) != 5) { /* libpq's own: it lost the connection or its memory */
        tn_postgres_error_lost(c, err);
        tn_error_detail(err, "%s", PQresultErrorMessage(result));
        return;
    }
    tn_fail(err, TN_E_ENGINE, sqlstate, "%s", message == NULL ? "" : message);
    tn_error_blame(err, fault_of(c, result, sqlstate), true);
    if (err->fault == TN_FAULT_CANCEL)
        err->status = TN_E_CANCELLED;
    if (detail != NULL)
        tn_error_detail(err, "%s", detail);
    if (hint != NULL)
        tn_error_hint(err, "%s", hint);
    if (position != NULL && tn_str_to_i64(tn_str(position), 1, INT32_MAX, &character))
        err->position = (int)character;
    take_fields(err, result);
}

/* libpq's texts end with a line break. */
static void trim_detail(struct tn_error *err)
{
    size_t len = strlen(err->detail);

    while (len > 0 && (err->detail[len - 1] == '\n' || err->detail[len - 1] == ' '))
        err->detail[--len] = '\0';
}

void tn_postgres_error_lost(struct tn_postgres_conn *c, struct tn_error *err)
{
    const char *text = c->pg == NULL ? "" : PQerrorMessage(c->pg);

    tn_fail(err, TN_E_CONNECTION, "08006", "cluster " TN_STR_FMT ": connection to the PostgreSQL server was lost",
            TN_STR_ARG(c->base.cluster->conf->name));
    tn_error_blame(err, TN_FAULT_ENGINE, false);
    tn_error_detail(err, "%s", text);
    trim_detail(err);
}

void tn_postgres_error_cancelled(struct tn_error *err)
{
    tn_fail(err, TN_E_CANCELLED, "57014", "canceling statement due to user request");
    tn_error_blame(err, TN_FAULT_CANCEL, false);
}

/* libpq calls it while it reads. Only what the statement itself says goes to the client; what a login, a reset or the
 * replay of settings says is nobody's. */
void tn_postgres_on_notice(void *conn, const PGresult *result)
{
    struct tn_postgres_conn *c = conn;

    if (c->run == NULL || c->closed || PQresultErrorField(result, PG_DIAG_SQLSTATE) == NULL)
        return;
    if (c->phase != TN_POSTGRES_EXECUTE && c->phase != TN_POSTGRES_PREPARE && c->phase != TN_POSTGRES_DESCRIBE)
        return;
    tn_buf_clear(&c->fields);
    put_fields(&c->fields, result);
    if (!c->fields.failed)
        c->run->events->notice(c->run, c->fields.data, c->fields.len);
}
