/* http_wire.h - a client's calls and connections; inside src/net only.
 *
 *   wire:  CLOSED -> (dial) -> OPEN with a call -> OPEN and kept -> ...          http_wire.c
 *   call:  what is asked, and what becomes of the answer                         http_client.c */
#ifndef TN_NET_HTTP_WIRE_H
#define TN_NET_HTTP_WIRE_H

#include "net/dial.h"
#include "net/http_answer.h"
#include "net/http_client.h"
#include "net/http_inflate.h"

enum {
    TN_HTTP_WIRES = 2, /* a request and the cancel beside it */
    TN_HTTP_HOST_MAX = 256,
};

struct tn_http_wire {
    struct tn_http_client *client;
    struct tn_http_call   *call;      /* under way; NULL: none, and if it is open it is kept */
    struct tn_dial        *dial;
    struct tn_transport    transport; /* fd -1: not open */
    ev_io                  readable, writable;
    struct tn_http_answer  answer;
    bool                   kept;      /* it has answered before */
};

struct tn_http_client {
    struct tn_worker             *worker;
    struct tn_http_client_options options;
    bool                          secure;
    char                          host[TN_HTTP_HOST_MAX], port[8];
    char                          authority[TN_HTTP_HOST_MAX + 16]; /* of the header */
    struct tn_tls                *tls; /* once there was a connection */
    struct tn_http_wire           wires[TN_HTTP_WIRES];
};

struct tn_http_call {
    struct tn_http_client              *client;
    const struct tn_http_client_events *events;
    void                               *owner;
    struct tn_http_wire                *wire;   /* NULL: not under way */
    enum tn_http_client_method          method;
    struct tn_buf                       fields; /* of the next request */
    enum tn_status                      refused; /* why a field could not be added */
    bool                                gzip;
    struct tn_buf                       head;   /* as sent */
    struct tn_str                       text;   /* and its body */
    size_t                              sent;   /* of both */
    bool                                again;  /* it was sent on a kept connection that was closed */
    bool                                paused;
    uint64_t                            deadline_us, connect_by_us, timeout_us;
    ev_timer                            timer;  /* fires at timer_at_us, at or before the deadline */
    uint64_t                            timer_at_us;
    struct tn_http_inflater            *inflater; /* kept from the first answer that needed one */
    bool                                coded;  /* this one does */
    struct tn_buf                       body;
};

/* http_wire.c */
void tn_http_wire_init(struct tn_http_wire *wire, struct tn_http_client *client);
void tn_http_wire_close(struct tn_http_wire *wire);
void tn_http_wire_free(struct tn_http_wire *wire);
/* CALL goes on WIRE, which has none: at once, or when it is open. False: no memory, nothing was begun. */
bool tn_http_wire_send(struct tn_http_wire *wire, struct tn_http_call *call);

/* http_client.c: what the wire finds. The head is there; parts of the body; the end. A failure's text goes into an answer of status 0. */
enum tn_http_taken { TN_HTTP_TAKEN, TN_HTTP_TAKE_FAILED }; /* failed: the call is over */
enum tn_http_taken tn_http_call_head_came(struct tn_http_call *call, const struct tn_http_answer *answer);
enum tn_http_taken tn_http_call_part_came(struct tn_http_call *call, struct tn_str part);
void tn_http_call_ended(struct tn_http_call *call, const struct tn_http_answer *answer);
/* What came so far is there. False: the wire is not to be read on now, or not to be touched. */
bool tn_http_call_more_came(struct tn_http_call *call);
/* It goes on a new connection, which has its own time to be made. */
void tn_http_call_moved(struct tn_http_call *call);
/* Closes its wire. */
void tn_http_call_failed(struct tn_http_call *call, enum tn_status status, const char *sqlstate, bool unsent, const char *why);
/* Room for N bytes more of the body, which is not coded; NULL: it goes through tn_http_call_part_came(). */
char *tn_http_call_room(struct tn_http_call *call, size_t n);

#endif
