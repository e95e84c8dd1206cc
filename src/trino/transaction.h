/* transaction.h - START TRANSACTION .. COMMIT of Trino clients: the client names it by its id in every statement's headers;
 * the id says which worker has it. Dropped when nothing was said in it for frontends.trinoHttp.clientTimeout. */
#ifndef TN_TRINO_TRANSACTION_H
#define TN_TRINO_TRANSACTION_H

#include "trino/private.h"

/* MODES as behind START TRANSACTION. Sets Started-Transaction-Id of Q's answer. */
enum tn_status tn_trino_transaction_start(struct tn_trino_query *q, struct tn_str modes, struct tn_error *err);
/* The worker that has the transaction ID, if there is such a one; NULL: there is none. */
struct tn_worker *tn_trino_transaction_owner(const struct tn_trino *trino, struct tn_str id);
/* Sets q->transaction to the one that Q's headers name, if any. TN_E_INVALID 25P03: there is none such, of this user. */
enum tn_status tn_trino_transaction_find(struct tn_trino_query *q, struct tn_error *err);
/* True: the statement before Q's still runs, and Q's goes on (tn_trino_statement_go_on) when it has ended. It is not cut off, which
 * would end the transaction: a client that reads both answers by turns gets them, and where nobody has asked for the earlier one's rows
 * for half a second they are thrown away. */
bool tn_trino_transaction_wait(struct tn_trino_query *q);
/* Q waits no longer. False: it did not. */
bool tn_trino_transaction_leave(struct tn_trino_query *q);
/* Q's statement has ended: the end of the transaction was its end. */
void tn_trino_transaction_after(struct tn_trino_query *q);
void tn_trino_transaction_sweep(struct tn_trino_home *home, uint64_t now_us);
void tn_trino_transaction_free_all(struct tn_trino_home *home);

#endif
