/* mysql_wire.h - messages of the MySQL protocol over one socket, plain or TLS: what was read and what is still to be written.
 * Nothing waits. Own worker's thread only. */
#ifndef TN_ENGINE_MYSQL_WIRE_H
#define TN_ENGINE_MYSQL_WIRE_H

#include "frontend/mysql/my_packet.h"
#include "net/transport.h"

struct tn_mysql_wire {
    struct tn_transport transport;
    struct tn_buf       in;       /* read and not yet taken, from `taken` on */
    size_t              taken;
    size_t              wanted;   /* bytes from `taken` on that the next message needs, as far as known */
    size_t              max;      /* longest message */
    struct tn_buf       out;      /* not yet written, from `sent` on */
    size_t              sent;
    uint8_t             sequence; /* of the next frame, ours or the server's */
};

void tn_mysql_wire_init(struct tn_mysql_wire *wire, size_t max); /* no socket yet */
void tn_mysql_wire_reset(struct tn_mysql_wire *wire);            /* closes it, too */

/* Reads once, as much as there is room for. TN_IO_ERROR with transport.error ENOMEM: none for it. */
enum tn_io tn_mysql_wire_read(struct tn_mysql_wire *wire);
/* The next whole message, a view that holds until the next read. TN_AGAIN: read more. TN_E_LIMIT: it is longer than MAX, or than wire->max. */
enum tn_status tn_mysql_wire_next(struct tn_mysql_wire *wire, size_t max, struct tn_str *message, struct tn_error *err);

/* A new exchange begins with COMMAND, whose message follows in wire->out; the place for end. */
size_t tn_mysql_wire_command(struct tn_mysql_wire *wire, enum tn_my_command command);
bool   tn_mysql_wire_end(struct tn_mysql_wire *wire, size_t begun); /* false: no memory; nothing of it is sent */
/* Writes what goes now. OK: all of it has gone. */
enum tn_io tn_mysql_wire_flush(struct tn_mysql_wire *wire);

#endif
