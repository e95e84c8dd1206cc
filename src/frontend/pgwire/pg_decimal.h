/* pg_decimal.h - the scaled integers of engines (value * 10^-scale) as numeric. SCALE is any int8_t. */
#ifndef TN_FRONTEND_PG_DECIMAL_H
#define TN_FRONTEND_PG_DECIMAL_H

#include <stdint.h>

__extension__ typedef __int128          tn_i128;
__extension__ typedef unsigned __int128 tn_u128;

/* Room for any value and scale. */
enum { TN_PG_DECIMAL_TEXT = 1 + 39 + 1 + 128 + 1, TN_PG_DECIMAL_BINARY = 8 + 2 * 48 };

/* Each writes at OUT and gives the end. */
char *tn_pg_put_decimal64(char *out, int64_t value, int scale);
char *tn_pg_put_decimal128(char *out, tn_i128 value, int scale);
char *tn_pg_put_decimal_binary(char *out, tn_i128 value, int scale);

#endif
