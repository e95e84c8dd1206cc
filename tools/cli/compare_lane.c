/* compare_lane.c - connections to the running Turnout, one query at a time on each, all in one thread by poll(). Rows are
 * digested as they come: an answer of any size needs the memory of one row. */
#include "tools/cli/compare_connect.h"
#include "tools/cli/compare_digest.h"
#include "tools/cli/compare_progress.h"
#include "tools/cli/compare_run.h"

#include "base/alloc.h"
#include "base/clock.h"

#include <errno.h>
#include <libpq-fe.h>
#include <math.h>
#include <poll.h>
#include <signal.h>

enum { BOOL_OID = 16, TICK_MS = 200, COMMAND_MAX = 4096 };
static const uint64_t LATE_US = 10 * 1000 * 1000; /* the server ends a query at its time-out; after this much more, we do */

/* What is under way on a lane; each ends with the last result of its command. */
enum lane_step { LANE_FREE, LANE_PLACE, LANE_QUERY };

struct lane {
    PGconn          *conn;
    enum lane_step   step;
    size_t           item;
    uint64_t         begun_us, wall_us;
    bool             cancelled; /* by us, because the server did not */
    bool             failed;
    char             sqlstate[6];
    char             message[TN_COMPARE_ERROR_SHOWN];
    uint64_t         affected;  /* rows of what gives none back */
    struct tn_digest digest;
};

struct lanes {
    struct tn_compare_run *run;
    size_t                 count, next; /* next: item to look at */
    struct lane            list[TN_COMPARE_LANES];
    struct tn_progress     progress;
    struct tn_error       *err;
    enum tn_status         status;
};

static volatile sig_atomic_t stop; /* SIGINT or SIGTERM came */

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

/* ---- connections ---- */

static enum tn_status set(PGconn *conn, const char *name, const char *value, struct tn_error *err)
{
    char          *quoted = PQescapeLiteral(conn, value, strlen(value)), what[TN_COMPARE_NAME + 64];
    struct tn_buf  text;
    enum tn_status status;

    snprintf(what, sizeof what, "%s %s", name, value);
    tn_buf_init(&text, COMMAND_MAX);
    tn_buf_printf(&text, "SET %s = %s", name, quoted == NULL ? "''" : quoted);
    tn_buf_put_u8(&text, '\0');
    status = text.failed ? tn_fail(err, TN_E_INVALID, "22023", "%s is too long", name) : tn_compare_command(conn, text.data, what, &stop, err);
    PQfreemem(quoted);
    tn_buf_reset(&text);
    return status;
}

/* Asks how a read would be routed: nothing runs, but a cluster that is not there is found out before the first hour. */
static enum tn_status check_clusters(const struct tn_compare_run *run, PGconn *conn, struct tn_error *err)
{
    for (size_t e = 0; e < run->compare->engine_count; e++) {
        char what[TN_COMPARE_NAME + 32];

        snprintf(what, sizeof what, "cluster %s", run->compare->engines[e].name);
        TN_TRY(set(conn, "turnout.cluster", run->compare->engines[e].name, err));
        TN_TRY(tn_compare_command(conn, "EXPLAIN ROUTE SELECT 1", what, &stop, err));
    }
    return TN_OK;
}

static void ignore_notice(void *arg, const PGresult *result)
{
    (void)arg;
    (void)result;
}

static enum tn_status open_lane(struct lanes *l, struct lane *lane)
{
    const struct tn_run_options *o = l->run->options;
    char                         timeout[32];

    tn_digest_init(&lane->digest);
    TN_TRY(tn_compare_connect(&lane->conn, o->connect, &stop, l->err));
    PQsetNoticeReceiver(lane->conn, ignore_notice, NULL);
    snprintf(timeout, sizeof timeout, "%llu", (unsigned long long)o->timeout_ms);
    TN_TRY(set(lane->conn, "statement_timeout", timeout, l->err));
    if (o->group != NULL)
        TN_TRY(set(lane->conn, "turnout.group", o->group, l->err));
    return lane == l->list ? check_clusters(l->run, lane->conn, l->err) : TN_OK;
}

/* ---- one query ---- */

static enum tn_status begin(struct lanes *l, struct lane *lane, size_t item)
{
    const struct tn_run_item *at = &l->run->items[item];
    char                     *cluster = PQescapeLiteral(lane->conn, l->run->compare->engines[at->engine].name, strlen(l->run->compare->engines[at->engine].name));
    struct tn_buf             text;
    bool                      sent;

    lane->item = item;
    lane->step = LANE_PLACE;
    lane->cancelled = lane->failed = false;
    lane->affected = 0;
    lane->sqlstate[0] = lane->message[0] = '\0';
    tn_digest_clear(&lane->digest);
    tn_buf_init(&text, COMMAND_MAX);
    tn_buf_printf(&text, "SET turnout.cluster = %s; SET turnout.tags = 'compare:%s,item:%zu%s'", cluster == NULL ? "''" : cluster, l->run->id, item,
                  at->warmup ? ",warmup" : "");
    tn_buf_put_u8(&text, '\0');
    sent = !text.failed && PQsendQuery(lane->conn, text.data) == 1;
    PQfreemem(cluster);
    tn_buf_reset(&text);
    return sent ? TN_OK : tn_compare_connection_lost(lane->conn, "the connection to Turnout is lost", l->err);
}

static enum tn_status send_query(struct lanes *l, struct lane *lane)
{
    const char *text = l->run->compare->queries[l->run->items[lane->item].query].text;

    lane->step = LANE_QUERY;
    lane->begun_us = tn_clock_us();
    lane->wall_us = tn_clock_wall_us();
    if (PQsendQuery(lane->conn, text) != 1)
        return tn_compare_connection_lost(lane->conn, "the connection to Turnout is lost", l->err);
    PQsetSingleRowMode(lane->conn);
    return TN_OK;
}

static bool is_late(const struct lanes *l, const struct lane *lane, uint64_t more_us)
{
    return l->run->options->timeout_ms > 0 && tn_clock_us() - lane->begun_us >= l->run->options->timeout_ms * 1000 + more_us;
}

static uint8_t outcome_of(const struct lanes *l, const struct lane *lane)
{
    if (!lane->failed)
        return TN_COMPARE_OK;
    return strcmp(lane->sqlstate, "57014") == 0 && (lane->cancelled || is_late(l, lane, 0)) ? TN_COMPARE_TIMEOUT : TN_COMPARE_ERROR;
}

static enum tn_status query_ended(struct lanes *l, struct lane *lane)
{
    struct tn_compare_run *run = l->run;
    struct tn_run_item    *item = &run->items[lane->item];
    uint64_t               now = tn_clock_us();
    double                 rows = lane->digest.rows > 0 ? (double)lane->digest.rows : (double)lane->affected;

    lane->step = LANE_FREE;
    item->done = true;
    item->sample = (struct tn_compare_sample){
        .query = item->query, .engine = item->engine, .outcome = outcome_of(l, lane), .ms = (double)(now - lane->begun_us) / 1e3,
        .t_ms = ((double)lane->wall_us - (double)run->started_us) / 1e3,
        .usd = NAN, .bytes = NAN, .sent = NAN, .rows = lane->failed ? NAN : rows, .has_hash = !lane->failed,
        .hash = {lane->digest.sum[0], lane->digest.sum[1]}};
    if (item->sample.outcome == TN_COMPARE_ERROR && run->error[0] == '\0')
        snprintf(run->error, sizeof run->error, "%s: %s", run->compare->engines[item->engine].name, lane->message);
    run->done_count++;
    return tn_run_state_put(run, lane->item, l->err);
}

static void take_rows(struct lane *lane, const PGresult *result)
{
    int columns = PQnfields(result), rows = PQntuples(result);

    for (int r = 0; r < rows; r++) {
        for (int c = 0; c < columns; c++) {
            struct tn_str value = {PQgetisnull(result, r, c) ? NULL : PQgetvalue(result, r, c), (size_t)PQgetlength(result, r, c)};

            tn_digest_value(&lane->digest, value, PQftype(result, c) == BOOL_OID);
        }
        tn_digest_row(&lane->digest);
    }
}

static void take_result(struct lane *lane, PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    const char    *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE), *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    if (status == PGRES_SINGLE_TUPLE || status == PGRES_TUPLES_OK) {
        take_rows(lane, result);
    } else if (status == PGRES_COMMAND_OK) {
        uint64_t affected;

        if (tn_str_to_u64(tn_str(PQcmdTuples(result)), UINT64_MAX, &affected))
            lane->affected = affected;
    } else if (!lane->failed) {
        lane->failed = true;
        tn_str_copy(lane->sqlstate, sizeof lane->sqlstate, tn_str(sqlstate));
        tn_str_copy(lane->message, sizeof lane->message, tn_str(text != NULL ? text : PQresultErrorMessage(result)));
        for (char *c = lane->message; *c != '\0'; c++)
            if ((unsigned char)*c < 0x20 || *c == 0x7f) /* a terminal reads it */
                *c = ' ';
    }
}

/* Whatever has come. */
static enum tn_status read_lane(struct lanes *l, struct lane *lane)
{
    if (PQconsumeInput(lane->conn) != 1)
        return tn_compare_connection_lost(lane->conn, "the connection to Turnout is lost", l->err);
    while (lane->step != LANE_FREE && PQisBusy(lane->conn) == 0) {
        PGresult *result = PQgetResult(lane->conn);

        if (result != NULL) {
            take_result(lane, result);
            PQclear(result);
            continue;
        }
        if (PQstatus(lane->conn) != CONNECTION_OK)
            return tn_fail(l->err, TN_E_CONNECTION, "08006", "the connection to Turnout is lost: %s", lane->message);
        if (lane->step == LANE_QUERY)
            return query_ended(l, lane);
        if (lane->failed)
            return tn_fail(l->err, TN_E_INVALID, "22023", "%s", lane->message);
        TN_TRY(send_query(l, lane));
    }
    return TN_OK;
}

/* ---- all of them ---- */

static void cancel(struct lane *lane)
{
    PGcancel *handle = PQgetCancel(lane->conn);
    char      why[256];

    if (handle != NULL)
        (void)PQcancel(handle, why, sizeof why);
    PQfreeCancel(handle);
}

/* The next item goes on the first free lane. False: nothing runs any more. */
static bool give_work(struct lanes *l)
{
    bool busy = false;

    for (size_t i = 0; i < l->count && l->status == TN_OK; i++) {
        struct lane *lane = &l->list[i];

        while (l->next < l->run->item_count && l->run->items[l->next].done)
            l->next++;
        if (lane->step == LANE_FREE && l->next < l->run->item_count && stop == 0)
            l->status = begin(l, lane, l->next++);
        busy = busy || lane->step != LANE_FREE;
    }
    return busy && l->status == TN_OK && stop == 0;
}

static void wait_for_some(struct lanes *l)
{
    struct pollfd fds[TN_COMPARE_LANES];

    for (size_t i = 0; i < l->count; i++)
        fds[i] = (struct pollfd){.fd = l->list[i].step == LANE_FREE ? -1 : PQsocket(l->list[i].conn), .events = POLLIN};
    if (poll(fds, (nfds_t)l->count, TICK_MS) < 0)
        return; /* a signal */
    for (size_t i = 0; i < l->count && l->status == TN_OK; i++) {
        struct lane *lane = &l->list[i];

        if (fds[i].revents != 0)
            l->status = read_lane(l, lane);
        else if (lane->step == LANE_QUERY && !lane->cancelled && is_late(l, lane, LATE_US)) {
            lane->cancelled = true;
            cancel(lane);
        }
    }
}

static void work(struct lanes *l)
{
    tn_progress_begin(&l->progress, l->run->item_count, l->run->done_count);
    while (give_work(l)) {
        wait_for_some(l);
        tn_progress_show(&l->progress, l->run->done_count);
    }
    tn_progress_end(&l->progress, l->run->done_count);
}

static void close_lanes(struct lanes *l)
{
    for (size_t i = 0; i < l->count; i++) {
        if (l->list[i].step != LANE_FREE)
            cancel(&l->list[i]); /* what runs must not run on for nobody */
        PQfinish(l->list[i].conn);
        tn_digest_reset(&l->list[i].digest);
    }
}

enum tn_status tn_run_lanes(struct tn_compare_run *run, struct tn_error *err)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND}, old_int, old_term;
    struct lanes    *l;
    enum tn_status   status;

    if (run->done_count == run->item_count)
        return TN_OK;
    l = tn_calloc(1, sizeof *l);
    if (l == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for connections");
    l->run = run;
    l->err = err;
    stop = 0;
    sigaction(SIGINT, &action, &old_int);
    sigaction(SIGTERM, &action, &old_term);
    while (l->count < run->options->lanes && l->status == TN_OK)
        l->status = open_lane(l, &l->list[l->count++]);
    if (l->status == TN_OK)
        work(l);
    close_lanes(l);
    sigaction(SIGINT, &old_int, NULL);
    sigaction(SIGTERM, &old_term, NULL);
    run->interrupted = stop != 0 && run->done_count < run->item_count;
    status = l->status == TN_E_CANCELLED && run->done_count > 0 ? TN_OK : l->status; /* what was done before is reported */
    tn_free(l);
    return status;
}
