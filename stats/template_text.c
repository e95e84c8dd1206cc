#include "stats/template.h"

static void put(struct tn_template_text *t, struct tn_str bytes)
{
    if (t->full || bytes.len > t->max - t->len) {
        t->full = true;
        return;
    }
    memcpy(t->out + t->len, bytes.ptr, bytes.len);
    t->len += bytes.len;
}

/* For people: what fits of a long token, not cut inside a character. */
static void put_part(struct tn_template_text *t, struct tn_str bytes)
{
    size_t fits = TN_MIN(bytes.len, t->max - t->len);

    if (t->full)
        return;
    t->full = fits < bytes.len;
    while (t->full && fits > 0 && ((unsigned char)bytes.ptr[fits] & 0xC0u) == 0x80u)
        fits--;
    memcpy(t->out + t->len, bytes.ptr, fits);
    t->len += fits;
}

/* `x` and [x], and a string that names a table, as the grammar of PostgreSQL quotes names. */
static void put_name(struct tn_template_text *t, struct tn_str token)
{
    struct tn_str name = tn_str_n(token.ptr + 1, token.len > 1 ? token.len - 2 : 0);

    if (token.ptr[0] != '`' && token.ptr[0] != '[' && token.ptr[0] != '\'') {
        put(t, token);
        return;
    }
    put(t, TN_STR("\""));
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] != '"')
            put(t, tn_str_n(name.ptr + i, 1));
    put(t, TN_STR("\""));
}

static bool is_one_of(const char *set, char c)
{
    return c != '\0' && strchr(set, c) != NULL;
}

/* Nothing but what separates tokens: `f(a, b.c)`, `a <> b`, `x::int`. Operators that stand together stay together. */
static bool needs_space(const struct tn_template_text *t, struct tn_str token, bool punct, bool gap)
{
    char first = token.ptr[0], last = t->last_punct ? t->last : '\0';

    if (!t->some || is_one_of("([.", last) || last == ':')
        return false;
    if (!punct)
        return true;
    if (is_one_of(")],.;", first) || (token.len == 2 && first == ':'))
        return false;
    if (is_one_of("([", first) && !gap && last != ',')
        return false;
    return gap || last == '\0' || is_one_of(",)];", last);
}

static struct tn_str literal_of(enum tn_token_kind kind)
{
    switch (kind) {
    case TN_TOKEN_NUMBER:
        return TN_STR("1");
    case TN_TOKEN_STRING:
        return TN_STR("'x'");
    case TN_TOKEN_PARAM:
        return TN_STR("$1");
    default:
        return TN_STR("null");
    }
}

void tn_template_text_put(struct tn_template_text *t, struct tn_str token, enum tn_token_kind kind, bool literal, bool gap)
{
    bool punct = kind == TN_TOKEN_PUNCT;

    if (token.len == 0)
        return;
    if (needs_space(t, token, punct, gap))
        put(t, TN_STR(" "));
    if (punct && !is_one_of("(),.;[]", token.ptr[0]))
        t->operators++;
    t->longest = TN_MAX(t->longest, t->operators);
    if (t->sql && literal)
        put(t, literal_of(kind));
    else if (t->sql && kind == TN_TOKEN_IDENT)
        put_name(t, token);
    else if (t->sql)
        put(t, token);
    else
        put_part(t, token);
    t->some = true;
    t->last = token.ptr[token.len - 1];
    t->last_punct = punct;
}
