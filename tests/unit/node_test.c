/* The tree, its typed readers, units, suggestions, paths and the list of problems. */
#include "base/alloc.h"
#include "base/buf.h"
#include "config/braces.h"
#include "config/endpoint.h"
#include "config/node.h"
#include "config/secrets.h"
#include "config/units.h"
#include "config/yaml_reader.h"

#include <CUnit/Basic.h>

static struct tn_arena    arena;
static struct tn_problems problems;
static struct tn_node    *root;

static void open_text(const char *text)
{
    tn_arena_init(&arena, 0);
    tn_problems_init(&problems, "t.yaml");
    root = NULL;
    if (tn_yaml_read(&root, tn_str(text), &arena, &problems) != TN_OK)
        root = NULL;
}

static void close_text(void)
{
    tn_problems_reset(&problems);
    tn_arena_reset(&arena);
}

static void assert_problems(const char *expected)
{
    struct tn_buf out;

    tn_buf_init(&out, 1 << 20);
    tn_problems_sort(&problems);
    tn_problems_print(&problems, &out);
    tn_buf_put_u8(&out, 0);
    CU_ASSERT_STRING_EQUAL(out.data, expected);
    if (strcmp(out.data, expected) != 0)
        printf("\n--- got\n%s--- expected\n%s", out.data, expected);
    tn_buf_reset(&out);
}

static void test_tree(void)
{
    const struct tn_node *list;

    open_text("a: { b: [1, 'two', ~, \"null\", null] }\n# c\nd:\n  - x\n");
    CU_ASSERT_PTR_NOT_NULL_FATAL(root);
    list = tn_node_find(root, "a.b");
    CU_ASSERT_PTR_NOT_NULL_FATAL(list);
    CU_ASSERT_EQUAL_FATAL(list->count, 5);
    CU_ASSERT(tn_str_eq_c(list->items[0]->text, "1") && !list->items[0]->quoted);
    CU_ASSERT(tn_str_eq_c(list->items[1]->text, "two") && list->items[1]->quoted);
    CU_ASSERT_EQUAL(list->items[2]->kind, TN_NODE_NULL);
    CU_ASSERT_EQUAL(list->items[3]->kind, TN_NODE_SCALAR);
    CU_ASSERT_EQUAL(list->items[4]->kind, TN_NODE_NULL);
    CU_ASSERT_EQUAL(list->items[1]->text.ptr[3], '\0');
    CU_ASSERT_EQUAL(tn_node_line(root, "d"), 3);
    CU_ASSERT_EQUAL(tn_node_get(root, "d")->items[0]->line, 4);
    CU_ASSERT_EQUAL(tn_node_line(root, "none"), 1);
    CU_ASSERT_PTR_NULL(tn_node_get(root, "none"));
    CU_ASSERT_PTR_NULL(tn_node_get(list, "0"));
    CU_ASSERT_PTR_NULL(tn_node_find(root, "a.b.c"));
    CU_ASSERT_PTR_NULL(tn_node_find(root, "x.b"));
    CU_ASSERT_PTR_NULL(tn_node_find(NULL, "x"));
    close_text();
}

static void test_byte_order_mark_and_line_ends(void)
{
    open_text("\xEF\xBB\xBF" "a: 1\r\nb:\r\n  - x\r\n");
    CU_ASSERT_PTR_NOT_NULL_FATAL(root);
    CU_ASSERT(tn_str_eq_c(root->keys[0], "a") && tn_str_eq_c(root->items[0]->text, "1"));
    CU_ASSERT_EQUAL(tn_node_get(root, "b")->items[0]->line, 3);
    close_text();
    open_text("a: 1\nb: \xff\n");
    CU_ASSERT_PTR_NULL(root);
    assert_problems("t.yaml:2: error: YAML, byte 4 of the line: invalid leading UTF-8 octet; the file must be UTF-8\n");
    close_text();
}

static void test_depth(void)
{
    char   text[400];
    size_t deep;

    for (deep = 64; deep <= 65; deep++) {
        memset(text, '[', deep);
        memset(text + deep, ']', deep);
        text[2 * deep] = '\0';
        open_text(text);
        CU_ASSERT_EQUAL(root != NULL, deep == 64);
        assert_problems(deep == 64 ? ""
                                   : "t.yaml:1: error: [0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0]"
                                     "[0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0]"
                                     "[0][0][0][0][0][0][0][0][0][0][0][0][0][0]: lists and maps are nested more than 64 deep\n");
        close_text();
    }
}

static void test_size_limits(void)
{
    size_t         size = TN_YAML_SIZE_MAX + 1, values = 0;
    char          *text = tn_malloc(size);
    enum tn_status status;

    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    memset(text, ' ', size);
    tn_arena_init(&arena, 0);
    tn_problems_init(&problems, "t.yaml");
    status = tn_yaml_read(&root, tn_str_n(text, size), &arena, &problems);
    CU_ASSERT_EQUAL(status, TN_E_LIMIT);
    assert_problems("t.yaml: error: the file is larger than 8 MiB\n");
    close_text();
    for (size = 0; values < TN_YAML_VALUES_MAX + 2; values++) /* "- a\n", each line one value */
        memcpy(text + size, "-  \n", 4), size += 4;
    tn_arena_init(&arena, 0);
    tn_problems_init(&problems, "t.yaml");
    status = tn_yaml_read(&root, tn_str_n(text, size), &arena, &problems);
    CU_ASSERT_EQUAL(status, TN_E_INVALID);
    assert_problems("t.yaml:500000: error: [499999]: the file has more than 500000 values\n");
    close_text();
    tn_free(text);
}

static void test_typed(void)
{
    struct tn_str text;
    uint64_t      number;
    size_t        place;

    open_text("t: x\nn: 42\nb: true\nl: [a]\nbig: 18446744073709551615\nc: two\nz: \"a\\0b\"\n");
    CU_ASSERT(tn_node_text(root, "p", "t", NULL, &text, &problems) && tn_str_eq_c(text, "x"));
    CU_ASSERT(tn_node_text(root, "p", "none", "d", &text, &problems) && tn_str_eq_c(text, "d"));
    CU_ASSERT(!tn_node_text(root, "p", "none", NULL, &text, &problems) && text.len == 0);
    CU_ASSERT(!tn_node_text(root, "p", "l", "d", &text, &problems) && tn_str_eq_c(text, "d"));
    CU_ASSERT(!tn_node_text(root, "p", "z", "d", &text, &problems));
    CU_ASSERT(tn_node_u64(root, "p", "n", 42, 42, 7, &number, &problems) && number == 42);
    CU_ASSERT(!tn_node_u64(root, "p", "n", 43, 50, 7, &number, &problems) && number == 7);
    CU_ASSERT(!tn_node_u64(root, "p", "n", 0, 41, 7, &number, &problems) && number == 7);
    CU_ASSERT(tn_node_u64(root, "p", "big", 0, UINT64_MAX, 7, &number, &problems) && number == UINT64_MAX);
    CU_ASSERT(tn_node_choice(root, "p", "c", (const char *const[]){"one", "two", NULL}, "one", &place, &problems) && place == 1);
    CU_ASSERT(!tn_node_choice(root, "p", "c", (const char *const[]){"twos", "ten", NULL}, "ten", &place, &problems));
    CU_ASSERT(tn_node_choice(root, "p", "none", (const char *const[]){"twos", "ten", NULL}, "ten", &place, &problems) && place == 1);
    assert_problems("t.yaml:1: error: p.none: required, but missing\n"
                    "t.yaml:2: error: p.n: expected a whole number from 43 to 50, got `42`\n"
                    "t.yaml:2: error: p.n: expected a whole number from 0 to 41, got `42`\n"
                    "t.yaml:4: error: p.l: expected a text, got a list\n"
                    "t.yaml:6: error: p.c: expected one of twos, ten; got `two`; did you mean `twos`?\n"
                    "t.yaml:7: error: p.z: a text must not contain a NUL character\n");
    close_text();
}

static void test_containers(void)
{
    open_text("l: [a, b]\nm: { x: 1, y: }\nbad: [a, [b], { c: d }]\nbadm: { x: [1] }\nempty: []\nnull: \nt: x\n");
    CU_ASSERT_PTR_NOT_NULL(tn_node_list_of_text(root, "", "l", true, &problems));
    CU_ASSERT_PTR_NOT_NULL(tn_node_map_of_text(root, "", "m", true, true, &problems));
    CU_ASSERT_PTR_NULL(tn_node_map_of_text(root, "", "m", true, false, &problems));
    CU_ASSERT_PTR_NULL(tn_node_list_of_text(root, "", "bad", true, &problems));
    CU_ASSERT_PTR_NULL(tn_node_map_of_text(root, "", "badm", true, true, &problems));
    CU_ASSERT_PTR_NULL(tn_node_list(root, "", "empty", true, &problems));
    CU_ASSERT_PTR_NOT_NULL(tn_node_list(root, "", "empty", false, &problems));
    CU_ASSERT_PTR_NULL(tn_node_list(root, "", "none", false, &problems));
    CU_ASSERT_PTR_NULL(tn_node_list(root, "", "none", true, &problems));
    CU_ASSERT_PTR_NULL(tn_node_map(root, "", "t", false, &problems));
    CU_ASSERT(!tn_node_is_list(tn_node_get(root, "t"), "t", &problems));
    tn_node_check_keys(root, "", (const char *const[]){"m", "bad", "badm", "empti", "null", "l", NULL}, &problems);
    assert_problems("t.yaml:1: error: none: required, but missing\n"
                    "t.yaml:2: error: m.y: expected a text, got nothing\n"
                    "t.yaml:3: error: bad[1]: expected a text, got a list\n"
                    "t.yaml:3: error: bad[2]: expected a text, got a map\n"
                    "t.yaml:4: error: badm.x: expected a text, got a list\n"
                    "t.yaml:5: error: empty: must not be empty\n"
                    "t.yaml:5: error: empty: unknown key; did you mean `empti`?\n"
                    "t.yaml:7: error: t: expected a map (key: value), got `x`\n"
                    "t.yaml:7: error: t: expected a list, got `x`\n"
                    "t.yaml:7: error: t: unknown key\n");
    close_text();
}

static void assert_size(const char *text, bool good, uint64_t expected)
{
    uint64_t value = 77;

    CU_ASSERT_EQUAL(tn_parse_size(tn_str(text), &value), good);
    CU_ASSERT_EQUAL(value, good ? expected : 77);
    if (value != (good ? expected : 77))
        printf("\n%s gave %llu\n", text, (unsigned long long)value);
}

static void assert_duration(const char *text, bool good, uint64_t expected)
{
    uint64_t value = 77;

    CU_ASSERT_EQUAL(tn_parse_duration(tn_str(text), &value), good);
    CU_ASSERT_EQUAL(value, good ? expected : 77);
}

static void test_units(void)
{
    assert_size("0", true, 0);
    assert_size("4096", true, 4096);
    assert_size("10B", true, 10);
    assert_size("10MB", true, 10000000);
    assert_size("10mb", true, 10000000);
    assert_size("64KiB", true, 65536);
    assert_size("1.5GiB", true, 1610612736);
    assert_size("1.000001MB", true, 1000001);
    assert_size("2 TiB", true, UINT64_C(2) << 40);
    assert_size("16777215.999999TiB", true, UINT64_C(18446744073708452104));
    assert_size("16777216TiB", false, 0);
    assert_size("18446744073709551615", true, UINT64_MAX);
    assert_size("18446744073709551616", false, 0);
    assert_size("10M", false, 0);
    assert_size("1.5", false, 0);
    assert_size("1.0000001MB", false, 0);
    assert_size("1.MB", false, 0);
    assert_size("-1MB", false, 0);
    assert_size("MB", false, 0);
    assert_size("", false, 0);
    assert_size("10  MB", false, 0);
    assert_size("10 ", false, 0);
    assert_size("10MBs", false, 0);
    assert_duration("0", true, 0);
    assert_duration("0s", true, 0);
    assert_duration("1us", true, 1);
    assert_duration("500ms", true, 500000);
    assert_duration("30s", true, 30000000);
    assert_duration("1.5h", true, UINT64_C(5400000000));
    assert_duration("5m", true, 300000000);
    assert_duration("1d", true, UINT64_C(86400000000));
    assert_duration("30", false, 0);
    assert_duration("30S", true, 30000000);
    assert_duration("30sec", false, 0);
    assert_duration("1h30m", false, 0);
    assert_duration("999999999999999d", false, 0);
    CU_ASSERT(tn_units_is_bare(TN_STR("30")) && tn_units_is_bare(TN_STR("1.5")));
    CU_ASSERT(!tn_units_is_bare(TN_STR("30s")) && !tn_units_is_bare(TN_STR("")) && !tn_units_is_bare(TN_STR("x")));
}

static void test_suggest(void)
{
    static const char *const choices[] = {"endpoint", "enabled", "databasePath", "engine", NULL};

    CU_ASSERT_STRING_EQUAL(tn_suggest(TN_STR("enpoint"), choices), "endpoint");
    CU_ASSERT_STRING_EQUAL(tn_suggest(TN_STR("database_path"), choices), "databasePath");
    CU_ASSERT_STRING_EQUAL(tn_suggest(TN_STR("ENGINE"), choices), "engine");
    CU_ASSERT_PTR_NULL(tn_suggest(TN_STR("zzzz"), choices));
    CU_ASSERT_PTR_NULL(tn_suggest(TN_STR(""), choices));
    CU_ASSERT_PTR_NULL(tn_suggest(TN_STR("a"), (const char *const[]){NULL}));
}

static void test_paths(void)
{
    char path[TN_PATH_MAX], longer[2 * TN_PATH_MAX];

    tn_path_join(path, "", TN_STR("a"));
    tn_path_join(path, path, TN_STR("b"));
    tn_path_index(path, path, 3);
    CU_ASSERT_STRING_EQUAL(path, "a.b[3]");
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    tn_path_join(path, longer, TN_STR("b"));
    CU_ASSERT_EQUAL(strlen(path), TN_PATH_MAX - 1);
    tn_path_join(path, path, TN_STR("b"));
    tn_path_index(path, path, 1);
    CU_ASSERT_EQUAL(strlen(path), TN_PATH_MAX - 1);
    tn_path_join(path, "", tn_str(longer));
    CU_ASSERT_EQUAL(strlen(path), TN_PATH_MAX - 1);
}

static void test_problem_limits(void)
{
    char text[4000];

    memset(text, 'y', sizeof text);
    text[sizeof text - 1] = '\0';
    tn_problems_init(&problems, NULL);
    for (unsigned i = 0; i < TN_PROBLEMS_MAX + 50; i++)
        tn_problem_add(&problems, TN_PROBLEM_ERROR, 1, text, "%s\n\x1b[31m", text);
    CU_ASSERT_EQUAL(problems.count, TN_PROBLEMS_MAX + 1);
    CU_ASSERT_EQUAL(problems.errors, TN_PROBLEMS_MAX + 50);
    tn_problems_sort(&problems);
    CU_ASSERT_STRING_EQUAL(problems.items[TN_PROBLEMS_MAX].text, "too many problems; the rest is not shown");
    tn_problems_reset(&problems);
    tn_problems_init(&problems, "f");
    tn_problem_add(&problems, TN_PROBLEM_WARNING, 0, "a\nb", "x\ty\x7f \xc2\x9b \xff rest is cut");
    assert_problems("f: warning: a?b: x?y? ?? \n");
    tn_problems_reset(&problems);
}

static void test_braces(void)
{
    struct tn_braces braces;
    struct tn_str    back;
    struct tn_str    text = TN_STR("{a: ${B}, $${C}, ${1}, ${, $, \xEE\x80\x80 ${D_1}x}");

    tn_arena_init(&arena, 0);
    CU_ASSERT_FATAL(tn_braces_hide(&braces, text));
    CU_ASSERT_PTR_NULL(memmem(braces.text.ptr, braces.text.len, "${B", 3));
    CU_ASSERT_PTR_NOT_NULL(memmem(braces.text.ptr, braces.text.len, "${1}", 4));
    CU_ASSERT_FATAL(tn_braces_show(&braces, &arena, braces.text, &back));
    CU_ASSERT(tn_str_eq(back, text));
    tn_braces_reset(&braces);
    tn_arena_reset(&arena);
}

static void test_flow_reference(void)
{
    open_text("a: { p: ${TEST_NODE_VAR}, q: [${TEST_NODE_VAR}, x], ${TEST_NODE_VAR}: k }\nlast: here\n");
    CU_ASSERT_PTR_NOT_NULL_FATAL(root);
    CU_ASSERT(tn_str_eq_c(tn_node_find(root, "a.p")->text, "${TEST_NODE_VAR}"));
    CU_ASSERT(tn_str_eq_c(tn_node_get(root, "a")->keys[2], "${TEST_NODE_VAR}"));
    setenv("TEST_NODE_VAR", "v{}", 1);
    tn_secrets_expand(root, &arena, &problems);
    CU_ASSERT(tn_str_eq_c(tn_node_find(root, "a.p")->text, "v{}"));
    CU_ASSERT(tn_str_eq_c(tn_node_find(root, "a.p")->shown, "${TEST_NODE_VAR}"));
    CU_ASSERT(tn_str_eq_c(tn_node_find(root, "a.q")->items[0]->text, "v{}"));
    assert_problems("");
    close_text();
}

static void test_expansion_is_bounded(void)
{
    char  *value = tn_malloc(65536);
    char   text[256] = "a: \"";
    size_t len = strlen(text);

    CU_ASSERT_PTR_NOT_NULL_FATAL(value);
    memset(value, 'v', 65535);
    value[65535] = '\0';
    setenv("TEST_LONG", value, 1);
    for (int i = 0; i < 17; i++, len += 12)
        memcpy(text + len, "${TEST_LONG}", 12);
    memcpy(text + len, "\"\n", 3);
    open_text(text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(root);
    tn_secrets_expand(root, &arena, &problems);
    assert_problems("t.yaml:1: error: a: with its ${...} replaced, longer than 1 MiB\n");
    CU_ASSERT(tn_node_get(root, "a")->broken);
    close_text();
    open_text("- ${TEST_LONG}\n");
    for (int i = 0; i < 257; i++) { /* the same scalar again and again: 16 MiB in all */
        static struct tn_node *items[257];

        items[i] = tn_arena_alloc(&arena, sizeof *items[i]);
        CU_ASSERT_PTR_NOT_NULL_FATAL(items[i]);
        *items[i] = *root->items[0];
        if (i == 256) {
            root->items = items;
            root->count = 257;
        }
    }
    tn_secrets_expand(root, &arena, &problems);
    assert_problems("t.yaml:1: error: [256]: with its ${...} replaced, the file holds more than 16 MiB of such texts\n");
    close_text();
    unsetenv("TEST_LONG");
    tn_free(value);
}

static void test_wipe(void)
{
    const struct tn_node *secret;

    setenv("TEST_NODE_VAR", "hunter2", 1);
    open_text("a: [{ b: \"x${TEST_NODE_VAR}\" }]\n");
    tn_secrets_expand(root, &arena, &problems);
    secret = tn_node_get(tn_node_get(root, "a")->items[0], "b");
    CU_ASSERT(tn_str_eq_c(secret->text, "xhunter2"));
    tn_secrets_wipe_tree(root);
    for (size_t i = 0; i < secret->text.len; i++)
        CU_ASSERT_EQUAL(secret->text.ptr[i], '\0');
    for (size_t i = 0; i < secret->shown.len; i++)
        CU_ASSERT_EQUAL(secret->shown.ptr[i], '\0');
    close_text();
}

static void assert_endpoint(const char *url, bool good, bool password)
{
    bool has_password;

    CU_ASSERT_EQUAL(tn_endpoint_check(tn_str(url), &has_password) == NULL, good);
    CU_ASSERT_EQUAL(has_password, password);
    if ((tn_endpoint_check(tn_str(url), &has_password) == NULL) != good || has_password != password)
        printf("\n%s\n", url);
}

static void test_endpoints(void)
{
    assert_endpoint("postgresql://127.0.0.1:5432/db", true, false);
    assert_endpoint("postgres://h", true, false);
    assert_endpoint("postgresql://", true, false);
    assert_endpoint("postgresql:///db?host=/run", true, false);
    assert_endpoint("postgresql://%2Frun%2Fpg/db", true, false);
    assert_endpoint("postgresql://u@h:1,g:2/db?a=b&c=", true, false);
    assert_endpoint("postgresql://u:p@h/db", true, true);
    assert_endpoint("postgresql://u:@h/db", true, false);
    assert_endpoint("postgresql://h/db?password=x", true, true);
    assert_endpoint("postgresql://h/db?sslpassword=x", true, false); /* of a key file: it has no option of its own */
    assert_endpoint("postgresql://[::1]:5432/db", true, false);
    assert_endpoint("postgresql://[::1]x/db", false, false);
    assert_endpoint("postgresql://[]/db", false, false);
    assert_endpoint("postgresql://h:0/db", false, false);
    assert_endpoint("postgresql://h:65536/db", false, false);
    assert_endpoint("postgresql://h:/db", false, false);
    assert_endpoint("postgresql://h/db?x", false, false);
    assert_endpoint("postgresql://h/d b", false, false);
    assert_endpoint("postgresql://h/d%0", false, false);
    assert_endpoint("postgresql://h/d%00", false, false);
    assert_endpoint("mysql://h/d", false, false);
    assert_endpoint("h:5432", false, false);
    assert_endpoint("", false, false);
}

static void test_hosts(void)
{
    CU_ASSERT(tn_host_is_loopback(TN_STR("127.0.0.1")) && tn_host_is_loopback(TN_STR("127.9.9.9")));
    CU_ASSERT(tn_host_is_loopback(TN_STR("::1")) && tn_host_is_loopback(TN_STR("[::1]")));
    CU_ASSERT(tn_host_is_loopback(TN_STR("localhost")));
    CU_ASSERT(!tn_host_is_loopback(TN_STR("0.0.0.0")) && !tn_host_is_loopback(TN_STR("::")));
    CU_ASSERT(!tn_host_is_loopback(TN_STR("")) && !tn_host_is_loopback(TN_STR("localhost.example.com")));
    CU_ASSERT(!tn_host_is_loopback(TN_STR("::2")) && !tn_host_is_loopback(TN_STR("127.0.0.1.evil.example")));
    CU_ASSERT(tn_host_overlaps(TN_STR("0.0.0.0"), TN_STR("10.0.0.1")) && tn_host_overlaps(TN_STR("x"), TN_STR("*")));
    CU_ASSERT(tn_host_overlaps(TN_STR("localhost"), TN_STR("127.0.0.1")) && tn_host_overlaps(TN_STR("h"), TN_STR("H")));
    CU_ASSERT(!tn_host_overlaps(TN_STR("127.0.0.1"), TN_STR("127.0.0.2")) && !tn_host_overlaps(TN_STR("::1"), TN_STR("127.0.0.1")));
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failures;

    if (CU_initialize_registry() != CUE_SUCCESS || (suite = CU_add_suite("node", NULL, NULL)) == NULL)
        return 1;
    CU_ADD_TEST(suite, test_tree);
    CU_ADD_TEST(suite, test_byte_order_mark_and_line_ends);
    CU_ADD_TEST(suite, test_depth);
    CU_ADD_TEST(suite, test_size_limits);
    CU_ADD_TEST(suite, test_typed);
    CU_ADD_TEST(suite, test_containers);
    CU_ADD_TEST(suite, test_units);
    CU_ADD_TEST(suite, test_suggest);
    CU_ADD_TEST(suite, test_paths);
    CU_ADD_TEST(suite, test_problem_limits);
    CU_ADD_TEST(suite, test_braces);
    CU_ADD_TEST(suite, test_flow_reference);
    CU_ADD_TEST(suite, test_expansion_is_bounded);
    CU_ADD_TEST(suite, test_wipe);
    CU_ADD_TEST(suite, test_endpoints);
    CU_ADD_TEST(suite, test_hosts);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures > 0;
}
