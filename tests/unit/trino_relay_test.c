/* trino_relay_test.c - pages that are passed on: where their links are, what counts as rows; links that nobody else can make. */
#include "harness.h"

#include "engine/trino/trino_relay.h"
#include "engine/trino/trino_stream.h"
#include "trino/link.h"

static struct tn_chunk *chunk_of(const char *text)
{
    struct tn_chunk *chunk;
    struct tn_buf    body;

    tn_buf_init(&body, 1 << 20);
    tn_buf_puts(&body, text);
    chunk = tn_trino_relay_chunk(&body, NULL);
    if (chunk == NULL)
        tn_buf_reset(&body);
    return chunk;
}

static struct tn_str part(const struct tn_chunk *chunk, size_t i, enum tn_relay_what what)
{
    struct tn_relay_part found = {.at = 0};

    if ((i + 1) * sizeof found <= chunk->relay->parts.len)
        memcpy(&found, chunk->relay->parts.data + i * sizeof found, sizeof found);
    return found.what == what ? tn_str_n(chunk->bytes.data + found.at, found.len) : tn_str("");
}

static void test_page(void)
{
    struct tn_chunk *chunk = chunk_of("{\"nextUri\":\"http://h/n\",\"data\":[ [1,\"],[\"],[{\"a\":[2]}] ],\"columns\":[],\"infoUri\":\"http://h/i\",\"id\":\"q\"}");

    CU_ASSERT_FATAL(chunk != NULL);
    CU_ASSERT(chunk->rows == 2 && chunk->relay->more && chunk->relay->tells);
    CU_ASSERT(tn_str_eq_c(part(chunk, 0, TN_RELAY_NEXT), "http://h/n") && tn_str_eq_c(part(chunk, 1, TN_RELAY_INFO), "http://h/i") &&
              tn_str_eq_c(part(chunk, 2, TN_RELAY_ID), "q"));
    tn_chunk_free(chunk);
    chunk = chunk_of("{\"id\":\"q\",\"stats\":{}}");
    CU_ASSERT_FATAL(chunk != NULL);
    CU_ASSERT(chunk->rows == 0 && !chunk->relay->more && !chunk->relay->tells);
    tn_chunk_free(chunk);
    CU_ASSERT_PTR_NULL(chunk_of("{\"id\":\"q\",\"data\":[1]}"));
    CU_ASSERT_PTR_NULL(chunk_of("{\"id\":\"q\",\"data\":[[1],\"x\"]}"));
    CU_ASSERT_PTR_NULL(chunk_of("{\"id\":\"q\",\"data\":[{}]}"));
    CU_ASSERT_PTR_NULL(chunk_of("{\"id\":\"q\",\"data\":[[1]}"));
    CU_ASSERT_PTR_NULL(chunk_of(""));
}

static void test_segments(void)
{
    struct tn_chunk *chunk = chunk_of("{\"id\":\"q\",\"data\":{\"encoding\":\"json\",\"segments\":[{\"type\":\"spooled\",\"uri\":\"http://h/a\",\"metadata\":"
                                      "{\"rowsCount\":5,\"x\":[]},\"ackUri\":\"http://h/b\",\"headers\":{\"uri\":[\"no\"]}},{\"metadata\":{\"rowsCount\":2}}]}}");

    CU_ASSERT_FATAL(chunk != NULL);
    CU_ASSERT(chunk->rows == 7 && chunk->relay->tells && chunk->relay->parts.len == 3 * sizeof(struct tn_relay_part));
    CU_ASSERT(tn_str_eq_c(part(chunk, 1, TN_RELAY_SEGMENT), "http://h/a") && tn_str_eq_c(part(chunk, 2, TN_RELAY_SEGMENT), "http://h/b"));
    tn_chunk_free(chunk);
}

/* TEXT in pieces of STEP bytes behind its first AT; its rows' bytes go to ROWS. */
static bool stream(struct tn_trino_stream *s, const char *text, size_t at, size_t step, struct tn_buf *rows)
{
    size_t begin = (size_t)(strstr(text, "\"data\":[") + 8 - text), len = strlen(text);

    *s = (struct tn_trino_stream){.begun = false};
    tn_buf_clear(rows);
    if (!tn_trino_stream_begin(s, tn_str_n(text, at)))
        return false;
    tn_buf_append(rows, text + begin, at - begin);
    for (; at < len && !s->bad; at += step) {
        size_t n = TN_MIN(step, len - at), of_rows = tn_trino_stream_feed(s, tn_str_n(text + at, n));

        tn_buf_append(rows, text + at, of_rows);
    }
    return tn_trino_stream_end(s);
}

static void test_stream(void)
{
    static const char rows[] = "[1,\"],[\\\"\\\\\"], [{\"a\":[2],\"]\":\"\\\\\"}],[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"] ,[null] ", rest[] = "],\"nextUri\":\"http://h/n\",\"x\":[[]]}";
    static const char *const bad[] = {"{\"id\":\"q\",\"data\":[[1],2,[3]],\"stats\":{}}", "{\"id\":\"q\",\"data\":[[1],[\"\xff\"],[3]],\"stats\":{}}",
                                      "{\"id\":\"q\",\"data\":[[1],[\"\xe2\x82\"],[3]],\"stats\":{}}", "{\"id\":\"q\",\"data\":[[1],[2],[3]", "{\"id\":\"q\",\"data\":[[1],[\"]]}"};
    struct tn_trino_stream s;
    struct tn_buf          got;
    char                   text[512], page[512];
    size_t                 begin;

    tn_buf_init(&got, 1024);
    snprintf(text, sizeof text, "{\"id\":\"q\",\"columns\":[\"data\"],\"data\":[%s%s", rows, rest);
    snprintf(page, sizeof page, "{\"id\":\"q\",\"columns\":[\"data\"],\"data\":[%s", rest);
    begin = (size_t)(strstr(text, "\"data\":[") + 8 - text);
    for (size_t at = 1; at < strlen(text); at++)
        for (size_t step = 1; step < 20; step++) {
            bool within = at >= begin && at < begin + strlen(rows) + 1;

            CU_ASSERT_EQUAL_FATAL(stream(&s, text, at, step, &got), within);
            if (within)
                CU_ASSERT(s.rows == 4 && tn_str_eq_c(tn_buf_str(&got), rows) && tn_str_eq_c(tn_buf_str(&s.page), page) && s.rest_at == begin);
            tn_trino_stream_reset(&s);
        }
    for (size_t i = 0; i < TN_ARRAY_LEN(bad); i++)
        for (size_t step = 1; step < 8; step++) {
            CU_ASSERT_FALSE(stream(&s, bad[i], (size_t)(strstr(bad[i], "[[") + 4 - bad[i]), step, &got));
            tn_trino_stream_reset(&s);
        }
    tn_buf_reset(&got);
}

static void test_links(void)
{
    struct tn_trino      trino = {.key = {1, 2, 3}}, other = {.key = {1, 2, 4}};
    struct tn_trino_home trino_home = {.trino = &trino}, other_home = {.trino = &other};
    struct tn_trino_link link = {.kind = TN_TRINO_LINK_PAGE, .own_id = true, .cluster = TN_STR("c 1"), .path = TN_STR("/v1/x?a=b"), .id = TN_STR("q"), .token = 7};
    struct tn_trino_link opened = {.kind = TN_TRINO_LINK_PAGE, .id = TN_STR("q"), .token = 7}, wrong = opened;
    struct tn_arena      arena;
    struct tn_buf        sealed;
    char                 text[256];

    tn_arena_init(&arena, 1 << 20);
    tn_buf_init(&sealed, 8192);
    CU_ASSERT_FATAL(tn_trino_link_arm(&trino_home, NULL) == TN_OK && tn_trino_link_arm(&other_home, NULL) == TN_OK);
    CU_ASSERT_FATAL(tn_trino_link_seal(&sealed, &trino_home, &link) && sealed.len < sizeof text);
    CU_ASSERT(tn_trino_link_open(tn_buf_str(&sealed), &trino_home, &opened, &arena));
    CU_ASSERT(opened.own_id && tn_str_eq_c(opened.cluster, "c 1") && tn_str_eq_c(opened.path, "/v1/x?a=b"));
    CU_ASSERT(!tn_trino_link_open(tn_buf_str(&sealed), &other_home, &wrong, &arena));
    wrong.token = 8;
    CU_ASSERT(!tn_trino_link_open(tn_buf_str(&sealed), &trino_home, &wrong, &arena));
    wrong = (struct tn_trino_link){.kind = TN_TRINO_LINK_STAGE, .id = TN_STR("q"), .token = 7};
    CU_ASSERT(!tn_trino_link_open(tn_buf_str(&sealed), &trino_home, &wrong, &arena));
    wrong = (struct tn_trino_link){.kind = TN_TRINO_LINK_PAGE, .id = TN_STR("r"), .token = 7};
    CU_ASSERT(!tn_trino_link_open(tn_buf_str(&sealed), &trino_home, &wrong, &arena));
    wrong.id = TN_STR("q");
    for (size_t i = 0; i < sealed.len; i++) { /* no character can be another, and none be left out */
        memcpy(text, sealed.data, sealed.len);
        text[i] = text[i] == 'A' ? 'B' : 'A';
        CU_ASSERT(!tn_trino_link_open(tn_str_n(text, sealed.len), &trino_home, &wrong, &arena));
        CU_ASSERT(!tn_trino_link_open(tn_str_n(sealed.data, i), &trino_home, &wrong, &arena));
    }
    tn_buf_reset(&sealed);
    tn_arena_reset(&arena);
    tn_trino_link_disarm(&trino_home);
    tn_trino_link_disarm(&other_home);
}

/* Links say whose they are; nobody's name reads as another's; links of the format before are good, and of nobody known. */
static void test_users_of_links(void)
{
    struct tn_str        before = TN_STR("JztJQPi0D4qre8rb8TURb2ljIDEKL3YxL3g_YT1i"); /* sealed by a Turnout that knew no other format */
    struct tn_trino      trino = {.key = {1, 2, 3}};
    struct tn_trino_home trino_home = {.trino = &trino};
    struct tn_trino_link link = {.kind = TN_TRINO_LINK_PAGE, .cluster = TN_STR("c 1"), .user = TN_STR("ann \xc3\xa9"), .path = TN_STR("/v1/x"), .id = TN_STR("q"), .token = 7};
    struct tn_trino_link opened = {.kind = TN_TRINO_LINK_PAGE, .id = TN_STR("q"), .token = 7};
    struct tn_arena      arena;
    struct tn_buf        sealed;

    tn_arena_init(&arena, 1 << 20);
    tn_buf_init(&sealed, 8192);
    CU_ASSERT_FATAL(tn_trino_link_arm(&trino_home, NULL) == TN_OK);
    CU_ASSERT(tn_trino_link_open(before, &trino_home, &opened, &arena));
    CU_ASSERT(opened.own_id && tn_str_eq_c(opened.cluster, "c 1") && opened.user.len == 0 && tn_str_eq_c(opened.path, "/v1/x?a=b"));
    CU_ASSERT(tn_trino_link_seal(&sealed, &trino_home, &link) && tn_trino_link_open(tn_buf_str(&sealed), &trino_home, &opened, &arena));
    CU_ASSERT(!opened.own_id && tn_str_eq_c(opened.cluster, "c 1") && tn_str_eq(opened.user, link.user) && tn_str_eq_c(opened.path, "/v1/x"));
    tn_buf_clear(&sealed);
    link.user = TN_STR("root\n/v1/y");
    CU_ASSERT(!tn_trino_link_seal(&sealed, &trino_home, &link) && sealed.len == 0);
    link.user = TN_STR("");
    for (link.path.len = 0; link.path.len < 4000; link.path.len += 7) { /* too long: none, and nothing behind the end of anything */
        char path[4096];

        memset(path, 'p', sizeof path);
        link.path.ptr = path;
        tn_buf_clear(&sealed);
        tn_arena_reset(&arena);
        if (tn_trino_link_seal(&sealed, &trino_home, &link)) {
            CU_ASSERT(sealed.len <= TN_TRINO_LINK_MAX && tn_trino_link_open(tn_buf_str(&sealed), &trino_home, &opened, &arena) && tn_str_eq(opened.path, link.path));
        } else {
            CU_ASSERT(sealed.len == 0 && link.path.len > 3000);
        }
    }
    tn_buf_reset(&sealed);
    tn_arena_reset(&arena);
    tn_trino_link_disarm(&trino_home);
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failures;

    CU_initialize_registry();
    suite = CU_add_suite("trino relay", NULL, NULL);
    CU_add_test(suite, "page", test_page);
    CU_add_test(suite, "segments", test_segments);
    CU_add_test(suite, "a long page", test_stream);
    CU_add_test(suite, "links", test_links);
    CU_add_test(suite, "users of links", test_users_of_links);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? 0 : 1;
}
