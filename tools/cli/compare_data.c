#include "tools/cli/compare_data.h"

#include "base/alloc.h"

#include <math.h>

enum { SHAPER_ENTRIES = 64 };

void tn_compare_init(struct tn_compare *compare)
{
    *compare = (struct tn_compare){.engine_count = 0};
    tn_map_init(&compare->query_of);
    tn_map_init(&compare->shape_of);
}

void tn_compare_reset(struct tn_compare *compare)
{
    for (size_t i = 0; i < compare->query_count; i++)
        tn_free(compare->queries[i].text);
    for (size_t i = 0; i < compare->shape_count; i++)
        tn_free(compare->shapes[i].text);
    tn_free(compare->queries);
    tn_free(compare->shapes);
    tn_free(compare->samples);
    tn_map_reset(&compare->query_of);
    tn_map_reset(&compare->shape_of);
    tn_shaper_free(compare->shaper);
    tn_compare_init(compare);
}

/* Room for one more item of SIZE bytes. */
static bool grow(void *list_pointer, size_t *room, size_t count, size_t size)
{
    void **list = list_pointer, *more;
    size_t wanted = *room == 0 ? 64 : *room * 2;

    if (count < *room)
        return true;
    if (wanted > SIZE_MAX / size / 2 || (more = tn_realloc(*list, wanted * size)) == NULL)
        return false;
    *list = more;
    *room = wanted;
    return true;
}

static long number_in(const struct tn_map *map, struct tn_str key)
{
    return (long)(intptr_t)tn_map_get(map, key) - 1;
}

static bool remember(struct tn_map *map, struct tn_str key, size_t number)
{
    return tn_map_put(map, key, (void *)(intptr_t)(number + 1), NULL); /* a number, not an address */
}

long tn_compare_engine(struct tn_compare *compare, struct tn_str name)
{
    for (size_t i = 0; i < compare->engine_count; i++)
        if (tn_str_eq_c(name, compare->engines[i].name))
            return (long)i;
    if (compare->engine_count == TN_COMPARE_ENGINES || name.len >= TN_COMPARE_NAME)
        return -1;
    tn_str_copy(compare->engines[compare->engine_count].name, TN_COMPARE_NAME, name);
    return (long)compare->engine_count++;
}

static long shape_of(struct tn_compare *compare, struct tn_str text, struct tn_str named)
{
    struct tn_shape_context context = {.dialect = TN_DIALECT_POSTGRES};
    struct tn_features      features;
    struct tn_shape         shape = {.class = 0};
    char                    key[40], shown[TN_COMPARE_SHAPE_TEXT];
    long                    number;

    if (compare->shaper == NULL && (compare->shaper = tn_shaper_new(SHAPER_ENTRIES)) == NULL)
        return -1;
    if (named.len == 0) {
        tn_shaper_find(compare->shaper, text, &context, NULL, 0, &shape, &features);
        snprintf(key, sizeof key, "%016llx%016llx", (unsigned long long)shape.key[0], (unsigned long long)shape.key[1]);
        named = tn_str(key);
    }
    number = number_in(&compare->shape_of, named);
    if (number >= 0)
        return number;
    tn_shape_text(shown, sizeof shown, text, TN_DIALECT_POSTGRES);
    if (!grow(&compare->shapes, &compare->shape_room, compare->shape_count, sizeof *compare->shapes) ||
        !remember(&compare->shape_of, named, compare->shape_count) ||
        (compare->shapes[compare->shape_count].text = tn_strdup(shown)) == NULL)
        return -1;
    return (long)compare->shape_count++;
}

long tn_compare_query(struct tn_compare *compare, struct tn_str text, struct tn_str named)
{
    long number = number_in(&compare->query_of, text), shape;
    char *copy;

    if (number >= 0)
        return number;
    shape = shape_of(compare, text, named);
    if (shape < 0 || !grow(&compare->queries, &compare->query_room, compare->query_count, sizeof *compare->queries) ||
        (copy = tn_strndup(text.ptr, text.len)) == NULL)
        return -1;
    if (!remember(&compare->query_of, text, compare->query_count)) {
        tn_free(copy);
        return -1;
    }
    compare->queries[compare->query_count] = (struct tn_compare_query){.text = copy, .shape = (uint32_t)shape};
    return (long)compare->query_count++;
}

bool tn_compare_add(struct tn_compare *compare, const struct tn_compare_sample *sample)
{
    if (!grow(&compare->samples, &compare->sample_room, compare->sample_count, sizeof *compare->samples))
        return false;
    compare->samples[compare->sample_count++] = *sample;
    return true;
}

static void bill(const struct tn_compare *compare, struct tn_compare_sample *sample)
{
    const struct tn_compare_engine *engine = &compare->engines[sample->engine];
    struct tn_run_bill              run = {.seconds = sample->ms / 1e3, .bytes = isnan(sample->bytes) ? -1 : sample->bytes,
                                           .cut = sample->outcome == TN_COMPARE_TIMEOUT};
    struct tn_cost                  cost;

    if (!engine->priced || (tn_price_by_bytes(&engine->price) && isnan(sample->bytes)))
        return;
    tn_price_bill(&engine->price, &run, &cost);
    sample->usd = cost.average / 1e6;
}

void tn_compare_price(struct tn_compare *compare, const struct tn_config *config)
{
    for (size_t i = 0; i < compare->engine_count; i++) {
        struct tn_compare_engine *engine = &compare->engines[i];
        long                      at = tn_config_find_cluster(config, tn_str(engine->name));

        if (at < 0)
            continue;
        tn_price_init(&engine->price, &config->clusters[at]);
        engine->priced = true;
    }
    for (size_t i = 0; i < compare->sample_count; i++)
        bill(compare, &compare->samples[i]);
}
