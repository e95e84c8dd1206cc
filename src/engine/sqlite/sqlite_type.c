#include "engine/sqlite/sqlite_type.h"

#include <sqlite3.h>
#include <stdbool.h>

static const struct {
    const char  *name;
    enum tn_type type;
} names[] = {
#define NAME(text, type) {text, TN_TYPE_##type},
#include "engine/sqlite/sqlite_types.def"
#undef NAME
};

/* SQLite's rules of affinity, in their order; the first part found decides. */
static const struct {
    const char  *part;
    enum tn_type type;
} affinities[] = {
    {"INT", TN_TYPE_INT64},    {"CHAR", TN_TYPE_TEXT},    {"CLOB", TN_TYPE_TEXT},    {"TEXT", TN_TYPE_TEXT},
    {"BLOB", TN_TYPE_BYTES},   {"REAL", TN_TYPE_FLOAT64}, {"FLOA", TN_TYPE_FLOAT64}, {"DOUB", TN_TYPE_FLOAT64},
};

/* Functions whose result has one type whatever their arguments are. */
static const struct {
    const char  *start;
    enum tn_type type;
} functions[] = {
    {"count(", TN_TYPE_INT64},        {"length(", TN_TYPE_INT64},    {"instr(", TN_TYPE_INT64},
    {"row_number(", TN_TYPE_INT64},   {"rank(", TN_TYPE_INT64},      {"dense_rank(", TN_TYPE_INT64},
    {"ntile(", TN_TYPE_INT64},        {"unicode(", TN_TYPE_INT64},   {"unixepoch(", TN_TYPE_INT64},
    {"random(", TN_TYPE_INT64},       {"changes(", TN_TYPE_INT64},   {"last_insert_rowid(", TN_TYPE_INT64},
    {"exists(", TN_TYPE_INT64},       {"avg(", TN_TYPE_FLOAT64},     {"total(", TN_TYPE_FLOAT64},
    {"round(", TN_TYPE_FLOAT64},      {"julianday(", TN_TYPE_FLOAT64}, {"sqrt(", TN_TYPE_FLOAT64},
    {"percent_rank(", TN_TYPE_FLOAT64}, {"cume_dist(", TN_TYPE_FLOAT64},
};

/* Upper case, one space between words, without the part in parentheses; `args` gets that part. */
static void normalise(const char *declared, char *out, size_t size, struct tn_str *args)
{
    size_t len = 0;
    bool   space = false;

    *args = tn_str_n(NULL, 0);
    for (const char *p = declared; *p != '\0'; p++) {
        if (*p == '(') {
            const char *end = strchr(p, ')');

            if (end == NULL)
                break;
            *args = tn_str_n(p + 1, (size_t)(end - p) - 1);
            p = end;
            space = true;
        } else if (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r') {
            space = true;
        } else if (len + 2 < size) {
            if (space && len > 0)
                out[len++] = ' ';
            space = false;
            out[len++] = *p >= 'a' && *p <= 'z' ? (char)(*p - 32) : *p;
        }
    }
    out[len] = '\0';
}

/* "15, 2" */
static void read_scale(struct tn_sqlite_type *type, struct tn_str args)
{
    const char *comma = args.len > 0 ? memchr(args.ptr, ',', args.len) : NULL;
    size_t      first = comma != NULL ? (size_t)(comma - args.ptr) : args.len;
    uint64_t    precision, scale = 0;

    if (!tn_str_to_u64(tn_str_trim(tn_str_n(args.ptr, first)), 38, &precision) || precision == 0)
        return;
    if (comma != NULL && !tn_str_to_u64(tn_str_trim(tn_str_n(comma + 1, args.len - first - 1)), precision, &scale))
        return;
    type->precision = (uint8_t)precision;
    type->scale = (int8_t)scale;
}

struct tn_sqlite_type tn_sqlite_declared_type(const char *declared)
{
    struct tn_sqlite_type type = {.type = TN_TYPE_NULL};
    struct tn_str         args;
    char                  name[64];

    if (declared == NULL)
        return type;
    normalise(declared, name, sizeof name, &args);
    for (size_t i = 0; i < TN_ARRAY_LEN(names); i++) {
        if (strcmp(name, names[i].name) != 0)
            continue;
        type.type = names[i].type;
        if (type.type == TN_TYPE_NUMERIC && args.ptr != NULL)
            read_scale(&type, args);
        return type;
    }
    for (size_t i = 0; i < TN_ARRAY_LEN(affinities); i++) {
        if (strstr(name, affinities[i].part) == NULL)
            continue;
        type.type = affinities[i].type;
        break;
    }
    return type;
}

struct tn_sqlite_type tn_sqlite_seen_type(unsigned classes, bool wide_integers)
{
    enum tn_type type = TN_TYPE_TEXT;

    if (classes == 0)
        type = TN_TYPE_NULL;
    else if ((classes & 1u << SQLITE_BLOB) != 0)
        type = TN_TYPE_BYTES;
    else if (classes == 1u << SQLITE_INTEGER)
        type = TN_TYPE_INT64;
    else if ((classes & 1u << SQLITE_TEXT) == 0 && !(wide_integers && (classes & 1u << SQLITE_INTEGER) != 0))
        type = TN_TYPE_FLOAT64;
    return (struct tn_sqlite_type){.type = type};
}

/* The type of "CAST(x AS type)". */
static struct tn_sqlite_type cast_type(const char *name)
{
    char        type[64];
    const char *as = NULL;
    size_t      len;

    for (const char *p = name; *p != '\0'; p++)
        if (strncasecmp(p, " as ", 4) == 0)
            as = p + 4;
    len = as != NULL ? strlen(as) : 0;
    if (len < 2 || as[len - 1] != ')')
        return (struct tn_sqlite_type){.type = TN_TYPE_NULL};
    tn_str_copy(type, sizeof type, tn_str_trim(tn_str_n(as, len - 1)));
    return tn_sqlite_declared_type(type);
}

/* A CAST makes a storage class, never a date or a boolean. */
static bool is_storage_type(enum tn_type type)
{
    return type == TN_TYPE_INT64 || type == TN_TYPE_FLOAT64 || type == TN_TYPE_TEXT || type == TN_TYPE_BYTES;
}

struct tn_sqlite_type tn_sqlite_guessed_type(const char *name)
{
    struct tn_sqlite_type type = {.type = TN_TYPE_TEXT};

    if (name == NULL)
        return type;
    if (strncasecmp(name, "cast(", 5) == 0) {
        struct tn_sqlite_type cast = cast_type(name);

        return is_storage_type(cast.type) ? cast : type;
    }
    for (size_t i = 0; i < TN_ARRAY_LEN(functions); i++)
        if (strncasecmp(name, functions[i].start, strlen(functions[i].start)) == 0 && name[strlen(name) - 1] == ')')
            type.type = functions[i].type;
    return type;
}
