/* like.h - patterns of LIKE: Trino's tells capitals from small letters, SQLite's and MySQL's do not. Pure. */
#ifndef TN_TRINO_LIKE_H
#define TN_TRINO_LIKE_H

#include "base/buf.h"
#include "config/enums.h"

/* PATTERN with ! for its ESCAPE, which may be a character that engines do not take for one; or as GLOB has patterns. An escape that nothing
 * follows stands for itself. */
void tn_trino_like_put(struct tn_buf *out, struct tn_str pattern, struct tn_str escape, bool glob);
/* SQL of a statement about tables, whose patterns that are written there mean on ENGINE what they do at Trino. */
void tn_trino_like_exact(struct tn_buf *out, struct tn_str sql, enum tn_cfg_engine engine);

#endif
