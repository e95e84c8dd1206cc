/* outbox_test.c - what waits to be written to a client: its order, what a write takes, who is credited. */
#include "session/outbox.h"

#include "base/alloc.h"
#include "engine/cluster.h"

#include <CUnit/Basic.h>

/* ---- a peer that takes as much as it is told to ---- */

static char   taken[1 << 20];
static size_t taken_len, room;
static int    writes;

static enum tn_io take(struct tn_transport *transport, const struct iovec *iov, int count, size_t *n)
{
    writes++;
    if (room == 0) {
        transport->wants = TN_IO_WANT_WRITE;
        return TN_IO_AGAIN;
    }
    for (int i = 0; i < count && room > 0; i++) {
        size_t len = TN_MIN(iov[i].iov_len, room);

        memcpy(taken + taken_len, iov[i].iov_base, len);
        taken_len += len;
        room -= len;
        *n += len;
    }
    return TN_IO_OK;
}

static const struct tn_transport_ops peer_ops = {.name = "peer", .writev = take};
static struct tn_transport           peer = {.ops = &peer_ops, .fd = 0};

/* ---- an engine that notes its credits ---- */

static int               credits;
static struct tn_outbox *fed; /* gets another chunk with the first credit */

static struct tn_chunk *chunk_of(struct tn_run *run, const char *text)
{
    struct tn_chunk *chunk = tn_chunk_new(TN_CHUNK_MAX);

    CU_ASSERT_FATAL(chunk != NULL);
    tn_buf_puts(&chunk->bytes, text);
    chunk->run = run;
    run->uncredited++;
    return chunk;
}

static void on_credit(struct tn_run *run)
{
    credits++;
    if (fed != NULL) {
        struct tn_outbox *outbox = fed;

        fed = NULL;
        tn_outbox_put(outbox, chunk_of(run, "<more>"));
    }
}

static const struct tn_engine_ops engine_ops = {.name = "test", .credit = on_credit};
static struct tn_cluster          cluster = {.ops = &engine_ops};
static struct tn_conn             conn = {.cluster = &cluster, .state = TN_CONN_BUSY};

static void begin(struct tn_outbox *outbox, size_t chunk_max)
{
    tn_outbox_init(outbox, chunk_max);
    taken_len = room = 0;
    writes = credits = 0;
    fed = NULL;
}

static bool took(const char *text)
{
    return taken_len == strlen(text) && memcmp(taken, text, taken_len) == 0;
}

/* ---- tests ---- */

static void test_order(void)
{
    struct tn_outbox outbox;
    struct tn_run    run = {.conn = &conn};

    begin(&outbox, 1000);
    tn_buf_puts(tn_outbox_buffer(&outbox), "head ");
    tn_outbox_put(&outbox, chunk_of(&run, "rows "));
    tn_buf_puts(tn_outbox_buffer(&outbox), "end");
    CU_ASSERT_EQUAL(tn_outbox_bytes(&outbox), 13);
    CU_ASSERT_EQUAL(tn_outbox_write(&outbox, &peer), TN_IO_AGAIN);
    room = 7;
    CU_ASSERT_EQUAL(tn_outbox_write(&outbox, &peer), TN_IO_OK);
    CU_ASSERT(took("head ro") && credits == 0 && tn_outbox_bytes(&outbox) == 6 && outbox.written == 7);
    room = 100;
    CU_ASSERT_EQUAL(tn_outbox_write(&outbox, &peer), TN_IO_OK);
    CU_ASSERT(took("head rows end") && credits == 1 && outbox.first == NULL && outbox.last == NULL && outbox.written == 13);
    CU_ASSERT_PTR_NOT_NULL(outbox.spare); /* ours is kept for the next small message */
    tn_buf_puts(tn_outbox_buffer(&outbox), "!");
    CU_ASSERT_PTR_NULL(outbox.spare);
    tn_outbox_reset(&outbox);
}

static void test_a_credit_may_bring_the_next(void)
{
    struct tn_outbox outbox;
    struct tn_run    run = {.conn = &conn};

    begin(&outbox, 1000);
    tn_outbox_put(&outbox, chunk_of(&run, "one"));
    tn_outbox_put(&outbox, chunk_of(&run, "two"));
    fed = &outbox;
    room = 6;
    CU_ASSERT_EQUAL(tn_outbox_write(&outbox, &peer), TN_IO_OK);
    CU_ASSERT(took("onetwo") && credits == 2);
    CU_ASSERT(outbox.first != NULL && outbox.first == outbox.last && tn_outbox_bytes(&outbox) == 6);
    room = 6;
    CU_ASSERT_EQUAL(tn_outbox_write(&outbox, &peer), TN_IO_OK);
    CU_ASSERT(took("onetwo<more>") && credits == 3 && run.uncredited == 0);
    tn_outbox_reset(&outbox);
}

static void test_forgotten(void)
{
    struct tn_outbox outbox;
    struct tn_run    gone = {.conn = &conn}, stays = {.conn = &conn};

    begin(&outbox, 1000);
    tn_outbox_put(&outbox, chunk_of(&gone, "a"));
    tn_outbox_put(&outbox, chunk_of(&stays, "b"));
    tn_outbox_put(&outbox, chunk_of(&gone, "c"));
    tn_outbox_forget_run(&outbox, &gone);
    room = 3;
    CU_ASSERT_EQUAL(tn_outbox_write(&outbox, &peer), TN_IO_OK);
    CU_ASSERT(took("abc") && credits == 1 && gone.uncredited == 2 && stays.uncredited == 0);
    tn_outbox_reset(&outbox);
}

/* More than one writev takes, each long enough to stand alone. */
static void test_many(void)
{
    static char      text[20 * 1024 + 1];
    struct tn_outbox outbox;
    struct tn_run    run = {.conn = &conn};

    begin(&outbox, 1000);
    memset(text, 'x', sizeof text - 1);
    for (int i = 0; i < 45; i++)
        tn_outbox_put(&outbox, chunk_of(&run, text));
    room = sizeof taken;
    while (outbox.first != NULL)
        CU_ASSERT_EQUAL_FATAL(tn_outbox_write(&outbox, &peer), TN_IO_OK);
    CU_ASSERT(writes == 2 && credits == 45 && taken_len == 45 * (sizeof text - 1));
    tn_outbox_reset(&outbox);
}

static void test_what_is_missing_is_not_told(void)
{
    struct tn_outbox outbox;
    struct tn_buf   *buffer;

    begin(&outbox, 8);
    buffer = tn_outbox_buffer(&outbox);
    tn_buf_puts(buffer, "more than eight bytes");
    room = 100;
    CU_ASSERT_EQUAL(tn_outbox_write(&outbox, &peer), TN_IO_ERROR);
    CU_ASSERT(outbox.failed && taken_len == 0);
    tn_outbox_reset(&outbox);

    begin(&outbox, 1000);
    tn_alloc_fail_after(0);
    buffer = tn_outbox_buffer(&outbox);
    tn_alloc_fail_never();
    CU_ASSERT_FATAL(buffer != NULL);
    tn_buf_puts(buffer, "x");
    CU_ASSERT(outbox.failed && tn_outbox_bytes(&outbox) == 0);
    CU_ASSERT_EQUAL(tn_outbox_write(&outbox, &peer), TN_IO_ERROR);
    tn_outbox_reset(&outbox);
}

int main(void)
{
    CU_pSuite suite;

    if (CU_initialize_registry() != CUE_SUCCESS || (suite = CU_add_suite("outbox", NULL, NULL)) == NULL)
        return 1;
    CU_add_test(suite, "order", test_order);
    CU_add_test(suite, "a credit may bring the next chunk", test_a_credit_may_bring_the_next);
    CU_add_test(suite, "a run that is forgotten", test_forgotten);
    CU_add_test(suite, "many chunks", test_many);
    CU_add_test(suite, "what is missing is not told", test_what_is_missing_is_not_told);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    return CU_get_number_of_failures() > 0;
}
