#include "loop/turns.h"

#include "base/compiler.h"

enum { PER_TURN = 3 };

static void start_next(struct tn_turns *turns)
{
    if (ev_is_active(&turns->next))
        return;
    ev_timer_set(&turns->next, 0., 0.);
    ev_timer_start(turns->loop, &turns->next);
}

bool tn_turns_wait(struct tn_turns *turns, struct tn_turn *turn)
{
    if (turns->turn != ev_iteration(turns->loop)) {
        turns->turn = ev_iteration(turns->loop);
        turns->done = 0;
    }
    if (turns->done < PER_TURN) {
        turns->done++;
        return false;
    }
    if (!turn->waiting)
        tn_list_append(&turns->waiting, &turn->node);
    turn->waiting = true;
    start_next(turns);
    return true;
}

void tn_turn_leave(struct tn_turn *turn)
{
    if (turn->waiting)
        tn_list_remove(&turn->node);
    turn->waiting = false;
}

/* Its share is its own, so that those who come do not keep out those who wait. */
static void on_next(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_turns *turns = timer->data;

    (void)revents;
    turns->turn = ev_iteration(loop);
    turns->done = 0;
    for (unsigned i = 0; i < PER_TURN && !tn_list_empty(&turns->waiting); i++) {
        struct tn_turn *turn = TN_CONTAINER_OF(tn_list_first(&turns->waiting), struct tn_turn, node);

        tn_turn_leave(turn);
        turn->go(turn);
    }
    if (!tn_list_empty(&turns->waiting))
        start_next(turns);
}

void tn_turns_init(struct tn_turns *turns, struct ev_loop *loop)
{
    turns->loop = loop;
    turns->turn = turns->done = 0;
    tn_list_init(&turns->waiting);
    ev_timer_init(&turns->next, on_next, 0., 0.);
    turns->next.data = turns;
}
