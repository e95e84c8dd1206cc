/* problems.h - the errors and warnings found in a configuration file, each with line, key path and what to do.
 *
 * A problem's text never holds a secret: callers show a scalar by its `shown` text (node.h), which is what the file says
 * and not what ${ENV} gave. Control characters are replaced, long texts are cut. Single owner, not thread-safe. */
#ifndef TN_CONFIG_PROBLEMS_H
#define TN_CONFIG_PROBLEMS_H

#include "base/arena.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

/* Longest key path that is kept, and how many problems are; one more line says that there were others. */
enum { TN_PATH_MAX = 512, TN_PROBLEMS_MAX = 1000 };

enum tn_problem_kind { TN_PROBLEM_ERROR, TN_PROBLEM_WARNING };

struct tn_problem {
    enum tn_problem_kind kind;
    unsigned             line;  /* 0 = the file as a whole */
    size_t               order; /* in which it was found */
    const char          *path;  /* "clusters.pg-1.endpoint" */
    const char          *text;  /* "unknown key; did you mean `databasePath`?" */
};

struct tn_problems {
    struct tn_arena    arena;
    const char        *file;
    size_t             count, capacity;
    size_t             errors, warnings; /* all that were found, kept or not */
    struct tn_problem *items; /* in line order after tn_problems_sort() */
    bool               no_memory;
};

void tn_problems_init(struct tn_problems *problems, const char *file); /* FILE is copied; NULL = "" */
void tn_problems_reset(struct tn_problems *problems);                  /* frees; usable again after init */
void tn_problem_add(struct tn_problems *problems, enum tn_problem_kind kind, unsigned line, const char *path,
                    const char *fmt, ...) TN_PRINTF(5, 6);
void tn_problems_sort(struct tn_problems *problems);
/* One line per problem: "FILE:LINE: error: PATH: TEXT\n"; one more when memory ran out. */
struct tn_buf;
void tn_problems_print(const struct tn_problems *problems, struct tn_buf *out);
/* The same as events of the log: "configuration problem file=FILE line=N key=PATH text=TEXT". */
void tn_problems_log(const struct tn_problems *problems);

/* "PATH.KEY", or KEY alone when PATH is empty; "PATH[3]". Cut at TN_PATH_MAX. OUT may be PATH itself. */
void tn_path_join(char out[TN_PATH_MAX], const char *path, struct tn_str key);
void tn_path_index(char out[TN_PATH_MAX], const char *path, size_t index);

/* Closest of the NULL-terminated CHOICES to NAME, or NULL when none is near. */
const char *tn_suggest(struct tn_str name, const char *const *choices);

#endif
