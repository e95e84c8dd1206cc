/* What a session's statements leave for its later ones.
 *
 * A user variable is kept here after SET @x = 1, and on the engine's connection after what only the engine could work out
 * (SELECT @x := max(id), SELECT .. INTO @x, SET @x = (SELECT ..)). The session keeps that connection then (struct tn_ask_bond), as
 * it does after GET_LOCK, LOCK TABLES, CREATE TEMPORARY TABLE, XA START. What is kept here goes to an engine of MySQL's kind before the
 * statement that names it, and is the engine's from then on; other engines get values instead of names (self.h). */
#include "mysql/private.h"

#include "base/buf.h"
#include "mysql/plain.h"
#include "mysql/self.h"
#include "mysql/variables.h"
#include "session/words.h"

enum { BEFORE_MAX = 1024 * 1024 };

static bool is_variable(const struct tn_token *token)
{
    return token->kind == TN_TOKEN_WORD && token->text.len > 1 && token->text.ptr[0] == '@' && token->text.ptr[1] != '@';
}

/* `me`@`host`: an account's name. */
static bool is_account(const struct tn_token *before, const struct tn_token *token)
{
    return (before->kind == TN_TOKEN_WORD || before->kind == TN_TOKEN_IDENT || before->kind == TN_TOKEN_STRING) &&
           before->text.ptr + before->text.len == token->text.ptr;
}

/* @x, or @ before a quoted name. */
static bool names_variable(struct tn_str sql)
{
    struct tn_words words;
    struct tn_token before = {.kind = TN_TOKEN_END};

    if (memchr(sql.ptr, '@', sql.len) == NULL)
        return false;
    for (tn_words_init(&words, sql, TN_DIALECT_MYSQL); words.token.kind != TN_TOKEN_END; tn_words_next(&words)) {
        if ((is_variable(&words.token) || words.token.punct == '@') && !is_account(&before, &words.token))
            return true;
        before = words.token;
    }
    return false;
}

/* The session's text is MySQL's, whatever the engine's is. */
bool tn_my_speaks_mysql(const struct tn_my_session *s)
{
    return s->settings->dialect.len == 0 || tn_str_ieq_c(s->settings->dialect, "mysql");
}

/* A procedure may use any variable. */
static bool calls(struct tn_str sql)
{
    struct tn_words words;

    tn_words_init(&words, sql, TN_DIALECT_MYSQL);
    return tn_words_at(&words, "call");
}

static bool leaves_state(const struct tn_my_session *s, struct tn_str sql)
{
    struct tn_words words;

    if (!tn_my_speaks_mysql(s))
        return false;
    if (names_variable(sql) || tn_str_has(sql, TN_STR("/*!")) || tn_str_has(sql, TN_STR("/*M!")))
        return true;
    tn_words_init(&words, sql, TN_DIALECT_MYSQL);
    return tn_words_at(&words, "lock") || tn_words_at(&words, "flush") || tn_words_at(&words, "call") || tn_words_at(&words, "do") ||
           tn_words_at(&words, "xa");
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
    return tn_my_user_variable_is_kept(s, name);
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
        tn_my_put_value(&text, &value);
    }
    ok = !text.failed && tn_arena_str(&s->arena, tn_buf_str(&text), out);
    tn_buf_reset(&text);
    return ok;
}

bool tn_my_state_fill(struct tn_my_session *s, struct tn_str sql, struct tn_str plain, struct tn_my_run *run)
{
    bool     variables = tn_my_speaks_mysql(s) && (names_variable(sql) || calls(sql));
    bool     asks = tn_my_speaks_mysql(s) && tn_my_self_may_ask(sql);
    unsigned params;

    if (!tn_my_speaks_mysql(s) && plain.ptr == NULL) { /* it is not for us to spell it otherwise */
        run->sql = sql;
        return true;
    }
    run->native = sql;
    run->asked = tn_my_speaks_mysql(s) ? sql : run->asked;
    run->sql = plain;
    run->leaves = leaves_state(s, sql);
    if (asks && !tn_my_self_answer(s, sql, false, &run->native))
        return false;
    if ((asks || variables) && !tn_my_self_answer(s, sql, true, &run->known))
        return false;
    if (variables && !write_before(s, &run->before))
        return false;
    if ((asks || variables) && run->known.ptr == sql.ptr) /* it was none */
        run->known = tn_str_n(NULL, 0);
    return (plain.ptr != NULL && run->known.ptr == NULL) || tn_my_plain(run->known.ptr != NULL ? run->known : sql, &s->arena, &run->sql, &params);
}

/* ---- after a statement ---- */

/* The engine has them now. */
void tn_my_state_after(struct tn_my_session *s, bool sent)
{
    struct tn_map_entry      *entry;
    size_t                    at = 0;
    TN_ERROR_LOCAL(err);

    if (!sent || !tn_my_is_bound(s))
        return;
    while ((entry = tn_map_next(&s->user_variables, &at)) != NULL) {
        char name[128];

        tn_str_copy(name, sizeof name, tn_str_n(entry->key, entry->key_len));
        if (tn_str_starts(tn_str(name), TN_STR("turnout_")) || !tn_my_user_variable_is_kept(s, tn_str(name)))
            continue;
        tn_my_user_variable_forget(s, tn_str(name));
        at = 0; /* the map has changed */
    }
}
