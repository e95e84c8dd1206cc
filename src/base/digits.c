#include "base/digits.h"

#include <math.h>

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
