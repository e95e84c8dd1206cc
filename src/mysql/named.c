/* SQL's own PREPARE .. FROM, EXECUTE .. USING and DEALLOCATE, as session/named.h has PostgreSQL's, and MariaDB's EXECUTE IMMEDIATE. */
#include "mysql/private.h"

#include "mysql/plain.h"

/* The statement in a text, as all engines read it; empty: there is none. */
static struct tn_str statement_in(struct tn_my_session *s, const struct tn_token *token)
{
    struct tn_str text;
    unsigned      count;

    if (token->kind != TN_TOKEN_STRING)
        return TN_STR("");
    text = tn_my_unquote(token->text, &s->arena);
    return text.ptr != NULL && tn_my_plain(text, &s->arena, &text, &count) ? text : TN_STR("");
}

/* NAME FROM text. What had the name before is gone even where the new text is refused. */
static void remember(struct tn_my_session *s, struct tn_words *words)
{
    struct tn_str name = tn_token_name(&words->token);

    tn_words_next(words);
    tn_named_drop(&s->names, name);
    if (tn_words_accept(words, "from"))
        tn_named_put(&s->names, name, statement_in(s, &words->token));
}

/* [NAME | IMMEDIATE text] [USING values] */
static struct tn_str executed(struct tn_my_session *s, struct tn_words *words)
{
    struct tn_str values[TN_NAMED_VALUES], text;
    unsigned      count = 0;

    if (tn_words_accept(words, "immediate"))
        text = statement_in(s, &words->token);
    else
        text = tn_named_text(&s->names, tn_token_name(&words->token));
    tn_words_next(words);
    if (text.len > 0 && tn_words_accept(words, "using"))
        count = tn_named_values(words, ';', values);
    for (unsigned i = 0; i < count; i++)
        if (!tn_my_plain(values[i], &s->arena, &values[i], NULL))
            return TN_STR("");
    return text.len == 0 ? text : tn_named_fill(&s->names, text, values, count);
}

struct tn_str tn_my_named_meant(struct tn_my_session *s, struct tn_str sql)
{
    struct tn_words words;

    s->names.fresh = false;
    tn_words_init(&words, sql, TN_DIALECT_MYSQL);
    if (tn_words_accept(&words, "prepare"))
        remember(s, &words);
    else if (tn_words_accept(&words, "execute"))
        return executed(s, &words);
    else if ((tn_words_accept(&words, "deallocate") || tn_words_accept(&words, "drop")) && tn_words_accept(&words, "prepare"))
        tn_named_drop(&s->names, tn_token_name(&words.token));
    return TN_STR("");
}
