/* shape_place.h - which part a token plays: a table, its alias, the name of a column of the result, the place number of
 * GROUP BY 2. Without a grammar: a small state for each open bracket. Internal to stats/shape*.c. */
#ifndef TN_STATS_SHAPE_PLACE_H
#define TN_STATS_SHAPE_PLACE_H

#include "stats/shape_stream.h"

enum { TN_PLACE_LEVELS = 64 }; /* deeper ones play no part */

enum tn_role {
    TN_ROLE_OTHER,
    TN_ROLE_RELATION, /* a part of a table's name, also one that is written as a string */
    TN_ROLE_FILE,     /* a string that names what read_parquet() and its kind read */
    TN_ROLE_AS,       /* the word before it, which may as well be left out */
    TN_ROLE_ALIAS,    /* the alias of a table, where it is declared */
    TN_ROLE_COLUMN,   /* AS x in a select list, where it is declared */
    TN_ROLE_ORDER,    /* a bare name that is all of an element of ORDER BY */
    TN_ROLE_ORDINAL   /* ORDER BY 2 */
};

enum tn_place_table { PLACE_NONE, PLACE_BEFORE, PLACE_NAME, PLACE_AFTER, PLACE_AS, PLACE_ALIASED };
enum tn_place_by { PLACE_NO_BY, PLACE_GROUP_BY, PLACE_ORDER_BY };

struct tn_place_level {
    unsigned char table;  /* enum tn_place_table */
    unsigned char by;     /* enum tn_place_by */
    bool          query;  /* SELECT, UPDATE .. at this level: FROM is followed by tables */
    bool          tables; /* in its list of tables: a comma is followed by one */
    bool          list;   /* in its select list */
    bool          files;  /* arguments of read_parquet() */
    unsigned      items;  /* of the select list */
};

struct tn_place {
    size_t                depth;
    struct tn_token       last;
    enum tn_word          last_word, before;
    unsigned              ended_items; /* of the select list that the token ended, 0 = none */
    bool                  valued;      /* a literal had, or might have had, a part to play: its value counts */
    struct tn_place_level levels[TN_PLACE_LEVELS];
};

void         tn_place_init(struct tn_place *place);
enum tn_role tn_place_token(struct tn_place *place, const struct tn_stream_token *now, const struct tn_stream_token *ahead);
/* After the last token: how long a select list is that ends with the text; call until 0. */
unsigned     tn_place_end(struct tn_place *place);

#endif
