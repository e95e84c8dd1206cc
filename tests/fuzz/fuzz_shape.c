/* fuzz_shape.c - shapes of any bytes in every dialect, with one shaper for all of them: the same text has the same shape, from the
 * cache and from another shaper, and so has one with other digits, which its outline tells; features point into the text. The first byte chooses the dialect, the second one how many
 * parameters come behind the text, a byte of length before each. */
#include "stats/shape.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PARAMS = 4 };

static void require(bool holds)
{
    if (!holds)
        abort();
}

static bool inside(struct tn_str part, struct tn_str text)
{
    uintptr_t begin = (uintptr_t)text.ptr, at = (uintptr_t)part.ptr;

    return at >= begin && at + part.len <= begin + text.len;
}

static void check_features(const struct tn_features *f, struct tn_str text)
{
    require(f->table_count <= TN_FEATURES_TABLES && f->verb < TN_VERB_COUNT && f->range_class <= 4);
    for (unsigned i = 0; i < f->table_count; i++)
        require(f->tables[i].len > 0 && inside(f->tables[i], text));
    require(f->inner.len == 0 || inside(f->inner, text));
    require(f->aggregate_count <= f->function_count && (f->limit_known || f->limit == 0));
}

static bool same(const struct tn_shape *a, const struct tn_shape *b)
{
    return a->key[0] == b->key[0] && a->key[1] == b->key[1] && a->tmpl[0] == b->tmpl[0] && a->tmpl[1] == b->tmpl[1] &&
           a->text[0] == b->text[0] && a->text[1] == b->text[1] && a->class == b->class && a->band == b->band && a->level == b->level;
}

/* Another digit in the place of each. */
static void vary(char *text, size_t len, unsigned by)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] >= '0' && text[i] <= '9')
            text[i] = (char)('0' + ((unsigned)(text[i] - '0') + by) % 10);
}

/* The rest of the features, behind the tables. */
static bool same_sizes(const struct tn_features *a, const struct tn_features *b)
{
    return a->has_limit == b->has_limit && a->limit == b->limit && a->longest_list == b->longest_list && a->value_rows == b->value_rows &&
           a->literal_count == b->literal_count && a->literal_classes == b->literal_classes && a->range_class == b->range_class &&
           a->function_count == b->function_count && a->join_count == b->join_count && a->calls_unknown == b->calls_unknown;
}

static void require_same_features(const struct tn_features *a, const struct tn_features *b)
{
    require(a->class == b->class && a->verb == b->verb && a->template_hash == b->template_hash && a->table_count == b->table_count);
    for (unsigned i = 0; i < a->table_count; i++)
        require(a->tables[i].ptr == b->tables[i].ptr && a->tables[i].len == b->tables[i].len);
    require(same_sizes(a, b));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tn_shaper *kept;
    struct tn_shape_context  context = {.database = TN_STR("d")};
    struct tn_features       features, plain;
    struct tn_shape          first, again, fresh;
    struct tn_str            params[PARAMS], text;
    struct tn_shaper        *other;
    unsigned                 count = 0;
    char                     out[100], *copy;

    if (size < 2)
        return 0;
    if (kept == NULL)
        kept = tn_shaper_new(64);
    context.dialect = (enum tn_dialect)(data[0] % TN_DIALECT_COUNT);
    text = tn_str_n((const char *)data + 2, size - 2);
    while (count < data[1] % (PARAMS + 1) && text.len > 0 && (size_t)(uint8_t)text.ptr[text.len - 1] % 16 < text.len) {
        size_t len = (size_t)(uint8_t)text.ptr[text.len - 1] % 16;

        text.len -= len + 1;
        params[count++] = tn_str_n(text.ptr + text.len, len);
    }
    tn_shaper_find(kept, text, &context, params, count, &first, &features);
    require(first.key[0] != 0 && first.class < TN_SHAPE_CLASSES && first.band < 16);
    check_features(&features, text);
    tn_features_read(&plain, text, context.dialect);
    require(plain.class == features.class && plain.template_hash == features.template_hash && plain.table_count == features.table_count);
    copy = malloc(text.len + 1); /* the same bytes elsewhere: from the cache, and for another shaper for the first time */
    memcpy(copy, text.ptr, text.len);
    text.ptr = copy;
    tn_shaper_find(kept, text, &context, params, count, &again, &features);
    check_features(&features, text);
    require(same(&first, &again));
    if (data[0] >= 128 && (other = tn_shaper_new(1)) != NULL) {
        tn_shaper_find(other, text, &context, params, count, &fresh, &features);
        require(same(&first, &fresh));
        for (unsigned i = 0; i < 3; i++) {
            vary(copy, text.len, 1 + i + data[1] % 3);
            tn_shaper_find(kept, text, &context, params, count, &again, &features);
        }
        tn_shaper_find(other, text, &context, params, count, &fresh, &plain);
        require_same_features(&features, &plain);
        require(same(&again, &fresh) || memchr(copy, '?', text.len) != NULL); /* which a template cannot tell from a literal */
        tn_shaper_features(kept, text, &features);
        tn_features_read(&plain, text, TN_DIALECT_POSTGRES);
        require_same_features(&features, &plain);
        tn_shaper_free(other);
    }
    require(tn_shape_text(out, sizeof out, text, context.dialect) < sizeof out);
    free(copy);
    return 0;
}
