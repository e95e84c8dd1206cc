/* Transactions: they begin with BEGIN, or with any statement while autocommit is off, and no engine knows of one before its first
 * statement. */
#include "frontend/mysql/my_error.h"
#include "mysql/private.h"

enum { ER_LOCK_DEADLOCK = 1213 };

void tn_my_begin(struct tn_my_session *s, struct tn_str modes, bool read_only)
{
    char          all[80];
    const char   *isolation = s->once_isolation[0] != '\0' ? s->once_isolation : s->isolation;
    bool          reads = read_only || s->once_read_only || s->read_only;

    tn_my_track_begin(s, modes);
    snprintf(all, sizeof all, "%s%s%s%s", isolation[0] != '\0' ? "ISOLATION LEVEL " : "", isolation, isolation[0] != '\0' && reads ? ", " : "",
             reads ? "READ ONLY" : "");
    s->once_isolation[0] = '\0';
    s->once_read_only = false;
    tn_ask_transaction_init(&s->tx, tn_str(all), reads);
    s->tx.bears = true;
    s->in_tx = true;
    s->tx_wrote = false;
}

/* ---- XA: transactions that clients name; they are the server's own business, on the session's connection (state.c) ---- */

bool tn_my_xa_is(struct tn_str sql)
{
    struct tn_words words;

    tn_words_init(&words, sql, TN_DIALECT_MYSQL);
    return tn_words_at(&words, "xa");
}

/* SQL has been executed. */
void tn_my_xa_after(struct tn_my_session *s, struct tn_str sql)
{
    struct tn_words words;

    tn_words_init(&words, sql, TN_DIALECT_MYSQL);
    if (!tn_words_accept(&words, "xa"))
        return;
    if (tn_words_at(&words, "start") || tn_words_at(&words, "begin"))
        s->in_xa = true;
    else if (!tn_words_at(&words, "end") && !tn_words_at(&words, "recover"))
        s->in_xa = false;
}

bool tn_my_in_xa(const struct tn_my_session *s)
{
    return s->in_xa && s->bond.lease != NULL;
}

void tn_my_transaction_drop(struct tn_my_session *s)
{
    if (s->in_tx && s->bond.lease == s->tx.lease)
        s->bond.lease = NULL;
    if (s->in_tx)
        tn_ask_transaction_drop(&s->tx);
    s->in_tx = s->in_xa = false;
    tn_ask_bond_drop(&s->bond);
    tn_named_forget(&s->names);
}

/* ---- the end ---- */

bool tn_my_defines(const struct tn_my_session *s, struct tn_str sql)
{
    static const char *const verbs[] = {"create", "alter", "drop", "truncate", "rename"};
    const struct tn_lease   *lease = s->in_tx ? s->tx.lease : NULL;
    struct tn_words          words;

    if (s->bulk != NULL || tn_my_in_xa(s) || (s->in_tx && s->tx.read_only) || !tn_my_speaks_mysql(s) || (lease != NULL && lease->cluster->ops->dialect == TN_DIALECT_MYSQL))
        return false;
    tn_words_init(&words, sql, TN_DIALECT_MYSQL);
    for (size_t i = 0; i < TN_ARRAY_LEN(verbs); i++) {
        if (!tn_words_accept(&words, verbs[i]))
            continue;
        if (tn_words_accept(&words, "or"))
            (void)tn_words_accept(&words, "replace");
        return !tn_words_at(&words, "temporary");
    }
    return false;
}

static void on_chunk(struct tn_ask *ask, struct tn_chunk *chunk)
{
    tn_chunk_free(chunk);
    tn_ask_credit(ask);
}

/* The end came: the client hears of it, or what waited for it goes on. */
static void on_done(struct tn_ask *ask)
{
    struct tn_my_session *s = ask->owner;
    bool                  committing = s->ending == TN_ASK_COMMIT;
    TN_ERROR_LOCAL(err);

    s->ask = NULL;
    s->in_tx = false;
    tn_error_move(&err, &ask->query->error);
    if (err.status != TN_OK && committing) {
        tn_my_error(s, &err);
        tn_error_reset(&err);
        tn_my_statement_done(s, true);
        return;
    }
    tn_error_reset(&err);
    s->after(s);
}

static const struct tn_ask_events events = {.columns = tn_my_asked_columns, .chunk = on_chunk, .done = on_done};

void tn_my_end_transaction(struct tn_my_session *s, enum tn_ask_end end, void (*after)(struct tn_my_session *s))
{
    struct tn_error    err = TN_ERROR_INIT;
    struct tn_question question = {
        .protocol = "mysqlWire", .user = s->identity->user, .user_group_count = s->identity->group_count, .user_groups = s->identity->groups,
        .database = tn_str(s->database), .address = tn_str(s->client.peer), .settings = s->settings,
        .transaction = &s->tx, .bond = &s->bond, .end = end, .encoder = &s->encoder.base, .encoder_size = sizeof s->encoder, .events = &events, .owner = s,
        .handle = &s->ask, .application = s->application, .sql = TN_STR(""),
    };

    if (!s->in_tx) {
        after(s);
        return;
    }
    if (tn_my_rows_make_way(s, &(struct tn_my_later){.what = TN_MY_LATER_END, .end = end, .after = after}))
        return;
    s->ending = end;
    s->after = after;
    tn_my_encoder_init(&s->encoder, false, NULL);
    tn_my_wait(s);
    if (tn_ask_start(s->runtime, &question, &err) == TN_OK)
        return;
    tn_my_rows_drop(s);
    tn_my_transaction_drop(s);
    tn_my_error(s, &err);
    tn_error_reset(&err);
    tn_my_statement_done(s, true);
}

/* MySQL gives up the whole transaction for it, and its clients begin anew. */
static bool is_deadlock(const struct tn_my_session *s, const struct tn_error *error)
{
    if (error->own_code != 0 || s->tx.lease == NULL || s->bond.lease == s->tx.lease)
        return error->own_code == ER_LOCK_DEADLOCK;
    return s->tx.failed && tn_my_error_of(error->sqlstate).code == ER_LOCK_DEADLOCK;
}

/* The engine has ended it: a deadlock, or a statement that commits by itself. What was left on its connection stays the session's. */
static void ended_there(struct tn_my_session *s)
{
    struct tn_lease *lease = s->tx.lease;

    if (lease != NULL && lease->conn != NULL && s->bond.leaves && s->bond.lease == NULL)
        s->bond.lease = lease;
    if (lease != NULL && s->bond.lease == lease) {
        s->tx.lease = NULL;
        tn_lease_release_slot(lease);
    }
    tn_ask_transaction_drop(&s->tx);
    s->in_tx = false;
}

/* In MySQL a statement that fails leaves its transaction as it was, and PostgreSQL goes back to a savepoint (tn_run.guarded). Other
 * engines give it up; where it had changed nothing, the next statement can begin it again. */
void tn_my_transaction_after(struct tn_my_session *s, struct tn_ask *ask)
{
    const struct tn_error *error = &ask->query->error;

    if (!s->in_tx || ask->transaction == NULL)
        return;
    if (ask->query->run.my_over && ask->query->features.verb != TN_VERB_LOCK) { /* BEGIN, which would follow, gives up the locks */
        ended_there(s);
    } else if (error->status == TN_OK) {
        tn_my_track_after(s, ask->query);
        s->tx_wrote = s->tx_wrote || (ask->query->kind == TN_RUN_EXECUTE && ask->query->features.class != TN_CLASS_READ);
    } else if (is_deadlock(s, error)) {
        ended_there(s);
    } else if (s->tx.failed && !s->tx_wrote && (s->bond.lease == NULL || s->bond.lease != s->tx.lease)) {
        struct tn_ask_transaction old = s->tx;

        tn_ask_transaction_drop(&s->tx);
        tn_ask_transaction_init(&s->tx, tn_str(old.modes), old.read_only);
        s->tx.bears = true;
    }
}
