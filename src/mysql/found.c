/* What FOUND_ROWS() is behind SELECT SQL_CALC_FOUND_ROWS .. LIMIT: an engine of MySQL's kind has counted (struct tn_run); another one is asked
 * when a statement wants to know, by SELECT COUNT(*) FROM (the same without its LIMIT). */
#include "base/alloc.h"
#include "base/buf.h"
#include "mysql/heads.h"
#include "mysql/plain.h"
#include "mysql/private.h"
#include "mysql/self.h"
#include "session/words.h"

enum { TEXT_BYTES = 256 * 1024, ROW_BYTES = 64 };

void tn_my_found_forget(struct tn_my_session *s)
{
    tn_free(s->found_text);
    tn_free(s->found_database);
    tn_settings_list_unref(s->found_settings);
    s->found_text = s->found_database = NULL;
    s->found_settings = NULL;
}

/* LIMIT at the end of the whole statement; false: it has none, or more comes behind it. */
static bool find_limit(struct tn_str sql, struct tn_str *limit)
{
    struct tn_words words;
    unsigned        depth = 0;

    *limit = TN_STR("");
    for (tn_words_init(&words, sql, TN_DIALECT_MYSQL); !tn_words_at_end(&words); tn_words_next(&words)) {
        const struct tn_token *token = &words.token;

        depth += token->punct == '(' ? 1 : 0;
        depth -= token->punct == ')' && depth > 0 ? 1 : 0;
        if (depth == 0 && tn_words_at(&words, "limit"))
            *limit = token->text;
        else if (limit->len > 0 && token->kind != TN_TOKEN_NUMBER && token->punct != ',' && !tn_words_at(&words, "offset"))
            return false;
    }
    return limit->len > 0;
}

static bool put_count(struct tn_str sql, struct tn_str modifier, struct tn_str limit, struct tn_buf *out)
{
    const char *behind = modifier.ptr + modifier.len;

    tn_buf_puts(out, "SELECT COUNT(*) FROM (");
    tn_buf_append(out, sql.ptr, (size_t)(modifier.ptr - sql.ptr));
    tn_buf_append(out, behind, (size_t)(limit.ptr - behind));
    tn_buf_puts(out, "\n) AS found_rows");
    return !out->failed;
}

/* Values instead of what is the session's, as the statement itself has. */
static bool fill(struct tn_my_session *s, struct tn_str sql, struct tn_str *out)
{
    struct tn_str known;
    unsigned      params;

    return tn_my_self_answer(s, sql, true, &known) && tn_my_plain(known, &s->arena, out, &params);
}

/* With all that the session may change before it asks: values, settings, the database. Parameters are not kept: what was executed with some
 * counts the rows that were sent. */
static void keep(struct tn_my_session *s, const struct tn_my_run *run, struct tn_str modifier)
{
    struct tn_buf text;
    struct tn_str limit, sql;

    tn_buf_init(&text, TEXT_BYTES);
    if (find_limit(run->asked, &limit) && limit.ptr > modifier.ptr && put_count(run->asked, modifier, limit, &text) && fill(s, tn_buf_str(&text), &sql)) {
        s->found_settings = tn_settings_list_ref(run->settings != NULL ? run->settings : s->settings);
        s->found_database = tn_strdup(s->database);
        s->found_text = s->found_database != NULL ? tn_strndup(sql.ptr, sql.len) : NULL;
    }
    tn_buf_reset(&text);
}

bool tn_my_found_begin(struct tn_my_session *s, const struct tn_my_run *run)
{
    struct tn_str modifier;

    tn_my_found_forget(s);
    if (run->kind != TN_RUN_EXECUTE || run->asked.ptr == NULL || !tn_my_counts_found(run->asked, &modifier))
        return false;
    if (run->params.count == 0)
        keep(s, run, modifier);
    return true;
}

void tn_my_found_take(struct tn_my_session *s, uint64_t rows)
{
    tn_my_found_forget(s);
    s->found_rows = rows;
}

/* ---- asking ---- */

static void take_row(struct tn_my_session *s, struct tn_str row)
{
    struct tn_my_cursor cursor = tn_my_cursor_of(row);
    struct tn_str       number = tn_my_get_lenenc_str(&cursor, NULL);
    uint64_t            rows;

    if (!cursor.failed && number.ptr != NULL && tn_str_to_u64(number, UINT64_MAX, &rows))
        s->found_rows = rows;
}

static void on_chunk(struct tn_ask *ask, struct tn_chunk *chunk)
{
    tn_my_asked_rows(ask, chunk, ROW_BYTES, take_row);
}

/* Without an answer it is the number of rows that were sent, and a warning says so. */
static void on_done(struct tn_ask *ask)
{
    struct tn_my_session *s = ask->owner;

    if (ask->query->error.status != TN_OK)
        tn_my_warn(s, "Warning", 1105, "FOUND_ROWS() is the number of rows that were sent: the statement could not be counted without its LIMIT");
    s->ask = NULL;
    tn_my_transaction_after(s, ask);
    s->then(s);
}

static const struct tn_ask_events events = {.columns = tn_my_asked_columns, .chunk = on_chunk, .done = on_done};

/* The function itself, not SQL_CALC_FOUND_ROWS or a text. */
static bool calls_it(struct tn_str sql)
{
    const struct tn_str name = TN_STR("found_rows");
    struct tn_words     words;

    if (!tn_str_holds_any(sql, &name, 1))
        return false;
    for (tn_words_init(&words, sql, TN_DIALECT_MYSQL); !tn_words_at_end(&words);)
        if (!tn_words_accept(&words, "found_rows"))
            tn_words_next(&words);
        else if (words.token.punct == '(')
            return true;
    return false;
}

static bool ask(struct tn_my_session *s, void (*then)(struct tn_my_session *s))
{
    struct tn_question question = {
        .protocol = "mysqlWire", .user = s->identity->user, .user_group_count = s->identity->group_count, .user_groups = s->identity->groups,
        .database = tn_str(s->found_database != NULL ? s->found_database : ""), .application = s->application, .address = tn_str(s->client.peer), .header_count = s->header_count,
        .headers = s->headers, .settings = s->found_settings, .sql = tn_str(s->found_text), .kind = TN_RUN_EXECUTE, .encoder = &s->encoder.base, .encoder_size = sizeof s->encoder,
        .events = &events, .owner = s, .handle = &s->ask, .transaction = s->in_tx ? &s->tx : NULL, .bond = &s->bond,
        .read_only = s->read_only,
    };
    bool asked;
    TN_ERROR_LOCAL(err);

    tn_my_encoder_init(&s->encoder, false, NULL);
    s->then = then;
    tn_my_wait(s);
    asked = tn_ask_start(s->runtime, &question, &err) == TN_OK;
    tn_my_found_forget(s); /* the question was a view of it */
    tn_error_reset(&err);
    return asked;
}

bool tn_my_found_ask(struct tn_my_session *s, struct tn_str sql, void (*then)(struct tn_my_session *s))
{
    return s->found_text != NULL && s->cursor_count == 0 && calls_it(sql) && ask(s, then);
}
