/* statement.h - where a statement ends: a semicolon outside brackets and outside the BEGIN .. END body of a CREATE (also behind
 * MariaDB's SET STATEMENT .. FOR) and of BEGIN NOT ATOMIC. */
#ifndef TN_STATS_STATEMENT_H
#define TN_STATS_STATEMENT_H

#include "stats/lexer.h"
#include "stats/word.h"

struct tn_statement_scan {
    size_t       brackets;     /* open ( */
    size_t       blocks;       /* open BEGIN and CASE inside a body */
    unsigned     words;        /* words seen, saturated: the first few decide about bodies */
    enum tn_word first;
    bool         creates;      /* begins with CREATE */
    bool         prefixed;     /* SET STATEMENT: another statement begins behind its FOR */
    bool         negated;      /* BEGIN NOT */
    bool         may_have_body; /* CREATE .. FUNCTION, PROCEDURE, TRIGGER */
    bool         behind_dot;   /* the token before was one */
    bool         after_end;    /* the token before was the END of a block */
};

/* Zero-initialise SCAN; feed every token. True when TOKEN is the semicolon that ends the statement. */
bool tn_statement_token(struct tn_statement_scan *scan, const struct tn_token *token, enum tn_word word);

#endif
