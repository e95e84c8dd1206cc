/* frame.h - what Turnout and its Python workers say to each other: frames over a socket, numbers little-endian.
 *
 *   request   u32 length, u64 id, u8 operation, fields      field: u32 length, bytes
 *   answer    u32 length, u64 id, u8 verdict, fields
 *
 * Operations: HELLO () -> version of sqlglot. TRANSLATE (from, to (or "mysqlplain": its texts know no backslash), sql, literals as pairs of u32 offset and length, columns as
 * in struct tn_translation, then name and text of each script) -> text, places, warnings, u32 bits of the scripts that changed it. ASK (name and text of a script, its function, sql, context as JSON) -> name
 * or message, why, and u8 enum tn_script_said, u32 what it depends on, u32 seconds, SQLSTATE. COMPILE (name, text, function) ->
 * nothing. An answer that is no OK has one field: why, and of a script whose time was up "late", of a statement that a literal
 * may be the cause of "literal". Pure functions; an answer is foreign bytes. */
#ifndef TN_TRANSLATE_FRAME_H
#define TN_TRANSLATE_FRAME_H

#include "base/buf.h"

enum tn_worker_operation { TN_WORKER_HELLO = 1, TN_WORKER_TRANSLATE = 2, TN_WORKER_ASK = 3, TN_WORKER_COMPILE = 4 };

enum tn_verdict {
#define VERDICT(value, name) TN_VERDICT_##value,
#include "translate/verdicts.def"
#undef VERDICT
    TN_VERDICT_COUNT
};
const char *tn_verdict_name(enum tn_verdict verdict);

enum { TN_FRAME_HEADER = 4, TN_FRAME_BODY_MIN = 9, TN_FRAME_FIELDS = 4, TN_FRAME_PLACES = 4096 };

/* Where something of the statement stands in its translation, in bytes. */
struct tn_frame_place {
    uint32_t at, len;
    char     kind;   /* 'L' literal, 'P' parameter */
    uint32_t number; /* literal: its place among those that were sent; parameter: n of $n */
};

struct tn_frame_answer {
    uint64_t        id;
    enum tn_verdict verdict; /* at most TN_VERDICT_BROKEN */
    size_t          count;
    struct tn_str   fields[TN_FRAME_FIELDS]; /* they point into the frame */
};

/* Begins a frame in OUT (cleared); fields follow, then the length is set. */
void tn_frame_begin(struct tn_buf *out, uint64_t id, enum tn_worker_operation operation);
void tn_frame_field(struct tn_buf *out, struct tn_str field);
void tn_frame_end(struct tn_buf *out);

uint32_t tn_frame_u32(const char *bytes);
void     tn_frame_put_u32(struct tn_buf *out, uint32_t value);

/* BODY is what follows the length. False: not an answer. */
bool tn_frame_read(struct tn_frame_answer *out, struct tn_str body);
/* The N-th entry of the places of a translation (field 1) whose text has TEXT_LEN bytes; false at the end, and for anything that
 * is out of order, out of the text or too much. */
bool tn_frame_place(struct tn_str places, size_t n, size_t text_len, struct tn_frame_place *out);

#endif
