/* Statements that the session answers itself: SET, SHOW, RESET, DISCARD, DEALLOCATE; and those that are refused. */
#include "session/private.h"

#include "session/setting_call.h"
#include "session/words.h"

static enum tn_status syntax(struct tn_error *err, const struct tn_words *words, const char *what)
{
    tn_fail(err, TN_E_INVALID, "42601", "syntax error at \"%.*s\" in %s", (int)TN_MIN(words->token.text.len, 100),
            tn_words_at_end(words) ? "end of input" : words->token.text.ptr, what);
    if (tn_words_at_end(words))
        tn_fail(err, TN_E_INVALID, "42601", "syntax error at end of input in %s", what);
    err->position = (int)(words->token.text.ptr - words->sql.ptr) + 1;
    return TN_E_INVALID;
}

/* A literal or identifier without its quotes, doubled ones undone, words of identifiers folded. */
static void put_plain(struct tn_buf *out, const struct tn_token *token, bool fold)
{
    struct tn_str text = token->text;
    char          quote = text.len > 0 ? text.ptr[0] : 0;

    if ((token->kind == TN_TOKEN_STRING || token->kind == TN_TOKEN_IDENT) && (quote == '\'' || quote == '"') && text.len >= 2) {
        for (size_t i = 1; i + 1 < text.len; i++) {
            tn_buf_put_u8(out, (uint8_t)text.ptr[i]);
            if (text.ptr[i] == quote && text.ptr[i + 1] == quote)
                i++;
        }
        return;
    }
    for (size_t i = 0; i < text.len; i++)
        tn_buf_put_u8(out, (uint8_t)(fold ? tn_ascii_lower(text.ptr[i]) : text.ptr[i]));
}

/* a, a.b, "a"."b" in lower case; empty on a syntax error. */
static struct tn_str read_name(struct tn_words *words, struct tn_arena *arena)
{
    struct tn_buf name;
    struct tn_str out = {"", 0};

    tn_buf_init(&name, 256);
    while (words->token.kind == TN_TOKEN_WORD || words->token.kind == TN_TOKEN_IDENT) {
        put_plain(&name, &words->token, words->token.kind == TN_TOKEN_WORD);
        tn_words_next(words);
        if (!tn_words_at_punct(words, '.'))
            break;
        tn_buf_put_u8(&name, '.');
        tn_words_next(words);
    }
    if (!name.failed && !tn_arena_str(arena, tn_buf_str(&name), &out))
        out = tn_str_n("", 0);
    tn_buf_reset(&name);
    return out;
}

/* One value or a list; strings and identifiers lose their quotes when alone, in a list identifiers keep what they need. */
static bool read_values(struct tn_words *words, struct tn_arena *arena, struct tn_str *out)
{
    struct tn_buf text;
    bool          good = true;

    tn_buf_init(&text, 64 * 1024);
    while (good) {
        bool minus = tn_words_at_punct(words, '-') || tn_words_at_punct(words, '+');

        if (minus) {
            if (tn_words_at_punct(words, '-'))
                tn_buf_put_u8(&text, '-');
            tn_words_next(words);
        }
        good = words->token.kind != TN_TOKEN_END && words->token.kind != TN_TOKEN_PUNCT && words->token.kind != TN_TOKEN_PARAM;
        if (!good)
            break;
        if (words->token.kind == TN_TOKEN_IDENT && words->token.text.len > 0 && words->token.text.ptr[0] == '"')
            tn_buf_put_str(&text, words->token.text);
        else
            put_plain(&text, &words->token, words->token.kind == TN_TOKEN_WORD);
        tn_words_next(words);
        if (!tn_words_at_punct(words, ','))
            break;
        tn_buf_puts(&text, ", ");
        tn_words_next(words);
    }
    good = good && !text.failed && tn_arena_str(arena, tn_buf_str(&text), out);
    tn_buf_reset(&text);
    return good;
}

static enum tn_status change(struct tn_session *s, struct tn_str name, struct tn_str value, bool local, struct tn_error *err)
{
    if (local && s->tx.state == TN_TX_IDLE) {
        tn_pg_put_notice(tn_session_out(s), "WARNING", "25P01", "SET LOCAL can only be used in transaction blocks");
        return TN_OK;
    }
    return tn_settings_change(&s->settings, name, value, TN_CFG_ENGINE_UNSET, local, false, s->runtime->snapshot, err);
}

/* SET [SESSION | LOCAL] TRANSACTION ..., SESSION CHARACTERISTICS AS TRANSACTION ... */
static enum tn_status set_characteristics(struct tn_session *s, struct tn_words *words, struct tn_error *err)
{
    if (!tn_words_accept(words, "as") || !tn_words_accept(words, "transaction"))
        return syntax(err, words, "SET SESSION CHARACTERISTICS");
    while (!tn_words_at_end(words)) {
        struct tn_str level = {NULL, 0};

        if (tn_words_accept(words, "isolation")) {
            if (!tn_words_accept(words, "level"))
                return syntax(err, words, "SET SESSION CHARACTERISTICS");
            if (tn_words_accept(words, "serializable"))
                level = TN_STR("serializable");
            else if (tn_words_accept(words, "repeatable") && tn_words_accept(words, "read"))
                level = TN_STR("repeatable read");
            else if (tn_words_accept(words, "read") && tn_words_at(words, "committed"))
                level = TN_STR("read committed");
            else
                level = TN_STR("read uncommitted");
            if (level.len > 12 && !tn_str_eq_c(level, "repeatable read"))
                tn_words_next(words);
            TN_TRY(change(s, TN_STR("default_transaction_isolation"), level, false, err));
        } else if (tn_words_accept(words, "read")) {
            bool only = tn_words_at(words, "only");

            if (!tn_words_accept(words, "only") && !tn_words_accept(words, "write"))
                return syntax(err, words, "SET SESSION CHARACTERISTICS");
            TN_TRY(change(s, TN_STR("default_transaction_read_only"), only ? TN_STR("on") : TN_STR("off"), false, err));
        } else if (tn_words_at(words, "not") || tn_words_at(words, "deferrable") || tn_words_at_punct(words, ',')) {
            tn_words_next(words);
        } else {
            return syntax(err, words, "SET SESSION CHARACTERISTICS");
        }
    }
    return TN_OK;
}

struct assignment {
    struct tn_str name, value; /* value.ptr NULL = DEFAULT */
    bool          local, session;
};

/* SET [SESSION | LOCAL] name = value and the forms with words of their own. */
static enum tn_status read_assignment(struct tn_words *words, struct tn_arena *arena, struct assignment *out, struct tn_error *err)
{
    static const struct {
        const char *word, *word2, *name;
    } forms[] = {{"time", "zone", "timezone"}, {"names", NULL, "client_encoding"}, {"schema", NULL, "search_path"},
                 {"role", NULL, "role"}, {"authorization", NULL, "session_authorization"}};

    for (size_t i = 0; i < TN_ARRAY_LEN(forms); i++)
        if (tn_words_at(words, forms[i].word)) {
            struct tn_words ahead = *words;

            tn_words_next(&ahead);
            if ((forms[i].word2 != NULL && !tn_words_accept(&ahead, forms[i].word2)) || tn_words_at(&ahead, "to") || tn_words_at_punct(&ahead, '='))
                continue;
            *words = ahead;
            out->name = tn_str(forms[i].name);
            if (tn_words_at(words, "default") || (i == 0 && tn_words_at(words, "local"))) {
                tn_words_next(words);
                return TN_OK;
            }
            return read_values(words, arena, &out->value) ? TN_OK : syntax(err, words, "SET");
        }
    out->name = read_name(words, arena);
    if (out->name.len == 0 || (!tn_words_accept(words, "to") && !tn_words_at_punct(words, '=')))
        return syntax(err, words, "SET: expected SET name = value");
    if (tn_words_at_punct(words, '='))
        tn_words_next(words);
    if (tn_words_accept(words, "default"))
        return TN_OK;
    return read_values(words, arena, &out->value) ? TN_OK : syntax(err, words, "SET");
}

/* The name goes into the engine's SQL as it is. */
static bool is_plain_name(struct tn_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '_')
            return false;
    }
    return true;
}

/* A name that is not in settings.def belongs to the engine: it says whether it knows it, and then the session keeps it for
 * every connection of that kind of engine. Names with a dot are anybody's, as in PostgreSQL. */
static bool set_by_engine(struct tn_session *s, const struct assignment *set, struct tn_arena *arena, struct tn_str *rewrite)
{
    struct tn_buf text;
    bool          ok;

    tn_buf_init(&text, 128 * 1024);
    tn_buf_printf(&text, "SET %s " TN_STR_FMT " TO ", set->local ? "LOCAL" : "SESSION", TN_STR_ARG(set->name));
    if (set->value.ptr == NULL)
        tn_buf_puts(&text, "DEFAULT");
    else
        tn_buf_put_quoted(&text, set->value, '\'');
    ok = !text.failed && tn_arena_str(arena, tn_buf_str(&text), rewrite) &&
         tn_arena_str(arena, set->name, &s->engine_set.name) && tn_arena_str(arena, set->value, &s->engine_set.value);
    if (set->value.ptr == NULL)
        s->engine_set.value = tn_str_n(NULL, 0);
    s->engine_set.pending = ok;
    s->engine_set.local = set->local;
    tn_buf_reset(&text);
    return ok;
}

/* True: done or failed here. */
static bool run_set(struct tn_session *s, struct tn_str sql, struct tn_reply *reply, struct tn_error *err,
                    struct tn_arena *arena, struct tn_str *rewrite)
{
    struct assignment set = {.value = {NULL, 0}};
    struct tn_words      words;

    snprintf(reply->tag, sizeof reply->tag, "SET");
    tn_words_behind_verb(&words, sql, TN_DIALECT_POSTGRES);
    if (tn_words_at(&words, "transaction")) {
        if (s->tx.state == TN_TX_OPEN)
            return false; /* the engine's transaction */
        tn_words_next(&words);
        if (s->tx.state == TN_TX_IDLE)
            tn_pg_put_notice(tn_session_out(s), "WARNING", "25P01", "SET TRANSACTION can only be used in transaction blocks");
        else
            tn_transaction_set(s, tn_str_n(words.token.text.ptr, (size_t)(sql.ptr + sql.len - words.token.text.ptr)), err);
        return true;
    }
    set.local = tn_words_at(&words, "local");
    if (!tn_words_accept(&words, "local") && tn_words_accept(&words, "session") && tn_words_accept(&words, "characteristics")) {
        set_characteristics(s, &words, err);
        return true;
    }
    if (read_assignment(&words, arena, &set, err) != TN_OK)
        return true;
    if (!tn_words_at_end(&words)) {
        syntax(err, &words, "SET");
        return true;
    }
    if (tn_setting_find(set.name) < 0 && memchr(set.name.ptr, '.', set.name.len) == NULL && !is_plain_name(set.name)) {
        tn_fail(err, TN_E_NOT_FOUND, "42704", "unrecognized configuration parameter \"%.*s\"", (int)TN_MIN(set.name.len, 200),
                set.name.ptr);
        return true;
    }
    if (tn_setting_find(set.name) < 0 && memchr(set.name.ptr, '.', set.name.len) == NULL)
        return !set_by_engine(s, &set, arena, rewrite);
    change(s, set.name, set.value, set.local, err);
    return true;
}

static void reset_all(struct tn_session *s)
{
    tn_settings_list_unref(s->settings);
    s->settings = tn_settings_list_ref(s->started);
}

/* Back to what the start-up said of it, or to the default. */
static enum tn_status reset_one(struct tn_session *s, struct tn_str name, struct tn_error *err)
{
    struct tn_str start = tn_settings_get_own(s->started, name);

    if (tn_settings_get(s->settings, name).ptr == NULL)
        return TN_OK;
    return tn_settings_change(&s->settings, name, start, TN_CFG_ENGINE_UNSET, false, false, NULL, err);
}

static void run_reset(struct tn_session *s, struct tn_str sql, struct tn_reply *reply, struct tn_error *err,
                      struct tn_arena *arena)
{
    struct tn_words  words;
    struct tn_str name;

    snprintf(reply->tag, sizeof reply->tag, "RESET");
    tn_words_behind_verb(&words, sql, TN_DIALECT_POSTGRES);
    if (tn_words_accept(&words, "all"))
        reset_all(s);
    else {
        if (tn_words_accept(&words, "time") && tn_words_accept(&words, "zone"))
            name = TN_STR("timezone");
        else if (tn_words_accept(&words, "session") && tn_words_accept(&words, "authorization"))
            name = TN_STR("role");
        else
            name = read_name(&words, arena);
        if (name.len == 0) {
            syntax(err, &words, "RESET");
            return;
        }
        if (reset_one(s, name, err) != TN_OK)
            return;
    }
    if (err->status == TN_OK && !tn_words_at_end(&words))
        syntax(err, &words, "RESET");
}

/* The parameter that SHOW asks for, ptr NULL when it is not ours to answer. */
static struct tn_str shown_name(struct tn_session *s, struct tn_str sql, struct tn_arena *arena, bool *all)
{
    struct tn_words  words;
    struct tn_str name;
    int           row;

    tn_words_behind_verb(&words, sql, TN_DIALECT_POSTGRES);
    *all = tn_words_at(&words, "all");
    if (*all)
        return TN_STR("all");
    if (tn_words_at(&words, "time")) {
        tn_words_next(&words);
        name = TN_STR("timezone");
        tn_words_accept(&words, "zone");
    } else if (tn_words_at(&words, "transaction")) {
        tn_words_next(&words);
        name = TN_STR("transaction_isolation");
        if (!tn_words_accept(&words, "isolation") || !tn_words_accept(&words, "level"))
            return tn_str_n(NULL, 0);
    } else {
        name = read_name(&words, arena);
    }
    if (!tn_words_at_end(&words) || name.len == 0)
        return tn_str_n(NULL, 0);
    row = tn_setting_find(name);
    if (row >= 0)
        return tn_setting_name(row);
    return tn_settings_get(s->settings, name).ptr != NULL ? name : tn_str_n(NULL, 0);
}

static struct tn_str shown_value(struct tn_session *s, struct tn_str name)
{
    if (tn_str_eq_c(name, "transaction_isolation"))
        return tn_settings_get(s->settings, TN_STR("default_transaction_isolation"));
    if (tn_str_eq_c(name, "transaction_read_only"))
        return s->tx.state != TN_TX_IDLE && s->tx.read_only ? TN_STR("on")
               : tn_settings_get(s->settings, TN_STR("default_transaction_read_only"));
    return tn_settings_get(s->settings, name);
}

static bool run_show(struct tn_session *s, struct tn_str sql, struct tn_reply *reply, struct tn_error *err,
                     struct tn_arena *arena)
{
    struct tn_str name = shown_name(s, sql, arena, &reply->show_all);

    if (name.ptr == NULL) {
        struct tn_words words;

        tn_words_behind_verb(&words, sql, TN_DIALECT_POSTGRES);
        if (memchr(sql.ptr, '.', sql.len) == NULL)
            return false; /* an engine's own: SHOW work_mem, SHOW TABLES */
        name = read_name(&words, arena);
        tn_fail(err, TN_E_NOT_FOUND, "42704", "unrecognized configuration parameter \"%.*s\"", (int)TN_MIN(name.len, 200), name.ptr);
        return true;
    }
    reply->column = name;
    reply->value = shown_value(s, name);
    snprintf(reply->tag, sizeof reply->tag, "SHOW");
    return true;
}

/* SELECT current_user and the like, and nothing more: engines know an account of ours, not who has logged in here. The column's
 * name; ptr NULL: it is something else, or nobody was asked who he is. */
static struct tn_str asks_who(const struct tn_session *s, struct tn_str sql, const struct tn_features *features)
{
    static const char *const names[] = {"current_user", "session_user", "user", "current_role"};
    struct tn_words          words;
    struct tn_str            column = {NULL, 0};

    if (features->verb != TN_VERB_SELECT || features->table_count > 0 || sql.len > 200 || s->console || s->identity->proof == TN_PROOF_NONE)
        return column;
    tn_words_behind_verb(&words, sql, TN_DIALECT_POSTGRES);
    for (size_t i = 0; i < TN_ARRAY_LEN(names) && column.ptr == NULL; i++)
        if (tn_words_accept(&words, names[i]))
            column = tn_str(names[i]);
    if (column.ptr == NULL)
        return column;
    if (tn_words_accept(&words, "as") && words.token.kind == TN_TOKEN_WORD) {
        column = words.token.text;
        tn_words_next(&words);
    }
    if (tn_words_at_punct(&words, ';'))
        tn_words_next(&words);
    return tn_words_at_end(&words) ? column : tn_str_n(NULL, 0);
}

/* What only a connection of PostgreSQL's can hold, and this session keeps none that might. */
static bool keeps_nothing(const struct tn_session *s)
{
    return s->lease == NULL || s->lease->cluster->ops->dialect != TN_DIALECT_POSTGRES || (s->tx.state == TN_TX_IDLE && !s->sticky);
}

/* SELECT pg_advisory_unlock_all(), which pools say when they take a connection back, whatever engine it used: there is no lock. */
static struct tn_str unlocks_all(const struct tn_session *s, struct tn_str sql, const struct tn_features *features)
{
    struct tn_words words;

    if (features->verb != TN_VERB_SELECT || features->table_count > 0 || sql.len > 200 || s->console || !keeps_nothing(s))
        return tn_str_n(NULL, 0);
    tn_words_behind_verb(&words, sql, TN_DIALECT_POSTGRES);
    if (tn_words_accept(&words, "pg_catalog") && tn_words_at_punct(&words, '.'))
        tn_words_next(&words);
    if (!tn_words_accept(&words, "pg_advisory_unlock_all") || !tn_words_at_punct(&words, '('))
        return tn_str_n(NULL, 0);
    tn_words_next(&words);
    if (!tn_words_at_punct(&words, ')'))
        return tn_str_n(NULL, 0);
    tn_words_next(&words);
    if (tn_words_at_punct(&words, ';'))
        tn_words_next(&words);
    return tn_words_at_end(&words) ? TN_STR("pg_advisory_unlock_all") : tn_str_n(NULL, 0);
}

/* set_config() and current_setting() of what the session itself keeps. */
static bool calls_setting(const struct tn_session *s, struct tn_str sql, const struct tn_features *features, struct tn_arena *arena, struct tn_setting_call *call)
{
    return features->table_count <= 1 && features->function_count == 1 && !s->console && tn_setting_call_read(sql, arena, call) && tn_setting_find(call->name) >= 0;
}

static bool run_select(struct tn_session *s, struct tn_str sql, const struct tn_features *features, struct tn_reply *reply, struct tn_error *err,
                       struct tn_arena *arena)
{
    struct tn_setting_call call;

    if (calls_setting(s, sql, features, arena, &call)) {
        reply->column = call.column;
        reply->value = call.sets ? call.value : shown_value(s, tn_setting_name(tn_setting_find(call.name)));
        if (call.sets)
            (void)change(s, call.name, call.value, call.local, err);
        snprintf(reply->tag, sizeof reply->tag, "SELECT 1");
        return true;
    }
    reply->column = asks_who(s, sql, features);
    reply->value = reply->column.ptr == NULL ? TN_STR("") : s->identity->user;
    if (reply->column.ptr == NULL)
        reply->column = unlocks_all(s, sql, features);
    if (reply->column.ptr == NULL)
        return false;
    snprintf(reply->tag, sizeof reply->tag, "SELECT 1");
    return true;
}

static void run_discard(struct tn_session *s, struct tn_str sql, struct tn_reply *reply, struct tn_error *err)
{
    struct tn_words words;

    tn_words_behind_verb(&words, sql, TN_DIALECT_POSTGRES);
    if (tn_words_accept(&words, "all")) {
        if (s->tx.state != TN_TX_IDLE) {
            tn_fail(err, TN_E_INVALID, "25001", "DISCARD ALL cannot run inside a transaction block");
            return;
        }
        tn_prepared_forget_all(s);
        reset_all(s);
        tn_session_drop_lease(s, true);
        snprintf(reply->tag, sizeof reply->tag, "DISCARD ALL");
    } else if (tn_words_accept(&words, "temp") || tn_words_accept(&words, "temporary")) {
        if (s->tx.state == TN_TX_IDLE)
            tn_session_drop_lease(s, true);
        snprintf(reply->tag, sizeof reply->tag, "DISCARD TEMP");
    } else if (tn_words_accept(&words, "plans")) {
        snprintf(reply->tag, sizeof reply->tag, "DISCARD PLANS");
    } else if (tn_words_accept(&words, "sequences")) {
        snprintf(reply->tag, sizeof reply->tag, "DISCARD SEQUENCES");
    } else {
        syntax(err, &words, "DISCARD: expected ALL, PLANS, SEQUENCES or TEMP");
    }
}

/* Names of Parse and names of PREPARE are one to a client; the second kind lives at the engine that the session keeps. */
static bool run_deallocate(struct tn_session *s, struct tn_str sql, struct tn_reply *reply, struct tn_error *err,
                           struct tn_arena *arena)
{
    struct tn_words  words;
    struct tn_str name;

    tn_words_behind_verb(&words, sql, TN_DIALECT_POSTGRES);
    tn_words_accept(&words, "prepare");
    if (tn_words_accept(&words, "all")) {
        tn_prepared_forget_all(s);
        snprintf(reply->tag, sizeof reply->tag, "DEALLOCATE ALL");
        return !s->sticky || s->lease == NULL || s->lease->cluster->ops->dialect != TN_DIALECT_POSTGRES; /* others know no ALL */
    }
    name = read_name(&words, arena);
    snprintf(reply->tag, sizeof reply->tag, "DEALLOCATE");
    if (name.len == 0)
        syntax(err, &words, "DEALLOCATE");
    else if (!tn_prepared_forget(s, name)) {
        if (s->sticky)
            return false;
        tn_fail(err, TN_E_NOT_FOUND, "26000", "prepared statement \"%.*s\" does not exist", (int)TN_MIN(name.len, 100), name.ptr);
    }
    return true;
}

/* Where there can be no cursor none is closed: pools say CLOSE ALL when they take a connection back, whatever engine it used. */
static bool run_close(const struct tn_session *s, struct tn_str sql, struct tn_reply *reply, struct tn_error *err, struct tn_arena *arena)
{
    struct tn_words words;
    struct tn_str   name;

    if (!keeps_nothing(s))
        return false;
    snprintf(reply->tag, sizeof reply->tag, "CLOSE CURSOR ALL");
    tn_words_behind_verb(&words, sql, TN_DIALECT_POSTGRES);
    if (tn_words_accept(&words, "all"))
        return true;
    name = read_name(&words, arena);
    if (name.len == 0)
        syntax(err, &words, "CLOSE");
    else
        tn_fail(err, TN_E_NOT_FOUND, "34000", "cursor \"%.*s\" does not exist", (int)TN_MIN(name.len, 100), name.ptr);
    return true;
}

static void refuse(struct tn_error *err, const char *what, const char *hint)
{
    tn_fail(err, TN_E_UNSUPPORTED, "0A000", "%s is not supported yet", what);
    tn_error_hint(err, "%s", hint);
}

/* RESET SHAPE, SHOW HELP: the console's, which understands them before the session does. */
static bool is_consoles(const struct tn_session *s, struct tn_str sql)
{
    return s->console && s->runtime->server->console->is_command(sql);
}

bool tn_command_run(struct tn_session *s, struct tn_str sql, const struct tn_features *features, struct tn_reply *reply,
                    struct tn_error *err, struct tn_arena *arena, struct tn_str *rewrite)
{
    tn_arena_reset(arena);
    s->engine_set.pending = false;
    if (is_consoles(s, sql))
        return false;
    switch (features->verb) {
    case TN_VERB_SELECT:     return run_select(s, sql, features, reply, err, arena);
    case TN_VERB_SET:        return run_set(s, sql, reply, err, arena, rewrite);
    case TN_VERB_SHOW:       return run_show(s, sql, reply, err, arena);
    case TN_VERB_RESET:      run_reset(s, sql, reply, err, arena); return true;
    case TN_VERB_DISCARD:    run_discard(s, sql, reply, err); return true;
    case TN_VERB_DEALLOCATE: return run_deallocate(s, sql, reply, err, arena);
    case TN_VERB_LISTEN:     refuse(err, "LISTEN", "Notifications need a direct connection to the engine."); return true;
    case TN_VERB_COPY:       refuse(err, "COPY", "Use INSERT and SELECT, or a direct connection to the engine."); return true;
    case TN_VERB_EXPLAIN:    return tn_explain_run(s, sql, reply, err);
    case TN_VERB_UNLISTEN:   snprintf(reply->tag, sizeof reply->tag, "UNLISTEN"); return true;
    case TN_VERB_CLOSE:      return run_close(s, sql, reply, err, arena);
    default:                 return false;
    }
}

bool tn_command_describe(struct tn_session *s, struct tn_str sql, const struct tn_features *features, struct tn_str *column)
{
    struct tn_setting_call call;
    bool                   all;

    *column = tn_str_n(NULL, 0);
    if (is_consoles(s, sql))
        return false;
    switch (features->verb) {
    case TN_VERB_SHOW:
        tn_arena_reset(&s->command_arena);
        *column = shown_name(s, sql, &s->command_arena, &all);
        return column->ptr != NULL;
    case TN_VERB_SELECT:
        *column = asks_who(s, sql, features);
        if (column->ptr == NULL)
            *column = unlocks_all(s, sql, features);
        if (column->ptr == NULL && calls_setting(s, sql, features, &s->command_arena, &call))
            *column = call.column;
        return column->ptr != NULL || features->class == TN_CLASS_EMPTY;
    case TN_VERB_SET: case TN_VERB_RESET: case TN_VERB_DISCARD: case TN_VERB_DEALLOCATE: case TN_VERB_LISTEN:
    case TN_VERB_COPY: case TN_VERB_UNLISTEN: case TN_VERB_CLOSE:
        return true;
    case TN_VERB_EXPLAIN:
        *column = tn_explain_is_asked(sql) ? TN_STR("ROUTE PLAN") : *column;
        return column->ptr != NULL;
    default:
        return features->class == TN_CLASS_EMPTY || tn_transaction_is_control(sql, features);
    }
}
