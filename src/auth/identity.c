#include "auth/identity.h"

#include "base/alloc.h"

static const char *const names[] = {
#define PROOF(name, text) text,
#include "auth/proofs.def"
#undef PROOF
};

/* One block: the struct, its arrays, then all texts. */
struct layout {
    char *text; /* where the next one goes */
};

static struct tn_str put(struct layout *at, struct tn_str text)
{
    char *copy = at->text;

    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    at->text += text.len + 1;
    return tn_str_n(copy, text.len);
}

static size_t size_of_list(const struct tn_str *items, size_t count)
{
    size_t size = count * sizeof *items;

    for (size_t i = 0; i < count; i++)
        size += items[i].len + 1;
    return size;
}

static size_t size_of(const struct tn_identity_parts *parts)
{
    size_t size = sizeof(struct tn_identity) + parts->user.len + 1;

    size += size_of_list(parts->groups, parts->group_count) + size_of_list(parts->roles, parts->role_count);
    for (size_t i = 0; i < parts->attribute_count; i++)
        size += sizeof *parts->attributes + parts->attributes[i].key.len + parts->attributes[i].value.len + 2;
    return size;
}

static void fill(struct tn_identity *identity, const struct tn_identity_parts *parts)
{
    struct tn_str                *groups = (struct tn_str *)(void *)(identity + 1), *roles = groups + parts->group_count;
    struct tn_identity_attribute *attributes = (struct tn_identity_attribute *)(void *)(roles + parts->role_count);
    struct layout                 at = {(char *)(attributes + parts->attribute_count)};

    identity->user = put(&at, parts->user);
    for (size_t i = 0; i < parts->group_count; i++)
        groups[i] = put(&at, parts->groups[i]);
    for (size_t i = 0; i < parts->role_count; i++)
        roles[i] = put(&at, parts->roles[i]);
    for (size_t i = 0; i < parts->attribute_count; i++) {
        attributes[i].key = put(&at, parts->attributes[i].key);
        attributes[i].value = put(&at, parts->attributes[i].value);
    }
    identity->groups = groups;
    identity->roles = roles;
    identity->attributes = attributes;
}

struct tn_identity *tn_identity_new(const struct tn_identity_parts *parts)
{
    struct tn_identity *identity = tn_malloc(size_of(parts));

    if (identity == NULL)
        return NULL;
    *identity = (struct tn_identity){.proof = parts->proof,
                                     .admin = parts->admin,
                                     .group_count = parts->group_count,
                                     .role_count = parts->role_count,
                                     .attribute_count = parts->attribute_count};
    atomic_init(&identity->refs, 1);
    fill(identity, parts);
    return identity;
}

struct tn_identity_parts tn_identity_parts_of(const struct tn_identity *identity)
{
    return (struct tn_identity_parts){.user = identity->user, .proof = identity->proof, .admin = identity->admin,
                                      .group_count = identity->group_count, .groups = identity->groups,
                                      .role_count = identity->role_count, .roles = identity->roles,
                                      .attribute_count = identity->attribute_count, .attributes = identity->attributes};
}

struct tn_identity *tn_identity_ref(const struct tn_identity *identity)
{
    struct tn_identity *counted = (struct tn_identity *)(uintptr_t)identity; /* only its counter changes */

    atomic_fetch_add_explicit(&counted->refs, 1, memory_order_relaxed);
    return counted;
}

void tn_identity_unref(struct tn_identity *identity)
{
    if (identity != NULL && atomic_fetch_sub_explicit(&identity->refs, 1, memory_order_acq_rel) == 1)
        tn_free(identity);
}

const char *tn_proof_name(enum tn_proof proof)
{
    return names[proof];
}
