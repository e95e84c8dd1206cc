#include "trino/locate.h"

#include "engine/trino/trino_error.h"
#include "stats/lexer.h"

#include <string.h>

static int character_at(struct tn_str sql, size_t at)
{
    int n = 1;

    for (size_t i = 0; i < at && i < sql.len; i++)
        n += ((unsigned char)sql.ptr[i] & 0xC0u) != 0x80u;
    return n;
}

static int end_of(struct tn_str sql)
{
    while (sql.len > 0 && ((unsigned char)sql.ptr[sql.len - 1] <= ' ' || sql.ptr[sql.len - 1] == ';'))
        sql.len--;
    return character_at(sql, sql.len);
}

/* MySQL shows what stands behind the place, or the first 80 characters of it: "near '...' at line 3". */
static int behind_near(const char *message, struct tn_str sql)
{
    const char *near = strstr(message, "near '"), *end = near == NULL ? NULL : strstr(near, "' at line "), *next, *found;
    struct tn_str shown;

    if (end == NULL)
        return 0;
    while ((next = strstr(end + 1, "' at line ")) != NULL)
        end = next;
    shown = tn_str_n(near + 6, (size_t)(end - near - 6));
    if (shown.len == 0)
        return end_of(sql);
    found = shown.len <= sql.len && memcmp(sql.ptr + sql.len - shown.len, shown.ptr, shown.len) == 0
                ? sql.ptr + sql.len - shown.len
                : memmem(sql.ptr, sql.len, shown.ptr, shown.len);
    return found == NULL ? 0 : character_at(sql, (size_t)(found - sql.ptr));
}

/* The name that the message is about: what it quotes first, or what stands behind words that introduce one. */
static struct tn_str name_in(const char *message)
{
    static const char *const before[] = {"with name ", "no such table: ", "no such column: ", "no such function: ", "FUNCTION ", "not exist: "};
    const char *from = NULL;
    size_t      len, last = 0;

    for (size_t i = 0; i < TN_ARRAY_LEN(before) && from == NULL; i++)
        if ((from = strstr(message, before[i])) != NULL)
            from += strlen(before[i]);
    if (from != NULL && strchr("\"'`", from[0]) == NULL) {
        len = strcspn(from, " !,;()\n");
    } else {
        from = strpbrk(from != NULL ? from : message, "\"'`");
        len = from == NULL ? 0 : strcspn(from + 1, (char[]){from[0], '\0'});
        from = from == NULL ? message : from + 1;
    }
    for (size_t i = 0; i < len; i++)
        last = from[i] == '.' ? i + 1 : last;
    return tn_str_n(from + last, len - last);
}

/* Where the name a.b.NAME begins that NAME ends. */
static int place_of(struct tn_str name, struct tn_str sql)
{
    struct tn_lexer lexer;
    struct tn_token token;
    const char     *begin = NULL; /* of the present a.b.c */
    bool            after_dot = false;

    tn_lexer_init(&lexer, sql, TN_DIALECT_TRINO);
    while (name.len > 0 && tn_lexer_next(&lexer, &token)) {
        bool is_name = token.kind == TN_TOKEN_WORD || token.kind == TN_TOKEN_IDENT;

        if (is_name && !after_dot)
            begin = token.text.ptr;
        if (is_name && tn_str_ieq(tn_token_name(&token), name))
            return character_at(sql, (size_t)(begin - sql.ptr));
        after_dot = token.punct == '.' && begin != NULL;
    }
    return 0;
}

int tn_trino_locate(const struct tn_error *err, struct tn_str sql)
{
    static const char *const named[] = {"42P01", "42703", "42883", "42702", "42704", "42P07", "42P06", "3F000", "3D000"};
    const char *message = err->message;

    if (sql.len == 0)
        return 0;
    if (strcmp(err->sqlstate, "42601") == 0)
        return strstr(message, "end of input") != NULL || strcmp(message, "incomplete input") == 0 ? end_of(sql) : behind_near(message, sql);
    for (size_t i = 0; i < TN_ARRAY_LEN(named); i++)
        if (strcmp(err->sqlstate, named[i]) == 0)
            return place_of(name_in(message), sql);
    return 0;
}

void tn_trino_locate_said(struct tn_error *err, const struct tn_trino_place *place)
{
    uint64_t line = 0, column = 0;
    char     message[sizeof err->message];

    if (err->position > 0)
        tn_trino_place_find(place, err->position, &line, &column);
    tn_trino_error_say_place(err, line, column);
    if (err->from_engine || line == 0 || (strcmp(err->sqlstate, "42601") != 0 && strcmp(err->sqlstate, "42P02") != 0))
        return;
    tn_str_copy(message, sizeof message, tn_str(err->message));
    snprintf(err->message, sizeof err->message, "line %llu:%llu: %.*s", (unsigned long long)line, (unsigned long long)column, (int)sizeof message - 64, message);
}
