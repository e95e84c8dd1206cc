/* What a statement cost the server, where the cluster's queryStatistics asks for it: MySQL and MariaDB keep counters of each session,
 * which are read behind every statement on the same connection; StarRocks tells of statements that run, so another connection looks. */
#include "engine/mysql/mysql_cost.h"

#include "engine/mysql/mysql_conn.h"

static const double LOOK_S = 1.;

/* ---- counters of a session ---- */

static const char status_sql[] = "SHOW SESSION STATUS WHERE Variable_name IN ('Handler_read_first', 'Handler_read_key', 'Handler_read_last', "
                                 "'Handler_read_next', 'Handler_read_prev', 'Handler_read_rnd', 'Handler_read_rnd_next', 'Cpu_time')";

bool tn_mysql_cost_ask(struct tn_mysql_conn *c)
{
    const struct tn_run *run = c->run;

    if (!c->base.cluster->conf->query_statistics || !tn_mysql_engine(c)->flavour->counts || c->now.cost_done || c->now.discard ||
        run->kind != TN_RUN_EXECUTE || run->cancelled)
        return false;
    c->now.cost_done = true;
    c->counted = (struct tn_mysql_counters){.rows = 0};
    return tn_mysql_send_text(c, TN_MYSQL_COST, tn_str(status_sql));
}

/* Variable_name, Value. Cpu_time: of MariaDB with userstat, in seconds. */
void tn_mysql_cost_row(struct tn_mysql_conn *c, struct tn_str message)
{
    struct tn_my_cursor in = tn_my_cursor_of(message);
    struct tn_str       name = tn_my_get_lenenc_str(&in, &(bool){false}), value = tn_my_get_lenenc_str(&in, &(bool){false});
    uint64_t            rows = 0;
    double              seconds = 0;

    if (in.failed || name.ptr == NULL || value.ptr == NULL)
        return;
    if (tn_str_ieq_c(name, "cpu_time")) {
        if (tn_str_to_double(value, &seconds) && seconds > 0 && seconds < 1e9)
            c->counted.cpu_us = (uint64_t)(seconds * 1e6);
    } else if (tn_str_to_u64(value, UINT64_MAX / 16, &rows)) {
        c->counted.rows += rows;
    }
}

static uint64_t since(uint64_t now, uint64_t before)
{
    return now >= before ? now - before : now; /* they began anew */
}

void tn_mysql_cost_take(struct tn_mysql_conn *c)
{
    if (c->failure.status == TN_OK && !c->lost) {
        c->run->rows_read = since(c->counted.rows, c->counted_before.rows);
        c->run->cpu_us = since(c->counted.cpu_us, c->counted_before.cpu_us);
        c->counted_before = c->counted;
    }
}

/* ---- StarRocks: SHOW PROC '/current_queries' ---- */

static const struct {
    const char *name;
    enum tn_mysql_proc field;
} proc_names[] = {{"connectionid", TN_MYSQL_PROC_CONNECTION}, {"scanbytes", TN_MYSQL_PROC_BYTES}, {"scanrows", TN_MYSQL_PROC_ROWS},
                  {"memoryusage", TN_MYSQL_PROC_MEMORY},      {"cputime", TN_MYSQL_PROC_CPU}};

enum tn_mysql_proc tn_mysql_proc_field(struct tn_str name)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(proc_names); i++)
        if (tn_str_ieq_c(name, proc_names[i].name))
            return proc_names[i].field;
    return TN_MYSQL_PROC_OTHER;
}

uint64_t tn_mysql_proc_value(struct tn_str text)
{
    static const struct {
        const char *unit;
        double      factor;
    } units[] = {{"", 1},  {"rows", 1}, {"B", 1},      {"KB", 1024},    {"MB", 1048576}, {"GB", 1073741824}, {"TB", 1099511627776.},
                 {"s", 1e6}, {"ms", 1e3}, {"us", 1},   {"ns", 1e-3}};
    size_t        len = 0;
    struct tn_str unit;
    double        number;

    while (len < text.len && ((text.ptr[len] >= '0' && text.ptr[len] <= '9') || text.ptr[len] == '.'))
        len++;
    unit = tn_str_trim(tn_str_n(text.ptr + len, text.len - len));
    if (!tn_str_to_double(tn_str_n(text.ptr, len), &number))
        return 0;
    for (size_t i = 0; i < TN_ARRAY_LEN(units); i++)
        if (tn_str_ieq_c(unit, units[i].unit))
            return number * units[i].factor < 1e18 ? (uint64_t)(number * units[i].factor) : 0;
    return 0;
}

/* Names of columns, on the connection that looks. */
void tn_mysql_proc_column(struct tn_mysql_conn *spy, struct tn_str definition)
{
    struct tn_my_cursor in = tn_my_cursor_of(definition);
    struct tn_str       name = TN_STR("");

    if (spy->proc_count >= TN_MYSQL_PROC_COLUMNS)
        return;
    for (unsigned i = 0; i < 5; i++) /* catalog, schema, table, its own name, name */
        name = tn_my_get_lenenc_str(&in, &(bool){false});
    spy->proc_fields[spy->proc_count++] = in.failed ? TN_MYSQL_PROC_OTHER : tn_mysql_proc_field(name);
}

void tn_mysql_proc_row(struct tn_mysql_conn *spy, struct tn_str message)
{
    struct tn_my_cursor in = tn_my_cursor_of(message);
    uint64_t            values[TN_MYSQL_PROC_FIELDS] = {0};
    struct tn_run      *run = spy->spied->run;

    for (size_t i = 0; i < spy->proc_count; i++) {
        struct tn_str value = tn_my_get_lenenc_str(&in, &(bool){false});

        if (in.failed)
            return;
        values[spy->proc_fields[i]] = value.ptr == NULL ? 0 : tn_mysql_proc_value(value);
    }
    if (run == NULL || values[TN_MYSQL_PROC_CONNECTION] != spy->spied->id)
        return;
    run->rows_read = TN_MAX(run->rows_read, values[TN_MYSQL_PROC_ROWS]);
    run->bytes_read = TN_MAX(run->bytes_read, values[TN_MYSQL_PROC_BYTES]);
    run->cpu_us = TN_MAX(run->cpu_us, values[TN_MYSQL_PROC_CPU]);
    run->peak_memory = TN_MAX(run->peak_memory, values[TN_MYSQL_PROC_MEMORY]);
}

/* It has looked, or could not: no statement fails for that. */
static void on_looked(struct tn_conn *conn, const struct tn_error *err, void *owner)
{
    struct tn_mysql_conn *c = owner;

    (void)err;
    c->spy = NULL;
    tn_mysql_disconnect(conn);
}

static void on_time(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_mysql_conn *c = timer->data;

    (void)loop;
    (void)revents;
    if (c->run == NULL || c->phase != TN_MYSQL_EXECUTE || c->spy != NULL)
        return;
    c->spy = tn_mysql_connect_for(c->base.cluster, c->base.worker, TN_STR("SHOW PROC '/current_queries'"), on_looked, c);
    if (c->spy != NULL)
        tn_mysql_conn(c->spy)->spied = c;
}

void tn_mysql_proc_begin(struct tn_mysql_conn *c)
{
    if (!c->base.cluster->conf->query_statistics || tn_mysql_engine(c)->flavour->counts || ev_is_active(&c->look) || c->run->kind != TN_RUN_EXECUTE)
        return;
    ev_timer_init(&c->look, on_time, LOOK_S, LOOK_S);
    c->look.data = c;
    ev_timer_start(c->base.worker->loop, &c->look);
}

void tn_mysql_proc_end(struct tn_mysql_conn *c)
{
    ev_timer_stop(c->base.worker->loop, &c->look);
    if (c->spy != NULL)
        tn_mysql_disconnect(c->spy);
    c->spy = NULL;
}
