/* A users file, and a verifier: what is taken can be written again and means the same. */
#include "auth/users_file.h"
#include "auth/users_read.h"

#include "config/yaml_reader.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_verifier(struct tn_str text)
{
    struct tn_verifier verifier, again;
    char               out[TN_VERIFIER_TEXT];

    if (!tn_verifier_parse(text, &verifier))
        return;
    tn_verifier_format(&verifier, out);
    if (!tn_verifier_parse(tn_str(out), &again) || again.iterations != verifier.iterations || again.salt_len != verifier.salt_len ||
        memcmp(again.stored_key, verifier.stored_key, TN_SCRAM_KEY) != 0)
        abort();
}

static void read_users(struct tn_str text)
{
    static const struct tn_cfg_list none;
    struct tn_arena                 arena;
    struct tn_problems              problems;
    struct tn_node                 *root;
    struct tn_users_reader          reader = {.arena = &arena, .problems = &problems, .folder = TN_STR("/nonexistent"), .admin_roles = &none,
                                              .admin_groups = &none};

    tn_arena_init(&arena, 64 << 20);
    tn_problems_init(&problems, "users");
    if (tn_yaml_read(&root, text, &arena, &problems) == TN_OK) {
        const struct tn_node *map = tn_node_get(root, "users");

        for (size_t i = 0; map != NULL && map->kind == TN_NODE_MAP && i < map->count; i++) {
            struct tn_user *user = tn_users_read_one(&reader, map, i, "users");

            if (user != NULL)
                tn_identity_unref(tn_user_identity(user, TN_PROOF_NONE));
        }
    }
    tn_users_wipe(root);
    tn_problems_reset(&problems);
    tn_arena_reset(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tn_str text = {(const char *)data, size};

    check_verifier(text);
    read_users(text);
    return 0;
}
