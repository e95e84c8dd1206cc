/* route_test.c - the routers by their golden files (tests/golden/route_<type>.cases), hints, tags, traces, limits. */
#include "base/alloc.h"
#include "base/clock.h"
#include "config/config.h"
#include "policies/route/route.h"
#include "policies/route/table_glob.h"
#include "tests/unit/cases.h"

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

#include <time.h>

static const char base_yaml[] = "\nclusters:\n  a: { engine: sqlite }\n  b: { engine: sqlite }\n  c: { engine: sqlite }\n"
                                "  alone: { engine: sqlite }\n"
                                "clusterGroups:\n  analytics: { members: [a, b] }\n  etl: { members: [b, c] }\n"
                                "  bi: { members: [a] }\n  night: { members: [c] }\nroutingFallback: analytics\n";

static char              yaml[16384];
static struct tn_config *config;
static struct tn_routes *routes;

static void drop(void)
{
    tn_routes_unref(routes);
    tn_config_unref(config);
    routes = NULL;
    config = NULL;
}

/* All problems as "LINE: PATH: TEXT" lines; empty when it compiled. */
static void compile(const char *routers, char *out, size_t size)
{
    struct tn_problems problems, again;
    size_t             at = 0;

    drop();
    snprintf(yaml, sizeof yaml, "%s%s", routers, base_yaml);
    tn_problems_init(&problems, "test");
    tn_problems_init(&again, "test");
    out[0] = '\0';
    if (tn_config_parse_checked(&config, "test", tn_str(yaml), &problems, tn_routes_check, NULL) == TN_OK &&
        tn_routes_new(&routes, config, &again) != TN_OK)
        CU_FAIL("what was checked does not compile");
    tn_problems_reset(&again);
    tn_problems_sort(&problems);
    for (size_t i = 0; i < problems.count && at < size; i++)
        at += (size_t)snprintf(out + at, size - at, "%s%u: %s: %s%s", i == 0 ? "" : "\n", problems.items[i].line,
                               problems.items[i].path, problems.items[i].kind == TN_PROBLEM_WARNING ? "warning: " : "",
                               problems.items[i].text);
    tn_problems_reset(&problems);
}

/* ---- golden files ---- */

struct request {
    struct tn_route_context context;
    struct tn_script_asker  asker;
    const char             *said; /* by every script; NULL: it is not known yet */
    const char             *failed;
    struct tn_arena         arena;
    struct tn_str           groups[8];
    struct tn_tag           headers[8];
};

static uint64_t read_time(const char *text)
{
    struct tm tm = {0};

    CU_ASSERT_FATAL(sscanf(text, "%d-%d-%dT%d:%d:%dZ", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
                           &tm.tm_sec) == 6);
    tm.tm_year -= 1900;
    tm.tm_mon--;
    return (uint64_t)timegm(&tm) * 1000000;
}

static void read_groups(struct request *q, const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, ",");

        q->groups[q->context.user_group_count++] = tn_str_n(text, len);
        text += len + (text[len] == ',');
    }
    q->context.user_groups = q->groups;
}

/* "etl", "etl because" (kept), "" (nothing), "deny 28000 message", "fail route.py: line 3: why" */
static bool find_said(struct tn_script_asker *asker, const struct tn_script_question *question, struct tn_script_answer *out)
{
    struct request *q = TN_CONTAINER_OF(asker, struct request, asker);
    const char     *space;

    CU_ASSERT_PTR_NULL(question->about);
    CU_ASSERT(question->timeout_us >= 1000);
    *out = (struct tn_script_answer){.said = TN_SCRIPT_NAMED, .name = tn_str(q->said)};
    if (q->said == NULL)
        return false;
    space = strchr(q->said, ' ');
    if (strncmp(q->said, "fail ", 5) == 0) {
        *out = (struct tn_script_answer){.said = TN_SCRIPT_FAILED, .why = tn_str(q->said + 5)};
    } else if (strncmp(q->said, "deny ", 5) == 0) {
        *out = (struct tn_script_answer){.said = TN_SCRIPT_DENIED, .name = tn_str(q->said + 11)};
        memcpy(out->sqlstate, q->said + 5, 5);
    } else if (q->said[0] == '\0') {
        out->said = TN_SCRIPT_NOTHING;
    } else if (space != NULL) {
        out->name.len = (size_t)(space - q->said);
        out->why = tn_str(space + 1);
        out->kept = true;
    }
    return true;
}

static void note_failed(struct tn_script_asker *asker, struct tn_script *script, const char *why)
{
    (void)script;
    (void)why;
    TN_CONTAINER_OF(asker, struct request, asker)->failed = "yes";
}

static void read_key(struct request *q, const char *key, const char *value)
{
    struct tn_tag *tags;

    if (strcmp(key, "user") == 0)
        q->context.user = tn_str(value);
    else if (strcmp(key, "protocol") == 0)
        q->context.protocol = value;
    else if (strcmp(key, "groups") == 0)
        read_groups(q, value);
    else if (strcmp(key, "group") == 0)
        q->context.hint_group = tn_str(value);
    else if (strcmp(key, "cluster") == 0)
        q->context.hint_cluster = tn_str(value);
    else if (strncmp(key, "script", 6) == 0) {
        q->asker = (struct tn_script_asker){find_said, note_failed};
        q->context.scripts = &q->asker;
        q->said = strcmp(key, "script later") == 0 ? NULL : value;
    } else if (strcmp(key, "several") == 0)
        q->context.several = strcmp(value, "yes") == 0;
    else if (strcmp(key, "time") == 0)
        q->context.wall_us = read_time(value);
    else if (strcmp(key, "tags") == 0) {
        CU_ASSERT_FATAL(tn_tags_parse(tn_str(value), &q->arena, &q->context.tag_count, &tags, NULL) == TN_OK);
        q->context.tags = tags;
    } else if (strncmp(key, "header ", 7) == 0) {
        q->headers[q->context.header_count++] = (struct tn_tag){tn_str(key + 7), tn_str(value)};
        q->context.headers = q->headers;
    } else {
        fprintf(stderr, "unknown key %s\n", key);
        CU_FAIL("unknown key in a case");
    }
}

/* "user=alice; tags=team:bi" */
static void read_request(struct request *q, char *text)
{
    *q = (struct request){.context.protocol = "postgresWire"};
    tn_arena_init(&q->arena, 0);
    while (text != NULL && *text != '\0') {
        char *end = strstr(text, "; "), *equals;

        if (end != NULL)
            *end = '\0';
        equals = strchr(text, '=');
        CU_ASSERT_PTR_NOT_NULL_FATAL(equals);
        *equals = '\0';
        read_key(q, text, equals + 1);
        text = end == NULL ? NULL : end + 2;
    }
}

static char path[512]; /* of the golden file at work */

static void expect(const struct golden_case *c, const char *what, const char *wanted, const char *got)
{
    if (wanted == NULL || strcmp(wanted, got) == 0)
        return;
    fprintf(stderr, "\n%s:%u: %s\n  wanted: %s\n  got:    %s\n", path, c->line, what, wanted, got);
    CU_FAIL("golden case");
}

static void run_request(const struct golden_case *c)
{
    static char            as[CASE_TEXT];
    struct request         q;
    struct tn_features     features;
    struct tn_route_result result;
    struct tn_error        err = TN_ERROR_INIT;
    enum tn_status         status;
    struct tn_str          text = tn_str(golden_get(c, "sql"));
    char                   got[2048], trace[2048] = "";

    tn_str_copy(as, sizeof as, tn_str(golden_get(c, "as")));
    read_request(&q, as);
    tn_features_read(&features, text, TN_DIALECT_POSTGRES);
    status = tn_routes_decide(routes, &q.context, &features, text, &q.arena, &result, &err);
    if (status == TN_AGAIN) {
        snprintf(got, sizeof got, "again");
    } else if (status != TN_OK) {
        snprintf(got, sizeof got, "error %s %s | %s", err.sqlstate, err.message, err.hint);
    } else {
        if (result.denied)
            snprintf(got, sizeof got, "deny %s %.*s", result.sqlstate, (int)result.message.len, result.message.ptr);
        else
            snprintf(got, sizeof got, "%.*s%s%.*s", (int)result.group->name.len, result.group->name.ptr,
                     result.cluster.len > 0 ? " on " : "", (int)result.cluster.len, result.cluster.ptr);
        CU_ASSERT_EQUAL(tn_route_trace_text(&result, trace, sizeof trace), strlen(trace));
    }
    expect(c, "want", golden_get(c, "want"), got);
    expect(c, "trace", golden_get(c, "trace"), trace);
    tn_error_reset(&err);
    tn_arena_reset(&q.arena);
}

static unsigned requests;

static void run_case(const struct golden_case *c)
{
    static char problems[8192];
    const char *text = golden_get(c, "config");

    if (text != NULL) {
        compile(text, problems, sizeof problems);
        expect(c, "problems", golden_get(c, "problems") == NULL ? "" : golden_get(c, "problems"), problems);
    }
    if (golden_get(c, "sql") == NULL)
        return;
    if (routes == NULL) {
        expect(c, "config", "one that compiles", "one that does not");
        return;
    }
    requests++;
    run_request(c);
}

static void test_golden(void)
{
    static const char *const files[] = {"protocolBased", "header", "queryRegex", "tags", "userGroup", "compound", "deny",
                                        "tables", "statementClass", "timeOfDay", "pythonScript", "chain"};

    for (size_t i = 0; i < TN_ARRAY_LEN(files); i++) {
        requests = 0;
        snprintf(path, sizeof path, TN_SOURCE_DIR "/tests/golden/route_%s.cases", files[i]);
        CU_ASSERT(golden_each(path, run_case) >= 8);
        CU_ASSERT(requests >= 8);
        if (requests < 8)
            fprintf(stderr, "%s: only %u requests\n", path, requests);
        drop();
    }
}

/* ---- the rest ---- */

static void decide(const char *sql, struct tn_arena *arena, struct tn_route_result *out)
{
    struct tn_route_context context = {.protocol = "postgresWire"};
    struct tn_features      features;

    tn_features_read(&features, tn_str(sql), TN_DIALECT_POSTGRES);
    CU_ASSERT_FATAL(tn_routes_decide(routes, &context, &features, tn_str(sql), arena, out, NULL) == TN_OK);
}

static void compile_good(const char *text)
{
    char problems[4096];

    compile(text, problems, sizeof problems);
    if (routes == NULL)
        fprintf(stderr, "%s\n", problems);
    CU_ASSERT_PTR_NOT_NULL_FATAL(routes);
}

/* The text that is sent goes through the chain up to the router that decided, all on one line, too. */
static void test_refuse(void)
{
    struct tn_route_context context = {.protocol = "postgresWire"};
    struct tn_features      features;
    struct tn_arena         arena;
    struct tn_route_result  result, refused;

    compile_good("routers: [ { type: queryRegex, rules: [ { regex: 'never', targetGroup: etl } ] }, { type: deny, regex: 'datetime', message: 'no' }, "
                 "{ type: queryRegex, rules: [ { regex: 'original', targetGroup: bi } ] }, { type: deny, regex: 'later', message: 'too late' } ]");
    tn_arena_init(&arena, 0);
    decide("select original", &arena, &result);
    CU_ASSERT(tn_str_eq_c(result.group->name, "bi"));
    tn_features_read(&features, TN_STR("select 1"), TN_DIALECT_SQLITE);
    CU_ASSERT(tn_routes_may_refuse(routes));
    CU_ASSERT(tn_routes_refuse(routes, &result, &context, &features, TN_STR("select datetime(1)"), &arena, &refused));
    CU_ASSERT(tn_str_eq_c(refused.message, "no"));
    CU_ASSERT_FALSE(tn_routes_refuse(routes, &result, &context, &features, TN_STR("select later"), &arena, &refused));
    CU_ASSERT_FALSE(tn_routes_refuse(routes, &result, &context, &features, TN_STR("select date(1)"), &arena, &refused));
    tn_arena_reset(&arena);
    drop();
}

/* Patterns that would take for ever end within their limits, as no match, and the trace says so. */
static void test_regex_limits(void)
{
    static const char *const patterns[] = {"(a+)+$", "(a|aa)+$", "(?:a[a!]*)*[a-c]+$", "(.*)*[xy]{1,3}[yz]", "a.*?a.*?a.*?a.*?[b-c]"};
    static char              sql[200001];

    memset(sql, 'a', sizeof sql - 1);
    sql[sizeof sql - 2] = '!';
    for (size_t i = 0; i < TN_ARRAY_LEN(patterns); i++) {
        char                   text[256], trace[512];
        struct tn_arena        arena;
        struct tn_route_result result;

        snprintf(text, sizeof text, "routers:\n  - type: queryRegex\n    rules: [ { regex: '%s', targetGroup: etl } ]", patterns[i]);
        compile_good(text);
        tn_arena_init(&arena, 64 << 20);
        decide(sql, &arena, &result);
        CU_ASSERT(tn_str_eq_c(result.group->name, "analytics"));
        tn_route_trace_text(&result, trace, sizeof trace);
        if (strstr(trace, "a regex met its limits") == NULL)
            fprintf(stderr, "%s: %s\n", patterns[i], trace);
        CU_ASSERT_PTR_NOT_NULL(strstr(trace, "a regex met its limits"));
        tn_arena_reset(&arena);
    }
    drop();
}

/* A match that begins late in a long text is found; so is one behind bytes that are no UTF-8. */
static void test_regex_long_text(void)
{
    static char            sql[3000000];
    struct tn_arena        arena;
    struct tn_route_result result;

    compile_good("routers:\n  - type: queryRegex\n    rules: [ { regex: '(?i)\\bneedle\\b', targetGroup: etl } ]");
    memset(sql, 'x', sizeof sql - 1);
    memcpy(sql + sizeof sql - 20, " NEEDLE ", 8);
    tn_arena_init(&arena, 0);
    decide(sql, &arena, &result);
    CU_ASSERT(tn_str_eq_c(result.group->name, "etl"));
    decide("select '\xff\xc3(' , needle", &arena, &result);
    CU_ASSERT(tn_str_eq_c(result.group->name, "etl"));
    decide("select '\xff\xc3(' , needl", &arena, &result);
    CU_ASSERT(tn_str_eq_c(result.group->name, "analytics"));
    tn_arena_reset(&arena);
    drop();
}

static void test_no_routers(void)
{
    struct tn_arena        arena;
    struct tn_route_result result;
    char                   trace[128];

    compile_good("");
    tn_arena_init(&arena, 0);
    decide("select 1", &arena, &result);
    CU_ASSERT(tn_str_eq_c(result.group->name, "analytics"));
    CU_ASSERT_STRING_EQUAL(result.router, "routingFallback");
    CU_ASSERT_EQUAL(result.step_count, 1);
    tn_route_trace_text(&result, trace, sizeof trace);
    CU_ASSERT_STRING_EQUAL(trace, "routingFallback: no router matched -> analytics");
    CU_ASSERT_EQUAL(tn_route_trace_text(&result, trace, 10), 9);
    CU_ASSERT_STRING_EQUAL(trace, "routingFa");
    CU_ASSERT_EQUAL(tn_route_trace_text(&result, trace, 1), 0);
    CU_ASSERT_EQUAL(tn_route_trace_text(&result, NULL, 0), 0);
    tn_arena_reset(&arena);
    compile_good("routers: []");
    drop();
}

/* 300 routers that do not match: the trace is bounded and ends with the decision. */
static void test_trace_is_bounded(void)
{
    static char            text[14000];
    size_t                 at = (size_t)snprintf(text, sizeof text, "routers:\n");
    struct tn_arena        arena;
    struct tn_route_result result;

    for (int i = 0; i < 300; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, " - {type: userGroup, userToGroup: {u: etl}}\n");
    compile_good(text);
    tn_arena_init(&arena, 0);
    decide("select 1", &arena, &result);
    CU_ASSERT_EQUAL(result.step_count, 64);
    CU_ASSERT_STRING_EQUAL(result.steps[63].router, "routingFallback");
    tn_arena_reset(&arena);
    drop();
}

/* A value of the client in a trace text has no control characters and is cut at a character. */
static void test_trace_is_clean(void)
{
    static char             user[400];
    struct tn_arena         arena;
    struct tn_route_result  result;
    struct tn_features      features;
    struct tn_route_context context = {.protocol = "postgresWire"};

    compile_good("routers:\n  - {type: userGroup, userToGroup: {u: etl}}");
    for (size_t i = 0; i + 2 < sizeof user; i += 2)
        memcpy(user + i, "\xc3\xa4", 2);
    user[0] = '\n';
    user[1] = '\x01';
    context.user = tn_str(user);
    tn_features_read(&features, TN_STR("select 1"), TN_DIALECT_POSTGRES);
    tn_arena_init(&arena, 0);
    CU_ASSERT(tn_routes_decide(routes, &context, &features, TN_STR("select 1"), &arena, &result, NULL) == TN_OK);
    CU_ASSERT(result.steps[0].why.len <= 200);
    CU_ASSERT_EQUAL(tn_utf8_valid_prefix(result.steps[0].why.ptr, result.steps[0].why.len), result.steps[0].why.len);
    CU_ASSERT_PTR_NULL(memchr(result.steps[0].why.ptr, '\n', result.steps[0].why.len));
    tn_arena_reset(&arena);
    drop();
}

static void check_tags(const char *text, const char *expected)
{
    struct tn_arena arena;
    struct tn_tag  *tags;
    struct tn_error err = TN_ERROR_INIT;
    size_t          count, at = 0;
    char            got[4096] = "";

    tn_arena_init(&arena, 0);
    if (tn_tags_parse(tn_str(text), &arena, &count, &tags, &err) != TN_OK)
        at += (size_t)snprintf(got, sizeof got, "%s %s", err.sqlstate, err.message);
    for (size_t i = 0; i < count && at < sizeof got; i++)
        at += (size_t)snprintf(got + at, sizeof got - at, "%s%.*s%s%.*s", i == 0 ? "" : "|", (int)tags[i].key.len,
                               tags[i].key.ptr, tags[i].value.ptr == NULL ? "" : "=", (int)tags[i].value.len,
                               tags[i].value.ptr == NULL ? "" : tags[i].value.ptr);
    if (strcmp(got, expected) != 0)
        fprintf(stderr, "\ntags %s\n  wanted: %s\n  got:    %s\n", text, expected, got);
    CU_ASSERT_STRING_EQUAL(got, expected);
    tn_error_reset(&err);
    tn_arena_reset(&arena);
}

static void test_tags(void)
{
    static char many[400], wide[300];

    check_tags("", "");
    check_tags("team:bi,nightly", "team=bi|nightly");
    check_tags("  team : bi , nightly  ", "team=bi|nightly");
    check_tags("a:b:c", "a=b:c");
    check_tags("a:", "a=");
    check_tags("a,,b,", "a|b");
    check_tags("a:1,a:2", "a=2");
    check_tags(":x", "22023 tags: a tag without a name, at character 1");
    check_tags("{}", "");
    check_tags(" {\"team\": \"bi\", \"nightly\": null} ", "team=bi|nightly");
    check_tags("{\"a\":1,\"b\":true,\"c\":-2.5e3}", "a=1|b=true|c=-2.5e3");
    check_tags("{\"a\\\"\\u00e4\\ud83d\\ude00\\n\": \"x\"}", "a\"\xc3\xa4\xf0\x9f\x98\x80\n=x");
    check_tags("{\"a\": \"x\", \"a\": \"y\"}", "a=y");
    check_tags("{\"a\": [1]}", "22023 tags: a value must be a text, a number, true, false or null, at character 7");
    check_tags("{\"a\": {}}", "22023 tags: a value must be a text, a number, true, false or null, at character 7");
    check_tags("{\"a\"", "22023 tags: expected `:`, at character 5");
    check_tags("{\"a\": \"x\"", "22023 tags: expected `,` or `}`, at character 10");
    check_tags("{\"a\": \"x", "22023 tags: a text without its closing quote, at character 9");
    check_tags("{\"a\": \"\\x\"}", "22023 tags: a bad escape in a text, at character 10");
    check_tags("{\"a\": \"\\ud800\"}", "22023 tags: a bad escape in a text, at character 14");
    check_tags("{\"a\": \"\\u0000\"}", "22023 tags: a bad escape in a text, at character 14");
    check_tags("{\"\": \"x\"}", "22023 tags: a tag without a name, at character 9");
    check_tags("{\"a\": 1} x", "22023 tags: text behind the closing brace, at character 10");
    check_tags("{a: 1}", "22023 tags: expected a text in double quotes, at character 2");
    check_tags("\xff", "22021 tags: not valid UTF-8, or with a NUL");
    for (int i = 0; i < 21; i++)
        snprintf(many + strlen(many), sizeof many - strlen(many), "%st%d", i == 0 ? "" : ",", i);
    check_tags(many, "22023 tags: more than 20 tags, at character 71");
    many[strlen(many) - 4] = '\0';
    check_tags(many, "t0|t1|t2|t3|t4|t5|t6|t7|t8|t9|t10|t11|t12|t13|t14|t15|t16|t17|t18|t19");
    for (int i = 0; i < 129; i++)
        memcpy(wide + 2 * i, "\xc3\xa4", 2);
    check_tags(wide, "22023 tags: a name or value longer than 128 characters, at character 1");
    wide[256] = '\0';
    check_tags(wide, wide);
}

static void test_table_fits(void)
{
    static const struct {
        const char *pattern, *name;
        bool        fits;
    } cases[] = {
        {"orders", "orders", true},         {"orders", "ORDERS", true},          {"ord*", "orders", true},
        {"orders", "sales.orders", true},   {"orders", "db.sales.orders", true}, {"sales.orders", "orders", false},
        {"*.orders", "orders", true},       {"*.orders", "sales.orders", true},  {"*.*.orders", "orders", true},
        {"sales.*", "sales.orders", true},  {"sales.*", "orders", false},        {"sales.*", "db.sales.orders", true},
        {"sales.*", "sales2.orders", false}, {"*", "orders", true},              {"*", "a.b.c", true},
        {"o?ders", "orders", true},         {"s*s", "sales.orders", false},      {"sales.orders", "\"sales\".\"orders\"", true},
        {"\"a.b\".c", "\"a.b\".c", true},   {"b.c", "\"a.b\".c", false},         {"orders", "order", false},
        {"db.sales.*", "sales.x", false},   {"", "x", false},                    {"orders", "", false},
    };

    for (size_t i = 0; i < TN_ARRAY_LEN(cases); i++) {
        if (tn_table_fits(tn_str(cases[i].pattern), tn_str(cases[i].name)) != cases[i].fits)
            fprintf(stderr, "%s on %s\n", cases[i].pattern, cases[i].name);
        CU_ASSERT_EQUAL(tn_table_fits(tn_str(cases[i].pattern), tn_str(cases[i].name)), cases[i].fits);
    }
}

/* Every allocation of compiling and deciding fails once: an error, no crash, no leak. */
static void test_no_memory(void)
{
    static const char text[] = "routers:\n"
                               "  - {type: queryRegex, rules: [{regex: '^x', targetGroup: etl}]}\n"
                               "  - {type: tables, rules: [{tables: ['s.*'], targetGroup: etl}]}\n"
                               "  - {type: timeOfDay, timeZone: Europe/Berlin, days: sun, from: '01:00', to: '02:00', targetGroup: etl}\n"
                               "  - {type: deny, rules: [{class: ddl, message: m}]}\n"
                               "  - {type: compound, combine: any, conditions: [{type: user, username: u}], targetGroup: bi}";
    struct tn_problems problems;
    enum tn_status     status = TN_E_NOMEM;
    unsigned           failed = 0;

    snprintf(yaml, sizeof yaml, "%s%s", text, base_yaml);
    tn_problems_init(&problems, "test");
    CU_ASSERT_FATAL(tn_config_parse(&config, "test", tn_str(yaml), &problems) == TN_OK);
    for (size_t n = 0; n < 500 && status != TN_OK; n++) {
        tn_alloc_fail_after(n);
        status = tn_routes_new(&routes, config, &problems);
        tn_alloc_fail_never();
        failed += status != TN_OK;
        tn_problems_reset(&problems);
        tn_problems_init(&problems, "test");
    }
    CU_ASSERT_EQUAL_FATAL(status, TN_OK);
    CU_ASSERT(failed >= 4);
    tn_problems_reset(&problems);
    status = TN_E_NOMEM;
    for (size_t n = 0; n < 100 && status != TN_OK; n++) {
        struct tn_route_context context = {.protocol = "postgresWire"};
        struct tn_features      features;
        struct tn_route_result  result;
        struct tn_arena         arena;

        tn_arena_init(&arena, 0);
        tn_features_read(&features, TN_STR("select 1"), TN_DIALECT_POSTGRES);
        tn_alloc_fail_after(n);
        status = tn_routes_decide(routes, &context, &features, TN_STR("select 1"), &arena, &result, NULL);
        tn_alloc_fail_never();
        CU_ASSERT(status == TN_OK || status == TN_E_NOMEM);
        tn_arena_reset(&arena);
    }
    CU_ASSERT_EQUAL(status, TN_OK);
    drop();
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failures;

    if (CU_initialize_registry() != CUE_SUCCESS || (suite = CU_add_suite("route", NULL, NULL)) == NULL)
        return 1;
    CU_ADD_TEST(suite, test_golden);
    CU_ADD_TEST(suite, test_refuse);
    CU_ADD_TEST(suite, test_regex_limits);
    CU_ADD_TEST(suite, test_regex_long_text);
    CU_ADD_TEST(suite, test_no_routers);
    CU_ADD_TEST(suite, test_trace_is_bounded);
    CU_ADD_TEST(suite, test_trace_is_clean);
    CU_ADD_TEST(suite, test_tags);
    CU_ADD_TEST(suite, test_table_fits);
    CU_ADD_TEST(suite, test_no_memory);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures > 0;
}
