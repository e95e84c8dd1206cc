/* COM_QUERY: the statements of a text, one after the other. */
#include "mysql/private.h"

#include "base/alloc.h"
#include "mysql/plain.h"

void tn_my_query_forget(struct tn_my_session *s)
{
    tn_free(s->text_memory);
    s->text_memory = NULL;
    s->text = s->statement = TN_STR("");
    s->more = false;
}

void tn_my_query_run(struct tn_my_session *s, struct tn_str sql)
{
    struct tn_my_run run = {.kind = TN_RUN_EXECUTE};

    if (!tn_my_state_fill(s, sql, tn_str_n(NULL, 0), &run)) {
        tn_my_fail(s, 1037, "HY001", "no memory for a statement");
        tn_my_statement_done(s, true);
        return;
    }
    if (run.known.ptr == NULL && run.native.ptr != NULL && tn_str_eq(run.sql, run.native))
        run.native = tn_str_n(NULL, 0);
    tn_my_run(s, &run);
}

static void answer(struct tn_my_session *s)
{
    if (!tn_my_own(s, s->statement))
        tn_my_query_run(s, s->statement);
}

/* What the statement before left is gone. */
static void begin_statement(struct tn_my_session *s)
{
    tn_arena_reset(&s->arena);
    s->changed_count = 0;
    s->columns_told = false;
    s->binary = false;
    s->statements++;
}

void tn_my_query_next(struct tn_my_session *s)
{
    struct tn_str following;
    size_t        at = s->text_at;

    begin_statement(s);
    s->statement = TN_STR("");
    if (!tn_statement_next(s->text, TN_DIALECT_MYSQL, &s->text_at, &s->statement)) {
        s->more = false;
        tn_my_fail(s, 1065, "42000", "Query was empty");
        tn_my_statement_done(s, true);
        return;
    }
    at = s->text_at;
    s->more = tn_statement_next(s->text, TN_DIALECT_MYSQL, &at, &following);
    if (s->more && (s->capabilities & TN_MY_CAP_MULTI_STATEMENTS) == 0) {
        s->more = false;
        tn_my_fail(s, 1064, "42000", "several statements in one text, which the client has not asked for (allowMultiQueries); the second begins with '%.*s'",
                   (int)TN_MIN(following.len, (size_t)40), following.ptr);
        tn_my_statement_done(s, true);
        return;
    }
    tn_my_wait(s);
    tn_my_place(s, answer);
}

void tn_my_statement_done(struct tn_my_session *s, bool failed)
{
    if (s->state == TN_MY_CLOSING)
        return;
    if (!failed && s->more) { /* the others of this worker have their turn first */
        s->client.paused = true;
        tn_my_wait(s);
        if (!tn_my_output_full(s))
            tn_my_again(s);
        if (!s->client.processing)
            tn_my_flush(s);
        return;
    }
    tn_my_query_forget(s);
    tn_arena_reset(&s->arena);
    s->changed_count = 0;
    if (s->stop_after) {
        tn_my_flush(s);
        tn_my_close(s, "COMMIT RELEASE");
        return;
    }
    tn_my_go_on(s);
}

void tn_my_query(struct tn_my_session *s, struct tn_str sql)
{
    if (tn_utf8_valid_prefix(sql.ptr, sql.len) < sql.len || (sql.len > 0 && memchr(sql.ptr, '\0', sql.len) != NULL)) {
        tn_my_fail(s, 1300, "HY000", "the statement is no UTF-8 text");
        return;
    }
    s->text_memory = tn_strndup(sql.ptr, sql.len);
    if (s->text_memory == NULL) {
        tn_my_fail(s, 1037, "HY001", "no memory for a statement");
        return;
    }
    s->text = tn_str_n(s->text_memory, sql.len);
    s->text_at = 0;
    tn_my_query_next(s);
}
