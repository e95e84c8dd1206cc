/* resume.h - one request of a link (resume.c), and how a page of it that is too long to be held is passed on while it comes (resume_page.c).
 *
 *   GET -> its beginning, `more` set -> home sends it -> TN_TRINO_MORE -> what has come meanwhile -> .. -> the rest
 *
 * While its call is at home nothing is done but read ahead a little: its Trino waits for its client. Nothing of the page is kept: who asks for it
 * again gets it from its Trino again. */
#ifndef TN_TRINO_RESUME_H
#define TN_TRINO_RESUME_H

#include "engine/trino/trino_fetch.h"
#include "engine/trino/trino_relay.h"
#include "trino/link.h"

struct tn_trino_resumed {
    struct tn_list           node;
    struct tn_trino_home    *home;
    struct tn_trino_call    *call;  /* NULL: answered; the segment itself is on its way */
    struct tn_http_exchange *x;     /* of the segment's client, on this worker; NULL: none is on its way */
    struct tn_trino_link     link;
    struct tn_trino_fetch   *fetch;
    bool                     has_own_login; /* the cluster: what it says of one is no matter of the client's */
    /* a long page */
    struct tn_trino_stream   stream;
    size_t                   stream_at; /* bytes from which on it is looked at (again) */
    bool                     away;      /* the call is at home, where what it has is sent */
    bool                     over;      /* the fetch; `left` is what came last */
    bool                     whole;     /* and nothing is missing */
    struct tn_buf            left;
    struct tn_buf            next;      /* path of the link in its beginning */
    uint64_t                 bytes;     /* that were sent of it */
};

void tn_trino_resumed_free(struct tn_trino_resumed *r); /* its call is answered */
struct tn_trino_relayed tn_trino_resumed_relayed(const struct tn_trino_resumed *r); /* where the links of its page lead */
void tn_trino_resumed_note(struct tn_trino_resumed *r, const struct tn_chunk *chunk, uint64_t rows); /* its query's record knows the page, whose end CHUNK has */
bool tn_trino_resumed_ended(const struct tn_trino_resumed *r); /* its query was ended here */

/* Some of the page has come. */
void tn_trino_resume_part(struct tn_http_call *fetched, void *owner);
/* The last of it, or its failure; false: it is no long page. */
bool tn_trino_resume_page_over(struct tn_trino_resumed *r, struct tn_http_client_answer *got);
/* Its client has what was sent, or is gone (`cut`). */
void tn_trino_resume_more(struct tn_trino_home *home, struct tn_trino_call *call);
/* It is not gone on with. False: it is no long page. */
bool tn_trino_resume_page_cut(struct tn_trino_resumed *r);

#endif
