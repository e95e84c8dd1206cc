/* model_bytes.c - a model as bytes: a header, keys of columns, then each engine with its trees. The machine's own byte order, told
 * by the header; a sum over all of it tells damage. What could lead a walk out of its arrays is refused whatever the sum says. */
#include "base/alloc.h"
#include "base/hash.h"
#include "stats/model.h"
#include "stats/store.h"

#include <math.h>
#include <stdlib.h>

enum { FORMAT = 1, TREES_MOST = 10000, NODES_MOST = 2000000 };

struct header {
    uint32_t magic, format, columns, engines;
    uint64_t version, sum; /* of all the rest */
    double   VB;
};
static const uint32_t MAGIC = 0x6d6f646c;

struct engine_record { /* then both trees */
    uint32_t cluster, rows;
    double   scale, o, Vo, v;
};

struct trees_record { /* then roots and nodes */
    float    base;
    uint32_t tree_count, node_count, reserved;
};

static uint64_t sum_of(struct header header, const void *rest, size_t size)
{
    header.sum = 0;
    return tn_hash_seeded(rest, size, tn_hash(&header, sizeof header));
}

/* ---- writing ---- */

static size_t trees_size(const struct tn_trees *trees)
{
    return sizeof(struct trees_record) + trees->tree_count * sizeof *trees->roots + trees->node_count * sizeof *trees->nodes;
}

static char *put(char *at, const void *bytes, size_t size)
{
    if (size > 0)
        memcpy(at, bytes, size);
    return at + size;
}

static char *put_trees(char *at, const struct tn_trees *trees)
{
    struct trees_record record = {.base = trees->base, .tree_count = trees->tree_count, .node_count = trees->node_count};

    at = put(at, &record, sizeof record);
    at = put(at, trees->roots, trees->tree_count * sizeof *trees->roots);
    return put(at, trees->nodes, trees->node_count * sizeof *trees->nodes);
}

void *tn_model_encode(const struct tn_model *model, size_t *size)
{
    struct header header = {.magic = MAGIC, .format = FORMAT, .columns = model->column_count, .engines = (uint32_t)model->engine_count,
                            .version = model->version, .VB = model->VB};
    char         *bytes, *at;

    *size = sizeof header + model->column_count * sizeof *model->columns;
    for (size_t e = 0; e < model->engine_count; e++)
        *size += sizeof(struct engine_record) + trees_size(&model->engines[e].seconds) + trees_size(&model->engines[e].spread);
    bytes = malloc(*size);
    if (bytes == NULL)
        return NULL;
    at = put(bytes + sizeof header, model->columns, model->column_count * sizeof *model->columns);
    for (size_t e = 0; e < model->engine_count; e++) {
        const struct tn_model_engine *engine = &model->engines[e];
        struct engine_record          record = {engine->cluster, engine->rows, engine->scale, engine->o, engine->Vo, engine->v};

        at = put(at, &record, sizeof record);
        at = put_trees(put_trees(at, &engine->seconds), &engine->spread);
    }
    header.sum = sum_of(header, bytes + sizeof header, *size - sizeof header);
    put(bytes, &header, sizeof header);
    return bytes;
}

/* ---- reading ---- */

struct input {
    const char *at;
    size_t      left;
};

static bool get(struct input *in, void *out, size_t size)
{
    if (in->left < size)
        return false;
    if (size > 0)
        memcpy(out, in->at, size);
    in->at += size;
    in->left -= size;
    return true;
}

static bool get_trees(struct input *in, struct tn_trees *trees, size_t columns)
{
    struct trees_record record;

    if (!get(in, &record, sizeof record) || record.tree_count > TREES_MOST || record.node_count > NODES_MOST ||
        in->left < record.tree_count * sizeof *trees->roots + record.node_count * sizeof *trees->nodes ||
        !tn_trees_make(trees, record.tree_count, record.node_count))
        return false;
    trees->base = record.base;
    return get(in, trees->roots, record.tree_count * sizeof *trees->roots) && get(in, trees->nodes, record.node_count * sizeof *trees->nodes) &&
           tn_trees_sane(trees, columns);
}

static bool get_engine(struct input *in, struct tn_model_engine *engine, size_t columns)
{
    struct engine_record record;

    if (!get(in, &record, sizeof record) || record.cluster >= TN_STORE_CLUSTERS || !(record.scale > 0) || !isfinite(record.scale) || !isfinite(record.o) ||
        !(record.Vo > 0) || !isfinite(record.Vo) || !(record.v > 0) || !isfinite(record.v))
        return false;
    engine->cluster = (uint8_t)record.cluster;
    engine->rows = record.rows;
    engine->scale = record.scale;
    engine->o = record.o;
    engine->Vo = record.Vo;
    engine->v = record.v;
    return get_trees(in, &engine->seconds, columns) && get_trees(in, &engine->spread, columns);
}

static bool get_columns(struct input *in, struct tn_model *model)
{
    if (in->left < model->column_count * sizeof *model->columns)
        return false;
    model->columns = tn_calloc(model->column_count + 1, sizeof *model->columns);
    if (model->columns == NULL || !get(in, model->columns, model->column_count * sizeof *model->columns))
        return false;
    for (uint32_t c = 1; c < model->column_count; c++)
        if (model->columns[c] <= model->columns[c - 1])
            return false;
    return true;
}

static bool get_model(struct input *in, struct tn_model *model, size_t engines)
{
    bool ok = get_columns(in, model);

    while (ok && model->engine_count < engines)
        ok = get_engine(in, &model->engines[model->engine_count++], model->column_count);
    return ok && in->left == 0;
}

struct tn_model *tn_model_decode(const void *bytes, size_t size)
{
    struct input     in = {bytes, size};
    struct header    header;
    struct tn_model *model;

    if (!get(&in, &header, sizeof header) || header.magic != MAGIC || header.format != FORMAT || header.columns > TN_MODEL_COLUMNS ||
        header.engines == 0 || header.engines > TN_MODEL_ENGINES || !(header.VB > 0) || !isfinite(header.VB) || header.sum != sum_of(header, in.at, in.left))
        return NULL;
    model = tn_model_new();
    if (model == NULL)
        return NULL;
    model->version = header.version;
    model->VB = header.VB;
    model->column_count = header.columns;
    if (get_model(&in, model, header.engines))
        return model;
    tn_model_unref(model);
    return NULL;
}

struct tn_model *tn_model_without(const struct tn_model *model, uint8_t cluster)
{
    size_t           size, kept = 0;
    void            *bytes = tn_model_encode(model, &size);
    struct tn_model *copy = bytes != NULL ? tn_model_decode(bytes, size) : NULL;

    free(bytes);
    if (copy == NULL)
        return NULL;
    for (size_t e = 0; e < copy->engine_count; e++) {
        if (copy->engines[e].cluster != cluster) {
            copy->engines[kept++] = copy->engines[e];
            continue;
        }
        tn_trees_reset(&copy->engines[e].seconds);
        tn_trees_reset(&copy->engines[e].spread);
    }
    copy->engine_count = kept;
    if (kept > 0)
        return copy;
    tn_model_unref(copy);
    return NULL;
}
