/* spool_file.h - files of results, written and read whole. Blocking: in the offload pool. All but open() answer an
 * errno, 0 = done. */
#ifndef TN_SPOOL_SPOOL_FILE_H
#define TN_SPOOL_SPOOL_FILE_H

#include "base/buf.h"
#include "base/compiler.h"

/* TEXT as file PATH, whole or not at all, by way of TEMPORARY. */
TN_MUST_USE int tn_spool_file_write(const char *temporary, const char *path, struct tn_str text);
/* PATH to be read; -1 with errno where it is no file of ours: a link, or a pipe, which would be waited for without an end. */
TN_MUST_USE int tn_spool_file_open(const char *path);
/* The whole file into OUT, at most out->max. */
TN_MUST_USE int tn_spool_file_read(const char *path, struct tn_buf *out);

#endif
