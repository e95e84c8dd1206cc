/* json_read.h - a JSON text (RFC 8259) as a tree. Strict: valid UTF-8, no key twice in one object, no NUL in a text, nothing behind the
 * value. Numbers stay as they are written, so that none loses digits. */
#ifndef TN_BASE_JSON_READ_H
#define TN_BASE_JSON_READ_H

#include "base/arena.h"
#include "base/status.h"
#include "base/str.h"

enum tn_json_kind { TN_JSON_NULL, TN_JSON_FALSE, TN_JSON_TRUE, TN_JSON_NUMBER, TN_JSON_STRING, TN_JSON_LIST, TN_JSON_OBJECT };

struct tn_json_node {
    enum tn_json_kind    kind;
    struct tn_str        name;  /* of a member; decoded, NUL-terminated */
    struct tn_str        text;  /* STRING: decoded, NUL-terminated; NUMBER: as written */
    size_t               count; /* LIST, OBJECT: children */
    struct tn_json_node *first, *next;
};

enum { TN_JSON_DEPTH_MAX = 32, TN_JSON_NODES_MAX = 100000, TN_JSON_MEMBERS_MAX = 1000 /* of one object */ };

/* TEXT into ARENA; the tree may point into TEXT. TN_E_INVALID 22032: no JSON, with the byte where it ends to be; TN_E_LIMIT
 * 54000: more nodes or deeper than the limits; TN_E_NOMEM. */
TN_MUST_USE enum tn_status tn_json_read(struct tn_str text, struct tn_arena *arena, const struct tn_json_node **out, struct tn_error *err);
/* The member NAME of an object; NULL: none, or no object. */
const struct tn_json_node *tn_json_member(const struct tn_json_node *object, const char *name);
const char *tn_json_kind_name(enum tn_json_kind kind); /* "string" */
/* TEXT is one JSON number and nothing else. */
bool tn_json_is_number(struct tn_str text);

#endif
