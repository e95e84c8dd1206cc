/* EXPLAIN ROUTE sql, EXPLAIN (FORMAT JSON) ROUTE sql: what would become of the statement. Any other EXPLAIN is the engine's. */
#include "explain.h"
#include "session/private.h"

#include "session/words.h"

enum { TEXT_MAX = 1024 * 1024 };

struct asked {
    struct tn_str sql;      /* what is to be explained */
    bool          json;
    const char   *option;   /* one that means nothing here; NULL = none */
};

/* "(FORMAT JSON, ...)"; false: not understood, so it is the engine's. */
static bool read_options(struct tn_words *words, struct asked *out)
{
    tn_words_next(words);
    while (!tn_words_at_punct(words, ')')) {
        if (tn_words_accept(words, "format")) {
            out->json = tn_words_at(words, "json");
            if (!out->json && !tn_words_at(words, "text"))
                out->option = "another FORMAT than TEXT or JSON";
        } else if (tn_words_at(words, "analyze")) {
            out->option = "ANALYZE";
        }
        if (tn_words_at_end(words))
            return false;
        tn_words_next(words);
    }
    tn_words_next(words);
    return true;
}

static bool read_asked(struct tn_str sql, struct asked *out)
{
    struct tn_words words;
    const char     *start;

    *out = (struct asked){.json = false};
    tn_words_init(&words, sql);
    if (!tn_words_accept(&words, "explain"))
        return false;
    if (tn_words_at_punct(&words, '(') && !read_options(&words, out))
        return false;
    while (tn_words_at(&words, "analyze") || tn_words_at(&words, "verbose")) {
        out->option = tn_words_at(&words, "analyze") ? "ANALYZE" : out->option;
        tn_words_next(&words);
    }
    if (!tn_words_at(&words, "route"))
        return false;
    start = words.token.text.ptr + words.token.text.len;
    out->sql = tn_str_trim(tn_str_n(start, (size_t)(sql.ptr + sql.len - start)));
    return true;
}

bool tn_explain_is_asked(struct tn_str sql)
{
    struct asked asked;

    return read_asked(sql, &asked);
}

static enum tn_status check(const struct asked *asked, const struct tn_features *features, struct tn_error *err)
{
    if (asked->option != NULL) {
        tn_fail(err, TN_E_INVALID, "42601", "EXPLAIN ROUTE does not know %s", asked->option);
        tn_error_hint(err, "It runs nothing. It is written: EXPLAIN [(FORMAT JSON)] ROUTE statement");
        return TN_E_INVALID;
    }
    if (features->class == TN_CLASS_EMPTY)
        return tn_fail(err, TN_E_INVALID, "42601", "there is no statement behind EXPLAIN ROUTE");
    if (features->class == TN_CLASS_MULTI)
        return tn_fail(err, TN_E_INVALID, "42601", "EXPLAIN ROUTE explains one statement at a time");
    return TN_OK;
}

/* A hint may stand before EXPLAIN or before the statement itself. */
static enum tn_status fill(struct tn_session *s, struct tn_query *q, struct tn_str whole, struct tn_str sql, struct tn_error *err)
{
    bool inner = sql.len > 2 && (sql.ptr[0] == '/' || sql.ptr[0] == '-');

    q->kind = TN_RUN_EXECUTE;
    q->text = inner ? sql : whole;
    TN_TRY(tn_execute_fill(s, q, err));
    q->client.several = false;
    q->run.settings = &s->settings->replay;
    q->timeout_us = s->settings->statement_timeout_us;
    q->text = sql;
    return TN_OK;
}

static enum tn_status write_answer(const struct tn_explanation *e, bool json, struct tn_arena *arena, struct tn_str *out, struct tn_error *err)
{
    struct tn_buf  text;
    struct tn_json writer = {.buf = &text};
    bool           ok;

    tn_buf_init(&text, TEXT_MAX * 8);
    if (json)
        tn_explanation_json(e, &writer, NULL);
    else
        tn_explanation_text(e, &text);
    ok = !text.failed && tn_arena_str(arena, tn_str_trim(tn_buf_str(&text)), out);
    tn_buf_reset(&text);
    return ok ? TN_OK : tn_fail(err, TN_E_NOMEM, "53200", "no memory to explain");
}

static enum tn_status run(struct tn_session *s, struct tn_query *q, struct tn_str whole, const struct asked *asked, struct tn_reply *reply,
                          struct tn_error *err)
{
    struct tn_explanation explanation;
    struct tn_str         unused;
    enum tn_status        status;
    bool                  own;

    if (asked->sql.len > TEXT_MAX)
        return tn_fail(err, TN_E_LIMIT, "54000", "EXPLAIN ROUTE: the statement is longer than %d bytes", TEXT_MAX);
    tn_features_read(&q->features, asked->sql, TN_DIALECT_POSTGRES);
    TN_TRY(check(asked, &q->features, err));
    own = tn_command_describe(s, asked->sql, &q->features, &unused);
    TN_TRY(fill(s, q, whole, asked->sql, err));
    status = tn_explain(&explanation, q, own, err);
    if (status == TN_OK)
        status = write_answer(&explanation, asked->json, &s->command_arena, &reply->value, err);
    tn_explanation_reset(&explanation);
    reply->column = TN_STR("ROUTE PLAN");
    reply->lines = !asked->json;
    return status;
}

bool tn_explain_run(struct tn_session *s, struct tn_str sql, struct tn_reply *reply, struct tn_error *err)
{
    struct asked     asked;
    struct tn_query *q;

    if (!read_asked(sql, &asked))
        return false;
    q = tn_explain_query_new(s->runtime);
    if (q == NULL) {
        tn_fail(err, TN_E_NOMEM, "53200", "no memory to explain");
        return true;
    }
    snprintf(reply->tag, sizeof reply->tag, "EXPLAIN");
    if (run(s, q, sql, &asked, reply, err) != TN_OK)
        err->status = err->status != TN_OK ? err->status : TN_E_INVALID;
    tn_explain_query_free(q);
    return true;
}
