/* json.h - writes JSON into a buffer, with the commas in the right places. Errors stick to the buffer. */
#ifndef TN_BASE_JSON_H
#define TN_BASE_JSON_H

#include "base/buf.h"

struct tn_json {
    struct tn_buf *buf;
    bool           more; /* something stands before on this level */
};

/* KEY NULL: an item of a list, or the whole document. */
void tn_json_open(struct tn_json *json, const char *key, char bracket); /* '{' or '[' */
void tn_json_close(struct tn_json *json, char bracket);                 /* '}' or ']' */
void tn_json_str(struct tn_json *json, const char *key, struct tn_str value); /* ptr NULL = null */
void tn_json_text(struct tn_json *json, const char *key, const char *value);  /* NULL = null */
void tn_json_u64(struct tn_json *json, const char *key, uint64_t value);
void tn_json_f64(struct tn_json *json, const char *key, double value); /* what is no number is null */
void tn_json_bool(struct tn_json *json, const char *key, bool value);
void tn_json_ms(struct tn_json *json, const char *key, uint64_t us); /* microseconds as milliseconds, three places */
void tn_json_time(struct tn_json *json, const char *key, uint64_t wall_us); /* "2026-11-26T01:02:03.123456Z", 0 = null */

#endif
