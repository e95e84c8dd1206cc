/* A statement on its way through the pipeline, and what comes back. */
#include "trino/private.h"

#include "stats/lexer.h"
#include "trino/bind.h"
#include "trino/catalog.h"
#include "trino/locate.h"
#include "trino/long_page.h"
#include "trino/reply.h"
#include "trino/segments.h"
#include "trino/transaction.h"

void tn_trino_wake(struct tn_trino_query *q)
{
    struct ev_loop *loop = q->home->worker->loop;

    if (tn_list_empty(&q->waiters) && q->post == NULL)
        return;
    if (q->post != NULL || tn_trino_page_ready(q)) {
        ev_feed_event(loop, &q->wait, EV_TIMER);
    } else if (q->first != NULL && q->first == q->last) { /* the first rows: little longer for more */
        ev_timer_stop(loop, &q->wait);
        ev_timer_set(&q->wait, TN_TRINO_ROWS_MS / 1000.0, 0);
        ev_timer_start(loop, &q->wait);
    }
}

static void put_columns(struct tn_trino_query *q, const struct tn_schema *schema)
{
    bool              tells = tn_trino_tells(&q->encoder, schema);
    struct tn_json    json = {.buf = &q->columns};
    struct tn_column *columns = tells ? tn_arena_zalloc(&q->arena, schema->count * sizeof *columns) : NULL;
    struct tn_schema  told;

    if (tells && columns == NULL) { /* rows are told so, too */
        tn_fail(&q->error, TN_E_NOMEM, "53200", "no memory for the columns of an answer");
        return;
    }
    if (tells) {
        told = tn_trino_told(&q->encoder, schema, columns);
        for (size_t i = 0; q->encoder.letter != NULL && i < told.count; i++)
            columns[i].name = tn_trino_catalog_spelled(q->sql, columns[i].name);
        schema = &told;
    }
    tn_buf_clear(&q->columns);
    tn_trino_put_columns(&json, schema, q->parametric, q->request.presto);
}

static void on_params(struct tn_ask *ask, size_t count, const uint32_t *pg_oids)
{
    struct tn_trino_query *q = ask->owner;

    for (size_t i = 0; i < TN_MIN(count, q->input_count); i++)
        q->input_oids[i] = pg_oids[i];
}

static void on_columns(struct tn_ask *ask, const struct tn_schema *schema)
{
    struct tn_trino_query *q = ask->owner;

    if (q->describes_input) {
        if (q->asks_columns)
            tn_trino_input_rows(q, schema);
        return;
    }
    if (q->describes) {
        tn_trino_describe_rows(q, schema);
        return;
    }
    if (schema == NULL || q->columns.len > 0 || q->use != NULL)
        return;
    q->has_rows = true;
    q->relays = ask->query->cluster != NULL && ask->query->cluster->conf->engine == TN_CFG_ENGINE_TRINO; /* whoever was asked before */
    if (!q->relays)
        put_columns(q, schema);
}

static void on_chunk(struct tn_ask *ask, struct tn_chunk *chunk)
{
    struct tn_trino_query *q = ask->owner;
    bool                   is_first;

    if (q->use != NULL) { /* [1] where it is one of the engine's schemas */
        q->use_found = q->use_found || memmem(chunk->bytes.data, chunk->bytes.len, "[1]", 3) != NULL;
        tn_chunk_free(chunk);
        tn_ask_credit(ask);
        return;
    }
    if (q->given_up) {
        tn_chunk_free(chunk);
        tn_ask_credit(ask);
        return;
    }
    chunk->next = NULL;
    if (chunk->relay != NULL) {
        q->relays = true;
        if (!tn_str_eq(q->cluster, ask->query->cluster->conf->name) && !tn_arena_str(&q->arena, ask->query->cluster->conf->name, &q->cluster))
            q->cluster = tn_str_n(NULL, 0); /* without it its links are good as long as we run */
    }
    if (q->last != NULL)
        q->last->next = chunk;
    else
        q->first = chunk;
    q->last = chunk;
    q->chunk_count++;
    q->chunk_bytes += chunk->bytes.len;
    if (chunk->relay != NULL && chunk->relay->joins) {
        q->stats.rows += chunk->rows;
        q->stats.bytes += chunk->bytes.len;
        tn_trino_long_came(q);
        return;
    }
    is_first = q->stats.bytes == 0;
    q->stats.rows += chunk->rows;
    q->stats.bytes += chunk->bytes.len;
    if (chunk->relay == NULL)
        tn_trino_segments_chunk(q, is_first);
    tn_trino_wake(q);
}

void tn_trino_run_give_up(struct tn_trino_query *q)
{
    unsigned owed = q->owes + q->lent;

    q->lent = 0;
    tn_trino_long_leave(q);
    q->given_up = true;
    q->owes = false;
    if (q->segments != NULL) { /* files are still written: only its end ends that */
        tn_ask_cancel(q->ask, TN_CANCEL_USER);
        return;
    }
    while (q->first != NULL) {
        struct tn_chunk *next = q->first->next;

        tn_chunk_free(q->first);
        q->first = next;
        owed++;
    }
    q->last = NULL;
    q->chunk_count = 0;
    q->chunk_bytes = 0;
    for (; owed > 0 && q->ask != NULL; owed--)
        tn_ask_credit(q->ask); /* others may come at once */
}

static void upper(char *text)
{
    for (; *text != '\0'; text++)
        *text = *text >= 'a' && *text <= 'z' ? (char)(*text - 32) : *text;
}

/* "CREATE TABLE", "DROP VIEW": the verb and what it is about, without the words between them. */
static void name_ddl(struct tn_trino_query *q, const struct tn_query *query)
{
    static const char *const skipped[] = {"or", "replace", "temp", "temporary", "unlogged", "unique", "global", "local", "recursive", "virtual"};
    struct tn_lexer          lexer;
    struct tn_token          token;
    bool                     skip = true;

    tn_lexer_init(&lexer, query->text, TN_DIALECT_TRINO);
    tn_lexer_next(&lexer, &token);
    while (skip && tn_lexer_next(&lexer, &token)) {
        skip = false;
        for (size_t i = 0; i < TN_ARRAY_LEN(skipped); i++)
            skip = skip || tn_str_ieq_c(token.text, skipped[i]);
    }
    snprintf(q->update_type, sizeof q->update_type, "%s %.*s", tn_verb_name(query->features.verb), (int)TN_MIN(token.text.len, 30),
             token.text.ptr == NULL ? "" : token.text.ptr);
    upper(q->update_type);
}

/* The one row that a change of rows answers: how many. */
static void put_count(struct tn_trino_query *q)
{
    struct tn_column  column = {.name = TN_STR("rows"), .type = TN_TYPE_INT64};
    struct tn_schema  schema = {1, &column};
    struct tn_chunk  *chunk = tn_chunk_new(64);

    q->has_update_count = true;
    put_columns(q, &schema);
    if (chunk == NULL)
        return;
    tn_buf_printf(&chunk->bytes, "[%llu]", (unsigned long long)q->update_count);
    chunk->next = NULL;
    q->first = q->last = chunk;
    q->chunk_count = 1;
    q->chunk_bytes = chunk->bytes.len;
}

/* CREATE TABLE .. AS SELECT, and not only the table: it tells how many. */
static bool makes_rows(const struct tn_query *query)
{
    struct tn_lexer lexer;
    struct tn_token token;
    unsigned        depth = 0;

    if (query->cluster != NULL && query->cluster->conf->engine == TN_CFG_ENGINE_SQLITE)
        return false; /* it does not know */
    tn_lexer_init(&lexer, query->text, TN_DIALECT_TRINO);
    while (tn_lexer_next(&lexer, &token)) {
        depth += token.punct == '(';
        depth -= token.punct == ')' && depth > 0;
        if (depth == 0 && token.kind == TN_TOKEN_WORD && tn_str_ieq_c(token.text, "as"))
            return true;
    }
    return false;
}

static void put_update(struct tn_trino_query *q, const struct tn_query *query)
{
    const struct tn_features *features = &query->features;
    enum tn_verb              verb = features->verb == TN_VERB_WITH ? features->inner_verb : features->verb;

    if (features->class == TN_CLASS_READ || features->verb == TN_VERB_EXPLAIN)
        return;
    q->update_count = query->run.affected;
    verb = verb == TN_VERB_REPLACE ? TN_VERB_INSERT : verb;
    switch (verb) {
    case TN_VERB_INSERT:
    case TN_VERB_UPDATE:
    case TN_VERB_DELETE:
    case TN_VERB_MERGE:
        snprintf(q->update_type, sizeof q->update_type, "%s", tn_verb_name(verb));
        if (!q->has_rows)
            put_count(q);
        q->has_update_count = true;
        break;
    case TN_VERB_CREATE:
        name_ddl(q, query);
        q->has_update_count = strcmp(q->update_type, "CREATE TABLE") == 0 && makes_rows(query);
        if (q->has_update_count && !q->has_rows)
            put_count(q);
        break;
    case TN_VERB_ALTER:
    case TN_VERB_DROP: name_ddl(q, query); break;
    case TN_VERB_OTHER:
    case TN_VERB_SELECT:
    case TN_VERB_VALUES: break;
    default: snprintf(q->update_type, sizeof q->update_type, "%s", tn_verb_name(verb));
    }
}

static void fail_missing(struct tn_trino_query *q)
{
    char name[200], message[256];

    tn_str_copy(name, sizeof name, q->missing);
    snprintf(message, sizeof message, "%s '%s' %s", q->missing_what, name, q->missing_says);
    tn_fail(&q->error, TN_E_INVALID, q->missing_sqlstate, "%s", message);
}

/* Nothing is wrong with a statement whose parameters could be of any type: Trino says unknown. So it is with a question of ours that is
 * none, but for tables that are not there. */
static bool is_untyped(const struct tn_trino_query *q, const struct tn_error *error)
{
    if (q->asks_columns && error->status != TN_OK && error->fault == TN_FAULT_QUERY)
        return strcmp(error->sqlstate, "42P01") != 0;
    return error->status != TN_OK && (strcmp(error->sqlstate, "42P18") == 0 || error->fault == TN_FAULT_UNSUPPORTED);
}

/* A statement with `?` that was not EXECUTEd: each engine has its own words for it. */
static void name_parameters(struct tn_trino_query *q)
{
    size_t count = strcmp(q->error.sqlstate, "08P01") == 0 && tn_str_eq(q->text, q->sql) ? tn_trino_count_params(q->sql) : 0;

    if (count == 0)
        return;
    tn_error_reset(&q->error);
    tn_fail(&q->error, TN_E_INVALID, "42P02", "Incorrect number of parameters: expected %zu but found 0", count);
}

/* A change of tables is told by its name, though it failed; by that which a Trino gives it, if it does. */
static void put_update_failed(struct tn_trino_query *q, const struct tn_query *query)
{
    enum tn_verb verb = query->features.verb;

    if (q->update_type[0] != '\0')
        return;
    if (q->trino_said)
        snprintf(q->update_type, sizeof q->update_type, "%s", query->run.tag);
    else if (verb == TN_VERB_CREATE || verb == TN_VERB_ALTER || verb == TN_VERB_DROP)
        name_ddl(q, query);
    if (q->update_type[0] != '\0' && q->columns.len == 0)
        tn_buf_puts(&q->columns, "\"columns\":[]");
}

static void on_done(struct tn_ask *ask)
{
    struct tn_trino_query *q = ask->owner;
    struct tn_query       *query = ask->query;

    q->stats.queued_us = query->queue_us + query->run.queued_us;
    q->stats.cpu_us = query->run.cpu_us;
    q->stats.rows_read = query->run.rows_read;
    q->stats.bytes_read = query->run.bytes_read;
    q->stats.peak_memory = query->run.peak_memory;
    q->stats.wall_us = query->run.ended_us > query->run.started_us ? query->run.ended_us - query->run.started_us : 0;
    if (q->describes_input && is_untyped(q, &query->error))
        tn_error_reset(&query->error);
    q->left = q->relays && query->cancel == TN_CANCEL_SHUTDOWN && query->error.status != TN_OK;
    if (query->error.status != TN_OK) {
        query->error.position = tn_trino_bind_place(q->place.sql, q->text, query->error.position);
        tn_error_move(&q->error, &query->error);
        name_parameters(q);
        q->trino_said = q->error.from_engine && query->cluster != NULL && query->cluster->conf->engine == TN_CFG_ENGINE_TRINO;
        put_update_failed(q, query);
        if (q->use != NULL) { /* its place is in a text of ours */
            q->error.position = 0;
            tn_trino_locate_said(&q->error, &q->place);
        }
    } else if (q->describes_input) {
        if (q->columns.len == 0)
            tn_trino_input_rows(q, NULL);
    } else if (q->missing.len > 0 && query->run.rows == 0) {
        fail_missing(q);
    } else if (q->use != NULL) {
        tn_trino_use_end(q);
    } else if (q->update_type[0] == '\0' && !q->describes && !q->relays) {
        put_update(q, query);
    }
    tn_trino_transaction_after(q);
    if (q->columns.len == 0 && !q->relays && q->error.status == TN_OK)
        tn_buf_puts(&q->columns, "\"columns\":[]");
    tn_trino_query_done(q);
}

static const struct tn_ask_events events = {.params = on_params, .columns = on_columns, .chunk = on_chunk, .done = on_done};

bool tn_trino_set(struct tn_trino_query *q, const char *name, struct tn_str value)
{
    char *copy = tn_arena_strdup(&q->arena, value);

    if (copy == NULL || q->set_count == TN_TRINO_HEADERS)
        return false;
    q->set[q->set_count++] = (struct tn_trino_header){name, copy};
    return true;
}

void tn_trino_run_params(struct tn_trino_query *q, struct tn_params params, enum tn_run_kind kind)
{
    struct tn_error    err;
    struct tn_question question = {
        .protocol = "trinoHttp", .user = q->identity->user, .user_group_count = q->identity->group_count,
        .user_groups = q->identity->groups, .database = q->request.catalog, .application = q->request.source,
        .address = q->peer, .header_count = q->header_count, .headers = q->headers, .run_header_count = q->own_count, .run_headers = q->own, .settings = q->settings, .sql = q->text,
        .params = params, .kind = kind, .as_said = q->as_said, .about_tables = q->about_tables, .encoder = &q->encoder.base, .encoder_size = sizeof q->encoder,
        .events = &events, .owner = q, .handle = &q->ask,
    };

    tn_error_init(&err);
    if (q->transaction != NULL) {
        question.transaction = &q->transaction->ask;
        question.end = q->end;
    }
    if (tn_ask_start(tn_runtime_of(q->home->worker), &question, &err) != TN_OK)
        tn_trino_query_fail(q, &err);
}

void tn_trino_run(struct tn_trino_query *q)
{
    tn_trino_run_params(q, (struct tn_params){.count = 0}, TN_RUN_EXECUTE);
}
