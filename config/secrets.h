/* secrets.h - values that come from elsewhere: ${ENV} inside any scalar, and `{file: path}`; and wiping them.
 *
 * `$${` stands for `${`. Names and paths may be shown in a message, values never. */
#ifndef TN_CONFIG_SECRETS_H
#define TN_CONFIG_SECRETS_H

#include "base/arena.h"
#include "config/node.h"

enum { TN_SECRET_FILE_MAX = 64 << 10, TN_EXPANDED_MAX = 1 << 20, TN_EXPANDED_TOTAL_MAX = 16 << 20 };

/* Replaces ${NAME} in every scalar below ROOT (`shown` keeps what the file says); an unset variable, a bad name and a
 * missing brace are reported, and the node marked broken. The environment must not change meanwhile. */
void tn_secrets_expand(struct tn_node *root, struct tn_arena *arena, struct tn_problems *problems);

/* True when NODE is a map, the form that stands for a file's content. */
bool tn_secrets_is_file(const struct tn_node *node);

/* Content of the file that NODE (`{file: path}`) names, without a newline at its end, NUL-terminated, in ARENA. A path
 * that is not absolute starts at FOLDER. At most 64 KiB of text without NUL. False, and reported, otherwise. */
bool tn_secrets_read_file(const struct tn_node *node, const char *path, struct tn_str folder, struct tn_arena *arena,
                          struct tn_problems *problems, struct tn_str *out);

/* Overwrites every scalar below ROOT (NULL is fine). Its nodes must not be read afterwards. */
void tn_secrets_wipe_tree(struct tn_node *root);
void tn_secrets_wipe(struct tn_str text); /* text in memory of our own only */

#endif
