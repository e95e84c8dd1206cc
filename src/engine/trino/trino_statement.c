/* The text that is sent for a client's statement. */
#include "base/alloc.h"
#include "engine/marks.h"
#include "engine/trino/trino_literal.h"
#include "stats/lexer.h"

enum tn_status tn_trino_marks(struct tn_buf *out, struct tn_str sql, uint16_t *order, size_t capacity, size_t *count, struct tn_error *err)
{
    struct tn_marks_rules rules = {.dialect = TN_DIALECT_TRINO, .max = TN_TRINO_PARAMS_MAX};

    return tn_marks_put(out, sql, rules, order, capacity, count, err);
}

static enum tn_status put_using(struct tn_buf *out, const uint16_t *order, size_t count, const struct tn_params *params, struct tn_error *err)
{
    for (size_t i = 0; i < count; i++) {
        const struct tn_param *param = order[i] < params->count ? &params->items[order[i]] : NULL;

        if (param == NULL)
            return tn_fail(err, TN_E_INVALID, "08P01", "no value for parameter $%d", order[i] + 1);
        tn_buf_puts(out, i == 0 ? " USING " : ", ");
        TN_TRY(tn_trino_literal_put(out, &param->value, param->pg_oid, err));
    }
    return TN_OK;
}

enum tn_status tn_trino_execute_put(struct tn_buf *out, struct tn_str sql, const struct tn_params *params, struct tn_error *err)
{
    size_t         capacity = TN_TRINO_PARAMS_MAX, count = 0;
    uint16_t      *order = tn_malloc(capacity * sizeof *order);
    struct tn_buf  marked;
    enum tn_status status;

    if (order == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a statement");
    tn_buf_init(&marked, out->max);
    status = tn_trino_marks(&marked, sql, order, capacity, &count, err);
    if (status == TN_OK && count == 0) {
        tn_buf_put_str(out, sql);
    } else if (status == TN_OK) {
        tn_buf_puts(out, TN_TRINO_IMMEDIATE);
        tn_trino_string_put(out, tn_buf_str(&marked));
        status = put_using(out, order, count, params, err);
    }
    out->failed = out->failed || marked.failed;
    tn_buf_reset(&marked);
    tn_free(order);
    return status;
}

/* ---- what is said in other words ---- */

static bool is_word(const struct tn_token *token, const char *word)
{
    return token->kind == TN_TOKEN_WORD && tn_str_ieq_c(token->text, word);
}

/* START TRANSACTION with those modes that Trino has, a comma between them. */
static void put_begin(struct tn_buf *out, struct tn_lexer *lexer)
{
    struct tn_token token;
    bool            more = false;

    tn_buf_puts(out, "START TRANSACTION");
    while (tn_lexer_next(lexer, &token)) {
        bool isolation = is_word(&token, "isolation");

        if (!isolation && !is_word(&token, "read")) /* TRANSACTION, WORK, [NOT] DEFERRABLE */
            continue;
        tn_buf_puts(out, more ? ", " : " ");
        tn_buf_put_str(out, token.text);
        more = true;
        for (int words = isolation ? 2 : 1; words > 0 && tn_lexer_next(lexer, &token); words--) {
            tn_buf_put_u8(out, ' ');
            tn_buf_put_str(out, token.text);
        }
        if (isolation && (is_word(&token, "read") || is_word(&token, "repeatable")) && tn_lexer_next(lexer, &token)) {
            tn_buf_put_u8(out, ' ');
            tn_buf_put_str(out, token.text);
        }
    }
}

static bool is_trinos_own(const struct tn_token *token)
{
    static const char *const words[] = {"session", "role", "path", "time", "authorization"};

    for (size_t i = 0; i < TN_ARRAY_LEN(words); i++)
        if (is_word(token, words[i]))
            return true;
    return false;
}

/* SET name = value, of PostgreSQL's kind: a bare word is a text there, and a session property's texts are quoted. */
static void put_set(struct tn_buf *out, struct tn_str sql, struct tn_lexer *lexer)
{
    struct tn_token token = {0};
    struct tn_lexer after;
    bool            session;

    if (!tn_lexer_next(lexer, &token)) {
        tn_buf_put_str(out, sql);
        return;
    }
    session = is_word(&token, "session");
    if (!session && is_trinos_own(&token)) {
        tn_buf_put_str(out, sql);
        return;
    }
    if (session && tn_lexer_next(lexer, &token) && is_word(&token, "authorization")) {
        tn_buf_put_str(out, sql);
        return;
    }
    tn_buf_puts(out, "SET SESSION ");
    for (bool more = true; more && token.punct != '=' && !is_word(&token, "to"); more = tn_lexer_next(lexer, &token))
        tn_buf_put_str(out, token.text);
    tn_buf_puts(out, " = ");
    after = *lexer;
    if (tn_lexer_next(lexer, &token) && token.kind == TN_TOKEN_WORD && !is_word(&token, "true") && !is_word(&token, "false")) {
        struct tn_str word = token.text;

        if (!tn_lexer_next(lexer, &token)) { /* alone: not a function, DATE '...' and the like */
            tn_trino_string_put(out, word);
            return;
        }
    }
    tn_buf_put_str(out, tn_str_trim(tn_str_n(sql.ptr + after.at, sql.len - after.at)));
}

void tn_trino_statement_put(struct tn_buf *out, struct tn_str sql, enum tn_verb verb)
{
    struct tn_lexer lexer;
    struct tn_token token = {0};

    tn_lexer_init(&lexer, sql, TN_DIALECT_TRINO);
    (void)tn_lexer_next(&lexer, &token); /* the verb */
    switch (verb) {
    case TN_VERB_BEGIN:
    case TN_VERB_START:
        put_begin(out, &lexer);
        break;
    case TN_VERB_END:
        tn_buf_puts(out, "COMMIT");
        break;
    case TN_VERB_ABORT:
        tn_buf_puts(out, "ROLLBACK");
        break;
    case TN_VERB_SET:
        put_set(out, sql, &lexer);
        break;
    case TN_VERB_RESET:
        if (tn_lexer_next(&lexer, &token) && !is_trinos_own(&token)) {
            tn_buf_puts(out, "RESET SESSION ");
            tn_buf_put_str(out, tn_str_n(token.text.ptr, (size_t)(sql.ptr + sql.len - token.text.ptr)));
            break;
        }
        tn_buf_put_str(out, sql);
        break;
    default:
        tn_buf_put_str(out, sql);
        break;
    }
}
