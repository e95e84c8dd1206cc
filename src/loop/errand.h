/* errand.h - something to do on another worker, and the way back. A node inside an object of the sender's: sending never
 * allocates and never fails, so there are never more errands than such objects. No lock.
 *
 *   home: tn_errand_send()  ->  there: go()  ...now or later, there: tn_errand_return()  ->  home: back()
 *
 * Between go() and tn_errand_return() the object belongs to the worker there, at all other times to home's; only `back` may
 * end it. A home that is not interested any more marks the object in a member that only home reads. */
#ifndef TN_LOOP_ERRAND_H
#define TN_LOOP_ERRAND_H

#include "loop/worker.h"

struct tn_errand {
    struct tn_message message; /* private */
    struct tn_worker *home, *there;
    void (*go)(struct tn_errand *errand);   /* on the thread of `there`; must see to it that the errand returns, once */
    void (*back)(struct tn_errand *errand); /* on the thread of `home` */
};

/* go and back are set. HOME's own thread. Where THERE is HOME, go() runs before this returns, and maybe back() too. */
void tn_errand_send(struct tn_errand *errand, struct tn_worker *home, struct tn_worker *there);
/* On the thread of errand->there; ERRAND must not be touched after it. */
void tn_errand_return(struct tn_errand *errand);

#endif
