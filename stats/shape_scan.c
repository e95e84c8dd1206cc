#include "stats/shape_scan.h"

#include "base/hash.h"
#include "stats/template.h"

#include <stdlib.h>

/* Words that may stand behind a table and are no alias. Sorted. */
static const char *const not_alias[] = {
    "and",    "anti",   "any",    "array",   "as",     "asof",     "cross",   "except", "fetch",  "final",   "for",     "force",
    "full",   "global", "group",  "having",  "ignore", "inner",    "intersect", "into", "join",   "lateral", "left",    "limit",
    "minus",  "natural", "offset", "on",     "or",     "order",    "pivot",   "positional", "prewhere", "qualify", "returning",
    "right",  "sample", "select", "semi",    "set",    "settings", "straight_join", "tablesample", "union", "unpivot", "use",
    "using",  "values", "when",   "where",   "window", "with"};

/* Words that libpg_query takes for an alias or does not know. Sorted. */
static const char *const red_flags[] = {"asof", "final", "lateral", "pivot", "positional", "prewhere", "qualify", "sample", "settings", "unpivot"};

struct alias {
    struct tn_str name;
};

struct scanner {
    struct tn_shape_scan *out;
    struct tn_lexer       lexer;
    struct tn_str         text;
    struct tn_token       token, last;
    enum tn_word          word, last_word;
    size_t                alias_count;
    struct alias          aliases[TN_SCAN_ALIASES];
};

static bool listed(const char *const *list, size_t count, struct tn_str word)
{
    char   folded[24];
    size_t low = 0, high = count;

    if (word.len >= sizeof folded)
        return false;
    for (size_t i = 0; i < word.len; i++)
        folded[i] = tn_ascii_lower(word.ptr[i]);
    folded[word.len] = '\0';
    while (low < high) {
        size_t middle = (low + high) / 2;
        int    order = strcmp(folded, list[middle]);

        if (order == 0)
            return true;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

static bool next(struct scanner *s)
{
    s->last = s->token;
    s->last_word = s->word;
    if (!tn_lexer_next(&s->lexer, &s->token))
        return false;
    s->word = s->token.kind == TN_TOKEN_WORD && s->last.punct != '.' ? tn_word_find(s->token.text) : TN_WORD_NONE;
    return true;
}

static void start(struct scanner *s, enum tn_dialect dialect)
{
    tn_lexer_init(&s->lexer, s->text, dialect);
    s->token = s->last = (struct tn_token){.kind = TN_TOKEN_END, .text = tn_str_n(s->text.ptr, 0)};
    s->word = s->last_word = TN_WORD_NONE;
}

static bool is_name(const struct tn_token *token)
{
    return token->kind == TN_TOKEN_WORD || token->kind == TN_TOKEN_IDENT;
}

/* ---- first pass: aliases ---- */

enum place { ELSEWHERE, BEFORE_TABLE, IN_TABLE, AFTER_TABLE, AFTER_AS };

static void add_alias(struct scanner *s)
{
    if (s->alias_count < TN_SCAN_ALIASES)
        s->aliases[s->alias_count++].name = s->token.text;
}

static bool ends_from(const struct scanner *s)
{
    return s->token.kind == TN_TOKEN_WORD && listed(not_alias, TN_ARRAY_LEN(not_alias), s->token.text) && !tn_str_ieq_c(s->token.text, "as") &&
           !tn_str_ieq_c(s->token.text, "lateral");
}

/* What comes behind FROM and JOIN, in one nesting of brackets; the places of the outer ones wait on a stack. */
static enum place step(struct scanner *s, enum place place)
{
    if (s->token.kind == TN_TOKEN_WORD && (s->word == TN_WORD_from || s->word == TN_WORD_join) && s->last_word != TN_WORD_distinct)
        return BEFORE_TABLE;
    switch (place) {
    case BEFORE_TABLE:
        return is_name(&s->token) ? IN_TABLE : ELSEWHERE;
    case IN_TABLE:
        if (s->token.punct == '.' || (is_name(&s->token) && s->last.punct == '.'))
            return IN_TABLE;
        __attribute__((fallthrough));
    case AFTER_TABLE:
        if (tn_str_ieq_c(s->token.text, "as"))
            return AFTER_AS;
        if (s->token.punct == ',')
            return BEFORE_TABLE;
        if (ends_from(s) || !is_name(&s->token))
            return ELSEWHERE;
        __attribute__((fallthrough));
    case AFTER_AS:
        if (is_name(&s->token))
            add_alias(s);
        return AFTER_TABLE;
    default:
        return place;
    }
}

static void find_aliases(struct scanner *s, enum tn_dialect dialect)
{
    enum { DEPTHS = 64 };
    enum place stack[DEPTHS], place = ELSEWHERE;
    size_t     depth = 0;

    for (start(s, dialect); next(s);) {
        if (s->token.punct == '(') {
            if (depth < DEPTHS)
                stack[depth] = place == BEFORE_TABLE ? AFTER_TABLE : place == IN_TABLE ? AFTER_TABLE : ELSEWHERE;
            depth++;
            place = ELSEWHERE;
        } else if (s->token.punct == ')') {
            if (depth > 0)
                depth--;
            place = depth < DEPTHS ? stack[depth] : ELSEWHERE;
        } else {
            place = step(s, place);
        }
    }
}

static bool same_name(struct tn_str a, struct tn_str b)
{
    return a.len == b.len && strncasecmp(a.ptr, b.ptr, a.len) == 0;
}

/* Number of the alias that the token names, 0 = none. Behind a dot it is a column, before a bracket a function. */
static size_t alias_of(const struct scanner *s)
{
    if (!is_name(&s->token) || s->last.punct == '.')
        return 0;
    for (size_t i = 0; i < s->alias_count; i++)
        if (same_name(s->aliases[i].name, s->token.text))
            return i + 1;
    return 0;
}

/* ---- second pass: template, SQL, sizes ---- */

struct counts {
    size_t   depth;
    unsigned commas;       /* of the first select list */
    bool     in_list;      /* that list */
    unsigned whens, ors, ands;
    bool     by;           /* GROUP BY or ORDER BY: a plain number is an ordinal */
    uint64_t salt;
    unsigned elements;     /* of the present list of literals */
    bool     values;
};

static void put_sql(struct scanner *s, struct tn_str text, bool space)
{
    struct tn_shape_scan *out = s->out;

    if (out->sql_len == SIZE_MAX || out->sql_len + text.len + 1 > TN_SCAN_SQL) {
        out->sql_len = SIZE_MAX;
        return;
    }
    if (space)
        out->sql[out->sql_len++] = ' ';
    memcpy(out->sql + out->sql_len, text.ptr, text.len);
    out->sql_len += text.len;
}

static void salt_word(struct counts *c, uint64_t kind, struct tn_str text)
{
    c->salt ^= tn_hash_mix(tn_hash_seeded(text.ptr, text.len, kind) + kind);
}

static void count_word(struct scanner *s, struct counts *c)
{
    struct tn_shape_scan *out = s->out;
    struct tn_str         text = s->token.text;

    if (s->token.kind != TN_TOKEN_WORD || s->last.punct == '.')
        return;
    if (s->word == TN_WORD_select && c->depth == 0)
        c->in_list = true;
    if (s->word == TN_WORD_from && c->depth == 0)
        c->in_list = false;
    c->whens += tn_str_ieq_c(text, "when");
    c->ors += tn_str_ieq_c(text, "or");
    c->ands += tn_str_ieq_c(text, "and");
    c->values = c->values || s->word == TN_WORD_values;
    if (tn_str_ieq_c(text, "like") || tn_str_ieq_c(text, "ilike") || tn_str_ieq_c(text, "regexp") || tn_str_ieq_c(text, "rlike") ||
        tn_str_ieq_c(text, "similar"))
        out->has_like = true;
    if (tn_str_ieq_c(text, "by"))
        c->by = true;
    else if (!tn_str_ieq_c(text, "asc") && !tn_str_ieq_c(text, "desc") && !tn_str_ieq_c(text, "nulls"))
        c->by = false;
    if (listed(red_flags, TN_ARRAY_LEN(red_flags), text)) {
        out->red_flag = true;
        salt_word(c, 3, text);
    }
}

static int64_t value_of(const struct tn_token *token, const struct tn_str *params, unsigned param_count)
{
    struct tn_str text = token->text;
    uint64_t      value;

    if (token->kind == TN_TOKEN_PARAM) {
        if (token->param == 0 || token->param > param_count || params[token->param - 1].ptr == NULL)
            return -2;
        text = params[token->param - 1];
    } else if (token->kind != TN_TOKEN_NUMBER) {
        return -1;
    }
    return tn_str_to_u64(text, INT64_MAX, &value) ? (int64_t)value : -2;
}

/* True for the place number of GROUP BY 2, which is no literal. */
static bool count_token(struct scanner *s, struct counts *c, const struct tn_str *params, unsigned param_count)
{
    struct tn_shape_scan *out = s->out;
    bool literal = s->token.kind == TN_TOKEN_NUMBER || s->token.kind == TN_TOKEN_STRING || s->token.kind == TN_TOKEN_PARAM;
    bool ordinal = c->by && s->token.kind == TN_TOKEN_NUMBER && (tn_str_ieq_c(s->last.text, "by") || s->last.punct == ',');

    count_word(s, c);
    if (tn_str_ieq_c(s->last.text, "limit") && s->last.kind == TN_TOKEN_WORD)
        out->limit = value_of(&s->token, params, param_count);
    if (literal) {
        c->elements++;
        if (ordinal)
            salt_word(c, 4 + c->depth, s->token.text);
    } else if (s->token.punct == '(') {
        c->elements = 0;
        if (c->values && (s->last_word == TN_WORD_values || s->last.punct == ','))
            out->rows++;
        c->depth++;
    } else if (s->token.punct == ')') {
        c->depth -= c->depth > 0;
        out->longest_list = TN_MAX(out->longest_list, c->elements);
        c->elements = 0;
    } else if (s->token.punct == ',') {
        c->commas += c->in_list && c->depth == 0;
    } else if (s->token.punct != '-' && s->token.punct != '+') {
        c->elements = 0;
    }
    return ordinal;
}

/* Names behind FROM and JOIN in full: the fingerprint takes the digits out of them. */
static void salt_relation(struct scanner *s, struct counts *c)
{
    bool digits = false;

    if (s->last.kind == TN_TOKEN_WORD && tn_str_ieq_c(s->last.text, "as"))
        return; /* the name of a column of the result */
    for (size_t i = 0; i < s->token.text.len; i++)
        digits = digits || (s->token.text.ptr[i] >= '0' && s->token.text.ptr[i] <= '9');
    if (digits && is_name(&s->token)) {
        char   name[128];
        size_t len = TN_MIN(s->token.text.len, sizeof name);

        for (size_t i = 0; i < len; i++)
            name[i] = tn_ascii_lower(s->token.text.ptr[i]);
        salt_word(c, 2, tn_str_n(name, len));
    }
}

static uint64_t size_class(unsigned n)
{
    return n < 4 ? n : n < 8 ? 4 : n < 16 ? 5 : n < 64 ? 6 : 7;
}

static void read_tokens(struct scanner *s, enum tn_dialect dialect, const struct tn_str *params, unsigned param_count)
{
    static const char *const renamed = "t1 t2 t3 t4 t5 t6 t7 t8 t9 taatabtactadtaetaftagtahtaitajtaktaltamtantaotaptaqtartastattautavtaw";
    struct tn_template tpl;
    struct counts      c = {.depth = 0};

    tn_template_init(&tpl);
    for (start(s, dialect); next(s);) {
        size_t        alias = alias_of(s);
        struct tn_str shown = s->token.text;
        bool          space = s->last.kind != TN_TOKEN_END && s->last.text.ptr + s->last.text.len != s->token.text.ptr;

        if (s->token.punct == ';')
            continue;
        if (alias > 0)
            shown = tn_str_n(renamed + (alias - 1) * 3, alias < 10 ? 2 : 3);
        if (count_token(s, &c, params, param_count) || alias > 0) {
            struct tn_token token = {.kind = TN_TOKEN_WORD, .text = shown};

            tn_template_add(&tpl, &token, TN_WORD_NONE);
        } else {
            salt_relation(s, &c);
            tn_template_add(&tpl, &s->token, s->word);
        }
        put_sql(s, shown, space);
    }
    s->out->tmpl[0] = tn_template_end(&tpl);
    s->out->tmpl[1] = tpl.hash2;
    s->out->salt = c.salt ^ tn_hash_mix(size_class(c.commas) | size_class(c.whens) << 8 | size_class(c.ors) << 16 | (uint64_t)(c.ands > 3) << 24);
}

/* A hint of the engine (slash-star-plus) changes how it runs. */
static uint64_t hints_of(struct tn_str text, enum tn_dialect dialect)
{
    struct tn_lexer lexer;
    struct tn_token token;
    struct tn_str   comment;
    uint64_t        salt = 0;

    if (memmem(text.ptr, text.len, "/*+", 3) == NULL)
        return 0;
    tn_lexer_init(&lexer, text, dialect);
    do {
        while (tn_lexer_comment(&lexer, &comment))
            if (comment.len > 3 && memcmp(comment.ptr, "/*+", 3) == 0)
                salt ^= tn_hash_mix(tn_hash_str(comment));
    } while (tn_lexer_next(&lexer, &token));
    return salt;
}

void tn_shape_scan(struct tn_shape_scan *out, struct tn_str text, enum tn_dialect dialect, const struct tn_str *params,
                   unsigned param_count)
{
    struct scanner s = {.out = out, .text = text};
    uint64_t       hints;

    out->red_flag = out->has_like = false;
    out->longest_list = out->rows = 0;
    out->limit = -1;
    out->sql_len = 0;
    find_aliases(&s, dialect);
    read_tokens(&s, dialect, params, param_count);
    hints = hints_of(text, dialect);
    out->tmpl[0] ^= hints; /* L1 drops comments too */
    out->tmpl[1] ^= hints;
    out->salt ^= hints;
    if (out->sql_len == SIZE_MAX)
        out->sql_len = 0;
    out->sql[out->sql_len] = '\0';
}
