/* digits.h - numbers as text where printf() would be too dear: one %.1f takes as long as a routing decision. No NUL is written; each
 * returns the place after its last digit. */
#ifndef TN_BASE_DIGITS_H
#define TN_BASE_DIGITS_H

#include <stdint.h>

enum { TN_DIGITS_SIZE = 24 }; /* bytes that any writes at most */

char *tn_digits_put(char *at, uint64_t number);
/* As %.1f would. X is held within 0 and 1e15; what is no number is 0. */
char *tn_digits_put_tenths(char *at, double x);
/* As %016x would: always 16 digits. */
char *tn_digits_put_hex(char *at, uint64_t number);

#endif
