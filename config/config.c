#include "config/config.h"

#include "base/alloc.h"
#include "config/file.h"
#include "config/known_keys.h"
#include "config/options.h"
#include "config/secrets.h"
#include "config/validate.h"
#include "config/yaml_reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>

enum {
    NAMED_MAX = 10000, /* clusters, and groups, of one file */
    NAME_LEN_MAX = 128,
    SNAPSHOT_MAX = 512 << 20, /* bytes */
};

struct snapshot {
    struct tn_config config;
    atomic_uint      refs;
    struct tn_arena  arena; /* all that config points to */
    struct tn_node  *root;
};

struct loading {
    struct tn_draft          draft;
    struct tn_options_reader reader;
    struct snapshot         *snapshot;
};

static void snapshot_free(struct snapshot *snapshot)
{
    struct tn_config *config = &snapshot->config;

    tn_secrets_wipe_tree(snapshot->root);
    tn_options_wipe(TN_SCOPE_SETTINGS, &config->settings);
    for (size_t i = 0; i < config->cluster_count; i++)
        tn_options_wipe(TN_SCOPE_CLUSTER, &config->clusters[i]);
    for (size_t i = 0; i < config->group_count; i++)
        tn_options_wipe(TN_SCOPE_GROUP, &config->groups[i]);
    tn_arena_reset(&snapshot->arena);
    tn_free(snapshot);
}

static struct snapshot *snapshot_of(const struct tn_config *config)
{
    return (struct snapshot *)(uintptr_t)config; /* config is its first member */
}

struct tn_config *tn_config_ref(const struct tn_config *config)
{
    atomic_fetch_add_explicit(&snapshot_of(config)->refs, 1, memory_order_relaxed);
    return &snapshot_of(config)->config;
}

void tn_config_unref(struct tn_config *config)
{
    if (config != NULL && atomic_fetch_sub_explicit(&snapshot_of(config)->refs, 1, memory_order_acq_rel) == 1)
        snapshot_free(snapshot_of(config));
}

long tn_config_find_group(const struct tn_config *config, struct tn_str name)
{
    for (size_t i = 0; i < config->group_count; i++)
        if (tn_str_eq(config->groups[i].name, name))
            return (long)i;
    return -1;
}

long tn_config_find_cluster(const struct tn_config *config, struct tn_str name)
{
    for (size_t i = 0; i < config->cluster_count; i++)
        if (tn_str_eq(config->clusters[i].name, name))
            return (long)i;
    return -1;
}

static void dangling_group(const struct tn_config *config, const struct tn_node *node, const char *path,
                           struct tn_problems *problems)
{
    const char **names = tn_calloc(config->group_count + 1, sizeof *names);
    const char  *near;
    char         got[160];

    if (names == NULL) {
        problems->no_memory = true;
        return;
    }
    for (size_t i = 0; i < config->group_count; i++)
        names[i] = config->groups[i].name.ptr;
    near = problems->count < TN_PROBLEMS_MAX ? tn_suggest(node->shown, names) : NULL;
    tn_problem_add(problems, TN_PROBLEM_ERROR, node->line, path, "no such group: %s%s%s%s",
                   tn_node_describe(node, got, sizeof got), near == NULL ? "" : "; did you mean `",
                   near == NULL ? "" : near, near == NULL ? "" : "`?");
    tn_free(names);
}

bool tn_config_resolve_group(const struct tn_config *config, const struct tn_node *node, const char *path, size_t *out,
                             struct tn_problems *problems)
{
    long place;
    char got[160];

    *out = TN_CONFIG_NOWHERE;
    if (node->broken)
        return false;
    if (node->kind != TN_NODE_SCALAR) {
        tn_problem_add(problems, TN_PROBLEM_ERROR, node->line, path, "expected the name of a group; got %s",
                       tn_node_describe(node, got, sizeof got));
        return false;
    }
    place = tn_config_find_group(config, node->text);
    if (place < 0)
        dangling_group(config, node, path, problems);
    else
        *out = (size_t)place;
    return place >= 0;
}

bool tn_config_group_key(const struct tn_config *config, const struct tn_node *map, const char *path, const char *key,
                         size_t *out, struct tn_problems *problems)
{
    const struct tn_node *node = tn_node_get(map, key);
    char                  full[TN_PATH_MAX];

    tn_path_join(full, path, tn_str(key));
    if (node != NULL)
        return tn_config_resolve_group(config, node, full, out, problems);
    *out = TN_CONFIG_NOWHERE;
    tn_problem_add(problems, TN_PROBLEM_ERROR, map->line, full, "required: the name of a group");
    return false;
}

bool tn_cluster_conf_equal(const struct tn_cluster_conf *a, const struct tn_cluster_conf *b)
{
    const struct tn_options *options = tn_options_of(TN_SCOPE_CLUSTER);

    for (size_t i = 0; i < options->count; i++)
        if (!tn_option_equal(&options->items[i], a, b))
            return false;
    return true;
}

void tn_config_restart_changes(const struct tn_config *before, const struct tn_config *after, char *out, size_t size)
{
    const struct tn_options *options = tn_options_of(TN_SCOPE_SETTINGS);
    size_t                   len = 0;

    out[0] = '\0';
    for (size_t i = 0; i < options->count && len < size; i++) {
        const struct tn_option *option = &options->items[i];

        if (option->when == TN_OPTION_RESTART && !tn_option_equal(option, &before->settings, &after->settings))
            len += (size_t)snprintf(out + len, size - len, "%sturnout.%s", len == 0 ? "" : ", ", option->path);
    }
}

void tn_config_settings_problem(const struct tn_config *config, struct tn_problems *problems, enum tn_problem_kind kind,
                                const char *option, const char *fmt, ...)
{
    const struct tn_node *auth = strncmp(option, "auth.", 5) == 0 ? config->auth_map : NULL;
    char                  path[TN_PATH_MAX], text[1024];
    va_list               args;
    unsigned              line;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (auth != NULL) {
        tn_path_join(path, config->auth_path, tn_str(option + 5));
        line = tn_draft_line(auth, option + 5);
    } else {
        tn_path_join(path, config->settings_name, tn_str(option));
        line = tn_draft_line(config->settings_map, option);
    }
    tn_problem_add(problems, kind, line, path, "%s", text);
}

bool tn_config_file(const struct tn_config *config, struct tn_str name, char *out, size_t size)
{
    bool relative = config->folder.len > 0 && (name.len == 0 || name.ptr[0] != '/');
    int  len = snprintf(out, size, "%s%s" TN_STR_FMT, relative ? config->folder.ptr : "", relative ? "/" : "", TN_STR_ARG(name));

    return len > 0 && (size_t)len < size;
}

/* Loading, step by step. Each step reports what it finds and leaves something usable for the next. */

static const struct tn_node *top_map(struct loading *l, const char *key)
{
    return tn_node_map(l->draft.root, "", key, false, l->draft.problems);
}

static void find_settings(struct loading *l)
{
    const struct tn_node *ours = tn_node_get(l->draft.root, "turnout"), *peer = tn_node_get(l->draft.root, "queryflux");

    l->draft.settings_name = ours == NULL && peer != NULL ? "queryflux" : "turnout";
    if (ours != NULL && peer != NULL)
        tn_problem_add(l->draft.problems, TN_PROBLEM_ERROR, tn_node_line(l->draft.root, "queryflux"), "queryflux",
                       "an alias of `turnout`, which is given on line %u; keep one", tn_node_line(l->draft.root, "turnout"));
    l->draft.settings = top_map(l, l->draft.settings_name);
}

/* `auth:` and `translation:` at the top level are the peer's place for what we keep below turnout. */
static void read_top(struct loading *l, const char *section)
{
    const struct tn_node    *found = top_map(l, section);
    const struct tn_options *options = tn_options_of(TN_SCOPE_SETTINGS);
    struct tn_settings      *settings = &l->snapshot->config.settings;

    if (found == NULL)
        return;
    if (tn_node_get(l->draft.settings, section) != NULL) {
        tn_problem_add(l->draft.problems, TN_PROBLEM_ERROR, tn_node_line(l->draft.root, section), section,
                       "given here and as %s.%s on line %u; keep one", l->draft.settings_name, section,
                       tn_node_line(l->draft.settings, section));
        return;
    }
    tn_known_check(TN_SCOPE_SETTINGS, found, section, "", l->draft.problems);
    for (size_t i = 0; i < options->count; i++) {
        const struct tn_node *node = NULL;

        if (strncmp(options->items[i].path, section, strlen(section)) == 0 && options->items[i].path[strlen(section)] == '.')
            node = tn_node_find(l->draft.root, options->items[i].path);
        if (node != NULL)
            tn_option_read(&l->reader, &options->items[i], node, options->items[i].path, settings);
    }
}

static void read_scope(struct loading *l, enum tn_option_scope scope, const struct tn_node *map, const char *path, void *out)
{
    tn_options_read(&l->reader, scope, map, path, out);
    tn_known_check(scope, map, "", path, l->draft.problems);
    tn_known_read_renamed(&l->reader, scope, map, path, out);
}

/* A frontend that is off by default is on where the file has a section for it. */
static void switch_on_frontends(struct loading *l, struct tn_settings *settings)
{
    struct {
        const char *section, *enabled;
        bool       *on;
    } frontends[] = {{"frontends.restHttp", "frontends.restHttp.enabled", &settings->rest_enabled},
                   {"frontends.mysqlWire", "frontends.mysqlWire.enabled", &settings->mysql_enabled},
                   {"frontends.trinoHttp", "frontends.trinoHttp.enabled", &settings->trino_enabled},
                   {"translation", "translation.enabled", &settings->translation_enabled}};

    for (size_t i = 0; i < TN_ARRAY_LEN(frontends); i++)
        if (tn_node_find(l->draft.settings, frontends[i].section) != NULL && tn_node_find(l->draft.settings, frontends[i].enabled) == NULL)
            *frontends[i].on = true;
    if (tn_node_get(l->draft.root, "translation") != NULL && tn_node_find(l->draft.root, "translation.enabled") == NULL)
        settings->translation_enabled = true;
}

static void read_settings(struct loading *l)
{
    struct tn_config *config = &l->snapshot->config;

    find_settings(l);
    read_scope(l, TN_SCOPE_SETTINGS, l->draft.settings, l->draft.settings_name, &l->snapshot->config.settings);
    switch_on_frontends(l, &l->snapshot->config.settings);
    read_top(l, "auth");
    read_top(l, "translation");
    config->settings_map = l->draft.settings;
    config->settings_name = l->draft.settings_name;
    config->auth_map = tn_node_get(l->draft.settings, "auth");
    config->auth_path = strcmp(l->draft.settings_name, "turnout") == 0 ? "turnout.auth" : "queryflux.auth";
    if (config->auth_map == NULL && tn_node_get(l->draft.root, "auth") != NULL) {
        config->auth_map = tn_node_get(l->draft.root, "auth");
        config->auth_path = "auth";
    }
}

/* A name must fit into a hint (turnout(group=NAME)), a metric label and a URL. */
static bool is_good_name(struct tn_str name)
{
    if (name.len == 0 || name.len > NAME_LEN_MAX)
        return false;
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.ptr[i] <= ' ' || name.ptr[i] == 0x7F || strchr("\"'`,;()=/\\", name.ptr[i]) != NULL)
            return false;
    return true;
}

static bool check_named(struct loading *l, const struct tn_node *map, size_t at, const char *path)
{
    if (!is_good_name(map->keys[at]))
        tn_problem_add(l->draft.problems, TN_PROBLEM_ERROR, map->key_lines[at], path,
                       "not a good name: expected 1 to 128 characters without blanks and \" ' ` , ; ( ) = / \\");
    return tn_node_is_map(map->items[at], path, l->draft.problems);
}

/* An array of SIZE-byte structs, one per pair of MAP, and the NULL-terminated names; false when there is no memory. */
static bool make_room(struct loading *l, const struct tn_node *map, size_t size, void *array, const char ***names)
{
    size_t count = map == NULL ? 0 : map->count;
    void  *items = tn_arena_zalloc(l->draft.arena, (count + 1) * size);

    *names = tn_arena_zalloc(l->draft.arena, (count + 1) * sizeof **names);
    if (items == NULL || *names == NULL) {
        l->draft.problems->no_memory = true;
        return false;
    }
    memcpy(array, &items, sizeof items);
    for (size_t i = 0; i < count; i++)
        (*names)[i] = map->keys[i].ptr;
    return true;
}

/* NULL, and reported, when the map is absent, empty, or beyond reason. */
static const struct tn_node *named_map(struct loading *l, const char *key, const char *what)
{
    const struct tn_node *map = tn_node_get(l->draft.root, key);

    if (map == NULL || map->kind == TN_NODE_NULL || (map->kind == TN_NODE_MAP && map->count == 0))
        tn_problem_add(l->draft.problems, TN_PROBLEM_ERROR, tn_node_line(l->draft.root, key), key,
                       "required: at least one %s: {name: {...}}", what);
    map = top_map(l, key);
    if (map == NULL || map->count <= NAMED_MAX)
        return map;
    tn_problem_add(l->draft.problems, TN_PROBLEM_ERROR, map->line, key, "more than %d entries", NAMED_MAX);
    return NULL;
}

/* A relative path starts at the file's folder. */
static void resolve_file(struct loading *l, struct tn_str *name)
{
    char path[4096];

    if (name->len > 0 && tn_config_file(&l->snapshot->config, *name, path, sizeof path) &&
        !tn_arena_str(l->draft.arena, tn_str(path), name))
        l->draft.problems->no_memory = true;
}

static void read_clusters(struct loading *l)
{
    const struct tn_node *map = named_map(l, "clusters", "cluster");
    struct tn_config     *config = &l->snapshot->config;

    l->draft.clusters = map;
    if (!make_room(l, map, sizeof *config->clusters, &config->clusters, &l->draft.cluster_names) || map == NULL)
        return;
    for (size_t i = 0; i < map->count; i++) {
        struct tn_cluster_conf *cluster = &config->clusters[i];
        char                    path[TN_PATH_MAX];

        tn_path_join(path, "clusters", map->keys[i]);
        cluster->name = map->keys[i];
        cluster->line = map->key_lines[i];
        config->cluster_count = i + 1;
        read_scope(l, TN_SCOPE_CLUSTER, check_named(l, map, i, path) ? map->items[i] : NULL, path, cluster);
        resolve_file(l, &cluster->tls_ca_file);
        resolve_file(l, &cluster->auth_public_key_file);
        resolve_file(l, &cluster->tls_cert_file);
        resolve_file(l, &cluster->tls_key_file);
    }
}

static void read_groups(struct loading *l)
{
    const struct tn_node *map = named_map(l, "clusterGroups", "group");
    struct tn_config     *config = &l->snapshot->config;

    l->draft.groups = map;
    if (!make_room(l, map, sizeof *config->groups, &config->groups, &l->draft.group_names) || map == NULL)
        return;
    for (size_t i = 0; i < map->count; i++) {
        struct tn_group_conf *group = &config->groups[i];
        char                  path[TN_PATH_MAX];

        tn_path_join(path, "clusterGroups", map->keys[i]);
        group->name = map->keys[i];
        group->line = map->key_lines[i];
        group->fallback_index = -1;
        config->group_count = i + 1;
        read_scope(l, TN_SCOPE_GROUP, check_named(l, map, i, path) ? map->items[i] : NULL, path, group);
    }
}

static void validate(struct loading *l)
{
    tn_known_check_top(l->draft.root, l->draft.problems);
    tn_validate_settings(&l->draft);
    tn_validate_clusters(&l->draft);
    tn_validate_groups(&l->draft);
    tn_validate_routing(&l->draft);
}

static enum tn_status read_tree(struct loading *l, struct tn_str text)
{
    char got[160];

    TN_TRY(tn_yaml_read(&l->snapshot->root, text, l->draft.arena, l->draft.problems));
    l->draft.root = l->snapshot->root;
    if (l->draft.root->kind != TN_NODE_MAP) {
        tn_problem_add(l->draft.problems, TN_PROBLEM_ERROR, l->draft.root->line, "",
                       "expected a map with keys turnout, clusters, clusterGroups, routers, routingFallback; got %s",
                       tn_node_describe(l->draft.root, got, sizeof got));
        return TN_E_INVALID;
    }
    tn_secrets_expand(l->snapshot->root, l->draft.arena, l->draft.problems);
    return l->draft.problems->no_memory ? TN_E_NOMEM : TN_OK;
}

static enum tn_status fill(struct loading *l, struct tn_str text, tn_config_check *check, void *arg)
{
    TN_TRY(read_tree(l, text));
    read_settings(l);
    read_clusters(l);
    read_groups(l);
    if (l->draft.problems->no_memory)
        return TN_E_NOMEM;
    validate(l);
    if (l->draft.problems->no_memory)
        return TN_E_NOMEM;
    if (check != NULL)
        check(&l->snapshot->config, l->draft.problems, arg);
    if (l->draft.problems->no_memory)
        return TN_E_NOMEM;
    return l->draft.problems->errors > 0 ? TN_E_INVALID : TN_OK;
}

/* The folder of a file's NAME; "" = the working directory. */
static struct tn_str folder_of(const char *name)
{
    const char *slash = strrchr(name, '/');

    if (slash == NULL)
        return TN_STR("");
    return tn_str_n(name, slash == name ? 1 : (size_t)(slash - name));
}

enum tn_status tn_config_parse_checked(struct tn_config **out, const char *name, struct tn_str text,
                                       struct tn_problems *problems, tn_config_check *check, void *arg)
{
    struct snapshot *snapshot = tn_calloc(1, sizeof *snapshot);
    struct loading   l = {.snapshot = snapshot};
    enum tn_status   status = TN_E_NOMEM;

    *out = NULL;
    if (snapshot == NULL)
        return TN_E_NOMEM;
    atomic_init(&snapshot->refs, 1);
    tn_arena_init(&snapshot->arena, SNAPSHOT_MAX);
    l.draft = (struct tn_draft){.config = &snapshot->config, .arena = &snapshot->arena, .problems = problems,
                                .routers_are_checked = check != NULL};
    l.reader = (struct tn_options_reader){.arena = &snapshot->arena, .problems = problems, .folder = folder_of(name)};
    if (tn_arena_str(&snapshot->arena, tn_str(name), &snapshot->config.path) &&
        tn_arena_str(&snapshot->arena, folder_of(name), &snapshot->config.folder))
        status = fill(&l, text, check, arg);
    tn_problems_sort(problems);
    if (status == TN_OK)
        *out = &snapshot->config;
    else
        snapshot_free(snapshot);
    return status;
}

enum tn_status tn_config_parse(struct tn_config **out, const char *name, struct tn_str text, struct tn_problems *problems)
{
    return tn_config_parse_checked(out, name, text, problems, NULL, NULL);
}

static enum tn_status report_unreadable(struct tn_problems *problems, int code)
{
    char reason[128];

    if (code == ENOMEM)
        return TN_E_NOMEM;
    if (code == EFBIG)
        tn_problem_add(problems, TN_PROBLEM_ERROR, 0, "", "the file is larger than 8 MiB");
    else
        tn_problem_add(problems, TN_PROBLEM_ERROR, 0, "", "cannot read the file: %s",
                       tn_file_error(code, reason, sizeof reason));
    return code == ENOENT ? TN_E_NOT_FOUND : code == EFBIG ? TN_E_LIMIT : TN_E_IO;
}

enum tn_status tn_config_load_checked(struct tn_config **out, const char *path, struct tn_problems *problems,
                                      tn_config_check *check, void *arg)
{
    TN_CLEANUP(tn_file_reset) struct tn_file file;
    int                                      code = tn_file_read(&file, path, TN_YAML_SIZE_MAX, false);

    *out = NULL;
    if (code != 0)
        return report_unreadable(problems, code);
    return tn_config_parse_checked(out, path, tn_str_n(file.data, file.len), problems, check, arg);
}

enum tn_status tn_config_load(struct tn_config **out, const char *path, struct tn_problems *problems)
{
    return tn_config_load_checked(out, path, problems, NULL, NULL);
}
