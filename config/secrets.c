#include "config/secrets.h"

#include "config/braces.h"
#include "config/file.h"

#include <errno.h>

enum { NAME_SHOWN_MAX = 128 };

struct expansion {
    struct tn_arena    *arena;
    struct tn_problems *problems;
    size_t              total; /* bytes that took the place of references' scalars */
    char                path[TN_PATH_MAX];
};

struct piece {
    const char   *value; /* what stands in the place of the reference */
    size_t        used;  /* bytes of the reference, 0 = there is none here */
    struct tn_str name;
    enum { PIECE_GOOD, PIECE_UNSET, PIECE_BAD_NAME } state;
};

/* Looks at the `$` that TEXT begins with. */
static struct piece look(struct tn_str text)
{
    struct piece piece = {.state = PIECE_GOOD};
    char         name[NAME_SHOWN_MAX];
    size_t       len;

    if (tn_str_starts(text, TN_STR("$${")))
        return (struct piece){.value = "${", .used = 3};
    if (!tn_str_starts(text, TN_STR("${")))
        return piece;
    piece.used = 2;
    len = tn_env_name_len(tn_str_n(text.ptr + 2, text.len - 2));
    piece.name = tn_str_n(text.ptr + 2, TN_MIN(len, sizeof name - 1));
    if (len == 0 || len >= sizeof name || text.len < len + 3 || text.ptr[len + 2] != '}') {
        piece.state = PIECE_BAD_NAME;
        return piece;
    }
    tn_str_copy(name, sizeof name, piece.name);
    piece.used = len + 3;
    piece.value = getenv(name);
    if (piece.value == NULL)
        piece.state = PIECE_UNSET;
    return piece;
}

/* Writes the expanded TEXT to OUT, or only counts when OUT is NULL. */
static size_t expand(struct tn_str text, char *out)
{
    size_t len = 0;

    for (size_t i = 0; i < text.len;) {
        struct piece piece = {.used = 0};

        if (text.ptr[i] == '$')
            piece = look(tn_str_n(text.ptr + i, text.len - i));
        if (piece.used == 0) {
            if (out != NULL)
                out[len] = text.ptr[i];
            len++;
            i++;
            continue;
        }
        if (out != NULL && piece.value != NULL)
            memcpy(out + len, piece.value, strlen(piece.value));
        len += piece.value == NULL ? 0 : strlen(piece.value);
        i += piece.used;
        if (len > TN_EXPANDED_MAX)
            break;
    }
    return len;
}

static bool check_references(struct expansion *x, const struct tn_node *node)
{
    struct tn_str text = node->text;
    bool          good = true;

    for (size_t i = 0; i < text.len; i++) {
        struct piece piece;

        if (text.ptr[i] != '$')
            continue;
        piece = look(tn_str_n(text.ptr + i, text.len - i));
        if (piece.state == PIECE_UNSET)
            tn_problem_add(x->problems, TN_PROBLEM_ERROR, node->line, x->path,
                           "environment variable `" TN_STR_FMT "` is not set", TN_STR_ARG(piece.name));
        else if (piece.state == PIECE_BAD_NAME)
            tn_problem_add(x->problems, TN_PROBLEM_ERROR, node->line, x->path,
                           "expected ${NAME}, an environment variable of letters, digits and _; write $${ for a plain ${");
        good = good && piece.state == PIECE_GOOD;
        i += piece.used > 0 ? piece.used - 1 : 0;
    }
    return good;
}

static void expand_scalar(struct expansion *x, struct tn_node *node)
{
    size_t len;
    char  *copy;

    if (node->text.len < 2 || memmem(node->text.ptr, node->text.len, "${", 2) == NULL)
        return;
    if (!check_references(x, node)) {
        node->broken = true;
        return;
    }
    len = expand(node->text, NULL);
    x->total += len;
    if (len > TN_EXPANDED_MAX || x->total > TN_EXPANDED_TOTAL_MAX) {
        node->broken = true;
        tn_problem_add(x->problems, TN_PROBLEM_ERROR, node->line, x->path, "with its ${...} replaced, %s",
                       len > TN_EXPANDED_MAX ? "longer than 1 MiB" : "the file holds more than 16 MiB of such texts");
        return;
    }
    copy = tn_arena_alloc(x->arena, len + 1);
    if (copy == NULL) {
        x->problems->no_memory = true;
        return;
    }
    expand(node->text, copy);
    copy[len] = '\0';
    node->text = tn_str_n(copy, len);
}

/* Recursive; the reader's depth limit bounds it. */
static void expand_tree(struct expansion *x, struct tn_node *node)
{
    size_t len = strlen(x->path);

    if (node->kind == TN_NODE_SCALAR)
        expand_scalar(x, node);
    for (size_t i = 0; i < node->count; i++) {
        if (node->kind == TN_NODE_MAP)
            tn_path_join(x->path, x->path, node->keys[i]);
        else
            tn_path_index(x->path, x->path, i);
        expand_tree(x, node->items[i]);
        x->path[len] = '\0';
    }
}

void tn_secrets_expand(struct tn_node *root, struct tn_arena *arena, struct tn_problems *problems)
{
    struct expansion x = {.arena = arena, .problems = problems};

    expand_tree(&x, root);
}

bool tn_secrets_is_file(const struct tn_node *node)
{
    return node->kind == TN_NODE_MAP;
}

static void report_file(const struct tn_node *node, const char *path, const struct tn_node *named, int code,
                        struct tn_problems *problems)
{
    char        reason[128], name[160];
    const char *text = tn_file_error(code, reason, sizeof reason);

    if (code == ENOMEM)
        problems->no_memory = true;
    if (code == EFBIG)
        text = "larger than 64 KiB";
    else if (code == EINVAL)
        text = "not a regular file";
    tn_problem_add(problems, TN_PROBLEM_ERROR, node->line, path, "cannot read the file %s: %s",
                   tn_node_describe(named, name, sizeof name), text);
}

/* FOLDER/NAME, NUL-terminated. */
static char *join(struct tn_str folder, struct tn_str name, struct tn_arena *arena)
{
    bool   absolute = name.len > 0 && name.ptr[0] == '/';
    size_t at = absolute || folder.len == 0 ? 0 : folder.len + 1;
    char  *full = tn_arena_alloc(arena, at + name.len + 1);

    if (full == NULL)
        return NULL;
    if (at > 0) {
        memcpy(full, folder.ptr, folder.len);
        full[folder.len] = '/';
    }
    tn_str_copy(full + at, name.len + 1, name);
    return full;
}

static struct tn_str without_newline(const struct tn_file *file)
{
    size_t len = file->len;

    if (len > 0 && file->data[len - 1] == '\n')
        len--;
    if (len < file->len && len > 0 && file->data[len - 1] == '\r')
        len--;
    return tn_str_n(file->data, len);
}

bool tn_secrets_read_file(const struct tn_node *node, const char *path, struct tn_str folder, struct tn_arena *arena,
                          struct tn_problems *problems, struct tn_str *out)
{
    TN_CLEANUP(tn_file_reset) struct tn_file file = {.data = NULL};
    struct tn_str                            name, content;
    char                                    *full;
    int                                      code;

    if (node->count != 1 || tn_node_get(node, "file") == NULL) { /* other keys are not shown: one might be the secret */
        tn_problem_add(problems, TN_PROBLEM_ERROR, node->line, path, "expected a text or {file: path}; got another map");
        return false;
    }
    if (!tn_node_text(node, path, "file", NULL, &name, problems))
        return false;
    full = join(folder, name, arena);
    code = full == NULL ? ENOMEM : tn_file_read(&file, full, TN_SECRET_FILE_MAX, true);
    if (code != 0) {
        report_file(node, path, tn_node_get(node, "file"), code, problems);
        return false;
    }
    content = without_newline(&file);
    if (content.len > 0 && memchr(content.ptr, '\0', content.len) != NULL) {
        tn_problem_add(problems, TN_PROBLEM_ERROR, node->line, path, "the file contains a NUL byte; expected text");
        return false;
    }
    if (!tn_arena_str(arena, content, out))
        problems->no_memory = true;
    return out->ptr != NULL;
}

void tn_secrets_wipe(struct tn_str text)
{
    if (text.len > 0)
        explicit_bzero((void *)(uintptr_t)text.ptr, text.len); /* ours, though seen through a read-only view */
}

void tn_secrets_wipe_tree(struct tn_node *root)
{
    if (root == NULL)
        return;
    if (root->kind == TN_NODE_SCALAR) {
        tn_secrets_wipe(root->text);
        tn_secrets_wipe(root->shown);
    }
    for (size_t i = 0; i < root->count; i++)
        tn_secrets_wipe_tree(root->items[i]);
}
