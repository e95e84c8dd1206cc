/* Casts: what a type of PostgreSQL's is in an image, and names that are numbers. */
#include "catalog/writer.h"

/* How DuckDB calls a type; empty: there is none such, and no cast is needed; ptr NULL: the same. */
static struct tn_str type_here(const struct tn_token *token)
{
    static const char *const types[][2] = {{"name", "VARCHAR"}, {"cstring", "VARCHAR"}, {"aclitem", "VARCHAR"}, {"json", "VARCHAR"}, {"jsonb", "VARCHAR"}, {"citext", "VARCHAR"},
                                           {"oid", "BIGINT"}, {"xid", "BIGINT"}, {"cid", "BIGINT"}, {"int2vector", ""}, {"oidvector", ""}, {"unknown", "VARCHAR"}};

    if (token->kind == TN_TOKEN_IDENT && tn_str_eq_c(tn_token_name(token), "char"))
        return TN_STR("VARCHAR");
    for (size_t i = 0; i < TN_ARRAY_LEN(types); i++)
        if (tn_str_ieq_c(tn_token_name(token), types[i][0]))
            return tn_str(types[i][1]);
    return tn_str_n(NULL, 0);
}

/* What was written from AT on becomes tn_REG(it), or tn_REG_name(it). */
static void wrap(struct writer *w, size_t at, const char *reg, bool named)
{
    char call[64];

    snprintf(call, sizeof call, "tn_%s%s(", reg, named ? "_name" : "");
    tn_catalog_wrap(w, at, call, ")");
    tn_catalog_note_macros(w, w->macros + 1);
}

void tn_catalog_show_name(struct writer *w, const struct tn_token *type)
{
    const char *reg = w->reg;

    w->reg = NULL;
    if (reg != NULL && (type == NULL || is_named(type, "text") || is_named(type, "varchar") || is_named(type, "name")))
        wrap(w, w->start, reg, true);
}

/* '{a,b}', written from AT on, becomes ['a', 'b']. */
static void unbrace(struct writer *w, size_t at)
{
    struct tn_buf list;
    const char   *in = w->out->data + at, *end = w->out->data + w->out->len;
    bool          first = true;

    tn_buf_init(&list, w->out->max);
    tn_buf_puts(&list, "[");
    for (in += 2; in < end && *in != '}'; in++) {
        struct tn_str word = tn_str_n(in, 0);

        while (in < end && *in != ',' && *in != '}')
            in++;
        word.len = (size_t)(in - word.ptr);
        tn_buf_puts(&list, first ? "" : ", ");
        tn_buf_put_quoted(&list, word.len >= 2 && word.ptr[0] == '"' ? tn_str_n(word.ptr + 1, word.len - 2) : word, '\'');
        first = false;
        if (in >= end || *in == '}')
            break;
    }
    tn_buf_puts(&list, "]");
    w->out->len = at;
    tn_buf_put_str(w->out, tn_buf_str(&list));
    w->out->failed = w->out->failed || list.failed;
    tn_buf_reset(&list);
}

static bool is_braced(const struct writer *w)
{
    return w->operand == OPERAND_LITERAL && !w->out->failed && w->out->len - w->start >= 4 && memcmp(w->out->data + w->start, "'{", 2) == 0;
}

static void skip_array(struct writer *w)
{
    while (w->token.punct == '[' && w->next.punct == ']') {
        skip(w);
        skip(w);
    }
}

void tn_catalog_cast(struct writer *w)
{
    const char   *reg;
    struct tn_str here;
    bool          list;

    skip_schema(w);
    if (!is_name(&w->token))
        return;
    reg = tn_catalog_reg_type(tn_token_name(&w->token));
    here = type_here(&w->token);
    list = w->next.punct == '[';
    if (list && is_braced(w))
        unbrace(w, w->start);
    tn_catalog_show_name(w, list ? NULL : &w->token);
    if (reg != NULL && !list) {
        wrap(w, w->start, reg, w->operand != OPERAND_LITERAL);
        w->reg = w->operand == OPERAND_LITERAL ? reg : NULL;
        w->operand = OPERAND_OTHER;
        w->call = w->call.len > 0 ? w->call : tn_token_name(&w->token);
    } else if (reg != NULL) {
        tn_buf_puts(w->out, "::VARCHAR[]");
    } else if (here.ptr == NULL || here.len > 0) {
        tn_buf_puts(w->out, "::");
        tn_buf_put_str(w->out, here.len > 0 ? here : w->token.text);
        tn_buf_puts(w->out, list ? "[]" : "");
    }
    skip(w);
    skip_array(w);
    w->before = (struct tn_token){.kind = TN_TOKEN_PUNCT, .punct = ')', .text = tn_str_n("", 0)};
}

void tn_catalog_cast_as(struct writer *w)
{
    const struct frame *frame = &w->frames[w->depth - 1];
    const char         *reg;
    struct tn_str       here;

    skip_schema(w);
    reg = tn_catalog_reg_type(tn_token_name(&w->token));
    here = type_here(&w->token);
    if (reg != NULL && w->next.punct == ')') { /* (tn_regclass(..)) */
        wrap(w, frame->inside, reg, w->operand != OPERAND_LITERAL || w->start != frame->inside);
        if (!w->out->failed)
            memcpy(w->out->data + frame->start, "    ", 4);
        skip(w);
    } else {
        tn_buf_puts(w->out, " AS ");
        if (here.ptr == NULL)
            return;
        tn_buf_put_str(w->out, here.len > 0 ? here : TN_STR("SMALLINT[]"));
        skip(w);
    }
}
