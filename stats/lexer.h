/* lexer.h - SQL text as tokens: one pass, linear, no allocation, no recursion, safe on any bytes (NUL included).
 *
 * It knows quoting, comments, numbers and parameters of each dialect, and no grammar. What is not terminated runs to the
 * end of the text. Every token points into the text; together with the white space and comments between them the tokens
 * cover all of it. Rules after the engines' own scanners (PostgreSQL scan.l, SQLite tokenize.c, ClickHouse Lexer.cpp). */
#ifndef TN_STATS_LEXER_H
#define TN_STATS_LEXER_H

#include "stats/features.h"

enum tn_token_kind {
    TN_TOKEN_END,
    TN_TOKEN_WORD,   /* unquoted: keyword or identifier, also @variable, #1 and $1 (columns) where the dialect has them */
    TN_TOKEN_IDENT,  /* quoted identifier, with its quotes */
    TN_TOKEN_NUMBER, /* without sign */
    TN_TOKEN_STRING, /* with quotes, prefix and dollar tags */
    TN_TOKEN_PARAM,  /* $1 ? ?1 :name :1 @name $name {name:Type}, as the dialect has them */
    TN_TOKEN_PUNCT   /* one operator or other byte; two for :: := || <= >= <> != -> => */
};

struct tn_token {
    enum tn_token_kind kind;
    struct tn_str      text;         /* as written */
    char               punct;        /* PUNCT of one byte: that byte; otherwise 0 */
    bool               unterminated; /* string or quoted identifier without its end */
    uint32_t           param;        /* PARAM: n of $n and ?n (saturated), 0 for the rest */
};

struct tn_lexer_rules;

struct tn_lexer {
    struct tn_str                text;
    size_t                       at;
    const struct tn_lexer_rules *rules;
    bool                         in_versioned; /* inside a comment of MySQL whose content is executed */
};

void tn_lexer_init(struct tn_lexer *lexer, struct tn_str text, enum tn_dialect dialect);

/* MySQL's, with an sql_mode that has ANSI_QUOTES, NO_BACKSLASH_ESCAPES. */
void tn_lexer_init_mysql(struct tn_lexer *lexer, struct tn_str text, bool ansi_quotes, bool no_backslash);

/* The next token; false at the end (TOKEN is TN_TOKEN_END with an empty text then). */
bool tn_lexer_next(struct tn_lexer *lexer, struct tn_token *token);

/* Skips white space; when a comment stands there, skips it too, gives it with its marks and answers true. */
bool tn_lexer_comment(struct tn_lexer *lexer, struct tn_str *comment);

/* A quoted identifier without its quotes (and U& prefix); doubled quotes stay doubled. Other tokens as written. */
struct tn_str tn_token_name(const struct tn_token *token);

#endif
