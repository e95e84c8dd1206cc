/* heads.h - what MySQL calls the columns of a SELECT: an alias as it was written, the last part of a column's name, the content of
 * a string, and of everything else the text itself (SELECT 1+1 has a column "1+1"). Engines have names of their own for those,
 * and translation changes the text. Pure. */
#ifndef TN_MYSQL_HEADS_H
#define TN_MYSQL_HEADS_H

#include "base/arena.h"
#include "result/batch.h"
#include "session/words.h"

/* An item of such a list. COLUMN: it is a column's name, with or without an alias; TABLE: what stands before its dot, of a star, too. Else empty. */
struct tn_my_head {
    struct tn_str name;
    struct tn_str table, column;
    bool          star;
};

/* *HEADS: the items of SQL's list, and how many; WORDS stands behind them. 0: it is no SELECT, or there is no memory. */
size_t tn_my_heads_read(struct tn_str sql, struct tn_words *words, struct tn_my_head **heads, struct tn_arena *arena);

/* SCHEMA with the names that SQL (MySQL's) gives its columns; as it is where they are not known (what a star stands for, what is no
 * SELECT). In ARENA; views into SQL. */
const struct tn_schema *tn_my_heads(const struct tn_schema *schema, struct tn_str sql, struct tn_arena *arena);

/* SQL says SQL_CALC_FOUND_ROWS; *MODIFIER is that word in it. */
bool tn_my_counts_found(struct tn_str sql, struct tn_str *modifier);

/* Where a list of columns begins, and what ends it: by one word of a statement, outside of the list's own parentheses. */
enum tn_my_list_word { TN_MY_LIST_INSIDE, TN_MY_LIST_BEGINS, TN_MY_LIST_MODIFIER, TN_MY_LIST_ENDS };
enum tn_my_list_word tn_my_list_word(const struct tn_token *token);
/* TEXT, an item of such a list, names its column itself (AS x). *NAME: what MySQL calls it otherwise, if it is more than a name or a literal. */
bool tn_my_list_names(struct tn_str text, struct tn_str *name);

#endif
