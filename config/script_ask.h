/* script_ask.h - how a policy asks one of the operator's scripts. A policy never waits: what is not known yet is noted by the asker
 * (src/scripting.c), which has a Python process asked and lets the policy decide again from the start. */
#ifndef TN_CONFIG_SCRIPT_ASK_H
#define TN_CONFIG_SCRIPT_ASK_H

#include "config/script.h"

enum tn_script_said { TN_SCRIPT_NOTHING, TN_SCRIPT_NAMED, TN_SCRIPT_DENIED, TN_SCRIPT_FAILED };

struct tn_script_question {
    struct tn_script *script;
    uint64_t          timeout_us;
    const void       *about;    /* a group whose member is asked for, NULL: the group is */
    uint64_t          members;  /* of that group, as bits: those that may be named */
};

/* Texts live as long as the query. */
struct tn_script_answer {
    enum tn_script_said said;
    bool                kept;        /* it is one that was given before */
    char                sqlstate[6]; /* DENIED */
    struct tn_str       name;        /* NAMED: of a group or cluster, as the script says; DENIED: the message */
    struct tn_str       why;         /* the script's own reason, may be empty; FAILED: what went wrong, with script and line */
};

struct tn_script_asker {
    /* True: OUT is the answer. False: it is not known yet. */
    bool (*find)(struct tn_script_asker *asker, const struct tn_script_question *question, struct tn_script_answer *out);
    /* What SCRIPT answered is of no use: WHY, to be counted and logged. */
    void (*failed)(struct tn_script_asker *asker, struct tn_script *script, const char *why);
};

#endif
