#include "policies/strategy/learner.h"

#include "base/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ACCOUNTS_FORMAT = 2, OLDER_FORMAT = 1 }; /* the older one kept another balance, which is begun anew */

/* ---- in the file ---- */

struct account_record {
    char                      name[TN_ACCOUNT_NAME];
    struct tn_account_numbers n;
};
struct accounts_header {
    uint32_t format, size;
};

static void *write_world(void *arg, size_t *size)
{
    struct tn_learner *learner = arg;
    void              *bytes;

    pthread_mutex_lock(&learner->lock);
    bytes = tn_world_encode(&learner->world, size);
    pthread_mutex_unlock(&learner->lock);
    return bytes;
}

static void read_world(void *arg, const void *bytes, size_t size)
{
    struct tn_learner *learner = arg;

    (void)tn_world_decode(&learner->world, bytes, size); /* of another machine or an older program: learned anew */
}

static void *write_accounts(void *arg, size_t *size)
{
    struct tn_learner     *learner = arg;
    struct accounts_header header = {ACCOUNTS_FORMAT, sizeof(struct account_record)};
    char                  *bytes;

    pthread_mutex_lock(&learner->lock);
    *size = sizeof header + learner->account_count * sizeof(struct account_record);
    bytes = malloc(*size);
    if (bytes != NULL) {
        memcpy(bytes, &header, sizeof header);
        for (size_t i = 0; i < learner->account_count; i++) {
            struct account_record record = {.n = learner->accounts[i].n};

            memcpy(record.name, learner->accounts[i].name, sizeof record.name);
            memcpy(bytes + sizeof header + i * sizeof record, &record, sizeof record);
        }
    }
    pthread_mutex_unlock(&learner->lock);
    return bytes;
}

static bool sane_account(const struct account_record *record)
{
    double numbers[sizeof record->n / sizeof(double)];

    memcpy(numbers, &record->n, sizeof numbers);
    for (size_t i = 0; i < TN_ARRAY_LEN(numbers); i++)
        if (!isfinite(numbers[i]))
            return false;
    return memchr(record->name, '\0', sizeof record->name) != NULL;
}

static void read_accounts(void *arg, const void *bytes, size_t size)
{
    struct tn_learner     *learner = arg;
    struct accounts_header header;

    if (size < sizeof header)
        return;
    memcpy(&header, bytes, sizeof header);
    if ((header.format != ACCOUNTS_FORMAT && header.format != OLDER_FORMAT) || header.size != sizeof(struct account_record))
        return;
    for (size_t at = sizeof header; size - at >= header.size && learner->account_count < TN_ACCOUNTS; at += header.size) {
        struct account_record    record;
        struct tn_group_account *account = &learner->accounts[learner->account_count];

        memcpy(&record, (const char *)bytes + at, sizeof record);
        if (!sane_account(&record))
            continue;
        memcpy(account->name, record.name, sizeof account->name);
        account->n = record.n;
        if (header.format == OLDER_FORMAT)
            account->n.balance = account->n.queries = account->n.least_usd = account->n.least_n = 0;
        learner->account_count++;
    }
}

/* ---- the object ---- */

enum tn_status tn_learner_new(struct tn_learner **out, struct tn_store *store, uint64_t seed, struct tn_error *err)
{
    struct tn_learner *learner = tn_calloc(1, sizeof *learner);
    enum tn_status     status;

    *out = NULL;
    if (learner == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "out of memory for what is learned");
    learner->store = store;
    atomic_store(&learner->rand, seed);
    pthread_mutex_init(&learner->lock, NULL);
    tn_negative_init(&learner->negative);
    tn_bands_init(&learner->bands);
    tn_world_init(&learner->world);
    status = tn_store_blob(store, "world", read_world, write_world, learner, err);
    if (status == TN_OK)
        status = tn_store_blob(store, "accounts", read_accounts, write_accounts, learner, err);
    if (status != TN_OK) {
        (void)!tn_store_blob(store, "world", NULL, NULL, NULL, NULL); /* the store must not ask who is gone */
        tn_learner_free(learner);
        return status;
    }
    *out = learner;
    return TN_OK;
}

void tn_learner_free(struct tn_learner *learner)
{
    if (learner == NULL)
        return;
    tn_model_unref(learner->model);
    tn_model_samples_free(learner->samples);
    tn_negative_destroy(&learner->negative);
    tn_bands_destroy(&learner->bands);
    pthread_mutex_destroy(&learner->lock);
    tn_free(learner);
}

bool tn_learner_set(struct tn_learner *learner, const char *constant, double value)
{
    if (!tn_constants_set(&learner->world.k, constant, value))
        return false;
    if (learner->world.decisions == 0 && learner->world.ended == 0)
        tn_world_start(&learner->world);
    return true;
}

struct tn_group_account *tn_learner_group(struct tn_learner *learner, struct tn_str name)
{
    struct tn_group_account *account = NULL;
    char                     short_name[TN_ACCOUNT_NAME];

    tn_str_copy(short_name, sizeof short_name, name);
    pthread_mutex_lock(&learner->lock);
    for (size_t i = 0; i < learner->account_count && account == NULL; i++)
        if (strcmp(learner->accounts[i].name, short_name) == 0)
            account = &learner->accounts[i];
    if (account == NULL) { /* the last one is shared by whoever comes too late */
        account = &learner->accounts[TN_MIN(learner->account_count, (size_t)TN_ACCOUNTS - 1)];
        if (learner->account_count < TN_ACCOUNTS) {
            memcpy(account->name, short_name, sizeof account->name);
            account->n = (struct tn_account_numbers){.theta = learner->world.k.theta};
            learner->account_count++;
        }
    }
    pthread_mutex_unlock(&learner->lock);
    return account;
}

void tn_learner_reset(struct tn_learner *learner, const uint64_t key[2])
{
    tn_store_reset(learner->store, key);
    tn_negative_reset(&learner->negative, key);
}

void tn_learner_forget(struct tn_learner *learner, unsigned cluster)
{
    struct tn_model *old, *without = NULL;
    bool             knows = false;

    tn_negative_forget(&learner->negative, (uint8_t)cluster);
    pthread_mutex_lock(&learner->lock);
    if (cluster < TN_STORE_CLUSTERS)
        atomic_store_explicit(&learner->given_at[cluster], atomic_fetch_add(&learner->numbers_given, 1) + 1, memory_order_release);
    tn_world_forget(&learner->world, cluster);
    for (size_t i = 0; i < learner->account_count; i++)
        tn_gain_forget(&learner->accounts[i].gain, (uint8_t)cluster, &learner->world.k);
    old = tn_model_ref(learner->model);
    pthread_mutex_unlock(&learner->lock);
    for (size_t e = 0; old != NULL && e < old->engine_count; e++)
        knows = knows || old->engines[e].cluster == cluster;
    if (knows) {
        without = tn_model_without(old, (uint8_t)cluster);
        pthread_mutex_lock(&learner->lock);
        if (learner->model == old) { /* else a training has ended just now; the next one knows better */
            learner->model = without;
            learner->model_changed = without != NULL;
            without = old;
        }
        pthread_mutex_unlock(&learner->lock);
        tn_model_unref(without);
    }
    tn_model_unref(old);
}
