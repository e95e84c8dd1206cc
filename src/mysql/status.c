/* What SHOW STATUS tells: of Turnout and of this session, under MySQL's names. */
#include "mysql/private.h"
#include "net/tls.h"

/* Those of tables are for clients that show them (mycli's status): nothing counts them here. */
enum row { BYTES_RECEIVED, BYTES_SENT, CONNECTIONS, FLUSH_COMMANDS, OPEN_TABLES, OPENED_TABLES, QUERIES, QUESTIONS, SLOW_QUERIES, SSL_CIPHER, SSL_VERSION,
           THREADS_CONNECTED, THREADS_RUNNING, UPTIME, ROWS };

static const char *const names[ROWS] = {
    [BYTES_RECEIVED] = "Bytes_received", [BYTES_SENT] = "Bytes_sent", [CONNECTIONS] = "Connections", [QUERIES] = "Queries", [QUESTIONS] = "Questions",
    [FLUSH_COMMANDS] = "Flush_commands", [OPEN_TABLES] = "Open_tables", [OPENED_TABLES] = "Opened_tables", [SLOW_QUERIES] = "Slow_queries",
    [SSL_CIPHER] = "Ssl_cipher", [SSL_VERSION] = "Ssl_version", [THREADS_CONNECTED] = "Threads_connected", [THREADS_RUNNING] = "Threads_running", [UPTIME] = "Uptime",
};

size_t tn_my_status_rows(void)
{
    return ROWS;
}

const char *tn_my_status_name(size_t row)
{
    return names[row];
}

static uint64_t running(const struct tn_my_session *s)
{
    uint64_t count = 0;

    TN_LIST_FOR_EACH(node, &s->home->sessions)
        count += TN_CONTAINER_OF(node, struct tn_my_session, node)->client.busy;
    return count;
}

struct tn_str tn_my_status_text(const struct tn_my_session *s, size_t row, char *out, size_t size)
{
    const struct tn_server *server = s->runtime->server;
    uint64_t                value = 0;

    switch ((enum row)row) {
    case BYTES_RECEIVED:    value = s->client.bytes_in; break;
    case BYTES_SENT:        value = s->client.out.written; break;
    case CONNECTIONS:       value = s->home->next_id; break;
    case FLUSH_COMMANDS:
    case OPEN_TABLES:
    case OPENED_TABLES:
    case SLOW_QUERIES:      break;
    case QUERIES:           value = atomic_load(&s->mysql->statements); break;
    case QUESTIONS:         value = s->statements; break;
    case THREADS_CONNECTED: value = tn_places_taken(&s->mysql->places); break;
    case THREADS_RUNNING:   value = running(s); break;
    case UPTIME:            value = (tn_worker_now_us(s->worker) - server->started_us) / 1000000; break;
    default:                return tn_str(tn_tls_version(&s->client.transport));
    }
    return tn_str_n(out, (size_t)snprintf(out, size, "%llu", (unsigned long long)value));
}
