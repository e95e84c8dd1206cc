#include "mysql/mysql.h"

#include "base/alloc.h"
#include "mysql/list.h"
#include "mysql/private.h"

static void free_homes(struct tn_mysql *mysql)
{
    for (size_t i = 0; i < mysql->server->worker_count; i++) {
        struct tn_worker  *worker = mysql->server->workers[i];
        struct tn_my_home *home = worker->module[TN_WORKER_MYSQL];

        if (home == NULL)
            continue;
        TN_LIST_FOR_EACH_SAFE(node, &home->sessions)
            tn_my_close(TN_CONTAINER_OF(node, struct tn_my_session, node), "shutdown");
        worker->module[TN_WORKER_MYSQL] = NULL;
        tn_free(home);
    }
}

static enum tn_status make_homes(struct tn_mysql *mysql, struct tn_error *err)
{
    for (size_t i = 0; i < mysql->server->worker_count; i++) {
        struct tn_my_home *home = tn_calloc(1, sizeof *home);

        if (home == NULL)
            return tn_fail(err, TN_E_NOMEM, "53200", "no memory for connections of MySQL clients");
        home->mysql = mysql;
        tn_list_init(&home->sessions);
        mysql->server->workers[i]->module[TN_WORKER_MYSQL] = home;
    }
    return TN_OK;
}

static enum tn_status open_all(struct tn_mysql *mysql, const struct tn_settings *settings, struct tn_error *err)
{
    if (!tn_places_init(&mysql->places))
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a listener");
    TN_TRY(tn_sha2_proof_new(&mysql->proof, err));
    TN_TRY(make_homes(mysql, err));
    TN_TRY(tn_listener_open(&mysql->listener, mysql->server->workers, mysql->server->worker_count, settings->mysql_host.ptr,
                            (uint16_t)settings->mysql_port, tn_my_accept, mysql, err));
    tn_log(TN_LOG_INFO, "listening", TN_LOG_TEXT("protocol", "mysqlWire"), TN_LOG_TEXT("host", settings->mysql_host.ptr),
           TN_LOG_U64("port", tn_listener_port(mysql->listener)));
    return TN_OK;
}

enum tn_status tn_mysql_open(struct tn_mysql **out, struct tn_server *server, struct tn_error *err)
{
    const struct tn_settings *settings = &server->started_with->settings;
    struct tn_mysql          *mysql;

    *out = NULL;
    if (!settings->mysql_enabled)
        return TN_OK;
    mysql = tn_calloc(1, sizeof *mysql);
    if (mysql == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a listener");
    mysql->server = server;
    server->list_mysql = tn_my_sessions_each;
    *out = mysql; /* whatever became of it, tn_mysql_close() ends it */
    return open_all(mysql, settings, err);
}

uint16_t tn_mysql_port(const struct tn_mysql *mysql)
{
    return tn_listener_port(mysql->listener);
}

static void stop_sessions(struct tn_runtime *runtime, void *arg)
{
    struct tn_my_home *home = runtime->worker->module[TN_WORKER_MYSQL];

    (void)arg;
    if (home == NULL)
        return;
    TN_LIST_FOR_EACH_SAFE(node, &home->sessions) {
        struct tn_my_session *s = TN_CONTAINER_OF(node, struct tn_my_session, node);

        s->client.stop_soon = true;
        if (!s->client.busy)
            tn_my_shut_down(s);
    }
}

void tn_mysql_stop(struct tn_mysql *mysql)
{
    if (mysql == NULL)
        return;
    if (mysql->listener != NULL)
        tn_listener_stop(mysql->listener);
    if (tn_server_each_worker(mysql->server, mysql->server->workers[0], stop_sessions, NULL, NULL) != TN_OK)
        tn_log(TN_LOG_ERROR, "no memory to end the sessions", TN_LOG_U64("sessions", tn_places_taken(&mysql->places)));
}

void tn_mysql_close(struct tn_mysql *mysql)
{
    if (mysql == NULL)
        return;
    tn_listener_close(mysql->listener);
    free_homes(mysql);
    tn_sha2_proof_unref(mysql->proof);
    tn_places_reset(&mysql->places);
    tn_free(mysql);
}
