/* banned.h - calls that lose a length or a thread. Included by base/str.h, so every module has it. */
#ifndef TN_BASE_BANNED_H
#define TN_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Where the C library checks calls, clang has these two as macros, which cannot be poisoned. */
#undef sprintf
#undef vsprintf
#pragma GCC poison strcpy strcat sprintf vsprintf strtok gmtime localtime atoi atol

#endif
