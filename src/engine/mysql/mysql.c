/* The tables of the engines mysql (MySQL, MariaDB) and starRocks, which speak one protocol. */
#include "engine/can_run.h"
#include "engine/mysql/mysql_conn.h"

static bool can_run_mysql(const struct tn_cluster *cluster, const struct tn_features *features, struct tn_error *why)
{
    return tn_can_run_without_postgres("MySQL", features, why) && tn_can_run_remotely(cluster, features, why);
}

static bool can_run_star_rocks(const struct tn_cluster *cluster, const struct tn_features *features, struct tn_error *why)
{
    if (features->verb == TN_VERB_SAVEPOINT || features->verb == TN_VERB_RELEASE) {
        tn_fail(why, TN_E_UNSUPPORTED, "0A000", "StarRocks has no savepoints (cluster " TN_STR_FMT ")", TN_STR_ARG(cluster->conf->name));
        return tn_cannot_run(why, "run the statements without them");
    }
    return tn_can_run_without_postgres("StarRocks", features, why) && tn_can_run_remotely(cluster, features, why);
}

#define MYSQL_ENGINE_OPS                                                                                                              \
    .dialect = TN_DIALECT_MYSQL, .open = tn_mysql_cluster_open, .close = tn_mysql_cluster_close, .connect = tn_mysql_connect,                         \
    .disconnect = tn_mysql_disconnect, .reset = tn_mysql_reset, .start = tn_mysql_start, .credit = tn_mysql_credit,                   \
    .cancel = tn_mysql_cancel

extern const struct tn_engine_ops tn_engine_mysql;
const struct tn_engine_ops        tn_engine_mysql = {
           .name = "mysql",
           .default_max_running = 50,
           MYSQL_ENGINE_OPS,
           .can_run = can_run_mysql,
};

extern const struct tn_engine_ops tn_engine_star_rocks;
const struct tn_engine_ops        tn_engine_star_rocks = {
           .name = "starRocks",
           .default_max_running = 50,
           MYSQL_ENGINE_OPS,
           .can_run = can_run_star_rocks,
};
