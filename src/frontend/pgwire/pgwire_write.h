/* pgwire_write.h - what a PostgreSQL client is told: messages -> bytes, appended to a buffer with a sticky error. */
#ifndef TN_FRONTEND_PGWIRE_WRITE_H
#define TN_FRONTEND_PGWIRE_WRITE_H

#include "base/buf.h"
#include "result/batch.h"

/* A message of one's own: begin, append the body, end (which fills in the length). */
size_t tn_pg_begin(struct tn_buf *out, char type);
void   tn_pg_end(struct tn_buf *out, size_t begun);

void tn_pg_put_auth_ok(struct tn_buf *out);
void tn_pg_put_negotiate(struct tn_buf *out, uint32_t newest, const struct tn_str *options, size_t count);
void tn_pg_put_parameter_status(struct tn_buf *out, struct tn_str name, struct tn_str value);
void tn_pg_put_backend_key(struct tn_buf *out, uint32_t pid, const void *key, size_t key_len);
void tn_pg_put_ready(struct tn_buf *out, char status); /* 'I', 'T' or 'E' */
void tn_pg_put_simple(struct tn_buf *out, char type);  /* a message without a body: '1' '2' '3' 'n' 's' 'I' */
void tn_pg_put_command_complete(struct tn_buf *out, const char *tag);
void tn_pg_put_parameter_description(struct tn_buf *out, const uint32_t *oids, size_t count);
/* FORMATS: none = all text, one = for all, else one per column. */
void tn_pg_put_row_description(struct tn_buf *out, const struct tn_schema *schema, const int16_t *formats,
                               size_t format_count);
/* One row of texts (ptr NULL = null), for answers of our own. */
void tn_pg_put_text_row(struct tn_buf *out, const struct tn_str *values, size_t count);

/* An engine's own fields go out unchanged. SEVERITY: "ERROR", "FATAL". */
void tn_pg_put_error(struct tn_buf *out, const struct tn_error *err, const char *severity);
void tn_pg_put_notice(struct tn_buf *out, const char *severity, const char *sqlstate, const char *message);
void tn_pg_put_notice_fields(struct tn_buf *out, const char *fields, size_t len);

#endif
