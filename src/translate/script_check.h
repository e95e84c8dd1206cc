/* script_check.h - whether scripts are Python and have their function, by a Python process that does not run them. Blocks; for
 * `turnout check`, start and reload. */
#ifndef TN_TRANSLATE_SCRIPT_CHECK_H
#define TN_TRANSLATE_SCRIPT_CHECK_H

#include "translate/process.h"
#include "translate/scripts.h"

struct tn_script_check {
    struct tn_problems    *problems;
    struct tn_process_conf conf;
    struct tn_process      process;
    bool                   missing; /* Python is: that has been said */
};

/* PROBLEMS gets errors ("route.py: line 3: invalid syntax"), and one warning where there is no Python to ask. */
void tn_script_check_begin(struct tn_script_check *check, const struct tn_settings *settings, struct tn_problems *problems);
/* ENTRY: "route", "choose" (or "select_cluster"), "transform". LINE and PATH: where the configuration names it. */
void tn_script_check_one(struct tn_script_check *check, const struct tn_script *script, const char *entry, unsigned line, const char *path);
void tn_script_check_book(struct tn_script_check *check, const struct tn_config *config, const struct tn_script_book *book);
void tn_script_check_end(struct tn_script_check *check);

#endif
