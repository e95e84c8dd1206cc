#include "mysql/evaluate.h"

#include "base/buf.h"
#include "mysql/plain.h"
#include "mysql/private.h"

#include <stdarg.h>

enum { DEPTH = 16, TEXT_MAX = 256 * 1024 };

struct evaluation {
    struct tn_my_session *s;
    struct tn_words   *words;
    struct tn_arena      *arena;
    bool                 *about_session;
    struct tn_error      *err;
    unsigned              depth;
};

static enum tn_my_evaluated evaluate(struct evaluation *e, struct tn_my_value *value);

/* ---- variables ---- */

bool tn_my_read_variable(struct tn_words *words, struct tn_str *name, bool *global)
{
    struct tn_str text = words->token.text;

    *global = false;
    if (words->token.kind != TN_TOKEN_WORD || !tn_str_starts(text, TN_STR("@@")))
        return false;
    *name = tn_str_n(text.ptr + 2, text.len - 2);
    tn_words_next(words);
    if (words->token.punct != '.')
        return true;
    *global = tn_str_ieq_c(*name, "global");
    tn_words_next(words);
    *name = tn_token_name(&words->token);
    tn_words_next(words);
    return true;
}

static enum tn_my_evaluated system_variable(struct evaluation *e, struct tn_my_value *value)
{
    struct tn_str name;
    bool          global;
    int           row;

    tn_my_read_variable(e->words, &name, &global);
    row = tn_my_variable_find(name);
    *e->about_session = true;
    if (row < 0 && e->s->may_be_theirs)
        return TN_MY_NOT_OURS;
    if (row < 0) {
        tn_fail(e->err, TN_E_NOT_FOUND, "42704", "Unknown system variable '%.*s'", (int)TN_MIN(name.len, (size_t)64), name.ptr);
        return TN_MY_WRONG;
    }
    value->text = global ? tn_my_variable_global(e->s, row, false, e->arena) : tn_my_variable_text(e->s, row, false, e->arena);
    value->number = tn_my_variable_is_number(row);
    return TN_MY_VALUE;
}

/* ---- functions ---- */

static struct tn_str print(struct tn_arena *arena, const char *fmt, ...) TN_PRINTF(2, 3);
static struct tn_str print(struct tn_arena *arena, const char *fmt, ...)
{
    char          text[512];
    struct tn_str out;
    va_list       args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return tn_arena_str(arena, tn_str(text), &out) ? out : tn_str_n(NULL, 0);
}

bool tn_my_session_value(struct tn_my_session *s, struct tn_str name, struct tn_arena *arena, struct tn_my_value *value)
{
    struct tn_str address = tn_peer_address(tn_str(s->client.peer));

    value->number = false;
    if (tn_str_ieq_c(name, "version")) {
        value->text = s->runtime->snapshot->config->settings.mysql_version;
    } else if (tn_str_ieq_c(name, "database") || tn_str_ieq_c(name, "schema")) {
        value->text = s->database[0] == '\0' ? tn_str_n(NULL, 0) : tn_str(s->database);
    } else if (tn_str_ieq_c(name, "user") || tn_str_ieq_c(name, "session_user") || tn_str_ieq_c(name, "system_user")) {
        value->text = print(arena, "%.200s@" TN_STR_FMT, s->user, TN_STR_ARG(address));
    } else if (tn_str_ieq_c(name, "current_user")) {
        value->text = print(arena, "%.200s@%%", s->user);
    } else if (tn_str_ieq_c(name, "current_role")) {
        value->text = TN_STR("NONE");
    } else if (tn_str_ieq_c(name, "connection_id")) {
        value->text = print(arena, "%u", s->id);
        value->number = true;
    } else if (tn_str_ieq_c(name, "last_insert_id")) {
        value->text = print(arena, "%llu", (unsigned long long)s->last_insert_id);
        value->number = true;
    } else if (tn_str_ieq_c(name, "row_count")) {
        value->text = print(arena, "%lld", (long long)s->row_count);
        value->number = true;
    } else if (tn_str_ieq_c(name, "found_rows")) {
        value->text = print(arena, "%llu", (unsigned long long)s->found_rows);
        value->number = true;
    } else {
        return false;
    }
    return true;
}

static bool session_function(struct evaluation *e, struct tn_str name, struct tn_my_value *value)
{
    if (!tn_my_session_value(e->s, name, e->arena, value))
        return false;
    *e->about_session = true;
    return true;
}

/* CONCAT and friends of what is known; stands behind the opening parenthesis. */
static enum tn_my_evaluated concat(struct evaluation *e, struct tn_my_value *value)
{
    struct tn_buf        text;
    bool                 null = false;
    enum tn_my_evaluated result = TN_MY_VALUE;

    tn_buf_init(&text, TEXT_MAX);
    do {
        struct tn_my_value part = {.number = false};

        result = evaluate(e, &part);
        null = null || part.text.ptr == NULL;
        if (result == TN_MY_VALUE && !null)
            tn_buf_put_str(&text, part.text);
    } while (result == TN_MY_VALUE && tn_words_accept_punct(e->words, ','));
    if (result == TN_MY_VALUE && !tn_words_accept_punct(e->words, ')'))
        result = TN_MY_NOT_OURS;
    value->text = tn_str_n(NULL, 0);
    value->number = false;
    if (result == TN_MY_VALUE && !null && (text.failed || !tn_arena_str(e->arena, tn_buf_str(&text), &value->text))) {
        tn_fail(e->err, TN_E_NOMEM, "53200", "no memory for a text");
        result = TN_MY_WRONG;
    }
    tn_buf_reset(&text);
    return result;
}

static enum tn_my_evaluated word(struct evaluation *e, struct tn_my_value *value)
{
    struct tn_str name = e->words->token.text;

    if (tn_str_starts(name, TN_STR("@@")))
        return system_variable(e, value);
    tn_words_next(e->words);
    if ((tn_str_ieq_c(name, "_utf8") || tn_str_ieq_c(name, "_utf8mb3") || tn_str_ieq_c(name, "_utf8mb4")) && e->words->token.kind == TN_TOKEN_STRING)
        return evaluate(e, value); /* all texts are */
    if (name.len > 1 && name.ptr[0] == '@') {
        if (e->words->token.punct == ':' || tn_str_eq_c(e->words->token.text, ":="))
            return TN_MY_NOT_OURS;
        if (tn_my_is_bound(e->s) && !tn_my_knows_variable(e->s, tn_str_n(name.ptr + 1, name.len - 1)))
            return TN_MY_NOT_OURS;
        *e->about_session = true;
        *value = tn_my_user_variable(e->s, tn_str_n(name.ptr + 1, name.len - 1), e->arena);
        return TN_MY_VALUE;
    }
    *value = (struct tn_my_value){.text = tn_str_n(NULL, 0), .number = true};
    if (tn_str_ieq_c(name, "null"))
        return TN_MY_VALUE;
    if (tn_str_ieq_c(name, "true") || tn_str_ieq_c(name, "false")) {
        value->text = tn_str_ieq_c(name, "true") ? TN_STR("1") : TN_STR("0");
        return TN_MY_VALUE;
    }
    if (tn_str_ieq_c(name, "current_user") && e->words->token.punct != '(')
        return session_function(e, name, value) ? TN_MY_VALUE : TN_MY_NOT_OURS;
    if (!tn_words_accept_punct(e->words, '('))
        return TN_MY_NOT_OURS;
    if (tn_str_ieq_c(name, "concat"))
        return concat(e, value);
    return session_function(e, name, value) && tn_words_accept_punct(e->words, ')') ? TN_MY_VALUE : TN_MY_NOT_OURS;
}

static enum tn_my_evaluated number(struct evaluation *e, bool negative, struct tn_my_value *value)
{
    struct tn_str text = e->words->token.text;

    value->number = true;
    value->text = negative ? print(e->arena, "-%.*s", (int)TN_MIN(text.len, (size_t)100), text.ptr) : text;
    tn_words_next(e->words);
    return TN_MY_VALUE;
}

static enum tn_my_evaluated evaluate(struct evaluation *e, struct tn_my_value *value)
{
    const struct tn_token *token = &e->words->token;
    enum tn_my_evaluated   result = TN_MY_NOT_OURS;

    if (++e->depth > DEPTH)
        return TN_MY_NOT_OURS;
    if (token->kind == TN_TOKEN_NUMBER) {
        result = number(e, false, value);
    } else if (token->kind == TN_TOKEN_STRING && (token->text.ptr[0] == '\'' || token->text.ptr[0] == '"')) {
        *value = (struct tn_my_value){.text = tn_my_unquote(token->text, e->arena)};
        tn_words_next(e->words);
        result = TN_MY_VALUE;
    } else if (token->kind == TN_TOKEN_WORD) {
        result = word(e, value);
    } else if (tn_words_accept_punct(e->words, '-')) {
        result = token->kind == TN_TOKEN_NUMBER ? number(e, true, value) : TN_MY_NOT_OURS;
    } else if (tn_words_accept_punct(e->words, '(')) {
        result = evaluate(e, value);
        if (result == TN_MY_VALUE && !tn_words_accept_punct(e->words, ')'))
            result = TN_MY_NOT_OURS;
    }
    e->depth--;
    return result;
}

enum tn_my_evaluated tn_my_evaluate(struct tn_my_session *s, struct tn_words *words, struct tn_arena *arena, struct tn_my_value *value,
                                    bool *about_session, struct tn_error *err)
{
    struct evaluation e = {.s = s, .words = words, .arena = arena, .about_session = about_session, .err = err};

    return evaluate(&e, value);
}
