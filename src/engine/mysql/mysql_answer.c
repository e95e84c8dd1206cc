/* The server's answer to a command, message by message (MySQL source documentation, "Command Phase", "Text Resultset"). */
#include "base/alloc.h"
#include "engine/mysql/mysql_conn.h"
#include "engine/mysql/mysql_count.h"

enum { WORK_ROW = 5, WORK_BYTES = 512, COLUMNS_MAX = 262144 }; /* a SELECT without tables may have more than the 4096 of a table */

static void garbled(struct tn_mysql_conn *c, const char *what)
{
    tn_mysql_lose(c, "what the server sends is not MySQL's protocol", what);
}

static bool no_eof(const struct tn_mysql_conn *c)
{
    return (c->capabilities & TN_MY_CAP_DEPRECATE_EOF) != 0;
}

static uint8_t first_byte(struct tn_str message)
{
    return message.len == 0 ? 0 : (uint8_t)message.ptr[0];
}

static bool is_eof(struct tn_str message)
{
    return first_byte(message) == TN_MY_EOF && message.len < 9;
}

/* The end of a result: an EOF, or an OK that looks like one. A row that begins with this byte holds at least 16 MB. */
static bool is_end(const struct tn_mysql_conn *c, struct tn_str message)
{
    return no_eof(c) ? first_byte(message) == TN_MY_EOF && message.len < TN_MY_FRAME_MAX : is_eof(message);
}

/* ---- OK and ERR ---- */

/* What of the session the statement changed: all of it but a GTID is to be undone before another may have the connection. */
static void take_state(struct tn_mysql_conn *c, struct tn_str state)
{
    struct tn_my_cursor in = tn_my_cursor_of(state);

    while (tn_my_left(&in) > 0) {
        uint8_t       kind = tn_my_get_u8(&in);
        struct tn_str data = tn_my_get_lenenc_str(&in, NULL);

        if (in.failed || kind == TN_MY_TRACK_GTIDS || kind == TN_MY_TRACK_TRANSACTION || kind == TN_MY_TRACK_CHARACTERISTICS || data.len == 0)
            continue;
        if (kind == TN_MY_TRACK_SCHEMA)
            c->used_other_database = true;
        c->base.dirty = true;
        c->dirty_by_transaction = false;
    }
}

static void take_ok(struct tn_mysql_conn *c, struct tn_str message)
{
    struct tn_my_cursor in = tn_my_cursor_of(message);
    uint64_t            affected, insert_id;
    uint16_t            warnings;
    bool                tracks = (c->capabilities & TN_MY_CAP_SESSION_TRACK) != 0;
    struct tn_str       info = TN_STR("");

    tn_my_get_u8(&in);
    affected = tn_my_get_lenenc(&in, NULL);
    insert_id = tn_my_get_lenenc(&in, NULL);
    c->status = tn_my_get_u16(&in);
    warnings = tn_my_get_u16(&in);
    if (in.failed) {
        garbled(c, "an OK that is too short");
        return;
    }
    if (c->phase != TN_MYSQL_EXECUTE)
        return;
    if (tn_my_left(&in) > 0)
        info = tn_my_get_lenenc_str(&in, NULL);
    if (!c->now.result_ended) {
        c->run->unchanged = tn_mysql_unchanged(in.failed ? TN_STR("") : info, affected, c->run->sql, c->run->features);
        c->run->affected = affected + c->run->unchanged;
        c->run->insert_id = insert_id;
        tn_str_copy(c->info, sizeof c->info, in.failed ? TN_STR("") : info);
        c->run->my_info = tn_str(c->info);
    }
    c->now.warnings = warnings;
    if (tracks && !in.failed && (c->status & TN_MY_STATUS_SESSION_STATE_CHANGED) != 0)
        take_state(c, tn_my_get_lenenc_str(&in, NULL));
}

static void take_eof(struct tn_mysql_conn *c, struct tn_str message)
{
    struct tn_my_cursor in = tn_my_cursor_of(message);
    uint16_t            warnings;

    if (no_eof(c)) {
        take_ok(c, message);
        return;
    }
    tn_my_get_u8(&in);
    warnings = tn_my_get_u16(&in);
    if (c->phase == TN_MYSQL_EXECUTE)
        c->now.warnings = warnings;
    c->status = tn_my_get_u16(&in);
    if (in.failed)
        garbled(c, "an EOF that is too short");
}

static void take_error(struct tn_mysql_conn *c, struct tn_str message)
{
    struct tn_error err = TN_ERROR_INIT;

    tn_mysql_error(c, message, &err);
    if (c->failure.status == TN_OK)
        tn_error_move(&c->failure, &err);
    tn_error_reset(&err);
    tn_mysql_exchange_ended(c);
}

/* The owner wants all results of a procedure: this one is complete. */
static void tell_next(struct tn_mysql_conn *c)
{
    struct tn_run *run = c->run;

    tn_mysql_flush_rows(c);
    if (c->closed || c->run != run || c->now.discard)
        return;
    tn_mysql_rows_free(c); /* the next one's rows are others */
    run->warnings = c->now.warnings;
    run->events->next(run);
    if (c->closed)
        return;
    run->my_columns = tn_str_n(NULL, 0);
    run->my_info = tn_str_n(NULL, 0);
    run->affected = run->unchanged = run->insert_id = 0;
    run->my_status = 0;
    c->now.result_ended = c->now.columns_told = false;
    c->now.retried = true; /* too late for that */
}

/* One result of perhaps several is complete. */
static void result_ended(struct tn_mysql_conn *c)
{
    if (c->lost)
        return;
    c->now.result_ended = c->phase == TN_MYSQL_EXECUTE;
    c->expect = TN_MYSQL_EXPECT_FIRST;
    if (c->now.result_ended && !c->now.discard)
        c->run->my_status = c->status & TN_MY_STATUS_OF_RESULT;
    if ((c->status & TN_MY_STATUS_MORE_RESULTS) == 0)
        tn_mysql_exchange_ended(c);
    else if (c->now.result_ended && c->run->several && !c->now.discard)
        tell_next(c);
}

/* ---- results ---- */

/* It may not be asked for, but a server that does must have its answer: nothing. */
static void refuse_file(struct tn_mysql_conn *c)
{
    struct tn_error err = TN_ERROR_INIT;
    size_t          begun = tn_my_begin_packet(&c->wire.out);

    tn_fail(&err, TN_E_UNSUPPORTED, "0A000", "LOAD DATA LOCAL is not supported: Turnout sends no files");
    tn_error_blame(&err, TN_FAULT_UNSUPPORTED, false);
    if (c->failure.status == TN_OK)
        tn_error_move(&c->failure, &err);
    tn_error_reset(&err);
    if (!tn_mysql_wire_end(&c->wire, begun))
        tn_mysql_lose(c, "no memory", NULL);
    else
        tn_mysql_flush_output(c);
}

static void several_results(struct tn_mysql_conn *c)
{
    struct tn_error err = TN_ERROR_INIT;

    tn_fail(&err, TN_E_UNSUPPORTED, "0A000", "the statement gave more than one result");
    tn_error_hint(&err, "only the first one can be passed on; split the procedure");
    tn_error_blame(&err, TN_FAULT_UNSUPPORTED, false);
    if (c->run->error.status == TN_OK)
        tn_error_move(&c->run->error, &err);
    tn_error_reset(&err);
    c->now.discard = true;
}

static void take_count(struct tn_mysql_conn *c, struct tn_str message)
{
    struct tn_my_cursor in = tn_my_cursor_of(message);
    uint64_t            count = tn_my_get_lenenc(&in, NULL);

    if (in.failed || count == 0 || count > COLUMNS_MAX || tn_my_left(&in) > 0) {
        garbled(c, "a count of columns that cannot be");
        return;
    }
    if (c->phase == TN_MYSQL_EXECUTE && c->now.columns_told)
        several_results(c);
    else
        tn_buf_clear(&c->definitions);
    c->column_count = (size_t)count;
    c->columns_seen = 0;
    c->expect = TN_MYSQL_EXPECT_COLUMN;
}

static void take_first(struct tn_mysql_conn *c, struct tn_str message)
{
    switch (first_byte(message)) {
    case TN_MY_OK:
        take_ok(c, message);
        result_ended(c);
        break;
    case TN_MY_LOCAL_INFILE:
        refuse_file(c);
        break;
    default:
        if (is_eof(message))
            garbled(c, "an EOF where a result should begin");
        else
            take_count(c, message);
    }
}

/* Keeps the definition; where nobody wants the columns (a further result, a script) it is passed over. */
static void keep_definition(struct tn_mysql_conn *c, struct tn_str message)
{
    uint8_t sequence = 0;
    size_t  begun;

    if (c->spied != NULL)
        tn_mysql_proc_column(c, message);
    if ((c->phase != TN_MYSQL_EXECUTE && c->phase != TN_MYSQL_PREPARE) || (c->phase == TN_MYSQL_EXECUTE && c->now.columns_told))
        return;
    if (message.len >= TN_MY_FRAME_MAX) {
        garbled(c, "a definition of a column that is longer than 16 MB");
        return;
    }
    begun = tn_my_begin_packet(&c->definitions);
    tn_buf_put_str(&c->definitions, message);
    tn_my_end_packet(&c->definitions, begun, &sequence);
    if (c->definitions.failed)
        garbled(c, "more definitions of columns than there may be");
}

static void columns_ended(struct tn_mysql_conn *c)
{
    c->expect = TN_MYSQL_EXPECT_ROW;
    if (c->phase == TN_MYSQL_EXECUTE && !c->now.columns_told)
        tn_mysql_tell_columns(c);
}

/* No message of another kind begins so: it may come at any place of an answer, which ends with it. */
static bool is_error(struct tn_mysql_conn *c, struct tn_str message)
{
    if (first_byte(message) != TN_MY_ERR)
        return false;
    take_error(c, message);
    return true;
}

static void take_column(struct tn_mysql_conn *c, struct tn_str message)
{
    keep_definition(c, message);
    if (c->lost || ++c->columns_seen < c->column_count)
        return;
    if (no_eof(c))
        columns_ended(c);
    else
        c->expect = TN_MYSQL_EXPECT_COLUMNS_END;
}

static size_t take_row(struct tn_mysql_conn *c, struct tn_str message)
{
    if (is_end(c, message)) {
        take_eof(c, message);
        result_ended(c);
        return 1;
    }
    if (c->phase == TN_MYSQL_WARNINGS)
        tn_mysql_warning(c, message);
    else if (c->phase == TN_MYSQL_FOUND)
        tn_mysql_found_row(c, message);
    else if (c->phase == TN_MYSQL_COST)
        tn_mysql_cost_row(c, message);
    else if (c->spied != NULL)
        tn_mysql_proc_row(c, message);
    if (c->phase != TN_MYSQL_EXECUTE)
        return WORK_ROW;
    return WORK_ROW + c->column_count + tn_mysql_row(c, message) / WORK_BYTES;
}

/* ---- what a PREPARE answers ---- */

static void prepared(struct tn_mysql_conn *c)
{
    c->now.statement->ready = true;
    tn_mysql_exchange_ended(c);
}

static void fields_next(struct tn_mysql_conn *c)
{
    if (c->column_count > 0)
        c->expect = TN_MYSQL_EXPECT_FIELD;
    else
        prepared(c);
}

static void take_prepared(struct tn_mysql_conn *c, struct tn_str message)
{
    struct tn_my_cursor in = tn_my_cursor_of(message);

    tn_my_get_u8(&in);
    c->now.statement->id = tn_my_get_u32(&in);
    c->column_count = tn_my_get_u16(&in);
    c->param_count = tn_my_get_u16(&in);
    if (in.failed || first_byte(message) != TN_MY_OK) {
        garbled(c, "an answer to PREPARE that cannot be");
        return;
    }
    tn_buf_clear(&c->definitions);
    c->columns_seen = c->params_seen = 0;
    if (c->param_count > 0)
        c->expect = TN_MYSQL_EXPECT_PARAM;
    else
        fields_next(c);
}

static void take_param(struct tn_mysql_conn *c)
{
    if (++c->params_seen < c->param_count)
        return;
    if (no_eof(c))
        fields_next(c);
    else
        c->expect = TN_MYSQL_EXPECT_PARAMS_END;
}

static void take_field(struct tn_mysql_conn *c, struct tn_str message)
{
    keep_definition(c, message);
    if (c->lost || ++c->columns_seen < c->column_count)
        return;
    if (no_eof(c))
        prepared(c);
    else
        c->expect = TN_MYSQL_EXPECT_FIELDS_END;
}

static void expect_eof(struct tn_mysql_conn *c, struct tn_str message, void (*then)(struct tn_mysql_conn *))
{
    if (is_eof(message))
        then(c);
    else
        garbled(c, "no EOF where one must be");
}

size_t tn_mysql_message(struct tn_mysql_conn *c, struct tn_str message)
{
    if (c->phase == TN_MYSQL_PREPARE && c->expect == TN_MYSQL_EXPECT_FIRST)
        c->expect = TN_MYSQL_EXPECT_PREPARED;
    if (is_error(c, message))
        return 1;
    switch (c->expect) {
    case TN_MYSQL_EXPECT_FIRST:
        take_first(c, message);
        break;
    case TN_MYSQL_EXPECT_COLUMN:
        take_column(c, message);
        break;
    case TN_MYSQL_EXPECT_COLUMNS_END:
        expect_eof(c, message, columns_ended);
        break;
    case TN_MYSQL_EXPECT_ROW:
        return take_row(c, message);
    case TN_MYSQL_EXPECT_PREPARED:
        take_prepared(c, message);
        break;
    case TN_MYSQL_EXPECT_PARAM:
        take_param(c);
        break;
    case TN_MYSQL_EXPECT_PARAMS_END:
        expect_eof(c, message, fields_next);
        break;
    case TN_MYSQL_EXPECT_FIELD:
        take_field(c, message);
        break;
    case TN_MYSQL_EXPECT_FIELDS_END:
        expect_eof(c, message, prepared);
        break;
    }
    return 1;
}
