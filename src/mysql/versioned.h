/* versioned.h - comments that some servers of MySQL's kind execute, and others pass over: by their version. */
#ifndef TN_MYSQL_VERSIONED_H
#define TN_MYSQL_VERSIONED_H

#include "base/str.h"

#include <stdbool.h>

/* Is SQL, one statement, of the same kind to both? A statement is judged by what it is with their words in it; one that would be another
 * without them (SELECT behind one, DELETE without) cannot be judged. Nothing but such comments is of the same kind: it does nothing then. */
#define TN_MY_VERSIONS_DIFFER "what this statement does depends on the version of the server that it reaches: write it without the comment /*! .. that decides it"
bool tn_my_versions_agree(struct tn_str sql);

#endif
