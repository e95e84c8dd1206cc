/* world_bytes.c - a world as bytes: a header, then the numbers of everything that was touched. Machine's own byte order, told
 * by the header: a file of another kind of machine is not read. */
#include "base/alloc.h"
#include "base/buf.h"
#include "stats/world.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WORLD_FORMAT = 2, OLDER_FORMAT = 1 }; /* the older one knows no relations */

struct header {
    uint32_t magic, format, effect_size, clusters, classes, sets;
};
static const struct header ours = {0x776f726c, WORLD_FORMAT, sizeof(struct tn_effect), TN_STORE_CLUSTERS, TN_SHAPE_CLASSES, TN_WORLD_SETS};

struct class_record {
    uint8_t                set, class, cluster, reserved[5];
    struct tn_class_effect effect;
};

/* What format 2 has more: this ahead of the classes, and behind them the pairs that were seen. */
struct newer_record {
    uint64_t classes, pairs;
    uint32_t count;
    uint8_t  cluster[TN_RELATED], reserved[4];
    struct tn_ledger looks;
    struct tn_spread spread[TN_RELATED][TN_QUANTITIES];
};
struct pair_record {
    uint8_t        of, what, from, reserved;
    struct tn_pair pair;
};

static size_t count_pairs(const struct tn_relations *r)
{
    size_t count = 0;

    for (unsigned i = 0; i < r->count; i++)
        for (unsigned q = 0; q < TN_QUANTITIES; q++)
            for (unsigned j = 0; j < r->count; j++)
                count += r->pair[i][q][j].n > 0;
    return count;
}

static size_t count_classes(const struct tn_world *world)
{
    size_t count = 0;

    for (size_t r = 0; r < TN_WORLD_SETS; r++)
        for (size_t k = 0; k < TN_SHAPE_CLASSES; k++)
            for (size_t e = 0; e < TN_STORE_CLUSTERS; e++)
                count += world->class_effect[r][k][e].Vc > 0;
    return count;
}

static char *put(char *at, const void *bytes, size_t size)
{
    memcpy(at, bytes, size);
    return at + size;
}

static const size_t FIXED = sizeof(struct header) + sizeof((struct tn_world *)0)->effect + sizeof((struct tn_world *)0)->level +
                            sizeof((struct tn_world *)0)->gate + sizeof((struct tn_world *)0)->gate_seen + sizeof(double) +
                            2 * sizeof(uint64_t);

static char *put_relations(char *at, const struct tn_relations *r)
{
    for (unsigned i = 0; i < r->count; i++)
        for (unsigned q = 0; q < TN_QUANTITIES; q++)
            for (unsigned j = 0; j < r->count; j++)
                if (r->pair[i][q][j].n > 0) {
                    struct pair_record record = {.of = (uint8_t)i, .what = (uint8_t)q, .from = (uint8_t)j, .pair = r->pair[i][q][j]};

                    at = put(at, &record, sizeof record);
                }
    return at;
}

void *tn_world_encode(const struct tn_world *world, size_t *size)
{
    struct newer_record relations = {.classes = count_classes(world), .pairs = count_pairs(&world->relations), .count = world->relations.count, .looks = world->looks};
    char                   *bytes, *at;

    memcpy(relations.cluster, world->relations.cluster, sizeof relations.cluster);
    memcpy(relations.spread, world->relations.spread, sizeof relations.spread);
    *size = FIXED + sizeof relations + relations.classes * sizeof(struct class_record) + relations.pairs * sizeof(struct pair_record);
    bytes = malloc(*size);
    if (bytes == NULL)
        return NULL;
    at = put(bytes, &ours, sizeof ours);
    at = put(at, world->effect, sizeof world->effect);
    at = put(at, world->level, sizeof world->level);
    at = put(at, world->gate, sizeof world->gate);
    at = put(at, world->gate_seen, sizeof world->gate_seen);
    at = put(at, &world->gate_all, sizeof world->gate_all);
    at = put(at, &world->decisions, sizeof world->decisions);
    at = put(at, &world->ended, sizeof world->ended);
    at = put(at, &relations, sizeof relations);
    for (unsigned r = 0; r < TN_WORLD_SETS; r++)
        for (unsigned k = 0; k < TN_SHAPE_CLASSES; k++)
            for (unsigned e = 0; e < TN_STORE_CLUSTERS; e++)
                if (world->class_effect[r][k][e].Vc > 0) {
                    struct class_record record = {.set = (uint8_t)r, .class = (uint8_t)k, .cluster = (uint8_t)e,
                                                  .effect = world->class_effect[r][k][e]};

                    at = put(at, &record, sizeof record);
                }
    put_relations(at, &world->relations);
    return bytes;
}

/* Every number of COUNT doubles is finite. */
static bool sane(const void *numbers, size_t count)
{
    const double *d = numbers;

    for (size_t i = 0; i < count; i++)
        if (!isfinite(d[i]))
            return false;
    return true;
}

static bool sane_effects(const struct tn_effect *effects)
{
    for (size_t e = 0; e < TN_STORE_CLUSTERS; e++) {
        if (!sane(&effects[e], offsetof(struct tn_effect, streak) / sizeof(double)) || effects[e].streak_count > TN_STREAK ||
            effects[e].s2 <= 0 || fabs(effects[e].A) > 100 || effects[e].pe < 0 || effects[e].pe > 1)
            return false;
        for (size_t r = 0; r < TN_WORLD_SETS; r++)
            if (effects[e].set[r].Vo <= 0 || effects[e].set[r].v <= 0 || effects[e].set[r].pin <= 0 || effects[e].set[r].w <= 0 || effects[e].set[r].pi < 0 || effects[e].set[r].pi > 1)
                return false;
    }
    return true;
}

static const char *get(const char *at, void *out, size_t size)
{
    memcpy(out, at, size);
    return at + size;
}

static bool read_classes(struct tn_world *world, const char *at, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct class_record record;

        at = get(at, &record, sizeof record);
        if (record.set >= TN_WORLD_SETS || record.class >= TN_SHAPE_CLASSES || record.cluster >= TN_STORE_CLUSTERS ||
            !sane(&record.effect, 2) || record.effect.Vc <= 0)
            return false;
        world->class_effect[record.set][record.class][record.cluster] = record.effect;
    }
    return true;
}

static bool read_relations(struct tn_relations *out, const struct newer_record *head, const char *at)
{
    if (head->count > TN_RELATED)
        return false;
    out->count = head->count;
    memcpy(out->cluster, head->cluster, sizeof out->cluster);
    memcpy(out->spread, head->spread, sizeof out->spread);
    for (uint64_t i = 0; i < head->pairs; i++) {
        struct pair_record record;

        at = get(at, &record, sizeof record);
        if (record.of >= head->count || record.from >= head->count || record.what >= TN_QUANTITIES)
            return false;
        out->pair[record.of][record.what][record.from] = record.pair;
    }
    return tn_relations_sane(out);
}

/* What lies behind the fixed part of either format; false: lengths do not fit, or numbers are none. */
static bool read_records(struct tn_world *world, uint32_t format, const char *at, size_t left)
{
    struct newer_record head;

    if (format == OLDER_FORMAT)
        return left % sizeof(struct class_record) == 0 && read_classes(world, at, left / sizeof(struct class_record));
    if (left < sizeof head)
        return false;
    at = get(at, &head, sizeof head);
    left -= sizeof head;
    if (head.classes > left / sizeof(struct class_record) || head.pairs > left / sizeof(struct pair_record) ||
        left != head.classes * sizeof(struct class_record) + head.pairs * sizeof(struct pair_record))
        return false;
    world->looks = head.looks;
    return sane(&head.looks, 2) && head.looks.expected >= 0 && head.looks.gained >= 0 &&
           read_classes(world, at, head.classes) &&
           read_relations(&world->relations, &head, at + head.classes * sizeof(struct class_record));
}

static bool known_header(const void *bytes, uint32_t *format)
{
    struct header header;

    memcpy(&header, bytes, sizeof header);
    *format = header.format;
    header.format = WORLD_FORMAT;
    return (*format == WORLD_FORMAT || *format == OLDER_FORMAT) && memcmp(&header, &ours, sizeof ours) == 0;
}

bool tn_world_decode(struct tn_world *world, const void *bytes, size_t size)
{
    const char      *at = bytes;
    struct tn_world *read;
    uint8_t          seen[TN_SHAPE_CLASSES];
    uint32_t         format;
    bool             ok = true;

    if (size < FIXED || !known_header(bytes, &format))
        return false;
    read = tn_malloc(sizeof *read);
    if (read == NULL)
        return false;
    tn_world_init(read);
    read->k = world->k;
    at = get(at + sizeof ours, read->effect, sizeof read->effect);
    at = get(at, read->level, sizeof read->level);
    at = get(at, read->gate, sizeof read->gate);
    at = get(at, seen, sizeof seen);
    at = get(at, &read->gate_all, sizeof read->gate_all);
    at = get(at, &read->decisions, sizeof read->decisions);
    at = get(at, &read->ended, sizeof read->ended);
    for (size_t i = 0; i < TN_SHAPE_CLASSES; i++)
        read->gate_seen[i] = seen[i] != 0;
    for (size_t r = 0; r < TN_WORLD_SETS && ok; r++)
        ok = read->level[r].VB > 0 && read->level[r].VM >= 0;
    ok = ok && sane_effects(read->effect) && sane(read->level, TN_WORLD_SETS * sizeof(struct tn_level) / sizeof(double)) && sane(read->gate, TN_SHAPE_CLASSES) &&
         isfinite(read->gate_all) && read_records(read, format, at, size - FIXED);
    if (ok)
        memcpy(world, read, sizeof *world);
    tn_free(read);
    return ok;
}
