/* Variables of the session's that a statement gives values to, and that only an engine can work out: SET @a = (SELECT ..), SELECT .. INTO @a, DO .. (none). An
 * engine of MySQL's kind does it itself, and keeps them; of another one the values are asked for as one row, and kept here. */
#include "base/buf.h"
#include "mysql/member.h"
#include "mysql/plain.h"
#include "mysql/private.h"
#include "mysql/variables.h"
#include "session/words.h"

enum { ER_TOO_MANY_ROWS = 1172, ER_WRONG_NUMBER_OF_COLUMNS = 1222, ER_SP_FETCH_NO_DATA = 1329, TEXT_BYTES = 1024 * 1024 * 1024, ROW_BYTES = 16 * 1024 * 1024 };

struct tn_my_assign {
    struct tn_str       names[TN_MY_ASSIGNED];
    struct tn_my_value  values[TN_MY_ASSIGNED]; /* of the first row */
    bool                numbers[TN_MY_ASSIGNED];
    size_t              count, columns;
    uint64_t            rows;
    bool                is_set;   /* a SET, which changes no rows */
    bool                is_do;    /* DO: nobody gets the values */
    bool                failed;   /* no memory for a value */
};

/* ---- the row ---- */

static bool is_number(enum tn_type type)
{
    return type == TN_TYPE_BOOL || type == TN_TYPE_INT16 || type == TN_TYPE_INT32 || type == TN_TYPE_INT64 || type == TN_TYPE_FLOAT32 ||
           type == TN_TYPE_FLOAT64 || type == TN_TYPE_NUMERIC;
}

static void on_columns(struct tn_ask *ask, const struct tn_schema *schema)
{
    struct tn_my_session *s = ask->owner;

    s->assign->columns = schema == NULL ? 0 : schema->count;
    for (size_t i = 0; i < s->assign->columns && i < TN_MY_ASSIGNED; i++)
        s->assign->numbers[i] = is_number(schema->columns[i].type);
}

/* Infinity and NaN are no numbers in a statement's text, but texts that an engine reads as such. */
static bool is_written_number(struct tn_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '\0' || strchr("0123456789+-.eE", text.ptr[i]) == NULL)
            return false;
    return text.len > 0;
}

static void take_row(struct tn_my_session *s, struct tn_str body)
{
    struct tn_my_assign *a = s->assign;
    struct tn_my_cursor  cursor = tn_my_cursor_of(body);

    for (size_t i = 0; i < a->count && i < a->columns && !cursor.failed; i++) {
        bool          is_null = false;
        struct tn_str text = tn_my_get_lenenc_str(&cursor, &is_null);

        a->values[i] = (struct tn_my_value){.number = a->numbers[i] && (is_null || is_written_number(text))};
        if (!cursor.failed && text.ptr != NULL && !tn_arena_str(&s->arena, text, &a->values[i].text))
            a->failed = true;
    }
    a->failed = a->failed || cursor.failed;
}

static void on_chunk(struct tn_ask *ask, struct tn_chunk *chunk)
{
    struct tn_my_session *s = ask->owner;
    struct tn_error       err = TN_ERROR_INIT;
    struct tn_my_packet   packet;
    size_t                used = 0;

    if (s->assign->rows == 0 && chunk->rows > 0) {
        if (tn_my_parse_packet(chunk->bytes.data, chunk->bytes.len, ROW_BYTES, &packet, &used, &err) == TN_OK)
            take_row(s, packet.body);
        else
            s->assign->failed = true;
    }
    s->assign->rows += chunk->rows;
    tn_error_reset(&err);
    tn_chunk_free(chunk);
    tn_ask_credit(ask);
}

static void on_notice(struct tn_ask *ask, const char *fields, size_t len)
{
    tn_my_notice(ask->owner, fields, len);
}

/* ---- the answer ---- */

static bool keep_values(struct tn_my_session *s)
{
    struct tn_my_assign *a = s->assign;
    struct tn_error      err = TN_ERROR_INIT;
    bool                 ok = true;

    for (size_t i = 0; ok && i < a->count; i++)
        ok = tn_my_user_variable_set(s, a->names[i], &a->values[i], &err) == TN_OK;
    if (!ok)
        tn_my_error(s, &err);
    tn_error_reset(&err);
    return ok;
}

/* False: an error was told. */
static bool tell(struct tn_my_session *s)
{
    const struct tn_my_assign *a = s->assign;

    if (a->columns != a->count && !a->is_do) {
        tn_my_fail(s, ER_WRONG_NUMBER_OF_COLUMNS, "21000", "The used SELECT statements have a different number of columns");
        return false;
    }
    if (a->failed) {
        tn_my_fail(s, 1037, "HY001", "the row is longer than %d bytes, or there is no memory for it", (int)ROW_BYTES);
        return false;
    }
    if (a->rows > 0 && !keep_values(s))
        return false;
    if (a->rows > 1) { /* the first row is kept all the same */
        tn_my_fail(s, ER_TOO_MANY_ROWS, "42000", "Result consisted of more than one row");
        return false;
    }
    if (a->rows == 0)
        tn_my_warn(s, "Warning", ER_SP_FETCH_NO_DATA, "No data - zero rows fetched, selected, or processed");
    s->row_count = a->is_set ? 0 : (int64_t)a->rows;
    s->found_rows = a->is_set ? s->found_rows : a->rows;
    tn_my_ok(s, a->is_set ? 0 : a->rows, 0);
    return true;
}

static void on_done(struct tn_ask *ask)
{
    struct tn_my_session *s = ask->owner;
    struct tn_query      *q = ask->query;
    bool                  failed = q->error.status != TN_OK;

    s->ask = NULL;
    tn_my_transaction_after(s, ask);
    if (failed)
        tn_my_tell_outcome(s, q);
    else
        failed = !tell(s);
    s->more = s->more && !failed;
    s->assign = NULL;
    tn_my_statement_done(s, failed);
}

static const struct tn_ask_events events = {.columns = on_columns, .chunk = on_chunk, .notice = on_notice, .done = on_done};

/* With s->params, if it is a prepared one. */
static enum tn_status fill(struct tn_my_session *s, struct tn_str sql, struct tn_my_run *asked, struct tn_error *err)
{
    struct tn_str plain;
    unsigned      count;

    if (s->params.count == 0)
        return tn_my_query_fill(s, sql, asked, err);
    asked->params = s->params;
    if (!tn_my_plain(sql, &s->arena, &plain, &count) || !tn_my_state_fill(s, sql, plain, asked))
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a statement");
    return TN_OK;
}

static void run(struct tn_my_session *s, struct tn_my_assign *a, struct tn_str sql)
{
    struct tn_my_run asked = {.kind = TN_RUN_EXECUTE};
    TN_ERROR_LOCAL(err);

    s->assign = a;
    s->binary = false;
    if (fill(s, sql, &asked, &err) == TN_OK && tn_my_ask(s, &asked, &events, s, &err) == TN_OK)
        return;
    s->assign = NULL;
    tn_my_refused(s, &err);
}

/* ---- the statement ---- */

static bool at_variable(const struct tn_words *words)
{
    return words->token.kind == TN_TOKEN_WORD && words->token.text.len > 1 && words->token.text.ptr[0] == '@' && words->token.text.ptr[1] != '@';
}

/* Stands behind INTO. False: it is no list of variables. */
static bool read_names(struct tn_words *words, struct tn_my_assign *a)
{
    do {
        if (!at_variable(words) || a->count == TN_MY_ASSIGNED)
            return false;
        a->names[a->count++] = tn_str_n(words->token.text.ptr + 1, words->token.text.len - 1);
        tn_words_next(words);
    } while (tn_words_accept_punct(words, ','));
    return true;
}

/* INTO of the statement itself; *FROM and *TO are what to leave out. */
static bool find_into(struct tn_str sql, struct tn_my_assign *a, const char **from, const char **to)
{
    struct tn_words words;
    unsigned        depth = 0;

    for (tn_words_init(&words, sql, TN_DIALECT_MYSQL); !tn_words_at_end(&words); tn_words_next(&words)) {
        depth += words.token.punct == '(' ? 1 : 0;
        depth -= words.token.punct == ')' && depth > 0 ? 1 : 0;
        *from = words.token.text.ptr;
        if (depth > 0 || !tn_words_accept(&words, "into"))
            continue;
        *to = read_names(&words, a) ? words.token.text.ptr : NULL;
        return *to != NULL;
    }
    return false;
}

/* Most statements do not, and nothing is made ready for them. */
static bool may_give_values(struct tn_str sql)
{
    struct tn_words words;

    tn_words_init(&words, sql, TN_DIALECT_MYSQL);
    return tn_words_at(&words, "do") || (tn_words_at(&words, "select") && memchr(sql.ptr, '@', sql.len) != NULL);
}

/* A statement that gives variables their values here: FROM to TO are what a SELECT has beside the question. False: it is none, or its engine does it. */
static bool read_statement(struct tn_my_session *s, struct tn_str sql, struct tn_my_assign *a, const char **from, const char **to)
{
    struct tn_words words;

    *a = (struct tn_my_assign){.count = 0};
    tn_words_init(&words, sql, TN_DIALECT_MYSQL);
    if (!tn_my_speaks_mysql(s))
        return false;
    if (tn_words_accept(&words, "do")) {
        a->is_set = a->is_do = true;
        *from = sql.ptr;
        *to = words.token.text.ptr;
        return !tn_words_at_end(&words) && !tn_my_member_is_mysql(s, sql);
    }
    return tn_words_at(&words, "select") && find_into(sql, a, from, to) && !tn_my_member_is_mysql(s, sql);
}

bool tn_my_assign_is(struct tn_my_session *s, struct tn_str sql)
{
    struct tn_my_assign *a = may_give_values(sql) ? tn_arena_alloc(&s->arena, sizeof *a) : NULL;
    const char          *from, *to;

    return a != NULL && read_statement(s, sql, a, &from, &to);
}

bool tn_my_assign(struct tn_my_session *s, struct tn_str sql)
{
    struct tn_my_assign *a = s->cursor_count == 0 && may_give_values(sql) ? tn_arena_alloc(&s->arena, sizeof *a) : NULL;
    struct tn_buf        text;
    struct tn_str        asked;
    const char          *from, *to;
    bool                 ok;

    if (a == NULL || !read_statement(s, sql, a, &from, &to))
        return false;
    tn_buf_init(&text, TEXT_BYTES);
    tn_buf_append(&text, sql.ptr, (size_t)(from - sql.ptr));
    tn_buf_puts(&text, a->is_do ? "SELECT " : " ");
    tn_buf_append(&text, to, (size_t)(sql.ptr + sql.len - to));
    ok = !text.failed && tn_arena_str(&s->arena, tn_buf_str(&text), &asked);
    tn_buf_reset(&text);
    if (ok)
        run(s, a, asked);
    return ok;
}

bool tn_my_assign_set(struct tn_my_session *s, const struct tn_str *names, size_t count, struct tn_str select)
{
    struct tn_my_assign *a = s->cursor_count > 0 ? NULL : tn_arena_alloc(&s->arena, sizeof *a);

    if (a == NULL)
        return false;
    *a = (struct tn_my_assign){.count = count, .is_set = true};
    for (size_t i = 0; i < count; i++)
        a->names[i] = tn_str_n(names[i].ptr + 1, names[i].len - 1);
    run(s, a, select);
    return true;
}
