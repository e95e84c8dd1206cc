/* users_file.h - changing the file of auth.usersFile: `turnout user`. The file is YAML in the form of users.h, written as a whole:
 * beside it, then renamed, with mode 0600 (or what it had, without rights for others), while a lock keeps other writers out. */
#ifndef TN_AUTH_USERS_FILE_H
#define TN_AUTH_USERS_FILE_H

#include "auth/users.h"
#include "base/status.h"

/* NULL members stay as they are (a new user has none). */
struct tn_user_change {
    struct tn_str                       name;
    bool                                remove, must_exist;
    const struct tn_verifier           *verifier; /* a new password: a hash of the old one goes with it */
    const unsigned char                *native;   /* its hash for mysql_native_password */
    const struct tn_str                *groups, *roles;
    size_t                              group_count, role_count;
    const struct tn_identity_attribute *attributes;
    size_t                              attribute_count;
    const unsigned char                *token;  /* one more: its SHA-256 */
    bool                                no_tokens; /* those that there were */
};

/* Does it, for the file at PATH, which is made when it is not there and the change is not a removal. *EXISTED: there was such a
 * user. TN_E_NOT_FOUND: there is none, to remove or where it must exist. TN_E_IO, TN_E_INVALID (the file has mistakes: PROBLEMS), TN_E_NOMEM. Blocks. */
TN_MUST_USE enum tn_status tn_users_file_change(const char *path, const struct tn_user_change *change, bool *existed,
                                                struct tn_problems *problems, struct tn_error *err);

#endif
