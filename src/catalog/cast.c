/* Casts: what a type of PostgreSQL's is in an image, and names that are numbers. */
#include "catalog/writer.h"

#include <string.h>

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

bool tn_catalog_is_function_column(struct tn_str name)
{
    static const char *const names[] = {"typinput", "typoutput", "typreceive", "typsend", "typmodin", "typmodout", "typanalyze", "typsubscript"};

    for (size_t i = 0; i < TN_ARRAY_LEN(names); i++)
        if (tn_str_ieq_c(name, names[i]))
            return true;
    return false;
}

static bool is_text(const struct tn_token *type)
{
    return is_named(type, "text") || is_named(type, "varchar") || is_named(type, "name");
}

void tn_catalog_show_name(struct writer *w, const struct tn_token *type)
{
    const char *reg = w->reg;

    if (type != NULL && is_text(type) && tn_catalog_is_vector(&w->column))
        tn_catalog_wrap(w, w->start, "tn_vector(", ")");
    if (reg == NULL && type != NULL && w->column.kind != TN_TOKEN_END && tn_catalog_is_function_column(tn_token_name(&w->column)))
        reg = "regproc";
    w->reg = NULL;
    if (reg != NULL && (type == NULL || is_text(type)))
        wrap(w, w->start, reg, true);
}

/* ---- a number, or a name ---- */

static bool compares(const struct tn_token *token)
{
    return token->kind == TN_TOKEN_PUNCT ? token->text.len > 0 && strchr("=<>!", token->text.ptr[0]) != NULL : is_word(token, "in");
}

/* Of what is cast to regclass or its like, by the type that stands here, or COUNT tokens before the end of the cast: the name is for who reads it, and
 * for texts. AHEAD: what stands before it all; FRAME: the bracket that it stands in, or NULL. */
static bool is_number(const struct writer *w, unsigned count, const struct tn_token *ahead, const struct frame *frame)
{
    struct tn_token behind = tn_catalog_peek(w, count), type = tn_catalog_peek(w, count + 1);

    if (is_cast(&behind) || (is_word(&behind, "as") && frame != NULL && frame->cast))
        return !is_text(&type) && tn_catalog_reg_type(tn_token_name(&type)) == NULL;
    if (tn_str_eq_c(ahead->text, "||") || tn_str_eq_c(behind.text, "||"))
        return false;
    if (compares(&behind) || (ahead->kind == TN_TOKEN_PUNCT && compares(ahead)))
        return true;
    return frame != NULL && (behind.punct == ')' || behind.punct == ',') && (ahead->punct == '(' || ahead->punct == ',') && tn_catalog_is_line(TN_CATALOG_FUNCTION, frame->call);
}

/* How PostgreSQL calls what is cast to TYPE. */
static void name_cast(struct writer *w, const struct tn_token *type)
{
    static const char *const names[][2] = {{"int", "int4"}, {"integer", "int4"}, {"bigint", "int8"}, {"smallint", "int2"}, {"boolean", "bool"}, {"real", "float4"}, {"decimal", "numeric"}, {"dec", "numeric"}};

    if (w->call.len > 0 && !w->typed)
        return;
    if (w->column.kind != TN_TOKEN_END) {
        w->call = tn_token_name(&w->column);
        return;
    }
    w->typed = true;
    w->call = tn_token_name(type);
    for (size_t i = 0; i < TN_ARRAY_LEN(names); i++)
        if (tn_str_ieq_c(w->call, names[i][0]))
            w->call = tn_str(names[i][1]);
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
    else if (list && w->operand == OPERAND_LITERAL)
        tn_catalog_wrap(w, w->start, "tn_list(", ")");
    tn_catalog_show_name(w, list ? NULL : &w->token);
    name_cast(w, &w->token);
    if (reg != NULL && !list) {
        bool number = w->operand == OPERAND_LITERAL || is_number(w, 0, &w->ahead, w->depth > 0 ? &w->frames[w->depth - 1] : NULL);

        wrap(w, w->start, reg, !number);
        w->reg = number ? reg : NULL;
    } else if (reg != NULL) {
        tn_buf_puts(w->out, "::VARCHAR[]");
    } else if (here.ptr == NULL || here.len > 0) {
        tn_buf_puts(w->out, "::");
        tn_buf_put_str(w->out, here.len > 0 ? here : w->token.text);
        tn_buf_puts(w->out, list ? "[]" : "");
    }
    skip(w);
    skip_array(w);
    w->operand = OPERAND_OTHER;
    w->before = (struct tn_token){.kind = TN_TOKEN_PUNCT, .punct = ')', .text = tn_str_n("", 0)};
}

void tn_catalog_cast_as(struct writer *w)
{
    struct frame *frame = &w->frames[w->depth - 1];
    const char   *reg;
    struct tn_str here;

    skip_schema(w);
    if (w->start > frame->inside) { /* of several operands */
        w->call = tn_str_n("", 0);
        w->column.kind = TN_TOKEN_END;
    }
    name_cast(w, &w->token);
    frame->tail = w->call;
    reg = tn_catalog_reg_type(tn_token_name(&w->token));
    here = type_here(&w->token);
    if (reg != NULL && w->next.punct == ')') { /* (tn_regclass(..)) */
        bool number = (w->operand == OPERAND_LITERAL && w->start == frame->inside) || is_number(w, 1, &frame->ahead, w->depth > 1 ? frame - 1 : NULL);

        wrap(w, frame->inside, reg, !number);
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
