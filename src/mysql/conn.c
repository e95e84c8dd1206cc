/* The life of a connection: accepted, its packets taken one by one, ended. */
#include "mysql/catalog_ask.h"
#include "mysql/private.h"

#include "base/alloc.h"

enum { HELLO_MAX = 64 * 1024, OUR_CHUNK_MAX = 1024 * 1024 * 1024, ER_PACKETS_OUT_OF_ORDER = 1156 };

static void forget_values(struct tn_map *map)
{
    struct tn_map_entry *entry;
    size_t               at = 0;

    while ((entry = tn_map_next(map, &at)) != NULL)
        tn_free(entry->value);
    tn_map_reset(map);
}

void tn_my_variables_forget(struct tn_my_session *s)
{
    forget_values(&s->variables);
    forget_values(&s->user_variables);
    forget_values(&s->theirs);
    s->theirs_known = false;
    s->variable_bytes = 0;
}

static void free_session(struct tn_grave *grave)
{
    struct tn_my_session *s = TN_CONTAINER_OF(grave, struct tn_my_session, grave);

    tn_client_reset(&s->client);
    tn_my_undo_end(s, false);
    tn_my_variables_forget(s);
    tn_my_bulk_forget(s);
    tn_settings_list_unref(s->settings);
    tn_arena_reset(&s->hello_arena);
    tn_buf_reset(&s->recoded);
    tn_arena_reset(&s->arena);
    tn_error_reset(&s->login_error);
    tn_identity_unref(s->identity);
    tn_free(s->text_memory);
    tn_free(s->warnings);
    tn_my_found_forget(s);
    tn_free(s->new_user);
    tn_free(s->new_database);
    tn_free(s->user);
    tn_free(s->database);
    tn_free(s->label);
    tn_free(s->using);
    tn_free(s);
}

/* Nothing that runs for it is told to it any more. */
static void orphan(struct tn_my_session *s)
{
    struct tn_ask *ask = s->ask;

    s->ask = NULL;
    if (ask != NULL) {
        tn_outbox_forget_run(&s->client.out, &ask->query->run);
        tn_ask_orphan(ask, TN_CANCEL_CLIENT_GONE);
    }
    tn_my_catalog_orphan(s);
    tn_my_rows_drop(s);
    tn_my_transaction_drop(s);
}

void tn_my_close(struct tn_my_session *s, const char *reason)
{
    if (s->state == TN_MY_CLOSING)
        return;
    s->state = TN_MY_CLOSING;
    tn_client_close(&s->client, reason);
    tn_client_log_end(&s->client, s->id, s->user, s->statements);
    tn_my_login_forget(s);
    orphan(s);
    tn_my_statements_forget(s);
    tn_list_remove(&s->node);
    tn_worker_bury(s->worker, &s->grave, free_session);
}

void tn_my_fatal(struct tn_my_session *s, struct tn_error *err, const char *reason)
{
    if (s->state == TN_MY_CLOSING) {
        tn_error_reset(err);
        return;
    }
    tn_my_error(s, err);
    tn_error_reset(err);
    tn_client_finish(&s->client);
    tn_my_close(s, reason);
}

void tn_my_go_on(struct tn_my_session *s)
{
    s->client.busy = false;
    if (s->state != TN_MY_CLOSING && !s->client.processing)
        tn_client_process(&s->client);
}

void tn_my_shut_down(struct tn_my_session *s)
{
    struct tn_error err = TN_ERROR_INIT;

    tn_fail(&err, TN_E_CANCELLED, "57P01", "Server shutdown in progress");
    s->sequence = s->state == TN_MY_READY ? 0 : s->sequence;
    tn_my_fatal(s, &err, "shutdown");
}

/* How long a session may be silent, and what says so. 0 = for ever. */
struct patience {
    uint64_t    us;
    const char *why;
};

static void shorten(struct patience *patience, uint64_t us, const char *why)
{
    if (us > 0 && (patience->us == 0 || us < patience->us))
        *patience = (struct patience){us, why};
}

/* Of a variable that the client has set, in seconds. */
static uint64_t own_us(const struct tn_my_session *s, const char *name)
{
    const char *set = tn_map_get(&s->variables, tn_str(name));
    uint64_t    seconds = 0;

    return set != NULL && tn_str_to_u64(tn_str(set), UINT32_MAX, &seconds) ? seconds * 1000000 : 0;
}

static struct patience patience_of(const struct tn_my_session *s)
{
    const struct tn_settings *settings = &s->runtime->snapshot->config->settings;
    struct patience           patience = {settings->mysql_idle_timeout, "frontends.mysqlWire.idleTimeout"};

    shorten(&patience, own_us(s, "wait_timeout"), "wait_timeout");
    if (!s->in_tx)
        return patience;
    shorten(&patience, settings->mysql_transaction_idle_timeout, "frontends.mysqlWire.transactionIdleTimeout: its transaction is rolled back");
    shorten(&patience, own_us(s, "idle_transaction_timeout"), "idle_transaction_timeout: its transaction is rolled back");
    return patience;
}

static void idled_out(struct tn_my_session *s)
{
    struct tn_error err = TN_ERROR_INIT;

    tn_count(&s->runtime->counters, TN_COUNTER_sessions_idled_out, 1);
    tn_fail(&err, TN_E_TIMEOUT, "57P05", "The client was disconnected by the server because of inactivity (%s)", patience_of(s).why);
    s->sequence = 0;
    tn_my_fatal(s, &err, s->in_tx ? "idle in a transaction for too long" : "idle for too long");
}

static void set_idle_timer(struct tn_my_session *s)
{
    const struct tn_settings *settings = &s->runtime->snapshot->config->settings;

    tn_client_set_timer(&s->client, s->state == TN_MY_READY ? patience_of(s).us : settings->mysql_login_timeout);
}

/* ---- packets ---- */

static size_t max_packet(const struct tn_my_session *s)
{
    return s->state == TN_MY_READY ? s->runtime->snapshot->config->settings.mysql_max_packet : (size_t)HELLO_MAX;
}

/* Every command begins at 0, all else follows what was said before. As for a server there is nothing to go on with then. */
static bool is_in_order(struct tn_my_session *s, const struct tn_my_packet *packet)
{
    uint8_t first = tn_my_first_sequence(packet), due = s->state == TN_MY_READY && s->step == TN_MY_STEP_NONE ? 0 : s->sequence;
    TN_ERROR_LOCAL(err);

    if (first == due)
        return true;
    tn_count(&s->runtime->counters, TN_COUNTER_messages_invalid, 1);
    tn_fail(&err, TN_E_INVALID, "08S01", "Got packets out of order: number %u where %u was due", first, due);
    err.own_code = ER_PACKETS_OUT_OF_ORDER;
    memcpy(err.own_sqlstate, "08S01", sizeof "08S01");
    s->sequence = (uint8_t)(packet->sequence + 1);
    tn_my_fatal(s, &err, "packets out of order");
    return false;
}

static void use_packet(struct tn_my_session *s, const struct tn_my_packet *packet)
{
    s->sequence = (uint8_t)(packet->sequence + 1);
    if (s->state == TN_MY_READY && s->step == TN_MY_STEP_NONE)
        tn_my_command(s, packet->body);
    else
        tn_my_login_packet(s, packet);
}

/* One packet; false when there is not a whole one. */
static bool step(struct tn_my_session *s)
{
    struct tn_my_packet packet;
    size_t              size;
    enum tn_status      status;
    TN_ERROR_LOCAL(err);

    status = tn_my_parse_packet(tn_client_unused(&s->client), s->client.in.len - s->client.in_at, max_packet(s), &packet, &size, &err);
    if (status == TN_AGAIN)
        return false;
    if (status != TN_OK) {
        tn_count(&s->runtime->counters, status == TN_E_LIMIT ? TN_COUNTER_messages_oversized : TN_COUNTER_messages_invalid, 1);
        if (status == TN_E_LIMIT)
            tn_error_hint(&err, "The limit is frontends.mysqlWire.maxPacketSize");
        s->sequence = (uint8_t)(packet.sequence + 1);
        tn_my_fatal(s, &err, status == TN_E_LIMIT ? "packet too long" : "malformed packet");
        return false;
    }
    s->client.in_at += size;
    if (!is_in_order(s, &packet))
        return false;
    use_packet(s, &packet);
    return true;
}

/* ---- what the connection asks of its session ---- */

static struct tn_my_session *session_of(struct tn_client *client)
{
    return TN_CONTAINER_OF(client, struct tn_my_session, client);
}

static struct tn_client_limits limits(const struct tn_settings *settings)
{
    return (struct tn_client_limits){settings->mysql_max_connections, settings->mysql_max_per_address, settings->mysql_max_buffered};
}

/* Until the client has answered not a byte behind its packet is read: TLS may begin there, without a word from us. */
static size_t room(struct tn_client *client)
{
    struct tn_my_packet packet;
    size_t              have = client->in.len - client->in_at, need = 0;

    if (session_of(client)->state != TN_MY_HELLO)
        return SIZE_MAX;
    return tn_my_parse_packet(tn_client_unused(client), have, HELLO_MAX, &packet, &need, NULL) == TN_AGAIN ? need - have : 0;
}

static bool on_step(struct tn_client *client)
{
    return step(session_of(client));
}

static void on_settled(struct tn_client *client)
{
    struct tn_my_session *s = session_of(client);

    if (s->state != TN_MY_READY)
        return;
    if (s->step != TN_MY_STEP_FAILING) /* the timer of one that is refused later is its own */
        set_idle_timer(s);
    if (client->stop_soon && !client->busy)
        tn_my_shut_down(s);
}

static void on_resume(struct tn_client *client)
{
    tn_my_query_next(session_of(client));
}

static void on_timeout(struct tn_client *client)
{
    struct tn_my_session *s = session_of(client);

    if (s->state != TN_MY_READY || s->step == TN_MY_STEP_FAILING)
        tn_my_login_timer(s);
    else if (!client->busy)
        idled_out(s);
}

static void on_lost(struct tn_client *client, const char *reason)
{
    tn_my_close(session_of(client), reason);
}

static const struct tn_client_ops client_ops = {
    .listener = "mysqlWire", .limits = limits, .room = room, .step = on_step, .settled = on_settled, .resume = on_resume,
    .timeout = on_timeout, .lost = on_lost,
};

/* ---- accepted ---- */

static struct tn_my_session *new_session(struct tn_worker *worker, struct tn_my_home *home)
{
    struct tn_my_session *s = tn_calloc(1, sizeof *s);

    if (s == NULL)
        return NULL;
    s->settings = tn_settings_list_new();
    s->database = tn_strdup("");
    s->label = tn_strdup("");
    if (s->settings == NULL || s->database == NULL || s->label == NULL) {
        tn_settings_list_unref(s->settings);
        tn_free(s->database);
        tn_free(s->label);
        tn_free(s);
        return NULL;
    }
    s->worker = worker;
    s->home = home;
    s->mysql = home->mysql;
    s->runtime = tn_runtime_of(worker);
    s->autocommit = true;
    s->charset = s->client_charset = s->results_charset = s->login_charset = TN_MY_CHARSET_UTF8MB4;
    s->application = TN_STR("");
    s->row_count = 0;
    s->id = home->next_id++ * (uint32_t)s->runtime->server->worker_count + worker->index + 1;
    tn_list_init(&s->node);
    tn_list_init(&s->cursors);
    tn_arena_init(&s->hello_arena, 256 * 1024);
    tn_arena_init(&s->arena, 0);
    tn_map_init(&s->variables);
    tn_map_init(&s->user_variables);
    tn_map_init(&s->theirs);
    tn_map_init(&s->prepared);
    return s;
}

/* Over a limit: the client is told in its protocol instead of a greeting. */
static void refuse(struct tn_worker *worker, int fd, const char *peer, uint16_t code, const char *sqlstate, const char *message)
{
    struct tn_buf    buf;
    uint8_t          sequence = 0;
    struct tn_my_out out = {.buf = &buf, .sequence = &sequence, .capabilities = TN_MY_CAP_PROTOCOL_41};

    tn_buf_init(&buf, 4096);
    tn_my_put_error(&out, code, sqlstate, tn_str(message));
    tn_client_refuse(worker, &client_ops, fd, peer, &buf, message);
    tn_buf_reset(&buf);
}

static void refuse_place(struct tn_worker *worker, int fd, const char *peer, enum tn_place place)
{
    char message[160];

    snprintf(message, sizeof message, "Too many connections%s (frontends.mysqlWire.%s)",
             place == TN_PLACE_NONE_OF_ADDRESS ? " from this address" : "", tn_place_option(place));
    refuse(worker, fd, peer, 1040, "08004", message);
}

void tn_my_accept(struct tn_worker *worker, int fd, const char *peer, void *arg)
{
    struct tn_mysql      *mysql = arg;
    struct tn_my_home    *home = worker->module[TN_WORKER_MYSQL];
    struct tn_my_session *s;
    enum tn_place         place;

    if (atomic_load(&mysql->server->state) == TN_SERVER_STOPPING) {
        refuse(worker, fd, peer, 1053, "08S01", "Server shutdown in progress");
        return;
    }
    place = tn_client_place(worker, &client_ops, &mysql->places, peer);
    if (place != TN_PLACE_FREE) {
        refuse_place(worker, fd, peer, place);
        return;
    }
    s = new_session(worker, home);
    if (s == NULL) {
        tn_places_give_back(&mysql->places, peer);
        refuse(worker, fd, peer, 1037, "HY001", "no memory for a session");
        return;
    }
    tn_client_open(&s->client, worker, &client_ops, &mysql->places, fd, peer, OUR_CHUNK_MAX);
    tn_list_append(&home->sessions, &s->node);
    tn_my_greet(s);
    if (s->state != TN_MY_CLOSING)
        set_idle_timer(s);
}
