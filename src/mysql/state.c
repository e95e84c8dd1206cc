/* What a session's statements leave for its later ones.
 *
 * A user variable is kept here after SET @x = 1, and on the engine's connection after what only the engine could work out
 * (SELECT @x := max(id), SELECT .. INTO @x, SET @x = (SELECT ..)). The session keeps that connection then (struct tn_ask_bond), as
 * it does after GET_LOCK, LOCK TABLES, CREATE TEMPORARY TABLE. What is kept here goes to an engine of MySQL's kind before the
 * statement that names it, and is the engine's from then on; other engines get values instead of names. */
#include "mysql/private.h"

#include "base/buf.h"
#include "mysql/plain.h"
#include "mysql/variables.h"
#include "session/words.h"

enum { TEXT_MAX = 1024 * 1024 * 1024, BEFORE_MAX = 1024 * 1024 };

static const char LAST_INSERT_ID[] = "last_insert_id";

static bool is_variable(const struct tn_token *token)
{
    return token->kind == TN_TOKEN_WORD && token->text.len > 1 && token->text.ptr[0] == '@' && token->text.ptr[1] != '@';
}

static bool has_word(struct tn_str sql, const char *word)
{
    struct tn_str rest = sql;
    size_t        len = strlen(word);

    for (; rest.len >= len; rest = tn_str_n(rest.ptr + 1, rest.len - 1))
        if (tn_ascii_lower(rest.ptr[0]) == word[0] && tn_str_ieq_c(tn_str_n(rest.ptr, len), word))
            return true;
    return false;
}

/* @x, or @ before a quoted name. */
static bool names_variable(struct tn_str sql)
{
    struct tn_words words;

    if (memchr(sql.ptr, '@', sql.len) == NULL)
        return false;
    for (tn_words_init(&words, sql, TN_DIALECT_MYSQL); words.token.kind != TN_TOKEN_END; tn_words_next(&words))
        if (is_variable(&words.token) || words.token.punct == '@')
            return true;
    return false;
}

/* The session's text is MySQL's, whatever the engine's is. */
static bool speaks_mysql(const struct tn_my_session *s)
{
    return s->settings->dialect.len == 0 || tn_str_ieq_c(s->settings->dialect, "mysql");
}

bool tn_my_leaves_state(const struct tn_my_session *s, struct tn_str sql)
{
    struct tn_words words;

    if (!speaks_mysql(s))
        return false;
    if (names_variable(sql) || tn_str_has(sql, TN_STR("/*!")) || tn_str_has(sql, TN_STR("/*M!")))
        return true;
    tn_words_init(&words, sql, TN_DIALECT_MYSQL);
    return tn_words_at(&words, "lock") || tn_words_at(&words, "flush") || tn_words_at(&words, "call") || tn_words_at(&words, "do");
}

static const struct tn_lease *state_lease(const struct tn_my_session *s)
{
    if (s->bond.lease != NULL)
        return s->bond.lease;
    return s->in_tx && s->bond.leaves ? s->tx.lease : NULL;
}

bool tn_my_is_bound(const struct tn_my_session *s)
{
    const struct tn_lease *lease = state_lease(s);

    return lease != NULL && lease->cluster->ops->dialect == TN_DIALECT_MYSQL;
}

bool tn_my_knows_variable(struct tn_my_session *s, struct tn_str name)
{
    return tn_my_user_variable(s, name, &s->arena).text.ptr != NULL;
}

/* ---- values instead of names ---- */

/* For a server of MySQL's kind, whatever it takes a backslash for. */
static void put_value(struct tn_buf *out, const struct tn_my_value *value)
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
        put_value(out, value);
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

struct rewrite {
    struct tn_my_session *s;
    struct tn_str         sql;
    struct tn_buf         out;
    size_t                copied;
    bool                  variables;
};

static void copy_until(struct rewrite *r, const char *at)
{
    tn_buf_append(&r->out, r->sql.ptr + r->copied, (size_t)(at - r->sql.ptr) - r->copied);
    r->copied = (size_t)(at - r->sql.ptr);
}

static void replace_variable(struct rewrite *r, const struct tn_str name, const struct tn_words *behind)
{
    struct tn_my_value value;

    if (behind->token.punct == ':' || tn_str_eq_c(behind->token.text, ":="))
        return;
    value = tn_my_user_variable(r->s, tn_str_n(name.ptr + 1, name.len - 1), &r->s->arena);
    copy_until(r, name.ptr);
    put_text(&r->out, &value);
    r->copied += name.len;
}

/* LAST_INSERT_ID(): each statement may have another connection. */
static void replace_insert_id(struct rewrite *r, const char *at, struct tn_words *words)
{
    if (!tn_words_accept_punct(words, '(') || words->token.punct != ')')
        return;
    copy_until(r, at);
    tn_buf_printf(&r->out, "%llu", (unsigned long long)r->s->last_insert_id);
    r->copied = (size_t)(words->token.text.ptr + words->token.text.len - r->sql.ptr);
}

static bool rewrite(struct rewrite *r, struct tn_str *out)
{
    struct tn_words words;
    bool               ok;

    tn_buf_init(&r->out, TEXT_MAX);
    tn_words_init(&words, r->sql, TN_DIALECT_MYSQL);
    while (words.token.kind != TN_TOKEN_END) {
        struct tn_token token = words.token;

        tn_words_next(&words);
        if (r->variables && is_variable(&token))
            replace_variable(r, token.text, &words);
        else if (token.kind == TN_TOKEN_WORD && tn_str_ieq_c(token.text, LAST_INSERT_ID) && r->s->last_insert_id != 0)
            replace_insert_id(r, token.text.ptr, &words);
    }
    copy_until(r, r->sql.ptr + r->sql.len);
    ok = !r->out.failed && tn_arena_str(&r->s->arena, tn_buf_str(&r->out), out);
    tn_buf_reset(&r->out);
    return ok;
}

/* "SET @`a`=1,@`b`='x'" of all that is kept here. */
static bool write_before(struct tn_my_session *s, struct tn_str *out)
{
    struct tn_map_entry *entry;
    struct tn_buf        text;
    size_t               at = 0;
    bool                 ok;

    tn_buf_init(&text, BEFORE_MAX);
    while ((entry = tn_map_next(&s->user_variables, &at)) != NULL) {
        struct tn_str      name = tn_str_n(entry->key, entry->key_len);
        struct tn_my_value value = tn_my_user_variable(s, name, &s->arena);

        if (tn_str_starts(name, TN_STR("turnout_")))
            continue;
        tn_buf_puts(&text, text.len == 0 ? "SET @" : ",@");
        tn_buf_put_quoted(&text, name, '`');
        tn_buf_put_u8(&text, '=');
        put_value(&text, &value);
    }
    ok = !text.failed && tn_arena_str(&s->arena, tn_buf_str(&text), out);
    tn_buf_reset(&text);
    return ok;
}

bool tn_my_state_fill(struct tn_my_session *s, struct tn_str sql, struct tn_str plain, struct tn_my_run *run)
{
    bool           variables = speaks_mysql(s) && names_variable(sql);
    bool           id = speaks_mysql(s) && s->last_insert_id != 0 && has_word(sql, LAST_INSERT_ID);
    struct rewrite own = {.s = s, .sql = sql}, known = {.s = s, .sql = sql, .variables = true};
    unsigned       params;

    if (!speaks_mysql(s) && plain.ptr == NULL) { /* it is not for us to spell it otherwise */
        run->sql = sql;
        return true;
    }
    run->native = sql;
    run->asked = speaks_mysql(s) ? sql : run->asked;
    run->sql = plain;
    run->leaves = tn_my_leaves_state(s, sql);
    if (id && !rewrite(&own, &run->native))
        return false;
    if (variables && (!rewrite(&known, &run->known) || !write_before(s, &run->before)))
        return false;
    return (plain.ptr != NULL && !variables && !id) || tn_my_plain(variables ? run->known : run->native, &s->arena, &run->sql, &params);
}

/* ---- after a statement ---- */

/* The engine has them now. */
void tn_my_state_after(struct tn_my_session *s, bool sent)
{
    struct tn_map_entry      *entry;
    const struct tn_my_value  none = {.text = tn_str_n(NULL, 0)};
    size_t                    at = 0;
    TN_ERROR_LOCAL(err);

    if (!sent || !tn_my_is_bound(s))
        return;
    while ((entry = tn_map_next(&s->user_variables, &at)) != NULL) {
        char name[128];

        tn_str_copy(name, sizeof name, tn_str_n(entry->key, entry->key_len));
        if (tn_str_starts(tn_str(name), TN_STR("turnout_")) || tn_my_user_variable_set(s, tn_str(name), &none, &err) != TN_OK)
            continue;
        at = 0; /* the map has changed */
    }
    tn_error_reset(&err);
}
