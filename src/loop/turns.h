/* turns.h - work that keeps a loop for some tenths of a millisecond (handshakes of TLS): a few pieces of it in one turn of the loop, the
 * others wait in line, first come, first served, while everything else is seen to. One line a worker, whosever work it is. */
#ifndef TN_LOOP_TURNS_H
#define TN_LOOP_TURNS_H

#include "base/list.h"

#include <ev.h>
#include <stdbool.h>

struct tn_turns {
    struct ev_loop *loop;
    struct tn_list  waiting;    /* struct tn_turn.node */
    ev_timer        next;       /* the next of them */
    unsigned        turn, done; /* of the loop; pieces in it */
};

/* Inside an object of the waiter's. */
struct tn_turn {
    struct tn_list node;
    bool           waiting;
    void (*go)(struct tn_turn *turn); /* its turn has come; it asks again for the next piece */
};

void tn_turns_init(struct tn_turns *turns, struct ev_loop *loop);
/* Before a piece of work. False: now. True: not in this turn, `go` is called in another; until then the waiter lets it be. */
bool tn_turns_wait(struct tn_turns *turns, struct tn_turn *turn);
void tn_turn_leave(struct tn_turn *turn); /* it waits no more; harmless when it does not wait */

#endif
