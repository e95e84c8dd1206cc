/* The PostgreSQL engine when things go wrong: refused logins, cancels, dying servers, slow clients, short reads. */
#include "postgres_fixture.h"

#include <CUnit/Basic.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>

static struct fixture  f;
static struct tn_conn *conn;

/* ---- connecting ---- */

/* Connects with the endpoint's tail and settings of f.conf; the error, or "" as its SQLSTATE. */
static struct tn_error connect_error(int port, const char *tail)
{
    struct connect_result r;
    struct tn_error       err = TN_ERROR_INIT;
    struct tn_conn       *c;

    memset(&r, 0, sizeof r);
    if (reopen(&f, port, tail, &err) != TN_OK)
        return err;
    c = try_connect(&f, &r);
    CU_ASSERT(r.answered);
    CU_ASSERT_EQUAL(c->state, r.ok ? TN_CONN_IDLE : TN_CONN_BROKEN);
    hang_up(&f, c);
    return r.error;
}

static void back_to_normal(void)
{
    struct tn_error err = TN_ERROR_INIT;

    f.conf.auth_password = tn_str(PG_PASSWORD);
    f.conf.auth_username = tn_str(PG_USER);
    f.conf.ssl_mode = TN_CFG_SSL_MODE_DISABLE;
    f.conf.init_sql = (struct tn_cfg_list){.count = 0};
    CU_ASSERT_EQUAL(reopen(&f, f.server.port, "postgres", &err), TN_OK);
    tn_error_reset(&err);
}

static void test_refused_logins(void)
{
    struct tn_error err;

    f.conf.auth_password = tn_str("Wr0ng-one");
    err = connect_error(f.server.port, "postgres");
    CU_ASSERT_STRING_EQUAL(err.sqlstate, "28P01");
    CU_ASSERT(err.fault == TN_FAULT_ENGINE && strstr(err.message, "pg-1") != NULL);
    CU_ASSERT_PTR_NULL(strstr(err.message, "Wr0ng"));
    f.conf.auth_password = tn_str(PG_PASSWORD);
    err = connect_error(f.server.port, "no_such_database");
    CU_ASSERT_STRING_EQUAL(err.sqlstate, "3D000");
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "no_such_database"));
    err = connect_error(pg_free_port(), "postgres");
    CU_ASSERT_STRING_EQUAL(err.sqlstate, "08001");
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "refused"));
    f.conf.auth_username = tn_str("nobody-here");
    err = connect_error(f.server.port, "postgres");
    CU_ASSERT_STRING_EQUAL(err.sqlstate, "28P01");
    back_to_normal();
}

static enum tn_status open_error(const char *endpoint, struct tn_error *err)
{
    if (f.cluster.engine != NULL)
        tn_engine_postgres.close(&f.cluster);
    f.conf.endpoint = tn_str(endpoint);
    return tn_engine_postgres.open(&f.cluster, err);
}

static void test_endpoints(void)
{
    struct connect_result r;
    struct tn_error       err = TN_ERROR_INIT;
    struct tn_conn       *c;

    CU_ASSERT_EQUAL(open_error("postgresql://u:hush-hush@127.0.0.1/db", &err), TN_E_INVALID);
    CU_ASSERT(strstr(err.message, "auth.password") != NULL && strstr(err.message, "hush") == NULL);
    CU_ASSERT_EQUAL(open_error("mysql://127.0.0.1/db", &err), TN_E_INVALID);
    CU_ASSERT_EQUAL(open_error("postgresql://127.0.0.1/db?nonsense=1", &err), TN_E_INVALID);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "pg-1"));
    CU_ASSERT_EQUAL(open_error("", &err), TN_E_INVALID);
    CU_ASSERT_EQUAL(open_error("postgresql://no-such-host.invalid:1/db", &err), TN_OK); /* found out when connecting */
    c = try_connect(&f, &r);
    CU_ASSERT(r.answered && !r.ok);
    CU_ASSERT_STRING_EQUAL(r.error.sqlstate, "08001");
    hang_up(&f, c);
    snprintf(f.endpoint, sizeof f.endpoint, "postgresql://localhost:%d/postgres", f.server.port);
    CU_ASSERT_EQUAL(open_error(f.endpoint, &err), TN_OK);
    c = connect_now(&f);
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    hang_up(&f, c);
    tn_error_reset(&err);
    back_to_normal();
}

static void test_tls(void)
{
    struct tn_conn *c;
    struct outcome  o;
    struct tn_error err = TN_ERROR_INIT;

    f.conf.ssl_mode = TN_CFG_SSL_MODE_REQUIRE;
    CU_ASSERT_EQUAL(reopen(&f, f.server.port, "postgres", &err), TN_OK);
    c = connect_now(&f);
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    CU_ASSERT_STRING_EQUAL(scalar(&f, c, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"), "t");
    /* records of 16 kB, of which libpq takes a part at a time */
    CU_ASSERT(execute(&f, c, &o, "SELECT g, repeat('x', 700) FROM generate_series(1, 20000) g"));
    CU_ASSERT_EQUAL(o.run.rows, 20000);
    CU_ASSERT(value_is(&o, 19999, 0, "20000"));
    outcome_reset(&o);
    for (int size = 8000; size < 17000; size += 97) {
        char sql[64];

        snprintf(sql, sizeof sql, "SELECT repeat('x', %d)", size);
        CU_ASSERT(execute(&f, c, &o, sql) && value_at(&o, 0, 0).len == (size_t)size);
        outcome_reset(&o);
    }
    hang_up(&f, c);
    f.conf.ssl_mode = TN_CFG_SSL_MODE_VERIFY_FULL; /* nobody vouches for the server's certificate */
    err = connect_error(f.server.port, "postgres");
    CU_ASSERT_STRING_EQUAL(err.sqlstate, "08001");
    back_to_normal();
}

static void test_init_sql(void)
{
    struct tn_str         good[] = {TN_STR("SET work_mem = '7MB'"), TN_STR("CREATE TEMP TABLE made (a int)")};
    struct tn_str         bad[] = {TN_STR("SELECT nonsense")};
    const struct tn_session_setting  item[] = {{TN_STR("work_mem"), TN_STR("9MB"), TN_CFG_ENGINE_UNSET}};
    const struct tn_session_settings settings = {.hash = 5, .count = 1, .items = item};
    struct tn_error       err = TN_ERROR_INIT;
    struct tn_conn       *c;
    struct outcome        o;

    f.conf.init_sql = (struct tn_cfg_list){.count = 2, .items = good};
    CU_ASSERT_EQUAL(reopen(&f, f.server.port, "postgres", &err), TN_OK);
    c = connect_now(&f);
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    CU_ASSERT_STRING_EQUAL(scalar(&f, c, "SELECT current_setting('work_mem') || (SELECT count(*) FROM made)"), "7MB0");
    outcome_init(&o, "SHOW work_mem");
    o.run.settings = &settings;
    CU_ASSERT(finish_run(&f, c, &o) && value_is(&o, 0, 0, "9MB"));
    outcome_reset(&o);
    CU_ASSERT_STRING_EQUAL(scalar(&f, c, "SHOW work_mem"), "7MB"); /* back to what initSql made of it */
    CU_ASSERT_FALSE(tn_engine_postgres.reset(c));
    hang_up(&f, c);
    f.conf.init_sql = (struct tn_cfg_list){.count = 1, .items = bad};
    err = connect_error(f.server.port, "postgres");
    CU_ASSERT_STRING_EQUAL(err.sqlstate, "42703");
    CU_ASSERT(err.fault == TN_FAULT_ENGINE && strstr(err.hint, "initSql") != NULL);
    back_to_normal();
}

static void test_hang_up_while_connecting(void)
{
    struct connect_result r = {.answered = false};

    for (int i = 0; i < 12; i++) {
        struct tn_conn *c = tn_engine_postgres.connect(&f.cluster, f.worker, on_connected, &r);

        CU_ASSERT_PTR_NOT_NULL_FATAL(c);
        pause_for(&f, 0.0005 * i);
        if (!r.answered)
            tn_engine_postgres.disconnect(c);
        else
            hang_up(&f, c);
        r.answered = false;
    }
    pause_for(&f, 0.1);
    CU_ASSERT_FALSE(r.answered);
}

/* ---- back-pressure ---- */

/* The address sanitizer keeps freed memory: not as much as it would, so that memory can be judged here. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "quarantine_size_mb=4";
}

static long resident_kb(void)
{
    long  pages = 0, kept = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    if (file == NULL || fscanf(file, "%ld %ld", &pages, &kept) != 2)
        kept = 0;
    if (file != NULL)
        fclose(file);
    return kept * (sysconf(_SC_PAGESIZE) / 1024);
}

static void fill_window(struct outcome *o)
{
    for (int i = 0; i < 1200 && o->run.uncredited < TN_RUN_WINDOW; i++)
        pause_for(&f, 0.05);
    pause_for(&f, 0.05);
    CU_ASSERT_EQUAL(o->run.uncredited, TN_RUN_WINDOW);
    CU_ASSERT_FALSE(o->done);
}

static void test_back_pressure(void)
{
    struct outcome o;
    long           before = resident_kb();
    unsigned       rounds = 0;

    outcome_init(&o, "SELECT generate_series(1, 1000000), 'some text that makes it longer, and then some more'");
    o.hold = o.count_only = true;
    tn_run_start(&o.run, conn);
    fill_window(&o);
    pause_for(&f, 0.3);
    CU_ASSERT_EQUAL(o.chunks, TN_RUN_WINDOW);
    while (!o.done && rounds++ < 100000) { /* credits come one by one, now and then */
        if (o.held > 0) {
            o.held--;
            tn_run_credit(&o.run);
        }
        CU_ASSERT(o.run.uncredited <= TN_RUN_WINDOW);
        turn(&f);
    }
    CU_ASSERT(o.done && o.run.error.status == TN_OK);
    CU_ASSERT_EQUAL(o.run.rows, 1000000);
    CU_ASSERT_EQUAL(o.most_uncredited, TN_RUN_WINDOW);
    CU_ASSERT(resident_kb() - before < 40 * 1024); /* the result has 70 MB */
    outcome_reset(&o);
}

static void test_big_values(void)
{
    struct outcome o;
    size_t         len = 20 * 1024 * 1024;
    char          *sql = malloc(len + 64);

    CU_ASSERT(execute(&f, conn, &o, "SELECT repeat('y', 30000000), 5"));
    CU_ASSERT(value_at(&o, 0, 0).len == 30000000 && value_is(&o, 0, 1, "5"));
    CU_ASSERT(conn->dirty); /* libpq's buffer stays as large as that: not for the next user */
    CU_ASSERT_FALSE(tn_engine_postgres.reset(conn));
    outcome_reset(&o);
    CU_ASSERT_PTR_NOT_NULL_FATAL(sql);
    memset(sql, 'z', len + 32);
    memcpy(sql, "SELECT length('", 15);
    memcpy(sql + 15 + len, "')", 3);
    outcome_init(&o, "");
    o.run.sql = tn_str(sql); /* more than the socket takes at once */
    CU_ASSERT(finish_run(&f, conn, &o) && value_is(&o, 0, 0, "20971520"));
    outcome_reset(&o);
    free(sql);
    hang_up(&f, conn);
    conn = connect_now(&f);
    CU_ASSERT_PTR_NOT_NULL_FATAL(conn);
}

/* ---- cancel ---- */

static void cancelled(struct outcome *o)
{
    CU_ASSERT(wait_for(&f, &o->done, 120));
    CU_ASSERT_STRING_EQUAL(o->run.error.sqlstate, "57014");
    CU_ASSERT_EQUAL(o->run.error.fault, TN_FAULT_CANCEL);
    CU_ASSERT_EQUAL(conn->state, TN_CONN_IDLE);
    outcome_reset(o);
}

static void test_cancel(void)
{
    struct outcome o;

    outcome_init(&o, "SELECT pg_sleep(300)");
    tn_run_start(&o.run, conn);
    pause_for(&f, 0.1);
    tn_run_cancel(&o.run);
    cancelled(&o);
    outcome_init(&o, "SELECT pg_sleep(300)"); /* at once */
    tn_run_start(&o.run, conn);
    tn_run_cancel(&o.run);
    cancelled(&o);
    outcome_init(&o, "SELECT generate_series(1, 100000000)"); /* while its window is full */
    o.hold = o.count_only = true;
    tn_run_start(&o.run, conn);
    fill_window(&o);
    tn_run_cancel(&o.run);
    cancelled(&o);
    CU_ASSERT(run_sql(&f, conn, "CREATE TEMP TABLE tmp (a int)"));
    CU_ASSERT(tn_engine_postgres.reset(conn));
    outcome_init(&o, "SELECT 1"); /* while it waits behind a reset */
    tn_run_start(&o.run, conn);
    tn_run_cancel(&o.run);
    cancelled(&o);
    CU_ASSERT_STRING_EQUAL(scalar(&f, conn, "SELECT 5"), "5");
}

/* A lock that the planner needs: the Parse of a prepared statement hangs, and is cancelled. */
static void test_cancel_of_prepare(void)
{
    struct tn_conn *locker = connect_now(&f);
    struct outcome  o;

    CU_ASSERT_PTR_NOT_NULL_FATAL(locker);
    CU_ASSERT(run_sql(&f, conn, "CREATE TABLE locked (a int)"));
    CU_ASSERT(run_sql(&f, locker, "BEGIN"));
    CU_ASSERT(run_sql(&f, locker, "LOCK TABLE locked"));
    outcome_init(&o, "SELECT * FROM locked");
    o.run.extended = o.run.prepare = true;
    tn_run_start(&o.run, conn);
    pause_for(&f, 0.1);
    CU_ASSERT_FALSE(o.done);
    tn_run_cancel(&o.run);
    cancelled(&o);
    CU_ASSERT(run_sql(&f, locker, "ROLLBACK"));
    outcome_init(&o, "SELECT * FROM locked");
    o.run.extended = o.run.prepare = true;
    CU_ASSERT(finish_run(&f, conn, &o) && o.run.error.status == TN_OK);
    outcome_reset(&o);
    CU_ASSERT(run_sql(&f, conn, "DROP TABLE locked"));
    hang_up(&f, locker);
}

/* Neither the statement nor the cancel request is answered: the run ends all the same, its connection with it. */
static void test_cancel_of_a_frozen_server(void)
{
    struct tn_conn *c = connect_now(&f);
    struct outcome  o;
    pid_t           backend;

    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    backend = (pid_t)strtol(scalar(&f, c, "SELECT pg_backend_pid()"), NULL, 10);
    CU_ASSERT_FATAL(backend > 1);
    outcome_init(&o, "SELECT pg_sleep(300)");
    tn_run_start(&o.run, c);
    pause_for(&f, 0.1);
    kill(backend, SIGSTOP);
    kill(f.server.pid, SIGSTOP);
    tn_run_cancel(&o.run);
    pause_for(&f, 1);
    CU_ASSERT_FALSE(o.done);
    CU_ASSERT(wait_for(&f, &o.done, 120));
    kill(f.server.pid, SIGCONT);
    kill(backend, SIGCONT);
    CU_ASSERT_STRING_EQUAL(o.run.error.sqlstate, "57014");
    CU_ASSERT_EQUAL(c->state, TN_CONN_BROKEN);
    outcome_reset(&o);
    hang_up(&f, c);
    pause_for(&f, 0.2);
    CU_ASSERT_STRING_EQUAL(scalar(&f, conn, "SELECT 5"), "5");
}

static uint64_t random_below(uint64_t n)
{
    static uint64_t x = 88172645463325252u;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return x % n;
}

/* A statement that takes about as long as the cancel needs to arrive; true when it was cancelled. */
static bool race_once(bool prepare)
{
    struct outcome o;
    char           sql[120];
    bool           lost;

    snprintf(sql, sizeof sql, "SELECT count(*) FROM generate_series(1, %llu)%s", (unsigned long long)random_below(20000),
             random_below(2) == 0 ? " HAVING count(*) < 0" : ""); /* no rows: all that can be lost is the columns */
    outcome_init(&o, sql);
    o.run.extended = o.run.prepare = prepare;
    tn_run_start(&o.run, conn);
    if (random_below(4) > 0)
        pause_for(&f, (double)random_below(3000) * 1e-6);
    tn_run_cancel(&o.run);
    CU_ASSERT_FATAL(wait_for(&f, &o.done, 120));
    CU_ASSERT_EQUAL(conn->state, TN_CONN_IDLE);
    lost = o.run.error.status != TN_OK;
    if (lost)
        CU_ASSERT_STRING_EQUAL(o.run.error.sqlstate, "57014");
    CU_ASSERT(lost || o.described);
    outcome_reset(&o);
    return lost;
}

static void test_cancel_never_hits_the_next(void)
{
    unsigned hits = 0;

    for (int i = 0; i < 1000; i++) {
        hits += race_once(i % 3 == 0);
        for (int next = 0; next < 3; next++)
            CU_ASSERT_STRING_EQUAL_FATAL(scalar(&f, conn, "SELECT 6 FROM generate_series(1, 300) g WHERE g = 7"), "6");
    }
    CU_ASSERT(hits > 50); /* else this test shows nothing */
    fprintf(stderr, "%u of 1000 cancelled ", hits);
}

/* Inside a transaction the client and the server agree on whether it has failed. */
static void test_cancel_in_transaction(void)
{
    struct outcome o;
    unsigned       hits = 0;

    for (int i = 0; i < 200; i++) {
        bool lost;

        CU_ASSERT(run_sql(&f, conn, "BEGIN"));
        lost = race_once(false);
        hits += lost;
        (void)execute(&f, conn, &o, "SELECT 1");
        CU_ASSERT_STRING_EQUAL(o.run.error.sqlstate, lost ? "25P02" : "");
        outcome_reset(&o);
        CU_ASSERT(run_sql(&f, conn, "ROLLBACK"));
    }
    CU_ASSERT(hits > 10 && hits < 200);
}

/* ---- servers that die ---- */

static void test_killed_in_mid_result(void)
{
    struct tn_conn *victim = connect_now(&f);
    struct outcome  o;
    char            sql[80];

    CU_ASSERT_PTR_NOT_NULL_FATAL(victim);
    snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%s)", scalar(&f, victim, "SELECT pg_backend_pid()"));
    outcome_init(&o, "SELECT generate_series(1, 100000000)");
    o.hold = o.count_only = true;
    tn_run_start(&o.run, victim);
    fill_window(&o);
    CU_ASSERT(run_sql(&f, conn, sql));
    o.hold = false;
    for (; o.held > 0; o.held--)
        tn_run_credit(&o.run);
    CU_ASSERT(wait_for(&f, &o.done, 120));
    CU_ASSERT(strcmp(o.run.error.sqlstate, "57P01") == 0 || strcmp(o.run.error.sqlstate, "08006") == 0);
    CU_ASSERT_EQUAL(o.run.error.fault, TN_FAULT_ENGINE);
    CU_ASSERT_EQUAL(victim->state, TN_CONN_BROKEN);
    CU_ASSERT(o.run.rows > 0 && o.run.delivered);
    outcome_reset(&o);
    hang_up(&f, victim);
}

static void test_killed_while_waiting(void)
{
    struct tn_conn *victim = connect_now(&f);
    struct outcome  o;
    char            sql[80];

    CU_ASSERT_PTR_NOT_NULL_FATAL(victim);
    snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%s)", scalar(&f, victim, "SELECT pg_backend_pid()"));
    outcome_init(&o, "SELECT pg_sleep(300)");
    tn_run_start(&o.run, victim);
    pause_for(&f, 0.1);
    CU_ASSERT(run_sql(&f, conn, sql));
    CU_ASSERT(wait_for(&f, &o.done, 120));
    CU_ASSERT_STRING_EQUAL(o.run.error.sqlstate, "57P01");
    CU_ASSERT_STRING_EQUAL(field_of(o.run.error.fields, o.run.error.fields_len, 'S'), "FATAL");
    CU_ASSERT_EQUAL(victim->state, TN_CONN_BROKEN);
    outcome_reset(&o);
    hang_up(&f, victim);
    victim = connect_now(&f); /* and an idle one is not offered any more */
    CU_ASSERT_PTR_NOT_NULL_FATAL(victim);
    snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%s)", scalar(&f, victim, "SELECT pg_backend_pid()"));
    CU_ASSERT(run_sql(&f, conn, sql));
    for (int i = 0; i < 600 && victim->state != TN_CONN_BROKEN; i++)
        pause_for(&f, 0.1);
    CU_ASSERT_EQUAL(victim->state, TN_CONN_BROKEN);
    CU_ASSERT_FALSE(execute(&f, victim, &o, "SELECT 1")); /* a session that had kept it */
    CU_ASSERT_STRING_EQUAL(o.run.error.sqlstate, "08006");
    CU_ASSERT_EQUAL(victim->state, TN_CONN_BROKEN);
    outcome_reset(&o);
    hang_up(&f, victim);
}

static void test_server_restart(void)
{
    struct tn_error err;
    struct tn_conn *victim = connect_now(&f);
    struct outcome  o;

    CU_ASSERT_PTR_NOT_NULL_FATAL(victim);
    outcome_init(&o, "SELECT pg_sleep(300)");
    tn_run_start(&o.run, victim);
    pause_for(&f, 0.1);
    pg_server_down(&f.server, SIGQUIT);
    CU_ASSERT(wait_for(&f, &o.done, 120));
    CU_ASSERT_EQUAL(o.run.error.fault, TN_FAULT_ENGINE);
    CU_ASSERT_EQUAL(victim->state, TN_CONN_BROKEN);
    CU_ASSERT_EQUAL(conn->state, TN_CONN_BROKEN);
    outcome_reset(&o);
    hang_up(&f, victim);
    hang_up(&f, conn);
    err = connect_error(f.server.port, "postgres");
    CU_ASSERT_STRING_EQUAL(err.sqlstate, "08001");
    CU_ASSERT(pg_server_up(&f.server));
    conn = connect_now(&f);
    CU_ASSERT_PTR_NOT_NULL_FATAL(conn);
    CU_ASSERT_STRING_EQUAL(scalar(&f, conn, "SELECT 8"), "8");
}

/* ---- a line that gives one byte at a time ---- */

struct relay {
    int          listener, to_port;
    size_t       piece;
    _Atomic bool stop, cut; /* cut: reset both sides at the next byte of the server */
    pthread_t    thread;
};

static bool pass_on(int from, int to, size_t piece)
{
    char    bytes[4096];
    ssize_t n = recv(from, bytes, sizeof bytes, 0);

    for (ssize_t at = 0; at < n; at += (ssize_t)piece)
        if (send(to, bytes + at, TN_MIN(piece, (size_t)(n - at)), MSG_NOSIGNAL) < 0)
            return false;
    return n > 0;
}

static int dial(int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
    int                fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) != 0)
        perror("relay");
    return fd;
}

static void *relay_main(void *arg)
{
    struct relay *r = arg;
    int           one = 1;

    while (!r->stop) {
        struct pollfd wait = {r->listener, POLLIN, 0};
        struct pollfd ends[2];

        if (poll(&wait, 1, 20) <= 0)
            continue;
        ends[0] = (struct pollfd){accept(r->listener, NULL, NULL), POLLIN, 0};
        ends[1] = (struct pollfd){dial(r->to_port), POLLIN, 0};
        setsockopt(ends[0].fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        while (!r->stop) {
            if (poll(ends, 2, 20) <= 0)
                continue;
            if (ends[1].revents != 0 && r->cut)
                break;
            if ((ends[0].revents != 0 && !pass_on(ends[0].fd, ends[1].fd, 1000)) ||
                (ends[1].revents != 0 && !pass_on(ends[1].fd, ends[0].fd, r->piece)))
                break;
        }
        close(ends[0].fd);
        close(ends[1].fd);
    }
    return NULL;
}

static int relay_start(struct relay *r, size_t piece)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t          len = sizeof at;

    *r = (struct relay){.listener = socket(AF_INET, SOCK_STREAM, 0), .to_port = f.server.port, .piece = piece};
    if (bind(r->listener, (struct sockaddr *)&at, len) != 0 || listen(r->listener, 8) != 0 ||
        getsockname(r->listener, (struct sockaddr *)&at, &len) != 0 || pthread_create(&r->thread, NULL, relay_main, r) != 0)
        return 0;
    return ntohs(at.sin_port);
}

static void relay_stop(struct relay *r)
{
    r->stop = true;
    pthread_join(r->thread, NULL);
    close(r->listener);
}

static void test_short_reads(void)
{
    static const int16_t two[] = {1, 0};
    struct relay         relay;
    struct outcome       o;
    struct tn_conn      *c;
    struct tn_error      err = TN_ERROR_INIT;

    CU_ASSERT_EQUAL(reopen(&f, relay_start(&relay, 1), "postgres", &err), TN_OK);
    c = connect_now(&f);
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    CU_ASSERT(execute(&f, c, &o, "SELECT g, 'text ' || g, NULL FROM generate_series(1, 200) g"));
    CU_ASSERT(o.run.rows == 200 && value_is(&o, 199, 1, "text 200"));
    outcome_reset(&o);
    outcome_init(&o, "SELECT 1::int4, 'a'::text");
    o.run.extended = o.run.prepare = true;
    o.encoder.pg_formats = two;
    o.encoder.pg_format_count = 2;
    CU_ASSERT(finish_run(&f, c, &o) && value_at(&o, 0, 0).len == 4);
    outcome_reset(&o);
    (void)execute(&f, c, &o, "SELECT nonsense");
    CU_ASSERT_STRING_EQUAL(o.run.error.sqlstate, "42703");
    outcome_reset(&o);
    CU_ASSERT(run_sql(&f, c, "CREATE TEMP TABLE tmp (a int)"));
    CU_ASSERT(tn_engine_postgres.reset(c));
    CU_ASSERT_STRING_EQUAL(scalar(&f, c, "SELECT 9"), "9");
    relay.cut = true;
    (void)execute(&f, c, &o, "SELECT 10");
    CU_ASSERT_STRING_EQUAL(o.run.error.sqlstate, "08006");
    CU_ASSERT(o.run.error.fault == TN_FAULT_ENGINE && strstr(o.run.error.message, "pg-1") != NULL && o.run.error.detail[0] != '\0');
    CU_ASSERT_EQUAL(c->state, TN_CONN_BROKEN);
    outcome_reset(&o);
    hang_up(&f, c);
    relay_stop(&relay);
    back_to_normal();
}

/* ---- memory that runs out ---- */

static void test_no_memory(void)
{
    static const int16_t two[] = {1, 0};
    unsigned             failures = 0, successes = 0;

    for (size_t n = 0; n < 300 && successes < 6; n++) {
        struct tn_conn *c = connect_now(&f);
        struct outcome  o;

        CU_ASSERT_PTR_NOT_NULL_FATAL(c);
        outcome_init(&o, "SELECT g, 'text' || g FROM generate_series(1, 2000) g");
        o.run.extended = true;
        o.run.prepare = n % 2 == 0;
        o.count_only = true;
        if (n % 3 == 0) {
            o.encoder.pg_formats = two;
            o.encoder.pg_format_count = 2;
        }
        tn_alloc_fail_after(n / 3);
        (void)finish_run(&f, c, &o);
        tn_alloc_fail_never();
        CU_ASSERT_FATAL(wait_for(&f, &o.done, 120));
        CU_ASSERT(o.run.error.status != TN_OK || o.run.rows == 2000);
        failures += o.run.error.status != TN_OK;
        successes += o.run.error.status == TN_OK;
        CU_ASSERT(c->state == TN_CONN_IDLE || c->state == TN_CONN_BROKEN);
        if (c->state == TN_CONN_IDLE)
            CU_ASSERT_STRING_EQUAL(scalar(&f, c, "SELECT 10"), "10");
        outcome_reset(&o);
        hang_up(&f, c);
    }
    CU_ASSERT(failures > 10 && successes == 6);
}

int main(void)
{
    const char *why = NULL;
    CU_pSuite   suite;
    unsigned    failures;

    if (!fixture_start(&f, &why)) {
        bool absent = f.server.dir[0] == '\0';

        fprintf(stderr, "%s: %s\n", absent ? "skipped" : "failed", why);
        return absent ? 77 : 1;
    }
    conn = connect_now(&f);
    CU_initialize_registry();
    suite = CU_add_suite("postgres faults", NULL, NULL);
#define ADD(name) CU_add_test(suite, #name, test_##name)
    if (conn != NULL) {
        ADD(refused_logins);
        ADD(endpoints);
        ADD(tls);
        ADD(init_sql);
        ADD(hang_up_while_connecting);
        ADD(back_pressure);
        ADD(big_values);
        ADD(cancel);
        ADD(cancel_of_prepare);
        ADD(cancel_of_a_frozen_server);
        ADD(cancel_never_hits_the_next);
        ADD(cancel_in_transaction);
        ADD(killed_in_mid_result);
        ADD(killed_while_waiting);
        ADD(server_restart);
        ADD(short_reads);
        ADD(no_memory);
        CU_basic_set_mode(CU_BRM_NORMAL);
        CU_basic_run_tests();
        hang_up(&f, conn);
    }
    failures = conn == NULL ? 1 : CU_get_number_of_failures();
    CU_cleanup_registry();
    fixture_stop(&f);
    return failures > 0;
}
