#include "base/arena.h"

#include "base/alloc.h"
#include "base/spares.h"

#include <stdalign.h>
#include <stdint.h>

enum { BLOCK_SIZE = 4096 - 32, ALIGN = 16, SPARES = 32 };

struct tn_arena_block {
    struct tn_arena_block *next;
    size_t                 used;
    size_t                 size;
    alignas(ALIGN) char data[];
};

/* Each thread's own: blocks of the usual size. */
static _Thread_local struct tn_spares spares;
static _Thread_local bool             keeps;

void tn_arena_keep_blocks(bool keep)
{
    keeps = keep;
    if (!keep)
        tn_spares_free(&spares);
}

static void free_block(struct tn_arena_block *block)
{
    if (keeps && block->size == BLOCK_SIZE)
        tn_spares_give(&spares, block, SPARES);
    else
        tn_free(block);
}

void tn_arena_init(struct tn_arena *arena, size_t max)
{
    *arena = (struct tn_arena){.max = max};
}

void tn_arena_reset(struct tn_arena *arena)
{
    struct tn_arena_block *block = arena->head;

    while (block != NULL) {
        struct tn_arena_block *next = block->next;

        free_block(block);
        block = next;
    }
    tn_arena_init(arena, arena->max);
}

static struct tn_arena_block *add_block(struct tn_arena *arena, size_t size)
{
    size_t                 want = TN_MAX(size, (size_t)BLOCK_SIZE);
    struct tn_arena_block *block = NULL;

    if (arena->max != 0 && (want > arena->max || arena->total > arena->max - want))
        return NULL;
    if (want == BLOCK_SIZE)
        block = tn_spares_take(&spares);
    if (block == NULL)
        block = tn_malloc(sizeof *block + want);
    if (block == NULL)
        return NULL;
    block->used = 0;
    block->size = want;
    arena->total += want;
    if (arena->head != NULL && size > BLOCK_SIZE / 4) { /* keep filling the present block */
        block->next = arena->head->next;
        arena->head->next = block;
    } else {
        block->next = arena->head;
        arena->head = block;
    }
    return block;
}

void *tn_arena_alloc(struct tn_arena *arena, size_t size)
{
    struct tn_arena_block *block = arena->head;
    void                  *ptr;

    if (size > SIZE_MAX - ALIGN)
        return NULL;
    size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if (block == NULL || block->size - block->used < size)
        block = add_block(arena, size);
    if (block == NULL)
        return NULL;
    ptr = block->data + block->used;
    block->used += size;
    return ptr;
}

void *tn_arena_zalloc(struct tn_arena *arena, size_t size)
{
    void *ptr = tn_arena_alloc(arena, size);

    return ptr == NULL ? NULL : memset(ptr, 0, size);
}

char *tn_arena_strdup(struct tn_arena *arena, struct tn_str text)
{
    char *copy = tn_arena_alloc(arena, text.len + 1);

    if (copy == NULL)
        return NULL;
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return copy;
}

bool tn_arena_str(struct tn_arena *arena, struct tn_str text, struct tn_str *out)
{
    char *copy = tn_arena_strdup(arena, text);

    *out = tn_str_n(copy, copy == NULL ? 0 : text.len);
    return copy != NULL;
}
