/* prepared.h - prepared statements and portals of one session. Names are the client's own: no engine sees them. */
#ifndef TN_SESSION_PREPARED_H
#define TN_SESSION_PREPARED_H

#include "session/private.h"

struct tn_prepared *tn_prepared_find(struct tn_session *s, struct tn_str name); /* NULL: none */
/* From a Parse message; 42P05 a name in use, 42601 several statements, 54000 too many. */
TN_MUST_USE enum tn_status tn_prepared_new(struct tn_session *s, struct tn_pg_parse *parse, struct tn_error *err);
/* One that no name leads to; the caller's reference. */
TN_MUST_USE enum tn_status tn_prepared_make(struct tn_session *s, struct tn_prepared **out, struct tn_pg_parse *parse, struct tn_error *err);
void tn_prepared_unref(struct tn_prepared *statement);
/* Types that a description found, for those that the client left open. */
TN_MUST_USE enum tn_status tn_prepared_param_types(struct tn_prepared *statement, size_t count, const uint32_t *oids,
                                                   struct tn_error *err);

struct tn_portal *tn_portal_find(struct tn_session *s, struct tn_str name);
/* From a Bind message; its bytes are copied. The name must be free. */
TN_MUST_USE enum tn_status tn_portal_new(struct tn_session *s, struct tn_prepared *statement, struct tn_pg_bind *bind,
                                         struct tn_error *err);
void tn_portal_free(struct tn_session *s, struct tn_portal *portal); /* its query must be over */

#endif
