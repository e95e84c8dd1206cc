#include "stats/store_file.h"

#include <math.h>

/* Version, then each cell: number of the cluster in the file (u16), its epoch (u16), 28 bytes of the cell, the size of its
 * histogram (u16) and that. All little endian. */
enum { ROW_VERSION = 1, CELL_BYTES = 34 };

static unsigned char *put16(unsigned char *at, uint16_t x)
{
    at[0] = (unsigned char)x;
    at[1] = (unsigned char)(x >> 8);
    return at + 2;
}

static unsigned char *put_float(unsigned char *at, float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    return put16(put16(at, (uint16_t)bits), (uint16_t)(bits >> 16));
}

struct writing {
    struct tn_store *store;
    struct tn_shard *shard;
    unsigned char   *at;
};

static void encode_cell(void *arg, unsigned cluster, struct tn_cell *cell)
{
    struct writing          *w = arg;
    struct tn_store_cluster *known = &w->store->clusters.list[cluster];
    const struct tn_hot     *hot = tn_shard_hot(w->shard, cell);
    unsigned char           *at = w->at;
    unsigned                 size = 0;

    at = put16(at, (uint16_t)atomic_load_explicit(&known->file, memory_order_relaxed));
    at = put16(at, (uint16_t)atomic_load_explicit(&known->epoch, memory_order_relaxed));
    at = put_float(at, cell->m);
    at = put16(at, cell->P);
    at = put16(at, cell->n);
    at = put16(at, (uint16_t)cell->cen);
    *at++ = cell->ncen;
    *at++ = (unsigned char)cell->run;
    at = put16(at, cell->last);
    at = put16(at, (uint16_t)cell->A0);
    *at++ = cell->succ;
    *at++ = cell->fail;
    at = put_float(at, cell->cost);
    at = put16(at, cell->M2);
    at = put16(at, cell->p50);
    at = put16(at, cell->p95);
    if (hot != NULL)
        size = tn_hot_encode(hot, at + 2);
    put16(at, (uint16_t)size);
    w->at = at + 2 + size;
}

static void add_bound(void *arg, unsigned cluster, struct tn_cell *cell)
{
    size_t *size = arg;

    (void)cluster;
    *size += CELL_BYTES + (cell->hist != 0 ? (size_t)TN_HOT_ENCODED : 0);
}

size_t tn_row_bound(struct tn_shard *shard, struct tn_shape_entry *entry)
{
    size_t size = 1;

    tn_shard_cells(shard, entry, add_bound, &size);
    return size;
}

size_t tn_row_encode(struct tn_store *store, struct tn_shard *shard, struct tn_shape_entry *entry, unsigned char *out)
{
    struct writing w = {store, shard, out + 1};

    out[0] = ROW_VERSION;
    tn_shard_cells(shard, entry, encode_cell, &w);
    return (size_t)(w.at - out);
}

static unsigned get16(const unsigned char *at)
{
    return at[0] | (unsigned)at[1] << 8;
}

static float get_float(const unsigned char *at)
{
    uint32_t bits = get16(at) | (uint32_t)get16(at + 2) << 16;
    float    x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

static void decode_cell(const unsigned char *at, struct tn_cell *cell)
{
    *cell = (struct tn_cell){
        .m = get_float(at + 4),
        .P = (uint16_t)get16(at + 8),
        .n = (uint16_t)get16(at + 10),
        .cen = (int16_t)get16(at + 12),
        .ncen = at[14],
        .run = (int8_t)at[15],
        .last = (uint16_t)get16(at + 16),
        .A0 = (int16_t)get16(at + 18),
        .succ = at[20],
        .fail = at[21],
        .cost = get_float(at + 22),
        .M2 = (uint16_t)get16(at + 26),
        .p50 = (uint16_t)get16(at + 28),
        .p95 = (uint16_t)get16(at + 30),
    };
    if (!isfinite(cell->m) || !isfinite(cell->cost)) /* nothing that could spread */
        tn_cell_init(cell);
}

bool tn_row_decode(const unsigned char *bytes, size_t size, tn_row_cell_fn *fn, void *arg)
{
    const unsigned char *at = bytes + 1, *end = bytes + size;

    if (size < 1 || bytes[0] != ROW_VERSION)
        return false;
    while (at < end) {
        struct tn_cell cell;
        struct tn_hot  hot;
        unsigned       hot_size;

        if (end - at < CELL_BYTES)
            return false;
        hot_size = get16(at + CELL_BYTES - 2);
        if ((size_t)(end - at) < CELL_BYTES + hot_size || (hot_size > 0 && !tn_hot_decode(&hot, at + CELL_BYTES, hot_size)))
            return false;
        decode_cell(at, &cell);
        if (!fn(arg, get16(at), get16(at + 2), &cell, hot_size > 0 ? &hot : NULL))
            return true;
        at += CELL_BYTES + hot_size;
    }
    return true;
}
