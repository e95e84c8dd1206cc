#include "engine/engine.h"

#include "base/clock.h"
#include "engine/cluster.h"

#include <assert.h>

#define ENGINE(name, symbol) extern const struct tn_engine_ops tn_engine_##symbol;
#include "engine/engines.def"
#undef ENGINE

static const struct {
    enum tn_cfg_engine          engine;
    const struct tn_engine_ops *ops;
} engines[] = {
#define ENGINE(name, symbol) {TN_CFG_ENGINE_##name, &tn_engine_##symbol},
#include "engine/engines.def"
#undef ENGINE
};

const struct tn_engine_ops *tn_engine_find(enum tn_cfg_engine engine)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(engines); i++)
        if (engines[i].engine == engine)
            return engines[i].ops;
    return NULL;
}

void tn_conn_init(struct tn_conn *conn, struct tn_cluster *cluster, struct tn_worker *worker,
                  void (*connected)(struct tn_conn *, const struct tn_error *, void *), void *owner)
{
    tn_list_init(&conn->node);
    conn->cluster = tn_cluster_ref(cluster);
    conn->worker = worker;
    conn->state = TN_CONN_CONNECTING;
    conn->connected = connected;
    conn->owner = owner;
}

static void clear_results(struct tn_run *run)
{
    run->engine = NULL;
    run->my_columns = tn_str_n(NULL, 0);
    run->my_extended = false;
    run->uncredited = 0;
    run->uncredited_bytes = 0;
    run->cancelled = run->left = false;
    run->tag[0] = '\0';
    run->rows = run->affected = run->bytes = run->insert_id = run->unchanged = run->replaced = 0;
    run->my_info = tn_str_n(NULL, 0);
    run->my_status = 0;
    run->warnings = 0;
    run->rows_read = run->bytes_read = run->cpu_us = run->queued_us = run->peak_memory = 0;
    run->analysis_us = run->planning_us = run->splits = 0;
    run->first_byte_us = run->ended_us = run->full_since_us = run->stalled_us = 0;
    run->delivered = run->over_there = false;
    tn_error_reset(&run->error);
}

/* A server may end a connection that a session keeps between two statements. */
static void fail_lost(struct tn_run *run)
{
    tn_fail(&run->error, TN_E_CONNECTION, "08006", "cluster " TN_STR_FMT ": the connection was lost before the statement began",
            TN_STR_ARG(run->conn->cluster->conf->name));
    tn_error_blame(&run->error, TN_FAULT_ENGINE, false);
    tn_run_done(run);
}

void tn_run_start(struct tn_run *run, struct tn_conn *conn)
{
    assert(conn->state == TN_CONN_IDLE || conn->state == TN_CONN_BROKEN);
    clear_results(run);
    run->conn = conn;
    run->started_us = tn_clock_us();
    if (conn->state == TN_CONN_BROKEN) {
        fail_lost(run);
        return;
    }
    conn->state = TN_CONN_BUSY;
    conn->cluster->ops->start(run);
}

static bool is_running(const struct tn_run *run)
{
    return run->conn != NULL && run->ended_us == 0;
}

static void note_delivered(struct tn_run *run, size_t len)
{
    if (run->uncredited < TN_RUN_WINDOW) {
        run->uncredited_lens[run->uncredited] = len;
        run->uncredited_bytes += len;
    }
    run->uncredited++;
}

static void note_credited(struct tn_run *run)
{
    size_t *lens = run->uncredited_lens;

    run->uncredited_bytes -= lens[0];
    memmove(lens, lens + 1, (TN_RUN_WINDOW - 1) * sizeof *lens);
    lens[TN_RUN_WINDOW - 1] = 0;
    run->uncredited--;
}

void tn_run_credit(struct tn_run *run)
{
    if (!is_running(run) || run->uncredited == 0)
        return;
    note_credited(run);
    if (run->full_since_us != 0 && !tn_run_is_full(run)) {
        run->stalled_us += tn_clock_us() - run->full_since_us;
        run->full_since_us = 0;
    }
    run->conn->cluster->ops->credit(run);
}

void tn_run_cancel(struct tn_run *run)
{
    if (!is_running(run) || run->cancelled)
        return;
    run->cancelled = true;
    run->conn->cluster->ops->cancel(run);
}

void tn_run_columns(struct tn_run *run, const struct tn_schema *schema)
{
    run->events->columns(run, schema);
}

void tn_run_chunk(struct tn_run *run, struct tn_chunk *chunk)
{
    run->rows += chunk->rows;
    if (chunk->bytes.len == 0) {
        tn_chunk_free(chunk);
        return;
    }
    if (chunk->relay == NULL || chunk->relay->tells) {
        run->delivered = true;
        if (run->first_byte_us == 0)
            run->first_byte_us = tn_clock_us();
    }
    run->bytes += chunk->bytes.len;
    note_delivered(run, chunk->bytes.len);
    if (run->full_since_us == 0 && (chunk->relay != NULL || tn_run_is_full(run)))
        run->full_since_us = tn_clock_us();
    run->events->chunk(run, chunk);
}

void tn_run_done(struct tn_run *run)
{
    assert(run->conn->state != TN_CONN_BUSY);
    run->ended_us = tn_clock_us();
    run->conn->idle_since_us = run->ended_us;
    run->events->done(run); /* may free the run */
}
