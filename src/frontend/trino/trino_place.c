#include "frontend/trino/trino_place.h"

static bool is_inside(char c) /* of a character */
{
    return ((unsigned char)c & 0xC0u) == 0x80u;
}

void tn_trino_place_find(const struct tn_trino_place *place, int position, uint64_t *line, uint64_t *column)
{
    int left = position - 1;

    *line = place->line + 1;
    *column = place->column + 1;
    for (size_t i = 0; i < place->sql.len && left > 0; i++) {
        if (is_inside(place->sql.ptr[i]))
            continue;
        left--;
        *column = place->sql.ptr[i] == '\n' ? 1 : *column + 1;
        *line += place->sql.ptr[i] == '\n';
    }
}

struct tn_trino_place tn_trino_place_inner(const struct tn_trino_place *outer, size_t at, struct tn_str inner)
{
    struct tn_trino_place place = {.sql = inner, .line = outer->line, .column = outer->column};

    for (size_t i = 0; i < at && i < outer->sql.len; i++) {
        char c = outer->sql.ptr[i];

        place.line += c == '\n';
        place.column = c == '\n' ? 0 : place.column + !is_inside(c);
    }
    return place;
}
