/* braces.h - lets `${NAME}` stand unquoted inside `{ ... }`, where YAML would take the brace for its own.
 *
 * Before libyaml sees the text, the braces of every ${NAME} become two private-use characters that the text does not
 * contain (one character for one, so that columns stay right); in each scalar they are turned back. */
#ifndef TN_CONFIG_BRACES_H
#define TN_CONFIG_BRACES_H

#include "base/arena.h"
#include "base/str.h"

#include <stdbool.h>

struct tn_braces {
    struct tn_str text; /* the hidden form */
    char         *owned;
    char          open[4], close[4]; /* UTF-8 */
};

/* False when there is no memory. */
TN_MUST_USE bool tn_braces_hide(struct tn_braces *braces, struct tn_str text);
/* A NUL-terminated copy of TEXT with the braces back. */
TN_MUST_USE bool tn_braces_show(const struct tn_braces *braces, struct tn_arena *arena, struct tn_str text,
                                struct tn_str *out);
void tn_braces_reset(struct tn_braces *braces); /* wipes and frees the hidden text */

/* Length of the variable name at the beginning of TEXT: [A-Za-z_][A-Za-z0-9_]*; 0 = none. */
size_t tn_env_name_len(struct tn_str text);

#endif
