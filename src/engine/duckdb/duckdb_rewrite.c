#include "engine/duckdb/duckdb_rewrite.h"

#include "base/buf.h"

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (unsigned char)c >= 0x80;
}

/* End of a quoted piece that starts at AT with QUOTE; a doubled quote is part of it, and so is \' when ESCAPES. */
static size_t skip_quoted(struct tn_str sql, size_t at, char quote, bool escapes)
{
    for (at++; at < sql.len; at++) {
        if (escapes && sql.ptr[at] == '\\' && at + 1 < sql.len)
            at++;
        else if (sql.ptr[at] == quote && at + 1 < sql.len && sql.ptr[at + 1] == quote)
            at++;
        else if (sql.ptr[at] == quote)
            return at + 1;
    }
    return sql.len;
}

/* DuckDB's block comments nest, as PostgreSQL's do. */
static size_t skip_block_comment(struct tn_str sql, size_t at)
{
    unsigned depth = 1;

    for (at += 2; at + 1 < sql.len; at++) {
        if (sql.ptr[at] == '/' && sql.ptr[at + 1] == '*') {
            depth++;
            at++;
        } else if (sql.ptr[at] == '*' && sql.ptr[at + 1] == '/') {
            at++;
            if (--depth == 0)
                return at + 1;
        }
    }
    return sql.len;
}

/* End of $tag$...$tag$ at AT, or AT when no dollar quote starts there. */
static size_t skip_dollar_quoted(struct tn_str sql, size_t at)
{
    size_t      end = at + 1;
    const char *close;

    while (end < sql.len && is_word(sql.ptr[end]))
        end++;
    if (end >= sql.len || sql.ptr[end] != '$' || (end > at + 1 && sql.ptr[at + 1] >= '0' && sql.ptr[at + 1] <= '9'))
        return at;
    end++;
    close = memmem(sql.ptr + end, sql.len - end, sql.ptr + at, end - at);
    return close == NULL ? sql.len : (size_t)(close - sql.ptr) + (end - at);
}

static size_t skip_line(struct tn_str sql, size_t at)
{
    const char *end = memchr(sql.ptr + at, '\n', sql.len - at);

    return end == NULL ? sql.len : (size_t)(end - sql.ptr) + 1;
}

/* End of what starts at AT and holds no parameter and no keyword: string, name in quotes, comment; AT when none does. */
static size_t skip_opaque(struct tn_str sql, size_t at)
{
    char c = sql.ptr[at], next = at + 1 < sql.len ? sql.ptr[at + 1] : '\0';

    if (c == '\'')
        return skip_quoted(sql, at, c, false);
    if (c == '"')
        return skip_quoted(sql, at, c, false);
    if (c == '-' && next == '-')
        return skip_line(sql, at);
    if (c == '/' && next == '*')
        return skip_block_comment(sql, at);
    return c == '$' ? skip_dollar_quoted(sql, at) : at;
}

static size_t skip_word(struct tn_str sql, size_t at)
{
    while (at < sql.len && (is_word(sql.ptr[at]) || sql.ptr[at] == '$'))
        at++;
    return at;
}

struct piece {
    size_t start, end;
    size_t number; /* of $n; 0 = a word */
};

/* The next $n or word from *AT on; false at the end. A number beyond the limit comes as TN_DUCKDB_PARAMS + 1. */
static bool next_piece(struct tn_str sql, size_t *at, struct piece *out)
{
    while (*at < sql.len) {
        size_t end = skip_opaque(sql, *at);
        if (end > *at) {
            *at = end;
            continue;
        }
        *out = (struct piece){.start = *at, .end = *at + 1};
        if (is_word(sql.ptr[*at])) {
            *at = out->end = skip_word(sql, *at);
            if (out->end == out->start + 1 && (sql.ptr[out->start] | 32) == 'e' && *at < sql.len && sql.ptr[*at] == '\'')
                *at = skip_quoted(sql, *at, '\'', true); /* E'..' */
            return true;
        }
        if (sql.ptr[*at] == '$') {
            for (; out->end < sql.len && sql.ptr[out->end] >= '0' && sql.ptr[out->end] <= '9'; out->end++) {
                size_t number = out->number * 10 + (size_t)(sql.ptr[out->end] - '0');
                out->number = TN_MIN(number, (size_t)TN_DUCKDB_PARAMS + 1);
            }
            *at = out->end;
            if (out->number > 0)
                return true;
            continue;
        }
        (*at)++;
    }
    return false;
}

enum tn_status tn_duckdb_params_scan(struct tn_duckdb_params *out, struct tn_str sql, struct tn_arena *arena, struct tn_error *err)
{
    struct piece piece;

    *out = (struct tn_duckdb_params){.highest = 0};
    if (sql.len == 0 || memchr(sql.ptr, '$', sql.len) == NULL)
        return TN_OK;
    for (size_t at = 0; next_piece(sql, &at, &piece);)
        out->highest = TN_MAX(out->highest, piece.number);
    if (out->highest == 0)
        return TN_OK;
    if (out->highest > TN_DUCKDB_PARAMS)
        return tn_fail(err, TN_E_LIMIT, "54023", "parameter numbers above $%d are not served", TN_DUCKDB_PARAMS);
    out->place = tn_arena_zalloc(arena, out->highest * sizeof *out->place);
    if (out->place == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "duckDb: no memory for parameters");
    for (size_t at = 0; next_piece(sql, &at, &piece);)
        if (piece.number > 0)
            out->place[piece.number - 1] = 1;
    for (size_t i = 0; i < out->highest; i++)
        if (out->place[i] != 0)
            out->place[i] = (uint16_t)++out->distinct;
    return TN_OK;
}

struct tn_str tn_duckdb_params_write(const struct tn_duckdb_params *params, struct tn_str sql, const char *const *casts,
                                     const char *const *samples, struct tn_arena *arena)
{
    struct tn_buf text;
    struct tn_str out = {NULL, 0};
    struct piece  piece;
    size_t        copied = 0;

    tn_buf_init(&text, SIZE_MAX / 2);
    for (size_t at = 0; next_piece(sql, &at, &piece);) {
        if (piece.number == 0 || piece.number > params->highest)
            continue;
        tn_buf_append(&text, sql.ptr + copied, piece.start - copied);
        copied = piece.end;
        if (casts[piece.number - 1] == NULL && samples != NULL && samples[piece.number - 1] != NULL)
            tn_buf_puts(&text, samples[piece.number - 1]);
        else if (casts[piece.number - 1] == NULL)
            tn_buf_printf(&text, "$%u", params->place[piece.number - 1]);
        else if (samples != NULL && samples[piece.number - 1] != NULL)
            tn_buf_printf(&text, "CAST(%s AS %s)", samples[piece.number - 1], casts[piece.number - 1]);
        else
            tn_buf_printf(&text, "CAST($%u AS %s)", params->place[piece.number - 1], casts[piece.number - 1]);
    }
    tn_buf_append(&text, sql.ptr + copied, sql.len - copied);
    if (text.failed || !tn_arena_str(arena, tn_buf_str(&text), &out))
        out.ptr = NULL;
    tn_buf_reset(&text);
    return out;
}

bool tn_duckdb_has_word(struct tn_str sql, const char *word)
{
    struct piece piece;

    for (size_t at = 0; next_piece(sql, &at, &piece);)
        if (piece.number == 0 && tn_str_ieq_c(tn_str_n(sql.ptr + piece.start, piece.end - piece.start), word))
            return true;
    return false;
}

static enum tn_status cannot(struct tn_error *err, const char *what)
{
    tn_fail(err, TN_E_UNSUPPORTED, "0A000", "DuckDB has no %s", what);
    tn_error_blame(err, TN_FAULT_UNSUPPORTED, false);
    return TN_E_UNSUPPORTED;
}

enum tn_status tn_duckdb_transaction(struct tn_str *out, struct tn_str sql, enum tn_verb verb, struct tn_error *err)
{
    *out = sql;
    switch ((int)verb) {
    case TN_VERB_SAVEPOINT:
    case TN_VERB_RELEASE: return cannot(err, "savepoints");
    case TN_VERB_BEGIN:
    case TN_VERB_START:
        *out = tn_duckdb_has_word(sql, "only") ? TN_STR("BEGIN TRANSACTION READ ONLY") : TN_STR("BEGIN TRANSACTION");
        return TN_OK;
    case TN_VERB_PREPARE: return tn_duckdb_has_word(sql, "transaction") && !tn_duckdb_has_word(sql, "as") ? cannot(err, "two-phase commit") : TN_OK;
    case TN_VERB_COMMIT:
    case TN_VERB_END:
    case TN_VERB_ROLLBACK:
    case TN_VERB_ABORT: break;
    default: return TN_OK;
    }
    if (tn_duckdb_has_word(sql, "to"))
        return cannot(err, "savepoints");
    if (tn_duckdb_has_word(sql, "prepared"))
        return cannot(err, "two-phase commit");
    if (tn_duckdb_has_word(sql, "chain") && !tn_duckdb_has_word(sql, "no"))
        return cannot(err, "AND CHAIN");
    *out = verb == TN_VERB_COMMIT || verb == TN_VERB_END ? TN_STR("COMMIT") : TN_STR("ROLLBACK");
    return TN_OK;
}
