/* users.h - the users that a configuration names: auth.staticUsers and the file of auth.usersFile, as one table. Immutable
 * and counted; a reload makes a new one. Any thread.
 *
 *   users:
 *     alice: { password: "SCRAM-SHA-256$4096:...", groups: [bi], roles: [admin], attributes: { team: sales },
 *              tokens: ["sha256:..."], nativePassword: "*HEX" }
 *
 * The same form in both places (the file is YAML, too). A password or a token may also be given as it is, which warns. */
#ifndef TN_AUTH_USERS_H
#define TN_AUTH_USERS_H

#include "auth/identity.h"
#include "auth/native_proof.h"
#include "auth/verifier.h"
#include "config/config.h"

enum { TN_USER_NAME_MAX = 128, TN_USERS_MAX = 100000, TN_TOKEN_MIN = 16 /* bytes */ };
#define TN_TOKEN_PREFIX "sha256:"

struct tn_user {
    struct tn_str                 name;
    bool                          has_password; /* else only by token or certificate */
    bool                          has_native;   /* a hash for mysql_native_password */
    bool                          admin;
    struct tn_str                 password_file; /* read to be written again: {file: path}, which is not read; empty: none */
    struct tn_verifier            verifier;
    unsigned char                 native[TN_NATIVE_HASH];
    size_t                        group_count, role_count, attribute_count, token_count;
    struct tn_str                *groups, *roles;
    struct tn_identity_attribute *attributes;
    unsigned char               (*tokens)[TN_SCRAM_KEY]; /* their SHA-256 */
    unsigned                      line;
};

struct tn_users;

/* Reads both places. CHECK_ONLY: for the mistakes alone; plain passwords are not hashed (which takes a millisecond each), so
 * that nobody can log in. On TN_OK the caller owns one reference; with errors *OUT is NULL, TN_E_INVALID. */
TN_MUST_USE enum tn_status tn_users_new(struct tn_users **out, const struct tn_config *config, bool check_only,
                                        struct tn_problems *problems);
/* One file's users alone, for `turnout user`: what it says of where a password comes from is kept. A file that does not exist has none. */
TN_MUST_USE enum tn_status tn_users_read_file(struct tn_users **out, const char *path, struct tn_problems *problems);
struct tn_users *tn_users_ref(struct tn_users *users);
void             tn_users_unref(struct tn_users *users); /* NULL is fine; secrets are wiped when the last goes */

size_t                tn_users_count(const struct tn_users *users);
const struct tn_user *tn_users_at(const struct tn_users *users, size_t place); /* in the order of the file */
const struct tn_user *tn_users_find(const struct tn_users *users, struct tn_str name);
const struct tn_user *tn_users_by_token(const struct tn_users *users, struct tn_str token);
bool                  tn_users_any_admin(const struct tn_users *users);

/* NULL when NAME is a good one, else what is wrong with it. */
const char *tn_user_name_check(struct tn_str name);
/* USER as an identity that was proved by PROOF; NULL when there is no memory. */
TN_MUST_USE struct tn_identity *tn_user_identity(const struct tn_user *user, enum tn_proof proof);

#endif
