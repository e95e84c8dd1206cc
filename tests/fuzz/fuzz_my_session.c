/* fuzz_my_session.c - whole conversations of a hostile MySQL client, over an engine of its own (loop_engine.h) and without a socket.
 *
 * An input is a byte of flags and a list of items: kind, length (2 bytes, low first), body. Most kinds are packets whose header, statement
 * id or proof of a password is written here, so that what follows them is met; the others send what they hold. Unless PIPELINED, a
 * packet is sent when the one before is answered, and each answer is checked: whole frames, numbered one after the other, and none
 * missing. Every conversation ends, and leaves nothing. */
#include "../unit/session_fixture.h"
#include "engine/mysql/mysql_auth.h"
#include "mysql/private.h"

#include "inline_offload.h"
#include "quick.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max) __attribute__((weak)); /* libFuzzer's; not there when a corpus is replayed */

enum { RUDE = 1, ASKED = 2, PIECES = 4, SLOW = 8, PIPELINED = 16 };
enum kind {
    PACKET,    /* the header is right */
    NUMBERED,  /* and its number is the first byte */
    RAW,       /* no header */
    HELLO,     /* 4 bytes of capabilities; then user and the rest */
    STATEMENT, /* which command, how many statements ago; the id goes between that and the rest */
    PROOF,     /* of the password; the first byte says which, the rest stands for the password when there is one */
    QUERY,     /* COM_QUERY of the text */
    PREPARE,
    KINDS
};
enum { ITEM_HEAD = 3, ITEMS = 96, GUARD = 64, TURNS_MAX = 200000 };

static struct session_fixture fixture, asking; /* asking: lends its users to the other */
static struct tn_auth        *auths[2];
static struct tn_mysql       *mysql;
static int                    sockets[2];

static const char config[] =
    "turnout: { workers: 1, adminApi: { enabled: false }, persistence: { type: inMemory }, history: { enabled: false }, statistics: { enabled: false }, log: { level: error }, %s\n"
    "  frontends: { mysqlWire: { port: 0, nativePassword: true, maxPacketSize: 1MiB, maxBuffered: 64KiB } } }\n"
    "clusters:\n"
    "  lite: { engine: sqlite, healthCheck: { enabled: false } }\n"
    "  mine: { engine: mysql, endpoint: 'mysql://127.0.0.1:1/db', healthCheck: { enabled: false } }\n"
    "clusterGroups: { all: { members: [lite] }, mine: { members: [mine] } }\n"
    "routers:\n"
    "  - { type: header, headerName: program_name, headerValueToGroup: { mine: mine } }\n"
    "  - { type: queryRegex, rules: [ { regex: '(?i)forbidden', action: deny, error: 'not here' } ] }\n"
    "routingFallback: all\n";

static struct {
    const uint8_t        *data, *end;
    uint8_t               how;
    struct tn_my_session *s;
    struct tn_buf         packet; /* what is being sent */
    size_t                sent;
    bool                  over;   /* all of it, and its end */
    struct tn_buf         answer; /* to the packet before */
    bool                  checked, answered;
    uint8_t               number; /* of the answer's first frame */
    unsigned              blocked;
} now;

static void check(bool good)
{
    if (!good)
        abort();
}

/* ---- what the client sends ---- */

static bool next_item(const uint8_t **at, const uint8_t *end, uint8_t *kind, struct tn_str *body)
{
    size_t len;

    if (end - *at < ITEM_HEAD)
        return false;
    *kind = (*at)[0];
    len = (size_t)((*at)[1] | (*at)[2] << 8);
    *at += ITEM_HEAD;
    len = TN_MIN(len, (size_t)(end - *at));
    *body = tn_str_n((const char *)*at, len);
    *at += len;
    return true;
}

static void put_hello(struct tn_buf *out, struct tn_str body)
{
    static const char filler[23];
    uint32_t          capabilities = (uint32_t)TN_MY_CAP_PROTOCOL_41;

    for (size_t i = 0; i < TN_MIN(body.len, (size_t)4); i++)
        capabilities |= (uint32_t)(uint8_t)body.ptr[i] << (8 * i);
    tn_my_put_u32(out, capabilities);
    tn_my_put_u32(out, 1 << 24);
    tn_buf_put_u8(out, TN_MY_CHARSET_UTF8MB4);
    tn_buf_append(out, filler, sizeof filler);
    tn_buf_append(out, body.ptr + TN_MIN(body.len, (size_t)4), body.len - TN_MIN(body.len, (size_t)4));
}

static void put_statement(struct tn_buf *out, struct tn_str body)
{
    static const uint8_t commands[] = {TN_MY_COM_STMT_EXECUTE, TN_MY_COM_STMT_FETCH, TN_MY_COM_STMT_SEND_LONG_DATA, TN_MY_COM_STMT_RESET, TN_MY_COM_STMT_CLOSE};

    if (body.len < 2)
        return;
    tn_buf_put_u8(out, commands[(uint8_t)body.ptr[0] % TN_ARRAY_LEN(commands)]);
    tn_my_put_u32(out, now.s->next_statement - (uint8_t)body.ptr[1] % 8);
    tn_buf_append(out, body.ptr + 2, body.len - 2);
}

/* Of the user's password "p", or of another. */
static void put_proof(struct tn_buf *out, struct tn_str body)
{
    struct tn_str password = body.len > 1 ? tn_str_n(body.ptr + 1, body.len - 1) : TN_STR("p"), key = tn_sha2_public_key(mysql->proof);
    unsigned char proof[TN_MYSQL_PROOF_MAX];
    unsigned      which = body.len > 0 ? (uint8_t)body.ptr[0] % 4 : 0;

    if (which == 2)
        tn_buf_put_u8(out, 2); /* the key, please */
    else if (which == 3)
        (void)(key.len > 0 && tn_mysql_encrypt(password, now.s->nonce, key, out));
    else
        tn_buf_append(out, proof, tn_mysql_proof(which == 0 ? TN_MYSQL_NATIVE : TN_MYSQL_CACHING_SHA2, password, now.s->nonce, proof));
}

static void put_body(uint8_t kind, struct tn_str body)
{
    struct tn_buf *out = &now.packet;

    switch (kind % KINDS) {
    case HELLO:     put_hello(out, body); break;
    case STATEMENT: put_statement(out, body); break;
    case PROOF:     put_proof(out, body); break;
    case QUERY:     tn_buf_put_u8(out, TN_MY_COM_QUERY); tn_buf_put_str(out, body); break;
    case PREPARE:   tn_buf_put_u8(out, TN_MY_COM_STMT_PREPARE); tn_buf_put_str(out, body); break;
    case NUMBERED:  tn_buf_append(out, body.ptr + 1, body.len - 1); break;
    default:        tn_buf_put_str(out, body); break;
    }
}

/* Something comes back to it, whatever it is. */
static bool is_answered(uint8_t kind)
{
    struct tn_str body = tn_str_n(now.packet.data + TN_MY_HEADER, now.packet.len - TN_MY_HEADER);
    uint8_t       command = body.len > 0 ? (uint8_t)body.ptr[0] : 0;

    if (kind % KINDS == RAW || now.s->client.in.len > now.s->client.in_at)
        return false;
    return now.s->state != TN_MY_READY || now.s->step != TN_MY_STEP_NONE ||
           (command != TN_MY_COM_QUIT && command != TN_MY_COM_STMT_CLOSE && command != TN_MY_COM_STMT_SEND_LONG_DATA);
}

static bool make_packet(void)
{
    bool          login = now.s->state != TN_MY_READY || now.s->step != TN_MY_STEP_NONE;
    struct tn_str body;
    uint8_t       kind, number;
    size_t        begun;

    if (!next_item(&now.data, now.end, &kind, &body))
        return false;
    if (kind % KINDS == NUMBERED && body.len == 0)
        kind = PACKET;
    number = kind % KINDS == NUMBERED ? (uint8_t)body.ptr[0] : login ? now.s->sequence : 0;
    tn_buf_clear(&now.packet);
    now.sent = 0;
    if (kind % KINDS == RAW) {
        put_body(kind, body);
    } else {
        begun = tn_my_begin_packet(&now.packet);
        put_body(kind, body);
        tn_my_end_packet(&now.packet, begun, &number);
    }
    now.answered = kind % KINDS != RAW && is_answered(kind);
    now.checked = kind % KINDS != RAW && now.s->client.in.len == now.s->client.in_at;
    now.number = number;
    return now.packet.len > 0 || make_packet();
}

/* ---- what it is answered ---- */

static void check_answer(bool ends)
{
    const char *at = now.answer.data;
    size_t      left = now.answer.len;
    uint8_t     number = now.number;

    if (now.checked && !ends && now.answered)
        check(left > 0);
    while (now.checked && left >= TN_MY_HEADER) {
        size_t len = (uint8_t)at[0] | (size_t)(uint8_t)at[1] << 8 | (size_t)(uint8_t)at[2] << 16;

        check((uint8_t)at[3] == number++);
        if (ends && left < len + TN_MY_HEADER)
            break;
        check(left >= len + TN_MY_HEADER);
        at += len + TN_MY_HEADER;
        left -= len + TN_MY_HEADER;
    }
    check(!now.checked || ends || left == 0);
    tn_buf_clear(&now.answer);
    now.checked = false;
}

static bool is_waiting(void)
{
    return now.s->client.busy || now.s->client.out.first != NULL || ev_is_active(&now.s->client.again) || now.s->client.paused;
}

static enum tn_io fake_read(struct tn_transport *transport, void *buf, size_t len, size_t *n)
{
    transport->error = 0;
    transport->wants = TN_IO_WANT_READ;
    if (now.sent == now.packet.len) {
        if ((now.how & PIPELINED) == 0) {
            if (is_waiting() && !((now.how & RUDE) != 0 && now.data == now.end))
                return TN_IO_AGAIN;
            if (!is_waiting())
                check_answer(false);
        }
        if (!make_packet()) {
            if (is_waiting() && (now.how & RUDE) == 0)
                return TN_IO_AGAIN;
            now.over = true;
            return TN_IO_EOF;
        }
    }
    *n = TN_MIN(TN_MIN(len, (now.how & PIECES) != 0 ? (size_t)5 : (size_t)1 << 16), now.packet.len - now.sent);
    quick_give(buf, *n);
    memcpy(buf, now.packet.data + now.sent, *n);
    quick_take((char *)buf + *n, TN_MIN(len - *n, (size_t)GUARD)); /* room that nothing was read into is nobody's */
    now.sent += *n;
    return TN_IO_OK;
}

static enum tn_io fake_writev(struct tn_transport *transport, const struct iovec *iov, int count, size_t *n)
{
    size_t room = (now.how & SLOW) != 0 ? 700 : SIZE_MAX;

    *n = 0;
    transport->wants = TN_IO_WANT_WRITE;
    if ((now.how & SLOW) != 0 && now.blocked++ % 2 == 0)
        return TN_IO_AGAIN;
    for (int i = 0; i < count && room > 0; i++) {
        size_t len = TN_MIN(iov[i].iov_len, room);

        if (now.checked && (now.how & PIPELINED) == 0)
            tn_buf_append(&now.answer, iov[i].iov_base, len);
        else
            check(memchr(iov[i].iov_base, 0, len) != now.packet.data || len == 0); /* is read: a sanitizer sees it */
        room -= room == SIZE_MAX ? 0 : len;
        *n += len;
    }
    return TN_IO_OK;
}

static void fake_end(struct tn_transport *transport)
{
    (void)transport;
}

static const struct tn_transport_ops fake_ops = {"fake", fake_read, fake_writev, fake_end, fake_end};

/* ---- a conversation ---- */

static void start(struct session_fixture *f, const char *more)
{
    char text[sizeof config + 200];

    snprintf(text, sizeof text, config, more);
    fixture_start_with(f, tn_str(text));
}

static void set_up(void)
{
    struct tn_error err = TN_ERROR_INIT;

    start(&asking, "auth: { provider: static, maxFailures: 1000000, staticUsers: { users: { u: { password: p } } } },");
    start(&fixture, "");
    auths[0] = fixture.server->auth;
    auths[1] = asking.server->auth;
    for (size_t i = 0; i < fixture.server->snapshot->topology->cluster_count; i++) {
        struct tn_cluster *cluster = fixture.server->snapshot->topology->clusters[i];

        cluster->ops = cluster->conf->engine == TN_CFG_ENGINE_MYSQL ? &loop_engine_mysql : &loop_engine;
    }
    check(tn_mysql_open(&mysql, fixture.server, &err) == TN_OK && socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets) == 0);
    tn_buf_init(&now.packet, 1 << 22);
    tn_buf_init(&now.answer, 64 << 20);
}

static struct tn_my_session *accept_one(void)
{
    struct tn_my_home *home = fixture.server->workers[0]->module[TN_WORKER_MYSQL];
    char               greeting[256];

    tn_my_accept(fixture.server->workers[0], sockets[0], "127.0.0.1:5", mysql);
    check(home->sessions.next != &home->sessions && recv(sockets[1], greeting, sizeof greeting, 0) > 0);
    return TN_CONTAINER_OF(home->sessions.next, struct tn_my_session, node);
}

/* True: the session is not gone yet, or something of it still runs. WAIT: nothing happens before the loop has something. */
static bool goes_on(bool *wait)
{
    struct tn_my_home *home = fixture.server->workers[0]->module[TN_WORKER_MYSQL];

    *wait = true;
    if (home->sessions.next == &home->sessions)
        return atomic_load(&fixture.server->queries) > 0;
    *wait = is_waiting() && now.s->step != TN_MY_STEP_FAILING && now.sent == now.packet.len && (now.how & (PIPELINED | RUDE)) == 0;
    if (*wait)
        return true;
    if (now.s->step == TN_MY_STEP_FAILING && ev_is_active(&now.s->client.timer))
        ev_feed_event(fixture_loop(&fixture), &now.s->client.timer, EV_TIMER); /* it would be told in a second */
    if (ev_is_active(&now.s->client.read_ev))
        ev_feed_event(fixture_loop(&fixture), &now.s->client.read_ev, EV_READ);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned turns = 0;
    bool     wait;

    if (size == 0)
        return 0;
    if (mysql == NULL)
        set_up();
    now.how = data[0];
    now.data = data + 1;
    now.end = data + size;
    now.over = now.checked = false;
    now.blocked = 0;
    now.sent = now.packet.len = now.answer.len = 0;
    fixture.server->auth = auths[(now.how & ASKED) != 0];
    now.s = accept_one();
    now.s->client.transport.ops = &fake_ops;
    while (goes_on(&wait)) {
        check(turns++ < TURNS_MAX);
        fixture_turn(&fixture, wait || turns > 1000);
    }
    if ((now.how & PIPELINED) == 0)
        check_answer(true);
    check(atomic_load(&fixture.server->sessions) == 0);
    fixture_turn(&fixture, false);
    return 0;
}

/* ---- mutations that keep the list a list ---- */

struct piece {
    uint8_t       kind;
    struct tn_str body;
};

static uint8_t scratch[1 << 20];

static size_t write_items(uint8_t *to, size_t max, const struct piece *items, size_t count)
{
    size_t at = 0;

    for (size_t i = 0; i < count && at + ITEM_HEAD <= max; i++) {
        size_t len = TN_MIN(TN_MIN(items[i].body.len, (size_t)UINT16_MAX), max - at - ITEM_HEAD);

        to[at] = items[i].kind;
        to[at + 1] = (uint8_t)(len & 0xff);
        to[at + 2] = (uint8_t)(len >> 8);
        memcpy(to + at + ITEM_HEAD, items[i].body.ptr, len);
        at += ITEM_HEAD + len;
    }
    return at;
}

static void mutate_body(struct piece *item, uint8_t *room, size_t max)
{
    size_t len = TN_MIN(item->body.len, max);

    memcpy(room, item->body.ptr, len);
    item->body = tn_str_n((const char *)room, LLVMFuzzerMutate(room, len, max));
}

/* One item is doubled, dropped, exchanged with another, of another kind, or another inside. */
static size_t mutate_list(struct piece *items, size_t count, uint64_t dice)
{
    size_t       at = (size_t)(dice >> 8) % count, other = (size_t)(dice >> 20) % count;
    struct piece kept = items[at];

    switch (dice % 12) {
    case 0:
        memmove(&items[at], &items[at + 1], (count - at - 1) * sizeof *items);
        return count - 1;
    case 1:
        memmove(&items[other + 1], &items[other], (count - other) * sizeof *items);
        items[other] = kept;
        return count + 1;
    case 2:
        items[at] = items[other];
        items[other] = kept;
        return count;
    case 3: items[at].kind = (uint8_t)((dice >> 32) % KINDS); return count;
    default: mutate_body(&items[at], scratch + sizeof scratch / 2, 4096); return count;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    struct piece   items[ITEMS + 1];
    const uint8_t *at = data + 1;
    size_t         count = 0;
    uint64_t       dice = tn_hash_mix(seed + UINT64_C(0x9e3779b97f4a7c15));

    while (size > 0 && count < ITEMS && next_item(&at, data + size, &items[count].kind, &items[count].body))
        count++;
    if (count == 0 || dice >> 60 == 0)
        return LLVMFuzzerMutate(data, size, max);
    if ((dice >> 56 & 15) == 0)
        data[0] ^= (uint8_t)(1u << (dice >> 40) % 5);
    count = mutate_list(items, count, dice);
    size = write_items(scratch, TN_MIN(max - 1, sizeof scratch / 2), items, count);
    memcpy(data + 1, scratch, size);
    return size + 1;
}
