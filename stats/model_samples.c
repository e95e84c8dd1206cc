#include "stats/model_samples.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "stats/shape.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>

enum { PLACES = 16384, FORMAT = 1 };

struct tn_model_samples {
    pthread_mutex_t        lock;
    size_t                 count, hand; /* HAND: the oldest, once all are used */
    bool                   changed;
    struct tn_model_sample list[TN_MODEL_SAMPLES];
    uint16_t               places[PLACES]; /* place in the list + 1, by key */
};

struct tn_model_samples *tn_model_samples_new(void)
{
    struct tn_model_samples *samples = tn_calloc(1, sizeof *samples);

    if (samples != NULL)
        pthread_mutex_init(&samples->lock, NULL);
    return samples;
}

static void free_list(const struct tn_model_sample *sample)
{
    tn_free((void *)(uintptr_t)sample->list);
}

void tn_model_samples_free(struct tn_model_samples *samples)
{
    if (samples == NULL)
        return;
    for (size_t i = 0; i < samples->count; i++)
        free_list(&samples->list[i]);
    pthread_mutex_destroy(&samples->lock);
    tn_free(samples);
}

/* ---- by key: open addressing ---- */

static size_t home(const uint64_t key[2])
{
    return tn_hash_mix(key[0] ^ (key[1] << 1)) % PLACES;
}

static size_t place_of(const struct tn_model_samples *samples, const uint64_t key[2])
{
    size_t at = home(key);

    for (; samples->places[at] != 0; at = (at + 1) % PLACES) {
        const struct tn_model_sample *sample = &samples->list[samples->places[at] - 1];

        if (sample->key[0] == key[0] && sample->key[1] == key[1])
            break;
    }
    return at;
}

/* What follows without a gap moves up where the hole would hide it. */
static void remove_place(struct tn_model_samples *samples, size_t hole)
{
    for (size_t at = (hole + 1) % PLACES; samples->places[at] != 0; at = (at + 1) % PLACES) {
        size_t from = home(samples->list[samples->places[at] - 1].key);

        if ((at + PLACES - from) % PLACES < (at + PLACES - hole) % PLACES)
            continue;
        samples->places[hole] = samples->places[at];
        hole = at;
    }
    samples->places[hole] = 0;
}

bool tn_model_samples_has(struct tn_model_samples *samples, const uint64_t key[2])
{
    bool has;

    pthread_mutex_lock(&samples->lock);
    has = samples->places[place_of(samples, key)] != 0;
    pthread_mutex_unlock(&samples->lock);
    return has;
}

static void add(struct tn_model_samples *samples, const struct tn_model_sample *sample)
{
    size_t slot = samples->count;

    if (samples->places[place_of(samples, sample->key)] != 0) {
        free_list(sample);
        return;
    }
    if (samples->count == TN_MODEL_SAMPLES) {
        slot = samples->hand;
        samples->hand = (samples->hand + 1) % TN_MODEL_SAMPLES;
        remove_place(samples, place_of(samples, samples->list[slot].key));
        free_list(&samples->list[slot]);
    } else {
        samples->count++;
    }
    samples->list[slot] = *sample;
    samples->places[place_of(samples, sample->key)] = (uint16_t)(slot + 1);
    samples->changed = true;
}

void tn_model_samples_add(struct tn_model_samples *samples, const uint64_t key[2], uint8_t class, const struct tn_model_features *features)
{
    struct tn_model_feature *list = tn_malloc((features->count + 1) * sizeof *list);
    struct tn_model_sample   sample = {.key = {key[0], key[1]}, .class = class, .count = features->count, .list = list};

    if (list == NULL)
        return;
    memcpy(list, features->list, features->count * sizeof *list);
    pthread_mutex_lock(&samples->lock);
    add(samples, &sample);
    pthread_mutex_unlock(&samples->lock);
}

static const struct tn_model_sample *in_order(const struct tn_model_samples *samples, size_t at)
{
    return &samples->list[(samples->hand + at) % samples->count];
}

struct tn_model_sample *tn_model_samples_copy(struct tn_model_samples *samples, size_t *count)
{
    struct tn_model_sample *out = NULL;
    size_t                  features = 0;

    *count = 0;
    pthread_mutex_lock(&samples->lock);
    for (size_t i = 0; i < samples->count; i++)
        features += samples->list[i].count;
    if (samples->count > 0)
        out = tn_malloc(samples->count * sizeof *out + features * sizeof(struct tn_model_feature));
    if (out != NULL) {
        struct tn_model_feature *list = (struct tn_model_feature *)(out + samples->count);

        *count = samples->count;
        for (size_t i = 0; i < samples->count; i++) {
            out[i] = *in_order(samples, i);
            memcpy(list, out[i].list, out[i].count * sizeof *list);
            out[i].list = list;
            list += out[i].count;
        }
    }
    pthread_mutex_unlock(&samples->lock);
    return out;
}

/* ---- bytes ---- */

struct header {
    uint32_t magic, format, count, reserved;
};
static const struct header ours = {0x736d706c, FORMAT, 0, 0};

struct record { /* then its features */
    uint64_t key[2];
    uint32_t class, count;
};

static void *encode(const struct tn_model_samples *samples, size_t *size)
{
    struct header header = ours;
    char         *bytes, *at;

    *size = sizeof header;
    for (size_t i = 0; i < samples->count; i++)
        *size += sizeof(struct record) + samples->list[i].count * sizeof(struct tn_model_feature);
    bytes = at = malloc(*size);
    if (bytes == NULL)
        return NULL;
    header.count = (uint32_t)samples->count;
    memcpy(at, &header, sizeof header);
    at += sizeof header;
    for (size_t i = 0; i < samples->count; i++) {
        const struct tn_model_sample *sample = in_order(samples, i);
        struct record                 record = {.key = {sample->key[0], sample->key[1]}, .class = sample->class, .count = sample->count};

        memcpy(at, &record, sizeof record);
        memcpy(at + sizeof record, sample->list, sample->count * sizeof *sample->list);
        at += sizeof record + sample->count * sizeof *sample->list;
    }
    return bytes;
}

void *tn_model_samples_encode(struct tn_model_samples *samples, size_t *size)
{
    void *bytes = NULL;

    pthread_mutex_lock(&samples->lock);
    if (samples->changed)
        bytes = encode(samples, size);
    samples->changed = samples->changed && bytes == NULL;
    pthread_mutex_unlock(&samples->lock);
    return bytes;
}

/* One record at *AT; false: not well-formed. FEATURES gets what it says. */
static bool read_record(const char *bytes, size_t size, size_t *at, struct record *record, struct tn_model_features *features)
{
    if (size - *at < sizeof *record)
        return false;
    memcpy(record, bytes + *at, sizeof *record);
    *at += sizeof *record;
    if (record->count > TN_MODEL_FEATURES || record->class >= TN_SHAPE_CLASSES || (size - *at) / sizeof features->list[0] < record->count)
        return false;
    features->count = record->count;
    memcpy(features->list, bytes + *at, record->count * sizeof features->list[0]);
    *at += record->count * sizeof features->list[0];
    for (unsigned i = 0; i < features->count; i++)
        if (!isfinite(features->list[i].value) || features->list[i].key == 0)
            return false;
    return true;
}

static bool each_record(struct tn_model_samples *samples, const char *bytes, size_t size, bool take)
{
    struct header            header;
    struct tn_model_features features;
    size_t                   at = sizeof header;

    if (size < sizeof header)
        return false;
    memcpy(&header, bytes, sizeof header);
    if (header.magic != ours.magic || header.format != ours.format || header.count > TN_MODEL_SAMPLES)
        return false;
    for (uint32_t i = 0; i < header.count; i++) {
        struct record record;

        if (!read_record(bytes, size, &at, &record, &features))
            return false;
        if (take)
            tn_model_samples_add(samples, record.key, (uint8_t)record.class, &features);
    }
    return at == size;
}

bool tn_model_samples_decode(struct tn_model_samples *samples, const void *bytes, size_t size)
{
    return each_record(samples, bytes, size, false) && each_record(samples, bytes, size, true);
}
