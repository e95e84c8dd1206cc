#include "translate/entry.h"

#include "base/alloc.h"
#include "base/hash.h"

struct entry *tn_translation_entry(enum kind kind, const uint64_t key[2], size_t text_len, size_t why_len, size_t place_count, size_t made_count)
{
    size_t        size = sizeof(struct entry) + made_count * sizeof(uint64_t) + place_count * sizeof(struct place) + text_len + why_len;
    struct entry *e = tn_calloc(1, size);

    if (e == NULL)
        return NULL;
    e->kind = kind;
    e->key[0] = key[0];
    e->key[1] = key[1];
    e->bytes = size + 32;
    e->made = (uint64_t *)(void *)(e + 1);
    e->places = (struct place *)(void *)(e->made + made_count);
    e->text = (char *)(e->places + place_count);
    e->why = e->text + text_len;
    e->text_len = (uint32_t)text_len;
    e->why_len = (uint32_t)why_len;
    e->place_count = (uint32_t)place_count;
    e->made_count = (uint32_t)made_count;
    return e;
}

uint64_t tn_translation_literal_hash(const struct tn_scan *scan, size_t i)
{
    return tn_hash_seeded(scan->literals[i].ptr, scan->literals[i].len, scan->secret + i);
}

uint64_t tn_translation_literals_hash(const struct tn_scan *scan)
{
    uint64_t hash = scan->secret + scan->count;

    for (size_t i = 0; i < scan->count; i++)
        hash = tn_hash_seeded(scan->literals[i].ptr, scan->literals[i].len, hash);
    return hash;
}

size_t tn_translation_len(const struct entry *body, const struct tn_scan *scan)
{
    size_t len = body->text_len;

    for (size_t i = 0; i < body->place_count; i++)
        len += scan->literals[body->places[i].number].len;
    return len;
}

static char *put(char *out, const char *bytes, size_t len)
{
    if (len > 0)
        memcpy(out, bytes, len);
    return out + len;
}

void tn_translation_write(const struct entry *body, const struct tn_scan *scan, char *out)
{
    size_t copied = 0;

    for (size_t i = 0; i < body->place_count; i++) {
        struct tn_str literal = scan->literals[body->places[i].number];

        out = put(out, body->text + copied, body->places[i].at - copied);
        out = put(out, literal.ptr, literal.len);
        copied = body->places[i].at;
    }
    put(out, body->text + copied, body->text_len - copied);
}

bool tn_translation_fits(const struct entry *body, const struct tn_scan *scan)
{
    for (size_t i = 0; i < body->place_count; i++)
        if (body->places[i].number >= scan->count)
            return false;
    return true;
}

static bool has_varied(const struct entry *body, size_t i)
{
    return (body->varied[i / 64] >> i % 64 & 1) != 0;
}

static bool is_other(const struct entry *body, const struct tn_scan *scan, size_t i)
{
    return i >= body->made_count || body->made[i] != tn_translation_literal_hash(scan, i);
}

/* A literal that was the same in every statement may stand in the text in other ways, too. */
bool tn_translation_believed(const struct entry *body, const struct tn_scan *scan)
{
    for (size_t i = 0; !body->trusted && i < body->place_count; i++)
        if (!has_varied(body, body->places[i].number) && is_other(body, scan, body->places[i].number))
            return false;
    return true;
}

bool tn_translation_has_others(const struct entry *body, const struct tn_scan *scan)
{
    for (size_t i = 0; i < body->place_count; i++)
        if (is_other(body, scan, body->places[i].number))
            return true;
    return false;
}

/* It was right for the literals of SCAN. */
void tn_translation_believe(struct entry *body, const struct tn_scan *scan)
{
    bool all = true;

    for (size_t i = 0; i < body->place_count; i++) {
        size_t n = body->places[i].number;

        if (is_other(body, scan, n))
            body->varied[n / 64] |= UINT64_C(1) << n % 64;
        all = all && has_varied(body, n);
    }
    body->trusted = all;
}

bool tn_translation_equals(const struct entry *body, const struct tn_scan *scan, struct tn_str text)
{
    size_t len = tn_translation_fits(body, scan) ? tn_translation_len(body, scan) : SIZE_MAX;
    char  *mine = len == text.len ? tn_malloc(len + 1) : NULL;
    bool   equal = false;

    if (mine != NULL) {
        tn_translation_write(body, scan, mine);
        equal = memcmp(mine, text.ptr, len) == 0;
    }
    tn_free(mine);
    return equal;
}
