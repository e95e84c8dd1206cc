#include "stats/function.h"

struct entry {
    const char      *name;
    unsigned short   len;
    enum tn_function kind;
};

static const struct entry entries[] = {
#define FUNCTION(name, kind) {name, sizeof(name) - 1, TN_FUNCTION_##kind},
#include "stats/functions.def"
#undef FUNCTION
};

/* Families whose members are many, or come with extensions and versions. */
static const struct entry families[] = {
    {"lo_", 3, TN_FUNCTION_CHANGES},          {"dblink", 6, TN_FUNCTION_CHANGES},
    {"pg_advisory_", 12, TN_FUNCTION_SESSION}, {"pg_try_advisory_", 16, TN_FUNCTION_SESSION},
    {"pg_stat_reset", 13, TN_FUNCTION_CHANGES}, {"pg_stat_get_", 12, TN_FUNCTION_PURE},
    {"pg_create_", 10, TN_FUNCTION_CHANGES},  {"pg_drop_", 8, TN_FUNCTION_CHANGES},
    {"pg_file_", 8, TN_FUNCTION_CHANGES},     {"system$", 7, TN_FUNCTION_CHANGES},
    {"pragma_", 7, TN_FUNCTION_PURE},         {"st_", 3, TN_FUNCTION_PURE},
};

enum { LONGEST = 63 };

static int compare(const char *lower, size_t len, const struct entry *entry)
{
    int order = memcmp(lower, entry->name, TN_MIN(len, (size_t)entry->len));

    return order != 0 ? order : (len > entry->len) - (len < entry->len);
}

static enum tn_function find_family(const char *lower, size_t len)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(families); i++)
        if (len >= families[i].len && memcmp(lower, families[i].name, families[i].len) == 0)
            return families[i].kind;
    return TN_FUNCTION_UNKNOWN;
}

enum tn_function tn_function_find(struct tn_str name)
{
    char   lower[LONGEST + 1];
    size_t low = 0, high = TN_ARRAY_LEN(entries);

    if (name.len == 0 || name.len > LONGEST)
        return TN_FUNCTION_UNKNOWN;
    for (size_t i = 0; i < name.len; i++)
        lower[i] = tn_ascii_lower(name.ptr[i]);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int    order = compare(lower, name.len, &entries[middle]);

        if (order == 0)
            return entries[middle].kind;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return find_family(lower, name.len);
}
