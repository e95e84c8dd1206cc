#include "policies/route/condition.h"

#include "policies/route/regex.h"
#include "policies/route/table_glob.h"
#include "policies/route/time_window.h"

enum { DEPTH_MAX = 16 };

enum kind { PROTOCOL, HEADER, USER, USER_GROUP, TAGS, REGEX, TABLES, CLASS, TIME, COMPOUND };

struct tn_condition {
    enum kind            kind;
    struct tn_texts      texts;  /* PROTOCOL, USER, USER_GROUP */
    size_t               pair_count;
    struct tn_tag       *pairs;  /* HEADER (one), TAGS */
    struct tn_regex     *regex;
    struct tn_table_set  tables;
    unsigned             classes;
    struct tn_time_window window;
    const struct tn_tz  *zone;
    struct tn_conditions inner;
};

/* `served` first: the order of messages. */
const char *const tn_protocol_names[] = {"postgresWire", "restHttp", "mysqlWire", "trinoHttp", "clickhouseHttp", "flightSql",
                                         "snowflakeHttp", "snowflakeSqlApi", "rest", "mcp", NULL};
enum { PROTOCOLS_SERVED = 4 };

/* An earlier name. */
struct tn_str tn_protocol_name(struct tn_str name)
{
    return tn_str_eq_c(name, "rest") ? TN_STR("restHttp") : name;
}

enum tn_protocol_known tn_protocol_known(struct tn_str name)
{
    name = tn_protocol_name(name);
    for (size_t i = 0; tn_protocol_names[i] != NULL; i++)
        if (tn_str_eq_c(name, tn_protocol_names[i]))
            return i < PROTOCOLS_SERVED ? TN_PROTOCOL_SERVED : TN_PROTOCOL_LATER;
    return TN_PROTOCOL_UNKNOWN;
}

bool tn_has_tag(const struct tn_route_context *context, struct tn_str key, struct tn_str value)
{
    for (size_t i = 0; i < context->tag_count; i++) {
        const struct tn_tag *tag = &context->tags[i];

        if (tn_str_eq(tag->key, key) && (value.ptr == NULL || (tag->value.ptr != NULL && tn_str_eq(tag->value, value))))
            return true;
    }
    return false;
}

unsigned tn_classes_compile(struct tn_compiler *c, const struct tn_node *map, const char *path, const char *key)
{
    struct tn_texts texts;
    unsigned        classes = 0;

    if (!tn_compile_texts(c, map, path, key, true, &texts))
        return 0;
    for (size_t i = 0; i < texts.count; i++) {
        unsigned one = 0;

        for (unsigned k = TN_CLASS_READ; k <= TN_CLASS_MULTI; k++)
            if (tn_str_eq_c(texts.items[i], tn_class_name((enum tn_class)k)))
                one = 1u << k;
        if (one == 0) {
            tn_compile_error(c, map, path, key, "expected read, write, ddl, utility or multi");
            return 0;
        }
        classes |= one;
    }
    return classes;
}

static bool read_protocol(struct tn_compiler *c, const struct tn_node *map, const char *path, struct tn_condition *out)
{
    bool good = tn_compile_texts(c, map, path, "protocol", true, &out->texts);

    out->kind = PROTOCOL;
    for (size_t i = 0; i < out->texts.count; i++) {
        const char *near = tn_suggest(out->texts.items[i], tn_protocol_names);

        if (tn_protocol_known(out->texts.items[i]) != TN_PROTOCOL_UNKNOWN) {
            out->texts.items[i] = tn_protocol_name(out->texts.items[i]);
            continue;
        }
        good = false;
        if (near != NULL)
            tn_compile_error(c, map, path, "protocol", "unknown protocol; did you mean `%s`?", near);
        else
            tn_compile_error(c, map, path, "protocol", "unknown protocol; expected one such as postgresWire");
    }
    return good;
}

static bool read_header(struct tn_compiler *c, const struct tn_node *map, const char *path, struct tn_condition *out)
{
    struct tn_str name, value;
    bool          good = tn_node_text(map, path, "headerName", NULL, &name, c->problems);

    good = tn_node_text(map, path, "headerValue", "", &value, c->problems) && good;
    out->kind = HEADER;
    out->pairs = tn_compile_alloc(c, 1, sizeof *out->pairs);
    if (!good || out->pairs == NULL)
        return false;
    out->pair_count = 1;
    out->pairs[0].key = tn_compile_lower(c, name);
    if (tn_node_get(map, "headerValue") != NULL)
        out->pairs[0].value = tn_compile_text(c, value);
    return true;
}

static bool read_texts(struct tn_compiler *c, const struct tn_node *map, const char *path, const char *key,
                       enum kind kind, struct tn_condition *out)
{
    out->kind = kind;
    return tn_compile_texts(c, map, path, key, true, &out->texts);
}

static bool read_tag(struct tn_compiler *c, const struct tn_node *map, const char *path, struct tn_condition *out)
{
    const struct tn_node *value = tn_node_get(map, "value");
    struct tn_str         tag, text;
    bool                  good = tn_node_text(map, path, tn_node_get(map, "key") != NULL ? "key" : "tag", NULL, &tag, c->problems);

    out->kind = TAGS;
    out->pairs = tn_compile_alloc(c, 1, sizeof *out->pairs);
    if (!good || out->pairs == NULL)
        return false;
    out->pair_count = 1;
    out->pairs[0].key = tn_compile_text(c, tag);
    if (value == NULL || value->kind == TN_NODE_NULL)
        return true;
    if (!tn_node_text(map, path, "value", NULL, &text, c->problems))
        return false;
    out->pairs[0].value = tn_compile_text(c, text);
    return true;
}

static bool read_tags(struct tn_compiler *c, const struct tn_node *map, const char *path, struct tn_condition *out)
{
    const struct tn_node *tags = tn_node_map_of_text(map, path, "tags", true, true, c->problems);

    out->kind = TAGS;
    if (tags == NULL || (out->pairs = tn_compile_alloc(c, tags->count, sizeof *out->pairs)) == NULL)
        return false;
    out->pair_count = tags->count;
    for (size_t i = 0; i < tags->count; i++) {
        out->pairs[i].key = tn_compile_text(c, tags->keys[i]);
        if (tags->items[i]->kind == TN_NODE_SCALAR)
            out->pairs[i].value = tn_compile_text(c, tags->items[i]->text);
    }
    return true;
}

static bool read_regex(struct tn_compiler *c, const struct tn_node *map, const char *path, struct tn_condition *out)
{
    out->kind = REGEX;
    out->regex = tn_regex_compile(c, map, path, "regex");
    return out->regex != NULL;
}

static bool read_time(struct tn_compiler *c, const struct tn_node *map, const char *path, struct tn_condition *out)
{
    bool good = tn_time_zone_compile(c, map, path, &out->zone);

    out->kind = TIME;
    return tn_time_window_compile(c, map, path, &out->window) && good;
}

/* One row per type of condition: its keys and its reader. */
enum type { T_PROTOCOL, T_PROTOCOL_BASED, T_HEADER, T_USER, T_USER_GROUP, T_CLIENT_TAG, T_TAGS, T_REGEX, T_TABLES, T_CLASS, T_TIME, T_COMPOUND };

static const char *const type_names[] = {"protocol", "protocolBased", "header", "user", "userGroup", "clientTag", "tags",
                                         "queryRegex", "tables", "statementClass", "timeOfDay", "compound", NULL};

static const char *const type_keys[][8] = {
    {"type", "protocol"},
    {"type", "protocol"},
    {"type", "headerName", "headerValue"},
    {"type", "username"},
    {"type", "group"},
    {"type", "tag", "key", "value"},
    {"type", "tags"},
    {"type", "regex"},
    {"type", "tables", "match"},
    {"type", "class"},
    {"type", "timeZone", TN_TIME_WINDOW_KEYS},
    {"type", "combine", "conditions"},
};

static bool read_one(struct tn_compiler *c, const struct tn_node *node, const char *path, unsigned depth, enum type type,
                     struct tn_condition *out)
{
    switch (type) {
    case T_PROTOCOL:
    case T_PROTOCOL_BASED:
        return read_protocol(c, node, path, out);
    case T_HEADER:
        return read_header(c, node, path, out);
    case T_USER:
        return read_texts(c, node, path, "username", USER, out);
    case T_USER_GROUP:
        return read_texts(c, node, path, "group", USER_GROUP, out);
    case T_CLIENT_TAG:
        return read_tag(c, node, path, out);
    case T_TAGS:
        return read_tags(c, node, path, out);
    case T_REGEX:
        return read_regex(c, node, path, out);
    case T_TABLES:
        out->kind = TABLES;
        return tn_table_set_compile(c, node, path, &out->tables);
    case T_CLASS:
        out->kind = CLASS;
        return (out->classes = tn_classes_compile(c, node, path, "class")) != 0;
    case T_TIME:
        return read_time(c, node, path, out);
    case T_COMPOUND:
        out->kind = COMPOUND;
        return tn_conditions_compile(c, node, path, depth + 1, &out->inner);
    }
    return false;
}

/* From the map NODE. NULL when wrong (reported). */
static const struct tn_condition *compile_condition(struct tn_compiler *c, const struct tn_node *node, const char *path,
                                                    unsigned depth)
{
    struct tn_condition *out;
    size_t               type;

    if (!tn_node_is_map(node, path, c->problems) ||
        !tn_node_choice(node, path, "type", type_names, NULL, &type, c->problems))
        return NULL;
    if (depth >= DEPTH_MAX) {
        tn_compile_error(c, node, path, NULL, "conditions are nested more than %d deep", DEPTH_MAX);
        return NULL;
    }
    out = tn_compile_alloc(c, 1, sizeof *out);
    if (out == NULL)
        return NULL;
    tn_node_check_keys(node, path, type_keys[type], c->problems);
    return read_one(c, node, path, depth, (enum type)type, out) ? out : NULL;
}

bool tn_conditions_compile(struct tn_compiler *c, const struct tn_node *map, const char *path, unsigned depth,
                           struct tn_conditions *out)
{
    static const char *const combines[] = {"all", "any", "not", NULL};
    const struct tn_node    *list;
    char                     where[TN_PATH_MAX];
    size_t                   combine = 0;
    bool                     good = tn_node_choice(map, path, "combine", combines, "all", &combine, c->problems);

    *out = (struct tn_conditions){.combine = (enum tn_combine)combine};
    list = tn_node_list(map, path, "conditions", true, c->problems);
    if (list == NULL || (out->items = tn_compile_alloc(c, list->count, sizeof *out->items)) == NULL)
        return false;
    for (size_t i = 0; i < list->count; i++) {
        tn_path_join(where, path, TN_STR("conditions"));
        tn_path_index(where, where, i);
        out->items[i] = compile_condition(c, list->items[i], where, depth);
        good = out->items[i] != NULL && good;
    }
    out->count = list->count;
    return good;
}

static bool add_short(struct tn_compiler *c, const struct tn_node *map, const char *path, const char *key,
                      struct tn_conditions *out)
{
    struct tn_condition *condition;
    bool                 good;

    if (tn_node_get(map, key) == NULL)
        return true;
    condition = tn_compile_alloc(c, 1, sizeof *condition);
    if (condition == NULL)
        return false;
    if (strcmp(key, "regex") == 0) {
        good = read_regex(c, map, path, condition);
    } else if (strcmp(key, "tables") == 0) {
        condition->kind = TABLES;
        good = tn_table_set_compile(c, map, path, &condition->tables);
    } else if (strcmp(key, "class") == 0) {
        condition->kind = CLASS;
        good = (condition->classes = tn_classes_compile(c, map, path, "class")) != 0;
    } else if (strcmp(key, "user") == 0) {
        good = read_texts(c, map, path, "user", USER, condition);
    } else {
        good = read_protocol(c, map, path, condition);
    }
    out->items[out->count++] = condition;
    return good;
}

bool tn_short_conditions_compile(struct tn_compiler *c, const struct tn_node *map, const char *path,
                                 struct tn_conditions *out)
{
    static const char *const keys[] = {"regex", "tables", "class", "user", "protocol"};
    bool                     good = true;

    *out = (struct tn_conditions){.combine = TN_COMBINE_ALL};
    out->items = tn_compile_alloc(c, TN_ARRAY_LEN(keys), sizeof *out->items);
    if (out->items == NULL)
        return false;
    for (size_t i = 0; i < TN_ARRAY_LEN(keys); i++)
        good = add_short(c, map, path, keys[i], out) && good;
    if (tn_node_get(map, "match") != NULL && tn_node_get(map, "tables") == NULL) {
        tn_compile_error(c, map, path, "match", "has a meaning only beside `tables`");
        good = false;
    }
    return good;
}

static bool has_text(const struct tn_texts *texts, struct tn_str text)
{
    for (size_t i = 0; i < texts->count; i++)
        if (tn_str_eq(texts->items[i], text))
            return true;
    return false;
}

static bool has_header(const struct tn_route_context *context, const struct tn_tag *wanted)
{
    for (size_t i = 0; i < context->header_count; i++) {
        const struct tn_tag *header = &context->headers[i];

        if (tn_str_eq(header->key, wanted->key) && (wanted->value.ptr == NULL || tn_str_eq(header->value, wanted->value)))
            return true;
    }
    return false;
}

static bool has_tags(const struct tn_route_context *context, const struct tn_condition *condition)
{
    for (size_t i = 0; i < condition->pair_count; i++)
        if (!tn_has_tag(context, condition->pairs[i].key, condition->pairs[i].value))
            return false;
    return true;
}

static bool in_groups(const struct tn_route_context *context, const struct tn_texts *groups)
{
    for (size_t i = 0; i < context->user_group_count; i++)
        if (has_text(groups, context->user_groups[i]))
            return true;
    return false;
}

static bool holds(const struct tn_condition *condition, struct tn_routing *r)
{
    const struct tn_route_context *context = r->context;
    struct tn_str                  which;

    switch (condition->kind) {
    case PROTOCOL:
        return has_text(&condition->texts, tn_str(context->protocol));
    case HEADER:
        return has_header(context, &condition->pairs[0]);
    case USER:
        return has_text(&condition->texts, context->user);
    case USER_GROUP:
        return in_groups(context, &condition->texts);
    case TAGS:
        return has_tags(context, condition);
    case REGEX:
        return tn_regex_matches(condition->regex, r);
    case TABLES:
        return tn_table_set_matches(&condition->tables, r->features, &which);
    case CLASS:
        return (condition->classes & 1u << r->features->class) != 0 ||
               (context->several && (condition->classes & 1u << TN_CLASS_MULTI) != 0);
    case TIME:
        return tn_time_window_holds(&condition->window, tn_time_local(condition->zone, context->wall_us));
    case COMPOUND:
        return tn_conditions_hold(&condition->inner, r, NULL);
    }
    return false;
}

bool tn_conditions_hold(const struct tn_conditions *conditions, struct tn_routing *r, char *why)
{
    static const char *const names[] = {"protocol", "header", "user", "userGroup", "tags", "queryRegex", "tables",
                                        "statementClass", "timeOfDay", "compound"};
    bool                     stop_at = conditions->combine != TN_COMBINE_ALL; /* any, not: the first that holds decides */

    for (size_t i = 0; i < conditions->count; i++) {
        if (holds(conditions->items[i], r) != stop_at)
            continue;
        if (why != NULL)
            snprintf(why, TN_WHY_MAX, "condition %zu (%s) %s", i + 1, names[conditions->items[i]->kind],
                     stop_at ? "holds" : "does not hold");
        return conditions->combine == TN_COMBINE_ANY;
    }
    if (why != NULL)
        snprintf(why, TN_WHY_MAX, "%s", stop_at ? "no condition holds" : "all conditions hold");
    return conditions->combine != TN_COMBINE_ANY;
}
