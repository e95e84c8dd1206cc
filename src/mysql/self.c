#include "mysql/self.h"

#include "mysql/evaluate.h"
#include "mysql/heads.h"
#include "mysql/private.h"

enum { TEXT_MAX = 1024 * 1024 * 1024, PLACES = 64 };

/* What stands between two parentheses, or outside of all. */
struct place {
    enum { ANYWHERE, BEHIND_SELECT, COLUMNS, ORDER } what; /* ORDER: behind ORDER BY, GROUP BY */
    const char *item;     /* the present column's begin */
    bool        replaced; /* something in it */
};

struct rewrite {
    struct tn_my_session *s;
    struct tn_str         sql;
    struct tn_buf         out;
    size_t                copied;
    bool                  others;
    bool                  asking; /* what it says is asked now, and is no definition's */
    bool                  table;  /* CREATE TABLE: its query asks */
    struct tn_words       words;
    struct tn_token       before; /* words.token */
    struct place          places[PLACES];
    unsigned              depth;
};

/* ---- may it? ---- */

static bool ends_in(const char *from, const char *end, const char *word)
{
    size_t len = strlen(word);

    return (size_t)(end - from) >= len && tn_str_ieq_c(tn_str_n(end - len, len), word);
}

/* The word before the parenthesis at AT, with white space between them (a comment: may_hold_comment()). */
static bool is_call(const char *from, const char *at)
{
    static const char *const names[] = {"user", "role", "_id", "version", "database", "schema", "row_count", "found_rows"};

    while (at > from && (at[-1] == ' ' || (at[-1] >= '\t' && at[-1] <= '\r')))
        at--;
    if (at == from || memchr("rRdDnNeEaAtTsS", at[-1], 14) == NULL)
        return false;
    for (size_t i = 0; i < TN_ARRAY_LEN(names); i++)
        if (ends_in(from, at, names[i]))
            return true;
    return false;
}

static bool may_hold_comment(struct tn_str sql)
{
    return memchr(sql.ptr, '#', sql.len) != NULL || tn_str_has(sql, TN_STR("--")) || tn_str_has(sql, TN_STR("/*"));
}

bool tn_my_self_may_ask(struct tn_str sql)
{
    const char *end = sql.ptr + sql.len;

    if (memchr(sql.ptr, '(', sql.len) != NULL && may_hold_comment(sql))
        return true;
    for (const char *at = sql.ptr; (at = memchr(at, '_', (size_t)(end - at))) != NULL; at++)
        if (ends_in(sql.ptr, at, "current") && (end - at >= 5) && (tn_str_ieq_c(tn_str_n(at, 5), "_user") || tn_str_ieq_c(tn_str_n(at, 5), "_role")))
            return true;
    for (const char *at = sql.ptr; (at = memchr(at, '(', (size_t)(end - at))) != NULL; at++)
        if (is_call(sql.ptr, at))
            return true;
    return memmem(sql.ptr, sql.len, "@@", 2) != NULL;
}

/* ---- values ---- */

void tn_my_put_value(struct tn_buf *out, const struct tn_my_value *value)
{
    static const char digits[] = "0123456789ABCDEF";

    if (value->text.ptr == NULL) {
        tn_buf_puts(out, "NULL");
    } else if (value->number) {
        tn_buf_printf(out, value->text.ptr[0] == '-' ? "(%.*s)" : "%.*s", (int)value->text.len, value->text.ptr);
    } else if (memchr(value->text.ptr, '\\', value->text.len) == NULL) {
        tn_buf_put_quoted(out, value->text, '\'');
    } else {
        tn_buf_puts(out, "_utf8mb4 0x");
        for (size_t i = 0; i < value->text.len; i++) {
            tn_buf_put_u8(out, (uint8_t)digits[(unsigned char)value->text.ptr[i] >> 4]);
            tn_buf_put_u8(out, (uint8_t)digits[(unsigned char)value->text.ptr[i] & 15]);
        }
    }
}

/* As a MySQL client writes a text, for whatever reads MySQL's texts here. */
static void put_text(struct tn_buf *out, const struct tn_my_value *value)
{
    if (value->text.ptr == NULL || value->number) {
        tn_my_put_value(out, value);
        return;
    }
    tn_buf_put_u8(out, '\'');
    for (size_t i = 0; i < value->text.len; i++) {
        if (value->text.ptr[i] == '\'' || value->text.ptr[i] == '\\')
            tn_buf_put_u8(out, '\\');
        tn_buf_put_u8(out, (uint8_t)value->text.ptr[i]);
    }
    tn_buf_put_u8(out, '\'');
}

/* A number there would be that of a column, and a text is refused by some: it stands in an expression. Between texts (a name that is
 * written as one) it must not become a part of them. */
static void put_answer(struct rewrite *r, const struct tn_my_value *value, const struct tn_token *behind)
{
    bool orders = r->depth < PLACES && r->places[r->depth].what == ORDER;
    bool texts = !orders && (r->before.kind == TN_TOKEN_STRING || behind->kind == TN_TOKEN_STRING);

    tn_buf_puts(&r->out, orders ? "COALESCE(" : texts ? "(" : "");
    if (r->others)
        put_text(&r->out, value);
    else
        tn_my_put_value(&r->out, value);
    tn_buf_puts(&r->out, orders ? ", NULL)" : texts ? ")" : "");
}

/* ---- what is asked ---- */

static bool is_any(const struct tn_token *token, const char *const *words, size_t count)
{
    for (size_t i = 0; token->kind == TN_TOKEN_WORD && i < count; i++)
        if (tn_str_ieq_c(token->text, words[i]))
            return true;
    return false;
}
#define IS_ANY(token, words) is_any(token, words, TN_ARRAY_LEN(words))

static bool is_maria(const struct rewrite *r)
{
    struct tn_str version = r->s->runtime->snapshot->config->settings.mysql_version;

    return memmem(version.ptr, version.len, "MariaDB", 7) != NULL;
}

/* A name that something is called by, or that is told of: INSERT INTO version () VALUES (), CALL user(). */
static bool is_named_by(const struct tn_token *before)
{
    static const char *const words[] = {"into", "insert", "replace", "ignore", "low_priority", "delayed", "high_priority", "table", "call", "procedure", "function",
                                        "as"};

    return IS_ANY(before, words);
}

/* NAME is a function about the session; *BARE: also without parentheses. */
static bool is_function(const struct rewrite *r, const struct tn_token *name, bool *bare)
{
    static const char *const everywhere[] = {"user", "session_user", "system_user", "current_user", "current_role", "connection_id", "last_insert_id",
                                             "row_count", "found_rows"};
    static const char *const elsewhere[] = {"database", "schema", "version"};

    *bare = tn_str_ieq_c(name->text, "current_user") || (tn_str_ieq_c(name->text, "current_role") && is_maria(r));
    if (tn_str_ieq_c(name->text, "last_insert_id") && r->s->last_insert_id == 0 && !r->others && tn_my_is_bound(r->s))
        return false; /* its connection's own */
    return IS_ANY(name, everywhere) || (r->others && IS_ANY(name, elsewhere));
}

/* Stands at the word. True: it is such a call, with *BEHIND what comes after it and *LAST its last token. */
static bool read_call(struct rewrite *r, struct tn_words *behind, struct tn_token *last)
{
    bool bare;

    *behind = r->words;
    *last = r->words.token;
    if (!r->asking || !is_function(r, &r->words.token, &bare) || r->before.punct == '.' || is_named_by(&r->before))
        return false;
    tn_words_next(behind);
    if (!tn_words_accept_punct(behind, '('))
        return bare && behind->token.punct != '.';
    *last = behind->token;
    return tn_words_accept_punct(behind, ')') && behind->token.punct != '.';
}

/* @@name; false: none that is known here. */
static bool read_system_variable(struct rewrite *r, struct tn_words *behind, struct tn_token *last, struct tn_my_value *value)
{
    struct tn_str   name;
    struct tn_words walk = r->words;
    bool            global;
    int             row;

    *behind = r->words;
    if (!r->asking || !tn_my_read_variable(behind, &name, &global))
        return false;
    while (walk.token.text.ptr < behind->token.text.ptr) {
        *last = walk.token;
        tn_words_next(&walk);
    }
    row = tn_my_variable_find(name);
    if (row < 0)
        return false;
    value->text = global ? tn_my_variable_global(r->s, row, false, &r->s->arena) : tn_my_variable_text(r->s, row, false, &r->s->arena);
    value->number = tn_my_variable_is_number(row);
    return true;
}

/* @name, and not where it is given a value. */
static bool read_user_variable(struct rewrite *r, struct tn_words *behind, struct tn_token *last, struct tn_my_value *value)
{
    struct tn_str name = r->words.token.text;

    *behind = r->words;
    *last = r->words.token;
    tn_words_next(behind);
    if (name.len < 2 || behind->token.punct == ':' || tn_str_eq_c(behind->token.text, ":="))
        return false;
    *value = tn_my_user_variable(r->s, tn_str_n(name.ptr + 1, name.len - 1), &r->s->arena);
    return true;
}

static bool read_asked(struct rewrite *r, struct tn_words *behind, struct tn_token *last, struct tn_my_value *value)
{
    const struct tn_token *token = &r->words.token;

    if (token->kind != TN_TOKEN_WORD)
        return false;
    if (token->text.ptr[0] != '@')
        return read_call(r, behind, last) && tn_my_session_value(r->s, token->text, &r->s->arena, value);
    if (!r->others)
        return false;
    return tn_str_starts(token->text, TN_STR("@@")) ? read_system_variable(r, behind, last, value) : read_user_variable(r, behind, last, value);
}

/* ---- where it stands ---- */

static void copy_until(struct rewrite *r, const char *at)
{
    tn_buf_append(&r->out, r->sql.ptr + r->copied, (size_t)(at - r->sql.ptr) - r->copied);
    r->copied = (size_t)(at - r->sql.ptr);
}

static const char *end_of(const struct tn_token *token)
{
    return token->text.ptr + token->text.len;
}

/* A column ends before the present word. Where something in it was replaced it has the name that it would have had. */
static void end_column(struct rewrite *r)
{
    struct place *place = &r->places[r->depth];
    struct tn_str name;

    if (place->what == COLUMNS && place->replaced && place->item != NULL &&
        !tn_my_list_names(tn_str_n(place->item, (size_t)(end_of(&r->before) - place->item)), &name)) {
        copy_until(r, end_of(&r->before));
        tn_buf_puts(&r->out, " AS ");
        tn_buf_put_quoted(&r->out, name, '`');
    }
    place->item = NULL;
    place->replaced = false;
}

static void follow_list(struct rewrite *r, enum tn_my_list_word word)
{
    struct place *place = &r->places[r->depth];

    if (word == TN_MY_LIST_BEGINS)
        *place = (struct place){.what = BEHIND_SELECT};
    else if (word != TN_MY_LIST_MODIFIER && place->what == BEHIND_SELECT)
        *place = (struct place){.what = COLUMNS, .item = r->words.token.text.ptr};
    else if (place->what == COLUMNS && place->item == NULL)
        place->item = r->words.token.text.ptr;
    if (tn_words_at(&r->words, "by"))
        place->what = ORDER;
}

static void follow(struct rewrite *r)
{
    const struct tn_token *token = &r->words.token;
    enum tn_my_list_word   word = tn_my_list_word(token);

    if (r->table && (word == TN_MY_LIST_BEGINS || tn_words_at(&r->words, "values")))
        r->asking = true;
    if (r->depth >= PLACES) { /* too deep for names */
        r->depth += token->punct == '(' ? 1 : 0;
        r->depth -= token->punct == ')' ? 1 : 0;
        return;
    }
    if (token->punct == ')' || token->punct == ',' || word == TN_MY_LIST_ENDS)
        end_column(r);
    if (token->punct == ')') {
        r->depth -= r->depth > 0 ? 1 : 0;
        return;
    }
    if (word == TN_MY_LIST_ENDS)
        r->places[r->depth].what = ANYWHERE;
    else if (token->punct != ',')
        follow_list(r, word);
    if (token->punct == '(' && ++r->depth < PLACES)
        r->places[r->depth] = (struct place){.what = ANYWHERE};
}

/* By its first words. */
static void begin(struct rewrite *r)
{
    static const char *const asking[] = {"select", "with",    "values",   "table",    "insert", "update",  "delete", "replace",
                                         "do",     "explain", "describe", "desc",     "set",    "analyze", "call",   "load"};
    static const char *const skipped[] = {"or", "replace", "temporary"};
    struct tn_words          words;

    tn_words_init(&r->words, r->sql, TN_DIALECT_MYSQL);
    words = r->words;
    r->asking = words.token.punct == '(' || IS_ANY(&words.token, asking);
    if (!tn_words_accept(&words, "create"))
        return;
    while (IS_ANY(&words.token, skipped))
        tn_words_next(&words);
    r->table = tn_words_at(&words, "table");
}

/* Comments between the words that are replaced, from the present one to LAST: what begins or ends in them goes on outside. */
static void put_comments(struct rewrite *r, const struct tn_token *last)
{
    struct tn_words walk = r->words;
    const char     *end = end_of(&walk.token);

    while (end < end_of(last)) {
        struct tn_str gap;

        tn_words_next(&walk);
        gap = tn_str_n(end, (size_t)(walk.token.text.ptr - end));
        if (tn_str_trim(gap).len > 0)
            tn_buf_put_str(&r->out, gap);
        end = end_of(&walk.token);
    }
}

static void replace(struct rewrite *r, const struct tn_my_value *value, const struct tn_words *behind, const struct tn_token *last)
{
    copy_until(r, r->words.token.text.ptr);
    put_answer(r, value, &behind->token);
    put_comments(r, last);
    r->copied = (size_t)(end_of(last) - r->sql.ptr);
    if (behind->token.kind == TN_TOKEN_WORD && behind->token.text.ptr == end_of(last))
        tn_buf_put_u8(&r->out, ' '); /* USER()AS u */
    for (unsigned i = 0; i <= r->depth && i < PLACES; i++)
        r->places[i].replaced = true;
    r->words = *behind;
    r->before = *last;
}

bool tn_my_self_answer(struct tn_my_session *s, struct tn_str sql, bool others, struct tn_str *out)
{
    struct rewrite r = {.s = s, .sql = sql, .others = others};
    bool           ok;

    *out = sql;
    tn_buf_init(&r.out, TEXT_MAX);
    for (begin(&r); !tn_words_at_end(&r.words);) {
        struct tn_my_value value = {.number = false};
        struct tn_words    behind;
        struct tn_token    last;

        follow(&r);
        if (read_asked(&r, &behind, &last, &value)) {
            replace(&r, &value, &behind, &last);
            continue;
        }
        r.before = r.words.token;
        tn_words_next(&r.words);
    }
    if (r.depth < PLACES)
        end_column(&r);
    if (r.copied == 0)
        return true;
    copy_until(&r, sql.ptr + sql.len);
    ok = !r.out.failed && tn_arena_str(&s->arena, tn_buf_str(&r.out), out);
    tn_buf_reset(&r.out);
    return ok;
}
