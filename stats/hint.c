#include "stats/lexer.h"

/* State of the parser of one hint comment: TEXT is the statement, AT a place in it, END the closing mark. */
struct reader {
    struct tn_str    text;
    size_t           at, end;
    struct tn_error *err;
};

static const char *const keys[] = {"group", "cluster", "tags", "strategy", "priority"};

static struct tn_str *member(struct tn_hint *hint, size_t key)
{
    struct tn_str *const members[] = {&hint->group, &hint->cluster, &hint->tags, &hint->strategy, &hint->priority};

    return members[key];
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static char peek(struct reader *r) /* behind white space; NUL at the end */
{
    while (r->at < r->end && is_space(r->text.ptr[r->at]))
        r->at++;
    return r->at < r->end ? r->text.ptr[r->at] : '\0';
}

static bool is_value_byte(char c)
{
    return !is_space(c) && c != ',' && c != '(' && c != ')' && c != '=' && c != '\'' && c != '"' && c != '\0';
}

static struct tn_str read_bare(struct reader *r)
{
    size_t start;

    (void)peek(r);
    start = r->at;
    while (r->at < r->end && is_value_byte(r->text.ptr[r->at]))
        r->at++;
    return tn_str_n(r->text.ptr + start, r->at - start);
}

static enum tn_status fail(struct reader *r, const char *what)
{
    int position = 1;

    for (size_t i = 0; i < r->at; i++) /* characters, not bytes */
        position += ((unsigned char)r->text.ptr[i] & 0xC0u) != 0x80u;
    (void)tn_fail(r->err, TN_E_INVALID, "42601", "hint turnout(...): %s", what);
    tn_error_hint(r->err, "Write it as /*+ turnout(group=NAME, cluster=NAME, tags='key:value,...', strategy=NAME, "
                          "priority=NAME) */, each key at most once.");
    if (r->err != NULL)
        r->err->position = position;
    return TN_E_INVALID;
}

/* Valid UTF-8 of TEXT, short enough for a message. */
static struct tn_str shown(struct tn_str text)
{
    return tn_str_n(text.ptr, tn_utf8_valid_prefix(text.ptr, TN_MIN(text.len, (size_t)40)));
}

static enum tn_status fail_key(struct reader *r, struct tn_str name)
{
    const char *best = NULL;
    unsigned    least = 3;
    char        what[160];

    for (size_t i = 0; i < TN_ARRAY_LEN(keys); i++) {
        unsigned distance = tn_str_distance(name, tn_str(keys[i]), 3);

        if (distance < least && distance < name.len) {
            least = distance;
            best = keys[i];
        }
    }
    name = shown(name);
    if (best != NULL)
        snprintf(what, sizeof what, "unknown key \"" TN_STR_FMT "\", did you mean \"%s\"?", TN_STR_ARG(name), best);
    else
        snprintf(what, sizeof what, "unknown key \"" TN_STR_FMT "\"; keys are group, cluster, tags, strategy, priority",
                 TN_STR_ARG(name));
    return fail(r, what);
}

static enum tn_status read_value(struct reader *r, struct tn_str *out)
{
    char        quote = peek(r);
    const char *start, *close;

    if (quote != '\'' && quote != '"') {
        *out = read_bare(r);
        return out->len > 0 ? TN_OK : fail(r, "a value is missing behind \"=\"");
    }
    start = r->text.ptr + r->at + 1;
    close = memchr(start, quote, r->end - r->at - 1);
    if (close == NULL)
        return fail(r, "a quoted value has no closing quote");
    *out = tn_str_n(start, (size_t)(close - start));
    r->at = (size_t)(close - r->text.ptr) + 1;
    return out->len > 0 ? TN_OK : fail(r, "a value is empty");
}

static enum tn_status read_pair(struct reader *r, struct tn_hint *hint)
{
    struct tn_str name = read_bare(r);
    size_t        name_at = r->at - name.len, key = 0;

    if (name.len == 0)
        return fail(r, "a key is expected");
    while (key < TN_ARRAY_LEN(keys) && !tn_str_ieq_c(name, keys[key]))
        key++;
    if (key == TN_ARRAY_LEN(keys)) {
        r->at = name_at;
        return fail_key(r, name);
    }
    if (member(hint, key)->ptr != NULL) {
        r->at = name_at;
        return fail(r, "a key is given twice");
    }
    if (peek(r) != '=')
        return fail(r, "\"=\" is expected behind a key");
    r->at++;
    return read_value(r, member(hint, key));
}

static enum tn_status read_pairs(struct reader *r, struct tn_hint *hint)
{
    if (peek(r) != '(')
        return fail(r, "\"(\" is expected behind turnout");
    r->at++;
    while (peek(r) != ')') {
        TN_TRY(read_pair(r, hint));
        if (peek(r) == ',')
            r->at++;
        else if (peek(r) != ')')
            return fail(r, "\",\" or \")\" is expected (a value with commas or spaces needs quotes)");
    }
    r->at++;
    return peek(r) == '\0' && r->at == r->end ? TN_OK : fail(r, "something stands behind the closing \")\"");
}

/* Does the comment at FROM, the next to be read, begin with + turnout? Sets AT behind that word. */
static bool is_ours(struct reader *r, size_t from, struct tn_str comment)
{
    static const struct tn_str word = {"turnout", 7};
    char                       next;

    if (comment.len < 3 || memcmp(comment.ptr, "/*+", 3) != 0)
        return false;
    r->at = from + 3;
    r->end = from + comment.len;
    if (comment.len >= 5 && memcmp(comment.ptr + comment.len - 2, "*/", 2) == 0)
        r->end -= 2;
    (void)peek(r);
    if (r->end - r->at < word.len || !tn_str_ieq(tn_str_n(r->text.ptr + r->at, word.len), word))
        return false;
    r->at += word.len;
    next = r->at < r->end ? r->text.ptr[r->at] : '\0';
    return next == '\0' || next == '(' || is_space(next);
}

enum tn_status tn_hint_read(struct tn_hint *out, struct tn_str statement, struct tn_error *err)
{
    struct reader   r = {.text = statement, .err = err};
    struct tn_lexer lexer;
    struct tn_str   comment;
    enum tn_status  status;

    *out = (struct tn_hint){.group = {NULL, 0}};
    tn_lexer_init(&lexer, statement, TN_DIALECT_POSTGRES);
    while (tn_lexer_comment(&lexer, &comment)) {
        if (!is_ours(&r, (size_t)(comment.ptr - statement.ptr), comment))
            continue;
        status = read_pairs(&r, out);
        if (status != TN_OK)
            *out = (struct tn_hint){.group = {NULL, 0}};
        return status;
    }
    return TN_OK;
}
