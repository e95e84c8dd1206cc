/* regex.h - PCRE2 patterns of the configuration on the text of a statement, with limits.
 *
 * A pattern is case-sensitive unless it says (?i). It is tried on the statement as it was sent and, when that begins with
 * white space or comments, also on the text from its first word on, so that `^DROP` is not evaded by a comment.
 *
 * Limits: PCRE2's match, depth and heap limits hold for one start position; all positions together have a time budget.
 * A pattern that exceeds one counts as no match and sets routing->limit_hit. */
#ifndef TN_POLICIES_ROUTE_REGEX_H
#define TN_POLICIES_ROUTE_REGEX_H

#include "policies/route/router.h"

struct tn_regex;

/* The text under KEY of MAP (required). NULL when wrong (reported, with PCRE2's message and the offset). */
struct tn_regex *tn_regex_compile(struct tn_compiler *c, const struct tn_node *map, const char *path, const char *key);
bool             tn_regex_matches(const struct tn_regex *regex, struct tn_routing *r);
struct tn_str    tn_regex_pattern(const struct tn_regex *regex);

#endif
