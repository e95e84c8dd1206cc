#include "rest/private.h"

bool tn_rest_param_format(struct tn_http_exchange *x, const struct tn_rest_args *args, enum tn_rest_format *out)
{
    struct tn_str               value = tn_http_arg(&args->query, "format");
    const struct tn_http_field *accept = tn_http_field(x, "accept");

    if (value.ptr != NULL) {
        if (tn_rest_format_parse(value, out))
            return true;
        tn_http_problem(x, 400, "parameter `format` must be json, arrays, ndjson or csv, not `%.64s`", value.ptr);
        return false;
    }
    if (tn_rest_format_choose(accept != NULL ? accept->value : tn_str_n(NULL, 0), out))
        return true;
    tn_http_problem(x, 406, "rows come as application/json, application/vnd.turnout.arrays+json, application/x-ndjson or text/csv");
    return false;
}
