/* clock.h - time in microseconds. Durations and deadlines use the monotonic clock, records the wall clock. */
#ifndef TN_BASE_CLOCK_H
#define TN_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

uint64_t tn_clock_us(void);      /* monotonic; never 0 */
uint64_t tn_clock_wall_us(void); /* since 1970-01-01 UTC */
uint64_t tn_clock_wall_s(void);  /* the same in seconds: a fifth of the price, and up to a few ms late */

/* "2026-11-26T01:02:03.123456Z" with its NUL: 28 bytes. */
enum { TN_CLOCK_TEXT = 28 };
void tn_clock_format(uint64_t wall_us, char out[TN_CLOCK_TEXT]);

/* Tests only: shifts what the two clocks tell. The monotonic one never goes back. */
void tn_clock_shift_us(int64_t monotonic_us, int64_t wall_us);

#endif
