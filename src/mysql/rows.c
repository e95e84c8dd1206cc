/* Cursors: the rows of a statement that was executed with CURSOR_TYPE_READ_ONLY stay here until COM_STMT_FETCH asks for them.
 *
 *   EXECUTE -> columns -> FETCH n -> n rows -> ... -> FETCH -> LAST_ROW_SENT: closed
 *
 * Between two FETCHes the query goes on behind the cursor: rows wait in the run's window, the engine waits for credit. A statement
 * that needs the same connection (of the same transaction) waits until the rest was taken in: up to maxBuffered of it, what is more
 * is lost and the cursor's end says so. One that does not need it does not wait, but the cursor takes in what it may: its slot may
 * be the one that the statement needs. */
#include "mysql/private.h"

#include "base/alloc.h"
#include "mysql/catalog_ask.h"
#include "shadow_copy.h"

enum { CURSORS = 64, ER_NO_OPEN_CURSOR = 1421, ER_UNKNOWN_STATEMENT = 1243, ER_TOO_MANY = 1461, ER_NO_MEMORY = 1037 };

/* What is done with rows that nobody has fetched: they wait; they come in while there is room, and wait then; they come in; they go. */
enum drain { DRAIN_NOT, DRAIN_WITHIN, DRAIN_ALL, DRAIN_AWAY };

struct tn_my_rows {
    struct tn_list         node; /* of session->cursors */
    struct tn_my_session  *s;
    struct tn_my_prepared *statement; /* NULL: closed, but its connection is not free yet */
    struct tn_ask         *ask;       /* NULL: it has ended */
    struct tn_chunk       *first, *last;
    uint64_t               wanted;    /* rows of the present FETCH that were not sent */
    bool                   open;      /* the client knows its columns */
    bool                   cut;       /* rows were lost */
    enum drain             drain;
    struct tn_error        error;
};

static void put_chunk(struct tn_my_rows *rows, struct tn_chunk *chunk)
{
    chunk->next = NULL;
    if (rows->last != NULL)
        rows->last->next = chunk;
    else
        rows->first = chunk;
    rows->last = chunk;
    rows->s->cursor_bytes += chunk->bytes.len - chunk->sent;
}

static struct tn_chunk *take_chunk(struct tn_my_rows *rows)
{
    struct tn_chunk *chunk = rows->first;

    rows->first = chunk->next;
    if (rows->first == NULL)
        rows->last = NULL;
    rows->s->cursor_bytes -= chunk->bytes.len - chunk->sent;
    return chunk;
}

static bool is_room(const struct tn_my_rows *rows, size_t more)
{
    return rows->s->cursor_bytes + more <= rows->s->runtime->snapshot->config->settings.mysql_max_buffered;
}

/* Its connection is the one that the session's next statement gets. */
static bool shares(const struct tn_my_rows *rows)
{
    return rows->ask != NULL && (rows->ask->transaction != NULL || rows->ask->bond != NULL);
}

/* ---- the end ---- */

static void forget_run(struct tn_my_rows *rows, struct tn_run *run)
{
    tn_my_forget_run(rows->s, run);
    for (struct tn_chunk *chunk = rows->first; chunk != NULL; chunk = chunk->next)
        if (chunk->run == run)
            chunk->run = NULL;
}

static void free_rows(struct tn_my_rows *rows)
{
    struct tn_my_session *s = rows->s;
    struct tn_ask        *ask = rows->ask;

    rows->ask = NULL;
    if (ask != NULL) {
        forget_run(rows, &ask->query->run);
        tn_ask_orphan(ask, TN_CANCEL_CLIENT_GONE);
    }
    while (rows->first != NULL)
        tn_chunk_free(take_chunk(rows));
    if (s->fetching == rows)
        s->fetching = NULL;
    if (rows->statement != NULL)
        rows->statement->rows = NULL;
    tn_list_remove(&rows->node);
    s->cursor_count--;
    tn_error_reset(&rows->error);
    tn_free(rows);
}

/* The rest goes as it comes: to cancel the statement would spoil its transaction. */
static void let_go(struct tn_my_rows *rows)
{
    rows->drain = DRAIN_AWAY;
    while (rows->first != NULL) {
        struct tn_chunk *chunk = take_chunk(rows);
        struct tn_run   *run = chunk->run;

        tn_chunk_free(chunk);
        if (run != NULL)
            tn_run_credit(run);
    }
    rows->statement->rows = NULL;
    rows->statement = NULL;
    if (rows->ask == NULL)
        free_rows(rows);
}

void tn_my_rows_close(struct tn_my_rows *rows)
{
    if (rows == NULL)
        return;
    if (rows->s->fetching == rows)
        rows->s->fetching = NULL;
    if (shares(rows))
        let_go(rows);
    else
        free_rows(rows);
}

static void forget_later(struct tn_my_session *s)
{
    if (s->later.what != TN_MY_LATER_NOTHING)
        tn_settings_list_unref(s->later.run.settings);
    s->later.what = TN_MY_LATER_NOTHING;
}

void tn_my_rows_drop(struct tn_my_session *s)
{
    forget_later(s);
    TN_LIST_FOR_EACH_SAFE(node, &s->cursors) {
        struct tn_my_rows *rows = TN_CONTAINER_OF(node, struct tn_my_rows, node);

        if (shares(rows))
            free_rows(rows);
    }
}

/* ---- answers ---- */

/* The next packet is looked at, but never from inside of the engine's call. */
static void answered(struct tn_my_session *s)
{
    s->client.busy = false;
    if (s->client.processing || s->state == TN_MY_CLOSING)
        return;
    tn_my_flush(s);
    tn_my_again(s);
}

static void end_rows(struct tn_my_session *s, uint16_t status)
{
    s->cursor_status = status;
    tn_my_end_rows(s);
    s->cursor_status = 0;
}

/* Bytes of the first COUNT rows that CHUNK has left; a row of 16 MB and more is several frames. */
static size_t row_bytes(const struct tn_chunk *chunk, uint64_t count)
{
    size_t at = chunk->sent;

    while (count > 0) {
        const unsigned char *head = (const unsigned char *)chunk->bytes.data + at;
        size_t               frame = (size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16;

        at += TN_MY_HEADER + frame;
        if (frame < TN_MY_FRAME_MAX)
            count--;
    }
    return at - chunk->sent;
}

/* The first chunk holds more rows than are wanted: these. */
static void send_part(struct tn_my_rows *rows)
{
    struct tn_chunk *chunk = rows->first, *part = tn_chunk_new(TN_CHUNK_MAX);
    size_t           bytes = row_bytes(chunk, rows->wanted);

    if (part != NULL)
        tn_buf_append(&part->bytes, chunk->bytes.data + chunk->sent, bytes);
    if (part == NULL || part->bytes.failed) {
        tn_chunk_free(part);
        rows->s->client.out.failed = true;
        rows->wanted = 0;
        return;
    }
    chunk->sent += bytes;
    chunk->rows -= rows->wanted;
    rows->s->cursor_bytes -= bytes;
    rows->wanted = 0;
    tn_my_send_chunk(rows->s, part);
}

static void tell_end(struct tn_my_rows *rows)
{
    struct tn_my_session *s = rows->s;
    struct tn_error       err = TN_ERROR_INIT;

    tn_error_move(&err, &rows->error);
    if (err.status == TN_OK && rows->cut)
        tn_fail(&err, TN_E_LIMIT, "53400", "rows of a cursor were lost: another statement of its transaction needed the connection, and more of them "
                                           "than frontends.mysqlWire.maxBuffered were not fetched");
    free_rows(rows);
    if (err.status != TN_OK)
        tn_my_error(s, &err);
    else
        end_rows(s, TN_MY_STATUS_LAST_ROW_SENT);
    tn_error_reset(&err);
}

/* What the present FETCH may have of what is here. True: it is answered, and ROWS may be gone. */
static bool serve(struct tn_my_rows *rows)
{
    struct tn_my_session *s = rows->s;

    while (rows->wanted > 0 && rows->first != NULL) {
        if (rows->first->rows > rows->wanted) {
            send_part(rows);
        } else {
            struct tn_chunk *chunk = take_chunk(rows);

            rows->wanted -= chunk->rows;
            tn_my_send_chunk(s, chunk);
        }
    }
    if (rows->wanted > 0 && rows->ask != NULL)
        return false;
    s->fetching = NULL;
    if (rows->wanted > 0)
        tell_end(rows);
    else
        end_rows(s, TN_MY_STATUS_CURSOR_EXISTS);
    return true;
}

/* ---- what waits for a connection ---- */

static bool is_in_the_way(const struct tn_my_session *s)
{
    TN_LIST_FOR_EACH(node, &s->cursors)
        if (shares(TN_CONTAINER_OF(node, struct tn_my_rows, node)))
            return true;
    return false;
}

/* A credit may bring the next chunk, or the end, before it returns. */
static void take_held_in(struct tn_my_rows *rows)
{
    for (struct tn_chunk *chunk = rows->first; chunk != NULL && rows->ask != NULL; chunk = chunk->next) {
        struct tn_run *run = chunk->run;

        if (rows->drain == DRAIN_WITHIN && !is_room(rows, 0))
            return;
        chunk->run = NULL;
        if (run != NULL)
            tn_run_credit(run);
    }
}

static bool keep_text(struct tn_my_session *s, struct tn_str *text)
{
    return text->ptr == NULL || tn_arena_str(&s->arena, *text, text);
}

bool tn_my_keep_run(struct tn_my_session *s, struct tn_my_run *run)
{
    return keep_text(s, &run->sql) && keep_text(s, &run->native) && keep_text(s, &run->known) && keep_text(s, &run->before) &&
           keep_text(s, &run->asked) && keep_text(s, &run->bulk) && tn_copy_params(&s->arena, &run->params, &run->params);
}

static bool keep_later(struct tn_my_session *s, const struct tn_my_later *later)
{
    bool runs = later->what == TN_MY_LATER_RUN || later->what == TN_MY_LATER_CURSOR;

    s->later = *later;
    if (runs && !tn_my_keep_run(s, &s->later.run)) {
        s->later.what = TN_MY_LATER_NOTHING;
        return false;
    }
    if (later->run.settings != NULL)
        s->later.run.settings = tn_settings_list_ref(later->run.settings);
    return true;
}

bool tn_my_rows_make_way(struct tn_my_session *s, const struct tn_my_later *later)
{
    struct tn_error err;

    if (tn_list_empty(&s->cursors))
        return false;
    tn_error_init(&err);
    s->making_way = true;
    TN_LIST_FOR_EACH_SAFE(node, &s->cursors) {
        struct tn_my_rows *rows = TN_CONTAINER_OF(node, struct tn_my_rows, node);

        if (rows->drain < DRAIN_ALL)
            rows->drain = shares(rows) ? DRAIN_ALL : DRAIN_WITHIN;
        take_held_in(rows);
    }
    s->making_way = false;
    if (!is_in_the_way(s))
        return false;
    tn_my_wait(s);
    if (!keep_later(s, later)) {
        tn_fail(&err, TN_E_NOMEM, "53200", "no memory for a statement");
        tn_my_refused(s, &err);
    }
    return true;
}

static void go_on(struct tn_my_session *s)
{
    struct tn_my_later later = s->later;

    if (later.what == TN_MY_LATER_NOTHING || s->making_way || s->state == TN_MY_CLOSING || is_in_the_way(s))
        return;
    s->later.what = TN_MY_LATER_NOTHING;
    switch (later.what) {
    case TN_MY_LATER_RUN:     tn_my_run(s, &later.run); break;
    case TN_MY_LATER_CURSOR:  tn_my_rows_open(s, later.cursor, &later.run); break;
    case TN_MY_LATER_CATALOG: tn_my_catalog_resume(s, NULL); break;
    default:                  tn_my_end_transaction(s, later.end, later.after); break;
    }
    tn_settings_list_unref(later.run.settings);
}

void tn_my_rows_cancel(struct tn_my_session *s, enum tn_cancel why)
{
    struct tn_error err = TN_ERROR_INIT;
    bool            catalog = s->later.what == TN_MY_LATER_CATALOG;

    if (s->fetching != NULL && s->fetching->ask != NULL)
        tn_ask_cancel(s->fetching->ask, why);
    if (s->later.what == TN_MY_LATER_NOTHING)
        return;
    forget_later(s);
    tn_fail(&err, TN_E_CANCELLED, "57014", "Query execution was interrupted");
    if (catalog)
        tn_my_catalog_resume(s, &err);
    else
        tn_my_refused(s, &err);
}

/* ---- what the query says ---- */

static void on_columns(struct tn_ask *ask, const struct tn_schema *schema)
{
    struct tn_my_rows    *rows = ask->owner;
    struct tn_my_session *s = rows->s;
    struct tn_my_told     told = tn_my_told_of(s, ask);

    if (schema == NULL || rows->open)
        return;
    rows->open = true;
    rows->ask = ask;
    s->ask = NULL;
    s->row_count = -1;
    tn_my_put_columns(s, schema, &told);
    end_rows(s, TN_MY_STATUS_CURSOR_EXISTS);
    tn_arena_reset(&s->arena);
    answered(s);
}

static void on_chunk(struct tn_ask *ask, struct tn_chunk *chunk)
{
    struct tn_my_rows    *rows = ask->owner;
    struct tn_my_session *s = rows->s;
    struct tn_run        *run = ask->own ? NULL : &ask->query->run;
    bool                  waits = rows->drain == DRAIN_NOT || (rows->drain == DRAIN_WITHIN && !is_room(rows, chunk->bytes.len));

    rows->cut = rows->cut || (rows->drain == DRAIN_ALL && !is_room(rows, chunk->bytes.len));
    chunk->run = waits ? run : NULL;
    if (rows->cut || rows->drain == DRAIN_AWAY)
        tn_chunk_free(chunk);
    else
        put_chunk(rows, chunk);
    if (!waits) {
        if (run != NULL)
            tn_run_credit(run);
    } else if (s->fetching == rows && serve(rows)) {
        answered(s);
    } else if (s->fetching == rows && !s->client.processing) {
        tn_my_flush(s);
    }
}

static void on_notice(struct tn_ask *ask, const char *fields, size_t len)
{
    const struct tn_my_rows *rows = ask->owner;

    if (!rows->open || rows->s->fetching == rows)
        tn_my_notice(rows->s, fields, len);
}

/* It came to its end before it had columns: as any other statement. */
static void end_without_rows(struct tn_my_rows *rows, struct tn_query *q)
{
    struct tn_my_session *s = rows->s;

    s->ask = NULL;
    free_rows(rows);
    tn_my_tell_outcome(s, q);
    tn_my_statement_done(s, q->error.status != TN_OK);
}

static void on_done(struct tn_ask *ask)
{
    struct tn_my_rows    *rows = ask->owner;
    struct tn_my_session *s = rows->s;

    forget_run(rows, &ask->query->run);
    rows->ask = NULL;
    tn_my_transaction_after(s, ask);
    tn_my_state_after(s, ask->query->error.status == TN_OK && ask->query->run.before.len > 0);
    if (!rows->open) {
        end_without_rows(rows, ask->query);
        return;
    }
    tn_error_move(&rows->error, &ask->query->error);
    if (rows->statement == NULL)
        free_rows(rows);
    else if (s->fetching == rows && serve(rows))
        answered(s);
    go_on(s);
}

static const struct tn_ask_events events = {.columns = on_columns, .chunk = on_chunk, .notice = on_notice, .done = on_done};

/* ---- commands ---- */

static struct tn_my_rows *new_rows(struct tn_my_session *s, struct tn_my_prepared *p)
{
    struct tn_my_rows *rows = tn_calloc(1, sizeof *rows);

    if (rows == NULL)
        return NULL;
    rows->s = s;
    rows->statement = p;
    p->rows = rows;
    tn_list_append(&s->cursors, &rows->node);
    s->cursor_count++;
    return rows;
}

void tn_my_rows_open(struct tn_my_session *s, struct tn_my_prepared *p, const struct tn_my_run *run)
{
    struct tn_my_later later = {.what = TN_MY_LATER_CURSOR, .run = *run, .cursor = p};
    struct tn_error    err = TN_ERROR_INIT;
    struct tn_my_rows *rows;

    if (tn_my_rows_make_way(s, &later))
        return;
    rows = s->cursor_count < CURSORS ? new_rows(s, p) : NULL;
    if (rows == NULL) {
        bool many = s->cursor_count >= CURSORS;

        tn_my_fail(s, many ? ER_TOO_MANY : ER_NO_MEMORY, many ? "42000" : "HY001", many ? "Too many open cursors in this session: close some"
                                                                                      : "no memory for a cursor");
        tn_my_statement_done(s, true);
        return;
    }
    if (tn_my_ask(s, run, &events, rows, &err) == TN_OK)
        return;
    free_rows(rows);
    tn_my_refused(s, &err);
}

void tn_my_fetch(struct tn_my_session *s, struct tn_str body)
{
    struct tn_my_cursor    cursor = tn_my_cursor_of(body);
    uint32_t               id = tn_my_get_u32(&cursor), count = tn_my_get_u32(&cursor);
    struct tn_my_prepared *p = cursor.failed ? NULL : tn_my_statement_find(s, id);

    tn_my_count_statement(s);
    if (p == NULL || p->rows == NULL) {
        if (p == NULL)
            tn_my_fail(s, ER_UNKNOWN_STATEMENT, "HY000", "Unknown prepared statement handler (%u) given to mysqld_stmt_fetch", id);
        else
            tn_my_fail(s, ER_NO_OPEN_CURSOR, "HY000", "The statement (%u) has no open cursor.", id);
        return;
    }
    tn_my_warnings_forget(s);
    s->fetching = p->rows;
    p->rows->wanted = count;
    p->rows->drain = DRAIN_NOT;
    tn_my_wait(s);
    if (serve(p->rows))
        s->client.busy = false;
}
