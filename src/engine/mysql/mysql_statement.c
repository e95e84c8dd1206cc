#include "engine/mysql/mysql_statement.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "stats/lexer.h"

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

/* ---- marks ---- */

static enum tn_status add_mark(uint16_t *order, size_t capacity, size_t *count, uint64_t number, struct tn_error *err)
{
    if (number == 0 || number > TN_MYSQL_MARKS_MAX)
        return tn_fail(err, TN_E_INVALID, "42P02", "there is no parameter $%llu", (unsigned long long)number);
    if (*count >= TN_MYSQL_MARKS_MAX)
        return tn_fail(err, TN_E_LIMIT, "54000", "more than %d parameters in a statement", TN_MYSQL_MARKS_MAX);
    if (*count < capacity)
        order[*count] = (uint16_t)(number - 1);
    (*count)++;
    return TN_OK;
}

/* Digits behind the $ at AT. */
static size_t dollar_digits(struct tn_str sql, size_t at, uint64_t *number)
{
    size_t end = at + 1;

    *number = 0;
    while (end < sql.len && sql.ptr[end] >= '0' && sql.ptr[end] <= '9') {
        *number = TN_MIN(*number * 10 + (uint64_t)(sql.ptr[end] - '0'), (uint64_t)UINT32_MAX);
        end++;
    }
    return end - at - 1;
}

enum tn_status tn_mysql_marks(struct tn_buf *out, struct tn_str sql, bool backslash, uint16_t *order, size_t capacity, size_t *count,
                              struct tn_error *err)
{
    struct tn_lexer lexer;
    struct tn_token token;
    size_t          copied = 0;
    uint64_t        number;

    *count = 0;
    tn_lexer_init(&lexer, sql, backslash ? TN_DIALECT_MYSQL : TN_DIALECT_SQLITE); /* they agree on the rest that matters here */
    while (tn_lexer_next(&lexer, &token)) {
        size_t at = (size_t)(token.text.ptr - sql.ptr), len = 0;

        if (token.kind == TN_TOKEN_STRING || token.kind == TN_TOKEN_IDENT || token.text.len == 0 || at < copied)
            continue;
        if (token.text.ptr[0] == '?' && token.kind == TN_TOKEN_PARAM) {
            TN_TRY(add_mark(order, capacity, count, *count + 1, err));
        } else if (token.text.ptr[0] == '$' && (len = dollar_digits(sql, at, &number)) > 0) {
            TN_TRY(add_mark(order, capacity, count, number, err));
            tn_buf_append(out, sql.ptr + copied, at - copied);
            tn_buf_put_u8(out, '?');
            copied = at + 1 + len;
        }
    }
    tn_buf_append(out, sql.ptr + copied, sql.len - copied);
    return TN_OK;
}
