#include "engine/pool.h"

#include "base/alloc.h"
#include "base/clock.h"

static const double SWEEP_S = 1.0; /* the finest poolIdleTimeout */

/* The idle connections of one cluster, most recently used first. Exists while there are some, so the cluster does too. */
struct shelf {
    struct tn_list     node;
    struct tn_cluster *cluster;
    struct tn_list     idle;
    size_t             count;
};

struct tn_pool {
    struct tn_worker *worker;
    struct tn_list    shelves;
    ev_timer          sweep; /* runs while anything is idle */
};

static struct shelf *find_shelf(const struct tn_pool *pool, const struct tn_cluster *cluster)
{
    TN_LIST_FOR_EACH (node, &pool->shelves) {
        struct shelf *shelf = TN_CONTAINER_OF(node, struct shelf, node);

        if (shelf->cluster == cluster)
            return shelf;
    }
    return NULL;
}

static struct shelf *make_shelf(struct tn_pool *pool, struct tn_cluster *cluster)
{
    struct shelf *shelf = find_shelf(pool, cluster);

    if (shelf != NULL)
        return shelf;
    shelf = tn_calloc(1, sizeof *shelf);
    if (shelf == NULL)
        return NULL;
    shelf->cluster = cluster;
    tn_list_init(&shelf->idle);
    tn_list_append(&pool->shelves, &shelf->node);
    return shelf;
}

/* Frees the shelf with its last connection. */
static void take_off(struct tn_pool *pool, struct shelf *shelf, struct tn_conn *conn)
{
    tn_list_remove(&conn->node);
    if (--shelf->count > 0)
        return;
    tn_list_remove(&shelf->node);
    tn_free(shelf);
    if (tn_list_empty(&pool->shelves))
        ev_timer_stop(pool->worker->loop, &pool->sweep);
}

static void end_conn(struct tn_conn *conn)
{
    conn->cluster->ops->disconnect(conn);
}

static struct tn_conn *conn_at(struct tn_list *node)
{
    return TN_CONTAINER_OF(node, struct tn_conn, node);
}

static bool worth_keeping(const struct tn_conn *conn, uint64_t now_us)
{
    uint64_t timeout = conn->cluster->conf->pool_idle_timeout;
    bool     young = now_us < conn->idle_since_us || now_us - conn->idle_since_us < timeout;

    return conn->state == TN_CONN_IDLE && young && !atomic_load(&conn->cluster->removed);
}

/* Ends what is not worth keeping; SHELF may be gone afterwards. */
static void sweep_shelf(struct tn_pool *pool, struct shelf *shelf, uint64_t now_us)
{
    struct tn_list *node = shelf->idle.next;

    for (size_t left = shelf->count; left > 0; left--) {
        struct tn_conn *conn = conn_at(node);

        node = node->next;
        if (worth_keeping(conn, now_us))
            continue;
        take_off(pool, shelf, conn);
        end_conn(conn);
    }
}

void tn_pool_sweep(struct tn_pool *pool)
{
    uint64_t now_us = tn_clock_us();

    TN_LIST_FOR_EACH_SAFE (node, &pool->shelves)
        sweep_shelf(pool, TN_CONTAINER_OF(node, struct shelf, node), now_us);
}

static void on_sweep(struct ev_loop *loop, ev_timer *timer, int revents)
{
    (void)loop;
    (void)revents;
    tn_pool_sweep(timer->data);
}

enum tn_status tn_pool_new(struct tn_pool **out, struct tn_worker *worker, struct tn_error *err)
{
    struct tn_pool *pool = tn_calloc(1, sizeof *pool);

    *out = pool;
    if (pool == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "pool: no memory");
    pool->worker = worker;
    tn_list_init(&pool->shelves);
    ev_timer_init(&pool->sweep, on_sweep, SWEEP_S, SWEEP_S);
    pool->sweep.data = pool;
    return TN_OK;
}

void tn_pool_free(struct tn_pool *pool)
{
    struct tn_list *node;

    if (pool == NULL)
        return;
    while ((node = tn_list_first(&pool->shelves)) != NULL) {
        struct shelf   *shelf = TN_CONTAINER_OF(node, struct shelf, node);
        struct tn_conn *conn = conn_at(tn_list_first(&shelf->idle));

        take_off(pool, shelf, conn);
        end_conn(conn);
    }
    tn_free(pool);
}

/* The most recent one with the wanted settings, else the most recent one. */
static struct tn_conn *pick(struct shelf *shelf, uint64_t settings_hash)
{
    struct tn_conn *best = NULL;

    TN_LIST_FOR_EACH (node, &shelf->idle) {
        struct tn_conn *conn = conn_at(node);

        if (conn->state != TN_CONN_IDLE)
            continue;
        if (conn->settings_hash == settings_hash)
            return conn;
        if (best == NULL)
            best = conn;
    }
    return best;
}

static struct tn_conn *take_idle(struct tn_pool *pool, struct tn_cluster *cluster, uint64_t settings_hash)
{
    struct shelf   *shelf = find_shelf(pool, cluster);
    struct tn_conn *conn = shelf != NULL ? pick(shelf, settings_hash) : NULL;

    if (conn != NULL)
        take_off(pool, shelf, conn);
    return conn;
}

static void end_wait(struct tn_pool_wait *wait)
{
    wait->connecting = NULL;
    ev_timer_stop(wait->pool->worker->loop, &wait->timer);
}

static void on_connected(struct tn_conn *conn, const struct tn_error *err, void *owner)
{
    struct tn_pool_wait *wait = owner;

    end_wait(wait);
    if (err == NULL) {
        wait->ready(wait, conn, NULL);
        return;
    }
    wait->ready(wait, NULL, err); /* WAIT may be gone now */
    end_conn(conn); /* ERR may be in it */
}

static void fail_wait(struct tn_pool_wait *wait, enum tn_status status, const char *sqlstate, const char *text)
{
    struct tn_error err = TN_ERROR_INIT;

    (void)tn_fail(&err, status, sqlstate, "%s", text);
    tn_error_blame(&err, status == TN_E_NOMEM ? TN_FAULT_TURNOUT : TN_FAULT_ENGINE, false);
    wait->ready(wait, NULL, &err);
    tn_error_reset(&err);
}

/* connectTimeout is over, or (no connection was made) there was no memory for one. */
static void on_wait_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_pool_wait *wait = timer->data;
    struct tn_conn      *conn = wait->connecting;
    char                 text[256];

    (void)loop;
    (void)revents;
    end_wait(wait);
    if (conn == NULL) {
        fail_wait(wait, TN_E_NOMEM, "53200", "out of memory for a connection");
        return;
    }
    snprintf(text, sizeof text, "no connection to cluster " TN_STR_FMT " within its connectTimeout of %.1f s",
             TN_STR_ARG(conn->cluster->conf->name), (double)conn->cluster->conf->connect_timeout / 1e6);
    end_conn(conn);
    fail_wait(wait, TN_E_TIMEOUT, "08001", text);
}

struct tn_conn *tn_pool_acquire(struct tn_pool *pool, struct tn_cluster *cluster, uint64_t settings_hash,
                                struct tn_pool_wait *wait)
{
    struct tn_conn *conn = take_idle(pool, cluster, settings_hash);
    double          timeout;

    wait->pool = pool;
    wait->connecting = NULL;
    if (conn != NULL)
        return conn;
    wait->connecting = cluster->ops->connect(cluster, pool->worker, on_connected, wait);
    timeout = wait->connecting != NULL ? (double)cluster->conf->connect_timeout / 1e6 : 0.;
    ev_timer_init(&wait->timer, on_wait_timer, timeout, 0.);
    wait->timer.data = wait;
    ev_timer_start(pool->worker->loop, &wait->timer);
    return NULL;
}

void tn_pool_abandon(struct tn_pool_wait *wait)
{
    struct tn_conn *conn = wait->connecting;

    end_wait(wait);
    if (conn != NULL)
        end_conn(conn);
}

/* Clean, of a cluster that goes on, and not one too many. */
static bool make_idle(struct tn_pool *pool, struct tn_conn *conn)
{
    const struct tn_cluster *cluster = conn->cluster;
    struct shelf            *shelf;

    if (conn->state != TN_CONN_IDLE || atomic_load(&conn->cluster->removed))
        return false;
    if (tn_pool_idle(pool, cluster) >= cluster->conf->pool_size)
        return false;
    if (conn->dirty) {
        if (!cluster->ops->reset(conn))
            return false;
        conn->dirty = false;
        conn->settings_hash = 0;
    }
    shelf = make_shelf(pool, conn->cluster);
    if (shelf == NULL)
        return false;
    tn_list_prepend(&shelf->idle, &conn->node);
    shelf->count++;
    return true;
}

void tn_pool_release(struct tn_pool *pool, struct tn_conn *conn)
{
    conn->idle_since_us = tn_clock_us();
    if (!make_idle(pool, conn))
        end_conn(conn);
    else if (!ev_is_active(&pool->sweep))
        ev_timer_again(pool->worker->loop, &pool->sweep);
}

size_t tn_pool_idle(const struct tn_pool *pool, const struct tn_cluster *cluster)
{
    const struct shelf *shelf = find_shelf(pool, cluster);

    return shelf != NULL ? shelf->count : 0;
}
