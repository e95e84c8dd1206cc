/* scripts.h - the scripts that a configuration names, but for those of its routers: what changes translations, and what chooses
 * members. Read with the configuration (config/script.h). */
#ifndef TN_TRANSLATE_SCRIPTS_H
#define TN_TRANSLATE_SCRIPTS_H

#include "config/script.h"

enum { TN_SCRIPTS_MAX = 16 };

/* transform(ast, src, dst) of each, one after the other. Counted, immutable once it is used. */
struct tn_scripts {
    _Atomic unsigned  refs;
    uint64_t          hash; /* of names and texts; 0 = no script */
    size_t            count;
    struct tn_script *items[TN_SCRIPTS_MAX];
};

TN_MUST_USE struct tn_scripts *tn_scripts_new(void); /* empty; NULL: no memory */
/* Takes over SCRIPT, also when it fails. */
TN_MUST_USE enum tn_status tn_scripts_add(struct tn_scripts *scripts, struct tn_script *script, struct tn_error *err);
struct tn_scripts *tn_scripts_ref(struct tn_scripts *scripts);
void               tn_scripts_unref(struct tn_scripts *scripts); /* NULL is fine */

/* Of each group, by its place in the configuration; NULL: it has none. */
struct tn_script_book {
    size_t              group_count;
    struct tn_scripts **transforms;
    struct tn_script  **choosers;
};

/* Reads all; blocks. What is wrong is reported, each once. TN_E_INVALID, TN_E_NOMEM: OUT is empty. */
TN_MUST_USE enum tn_status tn_script_book_read(struct tn_script_book *out, const struct tn_config *config, struct tn_problems *problems);
void tn_script_book_reset(struct tn_script_book *book);
bool tn_script_book_chooses(const struct tn_script_book *book); /* some group has a chooser */

#endif
