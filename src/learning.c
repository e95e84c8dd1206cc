#include "learning.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/hash.h"
#include "policies/strategy/trainer.h"
#include "stats/model_boost.h"

#include <stdlib.h>

_Static_assert((int)TN_CONFIG_CLUSTERS_LEARNED == (int)TN_STORE_CLUSTERS, "checked by the configuration");

/* NULL = in memory only; the caller frees. */
static char *file_of(const struct tn_settings *settings)
{
    struct tn_buf path;

    if (settings->persistence_type != TN_CFG_PERSISTENCE_SQLITE)
        return NULL;
    tn_buf_init(&path, 8192);
    if (settings->statistics_path.len > 0)
        tn_buf_put_str(&path, settings->statistics_path);
    else
        tn_buf_printf(&path, TN_STR_FMT ".stats", TN_STR_ARG(settings->persistence_path));
    tn_buf_put_u8(&path, '\0');
    if (path.failed)
        tn_buf_reset(&path);
    return path.data;
}

static void tell_opened(struct tn_store *store, const char *path)
{
    struct tn_store_counts counts;

    tn_store_counts(store, &counts);
    tn_log(TN_LOG_INFO, "statistics", TN_LOG_TEXT("file", path != NULL ? path : "none, in memory"), TN_LOG_U64("shapes", counts.shapes));
}

static enum tn_status open_model(struct tn_learner *learner, struct tn_error *err)
{
    TN_TRY(tn_trainer_open(learner, err));
    if (tn_boost_available())
        return tn_trainer_start(learner, err);
    tn_log(TN_LOG_INFO, "no model of the text", TN_LOG_TEXT("reason", "this program was built without XGBoost"),
           TN_LOG_TEXT("effect", "one in the statistics file is used, but none is trained"));
    return TN_OK;
}

enum tn_status tn_learning_open(struct tn_server *server, const struct tn_settings *settings, struct tn_error *err)
{
    struct tn_store_options options = TN_STORE_OPTIONS_DEFAULT;
    char                   *path = file_of(settings);
    enum tn_status          status;

    if (!settings->statistics_enabled) {
        tn_free(path);
        tn_log(TN_LOG_INFO, "no statistics", TN_LOG_TEXT("reason", "statistics.enabled is false"), TN_LOG_TEXT("effect", "nothing is learned"));
        return TN_OK;
    }
    options.path = path;
    options.max_shapes = settings->statistics_max_shapes;
    options.max_new_shapes_per_minute = settings->statistics_max_new;
    options.half_life_us = settings->statistics_half_life;
    status = tn_store_open(&server->store, &options, err);
    if (status == TN_OK)
        tell_opened(server->store, path);
    tn_free(path);
    if (status == TN_OK)
        status = tn_learner_new(&server->learner, server->store, tn_clock_us(), err);
    if (status == TN_OK && settings->statistics_model != TN_CFG_MODEL_OFF)
        status = open_model(server->learner, err);
    return status;
}

void tn_learning_close(struct tn_server *server)
{
    if (server->learner != NULL)
        tn_trainer_stop(server->learner);
    tn_store_close(server->store); /* its writer asks the learner for the last time */
    tn_learner_free(server->learner);
    server->store = NULL;
    server->learner = NULL;
}

static uint64_t signature_of(const struct tn_cluster_conf *conf)
{
    uint64_t h = (uint64_t)conf->engine + 1;

    h = tn_hash_seeded(conf->endpoint.ptr, conf->endpoint.len, h);
    h = tn_hash_seeded(conf->database_path.ptr, conf->database_path.len, h + 1);
    h = tn_hash_seeded(conf->size.ptr, conf->size.len, h + 2);
    return tn_hash_seeded(conf->version.ptr, conf->version.len, h + 3);
}

static void tell_unnumbered(const struct tn_cluster_conf *conf)
{
    tn_log(TN_LOG_WARN, "nothing is learned of a cluster", TN_LOG_STR("cluster", conf->name),
           TN_LOG_TEXT("reason", "the statistics have no number left: 250 clusters are known, or came and went within the last hour"),
           TN_LOG_TEXT("hint", "reload again later, or start with a new statistics file"));
}

/* ---- names in the statistics ---- */

struct naming { /* a name to be numbered: its own first, then the earlier ones */
    struct tn_cluster *cluster;
    bool               asleep;
    struct tn_str     *names;
    size_t             count;
};

struct namings {
    struct tn_arena arena;
    struct naming  *list;
    size_t          count, names;
};

/* While it is asleep: no cluster can be called so, names have no blanks. */
static bool asleep_name(struct tn_arena *arena, struct tn_str name, struct tn_str *out)
{
    static const char asleep[] = " (asleep)";
    char             *text = tn_arena_alloc(arena, name.len + sizeof asleep);

    if (text == NULL)
        return false;
    memcpy(text, name.ptr, name.len);
    memcpy(text + name.len, asleep, sizeof asleep);
    *out = tn_str_n(text, name.len + sizeof asleep - 1);
    return true;
}

static bool add_naming(struct namings *n, struct tn_cluster *cluster, bool asleep)
{
    const struct tn_cfg_list *aliases = &cluster->conf->aliases;
    struct naming        *naming = &n->list[n->count++];

    *naming = (struct naming){.cluster = cluster, .asleep = asleep, .count = 1 + aliases->count};
    naming->names = tn_arena_alloc(&n->arena, naming->count * sizeof *naming->names);
    for (size_t i = 0; i < naming->count && naming->names != NULL; i++) {
        naming->names[i] = i == 0 ? cluster->conf->name : aliases->items[i - 1];
        if (asleep && !asleep_name(&n->arena, naming->names[i], &naming->names[i]))
            return false;
    }
    n->names += naming->count;
    return naming->names != NULL;
}

static bool find_namings(struct namings *n, const struct tn_topology *topology)
{
    bool ok = true;

    *n = (struct namings){.count = 0};
    tn_arena_init(&n->arena, 0);
    n->list = tn_arena_alloc(&n->arena, 2 * (topology->cluster_count + 1) * sizeof *n->list);
    if (n->list == NULL)
        return false;
    for (size_t i = 0; ok && i < topology->cluster_count; i++)
        ok = add_naming(n, topology->clusters[i], false);
    for (size_t i = 0; ok && i < topology->cluster_count; i++) /* last: where numbers are few, these do without */
        if (tn_cluster_suspends(topology->clusters[i]))
            ok = add_naming(n, topology->clusters[i], true);
    return ok;
}

/* No memory: the next reload does it. */
static void forget_others(struct tn_server *server, struct namings *n)
{
    struct tn_str *names = tn_arena_alloc(&n->arena, (n->names + 1) * sizeof *names);
    size_t         count = 0;

    if (names == NULL)
        return;
    for (size_t i = 0; i < n->count; i++)
        names[count++] = n->list[i].names[0];
    for (size_t i = 0; i < n->count; i++)
        for (size_t k = 1; k < n->list[i].count; k++)
            names[count++] = n->list[i].names[k];
    tn_store_configure(server->store, names, n->count, count - n->count);
}

static void number(struct tn_server *server, const struct naming *naming)
{
    struct tn_cluster            *cluster = naming->cluster;
    const struct tn_cluster_conf *conf = cluster->conf;
    unsigned number = tn_store_cluster(server->store, naming->names[0], naming->names + 1, naming->count - 1, signature_of(conf));

    if (number >= TN_STORE_CLUSTERS && !naming->asleep)
        tell_unnumbered(conf);
    else if (tn_store_cluster_is_new(server->store, number) && server->learner != NULL)
        tn_learner_forget(server->learner, number);
    if (!naming->asleep)
        atomic_store_explicit(&cluster->stat_id, number, memory_order_relaxed);
    else if (number < TN_STORE_CLUSTERS)
        atomic_store_explicit(&cluster->asleep_id, number, memory_order_relaxed);
}

void tn_learning_number(struct tn_server *server, const struct tn_topology *topology)
{
    struct namings n;

    if (server->store == NULL)
        return;
    if (find_namings(&n, topology)) {
        forget_others(server, &n);
        for (size_t i = 0; i < n.count; i++)
            number(server, &n.list[i]);
    }
    tn_arena_reset(&n.arena);
}

bool tn_learning_reset(struct tn_server *server, const uint64_t key[2])
{
    bool known = key == NULL || (server->store != NULL && tn_store_knows(server->store, key));

    if (server->learner != NULL)
        tn_learner_reset(server->learner, key);
    else if (server->store != NULL)
        tn_store_reset(server->store, key);
    return known;
}
