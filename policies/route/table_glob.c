#include "policies/route/table_glob.h"

enum { PARTS_MAX = 8 };

struct parts {
    size_t        count;
    struct tn_str items[PARTS_MAX];
};

static struct tn_str without_quotes(struct tn_str part)
{
    if (part.len >= 2 && (part.ptr[0] == '"' || part.ptr[0] == '`') && part.ptr[part.len - 1] == part.ptr[0])
        return tn_str_n(part.ptr + 1, part.len - 2);
    return part;
}

/* False when there are too many parts. */
static bool split(struct tn_str name, struct parts *out)
{
    size_t from = 0;
    char   quote = '\0';

    out->count = 0;
    for (size_t i = 0; i <= name.len; i++) {
        if (i < name.len && quote != '\0') {
            if (name.ptr[i] == quote)
                quote = '\0';
        } else if (i < name.len && (name.ptr[i] == '"' || name.ptr[i] == '`')) {
            quote = name.ptr[i];
        } else if (i == name.len || name.ptr[i] == '.') {
            if (out->count == PARTS_MAX)
                return false;
            out->items[out->count++] = without_quotes(tn_str_n(name.ptr + from, i - from));
            from = i + 1;
        }
    }
    return true;
}

bool tn_table_fits(struct tn_str pattern, struct tn_str name)
{
    struct parts p, n;

    if (name.len == 0 || !split(pattern, &p) || !split(name, &n))
        return false;
    for (size_t i = 1; i <= p.count; i++) {
        struct tn_str part = p.items[p.count - i];

        if (i > n.count ? !tn_str_eq_c(part, "*") : !tn_str_glob(part, n.items[n.count - i]))
            return false;
    }
    return true;
}

static bool check_pattern(struct tn_compiler *c, const struct tn_node *map, const char *path, struct tn_str pattern)
{
    struct parts parts;
    bool         good = split(pattern, &parts);

    for (size_t i = 0; good && i < parts.count; i++)
        good = parts.items[i].len > 0;
    if (!good)
        tn_compile_error(c, map, path, "tables",
                         "a pattern is a table's name with at most %d parts, such as `orders`, `sales.*` or `*.orders`", PARTS_MAX);
    return good;
}

bool tn_table_set_compile(struct tn_compiler *c, const struct tn_node *map, const char *path, struct tn_table_set *out)
{
    static const char *const matches[] = {"any", "all", NULL};
    struct tn_texts          texts;
    size_t                   match = 0;
    bool                     good = tn_compile_texts(c, map, path, "tables", true, &texts);

    good = tn_node_choice(map, path, "match", matches, "any", &match, c->problems) && good;
    for (size_t i = 0; i < texts.count; i++)
        good = check_pattern(c, map, path, texts.items[i]) && good;
    *out = (struct tn_table_set){.count = texts.count, .patterns = texts.items, .all = match == 1};
    return good;
}

static bool fits_one(const struct tn_table_set *set, struct tn_str name)
{
    for (size_t i = 0; i < set->count; i++)
        if (tn_table_fits(set->patterns[i], name))
            return true;
    return false;
}

bool tn_table_set_matches(const struct tn_table_set *set, const struct tn_features *features, struct tn_str *which)
{
    size_t kept = TN_MIN(features->table_count, (unsigned)TN_FEATURES_TABLES);

    *which = TN_STR("");
    for (size_t i = 0; i < kept; i++) {
        bool fits = fits_one(set, features->tables[i]);

        if (fits != set->all) {
            *which = features->tables[i];
            return fits;
        }
    }
    return set->all && kept > 0 && kept == features->table_count;
}
