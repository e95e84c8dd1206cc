#include "base/digits.h"

#include <endian.h>
#include <math.h>
#include <string.h>

static const double MOST = 1e15; /* its tenths are still whole numbers that a double can hold */

char *tn_digits_put(char *at, uint64_t number)
{
    char     digits[TN_DIGITS_SIZE];
    unsigned count = 0;

    do
        digits[count++] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    while (count > 0)
        *at++ = digits[--count];
    return at;
}

/* The product and what rounding took from it are exact together; a tie goes to the even one. */
char *tn_digits_put_tenths(char *at, double x)
{
    double   product, lost, rest;
    uint64_t whole;

    x = x > 0 ? fmin(x, MOST) : 0;
    product = x * 10;
    lost = fma(x, 10, -product);
    whole = (uint64_t)product;
    rest = product - (double)whole;
    whole += rest > .5 || (rest == .5 && (lost > 0 || (lost == 0 && (whole & 1) != 0)));
    at = tn_digits_put(at, whole / 10);
    *at++ = '.';
    return tn_digits_put(at, whole % 10);
}

/* Eight digits at once, each in a byte of its own, the first in the lowest. */
static uint64_t hex_of(uint32_t number)
{
    uint64_t x = __builtin_bswap32(number), letters;

    x = (x | x << 16) & UINT64_C(0x0000ffff0000ffff);
    x = (x | x << 8) & UINT64_C(0x00ff00ff00ff00ff);
    x = (x >> 4 | x << 8) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    letters = (x + UINT64_C(0x0606060606060606)) >> 4 & UINT64_C(0x0101010101010101);
    return x + UINT64_C(0x3030303030303030) + letters * ('a' - '0' - 10);
}

char *tn_digits_put_hex(char *at, uint64_t number)
{
    uint64_t halves[2] = {htole64(hex_of((uint32_t)(number >> 32))), htole64(hex_of((uint32_t)number))};

    memcpy(at, halves, sizeof halves);
    return at + sizeof halves;
}
