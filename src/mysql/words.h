/* words.h - reads what Turnout answers itself to MySQL clients, word by word. */
#ifndef TN_MYSQL_WORDS_H
#define TN_MYSQL_WORDS_H

#include "stats/lexer.h"

struct tn_my_words {
    struct tn_lexer lexer;
    struct tn_token token; /* the present one; kind END, empty and behind the text, at the end */
    struct tn_str   sql;
};

static inline void tn_my_words_next(struct tn_my_words *words)
{
    if (!tn_lexer_next(&words->lexer, &words->token))
        words->token = (struct tn_token){.kind = TN_TOKEN_END, .text = tn_str_n(words->sql.ptr + words->sql.len, 0)};
}

/* Stands on the first word of SQL. */
static inline void tn_my_words_init(struct tn_my_words *words, struct tn_str sql)
{
    words->sql = sql;
    tn_lexer_init(&words->lexer, sql, TN_DIALECT_MYSQL);
    tn_my_words_next(words);
}

static inline bool tn_my_words_at(const struct tn_my_words *words, const char *word)
{
    return words->token.kind == TN_TOKEN_WORD && tn_str_ieq_c(words->token.text, word);
}

static inline bool tn_my_words_accept(struct tn_my_words *words, const char *word)
{
    if (!tn_my_words_at(words, word))
        return false;
    tn_my_words_next(words);
    return true;
}

static inline bool tn_my_words_accept_punct(struct tn_my_words *words, char punct)
{
    if (words->token.kind != TN_TOKEN_PUNCT || words->token.punct != punct)
        return false;
    tn_my_words_next(words);
    return true;
}

static inline bool tn_my_words_at_end(const struct tn_my_words *words)
{
    return words->token.kind == TN_TOKEN_END || words->token.punct == ';';
}

/* What is left, from the present word on. */
static inline struct tn_str tn_my_words_rest(const struct tn_my_words *words)
{
    return tn_str_trim(tn_str_n(words->token.text.ptr, (size_t)(words->sql.ptr + words->sql.len - words->token.text.ptr)));
}

#endif
