/* large_number.h - whole numbers of a BIGINT UNSIGNED that SQLite, which has none above 2^63 - 1, would keep as a rounded real without a word. */
#ifndef TN_LARGE_NUMBER_H
#define TN_LARGE_NUMBER_H

#include "query.h"

/* True: Q, which its client writes in MySQL's words and which is about to run as RUN on an SQLite, would store such a number; run->error says which. */
bool tn_large_number_refuse(const struct tn_query *q, struct tn_run *run);

#endif
