/* The Trino engine's table. */
#include "engine/trino/trino_conn.h"

static bool refused(struct tn_error *why, const char *hint)
{
    tn_error_hint(why, "%s", hint);
    tn_error_blame(why, TN_FAULT_UNSUPPORTED, false);
    return false;
}

static bool can_run(const struct tn_cluster *cluster, const struct tn_features *features, struct tn_error *why)
{
    struct tn_str name = cluster->conf->name;

    if (features->verb == TN_VERB_COPY) {
        tn_fail(why, TN_E_UNSUPPORTED, "0A000", "COPY is not supported yet (cluster " TN_STR_FMT ")", TN_STR_ARG(name));
        return refused(why, "use INSERT, or SELECT, through Turnout");
    }
    if (features->verb == TN_VERB_SAVEPOINT || features->verb == TN_VERB_RELEASE) {
        tn_fail(why, TN_E_UNSUPPORTED, "0A000", "Trino has no savepoints (cluster " TN_STR_FMT ")", TN_STR_ARG(name));
        return refused(why, "run the statements in a transaction of their own");
    }
    if (cluster->conf->read_only && (features->class == TN_CLASS_WRITE || features->class == TN_CLASS_DDL)) {
        tn_fail(why, TN_E_DENIED, "25006", "cluster " TN_STR_FMT " is read-only: the statement would write", TN_STR_ARG(name));
        return refused(why, "send it to a cluster without readOnly");
    }
    return true;
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
