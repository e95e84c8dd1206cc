/* console.h - what the query path knows of the console database (src/console): where its statements go, who may connect,
 * and which statements are its own commands. */
#ifndef TN_CONSOLE_H
#define TN_CONSOLE_H

#include "auth/identity.h"
#include "engine/topology.h"

#define TN_CONSOLE_DATABASE "turnout"

struct tn_console {
    struct tn_group *group; /* one member, a cluster that is in no topology */
    /* Whether IDENTITY at PEER ("127.0.0.1:5000") is an administrator; else ERR (42501) says why not. */
    bool (*admits)(const struct tn_console *console, const struct tn_identity *identity, struct tn_str peer,
                   struct tn_error *err);
    bool (*is_command)(struct tn_str sql); /* RELOAD, SHOW HELP ...: for the console, whatever the session would make of it */
    void (*free)(struct tn_console *console); /* no query is left */
};

#endif
