#include "stats/scope.h"

void tn_scope_init(struct tn_scope *scope, struct tn_features *features, struct tn_level *levels)
{
    scope->features = features;
    scope->levels = levels;
    scope->depth = 0;
    scope->cte_count = 0;
    scope->name_start = NULL;
    levels[0] = (struct tn_level){.verb = TN_VERB_OTHER, .flags = LEVEL_FIRST | LEVEL_PLAIN};
}

struct tn_level *tn_scope_top(struct tn_scope *scope)
{
    return scope->depth < TN_SCOPE_LEVELS ? &scope->levels[scope->depth] : NULL;
}

struct tn_level *tn_scope_push(struct tn_scope *scope)
{
    struct tn_level *level;

    scope->depth++;
    level = tn_scope_top(scope);
    if (level != NULL)
        *level = (struct tn_level){.verb = TN_VERB_OTHER, .flags = LEVEL_FIRST};
    return level;
}

void tn_scope_pop(struct tn_scope *scope)
{
    struct tn_level *closed = tn_scope_top(scope);

    if (scope->depth == 0)
        return;
    scope->depth--;
    while (scope->cte_count > 0 && scope->ctes[scope->cte_count - 1].depth > scope->depth)
        scope->cte_count--;
    if (closed != NULL && (closed->flags & LEVEL_CTE_BODY) != 0 && scope->cte_count > 0)
        scope->ctes[scope->cte_count - 1].visible = true;
}

/* An unquoted name means the same in any case. */
static bool same_name(struct tn_str a, bool a_quoted, struct tn_str b, bool b_quoted)
{
    return a_quoted && b_quoted ? tn_str_eq(a, b) : tn_str_ieq(a, b);
}

static bool is_cte(const struct tn_scope *scope, struct tn_str name, bool quoted)
{
    for (size_t i = scope->cte_count; i-- > 0;)
        if (scope->ctes[i].visible && same_name(scope->ctes[i].name, scope->ctes[i].quoted, name, quoted))
            return true;
    return false;
}

/* WITH RECURSIVE lets a query name one that comes later: it was taken for a table. */
static void forget_table(struct tn_scope *scope, struct tn_str name, bool quoted)
{
    struct tn_features *features = scope->features;

    for (unsigned i = 0; i < features->table_count; i++) {
        if (!same_name(features->tables[i], scope->quoted[i], name, quoted))
            continue;
        features->table_count--;
        for (; i < features->table_count; i++) {
            features->tables[i] = features->tables[i + 1];
            scope->quoted[i] = scope->quoted[i + 1];
        }
        return;
    }
}

void tn_scope_cte(struct tn_scope *scope, const struct tn_token *name, bool visible)
{
    struct tn_cte cte = {
        .name = tn_token_name(name), .depth = scope->depth, .quoted = name->kind == TN_TOKEN_IDENT, .visible = visible};

    if (visible)
        forget_table(scope, cte.name, cte.quoted);
    if (scope->cte_count < TN_SCOPE_CTES)
        scope->ctes[scope->cte_count++] = cte;
}

static void add_table(struct tn_scope *scope, struct tn_str name, bool quoted, bool dotted)
{
    struct tn_features *features = scope->features;

    if (name.len == 0 || (!dotted && is_cte(scope, name, quoted)))
        return;
    for (unsigned i = 0; i < features->table_count; i++)
        if (same_name(features->tables[i], scope->quoted[i], name, quoted))
            return;
    if (features->table_count == TN_FEATURES_TABLES) {
        features->more_tables = true;
        return;
    }
    scope->quoted[features->table_count] = quoted;
    features->tables[features->table_count++] = name;
}

static bool is_temporary(struct tn_str name)
{
    return (name.len > 5 && tn_str_ieq(tn_str_n(name.ptr, 5), TN_STR("temp."))) ||
           (name.len > 8 && tn_str_ieq(tn_str_n(name.ptr, 8), TN_STR("pg_temp.")));
}

void tn_scope_name_begin(struct tn_scope *scope, const struct tn_token *token, bool target)
{
    struct tn_str name = tn_token_name(token);

    if (token->kind == TN_TOKEN_STRING)
        name = token->unterminated || name.len < 2 ? TN_STR("") : tn_str_n(name.ptr + 1, name.len - 2);
    scope->name_start = name.ptr;
    scope->name_end = name.ptr + name.len;
    scope->name_parts = 1;
    scope->name_quoted = token->kind != TN_TOKEN_WORD;
    scope->name_dotted = false;
    scope->name_target = target;
}

void tn_scope_name_end(struct tn_scope *scope)
{
    struct tn_str name;

    if (scope->name_start == NULL)
        return;
    name = tn_str_n(scope->name_start, (size_t)(scope->name_end - scope->name_start));
    if (scope->name_target && is_temporary(name) && scope->features->verb == TN_VERB_CREATE)
        scope->features->needs_session = true;
    add_table(scope, name, scope->name_quoted, scope->name_parts > 1);
    scope->name_start = NULL;
}

/* A second part makes the name run from its first byte as written, quotes included, to the end of that part. */
static void extend_name(struct tn_scope *scope, const struct tn_token *token)
{
    if (scope->name_parts == 1 && scope->name_quoted)
        scope->name_start--;
    scope->name_parts++;
    scope->name_quoted = false;
    scope->name_end = token->text.ptr + token->text.len;
    scope->name_dotted = false;
}

/* FROM ROWS FROM (f(), g()) */
static bool is_rows_from(const struct tn_scope *scope, const struct tn_token *token)
{
    size_t len = (size_t)(scope->name_end - scope->name_start);

    return tn_str_ieq(token->text, TN_STR("from")) && tn_str_ieq(tn_str_n(scope->name_start, len), TN_STR("rows"));
}

bool tn_scope_name_token(struct tn_scope *scope, const struct tn_token *token)
{
    bool named = token->kind == TN_TOKEN_WORD || token->kind == TN_TOKEN_IDENT;

    if (scope->name_start == NULL)
        return false;
    if (!scope->name_dotted && token->punct == '.') {
        scope->name_dotted = true;
        return true;
    }
    if (scope->name_dotted && named) {
        extend_name(scope, token);
        return true;
    }
    if (!scope->name_target && (token->punct == '(' || is_rows_from(scope, token)))
        scope->name_start = NULL; /* a table function */
    else
        tn_scope_name_end(scope);
    return false;
}
