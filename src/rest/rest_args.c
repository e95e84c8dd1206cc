#include "rest/private.h"

struct tn_str tn_rest_param(const struct tn_rest_args *args, const char *name)
{
    for (size_t i = 0; i < args->count; i++)
        if (tn_str_eq_c(args->params[i].name, name))
            return args->params[i].value;
    return tn_str_n(NULL, 0);
}

bool tn_rest_param_u64(struct tn_http_exchange *x, const struct tn_rest_args *args, const char *name, uint64_t max, uint64_t *out)
{
    struct tn_str value = tn_rest_param(args, name);

    if (value.ptr == NULL || tn_str_to_u64(value, max, out))
        return true;
    tn_http_problem(x, 400, "parameter `%s` must be a number up to %llu, not `%.64s`", name, (unsigned long long)max, value.ptr);
    return false;
}

bool tn_rest_param_format(struct tn_http_exchange *x, const struct tn_rest_args *args, enum tn_rest_format *out)
{
    struct tn_str               value = tn_rest_param(args, "format");
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
