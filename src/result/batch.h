/* batch.h - rows between engine and client: columns in the Arrow columnar layout (Arrow C data interface, struct
 * ArrowArray as specified at arrow.apache.org/docs/format/CDataInterface.html), with Turnout's own description of the
 * types beside it. Whoever makes a batch fills `array` so that it could be handed to any Arrow consumer. */
#ifndef TN_RESULT_BATCH_H
#define TN_RESULT_BATCH_H

#include "base/arena.h"
#include "base/status.h"
#include "base/str.h"

#include <stdint.h>

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE
struct ArrowArray {
    int64_t             length;
    int64_t             null_count; /* -1: not counted */
    int64_t             offset;
    int64_t             n_buffers;
    int64_t             n_children;
    const void        **buffers;
    struct ArrowArray **children;
    struct ArrowArray  *dictionary;
    void (*release)(struct ArrowArray *array);
    void *private_data;
};
#endif

/* types.def: TYPE(NAME, "name", "arrow format", value size in bytes (0 = bits or variable)) */
enum tn_type {
#define TYPE(name, text, format, size) TN_TYPE_##name,
#include "result/types.def"
#undef TYPE
    TN_TYPE_COUNT
};

const char *tn_type_name(enum tn_type type);
size_t      tn_type_size(enum tn_type type); /* bytes of one value in its buffer; 0 for BOOL (bits) and offsets+data */
bool        tn_type_is_text(enum tn_type type); /* offsets + data layout: TEXT, JSON, NUMERIC, BYTES, XML... */

/* What a column of lists, records or maps holds, when its engine tells: JSON values are [..] of parts[0], {"name":..} of all
 * parts in their order (without names [..]), or {"key":..} of parts[0] and parts[1]. */
enum tn_nesting { TN_NESTING_LIST, TN_NESTING_RECORD, TN_NESTING_MAP };

struct tn_column;
struct tn_nested {
    enum tn_nesting         nesting;
    size_t                  count;
    const struct tn_column *parts;
};

struct tn_column {
    struct tn_str name;      /* valid as long as the schema */
    enum tn_type  type;
    uint8_t       precision; /* DECIMAL*: 1..39; NUMERIC: 0 = any; INTERVAL: 0, or it is MySQL's TIME, and 1 + digits of its second */
    int8_t        scale;     /* DECIMAL*, NUMERIC */
    uint32_t      pg_oid;    /* what a PostgreSQL client is told */
    int32_t       pg_typmod; /* -1 = none */
    int16_t       pg_len;    /* -1 = variable */
    uint32_t      pg_table;  /* 0 = not a table's column */
    int16_t       pg_attr;
    const struct tn_nested *nested; /* JSON; NULL: not known. As long as the schema, and not in copies of it */
};

struct tn_schema {
    size_t            count;
    struct tn_column *columns;
};

struct tn_batch {
    const struct tn_schema *schema;   /* outlives the batch */
    int64_t                 rows;
    struct ArrowArray     **columns;  /* schema->count arrays, each of `rows` values; a column's buffers are
                                         [validity bits or NULL, values] or [validity, int32 offsets, data] */
    void (*release)(struct tn_batch *batch); /* frees columns and the batch's own memory; NULL once released */
    void *private_data;
};

void tn_batch_release(struct tn_batch *batch); /* NULL or released is fine */

/* A client that was told TOLD can read rows of NOW: as many columns, of the same PostgreSQL types. TOLD may be NULL: never. */
bool tn_schema_same_types(const struct tn_schema *told, const struct tn_schema *now);
/* A deep copy in ARENA; NULL when there is no memory. */
TN_MUST_USE struct tn_schema *tn_schema_copy(const struct tn_schema *schema, struct tn_arena *arena);

/* Sets pg_oid, pg_typmod and pg_len from type, precision and scale (pg_types.h of the PostgreSQL frontend is the other
 * half of this table; a unit test keeps them equal). */
void tn_column_set_pg(struct tn_column *column);

/* Bit helpers for validity and BOOL values (least significant bit first). */
static inline bool tn_bit_get(const uint8_t *bits, int64_t i)
{
    return (bits[i >> 3] >> (i & 7)) & 1;
}

static inline void tn_bit_set(uint8_t *bits, int64_t i)
{
    bits[i >> 3] = (uint8_t)(bits[i >> 3] | 1u << (i & 7));
}

#endif
