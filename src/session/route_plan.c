#include "session/route_plan.h"

#include "session/words.h"

/* Behind FORMAT: what follows is its name. */
static void read_format(struct tn_words *words, struct tn_route_plan_asked *out)
{
    out->json = tn_words_at(words, "json");
    if (!out->json && !tn_words_at(words, "text") && !tn_words_at(words, "traditional"))
        out->option = "another FORMAT than TEXT or JSON";
}

/* "(FORMAT JSON, ...)"; false: not understood, so it is the engine's. */
static bool read_options(struct tn_words *words, struct tn_route_plan_asked *out)
{
    tn_words_next(words);
    while (!tn_words_at_punct(words, ')')) {
        if (tn_words_accept(words, "format"))
            read_format(words, out);
        else if (tn_words_at(words, "analyze"))
            out->option = "ANALYZE";
        if (tn_words_at_end(words))
            return false;
        tn_words_next(words);
    }
    tn_words_next(words);
    return true;
}

/* ANALYZE, VERBOSE, MySQL's FORMAT=JSON. */
static void read_plain_options(struct tn_words *words, struct tn_route_plan_asked *out)
{
    for (;; tn_words_next(words)) {
        if (tn_words_at(words, "analyze")) {
            out->option = "ANALYZE";
        } else if (tn_words_accept(words, "format")) {
            tn_words_accept_punct(words, '=');
            read_format(words, out);
        } else if (!tn_words_at(words, "verbose")) {
            return;
        }
    }
}

bool tn_route_plan_asked(struct tn_str sql, struct tn_route_plan_asked *out)
{
    struct tn_words words;
    const char     *start;

    *out = (struct tn_route_plan_asked){.json = false};
    tn_words_init(&words, sql, TN_DIALECT_POSTGRES);
    if (!tn_words_accept(&words, "explain"))
        return false;
    if (tn_words_at_punct(&words, '(') && !read_options(&words, out))
        return false;
    read_plain_options(&words, out);
    if (!tn_words_at(&words, "route"))
        return false;
    start = words.token.text.ptr + words.token.text.len;
    out->sql = tn_str_trim(tn_str_n(start, (size_t)(sql.ptr + sql.len - start)));
    return true;
}

enum tn_status tn_route_plan_check(const struct tn_route_plan_asked *asked, const struct tn_features *features, struct tn_error *err)
{
    if (asked->sql.len > TN_ROUTE_PLAN_TEXT_MAX)
        return tn_fail(err, TN_E_LIMIT, "54000", "EXPLAIN ROUTE: the statement is longer than %d bytes", TN_ROUTE_PLAN_TEXT_MAX);
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

enum tn_status tn_route_plan_write(const struct tn_explanation *e, bool json, struct tn_arena *arena, struct tn_str *out, struct tn_error *err)
{
    struct tn_buf  text;
    struct tn_json writer = {.buf = &text};
    bool           ok;

    tn_buf_init(&text, TN_ROUTE_PLAN_TEXT_MAX * 8);
    if (json)
        tn_explanation_json(e, &writer, NULL);
    else
        tn_explanation_text(e, &text);
    ok = !text.failed && tn_arena_str(arena, tn_str_trim(tn_buf_str(&text)), out);
    tn_buf_reset(&text);
    return ok ? TN_OK : tn_fail(err, TN_E_NOMEM, "53200", "no memory to explain");
}
