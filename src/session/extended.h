/* extended.h - what the files of the extended protocol share. */
#ifndef TN_SESSION_EXTENDED_H
#define TN_SESSION_EXTENDED_H

#include "session/prepared.h"

/* An error inside a batch: told, and everything is skipped until Sync. ERR is reset. */
void tn_extended_fail(struct tn_session *s, struct tn_error *err);

void tn_extended_execute(struct tn_session *s, struct tn_str body);
void tn_extended_describe(struct tn_session *s, struct tn_str body);
/* Asks an engine; PORTAL: whose Describe it was, NULL = the statement's. */
void tn_extended_describe_statement(struct tn_session *s, struct tn_prepared *statement, struct tn_portal *portal);
/* RowDescription in the portal's formats, or NoData without SCHEMA. */
void tn_extended_put_columns(struct tn_session *s, struct tn_portal *portal, const struct tn_schema *schema);

#endif
