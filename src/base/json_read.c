#include "base/json_read.h"

struct reading {
    struct tn_str    text;
    size_t           at;
    struct tn_arena *arena;
    size_t           nodes;
    struct tn_error *err;
};

static enum tn_status read_value(struct reading *r, unsigned depth, struct tn_json_node **out);

static enum tn_status bad(const struct reading *r, const char *what)
{
    return tn_fail(r->err, TN_E_INVALID, "22032", "no valid JSON at byte %zu: %s", r->at + 1, what);
}

static enum tn_status no_memory(const struct reading *r)
{
    return tn_fail(r->err, TN_E_NOMEM, "53200", "no memory to read JSON");
}

const char *tn_json_kind_name(enum tn_json_kind kind)
{
    static const char *const names[] = {[TN_JSON_NULL] = "null", [TN_JSON_FALSE] = "boolean", [TN_JSON_TRUE] = "boolean", [TN_JSON_NUMBER] = "number",
                                        [TN_JSON_STRING] = "string", [TN_JSON_LIST] = "array", [TN_JSON_OBJECT] = "object"};

    return names[kind];
}

static int peek(const struct reading *r)
{
    return r->at < r->text.len ? (unsigned char)r->text.ptr[r->at] : -1;
}

static void skip_space(struct reading *r)
{
    while (r->at < r->text.len && memchr(" \t\n\r", r->text.ptr[r->at], 4) != NULL)
        r->at++;
}

/* ---- strings ---- */

static int hex4(const struct reading *r, size_t at)
{
    int value = 0;

    if (r->text.len - at < 4)
        return -1;
    for (size_t i = at; i < at + 4; i++) {
        char c = r->text.ptr[i];
        int  digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;

        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

static char *put_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        *out++ = (char)c;
    } else if (c < 0x800) {
        *out++ = (char)(0xC0 | c >> 6);
        *out++ = (char)(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        *out++ = (char)(0xE0 | c >> 12);
        *out++ = (char)(0x80 | (c >> 6 & 0x3F));
        *out++ = (char)(0x80 | (c & 0x3F));
    } else {
        *out++ = (char)(0xF0 | c >> 18);
        *out++ = (char)(0x80 | (c >> 12 & 0x3F));
        *out++ = (char)(0x80 | (c >> 6 & 0x3F));
        *out++ = (char)(0x80 | (c & 0x3F));
    }
    return out;
}

/* Behind "\u"; a pair of surrogates is one character. */
static enum tn_status read_unicode(struct reading *r, char **out)
{
    int32_t c = hex4(r, r->at), low;

    if (c < 0)
        return bad(r, "\\u wants four hexadecimal digits");
    r->at += 4;
    if (c >= 0xD800 && c < 0xDC00) {
        if (r->text.len - r->at < 6 || r->text.ptr[r->at] != '\\' || r->text.ptr[r->at + 1] != 'u' || (low = hex4(r, r->at + 2)) < 0xDC00 || low > 0xDFFF)
            return bad(r, "half of a surrogate pair");
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
        r->at += 6;
    } else if (c >= 0xDC00 && c < 0xE000) {
        return bad(r, "half of a surrogate pair");
    }
    if (c == 0)
        return bad(r, "a NUL character in a string");
    *out = put_utf8(*out, (uint32_t)c);
    return TN_OK;
}

static enum tn_status read_escape(struct reading *r, char **out)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    int               c = peek(r);
    const char       *name;

    r->at++;
    if (c == 'u')
        return read_unicode(r, out);
    name = c > 0 ? strchr(names, c) : NULL;
    if (name == NULL)
        return bad(r, "an unknown escape");
    *(*out)++ = values[name - names];
    return TN_OK;
}

/* At the opening quote. */
static enum tn_status read_string(struct reading *r, struct tn_str *out)
{
    size_t start = ++r->at, end = start;
    char  *copy, *to;

    while (end < r->text.len && r->text.ptr[end] != '"')
        end += r->text.ptr[end] == '\\' ? 2 : 1;
    if (end >= r->text.len)
        return bad(r, "a string without its end");
    copy = to = tn_arena_alloc(r->arena, end - start + 1); /* no escape is shorter than what it stands for */
    if (copy == NULL)
        return no_memory(r);
    while (r->at < end) {
        unsigned char c = (unsigned char)r->text.ptr[r->at];

        if (c < 0x20)
            return bad(r, "a control character in a string");
        r->at++;
        if (c != '\\')
            *to++ = (char)c;
        else
            TN_TRY(read_escape(r, &to));
    }
    r->at = end + 1;
    *to = '\0';
    *out = tn_str_n(copy, (size_t)(to - copy));
    return TN_OK;
}

/* ---- numbers ---- */

static size_t digits(struct tn_str text, size_t at)
{
    size_t n = 0;

    while (at + n < text.len && text.ptr[at + n] >= '0' && text.ptr[at + n] <= '9')
        n++;
    return n;
}

/* Length of the number at AT; 0: none. */
static size_t number_len(struct tn_str text, size_t at)
{
    size_t start = at, n;

    if (at < text.len && text.ptr[at] == '-')
        at++;
    n = digits(text, at);
    if (n == 0 || (n > 1 && text.ptr[at] == '0'))
        return 0;
    at += n;
    if (at < text.len && text.ptr[at] == '.') {
        n = digits(text, at + 1);
        if (n == 0)
            return 0;
        at += 1 + n;
    }
    if (at < text.len && (text.ptr[at] == 'e' || text.ptr[at] == 'E')) {
        at++;
        if (at < text.len && (text.ptr[at] == '+' || text.ptr[at] == '-'))
            at++;
        n = digits(text, at);
        if (n == 0)
            return 0;
        at += n;
    }
    return at - start;
}

bool tn_json_is_number(struct tn_str text)
{
    return text.len > 0 && number_len(text, 0) == text.len;
}

/* ---- values ---- */

static enum tn_status read_word(struct reading *r, struct tn_json_node *node)
{
    static const struct {
        const char       *word;
        enum tn_json_kind kind;
    } words[] = {{"null", TN_JSON_NULL}, {"true", TN_JSON_TRUE}, {"false", TN_JSON_FALSE}};
    size_t len;

    for (size_t i = 0; i < TN_ARRAY_LEN(words); i++) {
        len = strlen(words[i].word);
        if (r->text.len - r->at >= len && memcmp(r->text.ptr + r->at, words[i].word, len) == 0) {
            node->kind = words[i].kind;
            r->at += len;
            return TN_OK;
        }
    }
    len = number_len(r->text, r->at);
    if (len == 0)
        return bad(r, "a value was expected");
    node->kind = TN_JSON_NUMBER;
    node->text = tn_str_n(r->text.ptr + r->at, len);
    r->at += len;
    return TN_OK;
}

static enum tn_status read_name(struct reading *r, struct tn_str *name)
{
    skip_space(r);
    if (peek(r) != '"')
        return bad(r, "the name of a member was expected");
    TN_TRY(read_string(r, name));
    skip_space(r);
    if (peek(r) != ':')
        return bad(r, "a colon was expected");
    r->at++;
    return TN_OK;
}

static enum tn_status read_children(struct reading *r, unsigned depth, struct tn_json_node *node, char end)
{
    struct tn_json_node **tail = &node->first;

    r->at++;
    skip_space(r);
    if (peek(r) == end) {
        r->at++;
        return TN_OK;
    }
    for (;;) {
        struct tn_str name = {NULL, 0};

        if (end == '}')
            TN_TRY(read_name(r, &name));
        TN_TRY(read_value(r, depth + 1, tail));
        if (end == '}') {
            if (node->count == TN_JSON_MEMBERS_MAX)
                return bad(r, "an object has too many members");
            if (tn_json_member(node, name.ptr) != NULL)
                return bad(r, "a member is given twice");
            (*tail)->name = name;
        }
        tail = &(*tail)->next;
        node->count++;
        skip_space(r);
        if (peek(r) == end) {
            r->at++;
            return TN_OK;
        }
        if (peek(r) != ',')
            return bad(r, "a comma or the end of a list or object was expected");
        r->at++;
    }
}

static enum tn_status read_value(struct reading *r, unsigned depth, struct tn_json_node **out)
{
    struct tn_json_node *node;

    if (depth > TN_JSON_DEPTH_MAX || ++r->nodes > TN_JSON_NODES_MAX)
        return tn_fail(r->err, TN_E_LIMIT, "54000", "the JSON is too deep (at most %d) or has too many values (at most %d)", TN_JSON_DEPTH_MAX,
                       TN_JSON_NODES_MAX);
    node = tn_arena_zalloc(r->arena, sizeof *node);
    if (node == NULL)
        return no_memory(r);
    *out = node;
    skip_space(r);
    switch (peek(r)) {
    case '"':
        node->kind = TN_JSON_STRING;
        return read_string(r, &node->text);
    case '{':
        node->kind = TN_JSON_OBJECT;
        return read_children(r, depth, node, '}');
    case '[':
        node->kind = TN_JSON_LIST;
        return read_children(r, depth, node, ']');
    default:
        return read_word(r, node);
    }
}

enum tn_status tn_json_read(struct tn_str text, struct tn_arena *arena, const struct tn_json_node **out, struct tn_error *err)
{
    struct reading       r = {.text = text, .arena = arena, .err = err};
    struct tn_json_node *root = NULL;
    size_t               valid = tn_utf8_valid_prefix(text.ptr, text.len);

    *out = NULL;
    if (valid < text.len) {
        r.at = valid;
        return bad(&r, "this is no UTF-8");
    }
    TN_TRY(read_value(&r, 0, &root));
    skip_space(&r);
    if (r.at < text.len)
        return bad(&r, "something stands behind the value");
    *out = root;
    return TN_OK;
}

const struct tn_json_node *tn_json_member(const struct tn_json_node *object, const char *name)
{
    if (object == NULL || object->kind != TN_JSON_OBJECT)
        return NULL;
    for (const struct tn_json_node *node = object->first; node != NULL; node = node->next)
        if (node->name.ptr != NULL && tn_str_eq_c(node->name, name))
            return node;
    return NULL;
}
