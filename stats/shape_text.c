#include "stats/shape.h"
#include "stats/template.h"

size_t tn_shape_text(char *out, size_t size, struct tn_str text, enum tn_dialect dialect)
{
    struct tn_template_text to = {.out = out, .max = size - 1};
    struct tn_template      tpl;
    struct tn_lexer         lexer;
    struct tn_token         token;
    char                    last = '\0';

    tn_template_init(&tpl);
    tpl.text = &to;
    tn_lexer_init(&lexer, text, dialect);
    while (!to.full && tn_lexer_next(&lexer, &token)) {
        tn_template_add(&tpl, &token, token.kind == TN_TOKEN_WORD && last != '.' ? tn_word_find(token.text) : TN_WORD_NONE);
        last = token.punct;
    }
    (void)tn_template_end(&tpl);
    while (to.len > 0 && !to.full && out[to.len - 1] == ';')
        to.len--;
    out[to.len] = '\0';
    return to.len;
}
