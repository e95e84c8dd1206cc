#include "stats/lexer.h"

enum rule {
    DQ_STRING = 1u << 0,    /* "x" is a string */
    BACKSLASH = 1u << 1,    /* backslash escapes in strings */
    BACKTICK = 1u << 2,     /* `x` is an identifier */
    BRACKET = 1u << 3,      /* [x] is an identifier */
    DOLLAR_TAG = 1u << 4,   /* $tag$ .. $tag$ */
    DOLLAR_PAIR = 1u << 5,  /* $$ .. $$ only */
    HASH = 1u << 6,         /* # starts a comment */
    HASH_SPACE = 1u << 7,   /* # does when a space or ! follows */
    DASH_SPACE = 1u << 8,   /* -- does only when white space follows */
    SLASHES = 1u << 9,      /* // starts a comment */
    NESTED = 1u << 10,      /* comments nest */
    VERSIONED = 1u << 11,   /* what stands in a comment that starts with ! is executed */
    TRIPLE = 1u << 12,      /* ''' and """ */
    DOLLAR_NUM = 1u << 13,  /* $1 */
    DOLLAR_NAME = 1u << 14, /* $name */
    QUESTION = 1u << 15,    /* ? and ?1 */
    COLON_NAME = 1u << 16,  /* :name */
    AT_NAME = 1u << 17,     /* @name is a parameter */
    AT_WORD = 1u << 18,     /* @name is a variable or stage */
    BRACES = 1u << 19,      /* {name:Type} */
    DIGIT_WORD = 1u << 20,  /* 2020_sales is an identifier */
    IDENT_ESCAPE = 1u << 21, /* backslash escapes in quoted identifiers */
    DOLLAR_WORD = 1u << 22, /* $a is an identifier */
    LF_ONLY = 1u << 23,     /* no carriage return ends a comment */
    DOLLAR_COLUMN = 1u << 24, /* $1 is a column by its place */
    HASH_COLUMN = 1u << 25, /* #1 is one */
    SUFFIX = 1u << 26       /* 1L, 2BD are numbers */
};

struct tn_lexer_rules {
    unsigned    flags;
    const char *prefixes;  /* letters that may stand right before a string */
    const char *escaping;  /* those of them that switch backslash escapes on */
    const char *raw;       /* those of them that switch backslash escapes off */
};

#define MYSQL (BACKTICK | HASH | DASH_SPACE | VERSIONED | QUESTION | AT_WORD | DIGIT_WORD | DOLLAR_WORD | LF_ONLY)

/* By sql_mode: 1 = ANSI_QUOTES, 2 = NO_BACKSLASH_ESCAPES. */
static const struct tn_lexer_rules mysql_modes[4] = {
    {MYSQL | DQ_STRING | BACKSLASH, "bxn", "", ""},
    {MYSQL | BACKSLASH, "bxn", "", ""},
    {MYSQL | DQ_STRING, "bxn", "", ""},
    {MYSQL, "bxn", "", ""},
};

static const struct tn_lexer_rules dialects[TN_DIALECT_COUNT] = {
    [TN_DIALECT_POSTGRES] = {DOLLAR_TAG | NESTED | DOLLAR_NUM, "ebxn", "e", ""},
    [TN_DIALECT_DUCKDB] = {DOLLAR_TAG | NESTED | DOLLAR_NUM | DOLLAR_NAME | QUESTION | HASH_COLUMN, "ebxn", "e", ""},
    [TN_DIALECT_SQLITE] = {BACKTICK | BRACKET | DOLLAR_NUM | DOLLAR_NAME | QUESTION | COLON_NAME | AT_NAME | LF_ONLY, "x", "", ""},
    [TN_DIALECT_MYSQL] = {MYSQL | DQ_STRING | BACKSLASH, "bxn", "", ""},
    [TN_DIALECT_TRINO] = {QUESTION, "x", "", ""},
    [TN_DIALECT_CLICKHOUSE] = {BACKSLASH | BACKTICK | DOLLAR_TAG | HASH_SPACE | NESTED | BRACES | DIGIT_WORD | IDENT_ESCAPE,
                               "bx", "", ""},
    [TN_DIALECT_BIGQUERY] = {DQ_STRING | BACKSLASH | BACKTICK | HASH | TRIPLE | QUESTION | AT_NAME | IDENT_ESCAPE, "rb", "", ""},
    [TN_DIALECT_SNOWFLAKE] = {BACKSLASH | DOLLAR_PAIR | SLASHES | DOLLAR_COLUMN | DOLLAR_NAME | QUESTION | COLON_NAME | AT_WORD,
                              "xn", "", ""},
    [TN_DIALECT_SPARK] = {DQ_STRING | BACKSLASH | BACKTICK | NESTED | QUESTION | COLON_NAME | DIGIT_WORD | SUFFIX, "rx", "", "r"},
};

enum { SPACE = 1, START = 2, DIGIT = 4, DOLLAR = 8, COMMENT = 16, PART = START | DIGIT | DOLLAR };

#define ROW8(v) v, v, v, v, v, v, v, v
static const unsigned char class_of[256] = {
    [' '] = SPACE, ['\t'] = SPACE, ['\n'] = SPACE, ['\v'] = SPACE, ['\f'] = SPACE, ['\r'] = SPACE,
    ['0'] = ROW8(DIGIT), DIGIT, DIGIT,
    ['A'] = ROW8(START), ROW8(START), ROW8(START), START, START,
    ['a'] = ROW8(START), ROW8(START), ROW8(START), START, START,
    ['_'] = START, ['$'] = DOLLAR, ['/'] = COMMENT, ['-'] = COMMENT, ['#'] = COMMENT, ['*'] = COMMENT,
    [128] = ROW8(START), ROW8(START), ROW8(START), ROW8(START), ROW8(START), ROW8(START), ROW8(START), ROW8(START),
    ROW8(START), ROW8(START), ROW8(START), ROW8(START), ROW8(START), ROW8(START), ROW8(START), ROW8(START),
};

static bool has(const struct tn_lexer *lexer, unsigned flag)
{
    return (lexer->rules->flags & flag) != 0;
}

static char byte_at(const struct tn_lexer *lexer, size_t at) /* NUL beyond the end: no rule starts with it */
{
    return at < lexer->text.len ? lexer->text.ptr[at] : '\0';
}

static bool is(const struct tn_lexer *lexer, size_t at, unsigned class)
{
    return at < lexer->text.len && (class_of[(unsigned char)lexer->text.ptr[at]] & class) != 0;
}

static size_t skip(const struct tn_lexer *lexer, size_t at, unsigned class)
{
    while (is(lexer, at, class))
        at++;
    return at;
}

static bool contains(const char *letters, char c)
{
    return c != '\0' && strchr(letters, tn_ascii_lower(c)) != NULL;
}

void tn_lexer_init(struct tn_lexer *lexer, struct tn_str text, enum tn_dialect dialect)
{
    *lexer = (struct tn_lexer){.text = text, .rules = &dialects[dialect]};
}

void tn_lexer_init_mysql(struct tn_lexer *lexer, struct tn_str text, bool ansi_quotes, bool no_backslash)
{
    *lexer = (struct tn_lexer){.text = text, .rules = &mysql_modes[(ansi_quotes ? 1 : 0) | (no_backslash ? 2 : 0)]};
}

/* The first line end, or the end of the text. */
static size_t line_end(const struct tn_lexer *lexer, size_t at)
{
    while (at < lexer->text.len && lexer->text.ptr[at] != '\n' && (has(lexer, LF_ONLY) || lexer->text.ptr[at] != '\r'))
        at++;
    return at;
}

/* AT is behind the opening marks. */
static size_t block_end(const struct tn_lexer *lexer, size_t at)
{
    size_t depth = 1;

    while (at + 1 < lexer->text.len) {
        if (lexer->text.ptr[at] == '*' && lexer->text.ptr[at + 1] == '/') {
            at += 2;
            if (--depth == 0)
                return at;
        } else if (has(lexer, NESTED) && lexer->text.ptr[at] == '/' && lexer->text.ptr[at + 1] == '*') {
            at += 2;
            depth++;
        } else {
            at++;
        }
    }
    return lexer->text.len;
}

/* Behind the opening of a comment whose content counts, or AT itself. */
static size_t versioned_start(const struct tn_lexer *lexer, size_t at)
{
    size_t mark = byte_at(lexer, at + 2) == 'M' ? at + 3 : at + 2;

    if (!has(lexer, VERSIONED) || byte_at(lexer, mark) != '!')
        return at;
    return skip(lexer, mark + 1, DIGIT);
}

/* Behind the comment that starts at AT; AT when there is none. */
static size_t comment_end(struct tn_lexer *lexer, size_t at)
{
    char   first = byte_at(lexer, at), second = byte_at(lexer, at + 1);
    size_t inside;

    if (first == '/' && second == '*') {
        inside = versioned_start(lexer, at);
        if (inside == at)
            return block_end(lexer, at + 2);
        lexer->in_versioned = true;
        return inside;
    }
    if (lexer->in_versioned && first == '*' && second == '/') {
        lexer->in_versioned = false;
        return at + 2;
    }
    if (first == '-' && second == '-' &&
        (!has(lexer, DASH_SPACE) || at + 2 >= lexer->text.len || (unsigned char)lexer->text.ptr[at + 2] <= ' ' || lexer->text.ptr[at + 2] == 0x7f))
        return line_end(lexer, at);
    if (first == '#' && (has(lexer, HASH) || (has(lexer, HASH_SPACE) && (second == ' ' || second == '!'))))
        return line_end(lexer, at);
    if (first == '/' && second == '/' && has(lexer, SLASHES))
        return line_end(lexer, at);
    return at;
}

bool tn_lexer_comment(struct tn_lexer *lexer, struct tn_str *comment)
{
    size_t start = skip(lexer, lexer->at, SPACE);
    size_t end = is(lexer, start, COMMENT) ? comment_end(lexer, start) : start;

    lexer->at = end;
    *comment = end > start ? tn_str_n(lexer->text.ptr + start, end - start) : TN_STR("");
    return end > start;
}

/* Behind the closing QUOTE; AT is behind the opening one. */
static size_t quoted_end(const struct tn_lexer *lexer, size_t at, char quote, bool escapes, bool *unterminated)
{
    while (at < lexer->text.len) {
        char c = lexer->text.ptr[at];

        if (c == '\\' && escapes)
            at += 2;
        else if (c != quote)
            at++;
        else if (byte_at(lexer, at + 1) == quote)
            at += 2;
        else
            return at + 1;
    }
    *unterminated = true;
    return lexer->text.len;
}

static size_t triple_end(const struct tn_lexer *lexer, size_t at, char quote, bool *unterminated)
{
    while (at < lexer->text.len) {
        if (lexer->text.ptr[at] == '\\')
            at += 2;
        else if (lexer->text.ptr[at] == quote && byte_at(lexer, at + 1) == quote && byte_at(lexer, at + 2) == quote)
            return at + 3;
        else
            at++;
    }
    *unterminated = true;
    return lexer->text.len;
}

static size_t string_end(const struct tn_lexer *lexer, size_t at, bool escapes, bool *unterminated)
{
    char quote = lexer->text.ptr[at];

    if (has(lexer, TRIPLE) && byte_at(lexer, at + 1) == quote && byte_at(lexer, at + 2) == quote)
        return triple_end(lexer, at + 3, quote, unterminated);
    return quoted_end(lexer, at + 1, quote, escapes, unterminated);
}

static bool is_string_quote(const struct tn_lexer *lexer, char c)
{
    return c == '\'' || (c == '"' && has(lexer, DQ_STRING));
}

/* End of the string that the short word [AT, END) introduces, or 0: E'..', X'..', rb"..". */
static size_t prefixed_end(const struct tn_lexer *lexer, size_t at, size_t end, struct tn_token *token)
{
    const struct tn_lexer_rules *rules = lexer->rules;
    bool                         escapes = has(lexer, BACKSLASH);

    if (end - at > (has(lexer, TRIPLE) ? 2u : 1u) || !is_string_quote(lexer, byte_at(lexer, end)))
        return 0;
    for (size_t i = at; i < end; i++) {
        if (!contains(rules->prefixes, lexer->text.ptr[i]))
            return 0;
        if (contains(rules->escaping, lexer->text.ptr[i]))
            escapes = true;
        if (contains(rules->raw, lexer->text.ptr[i]))
            escapes = false;
    }
    token->kind = TN_TOKEN_STRING;
    return string_end(lexer, end, escapes, &token->unterminated);
}

/* U&'..' and U&"..": END is behind the U. */
static size_t unicode_end(const struct tn_lexer *lexer, size_t end, struct tn_token *token)
{
    char quote = byte_at(lexer, end + 1);

    if (byte_at(lexer, end) != '&' || (quote != '\'' && quote != '"') || has(lexer, BACKSLASH))
        return 0;
    token->kind = quote == '"' ? TN_TOKEN_IDENT : TN_TOKEN_STRING;
    return quoted_end(lexer, end + 2, quote, false, &token->unterminated);
}

static size_t read_word(const struct tn_lexer *lexer, size_t at, struct tn_token *token)
{
    size_t end = skip(lexer, at, PART), string = 0;

    token->kind = TN_TOKEN_WORD;
    if (end - at <= 2)
        string = prefixed_end(lexer, at, end, token);
    if (string == 0 && end - at == 1 && tn_ascii_lower(lexer->text.ptr[at]) == 'u')
        string = unicode_end(lexer, end, token);
    return string > 0 ? string : end;
}

/* Behind the letters that give the number in front of AT its type, or AT. */
static size_t suffix_end(const struct tn_lexer *lexer, size_t at)
{
    size_t        end = skip(lexer, at, PART);
    struct tn_str letters = tn_str_n(lexer->text.ptr + at, end - at);

    if (!has(lexer, SUFFIX) || (letters.len == 1 ? !contains("lsydf", letters.ptr[0]) : !tn_str_ieq(letters, TN_STR("bd"))))
        return at;
    return end;
}

static size_t read_number(const struct tn_lexer *lexer, size_t at, struct tn_token *token)
{
    char   second = tn_ascii_lower(byte_at(lexer, at + 1));
    size_t end = at, sign;

    token->kind = TN_TOKEN_NUMBER;
    if (lexer->text.ptr[at] == '0' && (second == 'x' || second == 'b' || second == 'o') && is(lexer, at + 2, START | DIGIT))
        return skip(lexer, at + 2, START | DIGIT);
    while (is(lexer, end, DIGIT) || (byte_at(lexer, end) == '_' && is(lexer, end + 1, DIGIT)))
        end++;
    if (byte_at(lexer, end) == '.' && byte_at(lexer, end + 1) != '.')
        end = skip(lexer, end + 1, DIGIT);
    if (tn_ascii_lower(byte_at(lexer, end)) == 'e') {
        sign = byte_at(lexer, end + 1) == '+' || byte_at(lexer, end + 1) == '-' ? 2 : 1;
        if (is(lexer, end + sign, DIGIT))
            end = skip(lexer, end + sign, DIGIT);
    }
    end = suffix_end(lexer, end);
    if (has(lexer, DIGIT_WORD) && is(lexer, end, START) && byte_at(lexer, end - 1) != '.') {
        token->kind = TN_TOKEN_WORD;
        end = skip(lexer, end, PART);
    }
    return end;
}

static size_t read_digits(const struct tn_lexer *lexer, size_t at, struct tn_token *token)
{
    token->kind = TN_TOKEN_PARAM;
    for (; is(lexer, at, DIGIT); at++) {
        uint32_t digit = (uint32_t)(lexer->text.ptr[at] - '0');

        token->param = token->param > 99999999u ? 999999999u : token->param * 10 + digit;
    }
    return at;
}

/* End of a $tag$ string that starts at AT, or 0. A tag holds no $, so that each byte is compared once or twice. */
static size_t dollar_end(const struct tn_lexer *lexer, size_t at, struct tn_token *token)
{
    size_t      body = at + 1, len;
    const char *tag = lexer->text.ptr + at;

    if (has(lexer, DOLLAR_TAG) && is(lexer, body, START))
        body = skip(lexer, body, START | DIGIT);
    else if (!has(lexer, DOLLAR_TAG | DOLLAR_PAIR))
        return 0;
    if (byte_at(lexer, body) != '$')
        return 0;
    token->kind = TN_TOKEN_STRING;
    body++;
    len = body - at;
    while (body < lexer->text.len) {
        const char *found = memchr(lexer->text.ptr + body, '$', lexer->text.len - body);

        if (found == NULL)
            break;
        body = (size_t)(found - lexer->text.ptr);
        if (lexer->text.len - body >= len && memcmp(found, tag, len) == 0)
            return body + len;
        body++;
    }
    token->unterminated = true;
    return lexer->text.len;
}

/* A :name (or :1) right behind a name, a text or a bracket is a path or a part of an object, not a parameter. */
static bool may_be_named(const struct tn_lexer *lexer, size_t at)
{
    char before = at > 0 ? lexer->text.ptr[at - 1] : ' ';

    return is(lexer, at + 1, START | DIGIT) && (at == 0 || !is(lexer, at - 1, PART)) && before != ')' && before != ']' &&
           before != '"' && before != '\'' && before != ':' && before != '`';
}

static size_t braces_end(const struct tn_lexer *lexer, size_t at)
{
    size_t end = skip(lexer, skip(lexer, at + 1, SPACE), START | DIGIT);

    if (end == at + 1 || byte_at(lexer, skip(lexer, end, SPACE)) != ':')
        return 0;
    while (end < lexer->text.len && end - at < 256 && lexer->text.ptr[end] != '}')
        end++;
    return byte_at(lexer, end) == '}' ? end + 1 : 0;
}

/* End of the parameter or variable that starts at AT, or 0. */
static size_t read_param(const struct tn_lexer *lexer, size_t at, struct tn_token *token)
{
    size_t end = 0;

    token->kind = TN_TOKEN_PARAM;
    switch (lexer->text.ptr[at]) {
    case '$':
        if (has(lexer, DOLLAR_NUM) && is(lexer, at + 1, DIGIT))
            return read_digits(lexer, at + 1, token);
        if (has(lexer, DOLLAR_COLUMN) && is(lexer, at + 1, DIGIT)) {
            token->kind = TN_TOKEN_WORD;
            return skip(lexer, at + 1, DIGIT);
        }
        end = dollar_end(lexer, at, token);
        if (end == 0 && has(lexer, DOLLAR_NAME) && is(lexer, at + 1, START))
            end = skip(lexer, at + 1, PART);
        return end;
    case '?':
        return has(lexer, QUESTION) ? read_digits(lexer, at + 1, token) : 0;
    case ':':
        return has(lexer, COLON_NAME) && may_be_named(lexer, at) ? skip(lexer, at + 1, PART) : 0;
    case '@':
        if (!has(lexer, AT_NAME | AT_WORD))
            return 0;
        if (has(lexer, AT_WORD))
            token->kind = TN_TOKEN_WORD;
        end = byte_at(lexer, at + 1) == '@' ? at + 2 : at + 1;
        end = is(lexer, end, START) || (has(lexer, DIGIT_WORD) && is(lexer, end, DIGIT)) ? skip(lexer, end, PART) : 0; /* MySQL's @1 */
        while (end > 0 && has(lexer, AT_WORD) && byte_at(lexer, at + 1) != '@' && byte_at(lexer, end) == '.' && is(lexer, end + 1, PART))
            end = skip(lexer, end + 1, PART); /* @a.b is one name; in @@session.b the scope is another */
        return end;
    case '{':
        return has(lexer, BRACES) ? braces_end(lexer, at) : 0;
    default:
        return 0;
    }
}

/* End of the string or quoted identifier that starts at AT, or 0. */
static size_t read_quoted(const struct tn_lexer *lexer, size_t at, struct tn_token *token)
{
    char c = lexer->text.ptr[at];

    if (is_string_quote(lexer, c)) {
        token->kind = TN_TOKEN_STRING;
        return string_end(lexer, at, has(lexer, BACKSLASH), &token->unterminated);
    }
    token->kind = TN_TOKEN_IDENT;
    if (c == '"' || (c == '`' && has(lexer, BACKTICK)))
        return quoted_end(lexer, at + 1, c, has(lexer, IDENT_ESCAPE), &token->unterminated);
    if (c == '[' && has(lexer, BRACKET)) {
        const char *close = memchr(lexer->text.ptr + at, ']', lexer->text.len - at);

        token->unterminated = close == NULL;
        return close == NULL ? lexer->text.len : (size_t)(close - lexer->text.ptr) + 1;
    }
    return 0;
}

static size_t read_punct(const struct tn_lexer *lexer, size_t at, struct tn_token *token)
{
    static const char pairs[][2] = {{':', ':'}, {':', '='}, {'|', '|'}, {'<', '='}, {'>', '='},
                                    {'<', '>'}, {'!', '='}, {'-', '>'}, {'=', '>'}};
    char first = lexer->text.ptr[at], second = byte_at(lexer, at + 1);

    token->kind = TN_TOKEN_PUNCT;
    for (size_t i = 0; i < TN_ARRAY_LEN(pairs); i++)
        if (first == pairs[i][0] && second == pairs[i][1])
            return at + 2;
    token->punct = first;
    return at + 1;
}

static size_t read_token(const struct tn_lexer *lexer, size_t at, struct tn_token *token)
{
    size_t end = 0;

    if (is(lexer, at, START) || (lexer->text.ptr[at] == '$' && has(lexer, DOLLAR_WORD)))
        return read_word(lexer, at, token);
    if (is(lexer, at, DIGIT) || (lexer->text.ptr[at] == '.' && is(lexer, at + 1, DIGIT) && (at == 0 || !is(lexer, at - 1, PART))))
        return read_number(lexer, at, token);
    switch (lexer->text.ptr[at]) {
    case '#':
        token->kind = TN_TOKEN_WORD;
        end = has(lexer, HASH_COLUMN) && is(lexer, at + 1, DIGIT) ? skip(lexer, at + 1, DIGIT) : 0;
        break;
    case '\'':
    case '"':
    case '`':
    case '[':
        end = read_quoted(lexer, at, token);
        break;
    case '$':
    case '?':
    case ':':
    case '@':
    case '{':
        end = read_param(lexer, at, token);
        break;
    default:
        break;
    }
    return end > 0 ? end : read_punct(lexer, at, token);
}

bool tn_lexer_next(struct tn_lexer *lexer, struct tn_token *token)
{
    struct tn_str comment;
    size_t        end;

    *token = (struct tn_token){.kind = TN_TOKEN_END, .text = {"", 0}};
    while (tn_lexer_comment(lexer, &comment))
        continue;
    if (lexer->at >= lexer->text.len)
        return false;
    end = read_token(lexer, lexer->at, token);
    end = TN_MIN(end, lexer->text.len);
    token->text = tn_str_n(lexer->text.ptr + lexer->at, end - lexer->at);
    lexer->at = end;
    return true;
}

struct tn_str tn_token_name(const struct tn_token *token)
{
    struct tn_str name = token->text;

    if (token->kind != TN_TOKEN_IDENT)
        return name;
    if (name.len >= 3 && tn_ascii_lower(name.ptr[0]) == 'u' && name.ptr[1] == '&')
        name = tn_str_n(name.ptr + 2, name.len - 2);
    name = tn_str_n(name.ptr + 1, name.len - 1);
    if (!token->unterminated)
        name.len--;
    return name;
}
