#include "engine/mysql/mysql_describe.h"

#include "base/alloc.h"
#include "engine/mysql/mysql_words.h"

static enum tn_status no_memory(struct tn_error *err)
{
    return tn_fail(err, TN_E_NOMEM, "53200", "out of memory for a statement");
}

enum tn_status tn_mysql_describe_marks(struct tn_mysql_conn *c, struct tn_error *err)
{
    bool           backslash = (c->status & TN_MY_STATUS_NO_BACKSLASH_ESCAPES) == 0;
    uint16_t       few[64], *order = few;
    size_t         count = 0;
    struct tn_mysql_statement *s = c->now.statement;
    struct tn_buf  plain;
    enum tn_status status;

    tn_buf_clear(&c->text);
    tn_buf_init(&plain, TN_CHUNK_MAX);
    tn_mysql_words(&plain, &c->decoded, c->run->sql, c->run->features);
    tn_buf_clear(&c->decoded);
    status = tn_mysql_marks(&c->text, tn_buf_str(&plain), backslash, few, TN_ARRAY_LEN(few), &count, err);
    if (status == TN_OK && count > 0) {
        s->order = tn_malloc(count * sizeof *order);
        s->types = tn_calloc(count, 2);
        s->mark_count = count;
        if (s->order == NULL || s->types == NULL) {
            status = no_memory(err);
        } else if (count <= TN_ARRAY_LEN(few)) {
            memcpy(s->order, few, count * sizeof *few);
        } else {
            tn_buf_clear(&c->text);
            status = tn_mysql_marks(&c->text, tn_buf_str(&plain), backslash, s->order, count, &count, err);
        }
    }
    if (status == TN_OK && (plain.failed || c->text.failed))
        status = no_memory(err);
    tn_buf_reset(&plain);
    return status;
}

static size_t param_count(const struct tn_mysql_statement *s)
{
    size_t count = 0;

    for (size_t i = 0; i < s->mark_count; i++)
        count = TN_MAX(count, (size_t)s->order[i] + 1);
    return count;
}

enum tn_status tn_mysql_describe_keep(struct tn_mysql_conn *c, struct tn_error *err)
{
    struct tn_mysql_statement *s = c->now.statement;

    if (s->mark_count != c->param_count)
        return tn_fail(err, TN_E_ENGINE, "08P01", "the server sees %zu parameters in the statement, Turnout %zu", c->param_count,
                       s->mark_count);
    s->column_count = c->column_count;
    if (c->definitions.len == 0)
        return TN_OK;
    s->columns = tn_malloc(c->definitions.len);
    if (s->columns == NULL)
        return no_memory(err);
    memcpy(s->columns, c->definitions.data, c->definitions.len);
    s->columns_len = c->definitions.len;
    return TN_OK;
}

static enum tn_status prepare_columns(struct tn_mysql_conn *c, const struct tn_mysql_statement *s, struct tn_error *err)
{
    tn_buf_clear(&c->definitions);
    tn_buf_append(&c->definitions, s->columns, s->columns_len);
    if (c->definitions.failed)
        return no_memory(err);
    c->column_count = s->column_count;
    return tn_mysql_make_schema(c, err);
}

void tn_mysql_describe_tell(struct tn_mysql_conn *c)
{
    const struct tn_mysql_statement *s = c->now.statement;
    struct tn_run                   *run = c->run;
    size_t                           count = TN_MAX(param_count(s), run->param_oid_count);
    uint32_t                        *oids = tn_calloc(count + 1, sizeof *oids);
    struct tn_error                  err = TN_ERROR_INIT;

    if (oids == NULL || (s->column_count > 0 && prepare_columns(c, s, &err) != TN_OK)) {
        if (err.status == TN_OK)
            (void)no_memory(&err);
        tn_error_move(&run->error, &err);
        tn_free(oids);
        return;
    }
    for (size_t i = 0; i < run->param_oid_count; i++)
        oids[i] = run->param_oids[i];
    run->events->params(run, count, oids);
    tn_free(oids);
    if (c->closed)
        return;
    if (run->encoder != NULL && run->encoder->my_rows && s->column_count > 0)
        tn_mysql_give_definitions(c);
    tn_run_columns(run, s->column_count > 0 ? &c->schema : NULL);
}
