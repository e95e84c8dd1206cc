/* fuzz_translate.c - what a worker or a file says: a frame that cannot be read is refused, places lie in the text and in order, a
 * translation is learned and given back for its statement, byte for byte, and rows are loaded or refused. The first byte chooses:
 * an answer's body; a row of the file; or a statement, a zero byte, then a translation. */
#include "base/clock.h"
#include "translate/cache.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tn_translations *cache;

/* Literals of SCAN in order, wherever TEXT has them: what an honest worker would say. */
static void place_literals(const struct tn_scan *scan, struct tn_str text, struct tn_buf *places)
{
    size_t at = 0;

    for (size_t i = 0; i < scan->count; i++) {
        const char *found = at < text.len ? memmem(text.ptr + at, text.len - at, scan->literals[i].ptr, scan->literals[i].len) : NULL;

        if (found == NULL)
            continue;
        tn_frame_put_u32(places, (uint32_t)(found - text.ptr));
        tn_frame_put_u32(places, (uint32_t)scan->literals[i].len);
        tn_buf_put_u8(places, 'L');
        tn_frame_put_u32(places, (uint32_t)i);
        at = (size_t)(found - text.ptr) + scan->literals[i].len;
    }
}

static void check_instance(const struct tn_scan *scan, uint64_t salt, struct tn_str text, struct tn_str places)
{
    struct tn_translated out;
    struct tn_arena      arena;
    struct tn_buf        rows;

    tn_arena_init(&arena, 0);
    tn_buf_init(&rows, 1 << 20);
    tn_translations_learn(cache, scan, salt, text, places, TN_STR(""), &rows);
    if (!tn_translations_find(cache, scan, salt, 1, &arena, &out) || out.verdict != TN_VERDICT_OK || !tn_str_eq(out.text, text))
        abort();
    for (size_t at = 0; rows.len - at >= 4;) {
        size_t len = tn_frame_u32(rows.data + at);

        if (len > rows.len - at - 4 || !tn_translations_load(cache, tn_str_n(rows.data + at + 4, len)))
            abort();
        at += 4 + len;
    }
    tn_buf_reset(&rows);
    tn_arena_reset(&arena);
}

static void statement(const char *bytes, size_t size)
{
    const char    *zero = memchr(bytes, '\0', size);
    struct tn_str  sql = tn_str_n(bytes, zero != NULL ? (size_t)(zero - bytes) : size), text, raw;
    struct tn_scan scan;
    struct tn_buf  places;

    tn_scan_read(&scan, sql, (enum tn_dialect)(size % TN_DIALECT_COUNT), size);
    for (size_t i = 0; i < scan.count; i++)
        if (scan.literals[i].ptr < sql.ptr || scan.literals[i].ptr + scan.literals[i].len > sql.ptr + sql.len)
            abort();
    text = zero != NULL && zero + 1 < bytes + size ? tn_str_n(zero + 1, size - sql.len - 1) : sql;
    raw = text;
    if (text.len == 0)
        return;
    tn_buf_init(&places, 1 << 20);
    place_literals(&scan, text, &places);
    check_instance(&scan, 1, text, tn_buf_str(&places));
    check_instance(&scan, 2, text, raw); /* places that are anything */
    tn_buf_reset(&places);
}

static void answer(struct tn_str body)
{
    struct tn_frame_answer answer;
    struct tn_frame_place  place;

    if (!tn_frame_read(&answer, body))
        return;
    for (size_t i = 0; i < answer.count; i++)
        if (answer.fields[i].ptr < body.ptr || answer.fields[i].ptr + answer.fields[i].len > body.ptr + body.len)
            abort();
    for (size_t n = 0; answer.count == 3 && tn_frame_place(answer.fields[1], n, answer.fields[0].len, &place); n++)
        if ((size_t)place.at + place.len > answer.fields[0].len)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;

    if (cache == NULL)
        cache = tn_translations_new(4 << 20);
    if (size == 0 || cache == NULL)
        return 0;
    switch (data[0] % 3) {
    case 0: answer(tn_str_n(bytes + 1, size - 1)); break;
    case 1: (void)!tn_translations_load(cache, tn_str_n(bytes + 1, size - 1)); break;
    default: statement(bytes + 1, size - 1);
    }
    return 0;
}
