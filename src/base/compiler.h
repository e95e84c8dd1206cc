/* compiler.h - the few attributes and macros that the whole tree uses. */
#ifndef TN_BASE_COMPILER_H
#define TN_BASE_COMPILER_H

#include <stddef.h>

#define TN_MUST_USE __attribute__((warn_unused_result))
#define TN_PRINTF(fmt_arg, first_arg) __attribute__((format(printf, fmt_arg, first_arg)))
#define TN_UNUSED __attribute__((unused))
#define TN_LIKELY(x) __builtin_expect(!!(x), 1)
#define TN_UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Runs FN(&variable) when the variable leaves its scope. Hand over with an explicit `= NULL`. */
#define TN_CLEANUP(fn) __attribute__((cleanup(fn)))

#define TN_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define TN_CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr) - offsetof(type, member)))
#define TN_MIN(a, b) ((a) < (b) ? (a) : (b))
#define TN_MAX(a, b) ((a) > (b) ? (a) : (b))

#endif
