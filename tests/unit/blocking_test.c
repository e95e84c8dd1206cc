/* An engine of this test's own behind blocking.c: its statements say what it does.
 *   "rows=5000 batch=100 width=20 wait=0 start=0 fail=-1 lose=0 ..."  see struct script. */
#include "engine/blocking.h"

#include "tests/unit/harness.h"

#include <stdatomic.h>
#include <time.h>

struct script {
    int rows, batch, width;
    int wait_us;   /* of each next */
    int start_us;  /* of start */
    int block_at;  /* next number that waits until interrupted (from 1) */
    int fail_at;   /* next number that fails */
    int fail_start;
    int lost;      /* the failure is a lost connection */
    int nomem_at;  /* next number after which the thread's allocations fail */
    int encode_fail;
    int dirty;
};

struct scripted {
    struct script script;
    _Atomic bool  interrupted;
    _Atomic int   in_use; /* threads inside: never more than one */
    int           nexts, sent;
    bool          started;
    struct tn_arena *arena;
    int64_t      *values;
    char         *text;
    int32_t      *offsets;
    struct ArrowArray array;
    struct ArrowArray *arrays[1];
    const void   *buffers[3];
    struct tn_schema schema;
    struct tn_column column;
};

static _Atomic int connections, connect_us, connect_fails, reset_fails, all_nexts, all_finishes, interrupts, resets;

static void nap(int us)
{
    struct timespec ts = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000L};

    if (us > 0)
        nanosleep(&ts, NULL);
}

static void enter(struct scripted *s)
{
    if (atomic_fetch_add(&s->in_use, 1) != 0)
        abort();
}

static void leave(struct scripted *s)
{
    atomic_fetch_sub(&s->in_use, 1);
}

static enum tn_status script_connect(struct tn_cluster *cluster, void **conn, struct tn_error *err)
{
    struct scripted *s;

    (void)cluster;
    nap(atomic_load(&connect_us));
    if (atomic_load(&connect_fails) > 0) {
        atomic_fetch_sub(&connect_fails, 1);
        return tn_fail(err, TN_E_CONNECTION, "08001", "scripted refusal");
    }
    s = calloc(1, sizeof *s);
    *conn = s;
    atomic_fetch_add(&connections, 1);
    return TN_OK;
}

static void script_disconnect(void *conn)
{
    struct scripted *s = conn;

    enter(s);
    free(s);
    atomic_fetch_sub(&connections, 1);
}

static bool script_reset(void *conn)
{
    struct scripted *s = conn;
    bool             ok = atomic_load(&reset_fails) == 0;

    enter(s);
    nap(2000);
    atomic_fetch_add(&resets, 1);
    if (!ok)
        atomic_fetch_sub(&reset_fails, 1);
    leave(s);
    return ok;
}

static int number(struct tn_str sql, const char *name, int dflt)
{
    char text[256], key[32], *at;

    tn_str_copy(text, sizeof text, sql);
    snprintf(key, sizeof key, "%s=", name);
    at = strstr(text, key);
    return at != NULL ? (int)strtol(at + strlen(key), NULL, 10) : dflt;
}

static void read_script(struct script *s, struct tn_str sql)
{
    s->rows = number(sql, "rows", 1);
    s->batch = number(sql, "batch", 1000);
    s->width = number(sql, "width", 8);
    s->wait_us = number(sql, "wait", 0);
    s->start_us = number(sql, "starts", 0);
    s->block_at = number(sql, "block", -1);
    s->fail_at = number(sql, "failat", -1);
    s->fail_start = number(sql, "failstart", 0);
    s->lost = number(sql, "lost", 0);
    s->nomem_at = number(sql, "nomem", -1);
    s->encode_fail = number(sql, "encodefail", 0);
    s->dirty = number(sql, "dirty", 0);
}

/* Sleeps in small steps until interrupted, as a library at work would. */
static bool work(struct scripted *s, int us)
{
    for (int done = 0; done < us; done += 200) {
        if (atomic_load(&s->interrupted))
            return false;
        nap(TN_MIN(us - done, 200));
    }
    return !atomic_load(&s->interrupted);
}

static enum tn_status stop(struct tn_error *err)
{
    enum tn_status status = tn_fail(err, TN_E_ENGINE, "57014", "scripted interrupt");

    tn_error_blame(err, TN_FAULT_CANCEL, true);
    return status;
}

static enum tn_status script_start(void *conn, const struct tn_run *run, struct tn_arena *arena,
                                   struct tn_blocking_result *out, struct tn_error *err)
{
    struct scripted *s = conn;

    enter(s);
    nap(run->sql.len > 0 && number(run->sql, "before", 0) > 0 ? number(run->sql, "before", 0) : 0);
    atomic_store(&s->interrupted, false); /* an interrupt before is lost, as with SQLite */
    read_script(&s->script, run->sql);
    s->nexts = s->sent = 0;
    s->started = true;
    s->arena = arena;
    if (!work(s, s->script.start_us)) {
        leave(s);
        return stop(err);
    }
    if (s->script.fail_start) {
        leave(s);
        (void)tn_fail(err, TN_E_ENGINE, "42601", "scripted syntax error");
        tn_error_blame(err, TN_FAULT_QUERY, true);
        return TN_E_ENGINE;
    }
    s->column = (struct tn_column){.name = TN_STR("text"), .type = TN_TYPE_TEXT};
    s->schema = (struct tn_schema){.count = 1, .columns = &s->column};
    out->schema = number(run->sql, "none", 0) ? NULL : &s->schema;
    out->param_count = 2;
    out->param_oids = tn_arena_zalloc(arena, 2 * sizeof(uint32_t));
    out->param_oids[1] = 23;
    leave(s);
    return TN_OK;
}

static void script_release(struct tn_batch *batch)
{
    struct scripted *s = batch->private_data;

    free(s->text);
    free(s->offsets);
    s->text = NULL;
    s->offsets = NULL;
}

static void make_batch(struct scripted *s, struct tn_batch *batch, int rows)
{
    size_t width = (size_t)s->script.width;

    s->text = malloc((size_t)rows * width + 1);
    s->offsets = malloc(((size_t)rows + 1) * sizeof *s->offsets);
    for (int i = 0; i <= rows; i++)
        s->offsets[i] = (int32_t)((size_t)i * width);
    for (int i = 0; i < rows; i++)
        for (size_t k = 0; k < width; k++)
            s->text[(size_t)i * width + k] = (char)('a' + (s->sent + i) % 26);
    s->buffers[0] = NULL;
    s->buffers[1] = s->offsets;
    s->buffers[2] = s->text;
    s->array = (struct ArrowArray){.length = rows, .n_buffers = 3, .buffers = s->buffers};
    s->arrays[0] = &s->array;
    *batch = (struct tn_batch){
        .schema = &s->schema, .rows = rows, .columns = s->arrays, .release = script_release, .private_data = s};
    s->sent += rows;
}

static enum tn_status next_or_fail(struct scripted *s, struct tn_batch *batch, struct tn_blocking_result *out,
                                   struct tn_error *err)
{
    int left = s->script.rows - s->sent;

    s->nexts++;
    atomic_fetch_add(&all_nexts, 1);
    if (!work(s, s->nexts == s->script.block_at ? 60000000 : s->script.wait_us))
        return stop(err);
    if (s->nexts == s->script.fail_at) {
        (void)tn_fail(err, s->script.lost ? TN_E_CONNECTION : TN_E_ENGINE, "XX000", "scripted failure");
        tn_error_blame(err, s->script.lost ? TN_FAULT_ENGINE : TN_FAULT_QUERY, true);
        return err->status;
    }
    if (left > 0)
        make_batch(s, batch, TN_MIN(left, s->script.batch));
    out->affected = 7;
    out->rows_read = 11;
    out->dirty = s->script.dirty != 0;
    snprintf(out->tag, sizeof out->tag, "SCRIPT %d", s->sent);
    if (s->nexts == s->script.nomem_at)
        tn_alloc_fail_after(0);
    return TN_OK;
}

static enum tn_status script_next(void *conn, struct tn_batch *batch, struct tn_blocking_result *out, struct tn_error *err)
{
    struct scripted *s = conn;
    enum tn_status   status;

    enter(s);
    if (!s->started)
        abort();
    status = next_or_fail(s, batch, out, err);
    leave(s);
    return status;
}

static void script_finish(void *conn)
{
    struct scripted *s = conn;

    enter(s);
    tn_alloc_fail_never();
    if (!s->started || s->text != NULL)
        abort();
    s->started = false;
    atomic_fetch_add(&all_finishes, 1);
    leave(s);
}

static void script_interrupt(void *conn)
{
    struct scripted *s = conn;

    atomic_fetch_add(&interrupts, 1);
    atomic_store(&s->interrupted, true);
}

static const struct tn_blocking_ops script_ops = {
    .connect = script_connect,
    .disconnect = script_disconnect,
    .reset = script_reset,
    .start = script_start,
    .next = script_next,
    .finish = script_finish,
    .interrupt = script_interrupt,
};

static struct tn_conn *connect_later(struct tn_cluster *cluster, struct tn_worker *worker,
                                     void (*connected)(struct tn_conn *, const struct tn_error *, void *), void *owner)
{
    return tn_blocking_connect(cluster, worker, &script_ops, connected, owner);
}

static const struct tn_engine_ops script_engine = {.name = "script", .connect = connect_later, TN_BLOCKING_ENGINE_OPS};

static struct tn_test_env env;
static struct tn_cluster *cluster;

static int set_up(void)
{
    tn_test_env_init(&env);
    cluster = tn_calloc(1, sizeof *cluster);
    cluster->refs = 1;
    cluster->ops = &script_engine;
    tn_breaker_init(&cluster->breaker);
    pthread_mutex_init(&cluster->note_lock, NULL);
    return 0;
}

static int tear_down(void)
{
    for (int i = 0; i < 6000 && (cluster->refs != 1 || atomic_load(&connections) != 0); i++)
        tn_test_sleep(&env, 10);
    if (cluster->refs != 1)
        fprintf(stderr, "references left: %u\n", cluster->refs);
    if (cluster->refs != 1 || atomic_load(&connections) != 0)
        return 1;
    tn_cluster_unref(cluster);
    tn_test_env_free(&env);
    return 0;
}

static char *expected_rows(int rows, int width)
{
    char *text = malloc((size_t)rows * ((size_t)width + 1) + 1), *p = text;

    for (int i = 0; i < rows; i++) {
        memset(p, 'a' + i % 26, (size_t)width);
        p += width;
        *p++ = '\n';
    }
    *p = '\0';
    return text;
}

static void run_script(struct tn_test_run *r, struct tn_conn *conn, const char *sql)
{
    tn_test_run_init(r, sql);
    tn_test_start(r, conn);
    tn_test_wait(&env, r);
}

static void test_small(void)
{
    struct tn_conn    *conn = tn_test_connect(&env, cluster, NULL);
    struct tn_test_run r;
    char              *rows = expected_rows(3, 8);

    run_script(&r, conn, "rows=3");
    CU_ASSERT_STRING_EQUAL(tn_buf_str(&r.events).ptr != NULL ? "x" : "", "x");
    CU_ASSERT(tn_str_eq_c(tn_buf_str(&r.events), "ckd"));
    CU_ASSERT_STRING_EQUAL(r.columns, "text:text");
    CU_ASSERT(tn_str_eq_c(tn_buf_str(&r.rows), rows));
    CU_ASSERT_EQUAL(r.run.rows, 3);
    CU_ASSERT_EQUAL(r.run.bytes, strlen(rows));
    CU_ASSERT_EQUAL(r.run.affected, 7);
    CU_ASSERT_EQUAL(r.run.rows_read, 11);
    CU_ASSERT_STRING_EQUAL(r.run.tag, "SCRIPT 3");
    CU_ASSERT(r.run.delivered);
    CU_ASSERT(r.run.first_byte_us >= r.run.started_us && r.run.ended_us >= r.run.first_byte_us);
    CU_ASSERT_EQUAL(conn->state, TN_CONN_IDLE);
    CU_ASSERT_FALSE(conn->dirty);
    free(rows);
    tn_test_run_reset(&r);
    run_script(&r, conn, "rows=0 none=1 dirty=1");
    CU_ASSERT(tn_str_eq_c(tn_buf_str(&r.events), "d"));
    CU_ASSERT_FALSE(r.run.delivered);
    CU_ASSERT_TRUE(conn->dirty);
    tn_test_run_reset(&r);
    run_script(&r, conn, "rows=0");
    CU_ASSERT(tn_str_eq_c(tn_buf_str(&r.events), "cd"));
    tn_test_run_reset(&r);
    tn_test_disconnect(conn);
}

/* The usual case costs one job and one message: rows and end come in the same turn of the loop. */
static void test_one_message(void)
{
    struct tn_conn *conn = tn_test_connect(&env, cluster, NULL);
    unsigned        together = 0;

    for (int i = 0; i < 50; i++) {
        struct tn_test_run r;

        tn_test_run_init(&r, "rows=3 batch=1");
        tn_test_start(&r, conn);
        while (r.chunks == 0)
            tn_test_turn(&env);
        together += r.done ? 1 : 0;
        CU_ASSERT_EQUAL(r.chunks, 1);
        tn_test_wait(&env, &r);
        tn_test_run_reset(&r);
    }
    CU_ASSERT(together >= 25); /* all of them on an idle machine */
    tn_test_disconnect(conn);
}

static void test_large(void)
{
    struct tn_conn    *conn = tn_test_connect(&env, cluster, NULL);
    struct tn_test_run r;
    char              *rows = expected_rows(300000, 20);

    run_script(&r, conn, "rows=300000 batch=700 width=20");
    CU_ASSERT_EQUAL(r.run.rows, 300000);
    CU_ASSERT_EQUAL(r.rows.len, strlen(rows));
    CU_ASSERT(r.rows.len == strlen(rows) && memcmp(r.rows.data, rows, r.rows.len) == 0);
    CU_ASSERT(r.most_uncredited <= TN_RUN_WINDOW);
    CU_ASSERT(r.most_bytes <= TN_CHUNK_TARGET + 20);
    CU_ASSERT(r.chunks >= 20 && r.chunks < 200);
    free(rows);
    tn_test_run_reset(&r);
    tn_test_disconnect(conn);
}

static void test_back_pressure(void)
{
    enum { BATCH_BYTES = 1000 * 100 };
    struct tn_conn    *conn = tn_test_connect(&env, cluster, NULL);
    struct tn_test_run r;
    int                before = atomic_load(&all_nexts), nexts;

    tn_test_run_init(&r, "rows=2000000 batch=1000 width=100");
    r.hold = true;
    r.keep = false;
    tn_test_start(&r, conn);
    tn_test_wait_chunks(&env, &r, TN_RUN_WINDOW, 50);
    CU_ASSERT_EQUAL(r.chunks, TN_RUN_WINDOW);
    do {
        nexts = atomic_load(&all_nexts);
        tn_test_sleep(&env, 100);
    } while (atomic_load(&all_nexts) != nexts); /* until the engine stands still */
    /* Of 2000 batches: those of the chunks that have gone, of the one that waits for room, and of the one that is made meanwhile. */
    CU_ASSERT((nexts - before) * BATCH_BYTES <= (TN_RUN_WINDOW + 2) * (TN_CHUNK_TARGET + BATCH_BYTES));
    for (unsigned i = 1; i <= 10; i++) {
        tn_test_credit(&r);
        tn_test_wait_chunks(&env, &r, TN_RUN_WINDOW + i, 20);
        CU_ASSERT_EQUAL(r.chunks, TN_RUN_WINDOW + i);
        CU_ASSERT(r.most_uncredited <= TN_RUN_WINDOW);
    }
    CU_ASSERT_FALSE(r.done);
    tn_run_cancel(&r.run);
    tn_test_wait(&env, &r);
    CU_ASSERT_STRING_EQUAL(r.run.error.sqlstate, "57014");
    CU_ASSERT_EQUAL(r.run.error.fault, TN_FAULT_CANCEL);
    CU_ASSERT_EQUAL(r.chunks, TN_RUN_WINDOW + 10);
    tn_run_credit(&r.run); /* late ones are harmless */
    tn_run_cancel(&r.run);
    tn_test_run_reset(&r);
    tn_test_disconnect(conn);
}

/* Rows do not wait for a full chunk. */
static void test_first_rows(void)
{
    struct tn_conn    *conn = tn_test_connect(&env, cluster, NULL);
    struct tn_test_run r;

    tn_test_run_init(&r, "rows=20 batch=10 block=2");
    tn_test_start(&r, conn);
    tn_test_wait_chunks(&env, &r, 1, 50); /* the second never comes without the first having gone */
    CU_ASSERT_EQUAL(r.chunks, 1);
    CU_ASSERT(tn_str_eq_c(tn_buf_str(&r.events), "ck"));
    tn_run_cancel(&r.run);
    tn_test_wait(&env, &r);
    CU_ASSERT_EQUAL(r.run.rows, 10);
    tn_test_run_reset(&r);
    run_script(&r, conn, "rows=10 batch=1 wait=40000"); /* slow rows come as they are made */
    CU_ASSERT(r.chunks > 1);
    tn_test_run_reset(&r);
    tn_test_run_init(&r, "rows=1 block=1");
    tn_test_start(&r, conn);
    TN_TEST_WAIT(&env, r.columns_us != 0); /* columns do not wait for rows */
    tn_run_cancel(&r.run);
    tn_test_wait(&env, &r);
    tn_test_run_reset(&r);
    tn_test_disconnect(conn);
}

/* Batches of long rows are cut into chunks; the window may be full in the middle of one. */
static void test_long_rows(void)
{
    enum { ROWS = 2048, WIDTH = 10000 };
    struct tn_conn    *conn = tn_test_connect(&env, cluster, NULL);
    struct tn_test_run r;
    char              *rows = expected_rows(2 * ROWS, WIDTH);
    int                nexts = atomic_load(&all_nexts);

    tn_test_run_init(&r, "rows=4096 batch=2048 width=10000");
    r.hold = true;
    tn_test_start(&r, conn);
    tn_test_wait_chunks(&env, &r, TN_RUN_WINDOW, 50);
    CU_ASSERT_EQUAL(r.chunks, TN_RUN_WINDOW);
    CU_ASSERT_EQUAL(atomic_load(&all_nexts), nexts + 1);
    for (unsigned i = 1; i <= 100; i++) {
        tn_test_credit(&r);
        tn_test_wait_chunks(&env, &r, TN_RUN_WINDOW + i, 0);
        CU_ASSERT(r.run.uncredited <= TN_RUN_WINDOW);
    }
    CU_ASSERT_EQUAL(atomic_load(&all_nexts), nexts + 2); /* the second batch has begun */
    r.hold = false;
    for (unsigned i = 0; i < TN_RUN_WINDOW; i++)
        tn_test_credit(&r);
    tn_test_wait(&env, &r);
    CU_ASSERT_EQUAL(r.run.error.status, TN_OK);
    CU_ASSERT_EQUAL(r.run.rows, 2 * ROWS);
    CU_ASSERT(r.most_bytes <= TN_CHUNK_TARGET + WIDTH);
    CU_ASSERT(r.chunks >= 2 * ROWS * (WIDTH / 1000) / 300);
    CU_ASSERT(r.rows.len == strlen(rows) && memcmp(r.rows.data, rows, r.rows.len) == 0);
    free(rows);
    tn_test_run_reset(&r);
    tn_test_disconnect(conn);
}

/* The window is one of bytes as well: 1 MB rows come one by one, larger ones only when the last one is gone. */
static void test_window_bytes(void)
{
    struct tn_conn    *conn = tn_test_connect(&env, cluster, NULL);
    struct tn_test_run r;

    tn_test_run_init(&r, "rows=20 batch=20 width=1000000");
    r.hold = true;
    r.keep = false;
    tn_test_start(&r, conn);
    tn_test_wait_chunks(&env, &r, 3, 50);
    CU_ASSERT_EQUAL(r.chunks, 3);
    CU_ASSERT_EQUAL(r.run.uncredited_bytes, 3 * 1000001);
    tn_test_credit(&r);
    tn_test_wait_chunks(&env, &r, 4, 50);
    CU_ASSERT_EQUAL(r.chunks, 4);
    for (unsigned i = 5; i <= 20; i++) {
        tn_test_credit(&r);
        tn_test_wait_chunks(&env, &r, i, 0);
    }
    tn_test_credit(&r); /* the end is looked for when there is room */
    tn_test_wait(&env, &r);
    CU_ASSERT_EQUAL(r.run.rows, 20);
    CU_ASSERT_EQUAL(r.chunks, 20);
    tn_test_run_reset(&r);
    tn_test_run_init(&r, "rows=3 batch=3 width=5000000");
    r.hold = true;
    r.keep = false;
    tn_test_start(&r, conn);
    tn_test_wait_chunks(&env, &r, 1, 50);
    CU_ASSERT_EQUAL(r.chunks, 1);
    tn_test_credit(&r);
    tn_test_wait_chunks(&env, &r, 2, 50);
    CU_ASSERT_EQUAL(r.chunks, 2);
    tn_test_credit(&r);
    tn_test_wait_chunks(&env, &r, 3, 0);
    tn_test_credit(&r);
    tn_test_wait(&env, &r);
    CU_ASSERT_EQUAL(r.run.rows, 3);
    tn_test_run_reset(&r);
    tn_test_disconnect(conn);
}

enum { GOOD_ROWS = 150 };

static enum tn_status refuse_later(const struct tn_encoder *encoder, const struct tn_batch *batch, int64_t *row, size_t target,
                                   struct tn_buf *out, struct tn_error *err)
{
    if (*row >= GOOD_ROWS)
        return tn_fail(err, TN_E_INVALID, "22021", "a value that the protocol cannot carry");
    return tn_test_encode(encoder, batch, row, target, out, err);
}

/* Parked in the middle of a batch: cancelled there; an error in what follows; nobody comes back for it. */
static void test_parked_batch(void)
{
    static const struct tn_encoder_ops refusing = {.name = "refusing", .batch = refuse_later};
    struct tn_conn    *conn = tn_test_connect(&env, cluster, NULL);
    struct tn_test_run r;
    int                finishes = atomic_load(&all_finishes);

    tn_test_run_init(&r, "rows=4096 batch=2048 width=10000");
    r.hold = true;
    tn_test_start(&r, conn);
    tn_test_wait_chunks(&env, &r, TN_RUN_WINDOW, 50);
    tn_run_cancel(&r.run);
    tn_test_wait(&env, &r);
    CU_ASSERT_STRING_EQUAL(r.run.error.sqlstate, "57014");
    CU_ASSERT_EQUAL(r.chunks, TN_RUN_WINDOW);
    CU_ASSERT_EQUAL(atomic_load(&all_finishes), finishes + 1);
    CU_ASSERT_EQUAL(conn->state, TN_CONN_IDLE);
    tn_test_run_reset(&r);
    tn_test_run_init(&r, "rows=4096 batch=2048 width=10000");
    r.encoder.ops = &refusing;
    r.hold = true;
    tn_test_start(&r, conn);
    tn_test_wait_chunks(&env, &r, TN_RUN_WINDOW, 50);
    CU_ASSERT_FALSE(r.done);
    r.hold = false;
    for (unsigned i = 0; i < TN_RUN_WINDOW; i++)
        tn_test_credit(&r);
    tn_test_wait(&env, &r);
    CU_ASSERT_STRING_EQUAL(r.run.error.sqlstate, "22021");
    CU_ASSERT(r.run.rows >= 4 * 26 && r.run.rows < GOOD_ROWS + 27);
    CU_ASSERT_EQUAL(r.rows.len, r.run.rows * 10001);
    CU_ASSERT_EQUAL(conn->state, TN_CONN_IDLE);
    tn_test_run_reset(&r);
    run_script(&r, conn, "rows=3");
    CU_ASSERT_EQUAL(r.run.rows, 3);
    tn_test_run_reset(&r);
    tn_test_disconnect(conn);
}

static enum tn_status refuse_rows(const struct tn_encoder *encoder, const struct tn_batch *batch, int64_t *row, size_t target,
                                  struct tn_buf *out, struct tn_error *err)
{
    (void)encoder;
    (void)batch;
    (void)row;
    (void)target;
    (void)out;
    return tn_fail(err, TN_E_INVALID, "22021", "a value that the protocol cannot carry");
}

static void test_errors(void)
{
    static const struct tn_encoder_ops refusing = {.name = "refusing", .batch = refuse_rows};
    struct tn_conn    *conn = tn_test_connect(&env, cluster, NULL);
    struct tn_test_run r;
    char               rows[9 * 1000];

    run_script(&r, conn, "failstart=1");
    CU_ASSERT(tn_str_eq_c(tn_buf_str(&r.events), "d"));
    CU_ASSERT_STRING_EQUAL(r.run.error.sqlstate, "42601");
    CU_ASSERT_EQUAL(r.run.error.fault, TN_FAULT_QUERY);
    CU_ASSERT_EQUAL(conn->state, TN_CONN_IDLE);
    tn_test_run_reset(&r);
    run_script(&r, conn, "rows=3000 batch=1000 failat=3");
    CU_ASSERT_STRING_EQUAL(r.run.error.message, "scripted failure");
    CU_ASSERT_EQUAL(r.run.rows, 2000);
    tn_test_run_reset(&r);
    run_script(&r, conn, "rows=1000 nomem=1");
    CU_ASSERT_EQUAL(r.run.error.status, TN_E_NOMEM);
    CU_ASSERT_STRING_EQUAL(r.run.error.sqlstate, "53200");
    tn_test_run_reset(&r);
    tn_test_run_init(&r, "rows=10");
    r.encoder.ops = &refusing;
    tn_test_start(&r, conn);
    tn_test_wait(&env, &r);
    CU_ASSERT_STRING_EQUAL(r.run.error.sqlstate, "22021");
    CU_ASSERT_EQUAL(r.run.error.fault, TN_FAULT_QUERY);
    tn_test_run_reset(&r);
    tn_test_run_init(&r, "rows=10");
    r.run.encoder = NULL; /* a probe: rows are counted */
    tn_test_start(&r, conn);
    tn_test_wait(&env, &r);
    CU_ASSERT_EQUAL(r.run.rows, 10);
    CU_ASSERT(tn_str_eq_c(tn_buf_str(&r.events), "cd"));
    tn_test_run_reset(&r);
    snprintf(rows, sizeof rows, "rows=10 failat=1 lost=1");
    run_script(&r, conn, rows);
    CU_ASSERT_EQUAL(r.run.error.status, TN_E_CONNECTION);
    CU_ASSERT_EQUAL(r.run.error.fault, TN_FAULT_ENGINE);
    CU_ASSERT_EQUAL(conn->state, TN_CONN_BROKEN);
    tn_test_run_reset(&r);
    tn_test_disconnect(conn);
}

static void test_describe(void)
{
    struct tn_conn    *conn = tn_test_connect(&env, cluster, NULL);
    struct tn_test_run r;
    int                nexts = atomic_load(&all_nexts);

    tn_test_run_init(&r, "rows=10");
    r.run.kind = TN_RUN_DESCRIBE;
    tn_test_start(&r, conn);
    tn_test_wait(&env, &r);
    CU_ASSERT(tn_str_eq_c(tn_buf_str(&r.events), "pcd"));
    CU_ASSERT_STRING_EQUAL(r.params, "0 23");
    CU_ASSERT_STRING_EQUAL(r.columns, "text:text");
    tn_test_run_reset(&r);
    tn_test_run_init(&r, "none=1");
    r.run.kind = TN_RUN_DESCRIBE;
    tn_test_start(&r, conn);
    tn_test_wait(&env, &r);
    CU_ASSERT_STRING_EQUAL(r.columns, "none");
    CU_ASSERT_EQUAL(atomic_load(&all_nexts), nexts);
    tn_test_run_reset(&r);
    tn_test_disconnect(conn);
}

/* 1000 cancels at random moments: done comes once, soon, and the next statement does not notice. */
static void test_cancel_races(void)
{
    static const char *const sqls[] = {
        "rows=100 batch=10 wait=100", "rows=1000 batch=300 width=10000", "rows=1 block=1", "before=300 rows=1 block=1", "rows=1", "rows=200000 width=50",
        "starts=60000000",
    };
    struct tn_conn *conn = tn_test_connect(&env, cluster, NULL);
    struct tn_rand  rand = {.state = 42};
    unsigned        cancelled = 0, kept = 0;

    for (int i = 0; i < 1000; i++) {
        struct tn_test_run r;
        struct timespec    moment = {.tv_nsec = (long)tn_rand_below(&rand, 600000)};

        tn_test_run_init(&r, sqls[tn_rand_below(&rand, TN_ARRAY_LEN(sqls))]);
        r.keep = false;
        r.hold = tn_rand_below(&rand, 4) == 0;
        tn_test_start(&r, conn);
        if (tn_rand_below(&rand, 3) > 0)
            nanosleep(&moment, NULL);
        if (tn_rand_below(&rand, 3) == 0)
            ev_run(env.worker->loop, EVRUN_NOWAIT);
        tn_run_cancel(&r.run);
        tn_test_wait(&env, &r);
        CU_ASSERT_EQUAL(conn->state, TN_CONN_IDLE);
        if (r.run.error.status == TN_OK)
            kept++;
        else
            cancelled += r.run.error.fault == TN_FAULT_CANCEL && strcmp(r.run.error.sqlstate, "57014") == 0 ? 1 : 0;
        CU_ASSERT_EQUAL(r.events.data[r.events.len - 1], 'd');
        CU_ASSERT_EQUAL(memchr(r.events.data, 'd', r.events.len), r.events.data + r.events.len - 1);
        tn_test_run_reset(&r);
        if (i % 10 == 0) {
            run_script(&r, conn, "rows=5 wait=300");
            CU_ASSERT_EQUAL(r.run.error.status, TN_OK);
            CU_ASSERT_EQUAL(r.run.rows, 5);
            tn_test_run_reset(&r);
        }
    }
    CU_ASSERT_EQUAL(cancelled + kept, 1000);
    CU_ASSERT(cancelled > 300);
    tn_test_disconnect(conn);
}

static void test_connecting(void)
{
    struct tn_error           err = TN_ERROR_INIT;
    struct tn_test_connecting c = {.done = false};
    struct tn_conn           *conn;

    atomic_store(&connect_fails, 1);
    CU_ASSERT_PTR_NULL(tn_test_connect(&env, cluster, &err));
    CU_ASSERT_STRING_EQUAL(err.message, "scripted refusal");
    CU_ASSERT_EQUAL(err.fault, TN_FAULT_ENGINE);
    atomic_store(&connect_us, 30000);
    conn = cluster->ops->connect(cluster, env.worker, tn_test_on_connected, &c);
    tn_test_disconnect(conn); /* while it is connecting: nobody is told */
    TN_TEST_WAIT(&env, atomic_load(&connections) == 0 && cluster->refs == 1);
    CU_ASSERT_FALSE(c.done);
    atomic_store(&connect_us, 0);
    tn_alloc_fail_after(0);
    CU_ASSERT_PTR_NULL(cluster->ops->connect(cluster, env.worker, tn_test_on_connected, &c));
    tn_alloc_fail_never();
    CU_ASSERT_EQUAL(cluster->refs, 1);
}

static void test_reset(void)
{
    struct tn_conn    *conn = tn_test_connect(&env, cluster, NULL);
    struct tn_test_run r;
    int                before = atomic_load(&resets);

    CU_ASSERT_TRUE(cluster->ops->reset(conn));
    run_script(&r, conn, "rows=1"); /* waits for the reset */
    CU_ASSERT_EQUAL(r.run.error.status, TN_OK);
    CU_ASSERT_EQUAL(atomic_load(&resets), before + 1);
    tn_test_run_reset(&r);
    atomic_store(&reset_fails, 1); /* connects anew, unseen */
    CU_ASSERT_TRUE(cluster->ops->reset(conn));
    run_script(&r, conn, "rows=1");
    CU_ASSERT_EQUAL(r.run.error.status, TN_OK);
    tn_test_run_reset(&r);
    atomic_store(&reset_fails, 1);
    CU_ASSERT_TRUE(cluster->ops->reset(conn));
    tn_test_run_init(&r, "rows=1");
    tn_test_start(&r, conn);
    tn_run_cancel(&r.run);
    tn_test_wait(&env, &r);
    CU_ASSERT_STRING_EQUAL(r.run.error.sqlstate, "57014");
    tn_test_run_reset(&r);
    atomic_store(&reset_fails, 1);
    atomic_store(&connect_fails, 1);
    CU_ASSERT_TRUE(cluster->ops->reset(conn));
    run_script(&r, conn, "rows=1");
    CU_ASSERT_EQUAL(r.run.error.status, TN_E_CONNECTION);
    CU_ASSERT_EQUAL(r.run.error.fault, TN_FAULT_ENGINE);
    CU_ASSERT_EQUAL(conn->state, TN_CONN_BROKEN);
    tn_test_run_reset(&r);
    tn_test_disconnect(conn);
    conn = tn_test_connect(&env, cluster, NULL);
    CU_ASSERT_TRUE(cluster->ops->reset(conn));
    tn_test_disconnect(conn); /* while it is being reset */
    conn = tn_test_connect(&env, cluster, NULL);
    atomic_store(&reset_fails, 1);
    atomic_store(&connect_fails, 1);
    CU_ASSERT_TRUE(cluster->ops->reset(conn));
    TN_TEST_WAIT(&env, conn->state == TN_CONN_BROKEN);
    tn_test_disconnect(conn);
}

/* A run started from the done of the one before, and a disconnect from there. */
struct chain {
    struct tn_run_events events;
    struct tn_test_run   r;
    int                  left;
    bool                 gone;
};

static void on_chain_done(struct tn_run *run)
{
    struct chain   *chain = TN_CONTAINER_OF(run, struct chain, r.run);
    struct tn_conn *conn = run->conn;

    if (--chain->left > 0) {
        tn_run_start(run, conn);
        return;
    }
    tn_test_disconnect(conn);
    chain->gone = true;
}

static void test_chain(void)
{
    struct chain    chain = {.events = tn_test_events, .left = 100};
    struct tn_conn *conn = tn_test_connect(&env, cluster, NULL);

    chain.events.done = on_chain_done;
    tn_test_run_init(&chain.r, "rows=2");
    chain.r.run.events = &chain.events;
    chain.r.run.owner = &chain.r;
    tn_test_start(&chain.r, conn);
    CU_ASSERT(tn_test_until(&env, &chain.gone, 60000));
    CU_ASSERT_EQUAL(chain.r.chunks, 100);
    tn_test_run_reset(&chain.r);
}

/* Runs that end about when the worker's timer looks for their rows. */
static void test_flush_races(void)
{
    struct tn_conn *conn = tn_test_connect(&env, cluster, NULL);
    struct tn_rand  rand = {.state = 3};
    char            sql[64];

    for (int i = 0; i < 2000; i++) {
        struct tn_test_run r;

        int waits = i % 3 == 0 ? 200 + (int)tn_rand_below(&rand, 300) : 0;

        snprintf(sql, sizeof sql, "rows=3 batch=1 wait=%d starts=%d", waits,
                 waits > 0 ? 0 : 600 + (int)tn_rand_below(&rand, 800));
        run_script(&r, conn, sql);
        CU_ASSERT_EQUAL(r.run.rows, 3);
        CU_ASSERT_EQUAL(r.rows.len, 27);
        tn_test_run_reset(&r);
    }
    tn_test_disconnect(conn);
}

static void test_many(void)
{
    enum { CONNS = 8, RUNS = 40 };
    struct tn_conn    *conns[CONNS];
    struct tn_test_run runs[CONNS];

    for (int i = 0; i < CONNS; i++)
        conns[i] = tn_test_connect(&env, cluster, NULL);
    for (int round = 0; round < RUNS; round++) {
        for (int i = 0; i < CONNS; i++) {
            tn_test_run_init(&runs[i], i % 2 == 0 ? "rows=30000 batch=100 width=40" : "rows=5 wait=100");
            tn_test_start(&runs[i], conns[i]);
        }
        for (int i = 0; i < CONNS; i++) {
            tn_test_wait(&env, &runs[i]);
            CU_ASSERT_EQUAL(runs[i].run.rows, i % 2 == 0 ? 30000 : 5);
            CU_ASSERT_EQUAL(runs[i].run.error.status, TN_OK);
            tn_test_run_reset(&runs[i]);
        }
    }
    for (int i = 0; i < CONNS; i++)
        tn_test_disconnect(conns[i]);
}

int main(void)
{
    unsigned failures;
    CU_pSuite suite;

    CU_initialize_registry();
    suite = CU_add_suite("blocking", set_up, tear_down);
    CU_add_test(suite, "small results", test_small);
    CU_add_test(suite, "one message", test_one_message);
    CU_add_test(suite, "large results", test_large);
    CU_add_test(suite, "back-pressure", test_back_pressure);
    CU_add_test(suite, "long rows", test_long_rows);
    CU_add_test(suite, "window of bytes", test_window_bytes);
    CU_add_test(suite, "parked batch", test_parked_batch);
    CU_add_test(suite, "first rows", test_first_rows);
    CU_add_test(suite, "errors", test_errors);
    CU_add_test(suite, "describe", test_describe);
    CU_add_test(suite, "cancel races", test_cancel_races);
    CU_add_test(suite, "connecting", test_connecting);
    CU_add_test(suite, "reset", test_reset);
    CU_add_test(suite, "chain", test_chain);
    CU_add_test(suite, "flush races", test_flush_races);
    CU_add_test(suite, "many connections", test_many);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures() + CU_get_number_of_suites_failed();
    CU_cleanup_registry();
    return failures > 0;
}
