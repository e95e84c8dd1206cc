#include "session/setting_call.h"

#include "base/buf.h"
#include "session/words.h"

enum { LONGEST = 4096 };

/* 'text', without quotes; prefixes and dollars are not read. */
static bool read_text(struct tn_words *words, struct tn_arena *arena, struct tn_str *out)
{
    struct tn_str text = words->token.text;
    struct tn_buf plain;
    bool          ok;

    if (words->token.kind != TN_TOKEN_STRING || words->token.unterminated || text.len < 2 || text.ptr[0] != '\'')
        return false;
    tn_buf_init(&plain, LONGEST);
    for (size_t i = 1; i + 1 < text.len; i++) {
        tn_buf_put_u8(&plain, (uint8_t)text.ptr[i]);
        i += text.ptr[i] == '\'';
    }
    ok = !plain.failed && tn_arena_str(arena, tn_buf_str(&plain), out);
    tn_buf_reset(&plain);
    tn_words_next(words);
    return ok;
}

static bool read_bool(struct tn_words *words, bool *out)
{
    *out = tn_words_at(words, "true");
    return tn_words_accept(words, "true") || tn_words_accept(words, "false");
}

static bool read_arguments(struct tn_words *words, struct tn_arena *arena, struct tn_setting_call *out)
{
    bool missing_ok;

    if (!tn_words_accept_punct(words, '(') || !read_text(words, arena, &out->name))
        return false;
    if (out->sets && !(tn_words_accept_punct(words, ',') && read_text(words, arena, &out->value) && tn_words_accept_punct(words, ',') && read_bool(words, &out->local)))
        return false;
    if (!out->sets && tn_words_accept_punct(words, ',') && !read_bool(words, &missing_ok))
        return false;
    return tn_words_accept_punct(words, ')');
}

/* FROM pg_settings WHERE name = 'the same': only if there is such a setting, as pgAdmin says it. */
static bool read_condition(struct tn_words *words, struct tn_arena *arena, const struct tn_setting_call *call)
{
    struct tn_str name;

    if (!tn_words_accept(words, "from"))
        return true;
    if (tn_words_accept(words, "pg_catalog") && !tn_words_accept_punct(words, '.'))
        return false;
    return tn_words_accept(words, "pg_settings") && tn_words_accept(words, "where") && tn_words_accept(words, "name") && tn_words_accept_punct(words, '=') &&
           read_text(words, arena, &name) && tn_str_ieq(name, call->name);
}

bool tn_setting_call_read(struct tn_str sql, struct tn_arena *arena, struct tn_setting_call *out)
{
    struct tn_words words;

    *out = (struct tn_setting_call){.local = false};
    if (sql.len > LONGEST)
        return false;
    tn_words_behind_verb(&words, sql, TN_DIALECT_POSTGRES);
    if (tn_words_accept(&words, "pg_catalog") && !tn_words_accept_punct(&words, '.'))
        return false;
    out->sets = tn_words_at(&words, "set_config");
    if (!tn_words_accept(&words, "set_config") && !tn_words_accept(&words, "current_setting"))
        return false;
    out->column = out->sets ? TN_STR("set_config") : TN_STR("current_setting");
    if (!read_arguments(&words, arena, out))
        return false;
    if (!tn_words_at(&words, "from") && (tn_words_accept(&words, "as") || words.token.kind == TN_TOKEN_WORD || words.token.kind == TN_TOKEN_IDENT)) {
        out->column = tn_token_name(&words.token);
        tn_words_next(&words);
    }
    if (!read_condition(&words, arena, out))
        return false;
    tn_words_accept_punct(&words, ';');
    return tn_words_at_end(&words);
}
