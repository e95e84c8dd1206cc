/* spares.h - objects of one size that come and go with each request: a few that were given back wait for the next one, of one
 * thread. Not where addresses are watched (AddressSanitizer): there each is new. */
#ifndef TN_BASE_SPARES_H
#define TN_BASE_SPARES_H

#include "base/alloc.h"

#include <stdbool.h>

struct tn_spares {
    void    *first; /* each begins with the address of the next */
    unsigned count;
};

/* One whose bytes are anything, NULL: there is none. */
void *tn_spares_take(struct tn_spares *spares);
/* OBJECT, of tn_malloc() and at least a pointer long, is kept, or freed where MOST wait already. */
void tn_spares_give(struct tn_spares *spares, void *object, unsigned most);
void tn_spares_free(struct tn_spares *spares);

#endif
