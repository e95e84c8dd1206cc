/* Parameters: `:name` in the text, and each `?` of a list, becomes $1, $2 ... Values are bound, never part of the text. */
#include "rest/private.h"

#include "stats/lexer.h"

struct binding {
    const struct tn_json_node *node;
    unsigned                   number; /* $n; 0 = not used yet */
};

struct binder {
    struct binding *items;
    size_t          count;
    unsigned        used;
    bool            numbered; /* the text has $n itself */
};

static struct binding *find(struct binder *binder, struct tn_str name)
{
    for (size_t i = 0; i < binder->count; i++)
        if (tn_str_eq(binder->items[i].node->name, name))
            return &binder->items[i];
    return NULL;
}

/* What a value cannot follow: in [1:n] and {'a':n} the colon begins no name. */
static bool is_operand(const struct tn_token *token)
{
    return token->kind == TN_TOKEN_PUNCT ? token->punct == ')' || token->punct == ']' : token->kind != TN_TOKEN_END;
}

static bool touch(const struct tn_token *a, const struct tn_token *b)
{
    return a->text.ptr != NULL && a->text.ptr + a->text.len == b->text.ptr;
}

/* COLON begins the name of a parameter. BEFORE: the token before it, NAME: the one behind it. */
static bool is_mark(const struct tn_token *before, const struct tn_token *colon, const struct tn_token *name)
{
    return name->kind == TN_TOKEN_WORD && colon->kind == TN_TOKEN_PUNCT && colon->punct == ':' && touch(colon, name) &&
           !(touch(before, colon) && is_operand(before));
}

/* Writes the text with numbers for names. A colon that no name follows, or a name that is no parameter, stays: a slice, a cast. */
static void rewrite(struct binder *binder, struct tn_str sql, struct tn_buf *out)
{
    struct tn_lexer lexer;
    struct tn_token token, colon = {.kind = TN_TOKEN_END}, before = colon;
    const char     *copied = sql.ptr;

    tn_lexer_init(&lexer, sql, TN_DIALECT_POSTGRES);
    while (tn_lexer_next(&lexer, &token)) {
        struct binding *binding = is_mark(&before, &colon, &token) ? find(binder, token.text) : NULL;

        binder->numbered = binder->numbered || (token.kind == TN_TOKEN_PARAM && token.param > 0);
        if (binding != NULL) {
            if (binding->number == 0)
                binding->number = ++binder->used;
            tn_buf_append(out, copied, (size_t)(colon.text.ptr - copied));
            tn_buf_printf(out, "$%u", binding->number);
            copied = token.text.ptr + token.text.len;
        }
        before = colon;
        colon = token;
    }
    tn_buf_append(out, copied, (size_t)(sql.ptr + sql.len - copied));
}

static enum tn_status check_used(const struct binder *binder, struct tn_error *err)
{
    for (size_t i = 0; i < binder->count; i++)
        if (binder->items[i].number == 0)
            return tn_fail(err, TN_E_INVALID, "22023", "parameter `%.64s` is not used: the statement has no :%.64s", binder->items[i].node->name.ptr,
                           binder->items[i].node->name.ptr);
    if (binder->numbered)
        return tn_fail(err, TN_E_INVALID, "22023", "the statement has $1 as well as parameters by name; give `parameters` as a list, or name them all");
    return TN_OK;
}

static enum tn_status bind_names(struct binder *binder, struct tn_str sql, struct tn_arena *arena, struct tn_str *out, struct tn_param *items,
                                 struct tn_error *err)
{
    struct tn_buf  text;
    enum tn_status status;

    tn_buf_init(&text, sql.len * 2 + 4096);
    rewrite(binder, sql, &text);
    status = check_used(binder, err);
    if (status == TN_OK && (text.failed || !tn_arena_str(arena, tn_buf_str(&text), out)))
        status = tn_fail(err, TN_E_NOMEM, "53200", "no memory for a statement");
    tn_buf_reset(&text);
    for (size_t i = 0; status == TN_OK && i < binder->count; i++)
        status = tn_rest_param_read(binder->items[i].node, binder->items[i].node->name.ptr, arena, &items[binder->items[i].number - 1], err);
    return status;
}

/* The greatest n of $n; MARKS: how many `?` there are, which may be parameters or operators. */
static uint32_t greatest(struct tn_str sql, size_t *marks)
{
    struct tn_lexer lexer;
    struct tn_token token;
    uint32_t        n = 0;

    *marks = 0;
    tn_lexer_init(&lexer, sql, TN_DIALECT_POSTGRES);
    while (tn_lexer_next(&lexer, &token)) {
        for (size_t i = 0; i < token.text.len && (token.kind == TN_TOKEN_PUNCT || token.kind == TN_TOKEN_PARAM); i++)
            *marks += token.text.ptr[i] == '?'; /* =? is one token here */
        if (token.kind == TN_TOKEN_PARAM)
            n = TN_MAX(n, token.param);
    }
    return n;
}

/* Not ?1, which has a number of its own, and not an operator with a mark in it. AT: of the mark. */
static bool is_plain(struct tn_str sql, size_t at)
{
    char before = at > 0 ? sql.ptr[at - 1] : ' ', next = at + 1 < sql.len ? sql.ptr[at + 1] : ' ', last = at + 2 < sql.len ? sql.ptr[at + 2] : ' ';

    return before != '@' && before != '?' && strchr("?&#0123456789", next) == NULL && (next != '|' || last == '|');
}

/* The text with $1, $2 ... for its marks. False: some are no parameters, or no memory. */
static bool number_marks(struct tn_str sql, struct tn_buf *out)
{
    struct tn_lexer lexer;
    struct tn_token token;
    size_t          copied = 0;
    unsigned        number = 0;

    tn_lexer_init(&lexer, sql, TN_DIALECT_POSTGRES);
    while (tn_lexer_next(&lexer, &token))
        for (size_t i = 0; i < token.text.len && (token.kind == TN_TOKEN_PUNCT || token.kind == TN_TOKEN_PARAM); i++) {
            size_t at = (size_t)(token.text.ptr - sql.ptr) + i;

            if (sql.ptr[at] != '?')
                continue;
            if (!is_plain(sql, at))
                return false;
            tn_buf_append(out, sql.ptr + copied, at - copied);
            tn_buf_printf(out, "$%u", ++number);
            copied = at + 1;
        }
    tn_buf_append(out, sql.ptr + copied, sql.len - copied);
    return !out->failed;
}

static enum tn_status check_count(size_t count, uint32_t n, size_t marks, struct tn_error *err)
{
    if (marks == 0 && n > count)
        return tn_fail(err, TN_E_INVALID, "22023", "the statement has $%u, and `parameters` %zu value%s", n, count, count == 1 ? "" : "s");
    if (marks == 0 && n < count)
        return tn_fail(err, TN_E_INVALID, "22023", "parameter `$%zu` is not used: the statement has no $%zu", count, count);
    if (n == 0 && marks < count)
        return tn_fail(err, TN_E_INVALID, "22023", "`parameters` has %zu value%s, and the statement %zu ?", count, count == 1 ? "" : "s", marks);
    return TN_OK;
}

/* As many marks as values, and no $n: they are the parameters. Otherwise the engine says what they are. */
static enum tn_status bind_marks(struct tn_str sql, struct tn_arena *arena, struct tn_str *out, struct tn_error *err)
{
    struct tn_buf  text;
    enum tn_status status = TN_OK;

    tn_buf_init(&text, sql.len * 6 + 64);
    if (number_marks(sql, &text) && !tn_arena_str(arena, tn_buf_str(&text), out))
        status = tn_fail(err, TN_E_NOMEM, "53200", "no memory for a statement");
    tn_buf_reset(&text);
    return status;
}

static enum tn_status bind_list(const struct tn_json_node *list, struct tn_str sql, struct tn_arena *arena, struct tn_str *out, struct tn_param *items,
                                struct tn_error *err)
{
    size_t   i = 0, marks;
    uint32_t n = greatest(sql, &marks);
    char     name[24];

    TN_TRY(check_count(list->count, n, marks, err));
    if (n == 0 && marks == list->count)
        TN_TRY(bind_marks(sql, arena, out, err));
    for (const struct tn_json_node *node = list->first; node != NULL; node = node->next, i++) {
        snprintf(name, sizeof name, "$%zu", i + 1);
        TN_TRY(tn_rest_param_read(node, name, arena, &items[i], err));
    }
    return TN_OK;
}

enum tn_status tn_rest_bind(const struct tn_rest_request *request, struct tn_str sql, struct tn_arena *arena, struct tn_str *out,
                            struct tn_params *params, struct tn_error *err)
{
    const struct tn_json_node *nodes = request->parameters;
    struct binder              binder = {.count = nodes != NULL ? nodes->count : 0};
    struct tn_param           *items;
    size_t                     i = 0;

    *out = sql;
    *params = (struct tn_params){.count = 0};
    if (binder.count == 0)
        return TN_OK;
    if (binder.count > TN_REST_PARAMS_MAX)
        return tn_fail(err, TN_E_INVALID, "54000", "more than %d parameters", TN_REST_PARAMS_MAX);
    items = tn_arena_zalloc(arena, binder.count * sizeof *items);
    binder.items = tn_arena_zalloc(arena, binder.count * sizeof *binder.items);
    if (items == NULL || binder.items == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for parameters");
    for (const struct tn_json_node *node = nodes->first; node != NULL; node = node->next)
        binder.items[i++].node = node;
    *params = (struct tn_params){.count = binder.count, .items = items};
    return nodes->kind == TN_JSON_LIST ? bind_list(nodes, sql, arena, out, items, err) : bind_names(&binder, sql, arena, out, items, err);
}
