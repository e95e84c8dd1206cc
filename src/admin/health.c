/* health.c - is the process alive, can it serve queries? */
#include "admin/endpoint.h"

#include "base/clock.h"

void tn_admin_healthz(struct tn_admin *admin, struct tn_http_exchange *x, const struct tn_http_args *args)
{
    (void)admin;
    (void)args;
    tn_http_reply(x, 200, "application/json", TN_STR("{\"status\":\"ok\"}\n"));
}

/* Why not one query could be served now; NULL: it could. */
static const char *why_not_ready(struct tn_server *server)
{
    struct tn_snapshot *snapshot;
    const char         *why = "no cluster is usable";
    int                 state = atomic_load(&server->state);

    if (state == TN_SERVER_STARTING)
        return "starting";
    if (state == TN_SERVER_STOPPING)
        return "stopping";
    snapshot = tn_server_snapshot(server);
    for (size_t i = 0; i < snapshot->topology->cluster_count && why != NULL; i++)
        if (tn_cluster_look(snapshot->topology->clusters[i], tn_clock_us()) == TN_USABLE_OK)
            why = NULL;
    tn_snapshot_unref(snapshot);
    return why;
}

void tn_admin_readyz(struct tn_admin *admin, struct tn_http_exchange *x, const struct tn_http_args *args)
{
    const char    *why = why_not_ready(admin->server);
    struct tn_buf  body;
    struct tn_json json = {.buf = &body};

    (void)args;
    tn_buf_init(&body, 1024);
    tn_json_open(&json, NULL, '{');
    tn_json_text(&json, "status", why == NULL ? "ready" : "not ready");
    if (why != NULL)
        tn_json_text(&json, "reason", why);
    tn_json_close(&json, '}');
    tn_admin_reply_json(x, why == NULL ? 200 : 503, &body);
}
