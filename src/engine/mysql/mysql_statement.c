#include "engine/mysql/mysql_statement.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "engine/marks.h"

void tn_mysql_statements_init(struct tn_mysql_statements *all)
{
    *all = (struct tn_mysql_statements){.count = 0};
    tn_list_init(&all->list);
}

static struct tn_mysql_statement **bucket_of(struct tn_mysql_statements *all, uint64_t hash)
{
    return &all->buckets[hash % TN_MYSQL_STATEMENT_BUCKETS];
}

static void close_statement(struct tn_mysql_wire *wire, uint32_t id)
{
    size_t begun = tn_mysql_wire_command(wire, TN_MY_COM_STMT_CLOSE);

    tn_my_put_u32(&wire->out, id);
    (void)tn_mysql_wire_end(wire, begun); /* without memory it stays open until the connection ends */
}

void tn_mysql_statement_drop(struct tn_mysql_statements *all, struct tn_mysql_statement *statement, struct tn_mysql_wire *wire)
{
    struct tn_mysql_statement **at = bucket_of(all, statement->hash);

    if (!statement->once) {
        while (*at != statement)
            at = &(*at)->next;
        *at = statement->next;
        tn_list_remove(&statement->node);
        all->count--;
    }
    if (statement->ready && wire != NULL)
        close_statement(wire, statement->id);
    tn_free(statement->order);
    tn_free(statement->types);
    tn_free(statement->columns);
    tn_free(statement);
}

void tn_mysql_statements_reset(struct tn_mysql_statements *all)
{
    TN_LIST_FOR_EACH_SAFE(node, &all->list)
        tn_mysql_statement_drop(all, TN_CONTAINER_OF(node, struct tn_mysql_statement, node), NULL);
}

struct tn_mysql_statement *tn_mysql_statement_find(struct tn_mysql_statements *all, struct tn_str text)
{
    uint64_t hash;

    if (text.len > TN_MYSQL_STATEMENT_TEXT)
        return NULL;
    hash = tn_hash(text.ptr, text.len);
    for (struct tn_mysql_statement *s = *bucket_of(all, hash); s != NULL; s = s->next) {
        if (s->hash != hash || s->len != text.len || memcmp(s->text, text.ptr, text.len) != 0)
            continue;
        tn_list_remove(&s->node);
        tn_list_prepend(&all->list, &s->node);
        return s;
    }
    return NULL;
}

struct tn_mysql_statement *tn_mysql_statement_add(struct tn_mysql_statements *all, struct tn_str text, struct tn_mysql_wire *wire)
{
    bool                       once = text.len > TN_MYSQL_STATEMENT_TEXT;
    struct tn_mysql_statement *s = tn_calloc(1, sizeof *s + (once ? 0 : text.len)), **bucket;

    if (s == NULL)
        return NULL;
    s->once = once;
    if (once)
        return s;
    if (all->count >= TN_MYSQL_STATEMENTS)
        tn_mysql_statement_drop(all, TN_CONTAINER_OF(all->list.prev, struct tn_mysql_statement, node), wire);
    s->text = (char *)(s + 1);
    s->len = text.len;
    memcpy(s->text, text.ptr, text.len);
    s->hash = tn_hash(text.ptr, text.len);
    bucket = bucket_of(all, s->hash);
    s->next = *bucket;
    *bucket = s;
    tn_list_prepend(&all->list, &s->node);
    all->count++;
    return s;
}

enum tn_status tn_mysql_marks(struct tn_buf *out, struct tn_str sql, bool backslash, uint16_t *order, size_t capacity, size_t *count,
                              struct tn_error *err)
{
    /* the two dialects agree on the rest that matters here */
    struct tn_marks_rules rules = {.dialect = backslash ? TN_DIALECT_MYSQL : TN_DIALECT_SQLITE, .max = TN_MYSQL_MARKS_MAX};

    return tn_marks_put(out, sql, rules, order, capacity, count, err);
}
