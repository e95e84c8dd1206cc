/* named.c - what SQL's own PREPARE gave a name to, so that an EXECUTE of it counts for the statement itself, with its values. Only for the
 * statistics: the engine has the statement, and what it says to a name that is wrong is the answer. */
#include "session/private.h"

#include "base/alloc.h"
#include "query_shape.h"
#include "session/words.h"

enum { NAMES = 64, TEXT = 65536, VALUES = 64 }; /* of a session; of one statement; of one EXECUTE: more of them are not followed */

struct tn_named {
    struct tn_named *next;
    char            *name, *text;
};

static void drop(struct tn_named **at)
{
    struct tn_named *named = *at;

    *at = named->next;
    tn_free(named->name);
    tn_free(named->text);
    tn_free(named);
}

void tn_named_forget(struct tn_session *s)
{
    while (s->named != NULL)
        drop(&s->named);
    s->named_new = false;
    tn_buf_reset(&s->named_text);
}

/* Where NAME stands, or the end of the list. COUNT: those before it. */
static struct tn_named **find(struct tn_session *s, struct tn_str name, unsigned *count)
{
    struct tn_named **at = &s->named;

    for (*count = 0; *at != NULL && !tn_str_ieq_c(name, (*at)->name); at = &(*at)->next)
        (*count)++;
    return at;
}

/* NAME [(types)] AS statement. A name that is there stays as it is: the engine refuses a second one. */
static void remember(struct tn_session *s, struct tn_words *words)
{
    struct tn_str     name = tn_token_name(&words->token), text;
    unsigned          count;
    struct tn_named **at = find(s, name, &count), *named;

    tn_words_next(words);
    if (tn_words_at_punct(words, '('))
        tn_words_skip_parentheses(words);
    text = tn_words_accept(words, "as") ? tn_words_rest(words) : TN_STR("");
    if (*at != NULL || count >= NAMES || text.len == 0 || text.len > TEXT || (named = tn_calloc(1, sizeof *named)) == NULL)
        return;
    *at = named;
    named->name = tn_strndup(name.ptr, name.len);
    named->text = tn_strndup(text.ptr, text.len);
    if (named->name == NULL || named->text == NULL)
        drop(at);
    else
        s->named_new = true;
}

void tn_named_refused(struct tn_session *s)
{
    struct tn_named **last = &s->named;

    while (s->named_new && (*last)->next != NULL)
        last = &(*last)->next;
    if (s->named_new)
        drop(last);
    s->named_new = false;
}

/* (value, ...) */
static unsigned read_values(struct tn_words *words, struct tn_str values[VALUES])
{
    unsigned count = 0;

    if (!tn_words_accept_punct(words, '('))
        return 0;
    while (count < VALUES && !tn_words_at_end(words) && !tn_words_at_punct(words, ')')) {
        const char *from = words->token.text.ptr;

        while (!tn_words_at_end(words) && !tn_words_at_punct(words, ',') && !tn_words_at_punct(words, ')')) {
            if (tn_words_at_punct(words, '('))
                tn_words_skip_parentheses(words);
            else
                tn_words_next(words);
        }
        values[count++] = tn_str_trim(tn_str_n(from, (size_t)(words->token.text.ptr - from)));
        (void)tn_words_accept_punct(words, ',');
    }
    return count;
}

/* TEXT with the values for its parameters. */
static struct tn_str fill_in(struct tn_session *s, struct tn_str text, const struct tn_str *values, unsigned count)
{
    struct tn_lexer lexer;
    struct tn_token token;
    const char     *at = text.ptr;

    tn_buf_reset(&s->named_text);
    tn_buf_init(&s->named_text, 2 * TEXT);
    tn_lexer_init(&lexer, text, TN_DIALECT_POSTGRES);
    while (tn_lexer_next(&lexer, &token)) {
        if (token.kind != TN_TOKEN_PARAM || token.param == 0 || token.param > count)
            continue;
        tn_buf_put_str(&s->named_text, tn_str_n(at, (size_t)(token.text.ptr - at)));
        tn_buf_put_str(&s->named_text, values[token.param - 1]);
        at = token.text.ptr + token.text.len;
    }
    tn_buf_put_str(&s->named_text, tn_str_n(at, (size_t)(text.ptr + text.len - at)));
    return s->named_text.failed ? text : tn_buf_str(&s->named_text);
}

struct tn_str tn_named_meant(struct tn_session *s, struct tn_str sql, enum tn_verb verb)
{
    struct tn_str     values[VALUES], name;
    struct tn_named **at;
    struct tn_words   words;
    unsigned          count;

    s->named_new = false;
    if (verb != TN_VERB_PREPARE && verb != TN_VERB_EXECUTE && verb != TN_VERB_DEALLOCATE && verb != TN_VERB_DISCARD)
        return TN_STR("");
    tn_words_behind_verb(&words, sql, TN_DIALECT_POSTGRES);
    if (verb == TN_VERB_DEALLOCATE)
        (void)tn_words_accept(&words, "prepare");
    if (verb == TN_VERB_PREPARE && !tn_words_at(&words, "transaction"))
        remember(s, &words);
    if (verb == TN_VERB_DISCARD || (verb == TN_VERB_DEALLOCATE && tn_words_at(&words, "all")))
        tn_named_forget(s);
    if (verb == TN_VERB_PREPARE || verb == TN_VERB_DISCARD)
        return TN_STR("");
    name = tn_token_name(&words.token);
    at = find(s, name, &count);
    if (*at == NULL)
        return TN_STR("");
    if (verb == TN_VERB_DEALLOCATE) {
        drop(at);
        return TN_STR("");
    }
    tn_words_next(&words);
    count = read_values(&words, values);
    return fill_in(s, tn_str((*at)->text), values, count);
}
