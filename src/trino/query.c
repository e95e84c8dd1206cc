/* Queries of one worker: found by id, kept while their client comes back for pages, dropped when it does not. */
#include "trino/private.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "trino/followed.h"
#include "trino/link.h"
#include "trino/locate.h"
#include "trino/long_page.h"
#include "trino/segments.h"
#include "trino/transaction.h"

#include <time.h>

enum { SWEEP_S = 1, ARENA_MAX = 1024 * 1024 * 1024, COLUMNS_MAX = 64 * 1024 * 1024, KEPT_US = 60 * 1000000, TEXT_KEPT = 4096 };

/* ---- ids ---- */

static const char base36[] = "0123456789abcdefghijklmnopqrstuvwxyz";

/* "20261126_161201_": once a second. */
static const char *moment(struct tn_trino_home *home)
{
    time_t    now = (time_t)tn_clock_wall_s();
    struct tm tm;

    if (now == home->moment_at)
        return home->moment;
    home->moment_at = now;
    gmtime_r(&now, &tm);
    snprintf(home->moment, sizeof home->moment, "%04u%02u%02u_%02u%02u%02u_", (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)(tm.tm_mon + 1) % 100,
             (unsigned)tm.tm_mday % 100, (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
    return home->moment;
}

/* "20261126_161201_00042_01k3f": when, which, and by whom: two letters of the worker, three of the program's start. */
static void make_id(struct tn_trino_query *q)
{
    enum { MOMENT = 16, NUMBER = 5 };
    struct tn_trino *trino = q->home->trino;
    unsigned         worker = q->home->worker->index;
    uint64_t         number = atomic_fetch_add(&trino->next_id, 1) % 100000;

    memcpy(q->id, moment(q->home), MOMENT);
    for (size_t i = NUMBER; i-- > 0; number /= 10)
        q->id[MOMENT + i] = (char)('0' + number % 10);
    q->id[MOMENT + NUMBER] = '_';
    q->id[MOMENT + NUMBER + 1] = base36[worker / 36 % 36];
    q->id[MOMENT + NUMBER + 2] = base36[worker % 36];
    memcpy(q->id + MOMENT + NUMBER + 3, trino->suffix, sizeof trino->suffix);
}

static void make_slug(struct tn_trino_query *q)
{
    enum { BYTES = 16 };
    struct tn_trino_home *home = q->home;
    uint8_t              *random;

    if (home->random_left < BYTES) {
        tn_rand_secret(home->random, sizeof home->random);
        home->random_left = sizeof home->random;
    }
    home->random_left -= BYTES;
    random = home->random + home->random_left;
    q->slug[0] = 'y';
    for (size_t i = 0; i < BYTES; i++) {
        q->slug[1 + 2 * i] = base36[random[i] >> 4];
        q->slug[2 + 2 * i] = base36[random[i] & 15];
    }
    q->slug[1 + 2 * BYTES] = '\0';
    explicit_bzero(random, BYTES);
}

static int digit36(char c)
{
    const char *at = c == '\0' ? NULL : strchr(base36, c);

    return at == NULL ? -1 : (int)(at - base36);
}

struct tn_worker *tn_trino_owner(const struct tn_trino *trino, struct tn_str id)
{
    int high, low;

    if (id.len < 6 || !tn_str_eq_c(tn_str_n(id.ptr + id.len - 3, 3), trino->suffix))
        return NULL;
    high = digit36(id.ptr[id.len - 5]);
    low = digit36(id.ptr[id.len - 4]);
    if (high < 0 || low < 0 || (size_t)(high * 36 + low) >= trino->worker_count)
        return NULL;
    return trino->homes[high * 36 + low].worker;
}

/* ---- life ---- */

static void drop_rows(struct tn_trino_query *q)
{
    for (struct tn_chunk *chunk = q->first; chunk != NULL; chunk = q->first) {
        q->first = chunk->next;
        tn_chunk_free(chunk);
    }
    q->last = NULL;
    q->chunk_count = 0;
    q->chunk_bytes = 0;
}

/* Its texts that are still wanted go where they take no more room than they need. SQL: what is kept of its text, for who asks by its id. */
static void keep_texts(struct tn_trino_query *q, struct tn_str sql, char *at)
{
    struct tn_str *texts[] = {&q->request.source, &q->request.catalog, &q->request.schema, &q->request.client_tags};
    struct tn_trino_request request = {.presto = q->request.presto};
    struct tn_str          *kept[] = {&request.source, &request.catalog, &request.schema, &request.client_tags};

    q->texts = at;
    for (size_t i = 0; i < TN_ARRAY_LEN(texts); i++) {
        if (texts[i]->len > 0)
            memcpy(at, texts[i]->ptr, texts[i]->len);
        *kept[i] = tn_str_n(at, texts[i]->len);
        at += texts[i]->len;
    }
    for (size_t i = 0; i < q->set_count; i++) {
        size_t size = strlen(q->set[i].value) + 1;

        memcpy(at, q->set[i].value, size);
        q->set[i].value = at;
        at += size;
    }
    if (sql.len > 0)
        memcpy(at, sql.ptr, sql.len);
    q->sql = tn_str_n(at, sql.len);
    q->request = request;
}

void tn_trino_query_settle(struct tn_trino_query *q)
{
    struct tn_str sql = q->sql;
    size_t        size;
    char         *texts;

    if (!q->done || !q->page_is_last || q->texts != NULL || q->is_long) /* a long page may be wanted again */
        return;
    sql.len = tn_utf8_valid_prefix(sql.ptr, TN_MIN(sql.len, (size_t)TEXT_KEPT));
    size = 1 + q->request.source.len + q->request.catalog.len + q->request.schema.len + q->request.client_tags.len + sql.len;
    for (size_t i = 0; i < q->set_count; i++)
        size += strlen(q->set[i].value) + 1;
    texts = tn_malloc(size);
    if (texts == NULL)
        return;
    keep_texts(q, sql, texts);
    tn_arena_reset(&q->arena);
    q->text = q->peer = q->base = q->cluster = q->missing = q->place.sql = tn_str_n(NULL, 0);
    q->headers = NULL;
    q->own = NULL;
    q->header_count = q->own_count = 0;
    tn_buf_reset(&q->columns);
    tn_buf_reset(&q->next);
    tn_settings_list_unref(q->settings);
    q->settings = NULL;
    q->home->held_bytes -= q->held;
    q->held = 0;
    q->home->kept_bytes -= q->kept;
    q->kept = sizeof *q + size + q->page.capacity + q->told.capacity + (q->rest != NULL ? q->rest->buf.capacity : 0);
    q->home->kept_bytes += q->kept;
}

/* WHY its statement ends, if it still runs. */
static void free_query(struct tn_trino_query *q, enum tn_cancel why)
{
    TN_LIST_FOR_EACH_SAFE(node, &q->waiters)
    {
        tn_list_remove(node);
        tn_trino_call_refuse(TN_CONTAINER_OF(node, struct tn_trino_call, node), 404, "the query is gone\n");
    }
    if (q->post != NULL)
        tn_trino_call_refuse(q->post, 503, "the query is gone\n");
    tn_trino_long_leave(q);
    ev_timer_stop(q->home->worker->loop, &q->wait);
    (void)tn_trino_transaction_leave(q);
    if (q->ask != NULL)
        tn_ask_orphan(q->ask, why);
    tn_trino_segments_leave(q);
    drop_rows(q);
    q->home->kept_bytes -= q->kept;
    q->home->held_bytes -= q->held;
    tn_map_remove(&q->home->queries, tn_str(q->id));
    tn_list_remove(&q->node);
    tn_settings_list_unref(q->settings);
    tn_error_reset(&q->error);
    tn_buf_reset(&q->columns);
    tn_buf_reset(&q->page);
    tn_bytes_unref(q->rest);
    tn_buf_reset(&q->next);
    tn_buf_reset(&q->told);
    tn_buf_reset(&q->before);
    tn_identity_unref(q->identity);
    tn_arena_reset(&q->arena);
    tn_free(q->texts);
    tn_free(q);
}

static void discard(struct tn_trino_query *q)
{
    free_query(q, TN_CANCEL_CLIENT_GONE);
}

static uint64_t patience_us(const struct tn_trino_query *q)
{
    uint64_t timeout = q->home->trino->config->settings.trino_client_timeout;

    return q->page_is_last ? TN_MIN(timeout, (uint64_t)KEPT_US) : timeout;
}

static void on_sweep(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct tn_trino_home *home = timer->data;
    uint64_t              now = tn_clock_us();

    (void)events;
    TN_LIST_FOR_EACH_SAFE(node, &home->by_use)
    {
        struct tn_trino_query *q = TN_CONTAINER_OF(node, struct tn_trino_query, node);

        if (tn_list_empty(&q->waiters) && q->post == NULL && q->reader == NULL && now - q->last_used_us > patience_us(q)) {
            if (!q->page_is_last)
                tn_log(TN_LOG_INFO, "trino query abandoned", TN_LOG_TEXT("query", q->id));
            discard(q);
        }
    }
    tn_trino_transaction_sweep(home, now);
    if (!tn_trino_follow_sweep(home, now) && tn_list_empty(&home->by_use) && tn_list_empty(&home->transactions)) {
        ev_timer_stop(loop, timer);
        home->sweeping = false;
    }
}

void tn_trino_sweep_start(struct tn_trino_home *home)
{
    if (home->sweeping)
        return;
    home->sweeping = true;
    ev_timer_init(&home->sweep, on_sweep, SWEEP_S, SWEEP_S);
    home->sweep.data = home;
    ev_timer_start(home->worker->loop, &home->sweep);
}

void tn_trino_home_init(struct tn_trino_home *home, struct tn_trino *trino, struct tn_worker *worker)
{
    *home = (struct tn_trino_home){.trino = trino, .worker = worker, .activity = tn_trino_activity_new()};
    worker->module[TN_WORKER_TRINO] = home;
    tn_map_init(&home->queries);
    tn_list_init(&home->by_use);
    tn_list_init(&home->transactions);
    tn_list_init(&home->resumed);
    tn_map_init(&home->followed);
    tn_list_init(&home->by_link);
}

void tn_trino_home_free(struct tn_trino_home *home)
{
    if (home->worker == NULL)
        return;
    home->worker->module[TN_WORKER_TRINO] = NULL;
    if (home->sweeping) /* the worker's loop turns once more before it is freed */
        ev_timer_stop(home->worker->loop, &home->sweep);
    TN_LIST_FOR_EACH_SAFE(node, &home->by_use)
        free_query(TN_CONTAINER_OF(node, struct tn_trino_query, node), TN_CANCEL_SHUTDOWN);
    tn_trino_resume_free_all(home);
    tn_trino_follow_free_all(home);
    tn_trino_transaction_free_all(home);
    tn_map_reset(&home->queries);
    tn_trino_activity_free(home->activity);
    tn_trino_link_disarm(home);
}

static void touch(struct tn_trino_query *q)
{
    q->last_used_us = tn_clock_us();
    tn_list_remove(&q->node);
    tn_list_append(&q->home->by_use, &q->node);
}

static bool has_room(const struct tn_trino_home *home, size_t bytes)
{
    return home->queries.count < TN_TRINO_QUERIES && home->held_bytes + bytes <= TN_TRINO_HELD_BYTES;
}

/* For one of BYTES: ended queries go first when there are too many, or too many bytes of them. False: all of them run. */
static bool make_room(struct tn_trino_home *home, size_t bytes)
{
    TN_LIST_FOR_EACH_SAFE(node, &home->by_use)
    {
        struct tn_trino_query *q = TN_CONTAINER_OF(node, struct tn_trino_query, node);

        if (has_room(home, bytes) && home->kept_bytes < TN_TRINO_KEPT_BYTES)
            return true;
        if (q->page_is_last && tn_list_empty(&q->waiters))
            discard(q);
    }
    return has_room(home, bytes);
}

static void get(struct tn_trino_query *q, struct tn_trino_call *call);

/* They came while a long page was not over; what they asked for is looked at anew. */
static void look_again(struct tn_trino_query *q)
{
    struct tn_list waiting, *node;

    q->was_open = false;
    tn_list_init(&waiting);
    while ((node = tn_list_first(&q->waiters)) != NULL) {
        tn_list_remove(node);
        tn_list_append(&waiting, node);
    }
    while ((node = tn_list_first(&waiting)) != NULL) {
        tn_list_remove(node);
        get(q, TN_CONTAINER_OF(node, struct tn_trino_call, node));
    }
}

static void on_wait(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct tn_trino_query *q = timer->data;
    struct tn_list        *node;

    (void)events;
    if (q->is_open)
        return; /* its end wakes them */
    if (q->was_open) {
        look_again(q);
        return;
    }
    if (tn_trino_segments_flush(q)) {
        ev_timer_set(timer, TN_TRINO_POLL_MS / 1000.0, 0);
        ev_timer_start(loop, timer);
        return;
    }
    if (q->post != NULL) {
        struct tn_trino_call *post = q->post;

        q->post = NULL;
        tn_trino_page_first(q, post);
    }
    while ((node = tn_list_first(&q->waiters)) != NULL) {
        tn_list_remove(node);
        tn_trino_page_answer(q, TN_CONTAINER_OF(node, struct tn_trino_call, node));
    }
}

/* The memory that the request was read into becomes the query's. */
static void take_request(struct tn_trino_query *q, struct tn_trino_call *call)
{
    q->arena = call->arena;
    tn_arena_init(&call->arena, 0);
    q->arena.max = ARENA_MAX;
    q->request = call->request;
    q->request.arena = &q->arena;
    call->request.arena = &call->arena;
    q->sql = q->text = q->place.sql = call->sql;
    q->peer = call->peer;
    q->base = call->base;
    q->identity = call->identity;
    call->identity = NULL;
    q->header_count = call->header_count;
    q->headers = call->headers;
    q->own_count = call->own_count;
    q->own = call->own;
    q->encoding = tn_trino_encoding_choose(q->request.data_encoding);
    q->parametric = tn_trino_request_can(&q->request, "PARAMETRIC_DATETIME");
}

/* Queries that are kept make the heap grow, and the C library would let it grow by a page each time, with a system call for
 * nearly every query: now and then by more at once. */
static void make_heap_room(const struct tn_trino_home *home)
{
    enum { EVERY = 64, ROOM = 512 * 1024 };
    void *volatile room;

    if (home->queries.count % EVERY != 0)
        return;
    room = tn_malloc(ROOM);
    tn_free(room);
}

static struct tn_trino_query *new_query(struct tn_trino_home *home, struct tn_trino_call *call)
{
    struct tn_trino_query *q = make_room(home, call->arena.total) ? tn_calloc(1, sizeof *q) : NULL;

    if (q == NULL)
        return NULL;
    make_heap_room(home);
    q->home = home;
    tn_list_init(&q->node);
    tn_list_init(&q->waiters);
    tn_list_init(&q->in_line);
    tn_buf_init(&q->columns, COLUMNS_MAX);
    tn_buf_init(&q->page, TN_TRINO_PAGE_MAX);
    tn_buf_init(&q->next, TN_TRINO_NEXT_MAX);
    tn_buf_init(&q->told, TN_TRINO_TOLD_MAX);
    tn_buf_init(&q->before, TN_TRINO_NEXT_MAX);
    ev_timer_init(&q->wait, on_wait, 0, 0);
    q->wait.data = q;
    make_id(q);
    make_slug(q);
    q->started_us = tn_clock_us();
    if (!tn_map_put(&home->queries, tn_str(q->id), q, NULL)) {
        tn_free(q);
        return NULL;
    }
    take_request(q, call);
    touch(q);
    tn_trino_sweep_start(home);
    return q;
}

void tn_trino_query_post(struct tn_trino_home *home, struct tn_trino_call *call)
{
    struct tn_trino_query *q = new_query(home, call);

    if (q == NULL) {
        tn_trino_call_refuse(call, 503, "too many queries, or no memory for another one\n");
        return;
    }
    q->ticket = tn_trino_activity_begin(home->activity, &(struct tn_trino_activity_query){.id = q->id, .user = q->identity->user,
                                                                                         .source = q->request.source, .sql = q->sql});
    tn_trino_statement(q);
    q->held = q->arena.total;
    home->held_bytes += q->held;
    if (!tn_trino_relay_waits(q)) {
        tn_trino_page_first(q, call);
        return;
    }
    q->post = call;
    ev_timer_set(&q->wait, TN_TRINO_POLL_MS / 1000.0, 0);
    ev_timer_start(home->worker->loop, &q->wait);
}

/* ---- requests ---- */

static void cancel(struct tn_trino_query *q, bool partial)
{
    if (q->done)
        return;
    q->partial = q->partial || partial;
    q->cancelled = true;
    if (q->ask != NULL) {
        tn_ask_cancel(q->ask, TN_CANCEL_USER);
    } else if (tn_trino_transaction_leave(q)) {
        struct tn_error err = TN_ERROR_INIT;

        tn_fail(&err, TN_E_CANCELLED, "57014", "canceling statement due to user request");
        tn_error_blame(&err, TN_FAULT_CANCEL, false);
        tn_trino_query_fail(q, &err);
    }
}

static void get(struct tn_trino_query *q, struct tn_trino_call *call)
{
    ev_timer *wait = &q->wait;
    uint64_t  last = q->token + !q->page_is_last;

    if (call->token < q->token || call->token > last || call->token == 0) {
        tn_trino_call_refuse(call, call->token > last ? 404 : 410, call->token > last ? "there is no such page\n" : "this page is gone\n");
        return;
    }
    if (q->given_up && call->token > q->token) {
        tn_trino_call_refuse(call, 410, "the rest of this result was given up: its transaction went on with another statement\n");
        return;
    }
    if (q->is_open) {
        q->was_open = true;
        tn_list_append(&q->waiters, &call->node);
        tn_trino_long_drain(q);
        return;
    }
    if (call->token == last && q->owes && q->ask != NULL) {
        q->owes = false;
        tn_ask_credit(q->ask);
    }
    if (call->token == q->token || tn_trino_page_ready(q)) {
        tn_trino_page_answer(q, call);
        return;
    }
    tn_list_append(&q->waiters, &call->node);
    if (ev_is_active(wait))
        return;
    ev_timer_set(wait, (q->relays && q->transaction == NULL ? TN_TRINO_RELAY_MS : q->first != NULL ? TN_TRINO_ROWS_MS : TN_TRINO_POLL_MS) / 1000.0, 0);
    ev_timer_start(q->home->worker->loop, wait);
}

/* Compared in the same time whatever it is; who does not know it learns nothing of the query. */
static bool has_slug(const struct tn_trino_query *q, struct tn_str slug)
{
    return slug.len == strlen(q->slug) && tn_secret_eq(slug.ptr, q->slug, slug.len);
}

/* One that is to end is over for who asks, whatever its engine still does. */
static enum tn_trino_state state_of(const struct tn_trino_query *q)
{
    if (q->done)
        return q->error.status != TN_OK ? TN_TRINO_FAILED : TN_TRINO_FINISHED;
    return q->cancelled && !q->partial ? TN_TRINO_FAILED : TN_TRINO_RUNNING;
}

static void put_info(const struct tn_trino_query *q, struct tn_trino_call *call)
{
    tn_trino_call_info(call, &(struct tn_trino_info){
                                 .id = tn_str(q->shown[0] != '\0' ? q->shown : q->id), .user = q->identity->user,
                                 .source = q->request.source, .catalog = q->request.catalog, .schema = q->request.schema,
                                 .tags = q->request.client_tags, .sql = q->sql, .error = q->done && q->error.status != TN_OK ? &q->error : NULL, .state = state_of(q)});
}

/* By its id alone only its user may see and end it, or an administrator. */
static bool is_own(const struct tn_trino_query *q, const struct tn_trino_call *call)
{
    return call->free_to_all || (call->identity != NULL && (call->identity->admin || tn_str_eq(call->identity->user, q->identity->user)));
}

/* By the id that its Trino gave it, which its client was told. Nobody asks often: they are looked at one by one. */
static struct tn_trino_query *find_shown(struct tn_trino_home *home, struct tn_str id)
{
    TN_LIST_FOR_EACH_SAFE(node, &home->by_use)
    {
        struct tn_trino_query *q = TN_CONTAINER_OF(node, struct tn_trino_query, node);

        if (id.len > 0 && tn_str_eq_c(id, q->shown))
            return q;
    }
    return NULL;
}

void tn_trino_query_call(struct tn_trino_home *home, struct tn_trino_call *call)
{
    struct tn_trino_query *q = tn_map_get(&home->queries, call->id);
    bool                   by_id = call->slug.ptr == NULL; /* /v1/query/ID */

    if (q == NULL && by_id)
        q = find_shown(home, call->id);
    if (q == NULL && by_id && tn_trino_follow_by_id(home, call))
        return;
    if (q == NULL || (by_id ? !is_own(q, call) : !has_slug(q, call->slug))) {
        tn_trino_call_refuse(call, 404, "there is no such query (any more)\n");
        return;
    }
    touch(q);
    switch (call->verb) {
    case TN_TRINO_GET: get(q, call); return;
    case TN_TRINO_MORE: tn_trino_long_more(q, call); return;
    case TN_TRINO_INFO: put_info(q, call); return;
    case TN_TRINO_HEAD:
        call->status = 200;
        tn_trino_call_end(call);
        return;
    default:
        cancel(q, call->verb == TN_TRINO_PARTIAL);
        call->status = 204;
        tn_trino_call_end(call);
    }
}

/* ---- the end ---- */

static void end_activity(struct tn_trino_query *q)
{
    struct tn_trino_error error = {.name = NULL};

    if (q->error.status != TN_OK)
        error = tn_trino_error_of(&q->error);
    tn_trino_activity_end(q->home->activity, q->ticket, q->stats.queued_us, &error);
}

void tn_trino_query_done(struct tn_trino_query *q)
{
    q->done = true;
    q->ask = NULL;
    q->stats.elapsed_us = tn_clock_us() - q->started_us;
    if (q->partial && q->error.status == TN_E_CANCELLED)
        tn_error_reset(&q->error);
    if (q->error.status != TN_OK && q->error.position == 0 && !q->trino_said)
        q->error.position = tn_trino_locate(&q->error, q->place.sql);
    if (q->error.status != TN_OK)
        tn_trino_locate_said(&q->error, &q->place);
    if (q->error.status != TN_OK)
        drop_rows(q); /* nobody is told of them */
    tn_trino_segments_go_on(q);
    if (q->is_open)
        tn_trino_long_came(q);
    end_activity(q);
    tn_trino_query_settle(q);
    if (q->post != NULL || (!tn_list_empty(&q->waiters) && tn_trino_page_ready(q)))
        ev_feed_event(q->home->worker->loop, &q->wait, EV_TIMER);
}

void tn_trino_query_fail(struct tn_trino_query *q, struct tn_error *err)
{
    tn_error_move(&q->error, err);
    if (q->transaction != NULL && q->end == TN_ASK_NO_END)
        q->transaction->ask.failed = true; /* as every statement that fails in one ends it at Trino */
    tn_trino_query_done(q);
}
