/* The PostgreSQL engine's table. */
#include "engine/postgres/postgres_conn.h"

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
    if (cluster->conf->read_only && (features->class == TN_CLASS_WRITE || features->class == TN_CLASS_DDL)) {
        tn_fail(why, TN_E_DENIED, "25006", "cluster " TN_STR_FMT " is read-only: the statement would write",
                TN_STR_ARG(name));
        return refused(why, "send it to a cluster without readOnly");
    }
    return true;
}

extern const struct tn_engine_ops tn_engine_postgres;
const struct tn_engine_ops        tn_engine_postgres = {
           .name = "postgres",
           .dialect = TN_DIALECT_POSTGRES,
           .default_max_running = 50,
           .open = tn_postgres_open,
           .close = tn_postgres_close,
           .connect = tn_postgres_connect,
           .disconnect = tn_postgres_disconnect,
           .reset = tn_postgres_reset,
           .start = tn_postgres_start,
           .credit = tn_postgres_credit,
           .cancel = tn_postgres_cancel,
           .can_run = can_run,
};
