/* cases.h - reader of tests/golden files: blocks of `key> value` lines, ended by an empty line; `#` begins a comment line.
 * A key that is repeated joins its values with a line feed. */
#ifndef TN_TESTS_CASES_H
#define TN_TESTS_CASES_H

#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>

enum { CASE_KEYS = 8, CASE_TEXT = 8192, CASE_NUMBERS = 16 };

struct golden_case {
    unsigned line; /* of its first line */
    unsigned count;
    char     key[CASE_KEYS][24];
    char     value[CASE_KEYS][CASE_TEXT];
};

static inline const char *golden_get(const struct golden_case *c, const char *key) /* NULL when absent */
{
    for (unsigned i = 0; i < c->count; i++)
        if (strcmp(c->key[i], key) == 0)
            return c->value[i];
    return NULL;
}

/* The numbers that TEXT (NULL: none) begins with, white space between them; how many. */
static inline size_t golden_numbers(const char *text, double out[CASE_NUMBERS])
{
    size_t count = 0;
    char  *end;

    for (; text != NULL && *text != '\0' && count < CASE_NUMBERS; text = end, count++) {
        out[count] = strtod(text, &end);
        if (end == text)
            break;
    }
    return count;
}

static inline void golden_line(struct golden_case *c, const char *line)
{
    const char *mark = strstr(line, "> ");
    size_t      len = mark == NULL ? strlen(line) : (size_t)(mark - line), used;
    unsigned    i = 0;

    if (mark == NULL && (len == 0 || line[len - 1] != '>')) {
        fprintf(stderr, "golden line without key: %s\n", line);
        abort();
    }
    if (mark == NULL)
        len--;
    while (i < c->count && (strlen(c->key[i]) != len || strncmp(c->key[i], line, len) != 0))
        i++;
    if (i == CASE_KEYS || len >= sizeof c->key[0])
        abort();
    if (i == c->count) {
        tn_str_copy(c->key[i], sizeof c->key[i], tn_str_n(line, len));
        c->value[i][0] = '\0';
        c->count++;
        used = 0;
    } else {
        used = strlen(c->value[i]);
        c->value[i][used++] = '\n';
        c->value[i][used] = '\0';
    }
    tn_str_copy(c->value[i] + used, CASE_TEXT - used, tn_str(mark == NULL ? "" : mark + 2));
}

/* The number of blocks for which RUN was called. */
static inline unsigned golden_each(const char *path, void (*run)(const struct golden_case *c))
{
    static struct golden_case c;
    static char               line[CASE_TEXT];
    FILE                     *file = fopen(path, "r");
    unsigned                  number = 0, blocks = 0;

    if (file == NULL) {
        perror(path);
        return 0;
    }
    c.count = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        number++;
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#')
            continue;
        if (line[0] != '\0') {
            if (c.count == 0)
                c.line = number;
            golden_line(&c, line);
        } else if (c.count > 0) {
            run(&c);
            blocks++;
            c.count = 0;
        }
    }
    if (c.count > 0) {
        run(&c);
        blocks++;
    }
    fclose(file);
    return blocks;
}

#endif
