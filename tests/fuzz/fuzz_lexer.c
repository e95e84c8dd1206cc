/* fuzz_lexer.c - lexer, features, templates, statement splitting and text without literals on any bytes: they make
 * progress, point into the text, and agree with each other. The first byte chooses the dialect. */
#include "stats/lexer.h"
#include "stats/model_features.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static bool inside(struct tn_str part, struct tn_str text)
{
    uintptr_t begin = (uintptr_t)text.ptr, at = (uintptr_t)part.ptr;

    return at >= begin && at + part.len <= begin + text.len;
}

static void check_tokens(struct tn_str text, enum tn_dialect dialect)
{
    struct tn_lexer lexer;
    struct tn_token token;
    size_t          at = 0;

    tn_lexer_init(&lexer, text, dialect);
    while (tn_lexer_next(&lexer, &token)) {
        require(token.kind != TN_TOKEN_END && token.text.len > 0 && inside(token.text, text));
        require((size_t)(token.text.ptr - text.ptr) >= at && lexer.at > at);
        at = lexer.at;
        (void)tn_token_name(&token);
    }
    require(lexer.at == text.len && token.kind == TN_TOKEN_END);
}

static void check_features(struct tn_str text, enum tn_dialect dialect, bool single)
{
    struct tn_features f, g;
    char               cut[64];
    size_t             len;

    tn_features_read(&f, text, dialect);
    require(f.table_count <= TN_FEATURES_TABLES && f.verb < TN_VERB_COUNT && f.inner_verb < TN_VERB_COUNT);
    for (unsigned i = 0; i < f.table_count; i++)
        require(f.tables[i].len > 0 && inside(f.tables[i], text));
    require((f.class == TN_CLASS_EMPTY) == (f.template_hash == 0));
    require(!single || (f.class != TN_CLASS_EMPTY && f.class != TN_CLASS_MULTI) || dialect == TN_DIALECT_MYSQL);
    tn_features_read(&g, text, dialect);
    require(f.template_hash == g.template_hash && f.class == g.class);
    len = tn_text_without_literals(cut, sizeof cut, text, dialect);
    require(len < sizeof cut && cut[len] == '\0');
}

static void check_statements(struct tn_str text, enum tn_dialect dialect)
{
    struct tn_str statement;
    size_t        at = 0, before = 0, end = 0;

    while (tn_statement_next(text, dialect, &at, &statement)) {
        size_t start = (size_t)(statement.ptr - text.ptr);

        require(statement.len > 0 && inside(statement, text) && start >= end && at > before && at <= text.len);
        before = at;
        end = start + statement.len;
        check_features(statement, dialect, true);
    }
    require(at == text.len);
}

static void check_model_features(struct tn_str text, enum tn_dialect dialect)
{
    struct tn_model_features features;

    tn_model_features_read(&features, text, dialect);
    require(features.count > 0 && features.count <= TN_MODEL_FEATURES);
    for (unsigned i = 0; i < features.count; i++)
        require(features.list[i].key != 0 && isfinite(features.list[i].value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum tn_dialect dialect;
    struct tn_str   text;

    if (size == 0)
        return 0;
    dialect = (enum tn_dialect)(data[0] % TN_DIALECT_COUNT);
    text = tn_str_n((const char *)data + 1, size - 1);
    check_tokens(text, dialect);
    check_features(text, dialect, false);
    check_statements(text, dialect);
    check_model_features(text, dialect);
    return 0;
}
