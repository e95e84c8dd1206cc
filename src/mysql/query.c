/* COM_QUERY: the statements of a text, one after the other. */
#include "mysql/private.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "mysql/literals.h"
#include "mysql/member.h"
#include "mysql/plain.h"
#include "mysql/self.h"
#include "mysql/versioned.h"

enum { TEXT_MAX = 1024 * 1024 * 1024, HEAD_TOKENS = 24 /* DEFINER = 'a'@'b', IF NOT EXISTS and such */ };

static void forget_text(struct tn_my_session *s)
{
    tn_free(s->text_memory);
    s->text_memory = NULL;
    s->text = s->statement = TN_STR("");
    s->more = false;
}

/* What engines of MySQL's kind read as it is, and others as a statement with parameters. */
enum tn_status tn_my_query_fill(struct tn_my_session *s, struct tn_str sql, struct tn_my_run *run, struct tn_error *err)
{
    struct tn_str marked;

    TN_TRY(tn_my_take_literals(sql, &s->arena, &marked, &run->params, err));
    if (!tn_my_state_fill(s, marked, tn_str_n(NULL, 0), run))
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a statement");
    if (run->params.count > 0) {
        run->literals = true;
        run->asked = run->asked.ptr != NULL ? sql : run->asked;
        run->known = run->known.ptr != NULL ? run->known : marked;
        if (run->native.ptr == marked.ptr)
            run->native = sql;
        else if (!tn_my_self_answer(s, sql, false, &run->native))
            return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a statement");
    } else if (run->known.ptr == NULL && run->native.ptr != NULL && tn_str_eq(run->sql, run->native)) {
        run->native = tn_str_n(NULL, 0);
    }
    return TN_OK;
}

static void run_text(struct tn_my_session *s, struct tn_str sql, bool as_said)
{
    struct tn_my_run run = {.kind = TN_RUN_EXECUTE, .whole = s->whole, .as_said = as_said};
    TN_ERROR_LOCAL(err);

    if (tn_my_query_fill(s, sql, &run, &err) == TN_OK) {
        tn_my_run(s, &run);
        return;
    }
    tn_my_error(s, &err);
    tn_error_reset(&err);
    tn_my_statement_done(s, true);
}

void tn_my_query_run(struct tn_my_session *s, struct tn_str sql)
{
    run_text(s, sql, false);
}

void tn_my_query_run_as_said(struct tn_my_session *s, struct tn_str sql)
{
    run_text(s, sql, true);
}

static void answer_known(struct tn_my_session *s)
{
    if (!tn_my_own(s, s->statement) && !tn_my_assign(s, s->statement))
        tn_my_query_run(s, s->statement);
}

static void answer_counted(struct tn_my_session *s)
{
    if (!tn_my_theirs_ask(s, s->statement, answer_known))
        answer_known(s);
}

static void answer(struct tn_my_session *s)
{
    if (!tn_my_found_ask(s, s->statement, answer_counted))
        answer_counted(s);
}

/* What is no text is an engine's. */
static void answer_bytes(struct tn_my_session *s)
{
    tn_my_query_run(s, s->statement);
}

/* What the statement before left is gone. */
static void begin_statement(struct tn_my_session *s)
{
    tn_arena_reset(&s->arena);
    s->changed_count = 0;
    s->columns_told = false;
    s->binary = s->whole = false;
    tn_my_count_statement(s);
}

/* CREATE .. PROCEDURE and the like, whose body may be any statement of several parts (WHILE .. END WHILE). */
static bool may_have_body(struct tn_str sql)
{
    static const char *const kinds[] = {"procedure", "function", "trigger", "event", "package"};
    struct tn_words          words;

    tn_words_init(&words, sql, TN_DIALECT_MYSQL);
    if (!tn_words_accept(&words, "create"))
        return false;
    for (unsigned i = 0; i < HEAD_TOKENS && !tn_words_at_end(&words); i++, tn_words_next(&words))
        for (size_t k = 0; k < TN_ARRAY_LEN(kinds); k++)
            if (tn_words_at(&words, kinds[k]))
                return true;
    return false;
}

/* A client that sends no two statements in one text means one, and where a body ends its server knows best: it takes no two, either. */
static bool is_one(struct tn_my_session *s)
{
    struct tn_str rest = tn_str_trim(tn_str_n(s->statement.ptr, (size_t)(s->text.ptr + s->text.len - s->statement.ptr)));

    if ((s->capabilities & TN_MY_CAP_MULTI_STATEMENTS) != 0 || !may_have_body(s->statement) || !tn_my_member_is_mysql(s, s->statement))
        return false;
    while (rest.len > 0 && rest.ptr[rest.len - 1] == ';')
        rest = tn_str_trim(tn_str_n(rest.ptr, rest.len - 1));
    s->statement = rest;
    s->text_at = s->text.len;
    s->whole = true;
    return true;
}

void tn_my_query_next(struct tn_my_session *s)
{
    struct tn_str following;
    size_t        at = s->text_at;

    begin_statement(s);
    s->statement = TN_STR("");
    if (!tn_statement_next(s->text, TN_DIALECT_MYSQL, &s->text_at, &s->statement)) {
        s->more = false;
        if (tn_str_trim(s->text).len > strspn(tn_str_trim(s->text).ptr, "; \t\r\n")) { /* a comment is a statement that does nothing */
            tn_my_ok(s, 0, 0);
            tn_my_statement_done(s, false);
            return;
        }
        tn_my_fail(s, 1065, "42000", "Query was empty");
        tn_my_statement_done(s, true);
        return;
    }
    at = s->text_at;
    s->more = tn_statement_next(s->text, TN_DIALECT_MYSQL, &at, &following) && !is_one(s);
    if (s->more && (s->capabilities & TN_MY_CAP_MULTI_STATEMENTS) == 0) {
        s->more = false;
        tn_my_fail(s, 1064, "42000", "several statements in one text, which the client has not asked for (allowMultiQueries); the second begins with '%.*s'",
                   (int)TN_MIN(following.len, (size_t)40), following.ptr);
        tn_my_statement_done(s, true);
        return;
    }
    if (!tn_my_versions_agree(s->statement)) {
        s->more = false;
        tn_my_fail(s, 1235, "42000", TN_MY_VERSIONS_DIFFER);
        tn_my_statement_done(s, true);
        return;
    }
    tn_my_wait(s);
    tn_my_place(s, tn_utf8_valid_prefix(s->statement.ptr, s->statement.len) < s->statement.len ? answer_bytes : answer);
}

void tn_my_statement_done(struct tn_my_session *s, bool failed)
{
    if (s->state == TN_MY_CLOSING)
        return;
    tn_my_bulk_forget(s);
    if (!failed && s->more) { /* the others of this worker have their turn first */
        s->client.paused = true;
        tn_my_wait(s);
        if (!tn_my_output_full(s))
            tn_my_again(s);
        if (!s->client.processing)
            tn_my_flush(s);
        return;
    }
    forget_text(s);
    tn_arena_reset(&s->arena);
    s->changed_count = 0;
    if (s->stop_after || (s->entering && failed)) {
        tn_my_flush(s);
        tn_my_close(s, s->stop_after ? "COMMIT RELEASE" : "unknown database");
        return;
    }
    s->entering = false;
    tn_my_go_on(s);
}

bool tn_my_usual(struct tn_my_session *s, struct tn_str *sql)
{
    struct tn_buf text;
    bool          ok;

    tn_buf_init(&text, TEXT_MAX);
    tn_my_mode_put(&text, *sql, s->mode);
    ok = !text.failed && tn_arena_str(&s->arena, tn_buf_str(&text), sql);
    tn_buf_reset(&text);
    return ok;
}

void tn_my_query(struct tn_my_session *s, struct tn_str sql)
{
    if ((!tn_my_mode_is_usual(s->mode) || tn_str_has(sql, TN_STR("@`"))) && !tn_my_usual(s, &sql)) {
        tn_my_fail(s, 1037, "HY001", "no memory for a statement");
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
