/* The Trino engine's table. */
#include "engine/can_run.h"
#include "engine/trino/trino_conn.h"

static bool can_run(const struct tn_cluster *cluster, const struct tn_features *features, struct tn_error *why)
{
    if (features->verb == TN_VERB_SAVEPOINT || features->verb == TN_VERB_RELEASE) {
        tn_fail(why, TN_E_UNSUPPORTED, "0A000", "Trino has no savepoints (cluster " TN_STR_FMT ")", TN_STR_ARG(cluster->conf->name));
        return tn_cannot_run(why, "run the statements in a transaction of their own");
    }
    return tn_can_run_without_postgres("Trino", features, why) && tn_can_run_remotely(cluster, features, why);
}

extern const struct tn_engine_ops tn_engine_trino;
const struct tn_engine_ops        tn_engine_trino = {
           .name = "trino",
           .dialect = TN_DIALECT_TRINO,
           .default_max_running = 50,
           .open = tn_trino_open,
           .close = tn_trino_close,
           .connect = tn_trino_connect,
           .disconnect = tn_trino_disconnect,
           .reset = tn_trino_reset,
           .start = tn_trino_start,
           .credit = tn_trino_credit,
           .cancel = tn_trino_cancel,
           .can_run = can_run,
};
