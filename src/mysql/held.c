/* Variables of the session's that are on its engine's connection (state.c): a SET of a system variable needs their values here. */
#include "mysql/private.h"
#include "mysql/variables.h"

enum { TEXT_BYTES = 64 * 1024, ROW_BYTES = 1024 * 1024, COLUMNS = 64 };

/* The next variable that is read, and not known here. */
static bool next_held(const struct tn_my_session *s, struct tn_words *words, struct tn_str *name)
{
    while (!tn_words_at_end(words)) {
        struct tn_token token = words->token;

        tn_words_next(words);
        if (token.kind != TN_TOKEN_WORD || token.text.len < 2 || token.text.ptr[0] != '@' || token.text.ptr[1] == '@' || words->token.punct == '=' ||
            words->token.punct == ':' || tn_str_eq_c(words->token.text, ":="))
            continue;
        *name = tn_str_n(token.text.ptr + 1, token.text.len - 1);
        if (!tn_my_knows_variable((struct tn_my_session *)(uintptr_t)s, *name))
            return true;
    }
    return false;
}

/* Which of the columns are numbers, one bit each, is kept until the row comes. */
static void on_columns(struct tn_ask *ask, const struct tn_schema *schema)
{
    struct tn_my_session *s = ask->owner;

    s->held_numbers = 0;
    for (size_t i = 0; schema != NULL && i < schema->count && i < COLUMNS; i++)
        if (!tn_type_is_text(schema->columns[i].type) || schema->columns[i].type == TN_TYPE_NUMERIC)
            s->held_numbers |= UINT64_C(1) << i;
}

/* One row of texts. The names are read before any value is known: each that is known is passed over. */
static void take_row(struct tn_my_session *s, struct tn_str body)
{
    struct tn_my_cursor cursor = tn_my_cursor_of(body);
    struct tn_words     words;
    struct tn_str       names[COLUMNS];
    struct tn_error     err = TN_ERROR_INIT;
    size_t              count = 0;

    tn_words_behind_verb(&words, s->statement, TN_DIALECT_MYSQL);
    while (count < COLUMNS && next_held(s, &words, &names[count]))
        count++;
    for (size_t i = 0; i < count && !cursor.failed; i++) {
        struct tn_my_value value = {.text = tn_my_get_lenenc_str(&cursor, &(bool){false}), .number = (s->held_numbers >> i & 1) != 0};

        if (!cursor.failed && value.text.ptr != NULL && tn_my_results_to_utf8(s, &value.text) && tn_my_user_variable_set(s, names[i], &value, &err) != TN_OK)
            tn_error_reset(&err);
    }
}

static void on_chunk(struct tn_ask *ask, struct tn_chunk *chunk)
{
    struct tn_error     err = TN_ERROR_INIT;
    struct tn_my_packet packet;
    size_t              used = 0;

    if (chunk->bytes.len > 0 && tn_my_parse_packet(chunk->bytes.data, chunk->bytes.len, ROW_BYTES, &packet, &used, &err) == TN_OK)
        take_row(ask->owner, packet.body);
    tn_error_reset(&err);
    tn_chunk_free(chunk);
    tn_ask_credit(ask);
}

/* Without an answer they are not known, and the SET says so. */
static void on_done(struct tn_ask *ask)
{
    struct tn_my_session *s = ask->owner;

    s->ask = NULL;
    tn_my_transaction_after(s, ask);
    s->then(s);
}

static const struct tn_ask_events events = {.columns = on_columns, .chunk = on_chunk, .done = on_done};

static bool put_question(const struct tn_my_session *s, struct tn_words words, struct tn_buf *sql)
{
    struct tn_str name;
    size_t        count = 0;

    while (count < COLUMNS && next_held(s, &words, &name))
        tn_buf_printf(sql, "%s@" TN_STR_FMT, count++ == 0 ? "SELECT " : ", ", TN_STR_ARG(name));
    return count > 0 && !sql->failed;
}

bool tn_my_held_ask(struct tn_my_session *s, struct tn_words words, void (*then)(struct tn_my_session *s))
{
    struct tn_error    err = TN_ERROR_INIT;
    struct tn_buf      text;
    struct tn_question question = {
        .protocol = "mysqlWire", .user = s->identity->user, .user_group_count = s->identity->group_count, .user_groups = s->identity->groups,
        .database = tn_str(s->database), .application = s->application, .address = tn_str(s->client.peer), .header_count = s->header_count,
        .headers = s->headers, .settings = s->settings, .kind = TN_RUN_EXECUTE, .encoder = &s->encoder.base, .encoder_size = sizeof s->encoder,
        .events = &events, .owner = s, .handle = &s->ask, .transaction = s->in_tx ? &s->tx : NULL, .bond = &s->bond,
    };
    bool asked = false;

    if (!tn_my_is_bound(s) || s->cursor_count > 0)
        return false;
    tn_buf_init(&text, TEXT_BYTES);
    if (put_question(s, words, &text)) {
        tn_my_encoder_init(&s->encoder, false, NULL);
        question.sql = tn_buf_str(&text);
        s->then = then;
        tn_my_wait(s);
        asked = tn_ask_start(s->runtime, &question, &err) == TN_OK;
    }
    tn_buf_reset(&text);
    tn_error_reset(&err);
    return asked;
}
