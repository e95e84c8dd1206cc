/* word.h - the keywords that statistics look at (words.def), found without allocation or hashing. */
#ifndef TN_STATS_WORD_H
#define TN_STATS_WORD_H

#include "stats/features.h"

enum tn_word {
    TN_WORD_NONE, /* no keyword of ours: an identifier */
#define LETTER(x)
#define WORD(name, verb, class, flags) TN_WORD_##name,
#include "stats/words.def"
#undef WORD
#undef LETTER
    TN_WORD_COUNT
};

enum tn_word_flag {
    WORD_VERB = 1u << 0,        /* may begin a statement */
    WORD_ENDS_FROM = 1u << 1,   /* no table list goes beyond it */
    WORD_SKIP = 1u << 2,        /* may stand before a table name in FROM */
    WORD_SKIP_TARGET = 1u << 3, /* may stand before the name that a statement works on */
    WORD_ON_TABLE = 1u << 4,    /* kind of object that is made ON a table */
    WORD_QUERY = 1u << 5,       /* begins a statement that reads, also in brackets */
    WORD_CHANGES = 1u << 6,     /* begins a statement that changes data, also in brackets */
    WORD_SET_OPERATION = 1u << 7,
    WORD_NO_NAME = 1u << 8,     /* no table's name, where one is expected */
    WORD_OPERATOR = 1u << 9,    /* behind a column, never behind INSERT, UPDATE, DELETE that begin a statement */
    WORD_OTHER_OBJECT = 1u << 10 /* GRANT .. ON it names no relation */
};

enum tn_word  tn_word_find(struct tn_str text); /* ASCII case folded */
const char   *tn_word_name(enum tn_word word);
unsigned      tn_word_flags(enum tn_word word);
enum tn_verb  tn_word_verb(enum tn_word word);  /* TN_VERB_OTHER for what begins no statement */
enum tn_class tn_word_class(enum tn_word word); /* of a statement that begins with it; WRITE when not known */

#endif
