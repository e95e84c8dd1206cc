/* System variables of the server that the statements go to, where it is of MySQL's kind: sessions there begin with its values, and what a
 * client sets is set there. They are asked for once, when a statement names one. */
#include "base/alloc.h"
#include "mysql/member.h"
#include "mysql/private.h"
#include "mysql/variables.h"
#include "session/words.h"

enum { VALUE_BYTES = 4096, ALL_BYTES = 64 * 1024, NAME_BYTES = 64 };

static bool is_theirs(struct tn_str name)
{
    int row;

    while (name.len > 0 && name.ptr[0] == '@')
        name = tn_str_n(name.ptr + 1, name.len - 1);
    row = tn_my_variable_find(name);
    return row >= 0 && tn_my_variable_is_theirs(row);
}

/* Most statements are about no variable, and are not read. SHOW VARIABLES tells all of them. */
static bool may_name_one(struct tn_str sql)
{
    struct tn_words words;

    tn_words_init(&words, sql, TN_DIALECT_MYSQL);
    return tn_words_at(&words, "set") || tn_words_at(&words, "show") ||
           (tn_words_at(&words, "select") && tn_str_has(sql, TN_STR("@@")));
}

static bool names_one(struct tn_str sql)
{
    struct tn_words words;

    for (tn_words_init(&words, sql, TN_DIALECT_MYSQL); !tn_words_at_end(&words); tn_words_next(&words))
        if (tn_words_at(&words, "variables") ||
            ((words.token.kind == TN_TOKEN_WORD || words.token.kind == TN_TOKEN_IDENT) && is_theirs(tn_token_name(&words.token))))
            return true;
    return false;
}

/* ---- asking ---- */

static void take_row(struct tn_my_session *s, struct tn_str body)
{
    struct tn_my_cursor cursor = tn_my_cursor_of(body);
    struct tn_str       name = tn_my_get_lenenc_str(&cursor, NULL), value = tn_my_get_lenenc_str(&cursor, NULL);
    char               *copy, *old = NULL;
    int                 row = cursor.failed ? -1 : tn_my_variable_find(name);

    if (row < 0 || value.ptr == NULL || value.len > VALUE_BYTES || !tn_my_variable_is_theirs(row))
        return;
    copy = tn_strndup(value.ptr, value.len);
    if (copy == NULL || !tn_map_put(&s->theirs, tn_str(tn_my_variable_name(row)), copy, (void **)&old))
        tn_free(copy);
    tn_free(old);
}

static void on_chunk(struct tn_ask *ask, struct tn_chunk *chunk)
{
    tn_my_asked_rows(ask, chunk, ALL_BYTES, take_row);
}

/* Without an answer the session does with Turnout's own values. */
static void on_done(struct tn_ask *ask)
{
    struct tn_my_session *s = ask->owner;

    s->ask = NULL;
    s->then(s);
}

static const struct tn_ask_events events = {.columns = tn_my_asked_columns, .chunk = on_chunk, .done = on_done};

static bool put_question(struct tn_buf *sql)
{
    const char *between = "";

    tn_buf_puts(sql, "SHOW VARIABLES WHERE Variable_name IN (");
    for (int row = 0; row < (int)tn_my_variable_rows(); row++)
        if (tn_my_variable_is_theirs(row)) {
            tn_buf_printf(sql, "%s'%s'", between, tn_my_variable_name(row));
            between = ", ";
        }
    tn_buf_puts(sql, ")");
    return !sql->failed;
}

static bool ask_for(struct tn_my_session *s, struct tn_str sql, void (*then)(struct tn_my_session *s))
{
    struct tn_cluster       *member = NULL;
    struct tn_settings_list *settings = NULL;
    struct tn_my_encoder     encoder;
    struct tn_error          err = TN_ERROR_INIT;
    struct tn_buf            text;
    struct tn_question       question = {
        .protocol = "mysqlWire", .user = s->identity->user, .user_group_count = s->identity->group_count, .user_groups = s->identity->groups,
        .database = tn_str(s->database), .application = s->application, .address = tn_str(s->client.peer), .header_count = s->header_count,
        .headers = s->headers, .kind = TN_RUN_EXECUTE, .encoder = &encoder.base, .encoder_size = sizeof encoder, .events = &events, .owner = s,
        .handle = &s->ask,
    };
    bool asked = false;

    s->may_be_theirs = tn_my_member_find(s, TN_STR("SELECT 1"), &member, &settings, &err) == TN_OK && tn_my_member_is_mysqls(member);
    if (s->may_be_theirs && !s->theirs_known && names_one(sql)) {
        s->theirs_known = true;
        s->then = then;
        tn_my_encoder_init(&encoder, false, NULL);
        tn_buf_init(&text, ALL_BYTES);
        question.settings = settings;
        asked = put_question(&text);
        question.sql = tn_buf_str(&text);
        asked = asked && tn_ask_start(s->runtime, &question, &err) == TN_OK;
        tn_buf_reset(&text);
    }
    tn_settings_list_unref(settings);
    tn_error_reset(&err);
    return asked;
}

bool tn_my_theirs_ask(struct tn_my_session *s, struct tn_str sql, void (*then)(struct tn_my_session *s))
{
    return may_name_one(sql) && ask_for(s, sql, then);
}

/* ---- setting ---- */

/* The server took them. */
static void on_taken(struct tn_my_session *s, const struct tn_schema *schema, const struct tn_my_told *told)
{
    (void)schema;
    (void)told;
    if (s->columns_told)
        return;
    s->columns_told = true;
    tn_my_ok(s, 0, 0);
}

bool tn_my_theirs_check(struct tn_my_session *s)
{
    struct tn_my_run         run = {.kind = TN_RUN_DESCRIBE, .sql = TN_STR("SELECT 1"), .apart = true};
    struct tn_cluster       *member = NULL;
    struct tn_settings_list *settings = NULL;
    struct tn_error          err = TN_ERROR_INIT;
    bool                     asks = s->undo.settings != NULL && s->settings->replay.hash != s->undo.settings->replay.hash &&
                tn_my_member_find(s, run.sql, &member, &settings, &err) == TN_OK && tn_my_member_is_mysqls(member);

    tn_error_reset(&err);
    if (asks) {
        run.settings = settings;
        s->on_schema = on_taken;
        tn_my_run(s, &run);
    }
    tn_settings_list_unref(settings);
    return asks;
}
