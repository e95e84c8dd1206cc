#include "base/alloc.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

static _Thread_local size_t fail_after = SIZE_MAX;
static _Thread_local size_t fail_count;
static _Atomic uint64_t     refused_total;

static int refuse(void)
{
    if (TN_LIKELY(fail_after == SIZE_MAX))
        return 0;
    if (fail_after > 0) {
        fail_after--;
        return 0;
    }
    fail_count++;
    return 1;
}

static void *counted(void *ptr)
{
    if (ptr == NULL)
        atomic_fetch_add_explicit(&refused_total, 1, memory_order_relaxed);
    return ptr;
}

/* Of jemalloc: there when the program was linked with it. What is set here is for glibc's allocator alone. */
extern int mallctl(const char *name, void *old, size_t *old_len, void *new, size_t new_len) __attribute__((weak));

void tn_alloc_set_up(void)
{
#ifdef __GLIBC__
    enum { KEPT = 8 * 1024 * 1024, LARGE = 1024 * 1024 };

    mallopt(M_TRIM_THRESHOLD, KEPT);  /* free at the end of a heap */
    mallopt(M_MMAP_THRESHOLD, LARGE); /* a chunk of rows is smaller; what is larger goes back at once */
#endif
}

void tn_alloc_set_up_thread(void)
{
    enum { PIECES = 7, PIECE = 1024 * 1024 - 4096 }; /* less than is taken from the system piece by piece */
    void *pieces[PIECES];

    if (mallctl != NULL)
        return;
    for (size_t i = 0; i < PIECES; i++)
        pieces[i] = malloc(PIECE); /* nobody touches it: it costs no memory yet */
    for (size_t i = 0; i < PIECES; i++)
        free(pieces[i]);
}

uint64_t tn_alloc_refused(void)
{
    return atomic_load_explicit(&refused_total, memory_order_relaxed);
}

void *tn_malloc(size_t size)
{
    return counted(refuse() ? NULL : malloc(size > 0 ? size : 1));
}

void *tn_calloc(size_t count, size_t size)
{
    return counted(refuse() ? NULL : calloc(count > 0 ? count : 1, size > 0 ? size : 1));
}

void *tn_realloc(void *ptr, size_t size)
{
    return counted(refuse() ? NULL : realloc(ptr, size > 0 ? size : 1));
}

char *tn_strndup(const char *text, size_t len)
{
    char *copy = tn_malloc(len + 1);

    if (copy == NULL)
        return NULL;
    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *tn_strdup(const char *text)
{
    return text == NULL ? NULL : tn_strndup(text, strlen(text));
}

void tn_free(void *ptr)
{
    free(ptr);
}

void tn_alloc_fail_after(size_t n)
{
    fail_after = n;
    fail_count = 0;
}

void tn_alloc_fail_never(void)
{
    fail_after = SIZE_MAX;
}

size_t tn_alloc_failed(void)
{
    return fail_count;
}
