/* A statement on its way through the pipeline, and what comes back. */
#include "frontend/mysql/my_error.h"
#include "mysql/catalog_ask.h"
#include "mysql/heads.h"
#include "mysql/origins.h"
#include "mysql/private.h"
#include "translating.h"

enum { KNOWN_MAX = 256 * 1024, ER_BAD_TABLE = 1051, ER_CANT_DROP_FIELD_OR_KEY = 1091, ER_UNKNOWN_ERROR = 1105, ER_CANT_DO_THIS_DURING_AN_TRANSACTION = 1179 };

/* One table's columns are as its statement says; of several it is asked which has them. In the session's arena. */
static struct tn_str known_of(struct tn_my_session *s, const struct tn_ask *ask)
{
    struct tn_translation what;
    struct tn_buf         rows;
    struct tn_str         known = TN_STR("");

    if (ask->query->cluster == NULL || ask->query->run.my_columns.len > 0 || ask->query->features.table_count < 2)
        return known;
    tn_buf_init(&rows, KNOWN_MAX);
    tn_translating_columns(ask->query, ask->query->cluster, &what, &rows);
    if (!tn_arena_str(&s->arena, what.columns, &known))
        known = TN_STR("");
    tn_buf_reset(&rows);
    return known;
}

struct tn_my_told tn_my_told_of(struct tn_my_session *s, const struct tn_ask *ask)
{
    const struct tn_run *run = &ask->query->run;

    if (ask->own)
        return (struct tn_my_told){.packets = TN_STR(""), .known = TN_STR("")};
    return (struct tn_my_told){.packets = run->my_columns, .extended = run->my_extended, .known = known_of(s, ask)};
}

void tn_my_put_asked(struct tn_my_session *s, const struct tn_schema *schema, struct tn_str sql, struct tn_str known)
{
    struct tn_my_out           out = tn_my_out(s);
    const struct tn_schema    *named = sql.ptr != NULL ? tn_my_heads(schema, sql, &s->arena) : schema;
    const struct tn_my_origin *origins = sql.ptr != NULL ? tn_my_origins(schema, sql, known, tn_str(s->database), &s->arena) : NULL;

    tn_my_put_schema(&out, named, origins, tn_str(s->database), tn_my_charset_told(s));
}

void tn_my_put_columns(struct tn_my_session *s, const struct tn_schema *schema, const struct tn_my_told *told)
{
    struct tn_my_out out = tn_my_out(s);

    s->columns_told = true;
    s->column_count = schema->count;
    tn_my_put_column_count(&out, schema->count);
    if (told->packets.len > 0)
        tn_my_put_told(&out, told, s->results_charset);
    else
        tn_my_put_asked(s, schema, s->asked, told->known);
}

static void on_columns(struct tn_ask *ask, const struct tn_schema *schema)
{
    struct tn_my_session *s = ask->owner;
    struct tn_my_told     told = tn_my_told_of(s, ask);

    if (s->on_schema != NULL) {
        s->on_schema(s, schema, &told);
        return;
    }
    if (schema == NULL || s->columns_told)
        return;
    tn_my_put_columns(s, schema, &told);
    tn_my_end_columns(s);
}

static void on_chunk(struct tn_ask *ask, struct tn_chunk *chunk)
{
    struct tn_my_session *s = ask->owner;

    chunk->run = ask->own ? NULL : &ask->query->run; /* credited when it is written */
    s->found_rows += chunk->rows;
    tn_my_send_chunk(s, chunk);
    if (!s->client.processing)
        tn_client_flush_soon(&s->client); /* what ends the rows goes with them if it is here already */
}

/* The number of a warning that a PostgreSQL gave. What DROP .. IF EXISTS passes over has no SQLSTATE of its own. */
static uint16_t number_of(const char *sqlstate, const char *message)
{
    if (strstr(message, "does not exist, skipping") != NULL)
        return strncmp(message, "table ", 6) == 0 || strncmp(message, "view ", 5) == 0 ? ER_BAD_TABLE : ER_CANT_DROP_FIELD_OR_KEY;
    return sqlstate == NULL || strcmp(sqlstate, "00000") == 0 ? ER_UNKNOWN_ERROR : tn_my_error_of(sqlstate).code;
}

/* Pairs of one code byte and a NUL-terminated text: M is the message, V its severity, C its SQLSTATE, R the number where an engine of MySQL's
 * kind gave one. */
void tn_my_notice(struct tn_my_session *s, const char *fields, size_t len)
{
    const char           *message = NULL, *level = "Warning", *sqlstate = NULL;
    uint64_t              code = 0;

    for (size_t at = 0; at < len && fields[at] != '\0';) {
        const char *text = fields + at + 1;
        size_t      size = strnlen(text, len - at - 1);

        if (at + 1 + size >= len)
            break;
        if (fields[at] == 'M')
            message = text;
        else if (fields[at] == 'V' && strcmp(text, "NOTICE") == 0)
            level = "Note";
        else if (fields[at] == 'C')
            sqlstate = text;
        else if (fields[at] == 'R')
            (void)tn_str_to_u64(tn_str_n(text, size), UINT16_MAX, &code);
        at += size + 2;
    }
    if (message != NULL)
        tn_my_warn(s, level, code != 0 ? (uint16_t)code : number_of(sqlstate, message), message);
}

uint64_t tn_my_affected(const struct tn_my_session *s, const struct tn_run *run)
{
    bool found = (s->capabilities & TN_MY_CAP_FOUND_ROWS) != 0;

    return run->affected + run->replaced - (found ? 0 : run->unchanged);
}

/* As MySQL says it; drivers read the number of changed rows from there. */
static struct tn_str info_of(struct tn_my_session *s, const struct tn_query *q)
{
    enum tn_verb  verb = q->features.verb;
    char          text[96] = "";
    struct tn_str kept;

    if (q->run.my_info.ptr != NULL)
        return q->run.my_info;
    if (verb == TN_VERB_UPDATE)
        snprintf(text, sizeof text, "Rows matched: %llu  Changed: %llu  Warnings: 0", (unsigned long long)q->run.affected,
                 (unsigned long long)(q->run.affected - q->run.unchanged));
    else if ((verb == TN_VERB_INSERT || verb == TN_VERB_REPLACE) && q->run.affected > 1)
        snprintf(text, sizeof text, "Records: %llu  Duplicates: %llu  Warnings: 0", (unsigned long long)q->run.affected, (unsigned long long)q->run.replaced);
    return tn_arena_str(&s->arena, tn_str(text), &kept) ? kept : TN_STR("");
}

static void on_notice(struct tn_ask *ask, const char *fields, size_t len)
{
    tn_my_notice(ask->owner, fields, len);
}

static void tell_end(struct tn_my_session *s, struct tn_query *q)
{
    uint64_t affected = q->features.verb == TN_VERB_TRUNCATE ? 0 : tn_my_affected(s, &q->run);

    s->result_status = q->run.my_status;
    if (s->columns_told) {
        s->row_count = -1;
        if (q->run.found_known)
            tn_my_found_take(s, q->run.found);
        tn_my_end_rows(s);
        s->result_status = 0;
        return;
    }
    s->row_count = (int64_t)affected;
    s->last_insert_id = q->run.insert_id != 0 ? q->run.insert_id : s->last_insert_id;
    tn_my_ok_with(s, affected, q->run.insert_id, info_of(s, q));
    s->result_status = 0;
}

/* One result of a procedure is told, another follows. */
static void on_next(struct tn_ask *ask)
{
    struct tn_my_session *s = ask->owner;
    bool                  more = s->more;

    s->more = true;
    tell_end(s, ask->query);
    s->more = more;
    s->columns_told = false;
    s->found_rows = 0;
}

void tn_my_tell_outcome(struct tn_my_session *s, struct tn_query *q)
{
    if (q->error.status == TN_OK) {
        tell_end(s, q);
        return;
    }
    s->row_count = -1;
    s->more = false;
    tn_my_found_forget(s); /* perhaps a rule refused it, or its engine did */
    if (q->features.verb == TN_VERB_DROP && q->error.own_code == 0 && strcmp(q->error.sqlstate, "42P01") == 0) {
        q->error.own_code = ER_BAD_TABLE; /* of DROP MySQL says another number than of SELECT */
        memcpy(q->error.own_sqlstate, "42S02", sizeof "42S02");
    }
    tn_my_tell_absent(s, q);
    tn_my_error(s, &q->error);
}

static void on_done(struct tn_ask *ask)
{
    struct tn_my_session *s = ask->owner;
    struct tn_query      *q = ask->query;
    struct tn_str         said = s->asked.ptr != NULL ? s->asked : q->text;
    bool                  failed = q->error.status != TN_OK;

    s->ask = NULL;
    tn_my_forget_run(s, &q->run);
    tn_my_used(s, failed);
    if (failed)
        tn_named_refused(&s->names);
    if (!failed && q->features.verb == TN_VERB_DROP)
        tn_my_dropped(s, said);
    if (!failed)
        tn_my_xa_after(s, said);
    tn_my_transaction_after(s, ask);
    tn_my_state_after(s, !failed && q->run.before.len > 0);
    if (s->bulk != NULL) {
        tn_my_bulk_went(s, q);
        return;
    }
    if (failed || s->on_schema == NULL)
        tn_my_tell_outcome(s, q);
    s->on_schema = NULL;
    tn_my_undo_end(s, failed);
    tn_my_prepare_done(s, failed);
    tn_my_statement_done(s, failed);
}

static const struct tn_ask_events events = {.columns = on_columns, .chunk = on_chunk, .notice = on_notice, .done = on_done, .next = on_next};

/* MySQL's transactions go on after an error, and its clients expect no such state. */
static enum tn_status explained(struct tn_my_session *s, enum tn_status status, struct tn_error *err)
{
    const struct tn_lease *lease = s->in_tx ? s->tx.lease : NULL;

    if (status == TN_OK || strcmp(err->sqlstate, "25P02") != 0)
        return status;
    tn_error_reset(err);
    tn_fail(err, status, "25P02", "the transaction is aborted: a statement in it failed, and cluster \"%.*s\" cannot go on after that; end it with ROLLBACK",
            lease != NULL ? (int)lease->cluster->conf->name.len : 1, lease != NULL ? lease->cluster->conf->name.ptr : "?");
    err->own_code = ER_CANT_DO_THIS_DURING_AN_TRANSACTION;
    memcpy(err->own_sqlstate, "25000", sizeof "25000");
    return status;
}

enum tn_status tn_my_ask(struct tn_my_session *s, const struct tn_my_run *run, const struct tn_ask_events *to, void *owner, struct tn_error *err)
{
    struct tn_question question = {
        .protocol = "mysqlWire", .user = s->identity->user, .user_group_count = s->identity->group_count, .user_groups = s->identity->groups,
        .database = tn_str(s->database), .application = s->application, .address = tn_str(s->client.peer), .header_count = s->header_count,
        .headers = s->headers, .settings = run->settings != NULL ? run->settings : s->settings, .sql = run->sql, .native = run->native, .known = run->known, .literals = run->literals, .wants_id = true, .wants_found = tn_my_found_begin(s, run), .as_said = run->as_said, .whole = run->whole,
        .bulk = run->bulk, .before = run->before, .leaves = run->leaves, .bond = run->apart ? NULL : &s->bond, .params = run->params, .kind = run->kind,
        .encoder = &s->encoder.base, .encoder_size = sizeof s->encoder, .events = to, .owner = owner, .handle = &s->ask,
    };

    question.read_only = s->read_only && !run->apart;
    if (run->kind == TN_RUN_EXECUTE && !run->apart)
        question.meant = tn_my_named_meant(s, run->known.ptr != NULL ? run->known : run->native.ptr != NULL ? run->native : run->sql);
    s->asked = run->asked;
    tn_my_warnings_forget(s);
    s->found_rows = 0;
    if (!s->autocommit && !s->in_tx && !tn_my_in_xa(s) && !run->apart && !tn_my_xa_is(run->sql) && !tn_my_defines(s, run->sql))
        tn_my_begin(s, tn_str_n(NULL, 0), false);
    if (s->in_tx && !run->apart)
        question.transaction = &s->tx;
    tn_my_encoder_init(&s->encoder, s->binary, s->settings->tz);
    s->encoder.charset = tn_my_charset_of_results(s);
    tn_my_wait(s);
    return explained(s, tn_ask_start(s->runtime, &question, err), err);
}

void tn_my_refused(struct tn_my_session *s, struct tn_error *err)
{
    if (s->bulk != NULL && tn_my_bulk_refused(s, err))
        return;
    s->on_schema = NULL;
    s->more = false;
    tn_named_refused(&s->names);
    tn_my_found_forget(s);
    tn_my_used(s, true);
    tn_my_error(s, err);
    tn_error_reset(err);
    tn_my_undo_end(s, true);
    tn_my_prepare_done(s, true);
    tn_my_statement_done(s, true);
}

static void run_definition(struct tn_my_session *s)
{
    tn_my_run(s, &s->definition);
}

static void commit_before(struct tn_my_session *s, const struct tn_my_run *run)
{
    TN_ERROR_LOCAL(err);

    s->definition = *run;
    if (tn_my_keep_run(s, &s->definition)) {
        tn_my_end_transaction(s, TN_ASK_COMMIT, run_definition);
        return;
    }
    tn_fail(&err, TN_E_NOMEM, "53200", "no memory for a statement");
    tn_my_refused(s, &err);
}

void tn_my_run(struct tn_my_session *s, const struct tn_my_run *run)
{
    TN_ERROR_LOCAL(err);

    if (tn_my_rows_make_way(s, &(struct tn_my_later){.what = TN_MY_LATER_RUN, .run = *run}))
        return;
    if (s->in_tx && !run->apart && run->kind != TN_RUN_DESCRIBE && tn_my_defines(s, run->sql)) {
        commit_before(s, run);
        return;
    }
    if (tn_my_ask(s, run, &events, s, &err) != TN_OK)
        tn_my_refused(s, &err);
}

void tn_my_run_cancel(struct tn_my_session *s, enum tn_cancel why)
{
    if (s->ask != NULL)
        tn_ask_cancel(s->ask, why);
    else
        tn_my_rows_cancel(s, why);
    tn_my_catalog_cancel(s);
}
