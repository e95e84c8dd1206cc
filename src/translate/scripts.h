/* scripts.h - the operator's Python scripts: read once with the configuration, so that a reload takes all of them or none, and
 * what a cached translation was made with is known. Counted, immutable. */
#ifndef TN_TRANSLATE_SCRIPTS_H
#define TN_TRANSLATE_SCRIPTS_H

#include "base/status.h"
#include "base/str.h"

#include <stdatomic.h>
#include <stdint.h>

enum { TN_SCRIPT_MAX = 1 << 20, TN_SCRIPTS_MAX = 16 };

struct tn_script {
    char *name; /* as in the configuration */
    char *text;
    size_t len;
};

struct tn_scripts {
    _Atomic unsigned refs;
    uint64_t         hash; /* of names and texts; 0 = no script */
    size_t           count;
    struct tn_script items[TN_SCRIPTS_MAX];
};

TN_MUST_USE struct tn_scripts *tn_scripts_new(void); /* empty; NULL: no memory */
/* Reads the file PATH; blocks. NAME is what messages call it. */
TN_MUST_USE enum tn_status tn_scripts_add(struct tn_scripts *scripts, struct tn_str name, const char *path, struct tn_error *err);
struct tn_scripts *tn_scripts_ref(struct tn_scripts *scripts);
void               tn_scripts_unref(struct tn_scripts *scripts); /* NULL is fine */

#endif
