/* compare_script.h - a file of SQL as statements, by the project's own lexer: strings, comments, dollar quotes and bodies hold. */
#ifndef TN_CLI_COMPARE_SCRIPT_H
#define TN_CLI_COMPARE_SCRIPT_H

#include "base/buf.h"
#include "tools/cli/compare_data.h"

enum { TN_SCRIPT_MAX = 64 * 1024 * 1024, TN_SCRIPT_STATEMENTS = 10000 };

struct tn_script {
    struct tn_buf  text;
    size_t         count;
    struct tn_str *statements; /* into `text` */
    uint64_t       hash;       /* of the file */
};

/* The statements of the file at PATH, at least one. TN_E_INVALID where a statement may change something and not FORCE: its
 * number and line are in ERR. End with tn_script_reset() in any case. */
TN_MUST_USE enum tn_status tn_script_read(struct tn_script *script, const char *path, bool force, struct tn_error *err);
/* The same of TEXT, which is copied; PATH is for messages. */
TN_MUST_USE enum tn_status tn_script_parse(struct tn_script *script, const char *path, struct tn_str text, bool force, struct tn_error *err);
void tn_script_reset(struct tn_script *script);

#endif
