/* fuzz_trino_literal.c - parameters and statements as Trino's SQL. A value's text must stay inside of its literal: the lexer
 * finds exactly the tokens of one literal, whatever the bytes are; marks are as many as are counted. */
#include "engine/trino/trino_literal.h"
#include "stats/lexer.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const enum tn_type texts[] = {TN_TYPE_TEXT, TN_TYPE_JSON, TN_TYPE_BYTES, TN_TYPE_NUMERIC};

/* One string, perhaps with a word before it. */
static void check_literal(struct tn_str text)
{
    struct tn_lexer lexer;
    struct tn_token token;
    unsigned        strings = 0, words = 0;

    tn_lexer_init(&lexer, text, TN_DIALECT_TRINO);
    while (tn_lexer_next(&lexer, &token)) {
        if (token.unterminated || (token.kind != TN_TOKEN_STRING && token.kind != TN_TOKEN_WORD))
            abort();
        strings += token.kind == TN_TOKEN_STRING;
        words += token.kind == TN_TOKEN_WORD;
    }
    if (strings != 1 || words > 1)
        abort();
}

static void check_marks(struct tn_str sql, struct tn_buf *out)
{
    struct tn_lexer lexer;
    struct tn_token token;
    uint16_t        order[64];
    size_t          count, found = 0;

    if (tn_trino_marks(out, sql, order, 64, &count, NULL) != TN_OK || out->failed)
        return;
    tn_lexer_init(&lexer, tn_buf_str(out), TN_DIALECT_TRINO);
    while (tn_lexer_next(&lexer, &token))
        found += token.kind == TN_TOKEN_PARAM && token.text.ptr[0] == '?';
    if (found < count)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tn_str  text = size > 1 ? tn_str_n((const char *)data + 1, size - 1) : TN_STR("");
    unsigned       choice = size > 0 ? data[0] : 0;
    struct tn_buf  out;
    struct tn_value value = {.type = texts[choice % 4], .as.text = text};

    tn_buf_init(&out, 1 << 22);
    if (choice < 128) {
        if (tn_trino_literal_put(&out, &value, 0, NULL) == TN_OK && !out.failed)
            check_literal(tn_buf_str(&out));
    } else if (choice < 192) {
        check_marks(text, &out);
    } else {
        tn_trino_statement_put(&out, text, (enum tn_verb)(choice % TN_VERB_COUNT));
    }
    tn_buf_reset(&out);
    return 0;
}
