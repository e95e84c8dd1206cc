/* trino_stream.h - a page of Trino's that is too long to be held: what it is without its rows, while these are passed on as they come.
 *
 *   {"id":..,"nextUri":..,"columns":[..],"data":[  |  [1],[2], ...  |  ],"stats":{..},..}
 *                     the beginning               rows: checked, not kept        the rest
 *
 * Trino tells its links before the rows; one that stood behind them is found all the same: beginning and rest are read as one page when the
 * last byte is there. Of the rows it is known where they end, how many they are and that they are UTF-8 (who reads JSON sees the same end);
 * what is inside of them is their client's matter. Pure functions; bounded by the beginning and the rest. */
#ifndef TN_ENGINE_TRINO_STREAM_H
#define TN_ENGINE_TRINO_STREAM_H

#include "base/buf.h"
#include "base/status.h"

enum { TN_TRINO_STREAM_LEAST = 2 * 1024 * 1024 /* shorter pages are passed on whole */, TN_TRINO_STREAM_REST_MAX = 4 * 1024 * 1024 };

struct tn_trino_stream {
    bool          begun, over; /* over: the rows are */
    bool          bad;         /* no rows: 08P01 */
    bool          in_string, escaped;
    unsigned      depth;
    struct tn_buf page;        /* without its rows */
    size_t        rest_at;     /* in `page`: where its rest begins, with the ] */
    uint64_t      rows;        /* so far */
    char          part[4];     /* of a character whose rest is to come */
    unsigned      part_len;
};

/* BODY is what there is of a page. True: its rows have begun and not ended in it, and `page` is a page without them; all of BODY counts as
 * fed. False: not (yet): it may be asked again with more of it. */
bool tn_trino_stream_begin(struct tn_trino_stream *s, struct tn_str body);
/* How many of BYTES, from their start, are rows; what is behind them is kept. */
size_t tn_trino_stream_feed(struct tn_trino_stream *s, struct tn_str bytes);
/* Nothing more comes. False: that was no page. */
bool tn_trino_stream_end(struct tn_trino_stream *s);
void tn_trino_stream_reset(struct tn_trino_stream *s);

#endif
