/* json_scan.h - through a JSON text value by value, without a tree and without checking what nobody asks for; for texts that we or an
 * engine wrote. Nothing is allocated, and nothing read beyond the text. */
#ifndef TN_BASE_JSON_SCAN_H
#define TN_BASE_JSON_SCAN_H

#include "base/str.h"

struct tn_json_scan {
    struct tn_str text;
    size_t        at;
};

char tn_json_peek(struct tn_json_scan *scan);         /* what comes next, behind white space; '\0': nothing */
bool tn_json_take(struct tn_json_scan *scan, char c); /* it, if it is C */
bool tn_json_take_string(struct tn_json_scan *scan, struct tn_str *out); /* with its quotes and escapes */
bool tn_json_take_any(struct tn_json_scan *scan, struct tn_str *out);    /* any value, as it is written */

/* A string without its quotes; another value as it is. */
struct tn_str tn_json_inside(struct tn_str value);

#endif
