/* What goes to the server: one message, or one group of messages up to Sync. */
#include "base/alloc.h"
#include "engine/postgres/postgres_conn.h"

/* TEXT with its NUL, in the connection's scratch buffer. */
static const char *with_nul(struct tn_postgres_conn *c, struct tn_str text)
{
    tn_buf_clear(&c->text);
    if (!tn_buf_reserve(&c->text, text.len + 1))
        return NULL;
    if (text.len > 0)
        memcpy(c->text.data, text.ptr, text.len);
    c->text.data[text.len] = '\0';
    c->text.len = text.len + 1;
    c->swollen |= text.len > TN_POSTGRES_SWOLLEN;
    return c->text.data;
}

static bool sent(struct tn_postgres_conn *c, enum tn_postgres_phase phase, int ok)
{
    if (ok == 0)
        return false;
    c->phase = phase;
    tn_postgres_flush_output(c);
    return true;
}

bool tn_postgres_send_text(struct tn_postgres_conn *c, enum tn_postgres_phase phase, struct tn_str text)
{
    const char *sql = with_nul(c, text);

    return sql != NULL && sent(c, phase, PQsendQuery(c->pg, sql));
}

bool tn_postgres_params_room(struct tn_postgres_conn *c, size_t count)
{
    size_t capacity = TN_MAX(count, (size_t)16);
    void  *types, *values, *lengths, *formats;

    if (count <= c->params.capacity)
        return true;
    if ((types = tn_realloc(c->params.types, capacity * sizeof *c->params.types)) != NULL)
        c->params.types = types;
    if ((values = tn_realloc(c->params.values, capacity * sizeof *c->params.values)) != NULL)
        c->params.values = values;
    if ((lengths = tn_realloc(c->params.lengths, capacity * sizeof *c->params.lengths)) != NULL)
        c->params.lengths = lengths;
    if ((formats = tn_realloc(c->params.formats, capacity * sizeof *c->params.formats)) != NULL)
        c->params.formats = formats;
    if (types == NULL || values == NULL || lengths == NULL || formats == NULL)
        return false;
    c->params.capacity = capacity;
    return true;
}

static enum tn_status no_memory(struct tn_error *err)
{
    return tn_fail(err, TN_E_NOMEM, "53200", "out of memory while a statement was sent to PostgreSQL");
}

static enum tn_status check_params(struct tn_postgres_conn *c, struct tn_error *err)
{
    const struct tn_run *run = c->run;
    size_t               count = TN_MAX(run->params.count, run->param_oid_count);

    if (count > 65535)
        return tn_fail(err, TN_E_LIMIT, "54000", "a statement can have at most 65535 parameters, not %zu", count);
    if (!tn_postgres_params_room(c, count))
        return no_memory(err);
    for (size_t i = 0; i < run->params.count; i++) {
        struct tn_str bytes = run->params.items[i].pg_bytes;

        if (bytes.len > INT32_MAX)
            return tn_fail(err, TN_E_LIMIT, "54000", "parameter $%zu is longer than 2 GB", i + 1);
        if (run->params.items[i].pg_format == 0 && bytes.len > 0 && memchr(bytes.ptr, '\0', bytes.len) != NULL)
            return tn_fail(err, TN_E_INVALID, "22021", "invalid byte sequence for encoding \"UTF8\": 0x00");
    }
    return TN_OK;
}

/* A session on a read-only cluster must not open a transaction that writes. */
static bool asks_to_write(const struct tn_run *run)
{
    static const char *const words[] = {"write", "transaction_read_only", "default_transaction_read_only"};

    if (run->features == NULL || run->features->class != TN_CLASS_UTILITY)
        return false;
    for (size_t w = 0; w < TN_ARRAY_LEN(words); w++) {
        size_t len = strlen(words[w]);

        for (size_t i = 0; i + len <= run->sql.len; i++)
            if (tn_str_ieq(tn_str_n(run->sql.ptr + i, len), tn_str_n(words[w], len)))
                return run->features->verb != TN_VERB_SHOW;
    }
    return false;
}

enum tn_status tn_postgres_check_run(struct tn_postgres_conn *c, struct tn_error *err)
{
    const struct tn_run *run = c->run;

    if (run->sql.len > 0 && memchr(run->sql.ptr, '\0', run->sql.len) != NULL)
        return tn_fail(err, TN_E_INVALID, "22021", "invalid byte sequence for encoding \"UTF8\": 0x00");
    if (c->base.cluster->conf->read_only && asks_to_write(run)) {
        tn_fail(err, TN_E_DENIED, "25006", "cluster " TN_STR_FMT " is read-only: a transaction there cannot be made read-write",
                TN_STR_ARG(c->base.cluster->conf->name));
        tn_error_blame(err, TN_FAULT_UNSUPPORTED, false);
        return TN_E_DENIED;
    }
    return check_params(c, err);
}

size_t tn_postgres_param_oids(struct tn_postgres_conn *c)
{
    const struct tn_run *run = c->run;
    size_t               count = run->param_oid_count;

    if (count == 0)
        count = run->params.count;
    for (size_t i = 0; i < count; i++)
        c->params.types[i] = run->param_oid_count > 0 ? run->param_oids[i] : run->params.items[i].pg_oid;
    while (count > 0 && c->params.types[count - 1] == 0)
        count--;
    return count;
}

/* libpq reads text parameters up to their NUL, which ours need not have: they are copied. */
static bool load_params(struct tn_postgres_conn *c)
{
    const struct tn_params *params = &c->run->params;
    size_t                  bytes = 0;

    for (size_t i = 0; i < params->count; i++)
        if (params->items[i].pg_format == 0)
            bytes += params->items[i].pg_bytes.len + 1;
    c->swollen |= bytes > TN_POSTGRES_SWOLLEN;
    tn_buf_clear(&c->values);
    if (bytes > 0 && !tn_buf_reserve(&c->values, bytes)) /* once: the pointers below stay right */
        return false;
    for (size_t i = 0; i < params->count; i++) {
        const struct tn_param *p = &params->items[i];

        c->params.lengths[i] = (int)p->pg_bytes.len;
        c->params.formats[i] = p->pg_format;
        if (p->pg_bytes.ptr == NULL) {
            c->params.values[i] = NULL;
        } else if (p->pg_format != 0) {
            c->params.values[i] = p->pg_bytes.ptr;
        } else {
            c->params.values[i] = c->values.data + c->values.len;
            tn_buf_append(&c->values, p->pg_bytes.ptr, p->pg_bytes.len);
            tn_buf_put_u8(&c->values, '\0');
        }
    }
    return true;
}

static const char *statement_name(const struct tn_postgres_conn *c)
{
    return c->now.statement != NULL ? c->now.statement->name : "";
}

bool tn_postgres_send_prepare(struct tn_postgres_conn *c)
{
    size_t      count = tn_postgres_param_oids(c);
    const char *sql = with_nul(c, c->now.sql);

    return sql != NULL && sent(c, TN_POSTGRES_PREPARE,
                               PQsendPrepare(c->pg, statement_name(c), sql, (int)count, c->params.types));
}

bool tn_postgres_send_describe(struct tn_postgres_conn *c)
{
    return sent(c, TN_POSTGRES_DESCRIBE, PQsendDescribePrepared(c->pg, statement_name(c)));
}

static int send_unnamed(struct tn_postgres_conn *c, int count)
{
    const char *sql = with_nul(c, c->now.sql);

    if (sql == NULL)
        return 0;
    for (size_t i = tn_postgres_param_oids(c); i < (size_t)count; i++)
        c->params.types[i] = 0;
    return PQsendQueryParams(c->pg, sql, count, c->params.types, c->params.values, c->params.lengths, c->params.formats,
                             c->now.fetch_format);
}

bool tn_postgres_send_execute(struct tn_postgres_conn *c)
{
    int count = (int)c->run->params.count;
    int ok;

    if (c->now.simple) {
        if (!tn_postgres_send_text(c, TN_POSTGRES_EXECUTE, c->now.sql))
            return false;
        PQsetSingleRowMode(c->pg);
        return true;
    }
    if (!load_params(c))
        return false;
    if (c->now.statement != NULL || c->now.prepared)
        ok = PQsendQueryPrepared(c->pg, statement_name(c), count, c->params.values, c->params.lengths, c->params.formats,
                                 c->now.fetch_format);
    else
        ok = send_unnamed(c, count);
    if (ok != 0)
        PQsetSingleRowMode(c->pg);
    return sent(c, TN_POSTGRES_EXECUTE, ok);
}
