#include "engine/mysql/mysql_wire.h"

#include <errno.h>

enum { READ_ROOM = 64 * 1024, READ_MOST = 1024 * 1024, KEPT = 1024 * 1024 };

void tn_mysql_wire_init(struct tn_mysql_wire *wire, size_t max)
{
    *wire = (struct tn_mysql_wire){.max = max};
    tn_transport_init(&wire->transport, -1);
    tn_buf_init(&wire->in, max + max / 64 + 4 * (size_t)READ_MOST);
    tn_buf_init(&wire->out, max + max / 64 + 4 * (size_t)READ_MOST);
}

void tn_mysql_wire_reset(struct tn_mysql_wire *wire)
{
    tn_transport_close(&wire->transport);
    tn_buf_reset(&wire->in);
    tn_buf_reset(&wire->out);
}

static void make_room(struct tn_mysql_wire *wire)
{
    if (wire->taken == wire->in.len) {
        if (wire->in.capacity > KEPT && wire->wanted < KEPT)
            tn_buf_reset(&wire->in); /* one long message is no reason to keep so much for ever */
        tn_buf_clear(&wire->in);
        wire->taken = 0;
    } else if (wire->taken > 0 && wire->in.capacity - wire->in.len < READ_ROOM) {
        tn_buf_consume(&wire->in, wire->taken);
        wire->taken = 0;
    }
}

enum tn_io tn_mysql_wire_read(struct tn_mysql_wire *wire)
{
    size_t     have, room, n = 0;
    enum tn_io io;

    make_room(wire);
    have = wire->in.len - wire->taken;
    room = wire->wanted > have ? wire->wanted - have : 0;
    room = TN_MIN(TN_MAX(room, (size_t)READ_ROOM), (size_t)READ_MOST); /* what is announced is believed in small steps */
    if (!tn_buf_reserve(&wire->in, room)) {
        wire->transport.error = ENOMEM;
        return TN_IO_ERROR;
    }
    io = tn_transport_read(&wire->transport, wire->in.data + wire->in.len, room, &n);
    if (io == TN_IO_OK)
        wire->in.len += n;
    return io;
}

/* The first frame's number follows that of the frame before, whoever sent it. What the server says of its own accord, an error that
 * ends the connection, has what number it likes. */
static bool is_astray(const struct tn_mysql_wire *wire, const struct tn_my_packet *packet)
{
    return tn_my_first_sequence(packet) != wire->sequence && (packet->body.len == 0 || (uint8_t)packet->body.ptr[0] != TN_MY_ERR);
}

enum tn_status tn_mysql_wire_next(struct tn_mysql_wire *wire, size_t max, struct tn_str *message, struct tn_error *err)
{
    struct tn_my_packet packet;
    size_t              have = wire->in.len - wire->taken;
    enum tn_status      status;

    if (have < TN_MY_HEADER || have < wire->wanted) {
        wire->wanted = TN_MAX(wire->wanted, (size_t)TN_MY_HEADER);
        return TN_AGAIN;
    }
    status = tn_my_parse_packet(wire->in.data + wire->taken, have, TN_MIN(max, wire->max), &packet, &wire->wanted, err);
    if (status != TN_OK)
        return status;
    if (is_astray(wire, &packet))
        return tn_fail(err, TN_E_INVALID, "08S01", "packets out of order: number %u where %u was due", tn_my_first_sequence(&packet), wire->sequence);
    wire->taken += wire->wanted;
    wire->wanted = 0;
    wire->sequence = (uint8_t)(packet.sequence + 1);
    *message = packet.body;
    return TN_OK;
}

size_t tn_mysql_wire_command(struct tn_mysql_wire *wire, enum tn_my_command command)
{
    size_t begun = tn_my_begin_packet(&wire->out);

    wire->sequence = 0;
    tn_buf_put_u8(&wire->out, (uint8_t)command);
    return begun;
}

bool tn_mysql_wire_end(struct tn_mysql_wire *wire, size_t begun)
{
    tn_my_end_packet(&wire->out, begun, &wire->sequence);
    if (!wire->out.failed)
        return true;
    wire->out.failed = false;
    wire->out.len = TN_MIN(wire->out.len, begun);
    return false;
}

enum tn_io tn_mysql_wire_flush(struct tn_mysql_wire *wire)
{
    while (wire->sent < wire->out.len) {
        size_t     n = 0;
        enum tn_io io = tn_transport_write(&wire->transport, wire->out.data + wire->sent, wire->out.len - wire->sent, &n);

        if (io != TN_IO_OK)
            return io;
        wire->sent += n;
    }
    if (wire->out.capacity > KEPT)
        tn_buf_reset(&wire->out);
    tn_buf_clear(&wire->out);
    wire->sent = 0;
    return TN_IO_OK;
}
