#include "engine/sqlite/sqlite_words.h"

/* The next word after white space, comments and commas; empty at the end. */
static struct tn_str next_word(struct tn_str text, size_t *at)
{
    size_t start;

    while (*at < text.len) {
        const char *p = text.ptr + *at;
        size_t      left = text.len - *at;

        if (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r' || *p == '\f' || *p == '\v' || *p == ',' || *p == ';') {
            (*at)++;
        } else if (left >= 2 && p[0] == '-' && p[1] == '-') {
            const char *end = memchr(p, '\n', left);

            *at = end != NULL ? (size_t)(end - text.ptr) : text.len;
        } else if (left >= 2 && p[0] == '/' && p[1] == '*') {
            const char *end = memmem(p + 2, left - 2, "*/", 2);

            *at = end != NULL ? (size_t)(end - text.ptr) + 2 : text.len;
        } else {
            break;
        }
    }
    start = *at;
    while (*at < text.len && strchr(" \t\n\r\f\v,;", text.ptr[*at]) == NULL)
        (*at)++;
    return tn_str_n(text.ptr + start, *at - start);
}

static bool is(struct tn_str word, const char *text)
{
    return tn_str_ieq_c(word, text);
}

static enum tn_status fail(struct tn_error *err, const char *sqlstate, const char *text)
{
    enum tn_status status = tn_fail(err, TN_E_UNSUPPORTED, sqlstate, "%s", text);

    tn_error_blame(err, TN_FAULT_QUERY, false);
    return status;
}

/* BEGIN IMMEDIATE and its like are SQLite's own; modes of PostgreSQL have no counterpart: SQLite is always serializable. */
static struct tn_str begin_words(struct tn_str sql)
{
    size_t        at = 0;
    struct tn_str mode;

    (void)next_word(sql, &at);
    mode = next_word(sql, &at);
    if (is(mode, "IMMEDIATE"))
        return TN_STR("BEGIN IMMEDIATE");
    return is(mode, "EXCLUSIVE") ? TN_STR("BEGIN EXCLUSIVE") : TN_STR("BEGIN");
}

/* COMMIT, END, ROLLBACK, ABORT with [WORK | TRANSACTION]; the word after that. */
static struct tn_str after_noise(struct tn_str sql, size_t *at)
{
    struct tn_str word;

    *at = 0;
    (void)next_word(sql, at);
    word = next_word(sql, at);
    if (is(word, "WORK") || is(word, "TRANSACTION"))
        word = next_word(sql, at);
    return word;
}

/* COMMIT and ROLLBACK may be followed by AND NO CHAIN, which says nothing. */
static enum tn_status check_end(struct tn_str sql, struct tn_str word, size_t at, struct tn_error *err)
{
    if (is(word, "PREPARED"))
        return fail(err, "0A000", "SQLite has no two-phase commit");
    if (is(word, "AND") && !is(next_word(sql, &at), "NO"))
        return fail(err, "0A000", "SQLite cannot chain transactions; send BEGIN after it");
    return TN_OK;
}

static enum tn_status rollback_words(struct tn_str *out, struct tn_str sql, bool in_transaction, struct tn_arena *arena,
                                     struct tn_error *err)
{
    size_t        at;
    struct tn_str word = after_noise(sql, &at), name;
    char         *text;
    size_t        size;

    TN_TRY(check_end(sql, word, at, err));
    *out = in_transaction ? TN_STR("ROLLBACK") : TN_STR("");
    if (!is(word, "TO"))
        return TN_OK;
    name = tn_str_trim(tn_str_n(sql.ptr + at, sql.len - at));
    size = name.len + sizeof "ROLLBACK TO ";
    text = tn_arena_alloc(arena, size);
    if (text == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "out of memory");
    *out = tn_str_n(text, (size_t)snprintf(text, size, "ROLLBACK TO " TN_STR_FMT, TN_STR_ARG(name)));
    return in_transaction ? TN_OK : fail(err, "25P01", "ROLLBACK TO SAVEPOINT can only be used in transaction blocks");
}

enum tn_status tn_sqlite_words(struct tn_str *out, struct tn_str sql, const struct tn_features *features,
                               bool in_transaction, struct tn_arena *arena, struct tn_error *err)
{
    size_t at;

    *out = sql;
    switch (features->verb) {
    case TN_VERB_BEGIN:
    case TN_VERB_START: *out = in_transaction ? TN_STR("") : begin_words(sql); return TN_OK;
    case TN_VERB_COMMIT:
    case TN_VERB_END: {
        struct tn_str word = after_noise(sql, &at);

        *out = in_transaction ? TN_STR("COMMIT") : TN_STR("");
        return check_end(sql, word, at, err);
    }
    case TN_VERB_ROLLBACK:
    case TN_VERB_ABORT: return rollback_words(out, sql, in_transaction, arena, err);
    case TN_VERB_SAVEPOINT: /* SQLite would begin a transaction of its own */
    case TN_VERB_RELEASE:
        if (!in_transaction)
            return fail(err, "25P01", "savepoints can only be used in transaction blocks");
        return TN_OK;
    default: return TN_OK;
    }
}
