#include "stats/statement.h"

/* A body can only follow one of these among the first words of CREATE [OR REPLACE] [TEMP] .. */
enum { HEAD_WORDS = 6 };

static bool opens_body(enum tn_word word)
{
    return word == TN_WORD_function || word == TN_WORD_procedure || word == TN_WORD_trigger;
}

/* END IF, END LOOP .. close what did not count as a block. */
static bool closes_other(enum tn_word word)
{
    return word == TN_WORD_if || word == TN_WORD_loop || word == TN_WORD_while || word == TN_WORD_repeat || word == TN_WORD_for;
}

static void scan_body(struct tn_statement_scan *scan, enum tn_word word)
{
    bool after_end = scan->after_end;

    scan->after_end = false;
    if (after_end && closes_other(word)) {
        scan->blocks++;
        return;
    }
    if (word == TN_WORD_begin || (word == TN_WORD_case && scan->blocks > 0 && !after_end))
        scan->blocks++;
    if (word == TN_WORD_end && scan->blocks > 0) {
        scan->blocks--;
        scan->after_end = true;
    }
}

static void scan_head(struct tn_statement_scan *scan, struct tn_str text, enum tn_word word)
{
    if (scan->words == 0) {
        scan->first = word;
        scan->creates = word == TN_WORD_create;
    } else if (scan->creates && opens_body(word)) {
        scan->may_have_body = true;
    } else if (scan->words == 1) {
        scan->prefixed = scan->first == TN_WORD_set && tn_str_ieq_c(text, "statement");
        scan->negated = scan->first == TN_WORD_begin && word == TN_WORD_not;
    } else if (scan->words == 2 && scan->negated && word == TN_WORD_atomic) {
        scan->may_have_body = true;
        scan->blocks = 1;
    }
    scan->words++;
}

static void scan_word(struct tn_statement_scan *scan, struct tn_str text, enum tn_word word)
{
    if (scan->prefixed && word == TN_WORD_for && scan->brackets == 0) {
        *scan = (struct tn_statement_scan){0};
        return;
    }
    if (scan->words < HEAD_WORDS)
        scan_head(scan, text, word);
    if (scan->may_have_body && scan->brackets == 0)
        scan_body(scan, word);
}

bool tn_statement_token(struct tn_statement_scan *scan, const struct tn_token *token, enum tn_word word)
{
    if (token->kind == TN_TOKEN_WORD) {
        scan_word(scan, token->text, scan->behind_dot ? TN_WORD_NONE : word); /* NEW.end is a name */
        scan->behind_dot = false;
    } else {
        scan->behind_dot = token->punct == '.';
        scan->after_end = false;
        if (token->punct == '(')
            scan->brackets++;
        else if (token->punct == ')' && scan->brackets > 0)
            scan->brackets--;
    }
    return token->punct == ';' && scan->brackets == 0 && scan->blocks == 0;
}

static struct tn_str trimmed(struct tn_str text, size_t from, size_t to)
{
    return tn_str_trim(tn_str_n(text.ptr + from, to - from));
}

static bool may_begin_body(struct tn_str text)
{
    char first = tn_ascii_lower(text.ptr[0]);

    return first == 'c' || first == 'b' || (first == 's' && text.len > 3 && tn_str_ieq_c(tn_str_n(text.ptr, 3), "set"));
}

/* What may hide a semicolon, or tells whether something does. */
static const bool is_telling[256] = {
    ['\''] = true, ['('] = true, [')'] = true, ['"'] = true, ['`'] = true, ['['] = true, ['$'] = true,
    ['/'] = true, ['#'] = true, ['\\'] = true, ['{'] = true, ['-'] = true,
};

static size_t next_telling(struct tn_str text, size_t at)
{
    while (at < text.len && !is_telling[(unsigned char)text.ptr[at]])
        at++;
    return at;
}

/* Is there nothing in TEXT, which a semicolon follows, that could hide it: a comment, a quoted name, a string with escapes or dollars, a bracket
 * that is open, a body? */
static bool is_open_text(struct tn_str text)
{
    size_t brackets = 0;
    bool   quoted = false;

    for (size_t i = next_telling(text, 0); i < text.len; i = next_telling(text, i + 1)) {
        switch (text.ptr[i]) {
        case '\'':
            quoted = !quoted; /* a doubled one is two strings side by side, for this purpose */
            break;
        case '(':
            brackets += !quoted;
            break;
        case ')':
            brackets -= !quoted && brackets > 0;
            break;
        case '-':
            if (i + 1 < text.len && text.ptr[i + 1] == '-')
                return false;
            break;
        case '$': /* a parameter: no tag of a dollar quote begins with a digit */
            if (i + 1 == text.len || text.ptr[i + 1] < '0' || text.ptr[i + 1] > '9')
                return false;
            break;
        default:
            return false;
        }
    }
    return !quoted && brackets == 0 && !may_begin_body(text);
}

/* The usual text: a word at its start and no semicolon, or one with nothing behind it that matters, so it is one statement, END long. */
static bool is_single(struct tn_str rest, size_t *end)
{
    char        first = rest.len > 0 ? tn_ascii_lower(rest.ptr[0]) : '\0';
    const char *semicolon;

    if (first < 'a' || first > 'z')
        return false;
    *end = rest.len;
    semicolon = memchr(rest.ptr, ';', rest.len);
    if (semicolon == NULL)
        return true;
    *end = (size_t)(semicolon - rest.ptr);
    for (size_t i = *end; i < rest.len; i++)
        if (rest.ptr[i] != ';' && rest.ptr[i] != ' ' && rest.ptr[i] != '\n')
            return false;
    return is_open_text(tn_str_n(rest.ptr, *end));
}

bool tn_statement_next(struct tn_str text, enum tn_dialect dialect, size_t *at, struct tn_str *statement)
{
    struct tn_statement_scan scan = {0};
    struct tn_lexer          lexer;
    struct tn_token          token;
    size_t                   start = *at, end;
    bool                     some = false;

    while (start < text.len && (text.ptr[start] == ';' || text.ptr[start] == ' ' || text.ptr[start] == '\n'))
        start++; /* what stands between two statements: there may be much of it */
    *statement = TN_STR("");
    *at = text.len;
    if (start >= text.len)
        return false;
    if (is_single(tn_str_n(text.ptr + start, text.len - start), &end)) {
        *statement = trimmed(text, start, start + end);
        return true;
    }
    tn_lexer_init(&lexer, text, dialect);
    lexer.at = start;
    while (tn_lexer_next(&lexer, &token)) {
        enum tn_word word = token.kind == TN_TOKEN_WORD ? tn_word_find(token.text) : TN_WORD_NONE;

        if (!tn_statement_token(&scan, &token, word)) {
            some = true;
            continue;
        }
        *at = lexer.at;
        if (some) {
            *statement = trimmed(text, start, lexer.at - 1);
            return true;
        }
        start = lexer.at;
        scan = (struct tn_statement_scan){0};
    }
    *at = text.len;
    if (some)
        *statement = trimmed(text, start, text.len);
    return some;
}
