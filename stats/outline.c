#include "stats/outline.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "stats/seen.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { SETS = 128, WAYS = 4, SEEN_SETS = 512, NUMBER = 1, TEXT = 2 /* marks: no such byte stands outside of quotes */, AT_ONCE = 16 };

struct literal { /* that was taken out */
    uint16_t at;   /* its mark in the outline */
    uint16_t more; /* bytes by which the text is longer up to behind it */
};

struct entry {
    uint64_t           hash[2]; /* 0, 0 = free */
    struct tn_shape    shape;
    struct tn_features features;
    uint16_t           tables[TN_FEATURES_TABLES]; /* where their names stand in the outline */
};

struct tn_outlines {
    uint64_t       hash[2];  /* of the present one */
    unsigned       count;    /* of its literals */
    unsigned       turn;
    uint32_t       tags[SETS * WAYS]; /* of the entries: they lie far apart */
    uint32_t       seen[SEEN_SETS * TN_SEEN_WAYS];
    struct literal literals[TN_OUTLINE_LITERALS];
    char           text[TN_OUTLINE_MOST + AT_ONCE];
    struct entry   entries[SETS * WAYS];
};

struct tn_outlines *tn_outlines_new(void)
{
    return tn_calloc(1, sizeof(struct tn_outlines));
}

void tn_outlines_free(struct tn_outlines *outlines)
{
    tn_free(outlines);
}

/* ---- a glance ---- */

enum kind { REFUSED, PLAIN, QUOTED, STRING, COMMENT, DOT, DIGIT, LETTER }; /* a word goes on with the last two */

#define ROW8(v) v, v, v, v, v, v, v, v
static const unsigned char kind_of[256] = {
    ['\t'] = PLAIN, ['\n'] = PLAIN, ['\v'] = PLAIN, ['\f'] = PLAIN, ['\r'] = PLAIN, [' '] = PLAIN,
    ['!'] = PLAIN, ['%'] = PLAIN, ['('] = PLAIN, [')'] = PLAIN, ['*'] = PLAIN, ['+'] = PLAIN, [','] = PLAIN, [':'] = PLAIN, [';'] = PLAIN,
    ['<'] = PLAIN, ['='] = PLAIN, ['>'] = PLAIN, ['?'] = PLAIN, ['['] = PLAIN, [']'] = PLAIN, ['^'] = PLAIN, ['|'] = PLAIN, ['~'] = PLAIN,
    ['-'] = COMMENT, ['/'] = COMMENT, ['.'] = DOT, ['"'] = QUOTED, ['\''] = STRING,
    ['0'] = ROW8(DIGIT), DIGIT, DIGIT,
    ['A'] = ROW8(LETTER), ROW8(LETTER), ROW8(LETTER), LETTER, LETTER,
    ['a'] = ROW8(LETTER), ROW8(LETTER), ROW8(LETTER), LETTER, LETTER,
    ['_'] = LETTER,
};

struct glance {
    struct tn_outlines *outlines;
    struct tn_str       text;
    size_t              at, len; /* in the text, of the outline */
};

static unsigned char kind_at(const struct glance *g, size_t at)
{
    return at < g->text.len ? kind_of[(unsigned char)g->text.ptr[at]] : PLAIN;
}

static char byte_at(const struct glance *g, size_t at)
{
    return at < g->text.len ? g->text.ptr[at] : ' ';
}

static bool behind_word(const struct glance *g)
{
    return g->len > 0 && kind_of[(unsigned char)g->outlines->text[g->len - 1]] >= DIGIT;
}

#ifdef __SSE2__
static __m128i within(__m128i bytes, char low, unsigned char width)
{
    __m128i from = _mm_sub_epi8(bytes, _mm_set1_epi8(low));

    return _mm_cmpeq_epi8(_mm_min_epu8(from, _mm_set1_epi8((char)width)), from);
}

/* Letters, spaces and what stands between ( and , and between : and ? stay as they are. */
static void copy_easy(struct glance *g)
{
    unsigned stops = 0;

    while (stops == 0 && g->text.len - g->at >= AT_ONCE) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(g->text.ptr + g->at));
        __m128i easy = _mm_or_si128(within(_mm_or_si128(bytes, _mm_set1_epi8(' ')), 'a', 'z' - 'a'), within(bytes, '(', ',' - '('));
        size_t  count;

        easy = _mm_or_si128(_mm_or_si128(easy, within(bytes, ':', '?' - ':')), _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(' ')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('_'))));
        stops = (unsigned)_mm_movemask_epi8(easy) ^ 0xffffu;
        count = stops == 0 ? AT_ONCE : (size_t)__builtin_ctz(stops);
        _mm_storeu_si128((__m128i *)(void *)(g->outlines->text + g->len), bytes);
        g->at += count;
        g->len += count;
    }
}
#else
static void copy_easy(struct glance *g)
{
    (void)g;
}
#endif

/* As written, up to END. */
static void copy(struct glance *g, size_t end)
{
    memcpy(g->outlines->text + g->len, g->text.ptr + g->at, end - g->at);
    g->len += end - g->at;
    g->at = end;
}

static bool take_out(struct glance *g, size_t end, char mark)
{
    struct tn_outlines *o = g->outlines;

    if (o->count == TN_OUTLINE_LITERALS)
        return false;
    o->text[g->len] = mark;
    o->literals[o->count++] = (struct literal){(uint16_t)g->len, (uint16_t)(end - g->len - 1)};
    g->len++;
    g->at = end;
    return true;
}

/* Right behind LIMIT: it stays, as its size tells. */
static bool is_limit(const struct glance *g)
{
    const char *text = g->outlines->text;
    size_t      end = g->len;

    while (end > 0 && kind_of[(unsigned char)text[end - 1]] == PLAIN && (unsigned char)text[end - 1] <= ' ')
        end--;
    return end >= 5 && end < g->len && tn_str_ieq(tn_str_n(text + end - 5, 5), TN_STR("limit"));
}

/* 12, 1.5: neither 0x1F nor 1e9 nor 1..2, and nothing that goes on as a word. */
static bool on_number(struct glance *g)
{
    size_t end = g->at;

    while (kind_at(g, end) == DIGIT)
        end++;
    if (byte_at(g, end) == '.')
        for (end++; kind_at(g, end) == DIGIT;)
            end++;
    if (kind_at(g, end) >= DOT)
        return false;
    if (!is_limit(g))
        return take_out(g, end, NUMBER);
    copy(g, end);
    return true;
}

/* Behind the quoted thing that begins here; 0: it does not end. */
static size_t quoted_end(const struct glance *g)
{
    char   quote = g->text.ptr[g->at];
    size_t at = g->at + 1;

    for (;; at += 2) {
        const char *found = at < g->text.len ? memchr(g->text.ptr + at, quote, g->text.len - at) : NULL;

        if (found == NULL)
            return 0;
        at = (size_t)(found - g->text.ptr);
        if (byte_at(g, at + 1) != quote)
            return at + 1;
    }
}

/* What may be a time is told apart from other strings, so it stays. */
static bool on_string(struct glance *g)
{
    size_t end = quoted_end(g);

    if (end == 0)
        return false;
    if (end - g->at > 6 && g->text.ptr[g->at + 5] == '-') {
        copy(g, end);
        return true;
    }
    return take_out(g, end, TEXT);
}

static bool on_quoted(struct glance *g)
{
    size_t end = quoted_end(g);

    if (end == 0)
        return false;
    copy(g, end);
    return true;
}

/* The rest of a word. A quote right behind it would be a string of another kind: E'a'. */
static bool on_word(struct glance *g)
{
    const char *text = g->text.ptr;
    char       *out = g->outlines->text;
    size_t      at = g->at, len = g->len, end = g->text.len;

    do
        out[len++] = text[at++];
    while (at < end && kind_of[(unsigned char)text[at]] >= DIGIT);
    g->at = at;
    g->len = len;
    return at == end || text[at] != '\'';
}

static bool on_byte(struct glance *g)
{
    switch (kind_at(g, g->at)) {
    case LETTER:
        return on_word(g);
    case DIGIT:
        return behind_word(g) ? on_word(g) : on_number(g);
    case STRING:
        return !behind_word(g) && on_string(g);
    case QUOTED:
        return on_quoted(g);
    case DOT:
        if (kind_at(g, g->at + 1) == DIGIT)
            return false;
        break;
    case COMMENT:
        if (byte_at(g, g->at + 1) == (g->text.ptr[g->at] == '-' ? '-' : '*'))
            return false;
        break;
    case PLAIN:
        break;
    default:
        return false;
    }
    g->outlines->text[g->len++] = g->text.ptr[g->at++];
    return true;
}

bool tn_outlines_read(struct tn_outlines *outlines, struct tn_str text, uint64_t context)
{
    struct glance g = {.outlines = outlines, .text = text};

    outlines->count = 0;
    if (text.len > TN_OUTLINE_MOST)
        return false;
    for (copy_easy(&g); g.at < text.len; copy_easy(&g))
        if (!on_byte(&g))
            return false;
    tn_hash_128(outlines->text, g.len, context, outlines->hash);
    if (outlines->hash[0] == 0)
        outlines->hash[0] = 1;
    return true;
}

/* ---- what is kept ---- */

static size_t set_of(const struct tn_outlines *outlines)
{
    return (size_t)(outlines->hash[0] % SETS) * WAYS;
}

static const struct entry *find(const struct tn_outlines *outlines)
{
    size_t   set = set_of(outlines);
    uint32_t tag = tn_seen_mark(outlines->hash);

    for (size_t i = set; i < set + WAYS; i++)
        if (outlines->tags[i] == tag && outlines->entries[i].hash[0] == outlines->hash[0] && outlines->entries[i].hash[1] == outlines->hash[1])
            return &outlines->entries[i];
    return NULL;
}

/* Where a byte of the text that is in no literal stands in the outline. */
static size_t place_in_outline(const struct tn_outlines *outlines, size_t at)
{
    size_t more = 0;

    for (unsigned i = 0; i < outlines->count && outlines->literals[i].at + more < at; i++)
        more = outlines->literals[i].more;
    return at - more;
}

static size_t place_in_text(const struct tn_outlines *outlines, size_t at)
{
    size_t more = 0;

    for (unsigned i = 0; i < outlines->count && outlines->literals[i].at < at; i++)
        more = outlines->literals[i].more;
    return at + more;
}

bool tn_outlines_find(const struct tn_outlines *outlines, struct tn_str text, struct tn_shape *shape, struct tn_features *features)
{
    const struct entry *entry = find(outlines);

    if (entry == NULL)
        return false;
    if (shape != NULL)
        *shape = entry->shape;
    *features = entry->features;
    for (unsigned i = 0; i < features->table_count; i++)
        features->tables[i].ptr = text.ptr + place_in_text(outlines, entry->tables[i]);
    return true;
}

/* A free place of its set, or that of whose turn it is. */
static size_t place_for(struct tn_outlines *outlines)
{
    size_t set = set_of(outlines);

    for (size_t i = set; i < set + WAYS; i++)
        if (outlines->tags[i] == 0)
            return i;
    return set + outlines->turn++ % WAYS;
}

void tn_outlines_keep(struct tn_outlines *outlines, struct tn_str text, const struct tn_shape *shape, const struct tn_features *features)
{
    struct entry *entry;
    size_t        at;

    if (!tn_seen_again(outlines->seen, SEEN_SETS, outlines->hash))
        return;
    at = place_for(outlines);
    entry = &outlines->entries[at];
    outlines->tags[at] = tn_seen_mark(outlines->hash);
    *entry = (struct entry){.hash = {outlines->hash[0], outlines->hash[1]}, .features = *features};
    if (shape != NULL)
        entry->shape = *shape;
    for (unsigned i = 0; i < features->table_count; i++)
        entry->tables[i] = (uint16_t)place_in_outline(outlines, (size_t)(features->tables[i].ptr - text.ptr));
}
