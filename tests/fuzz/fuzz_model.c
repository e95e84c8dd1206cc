/* fuzz_model.c - a saved model and saved samples from any bytes: refused, or good enough to predict with and to be written again as
 * they were. The sum over a model's bytes is put right first: it would keep everything else out. */
#include "base/alloc.h"
#include "base/hash.h"
#include "stats/model.h"
#include "stats/model_samples.h"

#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SUM_AT = 24, HEADER = 40 };

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void use_model(const void *bytes, size_t size)
{
    struct tn_model *model = tn_model_decode(bytes, size);
    uint8_t          clusters[] = {0, 1, 5, 249};
    double           f[4], h[4];
    size_t           written;
    void            *again;

    if (model == NULL)
        return;
    require(tn_model_predict(model, TN_STR("SELECT max(a) FROM t WHERE b < 5"), TN_DIALECT_POSTGRES, clusters, 4, f, h));
    for (int i = 0; i < 4; i++)
        require(fabs(f[i]) <= 20 && h[i] > 0 && h[i] <= 6);
    again = tn_model_encode(model, &written);
    require(written == size);
    free(again);
    tn_model_unref(model);
}

static void use_samples(const void *bytes, size_t size)
{
    struct tn_model_samples *samples = tn_model_samples_new();
    struct tn_model_sample  *list;
    size_t                   count;
    bool                     taken;

    if (samples == NULL)
        return;
    taken = tn_model_samples_decode(samples, bytes, size);
    list = tn_model_samples_copy(samples, &count);
    require(taken || count == 0);
    for (size_t i = 0; i < count; i++)
        for (unsigned j = 0; j < list[i].count; j++)
            require(isfinite(list[i].list[j].value));
    tn_free(list);
    tn_model_samples_free(samples);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = malloc(size + 1);

    if (copy == NULL)
        return 0;
    memcpy(copy, data, size);
    use_samples(copy, size);
    if (size >= HEADER) {
        uint64_t sum = 0;

        memcpy(copy + SUM_AT, &sum, sizeof sum);
        sum = tn_hash_seeded(copy + HEADER, size - HEADER, tn_hash(copy, HEADER));
        memcpy(copy + SUM_AT, &sum, sizeof sum);
    }
    use_model(copy, size);
    free(copy);
    return 0;
}
