#include "engine/marks.h"

#include "stats/lexer.h"

struct marks {
    unsigned  max;
    uint16_t *order;
    size_t    capacity, count;
};

static enum tn_status add(struct marks *marks, uint64_t number, struct tn_error *err)
{
    if (number == 0 || number > marks->max)
        return tn_fail(err, TN_E_INVALID, "42P02", "there is no parameter $%llu", (unsigned long long)number);
    if (marks->count >= marks->max)
        return tn_fail(err, TN_E_LIMIT, "54000", "more than %u parameters in a statement", marks->max);
    if (marks->count < marks->capacity)
        marks->order[marks->count] = (uint16_t)(number - 1);
    marks->count++;
    return TN_OK;
}

/* How many digits stand behind the $ at AT; *NUMBER is what they say, saturated. */
static size_t dollar_digits(struct tn_str sql, size_t at, uint64_t *number)
{
    size_t end = at + 1;

    *number = 0;
    while (end < sql.len && sql.ptr[end] >= '0' && sql.ptr[end] <= '9') {
        *number = TN_MIN(*number * 10 + (uint64_t)(sql.ptr[end] - '0'), (uint64_t)UINT32_MAX);
        end++;
    }
    return end - at - 1;
}

enum tn_status tn_marks_put(struct tn_buf *out, struct tn_str sql, struct tn_marks_rules rules, uint16_t *order, size_t capacity, size_t *count,
                            struct tn_error *err)
{
    struct marks    marks = {.max = rules.max, .order = order, .capacity = capacity};
    struct tn_lexer lexer;
    struct tn_token token;
    size_t          copied = 0;
    uint64_t        number;

    *count = 0;
    tn_lexer_init(&lexer, sql, rules.dialect);
    while (tn_lexer_next(&lexer, &token)) {
        size_t at = (size_t)(token.text.ptr - sql.ptr), len = 0;

        if (token.kind == TN_TOKEN_STRING || token.kind == TN_TOKEN_IDENT || token.text.len == 0 || at < copied)
            continue;
        if (token.text.ptr[0] == '?' && token.kind == TN_TOKEN_PARAM) {
            TN_TRY(add(&marks, marks.count + 1, err));
        } else if (token.text.ptr[0] == '$' && (len = dollar_digits(sql, at, &number)) > 0) {
            TN_TRY(add(&marks, number, err));
            tn_buf_append(out, sql.ptr + copied, at - copied);
            tn_buf_put_u8(out, '?');
            copied = at + 1 + len;
        }
    }
    tn_buf_append(out, sql.ptr + copied, sql.len - copied);
    *count = marks.count;
    return TN_OK;
}
