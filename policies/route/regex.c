#define PCRE2_CODE_UNIT_WIDTH 8
#include "policies/route/regex.h"

#include "base/alloc.h"

#include <pcre2.h>

/* Why these: a statement is routed on a loop thread. The first position may take long (anchored patterns do all their
 * work there), later ones little, so that a quadratic pattern meets the budget soon. */
enum {
    PATTERN_MAX = 8192,
    MATCH_LIMIT_FIRST = 1000000,
    MATCH_LIMIT_LATER = 50000,
    DEPTH_LIMIT = 10000,
    HEAP_LIMIT_KIB = 8192,
    WINDOW_MIN = 64,   /* start positions per call */
    WINDOW_MAX = 4096,
    WINDOW_FAST_US = 50,
    BUDGET_US = 20000,
};

struct tn_regex {
    pcre2_code   *code;
    struct tn_str pattern;
};

/* Per statement, from its arena. */
struct match {
    pcre2_general_context *general;
    pcre2_match_context   *context;
    pcre2_match_data      *data;
    struct tn_str          text; /* valid UTF-8: bad bytes are `?` */
    size_t                 body; /* where leading white space and comments end */
};

static void free_regex(void *object)
{
    struct tn_regex *regex = object;

    pcre2_code_free(regex->code);
    tn_free(regex);
}

static void *arena_malloc(size_t size, void *arena)
{
    return tn_arena_alloc(arena, size);
}

static void arena_free(void *ptr, void *arena)
{
    (void)ptr; /* goes with the query */
    (void)arena;
}

struct tn_regex *tn_regex_compile(struct tn_compiler *c, const struct tn_node *map, const char *path, const char *key)
{
    struct tn_str    pattern;
    struct tn_regex *regex;
    PCRE2_SIZE       offset;
    int              code;
    PCRE2_UCHAR      text[256];

    if (!tn_node_text(map, path, key, NULL, &pattern, c->problems))
        return NULL;
    if (pattern.len > PATTERN_MAX) {
        tn_compile_error(c, map, path, key, "longer than %d bytes", PATTERN_MAX);
        return NULL;
    }
    regex = tn_calloc(1, sizeof *regex);
    if (regex == NULL) {
        c->no_memory = true;
        return NULL;
    }
    regex->code = pcre2_compile((PCRE2_SPTR)(pattern.len == 0 ? "" : pattern.ptr), pattern.len,
                                PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_USE_OFFSET_LIMIT, &code, &offset, NULL);
    if (regex->code == NULL) {
        tn_free(regex);
        pcre2_get_error_message(code, text, sizeof text);
        tn_compile_error(c, map, path, key, "bad regular expression: %s, at offset %zu", (const char *)text, (size_t)offset);
        return NULL;
    }
    (void)pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE); /* without JIT the interpreter runs it */
    regex->pattern = tn_compile_text(c, pattern);
    return tn_compile_keep(c, regex, free_regex) ? regex : NULL;
}

struct tn_str tn_regex_pattern(const struct tn_regex *regex)
{
    return regex->pattern;
}

/* A comment that is nested in another belongs to it, as in PostgreSQL. */
static size_t skip_block_comment(struct tn_str text, size_t at)
{
    unsigned depth = 0;

    while (at + 1 < text.len) {
        if (text.ptr[at] == '/' && text.ptr[at + 1] == '*') {
            depth++;
            at += 2;
        } else if (text.ptr[at] == '*' && text.ptr[at + 1] == '/') {
            at += 2;
            if (--depth == 0)
                return at;
        } else {
            at++;
        }
    }
    return text.len;
}

static size_t find_body(struct tn_str text)
{
    size_t at = 0;

    while (at < text.len) {
        char ch = text.ptr[at];

        if (ch == ' ' || (ch >= '\t' && ch <= '\r') || ch == ';')
            at++;
        else if (ch == '/' && at + 1 < text.len && text.ptr[at + 1] == '*')
            at = skip_block_comment(text, at);
        else if (ch == '-' && at + 1 < text.len && text.ptr[at + 1] == '-')
            while (at < text.len && text.ptr[at] != '\n')
                at++;
        else
            break;
    }
    return at;
}

static bool sanitise(struct tn_routing *r, struct tn_str *out)
{
    size_t good = tn_utf8_valid_prefix(r->text.ptr, r->text.len);
    char  *copy;

    *out = r->text;
    if (r->text.len == 0)
        *out = TN_STR("");
    if (good == r->text.len)
        return true;
    copy = tn_arena_strdup(r->arena, r->text);
    if (copy == NULL)
        return false;
    while (good < r->text.len) {
        copy[good++] = '?';
        good += tn_utf8_valid_prefix(copy + good, r->text.len - good);
    }
    *out = tn_str_n(copy, r->text.len);
    return true;
}

static struct match *begin(struct tn_routing *r)
{
    struct match *m = r->match;

    if (m != NULL)
        return m;
    m = tn_arena_zalloc(r->arena, sizeof *m);
    if (m == NULL || !sanitise(r, &m->text))
        return NULL;
    m->general = pcre2_general_context_create(arena_malloc, arena_free, r->arena);
    if (m->general == NULL)
        return NULL;
    m->context = pcre2_match_context_create(m->general);
    m->data = pcre2_match_data_create(1, m->general);
    if (m->context == NULL || m->data == NULL)
        return NULL;
    pcre2_set_depth_limit(m->context, DEPTH_LIMIT);
    pcre2_set_heap_limit(m->context, HEAP_LIMIT_KIB);
    m->body = find_body(m->text);
    r->match = m;
    return m;
}

/* Tries the start positions FROM..LAST of TEXT. */
static int try_window(const struct tn_regex *regex, struct match *m, struct tn_str text, size_t from, size_t last)
{
    int rc;

    pcre2_set_offset_limit(m->context, last);
    pcre2_set_match_limit(m->context, from == 0 ? MATCH_LIMIT_FIRST : MATCH_LIMIT_LATER);
    rc = pcre2_match(regex->code, (PCRE2_SPTR)text.ptr, text.len, from, PCRE2_NO_UTF_CHECK, m->data, m->context);
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT)
        rc = pcre2_match(regex->code, (PCRE2_SPTR)text.ptr, text.len, from, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, m->data,
                         m->context);
    return rc;
}

/* The next place that begins a character. */
static size_t character_at(struct tn_str text, size_t at)
{
    while (at < text.len && ((unsigned char)text.ptr[at] & 0xC0u) == 0x80)
        at++;
    return TN_MIN(at, text.len);
}

/* This thread's own time: a busy machine must not turn a match into none. */
static uint64_t cpu_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static bool search(const struct tn_regex *regex, struct match *m, struct tn_str text, bool *limit_hit)
{
    uint64_t start = cpu_us(), before = start;
    size_t   from = 0, window = 1;

    for (;;) {
        size_t   last = from + TN_MIN(window - 1, text.len - from);
        int      rc = try_window(regex, m, text, from, last);
        uint64_t now;

        if (rc >= 0)
            return true;
        if (rc != PCRE2_ERROR_NOMATCH) {
            *limit_hit = true;
            return false;
        }
        if (last >= text.len)
            return false;
        now = cpu_us();
        if (now - start > BUDGET_US) {
            *limit_hit = true;
            return false;
        }
        window = now - before <= WINDOW_FAST_US ? TN_MIN(window * 4, (size_t)WINDOW_MAX) : window / 4;
        window = TN_MAX(window, (size_t)WINDOW_MIN);
        before = now;
        from = character_at(text, last + 1);
    }
}

bool tn_regex_matches(const struct tn_regex *regex, struct tn_routing *r)
{
    struct match *m = begin(r);

    if (m == NULL) {
        r->no_memory = true;
        return false;
    }
    if (search(regex, m, m->text, &r->limit_hit))
        return true;
    return m->body > 0 && search(regex, m, tn_str_n(m->text.ptr + m->body, m->text.len - m->body), &r->limit_hit);
}
