#include "stats/store_shard.h"

#include "base/alloc.h"

void tn_clusters_init(struct tn_store_clusters *clusters)
{
    pthread_mutex_init(&clusters->mutex, NULL);
    clusters->next_file = 1;
}

void tn_clusters_reset(struct tn_store_clusters *clusters)
{
    for (unsigned i = 0; i < TN_STORE_CLUSTERS; i++)
        tn_free(atomic_load(&clusters->list[i].name));
    for (size_t i = 0; i < clusters->old_count; i++)
        tn_free(clusters->old_names[i]);
    tn_free(clusters->old_names);
    pthread_mutex_destroy(&clusters->mutex);
}

struct tn_str tn_store_cluster_name(const struct tn_store *store, unsigned cluster)
{
    if (cluster >= TN_STORE_CLUSTERS)
        return (struct tn_str){NULL, 0};
    return tn_str(atomic_load_explicit(&store->clusters.list[cluster].name, memory_order_acquire));
}

unsigned tn_store_cluster_find(const struct tn_store *store, struct tn_str name)
{
    for (unsigned i = 0; i < TN_STORE_CLUSTERS; i++) {
        const char *known = atomic_load_explicit(&store->clusters.list[i].name, memory_order_acquire);

        if (known != NULL && tn_str_eq_c(name, known))
            return i;
    }
    return TN_STORE_NONE;
}

/* The old text stays until the end: somebody may be reading it. */
static bool set_name(struct tn_store_clusters *clusters, struct tn_store_cluster *cluster, struct tn_str name)
{
    char  *copy = tn_strndup(name.ptr, name.len), *old = atomic_load(&cluster->name);
    char **names;

    if (copy == NULL)
        return false;
    if (old != NULL) {
        names = tn_realloc(clusters->old_names, (clusters->old_count + 1) * sizeof *names);
        if (names == NULL) {
            tn_free(copy);
            return false;
        }
        clusters->old_names = names;
        names[clusters->old_count++] = old;
    }
    atomic_store_explicit(&cluster->name, copy, memory_order_release);
    cluster->changed = true;
    return true;
}

enum { DROP_CELLS, DISCOUNT_CELLS };

/* Every shape's cell of CLUSTER: gone, or worth a tenth with an open variance: the cluster is not what it was. */
static void change_cells(struct tn_store *store, unsigned cluster, int what)
{
    for (unsigned s = 0; s < tn_store_shard_count(store); s++) {
        struct tn_shard *shard = &store->shards[s];

        pthread_mutex_lock(&shard->mutex);
        for (uint32_t slot = 0; slot < shard->high; slot++) {
            struct tn_cell *cell = NULL;

            if ((shard->states[slot] & TN_STATE_USED) != 0)
                cell = tn_shard_cell(shard, &shard->entries[slot], cluster, false);
            if (cell == NULL)
                continue;
            if (what == DROP_CELLS)
                tn_shard_drop_cell(shard, &shard->entries[slot], cluster);
            else
                tn_cell_discount(cell, TN_STORE_CHANGED_FACTOR, UINT16_MAX, TN_STORE_CHANGED_P, &shard->rand);
            tn_bit_set(shard->dirty, slot);
        }
        pthread_mutex_unlock(&shard->mutex);
    }
}

static bool may_be_given(const struct tn_store_cluster *cluster, uint32_t now_s)
{
    return !cluster->configured && !cluster->named && (cluster->gone_s == 0 || (int32_t)(now_s - cluster->gone_s) >= (int32_t)TN_STORE_REUSE_S);
}

/* A free number, or the one of a cluster that nobody configured and that was not seen for longest. */
static unsigned free_number(struct tn_store *store)
{
    uint32_t now_s = tn_store_now_s();
    unsigned best = TN_STORE_NONE;

    for (unsigned i = 0; i < TN_STORE_CLUSTERS; i++) {
        const struct tn_store_cluster *cluster = &store->clusters.list[i];

        if (atomic_load(&cluster->name) == NULL)
            return i;
        if (may_be_given(cluster, now_s) && (best == TN_STORE_NONE || cluster->seen_s < store->clusters.list[best].seen_s))
            best = i;
    }
    return best;
}

static unsigned find_known(struct tn_store *store, struct tn_str name, const struct tn_str *aliases, size_t alias_count)
{
    unsigned place = tn_store_cluster_find(store, name);

    for (size_t i = 0; place == TN_STORE_NONE && i < alias_count; i++) {
        place = tn_store_cluster_find(store, aliases[i]);
        if (place != TN_STORE_NONE && store->clusters.list[place].configured)
            place = TN_STORE_NONE; /* another cluster has that name now */
    }
    return place;
}

static void number(struct tn_store *store, unsigned place, uint32_t file)
{
    uint32_t old = atomic_load(&store->clusters.list[place].file);

    if (old != 0)
        atomic_store(&store->clusters.from_file[old], 0);
    atomic_store(&store->clusters.list[place].file, file);
    if (file != 0)
        atomic_store(&store->clusters.from_file[file], (uint8_t)(place + 1));
}

static unsigned add_cluster(struct tn_store *store, struct tn_str name, uint64_t signature)
{
    unsigned                 place = free_number(store);
    struct tn_store_cluster *cluster;

    if (place == TN_STORE_NONE || store->clusters.next_file > UINT16_MAX)
        return TN_STORE_NONE;
    cluster = &store->clusters.list[place];
    if (atomic_load(&cluster->name) != NULL)
        change_cells(store, place, DROP_CELLS);
    if (!set_name(&store->clusters, cluster, name))
        return TN_STORE_NONE;
    number(store, place, atomic_load(&store->loaded) ? store->clusters.next_file++ : 0);
    atomic_store(&cluster->epoch, 0);
    cluster->signature = signature;
    cluster->given = true;
    return place;
}

static bool is_among(struct tn_str name, const struct tn_str *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (tn_str_eq(name, names[i]))
            return true;
    return false;
}

void tn_store_configure(struct tn_store *store, const struct tn_str *names, size_t count, size_t earlier)
{
    pthread_mutex_lock(&store->clusters.mutex);
    for (unsigned i = 0; i < TN_STORE_CLUSTERS; i++) {
        struct tn_store_cluster *cluster = &store->clusters.list[i];
        const char              *name = atomic_load(&cluster->name);

        cluster->named = name != NULL && is_among(tn_str(name), names, count + earlier);
        if (!cluster->configured || is_among(tn_str(name), names, count))
            continue;
        cluster->configured = false;
        cluster->gone_s = cluster->seen_s = tn_store_now_s();
        cluster->changed = true;
    }
    pthread_mutex_unlock(&store->clusters.mutex);
}

bool tn_store_cluster_is_new(struct tn_store *store, unsigned cluster)
{
    bool given;

    if (cluster >= TN_STORE_CLUSTERS)
        return false;
    pthread_mutex_lock(&store->clusters.mutex);
    given = store->clusters.list[cluster].given;
    store->clusters.list[cluster].given = false;
    pthread_mutex_unlock(&store->clusters.mutex);
    return given;
}

static bool is_free(const struct tn_store *store, unsigned place)
{
    return place < TN_STORE_CLUSTERS && atomic_load(&store->clusters.list[place].name) == NULL;
}

void tn_clusters_known(struct tn_store *store, const struct tn_store_cluster *row, struct tn_str name, int place)
{
    unsigned                 known = tn_store_cluster_find(store, name);
    uint32_t                 file = atomic_load(&row->file), epoch = atomic_load(&row->epoch);
    struct tn_store_cluster *cluster;

    if (file == 0 || file > UINT16_MAX)
        return;
    if (known == TN_STORE_NONE) {
        known = place >= 0 && is_free(store, (unsigned)place) ? (unsigned)place : free_number(store);
        if (!is_free(store, known) || !set_name(&store->clusters, &store->clusters.list[known], name))
            return; /* its cells are not read */
        cluster = &store->clusters.list[known];
        cluster->signature = row->signature;
        cluster->seen_s = row->seen_s;
    }
    cluster = &store->clusters.list[known];
    cluster->changed = (int)known != place || cluster->configured;
    number(store, known, file);
    atomic_store(&cluster->epoch, epoch + (cluster->signature != row->signature ? 1 : 0));
}

void tn_clusters_number(struct tn_store *store, uint32_t next_file)
{
    store->clusters.next_file = next_file;
    for (unsigned i = 0; i < TN_STORE_CLUSTERS; i++)
        if (atomic_load(&store->clusters.list[i].name) != NULL && atomic_load(&store->clusters.list[i].file) == 0 &&
            store->clusters.next_file <= UINT16_MAX)
            number(store, i, store->clusters.next_file++);
}

unsigned tn_store_cluster(struct tn_store *store, struct tn_str name, const struct tn_str *aliases, size_t alias_count,
                          uint64_t signature)
{
    struct tn_store_cluster *cluster;
    unsigned                 place;

    pthread_mutex_lock(&store->clusters.mutex);
    place = find_known(store, name, aliases, alias_count);
    if (place == TN_STORE_NONE)
        place = add_cluster(store, name, signature);
    if (place != TN_STORE_NONE) {
        cluster = &store->clusters.list[place];
        if (!tn_str_eq_c(name, atomic_load(&cluster->name)))
            (void)!set_name(&store->clusters, cluster, name); /* no memory: under its old name until the next start */
        if (cluster->signature != signature) {
            cluster->signature = signature;
            atomic_fetch_add(&cluster->epoch, 1);
            change_cells(store, place, DISCOUNT_CELLS);
        }
        cluster->configured = cluster->changed = true;
        cluster->gone_s = 0;
        cluster->seen_s = tn_store_now_s();
    }
    pthread_mutex_unlock(&store->clusters.mutex);
    return place;
}
