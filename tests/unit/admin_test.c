#include "admin/prometheus.h"
#include "admin_fixture.h"
#include "base/json.h"

#include <arpa/inet.h>
#include <cjson/cJSON.h>
#include <sys/socket.h>

static struct tn_admin_fixture fixture;

/* One request on a connection of its own; the whole answer into OUT (NUL-terminated); its status. */
static int ask(struct tn_buf *out, const char *request_line, const char *fields)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(tn_admin_port(fixture.admin))};
    int                fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), status = 0;
    char               text[4096];
    ssize_t            n;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CU_ASSERT_FATAL(connect(fd, (struct sockaddr *)(void *)&address, sizeof address) == 0);
    snprintf(text, sizeof text, "%s HTTP/1.1\r\n%s%sConnection: close\r\n\r\n", request_line,
             strstr(fields, "Host:") == NULL ? "Host: localhost\r\n" : "", fields);
    CU_ASSERT_FATAL(send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text));
    tn_buf_clear(out);
    while ((n = recv(fd, text, sizeof text, 0)) > 0)
        tn_buf_append(out, text, (size_t)n);
    close(fd);
    tn_buf_put_u8(out, '\0');
    if (sscanf(out->data, "HTTP/1.1 %d", &status) != 1)
        CU_FAIL("no HTTP answer");
    return status;
}

#define ASK(expected, line, fields) CU_ASSERT_EQUAL(ask(&out, (line), (fields)), (expected))
#define HAS(text) CU_ASSERT_PTR_NOT_NULL(strstr(out.data, (text)))

static void test_health(void)
{
    struct tn_buf out;

    tn_buf_init(&out, 1 << 24);
    tn_fixture_begin(&fixture, "");
    ASK(200, "GET /healthz", "");
    HAS("{\"status\":\"ok\"}");
    ASK(200, "GET /readyz", "");
    atomic_store(&fixture.server->state, TN_SERVER_STARTING);
    ASK(503, "GET /readyz", "");
    HAS("\"reason\":\"starting\"");
    atomic_store(&fixture.server->state, TN_SERVER_STOPPING);
    ASK(503, "GET /readyz", "");
    HAS("\"reason\":\"stopping\"");
    ASK(200, "GET /healthz", "");
    atomic_store(&fixture.server->state, TN_SERVER_READY);
    ASK(200, "POST /admin/clusters/lite/maintenance?on=true", "");
    ASK(200, "GET /readyz", "");
    ASK(200, "POST /admin/clusters/second/drain", "");
    HAS("\"drained\":true");
    ASK(503, "GET /readyz", "");
    HAS("no cluster is usable");
    ASK(200, "POST /admin/clusters/lite/maintenance?on=false", "");
    ASK(200, "GET /readyz", "");
    tn_fixture_end(&fixture);
    tn_buf_reset(&out);
}

/* Every GET endpoint answers well-formed JSON. */
static void test_json(void)
{
    static const char *const paths[] = {"/admin", "/admin/status", "/admin/clusters", "/admin/groups", "/admin/queries",
                                        "/admin/queries?text=1&group=main&limit=5", "/admin/history",
                                        "/admin/history?since=1h&limit=1"};
    struct tn_buf            out;

    tn_buf_init(&out, 1 << 24);
    tn_fixture_begin(&fixture, "");
    for (size_t i = 0; i < TN_ARRAY_LEN(paths); i++) {
        char   line[128];
        char  *body;
        cJSON *json;

        snprintf(line, sizeof line, "GET %s", paths[i]);
        ASK(200, line, "");
        HAS("Content-Type: application/json\r\n");
        body = strstr(out.data, "\r\n\r\n");
        json = cJSON_Parse(body != NULL ? body : "");
        CU_ASSERT_PTR_NOT_NULL(json);
        cJSON_Delete(json);
    }
    tn_fixture_end(&fixture);
    tn_buf_reset(&out);
}

static void test_refusals(void)
{
    struct tn_buf out;

    tn_buf_init(&out, 1 << 24);
    tn_fixture_begin(&fixture, "");
    ASK(404, "GET /nowhere", "");
    ASK(404, "GET /admin/status/", "");
    ASK(404, "GET /admin/queries//cancel", "");
    ASK(405, "POST /admin/status", "");
    HAS("Allow: GET, HEAD\r\n");
    ASK(405, "GET /admin/reload", "");
    HAS("Allow: POST\r\n");
    ASK(405, "DELETE /admin/reload", "");
    ASK(400, "GET /admin/status?x=1", "");
    HAS("unknown parameter `x`");
    ASK(400, "GET /admin/queries?limit=1&limit=2", "");
    ASK(400, "GET /admin/queries?limit=-1", "");
    ASK(400, "GET /admin/queries?text=maybe", "");
    ASK(400, "GET /admin/history?outcome=good", "");
    HAS("cancelled");
    ASK(400, "GET /admin/history?since=yesterday", "");
    ASK(400, "GET /admin/history?text=%zz", "");
    ASK(400, "POST /admin/clusters/lite/maintenance", "");
    ASK(400, "POST /admin/clusters/lite/maintenance?on=perhaps", "");
    ASK(404, "POST /admin/clusters/nobody/maintenance?on=true", "");
    HAS("nobody");
    ASK(404, "POST /admin/queries/4711/cancel", "");
    ASK(400, "POST /admin/queries/abc/cancel", "");
    ASK(413, "POST /admin/reload", "Content-Length: 1000000\r\n");
    tn_fixture_end(&fixture);
    tn_buf_reset(&out);
}

/* Pages of other sites cannot change anything, nor reach us under a name of theirs. */
static void test_browsers(void)
{
    struct tn_buf out;
    char          own[160];

    tn_buf_init(&out, 1 << 24);
    tn_fixture_begin(&fixture, "");
    snprintf(own, sizeof own, "Host: 127.0.0.1:%u\r\nOrigin: http://127.0.0.1:%u\r\n", (unsigned)tn_admin_port(fixture.admin),
             (unsigned)tn_admin_port(fixture.admin));
    ASK(200, "POST /admin/clusters/lite/drain", own);
    ASK(403, "POST /admin/clusters/lite/drain", "Origin: http://evil.example\r\n");
    ASK(403, "POST /admin/clusters/lite/drain", "Origin: null\r\n");
    ASK(403, "POST /admin/clusters/lite/drain", "Sec-Fetch-Site: cross-site\r\n");
    ASK(200, "POST /admin/clusters/lite/drain", "Sec-Fetch-Site: none\r\n");
    ASK(403, "GET /admin/status", "Host: evil.example\r\n");
    ASK(200, "GET /admin/status", "Host: [::1]:7000\r\n");
    ASK(200, "GET /metrics", "Host: evil.example\r\n");
    tn_fixture_end(&fixture);
    tn_buf_reset(&out);
}

static void test_credentials(void)
{
    struct tn_buf out;

    tn_buf_init(&out, 1 << 24);
    tn_fixture_begin(&fixture, ", username: root, password: secret");
    ASK(200, "GET /healthz", "");
    ASK(200, "GET /readyz", "");
    ASK(200, "GET /metrics", "");
    ASK(401, "GET /admin/status", "");
    HAS("WWW-Authenticate: Basic");
    ASK(401, "GET /admin/status", "Authorization: Basic cm9vdDpzZWNyZXQx\r\n"); /* root:secret1 */
    ASK(401, "GET /admin/status", "Authorization: Basic cm9vdDpzZWNyZQ==\r\n"); /* root:secre */
    ASK(401, "GET /admin/status", "Authorization: Basic Um9vdDpzZWNyZXQ=\r\n"); /* Root:secret */
    ASK(401, "GET /admin/status", "Authorization: Basic cm9vdDo=\r\n");         /* root: */
    ASK(401, "GET /admin/status", "Authorization: Bearer cm9vdDpzZWNyZXQ=\r\n");
    ASK(401, "POST /admin/reload", "");
    ASK(200, "GET /admin/status", "Authorization: Basic cm9vdDpzZWNyZXQ=\r\n"); /* root:secret */
    ASK(200, "GET /admin/status", "Host: proxy.example\r\nAuthorization: Basic cm9vdDpzZWNyZXQ=\r\n");
    tn_fixture_end(&fixture);
    tn_buf_reset(&out);
}

/* 301 times `a`: a key, not something to type. */
static void test_long_password(void)
{
    char          options[512] = ", username: root, password: a", field[512] = "Authorization: Basic cm9vdDph"; /* root:a */
    size_t        at = strlen(options), to = strlen(field);
    struct tn_buf out;

    memset(options + at, 'a', 300);
    for (int i = 0; i < 100; i++, to += 4)
        memcpy(field + to, "YWFh", 4);
    memcpy(field + to, "\r\n", 3);
    tn_buf_init(&out, 1 << 24);
    tn_fixture_begin(&fixture, options);
    ASK(200, "GET /admin/status", field);
    memcpy(field + to - 4, "YWFi", 4);
    ASK(401, "GET /admin/status", field);
    memcpy(field + to - 4, "\r\n", 3);
    ASK(401, "GET /admin/status", field);
    tn_fixture_end(&fixture);
    tn_buf_reset(&out);
}

static void test_reload(void)
{
    struct tn_buf out;

    tn_buf_init(&out, 1 << 24);
    tn_fixture_begin(&fixture, "");
    ASK(200, "POST /admin/reload", "");
    HAS("\"reloaded\":true");
    tn_fixture_write(&fixture, "", "nonsense: 1\nmoreNonsense: 2\n");
    ASK(422, "POST /admin/reload", "");
    HAS("\"path\":\"nonsense\"");
    HAS("\"path\":\"moreNonsense\"");
    HAS("nothing was changed");
    tn_fixture_write(&fixture, ", username: a, password: b", "");
    ASK(200, "POST /admin/reload", "");
    HAS("adminApi.username");
    ASK(200, "GET /admin/status", ""); /* only a restart brings the new credentials in */
    HAS("\"reloads\":2,\"failedReloads\":1");
    tn_fixture_end(&fixture);
    tn_buf_reset(&out);
}

/* No family twice, every sample below its own family, and the families that dashboards need. */
static void test_metrics(void)
{
    static const char *const wanted[] = {
        "turnout_build_info{version=\"", "turnout_cluster_slots{cluster=\"lite\",engine=\"sqlite\"} ",
        "turnout_cluster_health{cluster=\"second\",state=\"unknown\"} 1", "turnout_group_queued_queries{group=\"main\"} 0",
        "turnout_query_duration_seconds_bucket{le=\"+Inf\"} 0", "turnout_stage_duration_seconds_count{stage=\"route\"} 0",
        "turnout_queries_total{outcome=\"ok\"} 0", "process_resident_memory_bytes ", "turnout_config_reloads_ok_total 0",
        "turnout_cluster_idle_connections{cluster=\"lite\"} 0", "turnout_history_records_dropped_total 0"};
    struct tn_buf out;
    char         *line, *save = NULL, family[128] = "", seen[65536] = " ";

    tn_buf_init(&out, 1 << 24);
    tn_fixture_begin(&fixture, "");
    ASK(200, "GET /metrics", "");
    HAS("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n");
    for (size_t i = 0; i < TN_ARRAY_LEN(wanted); i++) {
        if (strstr(out.data, wanted[i]) == NULL)
            printf("\nmissing: %s\n", wanted[i]);
        HAS(wanted[i]);
    }
    for (line = strtok_r(strstr(out.data, "\r\n\r\n") + 4, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
        char name[128], key[132];

        if (sscanf(line, "# HELP %127s", name) == 1) {
            snprintf(key, sizeof key, " %s ", name);
            CU_ASSERT_PTR_NULL(strstr(seen, key));
            strncat(seen, key + 1, sizeof seen - strlen(seen) - 1);
            snprintf(family, sizeof family, "%s", name);
        } else if (line[0] != '#') {
            CU_ASSERT(strncmp(line, family, strlen(family)) == 0);
        }
    }
    tn_fixture_end(&fixture);
    tn_buf_reset(&out);
}

/* The judge of the format itself, where it is installed. */
static void test_promtool(void)
{
    struct tn_buf out;
    FILE         *promtool;
    int           status;

    if (system("command -v promtool >/dev/null 2>&1") != 0) {
        printf("skipped: promtool is not installed ");
        return;
    }
    tn_buf_init(&out, 1 << 24);
    tn_fixture_begin(&fixture, "");
    ASK(200, "GET /metrics", "");
    promtool = popen("promtool check metrics", "w");
    CU_ASSERT_FATAL(promtool != NULL);
    fputs(strstr(out.data, "\r\n\r\n") + 4, promtool);
    status = pclose(promtool);
    CU_ASSERT_EQUAL(status, 0);
    tn_fixture_end(&fixture);
    tn_buf_reset(&out);
}

static void test_prometheus_text(void)
{
    struct tn_buf            buf;
    struct tn_prometheus     p = {.buf = &buf};
    struct tn_histogram_view view = {0};
    struct tn_histogram     *histogram = calloc(1, sizeof *histogram);

    CU_ASSERT_FATAL(histogram != NULL);
    tn_buf_init(&buf, 1 << 16);
    tn_prometheus_family(&p, "a_b", "gauge", "one \\ two\nthree \"four\"");
    tn_prometheus_u64(&p, (struct tn_label[]){{"x", TN_STR("q\"b\\s\nn\xff")}, {"y", TN_STR("")}}, 2, 7);
    tn_buf_put_u8(&buf, '\0');
    CU_ASSERT_STRING_EQUAL(buf.data, "# HELP a_b one \\\\ two\\nthree \"four\"\n# TYPE a_b gauge\na_b{x=\"q\\\"b\\\\s\\nn?\",y=\"\"} 7\n");
    tn_buf_clear(&buf);
    tn_histogram_add(histogram, 200);
    tn_histogram_add(histogram, 1500000);
    tn_histogram_view_add(&view, histogram);
    tn_prometheus_family(&p, "d_seconds", "histogram", "h");
    tn_prometheus_histogram(&p, (struct tn_label[]){{"s", TN_STR("v")}}, 1, &view);
    tn_buf_put_u8(&buf, '\0');
    CU_ASSERT_PTR_NOT_NULL(strstr(buf.data, "d_seconds_bucket{s=\"v\",le=\"0.0001\"} 0\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(buf.data, "d_seconds_bucket{s=\"v\",le=\"1\"} 1\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(buf.data, "d_seconds_bucket{s=\"v\",le=\"+Inf\"} 2\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(buf.data, "d_seconds_sum{s=\"v\"} 1.500200\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(buf.data, "d_seconds_count{s=\"v\"} 2\n"));
    free(histogram);
    tn_buf_reset(&buf);
}

static void test_json_writer(void)
{
    struct tn_buf  buf;
    struct tn_json json = {.buf = &buf};

    tn_buf_init(&buf, 4096);
    tn_json_open(&json, NULL, '{');
    tn_json_text(&json, "a\"", "b\n");
    tn_json_text(&json, "n", NULL);
    tn_json_open(&json, "l", '[');
    tn_json_u64(&json, NULL, 1);
    tn_json_bool(&json, NULL, true);
    tn_json_open(&json, NULL, '{');
    tn_json_close(&json, '}');
    tn_json_close(&json, ']');
    tn_json_ms(&json, "m", 1234567);
    tn_json_time(&json, "t", 0);
    tn_json_time(&json, "u", 1);
    tn_json_close(&json, '}');
    tn_buf_put_u8(&buf, '\0');
    CU_ASSERT_STRING_EQUAL(buf.data, "{\"a\\\"\":\"b\\n\",\"n\":null,\"l\":[1,true,{}],\"m\":1234.567,\"t\":null,"
                                     "\"u\":\"1970-01-01T00:00:00.000001Z\"}");
    tn_buf_reset(&buf);
}

int main(void)
{
    CU_pSuite suite;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    suite = CU_add_suite("admin", NULL, NULL);
    CU_add_test(suite, "health and readiness", test_health);
    CU_add_test(suite, "JSON endpoints", test_json);
    CU_add_test(suite, "refusals", test_refusals);
    CU_add_test(suite, "browsers", test_browsers);
    CU_add_test(suite, "credentials", test_credentials);
    CU_add_test(suite, "long password", test_long_password);
    CU_add_test(suite, "reload", test_reload);
    CU_add_test(suite, "metrics", test_metrics);
    CU_add_test(suite, "promtool", test_promtool);
    CU_add_test(suite, "Prometheus text", test_prometheus_text);
    CU_add_test(suite, "JSON writer", test_json_writer);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    return CU_get_number_of_failures() > 0;
}
