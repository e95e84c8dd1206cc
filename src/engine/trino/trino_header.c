/* What a statement's request says: whose it is, where, with which session. */
#include "engine/trino/trino_conn.h"

enum { SCHEMA_MAX = 512 };

struct tn_str tn_trino_said(const struct tn_trino_conn *c, const char *name)
{
    const struct tn_run *run = c->run;

    for (size_t i = 0; run != NULL && i < run->header_count; i++)
        if (strcmp(run->headers[i].name, name) == 0)
            return run->headers[i].value;
    return tn_str(NULL);
}

bool tn_trino_check_login(const struct tn_trino_conn *c, struct tn_error *err)
{
    const struct tn_trino_cluster *engine = c->base.cluster->engine;

    if (!engine->pass_through || tn_trino_said(c, "x-trino-user").ptr != NULL || tn_trino_said(c, "authorization").ptr != NULL /* a token names its user */)
        return true;
    if (tn_trino_relays(c))
        return true; /* it says itself how it wants to be asked */
    tn_fail(err, TN_E_DENIED, "28000", "cluster " TN_STR_FMT " wants its clients' own log-in (auth.type passThrough), which only Trino's protocol can pass on",
            TN_STR_ARG(c->base.cluster->conf->name));
    tn_error_hint(err, "Connect to frontends.trinoHttp, or give the cluster a log-in of its own.");
    tn_error_blame(err, TN_FAULT_UNSUPPORTED, false);
    return false;
}

/* Nothing of the client's where the cluster has a log-in, nothing of the cluster's where it passes on. */
static bool put_login(struct tn_trino_conn *c, struct tn_http_call *call)
{
    const struct tn_trino_cluster *engine = c->base.cluster->engine;
    struct tn_str                  authorization = tn_str(engine->authorization), user = tn_str(engine->user), original = tn_str(NULL);

    if (engine->pass_through) {
        authorization = tn_trino_said(c, "authorization");
        user = tn_trino_said(c, "x-trino-user");
        original = tn_trino_said(c, "x-trino-original-user");
    } else if (engine->user != NULL && c->session.user != NULL) {
        original = user;
        user = tn_str(c->session.user);
    }
    return (user.ptr == NULL || tn_http_call_header(call, "X-Trino-User", user)) &&
           (original.ptr == NULL || tn_http_call_header(call, "X-Trino-Original-User", original)) &&
           (authorization.ptr == NULL || tn_http_call_header(call, "Authorization", authorization));
}

bool tn_trino_put_common(struct tn_trino_conn *c, struct tn_http_call *call)
{
    return tn_http_call_header(call, "User-Agent", TN_STR("Turnout/" TN_VERSION)) && put_login(c, call);
}

static bool put_header(void *arg, const char *name, struct tn_str value)
{
    struct tn_trino_conn *c = arg;

    return tn_http_call_header(c->call, name, value);
}

static const struct tn_session_settings *settings_of(const struct tn_trino_conn *c)
{
    return c->sink == TN_TRINO_SINK_INIT ? NULL : c->run->settings;
}

static struct tn_str setting(const struct tn_trino_conn *c, const char *name)
{
    const struct tn_session_settings *settings = settings_of(c);

    for (size_t i = 0; settings != NULL && i < settings->count; i++)
        if (tn_str_ieq_c(settings->items[i].name, name))
            return settings->items[i].value;
    return tn_str(NULL);
}

/* A name of a zone or an offset; PostgreSQL's "<+02>-02" is +02:00. Another POSIX rule means nothing to Trino: UTC. */
static bool put_zone(struct tn_trino_conn *c)
{
    struct tn_str zone = setting(c, "timezone");
    char          offset[8];

    if (zone.len >= 5 && zone.ptr[0] == '<' && (zone.ptr[1] == '+' || zone.ptr[1] == '-') && zone.ptr[4] == '>') {
        snprintf(offset, sizeof offset, "%.3s:00", zone.ptr + 1);
        return put_header(c, "X-Trino-Time-Zone", tn_str(offset));
    }
    for (size_t i = 0; i < zone.len; i++)
        if (zone.ptr[i] == '<' || zone.ptr[i] == ',')
            zone = tn_str(NULL);
    if (zone.len == 0 && c->sink == TN_TRINO_SINK_RUN && tn_trino_relays(c))
        return true; /* its own, as for any client that says none */
    return put_header(c, "X-Trino-Time-Zone", zone.len > 0 ? zone : TN_STR("UTC"));
}

/* The first schema of a search_path that is a plain name stands for the schema. False: there is none, or its name is too long. */
static bool schema_of_path(const struct tn_trino_conn *c, char out[SCHEMA_MAX])
{
    struct tn_str path = setting(c, "search_path");
    const char   *comma = path.len == 0 ? NULL : memchr(path.ptr, ',', path.len);

    path = tn_str_trim(comma == NULL ? path : tn_str_n(path.ptr, (size_t)(comma - path.ptr)));
    if (path.len >= 2 && path.ptr[0] == '"' && path.ptr[path.len - 1] == '"')
        path = tn_str_n(path.ptr + 1, path.len - 2);
    if (path.len == 0 || path.len >= SCHEMA_MAX || path.ptr[0] == '$' || tn_str_ieq_c(path, "public"))
        return false;
    tn_str_copy(out, SCHEMA_MAX, path);
    return true;
}

static bool is_known(struct tn_str name)
{
    static const char *const names[] = {
#define PROPERTY(name) #name,
#include "engine/trino/trino_property.def"
#undef PROPERTY
    };

    for (size_t i = 0; i < TN_ARRAY_LEN(names); i++)
        if (tn_str_eq_c(name, names[i]))
            return true;
    return false;
}

/* Set for a Trino, or by somebody who does not know the engine and with a name that only Trino has. */
static bool is_property(const struct tn_session_setting *setting)
{
    if (setting->only == TN_CFG_ENGINE_TRINO)
        return !tn_str_starts(setting->name, TN_STR("x-trino-"));
    return setting->only == TN_CFG_ENGINE_UNSET && is_known(setting->name);
}

static bool is_overridden(const struct tn_session_settings *settings, const char *name)
{
    for (size_t i = 0; settings != NULL && i < settings->count; i++)
        if (is_property(&settings->items[i]) && tn_str_eq_c(settings->items[i].name, name))
            return true;
    return false;
}

/* What the client has set stands before what initSql did: Trino refuses a property that is named twice. */
static bool put_properties(struct tn_trino_conn *c)
{
    const struct tn_session_settings *settings = settings_of(c);
    struct tn_buf                    *list = &c->scratch;

    tn_buf_clear(list);
    for (size_t i = 0; i < c->session.kinds[TN_TRINO_ITEM_PROPERTY].count; i++) {
        const struct tn_trino_item *item = &c->session.kinds[TN_TRINO_ITEM_PROPERTY].items[i];

        if (!is_overridden(settings, item->name))
            tn_buf_printf(list, "%s%s=%s", list->len > 0 ? "," : "", item->name, item->value == NULL ? "" : item->value);
    }
    for (size_t i = 0; settings != NULL && i < settings->count; i++)
        if (is_property(&settings->items[i]))
            tn_trino_item_put(list, settings->items[i].name, settings->items[i].value);
    return !list->failed && (list->len == 0 || put_header(c, "X-Trino-Session", tn_buf_str(list)));
}

static bool put_lists(struct tn_trino_conn *c)
{
    struct tn_buf *list = &c->scratch;

    if (!put_properties(c))
        return false;
    tn_buf_clear(list);
    if (tn_trino_said(c, "x-trino-role").ptr == NULL)
        tn_trino_session_list(&c->session, TN_TRINO_ITEM_ROLE, list);
    if (list->failed || (list->len > 0 && !put_header(c, "X-Trino-Role", tn_buf_str(list))))
        return false;
    tn_buf_clear(list);
    tn_trino_session_list(&c->session, TN_TRINO_ITEM_PREPARED, list);
    if (c->sink == TN_TRINO_SINK_INPUT || c->sink == TN_TRINO_SINK_OUTPUT)
        tn_trino_describe_put(c, list);
    return !list->failed && (list->len == 0 || put_header(c, "X-Trino-Prepared-Statement", tn_buf_str(list)));
}

static bool own_place(const struct tn_trino_conn *c, const char *name, char **out)
{
    struct tn_str value = setting(c, name);

    if (value.len > 0)
        *out = (char *)(uintptr_t)value.ptr; /* read only */
    return value.len > 0;
}

/* Where a client of Trino's protocol says that it is, else where the connection is; a catalog of its own without the schema
 * of another. */
static bool put_place(struct tn_trino_conn *c)
{
    struct tn_trino_session place = c->session;
    char                    schema[SCHEMA_MAX];

    if (own_place(c, "x-trino-catalog", &place.catalog))
        place.schema = NULL;
    if (!own_place(c, "x-trino-schema", &place.schema) && place.catalog != NULL && schema_of_path(c, schema))
        place.schema = schema;
    own_place(c, "x-trino-path", &place.path);
    return tn_trino_session_put(&place, put_header, c);
}

/* What only tells people something is left out where a header cannot carry it. */
static bool put_note(struct tn_trino_conn *c, const char *name, struct tn_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < ' ' || text.ptr[i] > '~')
            return true;
    return text.len == 0 || put_header(c, name, text);
}

/* As the client said it: what no other engine would understand, and nobody here need. */
static bool put_said(struct tn_trino_conn *c)
{
    static const char *const names[][2] = {
        {"x-trino-role", "X-Trino-Role"}, {"x-trino-trace-token", "X-Trino-Trace-Token"}, {"x-trino-language", "X-Trino-Language"},
        {"x-trino-resource-estimate", "X-Trino-Resource-Estimate"}, {"x-trino-extra-credential", "X-Trino-Extra-Credential"},
        {"x-trino-query-data-encoding", "X-Trino-Query-Data-Encoding"}, {"x-trino-client-capabilities", "X-Trino-Client-Capabilities"},
        {"x-trino-prepared-statement", "X-Trino-Prepared-Statement"},
    };
    const struct tn_run *run = c->run;

    for (size_t i = 0; i < run->header_count; i++)
        for (size_t k = 0; k < TN_ARRAY_LEN(names); k++)
            if (strcmp(run->headers[i].name, names[k][0]) == 0 && !put_header(c, names[k][1], run->headers[i].value))
                return false;
    return true;
}

bool tn_trino_put_headers(struct tn_trino_conn *c)
{
    bool          own = c->sink == TN_TRINO_SINK_RUN && tn_trino_relays(c);
    struct tn_str info = own ? tn_trino_said(c, "x-trino-client-info") : setting(c, "application_name");
    struct tn_str source = own ? tn_trino_said(c, "x-trino-source") : tn_str(NULL);
    struct tn_str tags = c->sink == TN_TRINO_SINK_INIT ? TN_STR("") : c->run->tags;

    return tn_trino_put_common(c, c->call) && put_header(c, "Content-Type", TN_STR("text/plain; charset=utf-8")) &&
           put_note(c, "X-Trino-Source", source.len > 0 ? source : TN_STR("turnout")) && put_note(c, "X-Trino-Client-Tags", tags) &&
           (own ? put_said(c) : put_header(c, "X-Trino-Client-Capabilities", TN_STR("PATH,PARAMETRIC_DATETIME,SESSION_AUTHORIZATION"))) &&
           put_note(c, "X-Trino-Client-Info", info) && put_zone(c) && put_lists(c) && put_place(c);
}
