/* What one connection does to others: KILL, SHOW PROCESSLIST. Each worker is asked on its own thread. */
#include "mysql/private.h"

#include "auth/authenticate.h"
#include "base/alloc.h"
#include "loop/errand.h"

struct kill {
    struct tn_errand    errand;
    uint32_t            by, id;
    bool                query_only, found, allowed, admin;
    struct tn_identity *identity; /* who kills */
};

static struct tn_my_session *find_session(struct tn_my_home *home, uint32_t id)
{
    if (home == NULL) /* the program ends */
        return NULL;
    TN_LIST_FOR_EACH(node, &home->sessions) {
        struct tn_my_session *s = TN_CONTAINER_OF(node, struct tn_my_session, node);

        if (s->id == id)
            return s;
    }
    return NULL;
}

static void end(struct tn_my_session *s, bool query_only)
{
    struct tn_error err = TN_ERROR_INIT;

    if (query_only) {
        tn_my_run_cancel(s, TN_CANCEL_USER);
        return;
    }
    tn_fail(&err, TN_E_CANCELLED, "57P01", "Connection was killed");
    s->sequence = s->client.busy ? s->sequence : 0;
    tn_my_fatal(s, &err, "killed");
}

static void on_there(struct tn_errand *errand)
{
    struct kill          *kill = TN_CONTAINER_OF(errand, struct kill, errand);
    struct tn_my_home    *home = errand->there->module[TN_WORKER_MYSQL];
    struct tn_my_session *s = find_session(home, kill->id);

    kill->found = s != NULL && s->identity != NULL;
    kill->allowed = kill->found && (kill->admin || tn_str_eq(s->identity->user, kill->identity->user));
    if (kill->allowed && kill->id != kill->by) {
        tn_count(&s->runtime->counters, TN_COUNTER_cancels_received, 1);
        end(s, kill->query_only);
    }
    tn_errand_return(errand);
}

static void on_back(struct tn_errand *errand)
{
    struct kill          *kill = TN_CONTAINER_OF(errand, struct kill, errand);
    struct tn_my_session *s = find_session(errand->home->module[TN_WORKER_MYSQL], kill->by);

    if (s != NULL && kill->allowed && kill->id == kill->by && !kill->query_only) {
        end(s, false);
    } else if (s != NULL) {
        if (!kill->found)
            tn_my_fail(s, 1094, "HY000", "Unknown thread id: %u", kill->id);
        else if (!kill->allowed)
            tn_my_fail(s, 1095, "HY000", "You are not owner of thread %u", kill->id);
        else if (kill->id == kill->by)
            tn_my_fail(s, 1317, "70100", "Query execution was interrupted");
        else
            tn_my_ok(s, 0, 0);
        tn_my_statement_done(s, !kill->allowed || kill->id == kill->by);
    }
    tn_identity_unref(kill->identity);
    tn_free(kill);
}

void tn_my_kill(struct tn_my_session *s, uint64_t id, bool query_only)
{
    struct tn_server *server = s->runtime->server;
    struct kill      *kill = tn_calloc(1, sizeof *kill);

    if (kill == NULL || id == 0 || id > UINT32_MAX) {
        tn_free(kill);
        tn_my_fail(s, 1094, "HY000", "Unknown thread id: %llu", (unsigned long long)id);
        tn_my_statement_done(s, true);
        return;
    }
    *kill = (struct kill){.errand.go = on_there, .errand.back = on_back, .by = s->id, .id = (uint32_t)id, .query_only = query_only,
                          .admin = tn_auth_is_admin(server->auth, s->identity, tn_str(s->client.peer)), .identity = tn_identity_ref(s->identity)};
    tn_my_wait(s);
    tn_errand_send(&kill->errand, s->worker, server->workers[((uint32_t)id - 1) % server->worker_count]);
}

/* ---- SHOW PROCESSLIST ---- */

static const char *const process_names[] = {"Id", "User", "Host", "db", "Command", "Time", "State", "Info"};
static const uint8_t     process_types[] = {TN_MY_TYPE_LONGLONG, TN_MY_TYPE_VAR_STRING, TN_MY_TYPE_VAR_STRING, TN_MY_TYPE_VAR_STRING,
                                            TN_MY_TYPE_VAR_STRING, TN_MY_TYPE_LONGLONG, TN_MY_TYPE_VAR_STRING, TN_MY_TYPE_VAR_STRING};
enum { PROCESS_COLUMNS = TN_MY_PROCESS_COLUMNS, SHORT_INFO = 100 };

/* Goes from worker to worker and gathers. */
struct processes {
    struct tn_errand    errand;
    struct tn_server   *server;
    uint32_t            by;
    size_t              at; /* the worker that is asked */
    bool                full, admin;
    struct tn_identity *identity;
    struct tn_arena     arena;
    size_t              count, room;
    struct tn_str     (*rows)[PROCESS_COLUMNS];
    void              (*then)(struct tn_my_session *s, const struct tn_str (*rows)[PROCESS_COLUMNS], size_t count);
};

static struct tn_str keep(struct processes *p, struct tn_str text)
{
    struct tn_str out;

    return tn_arena_str(&p->arena, text, &out) ? out : tn_str_n(NULL, 0);
}

static struct tn_str keep_number(struct processes *p, uint64_t number)
{
    char text[24];

    return keep(p, tn_str_n(text, (size_t)snprintf(text, sizeof text, "%llu", (unsigned long long)number)));
}

static void add_process(struct processes *p, const struct tn_my_session *s)
{
    struct tn_str *row;
    struct tn_str  info = s->ask != NULL ? s->ask->query->text : tn_str_n(NULL, 0);
    bool           killed = s->ask != NULL && s->ask->query->cancel != TN_CANCEL_NONE; /* who was told so is not shown it any more, while its engine still heeds it */

    if (killed)
        info = tn_str_n(NULL, 0);
    else if (s->text_memory != NULL && tn_utf8_valid_prefix(s->statement.ptr, s->statement.len) == s->statement.len)
        info = s->statement; /* as the client wrote it */
    if (s->identity == NULL || (!p->admin && !tn_str_eq(s->identity->user, p->identity->user)))
        return;
    if (p->count == p->room) {
        size_t         room = p->room == 0 ? 64 : p->room * 2;
        struct tn_str(*more)[PROCESS_COLUMNS] = tn_arena_alloc(&p->arena, room * sizeof *more);

        if (more == NULL)
            return;
        if (p->count > 0)
            memcpy(more, p->rows, p->count * sizeof *more);
        p->rows = more;
        p->room = room;
    }
    row = p->rows[p->count++];
    row[0] = keep_number(p, s->id);
    row[1] = keep(p, s->identity->user);
    row[2] = keep(p, tn_str(s->client.peer));
    row[3] = s->database[0] != '\0' ? keep(p, tn_str(s->database)) : tn_str_n(NULL, 0);
    row[4] = killed ? TN_STR("Killed") : s->client.busy ? TN_STR("Query") : TN_STR("Sleep");
    row[5] = keep_number(p, s->ask != NULL && s->ask->query->started_us > 0 ? (tn_worker_now_us(s->worker) - TN_MIN(s->ask->query->started_us, tn_worker_now_us(s->worker))) / 1000000 : 0);
    row[6] = s->ask != NULL ? tn_str(tn_query_state(s->ask->query)) : TN_STR("");
    row[7] = info.ptr == NULL ? info : keep(p, tn_str_n(info.ptr, p->full ? info.len : tn_utf8_valid_prefix(info.ptr, TN_MIN(info.len, (size_t)SHORT_INFO))));
}

static void visit(struct tn_errand *errand)
{
    struct processes  *p = TN_CONTAINER_OF(errand, struct processes, errand);
    struct tn_my_home *home = errand->there->module[TN_WORKER_MYSQL];

    if (home != NULL)
        TN_LIST_FOR_EACH(node, &home->sessions)
            add_process(p, TN_CONTAINER_OF(node, struct tn_my_session, node));
    tn_errand_return(errand);
}

static void tell(struct tn_my_session *s, const struct tn_str (*rows)[PROCESS_COLUMNS], size_t count)
{
    struct tn_my_table table = {.count = PROCESS_COLUMNS, .names = process_names, .types = process_types};

    tn_my_put_table(s, &table);
    for (size_t i = 0; i < count; i++)
        tn_my_put_row(s, &table, rows[i]);
    tn_my_end_rows(s);
    tn_my_statement_done(s, false);
}

static void on_visited(struct tn_errand *errand)
{
    struct processes     *p = TN_CONTAINER_OF(errand, struct processes, errand);
    struct tn_my_session *s = find_session(errand->home->module[TN_WORKER_MYSQL], p->by);

    if (s != NULL && ++p->at < p->server->worker_count) {
        tn_errand_send(&p->errand, s->worker, p->server->workers[p->at]);
        return;
    }
    if (s != NULL)
        p->then(s, (const struct tn_str(*)[PROCESS_COLUMNS])p->rows, p->count);
    tn_arena_reset(&p->arena);
    tn_identity_unref(p->identity);
    tn_free(p);
}

void tn_my_show_processes(struct tn_my_session *s, bool full)
{
    tn_my_processes(s, full, tell);
}

void tn_my_processes(struct tn_my_session *s, bool full,
                     void (*then)(struct tn_my_session *s, const struct tn_str (*rows)[TN_MY_PROCESS_COLUMNS], size_t count))
{
    struct processes *p = tn_calloc(1, sizeof *p);

    if (p == NULL) {
        tn_my_fail(s, 1037, "HY001", "no memory for a list");
        tn_my_statement_done(s, true);
        return;
    }
    p->errand.go = visit;
    p->errand.back = on_visited;
    p->then = then;
    p->server = s->runtime->server;
    p->by = s->id;
    p->full = full;
    p->admin = tn_auth_is_admin(p->server->auth, s->identity, tn_str(s->client.peer));
    p->identity = tn_identity_ref(s->identity);
    tn_arena_init(&p->arena, 16 * 1024 * 1024);
    tn_my_wait(s);
    tn_errand_send(&p->errand, s->worker, p->server->workers[0]);
}
