#include "tools/cli/replay_key.h"

#include "base/alloc.h"

#include <stdio.h>
#include <zlib.h>

enum { KEY_LINE = 4096 };

struct tn_replay_key {
    gzFile file;
};

struct tn_replay_key *tn_replay_key_open(const char *outcomes_path)
{
    char                  path[4096];
    struct tn_replay_key *key;
    gzFile                file;

    if (snprintf(path, sizeof path, "%s.key.gz", outcomes_path) >= (int)sizeof path)
        return NULL;
    file = gzopen(path, "rb");
    if (file == NULL)
        return NULL;
    key = tn_calloc(1, sizeof *key);
    if (key == NULL) {
        gzclose(file);
        return NULL;
    }
    key->file = file;
    return key;
}

void tn_replay_key_close(struct tn_replay_key *key)
{
    if (key == NULL)
        return;
    gzclose(key->file);
    tn_free(key);
}

void tn_replay_key_next(struct tn_replay_key *key, struct tn_outcome_line *line, const char (*names)[TN_OUTCOME_NAME])
{
    char          text[KEY_LINE];
    struct tn_str name;

    line->oracle = -1;
    if (gzgets(key->file, text, sizeof text) == NULL)
        return;
    name = tn_str_n(text, strcspn(text, "\t\r\n"));
    for (size_t i = 0; i < line->count; i++)
        if (tn_str_eq_c(name, names[line->list[i].engine]))
            line->oracle = (long)i;
}
