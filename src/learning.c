#include "learning.h"

#include "base/alloc.h"
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

/* Names first, then the earlier ones. */
static struct tn_str *names_of(const struct tn_topology *topology, size_t *earlier)
{
    size_t         count = topology->cluster_count;
    struct tn_str *names;

    for (size_t i = 0; i < topology->cluster_count; i++)
        count += topology->clusters[i]->conf->aliases.count;
    names = tn_calloc(count + 1, sizeof *names);
    if (names == NULL)
        return NULL;
    *earlier = 0;
    for (size_t i = 0; i < topology->cluster_count; i++) {
        const struct tn_cluster_conf *conf = topology->clusters[i]->conf;

        names[i] = conf->name;
        for (size_t a = 0; a < conf->aliases.count; a++)
            names[topology->cluster_count + (*earlier)++] = conf->aliases.items[a];
    }
    return names;
}

static void forget_others(struct tn_server *server, const struct tn_topology *topology)
{
    size_t         earlier;
    struct tn_str *names = names_of(topology, &earlier);

    if (names == NULL)
        return; /* the next reload does it */
    tn_store_configure(server->store, names, topology->cluster_count, earlier);
    tn_free(names);
}

void tn_learning_number(struct tn_server *server, const struct tn_topology *topology)
{
    if (server->store == NULL)
        return;
    forget_others(server, topology);
    for (size_t i = 0; i < topology->cluster_count; i++) {
        struct tn_cluster            *cluster = topology->clusters[i];
        const struct tn_cluster_conf *conf = cluster->conf;
        unsigned number = tn_store_cluster(server->store, conf->name, conf->aliases.items, conf->aliases.count, signature_of(conf));

        if (number >= TN_STORE_CLUSTERS)
            tell_unnumbered(conf);
        else if (tn_store_cluster_is_new(server->store, number) && server->learner != NULL)
            tn_learner_forget(server->learner, number);
        atomic_store_explicit(&cluster->stat_id, number, memory_order_relaxed);
    }
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
