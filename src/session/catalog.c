/* Statements about PostgreSQL's catalog, where the group has no PostgreSQL: a member is asked what tables it has, and the statement runs on an image
 * of a catalog that is made of that (catalog/image.h). */
#include "session/private.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "catalog/image.h"
#include "catalog/text.h"
#include "engine/told.h"
#include "engine/topology.h"
#include "explain.h"
#include "frontend/pgwire/pg_digits.h"
#include "scripting.h"
#include "session/ask.h"
#include "session/words.h"

enum {
    ROWS_MAX = 64 * 1024 * 1024, /* of all that one member tells */
    END_OF_VALUE = 0x1f, END_OF_ROW = 0x1e, NULL_VALUE = 0x1d,
};

#define WAIT_S 0.05 /* between two looks at whether another's image is made */
#define PATIENCE_US UINT64_C(60000000) /* for an image, where the session says nothing */

/* What is asked for, core by core. */
static const enum tn_told whats[] = {
    [TN_CATALOG_SCHEMATA] = TN_TOLD_SCHEMATA, [TN_CATALOG_TABLES] = TN_TOLD_TABLES,   [TN_CATALOG_COLUMNS] = TN_TOLD_COLUMNS,
    [TN_CATALOG_KEYS] = TN_TOLD_KEYS,         [TN_CATALOG_INDEXES] = TN_TOLD_INDEXES, [TN_CATALOG_VIEWS] = TN_TOLD_VIEWS,
};

struct tn_session_catalog {
    struct tn_job             job;
    struct tn_session        *session;  /* NULL: gone */
    struct tn_statement_run   run;
    struct tn_catalog        *catalog;
    struct tn_snapshot       *snapshot; /* counted: keeps the member */
    struct tn_settings_list  *settings; /* counted */
    struct tn_catalog_source  source;
    struct tn_catalog_image  *image;
    struct tn_ask            *ask;      /* that runs */
    unsigned                  core;     /* that is asked for */
    struct tn_buf             messages; /* its rows, as PostgreSQL sends them */
    struct tn_buf             rows[TN_CATALOG_CORES], about, database; /* database: the session may be gone first */
    size_t                    bytes;
    atomic_bool               stop;     /* making the image */
    ev_timer                  wait;     /* until another's image is made */
    bool                      working, again, too_large, cancelled;
    uint64_t                  began_us;
    struct tn_error           err;
};

static void next(struct tn_session_catalog *c);

static void catalog_free(struct tn_session_catalog *c)
{
    for (size_t i = 0; i < TN_CATALOG_CORES; i++)
        tn_buf_reset(&c->rows[i]);
    tn_buf_reset(&c->messages);
    tn_buf_reset(&c->about);
    tn_buf_reset(&c->database);
    tn_catalog_image_unref(c->image);
    tn_settings_list_unref(c->settings);
    tn_snapshot_unref(c->snapshot);
    tn_error_reset(&c->err);
    tn_free(c);
}

/* ---- the end ---- */

static void run_on(struct tn_session *s, const struct tn_statement_run *run, struct tn_catalog_image *image)
{
    struct tn_statement_run with = *run;

    with.own = tn_catalog_group(image);
    tn_execute_engine(s, &with);
}

static void end(struct tn_session_catalog *c)
{
    struct tn_session      *s = c->session;
    struct tn_statement_run run = c->run;
    struct tn_reply         reply = {.lines = false};

    s->catalog = NULL;
    if (c->cancelled && c->err.status == TN_OK)
        tn_fail(&c->err, TN_E_CANCELLED, "57014", "canceling statement due to user request");
    if (c->err.status == TN_OK)
        run_on(s, &run, c->image);
    else
        tn_execute_reply(s, &reply, &c->err);
    catalog_free(c);
}

static void work(struct tn_job *job)
{
    struct tn_session_catalog *c = TN_CONTAINER_OF(job, struct tn_session_catalog, job);
    enum tn_status             status = tn_catalog_image(c->catalog, &c->source, tn_clock_us(), &c->image, &c->err);

    c->again = status == TN_AGAIN;
    if (status != TN_OK && !c->again && c->err.status == TN_OK)
        tn_fail(&c->err, status, "XX000", "the catalog of this group cannot be made");
}

static void worked(struct tn_job *job, struct tn_worker *worker)
{
    struct tn_session_catalog *c = TN_CONTAINER_OF(job, struct tn_session_catalog, job);

    (void)worker;
    c->working = false;
    if (c->image != NULL)
        tn_log(TN_LOG_INFO, "catalog made", TN_LOG_STR("cluster", c->source.cluster->conf->name), TN_LOG_STR("database", c->source.database),
               TN_LOG_U64("ms", (tn_clock_us() - c->began_us) / 1000));
    if (c->session == NULL)
        catalog_free(c);
    else if (!c->again || c->cancelled)
        end(c);
    else
        ev_timer_start(c->session->worker->loop, &c->wait);
}

static void make(struct tn_session_catalog *c)
{
    c->working = true;
    c->job.run = work;
    c->job.done = worked;
    tn_offload_submit(c->session->runtime->server->offload, &c->job, c->session->worker);
}

static void on_wait(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_session_catalog *c = TN_CONTAINER_OF(timer, struct tn_session_catalog, wait);

    (void)loop;
    (void)revents;
    ev_timer_set(&c->wait, WAIT_S, 0.);
    if (c->source.deadline_us != 0 && tn_clock_us() > c->source.deadline_us) {
        tn_fail(&c->err, TN_E_TIMEOUT, "57014", "canceling statement due to statement timeout");
        end(c);
    } else {
        make(c);
    }
}

/* ---- what the member tells ---- */

static void on_columns(struct tn_ask *ask, const struct tn_schema *schema)
{
    (void)ask;
    (void)schema;
}

static void on_chunk(struct tn_ask *ask, struct tn_chunk *chunk)
{
    struct tn_session_catalog *c = ask->owner;

    c->bytes += chunk->bytes.len;
    c->too_large = c->too_large || c->bytes > ROWS_MAX || c->messages.failed;
    if (!c->too_large)
        tn_buf_append(&c->messages, chunk->bytes.data, chunk->bytes.len);
    tn_chunk_free(chunk);
    if (c->too_large)
        tn_ask_cancel(ask, TN_CANCEL_USER);
    else
        tn_ask_credit(ask);
}

static void put_value(struct tn_buf *rows, struct tn_str value)
{
    for (size_t i = 0; i < value.len; i++)
        if (value.ptr[i] != '\0' && value.ptr[i] != END_OF_VALUE && value.ptr[i] != END_OF_ROW && value.ptr[i] != NULL_VALUE)
            tn_buf_put_u8(rows, (uint8_t)value.ptr[i]);
}

/* DataRow messages (ours: well formed) become rows of an image's source. */
static void read_rows(const struct tn_buf *messages, struct tn_buf *rows)
{
    const char *at = messages->data, *limit = messages->data + messages->len;

    while (limit - at >= 7) {
        unsigned count = (unsigned char)at[5] * 256u + (unsigned char)at[6];

        at += 7;
        for (unsigned i = 0; i < count && limit - at >= 4; i++) {
            int32_t len = (int32_t)tn_pg_get_be32(at);

            at += 4;
            if (i > 0)
                tn_buf_put_u8(rows, END_OF_VALUE);
            if (len < 0)
                tn_buf_put_u8(rows, NULL_VALUE);
            else
                put_value(rows, tn_str_n(at, (size_t)len));
            at += len < 0 ? 0 : len;
        }
        tn_buf_put_u8(rows, END_OF_ROW);
    }
}

static void on_done(struct tn_ask *ask)
{
    struct tn_session_catalog *c = ask->owner;

    c->ask = NULL;
    if (c->too_large)
        tn_fail(&c->err, TN_E_LIMIT, "54000", "the engine has more tables and columns than the %d MiB that a statement about them may need", ROWS_MAX >> 20);
    else if (ask->query->error.status != TN_OK)
        tn_error_move(&c->err, &ask->query->error);
    if (c->err.status != TN_OK) {
        end(c);
        return;
    }
    read_rows(&c->messages, &c->rows[c->core]);
    tn_buf_clear(&c->messages);
    c->core++;
    next(c);
}

static const struct tn_ask_events events = {.columns = on_columns, .chunk = on_chunk, .done = on_done};

static enum tn_status ask(struct tn_session_catalog *c, const char *sql)
{
    struct tn_session   *s = c->session;
    struct tn_pg_encoder encoder;
    struct tn_question   question = {
        .protocol = "postgresWire", .user = tn_str(s->user), .user_group_count = s->identity->group_count, .user_groups = s->identity->groups,
        .database = tn_str(s->database), .application = tn_settings_get(s->settings, TN_STR("application_name")), .address = tn_str(s->client.peer),
        .header_count = s->header_count, .headers = s->headers, .settings = c->settings, .sql = tn_str(sql), .kind = TN_RUN_EXECUTE, .about_tables = true,
        .timeout_us = s->settings->statement_timeout_us, .encoder = &encoder.base, .encoder_size = sizeof encoder, .events = &events, .owner = c, .handle = &c->ask,
    };

    tn_pg_encoder_init(&encoder, &c->settings->style, NULL, 0);
    return tn_ask_start(s->runtime, &question, &c->err);
}

/* One core after the other, then the image. */
static void next(struct tn_session_catalog *c)
{
    for (; c->core < TN_CATALOG_CORES; c->core++) {
        const char *sql = tn_told_sql(c->source.cluster->conf->engine, whats[c->core]);

        if (sql == NULL)
            continue;
        if (ask(c, sql) != TN_OK)
            end(c);
        return;
    }
    for (size_t i = 0; i < TN_CATALOG_CORES; i++)
        c->source.rows[i] = tn_buf_str(&c->rows[i]);
    make(c);
}

/* ---- the beginning ---- */

/* Who would run it: the one that the session keeps, else a PostgreSQL of its group if there is one. NULL: the pipeline knows why. */
static struct tn_cluster *find_member(struct tn_session *s, struct tn_query *q, const struct tn_statement_run *run)
{
    struct tn_route_result result;
    struct tn_group       *group;
    struct tn_cluster     *hinted;
    struct tn_error        err = TN_ERROR_INIT;
    enum tn_status         status;
    bool                   unsure;

    if (s->lease != NULL)
        return s->lease->cluster;
    q->features = *run->features;
    q->text = run->sql;
    q->client.wall_us = tn_clock_wall_us();
    status = tn_execute_fill(s, q, &err);
    if (status == TN_OK)
        status = tn_scripting_decide(s->runtime, &q->client, &q->features, run->sql, &q->arena, &result, &unsure, &err);
    tn_error_reset(&err);
    if (status != TN_OK || result.denied)
        return NULL;
    hinted = result.cluster.len > 0 ? tn_topology_cluster(s->runtime->snapshot->topology, result.cluster) : NULL;
    group = result.group == NULL ? NULL : tn_topology_group(s->runtime->snapshot->topology, result.group->name);
    if (hinted != NULL || group == NULL)
        return hinted;
    for (size_t i = 0; i < group->member_count; i++)
        if (group->members[i]->ops->dialect == TN_DIALECT_POSTGRES && tn_cluster_look(group->members[i], tn_clock_us()) == TN_USABLE_OK)
            return group->members[i];
    return tn_group_first_usable(group);
}

static void put_settings(struct tn_buf *rows)
{
    for (size_t row = 0; row < tn_setting_rows(); row++) {
        tn_buf_put_str(rows, tn_setting_name((int)row));
        tn_buf_put_u8(rows, END_OF_VALUE);
        put_value(rows, tn_setting_default((int)row));
        tn_buf_put_u8(rows, END_OF_ROW);
    }
}

/* Its questions go to the member, in its own words. */
static enum tn_status fill(struct tn_session_catalog *c, struct tn_session *s, struct tn_cluster *member)
{
    ev_timer_init(&c->wait, on_wait, WAIT_S, 0.);
    c->session = s;
    c->catalog = s->runtime->server->catalog;
    c->snapshot = tn_snapshot_ref(s->lease != NULL ? s->lease->snapshot : s->runtime->snapshot);
    c->settings = tn_settings_list_ref(s->settings);
    c->source = (struct tn_catalog_source){.cluster = member, .version = TN_STR("PostgreSQL " TN_SERVER_VERSION), .definitions = atomic_load(&member->definitions), .stop = &c->stop};
    c->source.deadline_us = tn_clock_us() + (s->settings->statement_timeout_us != 0 ? s->settings->statement_timeout_us : PATIENCE_US);
    tn_buf_init(&c->messages, ROWS_MAX);
    tn_buf_init(&c->about, 64 * 1024);
    tn_buf_init(&c->database, 64 * 1024);
    tn_buf_puts(&c->database, s->database);
    c->source.database = tn_buf_str(&c->database);
    for (size_t i = 0; i < TN_CATALOG_CORES; i++)
        tn_buf_init(&c->rows[i], ROWS_MAX);
    put_settings(&c->about);
    c->source.settings = tn_buf_str(&c->about);
    TN_TRY(tn_settings_change(&c->settings, TN_STR("turnout.cluster"), member->conf->name, TN_CFG_ENGINE_UNSET, false, true, c->snapshot, &c->err));
    return tn_settings_change(&c->settings, TN_STR("turnout.dialect"), TN_STR("engine"), TN_CFG_ENGINE_UNSET, false, true, c->snapshot, &c->err);
}

static void begin(struct tn_session *s, const struct tn_statement_run *run, struct tn_cluster *member)
{
    struct tn_session_catalog *c = tn_calloc(1, sizeof *c);
    struct tn_reply            reply = {.lines = false};
    struct tn_error            err = TN_ERROR_INIT;

    s->reply = run->reply;
    if (c == NULL) {
        tn_fail(&err, TN_E_NOMEM, "53200", "no memory for a catalog");
        tn_execute_reply(s, &reply, &err);
        return;
    }
    c->run = *run;
    c->began_us = tn_clock_us();
    s->catalog = c;
    if (fill(c, s, member) != TN_OK)
        end(c);
    else
        next(c);
}

/* current_setting() of nothing that a session of ours has is an engine's own. */
static bool asks_another_setting(struct tn_str sql)
{
    struct tn_words words;
    bool            another = false;

    tn_words_init(&words, sql, TN_DIALECT_POSTGRES);
    while (!tn_words_at_end(&words)) {
        struct tn_str text;

        if (!tn_words_accept(&words, "current_setting")) {
            tn_words_next(&words);
            continue;
        }
        tn_words_accept_punct(&words, '(');
        text = words.token.text;
        if (words.token.kind != TN_TOKEN_STRING || text.len <= 2)
            continue;
        another = tn_setting_find(tn_str_n(text.ptr + 1, text.len - 2)) < 0;
        if (!another)
            return false;
    }
    return another;
}

/* A dialect that the client named itself is not PostgreSQL's catalog's. */
static bool is_asked(const struct tn_session *s, const struct tn_statement_run *run)
{
    return s->runtime->server->catalog != NULL && !s->console && s->settings->dialect.len == 0 && tn_catalog_speaks(run->sql, run->features) &&
           (run->features->table_count > 0 || !asks_another_setting(run->sql));
}

/* NULL: RUN is an engine's; it may name a member now. */
static struct tn_cluster *answered_for(struct tn_session *s, struct tn_statement_run *run)
{
    struct tn_query   *q;
    struct tn_cluster *member;

    if (!is_asked(s, run))
        return NULL;
    q = tn_explain_query_new(s->runtime);
    if (q == NULL)
        return NULL;
    member = find_member(s, q, run);
    tn_explain_query_free(q);
    if (member == NULL || tn_told_sql(member->conf->engine, TN_TOLD_TABLES) == NULL)
        return NULL;
    if (member->ops->dialect == TN_DIALECT_TRINO && tn_catalog_asks_place(run->sql, run->features))
        return NULL; /* its own words: a USE says where */
    if (member->ops->dialect != TN_DIALECT_POSTGRES)
        return member;
    if (run->affinity.len == 0)
        run->affinity = member->conf->name;
    return NULL;
}

bool tn_session_catalog_serves(struct tn_session *s, struct tn_statement_run *run)
{
    struct tn_catalog_source source = {.database = tn_str(s->database)};
    struct tn_catalog_image *image;

    source.cluster = answered_for(s, run);
    if (source.cluster == NULL)
        return false;
    if (run->kind == TN_RUN_EXECUTE)
        tn_count(&s->runtime->counters, TN_COUNTER_catalog_statements, 1);
    image = tn_catalog_fresh(s->runtime->server->catalog, &source, tn_clock_us());
    if (image == NULL) {
        begin(s, run, source.cluster);
        return true;
    }
    run_on(s, run, image);
    tn_catalog_image_unref(image);
    return true;
}

struct tn_str tn_session_catalog_answers(struct tn_session *s, struct tn_str sql, const struct tn_features *features)
{
    struct tn_statement_run run = {.sql = sql, .features = features};
    struct tn_cluster      *member = answered_for(s, &run);

    return member == NULL ? TN_STR("") : member->conf->name;
}

void tn_session_catalog_failed(struct tn_query *q)
{
    if (q->own_member != NULL && q->error.hint[0] == '\0' && q->error.status != TN_E_CANCELLED && q->error.status != TN_E_TIMEOUT)
        tn_error_hint(&q->error, "Turnout answers statements about PostgreSQL's catalog itself, from what the engine tells of its tables. "
                                 "SET turnout.dialect = 'engine' sends them to the engine as they are.");
}

void tn_session_catalog_cancel(struct tn_session *s, enum tn_cancel why)
{
    struct tn_session_catalog *c = s->catalog;

    if (c == NULL)
        return;
    c->cancelled = true;
    atomic_store(&c->stop, true);
    if (c->ask != NULL) {
        tn_ask_cancel(c->ask, why);
    } else if (!c->working) {
        ev_timer_stop(s->worker->loop, &c->wait);
        end(c);
    }
}

void tn_session_catalog_orphan(struct tn_session *s)
{
    struct tn_session_catalog *c = s->catalog;

    if (c == NULL)
        return;
    s->catalog = NULL;
    c->session = NULL;
    atomic_store(&c->stop, true);
    ev_timer_stop(s->worker->loop, &c->wait);
    if (c->ask != NULL)
        tn_ask_orphan(c->ask, TN_CANCEL_SHUTDOWN);
    if (!c->working)
        catalog_free(c);
}

static struct tn_str setting_of(const void *settings, struct tn_str name)
{
    return tn_settings_get(settings, name);
}

enum tn_status tn_session_catalog_text(const struct tn_session *s, struct tn_query *q, struct tn_str sql, struct tn_error *err)
{
    struct tn_catalog_self self = {.user = s->identity->user, .database = tn_str(s->database), .pid = s->pid, .setting = setting_of, .arg = s->settings};
    struct tn_buf          text;
    bool                   shallow, ok;

    tn_buf_init(&text, 64 * 1024 * 1024);
    shallow = tn_catalog_text(sql, &self, &text);
    ok = !text.failed && tn_arena_str(&q->arena, tn_buf_str(&text), &q->text);
    tn_buf_reset(&text);
    if (!shallow)
        return tn_fail(err, TN_E_LIMIT, "54001", "a statement about the catalog has too many brackets, functions or patterns in each other");
    return ok ? TN_OK : tn_fail(err, TN_E_NOMEM, "53200", "no memory for a statement");
}
