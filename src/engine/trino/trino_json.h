/* trino_json.h - JSON (RFC 8259) read in place, value by value, without a tree: numbers stay text, so that no digit of a
 * bigint is lost. Bounded: 200 levels. Pure functions; nothing is allocated but decoded strings.
 *
 *   tn_trino_json_begin(&in, body);
 *   if (tn_trino_json_enter(&in, '{'))
 *       while (tn_trino_json_key(&in, &key))           the key as written, without its quotes
 *           if (tn_str_eq_c(key, "id")) tn_trino_json_text(&in, arena, &id); else tn_trino_json_skip(&in, NULL);
 *   if (in.failed) ...
 *
 * An error sticks: everything after it answers false. The bytes are taken as they are: whoever needs UTF-8 checks that. */
#ifndef TN_ENGINE_TRINO_JSON_H
#define TN_ENGINE_TRINO_JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

enum { TN_TRINO_JSON_DEPTH = 200 };

enum tn_trino_json_kind {
    TN_TRINO_JSON_BAD,
    TN_TRINO_JSON_NULL,
    TN_TRINO_JSON_BOOL,
    TN_TRINO_JSON_NUMBER,
    TN_TRINO_JSON_STRING,
    TN_TRINO_JSON_ARRAY,
    TN_TRINO_JSON_OBJECT,
};

struct tn_trino_json {
    const char *at, *end;
    unsigned    depth;
    bool        first;  /* nothing was read yet on this level */
    bool        failed;
};

void tn_trino_json_begin(struct tn_trino_json *in, struct tn_str text);
enum tn_trino_json_kind tn_trino_json_peek(struct tn_trino_json *in); /* of the value that comes next */
bool tn_trino_json_enter(struct tn_trino_json *in, char bracket);     /* '[' or '{' */
bool tn_trino_json_item(struct tn_trino_json *in);                    /* another item of the list; false: its end, left */
bool tn_trino_json_key(struct tn_trino_json *in, struct tn_str *key); /* the same for an object */

/* Any value; RAW (may be NULL) is its text as it stands. */
bool tn_trino_json_skip(struct tn_trino_json *in, struct tn_str *raw);
/* The same of a list of rows, which are lists: how many. *ALL: every item is one. What is nearly all of a page's bytes. */
bool tn_trino_json_rows(struct tn_trino_json *in, struct tn_str *raw, uint64_t *rows, bool *all);
bool tn_trino_json_bool(struct tn_trino_json *in, bool *out);
bool tn_trino_json_number(struct tn_trino_json *in, struct tn_str *text);
/* A string as written, without its quotes; ESCAPED: it holds escapes. */
bool tn_trino_json_string(struct tn_trino_json *in, struct tn_str *raw, bool *escaped);
/* A string with its escapes undone, in the input itself or in ARENA; null gives ptr NULL. A lone surrogate is U+FFFD. */
bool tn_trino_json_text(struct tn_trino_json *in, struct tn_arena *arena, struct tn_str *out);
void tn_trino_json_unescape(struct tn_buf *out, struct tn_str raw); /* RAW is what tn_trino_json_string() gave */
bool tn_trino_json_u64(struct tn_trino_json *in, uint64_t *out); /* null, negative or fractional: 0 */
bool tn_trino_json_at_end(struct tn_trino_json *in);             /* nothing but white space is left */

#endif
