#include "large_number.h"

#include "stats/lexer.h"
#include "translating.h"

struct reader {
    struct tn_lexer lexer;
    struct tn_token token;    /* the present one */
    size_t          params;   /* ? that were read */
    unsigned        depth, compared_at;
    bool            compared; /* in a WHERE, which stores nothing, at depth compared_at */
    bool            negative; /* a minus stands before */
};

static void next(struct reader *r)
{
    if (!tn_lexer_next(&r->lexer, &r->token))
        r->token = (struct tn_token){.kind = TN_TOKEN_END};
}

static bool at(const struct reader *r, const char *word)
{
    return r->token.kind == TN_TOKEN_WORD && tn_str_ieq_c(r->token.text, word);
}

static bool is_whole(struct tn_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    return text.len > 0;
}

static bool is_large(struct tn_str text, bool negative)
{
    uint64_t value;

    return is_whole(text) && (!tn_str_to_u64(text, UINT64_MAX, &value) || value > (uint64_t)INT64_MAX + (negative ? 1 : 0));
}

/* At ?, or $3, which stands for it where the statement was prepared. */
static bool read_param(struct reader *r, size_t *index)
{
    uint64_t number = 0;

    if (r->token.kind == TN_TOKEN_PARAM)
        *index = r->params++;
    else if (r->token.kind == TN_TOKEN_WORD && r->token.text.ptr[0] == '$' && tn_str_to_u64(tn_str_n(r->token.text.ptr + 1, r->token.text.len - 1), UINT16_MAX, &number) &&
             number > 0)
        *index = (size_t)number - 1;
    else
        return false;
    return true;
}

static struct tn_str param_text(const struct tn_params *params, size_t index)
{
    const struct tn_param *param = index < params->count ? &params->items[index] : NULL;

    return param == NULL || param->pg_bytes.ptr == NULL || param->value.is_list || param->value.type != TN_TYPE_NUMERIC ? TN_STR("") : param->value.as.text;
}

/* LIMIT 5, 18446744073709551615: MySQL's way to say all others. */
static void skip_limit(struct reader *r)
{
    size_t index;

    while (r->token.kind == TN_TOKEN_NUMBER || read_param(r, &index) || at(r, "offset") || r->token.punct == ',')
        next(r);
}

static void follow_word(struct reader *r)
{
    if (at(r, "where") && !r->compared) {
        r->compared = true;
        r->compared_at = r->depth;
    } else if (r->depth == r->compared_at && (at(r, "select") || at(r, "on") || at(r, "returning"))) {
        r->compared = false;
    }
}

static void follow_punct(struct reader *r, char punct)
{
    r->depth += punct == '(' ? 1 : 0;
    r->depth -= punct == ')' && r->depth > 0 ? 1 : 0;
    r->compared = r->compared && r->depth >= r->compared_at;
}

/* What stands here; empty: it is no number. */
static struct tn_str number_of(struct reader *r, const struct tn_params *params)
{
    size_t index;

    if (r->token.kind == TN_TOKEN_NUMBER)
        return r->token.text;
    return read_param(r, &index) ? param_text(params, index) : TN_STR("");
}

/* The first one; empty: none. */
static struct tn_str find(struct reader *r, const struct tn_params *params)
{
    for (next(r); r->token.kind != TN_TOKEN_END;) {
        const struct tn_token token = r->token;
        struct tn_str         number = number_of(r, params);

        if (!r->compared && is_large(number, r->negative))
            return number;
        if (token.kind == TN_TOKEN_WORD)
            follow_word(r);
        else if (token.kind == TN_TOKEN_PUNCT)
            follow_punct(r, token.punct);
        r->negative = token.punct == '-';
        next(r);
        if (token.kind == TN_TOKEN_WORD && tn_str_ieq_c(token.text, "limit"))
            skip_limit(r);
    }
    return TN_STR("");
}

static bool stores(const struct tn_query *q)
{
    return q->features.verb == TN_VERB_INSERT || q->features.verb == TN_VERB_REPLACE || q->features.verb == TN_VERB_UPDATE;
}

bool tn_large_number_refuse(const struct tn_query *q, struct tn_run *run)
{
    const struct tn_params *params = q->literals.count > 0 ? &q->literals : &run->params;
    struct reader           r = {.params = 0};
    enum tn_dialect         spoken;
    struct tn_str           number;

    if (q->cluster->ops->dialect != TN_DIALECT_SQLITE || q->kind != TN_RUN_EXECUTE || !stores(q) || !tn_translating_spoken(q, &spoken) || spoken != TN_DIALECT_MYSQL)
        return false;
    tn_lexer_init(&r.lexer, q->text, TN_DIALECT_MYSQL);
    number = find(&r, params);
    if (number.len == 0)
        return false;
    tn_fail(&run->error, TN_E_INVALID, "22003", "Out of range value: %.*s is above 9223372036854775807, the largest whole number that SQLite holds (cluster \"" TN_STR_FMT "\")",
            (int)TN_MIN(number.len, (size_t)40), number.ptr, TN_STR_ARG(q->cluster->conf->name));
    tn_error_hint(&run->error, "Write it as a text for a column of texts, with an exponent (1e19) where it may be rounded, or route the statement to another engine.");
    tn_error_blame(&run->error, TN_FAULT_QUERY, false);
    return true;
}
