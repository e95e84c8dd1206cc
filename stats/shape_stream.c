#include "stats/shape_stream.h"

static void read_one(struct tn_stream *s, struct tn_stream_token *out)
{
    out->word = TN_WORD_NONE;
    if (!tn_lexer_next(&s->lexer, &out->token))
        return;
    if (out->token.kind == TN_TOKEN_WORD && s->last_punct != '.')
        out->word = tn_word_find(out->token.text);
    s->last_punct = out->token.punct;
}

/* What comes behind `ahead`: a kept one, or from the lexer. */
static void fetch(struct tn_stream *s)
{
    struct tn_stream_token *slot;

    if (s->at < s->kept_count) {
        s->ahead = &s->kept[s->at++];
        if (s->at == TN_STREAM_KEPT) {
            s->lexer = s->beyond;
            s->last_punct = s->ahead->token.punct;
        }
        return;
    }
    if (s->at < TN_STREAM_KEPT) {
        slot = &s->kept[s->kept_count++];
        s->at++;
    } else {
        slot = &s->spare[s->turn++ & 1];
    }
    read_one(s, slot);
    if (slot == &s->kept[TN_STREAM_KEPT - 1])
        s->beyond = s->lexer;
    s->ahead = slot;
}

void tn_stream_init(struct tn_stream *s, struct tn_str text, enum tn_dialect dialect)
{
    tn_lexer_init(&s->lexer, text, dialect);
    s->beyond = s->lexer;
    s->kept_count = s->at = 0;
    s->last_punct = '\0';
    s->turn = 0;
    s->now = NULL;
    fetch(s);
}

void tn_stream_rewind(struct tn_stream *s)
{
    s->at = 0;
    s->last_punct = '\0';
    fetch(s);
}

bool tn_stream_next(struct tn_stream *s)
{
    s->now = s->ahead;
    if (s->now->token.kind == TN_TOKEN_END)
        return false;
    fetch(s);
    return true;
}

void tn_stream_set_role(struct tn_stream *s, unsigned char role)
{
    if (tn_stream_is_whole(s))
        s->kept[s->at - 2].role = role; /* one for `ahead`, one for the place behind it */
}
