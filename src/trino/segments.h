/* segments.h - large results of clients that ask for segments (X-Trino-Query-Data-Encoding), where the engine is not Trino: rows
 * are gathered, made into a segment and written to a file in the offload pool, and the client is told where to fetch it. The engine
 * runs ahead of its client by so many segments and no more. What is small stays in the page.
 *
 *   chunk* -> q's rows --- write ---> file -> untold -> a page -> GET download, GET ack (or too old): the file goes
 *
 * When there is no room, or the file cannot be written, the rest of the query's rows goes in its pages.
 *
 * A link of a segment is proved as all links are (link.h), and names the user whose result it is: whoever has it and logs in must
 * be that user. Drivers fetch segments without a log-in, as they may from Trino. */
#ifndef TN_TRINO_SEGMENTS_H
#define TN_TRINO_SEGMENTS_H

#include "trino/private.h"

enum { TN_TRINO_AHEAD = 32 }; /* segments that a client was not told of yet, per query */

void tn_trino_segments_open(struct tn_trino *trino); /* before the first request */

/* Of one query; where q->segments is NULL each does nothing, or says no. */
void tn_trino_segments_chunk(struct tn_trino_query *q, bool is_first); /* there is one more; with the first q->segments is made if rows may be spooled */
void tn_trino_segments_go_on(struct tn_trino_query *q);       /* some were taken, or it is done */
void tn_trino_segments_leave(struct tn_trino_query *q);       /* it goes; so do files that its client was not told of */
bool tn_trino_segments_ready(const struct tn_trino_query *q); /* there is something for a page */
bool tn_trino_segments_busy(const struct tn_trino_query *q);  /* one is being written */
bool tn_trino_segments_keep(const struct tn_trino_query *q);  /* the rows at hand are not for this page */
bool tn_trino_segments_flush(struct tn_trino_query *q);       /* who waits has waited: rows at hand are written now. False: they are not */
/* For a page, in order; their links begin with BASE. False: no memory. */
bool tn_trino_segments_take(struct tn_trino_query *q, struct tn_str base, struct tn_arena *arena, struct tn_trino_segment out[TN_TRINO_AHEAD], size_t *count);

/* DOWNLOAD and ACK, on the worker that they came to. */
void tn_trino_segments_call(struct tn_trino_home *home, struct tn_trino_call *call);

#endif
