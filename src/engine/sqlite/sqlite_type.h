/* sqlite_type.h - which type a result column has. SQLite types values, not columns: a declaration is a promise that is
 * kept when the first rows keep it; an expression has the type of its first rows. */
#ifndef TN_ENGINE_SQLITE_TYPE_H
#define TN_ENGINE_SQLITE_TYPE_H

#include "result/batch.h"

struct tn_sqlite_type {
    enum tn_type type;      /* NULL: not known */
    uint8_t      precision; /* NUMERIC; 0 = none declared */
    int8_t       scale;
};

/* From a column's declaration; NULL when there is none or it says nothing. */
struct tn_sqlite_type tn_sqlite_declared_type(const char *declared);

/* From the storage classes of its values: bits 1 << SQLITE_INTEGER, ... Every value of these classes converts to it.
 * WIDE_INTEGERS: there are integers that a double cannot hold. NULL when no class was seen. */
struct tn_sqlite_type tn_sqlite_seen_type(unsigned classes, bool wide_integers);

/* From the text of an expression that has no name of its own ("count(*)"), when nothing else is known; TEXT at worst. */
struct tn_sqlite_type tn_sqlite_guessed_type(const char *name);

#endif
