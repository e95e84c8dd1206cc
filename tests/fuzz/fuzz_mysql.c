/* fuzz_mysql.c - everything that a MySQL server may send: greeting, login, results, rows, in pieces of any size, on a connection without a
 * socket. The first byte says what is asked. Every run must end, and every connection be freed. */
#include "base/alloc.h"
#include "engine/mysql/mysql_conn.h"
#include "frontend/mysql/my_reply.h"

#include "quick.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tn_worker      *worker;
static struct tn_cluster_conf conf;
static struct tn_cluster      cluster;
static int                    silent[2]; /* a pipe that nobody writes to */
static struct tn_buf          kept;      /* what is read goes into the same memory in every run */

enum { KEEP_MOST = 1024 * 1024, SHORT = 64 * 1024, GUARD = 256, OWN = 0xEE };

static struct {
    const uint8_t *data;
    size_t         size, at, piece;
    uint8_t        how;
    size_t         left, length; /* bytes of the frame's body that are to come; what its header says so far */
    unsigned       head;         /* bytes of a header that were read */
    uint8_t        number;       /* of the next frame */
    bool           done, connected, ended;
    struct tn_run  run;
} now;

enum { NO_LOGIN = 1, BINARY = 2, RELAY = 4, DESCRIBE = 8, NO_EOF = 16, SMALL = 32, CANCEL = 64, LONG = 128 };

/* Frames are numbered as they are due: else nearly all that is tried would end there. One whose number is OWN has that. */
static void number_frames(char *bytes, size_t len, const struct tn_mysql_wire *wire)
{
    if (now.left == 0 && now.head == 0 && wire->taken == wire->in.len)
        now.number = wire->sequence;
    for (size_t i = 0; i < len;) {
        if (now.left > 0) {
            size_t rest = TN_MIN(now.left, len - i);

            now.left -= rest;
            i += rest;
        } else if (now.head < TN_MY_HEADER - 1) {
            now.length |= (size_t)(uint8_t)bytes[i++] << (8 * now.head++);
        } else {
            if ((uint8_t)bytes[i] != OWN)
                bytes[i] = (char)now.number;
            now.number = (uint8_t)(bytes[i++] + 1);
            now.left = now.length;
            now.length = now.head = 0;
        }
    }
}

static enum tn_io fake_read(struct tn_transport *transport, void *buf, size_t len, size_t *n)
{
    transport->error = 0;
    if (now.at == now.size)
        return TN_IO_EOF;
    *n = TN_MIN(TN_MIN(len, now.piece), now.size - now.at);
    quick_give(buf, *n);
    memcpy(buf, now.data + now.at, *n);
    number_frames(buf, *n, TN_CONTAINER_OF(transport, struct tn_mysql_wire, transport));
    quick_take((char *)buf + *n, TN_MIN(len - *n, (size_t)GUARD)); /* room that nothing was read into is nobody's */
    now.at += *n;
    return TN_IO_OK;
}

static enum tn_io fake_writev(struct tn_transport *transport, const struct iovec *iov, int count, size_t *n)
{
    (void)transport;
    *n = 0;
    for (int i = 0; i < count; i++)
        *n += iov[i].iov_len;
    return TN_IO_OK;
}

static void nothing(struct tn_transport *transport)
{
    (void)transport;
}

static const struct tn_transport_ops fake_ops = {"fake", fake_read, fake_writev, nothing, nothing};

static enum tn_status encode(const struct tn_encoder *encoder, const struct tn_batch *batch, int64_t *row, size_t target, struct tn_buf *to,
                             struct tn_error *err)
{
    (void)encoder;
    (void)target;
    (void)err;
    for (; *row < batch->rows; (*row)++)
        tn_buf_put_u8(to, 'r');
    return TN_OK;
}

static const struct tn_encoder_ops encoder_ops = {"fuzz", encode};
static struct tn_encoder           encoder = {.ops = &encoder_ops};

static void on_params(struct tn_run *run, size_t count, const uint32_t *oids)
{
    (void)run;
    for (size_t i = 0; i < count; i++)
        if (oids[i] == UINT32_MAX)
            abort();
}

/* What is passed on is as many definitions that can be read as there were, for each kind of client. */
static void pass_on(const struct tn_run *run, const struct tn_schema *schema)
{
    struct tn_my_told told = {.packets = run->my_columns, .extended = run->my_extended};

    for (int extended = 0; extended < 2; extended++) {
        uint8_t          sequence = 0;
        struct tn_buf    buf;
        struct tn_my_out out = {.buf = &buf, .sequence = &sequence, .capabilities = extended ? TN_MY_CAP_MARIADB_EXTENDED_TYPES : 0};
        size_t           at = 0, used = 0;

        tn_buf_init(&buf, 4 * KEEP_MOST);
        tn_my_put_told(&out, &told, 224);
        for (size_t i = 0; !buf.failed && i < schema->count; i++, at += used) {
            struct tn_my_packet    packet;
            struct tn_mysql_column kind;
            struct tn_column       column;

            if (tn_my_parse_packet(buf.data + at, buf.len - at, KEEP_MOST, &packet, &used, NULL) != TN_OK ||
                tn_mysql_column_read(packet.body, extended != 0, &kind, &column, NULL) != TN_OK || !tn_str_eq(column.name, schema->columns[i].name))
                abort();
        }
        if (!buf.failed && at != buf.len)
            abort();
        tn_buf_reset(&buf);
    }
}

static void on_columns(struct tn_run *run, const struct tn_schema *schema)
{
    if (schema != NULL && run->my_columns.len > 0)
        pass_on(run, schema);
    for (size_t i = 0; schema != NULL && i < schema->count; i++)
        for (size_t n = 0; n < schema->columns[i].name.len; n++)
            if (schema->columns[i].name.ptr[n] == '\1')
                now.ended = false; /* reads it: a sanitizer sees where it lies */
}

static void on_chunk(struct tn_run *run, struct tn_chunk *chunk)
{
    tn_chunk_free(chunk);
    if ((now.how & CANCEL) != 0)
        tn_run_cancel(run);
    tn_run_credit(run);
}

static void on_notice(struct tn_run *run, const char *fields, size_t len)
{
    (void)run;
    if (len == 0 || fields[len - 1] != '\0')
        abort();
}

static void on_done(struct tn_run *run)
{
    if (now.done || run->conn->state == TN_CONN_BUSY)
        abort();
    now.done = true;
    tn_error_reset(&run->error);
}

static const struct tn_run_events events = {on_params, on_columns, on_chunk, on_notice, on_done, NULL};

static void start(struct tn_conn *conn)
{
    static const struct tn_value one = {.type = TN_TYPE_INT64, .as.i64 = 1};
    static struct tn_param       param;

    param.value = one;
    now.run = (struct tn_run){.kind = (now.how & DESCRIBE) != 0 ? TN_RUN_DESCRIBE : TN_RUN_EXECUTE, .sql = TN_STR("SELECT $1"), .encoder = &encoder, .events = &events};
    if ((now.how & BINARY) != 0)
        now.run.params = (struct tn_params){.count = 1, .items = &param};
    encoder.my_rows = (now.how & RELAY) != 0;
    encoder.my_binary = encoder.my_rows && (now.how & BINARY) != 0;
    tn_run_start(&now.run, conn);
}

static void on_connected(struct tn_conn *conn, const struct tn_error *err, void *owner)
{
    (void)owner;
    now.connected = true;
    if (err == NULL)
        start(conn);
}

static void set_up(void)
{
    conf = (struct tn_cluster_conf){.name = TN_STR("m"), .engine = TN_CFG_ENGINE_MYSQL, .endpoint = TN_STR("mysql://x/db?socket=/nowhere/at/all"),
                                    .auth_type = TN_CFG_CLUSTER_AUTH_BASIC, .auth_username = TN_STR("u"), .auth_password = TN_STR("p")};
    if (tn_worker_new(&worker, 0, NULL) != TN_OK || pipe(silent) != 0)
        abort();
    atomic_store(&cluster.refs, 1);
    cluster.conf = &conf;
    cluster.ops = tn_engine_find(TN_CFG_ENGINE_MYSQL);
    if (tn_mysql_cluster_open(&cluster, NULL) != TN_OK)
        abort();
}

/* Most runs refuse an announced length that no input has, instead of making room for it a megabyte at a time. */
static void use_kept(struct tn_mysql_conn *c)
{
    if ((now.how & LONG) == 0 || now.size % 8 != 0)
        c->wire.max = SHORT;
    c->wire.in.data = kept.data;
    c->wire.in.capacity = kept.capacity;
    kept = (struct tn_buf){.data = NULL};
}

static void keep(struct tn_mysql_conn *c)
{
    if (c->wire.in.capacity > KEEP_MOST)
        return;
    kept = c->wire.in;
    c->wire.in.data = NULL;
    c->wire.in.len = c->wire.in.capacity = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tn_mysql_conn *c;
    struct tn_conn       *conn;

    if (worker == NULL)
        set_up();
    if (size < 1)
        return 0;
    memset(&now, 0, sizeof now);
    now.how = data[0];
    now.data = data + 1;
    now.size = size - 1;
    now.piece = (now.how & SMALL) != 0 ? 3 : 4096;
    conn = tn_mysql_connect(&cluster, worker, on_connected, NULL);
    if (conn == NULL)
        return 0;
    c = tn_mysql_conn(conn);
    tn_dial_stop(c->dial);
    c->dial = NULL;
    tn_mysql_watch_socket(c, silent[0]);
    use_kept(c);
    c->wire.transport.ops = &fake_ops;
    c->wire.transport.fd = silent[1]; /* never used, and not closed: the table is ours */
    c->phase = TN_MYSQL_GREETING;
    if ((now.how & NO_LOGIN) != 0) {
        c->capabilities = TN_MY_CAP_SESSION_TRACK | ((now.how & NO_EOF) != 0 ? TN_MY_CAP_DEPRECATE_EOF : 0) |
                          ((now.how & LONG) != 0 ? TN_MY_CAP_MARIADB_EXTENDED_TYPES : 0);
        c->phase = TN_MYSQL_IDLE;
        conn->state = TN_CONN_IDLE;
        on_connected(conn, NULL, NULL);
    }
    for (int turns = 0; turns < 100000 && !(now.connected && (now.done || now.run.events == NULL)); turns++) {
        tn_mysql_pump(c);
        ev_run(worker->loop, EVRUN_NOWAIT);
    }
    if (!now.connected || (now.run.events != NULL && !now.done))
        abort(); /* it hangs though the server has said all */
    keep(c);
    tn_mysql_disconnect(conn);
    ev_run(worker->loop, EVRUN_NOWAIT);
    return 0;
}
