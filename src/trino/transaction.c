#include "trino/transaction.h"

#include "base/alloc.h"
#include "base/clock.h"


enum { TRANSACTIONS = 1000, USER_MAX = 127, PATIENCE_US = 500000, UUID_LEN = 36, WORKER_DIGITS = 4 };

static const double LOOK_S = 0.1;

static enum tn_status unknown(const char *id, struct tn_error *err)
{
    return tn_fail(err, TN_E_INVALID, "25P03", "Unknown transaction ID: %.64s. Possibly expired? Commands ignored until end of transaction block", id);
}

static void free_transaction(struct tn_trino_home *home, struct tn_trino_transaction *tx)
{
    struct tn_list *first;

    TN_LIST_FOR_EACH(node, &home->by_use)
    {
        struct tn_trino_query *q = TN_CONTAINER_OF(node, struct tn_trino_query, node);

        if (q->transaction == tx)
            q->transaction = NULL;
    }
    ev_timer_stop(home->worker->loop, &tx->next);
    while ((first = tn_list_first(&tx->line)) != NULL) {
        struct tn_error err = TN_ERROR_INIT;

        tn_list_remove(first);
        (void)unknown(tx->id, &err);
        tn_trino_query_fail(TN_CONTAINER_OF(first, struct tn_trino_query, in_line), &err);
    }
    tn_list_remove(&tx->node);
    tn_ask_transaction_drop(&tx->ask);
    tn_free(tx);
}

/* ---- one statement after the other ---- */

static struct tn_trino_query *running(const struct tn_trino_transaction *tx)
{
    TN_LIST_FOR_EACH(node, &tx->home->by_use)
    {
        struct tn_trino_query *q = TN_CONTAINER_OF(node, struct tn_trino_query, node);

        if (q->ask != NULL && q->ask == tx->ask.ask)
            return q;
    }
    return NULL;
}

static void on_next(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct tn_trino_transaction *tx = timer->data;
    struct tn_list              *first = tn_list_first(&tx->line);
    struct tn_trino_query       *q = running(tx);

    (void)events;
    if (first == NULL) {
        ev_timer_stop(loop, timer);
    } else if (tx->ask.ask == NULL) {
        tn_list_remove(first);
        tn_trino_statement_go_on(TN_CONTAINER_OF(first, struct tn_trino_query, in_line)); /* the transaction may be gone after it */
    } else if (q != NULL && !q->given_up && q->post == NULL && !q->is_open && tn_list_empty(&q->waiters) && tn_clock_us() - q->last_used_us >= PATIENCE_US) {
        tn_trino_run_give_up(q);
    }
}

bool tn_trino_transaction_wait(struct tn_trino_query *q)
{
    struct tn_trino_transaction *tx = q->transaction;

    if (tx == NULL || (tx->ask.ask == NULL && tn_list_empty(&tx->line)))
        return false;
    tn_list_append(&tx->line, &q->in_line);
    if (!ev_is_active(&tx->next)) {
        ev_timer_set(&tx->next, LOOK_S, LOOK_S);
        ev_timer_start(tx->home->worker->loop, &tx->next);
    }
    return true;
}

bool tn_trino_transaction_leave(struct tn_trino_query *q)
{
    if (tn_list_empty(&q->in_line))
        return false;
    tn_list_remove(&q->in_line);
    return true;
}

/* ---- life ---- */

/* A random UUID (RFC 9562, version 4), but for its last two bytes, which say whose it is. */
static void make_id(struct tn_trino_transaction *tx)
{
    size_t  worker = (size_t)(tx->home - tx->home->trino->homes), at = 0;
    uint8_t id[16];

    tn_rand_secret(id, sizeof id);
    id[6] = (uint8_t)(0x40 | (id[6] & 0x0f));
    id[8] = (uint8_t)(0x80 | (id[8] & 0x3f));
    id[14] = (uint8_t)(worker >> 8);
    id[15] = (uint8_t)worker;
    for (size_t i = 0; i < sizeof id; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            tx->id[at++] = '-';
        at += (size_t)snprintf(tx->id + at, sizeof tx->id - at, "%02x", id[i]);
    }
}

struct tn_worker *tn_trino_transaction_owner(const struct tn_trino *trino, struct tn_str id)
{
    unsigned worker;
    char     text[WORKER_DIGITS + 1];

    if (id.len != UUID_LEN)
        return NULL;
    tn_str_copy(text, sizeof text, tn_str_n(id.ptr + UUID_LEN - WORKER_DIGITS, WORKER_DIGITS));
    return sscanf(text, "%4x", &worker) == 1 && worker < trino->worker_count ? trino->homes[worker].worker : NULL;
}

static bool has_word(struct tn_str text, const char *words)
{
    char copy[128];

    tn_str_copy(copy, sizeof copy, text);
    return strcasestr(copy, words) != NULL;
}

enum tn_status tn_trino_transaction_start(struct tn_trino_query *q, struct tn_str modes, struct tn_error *err)
{
    struct tn_trino_home        *home = q->home;
    struct tn_trino_transaction *tx;
    size_t                       count = 0;

    TN_LIST_FOR_EACH(node, &home->transactions)
        count++;
    if (count >= TRANSACTIONS)
        return tn_fail(err, TN_E_LIMIT, "53300", "more than %d transactions are open", (int)TRANSACTIONS);
    if (q->identity->user.len > USER_MAX)
        return tn_fail(err, TN_E_LIMIT, "54000", "the user's name is longer than %d bytes", (int)USER_MAX);
    tx = tn_calloc(1, sizeof *tx);
    if (tx == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a transaction");
    tx->home = home;
    make_id(tx);
    tn_list_init(&tx->line);
    ev_timer_init(&tx->next, on_next, 0, 0);
    tx->next.data = tx;
    tn_str_copy(tx->user_text, sizeof tx->user_text, q->identity->user);
    tx->last_used_us = tn_clock_us();
    tn_ask_transaction_init(&tx->ask, modes, has_word(modes, "READ ONLY"));
    tn_list_append(&home->transactions, &tx->node);
    if (!tn_trino_set(q, "Started-Transaction-Id", tn_str(tx->id))) {
        free_transaction(home, tx);
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a transaction");
    }
    return TN_OK;
}

enum tn_status tn_trino_transaction_find(struct tn_trino_query *q, struct tn_error *err)
{
    struct tn_str id = q->request.transaction_id;

    if (id.len == 0 || tn_str_ieq_c(id, "NONE"))
        return TN_OK;
    TN_LIST_FOR_EACH(node, &q->home->transactions)
    {
        struct tn_trino_transaction *tx = TN_CONTAINER_OF(node, struct tn_trino_transaction, node);

        if (!tn_str_eq_c(id, tx->id) || !tn_str_eq_c(q->identity->user, tx->user_text))
            continue;
        tx->last_used_us = tn_clock_us();
        q->transaction = tx;
        return TN_OK;
    }
    return unknown(id.ptr, err);
}

void tn_trino_transaction_after(struct tn_trino_query *q)
{
    struct tn_trino_transaction *tx = q->transaction;

    if (tx == NULL)
        return;
    tx->last_used_us = tn_clock_us();
    q->transaction = NULL;
    if (q->end == TN_ASK_COMMIT && strcmp(q->error.sqlstate, "25P02") == 0)
        tx->ask.failed = true; /* rolled back; clients say so themselves after a COMMIT that failed, and it is no error */
    else if (q->end != TN_ASK_NO_END) {
        free_transaction(q->home, tx);
        return;
    }
    if (!tn_list_empty(&tx->line))
        ev_feed_event(q->home->worker->loop, &tx->next, EV_TIMER);
}

void tn_trino_transaction_sweep(struct tn_trino_home *home, uint64_t now_us)
{
    uint64_t timeout = home->trino->config->settings.trino_client_timeout;

    TN_LIST_FOR_EACH_SAFE(node, &home->transactions)
    {
        struct tn_trino_transaction *tx = TN_CONTAINER_OF(node, struct tn_trino_transaction, node);

        if (tx->ask.ask == NULL && tn_list_empty(&tx->line) && now_us - tx->last_used_us > timeout)
            free_transaction(home, tx);
    }
}

void tn_trino_transaction_free_all(struct tn_trino_home *home)
{
    TN_LIST_FOR_EACH_SAFE(node, &home->transactions)
        free_transaction(home, TN_CONTAINER_OF(node, struct tn_trino_transaction, node));
}
