/* known_keys.h - keys that are not options: those of the nearest peer (known_keys.def), and those that nobody knows. */
#ifndef TN_CONFIG_KNOWN_KEYS_H
#define TN_CONFIG_KNOWN_KEYS_H

#include "config/option_value.h"
#include "config/options.h"

/* Top level of the file: reports keys that are neither ours nor known; `turnout` and its alias are the caller's. */
void tn_known_check_top(const struct tn_node *root, struct tn_problems *problems);

/* Reports every key of MAP, at any depth, that is no option of SCOPE: unknown with a did-you-mean, or known and not
 * served. BELOW is the key path of MAP inside the scope ("" = the scope itself), PREFIX that of the scope in the file. */
void tn_known_check(enum tn_option_scope scope, const struct tn_node *map, const char *below, const char *prefix,
                    struct tn_problems *problems);

/* Reads the peer's names of our options into *OUT, after tn_options_read(). */
void tn_known_read_renamed(const struct tn_options_reader *reader, enum tn_option_scope scope, const struct tn_node *map,
                           const char *prefix, void *out);

/* True, and reported, when the scalar is a value that is known but not served. */
bool tn_known_value_report(const struct tn_option_source *source);
/* An engine name that is known but not served. */
bool tn_known_engine(struct tn_str name);

#endif
