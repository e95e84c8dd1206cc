/* users_read.h - one user of a YAML tree; inside src/auth only. */
#ifndef TN_AUTH_USERS_READ_H
#define TN_AUTH_USERS_READ_H

#include "auth/users.h"

struct tn_users_reader {
    struct tn_arena          *arena; /* receives the users */
    struct tn_problems       *problems;
    struct tn_str             folder;      /* where {file: path} starts */
    bool                      hash;        /* plain passwords become verifiers */
    bool                      rewrites;    /* a password's {file: path} stays what it is */
    bool                      warn_plain;
    const struct tn_cfg_list *admin_roles, *admin_groups;
};

/* The user at place AT of MAP, whose path is PATH. NULL: wrong (reported). */
struct tn_user *tn_users_read_one(const struct tn_users_reader *reader, const struct tn_node *map, size_t at, const char *path);
void            tn_users_wipe(struct tn_node *root); /* its scalars are overwritten; NULL is fine */

#endif
