#include "config/options.h"

#include "config/option_value.h"

#define OPTION_settings(...)
#define OPTION_cluster(...)
#define OPTION_group(...)
#define OPTION(scope, path, member, type, dflt, min, max, when, help)                                                 \
    OPTION_##scope(path, member, TN_OPTION_##type, dflt, min, max, TN_OPTION_##when, help)
#define ROW(owner, path, member, type, dflt, min, max, when, help)                                                    \
    {path, type, offsetof(struct owner, member), dflt, min, max, when, help},

static const struct tn_option SETTINGS[] = {
#undef OPTION_settings
#define OPTION_settings(path, member, ...) ROW(tn_settings, path, member, __VA_ARGS__)
#include "config/options.def"
#undef OPTION_settings
#define OPTION_settings(...)
};

static const struct tn_option CLUSTER[] = {
#undef OPTION_cluster
#define OPTION_cluster(path, member, ...) ROW(tn_cluster_conf, path, member, __VA_ARGS__)
#include "config/options.def"
#undef OPTION_cluster
#define OPTION_cluster(...)
};

static const struct tn_option GROUP[] = {
#undef OPTION_group
#define OPTION_group(path, member, ...) ROW(tn_group_conf, path, member, __VA_ARGS__)
#include "config/options.def"
};

static const struct tn_options SCOPES[TN_SCOPE_COUNT] = {
    [TN_SCOPE_SETTINGS] = {SETTINGS, TN_ARRAY_LEN(SETTINGS)},
    [TN_SCOPE_CLUSTER] = {CLUSTER, TN_ARRAY_LEN(CLUSTER)},
    [TN_SCOPE_GROUP] = {GROUP, TN_ARRAY_LEN(GROUP)},
};

const struct tn_options *tn_options_of(enum tn_option_scope scope)
{
    return &SCOPES[scope];
}

static void *field_of(const struct tn_option *option, void *fields)
{
    return (char *)fields + option->offset;
}

static const void *field_of_const(const struct tn_option *option, const void *fields)
{
    return (const char *)fields + option->offset;
}

const struct tn_option *tn_option_find(enum tn_option_scope scope, const char *path)
{
    const struct tn_options *options = tn_options_of(scope);

    for (size_t i = 0; i < options->count; i++)
        if (strcmp(options->items[i].path, path) == 0)
            return &options->items[i];
    return NULL;
}

bool tn_option_read(const struct tn_options_reader *reader, const struct tn_option *option, const struct tn_node *node,
                    const char *path, void *out)
{
    struct tn_option_source source = {reader, option, node, path};

    return tn_option_value(&source, field_of(option, out));
}

void tn_options_read(const struct tn_options_reader *reader, enum tn_option_scope scope, const struct tn_node *map,
                     const char *prefix, void *out)
{
    const struct tn_options *options = tn_options_of(scope);

    for (size_t i = 0; i < options->count; i++) {
        const struct tn_option *option = &options->items[i];
        const struct tn_node   *node = tn_node_find(map, option->path);
        char                    path[TN_PATH_MAX];

        tn_option_default(reader, option, field_of(option, out));
        if (node == NULL)
            continue;
        tn_path_join(path, prefix, tn_str(option->path));
        tn_option_read(reader, option, node, path, out);
    }
}

static bool same_text(struct tn_str a, struct tn_str b)
{
    return (a.ptr == NULL) == (b.ptr == NULL) && tn_str_eq(a, b);
}

static bool same_list(const struct tn_cfg_list *a, const struct tn_cfg_list *b)
{
    bool same = a->count == b->count;

    for (size_t i = 0; same && i < a->count; i++)
        same = same_text(a->items[i], b->items[i]);
    return same;
}

static bool same_map(const struct tn_cfg_map *a, const struct tn_cfg_map *b)
{
    bool same = a->count == b->count;

    for (size_t i = 0; same && i < a->count; i++)
        same = same_text(a->items[i].key, b->items[i].key) && same_text(a->items[i].value, b->items[i].value);
    return same;
}

bool tn_option_equal(const struct tn_option *option, const void *a, const void *b)
{
    const void *x = field_of_const(option, a), *y = field_of_const(option, b);

    switch (option->type) {
    case TN_OPTION_BOOL:
        return *(const bool *)x == *(const bool *)y;
    case TN_OPTION_U64:
    case TN_OPTION_PORT:
    case TN_OPTION_SIZE:
    case TN_OPTION_DURATION:
        return *(const uint64_t *)x == *(const uint64_t *)y;
    case TN_OPTION_DECIMAL:
        return memcmp(x, y, sizeof(double)) == 0; /* -0 cannot be written */
    case TN_OPTION_TEXT:
    case TN_OPTION_SECRET:
        return same_text(*(const struct tn_str *)x, *(const struct tn_str *)y);
    case TN_OPTION_LIST:
        return same_list(x, y);
    case TN_OPTION_MAP:
        return same_map(x, y);
    default:
        return memcmp(x, y, sizeof(unsigned)) == 0; /* an enum */
    }
}

void tn_options_wipe(enum tn_option_scope scope, void *fields)
{
    const struct tn_options *options = tn_options_of(scope);

    for (size_t i = 0; i < options->count; i++) {
        const struct tn_option *option = &options->items[i];
        struct tn_str           text;

        if (option->type != TN_OPTION_TEXT && option->type != TN_OPTION_SECRET)
            continue;
        memcpy(&text, field_of(option, fields), sizeof text);
        if (text.len > 0)
            explicit_bzero((void *)(uintptr_t)text.ptr, text.len); /* in our arena, defaults too */
    }
}
