/* my_packet.h - packets of the MySQL protocol, either direction: frames of at most 16 MB with sequence numbers, integers and
 * texts in them. Pure: no socket, no state. Shared by the frontend and by the engine. Source: MySQL Internals Manual, "MySQL
 * Packets" and "Protocol Basics"; MariaDB Knowledge Base, "Clients & Servers Protocol". */
#ifndef TN_FRONTEND_MY_PACKET_H
#define TN_FRONTEND_MY_PACKET_H

#include "base/buf.h"
#include "base/status.h"
#include "base/str.h"

#include <stdint.h>

enum {
    TN_MY_HEADER = 4,           /* length (3 bytes), sequence number */
    TN_MY_FRAME_MAX = 0xffffff, /* a longer packet, or one as long, goes on in the next frame */
};

/* Capability flags: my_capability.def. The upper 32 bits are MariaDB's own. */
#define CAPABILITY(NAME, bit) static const uint64_t TN_MY_CAP_##NAME TN_UNUSED = UINT64_C(1) << (bit);
#include "frontend/mysql/my_capability.def"
#undef CAPABILITY

enum tn_my_command {
#define COMMAND(NAME, number, text) TN_MY_COM_##NAME = number,
#include "frontend/mysql/my_command.def"
#undef COMMAND
};
const char *tn_my_command_name(uint8_t command); /* "COM_QUERY"; NULL: there is no such command */

/* Flags of the server's status, in OK and EOF packets. */
enum {
    TN_MY_STATUS_IN_TRANSACTION = 0x0001,
    TN_MY_STATUS_AUTOCOMMIT = 0x0002,
    TN_MY_STATUS_MORE_RESULTS = 0x0008,
    TN_MY_STATUS_NO_GOOD_INDEX_USED = 0x0010,
    TN_MY_STATUS_NO_INDEX_USED = 0x0020,
    TN_MY_STATUS_CURSOR_EXISTS = 0x0040,
    TN_MY_STATUS_LAST_ROW_SENT = 0x0080,
    TN_MY_STATUS_NO_BACKSLASH_ESCAPES = 0x0200,
    TN_MY_STATUS_QUERY_WAS_SLOW = 0x0800,
    TN_MY_STATUS_PS_OUT_PARAMS = 0x1000,
    TN_MY_STATUS_IN_READ_ONLY = 0x2000,
    TN_MY_STATUS_SESSION_STATE_CHANGED = 0x4000,
    /* what is of a result alone, and the server's to say */
    TN_MY_STATUS_OF_RESULT = TN_MY_STATUS_NO_GOOD_INDEX_USED | TN_MY_STATUS_NO_INDEX_USED | TN_MY_STATUS_QUERY_WAS_SLOW | TN_MY_STATUS_PS_OUT_PARAMS
};

/* First bytes of packets. */
enum { TN_MY_OK = 0x00, TN_MY_AUTH_MORE = 0x01, TN_MY_LOCAL_INFILE = 0xfb, TN_MY_EOF = 0xfe, TN_MY_AUTH_SWITCH = 0xfe, TN_MY_ERR = 0xff };

/* What OK packets tell of the session when SESSION_TRACK is on. */
enum { TN_MY_TRACK_VARIABLES = 0, TN_MY_TRACK_SCHEMA = 1, TN_MY_TRACK_STATE = 2, TN_MY_TRACK_GTIDS = 3, TN_MY_TRACK_CHARACTERISTICS = 4,
       TN_MY_TRACK_TRANSACTION = 5 };

/* One packet of one or more frames. */
struct tn_my_packet {
    struct tn_str body;
    uint8_t       sequence; /* of its last frame */
};

/* The packet at DATA. TN_AGAIN: not all of it is here; *SIZE is how many bytes it needs as far as is known. TN_E_LIMIT: more
 * than MAX bytes (nothing but headers was looked at). TN_E_INVALID: its frames are not numbered one after the other; the first
 * one's number is not checked. On TN_OK *SIZE bytes are used and the bodies of several frames were moved together within DATA. */
TN_MUST_USE enum tn_status tn_my_parse_packet(char *data, size_t len, size_t max, struct tn_my_packet *out, size_t *size,
                                              struct tn_error *err);

uint8_t tn_my_first_sequence(const struct tn_my_packet *packet); /* of its first frame */

/* Writing: room for a header; the body follows; then the header is filled in, and a body of 16 MB or more is split. *SEQUENCE is
 * the number of the first frame and becomes that of the next packet. OUT's `failed` says whether all fitted. */
size_t tn_my_begin_packet(struct tn_buf *out);
void   tn_my_end_packet(struct tn_buf *out, size_t begun, uint8_t *sequence);

/* Numbers the frames of DATA, which holds whole frames only, from *SEQUENCE on. Encoders and relays write rows wherever the
 * engine's thread is, without knowing what was sent before. */
void tn_my_number_frames(char *data, size_t len, uint8_t *sequence);

/* A bounds-checked reader. A read beyond the end sets `failed` and gives zeros. */
struct tn_my_cursor {
    const char *at, *end;
    bool        failed;
};

static inline struct tn_my_cursor tn_my_cursor_of(struct tn_str body)
{
    return (struct tn_my_cursor){.at = body.ptr, .end = body.ptr + body.len};
}

static inline size_t tn_my_left(const struct tn_my_cursor *cursor)
{
    return cursor->failed ? 0 : (size_t)(cursor->end - cursor->at);
}

uint8_t       tn_my_get_u8(struct tn_my_cursor *cursor);
uint16_t      tn_my_get_u16(struct tn_my_cursor *cursor);
uint32_t      tn_my_get_u32(struct tn_my_cursor *cursor);
uint64_t      tn_my_get_u64(struct tn_my_cursor *cursor);
/* A length-encoded integer. *IS_NULL (may be NULL: then it is a failure) is set for 0xfb; 0xff is a failure. */
uint64_t      tn_my_get_lenenc(struct tn_my_cursor *cursor, bool *is_null);
struct tn_str tn_my_get_lenenc_str(struct tn_my_cursor *cursor, bool *is_null); /* ptr NULL when it is null */
struct tn_str tn_my_get_text(struct tn_my_cursor *cursor);                      /* NUL-terminated; the NUL is not part of it */
struct tn_str tn_my_get_bytes(struct tn_my_cursor *cursor, size_t len);
struct tn_str tn_my_get_rest(struct tn_my_cursor *cursor);                      /* all that is left */

/* Writers, least significant byte first. */
void tn_my_put_u16(struct tn_buf *out, uint16_t value);
void tn_my_put_u32(struct tn_buf *out, uint32_t value);
void tn_my_put_u64(struct tn_buf *out, uint64_t value);
void tn_my_put_lenenc(struct tn_buf *out, uint64_t value);
void tn_my_put_lenenc_str(struct tn_buf *out, struct tn_str text);
void tn_my_put_text(struct tn_buf *out, struct tn_str text); /* and a NUL; TEXT has none */

enum { TN_MY_LENENC_MAX = 9 };
/* As tn_my_put_lenenc() where AT has the room; the end. */
static inline char *tn_my_write_lenenc(char *at, uint64_t value)
{
    unsigned bytes = value < 0xfb ? 0 : value <= 0xffff ? 2 : value <= 0xffffff ? 3 : 8;

    *at++ = (char)(bytes == 0 ? (unsigned char)value : bytes == 2 ? 0xfc : bytes == 3 ? 0xfd : 0xfe);
    for (unsigned i = 0; i < bytes; i++, value >>= 8)
        *at++ = (char)(value & 0xff);
    return at;
}

#endif
