#include "stats/shape_cast.h"

#include "base/hash.h"

/* double precision, timestamp with time zone: words that a type's first one may be followed by. */
static bool goes_on(struct tn_str word)
{
    static const char *const words[] = {"precision", "varying", "with", "without", "local", "time", "zone", "array"};

    for (size_t i = 0; i < TN_ARRAY_LEN(words); i++)
        if (tn_str_ieq_c(word, words[i]))
            return true;
    return false;
}

static void add_name(struct tn_casts *casts, const struct tn_token *token)
{
    uint64_t hash = casts->type + 1;

    for (size_t i = 0; i < token->text.len; i++)
        hash = tn_hash_mix(hash ^ (unsigned char)(token->kind == TN_TOKEN_WORD ? tn_ascii_lower(token->text.ptr[i]) : token->text.ptr[i]));
    casts->type = tn_hash_mix(hash) | 1;
}

/* False: the type ended before it. */
static bool is_of_type(struct tn_casts *casts, const struct tn_token *token)
{
    bool name = token->kind == TN_TOKEN_WORD || token->kind == TN_TOKEN_IDENT;

    if (casts->depth > 0 || token->punct == '(') { /* lengths are literals */
        casts->depth += token->punct == '(';
        casts->depth -= token->punct == ')';
        return token->kind != TN_TOKEN_END;
    }
    if (name && (casts->type == 0 || casts->dotted || goes_on(token->text))) {
        add_name(casts, token);
        casts->dotted = false;
        return true;
    }
    casts->dotted = token->punct == '.' && casts->type != 0;
    if (token->punct == '[')
        add_name(casts, token);
    return casts->dotted || token->punct == '[' || token->punct == ']' || token->kind == TN_TOKEN_NUMBER;
}

static uint64_t end_type(struct tn_casts *casts)
{
    uint64_t type = casts->type;

    casts->state = TN_CAST_NONE;
    casts->type = casts->depth = casts->dotted = 0;
    for (size_t i = 0; i < casts->count; i++)
        if (casts->seen[i] == type)
            return 0;
    if (type == 0 || casts->count == TN_CASTS_MOST)
        return 0;
    return casts->seen[casts->count++] = type;
}

static bool is_literal(const struct tn_stream_token *now)
{
    return now->token.kind == TN_TOKEN_NUMBER || now->token.kind == TN_TOKEN_STRING || now->token.kind == TN_TOKEN_PARAM || now->word == TN_WORD_null ||
           now->word == TN_WORD_true || now->word == TN_WORD_false;
}

/* Outside of a type's name: does one begin behind this token? */
static void look_for_one(struct tn_casts *casts, const struct tn_stream_token *now)
{
    const struct tn_token *token = &now->token;
    bool                   colons = token->kind == TN_TOKEN_PUNCT && tn_str_eq(token->text, TN_STR("::")) && !casts->named;

    if (casts->literal && (colons || (casts->state == TN_CAST_OPERAND && now->word == TN_WORD_as)))
        casts->state = TN_CAST_TYPE;
    else if (casts->call && token->punct == '(')
        casts->state = TN_CAST_OPERAND;
    else if (!is_literal(now) && token->punct != '(' && token->punct != ')' && token->punct != '-' && token->punct != '+')
        casts->state = TN_CAST_NONE;
    if (token->punct == '(')
        casts->args = casts->name;
    casts->literal = is_literal(now) || (casts->literal && token->punct == ')' && !casts->args);
    casts->named = token->kind == TN_TOKEN_PARAM && token->text.ptr[0] == '$' && token->param == 0;
    casts->call = now->word == TN_WORD_cast;
    casts->name = token->kind == TN_TOKEN_IDENT || (token->kind == TN_TOKEN_WORD && now->word == TN_WORD_NONE);
}

uint64_t tn_casts_token(struct tn_casts *casts, const struct tn_stream_token *now)
{
    uint64_t type = 0;

    if (casts->state == TN_CAST_TYPE) {
        if (is_of_type(casts, &now->token))
            return 0;
        type = end_type(casts);
        casts->literal = false;
    }
    look_for_one(casts, now);
    return type;
}
