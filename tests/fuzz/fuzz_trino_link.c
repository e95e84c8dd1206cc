/* fuzz_trino_link.c - a sealed link from a client's bytes: nothing but what was sealed with the key is opened, and that as it was. */
#include "trino/link.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tn_trino      trino = {.key = {7}};
    struct tn_trino_home trino_home = {.trino = &trino};
    struct tn_trino_link link = {.kind = TN_TRINO_LINK_SEGMENT}, opened = {.kind = TN_TRINO_LINK_SEGMENT};
    struct tn_str        text = tn_str_n((const char *)data, size);
    struct tn_arena      arena;
    struct tn_buf        sealed;
    size_t               half = size / 2;

    tn_arena_init(&arena, 1 << 20);
    if (tn_trino_link_arm(&trino_home, NULL) != TN_OK)
        abort();
    if (tn_trino_link_open(text, &trino_home, &opened, &arena))
        abort();
    tn_buf_init(&sealed, TN_TRINO_LINK_MAX);
    link.cluster = TN_STR("c");
    link.path = text;
    if (tn_trino_link_seal(&sealed, &trino_home, &link) &&
        (!tn_trino_link_open(tn_buf_str(&sealed), &trino_home, &opened, &arena) || !tn_str_eq(opened.path, text)))
        abort();
    tn_buf_clear(&sealed);
    link.user = tn_str_n(text.ptr, half); /* each as it was, or none */
    link.path = tn_str_n(text.ptr + half, size - half);
    if (tn_trino_link_seal(&sealed, &trino_home, &link) &&
        (!tn_trino_link_open(tn_buf_str(&sealed), &trino_home, &opened, &arena) || !tn_str_eq(opened.user, link.user) || !tn_str_eq(opened.path, link.path)))
        abort();
    tn_buf_reset(&sealed);
    tn_arena_reset(&arena);
    tn_trino_link_disarm(&trino_home);
    return 0;
}
