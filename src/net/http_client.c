#include "net/http_client.h"

#include "base/alloc.h"

#include <curl/curl.h>

/* A request and the cancel beside it, each perhaps trying two addresses while a name is still being resolved. */
enum { WATCHES = 16 };

/* A socket that libcurl wants to be told about; not allocated, since a client whose socket cannot be watched is dead for good. */
struct watch {
    ev_io                  io;
    struct tn_http_client *client; /* NULL = free */
};

struct tn_http_client {
    struct tn_worker             *worker;
    struct tn_http_client_options options;
    CURLM                        *multi;
    ev_timer                      timer;
    struct watch                  watches[WATCHES];
};

struct tn_http_call {
    struct tn_http_client              *client;
    const struct tn_http_client_events *events;
    void                               *owner;
    CURL                               *easy;
    struct curl_slist                  *headers;
    struct tn_buf                       body;
    size_t                              head_bytes;
    bool                                active;
    bool                                custom;   /* the last request's method was set by its name */
    enum tn_status                      refused;  /* why a header could not be added */
    const char                         *limit;    /* why reading was stopped, NULL = it was not */
    char                                text[CURL_ERROR_SIZE];
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void init_curl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* ---- the loop ---- */

static void finish_calls(struct tn_http_client *client);

static void act(struct tn_http_client *client, curl_socket_t fd, int what)
{
    int running;

    curl_multi_socket_action(client->multi, fd, what, &running);
    finish_calls(client);
}

static void on_io(struct ev_loop *loop, ev_io *io, int revents)
{
    struct watch *watch = io->data;

    (void)loop;
    act(watch->client, io->fd, ((revents & EV_READ) != 0 ? CURL_CSELECT_IN : 0) | ((revents & EV_WRITE) != 0 ? CURL_CSELECT_OUT : 0));
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
    (void)loop;
    (void)revents;
    act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static void forget(struct watch *watch)
{
    ev_io_stop(watch->client->worker->loop, &watch->io);
    watch->client = NULL;
}

static struct watch *new_watch(struct tn_http_client *client, curl_socket_t fd)
{
    for (size_t i = 0; i < WATCHES; i++) {
        struct watch *watch = &client->watches[i];

        if (watch->client != NULL)
            continue;
        watch->client = client;
        ev_init(&watch->io, on_io);
        watch->io.data = watch;
        curl_multi_assign(client->multi, fd, watch);
        return watch;
    }
    return NULL;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    struct tn_http_client *client = arg;
    struct watch          *watch = socket_arg;
    int                    events = ((what & CURL_POLL_IN) != 0 ? EV_READ : 0) | ((what & CURL_POLL_OUT) != 0 ? EV_WRITE : 0);

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watch != NULL)
            forget(watch);
        return 0;
    }
    if (watch == NULL)
        watch = new_watch(client, fd);
    if (watch == NULL)
        return -1; /* the transfer fails */
    ev_io_stop(client->worker->loop, &watch->io);
    ev_io_set(&watch->io, fd, events);
    ev_io_start(client->worker->loop, &watch->io);
    return 0;
}

static int on_timeout(CURLM *multi, long ms, void *arg)
{
    struct tn_http_client *client = arg;
    struct ev_loop        *loop = client->worker->loop;

    (void)multi;
    ev_timer_stop(loop, &client->timer);
    if (ms < 0)
        return 0;
    if (ms == 0) { /* at once, but not from inside libcurl: no turn of the loop, and no look at every socket, for it */
        ev_feed_event(loop, &client->timer, EV_TIMER);
        return 0;
    }
    ev_now_update(loop);
    ev_timer_set(&client->timer, (double)ms / 1e3, 0.);
    ev_timer_start(loop, &client->timer);
    return 0;
}

enum tn_status tn_http_client_new(struct tn_http_client **out, struct tn_worker *worker,
                                  const struct tn_http_client_options *options, struct tn_error *err)
{
    struct tn_http_client *client = tn_calloc(1, sizeof *client);

    *out = NULL;
    pthread_once(&once, init_curl);
    if (client != NULL)
        client->multi = curl_multi_init();
    if (client == NULL || client->multi == NULL) {
        tn_free(client);
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for an HTTP client");
    }
    client->worker = worker;
    client->options = *options;
    ev_timer_init(&client->timer, on_timer, 0., 0.);
    client->timer.data = client;
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, 2L); /* a request and the cancel beside it */
    *out = client;
    return TN_OK;
}

void tn_http_client_free(struct tn_http_client *client)
{
    if (client == NULL)
        return;
    curl_multi_cleanup(client->multi);
    ev_timer_stop(client->worker->loop, &client->timer);
    for (size_t i = 0; i < WATCHES; i++)
        if (client->watches[i].client != NULL)
            forget(&client->watches[i]);
    tn_free(client);
}

/* ---- one call ---- */

static size_t stop(struct tn_http_call *call, const char *limit)
{
    call->limit = limit;
    return 0;
}

static size_t on_header(char *data, size_t size, size_t count, void *arg)
{
    struct tn_http_call *call = arg;
    struct tn_str        line = tn_str_trim(tn_str_n(data, size * count));
    const char          *colon = memchr(line.ptr, ':', line.len);

    call->head_bytes += size * count;
    if (call->head_bytes > TN_HTTP_CLIENT_HEAD_MAX)
        return stop(call, "the head of the answer is longer than 256 KiB");
    if (colon != NULL && call->events->header != NULL)
        call->events->header(call, tn_str_trim(tn_str_n(line.ptr, (size_t)(colon - line.ptr))),
                             tn_str_trim(tn_str_n(colon + 1, line.len - (size_t)(colon + 1 - line.ptr))), call->owner);
    return size * count;
}

static bool is_bomb(struct tn_http_call *call)
{
    curl_off_t wire = 0;

    if (call->body.len <= TN_HTTP_CLIENT_RATIO_FROM)
        return false;
    curl_easy_getinfo(call->easy, CURLINFO_SIZE_DOWNLOAD_T, &wire);
    return wire >= 0 && call->body.len / TN_HTTP_CLIENT_RATIO_MAX > (uint64_t)wire;
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    struct tn_http_call *call = arg;

    if (size * count > call->body.max - call->body.len)
        return stop(call, "the body of the answer is longer than is allowed");
    tn_buf_append(&call->body, data, size * count);
    if (call->body.failed)
        return stop(call, "no memory for the body of the answer");
    if (is_bomb(call))
        return stop(call, "the body of the answer was compressed too much to be believed");
    return size * count;
}

static void set_tls(struct tn_http_call *call)
{
    const struct tn_http_client_options *o = &call->client->options;

    curl_easy_setopt(call->easy, CURLOPT_SSL_VERIFYPEER, o->verify ? 1L : 0L);
    curl_easy_setopt(call->easy, CURLOPT_SSL_VERIFYHOST, o->verify ? 2L : 0L);
    curl_easy_setopt(call->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (o->ca_file != NULL)
        curl_easy_setopt(call->easy, CURLOPT_CAINFO, o->ca_file);
    if (o->cert_file != NULL)
        curl_easy_setopt(call->easy, CURLOPT_SSLCERT, o->cert_file);
    if (o->key_file != NULL)
        curl_easy_setopt(call->easy, CURLOPT_SSLKEY, o->key_file);
}

/* What is the same for every request of CALL; set once. */
static void set_common(struct tn_http_call *call)
{
    CURL *easy = call->easy;

    curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->text);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* else ending it would wait for a name that is being resolved */
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(call->client->options.connect_timeout_us / 1000));
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    set_tls(call);
}

struct tn_http_call *tn_http_call_new(struct tn_http_client *client, const struct tn_http_client_events *events, void *owner)
{
    struct tn_http_call *call = tn_calloc(1, sizeof *call);

    if (call == NULL)
        return NULL;
    call->easy = curl_easy_init();
    if (call->easy == NULL) {
        tn_free(call);
        return NULL;
    }
    call->client = client;
    call->events = events;
    call->owner = owner;
    tn_buf_init(&call->body, client->options.max_body);
    set_common(call);
    return call;
}

static void drop_headers(struct tn_http_call *call)
{
    curl_slist_free_all(call->headers);
    call->headers = NULL;
    call->refused = TN_OK;
}

void tn_http_call_abort(struct tn_http_call *call)
{
    if (call->active)
        curl_multi_remove_handle(call->client->multi, call->easy);
    call->active = false;
    drop_headers(call);
}

void tn_http_call_shrink(struct tn_http_call *call)
{
    if (!call->active && call->body.capacity > TN_HTTP_CLIENT_BODY_KEPT)
        tn_buf_reset(&call->body);
}

bool tn_http_call_active(const struct tn_http_call *call)
{
    return call->active;
}

void tn_http_call_free(struct tn_http_call *call)
{
    if (call == NULL)
        return;
    tn_http_call_abort(call);
    curl_easy_cleanup(call->easy);
    tn_buf_reset(&call->body);
    tn_free(call);
}

static bool is_one_line(struct tn_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < ' ' ? text.ptr[i] != '\t' : text.ptr[i] == 0x7f)
            return false;
    return true;
}

bool tn_http_call_header(struct tn_http_call *call, const char *name, struct tn_str value)
{
    struct tn_buf      line;
    struct curl_slist *headers = NULL;

    if (!is_one_line(value) || !is_one_line(tn_str(name))) {
        call->refused = TN_E_INVALID;
        return false;
    }
    tn_buf_init(&line, TN_HTTP_CLIENT_HEAD_MAX * (size_t)16);
    tn_buf_puts(&line, name);
    tn_buf_puts(&line, value.len == 0 ? ";" : ": "); /* curl's way to say: empty, but there */
    tn_buf_put_str(&line, value);
    tn_buf_put_u8(&line, '\0');
    if (!line.failed)
        headers = curl_slist_append(call->headers, line.data);
    tn_buf_reset(&line);
    if (headers != NULL)
        call->headers = headers;
    else if (call->refused == TN_OK)
        call->refused = TN_E_NOMEM;
    return headers != NULL;
}

/* Of a handle that may have sent another method before: GET and POST undo HEAD, and each other. */
static void set_method(struct tn_http_call *call, enum tn_http_client_method method, struct tn_str body)
{
    if (call->custom)
        curl_easy_setopt(call->easy, CURLOPT_CUSTOMREQUEST, NULL);
    call->custom = method == TN_HTTP_CLIENT_DELETE;
    if (method != TN_HTTP_CLIENT_POST)
        curl_easy_setopt(call->easy, CURLOPT_HTTPGET, 1L);
    switch (method) {
    case TN_HTTP_CLIENT_GET:
        break;
    case TN_HTTP_CLIENT_POST:
        curl_easy_setopt(call->easy, CURLOPT_POST, 1L);
        curl_easy_setopt(call->easy, CURLOPT_POSTFIELDS, body.len == 0 ? "" : body.ptr);
        curl_easy_setopt(call->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
        break;
    case TN_HTTP_CLIENT_DELETE:
        curl_easy_setopt(call->easy, CURLOPT_CUSTOMREQUEST, "DELETE");
        break;
    case TN_HTTP_CLIENT_HEAD:
        curl_easy_setopt(call->easy, CURLOPT_NOBODY, 1L);
        break;
    }
}

enum tn_status tn_http_call_start(struct tn_http_call *call, enum tn_http_client_method method, const char *url,
                                  struct tn_str body, uint64_t timeout_us, struct tn_error *err)
{
    enum tn_status refused;

    if (method == TN_HTTP_CLIENT_POST)
        tn_http_call_header(call, "Expect", TN_STR(" ")); /* no waiting for 100 Continue */
    if (call->client->options.uncoded)
        tn_http_call_header(call, "Accept-Encoding", TN_STR("identity"));
    refused = call->refused;
    if (refused != TN_OK) {
        drop_headers(call);
        return refused == TN_E_NOMEM ? tn_fail(err, refused, "53200", "no memory for a request")
                                     : tn_fail(err, refused, "22023", "a header of a request holds a control character");
    }
    tn_http_call_shrink(call);
    tn_buf_clear(&call->body);
    call->head_bytes = 0;
    call->limit = NULL;
    call->text[0] = '\0';
    curl_easy_setopt(call->easy, CURLOPT_URL, url);
    curl_easy_setopt(call->easy, CURLOPT_TIMEOUT_MS, (long)(timeout_us / 1000));
    curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->headers);
    set_method(call, method, body);
    if (curl_multi_add_handle(call->client->multi, call->easy) != CURLM_OK) {
        drop_headers(call);
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a request");
    }
    call->active = true;
    return TN_OK;
}

/* ---- its end ---- */

static void tell_error(const struct tn_http_call *call, CURLcode code, struct tn_http_client_answer *answer)
{
    struct tn_error *err = &answer->error;
    const char      *text = call->text[0] != '\0' ? call->text : curl_easy_strerror(code);

    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST: case CURLE_COULDNT_CONNECT: case CURLE_SSL_CONNECT_ERROR: case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE: case CURLE_SSL_CERTPROBLEM: case CURLE_URL_MALFORMAT:
        answer->unsent = true;
        tn_fail(err, TN_E_CONNECTION, "08001", "%s", text);
        break;
    case CURLE_OPERATION_TIMEDOUT:
        tn_fail(err, TN_E_CONNECTION, "08006", "%s", text);
        break;
    case CURLE_WEIRD_SERVER_REPLY: case CURLE_UNSUPPORTED_PROTOCOL: case CURLE_BAD_CONTENT_ENCODING:
        tn_fail(err, TN_E_CONNECTION, "08P01", "%s", text);
        break;
    case CURLE_OUT_OF_MEMORY:
        tn_fail(err, TN_E_NOMEM, "53200", "no memory for a request");
        break;
    default:
        tn_fail(err, TN_E_CONNECTION, "08006", "%s", text);
        break;
    }
    if (call->limit != NULL)
        tn_fail(err, TN_E_LIMIT, "54000", "%s", call->limit);
}

static void finish_call(struct tn_http_call *call, CURLcode code)
{
    struct tn_http_client_answer answer = {.body = &call->body, .error = TN_ERROR_INIT};

    call->active = false;
    if (code == CURLE_OK)
        curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &answer.status);
    else
        tell_error(call, code, &answer);
    curl_multi_remove_handle(call->client->multi, call->easy);
    drop_headers(call);
    call->events->done(call, &answer, call->owner);
    tn_error_reset(&answer.error);
}

/* The owner may end other calls of the client, or begin new ones: what is told is asked for anew each time. */
static void finish_calls(struct tn_http_client *client)
{
    CURLMsg             *message;
    struct tn_http_call *call;
    int                  left;

    while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
        CURLcode code = message->data.result;

        if (message->msg != CURLMSG_DONE || curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call) != CURLE_OK)
            continue;
        finish_call(call, code);
    }
}
