/* A statement about tables: what it needs is asked of the engine, one core after the other, then SQLite evaluates it in the pool. */
#include "mysql/catalog_ask.h"

#include "base/alloc.h"
#include "engine/topology.h"
#include "loop/offload.h"
#include "mysql/catalog_text.h"
#include "mysql/member.h"
#include "mysql/plain.h"
#include "mysql/private.h"
#include "mysql/heads.h"
#include "mysql/variables.h"
#include "session/words.h"

enum {
    ROWS_MAX = 64 * 1024 * 1024, /* of all cores of one statement */
    TIME_MAX_US = 30 * 1000 * 1000,
    SQL_MAX = 1024 * 1024,
};

struct tn_my_catalog {
    struct tn_job                 job;
    struct tn_my_session         *session;  /* NULL: gone */
    struct tn_settings_list      *settings;
    struct tn_arena               arena;    /* what the question points to */
    struct tn_my_catalog_question question;
    struct tn_my_catalog_answer   answer;
    struct tn_buf                 rows[TN_MY_CORE_COUNT];
    unsigned                      needs;
    unsigned                      core;     /* that is asked for */
    size_t                        bytes;
    bool                          working, too_large;
    _Atomic bool                  interrupted;
    struct tn_str                 table;    /* the only one that matters; empty: all */
    void                        (*missing)(struct tn_my_session *s);
    void                        (*found)(struct tn_my_session *s);
};

static void next(struct tn_my_catalog *c);
static void put_own(struct tn_my_catalog *c, enum tn_my_core core);

static void catalog_free(struct tn_my_catalog *c)
{
    for (size_t i = 0; i < TN_MY_CORE_COUNT; i++)
        tn_buf_reset(&c->rows[i]);
    tn_my_catalog_answer_reset(&c->answer);
    tn_settings_list_unref(c->settings);
    tn_arena_reset(&c->arena);
    tn_free(c);
}

/* The session has no such statement any more. */
static struct tn_my_session *let_go(struct tn_my_catalog *c)
{
    struct tn_my_session *s = c->session;

    c->session = NULL;
    s->catalog = NULL;
    return s;
}

static void end(struct tn_my_session *s, bool failed)
{
    s->on_schema = NULL;
    s->row_count = -1;
    s->more = s->more && !failed;
    tn_my_prepare_done(s, failed);
    tn_my_statement_done(s, failed);
}

static void fail(struct tn_my_catalog *c, struct tn_error *err)
{
    struct tn_my_session *s = let_go(c);

    catalog_free(c);
    tn_my_error(s, err);
    tn_error_reset(err);
    end(s, true);
}

/* ---- the answer ---- */

static struct tn_schema schema_of(struct tn_my_session *s, const struct tn_my_catalog_answer *a)
{
    struct tn_column *columns = tn_arena_zalloc(&s->arena, (a->count + 1) * sizeof *columns);

    for (size_t i = 0; columns != NULL && i < a->count; i++)
        columns[i] = (struct tn_column){.name = a->heads[i], .type = a->types[i] == TN_MY_TYPE_LONGLONG ? TN_TYPE_INT64 : TN_TYPE_TEXT, .pg_typmod = -1};
    return (struct tn_schema){columns == NULL ? 0 : a->count, columns};
}

/* What is more than a column is called as the client wrote it; a column has the name of MySQL's. */
static void name_columns(struct tn_my_session *s, struct tn_my_catalog_answer *a)
{
    struct tn_schema        schema = schema_of(s, a);
    const struct tn_schema *said = tn_my_heads(&schema, s->statement, &s->arena);

    for (size_t i = 0; i < schema.count; i++)
        if (!tn_str_ieq(said->columns[i].name, a->heads[i]))
            a->heads[i] = said->columns[i].name;
}

static void describe(struct tn_my_session *s, const struct tn_my_catalog_answer *a)
{
    struct tn_schema schema = schema_of(s, a);

    if (schema.columns != NULL)
        s->on_schema(s, &schema, NULL);
}

static void tell_rows(struct tn_my_session *s, struct tn_my_catalog_answer *a)
{
    struct tn_my_table table = {.count = a->count, .heads = a->heads, .types = a->types};

    tn_my_put_table(s, &table);
    s->found_rows = a->rows;
    while (a->first != NULL) {
        struct tn_chunk *chunk = a->first;

        a->first = chunk->next;
        tn_my_send_chunk(s, chunk);
    }
    tn_my_end_rows(s);
}

static void tell(struct tn_my_catalog *c)
{
    struct tn_my_session        *s = let_go(c);
    struct tn_my_catalog_answer *a = &c->answer;
    bool                         failed = a->code != 0;
    void                       (*instead)(struct tn_my_session *) = failed ? NULL : a->missing ? c->missing : c->found;

    if (!failed && instead == NULL)
        name_columns(s, a);
    if (failed)
        tn_my_fail(s, a->code, a->sqlstate, "%s", a->message);
    else if (instead == NULL && s->on_schema != NULL)
        describe(s, a);
    else if (instead == NULL)
        tell_rows(s, a);
    catalog_free(c);
    if (instead != NULL)
        instead(s);
    else
        end(s, failed);
}

static void work(struct tn_job *job)
{
    struct tn_my_catalog *c = TN_CONTAINER_OF(job, struct tn_my_catalog, job);

    tn_my_catalog_evaluate(&c->question, &c->answer);
}

static void worked(struct tn_job *job, struct tn_worker *worker)
{
    struct tn_my_catalog *c = TN_CONTAINER_OF(job, struct tn_my_catalog, job);

    (void)worker;
    c->working = false;
    if (c->session == NULL)
        catalog_free(c);
    else
        tell(c);
}

/* ---- an engine's cores ---- */

static void on_chunk(struct tn_ask *ask, struct tn_chunk *chunk)
{
    struct tn_my_catalog *c = ask->owner;
    struct tn_buf        *rows = &c->rows[c->core];

    c->bytes += chunk->bytes.len;
    c->too_large = c->too_large || c->bytes > ROWS_MAX || rows->failed;
    if (!c->too_large)
        tn_buf_append(rows, chunk->bytes.data, chunk->bytes.len);
    tn_chunk_free(chunk);
    if (c->too_large)
        tn_ask_cancel(ask, TN_CANCEL_USER);
    else
        tn_ask_credit(ask);
}

static void on_done(struct tn_ask *ask)
{
    struct tn_my_catalog *c = ask->owner;
    struct tn_my_session *s = c->session;
    struct tn_error       err = TN_ERROR_INIT;

    s->ask = NULL;
    tn_my_transaction_after(s, ask);
    if (c->too_large)
        tn_fail(&err, TN_E_LIMIT, "54000", "the engine has more tables and columns than the %d MiB that a statement about them may need", ROWS_MAX >> 20);
    else if (ask->query->error.status != TN_OK)
        tn_error_move(&err, &ask->query->error);
    if (err.status != TN_OK) {
        fail(c, &err);
        return;
    }
    if (tn_my_core_is_own((enum tn_my_core)c->core)) /* over what the engine says */
        put_own(c, (enum tn_my_core)c->core);
    c->core++;
    next(c);
}

static const struct tn_ask_events events = {.columns = tn_my_asked_columns, .chunk = on_chunk, .done = on_done};

/* Where one table alone matters, Trino is not made to ask its catalogs for all others. */
static bool put_sql(const struct tn_my_catalog *c, const char *core, struct tn_buf *sql)
{
    tn_buf_puts(sql, core);
    if (c->table.len > 0 && c->question.asker.engine == TN_CFG_ENGINE_TRINO && c->core != TN_MY_CORE_SCHEMATA) {
        tn_buf_puts(sql, " AND table_name = lower(");
        tn_buf_put_quoted(sql, c->table, '\'');
        tn_buf_puts(sql, ")");
    }
    return !sql->failed;
}

static void ask_engine(struct tn_my_catalog *c, const char *core)
{
    struct tn_my_session *s = c->session;
    struct tn_my_encoder  encoder;
    struct tn_error       err = TN_ERROR_INIT;
    struct tn_buf         sql;
    struct tn_question    question = {
        .protocol = "mysqlWire", .user = s->identity->user, .user_group_count = s->identity->group_count, .user_groups = s->identity->groups,
        .database = tn_str(s->database), .application = s->application, .address = tn_str(s->client.peer), .header_count = s->header_count,
        .headers = s->headers, .settings = c->settings, .kind = TN_RUN_EXECUTE, .encoder = &encoder.base, .encoder_size = sizeof encoder,
        .events = &events, .owner = c, .handle = &s->ask, .transaction = s->in_tx ? &s->tx : NULL, .bond = &s->bond,
        .about_tables = true,
    };
    enum tn_status status = TN_OK;

    tn_my_encoder_init(&encoder, false, NULL);
    tn_buf_init(&sql, SQL_MAX);
    if (!put_sql(c, core, &sql))
        status = tn_fail(&err, TN_E_NOMEM, "53200", "no memory for a statement");
    question.sql = tn_buf_str(&sql);
    if (status == TN_OK)
        status = tn_ask_start(s->runtime, &question, &err);
    tn_buf_reset(&sql);
    if (status != TN_OK)
        fail(c, &err);
}

/* ---- what Turnout itself knows ---- */

static void put_row(struct tn_buf *rows, const struct tn_str *values, size_t count)
{
    uint8_t          sequence = 0;
    struct tn_my_out out = {.buf = rows, .sequence = &sequence};

    tn_my_put_texts(&out, values, NULL, count, false);
}

static struct tn_str number(char out[24], uint64_t value)
{
    return tn_str_n(out, (size_t)snprintf(out, 24, "%llu", (unsigned long long)value));
}

static void put_variables(struct tn_my_session *s, bool global, struct tn_buf *rows)
{
    for (int i = 0; i < (int)tn_my_variable_rows(); i++) {
        struct tn_str text = global ? tn_my_variable_global(s, i, true, &s->arena) : tn_my_variable_text(s, i, true, &s->arena);

        put_row(rows, (const struct tn_str[]){tn_str(tn_my_variable_name(i)), text.ptr == NULL ? TN_STR("") : text}, 2);
    }
}

static void put_status(struct tn_my_session *s, struct tn_buf *rows)
{
    for (size_t i = 0; i < tn_my_status_rows(); i++) {
        char text[64];

        put_row(rows, (const struct tn_str[]){tn_str(tn_my_status_name(i)), tn_my_status_text(s, i, text, sizeof text)}, 2);
    }
}

static void put_charsets(struct tn_buf *rows)
{
    for (size_t i = 0; tn_my_charset_at(i) != NULL; i++) {
        const struct tn_my_charset *set = tn_my_charset_at(i);
        char                        id[24], bytes[24];

        put_row(rows, (const struct tn_str[]){tn_str(set->collation), tn_str(set->charset), number(id, set->number), set->is_default ? TN_STR("Yes") : TN_STR(""),
                                              strstr(set->collation, "0900") != NULL ? TN_STR("NO PAD") : TN_STR("PAD SPACE"), number(bytes, set->max_bytes)}, 6);
    }
}

/* Words that MySQL 8.0 reserves. */
static const char keywords[] =
    "ACCESSIBLE ADD ALL ALTER ANALYZE AND AS ASC ASENSITIVE BEFORE BETWEEN BIGINT BINARY BLOB BOTH BY CALL CASCADE CASE CHANGE CHAR CHARACTER CHECK COLLATE "
    "COLUMN CONDITION CONSTRAINT CONTINUE CONVERT CREATE CROSS CUBE CUME_DIST CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER CURSOR DATABASE DATABASES "
    "DAY_HOUR DAY_MICROSECOND DAY_MINUTE DAY_SECOND DEC DECIMAL DECLARE DEFAULT DELAYED DELETE DENSE_RANK DESC DESCRIBE DETERMINISTIC DISTINCT DISTINCTROW DIV "
    "DOUBLE DROP DUAL EACH ELSE ELSEIF EMPTY ENCLOSED ESCAPED EXCEPT EXISTS EXIT EXPLAIN FALSE FETCH FIRST_VALUE FLOAT FLOAT4 FLOAT8 FOR FORCE FOREIGN FROM "
    "FULLTEXT FUNCTION GENERATED GET GRANT GROUP GROUPING GROUPS HAVING HIGH_PRIORITY HOUR_MICROSECOND HOUR_MINUTE HOUR_SECOND IF IGNORE IN INDEX INFILE INNER "
    "INOUT INSENSITIVE INSERT INT INT1 INT2 INT3 INT4 INT8 INTEGER INTERSECT INTERVAL INTO IO_AFTER_GTIDS IO_BEFORE_GTIDS IS ITERATE JOIN JSON_TABLE KEY KEYS "
    "KILL LAG LAST_VALUE LATERAL LEAD LEADING LEAVE LEFT LIKE LIMIT LINEAR LINES LOAD LOCALTIME LOCALTIMESTAMP LOCK LONG LONGBLOB LONGTEXT LOOP LOW_PRIORITY "
    "MASTER_BIND MASTER_SSL_VERIFY_SERVER_CERT MATCH MAXVALUE MEDIUMBLOB MEDIUMINT MEDIUMTEXT MIDDLEINT MINUTE_MICROSECOND MINUTE_SECOND MOD MODIFIES NATURAL "
    "NOT NO_WRITE_TO_BINLOG NTH_VALUE NTILE NULL NUMERIC OF ON OPTIMIZE OPTIMIZER_COSTS OPTION OPTIONALLY OR ORDER OUT OUTER OUTFILE OVER PARTITION PERCENT_RANK "
    "PRECISION PRIMARY PROCEDURE PURGE RANGE RANK READ READS READ_WRITE REAL RECURSIVE REFERENCES REGEXP RELEASE RENAME REPEAT REPLACE REQUIRE RESIGNAL RESTRICT "
    "RETURN REVOKE RIGHT RLIKE ROW ROWS ROW_NUMBER SCHEMA SCHEMAS SECOND_MICROSECOND SELECT SENSITIVE SEPARATOR SET SHOW SIGNAL SMALLINT SPATIAL SPECIFIC SQL "
    "SQLEXCEPTION SQLSTATE SQLWARNING SQL_BIG_RESULT SQL_CALC_FOUND_ROWS SQL_SMALL_RESULT SSL STARTING STORED STRAIGHT_JOIN SYSTEM TABLE TERMINATED THEN "
    "TINYBLOB TINYINT TINYTEXT TO TRAILING TRIGGER TRUE UNDO UNION UNIQUE UNLOCK UNSIGNED UPDATE USAGE USE USING UTC_DATE UTC_TIME UTC_TIMESTAMP VALUES "
    "VARBINARY VARCHAR VARCHARACTER VARYING VIRTUAL WHEN WHERE WHILE WINDOW WITH WRITE XOR YEAR_MONTH ZEROFILL";

static void put_keywords(struct tn_buf *rows)
{
    for (const char *at = keywords; *at != '\0';) {
        size_t        len = strcspn(at, " ");
        struct tn_str word = tn_str_n(at, len);

        put_row(rows, &word, 1);
        at += len + (at[len] == ' ');
    }
}

static void put_relations(struct tn_buf *rows)
{
    for (size_t i = 0; i < tn_my_relation_count(); i++)
        if (strcmp(tn_my_relation_at(i)->schema, "information_schema") == 0)
            put_row(rows, (const struct tn_str[]){TN_STR("information_schema"), tn_str(tn_my_relation_at(i)->name)}, 2);
}

static void on_processes(struct tn_my_session *s, const struct tn_str (*rows)[TN_MY_PROCESS_COLUMNS], size_t count)
{
    struct tn_my_catalog *c = s->catalog;

    if (c == NULL)
        return;
    for (size_t i = 0; i < count; i++)
        put_row(&c->rows[TN_MY_CORE_PROCESSES], rows[i], TN_MY_PROCESS_COLUMNS);
    c->core++;
    next(c);
}

static void put_own(struct tn_my_catalog *c, enum tn_my_core core)
{
    struct tn_buf *rows = &c->rows[core];

    switch (core) {
    case TN_MY_CORE_VARIABLES: put_variables(c->session, false, rows); break;
    case TN_MY_CORE_GLOBALS:   put_variables(c->session, true, rows); break;
    case TN_MY_CORE_STATUS:    put_status(c->session, rows); break;
    case TN_MY_CORE_CHARSETS:  put_charsets(rows); break;
    case TN_MY_CORE_KEYWORDS:  put_keywords(rows); break;
    default:                   put_relations(rows); break;
    }
}

/* ---- one after the other ---- */

static void next(struct tn_my_catalog *c)
{
    struct tn_my_session *s = c->session;
    const char           *sql;

    for (; c->core < TN_MY_CORE_COUNT; c->core++) {
        enum tn_my_core core = (enum tn_my_core)c->core;

        if ((c->needs & 1u << core) == 0 || c->question.describes)
            continue;
        if (core == TN_MY_CORE_PROCESSES) {
            tn_my_processes(s, true, on_processes);
            return;
        }
        sql = tn_my_core_sql(c->question.asker.engine, core);
        if (sql != NULL) {
            if (!tn_my_rows_make_way(s, &(struct tn_my_later){.what = TN_MY_LATER_CATALOG}))
                ask_engine(c, sql);
            return;
        }
        if (tn_my_core_is_own(core))
            put_own(c, core);
    }
    c->working = true;
    c->job.run = work;
    c->job.done = worked;
    tn_offload_submit(s->runtime->server->offload, &c->job, s->worker);
}

/* ---- the beginning ---- */

static bool copy_params(struct tn_my_catalog *c, const struct tn_params *params)
{
    struct tn_param *items = tn_arena_zalloc(&c->arena, (params->count + 1) * sizeof *items);

    for (size_t i = 0; items != NULL && i < params->count; i++) {
        enum tn_type type = params->items[i].value.type;

        items[i] = params->items[i];
        if (!tn_arena_str(&c->arena, items[i].pg_bytes, &items[i].pg_bytes))
            return false;
        if ((type == TN_TYPE_TEXT || type == TN_TYPE_BYTES || type == TN_TYPE_NUMERIC || type == TN_TYPE_JSON) &&
            !tn_arena_str(&c->arena, items[i].value.as.text, &items[i].value.as.text))
            return false;
    }
    c->question.params = (struct tn_params){.count = params->count, .items = items};
    return items != NULL;
}

static bool copy_asker(struct tn_my_catalog *c, const struct tn_my_session *s, enum tn_cfg_engine engine)
{
    struct tn_my_asker *asker = &c->question.asker;
    struct tn_str       address = tn_peer_address(tn_str(s->client.peer));
    char                user[512], current[256];

    snprintf(user, sizeof user, "%.200s@" TN_STR_FMT, s->user, TN_STR_ARG(address));
    snprintf(current, sizeof current, "%.200s@%%", s->user);
    asker->engine = engine;
    asker->connection_id = s->id;
    return tn_arena_str(&c->arena, tn_str(s->database), &asker->database) && tn_arena_str(&c->arena, tn_str(user), &asker->user) &&
           tn_arena_str(&c->arena, tn_str(current), &asker->current_user) &&
           tn_arena_str(&c->arena, s->runtime->snapshot->config->settings.mysql_version, &asker->version);
}

static bool fill(struct tn_my_catalog *c, struct tn_my_session *s, const struct tn_my_catalog_statement *statement, enum tn_cfg_engine engine)
{
    uint64_t timeout = s->settings->statement_timeout_us;

    c->needs = tn_my_catalog_needs(statement->relations);
    c->missing = statement->missing;
    c->found = statement->found;
    c->question.relations = statement->relations;
    c->question.binary = s->binary;
    c->question.charset = tn_my_charset_of_results(s);
    c->question.describes = statement->describes;
    c->question.time_us = timeout == 0 ? TIME_MAX_US : TN_MIN(timeout, (uint64_t)TIME_MAX_US);
    c->question.interrupted = &c->interrupted;
    c->question.rows = c->rows;
    for (size_t i = 0; i < TN_MY_CORE_COUNT; i++)
        tn_buf_init(&c->rows[i], ROWS_MAX);
    return tn_arena_str(&c->arena, statement->sql, &c->question.sql) && tn_arena_str(&c->arena, statement->exists, &c->question.exists) &&
           tn_arena_str(&c->arena, statement->table, &c->table) && copy_params(c, &statement->params) && copy_asker(c, s, engine);
}

static void start(struct tn_my_session *s, const struct tn_my_catalog_statement *statement, enum tn_cfg_engine engine, struct tn_settings_list *settings)
{
    struct tn_my_catalog *c = tn_calloc(1, sizeof *c);
    struct tn_error       err = TN_ERROR_INIT;
    enum tn_status        status;

    if (c == NULL) {
        tn_settings_list_unref(settings);
        tn_my_fail(s, 1037, "HY001", "no memory for a statement about tables");
        end(s, true);
        return;
    }
    tn_arena_init(&c->arena, 4 * 1024 * 1024);
    tn_my_catalog_answer_init(&c->answer);
    c->settings = settings;
    c->session = s;
    s->catalog = c;
    tn_my_warnings_forget(s);
    tn_my_wait(s);
    if (!fill(c, s, statement, engine))
        status = tn_fail(&err, TN_E_NOMEM, "53200", "no memory for a statement about tables");
    else
        status = tn_settings_change(&c->settings, TN_STR("turnout.dialect"), TN_STR("engine"), TN_CFG_ENGINE_UNSET, false, true, s->runtime->snapshot, &err);
    if (status != TN_OK)
        fail(c, &err);
    else
        next(c);
}

/* As it was said: an engine of MySQL's kind knows it, and what nobody knows is answered by an error. */
static void run_as_said(struct tn_my_session *s, const struct tn_my_catalog_statement *statement, struct tn_settings_list *settings)
{
    struct tn_my_run run = {.native = s->statement, .kind = statement->describes ? TN_RUN_DESCRIBE : TN_RUN_EXECUTE, .settings = settings,
                            .params = statement->params};
    unsigned         count;

    if (!tn_my_plain(s->statement, &s->arena, &run.sql, run.params.count > 0 ? &count : NULL)) {
        tn_my_fail(s, 1037, "HY001", "no memory for a statement");
        end(s, true);
        return;
    }
    tn_my_run(s, &run);
}

void tn_my_catalog_start(struct tn_my_session *s, const struct tn_my_catalog_statement *statement)
{
    struct tn_cluster       *member = NULL;
    struct tn_settings_list *settings;
    struct tn_error          err = TN_ERROR_INIT;

    if (tn_my_member_find(s, s->statement, &member, &settings, &err) != TN_OK && !statement->own) {
        tn_settings_list_unref(settings);
        tn_my_error(s, &err);
        tn_error_reset(&err);
        end(s, true);
        return;
    }
    tn_error_reset(&err);
    if (statement->own || (member != NULL && tn_my_catalog_has(member->conf->engine))) {
        start(s, statement, member == NULL ? TN_CFG_ENGINE_UNSET : member->conf->engine, settings != NULL ? settings : tn_settings_list_ref(s->settings));
        return;
    }
    run_as_said(s, statement, settings);
    tn_settings_list_unref(settings);
}

bool tn_my_catalog_serves(struct tn_my_session *s, struct tn_str sql)
{
    struct tn_cluster       *member = NULL;
    struct tn_settings_list *settings = NULL;
    struct tn_error          err = TN_ERROR_INIT;
    bool                     serves = tn_my_member_find(s, sql, &member, &settings, &err) == TN_OK && member != NULL && tn_my_catalog_has(member->conf->engine);

    tn_error_reset(&err);
    tn_settings_list_unref(settings);
    return serves;
}

bool tn_my_catalog_is(struct tn_my_session *s, struct tn_str sql)
{
    struct tn_words words;

    tn_words_init(&words, sql, TN_DIALECT_MYSQL);
    while (words.token.punct == '(')
        tn_words_next(&words);
    if ((!tn_words_at(&words, "select") && !tn_words_at(&words, "with")) || tn_my_catalog_mentions(sql, tn_str(s->database)) == 0)
        return false;
    return tn_my_catalog_serves(s, sql);
}

bool tn_my_catalog_select(struct tn_my_session *s, struct tn_str sql, bool describes)
{
    struct tn_my_catalog_statement statement = {.params = s->params, .describes = describes};
    struct tn_buf                  text;

    if (!tn_my_catalog_is(s, sql))
        return false;
    statement.relations = tn_my_catalog_mentions(sql, tn_str(s->database));
    tn_buf_init(&text, SQL_MAX);
    if (!tn_my_catalog_text(s, sql, &s->arena, &text)) {
        tn_my_fail(s, 1153, "08S01", "a statement about tables is longer than %d bytes", (int)SQL_MAX);
        end(s, true);
    } else {
        statement.sql = tn_buf_str(&text);
        tn_my_catalog_start(s, &statement);
    }
    tn_buf_reset(&text);
    return true;
}

void tn_my_catalog_resume(struct tn_my_session *s, struct tn_error *err)
{
    if (err != NULL)
        fail(s->catalog, err);
    else
        next(s->catalog);
}

void tn_my_catalog_cancel(struct tn_my_session *s)
{
    if (s->catalog != NULL)
        atomic_store(&s->catalog->interrupted, true);
}

void tn_my_catalog_orphan(struct tn_my_session *s)
{
    struct tn_my_catalog *c = s->catalog;

    if (c == NULL)
        return;
    let_go(c);
    atomic_store(&c->interrupted, true);
    if (!c->working)
        catalog_free(c);
}
