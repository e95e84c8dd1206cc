#include "config/option_value.h"

#include "config/known_keys.h"
#include "config/secrets.h"
#include "config/units.h"

#include <stdlib.h>

enum { MESSAGE_MAX = 512 };

_Static_assert(sizeof(enum tn_cfg_engine) == sizeof(unsigned), "enums are written as unsigned");

/* The value comes with its name, so that the order of enums.def cannot matter. */
static const struct enum_row {
    enum tn_option_type type;
    unsigned            value;
    const char         *type_name, *text;
} ENUMS[] = {
#define VALUE(type, name, text) {TN_OPTION_ENUM_##type, (unsigned)TN_CFG_##type##_##name, #type, text},
#include "config/enums.def"
#undef VALUE
};

const char *tn_config_enum_text(const char *type, unsigned value)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(ENUMS); i++)
        if (ENUMS[i].value == value && strcmp(ENUMS[i].type_name, type) == 0)
            return ENUMS[i].text;
    return "";
}

bool tn_option_enum_value(enum tn_option_type type, struct tn_str text, unsigned *out)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(ENUMS); i++)
        if (ENUMS[i].type == type && tn_str_eq_c(text, ENUMS[i].text)) {
            *out = ENUMS[i].value;
            return true;
        }
    return false;
}

void tn_option_enum_names(enum tn_option_type type, const char *out[TN_ENUM_NAMES_MAX])
{
    size_t count = 0;

    for (size_t i = 0; i < TN_ARRAY_LEN(ENUMS) && count < TN_ENUM_NAMES_MAX - 1; i++)
        if (ENUMS[i].type == type && ENUMS[i].text[0] != '\0') /* an unset value has no name */
            out[count++] = ENUMS[i].text;
    out[count] = NULL;
}

bool tn_option_number(enum tn_option_type type, struct tn_str text, uint64_t *out)
{
    if (type == TN_OPTION_SIZE)
        return tn_parse_size(text, out);
    if (type == TN_OPTION_DURATION)
        return tn_parse_duration(text, out);
    return tn_str_to_u64(text, UINT64_MAX, out);
}

/* " from 1s to 1h", " of at least 1", or nothing. */
static void describe_range(const struct tn_option *option, char *out, size_t size)
{
    out[0] = '\0';
    if (option->max[0] != '\0')
        snprintf(out, size, " from %s to %s", option->min[0] == '\0' ? "0" : option->min, option->max);
    else if (option->min[0] != '\0' && strcmp(option->min, "0") != 0)
        snprintf(out, size, " of at least %s", option->min);
}

static void describe_names(const struct tn_option *option, char *out, size_t size)
{
    const char *names[TN_ENUM_NAMES_MAX];
    size_t      at = (size_t)snprintf(out, size, "one of ");

    tn_option_enum_names(option->type, names);
    for (size_t i = 0; names[i] != NULL && at < size; i++)
        at += (size_t)snprintf(out + at, size - at, "%s%s", i == 0 ? "" : ", ", names[i]);
}

static void describe_expected(const struct tn_option *option, char *out, size_t size)
{
    static const char *const FORMS[] = {
        [TN_OPTION_BOOL] = "true or false",
        [TN_OPTION_U64] = "a whole number",
        [TN_OPTION_PORT] = "a port",
        [TN_OPTION_SIZE] = "a size such as 10MB, 64KiB or 4096",
        [TN_OPTION_DURATION] = "a duration such as 30s, 500ms or 1.5h",
        [TN_OPTION_DECIMAL] = "a number",
        [TN_OPTION_TEXT] = "a text",
        [TN_OPTION_SECRET] = "a text or {file: path}",
        [TN_OPTION_LIST] = "a list of texts: [a, b]",
        [TN_OPTION_MAP] = "a map of texts: {key: value}",
    };
    char range[64];
    bool has_unit = option->type == TN_OPTION_SIZE || option->type == TN_OPTION_DURATION;

    describe_range(option, range, sizeof range);
    if (option->type >= TN_OPTION_ENUM_FIRST)
        describe_names(option, out, size);
    else
        snprintf(out, size, "%s%s%s", FORMS[option->type], range[0] != '\0' && has_unit ? "," : "", range);
}

static const char *found_unit(const struct tn_option_source *s)
{
    if (s->option->type == TN_OPTION_DURATION && s->node->kind == TN_NODE_SCALAR && tn_units_is_bare(s->node->text))
        return "; the unit is missing";
    return "";
}

static const char *near_name(const struct tn_option_source *s)
{
    const char *names[TN_ENUM_NAMES_MAX];

    if (s->option->type < TN_OPTION_ENUM_FIRST || s->node->kind != TN_NODE_SCALAR)
        return NULL;
    tn_option_enum_names(s->option->type, names);
    return tn_suggest(s->node->shown, names);
}

static bool refuse(const struct tn_option_source *s)
{
    char        expected[MESSAGE_MAX], got[160];
    const char *what = tn_node_describe(s->node, got, sizeof got);
    const char *near = near_name(s);

    if (s->node->broken) /* reported where its ${ENV} was looked up */
        return false;
    if (s->option->type == TN_OPTION_SECRET && s->node->kind == TN_NODE_SCALAR)
        what = "something else";
    describe_expected(s->option, expected, sizeof expected);
    tn_problem_add(s->reader->problems, TN_PROBLEM_ERROR, s->node->line, s->path, "expected %s; got %s%s%s%s%s", expected,
                   what, found_unit(s), near == NULL ? "" : "; did you mean `", near == NULL ? "" : near,
                   near == NULL ? "" : "`?");
    return false;
}

static bool read_bool(const struct tn_option_source *s, bool *field)
{
    if (s->node->kind != TN_NODE_SCALAR ||
        (!tn_str_ieq_c(s->node->text, "true") && !tn_str_ieq_c(s->node->text, "false")))
        return refuse(s);
    *field = tn_str_ieq_c(s->node->text, "true");
    return true;
}

static bool in_range(const struct tn_option *option, uint64_t value)
{
    uint64_t bound;

    if (option->min[0] != '\0' && tn_option_number(option->type, tn_str(option->min), &bound) && value < bound)
        return false;
    return option->max[0] == '\0' || !tn_option_number(option->type, tn_str(option->max), &bound) || value <= bound;
}

static bool read_number(const struct tn_option_source *s, uint64_t *field)
{
    uint64_t value;

    if (s->node->kind != TN_NODE_SCALAR || !tn_option_number(s->option->type, s->node->text, &value) ||
        !in_range(s->option, value))
        return refuse(s);
    *field = value;
    return true;
}

/* Digits, one point, no sign, no exponent: nobody means more, and a typing error is not a number. */
static bool decimal(struct tn_str text, double *out)
{
    char   copy[32], *end;
    size_t digits = 0, points = 0;

    if (text.len == 0 || text.len >= sizeof copy)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        digits += text.ptr[i] >= '0' && text.ptr[i] <= '9';
        points += text.ptr[i] == '.';
    }
    tn_str_copy(copy, sizeof copy, text);
    *out = strtod(copy, &end);
    return digits > 0 && points <= 1 && digits + points == text.len && *end == '\0';
}

static bool read_decimal(const struct tn_option_source *s, double *field)
{
    const struct tn_option *option = s->option;
    double                  value, bound;

    if (s->node->kind != TN_NODE_SCALAR || !decimal(s->node->text, &value) ||
        (decimal(tn_str(option->min), &bound) && value < bound) || (decimal(tn_str(option->max), &bound) && value > bound))
        return refuse(s);
    *field = value;
    return true;
}

static bool read_enum(const struct tn_option_source *s, unsigned *field)
{
    unsigned value;

    if (s->node->kind == TN_NODE_SCALAR && s->node->text.len > 0 &&
        tn_option_enum_value(s->option->type, s->node->text, &value)) {
        *field = value;
        return true;
    }
    if (s->node->kind == TN_NODE_SCALAR && tn_known_value_report(s))
        return false;
    return refuse(s);
}

static bool check_text(const struct tn_option_source *s, const struct tn_node *node, const char *path)
{
    if (node->text.len == 0 || memchr(node->text.ptr, '\0', node->text.len) == NULL)
        return true;
    tn_problem_add(s->reader->problems, TN_PROBLEM_ERROR, node->line, path, "a text must not contain a NUL character");
    return false;
}

static bool read_text(const struct tn_option_source *s, struct tn_str *field)
{
    const struct tn_options_reader *reader = s->reader;

    if (s->node->kind == TN_NODE_NULL) /* `password:` with nothing behind it is the default */
        return true;
    if (tn_secrets_is_file(s->node))
        return tn_secrets_read_file(s->node, s->path, reader->folder, reader->arena, reader->problems, field);
    if (s->node->kind != TN_NODE_SCALAR || s->node->broken)
        return refuse(s);
    if (!check_text(s, s->node, s->path))
        return false;
    *field = s->node->text;
    return true;
}

static bool item_is_good(const struct tn_option_source *s, const struct tn_node *item, const char *path, bool nulls)
{
    char got[160];

    if (item->kind == TN_NODE_SCALAR)
        return !item->broken && check_text(s, item, path);
    if (item->kind == TN_NODE_NULL && nulls)
        return true;
    tn_problem_add(s->reader->problems, TN_PROBLEM_ERROR, item->line, path, "expected a text; got %s",
                   tn_node_describe(item, got, sizeof got));
    return false;
}

static bool read_list(const struct tn_option_source *s, struct tn_cfg_list *field)
{
    struct tn_cfg_list list = {.count = 0};
    bool               good = true;

    if (s->node->kind == TN_NODE_NULL)
        return true;
    if (s->node->kind != TN_NODE_LIST)
        return refuse(s);
    list.items = tn_arena_alloc(s->reader->arena, (s->node->count + 1) * sizeof *list.items);
    if (list.items == NULL) {
        s->reader->problems->no_memory = true;
        return false;
    }
    for (size_t i = 0; i < s->node->count; i++) {
        char path[TN_PATH_MAX];

        tn_path_index(path, s->path, i);
        if (item_is_good(s, s->node->items[i], path, false))
            list.items[list.count++] = s->node->items[i]->text;
        else
            good = false;
    }
    *field = list; /* what is good of it, so that checks go on */
    return good;
}

static bool read_map(const struct tn_option_source *s, struct tn_cfg_map *field)
{
    struct tn_cfg_map map = {.count = 0};
    bool              good = true;

    if (s->node->kind == TN_NODE_NULL)
        return true;
    if (s->node->kind != TN_NODE_MAP)
        return refuse(s);
    map.items = tn_arena_alloc(s->reader->arena, (s->node->count + 1) * sizeof *map.items);
    if (map.items == NULL) {
        s->reader->problems->no_memory = true;
        return false;
    }
    for (size_t i = 0; i < s->node->count; i++) {
        const struct tn_node *value = s->node->items[i];
        char                  path[TN_PATH_MAX];

        tn_path_join(path, s->path, s->node->keys[i]);
        if (!item_is_good(s, value, path, true)) {
            good = false;
            continue;
        }
        map.items[map.count].key = s->node->keys[i];
        map.items[map.count++].value = value->kind == TN_NODE_NULL ? tn_str(NULL) : value->text;
    }
    *field = map;
    return good;
}

bool tn_option_value(const struct tn_option_source *s, void *field)
{
    switch (s->option->type) {
    case TN_OPTION_BOOL:
        return read_bool(s, field);
    case TN_OPTION_U64:
    case TN_OPTION_PORT:
    case TN_OPTION_SIZE:
    case TN_OPTION_DURATION:
        return read_number(s, field);
    case TN_OPTION_DECIMAL:
        return read_decimal(s, field);
    case TN_OPTION_TEXT:
    case TN_OPTION_SECRET:
        return read_text(s, field);
    case TN_OPTION_LIST:
        return read_list(s, field);
    case TN_OPTION_MAP:
        return read_map(s, field);
    default:
        return read_enum(s, field);
    }
}

void tn_option_default(const struct tn_options_reader *reader, const struct tn_option *option, void *field)
{
    struct tn_str dflt = tn_str(option->dflt);

    switch (option->type) {
    case TN_OPTION_BOOL:
        *(bool *)field = tn_str_eq_c(dflt, "true");
        break;
    case TN_OPTION_U64:
    case TN_OPTION_PORT:
    case TN_OPTION_SIZE:
    case TN_OPTION_DURATION:
        (void)tn_option_number(option->type, dflt, field);
        break;
    case TN_OPTION_DECIMAL:
        (void)decimal(dflt, field);
        break;
    case TN_OPTION_TEXT:
    case TN_OPTION_SECRET:
        if (!tn_arena_str(reader->arena, dflt, field)) /* a copy: it will be wiped like any other */
            reader->problems->no_memory = true;
        break;
    case TN_OPTION_LIST:
        *(struct tn_cfg_list *)field = (struct tn_cfg_list){.count = 0};
        break;
    case TN_OPTION_MAP:
        *(struct tn_cfg_map *)field = (struct tn_cfg_map){.count = 0};
        break;
    default:
        (void)tn_option_enum_value(option->type, dflt, field);
    }
}
