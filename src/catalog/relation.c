/* Relations of FROM: what they are called in an image, and what they are called where the statement goes on. */
#include "catalog/writer.h"

static bool is_end(const struct tn_token *token)
{
    static const char *const ends[] = {"where", "join", "on", "using", "cross", "left", "right", "full", "inner", "natural", "order", "group", "limit", "union", "except", "intersect",
                                       "with", "offset", "having", "window", "fetch", "for", "tablesample", NULL};

    return is_any(token, ends);
}

/* The relation that the present token ends is called NAME where it is given no name. */
static void skip_relation(struct writer *w, struct tn_str name)
{
    skip(w);
    if (is_name(&w->token) && !is_end(&w->token))
        return;
    tn_buf_puts(w->out, " AS \"");
    put_folded(w->out, name);
    tn_buf_puts(w->out, "\"");
}

bool tn_catalog_put_relation(struct writer *w)
{
    bool roles = is_named(&w->token, "pg_roles");

    if (w->next.punct == '.' || w->next.punct == '(' || w->before.punct == '.' || !(roles || is_named(&w->token, "pg_user")))
        return false;
    tn_buf_puts(w->out, roles ? "tn_roles(" : "tn_users("); /* the session's own is among them */
    tn_buf_put_quoted(w->out, w->self->user, '\'');
    tn_buf_puts(w->out, ")");
    skip_relation(w, tn_token_name(&w->token));
    return true;
}

void tn_catalog_put_information(struct writer *w)
{
    struct tn_str name = tn_token_name(&w->token);

    w->column = w->token;
    if (w->next.punct == '(') { /* _pg_expandarray() */
        put_token(w);
    } else if (w->in_from) {
        tn_buf_puts(w->out, "is_");
        put_folded(w->out, name);
        skip_relation(w, name);
    } else { /* information_schema.tables.table_name */
        tn_buf_puts(w->out, "\"");
        put_folded(w->out, name);
        tn_buf_puts(w->out, "\"");
        skip(w);
    }
}

void tn_catalog_name_column(struct writer *w)
{
    static const char *const calls[] = {"generate_series", "generate_subscripts", "string_to_array", "pg_indexam_has_property"};
    bool                     one = false;

    for (size_t i = 0; i < TN_ARRAY_LEN(calls); i++)
        one = one || tn_str_ieq_c(w->call, calls[i]);
    if (!one)
        return;
    if (is_word(&w->token, "as"))
        put_token(w);
    if (!is_name(&w->token) || w->next.punct == '(' || is_end(&w->token))
        return;
    put_gap(w);
    tn_buf_puts(w->out, w->token.kind == TN_TOKEN_WORD ? "tn_" : ""); /* to DuckDB a name alone is the relation's first */
    tn_buf_printf(w->out, TN_STR_FMT "(" TN_STR_FMT ")", TN_STR_ARG(w->token.text), TN_STR_ARG(w->token.text));
    advance(w);
    w->before = (struct tn_token){.kind = TN_TOKEN_PUNCT, .punct = ')', .text = tn_str_n("", 0)};
}
