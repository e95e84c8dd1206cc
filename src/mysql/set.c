/* SET: variables of the session and the user's own, character sets, transactions. */
#include "mysql/evaluate.h"
#include "mysql/member.h"
#include "mysql/private.h"
#include "mysql/self.h"

enum { ER_COLLATION_CHARSET_MISMATCH = 1253 };

struct setting {
    struct tn_my_session *s;
    struct tn_words   *words;
    struct tn_error       err;
    bool                  commits; /* autocommit was switched on within a transaction */
};

static bool wrong(struct setting *set)
{
    struct tn_str near = tn_words_rest(set->words);

    if (set->err.status == TN_OK)
        tn_fail(&set->err, TN_E_INVALID, "42601", "You have an error in your SQL syntax; SET cannot be read near '%.*s'", (int)TN_MIN(near.len, (size_t)80),
                near.ptr);
    return false;
}

static bool assign(struct setting *set, struct tn_str name, const struct tn_my_value *value, bool global)
{
    bool was = set->s->autocommit;

    if (tn_my_variable_set(set->s, name, value, global, &set->err) != TN_OK)
        return false;
    set->commits = set->commits || (!was && set->s->autocommit && set->s->in_tx);
    return true;
}

static bool assign_text(struct setting *set, const char *name, struct tn_str text)
{
    struct tn_my_value value = {.text = text};

    return assign(set, tn_str(name), &value, false);
}

/* A literal, an expression that is known, or a bare word (ON, utf8mb4, DEFAULT: ptr NULL). */
static bool read_value(struct setting *set, struct tn_my_value *value)
{
    struct tn_words before = *set->words;
    bool               about;

    switch (tn_my_evaluate(set->s, set->words, &set->s->arena, value, &about, &set->err)) {
    case TN_MY_VALUE:    return true;
    case TN_MY_WRONG:    return false;
    case TN_MY_NOT_OURS: break;
    }
    *set->words = before;
    if (set->words->token.kind != TN_TOKEN_WORD || set->words->token.text.ptr[0] == '@')
        return wrong(set);
    value->text = set->words->token.text;
    value->number = false;
    tn_words_next(set->words);
    value->is_default = tn_str_ieq_c(value->text, "default");
    if (value->is_default)
        value->text = tn_str_n(NULL, 0);
    return true;
}

static bool equals(struct setting *set)
{
    tn_words_accept_punct(set->words, ':');
    if (tn_str_eq_c(set->words->token.text, ":=")) {
        tn_words_next(set->words);
        return true;
    }
    return tn_words_accept_punct(set->words, '=') || wrong(set);
}

/* Names that are not known are refused elsewhere. */
static bool fits(struct setting *set, struct tn_str name, struct tn_str collation)
{
    const struct tn_my_charset *charset = tn_my_charset_default(name), *own = tn_my_collation_find(collation);

    if (charset == NULL || own == NULL || strcmp(charset->charset, own->charset) == 0)
        return true;
    tn_fail(&set->err, TN_E_INVALID, "42704", "COLLATION '%s' is not valid for CHARACTER SET '%s'", own->collation, charset->charset);
    set->err.own_code = ER_COLLATION_CHARSET_MISMATCH;
    memcpy(set->err.own_sqlstate, "42000", sizeof "42000");
    return false;
}

static bool set_names(struct setting *set)
{
    struct tn_my_value value = {.text = tn_str_n(NULL, 0)}, collation = value;

    if (!read_value(set, &value))
        return false;
    if (tn_words_accept(set->words, "collate") && !read_value(set, &collation))
        return false;
    if (value.text.ptr == NULL)
        value.text = TN_STR("utf8mb4");
    if (collation.text.ptr != NULL && !fits(set, value.text, collation.text))
        return false;
    if (!assign_text(set, "character_set_client", value.text) || !assign_text(set, "character_set_results", value.text))
        return false;
    if (collation.text.ptr == NULL)
        return assign_text(set, "character_set_connection", value.text);
    if (!assign_text(set, "collation_connection", collation.text))
        return false;
    set->s->client_charset = set->s->results_charset = set->s->charset;
    return true;
}

static bool read_isolation(struct setting *set, char out[24])
{
    static const char *const names[] = {"READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"};
    char                     text[24];
    struct tn_str            first = set->words->token.text, second;

    tn_words_next(set->words);
    second = set->words->token.text;
    if (tn_str_ieq_c(first, "serializable"))
        second = TN_STR("");
    else
        tn_words_next(set->words);
    snprintf(text, sizeof text, "%.*s%s%.*s", (int)TN_MIN(first.len, (size_t)12), first.ptr, second.len > 0 ? " " : "", (int)TN_MIN(second.len, (size_t)11), second.ptr);
    for (size_t i = 0; i < TN_ARRAY_LEN(names); i++)
        if (tn_str_ieq_c(tn_str(text), names[i])) {
            snprintf(out, 24, "%s", names[i]);
            return true;
        }
    return wrong(set);
}

/* SET [SESSION] TRANSACTION characteristics: without SESSION of the next one only. */
static bool set_transaction(struct setting *set, bool session)
{
    struct tn_my_session *s = set->s;

    do {
        if (tn_words_accept(set->words, "isolation")) {
            if (!tn_words_accept(set->words, "level") || !read_isolation(set, session ? s->isolation : s->once_isolation))
                return wrong(set);
            if (session)
                tn_my_isolation_track(s);
        } else if (tn_words_accept(set->words, "read")) {
            bool only = tn_words_accept(set->words, "only");

            if (!only && !tn_words_accept(set->words, "write"))
                return wrong(set);
            *(session ? &s->read_only : &s->once_read_only) = only;
            if (session)
                tn_my_read_only_track(s);
        } else {
            return wrong(set);
        }
    } while (tn_words_accept_punct(set->words, ','));
    return true;
}

static bool set_user_variable(struct setting *set)
{
    struct tn_str      name = set->words->token.text;
    struct tn_my_value value = {.text = tn_str_n(NULL, 0)};

    tn_words_next(set->words);
    return equals(set) && read_value(set, &value) &&
           tn_my_user_variable_set(set->s, tn_str_n(name.ptr + 1, name.len - 1), &value, &set->err) == TN_OK;
}

static bool set_one(struct setting *set)
{
    struct tn_words *words = set->words;
    struct tn_my_value  value = {.text = tn_str_n(NULL, 0)};
    struct tn_str       name;
    bool                global = false, session;

    if (tn_my_read_variable(words, &name, &global))
        return equals(set) && read_value(set, &value) && assign(set, name, &value, global);
    if (words->token.kind == TN_TOKEN_WORD && words->token.text.ptr[0] == '@')
        return set_user_variable(set);
    if (tn_words_accept(words, "names"))
        return set_names(set);
    if (tn_words_at(words, "password")) {
        tn_fail(&set->err, TN_E_UNSUPPORTED, "0A000", "SET PASSWORD is not supported by Turnout, whose users are in its configuration: the engine's account is not the client's");
        return false;
    }
    if (tn_words_at(words, "charset") || tn_words_at(words, "character")) {
        if (tn_words_accept(words, "character") && !tn_words_at(words, "set"))
            return wrong(set);
        tn_words_next(words);
        return set_names(set);
    }
    global = tn_words_accept(words, "global") || tn_words_accept(words, "persist");
    session = !global && (tn_words_accept(words, "session") || tn_words_accept(words, "local"));
    if (tn_words_accept(words, "transaction"))
        return set_transaction(set, session || global);
    name = tn_token_name(&words->token);
    if (words->token.kind != TN_TOKEN_WORD && words->token.kind != TN_TOKEN_IDENT)
        return wrong(set);
    tn_words_next(words);
    return equals(set) && read_value(set, &value) && assign(set, name, &value, global);
}

static void told(struct tn_my_session *s)
{
    s->state_changed = true;
    tn_my_ok(s, 0, 0);
    tn_my_statement_done(s, false);
}

/* ---- what an engine must work out ---- */

/* Behind the expression at WORDS. */
static void skip_expression(struct tn_words *words)
{
    unsigned depth = 0;

    while (!tn_words_at_end(words) && (depth > 0 || words->token.punct != ',')) {
        depth += words->token.punct == '(' ? 1 : 0;
        depth -= words->token.punct == ')' && depth > 0 ? 1 : 0;
        tn_words_next(words);
    }
}

static bool at_variable(const struct tn_words *words)
{
    return words->token.kind == TN_TOKEN_WORD && words->token.text.len > 1 && words->token.text.ptr[0] == '@' && words->token.text.ptr[1] != '@';
}

/* @a = (SELECT ..), @b = @a + 1 */
struct assignments {
    size_t        count;
    struct tn_str names[TN_MY_ASSIGNED], expressions[TN_MY_ASSIGNED];
};

/* True: they are nothing but variables, and not all of it is known here. */
static bool read_assignments(struct tn_my_session *s, struct tn_words words, struct assignments *a)
{
    struct setting set = {.s = s, .words = &words, .err = TN_ERROR_INIT};
    bool           ok = true, foreign = false, about;

    a->count = 0;
    do {
        struct tn_str     *expression = &a->expressions[a->count];
        struct tn_my_value value;
        struct tn_words    before;

        ok = a->count < TN_MY_ASSIGNED && at_variable(&words);
        if (!ok)
            break;
        a->names[a->count++] = words.token.text;
        tn_words_next(&words);
        ok = equals(&set);
        before = words;
        foreign = foreign || (ok && (tn_my_evaluate(s, &words, &s->arena, &value, &about, &set.err) == TN_MY_NOT_OURS ||
                                     (!tn_words_at_end(&words) && words.token.punct != ',')));
        words = before;
        skip_expression(&words);
        *expression = tn_str_n(before.token.text.ptr, (size_t)(words.token.text.ptr - before.token.text.ptr)); /* with the end of its comment */
        ok = ok && expression->len > 0;
    } while (ok && tn_words_accept_punct(&words, ','));
    ok = ok && foreign && set.err.status == TN_OK;
    tn_error_reset(&set.err);
    return ok;
}

/* SET of them, or SELECT of what they are to be. */
static bool put_assignments(struct tn_my_session *s, const struct assignments *a, bool as_set, struct tn_str *out)
{
    struct tn_buf text;
    bool          ok;

    tn_buf_init(&text, 1024 * 1024 * 1024);
    for (size_t i = 0; i < a->count; i++) {
        tn_buf_puts(&text, i > 0 ? ", " : as_set ? "SET " : "SELECT ");
        if (as_set)
            tn_buf_printf(&text, TN_STR_FMT " := ", TN_STR_ARG(a->names[i]));
        tn_buf_put_str(&text, a->expressions[i]);
    }
    ok = !text.failed && tn_arena_str(&s->arena, tn_buf_str(&text), out);
    tn_buf_reset(&text);
    return ok;
}

/* An engine works all of them out before any is set. False: it is not asked. */
static bool set_by_engine(struct tn_my_session *s, struct tn_words words)
{
    struct assignments *a = tn_arena_alloc(&s->arena, sizeof *a);
    struct tn_str       sql;
    bool                theirs;

    if (a == NULL || !read_assignments(s, words, a))
        return false;
    theirs = tn_my_member_is_mysql(s, s->statement);
    if (!put_assignments(s, a, theirs, &sql))
        return false;
    if (!theirs)
        return tn_my_assign_set(s, a->names, a->count, sql);
    tn_my_query_run_as_said(s, sql);
    return true;
}

/* ---- with parameters ---- */

static bool is_number(enum tn_type type)
{
    return type == TN_TYPE_INT16 || type == TN_TYPE_INT32 || type == TN_TYPE_INT64 || type == TN_TYPE_FLOAT32 || type == TN_TYPE_FLOAT64 || type == TN_TYPE_NUMERIC;
}

static void put_param(struct tn_buf *out, const struct tn_param *param)
{
    struct tn_str text = param->value.type == TN_TYPE_TEXT ? param->value.as.text : param->pg_bytes;

    if (param->pg_bytes.ptr == NULL && text.ptr == NULL) {
        tn_buf_puts(out, "NULL");
        return;
    }
    if (is_number(param->value.type)) {
        tn_buf_put_str(out, text);
        return;
    }
    tn_buf_put_u8(out, '\'');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\'' || text.ptr[i] == '\\')
            tn_buf_put_u8(out, (uint8_t)text.ptr[i]);
        tn_buf_put_u8(out, (uint8_t)text.ptr[i]);
    }
    tn_buf_put_u8(out, '\'');
}

bool tn_my_set_is(struct tn_str sql)
{
    struct tn_words words;

    tn_words_init(&words, sql, TN_DIALECT_MYSQL);
    return tn_words_at(&words, "set");
}

bool tn_my_set_text(struct tn_my_session *s, struct tn_str sql, const struct tn_params *params, struct tn_str *out)
{
    struct tn_words words;
    struct tn_buf   text;
    size_t          copied = 0, count = 0;
    bool            ok;

    tn_buf_init(&text, 64 * 1024 * 1024);
    for (tn_words_init(&words, sql, TN_DIALECT_MYSQL); !tn_words_at_end(&words); tn_words_next(&words)) {
        size_t at = (size_t)(words.token.text.ptr - sql.ptr);

        if (words.token.kind != TN_TOKEN_PARAM || count == params->count)
            continue;
        tn_buf_append(&text, sql.ptr + copied, at - copied);
        put_param(&text, &params->items[count++]);
        copied = at + words.token.text.len;
    }
    tn_buf_append(&text, sql.ptr + copied, sql.len - copied);
    ok = !text.failed && tn_arena_str(&s->arena, tn_buf_str(&text), out);
    tn_buf_reset(&text);
    return ok;
}

static void set_all(struct tn_my_session *s, struct tn_words *words);

/* What its engine holds of the variables is known now. */
static void set_now(struct tn_my_session *s)
{
    struct tn_words words;

    tn_words_behind_verb(&words, s->statement, TN_DIALECT_MYSQL);
    set_all(s, &words);
}

static void run_as_said(struct tn_my_session *s)
{
    struct tn_my_run run = {.kind = TN_RUN_EXECUTE, .as_said = true};

    if (tn_my_self_answer(s, s->statement, false, &run.sql)) {
        tn_my_run(s, &run);
        return;
    }
    tn_my_fail(s, 1037, "HY001", "no memory for a statement");
    tn_my_statement_done(s, true);
}

/* MariaDB's SET STATEMENT .. FOR KILL 5: the number is one of ours, whatever it is set for. False: it is for something else. */
static bool set_for_own(struct tn_my_session *s, struct tn_words words)
{
    unsigned depth = 0;

    for (; !tn_words_at_end(&words); tn_words_next(&words)) {
        depth += words.token.punct == '(' ? 1 : 0;
        depth -= words.token.punct == ')' && depth > 0 ? 1 : 0;
        if (depth > 0 || !tn_words_accept(&words, "for"))
            continue;
        if (!tn_words_at(&words, "set")) /* another one in it */
            return tn_words_at(&words, "kill") && tn_my_own(s, tn_words_rest(&words));
    }
    return false;
}

void tn_my_set(struct tn_my_session *s, struct tn_words *words)
{
    if (tn_words_at(words, "statement") && set_for_own(s, *words))
        return;
    if (tn_words_at(words, "statement") && s->may_be_theirs) { /* MariaDB's SET STATEMENT .. FOR .. */
        run_as_said(s);
        return;
    }
    if (at_variable(words) && set_by_engine(s, *words))
        return;
    if (!tn_my_held_ask(s, *words, set_now))
        set_all(s, words);
}

static void set_all(struct tn_my_session *s, struct tn_words *words)
{
    struct setting set = {.s = s, .words = words, .err = TN_ERROR_INIT};
    bool           ok;

    tn_my_warnings_forget(s);
    tn_my_undo_begin(s);
    do {
        ok = set_one(&set);
    } while (ok && tn_words_accept_punct(words, ','));
    if (ok && !tn_words_at_end(words))
        ok = wrong(&set);
    s->row_count = 0;
    if (ok && !set.commits && tn_my_theirs_check(s))
        return;
    tn_my_undo_end(s, !ok);
    if (ok && set.commits) {
        tn_my_end_transaction(s, TN_ASK_COMMIT, told);
    } else if (ok) {
        told(s);
    } else {
        tn_my_error(s, &set.err);
        tn_error_reset(&set.err);
        tn_my_statement_done(s, true);
    }
}
