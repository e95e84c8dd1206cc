/* What MySQL says of a duplicate key, behind what the engine says: mappers read the value and the key out of it. */
#include "mysql/private.h"

enum { NAMES = 256, VALUES = 400 };

/* What stands between OPEN and CLOSE; empty: nothing does. */
static struct tn_str between(const char *text, const char *open, const char *close)
{
    const char *begin = strstr(text, open), *end;

    if (begin == NULL || (end = strstr(begin += strlen(open), close)) == NULL)
        return TN_STR("");
    return tn_str_n(begin, (size_t)(end - begin));
}

/* "a, b" with BY for each ", "; quotes of names are left out. */
static void joined(struct tn_str text, char by, char *out, size_t size)
{
    size_t len = 0;

    for (size_t i = 0; i < text.len && len + 1 < size; i++) {
        if (text.ptr[i] == ',' && i + 1 < text.len && text.ptr[i + 1] == ' ') {
            out[len++] = by;
            i++;
        } else if (text.ptr[i] != '"' || by == '-') {
            out[len++] = text.ptr[i];
        }
    }
    out[len] = '\0';
}

/* "t.a, t.b" of SQLite's: the names of columns. */
static void columns_of(const char *text, char *out, size_t size)
{
    size_t len = 0;

    for (const char *at = text, *end; *at != '\0'; at = end + strspn(end, ", ")) {
        const char *dot;

        end = at + strcspn(at, ",");
        dot = memchr(at, '.', (size_t)(end - at));
        for (at = dot == NULL ? at : dot + 1; at < end && len + 2 < size; at++)
            out[len++] = *at;
        if (*end == ',' && len + 2 < size)
            out[len++] = '_';
    }
    out[len] = '\0';
}

void tn_my_duplicate_put(const struct tn_error *err, char *message, size_t size)
{
    static const char sqlite[] = "UNIQUE constraint failed: ";
    struct tn_str     names = between(err->detail, "Key (", ")=("), values = between(err->detail, ")=(", ") already exists");
    struct tn_str     constraint = between(err->message, "unique constraint \"", "\"");
    char              key[NAMES], value[VALUES];
    size_t            len = strlen(message);

    if (names.len > 0) {
        joined(values, '-', value, sizeof value);
        if (constraint.len > 5 && tn_str_eq_c(tn_str_n(constraint.ptr + constraint.len - 5, 5), "_pkey"))
            snprintf(key, sizeof key, "PRIMARY");
        else if (memchr(names.ptr, ',', names.len) != NULL && constraint.len > 0)
            snprintf(key, sizeof key, "%.*s", (int)constraint.len, constraint.ptr);
        else
            joined(names, '_', key, sizeof key);
    } else if (tn_str_starts(tn_str(err->message), TN_STR(sqlite))) {
        value[0] = '\0';
        columns_of(err->message + sizeof sqlite - 1, key, sizeof key);
    } else {
        return;
    }
    snprintf(message + len, size - len, ": Duplicate entry '%s' for key '%s'", value, key);
}
