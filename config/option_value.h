/* option_value.h - one scalar, list or map of the file as the value of one option. */
#ifndef TN_CONFIG_OPTION_VALUE_H
#define TN_CONFIG_OPTION_VALUE_H

#include "config/options.h"

struct tn_option_source {
    const struct tn_options_reader *reader;
    const struct tn_option         *option;
    const struct tn_node           *node;
    const char                     *path;
};

/* Writes the value to FIELD; false, FIELD untouched and the problem reported when NODE is not a value of the option. */
bool tn_option_value(const struct tn_option_source *source, void *field);
/* The option's default. Bounds and defaults are checked by a unit test, not here. */
void tn_option_default(const struct tn_options_reader *reader, const struct tn_option *option, void *field);

/* Text of a number in the option's unit; false when it is none. */
bool tn_option_number(enum tn_option_type type, struct tn_str text, uint64_t *out);
bool tn_option_enum_value(enum tn_option_type type, struct tn_str text, unsigned *out);

#endif
