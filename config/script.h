/* script.h - one of the operator's Python scripts: read once with the configuration, so that a reload takes all of them or none.
 * Counted; its text never changes, a changed file is another script. A script is the operator's own code and may do what this
 * program's user may: a file that anybody may write to is refused. */
#ifndef TN_CONFIG_SCRIPT_H
#define TN_CONFIG_SCRIPT_H

#include "config/config.h"

#include <stdatomic.h>

enum { TN_SCRIPT_MAX = 1 << 20, TN_SCRIPT_NAME_MAX = 200 };

struct tn_script {
    _Atomic unsigned refs;
    char            *name;   /* what messages call it: its file, or where it stands in the configuration */
    char            *text;   /* UTF-8 without NUL */
    size_t           len;
    uint64_t         hash;   /* of the text; never 0 */
    _Atomic uint64_t declared; /* what its answers are kept for, once it has said so; 0 = not known yet (translate/answers.h) */
    _Atomic uint64_t warned_us; /* when its last failure was logged */
};

/* Its name without folders, for lines with little room. */
const char *tn_script_short_name(const struct tn_script *script);
/* WHY, which may begin with its name, with the short one there. */
struct tn_str tn_script_short_why(const struct tn_script *script, struct tn_str why);

/* Reads the file FILE of CONFIG's folder; blocks. TN_E_INVALID: no regular file, not to be read, writable for everybody, longer
 * than 1 MiB, not UTF-8. NAME is FILE as written. */
TN_MUST_USE enum tn_status tn_script_open(struct tn_script **out, const struct tn_config *config, struct tn_str file, struct tn_error *err);
/* TEXT itself, which stands at PATH of the configuration. */
TN_MUST_USE enum tn_status tn_script_inline(struct tn_script **out, const char *path, struct tn_str text, struct tn_error *err);
/* A text that cannot be the name of a file: it has lines. */
bool tn_script_is_text(struct tn_str text);

struct tn_script *tn_script_ref(struct tn_script *script);
void              tn_script_unref(struct tn_script *script); /* NULL is fine */

#endif
