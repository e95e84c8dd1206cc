/* rest_encode.h - batches to rows of the REST API. Each row is four bytes of length (of this machine, never on a wire) and that many
 * bytes: one JSON array or object, or one line of CSV, without separator; so that rows can be counted, left out and kept. Format ARROW has pieces instead: a header, and one
 * message of an Arrow stream (frontend/arrow/arrow.h) with all its rows.
 *
 * Values in JSON: numbers as they are (what is no JSON number, NaN and Infinity, is a string), true and false, null; dates and times in
 * ISO 8601 ("2026-01-31", "2026-01-31T10:00:00.5", with zone "...Z"), intervals in ISO 8601, bytes in base64, all others as text.
 * In CSV the same without the quotes. A name that several columns have gets _2, _3 ... in objects. */
#ifndef TN_FRONTEND_REST_ENCODE_H
#define TN_FRONTEND_REST_ENCODE_H

#include "frontend/rest/rest_format.h"
#include "result/encoder.h"

struct tn_rest_encoder {
    struct tn_encoder   base; /* first */
    enum tn_rest_format format;
};

/* Immutable, for as long as the program runs. */
const struct tn_rest_encoder *tn_rest_encoder(enum tn_rest_format format);

/* The next row of ROWS from *AT on; false at the end, or where it is cut short. */
bool tn_rest_row_next(struct tn_str rows, size_t *at, struct tn_str *row);

/* Stands before a message of format ARROW; as large as keeps messages aligned. */
struct tn_rest_piece {
    uint64_t rows, bytes;
};
/* The next piece of PIECES from *AT on, and its message; false at the end, or where it is cut short. */
bool tn_rest_piece_next(struct tn_str pieces, size_t *at, struct tn_rest_piece *piece, struct tn_str *message);

/* Keys of the columns as rows of format OBJECTS have them: JSON strings with their quotes, one behind the other, each ended by a NUL. */
void tn_rest_keys(const struct tn_str *names, size_t count, struct tn_buf *out);
/* A row of format ARRAYS in another FORMAT, appended to OUT. KEYS as above (for those that have them). False: ROW is none. */
TN_MUST_USE bool tn_rest_row_convert(struct tn_str row, enum tn_rest_format format, struct tn_str keys, struct tn_buf *out);
/* The first line of CSV, without its end. */
void tn_rest_csv_names(const struct tn_str *names, size_t count, struct tn_buf *out);

/* "VARCHAR", "DECIMAL(10,2)": a column's type as the API names it. */
enum { TN_REST_TYPE_TEXT = 40 };
void tn_rest_type_text(const struct tn_column *column, char out[TN_REST_TYPE_TEXT]);

#endif
