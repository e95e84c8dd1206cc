/* hand_engine.h - an engine that the session's test leads by the hand: statements with the word "hold" (and BEGIN, when asked)
 * wait for the test, those with "fail" fail, reads give two rows. No threads, no files. */
#ifndef TN_TESTS_HAND_ENGINE_H
#define TN_TESTS_HAND_ENGINE_H

#include "loop_engine.h"

struct hand_conn {
    struct tn_conn    base;
    struct tn_message message;
    struct tn_run    *run;
    bool              posted, dead, cancelled;
};

static struct {
    bool              hold_begin;
    unsigned          refuse_connects; /* so many more */
    unsigned          begins_fail;     /* so many more, for the engine's fault */
    struct hand_conn *held[8];
    unsigned          held_count, conns;
    unsigned          statements; /* started, BEGIN not counted */
    char              last[256];
} hand;

static inline void hand_free(struct hand_conn *c)
{
    struct tn_cluster *cluster = c->base.cluster;

    for (size_t i = 0; i < TN_ARRAY_LEN(hand.held); i++)
        hand.held[i] = hand.held[i] == c ? NULL : hand.held[i];
    hand.conns--;
    tn_free(c);
    tn_cluster_unref(cluster);
}

static inline void on_hand_message(struct tn_message *message, struct tn_worker *worker)
{
    struct hand_conn *c = TN_CONTAINER_OF(message, struct hand_conn, message);
    struct tn_error   err = TN_ERROR_INIT;

    (void)worker;
    c->posted = false;
    if (c->dead) {
        hand_free(c);
        return;
    }
    if (hand.refuse_connects == 0) {
        c->base.state = TN_CONN_IDLE;
        c->base.connected(&c->base, NULL, c->base.owner);
        return;
    }
    hand.refuse_connects--;
    c->base.state = TN_CONN_BROKEN;
    tn_fail(&err, TN_E_CONNECTION, "08001", "refused");
    tn_error_blame(&err, TN_FAULT_ENGINE, false);
    c->base.connected(&c->base, &err, c->base.owner);
}

static inline struct tn_conn *hand_connect(struct tn_cluster *cluster, struct tn_worker *worker,
                                    void (*connected)(struct tn_conn *, const struct tn_error *, void *), void *owner)
{
    struct hand_conn *c = tn_calloc(1, sizeof *c);

    if (c == NULL)
        return NULL;
    hand.conns++;
    tn_conn_init(&c->base, cluster, worker, connected, owner);
    c->message.run = on_hand_message;
    c->posted = true;
    tn_worker_post(worker, &c->message);
    return &c->base;
}

static inline void hand_disconnect(struct tn_conn *conn)
{
    struct hand_conn *c = TN_CONTAINER_OF(conn, struct hand_conn, base);

    c->dead = true;
    if (!c->posted)
        hand_free(c);
}

static inline bool hand_reset(struct tn_conn *conn)
{
    (void)conn;
    return true;
}

static inline void hand_end(struct hand_conn *c, enum tn_conn_state state)
{
    struct tn_run *run = c->run;

    c->run = NULL;
    c->base.state = state;
    tn_run_done(run);
}

static inline void hand_fail(struct hand_conn *c, const char *sqlstate, enum tn_fault fault)
{
    tn_fail(&c->run->error, TN_E_ENGINE, sqlstate, "failed by hand");
    tn_error_blame(&c->run->error, fault, true);
    hand_end(c, fault == TN_FAULT_ENGINE ? TN_CONN_BROKEN : TN_CONN_IDLE);
}

/* ROWS chunks of one row, as far as the window goes, and the end. */
static inline void hand_answer(struct hand_conn *c, unsigned chunks, bool end)
{
    struct tn_run *run = c->run;

    if (chunks > 0)
        tn_run_columns(run, &loop_schema);
    for (; chunks > 0 && c->run == run; chunks--) {
        struct tn_chunk *chunk = loop_chunk(1);

        if (chunk == NULL) {
            hand_fail(c, "53200", TN_FAULT_QUERY);
            return;
        }
        tn_run_chunk(run, chunk);
    }
    if (end && c->run == run)
        hand_end(c, TN_CONN_IDLE);
}

static inline bool has_word(struct tn_str sql, const char *word)
{
    return memmem(sql.ptr, sql.len, word, strlen(word)) != NULL;
}

static inline void hand_describe(struct hand_conn *c)
{
    static const uint32_t oids[4] = {25, 23, 0, 20};
    struct tn_run        *run = c->run;

    run->events->params(run, TN_MIN(run->features->param_count, 4u), oids);
    tn_run_columns(run, run->features->class == TN_CLASS_READ ? &loop_schema : NULL);
    hand_end(c, TN_CONN_IDLE);
}

static inline void hand_start(struct tn_run *run)
{
    struct hand_conn *c = TN_CONTAINER_OF(run->conn, struct hand_conn, base);
    bool              begin = tn_str_starts(run->sql, TN_STR("BEGIN"));

    c->run = run;
    c->cancelled = false;
    tn_str_copy(hand.last, sizeof hand.last, run->sql);
    hand.statements += !begin;
    if (begin && hand.begins_fail > 0) {
        hand.begins_fail--;
        hand_fail(c, "08006", TN_FAULT_ENGINE);
    } else if (run->kind == TN_RUN_DESCRIBE) {
        hand_describe(c);
    } else if ((begin && hand.hold_begin) || has_word(run->sql, "hold")) {
        hand.held[hand.held_count++ % TN_ARRAY_LEN(hand.held)] = c;
    } else if (has_word(run->sql, "fail")) {
        hand_fail(c, "42601", TN_FAULT_QUERY);
    } else {
        hand_answer(c, run->features->class == TN_CLASS_READ ? 2 : 0, true);
    }
}

static inline void hand_credit(struct tn_run *run)
{
    (void)run;
}

static inline void hand_cancel(struct tn_run *run)
{
    TN_CONTAINER_OF(run->conn, struct hand_conn, base)->cancelled = true;
}

static const struct tn_engine_ops hand_engine = {
    .name = "hand", .dialect = TN_DIALECT_POSTGRES, .default_max_running = 4, .open = loop_open, .close = loop_close,
    .connect = hand_connect, .disconnect = hand_disconnect, .reset = hand_reset, .start = hand_start, .credit = hand_credit,
    .cancel = hand_cancel, .can_run = loop_can_run,
};

#endif
