/* words.h - reads a statement that Turnout answers itself word by word: which one stands here, may this one follow. */
#ifndef TN_SESSION_WORDS_H
#define TN_SESSION_WORDS_H

#include "stats/lexer.h"

struct tn_words {
    struct tn_lexer lexer;
    struct tn_token token; /* the present one; kind END, empty and behind the text, at the end */
    struct tn_str   sql;
};

static inline void tn_words_next(struct tn_words *words)
{
    if (!tn_lexer_next(&words->lexer, &words->token))
        words->token = (struct tn_token){.kind = TN_TOKEN_END, .text = tn_str_n(words->sql.ptr + words->sql.len, 0)};
}

/* Stands on the first word of SQL. */
static inline void tn_words_init(struct tn_words *words, struct tn_str sql, enum tn_dialect dialect)
{
    words->sql = sql;
    tn_lexer_init(&words->lexer, sql, dialect);
    tn_words_next(words);
}

/* Stands behind the verb of the statement SQL. */
static inline void tn_words_behind_verb(struct tn_words *words, struct tn_str sql, enum tn_dialect dialect)
{
    tn_words_init(words, sql, dialect);
    tn_words_next(words);
}

static inline bool tn_words_at(const struct tn_words *words, const char *word)
{
    return words->token.kind == TN_TOKEN_WORD && tn_str_ieq_c(words->token.text, word);
}

static inline bool tn_words_at_punct(const struct tn_words *words, char c)
{
    return words->token.kind == TN_TOKEN_PUNCT && words->token.punct == c;
}

static inline bool tn_words_at_end(const struct tn_words *words)
{
    return words->token.kind == TN_TOKEN_END;
}

static inline bool tn_words_accept(struct tn_words *words, const char *word)
{
    if (!tn_words_at(words, word))
        return false;
    tn_words_next(words);
    return true;
}

static inline bool tn_words_accept_punct(struct tn_words *words, char c)
{
    if (!tn_words_at_punct(words, c))
        return false;
    tn_words_next(words);
    return true;
}

/* From an opening parenthesis to behind the one that closes it. */
static inline void tn_words_skip_parentheses(struct tn_words *words)
{
    unsigned depth = 0;

    do {
        depth += tn_words_at_punct(words, '(');
        depth -= tn_words_at_punct(words, ')');
        tn_words_next(words);
    } while (depth > 0 && !tn_words_at_end(words));
}

/* What is left, from the present word on. */
static inline struct tn_str tn_words_rest(const struct tn_words *words)
{
    return tn_str_trim(tn_str_n(words->token.text.ptr, (size_t)(words->sql.ptr + words->sql.len - words->token.text.ptr)));
}

#endif
