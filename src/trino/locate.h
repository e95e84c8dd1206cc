/* locate.h - where in a statement an error is, when its engine did not say: clients of Trino are told a line and a column. */
#ifndef TN_TRINO_LOCATE_H
#define TN_TRINO_LOCATE_H

#include "base/status.h"
#include "base/str.h"

/* The end, if SQL ended too early; the text that the message shows; or the first name in it that the message is about. 1-based,
 * in characters; 0 = it cannot be told. */
int tn_trino_locate(const struct tn_error *err, struct tn_str sql);

#endif
