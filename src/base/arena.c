#include "base/arena.h"

#include "base/alloc.h"

#include <stdalign.h>
#include <stdint.h>

enum { BLOCK_SIZE = 4096 - 32, ALIGN = 16 };

struct tn_arena_block {
    struct tn_arena_block *next;
    size_t                 used;
    size_t                 size;
    alignas(ALIGN) char data[];
};

void tn_arena_init(struct tn_arena *arena, size_t max)
{
    *arena = (struct tn_arena){.max = max};
}

void tn_arena_reset(struct tn_arena *arena)
{
    struct tn_arena_block *block = arena->head;

    while (block != NULL) {
        struct tn_arena_block *next = block->next;

        tn_free(block);
        block = next;
    }
    tn_arena_init(arena, arena->max);
}

static struct tn_arena_block *add_block(struct tn_arena *arena, size_t size)
{
    size_t                 want = TN_MAX(size, (size_t)BLOCK_SIZE);
    struct tn_arena_block *block;

    if (arena->max != 0 && (want > arena->max || arena->total > arena->max - want))
        return NULL;
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
