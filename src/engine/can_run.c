#include "engine/can_run.h"

bool tn_cannot_run(struct tn_error *why, const char *hint)
{
    tn_error_hint(why, "%s", hint);
    tn_error_blame(why, TN_FAULT_UNSUPPORTED, false);
    return false;
}

bool tn_can_run_remotely(const struct tn_cluster *cluster, const struct tn_features *features, struct tn_error *why)
{
    struct tn_str name = cluster->conf->name;

    if (features->verb == TN_VERB_COPY) {
        tn_fail(why, TN_E_UNSUPPORTED, "0A000", "COPY is not supported yet (cluster " TN_STR_FMT ")", TN_STR_ARG(name));
        return tn_cannot_run(why, "use INSERT, or SELECT, through Turnout");
    }
    if (cluster->conf->read_only && (features->class == TN_CLASS_WRITE || features->class == TN_CLASS_DDL)) {
        tn_fail(why, TN_E_DENIED, "25006", "cluster " TN_STR_FMT " is read-only: the statement would write", TN_STR_ARG(name));
        return tn_cannot_run(why, "send it to a cluster without readOnly");
    }
    return true;
}

bool tn_can_run_without_postgres(const char *engine, const struct tn_features *features, struct tn_error *why)
{
    switch ((int)features->verb) {
    case TN_VERB_DECLARE:
    case TN_VERB_FETCH:
    case TN_VERB_MOVE:
    case TN_VERB_CLOSE:
        tn_fail(why, TN_E_UNSUPPORTED, "0A000", "%s has no cursors", engine);
        return tn_cannot_run(why, "read the query's rows as they come, or send it to a cluster of PostgreSQL");
    case TN_VERB_LISTEN:
    case TN_VERB_UNLISTEN:
    case TN_VERB_NOTIFY:
        tn_fail(why, TN_E_UNSUPPORTED, "0A000", "%s has no LISTEN and NOTIFY", engine);
        return tn_cannot_run(why, "send it to a cluster of PostgreSQL");
    default: return true;
    }
}
