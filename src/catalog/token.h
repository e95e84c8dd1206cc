/* token.h - what text.c and speaks.c ask of a statement's tokens. */
#ifndef TN_CATALOG_TOKEN_H
#define TN_CATALOG_TOKEN_H

#include "catalog/catalog.h"
#include "stats/lexer.h"

/* Of regclass and its like, whose values are numbers that show as names: how macros of catalog.def call TYPE; NULL: it is none of them. */
const char *tn_catalog_reg_type(struct tn_str type);
bool        tn_catalog_is_line(enum tn_catalog_kind kind, struct tn_str name); /* catalog.def has it */

static inline bool is_name(const struct tn_token *token)
{
    return token->kind == TN_TOKEN_WORD || token->kind == TN_TOKEN_IDENT;
}

static inline bool is_named(const struct tn_token *token, const char *name)
{
    return is_name(token) && tn_str_ieq_c(tn_token_name(token), name);
}

static inline bool is_word(const struct tn_token *token, const char *word)
{
    return token->kind == TN_TOKEN_WORD && tn_str_ieq_c(token->text, word);
}

static inline bool is_any(const struct tn_token *token, const char *const *words)
{
    for (; *words != NULL; words++)
        if (is_word(token, *words))
            return true;
    return false;
}

static inline bool is_cast(const struct tn_token *token)
{
    return token->kind == TN_TOKEN_PUNCT && tn_str_eq_c(token->text, "::");
}

#endif
