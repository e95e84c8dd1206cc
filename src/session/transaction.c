/* Transactions of a session.
 *
 *   IDLE --BEGIN--> LAZY --first statement--> OPEN --error--> FAILED --ROLLBACK TO savepoint--> OPEN
 *     ^              |                          |                |
 *     `--------------+---- COMMIT, ROLLBACK ----+----------------'
 *
 * BEGIN alone chooses no engine: it is kept, and sent before the first statement to the member that this one is routed to.
 * From then on the session keeps that member's connection and slot. */
#include "session/private.h"

#include "base/alloc.h"
#include "engine/cluster.h"
#include "session/words.h"

char tn_transaction_status(const struct tn_session *s)
{
    if (s->tx.state == TN_TX_IDLE || s->tx.implicit)
        return 'I';
    return s->tx.state == TN_TX_FAILED ? 'E' : 'T';
}

bool tn_transaction_is_control(struct tn_str sql, const struct tn_features *features)
{
    struct tn_words words;

    switch (features->verb) {
    case TN_VERB_BEGIN: case TN_VERB_START: case TN_VERB_SAVEPOINT: case TN_VERB_RELEASE: case TN_VERB_END: case TN_VERB_ABORT:
        return true;
    case TN_VERB_COMMIT: case TN_VERB_ROLLBACK:
        tn_words_behind_verb(&words, sql, TN_DIALECT_POSTGRES);
        return !tn_words_at(&words, "prepared");
    case TN_VERB_PREPARE:
        tn_words_behind_verb(&words, sql, TN_DIALECT_POSTGRES);
        return tn_words_at(&words, "transaction");
    default:
        return false;
    }
}

static void answer(struct tn_session *s, tn_reply_fn fn, const char *tag)
{
    struct tn_reply reply = {0};

    snprintf(reply.tag, sizeof reply.tag, "%s", tag);
    fn(s, &reply);
}

static void answer_error(struct tn_session *s, tn_reply_fn fn, const char *sqlstate, const char *message)
{
    struct tn_error err = TN_ERROR_INIT;
    struct tn_reply reply = {.error = &err};

    tn_fail(&err, TN_E_INVALID, sqlstate, "%s", message);
    tn_transaction_failed(s);
    fn(s, &reply);
    tn_error_reset(&err);
}

static void warn(struct tn_session *s, const char *sqlstate, const char *message)
{
    tn_pg_put_notice(tn_session_out(s), "WARNING", sqlstate, message);
}

/* Transaction modes: checked here because the engine that gets them is not known yet. */
static bool read_modes(struct tn_words *words, bool *read_only)
{
    while (!tn_words_at_end(words)) {
        if (tn_words_accept(words, "isolation")) {
            if (!tn_words_accept(words, "level"))
                return false;
            if (tn_words_accept(words, "serializable"))
                ;
            else if (tn_words_accept(words, "repeatable")) {
                if (!tn_words_accept(words, "read"))
                    return false;
            } else if (!tn_words_accept(words, "read") || (!tn_words_accept(words, "committed") && !tn_words_accept(words, "uncommitted")))
                return false;
        } else if (tn_words_accept(words, "read")) {
            *read_only = tn_words_at(words, "only");
            if (!tn_words_accept(words, "only") && !tn_words_accept(words, "write"))
                return false;
        } else if (tn_words_accept(words, "not")) {
            if (!tn_words_accept(words, "deferrable"))
                return false;
        } else if (!tn_words_accept(words, "deferrable"))
            return false;
        if (words->token.kind == TN_TOKEN_PUNCT && words->token.punct == ',')
            tn_words_next(words);
    }
    return true;
}

static bool keep_modes(struct tn_session *s, struct tn_str modes)
{
    char *copy = tn_strndup(modes.ptr == NULL ? "" : modes.ptr, modes.len);

    if (copy == NULL)
        return false;
    tn_free((void *)(uintptr_t)s->tx.modes.ptr);
    s->tx.modes = tn_str_n(copy, modes.len);
    return true;
}

bool tn_transaction_read_only(const struct tn_session *s)
{
    if (s->tx.state != TN_TX_IDLE)
        return s->tx.read_only;
    return s->settings->read_only;
}

static void open_lazy(struct tn_session *s, bool implicit, bool read_only)
{
    s->tx.state = TN_TX_LAZY;
    s->tx.implicit = implicit;
    s->tx.read_only = read_only;
    s->tx.engine_open = false;
    tn_marks_init(&s->tx.marks);
    s->tx.before = tn_settings_list_ref(s->settings);
}

static void begin(struct tn_session *s, const struct tn_statement_run *run)
{
    const char  *tag = run->features->verb == TN_VERB_START ? "START TRANSACTION" : "BEGIN";
    bool         read_only = tn_transaction_read_only(s);
    struct tn_words words;
    const char  *from;

    tn_words_behind_verb(&words, run->sql, TN_DIALECT_POSTGRES);
    if (!tn_words_accept(&words, "transaction") && run->features->verb == TN_VERB_START) {
        answer_error(s, run->reply, "42601", "syntax error: TRANSACTION must follow START");
        return;
    }
    tn_words_accept(&words, "work");
    from = tn_words_at_end(&words) ? NULL : words.token.text.ptr;
    if (!read_modes(&words, &read_only)) {
        answer_error(s, run->reply, "42601", "syntax error in transaction modes: expected ISOLATION LEVEL, READ ONLY, READ WRITE or DEFERRABLE");
        return;
    }
    if (s->tx.state == TN_TX_FAILED) {
        answer_error(s, run->reply, "25P02", "current transaction is aborted, commands ignored until end of transaction block");
        return;
    }
    if (s->tx.state != TN_TX_IDLE && !s->tx.implicit) {
        warn(s, "25001", "there is already a transaction in progress");
    } else if (s->tx.state != TN_TX_IDLE) {
        s->tx.implicit = false;
    } else if (!keep_modes(s, from == NULL ? tn_str_n("", 0) : tn_str_n(from, (size_t)(run->sql.ptr + run->sql.len - from)))) {
        answer_error(s, run->reply, "53200", "no memory for a transaction");
        return;
    } else {
        open_lazy(s, false, read_only);
    }
    answer(s, run->reply, tag);
}

/* The settings that hold from now on, and the end of everything that lived in the transaction. */
static void finish(struct tn_session *s, bool committed, bool engine_clean)
{
    struct tn_settings_list *inside = s->settings;

    if (committed) {
        tn_settings_list_ref(inside);
        if (tn_settings_end_local(&s->settings, s->tx.before) != TN_OK)
            tn_log(TN_LOG_ERROR, "settings of a transaction were kept for want of memory", TN_LOG_U64("session", s->pid));
    } else {
        s->settings = tn_settings_list_ref(s->tx.before);
    }
    tn_session_report(s, inside);
    tn_settings_list_unref(inside);
    tn_settings_list_unref(s->tx.before);
    s->tx.before = NULL;
    tn_marks_reset(&s->tx.marks);
    s->tx.state = TN_TX_IDLE;
    s->tx.implicit = false;
    s->tx.engine_open = false;
    tn_extended_end_transaction(s);
    if (s->lease != NULL && s->sticky && engine_clean)
        tn_lease_release_slot(s->lease);
    else
        tn_session_drop_lease(s, !engine_clean);
}

/* Q, a definition, failed at a server of MySQL's kind, which does not tell then whether it has committed. */
static bool may_be_over(const struct tn_query *q)
{
    return q->error.status != TN_OK && q->features.class == TN_CLASS_DDL && q->cluster != NULL && q->cluster->ops->dialect == TN_DIALECT_MYSQL &&
           q->run.started_us != 0 && strcmp(q->error.sqlstate, "42601") != 0;
}

void tn_transaction_over_there(struct tn_session *s, const struct tn_query *q)
{
    bool implicit = s->tx.implicit, read_only = s->tx.read_only;

    if (s->tx.state != TN_TX_OPEN || q->features.verb == TN_VERB_COMMIT || q->features.verb == TN_VERB_ROLLBACK)
        return;
    if (may_be_over(q)) /* what follows is refused until the client ends it, as after any error */
        warn(s, "25000", "the server commits before such a statement: what came before it may be committed");
    if (q->error.status != TN_OK || !q->run.my_over)
        return;
    warn(s, "25000", "the server has committed the transaction, as it does with such a statement");
    finish(s, true, true);
    if (implicit) /* the statements behind it are another one */
        open_lazy(s, true, read_only);
}

static void answer_ended(struct tn_session *s, bool committed)
{
    if (s->ending.chain)
        open_lazy(s, false, s->tx.read_only);
    if (s->ending.untold)
        answer_error(s, s->ending.reply, "40000", "the transaction was rolled back because a portal of it failed");
    else
        answer(s, s->ending.reply, committed ? "COMMIT" : "ROLLBACK");
}

/* An ending that is under way at the engine, which may turn a COMMIT into a ROLLBACK. */
static void on_ending_done(struct tn_session *s, struct tn_reply *reply)
{
    bool failed = reply->error != NULL;
    bool committed = s->ending.commit && !failed && strcmp(reply->tag, "ROLLBACK") != 0;

    finish(s, committed, !failed);
    if (failed && s->ending.commit)
        s->ending.reply(s, reply);
    else
        answer_ended(s, committed);
}

static void ignore_columns(struct tn_query *q, const struct tn_schema *schema)
{
    (void)q;
    (void)schema;
}

static void ignore_chunk(struct tn_query *q, struct tn_chunk *chunk)
{
    tn_chunk_free(chunk);
    tn_run_credit(&q->run);
}

static void pass_notice(struct tn_query *q, const char *fields, size_t len)
{
    tn_session_notice(q->owner, fields, len);
}

static void on_done(struct tn_query *q)
{
    tn_execute_done(q->owner, q);
}

/* Suspended portals end with their transaction, and their rows are in the way of its end: before a COMMIT they run out, a
 * ROLLBACK cancels them. True: one of them has not ended yet. */
static bool wait_for_portals(struct tn_session *s)
{
    struct tn_portal *portal;

    while ((portal = tn_extended_suspended(s)) != NULL) {
        tn_extended_end_query(portal, !s->ending.commit);
        if (portal->query != NULL) {
            s->deferred = TN_DEFERRED_ENDING;
            return true;
        }
    }
    return false;
}

static void end_transaction(struct tn_session *s)
{
    static const struct tn_query_events events = {NULL, ignore_columns, ignore_chunk, pass_notice, on_done, NULL};
    static const struct tn_features     commit_features = {.class = TN_CLASS_UTILITY, .verb = TN_VERB_COMMIT, .template_hash = 1};
    static const struct tn_features     rollback_features = {.class = TN_CLASS_UTILITY, .verb = TN_VERB_ROLLBACK, .template_hash = 1};
    struct tn_statement_run             run = {.events = &events, .owner = s, .reply = on_ending_done,
                                               .encoder = &s->simple.encoder.base};

    if (wait_for_portals(s))
        return;
    s->ending.commit = s->ending.commit && s->tx.state != TN_TX_FAILED;
    run.sql = s->ending.commit ? TN_STR("COMMIT") : TN_STR("ROLLBACK");
    run.features = s->ending.commit ? &commit_features : &rollback_features;
    if (s->tx.engine_open && s->lease != NULL) {
        tn_execute_engine(s, &run);
        return;
    }
    finish(s, s->ending.commit, true);
    answer_ended(s, s->ending.commit);
}

static void start_ending(struct tn_session *s, bool commit, bool chain, tn_reply_fn reply)
{
    s->ending.commit = commit && s->tx.state != TN_TX_FAILED;
    s->ending.chain = chain;
    s->ending.untold = commit && !s->ending.commit && s->tx.implicit; /* COMMIT itself answers ROLLBACK */
    s->ending.reply = reply;
    end_transaction(s);
}

void tn_transaction_end_deferred(struct tn_session *s)
{
    if (s->ending.commit && s->tx.implicit && s->tx.state == TN_TX_FAILED)
        s->ending.untold = true;
    end_transaction(s);
}

static void commit_or_rollback(struct tn_session *s, const struct tn_statement_run *run, bool commit)
{
    struct tn_words words;
    bool         chain = false;

    tn_words_behind_verb(&words, run->sql, TN_DIALECT_POSTGRES);
    if (!tn_words_accept(&words, "work"))
        tn_words_accept(&words, "transaction");
    if (tn_words_accept(&words, "and")) {
        chain = !tn_words_accept(&words, "no");
        if (!tn_words_accept(&words, "chain")) {
            answer_error(s, run->reply, "42601", "syntax error: CHAIN must follow AND");
            return;
        }
    }
    if (!tn_words_at_end(&words)) {
        answer_error(s, run->reply, "42601", commit ? "syntax error behind COMMIT" : "syntax error behind ROLLBACK");
        return;
    }
    if (s->tx.state == TN_TX_IDLE) {
        if (chain)
            answer_error(s, run->reply, "25P01", "COMMIT AND CHAIN can only be used in transaction blocks");
        else {
            warn(s, "25P01", "there is no transaction in progress");
            answer(s, run->reply, commit ? "COMMIT" : "ROLLBACK");
        }
        return;
    }
    start_ending(s, commit, chain, run->reply);
}

static bool is_rollback_to(struct tn_str sql)
{
    struct tn_words words;

    tn_words_behind_verb(&words, sql, TN_DIALECT_POSTGRES);
    if (!tn_words_accept(&words, "work"))
        tn_words_accept(&words, "transaction");
    return tn_words_at(&words, "to");
}

/* Drivers put a savepoint around what they ask the catalog (psycopg): before the transaction's first statement an engine without savepoints need
 * not know of one. */
static bool may_mark(const struct tn_session *s, const struct tn_error *err)
{
    return !s->tx.engine_open && !s->ending.commit && err->status == TN_E_UNSUPPORTED && strcmp(err->sqlstate, "0A000") == 0;
}

static void on_savepoint_set(struct tn_session *s, struct tn_reply *reply)
{
    struct tn_reply set = {.tag = "SAVEPOINT"};

    if (reply->error == NULL || !may_mark(s, reply->error)) {
        tn_marks_pop(&s->tx.marks);
        s->ending.reply(s, reply);
        return;
    }
    s->tx.state = TN_TX_LAZY;
    s->ending.reply(s, &set);
}

static void answer_no_savepoint(struct tn_session *s, const struct tn_statement_run *run, struct tn_str name)
{
    char message[128];

    snprintf(message, sizeof message, "savepoint \"" TN_STR_FMT "\" does not exist", TN_STR_ARG(name));
    if (s->tx.state == TN_TX_LAZY && !s->tx.implicit)
        s->tx.state = TN_TX_FAILED;
    answer_error(s, run->reply, "3B001", message);
}

/* The end of the mark NAME. False: it is the engine's savepoint. */
static bool end_mark(struct tn_session *s, const struct tn_statement_run *run, struct tn_str name, bool rollback_to)
{
    if (s->tx.marks.count == 0 || (s->tx.engine_open && rollback_to) || (s->tx.state == TN_TX_FAILED && !rollback_to))
        return false;
    if (!tn_marks_end(&s->tx.marks, name, !rollback_to)) {
        if (s->tx.engine_open)
            return false;
        answer_no_savepoint(s, run, name);
        return true;
    }
    if (rollback_to)
        s->tx.state = TN_TX_LAZY;
    answer(s, run->reply, rollback_to ? "ROLLBACK" : "RELEASE");
    return true;
}

/* It may become one of the session's own (on_savepoint_set). */
static bool begin_mark(struct tn_session *s, const struct tn_statement_run *run, struct tn_str name)
{
    if (tn_marks_push(&s->tx.marks, name))
        return true;
    answer_error(s, run->reply, "54000", "too many savepoints before a transaction's first statement");
    return false;
}

static void on_savepoint_done(struct tn_session *s, struct tn_reply *reply)
{
    if (reply->error == NULL && s->ending.commit && s->tx.state == TN_TX_FAILED)
        s->tx.state = TN_TX_OPEN; /* ROLLBACK TO made it whole */
    s->ending.reply(s, reply);
}

static void savepoint(struct tn_session *s, const struct tn_statement_run *run, bool rollback_to)
{
    struct tn_statement_run inner = *run;
    struct tn_buf           name;
    bool                    set = run->features->verb == TN_VERB_SAVEPOINT, first = set && s->tx.state == TN_TX_LAZY, named;

    if (s->tx.state == TN_TX_IDLE) {
        answer_error(s, run->reply, "25P01", rollback_to ? "ROLLBACK TO SAVEPOINT can only be used in transaction blocks"
                     : run->features->verb == TN_VERB_SAVEPOINT ? "SAVEPOINT can only be used in transaction blocks"
                                                                : "RELEASE SAVEPOINT can only be used in transaction blocks");
        return;
    }
    tn_buf_init(&name, 256);
    named = tn_marks_name(run->sql, &name);
    if (named && (set ? first && !begin_mark(s, run, tn_buf_str(&name)) : end_mark(s, run, tn_buf_str(&name), rollback_to))) {
        tn_buf_reset(&name);
        return;
    }
    tn_buf_reset(&name);
    if (s->tx.state == TN_TX_FAILED && (!rollback_to || !s->tx.engine_open)) {
        answer_error(s, run->reply, "25P02", "current transaction is aborted, commands ignored until end of transaction block");
        return;
    }
    s->ending.reply = run->reply;
    s->ending.commit = rollback_to;
    inner.reply = first && named ? on_savepoint_set : on_savepoint_done;
    tn_execute_engine(s, &inner);
}

/* PREPARE TRANSACTION ends the session's transaction also when it fails. */
static void on_prepared_done(struct tn_session *s, struct tn_reply *reply)
{
    finish(s, reply->error == NULL, reply->error == NULL);
    s->ending.reply(s, reply);
}

bool tn_transaction_repairs(const struct tn_session *s, const struct tn_statement_run *run)
{
    return run->reply == on_savepoint_done && s->ending.commit && s->tx.engine_open;
}

static void prepare_transaction(struct tn_session *s, const struct tn_statement_run *run)
{
    struct tn_statement_run inner = *run;

    if (s->tx.state == TN_TX_IDLE || s->tx.state == TN_TX_FAILED) {
        answer_error(s, run->reply, s->tx.state == TN_TX_IDLE ? "25P01" : "25P02", s->tx.state == TN_TX_IDLE
                     ? "PREPARE TRANSACTION can only be used in transaction blocks"
                     : "current transaction is aborted, commands ignored until end of transaction block");
        return;
    }
    s->ending.reply = run->reply;
    inner.reply = on_prepared_done;
    tn_execute_engine(s, &inner);
}

void tn_transaction_control(struct tn_session *s, const struct tn_statement_run *run)
{
    switch (run->features->verb) {
    case TN_VERB_BEGIN:
    case TN_VERB_START:
        begin(s, run);
        break;
    case TN_VERB_COMMIT:
    case TN_VERB_END:
        commit_or_rollback(s, run, true);
        break;
    case TN_VERB_ROLLBACK:
    case TN_VERB_ABORT:
        if (is_rollback_to(run->sql))
            savepoint(s, run, true);
        else
            commit_or_rollback(s, run, false);
        break;
    case TN_VERB_PREPARE:
        prepare_transaction(s, run);
        break;
    default:
        savepoint(s, run, false);
        break;
    }
}

void tn_transaction_failed(struct tn_session *s)
{
    if (s->tx.state != TN_TX_IDLE)
        s->tx.state = TN_TX_FAILED;
}

void tn_transaction_begin_implicit(struct tn_session *s)
{
    if (s->tx.state == TN_TX_IDLE && keep_modes(s, tn_str_n("", 0)))
        open_lazy(s, true, tn_transaction_read_only(s));
}

void tn_transaction_end_implicit(struct tn_session *s, bool failed, tn_reply_fn reply)
{
    if (s->tx.state == TN_TX_IDLE || !s->tx.implicit) {
        answer(s, reply, "");
        return;
    }
    start_ending(s, !failed, false, reply);
}

enum tn_status tn_transaction_set(struct tn_session *s, struct tn_str modes, struct tn_error *err)
{
    struct tn_words  words;
    struct tn_buf all;
    bool          read_only = s->tx.read_only, kept;

    tn_words_init(&words, modes, TN_DIALECT_POSTGRES);
    if (tn_words_at_end(&words) || !read_modes(&words, &read_only))
        return tn_fail(err, TN_E_INVALID, "42601", "syntax error in transaction modes");
    tn_buf_init(&all, 4096);
    tn_buf_printf(&all, TN_STR_FMT " " TN_STR_FMT, TN_STR_ARG(s->tx.modes), TN_STR_ARG(modes));
    kept = !all.failed && keep_modes(s, tn_str_trim(tn_buf_str(&all)));
    tn_buf_reset(&all);
    s->tx.read_only = read_only;
    return kept ? TN_OK : tn_fail(err, TN_E_NOMEM, "53200", "no memory for a transaction");
}

void tn_transaction_forget(struct tn_session *s)
{
    tn_settings_list_unref(s->tx.before);
    s->tx.before = NULL;
    tn_marks_reset(&s->tx.marks);
    tn_free((void *)(uintptr_t)s->tx.modes.ptr);
    s->tx.modes = tn_str_n(NULL, 0);
    s->tx.state = TN_TX_IDLE;
}
