/* COM_STMT_BULK_EXECUTE: one statement for many rows of parameters, which clients of MariaDB send for executemany() and batches.
 *
 * A server that takes it (MariaDB) gets types and rows as they came. Any other engine gets the statement row by row:
 *
 *   RELAY --no_bulk--> [MARK] -> ROWS -> [RELEASE] -> told          MARK, RELEASE, UNDO: a savepoint in the client's transaction
 *                                 `--error--> [UNDO] -> told
 *
 * As on MariaDB an INSERT or REPLACE leaves all of its rows or none (outside of transactions they have one for themselves), while each row
 * of an UPDATE or DELETE is a statement of its own. DEFAULT, and IGNORE, which leaves a column as it is, are written into the text. */
#include "mysql/member.h"
#include "mysql/private.h"

#include "base/alloc.h"
#include "frontend/mysql/my_params.h"

enum { ER_UNSUPPORTED_PS = 1295, ER_WRONG_ARGUMENTS = 1210, ER_INVALID_DEFAULT_PARAM = 4032, ER_OUTOFMEMORY = 1037, TEXT_MAX = 64 * 1024 * 1024 };

enum bulk_at { BULK_RELAY, BULK_MARK, BULK_ROWS, BULK_RELEASE, BULK_UNDO };

struct tn_my_bulk {
    struct tn_my_prepared *statement;
    struct tn_buf          bytes;  /* types of its parameters, then rows */
    struct tn_my_cursor    rest;   /* rows that were not executed */
    enum bulk_at           at;
    bool                   whole;  /* all rows or none */
    bool                   ours;   /* its transaction was begun for it */
    bool                   alone;  /* nothing else is in its transaction */
    bool                   marked; /* a savepoint stands before it */
    uint64_t               rows, affected, replaced, insert_id;
    struct tn_error        error;  /* of the row that could not be executed */
};

static void next_row(struct tn_my_session *s);

void tn_my_bulk_forget(struct tn_my_session *s)
{
    if (s->bulk == NULL)
        return;
    tn_buf_reset(&s->bulk->bytes);
    tn_error_reset(&s->bulk->error);
    tn_free(s->bulk);
    s->bulk = NULL;
}

static void fail(struct tn_my_session *s, uint16_t code, const char *sqlstate, const char *message)
{
    tn_my_bulk_forget(s);
    tn_my_fail(s, code, sqlstate, "%s", message);
    tn_my_statement_done(s, true);
}

static void no_memory(struct tn_my_session *s)
{
    fail(s, ER_OUTOFMEMORY, "HY001", "no memory for rows of parameters");
}

static enum tn_verb verb_of(const struct tn_my_bulk *bulk)
{
    struct tn_features features;

    tn_features_read(&features, bulk->statement->text, TN_DIALECT_MYSQL);
    return features.verb;
}

/* The statements of one bulk are none that end it. */
static void run(struct tn_my_session *s, const char *sql, enum bulk_at at)
{
    struct tn_my_run run = {.kind = TN_RUN_EXECUTE, .sql = tn_str(sql)};

    s->bulk->at = at;
    tn_my_run(s, &run);
}

/* ---- the end ---- */

static void tell(struct tn_my_session *s)
{
    const struct tn_my_bulk *bulk = s->bulk;
    char                     text[96] = "";

    if (s->columns_told) { /* RETURNING */
        s->row_count = -1;
        tn_my_end_rows(s);
        tn_my_statement_done(s, false);
        return;
    }
    if (bulk->whole && bulk->rows > 1)
        snprintf(text, sizeof text, "Records: %llu  Duplicates: %llu  Warnings: 0", (unsigned long long)bulk->rows, (unsigned long long)bulk->replaced);
    s->row_count = (int64_t)bulk->affected;
    s->last_insert_id = bulk->insert_id != 0 ? bulk->insert_id : s->last_insert_id;
    tn_my_ok_with(s, bulk->affected, bulk->insert_id, tn_str(text));
    tn_my_statement_done(s, false);
}

static void tell_error(struct tn_my_session *s)
{
    s->row_count = -1;
    tn_my_error(s, &s->bulk->error);
    tn_my_statement_done(s, true);
}

/* While all of it is undone together no row needs a way back of its own. */
static void bear(struct tn_my_session *s, bool alone)
{
    if (s->in_tx && s->bulk->whole)
        s->tx.bears = alone;
}

static void finish(struct tn_my_session *s)
{
    struct tn_my_bulk *bulk = s->bulk;

    bear(s, true);
    if (bulk->ours)
        tn_my_end_transaction(s, TN_ASK_COMMIT, tell);
    else if (bulk->marked && s->in_tx)
        run(s, "RELEASE SAVEPOINT turnout_bulk", BULK_RELEASE);
    else
        tell(s);
}

/* The client's transaction goes on, as new. */
static void tell_in_new(struct tn_my_session *s)
{
    struct tn_ask_transaction old = s->tx;

    tn_ask_transaction_init(&s->tx, tn_str(old.modes), old.read_only);
    s->tx.bears = true;
    s->in_tx = true;
    s->tx_wrote = false;
    tell_error(s);
}

/* s->bulk->error is why. */
static void undo(struct tn_my_session *s)
{
    struct tn_my_bulk *bulk = s->bulk;

    bear(s, true);
    if (s->in_tx && bulk->ours)
        tn_my_end_transaction(s, TN_ASK_ROLLBACK, tell_error);
    else if (s->in_tx && bulk->whole && bulk->alone)
        tn_my_end_transaction(s, TN_ASK_ROLLBACK, tell_in_new);
    else if (s->in_tx && bulk->marked)
        run(s, "ROLLBACK TO SAVEPOINT turnout_bulk", BULK_UNDO);
    else
        tell_error(s);
}

/* ---- rows ---- */

/* Where a ? stands: as a value of VALUES (..), or as one that a column is set to. */
struct place {
    bool          update, values, assigns;
    unsigned      depth;
    char          before;       /* the punctuation right before; 0: a word */
    const char   *item;         /* where an assignment begins */
    struct tn_str column;       /* it is one to this column */
};

static void pass(struct place *place, const struct tn_words *words)
{
    const struct tn_token *token = &words->token;

    place->depth += token->punct == '(' ? 1 : 0;
    place->depth -= token->punct == ')' && place->depth > 0 ? 1 : 0;
    if (tn_words_at(words, "values") || tn_words_at(words, "value"))
        place->values = !place->update && place->depth == 0;
    else if (tn_words_at(words, "set") || (tn_words_at(words, "update") && !place->update && place->depth == 0))
        place->assigns = true;
    else if (tn_words_at(words, "where") || tn_words_at(words, "order") || tn_words_at(words, "limit") || tn_words_at(words, "returning"))
        place->assigns = false;
    if (place->depth == 0 && (tn_words_at(words, "set") || tn_words_at(words, "update") || token->punct == ','))
        place->item = token->text.ptr + token->text.len;
    else if (place->depth == 0 && token->punct == '=' && place->item != NULL)
        place->column = tn_str_trim(tn_str_n(place->item, (size_t)(token->text.ptr - place->item)));
    place->before = token->kind == TN_TOKEN_PUNCT ? token->punct : '\0';
}

static bool stands_alone(const struct place *place, struct tn_words words)
{
    tn_words_next(&words);
    if (place->assigns && place->depth == 0)
        return place->before == '=' && (tn_words_at_end(&words) || tn_words_at_punct(&words, ',') || words.token.kind == TN_TOKEN_WORD);
    return place->values && place->depth == 1 && (place->before == '(' || place->before == ',') &&
           (tn_words_at_punct(&words, ',') || tn_words_at_punct(&words, ')'));
}

/* The statement with DEFAULT, or the column itself, instead of parameters that say so; those are not among the *COUNT of PARAMS any more. */
static enum tn_status put_indicators(struct tn_my_session *s, const uint8_t *indicators, struct tn_param *params, size_t *count, struct tn_str *out,
                                     struct tn_error *err)
{
    struct tn_str   sql = s->bulk->statement->text;
    struct place    place = {.update = verb_of(s->bulk) == TN_VERB_UPDATE};
    struct tn_buf   text;
    struct tn_words words;
    size_t          copied = 0, seen = 0, kept = 0;
    enum tn_status  status = TN_OK;

    tn_buf_init(&text, TEXT_MAX);
    for (tn_words_init(&words, sql, TN_DIALECT_MYSQL); !tn_words_at_end(&words) && status == TN_OK; pass(&place, &words), tn_words_next(&words)) {
        size_t  at = (size_t)(words.token.text.ptr - sql.ptr);
        uint8_t indicator = words.token.kind == TN_TOKEN_PARAM && seen < *count ? indicators[seen] : 0;

        if (words.token.kind != TN_TOKEN_PARAM || seen == *count)
            continue;
        params[kept] = params[seen++];
        kept += indicator < TN_MY_INDICATOR_DEFAULT;
        if (indicator < TN_MY_INDICATOR_DEFAULT)
            continue;
        if (!stands_alone(&place, words)) {
            status = tn_fail(err, TN_E_INVALID, "HY000", "Default/ignore value is not supported for such parameter usage");
            err->own_code = ER_INVALID_DEFAULT_PARAM;
            memcpy(err->own_sqlstate, "HY000", sizeof "HY000");
        }
        tn_buf_append(&text, sql.ptr + copied, at - copied);
        tn_buf_put_str(&text, indicator == TN_MY_INDICATOR_IGNORE && place.assigns ? place.column : TN_STR("DEFAULT"));
        copied = at + words.token.text.len;
    }
    tn_buf_append(&text, sql.ptr + copied, sql.len - copied);
    *count = kept;
    if (status == TN_OK && (text.failed || !tn_arena_str(&s->arena, tn_buf_str(&text), out)))
        status = tn_fail(err, TN_E_NOMEM, "53200", "no memory for a statement");
    tn_buf_reset(&text);
    return status;
}

static enum tn_status read_row(struct tn_my_session *s, struct tn_my_run *run, struct tn_error *err)
{
    struct tn_my_bulk        *bulk = s->bulk;
    struct tn_my_prepared    *p = bulk->statement;
    struct tn_param          *params = tn_arena_zalloc(&s->arena, p->params * sizeof *params);
    uint8_t                  *indicators = tn_arena_zalloc(&s->arena, p->params);
    struct tn_my_param_source source = {.count = p->params, .types = p->types, .types_known = &p->types_known, .style = &s->settings->style,
                                        .integral_doubles = s->doubles_are_numbers, .charset = tn_my_charset_of_client(s)};
    struct tn_str             text = p->text;
    size_t                    count = p->params;
    bool                      plain = true;

    if (params == NULL || indicators == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for parameters");
    TN_TRY(tn_my_read_bulk_row(&bulk->rest, &source, &s->arena, params, indicators, err));
    for (size_t i = 0; i < p->params; i++)
        plain = plain && indicators[i] < TN_MY_INDICATOR_DEFAULT;
    if (!plain)
        TN_TRY(put_indicators(s, indicators, params, &count, &text, err));
    run->params = (struct tn_params){.count = count, .items = params};
    if (!tn_my_state_fill(s, text, plain ? p->plain : tn_str_n(NULL, 0), run))
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a statement");
    return TN_OK;
}

static void next_row(struct tn_my_session *s)
{
    struct tn_my_bulk *bulk = s->bulk;
    struct tn_my_run   run = {.kind = TN_RUN_EXECUTE};

    if (tn_my_left(&bulk->rest) == 0) {
        finish(s);
        return;
    }
    bulk->at = BULK_ROWS;
    if (bulk->ours || bulk->alone || bulk->marked)
        bear(s, false);
    tn_arena_reset(&s->arena);
    if (read_row(s, &run, &bulk->error) == TN_OK)
        tn_my_run(s, &run);
    else
        undo(s);
}

static void row_went(struct tn_my_session *s, struct tn_query *q)
{
    struct tn_my_bulk *bulk = s->bulk;

    if (q->error.status != TN_OK) {
        tn_my_tell_absent(s, q);
        tn_error_move(&bulk->error, &q->error);
        undo(s);
        return;
    }
    bulk->rows++;
    bulk->affected += tn_my_affected(s, &q->run);
    bulk->replaced += q->run.replaced;
    bulk->insert_id = bulk->insert_id != 0 ? bulk->insert_id : q->run.insert_id;
    next_row(s);
}

/* ---- row by row ---- */

static enum tn_cfg_engine engine_of(struct tn_my_session *s)
{
    struct tn_cluster       *member = NULL;
    struct tn_settings_list *settings = NULL;
    struct tn_error          err = TN_ERROR_INIT;
    enum tn_cfg_engine       engine = TN_CFG_ENGINE_UNSET;

    if (tn_my_member_find(s, s->bulk->statement->text, &member, &settings, &err) == TN_OK && member != NULL)
        engine = member->conf->engine;
    tn_error_reset(&err);
    tn_settings_list_unref(settings);
    return engine;
}

static void begin_rows(struct tn_my_session *s)
{
    struct tn_my_bulk *bulk = s->bulk;
    enum tn_verb       verb = verb_of(bulk);
    enum tn_cfg_engine engine = engine_of(s);
    bool               transactions = engine != TN_CFG_ENGINE_TRINO && engine != TN_CFG_ENGINE_STAR_ROCKS;

    bulk->whole = verb == TN_VERB_INSERT || verb == TN_VERB_REPLACE;
    if (!bulk->whole && verb != TN_VERB_UPDATE && verb != TN_VERB_DELETE) {
        fail(s, ER_UNSUPPORTED_PS, "HY000", "This command is not supported in the prepared statement protocol yet");
        return;
    }
    bulk->alone = !s->in_tx || s->tx.lease == NULL || (engine == TN_CFG_ENGINE_DUCKDB && !s->tx_wrote);
    if (bulk->whole && transactions && !s->in_tx && s->autocommit && !tn_my_in_xa(s)) {
        tn_my_begin(s, tn_str_n(NULL, 0), false);
        bulk->ours = true;
    } else if (bulk->whole && transactions && !bulk->alone && engine != TN_CFG_ENGINE_DUCKDB) { /* which has none; after an error its transaction is over */
        bulk->marked = true;
        run(s, "SAVEPOINT turnout_bulk", BULK_MARK);
        return;
    }
    next_row(s);
}

/* A savepoint that stays does no harm; where its transaction is lost, the rows are. */
static void released(struct tn_my_session *s, struct tn_query *q)
{
    if (q->error.status == TN_OK || (s->in_tx && !s->tx.failed)) {
        tell(s);
        return;
    }
    tn_error_move(&s->bulk->error, &q->error);
    tell_error(s);
}

void tn_my_bulk_went(struct tn_my_session *s, struct tn_query *q)
{
    bool failed = q->error.status != TN_OK;

    switch (s->bulk->at) {
    case BULK_RELAY:
        if (q->run.no_bulk) {
            s->bulkless = q->cluster;
            begin_rows(s);
            return;
        }
        tn_my_tell_outcome(s, q);
        tn_my_statement_done(s, failed);
        return;
    case BULK_MARK:
        if (!failed) {
            next_row(s);
            return;
        }
        tn_error_move(&s->bulk->error, &q->error);
        tell_error(s);
        return;
    case BULK_ROWS:    row_went(s, q); return;
    case BULK_RELEASE: released(s, q); return;
    default:           tell_error(s); return;
    }
}

bool tn_my_bulk_refused(struct tn_my_session *s, struct tn_error *err)
{
    switch (s->bulk->at) {
    case BULK_ROWS:
        tn_error_move(&s->bulk->error, err);
        undo(s);
        return true;
    case BULK_UNDO:
        tn_error_reset(err);
        tell_error(s);
        return true;
    default:
        return false;
    }
}

/* ---- the command ---- */

static void relay(struct tn_my_session *s)
{
    struct tn_my_prepared *p = s->bulk->statement;
    struct tn_my_run       run = {.kind = TN_RUN_EXECUTE, .bulk = tn_buf_str(&s->bulk->bytes)};

    if (tn_my_state_fill(s, p->text, p->plain, &run))
        tn_my_run(s, &run);
    else
        no_memory(s);
}

/* Types go along each time: the server's statement may not be the one that had them. */
static bool keep_bytes(struct tn_my_bulk *bulk, const struct tn_my_prepared *p, struct tn_str rows)
{
    tn_buf_init(&bulk->bytes, TN_CHUNK_MAX);
    for (size_t i = 0; i < p->params; i++)
        tn_my_put_u16(&bulk->bytes, p->types[i]);
    tn_buf_put_str(&bulk->bytes, rows);
    bulk->rest = tn_my_cursor_of(tn_str_n(bulk->bytes.data + 2 * p->params, rows.len));
    return !bulk->bytes.failed;
}

static void begin(struct tn_my_session *s, struct tn_my_prepared *p, struct tn_str rows)
{
    struct tn_cluster       *member = NULL;
    struct tn_settings_list *settings = NULL;
    struct tn_error          err = TN_ERROR_INIT;
    bool                     takes;

    s->bulk = tn_calloc(1, sizeof *s->bulk);
    if (s->bulk == NULL) {
        no_memory(s);
        return;
    }
    s->bulk->statement = p;
    if (!keep_bytes(s->bulk, p, rows)) {
        no_memory(s);
        return;
    }
    takes = tn_my_member_find(s, p->text, &member, &settings, &err) != TN_OK || (tn_my_member_is_mysqls(member) && member != s->bulkless);
    tn_error_reset(&err);
    tn_settings_list_unref(settings);
    if (takes)
        relay(s);
    else
        begin_rows(s);
}

void tn_my_bulk_execute(struct tn_my_session *s, struct tn_str body)
{
    struct tn_my_bulk_execute execution;
    struct tn_my_prepared    *p;
    TN_ERROR_LOCAL(err);

    tn_arena_reset(&s->arena);
    tn_my_count_statement(s);
    if (tn_my_parse_bulk(body, &execution, &err) != TN_OK) {
        tn_my_fatal(s, &err, "malformed packet");
        return;
    }
    p = tn_my_statement_find(s, execution.statement);
    if (p == NULL) {
        tn_my_statement_unknown(s, execution.statement, "mysqld_stmt_bulk_execute");
        return;
    }
    tn_my_rows_close(p->rows);
    s->binary = true;
    tn_my_wait(s);
    if (p->params == 0 || p->own || p->assigns) {
        fail(s, ER_UNSUPPORTED_PS, "HY000", "This command is not supported in the prepared statement protocol yet");
        return;
    }
    if ((execution.flags & TN_MY_BULK_TYPES) != 0) {
        p->types_known = false;
        if (tn_my_read_bulk_types(&execution.rest, p->types, p->params, &err) != TN_OK) {
            tn_my_fatal(s, &err, "malformed packet");
            return;
        }
        p->types_known = true;
    }
    if (!p->types_known || tn_my_left(&execution.rest) == 0 || (execution.flags & ~TN_MY_BULK_TYPES) != 0) {
        fail(s, ER_WRONG_ARGUMENTS, "HY000", "Incorrect arguments to mysqld_stmt_bulk_execute");
        return;
    }
    begin(s, p, tn_my_get_rest(&execution.rest));
}
