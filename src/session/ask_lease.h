/* ask_lease.h - for ask.c alone: the end of an ask, as far as its connection, its transaction and its session's bond go. */
#ifndef TN_SESSION_ASK_LEASE_H
#define TN_SESSION_ASK_LEASE_H

#include "session/ask.h"

/* ASK's query has ended: its lease is the transaction's, the bond's, or gone; a commit of what had failed is an error. */
void tn_ask_settle(struct tn_ask *ask);

#endif
