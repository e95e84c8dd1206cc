#include "stats/shape_place.h"

static bool is_name(const struct tn_token *token)
{
    return token->kind == TN_TOKEN_WORD || token->kind == TN_TOKEN_IDENT;
}

void tn_place_init(struct tn_place *p)
{
    p->depth = 0;
    p->last = (struct tn_token){.kind = TN_TOKEN_END, .text = {"", 0}};
    p->last_word = p->before = TN_WORD_NONE;
    p->ended_items = 0;
    p->valued = false;
    p->levels[0] = (struct tn_place_level){.query = true};
}

static void end_list(struct tn_place *p, struct tn_place_level *level)
{
    if (level->list)
        p->ended_items = level->items;
    level->list = false;
}

static void end_tables(struct tn_place_level *level)
{
    level->table = PLACE_NONE;
    level->tables = false;
    level->by = PLACE_NO_BY;
}

static void expect_table(struct tn_place *p, struct tn_place_level *level)
{
    end_list(p, level);
    level->table = PLACE_BEFORE;
    level->tables = true;
    level->by = PLACE_NO_BY;
}

/* read_parquet('a'), iceberg_scan('b'): the string is a table's name. */
static bool reads_files(struct tn_str name)
{
    if (name.len <= 5)
        return false;
    return tn_str_ieq(tn_str_n(name.ptr, 5), TN_STR("read_")) || tn_str_ieq(tn_str_n(name.ptr + name.len - 5, 5), TN_STR("_scan"));
}

static void on_open(struct tn_place *p, struct tn_place_level *level)
{
    struct tn_place_level inner = {.table = PLACE_NONE};

    if (level != NULL && p->last.kind != TN_TOKEN_END) {
        bool grouped = p->last_word == TN_WORD_rollup || p->last_word == TN_WORD_cube || p->last_word == TN_WORD_sets ||
                       p->last_word == TN_WORD_by || p->last.punct == '(' || p->last.punct == ',';

        if (level->table == PLACE_BEFORE) {
            inner.table = PLACE_BEFORE;
            inner.query = inner.tables = true;
            level->table = PLACE_AFTER;
        } else if (level->table == PLACE_NAME) {
            inner.files = reads_files(p->last.text);
            level->table = PLACE_AFTER;
        }
        if (level->by == PLACE_GROUP_BY && grouped)
            inner.by = PLACE_GROUP_BY;
        if (p->last_word == TN_WORD_on && p->before == TN_WORD_distinct)
            inner.by = PLACE_GROUP_BY;
        inner.files = inner.files || (level->files && p->last.punct != '\0');
    }
    p->depth++;
    if (p->depth < TN_PLACE_LEVELS)
        p->levels[p->depth] = inner;
}

static void on_close(struct tn_place *p, struct tn_place_level *level)
{
    if (level != NULL)
        end_list(p, level);
    if (p->depth > 0)
        p->depth--;
}

/* Words that begin the next clause, or may stand behind a table and are no alias. */
static bool ends_table(enum tn_word word, struct tn_str text)
{
    static const char *const others[] = {"anti", "force", "positional", "semi", "match_recognize", "connect", "version", "sort", "distribute"};

    switch (word) {
    case TN_WORD_all: case TN_WORD_and: case TN_WORD_any: case TN_WORD_array: case TN_WORD_asof: case TN_WORD_by: case TN_WORD_cluster:
    case TN_WORD_connect: case TN_WORD_cross: case TN_WORD_default: case TN_WORD_do: case TN_WORD_end: case TN_WORD_except: case TN_WORD_exists:
    case TN_WORD_fetch: case TN_WORD_final: case TN_WORD_for: case TN_WORD_from: case TN_WORD_full: case TN_WORD_global:
    case TN_WORD_group: case TN_WORD_having: case TN_WORD_ignore: case TN_WORD_in: case TN_WORD_inner: case TN_WORD_intersect:
    case TN_WORD_into: case TN_WORD_is: case TN_WORD_join: case TN_WORD_lateral: case TN_WORD_left: case TN_WORD_like:
    case TN_WORD_limit: case TN_WORD_minus: case TN_WORD_natural: case TN_WORD_not: case TN_WORD_offset: case TN_WORD_on:
    case TN_WORD_or: case TN_WORD_order: case TN_WORD_outer: case TN_WORD_pivot: case TN_WORD_prewhere: case TN_WORD_qualify:
    case TN_WORD_returning: case TN_WORD_right: case TN_WORD_sample: case TN_WORD_select: case TN_WORD_set: case TN_WORD_settings:
    case TN_WORD_straight_join: case TN_WORD_tablesample: case TN_WORD_union: case TN_WORD_unpivot: case TN_WORD_use:
    case TN_WORD_using: case TN_WORD_values: case TN_WORD_when: case TN_WORD_where: case TN_WORD_window: case TN_WORD_with:
        return true;
    default:
        break;
    }
    for (size_t i = 0; word == TN_WORD_NONE && i < TN_ARRAY_LEN(others); i++)
        if (tn_str_ieq_c(text, others[i]))
            return true;
    return false;
}

static bool after_dot(const struct tn_place *p)
{
    return p->last.punct == '.';
}

static bool stands_before_table(enum tn_word word)
{
    return word == TN_WORD_lateral || word == TN_WORD_only || word == TN_WORD_table || word == TN_WORD_if || word == TN_WORD_not ||
           word == TN_WORD_exists;
}

static enum tn_role behind_table(struct tn_place_level *level, const struct tn_stream_token *now, const struct tn_stream_token *ahead)
{
    if (now->word == TN_WORD_as) {
        level->table = PLACE_AS;
        return is_name(&ahead->token) ? TN_ROLE_AS : TN_ROLE_OTHER;
    }
    if (now->token.kind == TN_TOKEN_WORD && ends_table(now->word, now->token.text)) {
        level->table = PLACE_NONE;
        return TN_ROLE_OTHER;
    }
    level->table = PLACE_ALIASED;
    return TN_ROLE_ALIAS;
}

/* A name in the list of tables. */
static enum tn_role on_table_name(struct tn_place *p, struct tn_place_level *level, const struct tn_stream_token *now,
                                  const struct tn_stream_token *ahead)
{
    switch (level->table) {
    case PLACE_BEFORE:
        if (stands_before_table(now->word))
            return TN_ROLE_OTHER;
        level->table = PLACE_NAME;
        return TN_ROLE_RELATION;
    case PLACE_NAME:
        return after_dot(p) ? TN_ROLE_RELATION : behind_table(level, now, ahead);
    case PLACE_AFTER:
        return behind_table(level, now, ahead);
    case PLACE_AS:
        level->table = PLACE_ALIASED;
        return TN_ROLE_ALIAS;
    default:
        return TN_ROLE_OTHER;
    }
}

static bool updates(const struct tn_place *p) /* UPDATE as a statement, not ON CONFLICT DO UPDATE, FOR UPDATE .. */
{
    return p->last_word != TN_WORD_for && p->last_word != TN_WORD_key && p->last_word != TN_WORD_do && p->last_word != TN_WORD_on &&
           p->last_word != TN_WORD_then && p->last.punct != ',';
}

static void on_by(const struct tn_place *p, struct tn_place_level *level)
{
    if (p->last_word == TN_WORD_group)
        level->by = PLACE_GROUP_BY;
    else
        level->by = p->last_word == TN_WORD_order ? PLACE_ORDER_BY : PLACE_NO_BY;
}

static void on_from(struct tn_place *p, struct tn_place_level *level)
{
    if (p->last_word == TN_WORD_distinct && (p->before == TN_WORD_is || p->before == TN_WORD_not))
        return;
    level->query = level->query || p->last.punct == '(';
    if (level->query)
        expect_table(p, level);
}

/* Keywords that move the state. True when the word was one. */
static bool on_keyword(struct tn_place *p, struct tn_place_level *level, const struct tn_stream_token *now,
                       const struct tn_stream_token *ahead)
{
    switch (now->word) {
    case TN_WORD_select:
        end_tables(level);
        end_list(p, level);
        level->query = level->list = true;
        level->items = 1;
        return true;
    case TN_WORD_from:
        on_from(p, level);
        return true;
    case TN_WORD_join:
    case TN_WORD_straight_join:
    case TN_WORD_into:
        expect_table(p, level);
        return true;
    case TN_WORD_table:
        if (level->table != PLACE_BEFORE && level->query)
            expect_table(p, level);
        return true;
    case TN_WORD_update:
        if (updates(p)) {
            level->query = true;
            expect_table(p, level);
        }
        return true;
    case TN_WORD_using:
        if (ahead->token.punct == '(')
            level->table = PLACE_AFTER;
        else
            expect_table(p, level);
        return true;
    case TN_WORD_ordinality:
        level->table = PLACE_AFTER;
        return true;
    case TN_WORD_on:
        if (p->last_word != TN_WORD_distinct)
            level->table = PLACE_NONE;
        return true;
    case TN_WORD_by:
        on_by(p, level);
        return true;
    default:
        return false;
    }
}

static bool on_clause(struct tn_place *p, struct tn_place_level *level, enum tn_word word)
{
    switch (word) {
    case TN_WORD_except:
    case TN_WORD_union:
    case TN_WORD_intersect:
    case TN_WORD_minus:
    case TN_WORD_with:
        if (word == TN_WORD_except && p->last.punct == '*') /* SELECT * EXCEPT (a) */
            return true;
        end_list(p, level);
        end_tables(level);
        return true;
    case TN_WORD_where:
    case TN_WORD_having:
    case TN_WORD_limit:
    case TN_WORD_offset:
    case TN_WORD_fetch:
    case TN_WORD_window:
    case TN_WORD_returning:
    case TN_WORD_qualify:
    case TN_WORD_set:
    case TN_WORD_values:
    case TN_WORD_for:
    case TN_WORD_rows:
    case TN_WORD_range:
    case TN_WORD_groups:
    case TN_WORD_group:
    case TN_WORD_order:
        end_tables(level);
        return true;
    default:
        return false;
    }
}

/* Nothing but the number or name stands between the commas. */
static bool is_element(const struct tn_place *p, const struct tn_stream_token *ahead)
{
    bool begins = p->last_word == TN_WORD_by || p->last.punct == ',' || p->last.punct == '(';
    bool ends = ahead->token.kind == TN_TOKEN_END || ahead->token.kind == TN_TOKEN_WORD || ahead->token.punct == ',' ||
                ahead->token.punct == ')' || ahead->token.punct == ';';

    return begins && ends;
}

static enum tn_role on_name(struct tn_place *p, struct tn_place_level *level, const struct tn_stream_token *now,
                            const struct tn_stream_token *ahead)
{
    bool         plain = now->token.kind == TN_TOKEN_WORD && !after_dot(p);
    enum tn_role role;

    if (level->list && p->last_word == TN_WORD_as && !after_dot(p))
        return TN_ROLE_COLUMN;
    if (level->table != PLACE_AS && plain && on_keyword(p, level, now, ahead))
        return TN_ROLE_OTHER;
    if (level->table == PLACE_BEFORE && plain && (now->word == TN_WORD_with || now->word == TN_WORD_values))
        level->table = PLACE_NONE;
    role = on_table_name(p, level, now, ahead);
    if (role != TN_ROLE_OTHER)
        return role;
    if (plain && on_clause(p, level, now->word))
        return TN_ROLE_OTHER;
    return level->by == PLACE_ORDER_BY && !after_dot(p) && is_element(p, ahead) ? TN_ROLE_ORDER : TN_ROLE_OTHER;
}

static bool is_small_number(struct tn_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    return text.len <= 4;
}

static enum tn_role on_literal(struct tn_place *p, struct tn_place_level *level, const struct tn_token *token,
                               const struct tn_stream_token *ahead)
{
    bool named = token->kind == TN_TOKEN_STRING && level->table == PLACE_BEFORE, file = token->kind == TN_TOKEN_STRING && level->files;
    bool element = token->kind == TN_TOKEN_NUMBER && level->by != PLACE_NO_BY && is_element(p, ahead);

    p->valued = p->valued || named || file || element;
    if (named)
        level->table = PLACE_NAME;
    if (named || file)
        return named ? TN_ROLE_RELATION : TN_ROLE_FILE;
    return element && is_small_number(token->text) ? TN_ROLE_ORDINAL : TN_ROLE_OTHER;
}

static void on_punct(struct tn_place *p, struct tn_place_level *level, char punct)
{
    switch (punct) {
    case '(':
    case '[':
    case '{':
        on_open(p, level);
        return;
    case ')':
    case ']':
    case '}':
        on_close(p, level);
        return;
    case ',':
        if (level != NULL && level->tables)
            level->table = PLACE_BEFORE;
        if (level != NULL && level->list)
            level->items++;
        return;
    case '.':
        return;
    case ';':
        if (level != NULL) {
            end_list(p, level);
            end_tables(level);
        }
        return;
    default:
        if (level != NULL)
            level->table = PLACE_NONE;
        return;
    }
}

enum tn_role tn_place_token(struct tn_place *p, const struct tn_stream_token *now, const struct tn_stream_token *ahead)
{
    struct tn_place_level *level = p->depth < TN_PLACE_LEVELS ? &p->levels[p->depth] : NULL;
    enum tn_role           role = TN_ROLE_OTHER;

    p->ended_items = 0;
    if (now->token.kind == TN_TOKEN_PUNCT)
        on_punct(p, level, now->token.punct);
    else if (level != NULL && is_name(&now->token))
        role = on_name(p, level, now, ahead);
    else if (level != NULL)
        role = on_literal(p, level, &now->token, ahead);
    p->before = p->last_word;
    p->last = now->token;
    p->last_word = now->word;
    return role;
}

unsigned tn_place_end(struct tn_place *p)
{
    unsigned items = 0;

    for (; items == 0 && p->depth > 0; p->depth--)
        if (p->depth < TN_PLACE_LEVELS && p->levels[p->depth].list)
            items = p->levels[p->depth].items;
    if (items == 0 && p->levels[0].list) {
        items = p->levels[0].items;
        p->levels[0].list = false;
    }
    return items;
}
