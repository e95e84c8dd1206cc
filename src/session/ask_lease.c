/* What becomes of the connection that an ask had: the next statement of its transaction gets it, or of its session, or somebody else. */
#include "session/ask_lease.h"

/* The engine goes on with a transaction in which a statement failed. */
static bool is_borne(const struct tn_query *q)
{
    const struct tn_conn *conn = q->lease != NULL ? q->lease->conn : NULL;
    enum tn_dialect       dialect = conn != NULL ? conn->cluster->ops->dialect : TN_DIALECT_POSTGRES;
    bool                  refused = q->run.started_us == 0 && (q->prelude.len == 0 || q->prelude_done); /* by Turnout: the engine does not know of it */

    return conn != NULL && conn->state != TN_CONN_BROKEN &&
           (refused || q->run.undone || dialect == TN_DIALECT_MYSQL);
}

static void settle_failure(struct tn_ask_transaction *tx, const struct tn_query *q)
{
    if (q->error.status != TN_OK)
        tx->failed = tx->failed || !tx->bears || !is_borne(q);
    else if (q->features.verb == TN_VERB_ROLLBACK) /* TO a savepoint: it is whole again */
        tx->failed = false;
}

/* The session keeps LEASE: it has something there, or has just left it. What a transaction left shows at its end. */
static bool keeps_bond(const struct tn_ask *ask, const struct tn_lease *lease)
{
    const struct tn_ask_bond *bond = ask->bond;

    if (bond == NULL || (bond->lease != NULL && bond->lease != lease))
        return false;
    return bond->lease == lease || (bond->leaves && ask->query->error.status == TN_OK && lease->conn->dirty);
}

/* What became of the connection: the transaction's, the session's, or the pool's. */
static void settle_lease(struct tn_ask *ask)
{
    struct tn_ask_transaction *tx = ask->transaction;
    struct tn_ask_bond        *bond = ask->bond;
    struct tn_query           *q = ask->query;
    struct tn_lease           *lease = q->lease;
    bool                       lost = lease == NULL || lease->conn == NULL || lease->conn->state == TN_CONN_BROKEN;

    if (tx != NULL) {
        tx->ask = NULL;
        tx->lease = ask->end == TN_ASK_NO_END && !lost ? lease : NULL;
        settle_failure(tx, q);
    }
    q->lease = NULL;
    if (lease != NULL && tx != NULL && tx->lease != NULL)
        tn_lease_rest(lease);
    if (lease == NULL || (tx != NULL && tx->lease != NULL))
        return;
    if (!lost && keeps_bond(ask, lease)) {
        bond->lease = lease;
        tn_lease_release_slot(lease);
        return;
    }
    if (bond != NULL && (bond->lease == NULL || bond->lease == lease))
        *bond = (struct tn_ask_bond){.lease = NULL};
    if (tx != NULL && lease->conn != NULL && q->error.status != TN_OK)
        lease->conn->dirty = true;
    tn_lease_release(lease);
}

/* The end of an engine's transaction that had failed before is no commit, whatever the engine says. */
static void settle_commit(struct tn_ask *ask, bool was_failed)
{
    if (ask->end != TN_ASK_COMMIT || !was_failed || ask->query->error.status != TN_OK)
        return;
    tn_fail(&ask->query->error, TN_E_DENIED, "25P02", "the transaction had failed and was rolled back");
}

void tn_ask_settle(struct tn_ask *ask)
{
    bool was_failed = ask->transaction != NULL && ask->transaction->failed;

    settle_lease(ask);
    settle_commit(ask, was_failed);
}

/* ---- their memory ---- */

void tn_ask_transaction_init(struct tn_ask_transaction *transaction, struct tn_str modes, bool read_only)
{
    *transaction = (struct tn_ask_transaction){.read_only = read_only};
    tn_str_copy(transaction->modes, sizeof transaction->modes, modes);
}

void tn_ask_transaction_drop(struct tn_ask_transaction *transaction)
{
    struct tn_lease *lease;

    if (transaction->ask != NULL)
        tn_ask_orphan(transaction->ask, TN_CANCEL_CLIENT_GONE);
    lease = transaction->lease;
    transaction->lease = NULL;
    if (lease == NULL)
        return;
    if (lease->conn != NULL)
        lease->conn->dirty = true;
    tn_lease_release(lease);
}

void tn_ask_bond_drop(struct tn_ask_bond *bond)
{
    struct tn_lease *lease = bond->lease;

    *bond = (struct tn_ask_bond){.lease = NULL};
    tn_lease_release(lease);
}
