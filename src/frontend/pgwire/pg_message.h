/* pg_message.h - the errors of reading and writing values, in PostgreSQL's words. A value is quoted up to 80 bytes, cut
 * between characters. */
#ifndef TN_FRONTEND_PG_MESSAGE_H
#define TN_FRONTEND_PG_MESSAGE_H

#include "base/buf.h"
#include "base/status.h"
#include "base/str.h"

/* TYPE is the SQL name. */
enum tn_status tn_pg_bad_text(struct tn_error *err, const char *type, struct tn_str value);     /* 22P02 */
enum tn_status tn_pg_bad_datetime(struct tn_error *err, const char *type, struct tn_str value); /* 22007 */
enum tn_status tn_pg_datetime_range(struct tn_error *err, const char *type, struct tn_str value); /* 22008 */
enum tn_status tn_pg_out_of_range(struct tn_error *err, const char *type, struct tn_str value); /* 22003 */
enum tn_status tn_pg_bad_binary(struct tn_error *err, const char *type, const char *why);       /* 22P03 */
enum tn_status tn_pg_no_memory(struct tn_error *err);                                           /* 53200 */
enum tn_status tn_pg_bad_utf8(struct tn_error *err, const char *bytes, size_t len); /* 22021; of a text that is not clean */
/* OUT could not take NEED bytes more: 54000 when that is beyond its maximum, 53200 otherwise. */
enum tn_status tn_pg_no_room(struct tn_error *err, const struct tn_buf *out, size_t need);

#endif
