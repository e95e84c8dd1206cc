/* arena.h - memory that lives as long as one query and goes with it. Single owner, not thread-safe. */
#ifndef TN_BASE_ARENA_H
#define TN_BASE_ARENA_H

#include "base/compiler.h"
#include "base/str.h"

struct tn_arena_block;

struct tn_arena {
    struct tn_arena_block *head;
    size_t                 total; /* bytes taken from the allocator */
    size_t                 max;   /* 0 = no limit of its own */
};

void tn_arena_init(struct tn_arena *arena, size_t max);
void tn_arena_reset(struct tn_arena *arena); /* frees everything; usable again */

/* This thread keeps a few blocks that were freed for the next arena; false: no longer, before it ends. */
void tn_arena_keep_blocks(bool keep);

/* Aligned to 16 bytes; NULL when memory or the maximum is at its end. */
TN_MUST_USE void *tn_arena_alloc(struct tn_arena *arena, size_t size);
TN_MUST_USE void *tn_arena_zalloc(struct tn_arena *arena, size_t size);
TN_MUST_USE char *tn_arena_strdup(struct tn_arena *arena, struct tn_str text); /* NUL-terminated */
/* A copy with a NUL behind it; false when there is no memory. */
TN_MUST_USE bool tn_arena_str(struct tn_arena *arena, struct tn_str text, struct tn_str *out);

#endif
