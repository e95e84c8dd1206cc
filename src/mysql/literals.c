#include "mysql/literals.h"

#include "base/buf.h"
#include "frontend/pgwire/pg_types.h"
#include "mysql/plain.h"
#include "stats/lexer.h"

enum { LITERALS_MAX = 65535, TEXT_MAX = 1024 * 1024 * 1024 };

struct taking {
    struct tn_str    sql;
    struct tn_arena *arena;
    struct tn_buf    text;
    size_t           copied;
    struct tn_param *items;
    size_t           count, room;
    bool             marked; /* a ? of the client's own: nobody would know which is which */
};

static bool is_text(struct tn_str text)
{
    return tn_utf8_valid_prefix(text.ptr, text.len) == text.len && (text.len == 0 || memchr(text.ptr, '\0', text.len) == NULL);
}

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

/* Does anything in it look like bytes? Most statements do not, and are not read. */
static bool may_have(struct tn_str sql)
{
    if (!is_text(sql) || tn_str_has(sql, TN_STR("_binary")) || tn_str_has(sql, TN_STR("_BINARY")))
        return true;
    for (const char *at = sql.ptr, *end = sql.ptr + sql.len; (at = memchr(at, '\'', (size_t)(end - at))) != NULL; at++)
        if (at > sql.ptr && (at[-1] == 'x' || at[-1] == 'X'))
            return true;
    return false;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* x'00ff'; false: it is none, or no memory (ptr NULL). */
static bool from_hex(struct tn_str token, struct tn_arena *arena, struct tn_str *out)
{
    struct tn_str digits = token.len >= 3 ? tn_str_n(token.ptr + 2, token.len - 3) : TN_STR("x");
    char         *to;

    if (digits.len % 2 != 0)
        return false;
    to = tn_arena_alloc(arena, digits.len / 2 + 1);
    for (size_t i = 0; i < digits.len; i += 2) {
        int high = hex_digit(digits.ptr[i]), low = hex_digit(digits.ptr[i + 1]);

        if (high < 0 || low < 0)
            return false;
        if (to != NULL)
            to[i / 2] = (char)(high << 4 | low);
    }
    *out = tn_str_n(to, digits.len / 2);
    return true;
}

static bool grow(struct taking *t)
{
    size_t           room = t->room == 0 ? 16 : t->room * 2;
    struct tn_param *more = t->count < t->room ? t->items : tn_arena_zalloc(t->arena, room * sizeof *more);

    if (more == NULL || more == t->items)
        return more != NULL;
    if (t->count > 0)
        memcpy(more, t->items, t->count * sizeof *more);
    t->items = more;
    t->room = room;
    return true;
}

/* What stands from FROM to END is the value BYTES. */
static enum tn_status take(struct taking *t, size_t from, size_t end, struct tn_str bytes, struct tn_error *err)
{
    if (t->count == LITERALS_MAX)
        return tn_fail(err, TN_E_LIMIT, "54000", "more than %d literals of bytes in one statement", (int)LITERALS_MAX);
    if (bytes.ptr == NULL || !grow(t))
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a literal");
    t->items[t->count++] = (struct tn_param){.pg_oid = TN_PG_BYTEA, .value = {.type = TN_TYPE_BYTES, .as.text = bytes}};
    tn_buf_append(&t->text, t->sql.ptr + t->copied, from - t->copied);
    tn_buf_puts(&t->text, from > 0 && is_word(t->sql.ptr[from - 1]) ? " ?" : "?");
    t->copied = end;
    return TN_OK;
}

static enum tn_status read_token(struct taking *t, const struct tn_token *token, const struct tn_token *before, struct tn_error *err)
{
    size_t        from = (size_t)(token->text.ptr - t->sql.ptr), end = from + token->text.len;
    bool          introduced = before->kind == TN_TOKEN_WORD && tn_str_ieq_c(before->text, "_binary");
    char          first = token->text.ptr[0];
    struct tn_str bytes;

    if (token->kind != TN_TOKEN_STRING || token->unterminated)
        return TN_OK;
    if (introduced)
        from = (size_t)(before->text.ptr - t->sql.ptr);
    if (first == 'x' || first == 'X')
        return from_hex(token->text, t->arena, &bytes) ? take(t, from, end, bytes, err) : TN_OK;
    if ((first == '\'' || first == '"') && (introduced || !is_text(token->text)))
        return take(t, from, end, tn_my_unquote(token->text, t->arena), err);
    return TN_OK;
}

static enum tn_status read_all(struct taking *t, struct tn_error *err)
{
    struct tn_lexer lexer;
    struct tn_token token, before = {.kind = TN_TOKEN_END};

    tn_lexer_init(&lexer, t->sql, TN_DIALECT_MYSQL);
    for (; tn_lexer_next(&lexer, &token); before = token) {
        t->marked = t->marked || token.kind == TN_TOKEN_PARAM;
        TN_TRY(read_token(t, &token, &before, err));
    }
    return TN_OK;
}

/* The values as PostgreSQL writes them, for an engine that gets them so. */
static bool write_bytes(struct taking *t)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < t->count; i++) {
        struct tn_str bytes = t->items[i].value.as.text;
        char         *text = tn_arena_alloc(t->arena, 3 + 2 * bytes.len);

        if (text == NULL)
            return false;
        text[0] = '\\';
        text[1] = 'x';
        for (size_t at = 0; at < bytes.len; at++) {
            text[2 + 2 * at] = digits[(unsigned char)bytes.ptr[at] >> 4];
            text[3 + 2 * at] = digits[(unsigned char)bytes.ptr[at] & 15];
        }
        text[2 + 2 * bytes.len] = '\0';
        t->items[i].pg_bytes = tn_str_n(text, 2 + 2 * bytes.len);
    }
    return true;
}

enum tn_status tn_my_take_literals(struct tn_str sql, struct tn_arena *arena, struct tn_str *out, struct tn_params *literals, struct tn_error *err)
{
    struct taking  t = {.sql = sql, .arena = arena};
    enum tn_status status;

    *out = sql;
    *literals = (struct tn_params){.count = 0};
    if (!may_have(sql))
        return TN_OK;
    tn_buf_init(&t.text, TEXT_MAX);
    status = read_all(&t, err);
    tn_buf_append(&t.text, sql.ptr + t.copied, sql.len - t.copied);
    if (status == TN_OK && t.count > 0 && !t.marked) {
        if (t.text.failed || !tn_arena_str(arena, tn_buf_str(&t.text), out) || !write_bytes(&t))
            status = tn_fail(err, TN_E_NOMEM, "53200", "no memory for a statement");
        *literals = (struct tn_params){.count = t.count, .items = t.items};
    }
    if (status == TN_OK && !is_text(*out))
        status = tn_fail(err, TN_E_INVALID, "22021", "the statement is no UTF-8 text");
    tn_buf_reset(&t.text);
    return status;
}
