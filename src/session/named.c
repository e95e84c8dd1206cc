#include "session/named.h"

#include "base/alloc.h"

enum { NAMES = 64, TEXT = 65536 }; /* of a session; of one statement: more of them are not followed */

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

void tn_named_forget(struct tn_names *names)
{
    while (names->first != NULL)
        drop(&names->first);
    names->fresh = false;
    tn_buf_reset(&names->text);
}

/* Where NAME stands, or the end of the list. COUNT: those before it. */
static struct tn_named **find(struct tn_names *names, struct tn_str name, unsigned *count)
{
    struct tn_named **at = &names->first;

    for (*count = 0; *at != NULL && !tn_str_ieq_c(name, (*at)->name); at = &(*at)->next)
        (*count)++;
    return at;
}

void tn_named_put(struct tn_names *names, struct tn_str name, struct tn_str text)
{
    unsigned          count;
    struct tn_named **at = find(names, name, &count), *named;

    if (*at != NULL || count >= NAMES || text.len == 0 || text.len > TEXT || (named = tn_calloc(1, sizeof *named)) == NULL)
        return;
    *at = named;
    named->name = tn_strndup(name.ptr, name.len);
    named->text = tn_strndup(text.ptr, text.len);
    if (named->name == NULL || named->text == NULL)
        drop(at);
    else
        names->fresh = true;
}

void tn_named_drop(struct tn_names *names, struct tn_str name)
{
    unsigned          count;
    struct tn_named **at = find(names, name, &count);

    if (*at != NULL)
        drop(at);
}

struct tn_str tn_named_text(const struct tn_names *names, struct tn_str name)
{
    const struct tn_named *named = names->first;

    while (named != NULL && !tn_str_ieq_c(name, named->name))
        named = named->next;
    return named != NULL ? tn_str(named->text) : TN_STR("");
}

/* NAME [(types)] AS statement. The engine refuses a name that is there. */
static void remember(struct tn_names *names, struct tn_words *words)
{
    struct tn_str name = tn_token_name(&words->token);

    tn_words_next(words);
    if (tn_words_at_punct(words, '('))
        tn_words_skip_parentheses(words);
    if (tn_words_accept(words, "as"))
        tn_named_put(names, name, tn_words_rest(words));
}

void tn_named_refused(struct tn_names *names)
{
    struct tn_named **last = &names->first;

    while (names->fresh && (*last)->next != NULL)
        last = &(*last)->next;
    if (names->fresh)
        drop(last);
    names->fresh = false;
}

unsigned tn_named_values(struct tn_words *words, char end, struct tn_str values[TN_NAMED_VALUES])
{
    unsigned count = 0;

    while (count < TN_NAMED_VALUES && !tn_words_at_end(words) && !tn_words_at_punct(words, end)) {
        const char *from = words->token.text.ptr;

        while (!tn_words_at_end(words) && !tn_words_at_punct(words, ',') && !tn_words_at_punct(words, end)) {
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

struct tn_str tn_named_fill(struct tn_names *names, struct tn_str text, const struct tn_str *values, unsigned count)
{
    struct tn_lexer lexer;
    struct tn_token token;
    const char     *at = text.ptr;

    tn_buf_reset(&names->text);
    tn_buf_init(&names->text, 2 * TEXT);
    tn_lexer_init(&lexer, text, TN_DIALECT_POSTGRES);
    while (tn_lexer_next(&lexer, &token)) {
        if (token.kind != TN_TOKEN_PARAM || token.param == 0 || token.param > count)
            continue;
        tn_buf_put_str(&names->text, tn_str_n(at, (size_t)(token.text.ptr - at)));
        tn_buf_put_str(&names->text, values[token.param - 1]);
        at = token.text.ptr + token.text.len;
    }
    tn_buf_put_str(&names->text, tn_str_n(at, (size_t)(text.ptr + text.len - at)));
    return names->text.failed ? text : tn_buf_str(&names->text);
}

struct tn_str tn_named_meant(struct tn_names *names, struct tn_str sql, enum tn_verb verb)
{
    struct tn_str   values[TN_NAMED_VALUES], name, text;
    struct tn_words words;
    unsigned        count;

    names->fresh = false;
    if (verb != TN_VERB_PREPARE && verb != TN_VERB_EXECUTE && verb != TN_VERB_DEALLOCATE && verb != TN_VERB_DISCARD)
        return TN_STR("");
    tn_words_behind_verb(&words, sql, TN_DIALECT_POSTGRES);
    if (verb == TN_VERB_DEALLOCATE)
        (void)tn_words_accept(&words, "prepare");
    if (verb == TN_VERB_PREPARE && !tn_words_at(&words, "transaction"))
        remember(names, &words);
    if (verb == TN_VERB_DISCARD || (verb == TN_VERB_DEALLOCATE && tn_words_at(&words, "all")))
        tn_named_forget(names);
    if (verb == TN_VERB_PREPARE || verb == TN_VERB_DISCARD)
        return TN_STR("");
    name = tn_token_name(&words.token);
    if (verb == TN_VERB_DEALLOCATE) {
        tn_named_drop(names, name);
        return TN_STR("");
    }
    text = tn_named_text(names, name);
    if (text.len == 0)
        return TN_STR("");
    tn_words_next(&words);
    count = tn_words_accept_punct(&words, '(') ? tn_named_values(&words, ')', values) : 0;
    return tn_named_fill(names, text, values, count);
}
