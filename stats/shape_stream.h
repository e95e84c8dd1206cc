/* shape_stream.h - the tokens of one text, gone over more than once: the first ones are kept, so that the lexer reads all
 * but very long texts only once. No allocation. Internal to stats/shape*.c. */
#ifndef TN_STATS_SHAPE_STREAM_H
#define TN_STATS_SHAPE_STREAM_H

#include "stats/lexer.h"
#include "stats/word.h"

enum { TN_STREAM_KEPT = 4096 }; /* 160 KB */

struct tn_stream_token {
    struct tn_token token; /* TN_TOKEN_END behind the last one */
    enum tn_word    word;  /* NONE for what is no word, and behind a dot */
    unsigned char   role;  /* enum tn_role, where tn_stream_set_role() was told */
};

struct tn_stream {
    struct tn_lexer               lexer;  /* behind the last one that was read */
    struct tn_lexer               beyond; /* behind the last one that is kept */
    size_t                        kept_count, at;
    char                          last_punct;
    unsigned                      turn;
    const struct tn_stream_token *now, *ahead;
    struct tn_stream_token        spare[2]; /* of those that are not kept */
    struct tn_stream_token        kept[TN_STREAM_KEPT];
};

void tn_stream_init(struct tn_stream *stream, struct tn_str text, enum tn_dialect dialect);
void tn_stream_rewind(struct tn_stream *stream);
/* Moves on: `now` is the next token, `ahead` the one behind it. False at the end. */
bool tn_stream_next(struct tn_stream *stream);

/* Keeps the ROLE of `now` for the next time, if the token is kept; tn_stream_is_whole(): all of them are. */
void               tn_stream_set_role(struct tn_stream *stream, unsigned char role);
static inline bool tn_stream_is_whole(const struct tn_stream *stream)
{
    return stream->kept_count < TN_STREAM_KEPT;
}

#endif
