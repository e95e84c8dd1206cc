#include "mysql/origins.h"

#include "engine/table_types.h"
#include "mysql/heads.h"
#include "mysql/plain.h"

enum { TABLES_MAX = 64, COLUMNS_MAX = 4096, MERGED_MAX = 256, LOOKS_MAX = 256 * 1024 /* comparisons, for which a worker waits */ };

struct table {
    struct tn_str  database, name, alias; /* NAME is empty: of a subquery */
    size_t         count;                 /* of its columns; 0 = not known */
    struct tn_str *columns;
};

struct from {
    struct table tables[TABLES_MAX];
    size_t       count;
    bool         merged; /* NATURAL, USING: a star has columns of several tables once */
};

static bool at_one_of(const struct tn_words *words, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (tn_words_at(words, list[i]))
            return true;
    return false;
}

static bool at_name(const struct tn_words *words)
{
    return words->token.kind == TN_TOKEN_IDENT || (words->token.kind == TN_TOKEN_WORD && words->token.text.ptr[0] != '@');
}

/* A word behind a table that is no alias of it. */
static bool at_word_behind(const struct tn_words *words)
{
    static const char *const list[] = {"join", "inner", "cross", "left", "right", "full", "outer", "natural", "straight_join", "on", "using", "where", "group",
                                       "having", "order", "limit", "union", "except", "intersect", "window", "for", "lock", "into", "procedure", "use",
                                       "force", "ignore", "partition", "lateral", "offset", "fetch"};

    return at_one_of(words, list, TN_ARRAY_LEN(list));
}

static bool at_set_operation(const struct tn_words *words)
{
    static const char *const list[] = {"union", "except", "intersect", "minus"};

    return at_one_of(words, list, TN_ARRAY_LEN(list));
}

static bool at_end(const struct tn_words *words)
{
    static const char *const list[] = {"where", "group", "having", "order", "limit", "window", "for", "lock", "into", "procedure", "union", "except",
                                       "intersect", "minus"};

    return tn_words_at_end(words) || tn_words_at_punct(words, ';') || at_one_of(words, list, TN_ARRAY_LEN(list));
}

static struct tn_str take_name(struct tn_words *words, struct tn_arena *arena)
{
    struct tn_str name = words->token.kind == TN_TOKEN_IDENT ? tn_my_unquote(words->token.text, arena) : words->token.text;

    tn_words_next(words);
    return name;
}

static bool read_alias(struct tn_words *words, struct table *table, struct tn_arena *arena)
{
    table->alias = table->name;
    if (tn_words_accept(words, "as")) {
        if (!at_name(words))
            return false;
        table->alias = take_name(words, arena);
    } else if (at_name(words) && !at_word_behind(words)) {
        table->alias = take_name(words, arena);
    }
    return true;
}

/* A table or a subquery with its alias. */
static bool read_table(struct tn_words *words, struct table *table, struct tn_str database, struct tn_arena *arena)
{
    *table = (struct table){.database = database, .name = TN_STR("")};
    if (tn_words_at_punct(words, '(')) {
        tn_words_skip_parentheses(words);
        return read_alias(words, table, arena);
    }
    if (!at_name(words))
        return false;
    table->name = take_name(words, arena);
    while (tn_words_accept_punct(words, '.')) {
        if (!at_name(words))
            return false;
        table->database = table->name;
        table->name = take_name(words, arena);
    }
    return !tn_words_at_punct(words, '(') && read_alias(words, table, arena); /* f(..) makes rows of its own */
}

static bool begins_subquery(struct tn_words ahead)
{
    while (tn_words_accept_punct(&ahead, '('))
        ;
    return tn_words_at(&ahead, "select") || tn_words_at(&ahead, "with") || tn_words_at(&ahead, "values") || tn_words_at(&ahead, "table");
}

/* What stands between two tables: index hints, ON and what follows it, kinds of joins. True: another table follows. */
static bool to_next_table(struct tn_words *words, struct from *from)
{
    while (!at_end(words)) {
        bool joins = tn_words_at(words, "join") || tn_words_at(words, "straight_join") || tn_words_at_punct(words, ',');

        from->merged = from->merged || tn_words_at(words, "natural") || tn_words_at(words, "using");
        if (joins) {
            tn_words_next(words);
            return true;
        }
        if (tn_words_at_punct(words, '('))
            tn_words_skip_parentheses(words);
        else if (tn_words_at(words, "use") || tn_words_at(words, "force") || tn_words_at(words, "ignore"))
            while (!at_end(words) && !tn_words_at_punct(words, '(')) /* INDEX FOR JOIN (..) */
                tn_words_next(words);
        else
            tn_words_next(words); /* also the end of a group of joins */
    }
    return false;
}

/* Of a set operation the columns are no table's. */
static bool read_from(struct tn_words *words, struct from *from, struct tn_str database, struct tn_arena *arena)
{
    from->count = 0;
    from->merged = false;
    if (!tn_words_accept(words, "from"))
        return false;
    do {
        while (tn_words_at_punct(words, '(') && !begins_subquery(*words))
            tn_words_next(words);
        tn_words_accept(words, "lateral");
        if (from->count == TABLES_MAX || !read_table(words, &from->tables[from->count++], database, arena))
            return false;
    } while (to_next_table(words, from));
    while (!tn_words_at_end(words) && !at_set_operation(words)) {
        if (tn_words_at_punct(words, '('))
            tn_words_skip_parentheses(words);
        else
            tn_words_next(words);
    }
    return tn_words_at_end(words);
}

/* ---- what is known of tables ---- */

/* A row of KNOWN: *COLUMN is empty where it is about something else. */
static bool next_known(struct tn_str *known, struct tn_str *table, struct tn_str *column)
{
    struct tn_str row;
    const char   *end;

    if (!tn_str_next_line(known, &row))
        return false;
    *table = *column = TN_STR("");
    if ((end = memchr(row.ptr, TN_TABLE_TYPES_SEPARATOR, row.len)) == NULL)
        return true;
    *table = tn_str_n(row.ptr, (size_t)(end - row.ptr));
    row = tn_str_n(end + 1, row.len - table->len - 1);
    end = memchr(row.ptr, TN_TABLE_TYPES_SEPARATOR, row.len);
    *column = tn_str_n(row.ptr, end == NULL ? row.len : (size_t)(end - row.ptr));
    return true;
}

static void learn(struct table *table, struct tn_str known, struct tn_arena *arena)
{
    struct tn_str rest = known, name, column;
    size_t        count = 0;

    if (table->name.len == 0)
        return;
    while (next_known(&rest, &name, &column))
        count += column.len > 0 && tn_str_ieq(name, table->name) ? 1 : 0;
    if (count == 0 || count > COLUMNS_MAX || (table->columns = tn_arena_alloc(arena, count * sizeof *table->columns)) == NULL)
        return;
    for (rest = known; next_known(&rest, &name, &column);)
        if (column.len > 0 && tn_str_ieq(name, table->name))
            table->columns[table->count++] = column;
}

/* Hundreds of tables' columns for thousands of the result's: then they are not looked for. */
static void learn_all(struct from *from, struct tn_str known, size_t columns, struct tn_arena *arena)
{
    size_t all = 0;

    for (size_t i = 0; i < from->count; i++) {
        learn(&from->tables[i], known, arena);
        all += from->tables[i].count;
    }
    for (size_t i = 0; all * columns > LOOKS_MAX && i < from->count; i++)
        from->tables[i].count = 0;
}

static bool has(const struct table *table, struct tn_str column)
{
    for (size_t i = 0; i < table->count; i++)
        if (tn_str_ieq(table->columns[i], column))
            return true;
    return false;
}

static const struct table *called(const struct from *from, struct tn_str alias)
{
    for (size_t i = 0; i < from->count; i++)
        if (tn_str_ieq(from->tables[i].alias, alias))
            return &from->tables[i];
    return NULL;
}

/* The table of a column without one: the only one that there is, or that has such a column. */
static const struct table *that_has(const struct from *from, struct tn_str column)
{
    const struct table *found = NULL;

    if (from->count == 1)
        return &from->tables[0];
    for (size_t i = 0; i < from->count; i++) {
        if (from->tables[i].count == 0)
            return NULL;
        if (!has(&from->tables[i], column))
            continue;
        if (found != NULL)
            return NULL;
        found = &from->tables[i];
    }
    return found;
}

/* ---- columns ---- */

static void give(struct tn_my_origin *origin, const struct table *table, struct tn_str column)
{
    if (table == NULL || (table->count > 0 && !has(table, column)))
        return;
    origin->schema = table->database;
    origin->table = table->alias;
    origin->original_table = table->name.len > 0 ? table->name : table->alias;
    origin->original = column;
}

/* The number of columns that STAR stands for; 0 = not known. */
static size_t width_of(const struct from *from, const struct tn_my_head *star)
{
    const struct table *table = star->table.len > 0 ? called(from, star->table) : from->count == 1 ? &from->tables[0] : NULL;
    size_t              width = 0;

    if (table != NULL)
        return table->count;
    for (size_t i = 0; star->table.len == 0 && !from->merged && i < from->count; i++) {
        if (from->tables[i].count == 0)
            return 0;
        width += from->tables[i].count;
    }
    return width;
}

/* How many columns a star stands for whose own number is not known: all that are left, if it is the only one. *REST: that number. */
static bool fits(const struct from *from, const struct tn_my_head *heads, size_t count, size_t columns, size_t *rest)
{
    size_t sum = 0, open = 0;

    for (size_t i = 0; i < count; i++) {
        size_t width = heads[i].star ? width_of(from, &heads[i]) : 1;

        sum += width;
        open += width == 0 ? 1 : 0;
    }
    *rest = open == 1 && sum <= columns ? columns - sum : 0;
    return open == 0 ? sum == columns : open == 1 && sum <= columns;
}

/* NATURAL and USING make one column of those of a name, which is the first table's. */
static void give_merged(struct tn_my_origin *origins, const struct tn_column *columns, size_t width, const struct from *from)
{
    for (size_t i = 0; i < width; i++) {
        const struct table *first = NULL;
        size_t              tables = 0, same = 0;

        for (size_t t = from->count; t-- > 0;)
            if (has(&from->tables[t], columns[i].name)) {
                first = &from->tables[t];
                tables++;
            }
        for (size_t k = 0; k < width; k++)
            same += tn_str_ieq(columns[k].name, columns[i].name) ? 1 : 0;
        if (tables == 1 || same == 1)
            give(&origins[i], first, columns[i].name);
    }
}

static void give_star(struct tn_my_origin *origins, const struct tn_column *columns, size_t width, const struct from *from, const struct tn_my_head *star)
{
    const struct table *table = star->table.len > 0 ? called(from, star->table) : from->count == 1 ? &from->tables[0] : NULL;
    size_t              at = 0;

    for (size_t i = 0; table != NULL && i < width; i++)
        give(&origins[i], table, columns[i].name);
    if (table == NULL && star->table.len == 0 && from->merged && width <= MERGED_MAX)
        give_merged(origins, columns, width, from);
    for (size_t t = 0; table == NULL && star->table.len == 0 && !from->merged && t < from->count; t++) {
        if (from->tables[t].count == 0)
            return;
        for (size_t i = 0; i < from->tables[t].count && at < width; i++, at++)
            give(&origins[at], &from->tables[t], from->tables[t].columns[i]);
    }
}

static void give_all(struct tn_my_origin *origins, const struct tn_schema *schema, const struct from *from, const struct tn_my_head *heads, size_t count,
                     size_t rest)
{
    for (size_t i = 0, at = 0; i < count && at < schema->count; i++) {
        size_t width = heads[i].star ? width_of(from, &heads[i]) : 1;

        width = TN_MIN(width == 0 ? rest : width, schema->count - at);
        if (heads[i].star)
            give_star(&origins[at], &schema->columns[at], width, from, &heads[i]);
        else if (heads[i].column.len > 0)
            give(&origins[at], heads[i].table.len > 0 ? called(from, heads[i].table) : that_has(from, heads[i].column), heads[i].column);
        at += width;
    }
}

const struct tn_my_origin *tn_my_origins(const struct tn_schema *schema, struct tn_str sql, struct tn_str known, struct tn_str database,
                                         struct tn_arena *arena)
{
    struct tn_words      words;
    struct tn_my_head   *heads;
    struct tn_my_origin *origins;
    struct from         *from;
    size_t               count, rest;

    if (schema == NULL || schema->count == 0 || schema->count > COLUMNS_MAX || (count = tn_my_heads_read(sql, &words, &heads, arena)) == 0)
        return NULL;
    from = tn_arena_alloc(arena, sizeof *from);
    origins = tn_arena_zalloc(arena, schema->count * sizeof *origins);
    if (from == NULL || origins == NULL || !read_from(&words, from, database, arena))
        return NULL;
    learn_all(from, known, schema->count, arena);
    for (size_t i = 0; i < schema->count; i++)
        origins[i] = (struct tn_my_origin){TN_STR(""), TN_STR(""), TN_STR(""), TN_STR("")};
    if (!fits(from, heads, count, schema->count, &rest))
        return NULL;
    give_all(origins, schema, from, heads, count, rest);
    return origins;
}
