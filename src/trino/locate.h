/* locate.h - where in a statement an error is, when its engine did not say: clients of Trino are told a line and a column. */
#ifndef TN_TRINO_LOCATE_H
#define TN_TRINO_LOCATE_H

#include "base/status.h"
#include "frontend/trino/trino_place.h"

/* The end, if SQL ended too early; the text that the message shows; or the first name in it that the message is about. 1-based,
 * in characters; 0 = it cannot be told. */
int tn_trino_locate(const struct tn_error *err, struct tn_str sql);
/* A Trino says the place in its message, too ("line 1:8: .."): that in the text that it was sent becomes err->position in PLACE, or goes. What Turnout
 * itself has to say of a place is said in the same way. */
void tn_trino_locate_said(struct tn_error *err, const struct tn_trino_place *place);

#endif
