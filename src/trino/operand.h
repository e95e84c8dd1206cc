/* operand.h - what each `?` of a statement is compared with, for DESCRIBE INPUT where the engine has no types of parameters: a column
 * (id = ?, ? < t.id, id IN (?, ?), id BETWEEN ? AND ?, SET id = ?), a text (LIKE ?) or a number of rows (LIMIT ?). Names are not
 * resolved here: the engine is asked what the columns are. What stands in a subquery, in an expression or behind UNION is not told. */
#ifndef TN_TRINO_OPERAND_H
#define TN_TRINO_OPERAND_H

#include "base/arena.h"
#include "base/str.h"

enum tn_trino_operand_kind { TN_TRINO_OPERAND_UNKNOWN, TN_TRINO_OPERAND_COLUMN, TN_TRINO_OPERAND_TEXT, TN_TRINO_OPERAND_ROWS };

struct tn_trino_operand {
    enum tn_trino_operand_kind kind;
    struct tn_str              column; /* as written, of COLUMN */
};

/* OUT has one for each of SQL's COUNT `?`. *QUESTION, in ARENA, is a SELECT of those columns in that order from the tables of SQL, for
 * an engine to describe; NULL: there are none, or it cannot be told from where. False: no memory. Pure. */
bool tn_trino_operands(struct tn_str sql, size_t count, struct tn_arena *arena, struct tn_trino_operand *out, struct tn_str *question);

#endif
