#include "freeze.h"

#include "base/alloc.h"
#include "base/buf.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct tn_freeze {
    _Atomic size_t  count;
    pthread_mutex_t lock; /* all below */
    char           *names[TN_FREEZE_MAX];
    bool            changed; /* since it was written */
};

/* Place of GROUP, `count` when it is not there. With the lock. */
static size_t place_of(const struct tn_freeze *freeze, struct tn_str group)
{
    size_t count = atomic_load_explicit(&freeze->count, memory_order_relaxed), at = 0;

    while (at < count && !tn_str_eq_c(group, freeze->names[at]))
        at++;
    return at;
}

static enum tn_status add(struct tn_freeze *freeze, struct tn_str group, struct tn_error *err)
{
    size_t count = atomic_load(&freeze->count);

    if (count == TN_FREEZE_MAX)
        return tn_fail(err, TN_E_LIMIT, "54000", "more than %d groups are frozen", TN_FREEZE_MAX);
    freeze->names[count] = tn_strndup(group.ptr, group.len);
    if (freeze->names[count] == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory");
    atomic_store(&freeze->count, count + 1);
    return TN_OK;
}

static void drop(struct tn_freeze *freeze, size_t at)
{
    size_t count = atomic_load(&freeze->count) - 1;

    tn_free(freeze->names[at]);
    freeze->names[at] = freeze->names[count];
    atomic_store(&freeze->count, count);
}

enum tn_status tn_freeze_set(struct tn_freeze *freeze, struct tn_str group, bool on, struct tn_error *err)
{
    enum tn_status status = TN_OK;
    size_t         at;
    bool           there;

    pthread_mutex_lock(&freeze->lock);
    at = place_of(freeze, group);
    there = at < atomic_load(&freeze->count);
    if (on && !there)
        status = add(freeze, group, err);
    else if (!on && there)
        drop(freeze, at);
    freeze->changed = freeze->changed || (status == TN_OK && on != there);
    pthread_mutex_unlock(&freeze->lock);
    return status;
}

bool tn_freeze_has(struct tn_freeze *freeze, struct tn_str group)
{
    bool has;

    if (atomic_load_explicit(&freeze->count, memory_order_relaxed) == 0)
        return false;
    pthread_mutex_lock(&freeze->lock);
    has = place_of(freeze, group) < atomic_load(&freeze->count);
    pthread_mutex_unlock(&freeze->lock);
    return has;
}

/* ---- with the statistics: names, each ended by a NUL ---- */

static void read_names(void *arg, const void *bytes, size_t size)
{
    struct tn_freeze *freeze = arg;
    const char       *at = bytes, *end = at + size;
    struct tn_error   err = TN_ERROR_INIT;

    while (at < end) {
        size_t len = strnlen(at, (size_t)(end - at));

        if (len > 0 && tn_freeze_set(freeze, tn_str_n(at, len), true, &err) != TN_OK)
            break;
        at += len + 1;
    }
    freeze->changed = false;
}

static void *write_names(void *arg, size_t *size)
{
    struct tn_freeze *freeze = arg;
    size_t            total = 1;
    char             *bytes = NULL, *at;

    pthread_mutex_lock(&freeze->lock);
    for (size_t i = 0; i < atomic_load(&freeze->count); i++)
        total += strlen(freeze->names[i]) + 1;
    if (freeze->changed)
        bytes = malloc(total);
    if (bytes != NULL) {
        at = bytes;
        *at++ = '\0'; /* never empty */
        for (size_t i = 0; i < atomic_load(&freeze->count); i++) {
            size_t len = strlen(freeze->names[i]) + 1;

            memcpy(at, freeze->names[i], len);
            at += len;
        }
        freeze->changed = false;
        *size = total;
    }
    pthread_mutex_unlock(&freeze->lock);
    return bytes;
}

enum tn_status tn_freeze_new(struct tn_freeze **out, struct tn_store *store, struct tn_error *err)
{
    struct tn_freeze *freeze = tn_calloc(1, sizeof *freeze);
    enum tn_status    status = TN_OK;

    *out = NULL;
    if (freeze == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory");
    pthread_mutex_init(&freeze->lock, NULL);
    if (store != NULL)
        status = tn_store_blob(store, "frozen", read_names, write_names, freeze, err);
    if (status != TN_OK)
        tn_freeze_free(freeze);
    else
        *out = freeze;
    return status;
}

void tn_freeze_free(struct tn_freeze *freeze)
{
    if (freeze == NULL)
        return;
    for (size_t i = 0; i < atomic_load(&freeze->count); i++)
        tn_free(freeze->names[i]);
    pthread_mutex_destroy(&freeze->lock);
    tn_free(freeze);
}
