/* awake.h - how long a cluster that suspends by itself (price autoSuspend) will stay awake, and until when it is paid for, as far as our
 * runs go. What a run adds to the latter is what it costs more: all of these together are what the cluster is billed.
 *
 *   begin, asleep: paid until now + LEAST_US (a start's charge)    end: awake and paid until END + IDLE_US, if that is later
 *
 * Any thread, no lock; with several starts in the same microseconds one of them counts. Others who use the cluster past us are not
 * seen. A cluster that a reload has made anew shares it with the one before, whose runs may go on. */
#ifndef TN_ENGINE_AWAKE_H
#define TN_ENGINE_AWAKE_H

#include "base/compiler.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Monotonic times. */
struct tn_awake {
    _Atomic uint64_t awake_until_us, paid_until_us; /* the former is earlier where the least charge is longer than the idle time */
    _Atomic unsigned runs;                          /* begun and not ended: it does not suspend meanwhile */
    _Atomic bool     starting;                      /* since a run woke it up none has ended */
    _Atomic unsigned refs;
};

struct tn_awake *tn_awake_new(void); /* asleep; NULL: no memory. The caller owns one reference */
struct tn_awake *tn_awake_ref(struct tn_awake *awake);
void             tn_awake_unref(struct tn_awake *awake); /* NULL is fine */

/* A run begins at NOW_US; it ends once. How it found the cluster; only who finds it asleep is charged a start, but those who come
 * while it is starting wait for it, too. */
enum tn_found { TN_FOUND_ASLEEP, TN_FOUND_STARTING, TN_FOUND_AWAKE };
enum tn_found tn_awake_begin(struct tn_awake *awake, uint64_t now_us, uint64_t least_us, uint64_t idle_us);
/* A run that began at STARTED_US ends at ENDED_US: until when the cluster was paid for without it, in seconds from STARTED_US; negative
 * where that had passed already and others that were under way kept it awake. */
double tn_awake_end(struct tn_awake *awake, uint64_t started_us, uint64_t ended_us, uint64_t idle_us);
/* Seconds until it suspends if nothing comes, and what runs ends now; 0 = it is asleep. */
double tn_awake_left_s(const struct tn_awake *awake, uint64_t now_us, uint64_t idle_us);
bool   tn_awake_is_starting(const struct tn_awake *awake);

#endif
