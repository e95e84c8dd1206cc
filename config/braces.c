#include "config/braces.h"

#include "base/alloc.h"

#include <string.h>

enum { MARK = 3 /* bytes of a private-use character */ };

size_t tn_env_name_len(struct tn_str text)
{
    size_t at = 0;

    while (at < text.len) {
        char c = tn_ascii_lower(text.ptr[at]);

        if (!((c >= 'a' && c <= 'z') || c == '_' || (c >= '0' && c <= '9' && at > 0)))
            break;
        at++;
    }
    return at;
}

/* Bytes of the OPEN NAME CLOSE that begins at TEXT, 0 when there is none. */
static size_t name_len(struct tn_str text, struct tn_str open, struct tn_str close)
{
    size_t        len;
    struct tn_str rest;

    if (!tn_str_starts(text, open))
        return 0;
    rest = tn_str_n(text.ptr + open.len, text.len - open.len);
    len = tn_env_name_len(rest);
    return len > 0 && tn_str_starts(tn_str_n(rest.ptr + len, rest.len - len), close) ? len : 0;
}

/* Copies FROM to OUT with the braces of every `$ OPEN NAME CLOSE` exchanged; OUT NULL only counts. */
static size_t exchange(struct tn_str from, const struct tn_str was[2], const struct tn_str now[2], char *out)
{
    size_t len = 0;

    for (size_t i = 0; i < from.len;) {
        size_t name = from.ptr[i] == '$' ? name_len(tn_str_n(from.ptr + i + 1, from.len - i - 1), was[0], was[1]) : 0;

        if (out != NULL)
            out[len] = from.ptr[i];
        len++;
        i++;
        if (name == 0)
            continue;
        if (out != NULL) {
            memcpy(out + len, now[0].ptr, now[0].len);
            memcpy(out + len + now[0].len, from.ptr + i + was[0].len, name);
            memcpy(out + len + now[0].len + name, now[1].ptr, now[1].len);
        }
        len += now[0].len + name + now[1].len;
        i += was[0].len + name + was[1].len;
    }
    return len;
}

/* U+E000 and the next, or the first such pair that the text has not. */
static void choose_marks(struct tn_braces *braces, struct tn_str text)
{
    for (unsigned code = 0xE000; code < 0xF8FE; code += 2) {
        for (unsigned k = 0; k < 2; k++) {
            char *mark = k == 0 ? braces->open : braces->close;

            mark[0] = (char)(0xE0 | (code + k) >> 12);
            mark[1] = (char)(0x80 | ((code + k) >> 6 & 0x3F));
            mark[2] = (char)(0x80 | ((code + k) & 0x3F));
        }
        if (text.len == 0 || (memmem(text.ptr, text.len, braces->open, MARK) == NULL &&
                              memmem(text.ptr, text.len, braces->close, MARK) == NULL))
            return;
    }
}

bool tn_braces_hide(struct tn_braces *braces, struct tn_str text)
{
    const struct tn_str real[2] = {TN_STR("{"), TN_STR("}")};
    struct tn_str       marks[2];
    size_t              len;

    *braces = (struct tn_braces){.text = text};
    choose_marks(braces, text);
    marks[0] = tn_str_n(braces->open, MARK);
    marks[1] = tn_str_n(braces->close, MARK);
    len = exchange(text, real, marks, NULL);
    braces->owned = tn_malloc(len + 1);
    if (braces->owned == NULL)
        return false;
    exchange(text, real, marks, braces->owned);
    braces->text = tn_str_n(braces->owned, len);
    return true;
}

bool tn_braces_show(const struct tn_braces *braces, struct tn_arena *arena, struct tn_str text, struct tn_str *out)
{
    const struct tn_str real[2] = {TN_STR("{"), TN_STR("}")};
    const struct tn_str marks[2] = {tn_str_n(braces->open, MARK), tn_str_n(braces->close, MARK)};
    size_t              len = exchange(text, marks, real, NULL);
    char               *copy = tn_arena_alloc(arena, len + 1);

    if (copy == NULL)
        return false;
    exchange(text, marks, real, copy);
    copy[len] = '\0';
    *out = tn_str_n(copy, len);
    return true;
}

void tn_braces_reset(struct tn_braces *braces)
{
    if (braces->owned != NULL)
        explicit_bzero(braces->owned, braces->text.len);
    tn_free(braces->owned);
    *braces = (struct tn_braces){.owned = NULL};
}
