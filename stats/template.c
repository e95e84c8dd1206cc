#include "stats/template.h"

#include "base/hash.h"

void tn_template_init(struct tn_template *tpl)
{
    tpl->hash = tpl->hash2 = 0;
    tpl->len = 0;
    tpl->hold = TN_HOLD_NONE;
    tpl->after_row = tpl->after_comma = false;
    tpl->held = 0;
    tpl->depth = 0;
    tpl->row_depth = SIZE_MAX;
    tpl->sign = '\0';
    tpl->sign_gap = tpl->gap = false;
    tpl->literal = TN_TOKEN_NUMBER;
    tpl->end = NULL;
    tpl->text = NULL;
    tpl->last = (struct tn_token){.kind = TN_TOKEN_END};
    tpl->last_word = TN_WORD_NONE;
}

static void flush_block(struct tn_template *tpl)
{
    uint64_t hash[2];

    tn_hash_128(tpl->block, tpl->len, tpl->hash, hash);
    tpl->hash = hash[0];
    tpl->hash2 = tn_hash_mix(tpl->hash2 ^ hash[1]);
    tpl->len = 0;
}

static void put_byte(struct tn_template *tpl, char c)
{
    if (tpl->len == sizeof tpl->block)
        flush_block(tpl);
    tpl->block[tpl->len++] = c;
}

/* A token of its own: the separator cannot be part of a word. */
static void put_hash(struct tn_template *tpl, struct tn_str text, bool fold)
{
    if (text.len < sizeof tpl->block - tpl->len) { /* nearly always */
        char *out = tpl->block + tpl->len;

        for (size_t i = 0; fold && i < text.len; i++)
            out[i] = tn_ascii_lower(text.ptr[i]);
        if (!fold)
            memcpy(out, text.ptr, text.len);
        out[text.len] = ' ';
        tpl->len += text.len + 1;
        return;
    }
    for (size_t i = 0; i < text.len; i++)
        put_byte(tpl, fold ? tn_ascii_lower(text.ptr[i]) : text.ptr[i]);
    put_byte(tpl, ' ');
}

static void put_mark(struct tn_template *tpl, char c)
{
    put_hash(tpl, tn_str_n(&c, 1), false);
    if (tpl->text != NULL)
        tn_template_text_put(tpl->text, tn_str_n(&c, 1), TN_TOKEN_PUNCT, false, true);
}

/* PostgreSQL's operator ? is no literal: no other token is hashed as two of them. */
static void put_token(struct tn_template *tpl, const struct tn_token *token)
{
    put_hash(tpl, token->punct == '?' ? TN_STR("??") : token->text, token->kind == TN_TOKEN_WORD);
    if (tpl->text != NULL)
        tn_template_text_put(tpl->text, token->text, token->kind, false, tpl->gap);
}

static void put_literal(struct tn_template *tpl)
{
    put_hash(tpl, TN_STR("?"), false);
    if (tpl->text != NULL)
        tn_template_text_put(tpl->text, TN_STR("?"), tpl->literal, true, true);
}

/* What was held back is no plain list: it counts in full. */
static void release(struct tn_template *tpl)
{
    if (tpl->hold == TN_HOLD_COMMA || tpl->hold == TN_HOLD_ROW)
        put_mark(tpl, ',');
    if (tpl->hold == TN_HOLD_ROW)
        put_mark(tpl, '(');
    for (size_t i = 0; i < tpl->held; i++) {
        put_literal(tpl);
        if (i + 1 < tpl->held || tpl->after_comma)
            put_mark(tpl, ',');
    }
    tpl->hold = TN_HOLD_NONE;
    tpl->held = 0;
    tpl->after_comma = false;
}

/* The list or row ended with nothing but literals: a list is one `?`, a row was there before. */
static void collapse(struct tn_template *tpl)
{
    if (tpl->hold == TN_HOLD_LIST && tpl->held > 0)
        put_literal(tpl);
    tpl->hold = TN_HOLD_NONE;
    tpl->held = 0;
    tpl->after_comma = false;
}

/* True when the token was taken by a list or row of literals that is held back. */
static bool hold_token(struct tn_template *tpl, bool literal, char punct)
{
    if (tpl->hold == TN_HOLD_COMMA) {
        if (punct == '(' && tpl->depth == tpl->row_depth) {
            tpl->hold = TN_HOLD_ROW;
            tpl->depth++;
            return true;
        }
        release(tpl);
        return false;
    }
    if (tpl->hold != TN_HOLD_LIST && tpl->hold != TN_HOLD_ROW)
        return false;
    if (literal && (tpl->held == 0 || tpl->after_comma)) {
        tpl->held++;
        tpl->after_comma = false;
        return true;
    }
    if (punct == ',' && tpl->held > 0 && !tpl->after_comma) {
        tpl->after_comma = true;
        return true;
    }
    if ((punct == ')' || punct == ']') && !tpl->after_comma) {
        bool row = tpl->hold == TN_HOLD_ROW;

        collapse(tpl);
        if (!row)
            return false;
        tpl->depth--;
        tpl->after_row = true;
        return true;
    }
    if (punct == '(' && tpl->hold == TN_HOLD_LIST && tpl->held == 0)
        tpl->row_depth = tpl->depth; /* IN ((1, 2), (3, 4)) */
    release(tpl);
    return false;
}

/* Does an operand begin after what was last? Then + and - are signs, and [ begins a list, not a subscript. */
static bool begins_operand(const struct tn_template *tpl)
{
    switch (tpl->last.kind) {
    case TN_TOKEN_WORD:
        return tpl->last_word != TN_WORD_NONE;
    case TN_TOKEN_PUNCT:
        return tpl->last.punct != ')' && tpl->last.punct != ']' && tpl->last.punct != '}';
    case TN_TOKEN_END:
        return true;
    default:
        return false;
    }
}

static void take_punct(struct tn_template *tpl, char punct)
{
    bool was_row = tpl->after_row;

    tpl->after_row = false;
    switch (punct) {
    case '(':
    case '[':
    case '{':
        if (tpl->last_word == TN_WORD_in || (punct == '[' && (tpl->last_word == TN_WORD_array || begins_operand(tpl))))
            tpl->hold = TN_HOLD_LIST;
        else if (tpl->last_word == TN_WORD_values && punct == '(')
            tpl->row_depth = tpl->depth;
        tpl->depth++;
        break;
    case ')':
    case ']':
    case '}':
        if (tpl->depth > 0)
            tpl->depth--;
        if (tpl->depth == tpl->row_depth)
            tpl->after_row = true;
        else if (tpl->row_depth != SIZE_MAX && tpl->depth < tpl->row_depth)
            tpl->row_depth = SIZE_MAX;
        break;
    case ',':
        if (was_row)
            tpl->hold = TN_HOLD_COMMA;
        break;
    default:
        break;
    }
}

static bool is_literal(const struct tn_template *tpl, const struct tn_token *token, enum tn_word word)
{
    if (token->kind == TN_TOKEN_NUMBER || token->kind == TN_TOKEN_STRING || token->kind == TN_TOKEN_PARAM)
        return true;
    return (word == TN_WORD_true || word == TN_WORD_false || word == TN_WORD_null) && tpl->last_word != TN_WORD_is &&
           tpl->last_word != TN_WORD_not && tpl->last.punct != '.';
}

static void feed(struct tn_template *tpl, const struct tn_token *token, enum tn_word word)
{
    bool literal = is_literal(tpl, token, word);

    if (literal)
        tpl->literal = token->kind;
    if (!hold_token(tpl, literal, token->punct)) {
        if (token->kind == TN_TOKEN_PUNCT)
            take_punct(tpl, token->punct);
        else
            tpl->after_row = false;
        if (token->kind == TN_TOKEN_WORD && tpl->depth == tpl->row_depth && word != TN_WORD_values)
            tpl->row_depth = SIZE_MAX;
        if (tpl->hold == TN_HOLD_COMMA) {
            /* emitted by release(), or not at all */
        } else if (literal) {
            put_literal(tpl);
        } else {
            put_token(tpl, token);
        }
    }
    tpl->last = *token;
    tpl->last_word = word;
}

void tn_template_add(struct tn_template *tpl, const struct tn_token *token, enum tn_word word)
{
    char sign = tpl->sign;
    bool gap = token->text.ptr != tpl->end;

    if (sign != '\0') {
        tpl->sign = '\0';
        if (token->kind != TN_TOKEN_NUMBER) {
            struct tn_token held = {.kind = TN_TOKEN_PUNCT, .text = sign == '-' ? TN_STR("-") : TN_STR("+"), .punct = sign};

            tpl->gap = tpl->sign_gap;
            feed(tpl, &held, TN_WORD_NONE);
        }
    }
    tpl->gap = gap;
    tpl->end = token->text.ptr + token->text.len;
    if ((token->punct == '-' || token->punct == '+') && begins_operand(tpl)) {
        tpl->sign = token->punct;
        tpl->sign_gap = gap;
    } else {
        feed(tpl, token, word);
    }
}

uint64_t tn_template_end(struct tn_template *tpl)
{
    char sign = tpl->sign;

    if (sign != '\0')
        put_mark(tpl, sign);
    release(tpl);
    if (tpl->last.kind == TN_TOKEN_END && sign == '\0')
        return 0;
    flush_block(tpl);
    return tpl->hash == 0 ? 1 : tpl->hash;
}

uint64_t tn_template_keyed(struct tn_str text, enum tn_dialect dialect, uint64_t secret)
{
    struct tn_template tpl;
    struct tn_lexer    lexer;
    struct tn_token    token;
    char               last = '\0';

    tn_template_init(&tpl);
    tpl.hash = secret;
    tn_lexer_init(&lexer, text, dialect);
    while (tn_lexer_next(&lexer, &token)) {
        tn_template_add(&tpl, &token, token.kind == TN_TOKEN_WORD && last != '.' ? tn_word_find(token.text) : TN_WORD_NONE);
        last = token.punct;
    }
    return tn_template_end(&tpl);
}
