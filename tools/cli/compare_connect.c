#include "tools/cli/compare_connect.h"

#include "base/clock.h"
#include "base/str.h"

#include <poll.h>

enum { LOOK_MS = 100 };

enum tn_status tn_compare_connection_lost(const PGconn *conn, const char *what, struct tn_error *err)
{
    struct tn_str text = tn_str_trim(tn_str(PQerrorMessage(conn)));

    return tn_fail(err, TN_E_CONNECTION, "08006", "%s: " TN_STR_FMT, what, TN_STR_ARG(text));
}

static enum tn_status interrupted(struct tn_error *err)
{
    return tn_fail(err, TN_E_CANCELLED, "57014", "interrupted while connecting to Turnout");
}

/* For EVENTS, but not for long: false when there was nothing yet. */
static bool wait_for(const PGconn *conn, short events)
{
    struct pollfd fd = {.fd = PQsocket(conn), .events = events};

    return poll(&fd, 1, LOOK_MS) > 0;
}

static enum tn_status cannot_connect(const PGconn *conn, const char *why, struct tn_error *err)
{
    if (why != NULL)
        tn_fail(err, TN_E_CONNECTION, "08006", "cannot connect to Turnout: %s", why);
    else
        tn_compare_connection_lost(conn, "cannot connect to Turnout", err);
    if (PQconnectionNeedsPassword(conn) != 0 || PQconnectionUsedPassword(conn) != 0)
        tn_error_hint(err, "Who asks: PGUSER and PGPASSWORD, a line of ~/.pgpass, or --connect postgresql://USER@HOST:PORT/DATABASE");
    else
        tn_error_hint(err, "Is Turnout running? --connect says where it listens, for example postgresql://127.0.0.1:7432/main");
    return TN_E_CONNECTION;
}

enum tn_status tn_compare_connect(PGconn **out, const char *conninfo, const volatile sig_atomic_t *stop, struct tn_error *err)
{
    const char *const         keys[] = {"dbname", "fallback_application_name", "client_encoding", NULL};
    const char *const         values[] = {conninfo, "turnout compare", "UTF8", NULL};
    uint64_t                  until_us = tn_clock_us() + TN_COMPARE_CONNECT_S * UINT64_C(1000000);
    PGconn                   *conn = PQconnectStartParams(keys, values, 1);
    PostgresPollingStatusType step = PGRES_POLLING_WRITING;

    *out = conn;
    if (conn == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a connection");
    while (step != PGRES_POLLING_OK) {
        if (*stop != 0)
            return interrupted(err);
        if (step == PGRES_POLLING_FAILED || PQstatus(conn) == CONNECTION_BAD)
            return cannot_connect(conn, NULL, err);
        if (tn_clock_us() >= until_us)
            return cannot_connect(conn, "no answer", err);
        if (wait_for(conn, step == PGRES_POLLING_READING ? POLLIN : POLLOUT))
            step = PQconnectPoll(conn);
    }
    return TN_OK;
}

static enum tn_status take_result(PGconn *conn, PGresult *result, const char *what, struct tn_error *err)
{
    bool        done = PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK;
    const char *why = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    if (done)
        return TN_OK;
    return why == NULL ? tn_compare_connection_lost(conn, what, err) : tn_fail(err, TN_E_INVALID, "22023", "%s: %s", what, why);
}

enum tn_status tn_compare_command(PGconn *conn, const char *text, const char *what, const volatile sig_atomic_t *stop, struct tn_error *err)
{
    enum tn_status status = TN_OK;
    PGresult      *result;

    if (PQsendQuery(conn, text) != 1)
        return tn_compare_connection_lost(conn, what, err);
    for (;;) {
        while (PQisBusy(conn) != 0) {
            if (*stop != 0)
                return interrupted(err);
            if (wait_for(conn, POLLIN) && PQconsumeInput(conn) != 1)
                return tn_compare_connection_lost(conn, what, err);
        }
        result = PQgetResult(conn);
        if (result == NULL)
            return status;
        if (status == TN_OK)
            status = take_result(conn, result, what, err);
        PQclear(result);
    }
}
