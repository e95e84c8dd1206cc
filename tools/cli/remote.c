#include "tools/cli/remote.h"
#include "tools/cli/typed.h"

#include "base/alloc.h"

#include <curl/curl.h>
#include <errno.h>

enum { BODY_MAX = 64 * 1024 * 1024, CONNECT_TIMEOUT_S = 5, TIMEOUT_S = 120, PASSWORD_MAX = 256 };

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    struct tn_buf *body = arg;

    tn_buf_append(body, data, size * count);
    return body->failed ? 0 : size * count;
}

static void take_password(void *arg)
{
    char *out = arg;

    if (fgets(out, PASSWORD_MAX, stdin) == NULL)
        out[0] = '\0';
}

/* From the terminal. False: there is none, or nothing was typed. */
static bool ask_password(const char *user, char out[PASSWORD_MAX])
{
    char prompt[PASSWORD_MAX];

    if (!tn_cli_has_terminal())
        return false;
    snprintf(prompt, sizeof prompt, "Password of %s", user);
    tn_cli_typed(prompt, take_password, out);
    if (out[0] == '\0')
        return false;
    out[strcspn(out, "\r\n")] = '\0';
    return true;
}

/* 0, or the exit status. */
static int set_credentials(struct tn_cli *cli, CURL *curl)
{
    const char *user = tn_cli_value(cli, "user"), *password = getenv("TURNOUT_ADMIN_PASSWORD");
    char        typed[PASSWORD_MAX] = "";

    if (user == NULL)
        user = getenv("TURNOUT_ADMIN_USER");
    if (user == NULL || user[0] == '\0')
        return TN_CLI_OK;
    if (password == NULL) {
        if (!ask_password(user, typed))
            return tn_cli_fail("no password for user %s: set TURNOUT_ADMIN_PASSWORD", user);
        password = typed;
    }
    curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
    curl_easy_setopt(curl, CURLOPT_USERNAME, user);
    curl_easy_setopt(curl, CURLOPT_PASSWORD, password);
    explicit_bzero(typed, sizeof typed);
    return TN_CLI_OK;
}

static void set_authorities(struct tn_cli *cli, CURL *curl)
{
    const char *file = tn_cli_value(cli, "ca");

    if (file == NULL)
        file = getenv("TURNOUT_ADMIN_CA");
    if (file != NULL && file[0] != '\0')
        curl_easy_setopt(curl, CURLOPT_CAINFO, file);
}

/* "127.0.0.1:7000" is as good as "http://127.0.0.1:7000/". */
static const char *admin_url(struct tn_cli *cli)
{
    const char *url = tn_cli_value(cli, "admin");

    if (url == NULL)
        url = getenv("TURNOUT_ADMIN");
    return url == NULL || url[0] == '\0' ? "http://127.0.0.1:7000" : url;
}

static void put_url(struct tn_buf *out, const char *base, const char *path)
{
    size_t len = strlen(base);

    while (len > 0 && base[len - 1] == '/')
        len--;
    if (strstr(base, "://") == NULL)
        tn_buf_puts(out, "http://");
    tn_buf_append(out, base, len);
    tn_buf_puts(out, path);
    tn_buf_put_u8(out, '\0');
}

static void set_request(CURL *curl, const char *method, const char *url, struct tn_str sent, struct tn_buf *body)
{
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "turnout/" TN_VERSION);
    if (strcmp(method, "POST") == 0) {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)sent.len);
        curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, sent.len > 0 ? sent.ptr : "");
    }
}

/* What to do about a request that got no answer. */
static const char *advice(CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
        return "\n  Is Turnout running? Its address: --admin URL, or TURNOUT_ADMIN.";
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        return "\n  The authorities to believe: --ca FILE, or TURNOUT_ADMIN_CA.";
    default:
        return "";
    }
}

static int perform(struct tn_cli *cli, CURL *curl, struct tn_cli_reply *reply)
{
    char     why[CURL_ERROR_SIZE] = "";
    CURLcode code;

    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
    code = curl_easy_perform(curl);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, NULL);
    if (code == CURLE_OK) {
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply->status);
        reply->json = cJSON_ParseWithLength(reply->body.data, reply->body.len);
        return TN_CLI_OK;
    }
    return tn_cli_fail("cannot reach the admin API at %s: %s%s", admin_url(cli), why[0] != '\0' ? why : curl_easy_strerror(code), advice(code));
}

int tn_cli_call(struct tn_cli *cli, const char *method, const char *path, struct tn_cli_reply *reply)
{
    return tn_cli_send(cli, method, path, tn_str_n("", 0), reply);
}

int tn_cli_send(struct tn_cli *cli, const char *method, const char *path, struct tn_str body, struct tn_cli_reply *reply)
{
    struct tn_buf url;
    CURL         *curl;
    int           status;

    *reply = (struct tn_cli_reply){.status = 0};
    tn_buf_init(&reply->body, BODY_MAX);
    tn_buf_init(&url, 65536);
    put_url(&url, admin_url(cli), path);
    curl = url.failed || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ? NULL : curl_easy_init();
    if (curl == NULL) {
        tn_buf_reset(&url);
        return tn_cli_fail("libcurl cannot start");
    }
    set_request(curl, method, url.data, body, &reply->body);
    set_authorities(cli, curl);
    status = set_credentials(cli, curl);
    if (status == TN_CLI_OK)
        status = perform(cli, curl, reply);
    curl_easy_cleanup(curl);
    curl_global_cleanup();
    tn_buf_reset(&url);
    return status;
}

void tn_cli_reply_reset(struct tn_cli_reply *reply)
{
    tn_buf_reset(&reply->body);
    cJSON_Delete(reply->json);
    reply->json = NULL;
}

int tn_cli_check_reply(const struct tn_cli_reply *reply)
{
    struct tn_str detail;

    if (reply->status == 200 && reply->json != NULL)
        return TN_CLI_OK;
    detail = tn_cli_json_str(reply->json, "detail");
    if (detail.len > 0)
        return tn_cli_fail(TN_STR_FMT "%s", TN_STR_ARG(detail),
                           reply->status == 401 ? "\n  Who asks: --user NAME, or TURNOUT_ADMIN_USER; the password: TURNOUT_ADMIN_PASSWORD." : "");
    return tn_cli_fail("the server answered with status %ld%s", reply->status,
                       reply->json == NULL ? ": is this the admin API of Turnout?" : "");
}

struct tn_str tn_cli_json_str(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    return tn_str(cJSON_IsString(item) ? item->valuestring : NULL);
}

double tn_cli_json_number(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    return cJSON_IsNumber(item) ? item->valuedouble : 0.;
}

bool tn_cli_json_bool(const cJSON *object, const char *key)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, key));
}

void tn_cli_put_segment(struct tn_buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~", c) != NULL)
            tn_buf_put_u8(out, c);
        else
            tn_buf_printf(out, "%%%02X", (unsigned)c);
    }
}
