/* rest_format.h - the forms in which the REST API gives rows. */
#ifndef TN_FRONTEND_REST_FORMAT_H
#define TN_FRONTEND_REST_FORMAT_H

#include "base/str.h"

enum tn_rest_format {
#define FORMAT(NAME, word, type, help) TN_REST_##NAME,
#include "frontend/rest/rest_format.def"
#undef FORMAT
    TN_REST_FORMATS
};

const char *tn_rest_format_type(enum tn_rest_format format); /* "text/csv" */
bool        tn_rest_format_available(enum tn_rest_format format); /* ARROW only where nanoarrow is */
bool        tn_rest_format_parse(struct tn_str word, enum tn_rest_format *out);
/* The one that ACCEPT (RFC 9110, 12.5.1) likes best, of those that are available, of equals the one that it names most exactly, then the first; no field (ptr NULL): the default. False: none. */
bool tn_rest_format_choose(struct tn_str accept, enum tn_rest_format *out);

#endif
