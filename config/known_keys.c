#include "config/known_keys.h"

enum known_scope {
    KNOWN_SETTINGS = TN_SCOPE_SETTINGS,
    KNOWN_CLUSTER = TN_SCOPE_CLUSTER,
    KNOWN_GROUP = TN_SCOPE_GROUP,
    KNOWN_TOP,
};
enum { CHOICES_MAX = 64, CHOICES_SHOWN = 10, COMPONENT_MAX = 64 };

#define KNOWN_KEY(...)
#define RENAMED(...)
#define KNOWN_VALUE(...)
#define ELSEWHERE(...)

static const struct known_key {
    enum known_scope     scope;
    const char          *path;
    enum tn_problem_kind kind;
    const char          *harmless, *advice;
} KEYS[] = {
#undef KNOWN_KEY
#define KNOWN_KEY(scope, path, kind, harmless, advice) {KNOWN_##scope, path, TN_PROBLEM_##kind, harmless, advice},
#include "config/known_keys.def"
#undef KNOWN_KEY
#define KNOWN_KEY(...)
};

static const struct renamed {
    enum known_scope scope;
    const char      *path, *ours, *unit;
} RENAMES[] = {
#undef RENAMED
#define RENAMED(scope, path, ours, unit) {KNOWN_##scope, path, ours, unit},
#include "config/known_keys.def"
#undef RENAMED
#define RENAMED(...)
};

static const struct known_value {
    enum tn_option_type type;
    const char         *value, *advice;
} VALUES[] = {
#undef KNOWN_VALUE
#define KNOWN_VALUE(type, value, advice) {TN_OPTION_ENUM_##type, value, advice},
#include "config/known_keys.def"
};

#undef KNOWN_VALUE
#define KNOWN_VALUE(...)

static const struct elsewhere {
    enum known_scope scope;
    const char      *path;
} ELSEWHERES[] = {
#undef ELSEWHERE
#define ELSEWHERE(scope, path) {KNOWN_##scope, path},
#include "config/known_keys.def"
};

struct level {
    enum known_scope      scope;
    const struct tn_node *map;
    const char           *below, *prefix;
    struct tn_problems   *problems;
};

static void check_level(const struct level *level);

static const struct known_key *find_key(enum known_scope scope, const char *path)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(KEYS); i++)
        if (KEYS[i].scope == scope && strcmp(KEYS[i].path, path) == 0)
            return &KEYS[i];
    return NULL;
}

static const struct renamed *find_renamed(enum known_scope scope, const char *path)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(RENAMES); i++)
        if (RENAMES[i].scope == scope && strcmp(RENAMES[i].path, path) == 0)
            return &RENAMES[i];
    return NULL;
}

static bool is_elsewhere(enum known_scope scope, const char *path)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(ELSEWHERES); i++)
        if (ELSEWHERES[i].scope == scope && strcmp(ELSEWHERES[i].path, path) == 0)
            return true;
    return false;
}

static bool is_below(const char *path, const char *section)
{
    size_t len = strlen(section);

    return strncmp(path, section, len) == 0 && path[len] == '.';
}

static bool is_section(enum known_scope scope, const char *path)
{
    if (scope != KNOWN_TOP) {
        const struct tn_options *options = tn_options_of((enum tn_option_scope)scope);

        for (size_t i = 0; i < options->count; i++)
            if (is_below(options->items[i].path, path))
                return true;
    }
    for (size_t i = 0; i < TN_ARRAY_LEN(KEYS); i++)
        if (KEYS[i].scope == scope && is_below(KEYS[i].path, path))
            return true;
    for (size_t i = 0; i < TN_ARRAY_LEN(RENAMES); i++)
        if (RENAMES[i].scope == scope && is_below(RENAMES[i].path, path))
            return true;
    return false;
}

/* The options' key names at one level, each once: what a did-you-mean chooses from. */
struct choices {
    const char *names[CHOICES_MAX + 1];
    char        text[CHOICES_MAX][COMPONENT_MAX];
    size_t      count;
};

static void add_choice(struct choices *choices, struct tn_str name)
{
    if (choices->count == CHOICES_MAX)
        return;
    for (size_t i = 0; i < choices->count; i++)
        if (tn_str_eq_c(name, choices->names[i]))
            return;
    tn_str_copy(choices->text[choices->count], COMPONENT_MAX, name);
    choices->names[choices->count] = choices->text[choices->count];
    choices->names[++choices->count] = NULL;
}

static void add_path(struct choices *choices, const char *path, const char *below)
{
    size_t skip = below[0] == '\0' ? 0 : strlen(below) + 1;

    if (skip == 0 || is_below(path, below))
        add_choice(choices, tn_str_n(path + skip, strcspn(path + skip, ".")));
}

/* Ours; where none of ours can be, the peer's. */
static void collect_choices(struct choices *choices, enum known_scope scope, const char *below)
{
    const struct tn_options *options = scope == KNOWN_TOP ? NULL : tn_options_of((enum tn_option_scope)scope);

    choices->count = 0;
    choices->names[0] = NULL;
    for (size_t i = 0; options != NULL && i < options->count; i++)
        add_path(choices, options->items[i].path, below);
    if (choices->count > 0)
        return;
    for (size_t i = 0; i < TN_ARRAY_LEN(KEYS); i++)
        if (KEYS[i].scope == scope)
            add_path(choices, KEYS[i].path, below);
}

static bool has_dot(struct tn_str key)
{
    return key.len > 0 && memchr(key.ptr, '.', key.len) != NULL;
}

/* Where PATH is an option or a section, other than in SCOPE; NULL: nowhere. */
static const char *other_place(enum known_scope scope, const char *path)
{
    static const char *const PLACES[TN_SCOPE_COUNT] = {
        [TN_SCOPE_SETTINGS] = "turnout:", [TN_SCOPE_CLUSTER] = "clusters: NAME:", [TN_SCOPE_GROUP] = "clusterGroups: NAME:"};

    for (unsigned i = 0; i < TN_SCOPE_COUNT; i++)
        if (i != (unsigned)scope && (tn_option_find((enum tn_option_scope)i, path) != NULL || is_section((enum known_scope)i, path)))
            return PLACES[i];
    return NULL;
}

/* "A, B, C", cut when it is longer than OUT. */
static void join_names(const struct choices *choices, char *out, size_t size)
{
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 0; i < choices->count && len < size; i++)
        len += (size_t)snprintf(out + len, size - len, "%s%s", i == 0 ? "" : ", ", choices->names[i]);
}

/* CHOICES: what may stand there; PATH: what was written, from the scope on. */
static void report_unknown_key(const struct level *level, size_t at, const char *full, const char *path, const struct choices *choices)
{
    const char *near = tn_suggest(level->map->keys[at], choices->names), *place = other_place(level->scope, path);
    unsigned    line = level->map->key_lines[at];
    char        names[256];

    join_names(choices, names, sizeof names);
    if (tn_str_eq_c(level->map->keys[at], "<<"))
        tn_problem_add(level->problems, TN_PROBLEM_ERROR, line, full, "YAML merge keys (<<) are not supported; write the keys out here");
    else if (place != NULL)
        tn_problem_add(level->problems, TN_PROBLEM_ERROR, line, full, "unknown key here; it belongs below `%s`", place);
    else if (near != NULL)
        tn_problem_add(level->problems, TN_PROBLEM_ERROR, line, full, "unknown key; did you mean `%s`?", near);
    else if (choices->count <= CHOICES_SHOWN)
        tn_problem_add(level->problems, TN_PROBLEM_ERROR, line, full, "unknown key; expected %s", names);
    else
        tn_problem_add(level->problems, TN_PROBLEM_ERROR, line, full, "unknown key; config/example.yaml has every one");
}

static void report_unknown(const struct level *level, size_t at, const char *full)
{
    struct choices choices;
    char           path[TN_PATH_MAX];

    if (has_dot(level->map->keys[at])) {
        tn_problem_add(level->problems, TN_PROBLEM_ERROR, level->map->key_lines[at], full,
                       "unknown key; write a dotted path as maps: `a: { b: ... }`");
        return;
    }
    collect_choices(&choices, level->scope, level->below);
    tn_path_join(path, level->below, level->map->keys[at]);
    report_unknown_key(level, at, full, path, &choices);
}

static void report_known(const struct level *level, size_t at, const struct known_key *known, const char *full)
{
    const struct tn_node *node = level->map->items[at];
    enum tn_problem_kind  kind = known->kind;

    if (node->kind == TN_NODE_SCALAR && known->harmless[0] != '\0' && tn_str_eq_c(node->text, known->harmless))
        return;
    if (node->kind != TN_NODE_SCALAR && node->count == 0) /* nothing in it that could be missed */
        kind = TN_PROBLEM_WARNING;
    tn_problem_add(level->problems, kind, level->map->key_lines[at], full, "known, not supported yet; %s", known->advice);
}

/* A scalar in the place of this section may be the secret itself. */
static bool holds_secret(enum known_scope scope, const char *section)
{
    const struct tn_options *options = scope == KNOWN_TOP ? NULL : tn_options_of((enum tn_option_scope)scope);

    for (size_t i = 0; options != NULL && i < options->count; i++)
        if (options->items[i].type == TN_OPTION_SECRET && is_below(options->items[i].path, section))
            return true;
    return false;
}

static void check_section(const struct level *level, size_t at, const char *below, const char *full)
{
    const struct tn_node *node = level->map->items[at];
    struct level          next = {level->scope, node, below, level->prefix, level->problems};
    struct choices        choices;
    char                  names[256], got[160];
    const char           *what;

    if (node->kind == TN_NODE_MAP) {
        check_level(&next);
        return;
    }
    if (node->kind == TN_NODE_NULL || node->broken)
        return;
    collect_choices(&choices, level->scope, below);
    join_names(&choices, names, sizeof names);
    what = tn_node_describe(node, got, sizeof got);
    if (node->kind == TN_NODE_SCALAR && holds_secret(level->scope, below))
        what = "a text";
    tn_problem_add(level->problems, TN_PROBLEM_ERROR, node->line, full, "expected a map%s%s; got %s", choices.count > 0 ? " with keys " : "", names, what);
}

static void check_key(const struct level *level, size_t at)
{
    char                    below[TN_PATH_MAX], full[TN_PATH_MAX];
    const struct known_key *known;

    tn_path_join(below, level->below, level->map->keys[at]);
    tn_path_join(full, level->prefix, tn_str(below));
    if (has_dot(level->map->keys[at])) { /* `adminApi.port: 1` is not what it looks like */
        report_unknown(level, at, full);
        return;
    }
    if (is_elsewhere(level->scope, below))
        return;
    known = find_key(level->scope, below);
    if (known != NULL) {
        report_known(level, at, known, full);
        return;
    }
    if (level->scope != KNOWN_TOP && (tn_option_find((enum tn_option_scope)level->scope, below) != NULL ||
                                      find_renamed(level->scope, below) != NULL))
        return;
    if (is_section(level->scope, below))
        check_section(level, at, below, full);
    else
        report_unknown(level, at, full);
}

/* Recursive; as deep as the longest key path of the tables. */
static void check_level(const struct level *level)
{
    for (size_t i = 0; i < level->map->count; i++)
        check_key(level, i);
}

void tn_known_check(enum tn_option_scope scope, const struct tn_node *map, const char *below, const char *prefix,
                    struct tn_problems *problems)
{
    struct level level = {(enum known_scope)scope, map, below, prefix, problems};

    if (map != NULL && map->kind == TN_NODE_MAP)
        check_level(&level);
}

void tn_known_check_top(const struct tn_node *root, struct tn_problems *problems)
{
    static const char *const OURS[] = {"turnout", "clusters", "clusterGroups", "routers", "routingFallback",
                                       "auth",    "translation", "queryflux", NULL};
    struct level             level = {KNOWN_TOP, root, "", "", problems};
    struct choices           ours = {.count = 0};

    for (size_t i = 0; OURS[i] != NULL; i++)
        add_choice(&ours, tn_str(OURS[i]));
    for (size_t i = 0; i < root->count; i++) {
        char   key[COMPONENT_MAX], path[TN_PATH_MAX];
        size_t k = 0;

        while (OURS[k] != NULL && !tn_str_eq_c(root->keys[i], OURS[k]))
            k++;
        if (OURS[k] != NULL)
            continue;
        tn_str_copy(key, sizeof key, root->keys[i]);
        tn_path_join(path, "", root->keys[i]);
        if (root->keys[i].len < sizeof key && (find_key(KNOWN_TOP, key) != NULL || is_section(KNOWN_TOP, key)))
            check_key(&level, i);
        else
            report_unknown_key(&level, i, path, key, &ours);
    }
}

/* TEXT and UNIT joined, in the arena. */
static struct tn_str join(const struct tn_options_reader *reader, struct tn_str text, const char *unit)
{
    size_t size = text.len + strlen(unit) + 1;
    char  *copy = tn_arena_alloc(reader->arena, size);

    if (copy == NULL) {
        reader->problems->no_memory = true;
        return TN_STR("");
    }
    tn_str_copy(copy, text.len + 1, text);
    tn_str_copy(copy + text.len, size - text.len, tn_str(unit));
    return tn_str_n(copy, size - 1);
}

static bool is_number(const struct tn_node *node)
{
    uint64_t number;

    return node->kind == TN_NODE_SCALAR && tn_str_to_u64(node->text, UINT64_MAX, &number);
}

static void read_renamed(const struct tn_options_reader *reader, const struct renamed *row, const struct tn_node *node,
                         const char *path, void *out)
{
    const struct tn_option *option = tn_option_find((enum tn_option_scope)row->scope, row->ours);
    char                    got[160];
    struct tn_node          ours = *node;

    if (node->broken)
        return;
    if (row->unit[0] != '\0' && !is_number(node)) {
        tn_problem_add(reader->problems, TN_PROBLEM_ERROR, node->line, path, "expected a whole number of %s; got %s",
                       row->unit[0] == 'd' ? "days" : "seconds", tn_node_describe(node, got, sizeof got));
        return;
    }
    if (node->kind == TN_NODE_SCALAR && row->unit[0] != '\0') {
        ours.text = join(reader, node->text, row->unit);
        ours.shown = join(reader, node->shown, row->unit);
    }
    if (tn_option_read(reader, option, &ours, path, out))
        tn_problem_add(reader->problems, TN_PROBLEM_WARNING, node->line, path,
                       "read as `%s: " TN_STR_FMT "`; please write that", row->ours, TN_STR_ARG(ours.shown));
}

void tn_known_read_renamed(const struct tn_options_reader *reader, enum tn_option_scope scope, const struct tn_node *map,
                           const char *prefix, void *out)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(RENAMES); i++) {
        const struct renamed *row = &RENAMES[i];
        const struct tn_node *node = row->scope == (enum known_scope)scope ? tn_node_find(map, row->path) : NULL;
        char                  path[TN_PATH_MAX];

        if (node == NULL)
            continue;
        tn_path_join(path, prefix, tn_str(row->path));
        if (tn_node_find(map, row->ours) != NULL)
            tn_problem_add(reader->problems, TN_PROBLEM_ERROR, node->line, path,
                           "the same as `%s`, which is given too; remove one", row->ours);
        else
            read_renamed(reader, row, node, path, out);
    }
}

bool tn_known_value_report(const struct tn_option_source *s)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(VALUES); i++) {
        if (VALUES[i].type != s->option->type || !tn_str_eq_c(s->node->text, VALUES[i].value))
            continue;
        tn_problem_add(s->reader->problems, TN_PROBLEM_ERROR, s->node->line, s->path,
                       "`%s` is known, not supported yet; %s", VALUES[i].value, VALUES[i].advice);
        return true;
    }
    return false;
}

bool tn_known_engine(struct tn_str name)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(VALUES); i++)
        if (VALUES[i].type == TN_OPTION_ENUM_ENGINE && tn_str_eq_c(name, VALUES[i].value))
            return true;
    return false;
}
