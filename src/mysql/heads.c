#include "mysql/heads.h"

#include "mysql/plain.h"

enum { HEADS_MAX = 4096, NAME_MAX_BYTES = 256 };

struct item {
    const char     *from, *to;
    struct tn_token first, last, before; /* before: the one before the last */
    struct tn_token column, owner; /* the last name of the path that it begins with, and the one before */
    unsigned        tokens, depth, path_tokens;
    bool            path;      /* a, a.b, a.b.c as far as it was read */
    bool            strings;   /* nothing but strings: they are one */
    bool            star;      /* it ends in one: *, t.* */
    bool            interval;
};

static bool is_one_of(struct tn_str word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (tn_str_ieq_c(word, words[i]))
            return true;
    return false;
}
#define IS_ONE_OF(word, words) is_one_of(word, words, TN_ARRAY_LEN(words))

static bool is_punct(const struct tn_token *token, char punct)
{
    return token->kind == TN_TOKEN_PUNCT && token->punct == punct;
}

/* What may stand behind the list. */
static bool ends_list(const struct tn_token *token)
{
    static const char *const words[] = {"from", "into", "where", "group", "having", "order", "limit", "union", "except", "intersect", "window", "for", "lock",
                                        "procedure"};

    return token->kind == TN_TOKEN_END || token->punct == ';' || (token->kind == TN_TOKEN_WORD && IS_ONE_OF(token->text, words));
}

static bool is_name(const struct tn_token *token)
{
    return token->kind == TN_TOKEN_IDENT || (token->kind == TN_TOKEN_WORD && token->text.ptr[0] != '@');
}

/* What stands before a last word takes it as its operand, or is a part of the same thing: the word is no alias. */
static bool wants_operand(const struct tn_token *token)
{
    static const char *const words[] = {"and", "or", "not", "xor", "is", "like", "rlike", "regexp", "div", "mod", "binary", "collate", "interval",
                                        "date", "time", "timestamp", "escape", "in", "between", "when", "then", "else", "case", "distinct", "all", "using", "of"};

    if (token->kind == TN_TOKEN_WORD)
        return token->text.ptr[0] == '_' || IS_ONE_OF(token->text, words); /* _utf8mb4 'x' */
    return token->kind == TN_TOKEN_PUNCT && !is_punct(token, ')');
}

static bool is_unit(const struct item *item)
{
    static const char *const units[] = {"microsecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year", "second_microsecond",
                                        "minute_microsecond", "minute_second", "hour_microsecond", "hour_second", "hour_minute", "day_microsecond",
                                        "day_second", "day_minute", "day_hour", "year_month"};

    return item->interval && item->last.kind == TN_TOKEN_WORD && IS_ONE_OF(item->last.text, units);
}

static struct tn_str unquoted(const struct tn_token *token, struct tn_arena *arena)
{
    return token->kind == TN_TOKEN_WORD ? token->text : tn_my_unquote(token->text, arena);
}

static bool is_alias(const struct item *item)
{
    static const char *const never[] = {"end", "null", "true", "false", "unknown"};

    if (item->tokens < 2 || (!is_name(&item->last) && item->last.kind != TN_TOKEN_STRING))
        return false;
    if (item->before.kind == TN_TOKEN_WORD && tn_str_ieq_c(item->before.text, "as"))
        return true;
    if (item->strings || wants_operand(&item->before) || is_unit(item))
        return false;
    return item->last.kind != TN_TOKEN_WORD || !IS_ONE_OF(item->last.text, never);
}

/* Without its parentheses, and a plus, where nothing but they are around a name or a literal. */
static void strip(struct item *item, struct tn_str *text)
{
    struct tn_words words;
    struct tn_token    only;
    unsigned           open = 0;

    tn_words_init(&words, *text, TN_DIALECT_MYSQL);
    while (words.token.punct == '(' || words.token.punct == '+') {
        open += words.token.punct == '(' ? 1 : 0;
        tn_words_next(&words);
    }
    only = words.token;
    if (only.text.ptr == text->ptr || (!is_name(&only) && only.kind != TN_TOKEN_NUMBER && only.kind != TN_TOKEN_STRING))
        return;
    tn_words_next(&words);
    while (only.kind != TN_TOKEN_NUMBER && only.kind != TN_TOKEN_STRING && tn_words_accept_punct(&words, '.')) {
        only = words.token;
        tn_words_next(&words);
    }
    while (open > 0 && tn_words_accept_punct(&words, ')'))
        open--;
    if (open > 0 || words.token.kind != TN_TOKEN_END)
        return;
    *text = only.text;
    item->first = item->last = only;
    item->path = is_name(&only);
    item->strings = only.kind == TN_TOKEN_STRING;
}

static struct tn_str cut(struct tn_str name)
{
    size_t len = TN_MIN(name.len, (size_t)NAME_MAX_BYTES);

    return len == name.len ? name : tn_str_n(name.ptr, tn_utf8_valid_prefix(name.ptr, len));
}

static struct tn_str name_of(struct item *item, struct tn_arena *arena)
{
    static const char *const constants[] = {"NULL", "TRUE", "FALSE"};
    struct tn_str            text = tn_str_n(item->from, (size_t)(item->to - item->from));

    if (is_alias(item))
        return unquoted(&item->last, arena);
    strip(item, &text);
    for (size_t i = 0; i < TN_ARRAY_LEN(constants); i++)
        if (tn_str_ieq_c(text, constants[i]))
            return tn_str(constants[i]);
    if (item->strings && (item->first.text.ptr[0] == '\'' || item->first.text.ptr[0] == '"'))
        return unquoted(&item->first, arena);
    if (item->path)
        return unquoted(&item->last, arena);
    return cut(text);
}

/* ---- the list ---- */

static void take(struct item *item, const struct tn_token *token)
{
    bool dot = is_punct(token, '.'), behind_dot = item->tokens == 0 || is_punct(&item->last, '.');

    if (item->tokens++ == 0) {
        item->from = token->text.ptr;
        item->first = *token;
        item->path = item->strings = true;
    }
    item->before = item->last;
    item->last = *token;
    item->to = token->text.ptr + token->text.len;
    item->path = item->path && (behind_dot ? is_name(token) : dot);
    if (item->path)
        item->path_tokens = item->tokens;
    if (item->path && !dot) {
        item->owner = item->column;
        item->column = *token;
    }
    item->strings = item->strings && token->kind == TN_TOKEN_STRING;
    item->star = is_punct(token, '*') && (item->tokens == 1 || is_punct(&item->before, '.'));
    item->interval = item->interval || (token->kind == TN_TOKEN_WORD && tn_str_ieq_c(token->text, "interval"));
    item->depth += is_punct(token, '(') ? 1 : 0;
    item->depth -= is_punct(token, ')') && item->depth > 0 ? 1 : 0;
}

/* Between SELECT and its list. */
static bool is_modifier(const struct tn_token *token)
{
    static const char *const modifiers[] = {"all", "distinct", "distinctrow", "high_priority", "straight_join", "sql_small_result", "sql_big_result",
                                            "sql_buffer_result", "sql_no_cache", "sql_cache", "sql_calc_found_rows"};

    return token->kind == TN_TOKEN_WORD && IS_ONE_OF(token->text, modifiers);
}

enum tn_my_list_word tn_my_list_word(const struct tn_token *token)
{
    if (token->kind == TN_TOKEN_WORD && (tn_str_ieq_c(token->text, "select") || tn_str_ieq_c(token->text, "returning")))
        return TN_MY_LIST_BEGINS;
    if (is_modifier(token))
        return TN_MY_LIST_MODIFIER;
    return ends_list(token) ? TN_MY_LIST_ENDS : TN_MY_LIST_INSIDE;
}

/* Behind SELECT of the statement whose columns they are; false: there is none. */
static bool to_list(struct tn_words *words)
{
    unsigned depth = 0;

    while (tn_words_accept_punct(words, '('))
        ;
    if (tn_words_accept(words, "with"))
        while (words->token.kind != TN_TOKEN_END && (depth > 0 || !tn_words_at(words, "select"))) {
            depth += is_punct(&words->token, '(') ? 1 : 0;
            depth -= is_punct(&words->token, ')') && depth > 0 ? 1 : 0;
            tn_words_next(words);
        }
    return tn_words_accept(words, "select");
}

static bool find_list(struct tn_words *words)
{
    if (!to_list(words))
        return false;
    while (is_modifier(&words->token))
        tn_words_next(words);
    return true;
}

bool tn_my_counts_found(struct tn_str sql, struct tn_str *modifier)
{
    struct tn_words words;

    tn_words_init(&words, sql, TN_DIALECT_MYSQL);
    if (!to_list(&words))
        return false;
    for (; is_modifier(&words.token); tn_words_next(&words)) {
        *modifier = words.token.text;
        if (tn_words_at(&words, "sql_calc_found_rows"))
            return true;
    }
    return false;
}

/* The next item; false behind the last one. */
static bool read_item(struct tn_words *words, struct item *item)
{
    *item = (struct item){.tokens = 0};
    while (item->depth > 0 ? words->token.kind != TN_TOKEN_END
                           : !ends_list(&words->token) && !is_punct(&words->token, ',') && !is_punct(&words->token, ')')) {
        take(item, &words->token);
        tn_words_next(words);
    }
    return item->tokens > 0;
}

bool tn_my_list_names(struct tn_str text, struct tn_str *name)
{
    struct tn_words words;
    struct item     item;

    tn_words_init(&words, text, TN_DIALECT_MYSQL);
    *name = cut(text);
    return read_item(&words, &item) && is_alias(&item);
}

/* No list has more items than its text has commas, and one. */
static size_t most_names(struct tn_str sql)
{
    size_t count = 1;

    for (const char *at = sql.ptr, *end = sql.ptr + sql.len; count < HEADS_MAX && (at = memchr(at, ',', (size_t)(end - at))) != NULL; at++)
        count++;
    return count;
}

static bool is_constant(const struct tn_token *token)
{
    static const char *const constants[] = {"null", "true", "false", "default", "current_date", "current_time", "current_timestamp", "current_user",
                                            "current_role", "localtime", "localtimestamp", "utc_date", "utc_time", "utc_timestamp"};

    return token->kind == TN_TOKEN_WORD && IS_ONE_OF(token->text, constants);
}

/* Is it a column's name, alone or with an alias? */
static bool is_column(const struct item *item)
{
    unsigned more = item->tokens - item->path_tokens;

    if (item->path_tokens == 0 || (item->path_tokens == 1 && is_constant(&item->column)))
        return false;
    return more == 0 || (is_alias(item) && (more == 1 || (more == 2 && item->before.kind == TN_TOKEN_WORD && tn_str_ieq_c(item->before.text, "as"))));
}

static struct tn_my_head head_of(struct item *item, struct tn_arena *arena)
{
    struct tn_my_head head = {.name = TN_STR("*"), .star = item->star, .table = TN_STR(""), .column = TN_STR("")};

    if (item->star && item->tokens > 1)
        head.table = unquoted(&item->column, arena);
    if (item->star)
        return head;
    if (is_column(item)) {
        head.column = unquoted(&item->column, arena);
        head.table = item->path_tokens > 1 ? unquoted(&item->owner, arena) : TN_STR("");
    }
    head.name = name_of(item, arena);
    return head;
}

static size_t read_heads(struct tn_words *words, struct tn_my_head *heads, size_t max, struct tn_arena *arena)
{
    struct item item;
    size_t      count = 0;

    while (count < max && read_item(words, &item)) {
        heads[count++] = head_of(&item, arena);
        if (!tn_words_accept_punct(words, ','))
            return count;
    }
    return 0; /* too many, or one that is none */
}

size_t tn_my_heads_read(struct tn_str sql, struct tn_words *words, struct tn_my_head **heads, struct tn_arena *arena)
{
    size_t max = most_names(sql);

    tn_words_init(words, sql, TN_DIALECT_MYSQL);
    if (!find_list(words) || (*heads = tn_arena_alloc(arena, max * sizeof **heads)) == NULL)
        return 0;
    return read_heads(words, *heads, max, arena);
}

/* Names from the left until the first star, from the right until the last one. */
static void give(struct tn_column *columns, size_t column_count, const struct tn_my_head *heads, size_t count)
{
    size_t star_count = 0, at;

    for (size_t i = 0; i < count; i++)
        star_count += heads[i].star ? 1 : 0;
    if (star_count == 0 ? count != column_count : count - star_count > column_count)
        return;
    for (at = 0; at < count && !heads[at].star; at++)
        columns[at].name = heads[at].name.ptr != NULL ? heads[at].name : columns[at].name;
    for (size_t back = 1; star_count > 0 && !heads[count - back].star; back++)
        if (heads[count - back].name.ptr != NULL)
            columns[column_count - back].name = heads[count - back].name;
}

const struct tn_schema *tn_my_heads(const struct tn_schema *schema, struct tn_str sql, struct tn_arena *arena)
{
    struct tn_words    words;
    struct tn_schema  *named;
    struct tn_column  *columns;
    struct tn_my_head *heads;
    size_t             count;

    if (schema == NULL || schema->count == 0 || schema->count > HEADS_MAX || (count = tn_my_heads_read(sql, &words, &heads, arena)) == 0)
        return schema;
    named = tn_arena_alloc(arena, sizeof *named);
    columns = tn_arena_alloc(arena, schema->count * sizeof *columns);
    if (named == NULL || columns == NULL)
        return schema;
    *named = *schema;
    memcpy(columns, schema->columns, schema->count * sizeof *columns);
    named->columns = columns;
    give(columns, schema->count, heads, count);
    return named;
}
