/* long_page.h - a page of a Trino that is longer than anybody holds: it is passed on while it comes, as fast as its client takes it. On the
 * query's worker; the request's own worker sends.
 *
 *   GET -> answer, `more` set -> home sends it -> TN_TRINO_MORE -> next chunk, credited when the one after it is asked for -> ... -> last
 *
 * Such a page is not kept. Who asks for it again, or for the next one too soon, waits until the rest has come and was thrown away; asked for
 * again it is fetched again, since its Trino keeps it (resume_page.c). */
#ifndef TN_TRINO_LONG_PAGE_H
#define TN_TRINO_LONG_PAGE_H

#include "trino/private.h"

/* CALL's answer has the page's beginning, which is built. */
void tn_trino_long_begin(struct tn_trino_query *q, struct tn_trino_call *call);
void tn_trino_long_more(struct tn_trino_query *q, struct tn_trino_call *call); /* TN_TRINO_MORE */
void tn_trino_long_came(struct tn_trino_query *q);  /* a chunk of it, or the statement's end */
/* Nobody takes it any more. */
void tn_trino_long_drain(struct tn_trino_query *q);
void tn_trino_long_leave(struct tn_trino_query *q); /* the query goes, or is given up */

#endif
