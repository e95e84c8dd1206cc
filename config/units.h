/* units.h - numbers with units, as people write them. tn_parse_size() and tn_parse_duration() are in node.h. */
#ifndef TN_CONFIG_UNITS_H
#define TN_CONFIG_UNITS_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* True when TEXT is a number and nothing else: the unit was forgotten. */
bool tn_units_is_bare(struct tn_str text);

#endif
