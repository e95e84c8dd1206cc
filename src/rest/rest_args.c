#include "rest/private.h"

#define NO_ARROW "this program was built without nanoarrow, and cannot write Arrow streams (tools/fetch_nanoarrow, then build again)"

bool tn_rest_param_format(struct tn_http_exchange *x, const struct tn_rest_args *args, enum tn_rest_format *out)
{
    struct tn_str value = tn_http_arg(&args->query, "format");

    if (value.ptr != NULL) {
        if (!tn_rest_format_parse(value, out))
            tn_http_problem(x, 400, "parameter `format` must be json, arrays, ndjson, csv or arrow, not `%.64s`", value.ptr);
        else if (!tn_rest_format_available(*out))
            tn_http_problem(x, 406, NO_ARROW);
        else
            return true;
        return false;
    }
    if (tn_rest_format_choose(tn_http_field_list(x, "accept"), out))
        return true;
    tn_http_problem(x, 406, "rows come as application/json, application/vnd.turnout.arrays+json, application/x-ndjson, text/csv or application/vnd.apache.arrow.stream%s",
                    tn_rest_format_available(TN_REST_ARROW) ? "" : "; but " NO_ARROW);
    return false;
}
