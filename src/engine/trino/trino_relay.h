/* trino_relay.h - an answer of Trino's protocol made ready to be passed on: where its links are, how many rows it holds, which
 * headers go with it (result/encoder.h, struct tn_relay). Pure functions of their arguments. */
#ifndef TN_ENGINE_TRINO_RELAY_H
#define TN_ENGINE_TRINO_RELAY_H

#include "engine/trino/trino_stream.h"
#include "result/encoder.h"

/* A chunk of the page in BODY, whose memory is taken. NULL: ERR says why, TN_E_ENGINE 08P01 what is no page; BODY stays the
 * caller's then. */
TN_MUST_USE struct tn_chunk *tn_trino_relay_chunk(struct tn_buf *body, struct tn_error *err);

/* A long page of no run, passed on while it comes: S is its state, in the beginning all zero. BODY is what there is of it, or what has come since;
 * its memory is taken. */
/* NULL: not (yet), BODY stays the caller's; it may be asked again when that has *AT bytes. */
TN_MUST_USE struct tn_chunk *tn_trino_relay_stream_begin(struct tn_trino_stream *s, struct tn_buf *body, size_t *at);
/* Nothing but rows, perhaps of no bytes. NULL: that is no page (or no memory); BODY may have been taken. */
TN_MUST_USE struct tn_chunk *tn_trino_relay_stream_rows(struct tn_trino_stream *s, struct tn_buf *body);
/* BODY is the last of it: its relay tells of the page (`more`, `failed`), and s->rows its rows. NULL: as above. */
TN_MUST_USE struct tn_chunk *tn_trino_relay_stream_end(struct tn_trino_stream *s, struct tn_buf *body);

/* A header of the answer goes to OUT (struct tn_relay.headers) if it is the session's. Not those of transactions: clients know
 * these by ids of ours. */
void tn_trino_relay_header(struct tn_buf *out, struct tn_str name, struct tn_str value);

/* VALUE of a WWW-Authenticate header, behind what is in CHALLENGE (text of SIZE bytes with its end) already; one too long is left out. */
void tn_trino_relay_challenge(char *challenge, size_t size, struct tn_str value);

/* Begins the detail of a refused log-in of the client's own (28P01): what follows is how its server wants to be asked. */
#define TN_TRINO_CHALLENGE "WWW-Authenticate: "

#endif
