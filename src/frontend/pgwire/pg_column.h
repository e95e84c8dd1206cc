/* pg_column.h - one column of a batch, made ready to be written value by value. */
#ifndef TN_FRONTEND_PG_COLUMN_H
#define TN_FRONTEND_PG_COLUMN_H

#include "base/buf.h"
#include "base/tz.h"
#include "frontend/pgwire/pg_types.h"

struct tn_pg_column;

/* Writes the value of ROW (not null) at OUT, which has the room that tn_pg_column_room() told; the end, or NULL when the
 * value is out of the type's range. */
typedef char *(*tn_pg_put)(char *out, struct tn_pg_column *column, int64_t row);

struct tn_pg_column {
    tn_pg_put                 put;      /* NULL: every value is null */
    const uint8_t            *validity; /* NULL: no value is null */
    const void               *values;   /* fixed size, or bits */
    const int32_t            *offsets;  /* NULL for types of fixed size */
    const char               *data;
    int64_t                   offset;   /* of the array: added to ROW for validity and BOOL only; the rest is moved */
    uint32_t                  room;     /* most bytes of a value beside those that depend on its length */
    uint32_t                  factor;   /* most bytes written per byte of data */
    int                       scale;
    const struct tn_pg_style *style;
    struct tn_tz_range        range;
    const struct tn_column   *column;
    struct tn_pg_stage       *stage; /* NULL, or where values are converted first */
};

/* Values whose announced type is not their own, or whose length is known only after the work. */
struct tn_pg_stage {
    struct tn_pg_column native; /* writes the text form */
    struct tn_buf       text;
    struct tn_buf       bytes;  /* the value of the present row */
    int16_t             format;
};

/* Rows of a batch: FIRST up to END, without END. */
struct tn_pg_range {
    int64_t first, end;
};

/* Chooses how to write the values of RANGE. COLUMN's schema, array and style outlive it. End it with
 * tn_pg_column_reset() in any case. */
enum tn_status tn_pg_column_init(struct tn_pg_column *self, const struct tn_column *column,
                                 const struct ArrowArray *array, struct tn_pg_range range, int16_t format,
                                 const struct tn_pg_style *style, struct tn_error *err);
void tn_pg_column_reset(struct tn_pg_column *self);

/* Converts the value of ROW (not null) of a column with a stage. */
enum tn_status tn_pg_column_stage(struct tn_pg_column *self, int64_t row, struct tn_error *err);

enum tn_status tn_pg_column_out_of_range(const struct tn_pg_column *self, struct tn_error *err);

static inline bool tn_pg_column_is_null(const struct tn_pg_column *self, int64_t row)
{
    return self->put == NULL || (self->validity != NULL && !tn_bit_get(self->validity, self->offset + row));
}

/* Bytes of data of ROW's value. */
static inline size_t tn_pg_column_data_len(const struct tn_pg_column *self, int64_t row)
{
    return (size_t)(self->offsets[row + 1] - self->offsets[row]);
}

/* pg_column_put.c: the writers of each type, and their room. */
struct tn_pg_writer {
    tn_pg_put text, binary;
    uint32_t  text_room, binary_room;
};

extern const struct tn_pg_writer tn_pg_writers[TN_TYPE_COUNT];

char *tn_pg_column_put_text_clean(char *out, struct tn_pg_column *c, int64_t row);
char *tn_pg_column_put_text_dirty(char *out, struct tn_pg_column *c, int64_t row);
char *tn_pg_column_put_jsonb(char *out, struct tn_pg_column *c, int64_t row);
char *tn_pg_column_put_bytea_escape(char *out, struct tn_pg_column *c, int64_t row);
char *tn_pg_column_put_money(char *out, struct tn_pg_column *c, int64_t row); /* DECIMAL64 of scale 2 as text */

#endif
