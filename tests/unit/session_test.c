/* Sessions at their worst moments: no memory at any call, clients that go after any byte, answers that come in the wrong
 * order. The server runs on this thread; its engine does what the test says. */
#define FIXTURE_CLUSTERS                                                                                               \
    "clusters: { lite: { engine: sqlite, healthCheck: { enabled: false } },\n"                                       \
    "  more: { engine: sqlite, healthCheck: { enabled: false } } }\n"
#define FIXTURE_MEMBERS "lite, more"
#include "session_fixture.h"
#include "hand_engine.h"

#include <CUnit/Basic.h>
#include <signal.h>

/* ---- a client ---- */

static struct session_fixture fixture;

static const char startup[16] = {0, 0, 0, 16, 0, 3, 0, 0, 'u', 's', 'e', 'r', 0, 'a', 0, 0};

static void put(struct tn_buf *out, char type, const void *body, size_t len)
{
    tn_buf_put_u8(out, (uint8_t)type);
    tn_buf_put_be32(out, (uint32_t)len + 4);
    tn_buf_append(out, body, len);
}

static void put_query(struct tn_buf *out, const char *sql)
{
    put(out, 'Q', sql, strlen(sql) + 1);
}

/* Parse, Bind (both named NAME) and, with LIMIT >= 0, Execute. */
static void put_portal(struct tn_buf *out, const char *name, const char *sql, int limit)
{
    struct tn_buf body;

    tn_buf_init(&body, 4096);
    tn_buf_printf(&body, "%s%c%s%c%c%c", name, 0, sql, 0, 0, 0);
    put(out, 'P', body.data, body.len);
    tn_buf_clear(&body);
    tn_buf_printf(&body, "%s%c%s%c%c%c%c%c%c%c", name, 0, name, 0, 0, 0, 0, 0, 0, 0);
    put(out, 'B', body.data, body.len);
    tn_buf_clear(&body);
    tn_buf_printf(&body, "%s%c%c%c%c%c", name, 0, 0, 0, 0, limit);
    if (limit >= 0)
        put(out, 'E', body.data, body.len);
    tn_buf_reset(&body);
}

static void put_target(struct tn_buf *out, char type, char kind, const char *name)
{
    char body[64];

    body[0] = kind;
    tn_str_copy(body + 1, sizeof body - 1, tn_str(name));
    put(out, type, body, strlen(name) + 2);
}

/* Everything of BYTES, in parts of STEP. */
static void send_all(struct test_client *client, const char *data, size_t len, size_t step)
{
    unsigned idle = 0;

    while (len > 0 && !client->ended && idle < 30000) {
        ssize_t n = send(client->fd, data, TN_MIN(step, len), MSG_NOSIGNAL);

        idle = n > 0 ? 0 : idle + 1;
        data += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
        fixture_turn(&fixture, idle > 0);
        client_read(client);
    }
}

static void turns(struct test_client *client, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        fixture_turn(&fixture, false);
        client_read(client);
    }
}

static void start_client(struct test_client *client)
{
    client_open(&fixture, client);
    send_all(client, startup, sizeof startup, sizeof startup);
    turns(client, 3);
    tn_buf_clear(&client->got);
}

static void say(struct test_client *client, struct tn_buf *messages)
{
    send_all(client, messages->data, messages->len, messages->len);
    tn_buf_clear(messages);
    turns(client, 6);
}

/* The types of what came, with the state of ReadyForQuery behind each Z; then it is forgotten. */
static const char *shape(struct test_client *client)
{
    static char out[512];
    size_t      at = 0, len = 0;

    while (at + 5 <= client->got.len && len + 3 < sizeof out) {
        const char *message = client->got.data + at;
        uint32_t    size;

        memcpy(&size, message + 1, sizeof size);
        size = __builtin_bswap32(size);
        out[len++] = message[0];
        if (message[0] == 'Z')
            out[len++] = message[5];
        at += size + 1;
    }
    out[len] = '\0';
    tn_buf_clear(&client->got);
    return out;
}

static void expect(struct test_client *client, const char *wanted)
{
    const char *got = shape(client);

    if (strcmp(got, wanted) != 0)
        printf("\n    expected %s, got %s\n", wanted, got);
    CU_ASSERT_STRING_EQUAL(got, wanted);
}

/* Nothing of a client that went is left but idle connections. */
static void end_client(struct test_client *client)
{
    client_close(client);
    for (int i = 0; i < 50 && (atomic_load(&fixture.server->queries) > 0 || atomic_load(&fixture.server->sessions) > 0); i++) {
        for (unsigned h = 0; h < TN_ARRAY_LEN(hand.held); h++)
            if (hand.held[h] != NULL && hand.held[h]->run != NULL && hand.held[h]->cancelled)
                hand_fail(hand.held[h], "57014", TN_FAULT_CANCEL);
        fixture_turn(&fixture, true);
    }
    CU_ASSERT_EQUAL(atomic_load(&fixture.server->queries), 0);
    CU_ASSERT_EQUAL(atomic_load(&fixture.server->sessions), 0);
    memset(&hand.held, 0, sizeof hand.held);
    hand.held_count = 0;
}

static struct tn_query *running_query(void)
{
    struct tn_list *node = tn_list_first(&fixture.server->runtimes[0].queries);

    return node == NULL ? NULL : TN_CONTAINER_OF(node, struct tn_query, node);
}

/* ---- the order of things ---- */

static void test_cancel_during_begin(void)
{
    struct test_client client;
    struct tn_buf      out;

    tn_buf_init(&out, 1 << 20);
    start_client(&client);
    hand.hold_begin = true;
    put_query(&out, "BEGIN");
    put_query(&out, "INSERT INTO t VALUES (1)");
    say(&client, &out);
    expect(&client, "CZT");
    CU_ASSERT_EQUAL_FATAL(hand.held_count, 1);
    hand.statements = 0;
    tn_query_cancel(running_query(), TN_CANCEL_USER);
    CU_ASSERT_TRUE(hand.held[0]->cancelled);
    hand_end(hand.held[0], TN_CONN_IDLE); /* BEGIN was faster */
    turns(&client, 4);
    expect(&client, "EZE");
    CU_ASSERT_EQUAL(hand.statements, 0);
    hand.hold_begin = false;
    put_query(&out, "ROLLBACK");
    say(&client, &out);
    expect(&client, "CZI");
    CU_ASSERT_STRING_EQUAL(hand.last, "ROLLBACK");
    end_client(&client);
    tn_buf_reset(&out);
}

/* The first member breaks at BEGIN, the second cannot be reached: an error, not an empty success. */
static void test_no_member_for_a_transaction(void)
{
    struct test_client client;
    struct tn_buf      out;

    tn_buf_init(&out, 1 << 20);
    start_client(&client);
    hand.begins_fail = 1;
    put_query(&out, "BEGIN");
    say(&client, &out);
    expect(&client, "CZT");
    tn_pool_free(fixture.server->runtimes[0].pool); /* no idle connection is left: the next ones are refused */
    CU_ASSERT_EQUAL_FATAL(tn_pool_new(&fixture.server->runtimes[0].pool, fixture.server->workers[0], NULL), TN_OK);
    fixture.server->workers[0]->module[TN_WORKER_POOLS] = fixture.server->runtimes[0].pool;
    put_query(&out, "INSERT INTO t VALUES (1)");
    send_all(&client, out.data, out.len, out.len);
    tn_buf_clear(&out);
    for (int i = 0; i < 20 && hand.begins_fail > 0; i++)
        turns(&client, 1);
    hand.refuse_connects = 5;
    turns(&client, 10);
    expect(&client, "EZE");
    hand.refuse_connects = 0;
    end_client(&client);
    tn_buf_reset(&out);
}

static void test_commit_over_a_suspended_first_portal(void)
{
    struct test_client client;
    struct tn_buf      out;

    tn_buf_init(&out, 1 << 20);
    start_client(&client);
    put_query(&out, "BEGIN");
    put_portal(&out, "c", "INSERT INTO t SELECT 1 RETURNING 'hold'", 1);
    put(&out, 'S', NULL, 0);
    say(&client, &out);
    hand_answer(hand.held[0], 3, false);
    turns(&client, 3);
    expect(&client, "CZT12DsZT");
    put_query(&out, "COMMIT");
    say(&client, &out);
    expect(&client, ""); /* not before the portal's statement is through */
    hand_answer(hand.held[0], 0, true);
    turns(&client, 4);
    expect(&client, "CZI");
    CU_ASSERT_STRING_EQUAL(hand.last, "COMMIT");
    end_client(&client);
    tn_buf_reset(&out);
}

/* The connection is lost under a suspended portal while a write and a COMMIT wait for it. */
static void test_what_waited_for_a_lost_transaction(void)
{
    static const char *const waiting[] = {"INSERT INTO t VALUES (2)", "COMMIT"};
    static const char *const answers[] = {"EZE", "CZI"}; /* COMMIT answers ROLLBACK */

    for (size_t i = 0; i < TN_ARRAY_LEN(waiting); i++) {
        struct test_client client;
        struct tn_buf      out;

        tn_buf_init(&out, 1 << 20);
        start_client(&client);
        put_query(&out, "BEGIN");
        put_portal(&out, "c", "SELECT 'hold'", 1);
        put(&out, 'S', NULL, 0);
        say(&client, &out);
        hand_answer(hand.held[0], 3, false);
        turns(&client, 3);
        shape(&client);
        put_query(&out, waiting[i]);
        say(&client, &out);
        hand.statements = 0;
        hand_fail(hand.held[0], "08006", TN_FAULT_ENGINE);
        turns(&client, 6);
        CU_ASSERT_PTR_NOT_NULL(i == 0 ? client.got.data : memmem(client.got.data, client.got.len, "ROLLBACK", 8));
        expect(&client, answers[i]);
        CU_ASSERT_EQUAL(hand.statements, 0);
        end_client(&client);
        tn_buf_reset(&out);
    }
}

static void test_a_second_limited_portal(void)
{
    struct test_client client;
    struct tn_buf      out;

    tn_buf_init(&out, 1 << 20);
    start_client(&client);
    put_query(&out, "BEGIN");
    put_portal(&out, "a", "SELECT 'hold', 1", 1);
    say(&client, &out);
    hand_answer(hand.held[0], 3, false);
    turns(&client, 3);
    put_portal(&out, "b", "SELECT 'hold', 2", 1);
    say(&client, &out);
    expect(&client, "CZT12Ds"); /* what acknowledges Parse and Bind goes with the rows */
    hand_answer(hand.held[0], 0, true);
    CU_ASSERT_EQUAL_FATAL(hand.held_count, 2);
    hand_answer(hand.held[1], 3, false);
    turns(&client, 3);
    expect(&client, "12Ds");
    put_target(&out, 'C', 'P', "b");
    put(&out, 'S', NULL, 0);
    say(&client, &out);
    expect(&client, "");
    hand_answer(hand.held[1], 0, true);
    turns(&client, 3);
    expect(&client, "3ZT");
    end_client(&client);
    tn_buf_reset(&out);
}

static void test_the_client_goes_in_a_text_of_writes(void)
{
    struct test_client client;
    struct tn_buf      out;
    uint64_t           until = tn_clock_us() + 60000000;

    tn_buf_init(&out, 1 << 20);
    start_client(&client);
    put_query(&out, "INSERT INTO t SELECT 'hold'; INSERT INTO t VALUES (2)");
    say(&client, &out);
    CU_ASSERT_EQUAL_FATAL(hand.held_count, 1);
    close(client.fd);
    client.fd = -1;
    while (!hand.held[0]->cancelled && tn_clock_us() < until)
        turns(&client, 1);
    hand_end(hand.held[0], TN_CONN_IDLE); /* it succeeded although it was cancelled */
    turns(&client, 3);
    CU_ASSERT_STRING_EQUAL(hand.last, "ROLLBACK");
    end_client(&client);
    tn_buf_reset(&out);
}

/* ---- whole conversations ---- */

static void put_conversation(struct tn_buf *out)
{
    tn_buf_append(out, startup, sizeof startup);
    put_query(out, "SELECT 1");
    put_query(out, "SET application_name = 'x'; SHOW application_name; SELECT 2;;");
    put_query(out, "BEGIN ISOLATION LEVEL SERIALIZABLE");
    put_query(out, "INSERT INTO t VALUES (1)");
    put_query(out, "SAVEPOINT a");
    put_query(out, "SELECT fail");
    put_query(out, "ROLLBACK TO a");
    put_query(out, "SET LOCAL search_path = a, b");
    put_query(out, "COMMIT AND CHAIN");
    put_query(out, "ROLLBACK");
    put_query(out, "/*+ turnout(group=all, tags=a:b) */ SELECT 3");
    put_query(out, "SELECT 'forbidden'");
    put_query(out, "INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)");
    put_portal(out, "", "SELECT $1", -1);
    put(out, 'S', NULL, 0);
    put_portal(out, "s", "SELECT 5", -1);
    put_target(out, 'D', 'S', "s");
    put_target(out, 'D', 'P', "s");
    put_portal(out, "l", "SELECT 6", 1);
    put(out, 'H', NULL, 0);
    put(out, 'S', NULL, 0);
    put_portal(out, "w", "INSERT INTO t VALUES (7)", 0);
    put_portal(out, "f", "SELECT fail", 0);
    put_portal(out, "n", "SELECT 8", 0);
    put(out, 'S', NULL, 0);
    put_query(out, "CREATE TEMP TABLE k (a int)");
    put_query(out, "SELECT * FROM k");
    put_query(out, "DEALLOCATE ALL");
    put_query(out, "DISCARD ALL");
    put_query(out, "SHOW ALL");
    put(out, 'X', NULL, 0);
}

static void converse(const struct tn_buf *bytes, size_t len, size_t step)
{
    struct test_client client;

    client_open(&fixture, &client);
    send_all(&client, bytes->data, len, step);
    turns(&client, 4);
    end_client(&client);
}

static void test_one_byte_at_a_time(void)
{
    struct tn_buf      bytes;
    struct test_client whole, parts;

    tn_buf_init(&bytes, 1 << 20);
    put_conversation(&bytes);
    client_open(&fixture, &whole);
    send_all(&whole, bytes.data, bytes.len, bytes.len);
    turns(&whole, 30);
    client_open(&fixture, &parts);
    send_all(&parts, bytes.data, bytes.len, 1);
    turns(&parts, 30);
    CU_ASSERT_TRUE(whole.ended);
    CU_ASSERT_TRUE(parts.ended);
    CU_ASSERT_TRUE(whole.got.len > 2000);
    CU_ASSERT_EQUAL(whole.got.len, parts.got.len);
    end_client(&whole);
    client_close(&parts);
    tn_buf_reset(&bytes);
}

static void test_closed_after_every_byte(void)
{
    struct tn_buf bytes;

    tn_buf_init(&bytes, 1 << 20);
    put_conversation(&bytes);
    for (size_t len = 0; len <= bytes.len; len++)
        converse(&bytes, len, len + 1);
    tn_buf_reset(&bytes);
}

/* Every allocation from the n-th on fails, for all n until nothing fails. The next client finds everything well. */
static void test_no_memory(void)
{
    struct tn_buf      bytes, out;
    struct test_client client;
    size_t             refused = 1, n = 0;

    tn_buf_init(&bytes, 1 << 20);
    tn_buf_init(&out, 1 << 20);
    put_conversation(&bytes);
    for (; refused > 0 && n < 20000; n++) {
        static char got[1 << 20];

        client_open(&fixture, &client);
        if (send(client.fd, bytes.data, bytes.len, MSG_NOSIGNAL) != (ssize_t)bytes.len)
            abort();
        tn_alloc_fail_after(n);
        for (int i = 0; i < 30; i++)
            fixture_turn(&fixture, false);
        refused = tn_alloc_failed();
        tn_alloc_fail_never();
        (void)!read(client.fd, got, sizeof got);
        end_client(&client);
        if (n % 16 == 0) {
            start_client(&client);
            put_query(&out, "SELECT 1");
            say(&client, &out);
            expect(&client, "TDDCZI");
            end_client(&client);
        }
    }
    CU_ASSERT_TRUE(n > 100);
    CU_ASSERT_EQUAL(refused, 0);
    tn_buf_reset(&bytes);
    tn_buf_reset(&out);
}

static void test_clock_jumps(void)
{
    static const int64_t wall[] = {INT64_C(-3600000000), INT64_C(86400000000), INT64_C(-315360000000000), 0};
    struct test_client   client;
    struct tn_buf        out;
    int64_t              monotonic = 0;

    tn_buf_init(&out, 1 << 20);
    start_client(&client);
    for (size_t i = 0; i < TN_ARRAY_LEN(wall); i++) {
        put_query(&out, "SELECT 'hold'");
        say(&client, &out);
        tn_clock_shift_us(monotonic += 7200000000, wall[i]); /* as after a long sleep of the machine */
        hand_answer(hand.held[(hand.held_count - 1) % TN_ARRAY_LEN(hand.held)], 1, true);
        turns(&client, 4);
        expect(&client, "TDCZI");
    }
    end_client(&client);
    tn_buf_reset(&out);
}

static int set_up(void)
{
    signal(SIGPIPE, SIG_IGN);
    fixture_start(&fixture, false);
    for (size_t i = 0; i < fixture.server->snapshot->topology->cluster_count; i++)
        fixture.server->snapshot->topology->clusters[i]->ops = &hand_engine;
    return 0;
}

static int tear_down(void)
{
    fixture_stop(&fixture);
    return (int)hand.conns;
}

int main(void)
{
    unsigned  failures;
    CU_pSuite suite;

    CU_initialize_registry();
    suite = CU_add_suite("session", set_up, tear_down);
    CU_add_test(suite, "a cancel during BEGIN", test_cancel_during_begin);
    CU_add_test(suite, "no member for a transaction", test_no_member_for_a_transaction);
    CU_add_test(suite, "COMMIT over a suspended first portal", test_commit_over_a_suspended_first_portal);
    CU_add_test(suite, "what waited for a lost transaction", test_what_waited_for_a_lost_transaction);
    CU_add_test(suite, "a second limited portal", test_a_second_limited_portal);
    CU_add_test(suite, "the client goes in a text of writes", test_the_client_goes_in_a_text_of_writes);
    CU_add_test(suite, "one byte at a time", test_one_byte_at_a_time);
    CU_add_test(suite, "closed after every byte", test_closed_after_every_byte);
    CU_add_test(suite, "no memory", test_no_memory);
    CU_add_test(suite, "clock jumps", test_clock_jumps);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures() + CU_get_number_of_suites_failed();
    CU_cleanup_registry();
    return failures > 0;
}
