#include "engine/postgres/postgres_statement.h"

#include "base/alloc.h"
#include "base/hash.h"

void tn_postgres_statements_init(struct tn_postgres_statements *all)
{
    *all = (struct tn_postgres_statements){.count = 0};
    tn_list_init(&all->list);
}

static struct tn_postgres_statement **bucket_of(struct tn_postgres_statements *all, uint64_t hash)
{
    return &all->buckets[hash % TN_POSTGRES_STATEMENT_BUCKETS];
}

void tn_postgres_statement_drop(struct tn_postgres_statements *all, struct tn_postgres_statement *statement,
                                struct tn_buf *going)
{
    struct tn_postgres_statement **at = bucket_of(all, statement->hash);

    while (*at != statement)
        at = &(*at)->next;
    *at = statement->next;
    tn_list_remove(&statement->node);
    all->count--;
    if (statement->ready && going != NULL)
        tn_buf_printf(going, "DEALLOCATE %s;", statement->name);
    tn_free(statement);
}

void tn_postgres_statements_reset(struct tn_postgres_statements *all)
{
    TN_LIST_FOR_EACH_SAFE(node, &all->list)
        tn_postgres_statement_drop(all, TN_CONTAINER_OF(node, struct tn_postgres_statement, node), NULL);
}

static uint64_t hash_of(struct tn_str text, const uint32_t *oids, size_t oid_count)
{
    return tn_hash_seeded(text.ptr, text.len, oid_count == 0 ? 0 : tn_hash(oids, oid_count * sizeof *oids));
}

static bool is_for(const struct tn_postgres_statement *s, struct tn_str text, const uint32_t *oids, size_t oid_count)
{
    return s->len == text.len && s->oid_count == oid_count && memcmp(s->text, text.ptr, text.len) == 0 &&
           (oid_count == 0 || memcmp(s->oids, oids, oid_count * sizeof *oids) == 0);
}

struct tn_postgres_statement *tn_postgres_statement_find(struct tn_postgres_statements *all, struct tn_str text,
                                                         const uint32_t *oids, size_t oid_count)
{
    uint64_t hash;

    if (text.len > TN_POSTGRES_STATEMENT_TEXT)
        return NULL;
    hash = hash_of(text, oids, oid_count);
    for (struct tn_postgres_statement *s = *bucket_of(all, hash); s != NULL; s = s->next) {
        if (s->hash != hash || !is_for(s, text, oids, oid_count))
            continue;
        tn_list_remove(&s->node);
        tn_list_prepend(&all->list, &s->node);
        return s;
    }
    return NULL;
}

static void make_room(struct tn_postgres_statements *all, struct tn_buf *going)
{
    for (int i = 0; i < TN_POSTGRES_STATEMENTS_GO && !tn_list_empty(&all->list); i++)
        tn_postgres_statement_drop(all, TN_CONTAINER_OF(all->list.prev, struct tn_postgres_statement, node), going);
}

struct tn_postgres_statement *tn_postgres_statement_add(struct tn_postgres_statements *all, struct tn_str text,
                                                        const uint32_t *oids, size_t oid_count, struct tn_buf *going)
{
    size_t                        oid_bytes = oid_count * sizeof *oids;
    struct tn_postgres_statement *s, **bucket;

    if (text.len > TN_POSTGRES_STATEMENT_TEXT || (all->count >= TN_POSTGRES_STATEMENTS && going == NULL))
        return NULL;
    s = tn_calloc(1, sizeof *s + oid_bytes + text.len + 1); /* oid_count <= 65535 */
    if (s == NULL)
        return NULL;
    if (all->count >= TN_POSTGRES_STATEMENTS)
        make_room(all, going);
    s->oids = (uint32_t *)(void *)(s + 1);
    s->oid_count = oid_count;
    s->text = (char *)(s + 1) + oid_bytes;
    s->len = text.len;
    if (oid_count > 0)
        memcpy(s->oids, oids, oid_bytes);
    memcpy(s->text, text.ptr, text.len);
    s->hash = hash_of(text, oids, oid_count);
    snprintf(s->name, sizeof s->name, "tn_%llu", (unsigned long long)++all->last_number);
    bucket = bucket_of(all, s->hash);
    s->next = *bucket;
    *bucket = s;
    tn_list_prepend(&all->list, &s->node);
    all->count++;
    return s;
}
