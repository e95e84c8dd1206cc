/* How PostgreSQL calls the columns of the outermost SELECT: DuckDB calls what is no column by its text. */
#include "catalog/writer.h"

#include <string.h>
#include <strings.h>

bool tn_catalog_is_vector(const struct tn_token *token)
{
    static const char *const names[] = {"indkey", "indoption", "indclass", "indcollation", "proargtypes", NULL};

    return is_any(token, names);
}

static void put_label(struct writer *w, struct tn_str name, bool folded)
{
    if (name.len > NAME_MAX_LEN)
        return;
    tn_buf_puts(w->out, " AS \"");
    if (folded)
        put_folded(w->out, name);
    else
        tn_buf_put_str(w->out, name);
    tn_buf_puts(w->out, "\"");
}

/* ---- what ends an item ---- */

static bool ends_operand(const struct tn_token *token)
{
    static const char *const words[] = {"distinct", "all", "as", "is", "not", "and", "or", "from", "between", "like", "ilike", "in", "when", "then", "else", "case", "over", "symmetric", NULL};

    if (token->kind == TN_TOKEN_WORD)
        return !is_any(token, words);
    return token->kind == TN_TOKEN_IDENT || token->kind == TN_TOKEN_STRING || token->kind == TN_TOKEN_NUMBER || token->kind == TN_TOKEN_PARAM || token->punct == ')' || token->punct == ']';
}

static bool has_name(const struct writer *w)
{
    return is_name(&w->before) && (is_word(&w->second, "as") || (ends_operand(&w->second) && !is_word(&w->before, "end")));
}

static bool is_text(const struct writer *w, size_t from, size_t to, const char *word)
{
    const char *text = w->out->data + from;
    size_t      len = to - from;

    for (; len > 0 && text[len - 1] == ' '; len--)
        ;
    return len == strlen(word) && strncasecmp(text, word, len) == 0;
}

static void name_expression(struct writer *w, size_t item)
{
    if (is_word(&w->label.head, "case") && is_word(&w->before, "end"))
        put_label(w, TN_STR("case"), false);
    else if (w->start > item && w->start < w->out->len && w->before.punct == ')' && is_text(w, item, w->start, "exists"))
        put_label(w, TN_STR("exists"), false);
    else
        put_label(w, TN_STR("?column?"), false);
}

static void fold_last(struct writer *w)
{
    struct tn_str word = w->before.text;

    if (w->before.kind != TN_TOKEN_WORD || w->out->failed || w->out->len < word.len)
        return;
    w->out->len -= word.len;
    put_folded(w->out, word);
}

/* t.column AS t: what GROUP BY t means is this. */
static void note_alias(struct writer *w)
{
    struct label *label = &w->label;
    bool          same = is_name(&label->head) && is_word(&w->second, "as") && tn_str_ieq(tn_token_name(&label->head), tn_token_name(&w->before));

    if (!same || label->alias_count == ALIASES_MAX)
        return;
    label->aliases[label->alias_count].number = label->number;
    label->aliases[label->alias_count++].name = tn_token_name(&w->before);
}

static void name_operand(struct writer *w, size_t item)
{
    struct tn_str name = tn_token_name(&w->before);

    if (w->call.len == 0 && tn_catalog_is_vector(&w->before)) {
        tn_catalog_wrap(w, item, "tn_vector(", ")");
        put_label(w, name, true);
        return;
    }
    if (w->call.len == 0 && w->column.kind != TN_TOKEN_END && tn_catalog_is_function_column(tn_token_name(&w->column))) {
        tn_catalog_wrap(w, item, "tn_regproc_name(", ")");
        put_label(w, tn_token_name(&w->column), true);
        return;
    }
    tn_catalog_show_name(w, NULL);
    if (w->call.len > 0)
        put_label(w, w->call, w->column.kind != TN_TOKEN_IDENT);
    else if (w->before.punct == ']' && w->column.kind != TN_TOKEN_END)
        put_label(w, tn_token_name(&w->column), w->column.kind != TN_TOKEN_IDENT);
    else if (w->before.kind == TN_TOKEN_NUMBER || w->before.kind == TN_TOKEN_STRING || w->before.kind == TN_TOKEN_PARAM)
        put_label(w, TN_STR("?column?"), false);
}

static void end_item(struct writer *w)
{
    size_t item = w->label.item;

    while (item < w->out->len && strchr(" \n\t\r", w->out->data[item]) != NULL)
        item++;
    if (item >= w->out->len || (w->before.punct == '*' && w->before.kind == TN_TOKEN_PUNCT))
        return;
    if (w->start <= item && !is_word(&w->before, "end")) {
        name_operand(w, item);
    } else if (has_name(w)) {
        fold_last(w);
        note_alias(w);
    } else {
        name_expression(w, item);
    }
}

/* ---- where the items are ---- */

static void begin_item(struct writer *w)
{
    w->label.item = w->out->len;
    w->label.head = w->token;
}

static void follow_head(struct writer *w)
{
    struct label *label = &w->label;

    if (label->list == BEFORE_LIST && is_word(&w->before, "select")) {
        label->list = IN_LIST;
        label->number = 1;
        begin_item(w);
    }
    if (label->list != IN_LIST)
        return;
    if (w->before.punct == ',') {
        label->number++;
        begin_item(w);
    } else if (is_word(&w->second, "select") && (is_word(&w->before, "distinct") || is_word(&w->before, "all"))) {
        label->distinct = is_word(&w->token, "on");
        begin_item(w);
    } else if (label->distinct && w->before.punct == ')') {
        label->distinct = false;
        begin_item(w);
    }
}

void tn_catalog_follow_list(struct writer *w)
{
    static const char *const ends[] = {"from", "where", "group", "having", "order", "limit", "offset", "union", "except", "intersect", "window", NULL};
    struct label *label = &w->label;

    if (w->depth > 0)
        return;
    if (label->list == BEHIND_LIST) {
        label->groups = is_word(&w->before, "by") || (label->groups && !is_any(&w->token, ends));
        return;
    }
    follow_head(w);
    if (label->list != IN_LIST || (is_word(&w->token, "from") && is_word(&w->before, "distinct")))
        return;
    if (w->token.punct == ',' || w->token.punct == ';' || w->token.kind == TN_TOKEN_END || is_any(&w->token, ends))
        end_item(w);
    if (w->token.kind == TN_TOKEN_WORD && is_any(&w->token, ends))
        label->list = BEHIND_LIST;
}

bool tn_catalog_put_ordinal(struct writer *w)
{
    const struct label *label = &w->label;
    bool                whole = (is_word(&w->before, "by") || w->before.punct == ',') && w->next.punct != '.' && w->next.punct != '(';

    if (w->depth > 0 || label->list != BEHIND_LIST || !label->groups || !whole || !is_name(&w->token))
        return false;
    for (unsigned i = 0; i < label->alias_count; i++) {
        if (!tn_str_ieq(tn_token_name(&w->token), label->aliases[i].name))
            continue;
        put_gap(w);
        tn_buf_printf(w->out, "%u", label->aliases[i].number);
        advance(w);
        return true;
    }
    return false;
}
