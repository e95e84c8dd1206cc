/* quick.h - for fuzzers of whole connections, whose buffers are large: memory that one run gave back serves the next one, instead of
 * fresh pages of the kernel's, and what was not read into a buffer is poisoned, which is more than the buffer's end tells. */
#ifndef TN_TESTS_QUICK_H
#define TN_TESTS_QUICK_H

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define QUICK_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define QUICK_ASAN 1
#endif
#endif

#ifdef QUICK_ASAN
#include <sanitizer/asan_interface.h>

/* What ASAN_OPTIONS says goes before. 16 MB of freed memory is that of some hundred runs. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "quarantine_size_mb=16:thread_local_quarantine_size_kb=64:allocator_release_to_os_interval_ms=-1";
}
#else
#define ASAN_POISON_MEMORY_REGION(at, len) ((void)(at), (void)(len))
#define ASAN_UNPOISON_MEMORY_REGION(at, len) ((void)(at), (void)(len))
#endif

static inline void quick_give(void *at, size_t len)
{
    ASAN_UNPOISON_MEMORY_REGION(at, len);
}

static inline void quick_take(void *at, size_t len)
{
    ASAN_POISON_MEMORY_REGION(at, len);
}

#endif
