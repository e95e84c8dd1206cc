/* alloc.h - the allocator shim: malloc with a way to make the n-th call fail, for tests. */
#ifndef TN_BASE_ALLOC_H
#define TN_BASE_ALLOC_H

#include "base/compiler.h"

#include <stddef.h>
#include <stdint.h>

TN_MUST_USE void *tn_malloc(size_t size);
TN_MUST_USE void *tn_calloc(size_t count, size_t size); /* zeroed; NULL on overflow */
TN_MUST_USE void *tn_realloc(void *ptr, size_t size);
TN_MUST_USE char *tn_strdup(const char *text);          /* NULL stays NULL */
TN_MUST_USE char *tn_strndup(const char *text, size_t len);
void tn_free(void *ptr);

/* For a server of many threads; once, before they start. What one thread makes and another frees (records of history)
 * would make glibc give pages back and take them again, a system call each time. */
void tn_alloc_set_up(void);
/* For a thread of many small objects that come and go: its heap grows in one step, not by a page each time, which is a system call. */
void tn_alloc_set_up_thread(void);

/* The N-th allocation of this thread from now on fails, and every later one too, until tn_alloc_fail_never().
 * Returns nothing; tn_alloc_failed() tells how many were refused. */
void   tn_alloc_fail_after(size_t n);
void   tn_alloc_fail_never(void);
size_t tn_alloc_failed(void);
uint64_t tn_alloc_refused(void); /* times that any thread got no memory, since start */

#endif
